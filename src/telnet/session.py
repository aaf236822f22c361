"""Everything between the bytes of a connection and what a program means by them, without any I/O.

A shell owns a socket and a clock and drives the session::

    session.start(now)                 # the connection is up
    session.receive(data, now)         # what was read; and receive(b"", now) while session.pending
    session.tick(now)                  # when session.deadline has come, which session.alarm tells the shell
    send(session.take(now))            # whenever ``wake`` was called, at the end of a turn
    session.close(); send(session.take())

Theory of operation.  What was read passes four stages, each with its own rest: the compressed stream if there is one
(MCCP), the parser, the line decoder, and the handler.  Any event may change what is behind it: a start of compression,
another encoding, a close, a pause.  So every stage stops behind the event that it delivers when it is told to, and
what it has not taken waits at its entrance.  ``_advance`` empties the stage nearest to the handler first; what a stage
gives is bounded, so all rests together are bounded by what one ``receive`` was given and one piece of inflated data.

One call is bounded in work: ``limits.events`` events, faults of the peer among them, ``limits.payload`` bytes of
subnegotiations, 64 KiB of what was read, and one piece of inflated data.  What is left makes :attr:`Session.pending`
true: a shell then calls again in its next turn, and reads nothing more from the peer until it is false.  A pause is the
same without an end.

What is written passes the compressor, if there is one, when it is taken: one flush a turn.  While a file is under way,
what is written waits after it, and each take gives one piece (see :mod:`telnet.backlog`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar, overload

from telnet.backlog import Backlog
from telnet.client import Client
from telnet.constants import AYT, CMD_EOR, DO, DONT, EC, ECHO, EL, EOR, GA, IAC, NOP, SGA, WILL, WONT, option_name
from telnet.deadlines import Deadlines
from telnet.encode import negotiate
from telnet.files import Source
from telnet.limits import Limits
from telnet.lines import LineDecoder, decode_text, encode_text, lookup_encoding, not_text
from telnet.mccp import Compressor, Decompressor
from telnet.negotiation import Negotiator, Side, State
from telnet.options.option import Option, Role
from telnet.parser import Parser

__all__ = ["WAKE_EACH", "Session"]

AnyOption = TypeVar("AnyOption", bound=Option)
Result = TypeVar("Result")

# What a shell may let gather before it sends within a turn: as much as one send usually takes.
WAKE_EACH: Final = 65536

# What one turn looks at of what was read: as much as the engine reads at once.  Other event loops read four times that.
_BYTES_OF_A_TURN: Final = 65536

# What a subnegotiation counts as at least, in bytes: taking one costs as much as reading so many.
_LEAST_PAYLOAD: Final = 32

# So many bytes of a line that are decoded one by one, to find its last character, count as one of a subnegotiation.
_DECODED_A_PAYLOAD: Final = 2

# Answers of so many bytes count as one more answer to a command.
_BYTES_OF_ANSWER: Final = 64

_EXCERPT: Final = 64  # bytes shown to on_protocol_error

# What is never shown: a message that speaks of logging in, in whatever option, whole or broken; in lower case, which is
# searched in half the time.  "pass" and "secret" are words of games too: they count before what ends a name, in JSON,
# MSDP or ZMP.
_SECRET: Final = re.compile(
    rb"(char\.login)|passwo?r?d|passphrase|credential|token\b|login(?<![a-z].....)(?![a-z])"
    rb"|(?:pass(?<![a-z]....)|pwd|secret|auth_?code|api_?key)[\"'\0-\6:=]",
    re.DOTALL,
)
_SEARCHED: Final = 1024  # bytes of a message in which that is looked for, after what GMCP skips before a name
_SKIPPED: Final = b"\xef\xbb\xbf \t\r\n\v\f"

# What is known of a client, where it says in which encoding text is understood
_SAYS_ENCODING: Final = frozenset(("charset", "mtts", "utf8", "environment"))

_LINE_END: Final = re.compile(rb"[\r\n]")

_PROMPT_EOR: Final = IAC + CMD_EOR
_PROMPT_GA: Final = IAC + GA
_KEEPALIVE: Final = IAC + NOP


class Session:
    """One connection's Telnet: negotiation, options, text, prompts and compression.

    :param handler: any object; its methods named ``on_...`` are called for what happens, where it has them.  They are
        listed in :class:`telnet.handler.MudHandler`.
    :param options: classes or instances of :class:`~telnet.options.option.Option`; any other option is refused.
    :param role: which end we are.
    :param limits: what the peer may make us hold.
    :param encoding: of text in both directions, until CHARSET agrees on another.
    :param fallback: in which a line is read that is not in that encoding; None for none.
    :param legacy_encoding: of text for a client that says it does not understand UTF-8, where ``encoding`` is that; a
        client that names its encoding has text in that one (see :attr:`encoding`).  With None neither is followed.
    :param ayt_answer: see :attr:`ayt_answer`.
    :param nop_interval: see :attr:`nop_interval`.
    :param edit_lines: what :attr:`edit_lines` is at first.
    :param wake: called, without arguments, when :meth:`take` has something to give that it had not before, and again
        for each 64 KiB that are written meanwhile.
    :param report: called with what a method of the handler raises, which costs it this one event.  Without it the
        exception leaves the session's method, which can be called again and goes on behind the event.
    :raises TypeError, ValueError: for options that are none, or two with the same code, and what
        :func:`~telnet.lines.lookup_encoding` raises.

    Not for several threads at once.  Sources: RFC 854, 855, 1143, and those of each option.
    """

    ready: bool
    """Whether ``on_ready`` has been called."""

    lost: bool
    """Whether a compressed stream broke off, so that nothing the peer sends can be read any more."""

    closed: bool
    """Whether :meth:`close` has been called: nothing is delivered, and nothing is written any more."""

    check: Callable[[], object] | None = None
    """Called before anything is written, for a shell whose connections belong to one thread; what it raises leaves the
    method that writes, and nothing is written."""

    alarm: Callable[[float], object] | None = None
    """Called with :attr:`deadline` when that has come nearer than it was, for a shell to set its timer; from inside of
    any method, or when something was set."""

    def __init__(
        self,
        handler: object,
        options: Iterable[type[Option] | Option] = (),
        *,
        role: Role = Role.SERVER,
        limits: Limits | None = None,
        encoding: str = "utf-8",
        fallback: str | None = "cp1252",
        legacy_encoding: str | None = "cp1252",
        ayt_answer: str | None = None,
        nop_interval: float | None = None,
        edit_lines: bool = False,
        wake: Callable[[], object] | None = None,
        report: Callable[[Exception], object] | None = None,
    ) -> None:
        self.role = role
        self.limits = limits = limits or Limits()
        self.ready = False
        self.closed = False
        self.lost = False
        self._handler = handler
        self._wake = wake
        self._report = report
        self._now = 0.0
        self._encoding = lookup_encoding(encoding)
        self._own_encoding = self._encoding  # until the peer says what it understands
        self._fallback = None if fallback is None else lookup_encoding(fallback)
        legacy = None if legacy_encoding is None else lookup_encoding(legacy_encoding)
        self._legacy_encoding = legacy if role is Role.SERVER else None  # None: what the peer says is not followed
        self.ayt_answer = ayt_answer
        self._binary_output = False
        self._raw = False
        self._started = False
        self._spoken = False  # whether the peer has sent anything
        self._telnet = False  # whether that was Telnet
        self._said_at: float | None = None  # when it sent its latest line, or bytes that are none
        self._paused = False
        self._advancing = False
        self._events_of_a_turn = limits.events
        self._payload_of_a_turn = limits.payload
        self._events_left = 0
        self._payload_left = 0
        self._wire_left = 0
        self._may_inflate = False
        self._message = b""  # the subnegotiation that is being taken
        self._secret = False  # whether a secret is being told
        self._wire = b""  # read, and not looked at yet
        self._plain = b""  # inflated, and not parsed yet
        self._text = b""  # parsed, and not cut into lines yet
        self._inflater: Decompressor | None = None
        self._inflating: Option | None = None  # whose stream it is, or will be behind some commands
        self._lenient = False
        self._compressor: Compressor | None = None
        self._output: list[bytes] = []  # to be compressed, while there is a compressor
        self._output_size = 0
        self._sendable: list[bytes] = []  # as it goes out
        self._backlog: Backlog | None = None  # what goes out after that, and before what is to be compressed
        self._wake_at = 0  # at which size of the output to wake the shell (again)
        self._turns: dict[Option, None] = {}
        self._deadlines = Deadlines(self._set_alarm)
        self._taken_at = 0.0  # when something was last sent
        self._output_waits = False
        self.nop_interval = nop_interval
        self._watched = 0  # the open subnegotiation of the parser that has a deadline
        self.client = Client(self._client_changed)
        self.negotiator = Negotiator(self, self.write, burst=limits.negotiations, rate=limits.negotiations / 16)
        self._decoder = LineDecoder(self, encoding=encoding, fallback=fallback, max_line=limits.line)
        self._decoder.edit_lines = edit_lines
        self._parser = Parser(self, max_subnegotiation=limits.subnegotiation)
        self._options: dict[bytes, Option] = {}
        for option in options:
            self._add(option)
        self._line_readers = [each for each in self._options.values() if type(each).on_line is not Option.on_line]

    def _add(self, option: type[Option] | Option) -> None:
        template = option() if isinstance(option, type) and issubclass(option, Option) else option
        if not isinstance(template, Option):
            raise TypeError(f"options must be classes or instances of Option, not {option!r}")
        code = getattr(template, "code", None)
        if not isinstance(code, bytes) or len(code) != 1:
            raise TypeError(f"the code of {type(template).__name__} must be bytes of length 1, not {code!r}")
        if code in self._options:
            raise ValueError(f"option {option_name(code)} is given twice: {self._options[code]!r} and {template!r}")
        self._options[code] = template.bind(self)

    # Options

    @property
    def options(self) -> dict[bytes, Option]:
        """The options of this session by their codes, in the order in which they were given."""
        return self._options

    @overload
    def get(self, option: type[AnyOption]) -> AnyOption | None: ...
    @overload
    def get(self, option: bytes) -> Option | None: ...

    def get(self, option: type[Option] | bytes) -> Option | None:
        """Return this session's object of an option, by its class or its code; None if it is not spoken here.

        ``TypeError`` if it is neither a class of :class:`~telnet.options.option.Option` nor ``bytes``.
        """
        return self._options.get(_code(option))

    @overload
    def __getitem__(self, option: type[AnyOption]) -> AnyOption: ...
    @overload
    def __getitem__(self, option: bytes) -> Option: ...

    def __getitem__(self, option: type[Option] | bytes) -> Option:
        found = self.get(option)
        if found is None:
            raise KeyError(f"{option_name(_code(option))} is not spoken on this connection: list it in its options")
        return found

    # What a shell calls

    @property
    def deadline(self) -> float | None:
        """When :meth:`tick` is wanted, on the clock of ``now``; None for never.

        A shell need not look at it again before :attr:`alarm` is called, or its timer has called :meth:`tick`.
        """
        return self._deadlines.earliest

    def _set_alarm(self, deadline: float) -> None:
        if self.alarm is not None:
            self.alarm(deadline)

    def start(self, now: float) -> None:
        """The connection is up: say what we offer and request, then call ``on_connect``.

        ``on_ready`` follows within ``limits.ready`` seconds, if :meth:`tick` is called then.

        :param now: the time in seconds, of any steady clock.
        """
        if self._started:
            raise RuntimeError("start() was called before")
        self._started = True
        self._now = self._taken_at = now
        self._deadlines.set(self._become_ready, now + self.limits.ready)
        for option in self._options.values():
            option.open()
        self.emit("on_connect")
        self._check_ready()

    def receive(self, data: bytes, now: float) -> None:
        """Take what was read, possibly nothing, and call the handler for what is in it.

        :param data: bytes from the peer; they are kept while :attr:`pending`.
        :param now: the time in seconds.
        :raises RuntimeError: when called from inside one of the handler's methods.

        No input makes this raise.
        """
        if self._advancing:
            raise RuntimeError("receive() called from inside a handler of the same session")
        if self.closed or self.lost:
            return
        self._now = now
        if data:
            self._spoken = True
        self._wire = self._wire + data if self._wire else data
        self._events_left = self._events_of_a_turn
        self._payload_left = self._payload_of_a_turn
        self._wire_left = _BYTES_OF_A_TURN
        self._may_inflate = True
        self._advancing = True
        try:
            self._advance()
        finally:
            self._advancing = False
        if self._parser.open_subnegotiation != self._watched:
            self._watch_subnegotiation()
        if not self.ready and not self.pending:
            self._check_ready()

    def tick(self, now: float, output_waits: bool = False) -> None:
        """Notice that :attr:`deadline` has come.

        :param now: the time in seconds.
        :param output_waits: whether some of what :meth:`take` gave is not sent yet, since the peer does not read.
        """
        self._now = now
        self._output_waits = output_waits
        self._deadlines.run(now)

    def end(self, now: float | None = None) -> None:
        """The peer sends nothing more: an unfinished line is the last, and ``on_input_end`` follows.

        :param now: the time in seconds; that of the last call if it is left out.
        """
        if now is not None:
            self._now = now
        self._deadlines.drop(self._give_up_subnegotiation)
        try:
            if last := self.flush_line():
                self.on_line(last)
        finally:
            self.emit("on_input_end")

    @property
    def awaits_answer(self) -> bool:
        """Whether the peer may still wait for an answer: it has sent a line in the last ``limits.close`` seconds."""
        return self._said_at is not None and self._now - self._said_at <= self.limits.close

    def flush_line(self) -> str:
        """Return what came of a line that has no end yet, and take it for finished: a prompt without a mark."""
        return "" if self.closed else self._decoder.flush()

    def forget_unfinished(self) -> None:
        """Forget what the peer has begun and not ended, a line or a sequence of Telnet, without an event.

        For the start of TLS: somebody in the middle could have begun it, and what is protected would end it.
        """
        self._parser.reset()
        self._decoder.erase_line()
        self._watch_subnegotiation()

    def take(self, now: float | None = None) -> bytes:
        """Return what is to be sent now, possibly nothing; it counts as sent.

        While :attr:`sending_pieces`, this is one piece: call it again when that has left.

        :param now: the time in seconds; that of the last call if it is left out.
        :raises OSError: if a file cannot be read; what it still had is left out then.
        """
        if self._turns:
            self._end_turn()
        self._wake_at = 0
        if self._backlog is not None and not self._sendable:
            self._take_piece(self._backlog)
        self._seal(flush=True)
        sendable, self._sendable = self._sendable, []
        if sendable:
            self._taken_at = self._now if now is None else now
        return sendable[0] if len(sendable) == 1 else b"".join(sendable)

    @property
    def unsent(self) -> int:
        """How many bytes were written since the last :meth:`take`, before compression, or wait after a file."""
        return self._output_size if self._backlog is None else self._output_size + self._backlog.size

    @property
    def sending_pieces(self) -> bool:
        """Whether :meth:`take` has another piece to give of what :meth:`send_pieces` was given, or what is after it."""
        return self._backlog is not None

    @property
    def pending(self) -> bool:
        """Whether received data waits for another turn, or for the end of a pause: call ``receive(b"", now)`` then."""
        return bool(self._text or self._plain or self._wire or _has_more(self._inflater))

    @property
    def paused(self) -> bool:
        """Whether :meth:`pause` is in force: then a shell reads nothing."""
        return self._paused

    def pause(self) -> None:
        """Deliver nothing more behind the present event, until :meth:`resume`."""
        self._paused = True
        self._stop()
        self._watch_subnegotiation()

    def resume(self) -> None:
        """Go on after :meth:`pause`, with the next ``receive(b"", now)``."""
        self._paused = False

    def close(self) -> None:
        """End: deliver nothing more, and finish what is compressed.  What :meth:`take` gives is still to be sent."""
        if self.closed:
            return
        self._end_turn()
        self.stop_compressing()
        self.closed = True
        self._deadlines.clear()
        self._stop()
        self._wire = self._plain = self._text = b""
        self._inflater = None

    # Sending

    def write(self, data: bytes) -> None:
        """Send bytes as they are: ``IAC + GA``, or what :func:`~telnet.encode.subnegotiation` returned.

        ``TypeError`` if it is not ``bytes``.
        """
        if type(data) is not bytes:
            data = _bytes(data)
        if data and not self.closed:
            if self.check is not None:
                self.check()
            self._output.append(data)
            self._output_size += len(data)
            self._wake_up()

    def send_pieces(self, source: Source) -> None:
        """Send what a source gives, piece by piece, after all that was written before: a file, without filling memory.

        :param source: it is read from :meth:`take`, and closed at its end, or by :meth:`drop_pieces`.
        """
        if self.closed:
            return source.close()
        if self.check is not None:
            self.check()
        self._seal(flush=True)
        if self._backlog is None:
            self._backlog = Backlog()
        self._backlog.add(source, self._compressor)
        self._wake_up()

    def break_pieces(self) -> None:
        """While :attr:`sending_pieces`, have :meth:`take` return nothing, once, before what is written from now on."""
        if self._backlog is not None:
            self._seal()
            self._backlog.add_barrier()

    def drop_pieces(self) -> None:
        """Forget what was not taken yet, and close its sources: nothing can be sent any more."""
        if self._backlog is not None:
            self._backlog.clear()
            self._backlog = None

    def send(self, text: str) -> None:
        r"""Send text: encoded, with CR LF for ``\n``, and every byte 255 doubled.

        :raises TypeError: if ``text`` is not ``str``.
        """
        self.write(encode_text(text, self._encoding, binary=self._binary_output))

    def send_line(self, text: str = "") -> None:
        """Send text and a line end.  ``TypeError`` if it is not ``str``."""
        try:
            line = text + "\n"
        except TypeError:
            raise TypeError(not_text(text)) from None
        self.send(line)

    def prompt(self, text: str = "") -> None:
        """Send text that ends in the mark of a prompt: EOR if that is on, else GA unless SGA is on, else a line end.

        What is on counts, not what was offered, so this is right also while the peer has not answered yet.
        """
        if self._is_on(EOR):
            mark = _PROMPT_EOR
        elif not self._is_on(SGA):
            mark = _PROMPT_GA
        else:
            return self.send_line(text)
        self.send(text)
        self.write(mark)

    @property
    def encoding(self) -> str:
        """In which text is sent and read; what was received before a change is read in the old one.

        On a server it follows what the client says of itself, by NEW-ENVIRON or MTTS, until CHARSET (RFC 2066) agrees
        on one or the program sets it: that is final, whatever the client says then.

        Raises what :func:`~telnet.lines.lookup_encoding` raises.  Never set it to a name that the peer chose.
        """
        return self._encoding

    @encoding.setter
    def encoding(self, encoding: str) -> None:
        self._use_encoding(encoding)
        self._legacy_encoding = None

    @property
    def ayt_answer(self) -> str:
        """The line with which AYT (are you there?) is answered; empty for none.

        Set to None it is ``[Yes]`` for a server and empty for a client, to whose game the answer would be a line that
        its user has typed.  Where what is sent is no text, as in :attr:`raw` mode, leave it empty.  ``TypeError`` if it
        is neither ``str`` nor None.
        """
        return self._ayt_answer

    @ayt_answer.setter
    def ayt_answer(self, answer: str | None) -> None:
        if answer is None:
            answer = "[Yes]" if self.role is Role.SERVER else ""
        if not isinstance(answer, str):
            raise TypeError(f"ayt_answer must be str or None, not {type(answer).__name__}")
        self._ayt_answer = answer

    @property
    def nop_interval(self) -> float | None:
        """After how many seconds in which nothing was sent IAC NOP is; None for never.

        It keeps what stands between the ends, such as a router that translates addresses, from forgetting a connection
        on which nobody speaks, and finds a peer that is gone.  The first follows ``on_ready``; a client sends none
        until the server has shown that it speaks Telnet; and none is added to output that the peer does not take.  Some
        old clients show it as text, so it can be set at any time.

        :raises TypeError: if it is neither a number nor None.
        :raises ValueError: if it is not above 0.
        """
        return self._nop_interval

    @nop_interval.setter
    def nop_interval(self, interval: float | None) -> None:
        if self.check is not None:
            self.check()
        self._nop_interval = None if interval is None else _seconds("nop_interval", interval)
        if self.ready:
            self._expect_nop()

    @property
    def raw(self) -> bool:
        """Whether ``on_data`` is called with the bytes that come, as they come, instead of ``on_line`` with lines.

        For keys, and for what is no text.  It can be set between any two events.
        """
        return self._raw

    @raw.setter
    def raw(self, raw: bool) -> None:
        self._raw = raw
        self._decoder.stop()

    @property
    def edit_lines(self) -> bool:
        """Whether BS (8) and DEL (127) in a line erase the character before them, as ``IAC EC`` always does; nothing is
        drawn.

        For clients that send each key at once.  It is False at first, since other clients send these characters as
        text.  It can be set between any two events.
        """
        return self._decoder.edit_lines

    @edit_lines.setter
    def edit_lines(self, edit_lines: bool) -> None:
        self._decoder.edit_lines = edit_lines

    # What options call

    def emit(self, event: str, *arguments: Any) -> None:
        """Call the method ``event`` of the handler, if it has it, unless the session is closed."""
        if self.closed:
            return
        method = getattr(self._handler, event, None)
        if method is None:
            return
        try:
            method(*arguments)
        except Exception as exc:
            self._blame_program(exc)

    def emit_secret(self, event: str, *arguments: Any) -> None:
        """Call the method as :meth:`emit` does, with a secret: what it raises is logged without its text."""
        self._secret = True
        try:
            self.emit(event, *arguments)
        finally:
            self._secret = False

    def call(self, function: Callable[..., Result], *arguments: Any) -> Result | None:
        """Return what a function of the program returns; what it raises is treated as if a handler had raised it.

        None is returned when it raised.
        """
        try:
            return function(*arguments)
        except Exception as exc:
            self._blame_program(exc)
            return None

    def _blame_program(self, exc: Exception) -> None:
        if self._report is None:
            raise exc
        self._report(exc)

    def report_fault(self, option: bytes, reason: str, data: bytes) -> None:
        """Tell the handler that the peer broke a rule of an option, with an excerpt that holds no secret."""
        self.emit("on_protocol_error", f"{option_name(option)}: {reason}", self._excerpt(data))

    @property
    def hides_text(self) -> bool:
        """Whether what the peer sends now may be a secret: while its typing is hidden, and in a login by message.

        No text of it belongs into a log then.
        """
        return self._typing_hidden or self._secret or _find_secret(self._message) is not None

    def may_answer(self, command: bytes, option: bytes, size: int = 0) -> bool:
        """Return whether an answer to what the peer may ask again and again is to be sent, and count it.

        It shares what ``limits.negotiations`` allows; the handler hears of it when that is used up.

        :param command: what is answered: ``AYT``, or ``SB`` for a subnegotiation.
        :param option: the option that is asked, empty for a command.
        :param size: the length of the answer in bytes.
        """
        return self.negotiator.allow(command, option, self._now, 1 + size // _BYTES_OF_ANSWER)

    def decode(self, data: bytes, encoding: str | None = None) -> str:
        """Return the text in a message of the peer, read as its lines are.

        :param data: the bytes of the text.
        :param encoding: that of the protocol, where it prescribes one; None for that of the session.
        """
        return decode_text(data, encoding or self._encoding, self._fallback, sends_utf8=self._decoder.sends_utf8)

    def want_turn(self, option: Option) -> None:
        """Call the option's ``on_turn`` in the next :meth:`take`."""
        if not self.closed:
            if self.check is not None:
                self.check()
            self._turns[option] = None
            self._wake_up()

    def set_binary(self, side: Side, binary: bool) -> None:
        """Say whether text is sent (``LOCAL``) or read (``REMOTE``) without the line ends of the NVT (RFC 856)."""
        if side is Side.LOCAL:
            self._binary_output = binary
        else:
            self._decoder.binary = binary

    @property
    def compressing(self) -> bool:
        """Whether what is sent is compressed."""
        return self._compressor is not None

    @property
    def inflating(self) -> bool:
        """Whether what is received is compressed."""
        return self._inflater is not None

    def start_compressing(self, compressor: Compressor) -> None:
        """Compress what is written from now on; ``RuntimeError`` while it is already."""
        if self._compressor is not None:
            raise RuntimeError("what is sent is compressed already")
        self._seal()
        self._compressor = compressor

    def stop_compressing(self) -> None:
        """End the stream, if there is one; what is written from now on is plain."""
        if self._compressor is not None:
            self._seal()
            if self._backlog is None:
                self._sendable.append(self._compressor.finish())
            else:
                self._backlog.add_end(self._compressor)
            self._compressor = None
            self._wake_up()

    def start_inflating(self, option: Option, *, lenient: bool = False) -> bool:
        """Take what comes behind this subnegotiation for a compressed stream; False if it is one already."""
        if self._inflater is not None:
            return False
        self._inflater = Decompressor(
            max_output=self.limits.inflated, max_ratio=self.limits.inflate_ratio, lenient=lenient
        )
        self._inflating = option
        self._lenient = lenient
        self._parser.stop()
        return True

    # What the parser calls

    def on_data(self, data: bytes) -> None:
        """Application bytes (of the parser)."""
        self._text = data
        self._cut_lines()
        if self._text:
            self._parser.stop()

    def on_command(self, command: bytes) -> None:
        """IAC and a command (of the parser)."""
        self._count_command()
        if command in (EC, EL):
            self._erase(command)
        elif command in (GA, CMD_EOR) and self.role is Role.CLIENT:
            self.emit("on_prompt", self._decoder.flush())
        elif command == AYT and self._ayt_answer and self.may_answer(AYT, b"", len(self._ayt_answer)):
            self.send_line(self._ayt_answer)  # RFC 854: "some visible (i.e., printable) evidence"
        if command != NOP:
            self.emit("on_command", command)

    def on_option(self, command: bytes, option: bytes) -> None:
        """WILL, WONT, DO or DONT (of the parser)."""
        self._count_command()
        if self.negotiator.receive(command, option, self._now):
            return
        if command in (WILL, DO) and not self.negotiator.allow(command, option, self._now):
            return
        known = self._options.get(option)
        if known is not None:
            known.on_negotiation(command)
        elif command in (WILL, DO):
            self.write(negotiate(DONT if command == WILL else WONT, option))

    def on_subnegotiation(self, option: bytes, data: bytes) -> None:
        """A complete subnegotiation (of the parser)."""
        self._count_command()
        self._count_payload(len(data))
        known = self._options.get(option)
        self._message = data
        try:
            if known is None:
                self.emit("on_subnegotiation", option, data)
            elif known.unsolicited or any(self.negotiator.enabled(option, side) for side in Side):
                known.on_subnegotiation(data)
            else:
                self.report_fault(option, "subnegotiation of an option that is off", data)
        finally:
            self._message = b""

    def on_protocol_error(self, reason: str, data: bytes) -> None:
        """The peer broke a rule (of the parser)."""
        self._count_event()
        # What follows a line end was typed, perhaps, into a subnegotiation that the client did not end.
        shown = data[:1] + _LINE_END.split(self._excerpt(data[1:]), 1)[0]
        self.emit("on_protocol_error", reason, b"" if self._typing_hidden else shown)

    def _watch_subnegotiation(self) -> None:
        """Give the subnegotiation that has begun its time, and forget the one that had it before.

        In a pause nothing is read, which is no fault of the peer: it has all of its time when something is read again.
        """
        self._watched = 0 if self._paused or self.closed else self._parser.open_subnegotiation
        if self._watched:
            self._deadlines.set(self._give_up_subnegotiation, self._now + self.limits.subnegotiation_time)
        else:
            self._deadlines.drop(self._give_up_subnegotiation)

    def _give_up_subnegotiation(self) -> None:
        if self.pending:  # its end may be among what waits here for a turn
            return self._watch_subnegotiation()
        self._watched = 0
        self._parser.drop_subnegotiation()

    # What the line decoder calls

    def on_line(self, line: str) -> None:
        """A line of text (of the decoder)."""
        self._said_at = self._now
        self._events_left -= 1
        if self._events_left <= 0:
            self._stop()
        try:
            if not self.ready:
                self._become_ready()
        finally:  # the decoder has let go of the line, whatever on_ready raises
            if self._line_readers and any(option.on_line(line) for option in self._line_readers):
                self._count_payload(len(line))
            else:
                self.emit("on_line", line)

    def on_line_overflow(self, excerpt: bytes) -> None:
        """A line that is too long (of the decoder)."""
        self._count_event()
        self.emit("on_line_overflow", self._excerpt(excerpt))

    def on_erase(self, effort: int) -> None:
        """A key that erases (of the decoder)."""
        self._count_event()
        self._count_effort(effort)

    # What the negotiator calls

    def accepts_option(self, option: bytes, side: Side) -> bool:
        """Whether to agree (of the negotiator)."""
        known = self._options.get(option)
        return known is not None and known.accepts(side)

    def on_option_enabled(self, option: bytes, side: Side) -> None:
        """An option is on (of the negotiator)."""
        if (known := self._options.get(option)) is not None:
            known.on_enabled(side)
        self.emit("on_option_enabled", option, side)

    def on_option_disabled(self, option: bytes, side: Side) -> None:
        """An option is off (of the negotiator)."""
        if (known := self._options.get(option)) is not None:
            known.on_disabled(side)
        self.emit("on_option_disabled", option, side)

    def on_option_refused(self, option: bytes, side: Side) -> None:
        """The peer declined (of the negotiator)."""
        if (known := self._options.get(option)) is not None:
            known.on_refused(side)
        self.emit("on_option_refused", option, side)

    def on_negotiation_limit(self, command: bytes, option: bytes) -> None:
        """The peer negotiates too much (of the negotiator)."""
        self.emit("on_negotiation_limit", command, option)

    # Inside

    def _advance(self) -> None:
        while self._events_left > 0 and not (self._paused or self.closed):
            if self._text:
                self._cut_lines()
            elif self._plain:
                self._parse_plain()
            elif self._inflater is not None:
                if not (self._wire or _has_more(self._inflater)):
                    return
                if not self._inflate(self._inflater):
                    return
            elif self._wire and self._wire_left > 0:
                self._parse_wire()
            else:
                return

    def _cut_lines(self) -> None:
        if self._raw:
            return self._hand_over()
        try:
            self._decoder.feed(self._text)
        finally:
            self._text = self._text[self._decoder.consumed :]

    def _erase(self, command: bytes) -> None:
        if self._raw:  # then nothing is a line
            return
        if command == EC:
            self._count_effort(self._decoder.erase_character())
        else:
            self._decoder.erase_line()

    def _hand_over(self) -> None:
        if not self.ready:
            return self._become_ready()  # which may want lines, or a pause, so look again
        data, self._text = self._text, b""
        self._said_at = self._now
        self._count_event()
        self.emit("on_data", data)

    def _parse_plain(self) -> None:
        try:
            self._parser.feed(self._plain)
        finally:
            self._plain = self._plain[self._parser.consumed :]

    def _parse_wire(self) -> None:
        wire = self._wire
        consumed = 0
        try:
            consumed = self._parser.feed(wire if len(wire) <= self._wire_left else wire[: self._wire_left])
        except BaseException:
            consumed = self._parser.consumed
            raise
        finally:
            self._wire_left -= consumed
            self._wire = self._wire[consumed:]  # which a close has emptied

    def _inflate(self, stream: Decompressor) -> bool:
        """Inflate a piece, or leave a stream that is over; False where this turn has had its piece."""
        self._count_event()
        if stream.eof or stream.error:
            self._end_inflating(stream)
            return True
        if not self._may_inflate:
            return False
        self._may_inflate = False
        wire = b""
        if not stream.pending:
            wire, self._wire = self._wire[:_BYTES_OF_A_TURN], self._wire[_BYTES_OF_A_TURN:]
        self._plain = stream.decompress(wire)
        return True

    def _end_inflating(self, stream: Decompressor) -> None:
        """Everything that was inflated has been read: go on with what is behind the stream."""
        self._inflater = None
        self._wire = stream.unused_data + self._wire
        if stream.error and _begins_with_command(self._wire):
            return  # telnetlib3 5.0.1 says in plain what else it answers to the same read; the stream follows
        option, self._inflating = self._inflating, None
        # What never was a stream is plain; where one breaks off, nobody can tell where plain bytes would begin again.
        self.lost = bool(stream.error) and not stream.unused_data
        if option is not None:
            option.on_stream_end(stream.error)

    def _end_turn(self) -> None:
        turns, self._turns = self._turns, {}
        for option in turns:
            option.on_turn()

    def _stop(self) -> None:
        self._parser.stop()
        self._decoder.stop()

    @property
    def _typing_hidden(self) -> bool:
        return self.negotiator.state(ECHO, Side.LOCAL) is not State.NO

    def _excerpt(self, data: bytes) -> bytes:
        """Return what of a faulty message may be shown: its beginning, unless it may hold a secret."""
        if self._typing_hidden:  # a Latin-1 password may hold what looks like a subnegotiation
            return b""
        # An option may report a part of the message, and the word beside the secret stands in another.
        secret = _find_secret(data) or _find_secret(self._message)
        if secret is None:
            return data[:_EXCERPT]
        return b"Char.Login" if secret[1] else b""

    def _expect_nop(self) -> None:
        """Have NOP sent when nothing was for its interval."""
        if self._nop_interval is None or self.closed:
            self._deadlines.drop(self._send_nop)
        else:
            self._deadlines.set(self._send_nop, self._taken_at + self._nop_interval)

    def _send_nop(self) -> None:
        assert self._nop_interval is not None
        if self._now - self._taken_at >= self._nop_interval:
            self._taken_at = self._now  # or would have been
            if not (self._output_waits or self._output) and (self.role is Role.SERVER or self._telnet):
                self.write(_KEEPALIVE)
        self._expect_nop()

    def _count_command(self) -> None:
        self._telnet = True
        if self._inflating is not None and self._inflater is None:
            self.start_inflating(self._inflating, lenient=self._lenient)
        self._count_event()

    def _count_event(self) -> None:
        self._events_left -= 1
        if self._events_left <= 0:
            self._stop()

    def _count_payload(self, size: int) -> None:
        self._payload_left -= max(size, _LEAST_PAYLOAD)
        if self._payload_left <= 0:
            self._events_left = 0  # nothing is delivered after the present event in this turn
            self._stop()

    def _count_effort(self, size: int) -> None:
        if size:
            self._count_payload(size // _DECODED_A_PAYLOAD)

    def _is_on(self, option: bytes) -> bool:
        return self.negotiator.state(option, Side.LOCAL) is State.YES

    def _seal(self, *, flush: bool = False) -> None:
        """Move what was written to what goes out."""
        if not self._output:
            return
        output = b"".join(self._output)
        self._output.clear()
        self._output_size = 0
        if self._backlog is not None:
            return self._backlog.add_written(output, self._compressor)
        if self._compressor is not None:
            output = self._compressor.compress(output)
            if flush:
                output += self._compressor.flush()
        if output:
            self._sendable.append(output)

    def _take_piece(self, backlog: Backlog) -> None:
        self._seal()
        try:
            if piece := backlog.take():
                self._sendable.append(piece)
        finally:
            if not backlog:
                self._backlog = None

    def _wake_up(self) -> None:
        if self._output_size >= self._wake_at:
            self._wake_at = self._output_size + WAKE_EACH
            if self._wake is not None:
                self._wake()

    def _client_changed(self, name: str, value: Any) -> None:
        if name == "utf8":
            self._decoder.sends_utf8 = value is True
        if name in _SAYS_ENCODING:
            self._follow_client()
        self.emit("on_client", name, value)

    def _follow_client(self) -> None:
        """Have text in the encoding that the client says it understands."""
        if self._legacy_encoding is None:
            return
        said = self.client.said_encoding(self._own_encoding, self._legacy_encoding)
        if said != self._encoding:
            self._use_encoding(said)
            self.emit("on_charset", said)

    def _use_encoding(self, encoding: str) -> None:
        self._decoder.encoding = encoding
        self._encoding = self._decoder.encoding

    def _check_ready(self) -> None:
        if self.ready or self.closed or (self.role is Role.CLIENT and not self._spoken):
            return
        if not any(option.settling for option in self._options.values()):
            self._become_ready()

    def _become_ready(self) -> None:
        if not self.ready:
            self.ready = True
            self._deadlines.drop(self._become_ready)
            self._expect_nop()
            self.emit("on_ready")


def _find_secret(message: bytes) -> re.Match[bytes] | None:
    return _SECRET.search(message.lstrip(_SKIPPED)[:_SEARCHED].lower())


def _seconds(name: str, value: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name} must be a number of seconds or None, not {type(value).__name__}")
    if not value > 0:
        raise ValueError(f"{name} must be above 0, not {value!r}")
    return value


def _code(option: object) -> bytes:
    """Return the code of an option that is given by it, or by its class or an object of that."""
    code = option if isinstance(option, bytes) else getattr(option, "code", None)
    if not isinstance(code, bytes):
        example = r"session[GMCP] or session[b'\xc9']"
        raise TypeError(f"an option must be given as its class or its byte, as in {example}, not {option!r}")
    return code


def _bytes(data: object) -> bytes:
    if not isinstance(data, bytes | bytearray | memoryview):
        advice = "; send text with send()" if isinstance(data, str) else ""
        raise TypeError(f"write() takes bytes, not {type(data).__name__}{advice}")
    return bytes(data)


def _has_more(stream: Decompressor | None) -> bool:
    return stream is not None and (stream.pending or stream.eof or bool(stream.error))


def _begins_with_command(data: bytes) -> bool:
    return data[:1] == IAC != data[1:2]
