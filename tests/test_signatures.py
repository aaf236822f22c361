"""What callers and subclasses rely on: the name, kind and default of every argument of the documented members."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from telnet import Engine, TelnetConnection, TelnetServer

CONNECTION = {
    "close": "(self, flush=True)",
    "connect": "(self, address)",
    "flush": "(self)",
    "send_file": "(self, sfile, nbytes=0, offset=0, flush=False)",
    "startSSL": "(self, ssl_options={})",
    "write": "(self, data, flush=False)",
    "write_file": "(self, sfile, nbytes=0, offset=0, flush=False)",
    "write_packed": "(self, *data, format=None, flush=False)",
    "on_close": "(self)",
    "on_command": "(self, command)",
    "on_connect": "(self)",
    "on_connect_error": "(self, exc)",
    "on_error": "(self, exc)",
    "on_option": "(self, command, option)",
    "on_overflow_error": "(self, exc)",
    "on_protocol_error": "(self, reason, data)",
    "on_read": "(self, data)",
    "on_read_error": "(self, exc)",
    "on_slow_consumer": "(self)",
    "on_ssl_error": "(self, exc)",
    "on_ssl_handshake": "(self)",
    "on_ssl_handshake_error": "(self, exc)",
    "on_subnegotiation": "(self, option, data)",
    "on_write": "(self)",
    "on_write_error": "(self, exc)",
}

SERVER = {
    "close": "(self, flush=True)",
    "listen": "(self, address, backlog=1024, slave=True, *, reuse_port=False)",
    "startSSL": "(self, ssl_options={})",
    "on_accept": "(self, socket, addr)",
    "on_close": "(self)",
    "on_error": "(self, exc)",
    "on_listen": "(self)",
    "on_ssl_wrap_error": "(self, sock, addr, exc)",
}

ENGINE = {
    "add_channel": "(self, channel)",
    "call_from_thread": "(self, function, *args, **kwargs)",
    "callback": "(self, function, *args, **kwargs)",
    "close": "(self)",
    "cycle": "(self, interval, function, *args, **kwargs)",
    "defer": "(self, delay, function, *args, **kwargs)",
    "loop": "(self, function, *args, **kwargs)",
    "modify_channel": "(self, channel)",
    "poll": "(self, poll_timeout)",
    "remove_channel": "(self, channel)",
    "start": "(self, poll_timeout=0.2)",
    "stop": "(self)",
}

METHODS = [
    pytest.param(getattr(owner, name), expected, id=f"{owner.__name__}.{name}")
    for owner, members in ((TelnetConnection, CONNECTION), (TelnetServer, SERVER), (Engine, ENGINE))
    for name, expected in members.items()
]

CONSTRUCTORS = [
    pytest.param(TelnetConnection, "(**kwargs)", id="TelnetConnection"),
    pytest.param(TelnetServer, "(ConnectionClass=None, **kwargs)", id="TelnetServer"),
    pytest.param(Engine, "(poller=None)", id="Engine"),
    pytest.param(Engine.instance, "()", id="Engine.instance"),
]


def signature_text(function: Callable[..., Any]) -> str:
    """The signature without annotations: names, kinds and defaults alone."""
    signature = inspect.signature(function)
    bare = [parameter.replace(annotation=inspect.Parameter.empty) for parameter in signature.parameters.values()]
    return str(inspect.Signature(bare))


@pytest.mark.parametrize(("method", "expected"), METHODS)
def test_method_keeps_names_kinds_and_defaults_of_its_arguments(method: Callable[..., Any], expected: str) -> None:
    assert signature_text(method) == expected


@pytest.mark.parametrize(("constructor", "expected"), CONSTRUCTORS)
def test_constructor_keeps_names_kinds_and_defaults_of_its_arguments(
    constructor: Callable[..., Any], expected: str
) -> None:
    assert signature_text(constructor) == expected


@pytest.mark.parametrize("name", ["connected", "connecting", "ssl_enabled"])
def test_state_of_a_connection_is_a_plain_bool(name: str) -> None:
    with Engine() as engine:
        assert getattr(TelnetConnection(engine=engine), name) is False


@pytest.mark.parametrize("name", ["listening", "ssl_enabled"])
def test_state_of_a_server_is_a_plain_bool(name: str) -> None:
    with Engine() as engine:
        assert getattr(TelnetServer(engine=engine), name) is False


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (TelnetConnection, "buffer_size"),
        (TelnetConnection, "fileno"),
        (TelnetConnection, "local_address"),
        (TelnetConnection, "read_delimiter"),
        (TelnetConnection, "remote_address"),
        (TelnetServer, "channels"),
        (TelnetServer, "fileno"),
        (TelnetServer, "local_address"),
        (TelnetServer, "remote_address"),
    ],
)
def test_member_is_a_property_not_a_method(owner: type, name: str) -> None:
    assert isinstance(inspect.getattr_static(owner, name), property)


def test_every_public_method_of_a_connection_is_listed_here() -> None:
    for_the_engine = {"abandon", "handle_events", "send_queued"}
    methods = {name for name, _ in inspect.getmembers(TelnetConnection, inspect.isfunction) if name[0] != "_"}
    assert methods - for_the_engine == set(CONNECTION)


def test_every_public_method_of_a_server_is_listed_here() -> None:
    for_the_engine = {"abandon", "handle_events", "send_queued"}
    methods = {name for name, _ in inspect.getmembers(TelnetServer, inspect.isfunction) if name[0] != "_"}
    assert methods - for_the_engine == set(SERVER)


def test_every_public_method_of_the_engine_is_listed_here() -> None:
    for_channels = {"leave_over", "queue", "take_back"}
    methods = {name for name, _ in inspect.getmembers(Engine, inspect.isfunction) if name[0] != "_"}
    assert methods - for_channels == set(ENGINE)
