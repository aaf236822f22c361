"""`escape` of both twins, next to a pass over memory and to `bytes.replace`."""

from __future__ import annotations

from collections.abc import Callable
from itertools import repeat, starmap
from random import Random
from statistics import median

from corpora import to_escape
from peers import Twin
from peers.contender import clock

from telnet import IAC

CALLS = {"nothing": 2000, "half": 100}  # of one timing

Function = Callable[..., object]


def references(data: bytes) -> dict[str, tuple[Function, tuple[bytes, ...]]]:
    """Return what `escape` is held against: what reads the data once, and what doubles it."""
    return {"nothing": (data.__contains__, (IAC,)), "half": (data.replace, (IAC, IAC + IAC))}


def speeds(twin: Twin, rounds: int, random: Random) -> dict[str, float]:
    """Return how many times as fast as its reference `escape` is, for each input."""
    result = {}
    for name, data in to_escape().items():
        reference, arguments = references(data)[name]
        if twin.escape(data) != data.replace(IAC, IAC + IAC):
            raise SystemExit(f"{twin.name}: escape() gives a wrong result on {name!r}")
        timed = [(twin.escape, (data,)), (reference, arguments)]
        costs: dict[Function, list[int]] = {function: [] for function, _ in timed}
        for _ in range(rounds):
            for function, arguments in random.sample(timed, 2):
                costs[function].append(clock(starmap(function, repeat(arguments, CALLS[name]))))
        result[name] = median(b / a for a, b in zip(costs[twin.escape], costs[reference], strict=True))
    return result
