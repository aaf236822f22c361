"""The server: the same players on either shell of the library."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from telnet import Engine, MudServer

from .accounts import Accounts, default_path
from .game import Game
from .player import players_of
from .world import World


class CannotServe(Exception):
    """Somebody has to put something right first: where characters are kept, or where to listen."""


def serve(
    host: str = "127.0.0.1", port: int = 4000, database: str | Path | None = None, shell: str = "selectors"
) -> None:
    """Serve until SIGINT or SIGTERM.

    :param database: the file where characters are kept; ``:memory:`` for none, so that they are forgotten.
    :param shell: ``selectors`` or ``asyncio``.
    :raises CannotServe: when the database or the port cannot be had.
    """
    with closing(open_accounts(database)) as accounts:
        SHELLS[shell](Game(World.load(), accounts), host, port)


def open_accounts(path: str | Path | None) -> Accounts:
    try:
        path = default_path() if path is None else path
        return Accounts(path)
    except (OSError, RuntimeError, sqlite3.Error) as error:  # of a Path, RuntimeError: no home, or a loop of links
        where = "a file of this user" if path is None else path
        raise CannotServe(f"cannot keep characters in {where}: {error}") from error


def serve_on_selectors(game: Game, host: str, port: int) -> None:
    engine = Engine.instance()
    with listening():
        server = MudServer(players_of(game)).listen((host, port))

    def stop() -> None:
        game.close()
        server.close()
        engine.stop()

    when_told_to_stop(lambda: engine.call_from_thread(stop))
    announce(game, host, server.local_address[1])
    engine.start()


async def serve_on_asyncio(game: Game, host: str, port: int) -> None:
    from telnet import aio

    loop = asyncio.get_running_loop()
    with listening():
        server = await aio.serve(players_of(game), host, port)

    def stop() -> None:
        game.close()
        server.close()

    when_told_to_stop(lambda: loop.call_soon_threadsafe(stop))
    announce(game, host, server.sockets[0].getsockname()[1])
    async with server:
        await server.serve_forever()


SHELLS: dict[str, Callable[[Game, str, int], None]] = {
    "selectors": serve_on_selectors,
    "asyncio": lambda game, host, port: asyncio.run(serve_on_asyncio(game, host, port)),
}


@contextmanager
def listening() -> Iterator[None]:
    try:
        yield
    except (OSError, UnicodeError) as error:  # UnicodeError: such a name cannot be of a host
        raise CannotServe(getattr(error, "strerror", None) or f"cannot listen: {error}") from error


def when_told_to_stop(stop: Callable[[], object]) -> None:
    """Call a function at the first signal.  The next would come while what is not saved yet is written."""
    signals = (signal.SIGINT, signal.SIGTERM)

    def stop_once(*_: object) -> None:
        for number in signals:
            signal.signal(number, signal.SIG_IGN)
        stop()

    for number in signals:
        signal.signal(number, stop_once)


def announce(game: Game, host: str, port: int) -> None:
    game.port = port
    print(f"mud listening on {host} port {port}\ncharacters are kept in {game.accounts.path}", flush=True)
