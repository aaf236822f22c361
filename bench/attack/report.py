"""The cells as Markdown that is legible in a terminal too."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version

from figures import Environment
from tables import number, table

import telnet
from attack.cells import ANSWER, TURN, Cell
from attack.flood import PEERS
from attack.server import SHELLS
from telnet import mccp, parser

__all__ = ["line", "markdown"]

HEAD = ("input", "what it is", "answer", "median", "turn", "poll", "collection", "out/in", "closed", "")


@dataclass(frozen=True)
class Conditions:
    """How the cells were measured."""

    seconds: float
    tries: int
    apart: bool


def markdown(cells: Sequence[Cell], conditions: Conditions) -> str:
    """Return the whole report."""
    shells = [shell for shell in SHELLS if any(cell.shell == shell for cell in cells)]
    parts = [
        "# What hostile peers can do to a player",
        f"{about(conditions, shells)} Written by `make adversary`.",
        explanation(),
        summary(cells),
        *(part for shell in shells for part in (f"## On {shell}", of_shell(cells, shell))),
    ]
    return "\n\n".join(parts)


def about(conditions: Conditions, shells: Sequence[str]) -> str:
    environment = Environment(conditions.tries, {}, {})
    uvloop = f", uvloop {version('uvloop')}" if "uvloop" in shells else ""
    cores = "on two cores" if conditions.apart else "on ONE core, where nothing below counts"
    return (
        f"{environment.python} on {environment.system}, {environment.processor}, {cores};\n"
        f"telnet {telnet.__version__} with its parser in {parser.IMPLEMENTATION}, {mccp.IMPLEMENTATION}"
        f"{uvloop}; {conditions.seconds:g} seconds for each input."
    )


def explanation() -> str:
    return (
        f"{PEERS} peers send each input without pause and read what comes back; one player asks for something ten\n"
        "times a second. Times are milliseconds: the player's worst answer and the median of them; then the CPU of\n"
        "the longest turn of one connection, of the longest poll or round of the event loop with the turns of all in\n"
        "it, and of the longest garbage collection. After these stand how many bytes the peers were sent for each\n"
        "byte of theirs, and how often one was thrown out and came back, with the reason. A cell is marked ✗ if the\n"
        f"worst answer is above {ANSWER * 1000:.0f} ms, or the longest turn above {TURN * 1000:.0f} ms."
    )


def summary(cells: Sequence[Cell]) -> str:
    above = sorted((cell for cell in cells if cell.excesses), key=lambda cell: -cell.excess)
    if not above:
        return f"All {len(cells)} cells are within both bounds."
    listed = "\n".join(f"* {cell.name}: {', '.join(cell.excesses)}." for cell in above)
    return f"{len(above)} of {len(cells)} cells are above a bound:\n\n{listed}"


def of_shell(cells: Iterable[Cell], shell: str) -> str:
    return table(HEAD, [row(cell) for cell in cells if cell.shell == shell])


def row(cell: Cell) -> tuple[str, ...]:
    answers, measures = cell.answers, cell.measures
    times = (answers.worst, answers.median, measures.turn, measures.poll, measures.collection)
    return (
        cell.input.name,
        cell.input.what,
        *(milliseconds(each) for each in times),
        number(measures.amplification) if measures.amplification else "0",
        endings(cell),
        "✗" if cell.excesses else "✓",
    )


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:,.1f}"


def endings(cell: Cell) -> str:
    if not cell.thrown_out:
        return ""
    reasons = {"slow": cell.measures.slow_consumers, "stream": cell.measures.compression_errors}
    told = ", ".join(f"{count} {reason}" for reason, count in reasons.items() if count)
    return f"{cell.thrown_out}" + (f" ({told})" if told else "")


def line(cell: Cell) -> str:
    """Return a cell in one line, for a terminal."""
    return (
        f"{cell.name:40} answer {milliseconds(cell.answers.worst):>8} turn {milliseconds(cell.measures.turn):>8} "
        f"poll {milliseconds(cell.measures.poll):>8} gc {milliseconds(cell.measures.collection):>6} "
        f"out/in {cell.measures.amplification:8.2f} closed {endings(cell):12} "
        f"read {cell.measures.received >> 10:>6} KiB late {milliseconds(cell.answers.late)} "
        f"waited {milliseconds(cell.measures.waited)}{'  ABOVE' if cell.excesses else ''}"
    )
