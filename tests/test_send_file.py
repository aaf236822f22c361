"""Files of any bytes arrive as they are, on every shell: every byte 255 is doubled, and nothing fills the memory."""

from __future__ import annotations

import asyncio
import gc
import io
import os
import socket
import sys
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import pytest
from net_support import PATIENCE, Recorder, accept_one, receive_all, run_until
from shell_support import SHELLS, Shell, dialing, receive_until, start_shell, wait_until
from stream_support import reset
from tls_support import Certificates

from telnet import (
    DO,
    DONT,
    IAC,
    SB,
    SE,
    WILL,
    WONT,
    Data,
    Engine,
    Limits,
    MudHandler,
    MudServer,
    StreamBufferOverflow,
    aio,
    escape,
    parse,
)
from telnet import MCCP2 as MCCP2_CODE
from telnet.files import EscapedFile
from telnet.options import MCCP2

each_shell = pytest.mark.parametrize("name", SHELLS)

EVERY_BYTE = bytes(range(256))
PIECE = 65536  # of a file, that is read at once
FILES = {
    "every byte": EVERY_BYTE * 3000,
    "nothing but 255": b"\xff" * (2 * PIECE + 1),
    "255 at the borders of pieces": bytes(PIECE - 1) + b"\xff\xff" + bytes(PIECE - 2) + b"\xff\xff\xff",
    "ends in 255": b"x\xff",
    "empty": b"",
}
OFFERED = IAC + WILL + MCCP2_CODE
STARTED = IAC + SB + MCCP2_CODE + IAC + SE


class Sender(MudHandler):
    """Does what a test gives it to do, in the shell's thread."""

    limits = Limits(ready=0.05, close=1.0, linger=0.5)
    met: ClassVar[list[Any]] = []
    errors: ClassVar[list[Exception]] = []
    todo: Any = None  # a function of it

    def on_connect(self) -> None:
        self.events: list[str] = []
        self.met.append(self)
        if self.todo is not None:
            self.todo()

    def on_error(self, exc: Exception) -> None:
        self.errors.append(exc)

    def on_slow_consumer(self) -> None:
        self.events.append("slow consumer")
        self.close(flush=False)

    def on_close(self) -> None:
        self.events.append("close")


@pytest.fixture(autouse=True)
def nobody_met() -> Iterator[None]:
    Sender.met.clear()
    Sender.errors.clear()
    before = descriptors()
    yield
    if not Sender.errors:
        wait_until(lambda: descriptors() <= before)


def descriptors() -> int:
    """How many duplicates of files are open, which no object of Python closes."""
    if sys.platform != "linux":
        return 0
    names = (os.readlink(f"/proc/self/fd/{each}") for each in os.listdir("/proc/self/fd") if is_open(each))
    return sum(name.endswith("file.bin") for name in names)


def is_open(descriptor: str) -> bool:
    return os.path.lexists(f"/proc/self/fd/{descriptor}")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "file.bin"


def filled(file: Path, content: bytes) -> Path:
    file.write_bytes(content)
    return file


def send(sender: Any, file: Path, *arguments: Any, **options: Any) -> None:
    with file.open("rb") as opened:
        sender.send_file(opened, *arguments, **options)


@contextmanager
def served(name: str, todo: Callable[[Any], object] | None = None, **options: Any) -> Iterator[Shell]:
    """A shell on which each who comes is sent something."""
    members = {"todo": todo, **options.pop("members", {})}
    shell = start_shell(name, type("Sender", (Sender,), members), **options)
    try:
        yield shell
    finally:
        shell.stop()


def only(shell: Shell) -> Any:
    wait_until(lambda: Sender.met)
    return Sender.met[0]


def received_by(client: Any) -> bytes:
    """All data of Telnet that comes, to the end."""
    client.settimeout(PATIENCE)
    received = bytearray()
    while chunk := client.recv(1 << 20):
        received += chunk
    return b"".join(event.data for event in parse(bytes(received)) if isinstance(event, Data))


# What arrives


@each_shell
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("content", FILES.values(), ids=FILES)
def test_file_arrives_as_it_is_in_its_place(
    name: str, certificates: Certificates, file: Path, content: bytes, tls: bool
) -> None:
    filled(file, content)

    def todo(sender: Any) -> None:
        sender.send("<")
        send(sender, file)
        sender.send("|")
        send(sender, file)
        sender.send(">")
        sender.close()

    with served(name, todo, tls=certificates.server if tls else None) as shell, shell.connect() as client:
        with certificates.client.wrap_socket(client, server_hostname="localhost") if tls else client as peer:
            assert received_by(peer) == b"<" + content + b"|" + content + b">"


@each_shell
@pytest.mark.parametrize("content", FILES.values(), ids=FILES)
def test_file_is_compressed_like_the_rest_in_its_place(name: str, file: Path, content: bytes) -> None:
    filled(file, content)
    with served(name, members={"options": (MCCP2,)}) as shell, shell.connect() as client:
        inflater = start_compression(client)
        player = only(shell)

        def todo() -> None:
            player.send("<")
            send(player, file)
            player.send("|")
            send(player, file)
            player.send(">")
            player.close()

        shell.call(todo)
        received = inflater.decompress(rest_of(client))
        assert inflater.eof and not inflater.unused_data
        assert received == b"<" + escape(content) + b"|" + escape(content) + b">"


def start_compression(client: socket.socket) -> Any:
    client.settimeout(PATIENCE)
    client.sendall(IAC + DO + MCCP2_CODE)
    received = b""
    while STARTED not in received:
        received += client.recv(1)
    assert received == OFFERED + STARTED
    return zlib.decompressobj()


def exactly(client: socket.socket, count: int) -> bytes:
    received = bytearray()
    while len(received) < count:
        chunk = client.recv(count - len(received))
        assert chunk
        received += chunk
    return bytes(received)


def rest_of(client: socket.socket) -> bytes:
    received = bytearray()
    while chunk := client.recv(1 << 20):
        received += chunk
    return bytes(received)


@each_shell
def test_client_sends_a_file_too(name: str, file: Path) -> None:
    filled(file, FILES["every byte"])

    class Client(Sender):
        def on_connect(self) -> None:
            super().on_connect()
            send(self, file)
            self.send_line("done")
            self.close()

    with socket.create_server(("127.0.0.1", 0)) as listener, dialing(name, Client, listener.getsockname()):
        with listener.accept()[0] as peer:
            assert received_by(peer) == FILES["every byte"] + b"done\r\n"


@each_shell
@pytest.mark.parametrize(
    ("arguments", "start", "end"),
    [
        ({"nbytes": 300}, 0, 300),
        ({"offset": 200}, 200, None),
        ({"nbytes": PIECE + 1, "offset": 255}, 255, PIECE + 256),
        ({"nbytes": 10**9, "offset": 700_000}, 700_000, None),
        ({"offset": 10**9}, 0, 0),
        ({"offset": 2**62}, 0, 0),
        ({"nbytes": 2**64, "offset": 2**64}, 0, 0),
        ({"nbytes": 2**64, "offset": 700_000}, 700_000, None),
        ({"flush": True}, 0, None),
    ],
)
def test_part_of_a_file_is_sent(name: str, file: Path, arguments: Any, start: int, end: int | None) -> None:
    content = filled(file, FILES["every byte"]).read_bytes()

    def todo(sender: Any) -> None:
        send(sender, file, **arguments)
        sender.send(">")
        sender.close()

    with served(name, todo) as shell, shell.connect() as client:
        assert received_by(client) == content[start:end] + b">"


@each_shell
def test_file_that_shrinks_while_it_is_sent_ends_there(name: str, file: Path) -> None:
    filled(file, b"\xff" * (64 << 20))

    def todo(sender: Any) -> None:
        send(sender, file)
        os.truncate(file, PIECE)
        sender.send(">")
        sender.close()

    with served(name, todo) as shell, shell.connect() as client:
        assert received_by(client) == b"\xff" * PIECE + b">"


@each_shell
def test_compression_begins_and_ends_at_its_place_while_a_file_is_under_way(name: str, file: Path) -> None:
    content = filled(file, FILES["every byte"]).read_bytes()
    with served(name, members={"options": (MCCP2,)}) as shell, shell.connect() as client:
        player = only(shell)

        def todo() -> None:
            send(player, file)
            player.session[MCCP2].begin()  # not agreed on, so that nothing begins
            player.session.receive(IAC + DO + MCCP2_CODE, 0.0)
            player.send("<")
            send(player, file)
            player.session.receive(IAC + DONT + MCCP2_CODE, 0.0)
            player.send(">")
            player.close()

        shell.call(todo)
        client.settimeout(PATIENCE)
        received = rest_of(client)
        plain = OFFERED + escape(content) + STARTED
        assert received.startswith(plain)
        inflater = zlib.decompressobj()
        assert inflater.decompress(received[len(plain) :]) == b"<" + escape(content) + IAC + WONT + MCCP2_CODE
        assert inflater.eof and inflater.unused_data.endswith(b">")


# A peer that does not read


def inflated(inflater: Any, chunk: bytes) -> int:
    """How many bytes a chunk becomes, a MiB at a time."""
    size = 0
    while piece := inflater.decompress(chunk, 1 << 20):
        size += len(piece)
        chunk = inflater.unconsumed_tail
    return size


def resident() -> int:
    """How many bytes of memory this process has."""
    with open("/proc/self/statm") as sizes:
        return int(sizes.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@each_shell
@pytest.mark.parametrize("compressed", [False, True], ids=["plain", "compressed"])
@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux for the memory of this process")
def test_large_file_to_a_slow_peer_does_not_grow_the_memory(name: str, file: Path, compressed: bool) -> None:
    size = 100 << 20
    with file.open("wb") as opened:
        opened.truncate(size)  # a hundred MiB of nothing, which take no room on the disk
    with served(name, members={"options": (MCCP2,)}) as shell, shell.connect(receive_buffer=65536) as client:
        player = only(shell)
        inflater = start_compression(client) if compressed else None
        before = most = resident()
        shell.call(lambda: send(player, file))
        shell.call(player.close)
        received = 0
        while chunk := client.recv(65536):
            received += len(chunk) if inflater is None else inflated(inflater, chunk)
            most = max(most, resident())
        assert received == size + (0 if compressed else len(OFFERED))
        assert most - before < 16 << 20


@each_shell
def test_what_is_written_after_a_file_to_a_peer_that_does_not_read_has_a_bound(name: str, file: Path) -> None:
    filled(file, bytes(32 << 20))
    with served(name) as shell, shell.connect(receive_buffer=16384):
        player = only(shell)

        def shout() -> None:
            for _ in range(40):
                player.send("x" * 65536)

        shell.call(lambda: send(player, file))
        shell.call(shout)
        wait_until(lambda: "close" in player.events)
        assert player.events == ["slow consumer", "close"]
        shell.call(lambda: send(player, file))  # does nothing any more


@each_shell
def test_file_under_way_takes_nothing_of_what_may_wait_after_it(name: str, file: Path) -> None:
    filled(file, b"\xff" * (4 << 20))
    text = "x" * (Limits().unsent - 1000)
    with served(name) as shell, shell.connect(receive_buffer=16384) as client:
        player = only(shell)
        shell.call(lambda: send(player, file))
        shell.call(lambda: player.send(text))
        received = receive_until(client, b"\xff\xff")
        while len(received) < (8 << 20) + len(text):
            received += client.recv(16384)
        assert received == b"\xff" * (8 << 20) + text.encode()
        shell.call(player.close)


@each_shell
def test_handler_that_makes_room_keeps_a_peer_that_reads_a_file_slowly(name: str, file: Path) -> None:
    filled(file, bytes(8 << 20))

    def make_room(self: Any) -> None:
        self.max_write_buffer *= 8

    with served(name, members={"on_slow_consumer": make_room}) as shell, shell.connect(receive_buffer=16384) as client:
        player = only(shell)
        shell.call(lambda: send(player, file))
        shell.call(lambda: player.send("x" * (3 << 20)))
        shell.call(player.close)
        assert len(received_by(client)) == 11 << 20


@each_shell
def test_handler_that_makes_no_room_loses_its_peer_and_is_told(name: str, file: Path) -> None:
    filled(file, bytes(8 << 20))
    with served(name, members={"on_slow_consumer": lambda self: None}) as shell, shell.connect(receive_buffer=16384):
        player = only(shell)
        shell.call(lambda: send(player, file))
        shell.call(lambda: player.send("x" * (3 << 20)))
        wait_until(lambda: player.events == ["close"])
        [error] = Sender.errors
        assert isinstance(error, StreamBufferOverflow) and "bytes wait to be sent" in str(error)
        wait_until(lambda: not descriptors())


@each_shell
def test_peer_that_takes_nothing_of_a_file_is_given_up(name: str, file: Path) -> None:
    filled(file, bytes(32 << 20))

    def todo(sender: Any) -> None:
        send(sender, file)
        sender.close()

    with served(name, todo) as shell, shell.connect(receive_buffer=16384):
        wait_until(lambda: only(shell).events == ["close"])
        wait_until(lambda: not descriptors())


@each_shell
@pytest.mark.parametrize("end", ["reset", "close at once", "server"])
def test_file_that_is_not_sent_to_its_end_is_given_back(name: str, file: Path, end: str) -> None:
    filled(file, bytes(32 << 20))
    with served(name, lambda sender: send(sender, file)) as shell:
        client = shell.connect(receive_buffer=16384)
        player = only(shell)
        wait_until(lambda: descriptors() == 1)
        if end == "reset":
            reset(client)
        elif end == "close at once":
            shell.call(lambda: player.close(flush=False))
        else:
            shell.call(lambda: player.server.close(flush=False))
        wait_until(lambda: player.events == ["close"])
        wait_until(lambda: not descriptors())
        client.close()


@each_shell
def test_others_are_served_while_a_file_is_compressed(name: str, file: Path) -> None:
    file.write_bytes(os.urandom(1 << 20) * 64)

    class Answering(Sender):
        options = (MCCP2,)

        def on_line(self, line: str) -> None:
            self.send_line(f"You say: {line}")

    shell = start_shell(name, Answering)
    try:
        with shell.connect() as busy, shell.connect() as other:
            start_compression(busy)
            wait_until(lambda: len(Sender.met) == 2)
            shell.call(lambda: send(Sender.met[0], file))
            reading = threading.Thread(target=lambda: busy.recv(1 << 30, socket.MSG_WAITALL))
            reading.start()
            other.settimeout(PATIENCE)
            assert other.recv(100) == OFFERED
            for _ in range(20):
                other.sendall(b"hello\r\n")
                assert other.recv(100) == b"You say: hello\r\n"
            assert descriptors() == 1  # it is still under way
            shell.call(lambda: Sender.met[0].close(flush=False))
            reading.join()
    finally:
        shell.stop()


# What cannot be sent


@contextmanager
def opened_for_writing(file: Path) -> Iterator[Any]:
    with file.open("ab") as opened:
        yield opened


BAD = {
    "text": (lambda file: file.open(encoding="utf-8"), TypeError, "must be open in binary mode"),
    "no file": (lambda file: io.BytesIO(b"x"), TypeError, "only a file that the system has open"),
    "a device": (lambda file: open(os.devnull, "rb"), ValueError, "only a regular file"),
    "not readable": (lambda file: file.open("ab"), ValueError, "must be open for reading, not <"),
}


@each_shell
@pytest.mark.parametrize(("make", "error", "text"), BAD.values(), ids=BAD)
def test_what_is_no_readable_file_raises_at_the_call_and_costs_nothing(
    name: str, file: Path, make: Callable[[Path], Any], error: type[Exception], text: str
) -> None:
    filled(file, b"x")
    raised: list[Any] = []

    def todo(sender: Any) -> None:
        with make(file) as bad:
            try:
                sender.send_file(bad)
            except (TypeError, ValueError) as exc:
                raised.append(exc)
        sender.send_line("sorry")
        sender.close()

    with served(name, todo) as shell, shell.connect() as client:
        assert received_by(client) == b"sorry\r\n"
    assert [type(each) for each in raised] == [error] and text in str(raised[0])


@each_shell
@pytest.mark.parametrize("arguments", [{"nbytes": -1}, {"offset": -1}, {"nbytes": 1.5}, {"offset": "0"}])
def test_numbers_that_are_wrong_and_closed_files_raise_at_the_call(name: str, file: Path, arguments: Any) -> None:
    filled(file, b"x")
    raised: list[Exception] = []

    def todo(sender: Any) -> None:
        for call in (lambda: send(sender, file, **arguments), lambda: sender.send_file(closed)):
            try:
                call()
            except (TypeError, ValueError) as exc:
                raised.append(exc)
        sender.close()

    closed = file.open("rb")
    closed.close()
    with served(name, todo) as shell, shell.connect() as client:
        assert received_by(client) == b""
    assert next(iter(arguments)) in str(raised[0]) and "closed" in str(raised[1])


def end_of_memory() -> int:
    """Where the memory of this process ends for a while, as its file has it."""
    with open("/proc/self/maps") as maps:
        regions = [[int(each, 16) for each in line.split()[0].split("-")] for line in maps if " r" in line]
    return next(end for (_, end), (start, _) in zip(regions, regions[1:], strict=False) if start > end + (1 << 20))


@each_shell
@pytest.mark.skipif(sys.platform != "linux", reason="needs a file that fails in its middle")
def test_file_that_fails_in_its_middle_is_told_and_closes(name: str) -> None:
    def todo(sender: Any) -> None:
        with open("/proc/self/mem", "rb") as memory:
            sender.send_file(memory, 0, end_of_memory() - 10)
            sender.send_line("never")

    failures: list[Any] = []
    told = {
        "on_error": lambda self, exc: failures.append(exc),
        "on_write_error": lambda self, exc: failures.append(exc),
    }
    with served(name, todo, members=told) as shell, shell.connect() as client:
        assert b"never" not in received_by(client)
        wait_until(lambda: only(shell).events == ["close"])
    [failure] = failures
    assert isinstance(failure, OSError)


@each_shell
@pytest.mark.skipif(sys.platform != "linux", reason="needs a file that fails")
def test_file_that_fails_at_its_beginning_raises_at_the_call(name: str) -> None:
    def todo(sender: Any) -> None:
        with open("/proc/self/mem", "rb") as memory:
            sender.send_file(memory)

    with served(name, todo) as shell, shell.connect():
        wait_until(lambda: Sender.errors)
    assert isinstance(Sender.errors[0], OSError)


# Each shell


@each_shell
def test_another_thread_is_refused(name: str, file: Path) -> None:
    filled(file, b"x")
    with served(name) as shell, shell.connect():
        player = only(shell)
        with pytest.raises(RuntimeError, match="must be called in the thread of the"):
            send(player, file)


def test_coroutine_drains_until_a_file_is_sent(file: Path) -> None:
    filled(file, bytes(16 << 20))
    order: list[str] = []

    async def player(connection: aio.MudConnection) -> None:
        send(connection, file)
        connection.send(">")
        order.append("waits")
        await connection.drain()
        order.append("sent")
        assert not connection.session.sending_pieces

    async def main() -> None:
        async with await aio.serve(player, "127.0.0.1", 0) as server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
            while not order:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.2)
            assert order == ["waits"]
            assert len(await reader.read(-1)) == (16 << 20) + 1
            assert order == ["waits", "sent"]
            writer.close()
            await writer.wait_closed()

    asyncio.run(main())


def test_coroutine_that_drains_is_told_when_its_peer_is_gone(file: Path) -> None:
    filled(file, bytes(16 << 20))
    ended: list[str] = []

    async def player(connection: aio.MudConnection) -> None:
        send(connection, file, flush=True)
        try:
            await connection.drain()
        except ConnectionResetError:
            ended.append("reset")

    async def main() -> None:
        async with await aio.serve(player, "127.0.0.1", 0) as server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
            await reader.read(100)
            writer.transport.abort()
            while not ended:
                await asyncio.sleep(0.01)

    asyncio.run(main())


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine() as engine:
        yield engine


@pytest.mark.parametrize("content", FILES.values(), ids=FILES)
@pytest.mark.parametrize("flush", [False, True])
def test_connection_without_a_session_sends_a_file(engine: Engine, file: Path, content: bytes, flush: bool) -> None:
    filled(file, content)
    _, connection, client = accept_one(engine)
    with client:
        connection.write(b"<")
        send(connection, file, flush=flush)
        connection.write(b"|")
        with file.open("rb") as opened:
            connection.write_file(opened)
        send(connection, file)
        connection.write(b">")
        connection.close()
        escaped = escape(content)
        assert receive_all(engine, client) == b"<" + escaped + b"|" + content + escaped + b">"
        assert connection.events[-2:] == [("write",), ("close",)]


def test_connection_without_a_session_is_told_that_it_cannot_send_a_file(engine: Engine, file: Path) -> None:
    filled(file, b"x")
    with pytest.raises(RuntimeError, match="cannot write: the stream is not connected"):
        send(Recorder(engine=engine), file)
    _, connection, client = accept_one(engine)
    with client:
        connection.close()
        with pytest.raises(RuntimeError, match="cannot write: the stream is closed"):
            send(connection, file)


def test_both_kinds_of_file_keep_their_order(engine: Engine, file: Path) -> None:
    content = filled(file, EVERY_BYTE * 1000).read_bytes()
    server = MudServer(Sender, engine=engine).listen(("127.0.0.1", 0))
    with socket.create_connection(server.local_address) as client:
        run_until(engine, lambda: server.connections)
        connection: Any = next(iter(server.connections))
        with file.open("rb") as opened:
            connection.write_file(opened)
            connection.send_file(opened)
            connection.write(b"|")
            connection.write_file(opened)
            connection.write(b">", flush=True)
        connection.close()
        escaped = escape(content)
        assert receive_all(engine, client) == content + escaped + b"|" + content + b">"


@pytest.mark.parametrize("closing", [False, True])
def test_what_is_sent_after_the_start_of_tls_is_secured_though_a_file_is_under_way(
    engine: Engine, certificates: Certificates, file: Path, closing: bool
) -> None:
    class Patient(Sender):
        limits = Limits(close=3 * PATIENCE)

    content = filled(file, b"\xff" * (4 << 20)).read_bytes()
    server = MudServer(Patient, engine=engine).listen(("127.0.0.1", 0))
    received: list[bytes] = []

    def visit() -> None:
        with socket.create_connection(server.local_address, timeout=PATIENCE) as client:
            received.append(exactly(client, 2 * len(content)))
            with certificates.client.wrap_socket(client, server_hostname="localhost") as secured:
                received.append(rest_of(secured))

    visitor = threading.Thread(target=visit)
    visitor.start()
    run_until(engine, lambda: server.connections)
    connection: Any = next(iter(server.connections))
    send(connection, file)
    connection.startSSL(certificates.server)
    send(connection, file, 100)
    connection.send("secret")
    if closing:
        connection.close()
        run_until(engine, lambda: len(received) == 2)
    else:
        run_until(engine, lambda: connection.ssl_enabled and not connection.session.sending_pieces)
        connection.close()
        run_until(engine, lambda: len(received) == 2)
    visitor.join()
    assert received == [escape(content), b"\xff" * 200 + b"secret"]


# Without a shell


def test_session_gives_a_file_piece_by_piece(file: Path) -> None:
    content = filled(file, EVERY_BYTE * 1000).read_bytes()
    player = Sender()
    session = player.make_session()
    session.start(0.0)
    player.send("<")
    send(player, file)
    player.send(">")
    assert session.sending_pieces and session.unsent == 1
    pieces = []
    while session.sending_pieces:
        pieces.append(session.take())
    assert b"".join(pieces) == b"<" + escape(content) + b">"
    assert max(map(len, pieces)) <= 2 * PIECE
    assert session.unsent == 0 and session.take() == b""


def test_session_that_is_closed_takes_no_file_and_gives_the_rest_of_one(file: Path) -> None:
    filled(file, b"x\xff")
    player = Sender()
    session = player.make_session()
    send(player, file)
    session.close()
    send(player, file)
    assert session.take() + session.take() == b"x\xff\xff"
    assert not session.sending_pieces
    assert descriptors() == 0


def test_file_that_is_forgotten_is_given_back(file: Path) -> None:
    filled(file, b"x")
    player = Sender()
    session = player.make_session()
    send(player, file)
    player.send("y")
    session.drop_pieces()
    session.drop_pieces()
    assert (session.sending_pieces, session.unsent, descriptors()) == (False, 1, 0)
    send(player, file)
    del player, session
    gc.collect()
    assert descriptors() == 0


def test_file_is_given_back_without_the_end_of_its_session(file: Path) -> None:
    with filled(file, b"x").open("rb") as opened:
        source = EscapedFile(opened, 0, 0)
    assert descriptors() == 1
    del source
    assert descriptors() == 0
