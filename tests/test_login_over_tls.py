"""Char.Login on real connections: tokens go in the clear only where the game allows it, and no log has a secret."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable
from socket import create_connection
from typing import Any, NamedTuple

import pytest
from net_support import PATIENCE, run_until
from shell_support import SHELLS, new_event_loop
from tls_support import Certificates

from telnet import Engine, Limits, MudConnection, MudHandler, MudServer, aio, negotiate, subnegotiation
from telnet.constants import DO, IAC, NOP, SE
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


# What a handler raises


class Careless(MudHandler):
    """Raises with whatever it is told of logins and faults, and once more when it is told that it raised."""

    options = (GMCP(events={"Core.Login": "on_own"}),)
    limits = Game.limits
    raised: list[Exception]

    def on_login_credentials(self, account: str, password: str) -> None:
        raise ValueError(password) from KeyError(password)

    def on_login_resume(self, account: str, provider: str) -> None:
        raise ValueError(provider)

    def on_login_reconnect(self, account: str, token: str) -> None:
        raise ValueError(token)

    def on_login_auth_code(self, code: str, code_verifier: str, redirect_uri: str, nonce: str) -> None:
        raise ValueError(code)

    def on_own(self, value: Any) -> None:
        raise ValueError(value)

    def on_gmcp(self, package: str, value: Any) -> None:
        raise ValueError(package, value)

    def on_protocol_error(self, reason: str, data: bytes) -> None:
        raise ValueError(reason, data)

    def on_error(self, exc: Exception) -> None:
        self.raised.append(exc)
        raise RuntimeError(f"again: {exc}")


SECRETS = {
    "credentials": b'Char.Login.Credentials {"account":"bob","password":"hunter2"}',
    "broken credentials": b'Char.Login.Credentials {"account":"bob","password":"hunter2"',
    "a resumption": b'char.login.credentials{"account":"bob","provider":"hunter2"}',
    "a token": b'Char.Login.Reconnect {"account":"bob","token":"hunter2"}',
    "a code": b'Char.Login.AuthCode {"code":"hunter2","code_verifier":"v","redirect_uri":"r"}',
    "a login of another package": b'Core.Login {"name":"bob","word":"hunter2"}',
    "a message of another version": b'Char.Login.Key {"key":"hunter2"}',
    "variables": b'MSDP {"PASSWORD":"hunter2"}',
}


def say_on_selectors(message: bytes, raised: list[Exception]) -> None:
    engine = Engine()
    try:
        server = MudServer(type("Told", (Careless,), {"raised": raised}), engine=engine).listen((HOST, 0))
        with create_connection(server.local_address) as peer:
            peer.sendall(message)
            run_until(engine, lambda: bool(raised))
    finally:
        engine.close()


def say_on_asyncio(loop: str, message: bytes, raised: list[Exception]) -> None:
    async def main() -> None:
        async with await aio.serve(type("Told", (Careless,), {"raised": raised}), HOST, 0) as server:
            _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer.write(message)
            await asyncio.wait_for(until(lambda: bool(raised)), PATIENCE)
            writer.close()

    made = new_event_loop(loop)
    made.set_debug(True)
    made.slow_callback_duration = 0  # so that it logs each call
    try:
        made.run_until_complete(main())
    finally:
        made.close()


@by_shell
@pytest.mark.parametrize("message", SECRETS.values(), ids=SECRETS)
@pytest.mark.parametrize("ending", [IAC + SE, IAC + NOP], ids=["whole", "interrupted"])
def test_no_log_of_any_shell_has_a_secret_whatever_handlers_raise(
    shell: str, message: bytes, ending: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    raised: list[Exception] = []
    wire = negotiate(DO, GMCP.code) + subnegotiation(GMCP.code, message)[:-2] + ending

    with caplog.at_level(logging.DEBUG):
        say_on_selectors(wire, raised) if shell == "selectors" else say_on_asyncio(shell, wire, raised)

    lines = [logging.Formatter().format(record) for record in caplog.records]
    assert any("exception in on_error" in line for line in lines)
    assert "hunter2" not in "\n".join(lines)
