"""What the tests of the selectors shell share: turning the engine until something is true, and quiet client sockets."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import Any

from telnet import Engine, TelnetConnection, TelnetServer

PATIENCE = 10.0


def has_ipv6() -> bool:
    """Return whether this machine has an address of IPv6: a container may have none, and a kernel that knows it."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


def run_until(engine: Engine, condition: Callable[[], object], patience: float = PATIENCE) -> None:
    """Poll until the condition holds; fail when it does not within ``patience`` seconds."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, "the awaited did not happen"
        engine.poll(0.01)


def run_for(engine: Engine, seconds: float) -> None:
    """Poll for a while, to see that something does not happen."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        engine.poll(0.01)


class Recorder(TelnetConnection):
    """A connection that writes down its events, in the order in which they came, as tuples."""

    def __init__(self, **kwargs: Any) -> None:
        self.events: list[tuple[Any, ...]] = []
        super().__init__(**kwargs)

    def on_connect(self) -> None:
        self.events.append(("connect",))

    def on_read(self, *data: Any) -> None:
        self.events.append(("read", *data))

    def on_write(self) -> None:
        self.events.append(("write",))

    def on_close(self) -> None:
        self.events.append(("close",))

    def on_command(self, command: bytes) -> None:
        self.events.append(("command", command))

    def on_option(self, command: bytes, option: bytes) -> None:
        self.events.append(("option", command, option))

    def on_subnegotiation(self, option: bytes, data: bytes) -> None:
        self.events.append(("subnegotiation", option, data))

    def on_protocol_error(self, reason: str, data: bytes) -> None:
        self.events.append(("protocol_error", reason, data))

    def on_error(self, exc: Exception) -> None:
        self.events.append(("error", exc))


def accept_one(
    engine: Engine, connection_class: type[TelnetConnection] = Recorder, **server_options: Any
) -> tuple[TelnetServer, Any, socket.socket]:
    """Start a server, connect a plain client socket to it, and return server, connection and client."""
    server = TelnetServer(connection_class, engine=engine, **server_options).listen(("127.0.0.1", 0))
    client = socket.create_connection(server.local_address, timeout=PATIENCE)
    run_until(engine, lambda: len(server.connections) == 1)
    return server, next(iter(server.connections)), client


def receive_all(engine: Engine, client: socket.socket, patience: float = PATIENCE) -> bytes:
    """Turn the engine and read the client until its end of input; return all that came."""
    received = bytearray()
    ended = False
    client.setblocking(False)

    def at_the_end() -> bool:
        nonlocal ended
        try:
            while chunk := client.recv(65536):
                received.extend(chunk)
            ended = True
        except BlockingIOError:
            pass
        except ConnectionResetError:
            ended = True
        return ended

    run_until(engine, at_the_end, patience)
    return bytes(received)
