"""The same workloads under pytest-benchmark: ``pytest bench/test_bench.py --benchmark-group-by=param:workload``."""

from __future__ import annotations

import importlib
from typing import Any

import pytest
from workloads import WORKLOADS, Workload, check, run


@pytest.mark.parametrize("implementation", ["telnet._parser", "telnet._parser_py"])
@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda workload: workload.name)
def test_parser(benchmark: Any, workload: Workload, implementation: str) -> None:
    module = importlib.import_module(implementation)
    check(module, workload)

    benchmark(run, module, workload)
