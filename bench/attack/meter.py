"""What the server spends on each connection, measured from outside: nothing in the package knows of it.

The meter is put around the methods that the engine or the event loop calls, in the process under attack alone. A turn
is what one connection does in one poll of the engine, or one round of the event loop: reading, going on with what it
has, sending. Garbage that is collected meanwhile is part of it.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial, wraps
from time import thread_time
from typing import Any

from telnet import Engine, aio
from telnet.net.mud import MudConnection
from telnet.net.timers import Timer
from telnet.session import Session

__all__ = ["METER", "Measures", "meter_asyncio", "meter_selectors"]

Function = Callable[..., Any]

# What an event loop calls of a connection, as far as it has them; whatever else it has is called by these.
ENTRIES = ("connection_made", "data_received", "buffer_updated", "eof_received", "connection_lost", "resume_writing")
CALLED_SOON = ("_continue", "_flush", "_flush_out", "_tick", "_check_progress")


@dataclass
class Measures:
    """What it took the server: seconds of CPU, bytes, and how often."""

    turn: float = 0.0
    """The longest turn of one connection."""

    poll: float = 0.0
    """The longest poll: the turns of all in it, and what comes with them."""

    collection: float = 0.0
    """The longest garbage collection, which is in one of these turns."""

    waited: float = 0.0
    """How long other processes had the core while the server wanted it, in all."""

    received: int = 0
    """Bytes that the peers sent and the server took."""

    sent: int = 0
    """Bytes that they were sent."""

    slow_consumers: int = 0
    compression_errors: int = 0
    profile: str = ""

    @property
    def amplification(self) -> float:
        """Bytes that were sent for each that came."""
        return self.sent / self.received if self.received else 0.0


class Meter:
    """Adds up what each connection takes in a poll."""

    def __init__(self) -> None:
        self.measures = Measures()
        self._turns: dict[int, float] = {}
        self._inside = False
        self._began = 0.0
        gc.callbacks.append(self._collected)

    def reset(self) -> None:
        self.measures = Measures()
        self._turns.clear()

    def charge(self, owner: object, function: Function, *arguments: Any) -> Any:
        """Call a function on the account of a connection."""
        if self._inside:
            return function(*arguments)
        self._inside = True
        start = thread_time()
        try:
            return function(*arguments)
        finally:
            self._inside = False
            self._turns[id(owner)] = self._turns.get(id(owner), 0.0) + thread_time() - start

    def end_poll(self, cpu: float) -> None:
        self.measures.poll = max(self.measures.poll, cpu)
        self.measures.turn = max(self.measures.turn, *self._turns.values(), 0.0)
        self._turns.clear()

    def _collected(self, phase: str, _: dict[str, int]) -> None:
        if phase == "start":
            self._began = thread_time()
        else:
            self.measures.collection = max(self.measures.collection, thread_time() - self._began)


METER = Meter()


def replace(owner: type, name: str, make: Callable[[Function], Function]) -> None:
    """Put a function around a method; one that is not there any more is an ``AttributeError``."""
    method = getattr(owner, name)
    setattr(owner, name, wraps(method)(make(method)))


# --- on selectors -----------------------------------------------------------------------------------------------------


def meter_selectors() -> None:
    meter_sessions()
    replace(Engine, "_take_turn", metered_poll)
    replace(Engine, "_give_turn", metered_turn)
    replace(Timer, "_run", metered_timer)
    replace(MudConnection, "send_queued", metered)


def metered_poll(take_turn: Function) -> Function:
    def poll(*arguments: Any) -> None:
        start = thread_time()
        try:
            take_turn(*arguments)
        finally:
            METER.end_poll(thread_time() - start)

    return poll


def metered_turn(give_turn: Function) -> Function:
    return lambda engine, channel, events: METER.charge(channel, give_turn, engine, channel, events)


def metered_timer(run: Function) -> Function:
    return lambda timer: METER.charge(owner_of(timer._function), run, timer)


def owner_of(function: object) -> object:
    if isinstance(function, partial):  # a function of the program, in what guards it
        function = function.func
    return getattr(function, "__self__", function)


def metered(method: Function) -> Function:
    return lambda connection, *arguments: METER.charge(connection, method, connection, *arguments)


# --- on asyncio -------------------------------------------------------------------------------------------------------


def meter_asyncio() -> None:
    meter_sessions()
    for name in (*ENTRIES, *CALLED_SOON):
        if hasattr(aio.MudConnection, name):
            replace(aio.MudConnection, name, metered_in_a_round)


def metered_in_a_round(method: Function) -> Function:
    def entry(connection: object, *arguments: Any) -> Any:
        Round.begin()
        return METER.charge(connection, method, connection, *arguments)

    return entry


class Round:
    """A round of the event loop. What is called soon in one is called at the beginning of the next."""

    began: float | None = None

    @classmethod
    def begin(cls) -> None:
        if cls.began is None:
            cls.began = thread_time()
            asyncio.get_running_loop().call_soon(cls.end)

    @classmethod
    def end(cls) -> None:
        assert cls.began is not None
        METER.end_poll(thread_time() - cls.began)
        cls.began = None


# --- on both ----------------------------------------------------------------------------------------------------------


def meter_sessions() -> None:
    """Count the bytes of all sessions; the player's are too few to matter."""
    replace(Session, "receive", counted_receive)
    replace(Session, "take", counted_take)


def counted_receive(receive: Function) -> Function:
    def counted(session: Session, data: bytes, now: float) -> None:
        METER.measures.received += len(data)
        receive(session, data, now)

    return counted


def counted_take(take: Function) -> Function:
    def counted(session: Session, now: float | None = None) -> bytes:
        taken: bytes = take(session, now)
        METER.measures.sent += len(taken)
        return taken

    return counted
