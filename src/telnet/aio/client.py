"""Clients on asyncio."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable
from ssl import SSLContext
from typing import TYPE_CHECKING, Any, Final, overload

from telnet.address import name_address
from telnet.aio.connection import Guardian, MudConnection
from telnet.aio.connector import connected_socket
from telnet.aio.settings import AnyConnection, ConnectionOptions, check_names, on_asyncio, tls_options, with_settings
from telnet.handler import MudHandler
from telnet.options.option import Role
from telnet.sockets import connect_timeout, keep_urgent_data

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["ConnectOptions", "connect"]

# What is said of how to connect, and not of the connection.
_DIALING: Final = ("family", "local_addr", "happy_eyeballs_delay")


class ConnectOptions(ConnectionOptions, total=False):
    """What :func:`connect` can be given; all are optional."""

    ssl: SSLContext | bool | None
    server_hostname: str
    sock: socket.socket
    family: int
    local_addr: tuple[str, int]
    happy_eyeballs_delay: float


@overload
async def connect(
    host: str | None = None, port: int | None = None, **arguments: Unpack[ConnectOptions]
) -> MudConnection: ...
@overload
async def connect(
    host: str | None = None,
    port: int | None = None,
    *,
    connection: type[AnyConnection],
    **arguments: Unpack[ConnectOptions],
) -> AnyConnection: ...
@overload
async def connect(
    host: str | None = None,
    port: int | None = None,
    *,
    connection: type[MudHandler],
    **arguments: Unpack[ConnectOptions],
) -> MudConnection: ...


async def connect(
    host: str | None = None,
    port: int | None = None,
    *,
    connection: type[MudHandler] = MudConnection,
    **arguments: Unpack[ConnectOptions],
) -> MudConnection:
    """Connect, and return the connection as soon as it is up.

    :param host: name or address of the server; all addresses of a name are tried.
    :param port: its TCP port.
    :param connection: the class of the connection: of :class:`MudConnection`, or any other
        :class:`~telnet.handler.MudHandler`, which then is run on asyncio.
    :param arguments: ``options``, ``limits``, ``encoding``, ``fallback``, ``legacy_encoding``, ``ayt_answer``,
        ``nop_interval``, ``edit_lines``, ``keepalive`` and ``nodelay`` are set on the connection, instead of what its
        class says.  ``ssl`` is True or the context of a client, to secure the connection with TLS before it begins.
        ``server_hostname``, ``sock``, ``family``, ``local_addr`` and ``happy_eyeballs_delay`` are those of
        :meth:`asyncio.loop.create_connection`, on every event loop.
    :raises TypeError, ValueError, LookupError: for arguments that are wrong.
    :raises OSError: when the connection cannot be made; :exc:`TimeoutError` when that takes ``limits.connect`` seconds.
    """
    settings = check_names("connect", ConnectOptions, arguments)
    connection_class = with_settings(on_asyncio(connection), settings, Role.CLIENT)
    _check_target(host, port, settings)
    settings.update(tls_options(settings.get("ssl"), connection_class.limits))
    made = connection_class()
    made._loop = asyncio.get_running_loop()
    try:
        await _connect_in_time(made, _connect(made, host, port, settings))
        if made._fault is not None:
            raise made._fault
        made._guardian = Guardian(made._close_with_the_loop)
        await made._guardian.arm()
    except BaseException as exc:
        made._abandon()
        if isinstance(exc, OSError) and port is not None:
            name_address(exc, "connect to", (host, port))
        raise
    return made


async def _connect(made: MudConnection, host: str | None, port: int | None, settings: dict[str, Any]) -> None:
    dialing = {name: settings.pop(name) for name in _DIALING if name in settings}
    given: socket.socket | None = settings.pop("sock", None)
    if given is None:
        if settings.get("ssl"):
            settings.setdefault("server_hostname", host or "localhost")
        given = await connected_socket(host, port, **dialing)
    else:
        keep_urgent_data(given)
    if settings.get("ssl"):
        await made._loop.create_connection(lambda: made, sock=given, **settings)
    else:
        # Which minds that a handler closes as soon as it begins; uvloop's create_connection would close a socket twice.
        await made._loop.connect_accepted_socket(lambda: made, given)


def _check_target(host: str | None, port: int | None, settings: dict[str, Any]) -> None:
    target = [name for name in ("host", "port", *_DIALING) if {"host": host, "port": port, **settings}.get(name)]
    given = settings.get("sock")
    if given is None:
        if host is None and port is None:
            raise ValueError("there must be a port to connect to, or sock")
    elif target:
        raise ValueError(f"sock must be given without {target[0]}, not with it: it is connected already")
    elif not isinstance(given, socket.socket) or given.type != socket.SOCK_STREAM:
        raise ValueError(f"sock must be a stream socket, not {given!r}")
    if settings.get("server_hostname") is not None and not settings.get("ssl"):
        raise ValueError("server_hostname must be given with ssl, not without: a certificate is to name it")


async def _connect_in_time(made: MudConnection, connecting: Awaitable[object]) -> None:
    try:
        await asyncio.wait_for(connecting, made.limits.connect)
    except asyncio.TimeoutError as exc:
        raise connect_timeout(made.limits.connect) from exc
