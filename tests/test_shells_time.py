"""What a session does in time happens under every shell, at both ends of a connection."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import pytest
from aio_support import Run
from net_support import PATIENCE, Recorder, run_for, run_until
from shell_support import LOOPS, SHELLS, Shell, new_event_loop, receive_until, start_shell, wait_until
from stream_support import stream_pair
from tls_support import Certificates

from telnet import Engine, Limits, MudConnection, MudHandler, MudServer, aio
from telnet.constants import GA, IAC, NOP, SB, SE
from telnet.constants import GMCP as GMCP_CODE

ENDLESS = "subnegotiation without an end"
TOO_LONG = "subnegotiation longer than max_subnegotiation"
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
        assert Player.met[0].faults == [ENDLESS]


def test_subnegotiation_that_drips_is_dropped_all_the_same(shell: Shell) -> None:
    with enter(shell) as client:
        client.sendall(OPEN + GMCP_CODE)
        deadline = time.monotonic() + PATIENCE
        while not Player.met[0].faults and time.monotonic() < deadline:
            client.sendall(b"x")
            time.sleep(0.05)
        assert Player.met[0].faults == [ENDLESS]


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


# On a connection without a session


class Plain(Recorder):
    limits = Limits(subnegotiation=20, subnegotiation_time=0.2, events=1)


def test_connection_without_a_session_drops_it_too() -> None:
    with Engine() as engine:
        connection, peer = stream_pair(engine, Plain)
        with peer:
            peer.sendall(b"Hello" + OPEN + GMCP_CODE + b"Fred\r\n")
            began = time.monotonic()
            run_until(engine, lambda: len(connection.events) == 3)
            assert time.monotonic() - began >= 0.19
            peer.sendall(b"look\r\n")
            run_until(engine, lambda: len(connection.events) == 4)
    assert connection.events[1:4] == [
        ("read", b"Hello"),
        ("protocol_error", ENDLESS, GMCP_CODE + b"Fred\r\n"),
        ("read", b"look\r\n"),
    ]


def test_connection_without_a_session_leaves_alone_what_ends_in_time() -> None:
    with Engine() as engine:
        connection, peer = stream_pair(engine, Plain)
        with peer:
            for number in range(1, 4):
                peer.sendall(OPEN + GMCP_CODE + b"x")
                run_for(engine, 0.1)
                peer.sendall(CLOSE)
                run_until(engine, lambda: len(connection.events) == number + 1)  # noqa: B023
            run_for(engine, 0.25)
            assert connection.events[1:] == [("subnegotiation", GMCP_CODE, b"x")] * 3


@pytest.mark.parametrize(
    ("rest", "events"),
    [
        (CLOSE, [("subnegotiation", GMCP_CODE, b"x")]),
        (b"y" * 30 + CLOSE, [("protocol_error", TOO_LONG, GMCP_CODE + b"x" + b"y" * 19)]),  # whose end waits for a turn
    ],
    ids=["its end", "an error and its end"],
)
def test_what_came_while_a_handler_kept_the_engine_is_read_before_it_is_judged(rest: bytes, events: list[Any]) -> None:
    class Sleeping(Plain):
        def on_command(self, command: bytes) -> None:
            peer.sendall(rest)
            time.sleep(0.3)

    with Engine() as engine:
        connection, peer = stream_pair(engine, Plain)
        _, waking = stream_pair(engine, Sleeping)
        with peer, waking:
            peer.sendall(OPEN + GMCP_CODE + b"x")
            run_for(engine, 0.05)
            waking.sendall(IAC + GA)
            run_until(engine, lambda: len(connection.events) == 2)
            run_for(engine, 0.25)
            assert connection.events[1:] == events


def test_handler_that_fails_at_it_is_told() -> None:
    class Failing(Plain):
        def on_protocol_error(self, reason: str, data: bytes) -> None:
            raise ZeroDivisionError(reason)

    with Engine() as engine:
        connection, peer = stream_pair(engine, Failing)
        with peer:
            peer.sendall(OPEN + GMCP_CODE)
            run_until(engine, lambda: len(connection.events) == 2)
            assert repr(connection.events[1][1]) == f"ZeroDivisionError('{ENDLESS}')"
            assert not connection.closed


def test_connection_that_closes_in_the_middle_of_one_has_no_timer_left() -> None:
    with Engine() as engine:
        connection, peer = stream_pair(engine, Plain)
        with peer:
            peer.sendall(OPEN + GMCP_CODE)
            run_for(engine, 0.05)
            connection.close()
            run_for(engine, 0.3)
    assert connection.events == [("connect",), ("close",)]


# NOP

KEEPALIVE = IAC + NOP
FLOOD = 8 << 20  # more than the systems of both ends keep


class Idler(Player):
    """Wants its connections kept alive."""

    limits = Limits(ready=0.05, subnegotiation_time=0.3, close=0.5, linger=0.3, unsent=2 * FLOOD)
    nop_interval = 0.2

    def on_line(self, line: str) -> None:
        if line == "flood":
            self.session.write(bytes(FLOOD))
        elif line == "never":
            self.session.nop_interval = None


@pytest.fixture(params=SHELLS)
def idling(request: pytest.FixtureRequest) -> Iterator[Shell]:
    Player.met.clear()
    shell = start_shell(request.param, Idler)
    yield shell
    shell.stop()


def test_idle_connection_gets_nops(idling: Shell) -> None:
    with enter(idling) as client:
        began = time.monotonic()
        for number in range(1, 4):
            assert receive_until(client, KEEPALIVE) == KEEPALIVE
            assert time.monotonic() - began >= 0.2 * number - 0.05


def test_nops_end_when_they_are_not_wanted_any_more(idling: Shell) -> None:
    with enter(idling) as client:
        client.sendall(b"never\r\n")
        client.settimeout(0.5)
        with pytest.raises(TimeoutError):
            client.recv(100)


def test_peer_that_does_not_read_gathers_no_nops(idling: Shell) -> None:
    with idling.connect(receive_buffer=4096) as client:
        receive_until(client, b"Welcome!\r\n")
        client.sendall(b"flood\r\n")
        time.sleep(1.0)
        received = bytearray()
        while len(received) < FLOOD:
            received += client.recv(65536)
        assert received.count(KEEPALIVE) <= 1


@pytest.fixture(params=SHELLS)
def client_of(request: pytest.FixtureRequest) -> Any:
    """What has a client with ``nop_interval`` under a shell talk to an address while a function runs."""

    def with_engine(address: Any, meanwhile: Callable[[], object]) -> None:
        with Engine() as engine:
            MudConnection.running(Idler)(engine=engine).connect(address)
            thread = threading.Thread(target=engine.start)
            thread.start()
            try:
                meanwhile()
            finally:
                engine.call_from_thread(engine.stop)
                thread.join(PATIENCE)

    def with_loop(address: Any, meanwhile: Callable[[], object]) -> None:
        async def main() -> None:
            async with await aio.connect(*address, connection=Idler):
                await loop.run_in_executor(None, meanwhile)

        loop = new_event_loop(request.param)
        loop.run_until_complete(main())
        loop.close()

    return with_loop if request.param in LOOPS else with_engine


def test_client_keeps_alive_a_connection_to_a_server_that_speaks_telnet(client_of: Any) -> None:
    def talk() -> None:
        server, _ = listening.accept()
        with server:
            server.settimeout(PATIENCE)
            assert receive_until(server, b"\r\n") == b"Welcome!\r\n"
            server.settimeout(0.5)
            with pytest.raises(TimeoutError):
                server.recv(100)
            server.settimeout(PATIENCE)
            server.sendall(b"> " + IAC + GA)
            for _ in range(2):
                assert receive_until(server, KEEPALIVE) == KEEPALIVE

    with socket.create_server(("127.0.0.1", 0)) as listening:
        client_of(listening.getsockname(), talk)


# Over TLS


def speak_over_tls(address: Any, certificates: Certificates) -> None:
    """Be an idle client, and one that does not end a subnegotiation."""
    with socket.create_connection(address, PATIENCE) as plain:
        with certificates.client.wrap_socket(plain, server_hostname="127.0.0.1") as client:
            assert receive_until(client, b"Welcome!\r\n") == b"Welcome!\r\n"
            assert receive_until(client, KEEPALIVE) == KEEPALIVE
            client.sendall(OPEN + GMCP_CODE + b"x")
            receive_until(client, b"Your client is at fault.\r\n")


def test_both_happen_over_tls_on_selectors(certificates: Certificates) -> None:
    with Engine() as engine:
        server = MudServer(Idler, engine=engine, ssl_options=certificates.server).listen(("127.0.0.1", 0))
        thread = threading.Thread(target=engine.start)
        thread.start()
        try:
            speak_over_tls(server.local_address, certificates)
        finally:
            engine.call_from_thread(server.close)
            engine.call_from_thread(engine.stop)
            thread.join(PATIENCE)


def test_both_happen_over_tls_on_an_event_loop(run: Run, certificates: Certificates) -> None:
    async def main() -> None:
        async with await aio.serve(Idler, "127.0.0.1", 0, ssl=certificates.server) as server:
            address = server.sockets[0].getsockname()
            await asyncio.get_running_loop().run_in_executor(None, speak_over_tls, address, certificates)

    run(main)
