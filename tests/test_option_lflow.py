"""LFLOW: whether ^S and ^Q stop and start the output, in both roles."""

from __future__ import annotations

from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from session_support import Pair, every_cut, served
from traces import TRACES, segments

from telnet import constants
from telnet.constants import DO, WILL, WONT
from telnet.encode import negotiate, subnegotiation
from telnet.options import LFLOW, Role
from telnet.options.option import TOO_MANY

WILL_LFLOW = negotiate(WILL, constants.LFLOW)
DO_LFLOW = negotiate(DO, constants.LFLOW)
REASON = "LFLOW: a command is one byte from 0 to 3, from the server"


@pytest.fixture(autouse=True)
def both_parsers(monkeypatch: pytest.MonkeyPatch, parser_module: ModuleType) -> None:
    monkeypatch.setattr("telnet.session.Parser", parser_module.Parser)


def test_flow_control_is_on_as_soon_as_it_is_agreed_on() -> None:
    pair = Pair([LFLOW]).start()

    assert (bytes(pair.sent_by_server), bytes(pair.sent_by_client)) == (DO_LFLOW, WILL_LFLOW)
    assert pair.at_client.named("on_flow_control") == [("on_flow_control", True)]
    assert pair.at_server.named("on_flow_control") == []


def test_the_server_controls_it() -> None:
    pair = Pair([LFLOW]).start().clear()
    flow = pair.server[LFLOW]

    assert flow.control(False) and flow.control(True) and flow.restart(True) and flow.restart(False)
    pair.run()

    assert bytes(pair.sent_by_server) == b"".join(b"\xff\xfa\x21%c\xff\xf0" % command for command in b"\0\1\2\3")
    assert pair.at_client.events == [
        ("on_flow_control", False),
        ("on_flow_control", True),
        ("on_flow_restart", True),
        ("on_flow_restart", False),
    ]


def test_a_command_is_the_same_however_it_is_cut() -> None:
    for pieces in every_cut(DO_LFLOW + subnegotiation(constants.LFLOW, b"\x00")):
        _, handler = served([LFLOW], *pieces, role=Role.CLIENT)

        assert handler.named("on_flow_control") == [("on_flow_control", True), ("on_flow_control", False)]


def test_nothing_is_sent_while_it_is_off() -> None:
    server, _ = served([LFLOW], negotiate(WONT, constants.LFLOW))
    client, _ = served([LFLOW], DO_LFLOW, role=Role.CLIENT)
    server.take()

    assert not server[LFLOW].control(True)
    assert not client[LFLOW].restart(True)
    assert (server.take(), client.take()) == (b"", WILL_LFLOW)


def test_ready_does_not_wait() -> None:
    session, _ = served([LFLOW])

    assert session.ready


@pytest.mark.parametrize("data", [b"", b"\x04", b"\x04\x01", b"\xff", b"x" * 60_000])
def test_what_is_no_command_is_reported(data: bytes) -> None:
    _, handler = served([LFLOW], DO_LFLOW + subnegotiation(constants.LFLOW, data), role=Role.CLIENT)

    assert handler.named("on_protocol_error") == [("on_protocol_error", REASON, data[:64])]


@pytest.mark.parametrize(
    ("data", "event"),
    [
        (b"\x00\x00", ("on_flow_control", False)),
        (b"\x01\x00", ("on_flow_control", True)),
        (b"\x02" + b"x" * 60_000, ("on_flow_restart", True)),
        (b"\x03\xff", ("on_flow_restart", False)),
    ],
    ids=["off", "on", "any", "xon"],
)
def test_a_command_with_bytes_too_many_is_obeyed_and_they_are_reported(data: bytes, event: tuple[str, bool]) -> None:
    _, handler = served([LFLOW], DO_LFLOW + subnegotiation(constants.LFLOW, data), role=Role.CLIENT)

    assert handler.named("on_flow_control", "on_flow_restart")[1:] == [event]
    assert handler.named("on_protocol_error") == [("on_protocol_error", f"LFLOW: {TOO_MANY}", data[:64])]


def test_a_client_commands_nothing() -> None:
    _, handler = served([LFLOW], WILL_LFLOW + subnegotiation(constants.LFLOW, b"\x01"))

    assert handler.named("on_protocol_error") == [("on_protocol_error", REASON, b"\x01")]
    assert handler.named("on_flow_control") == []


@pytest.mark.parametrize("role", Role)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=3))
def test_no_payload_raises(role: Role, data: bytes) -> None:
    _, handler = served([LFLOW], WILL_LFLOW + DO_LFLOW + subnegotiation(constants.LFLOW, data), role=role)

    assert ("on_ready",) in handler.events


def test_a_recorded_server_lets_xon_alone_restart() -> None:
    received = b"".join(segments(TRACES / "server-inetutils-telnetd-eager.jsonl", "s2c"))

    _, handler = served([LFLOW], received, role=Role.CLIENT)

    assert ("on_flow_restart", False) in handler.events
