"""What the two twins have to reach: so many times the speed of another parser, or at most so much of something else."""

from __future__ import annotations

from dataclasses import dataclass

BEST = "best peer"  # the fastest that is correct on this corpus


@dataclass(frozen=True)
class Bar:
    """How many times as fast as ``base`` each twin has to be on a corpus."""

    corpus: str
    base: str
    cython: float | None
    python: float | None


TIMES = (
    Bar("plain", BEST, 1.4, 1.3),
    Bar("plain", "libtelnet (C)", 15, None),
    Bar("chat", BEST, 12, 3.5),
    Bar("chat", "Twisted", 50, None),
    Bar("mixed", BEST, 15, 4.5),
    Bar("nego", BEST, 6.5, 1.1),
    Bar("gmcp", BEST, 24, 3),
    Bar("gmcp", "Twisted", 400, None),
    Bar("esc256", BEST, 50, 5),
    Bar("eschalf", BEST, 110, 1.6),
    Bar("frag1", BEST, 7, 1.8),
    Bar("frag7", BEST, 14, 3.3),
)

CALLS = 100 / 30  # a feed of a line, at most, in calls of an empty Python method
GROWTH = 1.3  # the cost of a payload byte at 1 MiB, at most, in that at 64 KiB
ESCAPE_NOTHING = 0.9  # of the speed of `IAC in data`
ESCAPE_HALF = 3  # times the speed of `bytes.replace`
