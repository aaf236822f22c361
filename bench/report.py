"""The tables, as Markdown that is legible in a terminal too."""

from __future__ import annotations

from collections.abc import Sequence

from figures import Cost, Environment, Figure, Results, Row, SessionCost
from measure import CORRECT
from tables import number, table

MARKS = {True: "✓", False: "✗", None: ""}


def markdown(results: Results) -> str:
    """Return the whole report."""
    return "\n\n".join(
        (
            "# How fast the parser is",
            f"{about(results.environment)} Written by `make bench`.",
            "## Against the best",
            "How many times as fast as the fastest other Python parser that gets the corpus right, or as what is\n"
            "named. A bar is what the twin has to reach: at least that, or at most where it says ≤.",
            bars(results.rows),
            "## What each parser takes",
            "Nanoseconds for a byte of input, or for a feed where feeds are small. A parser that finds other events\n"
            "than there are is marked ✗ there, and not compared with.",
            costs(results),
            "## What a session takes",
            "Nanoseconds for a line of 40 characters, to a handler in Python and back.",
            sessions(results.sessions),
            notes(results.environment),
        )
    )


def about(environment: Environment) -> str:
    return (
        f"{environment.python} on {environment.system}, {environment.processor}; "
        f"the medians of {environment.rounds} rounds."
    )


def bars(rows: Sequence[Row]) -> str:
    head = ("corpus", "what it is", "compared with", "Cython", "bar", "", "pure", "bar", "")
    return table(
        head, [(row.corpus, row.what, row.compared_with, *cells(row.cython), *cells(row.python)) for row in rows]
    )


def cells(figure: Figure | None) -> tuple[str, str, str]:
    if figure is None:
        return "", "", ""
    bar = "" if figure.bar is None else ("≤ " if figure.at_most else "") + number(figure.bar)
    return number(figure.value), bar, MARKS[figure.reached]


def costs(results: Results) -> str:
    contenders = list(dict.fromkeys(cost.contender for cost in results.costs))
    corpora = list(dict.fromkeys(cost.corpus for cost in results.costs))
    lines = []
    for corpus in corpora:
        row = [results.cost(corpus, contender) for contender in contenders]
        lines.append((corpus, row[0].unit, *(shown(cost) for cost in row)))
    return table(("corpus", "unit", *contenders), lines)


def shown(cost: Cost) -> str:
    if cost.nanoseconds is None:
        return cost.verdict.partition(":")[0]
    return number(cost.nanoseconds) + ("" if cost.verdict == CORRECT else " ✗")


def sessions(costs: Sequence[SessionCost]) -> str:
    return table(
        ("a line", "Cython", "pure"), [(cost.stage, number(cost.cython), number(cost.python)) for cost in costs]
    )


def notes(environment: Environment) -> str:
    return "\n".join(
        f"* {name} {version}" + (f": {environment.notes[name]}." if name in environment.notes else ".")
        for name, version in environment.versions.items()
    )
