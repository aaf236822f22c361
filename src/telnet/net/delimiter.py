"""How the bytes that were read are cut into what ``on_read`` receives."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from typing import Any, Protocol

from telnet.exceptions import InvalidReadDelimiterError

__all__ = ["ReadDelimiter", "Splitter", "make_splitter"]

ReadDelimiter = None | int | bytes | struct.Struct | re.Pattern[bytes] | Any
"""None, int, bytes, struct.Struct, a compiled regular expression over bytes, or a netstruct.NetStruct."""

Buffer = bytes | bytearray
Found = tuple[tuple[Any, ...], int]

FORMS = "None, an int, bytes, a struct.Struct, a compiled regex over bytes or a netstruct.NetStruct"


class Splitter(Protocol):
    """One form of delimiter, and how far it has looked."""

    minimum: int
    """How many bytes, at least, must be able to wait for this form ever to find its end."""

    def split(self, buffer: Buffer, start: int) -> Found | None:
        """Return the arguments of ``on_read`` and where the next piece starts, or None while bytes are missing.

        Until something was found, ``buffer`` only grows at its end.
        """


class Count:
    """So many bytes at a time."""

    def __init__(self, count: int) -> None:
        self.minimum = count

    def split(self, buffer: Buffer, start: int) -> Found | None:
        end = start + self.minimum
        return ((bytes(buffer[start:end]),), end) if end <= len(buffer) else None


class Terminator:
    """Bytes that end each piece, and are dropped."""

    minimum = 0

    def __init__(self, terminator: bytes) -> None:
        self._terminator = terminator
        self._searched = 0

    def split(self, buffer: Buffer, start: int) -> Found | None:
        end = buffer.find(self._terminator, start + self._searched)
        if end < 0:
            # Look at no byte twice, but for those that may begin a terminator whose rest is still to come.
            self._searched = max(0, len(buffer) - start - len(self._terminator) + 1)
            return None
        self._searched = 0
        return (bytes(buffer[start:end]),), end + len(self._terminator)


class Packed:
    """Values of a fixed size, unpacked."""

    def __init__(self, layout: struct.Struct) -> None:
        self.minimum = layout.size
        self._layout = layout

    def split(self, buffer: Buffer, start: int) -> Found | None:
        end = start + self.minimum
        return (self._layout.unpack_from(buffer, start), end) if end <= len(buffer) else None


class Pattern:
    """A regular expression.

    :param searching: says, each time, whether the first match anywhere ends a piece and is dropped, or a match at the
        start is itself what is delivered.
    """

    minimum = 0

    def __init__(self, pattern: re.Pattern[bytes], searching: Callable[[], bool]) -> None:
        self._pattern = pattern
        self._searching = searching

    def split(self, buffer: Buffer, start: int) -> Found | None:
        # A view rather than a position: to ``^`` and to a look-behind, what was consumed is not there any more.
        with memoryview(buffer) as whole, whole[start:] as waiting:
            searching = self._searching()
            match = self._pattern.search(waiting) if searching else self._pattern.match(waiting)
            if match is None:
                return None
            if not match.end():
                raise InvalidReadDelimiterError(
                    f"read_delimiter {self._pattern.pattern!r} matched without consuming a byte"
                )
            end = start + match.end()
            if searching:
                return (bytes(waiting[: match.start()]),), end
            # A match of its own, over bytes that stay as they are while the buffer moves on.
            return (self._pattern.match(bytes(waiting)),), end


class NetPacked:
    """Values with length-prefixed strings among them: the netstruct package says how many bytes it still needs."""

    def __init__(self, layout: Any) -> None:
        self.minimum: int = layout.minimum_size
        self._layout = layout
        self._begin()

    def _begin(self) -> None:
        self._unpacker = self._layout.iter_unpack()
        self._needed: int = next(self._unpacker)
        self._taken = 0

    def split(self, buffer: Buffer, start: int) -> Found | None:
        # What was handed to the unpacker stays in the buffer until the end, so that it counts against the limit.
        while self._needed <= len(buffer) - start - self._taken:
            begin = start + self._taken
            self._taken += self._needed
            answer = self._unpacker.send(bytes(buffer[begin : begin + self._needed]))
            if isinstance(answer, list):
                end = start + self._taken
                self._begin()
                return tuple(answer), end
            self._needed = answer
        return None


def make_splitter(delimiter: ReadDelimiter, searching: Callable[[], bool]) -> Splitter | None:
    """Check a read delimiter and return its splitter; None for None: whatever was read is delivered.

    :param searching: for a regular expression, says whether it may match anywhere or only at the start.
    :raises TypeError: for what can never work on bytes.
    :raises ValueError: for what consumes no byte, so that it would be found again and again.
    """
    if delimiter is None:
        return None
    if isinstance(delimiter, bool):
        raise TypeError(f"read_delimiter must be {FORMS}, not a bool")
    if isinstance(delimiter, int):
        return Count(_some_bytes(delimiter, delimiter))
    if isinstance(delimiter, bytes):
        _some_bytes(delimiter, len(delimiter))
        return Terminator(delimiter)
    if isinstance(delimiter, struct.Struct):
        _some_bytes(delimiter.format, delimiter.size)
        return Packed(delimiter)
    if isinstance(delimiter, re.Pattern):
        return Pattern(_checked_pattern(delimiter), searching)
    if isinstance(delimiter, str):
        raise TypeError(f"read_delimiter must be {FORMS}; for the str {delimiter!r} give its bytes")
    if all(hasattr(delimiter, name) for name in ("minimum_size", "iter_unpack", "pack")):
        _some_bytes(delimiter, delimiter.minimum_size)
        return NetPacked(delimiter)
    raise TypeError(f"read_delimiter must be {FORMS}, not {type(delimiter).__name__}")


def _some_bytes(delimiter: object, count: int) -> int:
    if count < 1:
        raise ValueError(f"read_delimiter {delimiter!r} consumes no byte, so it would be found for ever")
    return count


def _checked_pattern(pattern: re.Pattern[Any]) -> re.Pattern[bytes]:
    if not isinstance(pattern.pattern, bytes):
        raise TypeError(f"read_delimiter must be a regex over bytes; compile {pattern.pattern!r} from bytes")
    if pattern.search(b"") is not None:
        raise ValueError(f"read_delimiter {pattern.pattern!r} matches no byte at all, so it would be found for ever")
    return pattern
