"""The work of one turn: a bounded number of events, the rest in order, nothing lost where a handler is interrupted."""

from __future__ import annotations

import re
import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from net_support import PATIENCE, Recorder, receive_all, run_for, run_until
from stream_support import StreamRecorder, stream_pair, tcp_pair

from telnet import (
    AYT,
    ECHO,
    GA,
    IAC,
    SB,
    SE,
    TTYPE,
    WILL,
    Engine,
    Limits,
    MudConnection,
    Stream,
    TelnetConnection,
    TelnetServer,
)
from telnet.net.engine import READ

LIMIT = Limits().events


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine() as engine:
        yield engine


def turns_of(engine: Engine, connection: Any, total: int) -> list[int]:
    """Turn the engine until so many events have come after the first, and return how many each turn brought."""
    turns = []
    while len(connection.events) <= total:
        before = len(connection.events)
        engine.poll(0.02)
        turns.append(len(connection.events) - before)
    return turns


# How much a turn delivers


@pytest.mark.parametrize(
    ("delimiter", "piece"),
    [(1, b"x"), (b"\n", b"\n"), (struct.Struct("B"), b"x"), (re.compile(rb"\n"), b"\n")],
    ids=["int", "bytes", "struct", "regex"],
)
@pytest.mark.parametrize("kind", [StreamRecorder, Recorder])
def test_pieces_of_one_read_are_delivered_over_several_turns(
    engine: Engine, kind: type[Any], delimiter: Any, piece: bytes
) -> None:
    connection, peer = stream_pair(engine, kind)
    with peer:
        connection.read_delimiter = delimiter
        peer.sendall(piece * 5500)
        assert max(turns_of(engine, connection, 5500)) == LIMIT
        assert len(connection.events) == 5501


@pytest.mark.parametrize(
    "wire",
    [IAC + AYT, IAC + WILL + ECHO, IAC + SB + TTYPE + IAC + SE, IAC + SB + IAC + SE, b"x" + IAC + GA],
    ids=["command", "option", "subnegotiation", "error", "data"],
)
def test_events_of_telnet_are_delivered_over_several_turns(engine: Engine, wire: bytes) -> None:
    connection, peer = stream_pair(engine, Recorder)
    with peer:
        peer.sendall(wire * 3500)
        expected = 3500 * (2 if wire[:1] == b"x" else 1)
        assert max(turns_of(engine, connection, expected)) == LIMIT
        assert len(connection.events) == expected + 1


def test_a_connection_that_floods_has_one_turn_a_poll(engine: Engine) -> None:
    connection, peer = stream_pair(engine, StreamRecorder)
    with peer:
        connection.read_delimiter = b"\n"
        peer.setblocking(False)
        for _ in range(300):
            with suppress(BlockingIOError):
                peer.send(b"\n" * 700)  # a read that leaves something for a second turn
            before = len(connection.events)
            engine.poll(0)
            assert len(connection.events) - before <= LIMIT


def test_nothing_more_is_read_until_what_was_read_is_delivered(engine: Engine) -> None:
    connection, peer = stream_pair(engine, Recorder)
    with peer:
        connection.read_delimiter = 1
        peer.sendall(b"x" * 2500)
        engine.poll(1.0)
        assert (len(connection.events), connection.interest) == (1 + LIMIT, 0)
        peer.sendall(b"y")
        run_until(engine, lambda: len(connection.events) == 2502)
        assert (connection.events[-1], connection.interest) == (("read", b"y"), READ)


@pytest.mark.parametrize("kind", [StreamRecorder, Recorder])
def test_a_flood_keeps_no_neighbour_waiting(engine: Engine, kind: type[Any]) -> None:
    flooded, flooding = stream_pair(engine, kind)
    quiet, peer = stream_pair(engine, kind)
    with flooding, peer:
        flooded.read_delimiter = 1
        flooding.sendall(b"x" * 60_000)
        peer.sendall(b"north")
        run_until(engine, lambda: len(quiet.events) == 2)
        assert len(flooded.events) <= 1 + 3 * LIMIT


@pytest.mark.parametrize("kind", [StreamRecorder, Recorder])
def test_the_end_of_the_input_comes_after_what_waits(engine: Engine, kind: type[Any]) -> None:
    connection, peer = stream_pair(engine, kind)
    with peer:
        connection.read_delimiter = b"\n"
        peer.sendall(b"\n" * 5000)
        peer.shutdown(socket.SHUT_WR)
        run_until(engine, lambda: connection.closed)
        assert connection.events == [("connect",), *[("read", b"")] * 5000, ("close",)]


def test_what_waits_for_a_turn_is_no_overflow(engine: Engine) -> None:
    connection, peer = stream_pair(engine, StreamRecorder)
    with peer:
        connection.read_delimiter = b"\n"
        connection.buffer_size = 10
        peer.sendall(b"\n" * 3000 + b"0123456789")
        run_until(engine, lambda: len(connection.events) == 3001)
        run_for(engine, 0.01)
        assert (connection.unread, connection.closed) == (b"0123456789", False)


@pytest.mark.parametrize("kind", [StreamRecorder, Recorder])
def test_a_close_drops_what_waits_for_a_turn(engine: Engine, kind: type[Any]) -> None:
    connection, peer = stream_pair(engine, kind)
    with peer:
        connection.read_delimiter = 1
        peer.sendall(b"x" * 2500)
        engine.poll(1.0)
        connection.close()
        run_for(engine, 0.01)
        assert len(connection.events) == 2 + LIMIT
        assert connection.events[-1] == ("close",)


@pytest.mark.parametrize("kind", [StreamRecorder, Recorder])
def test_tls_asked_for_before_all_is_delivered_is_refused(engine: Engine, kind: type[Any]) -> None:
    connection, peer = stream_pair(engine, kind)
    with peer:
        connection.read_delimiter = 1
        peer.sendall(b"x" * 2500)
        engine.poll(1.0)
        connection.startSSL({})
        run_until(engine, lambda: connection.closed)
        assert len(connection.events) == 2 + LIMIT


def test_a_handler_that_raises_costs_its_event_alone(engine: Engine) -> None:
    class Faulty(Recorder):
        limits = Limits(events=2)

        def on_command(self, command: bytes) -> None:
            super().on_command(command)
            raise LookupError

    connection, peer = stream_pair(engine, Faulty)
    with peer:
        peer.sendall((IAC + AYT + b"x") * 5)
        run_until(engine, lambda: len(connection.events) == 16)
        assert [event[0] for event in connection.events[1:]] == ["command", "error", "read"] * 5


# In order, however it is cut


class Changing(Recorder):
    """Changes its delimiter by what comes, and is interrupted by some of it."""

    limits = Limits(events=3)
    delimiters: Any = (b"\n", 2, None, struct.Struct("!H"))
    interrupted = False

    def note(self) -> None:
        self.read_delimiter = self.delimiters[len(self.events) % len(self.delimiters)]
        if self.interrupted and len(self.events) % 2:
            raise KeyboardInterrupt

    def on_read(self, *data: Any) -> None:
        super().on_read(*data)
        self.note()

    def on_command(self, command: bytes) -> None:
        super().on_command(command)
        self.note()

    def on_option(self, command: bytes, option: bytes) -> None:
        super().on_option(command, option)
        self.note()


class Unlimited(Changing):
    limits = Limits(events=10**6)


class Interrupted(Changing):
    interrupted = True


def events_of(kind: type[Recorder], wire: bytes) -> list[tuple[Any, ...]]:
    """What a connection makes of the bytes in one read, and of the end of the input after them."""
    with Engine() as engine:
        connection, peer = stream_pair(engine, kind)
        connection.read_delimiter = b"\n"
        with peer:
            peer.sendall(wire)
            peer.shutdown(socket.SHUT_WR)
            while not connection.closed:
                try:
                    engine.poll(1.0)
                except KeyboardInterrupt:
                    pass
        return connection.events


WIRE = st.lists(
    st.sampled_from([b"a", b"\n", b"bc", IAC + GA, IAC + IAC, IAC + WILL + ECHO, IAC + SB + IAC + SE]), max_size=30
).map(b"".join)


@given(WIRE)
def test_bounded_turns_deliver_what_one_turn_would(wire: bytes) -> None:
    expected = events_of(Unlimited, wire)
    assert events_of(Changing, wire) == expected
    assert events_of(Interrupted, wire) == expected


# When a handler is interrupted


class Interrupting:
    """Is interrupted once in the handler of this name."""

    where = ""

    def __init__(self, **kwargs: Any) -> None:
        self.events: list[Any] = []
        super().__init__(**kwargs)

    def note(self, name: str, *data: Any) -> None:
        first = name == self.where and not any(event[0] == name for event in self.events)
        self.events.append((name, *data))
        if first:
            raise KeyboardInterrupt

    def on_connect(self) -> None:
        self.note("connect")

    def on_close(self) -> None:
        self.note("close")

    def on_read(self, data: bytes) -> None:
        self.note("read", data)

    def on_command(self, command: bytes) -> None:
        self.note("command", command)

    def on_write(self) -> None:
        self.note("write")

    def on_ready(self) -> None:
        self.note("ready")

    def on_line(self, line: str) -> None:
        self.note("line", line)

    def on_input_end(self) -> None:
        self.note("input_end")


def interrupted(kind: type[Stream], where: str) -> type[Any]:
    return type("Interrupted", (Interrupting, kind), {"where": where, "limits": Limits(ready=0.05, linger=0.05)})


def play(engine: Engine, connection: Any, condition: Any) -> int:
    """Start the engine again and again until the condition holds; return how often it was interrupted."""
    times = 0

    def check() -> None:
        if condition():
            engine.stop()

    engine.loop(check)
    while not condition():
        try:
            engine.start(0.01)
        except KeyboardInterrupt:
            times += 1
    return times


@pytest.mark.parametrize("kind", [Stream, TelnetConnection])
@pytest.mark.parametrize("where", ["connect", "read", "command", "write", "close"])
def test_an_interrupt_loses_nothing_of_a_connection(engine: Engine, kind: type[Stream], where: str) -> None:
    ours, peer = tcp_pair()
    with peer:
        connection = interrupted(kind, where)(engine=engine, socket=ours)
        connection.read_delimiter = b"\n"
        peer.sendall(b"one\ntwo\n" + (IAC + GA if kind is TelnetConnection else b"") + b"three\n")
        assert play(engine, connection, lambda: ("read", b"three") in connection.events) <= 1
        connection.write(b"goodbye")
        connection.close()
        play(engine, connection, lambda: connection.closed)
        assert peer.recv(100) == b"goodbye"
        command = [("command", GA)] if kind is TelnetConnection else []
        reads = [("read", b"one"), ("read", b"two"), *command, ("read", b"three")]
        assert connection.events == [("connect",), *reads, ("write",), ("close",)]


@pytest.mark.parametrize("where", ["connect", "ready", "line", "command", "write", "close"])
def test_an_interrupt_loses_nothing_of_a_session(engine: Engine, where: str) -> None:
    ours, peer = tcp_pair()
    with peer:
        kind = type("Answering", (MudConnection,), {"ayt_answer": "[Yes]"})  # which nobody has accepted: a client
        connection = interrupted(kind, where)(engine=engine, socket=ours)
        connection.call_later(0.15, connection.note, "later")
        peer.sendall(b"one\r\ntwo\r\n" + IAC + b"\xf1" + IAC + AYT + b"three\r\n")
        play(engine, connection, lambda: {("line", "three"), ("ready",), ("later",)} <= set(connection.events))
        connection.send_line("goodbye")
        connection.close()
        play(engine, connection, lambda: connection.closed)
        assert receive_all(engine, peer) == b"[Yes]\r\ngoodbye\r\n"
        names = [event[0] for event in connection.events if event[0] not in ("ready", "write", "later")]
        assert names == ["connect", "line", "line", "command", "line", "close"]
        assert connection.events.count(("ready",)) == 1


def test_an_interrupt_of_on_slow_consumer_leaves_no_gap(engine: Engine) -> None:
    class Slow(Interrupting, MudConnection):
        limits = Limits(ready=0.05, unsent=1000)
        where = "slow"

        def on_slow_consumer(self) -> None:
            self.note("slow")
            self.max_write_buffer = 1 << 20

    connection, peer = stream_pair(engine, Slow)
    with peer:
        connection.send("x" * 2000)
        with pytest.raises(KeyboardInterrupt):
            engine.poll(0)
        connection.send("y" * 2000)
        connection.close()
        assert receive_all(engine, peer) == b"x" * 2000 + b"y" * 2000


def test_an_interrupt_of_a_later_call_costs_nothing_else(engine: Engine) -> None:
    connection, peer = stream_pair(engine, interrupted(MudConnection, "later"))
    with peer:
        for name in ("soon", "later", "later", "last"):
            connection.call_later(0, connection.note, name)
        peer.sendall(b"one\r\n")
        assert play(engine, connection, lambda: ("line", "one") in connection.events) == 1
        assert [event[0] for event in connection.events[1:]] == ["soon", "later", "later", "last", "ready", "line"]


def test_an_interrupt_while_a_server_closes_keeps_nobody_open(engine: Engine) -> None:
    server = TelnetServer(interrupted(TelnetConnection, "close"), engine=engine).listen(("127.0.0.1", 0))
    clients = [socket.create_connection(server.local_address, timeout=PATIENCE) for _ in range(3)]
    run_until(engine, lambda: len(server.connections) == 3)
    connections = list(server.connections)
    with pytest.raises(KeyboardInterrupt):
        server.close()
    assert all(connection.closed for connection in connections)
    for client in clients:
        client.close()


def test_an_interrupt_while_an_engine_closes_keeps_nobody_open() -> None:
    engine = Engine()
    pairs = [stream_pair(engine, interrupted(Stream, "close")) for _ in range(3)]
    with pytest.raises(KeyboardInterrupt):
        engine.close()
    assert engine.closed
    assert all(stream.closed for stream, _ in pairs)
    for _, peer in pairs:
        peer.close()
