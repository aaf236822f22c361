"""Outgoing connections: refusals, names, several addresses, and time limits."""

from __future__ import annotations

import errno
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from net_support import has_ipv6, run_for, run_until
from ports import unused_port
from stream_support import HOST, StreamRecorder

from telnet import Engine, InvalidAddressFormatError, Limits, Stream, StreamConnectError
from telnet.net.address import parse_address
from telnet.net.connector import Connector

needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="no IPv6 here")


class Outgoing(StreamRecorder):
    """A stream that closes when it cannot connect, as by default."""

    def on_connect_error(self, exc: Exception) -> None:
        super().on_connect_error(exc)
        self.close(flush=False)


def refusing_address() -> tuple[str, int]:
    """An address of this machine on which nobody listens."""
    return HOST, unused_port()


@contextmanager
def silent_listener(host: str = HOST, port: int = 0) -> Iterator[Any]:
    """A listener that answers nobody any more, because its queue is full."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family, backlog=0) as listener:
        waiting = []
        for _ in range(4):
            one = socket.socket(family)
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
            waiting.append(one)
        try:
            yield listener.getsockname()
        finally:
            for one in waiting:
                one.close()


@contextmanager
def accepted_in_time(engine: Engine, listener: socket.socket, banner: bytes) -> Iterator[list[socket.socket]]:
    """Accept and send between the attempt and the engine's look at its outcome, in the same turn."""
    peers: list[socket.socket] = []

    def accept() -> None:
        peers.append(listener.accept()[0])
        peers[0].sendall(banner)

    engine.callback(accept)
    try:
        yield peers
    finally:
        for peer in peers:
            peer.close()


def test_on_connect_follows_from_the_engine_and_not_inside_connect() -> None:
    with Engine() as engine, socket.create_server((HOST, 0)) as listener:
        stream = Outgoing(engine=engine).connect(listener.getsockname())
        assert (stream.events, stream.connecting, stream.connected) == ([], True, False)
        run_until(engine, lambda: stream.connected)
        assert (stream.events, stream.connecting) == ([("connect",)], False)


def test_a_refused_connection_is_on_connect_error_and_then_on_close() -> None:
    """B18: it was on_read_error, or even on_connect."""
    with Engine() as engine:
        address = refusing_address()
        stream = Outgoing(engine=engine).connect(address)
        run_until(engine, lambda: stream.closed)
        assert stream.names() == ["connect_error", "close"]
        exc = stream.events[0][1]
        assert isinstance(exc, StreamConnectError)
        assert exc.args == (errno.ECONNREFUSED, f"cannot connect to {address!r}: Connection refused")
        assert (stream.connecting, stream.connected) == (False, False)


def test_the_default_on_connect_error_logs_and_closes(caplog: pytest.LogCaptureFixture) -> None:
    with Engine() as engine:
        stream = Stream(engine=engine).connect(refusing_address())
        run_until(engine, lambda: stream.closed)
        assert "Connection refused" in caplog.text


def test_a_stream_whose_handler_leaves_a_refusal_alone_is_closed() -> None:
    with Engine() as engine:
        stream = StreamRecorder(engine=engine).connect(refusing_address())
        run_until(engine, lambda: stream.closed)
        assert stream.names() == ["connect_error", "close"]


def test_on_connect_error_may_connect_elsewhere() -> None:
    with Engine() as engine, socket.create_server((HOST, 0)) as listener:

        class Persistent(StreamRecorder):
            def on_connect_error(self, exc: Exception) -> None:
                super().on_connect_error(exc)
                self.connect(listener.getsockname())

        stream = Persistent(engine=engine).connect(refusing_address())
        run_until(engine, lambda: stream.connected)
        assert stream.names() == ["connect_error", "connect"]


def test_a_banner_arrives_after_on_connect() -> None:
    """B19: data that was there already came before on_connect."""
    with Engine() as engine, socket.create_server((HOST, 0)) as listener:

        class Polite(StreamRecorder):
            def on_connect(self) -> None:
                super().on_connect()
                self.write(b"hello")

        stream = Polite(engine=engine).connect(listener.getsockname())
        with accepted_in_time(engine, listener, b"banner") as peers:
            run_until(engine, lambda: stream.received)
            assert stream.events[0] == ("connect",)
            assert ("read", b"banner") in stream.events
            assert peers[0].recv(5) == b"hello"


def test_all_lines_of_a_banner_are_delivered_with_a_delimiter_set_before_connecting() -> None:
    """B19: only the first was, until more came."""
    with Engine() as engine, socket.create_server((HOST, 0)) as listener:
        stream = Outgoing(engine=engine)
        stream.read_delimiter = b"\n"
        stream.connect(listener.getsockname())
        with accepted_in_time(engine, listener, b"l1\nl2\nl3\n"):
            run_until(engine, lambda: len(stream.events) == 4)
            assert stream.events == [("connect",), ("read", b"l1"), ("read", b"l2"), ("read", b"l3")]


def test_a_peer_that_accepts_and_closes_is_connect_and_close() -> None:
    """B19: it was only close."""
    with Engine() as engine, socket.create_server((HOST, 0)) as listener:
        stream = Outgoing(engine=engine).connect(listener.getsockname())
        engine.callback(lambda: listener.accept()[0].close())
        run_until(engine, lambda: stream.closed)
        assert stream.names() == ["connect", "close"]


def test_connect_uses_the_socket_it_was_given() -> None:
    """B24: it raised "Cannot replace existing socket"."""
    with Engine() as engine, socket.create_server((HOST, 0)) as listener:
        given = socket.socket()
        given.bind((HOST, 0))
        own = given.getsockname()
        stream = Outgoing(engine=engine, socket=given).connect(listener.getsockname())
        run_until(engine, lambda: stream.connected)
        assert stream.local_address == own
        assert stream._socket is given


def test_a_given_socket_chooses_the_address_of_its_family() -> None:
    """B24: the same, with a destination of several addresses."""
    with Engine() as engine, socket.create_server((HOST, 0)) as listener:
        stream = Outgoing(engine=engine, socket=socket.socket()).connect(listener.getsockname()[1])
        run_until(engine, lambda: stream.connected)
        assert stream.remote_address == listener.getsockname()


def test_a_given_socket_of_another_family_is_a_connect_error() -> None:
    with Engine() as engine:
        address = refusing_address()
        stream = Outgoing(engine=engine, socket=socket.socket(socket.AF_UNIX)).connect(address)
        run_until(engine, lambda: stream.closed)
        assert stream.names() == ["connect_error", "close"]
        assert f"cannot connect to {address!r}: no address of the given socket's family" in str(stream.events[0][1])


def test_a_bad_address_raises_at_the_call_and_leaves_the_stream_usable() -> None:
    """B24: it left connecting True, so that another try raised RuntimeError."""
    with Engine() as engine, socket.create_server((HOST, 0)) as listener:
        stream = Outgoing(engine=engine, socket=socket.socket())
        with pytest.raises(InvalidAddressFormatError):
            stream.connect(("127.0.0.1", "telnet"))  # type: ignore[arg-type]
        assert stream.connecting is False
        stream.connect(listener.getsockname())
        run_until(engine, lambda: stream.connected)


def test_every_address_of_the_destination_is_tried() -> None:
    """B25: only the first answer was; where there is IPv6, that is ::1 here."""
    with Engine() as engine, socket.create_server((HOST, 0)) as listener:
        stream = Outgoing(engine=engine).connect(listener.getsockname()[1])
        run_until(engine, lambda: stream.connected)
        assert stream.remote_address == listener.getsockname()


@needs_ipv6
def test_a_silent_first_address_leaves_time_for_the_second() -> None:
    """B25: the same, when nobody refuses."""

    class Hurried(Outgoing):
        limits = Limits(connect=0.2)

    with Engine() as engine, silent_listener("::1", unused_port()) as silent:
        with socket.create_server((HOST, silent[1])) as listener:
            stream = Hurried(engine=engine).connect(("", silent[1]))
            run_until(engine, lambda: stream.connected)
            assert stream.remote_address == listener.getsockname()


def test_a_silent_address_is_given_up_after_the_time_limit() -> None:
    class Hurried(Outgoing):
        limits = Limits(connect=0.05)

    with Engine() as engine, silent_listener() as silent:
        stream = Hurried(engine=engine).connect(silent)
        run_until(engine, lambda: stream.closed)
        assert stream.names() == ["connect_error", "close"]
        assert stream.events[0][1].errno == errno.ETIMEDOUT


def test_close_while_connecting_is_on_close_alone() -> None:
    with Engine() as engine, silent_listener() as silent:
        stream = Outgoing(engine=engine).connect(silent)
        engine.poll(0)
        stream.close()
        run_for(engine, 0.02)
        assert stream.names() == ["close"]
        assert (stream.connecting, stream.closed) == (False, True)


def test_close_before_the_engine_turns_closes_the_given_socket() -> None:
    with Engine() as engine, socket.create_server((HOST, 0)) as listener:
        given = socket.socket()
        stream = Outgoing(engine=engine, socket=given).connect(listener.getsockname())
        stream.close()
        engine.poll(0)
        assert given.fileno() == -1
        assert stream.names() == ["close"]


def test_an_engine_that_closes_ends_what_is_connecting() -> None:
    with silent_listener() as silent:
        with Engine() as engine:
            stream = Outgoing(engine=engine).connect(silent)
            engine.poll(0)
            connector = stream._connector
            assert connector is not None and connector.fileno is not None
        assert connector.fileno is None


def test_connect_returns_the_stream() -> None:
    with Engine() as engine:
        stream = Outgoing(engine=engine)
        assert stream.connect(refusing_address()) is stream
        stream.close()


def test_connect_while_connecting_is_a_runtime_error() -> None:
    with Engine() as engine:
        stream = Outgoing(engine=engine).connect(refusing_address())
        with pytest.raises(RuntimeError, match="already connecting"):
            stream.connect(refusing_address())
        stream.close()


def test_connect_when_connected_is_a_runtime_error() -> None:
    with Engine() as engine, socket.create_server((HOST, 0)) as listener:
        stream = Outgoing(engine=engine).connect(listener.getsockname())
        run_until(engine, lambda: stream.connected)
        with pytest.raises(RuntimeError, match="already connected"):
            stream.connect(listener.getsockname())


def test_connect_after_close_is_a_runtime_error() -> None:
    with Engine() as engine:
        stream = Outgoing(engine=engine)
        stream.close()
        with pytest.raises(RuntimeError, match="the stream is closed"):
            stream.connect(refusing_address())


def test_a_host_name_is_looked_up_off_the_loop() -> None:
    with Engine() as engine, socket.create_server((HOST, 0)) as listener:
        stream = Outgoing(engine=engine).connect(("localhost", listener.getsockname()[1]))
        run_until(engine, lambda: stream.connected)
        assert stream.remote_address == listener.getsockname()


def test_a_host_without_its_port_is_an_error_of_the_call() -> None:
    with Engine() as engine, pytest.raises(InvalidAddressFormatError, match=r'write connect\(\("localhost", 4000\)\)'):
        Stream(engine=engine).connect("localhost")


def test_a_name_that_cannot_be_looked_up_is_a_connect_error() -> None:
    with Engine() as engine:
        stream = Outgoing(engine=engine).connect(("mud" * 40 + ".example", 4000))
        run_until(engine, lambda: stream.closed)
        assert stream.names() == ["connect_error", "close"]
        assert "cannot connect to ('mudmud" in str(stream.events[0][1])


def test_an_answer_that_comes_after_close_is_dropped() -> None:
    with Engine() as engine:
        stream = Outgoing(engine=engine).connect(("localhost", refusing_address()[1]))
        stream.close()
        join_look_ups()
        run_for(engine, 0.02)
        assert stream.names() == ["close"]


def test_an_answer_that_comes_after_the_engine_was_closed_is_dropped() -> None:
    engine = Engine()
    connector = Connector(engine, parse_address(("localhost", 4000)), timeout=1.0, on_done=lambda outcome: None)
    join_look_ups()
    engine.close()
    connector._look_up()
    assert connector.fileno is None


def join_look_ups() -> None:
    for thread in threading.enumerate():
        if thread.name == "telnet-getaddrinfo":
            thread.join()


def test_a_unix_socket_can_be_connected_to(tmp_path: Path) -> None:
    path = tmp_path / "mud.sock"
    with Engine() as engine, socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        stream = Outgoing(engine=engine).connect(path)
        assert stream.events == []
        run_until(engine, lambda: stream.connected)
        assert stream.events == [("connect",)]


def test_a_missing_unix_socket_is_a_connect_error_and_then_close(tmp_path: Path) -> None:
    with Engine() as engine:
        stream = Outgoing(engine=engine).connect(tmp_path / "missing.sock")
        run_until(engine, lambda: stream.closed)
        assert stream.names() == ["connect_error", "close"]
        exc = stream.events[0][1]
        assert exc.args == (errno.ENOENT, f"cannot connect to '{tmp_path}/missing.sock': No such file or directory")


def test_a_unix_socket_whose_queue_is_full_is_a_connect_error(tmp_path: Path) -> None:
    path = str(tmp_path / "mud.sock")
    with Engine() as engine, socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as first:
        listener.bind(path)
        listener.listen(0)
        first.connect(path)
        stream = Outgoing(engine=engine).connect(path)
        run_until(engine, lambda: stream.closed)
        assert stream.names() == ["connect_error", "close"]


def test_a_connector_has_nothing_to_send() -> None:
    outcomes: list[object] = []
    with Engine() as engine, socket.create_server((HOST, 0)) as listener:
        endpoint = parse_address(listener.getsockname())
        connector = Connector(engine, endpoint, timeout=1.0, on_done=outcomes.append)
        connector.send_queued()
        run_until(engine, lambda: outcomes)
        assert isinstance(outcomes[0], socket.socket)
        outcomes[0].close()
