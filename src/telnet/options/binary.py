"""BINARY: all eight bits of each byte, without the line ends of the NVT (RFC 856)."""

from __future__ import annotations

from telnet import constants
from telnet.negotiation import Side
from telnet.options.option import Option

__all__ = ["BINARY"]


class BINARY(Option):
    """Lets each direction carry bytes as they are: a CR is a CR, no NUL follows it, and a NUL is one; IAC is doubled.

    A server asks its client for it, since some clients look at seven bits of a byte otherwise: what is typed in UTF-8
    in the ``telnet`` of Debian arrives broken, with commands that interrupt in the middle.  Clients of MUDs refuse it,
    and send UTF-8 without.  ``offer()`` is left to the program: what a server sends needs it only for data that is no
    text.  A client waits to be asked.  The peer's wish is granted.

    Source: RFC 856.
    """

    code = constants.BINARY

    def open(self) -> None:
        if self.is_server:
            self.request()

    def on_enabled(self, side: Side) -> None:
        self.session.set_binary(side, True)

    def on_disabled(self, side: Side) -> None:
        self.session.set_binary(side, False)
