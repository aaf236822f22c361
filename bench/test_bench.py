"""Both twins under pytest-benchmark, over the same corpora: ``pytest bench/test_bench.py``."""

from __future__ import annotations

from typing import Any

import pytest
from corpora import Corpus, corpora
from measure import CORRECT, judge
from peers.contender import run
from peers.ours import Twin


@pytest.mark.parametrize("module", ["telnet._parser", "telnet._parser_py"])
@pytest.mark.parametrize("corpus", corpora().values(), ids=lambda corpus: corpus.name)
def test_parser(benchmark: Any, corpus: Corpus, module: str) -> None:
    twin = Twin(module)
    assert judge(twin, corpus) == CORRECT
    feed, _ = twin.counter(corpus)

    benchmark.group = corpus.name
    benchmark(run, feed, corpus.chunks)
