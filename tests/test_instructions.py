"""No change makes the parser slower unnoticed: the instructions of each corpus are counted and compared.

This is the only check of speed in the suite. It needs valgrind, and the Python, compiler and C library of an
environment that ``bench/results/instructions.json`` holds: counts made with others cannot be compared.
"""

from __future__ import annotations

import os
import shutil

import instructions
import pytest

ADVICE = """
If this is meant, run `make instructions` and commit bench/results/instructions.json with the change."""


@pytest.fixture(scope="module")
def counts(request: pytest.FixtureRequest) -> dict[str, instructions.Counts]:
    if request.config.getoption("--no-extension"):
        pytest.skip("the suite was asked to do without the extension, and the twin is counted beside it")
    if shutil.which("valgrind") is None:
        if os.environ.get("CI"):
            pytest.fail("valgrind is not installed, and CI has to count instructions: apt-get install valgrind")
        pytest.skip("valgrind is not installed")
    if instructions.environment() not in instructions.recorded():
        pytest.skip(f"no counts were recorded for {instructions.environment()}: run `make instructions`")
    return instructions.count_all(instructions.MODULES)


@pytest.mark.slow
@pytest.mark.once
@pytest.mark.measures
@pytest.mark.timeout(600)
@pytest.mark.parametrize("twin", instructions.MODULES)
def test_no_corpus_takes_more_instructions_than_recorded(counts: dict[str, instructions.Counts], twin: str) -> None:
    before = instructions.recorded()[instructions.environment()][twin]

    grown = instructions.grown(before, counts[twin])

    assert not grown, "\n".join([f"{twin} takes more instructions for a byte or a feed:", *grown, ADVICE])


def test_growth_is_told_with_the_corpus_and_by_how_much() -> None:
    assert instructions.grown({"chat": 100.0, "nego": 100.0}, {"chat": 106.0, "nego": 104.0}) == [
        "chat: 100.00 -> 106.00, +6.0%"
    ]


def test_corpus_without_a_record_is_told() -> None:
    assert instructions.grown({"old": 1.0}, {"new": 1.0}) == ["new: not in both", "old: not in both"]
