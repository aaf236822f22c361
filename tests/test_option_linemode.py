"""LINEMODE: modes, special characters and forwarding, in both roles."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from session_support import Pair, Recorder, deliver, every_cut, served
from traces import TRACES, segments

from telnet.constants import ABORT, DO, DONT, IAC, SB, SUSP, WILL, WONT
from telnet.constants import LINEMODE as CODE
from telnet.encode import negotiate, subnegotiation
from telnet.negotiation import Side
from telnet.options import LINEMODE, SGA, Option, Role
from telnet.options.linemode import Mode, decode_forwardmask, encode_forwardmask
from telnet.options.option import TOO_MANY
from telnet.options.slc import SLC, Key, Level
from telnet.session import Session

LINES = Mode.EDIT | Mode.TRAPSIG
NOSUPPORT = Key(level=Level.NOSUPPORT)

# What inetutils telnet 2.4 says it has on its keyboard.
INETUTILS_KEYS = {
    SLC.IP: Key(3, flush_in=True, flush_out=True),
    SLC.AO: Key(15),
    SLC.ABORT: Key(28, flush_in=True, flush_out=True),
    SLC.EOF: Key(4),
    SLC.SUSP: Key(26, flush_in=True),
    SLC.EC: Key(127),
    SLC.EL: Key(21),
    SLC.EW: Key(23),
    SLC.RP: Key(18),
    SLC.LNEXT: Key(22),
    SLC.XON: Key(17),
    SLC.XOFF: Key(19),
}


@pytest.fixture(autouse=True)
def parser(parser_module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("telnet.session.Parser", parser_module.Parser)


def agreed(option: type[Option] | Option = LINEMODE, role: Role = Role.SERVER) -> tuple[Session, Recorder]:
    """A session that has the option on and has said what is due then, with nothing written down of that."""
    session, handler = served((option,), negotiate(WILL if role is Role.SERVER else DO, CODE), role=role)
    session.take()
    handler.events.clear()
    return session, handler


def at_client(option: type[Option] | Option = LINEMODE) -> tuple[Session, Recorder]:
    return agreed(option, Role.CLIENT)


def say(session: Session, payload: bytes) -> bytes:
    """Deliver a subnegotiation; return what was answered."""
    deliver(session, subnegotiation(CODE, payload))
    return session.take()


def answer(payload: bytes) -> bytes:
    return subnegotiation(CODE, payload)


# Two ends


def test_server_asks_for_lines_and_signals_unless_it_was_told_otherwise() -> None:
    pair = Pair((LINEMODE,)).start()

    assert bytes(pair.sent_by_server).startswith(bytes.fromhex("fffd22 fffa220103fff0"))
    assert (pair.server[LINEMODE].mode, pair.client[LINEMODE].mode) == (LINES, LINES)


def test_client_acknowledges_the_mode_and_both_programs_are_told() -> None:
    pair = Pair((LINEMODE,)).start()

    assert bytes.fromhex("fffa220107fff0") in pair.sent_by_client
    assert pair.at_server.named("on_linemode") == [("on_linemode", LINES)]
    assert pair.at_client.named("on_linemode") == [("on_linemode", LINES)]


def test_server_asks_for_the_mode_of_its_settings() -> None:
    pair = Pair((LINEMODE(Mode.TRAPSIG),), (LINEMODE,)).start()

    assert pair.client[LINEMODE].mode == Mode.TRAPSIG


def test_server_changes_the_mode_and_back() -> None:
    pair = Pair((LINEMODE,)).start().clear()

    assert pair.server[LINEMODE].set_mode(Mode(0))
    pair.run()
    assert pair.server[LINEMODE].set_mode(LINES)
    pair.run()

    expected = [("on_linemode", Mode(0)), ("on_linemode", LINES)]
    assert pair.at_server.events == pair.at_client.events == expected


def test_client_without_keys_asks_for_those_of_the_server() -> None:
    pair = Pair((LINEMODE(keys=INETUTILS_KEYS),), (LINEMODE,)).start()

    assert bytes.fromhex("fffa2203000300fff0") in pair.sent_by_client
    assert pair.client[LINEMODE].keys == pair.server[LINEMODE].keys == INETUTILS_KEYS
    assert pair.at_client.named("on_slc") == [("on_slc", INETUTILS_KEYS)]


def test_client_with_keys_brings_them() -> None:
    pair = Pair((LINEMODE,), (LINEMODE(keys=INETUTILS_KEYS),)).start()

    assert pair.server[LINEMODE].keys == pair.client[LINEMODE].keys == INETUTILS_KEYS
    assert pair.at_server.named("on_slc") == [("on_slc", INETUTILS_KEYS)]
    assert not pair.at_client.named("on_slc")
    assert answer(b"\x03\x00\x03\x00") not in pair.sent_by_client


def test_two_ends_without_keys_agree_on_none() -> None:
    pair = Pair((LINEMODE,)).start()

    assert pair.server[LINEMODE].keys == pair.client[LINEMODE].keys == {}


def test_server_changes_a_key() -> None:
    pair = Pair((LINEMODE,), (LINEMODE(keys=INETUTILS_KEYS),)).start().clear()

    assert pair.server[LINEMODE].set_keys({SLC.EC: Key(8)})
    pair.run()

    assert pair.at_client.events == [("on_slc", {SLC.EC: Key(8)})]
    assert pair.at_server.events == []
    assert pair.server[LINEMODE].keys[SLC.EC] == pair.client[LINEMODE].keys[SLC.EC] == Key(8)


def test_a_key_that_both_change_at_once_is_that_of_the_client() -> None:
    pair = Pair((LINEMODE,), (LINEMODE(keys=INETUTILS_KEYS),)).start()

    pair.server[LINEMODE].set_keys({SLC.EC: Key(8)})
    pair.client[LINEMODE].set_keys({SLC.EC: Key(9)})
    pair.run()

    assert pair.server[LINEMODE].keys[SLC.EC] == pair.client[LINEMODE].keys[SLC.EC] == Key(9)


def test_server_hears_of_a_key_that_the_client_cannot_change() -> None:
    fixed = Key(127, Level.CANTCHANGE)
    pair = Pair((LINEMODE,), (LINEMODE(keys={SLC.EC: fixed}),)).start().clear()

    pair.server[LINEMODE].set_keys({SLC.EC: Key(8)})
    pair.run()

    assert pair.at_server.events == [("on_slc", {SLC.EC: fixed})]


def test_client_gives_up_a_key() -> None:
    pair = Pair((LINEMODE,), (LINEMODE(keys=INETUTILS_KEYS),)).start().clear()

    assert pair.client[LINEMODE].set_keys({SLC.IP: NOSUPPORT})
    pair.run()

    assert pair.at_server.events == [("on_slc", {SLC.IP: NOSUPPORT})]
    assert SLC.IP not in pair.server[LINEMODE].keys


def test_client_that_takes_a_forwardmask_tells_its_program() -> None:
    pair = Pair((LINEMODE,), (LINEMODE(forwardmask=True),)).start().clear()

    assert pair.server[LINEMODE].set_forwardmask(b"\t\x1b")
    pair.run()
    assert pair.server[LINEMODE].set_forwardmask(b"")
    pair.run()

    assert pair.at_client.events == [("on_forwardmask", b"\t\x1b"), ("on_forwardmask", b"")]
    assert pair.at_server.events == [("on_forwardmask_answer", True), ("on_forwardmask_answer", False)]


def test_client_takes_a_forwardmask_of_32_bytes() -> None:
    session, handler = at_client(LINEMODE(forwardmask=True))

    assert say(session, DO + b"\x02" + bytes(31) + b"\x01") == answer(WILL + b"\x02")
    assert handler.events == [("on_forwardmask", b"\xff")]


def test_client_takes_no_forwardmask_by_default() -> None:
    pair = Pair((LINEMODE,)).start().clear()

    pair.server[LINEMODE].set_forwardmask(b"\t")
    pair.run()

    assert bytes(pair.sent_by_client) == bytes.fromhex("fffa22fc02fff0")
    assert (pair.at_server.events, pair.at_client.events) == ([("on_forwardmask_answer", False)], [])


def test_a_proposal_is_granted_in_what_is_left_to_the_client() -> None:
    pair = Pair((LINEMODE,)).start().clear()

    assert pair.client[LINEMODE].set_mode(LINES | Mode.LIT_ECHO)
    pair.run()

    assert bytes(pair.sent_by_client) == bytes.fromhex("fffa220113fff0")
    assert bytes(pair.sent_by_server) == bytes.fromhex("fffa220117fff0")
    assert (pair.at_server.events, pair.at_client.events) == ([("on_linemode", LINES | Mode.LIT_ECHO)], [])


def test_a_proposal_does_not_take_from_the_server_what_it_asked_for() -> None:
    pair = Pair((LINEMODE,)).start().clear()

    pair.client[LINEMODE].set_mode(Mode.SOFT_TAB)
    pair.run()

    assert bytes(pair.sent_by_server) == bytes.fromhex("fffa22010bfff0")
    assert pair.client[LINEMODE].mode == pair.server[LINEMODE].mode == LINES | Mode.SOFT_TAB


def test_a_proposal_does_not_add_to_what_the_server_asked_for() -> None:
    pair = Pair((LINEMODE(Mode.TRAPSIG),), (LINEMODE,)).start().clear()

    pair.client[LINEMODE].set_mode(LINES)
    pair.run()

    assert pair.client[LINEMODE].mode == pair.server[LINEMODE].mode == Mode.TRAPSIG


def test_a_proposal_and_a_request_that_cross_end_in_the_mode_of_the_request() -> None:
    pair = Pair((LINEMODE,)).start()

    pair.client[LINEMODE].set_mode(LINES | Mode.LIT_ECHO)
    pair.server[LINEMODE].set_mode(Mode.TRAPSIG | Mode.LIT_ECHO)
    pair.run()

    assert pair.client[LINEMODE].mode == pair.server[LINEMODE].mode == Mode.TRAPSIG | Mode.LIT_ECHO


@given(st.lists(st.tuples(st.sampled_from(["client", "server", "run"]), st.sampled_from([0, 1, 2, 3, 9, 27]))))
def test_modes_that_are_changed_at_any_time_settle(changes: list[tuple[str, int]]) -> None:
    pair = Pair((LINEMODE,)).start()

    for who, mode in changes:
        if who == "run":
            pair.run()
        else:
            getattr(pair, who)[LINEMODE].set_mode(Mode(mode))
    pair.run()

    assert pair.client[LINEMODE].mode == pair.server[LINEMODE].mode


def test_what_one_end_does_is_forgotten_when_the_option_is_off() -> None:
    pair = Pair((LINEMODE,), (LINEMODE(keys=INETUTILS_KEYS),)).start()

    pair.server[LINEMODE].refuse(Side.REMOTE)
    pair.run()

    assert pair.server[LINEMODE].mode == pair.client[LINEMODE].mode == Mode(0)
    assert pair.server[LINEMODE].keys == {}
    assert pair.client[LINEMODE].keys == INETUTILS_KEYS


def test_connections_share_the_settings_and_nothing_else() -> None:
    template = LINEMODE(keys={SLC.EC: Key(127)})
    one, other = Pair((template,)).start(), Pair((template,)).start()

    one.server[LINEMODE].set_keys({SLC.EC: Key(8)})
    one.server[LINEMODE].set_mode(Mode(0))
    one.run()

    assert other.server[LINEMODE].keys == {SLC.EC: Key(127)}
    assert Pair((template,)).start().client[LINEMODE].mode == LINES


def test_on_ready_does_not_wait_for_it() -> None:
    session, _ = served((LINEMODE,))

    assert session.ready


# The senders


def test_nothing_is_sent_while_the_option_is_off() -> None:
    session, _ = served((LINEMODE,))
    session.take()
    option = session[LINEMODE]

    assert not any((option.set_mode(Mode(0)), option.set_keys({SLC.EC: Key(8)}), option.set_forwardmask(b"\t")))
    assert session.take() == b""


def test_a_mode_that_was_wanted_early_is_asked_for_when_the_client_agrees() -> None:
    session, _ = served((LINEMODE,))
    session[LINEMODE].set_mode(Mode.TRAPSIG)
    session.take()

    deliver(session, negotiate(WILL, CODE))

    assert session.take() == answer(b"\x01\x02")


@pytest.mark.parametrize("mode", [4, 32, 255, -1])
def test_a_mode_has_known_flags_alone(mode: Any) -> None:
    with pytest.raises(ValueError, match="^a mode is made of EDIT, TRAPSIG, SOFT_TAB and LIT_ECHO, not"):
        LINEMODE(mode)
    with pytest.raises(ValueError, match="^a mode is made of"):
        served((LINEMODE,))[0][LINEMODE].set_mode(mode)


def test_keys_are_of_functions_that_there_are() -> None:
    with pytest.raises(ValueError, match="^31 is not a valid SLC$"):
        LINEMODE(keys={31: Key(8)})  # type: ignore[dict-item]


def test_keys_are_keys() -> None:
    with pytest.raises(TypeError, match="^what is typed for EC is a Key, not 8$"):
        served((LINEMODE,))[0][LINEMODE].set_keys({SLC.EC: 8})  # type: ignore[dict-item]


# FORWARDMASK as bytes


@pytest.mark.parametrize(
    ("characters", "mask"),
    [
        (b"", ""),
        (b"\x00", "80"),
        (b"\x07", "01"),
        (b"\x08", "0080"),
        (b"\t\x1b", "00400010"),
        (bytes(range(32)), "ffffffff"),
        (b"\x7f", "00" * 15 + "01"),
        (b"\xff", "00" * 31 + "01"),
    ],
)
def test_the_highest_bit_of_the_first_byte_is_the_first_character(characters: bytes, mask: str) -> None:
    assert encode_forwardmask(characters) == bytes.fromhex(mask)
    assert decode_forwardmask(bytes.fromhex(mask)) == characters


def test_zeros_at_the_end_of_a_mask_mean_nothing() -> None:
    assert decode_forwardmask(b"\x80" + bytes(31)) == b"\0"


def test_a_mask_has_32_bytes_at_most() -> None:
    with pytest.raises(ValueError, match="^a FORWARDMASK has 32 bytes at most, not 33$"):
        decode_forwardmask(bytes(33))


def test_bytes_255_of_a_mask_are_doubled() -> None:
    session, _ = agreed()

    session[LINEMODE].set_forwardmask(bytes(range(8)))

    assert session.take() == bytes.fromhex("fffa22fd02ffff fff0")


# Recorded: inetutils telnet as the client

CLIENT_TRACE = segments(TRACES / "inetutils-telnet-linemode.jsonl", "c2s")


def test_recorded_client_is_answered_as_the_rules_say() -> None:
    session, handler = served((LINEMODE, SGA), CLIENT_TRACE[0])

    # the acknowledgement of all that is not in force already, and of nothing that is not supported
    acknowledged = "03e20304820f07e21c08820409c21a0a827f0b82150c82170d82120e82160f8211108213"
    assert answer(bytes.fromhex("03" + acknowledged)) in session.take()
    assert session[LINEMODE].keys == INETUTILS_KEYS
    assert handler.named("on_slc", "on_protocol_error") == [("on_slc", INETUTILS_KEYS)]


def test_recorded_opening_of_a_client_is_the_same_in_every_cut() -> None:
    for pieces in every_cut(CLIENT_TRACE[0] + CLIENT_TRACE[1]):
        _, handler = served((LINEMODE, SGA), *pieces)

        assert handler.named("on_linemode", "on_slc", "on_protocol_error") == [
            ("on_slc", INETUTILS_KEYS),
            ("on_linemode", LINES),
        ]


def test_recorded_client_takes_the_mode_declines_the_mask_and_sends_lines() -> None:
    session, handler = served((LINEMODE, SGA), *CLIENT_TRACE[:2])
    session[LINEMODE].set_forwardmask(b"\t")
    deliver(session, CLIENT_TRACE[2])
    session[LINEMODE].set_mode(LINES | Mode.SOFT_TAB)
    for data in CLIENT_TRACE[3:]:
        deliver(session, data)

    assert handler.named("on_linemode", "on_forwardmask_answer", "on_protocol_error") == [
        ("on_linemode", LINES),
        ("on_forwardmask_answer", False),
        ("on_linemode", LINES | Mode.SOFT_TAB),
    ]
    assert ("on_line", "look") in handler.events
    assert handler.events[-1] == ("on_line", "quit")


# Recorded: inetutils telnetd as the server

SERVER_TRACE = b"".join(segments(TRACES / "server-inetutils-telnetd-linemode-eager.jsonl", "s2c"))

TELNETD_KEYS = {**INETUTILS_KEYS, SLC.AO: Key(15, flush_out=True)}


def test_recorded_server_is_followed() -> None:
    session, handler = served((LINEMODE,), SERVER_TRACE, role=Role.CLIENT)

    assert handler.named("on_linemode", "on_slc", "on_protocol_error") == [
        ("on_linemode", LINES),
        ("on_slc", TELNETD_KEYS),
    ]


def test_recorded_server_is_acknowledged() -> None:
    session, _ = served((LINEMODE,), SERVER_TRACE, role=Role.CLIENT)

    acknowledged = "03e20304a20f07e21c08820409c21a0a827f0b82150c82170d82120e82160f8211108213"
    said = session.take()
    assert answer(b"\x01\x07") in said
    assert said.endswith(answer(bytes.fromhex("03" + acknowledged)))


# The rules of MODE, byte by byte


@pytest.mark.parametrize(
    ("received", "answered", "in_force"),
    [
        (b"\x01\x03", b"\x01\x07", LINES),
        (b"\x01\x00", b"", Mode(0)),  # in force from the start
        (b"\x01\x07", b"", Mode(0)),  # a client ignores an acknowledgement
        (b"\x01\xe3", b"\x01\x07", LINES),  # flags that nobody knows
        (b"\x01\xe0", b"\x01\x04", Mode(0)),
    ],
)
def test_client_answers_a_mode(received: bytes, answered: bytes, in_force: Mode) -> None:
    session, handler = at_client()

    assert say(session, received) == (answer(answered) if answered else b"")
    assert session[LINEMODE].mode == in_force
    assert handler.events == ([("on_linemode", in_force)] if in_force else [])


@pytest.mark.parametrize(
    ("received", "answered", "in_force"),
    [
        (b"\x01\x07", b"", LINES),
        (b"\x01\x06", b"", Mode.TRAPSIG),  # not what it was asked for, and what it does all the same
        (b"\x01\x04", b"", Mode(0)),
        (b"\x01\x03", b"\x01\x07", LINES),
        (b"\x01\x13", b"\x01\x17", LINES | Mode.LIT_ECHO),
        (b"\x01\x02", b"\x01\x03", Mode(0)),
        (b"\x01\xe3", b"\x01\x03", Mode(0)),
    ],
)
def test_server_takes_an_acknowledgement_or_a_proposal(received: bytes, answered: bytes, in_force: Mode) -> None:
    session, handler = agreed()

    assert say(session, received) == (answer(answered) if answered else b"")
    assert session[LINEMODE].mode == in_force
    assert handler.events == ([("on_linemode", in_force)] if in_force else [])


def test_a_mode_in_force_is_not_answered_again() -> None:
    session, handler = at_client()
    say(session, b"\x01\x03")
    handler.events.clear()

    assert (say(session, b"\x01\x03"), handler.events) == (b"", [])


# What only a client may ask of the server


@pytest.mark.parametrize(("asked", "ip"), [("000300", Key(3)), ("000200", Key(9)), ("0003ff", Key(3))])
def test_server_tells_its_defaults_or_what_is_in_force(asked: str, ip: Key) -> None:
    session, _ = agreed(LINEMODE(keys={SLC.IP: Key(3)}))
    say(session, b"\x03\x03\x02\x09")

    said = say(session, b"\x03" + bytes.fromhex(asked))

    assert said == answer(b"\x03" + b"".join(bytes((f, 2, ip.value) if f == SLC.IP else (f, 3, 0)) for f in SLC))


def test_server_tells_all_once_however_often_it_is_asked_in_one_message() -> None:
    session, _ = agreed()

    assert len(say(session, b"\x03" + b"\x00\x03\x00" * 20000)) < 128


def test_server_that_goes_back_to_its_defaults_tells_its_program() -> None:
    session, handler = agreed()
    say(session, b"\x03\x03\x02\x09")
    handler.events.clear()

    say(session, b"\x03\x00\x03\x00")

    assert handler.events == [("on_slc", {SLC.IP: NOSUPPORT})]


# Commands


def test_keys_that_became_commands_reach_the_program() -> None:
    session, handler = agreed()

    deliver(session, IAC + ABORT + IAC + SUSP)

    assert handler.events == [("on_command", ABORT), ("on_command", SUSP)]


# Bad input

WRONG = [
    b"",
    b"\x00",
    b"\x04abc",
    b"\x01",
    b"\x02",
    b"\x03\x0a",
    b"\x03\x0a\x02",
    b"\x03\x00\x00\x00",
    b"\x03\x00\x01\x00",
    WILL,
    DO,
    WILL + b"\x03",
    SB + b"\x02",
]
WRONG_FOR_A_SERVER = [
    DO + b"\x02\xff",
    DONT + b"\x02",
    WILL + b"\x02",  # that nobody asked for
    WONT + b"\x02",
]
WRONG_FOR_A_CLIENT = [
    b"\x03\x00\x03\x00",
    b"\x03\x00\x02\x00",
    WILL + b"\x02",
    WONT + b"\x02",
]


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("question", [b"\x00\x01\x00", b"\x00\x00\x07"])
def test_a_question_that_means_nothing_costs_no_other_key(role: Role, question: bytes) -> None:
    session, handler = agreed(role=role)

    answered = say(session, b"\x03\x0a\x02\x7f" + question + b"\x0b\x02\x15")

    assert answered == answer(b"\x03\x0a\x82\x7f\x0b\x82\x15")
    assert [event[0] for event in handler.events] == ["on_protocol_error", "on_slc"]
    assert session[LINEMODE].keys == {SLC.EC: Key(0x7F), SLC.EL: Key(0x15)}


def test_a_client_is_not_asked_about_all_keys_and_takes_the_others() -> None:
    session, handler = agreed(role=Role.CLIENT)

    assert say(session, b"\x03\x0a\x02\x7f\x00\x03\x00") == answer(b"\x03\x0a\x82\x7f")
    assert [event[0] for event in handler.events] == ["on_protocol_error", "on_slc"]


@pytest.mark.parametrize("payload", WRONG + WRONG_FOR_A_SERVER)
def test_server_reports_what_is_wrong_and_drops_it(payload: bytes) -> None:
    session, handler = agreed()

    assert say(session, payload) == b""
    assert [event[0] for event in handler.events] == ["on_protocol_error"]
    assert handler.events[0][1].startswith("LINEMODE: ")
    assert (session[LINEMODE].mode, session[LINEMODE].keys) == (Mode(0), {})


@pytest.mark.parametrize("payload", WRONG + WRONG_FOR_A_CLIENT)
def test_client_reports_what_is_wrong_and_drops_it(payload: bytes) -> None:
    session, handler = at_client(LINEMODE(forwardmask=True))

    assert say(session, payload) == b""
    assert [event[0] for event in handler.events] == ["on_protocol_error"]
    assert (session[LINEMODE].mode, session[LINEMODE].keys) == (Mode(0), {})


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("payload", [b"", b"\x02", b"\x04abc"])
def test_what_is_none_of_the_three_is_called_that(role: Role, payload: bytes) -> None:
    session, handler = agreed(role=role)

    say(session, payload)

    assert handler.events == [("on_protocol_error", "LINEMODE: neither MODE, FORWARDMASK nor SLC", payload)]


@pytest.mark.parametrize("command", [WILL, WONT])
def test_an_answer_about_a_mask_with_bytes_too_many_counts_and_they_are_reported(command: bytes) -> None:
    session, handler = agreed()
    session[LINEMODE].set_forwardmask(b"\t")

    say(session, command + b"\x02\x00")

    assert handler.events == [
        ("on_protocol_error", f"LINEMODE: {TOO_MANY}", command + b"\x02\x00"),
        ("on_forwardmask_answer", command == WILL),
    ]


@pytest.mark.parametrize("role", Role)
def test_a_mode_with_bytes_too_many_is_answered_and_they_are_reported(role: Role) -> None:
    session, handler = agreed(role=role)

    said = say(session, b"\x01\x03\x00")

    assert said == answer(b"\x01\x07")
    assert handler.events == [
        ("on_protocol_error", f"LINEMODE: {TOO_MANY}", b"\x03\x00"),
        ("on_linemode", Mode(3)),
    ]


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("excess", [b"\x0a", b"\x0a\x02"])
def test_characters_with_bytes_too_many_are_answered_and_they_are_reported(role: Role, excess: bytes) -> None:
    right, _ = agreed(role=role)
    session, handler = agreed(role=role)

    said = say(session, b"\x03\x0a\x02\x7f" + excess)

    assert said == say(right, b"\x03\x0a\x02\x7f") != b""
    assert session[LINEMODE].keys == right[LINEMODE].keys == {SLC.EC: Key(0x7F)}
    assert handler.named("on_protocol_error") == [
        ("on_protocol_error", f"LINEMODE: {TOO_MANY}", b"\x0a\x02\x7f" + excess)
    ]


@pytest.mark.parametrize("takes", [True, False])
@pytest.mark.parametrize("size", [33, 60_000])
def test_a_mask_with_bytes_too_many_is_answered_and_they_are_reported(takes: bool, size: int) -> None:
    session, handler = at_client(LINEMODE(forwardmask=takes))

    said = say(session, DO + b"\x02" + b"\x01" * size)

    assert said == answer((WILL if takes else WONT) + b"\x02")
    assert handler.events[0] == ("on_protocol_error", f"LINEMODE: {TOO_MANY}", b"\x01" * min(size, 64))
    assert handler.named("on_forwardmask") == [("on_forwardmask", bytes(range(7, 256, 8)))][:takes]


def test_each_mask_has_one_answer() -> None:
    session, handler = agreed()
    session[LINEMODE].set_forwardmask(b"\t")

    say(session, WILL + b"\x02")
    say(session, WILL + b"\x02")

    assert [event[0] for event in handler.events] == ["on_forwardmask_answer", "on_protocol_error"]


def test_nothing_is_taken_while_the_option_is_off() -> None:
    session, handler = served((LINEMODE,), negotiate(WONT, CODE))

    say(session, b"\x01\x07")

    assert handler.events[-1][0] == "on_protocol_error"
    assert session[LINEMODE].mode == Mode(0)


def test_what_crosses_our_refusal_is_not_answered() -> None:
    session, handler = agreed()
    session[LINEMODE].refuse(Side.REMOTE)
    session.take()

    assert say(session, b"\x03\x03\x02\x09") == b""
    assert handler.events == []


@pytest.mark.parametrize(("role", "command"), [(Role.SERVER, DO), (Role.CLIENT, WILL)])
def test_only_the_client_performs_it(role: Role, command: bytes) -> None:
    session, _ = served((LINEMODE,), role=role)
    session.take()

    deliver(session, negotiate(command, CODE))

    assert session.take() == negotiate(WONT if command == DO else DONT, CODE)


@given(
    st.sampled_from(Role), st.lists(st.binary(max_size=40) | st.binary(max_size=12).map(lambda data: b"\x03" + data))
)
def test_no_payload_raises_or_makes_anything_grow(role: Role, payloads: list[bytes]) -> None:
    session, _ = agreed(LINEMODE(keys=INETUTILS_KEYS, forwardmask=True), role)

    for payload in payloads:
        assert len(say(session, payload)) <= 2 * len(payload) + 3 * len(SLC) + 8

    assert set(session[LINEMODE].keys) <= set(SLC)


# What a peer may cost


def characters(count: int) -> bytes:
    return b"\x03" + b"".join(bytes((n % 30 + 1, 2, 65 + n % 60)) for n in range(count))


@pytest.mark.parametrize("role", Role)
def test_a_list_of_twice_all_functions_and_some_is_read(role: Role) -> None:
    session, handler = agreed(role=role)

    sent = say(session, characters(64))

    assert len(sent) == 64 * 3 + 6
    assert handler.named("on_protocol_error") == []


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("count", [65, 21_845])
def test_a_longer_list_is_reported_and_dropped(role: Role, count: int) -> None:
    session, handler = agreed(role=role)

    assert say(session, characters(count)) == b""
    assert handler.events == [
        ("on_protocol_error", "LINEMODE: more than 64 special characters", characters(count)[1:65])
    ]
    assert session[LINEMODE].keys == {}


def test_a_mode_that_is_not_answered_is_not_in_force() -> None:
    session, handler = agreed(role=Role.CLIENT)

    modes = [say(session, b"\x01" + bytes((mode,))) for mode in (0, 1) * 500]

    assert modes[-1] == b""
    assert handler.named("on_linemode")[-1] == ("on_linemode", session[LINEMODE].mode)
    assert len(handler.named("on_linemode")) == sum(map(bool, modes)) < 256


def test_a_client_that_asks_for_all_defaults_again_and_again_is_answered_as_often_as_it_may() -> None:
    session, _ = agreed()

    answers = [say(session, b"\x03\x00\x03\x00") for _ in range(1000)]

    assert sum(map(bool, answers)) == 256 // 2  # 91 bytes count as two answers


@pytest.mark.parametrize("value", range(256))
def test_each_byte_of_a_mask_has_its_eight_characters(value: int) -> None:
    mask = b"\x00" + bytes((value,))

    assert decode_forwardmask(mask) == bytes(8 + bit for bit in range(8) if value & 0x80 >> bit)
