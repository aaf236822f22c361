"""The two twins of this package."""

from __future__ import annotations

import importlib

from corpora import Corpus
from handlers import Counter, Recorder
from peers.contender import Counts, Feed, PythonContender
from telnet.events import Event


class Twin(PythonContender):
    distribution = "telnet"

    def __init__(self, module: str) -> None:
        self.module = importlib.import_module(module)
        self.name = f"telnet ({self.module.IMPLEMENTATION})"

    def recorder(self, corpus: Corpus) -> tuple[Feed, list[Event]]:
        recorder = Recorder()
        return self.module.Parser(recorder, max_subnegotiation=corpus.limit).feed, recorder.events

    def counter(self, corpus: Corpus) -> tuple[Feed, Counts]:
        counter = Counter()
        return self.module.Parser(counter, max_subnegotiation=corpus.limit).feed, counter
