"""Lines of text, out of application bytes and back into them.

:class:`LineDecoder` takes what ``on_data`` of the parser delivers and calls ``on_line``; :func:`encode_text` makes the
bytes of a text. Both leave compression, negotiation and the decision which encoding is in force to their caller.

Why callbacks, ``stop()`` and a count of bytes, as the parser has them: whoever receives a line may close, or change the
encoding, or want what follows in another form than lines. So nothing behind a line is read before its handler has
returned, and the bytes behind it are the caller's again if the handler called ``stop()``. A list of lines would have
read too far; an iterator would need a second way out for the lines that were too long. ``decoder.feed`` can itself be
the ``on_data`` of a parser's handler.

Theory of operation. One Enter is one line, and it is delivered at the byte that ends it, never when the next one shows
what it was: a person is waiting. That byte is CR or LF. The state says what may still belong to the same Enter; it is
swallowed when it comes, in whichever read, behind whichever commands:

    state             the next byte is  CR                     LF                 NUL                another byte
    TEXT              text              line, AFTER_CR         line, AFTER_LF     nothing            text
    AFTER_CR          behind CR         line, AFTER_CR         swallowed          swallowed          text
    AFTER_LF          behind LF         swallowed AFTER_LF_CR  line, AFTER_LF     nothing, AFTER_LF  text
    AFTER_LF_CR       behind LF CR      line, AFTER_CR         line, AFTER_LF     line               text
    AFTER_BINARY_CR   behind CR         line, AFTER_BINARY_CR  swallowed          text               text

Where a cell names no state, TEXT follows. In BINARY, LF leads to TEXT, CR to AFTER_BINARY_CR, and a NUL is text. The
reasons, cell by cell, are in ``docs/design.md``.

Nothing is scanned again: a partial line is kept, and only what is new is searched. What costs more than to be searched,
a NUL that is left out or a key that erases, is looked for once in a read, and only a read that holds one pays for it.
"""

from __future__ import annotations

import codecs
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final, final

from telnet.encode import escape

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["LineDecoder", "decode_text", "encode_text", "lookup_encoding", "not_text"]

_NUL: Final = 0
_LF: Final = 10
_CR: Final = 13

_TEXT: Final = 0
_AFTER_CR: Final = 1
_AFTER_BINARY_CR: Final = 2
_AFTER_LF: Final = 3
_AFTER_LF_CR: Final = 4

_NULS: Final = re.compile(rb"\0+")
_ERASER: Final = re.compile(rb"[\x08\x7f]")  # BS and DEL: the key has either, and terminals differ in which

_NVT_ENDS: Final = {_CR: _AFTER_CR, _LF: _AFTER_LF}
_BINARY_ENDS: Final = {_CR: _AFTER_BINARY_CR, _LF: _TEXT}

# Why the rest of a chunk is not read on: stop() was called, or what comes is to be read in another way.
_NOT_HALTED: Final = 0
_CHANGED: Final = 1
_STOPPED: Final = 2

_PARTNERS: Final = {_AFTER_CR: b"\n\0", _AFTER_BINARY_CR: b"\n", _AFTER_LF: b"\r", _AFTER_LF_CR: b""}

_EXCERPT: Final = 64  # bytes shown to on_line_overflow

# What to remember a change of encoding inside a line takes, in bytes, and how often one line may have it for nothing:
# a client agrees on an encoding once or twice, one that goes to and fro fills the memory.
_SPAN: Final = 128
_FREE_SPANS: Final = 4

# A CR LF or an LF CR; but the CR of a CR NUL is one alone.
_LINE_END: Final = re.compile(rb"\r\n|\n\r(?!\0)")

# The code pages of the IBM PC that Python has, and what they show for the bytes that are control characters elsewhere:
# see VENDORS/MISC/IBMGRAPH.TXT of the Unicode Consortium.  A terminal acts on 7 to 15 and 27, so these are left out.
_CODE_PAGES: Final = frozenset(
    "cp437 cp720 cp737 cp775 cp850 cp852 cp855 cp856 cp857 cp858 cp860 cp861 cp862 cp863 cp865 cp866 cp869 "
    "cp1125".split()
)
_PICTURES: Final = {
    ord(picture): byte
    for byte, picture in (
        *enumerate("☺☻♥♦♣♠", 1),
        *enumerate("►◄↕‼¶§▬↨↑↓→", 16),
        *enumerate("∟↔▲▼", 28),
        (127, "⌂"),
    )
}

_ASCII_BYTES: Final = bytes(range(128))

_LONGEST_IN_UTF8: Final = 4  # bytes of a character (RFC 3629 section 3)

# Every ASCII character, and what would be another one where a backslash, or ESC as in ISO-2022-JP, means something.
_ASCII: Final = bytes(range(0x5C)) + rb"\u0041" + bytes(range(0x5D, 0x80)) + b"\x1b$B!!\x1b(B"


@final
class LineDecoder:
    """Cuts application bytes into lines of text.

    ``handler`` is any object. Three methods are looked up on it once, here; one that is absent, or None, costs nothing:

    * ``on_line(text)``: a line, without its end, as ``str``;
    * ``on_line_overflow(excerpt)``: a line grew above ``max_line`` bytes; the first 64 of them. It is dropped up to its
      end, which is not reported again. A line of exactly ``max_line`` bytes is delivered;
    * ``on_erase(effort)``: a key has erased a character, or found none, while :attr:`edit_lines` is set. It is to be
      counted; ``effort`` is what :meth:`erase_character` returned.

    A line ends with CR LF, CR NUL, LF, LF CR or CR. No input raises. A line is decoded as :func:`decode_text` says, in
    the encoding in which it was received, or in ``fallback``, for the client that sends Latin-1 to a server that speaks
    UTF-8. ``errors`` is the name of an error handler.

    What was received does not depend on how it was cut. Whatever a callback raises leaves :meth:`feed`; the line counts
    as consumed, and the decoder can be fed the rest.

    Raises ``TypeError`` or ``ValueError`` for a ``max_line`` that is not an int from 0 up, ``TypeError`` if a handler
    method is not callable, ``ValueError`` for ``errors`` that raise, ``LookupError`` for ``errors`` that are unknown,
    and what :func:`lookup_encoding` raises.

    Sources: RFC 854 (the NVT printer and keyboard), RFC 856, RFC 1123 section 3.3.1.
    """

    __slots__ = (
        "_buffer",
        "_characters",
        "_consumed",
        "_edit_lines",
        "_encoding",
        "_ends",
        "_errors",
        "_fallback",
        "_feeding",
        "_halted",
        "_limit",
        "_max_line",
        "_on_erase",
        "_on_line",
        "_on_line_overflow",
        "_skipping",
        "_spans",
        "_state",
        "sends_utf8",
    )

    sends_utf8: bool
    """Whether the peer is known to send UTF-8, so that nothing it sends in UTF-8 is read in the fallback; False at
    first."""

    def __init__(
        self,
        handler: object,
        *,
        encoding: str = "utf-8",
        errors: str = "replace",
        fallback: str | None = "cp1252",
        max_line: int = 16384,
    ) -> None:
        if not isinstance(max_line, int) or isinstance(max_line, bool):
            raise TypeError(f"max_line must be an int, not {type(max_line).__name__}")
        if max_line < 0:
            raise ValueError(f"max_line must be 0 or more, not {max_line}")
        _check_decode_errors(errors)
        self._max_line = self._limit = max_line
        self._errors = errors
        self._encoding = lookup_encoding(encoding)
        self._fallback = None if fallback is None else lookup_encoding(fallback)
        self._on_line = _callback(handler, "on_line")
        self._on_line_overflow = _callback(handler, "on_line_overflow")
        self._on_erase = _callback(handler, "on_erase")
        self.sends_utf8 = False
        self._edit_lines = False
        self._ends = _NVT_ENDS
        self._state = _TEXT
        self._buffer = bytearray()  # of the unfinished line, never above max_line
        self._spans: list[tuple[int, str]] = []  # where in it an encoding ended; takes of _limit as it grows
        self._characters: _Characters | None = None  # those of its last piece, where that is edited
        self._skipping = False
        self._feeding = False
        self._halted = _NOT_HALTED
        self._consumed = 0

    @property
    def consumed(self) -> int:
        """How many bytes of the last chunk have been read: up to the end of the line that is being delivered."""
        return self._consumed

    @property
    def encoding(self) -> str:
        """The encoding of what comes from now on, by Python's name for it.

        It can be set between any two bytes (CHARSET, RFC 2066). What was received before is decoded in the old one, an
        unfinished line as well. Raises what :func:`lookup_encoding` raises.
        """
        return self._encoding

    @encoding.setter
    def encoding(self, encoding: str) -> None:
        encoding = lookup_encoding(encoding)
        if encoding == self._encoding:
            return
        received = len(self._buffer)
        if received > (self._spans[-1][0] if self._spans else 0):
            self._spans.append((received, self._encoding))
            self._bound()
        self._encoding = encoding

    @property
    def binary(self) -> bool:
        """Whether the peer sends BINARY (RFC 856), from the next byte on: its WILL BINARY was accepted.

        Then a NUL is text, and LF CR is two line ends. CR LF stays one, since clients keep sending it. Without, a NUL
        that ends no line is nothing at all (RFC 854: "NULL  NUL  0  No Operation").
        """
        return self._ends is _BINARY_ENDS

    @binary.setter
    def binary(self, binary: bool) -> None:
        if binary == self.binary:
            return
        self._ends = _BINARY_ENDS if binary else _NVT_ENDS
        self._halted = self._halted or _CHANGED
        if self._state in (_AFTER_LF, _AFTER_LF_CR):
            self._state = _TEXT  # nobody announces BINARY inside an LF CR: the next CR is an Enter

    @property
    def edit_lines(self) -> bool:
        """Whether BS (8) and DEL (127) erase the last character, as :meth:`erase_character` does.

        It can be set between any two bytes. False at first: then both are text.
        """
        return self._edit_lines

    @edit_lines.setter
    def edit_lines(self, edit_lines: bool) -> None:
        if edit_lines != self._edit_lines:
            self._edit_lines = bool(edit_lines)
            self._halted = self._halted or _CHANGED

    def erase_character(self) -> int:
        """Erase the last character of the unfinished line, if it has one (RFC 854, EC).

        Return how many bytes had to be decoded to find it: none in UTF-8, and none twice.

        A character is what the decoder makes of the bytes: one code point, as a terminal in UTF-8 erases it, so that a
        combining mark goes alone; a sequence that is cut off; or a byte that belongs to none.
        """
        if not self._buffer:
            return 0
        start, encoding = self._last_piece()
        size, effort = self._measure_last(start, encoding)
        del self._buffer[-size:]
        if self._spans and self._spans[-1][0] > len(self._buffer):
            self._spans.pop()
            if len(self._buffer) > start:
                self._spans.append((len(self._buffer), encoding))
            self._bound()
        return effort

    def erase_line(self) -> None:
        """Erase all of the unfinished line (RFC 854, EL).

        If it was too long, what was dropped of it is erased too: a new line begins.
        """
        self._forget()
        self._skipping = False

    def feed(self, data: bytes) -> int:
        """Read ``data`` and deliver each line that ends in it; return how many bytes were read.

        That is all of them, unless a callback called :meth:`stop`: then the rest is the caller's, who may feed it later
        or do something else with it. The partner of a line end (the LF of CR LF) may be the first byte of that rest.

        Raises ``RuntimeError`` when called from inside a callback.
        """
        if self._feeding:
            raise RuntimeError("feed() called from inside a callback of the same decoder")
        self._feeding = True
        self._halted = _NOT_HALTED
        self._consumed = 0
        try:
            self._read(data)
            while self._halted == _CHANGED:
                self._halted = _NOT_HALTED
                self._read(data)
        finally:
            self._feeding = False
        return self._consumed

    def stop(self) -> None:
        """Make :meth:`feed` return after this line; called from inside a callback, and without effect elsewhere."""
        self._halted = _STOPPED

    def flush(self) -> str:
        """Return what has been received of the unfinished line, and take it for finished.

        For what ends without a line end: a prompt before GA or EOR, the last words before the connection closed.
        """
        self._skipping = False
        return self._take()

    def _read(self, data: bytes) -> None:
        size = len(data)
        line_feed = data.find(_LF)
        special = self._edit_lines or _NUL in data
        while self._consumed < size and not self._halted:
            start = self._consumed
            if self._state and self._belongs_to_line_end(data, start):
                continue
            if 0 <= line_feed < start:
                line_feed = data.find(_LF, start)
            end = size if line_feed < 0 else line_feed
            carriage_return = data.find(_CR, start, end)
            if carriage_return >= 0:
                end = carriage_return
            if special and self._read_edited(data, start, end):
                continue
            if end - start > self._limit - len(self._buffer) and not self._skipping:
                self._overflow(data, start)
            elif end == size:
                self._keep(data, start)
            else:
                if line_feed == end + 1:  # a whole CR LF
                    self._consumed = end + 2
                else:
                    self._consumed = end + 1
                    self._state = self._ends[data[end]]
                self._deliver(data[start:end])

    def _belongs_to_line_end(self, data: bytes, start: int) -> bool:
        """Take the first byte behind a line end; False, with nothing taken, if a new line begins with it."""
        byte = data[start]
        state, self._state = self._state, _TEXT
        if byte in _PARTNERS[state]:
            self._consumed += 1
            if state == _AFTER_LF:
                self._state = _AFTER_LF_CR
            return True
        if byte != _NUL or self.binary:
            return False
        if state == _AFTER_LF_CR:  # it was an LF, and then a CR NUL
            self._consumed += 1
            self._deliver(b"")
        else:
            self._state = state
            self._consumed = _NULS.match(data, start).end()  # type: ignore[union-attr]
        return True

    def _read_edited(self, data: bytes, start: int, end: int) -> bool:
        """Take what stands before a line end and holds NULs or keys that erase; False, with nothing taken, if not."""
        eraser = _ERASER.search(data, start, end) if self._edit_lines else None
        if eraser is None and (self.binary or data.find(_NUL, start, end) < 0):
            return False
        while eraser is not None:
            if not self._keep_edited(data, start, eraser.start()):
                return True
            start = self._consumed = eraser.end()
            effort = self.erase_character()
            if self._on_erase is not None:
                self._on_erase(effort)
            if self._halted:
                return True
            eraser = _ERASER.search(data, start, end)
        self._keep_edited(data, start, end)
        return True

    def _keep_edited(self, data: bytes, start: int, end: int) -> bool:
        """Keep what is left of these bytes without NULs; False if the line is too long with them."""
        text = self._without_nuls(data[start:end])
        if len(text) > self._limit - len(self._buffer) and not self._skipping:
            self._overflow(data, start)
            return False
        self._consumed = end
        if not self._skipping:
            self._buffer += text
        return True

    def _without_nuls(self, data: bytes) -> bytes:
        return data if self.binary else data.replace(b"\0", b"")

    def _keep(self, data: bytes, start: int) -> None:
        self._consumed = len(data)
        if not self._skipping:
            self._buffer += data[start:]

    def _overflow(self, data: bytes, start: int) -> None:
        self._consumed = self._end_of(data, start, self._limit - len(self._buffer) + 1)  # the byte that is too many
        excerpt = bytes(self._buffer[:_EXCERPT]) + self._without_nuls(data[start : self._consumed])
        self._forget()
        self._skipping = True
        if self._on_line_overflow is not None:
            self._on_line_overflow(excerpt[:_EXCERPT])

    def _end_of(self, data: bytes, start: int, count: int) -> int:
        """Return where so many bytes of the line end that begin at ``start``."""
        end = start + count
        while not self.binary and (nuls := data.count(_NUL, start, end)):
            start, end = end, end + nuls
        return end

    def _deliver(self, data: bytes) -> None:
        """Deliver the line that ends with these bytes."""
        if self._skipping:
            self._skipping = False
            return
        if self._buffer:
            self._buffer += data
            text = self._take()
        else:
            try:
                text = data.decode(self._encoding)
            except UnicodeDecodeError:
                text = self._decode(data, self._encoding)
        if self._on_line is not None:
            self._on_line(text)

    def _take(self) -> str:
        line = bytes(self._buffer)
        start = 0
        pieces = []
        for end, encoding in self._spans:
            pieces.append(self._decode(line[start:end], encoding))
            start = end
        pieces.append(self._decode(line[start:], self._encoding))
        self._forget()
        return "".join(pieces)

    def _forget(self) -> None:
        self._buffer.clear()
        self._spans.clear()
        self._characters = None
        self._limit = self._max_line

    def _bound(self) -> None:
        """Bound the line again, after another piece of it has come or gone; what is there already may stay."""
        notes = _SPAN * max(0, len(self._spans) - _FREE_SPANS)
        self._limit = max(self._max_line - notes, len(self._buffer))

    def _decode(self, data: bytes, encoding: str) -> str:
        return decode_text(data, encoding, self._fallback, self._errors, sends_utf8=self.sends_utf8)

    def _last_piece(self) -> tuple[int, str]:
        """Return where the last piece of the line that is not empty begins, and its encoding."""
        spans = [(0, self._encoding), *self._spans[-2:]]
        start, encoding = spans[-1]
        if start < len(self._buffer):
            return start, self._encoding
        return spans[-2][0], encoding

    def _measure_last(self, start: int, encoding: str) -> tuple[int, int]:
        """Return how many bytes the last character of a piece takes, and how many had to be decoded to know it."""
        if encoding == "utf-8":
            return _size_of_last_in_utf8(self._buffer[max(start, len(self._buffer) - 4) :]), 0
        if self._characters is None or self._characters.start != start:
            self._characters = _Characters(start)
        return self._characters.pop(self._buffer, encoding)


class _Characters:
    """How many bytes each character takes of a piece of a line in another encoding than UTF-8, while it is edited.

    What a byte belongs to shows only from the beginning in such an encoding, so each is looked at once, and remembered.
    """

    def __init__(self, start: int) -> None:
        self.start = start
        self._end = start
        self._sizes = bytearray()

    def pop(self, line: bytearray, encoding: str) -> tuple[int, int]:
        """Return how many bytes the last character takes, which is forgotten, and how many were decoded now."""
        new = line[self._end :]
        self._sizes += _sizes_of_characters(new, encoding)
        size = self._sizes.pop()
        self._end = len(line) - size
        return size, len(new)


def _sizes_of_characters(data: bytearray, encoding: str) -> bytearray:
    make_decoder = codecs.lookup(encoding).incrementaldecoder
    if make_decoder is None:  # a program's own
        return bytearray(b"\1" * len(data))
    decoder = make_decoder("replace")
    sizes = bytearray()
    pending = 0
    for byte in data:
        pending += 1
        text = decoder.decode(bytes((byte,)))
        if not text:
            continue
        held = 0
        if text[0] == "\ufffd":  # for a byte that belongs to nothing; one that may begin a character is still held
            held = len(decoder.getstate()[0])
            sizes += b"\1" * (len(text) - 1)
            pending -= len(text) - 1
        sizes.append(pending - held)
        pending = held
    if pending:  # a character that is cut off
        sizes.append(pending)
    return sizes


def _size_of_last_in_utf8(data: bytearray) -> int:
    for size in range(1, min(len(data), _LONGEST_IN_UTF8) + 1):
        if data[-size] & 0xC0 != 0x80:  # its first byte
            return size if len(data[-size:].decode(errors="replace")) == 1 else 1
    return 1


def decode_text(
    data: bytes, encoding: str, fallback: str | None = None, errors: str = "replace", *, sends_utf8: bool = False
) -> str:
    """Return the text of what a peer sent, as it is read wherever text comes: in a line or in a message.

    It is read strictly in ``encoding``, else strictly in ``fallback`` if that is not None, else in ``encoding`` again
    with the error handler ``errors``, which replaces a bad byte alone.

    The fallback is passed over if what the peer sent is in the encoding but for some bytes, that is, if it has more
    characters beyond ASCII than bytes that belong to none; and if the encoding is UTF-8 and the peer is known to send
    that. In UTF-8 a character is a sequence of two to four bytes as RFC 3629 has it, so each byte is bad of one that is
    cut off or longer than it has to be, of a surrogate, and of what is above U+10FFFF.

    The names must be of encodings that Python knows, as :func:`lookup_encoding` returns them: never those of a peer.
    """
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        pass
    if fallback not in (None, encoding) and not ((sends_utf8 and encoding == "utf-8") or _is_mostly(data, encoding)):
        try:
            return data.decode(fallback)
        except UnicodeDecodeError:
            pass
    return data.decode(encoding, errors)


def _is_mostly(data: bytes, encoding: str) -> bool:
    undefined = _undefined_bytes(encoding)
    if undefined is not None:
        bad = len(data) - len(data.translate(None, undefined))
        return len(data.translate(None, _ASCII_BYTES)) > 2 * bad
    characters = data.decode(encoding, "ignore")
    beyond_ascii = len(characters) - len(characters.encode("ascii", "ignore"))
    return beyond_ascii > len(data) - len(characters.encode(encoding, "ignore"))


@lru_cache(maxsize=64)
def _undefined_bytes(encoding: str) -> bytes | None:
    """Return the bytes that are no character, where each of the others is one; None where characters take several.

    They can be counted without an error handler, which Python calls for each.
    """
    make_decoder = codecs.lookup(encoding).incrementaldecoder
    if make_decoder is None:  # a program's own
        return None
    undefined = bytearray()
    for byte in range(256):
        try:
            if not make_decoder().decode(bytes((byte,))):
                return None
        except UnicodeDecodeError:
            undefined.append(byte)
    return bytes(undefined)


def encode_text(text: str, encoding: str = "utf-8", *, errors: str = "replace", binary: bool = False) -> bytes:
    r"""Return the bytes that send ``text``: encoded, with Telnet's line ends, every byte 255 doubled.

    ``\n`` is sent as CR LF, and so are ``\r\n`` and ``\n\r``, which old games write; where ``\n\r\n`` could be either,
    it is two line ends, as it is in each reading. A ``\r`` alone is sent as CR NUL (RFC 854), and a CR NUL in the text
    as it is. Each text is whole: a ``\r`` at its end is alone, even if the next text begins with ``\n``; the peer shows
    the same, since a CR before a new line moves nothing.

    With ``binary`` (we send BINARY, RFC 856) a ``\r`` alone stays alone. ``\n`` is still CR LF: a new line of text is
    written so, while a terminal that gets everything raw would move down only.

    The code pages of the IBM PC (``cp437``, ``cp850``, ``cp866`` ...) have pictures at the control characters, ☺ at 1
    for one. They are sent as these bytes, but for those at the bytes that a terminal acts on: 7 to 15 and 27. Any other
    character that the encoding lacks is replaced as ``errors`` says, the name of an error handler.

    Raises ``TypeError`` if ``text`` is not ``str``, ``ValueError`` for ``errors`` that raise, ``LookupError`` for
    ``errors`` that are unknown, and what :func:`lookup_encoding` raises; no text raises.
    """
    if errors != "replace":  # which is as it should be, and what nearly every text is sent with
        _check_encode_errors(errors)
    encoding, pictures = _look_up_to_send(encoding)
    try:
        data = _encode_pictures(text, encoding, errors, pictures) if pictures else text.encode(encoding, errors)
    except AttributeError:
        raise TypeError(not_text(text)) from None
    if _CR in data:
        data = _unify_line_ends(data)
        if not binary and _CR in data:
            data = data.replace(b"\r\0", b"\r").replace(b"\r", b"\r\0")
    return escape(data.replace(b"\n", b"\r\n"))


def _unify_line_ends(data: bytes) -> bytes:
    """Return the text with LF in the place of CR LF and of LF CR."""
    unified = data.replace(b"\r\n", b"\n")
    if _CR in unified and b"\n\r" in unified:
        # That may have been a CR LF and a CR alone: only the original tells.
        return _LINE_END.sub(b"\n", data)
    return unified


def _encode_pictures(text: str, encoding: str, errors: str, pictures: dict[int, int]) -> bytes:
    try:
        return text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(pictures).encode(encoding, errors)


@lru_cache(maxsize=64)
def _look_up_to_send(encoding: str) -> tuple[str, dict[int, int]]:
    """Return Python's name for an encoding, and the control characters that it shows as pictures, by their pictures."""
    encoding = lookup_encoding(encoding)
    pictures = _PICTURES if encoding in _CODE_PAGES else {}
    return encoding, {
        picture: byte for picture, byte in pictures.items() if not chr(picture).encode(encoding, "ignore")
    }


def not_text(text: object) -> str:
    """Return what is to be said of something that is sent in the place of text."""
    advice = "; decode it, or send bytes unchanged with write()" if isinstance(text, bytes | bytearray) else ""
    return f"text to send must be str, not {type(text).__name__}{advice}"


@lru_cache(maxsize=64)
def lookup_encoding(name: str) -> str:
    """Return Python's name for an encoding that can be used on a Telnet connection.

    Ask only about names that the program itself brought: Python keeps each unknown name that it was asked for, so a
    peer that may choose them fills the memory.

    Raises ``TypeError`` if it is not ``str``, ``LookupError`` for an encoding that Python does not know and
    ``ValueError`` for one that does not leave ASCII as it is (UTF-16, UTF-7, EBCDIC, ISO-2022-JP ...): IAC, line ends
    and ANSI sequences would not be found in it.
    """
    if not isinstance(name, str):
        raise TypeError(f"encoding must be str, not {type(name).__name__}")
    try:
        found = codecs.lookup(name).name
        usable = _ASCII.decode(found) == _ASCII.decode("ascii") and _ASCII.decode("ascii").encode(found) == _ASCII
    except UnicodeError:
        usable = False
    except (LookupError, ValueError):  # a ValueError: there is a NUL in the name
        raise LookupError(
            f"encoding must be one that Python knows, such as 'utf-8', 'latin-1' or 'cp1252', not {name!r}"
        ) from None
    if not usable:
        raise ValueError(
            "encoding must leave ASCII as it is, as 'utf-8' and 'latin-1' do, or neither IAC nor line ends "
            f"could be found in it; {name!r} does not"
        )
    return found


@lru_cache(maxsize=16)
def _check_decode_errors(errors: str) -> None:
    _check_errors(errors, lambda: b"\xff".decode("utf-8", errors), "undecodable bytes")


@lru_cache(maxsize=16)
def _check_encode_errors(errors: str) -> None:
    _check_errors(errors, lambda: "\u2603\udcff".encode("ascii", errors), "characters that cannot be encoded")


def _check_errors(errors: str, attempt: Callable[[], object], what: str) -> None:
    codecs.lookup_error(errors)
    try:
        attempt()
    except Exception as error:
        raise ValueError(
            f"errors must name a handler that replaces {what}, as 'replace' does, not {errors!r}"
        ) from error


def _callback(handler: object, name: str) -> Callable[..., object] | None:
    callback: Callable[..., object] | None = getattr(handler, name, None)
    if callback is not None and not callable(callback):
        raise TypeError(f"{name} of the handler must be callable, not {type(callback).__name__}")
    return callback
