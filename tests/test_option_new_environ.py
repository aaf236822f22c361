"""NEW-ENVIRON and MNES: variables of the environment, in both roles, and their codec."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from session_support import Pair, every_cut, served
from traces import TRACES, segments

from telnet import constants
from telnet.client import MTTS, Hyperlinks
from telnet.constants import DO, IAC, SB, SE, WILL, WONT
from telnet.encode import negotiate, subnegotiation
from telnet.events import Subnegotiation, parse
from telnet.limits import Limits
from telnet.options import NEW_ENVIRON, Role
from telnet.options.new_environ import Variable, decode_variables, encode_variables

WILL_ENVIRON = negotiate(WILL, constants.NEW_ENVIRON)
DO_ENVIRON = negotiate(DO, constants.NEW_ENVIRON)

MISPLACED = "NEW_ENVIRON: neither a question to the client nor its answer"
MALFORMED = "NEW_ENVIRON: a variable begins with VAR or USERVAR, and has one VALUE at most"


@pytest.fixture(autouse=True)
def both_parsers(monkeypatch: pytest.MonkeyPatch, parser_module: ModuleType) -> None:
    monkeypatch.setattr("telnet.session.Parser", parser_module.Parser)


def environ(data: bytes) -> bytes:
    return subnegotiation(constants.NEW_ENVIRON, data)


def told(*variables: tuple[str, str | None], command: bytes = b"\x00") -> bytes:
    """What a client says of VARs."""
    return environ(command + encode_variables(Variable(*variable) for variable in variables))


def recorded(trace: str) -> bytes:
    return b"".join(segments(TRACES / f"{trace}.jsonl", "c2s"))


# --- the codec --------------------------------------------------------------------------------------------------------

VECTORS = [
    (b"", []),
    (b"\x00", [Variable("")]),
    (b"\x03", [Variable("", user=True)]),
    (b"\x00USER", [Variable("USER")]),
    (b"\x00USER\x01", [Variable("USER", "")]),
    (b"\x00USER\x01ada", [Variable("USER", "ada")]),
    (b"\x00A\x03B\x01b\x00", [Variable("A"), Variable("B", "b", True), Variable("")]),
    (b"\x00a\x02\x00b\x01\x02\x02\x02\x03\x02\x01", [Variable("a\0b", "\2\3\1")]),
    (b"\x03CLIENT\x01pr\x02\x01obe", [Variable("CLIENT", "pr\1obe", True)]),
    (b"\x00caf\xc3\xa9\x01\xe2\x98\x83", [Variable("caf\u00e9", "\u2603")]),
]


@pytest.mark.parametrize(("data", "variables"), VECTORS)
def test_variables_on_the_wire(data: bytes, variables: list[Variable]) -> None:
    assert encode_variables(variables) == data
    assert list(decode_variables(data)) == variables


def test_an_escape_may_stand_before_any_byte() -> None:
    assert list(decode_variables(b"\x00\x02A\x01\x02\n\x02\xff")) == [Variable("A", "\n\ufffd")]


def test_what_is_not_utf_8_is_replaced() -> None:
    assert list(decode_variables(b"\x00A\x01\xff\xfe")) == [Variable("A", "\ufffd\ufffd")]
    assert encode_variables([Variable("A", "\ud800")]) == b"\x00A\x01?"


@pytest.mark.parametrize(
    ("data", "before"),
    [
        (b"USER", []),
        (b"\x01ada", []),
        (b"\x02\x00", []),
        (b"\x00USER\x01a\x01b", [Variable("USER", "a")]),
    ],
)
def test_what_is_malformed_comes_behind_what_is_not(data: bytes, before: list[Variable]) -> None:
    decoded = decode_variables(data)

    assert [next(decoded) for _ in before] == before
    with pytest.raises(ValueError, match="^a variable begins with VAR or USERVAR, and has one VALUE at most$"):
        next(decoded)


@pytest.mark.parametrize("data", [b"\x00A\x01a\x00B\x02", b"\x00A\x01a\x00B\x01b\x02", b"\x00A\x01a\x03\x02"])
def test_what_ends_in_an_escape_was_cut_off(data: bytes) -> None:
    decoded = decode_variables(data)

    assert next(decoded) == Variable("A", "a")
    with pytest.raises(ValueError, match="^cut off behind an ESC$"):
        next(decoded)


text = st.text(st.characters(codec="utf-8"))
variables = st.builds(Variable, text, st.none() | text, st.booleans())


@given(variables=st.lists(variables))
def test_what_is_encoded_is_decoded(variables: list[Variable]) -> None:
    assert list(decode_variables(encode_variables(variables))) == variables


# --- a server and a client --------------------------------------------------------------------------------------------


def test_the_server_asks_for_names_and_the_client_answers_each() -> None:
    pair = Pair([NEW_ENVIRON(["CLIENT_NAME", "SHELL"])], [NEW_ENVIRON(variables={"CLIENT_NAME": "Mudlet"})]).start()

    assert bytes(pair.sent_by_server) == (
        b"\xff\xfd\x27\xff\xfa\x27\x01\x00CLIENT_NAME\x00SHELL\xff\xf0\xff\xfa\x27\x01\x03CLIENT_NAME\x03SHELL\xff\xf0"
    )
    assert bytes(pair.sent_by_client) == (
        b"\xff\xfb\x27"
        b"\xff\xfa\x27\x00\x00CLIENT_NAME\x01Mudlet\x00SHELL\xff\xf0"
        b"\xff\xfa\x27\x00\x03CLIENT_NAME\x01Mudlet\x03SHELL\xff\xf0"
    )
    assert pair.at_server.named("on_environment") == [
        ("on_environment", "CLIENT_NAME", "Mudlet"),
        ("on_environment", "SHELL", None),
    ]
    assert pair.server.client.environment == {"CLIENT_NAME": "Mudlet", "SHELL": None}
    assert pair.server.client.name == "Mudlet"


KINDS = """SEND PROMPT STYLE_BASIC STYLE_STATES TOOLTIP MENU COMPACT PRESETS VISIBILITY SELECTION SPOILER
    DISABLED""".split()
LINKS = ["OSC_HYPERLINKS", *(f"OSC_HYPERLINKS_{kind}" for kind in KINDS)]


def test_by_default_the_variables_of_mnes_of_the_locale_and_of_links_are_asked_for_and_no_user() -> None:
    session, _ = served([NEW_ENVIRON], WILL_ENVIRON)

    questions = [event.data for event in parse(session.take()) if isinstance(event, Subnegotiation)]

    names = ["CLIENT_NAME", "CLIENT_VERSION", "TERMINAL_TYPE", "MTTS", "CHARSET", "LC_ALL", "LC_CTYPE", "LANG"]
    assert questions == [
        b"\x01" + b"".join(kind + name.encode() for name in asked)
        for kind in (b"\x00", b"\x03")
        for asked in (names, LINKS[:8], LINKS[8:])
    ]
    assert max(map(len, questions)) <= 201


def test_a_question_is_short_enough_for_small_clients() -> None:
    names = [f"VARIABLE_{number}" for number in range(50)]
    session, _ = served([NEW_ENVIRON(names)], WILL_ENVIRON)

    questions = [event.data for event in parse(session.take()) if isinstance(event, Subnegotiation)]

    assert max(map(len, questions)) <= 201
    asked = [variable for question in questions for variable in decode_variables(question[1:])]
    assert asked == [Variable(name, None, user) for user in (False, True) for name in names]


def test_a_server_may_ask_for_nothing() -> None:
    session, _ = served([NEW_ENVIRON(ask=())], WILL_ENVIRON)

    assert session.take() == DO_ENVIRON


def test_a_server_may_ask_for_more_later() -> None:
    pair = Pair([NEW_ENVIRON(["LANG"])], [NEW_ENVIRON(variables={"EDITOR": "ed"})]).start().clear()

    assert pair.server[NEW_ENVIRON].ask("EDITOR")
    pair.run()

    assert pair.at_server.events == [("on_environment", "EDITOR", "ed")]


def test_nothing_is_asked_while_it_is_off() -> None:
    server, _ = served([NEW_ENVIRON], negotiate(WONT, constants.NEW_ENVIRON))
    server.take()

    assert not server[NEW_ENVIRON].ask("LANG")
    assert server.take() == b""


def test_a_client_tells_what_changes() -> None:
    pair = Pair([NEW_ENVIRON], [NEW_ENVIRON(variables={"CLIENT_NAME": "x", "TERM": "vt100"})]).start().clear()

    assert pair.client[NEW_ENVIRON].update({"CLIENT_NAME": None, "FONT": "big"})
    pair.run()

    assert bytes(pair.sent_by_client) == b"\xff\xfa\x27\x02\x00CLIENT_NAME\x03FONT\x01big\xff\xf0"
    assert pair.at_server.events == [("on_environment", "CLIENT_NAME", None), ("on_environment", "FONT", "big")]


def test_a_change_is_told_when_the_server_asks() -> None:
    client, _ = served([NEW_ENVIRON], role=Role.CLIENT)

    assert not client[NEW_ENVIRON].update({"LANG": "C"})
    assert client.take() == b""

    client.receive(DO_ENVIRON + environ(b"\x01\x03LANG"), 0.0)
    assert client.take() == WILL_ENVIRON + environ(b"\x00\x03LANG\x01C")


def test_one_template_serves_many_connections() -> None:
    template = NEW_ENVIRON(variables={"A": "1"})
    first, _ = served([template], role=Role.CLIENT)
    second, _ = served([template], role=Role.CLIENT)

    first[NEW_ENVIRON].update({"A": "2"})

    assert second[NEW_ENVIRON].variables == {"A": "1"}


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (b"", b"\x00DISPLAY\x01:0\x03HOME\x01/root"),
        (b"\x00", b"\x00DISPLAY\x01:0"),
        (b"\x03", b"\x03HOME\x01/root"),
        (b"\x03\x00", b"\x03HOME\x01/root\x00DISPLAY\x01:0"),
        (b"\x00DISPLAY\x00HOME", b"\x00DISPLAY\x01:0\x00HOME\x01/root"),
        (b"\x03DISPLAY\x00USER", b"\x03DISPLAY\x01:0\x00USER"),
        (b"\x03NONE", b"\x03NONE"),
        (b"\x00DISPLAY\x00DISPLAY\x00", b"\x00DISPLAY\x01:0"),
    ],
)
def test_a_client_answers_what_is_asked_and_only_from_what_it_was_given(question: bytes, answer: bytes) -> None:
    own = {"DISPLAY": ":0", "HOME": "/root", "NONE": None}

    client, _ = served([NEW_ENVIRON(variables=own)], DO_ENVIRON + environ(b"\x01" + question), role=Role.CLIENT)

    assert client.take() == WILL_ENVIRON + environ(b"\x00" + answer)


def test_a_client_without_variables_says_so() -> None:
    client, _ = served([NEW_ENVIRON], DO_ENVIRON + environ(b"\x01"), role=Role.CLIENT)

    assert client.take() == WILL_ENVIRON + environ(b"\x00")


# --- the server alone -------------------------------------------------------------------------------------------------


def test_variables_are_the_same_however_they_are_cut() -> None:
    for pieces in every_cut(WILL_ENVIRON + environ(b"\x00\x00A\x01\x02\x01\xff\x03B")):
        _, handler = served([NEW_ENVIRON], *pieces)

        assert handler.named("on_environment", "on_protocol_error") == [
            ("on_environment", "A", "\xff"),
            ("on_environment", "B", None),
        ]


def test_ready_waits_for_no_variable() -> None:
    session, _ = served([NEW_ENVIRON], WILL_ENVIRON)  # pymud says WILL and then nothing

    assert session.ready


def test_what_is_told_again_is_no_news() -> None:
    _, handler = served([NEW_ENVIRON], WILL_ENVIRON + told(("A", "a")) * 2)

    assert handler.named("on_environment") == [("on_environment", "A", "a")]


def test_the_last_value_in_one_answer_counts() -> None:
    _, handler = served([NEW_ENVIRON], WILL_ENVIRON + told(("A", "1"), ("A", "2")))

    assert handler.named("on_environment") == [("on_environment", "A", "2")]


def test_what_one_kind_defines_the_other_does_not_undefine() -> None:
    answers = environ(b"\x00\x00A\x01a") + environ(b"\x00\x03A\x00B") + environ(b"\x00\x03B\x01b")

    session, _ = served([NEW_ENVIRON], WILL_ENVIRON + answers)

    assert session.client.environment == {"A": "a", "B": "b"}


def test_a_client_may_undefine_a_variable() -> None:
    session, handler = served([NEW_ENVIRON], WILL_ENVIRON + told(("A", "a")) + told(("A", None), command=b"\x02"))

    assert session.client.environment == {"A": None}
    assert handler.named("on_environment")[1:] == [("on_environment", "A", None)]


def test_the_environment_of_before_stays_as_it_was() -> None:
    session, _ = served([NEW_ENVIRON], WILL_ENVIRON + told(("A", "a")))
    before = session.client.environment

    session.receive(told(("A", "b")), 0.0)

    assert before == {"A": "a"}


# --- what variables mean ----------------------------------------------------------------------------------------------


def test_mnes_tells_the_client_the_terminal_and_what_it_can_do() -> None:
    session, _ = served(
        [NEW_ENVIRON],
        WILL_ENVIRON
        + told(
            ("CLIENT_NAME", "TinTin++"),
            ("CLIENT_VERSION", "2.02.20 "),
            ("TERMINAL_TYPE", "xterm-256color"),
            ("MTTS", "783"),
            ("CHARSET", "UTF-8"),
        ),
    )
    client = session.client

    assert (client.name, client.version, client.terminal) == ("TinTin++", "2.02.20", "xterm-256color")
    assert (client.mtts, client.colours) == (MTTS(783), 1 << 24)
    assert (client.charset, client.utf8) == ("UTF-8", True)


@pytest.mark.parametrize("flags", ["", "x", "-1", "1.5", "0x10"])
def test_flags_are_a_number(flags: str) -> None:
    session, _ = served([NEW_ENVIRON], WILL_ENVIRON + told(("MTTS", flags)))

    assert session.client.mtts == MTTS(0)


@pytest.mark.parametrize(
    ("charset", "encoding"),
    [("utf-8", "utf-8"), ("UTF8", "utf-8"), ("ISO-8859-1", "iso8859-1"), ("ASCII", "ascii")],
)
def test_a_charset_is_told_and_the_session_follows(charset: str, encoding: str) -> None:
    session, _ = served([NEW_ENVIRON], WILL_ENVIRON + told(("CHARSET", charset)))

    assert (session.client.charset, session.encoding) == (charset, encoding)
    assert session.client.utf8 is (encoding == "utf-8")


@pytest.mark.parametrize("name", ["LANG", "LC_ALL", "LC_CTYPE"])
@pytest.mark.parametrize(
    ("locale", "utf8"),
    [("en_US.UTF-8", True), ("de_DE.utf8@euro", True), ("C.UTF-8", True), ("C", None), ("de_DE.ISO-8859-1", False)]
    + [("UTF-8", None), ("x.utf-8.y", None)],
)
def test_a_locale_tells_utf_8(name: str, locale: str, utf8: bool | None) -> None:
    session, _ = served([NEW_ENVIRON], WILL_ENVIRON + told((name, locale)))

    assert session.client.utf8 is utf8


def test_a_locale_says_less_than_a_flag() -> None:
    session, _ = served([NEW_ENVIRON], WILL_ENVIRON + told(("MTTS", "1"), ("LANG", "en_US.UTF-8")))

    assert session.client.utf8 is False


def test_a_client_says_which_links_it_shows() -> None:
    for user in (False, True):
        told = [Variable("OSC_HYPERLINKS", "1", user), Variable("OSC_HYPERLINKS_SEND", "1", user)]
        told += [Variable("OSC_HYPERLINKS_MENU", "0", user), Variable("OSC_HYPERLINKS_PROMPT", "", user)]
        for pieces in every_cut(WILL_ENVIRON + environ(b"\x00" + encode_variables(told))):
            session, handler = served([NEW_ENVIRON], *pieces)

            assert session.client.hyperlinks == Hyperlinks.LINKS | Hyperlinks.SEND
            assert Hyperlinks.SEND in session.client.hyperlinks
            assert handler.named("on_environment")[0] == ("on_environment", "OSC_HYPERLINKS", "1")


@pytest.mark.parametrize(("name", "kind"), list(zip(LINKS, ["LINKS", *KINDS], strict=True)))
def test_each_kind_of_link_has_a_variable_and_may_be_taken_back(name: str, kind: str) -> None:
    session, _ = served([NEW_ENVIRON], WILL_ENVIRON + told((name, "1")))
    assert session.client.hyperlinks == Hyperlinks[kind]

    session.receive(told((name, "0"), command=b"\x02"), 0.0)
    assert not session.client.hyperlinks

    session.receive(told((name, "1"), command=b"\x02") + told((name, None), command=b"\x02"), 0.0)
    assert not session.client.hyperlinks


def test_a_kind_of_link_that_nobody_knows_is_in_the_environment_alone() -> None:
    session, handler = served([NEW_ENVIRON], WILL_ENVIRON + told(("OSC_HYPERLINKS_TOOLTIP_SGR", "1")))

    assert not session.client.hyperlinks
    assert session.client.environment == {"OSC_HYPERLINKS_TOOLTIP_SGR": "1"}


def test_flags_may_be_told_one_by_one() -> None:
    names = ["ANSI", "VT100", "256_COLORS", "UTF-8", "OSC_COLOR_PALETTE", "SCREEN_READER", "TRUECOLOR", "TLS"]
    values = ["1", "0", "1", "1", "1", "1 ", "", "yes"]  # Mudlet's, with some that say nothing
    session, handler = served([NEW_ENVIRON], WILL_ENVIRON + told(*zip(names, values, strict=True)))
    client = session.client

    assert client.mtts == MTTS.ANSI | MTTS.COLOURS_256 | MTTS.UTF_8 | MTTS.OSC_COLOUR_PALETTE | MTTS.SCREEN_READER
    assert (client.colours, client.utf8, client.screen_reader) == (256, True, True)

    session.receive(told(("SCREEN_READER", "0"), command=b"\x02"), 0.0)
    assert (client.screen_reader, client.utf8, session.encoding) == (False, True, "utf-8")


@pytest.mark.parametrize(
    ("value", "utf8", "encoding"), [("1", True, "utf-8"), ("0", False, "cp1252"), ("", None, "utf-8")]
)
def test_a_flag_that_says_nothing_of_utf_8_says_nothing_of_it(value: str, utf8: bool | None, encoding: str) -> None:
    session, _ = served([NEW_ENVIRON], WILL_ENVIRON + told(("ANSI", "1"), ("SCREEN_READER", "0")))
    assert (session.client.utf8, session.encoding) == (None, "utf-8")

    session.receive(told(("UTF-8", value), command=b"\x02"), 0.0)
    assert (session.client.utf8, session.encoding) == (utf8, encoding)


def test_a_charset_says_more_than_a_flag_by_itself() -> None:
    session, _ = served([NEW_ENVIRON], WILL_ENVIRON + told(("UTF-8", "0"), ("CHARSET", "UTF-8")))

    assert (session.client.utf8, session.encoding) == (True, "utf-8")


def test_other_variables_mean_nothing() -> None:
    session, _ = served([NEW_ENVIRON], WILL_ENVIRON + told(("USER", "root"), ("IPADDRESS", "::1"), ("NAME", "x.utf-8")))

    assert (session.client.name, session.client.utf8) == ("", None)


# --- wrong arguments --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"ask": "LANG"}, TypeError, r"^names are a sequence of str, as \['LANG'\] is, not 'LANG'$"),
        ({"ask": [b"LANG"]}, TypeError, "^the name of a variable is str, not b'LANG'$"),
        ({"ask": [""]}, ValueError, "^the name of a variable is not empty$"),
        ({"variables": {"": "x"}}, ValueError, "^the name of a variable is not empty$"),
        ({"variables": {"A": 1}}, TypeError, "^the value of A is str, or None for an undefined one, not 1$"),
    ],
)
def test_what_is_no_variable_is_refused(arguments: dict[str, Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        NEW_ENVIRON(**arguments)


def test_a_question_for_no_name_is_refused_also_while_it_is_off() -> None:
    session, _ = served([NEW_ENVIRON])

    with pytest.raises(ValueError, match="^the name of a variable is not empty$"):
        session[NEW_ENVIRON].ask("LANG", "")


def test_a_change_of_what_is_no_variable_changes_nothing() -> None:
    client, _ = served([NEW_ENVIRON], DO_ENVIRON, role=Role.CLIENT)
    client.take()
    values: Any = {"A": "a", "B": 2}

    with pytest.raises(TypeError, match="^the value of B is str"):
        client[NEW_ENVIRON].update(values)
    assert (client[NEW_ENVIRON].variables, client.take()) == ({}, b"")


# --- bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [b"", b"\x03", b"\xff", b"\x01\x00USER"])
def test_a_server_takes_answers_alone(data: bytes) -> None:
    _, handler = served([NEW_ENVIRON], WILL_ENVIRON + environ(data))

    assert handler.named("on_protocol_error", "on_environment") == [("on_protocol_error", MISPLACED, data)]


@pytest.mark.parametrize("data", [b"", b"\x03", b"\x00\x00USER", b"\x02\x00USER"])
def test_a_client_takes_questions_alone(data: bytes) -> None:
    session, handler = served([NEW_ENVIRON], DO_ENVIRON + environ(data), role=Role.CLIENT)

    assert handler.named("on_protocol_error") == [("on_protocol_error", MISPLACED, data)]
    assert session.take() == WILL_ENVIRON


def test_an_answer_cut_off_behind_an_escape_is_reported() -> None:
    session, handler = served([NEW_ENVIRON], WILL_ENVIRON + environ(b"\x00\x00A\x01a\x00B\x01b\x02"))

    reason = "NEW_ENVIRON: cut off behind an ESC"
    assert handler.named("on_protocol_error") == [("on_protocol_error", reason, b"\x00A\x01a\x00B\x01b\x02")]
    assert session.client.environment == {"A": "a"}


def test_of_a_malformed_answer_all_is_taken_that_can_be_read() -> None:
    session, handler = served([NEW_ENVIRON], WILL_ENVIRON + environ(b"\x00\x00A\x01a\x01b\x00C\x01c"))

    assert handler.named("on_protocol_error") == [("on_protocol_error", MALFORMED, b"\x00A\x01a\x01b\x00C\x01c")]
    assert session.client.environment == {"A": "a", "C": "c"}


def test_of_several_faults_the_first_is_reported() -> None:
    received = b"\x00x\x00A\x01a\x01b\x00C\x01" + b"c" * 1024 + b"\x03D\x01d\x00E\x02"

    session, handler = served([NEW_ENVIRON], WILL_ENVIRON + environ(received))

    assert handler.named("on_protocol_error") == [("on_protocol_error", MALFORMED, received[1:65])]
    assert session.client.environment == {"A": "a", "D": "d"}


@pytest.mark.parametrize(("encoding", "name"), [("utf-8", "Andr\xe9"), ("cp437", "Andr\u0398")])
def test_a_variable_that_is_not_utf_8_is_read_as_lines_are(encoding: str, name: str) -> None:
    pair = Pair([NEW_ENVIRON(["USER"])], [], encoding=encoding).start()

    pair.server.receive(WILL_ENVIRON + environ(b"\x00\x00USER\x01Andr\xe9\x03CITY\x01K\xc3\xb6ln"), 0.0)

    assert pair.server.client.environment == {"USER": name, "CITY": "K\xf6ln"}


def test_of_a_malformed_question_all_is_answered_that_can_be_read() -> None:
    received = DO_ENVIRON + environ(b"\x01\x00A\x01\x01\x00B")

    client, handler = served([NEW_ENVIRON(variables={"A": "a", "B": "b"})], received, role=Role.CLIENT)

    assert len(handler.named("on_protocol_error")) == 1
    assert client.take() == WILL_ENVIRON + environ(b"\x00\x00A\x01a\x00B\x01b")


@pytest.mark.parametrize(
    ("question", "told"),
    [
        (b"\x01", b"\x03A\x01a\x03B\x01b"),
        (b"A", b"\x03A\x01a\x03B\x01b"),
        (b"\x01\x00A", b"\x00A\x01a"),
        (b"\x01\x03", b"\x03A\x01a\x03B\x01b"),
        (b"x\x03B", b"\x03B\x01b"),
    ],
)
def test_a_question_with_bytes_too_many_is_answered_and_they_are_reported(question: bytes, told: bytes) -> None:
    own = NEW_ENVIRON(variables={"A": "a", "B": "b"})

    client, handler = served([own], DO_ENVIRON + environ(b"\x01" + question), role=Role.CLIENT)

    assert client.take() == WILL_ENVIRON + environ(b"\x00" + told)
    assert handler.named("on_protocol_error") == [("on_protocol_error", MALFORMED, question)]


@pytest.mark.parametrize("command", [b"\x00", b"\x02"])
def test_an_answer_with_bytes_too_many_counts_and_they_are_reported(command: bytes) -> None:
    session, handler = served([NEW_ENVIRON], WILL_ENVIRON + environ(command + b"\x01x\x00A\x01a"))

    assert session.client.environment == {"A": "a"}
    assert handler.named("on_protocol_error") == [("on_protocol_error", MALFORMED, b"\x01x\x00A\x01a")]


def test_an_answer_that_breaks_off_is_dropped() -> None:
    _, handler = served([NEW_ENVIRON], WILL_ENVIRON + IAC + SB + constants.NEW_ENVIRON + b"\0\0A" + IAC + WILL + SE)

    assert handler.named("on_environment") == []


def test_so_many_variables_are_kept_and_no_more() -> None:
    many = b"".join(told((f"V{number}", "x")) for number in range(5))

    session, handler = served([NEW_ENVIRON], WILL_ENVIRON + many, limits=Limits(variables=3))

    assert list(session.client.environment) == ["V0", "V1", "V2"]
    reason = "NEW_ENVIRON: more than 3 variables"
    assert [event[1] for event in handler.named("on_protocol_error")] == [reason, reason]


def test_a_variable_that_is_kept_may_change_when_there_is_no_room_for_others() -> None:
    received = WILL_ENVIRON + told(("A", "1")) + told(("B", "1")) + told(("A", "2"))

    session, _ = served([NEW_ENVIRON], received, limits=Limits(variables=1))

    assert session.client.environment == {"A": "2"}


def test_one_answer_has_no_more_variables_than_are_kept() -> None:
    session, handler = served([NEW_ENVIRON], WILL_ENVIRON + environ(b"\x00" + b"\x00A\x01a" * 1000))

    assert session.client.environment == {"A": "a"}
    assert [event[1] for event in handler.named("on_protocol_error")] == ["NEW_ENVIRON: more than 64 variables"]


def test_no_question_makes_a_long_answer() -> None:
    own = {f"V{number}": "x" * 100 for number in range(20)}

    client, handler = served(
        [NEW_ENVIRON(variables=own)], DO_ENVIRON + environ(b"\x01" + b"\x03" * 60_000), role=Role.CLIENT
    )

    assert len(client.take()) < 3000
    assert [event[1] for event in handler.named("on_protocol_error")] == ["NEW_ENVIRON: more than 64 variables"]


@pytest.mark.parametrize("variable", [("A", "x" * 1024), ("A" * 1025, None), ("A" * 60_000, "")])
def test_a_variable_that_is_too_long_is_reported_and_costs_no_other(variable: tuple[str, str | None]) -> None:
    session, handler = served([NEW_ENVIRON], WILL_ENVIRON + told(("B", "b"), variable, ("C", "c")))

    [(_, reason, _)] = handler.named("on_protocol_error")
    assert reason == "NEW_ENVIRON: a variable of more than 1024 characters"
    assert session.client.environment == {"B": "b", "C": "c"}


@pytest.mark.parametrize("role", Role)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=st.lists(st.sampled_from([b"\0", b"\1", b"\2", b"\3", b"A", b"LANG", b"MTTS", b"9", b"\xff"])).map(b"".join)
)
def test_no_payload_raises(role: Role, data: bytes) -> None:
    own = NEW_ENVIRON(variables={"A": "a", "MTTS": "9"})

    session, _ = served([own], WILL_ENVIRON + DO_ENVIRON + environ(data), role=role)

    assert "" not in session.client.environment


# --- what clients really sent -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("trace", ["tt++-mnes", "tt++-script-mnes"])
def test_tintin_tells_the_variables_of_mnes(trace: str) -> None:
    session, handler = served([NEW_ENVIRON], recorded(trace))

    assert session.client.environment == {
        "CHARSET": "UTF-8",
        "CLIENT_NAME": "TinTin++",
        "CLIENT_VERSION": "2.02.20 ",
        "MTTS": "783",
        "TERMINAL_TYPE": "xterm-256color",
    }
    assert (session.client.name, session.client.version) == ("TinTin++", "2.02.20")
    assert handler.named("on_protocol_error") == []


def test_inetutils_has_everything_undefined() -> None:
    session, handler = served([NEW_ENVIRON], recorded("inetutils-telnet-mnes"))

    assert set(session.client.environment.values()) == {None}
    assert {"CLIENT_NAME", "USER", "FOO"} < set(session.client.environment)
    assert handler.named("on_protocol_error") == []


@pytest.mark.parametrize(("trace", "user"), [("plink-mnes", "root"), ("curl-opts-mud", "fred")])
def test_some_clients_tell_the_user_whatever_is_asked(trace: str, user: str) -> None:
    session, handler = served([NEW_ENVIRON], recorded(trace))

    assert session.client.environment == {"USER": user}
    assert handler.named("on_environment") == [("on_environment", "USER", user)]


def test_telnetlib3_tells_its_locale_and_names_without_values() -> None:
    session, handler = served([NEW_ENVIRON], recorded("telnetlib3-client-mnes"))

    environment = session.client.environment
    assert (environment["LANG"], environment["LINES"], environment["CLIENT_NAME"]) == ("en_US.utf8", "24", "")
    assert (session.client.utf8, session.client.name) == (True, "")
    assert handler.named("on_protocol_error") == []


def test_pymud_agrees_and_tells_nothing() -> None:
    session, _ = served([NEW_ENVIRON], recorded("pymud-mnes"))

    assert (session.client.environment, session.ready) == ({}, True)


def test_a_recorded_escape_is_undone() -> None:
    session, _ = served([NEW_ENVIRON], recorded("server-inetutils-telnetd-eager"))

    assert session.client.environment == {"USER": "tester", "CLIENT": "probe\xff"}


def test_a_recorded_server_is_answered() -> None:
    received = b"".join(segments(TRACES / "server-telnetlib3-server-eager.jsonl", "s2c"))

    client, _ = served([NEW_ENVIRON(variables={"LANG": "C", "FONT": "big"})], received, role=Role.CLIENT)

    answers = [event.data for event in parse(client.take()) if isinstance(event, Subnegotiation)]
    assert answers == [
        b"\x00\x00USER\x00LOGNAME\x00DISPLAY\x00LANG\x01C\x00TERM\x00TERM_PROGRAM\x00COLUMNS\x00LINES\x00COLORTERM"
        b"\x00EDITOR\x00IPADDRESS\x03LANG\x01C\x03FONT\x01big"
    ]


# --- what a peer may cost ---------------------------------------------------------------------------------------------


def test_names_and_values_are_told_as_they_are_kept() -> None:
    dirty = told(("\x1b[2JA\n", "red\u202e\x00 \x9bscreen\u200b"), ("\x1b", "x"))

    session, handler = served([NEW_ENVIRON], WILL_ENVIRON + dirty)

    assert session.client.environment == {"[2JA": "red screen"}
    assert handler.named("on_environment") == [("on_environment", "[2JA", "red screen")]


def test_a_variable_may_be_so_long_and_no_longer() -> None:
    session, handler = served([NEW_ENVIRON], WILL_ENVIRON + told(("A", "x" * 1023)) + told(("B", "x" * 1024)))

    assert session.client.environment == {"A": "x" * 1023}
    assert [event[1] for event in handler.named("on_protocol_error")] == [
        "NEW_ENVIRON: a variable of more than 1024 characters"
    ]


def test_one_answer_may_have_as_many_variables_as_are_kept() -> None:
    for count, reasons in ((64, []), (65, ["NEW_ENVIRON: more than 64 variables"])):
        session, handler = served([NEW_ENVIRON], WILL_ENVIRON + told(*((f"V{n}", "x") for n in range(count))))

        assert len(session.client.environment) == 64
        assert [event[1] for event in handler.named("on_protocol_error")] == reasons


@pytest.mark.parametrize("question", [b"", b"\x00", b"\x03", b"\x00\x03", b"\x00VARIABLE_1"])
def test_a_server_that_asks_on_and_on_gets_a_bounded_answer(question: bytes) -> None:
    own = {f"VARIABLE_{number}": "of the user" for number in range(50)}

    client, _ = served(
        [NEW_ENVIRON(variables=own)], DO_ENVIRON + environ(b"\x01" + question) * 10_000, role=Role.CLIENT
    )

    assert len(client.take()) < 256 * (64 + 5)


def test_what_has_changed_is_told_when_all_is_asked_for_again() -> None:
    client, _ = served([NEW_ENVIRON(variables={"A": "1"})], DO_ENVIRON + environ(b"\x01"), role=Role.CLIENT)
    client[NEW_ENVIRON].update({"A": "2", "USER": "ada"})
    client.take()

    client.receive(environ(b"\x01"), 0.0)

    assert client.take() == environ(b"\x00\x00USER\x01ada\x03A\x012")


@given(st.lists(st.sampled_from([b"\x00", b"\x01", b"\x02", b"\x03", b"A", b"\xff", b"\xc3\xa9"])).map(b"".join))
def test_escapes_are_undone_one_by_one(data: bytes) -> None:
    undone, rest = bytearray(), data
    while rest:
        escaped = rest[:1] == b"\x02"
        undone += rest[escaped : 1 + escaped]
        rest = rest[1 + escaped :]
    escaped_data = bytes(undone).translate(None).replace(b"\x02", b"\x02\x02")
    for special in (b"\x00", b"\x01", b"\x03"):
        escaped_data = escaped_data.replace(special, b"\x02" + special)

    assert list(decode_variables(b"\x00" + escaped_data)) == [Variable(bytes(undone).decode("utf-8", "replace"))]
