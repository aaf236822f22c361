"""The player: somebody who asks for something ten times a second, and measures how long the answers take."""

from __future__ import annotations

import random
import select
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter

__all__ = ["Answers", "Player"]

INTERVAL = 0.1  # seconds
PATIENCE = 5.0  # seconds until an answer counts as one that never comes


@dataclass
class Answers:
    """How long answers took, in seconds, and how late the player itself was: that much is no fault of the server."""

    times: list[float] = field(default_factory=list)
    late: float = 0.0

    @property
    def worst(self) -> float:
        return max(self.times)

    @property
    def median(self) -> float:
        return median(self.times)


class Player:
    """Connects to a server that answers a line ``N`` with ``You look at N.``"""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._number = 0
        self._asked: dict[int, float] = {}
        self._received = b""
        self._answers = Answers()

    def play(self, seconds: float, dice: random.Random) -> Answers:
        """Ask for so many seconds, whether answers come or not, and wait for the last one."""
        self._answers = Answers()
        for due in self._times(seconds, dice):
            self._listen_until(due)
            self._answers.late = max(self._answers.late, perf_counter() - due)
            self._ask()
        self._wait()
        return self._answers

    def _times(self, seconds: float, dice: random.Random) -> Iterator[float]:
        """Ten times a second, but not in step with what the server does."""
        start = perf_counter()
        for number in range(max(1, round(seconds / INTERVAL))):
            yield start + INTERVAL * (number + dice.random())

    def _ask(self) -> None:
        self._number += 1
        self._asked[self._number] = perf_counter()
        try:
            self._socket.sendall(b"%d\r\n" % self._number)
        except OSError:
            pass  # which the answer tells that never comes

    def _wait(self) -> None:
        until = perf_counter() + PATIENCE
        while self._asked and perf_counter() < until:
            self._listen_until(min(until, perf_counter() + INTERVAL))
        self._answers.times += [PATIENCE] * len(self._asked)
        self._asked.clear()

    def _listen_until(self, due: float) -> None:
        while (left := due - perf_counter()) > 0:
            if select.select([self._socket], [], [], left)[0]:
                self._listen()

    def _listen(self) -> None:
        self._received += self._socket.recv(65536)
        now = perf_counter()
        *lines, self._received = self._received.split(b".\r\n")
        for line in lines:
            number = int(line.rpartition(b" ")[2])
            if (asked := self._asked.pop(number, None)) is not None:
                self._answers.times.append(now - asked)

    def close(self) -> None:
        self._socket.close()
