"""What real clients and servers sent, as it was read and written: see data/traces/README.md."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from telnet.constants import IAC, MCCP3, SB, SE

TRACES = Path(__file__).parent / "data" / "traces"
STREAMS = [(path, direction) for path in sorted(TRACES.rglob("*.jsonl")) for direction in ("c2s", "s2c")]


@cache
def segments(path: Path, direction: str) -> list[bytes]:
    """Return what was read or written, piece by piece, decompressed."""
    start = IAC + SB + MCCP3 + IAC + SE
    result = []
    for line in path.read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        if entry.get("d") == direction:
            segment = bytes.fromhex(entry.get("plain", entry["x"]))
            if start + b"\x78" in segment:  # the head of a zlib stream; what was in it follows as an event
                segment = segment.partition(start)[0] + start
            result.append(segment)
        elif entry.get("ev") == "mccp3-first" and direction == "c2s":
            result.append(bytes.fromhex(entry["plain"]))
    return result
