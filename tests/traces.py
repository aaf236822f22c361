"""What real clients and servers sent, as it was read and written: see data/traces/README.md."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import NamedTuple

from telnet.constants import IAC, MCCP3, SB, SE

TRACES = Path(__file__).parent / "data" / "traces"
STREAMS = [(path, direction) for path in sorted(TRACES.rglob("*.jsonl")) for direction in ("c2s", "s2c")]


class Piece(NamedTuple):
    """What one read or write had in it: as it went over the wire, and decompressed."""

    direction: str
    wire: bytes
    plain: bytes


@cache
def pieces(path: Path) -> list[Piece]:
    """Return what was read and written in both directions, in order."""
    start = IAC + SB + MCCP3 + IAC + SE
    result = []
    for line in path.read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        if "d" in entry:
            wire = bytes.fromhex(entry["x"])
            plain = bytes.fromhex(entry.get("plain", entry["x"]))
            if start + b"\x78" in plain:  # the head of a zlib stream; what was in it follows as an event
                plain = plain.partition(start)[0] + start
            result.append(Piece(entry["d"], wire, plain))
        elif entry.get("ev") == "mccp3-first":
            result.append(Piece("c2s", b"", bytes.fromhex(entry["plain"])))
    return result


def segments(path: Path, direction: str) -> list[bytes]:
    """Return what was read or written in one direction, piece by piece, decompressed."""
    return [piece.plain for piece in pieces(path) if piece.direction == direction]


def typed(path: Path) -> bytes:
    """Return what was typed at the client, with LF for each Enter."""
    entries = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    keys = b"".join(bytes.fromhex(entry["x"]) for entry in entries if entry.get("ev") == "typed")
    return keys.replace(b"\r", b"\n")
