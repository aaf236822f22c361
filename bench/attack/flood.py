"""The hostile peers: a process that sends what was made beforehand, as fast as it is taken, and reads what comes back.

It is as nice as a process can be, so that the player beside it on the same core is not kept waiting by it.
"""

from __future__ import annotations

import os
import selectors
import socket
from collections.abc import Iterator
from multiprocessing.connection import Connection
from time import monotonic

from attack.inputs import Flood, find

__all__ = ["PEERS", "run"]

PEERS = 5
NICE = 19
SEND = 1 << 18
RECEIVE = 1 << 18
RETRY = 0.01  # seconds until a peer that was turned away comes again


class Peer:
    def __init__(self, selector: selectors.BaseSelector, address: tuple[str, int], flood: Flood) -> None:
        self.closed = 0
        self._selector = selector
        self._address = address
        self._flood = flood
        self._again_at = 0.0
        self._socket: socket.socket | None = None

    def connect(self) -> None:
        """Connect, if it is time to."""
        if self._socket is not None or monotonic() < self._again_at:
            return
        self._again_at = monotonic() + RETRY
        self._pieces = self._all_pieces()
        self._waiting = next(self._pieces)
        self._socket = socket.socket()
        self._socket.setblocking(False)
        self._socket.connect_ex(self._address)
        self._selector.register(self._socket, selectors.EVENT_READ | selectors.EVENT_WRITE, self)

    def _all_pieces(self) -> Iterator[memoryview]:
        if self._flood.beginning:
            yield memoryview(self._flood.beginning)
        while True:
            for start in range(0, len(self._flood.round), SEND):
                yield memoryview(self._flood.round)[start : start + SEND]

    def go_on(self, connected: socket.socket, events: int) -> None:
        try:
            if events & selectors.EVENT_READ:
                self._discard(connected)
            if events & selectors.EVENT_WRITE:
                self._send(connected)
        except BlockingIOError:
            pass
        except OSError:
            self.close()
            self.closed += 1

    def _discard(self, connected: socket.socket) -> None:
        if not connected.recv(RECEIVE):
            raise ConnectionResetError

    def _send(self, connected: socket.socket) -> None:
        self._waiting = self._waiting[connected.send(self._waiting) :] or next(self._pieces)

    def close(self) -> None:
        if self._socket is not None:
            self._selector.unregister(self._socket)
            self._socket.close()
            self._socket = None


def run(orders: Connection, core: int) -> None:
    """Flood on order: the name of an input and a port, confirmed when it is made; one to begin; and one to end.

    The last is answered with how often a peer was thrown out.
    """
    os.sched_setaffinity(0, {core})
    os.nice(NICE)
    try:
        while True:
            name, port = orders.recv()
            flood = find(name).make()
            orders.send(None)
            orders.recv()
            orders.send(attack(flood, ("127.0.0.1", port), orders))
    except EOFError:
        pass


def attack(flood: Flood, address: tuple[str, int], orders: Connection) -> int:
    with selectors.DefaultSelector() as selector:
        peers = [Peer(selector, address, flood) for _ in range(PEERS)]
        selector.register(orders, selectors.EVENT_READ, None)
        while not take_turn(selector, peers):
            pass
        orders.recv()
        for peer in peers:
            peer.close()
    return sum(peer.closed for peer in peers)


def take_turn(selector: selectors.BaseSelector, peers: list[Peer]) -> bool:
    """Give each peer that can go on its turn; return whether there is a new order."""
    for peer in peers:
        peer.connect()
    ready = selector.select(RETRY)
    for key, events in ready:
        if key.data is not None:
            key.data.go_on(key.fileobj, events)
    return any(key.data is None for key, _ in ready)
