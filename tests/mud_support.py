"""A server of sessions in a thread of its own, for programs that connect to it, and what it learns of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any, TypeVar

from client_support import PATIENCE

from telnet import Engine, MudHandler, MudServer
from telnet.options import ECHO

Value = TypeVar("Value")

WRITTEN_DOWN = (
    "on_charset",
    "on_client",
    "on_close",
    "on_command",
    "on_compression_error",
    "on_echo",
    "on_environment",
    "on_gmcp",
    "on_linemode",
    "on_msdp",
    "on_mssp",
    "on_negotiation_limit",
    "on_option_enabled",
    "on_prompt",
    "on_protocol_error",
    "on_ready",
    "on_slc",
    "on_terminal_types",
    "on_window_size",
)


class Notes(MudHandler):
    """One peer, of which is written down what the session tells."""

    host: Host

    def on_connect(self) -> None:
        self.events: list[tuple[Any, ...]] = []
        self.lines: list[str] = []
        self.host.peers.append(self)

    def on_line(self, line: str) -> None:
        self.lines.append(line)

    def on_error(self, exc: Exception) -> None:
        self.host.errors.append(exc)

    def named(self, *names: str) -> list[tuple[Any, ...]]:
        """Those of the events that have one of these names."""
        return [event for event in self.events if event[0] in names]


def _write_down(name: str) -> Callable[..., None]:
    def method(self: Notes, *arguments: Any) -> None:
        self.events.append((name, *arguments))

    return method


for _name in WRITTEN_DOWN:
    setattr(Notes, _name, _write_down(_name))


class Player(Notes):
    """One who is welcomed, shown each line that came, asked for a secret by ``login``, and let go by ``quit``."""

    _asked = False

    def on_ready(self) -> None:
        super().on_ready()
        self.send_line("Welcome!")
        self.prompt("> ")

    def on_line(self, line: str) -> None:
        super().on_line(line)
        if self._asked:
            self._asked = False
            self.session[ECHO].show()
            self.send_line("Thank you.")
        elif line == "login":
            self._asked = True
            self.session[ECHO].hide()
            return self.prompt("Secret: ")
        elif line == "quit":
            self.send_line("Goodbye.")
            return self.close()
        else:
            self.send_line(f"You said: {line}")
        self.prompt("> ")


class Host:
    """An engine in a thread, who was served there, and what the handlers raised."""

    def __init__(self) -> None:
        self.engine = Engine()
        self.peers: list[Any] = []
        self.errors: list[Exception] = []

    def until(self, condition: Callable[[], Value]) -> Value:
        """Return what the condition gives as soon as that is true; fail when it never is."""
        deadline = time.monotonic() + PATIENCE
        while not (value := self.run(condition)):
            told = [peer.events for peer in self.peers]
            assert time.monotonic() < deadline, f"the awaited did not happen within {PATIENCE:g} seconds: {told}"
            time.sleep(0.01)
        return value

    def run(self, function: Callable[[], Value]) -> Value:
        """Call a function in the engine's thread, and return what it does."""
        future: Future[Value] = Future()

        def call() -> None:
            try:
                future.set_result(function())
            except BaseException as exc:
                future.set_exception(exc)

        self.engine.call_from_thread(call)
        return future.result(PATIENCE)

    def first(self) -> Any:
        """Return the first peer, once it is ready."""
        self.until(lambda: self.peers and self.peers[0].session.ready)
        return self.peers[0]


@contextmanager
def running_engine() -> Iterator[Host]:
    """Run an engine in a thread; at the end no handler may have raised."""
    host = Host()
    thread = threading.Thread(target=host.engine.start, name="engine")
    thread.start()
    try:
        yield host
        assert host.errors == []
    finally:
        host.engine.call_from_thread(host.engine.stop)
        thread.join(PATIENCE)
        host.engine.close()


@contextmanager
def hosting(player: type[Notes]) -> Iterator[tuple[Host, int]]:
    """Serve on a port of this machine; give the host and the port."""
    with running_engine() as host:
        here = type(player.__name__, (player,), {"host": host})
        server = host.run(lambda: MudServer(here, engine=host.engine).listen(("127.0.0.1", 0)))
        try:
            yield host, server.local_address[1]
        finally:
            host.run(lambda: server.close(flush=False))
