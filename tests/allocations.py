"""What a function allocates."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable


def traced(function: Callable[[], object]) -> tuple[int, int]:
    """Return how many bytes are held after a call, with what it returned, and how many were at most.

    It is called three times, for other threads add what they allocate: pytest-xdist has one for what it is told.
    """
    counts = [count(function) for _ in range(3)]
    return min(held for held, _ in counts), min(peak for _, peak in counts)


def count(function: Callable[[], object]) -> tuple[int, int]:
    tracemalloc.start()
    try:
        returned = function()  # noqa: F841 - held until it has been counted
        return tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
