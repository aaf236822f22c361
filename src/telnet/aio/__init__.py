"""Sessions on asyncio: connections that are handlers, or that a coroutine reads line by line; servers and clients.

::

    async def player(connection):
        connection.prompt("What is your name? ")
        name = await connection.readline()
        connection.send_line(f"Welcome, {name}!")
        async for line in connection:
            connection.send_line(f"You say: {line}")

    async def main():
        async with await aio.serve(player, port=4000, options=(TTYPE, NAWS, EOR)) as server:
            await server.serve_forever()

    asyncio.run(main())

Any event loop will do that keeps what asyncio promises, such as uvloop's.
"""

from __future__ import annotations

from telnet.aio.client import ConnectOptions, connect
from telnet.aio.connection import MudConnection
from telnet.aio.server import ServeOptions, Server, serve
from telnet.aio.settings import ConnectionOptions

__all__ = ["ConnectOptions", "ConnectionOptions", "MudConnection", "ServeOptions", "Server", "connect", "serve"]
