"""What connections are told by the arguments of ``serve`` and ``connect``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from ssl import SSLContext
from typing import Any, TypedDict, TypeVar

from telnet.aio.connection import HandlerConnection, MudConnection
from telnet.handler import MudHandler, check_handler, combine
from telnet.keepalive import Keepalive
from telnet.limits import Limits
from telnet.options.option import Option, Role

__all__ = ["ConnectionOptions", "check_names", "on_asyncio", "tls_options", "with_settings"]

AnyConnection = TypeVar("AnyConnection", bound=MudConnection)


class ConnectionOptions(TypedDict, total=False):
    """What connections can be given, where it is not to be what their class says; all are optional."""

    options: Sequence[type[Option] | Option]
    limits: Limits
    encoding: str
    fallback: str | None
    legacy_encoding: str | None
    ayt_answer: str | None
    nop_interval: float | None
    edit_lines: bool
    keepalive: bool | Keepalive
    nodelay: bool


def check_names(function: str, expected: Any, arguments: Any) -> dict[str, Any]:
    """Return the arguments of a function by name; ``TypeError`` if one is not of the ``TypedDict`` that is expected."""
    names = expected.__annotations__
    if unknown := arguments.keys() - names.keys():
        raise TypeError(f"unknown argument {min(unknown)!r} of {function}; known are {', '.join(names)}")
    return dict(arguments)


def on_asyncio(handler: type[MudHandler]) -> type[MudConnection]:
    """Return the class of the connections of a handler; ``TypeError`` if it cannot be one of this shell."""
    if isinstance(handler, type) and issubclass(handler, MudConnection):
        return handler
    return combine(handler, HandlerConnection)


def with_settings(connection: type[AnyConnection], settings: dict[str, Any], role: Role) -> type[AnyConnection]:
    """Return the class with the settings that are those of connections; what stays is for the event loop.

    :raises TypeError, ValueError, LookupError: if no connection of that role could begin with them.
    """
    members = {name: settings.pop(name) for name in ConnectionOptions.__annotations__ if name in settings}
    if members:
        names = ("__module__", "__qualname__", "__doc__")
        members.update({name: getattr(connection, name) for name in names})
        connection = type(connection.__name__, (connection,), members)
    check_handler(connection, role)
    return connection


def tls_options(ssl: SSLContext | bool | None, limits: Limits) -> dict[str, Any]:
    """What the event loop is told of TLS; nothing, without it."""
    if not ssl:
        return {}
    options: dict[str, Any] = {"ssl": ssl, "ssl_handshake_timeout": limits.handshake}
    if sys.version_info >= (3, 11):
        options["ssl_shutdown_timeout"] = limits.close
    return options
