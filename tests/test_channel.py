"""What streams and servers have in common."""

from __future__ import annotations

import logging
import socket
from pathlib import Path
from typing import Any

import pytest
from net_support import run_until
from stream_support import StreamRecorder, reset, stream_pair, tcp_pair

from telnet import Engine, Stream, TelnetServer


def test_a_stream_joins_the_engine_it_is_given() -> None:
    with Engine() as engine:
        assert Stream(engine=engine).engine is engine


def test_a_stream_joins_the_global_engine_when_it_is_given_none() -> None:
    with Engine.instance() as engine:
        assert Stream().engine is engine


def test_an_engine_of_the_wrong_type_is_refused() -> None:
    with pytest.raises(TypeError, match="engine must be an Engine, not str"):
        Stream(engine="fast")  # type: ignore[arg-type]


def test_a_socket_of_the_wrong_type_is_refused() -> None:
    with Engine() as engine, pytest.raises(TypeError, match=r"socket must be a socket\.socket, not int"):
        Stream(engine=engine, socket=3)  # type: ignore[arg-type]


def test_a_datagram_socket_is_refused() -> None:
    with Engine() as engine, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        with pytest.raises(TypeError, match="stream socket, not SOCK_DGRAM"):
            Stream(engine=engine, socket=datagrams)


def test_a_socket_of_another_family_is_refused() -> None:
    ours, peer = socket.socketpair()
    with Engine() as engine, peer, socket.socket(socket.AF_APPLETALK, fileno=ours.detach()) as odd:
        with pytest.raises(ValueError, match="AF_INET, AF_INET6 or AF_UNIX"):
            Stream(engine=engine, socket=odd)


def test_a_second_socket_is_refused() -> None:
    ours, peer = tcp_pair()
    with Engine() as engine, peer, socket.socket() as second:
        stream = Stream(engine=engine, socket=ours)
        with pytest.raises(RuntimeError, match="has a socket already"):
            stream._adopt_socket(second)
        stream.close()


def test_a_given_socket_is_made_non_blocking() -> None:
    ours, peer = tcp_pair()
    with Engine() as engine, peer:
        stream = Stream(engine=engine, socket=ours)
        assert ours.gettimeout() == 0.0
        stream.close()


def test_fileno_is_none_without_a_socket() -> None:
    with Engine() as engine:
        assert Stream(engine=engine).fileno is None


def test_fileno_is_that_of_the_socket() -> None:
    with Engine() as engine:
        stream, peer = stream_pair(engine, Stream)
        with peer:
            assert stream._socket is not None
            assert stream.fileno == stream._socket.fileno()


def test_repr_tells_the_class_and_that_there_is_no_socket() -> None:
    with Engine() as engine:
        assert repr(Stream(engine=engine)).startswith("<Stream no socket at 0x")


def test_repr_tells_the_address_of_the_peer() -> None:
    with Engine() as engine:
        stream, peer = stream_pair(engine, Stream)
        with peer:
            assert repr(stream).startswith(f"<Stream with {peer.getsockname()!r} at 0x")
            stream.remote_address = ("192.0.2.7", 23)  # which a proxy told
            assert repr(stream).startswith("<Stream with ('192.0.2.7', 23) at 0x")


def test_repr_tells_that_a_peer_has_no_name() -> None:
    ours, peer = socket.socketpair()
    with Engine() as engine, peer:
        stream = Stream(engine=engine, socket=ours)
        run_until(engine, lambda: stream.connected)
        assert repr(stream).startswith("<Stream with an unnamed socket at 0x")


def test_repr_tells_of_no_peer_where_there_is_none_yet() -> None:
    with Engine() as engine:
        stream = Stream(engine=engine, socket=socket.socket())
        assert repr(stream).startswith("<Stream at 0x")
        stream.close()


def test_repr_of_a_server_tells_where_it_listens() -> None:
    with Engine() as engine:
        server = TelnetServer(engine=engine).listen(("127.0.0.1", 0))
        assert repr(server).startswith(f"<TelnetServer on {server.local_address!r} at 0x")


def test_the_address_of_a_peer_that_was_reset_is_there_in_on_close() -> None:
    seen: list[Any] = []

    class Watching(Stream):
        def on_close(self) -> None:
            seen.append(self.remote_address)

    with Engine() as engine:
        stream, peer = stream_pair(engine, Watching)
        address = peer.getsockname()
        reset(peer)
        run_until(engine, lambda: stream.closed)
        assert seen == [address]


def test_the_log_knows_the_address_of_who_is_gone(caplog: pytest.LogCaptureFixture) -> None:
    class Faulty(Stream):
        def on_close(self) -> None:
            raise LookupError("where is the map")

    with Engine() as engine:
        stream, peer = stream_pair(engine, Faulty)
        address = peer.getsockname()
        reset(peer)
        run_until(engine, lambda: stream.closed)
        stream._log(logging.WARNING, "one more line")
        assert [record.getMessage() for record in caplog.records] == [
            f"Faulty with {address!r}: exception in a handler",
            f"Faulty with {address!r}: one more line",
        ]


def test_repr_tells_that_it_is_closed() -> None:
    with Engine() as engine:
        stream = Stream(engine=engine)
        stream.close()
        assert repr(stream).startswith("<Stream closed at 0x")


def test_closed_is_false_until_close_is_done() -> None:
    with Engine() as engine:
        stream = Stream(engine=engine)
        before = stream.closed
        stream.close()
        assert (before, stream.closed) == (False, True)


def test_addresses_are_those_of_the_socket() -> None:
    with Engine() as engine:
        stream, peer = stream_pair(engine, Stream)
        with peer:
            assert (stream.local_address, stream.remote_address) == (peer.getpeername(), peer.getsockname())


def test_addresses_are_none_without_a_socket() -> None:
    with Engine() as engine:
        stream = Stream(engine=engine)
        assert (stream.local_address, stream.remote_address) == (None, None)


def test_an_address_that_was_set_stands_until_it_is_deleted() -> None:
    with Engine() as engine:
        stream, peer = stream_pair(engine, Stream)
        with peer:
            stream.remote_address = ("192.0.2.7", 23)
            stream.local_address = ("mud.example", 4000)
            while_set = (stream.remote_address, stream.local_address)
            del stream.remote_address, stream.local_address
            assert while_set == (("192.0.2.7", 23), ("mud.example", 4000))
            assert (stream.remote_address, stream.local_address) == (peer.getsockname(), peer.getpeername())


def test_an_address_set_before_the_connection_is_up_stands_until_it_is_deleted() -> None:
    ours, peer = tcp_pair()
    with Engine() as engine, peer:
        stream = Stream(engine=engine, socket=ours)
        stream.remote_address = ("192.0.2.7", 23)
        run_until(engine, lambda: stream.connected)
        while_set = stream.remote_address
        del stream.remote_address
        assert (while_set, stream.remote_address) == (("192.0.2.7", 23), peer.getsockname())


def test_deleting_an_address_that_was_not_set_does_nothing() -> None:
    with Engine() as engine:
        stream = Stream(engine=engine)
        del stream.remote_address
        assert stream.remote_address is None


def test_a_listening_server_has_no_remote_address() -> None:
    with Engine() as engine:
        server = TelnetServer(engine=engine).listen(("127.0.0.1", 0))
        assert server.remote_address is None


def test_addresses_are_valid_in_on_close_and_none_after_it() -> None:
    seen: list[Any] = []

    class Watching(Stream):
        def on_close(self) -> None:
            seen.append(self.remote_address)

    with Engine() as engine:
        stream, peer = stream_pair(engine, Watching)
        with peer:
            stream.close()
            assert seen == [peer.getsockname()]
            assert stream.remote_address is None


def test_the_address_of_a_unix_socket_is_its_path(tmp_path: Path) -> None:
    path = str(tmp_path / "mud.sock")
    with Engine() as engine, socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        stream = StreamRecorder(engine=engine).connect(path)
        run_until(engine, lambda: stream.connected)
        assert stream.remote_address == path


def test_an_exception_in_a_handler_is_logged_and_reaches_on_error_and_the_stream_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Faulty(StreamRecorder):
        def on_read(self, *data: Any) -> None:
            super().on_read(*data)
            raise LookupError("no such room")

    with Engine() as engine:
        stream, peer = stream_pair(engine, Faulty)
        with peer, caplog.at_level(logging.ERROR, "telnet"):
            peer.sendall(b"north")
            run_until(engine, lambda: "error" in stream.names())
            peer.sendall(b"south")
            run_until(engine, lambda: stream.received == b"northsouth")
            record = caplog.records[0]
            assert record.exc_info is not None and isinstance(record.exc_info[1], LookupError)
            assert isinstance(stream.events[2][1], LookupError)
            assert stream.connected


def test_an_exception_in_on_error_is_logged_and_the_stream_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    class Worse(StreamRecorder):
        def on_connect(self) -> None:
            raise LookupError("first")

        def on_error(self, exc: Exception) -> None:
            raise RuntimeError("second")

    with Engine() as engine:
        stream, peer = stream_pair(engine, Worse)
        with peer:
            peer.sendall(b"x")
            run_until(engine, lambda: stream.received == b"x")
            assert "exception in on_error" in caplog.text


def test_on_error_is_a_placeholder(caplog: pytest.LogCaptureFixture) -> None:
    class Faulty(Stream):
        def on_connect(self) -> None:
            raise LookupError("no such room")

    with Engine() as engine:
        stream, peer = stream_pair(engine, Faulty)
        with peer:
            assert stream.connected
            assert len(caplog.records) == 1


def test_interest_that_does_not_change_is_not_told_to_the_engine() -> None:
    class Counting(Engine):
        changes = 0

        def modify_channel(self, channel: Any) -> None:
            self.changes += 1
            super().modify_channel(channel)

    engine = Counting()
    with engine:
        stream, peer = stream_pair(engine, StreamRecorder)
        with peer:
            before = engine.changes
            stream.write(b"x")
            run_until(engine, lambda: "write" in stream.names())
            assert engine.changes == before
