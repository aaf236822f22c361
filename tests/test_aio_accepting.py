"""The asyncio shell accepts: crowds, peers that are gone before, a lack of descriptors, and the end of it all."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import re
import select
import selectors
import socket
import ssl
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Any

import pytest
from aio_support import HOST, Liner, Recorder, Run, address_of, echo, only, peer_of, run_on, until
from net_support import PATIENCE, has_ipv6
from shell_support import LOOPS, new_event_loop
from tls_support import Certificates

from telnet import Limits, aio
from telnet import options as spoken

pytestmark = pytest.mark.slow

RESETS = 100
CROWD = 1000
LINGER_ZERO = struct.pack("ii", 1, 0)


class Hasty(Recorder):
    """Asks and is not answered, so that its beginning is one event, and does not wait for peers who do not close."""

    options = (spoken.NAWS,)
    limits = Limits(ready=3 * PATIENCE, close=0.2, linger=0.2)


needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="no IPv6 here")
needs_dual_stack = pytest.mark.skipif(not (has_ipv6() and socket.has_dualstack_ipv6()), reason="no dual stack here")
needs_unix_sockets = pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="no UNIX sockets here")
needs_proc = pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="no list of open descriptors here")


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


async def descriptors_of(server: aio.Server) -> int:
    """How many are open once a first peer has come and gone: event loops open some when they are needed."""
    connect_to(server.sockets[0].getsockname()).close()
    await until(lambda: Recorder.made and not server._arriving and not server._present)
    Recorder.made.clear()
    return descriptors()


def reset(peer: socket.socket) -> None:
    """Close with a reset, which UNIX sockets do not have."""
    if peer.family != getattr(socket, "AF_UNIX", None):
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_ZERO)
    peer.close()


def connect_to(address: Any) -> socket.socket:
    if isinstance(address, str):
        peer = socket.socket(socket.AF_UNIX)
        peer.settimeout(PATIENCE)
        peer.connect(address)
        return peer
    return socket.create_connection(address[:2], timeout=PATIENCE)


def loud(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [f"{each.name}: {each.getMessage()}" for each in caplog.records if each.levelno > logging.DEBUG]


# Peers that are gone


@pytest.fixture(
    params=[
        "plain",
        "tls",
        pytest.param("ipv6", marks=needs_ipv6),
        pytest.param("dual", marks=needs_dual_stack),
        "unix",
    ]
)
def where(request: pytest.FixtureRequest, certificates: Certificates, tmp_path: Path) -> Iterator[dict[str, Any]]:
    """Arguments of ``serve``: each kind of socket that is listened on."""
    kind: str = request.param
    with ExitStack() as stack:
        if kind == "unix":
            listener = stack.enter_context(socket.socket(socket.AF_UNIX))
            listener.bind(str(tmp_path / "mud.sock"))
            yield {"sock": listener}
        else:
            host = {"ipv6": "::1", "dual": ""}.get(kind, HOST)
            yield {"host": host, "port": 0, "ssl": certificates.server if kind == "tls" else None}


def nobody_waits(server: aio.Server) -> bool:
    """Whether everybody who has connected was accepted, and is up or gone."""
    return not (select.select(server.sockets, (), (), 0)[0] or server._arriving)


@needs_proc
def test_resets_before_they_are_accepted_leave_nothing(
    run: Run, where: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        async with await aio.serve(Hasty, **where) as server:
            before = await descriptors_of(server)
            for _ in range(RESETS):
                reset(connect_to(server.sockets[0].getsockname()))  # before the loop can accept any of them
            await until(lambda: nobody_waits(server) and not server._present)
            assert (len(server.connections), descriptors()) == (0, before)
            unix = "sock" in where  # where a reset is an end, after a beginning
            assert [each.events for each in Recorder.made] == [["connect", "close"]] * (RESETS if unix else 0)
        assert loud(caplog) == []

    run(main)


@needs_proc
def test_resets_right_after_they_are_accepted_leave_nothing(
    run: Run, where: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        async with await aio.serve(Hasty, **where) as server:
            before = await descriptors_of(server)
            for turns in range(RESETS):
                peer = connect_to(server.sockets[0].getsockname())
                for _ in range(turns % 7):
                    await asyncio.sleep(0)
                reset(peer)
            await until(lambda: nobody_waits(server) and not server._present)
            assert (len(server.connections), descriptors()) == (0, before)
            begun = [each.events for each in Recorder.made if each.events]
            assert begun == [["connect", "close"]] * len(begun)
            assert begun or where.get("ssl")
        assert all(": no TLS: the peer left; closing" in line for line in loud(caplog))

    run(main)


@pytest.mark.parametrize(
    ("goodbye", "reason"),
    [
        pytest.param(b"", "the peer left", id="nothing"),
        pytest.param(b"GET / HTTP/1.0\r\n\r\n", "http request|the peer left", id="http"),
        pytest.param(b"\xff\xfd\x01\r\nwho\r\n", "[a-z ]+", id="telnet"),
    ],
)
@pytest.mark.parametrize("ending", [socket.socket.close, reset])
def test_probe_of_tls_is_one_line_of_information(
    run: Run, certificates: Certificates, caplog: pytest.LogCaptureFixture, goodbye: bytes, reason: str, ending: Any
) -> None:
    caplog.set_level(logging.INFO)

    async def main() -> None:
        async with await aio.serve(Liner, HOST, 0, ssl=certificates.server) as server:
            peer = connect_to(address_of(server))
            address = peer.getsockname()
            await until(lambda: server._arriving)
            peer.sendall(goodbye)
            ending(peer)
            await until(lambda: nobody_waits(server))
            assert (len(server.connections), Recorder.made[0].events) == (0, [])
        [line] = loud(caplog)
        assert re.fullmatch(f"telnet: Liner with {re.escape(repr(address))}: no TLS: ({reason}); closing", line)
        assert [each.levelname for each in caplog.records] == ["INFO"]

    run(main)


def test_handshake_that_takes_too_long_is_one_line_of_information(
    run: Run, certificates: Certificates, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)

    async def main() -> None:
        async with await aio.serve(Liner, HOST, 0, ssl=certificates.server, limits=Limits(handshake=0.05)) as server:
            async with peer_of(server) as peer:
                with suppress(ConnectionResetError):
                    assert await peer.receive_all() == b""
                await until(lambda: nobody_waits(server))
        assert [each.levelname for each in caplog.records] == ["INFO"]
        assert ": no TLS: no TLS handshake within 0.05 seconds; closing" in caplog.text

    run(main)


def test_client_that_does_not_trust_the_server_is_one_line_of_information(
    run: Run, certificates: Certificates, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)

    async def main() -> None:
        async with await aio.serve(echo, HOST, 0, ssl=certificates.server) as server:
            with pytest.raises(ssl.SSLCertVerificationError, match=r"cannot connect to \('127.0.0.1', "):
                await aio.connect(*address_of(server), ssl=True)
            await until(lambda: caplog.records)
            await until(lambda: nobody_waits(server))
        assert [each.levelname for each in caplog.records] == ["INFO"]

    run(main)


# Crowds


@pytest.fixture
def room() -> Iterator[None]:
    """Descriptors for both ends of a crowd."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * CROWD + 200
    if hard != resource.RLIM_INFINITY and hard < wanted:
        pytest.skip("not enough descriptors for a crowd here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def longest_queue() -> int:
    """How many may wait to be accepted at most, as this system has it."""
    limit = Path("/proc/sys/net/core/somaxconn")
    return int(limit.read_text()) if limit.exists() else 128


@pytest.mark.usefixtures("room")
def test_all_of_a_crowd_that_connects_again_are_let_in_at_once(run: Run) -> None:
    async def main() -> None:
        async with await aio.serve(Hasty, HOST, 0) as server:
            for _ in range(3):
                with ExitStack() as stack:
                    crowd = [stack.enter_context(socket.socket()) for _ in range(CROWD)]
                    for peer in crowd:
                        peer.setblocking(False)
                        peer.connect_ex(address_of(server))
                    # Before the loop accepts anybody: who finds no room would try again after a second.
                    connected = select.poll()
                    for peer in crowd:
                        connected.register(peer, select.POLLOUT)
                    assert len(connected.poll(0)) >= min(CROWD, longest_queue())
                    await until(lambda: len(server.connections) == CROWD)
                await until(lambda: not server._present)

    run(main)


def test_one_turn_accepts_a_part_of_a_crowd(run: Run) -> None:
    async def main() -> None:
        async with await aio.serve(Hasty, HOST, 0) as server:
            with ExitStack() as stack:
                for _ in range(150):
                    stack.enter_context(socket.socket()).connect(address_of(server))
                seen = []
                while len(server.connections) < 150:
                    seen.append(len(server._present.keys() | server._arriving.keys()))
                    await asyncio.sleep(0)
                assert max(later - earlier for earlier, later in zip(seen, seen[1:], strict=False)) <= 64

    run(main)


# A lack of descriptors

EXHAUSTED = """
import asyncio, logging, resource, sys, time
from telnet import Limits, MudHandler, aio

logging.basicConfig(level=logging.INFO, format="%(name)s %(levelname)s %(message)s", stream=sys.stderr)
resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))

class Player(MudHandler):
    limits = Limits(close=0.5, linger=0.2)
    def on_line(self, line):
        self.send_line(f"{time.process_time()}")

async def main():
    async with await aio.serve(Player, "127.0.0.1", 0) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.to_thread(sys.stdin.readline)

if sys.argv[1] == "uvloop":
    import uvloop
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no such limit here")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("loop", LOOPS)
def test_lack_of_descriptors_costs_nobody_inside_anything(loop: str) -> None:
    new_event_loop(loop).close()  # skips where there is none
    command = [sys.executable, "-c", EXHAUSTED, loop]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    server = subprocess.Popen(
        command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    )
    with server, ExitStack() as stack:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        crowd = [stack.enter_context(connect_to((HOST, port))) for _ in range(60)]
        inside, outside = crowd[:20], crowd[40:]
        began = [ask(peer) for peer in inside]
        time.sleep(1)
        ended = [ask(peer) for peer in inside]  # while the others wait
        assert max(ended) - max(began) < 0.5  # no turn after turn
        for peer in outside:
            peer.sendall(b"look\r\n")
            assert not select.select([peer], (), (), 0)[0]
        for peer in crowd[:40]:
            reset(peer)
        for peer in outside:
            assert peer.recv(100)
        _, logged = server.communicate("\n", timeout=PATIENCE)
    lines = [line for line in logged.splitlines() if not line.startswith("asyncio DEBUG")]
    assert lines == [lines[0], lines[1]] and server.returncode == 0
    assert lines[0].startswith(f"telnet WARNING Server on ('127.0.0.1', {port}): cannot accept (Too many open files); ")
    assert lines[1].startswith(f"telnet INFO Server on ('127.0.0.1', {port}): accepting again after ")


@pytest.fixture
def leave_descriptors() -> Iterator[Callable[[int], None]]:
    """What leaves so many free descriptors to this process; all that it had, for -1."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)

    def leave(count: int) -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        if count >= 0:
            free = [os.open(os.devnull, os.O_RDONLY) for _ in range(count + 1)]
            for each in free:
                os.close(each)
            resource.setrlimit(resource.RLIMIT_NOFILE, (free[-1], hard))

    yield leave
    leave(-1)


@needs_ipv6
def test_accepting_pauses_on_all_addresses_without_descriptors_and_goes_on(
    run: Run, leave_descriptors: Callable[[int], None], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)

    async def main() -> None:
        async with await aio.serve(Hasty, [HOST, "::1"], 0) as server:
            await descriptors_of(server)
            with ExitStack() as stack:
                for each in server.sockets * 3:
                    stack.enter_context(connect_to(each.getsockname()))
                leave_descriptors(2)
                await until(lambda: loud(caplog))
                await asyncio.sleep(0.6)
                assert (len(server.connections), len(loud(caplog))) == (2, 1)
                leave_descriptors(-1)
                await until(lambda: len(server.connections) == 6)
        assert [each.levelname for each in caplog.records] == ["WARNING", "INFO"]

    run(main)


def test_shortage_that_nobody_waits_for_any_more_ends(
    run: Run, leave_descriptors: Callable[[int], None], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)

    async def main() -> None:
        async with await aio.serve(Hasty, HOST, 0) as server:
            await descriptors_of(server)
            first, second = connect_to(address_of(server)), connect_to(address_of(server))
            leave_descriptors(1)
            await until(lambda: loud(caplog))
            reset(second)
            leave_descriptors(-1)
            await until(lambda: len(caplog.records) == 2)
            first.close()
        assert [each.levelname for each in caplog.records] == ["WARNING", "INFO"]

    run(main)


def test_server_closes_while_accepting_pauses(
    run: Run, leave_descriptors: Callable[[int], None], caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        async with await aio.serve(Hasty, HOST, 0) as server:
            await descriptors_of(server)
            with connect_to(address_of(server)):
                leave_descriptors(0)
                await until(lambda: loud(caplog))
                server.close()
                leave_descriptors(-1)
                await server.wait_closed()
                await asyncio.sleep(0.3)

    run(main)


def ask(peer: socket.socket) -> float:
    """How much of the processor's time the server has had."""
    peer.sendall(b"look\r\n")
    answer = b""
    while not answer.endswith(b"\r\n"):
        answer += peer.recv(100)
    return float(answer)


# Faults


def test_listener_that_was_shut_down_closes_its_server(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        async with await aio.serve(Recorder, HOST, 0) as server:
            address = address_of(server)
            async with peer_of(server) as peer:
                await only(server)
                server.sockets[0].shutdown(socket.SHUT_RDWR)
                assert await peer.receive_all() == b""
            await server.wait_closed()
            assert server.sockets == ()
        [line] = loud(caplog)
        assert line.startswith(f"telnet: Server on {address!r}: cannot accept any more (")
        assert line.endswith("); closing")

    run(main)


def test_connection_that_cannot_be_made_is_logged_and_closed(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Recorder):
        def __init__(self) -> None:
            raise ValueError("oops")

    async def main() -> None:
        async with await aio.serve(Broken, HOST, 0) as server, peer_of(server) as peer:
            assert await peer.receive_all() == b""
            assert not server._present
        [line] = loud(caplog)
        assert "no connection could be made for ('127.0.0.1', " in line
        assert caplog.records[0].exc_text and "ValueError: oops" in caplog.records[0].exc_text

    run(main)


@pytest.mark.parametrize("tls", [False, True])
def test_connection_whose_session_cannot_be_made_never_begins(
    run: Run, certificates: Certificates, caplog: pytest.LogCaptureFixture, tls: bool
) -> None:
    class Broken(Hasty):
        def make_session(self, *arguments: Any, **options: Any) -> Any:
            raise ValueError("oops")

    async def main() -> None:
        here, there = (certificates.server, certificates.client) if tls else (None, None)
        async with await aio.serve(Broken, HOST, 0, ssl=here) as server:
            with suppress(OSError):
                async with peer_of(server, ssl=there) as peer:
                    assert await peer.receive_all() == b""
            await until(lambda: nobody_waits(server) and not server._present)
            assert [len(each.events) for each in Recorder.made] == [1]  # on_error
            assert not server.connections
        assert len(loud(caplog)) == 1 and "Broken with ('127.0.0.1', " in caplog.text

    run(main)


def test_client_whose_session_cannot_be_made_is_told(run: Run) -> None:
    class Broken(Hasty):
        def make_session(self, *arguments: Any, **options: Any) -> Any:
            raise ValueError("oops")

    async def main() -> None:
        async with await aio.serve(Hasty, HOST, 0) as server:
            with pytest.raises(ValueError, match="oops"):
                await aio.connect(*address_of(server), connection=Broken)
            assert Recorder.made[0].events == []

    run(main)


class Aborting(socket.socket):
    """A listener whose first peers were gone before they were accepted, as some systems say."""

    gone = 3

    def accept(self) -> Any:
        if self.gone:
            self.gone -= 1
            raise OSError(errno.ECONNABORTED, "Software caused connection abort")
        return super().accept()


def test_who_comes_after_those_that_are_gone_is_accepted(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        listener = Aborting()
        listener.bind((HOST, 0))
        async with await aio.serve(Hasty, sock=listener) as server, peer_of(server):
            await only(server)
        assert listener.gone == 0 and loud(caplog) == []

    run(main)


class Refusing(socket.socket):
    """A listener whose peers are gone in the moment after they were accepted, as some systems say."""

    def accept(self) -> Any:
        accepted, address = super().accept()
        return Left(fileno=accepted.detach()), address


class Left(socket.socket):
    calls = 0

    def setblocking(self, blocking: bool) -> None:
        super().setblocking(blocking)
        self.calls += 1
        if self.calls > 1:  # which is the event loop's
            raise OSError(errno.EINVAL, "Invalid argument")


@pytest.mark.parametrize("run", ["asyncio"], indirect=True)
def test_peer_that_is_gone_before_it_is_up_is_no_news(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "telnet")

    async def main() -> None:
        listener = Refusing()
        listener.bind((HOST, 0))
        async with await aio.serve(Hasty, sock=listener) as server, peer_of(server) as peer:
            assert await peer.receive_all() == b""
            assert Recorder.made[0].events == []
        assert [each.levelname for each in caplog.records if each.name == "telnet"] == ["DEBUG"]
        assert "ended before it began: [Errno " in caplog.text

    run(main)


class Unfit(ssl.SSLContext):
    """A context that the event loop cannot use."""

    def wrap_bio(self, *arguments: Any, **options: Any) -> Any:
        raise ValueError("oops")


@pytest.mark.parametrize("run", ["asyncio"], indirect=True)
def test_what_the_event_loop_does_not_take_is_logged_and_closed(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        async with await aio.serve(Hasty, HOST, 0, ssl=Unfit(ssl.PROTOCOL_TLS_SERVER)) as server:
            async with peer_of(server) as peer:
                with suppress(ConnectionResetError):
                    assert await peer.receive_all() == b""
            await until(lambda: nobody_waits(server))
            assert [str(event) for event in Recorder.made[0].events] == ["oops"]
        assert "Hasty with ('127.0.0.1', " in caplog.text and "ValueError: oops" in caplog.text

    run(main)


class Full(selectors.DefaultSelector):
    """Has no room for one more, as the system has none where too much is watched."""

    refused = 0

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        if self.refused and fileobj not in self.get_map():
            self.refused -= 1
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().register(fileobj, events, data)


@pytest.fixture
def selector() -> Iterator[Full]:
    """What the loop of ``run_on_full`` waits with."""
    with closing(Full()) as selector:
        yield selector
    Recorder.made.clear()


@pytest.fixture
def run_on_full(selector: Full) -> Iterator[Run]:
    """What runs a coroutine function on a loop that has no room left now and then."""
    with closing(asyncio.SelectorEventLoop(selector)) as loop:
        yield run_on(loop)


def test_connection_that_cannot_be_watched_never_begins(
    run_on_full: Run, selector: Full, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        async with await aio.serve(Hasty, HOST, 0) as server:
            with connect_to(address_of(server)) as peer:
                selector.refused = 1
                await until(lambda: Recorder.made and nobody_waits(server))
                assert await asyncio.get_running_loop().run_in_executor(None, peer.recv, 1) == b""
                await until(lambda: not server._present)
            assert [len(each.events) for each in Recorder.made] == [1]  # on_error
            async with peer_of(server):
                await only(server)
            await asyncio.get_running_loop().shutdown_default_executor()

    run_on_full(main)
    assert len(loud(caplog)) == 1


def test_listener_that_cannot_be_watched_is_an_error_and_closed(run_on_full: Run, selector: Full) -> None:
    listener = socket.create_server((HOST, 0))

    async def main() -> None:
        selector.refused = 1
        with pytest.raises(OSError, match="No space left on device"):
            await aio.serve(Hasty, sock=listener)
        assert listener.fileno() == -1

    run_on_full(main)


def test_listener_that_cannot_be_watched_again_is_tried_again(
    run_on_full: Run, selector: Full, leave_descriptors: Callable[[int], None], caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        async with await aio.serve(Hasty, HOST, 0) as server:
            with connect_to(address_of(server)):
                leave_descriptors(0)
                await until(lambda: loud(caplog))
                leave_descriptors(-1)
                selector.refused = 2
                await only(server)
        assert len(loud(caplog)) == 1

    run_on_full(main)


def test_connection_may_close_its_server_as_it_is_made(run: Run) -> None:
    class Last(Hasty):
        def __init__(self) -> None:
            super().__init__()
            serving[0].close()

    serving: list[aio.Server] = []

    async def main() -> None:
        serving.append(await aio.serve(Last, HOST, 0))
        with connect_to(address_of(serving[0])), connect_to(address_of(serving[0])):
            await serving[0].wait_closed()
        assert [each.events for each in Recorder.made] == [[]]

    run(main)


@pytest.mark.parametrize("tls", [False, True])
def test_server_that_closes_while_peers_arrive_leaves_nothing(
    run: Run, certificates: Certificates, caplog: pytest.LogCaptureFixture, tls: bool
) -> None:
    async def main() -> None:
        for turns in range(12):
            server = await aio.serve(Hasty, HOST, 0, ssl=certificates.server if tls else None)
            with ExitStack() as stack:
                for _ in range(5):
                    stack.enter_context(connect_to(address_of(server)))
                for _ in range(turns):
                    await asyncio.sleep(0)
                server.close(flush=False)
                await server.wait_closed()
                assert asyncio.all_tasks() == {asyncio.current_task(), *wrapping}
                assert not (server._present or server._arriving or server.connections)
            begun = [each.events for each in Recorder.made if each.events]
            assert begun == [["connect", "close"]] * len(begun)

    wrapping: set[Any] = set()

    async def watched() -> None:
        wrapping.update(asyncio.all_tasks() - {asyncio.current_task()})
        await main()

    run(watched)
    assert loud(caplog) == []


# Loops that cannot tell that a socket can be read


class Proactor(asyncio.SelectorEventLoop):
    """As the proactor's loop is: it has no readers."""

    def add_reader(self, *arguments: Any) -> None:  # type: ignore[override]
        raise NotImplementedError


def test_loop_without_readers_accepts_by_itself(certificates: Certificates) -> None:
    async def main() -> None:
        for context, trusted in ((None, None), (certificates.server, certificates.client)):
            async with await aio.serve(echo, "localhost", 0, ssl=context, backlog=10) as server:
                async with peer_of(server, ssl=trusted) as peer:
                    peer.send(b"Hello\r\n")
                    assert await peer.receive_until(b"\n") == b"You say: Hello\r\n"
                    peer.end() if trusted is None else peer.writer.close()
            assert server.sockets == ()

    with closing(Proactor()) as loop:
        run_on(loop)(main)


# Addresses


@needs_dual_stack
@pytest.mark.parametrize("host", [None, ""])
def test_every_address_of_this_machine_is_one_port(run: Run, host: Any) -> None:
    async def main() -> None:
        async with await aio.serve(Liner, host, 0) as server:
            [listener] = server.sockets
            for family, address in ((socket.AF_INET, HOST), (socket.AF_INET6, "::1")):
                reader, writer = await asyncio.open_connection(address, listener.getsockname()[1], family=family)
                connection = await only(server)
                assert connection.remote_address == writer.get_extra_info("sockname")
                assert connection.local_address == writer.get_extra_info("peername")
                connection.close(flush=False)
                writer.close()
                with suppress(OSError):
                    await writer.wait_closed()

    run(main)


@pytest.mark.parametrize(
    ("family", "other"), [(socket.AF_INET, "::1"), pytest.param(socket.AF_INET6, HOST, marks=needs_ipv6)]
)
def test_every_address_of_a_family_is_of_that_family(run: Run, family: int, other: str) -> None:
    async def main() -> None:
        async with await aio.serve(Liner, None, 0, family=family) as server:
            [listener] = server.sockets
            assert listener.family == family
            with pytest.raises(OSError):
                await asyncio.open_connection(other, listener.getsockname()[1])

    run(main)


@pytest.mark.parametrize("hosts", [["127.0.0.1", "127.0.0.2"], pytest.param(["127.0.0.1", "::1"], marks=needs_ipv6)])
def test_hosts_share_a_port(run: Run, hosts: list[str]) -> None:
    async def main() -> None:
        async with await aio.serve(Liner, hosts, 0) as server:
            assert [each.getsockname()[0] for each in server.sockets] == hosts
            assert len({each.getsockname()[1] for each in server.sockets}) == 1
            for each in server.sockets:
                connect_to(each.getsockname()).close()

    run(main)


def test_host_that_is_given_twice_is_one(run: Run) -> None:
    async def main() -> None:
        async with await aio.serve(Liner, [HOST, HOST]) as server:
            assert len(server.sockets) == 1

    run(main)


@pytest.mark.skipif(not hasattr(socket, "SO_REUSEPORT"), reason="no SO_REUSEPORT here")
def test_servers_share_a_port_where_they_ask_for_it(run: Run) -> None:
    async def main() -> None:
        async with await aio.serve(Liner, HOST, 0, reuse_port=True) as server:
            async with await aio.serve(Liner, *address_of(server), reuse_port=True):
                pass

    run(main)


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({}, ValueError, "there must be a port to listen on, or sock"),
        ({"host": [], "port": 0}, ValueError, "host must name at least one address to listen on, not none"),
        (
            {"host": "no.such.host.invalid", "port": 4000},
            socket.gaierror,
            r"cannot listen on .'no.such.host.invalid', 4000",
        ),
        ({"host": "192.0.2.1", "port": 0}, OSError, r"cannot listen on .'192.0.2.1', 0.: "),
        ({"host": HOST, "port": 0, "ssl": True}, TypeError, "ssl must be the SSLContext of a server, not True"),
        ({"host": HOST, "port": 0, "ssl": ssl.create_default_context()}, ValueError, "must be the context of a server"),
        ({"sock": socket.socket, "port": 0}, ValueError, "sock must be given without host and port"),
        ({"sock": socket.socket, "type": socket.SOCK_DGRAM}, ValueError, "sock must be a stream socket, not <socket"),
    ],
)
def test_where_nobody_can_be_served_is_an_error(run: Run, arguments: Any, error: type[Exception], text: str) -> None:
    async def main() -> None:
        with ExitStack() as stack:
            if made := arguments.get("sock"):
                kind = arguments.get("type", socket.SOCK_STREAM)
                sock = stack.enter_context(made(socket.AF_INET, kind))
                arguments.update(sock=sock)
                arguments.pop("type", None)
            with pytest.raises(error, match=text):
                await aio.serve(Liner, **arguments)
            await asyncio.get_running_loop().shutdown_default_executor()

    arguments = dict(arguments)
    run(main)


def test_error_names_the_address_that_is_taken(run: Run) -> None:
    async def main() -> None:
        async with await aio.serve(Liner, HOST, 0) as server:
            with pytest.raises(OSError) as raised:
                await aio.serve(Liner, *address_of(server))
            assert raised.value.errno == errno.EADDRINUSE
            assert f"cannot listen on {address_of(server)!r}: " in str(raised.value)

    run(main)


def test_error_names_the_address_that_cannot_be_connected_to(run: Run) -> None:
    async def main() -> None:
        with socket.socket() as nobody:
            nobody.bind((HOST, 0))  # bound, and not listening
            with pytest.raises(ConnectionRefusedError) as raised:
                await aio.connect(*nobody.getsockname())
            assert raised.value.errno == errno.ECONNREFUSED
            assert f"cannot connect to {nobody.getsockname()!r}: " in str(raised.value)

    run(main)
