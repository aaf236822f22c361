"""What the parsers call: one handler that counts, which is timed, and one that records, which is checked."""

from __future__ import annotations

from telnet.events import Command, Data, Event, Option, Subnegotiation


class Counter:
    """Counts its arguments, so that a parser has to make them."""

    def __init__(self) -> None:
        self.data = 0
        self.events = 0

    def on_data(self, data: bytes) -> None:
        self.data += len(data)

    def on_command(self, command: bytes) -> None:
        self.events += 1

    def on_option(self, command: bytes, option: bytes) -> None:
        self.events += 1

    def on_subnegotiation(self, option: bytes, data: bytes) -> None:
        self.events += 1


class Recorder:
    """Keeps every event."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def on_data(self, data: bytes) -> None:
        self.events.append(Data(data))

    def on_command(self, command: bytes) -> None:
        self.events.append(Command(command))

    def on_option(self, command: bytes, option: bytes) -> None:
        self.events.append(Option(command, option))

    def on_subnegotiation(self, option: bytes, data: bytes) -> None:
        self.events.append(Subnegotiation(option, data))
