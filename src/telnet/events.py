"""What a parser reports, as objects: for tests, tools and anything that would rather look at a list than be called."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from telnet.parser import Parser

if TYPE_CHECKING:
    from typing import TypeAlias

    from _typeshed import ReadableBuffer

__all__ = ["Command", "Data", "Event", "Option", "ProtocolError", "Subnegotiation", "parse"]


class Data(NamedTuple):
    """Application bytes, never empty, ``IAC IAC`` undone."""

    data: bytes


class Command(NamedTuple):
    """IAC and a byte that opens no other sequence."""

    command: bytes


class Option(NamedTuple):
    """WILL, WONT, DO or DONT, and the option byte."""

    command: bytes
    option: bytes


class Subnegotiation(NamedTuple):
    """A complete IAC SB option data IAC SE, escapes undone."""

    option: bytes
    data: bytes


class ProtocolError(NamedTuple):
    """What the peer did wrong; see :meth:`telnet.parser.Handler.on_protocol_error`."""

    reason: str
    data: bytes


Event: TypeAlias = "Data | Command | Option | Subnegotiation | ProtocolError"


def parse(data: ReadableBuffer) -> list[Event]:
    """Return the events in ``data``, any contiguous bytes-like object that starts outside of any sequence.

    Adjacent data comes as one :class:`Data`. A sequence that is not complete at the end is not reported.

    Raises what :meth:`telnet.Parser.feed` raises: ``TypeError`` if ``data`` is not bytes-like, ``BufferError`` if it is
    not contiguous.
    """
    collector = _Collector()
    Parser(collector).feed(data)
    return collector.events


class _Collector:
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

    def on_protocol_error(self, reason: str, data: bytes) -> None:
        self.events.append(ProtocolError(reason, data))
