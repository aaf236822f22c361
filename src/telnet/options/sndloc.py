"""SNDLOC: where the client's user is (RFC 779)."""

from __future__ import annotations

from typing import Final

from telnet import constants
from telnet.negotiation import Side
from telnet.options.option import END_OF_STRING, Option, Role, check_text

__all__ = ["SNDLOC"]

# RFC 779 has no bound.  It was meant for a listing of who is there: a room, a phone number.
_LONGEST: Final = 256


class SNDLOC(Option):
    """The client tells where its user is, as text for people to read, whenever it likes.

    Server: calls ``on_location(location)``, which is in ``client.location`` too.  Its text is read as lines are.

    Client: ``SNDLOC("Room 5, West Wing")`` is told when the server asks; :meth:`move` tells another place.

    Source: RFC 779.
    """

    code = constants.SNDLOC
    performer = Role.CLIENT
    settling = False  # no first screen depends on it

    def __init__(self, location: str = "") -> None:
        self.location = _checked(location)

    def on_enabled(self, side: Side) -> None:
        if side is Side.LOCAL and self.location:
            self.move(self.location)

    def move(self, location: str) -> bool:
        """Client: tell the server where the user is, in printable ASCII; return whether that was sent.

        While the server has not asked it is not sent, but told when the server does.  Raises ``ValueError`` for what is
        not printable ASCII or too long.
        """
        self.location = _checked(location)
        if not self.local:
            return False
        self.send(location.encode("ascii"))
        return True

    def on_subnegotiation(self, data: bytes) -> None:
        location = self.session.decode(data.rstrip(END_OF_STRING))
        if len(location) > _LONGEST or not location.isprintable() or not self.is_server:
            return self.report(f"a location is up to {_LONGEST} printable characters, from the client", data)
        self.client.learn(location=location)
        self.emit("on_location", location)


def _checked(location: str) -> str:
    check_text("a location", location)
    if not (location.isascii() and location.isprintable() and len(location) <= _LONGEST):
        raise ValueError(f"a location is up to {_LONGEST} printable characters of ASCII, not {location!r}")
    return location
