"""What competes: a parser, wrapped so that it can be checked and timed like any other."""

from __future__ import annotations

import gc
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator
from importlib.metadata import version
from time import thread_time_ns
from typing import Protocol

from corpora import Corpus

from telnet.events import Event

Feed = Callable[[bytes], object]


class Counts(Protocol):
    """What a counting handler has seen."""

    data: int
    events: int


class Contender(ABC):
    """A parser under test. A subclass says what is its own: how it is fed, and what it makes of line ends."""

    name: str
    distribution: str  # whose version is shown
    note = ""  # how it is used, and what it does differently
    absent = ""  # why it cannot be run here, if it cannot

    @property
    def version(self) -> str:
        return version(self.distribution)

    def translate(self, data: bytes) -> bytes:
        """Return what application data the parser means to deliver for a run of data."""
        return data

    @abstractmethod
    def record(self, corpus: Corpus) -> list[Event]:
        """Return the events that the parser finds in the corpus."""

    @abstractmethod
    def count(self, corpus: Corpus) -> tuple[int, int]:
        """Return the bytes of data and the events that the counting handlers saw."""

    @abstractmethod
    def time(self, corpus: Corpus, chunks: tuple[bytes, ...], passes: int) -> int:
        """Return the nanoseconds that a new parser takes for these chunks, with handlers that count."""


class PythonContender(Contender):
    """A parser that is called from Python, and calls Python."""

    @abstractmethod
    def recorder(self, corpus: Corpus) -> tuple[Feed, list[Event]]:
        """Return what feeds a new parser, and the list that its events go to."""

    @abstractmethod
    def counter(self, corpus: Corpus) -> tuple[Feed, Counts]:
        """Return what feeds a new parser, and its handler, which counts the arguments it is given."""

    def record(self, corpus: Corpus) -> list[Event]:
        feed, events = self.recorder(corpus)
        run(feed, corpus.chunks)
        return events

    def count(self, corpus: Corpus) -> tuple[int, int]:
        feed, counts = self.counter(corpus)
        run(feed, corpus.chunks)
        return counts.data, counts.events

    def time(self, corpus: Corpus, chunks: tuple[bytes, ...], passes: int) -> int:
        feed, _ = self.counter(corpus)
        return clock(map(feed, chunks * passes))


def run(feed: Feed, chunks: tuple[bytes, ...]) -> None:
    exhaust(map(feed, chunks))


def exhaust(calls: Iterator[object]) -> None:
    """Make the calls from a loop in C: its own cost is a few nanoseconds a call."""
    deque(calls, maxlen=0)


def clock(calls: Iterator[object]) -> int:
    """Return the nanoseconds of processor time that these calls take: what others take meanwhile is not theirs."""
    gc.collect()
    gc.disable()
    try:
        start = thread_time_ns()
        exhaust(calls)
        return thread_time_ns() - start
    finally:
        gc.enable()
