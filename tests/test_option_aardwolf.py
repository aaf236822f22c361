"""AARDWOLF: a channel and a value, both ways."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from session_support import Pair, Recorder, every_cut, served

from telnet import constants
from telnet.constants import DO, DONT, WILL
from telnet.encode import negotiate, subnegotiation
from telnet.options import AARDWOLF, Role
from telnet.options.aardwolf import Channel, PlayerState
from telnet.session import Session

WILL_AARDWOLF = negotiate(WILL, constants.AARDWOLF)
DO_AARDWOLF = negotiate(DO, constants.AARDWOLF)

REASON = "AARDWOLF: not a channel and its value"


@pytest.fixture(autouse=True)
def every_parser(parser_module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("telnet.session.Parser", parser_module.Parser)


def agreed(role: Role, *received: bytes) -> tuple[Session, Recorder]:
    """A session with the option on, that has received these bytes since; what was said until then is taken."""
    session, handler = served((AARDWOLF,), DO_AARDWOLF if role is Role.SERVER else WILL_AARDWOLF, role=role)
    session.take()
    handler.events.clear()
    for data in received:
        session.receive(data, 0.0)
    return session, handler


def pair_of(*numbers: int) -> bytes:
    return subnegotiation(constants.AARDWOLF, bytes(numbers))


def test_a_server_offers_and_the_client_agrees() -> None:
    pair = Pair((AARDWOLF,)).start()

    assert (bytes(pair.sent_by_server), bytes(pair.sent_by_client)) == (WILL_AARDWOLF, DO_AARDWOLF)


def test_a_client_that_offers_is_refused() -> None:
    session, _ = served((AARDWOLF,))
    session.take()

    session.receive(WILL_AARDWOLF, 0.0)

    assert session.take() == negotiate(DONT, constants.AARDWOLF)


def test_pairs_both_ways_between_two_sessions() -> None:
    pair = Pair((AARDWOLF,)).start().clear()

    assert pair.server[AARDWOLF].tell(Channel.STATE, PlayerState.AWAY) is True
    assert pair.client[AARDWOLF].switch(Channel.CHANNEL_TAGS, True) is True
    assert pair.client[AARDWOLF].switch(Channel.PROMPTS, False) is True
    pair.run()

    assert bytes(pair.sent_by_server) == b"\xff\xfa\x66\x64\x04\xff\xf0"
    assert bytes(pair.sent_by_client) == b"\xff\xfa\x66\x05\x01\xff\xf0\xff\xfa\x66\x34\x02\xff\xf0"
    assert pair.at_client.events == [("on_aardwolf", 100, 4)]
    assert pair.at_server.events == [("on_aardwolf", 5, 1), ("on_aardwolf", 52, 2)]


@pytest.mark.parametrize("cut", list(every_cut(pair_of(255, 255))), ids=len)
def test_a_pair_is_read_in_any_cut(cut: list[bytes]) -> None:
    _, handler = agreed(Role.CLIENT, *cut)

    assert handler.events == [("on_aardwolf", 255, 255)]


@pytest.mark.parametrize("role", Role)
def test_nothing_is_sent_while_the_option_is_off(role: Role) -> None:
    session, _ = served((AARDWOLF,), role=role)
    session.take()

    assert session[AARDWOLF].tell(100, 1) is False
    assert session[AARDWOLF].switch(5, True) is False
    assert session.take() == b""


@pytest.mark.parametrize(
    ("channel", "value", "name", "wrong"),
    [(256, 0, "channel", "256"), (-1, 0, "channel", "-1"), (0, "1", "value", "'1'")],
)
def test_what_is_no_byte_is_refused(channel: Any, value: Any, name: str, wrong: str) -> None:
    session, _ = served((AARDWOLF,))

    with pytest.raises(ValueError, match=f"^a {name} is a number from 0 to 255, not {wrong}$"):
        session[AARDWOLF].tell(channel, value)


# Bad input


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("numbers", [(), (5,), (5, 1, 1), (1,) * 5000])
def test_what_is_not_two_bytes_is_reported(role: Role, numbers: tuple[int, ...]) -> None:
    _, handler = agreed(role, pair_of(*numbers))

    assert handler.events == [("on_protocol_error", REASON, bytes(numbers)[:64])]


@pytest.mark.parametrize("value", [0, 3, 255])
def test_a_client_says_on_or_off(value: int) -> None:
    _, handler = agreed(Role.SERVER, pair_of(5, value))

    assert handler.events == [("on_protocol_error", REASON, bytes((5, value)))]


@pytest.mark.parametrize("role", Role)
def test_a_pair_while_the_option_is_off_is_reported(role: Role) -> None:
    _, handler = served((AARDWOLF,), pair_of(5, 1), role=role)

    assert [event[0] for event in handler.named("on_aardwolf", "on_protocol_error")] == ["on_protocol_error"]


@pytest.mark.parametrize("role", Role)
@given(payload=st.binary(max_size=4))
def test_no_input_raises(role: Role, payload: bytes) -> None:
    _, handler = agreed(role, subnegotiation(constants.AARDWOLF, payload))

    assert len(handler.named("on_aardwolf", "on_protocol_error")) == 1
