"""LOGOUT: asking to be logged out (RFC 727)."""

from __future__ import annotations

from telnet import constants
from telnet.constants import DO, WILL, WONT
from telnet.encode import negotiate
from telnet.options.option import StatelessOption

__all__ = ["LOGOUT"]


class LOGOUT(StatelessOption):
    """DO asks to be logged out, and WILL says that it will happen.

    Server: calls ``on_logout()`` for DO; its answer is :meth:`~StatelessOption.announce` and then to close, or
    :meth:`decline`.  Without that method it is declined.

    Client: :meth:`~StatelessOption.ask` asks; ``on_logout_answer(accepted)`` is called for the answer.

    Source: RFC 727.
    """

    code = constants.LOGOUT

    def decline(self) -> None:
        """Say that the peer stays logged in (WONT)."""
        self.session.write(negotiate(WONT, self.code))

    def on_negotiation(self, command: bytes) -> None:
        if command == DO:
            self.emit("on_logout")
        elif command in (WILL, WONT):
            self.emit("on_logout_answer", command == WILL)
