"""What the tests of a server under attack share: the server in a process of its own, and the guests that come to it."""

from __future__ import annotations

import json
import os
import select
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any, NamedTuple

import pytest
from net_support import PATIENCE
from shell_support import SHELLS, wait_until
from tls_support import Certificates, issue_certificates

if sys.platform == "linux":
    import resource

TESTS = Path(__file__).parent
HOST = "127.0.0.1"
SHORT = -1  # in the place of an error: a send that takes a single byte
ENDLESS = -1
HELLO = b"Hello.\r\n"
GOODBYE = b"Goodbye.\r\n"
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: a close() that resets
SHOWN = 8  # lines of the log, to the reader of a test that failed
OBJECTS = 100  # that may have become more, of 20,000
BLOCKS = 1000  # of 200,000
IN_USE = 1 << 20  # bytes
RESIDENT = 48 << 20  # bytes; under asyncio, each of a crowd that probes TLS at once has a buffer of 256 KiB and more
WAKINGS = 40  # in half a second: far more than timers ask for, far less than a loop that spins


def compile_shim(folder: Path) -> Path:
    """Compile what gives a process the faults of a machine; a test is skipped where that cannot be."""
    if sys.platform != "linux":
        pytest.skip("the faults are those of Linux")
    compiler = shutil.which(os.environ.get("CC", "cc"))
    if compiler is None and not os.environ.get("CI"):
        pytest.skip("there is no C compiler")
    shim = folder / "fault_shim.so"
    flags = ("-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror")
    subprocess.run([compiler or "cc", *flags, str(TESTS / "fault_shim.c"), "-o", str(shim)], check=True)
    return shim


class State(NamedTuple):
    """What a server has and has had."""

    descriptors: list[str]
    connections: list[int]
    living: int  # handlers that are not gone from memory
    begun: int  # handlers that had their on_connect
    unbalanced: list[list[str]]  # the events of handlers that had not one beginning and one end
    logged: int
    above_info: int  # how many of these lines were warnings, or worse
    log: list[str]

    def at_rest(self, before: State) -> bool:
        """Whether nobody is there, and nothing is left of those that were."""
        return (
            len(self.descriptors) == len(before.descriptors)
            and not any(self.connections)
            and self.living == 0
            and not self.unbalanced
        )

    def since(self, before: State) -> str:
        """What became more since a state, to be read by people."""
        opened = self.descriptors[len(before.descriptors) :]
        lines = [
            f"{self.begun - before.begun} handlers began, {self.living} live, connections {self.connections}",
            f"descriptors {len(before.descriptors)} -> {len(self.descriptors)}: {opened}",
            f"lives that are not a beginning and an end: {self.unbalanced[:5]}",
            f"{self.logged - before.logged} lines logged:",
            *(_shortened(line) for line in self.log[before.logged :][:SHOWN]),
        ]
        return "\n  ".join(lines)


class Memory(NamedTuple):
    """What a process holds: objects that are collected, blocks of Python and bytes of C, and resident bytes."""

    objects: int
    blocks: int
    in_use: int
    resident: int

    def assert_no_more_than(self, before: Memory) -> None:
        """What is in use is as it was; what is resident may be what the worst moment took."""
        more = Memory(*(now - then for now, then in zip(self, before, strict=True)))
        assert more.objects < OBJECTS, (more, before)
        assert more.blocks < BLOCKS, (more, before)
        assert more.in_use < IN_USE, (more, before)
        assert more.resident < RESIDENT, (more, before)


class Guest:
    """A client whose port is known before it connects."""

    def __init__(self, *, receive_buffer: int = 0) -> None:
        self.socket = socket.socket()
        self.socket.settimeout(PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # so that a line in two pieces is two
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.bind((HOST, 0))
        self.port: int = self.socket.getsockname()[1]
        self.connected = False  # whether it was let connect

    def __enter__(self) -> Guest:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def connect(self, port: int) -> Guest:
        self.socket.connect((HOST, port))
        return self

    def knock(self, port: int) -> None:
        """Connect, even if one is sent away in the same moment."""
        with suppress(ConnectionError):
            self.connect(port)
            self.connected = True

    def secure(self, context: ssl.SSLContext) -> Guest:
        self.socket = context.wrap_socket(self.socket, server_hostname=HOST)
        return self

    def send(self, *lines: str) -> None:
        self.socket.sendall("".join(f"{line}\r\n" for line in lines).encode())

    def expect(self, expected: bytes) -> None:
        """Read so much, which must be just this."""
        received = b""
        while len(received) < len(expected):
            chunk = self.socket.recv(len(expected) - len(received))
            assert chunk, f"the connection ended after {received!r}, before the rest of {expected!r}"
            received += chunk
        assert received == expected

    def is_greeted(self) -> bool:
        """Whether a guest who knocked is let in; else the connection has ended without a word."""
        if not self.connected:
            return False
        received = b""
        with suppress(ConnectionError):
            while len(received) < len(HELLO) and (chunk := self.socket.recv(len(HELLO) - len(received))):
                received += chunk
        assert received in (b"", HELLO)
        return bool(received)

    def talk(self, words: str) -> None:
        """Say something in two pieces, and hear all of it once."""
        line = f"say {words}\r\n".encode()
        self.socket.sendall(line[: len(line) // 2])
        self.socket.sendall(line[len(line) // 2 :])
        self.expect(b"You say: " + words.encode() + b"\r\n")

    def leave(self) -> None:
        """Take one's leave: what comes is the goodbye, and the end."""
        self.send("quit")
        self.expect(GOODBYE)
        assert self.socket.recv(1) == b""

    def rest(self) -> bytes:
        """What comes up to the end of the connection, in whatever way it ends; all of it once it was reset."""
        received = b""
        with suppress(ConnectionError, ssl.SSLError):
            while chunk := self.socket.recv(65536):
                received += chunk
        return received

    def reset(self) -> None:
        """End the connection in the rudest way that there is."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.socket.close()


class Served:
    """A server on a shell, in a process of its own."""

    def __init__(self, shell: str, folder: Path, shim: Path | None, certificates: Certificates | None) -> None:
        self.shell = shell
        self.certificates = certificates
        self.errors = folder / f"{shell}.stderr"
        command = [sys.executable, str(TESTS / "shell_program.py"), shell]
        if certificates is not None:
            command.append(certificates.server_file)
        environment = {**os.environ, "UV_USE_IO_URING": "0"}  # which goes past the C library
        if shim is not None:
            environment["LD_PRELOAD"] = str(shim)
        with open(self.errors, "wb") as errors:
            self.process: subprocess.Popen[str] = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment
            )
        self.ports: list[int] = self._answer()
        self.warm_up()
        self.begin()

    # What the process is asked

    def ask(self, command: str, *arguments: Any) -> Any:
        try:
            _file(self.process.stdin).write(json.dumps([command, *arguments]) + "\n")
            _file(self.process.stdin).flush()
        except BrokenPipeError:
            pytest.fail(self._obituary())
        return self._answer()

    def _answer(self) -> Any:
        stdout = _file(self.process.stdout)
        ready, _, _ = select.select([stdout], [], [], 2 * PATIENCE)
        if not ready:
            pytest.fail(f"the server on {self.shell} does not answer; it has written {self.errors.read_text()}")
        line = stdout.readline()
        if not line:
            pytest.fail(self._obituary())
        return json.loads(line)

    def _obituary(self) -> str:
        code = self.process.wait(PATIENCE)
        return f"the server on {self.shell} has ended with {code}; it has written {self.errors.read_text()}"

    def state(self) -> State:
        return State(**self.ask("state"))

    def memory(self) -> Memory:
        return Memory(**self.ask("memory"))

    def calls(self) -> dict[str, int]:
        """How many calls of each kind there were on sockets of the server."""
        calls: dict[str, int] = self.ask("calls")
        return calls

    # Faults

    def fault(self, name: str, error: int, *, count: int = ENDLESS, every: int = 1, only: Sequence[Guest] = ()) -> None:
        """Have each so many-th call of a kind fail, until :meth:`recover`, if it is for one of these guests."""
        assert self.ask("fault", name, error, count, every, [guest.port for guest in only]) == 0

    def struck(self, name: str) -> int:
        """How many calls of a kind have failed since their fault was set."""
        struck: int = self.ask("struck", name)
        return struck

    def recover(self) -> None:
        self.ask("clear")

    @contextmanager
    def without_descriptors(self) -> Iterator[None]:
        """Let the process have no descriptor more than it has."""
        highest = max(int(line.split()[0]) for line in self.state().descriptors)
        soft, hard = resource.prlimit(self.process.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(self.process.pid, resource.RLIMIT_NOFILE, (highest + 1, hard))
        yield
        resource.prlimit(self.process.pid, resource.RLIMIT_NOFILE, (soft, hard))

    # Guests

    @contextmanager
    def guest(self, **options: Any) -> Iterator[Guest]:
        """A guest who is in."""
        with Guest(**options) as guest:
            guest.connect(self.ports[0]).expect(HELLO)
            yield guest

    @contextmanager
    def guests(self, count: int) -> Iterator[list[Guest]]:
        """Some guests who are in, and at the end leave as people do, having missed nothing."""
        with ExitStack() as stack:
            guests = [stack.enter_context(self.guest()) for _ in range(count)]
            yield guests
            for guest in guests:
                guest.leave()

    def secure(self, guest: Guest) -> Guest:
        """Take a guest to the server of TLS."""
        guest.connect(self.port_of_tls)
        assert self.certificates is not None
        return guest.secure(self.certificates.client)

    @property
    def port_of_tls(self) -> int:
        """Where the server of TLS is."""
        if self.certificates is None:
            pytest.skip("there is no trustme to have certificates of")
        return self.ports[1]

    # What must hold

    def begin(self) -> None:
        self.before = self.state()
        self.settled = False

    def settle(self, *, log: int = 0, above_info: int | None = None) -> None:
        """Everybody is gone: wait until the server is as it was before, having logged at most so many lines."""
        self.recover_if_shimmed()
        with suppress(AssertionError):
            wait_until(lambda: self.state().at_rest(self.before))
        state = self.state()
        assert state.at_rest(self.before), state.since(self.before)
        assert state.logged - self.before.logged <= log, state.since(self.before)
        if above_info is not None:
            assert state.above_info - self.before.above_info <= above_info, state.since(self.before)
        self.settled = True

    def recover_if_shimmed(self) -> None:
        if self.calls():
            self.recover()

    def assert_idle(self) -> None:
        """Nothing is to be done: the server must not look for it again and again."""
        before = self.calls()
        time.sleep(0.5)
        made = {name: calls - before[name] for name, calls in self.calls().items()}
        assert sum(made.values()) <= WAKINGS, f"calls within half a second: {made}"

    def warm_up(self) -> None:
        """Have all that is done once behind us: what is imported, opened or grown."""
        with self.guests(2) as guests:
            for guest in guests:
                guest.talk("hello")
        if self.certificates is not None:
            with Guest() as guest:
                self.secure(guest).expect(HELLO)
        wait_until(lambda: not self.state().living)

    def report(self) -> str:
        """What happened, for the reader of a test that failed."""
        if self.process.poll() is not None:
            return self._obituary()
        return f"{self.shell}: {self.state().since(self.before)}\n{self.errors.read_text()}"

    def stop(self) -> None:
        """End the process, which must do so as it should if all was well."""
        _file(self.process.stdin).close()
        try:
            code = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        finally:
            _file(self.process.stdout).close()
        assert (code, self.errors.read_text()) == (0, "")

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


class Servers:
    """One server for each shell, started when it is needed, and anew after a test that failed with it."""

    def __init__(self, folder: Path, shim: Path | None, certificates: Certificates | None) -> None:
        self._start: Callable[[str], Served] = lambda shell: Served(shell, folder, shim, certificates)
        self._running: dict[str, Served] = {}

    def get(self, shell: str) -> Served:
        if shell not in self._running:
            self._running[shell] = self._start(shell)
        served = self._running[shell]
        served.begin()
        return served

    def give_back(self, served: Served) -> None:
        if not served.settled:
            sys.stdout.write(served.report())
            del self._running[served.shell]
            served.kill()

    def stop(self) -> None:
        for served in self._running.values():
            served.stop()


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Servers in processes of their own, which can be given faults of the machine."""
    folder = tmp_path_factory.mktemp("servers")
    certificates = issue_certificates(folder) if find_spec("trustme") else None
    servers = Servers(folder, compile_shim(folder), certificates)
    yield servers
    servers.stop()


@pytest.fixture(params=SHELLS)
def served(request: pytest.FixtureRequest, servers: Servers) -> Iterator[Served]:
    """Such a server, once on each shell."""
    if request.param == "uvloop":
        pytest.importorskip("uvloop")
    served = servers.get(request.param)
    yield served
    servers.give_back(served)


def _shortened(record: str) -> str:
    """The first line of what was logged, and the last of its traceback."""
    lines = record.splitlines()
    return lines[0] if len(lines) == 1 else f"{lines[0]} ... {lines[-1].strip()}"


def _file(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None
    return pipe
