"""telnetlib as it was in the standard library, reading from a socket that is none.

It reads 50 bytes at a time: "the buffer size should be fairly small so as to avoid quadratic behavior", says its
source. The option callback keeps it from answering.

Before Python 3.13 its own telnetlib would be imported, so that of the distribution is loaded by its file.
"""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Callable
from importlib.metadata import distribution
from socket import socket
from typing import Any

from corpora import Corpus
from handlers import Counter, Recorder

from peers.contender import Counts, Feed, PythonContender
from telnet import DO, DONT, SB, SE, WILL, WONT
from telnet.events import Event


def telnetlib() -> Any:
    """Return the module of the distribution."""
    path = distribution("standard-telnetlib").locate_file("telnetlib/__init__.py")
    spec = importlib.util.spec_from_file_location("telnetlib", str(path))
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # it says of itself that it is old
        spec.loader.exec_module(module)
    return module


Telnet = telnetlib().Telnet


class StandardTelnetlib(PythonContender):
    name = "telnetlib"
    distribution = "standard-telnetlib"
    note = "drops NUL and DC1; data comes after the commands that follow it"

    def recorder(self, corpus: Corpus) -> tuple[Feed, list[Event]]:
        recorder = Recording()
        return recorder.feed, recorder.events

    def counter(self, corpus: Corpus) -> tuple[Feed, Counts]:
        counter = Counting()
        return counter.feed, counter


class Source:
    """A socket that has received one chunk."""

    def __init__(self) -> None:
        self.chunk = b""
        self.pos = 0

    def recv(self, size: int) -> bytes:
        data = self.chunk[self.pos : self.pos + size]
        self.pos += size
        return data

    def close(self) -> None:
        pass


class Counting(Counter):
    def __init__(self) -> None:
        super().__init__()
        self.telnet, self.source = telnet_with(self.on_negotiation)

    def feed(self, chunk: bytes) -> None:
        self.source.chunk, self.source.pos = chunk, 0
        while self.source.pos < len(chunk):
            self.telnet.fill_rawq()
            self.telnet.process_rawq()
            if data := self.telnet.read_very_lazy():
                self.data += len(data)

    def on_negotiation(self, _: socket, command: bytes, option: bytes) -> None:
        if command != SB:  # whose end is the event
            self.events += 1


class Recording(Recorder):
    def __init__(self) -> None:
        super().__init__()
        self.telnet, self.source = telnet_with(self.on_negotiation)

    def feed(self, chunk: bytes) -> None:
        self.source.chunk, self.source.pos = chunk, 0
        while self.source.pos < len(chunk):
            self.telnet.fill_rawq()
            self.telnet.process_rawq()
            if data := self.telnet.read_very_lazy():
                self.on_data(data)

    def on_negotiation(self, _: socket, command: bytes, option: bytes) -> None:
        if command in (WILL, WONT, DO, DONT):
            self.on_option(command, option)
        elif command == SE:
            payload = self.telnet.read_sb_data()
            self.on_subnegotiation(payload[:1], payload[1:])
        elif command != SB:
            self.on_command(command)


def telnet_with(callback: Callable[[socket, bytes, bytes], None]) -> tuple[Any, Source]:
    telnet, source = Telnet(), Source()
    telnet.sock = source
    telnet.set_option_negotiation_callback(callback)
    return telnet, source
