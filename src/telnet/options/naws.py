"""NAWS: the size of the client's window (RFC 1073)."""

from __future__ import annotations

import struct
from typing import Final

from telnet import constants
from telnet.negotiation import Side
from telnet.options.option import Option, Role

__all__ = ["NAWS"]

_SIZE: Final = struct.Struct(">HH")

# What a program lays out: no window is that large, and one that is said to be makes every line as long.
_LARGEST: Final = 1000


class NAWS(Option):
    """The client tells the size of its window, when it is asked and whenever it changes.

    Server: calls ``on_window_size(width, height)`` with columns and rows, both 1 to 1000, when they change; they are in
    ``client.width`` and ``client.height`` too.  Where the client says 0, which means that it does not know, what was
    known stays.

    Client: ``NAWS(width, height)`` is the first size; :meth:`resize` sends another.

    Source: RFC 1073.
    """

    code = constants.NAWS
    performer = Role.CLIENT
    unsolicited = True  # some clients send the size without a WILL

    def __init__(self, width: int = 80, height: int = 24) -> None:
        _pack(width, height)  # for its checks
        self.width = width
        self.height = height

    def setup(self) -> None:
        self._told = False

    @property
    def settling(self) -> bool:
        return super().settling or (self.remote and not self._told)

    def on_enabled(self, side: Side) -> None:
        if side is Side.LOCAL:
            self.resize(self.width, self.height)

    def resize(self, width: int, height: int) -> None:
        """Client: tell the server the size of the window, in columns and rows from 0 to 65535.

        Sent if the server has asked for it; otherwise when it does.  Raises ``ValueError`` for other numbers.
        """
        size = _pack(width, height)
        self.width, self.height = width, height
        if self.local:
            self.send(size)

    def on_subnegotiation(self, data: bytes) -> None:
        if len(data) != _SIZE.size or not self.is_server:
            return self.report("a window size is 4 bytes, from the client", data)
        self._told = True
        before = self.client.width, self.client.height
        width, height = (min(told, _LARGEST) or known for told, known in zip(_SIZE.unpack(data), before, strict=True))
        if (width, height) != before:
            self.client.learn(width=width, height=height)
            self.emit("on_window_size", width, height)


def _pack(width: int, height: int) -> bytes:
    try:
        return _SIZE.pack(width, height)
    except struct.error:
        raise ValueError(f"a window is 0 to 65535 columns and rows, not {width!r} and {height!r}") from None
