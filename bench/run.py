from __future__ import annotations

import sys

from corpora import corpora
from measure import cells, measure, ratio
from peers.ours import Twin
from peers.telnetlib3_server import Telnetlib3
from peers.twisted_conch import TwistedConch

C = [Twin("telnet._parser"), Twin("telnet._parser_py"), Telnetlib3(), TwistedConch()]


def main(rounds: int) -> None:
    grid = cells(C, corpora().values())
    measure(grid, rounds)
    for name in corpora():
        row = [cell for cell in grid if cell.corpus.name == name]
        for cell in row:
            print(
                f"{name:10}{cell.contender.name:20}{cell.verdict:12}",
                f"{cell.cost:12.3f} ns/{cell.corpus.unit} {ratio(cell, row[0]):9.2f} {ratio(cell, row[1]):9.2f}"
                if cell.costs
                else "",
            )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
