"""BINARY: eight-bit data without the line ends of the NVT (RFC 856)."""

from __future__ import annotations

from telnet import constants
from telnet.negotiation import Side
from telnet.options.option import Option

__all__ = ["BINARY"]


class BINARY(Option):
    """Each direction for itself: a CR is a CR, and no NUL follows it; IAC is doubled all the same.

    ``offer()`` and ``request()`` turn it on; the peer's wish is granted.  Text beyond ASCII does not need it: no MUD
    asks for BINARY before it sends UTF-8.

    Source: RFC 856.
    """

    code = constants.BINARY

    def on_enabled(self, side: Side) -> None:
        self.session.set_binary(side, True)

    def on_disabled(self, side: Side) -> None:
        self.session.set_binary(side, False)
