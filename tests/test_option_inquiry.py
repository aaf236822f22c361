"""What TSPEED and XDISPLOC have in common: a question, and its answer."""

from __future__ import annotations

from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from session_support import Pair, every_cut, served

from telnet.constants import DO, IAC, SB, SE, WILL, WONT
from telnet.encode import negotiate, subnegotiation
from telnet.negotiation import Side
from telnet.options import TSPEED, XDISPLOC, Role
from telnet.options.inquiry import InquiryOption
from telnet.options.option import TOO_MANY

REASON = "neither a question to the client nor its answer to one"

# What a client of each answers, and what its server is told of it.
ANSWERS: dict[type[InquiryOption], tuple[bytes, tuple[object, ...]]] = {
    TSPEED: (b"38400,38400", ("on_terminal_speed", 38400, 38400)),
    XDISPLOC: (b"", ("on_display", "")),
}
each = pytest.mark.parametrize("option", ANSWERS)


@pytest.fixture(autouse=True)
def both_parsers(monkeypatch: pytest.MonkeyPatch, parser_module: ModuleType) -> None:
    monkeypatch.setattr("telnet.session.Parser", parser_module.Parser)


def agree(option: type[InquiryOption]) -> bytes:
    """What turns an option on, for a server and for a client."""
    return negotiate(WILL, option.code) + negotiate(DO, option.code)


@each
def test_the_server_asks_and_the_client_answers(option: type[InquiryOption]) -> None:
    pair = Pair([option]).start()

    answer, told = ANSWERS[option]
    assert bytes(pair.sent_by_server) == negotiate(DO, option.code) + subnegotiation(option.code, b"\x01")
    assert bytes(pair.sent_by_client) == negotiate(WILL, option.code) + subnegotiation(option.code, b"\x00" + answer)
    assert pair.at_server.named(str(told[0])) == [told]
    assert pair.at_client.named("on_protocol_error") == []


@each
def test_an_answer_is_the_same_however_it_is_cut(option: type[InquiryOption]) -> None:
    answer, told = ANSWERS[option]

    for pieces in every_cut(negotiate(WILL, option.code) + subnegotiation(option.code, b"\x00" + answer)):
        _, handler = served([option], *pieces)

        assert handler.named(str(told[0]), "on_protocol_error") == [told]


@each
def test_an_answer_may_have_the_end_of_a_string(option: type[InquiryOption]) -> None:
    answer, told = ANSWERS[option]

    _, handler = served([option], negotiate(WILL, option.code) + subnegotiation(option.code, b"\0" + answer + b"\0"))

    assert handler.named(str(told[0]), "on_protocol_error") == [told]


@each
def test_ready_waits_for_nothing(option: type[InquiryOption]) -> None:
    session, _ = served([option])

    assert session.ready


@each
def test_the_server_may_ask_again(option: type[InquiryOption]) -> None:
    pair = Pair([option]).start().clear()

    assert pair.server[option].ask()
    pair.run()

    assert pair.at_server.events == [ANSWERS[option][1]]


@each
def test_nothing_is_asked_while_the_option_is_off(option: type[InquiryOption]) -> None:
    session, _ = served([option], negotiate(WONT, option.code))
    session.take()

    assert not session[option].ask()
    assert session.take() == b""


@each
def test_a_client_asks_nothing(option: type[InquiryOption]) -> None:
    session, _ = served([option], negotiate(DO, option.code), role=Role.CLIENT)

    assert not session[option].ask()
    assert session.take() == negotiate(WILL, option.code)


@each
def test_an_option_that_is_turned_on_again_is_asked_again(option: type[InquiryOption]) -> None:
    pair = Pair([option]).start().clear()

    pair.server[option].refuse(Side.REMOTE)
    pair.server[option].request()
    pair.run()

    assert pair.at_server.events == [ANSWERS[option][1]]


# --- bad input --------------------------------------------------------------------------------------------------------


@each
def test_an_answer_nobody_asked_for_is_reported(option: type[InquiryOption]) -> None:
    answer = b"\x00" + ANSWERS[option][0]

    _, handler = served([option], negotiate(WILL, option.code) + subnegotiation(option.code, answer) * 2)

    assert handler.named("on_protocol_error") == [("on_protocol_error", f"{option.__name__}: {REASON}", answer)]


@each
@pytest.mark.parametrize("data", [b"", b"\x02", b"\xff"])
@pytest.mark.parametrize("role", Role)
def test_neither_a_question_nor_an_answer_is_reported(option: type[InquiryOption], role: Role, data: bytes) -> None:
    session, handler = served([option], agree(option) + subnegotiation(option.code, data), role=role)

    assert handler.named("on_protocol_error") == [("on_protocol_error", f"{option.__name__}: {REASON}", data)]


@each
def test_a_server_does_not_answer_a_question_with_bytes_too_many_either(option: type[InquiryOption]) -> None:
    _, handler = served([option], agree(option) + subnegotiation(option.code, b"\x01\x01"))

    assert handler.named("on_protocol_error") == [("on_protocol_error", f"{option.__name__}: {REASON}", b"\x01\x01")]


@each
@pytest.mark.parametrize("excess", [b"\x01", b"\x00", b"x" * 60_000])
def test_a_question_with_bytes_too_many_is_answered_and_they_are_reported(
    option: type[InquiryOption], excess: bytes
) -> None:
    question = subnegotiation(option.code, b"\x01" + excess)

    client, handler = served([option], negotiate(DO, option.code) + question, role=Role.CLIENT)

    assert client.take() == negotiate(WILL, option.code) + subnegotiation(option.code, b"\x00" + ANSWERS[option][0])
    reason = f"{option.__name__}: {TOO_MANY}"
    assert handler.named("on_protocol_error") == [("on_protocol_error", reason, (b"\x01" + excess)[:64])]


@each
def test_a_client_does_not_ask_and_a_server_does_not_answer(option: type[InquiryOption]) -> None:
    _, at_server = served([option], agree(option) + subnegotiation(option.code, b"\x01"))
    _, at_client = served([option], agree(option) + subnegotiation(option.code, b"\x00x"), role=Role.CLIENT)

    assert len(at_server.named("on_protocol_error")) == len(at_client.named("on_protocol_error")) == 1


@each
def test_an_answer_to_an_option_that_is_off_is_reported(option: type[InquiryOption]) -> None:
    _, handler = served([option], subnegotiation(option.code, b"\x00x"))

    assert handler.named("on_protocol_error") == [
        ("on_protocol_error", f"{option.__name__}: subnegotiation of an option that is off", b"\x00x")
    ]


@each
def test_an_answer_that_breaks_off_is_dropped(option: type[InquiryOption]) -> None:
    _, handler = served([option], negotiate(WILL, option.code) + IAC + SB + option.code + b"\x00" + IAC + WILL + SE)

    assert len(handler.named("on_protocol_error")) == 1
    assert handler.named("on_terminal_speed", "on_display") == []


@each
@pytest.mark.parametrize("role", Role)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=300), known=st.sampled_from([b"", b"\x00", b"\x01"]))
def test_no_payload_raises(option: type[InquiryOption], role: Role, data: bytes, known: bytes) -> None:
    session, _ = served([option], agree(option) + subnegotiation(option.code, known + data), role=role)

    assert len(session.client.display) <= 300


@each
def test_a_server_that_asks_on_and_on_is_answered_as_often_as_it_may(option: type[InquiryOption]) -> None:
    question = subnegotiation(option.code, b"\x01")

    client, _ = served([option], agree(option) + question * 1000, role=Role.CLIENT)

    answers = client.take().count(b"\xff\xfa")
    assert 250 <= answers <= 255
