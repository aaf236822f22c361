# cython: language_level=3
# cython: freethreading_compatible=True
# cython: boundscheck=False, wraparound=False, initializedcheck=False
# cython: auto_pickle=False, autotestdict=False
"""The Telnet parser in Cython: bytes in, calls out, no I/O.

This is the twin of ``_parser_py.py``, which tells the theory of operation: the same states, one reader for each, and
the same promise that a reader moves ``_consumed`` and sets the new state before it calls the handler. The two behave
alike to the last byte and to the text of every exception; change neither without the other.

What differs is how little is done per byte: ``memchr`` finds the next IAC, after a look at the next byte; a run of data
with escapes in it is joined in a scratch buffer, without a branch that depends on a byte; everything that stands before
the end of the chunk is a borrowed pointer into the ``bytes`` object that ``feed`` was given, which its caller keeps
alive. What every feed goes through is inlined into it, for entering four functions costs as much as a short feed.
"""

cimport cython
from cpython.bytes cimport PyBytes_CheckExact, PyBytes_FromStringAndSize
from cpython.buffer cimport (
    PyBUF_FULL_RO, PyBuffer_IsContiguous, PyBuffer_Release, PyObject_CheckBuffer, PyObject_GetBuffer,
)
from cpython.mem cimport PyMem_Free, PyMem_Malloc, PyMem_Realloc
from cpython.object cimport PyObject
from libc.stdint cimport uint64_t
from libc.string cimport memchr, memcpy

cdef extern from *:
    const Py_ssize_t PY_SSIZE_T_MAX

__all__ = ["IMPLEMENTATION", "Parser", "escape"]

IMPLEMENTATION = "cython"

ctypedef const unsigned char *Bytes

cdef enum:
    SE = 240
    SB = 250
    WILL = 251  # WILL WONT DO DONT are 251 to 254
    IAC = 255

cdef enum State:
    STREAM
    COMMAND
    OPTION
    SB_OPTION
    SB_OPTION_IAC
    PAYLOAD
    PAYLOAD_IAC
    SKIP
    SKIP_IAC

cdef enum:
    EXCERPT = 64  # bytes shown to on_protocol_error, the option among them
    WORD = 8  # bytes looked at in one go
    NEAR = 24  # how far to look word by word before a search pays
    STRIDE = 224  # whose count fits into a byte, so that a compiler counts 16 or 32 bytes at once
    BLOCK = 256  # payload bytes copied in one go behind an escape
    KEPT = 256  # payload buffer that an idle parser may hold, in bytes

cdef str NO_OPTION = "subnegotiation without an option"
cdef str INTERRUPTED = "subnegotiation interrupted by a command"
cdef str TOO_LONG = "subnegotiation longer than max_subnegotiation"
cdef str ENDLESS = "subnegotiation without an end"

# Every byte as the bytes object that the handler gets: a slice is the interpreter's own, whose references free-threaded
# Python does not count. The tuple keeps them, the array spares counting elsewhere.
cdef tuple OWNED = tuple([bytes(range(256))[number:number + 1] for number in range(256)])
cdef PyObject *BYTES[256]
cdef int number
for number in range(256):
    BYTES[number] = <PyObject *>OWNED[number]


@cython.final
cdef class Parser:
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

    cdef object _on_data
    cdef object _on_command
    cdef object _on_option
    cdef object _on_subnegotiation
    cdef object _on_protocol_error
    cdef object _max_subnegotiation
    cdef Py_ssize_t _limit
    cdef Py_ssize_t _consumed
    cdef State _state
    cdef bint _feeding
    cdef bint _stopped
    cdef unsigned char _command
    cdef unsigned char _option
    cdef unsigned char *_payload
    cdef Py_ssize_t _length
    cdef Py_ssize_t _capacity
    cdef unsigned char *_scratch
    cdef uint64_t _opened

    @cython.critical_section
    def __init__(self, handler, *, max_subnegotiation=65536):
        if self._max_subnegotiation is not None:
            raise RuntimeError("__init__() called a second time: make a new Parser")
        max_subnegotiation = size_limit(max_subnegotiation)
        self._limit = min(max_subnegotiation, PY_SSIZE_T_MAX // 2)
        self._on_data = method(handler, "on_data")
        self._on_command = method(handler, "on_command")
        self._on_option = method(handler, "on_option")
        self._on_subnegotiation = method(handler, "on_subnegotiation")
        self._on_protocol_error = method(handler, "on_protocol_error")
        self._max_subnegotiation = max_subnegotiation
        self._state = STREAM
        self._length = 0

    def __dealloc__(self):
        PyMem_Free(self._payload)

    @property
    @cython.critical_section
    def max_subnegotiation(self):
        """The longest payload that is delivered, in bytes, escapes undone."""
        return self._max_subnegotiation

    @property
    @cython.critical_section
    def consumed(self):
        """How many bytes the latest ``feed`` has consumed.

        Inside a callback: up to and including the event being delivered. After a callback has raised, this is where to
        go on: ``parser.feed(data[parser.consumed:])``.
        """
        return self._consumed

    @property
    @cython.critical_section
    def open_subnegotiation(self):
        """Which subnegotiation has begun and not ended, so that what follows is kept or skipped; 0 if none has.

        It is another number for each that the end of a chunk has cut off, and the number means nothing else.
        """
        return self._opened if self._state >= SB_OPTION else 0

    @cython.critical_section
    def feed(self, data):
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
        if not PyBytes_CheckExact(data):
            return self._feed_copy(data)
        self._feeding = True
        self._stopped = False
        self._consumed = 0
        try:
            self._read(data, <Bytes><const char *><bytes>data, len(<bytes>data))
        finally:
            self._feeding = False
            if self._scratch != NULL:
                PyMem_Free(self._scratch)
                self._scratch = NULL
        return self._consumed

    @cython.critical_section
    def stop(self):
        """Make the ``feed`` that is under way return after the event being delivered.

        For use inside a callback, when the bytes that follow are not Telnet (a zlib stream after an MCCP start) or not
        wanted (the connection was closed). ``feed`` then returns the count up to and including this event. Outside
        ``feed`` this does nothing.
        """
        self._stopped = True

    @cython.critical_section
    def reset(self):
        """Forget a sequence that is not complete: the next byte is read as plain stream.

        Allowed inside a callback too, where the next byte is the one behind the event being delivered.
        """
        self._state = STREAM
        self._clear_payload()

    @cython.critical_section
    def drop_subnegotiation(self):
        """Drop a subnegotiation that has begun and not ended, with a protocol error: the next byte is read as stream.

        If an IAC came last, the next byte is read as the one that follows it. Outside of a subnegotiation this does
        nothing. Allowed inside a callback, as ``reset`` is.
        """
        cdef bint feeding = self._feeding
        cdef State state = STREAM
        if self._state < SB_OPTION:
            return
        if self._state == SB_OPTION_IAC or self._state == PAYLOAD_IAC or self._state == SKIP_IAC:
            state = COMMAND
        self._feeding = True
        try:
            if self._state < PAYLOAD:
                self._fail(ENDLESS, state, b"")
            else:
                self._drop(ENDLESS, state, 0)
        finally:
            self._feeding = feeding

    def __reduce__(self):
        raise TypeError("cannot copy or pickle a Parser: it belongs to one connection")

    cdef object _feed_copy(self, object data):
        cdef Py_buffer view
        contiguous(data, &view)
        self._consumed = 0
        try:
            return self.feed(PyBytes_FromStringAndSize(<const char *>view.buf, view.len))
        finally:
            PyBuffer_Release(&view)

    cdef inline int _read(self, bytes data, Bytes chunk, Py_ssize_t size) except -1:
        cdef unsigned char byte
        while self._consumed < size and not self._stopped:
            byte = chunk[self._consumed]
            if self._state == STREAM or self._state == COMMAND and byte == IAC:
                # In the second case the run begins with an IAC whose first was the end of the chunk before.
                self._read_stream(data, chunk, size, self._consumed + (self._state == COMMAND))
            elif self._state == COMMAND:
                self._read_command(byte)
            elif self._state == PAYLOAD:
                self._read_payload(chunk, size)
            elif self._state == PAYLOAD_IAC:
                self._read_payload_iac(chunk, size)
            elif self._state == OPTION:
                self._read_option(byte)
            elif self._state == SB_OPTION:
                self._read_sb_option(byte)
            elif self._state == SB_OPTION_IAC:
                self._read_sb_option_iac(byte)
            elif self._state == SKIP:
                self._read_skip(chunk, size)
            else:
                self._read_skip_iac(byte)
        return 0

    cdef inline int _read_stream(self, bytes data, Bytes chunk, Py_ssize_t size, Py_ssize_t pos) except -1:
        """Read data and complete sequences until the chunk ends, a callback stops, or another state has to take over.

        The data run begins at ``_consumed``. That is before ``pos`` if it begins with the second IAC of an escape.
        """
        cdef Bytes end = chunk + size
        cdef Bytes start = chunk + self._consumed
        cdef Bytes iac = chunk + pos
        cdef unsigned char byte
        while True:
            if iac == end or iac[0] != IAC:
                iac = find_iac(iac, end - iac)
                if iac == NULL:
                    self._deliver_data(data, chunk, start, end)
                    return 0
            if iac + 1 < end and iac[1] == IAC:
                self._deliver_escaped(chunk, start, iac, end)
            else:
                if start < iac:
                    self._deliver_data(data, chunk, start, iac)
                    if self._stopped:
                        return 0
                if iac + 1 == end:
                    self._state = COMMAND
                    self._consumed = size
                    return 0
                byte = iac[1]
                if byte >= WILL:
                    if iac + 2 == end:
                        self._state = OPTION
                        self._command = byte
                        self._consumed = size
                        return 0
                    self._consumed = iac + 3 - chunk
                    if self._on_option is not None:
                        self._on_option(<bytes>BYTES[byte], <bytes>BYTES[iac[2]])
                elif byte == SB:
                    if not self._deliver_whole_subnegotiation(chunk, iac + 2, end):
                        self._open_subnegotiation(iac + 2 - chunk)
                        return 0
                else:
                    self._consumed = iac + 2 - chunk
                    if self._on_command is not None:
                        self._on_command(<bytes>BYTES[byte])
            if self._stopped or self._consumed == size:
                return 0
            start = iac = chunk + self._consumed

    cdef inline int _deliver_data(self, bytes data, Bytes chunk, Bytes start, Bytes stop) except -1:
        if self._on_data is not None and stop - start != len(data):
            data = PyBytes_FromStringAndSize(<const char *>start, stop - start)
        self._consumed = stop - chunk
        self._state = STREAM
        if self._on_data is not None:
            self._on_data(data)
        return 0

    cdef int _deliver_escaped(self, Bytes chunk, Bytes start, Bytes iac, Bytes end) except -1:
        """Deliver a data run with an escape in it, at ``iac``, as one piece."""
        cdef unsigned char *out
        cdef bytes run = None
        if self._on_data is None:
            iac += 2
        else:
            if self._scratch == NULL:
                # What is left of the chunk: no later run of it is longer.
                self._scratch = <unsigned char *>PyMem_Malloc(<size_t>(end - start))
                if self._scratch == NULL:
                    raise MemoryError
            memcpy(self._scratch, start, <size_t>(iac - start))
            out = self._scratch + (iac - start)
            iac = undouble_iac(iac, end, &out)
            run = PyBytes_FromStringAndSize(<const char *>self._scratch, out - self._scratch)
        self._consumed = iac - chunk
        self._state = STREAM
        if run is not None:
            self._on_data(run)
        return 0

    cdef bint _deliver_whole_subnegotiation(self, Bytes chunk, Bytes start, Bytes end) except -1:
        """Deliver a subnegotiation that lies whole and plain in the chunk; return whether it did."""
        cdef Bytes body = start + 1
        cdef Bytes iac
        cdef bytes payload
        if body >= end or start[0] == IAC:
            return False
        iac = find_iac(body, min(self._limit + 1, end - body))
        if iac == NULL or iac + 1 == end or iac[1] != SE:
            return False
        if self._on_subnegotiation is None:
            self._consumed = iac + 2 - chunk
            return True
        payload = PyBytes_FromStringAndSize(<const char *>body, iac - body)
        self._consumed = iac + 2 - chunk
        self._on_subnegotiation(<bytes>BYTES[start[0]], payload)
        return True

    cdef int _read_command(self, unsigned char byte) except -1:
        self._consumed += 1
        self._state = STREAM
        if byte >= WILL:
            self._state = OPTION
            self._command = byte
        elif byte == SB:
            self._open_subnegotiation(self._consumed)
        elif self._on_command is not None:
            self._on_command(<bytes>BYTES[byte])
        return 0

    cdef int _read_option(self, unsigned char option) except -1:
        self._state = STREAM
        self._consumed += 1
        if self._on_option is not None:
            self._on_option(<bytes>BYTES[self._command], <bytes>BYTES[option])
        return 0

    cdef void _open_subnegotiation(self, Py_ssize_t consumed) noexcept:
        self._state = SB_OPTION
        self._consumed = consumed
        self._opened += 1

    cdef int _read_sb_option(self, unsigned char byte) except -1:
        self._consumed += 1
        if byte == IAC:
            self._state = SB_OPTION_IAC
        else:
            self._open_payload(byte)
        return 0

    cdef int _read_sb_option_iac(self, unsigned char byte) except -1:
        if byte == IAC:
            self._consumed += 1
            self._open_payload(byte)
        elif byte == SE:
            # RFC 861 makes 255 an option too, so that IAC SB IAC SE could be the start of one. It is not read so: the
            # text behind it would be swallowed up to the next IAC SE.
            self._consumed += 1
            self._fail(NO_OPTION, STREAM, b"")
        else:
            self._fail(INTERRUPTED, COMMAND, b"")
        return 0

    cdef void _open_payload(self, unsigned char option) noexcept:
        self._state = PAYLOAD
        self._option = option

    cdef int _read_payload(self, Bytes chunk, Py_ssize_t size) except -1:
        cdef Bytes start = chunk + self._consumed
        cdef Py_ssize_t left = size - self._consumed
        cdef Py_ssize_t room = self._limit - self._length
        cdef Bytes iac = find_iac(start, min(left, room + 1))
        cdef Py_ssize_t length = left if iac == NULL else iac - start
        if length > room:
            self._append(start, room)
            self._consumed += room
            return self._drop(TOO_LONG, SKIP, 1)
        self._append(start, length)
        self._consumed += length
        if iac != NULL:
            self._consumed += 1
            self._state = PAYLOAD_IAC
        return 0

    cdef int _read_payload_iac(self, Bytes chunk, Py_ssize_t size) except -1:
        cdef unsigned char byte = chunk[self._consumed]
        cdef bytes payload = None
        if byte == IAC:
            if self._length == self._limit:
                return self._drop(TOO_LONG, SKIP, 1)
            self._append(&byte, 1)
            self._consumed += 1
            self._state = PAYLOAD
            return self._append_undoubled(chunk, size)
        if byte != SE:
            return self._drop(INTERRUPTED, COMMAND, 0)
        if self._on_subnegotiation is not None:
            payload = PyBytes_FromStringAndSize(<const char *>self._payload, self._length)
        self._clear_payload()
        self._consumed += 1
        self._state = STREAM
        if self._on_subnegotiation is not None:
            self._on_subnegotiation(<bytes>BYTES[self._option], payload)
        return 0

    cdef int _append_undoubled(self, Bytes chunk, Py_ssize_t size) except -1:
        """Append a little of the payload behind an escape: where there is one, there may be many."""
        cdef Bytes start = chunk + self._consumed
        cdef Py_ssize_t length = min(size - self._consumed, self._limit - self._length, <Py_ssize_t>BLOCK)
        cdef unsigned char *out
        self._reserve(length)
        out = self._payload + self._length
        self._consumed = undouble_iac(start, start + length, &out) - chunk
        self._length = out - self._payload
        return 0

    cdef int _append(self, Bytes start, Py_ssize_t length) except -1:
        self._reserve(length)
        if length:
            memcpy(self._payload + self._length, start, <size_t>length)
        self._length += length
        return 0

    cdef int _reserve(self, Py_ssize_t length) except -1:
        """Make room for so many bytes more."""
        cdef Py_ssize_t capacity = self._length + length
        cdef unsigned char *payload
        if capacity > self._capacity:
            # Half as much again, so that the copies stay linear; never more than a payload can need.
            capacity = max(capacity, min(self._limit, capacity + capacity // 2 + 32))
            payload = <unsigned char *>PyMem_Realloc(self._payload, <size_t>capacity)
            if payload == NULL:
                raise MemoryError
            self._payload = payload
            self._capacity = capacity
        return 0

    cdef void _clear_payload(self) noexcept:
        self._length = 0
        if self._capacity > KEPT:
            PyMem_Free(self._payload)
            self._payload = NULL
            self._capacity = 0

    cdef int _drop(self, str reason, State state, Py_ssize_t consumed) except -1:
        """Drop the payload, ``consumed`` more bytes of input having been read, and go on in another state."""
        cdef bytes excerpt = None
        if self._on_protocol_error is not None:
            excerpt = <bytes>BYTES[self._option]
            if self._length:
                excerpt += PyBytes_FromStringAndSize(<const char *>self._payload, min(self._length, EXCERPT - 1))
        self._clear_payload()
        self._consumed += consumed
        return self._fail(reason, state, excerpt)

    cdef int _fail(self, str reason, State state, bytes excerpt) except -1:
        self._state = state
        if self._on_protocol_error is not None:
            self._on_protocol_error(reason, excerpt)
        return 0

    cdef int _read_skip(self, Bytes chunk, Py_ssize_t size) except -1:
        cdef Bytes iac = find_iac(chunk + self._consumed, size - self._consumed)
        if iac == NULL:
            self._consumed = size
        else:
            self._state = SKIP_IAC
            self._consumed = iac + 1 - chunk
        return 0

    cdef int _read_skip_iac(self, unsigned char byte) except -1:
        if byte == IAC:
            self._state = SKIP
            self._consumed += 1
        elif byte == SE:
            self._state = STREAM
            self._consumed += 1
        else:
            self._state = COMMAND
        return 0


cdef inline Bytes find_iac(Bytes start, Py_ssize_t length) noexcept:
    return <Bytes>memchr(start, IAC, <size_t>length)


cdef inline uint64_t mark_iac(Bytes word) noexcept:
    """Return the word with nothing but the high bit of each IAC: adding 1 carries into it, and it was set before."""
    cdef uint64_t bits
    memcpy(&bits, word, WORD)
    return ((bits & 0x7F7F7F7F7F7F7F7FULL) + 0x0101010101010101ULL) & bits & 0x8080808080808080ULL


cdef inline unsigned char gather(uint64_t marks) noexcept:
    """Return the eight marks as the bits of a byte, whose order is the machine's."""
    return <unsigned char>((marks >> 7) * 0x0102040810204080ULL >> 56)


# How to undouble eight bytes, by whether an IAC is open before them, and by their gathered marks. Bit i is set where
# what was written of byte i is to stay.
cdef unsigned short PLANS[2][256]

cdef enum:
    OPEN = 1 << WORD  # an IAC is open behind the eight bytes: its second is to come
    SINGLE = 2 << WORD  # one of them is an IAC that is not doubled, or follows one


cdef unsigned short plan_for(int odd, int number) noexcept:
    """Return the plan for eight bytes of which byte i is IAC if bit i of ``number`` is set."""
    cdef unsigned short stay = 0
    cdef int i, iac
    for i in range(WORD):
        iac = number >> i & 1
        if odd and not iac:
            return SINGLE
        odd = iac and not odd
        stay |= (not odd) << i
    return stay | OPEN if odd else stay


cdef void make_plans() noexcept:
    cdef unsigned char word[WORD]
    cdef unsigned char marks
    cdef int number, i
    for number in range(256):
        for i in range(WORD):
            word[i] = IAC if number >> i & 1 else 0
        marks = gather(mark_iac(word))
        PLANS[0][marks] = plan_for(0, number)
        PLANS[1][marks] = plan_for(1, number)


make_plans()


cdef inline Bytes copy_plain(Bytes start, Bytes end, unsigned char **out) noexcept:
    """Copy whole words up to the first that holds an IAC; return where the rest begins, and move ``out`` likewise."""
    cdef unsigned char *to = out[0]
    cdef Bytes near = start + min(<Py_ssize_t>NEAR, end - start)
    cdef Bytes iac
    while near - start >= WORD and not mark_iac(start):
        memcpy(to, start, WORD)
        start += WORD
        to += WORD
    if start == near:
        iac = find_iac(start, end - start)
        if iac == NULL:
            iac = end
        memcpy(to, start, <size_t>(iac - start))
        to += iac - start
        start = iac
    out[0] = to
    return start


cdef Bytes undouble_iac(Bytes start, Bytes end, unsigned char **out) noexcept:
    """Copy data, escapes undone, up to the end or to an IAC that is not doubled; return where that is.

    ``out`` is moved behind the copy. There must be room for as many bytes as there are to read.

    No branch depends on a single byte, for in a run with many escapes half of such guesses would fail: each byte is
    written, and the next one overwrites it or not.
    """
    cdef unsigned char *to = out[0]
    cdef size_t odd = 0  # 1 behind an IAC whose second is to come
    cdef size_t iac
    cdef unsigned int plan
    cdef int i
    while end - start >= WORD:
        if not odd:
            start = copy_plain(start, end, &to)
            if end - start < WORD:
                break
        plan = PLANS[odd][gather(mark_iac(start))]
        if plan & SINGLE:
            break
        for i in range(WORD):
            to[0] = start[i]
            to += plan >> i & 1
        odd = plan >> WORD
        start += WORD
    while start < end:
        iac = start[0] == IAC
        if odd & (iac ^ 1):
            break
        to[0] = start[0]
        odd = iac & (odd ^ 1)
        to += odd ^ 1
        start += 1
    out[0] = to
    return start - odd


cdef void double_iac(Bytes start, Bytes end, unsigned char *to) noexcept:
    """Copy data, every IAC doubled, to where there is room for it, branching on no byte, as ``undouble_iac`` does."""
    cdef Bytes stop
    cdef size_t iac
    while start < end:
        start = copy_plain(start, end, &to)
        stop = start + min(<Py_ssize_t>WORD, end - start)
        while start < stop:
            iac = start[0] == IAC
            to[0] = start[0]
            to[iac] = start[0]
            to += 1 + iac
            start += 1


cdef Py_ssize_t count_iac(Bytes start, Bytes end) noexcept:
    cdef Py_ssize_t count = 0
    cdef unsigned char some
    cdef int i
    while end - start >= STRIDE:
        some = 0
        for i in range(STRIDE):
            some += start[i] == IAC
        count += some
        start += STRIDE
    while start < end:
        count += start[0] == IAC
        start += 1
    return count


def escape(data):
    """Return ``data`` with every byte 255 doubled, as RFC 854 asks for application data.

    A ``bytes`` object without such a byte comes back as the same object; any other bytes-like object is copied.

    Raises ``TypeError`` if ``data`` is not bytes-like: encode text first.
    """
    cdef bytes plain = data if PyBytes_CheckExact(data) else copied(data)
    cdef Bytes start = <Bytes><const char *>plain
    cdef Bytes end = start + len(plain)
    cdef Bytes iac = find_iac(start, end - start)
    cdef bytes escaped
    if iac == NULL:
        return plain
    escaped = PyBytes_FromStringAndSize(NULL, len(plain) + count_iac(iac, end))
    double_iac(start, end, <unsigned char *><char *>escaped)
    return escaped


cdef bytes copied(object data):
    if isinstance(data, str):
        raise TypeError("data must be bytes-like, not str: encode text first")
    if not PyObject_CheckBuffer(data):
        raise TypeError(f"data must be bytes-like, not {type(data).__name__}")
    return memoryview(data).tobytes()


cdef object size_limit(object value):
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"max_subnegotiation must be an int, not {type(value).__name__}")
    value = int.__int__(value)  # a subclass may compare as it likes, and all bounds below rest on this one
    if value < 0:
        raise ValueError(f"max_subnegotiation must be 0 or more, not {value}")
    return value


cdef object method(object handler, str name):
    found = getattr(handler, name, None)
    if found is not None and not callable(found):
        raise TypeError(f"{name} of the handler must be callable, not {type(found).__name__}")
    return found


cdef int contiguous(object data, Py_buffer *view) except -1:
    """Fill in a view of ``data``, which holds it exported until it is released."""
    if isinstance(data, str):
        raise TypeError("data must be bytes-like, not str: encode text before feeding it")
    if not PyObject_CheckBuffer(data):
        raise TypeError(f"data must be bytes-like, not {type(data).__name__}")
    PyObject_GetBuffer(data, view, PyBUF_FULL_RO)
    if not PyBuffer_IsContiguous(view, b"C"):
        PyBuffer_Release(view)
        raise BufferError("data must be contiguous, as bytes(data) is")
    return 0
