"""What every shell asks of sockets: one port for all addresses, each byte in its place, and whether a peer is gone."""

from __future__ import annotations

import errno
import logging
import os
import select
import socket
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Final

from telnet.address import display_address, naming
from telnet.keepalive import Keepalive

__all__ = [
    "LOOK_EACH",
    "BoundTo",
    "bind",
    "can_be_served",
    "connect_timeout",
    "every_address",
    "handshake_failure",
    "handshake_timeout",
    "has_peer",
    "is_gone",
    "keep_urgent_data",
    "prepare",
    "start_listening",
]

BoundTo = tuple[int, Any]
"""A family of addresses, and an address of it."""

LOOK_EACH: Final = 1.0
"""How often a half-closed peer is looked for, in seconds: nothing waits for its input any more, so the system tells of
a reset only when something is sent.  Until then the connection costs a descriptor, and no work.
"""

# How often another port is tried when one that is free for one address is taken on the next.
_PORT_ATTEMPTS: Final = 16

# What the settings of a Keepalive are called where a system has them.
_KEEPALIVE: Final = (
    ("TCP_KEEPIDLE", "idle"),
    ("TCP_KEEPALIVE", "idle"),  # on macOS
    ("TCP_KEEPINTVL", "interval"),
    ("TCP_KEEPCNT", "count"),
)

_ABSENT: Final = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


def every_address(port: int, family: int = socket.AF_UNSPEC) -> list[BoundTo]:
    """Return where to listen for every address of this machine: one IPv6 address that takes IPv4 too, where it can.

    :param port: the port; 0 takes a free one.
    :param family: AF_INET or AF_INET6 to listen on addresses of that family alone.
    """
    if family == socket.AF_INET6 or (family != socket.AF_INET and socket.has_dualstack_ipv6()):
        return [(socket.AF_INET6, ("::", port, 0, 0))]
    return [(socket.AF_INET, ("0.0.0.0", port))]


def bind(addresses: Sequence[BoundTo], *, dual: bool = False, reuse_port: bool = False) -> list[socket.socket]:
    """Return sockets that are bound to these addresses; those of IPv4 and IPv6 whose port is 0, to one free port.

    An address of IPv6 that this machine does not have is left out if there is another: many machines know themselves by
    "::1" and have no IPv6.

    :param addresses: families and addresses, at least one.
    :param dual: whether a socket of IPv6 takes IPv4 too.
    :param reuse_port: whether other processes may share the port (SO_REUSEPORT).
    :raises OSError: if the system refuses; it names the address.
    """
    for _ in range(_PORT_ATTEMPTS - 1):
        try:
            return _bind_once(addresses, dual, reuse_port)
        except OSError as exc:
            # The system chose a port that is free on the first address; on another it may not be.
            if not _has_free_port(addresses[0]) or exc.errno != errno.EADDRINUSE:
                raise
    return _bind_once(addresses, dual, reuse_port)


def start_listening(bound: Sequence[socket.socket], backlog: int) -> None:
    """Let peers connect to sockets that are bound; they are all closed if one of them cannot be listened on.

    :param bound: the sockets.
    :param backlog: how many connections may wait to be accepted.
    :raises OSError: if the system refuses; it names the address.
    """
    try:
        for each in bound:
            with naming("listen on", each.getsockname()):
                each.setblocking(False)
                keep_urgent_data(each)  # what is accepted has it from here, before its first byte
                each.listen(backlog)
    except BaseException:
        _close_all(bound)
        raise


def can_be_served(accepted: socket.socket, address: Any, log: Callable[[int, str], object]) -> bool:
    """Return whether a socket that was just accepted can be served: it does not block then, and is closed if not.

    :param accepted: the socket.
    :param address: the address of its peer.
    :param log: called with a level of :mod:`logging` and a line, but not about a peer that was reset while it waited,
        as port scanners and health checks do.
    """
    if has_peer(accepted):
        try:
            accepted.setblocking(False)
        except OSError as exc:
            log(logging.WARNING, f"{display_address(address)!r} cannot be served: {exc.strerror or exc}")
        else:
            keep_urgent_data(accepted)  # it may have come before its listener was ours
            return True
    accepted.close()
    return False


def keep_urgent_data(each: socket.socket) -> None:
    """Have the system leave urgent data in its place in the stream (SO_OOBINLINE).

    The Synch of RFC 854 is an IAC DM whose DM is sent as TCP's urgent data, and Debian's ``telnet`` sends one on Ctrl-C
    too.  By default a system takes the last urgent byte out of the stream, so that the byte after it would be read as
    the command.  RFC 6093 section 6 asks for this option.

    :param each: a socket: before it connects or is listened on, so that nothing comes before.
    """
    with suppress(OSError):  # a UNIX socket of some systems, or a peer that is gone, which the first read tells
        each.setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, 1)


def prepare(connected: socket.socket, *, keepalive: bool | Keepalive, nodelay: bool) -> None:
    """Set the options of a connection; one that the system does not have, or refuses, is left out.

    :param connected: the socket.
    :param keepalive: whether and when the system asks a silent peer whether it is still there.
    :param nodelay: whether small writes leave at once (TCP_NODELAY).
    """
    keep_urgent_data(connected)
    if connected.family not in (socket.AF_INET, socket.AF_INET6):
        return
    _set(connected, socket.IPPROTO_TCP, "TCP_NODELAY", nodelay)
    if keepalive:
        chosen = keepalive if isinstance(keepalive, Keepalive) else Keepalive()
        _set(connected, socket.SOL_SOCKET, "SO_KEEPALIVE", 1)
        for name, field in _KEEPALIVE:
            _set(connected, socket.IPPROTO_TCP, name, getattr(chosen, field))


def has_peer(connected: socket.socket) -> bool:
    """Return whether a socket that was just accepted has a peer; one that was reset meanwhile has none.

    :param connected: the socket.
    """
    try:
        connected.getpeername()
    except OSError:
        return False
    return True


def is_gone(connected: socket.socket) -> bool:
    """Return whether nothing that is sent can arrive any more: after a reset, or where both directions have ended.

    :param connected: the socket.
    """
    if not hasattr(select, "poll"):
        return not has_peer(connected)
    poller = select.poll()
    poller.register(connected.fileno(), 0)  # what is reported always: a hang-up and an error
    return bool(poller.poll(0))


def connect_timeout(seconds: float) -> TimeoutError:
    """Return the error of a connection that could not be made in time.

    :param seconds: how long it was tried.
    """
    return TimeoutError(errno.ETIMEDOUT, f"no connection in time; limits.connect is {seconds:g} seconds")


def handshake_timeout(seconds: float) -> TimeoutError:
    """Return the error of a handshake of TLS that took too long.

    :param seconds: how long it was waited for.
    """
    return TimeoutError(errno.ETIMEDOUT, f"no TLS handshake within {seconds:g} seconds")


def handshake_failure(exc: OSError) -> str:
    """Return what is to be logged about a handshake of TLS that failed.

    :param exc: what it raised.
    """
    return f"no TLS: {_reason(exc)}; closing"


def _reason(exc: OSError) -> str:
    if isinstance(exc, (ssl.SSLEOFError, ssl.SSLZeroReturnError, ConnectionError)) or exc.errno == errno.ENOTCONN:
        return "the peer left"
    if isinstance(exc, ssl.SSLCertVerificationError):
        return f"certificate verify failed: {exc.verify_message}"
    reason: str | None = getattr(exc, "reason", None)
    return reason.lower().replace("_", " ") if reason else exc.strerror or str(exc)


def _set(connected: socket.socket, level: int, name: str, value: int) -> None:
    with suppress(AttributeError, OSError):
        connected.setsockopt(level, getattr(socket, name), value)


def _has_free_port(bound_to: BoundTo) -> bool:
    """Whether the system chooses the port; the path of a UNIX socket has none."""
    _, address = bound_to
    return isinstance(address, tuple) and not address[1]


def _bind_once(addresses: Sequence[BoundTo], dual: bool, reuse_port: bool) -> list[socket.socket]:
    bound: list[socket.socket] = []
    absent: OSError | None = None
    try:
        for family, address in addresses:
            if bound and _has_free_port((family, address)):
                address = (address[0], bound[0].getsockname()[1], *address[2:])
            try:
                with naming("listen on", address):
                    bound.append(_bound_socket(family, address, dual, reuse_port))
            except OSError as exc:
                if family != socket.AF_INET6 or exc.errno not in _ABSENT:
                    raise
                absent = exc
        if absent is not None and not bound:
            raise absent
    except BaseException:
        _close_all(bound)
        raise
    return bound


def _bound_socket(family: int, address: Any, dual: bool, reuse_port: bool) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name == "posix":
            # Elsewhere SO_REUSEADDR would let a second server take the port from the first.
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if reuse_port:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, not dual)
        made.bind(address)
    except BaseException:
        made.close()
        raise
    return made


def _close_all(bound: Sequence[socket.socket]) -> None:
    for each in bound:
        each.close()
