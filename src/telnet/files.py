"""Parts of open files to send: as they are, or with every byte 255 doubled, a piece at a time."""

from __future__ import annotations

import errno
import os
import stat
import sys
from typing import Any, ClassVar, Final, Protocol

from telnet.encode import escape

__all__ = ["STEP", "EscapedFile", "FileRegion", "PlainFile", "Source"]

STEP: Final = 1 << 18
"""What one send() is offered, and what a step of a file sends: far more than a socket's buffer takes at once."""

# To read, escape and compress so much takes two milliseconds.
_PIECE: Final = 1 << 16


class Source(Protocol):
    """What is sent piece by piece, each of which is read when its turn has come."""

    def read(self) -> bytes:
        """Return the next piece, b"" at the end."""

    def close(self) -> None:
        """Give back what it holds; a second call does nothing."""


class FileRegion:
    """Part of an open file, independent of the file object it came from.

    :param sfile: a regular file, open for reading.
    :param nbytes: how many bytes; 0 for all to the end.
    :param offset: where to begin, from the start of the file.
    """

    turn: ClassVar[int] = 1 << 20
    """How many bytes one turn sends: a file may be endless, and then the other connections have theirs."""

    _descriptor = -1

    def __init__(self, sfile: Any, nbytes: int, offset: int) -> None:
        for name, value in (("nbytes", nbytes), ("offset", offset)):
            if isinstance(value, bool) or not isinstance(value, int):
                raise TypeError(f"{name} must be an int, not {type(value).__name__}")
            if value < 0:
                raise ValueError(f"{name} must not be negative, not {value}")
        # A duplicate: the caller may close the file as soon as it is queued.
        self._descriptor = os.dup(_descriptor_of(sfile))
        found = os.fstat(self._descriptor)
        if not stat.S_ISREG(found.st_mode):
            self.close()
            raise ValueError(f"only a regular file can be sent, not {sfile!r}; read it and write() its bytes")
        self._offset = offset
        # Systems refuse to read, or send, from an offset that no file of theirs can have.  Those of /proc have no size.
        self._remaining = 0 if offset > (found.st_size or sys.maxsize) else nbytes or None

    def __del__(self) -> None:
        self.close()

    def send_to(self, descriptor: int) -> int:
        """Have the system send a step of the file; return how many bytes went, 0 at the end of the region."""
        if self._remaining == 0:
            return 0
        return self._advance(os.sendfile(descriptor, self._descriptor, self._offset, self._step))

    def read(self, most: int = STEP) -> bytes:
        """Return the next step of the file, b"" at the end of the region; :meth:`sent` says how much of it went.

        :param most: how many bytes, at most.
        """
        if self._remaining == 0:
            return b""
        if hasattr(os, "pread"):
            return os.pread(self._descriptor, min(most, self._step), self._offset)
        os.lseek(self._descriptor, self._offset, os.SEEK_SET)
        return os.read(self._descriptor, min(most, self._step))

    def sent(self, count: int) -> None:
        """Move on by so many bytes of what :meth:`read` returned."""
        self._advance(count)

    def close(self) -> None:
        """Give the descriptor back."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    @property
    def _step(self) -> int:
        return STEP if self._remaining is None else min(STEP, self._remaining)

    def _advance(self, count: int) -> int:
        self._offset += count
        if self._remaining is not None:
            self._remaining -= count
        return count


class PlainFile:
    """A source of part of a file as it is; the arguments are those of :class:`FileRegion`.

    :raises ValueError: also if the file is not open for reading.
    """

    def __init__(self, sfile: Any, nbytes: int, offset: int) -> None:
        self._region = FileRegion(sfile, nbytes, offset)
        try:
            self._region.read(1)
        except OSError as exc:
            self.close()
            if exc.errno != errno.EBADF:
                raise
            raise ValueError(f"the file must be open for reading, not {sfile!r}") from None

    def read(self) -> bytes:
        """Return the next piece, b"" at the end of the region, or of a file that is shorter."""
        piece = self._region.read(_PIECE)
        self._region.sent(len(piece))
        return piece

    def close(self) -> None:
        """Give the descriptor back."""
        self._region.close()


class EscapedFile(PlainFile):
    """The same with every byte 255 doubled, as it has to be for data of Telnet (RFC 854)."""

    def read(self) -> bytes:
        """Return the next piece, b"" at the end."""
        return escape(super().read())


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
