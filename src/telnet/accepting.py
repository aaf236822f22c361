"""What a failed ``accept()`` means, and what a listener owes next: the same on every shell."""

from __future__ import annotations

import errno
from enum import Enum, auto
from typing import Final

__all__ = ["ACCEPTS_PER_TURN", "PAUSE", "Failure", "failure_of"]

ACCEPTS_PER_TURN: Final = 64
"""How many connections one turn accepts, so that a crowd at the door does not keep those inside waiting."""

PAUSE: Final = 0.25
"""How long accepting pauses, in seconds, when the system has no descriptor or memory left for another connection."""


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
