"""Measure both implementations of the parser, side by side: ``python bench/run.py [ROUNDS]``.

They take turns in every round, so that whatever else the machine does hits both; what is printed is the median of the
rounds. The figures include the calls of a Python handler that counts. They are also written to
``bench/results/latest.json``.
"""

from __future__ import annotations

import importlib
import json
import platform
import sys
from pathlib import Path
from statistics import median
from time import perf_counter_ns
from types import ModuleType

from workloads import LINEAR, WORKLOADS, Workload, check, run

RESULTS = Path(__file__).parent / "results" / "latest.json"
MODULES = ("telnet._parser", "telnet._parser_py")
ROUNDS = 15


def measure(modules: list[ModuleType], workloads: list[Workload], rounds: int) -> dict[tuple[str, str], float]:
    """Return the median nanoseconds that each implementation takes for each workload."""
    times: dict[tuple[str, str], list[int]] = {}
    for _ in range(rounds):
        for workload in workloads:
            for module in modules:
                start = perf_counter_ns()
                run(module, workload)
                times.setdefault((module.IMPLEMENTATION, workload.name), []).append(perf_counter_ns() - start)
    return {key: median(values) for key, values in times.items()}


def figure(workload: Workload, nanoseconds: float) -> float:
    """Return the time as what people ask about."""
    if workload.unit == "ns/feed":
        return nanoseconds / len(workload.chunks)
    if workload.unit == "MB/s":
        return workload.size / nanoseconds * 1e3
    return workload.events / nanoseconds * 1e9


def main(rounds: int) -> None:
    modules = [importlib.import_module(name) for name in MODULES]
    pairs = [workload for pair in LINEAR for workload in pair]
    for workload in WORKLOADS + pairs:
        for module in modules:
            check(module, workload)

    times = measure(modules, WORKLOADS, rounds)
    times |= measure(modules, pairs, 3)

    print(f"{platform.python_implementation()} {platform.python_version()}, median of {rounds} rounds\n")
    print(f"{'':42}{'cython':>14}{'python':>14}{'ratio':>8}")
    rows = []
    for workload in WORKLOADS:
        cython, python = (figure(workload, times[name, workload.name]) for name in ("cython", "python"))
        ratio = times["python", workload.name] / times["cython", workload.name]
        print(f"{workload.name:42}{cython:14,.0f}{python:14,.0f}{ratio:8.1f}  {workload.unit}")
        rows.append({"workload": workload.name, "unit": workload.unit, "cython": cython, "python": python})
    print("\nfour times the input, times the cost")
    for small, large in LINEAR:
        cython, python = (times[name, large.name] / times[name, small.name] for name in ("cython", "python"))
        print(f"{large.name:42}{cython:14.2f}{python:14.2f}")
        rows.append({"workload": large.name, "unit": "growth", "cython": cython, "python": python})

    RESULTS.parent.mkdir(exist_ok=True)
    result = {"python": platform.python_version(), "machine": platform.machine(), "rounds": rounds, "rows": rows}
    RESULTS.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)
