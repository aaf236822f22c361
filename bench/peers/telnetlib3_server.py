"""telnetlib3's server protocol, with its scan of every byte for line editing characters switched off.

That is its fast path: `bytes.find` looks for an IAC. Its reader is replaced by one that counts what it is fed, and the
methods of its writer that negotiate are overridden, so nothing is answered.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import Any

from corpora import Corpus
from handlers import Counter, Recorder
from telnetlib3.server_base import BaseServer
from telnetlib3.stream_reader import TelnetReader
from telnetlib3.stream_writer import TelnetWriter

from peers.contender import Counts, Feed, PythonContender
from telnet import CMD_EOR, DO, DONT, GA, WILL, WONT
from telnet.events import Event


class Telnetlib3(PythonContender):
    name = "telnetlib3"
    distribution = "telnetlib3"
    note = "without its scan for line editing characters"

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        logging.getLogger("telnetlib3").setLevel(logging.ERROR)

    def recorder(self, corpus: Corpus) -> tuple[Feed, list[Event]]:
        recorder = Recorder()
        return self.server(recorder, RecordingReader, RecordingWriter).data_received, recorder.events

    def counter(self, corpus: Corpus) -> tuple[Feed, Counts]:
        counter = Counter()
        return self.server(counter, CountingReader, CountingWriter).data_received, counter

    def server(self, handler: Counter | Recorder, reader: type, writer: type) -> Any:
        asyncio.set_event_loop(self.loop)
        server: Any = BaseServer(encoding=False, reader_factory=reader, writer_factory=writer)
        server.connection_made(Sink())
        server.reader.handler = server.writer.handler = handler
        for command in (GA, CMD_EOR):
            server.writer.set_iac_callback(command, server.writer.command_received)
        return server


class Sink(asyncio.Transport):
    """A transport to nowhere."""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        pass


class CountingReader(TelnetReader):
    handler: Counter

    def feed_data(self, data: bytes) -> None:
        self.handler.data += len(data)


class CountingWriter(TelnetWriter):
    handler: Counter
    slc_simulated = False

    def command_received(self, command: bytes) -> None:
        self.handler.events += 1

    def handle_do(self, opt: bytes) -> bool:
        self.handler.events += 1
        return False

    def handle_option(self, opt: bytes) -> None:
        self.handler.events += 1

    handle_dont = handle_will = handle_wont = handle_option

    def handle_subnegotiation(self, buf: deque[bytes]) -> None:
        self.handler.events += 1


class RecordingReader(TelnetReader):
    handler: Recorder

    def feed_data(self, data: bytes) -> None:
        self.handler.on_data(data)


class RecordingWriter(TelnetWriter):
    handler: Recorder
    slc_simulated = False

    def command_received(self, command: bytes) -> None:
        self.handler.on_command(command)

    def handle_do(self, opt: bytes) -> bool:
        self.handler.on_option(DO, opt)
        return False

    def handle_dont(self, opt: bytes) -> None:
        self.handler.on_option(DONT, opt)

    def handle_will(self, opt: bytes) -> None:
        self.handler.on_option(WILL, opt)

    def handle_wont(self, opt: bytes) -> None:
        self.handler.on_option(WONT, opt)

    def handle_subnegotiation(self, buf: deque[bytes]) -> None:
        option, *payload = buf
        self.handler.on_subnegotiation(option, b"".join(payload))
