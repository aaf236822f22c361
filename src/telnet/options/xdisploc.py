"""XDISPLOC: the X display of the client (RFC 1096)."""

from __future__ import annotations

from typing import Final

from telnet import constants
from telnet.options.inquiry import InquiryOption
from telnet.options.option import check_text

__all__ = ["XDISPLOC"]

# The name of a host (RFC 1123 section 2.1) and ":65535.65535".
_LONGEST: Final = 255 + 12


class XDISPLOC(InquiryOption):
    """The client tells where programs may open windows for its user, as ``host:display.screen``.

    Server: calls ``on_display(display)``, which is in ``client.display`` too; an empty one says that there is none.

    Client: ``XDISPLOC("host:0.0")`` is what it tells, in printable ASCII.

    Source: RFC 1096.
    """

    code = constants.XDISPLOC

    def __init__(self, display: str = "") -> None:
        check_text("a display", display)
        if not (display.isascii() and display.isprintable() and len(display) <= _LONGEST):
            raise ValueError(f"a display is up to {_LONGEST} characters of ASCII, not {display!r}")
        self.display = display

    def _answer(self) -> bytes:
        return self.display.encode("ascii")

    def _learn(self, told: bytes) -> None:
        display = self.session.decode(told)  # RFC 1096 has ASCII; a user's own name for a host may have more
        if len(display) > _LONGEST or not display.isprintable():
            return self.report(f"a display is up to {_LONGEST} printable characters", told)
        self.client.learn(display=display)
        self.emit("on_display", display)
