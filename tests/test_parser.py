"""The rules of the parser, one by one, for each implementation. That the two agree everywhere is in test_parity.py."""

from __future__ import annotations

import array
import copy
import gc
import importlib.util
import inspect
import pickle
import runpy
import sys
import weakref
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from allocations import traced
from recording import Recorder, merged, record

import telnet.parser
from telnet.constants import (
    AYT,
    DM,
    DO,
    DONT,
    ECHO,
    EXOPL,
    GA,
    GMCP,
    IAC,
    MCCP2,
    NAWS,
    NOP,
    SB,
    SE,
    SGA,
    TTYPE,
    WILL,
    WONT,
)
from telnet.events import Command, Data, Event, Option, ProtocolError, Subnegotiation

NO_OPTION = "subnegotiation without an option"
INTERRUPTED = "subnegotiation interrupted by a command"
TOO_LONG = "subnegotiation longer than max_subnegotiation"
ENDLESS = "subnegotiation without an end"

OPEN = IAC + SB
CLOSE = IAC + SE


class Boom(Exception):
    pass


def events(module: ModuleType, *chunks: bytes, limit: int = 65536) -> list[Event]:
    return [event for event, _ in record(module, chunks, limit)]


def every_cut(data: bytes) -> list[list[bytes]]:
    """The input whole, byte by byte, and in two pieces for every place to cut."""
    return [[data], [data[i : i + 1] for i in range(len(data))], *([data[:i], data[i:]] for i in range(1, len(data)))]


def parser_calling(module: ModuleType, **callbacks: Callable[..., object]) -> Any:
    return module.Parser(SimpleNamespace(**callbacks))


# --- data -------------------------------------------------------------------------------------------------------------


def test_plain_text_is_data(parser_module: ModuleType) -> None:
    assert events(parser_module, b"look\r\n") == [Data(b"look\r\n")]


def test_plain_bytes_are_handed_on_as_the_same_object(parser_module: ModuleType) -> None:
    received: list[bytes] = []
    chunk = b"You are standing in an open field."

    parser_calling(parser_module, on_data=received.append).feed(chunk)

    assert received[0] is chunk


def test_a_bytes_subclass_is_handed_on_as_bytes(parser_module: ModuleType) -> None:
    class Tagged(bytes):
        pass

    received: list[bytes] = []

    parser_calling(parser_module, on_data=received.append).feed(Tagged(b"abc"))

    assert received == [b"abc"]
    assert type(received[0]) is bytes


def test_nothing_is_no_event(parser_module: ModuleType) -> None:
    assert events(parser_module, b"", b"") == []


def test_an_escape_is_one_data_byte(parser_module: ModuleType) -> None:
    for chunks in every_cut(b"a\xff\xffb"):
        assert events(parser_module, *chunks) == [Data(b"a\xffb")]


def test_an_escape_alone_is_data(parser_module: ModuleType) -> None:
    assert events(parser_module, b"\xff\xff") == [Data(b"\xff")]


@pytest.mark.parametrize("text", [b"", b"a", b"ab" * 11, b"x" * 23, b"x" * 24, b"x" * 25, b"x" * 500])
def test_a_run_with_escapes_is_one_call(parser_module: ModuleType, text: bytes) -> None:
    recorder = Recorder().attach(parser_module)
    run = text + IAC + IAC + text + IAC + IAC + IAC + IAC + text

    recorder.feed(run + IAC + GA + run)

    undone = text + IAC + text + IAC + IAC + text
    assert recorder.events == [Data(undone), Command(GA), Data(undone)]


@pytest.mark.parametrize("before", range(20))
@pytest.mark.parametrize("after", [0, 1, 6, 7, 8, 9, 15, 16, 17, 24, 33])
def test_a_run_ends_at_an_iac_that_is_not_doubled_wherever_it_is(
    parser_module: ModuleType, before: int, after: int
) -> None:
    recorder = Recorder().attach(parser_module)
    run = IAC + IAC + b"x" * before + IAC + IAC

    recorder.feed(run + IAC + GA + run + b"y" * after)

    undone = IAC + b"x" * before + IAC
    assert recorder.events == [Data(undone), Command(GA), Data(undone + b"y" * after)]


@pytest.mark.parametrize("length", [1, 7, 8, 9, 31, 32, 33, 255, 256, 257, 600])
@pytest.mark.parametrize("escape", [b"a\xff\xff", b"\xff\xff\xff\xff", b"abcdefgh\xff\xff", b"x" * 31 + b"\xff\xff"])
def test_a_payload_with_many_escapes_is_undone(parser_module: ModuleType, escape: bytes, length: int) -> None:
    payload = escape.replace(IAC + IAC, IAC) * length

    for chunk in ([OPEN + GMCP + escape * length + CLOSE], [OPEN + GMCP, *[escape] * length, CLOSE]):
        assert events(parser_module, *chunk) == [Subnegotiation(GMCP, payload)]


def test_an_escape_cut_in_two_joins_the_run_behind_it(parser_module: ModuleType) -> None:
    recorder = Recorder().attach(parser_module)

    recorder.feed(b"a" + IAC)
    recorder.feed(IAC + b"b" + IAC + IAC + b"c")

    assert recorder.events == [Data(b"a"), Data(b"\xffb\xffc")]


def test_line_ends_are_left_alone(parser_module: ModuleType) -> None:
    assert events(parser_module, b"a\r\0b\r\nc\nd\r") == [Data(b"a\r\0b\r\nc\nd\r")]


def test_data_before_a_cut_off_iac_is_not_kept_back(parser_module: ModuleType) -> None:
    recorder = Recorder().attach(parser_module)

    recorder.feed(b"Password: " + IAC)

    assert recorder.events == [Data(b"Password: ")]


# --- commands and options ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [n for n in range(256) if n not in range(250, 256)])
def test_any_other_byte_after_iac_is_a_command(parser_module: ModuleType, number: int) -> None:
    command = bytes([number])

    for chunks in every_cut(b"a" + IAC + command + b"b"):
        assert events(parser_module, *chunks) == [Data(b"a"), Command(command), Data(b"b")]


@pytest.mark.parametrize("command", [WILL, WONT, DO, DONT])
@pytest.mark.parametrize("number", range(256))
def test_an_option_is_any_byte(parser_module: ModuleType, command: bytes, number: int) -> None:
    option = bytes([number])

    for chunks in every_cut(IAC + command + option + b"x"):
        assert events(parser_module, *chunks) == [Option(command, option), Data(b"x")]


def test_option_byte_255_is_not_an_escape(parser_module: ModuleType) -> None:
    assert events(parser_module, IAC + WILL + EXOPL + IAC + NOP) == [Option(WILL, EXOPL), Command(NOP)]


def test_a_stray_se_is_a_command(parser_module: ModuleType) -> None:
    assert events(parser_module, b"a" + IAC + SE + b"b") == [Data(b"a"), Command(SE), Data(b"b")]


def test_events_come_in_wire_order(parser_module: ModuleType) -> None:
    data = b"hel" + IAC + WILL + ECHO + b"lo\r\n" + IAC + AYT

    assert events(parser_module, data) == [Data(b"hel"), Option(WILL, ECHO), Data(b"lo\r\n"), Command(AYT)]


# --- subnegotiations --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("payload", [b"", b"\x00", b"\x00xterm", b"x" * 5000], ids=len)
def test_a_subnegotiation_is_delivered(parser_module: ModuleType, payload: bytes) -> None:
    data = b"a" + OPEN + TTYPE + payload + CLOSE + b"b"

    assert events(parser_module, data) == [Data(b"a"), Subnegotiation(TTYPE, payload), Data(b"b")]


@pytest.mark.parametrize("number", range(255))
def test_the_option_of_a_subnegotiation_is_any_byte(parser_module: ModuleType, number: int) -> None:
    option = bytes([number])

    for chunks in every_cut(OPEN + option + b"ab" + CLOSE):
        assert events(parser_module, *chunks) == [Subnegotiation(option, b"ab")]


def test_escapes_in_a_payload_are_undone(parser_module: ModuleType) -> None:
    for chunks in every_cut(OPEN + NAWS + b"\x00\xff\xff\x00\xff\xff" + CLOSE + b"x"):
        assert events(parser_module, *chunks) == [Subnegotiation(NAWS, b"\x00\xff\x00\xff"), Data(b"x")]


def test_an_escaped_iac_before_se_does_not_end_it(parser_module: ModuleType) -> None:
    for chunks in every_cut(OPEN + GMCP + IAC + IAC + SE + CLOSE):
        assert events(parser_module, *chunks) == [Subnegotiation(GMCP, IAC + SE)]


def test_doubled_iac_in_the_place_of_the_option_is_option_255(parser_module: ModuleType) -> None:
    for chunks in every_cut(OPEN + IAC + IAC + b"ab" + CLOSE):
        assert events(parser_module, *chunks) == [Subnegotiation(EXOPL, b"ab")]


def test_subnegotiation_without_an_option_is_an_error(parser_module: ModuleType) -> None:
    for chunks in every_cut(OPEN + CLOSE + b"text" + CLOSE):
        assert events(parser_module, *chunks) == [ProtocolError(NO_OPTION, b""), Data(b"text"), Command(SE)]


def test_command_in_the_place_of_the_option_is_read_outside(parser_module: ModuleType) -> None:
    for chunks in every_cut(OPEN + IAC + NOP + b"text"):
        assert events(parser_module, *chunks) == [ProtocolError(INTERRUPTED, b""), Command(NOP), Data(b"text")]


def test_command_in_a_payload_drops_it_and_is_read_outside(parser_module: ModuleType) -> None:
    for chunks in every_cut(OPEN + TTYPE + b"\x00xt" + IAC + NOP + b"erm" + CLOSE):
        assert events(parser_module, *chunks) == [
            ProtocolError(INTERRUPTED, TTYPE + b"\x00xt"),
            Command(NOP),
            Data(b"erm"),
            Command(SE),
        ]


def test_option_in_a_payload_is_read_outside(parser_module: ModuleType) -> None:
    for chunks in every_cut(OPEN + TTYPE + b"a" + IAC + WILL + ECHO + b"b"):
        assert events(parser_module, *chunks) == [
            ProtocolError(INTERRUPTED, TTYPE + b"a"),
            Option(WILL, ECHO),
            Data(b"b"),
        ]


def test_subnegotiation_in_a_payload_takes_its_place(parser_module: ModuleType) -> None:
    for chunks in every_cut(OPEN + TTYPE + b"a" + OPEN + NAWS + b"b" + CLOSE):
        assert events(parser_module, *chunks) == [
            ProtocolError(INTERRUPTED, TTYPE + b"a"),
            Subnegotiation(NAWS, b"b"),
        ]


def test_one_subnegotiation_leaves_nothing_to_the_next(parser_module: ModuleType) -> None:
    data = OPEN + TTYPE + b"a\xff\xff" + CLOSE + OPEN + GMCP + b"b\xff\xff" + CLOSE

    for chunks in every_cut(data):
        assert events(parser_module, *chunks) == [Subnegotiation(TTYPE, b"a\xff"), Subnegotiation(GMCP, b"b\xff")]


# --- the limit --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [0, 1, 2, 100])
def test_a_payload_of_exactly_the_limit_is_delivered(parser_module: ModuleType, limit: int) -> None:
    for chunks in every_cut(OPEN + GMCP + b"x" * limit + CLOSE):
        assert events(parser_module, *chunks, limit=limit) == [Subnegotiation(GMCP, b"x" * limit)]


@pytest.mark.parametrize("limit", [0, 1, 2, 100])
@pytest.mark.parametrize("more", [b"y", IAC + IAC, b"yz", b"y" + IAC + IAC + b"z"])
def test_a_payload_of_more_is_dropped_with_one_error(parser_module: ModuleType, limit: int, more: bytes) -> None:
    for chunks in every_cut(OPEN + GMCP + b"x" * limit + more + CLOSE + b"text"):
        assert events(parser_module, *chunks, limit=limit) == [
            ProtocolError(TOO_LONG, (GMCP + b"x" * limit)[:64]),
            Data(b"text"),
        ]


@pytest.mark.parametrize("limit", [0, 1, 2])
def test_an_escape_counts_as_one_byte(parser_module: ModuleType, limit: int) -> None:
    for chunks in every_cut(OPEN + GMCP + b"\xff\xff" * limit + CLOSE):
        assert events(parser_module, *chunks, limit=limit) == [Subnegotiation(GMCP, b"\xff" * limit)]


@pytest.mark.parametrize("byte", [b"x", IAC + IAC])
def test_the_error_comes_at_the_byte_that_exceeds_the_limit(parser_module: ModuleType, byte: bytes) -> None:
    before = OPEN + GMCP + b"xxxx" + byte

    for chunks in every_cut(before + b"more" + CLOSE):
        assert record(parser_module, chunks, limit=4) == [(ProtocolError(TOO_LONG, GMCP + b"xxxx"), len(before))]


def test_command_in_what_is_skipped_ends_it_without_a_second_error(parser_module: ModuleType) -> None:
    for chunks in every_cut(OPEN + GMCP + b"xx" + IAC + WILL + ECHO + b"text"):
        assert events(parser_module, *chunks, limit=1) == [
            ProtocolError(TOO_LONG, GMCP + b"x"),
            Option(WILL, ECHO),
            Data(b"text"),
        ]


class Liar(int):
    """An int that answers every comparison with what its maker likes, and calls itself another number."""

    def __lt__(self, other: object) -> bool:
        return False

    __gt__ = __le__ = __ge__ = __lt__

    def __int__(self) -> int:
        return 1 << 40

    __index__ = __int__


@pytest.mark.parametrize("value", [5, 1 << 70])
def test_a_limit_that_lies_is_taken_for_its_number(parser_module: ModuleType, value: int) -> None:
    parser = parser_module.Parser(object(), max_subnegotiation=Liar(value))
    assert (type(parser.max_subnegotiation), parser.max_subnegotiation) == (int, value)
    limit = min(value, 100)
    [*_, last] = events(parser_module, OPEN + GMCP + b"x" * 101 + CLOSE, limit=Liar(limit))
    assert isinstance(last, ProtocolError) is (limit < 101)


def test_a_negative_limit_that_lies_is_refused(parser_module: ModuleType) -> None:
    with pytest.raises(ValueError, match="max_subnegotiation must be 0 or more, not -1"):
        parser_module.Parser(object(), max_subnegotiation=Liar(-1))


@pytest.mark.parametrize("limit", [10**30, sys.maxsize])
def test_a_limit_may_be_larger_than_memory(parser_module: ModuleType, limit: int) -> None:
    parser = parser_module.Parser(object(), max_subnegotiation=limit)

    assert parser.max_subnegotiation == limit
    assert parser.feed(OPEN + GMCP + b"abc") == 6


def test_the_limit_is_65536_by_default(parser_module: ModuleType) -> None:
    assert parser_module.Parser(object()).max_subnegotiation == 65536


@pytest.mark.parametrize("excess", [0, 1, 2, 40, 100])
def test_an_excerpt_is_64_bytes_at_most(parser_module: ModuleType, excess: int) -> None:
    payload = bytes(range(62 + excess))

    expected = ProtocolError(INTERRUPTED, (GMCP + payload)[:64])
    assert events(parser_module, OPEN + GMCP + payload + IAC + NOP) == [expected, Command(NOP)]


def test_memory_is_bounded_by_the_limit(parser_module: ModuleType) -> None:
    def feed() -> object:
        parser = parser_module.Parser(SimpleNamespace(on_subnegotiation=lambda *_: None), max_subnegotiation=limit)
        parser.feed(OPEN + GMCP)
        for _ in range(16384):
            parser.feed(chunk)
        return parser

    limit = 16384
    chunk = b"x" * 64

    _, peak = traced(feed)

    assert peak < 3 * limit  # the payload, and the larger buffer that it is moved to


def test_a_large_payload_is_not_kept_afterwards(parser_module: ModuleType) -> None:
    def feed() -> object:
        parser = parser_module.Parser(object())
        parser.feed(OPEN + GMCP + b"x" * 60000)
        parser.feed(CLOSE)
        return parser

    held, _ = traced(feed)

    assert held < 2000


# --- the handler ------------------------------------------------------------------------------------------------------

ONE_OF_EACH = b"text" + IAC + GA + IAC + DO + SGA + OPEN + GMCP + b"x" + CLOSE + OPEN + CLOSE + b"te\xff\xffxt"
CALLBACKS = ("on_data", "on_command", "on_option", "on_subnegotiation", "on_protocol_error")


@pytest.mark.parametrize("absent", CALLBACKS)
def test_an_absent_method_costs_no_other_event(parser_module: ModuleType, absent: str) -> None:
    data = ONE_OF_EACH + OPEN + GMCP + IAC + DM
    kinds = dict(zip(CALLBACKS, (Data, Command, Option, Subnegotiation, ProtocolError), strict=True))
    expected = [event for event in events(parser_module, data) if not isinstance(event, kinds[absent])]

    for chunks in every_cut(data):
        assert events_without(absent, parser_module, chunks) == expected


def events_without(absent: str, module: ModuleType, chunks: list[bytes]) -> list[Event]:
    recorder = Recorder()
    setattr(recorder, absent, None)
    recorder.attach(module)
    for chunk in chunks:
        recorder.feed(chunk)
    return [event for event, _ in merged(recorder.log)]


def test_a_handler_without_methods_is_no_error(parser_module: ModuleType) -> None:
    for chunks in every_cut(ONE_OF_EACH + OPEN + GMCP + b"xx" + IAC + NOP):
        parser = parser_module.Parser(object(), max_subnegotiation=1)

        assert [parser.feed(chunk) for chunk in chunks] == [len(chunk) for chunk in chunks]


def test_none_counts_as_absent(parser_module: ModuleType) -> None:
    parser = parser_module.Parser(SimpleNamespace(**dict.fromkeys(CALLBACKS)))

    assert parser.feed(ONE_OF_EACH) == len(ONE_OF_EACH)


@pytest.mark.parametrize("name", CALLBACKS)
def test_a_method_that_cannot_be_called_is_refused(parser_module: ModuleType, name: str) -> None:
    with pytest.raises(TypeError, match=rf"^{name} of the handler must be callable, not int$"):
        parser_module.Parser(SimpleNamespace(**{name: 5}))


def test_methods_are_looked_up_once(parser_module: ModuleType) -> None:
    first: list[bytes] = []
    handler = SimpleNamespace(on_data=first.append)
    parser = parser_module.Parser(handler)
    handler.on_data = None

    parser.feed(b"abc")

    assert first == [b"abc"]


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (-1, ValueError, "max_subnegotiation must be 0 or more, not -1"),
        (True, TypeError, "max_subnegotiation must be an int, not bool"),
        (1.5, TypeError, "max_subnegotiation must be an int, not float"),
        (None, TypeError, "max_subnegotiation must be an int, not NoneType"),
        ("1", TypeError, "max_subnegotiation must be an int, not str"),
    ],
)
def test_a_limit_that_makes_no_sense_is_refused(
    parser_module: ModuleType, value: object, error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=rf"^{text}$"):
        parser_module.Parser(object(), max_subnegotiation=value)


def test_the_limit_is_a_keyword(parser_module: ModuleType) -> None:
    with pytest.raises(TypeError):
        parser_module.Parser(object(), 100)


# --- consumed and stop ------------------------------------------------------------------------------------------------


def test_consumed_is_up_to_and_including_the_event(parser_module: ModuleType) -> None:
    data = b"ab" + IAC + GA + b"\xff\xffc" + IAC + WILL + ECHO + OPEN + GMCP + b"x" + CLOSE + OPEN + CLOSE + b"z" + IAC

    assert record(parser_module, [data]) == [
        (Data(b"ab"), 2),
        (Command(GA), 4),
        (Data(b"\xffc"), 7),
        (Option(WILL, ECHO), 10),
        (Subnegotiation(GMCP, b"x"), 16),
        (ProtocolError(NO_OPTION, b""), 20),
        (Data(b"z"), 21),
    ]


def test_an_interrupting_command_is_not_consumed_at_the_error(parser_module: ModuleType) -> None:
    for chunks in every_cut(OPEN + GMCP + b"x" + IAC + NOP):
        assert record(parser_module, chunks) == [(ProtocolError(INTERRUPTED, GMCP + b"x"), 5), (Command(NOP), 6)]


def test_consumed_is_0_before_the_first_feed(parser_module: ModuleType) -> None:
    assert parser_module.Parser(object()).consumed == 0


def test_consumed_is_that_of_the_latest_feed(parser_module: ModuleType) -> None:
    parser = parser_module.Parser(object())
    parser.feed(b"abcdef")

    parser.feed(b"ab")

    assert parser.consumed == 2


def stopping_at(module: ModuleType, kind: type[Event]) -> Recorder:
    """A recorder that stops its parser at each event of one kind."""

    class Stopper(Recorder):
        def record(self, event: Event) -> None:
            super().record(event)
            if isinstance(event, kind):
                self.parser.stop()

    return Stopper().attach(module)


@pytest.mark.parametrize("kind", [Data, Command, Option, Subnegotiation, ProtocolError])
def test_stop_returns_after_this_event_and_the_rest_can_be_fed(parser_module: ModuleType, kind: type[Event]) -> None:
    data = ONE_OF_EACH + OPEN + GMCP + b"x" + IAC + GA
    whole = record(parser_module, [data])
    recorder = stopping_at(parser_module, kind)
    returned = [0]

    while returned[-1] < len(data):
        recorder.offset = returned[-1]
        returned.append(returned[-1] + recorder.parser.feed(data[returned[-1] :]))

    assert recorder.log == whole
    assert {consumed for event, consumed in whole if isinstance(event, kind)} <= set(returned)


def test_what_is_behind_an_mccp_start_belongs_to_the_caller(parser_module: ModuleType) -> None:
    start = OPEN + MCCP2 + CLOSE
    recorder = stopping_at(parser_module, Subnegotiation)

    consumed = recorder.parser.feed(b"ab" + start + b"\x78\x9c\xff\xfa")

    assert consumed == recorder.parser.consumed == 2 + len(start)
    assert recorder.events == [Data(b"ab"), Subnegotiation(MCCP2, b"")]


def test_stop_at_data_leaves_the_sequence_behind_it(parser_module: ModuleType) -> None:
    recorder = stopping_at(parser_module, Data)

    assert recorder.parser.feed(b"ab" + IAC) == 2
    assert recorder.parser.feed(IAC) == 1
    assert recorder.parser.feed(GA) == 1
    assert recorder.events == [Data(b"ab"), Command(GA)]


def test_stop_at_an_interruption_may_consume_nothing(parser_module: ModuleType) -> None:
    recorder = stopping_at(parser_module, ProtocolError)
    recorder.parser.feed(OPEN + GMCP + IAC)

    assert recorder.parser.feed(GA) == 0
    assert recorder.parser.feed(GA) == 1
    assert recorder.events == [ProtocolError(INTERRUPTED, GMCP), Command(GA)]


def test_stop_outside_of_feed_does_nothing(parser_module: ModuleType) -> None:
    parser = parser_module.Parser(object())
    parser.stop()

    assert parser.feed(ONE_OF_EACH) == len(ONE_OF_EACH)


# --- reset ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "partial",
    [IAC, IAC + WILL, OPEN, OPEN + IAC, OPEN + GMCP, OPEN + GMCP + b"x", OPEN + GMCP + b"x" + IAC],
)
def test_reset_forgets_a_partial_sequence(parser_module: ModuleType, partial: bytes) -> None:
    recorder = Recorder().attach(parser_module)
    recorder.feed(partial)

    recorder.parser.reset()
    recorder.feed(SE + OPEN + GMCP + b"y\xff\xff" + CLOSE)

    assert recorder.events == [Data(SE), Subnegotiation(GMCP, b"y\xff")]


@pytest.mark.parametrize("tail", [b"xx", b"xx" + IAC])
def test_reset_forgets_what_was_being_skipped(parser_module: ModuleType, tail: bytes) -> None:
    recorder = Recorder().attach(parser_module, limit=1)
    recorder.feed(OPEN + GMCP + tail)

    recorder.parser.reset()
    recorder.feed(SE)

    assert recorder.events == [ProtocolError(TOO_LONG, GMCP + b"x"), Data(SE)]


def resetting(module: ModuleType, limit: int = 65536) -> Recorder:
    class Resetter(Recorder):
        def record(self, event: Event) -> None:
            super().record(event)
            self.parser.reset()

    return Resetter().attach(module, limit)


def test_reset_at_an_interruption_makes_the_command_plain_text(parser_module: ModuleType) -> None:
    recorder = resetting(parser_module)

    recorder.feed(OPEN + GMCP + b"x" + IAC + GA + b"ab")

    assert recorder.events == [ProtocolError(INTERRUPTED, GMCP + b"x"), Data(GA + b"ab")]


def test_reset_at_an_overflow_makes_the_rest_plain_text(parser_module: ModuleType) -> None:
    recorder = resetting(parser_module, limit=1)

    recorder.feed(OPEN + GMCP + b"xyz" + CLOSE)

    assert recorder.events == [ProtocolError(TOO_LONG, GMCP + b"x"), Data(b"z"), Command(SE)]


def test_reset_at_any_other_event_changes_nothing(parser_module: ModuleType) -> None:
    recorder = resetting(parser_module)

    recorder.feed(ONE_OF_EACH)

    assert recorder.log == record(parser_module, [ONE_OF_EACH])


# --- a subnegotiation that is open ------------------------------------------------------------------------------------

# What has begun, and what is shown of it when it is dropped.
OPENED = {
    "no option yet": (OPEN, b""),
    "an IAC in the place of the option": (OPEN + IAC, b""),
    "an option": (OPEN + GMCP, GMCP),
    "a payload": (OPEN + GMCP + b"x" * 70, GMCP + b"x" * 63),
    "an IAC in the payload": (OPEN + GMCP + b"x" + IAC, GMCP + b"x"),
    "one that is skipped": (OPEN + GMCP + b"x" * 101, GMCP),
    "an IAC in one that is skipped": (OPEN + GMCP + b"x" * 101 + IAC, GMCP),
    "option 255": (OPEN + IAC + IAC + b"x", IAC + b"x"),
}

every_opened = pytest.mark.parametrize(("opened", "excerpt"), OPENED.values(), ids=OPENED)


@every_opened
def test_a_subnegotiation_is_open_from_its_beginning_to_its_end(
    parser_module: ModuleType, opened: bytes, excerpt: bytes
) -> None:
    parser = parser_module.Parser(object(), max_subnegotiation=100)
    seen = []
    for byte in b"text" + opened + (SE if opened.endswith(IAC) else CLOSE) + b"text" + IAC + GA:
        parser.feed(bytes([byte]))
        seen.append(parser.open_subnegotiation)

    assert seen == [0] * 5 + [1] * (len(seen) - 12) + [0] * 7


def test_nothing_else_that_is_cut_off_is_an_open_subnegotiation(parser_module: ModuleType) -> None:
    parser = parser_module.Parser(object())

    for chunk in (b"text", IAC, WILL, ECHO, IAC, GA, OPEN + GMCP + b"x" + CLOSE, IAC + DO):
        parser.feed(chunk)
        assert parser.open_subnegotiation == 0


@pytest.mark.parametrize("end", [CLOSE, IAC + GA, IAC + DO + ECHO, b"x" * 101 + CLOSE], ids=repr)
def test_the_next_subnegotiation_that_is_open_has_another_number(parser_module: ModuleType, end: bytes) -> None:
    parser = parser_module.Parser(object(), max_subnegotiation=100)
    parser.feed(OPEN + GMCP + b"x")
    first = parser.open_subnegotiation

    parser.feed(b"y")
    assert parser.open_subnegotiation == first

    parser.feed(end + OPEN + GMCP)
    assert parser.open_subnegotiation not in (0, first)


@every_opened
def test_what_is_dropped_is_reported_once_and_the_rest_is_stream(
    parser_module: ModuleType, opened: bytes, excerpt: bytes
) -> None:
    recorder = Recorder().attach(parser_module, limit=100)
    recorder.feed(opened)
    before = recorder.events

    recorder.parser.drop_subnegotiation()
    recorder.parser.drop_subnegotiation()

    assert recorder.events == [*before, ProtocolError(ENDLESS, excerpt)]
    assert recorder.parser.open_subnegotiation == 0
    recorder.log.clear()
    recorder.feed((GA if opened.endswith(IAC) else b"") + b"look" + OPEN + NAWS + b"1234" + CLOSE)
    assert recorder.events == [Command(GA)] * opened.endswith(IAC) + [Data(b"look"), Subnegotiation(NAWS, b"1234")]


@pytest.mark.parametrize(("rest", "expected"), [(IAC, Data(IAC)), (SE, Command(SE)), (WILL + ECHO, Option(WILL, ECHO))])
def test_an_iac_before_the_drop_keeps_what_follows_it(parser_module: ModuleType, rest: bytes, expected: Event) -> None:
    recorder = Recorder().attach(parser_module)
    recorder.feed(OPEN + GMCP + b"x" + IAC)

    recorder.parser.drop_subnegotiation()
    recorder.feed(rest)

    assert recorder.events[1:] == [expected]


@pytest.mark.parametrize("begun", [b"", b"text", IAC, IAC + WILL, OPEN + GMCP + CLOSE], ids=repr)
def test_where_nothing_is_open_nothing_is_dropped(parser_module: ModuleType, begun: bytes) -> None:
    recorder = Recorder().attach(parser_module)
    recorder.feed(begun)

    recorder.parser.drop_subnegotiation()
    recorder.feed(ECHO + b"look")

    assert [event for event, _ in merged(recorder.log)] == events(parser_module, begun, ECHO + b"look")


def test_a_drop_at_an_overflow_makes_the_rest_plain_text(parser_module: ModuleType) -> None:
    class Dropper(Recorder):
        def record(self, event: Event) -> None:
            super().record(event)
            self.parser.drop_subnegotiation()

    recorder = Dropper().attach(parser_module, limit=1)

    recorder.feed(OPEN + GMCP + b"xyz" + CLOSE)

    assert recorder.log == [
        (ProtocolError(TOO_LONG, GMCP + b"x"), 5),
        (ProtocolError(ENDLESS, GMCP), 5),
        (Data(b"z"), 6),
        (Command(SE), 8),
    ]


def test_a_callback_of_a_drop_may_raise_and_may_not_feed(parser_module: ModuleType) -> None:
    class Raiser(Recorder):
        def on_protocol_error(self, reason: str, data: bytes) -> None:
            with pytest.raises(RuntimeError, match=r"^feed\(\) called from inside a callback of the same parser$"):
                self.parser.feed(b"x")
            raise Boom

    recorder = Raiser().attach(parser_module)
    recorder.feed(OPEN + GMCP)

    with pytest.raises(Boom):
        recorder.parser.drop_subnegotiation()

    recorder.feed(b"look")
    assert recorder.events == [Data(b"look")]


def test_a_drop_needs_no_handler(parser_module: ModuleType) -> None:
    parser = parser_module.Parser(object())
    parser.feed(OPEN + GMCP + b"x")

    parser.drop_subnegotiation()

    assert parser.open_subnegotiation == 0


# --- exceptions and re-entry ------------------------------------------------------------------------------------------


def raising_at(module: ModuleType, number: int) -> Recorder:
    class Raiser(Recorder):
        def record(self, event: Event) -> None:
            super().record(event)
            if len(self.log) == number + 1:
                raise Boom

    return Raiser().attach(module)


@pytest.mark.parametrize("number", range(6))
def test_an_exception_leaves_feed_and_the_rest_can_be_fed(parser_module: ModuleType, number: int) -> None:
    whole = record(parser_module, [ONE_OF_EACH])
    recorder = raising_at(parser_module, number)

    with pytest.raises(Boom):
        recorder.parser.feed(ONE_OF_EACH)
    recorder.offset = recorder.parser.consumed
    recorder.feed(ONE_OF_EACH[recorder.offset :])

    assert recorder.offset == len(ONE_OF_EACH)
    assert recorder.log == whole


def test_a_stop_before_an_exception_does_not_outlive_it(parser_module: ModuleType) -> None:
    def stop_and_raise(command: bytes) -> None:
        parser.stop()
        raise Boom

    parser = parser_calling(parser_module, on_command=stop_and_raise)
    with pytest.raises(Boom):
        parser.feed(IAC + GA)

    assert parser.feed(b"abc") == 3


def test_another_parser_may_be_fed_inside_a_callback(parser_module: ModuleType) -> None:
    inner = Recorder().attach(parser_module)
    outer = parser_calling(parser_module, on_data=inner.feed)

    outer.feed(b"a" + IAC + IAC + GA + b"b")  # what is escaped for the outer one is a command for the inner one

    assert inner.events == [Data(b"a"), Command(GA), Data(b"b")]


# --- what can be fed --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind",
    [
        bytearray,
        memoryview,
        lambda data: array.array("B", data),
        lambda data: memoryview(b"<<" + data + b">>")[2:-2],
        lambda data: memoryview(data).cast("B", (2, len(data) // 2)),
    ],
)
@pytest.mark.parametrize("data", [b"text" * 10, b"te\xff\xffxt" + IAC + GA, OPEN + NAWS + b"\0\x50\0\x18\0" + CLOSE])
def test_any_contiguous_buffer_can_be_fed(parser_module: ModuleType, kind: Any, data: bytes) -> None:
    recorder = Recorder().attach(parser_module)

    assert recorder.parser.feed(kind(data)) == len(data)
    assert recorder.log == record(parser_module, [data])


def test_items_of_more_than_a_byte_are_counted_as_bytes(parser_module: ModuleType) -> None:
    recorder = Recorder().attach(parser_module)

    assert recorder.parser.feed(array.array("I", b"abcdefgh")) == 8
    assert recorder.events == [Data(b"abcdefgh")]


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_an_empty_buffer_can_be_fed(parser_module: ModuleType, kind: Any) -> None:
    assert parser_module.Parser(object()).feed(kind(b"")) == 0


def test_data_may_be_given_by_name(parser_module: ModuleType) -> None:
    assert parser_module.Parser(object()).feed(data=b"abc") == 3


@pytest.mark.parametrize("view", [memoryview(b"abcdef")[::2], memoryview(b"abc")[::-1]])
def test_a_buffer_with_gaps_is_refused(parser_module: ModuleType, view: memoryview) -> None:
    with pytest.raises(BufferError, match=r"^data must be contiguous, as bytes\(data\) is$"):
        parser_module.Parser(object()).feed(view)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("text", "data must be bytes-like, not str: encode text before feeding it"),
        (5, "data must be bytes-like, not int"),
        (None, "data must be bytes-like, not NoneType"),
        ([1, 2], "data must be bytes-like, not list"),
    ],
)
def test_what_is_not_bytes_is_refused(parser_module: ModuleType, value: object, text: str) -> None:
    with pytest.raises(TypeError, match=rf"^{text}$"):
        parser_module.Parser(object()).feed(value)


def test_a_refused_feed_changes_nothing(parser_module: ModuleType) -> None:
    recorder = Recorder().attach(parser_module)
    recorder.feed(b"a" + IAC)

    with pytest.raises(TypeError):
        recorder.parser.feed("text")

    assert recorder.parser.consumed == 2
    recorder.feed(GA)
    assert recorder.events == [Data(b"a"), Command(GA)]


# --- the faults of an older parser ------------------------------------------------------------------------------------


def test_text_behind_a_subnegotiation_is_not_part_of_it(parser_module: ModuleType) -> None:  # B1, B2
    assert events(parser_module, OPEN + TTYPE + b"\0xterm" + CLOSE + b"hello") == [
        Subnegotiation(TTYPE, b"\0xterm"),
        Data(b"hello"),
    ]


def test_a_subnegotiation_at_the_end_of_a_chunk_is_delivered_once(parser_module: ModuleType) -> None:  # B3
    assert events(parser_module, OPEN + TTYPE + CLOSE, b"A", b"B") == [Subnegotiation(TTYPE, b""), Data(b"AB")]


def test_a_chunk_may_end_with_an_iac_inside_a_subnegotiation(parser_module: ModuleType) -> None:  # B4
    assert events(parser_module, OPEN + TTYPE + b"\0xt" + IAC) == []


def test_a_chunk_may_end_with_an_escape_inside_a_subnegotiation(parser_module: ModuleType) -> None:  # B5
    recorder = Recorder().attach(parser_module)
    recorder.feed(OPEN + TTYPE + b"ab" + IAC + IAC)
    assert recorder.events == []

    recorder.feed(b"c" + CLOSE)

    assert recorder.events == [Subnegotiation(TTYPE, b"ab\xffc")]


def test_a_missing_se_swallows_no_commands(parser_module: ModuleType) -> None:  # B6
    assert events(parser_module, OPEN + TTYPE + b"a" + IAC + AYT + b"b")[1:] == [Command(AYT), Data(b"b")]


@pytest.mark.parametrize("close_at", [Option, Command])
def test_nothing_is_parsed_behind_a_stop(parser_module: ModuleType, close_at: type[Event]) -> None:  # B10
    recorder = stopping_at(parser_module, close_at)

    recorder.parser.feed(IAC + WILL + ECHO + IAC + GA + b"hello")

    assert isinstance(recorder.events[-1], close_at)


# --- the object -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, *(lambda p, n=n: pickle.dumps(p, n) for n in range(6))]
)
def test_a_parser_cannot_be_copied_or_pickled(parser_module: ModuleType, duplicate: Callable[[object], object]) -> None:
    with pytest.raises(TypeError, match=r"^cannot copy or pickle a Parser: it belongs to one connection$"):
        duplicate(parser_module.Parser(object()))


def test_a_parser_cannot_be_subclassed(parser_module: ModuleType) -> None:
    with pytest.raises(TypeError, match=r"^type 'telnet\._parser(_py)?\.Parser' is not an acceptable base type$"):
        type("Sub", (parser_module.Parser,), {})


def test_a_parser_is_initialised_once(parser_module: ModuleType) -> None:
    parser = parser_module.Parser(object(), max_subnegotiation=5)

    with pytest.raises(RuntimeError, match=r"^__init__\(\) called a second time: make a new Parser$"):
        parser.__init__(object())

    assert parser.max_subnegotiation == 5


@pytest.mark.parametrize("name", ["consumed", "max_subnegotiation", "open_subnegotiation", "surprise"])
def test_no_attribute_can_be_set(parser_module: ModuleType, name: str) -> None:
    with pytest.raises(AttributeError):
        setattr(parser_module.Parser(object()), name, 1)


@pytest.mark.parametrize("name", ["drop_subnegotiation", "feed", "stop", "reset"])
def test_methods_are_documented_and_have_signatures(parser_module: ModuleType, name: str) -> None:
    method = getattr(parser_module.Parser, name)

    assert method.__doc__
    assert list(inspect.signature(method).parameters) == (["self", "data"] if name == "feed" else ["self"])


def test_a_parser_and_its_handler_are_collected(parser_module: ModuleType) -> None:
    class Connection:
        def __init__(self) -> None:
            self.parser = parser_module.Parser(self)

        def on_data(self, data: bytes) -> None:
            raise AssertionError

    dead = weakref.ref(Connection())
    gc.collect()

    assert dead() is None


# --- which implementation ---------------------------------------------------------------------------------------------


def test_each_implementation_says_which_it_is(parser_module: ModuleType) -> None:
    assert (
        parser_module.IMPLEMENTATION
        == {"_parser": "cython", "_parser_py": "python"}[parser_module.__name__.rpartition(".")[2]]
    )


def selected(monkeypatch: pytest.MonkeyPatch, value: str | None) -> str:
    if value is None:
        monkeypatch.delenv("TELNET_PURE_PYTHON", raising=False)
    else:
        monkeypatch.setenv("TELNET_PURE_PYTHON", value)
    namespace = runpy.run_path(str(telnet.parser.__file__))
    return str(namespace["IMPLEMENTATION"])


@pytest.mark.parametrize("value", [None, "", "0"])
def test_the_extension_is_the_default(monkeypatch: pytest.MonkeyPatch, value: str | None) -> None:
    built = importlib.util.find_spec("telnet._parser") is not None

    assert selected(monkeypatch, value) == ("cython" if built else "python")


def test_the_environment_selects_the_twin(monkeypatch: pytest.MonkeyPatch) -> None:
    assert selected(monkeypatch, "1") == "python"


def test_without_the_extension_the_twin_is_selected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "telnet._parser", None)

    assert selected(monkeypatch, None) == "python"


def test_an_extension_that_is_broken_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "telnet._parser", None)
    monkeypatch.setattr(sys, "meta_path", [Broken()])
    monkeypatch.delitem(sys.modules, "telnet._parser")

    with pytest.raises(OSError, match="^unreadable$"):
        selected(monkeypatch, None)


class Broken:
    """A finder for which the extension is there, and cannot be read."""

    def find_spec(self, *args: object) -> None:
        raise OSError("unreadable")


def test_every_callback_is_described(parser_module: ModuleType) -> None:
    described = {name for name in vars(telnet.parser.Handler) if name.startswith("on_")}

    assert described == set(CALLBACKS)
