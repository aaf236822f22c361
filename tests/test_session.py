"""The session: what reaches the handler, in which order, and what is sent; every rule over both parsers."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from session_support import Pair, Recorder, deliver, every_cut, served

from telnet import Limits, escape, negotiate, subnegotiation
from telnet.constants import (
    AYT,
    CMD_EOR,
    DO,
    DONT,
    EC,
    EL,
    GA,
    GMCP,
    IAC,
    IP,
    LOGOUT,
    NOP,
    STATUS,
    TIMING_MARK,
    WILL,
    WONT,
)
from telnet.constants import ECHO as ECHO_CODE
from telnet.constants import EOR as EOR_CODE
from telnet.constants import NAWS as NAWS_CODE
from telnet.negotiation import Side
from telnet.options import BINARY, CHARSET, ECHO, EOR, MCCP2, MCCP3, NAWS, SGA, TTYPE, Option, Role
from telnet.session import WAKE_EACH, Session

START_MCCP2 = subnegotiation(MCCP2.code, b"")
START_MCCP3 = subnegotiation(MCCP3.code, b"")
READY = ("on_ready",)


@pytest.fixture(autouse=True)
def parser(parser_module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("telnet.session.Parser", parser_module.Parser)


class Failing:
    """A handler whose every line fails."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def on_line(self, line: str) -> None:
        self.lines.append(line)
        raise ValueError(line)


class Scripted:
    """A handler that does with each line what the test says, and writes it down."""

    def __init__(self) -> None:
        self.session: Session
        self.lines: list[str] = []
        self.actions: dict[str, Any] = {}

    def on_line(self, line: str) -> None:
        self.lines.append(line)
        if line in self.actions:
            self.actions[line]()


def scripted(**settings: Any) -> Scripted:
    handler = Scripted()
    handler.session = Session(handler, **settings)
    handler.session.start(0.0)
    handler.session.take()
    return handler


# The beginning


def test_server_opens_with_its_options_in_their_order() -> None:
    session, _ = served((TTYPE, NAWS, EOR))

    assert session.take() == negotiate(DO, TTYPE.code) + negotiate(DO, NAWS_CODE) + negotiate(WILL, EOR_CODE)


def test_client_says_nothing_before_it_is_asked() -> None:
    session, _ = served((TTYPE, NAWS, EOR), role=Role.CLIENT)

    assert session.take() == b""


def test_options_are_offered_before_the_handler_writes() -> None:
    class Greeter:
        def on_connect(self) -> None:
            session.send_line("Welcome")

    session = Session(Greeter(), (EOR,))
    session.start(0.0)

    assert session.take() == negotiate(WILL, EOR_CODE) + b"Welcome\r\n"


def test_a_session_starts_once() -> None:
    session, _ = served(())

    with pytest.raises(RuntimeError, match=r"start\(\) was called before"):
        session.start(0.0)


@pytest.mark.parametrize("bad", ["NAWS", 31, int, object()])
def test_what_is_no_option_is_refused_with_its_name(bad: Any) -> None:
    with pytest.raises(TypeError, match="options must be classes or instances of Option, not"):
        Session(object(), (bad,))


def test_an_option_without_a_code_is_refused() -> None:
    class Nameless(Option):
        pass

    with pytest.raises(TypeError, match="the code of Nameless must be bytes of length 1, not None"):
        Session(object(), (Nameless,))


def test_an_option_given_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="option NAWS is given twice"):
        Session(object(), (NAWS, NAWS(100, 30)))


def test_an_option_is_found_by_its_class_and_by_its_code() -> None:
    session, _ = served((NAWS,))

    assert session[NAWS] is session[NAWS_CODE] is session.options[NAWS_CODE]


def test_an_option_that_is_not_spoken_is_named() -> None:
    session, _ = served(())

    assert session.get(NAWS) is None
    with pytest.raises(KeyError, match="NAWS is not spoken on this connection: list it in its options"):
        session[NAWS]


# Ready


def test_ready_at_once_when_there_is_nothing_to_settle() -> None:
    _, handler = served(())

    assert handler.events == [("on_connect",), READY]


def test_ready_when_everything_asked_is_answered() -> None:
    session, handler = served((NAWS, EOR))
    assert READY not in handler.events

    deliver(session, negotiate(WONT, NAWS_CODE))
    assert READY not in handler.events
    deliver(session, negotiate(DO, EOR_CODE))

    assert handler.events[-1] == READY
    assert session.deadline is None


def test_ready_waits_for_the_answer_that_follows_an_agreement() -> None:
    session, handler = served((NAWS,), negotiate(WILL, NAWS_CODE))
    assert READY not in handler.events

    deliver(session, subnegotiation(NAWS_CODE, b"\x00\x64\x00\x1e"))

    assert handler.events[-2:] == [("on_window_size", 100, 30), READY]


def test_ready_after_the_limit_when_the_peer_is_silent() -> None:
    handler = Recorder()
    session = Session(handler, (NAWS,), limits=Limits(ready=2.0))
    session.start(10.0)

    assert session.deadline == 12.0
    session.tick(11.9)
    assert READY not in handler.events
    session.tick(12.0)
    session.tick(13.0)

    assert handler.named("on_ready") == [READY]


def test_ready_comes_before_the_first_line() -> None:
    _, handler = served((NAWS,), b"look\r\n")

    assert handler.events == [("on_connect",), READY, ("on_line", "look")]


def test_answers_after_ready_are_events_all_the_same() -> None:
    session, handler = served((NAWS,), b"look\r\n")

    deliver(session, negotiate(WILL, NAWS_CODE) + subnegotiation(NAWS_CODE, b"\x00\x64\x00\x1e"))

    assert handler.events[-1] == ("on_window_size", 100, 30)


def test_a_client_is_not_ready_before_the_server_has_spoken() -> None:
    session, handler = served((NAWS,), role=Role.CLIENT)
    assert READY not in handler.events

    deliver(session, b"Welcome")

    assert handler.named("on_ready") == [READY]


# Negotiation


def test_an_unknown_option_is_refused_once_for_each_request() -> None:
    session, _ = served((), negotiate(WILL, GMCP) + negotiate(DO, STATUS) + negotiate(WONT, GMCP))

    assert session.take() == negotiate(DONT, GMCP) + negotiate(WONT, STATUS)


def test_an_option_is_refused_on_the_side_that_does_not_perform_it() -> None:
    session, _ = served((ECHO,), negotiate(WILL, ECHO_CODE))

    assert session.take() == negotiate(DONT, ECHO_CODE)


def test_options_that_come_and_go_are_told() -> None:
    handler = Recorder(without=())
    session = Session(handler, (SGA,))
    session.start(0.0)
    deliver(session, negotiate(DO, SGA.code) + negotiate(DONT, SGA.code))
    session[SGA].request()
    deliver(session, negotiate(WONT, SGA.code))

    assert handler.named("on_option_enabled", "on_option_disabled", "on_option_refused") == [
        ("on_option_enabled", SGA.code, Side.LOCAL),
        ("on_option_disabled", SGA.code, Side.LOCAL),
        ("on_option_refused", SGA.code, Side.REMOTE),
    ]


def test_a_storm_of_negotiation_is_answered_up_to_the_limit_and_told_once() -> None:
    storm = (negotiate(WILL, GMCP) + negotiate(WONT, GMCP)) * 1000

    session, handler = served((), storm, limits=Limits(negotiations=32))

    assert session.take() == negotiate(DONT, GMCP) * 32
    assert handler.named("on_negotiation_limit") == [("on_negotiation_limit", WILL, GMCP)]


def test_a_storm_of_timing_marks_is_answered_up_to_the_limit_and_told_once() -> None:
    session, handler = served((), negotiate(DO, TIMING_MARK) * 1000, limits=Limits(negotiations=32))

    assert session.take() == negotiate(WONT, TIMING_MARK) * 32
    assert len(handler.named("on_negotiation_limit")) == 1


@pytest.mark.parametrize("option", [TIMING_MARK, LOGOUT])
def test_an_option_without_a_state_is_refused_each_time_when_it_is_not_spoken(option: bytes) -> None:
    session, _ = served((), negotiate(DO, option) * 2 + negotiate(WILL, option) + negotiate(WONT, option))

    assert session.take() == negotiate(WONT, option) * 2 + negotiate(DONT, option)


# Subnegotiations and commands


def test_a_subnegotiation_of_an_unknown_option_is_the_handlers() -> None:
    _, handler = served((), subnegotiation(GMCP, b"Core.Ping"))

    assert handler.events[-1] == ("on_subnegotiation", GMCP, b"Core.Ping")


def test_a_subnegotiation_of_an_option_that_is_off_is_an_error() -> None:
    _, handler = served((TTYPE,), subnegotiation(TTYPE.code, b"\x00XTERM"))

    assert handler.named("on_protocol_error") == [
        ("on_protocol_error", "TTYPE: subnegotiation of an option that is off", b"\x00XTERM")
    ]


def test_what_the_parser_finds_wrong_is_told() -> None:
    _, handler = served((), IAC + b"\xfa" + IAC + b"\xf0")

    assert [event[0] for event in handler.events[2:]] == ["on_protocol_error"]


def test_an_option_that_does_not_expect_a_subnegotiation_reports_it() -> None:
    session, handler = served((EOR,), negotiate(DO, EOR_CODE) + subnegotiation(EOR_CODE, b"x" * 100))

    assert handler.named("on_protocol_error") == [("on_protocol_error", "EOR: unexpected subnegotiation", b"x" * 64)]


def test_are_you_there_is_answered_and_told() -> None:
    session, handler = served((), IAC + AYT)

    assert session.take() == b"[Yes]\r\n"
    assert handler.events[-1] == ("on_command", AYT)


def test_commands_are_told_but_for_nop() -> None:
    _, handler = served((), IAC + NOP + IAC + IP + IAC + GA)

    assert handler.named("on_command", "on_prompt") == [("on_command", IP), ("on_command", GA)]


@pytest.mark.parametrize("mark", [GA, CMD_EOR])
def test_a_client_is_told_of_a_prompt_with_its_text(mark: bytes) -> None:
    _, handler = served((), b"Welcome\r\nName: " + IAC + mark, role=Role.CLIENT)

    assert handler.named("on_line", "on_prompt") == [("on_line", "Welcome"), ("on_prompt", "Name: ")]


# Text


@pytest.mark.parametrize("enter", [b"\r\n", b"\r\0", b"\n", b"\r"])
def test_one_enter_is_one_line_with_commands_in_between(enter: bytes) -> None:
    data = b"look" + enter + IAC + NOP + b"say hi" + enter + b"end" + enter
    for pieces in every_cut(data):
        _, handler = served((), *pieces)

        assert handler.named("on_line") == [("on_line", "look"), ("on_line", "say hi"), ("on_line", "end")]


def test_text_is_encoded_with_its_line_ends_and_iac_doubled() -> None:
    session, _ = served(())
    session.encoding = "latin-1"

    session.send("ÿ\n")
    session.send_line("ü")
    session.send_line()

    assert session.take() == b"\xff\xff\r\n\xfc\r\n\r\n"


def test_an_encoding_counts_from_where_it_is_set() -> None:
    handler = scripted()
    handler.actions["latin"] = lambda: setattr(handler.session, "encoding", "latin-1")

    deliver(handler.session, "é\r\nlatin\r\n".encode() + "é\r\n".encode("latin-1"))

    assert handler.lines == ["é", "latin", "é"]
    assert handler.session.encoding == "iso8859-1"


def test_text_in_a_message_is_read_as_a_line_is() -> None:
    session, _ = served(())
    assert session.decode("café".encode()) == session.decode(b"caf\xe9") == "café"
    session.encoding = "cp437"
    assert session.decode(b"caf\x82") == "café"
    assert session.decode("café".encode(), "utf-8") == "café"
    assert Session(None, fallback=None).decode(b"caf\xe9") == "caf\ufffd"


TYPES = subnegotiation(TTYPE.code, b"\0MUDLET") + subnegotiation(TTYPE.code, b"\0XTERM")
MTTS_UTF_8 = negotiate(WILL, TTYPE.code) + TYPES + subnegotiation(TTYPE.code, b"\0MTTS 4")
ACCEPTED_UTF_8 = negotiate(DO, CHARSET.code) + subnegotiation(CHARSET.code, b"\2UTF-8")


@pytest.mark.parametrize("told", [MTTS_UTF_8, ACCEPTED_UTF_8])
def test_a_bad_byte_of_a_client_that_said_it_is_in_utf_8_is_replaced(told: bytes) -> None:
    session, handler = served((TTYPE, CHARSET), b"caf\xe9\r\n" + told + b"caf\xe9\r\n")

    assert handler.named("on_line") == [("on_line", "café"), ("on_line", "caf\ufffd")]
    assert session.decode(b"caf\xe9") == "caf\ufffd"


def test_a_bad_byte_of_a_client_that_did_not_say_so_is_read_in_the_fallback() -> None:
    session, handler = served((TTYPE, CHARSET), b"caf\xe9\r\n" + "日本 ".encode() + b"\xe9\r\n")

    assert handler.named("on_line") == [("on_line", "café"), ("on_line", "日本 \ufffd")]
    assert session.decode("日本 ".encode() + b"\xe9") == "日本 \ufffd"


def test_a_client_that_said_it_is_in_another_encoding_is_read_in_that() -> None:
    accepted = negotiate(DO, CHARSET.code) + subnegotiation(CHARSET.code, b"\2ISO-8859-1")

    received = MTTS_UTF_8 + accepted + b"caf\xe9\r\n" + "日本 ".encode() + b"\xe9\r\n"
    _, handler = served((TTYPE, CHARSET("UTF-8", "ISO-8859-1")), received)

    latin = ("日本 ".encode() + b"\xe9").decode("latin-1")
    assert handler.named("on_line") == [("on_line", "café"), ("on_line", latin)]


def test_an_unknown_encoding_is_refused_and_the_old_one_stays() -> None:
    session, _ = served(())

    with pytest.raises(LookupError):
        session.encoding = "klingon"

    assert session.encoding == "utf-8"


# Erasing


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize(
    ("received", "line"),
    [
        (b"hellp" + IAC + EC + b"o\r\n", "hello"),
        ("héé".encode() + (IAC + EC) * 2 + b"i\r\n", "hi"),
        (b"kill bob" + IAC + EL + b"look\r\n", "look"),
        (IAC + EC + IAC + EL + b"look\r\n", "look"),
        (b"\0lo\0k" + IAC + EC + b"\0ok\r\0", "look"),
    ],
)
def test_a_line_is_erased_as_rfc_854_says_at_both_ends_however_it_is_cut(
    role: Role, received: bytes, line: str
) -> None:
    for chunks in every_cut(b"before\r\n" + received):
        _, handler = served((), *chunks, role=role)

        assert handler.named("on_line") == [("on_line", "before"), ("on_line", line)]


def test_a_command_that_erases_is_told_after_it_has() -> None:
    class Handler:
        def on_command(self, command: bytes) -> None:
            told.append((command, session.flush_line()))

    told: list[tuple[bytes, str]] = []
    session = Session(Handler())
    session.start(0.0)

    deliver(session, b"lookk" + IAC + EC + b"north" + IAC + EL)

    assert told == [(EC, "look"), (EL, "")]


def test_a_command_that_erases_leaves_raw_bytes_to_the_program() -> None:
    session, handler = served((), b"ab")
    session.raw = True
    deliver(session, b"cd\b\0" + IAC + EC + IAC + EL)
    session.raw = False
    deliver(session, b"ef\r\n")

    assert handler.named("on_data", "on_command", "on_line") == [
        ("on_data", b"cd\b\0"),
        ("on_command", EC),
        ("on_command", EL),
        ("on_line", "abef"),
    ]


def test_a_line_end_may_hold_a_command_that_erases() -> None:
    _, handler = served((), b"look\r" + IAC + EC + IAC + EL + b"\nnorth\r\n")

    assert handler.named("on_line") == [("on_line", "look"), ("on_line", "north")]


def test_a_prompt_is_erased_and_rid_of_its_nuls_before_it_is_told() -> None:
    _, handler = served((), b"\0Your nane" + (IAC + EC) * 2 + b"me? \0" + IAC + GA, role=Role.CLIENT)

    assert handler.named("on_prompt") == [("on_prompt", "Your name? ")]


def test_a_line_that_is_too_long_is_over_when_it_is_erased() -> None:
    _, handler = served((), b"x" * 11 + IAC + EL + b"look\r\n", limits=Limits(line=10))

    assert handler.named("on_line_overflow", "on_line") == [("on_line_overflow", b"x" * 11), ("on_line", "look")]


@pytest.mark.parametrize("options", [(), (BINARY,)])
def test_keys_erase_where_the_program_says_so(options: tuple[type[Option], ...]) -> None:
    session, handler = served(options, *(negotiate(WILL, option.code) for option in options))
    assert not session.edit_lines
    deliver(session, b"lokk\b\x7fok\r\n")

    session.edit_lines = True
    deliver(session, b"lokk\b\x7fok\r\n")

    assert session.edit_lines
    assert handler.named("on_line") == [("on_line", "lokk\b\x7fok"), ("on_line", "look")]


@pytest.mark.parametrize("role", Role)
def test_keys_erase_from_the_beginning_where_the_session_is_made_so(role: Role) -> None:
    handler = Recorder()
    session = Session(handler, role=role, edit_lines=True)
    session.start(0.0)
    for chunks in every_cut("☃é\b\x7flook\r\n".encode()):
        for chunk in chunks:
            deliver(session, chunk)

    assert set(handler.named("on_line")) == {("on_line", "look")}


def test_a_handler_switches_keys_on_for_what_follows_in_the_same_read() -> None:
    handler = scripted()
    handler.actions["edit"] = lambda: setattr(handler.session, "edit_lines", True)

    deliver(handler.session, b"a\b\r\nedit\r\na\bb\r\n")

    assert handler.lines == ["a\b", "edit", "b"]


def test_keys_that_erase_are_events_of_a_turn() -> None:
    session = Session(Recorder(), limits=Limits(events=10), edit_lines=True)
    session.start(0.0)

    session.receive(b"x" * 100 + b"\b" * 100 + b"look\r\n", 0.0)
    turns = 1
    while session.pending:
        session.receive(b"", 0.0)
        turns += 1

    assert turns == 11


@pytest.mark.parametrize("keys", [False, True])
def test_to_find_the_last_character_counts_as_work_of_a_turn(keys: bool) -> None:
    session = Session(Recorder(), limits=Limits(payload=1000), encoding="gbk", edit_lines=keys)
    session.start(0.0)

    session.receive((b"x" * 4000 + (b"\b" if keys else IAC + EC) + IAC + EL) * 10 + b"look\r\n", 0.0)
    turns = 1
    while session.pending:
        session.receive(b"", 0.0)
        turns += 1

    assert turns == 11


def test_keys_erase_inside_a_compressed_stream() -> None:
    session, handler = served((MCCP3,), negotiate(DO, MCCP3.code) + START_MCCP3)
    session.edit_lines = True

    deliver(session, stream_of(b"lokk\b\bo\0k" + IAC + EC + b"k\r\n"))

    assert handler.named("on_line") == [("on_line", "look")]


def test_nul_is_nothing_until_binary_is_agreed_on_and_in_raw_bytes_it_stays() -> None:
    session, handler = served((BINARY,), b"a\0b" + negotiate(WILL, BINARY.code) + b"c\0d\r\n")
    session.raw = True
    deliver(session, negotiate(WONT, BINARY.code) + b"\0e\0")

    assert handler.named("on_line", "on_data") == [("on_line", "abc\0d"), ("on_data", b"\0e\0")]


def test_a_nul_after_a_subnegotiation_is_not_in_the_line() -> None:  # KildClient 3 sends one
    name = negotiate(WILL, TTYPE.code) + subnegotiation(TTYPE.code, b"\0KildClient")

    _, handler = served((TTYPE,), name + b"\0Guikild\r\n")

    assert handler.named("on_line") == [("on_line", "Guikild")]


def test_binary_turns_the_line_ends_of_the_nvt_off_in_its_direction() -> None:
    pair = Pair((BINARY,)).start()
    pair.server[BINARY].request()
    pair.run().clear()

    pair.client.write(b"a\0\r\n")
    pair.client.send("b\r")
    pair.run()

    assert pair.at_server.named("on_line") == [("on_line", "a\0"), ("on_line", "b")]
    assert bytes(pair.sent_by_client) == b"a\0\r\nb\r"


def test_a_line_that_is_too_long_is_told_and_dropped() -> None:
    _, handler = served((), b"x" * 11 + b"\r\nlook\r\n", limits=Limits(line=10))

    assert handler.named("on_line_overflow", "on_line") == [("on_line_overflow", b"x" * 11), ("on_line", "look")]


def test_an_unfinished_line_is_the_last_when_the_peer_ends() -> None:
    session, handler = served((), b"look")

    session.end()
    session.end()

    assert handler.named("on_line") == [("on_line", "look")]


def test_an_option_may_take_a_line_for_itself() -> None:
    class Knock(Option):
        code = b"\x7b"

        def on_line(self, line: str) -> bool:
            return line == "knock"

    _, handler = served((Knock,), b"knock\r\nlook\r\n")

    assert handler.named("on_line") == [("on_line", "look")]


# Prompts


def test_a_prompt_ends_in_ga_while_nothing_is_settled() -> None:
    session, _ = served((EOR,))
    session.take()

    session.prompt("> ")

    assert session.take() == b"> " + IAC + GA


def test_a_prompt_ends_in_eor_as_soon_as_that_is_on() -> None:
    session, _ = served((EOR,), negotiate(DO, EOR_CODE))
    session.take()

    session.prompt("> ")

    assert session.take() == b"> " + IAC + CMD_EOR


def test_a_prompt_is_a_line_when_ga_is_suppressed() -> None:
    session, _ = served((SGA,), negotiate(DO, SGA.code))
    session.take()

    session.prompt("> ")

    assert session.take() == b"> \r\n"


def test_a_prompt_does_not_use_what_was_just_refused() -> None:
    session, _ = served((EOR,), negotiate(DO, EOR_CODE))
    session[EOR].refuse(Side.LOCAL)
    session.take()

    session.prompt("> ")

    assert session.take() == b"> " + IAC + GA


# Turns, pauses and the end


def test_one_turn_delivers_a_bounded_number_of_events() -> None:
    handler = Recorder()
    session = Session(handler, limits=Limits(events=10))
    session.start(0.0)

    session.receive(b"a\r\n" * 25, 0.0)
    turns = [len(handler.named("on_line"))]
    while session.pending:
        session.receive(b"", 0.0)
        turns.append(len(handler.named("on_line")))

    assert turns == [10, 20, 25]


def test_what_waits_for_a_turn_keeps_its_place_in_front_of_what_comes() -> None:
    session = Session(handler := Recorder(), limits=Limits(events=1))
    session.start(0.0)

    session.receive(b"a\r\nb\r\n", 0.0)
    deliver(session, b"c\r\n")

    assert handler.named("on_line") == [("on_line", "a"), ("on_line", "b"), ("on_line", "c")]


@pytest.mark.parametrize("wire", [b"a\r\nb\r\n", b"a\r\n" + IAC + NOP + b"b\r\n"])
def test_a_pause_holds_everything_behind_the_event(wire: bytes) -> None:
    handler = scripted()
    handler.actions["a"] = handler.session.pause

    handler.session.receive(wire, 0.0)
    assert (handler.lines, handler.session.pending, handler.session.paused) == (["a"], True, True)
    handler.session.resume()
    handler.session.receive(b"", 0.0)

    assert (handler.lines, handler.session.pending) == (["a", "b"], False)


def test_nothing_is_delivered_or_written_after_a_close() -> None:
    handler = scripted()
    handler.actions["bye"] = handler.session.close

    handler.session.receive(b"bye\r\nlook\r\n", 0.0)
    handler.session.receive(b"look\r\n", 0.0)
    handler.session.send_line("more")
    handler.session.client.learn(width=40)
    handler.session.end()
    handler.session.close()

    assert handler.lines == ["bye"]
    assert handler.session.take() == b""


def test_receive_from_inside_a_handler_is_refused() -> None:
    handler = scripted()
    errors: list[str] = []

    def again() -> None:
        try:
            handler.session.receive(b"", 0.0)
        except RuntimeError as error:
            errors.append(str(error))

    handler.actions["look"] = again
    deliver(handler.session, b"look\r\n")

    assert errors == ["receive() called from inside a handler of the same session"]


def test_what_a_handler_raises_is_reported_and_costs_this_event_alone() -> None:
    errors: list[Exception] = []
    session = Session(handler := Failing(), report=errors.append)
    session.start(0.0)

    session.receive(b"a\r\nb\r\n", 0.0)

    assert handler.lines == ["a", "b"]
    assert [str(error) for error in errors] == ["a", "b"]


@pytest.mark.parametrize("wire", [b"a\r\nb\r\n", b"a\r\n" + IAC + NOP + b"b\r\n"])
def test_without_a_report_what_a_handler_raises_leaves_and_nothing_is_lost(wire: bytes) -> None:
    session = Session(handler := Failing())
    session.start(0.0)
    with pytest.raises(ValueError, match="a"):
        session.receive(wire, 0.0)
    with pytest.raises(ValueError, match="b"):
        session.receive(b"", 0.0)

    assert handler.lines == ["a", "b"]


# What is sent


def test_the_shell_is_woken_once_for_what_one_turn_writes() -> None:
    woken: list[int] = []
    session = Session(object(), wake=lambda: woken.append(session.unsent))

    session.send("a")
    session.send("b")
    session.take()
    session.send("c")

    assert woken == [1, 1]


def test_the_shell_is_woken_again_when_much_was_written() -> None:
    woken: list[int] = []
    session = Session(object(), wake=lambda: woken.append(session.unsent))

    for _ in range(3):
        session.write(bytes(WAKE_EACH))

    assert woken == [WAKE_EACH, 2 * WAKE_EACH, 3 * WAKE_EACH]


def test_an_option_sends_what_it_collected_at_the_end_of_the_turn() -> None:
    class Tally(Option):
        code = b"\x7b"

        def setup(self) -> None:
            self.count = 0

        def add(self) -> None:
            self.count += 1
            self.want_turn()

        def on_turn(self) -> None:
            self.send(b"%d" % self.count)

    session, _ = served((Tally,))
    session[Tally].add()
    session[Tally].add()

    assert session.take() == subnegotiation(Tally.code, b"2")
    assert session.take() == b""
    session[Tally].add()
    session.close()
    session[Tally].add()
    assert session.take() == subnegotiation(Tally.code, b"3")


# Compression of what is sent


def test_what_follows_the_start_of_mccp2_is_compressed_and_what_is_before_is_not() -> None:
    session, _ = served((MCCP2,))
    session.take()
    session.send("plain")
    deliver(session, negotiate(DO, MCCP2.code))
    session.send("compressed")

    plain, start, stream = session.take().partition(START_MCCP2)

    assert (plain, start) == (b"plain", START_MCCP2)
    assert zlib.decompressobj().decompress(stream) == b"compressed"
    assert session.compressing


def test_every_turn_can_be_read_at_its_end() -> None:
    session, _ = served((MCCP2,), negotiate(DO, MCCP2.code))
    inflate = zlib.decompressobj()
    inflate.decompress(session.take().partition(START_MCCP2)[2])

    for text in ("one", "two"):
        session.send(text)
        assert inflate.decompress(session.take()) == text.encode()


def test_a_client_that_refuses_mccp2_ends_the_stream_and_reads_plain_text_behind_it() -> None:
    session, _ = served((MCCP2,), negotiate(DO, MCCP2.code))
    stream = session.take().partition(START_MCCP2)[2]
    deliver(session, negotiate(DONT, MCCP2.code))
    session.send("plain")
    inflate = zlib.decompressobj()

    inside = inflate.decompress(stream + session.take())

    assert inside == negotiate(WONT, MCCP2.code)
    assert inflate.unused_data == b"plain"


def test_a_stream_is_finished_before_the_end() -> None:
    session, _ = served((MCCP2,), negotiate(DO, MCCP2.code))
    stream = session.take().partition(START_MCCP2)[2]
    session.send("bye")
    session.close()
    inflate = zlib.decompressobj()

    assert inflate.decompress(stream + session.take()) == b"bye"
    assert inflate.eof


def test_compression_does_not_begin_twice() -> None:
    session, _ = served((MCCP2,), negotiate(DO, MCCP2.code))

    with pytest.raises(RuntimeError, match="what is sent is compressed already"):
        session.start_compressing(None)  # type: ignore[arg-type]


# Compression of what is received


def agreed(*pieces: bytes, limits: Limits | None = None) -> tuple[Session, Recorder]:
    """A server whose client has agreed to MCCP3, and what it received then."""
    return served((MCCP3, NAWS), negotiate(DO, MCCP3.code), *pieces, limits=limits)


def stream_of(text: bytes, *, ended: bool = True) -> bytes:
    compressor = zlib.compressobj()
    return compressor.compress(text) + compressor.flush(zlib.Z_FINISH if ended else zlib.Z_SYNC_FLUSH)


def test_mccp3_begins_and_ends_at_the_exact_byte_in_any_cut() -> None:
    data = b"a\r\n" + START_MCCP3 + stream_of(b"b\r\n" + IAC + NOP) + b"c\r\n"
    for pieces in every_cut(data):
        session, handler = agreed(*pieces)

        assert handler.named("on_line") == [("on_line", "a"), ("on_line", "b"), ("on_line", "c")]
        assert not handler.named("on_protocol_error")
        assert not session.inflating


def test_mccp3_starts_again_in_the_same_segment() -> None:
    stream = START_MCCP3 + stream_of(b"a\r\n")
    for pieces in every_cut(stream + b"b\r\n" + stream):
        _, handler = agreed(*pieces)

        assert handler.named("on_line") == [("on_line", "a"), ("on_line", "b"), ("on_line", "a")]


def test_a_stream_inside_of_a_stream_is_an_error_and_the_outer_goes_on() -> None:
    for pieces in every_cut(START_MCCP3 + stream_of(b"a\r\n" + START_MCCP3 + b"b\r\n") + b"c\r\n"):
        _, handler = agreed(*pieces)

        assert [line for _, line in handler.named("on_line")] == ["a", "b", "c"]
        assert handler.named("on_protocol_error") == [
            ("on_protocol_error", "MCCP3: a stream began inside of a stream", b"")
        ]


def test_mccp3_that_was_never_agreed_on_is_ignored() -> None:
    _, handler = served((MCCP3,), START_MCCP3 + b"a\r\n")

    assert handler.named("on_line") == [("on_line", "a")]
    assert handler.named("on_protocol_error") == [
        ("on_protocol_error", "MCCP3: subnegotiation of an option that is off", b"")
    ]


def test_mccp3_that_is_not_spoken_is_the_handlers() -> None:
    _, handler = served((), START_MCCP3 + b"a\r\n")

    assert handler.named("on_subnegotiation", "on_line") == [
        ("on_subnegotiation", MCCP3.code, b""),
        ("on_line", "a"),
    ]


def test_plain_text_behind_the_start_of_mccp3_is_read_and_the_option_refused() -> None:
    for pieces in every_cut(START_MCCP3 + b"look\r\nsay\r\n"):
        session, handler = agreed(*pieces)

        assert handler.named("on_line") == [("on_line", "look"), ("on_line", "say")]
        assert session.take().endswith(negotiate(WONT, MCCP3.code))
        assert not session.lost and not handler.named("on_compression_error")


def test_commands_may_stand_in_plain_in_front_of_the_stream_of_mccp3() -> None:
    commands = negotiate(WILL, NAWS_CODE) + subnegotiation(NAWS_CODE, b"\x00\x50\x00\x28") + IAC + NOP
    for pieces in every_cut(START_MCCP3 + commands + stream_of(b"a\r\n") + b"b\r\n"):
        session, handler = agreed(*pieces)

        assert handler.named("on_window_size", "on_line") == [
            ("on_window_size", 80, 40),
            ("on_line", "a"),
            ("on_line", "b"),
        ]
        assert not handler.named("on_protocol_error")
        assert not session.inflating


@pytest.mark.parametrize(("plain", "line"), [(IAC + NOP + b"look\r\n", "look"), (IAC + IAC + b"look\r\n", "ÿlook")])
def test_plain_text_behind_commands_is_no_stream_either(plain: bytes, line: str) -> None:
    for pieces in every_cut(START_MCCP3 + plain + IAC + NOP + b"say\r\n"):
        session, handler = agreed(*pieces)

        assert handler.named("on_line") == [("on_line", line), ("on_line", "say")]
        assert len(handler.named("on_protocol_error")) == 1
        assert session.take().endswith(negotiate(WONT, MCCP3.code))


def test_a_corrupt_stream_keeps_what_was_good_and_loses_what_follows() -> None:
    wire = START_MCCP3 + stream_of(b"a\r\n", ended=False) + b"\xff" * 20
    for pieces in every_cut(wire + b"\r\nb\r\n"):
        session, handler = agreed(*pieces)

        assert handler.named("on_line") == [("on_line", "a")]
        [(_, option, reason)] = handler.named("on_compression_error")
        assert option == MCCP3.code and reason.startswith("MCCP3: corrupt compressed data")
        assert session.take().endswith(negotiate(WONT, MCCP3.code))
        assert session.lost and not session.pending


def test_a_bomb_is_cut_off_and_holds_no_more_than_one_piece() -> None:
    limits = Limits(inflated=1000, inflate_ratio=100)
    session, handler = agreed(START_MCCP3 + stream_of(b"x" * 10_000_000), limits=limits)

    [(_, _, reason)] = handler.named("on_compression_error")
    assert "more than 100 to 1" in reason
    assert session.lost and not session.pending


def test_one_turn_inflates_a_bounded_amount() -> None:
    limits = Limits(inflated=1000, inflate_ratio=1000, events=10)
    session = Session(handler := Recorder(), (MCCP3,), limits=limits)
    session.start(0.0)
    session.receive(negotiate(DO, MCCP3.code), 0.0)

    session.receive(START_MCCP3 + stream_of((b"x" * 98 + b"\r\n") * 100), 0.0)

    assert session.pending
    assert len(handler.named("on_line")) < 10
    while session.pending:
        session.receive(b"", 0.0)
    assert len(handler.named("on_line")) == 100


def test_what_the_check_of_a_shell_refuses_is_not_written() -> None:
    class Counting(Option):
        code = b"\x63"
        turns = 0

        def on_turn(self) -> None:
            self.turns += 1

    def check() -> None:
        raise RuntimeError("another thread")

    session = Session(Recorder(), (ECHO, Counting))
    session.start(0.0)
    session.take()
    session.check = check

    calls: list[Callable[[], object]] = [
        lambda: session.write(b"x"),
        lambda: session.send_line("x"),
        lambda: session.prompt("x"),
        lambda: session[ECHO].hide(),
        lambda: session[Counting].want_turn(),
    ]
    for call in calls:
        with pytest.raises(RuntimeError, match="another thread"):
            call()

    session.check = None
    assert (session.take(), session.unsent, session[Counting].turns) == (b"", 0, 0)
    session[ECHO].hide()
    assert session.take() == negotiate(WILL, ECHO_CODE)


@pytest.mark.parametrize("exception", [LookupError, KeyboardInterrupt])
def test_the_line_that_makes_ready_is_not_lost_with_what_on_ready_raises(exception: type[BaseException]) -> None:
    class Faulty(Recorder):
        def on_ready(self) -> None:
            raise exception

    session = Session(handler := Faulty(), (NAWS,))
    session.start(0.0)

    with pytest.raises(exception):
        session.receive(b"one\r\ntwo\r\n", 0.0)
    session.receive(b"", 0.0)

    assert handler.named("on_line") == [("on_line", "one"), ("on_line", "two")]


def test_what_comes_while_inflated_data_waits_keeps_its_place() -> None:
    limits = Limits(inflated=4, inflate_ratio=1000, events=1)
    session = Session(handler := Recorder(), (MCCP3,), limits=limits)
    session.start(0.0)
    session.receive(negotiate(DO, MCCP3.code) + START_MCCP3, 0.0)
    stream = stream_of(b"a\r\nb\r\n" * 5)

    for piece in (stream[:4], stream[4:], b"c\r\n", b"d\r\n"):
        session.receive(piece, 0.0)
    while session.pending:
        session.receive(b"", 0.0)

    assert "".join(line for _, line in handler.named("on_line")) == "ab" * 5 + "cd"
    assert not handler.named("on_protocol_error")


@pytest.mark.parametrize("wbits", [15, 31, -15], ids=["zlib", "gzip", "raw"])
def test_a_client_reads_the_formats_that_servers_send(wbits: int) -> None:
    writer = zlib.compressobj(6, zlib.DEFLATED, wbits)
    stream = writer.compress(b"a\r\n") + writer.flush()

    _, handler = served((MCCP2,), negotiate(WILL, MCCP2.code) + START_MCCP2 + stream + b"b\r\n", role=Role.CLIENT)

    assert handler.named("on_line") == [("on_line", "a"), ("on_line", "b")]


def test_a_client_that_cannot_read_on_says_dont() -> None:
    session, handler = served(
        (MCCP2,),
        negotiate(WILL, MCCP2.code) + START_MCCP2 + stream_of(b"a\r\n", ended=False) + b"\xff" * 20,
        role=Role.CLIENT,
    )

    assert session.take() == negotiate(DO, MCCP2.code) + negotiate(DONT, MCCP2.code)
    assert len(handler.named("on_compression_error")) == 1


# Whatever comes

NOISE = st.lists(
    st.one_of(
        st.binary(max_size=40),
        st.sampled_from([START_MCCP3, START_MCCP2, stream_of(b"a\r\n"), stream_of(b"b", ended=False), IAC + AYT]),
        st.builds(
            negotiate,
            st.sampled_from([WILL, WONT, DO, DONT]),
            st.sampled_from([b"\0", b"\1", b"\3", b"\6", b"\x18", b"\x19", b"\x1f", b"\x56", b"\x57"]),
        ),
        st.builds(subnegotiation, st.sampled_from([b"\x18", b"\x1f", b"\x57"]), st.binary(max_size=8)),
        st.binary(max_size=20).map(escape),
    ),
    max_size=12,
).map(b"".join)

EVERYTHING = (BINARY, ECHO, EOR, MCCP2, MCCP3, NAWS, SGA, TTYPE)


def without(left_out: tuple[Any, ...], events: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return [event for event in events if event != left_out]


@pytest.mark.parametrize("role", Role)
@given(data=NOISE, cuts=st.lists(st.integers(0, 200), max_size=8))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_input_raises_and_no_cut_changes_what_happens(role: Role, data: bytes, cuts: list[int]) -> None:
    bounds = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    pieces = [data[start:end] for start, end in zip(bounds, bounds[1:], strict=False)]
    whole, told = served(EVERYTHING, data, role=role)
    cut, told_cut = served(EVERYTHING, *pieces, role=role)

    assert without(READY, told_cut.events) == without(READY, told.events)  # which comes at the end of a read
    assert repr(cut.client) == repr(whole.client)


# The end of the input


def ending(limits: Limits | None = None) -> Session:
    session = Session(Recorder(), limits=limits)
    session.start(0.0)
    return session


def test_a_peer_that_has_said_nothing_awaits_no_answer() -> None:
    session = ending()
    session.receive(negotiate(WILL, b"x") + IAC + NOP, 1.0)

    session.end(1.0)

    assert not session.awaits_answer


@pytest.mark.parametrize("said", [b"who\r\n", b"who"])
def test_a_peer_that_has_said_something_awaits_an_answer(said: bytes) -> None:
    session = ending()
    session.receive(said, 1.0)

    session.end(2.0)

    assert session.awaits_answer


def test_keys_are_something_said() -> None:
    session = ending()
    session.raw = True
    session.receive(b"w", 1.0)

    session.end(2.0)

    assert session.awaits_answer


@pytest.mark.parametrize(("ended", "awaits"), [(11.0, True), (11.5, False)])
def test_what_was_said_long_ago_awaits_no_answer(ended: float, awaits: bool) -> None:
    session = ending(Limits(close=10.0))
    session.receive(b"who\r\n", 1.0)

    session.end(ended)

    assert session.awaits_answer is awaits
