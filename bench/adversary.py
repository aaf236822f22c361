"""Attack the server with each input of ``attack/inputs.py``, on every shell: ``python bench/adversary.py``.

Five hostile peers send what was made beforehand, without pause, from one core to a server on another; a player asks for
something ten times a second. The exit status is 1 if an answer or a turn takes longer than its bound, and the cell is
named. A cell that is not far above a bound is measured again, since what disturbs the machine disturbs the player; its
best try counts.

A complete run writes ``bench/results/adversary.md``; one of ``--only``, ``--shell``, ``--quick`` or ``--profile`` shows
what it finds, and writes nothing.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from attack.cells import Arena, Cell
from attack.inputs import INPUTS, Input
from attack.report import Conditions, line, markdown
from attack.server import SHELLS

OUTPUT = Path(__file__).parent / "results" / "adversary.md"
SECONDS = 2.0
QUICK = 0.5
TRIES = 3
HOPELESS = 4  # times its bound: no disturbance explains that


def main(argv: Sequence[str] | None = None) -> int:
    chosen = arguments().parse_args(argv)
    seconds = QUICK if chosen.quick else chosen.seconds
    with Arena(seconds, profiled=chosen.profile) as arena:
        cells = list(measure(arena, chosen, 1 if chosen.profile or chosen.quick else TRIES))
        text = markdown(cells, Conditions(seconds, TRIES, arena.apart))
    if partial(chosen):
        print(text)
    else:
        OUTPUT.write_text(text + "\n", encoding="utf-8")
    return report_excesses(cells)


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=SECONDS, help=f"for each cell ({SECONDS:g})")
    parser.add_argument("--only", default="", metavar="PATTERN", help="inputs whose name this regular expression finds")
    parser.add_argument("--shell", choices=SHELLS, help="this one alone")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK:g} seconds for each cell, and no second try")
    parser.add_argument("--profile", action="store_true", help="show where the server spends its time in each cell")
    return parser


def partial(chosen: argparse.Namespace) -> bool:
    return bool(chosen.only or chosen.shell or chosen.quick or chosen.profile)


def measure(arena: Arena, chosen: argparse.Namespace, tries: int) -> Iterator[Cell]:
    shells = [chosen.shell] if chosen.shell else SHELLS
    for hostile in INPUTS.values():
        if re.search(chosen.only, hostile.name):
            for shell in shells:
                cell = best(arena, hostile, shell, tries)
                say(line(cell))
                if cell.measures.profile:
                    say(cell.measures.profile)
                yield cell


def best(arena: Arena, hostile: Input, shell: str, tries: int) -> Cell:
    """Return the first try that is within the bounds, or the best of all."""
    found = [arena.measure(hostile, shell)]
    while len(found) < tries and 1 < found[-1].excess < HOPELESS:
        found.append(arena.measure(hostile, shell))
    return min(found, key=lambda cell: cell.excess)


def report_excesses(cells: Sequence[Cell]) -> int:
    above = [cell for cell in cells if cell.excesses]
    for cell in above:
        say(f"above its bound: {cell.name}: {', '.join(cell.excesses)}")
    return 1 if above else 0


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
