"""ECHO: who shows what is typed, and so how a password is hidden (RFC 857)."""

from __future__ import annotations

from telnet import constants
from telnet.negotiation import Side
from telnet.options.option import Option, Role

__all__ = ["ECHO"]


class ECHO(Option):
    """The server hides what is typed, by promising to echo it and not doing so.

    Server: :meth:`hide` before a password, :meth:`show` when its line has come.  A client that offers to echo is
    refused: with both sides at it no byte would ever come to rest (RFC 857).  One that asks for it unasked, as PuTTY
    does when it connects, is refused too: it would show nothing of what is typed.

    Client: calls ``on_echo(shown)``: False when what is typed is not to be shown, True when it is again.

    Source: RFC 857.
    """

    code = constants.ECHO
    performer = Role.SERVER

    def setup(self) -> None:
        self._hidden = False

    def open(self) -> None:
        """Say nothing until something is to be hidden."""

    def accepts(self, side: Side) -> bool:
        return not self.is_server and super().accepts(side)

    def hide(self) -> None:
        """Server: ask the client to show nothing of what is typed from now on (WILL ECHO)."""
        self._hidden = True
        self.offer()

    def show(self) -> None:
        """Server: let the client show what is typed again (WONT ECHO).

        A new line is sent if the client did hide: it has not shown the Enter either.
        """
        if self._hidden and self.local:
            self.session.write(b"\r\n")
        self._hidden = False
        self.refuse(Side.LOCAL)

    def on_enabled(self, side: Side) -> None:
        if side is Side.REMOTE:
            self.emit("on_echo", False)

    def on_disabled(self, side: Side) -> None:
        if side is Side.REMOTE:
            self.emit("on_echo", True)
