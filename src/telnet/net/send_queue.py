"""What a stream has accepted for sending and the system has not taken yet."""

from __future__ import annotations

import os
import stat
from collections import deque
from typing import Any

__all__ = ["HANDSHAKE", "FileRegion", "Handshake", "SendQueue"]

# What one send() is offered, and what a step of a file sends: far more than a socket's buffer takes at once.
STEP = 1 << 18


class Handshake:
    """The place in the queue where TLS starts."""


HANDSHAKE = Handshake()


class FileRegion:
    """Part of an open file, independent of the file object it came from.

    :param sfile: a regular file, open for reading.
    :param nbytes: how many bytes; 0 for all to the end.
    :param offset: where to begin, from the start of the file.
    """

    def __init__(self, sfile: Any, nbytes: int, offset: int) -> None:
        for name, value in (("nbytes", nbytes), ("offset", offset)):
            if isinstance(value, bool) or not isinstance(value, int):
                raise TypeError(f"{name} must be an int, not {type(value).__name__}")
            if value < 0:
                raise ValueError(f"{name} must not be negative, not {value}")
        # A duplicate: the caller may close the file as soon as it is queued.
        self._descriptor = os.dup(_descriptor_of(sfile))
        if not stat.S_ISREG(os.fstat(self._descriptor).st_mode):
            self.close()
            raise ValueError(f"only a regular file can be sent, not {sfile!r}; read it and write() its bytes")
        self._offset = offset
        self._remaining = nbytes or None

    def send_to(self, descriptor: int) -> int:
        """Have the system send a step of the file; return how many bytes went, 0 at the end of the region."""
        if self._remaining == 0:
            return 0
        return self._advance(os.sendfile(descriptor, self._descriptor, self._offset, self._step))

    def read(self) -> bytes:
        """Return the next step of the file, b"" at the end of the region; :meth:`sent` says how much of it went."""
        if self._remaining == 0:
            return b""
        if hasattr(os, "pread"):
            return os.pread(self._descriptor, self._step, self._offset)
        os.lseek(self._descriptor, self._offset, os.SEEK_SET)
        return os.read(self._descriptor, self._step)

    def sent(self, count: int) -> None:
        """Move on by so many bytes of what :meth:`read` returned."""
        self._advance(count)

    def close(self) -> None:
        """Give the descriptor back."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    @property
    def _step(self) -> int:
        return STEP if self._remaining is None else min(STEP, self._remaining)

    def _advance(self, count: int) -> int:
        self._offset += count
        if self._remaining is not None:
            self._remaining -= count
        return count


def _descriptor_of(sfile: Any) -> int:
    if getattr(sfile, "encoding", None) is not None:
        raise TypeError(f"the file must be open in binary mode, not {sfile!r}")
    try:
        descriptor = sfile.fileno()
    except (AttributeError, OSError):
        raise TypeError(
            f"only a file that the system has open can be sent, not {type(sfile).__name__}; write() its bytes"
        ) from None
    if not isinstance(descriptor, int):
        raise TypeError(f"fileno() of {type(sfile).__name__} must return an int, not {descriptor!r}")
    return descriptor


Item = bytes | FileRegion | Handshake


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

    def append_item(self, item: FileRegion | Handshake) -> None:
        """Queue a file or the start of TLS behind all the rest."""
        self._items.append(item)

    def first(self) -> memoryview | bytes | FileRegion | Handshake:
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
        if isinstance(item, FileRegion):
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
