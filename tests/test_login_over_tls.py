"""Tokens of Char.Login on real connections: over TLS as they are, in the clear only where the game allows it."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from net_support import PATIENCE, run_until
from shell_support import SHELLS, new_event_loop
from tls_support import Certificates

from telnet import Engine, Limits, MudConnection, MudHandler, MudServer, aio
from telnet.options import GMCP
from telnet.options.gmcp_login import offer_login, replay_token, send_credentials, send_login_token

HOST = "127.0.0.1"


class Game(MudHandler):
    """Takes tokens, and gives one to those that have none."""

    options = (GMCP,)
    limits = Limits(ready=0.05, close=0.2, linger=0.2)
    secure_only: bool | None = None
    heard: list[tuple[Any, ...]]

    def on_gmcp_supports(self) -> None:
        offer_login(self.session[GMCP], version=2)

    def on_login_reconnect(self, account: str, token: str) -> None:
        self.heard.append(("reconnect", account, token))

    def on_login_declined(self) -> None:
        self.heard.append(("declined",))
        send_login_token(self.session[GMCP], "ada", "next", secure_only=self.secure_only)


class Visitor(MudHandler):
    """Has the token of an earlier visit, and hands over to the game where that must not be sent."""

    options = (GMCP("Visitor", "1", {"Char.Login": 2}, token_storage=True),)
    limits = Game.limits
    kept: list[tuple[str, str, bool]]

    def on_login_offer(self, types: tuple[str, ...], location: str) -> None:
        if not (self.kept and replay_token(self.session[GMCP], *self.kept[-1])):
            send_credentials(self.session[GMCP])

    def on_login_token(self, account: str, token: str, secure_only: bool) -> None:
        self.kept.append((account, token, secure_only))


class Visit(NamedTuple):
    """Who meets whom, and until when."""

    game: type[Game]
    visitor: type[Visitor]
    over: Callable[[], bool]


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.002)


def on_selectors(visit: Visit, here: ssl.SSLContext | None, there: ssl.SSLContext | None) -> None:
    engine = Engine()
    try:
        ours: Any = {"ssl_options": here} if here else {}
        theirs: Any = {"ssl_options": there} if there else {}
        server = MudServer(visit.game, engine=engine, **ours).listen((HOST, 0))
        client: Any = MudConnection.running(visit.visitor)(engine=engine, **theirs)
        client.connect(server.local_address)
        run_until(engine, visit.over)
        client.close()
        server.close()
    finally:
        engine.close()


def on_asyncio(loop: str, visit: Visit, here: ssl.SSLContext | None, there: ssl.SSLContext | None) -> None:
    async def main() -> None:
        async with await aio.serve(visit.game, HOST, 0, ssl=here) as server:
            port = server.sockets[0].getsockname()[1]
            async with await aio.connect(HOST, port, connection=visit.visitor, ssl=there):
                await asyncio.wait_for(until(visit.over), PATIENCE)

    made = new_event_loop(loop)
    try:
        made.run_until_complete(main())
    finally:
        made.close()


def meet(
    shell: str, certificates: Certificates | None, kept: tuple[str, str, bool] | None, allows: bool | None = None
) -> tuple[list[Any], list[Any]]:
    """Have a visitor, perhaps with a token, meet the game on a shell; return what the game heard, and new tokens."""
    heard: list[tuple[Any, ...]] = []
    tokens = [kept] if kept else []
    before = len(tokens)
    game = type("Game", (Game,), {"heard": heard, "secure_only": None if allows is None else not allows})
    visitor = type("Visitor", (Visitor,), {"kept": tokens})
    visit = Visit(game, visitor, lambda: bool(heard) and (heard[0][0] == "reconnect" or len(tokens) > before))
    here, there = (certificates.server, certificates.client) if certificates else (None, None)
    if shell == "selectors":
        on_selectors(visit, here, there)
    else:
        on_asyncio(shell, visit, here, there)
    return heard, tokens[before:]


def test_token_is_replayed_as_soon_as_tls_has_started_in_the_middle(certificates: Certificates) -> None:
    heard: list[tuple[Any, ...]] = []
    replayed: list[bool] = []

    class Upgrading(Game):
        def on_line(self, line: str) -> None:
            self.send_line("go ahead")
            self.startSSL(certificates.server)  # type: ignore[attr-defined]

    class Careful(Visitor):
        def on_login_offer(self, types: tuple[str, ...], location: str) -> None:
            self.replay()
            self.send_line("starttls")

        def on_line(self, line: str) -> None:
            self.startSSL(certificates.client)  # type: ignore[attr-defined]

        def on_ssl_handshake(self) -> None:
            self.replay()

        def replay(self) -> None:
            replayed.append(replay_token(self.session[GMCP], "ada", "first"))

    Upgrading.heard = heard
    on_selectors(Visit(Upgrading, Careful, lambda: bool(heard)), None, None)

    assert (replayed, heard) == ([False, True], [("reconnect", "ada", "first")])


by_shell = pytest.mark.parametrize("shell", SHELLS)


@by_shell
def test_token_is_replayed_over_tls(shell: str, certificates: Certificates) -> None:
    assert meet(shell, certificates, ("ada", "first", True)) == ([("reconnect", "ada", "first")], [])


@by_shell
def test_token_for_tls_is_not_replayed_in_the_clear(shell: str) -> None:
    assert meet(shell, None, ("ada", "first", True)) == ([("declined",)], [("ada", "next", False)])


@by_shell
def test_token_that_the_game_allows_is_replayed_in_the_clear(shell: str) -> None:
    assert meet(shell, None, ("ada", "first", False)) == ([("reconnect", "ada", "first")], [])


@by_shell
@pytest.mark.parametrize("allows", [None, False, True])
def test_token_is_for_tls_alone_as_the_game_says_or_as_it_came(
    shell: str, certificates: Certificates, allows: bool | None
) -> None:
    heard, tokens = meet(shell, certificates, None, allows)

    assert heard == [("declined",)]
    assert tokens == [("ada", "next", allows is not True)]
