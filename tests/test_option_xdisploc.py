"""XDISPLOC: the X display."""

from __future__ import annotations

from types import ModuleType

import pytest
from session_support import Pair, served
from traces import TRACES, segments

from telnet import constants
from telnet.constants import WILL
from telnet.encode import negotiate, subnegotiation
from telnet.options import XDISPLOC

WILL_XDISPLOC = negotiate(WILL, constants.XDISPLOC)


@pytest.fixture(autouse=True)
def both_parsers(monkeypatch: pytest.MonkeyPatch, parser_module: ModuleType) -> None:
    monkeypatch.setattr("telnet.session.Parser", parser_module.Parser)


def test_the_client_tells_its_display() -> None:
    pair = Pair([XDISPLOC], [XDISPLOC("ada:0.0")]).start()

    assert bytes(pair.sent_by_client) == b"\xff\xfb\x23\xff\xfa\x23\x00ada:0.0\xff\xf0"
    assert pair.at_server.named("on_display") == [("on_display", "ada:0.0")]
    assert pair.server.client.display == "ada:0.0"


@pytest.mark.parametrize("display", ["x" * 268, "\u00e9:0", "a\nb:0"])
def test_what_is_no_display_is_refused(display: str) -> None:
    with pytest.raises(ValueError, match="^a display is up to 267 characters of ASCII, not "):
        XDISPLOC(display)


@pytest.mark.parametrize("told", [b"x" * 268, b"x" * 60_000, b"a\x1b[2J:0", b"a\0:0"])
def test_a_display_is_short_and_printable(told: bytes) -> None:
    session, handler = served([XDISPLOC], WILL_XDISPLOC + subnegotiation(constants.XDISPLOC, b"\x00" + told))

    reason = "XDISPLOC: a display is up to 267 printable characters"
    assert handler.named("on_protocol_error") == [("on_protocol_error", reason, told[:64])]
    assert session.client.display == ""


def test_a_display_is_read_as_lines_are() -> None:
    session, _ = served([XDISPLOC], WILL_XDISPLOC + subnegotiation(constants.XDISPLOC, b"\x00\xff:0"))

    assert session.client.display == "\xff:0"


@pytest.mark.parametrize(
    ("trace", "display"),
    [("curl-opts-polite", "host:0.0"), ("telnetlib3-client-polite", ""), ("pcap/packetlife-telnet", "Sandbox:0.0")],
)
def test_recorded_clients_tell_their_display(trace: str, display: str) -> None:
    _, handler = served([XDISPLOC], b"".join(segments(TRACES / f"{trace}.jsonl", "c2s")))

    assert handler.named("on_display") == [("on_display", display)]
