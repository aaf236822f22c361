"""The Telnet parser in pure Python: bytes in, calls out, no I/O.

This is the twin of ``_parser.pyx``, for the interpreters that have no compiled extension. The two behave alike to the
last byte and to the text of every exception; change neither without the other.

Theory of operation. The state says what the next byte is read as. Nearly all of the work is done in STREAM, where no
sequence is open: there a whole run of data, a whole command, a whole subnegotiation is found with a search for the next
IAC and sliced out. Only a sequence that is cut off by the end of the chunk, or that is not plain (escapes inside it,
too long, broken), goes through the other states:

    state          the next byte is                       IAC            SE              another byte x
    STREAM         data                                   COMMAND        data            data
    COMMAND        the command after IAC                  data 255       command         command, OPTION, SB_OPTION
    OPTION         the option after WILL, WONT, DO, DONT  option         option          option
    SB_OPTION      the option after SB                    SB_OPTION_IAC  PAYLOAD         PAYLOAD
    SB_OPTION_IAC  after an IAC in the option's place     PAYLOAD        error           error, COMMAND reads x
    PAYLOAD        payload                                PAYLOAD_IAC    payload         payload
    PAYLOAD_IAC    after an IAC in the payload            payload 255    subnegotiation  error, COMMAND reads x
    SKIP           payload that was dropped               SKIP_IAC       -               -
    SKIP_IAC       after an IAC in there                  SKIP           STREAM          COMMAND reads x

A cell names the next state or what is reported; then the state is STREAM again, or stays PAYLOAD in the middle of one.
A payload byte too many is an error that leads to SKIP.

Each state has one reader. It starts at ``_consumed``, moves it past what it has read, and sets the new state before it
calls the handler, so that a callback may raise, stop or reset without leaving the parser between two bytes. What needs
memory is made before that, so that a MemoryError leaves ``_consumed`` at what was not delivered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NoReturn, final

from telnet import constants

if TYPE_CHECKING:
    from collections.abc import Callable

    from _typeshed import ReadableBuffer

__all__ = ["IMPLEMENTATION", "Parser", "escape"]

IMPLEMENTATION: Final = "python"

_IAC: Final = constants.IAC
_ESCAPED: Final = _IAC + _IAC

_IAC_BYTE: Final = constants.IAC[0]
_SE_BYTE: Final = constants.SE[0]
_SB_BYTE: Final = constants.SB[0]
_WILL_BYTE: Final = constants.WILL[0]  # WILL WONT DO DONT are 251 to 254

# Every byte as the bytes object that the handler gets: an index is cheaper than a slice.
_BYTES: Final = tuple(bytes((number,)) for number in range(256))

_STREAM: Final = 0
_COMMAND: Final = 1
_OPTION: Final = 2
_SB_OPTION: Final = 3
_SB_OPTION_IAC: Final = 4
_PAYLOAD: Final = 5
_PAYLOAD_IAC: Final = 6
_SKIP: Final = 7
_SKIP_IAC: Final = 8
_AFTER_IAC: Final = frozenset((_SB_OPTION_IAC, _PAYLOAD_IAC, _SKIP_IAC))

_NO_OPTION: Final = "subnegotiation without an option"
_INTERRUPTED: Final = "subnegotiation interrupted by a command"
_TOO_LONG: Final = "subnegotiation longer than max_subnegotiation"
_ENDLESS: Final = "subnegotiation without an end"

_CUT_OFF: Final = -1  # in the place of a byte: the chunk ends here

_EXCERPT: Final = 64  # bytes shown to on_protocol_error, the option among them


@final
class Parser:
    """Splits what a Telnet peer sends into data, commands, options and subnegotiations.

    ``handler`` is any object. Five methods are looked up on it once, here; one that is absent, or None, costs nothing:

    * ``on_data(data)``: application bytes, never empty, ``IAC IAC`` undone;
    * ``on_command(command)``: IAC and any byte that is not named below, undefined ones and a stray SE included;
    * ``on_option(command, option)``: WILL, WONT, DO or DONT, and an option byte of any value;
    * ``on_subnegotiation(option, data)``: a complete IAC SB ... IAC SE, escapes undone, ``data`` possibly empty;
    * ``on_protocol_error(reason, data)``: what the peer did wrong, as one of a few constant texts, and the first bytes
      of it (the option and the start of the payload, 64 bytes at most).

    All of them are given real ``bytes``; ``command`` and ``option`` have length 1. ``telnet.parser.Handler`` describes
    them in full. A payload of more than ``max_subnegotiation`` bytes is dropped with one protocol error.

    The calls do not depend on how the input was cut into chunks, except that a run of data may come in several pieces.

    Raises ``TypeError`` if a handler method is not callable or if ``max_subnegotiation`` is not an int, and
    ``ValueError`` if that is negative. A parser serves one connection; it cannot be subclassed, copied or pickled.

    Sources: RFC 854, RFC 855, and RFC 861 for the option 255.
    """

    __slots__ = (
        "_command",
        "_consumed",
        "_feeding",
        "_max_subnegotiation",
        "_on_command",
        "_on_data",
        "_on_option",
        "_on_protocol_error",
        "_on_subnegotiation",
        "_opened",
        "_option",
        "_payload",
        "_state",
        "_stopped",
    )

    def __init__(self, handler: object, *, max_subnegotiation: int = 65536) -> None:
        if hasattr(self, "_max_subnegotiation"):
            raise RuntimeError("__init__() called a second time: make a new Parser")
        if not isinstance(max_subnegotiation, int) or isinstance(max_subnegotiation, bool):
            raise TypeError(f"max_subnegotiation must be an int, not {type(max_subnegotiation).__name__}")
        max_subnegotiation = int.__int__(max_subnegotiation)  # a subclass may compare as it likes
        if max_subnegotiation < 0:
            raise ValueError(f"max_subnegotiation must be 0 or more, not {max_subnegotiation}")
        self._on_data = _method(handler, "on_data")
        self._on_command = _method(handler, "on_command")
        self._on_option = _method(handler, "on_option")
        self._on_subnegotiation = _method(handler, "on_subnegotiation")
        self._on_protocol_error = _method(handler, "on_protocol_error")
        self._max_subnegotiation = max_subnegotiation
        self._consumed = 0
        self._feeding = False
        self._stopped = False
        self._state = _STREAM
        self._command = b""
        self._option = b""
        self._payload = bytearray()
        self._opened = 0

    @property
    def max_subnegotiation(self) -> int:
        """The longest payload that is delivered, in bytes, escapes undone."""
        return self._max_subnegotiation

    @property
    def consumed(self) -> int:
        """How many bytes the latest ``feed`` has consumed.

        Inside a callback: up to and including the event being delivered. After a callback has raised, this is where to
        go on: ``parser.feed(data[parser.consumed:])``.
        """
        return self._consumed

    @property
    def open_subnegotiation(self) -> int:
        """Which subnegotiation has begun and not ended, so that what follows is kept or skipped; 0 if none has.

        It is another number for each that the end of a chunk has cut off, and the number means nothing else.
        """
        return self._opened if self._state >= _SB_OPTION else 0

    def feed(self, data: ReadableBuffer) -> int:
        """Parse a chunk, calling the handler for each event in it, and return how many bytes were consumed.

        ``data`` is any contiguous bytes-like object of any length. The return value is ``len(data)``, unless a callback
        called ``stop``: then the bytes behind it were not looked at, and the caller owns them. A sequence that is cut
        off by the end of the chunk is kept; feed the next chunk whenever it comes.

        A callback's exception leaves ``feed`` at once. Its event counts as consumed, ``consumed`` says how far that is,
        and the parser can be fed the rest.

        A ``bytes`` chunk without any IAC is handed to ``on_data`` as the same object. Another bytes-like object is
        copied and stays exported until ``feed`` returns, so a callback cannot resize it.

        Raises ``TypeError`` if ``data`` is not bytes-like, ``BufferError`` if it is not contiguous, and
        ``RuntimeError`` if called from inside a callback of the same parser; nothing is consumed then. No input makes
        it raise by itself.
        """
        if self._feeding:
            raise RuntimeError("feed() called from inside a callback of the same parser")
        if type(data) is not bytes:
            with _contiguous(data) as view:
                return self.feed(view.tobytes())
        self._feeding = True
        try:
            size = len(data)
            if self._state == _STREAM and _IAC_BYTE not in data:
                self._consumed = size
                if data and self._on_data is not None:
                    self._on_data(data)
            else:
                self._consumed = 0
                self._stopped = False
                while self._consumed < size and not self._stopped:
                    _READERS[self._state](self, data, self._consumed)
        finally:
            self._feeding = False
        return self._consumed

    def stop(self) -> None:
        """Make the ``feed`` that is under way return after the event being delivered.

        For use inside a callback, when the bytes that follow are not Telnet (a zlib stream after an MCCP start) or not
        wanted (the connection was closed). ``feed`` then returns the count up to and including this event. Outside
        ``feed`` this does nothing.
        """
        self._stopped = True

    def reset(self) -> None:
        """Forget a sequence that is not complete: the next byte is read as plain stream.

        Allowed inside a callback too, where the next byte is the one behind the event being delivered.
        """
        self._state = _STREAM
        self._payload = bytearray()

    def drop_subnegotiation(self) -> None:
        """Drop a subnegotiation that has begun and not ended, with a protocol error: the next byte is read as stream.

        If an IAC came last, the next byte is read as the one that follows it. Outside of a subnegotiation this does
        nothing. Allowed inside a callback, as ``reset`` is.
        """
        if self._state < _SB_OPTION:
            return
        feeding, self._feeding = self._feeding, True
        state = _COMMAND if self._state in _AFTER_IAC else _STREAM
        try:
            if self._state < _PAYLOAD:
                self._fail(_ENDLESS, state, b"")
            else:
                self._drop(_ENDLESS, state, self._consumed)
        finally:
            self._feeding = feeding

    def __init_subclass__(cls, **kwargs: object) -> NoReturn:
        raise TypeError(f"type '{__name__}.Parser' is not an acceptable base type")  # as an extension type refuses

    def __reduce__(self) -> NoReturn:
        raise TypeError("cannot copy or pickle a Parser: it belongs to one connection")

    def _read_stream(self, data: bytes, pos: int) -> None:
        """Read data and complete sequences until the chunk ends, a callback stops, or another state has to take over.

        The data run begins at ``_consumed``. That is before ``pos`` if it begins with the second IAC of an escape.
        """
        end = len(data)
        start = self._consumed
        while True:
            iac = pos if pos < end and data[pos] == _IAC_BYTE else data.find(_IAC, pos)
            if iac < 0:
                self._deliver_data(data[start:], end)  # the whole of a bytes object is that object
                return
            pos = iac + 2
            byte = data[iac + 1] if pos <= end else _CUT_OFF
            if byte == _IAC_BYTE:
                pos = self._deliver_escaped(data, start, iac)
            else:
                if start < iac:
                    self._deliver_data(data[start:iac], iac)
                    if self._stopped:
                        return
                if byte >= _WILL_BYTE:
                    if pos == end:
                        self._state = _OPTION
                        self._command = _BYTES[byte]
                        self._consumed = end
                        return
                    option = data[pos]
                    pos = self._consumed = iac + 3
                    if self._on_option is not None:
                        self._on_option(_BYTES[byte], _BYTES[option])
                elif byte == _SB_BYTE:
                    pos = self._deliver_whole_subnegotiation(data, pos)
                    if not pos:
                        self._open_subnegotiation(iac + 2)
                        return
                elif byte != _CUT_OFF:
                    self._consumed = pos
                    if self._on_command is not None:
                        self._on_command(_BYTES[byte])
                else:
                    self._state = _COMMAND
                    self._consumed = end
                    return
            if self._stopped or pos == end:
                return
            start = pos

    def _deliver_escaped(self, data: bytes, start: int, iac: int) -> int:
        """Deliver a data run with an escape in it, at ``iac``, as one piece; return where the run ends."""
        if start == 0:
            # Asked once in a chunk, to stay linear: is all of it one run? Then each second piece is empty.
            pieces = data[iac:].split(_IAC)
            if not any(pieces[1::2]):
                end = len(data) - 1 + len(pieces) % 2  # without an IAC at the end whose second is to come
                return self._deliver_data(data[:iac] + _IAC.join(pieces[::2]), end)
        end = iac
        while data[end : end + 2] == _ESCAPED:
            end = data.find(_IAC, end + 2)
            if end < 0:
                end = len(data)
        return self._deliver_data(data[start:end].replace(_ESCAPED, _IAC), end)

    def _deliver_data(self, run: bytes, end: int) -> int:
        self._state = _STREAM
        self._consumed = end
        if self._on_data is not None:
            self._on_data(run)
        return end

    def _deliver_whole_subnegotiation(self, data: bytes, start: int) -> int:
        """Deliver a subnegotiation that lies whole and plain in the chunk; return its end, or 0 if it does not."""
        body = start + 1
        limit = body + self._max_subnegotiation + 1
        iac = data.find(_IAC, start, limit)
        if iac < body or data[iac + 1 : iac + 2] != constants.SE:
            return 0
        payload = data[body:iac]
        self._consumed = iac + 2
        if self._on_subnegotiation is not None:
            self._on_subnegotiation(_BYTES[data[start]], payload)
        return iac + 2

    def _read_command(self, data: bytes, pos: int) -> None:
        byte = data[pos]
        if byte == _IAC_BYTE:
            self._read_stream(data, pos + 1)
            return
        self._state = _STREAM
        self._consumed = pos + 1
        if byte >= _WILL_BYTE:
            self._state = _OPTION
            self._command = _BYTES[byte]
        elif byte == _SB_BYTE:
            self._open_subnegotiation(pos + 1)
        elif self._on_command is not None:
            self._on_command(_BYTES[byte])

    def _read_option(self, data: bytes, pos: int) -> None:
        self._state = _STREAM
        self._consumed = pos + 1
        if self._on_option is not None:
            self._on_option(self._command, _BYTES[data[pos]])

    def _open_subnegotiation(self, consumed: int) -> None:
        self._state = _SB_OPTION
        self._consumed = consumed
        self._opened += 1

    def _read_sb_option(self, data: bytes, pos: int) -> None:
        byte = data[pos]
        self._consumed = pos + 1
        if byte == _IAC_BYTE:
            self._state = _SB_OPTION_IAC
        else:
            self._open_payload(byte)

    def _read_sb_option_iac(self, data: bytes, pos: int) -> None:
        byte = data[pos]
        if byte == _IAC_BYTE:
            self._consumed = pos + 1
            self._open_payload(byte)
        elif byte == _SE_BYTE:
            # RFC 861 makes 255 an option too, so that IAC SB IAC SE could be the start of one. It is not read so: the
            # text behind it would be swallowed up to the next IAC SE.
            self._consumed = pos + 1
            self._fail(_NO_OPTION, _STREAM, b"")
        else:
            self._fail(_INTERRUPTED, _COMMAND, b"")

    def _open_payload(self, option: int) -> None:
        self._state = _PAYLOAD
        self._option = _BYTES[option]

    def _read_payload(self, data: bytes, pos: int) -> None:
        room = self._max_subnegotiation - len(self._payload)
        iac = data.find(_IAC, pos, pos + room + 1)
        stop = len(data) if iac < 0 else iac
        if stop - pos > room:
            self._payload += data[pos : pos + room]
            self._consumed = pos + room
            self._drop(_TOO_LONG, _SKIP, pos + room + 1)
            return
        self._payload += data[pos:stop]
        self._consumed = stop
        if iac >= 0:
            self._consumed = stop + 1
            self._state = _PAYLOAD_IAC

    def _read_payload_iac(self, data: bytes, pos: int) -> None:
        byte = data[pos]
        if byte == _IAC_BYTE:
            if len(self._payload) == self._max_subnegotiation:
                self._drop(_TOO_LONG, _SKIP, pos + 1)
                return
            self._payload += _IAC
            self._state = _PAYLOAD
            self._consumed = pos + 1
        elif byte == _SE_BYTE:
            payload = bytes(self._payload)
            self._payload = bytearray()
            self._state = _STREAM
            self._consumed = pos + 1
            if self._on_subnegotiation is not None:
                self._on_subnegotiation(self._option, payload)
        else:
            self._drop(_INTERRUPTED, _COMMAND, pos)

    def _drop(self, reason: str, state: int, consumed: int) -> None:
        excerpt = self._option + self._payload[: _EXCERPT - 1]
        self._payload = bytearray()
        self._consumed = consumed
        self._fail(reason, state, excerpt)

    def _fail(self, reason: str, state: int, excerpt: bytes) -> None:
        self._state = state
        if self._on_protocol_error is not None:
            self._on_protocol_error(reason, excerpt)

    def _read_skip(self, data: bytes, pos: int) -> None:
        iac = data.find(_IAC, pos)
        if iac < 0:
            self._consumed = len(data)
        else:
            self._state = _SKIP_IAC
            self._consumed = iac + 1

    def _read_skip_iac(self, data: bytes, pos: int) -> None:
        byte = data[pos]
        if byte == _IAC_BYTE:
            self._state = _SKIP
            self._consumed = pos + 1
        elif byte == _SE_BYTE:
            self._state = _STREAM
            self._consumed = pos + 1
        else:
            self._state = _COMMAND


# The readers, in the order of the states.
_READERS: Final[tuple[Callable[[Parser, bytes, int], None], ...]] = (
    Parser._read_stream,
    Parser._read_command,
    Parser._read_option,
    Parser._read_sb_option,
    Parser._read_sb_option_iac,
    Parser._read_payload,
    Parser._read_payload_iac,
    Parser._read_skip,
    Parser._read_skip_iac,
)


def escape(data: ReadableBuffer) -> bytes:
    """Return ``data`` with every byte 255 doubled, as RFC 854 asks for application data.

    A ``bytes`` object without such a byte comes back as the same object; any other bytes-like object is copied.

    Raises ``TypeError`` if ``data`` is not bytes-like: encode text first.
    """
    plain = data if type(data) is bytes else _copied(data)
    return plain.replace(_IAC, _ESCAPED) if _IAC_BYTE in plain else plain


def _copied(data: ReadableBuffer) -> bytes:
    if isinstance(data, str):
        raise TypeError("data must be bytes-like, not str: encode text first")
    try:
        with memoryview(data) as view:
            return view.tobytes()
    except TypeError:
        raise TypeError(f"data must be bytes-like, not {type(data).__name__}") from None


def _method(handler: object, name: str) -> Callable[..., Any] | None:
    method = getattr(handler, name, None)
    if method is not None and not callable(method):
        raise TypeError(f"{name} of the handler must be callable, not {type(method).__name__}")
    return method


def _contiguous(data: ReadableBuffer) -> memoryview:
    """Return a view of ``data``, which holds it exported until it is released."""
    if isinstance(data, str):
        raise TypeError("data must be bytes-like, not str: encode text before feeding it")
    try:
        view = memoryview(data)
    except TypeError:
        raise TypeError(f"data must be bytes-like, not {type(data).__name__}") from None
    if not view.c_contiguous:
        view.release()
        raise BufferError("data must be contiguous, as bytes(data) is")
    return view
