"""One cell of the report: an input against a shell, and what the player saw of it."""

from __future__ import annotations

import multiprocessing
import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from attack import flood, server
from attack.inputs import Input
from attack.meter import Measures
from attack.player import Answers, Player

__all__ = ["ANSWER", "TURN", "Arena", "Cell"]

ANSWER = 0.050  # seconds until the player has an answer, at most
TURN = 0.008  # seconds of CPU that one turn of one connection takes, at most

LEAST = 1000  # bytes without which there was no attack

WARM_UP = 0.2  # seconds, in which the player is alone
GRACE = 20.0  # seconds until a server that does not answer is ended

SPAWN = multiprocessing.get_context("spawn")  # no state of this process is in what is measured


@dataclass(frozen=True)
class Cell:
    """What came of one input on one shell."""

    input: Input
    shell: str
    answers: Answers
    measures: Measures
    thrown_out: int
    """How often a peer was, and came back."""

    @property
    def name(self) -> str:
        return f"{self.input.name} on {self.shell}"

    @property
    def excesses(self) -> list[str]:
        """What is above its bound."""
        if self.measures.received < LEAST:
            return ["no attack, for nothing came"]
        bounds = (("answer", self.answers.worst, ANSWER), ("turn", self.measures.turn, TURN))
        return [f"{what} {took * 1000:.0f} ms" for what, took, most in bounds if took > most]

    @property
    def excess(self) -> float:
        """How many times its bound the worst of both took; 1 is what is allowed."""
        return max(self.answers.worst / ANSWER, self.measures.turn / TURN)


class Arena:
    """Where cells are measured: the server has one core, the player and the peers have another.

    :param seconds: how long the player asks.
    :param profiled: whether the server's profile is in the measures, which costs it most of its speed.
    """

    def __init__(self, seconds: float, *, profiled: bool = False) -> None:
        cores = sorted(os.sched_getaffinity(0))
        self._server_core, self._core = cores[0], cores[-1]
        self._seconds = seconds
        self._profiled = profiled
        self._dice = random.Random(0)
        self._flood = self._process(flood.run, self._core)

    @property
    def apart(self) -> bool:
        """Whether the server has a core of its own."""
        return self._server_core != self._core

    def __enter__(self) -> Arena:
        self._allowed = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {self._core})
        return self

    def __exit__(self, *_: object) -> None:
        os.sched_setaffinity(0, self._allowed)
        process, orders = self._flood
        orders.close()
        end(process)

    def measure(self, hostile: Input, shell: str) -> Cell:
        peers = self._flood[1]
        peers.send(hostile.name)
        their_port = peers.recv()
        with self._server(shell, their_port if hostile.on_clients else 0) as (orders, port):
            player = Player(port)
            player.play(WARM_UP, self._dice)
            orders.send(None)
            orders.recv()
            peers.send(port)
            answers = player.play(self._seconds * hostile.share, self._dice)
            peers.send(None)
            thrown_out = peers.recv()
            orders.send(None)
            measures = orders.recv() if orders.poll(GRACE) else Measures(turn=GRACE, poll=GRACE)
            player.close()
        return Cell(hostile, shell, answers, measures, thrown_out)

    @contextmanager
    def _server(self, shell: str, visited: int) -> Iterator[tuple[Connection, int]]:
        process, orders = self._process(server.run, shell, self._server_core, visited, self._profiled)
        try:
            yield orders, orders.recv()
        finally:
            orders.close()
            end(process)

    def _process(self, target: object, *arguments: object) -> tuple[BaseProcess, Connection]:
        ours, theirs = SPAWN.Pipe()
        process = SPAWN.Process(target=target, args=(theirs, *arguments), daemon=True)  # type: ignore[arg-type]
        process.start()
        theirs.close()
        return process, ours


def end(process: BaseProcess) -> None:
    process.join(1.0)
    if process.is_alive():
        process.kill()
        process.join()
