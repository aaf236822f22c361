"""The end of a connection whose last output is still on its way."""

from __future__ import annotations

import socket

from telnet.net.engine import READ, Engine

__all__ = ["Linger"]


class Linger:
    """Takes over a socket on which everything was sent, and closes it when the peer has had time to read.

    A socket that is closed while input waits unread makes the kernel send a reset, and a reset lets the peer's kernel
    throw away what the peer has not read yet (RFC 1122 section 4.2.2.13).  So: end our direction, let the peer
    finish, and discard what still comes, for ``seconds`` at most.
    """

    def __init__(self, engine: Engine, connected: socket.socket, seconds: float) -> None:
        self.interest = READ
        self._engine = engine
        self._socket = connected
        try:
            self._socket.shutdown(socket.SHUT_WR)
        except OSError:
            return self._socket.close()  # the peer is gone already
        self._timer = engine.defer(seconds, self.abandon)
        try:
            engine.add_channel(self)
        except OSError:
            return self.abandon()  # the system cannot watch it
        engine.leave_over(self)
        self.handle_events(READ)

    @property
    def fileno(self) -> int | None:
        """The descriptor of the socket, None once it is closed."""
        return self._socket.fileno() if self._socket.fileno() >= 0 else None

    def handle_events(self, events: int) -> None:
        """Discard a bounded amount of input; at its end, close."""
        try:
            if not self._socket.recv_into(self._engine.receive_buffer):
                self.abandon()
        except (BlockingIOError, InterruptedError):
            pass
        except OSError:
            self.abandon()

    def send_queued(self) -> None:
        """Nothing is queued here."""

    def abandon(self) -> None:
        """Close the socket now."""
        self._timer.cancel()
        self._engine.take_back(self)
        self._engine.remove_channel(self)
        self._socket.close()
