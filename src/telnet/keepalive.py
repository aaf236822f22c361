"""How soon the system notices that a silent peer is gone."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

__all__ = ["Keepalive", "check_keepalive"]

# What Linux takes: MAX_TCP_KEEPIDLE, MAX_TCP_KEEPINTVL and MAX_TCP_KEEPCNT.  Other systems take more.
_MOST = {"idle": 32767, "interval": 32767, "count": 127}


@dataclass(frozen=True)
class Keepalive:
    """When the system asks a silent peer whether it is still there (:rfc:`1122` section 4.2.3.6), over TCP alone.

    With the defaults, a peer that is gone without a word is noticed after little more than three minutes; the systems'
    own defaults take over two hours.  A setting that a system does not have is left as it is there.

    All are whole numbers (``int``).  Another type is a :exc:`TypeError`, and one that is not above zero, or too large
    for a system, a :exc:`ValueError`.

    ::

        MudServer(Player)                           # class Player(MudHandler): keepalive = Keepalive(idle=300)
        await aio.serve(player, port=4000, keepalive=Keepalive(idle=300))
    """

    idle: int = 60
    """Seconds of silence before the first question (TCP_KEEPIDLE).  A router that translates addresses may forget a
    silent connection after a few minutes."""

    interval: int = 15
    """Seconds from one question to the next while there is no answer (TCP_KEEPINTVL)."""

    count: int = 9
    """Questions without an answer after which the connection is over (TCP_KEEPCNT): as many as Linux asks, so that a
    player survives two minutes without a network."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, bool) or not isinstance(value, int):
                raise TypeError(f"{field.name} of a Keepalive must be an int, not {type(value).__name__}")
            if not 1 <= value <= _MOST[field.name]:
                raise ValueError(f"{field.name} of a Keepalive must be from 1 to {_MOST[field.name]}, not {value}")


def check_keepalive(keepalive: Any) -> bool | Keepalive:
    """Return what was given as ``keepalive``.

    :param keepalive: True for the defaults of :class:`Keepalive`, False for none, or one.
    :raises TypeError: if it is something else.
    """
    if not isinstance(keepalive, bool | Keepalive):
        raise TypeError(f"keepalive must be True, False or a Keepalive, as in Keepalive(idle=60), not {keepalive!r}")
    return keepalive
