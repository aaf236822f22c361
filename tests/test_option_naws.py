"""NAWS: the size of the window, in both roles."""

from __future__ import annotations

import struct
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from session_support import Pair, every_cut, served
from traces import TRACES, segments

from telnet import constants
from telnet.constants import DO, DONT, IAC, SB, SE, WILL, WONT
from telnet.encode import negotiate, subnegotiation
from telnet.options import NAWS, Role

WILL_NAWS = negotiate(WILL, constants.NAWS)
DO_NAWS = negotiate(DO, constants.NAWS)


@pytest.fixture(autouse=True)
def both_parsers(monkeypatch: pytest.MonkeyPatch, parser_module: ModuleType) -> None:
    monkeypatch.setattr("telnet.session.Parser", parser_module.Parser)


def size(width: int, height: int) -> bytes:
    return subnegotiation(constants.NAWS, struct.pack(">HH", width, height))


# --- a server and a client --------------------------------------------------------------------------------------------


def test_the_server_asks_and_the_client_tells_its_size() -> None:
    pair = Pair([NAWS], [NAWS(132, 43)]).start()

    assert bytes(pair.sent_by_server) == b"\xff\xfd\x1f"
    assert bytes(pair.sent_by_client) == b"\xff\xfb\x1f\xff\xfa\x1f\x00\x84\x00\x2b\xff\xf0"
    assert pair.at_server.named("on_window_size", "on_ready") == [("on_window_size", 132, 43), ("on_ready",)]


def test_a_window_that_changes_is_told_again() -> None:
    pair = Pair([NAWS]).start().clear()

    pair.client[NAWS].resize(255, 50)
    pair.run()

    assert bytes(pair.sent_by_client) == b"\xff\xfa\x1f\x00\xff\xff\x00\x32\xff\xf0"
    assert pair.at_server.events == [("on_window_size", 255, 50)]
    assert (pair.server.client.width, pair.server.client.height) == (255, 50)


def test_a_size_is_not_sent_before_the_server_asks() -> None:
    client, _ = served([NAWS], role=Role.CLIENT)

    client[NAWS].resize(100, 40)

    assert client.take() == b""
    client.receive(DO_NAWS, 0.0)
    assert client.take() == WILL_NAWS + size(100, 40)


def test_one_template_serves_many_connections() -> None:
    template = NAWS(100, 40)
    first, _ = served([template], role=Role.CLIENT)
    second, _ = served([template], DO_NAWS, role=Role.CLIENT)

    first[NAWS].resize(50, 20)

    assert second.take() == WILL_NAWS + size(100, 40)


@pytest.mark.parametrize("numbers", [(-1, 24), (80, 65536), (80.5, 24), ("80", 24)])
def test_a_size_that_is_none_is_refused(numbers: Any) -> None:
    with pytest.raises(ValueError, match="^a window is 0 to 65535 columns and rows, not "):
        NAWS(*numbers)
    with pytest.raises(ValueError, match="^a window is 0 to 65535 columns and rows, not "):
        served([NAWS], role=Role.CLIENT)[0][NAWS].resize(*numbers)


# --- the server alone -------------------------------------------------------------------------------------------------


def test_the_size_is_the_same_however_it_is_cut() -> None:
    for pieces in every_cut(WILL_NAWS + size(255, 511)):
        session, handler = served([NAWS], *pieces)

        assert handler.named("on_window_size", "on_ready") == [("on_window_size", 255, 511), ("on_ready",)]


def test_ready_waits_for_the_size() -> None:
    session, handler = served([NAWS], WILL_NAWS)
    assert not session.ready

    session.receive(size(80, 24), 0.0)

    assert handler.named("on_window_size", "on_ready") == [("on_ready",)]


def test_a_client_that_has_no_window_is_not_waited_for() -> None:
    session, _ = served([NAWS], negotiate(WONT, constants.NAWS))

    assert session.ready


def test_what_the_client_does_not_know_stays_as_it_was() -> None:
    session, handler = served([NAWS], WILL_NAWS, size(0, 50), size(132, 0), size(0, 0))

    assert handler.named("on_window_size") == [("on_window_size", 80, 50), ("on_window_size", 132, 50)]


def test_a_size_that_is_told_again_is_no_news() -> None:
    _, handler = served([NAWS], WILL_NAWS, size(100, 40), size(100, 40))

    assert handler.named("on_window_size") == [("on_window_size", 100, 40)]


def test_an_absurd_window_is_clamped() -> None:
    _, handler = served([NAWS], WILL_NAWS, size(65535, 1001))

    assert handler.named("on_window_size") == [("on_window_size", 1000, 1000)]


def test_a_client_may_tell_its_size_without_a_word() -> None:
    _, handler = served([NAWS], size(100, 40))

    assert ("on_window_size", 100, 40) in handler.events


def test_a_client_may_offer_before_it_is_asked() -> None:
    session, handler = served([NAWS], WILL_NAWS, size(100, 40))

    assert session.take() == DO_NAWS
    assert ("on_window_size", 100, 40) in handler.events


# --- bad input --------------------------------------------------------------------------------------------------------

REASON = "NAWS: a window size is 4 bytes, from the client"


@pytest.mark.parametrize("data", [b"", b"\0\x50\0", b"\0\x50\0\x18\0", b"\xff" * 5])
def test_a_size_is_four_bytes(data: bytes) -> None:
    session, handler = served([NAWS], WILL_NAWS, subnegotiation(constants.NAWS, data))

    assert handler.named("on_protocol_error", "on_window_size") == [("on_protocol_error", REASON, data)]
    assert (session.client.width, session.client.height) == (80, 24)


def test_a_size_whose_end_is_lost_is_dropped() -> None:
    _, handler = served([NAWS], WILL_NAWS, IAC + SB + constants.NAWS + b"\0\x50" + WILL_NAWS + IAC + SE)

    assert handler.named("on_window_size") == []
    assert handler.named("on_protocol_error")


def test_a_server_has_no_window() -> None:
    session, handler = served([NAWS], DO_NAWS, size(80, 24), role=Role.CLIENT)

    assert handler.named("on_protocol_error") == [("on_protocol_error", REASON, b"\0\x50\0\x18")]


def test_a_client_that_asks_us_for_a_window_is_refused() -> None:
    session, _ = served([NAWS], DO_NAWS)

    assert session.take() == DO_NAWS + negotiate(WONT, constants.NAWS)


def test_a_client_that_offers_a_window_to_a_client_is_refused() -> None:
    session, _ = served([NAWS], WILL_NAWS, role=Role.CLIENT)

    assert session.take() == negotiate(DONT, constants.NAWS)


@pytest.mark.parametrize("role", Role)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=8))
def test_no_payload_raises(role: Role, data: bytes) -> None:
    session, _ = served([NAWS], WILL_NAWS, DO_NAWS, subnegotiation(constants.NAWS, data), role=role)

    assert 0 < session.client.width <= 1000
    assert 0 < session.client.height <= 1000


# --- what clients really sent -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trace", "sizes"),
    [
        ("tt++-mud", [(255, 40), (80, 24)]),
        ("inetutils-telnet-mud", [(255, 40), (80, 24)]),
        ("tf-burst", [(80, 20), (255, 36), (80, 20)]),
        ("curl-mud", []),  # 0 by 0: standard input has no size
    ],
)
def test_recorded_clients_tell_their_window(trace: str, sizes: list[tuple[int, int]]) -> None:
    received = b"".join(segments(TRACES / f"{trace}.jsonl", "c2s"))

    session, handler = served([NAWS], received)

    assert [event[1:] for event in handler.named("on_window_size")] == sizes
