"""Sessions on the engine: when they start, how input and output wait, files, TLS and the end."""

from __future__ import annotations

import socket
import ssl
import zlib
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from net_support import PATIENCE, receive_all, run_for, run_until
from stream_support import receive, tcp_pair
from tls_support import Certificates

from telnet import DO, EOR, IAC, NAWS, SB, SE, WILL, Engine, Limits, MudConnection, MudHandler, MudServer, Stream
from telnet import options as spoken
from telnet.constants import MCCP2 as MCCP2_CODE
from telnet.net.engine import WRITE
from telnet.options import MCCP2, Role

AGREED = IAC + SB + MCCP2_CODE + IAC + SE  # behind which the compressed stream begins


class Player(MudHandler):
    """Writes down what happens, and does what its lines say."""

    limits = Limits(ready=0.05, close=0.2, linger=0.2)

    def __init__(self, **kwargs: Any) -> None:
        self.events: list[tuple[Any, ...]] = []
        super().__init__(**kwargs)

    @property
    def lines(self) -> list[str]:
        return [event[1] for event in self.events if event[0] == "line"]

    @property
    def names(self) -> list[str]:
        return [event[0] for event in self.events]

    def on_connect(self) -> None:
        self.events.append(("connect", self.session.role, self.client.tls))

    def on_ready(self) -> None:
        self.events.append(("ready",))

    def on_line(self, line: str) -> None:
        self.events.append(("line", line))

    def on_client(self, name: str, value: Any) -> None:
        self.events.append(("client", name, value))

    def on_window_size(self, width: int, height: int) -> None:
        self.events.append(("window_size", width, height))

    def on_protocol_error(self, reason: str, data: bytes) -> None:
        self.events.append(("protocol_error", reason))

    def on_slow_consumer(self) -> None:
        self.events.append(("slow_consumer",))
        super().on_slow_consumer()

    def on_close(self) -> None:
        self.events.append(("close",))

    def on_error(self, exc: Exception) -> None:
        self.events.append(("error", exc))


class Compressed(Player):
    options = (MCCP2,)


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine() as engine:
        yield engine


def accept(engine: Engine, handler: type[MudHandler] = Player, **arguments: Any) -> tuple[Any, socket.socket]:
    """A connection that runs the handler, with a server, and the plain socket of its client."""
    server = MudServer(handler, engine=engine, **arguments).listen(("127.0.0.1", 0))
    client = socket.create_connection(server.local_address, timeout=PATIENCE)
    run_until(engine, lambda: server.connections)
    connection: Any = next(iter(server.connections))
    if not arguments:
        run_until(engine, lambda: connection.connected)
    return connection, client


def small_buffers(connection: Any, client: socket.socket) -> None:
    """Make the system keep little, so that a client that does not read is soon noticed."""
    connection._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16384)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)


def say(engine: Engine, connection: Any, client: socket.socket, line: bytes) -> None:
    """Send a line and wait until it has arrived."""
    before = len(connection.lines)
    client.sendall(line + b"\r\n")
    run_until(engine, lambda: len(connection.lines) > before)


def accept_compressed(engine: Engine, handler: type[MudHandler] = Compressed) -> tuple[Any, socket.socket, Any]:
    """The same, with MCCP2 agreed on, and what inflates the rest."""
    connection, client = accept(engine, handler)
    client.sendall(IAC + DO + MCCP2_CODE)
    expected = IAC + WILL + MCCP2_CODE + AGREED
    assert receive(engine, client, len(expected)) == expected
    return connection, client, zlib.decompressobj()


def shaken(secured: ssl.SSLSocket) -> bool:
    """Go on with a handshake; whether it is done."""
    try:
        secured.do_handshake()
    except ssl.SSLWantReadError:
        return False
    return True


def inflate_until(engine: Engine, client: socket.socket, stream: Any, length: int) -> bytes:
    text = b""
    client.setblocking(False)

    def complete() -> bool:
        nonlocal text
        try:
            text += stream.decompress(client.recv(65536))
        except BlockingIOError:
            pass
        return len(text) >= length

    run_until(engine, complete)
    return text


# Who is who


def test_a_handler_becomes_the_class_of_the_connections_of_a_server(engine: Engine) -> None:
    connection, client = accept(engine)
    with client:
        assert isinstance(connection, Player) and isinstance(connection, MudConnection)
        assert connection.events == [("connect", Role.SERVER, False), ("ready",)]


def test_a_subclass_of_the_connection_serves_as_it_is(engine: Engine) -> None:
    class Own(MudConnection):
        pass

    assert MudServer(Own, engine=engine).ConnectionClass is Own


def test_a_server_without_a_class_makes_plain_connections(engine: Engine) -> None:
    connection, client = accept(engine, MudConnection)
    with client:
        assert MudServer(engine=engine).ConnectionClass is MudConnection
        client.sendall(IAC + DO + EOR)
        assert receive(engine, client, 3) == IAC + b"\xfc" + EOR


def test_the_handler_itself_is_served(engine: Engine) -> None:
    connection, client = accept(engine, MudHandler)
    with client:
        assert type(connection) is MudConnection
        client.sendall(IAC + DO + EOR)
        assert receive(engine, client, 3) == IAC + b"\xfc" + EOR


def test_the_class_of_a_server_may_say_which_handler_it_serves(engine: Engine) -> None:
    class Game(MudServer):
        ConnectionClass = Player  # type: ignore[assignment]

    assert issubclass(Game(engine=engine).ConnectionClass, (Player, MudConnection))


@pytest.mark.parametrize(
    ("members", "error"),
    [
        ({"options": ("x",)}, TypeError),
        ({"options": (spoken.MSSP,)}, ValueError),
        ({"encoding": "klingon"}, LookupError),
        ({"fallback": "klingon"}, LookupError),
        ({"legacy_encoding": "klingon"}, LookupError),
        ({"limits": None}, TypeError),
    ],
)
@pytest.mark.parametrize("base", [MudHandler, MudConnection])
def test_a_server_refuses_at_once_what_each_connection_would(
    engine: Engine, base: type[Any], members: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        MudServer(type("Wrong", (base,), members), engine=engine)


@pytest.mark.parametrize("bad", [object, "Player", MCCP2])
def test_a_server_of_what_is_no_handler_is_refused(engine: Engine, bad: Any) -> None:
    with pytest.raises(TypeError):
        MudServer(bad, engine=engine)


def test_a_running_handler_is_a_client_where_it_connects(engine: Engine) -> None:
    server = MudServer(Player, engine=engine).listen(("127.0.0.1", 0))
    client: Any = MudConnection.running(Player)(engine=engine).connect(server.local_address)
    run_until(engine, lambda: server.connections and client.connected)
    accepted: Any = next(iter(server.connections))
    accepted.send_line("Hello")
    run_until(engine, lambda: client.lines)
    assert client.events == [("connect", Role.CLIENT, False), ("ready",), ("line", "Hello")]
    assert client.server is None and accepted.server is server


def test_a_socket_that_is_taken_over_gets_a_session(engine: Engine) -> None:
    ours, peer = tcp_pair()
    with peer:
        connection: Any = MudConnection.running(Player)(engine=engine, socket=ours)
        run_until(engine, lambda: connection.connected)
        peer.sendall(b"Hello\r\n")
        run_until(engine, lambda: connection.lines)
        assert connection.lines == ["Hello"]


def test_a_session_that_is_there_already_is_kept(engine: Engine) -> None:
    ours, peer = tcp_pair()
    with peer:
        connection: Any = MudConnection.running(Player)(engine=engine, socket=ours)
        session = connection.make_session(Role.SERVER)
        run_until(engine, lambda: connection.connected)
        assert connection.session is session
        assert session.role is Role.SERVER


# The beginning


def test_a_silent_client_is_ready_in_time(engine: Engine) -> None:
    class Asking(Player):
        options = (spoken.NAWS,)

    connection, client = accept(engine, Asking)
    with client:
        assert connection.names == ["connect"]
        run_until(engine, lambda: "ready" in connection.names)


def test_a_connection_closed_as_it_begins_is_never_ready(engine: Engine) -> None:
    class Leaving(Player):
        def on_connect(self) -> None:
            super().on_connect()
            self.send_line("Full.")
            self.close()

    server = MudServer(Leaving, engine=engine).listen(("127.0.0.1", 0))
    with socket.create_connection(server.local_address, timeout=PATIENCE) as client:
        assert receive_all(engine, client) == b"Full.\r\n"


# Reading


def test_pause_delivers_and_reads_nothing_until_resume(engine: Engine) -> None:
    class Busy(Player):
        def on_line(self, line: str) -> None:
            super().on_line(line)
            self.pause()

    connection, client = accept(engine, Busy)
    with client:
        client.sendall(b"one\r\ntwo\r\nthree\r\n")
        run_until(engine, lambda: connection.lines)
        run_for(engine, 0.05)
        assert (connection.lines, connection.interest) == (["one"], 0)
        connection.resume()
        run_until(engine, lambda: len(connection.lines) == 2)
        assert connection.lines == ["one", "two"]


def test_pause_in_the_turn_that_would_go_on_holds(engine: Engine) -> None:
    class Few(Player):
        limits = Limits(events=1, ready=0.05)

    connection, client = accept(engine, Few)
    with client:
        client.sendall(b"one\r\ntwo\r\n")
        run_until(engine, lambda: connection.lines)
        connection.pause()
        run_for(engine, 0.05)
        assert connection.lines == ["one"]


def test_more_lines_than_a_turn_takes_arrive_in_order(engine: Engine) -> None:
    connection, client = accept(engine)
    with client:
        client.sendall(b"".join(b"%d\n" % number for number in range(3000)))
        run_until(engine, lambda: len(connection.lines) == 3000)
        assert connection.lines == [str(number) for number in range(3000)]


def test_the_end_of_the_input_ends_the_last_line_and_lets_the_answer_leave(engine: Engine) -> None:
    class Answering(Player):
        def on_line(self, line: str) -> None:
            super().on_line(line)
            self.send_line(f"You say: {line}")

    connection, client = accept(engine, Answering)
    with client:
        client.sendall(b"Hello\r\nand good")
        client.shutdown(socket.SHUT_WR)
        assert receive_all(engine, client) == b"You say: Hello\r\nYou say: and good\r\n"
        assert connection.lines == ["Hello", "and good"]


def test_options_are_agreed_on_over_the_wire(engine: Engine) -> None:
    class Asking(Player):
        options = (spoken.NAWS,)

    connection, client = accept(engine, Asking)
    with client:
        assert receive(engine, client, 3) == IAC + DO + NAWS
        client.sendall(IAC + WILL + NAWS + IAC + SB + NAWS + bytes([0, 100, 0, 30]) + IAC + SE)
        run_until(engine, lambda: ("window_size", 100, 30) in connection.events)


# Writing


def test_bytes_are_sent_as_they_are_in_their_place_among_text(engine: Engine) -> None:
    connection, client = accept(engine)
    with client:
        connection.send("a")
        connection.write(bytearray(IAC + b"\xf1"))
        connection.send("z")
        assert receive(engine, client, 4) == b"a" + IAC + b"\xf1z"


def test_flush_sends_before_the_turn_ends(engine: Engine) -> None:
    connection, client = accept(engine)
    with client:
        connection.send("a")
        connection.write(b"b", flush=True)
        assert client.recv(10) == b"ab"
        connection.send("c")
        connection.flush()
        assert client.recv(10) == b"c"


def test_what_is_no_bytes_is_refused(engine: Engine) -> None:
    connection, client = accept(engine)
    with client, pytest.raises(TypeError, match="encode the text first"):
        connection.write("text")


def test_one_turn_is_one_send(engine: Engine) -> None:
    connection, client = accept(engine)
    with client:
        connection.send_line("one")
        connection.send_line("two")
        run_for(engine, 0.01)
        assert client.recv(100) == b"one\r\ntwo\r\n"


def test_writing_raises_and_sending_does_nothing_when_closed(engine: Engine) -> None:
    connection, client = accept(engine)
    with client:
        connection.close()
        connection.send_line("never")
        with pytest.raises(RuntimeError, match="cannot write: the stream is closed"):
            connection.write(b"never")


# A peer that does not read


class Spilling(Player):
    limits = Limits(unsent=200_000, ready=0.05)


def spill(engine: Engine, connection: Any) -> None:
    """Write, turn by turn, until too much waits, or 100 MiB have gone."""
    for _ in range(1600):
        connection.send("x" * 65536)
        engine.poll(0)
        if "slow_consumer" in connection.names:
            return
    raise AssertionError("the peer is not slow")


def test_a_peer_that_does_not_read_is_closed(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    connection, client = accept(engine, Spilling)
    with client:
        small_buffers(connection, client)
        spill(engine, connection)
        assert connection.names[-2:] == ["slow_consumer", "close"]
        assert "max_write_buffer is 200000; closing" in caplog.text


def test_a_handler_that_raises_the_limit_keeps_the_peer(engine: Engine) -> None:
    class Patient(Spilling):
        def on_slow_consumer(self) -> None:
            self.events.append(("slow_consumer",))
            self.max_write_buffer *= 2

    connection, client = accept(engine, Patient)
    with client:
        small_buffers(connection, client)
        spill(engine, connection)
        connection.send("the end")
        connection.close()
        assert receive_all(engine, client).endswith(b"the end")


def test_a_handler_that_makes_no_room_loses_the_peer(engine: Engine) -> None:
    class Stubborn(Spilling):
        def on_slow_consumer(self) -> None:
            self.events.append(("slow_consumer",))

    connection, client = accept(engine, Stubborn)
    with client:
        small_buffers(connection, client)
        spill(engine, connection)
        assert connection.names[-3:] == ["slow_consumer", "error", "close"]
        assert "more exceed max_write_buffer 200000" in str(connection.events[-2][1])


@pytest.mark.parametrize("flush", [False, True])
def test_a_write_that_ends_a_slow_peer_does_not_raise(engine: Engine, flush: bool) -> None:
    connection, client = accept(engine, Spilling)
    with client:
        connection.write(b"x" * 300_000, flush)
        assert connection.names[-2:] == ["slow_consumer", "close"]


def test_a_flush_that_ends_a_slow_peer_does_not_raise(engine: Engine) -> None:
    class Small(Player):
        limits = Limits(unsent=1000, ready=0.05)

    connection, client = accept(engine, Small)
    with client:
        connection.send("x" * 2000)
        connection.flush()
        assert connection.names[-2:] == ["slow_consumer", "close"]


# Files


@pytest.fixture
def book(tmp_path: Path) -> Path:
    path = tmp_path / "book.txt"
    path.write_bytes(b"0123456789" * 10000)
    return path


@pytest.mark.parametrize("flush", [False, True])
def test_a_file_has_its_place_among_what_is_written(engine: Engine, book: Path, flush: bool) -> None:
    connection, client = accept(engine)
    with client, book.open("rb") as file:
        connection.send("<")
        connection.write_file(file, flush=flush)
        connection.send(">")
        assert receive(engine, client, 100_002) == b"<" + book.read_bytes() + b">"


@pytest.mark.parametrize("flush", [False, True])
def test_a_file_is_compressed_like_the_rest(engine: Engine, book: Path, flush: bool) -> None:
    connection, client, stream = accept_compressed(engine)
    with client, book.open("rb") as file:
        connection.send("<")
        connection.write_file(file, 10, 5, flush=flush)
        connection.send(">")
        assert inflate_until(engine, client, stream, 12) == b"<5678901234>"


def test_the_compressed_stream_is_finished_at_the_end(engine: Engine) -> None:
    connection, client, stream = accept_compressed(engine)
    with client:
        connection.send_line("Goodbye.")
        connection.close()
        assert stream.decompress(receive_all(engine, client)) == b"Goodbye.\r\n"
        assert stream.eof


# Later calls


def test_a_function_is_called_later_and_what_it_raises_is_told(engine: Engine) -> None:
    connection, client = accept(engine)
    with client:
        connection.call_later(0.01, connection.on_line, "later")
        connection.call_later(0, connection.on_line, "soon")
        connection.call_later(0, [].pop, 0)
        connection.call_later(0, connection.on_line, "never").cancel()
        run_until(engine, lambda: len(connection.lines) == 2)
        assert connection.lines == ["soon", "later"]
        [error] = [event[1] for event in connection.events if event[0] == "error"]
        assert isinstance(error, IndexError)


# TLS


def test_a_thread_comes_back_with_what_it_has_done(engine: Engine) -> None:
    connection, client = accept(engine)
    with client:
        worker = Thread(target=connection.call_from_thread, args=(connection.on_line, "done"))
        worker.start()
        worker.join()
        assert connection.lines == []
        run_until(engine, lambda: connection.lines == ["done"])


def test_tls_from_the_start_is_known_as_such(engine: Engine, certificates: Certificates) -> None:
    server = MudServer(Player, engine=engine, ssl_options=certificates.server).listen(("127.0.0.1", 0))
    client: Any = MudConnection.running(Player)(engine=engine, ssl_options=certificates.client)
    client.connect(server.local_address)
    run_until(engine, lambda: client.connected and next(iter(server.connections)).connected)
    [accepted] = server.connections
    assert client.events == [("connect", Role.CLIENT, True)]
    assert accepted.events == [("connect", Role.SERVER, True), ("ready",)]  # type: ignore[attr-defined]


def test_a_pause_in_on_connect_holds_over_tls(engine: Engine, certificates: Certificates) -> None:
    class Busy(Player):
        def on_connect(self) -> None:
            super().on_connect()
            self.pause()

    server = MudServer(Busy, engine=engine, ssl_options=certificates.server).listen(("127.0.0.1", 0))
    client: Any = MudConnection.running(Player)(engine=engine, ssl_options=certificates.client)
    client.connect(server.local_address)
    run_until(engine, lambda: client.connected)
    client.send_line("Hello")
    run_for(engine, 0.05)
    [accepted] = server.connections
    assert accepted.lines == []  # type: ignore[attr-defined]


class Upgrading(Player):
    """Starts TLS when it is asked to, in the middle of the connection."""

    context: Any

    def on_line(self, line: str) -> None:
        super().on_line(line)
        if line == "starttls":
            self.send_line("go ahead")
            self.startSSL(self.context)  # type: ignore[attr-defined]
            self.send_line("welcome")


def test_a_paused_connection_over_tls_reads_nothing_when_it_sends(engine: Engine, certificates: Certificates) -> None:
    connection, client = accept(engine, ssl_options=certificates.server)
    with certificates.client.wrap_socket(client, server_hostname="localhost", do_handshake_on_connect=False) as secured:
        secured.setblocking(False)
        run_until(engine, lambda: shaken(secured) and connection.connected)
        connection.pause()
        secured.send(b"look\r\n")
        connection.handle_events(WRITE)
        run_for(engine, 0.02)
        assert connection.lines == []
        connection.resume()
        run_until(engine, lambda: connection.lines == ["look"])


def test_a_connection_is_secured_in_the_middle(engine: Engine, certificates: Certificates) -> None:
    Upgrading.context = certificates.server
    connection, client = accept(engine, Upgrading)
    say(engine, connection, client, b"starttls")
    assert receive(engine, client, 10) == b"go ahead\r\n"
    with certificates.client.wrap_socket(client, server_hostname="localhost", do_handshake_on_connect=False) as secured:
        run_until(engine, lambda: shaken(secured))
        run_for(engine, 0.05)
        assert secured.recv(100) == b"welcome\r\n"
        secured.sendall(b"safe\r\n")
        run_until(engine, lambda: "safe" in connection.lines)
        assert ("client", "tls", True) in connection.events


@pytest.mark.parametrize("in_the_middle", [False, True], ids=["from the start", "in the middle"])
def test_client_is_known_to_be_secured_when_the_handshake_is_told(
    engine: Engine, certificates: Certificates, in_the_middle: bool
) -> None:
    class Securing(Upgrading):
        def on_ssl_handshake(self) -> None:
            self.events.append(("handshake", self.client.tls))

    class Asking(Securing):
        def on_line(self, line: str) -> None:
            if line == "go ahead":
                self.startSSL(certificates.client)  # type: ignore[attr-defined]

    Upgrading.context = certificates.server
    here: Any = {} if in_the_middle else {"ssl_options": certificates.server}
    there: Any = {} if in_the_middle else {"ssl_options": certificates.client}
    server = MudServer(Securing, engine=engine, **here).listen(("127.0.0.1", 0))
    client: Any = MudConnection.running(Asking)(engine=engine, **there)
    client.connect(server.local_address)
    run_until(engine, lambda: client.connected and next(iter(server.connections)).connected)
    [accepted] = server.connections
    if in_the_middle:
        client.send_line("starttls")
    run_until(engine, lambda: "handshake" in client.names and "handshake" in accepted.names)  # type: ignore[attr-defined]

    for events in (client.events, accepted.events):  # type: ignore[attr-defined]
        assert ("handshake", True) in events
        assert (("client", "tls", True) in events) is in_the_middle


def test_pause_of_the_program_outlasts_the_handshake(engine: Engine, certificates: Certificates) -> None:
    class Pausing(Upgrading):
        def on_line(self, line: str) -> None:
            super().on_line(line)
            self.pause()

    Upgrading.context = certificates.server
    connection, client = accept(engine, Pausing)
    say(engine, connection, client, b"starttls")
    assert receive(engine, client, 10) == b"go ahead\r\n"
    with certificates.client.wrap_socket(client, server_hostname="localhost", do_handshake_on_connect=False) as secured:
        run_until(engine, lambda: shaken(secured) and connection.ssl_enabled)
        secured.sendall(b"later\r\n")
        run_for(engine, 0.05)
        assert connection.lines == ["starttls"]
        connection.resume()
        run_until(engine, lambda: connection.lines == ["starttls", "later"])


def test_plain_text_is_refused_although_the_program_goes_on_before_tls(
    engine: Engine, certificates: Certificates
) -> None:
    class Hasty(Upgrading):
        def on_line(self, line: str) -> None:
            super().on_line(line)
            self.pause()
            self.resume()

    Upgrading.context = certificates.server
    connection, client = accept(engine, Hasty)
    with client:
        client.sendall(b"starttls\r\nplain\r\n")
        run_until(engine, lambda: connection.closed)
        assert connection.lines == ["starttls"]


def test_plain_text_behind_the_request_for_tls_is_refused(engine: Engine, certificates: Certificates) -> None:
    Upgrading.context = certificates.server
    connection, client = accept(engine, Upgrading)
    with client:
        client.sendall(b"starttls\r\nplain\r\n")
        run_until(engine, lambda: connection.closed)
        assert connection.lines == ["starttls"]


@pytest.mark.parametrize("begun", [b"delete ", b"\xff\xfa\xc9delete \xff", b"\xff\xfa\xc9delete ", b"\xff"])
def test_what_was_begun_before_tls_is_not_ended_under_it(
    engine: Engine, certificates: Certificates, begun: bytes
) -> None:
    """Somebody in the middle could have begun it."""
    connection, client = accept(engine)
    say(engine, connection, client, b"hello")
    client.sendall(begun)
    run_for(engine, 0.05)
    connection.startSSL(certificates.server)
    with certificates.client.wrap_socket(client, server_hostname="localhost", do_handshake_on_connect=False) as secured:
        secured.setblocking(False)
        run_until(engine, lambda: shaken(secured))
        secured.sendall(b"everything\r\n")
        run_until(engine, lambda: len(connection.lines) > 1)
        assert connection.lines == ["hello", "everything"]


def test_tls_asked_for_before_connecting_takes_no_output(engine: Engine, certificates: Certificates) -> None:
    connection: Any = MudConnection.running(Player)(engine=engine)
    assert connection.startSSL(certificates.client) is connection
    connection.close()
    assert connection.names == ["close"]


# The end


def test_close_without_flush_drops_what_waits(engine: Engine) -> None:
    connection, client = accept(engine)
    with client:
        connection.send_line("never")
        connection.close(flush=False)
        assert (connection.names[-1], receive_all(engine, client)) == ("close", b"")


def test_close_comes_once_and_ends_the_session(engine: Engine) -> None:
    connection, client = accept(engine)
    with client:
        connection.send_line("Goodbye.")
        connection.close()
        connection.close()
        assert connection.session.closed
        assert receive_all(engine, client) == b"Goodbye.\r\n"
        assert connection.names.count("close") == 1


def test_a_connection_closed_before_its_turn_has_no_session(engine: Engine) -> None:
    connection: Any = MudConnection.running(Player)(engine=engine)
    connection.close()
    assert connection.names == ["close"]
    assert not hasattr(connection, "session")


def test_what_waits_for_a_turn_is_dropped_by_a_close(engine: Engine) -> None:
    class Hurried(Player):
        limits = Limits(events=1, ready=0.05, close=0.2, linger=0.2)

        def on_line(self, line: str) -> None:
            super().on_line(line)
            self.call_later(0, self.close)

    connection, client = accept(engine, Hurried)
    with client:
        client.sendall(b"one\r\n" + b"more\r\n" * 50)
        run_until(engine, lambda: connection.closed)
        run_for(engine, 0.02)
        assert 1 <= len(connection.lines) < 10


def test_a_stream_is_no_connection_with_a_session() -> None:
    assert not issubclass(Stream, MudConnection)
