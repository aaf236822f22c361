"""The hostile peers: a process that sends what was made beforehand, as fast as it is taken, and reads what comes back.

It is as nice as a process can be, so that the player beside it on the same core is not kept waiting by it.
"""

from __future__ import annotations

import os
import selectors
import socket
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from time import monotonic

from attack.inputs import Flood, find

__all__ = ["PEERS", "RETRY", "run"]

PEERS = 5
NICE = 19
SEND = 1 << 18
RECEIVE = 1 << 18
RETRY = 0.01  # seconds until one that lost its connection comes again


class Peer:
    """One that floods, on a connection of its own making or on one that was accepted."""

    def __init__(self, selector: selectors.BaseSelector, flood: Flood, connected: socket.socket) -> None:
        self.open = True
        self._selector = selector
        self._flood = flood
        self._pieces = self._all_pieces()
        self._waiting = next(self._pieces)
        self._socket = connected
        connected.setblocking(False)
        selector.register(connected, selectors.EVENT_READ | selectors.EVENT_WRITE, self.go_on)

    def _all_pieces(self) -> Iterator[memoryview]:
        if self._flood.beginning:
            yield memoryview(self._flood.beginning)
        while True:
            for start in range(0, len(self._flood.round), SEND):
                yield memoryview(self._flood.round)[start : start + SEND]

    def go_on(self, events: int) -> None:
        try:
            if events & selectors.EVENT_READ:
                self._discard()
            if events & selectors.EVENT_WRITE:
                self._send()
        except BlockingIOError:
            pass
        except OSError:
            self.close()

    def _discard(self) -> None:
        if not self._socket.recv(RECEIVE):
            raise ConnectionResetError

    def _send(self) -> None:
        self._waiting = self._waiting[self._socket.send(self._waiting) :] or next(self._pieces)

    def close(self) -> None:
        if self.open:
            self.open = False
            self._selector.unregister(self._socket)
            self._socket.close()


class Attack:
    """The peers of one cell: they connect to a server, or clients connect to them."""

    def __init__(self, flood: Flood, orders: Connection) -> None:
        self.thrown_out = 0
        self._flood = flood
        self._orders = orders
        self._selector = selectors.DefaultSelector()
        self._selector.register(orders, selectors.EVENT_READ, self._end)
        self._peers: list[Peer] = []
        self._over = False

    def run(self, join: Callable[[], None]) -> None:
        """Flood until there is another order; ``join`` sees to it that there are peers."""
        while not self._over:
            self.thrown_out += sum(not peer.open for peer in self._peers)
            self._peers = [peer for peer in self._peers if peer.open]
            join()
            for key, events in self._selector.select(RETRY):
                key.data(events)
        for peer in self._peers:
            peer.close()
        self._selector.close()

    def _end(self, _: int) -> None:
        self._over = True
        self._orders.recv()

    def server(self, port: int) -> Callable[[], None]:
        """Return what connects as often as is needed, but not at once again to a server that throws out."""
        again = monotonic()

        def join() -> None:
            nonlocal again
            if len(self._peers) < PEERS and monotonic() >= again:
                again = monotonic() + RETRY
                self._peers += [self._connected(port) for _ in range(PEERS - len(self._peers))]

        return join

    def _connected(self, port: int) -> Peer:
        connecting = socket.socket()
        connecting.setblocking(False)
        connecting.connect_ex(("127.0.0.1", port))
        return Peer(self._selector, self._flood, connecting)

    def clients(self, listener: socket.socket) -> Callable[[], None]:
        """Return what does nothing: clients come by themselves."""

        def accept(_: int) -> None:
            self._peers.append(Peer(self._selector, self._flood, listener.accept()[0]))

        self._selector.register(listener, selectors.EVENT_READ, accept)
        return lambda: None


def run(orders: Connection, core: int) -> None:
    """Flood on order.

    The first order is the name of an input, and is answered with a port for clients. The second is to begin, and has
    the port of the server. The third is to end, and is answered with how often a peer was thrown out.
    """
    os.sched_setaffinity(0, {core})
    os.nice(NICE)
    try:
        while True:
            obey(orders)
    except EOFError:
        pass


def obey(orders: Connection) -> None:
    hostile = find(orders.recv())
    flood = hostile.make()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        orders.send(listener.getsockname()[1])
        port = orders.recv()
        attack = Attack(flood, orders)
        attack.run(attack.clients(listener) if hostile.on_clients else attack.server(port))
    orders.send(attack.thrown_out)
