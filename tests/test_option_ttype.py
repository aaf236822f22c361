"""TTYPE and MTTS: the names of a terminal and what they say, in both roles."""

from __future__ import annotations

from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from session_support import Pair, every_cut, served
from traces import TRACES, segments

from telnet import constants
from telnet.client import MTTS
from telnet.constants import DO, DONT, IAC, SB, SE, WILL, WONT
from telnet.encode import negotiate, subnegotiation
from telnet.limits import Limits
from telnet.negotiation import Side
from telnet.options import TTYPE, Role
from telnet.options.option import TOO_MANY

WILL_TTYPE = negotiate(WILL, constants.TTYPE)
DO_TTYPE = negotiate(DO, constants.TTYPE)
SEND = subnegotiation(constants.TTYPE, b"\x01")

TINTIN = ("TINTIN++", "xterm-256color", "MTTS 271")


@pytest.fixture(autouse=True)
def both_parsers(monkeypatch: pytest.MonkeyPatch, parser_module: ModuleType) -> None:
    monkeypatch.setattr("telnet.session.Parser", parser_module.Parser)


def named(*names: str) -> bytes:
    return b"".join(subnegotiation(constants.TTYPE, b"\x00" + name.encode()) for name in names)


def told(received: bytes, limits: Limits | None = None) -> list[tuple[str, ...]]:
    """What the handler of a server is told of this, as names."""
    _, handler = served([TTYPE], WILL_TTYPE + received, limits=limits)
    return [event[1] for event in handler.named("on_terminal_types")]


# --- a server and a client --------------------------------------------------------------------------------------------


def test_the_server_asks_and_the_client_names_its_terminal() -> None:
    pair = Pair([TTYPE], [TTYPE("VT220")]).start()

    assert bytes(pair.sent_by_server) == b"\xff\xfd\x18" + b"\xff\xfa\x18\x01\xff\xf0" * 2
    assert bytes(pair.sent_by_client) == b"\xff\xfb\x18" + b"\xff\xfa\x18\x00VT220\xff\xf0" * 2
    assert pair.at_server.named("on_terminal_types", "on_ready") == [("on_terminal_types", ("VT220",)), ("on_ready",)]
    assert (pair.server.client.terminal, pair.server.client.colours) == ("VT220", 8)


def test_a_client_may_have_many_terminals_the_best_first() -> None:
    pair = Pair([TTYPE], [TTYPE("XTERM-256COLOR", "XTERM", "VT100")]).start()

    assert pair.at_server.named("on_terminal_types") == [("on_terminal_types", ("XTERM-256COLOR", "XTERM", "VT100"))]
    assert (pair.server.client.name, pair.server.client.terminal) == ("", "XTERM-256COLOR")


def test_mtts_tells_the_client_the_terminal_and_what_it_can_do() -> None:
    pair = Pair([TTYPE], [TTYPE(*TINTIN)]).start()
    client = pair.server.client

    assert (client.name, client.terminal, client.mtts) == ("TINTIN++", "xterm-256color", MTTS(271))
    assert (client.colours, client.utf8) == (1 << 24, True)
    assert pair.at_server.named("on_terminal_types", "on_ready") == [("on_terminal_types", TINTIN), ("on_ready",)]


def test_a_client_without_a_name_says_that_it_is_unknown() -> None:
    pair = Pair([TTYPE]).start()

    assert pair.server.client.terminal == "UNKNOWN"


def test_the_list_begins_again_behind_its_end() -> None:
    client, _ = served([TTYPE("A", "B")], DO_TTYPE + SEND * 4, role=Role.CLIENT)

    assert client.take() == WILL_TTYPE + named("A", "B", "B", "A")


def test_after_a_dont_the_list_begins_again() -> None:
    dont = negotiate(DONT, constants.TTYPE)
    client, _ = served([TTYPE("A", "B")], DO_TTYPE + SEND + dont + DO_TTYPE + SEND, role=Role.CLIENT)

    assert client.take().count(named("A")) == 2


def test_a_server_that_asks_anew_learns_anew() -> None:
    pair = Pair([TTYPE], [TTYPE("XTERM")]).start().clear()
    ttype = pair.server[TTYPE]

    ttype.refuse(Side.REMOTE)
    ttype.request()
    pair.run()

    assert pair.at_server.events == [("on_terminal_types", ("XTERM",))]


@pytest.mark.parametrize("name", ["", "x" * 65, "caf\u00e9", "VT\x1b100"])
def test_a_name_that_cannot_be_told_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="^a terminal type is 1 to 64 characters of ASCII, not "):
        TTYPE("XTERM", name)


# --- the server alone -------------------------------------------------------------------------------------------------


def test_the_names_are_the_same_however_they_are_cut() -> None:
    for pieces in every_cut(WILL_TTYPE + named(*TINTIN)):
        _, handler = served([TTYPE], *pieces)

        assert handler.named("on_terminal_types", "on_ready") == [("on_terminal_types", TINTIN), ("on_ready",)]


def test_the_next_question_follows_its_answer() -> None:
    session, _ = served([TTYPE], WILL_TTYPE)
    assert session.take() == DO_TTYPE + SEND

    session.receive(named("XTERM"), 0.0)

    assert session.take() == SEND


def test_nothing_is_asked_behind_the_flags() -> None:
    session, _ = served([TTYPE], WILL_TTYPE + named("PYMUD", "XTERM", "MTTS 783"))  # which answers no more

    assert session.take() == DO_TTYPE + SEND * 3
    assert session.ready


def test_ready_waits_for_the_names() -> None:
    session, handler = served([TTYPE], WILL_TTYPE + named("XTERM"))
    assert not session.ready

    session.receive(named("XTERM"), 0.0)

    assert handler.named("on_terminal_types", "on_ready") == [("on_terminal_types", ("XTERM",)), ("on_ready",)]


def test_a_client_that_has_no_terminal_is_not_waited_for() -> None:
    session, _ = served([TTYPE], negotiate(WONT, constants.TTYPE))

    assert session.ready


def test_a_client_that_turns_it_off_is_not_waited_for() -> None:
    session, _ = served([TTYPE], WILL_TTYPE + negotiate(WONT, constants.TTYPE))

    assert session.ready


def test_the_first_name_is_known_before_the_others_come() -> None:
    session, _ = served([TTYPE], WILL_TTYPE + named("XTERM"))

    assert session.client.terminal == "XTERM"


def test_a_name_has_no_case() -> None:
    assert told(named("XTERM", "xterm")) == [("XTERM",)]


def test_a_list_without_an_end_is_asked_for_so_often_and_no_more() -> None:
    names = tuple(f"T{number}" for number in range(1000))

    assert told(named(*names)) == [names[:8]]
    assert told(named(*names), Limits(terminal_types=2)) == [names[:2]]


@pytest.mark.parametrize("third", ["MTTS", "MTTS ", "MTTS x", "MTTS -1", "MTTS \u0662", "VT100"])
def test_what_is_not_flags_is_a_terminal(third: str) -> None:
    session, _ = served([TTYPE], WILL_TTYPE + named("ANSI", "XTERM", third, third))

    assert (session.client.name, session.client.terminal, session.client.mtts) == ("", "ANSI", MTTS(0))


@pytest.mark.parametrize("flags", ["MTTS 271", "mtts 271", "Mtts 271", "MTTS  271", "MTTS 271 "])
@pytest.mark.parametrize(
    ("before", "name", "terminal"),
    [
        (("TINTIN++",), "TINTIN++", ""),
        (("Lantern",), "Lantern", ""),
        (("MUDLET 4.19.1", "ANSI-TRUECOLOR"), "MUDLET", "ANSI-TRUECOLOR"),
        (("XTERM",), "", "XTERM"),
        (("Lantern", "XTERM"), "Lantern", "XTERM"),
        (("XTERM", "XTERM-256COLOR"), "XTERM", "XTERM-256COLOR"),
        (("Lantern", "ANSI", "VT100"), "Lantern", "ANSI"),
        (("Lantern", "XTERM-256COLOR", "XTERM", "ANSI", "VT100", "DUMB"), "Lantern", "XTERM-256COLOR"),
    ],
)
def test_flags_are_read_wherever_they_stand(flags: str, before: tuple[str, ...], name: str, terminal: str) -> None:
    for pieces in ([WILL_TTYPE + named(*before, flags)], [WILL_TTYPE, *map(named, before), named(flags)]):
        session, handler = served([TTYPE], *pieces)
        client = session.client

        assert (client.name, client.terminal, client.mtts) == (name, terminal, MTTS(271))
        assert (client.colours, client.utf8) == (1 << 24, True)
        assert handler.named("on_terminal_types") == [("on_terminal_types", (*before, flags.strip()))]
        assert session.take() == DO_TTYPE + SEND * (len(before) + 1)
        assert session.ready


@pytest.mark.parametrize("names", [("MTTS 4", "TINTIN++", "XTERM", "MTTS 4"), ("MTTS 4", "TINTIN++", "XTERM", "XTERM")])
def test_flags_that_come_first_are_in_the_middle_of_a_list(names: tuple[str, ...]) -> None:
    session, _ = served([TTYPE], WILL_TTYPE + named(*names))

    assert (session.client.name, session.client.terminal, session.client.mtts) == ("TINTIN++", "XTERM", MTTS.UTF_8)
    assert session.take() == DO_TTYPE + SEND * 4
    assert session.ready


def test_flags_alone_say_neither_a_name_nor_a_terminal() -> None:
    session, handler = served([TTYPE], WILL_TTYPE + named("MTTS 5", "MTTS 5"))

    assert (session.client.name, session.client.terminal, session.client.mtts) == ("", "", MTTS(5))
    assert handler.named("on_terminal_types") == [("on_terminal_types", ("MTTS 5",))]


@pytest.mark.parametrize(
    ("told", "name", "version"),
    [
        ("TINYFUGUE", "TINYFUGUE", ""),
        ("KBtin", "KBtin", ""),
        ("KildClient", "KildClient", ""),
        ("KBtin-1.0.18", "KBtin", "1.0.18"),
        ("Mudlet 4.17", "Mudlet", "4.17"),
        ("MUDLET-4/17/2", "MUDLET", "4/17/2"),
        ("MUSHclient/5.10", "MUSHclient", "5.10"),
        ("CMUD 3.34", "CMUD", "3.34"),
        ("BeipMU v4.00.206", "BeipMU", "4.00.206"),
        ("Gnome-Mud", "Gnome-Mud", ""),
        ("GNOME-MUD 0.11.2", "GNOME-MUD", "0.11.2"),
        ("Potato", "Potato", ""),
        ("ATLANTIS", "ATLANTIS", ""),
        ("Lantern 2.0-beta", "Lantern", "2.0-beta"),
    ],
)
def test_a_program_that_names_itself_is_no_terminal(told: str, name: str, version: str) -> None:
    session, _ = served([TTYPE], WILL_TTYPE + named(told, told))
    client = session.client

    assert (client.name, client.version, client.terminal, client.colours) == (name, version, "", 8)


@pytest.mark.parametrize(
    "terminal",
    ["xterm", "XTERM-256COLOR", "VT220", "DEC-VT100", "IBM-3278-2-E", "ansi", "linux", "screen.xterm-256color", "rxvt"]
    + ["tmux-256color", "putty", "HP-2648/A", "hp2621", "wy50", "dumb", "UNKNOWN", "gnome-256color", "syncterm"]
    + ["XTERM 370", "qansi", "aixterm", "Lantern", "TELETYPE-33"],
)
def test_any_other_name_is_a_terminal(terminal: str) -> None:
    session, _ = served([TTYPE], WILL_TTYPE + named(terminal, terminal))

    assert (session.client.name, session.client.terminal) == ("", terminal)


@pytest.mark.parametrize("names", [("TINTIN++", "xterm-256color"), ("MTTS?", "TINTIN++", "MTTS x", "xterm-256color")])
def test_a_program_may_have_a_terminal_without_flags_too(names: tuple[str, ...]) -> None:
    session, _ = served([TTYPE], WILL_TTYPE + named(*names, names[-1]))

    assert (session.client.name, session.client.terminal, session.client.colours) == ("TINTIN++", "xterm-256color", 256)


def test_a_program_is_known_before_the_other_names_come_and_has_the_colours_of_its_flags() -> None:
    session, _ = served([TTYPE], WILL_TTYPE + named("TINTIN++ 2.02"))
    assert (session.client.name, session.client.terminal) == ("TINTIN++", "")

    session.receive(named("dumb", "MTTS 4"), 0.0)

    assert (session.client.name, session.client.version, session.client.terminal) == ("TINTIN++", "2.02", "dumb")
    assert session.client.colours == 0


def test_a_name_that_is_known_already_stays() -> None:
    session, _ = served([TTYPE])
    session.client.learn(name="Mudlet")

    session.receive(WILL_TTYPE + named("MUDLET", "ANSI", "MTTS 1"), 0.0)

    assert session.client.name == "Mudlet"


# --- bad input --------------------------------------------------------------------------------------------------------


TOO_LONG = "TTYPE: a terminal type is 1 to 64 printable characters"


def test_a_name_of_no_length_is_the_last() -> None:
    session, handler = served([TTYPE], WILL_TTYPE + named("XTERM", ""))

    assert handler.named("on_protocol_error") == [("on_protocol_error", TOO_LONG, b"")]
    assert handler.named("on_terminal_types") == [("on_terminal_types", ("XTERM",))]
    assert (session.client.terminal, session.ready) == ("XTERM", True)


@pytest.mark.parametrize("size", [65, 60_000])
def test_a_name_that_is_too_long_costs_none_of_those_that_follow(size: int) -> None:
    session, handler = served([TTYPE], WILL_TTYPE + named("x" * size, "XTERM", "MTTS 4"))

    assert handler.named("on_protocol_error") == [("on_protocol_error", TOO_LONG, b"x" * 64)]
    assert handler.named("on_terminal_types") == [("on_terminal_types", ("XTERM", "MTTS 4"))]
    assert (session.client.terminal, session.client.utf8, session.ready) == ("XTERM", True, True)


def test_names_that_are_too_long_are_asked_for_as_often_as_others() -> None:
    session, handler = served([TTYPE], WILL_TTYPE + named(*["x" * 65] * 20), limits=Limits(terminal_types=3))

    assert session.take() == DO_TTYPE + SEND * 3
    assert handler.named("on_terminal_types") == [("on_terminal_types", ())]


@pytest.mark.parametrize("dirt", ["\u00e9", "\x1b", "\r\n", "\x00", "\x7f", "\u202e"])
def test_what_is_not_printable_ascii_is_left_out_of_a_name(dirt: str) -> None:
    session, handler = served([TTYPE], WILL_TTYPE + named(f"{dirt}XTERM{dirt}", f"XTERM{dirt}"))

    assert handler.named("on_terminal_types") == [("on_terminal_types", ("XTERM",))]
    assert session.client.terminal == "XTERM"


def test_a_name_without_anything_printable_is_the_last() -> None:
    session, handler = served([TTYPE], WILL_TTYPE + named("XTERM", "\x1b\n"))

    reason = "TTYPE: a terminal type is 1 to 64 printable characters"
    assert handler.named("on_protocol_error") == [("on_protocol_error", reason, b"\x1b\n")]
    assert session.client.terminal == "XTERM"


def test_a_server_that_asks_on_and_on_is_answered_as_often_as_it_may() -> None:
    client, handler = served(
        [TTYPE("LANTERN")], DO_TTYPE + SEND * 10_000, role=Role.CLIENT, limits=Limits(negotiations=100)
    )

    assert client.take() == WILL_TTYPE + named("LANTERN") * 99
    assert len(handler.named("on_negotiation_limit")) == 1


def test_an_answer_nobody_asked_for_is_reported() -> None:
    session, handler = served([TTYPE], WILL_TTYPE + named(*TINTIN, "MTTS 271"))

    reason = "TTYPE: a terminal type that nobody asked for"
    assert handler.named("on_protocol_error") == [("on_protocol_error", reason, b"MTTS 271")]


@pytest.mark.parametrize("data", [b"", b"\x02", b"\xff"])
@pytest.mark.parametrize("role", Role)
def test_neither_a_question_nor_an_answer_is_reported(role: Role, data: bytes) -> None:
    _, handler = served([TTYPE], WILL_TTYPE + DO_TTYPE, subnegotiation(constants.TTYPE, data), role=role)

    reason = "TTYPE: neither a question to the client nor its answer"
    assert handler.named("on_protocol_error") == [("on_protocol_error", reason, data)]


def test_a_client_does_not_ask_and_a_server_does_not_answer() -> None:
    _, at_server = served([TTYPE], WILL_TTYPE + SEND)
    _, at_client = served([TTYPE], DO_TTYPE + named("XTERM"), role=Role.CLIENT)

    assert at_server.named("on_protocol_error")
    assert at_client.named("on_protocol_error")


def test_a_question_that_breaks_off_is_not_answered() -> None:
    broken = IAC + SB + constants.TTYPE + b"\x01" + negotiate(DO, constants.SGA) + IAC + SE
    session, handler = served([TTYPE], DO_TTYPE + broken, role=Role.CLIENT)

    assert session.take() == WILL_TTYPE + negotiate(WONT, constants.SGA)
    assert handler.named("on_protocol_error")


@pytest.mark.parametrize("excess", [b"\x01", b"\x00", b"xterm", b"\xff" * 100])
def test_a_question_with_bytes_too_many_is_answered_and_they_are_reported(excess: bytes) -> None:
    question = subnegotiation(constants.TTYPE, b"\x01" + excess)

    for pieces in every_cut(DO_TTYPE + question):
        client, handler = served([TTYPE("LANTERN")], *pieces, role=Role.CLIENT)

        assert client.take() == WILL_TTYPE + named("LANTERN")
        assert handler.named("on_protocol_error") == [
            ("on_protocol_error", f"TTYPE: {TOO_MANY}", (b"\x01" + excess)[:64])
        ]


@pytest.mark.parametrize("role", Role)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(payloads=st.lists(st.binary(max_size=70), max_size=12))
def test_no_payload_raises(role: Role, payloads: list[bytes]) -> None:
    received = b"".join(subnegotiation(constants.TTYPE, data) for data in payloads)

    session, _ = served([TTYPE], WILL_TTYPE + DO_TTYPE + received, role=role)

    assert len(session[TTYPE].names) <= session.limits.terminal_types


# --- what clients really sent -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trace", "names"),
    [
        ("tt++-mud", TINTIN),
        ("pymud-mud", ("PYMUD", "XTERM", "MTTS 783")),
        ("plink-mud", ("XTERM",)),
        ("inetutils-telnet-mud", ("XTERM-256COLOR",)),
        ("telnetlib3-client-mud", ("xterm-256color",)),
        ("busybox-telnet-mud", ("xterm-256color",)),
    ],
)
def test_recorded_clients_name_themselves(trace: str, names: tuple[str, ...]) -> None:
    _, handler = served([TTYPE], b"".join(segments(TRACES / f"{trace}.jsonl", "c2s")))

    assert handler.named("on_terminal_types") == [("on_terminal_types", names)]
