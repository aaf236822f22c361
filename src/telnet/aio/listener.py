"""Accepting on asyncio: many connections a turn, quietly where peers are gone, with a pause where there is no room.

An event loop's own servers have no say for their owner before a connection is made, take as many a turn as may wait in
the backlog, and where the process has no descriptor left they log a line for each of these, each turn.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from telnet.accepting import ACCEPTS_PER_TURN, PAUSE, Failure, Shortage, end_of, failure_of
from telnet.address import naming
from telnet.sockets import BoundTo, bind, every_address

__all__ = ["Listener", "bind_hosts"]


class Listener:
    """Accepts on sockets that are listened on, in the running event loop.

    :param sockets: they are closed with this.
    :param accepted: called with each new socket and the address of its peer.
    :param log: called with a level of :mod:`logging` and a line.
    :param broken: called when a socket is no longer listened on, although nobody has closed this.
    :raises OSError: if the system cannot watch one of them; all are closed then.
    :raises NotImplementedError: if the event loop tells nobody that a socket can be read, such as the proactor's.
    """

    def __init__(
        self,
        sockets: Sequence[socket.socket],
        accepted: Callable[[socket.socket, Any], object],
        log: Callable[[int, str], object],
        broken: Callable[[], object],
    ) -> None:
        self.sockets = tuple(sockets)
        self._loop = asyncio.get_running_loop()
        self._accepted = accepted
        self._log = log
        self._broken = broken
        self._shortage = Shortage()
        self._pausing: asyncio.TimerHandle | None = None
        try:
            self._listen()
        except OSError:
            self.close()
            raise

    def close(self) -> None:
        """Stop accepting, and close the sockets.  A second call does nothing."""
        sockets, self.sockets = self.sockets, ()
        if self._pausing is not None:
            self._pausing.cancel()
        for each in sockets:
            self._loop.remove_reader(each)
            each.close()

    def _go_on(self) -> None:
        self._pausing = None
        try:
            self._listen()
        except OSError as exc:
            self._pause(exc)

    def _listen(self) -> None:
        for each in self.sockets:
            self._loop.add_reader(each, self._accept_from, each)

    def _accept_from(self, listener: socket.socket) -> None:
        for _ in range(ACCEPTS_PER_TURN):
            if listener not in self.sockets:
                return  # closed by what was accepted just now
            try:
                accepted = listener.accept()
            except OSError as exc:
                if (failure := failure_of(exc)) is Failure.GONE:
                    continue
                return self._stop_accepting(failure, exc)
            self._end_shortage()
            self._accepted(*accepted)

    def _stop_accepting(self, failure: Failure, exc: OSError) -> None:
        if failure is Failure.EXHAUSTED:
            self._pause(exc)
        elif failure is Failure.BROKEN:
            self._log(logging.ERROR, end_of(exc))
            self._broken()
        else:
            self._end_shortage()

    def _pause(self, exc: OSError) -> None:
        if line := self._shortage.failed(self._loop.time(), exc):
            self._log(logging.WARNING, line)
        for each in self.sockets:
            self._loop.remove_reader(each)
        if self._pausing is None:
            self._pausing = self._loop.call_later(PAUSE, self._go_on)

    def _end_shortage(self) -> None:
        if line := self._shortage.ended(self._loop.time()):
            self._log(logging.INFO, line)


async def bind_hosts(
    host: str | Iterable[str] | None, port: int | None, *, family: int = 0, reuse_port: bool | None = None
) -> list[socket.socket]:
    """Return sockets that are bound to all addresses of hosts, on one port.

    :param host: name or address, or several; None or "" for every address of this machine.
    :param port: the TCP port; None or 0 takes a free one.
    :param family: AF_INET or AF_INET6 to leave out the addresses of another.
    :param reuse_port: whether other processes may share the port.
    :raises ValueError: if there is no host.
    :raises OSError: if a host is not known, or the system refuses; it names the address.
    """
    hosts = [host] if host is None or isinstance(host, str) else list(host)
    if not hosts:
        raise ValueError("host must name at least one address to listen on, not none")
    dual = family != socket.AF_INET6 and any(not each for each in hosts)
    found: dict[BoundTo, None] = {}
    for each in hosts:
        found.update(dict.fromkeys(await _addresses(each, port or 0, family)))
    return bind(list(found), dual=dual, reuse_port=bool(reuse_port))


async def _addresses(host: str | None, port: int, family: int) -> list[BoundTo]:
    if not host:
        return every_address(port, family)
    resolve = asyncio.get_running_loop().getaddrinfo
    with naming("listen on", (host, port)):
        answers = await resolve(host, port, family=family, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return [(answer[0], answer[4]) for answer in answers]
