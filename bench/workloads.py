"""What the benchmarks feed to a parser, and what has to come out of it."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

KIB = 1024

LINE = b"You are standing in an open field west\r\n"
PROMPT = b"x" * 198 + b"\xff\xf9"
GMCP = b'\xff\xfa\xc9Char.Vitals { "hp": 3000, "maxhp": 3200, "mp": 1500 }\xff\xf0'
NEGOTIATION = b"\xff\xfb\x01\xff\xfd\x1f\xff\xfe\x22\xff\xfc\x18"
MIXED = PROMPT * 4 + GMCP * 4 + NEGOTIATION * 4 + b"gr\xff\xff\xdf \xff\xff" * 20


@dataclass(frozen=True)
class Workload:
    """One feed for each chunk. ``unit`` is what people ask about: nanoseconds a feed, bytes or events a second."""

    name: str
    unit: str
    chunks: tuple[bytes, ...]
    data: int  # application bytes that come out
    events: int  # everything else that does

    @property
    def size(self) -> int:
        return sum(map(len, self.chunks))


def cut(data: bytes, size: int) -> tuple[bytes, ...]:
    return tuple(data[start : start + size] for start in range(0, len(data), size))


def mixed(size: int) -> Workload:
    return Workload(f"a mix, {size}-byte feeds", "ns/feed", cut(MIXED * 4, size), (792 + 120) * 4, (4 + 4 + 16) * 4)


def payload(size: int, feed: int) -> Workload:
    chunks = (b"\xff\xfa\xc9", *cut(b"x" * size, feed), b"\xff\xf0")
    return Workload(f"payload of {size // KIB} KiB, {feed}-byte feeds", "ns/feed", chunks, 0, 1)


WORKLOADS = [
    Workload("a 40-byte line", "ns/feed", (LINE,) * 1000, 40 * 1000, 0),
    Workload("plain text, 64 KiB feeds", "MB/s", (b"x" * (64 * KIB),) * 16, 1024 * KIB, 0),
    Workload("a GA every 200 bytes, 64 KiB feeds", "MB/s", (PROMPT * 327,), 198 * 327, 327),
    Workload("half of all bytes doubled, 64 KiB feeds", "MB/s", (b"a\xff\xff" * 21845,), 2 * 21845, 0),
    Workload("dense options, 64 KiB feeds", "events/s", (NEGOTIATION * 5461,), 0, 4 * 5461),
    Workload("GMCP, 64 KiB feeds", "events/s", (GMCP * 1000,), 0, 1000),
    mixed(1),
    mixed(7),
    mixed(80),
]

# Four times the input has to cost four times as much: nothing is read twice.
LINEAR = [(payload(256 * KIB, feed), payload(1024 * KIB, feed)) for feed in (1, 64)]


class Counter:
    """A handler that does nothing but count."""

    def __init__(self) -> None:
        self.data = 0
        self.events = 0

    def on_data(self, data: bytes) -> None:
        self.data += len(data)

    def on_command(self, command: bytes) -> None:
        self.events += 1

    def on_option(self, command: bytes, option: bytes) -> None:
        self.events += 1

    def on_subnegotiation(self, option: bytes, data: bytes) -> None:
        self.events += 1


def run(module: ModuleType, workload: Workload) -> Counter:
    counter = Counter()
    feed = module.Parser(counter, max_subnegotiation=1024 * KIB).feed
    for chunk in workload.chunks:
        feed(chunk)
    return counter


def check(module: ModuleType, workload: Workload) -> None:
    """Speed is worth nothing to a parser that is wrong."""
    counter = run(module, workload)
    if (counter.data, counter.events) != (workload.data, workload.events):
        raise SystemExit(
            f"{module.__name__}, {workload.name}: {counter.data} bytes and {counter.events} events came out,"
            f" not {workload.data} and {workload.events}"
        )
