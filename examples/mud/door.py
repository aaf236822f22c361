"""Who may try a password, and when.

A password takes long to check, on purpose, so whoever guesses would keep everybody else from coming in.  Wrong ones are
counted: by name and network together, by network, and by name.  So many are free; from then on each has to wait.  Of
those whose turn it may be, whoever has failed least goes first.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING, Any

from .allowance import Allowance, Allowances
from .log import Log
from .passwords import hash_password, is_password

if TYPE_CHECKING:
    from .player import Player

# How many wrong passwords are free, and how many again each second.
OF_A_NAME_FROM_A_NETWORK = (5, 1 / 5)
OF_A_NETWORK = (20, 1 / 2)
OF_A_NAME = (50, 1 / 2)
OF_A_RIGHT_ONE = 0.2  # whoever comes in again and again takes the time of others too

NEW_CHARACTERS = (100, 1 / 60)  # of a network: a school's or a company's may be one
MOST_WAITING = 500
MOST_KNOWN = 10_000


class TurnedAway(Exception):
    """Somebody cannot come in now.  The text is for them."""


@dataclass(eq=False)
class Knock:
    """Somebody whose password is to be hashed."""

    player: Player
    name: str
    network: str
    hashing: Callable[[], Any]
    number: int
    answer: Future[Any] = field(default_factory=Future)


class Door:
    """One for each game.  All of it but the hashing happens in the thread of the game.

    :param clock: the time, in seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._pairs = Allowances(*OF_A_NAME_FROM_A_NETWORK)
        self._networks = Allowances(*OF_A_NETWORK)
        self._names = Allowances(*OF_A_NAME)
        self._newcomers = Allowances(*NEW_CHARACTERS)
        self._known: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._waiting: list[Knock] = []
        self.busy = False
        self._knocks = 0
        self._look_at = 0.0
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="mud-door")
        self._log = Log(burst=10, rate=0.1, clock=clock)

    def close(self) -> None:
        self._thread.shutdown(cancel_futures=True)

    def check(self, player: Player, name: str, password: str, kept: str) -> Future[bool]:
        """Return whether this is the password, when it is this one's turn; or fail with :class:`TurnedAway`."""
        return self._knock(player, name, lambda: is_password(password, kept))

    def hash(self, player: Player, password: str) -> Future[str]:
        """Return the password of a new character as it is kept; or fail with :class:`TurnedAway`."""
        newcomers = self._newcomers[network_of(player.remote_address)]
        if newcomers.wait(self._clock()):
            return _refused("Too many characters have come from your network of late. Try again in a few minutes.")
        newcomers.spend(self._clock())
        return self._knock(player, "", lambda: hash_password(password))

    def wait(self, player: Player, name: str) -> float:
        """Return how many seconds a password has to wait at least."""
        return self._wait(name, network_of(player.remote_address))

    # The order of those who wait

    def _knock(self, player: Player, name: str, hashing: Callable[[], Any]) -> Future[Any]:
        self._knocks += 1
        knock = Knock(player, name, network_of(player.remote_address), hashing, self._knocks)
        self._waiting.append(knock)
        self._turn_away()
        self._open()
        return knock.answer

    def _open(self) -> None:
        """Begin to hash for whoever is next, unless the thread is at work."""
        if self.busy:
            return
        self._waiting = [knock for knock in self._waiting if not knock.player.gone]
        waits = [self._wait(knock.name, knock.network) for knock in self._waiting]
        if ready := [knock for knock, wait in zip(self._waiting, waits, strict=True) if not wait]:
            self._let_in(min(ready, key=self._rank))
        elif waits:
            self._look_again(min(waits))

    def _let_in(self, knock: Knock) -> None:
        self._waiting.remove(knock)
        self.busy = True
        hashing = self._thread.submit(knock.hashing)
        knock.player.when_done(hashing, lambda: self._on_hashed(knock, hashing))

    def _look_again(self, wait: float) -> None:
        now = self._clock()
        if not now < self._look_at <= now + wait:
            self._look_at = now + wait
            self._waiting[-1].player.call_later(wait, self._open)

    def _turn_away(self) -> None:
        if len(self._waiting) > MOST_WAITING:
            last = max(self._waiting, key=self._rank)
            self._waiting.remove(last)
            last.answer.set_exception(TurnedAway("Too many are at the door. Try again in a minute. Goodbye."))

    def _rank(self, knock: Knock) -> tuple[float, int]:
        """Whoever has failed least goes first, and then the newest: under attack, those who wait long are guessers."""
        now, shares = self._clock(), self._shares(knock.name, knock.network)
        return sum(share.spent(now) for share in shares), -knock.number

    def _wait(self, name: str, network: str) -> float:
        now = self._clock()
        return max((share.wait(now) for share in self._shares(name, network)), default=0.0)

    def _shares(self, name: str, network: str) -> list[Allowance]:
        """What a wrong password is counted against.  Nobody is locked out by others where they have been before."""
        if not name:
            return []
        pair = self._pairs[name, network]
        return [pair] if (name, network) in self._known else [pair, self._networks[network], self._names[name]]

    # What came of it

    def _on_hashed(self, knock: Knock, hashing: Future[Any]) -> None:
        self.busy = False
        error = hashing.exception()
        if error is not None:
            knock.answer.set_exception(error)
        else:
            self._count(knock, hashing.result())
            knock.answer.set_result(hashing.result())
        self._open()

    def _count(self, knock: Knock, right: object) -> None:
        if not knock.name:
            return
        pair = self._pairs[knock.name, knock.network]
        if right:
            pair.spend(self._clock(), OF_A_RIGHT_ONE)
            return self._remember(knock)
        for share in (pair, self._networks[knock.network], self._names[knock.name]):
            share.spend(self._clock())
        self._log.write(logging.WARNING, f"wrong password for {knock.name} from {knock.network or 'somewhere'}")

    def _remember(self, knock: Knock) -> None:
        self._known[knock.name, knock.network] = None
        self._known.move_to_end((knock.name, knock.network))
        if len(self._known) > MOST_KNOWN:
            self._known.popitem(last=False)


def network_of(address: Any) -> str:
    """Return what of an address one person has: with IPv6 the first 64 bits; empty where there are no addresses."""
    host = str(address[0]).partition("%")[0] if isinstance(address, tuple) else ""
    try:
        ip = ip_address(host)
    except ValueError:
        return ""
    if isinstance(ip, IPv6Address):
        return str(ip.ipv4_mapped or ip_network((ip, 64), strict=False))
    return host


def _refused(text: str) -> Future[Any]:
    refused: Future[Any] = Future()
    refused.set_exception(TurnedAway(text))
    return refused
