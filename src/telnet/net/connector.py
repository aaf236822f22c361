"""Making an outgoing connection: names are looked up off the loop, and every answer is tried."""

from __future__ import annotations

import errno
import os
import socket
import threading
from collections.abc import Callable
from typing import Any

from telnet.address import name_address
from telnet.exceptions import StreamConnectError
from telnet.net.address import Endpoint
from telnet.net.engine import WRITE, Engine
from telnet.net.timers import Timer
from telnet.sockets import connect_timeout, keep_urgent_data

__all__ = ["Connector"]

# "will be known later": connect(2), and WSAEWOULDBLOCK on Windows
PENDING = {errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EAGAIN, errno.EALREADY, errno.EINTR}
DONE = {0, errno.EISCONN}


class Connector:
    """One attempt to reach an endpoint, over all the addresses it resolves to.

    :param given: a socket to use instead of a new one, for the first address of its family.
    :param on_done: called once, from the engine, with the connected socket or with the :exc:`StreamConnectError` that
        ended the last try.  Never called after :meth:`abandon`.
    """

    def __init__(
        self,
        engine: Engine,
        endpoint: Endpoint,
        *,
        timeout: float,
        on_done: Callable[[socket.socket | StreamConnectError], None],
        given: socket.socket | None = None,
    ) -> None:
        self.interest = WRITE
        self._engine = engine
        self._endpoint = endpoint
        self._given = given
        self._on_done: Callable[[socket.socket | StreamConnectError], None] | None = on_done
        self._socket: socket.socket | None = None
        self._answers: list[tuple[int, Any]] = []
        self._trying = endpoint.shown  # the address that the present attempt is about
        self._error = self._error_of(OSError(errno.EADDRNOTAVAIL, "no address of the given socket's family"))
        self._deadline = engine.defer(timeout, self._give_up, timeout)
        self._turn: Timer | None = None
        self._patience = timeout
        self._resolve()

    @property
    def fileno(self) -> int | None:
        """The descriptor of the socket that is being connected."""
        return None if self._socket is None else self._socket.fileno()

    def abandon(self) -> None:
        """Stop trying; ``on_done`` is not called any more."""
        self._on_done = None
        self._deadline.cancel()
        self._forget_socket()
        if self._given is not None:
            self._given.close()

    # Looking up

    def _resolve(self) -> None:
        answers = self._endpoint.resolve_literal()
        if answers is not None:
            self._engine.callback(self._resolved, answers, None)
        else:
            # A daemon thread: a name server that does not answer must not keep the program from ending.
            threading.Thread(target=self._look_up, name="telnet-getaddrinfo", daemon=True).start()

    def _look_up(self) -> None:
        answers: list[tuple[int, Any]] = []
        error: StreamConnectError | None = None
        try:
            answers = self._endpoint.resolve()
        except (OSError, ValueError) as exc:
            error = self._error_of(exc)
        try:
            self._engine.call_from_thread(self._resolved, answers, error)
        except RuntimeError:
            pass  # the engine was closed meanwhile

    def _resolved(self, answers: list[tuple[int, Any]], error: StreamConnectError | None) -> None:
        if self._on_done is None:
            return
        if error is not None:
            return self._finish(error)
        if self._given is not None:
            answers = [answer for answer in answers if answer[0] == self._given.family][:1]
        self._answers = answers
        self._try_next()

    # Trying

    def _try_next(self) -> None:
        self._forget_socket()
        while self._answers and self._on_done is not None:
            family, self._trying = self._answers.pop(0)
            try:
                if self._start(family, self._trying):
                    return
            except OSError as exc:
                self._error = self._error_of(exc)
                self._forget_socket()
        self._finish(self._error)

    def _start(self, family: int, address: Any) -> bool:
        """Whether the attempt is under way; an error that is known at once is raised."""
        self._socket, self._given = self._given or socket.socket(family, socket.SOCK_STREAM), None
        self._socket.setblocking(False)
        keep_urgent_data(self._socket)
        code = self._socket.connect_ex(address)
        if code not in PENDING and code not in DONE:
            raise OSError(code, os.strerror(code))
        self._engine.add_channel(self)
        # Each answer gets its share of the time, so that a silent first one leaves some to the others.
        share = self._patience / (len(self._answers) + 1)
        self._patience -= share
        if self._answers:
            self._turn = self._engine.defer(share, self._timed_out)
        return True

    def handle_events(self, events: int) -> None:
        """The attempt has an outcome."""
        assert self._socket is not None
        code = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        try:
            if code:
                raise OSError(code, os.strerror(code))
            # A UNIX socket whose listener's queue is full says EAGAIN, is writable, and is not connected.
            self._socket.getpeername()
        except OSError as exc:
            self._error = self._error_of(exc)
            self._try_next()
        else:
            self._finish(self._release_socket())

    def send_queued(self) -> None:
        """Nothing is queued here."""

    def _timed_out(self) -> None:
        self._error = self._error_of(TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT)))
        self._try_next()

    def _give_up(self, timeout: float) -> None:
        self._finish(self._error_of(connect_timeout(timeout)))

    def _error_of(self, exc: Exception) -> StreamConnectError:
        number = getattr(exc, "errno", None) or errno.EADDRNOTAVAIL
        error = StreamConnectError(number, getattr(exc, "strerror", None) or str(exc))
        name_address(error, "connect to", self._trying)
        return error

    def _finish(self, outcome: socket.socket | StreamConnectError) -> None:
        on_done, self._on_done = self._on_done, None
        self.abandon()
        if on_done is not None:
            on_done(outcome)

    def _release_socket(self) -> socket.socket:
        assert self._socket is not None
        self._engine.remove_channel(self)
        connected, self._socket = self._socket, None
        return connected

    def _forget_socket(self) -> None:
        if self._turn is not None:
            self._turn.cancel()
        if self._socket is not None:
            self._release_socket().close()
