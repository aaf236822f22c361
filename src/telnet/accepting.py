"""What a failed ``accept()`` means, and what a listener owes next: the same on every shell."""

from __future__ import annotations

import errno
from enum import Enum, auto
from typing import Final

__all__ = ["ACCEPTS_PER_TURN", "PAUSE", "Failure", "Shortage", "end_of", "failure_of"]

ACCEPTS_PER_TURN: Final = 64
"""How many connections one turn accepts, so that a crowd at the door does not keep those inside waiting."""

PAUSE: Final = 0.25
"""How long accepting pauses, in seconds, when the system has no descriptor or memory left for another connection."""


_EACH: Final = 60.0
"""How often a shortage is logged at most, in seconds: it may come and go with every player who leaves."""


class Failure(Enum):
    """Why a connection was not accepted."""

    NOBODY = auto()
    """Nobody waits (any more): wait for the listener's next event."""

    GONE = auto()
    """The peer went away while it waited: go on with the next."""

    EXHAUSTED = auto()
    """The system lacks something, or an unknown fault: pause, since the same event would be reported at once."""

    BROKEN = auto()
    """The listening socket is no longer one: close the listener."""


# accept(2) on Linux passes on errors of the network that belong to the new connection alone; EPERM is a firewall's.
_GONE: Final = frozenset(
    getattr(errno, name)
    for name in (
        "ECONNABORTED ECONNRESET EHOSTDOWN EHOSTUNREACH ENETDOWN ENETUNREACH ENONET ENOPROTOOPT EOPNOTSUPP EPERM EPROTO"
    ).split()
    if hasattr(errno, name)
)
_BROKEN: Final = frozenset((errno.EBADF, errno.EINVAL, errno.ENOTSOCK))


def failure_of(exc: OSError) -> Failure:
    """Return what the failure of an ``accept()`` means.

    :param exc: what it raised.
    """
    if isinstance(exc, (BlockingIOError, InterruptedError)):
        return Failure.NOBODY
    if exc.errno in _BROKEN:
        return Failure.BROKEN
    return Failure.GONE if exc.errno in _GONE else Failure.EXHAUSTED


def end_of(exc: OSError) -> str:
    """Return what is to be logged as an error of a listener that is closed.

    :param exc: what an ``accept()`` raised that means :attr:`Failure.BROKEN`.
    """
    return f"cannot accept any more ({exc.strerror or exc}); closing"


class Shortage:
    """What is logged while the system has no room for another connection: one line an episode, and one a minute."""

    def __init__(self) -> None:
        self._since: float | None = None  # when the present episode began
        self._told = False  # whether there was a line about it
        self._logged: float | None = None  # when the latest line was written
        self._failures = 0  # since that line

    def failed(self, now: float, exc: OSError) -> str:
        """Return what is to be logged as a warning about this failure, possibly nothing.

        :param now: the time in seconds, of any steady clock.
        :param exc: what an ``accept()`` raised that means :attr:`Failure.EXHAUSTED`.
        """
        if self._since is None:
            self._since = now
        self._failures += 1
        if self._logged is not None and now - self._logged < _EACH:
            return ""
        again = f"; {self._failures} failures since the last such line" if self._logged is not None else ""
        self._logged, self._told, self._failures = now, True, 0
        return f"cannot accept ({exc.strerror or exc}); trying again every {PAUSE:g} seconds{again}"

    def ended(self, now: float) -> str:
        """Return what is to be logged, now that connections can be accepted again, possibly nothing.

        :param now: the time in seconds.
        """
        if self._since is None:
            return ""
        lasted, told = now - self._since, self._told
        self._since, self._told = None, False
        return f"accepting again after {lasted:.1f} seconds" if told else ""
