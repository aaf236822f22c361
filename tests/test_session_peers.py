"""Other libraries of Python, as clients of a server of ours and as servers of our client."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from client_support import PATIENCE
from mud_support import Notes, Player, hosting, running_engine

from telnet import Limits, MudConnection
from telnet.negotiation import Side
from telnet.options import (
    BINARY,
    CHARSET,
    ECHO,
    EOR,
    GMCP,
    MCCP2,
    MCCP3,
    NAWS,
    NEW_ENVIRON,
    SGA,
    TSPEED,
    TTYPE,
    XDISPLOC,
    Option,
)

pytestmark = [pytest.mark.slow, pytest.mark.once, pytest.mark.timeout(180)]

PROGRAMS = Path(__file__).parent / "peer_programs.py"
TEXT = "say héllo ☃"


class Server(Player):
    limits = Limits(ready=PATIENCE)
    options = (TTYPE, NAWS, NEW_ENVIRON, CHARSET, TSPEED, XDISPLOC, EOR, ECHO, BINARY, GMCP, MCCP3, MCCP2)

    def on_connect(self) -> None:
        super().on_connect()
        self.session[BINARY].offer()
        self.session[BINARY].request()

    def on_line(self, line: str) -> None:
        if line == "vitals":
            self.session[GMCP].send_message("Char.Vitals", {"hp": 100, "name": "Zoë"})
        super().on_line(line)


class Client(Notes):
    limits = Limits(ready=PATIENCE)
    options = (
        TTYPE("OURS", "XTERM-256COLOR", "MTTS 271"),
        NAWS(100, 30),
        NEW_ENVIRON(variables={"USER": "fred", "LANG": "en_US.UTF-8"}),
        CHARSET,
        ECHO,
        SGA,
        EOR,
        BINARY,
        GMCP("Ours", "1.0", {"Char": 1}),
        MCCP2,  # and no MCCP3: the server of telnetlib3 5.0.1 takes the beginning of its stream for text
    )


@contextmanager
def running(program: str, port: int = 0) -> Iterator[subprocess.Popen[str]]:
    """Run a program in a process of its own, whose coverage nobody wants."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    command = [sys.executable, str(PROGRAMS), program, str(port)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def visit(program: str) -> tuple[Any, dict[str, Any]]:
    """Have a program visit a server of ours; return what we learnt of it, and it of us."""
    with hosting(Server) as (host, port), running(program, port) as process:
        output, errors = process.communicate(timeout=PATIENCE)
        assert (process.returncode, errors) == (0, "")
        return host.peers[0], json.loads(output)


def call_on(program: str) -> tuple[Any, dict[str, Any]]:
    """Have our client say something to the server that a program is; return what it learnt, and the server of it."""
    with running_engine() as host, running(program) as process:
        assert process.stdout is not None
        address = ("127.0.0.1", int(process.stdout.readline()))
        here = MudConnection.running(type("Caller", (Client,), {"host": host}))
        caller: Any = host.run(lambda: here(engine=host.engine).connect(address))
        host.until(lambda: host.peers and "Welcome!" in caller.lines)
        binary = caller.session[BINARY]
        host.until(lambda: binary.local and binary.remote)  # the last that either server asks for
        host.run(lambda: caller.send_line(TEXT))
        host.until(lambda: ("on_close",) in caller.events)
        output, errors = process.communicate(timeout=PATIENCE)
        assert (process.returncode, errors) == (0, "")
        return caller, json.loads(output)


def on(peer: Any, side: Side) -> set[bytes]:
    return {option for _, option, whose in peer.named("on_option_enabled") if whose is side}


def codes(*options: type[Option]) -> set[bytes]:
    return {option.code for option in options}


def numbers(*options: type[Option]) -> list[int]:
    return sorted(option.code[0] for option in options)


def test_telnetlib3_is_served() -> None:
    peer, told = visit("telnetlib3_client")

    assert on(peer, Side.REMOTE) == codes(TTYPE, NAWS, NEW_ENVIRON, TSPEED, XDISPLOC, BINARY)
    assert on(peer, Side.LOCAL) == codes(CHARSET, EOR, ECHO, BINARY, GMCP, MCCP2, MCCP3)
    assert not peer.named("on_protocol_error", "on_compression_error", "on_negotiation_limit")

    client = peer.client
    assert (client.name, client.version, client.terminal) == ("telnetlib3", "5.0.1", "xterm-256color")
    assert (client.width, client.height, client.speed) == (100, 30, (38400, 38400))
    assert (client.charset, client.utf8, client.environment["LANG"]) == ("UTF-8", True, "en_US.utf8")
    assert peer.lines == ["vitals", TEXT, "login", "sesame", "quit"]

    assert told["shown"].startswith("Welcome!\r\n> ") and f"You said: {TEXT}\r\n" in told["shown"]
    assert told["hidden"] == [True, False]
    assert told["messages"] == [["Char.Vitals", {"hp": 100, "name": "Zoë"}]]
    assert told["ours"] == numbers(TTYPE, NAWS, NEW_ENVIRON, TSPEED, XDISPLOC, BINARY)
    assert told["theirs"] == numbers(CHARSET, EOR, BINARY, GMCP, MCCP2, MCCP3)


def test_telnetlib3_serves_us() -> None:
    peer, told = call_on("telnetlib3_server")

    assert on(peer, Side.LOCAL) == codes(TTYPE, NAWS, NEW_ENVIRON, CHARSET, BINARY)
    assert on(peer, Side.REMOTE) == codes(SGA, ECHO, CHARSET, BINARY, MCCP2)
    assert peer.named("on_charset", "on_echo") == [("on_echo", False), ("on_charset", "utf-8")]
    assert peer.lines[-1] == f"You said: {TEXT}"
    assert not peer.named("on_protocol_error", "on_compression_error")

    assert (told["TERM"], told["cols"], told["rows"]) == ("XTERM-256COLOR", 100, 30)
    assert (told["charset"], told["LANG"], told["USER"]) == ("UTF-8", "en_US.UTF-8", "fred")
    assert told["line"].rstrip() == TEXT
    assert told["theirs"] == numbers(TTYPE, NAWS, NEW_ENVIRON, CHARSET, BINARY)
    assert told["ours"] == numbers(SGA, ECHO, CHARSET, BINARY, MCCP2)
    assert told["compressed"] is True


def test_twisted_is_served() -> None:
    peer, told = visit("twisted_client")

    assert on(peer, Side.REMOTE) == codes(TTYPE, NAWS, BINARY)
    assert on(peer, Side.LOCAL) == codes(ECHO, BINARY)
    assert not peer.named("on_protocol_error", "on_negotiation_limit")
    assert (peer.client.terminal, peer.client.colours) == ("XTERM-256COLOR", 256)
    assert (peer.client.width, peer.client.height) == (100, 30)
    assert peer.lines == [TEXT, "login", "sesame", "quit"]

    assert told["shown"].startswith("Welcome!\n> ") and f"You said: {TEXT}\n" in told["shown"]
    assert told["hidden"] == [True, False]
    assert (told["ours"], told["theirs"]) == (numbers(TTYPE, NAWS, BINARY), numbers(BINARY))


def test_twisted_serves_us() -> None:
    peer, told = call_on("twisted_server")

    assert on(peer, Side.LOCAL) == codes(TTYPE, NAWS, BINARY)
    assert on(peer, Side.REMOTE) == codes(ECHO, SGA, BINARY)
    assert peer.named("on_echo") == [("on_echo", False)]
    assert peer.lines[-1] == f"You said: {TEXT}"
    assert not peer.named("on_protocol_error")

    assert (told["terminal"], told["size"]) == ("\x00OURS", "0064001e")
    assert told["heard"] == f"{TEXT}\n"
    assert (told["ours"], told["theirs"]) == (numbers(ECHO, SGA, BINARY), numbers(TTYPE, NAWS, BINARY))
