"""Servers on asyncio."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from inspect import iscoroutinefunction, signature
from ssl import PROTOCOL_TLS_CLIENT, SSLContext
from typing import TYPE_CHECKING, Any, Final, cast

from telnet.address import display_address
from telnet.aio.connection import Guardian, MudConnection, Program, check_thread
from telnet.aio.listener import Listener, bind_hosts
from telnet.aio.settings import ConnectionOptions, check_names, on_asyncio, tls_options, with_settings
from telnet.connections import Connections
from telnet.handler import MudHandler
from telnet.log_share import LINES_OF_A_SERVER, LogShare
from telnet.options.option import Role
from telnet.sockets import can_be_served, handshake_failure, handshake_timeout, start_listening

if TYPE_CHECKING:
    from typing_extensions import Self, Unpack

__all__ = ["ServeOptions", "Server", "serve"]

# How many may wait to be accepted.  With asyncio's 100, of a thousand players who come back at once most would wait for
# seconds, until their systems try again.
BACKLOG: Final = 1024


class Server:
    """Accepts connections; made by :func:`serve`.

    ``async with server:`` closes it in the end, and waits until everything that belongs to it is closed.
    """

    connections: Connections[MudConnection]
    """The connections that are up, a live set."""

    def __init__(
        self, connection_class: type[MudConnection], program: Program | None, accepting: dict[str, Any]
    ) -> None:
        self.connections = Connections()
        self._log_share = LogShare(*LINES_OF_A_SERVER)
        self._connection_class = connection_class
        self._program = program
        self._accepting = accepting  # what the event loop is told of each connection
        self._loop = asyncio.get_running_loop()
        self._listeners: list[Listener | asyncio.Server] = []
        self._arriving: dict[MudConnection, asyncio.Task[None]] = {}  # those that are not up yet
        self._present: dict[MudConnection, None] = {}  # those that are being closed too
        self._tasks: dict[asyncio.Task[None], None] = {}
        self._closing = asyncio.Event()
        self._where = ""
        self._guardian = Guardian(self._close_with_the_loop)

    def __repr__(self) -> str:
        state = "closed" if self._closing.is_set() else f"with {len(self.connections)} connections"
        return f"<{type(self).__name__} {state} at 0x{id(self):x}>"

    @property
    def sockets(self) -> tuple[Any, ...]:
        """The sockets that are listened on; ``server.sockets[0].getsockname()`` is the address of the first."""
        return tuple(each for listener in self._listeners for each in listener.sockets)

    def close(self, flush: bool = True) -> None:
        """Stop listening, and close all connections.

        :param flush: let what each connection has written leave first.

        A second call does nothing but, without ``flush``, cut that short.  :meth:`wait_closed` waits until it is done.
        """
        check_thread(self._loop, "loop.call_soon_threadsafe(server.close)")
        self._closing.set()
        for listener in self._listeners:
            listener.close()
        for connection, arriving in self._arriving.items():
            if connection not in self._present:
                arriving.cancel()
        for connection in tuple(self._present):
            connection.close(flush)

    async def wait_closed(self) -> None:
        """Wait until the server is closed, with all its connections and their coroutines.

        A coroutine that has not come to its end ``limits.close`` seconds after the last connection is cancelled.
        """
        await self._closing.wait()
        if self._arriving:
            await asyncio.wait(self._arriving.values())
        for connection in tuple(self._present):
            await connection.wait_closed()
        for listener in self._listeners:
            if isinstance(listener, asyncio.Server):
                await listener.wait_closed()
        if tasks := self._tasks.keys() - {asyncio.current_task()}:
            _, deaf = await asyncio.wait(tasks, timeout=self._connection_class.limits.close)
            for task in deaf:
                task.cancel()
            if deaf:
                await asyncio.wait(deaf)
        self._guardian.disarm()

    async def _close_with_the_loop(self) -> None:
        self.close(flush=False)
        await self.wait_closed()

    async def serve_forever(self) -> None:
        """Wait until the server is closed.  When this is cancelled, close it, and wait for that."""
        try:
            await self._closing.wait()
        finally:
            self.close()
            await self.wait_closed()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()
        await self.wait_closed()

    # Accepting

    async def _listen(self, bound: Sequence[socket.socket], backlog: int) -> None:
        start_listening(bound, backlog)
        self._where = " and ".join(repr(display_address(each.getsockname())) for each in bound)
        try:
            self._listeners.append(Listener(bound, self._accept, self._log, self.close))
        except NotImplementedError:  # a proactor: it accepts by itself or not at all
            for each in bound:
                options = {**self._accepting, "sock": each, "backlog": backlog}
                self._listeners.append(await self._loop.create_server(self._make_connection, **options))

    def _accept(self, accepted: socket.socket, address: Any) -> None:
        if not can_be_served(accepted, address, self._log):
            return
        shown = display_address(address)
        try:
            connection = self._make_connection(shown)
        except Exception as exc:
            accepted.close()
            return self._log(logging.ERROR, f"no connection could be made for {shown!r}", exc)
        self._arriving[connection] = arriving = self._loop.create_task(self._admit(connection, accepted))
        arriving.add_done_callback(lambda _: self._arrived(connection, accepted))

    def _arrived(self, connection: MudConnection, accepted: socket.socket) -> None:
        del self._arriving[connection]
        if "_transport" not in vars(connection):  # which else has the socket
            accepted.close()

    def _make_connection(self, address: Any = None) -> MudConnection:
        connection = self._connection_class()
        connection.server = self
        connection.remote_address = address
        connection._loop = self._loop
        connection._program = self._program
        return connection

    async def _admit(self, connection: MudConnection, accepted: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(lambda: connection, accepted, **self._accepting)
        except OSError as exc:
            self._log_absence(connection, exc)
            connection._abandon()
        except BaseException as exc:
            connection._abandon()
            if not isinstance(exc, Exception):
                raise
            connection._report(exc)

    def _log_absence(self, connection: MudConnection, exc: OSError) -> None:
        if "ssl" not in self._accepting:
            return connection._log(logging.DEBUG, f"ended before it began: {exc}")
        if isinstance(exc, ConnectionAbortedError) and exc.errno is None:  # which event loops raise when time is up
            exc = handshake_timeout(connection.limits.handshake)
        connection._log(logging.INFO, handshake_failure(exc))

    def _log(self, level: int, text: str, exc: BaseException | None = None) -> None:
        self._log_share.log(self._loop.time(), level, f"{type(self).__name__} on {self._where}: {text}", exc)

    # What its connections call

    def _join(self, connection: MudConnection) -> bool:
        """Whether the connection may begin; not when it was still shaking hands while the server closed."""
        self._present[connection] = self.connections._members[connection] = None
        return not self._closing.is_set()

    def _leave(self, connection: MudConnection) -> None:
        self.connections._members.pop(connection, None)

    def _forget(self, connection: MudConnection) -> None:
        self._present.pop(connection, None)

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._tasks[task] = None
        task.add_done_callback(lambda done: self._tasks.pop(done))


class ServeOptions(ConnectionOptions, total=False):
    """What :func:`serve` can be given; all are optional."""

    ssl: SSLContext | None
    sock: socket.socket
    family: int
    backlog: int
    reuse_port: bool


async def serve(
    handler: type[MudHandler] | Program,
    host: str | Sequence[str] | None = None,
    port: int | None = None,
    *,
    connection: type[MudConnection] = MudConnection,
    **arguments: Unpack[ServeOptions],
) -> Server:
    """Listen, and run a handler on each connection; return the :class:`Server`.

    :param handler: a subclass of :class:`~telnet.handler.MudHandler`, of which each connection is an object; or a
        coroutine function of one argument, called with each connection when it is ready (as ``on_ready``).  When the
        coroutine returns, the connection is closed; what it raises is logged and given to ``on_error``.
    :param host: name or address to listen on, or several; None or "" for every address of this machine, IPv6 and IPv4
        on one port.
    :param port: the TCP port; 0 takes a free one, to be read from :attr:`Server.sockets`.
    :param connection: the class of the connections that a coroutine function is called with.
    :param arguments: ``options``, ``limits``, ``encoding``, ``fallback``, ``legacy_encoding``, ``ayt_answer``,
        ``nop_interval``, ``edit_lines``, ``keepalive`` and ``nodelay`` are set on the connections, instead of what
        their class says.  ``ssl`` is the context of a server, to secure all connections with TLS before they begin.
        ``sock`` is a socket to listen on, bound already, instead of ``host`` and ``port``.  ``family`` (AF_INET or
        AF_INET6) leaves out the addresses of another.  ``backlog`` is how many may wait to be accepted, 1024 by
        default.  ``reuse_port`` lets other processes share the port.
    :raises TypeError, ValueError, LookupError: if an argument is wrong.
    :raises OSError: if the system refuses, for example because the port is taken; the error names the address.
    """
    settings = check_names("serve", ServeOptions, arguments)
    if not (isinstance(connection, type) and issubclass(connection, MudConnection)):
        raise TypeError(f"connection must be a subclass of aio.MudConnection, not {connection!r}")
    program: Program | None = None
    if isinstance(handler, type) and issubclass(handler, MudHandler):
        connection = on_asyncio(handler)
    else:
        program = _check_program(handler)
    connection = with_settings(connection, settings, Role.SERVER)
    backlog, tls = settings.pop("backlog", BACKLOG), _check_tls(settings.pop("ssl", None))
    if isinstance(backlog, bool) or not isinstance(backlog, int):
        raise TypeError(f"backlog must be an int, not {type(backlog).__name__}")
    bound = await _bound(host, port, settings)
    server = Server(connection, program, tls_options(tls, connection.limits))
    await server._listen(bound, backlog)
    await server._guardian.arm()
    return server


def _check_program(program: Any) -> Program:
    """Return a coroutine function that can be called with a connection."""
    if isinstance(program, type) or not callable(program):
        raise TypeError(f"handler must be a subclass of MudHandler or a coroutine function, not {program!r}")
    function = program
    while isinstance(function, partial):
        function = function.func
    name = getattr(function, "__name__", type(function).__name__)
    example = name if name.isidentifier() else "player"
    right = f"async def {example}(connection), which reads with await connection.readline()"
    with suppress(ValueError):  # what C defines may not tell
        taken = signature(program)
        try:
            taken.bind(None)
        except TypeError:
            raise TypeError(f"{name} must take one argument, the connection, not {taken}: {right}") from None
    if not (iscoroutinefunction(program) or iscoroutinefunction(type(program).__call__)):
        raise TypeError(f"{name} must be a coroutine function, not {program!r}: {right}")
    return cast(Program, program)


async def _bound(host: str | Sequence[str] | None, port: int | None, settings: dict[str, Any]) -> list[socket.socket]:
    given: socket.socket | None = settings.pop("sock", None)
    if given is None:
        if host is None and port is None:
            raise ValueError("there must be a port to listen on, or sock")
        return await bind_hosts(host, port, **settings)
    if host is not None or port is not None:
        raise ValueError("sock must be given without host and port, not with them: it is bound already")
    if not isinstance(given, socket.socket) or given.type != socket.SOCK_STREAM:
        raise ValueError(f"sock must be a stream socket, not {given!r}")
    return [given]


def _check_tls(ssl: Any) -> SSLContext | None:
    if ssl is None:
        return None
    if not isinstance(ssl, SSLContext):
        raise TypeError(f"ssl must be the SSLContext of a server, not {ssl!r}")
    if ssl.protocol == PROTOCOL_TLS_CLIENT:
        raise ValueError("ssl must be the context of a server, not of a client: make one with ssl.Purpose.CLIENT_AUTH")
    return ssl
