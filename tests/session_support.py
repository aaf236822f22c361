"""What the tests of sessions share: handlers that write down what happens, and two sessions on a wire of their own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from telnet.events import Event, parse
from telnet.limits import Limits
from telnet.options import Option, Role
from telnet.session import Session

Options = Iterable[type[Option] | Option]


class Recorder:
    """A handler that has every method: what is called is written down as a tuple, in order."""

    def __init__(self, *, without: Sequence[str] = ("on_client", "on_option_enabled", "on_option_disabled")) -> None:
        self.events: list[tuple[Any, ...]] = []
        self._without = without

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("on_") or name in self._without:
            raise AttributeError(name)
        return lambda *arguments: self.events.append((name, *arguments))

    def named(self, *names: str) -> list[tuple[Any, ...]]:
        """Those of the events that have one of these names."""
        return [event for event in self.events if event[0] in names]


class Pair:
    """A server and a client of the same options, or of their own, on a wire without delay."""

    def __init__(
        self,
        server_options: Options = (),
        client_options: Options | None = None,
        *,
        limits: Limits | None = None,
        without: Sequence[str] = ("on_client", "on_option_enabled", "on_option_disabled", "on_option_refused"),
        **settings: Any,
    ) -> None:
        server_options = tuple(server_options)
        client_options = server_options if client_options is None else tuple(client_options)
        self.at_server = Recorder(without=without)
        self.at_client = Recorder(without=without)
        self.server = Session(self.at_server, server_options, role=Role.SERVER, limits=limits, **settings)
        self.client = Session(self.at_client, client_options, role=Role.CLIENT, limits=limits, **settings)
        self.now = 0.0
        self.sent_by_server = bytearray()
        self.sent_by_client = bytearray()

    def start(self) -> Pair:
        """Connect, and let both talk until neither has anything more to say."""
        self.client.start(self.now)
        self.server.start(self.now)
        return self.run()

    def run(self, rounds: int = 100) -> Pair:
        """Carry what both write to the other, until nothing is left."""
        for _ in range(rounds):
            to_client, to_server = self.server.take(), self.client.take()
            self.sent_by_server += to_client
            self.sent_by_client += to_server
            deliver(self.client, to_client, self.now)
            deliver(self.server, to_server, self.now)
            if not (to_client or to_server):
                return self
        raise AssertionError(f"still talking after {rounds} rounds: {to_client!r}, {to_server!r}")

    def clear(self) -> Pair:
        """Forget what was written down so far."""
        self.at_server.events.clear()
        self.at_client.events.clear()
        self.sent_by_server.clear()
        self.sent_by_client.clear()
        return self

    @property
    def said_by_server(self) -> list[Event]:
        """What the server sent, as events; for a stream that is not compressed."""
        return parse(bytes(self.sent_by_server))

    @property
    def said_by_client(self) -> list[Event]:
        """What the client sent, as events; for a stream that is not compressed."""
        return parse(bytes(self.sent_by_client))


def deliver(session: Session, data: bytes, now: float = 0.0) -> None:
    """Give a session what was read, and its turns until nothing waits."""
    session.receive(data, now)
    while session.pending and not session.paused:
        session.receive(b"", now)


def served(
    options: Options, *received: bytes, role: Role = Role.SERVER, limits: Limits | None = None
) -> tuple[Session, Recorder]:
    """A started session that has received these bytes, and what its handler was told; what it sent is in ``take()``."""
    handler = Recorder()
    session = Session(handler, options, role=role, limits=limits)
    session.start(0.0)
    for data in received:
        deliver(session, data)
    return session, handler


def every_cut(data: bytes) -> Iterable[list[bytes]]:
    """The data whole, byte by byte, and in every two parts."""
    yield [data]
    yield [data[i : i + 1] for i in range(len(data))]
    for i in range(1, len(data)):
        yield [data[:i], data[i:]]
