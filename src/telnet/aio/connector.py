"""Making an outgoing connection on asyncio: every address of a name is tried, with sockets that lose no urgent data.

An event loop's ``create_connection`` makes its sockets itself and hands one out only when it is connected. By then the
first bytes of the server may have come, and it is too late to say where urgent data belongs.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from itertools import chain, zip_longest

from telnet.address import naming
from telnet.sockets import BoundTo, keep_urgent_data

__all__ = ["connected_socket"]


Attempt = asyncio.Future[socket.socket]


async def connected_socket(
    host: str | None,
    port: int | None,
    *,
    family: int = 0,
    local_addr: tuple[str, int] | None = None,
    happy_eyeballs_delay: float | None = None,
) -> socket.socket:
    """Return a socket that is connected to the first address of a host that can be reached.

    :param host: name or address; None for this machine.
    :param port: the TCP port.
    :param family: AF_INET or AF_INET6 to leave out the addresses of another.
    :param local_addr: the host and port to connect from.
    :param happy_eyeballs_delay: after how many seconds without an answer the next address is tried beside (RFC 8305),
        addresses of IPv6 and IPv4 by turns; without it each is tried after the one before has failed.
    :raises OSError: if no address can be reached.
    """
    answers = await _look_up(host, port, family)
    local = [] if local_addr is None else await _look_up(*local_addr, family)
    if happy_eyeballs_delay is not None:
        answers = _by_turns(answers)
    attempts = [partial(_attempt, *answer, None if local_addr is None else local) for answer in answers]
    return await _first(attempts, happy_eyeballs_delay)


async def _look_up(host: str | None, port: int | None, family: int) -> list[BoundTo]:
    try:  # an address needs no thread that waits for a name server
        answers = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        resolve = asyncio.get_running_loop().getaddrinfo
        answers = await resolve(host, port, family=family, type=socket.SOCK_STREAM)
    if not answers:
        raise OSError(errno.EADDRNOTAVAIL, f"{host!r} has no address")
    return [(answer[0], answer[4]) for answer in answers]


def _by_turns(answers: Sequence[BoundTo]) -> list[BoundTo]:
    """Return the addresses of the preferred family and those of others by turns (RFC 8305 section 4)."""
    preferred = answers[0][0]
    first = [answer for answer in answers if answer[0] == preferred]
    others = [answer for answer in answers if answer[0] != preferred]
    return [answer for answer in chain.from_iterable(zip_longest(first, others)) if answer is not None]


async def _attempt(family: int, address: tuple[object, ...], local: Iterable[BoundTo] | None) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setblocking(False)
        keep_urgent_data(made)
        if local is not None:
            _bind(made, local)
        await asyncio.get_running_loop().sock_connect(made, address)
    except BaseException:
        made.close()
        raise
    return made


def _bind(made: socket.socket, local: Iterable[BoundTo]) -> None:
    failure = OSError(errno.EADDRNOTAVAIL, "no address to connect from is of the family of the address to connect to")
    for family, address in local:
        if family == made.family:
            try:
                with naming("connect from", address):
                    return made.bind(address)
            except OSError as exc:
                failure = exc
    raise failure


async def _first(attempts: Sequence[Callable[[], Awaitable[socket.socket]]], delay: float | None) -> socket.socket:
    """Return the result of the first attempt to succeed, and give up the others.

    :param delay: after how many seconds the next one begins at the latest; None to wait for the failure of the last.
    """
    waiting = list(reversed(attempts))
    running: set[Attempt] = set()
    connected: list[socket.socket] = []
    failures: list[OSError] = []
    try:
        while (waiting or running) and not connected:
            if waiting:
                running.add(asyncio.ensure_future(waiting.pop()()))
            timeout = delay if waiting else None
            done, running = await asyncio.wait(running, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
            for each in done:
                _note_outcome(each, connected, failures)
        await _give_up(running)
    except BaseException:
        _close(connected)
        await _give_up(running)
        raise
    if not connected:
        raise _joined(failures)
    _close(connected[1:])
    return connected[0]


def _note_outcome(done: Attempt, connected: list[socket.socket], failures: list[OSError]) -> None:
    try:
        connected.append(done.result())
    except OSError as exc:
        failures.append(exc)


async def _give_up(running: Iterable[Attempt]) -> None:
    for each in running:
        each.add_done_callback(_close_late)
        each.cancel()
    if running:
        await asyncio.wait(running)


def _close_late(done: Attempt) -> None:
    if not done.cancelled() and done.exception() is None:
        done.result().close()


def _close(connected: Iterable[socket.socket]) -> None:
    for each in connected:
        each.close()


def _joined(failures: Sequence[OSError]) -> OSError:
    texts = list(dict.fromkeys(map(str, failures)))
    return failures[0] if len(texts) == 1 else OSError(f"none of its addresses: {'; '.join(texts)}")
