"""MXP: started from either side's word, player text that does nothing, and a client's answers in the lines."""

from __future__ import annotations

import time
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from session_support import Pair, Recorder, every_cut, served

from telnet import constants
from telnet.constants import DO, DONT, WILL, WONT
from telnet.encode import negotiate, subnegotiation
from telnet.options import MXP, Role
from telnet.options.mxp import LineMode, element, escape_mxp, parse_reply, tag
from telnet.options.option import TOO_MANY
from telnet.session import Session

WILL_MXP = negotiate(WILL, constants.MXP)
DO_MXP = negotiate(DO, constants.MXP)
START = subnegotiation(constants.MXP, b"")

VERSION = '\x1b[1z<VERSION MXP="1.0" CLIENT=Mudlet VERSION=4.17.2 REGISTERED=yes>'
SUPPORTS = "\x1b[1z<SUPPORTS +send +Color.Fore -image>"


@pytest.fixture(autouse=True)
def every_parser(parser_module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("telnet.session.Parser", parser_module.Parser)


def agreed(role: Role, *received: bytes, option: MXP | type[MXP] = MXP) -> tuple[Session, Recorder]:
    """A session with MXP on, that has received these bytes since; what was said until then is taken."""
    session, handler = served((option,), DO_MXP if role is Role.SERVER else WILL_MXP, role=role)
    session.take()
    handler.events.clear()
    for data in received:
        session.receive(data, 0.0)
    return session, handler


# Line tags


def test_a_line_tag_is_esc_and_its_number() -> None:
    assert [tag(LineMode.OPEN), tag(LineMode.LOCK_LOCKED), tag(99)] == ["\x1b[0z", "\x1b[7z", "\x1b[99z"]


def test_the_modes_have_the_numbers_of_the_specification() -> None:
    names = ["OPEN", "SECURE", "LOCKED", "RESET", "TEMP_SECURE", "LOCK_OPEN", "LOCK_SECURE", "LOCK_LOCKED"]

    assert [mode.name for mode in sorted(LineMode)] == names


@pytest.mark.parametrize("number", [-1, 100, "1"])
def test_a_line_tag_outside_of_0_to_99_is_refused(number: Any) -> None:
    with pytest.raises(ValueError, match=f"^a line tag is a number from 0 to 99, not {number!r}$"):
        tag(number)


# Player text


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("hello", "hello"),
        ("<b>&", "&lt;b&gt;&amp;"),
        ("&lt;", "&amp;lt;"),
        ("\x1b[1z<SEND>", "[1z&lt;SEND&gt;"),
        ("\x9b1z", "1z"),
        ('say "hi"', 'say "hi"'),
    ],
)
def test_player_text_is_shown_and_not_obeyed(written: str, sent: str) -> None:
    assert escape_mxp(written) == sent


@given(st.text())
def test_no_player_text_has_a_tag_or_a_line_tag_in_it(text: str) -> None:
    assert not set(escape_mxp(text)) & set("<>\x1b\x9b")


def test_player_text_is_escaped_while_mxp_is_on() -> None:
    session, _ = agreed(Role.SERVER)

    assert session[MXP].text("<b>\x1b[1z") == "&lt;b&gt;[1z"


def test_player_text_is_plain_while_mxp_is_off() -> None:
    session, _ = served((MXP,))

    assert session[MXP].text("<b>\x1b[1z") == "<b>[1z"


# Elements


def test_an_element_is_secure_for_its_two_tags_alone() -> None:
    assert element("SEND", "north", href="go north") == '\x1b[4z<SEND href="go north">north\x1b[4z</SEND>'


def test_text_and_values_of_an_element_are_escaped() -> None:
    markup = element("SEND", "<Bob>", href='tell Bob "<hi>"\nquit\x1b')

    assert markup == '\x1b[4z<SEND href="tell Bob &quot;&lt;hi&gt;&quot; quit">&lt;Bob&gt;\x1b[4z</SEND>'


def test_an_attribute_that_is_true_is_a_word_and_one_that_is_false_is_absent() -> None:
    assert element("SEND", "x", prompt=True, expire=False) == "\x1b[4z<SEND prompt>x\x1b[4z</SEND>"


@pytest.mark.parametrize(
    ("name", "attributes"), [("", {}), ("1B", {}), ("B>", {}), ("B", {"a b": "c"}), ("B", {"=": True})]
)
def test_a_name_that_breaks_the_markup_is_refused(name: str, attributes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="^a name in MXP is ASCII letters, digits and _-. and begins with a letter"):
        element(name, "x", **attributes)


def test_a_value_that_is_no_text_is_refused() -> None:
    value: Any = 5

    with pytest.raises(TypeError, match="^an attribute is a str or a bool, not int: width=5$"):
        element("FRAME", "x", width=value)


def test_an_element_is_its_text_while_mxp_is_off() -> None:
    session, _ = served((MXP,))

    assert session[MXP].element("SEND", "<north>\x1b", href="n") == "<north>"


def test_an_element_is_markup_while_mxp_is_on() -> None:
    session, _ = agreed(Role.SERVER)

    assert session[MXP].element("B", "x") == element("B", "x")


def test_a_wrong_name_is_refused_while_mxp_is_off_too() -> None:
    session, _ = served((MXP,))

    with pytest.raises(ValueError, match="^a name in MXP"):
        session[MXP].element("<", "x")


# Negotiation


def test_a_server_offers_and_starts_when_the_client_agrees() -> None:
    pair = Pair((MXP,)).start()

    assert (bytes(pair.sent_by_server), bytes(pair.sent_by_client)) == (WILL_MXP + START, DO_MXP)
    assert pair.at_client.named("on_mxp") == [("on_mxp",)]


@pytest.mark.parametrize("cut", list(every_cut(DO_MXP + START)), ids=len)
def test_a_client_agrees_to_be_asked_as_lpmuds_do(cut: list[bytes]) -> None:
    session, handler = served((MXP,), *cut, role=Role.CLIENT)

    assert session.take() == WILL_MXP
    assert handler.named("on_mxp", "on_protocol_error") == [("on_mxp",)]


@pytest.mark.parametrize("cut", list(every_cut(WILL_MXP + START)), ids=len)
def test_a_client_is_told_of_the_start_in_any_cut(cut: list[bytes]) -> None:
    session, handler = served((MXP,), *cut, role=Role.CLIENT)

    assert session.take() == DO_MXP
    assert handler.named("on_mxp", "on_protocol_error") == [("on_mxp",)]


def test_a_client_that_says_will_itself_is_started() -> None:
    session, _ = served((MXP,), WILL_MXP)

    assert session.take() == WILL_MXP + DO_MXP + START


def test_it_is_started_once_when_both_sides_said_will() -> None:
    session, _ = served((MXP,), WILL_MXP, DO_MXP)

    assert session.take().count(START) == 1


def test_a_server_is_ready_when_the_client_has_answered() -> None:
    _, handler = served((MXP,), negotiate(DONT, constants.MXP))

    assert ("on_ready",) in handler.events


@pytest.mark.parametrize("asked", [WILL_MXP, DO_MXP])
def test_a_client_begins_when_it_has_agreed_whether_a_start_follows_or_not(asked: bytes) -> None:
    for cut in every_cut(asked + b"<B>hello</B>\r\n"):
        _, handler = served((MXP,), *cut, role=Role.CLIENT)
        assert handler.named("on_mxp", "on_line", "on_protocol_error") == [("on_mxp",), ("on_line", "<B>hello</B>")]


@pytest.mark.parametrize("said", [WILL_MXP + DO_MXP, DO_MXP + START + WILL_MXP + START, WILL_MXP + START * 100])
def test_a_client_begins_once_however_often_it_is_started(said: bytes) -> None:
    _, handler = served((MXP,), said, role=Role.CLIENT)

    assert handler.named("on_mxp", "on_protocol_error") == [("on_mxp",)]


def test_a_client_begins_again_when_it_was_off() -> None:
    off = negotiate(WONT, constants.MXP)
    _, handler = served((MXP,), WILL_MXP + START + off + WILL_MXP + START, role=Role.CLIENT)

    assert handler.named("on_mxp") == [("on_mxp",)] * 2


def test_a_start_before_the_offer_begins_nothing_and_the_offer_does() -> None:
    _, handler = served((MXP,), START + WILL_MXP, role=Role.CLIENT)

    assert [event[0] for event in handler.named("on_mxp", "on_protocol_error")] == ["on_protocol_error", "on_mxp"]


# The default mode


@pytest.mark.parametrize(
    ("default", "mode"),
    [
        ("open", LineMode.LOCK_OPEN),
        ("Secure", LineMode.LOCK_SECURE),
        ("LOCKED", LineMode.LOCK_LOCKED),
        ("lock_locked", LineMode.LOCK_LOCKED),
        (LineMode.OPEN, LineMode.LOCK_OPEN),
        (LineMode.SECURE, LineMode.LOCK_SECURE),
        (LineMode.LOCKED, LineMode.LOCK_LOCKED),
        (LineMode.LOCK_SECURE, LineMode.LOCK_SECURE),
    ],
)
def test_the_default_mode_follows_the_start(default: LineMode | str, mode: LineMode) -> None:
    session, _ = served((MXP(default=default),), DO_MXP)

    assert session[MXP].default is mode
    assert session.take() == WILL_MXP + START + tag(mode).encode()


def test_without_a_default_mode_none_is_sent() -> None:
    session, _ = served((MXP(default=None),), DO_MXP)

    assert session[MXP].default is None
    assert session.take() == WILL_MXP + START


@pytest.mark.parametrize(
    "default", ["", "closed", "temp_secure", LineMode.RESET, LineMode.TEMP_SECURE, 7, True, b"open"]
)
def test_a_default_mode_that_there_is_not_is_refused(default: Any) -> None:
    with pytest.raises(ValueError, match="^the default mode must be 'open', 'secure' or 'locked', not "):
        MXP(default=default)


def test_the_default_mode_is_sent_with_each_start_and_by_a_server_alone() -> None:
    session, _ = served((MXP(default="locked"),), DO_MXP + negotiate(DONT, constants.MXP) + DO_MXP)
    assert session.take().count(b"\x1b[7z") == 2

    client, _ = served((MXP(default="locked"),), WILL_MXP + START, role=Role.CLIENT)
    assert client.take() == DO_MXP


def test_no_default_mode_is_sent_to_a_client_that_declines() -> None:
    session, _ = served((MXP(default="locked"),), negotiate(DONT, constants.MXP))

    assert session.take() == WILL_MXP
    assert session[MXP].text("<b>") == "<b>"


@pytest.mark.parametrize(
    ("default", "shown"), [("locked", "<b>&[1z"), ("open", "&lt;b&gt;&amp;[1z"), ("secure", "&lt;b&gt;&amp;[1z")]
)
def test_player_text_is_escaped_where_the_default_mode_reads_it(default: str, shown: str) -> None:
    session, _ = agreed(Role.SERVER, option=MXP(default=default))
    mxp = session[MXP]

    assert mxp.text("<b>&\x1b[1z") == shown
    assert mxp.element("SEND", "<b>&\x1b[1z", href="<b>") == f'\x1b[4z<SEND href="&lt;b&gt;">{shown}\x1b[4z</SEND>'


@pytest.mark.parametrize("default", [None, "locked"])
def test_a_tag_is_secure_for_itself_in_any_default_mode(default: str | None) -> None:
    session, _ = agreed(Role.SERVER, option=MXP(default=default))
    session[MXP].send_tag("VERSION")

    assert session.take() == b"\x1b[4z<VERSION>"


# Tags that are sent


def test_a_server_asks_in_the_middle_of_a_line() -> None:
    session, _ = agreed(Role.SERVER)

    assert session[MXP].send_tag("VERSION") is True
    assert session.take() == b"\x1b[4z<VERSION>"


def test_a_client_answers_in_a_line_of_its_own() -> None:
    session, _ = agreed(Role.CLIENT)

    assert session[MXP].send_tag("SUPPORTS +send -image") is True
    assert session.take() == b"\x1b[1z<SUPPORTS +send -image>\r\n"


@pytest.mark.parametrize("role", Role)
def test_no_tag_is_sent_while_mxp_is_off(role: Role) -> None:
    session, _ = served((MXP,), role=role)
    session.take()

    assert session[MXP].send_tag("VERSION") is False
    assert session.take() == b""


@pytest.mark.parametrize("markup", ["", "A\nB", "A\x1b[1z"])
def test_a_tag_of_several_lines_is_refused(markup: str) -> None:
    session, _ = served((MXP,))

    with pytest.raises(ValueError, match="^a tag is printable and in one line, not "):
        session[MXP].send_tag(markup)


# Answers of a client


def test_question_and_answer_between_two_sessions() -> None:
    pair = Pair((MXP,)).start().clear()
    pair.server[MXP].send_tag("VERSION")
    pair.server.send_line("")

    pair.run()
    assert pair.at_client.events == [("on_line", "\x1b[4z<VERSION>")]
    pair.client[MXP].send_tag('VERSION MXP="1.0" CLIENT="The Lantern" VERSION=2.1')
    pair.run()

    assert pair.at_server.events == [
        ("on_mxp_reply", "VERSION", {"mxp": "1.0", "client": "The Lantern", "version": "2.1"})
    ]
    assert (pair.server.client.name, pair.server.client.version) == ("The Lantern", "2.1")


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        (VERSION, ("VERSION", {"mxp": "1.0", "client": "Mudlet", "version": "4.17.2", "registered": "yes"})),
        (SUPPORTS, ("SUPPORTS", {"send": "+", "color.fore": "+", "image": "-"})),
        ("\x1b[1z<version mxp='0.5' >  ", ("VERSION", {"mxp": "0.5"})),
        ("\x1b[1z<SUPPORTS>", ("SUPPORTS", {})),
        ("\x1b[1z<SUPPORT +image -frame>", ("SUPPORTS", {"image": "+", "frame": "-"})),
        ("\x1b[1z<VERSION MXP=0.5 STYLE= CLIENT=zmud>", ("VERSION", {"mxp": "0.5", "style": "", "client": "zmud"})),
        ("\x1b[1z<AFK 120 ping>", ("AFK", {"seconds": "120", "challenge": "ping"})),
        ("\x1b[1z<afk 120 >", ("AFK", {"seconds": "120"})),
        ("\x1b[1z<AFK 120ping>", ("AFK", {"seconds": "120", "challenge": "ping"})),
        ('\x1b[1z<AFK 5 "two words">', ("AFK", {"seconds": "5", "challenge": "two words"})),
        ("\x1b[1z<AFK away>", ("AFK", {"challenge": "away"})),
        ("\x1b[1z<AFK>", ("AFK", {})),
        ("\x1b[1z<OPTIONS utf_8=1 mxp=0 >", ("OPTIONS", {"utf_8": "1", "mxp": "0"})),
        ("\x1b[1z<USER bob>", ("USER", {"user": "bob"})),
        ("\x1b[1z<USERNAME 'bob smith'>", ("USER", {"user": "bob smith"})),
        ("\x1b[1z<PASSWORD hunter2>", ("PASSWORD", {"password": "hunter2"})),
        ("\x1b[1z<password a<b>c>\x1b[7z ", ("PASSWORD", {"password": "a<b>c"})),
        ("\x1b[1z<PASSWORD hunter2", ("PASSWORD", {"password": "hunter2"})),
        ("\x1b[1z<PASSWORD>", ("PASSWORD", {"password": ""})),
        ("\x1b[4z<AFK 1>", ("AFK", {"seconds": "1"})),
        ("\x1b[6z<SUPPORTS +b>\x1b[7z", ("SUPPORTS", {"b": "+"})),
    ],
)
def test_an_answer_is_read(line: str, reply: tuple[str, dict[str, str]]) -> None:
    assert parse_reply(line) == reply


@pytest.mark.parametrize(
    "line",
    [
        "",
        "look",
        "<VERSION MXP=1.0>",  # typed
        " " + VERSION,
        VERSION[:-1],
        VERSION + "look",
        "\x1b[1z<VERSION MXP>",
        '\x1b[1z<VERSION MXP="1.0>',
        "\x1b[1z<VERSION <SEND>>",
        "\x1b[1z<VERSIONS MXP=1>",
        "\x1b[1z<SUPPORTS send>",
        "\x1b[1z<SUPPORTS + send>",
        "\x1b[1z<PASSWORDS secret>",
        "\x1b[1z<AFKS 1>",
        "\x1b[1z<SEND north>",
        "<AFK 120 ping>",
        "<afk>",
        "<PASSWORD secret>",
        "<- go that way",
        "\x1b[0z<AFK 1>",
        "\x1b[2z<VERSION MXP=1.0>",
    ],
)
def test_what_is_unknown_or_malformed_stays_a_line(line: str) -> None:
    _, handler = agreed(Role.SERVER, line.encode() + b"\r\n")

    assert parse_reply(line) is None
    assert handler.events == [("on_line", line)]


def test_an_answer_that_leaves_out_the_name_takes_nothing_back() -> None:
    session, _ = agreed(Role.SERVER, VERSION.encode() + b"\r\n", b'\x1b[1z<VERSION MXP="1.0" CLIENT="">\r\n')

    assert (session.client.name, session.client.version) == ("Mudlet", "4.17.2")


def test_what_a_client_supports_says_nothing_of_its_name() -> None:
    session, handler = agreed(Role.SERVER, b"\x1b[1z<SUPPORTS +client>\r\n")

    assert handler.events == [("on_mxp_reply", "SUPPORTS", {"client": "+"})]
    assert session.client.name == ""


@pytest.mark.parametrize("cut", list(every_cut(VERSION.encode() + b"\r\n")), ids=len)
def test_an_answer_is_read_in_any_cut(cut: list[bytes]) -> None:
    _, handler = agreed(Role.SERVER, *cut)

    assert [event[:2] for event in handler.events] == [("on_mxp_reply", "VERSION")]


@pytest.mark.parametrize(
    ("question", "line", "reply"),
    [
        ("VERSION", "<VERSION CLIENT=Lantern>", ("VERSION", {"client": "Lantern"})),
        ("support send image", "<supports +send -image>", ("SUPPORTS", {"send": "+", "image": "-"})),
        ("SUPPORT", "<SUPPORT +send>", ("SUPPORTS", {"send": "+"})),
        ("AFK ping", "<afk 7 ping>", ("AFK", {"seconds": "7", "challenge": "ping"})),
        ("OPTION utf_8", "<OPTIONS utf_8=1>", ("OPTIONS", {"utf_8": "1"})),
        ("USER", "<USER bob>", ("USER", {"user": "bob"})),
        ("USERNAME", "<USER bob>", ("USER", {"user": "bob"})),
        ("PASSWORD", "<PASSWORD hunter2>", ("PASSWORD", {"password": "hunter2"})),
    ],
)
def test_what_was_asked_for_is_an_answer_without_the_mark_once(
    question: str, line: str, reply: tuple[str, dict[str, str]]
) -> None:
    session, handler = agreed(Role.SERVER)
    session[MXP].send_tag(question)
    for data in every_cut(line.encode() + b"\r\n"):
        session[MXP].send_tag(question)
        handler.events.clear()
        for piece in [*data, line.encode() + b"\r\n"]:
            session.receive(piece, 0.0)

        assert handler.events == [("on_mxp_reply", *reply), ("on_line", line)]


@pytest.mark.parametrize("line", ["<afk 7> brb", "<PASSWORD hunter2> ok", "<SUPPORTS send>", "<b>hello</b>", "<AFK 7"])
def test_what_only_looks_like_an_answer_stays_a_line(line: str) -> None:
    session, handler = agreed(Role.SERVER)
    for question in ("AFK", "PASSWORD", "SUPPORT"):
        session[MXP].send_tag(question)
    session.receive(line.encode() + b"\r\n", 0.0)

    assert handler.events == [("on_line", line)]


def test_what_was_asked_for_is_forgotten_when_mxp_is_off() -> None:
    session, handler = agreed(Role.SERVER)
    session[MXP].send_tag("AFK")
    session.receive(negotiate(DONT, constants.MXP) + DO_MXP + b"<afk 7>\r\n", 0.0)

    assert handler.named("on_line", "on_mxp_reply") == [("on_line", "<afk 7>")]


def test_the_tag_of_something_else_asks_for_nothing() -> None:
    session, handler = agreed(Role.SERVER)
    for markup in ("SEND north", "BR", " ", "!ELEMENT x"):
        session[MXP].send_tag(markup)
    session.receive(b"<SEND north>\r\n<VERSION MXP=1>\r\n", 0.0)

    assert [event[0] for event in handler.events] == ["on_line", "on_line"]


@pytest.mark.parametrize(
    "line", [b"\x1b[1z<AFK 7 x>\r\n", b"\x1b[1z<SUPPORT +a>\r\n", b"\x1b[1z<PASSWORD hunter2>\r\n"]
)
def test_any_answer_is_read_in_any_cut(line: bytes) -> None:
    for cut in every_cut(line):
        _, handler = agreed(Role.SERVER, *cut)
        assert [event[0] for event in handler.events] == ["on_mxp_reply"]


def test_while_mxp_is_off_an_answer_is_a_line() -> None:
    session, handler = served((MXP,), VERSION.encode() + b"\r\n")

    assert handler.named("on_line", "on_mxp_reply") == [("on_line", VERSION)]
    assert session.client.name == ""


def test_what_a_server_sends_is_never_an_answer() -> None:
    _, handler = agreed(Role.CLIENT, VERSION.encode() + b"\r\n")

    assert handler.events == [("on_line", VERSION)]


@pytest.mark.parametrize(
    "filling", ["a", "a=", "a='\" ", ' b="', "+", " +", '"', "< ", "a=1 ", ">", "> ", "\x1b[1z", "1"]
)
def test_the_longest_line_is_read_in_linear_time(filling: str) -> None:
    line = "\x1b[1z<VERSION " + filling * (16000 // len(filling))
    before = time.process_time()

    for name in ("VERSION", "SUPPORTS", "AFK", "OPTIONS", "USER", "PASSWORD"):
        parse_reply(line.replace("VERSION", name))
        parse_reply(line.replace("VERSION", name) + ">")
        parse_reply(line.replace("VERSION", name)[4:] + ">", {name})

    assert time.process_time() - before < 0.5  # some milliseconds; seconds if each byte is looked at from each


# Bad input


@pytest.mark.parametrize("payload", [b"x", b"\x00", b"\xff", b"\x01" * 5000])
def test_a_start_with_bytes_too_many_is_a_start_and_they_are_reported(payload: bytes) -> None:
    _, handler = agreed(Role.CLIENT, subnegotiation(constants.MXP, payload))

    assert handler.events == [("on_protocol_error", f"MXP: {TOO_MANY}", payload[:64])]


def test_a_start_from_the_client_is_reported() -> None:
    _, handler = agreed(Role.SERVER, START)

    assert handler.events == [("on_protocol_error", "MXP: the start is empty, from the server", b"")]


@pytest.mark.parametrize("role", Role)
def test_a_start_while_mxp_is_off_is_reported(role: Role) -> None:
    _, handler = served((MXP,), START, role=role)

    assert [event[0] for event in handler.named("on_mxp", "on_protocol_error")] == ["on_protocol_error"]


@pytest.mark.parametrize("role", Role)
@given(payload=st.binary(), line=st.binary())
def test_no_input_raises(role: Role, payload: bytes, line: bytes) -> None:
    _, handler = agreed(role, subnegotiation(constants.MXP, payload), b"\x1b[1z<VERSION " + line + b">\r\n")

    assert handler.events


@pytest.mark.parametrize("name", ["VERSION", "SUPPORTS", "OPTIONS", "AFK"])
def test_an_answer_has_so_many_words_and_no_more(name: str) -> None:
    word = {"SUPPORTS": " +a"}.get(name, " a=b")

    assert parse_reply(f"\x1b[1z<{name}{word * 256}>") is not None
    assert parse_reply(f"\x1b[1z<{name}{word * 257}>") is None


def test_what_a_client_says_it_is_is_printable() -> None:
    session, _ = served((MXP,), DO_MXP, '\x1b[1z<VERSION CLIENT="\x1b[2JMud\x07let" VERSION="\x9b4">\r\n'.encode())

    assert (session.client.name, session.client.version) == ("[2JMudlet", "4")
