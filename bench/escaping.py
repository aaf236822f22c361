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

Call = tuple[Callable[..., object], tuple[bytes, ...]]


def references(data: bytes) -> dict[str, Call]:
    """Return what `escape` is held against: what reads the data once, and what doubles it."""
    return {"nothing": (data.__contains__, (IAC,)), "half": (data.replace, (IAC, IAC + IAC))}


def speeds(twin: Twin, rounds: int, random: Random) -> dict[str, float]:
    """Return how many times as fast as its reference `escape` is, for each input."""
    result = {}
    for name, data in to_escape().items():
        reference = references(data)[name]
        if twin.escape(data) != data.replace(IAC, IAC + IAC):
            raise SystemExit(f"{twin.name}: escape() gives a wrong result on {name!r}")
        calls: list[Call] = [(twin.escape, (data,)), reference]
        ratios = []
        for _ in range(rounds):
            costs = {place: time(calls[place], CALLS[name]) for place in random.sample((0, 1), 2)}
            ratios.append(costs[1] / costs[0])
        result[name] = median(ratios)
    return result


def time(call: Call, times: int) -> int:
    function, arguments = call
    return clock(starmap(function, repeat(arguments, times)))
