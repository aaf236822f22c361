"""A chat, under either shell: ``python shells.py --shell asyncio``, then ``telnet localhost 4002`` twice."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence

from telnet import Engine, MudHandler, MudServer, aio
from telnet.options import BINARY, EOR, MCCP2, NAWS, TTYPE


class Player(MudHandler):
    """Somebody in the chat; nothing here knows which shell it is."""

    options = (TTYPE, NAWS, BINARY, EOR, MCCP2)
    name = ""

    def on_ready(self) -> None:
        self.send_line(f"Welcome, user of {self.client.name or self.client.terminal or 'something'}!")
        self.prompt("What is your name? ")

    def on_line(self, line: str) -> None:
        line = "".join(filter(str.isprintable, line)).strip()
        if not self.name:
            self.name = line or "Nobody"
            self.tell_all(f"{self.name} joins.")
        elif line == "quit":
            self.send_line("Goodbye.")
            return self.close()
        else:
            self.tell_all(f"{self.name} says: {line}")
        self.prompt("> ")

    def on_window_size(self, width: int, height: int) -> None:
        self.send_line(f"Your window is {width} columns wide.")

    def on_close(self) -> None:
        if self.name:
            self.tell_all(f"{self.name} leaves.")

    def tell_all(self, text: str) -> None:
        for player in self.server.connections:
            player.send_line(text)


def serve_on_selectors(host: str, port: int) -> None:
    server = MudServer(Player).listen((host, port))
    print(f"listening on port {server.local_address[1]}", flush=True)
    Engine.instance().start()


async def serve_on_asyncio(host: str, port: int) -> None:
    async with await aio.serve(Player, host, port) as server:
        print(f"listening on port {server.sockets[0].getsockname()[1]}", flush=True)
        await server.serve_forever()


def main(argv: Sequence[str] | None = None) -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--shell", choices=["selectors", "asyncio"], default="selectors")
    arguments.add_argument("--port", type=int, default=4002)
    chosen = arguments.parse_args(argv)
    if chosen.shell == "selectors":
        serve_on_selectors("127.0.0.1", chosen.port)
    else:
        asyncio.run(serve_on_asyncio("127.0.0.1", chosen.port))


if __name__ == "__main__":
    main()
