"""What a stream has accepted for sending and the system has not taken yet."""

from __future__ import annotations

from collections import deque
from typing import ClassVar

from telnet.files import STEP, FileRegion, Source

__all__ = ["HANDSHAKE", "STEP", "FileRegion", "Handshake", "Pieces", "SendQueue"]


class Handshake:
    """The place in the queue where TLS starts."""


HANDSHAKE = Handshake()


class Pieces:
    """What is read piece by piece, each when the one before has been sent.

    :param source: it is closed when this is.
    """

    turn: ClassVar[int] = 1
    """How many bytes one turn sends at least: a piece may take milliseconds to read, escape and compress."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._piece = memoryview(b"")

    def read(self) -> memoryview:
        """Return the rest of the piece, or the next one; empty at the end."""
        if not self._piece:
            self._piece = memoryview(self._source.read())
        return self._piece

    def sent(self, count: int) -> None:
        """Move on by so many bytes of what :meth:`read` returned."""
        self._piece = self._piece[count:]

    def close(self) -> None:
        """Give back what the source holds."""
        self._source.close()


Item = bytes | FileRegion | Pieces | Handshake


class SendQueue:
    """Bytes, files and the start of TLS, in the order they were queued."""

    __slots__ = ("_items", "_sent", "size")

    def __init__(self) -> None:
        self._items: deque[Item] = deque()
        self._sent = 0  # how much of the first item, if it is bytes, has gone
        self.size = 0
        """How many bytes wait, files not counted."""

    def __bool__(self) -> bool:
        return bool(self._items)

    def append(self, data: bytes) -> None:
        """Queue bytes behind all the rest."""
        self._items.append(data)
        self.size += len(data)

    def append_item(self, item: FileRegion | Pieces | Handshake) -> None:
        """Queue a file or the start of TLS behind all the rest."""
        self._items.append(item)

    def first(self) -> memoryview | Item:
        """Return what is to be sent next, adjacent bytes joined up to what one send can use."""
        item = self._items[0]
        if not isinstance(item, bytes):
            return item
        if len(self._items) > 1 and len(item) - self._sent < STEP and isinstance(self._items[1], bytes):
            item = self._join()
        return memoryview(item)[self._sent :] if self._sent else item

    def sent(self, count: int) -> None:
        """Take away so many bytes, all of what :meth:`first` returned or its beginning."""
        self.size -= count
        self._sent += count
        item = self._items[0]
        assert isinstance(item, bytes)
        if self._sent == len(item):
            self._items.popleft()
            self._sent = 0

    def drop_first(self) -> None:
        """Take the file or the start of TLS at the head away."""
        item = self._items.popleft()
        if isinstance(item, FileRegion | Pieces):
            item.close()

    def clear(self) -> None:
        """Forget everything."""
        while self._items:
            self.drop_first()
        self.size = 0
        self._sent = 0

    def _join(self) -> bytes:
        pieces: list[bytes | memoryview] = []
        length = 0
        while self._items and length < STEP and isinstance(item := self._items[0], bytes):
            pieces.append(memoryview(item)[self._sent :] if self._sent else item)
            length += len(item) - self._sent
            self._sent = 0
            self._items.popleft()
        joined = b"".join(pieces)
        self._items.appendleft(joined)
        return joined
