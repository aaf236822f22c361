"""Many connections at once, and hostile ones beside well-behaved ones, on one engine."""

from __future__ import annotations

import gc
import logging
import os
import random
import re
import socket
import sys
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from net_support import PATIENCE, run_until

from telnet import IAC, NAWS, SB, SE, WILL, Engine, Limits, TelnetConnection, TelnetServer

if sys.platform != "win32":
    import resource

pytestmark = [pytest.mark.slow, pytest.mark.once, pytest.mark.measures, pytest.mark.timeout(300)]

CROWD = 5000
ROUNDS = 3
FLOODERS = 200
GUESTS = 20
FLOOD_SECONDS = 10.0 if os.environ.get("CI") else 2.0
FLOOD_CHUNK = 1 << 14  # far more than anybody types, and small enough for turns that are many
TURNS_TO_ANSWER = 10  # each connection has one turn in every poll; the rest is what the kernel may take to deliver
DESCRIPTORS_APART = 200  # of the interpreter, pytest and the engine
MARGIN = 16 << 20  # bytes; 5,000 connections that stayed would take more, and so would one chunk of each flooder

living: weakref.WeakSet[TelnetConnection] = weakref.WeakSet()


class Answerer(TelnetConnection):
    """Answers every line with the line, in whatever way a client ends it."""

    limits = Limits(close=0.2, linger=0.2)

    def on_connect(self) -> None:
        living.add(self)
        self.read_delimiter = re.compile(rb"\r?\n")

    def on_read(self, data: bytes) -> None:
        self.write(b"You say: " + data.replace(IAC, IAC + IAC) + b"\r\n")


class Flooder:
    """A peer that sends what no client would, as fast as it can, and comes back when it is thrown out."""

    def __init__(self, address: tuple[str, int], noise: Callable[[], bytes], *, reads: bool) -> None:
        self.sent = 0
        self.returns = 0
        self._address = address
        self._noise = noise
        self._reads = reads
        self._socket = self._connect()

    def _connect(self) -> socket.socket:
        connected = socket.create_connection(self._address, timeout=PATIENCE)
        connected.setblocking(False)
        return connected

    def flood(self) -> None:
        try:
            if self._reads:
                self._discard()
            self.sent += self._socket.send(self._noise())
        except BlockingIOError:
            pass
        except ConnectionError:
            self._socket.close()
            self._socket = self._connect()
            self.returns += 1

    def _discard(self) -> None:
        try:
            while self._socket.recv(1 << 18):
                pass
        except BlockingIOError:
            pass

    def close(self) -> None:
        self._socket.close()


def noise_source(seed: int) -> Callable[[], bytes]:
    """Return a function that returns bytes at random: now evenly spread, now with every Telnet command among them."""
    dice = random.Random(seed)
    even = dice.randbytes(1 << 20)
    commands = bytes(dice.choices([255, 240, 250, 251, 252, 253, 254, 0, 10, 13, 31, 65], k=1 << 20))

    def noise() -> bytes:
        start = dice.randrange(len(even) - FLOOD_CHUNK)
        return dice.choice((even, commands))[start : start + FLOOD_CHUNK]

    return noise


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine() as engine:
        yield engine


@pytest.fixture
def server(engine: Engine) -> TelnetServer:
    return TelnetServer(Answerer, engine=engine).listen(("127.0.0.1", 0))


@pytest.fixture
def crowd_size() -> Iterator[int]:
    """How many connections this process may have both ends of, with its soft limit of descriptors raised for it."""
    if sys.platform == "win32":
        yield CROWD
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * CROWD + DESCRIPTORS_APART
    granted = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, granted), hard))
    yield (granted - DESCRIPTORS_APART) // 2
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def resident_bytes() -> int:
    """What this process holds in memory, after a collection; 0 where the system does not say."""
    gc.collect()
    statm = Path("/proc/self/statm")
    return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") if statm.exists() else 0


def gather(stack: ExitStack, engine: Engine, server: TelnetServer, count: int) -> list[socket.socket]:
    """Connect so many clients; the engine accepts them as they come, so that none is left at the door."""
    clients = []
    for number in range(1, count + 1):
        clients.append(stack.enter_context(socket.create_connection(server.local_address, timeout=PATIENCE)))
        if number % server.accept_limit == 0:
            engine.poll(0)
    run_until(engine, lambda: len(server.connections) == count, patience=60)
    return clients


def converse(engine: Engine, clients: list[socket.socket], round_number: int) -> None:
    """Have every client say a line in two parts, a window size within it, and check the answer of each."""
    naws = IAC + WILL + NAWS + IAC + SB + NAWS + b"\x00\x50\x00\x18" + IAC + SE
    for number, client in enumerate(clients):
        client.sendall(b"%d, " % round_number + naws)
        if number % 500 == 0:
            engine.poll(0)
    for number, client in enumerate(clients):
        client.sendall(b"%d\r\n" % number)
    waiting = dict(enumerate(clients))

    def all_answered() -> bool:
        for number, client in tuple(waiting.items()):
            client.setblocking(False)
            try:
                answer = client.recv(4096)
            except BlockingIOError:
                continue
            assert answer == b"You say: %d, %d\r\n" % (round_number, number)
            del waiting[number]
        return not waiting

    run_until(engine, all_answered, patience=60)


def visit(engine: Engine, server: TelnetServer, count: int) -> None:
    """Let a crowd come, talk and go again."""
    with ExitStack() as stack:
        clients = gather(stack, engine, server, count)
        for round_number in range(ROUNDS):
            converse(engine, clients, round_number)
        assert len(server.connections) == len(living) == count
    run_until(engine, lambda: not server.connections, patience=60)


def test_five_thousand_connections_are_served_and_leave_nothing_behind(
    engine: Engine, server: TelnetServer, crowd_size: int, caplog: pytest.LogCaptureFixture
) -> None:
    visit(engine, server, crowd_size)  # what allocators and the selector grow to they keep, once
    before = resident_bytes()

    with caplog.at_level(logging.DEBUG, logger="telnet"):
        visit(engine, server, crowd_size)

    after = resident_bytes()
    assert crowd_size >= 1000, f"only {crowd_size} connections can be open at once: raise the limit of descriptors"
    assert list(living) == []
    assert after - before < MARGIN
    assert caplog.records == []


def serve_guests(engine: Engine, guests: list[socket.socket], flooders: list[Flooder], line: bytes) -> None:
    """Have every guest say a line while the flood goes on; each must have its answer within a few turns."""
    for guest in guests:
        guest.sendall(line + b"\r\n")
    waiting = set(guests)
    for _ in range(TURNS_TO_ANSWER):
        for flooder in flooders:
            flooder.flood()
        engine.poll(0)
        for guest in tuple(waiting):
            try:
                answer = guest.recv(4096)
            except BlockingIOError:
                continue
            assert answer == b"You say: " + line + b"\r\n"
            waiting.discard(guest)
        if not waiting:
            return
    pytest.fail(f"{len(waiting)} of {len(guests)} guests had no answer within {TURNS_TO_ANSWER} turns")


def flood_and_serve(engine: Engine, server: TelnetServer, seconds: float) -> tuple[list[Flooder], int]:
    """Serve guests through a flood; return the flooders, which have left, and how often everybody was served."""
    noise = noise_source(seed=854)
    served = 0
    with ExitStack() as stack:
        guests = gather(stack, engine, server, GUESTS)
        for guest in guests:
            guest.setblocking(False)
        flooders = []
        for number in range(FLOODERS):
            flooders.append(stack.enter_context(closing(Flooder(server.local_address, noise, reads=number % 2 == 0))))
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            serve_guests(engine, guests, flooders, b"round %d" % served)
            served += 1
    run_until(engine, lambda: not server.connections, patience=60)
    return flooders, served


def test_a_flood_of_random_bytes_keeps_nobody_else_from_being_served(
    engine: Engine, server: TelnetServer, caplog: pytest.LogCaptureFixture
) -> None:
    flood_and_serve(engine, server, 0.5)
    before = resident_bytes()

    with caplog.at_level(logging.DEBUG, logger="telnet"):
        flooders, served = flood_and_serve(engine, server, FLOOD_SECONDS)

    run_until(engine, lambda: not gc.collect() and not living)
    after = resident_bytes()
    exceptions = [record for record in caplog.records if record.exc_info or record.levelno >= logging.ERROR]
    assert served >= 1
    assert all(flooder.sent > FLOOD_CHUNK for flooder in flooders)
    assert exceptions == []
    assert list(living) == []
    assert after - before < MARGIN
