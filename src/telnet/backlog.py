"""What is sent piece by piece, and all that was written after it, in order."""

from __future__ import annotations

from collections import deque

from telnet.files import Source
from telnet.mccp import Compressor

__all__ = ["Backlog"]


class Backlog:
    """Sources, what was written after them, and the ends of compressed streams, each with the compressor of its time.

    An entry is compressed when it is taken.  The compressor that it brings is the one that was in force when it came,
    so compression may start and end at any place, whatever still waits before that.
    """

    def __init__(self) -> None:
        self._entries: deque[tuple[Source, Compressor | None]] = deque()
        self.size = 0
        """How many bytes wait that were written; those of sources are not counted."""

    def add(self, source: Source, compressor: Compressor | None) -> None:
        """Append a source.

        :param source: it is closed when it has come to its end, or with this.
        :param compressor: what compresses it; None for nothing.
        """
        self._entries.append((source, compressor))

    def add_written(self, data: bytes, compressor: Compressor | None) -> None:
        """Append bytes that were written."""
        self.size += len(data)
        self.add(_Written(data), compressor)

    def add_end(self, compressor: Compressor) -> None:
        """Append the end of a compressed stream."""
        self.add(_End(compressor), None)

    def add_barrier(self) -> None:
        """Append a place where :meth:`take` returns nothing, once."""
        self.add(_BARRIER, None)

    def take(self) -> bytes:
        """Return the next piece, compressed; b"" at a barrier, and when nothing waits any more.

        :raises OSError: if a source cannot be read; what it still had is left out then.
        """
        while self._entries:
            source, compressor = self._entries[0]
            try:
                data = source.read()
            except BaseException:
                self._drop_first()
                raise
            if data:
                return data if compressor is None else compressor.compress(data) + compressor.flush()
            self._drop_first()
            if source is _BARRIER:
                break
        return b""

    def __bool__(self) -> bool:
        return bool(self._entries)

    def clear(self) -> None:
        """Forget everything."""
        while self._entries:
            self._drop_first()

    def _drop_first(self) -> None:
        source, _ = self._entries.popleft()
        if isinstance(source, _Written):
            self.size -= source.size
        source.close()


class _Written:
    """A source of bytes that are there already."""

    def __init__(self, data: bytes) -> None:
        self.size = len(data)
        self._data = data

    def read(self) -> bytes:
        data, self._data = self._data, b""
        return data

    def close(self) -> None:
        self._data = b""


class _End:
    """A source of the end of a compressed stream."""

    def __init__(self, compressor: Compressor) -> None:
        self._compressor: Compressor | None = compressor

    def read(self) -> bytes:
        compressor, self._compressor = self._compressor, None
        return b"" if compressor is None else compressor.finish()

    def close(self) -> None:
        self._compressor = None


_BARRIER = _Written(b"")
