"""A handler that writes down what it is told, for the tests that compare parsers."""

from __future__ import annotations

from collections.abc import Iterable
from types import ModuleType

from telnet.events import Command, Data, Event, Option, ProtocolError, Subnegotiation


class Recorder:
    """Keeps every event with the count of bytes consumed when it came."""

    def __init__(self) -> None:
        self.log: list[tuple[Event, int]] = []

    def attach(self, module: ModuleType, limit: int = 65536) -> Recorder:
        self.parser = module.Parser(self, max_subnegotiation=limit)
        self.offset = 0  # of the chunk at hand, in the whole input
        return self

    def feed(self, chunk: bytes) -> None:
        consumed = self.parser.feed(chunk)
        assert consumed == self.parser.consumed == len(chunk), "feed() did not consume the whole chunk"
        self.offset += len(chunk)

    def record(self, event: Event) -> None:
        self.log.append((event, self.offset + self.parser.consumed))

    def on_data(self, data: bytes) -> None:
        assert type(data) is bytes and data, f"on_data({data!r})"
        self.record(Data(data))

    def on_command(self, command: bytes) -> None:
        self.record(Command(command))

    def on_option(self, command: bytes, option: bytes) -> None:
        self.record(Option(command, option))

    def on_subnegotiation(self, option: bytes, data: bytes) -> None:
        assert type(data) is bytes, f"on_subnegotiation({option!r}, {data!r})"
        self.record(Subnegotiation(option, data))

    def on_protocol_error(self, reason: str, data: bytes) -> None:
        assert type(data) is bytes, f"on_protocol_error({reason!r}, {data!r})"
        self.record(ProtocolError(reason, data))

    @property
    def events(self) -> list[Event]:
        return [event for event, _ in self.log]


def record(module: ModuleType, chunks: Iterable[bytes], limit: int = 65536) -> list[tuple[Event, int]]:
    """Return the merged events of a parser that is fed these chunks, each with the bytes of input behind it."""
    recorder = Recorder().attach(module, limit)
    for chunk in chunks:
        recorder.feed(chunk)
    return merged(recorder.log)


def merged(log: Iterable[tuple[Event, int]]) -> list[tuple[Event, int]]:
    """Return the log with adjacent data made one event: where a run of data is cut is an accident of the chunks."""
    result: list[tuple[Event, int]] = []
    for event, consumed in log:
        before = result[-1][0] if result else None
        if isinstance(event, Data) and isinstance(before, Data):
            event = Data(before.data + event.data)
            result.pop()
        result.append((event, consumed))
    return result
