"""A connection of bytes: reading, writing, files, limits, and coming to an end."""

from __future__ import annotations

import errno
import io
import os
import re
import socket
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from net_support import accept_one, receive_all, run_for, run_until
from stream_support import StreamRecorder, fill, receive, reset, stream_pair, tcp_pair

from telnet import Engine, Limits, Stream, StreamBufferOverflow
from telnet.net.engine import READ, RECEIVE_SIZE, WRITE
from telnet.net.send_queue import STEP
from telnet.sockets import prepare


class Impatient(StreamRecorder):
    limits = Limits(close=0.03, linger=0.03)


class CountingSocket(socket.socket):
    """A socket that writes down how much each send was offered."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.offered: list[int] = []

    def send(self, data: Any, flags: int = 0, /) -> int:
        self.offered.append(len(data))
        return super().send(data, flags)


def small_buffer(stream: Stream) -> None:
    """Make the system take little, so that a peer that does not read is soon noticed."""
    assert stream._socket is not None
    stream._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16384)


@pytest.fixture
def book(tmp_path: Path) -> Path:
    path = tmp_path / "book.txt"
    path.write_bytes(b"0123456789")
    return path


# Making one


def test_an_unknown_argument_is_refused_by_name() -> None:
    with Engine() as engine, pytest.raises(TypeError, match=r"unknown argument 'sockt' of Stream; known are engine, "):
        Stream(engine=engine, sockt=None)  # type: ignore[call-arg]


def test_a_connected_socket_is_taken_over_in_the_next_turn() -> None:
    ours, peer = tcp_pair()
    with Engine() as engine, peer:
        stream = StreamRecorder(engine=engine, socket=ours)
        before = (stream.events, stream.connecting)
        assert before == ([], True)
        engine.poll(0)
        assert stream.events == [("connect",)]


def test_a_socket_closed_before_its_turn_never_connects() -> None:
    ours, peer = tcp_pair()
    with Engine() as engine, peer:
        stream = StreamRecorder(engine=engine, socket=ours)
        ours.close()
        engine.poll(0)
        assert stream.events == []


def test_a_stream_closed_before_its_turn_never_connects() -> None:
    ours, peer = tcp_pair()
    with Engine() as engine, peer:
        stream = StreamRecorder(engine=engine, socket=ours)
        stream.close()
        engine.poll(0)
        assert stream.events == [("close",)]


def test_nodelay_is_on_and_keepalive_off_by_default() -> None:
    with Engine() as engine:
        stream, peer = stream_pair(engine, Stream)
        with peer:
            assert stream._socket is not None
            assert stream._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            assert not stream._socket.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)


def test_nodelay_and_keepalive_are_arguments() -> None:
    with Engine() as engine:
        stream, peer = stream_pair(engine, Stream, nodelay=False, keepalive=True)
        with peer:
            assert stream._socket is not None
            assert not stream._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            assert stream._socket.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)


def test_socket_options_that_the_system_refuses_do_not_stop_a_connection() -> None:
    with Engine() as engine:
        stream, peer = stream_pair(engine, StreamRecorder, keepalive=True)
        with peer, socket.socket() as gone:
            gone.close()
            prepare(gone, keepalive=stream.keepalive, nodelay=stream.nodelay)
            assert stream.connected


# Reading


def test_without_a_delimiter_data_arrives_as_it_came() -> None:
    with Engine() as engine:
        stream, peer = stream_pair(engine, StreamRecorder)
        with peer:
            peer.sendall(b"a\0\xff\r\n")
            run_until(engine, lambda: stream.received)
            assert stream.events == [("connect",), ("read", b"a\0\xff\r\n")]


@pytest.mark.parametrize(
    ("delimiter", "wire", "reads", "unread"),
    [
        (4, b"abcdefghij", [(b"abcd",), (b"efgh",)], b"ij"),
        (b"\r\n", b"one\r\n\r\ntwo\r", [(b"one",), (b"",)], b"two\r"),
        (struct.Struct("!2H"), b"\0\1\0\2\0\3", [(1, 2)], b"\0\3"),
        (re.compile(rb"\s\s+"), b"one  two   thr", [(b"one",), (b"two",)], b"thr"),
    ],
)
def test_a_delimiter_cuts_the_input(delimiter: Any, wire: bytes, reads: list[Any], unread: bytes) -> None:
    with Engine() as engine:
        stream, peer = stream_pair(engine, StreamRecorder)
        with peer:
            stream.read_delimiter = delimiter
            peer.sendall(wire)
            run_until(engine, lambda: stream.unread)
            assert [event[1:] for event in stream.events[1:]] == reads
            assert (stream.unread, stream.read_delimiter) == (unread, delimiter)


def test_a_peer_that_sends_one_byte_at_a_time_is_understood() -> None:
    with Engine() as engine:
        stream, peer = stream_pair(engine, StreamRecorder)
        with peer:
            stream.read_delimiter = b"\r\n"
            for byte in b"north\r\nsouth\r\n":
                peer.sendall(bytes([byte]))
                engine.poll(1.0)
            assert stream.events[1:] == [("read", b"north"), ("read", b"south")]


def test_a_delimiter_changed_in_a_handler_counts_for_the_rest() -> None:
    class Login(StreamRecorder):
        def on_read(self, *data: Any) -> None:
            super().on_read(*data)
            self.read_delimiter = 3

    with Engine() as engine:
        stream, peer = stream_pair(engine, Login)
        with peer:
            stream.read_delimiter = b"\n"
            peer.sendall(b"name\nabcdef")
            run_until(engine, lambda: len(stream.events) == 4)
            assert stream.events[1:] == [("read", b"name"), ("read", b"abc"), ("read", b"def")]


def test_a_delimiter_set_later_is_tried_on_what_waits() -> None:
    with Engine() as engine:
        stream, peer = stream_pair(engine, StreamRecorder)
        with peer:
            stream.read_delimiter = b"\n"
            peer.sendall(b"abc;de")
            run_until(engine, lambda: stream.unread)
            stream.read_delimiter = b";"
            run_until(engine, lambda: stream.received)
            assert (stream.received, stream.unread) == (b"abc", b"de")


def test_what_waits_is_not_delivered_after_close() -> None:
    with Engine() as engine:
        stream, peer = stream_pair(engine, StreamRecorder)
        with peer:
            stream.read_delimiter = b"\n"
            peer.sendall(b"abc;de")
            run_until(engine, lambda: stream.unread)
            stream.read_delimiter = b";"
            stream.close()
            run_for(engine, 0.02)
            assert stream.events == [("connect",), ("close",)]


@pytest.mark.parametrize("delimiter", ["\n", 1.5, bytearray(b"\n"), [b"\n"], True, object()])
def test_a_delimiter_that_cannot_work_raises_at_the_assignment(delimiter: Any) -> None:
    with Engine() as engine:
        stream = Stream(engine=engine)
        with pytest.raises(TypeError):
            stream.read_delimiter = delimiter
        assert stream.read_delimiter is None


def test_a_delimiter_that_consumes_nothing_reaches_on_error_and_closes() -> None:
    with Engine() as engine:
        stream, peer = stream_pair(engine, StreamRecorder)
        with peer:
            stream.read_delimiter = re.compile(rb"(?=a)")
            peer.sendall(b"abc")
            run_until(engine, lambda: stream.closed)
            assert stream.names() == ["connect", "error", "close"]


def test_what_the_peer_left_unfinished_is_there_in_on_close() -> None:
    left: list[bytes] = []

    class Curious(Stream):
        def on_close(self) -> None:
            left.append(self.unread)

    with Engine() as engine:
        stream, peer = stream_pair(engine, Curious)
        stream.read_delimiter = b"\n"
        peer.sendall(b"full\npartial")
        peer.close()
        run_until(engine, lambda: stream.closed)
        assert left == [b"partial"]
        assert stream.unread == b""


def test_nothing_is_held_of_the_read_in_which_a_handler_closed() -> None:
    class Leaving(StreamRecorder):
        def on_read(self, *data: Any) -> None:
            super().on_read(*data)
            self.close()

    with Engine() as engine:
        stream, peer = stream_pair(engine, Leaving)
        with peer:
            stream.read_delimiter = b"\n"
            peer.sendall(b"quit\nnorth\nsouth")
            run_until(engine, lambda: stream.closed)
            assert stream.unread == b""


def test_a_handler_may_close_with_more_waiting_than_one_read_brings(caplog: pytest.LogCaptureFixture) -> None:
    """B20: the next read failed on a socket that was gone."""

    class Leaving(StreamRecorder):
        def on_read(self, *data: Any) -> None:
            super().on_read(*data)
            self.close(flush=False)

    with Engine() as engine:
        stream, peer = stream_pair(engine, Leaving)
        with peer:
            assert fill(peer) > RECEIVE_SIZE
            run_until(engine, lambda: stream.closed)
            run_for(engine, 0.01)
            assert stream.names() == ["connect", "read", "close"]
            assert not caplog.records


def test_a_flooding_peer_gets_one_read_in_each_turn() -> None:
    """B27: one peer was read until it had no more."""
    with Engine() as engine:
        flooded, flooding = stream_pair(engine, StreamRecorder)
        quiet, peer = stream_pair(engine, StreamRecorder)
        with flooding, peer:
            fill(flooding)
            peer.sendall(b"north")
            engine.poll(1.0)
            assert len(flooded.received) <= RECEIVE_SIZE
            assert quiet.received == b"north"


def test_an_event_without_data_delivers_nothing() -> None:
    with Engine() as engine:
        stream, peer = stream_pair(engine, StreamRecorder)
        with peer:
            stream.handle_events(READ)
            assert stream.events == [("connect",)]


# Overflow


def test_a_full_buffer_is_no_overflow_and_one_byte_more_is() -> None:
    with Engine() as engine:
        stream, peer = stream_pair(engine, StreamRecorder)
        with peer:
            stream.read_delimiter = b"\n"
            stream.buffer_size = 10
            peer.sendall(b"0123456789")
            run_until(engine, lambda: len(stream.unread) == 10)
            peer.sendall(b"x")
            run_until(engine, lambda: stream.closed)
            assert stream.names() == ["connect", "overflow_error", "close"]
            assert isinstance(stream.events[1][1], StreamBufferOverflow)
            assert "11 bytes wait for read_delimiter b'\\n'; the limit is 10" in str(stream.events[1][1])


def test_the_default_on_overflow_error_logs(caplog: pytest.LogCaptureFixture) -> None:
    with Engine() as engine:
        stream, peer = stream_pair(engine, Stream)
        with peer:
            stream.read_delimiter = b"\n"
            stream.buffer_size = 1
            peer.sendall(b"xx")
            run_until(engine, lambda: stream.closed)
            assert "2 bytes wait" in caplog.text


def test_a_handler_that_goes_on_after_an_overflow_starts_afresh() -> None:
    class Tolerant(StreamRecorder):
        def on_overflow_error(self, exc: Exception) -> None:
            self.events.append(("overflow", self.unread))

    with Engine() as engine:
        stream, peer = stream_pair(engine, Tolerant)
        with peer:
            stream.read_delimiter = b"\n"
            stream.buffer_size = 4
            peer.sendall(b"too long")
            run_until(engine, lambda: len(stream.events) == 2)
            peer.sendall(b"ok\n")
            run_until(engine, lambda: stream.received)
            assert stream.events[1:] == [("overflow", b"too long"), ("read", b"ok")]


def test_a_handler_that_raises_the_limit_keeps_what_waits() -> None:
    class Generous(StreamRecorder):
        def on_overflow_error(self, exc: Exception) -> None:
            self.buffer_size = 100

    with Engine() as engine:
        stream, peer = stream_pair(engine, Generous)
        with peer:
            stream.read_delimiter = b"\n"
            stream.buffer_size = 4
            peer.sendall(b"rather")
            run_until(engine, lambda: stream.unread)
            peer.sendall(b" long\n")
            run_until(engine, lambda: stream.received)
            assert stream.received == b"rather long"


def test_a_delimiter_that_needs_more_raises_the_limit() -> None:
    with Engine() as engine:
        stream, peer = stream_pair(engine, StreamRecorder)
        with peer:
            stream.buffer_size = 4
            stream.read_delimiter = 10
            peer.sendall(b"012345678")
            run_until(engine, lambda: stream.unread)
            peer.sendall(b"9")
            run_until(engine, lambda: stream.received)
            assert stream.names() == ["connect", "read"]


@pytest.mark.parametrize("name", ["buffer_size", "max_write_buffer"])
def test_a_size_is_what_was_set_and_at_first_the_limit_of_the_class(name: str) -> None:
    class Sized(Stream):
        limits = Limits(unread=77, unsent=77)

    with Engine() as engine:
        stream = Sized(engine=engine)
        before = getattr(stream, name)
        setattr(stream, name, 1)
        assert (before, getattr(stream, name)) == (77, 1)


@pytest.mark.parametrize("name", ["buffer_size", "max_write_buffer"])
@pytest.mark.parametrize(("size", "error"), [(True, TypeError), ("1", TypeError), (1.0, TypeError), (0, ValueError)])
def test_a_size_of_the_wrong_type_or_value_is_refused(name: str, size: Any, error: type[Exception]) -> None:
    with Engine() as engine:
        stream = Stream(engine=engine)
        with pytest.raises(error, match=name):
            setattr(stream, name, size)


# Writing


def test_writes_arrive_in_order() -> None:
    with Engine() as engine:
        stream, peer = stream_pair(engine, StreamRecorder)
        with peer:
            for word in (b"one ", b"two ", b"", b"three"):
                stream.write(word)
            assert receive(engine, peer, 13) == b"one two three"


def test_writes_and_files_arrive_in_order(book: Path) -> None:
    """B16: a piece of no bytes stopped the queue."""
    with Engine() as engine:
        stream, peer = stream_pair(engine, StreamRecorder)
        with peer, book.open("rb") as file:
            stream.write_file(file, nbytes=3)
            stream.write(b"")
            stream.write_file(file, offset=7)
            stream.write(b"|")
            stream.write_file(file, 2, 4)
            assert receive(engine, peer, 9) == b"012789|45"


@pytest.mark.parametrize("offset", [0, 10, 99, 2**62, 2**63 - 1, 2**64])
def test_a_file_with_nothing_to_send_does_not_hold_up_what_follows(book: Path, offset: int) -> None:
    """B16: the same, with an empty file or an offset behind the end."""
    if offset == 0:
        book.write_bytes(b"")
    with Engine() as engine:
        stream, peer = stream_pair(engine, StreamRecorder)
        with peer, book.open("rb") as file:
            stream.write_file(file, offset=offset)
            stream.write(b"after")
            assert receive(engine, peer, 5) == b"after"
            assert stream.names() == ["connect", "write"]


def test_an_empty_file_alone_is_written_too(book: Path) -> None:
    book.write_bytes(b"")
    with Engine() as engine:
        stream, peer = stream_pair(engine, StreamRecorder)
        with peer, book.open("rb") as file:
            stream.write_file(file)
            run_until(engine, lambda: "write" in stream.names())


def test_all_writes_of_one_turn_leave_in_one_send() -> None:
    """B23: each small write copied all that waited before it."""
    with Engine() as engine:
        stream, peer = stream_pair(engine, StreamRecorder, CountingSocket)
        with peer:
            for _ in range(1000):
                stream.write(b"x" * 10)
            engine.poll(0)
            assert isinstance(stream._socket, CountingSocket)
            assert stream._socket.offered == [10000]


def test_what_one_send_is_offered_does_not_grow_with_what_waits() -> None:
    """B23: the same, with a peer that reads slowly."""
    with Engine() as engine:
        stream, peer = stream_pair(engine, StreamRecorder, CountingSocket)
        with peer:
            stream.max_write_buffer = 1 << 24
            for _ in range(1 << 13):
                stream.write(b"x" * 1024)
            receive(engine, peer, 1 << 23)
            assert isinstance(stream._socket, CountingSocket)
            assert max(stream._socket.offered) < 2 * STEP


def test_bytes_like_objects_are_copied_at_the_call() -> None:
    data: Any = bytearray(b"abc")
    part: Any = memoryview(b"xdefx")[1:4]
    with Engine() as engine:
        stream, peer = stream_pair(engine, StreamRecorder)
        with peer:
            stream.write(data)
            stream.write(part)
            data[:] = b"???"
            assert receive(engine, peer, 6) == b"abcdef"


@pytest.mark.parametrize("data", ["text", 5, None, [b"x"], io.StringIO("x")])
def test_data_of_the_wrong_type_raises_at_the_call_and_costs_nothing(data: Any) -> None:
    """B17: it failed inside the engine, which spun from then on."""
    with Engine() as engine:
        stream, peer = stream_pair(engine, StreamRecorder)
        with peer:
            with pytest.raises(TypeError, match="takes bytes, not"):
                stream.write(data)
            assert (stream.interest, bool(stream._queue)) == (READ, False)
            stream.write(b"ok")
            assert receive(engine, peer, 2) == b"ok"


def test_data_that_is_not_contiguous_raises_at_the_call() -> None:
    data: Any = memoryview(b"abcdef")[::2]
    with Engine() as engine:
        stream, peer = stream_pair(engine, StreamRecorder)
        with peer, pytest.raises(BufferError, match="contiguous"):
            stream.write(data)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"nbytes": "1"}, TypeError),
        ({"nbytes": True}, TypeError),
        ({"offset": 1.0}, TypeError),
        ({"nbytes": -1}, ValueError),
        ({"offset": -1}, ValueError),
    ],
)
def test_numbers_of_write_file_that_are_wrong_raise_at_the_call(
    book: Path, options: dict[str, Any], error: type[Exception]
) -> None:
    with Engine() as engine:
        stream, peer = stream_pair(engine, StreamRecorder)
        with peer, book.open("rb") as file, pytest.raises(error, match=next(iter(options))):
            stream.write_file(file, **options)


@pytest.mark.parametrize("make", [io.StringIO, io.BytesIO, object, lambda: None])
def test_what_is_no_open_file_raises_at_the_call(make: Callable[[], Any]) -> None:
    """B17: the same, with files."""
    with Engine() as engine:
        stream, peer = stream_pair(engine, StreamRecorder)
        with peer:
            with pytest.raises(TypeError):
                stream.write_file(make())
            assert not stream._queue


def test_a_text_file_raises_at_the_call(book: Path) -> None:
    with Engine() as engine:
        stream, peer = stream_pair(engine, StreamRecorder)
        with peer, book.open() as file, pytest.raises(TypeError, match="binary mode"):
            stream.write_file(file)


def test_a_closed_file_raises_at_the_call(book: Path) -> None:
    """B17: it was accepted, and the connection hung."""
    with Engine() as engine:
        stream, peer = stream_pair(engine, StreamRecorder)
        with peer:
            file = book.open("rb")
            file.close()
            with pytest.raises(ValueError, match="closed"):
                stream.write_file(file)


def test_a_file_that_is_not_regular_raises_at_the_call() -> None:
    with Engine() as engine:
        stream, peer = stream_pair(engine, StreamRecorder)
        with peer, open(os.devnull, "rb") as file, pytest.raises(ValueError, match="only a regular file"):
            stream.write_file(file)


def test_a_file_may_be_closed_as_soon_as_it_was_written(book: Path) -> None:
    """B17: closing it early was a fault of its own."""
    with Engine() as engine:
        stream, peer = stream_pair(engine, StreamRecorder)
        with peer:
            with book.open("rb") as file:
                stream.write_file(file)
            assert receive(engine, peer, 10) == b"0123456789"


def test_the_position_of_a_file_is_neither_used_nor_changed(book: Path) -> None:
    with Engine() as engine:
        stream, peer = stream_pair(engine, StreamRecorder)
        with peer, book.open("rb") as file:
            file.seek(5)
            stream.write_file(file, flush=True)
            assert receive(engine, peer, 10) == b"0123456789"
            assert file.tell() == 5


def test_a_file_shorter_than_asked_for_is_sent_as_it_is(book: Path) -> None:
    with Engine() as engine:
        stream, peer = stream_pair(engine, StreamRecorder)
        with peer, book.open("rb") as file:
            stream.write_file(file, nbytes=100, offset=8)
            stream.write(b"!")
            assert receive(engine, peer, 3) == b"89!"


def test_a_long_file_arrives_whole_between_other_writes(tmp_path: Path) -> None:
    content = bytes(range(256)) * (1 << 14)
    (tmp_path / "long").write_bytes(content)
    with Engine() as engine:
        stream, peer = stream_pair(engine, StreamRecorder)
        with peer, (tmp_path / "long").open("rb") as file:
            stream.write(b"<")
            stream.write_file(file)
            stream.write(b">")
            assert receive(engine, peer, len(content) + 2) == b"<" + content + b">"
            assert stream.names() == ["connect", "write"]


@pytest.mark.skipif(not os.path.exists("/proc/self/cmdline"), reason="needs a file that sendfile(2) cannot send")
def test_a_file_that_sendfile_cannot_send_is_read_instead() -> None:
    with open("/proc/self/cmdline", "rb") as file, Engine() as engine:
        content = file.read()
        stream, peer = stream_pair(engine, StreamRecorder)
        with peer:
            stream.write_file(file)
            assert receive(engine, peer, len(content)) == content


def test_packed_values_are_packed_by_their_format() -> None:
    with Engine() as engine:
        stream, peer = stream_pair(engine, StreamRecorder)
        with peer:
            stream.write_packed(1, 2, format="!2H")
            stream.write_packed(3, format=b"B", flush=True)
            assert peer.recv(100) == b"\0\1\0\2\3"


def test_packed_values_are_packed_by_the_delimiter_without_a_format() -> None:
    with Engine() as engine:
        stream, peer = stream_pair(engine, StreamRecorder)
        with peer:
            stream.read_delimiter = struct.Struct("!H")
            stream.write_packed(258)
            assert receive(engine, peer, 2) == b"\1\2"


def test_packing_without_a_format_is_a_value_error() -> None:
    with Engine() as engine:
        stream = Stream(engine=engine)
        stream.read_delimiter = b"\n"
        with pytest.raises(ValueError, match=r"read_delimiter b'\\n' cannot pack"):
            stream.write_packed(1)


def test_values_that_do_not_fit_their_format_are_a_struct_error() -> None:
    with Engine() as engine:
        stream, peer = stream_pair(engine, StreamRecorder)
        with peer, pytest.raises(struct.error):
            stream.write_packed(256, format="B")


def test_flush_sends_now() -> None:
    with Engine() as engine:
        stream, peer = stream_pair(engine, StreamRecorder)
        with peer:
            stream.write(b"now")
            stream.flush()
            assert peer.recv(100) == b"now"
            assert stream.names() == ["connect", "write"]


def test_write_with_flush_sends_all_that_waits() -> None:
    with Engine() as engine:
        stream, peer = stream_pair(engine, StreamRecorder)
        with peer:
            stream.write(b"one ")
            stream.write(b"two", flush=True)
            assert peer.recv(100) == b"one two"


def test_flush_with_nothing_waiting_does_nothing() -> None:
    with Engine() as engine:
        stream, peer = stream_pair(engine, StreamRecorder)
        with peer:
            stream.flush()
            assert stream.names() == ["connect"]


def test_on_write_comes_once_when_all_is_sent() -> None:
    with Engine() as engine:
        stream, peer = stream_pair(engine, StreamRecorder)
        with peer:
            for _ in range(3):
                stream.write(b"x" * 300_000)
            receive(engine, peer, 900_000)
            run_for(engine, 0.01)
            assert stream.names() == ["connect", "write"]


def test_on_write_comes_again_with_the_next_drain() -> None:
    with Engine() as engine:
        stream, peer = stream_pair(engine, StreamRecorder)
        with peer:
            stream.write(b"one", flush=True)
            stream.write(b"two", flush=True)
            assert stream.names() == ["connect", "write", "write"]


def test_a_stream_with_nothing_to_send_is_not_watched_for_writing() -> None:
    with Engine() as engine:
        stream, peer = stream_pair(engine, StreamRecorder)
        with peer:
            small_buffer(stream)
            stream.write(b"x" * 1_000_000)
            engine.poll(0)
            while_blocked = stream.interest
            receive(engine, peer, 1_000_000)
            run_until(engine, lambda: "write" in stream.names())
            assert (while_blocked, stream.interest) == (READ | WRITE, READ)


@pytest.mark.parametrize("flush", [False, True])
def test_what_on_write_writes_is_sent_in_a_turn_of_its_own(flush: bool) -> None:
    """B14: with flush it called on_write inside on_write, 199 deep."""

    class Chatty(StreamRecorder):
        depth = deepest = 0

        def on_write(self) -> None:
            super().on_write()
            self.depth += 1
            self.deepest = max(self.depth, self.deepest)
            if len(self.events) < 1500:
                self.write(b"x", flush)
            self.depth -= 1

    with Engine() as engine:
        stream, peer = stream_pair(engine, Chatty)
        with peer:
            stream.write(b"x")
            receive(engine, peer, 1499)
            run_until(engine, lambda: len(stream.events) == 1500)
            assert stream.deepest == 1


@pytest.mark.parametrize("call", ["write", "write_packed", "write_file", "flush"])
@pytest.mark.parametrize("state", ["not connected", "closed", "being closed"])
def test_a_write_that_the_state_does_not_allow_is_a_runtime_error(call: str, state: str, book: Path) -> None:
    with Engine() as engine, book.open("rb") as file:
        stream, peer = stream_pair(engine, StreamRecorder)
        with peer:
            target = Stream(engine=engine) if state == "not connected" else stream
            if state != "not connected":
                stream.write(b"x")
                stream.close(flush=state == "being closed")
            attempt: Callable[[], Any] = {
                "write": lambda: target.write(b"x"),
                "write_packed": lambda: target.write_packed(1, format="B"),
                "write_file": lambda: target.write_file(file),
                "flush": target.flush,
            }[call]
            with pytest.raises(RuntimeError, match=f"cannot write: the stream is {state}"):
                attempt()


# Slow consumers


def test_a_peer_that_does_not_read_is_closed_by_default(caplog: pytest.LogCaptureFixture) -> None:
    with Engine() as engine:
        stream, peer = stream_pair(engine, StreamRecorder)
        with peer:
            small_buffer(stream)
            stream.max_write_buffer = 1000
            while stream.connected:
                stream.write(b"x" * 1000)
            assert [name for name in stream.names() if name != "write"] == ["connect", "slow_consumer", "close"]
            assert "max_write_buffer is 1000; closing" in caplog.text


class Keeping(StreamRecorder):
    """Does nothing about a peer that does not read."""

    def on_slow_consumer(self) -> None:
        self.events.append(("slow_consumer",))


def test_a_write_without_room_is_refused_when_the_handler_keeps_the_connection() -> None:
    with Engine() as engine:
        stream, peer = stream_pair(engine, Keeping)
        with peer:
            small_buffer(stream)
            stream.max_write_buffer = 1000
            accepted = 0
            with pytest.raises(StreamBufferOverflow, match="1000 more exceed max_write_buffer 1000"):
                while True:
                    stream.write(b"x" * 1000)
                    accepted += 1000
            assert stream.connected
            assert receive(engine, peer, accepted) == b"x" * accepted


def test_a_handler_may_make_room_by_raising_the_limit() -> None:
    class Generous(Keeping):
        def on_slow_consumer(self) -> None:
            super().on_slow_consumer()
            self.max_write_buffer = 1 << 20

    with Engine() as engine:
        stream, peer = stream_pair(engine, Generous)
        with peer:
            small_buffer(stream)
            stream.max_write_buffer = 1000
            written = 0
            while "slow_consumer" not in stream.names():
                stream.write(b"x" * 1000)
                written += 1000
            assert receive(engine, peer, written) == b"x" * written


def test_a_handler_may_close_with_flush() -> None:
    class Polite(Keeping):
        def on_slow_consumer(self) -> None:
            super().on_slow_consumer()
            self.close()

    with Engine() as engine:
        stream, peer = stream_pair(engine, Polite)
        with peer:
            small_buffer(stream)
            stream.max_write_buffer = 1000
            accepted = -1000  # the last write is the one that was not taken
            while "slow_consumer" not in stream.names():
                stream.write(b"x" * 1000)
                accepted += 1000
            assert receive_all(engine, peer) == b"x" * accepted


def test_a_peer_found_gone_while_room_is_made_is_only_on_close() -> None:
    with Engine() as engine:
        stream, peer = stream_pair(engine, Keeping)
        stream.max_write_buffer = 10
        stream.write(b"x" * 10)
        reset(peer)
        stream.write(b"x" * 10)
        assert stream.names() == ["connect", "close"]


def test_a_write_larger_than_the_limit_makes_the_consumer_slow() -> None:
    with Engine() as engine:
        stream, peer = stream_pair(engine, Keeping)
        with peer:
            stream.max_write_buffer = 10
            with pytest.raises(StreamBufferOverflow):
                stream.write(b"x" * 11)
            assert stream.names() == ["connect", "slow_consumer"]


def test_room_is_made_by_sending_before_the_consumer_counts_as_slow() -> None:
    with Engine() as engine:
        stream, peer = stream_pair(engine, Keeping)
        with peer:
            stream.max_write_buffer = 1000
            for _ in range(10):
                stream.write(b"x" * 1000)
            assert receive(engine, peer, 10_000) == b"x" * 10_000
            assert "slow_consumer" not in stream.names()


# Closing


def test_close_without_anything_to_send_is_on_close_at_once() -> None:
    with Engine() as engine:
        stream, peer = stream_pair(engine, StreamRecorder)
        with peer:
            stream.close()
            assert stream.names() == ["connect", "close"]
            assert (stream.connected, stream.closed, stream.fileno) == (False, True, None)


@pytest.mark.parametrize("flush", [True, False])
def test_close_without_a_socket_is_on_close(flush: bool) -> None:
    with Engine() as engine:
        stream = StreamRecorder(engine=engine)
        stream.close(flush)
        assert stream.names() == ["close"]


def test_close_before_connecting_with_tls_asked_for_is_done_at_once() -> None:
    """B13: it never was, and the stream could not be used any more."""
    with Engine() as engine:
        stream = StreamRecorder(engine=engine, ssl_options={})
        stream.close()
        assert stream.closed
        assert stream.names() == ["close"]


def test_close_with_output_waiting_ends_when_the_peer_never_reads() -> None:
    """B13: it waited without limit."""
    with Engine() as engine:
        stream, peer = stream_pair(engine, Impatient)
        with peer:
            small_buffer(stream)
            stream.write(b"x" * 1_000_000)
            stream.close()
            run_until(engine, lambda: stream.closed)
            assert stream.names() == ["connect", "close"]


def test_a_closing_stream_has_time_as_long_as_the_peer_takes_some() -> None:
    with Engine() as engine:
        stream, peer = stream_pair(engine, StreamRecorder)
        with peer:
            small_buffer(stream)
            stream.write(b"x" * 1_000_000)
            stream.close()
            engine.poll(0)
            stream._check_progress()
            assert not stream.closed
            stream._check_progress()
            assert stream.closed


@pytest.mark.parametrize("unread", [b"", b"nobody reads this" * 1000])
def test_close_loses_nothing_that_was_written(unread: bytes) -> None:
    content = bytes(range(256)) * 4000
    with Engine() as engine:
        stream, peer = stream_pair(engine, StreamRecorder)
        with peer:
            peer.sendall(unread)
            stream.write(content)
            stream.close()
            assert (stream.connected, stream.closed) == (True, False)
            assert receive_all(engine, peer) == content
            assert stream.names() == ["connect", "write", "close"]


def test_close_loses_nothing_although_the_peer_goes_on_sending() -> None:
    with Engine() as engine:
        stream, peer = stream_pair(engine, StreamRecorder)
        with peer:
            fill(peer)
            stream.write(b"goodbye")
            stream.close()
            run_until(engine, lambda: stream.closed)
            peer.send(b"more")
            assert receive_all(engine, peer) == b"goodbye"


def test_close_without_flush_drops_what_waits() -> None:
    with Engine() as engine:
        stream, peer = stream_pair(engine, StreamRecorder)
        with peer:
            stream.write(b"never")
            stream.close(flush=False)
            assert receive_all(engine, peer) == b""
            assert stream.names() == ["connect", "close"]


def test_close_without_flush_cuts_a_pending_close_short() -> None:
    with Engine() as engine:
        stream, peer = stream_pair(engine, StreamRecorder)
        with peer:
            stream.write(b"never")
            stream.close()
            stream.close()
            assert not stream.closed
            stream.close(flush=False)
            assert stream.closed
            assert stream.names() == ["connect", "close"]


def test_on_close_comes_once_however_often_close_is_called() -> None:
    with Engine() as engine:
        stream, peer = stream_pair(engine, StreamRecorder)
        with peer:
            for _ in range(3):
                stream.close()
            assert stream.names() == ["connect", "close"]


def test_a_connection_leaves_its_server_when_it_begins_to_close() -> None:
    with Engine() as engine:
        server, connection, client = accept_one(engine)
        with client:
            connection.write(b"goodbye")
            connection.close()
            assert (list(server.connections), connection.closed) == ([], False)
            assert receive_all(engine, client) == b"goodbye"
            assert connection.closed


def test_close_inside_on_close_does_nothing() -> None:
    """B14: it called on_close inside on_close until the stack was full."""

    class Twice(StreamRecorder):
        def on_close(self) -> None:
            super().on_close()
            self.close()
            self.close(flush=False)

    with Engine() as engine:
        stream, peer = stream_pair(engine, Twice)
        with peer:
            stream.close()
            assert stream.names() == ["connect", "close"]


def test_connect_and_write_inside_on_close_are_runtime_errors() -> None:
    """B14: connect() left the stream connecting for ever."""

    class Returning(StreamRecorder):
        def on_close(self) -> None:
            super().on_close()
            with pytest.raises(RuntimeError, match="the stream is closed"):
                self.write(b"x")
            with pytest.raises(RuntimeError, match="the stream is closed"):
                self.connect(("127.0.0.1", 9))

    with Engine() as engine:
        stream, peer = stream_pair(engine, Returning)
        with peer:
            stream.close()
            assert stream.names() == ["connect", "close"]
            assert not stream.connecting


def test_an_exception_in_on_close_leaves_no_socket_open() -> None:
    class Faulty(StreamRecorder):
        def on_close(self) -> None:
            raise KeyboardInterrupt

    with Engine() as engine:
        stream, peer = stream_pair(engine, Faulty)
        with peer:
            with pytest.raises(KeyboardInterrupt):
                stream.close(flush=False)
            assert peer.recv(1) == b""


# The peer's end


@pytest.mark.parametrize("delimiter", [None, b"\n"])
def test_a_peer_that_closed_its_side_gets_its_reply(delimiter: bytes | None) -> None:
    """B15: the reply was discarded."""

    class Answering(StreamRecorder):
        def on_read(self, *data: Any) -> None:
            super().on_read(*data)
            self.write(b"reply:" + data[0])

    with Engine() as engine:
        stream, peer = stream_pair(engine, Answering)
        with peer:
            stream.read_delimiter = delimiter
            peer.sendall(b"hi\n")
            peer.shutdown(socket.SHUT_WR)
            assert receive_all(engine, peer).strip() == b"reply:hi"
            assert stream.names()[-2:] == ["write", "close"]


def test_a_peer_that_closed_its_side_gets_a_long_reply_too() -> None:
    content = b"x" * 1_000_000
    with Engine() as engine:
        stream, peer = stream_pair(engine, StreamRecorder)
        with peer:
            small_buffer(stream)
            stream.write(content)
            peer.shutdown(socket.SHUT_WR)
            assert receive_all(engine, peer) == content


def test_a_half_closed_peer_that_reads_nothing_does_not_keep_the_engine_busy() -> None:
    with Engine() as engine:
        stream, peer = stream_pair(engine, StreamRecorder)
        with peer:
            small_buffer(stream)
            stream.write(b"x" * 1_000_000)
            peer.shutdown(socket.SHUT_WR)
            run_until(engine, lambda: stream._input_ended)
            assert stream.interest == WRITE
            assert stream.connected


def test_a_peer_that_resets_is_only_on_close(caplog: pytest.LogCaptureFixture) -> None:
    with Engine() as engine:
        stream, peer = stream_pair(engine, StreamRecorder)
        reset(peer)
        run_until(engine, lambda: stream.closed)
        assert stream.names() == ["connect", "close"]
        assert not caplog.records


def test_a_write_to_a_peer_that_reset_is_only_on_close(caplog: pytest.LogCaptureFixture) -> None:
    with Engine() as engine:
        stream, peer = stream_pair(engine, StreamRecorder)
        reset(peer)
        stream.write(b"x", flush=True)
        assert stream.names() == ["connect", "close"]
        assert not caplog.records


# What the system refuses


def test_a_failed_write_is_on_write_error_and_on_close_and_no_on_write(book: Path) -> None:
    """B26: on_write followed, and the data was gone."""
    with Engine() as engine, book.open("ab") as write_only:
        stream, peer = stream_pair(engine, StreamRecorder)
        with peer:
            stream.write_file(write_only)
            run_until(engine, lambda: stream.closed)
            assert stream.names() == ["connect", "write_error", "close"]
            assert stream.events[1][1].errno == errno.EBADF


def replace_by_a_file(stream: Stream, path: Path) -> None:
    """Make every call on the stream's socket fail with ENOTSOCK."""
    assert stream.fileno is not None
    with path.open("rb") as file:
        os.dup2(file.fileno(), stream.fileno)


def test_a_failed_read_is_on_read_error_and_on_close(book: Path) -> None:
    with Engine() as engine:
        stream, peer = stream_pair(engine, StreamRecorder)
        with peer:
            replace_by_a_file(stream, book)
            stream.handle_events(READ)
            assert stream.names() == ["connect", "read_error", "close"]
            assert stream.events[1][1].errno == errno.ENOTSOCK


def test_the_default_on_read_error_logs(book: Path, caplog: pytest.LogCaptureFixture) -> None:
    with Engine() as engine:
        stream, peer = stream_pair(engine, Stream)
        with peer:
            replace_by_a_file(stream, book)
            stream.handle_events(READ)
            assert stream.closed
            assert os.strerror(errno.ENOTSOCK) in caplog.text


def test_the_default_on_write_error_logs(book: Path, caplog: pytest.LogCaptureFixture) -> None:
    with Engine() as engine:
        stream, peer = stream_pair(engine, Stream)
        with peer:
            replace_by_a_file(stream, book)
            stream.write(b"x", flush=True)
            assert stream.closed
            assert os.strerror(errno.ENOTSOCK) in caplog.text
