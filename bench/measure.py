"""Check, then time: every implementation once in each round, in an order of its own, so that noise hits all alike."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from random import Random
from statistics import median

from corpora import Corpus, digest
from peers.contender import Contender

BUDGET = 8_000_000  # nanoseconds that one timing should take


@dataclass
class Cell:
    """One contender on one corpus."""

    contender: Contender
    corpus: Corpus
    verdict: str  # "correct", "wrong", or what it died of
    chunks: Sequence[bytes] = ()
    costs: list[float] = field(default_factory=list)  # nanoseconds a unit of the corpus, one of each round

    @property
    def correct(self) -> bool:
        return self.verdict == "correct"

    @property
    def cost(self) -> float:
        return median(self.costs)

    def time(self) -> float:
        """Return the nanoseconds for a unit of the corpus."""
        nanoseconds = self.contender.time(self.corpus, self.chunks)
        units = len(self.chunks) if self.corpus.unit == "feed" else sum(map(len, self.chunks))
        return nanoseconds / units


def judge(contender: Contender, corpus: Corpus) -> str:
    """Return whether the contender finds the events of the corpus, and its counting handlers count them."""
    try:
        events = contender.record(corpus)
        counts = contender.count(corpus)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    if digest(events) != digest(corpus.events, contender.translate):
        return "wrong"
    if counts != (sum(len(event[0]) for event in events if is_data(event)), sum(not is_data(e) for e in events)):
        return "counts wrong"
    return "correct"


def is_data(event: object) -> bool:
    return type(event).__name__ == "Data"


def fit(contender: Contender, corpus: Corpus) -> Sequence[bytes]:
    """Return what the contender is to be timed with: the corpus, again and again, or as much of it as time allows."""
    feeds = 1
    while feeds < len(corpus.chunks) and contender.time(corpus, corpus.chunks[:feeds]) < BUDGET // 2:
        feeds *= 2
    if feeds < len(corpus.chunks):
        return corpus.chunks[:feeds]
    return corpus.chunks * max(1, BUDGET // contender.time(corpus, corpus.chunks))


def cells(contenders: Iterable[Contender], corpora: Iterable[Corpus]) -> list[Cell]:
    """Return all combinations, checked, with as much to do as fits."""
    result = [Cell(contender, corpus, judge(contender, corpus)) for corpus in corpora for contender in contenders]
    for cell in result:
        if cell.verdict in ("correct", "wrong"):
            cell.chunks = fit(cell.contender, cell.corpus)
    return [cell for cell in result]


def measure(cells: Sequence[Cell], rounds: int, seed: int = 0) -> None:
    """Time all cells, corpus by corpus within a round, the contenders of a corpus in a new order each time."""
    random = Random(seed)
    for _ in range(rounds):
        for name in dict.fromkeys(cell.corpus.name for cell in cells):
            turn = [cell for cell in cells if cell.corpus.name == name and cell.chunks]
            for cell in random.sample(turn, len(turn)):
                cell.costs.append(cell.time())


def ratio(slow: Cell, fast: Cell) -> float:
    """Return how many times the cost of ``fast`` is that of ``slow``, paired by round."""
    return median(above / below for above, below in zip(slow.costs, fast.costs, strict=True))
