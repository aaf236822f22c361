"""How much of something one player, name or network may have: so much at once, and so much again each second."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable


class Allowance:
    """What may be spent.  What is spent beyond it is owed, and the next has to wait for that.

    A :class:`telnet.bucket.TokenBucket` refuses; this one says how long to wait.
    """

    __slots__ = ("_at", "_burst", "_rate", "_spent")

    def __init__(self, burst: float, rate: float) -> None:
        self._burst = burst
        self._rate = rate
        self._spent = 0.0
        self._at = 0.0

    def spent(self, now: float) -> float:
        """How much of it is not back yet."""
        self._spent = max(0.0, self._spent - max(0.0, now - self._at) * self._rate)
        self._at = now
        return self._spent

    def spend(self, now: float, amount: float = 1.0) -> None:
        self._spent = self.spent(now) + amount

    def wait(self, now: float) -> float:
        """Seconds until one more may be spent; 0.0 for now."""
        wait = (self.spent(now) + 1.0 - self._burst) / self._rate
        return wait if wait > 1e-6 else 0.0  # a timer must not wait for less than a clock can tell


class Allowances:
    """One for each key that was used of late: an attacker can make up keys, but not fill the memory with them."""

    def __init__(self, burst: float, rate: float, most: int = 10_000) -> None:
        self._burst = burst
        self._rate = rate
        self._most = most
        self._known: OrderedDict[Hashable, Allowance] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def __getitem__(self, key: Hashable) -> Allowance:
        if key not in self._known:
            self._known[key] = Allowance(self._burst, self._rate)
        self._known.move_to_end(key)
        if len(self._known) > self._most:
            self._known.popitem(last=False)
        return self._known[key]
