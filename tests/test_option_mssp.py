from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from session_support import Pair, Recorder, deliver, every_cut, served
from traces import TRACES, segments

from telnet import Limits
from telnet.constants import DO, DONT, WILL
from telnet.constants import MSSP as CODE
from telnet.encode import negotiate, subnegotiation
from telnet.events import Option, Subnegotiation, parse
from telnet.negotiation import Side
from telnet.options import MSSP, Role
from telnet.options.mssp import decode, encode, read
from telnet.session import Session

VARIABLES = {"NAME": "Ours", "PLAYERS": 52, "UPTIME": 1234567890}
TOLD = b"\x01NAME\x02Ours\x01PLAYERS\x0252\x01UPTIME\x021234567890"

# What the recorded clients were told.
RECORDED = {
    "NAME": ["KitchenSink"],
    "PLAYERS": ["3"],
    "UPTIME": ["1700000000"],
    "PORT": ["23", "5000"],
    "CODEBASE": ["none"],
}


@pytest.fixture(autouse=True, scope="module")
def both_parsers(parser_module: ModuleType) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("telnet.session.Parser", parser_module.Parser)
        yield


def crawled(*received: bytes, **settings: Any) -> tuple[Session, Recorder]:
    """A client on which MSSP is on, and that has received these bytes."""
    return served((MSSP,), negotiate(WILL, CODE), *received, role=Role.CLIENT, **settings)


# Telling


def test_the_server_tells_at_once_when_it_is_asked() -> None:
    pair = Pair((MSSP(VARIABLES),), (MSSP,)).start()

    assert pair.said_by_server == [Option(WILL, CODE), Subnegotiation(CODE, TOLD)]
    assert pair.said_by_client == [Option(DO, CODE)]
    assert pair.at_client.named("on_mssp") == [
        ("on_mssp", {"NAME": ["Ours"], "PLAYERS": ["52"], "UPTIME": ["1234567890"]})
    ]


def test_nobody_waits_for_it() -> None:
    _, handler = served((MSSP(VARIABLES),))

    assert handler.named("on_ready") == [("on_ready",)]


def test_a_crawler_is_answered_in_every_cut() -> None:
    for pieces in every_cut(negotiate(DO, CODE) + b"hello\r\n"):
        session, handler = served((MSSP(VARIABLES),), *pieces)

        assert session.take() == negotiate(WILL, CODE) + subnegotiation(CODE, TOLD)
        assert handler.named("on_line", "on_protocol_error") == [("on_line", "hello")]


def test_a_client_that_declines_is_told_nothing() -> None:
    session, _ = served((MSSP(VARIABLES),), negotiate(DONT, CODE))

    assert session.take() == negotiate(WILL, CODE)


def test_a_function_is_asked_for_each_answer() -> None:
    players = 0

    def variables() -> Mapping[str, object]:
        nonlocal players
        players += 1
        return {**VARIABLES, "PLAYERS": players}

    session, _ = served((MSSP(variables),), negotiate(DO, CODE), negotiate(DONT, CODE), negotiate(DO, CODE))

    told = [decode(event.data) for event in parse(session.take()) if isinstance(event, Subnegotiation)]
    assert [each["PLAYERS"] for each in told] == [["1"], ["2"]]


def test_a_mapping_is_read_for_each_answer() -> None:
    variables = dict(VARIABLES)
    option = MSSP(variables)
    variables["PLAYERS"] = 53

    session, _ = served((option,), negotiate(DO, CODE))

    assert b"\x01PLAYERS\x0253" in session.take()


def failing() -> Mapping[str, object]:
    raise OSError("the list of players is gone")


def test_what_the_function_raises_is_reported_and_nothing_is_sent() -> None:
    raised: list[Exception] = []
    handler = Recorder(without=())
    session = Session(handler, (MSSP(failing),), report=raised.append)
    session.start(0.0)

    deliver(session, negotiate(DO, CODE) + b"hello\r\n")

    assert [str(exc) for exc in raised] == ["the list of players is gone"]
    assert session.take() == negotiate(WILL, CODE)
    assert handler.named("on_option_enabled", "on_line") == [
        ("on_option_enabled", CODE, Side.LOCAL),
        ("on_line", "hello"),
    ]


def test_what_the_function_raises_leaves_a_session_without_a_report() -> None:
    session, handler = served((MSSP(failing),))

    with pytest.raises(OSError, match="^the list of players is gone$"):
        session.receive(negotiate(DO, CODE) + b"hello\r\n", 0.0)
    session.receive(b"", 0.0)

    assert handler.named("on_line") == [("on_line", "hello")]


def test_what_the_function_returns_is_checked() -> None:
    raised: list[Exception] = []
    session = Session(Recorder(), (MSSP(lambda: {"NAME": "Ours"}),), report=raised.append)
    session.start(0.0)

    deliver(session, negotiate(DO, CODE))

    assert [str(exc) for exc in raised] == [
        "MSSP requires the variables NAME, PLAYERS, UPTIME; missing: PLAYERS, UPTIME"
    ]
    assert session.take() == negotiate(WILL, CODE)


def test_a_client_that_offers_it_all_the_same_tells_nothing_that_it_has_not() -> None:
    raised: list[Exception] = []
    session = Session(Recorder(), (MSSP,), role=Role.CLIENT, report=raised.append)
    session.start(0.0)
    session[MSSP].offer()

    deliver(session, negotiate(DO, CODE))

    assert [type(exc) for exc in raised] == [ValueError]
    assert session.take() == negotiate(WILL, CODE)


# Declaring


def test_a_server_needs_variables() -> None:
    with pytest.raises(
        ValueError, match="^MSSP requires the variables NAME, PLAYERS, UPTIME; missing: NAME, PLAYERS, "
    ):
        Session(Recorder(), (MSSP,))


@pytest.mark.parametrize("missing", ["NAME", "PLAYERS", "UPTIME"])
def test_what_is_required_is_checked_where_it_is_declared(missing: str) -> None:
    with pytest.raises(ValueError, match=f"; missing: {missing}$"):
        MSSP({name: value for name, value in VARIABLES.items() if name != missing})


def test_what_is_required_must_have_a_value() -> None:
    with pytest.raises(ValueError, match="; missing: PLAYERS$"):
        encode({**VARIABLES, "PLAYERS": []})


@pytest.mark.parametrize(
    ("value", "payload"),
    [
        ("Live", b"\x02Live"),
        ("", b"\x02"),
        (-1, b"\x02-1"),
        (True, b"\x021"),
        (False, b"\x020"),
        ("\xff", b"\x02\xc3\xbf"),
        ("\udcff", b"\x02?"),
        ([80, 23, 3000], b"\x0280\x0223\x023000"),
        (("a", True), b"\x02a\x021"),
        ([""], b"\x02"),
    ],
)
def test_a_value_is_told_as_text(value: Any, payload: bytes) -> None:
    assert encode({**VARIABLES, "X": value}) == TOLD + b"\x01X" + payload


def test_of_an_empty_sequence_nothing_is_told() -> None:
    assert encode({**VARIABLES, "INTERMUD": ()}) == TOLD


@pytest.mark.parametrize("character", "\0\1\2")
def test_characters_of_the_protocol_are_in_no_name_and_no_value(character: str) -> None:
    with pytest.raises(ValueError, match="^names and values in MSSP hold no characters from 0 to 2, as 'a.*' does$"):
        encode({**VARIABLES, f"a{character}": 1})
    with pytest.raises(ValueError, match="^names and values in MSSP hold no characters from 0 to 2, as 'a.*' does$"):
        encode({**VARIABLES, "X": ["b", f"a{character}"]})


@pytest.mark.parametrize("value", [b"a", 1700000000.5, None, {"a"}, [b"a"], [["a"]]])
def test_a_value_of_another_type_is_refused(value: Any) -> None:
    with pytest.raises(TypeError, match="^a value in MSSP must be str, int or bool, or a sequence, not "):
        MSSP({**VARIABLES, "X": value})


def test_a_name_is_text_and_not_empty() -> None:
    bad: Any = {1: 1}
    with pytest.raises(TypeError, match="^a name in MSSP must be str, not int$"):
        MSSP(bad)
    with pytest.raises(ValueError, match="^a name in MSSP must not be empty$"):
        MSSP({"": 1})


def test_variables_are_a_mapping() -> None:
    bad: Any = [("NAME", "Ours")]
    with pytest.raises(TypeError, match="^the variables of MSSP must be a mapping, not list$"):
        MSSP(bad)


# Reading


def test_several_values_are_a_list_whose_last_is_the_most_important() -> None:
    assert decode(b"\x01PORT\x0280\x0223\x023000\x01CREATED\x021996") == {
        "PORT": ["80", "23", "3000"],
        "CREATED": ["1996"],
    }


def test_a_variable_that_comes_again_has_the_values_of_both() -> None:
    assert decode(b"\x01PORT\x0280\x01NAME\x02Ours\x01PORT\x0223") == {"PORT": ["80", "23"], "NAME": ["Ours"]}


def test_a_variable_without_a_value_is_left_out() -> None:
    assert decode(b"\x01INTERMUD\x01NAME\x02Ours\x01ICON") == {"NAME": ["Ours"]}


def test_what_is_not_utf_8_is_replaced() -> None:
    assert decode(b"\x01NAME\x02caf\xe9 \xff") == {"NAME": ["caf\ufffd \ufffd"]}


MALFORMED = [
    (b"NAME\x02Ours", "text in front of the first VAR"),
    (b"\x02Ours", "byte 2 where it means nothing"),
    (b"\x01\x02Ours", "byte 1 where it means nothing"),
    (b"\x00", "byte 0 where it means nothing"),
    (b"\x01", "byte 1 where it means nothing"),
]


@pytest.mark.parametrize(("payload", "reason"), MALFORMED)
def test_a_payload_in_which_nothing_can_be_read_is_reported(payload: bytes, reason: str) -> None:
    _, handler = crawled(subnegotiation(CODE, payload))

    assert handler.named("on_mssp", "on_protocol_error") == [("on_protocol_error", f"MSSP: {reason}", payload)]
    with pytest.raises(ValueError, match=f"^{reason}$"):
        decode(payload)


DAMAGED = [
    (b"x\x01NAME\x02Ours", "text in front of the first VAR"),
    (b"\x00\x01NAME\x02Ours", "byte 0 where it means nothing"),
    (b"\x01NAME\x02Ours\x00", "byte 0 where it means nothing"),
    (b"\x01NA\x00ME\x02Ours", "byte 0 where it means nothing"),
    (b"\x02x\x01NAME\x02Ours", "byte 2 where it means nothing"),
    (b"\x01\x02x\x01NAME\x02Ours", "byte 1 where it means nothing"),
    (b"\x01NAME\x02Ours\x01", "byte 1 where it means nothing"),
    (b"x\x02y\x00\x01\x02z\x01NAME\x02Ours", "byte 0 where it means nothing"),
]


@pytest.mark.parametrize(("payload", "reason"), DAMAGED)
def test_what_can_be_read_is_told_and_the_fault_reported_once_in_every_cut(payload: bytes, reason: str) -> None:
    for pieces in every_cut(subnegotiation(CODE, payload)):
        _, handler = crawled(*pieces)

        assert handler.named("on_mssp", "on_protocol_error") == [
            ("on_protocol_error", f"MSSP: {reason}", payload),
            ("on_mssp", {"NAME": ["Ours"]}),
        ]


@pytest.mark.parametrize("stray", [b"x", b" ", b"\n", b"\0"])
def test_a_stray_byte_before_the_first_variable_is_left_out_and_reported(stray: bytes) -> None:
    variables, fault = read(stray + b"\x01NAME\x02Ours")
    assert variables == {"NAME": ["Ours"]}
    assert fault


# Encodings


def test_text_that_is_not_utf_8_is_read_as_lines_are() -> None:
    _, handler = crawled(subnegotiation(CODE, b"\x01NAME\x02caf\xe9\x01X\xe9\x02\xc3\xa9"))

    assert handler.named("on_mssp") == [("on_mssp", {"NAME": ["caf\xe9"], "X\xe9": ["\xe9"]})]


@pytest.mark.parametrize("encoding", ["latin-1", "cp437", "gbk", "utf-8"])
def test_both_ends_speak_in_the_encoding_of_the_session(encoding: str) -> None:
    name = "caf\xe9\xff\u263a".encode(encoding, "replace").decode(encoding)
    pair = Pair((MSSP({**VARIABLES, "NAME": "caf\xe9\xff\u263a"}),), (MSSP,), encoding=encoding).start()

    [(_, variables)] = pair.at_client.named("on_mssp")
    assert variables["NAME"] == [name]


# Official names


@pytest.mark.parametrize(
    ("written", "official"),
    [
        ("CRAWL_DELAY", "CRAWL DELAY"),
        ("MINIMUM_AGE", "MINIMUM AGE"),
        ("XTERM_256_COLORS", "XTERM 256 COLORS"),
        ("XTERM_TRUE_COLORS", "XTERM TRUE COLORS"),
        ("PAY_TO_PLAY", "PAY TO PLAY"),
        ("PAY_FOR_PERKS", "PAY FOR PERKS"),
        ("HIRING_BUILDERS", "HIRING BUILDERS"),
        ("HIRING_CODERS", "HIRING CODERS"),
        ("NEWBIE_FRIENDLY", "NEWBIE FRIENDLY"),
        ("UTF_8", "UTF-8"),
    ],
)
def test_an_official_name_may_be_written_with_underscores(written: str, official: str) -> None:
    option = MSSP({**VARIABLES, written: 1})
    assert encode({**VARIABLES, written: 1}) == TOLD + b"\x01" + official.encode() + b"\x021"
    assert f"\r\n{official}\t1\r\n".encode() in answer(b"MSSP-REQUEST\r\n", option=option)[0]

    assert decode(b"\x01" + written.encode() + b"\x021\x01" + official.encode() + b"\x022") == {official: ["1", "2"]}


@pytest.mark.parametrize("name", ["UTF-8", "CRAWL DELAY", "OUR_OWN", "Crawl_Delay", "CRAWL_DELAY_", "PLAYERS"])
def test_any_other_name_stays_as_it_is(name: str) -> None:
    assert decode(encode({**VARIABLES, name: "x"}))[name] == ["x"]


def test_an_empty_payload_tells_nothing() -> None:
    _, handler = crawled(subnegotiation(CODE, b""))

    assert handler.named("on_mssp", "on_protocol_error") == [("on_mssp", {})]


def test_a_payload_above_the_limit_is_reported_and_dropped() -> None:
    _, handler = crawled(subnegotiation(CODE, TOLD), limits=Limits(subnegotiation=len(TOLD) - 1))

    assert [reason for _, reason, _ in handler.named("on_mssp", "on_protocol_error")] == [
        "subnegotiation longer than max_subnegotiation"
    ]


def test_a_client_must_not_tell() -> None:
    session, handler = served((MSSP(VARIABLES),), negotiate(DO, CODE))
    session.take()

    deliver(session, subnegotiation(CODE, TOLD))

    assert handler.named("on_mssp", "on_protocol_error") == [
        ("on_protocol_error", "MSSP: variables from a client", TOLD[:64])
    ]
    assert session.take() == b""


def test_variables_that_nobody_offered_are_reported() -> None:
    _, handler = served((MSSP,), subnegotiation(CODE, TOLD), role=Role.CLIENT)

    assert [reason for _, reason, _ in handler.named("on_mssp", "on_protocol_error")] == [
        "MSSP: subnegotiation of an option that is off"
    ]


def test_what_the_handler_raises_is_not_taken_for_a_fault_of_the_peer() -> None:
    class Crawler(Recorder):
        def on_mssp(self, variables: dict[str, list[str]]) -> None:
            raise ValueError("not that one")

    crawler = Crawler()
    session = Session(crawler, (MSSP,), role=Role.CLIENT)
    session.start(0.0)

    with pytest.raises(ValueError, match="^not that one$"):
        session.receive(negotiate(WILL, CODE) + subnegotiation(CODE, TOLD), 0.0)
    assert crawler.named("on_protocol_error") == []


texts = st.text(st.characters(min_codepoint=3, exclude_categories=["Cs"]))
names = texts.filter(lambda name: name and "_" not in name)  # with it some are official ones


@given(st.dictionaries(names, st.lists(texts, min_size=1)))
def test_what_is_told_is_read_as_it_was(variables: dict[str, list[str]]) -> None:
    told = {"NAME": ["Ours"], "PLAYERS": ["0"], "UPTIME": ["0"]} | variables

    assert decode(encode(told)) == told


@given(st.binary() | st.text(st.characters(max_codepoint=4)).map(str.encode))
def test_any_payload_is_survived_by_both_ends(payload: bytes) -> None:
    received = subnegotiation(CODE, payload) + b"still here\r\n"
    _, at_server = served((MSSP(VARIABLES),), negotiate(DO, CODE), received)
    _, at_client = crawled(received)

    assert at_server.events[-1] == at_client.events[-1] == ("on_line", "still here")


@pytest.mark.parametrize("program", ["libtelnet-client-mud", "pymud-mud", "tt++-script-mud"])
def test_what_real_clients_were_told_is_read(program: str) -> None:
    _, handler = served((MSSP,), *segments(TRACES / f"{program}.jsonl", "s2c"), role=Role.CLIENT)

    assert handler.named("on_mssp") == [("on_mssp", RECORDED)]


@pytest.mark.parametrize("program", ["libtelnet-client-mud", "pymud-mud", "tt++-script-mud"])
def test_real_clients_are_told_what_they_were_told(program: str) -> None:
    session, _ = served((MSSP(RECORDED),), *segments(TRACES / f"{program}.jsonl", "c2s"))

    [told] = [event for event in parse(session.take()) if isinstance(event, Subnegotiation) and event.option == CODE]
    assert subnegotiation(CODE, told.data) in b"".join(segments(TRACES / f"{program}.jsonl", "s2c"))


# Plain text

GAME = MSSP({**VARIABLES, "PORT": [23, 4000], "CRAWL DELAY": -1, "ANSI": True, "CONTACT": "a\tb\r\nc", "ICON": ""})
REPLY = (
    b"\r\nMSSP-REPLY-START\r\n"
    b"NAME\tOurs\r\n"
    b"PLAYERS\t52\r\n"
    b"UPTIME\t1234567890\r\n"
    b"PORT\t23\t4000\r\n"
    b"CRAWL DELAY\t-1\r\n"
    b"ANSI\t1\r\n"
    b"CONTACT\ta b  c\r\n"
    b"ICON\t\r\n"
    b"MSSP-REPLY-END\r\n"
)


def answer(*received: bytes, option: MSSP = GAME, **settings: Any) -> tuple[bytes, list[tuple[Any, ...]]]:
    """What a server sends behind its opening, and the lines that its program sees."""
    session, handler = served((option,), **settings)
    session.take()
    for data in received:
        deliver(session, data)
    return session.take(), handler.named("on_line")


@pytest.mark.parametrize("line", [b"MSSP-REQUEST\r\n", b"mssp-request\n", b" Mssp-Request \r\0"])
def test_a_request_in_plain_text_is_answered_in_every_cut(line: bytes) -> None:
    for pieces in every_cut(line):
        assert answer(*pieces) == (REPLY, [])


def test_empty_lines_in_front_of_the_request_are_the_programs() -> None:
    assert answer(b"\r\n\r\nMSSP-REQUEST\r\n") == (REPLY, [("on_line", ""), ("on_line", "")])


def test_the_request_is_answered_once() -> None:
    assert answer(b"MSSP-REQUEST\r\nMSSP-REQUEST\r\n") == (REPLY, [("on_line", "MSSP-REQUEST")])


def test_a_line_behind_another_is_not_a_request() -> None:
    assert answer(b"Ada\r\nMSSP-REQUEST\r\n") == (b"", [("on_line", "Ada"), ("on_line", "MSSP-REQUEST")])


def test_plain_text_can_be_turned_off() -> None:
    assert answer(b"MSSP-REQUEST\r\n", option=MSSP(VARIABLES, plain_text=False)) == (
        b"",
        [("on_line", "MSSP-REQUEST")],
    )


def test_a_client_answers_no_request() -> None:
    assert answer(b"MSSP-REQUEST\r\n", role=Role.CLIENT) == (b"", [("on_line", "MSSP-REQUEST")])


def test_plain_text_is_sent_in_the_encoding_of_the_session() -> None:
    session = Session(Recorder(), (MSSP({**VARIABLES, "NAME": "\xff\u20ac"}),), encoding="latin-1")
    session.start(0.0)
    session.take()

    deliver(session, b"MSSP-REQUEST\r\n")

    assert b"\r\nNAME\t\xff\xff?\r\n" in session.take()


def test_a_request_that_the_program_cannot_answer_is_answered_by_nothing() -> None:
    raised: list[Exception] = []
    handler = Recorder()
    session = Session(handler, (MSSP(failing),), report=raised.append)
    session.start(0.0)
    session.take()

    deliver(session, b"MSSP-REQUEST\r\n")

    assert [str(exc) for exc in raised] == ["the list of players is gone"]
    assert session.take() == b""
    assert handler.named("on_line") == []


# Plain text, at a client

LINES = b"MSSP-REPLY-START\r\nNAME\tOurs\r\nPORT\t23\t4000\r\nCRAWL_DELAY\t-1\r\nICON\t\r\nMSSP-REPLY-END\r\n"
TOLD_IN_TEXT = {"NAME": ["Ours"], "PORT": ["23", "4000"], "CRAWL DELAY": ["-1"], "ICON": [""]}


def asked(*received: bytes, **settings: Any) -> list[tuple[Any, ...]]:
    """What the program of a client is told that has asked in plain text, and has received these bytes since."""
    session, handler = served((MSSP,), b"Welcome!\r\n", role=Role.CLIENT, **settings)
    assert session[MSSP].request_text() is True
    assert session.take() == b"MSSP-REQUEST\r\n"
    handler.events.clear()
    for data in received:
        deliver(session, data)
    return handler.events


def test_a_reply_in_plain_text_is_read_in_every_cut() -> None:
    for pieces in every_cut(b"Name: \r\n" + LINES + b"Name:\tx\r\n"):
        assert asked(*pieces) == [
            ("on_line", "Name: "),
            ("on_mssp", TOLD_IN_TEXT),
            ("on_line", "Name:\tx"),
        ]


@pytest.mark.parametrize("end", [b"\r\n", b"\n", b"\n\r", b"\r\0", b"\r"])
def test_a_reply_may_have_any_line_end(end: bytes) -> None:
    assert asked(LINES.replace(b"\r\n", end)) == [("on_mssp", TOLD_IN_TEXT)]


def test_question_and_answer_in_plain_text_between_two_sessions() -> None:
    pair = Pair((MSSP({**VARIABLES, "PORT": [23, 4000], "CRAWL_DELAY": 5}),), ()).start().clear()
    client = Session(pair.at_client, (MSSP,), role=Role.CLIENT)
    client.start(0.0)
    client[MSSP].request_text()

    deliver(pair.server, client.take())
    deliver(client, pair.server.take())

    assert pair.at_server.named("on_line") == []
    assert pair.at_client.named("on_line", "on_mssp") == [
        ("on_line", ""),
        (
            "on_mssp",
            {
                "NAME": ["Ours"],
                "PLAYERS": ["52"],
                "UPTIME": ["1234567890"],
                "PORT": ["23", "4000"],
                "CRAWL DELAY": ["5"],
            },
        ),
    ]


def test_a_server_asks_for_nothing() -> None:
    session, _ = served((MSSP(VARIABLES),))
    session.take()

    assert session[MSSP].request_text() is False
    assert session.take() == b""


def test_a_reply_that_was_not_asked_for_is_lines() -> None:
    _, handler = served((MSSP,), LINES, role=Role.CLIENT)

    assert [line.encode() + b"\r\n" for _, line in handler.named("on_line")] == LINES.splitlines(keepends=True)
    assert handler.named("on_mssp") == []


def test_one_request_has_one_reply() -> None:
    assert [event[0] for event in asked(LINES + LINES)] == ["on_mssp", *["on_line"] * 6]


def test_a_second_request_has_a_reply_of_its_own() -> None:
    session, handler = served((MSSP,), role=Role.CLIENT)
    session[MSSP].request_text()
    deliver(session, b"MSSP-REPLY-START\r\nNAME\tOld\r\n")
    session[MSSP].request_text()
    deliver(session, LINES)

    assert handler.named("on_mssp", "on_line") == [("on_mssp", TOLD_IN_TEXT)]


def test_a_prompt_before_the_reply_is_the_programs() -> None:
    assert asked(b"By what name? " + LINES)[:2] == [("on_line", "By what name? "), ("on_mssp", TOLD_IN_TEXT)]


@pytest.mark.parametrize("line", ["MSSP-REPLY-START now", "mssp-reply-start", "Ada says 'MSSP-REPLY-START'"])
def test_a_line_that_does_not_end_in_the_beginning_of_a_reply_is_none(line: str) -> None:
    assert asked(line.encode() + b"\r\n") == [("on_line", line)]


def test_values_of_a_name_that_comes_again_are_joined() -> None:
    text = b"MSSP-REPLY-START\r\nPORT\t1\r\n PORT \t2\t3\r\nMSSP-REPLY-END\r\n"

    assert asked(text) == [("on_mssp", {"PORT": ["1", "2", "3"]})]


def test_blank_lines_in_a_reply_mean_nothing() -> None:
    assert asked(LINES.replace(b"\r\n", b"\r\n \r\n" + b"\r\n" * 5)) == [
        ("on_mssp", TOLD_IN_TEXT),
        ("on_line", " "),
        *[("on_line", "")] * 5,
    ]


def test_blank_lines_without_an_end_are_not_taken_for_ever() -> None:
    events = asked(b"MSSP-REPLY-START\n" + b"\n" * 100, limits=Limits(subnegotiation=80))

    assert events == [
        ("on_protocol_error", "MSSP: a reply in plain text without its end", b""),
        *[("on_line", "")] * 19,
    ]


def test_what_others_say_in_the_middle_of_a_reply_is_the_programs() -> None:
    text = LINES.replace(b"PORT", b"Ada has arrived.\r\n\thello\r\nPORT")

    assert asked(text) == [("on_line", "Ada has arrived."), ("on_line", "\thello"), ("on_mssp", TOLD_IN_TEXT)]


def test_a_reply_in_plain_text_is_read_in_the_encoding_of_the_session() -> None:
    assert asked(LINES.replace(b"Ours", b"caf\xe9"))[0][1]["NAME"] == ["caf\xe9"]


def test_a_reply_without_its_end_is_given_up_after_some_lines_of_others() -> None:
    text = LINES.replace(b"MSSP-REPLY-END\r\n", b"look\r\n" * 17 + b"NAME\tx\r\n" + b"MSSP-REPLY-END\r\n")

    assert asked(text) == [
        *[("on_line", "look")] * 16,
        ("on_protocol_error", "MSSP: a reply in plain text without its end", b""),
        ("on_line", "look"),
        ("on_line", "NAME\tx"),
        ("on_line", "MSSP-REPLY-END"),
    ]


def test_a_reply_without_its_end_is_given_up_when_it_is_as_large_as_a_subnegotiation_may_be() -> None:
    lines = b"MSSP-REPLY-START\r\n" + b"A\txxxxxxx\r\n" * 9 + b"B\ty\r\n"

    assert asked(lines, limits=Limits(subnegotiation=80)) == [
        ("on_protocol_error", "MSSP: a reply in plain text without its end", b""),
        ("on_line", "B\ty"),
    ]


@pytest.mark.parametrize("line", [b"A\tx", b"A\tx\ty\tz", b"A\t"])
def test_a_reply_in_plain_text_has_so_many_values_and_no_more(line: bytes) -> None:
    count = 1 + line.count(b"\t")
    lines = b"MSSP-REPLY-START\n" + (line + b"\n") * 5
    end = b"MSSP-REPLY-END\n"

    assert [event[0] for event in asked(lines + end, limits=Limits(values=5 * count))] == ["on_mssp"]
    assert asked(lines + end, limits=Limits(values=5 * count - 1)) == [
        ("on_protocol_error", f"MSSP: more than {5 * count - 1} values", b""),
        ("on_line", "MSSP-REPLY-END"),
    ]


@given(
    st.lists(st.sampled_from([b"MSSP-REPLY-START", b"MSSP-REPLY-END", b"A\tb", b"\t", b"\n", b"\r", b"x", b"\xff\xf1"]))
)
def test_any_lines_are_survived_in_any_cut(pieces: list[bytes]) -> None:
    data = b"".join(pieces) + b"\nMSSP-REPLY-END\nstill here\n"

    assert asked(data) == asked(*(data[i : i + 1] for i in range(len(data))))
    assert asked(data)[-1] == ("on_line", "still here")


# What a peer may cost


@pytest.mark.parametrize("filling", [b"\x02x", b"\x02", b"\x01A"])
def test_values_are_read_up_to_the_limit_and_not_beyond(filling: bytes) -> None:
    said = subnegotiation(CODE, b"\x01A\x02a" + filling * 8), subnegotiation(CODE, b"\x01A\x02a" + filling * 9)

    _, handler = crawled(*said, limits=Limits(values=10))

    assert len(handler.named("on_mssp")) == 1
    assert [event[1] for event in handler.named("on_protocol_error")] == ["MSSP: more than 10 values"]


@pytest.mark.parametrize("marker", range(3))
def test_markers_alone_are_too_many_values(marker: int) -> None:
    with pytest.raises(ValueError, match="^more than 4096 values$"):
        decode(bytes((marker,)) * 65536)
