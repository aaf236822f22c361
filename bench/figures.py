"""What a run of the benchmark has found: what each parser costs, and which bars the two twins reach."""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

PROCESSORS = Path("/proc/cpuinfo")


@dataclass(frozen=True)
class Figure:
    """What one twin reaches, and what it has to."""

    value: float
    bar: float | None = None
    at_most: bool = False

    @property
    def reached(self) -> bool | None:
        if self.bar is None:
            return None
        return self.value <= self.bar if self.at_most else self.value >= self.bar


@dataclass(frozen=True)
class Row:
    """One line of the table: a corpus, what the twins are compared with on it, and how they do."""

    corpus: str
    what: str
    compared_with: str
    cython: Figure | None
    python: Figure | None


@dataclass(frozen=True)
class Cost:
    """What a contender takes for a byte, or a feed, of a corpus."""

    corpus: str
    contender: str
    unit: str
    verdict: str
    nanoseconds: float | None


@dataclass(frozen=True)
class SessionCost:
    """What a line takes, in nanoseconds, up to a stage above the parser."""

    stage: str
    cython: float
    python: float


@dataclass(frozen=True)
class Environment:
    rounds: int
    versions: dict[str, str]
    notes: dict[str, str]
    python: str = f"{platform.python_implementation()} {platform.python_version()}"
    system: str = f"{platform.system()} {platform.machine()}"
    processor: str = field(default_factory=lambda: processor())


@dataclass(frozen=True)
class Results:
    environment: Environment
    rows: list[Row]
    costs: list[Cost]
    sessions: list[SessionCost]

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")

    def cost(self, corpus: str, contender: str) -> Cost:
        [cost] = [cost for cost in self.costs if (cost.corpus, cost.contender) == (corpus, contender)]
        return cost


def processor() -> str:
    """Return the name of the processor, where the system tells."""
    if sys.platform == "linux" and PROCESSORS.exists():
        return named(PROCESSORS.read_text(encoding="utf-8").splitlines())
    return platform.processor() or "unknown"


def named(lines: Iterable[str]) -> str:
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
