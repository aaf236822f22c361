"""What real clients and servers sent, replayed: see data/traces/README.md."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest
import reference
from recording import record
from traces import STREAMS, TRACES, segments

from telnet.constants import DM, GMCP, MCCP3, NAWS, TTYPE
from telnet.events import Command, Event, ProtocolError, Subnegotiation

CASES = [pytest.param(path, direction, id=f"{path.stem}-{direction}") for path, direction in STREAMS]

# The server of this profile puts IAC NOP into a TTYPE SEND on purpose. One client had left before that.
BROKEN = {(path.stem, "s2c") for path in TRACES.glob("*-torture.jsonl") if not path.stem.startswith("server-")} - {
    ("pymud-torture", "s2c")
}


def events(path: Path, direction: str) -> list[Event]:
    return [event for event, _ in reference.read(b"".join(segments(path, direction)))]


def test_every_trace_is_here() -> None:
    assert len(STREAMS) == 2 * (118 + 2)


@pytest.mark.parametrize(("path", "direction"), CASES)
def test_a_recorded_stream_gives_the_same_events_however_it_is_cut(
    parser_module: ModuleType, path: Path, direction: str
) -> None:
    recorded = segments(path, direction)
    whole = b"".join(recorded)
    expected = reference.read(whole)

    assert record(parser_module, [whole]) == expected
    assert record(parser_module, recorded) == expected
    assert record(parser_module, [whole[i : i + 1] for i in range(len(whole))]) == expected


@pytest.mark.parametrize(("path", "direction"), CASES)
def test_no_real_program_breaks_the_protocol(path: Path, direction: str) -> None:
    errors = [event for event in events(path, direction) if isinstance(event, ProtocolError)]

    if (path.stem, direction) in BROKEN:
        assert errors == [ProtocolError("subnegotiation interrupted by a command", TTYPE + b"\x01")]
    else:
        assert errors == []


def test_compressed_traffic_is_read_as_well() -> None:
    sent = events(TRACES / "tt++-mud.jsonl", "c2s")

    assert sent.index(Subnegotiation(MCCP3, b"")) < sent.index(Subnegotiation(TTYPE, b"\x00TINTIN++"))


def test_gmcp_of_a_real_client_is_there() -> None:
    sent = events(TRACES / "tt++-script-mud.jsonl", "c2s")

    assert any(isinstance(event, Subnegotiation) and event.option == GMCP for event in sent)


def test_a_window_255_wide_has_its_byte_doubled() -> None:
    sent = events(TRACES / "inetutils-telnet-mud.jsonl", "c2s")

    assert Subnegotiation(NAWS, b"\x00\xff\x00\x28") in sent
    assert b"\x1f\x00\xff\xff\x00\x28" in b"".join(segments(TRACES / "inetutils-telnet-mud.jsonl", "c2s"))


def test_a_captured_interrupt_ends_in_a_data_mark() -> None:
    assert Command(DM) in events(TRACES / "pcap" / "packetlife-telnet.jsonl", "s2c")
