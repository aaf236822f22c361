"""What streams and servers have in common: an engine, a socket and addresses."""

from __future__ import annotations

import errno
import socket as sockets
from abc import ABC, abstractmethod
from typing import Any

from telnet.address import display_address
from telnet.guard import Guard
from telnet.log_share import describe
from telnet.net.engine import Engine
from telnet.sockets import has_peer, keep_urgent_data

__all__ = ["GONE", "Channel", "had_peer"]

GONE = frozenset((errno.ECONNRESET, errno.ECONNABORTED, errno.EPIPE, errno.ESHUTDOWN))
"""In which ways the system says that the peer of a socket that was connected is not there any more."""


class Channel(Guard, ABC):
    """Base of :class:`~telnet.Stream` and :class:`~telnet.Server`."""

    engine: Engine
    """The engine this channel belongs to."""

    def __init__(self, *, engine: Engine | None = None, socket: sockets.socket | None = None) -> None:
        if engine is not None and not isinstance(engine, Engine):
            raise TypeError(f"engine must be an Engine, not {type(engine).__name__}")
        self.engine = Engine.instance() if engine is None else engine
        self.interest = 0
        self._socket: sockets.socket | None = None
        self._closed = False
        self._addresses: dict[str, Any] = {}
        self._peer: Any = None
        if socket is not None:
            self._adopt_socket(socket)

    def __repr__(self) -> str:
        if self._closed or self._socket is None:
            return f"<{type(self).__name__} {'closed' if self._closed else 'no socket'} at 0x{id(self):x}>"
        return f"<{self._described()} at 0x{id(self):x}>"

    @property
    def fileno(self) -> int | None:
        """The file descriptor (``int``), None while there is no socket."""
        return None if self._socket is None else self._socket.fileno()

    @property
    def closed(self) -> bool:
        """Whether this is over for good (``bool``)."""
        return self._closed

    # Addresses; one that was set stands until it is deleted

    @property
    def local_address(self) -> Any:
        """Our own address: (host, port), a 4-tuple for IPv6, a path for a UNIX socket, None when there is none.

        Can be set, when the one that people should see is another; ``del`` returns to the socket's own.
        """
        return self._address_of("local", "getsockname")

    @local_address.setter
    def local_address(self, address: Any) -> None:
        self._addresses["local"] = address

    @local_address.deleter
    def local_address(self) -> None:
        self._addresses.pop("local", None)

    @property
    def remote_address(self) -> Any:
        """The peer's address, in the forms of :attr:`local_address`; valid until ``on_close`` returns, however the
        connection ended.

        Can be set, for a peer behind a proxy; ``del`` returns to the socket's own.
        """
        return self._address_of("remote", "getpeername")

    @remote_address.setter
    def remote_address(self, address: Any) -> None:
        self._addresses["remote"] = address

    @remote_address.deleter
    def remote_address(self) -> None:
        self._addresses.pop("remote", None)

    def _address_of(self, side: str, query: str) -> Any:
        if side in self._addresses:
            return self._addresses[side]
        if self._socket is None:
            return None
        if side == "remote" and self._peer is not None:
            return self._peer
        return _ask(self._socket, query)

    # What the log needs

    def _remember_peer(self) -> None:
        """Keep the peer's address, which the system does not know any more once the connection is reset."""
        if self._peer is None and self._socket is not None:
            self._peer = _ask(self._socket, "getpeername")

    def _described(self) -> str:
        address = self._addresses.get("remote", self._peer)
        return type(self).__name__ if address is None else describe(self, address)

    def _time(self) -> float:
        return self.engine.latest_poll_time

    # What the engine calls

    @abstractmethod
    def handle_events(self, events: int) -> None:
        """React to the events, READ and WRITE or'ed, that are ready."""

    def send_queued(self) -> None:
        """Send what the handlers of this turn have queued; nothing unless a subclass queues."""

    @abstractmethod
    def abandon(self) -> None:
        """Close at once, sending nothing more."""

    # The socket

    def _adopt_socket(self, socket: sockets.socket) -> None:
        if not isinstance(socket, sockets.socket):
            raise TypeError(f"socket must be a socket.socket, not {type(socket).__name__}")
        if self._socket is not None:
            raise RuntimeError("the channel has a socket already")
        if socket.type != sockets.SOCK_STREAM:
            raise TypeError(f"socket must be a stream socket, not {sockets.SocketKind(socket.type).name}")
        if socket.family not in (sockets.AF_INET, sockets.AF_INET6, getattr(sockets, "AF_UNIX", None)):
            raise ValueError(f"socket must be of family AF_INET, AF_INET6 or AF_UNIX, not {socket.family}")
        socket.setblocking(False)
        keep_urgent_data(socket)
        self._socket = socket

    def _watch(self, interest: int) -> None:
        """Say which events are wanted now; the engine hears of it only when that changed.

        What the engine raises when the system refuses leaves things as they were.
        """
        if interest == self.interest:
            return
        before, self.interest = self.interest, interest
        try:
            self.engine.modify_channel(self)
        except BaseException:
            self.interest = before
            raise

    def _close_socket(self) -> None:
        if self._socket is not None:
            self.engine.remove_channel(self)
            self._socket.close()
            self._socket = None


def _ask(socket: sockets.socket, query: str) -> Any:
    try:
        return display_address(getattr(socket, query)())
    except OSError:
        return None


def had_peer(socket: sockets.socket) -> bool:
    """Whether the socket, which does not block, is or was connected; False for one that is still to be connected."""
    if has_peer(socket):
        return True
    try:
        sockets.socket.recv(socket, 1, sockets.MSG_PEEK)  # an SSLSocket's own recv() takes no flags
    except OSError as exc:
        return exc.errno in GONE
    return True  # the end of the input, or what came before the reset
