"""What is to be done at some time, without a clock: the time is passed in."""

from __future__ import annotations

from collections.abc import Callable
from math import inf

__all__ = ["Deadlines"]

Action = Callable[[], object]


class Deadlines:
    """Functions, each of which is to be called once, when its time has come.

    A timer of the caller's drives them.  It is set when ``alarm`` is called, and calls :meth:`run`; one that rings too
    early, because its function has a later time by then, does no harm.

    :param alarm: called with the earliest time when it is earlier than was told before.
    """

    __slots__ = ("_alarm", "_times", "_told")

    def __init__(self, alarm: Callable[[float], object]) -> None:
        self._alarm = alarm
        self._times: dict[Action, float] = {}
        self._told = inf  # for when the timer is set

    @property
    def earliest(self) -> float | None:
        """When :meth:`run` is wanted; None for never."""
        return min(self._times.values(), default=None)

    def set(self, function: Action, time: float) -> None:
        """Call the function at this time, and not at the one that it had."""
        self._times[function] = time
        self._tell()

    def drop(self, function: Action) -> None:
        """Do not call the function."""
        if self._times.pop(function, None) is not None and not self._times:
            self.clear()

    def clear(self) -> None:
        """Call none of them."""
        self._times = {}  # a dict that was emptied keeps its memory, for as long as the connection is idle

    def run(self, now: float) -> None:
        """Call the functions whose time has come, the earliest first.

        What one raises leaves this, and the others are called by the next.
        """
        self._told = inf
        try:
            for function in sorted(self._times, key=self._times.__getitem__):
                if self._times.get(function, inf) <= now:
                    self.drop(function)
                    function()
        finally:
            self._tell()

    def _tell(self) -> None:
        earliest = self.earliest
        if earliest is not None and earliest < self._told:
            self._told = earliest
            self._alarm(earliest)
