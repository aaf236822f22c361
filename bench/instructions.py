"""Count the instructions that each twin takes for each corpus, under valgrind's callgrind.

Unlike time, this does not depend on what else the machine does, so a test can hold it: ``tests/test_instructions.py``
compares with ``bench/results/instructions.json``.

``python bench/instructions.py`` counts and compares; ``--record`` keeps the counts, for this environment. Counts of
another Python, compiler or C library say nothing here, so the file may hold several environments side by side.

How: a corpus is parsed once and then several times, with handlers that are cheap functions in C, and the difference is
what the parser takes. Calls of `os.getpgid`, which nothing else makes, tell callgrind where each count ends.
"""

from __future__ import annotations

import gc
import importlib
import json
import operator
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import corpora

RECORD = Path(__file__).parent / "results" / "instructions.json"
MODULES = {"cython": "telnet._parser", "python": "telnet._parser_py"}
GROWTH = 0.05  # that is let pass

ONCE = 1
OFTEN = 4

Counts = dict[str, float]  # for a byte, or for a feed where feeds are small


@dataclass(frozen=True)
class Work:
    """What is counted: calls of a function with each of these arguments, for so many units."""

    name: str
    arguments: tuple[bytes, ...]
    units: int


@cache
def works() -> list[Work]:
    """Return small corpora of the kinds that the benchmark has, and what to give to `escape`."""
    size = 64 * corpora.KIB
    parsed = [
        corpora.plain(size),
        corpora.chat(500),
        corpora.mixed(size),
        corpora.nego(size // 8),
        corpora.gmcp(size),
        corpora.esc256(size),
        corpora.eschalf(size // 4),
        corpora.frag(1, size // 16),
        corpora.frag(7, size // 4),
        corpora.bigsb(size // 16, 1),
        corpora.bigsb(size // 2, 16),
    ]
    return [
        *(Work(c.name, c.chunks, len(c.chunks) if c.unit == "feed" else c.size) for c in parsed),
        *(Work(f"escape {name}", (data,), len(data)) for name, data in corpora.to_escape().items()),
    ]


def functions(module: str) -> Iterator[Callable[[bytes], object]]:
    """Return, for each work, what is called: a new parser's feed, or escape."""
    parser = importlib.import_module(module)
    handler = SimpleNamespace(
        on_data=operator.truth, on_command=operator.truth, on_option=operator.is_, on_subnegotiation=operator.is_
    )
    for work in works():
        feed = parser.Parser(handler, max_subnegotiation=1 << 20).feed
        yield parser.escape if work.name.startswith("escape") else feed


# --- under valgrind ---------------------------------------------------------------------------------------------------


def perform(module: str) -> None:
    """Do all works, each once and then often, with a mark before, between and behind."""
    gc.disable()
    for work, function in zip(works(), functions(module), strict=True):
        run(function, work.arguments * ONCE)  # what happens the first time alone is not counted
        mark()
        run(function, work.arguments * ONCE)
        mark()
        run(function, work.arguments * OFTEN)
        mark()


def run(function: Callable[[bytes], object], arguments: tuple[bytes, ...]) -> None:
    deque(map(function, arguments), maxlen=0)


def mark() -> None:
    os.getpgid(0)


# --- around it --------------------------------------------------------------------------------------------------------


def count(module: str) -> Counts:
    """Return the instructions for a unit of each work."""
    with tempfile.TemporaryDirectory() as directory:
        profile = Path(directory) / "profile"
        options = [f"--callgrind-out-file={profile}", "--dump-before=getpgid"]
        command = ["valgrind", "--quiet", "--tool=callgrind", *options, sys.executable, __file__, "--perform", module]
        # Nothing of the caller's environment: what a tracer or a hash seed there would change is counted too.
        environment = {"PATH": os.environ["PATH"], "PYTHONHASHSEED": "0"}
        subprocess.run(command, env=environment, check=True)
        totals = [total(Path(f"{profile}.{number}")) for number in range(1, 3 * len(works()) + 1)]
    result = {}
    for work, once, often in zip(works(), totals[1::3], totals[2::3], strict=True):
        result[work.name] = round((often - once) / (OFTEN - ONCE) / work.units, 4)
    return result


def count_all(twins: Iterable[str]) -> dict[str, Counts]:
    """Return what each twin takes; they are counted side by side."""
    twins = list(twins)
    with ThreadPoolExecutor() as pool:
        return dict(zip(twins, pool.map(count, (MODULES[twin] for twin in twins)), strict=True))


def total(profile: Path) -> int:
    [line] = [line for line in profile.read_text(encoding="utf-8").splitlines() if line.startswith("totals:")]
    return int(line.split()[1])


def environment() -> str:
    """Return what the counts depend on besides this package."""
    built = "optimised" if "--enable-optimizations" in (sysconfig.get_config_var("CONFIG_ARGS") or "") else "plain"
    python = f"{platform.python_implementation()} {platform.python_version()} ({platform.python_compiler()}, {built})"
    return f"{python}, {' '.join(platform.libc_ver())}, {platform.machine()} {vectors()}, cc {compiler()}"


def vectors() -> str:
    """Return the vector instructions that the C library picks its functions by, and valgrind knows."""
    flags = Path("/proc/cpuinfo")
    return "avx2" if flags.exists() and " avx2 " in flags.read_text(encoding="utf-8") else "baseline"


def compiler() -> str:
    cc = shutil.which("cc")
    return subprocess.run([cc, "-dumpfullversion"], capture_output=True, text=True).stdout.strip() if cc else "none"


def recorded() -> dict[str, dict[str, Counts]]:
    """Return the counts of each environment and twin that the file holds."""
    if not RECORD.exists():
        return {}
    kept: dict[str, dict[str, Counts]] = json.loads(RECORD.read_text(encoding="utf-8"))
    return kept


def grown(before: Counts, now: Counts) -> list[str]:
    """Return a line for each work that takes too many instructions more than before, or that only one of them has."""
    lines = [f"{name}: not in both" for name in before.keys() ^ now.keys()]
    for name in before.keys() & now.keys():
        if now[name] > before[name] * (1 + GROWTH):
            lines.append(f"{name}: {before[name]:,.2f} -> {now[name]:,.2f}, {percent(before[name], now[name])}")
    return sorted(lines)


def main(arguments: list[str]) -> None:
    if arguments[:1] == ["--perform"]:
        return perform(arguments[1])
    if shutil.which("valgrind") is None:
        sys.exit("valgrind is not installed: apt-get install valgrind")
    counts = count_all(MODULES)
    kept = recorded()
    print(f"{environment()}\n\n{table(kept.get(environment(), {}), counts)}")
    if "--record" in arguments:
        RECORD.parent.mkdir(exist_ok=True)
        RECORD.write_text(json.dumps(kept | {environment(): counts}, indent=1) + "\n", encoding="utf-8")


def table(before: dict[str, Counts], now: dict[str, Counts]) -> str:
    """Return the counts, each with its change."""
    lines = [f"{'instructions for a unit':24}" + "".join(f"{twin:>12}{'':9}" for twin in now)]
    for work in works():
        line = f"{work.name:24}"
        for twin, counts in now.items():
            known = before.get(twin, {}).get(work.name)
            line += f"{counts[work.name]:12,.2f}{percent(known, counts[work.name]) if known else '':>9}"
        lines.append(line)
    return "\n".join(lines)


def percent(before: float, now: float) -> str:
    return f"{now / before - 1:+.1%}"


if __name__ == "__main__":
    main(sys.argv[1:])
