"""Functions that an engine calls later: once, at every poll, after a time, or again and again."""

from __future__ import annotations

import heapq
import logging
from collections import deque
from collections.abc import Callable
from itertools import count
from typing import Any

__all__ = ["Timer", "Timers"]

logger = logging.getLogger("telnet")

# A cancelled timer stays in the heap until it is due.  Beyond this many, and when they are more than half of it, they
# are swept out: a timeout that every line of input pushes back would otherwise grow the heap without end.
SWEEP_ABOVE = 64


class Timer:
    """A function waiting to be called; what :class:`Engine`'s ``callback``, ``loop``, ``defer`` and ``cycle`` return.

    Call the timer, or its :meth:`cancel`, to take it back.
    """

    __slots__ = ("_arguments", "_function", "_interval", "_keywords", "_timers")

    def __init__(
        self,
        timers: Timers,
        function: Callable[..., Any],
        arguments: tuple[Any, ...],
        keywords: dict[str, Any],
        interval: float | None = None,
    ) -> None:
        if not callable(function):
            raise TypeError(f"a timer needs a function to call, not {type(function).__name__}")
        self._timers = timers
        self._function: Callable[..., Any] | None = function
        self._arguments = arguments
        self._keywords = keywords
        self._interval = interval

    @property
    def active(self) -> bool:
        """Whether the function is still to be called (``bool``)."""
        return self._function is not None

    def cancel(self) -> None:
        """Never call the function again.

        Allowed at any time and from anywhere, the function itself included; cancelling twice, or after the function
        ran for the last time, does nothing.
        """
        if self._function is not None:
            self._retire()
            self._timers._cancelled(self)

    __call__ = cancel

    def _retire(self) -> None:
        self._function = None
        self._arguments = ()
        self._keywords = {}

    def _run(self) -> None:
        if self._function is None:
            return
        function, arguments, keywords = self._function, self._arguments, self._keywords
        try:
            function(*arguments, **keywords)
        except Exception:
            logger.exception("exception in timer %r", function)

    def _run_once(self) -> None:
        try:
            self._run()
        finally:
            self._retire()


class Timers:
    """Every timer of one engine.  It has no clock: the time, in seconds, is passed in."""

    def __init__(self) -> None:
        self._callbacks: deque[Timer] = deque()
        self._loops: dict[Timer, None] = {}
        self._heap: list[tuple[float, int, Timer]] = []
        self._order = count()
        self._stale = 0

    def callback(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Timer:
        """Call ``function`` once, at the next run."""
        timer = Timer(self, function, args, kwargs)
        self._callbacks.append(timer)
        return timer

    def loop(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Timer:
        """Call ``function`` at every run."""
        timer = Timer(self, function, args, kwargs)
        self._loops[timer] = None
        return timer

    def defer(self, now: float, delay: float, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Timer:
        """Call ``function`` once, ``delay`` seconds after ``now``."""
        timer = Timer(self, function, args, kwargs)
        self._push(now + positive_seconds("delay", delay), timer)
        return timer

    def cycle(self, now: float, interval: float, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Timer:
        """Call ``function`` every ``interval`` seconds, first ``interval`` seconds after ``now``."""
        timer = Timer(self, function, args, kwargs, positive_seconds("interval", interval))
        self._push(now + interval, timer)
        return timer

    def run(self, now: float) -> None:
        """Call what is to be called at ``now``; what is scheduled meanwhile waits for the next run."""
        for _ in range(len(self._callbacks)):
            self._callbacks.popleft()._run_once()
        for timer in tuple(self._loops):
            timer._run()
        fence = next(self._order)
        while self._heap and self._heap[0][0] <= now and self._heap[0][1] < fence:
            self._run_due(heapq.heappop(self._heap)[2], now)

    def wait(self, now: float, limit: float) -> float:
        """How long, at most ``limit`` seconds, nothing has to be called."""
        if self._callbacks:
            return 0.0
        while self._heap and not self._heap[0][2].active:
            heapq.heappop(self._heap)
            self._stale -= 1
        if not self._heap:
            return limit
        return min(limit, max(0.0, self._heap[0][0] - now))

    def _run_due(self, timer: Timer, now: float) -> None:
        if not timer.active:
            self._stale -= 1
            return
        if timer._interval is None:
            return timer._run_once()
        try:
            timer._run()
        finally:
            # Also when interrupted: an engine that is started again has its cycles.
            if timer.active:
                self._push(now + timer._interval, timer)

    def _push(self, due: float, timer: Timer) -> None:
        heapq.heappush(self._heap, (due, next(self._order), timer))

    def _cancelled(self, timer: Timer) -> None:
        self._loops.pop(timer, None)
        self._stale += 1
        if self._stale > SWEEP_ABOVE and self._stale * 2 > len(self._heap):
            self._heap = [entry for entry in self._heap if entry[2].active]
            heapq.heapify(self._heap)
            self._stale = 0


def positive_seconds(name: str, value: float) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{name} must be a number of seconds, not {type(value).__name__}")
    if not value > 0:
        raise ValueError(f"{name} must be above 0 seconds, not {value!r}")
    return value
