"""Measure the two twins and their peers, side by side: ``python bench/run.py [ROUNDS]``.

Every parser is first checked, corpus by corpus, against events that are known by construction. Then all are timed in
rounds, once in each, in an order of its own; a ratio is the median of the ratios of the rounds. A bar that is missed is
shown as missed: it does not fail the run.

The figures go to ``bench/results/`` as JSON, Markdown and charts.
"""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from random import Random

import bars
import charts
import escaping
import session_costs
from corpora import Corpus, corpora, growth
from figures import Cost, Environment, Figure, Results, Row, SessionCost
from measure import ABSENT, CORRECT, Cell, prepare, ratio, rounds
from peers import Contender, Nothing, compiled, peers, twins
from report import markdown

OUTPUT = Path(__file__).parent / "results"
ROUNDS = 25
SEED = 0


class Run:
    """One run: what competes, and what was measured."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.random = Random(SEED)
        self.twins = twins()
        self.contenders: list[Contender] = [*self.twins, *peers(), *compiled()]
        self.peers = [contender.name for contender in peers()]
        self.cells: dict[tuple[str, str], Cell] = {}

    def results(self) -> Results:
        return Results(self.environment(), self.rows(), self.costs(), self.sessions())

    def measure(self) -> None:
        say("checking every parser on every corpus")
        for corpus in corpora().values():
            for contender in self.contenders:
                self.cells[corpus.name, contender.name] = self.cell(contender, corpus)
        self.cells["chat", Nothing.name] = self.cell(Nothing(), corpora()["chat"])
        say(f"timing {self.count} rounds")
        rounds(self.cells.values(), self.count, self.random)

    def cell(self, contender: Contender, corpus: Corpus, *, whole: bool = False) -> Cell:
        cell = prepare(contender, corpus, whole=whole)
        if contender in self.twins and cell.verdict != CORRECT:
            raise SystemExit(f"{contender.name} on {corpus.name}: {cell.verdict}")
        return cell

    def environment(self) -> Environment:
        others = [contender for contender in self.contenders if contender not in self.twins]
        versions = {other.name: ABSENT if other.absent else other.version for other in others}
        notes = {other.name: other.absent or other.note for other in others if other.absent or other.note}
        return Environment(self.count, {"telnet": self.twins[0].version} | versions, notes)

    def costs(self) -> list[Cost]:
        return [
            Cost(name, contender, cell.corpus.unit, cell.verdict, cell.cost if cell.costs else None)
            for (name, contender), cell in self.cells.items()
            if contender != Nothing.name
        ]

    def sessions(self) -> list[SessionCost]:
        say("timing sessions")
        return session_costs.measure(self.twins, self.count, self.random)

    # --- the table ----------------------------------------------------------------------------------------------------

    def rows(self) -> list[Row]:
        rows = [self.times(bar) for bar in bars.TIMES]
        rows.insert(1 + max(index for index, row in enumerate(rows) if row.corpus == "chat"), self.calls())
        return [*rows, *(self.growth(feed) for feed in growth()), *self.escapes()]

    def times(self, bar: bars.Bar) -> Row:
        corpus = corpora()[bar.corpus]
        base = self.best(corpus) if bar.base == bars.BEST else self.cells[corpus.name, bar.base]
        if not base.costs:
            return Row(corpus.name, corpus.what, f"{bar.base}: {base.verdict}", None, None)
        figures = [
            Figure(ratio(base, self.cells[corpus.name, twin.name]), least)
            for twin, least in zip(self.twins, (bar.cython, bar.python), strict=True)
        ]
        return Row(corpus.name, corpus.what, base.contender.name, *figures)

    def best(self, corpus: Corpus) -> Cell:
        correct = [cell for name in self.peers if (cell := self.cells[corpus.name, name]).verdict == CORRECT]
        return min(correct, key=lambda cell: cell.cost)

    def calls(self) -> Row:
        """A feed of a line, in calls of an empty Python method that are made from C."""
        call = self.cells["chat", Nothing.name]
        cells = [self.cells["chat", twin.name] for twin in self.twins]
        say(f"chat: {cells[0].cost:.0f} ns a feed, where a call of an empty method takes {call.cost:.0f} ns")
        cython, python = (ratio(cell, call) for cell in cells)
        what = corpora()["chat"].what
        return Row("chat", what, "cost of an empty call", Figure(cython, bars.CALLS, at_most=True), Figure(python))

    def growth(self, feed: int) -> Row:
        """The cost of a byte of a long payload, in that of a short one."""
        figures = []
        for twin in self.twins:
            small, large = (self.cell(twin, corpus, whole=True) for corpus in growth()[feed])
            rounds((small, large), max(3, self.count // 2), self.random)
            figures.append(Figure(ratio(large, small), bars.GROWTH, at_most=True))
        return Row("bigsb", f"1 MiB payload in {feed} byte feeds", "cost of a byte at 64 KiB", *figures)

    def escapes(self) -> list[Row]:
        cython, python = (escaping.speeds(twin, self.count, self.random) for twin in self.twins)
        nothing = [Figure(speeds["nothing"], bars.ESCAPE_NOTHING) for speeds in (cython, python)]
        half = [Figure(cython["half"], bars.ESCAPE_HALF), Figure(python["half"])]
        return [
            Row("escape", "64 KiB, nothing to double", "`IAC in data`", *nothing),
            Row("escape", "64 KiB, half to double", "`bytes.replace`", *half),
        ]


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main(count: int) -> None:
    gc.freeze()  # what the peers import is not looked through before every timing
    run = Run(count)
    run.measure()
    results = run.results()
    OUTPUT.mkdir(exist_ok=True)
    results.write(OUTPUT / "speed.json")
    (OUTPUT / "speed.md").write_text(markdown(results) + "\n", encoding="utf-8")
    charts.draw(results, OUTPUT)
    print(markdown(results))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)
