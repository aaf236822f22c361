"""What a session does in time happens under every shell, at both ends of a connection."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from net_support import PATIENCE
from shell_support import SHELLS, Shell, receive_until, start_shell, wait_until

from telnet import Limits, MudHandler
from telnet.constants import GMCP as GMCP_CODE
from telnet.constants import IAC, SB, SE

OPEN = IAC + SB
CLOSE = IAC + SE


class Player(MudHandler):
    """Says what it hears, and keeps everybody waiting when it is told to."""

    limits = Limits(ready=0.05, subnegotiation_time=0.3, close=0.5, linger=0.3)
    met: ClassVar[list[Any]] = []

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.faults: list[str] = []
        self.stalling = threading.Event()
        self.met.append(self)

    def on_ready(self) -> None:
        self.send_line("Welcome!")

    def on_line(self, line: str) -> None:
        if line == "stall":
            self.stalling.set()
            time.sleep(0.6)
        self.send_line(f"You say: {line}")

    def on_subnegotiation(self, option: bytes, data: bytes) -> None:
        self.send_line(f"Subnegotiation of {len(data)} bytes.")

    def on_protocol_error(self, reason: str, data: bytes) -> None:
        self.faults.append(reason)
        self.send_line("Your client is at fault.")


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> Iterator[Shell]:
    Player.met.clear()
    shell = start_shell(request.param, Player)
    yield shell
    shell.stop()


def enter(shell: Shell) -> socket.socket:
    client = shell.connect()
    receive_until(client, b"Welcome!\r\n")
    return client


# A subnegotiation without an end


def test_who_never_ends_a_subnegotiation_can_type_again(shell: Shell) -> None:
    with enter(shell) as client:
        client.sendall(OPEN + GMCP_CODE + b"Fred\r\n")
        began = time.monotonic()
        assert receive_until(client, b"fault.\r\n") == b"Your client is at fault.\r\n"
        assert time.monotonic() - began >= 0.29
        client.sendall(b"Fred\r\n")
        assert receive_until(client, b"Fred\r\n") == b"You say: Fred\r\n"
        assert Player.met[0].faults == ["subnegotiation without an end"]


def test_subnegotiation_that_drips_is_dropped_all_the_same(shell: Shell) -> None:
    with enter(shell) as client:
        client.sendall(OPEN + GMCP_CODE)
        deadline = time.monotonic() + PATIENCE
        while not Player.met[0].faults and time.monotonic() < deadline:
            client.sendall(b"x")
            time.sleep(0.05)
        assert Player.met[0].faults == ["subnegotiation without an end"]


def test_subnegotiation_in_pieces_is_whole_when_it_comes_in_time(shell: Shell) -> None:
    with enter(shell) as client:
        for _ in range(4):  # which together take longer than one may
            client.sendall(OPEN + GMCP_CODE + b"x")
            time.sleep(0.1)
            client.sendall(b"y" + CLOSE)
            assert receive_until(client, b"bytes.\r\n") == b"Subnegotiation of 2 bytes.\r\n"
        time.sleep(0.4)
        assert Player.met[0].faults == []


def test_what_came_in_time_counts_however_long_others_kept_the_shell(shell: Shell) -> None:
    with enter(shell) as client, enter(shell) as other:
        client.sendall(OPEN + GMCP_CODE + b"x")
        wait_until(lambda: Player.met[0].session.deadline is not None)
        other.sendall(b"stall\r\n")
        assert Player.met[1].stalling.wait(PATIENCE)
        client.sendall(b"y" + CLOSE)
        assert receive_until(client, b".\r\n") == b"Subnegotiation of 2 bytes.\r\n"
        assert Player.met[0].faults == []


def test_who_leaves_in_the_middle_of_one_leaves_no_timer_that_speaks(shell: Shell) -> None:
    client = enter(shell)
    client.sendall(OPEN + GMCP_CODE + b"x")
    wait_until(lambda: Player.met[0].session.deadline is not None)
    client.close()
    wait_until(lambda: Player.met[0].session.closed)
    time.sleep(0.35)
    assert Player.met[0].faults == []
