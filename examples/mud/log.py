"""The log of the game.  Most of what is in it is somebody else's doing, so there is only so much of it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from time import monotonic

from .allowance import Allowance

logger = logging.getLogger("mud")


class Log:
    """So many lines at once, and so many again each second; the rest is counted."""

    def __init__(self, burst: float, rate: float, clock: Callable[[], float] = monotonic) -> None:
        self._allowance = Allowance(burst, rate)
        self._clock = clock
        self._left_out = 0

    def write(self, level: int, text: str) -> None:
        """Log a line, and how many were left out before it; or leave it out."""
        now = self._clock()
        if self._allowance.wait(now):
            self._left_out += 1
            return
        self._allowance.spend(now)
        if self._left_out:
            text += f" ({self._left_out} lines before this one were left out)"
            self._left_out = 0
        logger.log(level, "%s", text)
