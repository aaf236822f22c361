"""What the tests of streams share: a stream over a real TCP connection whose other end is a plain socket."""

from __future__ import annotations

import socket
import struct
from typing import Any, TypeVar

from net_support import PATIENCE, run_until

from telnet import Engine, Stream

HOST = "127.0.0.1"


class StreamRecorder(Stream):
    """A stream that writes down its events, in the order in which they came, as tuples."""

    def __init__(self, **kwargs: Any) -> None:
        self.events: list[tuple[Any, ...]] = []
        super().__init__(**kwargs)

    @property
    def received(self) -> bytes:
        """All that ``on_read`` got."""
        return b"".join(event[1] for event in self.events if event[0] == "read")

    def names(self) -> list[str]:
        return [event[0] for event in self.events]

    def on_connect(self) -> None:
        self.events.append(("connect",))

    def on_connect_error(self, exc: Exception) -> None:
        self.events.append(("connect_error", exc))

    def on_read(self, *data: Any) -> None:
        self.events.append(("read", *data))

    def on_read_error(self, exc: OSError) -> None:
        self.events.append(("read_error", exc))

    def on_write(self) -> None:
        self.events.append(("write",))

    def on_write_error(self, exc: OSError) -> None:
        self.events.append(("write_error", exc))

    def on_overflow_error(self, exc: Exception) -> None:
        self.events.append(("overflow_error", exc))
        super().on_overflow_error(exc)  # type: ignore[arg-type]

    def on_slow_consumer(self) -> None:
        self.events.append(("slow_consumer",))
        super().on_slow_consumer()

    def on_close(self) -> None:
        self.events.append(("close",))

    def on_error(self, exc: Exception) -> None:
        self.events.append(("error", exc))


AnyStream = TypeVar("AnyStream", bound=Stream)


def tcp_pair(factory: type[socket.socket] = socket.socket) -> tuple[socket.socket, socket.socket]:
    """Two ends of one TCP connection, the first of the class ``factory``."""
    with socket.create_server((HOST, 0)) as listener:
        ours = factory(socket.AF_INET, socket.SOCK_STREAM)
        ours.connect(listener.getsockname())
        peer, _ = listener.accept()
    peer.settimeout(PATIENCE)
    return ours, peer


def stream_pair(
    engine: Engine, stream_class: type[AnyStream], factory: type[socket.socket] = socket.socket, **options: Any
) -> tuple[AnyStream, socket.socket]:
    """A connected stream, and the plain socket of its peer."""
    ours, peer = tcp_pair(factory)
    stream = stream_class(engine=engine, socket=ours, **options)
    run_until(engine, lambda: stream.connected)
    return stream, peer


def receive(engine: Engine, peer: socket.socket, count: int) -> bytes:
    """Turn the engine until the peer has got so many bytes, and return them."""
    received = bytearray()
    peer.setblocking(False)

    def complete() -> bool:
        try:
            received.extend(peer.recv(count - len(received)))
        except BlockingIOError:
            pass
        return len(received) == count

    run_until(engine, complete)
    return bytes(received)


def fill(peer: socket.socket) -> int:
    """Send until the system takes no more; return how many bytes that were."""
    peer.setblocking(False)
    total = 0
    try:
        while True:
            total += peer.send(bytes(65536))
    except BlockingIOError:
        return total


def reset(peer: socket.socket) -> None:
    """Close with a reset instead of an orderly end."""
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()
