"""A token bucket: so much at once, and so much again each second."""

from __future__ import annotations

__all__ = ["TokenBucket"]


class TokenBucket:
    """Bounds how often something happens, without a clock of its own.

    :param burst: how many tokens there are at first, and at most (``float``, above 0).
    :param rate: how many of them come back each second (``float``).
    """

    __slots__ = ("_burst", "_left", "_rate", "_refilled")

    def __init__(self, burst: float, rate: float) -> None:
        self._burst = burst
        self._rate = rate
        self._left = burst
        self._refilled: float | None = None

    def take(self, now: float, tokens: float = 1.0) -> bool:
        """Take tokens out if there are enough of them, and return whether there were.

        :param now: the time in seconds, of any steady clock.
        :param tokens: how many; more than ``burst`` count as ``burst``, so that a full bucket grants anything once.
        """
        elapsed = max(0.0, now - self._refilled) if self._refilled is not None else 0.0
        self._refilled = now
        self._left = min(self._burst, self._left + elapsed * self._rate)
        tokens = min(tokens, self._burst)
        if self._left < tokens:
            return False
        self._left -= tokens
        return True
