"""LOGOUT: asking to be logged out (RFC 727)."""

from __future__ import annotations

from telnet import constants
from telnet.constants import DO, WILL, WONT
from telnet.encode import negotiate
from telnet.options.option import StatelessOption

__all__ = ["LOGOUT"]


class LOGOUT(StatelessOption):
    """DO asks to be logged out, and WILL says that it will happen.

    Server: calls ``on_logout()`` for DO.  To log the peer out, call :meth:`announce` there and then close; otherwise it
    is declined.

    Client: :meth:`~StatelessOption.ask` asks; ``on_logout_answer(accepted)`` is called for the answer.

    Source: RFC 727.
    """

    code = constants.LOGOUT

    def setup(self) -> None:
        self._answered = False

    def announce(self) -> None:
        """Say that the peer is logged out now (WILL)."""
        self._answered = True
        super().announce()

    def decline(self) -> None:
        """Say that the peer stays logged in (WONT)."""
        self._answered = True
        self.session.write(negotiate(WONT, self.code))

    def on_negotiation(self, command: bytes) -> None:
        if command == DO:
            self._answered = False
            try:
                self.emit("on_logout")
            finally:
                if not self._answered:
                    self.decline()
        elif command in (WILL, WONT):
            self.emit("on_logout_answer", command == WILL)
