"""STATUS: what a side takes to be on, in both roles, and its codec."""

from __future__ import annotations

from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from session_support import Pair, every_cut, served
from traces import TRACES, segments

from telnet import constants
from telnet.constants import DO, DONT, ECHO, EXOPL, IAC, LFLOW, LINEMODE, NAWS, SB, SE, SGA, TTYPE, WILL, WONT
from telnet.encode import negotiate, subnegotiation
from telnet.options import SGA as SGA_OPTION
from telnet.options import STATUS, Role
from telnet.options.option import TOO_MANY
from telnet.options.status import decode_status, encode_status

WILL_STATUS = negotiate(WILL, constants.STATUS)
DO_STATUS = negotiate(DO, constants.STATUS)
SEND = subnegotiation(constants.STATUS, b"\x01")
OPTION_240 = SE


@pytest.fixture(autouse=True)
def both_parsers(monkeypatch: pytest.MonkeyPatch, parser_module: ModuleType) -> None:
    monkeypatch.setattr("telnet.session.Parser", parser_module.Parser)


# --- the codec --------------------------------------------------------------------------------------------------------


def test_a_status_lists_commands_and_parameters() -> None:
    options, parameters = [(WILL, ECHO), (DO, TTYPE)], [(LINEMODE, b"\x01\x03"), (LFLOW, b"\x01")]

    encoded = encode_status(options, parameters)

    assert encoded == b"\x00\xfb\x01\xfd\x18\xfa\x22\x01\x03\xf0\xfa\x21\x01\xf0"
    assert decode_status(encoded) == (tuple(options), tuple(parameters))


def test_a_byte_240_is_doubled_wherever_it_is_data() -> None:
    options, parameters = [(WILL, OPTION_240), (DO, NAWS)], [(OPTION_240, b"\xf0\xf0a\xf0"), (NAWS, b"")]

    encoded = encode_status(options, parameters)

    assert encoded == b"\x00\xfb\xf0\xf0\xfd\x1f" + b"\xfa\xf0\xf0" + b"\xf0" * 4 + b"a\xf0\xf0\xf0" + b"\xfa\x1f\xf0"
    assert decode_status(encoded) == (tuple(options), tuple(parameters))


def test_an_option_240_need_not_be_doubled() -> None:
    assert decode_status(b"\x00\xfb\xf0\xfd\x1f") == (((WILL, OPTION_240), (DO, NAWS)), ())


def test_a_status_of_nothing_is_empty() -> None:
    assert encode_status([]) == b"\x00"
    assert decode_status(b"\x00") == ((), ())


@pytest.mark.parametrize("data", [b"", b"\x01", b"\xfb\x01"])
def test_a_status_begins_with_is(data: bytes) -> None:
    with pytest.raises(ValueError, match="^a status begins with IS$"):
        decode_status(data)


@pytest.mark.parametrize(
    "data",
    [b"\x00\xfb", b"\x00\x01", b"\x00\xfb\x01\xf0", b"\x00\xfa", b"\x00\xfa\x1f", b"\x00\xfa\x1f\x00\x50"]
    + [b"\x00\xfa\x1f\xf0\xf0", b"\x00\xfb\x01\xff", b"\x00\xfa\x1f\xf0\x00"],
)
def test_what_is_not_on_the_list_of_a_status_is_an_error(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"^a status lists WILL, WONT, DO, DONT and SB \.\.\. SE$"):
        decode_status(data)


single = st.binary(min_size=1, max_size=1)
pairs = st.lists(st.tuples(st.sampled_from([WILL, WONT, DO, DONT]), single))


@given(options=pairs, parameters=st.lists(st.tuples(single, st.binary())))
def test_what_is_encoded_is_decoded(options: list[tuple[bytes, bytes]], parameters: list[tuple[bytes, bytes]]) -> None:
    assert decode_status(encode_status(options, parameters)) == (tuple(options), tuple(parameters))


# --- two sides --------------------------------------------------------------------------------------------------------


def test_nothing_is_said_of_it_until_somebody_asks() -> None:
    pair = Pair([STATUS]).start()

    assert pair.sent_by_server == pair.sent_by_client == b""
    assert pair.server.ready


def test_a_server_may_ask() -> None:
    pair = Pair([STATUS, SGA_OPTION]).start()
    pair.server[SGA_OPTION].offer()
    pair.run().clear()

    assert not pair.server[STATUS].ask()
    pair.run()

    answer = b"\xff\xfa\x05\x00\xfd\x03\xfb\x05\xff\xf0"  # DO SGA, WILL STATUS
    assert bytes(pair.sent_by_server) == DO_STATUS + SEND
    assert bytes(pair.sent_by_client) == WILL_STATUS + answer
    assert pair.at_server.events == [("on_status", ((DO, SGA), (WILL, constants.STATUS)), ())]


def test_a_client_may_ask() -> None:
    pair = Pair([STATUS, SGA_OPTION]).start()
    pair.server[SGA_OPTION].offer()
    pair.run().clear()

    assert not pair.client[STATUS].ask()
    pair.run()

    assert pair.at_client.events == [("on_status", ((WILL, SGA), (WILL, constants.STATUS)), ())]


def test_a_side_that_tells_is_asked_at_once() -> None:
    pair = Pair([STATUS]).start()
    pair.server[STATUS].request()
    pair.run().clear()

    assert pair.server[STATUS].ask()
    pair.run()

    assert bytes(pair.sent_by_server) == SEND
    assert pair.at_server.events == [("on_status", ((WILL, constants.STATUS),), ())]


def test_a_side_that_only_offers_is_not_asked() -> None:
    session, _ = served([STATUS], WILL_STATUS)

    assert session.take() == DO_STATUS


def test_a_side_that_declines_is_not_asked() -> None:
    session, _ = served([STATUS])
    session[STATUS].ask()

    session.receive(negotiate(WONT, constants.STATUS), 0.0)

    assert session.take() == DO_STATUS


def test_a_status_may_come_by_itself() -> None:
    _, handler = served([STATUS], WILL_STATUS + subnegotiation(constants.STATUS, b"\x00\xfd\x03"))

    assert handler.events[-1] == ("on_status", ((DO, SGA),), ())


def test_a_status_is_the_same_however_it_is_cut() -> None:
    payload = encode_status([(DO, EXOPL), (WILL, OPTION_240)], [(NAWS, b"\xff\xf0")])

    for pieces in every_cut(WILL_STATUS + subnegotiation(constants.STATUS, payload)):
        _, handler = served([STATUS], *pieces)

        assert handler.events[-1] == ("on_status", ((DO, EXOPL), (WILL, OPTION_240)), ((NAWS, b"\xff\xf0"),))


# --- bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [b"\x00\xfb", b"\x00\xfa\x1f\x00\x50", b"\x00" + b"\xf0" * 60_000])
def test_a_broken_status_is_reported(data: bytes) -> None:
    _, handler = served([STATUS], WILL_STATUS + subnegotiation(constants.STATUS, data))

    reason = "STATUS: a status lists WILL, WONT, DO, DONT and SB ... SE"
    assert handler.named("on_protocol_error", "on_status") == [("on_protocol_error", reason, data[:64])]


@pytest.mark.parametrize("broken", [b"\xfd", b"\x00", b"\xfa\x21\x01", b"\xff\xfb\x01"])
def test_of_a_broken_status_is_told_what_stands_before_the_fault(broken: bytes) -> None:
    data = b"\x00\xfb\x05\xfa\x1f\x00\x50\xf0" + broken

    _, handler = served([STATUS], WILL_STATUS + subnegotiation(constants.STATUS, data))

    assert handler.named("on_protocol_error", "on_status") == [
        ("on_protocol_error", "STATUS: a status lists WILL, WONT, DO, DONT and SB ... SE", data),
        ("on_status", ((WILL, constants.STATUS),), ((NAWS, b"\x00\x50"),)),
    ]


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("excess", [b"\x01", b"\xf0\xff"])
def test_a_question_with_bytes_too_many_is_answered_and_they_are_reported(role: Role, excess: bytes) -> None:
    question = subnegotiation(constants.STATUS, b"\x01" + excess)

    session, handler = served([STATUS], DO_STATUS + question, role=role)

    assert session.take().endswith(subnegotiation(constants.STATUS, encode_status([(WILL, constants.STATUS)])))
    assert handler.named("on_protocol_error") == [("on_protocol_error", f"STATUS: {TOO_MANY}", b"\x01" + excess)]


@pytest.mark.parametrize(
    ("agreed", "data"),
    [(DO_STATUS, b"\x00\xfd\x03"), (WILL_STATUS, b"\x01"), (WILL_STATUS, b""), (WILL_STATUS, b"\x02")],
)
def test_only_who_said_will_tells_and_only_who_said_do_asks(agreed: bytes, data: bytes) -> None:
    session, handler = served([STATUS], agreed + subnegotiation(constants.STATUS, data))

    reason = "STATUS: neither a question to who said WILL nor its answer"
    assert handler.named("on_protocol_error", "on_status") == [("on_protocol_error", reason, data)]
    assert len(session.take()) == 3


def test_a_status_that_breaks_off_is_dropped() -> None:
    _, handler = served([STATUS], WILL_STATUS + IAC + SB + constants.STATUS + b"\x00\xfb" + IAC + WILL + SE)

    assert handler.named("on_status") == []


@pytest.mark.parametrize("role", Role)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(), known=st.sampled_from([b"", b"\x00", b"\x01", b"\x00\xfa\x1f"]))
def test_no_payload_raises(role: Role, data: bytes, known: bytes) -> None:
    received = WILL_STATUS + DO_STATUS + subnegotiation(constants.STATUS, known + data)

    _, handler = served([STATUS], received, role=role)

    assert ("on_ready",) in handler.events


# --- what real servers sent -------------------------------------------------------------------------------------------


def test_a_recorded_server_tells_its_options_and_their_parameters() -> None:
    received = b"".join(segments(TRACES / "server-inetutils-telnetd-eager.jsonl", "s2c"))

    session, handler = served([STATUS], received, role=Role.CLIENT)

    [(_, options, parameters)] = handler.named("on_status")
    assert {(WILL, SGA), (WILL, constants.STATUS), (DO, TTYPE), (DO, LINEMODE)} <= set(options)
    assert [option for option, _ in parameters] == [LFLOW, LINEMODE, LINEMODE]
    assert parameters[:2] == ((LFLOW, b"\x01"), (LINEMODE, b"\x01\x03"))


def test_a_recorded_server_that_lists_all_that_was_said_is_understood() -> None:
    received = b"".join(segments(TRACES / "server-telnetlib3-server-pushy.jsonl", "s2c"))

    _, handler = served([STATUS], received, role=Role.CLIENT)

    assert [len(event[1]) for event in handler.named("on_status")] == [5, 43]


# --- what a peer may cost ---------------------------------------------------------------------------------------------


def test_a_status_lists_every_option_of_both_sides_and_its_parameters() -> None:
    codes = [bytes((code,)) for code in range(256)]
    options = [(command, code) for command in (WILL, DO) for code in codes]
    parameters = [(code, b"\x01") for code in codes]

    assert decode_status(encode_status(options, parameters)) == (tuple(options), tuple(parameters))


@pytest.mark.parametrize("entry", [b"\xfb\x01", b"\xfa\x01\xf0", b"\xff"])
def test_a_status_that_lists_more_is_refused(entry: bytes) -> None:
    with pytest.raises(ValueError, match="^a status lists at most 768 options and parameters$"):
        decode_status(b"\x00" + b"\xfb\x01" * 768 + entry)


@pytest.mark.parametrize("role", Role)
def test_a_peer_that_asks_on_and_on_is_answered_as_often_as_it_may(role: Role) -> None:
    session, handler = served([STATUS], DO_STATUS + SEND * 10_000, role=role)

    assert session.take().count(b"\xff\xfa") == 255  # one answer was for DO
    assert len(handler.named("on_negotiation_limit")) == 1
