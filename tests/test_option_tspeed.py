"""TSPEED: the speed of the terminal."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
from session_support import Pair, served
from traces import TRACES, segments

from telnet import constants
from telnet.constants import WILL
from telnet.encode import negotiate, subnegotiation
from telnet.options import TSPEED

WILL_TSPEED = negotiate(WILL, constants.TSPEED)


@pytest.fixture(autouse=True)
def both_parsers(monkeypatch: pytest.MonkeyPatch, parser_module: ModuleType) -> None:
    monkeypatch.setattr("telnet.session.Parser", parser_module.Parser)


def test_the_client_tells_both_its_speeds() -> None:
    pair = Pair([TSPEED], [TSPEED(9600, 100)]).start()

    assert bytes(pair.sent_by_client) == b"\xff\xfb\x20\xff\xfa\x20\x009600,100\xff\xf0"  # as in RFC 1079 section 4
    assert pair.at_server.named("on_terminal_speed") == [("on_terminal_speed", 9600, 100)]
    assert pair.server.client.speed == (9600, 100)


def test_the_fastest_terminal_has_ten_digits() -> None:
    pair = Pair([TSPEED], [TSPEED(9_999_999_999, 0)]).start()

    assert pair.server.client.speed == (9_999_999_999, 0)


@pytest.mark.parametrize("speeds", [(-1, 9600), (9600, 10**10), (9600.0, 9600), ("9600", 9600)])
def test_what_is_no_speed_is_refused(speeds: Any) -> None:
    with pytest.raises(ValueError, match="^a speed is a whole number of bits a second up to 9999999999, not "):
        TSPEED(*speeds)


@pytest.mark.parametrize(
    "told",
    [b"", b",", b"9600", b"9600,", b",9600", b"9600,9600,9600", b" 9600,9600", b"9600,9600\n", b"-1,5", b"1e9,1e9"]
    + [b"9" * 11 + b",1", b"9" * 60_000, "\u0663,\u0663".encode()],
)
def test_what_the_client_tells_is_two_numbers(told: bytes) -> None:
    session, handler = served([TSPEED], WILL_TSPEED + subnegotiation(constants.TSPEED, b"\x00" + told))

    reason = "TSPEED: a speed is two numbers of up to ten digits, as 38400,38400 is"
    assert handler.named("on_protocol_error") == [("on_protocol_error", reason, told[:64])]
    assert session.client.speed is None


@pytest.mark.parametrize("trace", ["tt++-polite", "plink-polite", "inetutils-telnet-polite"])
def test_recorded_clients_tell_the_speed_that_everybody_tells(trace: str) -> None:
    session, _ = served([TSPEED], b"".join(segments(TRACES / f"{trace}.jsonl", "c2s")))

    assert session.client.speed == (38400, 38400)
