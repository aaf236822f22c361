"""The life of a connection: whatever becomes of its peer, what has begun has one end, and nothing is left of it."""

from __future__ import annotations

import errno
import os
import selectors
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from itertools import product
from pathlib import Path
from random import Random
from textwrap import dedent
from threading import Thread
from typing import Any

import pytest
from net_support import PATIENCE, has_ipv6, receive_all, run_for, run_until
from shell_support import wait_until
from stream_support import StreamRecorder, reset, stream_pair, tcp_pair
from tls_support import Certificates

from telnet import (
    DO,
    IAC,
    WILL,
    Engine,
    Limits,
    MudConnection,
    MudHandler,
    MudServer,
    Stream,
    TelnetConnection,
    TelnetServer,
)
from telnet.net import mud as mud_module
from telnet.net.engine import READ, WRITE
from telnet.net.linger import Linger
from telnet.net.server import Server
from telnet.options import ECHO, GMCP
from telnet.sockets import has_peer

pytestmark = pytest.mark.slow

FAMILIES = [
    pytest.param("127.0.0.1", id="ipv4"),
    pytest.param("::1", id="ipv6", marks=pytest.mark.skipif(not has_ipv6(), reason="no IPv6 here")),
    pytest.param("unix", id="unix"),
]


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine() as engine:
        yield engine


class Life:
    """Writes down the beginning and the end of what is mixed with it."""

    met: list[Any]
    limits = Limits(close=0.2, linger=0.2, handshake=PATIENCE, ready=0.05)

    def __init__(self, **kwargs: Any) -> None:
        self.events: list[Any] = []
        self.met.append(self)
        super().__init__(**kwargs)

    def on_connect(self) -> None:
        self.events.append("connect")

    def on_close(self) -> None:
        self.events.append("close")

    def on_error(self, exc: Exception) -> None:
        self.events.append(exc)


SERVERS = {Server: Stream, TelnetServer: TelnetConnection, MudServer: MudHandler}


def serve(
    engine: Engine, kind: type[Server], host: str, folder: Path, options: Any = None, mixin: type = Life
) -> tuple[Any, list[Any]]:
    """A server of one kind that listens in one family, and what connections were made there."""
    met: list[Any] = []
    served: Any = type("Served", (mixin, SERVERS[kind]), {"met": met})
    address: Any = str(folder / "mud") if host == "unix" else (host, 0)
    return kind(served, engine=engine, ssl_options=options).listen(address), met


def connect(server: Server) -> socket.socket:
    address = server.local_address
    if isinstance(address, tuple):
        return socket.create_connection(address[:2], timeout=PATIENCE)
    client = socket.socket(socket.AF_UNIX)
    client.connect(address)
    return client


def descriptors() -> set[str]:
    return set(os.listdir("/proc/self/fd"))


# Reset before it is accepted


@pytest.mark.parametrize("secured", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("host", FAMILIES)
@pytest.mark.parametrize("kind", SERVERS)
def test_nothing_is_left_of_a_peer_that_resets_before_it_is_accepted(
    engine: Engine,
    kind: type[Server],
    host: str,
    secured: bool,
    tmp_path: Path,
    certificates: Certificates,
    caplog: pytest.LogCaptureFixture,
) -> None:
    server, met = serve(engine, kind, host, tmp_path, certificates.server if secured else None)
    before = descriptors()
    for _ in range(20):
        reset(connect(server))
    run_until(engine, lambda: host != "unix" or len(met) == 20)  # whose end of the input alone is seen
    run_for(engine, 0.05)
    run_until(engine, lambda: all(each.closed for each in met))
    assert (len(server.connections), descriptors()) == (0, before)
    if host != "unix":
        assert (met, caplog.records) == ([], [])


def test_a_server_is_not_worn_out_by_resets() -> None:
    program = """
        import resource, socket, struct
        from telnet import Engine, MudHandler, MudServer

        class Player(MudHandler):
            def on_line(self, line):
                for player in self.server.connections:
                    player.send_line("Somebody says: " + line)

        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
        engine = Engine()
        server = MudServer(Player, engine=engine).listen(("127.0.0.1", 0))

        def join():
            return socket.create_connection(server.local_address, timeout=10)

        for _ in range(100):
            scanner = join()
            scanner.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            scanner.close()
            engine.poll(0)
        clients = [join(), join()]
        clients[0].sendall(b"hello\\r\\n")
        for _ in range(20):
            engine.poll(0.01)
        print(len(server.connections), [client.recv(100) for client in clients])
    """
    done = subprocess.run([sys.executable, "-c", dedent(program)], capture_output=True, text=True, timeout=60)
    assert (done.stderr, done.stdout.strip()) == ("", f"2 {[b'Somebody says: hello' + bytes([13, 10])] * 2}")


# Reset between the accept and the beginning


@pytest.mark.parametrize("secured", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("kind", SERVERS)
def test_a_connection_that_is_reset_while_it_is_made_ends_once(
    engine: Engine, kind: type[Server], secured: bool, tmp_path: Path, certificates: Certificates
) -> None:
    class Late(Life):
        def __init__(self, **kwargs: Any) -> None:
            reset(clients.pop())
            super().__init__(**kwargs)

    clients: list[socket.socket] = []
    server, met = serve(engine, kind, "127.0.0.1", tmp_path, certificates.server if secured else None, Late)
    before = descriptors()
    clients.append(connect(server))
    run_until(engine, lambda: met)
    run_for(engine, 0.05)
    assert (met[0].events, met[0].closed, len(server.connections), descriptors()) == (["close"], True, 0, before)


@pytest.mark.parametrize("kind", [Stream, TelnetConnection, MudConnection])
def test_a_socket_that_was_reset_before_it_is_given_is_on_close_from_the_engine(
    engine: Engine, kind: type[Stream]
) -> None:
    ours, peer = tcp_pair()
    reset(peer)
    taken: Any = type("Taken", (Life, kind), {"met": []})(engine=engine, socket=ours)
    assert (taken.events, taken.connecting) == ([], True)
    run_for(engine, 0.03)
    assert (taken.events, taken.closed, ours.fileno()) == (["close"], True, -1)


@pytest.mark.parametrize("kind", [Stream, TelnetConnection, MudConnection])
def test_a_socket_that_is_reset_before_its_turn_is_on_close_alone(engine: Engine, kind: type[Stream]) -> None:
    ours, peer = tcp_pair()
    taken: Any = type("Taken", (Life, kind), {"met": []})(engine=engine, socket=ours)
    reset(peer)
    run_for(engine, 0.03)
    assert taken.events == ["close"]


def test_a_reset_that_was_noticed_before_is_on_close_too(engine: Engine) -> None:
    ours, peer = tcp_pair()
    reset(peer)
    with pytest.raises(ConnectionResetError):
        ours.recv(1)
    stream = StreamRecorder(engine=engine, socket=ours)
    engine.poll(0)
    assert stream.events == [("close",)]


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6, socket.AF_UNIX])
def test_a_socket_that_never_was_connected_is_kept_for_connect(engine: Engine, family: socket.AddressFamily) -> None:
    stream = StreamRecorder(engine=engine, socket=socket.socket(family))
    engine.poll(0)
    assert (stream.events, stream.connecting, stream.closed) == ([], False, False)
    stream.close()


def test_a_socket_that_is_still_connecting_is_kept_for_connect(engine: Engine) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, socket.create_connection(full.getsockname()):
        waiting = socket.socket()
        waiting.setblocking(False)
        assert waiting.connect_ex(full.getsockname()) == errno.EINPROGRESS
        stream = StreamRecorder(engine=engine, socket=waiting)
        assert not stream.connecting
        stream.close()


def test_a_server_that_makes_connections_itself_leaves_none_behind(engine: Engine, tmp_path: Path) -> None:
    class Own(TelnetServer):
        def on_accept(self, socket: socket.socket, addr: Any) -> None:
            reset(clients.pop())
            made.append(type("Made", (Life, TelnetConnection), {"met": []})(engine=self.engine, socket=socket))

    made: list[Any] = []
    clients: list[socket.socket] = []
    server = Own(engine=engine).listen(("127.0.0.1", 0))
    clients.append(connect(server))
    run_until(engine, lambda: made and made[0].closed)
    assert made[0].events == ["close"]


def test_a_connection_made_by_on_accept_joins_the_server_that_it_is_given(engine: Engine) -> None:
    class Own(TelnetServer):
        def on_accept(self, socket: socket.socket, addr: Any) -> None:
            connection = TelnetConnection(engine=self.engine, socket=socket)
            connection.server = self

    server = Own(engine=engine).listen(("127.0.0.1", 0))
    with connect(server):
        run_until(engine, lambda: server.connections)
        [connection] = server.connections
        server.close()
        assert connection.closed


# What a beginning raises


def test_what_a_beginning_raises_ends_that_connection_alone(
    engine: Engine, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(Life):
        def make_session(self, *args: Any, **kwargs: Any) -> Any:
            if len(self.met) == 1:
                raise LookupError("no such session")
            return super().make_session(*args, **kwargs)  # type: ignore[misc]

    server, met = serve(engine, MudServer, "127.0.0.1", tmp_path, mixin=Broken)
    with connect(server) as first, connect(server):
        assert receive_all(engine, first) == b""
        run_until(engine, lambda: server.connections)
        assert [type(event).__name__ for event in met[0].events] == ["LookupError", "str"]
        assert (list(server.connections), met[1].events) == ([met[1]], ["connect"])
        assert len(caplog.records) == 1


def test_what_a_beginning_raises_ends_a_client_too(engine: Engine, tmp_path: Path) -> None:
    class Broken(Life):
        def make_session(self, *args: Any, **kwargs: Any) -> Any:
            raise LookupError("no such session")

    server, _ = serve(engine, MudServer, "127.0.0.1", tmp_path)
    client: Any = type("Client", (Broken, MudConnection), {"met": []})(engine=engine).connect(server.local_address)
    run_until(engine, lambda: client.closed)
    assert client.events[1:] == ["close"]


class Refusing(Engine):
    """An engine whose system refuses to watch anything more as long as it is told so."""

    refusing = False

    def modify_channel(self, channel: Any) -> None:
        if self.refusing and channel.interest:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        super().modify_channel(channel)


@pytest.fixture
def refusing() -> Iterator[Refusing]:
    with Refusing() as engine:
        yield engine


@pytest.mark.parametrize("secured", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("kind", SERVERS)
def test_a_connection_that_the_system_cannot_watch_ends(
    refusing: Refusing,
    kind: type[Server],
    secured: bool,
    tmp_path: Path,
    certificates: Certificates,
    caplog: pytest.LogCaptureFixture,
) -> None:
    server, met = serve(refusing, kind, "127.0.0.1", tmp_path, certificates.server if secured else None)
    before = descriptors()
    with connect(server) as client:
        refusing.refusing = True
        assert receive_all(refusing, client) == b""
        refusing.refusing = False
        assert met[0].events == ["close"]
        assert len(server.connections) == 0
        assert [os.strerror(errno.ENOSPC) in record.getMessage() for record in caplog.records] == [True]
    assert descriptors() == before


def test_a_connection_that_the_system_cannot_watch_any_more_ends(refusing: Refusing) -> None:
    stream, peer = stream_pair(refusing, StreamRecorder)
    with peer:
        stream._watch(0)
        refusing.refusing = True
        stream._update_interest()
        assert (stream.names(), stream.interest) == (["connect", "close"], 0)


def test_a_socket_that_cannot_be_watched_is_not_lingered_on(refusing: Refusing) -> None:
    ours, peer = tcp_pair()
    with peer:
        ours.setblocking(False)
        refusing.refusing = True
        linger = Linger(refusing, ours, 10.0)
        assert (linger.fileno, peer.recv(1)) == (None, b"")


def test_a_server_that_the_system_cannot_watch_is_an_error_of_the_call(refusing: Refusing, tmp_path: Path) -> None:
    server = TelnetServer(engine=refusing)
    refusing.refusing = True
    with pytest.raises(OSError):
        server.listen(str(tmp_path / "mud"))
    assert (server.listening, server.fileno, list(tmp_path.iterdir())) == (False, None, [])
    refusing.refusing = False
    with connect(server.listen(str(tmp_path / "mud"))):
        run_until(refusing, lambda: server.connections)


def test_a_channel_that_the_system_cannot_watch_is_not_kept(refusing: Refusing) -> None:
    ours, peer = tcp_pair()
    with ours, peer:
        stream = Stream(engine=refusing)
        stream._adopt_socket(ours)
        stream.interest = READ
        refusing.refusing = True
        with pytest.raises(OSError):
            refusing.add_channel(stream)
        assert ours.fileno() not in refusing._channels
        stream.close()


# A descriptor that was closed behind the engine's back


def test_who_gets_a_descriptor_that_was_closed_without_a_word_is_served(engine: Engine) -> None:
    ours, peer = tcp_pair()
    with peer:
        first = StreamRecorder(engine=engine, socket=ours)
        run_until(engine, lambda: first.connected)
        number = ours.fileno()
        ours.close()
        again, other = tcp_pair()
        with other:
            if (descriptor := again.detach()) != number:
                os.dup2(descriptor, number)
                os.close(descriptor)
            second = StreamRecorder(engine=engine, socket=socket.socket(fileno=number))
            other.sendall(b"hello")
            run_until(engine, lambda: second.received)
            first.close(flush=False)
            other.sendall(b" again")
            run_until(engine, lambda: second.received == b"hello again")


def test_a_channel_whose_socket_was_closed_is_forgotten_when_it_ends(engine: Engine) -> None:
    ours, peer = tcp_pair()
    with peer:
        stream = StreamRecorder(engine=engine, socket=ours)
        run_until(engine, lambda: stream.connected)
        ours.close()
        stream.close()
        assert (stream.names(), engine._channels) == (["connect", "close"], {})


# Constructors and handlers that close


@pytest.mark.parametrize("secured", [False, True], ids=["plain", "tls"])
def test_a_server_that_is_closed_in_a_constructor_begins_no_connection(
    engine: Engine, secured: bool, tmp_path: Path, certificates: Certificates
) -> None:
    class Last(Life):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            server.close()

    server, met = serve(engine, TelnetServer, "127.0.0.1", tmp_path, certificates.server if secured else None, Last)
    with connect(server) as client:
        assert receive_all(engine, client) == b""
    assert (met[0].events, len(server.connections)) == (["close"], 0)


def test_a_server_that_is_closed_in_on_connect_closes_that_connection_too(engine: Engine, tmp_path: Path) -> None:
    class Last(Life):
        server: Any

        def on_connect(self) -> None:
            super().on_connect()
            self.server.close()

    server, met = serve(engine, TelnetServer, "127.0.0.1", tmp_path, mixin=Last)
    with connect(server) as client:
        assert receive_all(engine, client) == b""
    assert (met[0].events, len(server.connections)) == (["connect", "close"], 0)


def test_a_server_that_closes_ends_those_who_are_shaking_hands(
    engine: Engine, tmp_path: Path, certificates: Certificates
) -> None:
    server, met = serve(engine, TelnetServer, "127.0.0.1", tmp_path, certificates.server)
    with connect(server) as client:
        run_until(engine, lambda: met)
        server.close()
        assert receive_all(engine, client) == b""
    assert met[0].events == ["close"]


@pytest.mark.parametrize("kind", SERVERS)
def test_what_is_written_to_who_is_still_shaking_hands_waits_for_the_end_of_that(
    engine: Engine, kind: type[Server], tmp_path: Path, certificates: Certificates
) -> None:
    server, met = serve(engine, kind, "127.0.0.1", tmp_path, certificates.server)
    with connect(server) as client:
        run_until(engine, lambda: met)
        for connection in server.connections:
            connection.write(b"The sun rises.", flush=True)
        client.setblocking(False)
        secured = certificates.client.wrap_socket(client, server_hostname="localhost", do_handshake_on_connect=False)
        with secured:
            run_until(engine, lambda: shaken(secured) and met[0].connected)
            run_for(engine, 0.02)
            assert (list(server.connections), secured.recv(100)) == (met, b"The sun rises.")


def shaken(secured: ssl.SSLSocket) -> bool:
    try:
        secured.do_handshake()
    except ssl.SSLWantReadError:
        return False
    return True


# Reset later


@pytest.mark.parametrize("kind", SERVERS)
def test_a_reset_in_the_handshake_leaves_nothing(
    engine: Engine, kind: type[Server], tmp_path: Path, certificates: Certificates
) -> None:
    server, met = serve(engine, kind, "127.0.0.1", tmp_path, certificates.server)
    before = descriptors()
    client = connect(server)
    run_until(engine, lambda: met)
    reset(client)
    run_until(engine, lambda: met[0].closed)
    assert (met[0].events, len(server.connections), descriptors()) == (["close"], 0, before)


def fill_up(connection: Any) -> None:
    """Write more than the system takes, so that closing has to wait."""
    connection._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16384)
    connection.write(b"x" * 900_000)


@pytest.mark.parametrize("kind", SERVERS)
def test_a_reset_while_output_is_flushed_ends_at_once(engine: Engine, kind: type[Server], tmp_path: Path) -> None:
    class Patient(Life):
        limits = Limits(close=60, ready=0.05)

    server, met = serve(engine, kind, "127.0.0.1", tmp_path, mixin=Patient)
    before = descriptors()
    client = connect(server)
    run_until(engine, lambda: server.connections)
    fill_up(met[0])
    met[0].close()
    run_for(engine, 0.02)
    assert not met[0].closed
    reset(client)
    run_until(engine, lambda: met[0].closed)
    assert (met[0].events, descriptors()) == (["connect", "close"], before)


@pytest.mark.parametrize("host", FAMILIES)
@pytest.mark.parametrize("kind", SERVERS)
def test_a_write_that_fails_while_output_is_flushed_is_one_end(
    engine: Engine, kind: type[Server], host: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server, met = serve(engine, kind, host, tmp_path)
    client = connect(server)
    run_until(engine, lambda: server.connections)
    fill_up(met[0])
    met[0].close()
    reset(client)
    met[0]._send_turn()
    run_until(engine, lambda: met[0].closed)
    run_for(engine, 0.02)
    assert (met[0].events, caplog.records) == (["connect", "close"], [])


@pytest.mark.parametrize("kind", SERVERS)
def test_a_reset_while_lingering_gives_the_descriptor_back(engine: Engine, kind: type[Server], tmp_path: Path) -> None:
    class Patient(Life):
        limits = Limits(linger=60, ready=0.05)

    server, met = serve(engine, kind, "127.0.0.1", tmp_path, mixin=Patient)
    before = descriptors()
    client = connect(server)
    run_until(engine, lambda: server.connections)
    met[0].write(b"goodbye")
    met[0].close()
    run_until(engine, lambda: met[0].closed)
    reset(client)
    run_until(engine, lambda: descriptors() == before)
    assert met[0].events == ["connect", "close"]


@pytest.mark.parametrize("flush", [False, True])
@pytest.mark.parametrize("kind", SERVERS)
def test_a_broadcast_does_not_mind_who_was_reset(
    engine: Engine, kind: type[Server], flush: bool, tmp_path: Path
) -> None:
    server, met = serve(engine, kind, "127.0.0.1", tmp_path)
    clients = [connect(server) for _ in range(3)]
    run_until(engine, lambda: len(server.connections) == 3)
    reset(clients[0])
    for connection in server.connections:
        connection.write(b"The sun rises.", flush)
    run_for(engine, 0.05)
    received = [client.recv(100) for client in clients[1:]]
    assert (received, met[0].events) == ([b"The sun rises."] * 2, ["connect", "close"])
    for client in clients[1:]:
        client.close()


# A peer that ends its direction alone


class Asked(Life):
    """Answers a question after a while."""

    limits = Limits(close=5.0, linger=0.2, ready=0.05)
    session: Any

    def on_line(self, line: str) -> None:
        self.events.append(line)
        self.call_later(0.15, self.answer, line)  # type: ignore[attr-defined]

    def answer(self, line: str) -> None:
        Thread(target=self.call_from_thread, args=(self.finish, line)).start()  # type: ignore[attr-defined]

    def finish(self, line: str) -> None:
        self.session.send_line(f"{line}: nobody")
        self.close()  # type: ignore[attr-defined]

    def on_input_end(self) -> None:
        self.events.append("input end")


@pytest.mark.parametrize("host", FAMILIES)
def test_an_answer_that_comes_later_reaches_who_has_ended_its_direction(
    engine: Engine, host: str, tmp_path: Path
) -> None:
    server, met = serve(engine, MudServer, host, tmp_path, mixin=Asked)
    with connect(server) as client:
        client.sendall(b"who")
        client.shutdown(socket.SHUT_WR)
        run_until(engine, lambda: met and "input end" in met[0].events)
        assert (list(server.connections), met[0].interest) == (met, 0)
        assert receive_all(engine, client) == b"who: nobody\r\n"
    assert met[0].events == ["connect", "who", "input end", "close"]


def test_an_answer_that_comes_later_reaches_who_has_ended_its_direction_of_tls(
    engine: Engine, tmp_path: Path, certificates: Certificates
) -> None:
    context = ssl.create_default_context(cafile=certificates.authority_file)
    context.maximum_version = (
        ssl.TLSVersion.TLSv1_2
    )  # with TLS 1.3 the standard library reads nothing after its own end
    server, met = serve(engine, MudServer, "127.0.0.1", tmp_path, certificates.server, mixin=Asked)
    client = connect(server)
    client.setblocking(False)
    with context.wrap_socket(client, server_hostname="localhost", do_handshake_on_connect=False) as secured:
        run_until(engine, lambda: shaken(secured) and server.connections and met[0].connected)
        secured.send(b"who\r\n")
        with pytest.raises(ssl.SSLWantReadError):
            secured.unwrap()
        run_until(engine, lambda: met[0].closed)
        assert (secured.recv(100), met[0].events) == (b"who: nobody\r\n", ["connect", "who", "input end", "close"])


class HalfClosed(Life):
    """Writes down when the input ends, and answers nothing."""

    limits = Limits(close=60, linger=0.2, ready=0.05)

    def on_input_end(self) -> None:
        self.events.append("input end")


def half_closed(engine: Engine, folder: Path, mixin: type = HalfClosed) -> tuple[Any, Any, socket.socket]:
    """A server, its connection whose input has ended, and the client."""
    server, met = serve(engine, MudServer, "127.0.0.1", folder, mixin=mixin)
    client = connect(server)
    client.shutdown(socket.SHUT_WR)
    run_until(engine, lambda: met and "input end" in met[0].events)
    return server, met[0], client


def test_a_half_closed_connection_ends_in_time(engine: Engine, tmp_path: Path) -> None:
    class Brief(HalfClosed):
        limits = Limits(close=0.1, linger=0.2, ready=0.05)

    _, connection, client = half_closed(engine, tmp_path, Brief)
    with client:
        connection.write(b"Nobody answers.")
        assert receive_all(engine, client) == b"Nobody answers."
        assert connection.events == ["connect", "input end", "close"]


@pytest.mark.parametrize("flush", [False, True])
def test_a_handler_that_has_nothing_to_say_closes_at_the_end_of_the_input(
    engine: Engine, flush: bool, tmp_path: Path
) -> None:
    class Leaving(HalfClosed):
        def on_input_end(self) -> None:
            super().on_input_end()
            self.write(b"Goodbye.")  # type: ignore[attr-defined]
            self.close(flush)  # type: ignore[attr-defined]

    server, connection, client = half_closed(engine, tmp_path, Leaving)
    with client:
        assert receive_all(engine, client) == (b"Goodbye." if flush else b"")
        assert (connection.events, len(server.connections)) == (["connect", "input end", "close"], 0)


def test_a_broadcast_reaches_who_has_ended_its_direction(engine: Engine, tmp_path: Path) -> None:
    server, connection, client = half_closed(engine, tmp_path)
    with client:
        for each in server.connections:
            each.send_line("The sun rises.")
        connection.close()
        assert receive_all(engine, client) == b"The sun rises.\r\n"


def test_who_is_gone_altogether_ends_when_something_is_sent(engine: Engine, tmp_path: Path) -> None:
    _, connection, client = half_closed(engine, tmp_path)
    client.close()
    connection.write(b"Anybody there?", flush=True)
    time.sleep(0.02)
    connection.write(b"Anybody?", flush=True)
    assert connection.events == ["connect", "input end", "close"]


def test_a_reset_after_the_end_of_the_input_is_noticed_without_spinning(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mud_module, "LOOK_EACH", 0.2)
    _, connection, client = half_closed(engine, tmp_path)
    turns: list[int] = []
    engine.loop(turns.append, 1)
    reset(client)
    began = time.monotonic()
    while not connection.closed:
        assert time.monotonic() - began < PATIENCE
        engine.poll(1.0)
    assert (connection.events, len(turns) < 10) == (["connect", "input end", "close"], True)


def test_a_reset_after_the_end_of_the_input_is_noticed_where_nothing_else_can_be(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mud_module, "LOOK_EACH", 0.05)
    monkeypatch.delattr("select.poll")  # as on Windows
    _, connection, client = half_closed(engine, tmp_path)
    reset(client)
    run_until(engine, lambda: connection.closed)
    assert connection.events == ["connect", "input end", "close"]


def test_a_peer_of_a_unix_socket_that_is_gone_altogether_ends_at_once(engine: Engine, tmp_path: Path) -> None:
    server, met = serve(engine, MudServer, "unix", tmp_path, mixin=HalfClosed)
    connect(server).close()
    run_until(engine, lambda: met and met[0].closed)
    assert met[0].events == ["connect", "input end", "close"]


def test_a_reset_of_who_reads_nothing_after_the_end_of_its_input_ends(engine: Engine, tmp_path: Path) -> None:
    _, connection, client = half_closed(engine, tmp_path)
    fill_up(connection)
    run_for(engine, 0.02)
    assert connection.interest == WRITE
    reset(client)
    run_until(engine, lambda: connection.closed)
    assert connection.events == ["connect", "input end", "close"]


def test_the_end_of_the_input_waits_for_a_pause_to_end(engine: Engine, tmp_path: Path) -> None:
    server, met = serve(engine, MudServer, "127.0.0.1", tmp_path, mixin=HalfClosed)
    with connect(server) as client:
        run_until(engine, lambda: server.connections)
        met[0].pause()
        client.shutdown(socket.SHUT_WR)
        run_for(engine, 0.05)
        assert met[0].events == ["connect"]
        met[0].resume()
        run_until(engine, lambda: "input end" in met[0].events)


def test_a_client_closes_when_its_server_ends(engine: Engine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client: Any = type("Client", (HalfClosed, MudConnection), {"met": []})(engine=engine)
        client.connect(listener.getsockname())
        run_until(engine, lambda: client.connected)
        accepted, _ = listener.accept()
        with accepted:
            accepted.shutdown(socket.SHUT_WR)
            run_until(engine, lambda: client.closed)
    assert client.events == ["connect", "input end", "close"]


@pytest.mark.parametrize("where", ["line", "input end"])
def test_an_interrupt_at_the_end_of_the_input_loses_nothing(engine: Engine, where: str, tmp_path: Path) -> None:
    class Interrupted(Life):
        limits = Limits(close=0.2, linger=0.2, ready=0.05)

        def on_line(self, line: str) -> None:
            self.note("line")

        def on_input_end(self) -> None:
            self.note("input end")

        def note(self, event: str) -> None:
            self.events.append(event)
            if event == where:
                raise KeyboardInterrupt

    server, met = serve(engine, MudServer, "127.0.0.1", tmp_path, mixin=Interrupted)
    with connect(server) as client:
        client.sendall(b"who")
        client.shutdown(socket.SHUT_WR)
        with pytest.raises(KeyboardInterrupt):
            run_until(engine, lambda: met and met[0].closed)
        run_until(engine, lambda: met[0].closed)
    assert met[0].events == ["connect", "line", "input end", "close"]


# Used in another thread than the engine's


@pytest.fixture
def running(engine: Engine) -> Iterator[Engine]:
    thread = Thread(target=engine.start, args=(0.05,))
    thread.start()
    yield engine
    engine.stop()
    thread.join(PATIENCE)


def in_engine(engine: Engine, function: Callable[[], Any]) -> Any:
    """Return what a function does in the engine's thread."""
    future: Future[Any] = Future()
    engine.call_from_thread(lambda: future.set_result(function()))
    return future.result(PATIENCE)


IN_ANOTHER_THREAD = "must be called in the thread of the engine; in another one call engine.call_from_thread"

USES: dict[str, Callable[[Any], object]] = {
    "write": lambda connection: connection.write(b"never"),
    "write with flush": lambda connection: connection.write(b"never", flush=True),
    "write_packed": lambda connection: connection.write_packed(1, format="B"),
    "write_file": lambda connection: connection.write_file(sys.stdin),
    "flush": lambda connection: connection.flush(),
    "close": lambda connection: connection.close(),
    "close without flush": lambda connection: connection.close(flush=False),
    "connect": lambda connection: connection.connect(("127.0.0.1", 9)),
    "startSSL": lambda connection: connection.startSSL({}),
    "read_delimiter": lambda connection: setattr(connection, "read_delimiter", 1),
}
USES_OF_A_SESSION: dict[str, Callable[[Any], object]] = {
    "send": lambda connection: connection.send("never"),
    "send_line": lambda connection: connection.send_line("never"),
    "prompt": lambda connection: connection.prompt("never"),
    "session.write": lambda connection: connection.session.write(b"never"),
    "echo": lambda connection: connection.echo(False),
    "gmcp": lambda connection: connection.send_gmcp("Char.Vitals", {"hp": 1}),
    "pause": lambda connection: connection.pause(),
    "resume": lambda connection: connection.resume(),
    "call_later": lambda connection: connection.call_later(0, print),
}


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("kind", SERVERS)
def test_a_connection_refuses_to_be_used_in_another_thread(
    running: Engine, kind: type[Server], use: str, tmp_path: Path
) -> None:
    server, met = in_engine(running, lambda: serve(running, kind, "127.0.0.1", tmp_path))
    with connect(server) as client:
        wait_until(lambda: met and met[0].events)
        with pytest.raises(RuntimeError, match=IN_ANOTHER_THREAD):
            USES[use](met[0])
        in_engine(running, lambda: (met[0].write(b"Hello."), met[0].close()))
        assert (client.recv(100), client.recv(100)) == (b"Hello.", b"")
        in_engine(running, server.close)
    assert met[0].events == ["connect", "close"]


class Spoken(Life):
    options = (ECHO, GMCP)


@pytest.mark.parametrize("use", USES_OF_A_SESSION)
def test_a_session_refuses_to_be_used_in_another_thread(running: Engine, use: str, tmp_path: Path) -> None:
    server, met = in_engine(running, lambda: serve(running, MudServer, "127.0.0.1", tmp_path, mixin=Spoken))
    with connect(server) as client:
        client.sendall(IAC + DO + GMCP.code)
        wait_until(lambda: met and met[0].events and met[0].session.ready)
        assert client.recv(100) == IAC + WILL + GMCP.code
        with pytest.raises(RuntimeError, match=IN_ANOTHER_THREAD):
            USES_OF_A_SESSION[use](met[0])
        met[0].call_from_thread(met[0].echo, False)
        assert client.recv(100) == IAC + WILL + ECHO.code
        in_engine(running, server.close)
        assert client.recv(100) == b""


@pytest.mark.parametrize("use", ["listen", "close"])
def test_a_server_refuses_to_be_used_in_another_thread(running: Engine, use: str) -> None:
    server = in_engine(running, lambda: TelnetServer(engine=running))
    with pytest.raises(RuntimeError, match=IN_ANOTHER_THREAD):
        server.listen(("127.0.0.1", 0)) if use == "listen" else server.close()
    in_engine(running, server.close)


def test_any_thread_may_use_a_connection_while_no_engine_runs(engine: Engine) -> None:
    stream, peer = stream_pair(engine, StreamRecorder)
    with peer:
        for step in (lambda: stream.write(b"Hello."), lambda: engine.poll(0), stream.close):
            thread = Thread(target=step)
            thread.start()
            thread.join()
        assert (peer.recv(100), stream.names()) == (b"Hello.", ["connect", "write", "close"])


# A selector that has its limits


@pytest.fixture
def selecting() -> Iterator[Engine]:
    with Engine(selectors.SelectSelector()) as engine:
        yield engine


def move_high(given: socket.socket) -> socket.socket:
    """The same socket by a descriptor that select() cannot watch."""
    resource = pytest.importorskip("resource")
    if resource.getrlimit(resource.RLIMIT_NOFILE)[0] <= 1500:
        pytest.skip("not so many descriptors here")
    os.dup2(given.fileno(), 1500)
    given.close()
    return socket.socket(fileno=1500)


def test_a_connection_beyond_what_select_can_watch_ends_alone(
    selecting: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    near, other = stream_pair(selecting, StreamRecorder)
    ours, peer = tcp_pair()
    with peer, other:
        address = peer.getsockname()
        far = StreamRecorder(engine=selecting, socket=move_high(ours))
        run_until(selecting, lambda: far.closed)
        assert far.names() == ["close"]
        [record] = caplog.records
        assert record.getMessage().startswith(
            f"StreamRecorder with {address!r}: the system cannot watch it: [Errno {errno.EMFILE}] "
            "select() cannot watch descriptor 1500, use another selector"
        )
        other.sendall(b"north")
        run_until(selecting, lambda: near.received)


def test_a_listener_beyond_what_select_can_watch_is_an_error_of_the_call(selecting: Engine) -> None:
    server = TelnetServer(engine=selecting, socket=move_high(socket.socket()))
    with pytest.raises(OSError, match="select.. cannot watch descriptor 1500"):
        server.listen(("127.0.0.1", 0))
    assert not server.listening
    selecting.poll(0)


def test_an_engine_beyond_what_select_can_watch_is_an_error_of_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = [socket.socketpair()]
    monkeypatch.setattr(socket, "socketpair", lambda: (move_high(pairs[0][0]), pairs[0][1]))
    with pytest.raises(OSError, match="select.. cannot watch descriptor 1500"):
        Engine(selectors.SelectSelector())


@pytest.mark.parametrize("selector", [selectors.SelectSelector, selectors.PollSelector])
def test_a_socket_that_was_closed_without_a_word_ends_alone(
    selector: type[selectors.BaseSelector], caplog: pytest.LogCaptureFixture
) -> None:
    ours, peer = tcp_pair()
    with Engine(selector()) as engine, peer:
        near, other = stream_pair(engine, StreamRecorder)
        with other:
            stream = StreamRecorder(engine=engine, socket=ours)
            run_until(engine, lambda: stream.connected)
            ours.close()
            run_until(engine, lambda: stream.closed)
            other.sendall(b"north")
            run_until(engine, lambda: near.received)
        assert stream.names()[-1] == "close"
        assert len(caplog.records) <= 1


# All of it at once


class Erratic(Life):
    """Does anything at any time, as chance has it."""

    limits = Limits(close=0.2, linger=0.1, handshake=0.2, ready=0.05, events=5)
    chance: Random
    connected: bool
    write: Any
    close: Any

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.act()

    def act(self, *_: object) -> None:
        kind = self.chance.random()
        if kind < 0.05:
            self.close(flush=self.chance.random() < 0.5)
        elif kind < 0.1:
            raise KeyboardInterrupt
        elif kind < 0.15:
            raise LookupError
        elif kind < 0.4 and self.connected and not self._closing:  # type: ignore[attr-defined]
            self.write(b"x" * self.chance.choice((1, 100_000)))

    on_read = on_command = on_line = on_ready = on_input_end = on_write = act

    def on_connect(self) -> None:
        super().on_connect()
        self.act()

    def on_close(self) -> None:
        super().on_close()
        self.act()


TRAFFIC = (b"who\r\n", IAC + b"\xf9" + IAC + DO + b"\x56", b"x" * 3000, b"\n" * 500)


def act_as_client(chance: Random, client: socket.socket, context: ssl.SSLContext) -> socket.socket:
    """Do one thing with a client, and return what it is then."""
    kind = chance.random()
    if kind < 0.2 and type(client) is socket.socket and client.family == socket.AF_INET and has_peer(client):
        return context.wrap_socket(client, server_hostname="localhost", do_handshake_on_connect=False)
    if kind < 0.4 and isinstance(client, ssl.SSLSocket):
        client.do_handshake()
    elif kind < 0.7:
        client.send(chance.choice(TRAFFIC))
    elif kind < 0.8:
        client.recv(65536)
    elif kind < 0.87:
        socket.socket.shutdown(client, socket.SHUT_WR)
    elif kind < 0.94:
        client.close()
    else:
        reset(client)
    return client


@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_what_has_begun_ends_once_and_nothing_is_left(
    engine: Engine, seed: int, tmp_path: Path, certificates: Certificates
) -> None:
    chance = Random(seed)
    mixin = type("Erratic", (Erratic,), {"chance": chance})
    served = []
    for number, (kind, host, secured) in enumerate(product(SERVERS, ("127.0.0.1", "unix"), (False, True))):
        (folder := tmp_path / str(number)).mkdir()
        options = certificates.server if secured else None
        served.append(serve(engine, kind, host, folder, options, mixin))
    before = descriptors()
    clients: list[socket.socket] = []
    for _ in range(1500):
        with suppress(KeyboardInterrupt):
            engine.poll(0)
        if len(clients) < 30:
            clients.append(connect(chance.choice(served)[0]))
            clients[-1].setblocking(False)
        chosen = chance.randrange(len(clients))
        with suppress(OSError, ValueError):
            clients[chosen] = act_as_client(chance, clients[chosen], certificates.client)
        clients = [client for client in clients if client.fileno() >= 0]
    for client in clients:
        client.close()
    deadline = time.monotonic() + PATIENCE
    while descriptors() != before:
        assert time.monotonic() < deadline
        with suppress(KeyboardInterrupt):
            engine.poll(0.02)
    begun = [connection for _, met in served for connection in met if "connect" in connection.events]
    assert len(begun) > 50
    assert {connection.events.count("close") for connection in begun} == {1}
    assert [len(server.connections) for server, _ in served] == [0] * len(served)
    assert len(engine._channels) == len(served)
