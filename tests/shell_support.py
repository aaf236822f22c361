"""What the tests of both shells share: a handler that runs on a shell in a thread, and sockets that talk to it."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
from net_support import PATIENCE

from telnet import Engine, MudConnection, MudHandler, MudServer, aio

LOOPS = ("asyncio", "uvloop")
SHELLS = ("selectors", *LOOPS)


def new_event_loop(name: str) -> asyncio.AbstractEventLoop:
    """A loop of asyncio itself, or one of uvloop's; a test is skipped where that cannot be installed."""
    if name == "asyncio":
        return asyncio.new_event_loop()
    loop: asyncio.AbstractEventLoop = pytest.importorskip("uvloop").new_event_loop()
    return loop


def wait_until(condition: Callable[[], object], patience: float = PATIENCE) -> None:
    """Wait for what happens in another thread."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, "the awaited did not happen"
        time.sleep(0.002)


class Shell(ABC):
    """A server on a port of its own, in a thread of its own."""

    address: Any
    server: Any

    @abstractmethod
    def call(self, function: Callable[[], object]) -> None:
        """Have the shell's thread call a function soon."""

    @abstractmethod
    def stop(self) -> None:
        """Close the server, and wait until its thread has ended."""

    def connect(self, *, receive_buffer: int = 0) -> socket.socket:
        """A client of it, whose system keeps not much more than so many bytes for it."""
        client = socket.socket()
        if receive_buffer:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        client.settimeout(PATIENCE)
        client.connect(self.address)
        return client


class SelectorsShell(Shell):
    def __init__(self, handler: type[MudHandler], host: str, tls: ssl.SSLContext | None) -> None:
        self.engine = Engine()
        self.server = MudServer(handler, engine=self.engine, ssl_options=tls).listen((host, 0))
        self.address = self.server.local_address
        self.thread = threading.Thread(target=self.engine.start)
        self.thread.start()
        wait_until(lambda: self.engine.running)

    def call(self, function: Callable[[], object]) -> None:
        self.engine.call_from_thread(function)

    def stop(self) -> None:
        self.call(self.server.close)
        self.call(self.engine.stop)
        self.thread.join(PATIENCE)
        self.engine.close()


class AsyncioShell(Shell):
    def __init__(
        self, handler: type[MudHandler], host: str, tls: ssl.SSLContext | None, loop: asyncio.AbstractEventLoop
    ) -> None:
        self.loop = loop
        self.arguments: Any = (handler, host, 0)
        self.tls = tls
        self.left: set[asyncio.Task[Any]] = set()
        self.started = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()
        assert self.started.wait(PATIENCE)

    def run(self) -> None:
        try:
            self.loop.run_until_complete(self.serve())
        finally:
            self.loop.close()

    async def serve(self) -> None:
        async with await aio.serve(*self.arguments, ssl=self.tls) as self.server:
            self.address = self.server.sockets[0].getsockname()
            self.stopping = asyncio.Event()
            self.started.set()
            await self.stopping.wait()
        self.left = asyncio.all_tasks() - {asyncio.current_task()}

    def call(self, function: Callable[[], object]) -> None:
        self.loop.call_soon_threadsafe(function)

    def stop(self) -> None:
        self.call(self.stopping.set)
        self.thread.join(PATIENCE)
        assert not self.left


def start_shell(
    name: str, handler: type[MudHandler], *, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
) -> Shell:
    """Start one of ``SHELLS`` with the handler."""
    if name == "selectors":
        return SelectorsShell(handler, host, tls)
    return AsyncioShell(handler, host, tls, new_event_loop(name))


@contextmanager
def dialing(
    name: str, handler: type[MudHandler], address: Any, *, tls: ssl.SSLContext | None = None, **options: Any
) -> Iterator[None]:
    """Connect to an address with a handler, on one of ``SHELLS`` in a thread of its own, until the end of the block.

    The options are those of ``aio.connect``, or what the class of the connection says.
    """
    dial = dial_on_the_engine if name == "selectors" else partial(dial_on_a_loop, new_event_loop(name))
    stopping = threading.Event()
    thread = threading.Thread(target=dial, args=(handler, address, tls, options, stopping))
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join(PATIENCE)


def dial_on_the_engine(
    handler: type[MudHandler],
    address: Any,
    tls: ssl.SSLContext | None,
    options: dict[str, Any],
    stopping: threading.Event,
) -> None:
    made: Any = MudConnection.running(handler)
    with Engine() as engine:
        made(engine=engine, ssl_options=tls, **options).connect(address)
        while not stopping.is_set():
            engine.poll(0.01)


def dial_on_a_loop(
    loop: asyncio.AbstractEventLoop,
    handler: type[MudHandler],
    address: Any,
    tls: ssl.SSLContext | None,
    options: dict[str, Any],
    stopping: threading.Event,
) -> None:
    async def dial() -> None:
        named = {"server_hostname": "localhost"} if tls else {}
        arguments: Any = {"connection": handler, "ssl": tls, **named, **options}
        connection = await aio.connect(*address[:2], **arguments)
        while not stopping.is_set():
            await asyncio.sleep(0.01)
        connection.close(flush=False)
        await connection.wait_closed()

    try:
        loop.run_until_complete(dial())
    finally:
        loop.close()


def receive_until(client: socket.socket, ending: bytes) -> bytes:
    """What comes up to and with the ending."""
    received = b""
    while not received.endswith(ending):
        chunk = client.recv(65536)
        assert chunk, f"the connection ended behind {received!r}"
        received += chunk
    return received


def receive_all(client: socket.socket) -> bytes:
    """What comes up to the end of the connection, which is an orderly one."""
    received = bytearray()
    while chunk := client.recv(65536):
        received += chunk
    return bytes(received)
