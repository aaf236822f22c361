"""A server on a shell, in a process of its own: each line of its input is a command in JSON, and is answered by one.

The first line that it prints holds its ports: of Telnet, and of Telnet over TLS if it was given a certificate.  Faults
of the machine can be switched on if the library of ``fault_shim.c`` was preloaded.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import json
import logging
import os
import ssl
import sys
import warnings
import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from typing import Any, ClassVar

from telnet import Engine, Limits, MudHandler, MudServer, aio

HOST = "127.0.0.1"
KEPT = 200  # lines of the log; the others are counted
FAULTS = (
    "accept epoll_add epoll_mod epoll_del receive send sendfile setsockopt getsockname getpeername shutdown socket dup "
    "nonblock wait"
).split()


class Player(MudHandler):
    """Does what its lines say, and has its events counted."""

    keepalive = True
    limits = Limits(unsent=32 << 20, ready=0.2, close=1.0, linger=0.5, handshake=2.0)
    living: ClassVar[weakref.WeakSet[Player]] = weakref.WeakSet()
    begun: ClassVar[int] = 0  # how many had their on_connect
    under_way: ClassVar[dict[int, list[str]]] = {}  # the events of those that had not their one end

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.events: list[str] = []
        self.number = 0
        self.living.add(self)

    def on_connect(self) -> None:
        Player.begun += 1
        self.number = self.begun
        self.note("connect")
        self.send_line("Hello.")

    def on_line(self, line: str) -> None:
        verb, _, rest = line.partition(" ")
        do: Callable[[str], None] | None = getattr(self, f"do_{verb}", None)
        if do is not None:  # else it is what a scanner sends
            do(rest)

    def on_close(self) -> None:
        self.note("close")

    def note(self, event: str) -> None:
        self.events.append(event)
        self.under_way[self.number] = self.events
        if self.events in (["connect", "close"], ["close"]):  # the latter where TLS did not come about
            del self.under_way[self.number]

    def do_say(self, text: str) -> None:
        self.send_line(f"You say: {text}")

    def do_shout(self, text: str) -> None:
        for player in self.server.connections:
            player.send_line(f"Somebody shouts: {text}")

    def do_later(self, text: str) -> None:
        self.call_later(0.02, self.answer, text)

    def answer(self, text: str) -> None:
        self.send_line(f"Later: {text}")
        self.close()

    def do_big(self, size: str) -> None:
        self.send("x" * int(size))
        self.send_line(".")

    def do_file(self, path: str) -> None:
        with open(path, "rb") as file:
            self.write_file(file)  # type: ignore[attr-defined]  # which the selectors shell has
        self.send_line(".")

    def do_download(self, path: str) -> None:
        with open(path, "rb") as file:
            self.send_file(file)
        self.send_line(".")

    def do_quit(self, _: str) -> None:
        self.send_line("Goodbye.")
        self.close()


class Log(logging.Handler):
    """Counts what is logged, and keeps the beginning of it."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0
        self.above_info = 0
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.count += 1
        self.above_info += record.levelno > logging.INFO
        if len(self.lines) < KEPT:
            self.lines.append(self.format(record))

    def install(self) -> None:
        self.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
        logging.basicConfig(level=logging.INFO, handlers=[self])
        logging.captureWarnings(True)
        warnings.simplefilter("always")
        sys.unraisablehook = lambda unraisable: logging.error("unraisable: %r", unraisable.exc_value)


class Shell(ABC):
    """Servers on one shell: of plain text, and of TLS."""

    servers: list[Any]

    @abstractmethod
    def run(self, context: ssl.SSLContext | None, started: Callable[[], None]) -> None:
        """Serve, until :meth:`stop`."""

    @abstractmethod
    def stop(self) -> None:
        """Have :meth:`run` return, from another thread."""

    @abstractmethod
    def ports(self) -> list[int]:
        """Where the servers listen."""


class OnSelectors(Shell):
    def run(self, context: ssl.SSLContext | None, started: Callable[[], None]) -> None:
        with Engine() as self.engine:
            self.servers = [MudServer(Player, engine=self.engine).listen((HOST, 0))]
            if context is not None:
                self.servers.append(MudServer(Player, engine=self.engine, ssl_options=context).listen((HOST, 0)))
            started()
            self.engine.start()

    def stop(self) -> None:
        for server in self.servers:
            self.engine.call_from_thread(server.close)
        self.engine.call_from_thread(self.engine.stop)

    def ports(self) -> list[int]:
        return [server.local_address[1] for server in self.servers]


class OnLoop(Shell):
    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.stopping = asyncio.Event()

    def run(self, context: ssl.SSLContext | None, started: Callable[[], None]) -> None:
        self.loop.run_until_complete(self.serve(context, started))
        self.loop.close()

    async def serve(self, context: ssl.SSLContext | None, started: Callable[[], None]) -> None:
        self.servers = [await aio.serve(Player, HOST, 0)]
        if context is not None:
            self.servers.append(await aio.serve(Player, HOST, 0, ssl=context))
        started()
        await self.stopping.wait()
        for server in self.servers:
            server.close()
            await server.wait_closed()

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(self.stopping.set)

    def ports(self) -> list[int]:
        return [server.sockets[0].getsockname()[1] for server in self.servers]


def make_shell(name: str) -> Shell:
    if name == "selectors":
        return OnSelectors()
    if name == "uvloop":
        import uvloop

        return OnLoop(uvloop.new_event_loop())
    return OnLoop(asyncio.new_event_loop())


class Control:
    """What the test tells this process, and asks it."""

    def __init__(self, shell: Shell, log: Log) -> None:
        self.shell = shell
        self.log = log
        self.shim = ctypes.CDLL(None)
        self.shimmed = hasattr(self.shim, "fault_set")
        if self.shimmed:
            self.shim.fault_calls.restype = self.shim.fault_struck.restype = ctypes.c_long

    def answer(self, command: str, *arguments: Any) -> object:
        answer: Callable[..., object] = getattr(self, f"answer_{command}")
        return answer(*arguments)

    def answer_fault(self, name: str, error: int, count: int, every: int, ports: list[int]) -> object:
        self.shim.fault_only((ctypes.c_int * len(ports))(*ports), len(ports))
        return self.shim.fault_set(name.encode(), error, count, every)

    def answer_clear(self) -> object:
        return self.shim.fault_clear()

    def answer_calls(self) -> object:
        return {name: self.shim.fault_calls(name.encode()) for name in FAULTS} if self.shimmed else {}

    def answer_struck(self, name: str) -> object:
        return self.shim.fault_struck(name.encode())

    def answer_state(self) -> object:
        gc.collect()
        return {
            "descriptors": descriptors(),
            "connections": [len(server.connections) for server in self.shell.servers],
            "living": len(Player.living),
            "begun": Player.begun,
            "unbalanced": list(Player.under_way.values()),
            "logged": self.log.count,
            "above_info": self.log.above_info,
            "log": self.log.lines,
        }

    def answer_memory(self) -> object:
        gc.collect()
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return {
            "objects": len(gc.get_objects()),
            "blocks": sys.getallocatedblocks(),
            "in_use": in_use(),
            "resident": pages * os.sysconf("SC_PAGE_SIZE"),
        }


class MallInfo(ctypes.Structure):
    """The ``struct mallinfo2`` of the GNU C library."""

    _fields_ = tuple(
        (name, ctypes.c_size_t)
        for name in "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost".split()
    )


def in_use() -> int:
    """The bytes that malloc() has given and not got back, as TLS does; 0 where the C library does not say."""
    mallinfo = getattr(ctypes.CDLL(None), "mallinfo2", None)
    if mallinfo is None:
        return 0
    mallinfo.restype = MallInfo
    found = mallinfo()
    return int(found.uordblks + found.hblkhd)


def descriptors() -> list[str]:
    """What the descriptors of this process are, but the one that lists them."""
    found = []
    for name in sorted(os.listdir("/proc/self/fd"), key=int):
        with suppress(OSError):
            found.append(f"{name} {os.readlink(f'/proc/self/fd/{name}')}")
    return found


def say(value: object) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def follow(control: Control, started: Event) -> None:
    """Do what the lines of the standard input say; at its end, stop."""
    started.wait()
    say(control.shell.ports())
    for line in sys.stdin:
        say(control.answer(*json.loads(line)))
    control.shell.stop()


def main(name: str, certificate: str = "") -> None:
    log = Log()
    log.install()
    context = None
    if certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
    shell = make_shell(name)
    started = Event()
    Thread(target=follow, args=(Control(shell, log), started), daemon=True).start()
    shell.run(context, started.set)


if __name__ == "__main__":
    main(*sys.argv[1:])
