"""TCP's urgent data (the Synch of RFC 854) is read in its place: no byte is lost, on every shell and in both roles."""

from __future__ import annotations

import asyncio
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import pytest
from aio_support import Run, until
from client_support import CLIENTS, running
from mud_support import Player, hosting
from net_support import PATIENCE, Recorder, accept_one, has_ipv6, run_until
from shell_support import SHELLS, Shell, dialing, start_shell, wait_until
from stream_support import StreamRecorder, stream_pair, tcp_pair
from tls_support import Certificates

from telnet import DM, IAC, Engine, Limits, MudConnection, MudHandler, MudServer, TelnetServer, aio
from telnet.sockets import keep_urgent_data

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="what urgent data is differs from system to system")

each_shell = pytest.mark.parametrize("name", SHELLS)
each_host = pytest.mark.parametrize(
    "host", ["127.0.0.1", pytest.param("::1", marks=pytest.mark.skipif(not has_ipv6(), reason="no IPv6 here"))]
)

SYNCH = (IAC, DM, b"look\r\n")  # the second piece is urgent


class Notes(MudHandler):
    """Writes down what comes."""

    limits = Limits(ready=0.05, close=0.5, linger=0.1)
    events: ClassVar[list[Any]] = []
    met: ClassVar[list[Notes]] = []

    def on_connect(self) -> None:
        self.met.append(self)

    def on_command(self, command: bytes) -> None:
        self.events.append(command)

    def on_line(self, line: str) -> None:
        self.events.append(line)
        if line == "hold":
            self.pause()
            self.call_later(0.1, self.resume)

    def on_protocol_error(self, reason: str, data: bytes) -> None:
        self.events.append((reason, data))


@pytest.fixture(autouse=True)
def notes() -> None:
    Notes.events.clear()
    Notes.met.clear()


def expect(*events: Any) -> None:
    wait_until(lambda: len(Notes.events) >= len(events))
    assert Notes.events == list(events)


def send_urgently(peer: socket.socket, before: bytes, urgent: bytes, after: bytes = b"") -> None:
    """Send bytes of which one is urgent."""
    if before:
        peer.sendall(before)
    peer.send(urgent, socket.MSG_OOB)
    if after:
        peer.sendall(after)


def cuts_of(data: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Each byte is the urgent one in its turn."""
    for place in range(len(data)):
        yield data[:place], data[place : place + 1], data[place + 1 :]


class Sealed:
    """The client's end of TLS, of whose records any byte can be sent as the urgent one."""

    def __init__(self, peer: socket.socket, context: ssl.SSLContext, *, server_side: bool = False) -> None:
        self.peer = peer
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        named = None if server_side else "localhost"
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_side, named)
        while True:
            try:
                return self.tls.do_handshake()
            except ssl.SSLWantReadError:
                self.leave()
                self.incoming.write(peer.recv(65536))
            finally:
                self.leave()

    def leave(self) -> None:
        """Send what is to be sent, with an urgent byte in its middle."""
        data = self.outgoing.read()
        if data:
            middle = len(data) // 2
            send_urgently(self.peer, data[:middle], data[middle : middle + 1], data[middle + 1 :])

    def sendall(self, data: bytes) -> None:
        self.tls.write(data)
        self.leave()


# A server


@contextmanager
def serving(name: str, **options: Any) -> Iterator[tuple[Shell, Callable[[], socket.socket]]]:
    shell = start_shell(name, Notes, **options)

    def connect() -> socket.socket:
        return socket.create_connection(shell.address[:2], timeout=PATIENCE)

    try:
        yield shell, connect
    finally:
        shell.stop()


@each_shell
@each_host
def test_server_reads_a_synch_as_dm_and_the_line_after_it(name: str, host: str) -> None:
    with serving(name, host=host) as (_, connect), connect() as peer:
        send_urgently(peer, *SYNCH)
        expect(DM, "look")


@each_shell
def test_server_loses_no_byte_whichever_is_urgent(name: str) -> None:
    data = b"say hi" + IAC + DM + b"look\r\n"
    with serving(name) as (_, connect), connect() as peer:
        cuts = list(cuts_of(data))
        for cut in cuts:
            send_urgently(peer, *cut)
        expect(*[DM, "say hilook"] * len(cuts))


@each_shell
def test_server_reads_urgent_data_that_came_before_it_accepted(name: str) -> None:
    busy, go_on = threading.Event(), threading.Event()

    def work() -> None:
        busy.set()
        go_on.wait(PATIENCE)

    with serving(name) as (shell, connect):
        shell.call(work)
        assert busy.wait(PATIENCE)
        with connect() as peer:
            send_urgently(peer, b"", b"l", b"ook\r\n")
            send_urgently(peer, *SYNCH)
            time.sleep(0.05)
            go_on.set()
            expect("look", DM, "look")


@each_shell
def test_server_reads_several_urgent_bytes_that_came_while_it_paused(name: str) -> None:
    with serving(name) as (_, connect), connect() as peer:
        peer.sendall(b"hold\r\n")
        expect("hold")
        for _ in range(3):
            send_urgently(peer, *SYNCH)
        expect("hold", *[DM, "look"] * 3)


@each_shell
def test_server_reads_urgent_data_in_a_flood(name: str) -> None:
    turns, text = 50, b"x" * 2000
    with serving(name) as (_, connect), connect() as peer:
        for _ in range(turns):
            send_urgently(peer, text + b"\r\n" + IAC, DM, b"look\r\n" + text + b"\r\n")
        expect(*[text.decode(), DM, "look", text.decode()] * turns)


@each_shell
def test_last_urgent_byte_keeps_nobody_busy(name: str) -> None:
    with serving(name) as (_, connect), connect() as peer:
        send_urgently(peer, IAC, DM)
        expect(DM)
        before = time.process_time()
        time.sleep(0.3)
        assert time.process_time() - before < 0.15
        peer.sendall(b"look\r\n")
        expect(DM, "look")


@each_shell
@each_host
def test_server_reads_tls_whole_when_a_byte_of_its_records_is_urgent(
    name: str, host: str, certificates: Certificates
) -> None:
    with serving(name, host=host, tls=certificates.server) as (_, connect), connect() as peer:
        sealed = Sealed(peer, certificates.client)  # the handshake has urgent bytes too
        for _ in range(3):
            sealed.sendall(IAC + DM + b"look\r\n")
        expect(*[DM, "look"] * 3)


# A client


@contextmanager
def accepting(name: str, host: str = "127.0.0.1", **options: Any) -> Iterator[socket.socket]:
    """The server's end of a connection that a shell has made."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with (
        socket.create_server((host, 0), family=family) as listener,
        dialing(name, Notes, listener.getsockname()[:2], **options),
        listener.accept()[0] as peer,
    ):
        peer.settimeout(PATIENCE)
        yield peer


@each_shell
@each_host
def test_client_reads_a_synch_as_dm_and_the_line_after_it(name: str, host: str) -> None:
    with accepting(name, host) as peer:
        send_urgently(peer, *SYNCH)
        expect(DM, "look")


@each_shell
def test_client_loses_no_byte_whichever_is_urgent(name: str) -> None:
    data = b"say hi" + IAC + DM + b"look\r\n"
    with accepting(name) as peer:
        cuts = list(cuts_of(data))
        for cut in cuts:
            send_urgently(peer, *cut)
        expect(*[DM, "say hilook"] * len(cuts))


@each_shell
@each_host
def test_client_reads_tls_whole_when_a_byte_of_its_records_is_urgent(
    name: str, host: str, certificates: Certificates
) -> None:
    with accepting(name, host, tls=certificates.client) as peer:
        sealed = Sealed(peer, certificates.server, server_side=True)  # the handshake has urgent bytes too
        for _ in range(3):
            sealed.sendall(IAC + DM + b"look\r\n")
        expect(*[DM, "look"] * 3)


# Sockets that the program made


@pytest.mark.parametrize("listening", [True, False])
def test_listener_of_the_program_has_its_connections_keep_urgent_data(listening: bool) -> None:
    given = socket.create_server(("127.0.0.1", 0)) if listening else socket.socket()
    with Engine() as engine, socket.socket() as peer:
        if listening:  # somebody has come already
            peer.connect(given.getsockname())
            send_urgently(peer, *SYNCH)
        server = MudServer(Notes, engine=engine, socket=given).listen(("127.0.0.1", 0))
        if not listening:
            peer.connect(server.local_address)
            send_urgently(peer, *SYNCH)
        run_until(engine, lambda: len(Notes.events) == 2)
        assert Notes.events == [DM, "look"]


@pytest.mark.parametrize("tls", [False, True])
def test_listener_of_the_program_is_prepared_by_asyncio_too(run: Run, certificates: Certificates, tls: bool) -> None:
    async def main() -> None:
        given = socket.create_server(("127.0.0.1", 0))
        with socket.create_connection(given.getsockname(), timeout=PATIENCE) as peer:  # it comes before its server
            async with await aio.serve(Notes, sock=given, ssl=certificates.server if tls else None):
                if tls:
                    sealed = await asyncio.to_thread(Sealed, peer, certificates.client)
                    sealed.sendall(IAC + DM + b"look\r\n")
                else:
                    send_urgently(peer, *SYNCH)
                await until(lambda: len(Notes.events) == 2)
                await asyncio.get_running_loop().shutdown_default_executor()
        assert Notes.events == [DM, "look"]

    run(main)


def test_socket_of_the_program_that_asyncio_connects_with_keeps_urgent_data(run: Run) -> None:
    async def main() -> None:
        ours, peer = tcp_pair()
        with peer:
            async with await aio.connect(sock=ours, connection=Notes):
                for _ in range(2):
                    send_urgently(peer, *SYNCH)
                await until(lambda: len(Notes.events) == 4)
        assert Notes.events == [DM, "look"] * 2

    run(main)


def test_socket_of_the_program_that_the_engine_connects_with_keeps_urgent_data() -> None:
    with Engine() as engine, socket.create_server(("127.0.0.1", 0)) as listener:
        MudConnection.running(Notes)(engine=engine, socket=socket.socket()).connect(listener.getsockname())
        run_until(engine, lambda: Notes.met)
        with listener.accept()[0] as peer:
            for _ in range(2):
                send_urgently(peer, *SYNCH)
            run_until(engine, lambda: len(Notes.events) == 4)
        assert Notes.events == [DM, "look"] * 2


def test_socket_that_a_stream_was_given_keeps_urgent_data_from_then_on() -> None:
    with Engine() as engine:
        ours, peer = tcp_pair()
        with peer:
            stream = StreamRecorder(engine=engine, socket=ours)
            for _ in range(2):  # the second mark makes a system without the option forget the byte of the first
                send_urgently(peer, b"lo", b"o", b"k")
            run_until(engine, lambda: len(stream.received) == 8)
            assert stream.received == b"looklook"


# Streams, and Telnet without a session


@pytest.mark.parametrize("place", range(5))
def test_stream_gets_an_urgent_byte_in_its_place(place: int) -> None:
    with Engine() as engine:
        stream, peer = stream_pair(engine, StreamRecorder)
        with peer:
            send_urgently(peer, b"look!"[:place], b"look!"[place : place + 1], b"look!"[place + 1 :])
            run_until(engine, lambda: len(stream.received) == 5)
            assert stream.received == b"look!"


def test_connection_without_a_session_is_told_of_a_synch_in_its_place() -> None:
    with Engine() as engine:
        _, connection, peer = accept_one(engine)
        with peer:
            send_urgently(peer, b"quit" + IAC, DM, b"look")
            run_until(engine, lambda: ("read", b"look") in connection.events)
            assert connection.events == [("connect",), ("read", b"quit"), ("command", DM), ("read", b"look")]


def read_by(connection: Any) -> bytes:
    return b"".join(event[1] for event in connection.events if event[0] == "read")


def test_unix_socket_keeps_urgent_data_where_the_system_has_it(tmp_path: Path) -> None:
    path = tmp_path / "mud"
    with Engine() as engine, socket.socket(socket.AF_UNIX) as peer:
        server = TelnetServer(Recorder, engine=engine).listen(path)
        peer.connect(str(path))
        try:
            peer.send(b"!", socket.MSG_OOB)
        except OSError:
            pytest.skip("UNIX sockets of this system have no urgent data")
        peer.sendall(b"look")
        run_until(engine, lambda: server.connections)
        [connection] = server.connections
        run_until(engine, lambda: read_by(connection) == b"!look")


def test_socket_that_has_no_such_option_is_used_without_it() -> None:
    with socket.socket() as gone:
        gone.close()
        keep_urgent_data(gone)


# The program that sends it


@pytest.mark.slow
@pytest.mark.once
@pytest.mark.timeout(90)
def test_synch_of_debians_telnet_costs_no_byte(tmp_path: Path) -> None:
    with hosting(Player) as (host, port), running(CLIENTS["telnet-in-a-terminal"], port, tmp_path) as visitor:
        visitor.wait_for("> ")
        visitor.press(b"\x1d")
        visitor.wait_for("telnet> ")
        visitor.type_line("send synch")
        visitor.type_line("look")
        visitor.wait_for("You said: look")
        player = host.first()
        assert host.run(lambda: player.named("on_command")) == [("on_command", DM)]
        assert player.lines == ["look"]
