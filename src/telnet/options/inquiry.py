"""What TSPEED and XDISPLOC have in common: the server asks once, and the client answers."""

from __future__ import annotations

from abc import abstractmethod
from typing import Final

from telnet.negotiation import Side
from telnet.options.option import END_OF_STRING, Option, Role

__all__ = ["InquiryOption"]

_IS: Final = b"\x00"
_SEND: Final = b"\x01"


class InquiryOption(Option):
    """The client tells something when it is asked, never by itself (RFC 1079 and 1096, section 4).

    Server: asks when the client agrees; :meth:`ask` asks again.
    """

    performer = Role.CLIENT
    settling = False  # no first screen depends on it

    def setup(self) -> None:
        self._unanswered = 0

    def on_enabled(self, side: Side) -> None:
        if side is Side.REMOTE:
            self.ask()

    def ask(self) -> bool:
        """Server: ask the client; return whether that was sent, which it is not while the option is off."""
        if not self.remote:
            return False
        self._unanswered += 1
        self.send(_SEND)
        return True

    def on_subnegotiation(self, data: bytes) -> None:
        if data[:1] == _SEND and self.may_come(Side.LOCAL):
            self.report_excess(data, len(_SEND))
            self.answer(_IS + self._answer())
        elif data[:1] == _IS and self._unanswered:
            self._unanswered -= 1
            self._learn(data[1:].rstrip(END_OF_STRING))
        else:
            self.report("neither a question to the client nor its answer to one", data)

    @abstractmethod
    def _answer(self) -> bytes:
        """Return what we tell."""

    @abstractmethod
    def _learn(self, told: bytes) -> None:
        """Take what the client told, without the end of a string of C."""
