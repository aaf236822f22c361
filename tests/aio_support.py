"""What the tests of the asyncio shell share: handlers that write down what happens, and peers that know no Telnet."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, ClassVar

from net_support import PATIENCE

from telnet import Limits, MudHandler, aio

HOST = "127.0.0.1"
QUICK = Limits(ready=0.05, close=0.2, linger=0.2)
PATIENT = Limits(ready=0.05, close=3 * PATIENCE, linger=3 * PATIENCE)  # where nothing is to be cut short
TINY = Limits(ready=0.05, close=0.2, linger=0.2, unread=20)

Main = Callable[[], Awaitable[None]]
Run = Callable[[Main], None]


def run_on(loop: asyncio.AbstractEventLoop) -> Run:
    """What runs a coroutine function on the loop; no task is left behind."""

    def run(main: Main) -> None:
        loop.run_until_complete(asyncio.wait_for(main(), PATIENCE))
        left = asyncio.all_tasks(loop)
        loop.run_until_complete(asyncio.sleep(0))
        assert not left

    return run


class Recorder(MudHandler):
    """Writes down what happens."""

    limits = QUICK
    made: ClassVar[list[Any]] = []

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.events: list[Any] = []
        self.made.append(self)

    def on_connect(self) -> None:
        self.events.append("connect")

    def on_ready(self) -> None:
        self.events.append("ready")

    def on_slow_consumer(self) -> None:
        self.events.append("slow consumer")
        super().on_slow_consumer()

    def on_error(self, exc: Exception) -> None:
        self.events.append(exc)

    def on_close(self) -> None:
        self.events.append("close")


class Connection(Recorder, aio.MudConnection):
    """A connection of this shell whose lines are read."""


class Liner(Recorder):
    """A handler of lines."""

    def on_line(self, line: str) -> None:
        self.events.append(line)
        self.send_line(f"You say: {line}")


class Peer:
    """A client that knows nothing of Telnet."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @property
    def socket(self) -> Any:
        return self.writer.get_extra_info("socket")

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def receive(self, length: int) -> bytes:
        return await self.reader.readexactly(length)

    async def receive_until(self, ending: bytes) -> bytes:
        return await self.reader.readuntil(ending)

    async def receive_all(self) -> bytes:
        return await self.reader.read()

    def end(self) -> None:
        self.writer.write_eof()

    def reset(self) -> None:
        """Close with a reset instead of an orderly end."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


def address_of(server: aio.Server) -> tuple[str, int]:
    host, port = server.sockets[0].getsockname()[:2]
    return host, port


@asynccontextmanager
async def peer_of(server: aio.Server, **options: Any) -> Any:
    """Somebody who has connected to the server, until the end of the block."""
    reader, writer = await asyncio.open_connection(*address_of(server), **options)
    try:
        yield Peer(reader, writer)
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


@asynccontextmanager
async def serving(handler: Any, **options: Any) -> Any:
    """A server, and somebody who has connected to it."""
    options.setdefault("connection", Connection) if not isinstance(handler, type) else None
    async with await aio.serve(handler, HOST, 0, **options) as server, peer_of(server) as peer:
        yield server, peer


async def only(server: aio.Server) -> Any:
    """The connection of the only client."""
    await until(lambda: server.connections)
    [connection] = server.connections
    return connection


async def until(condition: Callable[[], object]) -> None:
    while not condition():
        await asyncio.sleep(0.002)


async def echo(connection: aio.MudConnection) -> None:
    async for line in connection:
        connection.send_line(f"You say: {line}")


class SlowPeer:
    """A client that reads when it is told to, and whose system keeps little, so that this is soon noticed."""

    def __init__(self) -> None:
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
        self.socket.setblocking(False)

    async def receive(self, limit: int) -> bytes:
        return await asyncio.get_running_loop().sock_recv(self.socket, limit)

    async def receive_all(self) -> bytes:
        received = bytearray()
        while chunk := await self.receive(65536):
            received += chunk
        return bytes(received)


@asynccontextmanager
async def serving_slowly(handler: Any, **options: Any) -> Any:
    """A connection of a server, and its peer, which reads slowly."""
    peer = SlowPeer()
    async with await aio.serve(handler, HOST, 0, **options) as server:
        with peer.socket:
            await asyncio.get_running_loop().sock_connect(peer.socket, address_of(server))
            connection = await only(server)
            ours = connection._transport.get_extra_info("socket")
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16384)
            yield connection, peer
