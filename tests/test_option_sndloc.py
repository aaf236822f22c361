"""SNDLOC: where the user is, in both roles."""

from __future__ import annotations

from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from session_support import Pair, every_cut, served

from telnet import constants
from telnet.constants import DO, IAC, SB, SE, WILL
from telnet.encode import negotiate, subnegotiation
from telnet.options import SNDLOC, Role

WILL_SNDLOC = negotiate(WILL, constants.SNDLOC)
DO_SNDLOC = negotiate(DO, constants.SNDLOC)
REASON = "SNDLOC: a location is up to 256 printable characters, from the client"


@pytest.fixture(autouse=True)
def both_parsers(monkeypatch: pytest.MonkeyPatch, parser_module: ModuleType) -> None:
    monkeypatch.setattr("telnet.session.Parser", parser_module.Parser)


def test_the_client_tells_where_its_user_is() -> None:
    pair = Pair([SNDLOC], [SNDLOC("Room 5")]).start()

    assert bytes(pair.sent_by_server) == b"\xff\xfd\x17"
    assert bytes(pair.sent_by_client) == b"\xff\xfb\x17\xff\xfa\x17Room 5\xff\xf0"
    assert pair.at_server.named("on_location") == [("on_location", "Room 5")]
    assert pair.server.client.location == "Room 5"


def test_a_user_who_moves_is_somewhere_else() -> None:
    pair = Pair([SNDLOC], [SNDLOC("Room 5")]).start().clear()

    assert pair.client[SNDLOC].move("Room 6")
    pair.run()

    assert pair.at_server.events == [("on_location", "Room 6")]


def test_a_client_without_a_place_tells_none() -> None:
    pair = Pair([SNDLOC]).start()

    assert bytes(pair.sent_by_client) == WILL_SNDLOC


def test_a_place_is_not_told_before_the_server_asks() -> None:
    client, _ = served([SNDLOC], role=Role.CLIENT)

    assert not client[SNDLOC].move("Room 6")
    assert client.take() == b""

    client.receive(DO_SNDLOC, 0.0)
    assert client.take() == WILL_SNDLOC + subnegotiation(constants.SNDLOC, b"Room 6")


def test_a_client_may_offer_to_tell() -> None:
    _, handler = served([SNDLOC], WILL_SNDLOC + subnegotiation(constants.SNDLOC, b"Room 5"))

    assert ("on_location", "Room 5") in handler.events


def test_a_place_is_the_same_however_it_is_cut() -> None:
    for pieces in every_cut(WILL_SNDLOC + subnegotiation(constants.SNDLOC, b"here")):
        _, handler = served([SNDLOC], *pieces)

        assert handler.named("on_location", "on_protocol_error") == [("on_location", "here")]


@pytest.mark.parametrize("location", ["x" * 257, "Z\u00fcrich", "a\nb"])
def test_what_cannot_be_told_is_refused(location: str) -> None:
    client, _ = served([SNDLOC], DO_SNDLOC, role=Role.CLIENT)
    client.take()

    with pytest.raises(ValueError, match="^a location is up to 256 printable characters of ASCII, not "):
        SNDLOC(location)
    with pytest.raises(ValueError, match="^a location is up to 256 printable characters of ASCII, not "):
        client[SNDLOC].move(location)
    assert client.take() == b""


# --- bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [b"x" * 257, b"x" * 60_000, b"here\x1b[2J", b"a\0b"])
def test_a_place_is_short_and_printable(data: bytes) -> None:
    session, handler = served([SNDLOC], WILL_SNDLOC + subnegotiation(constants.SNDLOC, data))

    assert handler.named("on_protocol_error") == [("on_protocol_error", REASON, data[:64])]
    assert session.client.location == ""


@pytest.mark.parametrize("told", ["Z\xfcrich".encode("latin-1"), "Z\xfcrich".encode()])
def test_a_place_is_read_as_lines_are(told: bytes) -> None:
    session, _ = served([SNDLOC], WILL_SNDLOC + subnegotiation(constants.SNDLOC, told))

    assert session.client.location == "Z\xfcrich"


def test_a_place_may_have_the_end_of_a_string() -> None:
    _, handler = served([SNDLOC], WILL_SNDLOC + subnegotiation(constants.SNDLOC, b"here\0\0"))

    assert handler.named("on_location", "on_protocol_error") == [("on_location", "here")]


def test_a_place_may_be_empty() -> None:
    _, handler = served([SNDLOC], WILL_SNDLOC + subnegotiation(constants.SNDLOC, b""))

    assert ("on_location", "") in handler.events


def test_a_server_is_nowhere() -> None:
    _, handler = served([SNDLOC], DO_SNDLOC + subnegotiation(constants.SNDLOC, b"here"), role=Role.CLIENT)

    assert handler.named("on_protocol_error") == [("on_protocol_error", REASON, b"here")]


def test_a_place_that_breaks_off_is_dropped() -> None:
    _, handler = served([SNDLOC], WILL_SNDLOC + IAC + SB + constants.SNDLOC + b"he" + IAC + WILL + SE)

    assert handler.named("on_location") == []


@pytest.mark.parametrize("role", Role)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=300))
def test_no_payload_raises(role: Role, data: bytes) -> None:
    session, _ = served([SNDLOC], WILL_SNDLOC + DO_SNDLOC + subnegotiation(constants.SNDLOC, data), role=role)

    assert len(session.client.location) <= 256
