"""Check, then time: every contender once in each round, in an order of its own, so that noise hits all alike."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random
from statistics import median

from corpora import Corpus, digest
from peers import Contender, Nothing

from telnet.events import Data

BUDGET = 8_000_000  # nanoseconds that one timing should take

CORRECT = "correct"
WRONG = "wrong"
ABSENT = "absent"
UNCHECKED = "unchecked"  # for what is no parser
TIMED = (CORRECT, WRONG, UNCHECKED)


@dataclass
class Cell:
    """One contender on one corpus: what it is timed with, and the costs, one for each round."""

    contender: Contender
    corpus: Corpus
    verdict: str  # one of the above, or "fails" and what with
    chunks: tuple[bytes, ...] = ()
    passes: int = 1
    costs: list[float] = field(default_factory=list)  # nanoseconds a unit of the corpus

    @property
    def cost(self) -> float:
        return median(self.costs)

    def run(self) -> None:
        """Time it once."""
        nanoseconds = self.contender.time(self.corpus, self.chunks, self.passes)
        units = len(self.chunks) if self.corpus.unit == "feed" else sum(map(len, self.chunks))
        self.costs.append(nanoseconds / units / self.passes)


def judge(contender: Contender, corpus: Corpus) -> str:
    """Return whether the contender finds the events of the corpus, and its counting handlers count them."""
    if isinstance(contender, Nothing):
        return UNCHECKED
    if contender.absent:
        return ABSENT
    try:
        events = contender.record(corpus)
        counts = contender.count(corpus)
    except Exception as error:
        return f"fails: {type(error).__name__}: {error}"
    sizes = [len(event.data) for event in events if isinstance(event, Data)]
    if counts != (sum(sizes), len(events) - len(sizes)):
        return f"fails: its handlers count {counts[0]} bytes and {counts[1]} events"
    return CORRECT if digest(events) == digest(corpus.events, contender.translate) else WRONG


def prepare(contender: Contender, corpus: Corpus, *, whole: bool = False) -> Cell:
    """Check a contender on the corpus, and give it as much to do as time allows.

    A slow one is timed with the start of the corpus, unless ``whole``; a fast one with the corpus many times over.
    """
    cell = Cell(contender, corpus, judge(contender, corpus))
    if cell.verdict not in TIMED:
        return cell
    feeds = len(corpus.chunks) if whole else 1
    while feeds < len(corpus.chunks) and estimate(contender, corpus, corpus.chunks[:feeds]) < BUDGET // 2:
        feeds *= 2
    cell.chunks = corpus.chunks[:feeds]
    if cell.chunks == corpus.chunks:
        cell.passes = max(1, BUDGET // estimate(contender, corpus, corpus.chunks))
    return cell


def estimate(contender: Contender, corpus: Corpus, chunks: tuple[bytes, ...]) -> int:
    """Return the nanoseconds for these chunks at best: once interrupted, a fast parser would pass for a slow one."""
    return min(contender.time(corpus, chunks, 1) for _ in range(3))


def rounds(cells: Iterable[Cell], count: int, random: Random) -> None:
    """Time all cells ``count`` times: corpus by corpus, the contenders of a corpus in a new order each time."""
    rows: dict[str, list[Cell]] = {}
    for cell in cells:
        if cell.chunks:
            rows.setdefault(cell.corpus.name, []).append(cell)
    for _ in range(count):
        for row in rows.values():
            for cell in random.sample(row, len(row)):
                cell.run()


def ratio(above: Cell, below: Cell) -> float:
    """Return the cost of the one over that of the other: the median of the rounds, each with its own ratio."""
    return median(a / b for a, b in zip(above.costs, below.costs, strict=True))
