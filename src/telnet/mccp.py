"""The streams of MCCP2 and MCCP3: what is compressed, apart from when.

Negotiation says that a stream starts, and at which byte; from there on one of these reads or writes it.  Each is for
one stream: what starts again is a new object.

A reader feeds its parser from the wire while there is no stream, and from the stream while there is one.  Whatever a
call leaves is kept in one place::

    def receive(self, data):                              # what waits from the last turn is in self.plain
        while data or self.plain or self.stream and self.stream.pending:
            if self.plain:                                # inflated, and not parsed yet
                self.plain = self.plain[self.parser.feed(self.plain):]
            elif self.stream is None:                     # the callback that sees the start calls parser.stop(),
                data = data[self.parser.feed(data):]      # and sets self.stream for what is behind it
            else:
                self.plain = self.stream.decompress(data)
                data = b""
                if self.stream.error: ...                 # lost: refuse the option, or close
                if self.stream.eof:                       # behind it is plain telnet again
                    data, self.stream = self.stream.unused_data, None

:meth:`Decompressor.decompress` gives a bounded piece, so a reader that has had enough for one turn may leave this loop
after any of them: the parser says how much of the piece it took, and the stream, by ``pending``, that it has more.  One
that stops for good, to close, forgets all three.

A writer sends ``compress(data)`` for what it writes, ``flush()`` at the end of a burst, and ``finish()`` in the end;
what it sends next is plain.

The zlib of the standard library does the work, or zlib-ng where it is installed; :data:`IMPLEMENTATION` says which.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import zlib

    from _typeshed import ReadableBuffer

    IMPLEMENTATION: str
else:
    try:
        from zlib_ng import zlib_ng as zlib

        IMPLEMENTATION = "zlib-ng"
    except ImportError:
        import zlib

        IMPLEMENTATION = "zlib"

__all__ = ["IMPLEMENTATION", "Compressor", "Decompressor"]

# What zlib calls window bits says the format as well.
_ZLIB: Final = 15
_GZIP: Final = 16 + 15
_RAW: Final = -15


class Decompressor:
    """Reads one compressed stream, from its first byte to the byte behind its end.

    :param max_output: the most bytes that one call gives.
    :param max_ratio: the most bytes that one byte of input may become, on average since the start.  Deflate itself ends
        at 1032.  Text is 3 to 10, a screen of blanks redrawn again and again below 100; Apache's ``mod_deflate`` ends a
        request at 200 as well.
    :param grace: how much may be inflated before the ratio counts.
    :param lenient: takes gzip and raw deflate too, which some servers send.
    """

    pending: bool
    """More comes out of what was given already: call :meth:`decompress` without data."""

    error: str
    """Why the stream is lost; empty while it is not."""

    def __init__(
        self, *, max_output: int = 65536, max_ratio: int = 200, grace: int = 65536, lenient: bool = False
    ) -> None:
        _check("max_output", max_output, 1)
        _check("max_ratio", max_ratio, 1)
        _check("grace", grace, 0)
        self.pending = False
        self.error = ""
        self._max_output = max_output
        self._max_ratio = max_ratio
        self._grace = grace
        self._lenient = lenient
        self._stream: zlib._Decompress | None = None
        self._head = b""  # what came before there was enough of it to tell the format
        self._consumed = 0
        self._inflated = 0

    @property
    def eof(self) -> bool:
        """Whether the stream has come to its end."""
        return self._stream is not None and self._stream.eof and not self.error

    @property
    def unused_data(self) -> bytes:
        """What was given and is behind the end of the stream; empty before ``eof``.

        After an error it is all that was given, if that was no compressed stream from its first bytes on: there are
        peers that announce one and go on in plain text.
        """
        if self._stream is None:
            return self._head if self.error else b""
        return self._stream.unused_data if self.eof else b""

    def decompress(self, data: ReadableBuffer = b"") -> bytes:
        """Return at most ``max_output`` bytes of what was compressed, possibly none.

        Look at ``error``, ``eof`` and ``pending`` afterwards.  What is returned together with an error was good.  No
        input makes this raise: a ``RuntimeError`` says that there is data while ``pending``, or any call after the end
        or an error.
        """
        data = _bytes(data)
        if self.eof or self.error:
            raise RuntimeError(f"the stream is over ({self.error or 'eof'}); what starts again is a new Decompressor")
        if self.pending and data:
            raise RuntimeError("the data given before is not used up: call decompress() without data while pending")
        if self._stream is None:
            self._head += data
            if len(self._head) < 2:
                return b""
            bits = _window_bits(self._head, lenient=self._lenient)
            if bits is None:
                self.error = f"no compressed stream: it begins with {self._head[:2].hex(' ')}"
                return b""
            self._stream = zlib.decompressobj(bits)
            data, self._head = self._head, b""
        return self._inflate(self._stream, self._stream.unconsumed_tail or data)

    def _inflate(self, stream: zlib._Decompress, data: bytes) -> bytes:
        before = stream.copy()
        try:
            plain = stream.decompress(data, self._max_output)
        except zlib.error as exc:
            self.pending = False
            self.error = f"corrupt compressed data: {str(exc).rpartition(': ')[2]}"
            return _salvage(before, data, self._max_output)
        self._consumed += len(data) - len(stream.unconsumed_tail) - len(stream.unused_data)
        self._inflated += len(plain)
        if self._inflated > max(self._grace, self._max_ratio * self._consumed):
            self.error = (
                f"{self._consumed} bytes of compressed data became {self._inflated}, "
                f"more than {self._max_ratio} to 1 and more than {self._grace}"
            )
        # A full piece may have left something inside zlib, even where all of the input was taken.
        self.pending = len(plain) == self._max_output and not stream.eof and not self.error
        return plain


class Compressor:
    """Writes one compressed stream.

    :param level: from 0, stored as it is, over 1, fast, to 9, small.
    :param window: how far back a repetition is found, as a power of two: 9 to 15.
    :param mem_level: 1 to 9, how much else is kept.

    zlib takes ``2 ** (window + 2) + 2 ** (mem_level + 9)`` bytes, 256 KiB by default, and 64 KiB with 13 and 6, which
    sends a fifth more.  zlib-ng keeps at least 128 KiB.
    """

    def __init__(self, *, level: int = 6, window: int = 15, mem_level: int = 8) -> None:
        _check("level", level, 0, 9)
        _check("window", window, 9, 15)
        _check("mem_level", mem_level, 1, 9)
        self._stream: zlib._Compress | None = zlib.compressobj(level, zlib.DEFLATED, window, mem_level)

    @property
    def finished(self) -> bool:
        """Whether the stream has been ended; what is sent now is plain."""
        return self._stream is None

    def compress(self, data: ReadableBuffer) -> bytes:
        """Return bytes to send, possibly none yet; :meth:`flush` lets the peer read all of it."""
        return self._open().compress(data)

    def flush(self) -> bytes:
        """Return what is still to be sent for all that was written to be readable; nothing if there is nothing."""
        return self._open().flush(zlib.Z_SYNC_FLUSH)

    def finish(self) -> bytes:
        """End the stream and return the last of it."""
        end = self._open().flush(zlib.Z_FINISH)
        self._stream = None
        return end

    def _open(self) -> zlib._Compress:
        if self._stream is None:
            raise RuntimeError("the stream is finished: send plain bytes, or start a new Compressor")
        return self._stream


def _window_bits(head: bytes, *, lenient: bool) -> int | None:
    """Tell the format by the first two bytes; None for no format at all.

    zlib begins with a multiple of 31 whose first byte has the method 8 in its low half (RFC 1950 section 2.2).  As raw
    deflate that would be a stored block with a one in its padding, which is legal (RFC 1951 section 3.2.4 ignores it)
    and which nobody writes.  31, the first byte of gzip, would be a block of the reserved type 3.
    """
    if head[0] & 0x0F == 8 and int.from_bytes(head[:2], "big") % 31 == 0:
        return _ZLIB
    if not lenient:
        return None
    if head[:2] == b"\x1f\x8b":
        return _GZIP
    return None if head[0] & 0x06 == 0x06 else _RAW


def _salvage(stream: zlib._Decompress, data: bytes, most: int) -> bytes:
    """Return what there is before the error in ``data``, which zlib throws away with it: ``most`` bytes at the most.

    The byte in error is found by halving, so that all of this costs not much more than to inflate the data twice.
    """
    good = bytearray()
    while len(data) > 1:
        half = data[: len(data) // 2]
        before = stream.copy()
        try:
            good += stream.decompress(half, most + 1)
            data = data[len(half) :]
        except zlib.error:
            stream, data = before, half
    try:
        # One byte ends eight codes at most, each of which stands for 258 bytes at most (RFC 1951 section 3.2.5).
        while piece := stream.decompress(data, 1):
            good += piece
            data = stream.unconsumed_tail
    except zlib.error:
        pass
    return bytes(good)


def _bytes(data: ReadableBuffer) -> bytes:
    return data if isinstance(data, bytes) else bytes(memoryview(data))


def _check(name: str, value: Any, lowest: int, highest: int | None = None) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be int, not {type(value).__name__}")
    if value < lowest or highest is not None and value > highest:
        expected = f"{lowest} or more" if highest is None else f"{lowest} to {highest}"
        raise ValueError(f"{name} must be {expected}, not {value}")
