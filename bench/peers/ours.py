"""The two twins of this package."""

from __future__ import annotations

import importlib
from collections.abc import Callable

from corpora import Corpus
from handlers import Counter, Recorder

from peers.contender import Counts, Feed, PythonContender
from telnet.events import Event

NAMES = {"cython": "Cython", "python": "pure Python"}


class Twin(PythonContender):
    """One of them, by the name of its module."""

    distribution = "telnet"

    def __init__(self, module: str) -> None:
        self.module = importlib.import_module(module)
        self.name = NAMES[self.module.IMPLEMENTATION]
        self.escape: Callable[[bytes], bytes] = self.module.escape

    def recorder(self, corpus: Corpus) -> tuple[Feed, list[Event]]:
        recorder = Recorder()
        return self.module.Parser(recorder, max_subnegotiation=corpus.limit).feed, recorder.events

    def counter(self, corpus: Corpus) -> tuple[Feed, Counts]:
        counter = Counter()
        return self.module.Parser(counter, max_subnegotiation=corpus.limit).feed, counter


class Nothing(PythonContender):
    """No parser: a call of an empty Python method for each chunk, which is what a feed cannot be cheaper than."""

    name = "empty call"
    distribution = "telnet"

    def recorder(self, corpus: Corpus) -> tuple[Feed, list[Event]]:
        raise NotImplementedError("it finds nothing")

    def counter(self, corpus: Corpus) -> tuple[Feed, Counts]:
        return self.do_nothing, Counter()

    def do_nothing(self, data: bytes) -> None:
        pass
