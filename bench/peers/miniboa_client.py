"""miniboa's client, receiving from a socket that is none.

It has no callbacks: lines are fetched from it, and it keeps commands to itself, so its own methods for them are
overridden here to see what it found.
"""

from __future__ import annotations

import logging
from typing import Any

from corpora import Corpus
from handlers import Counter, Recorder
from miniboa.telnet import TelnetClient

from peers.contender import Counts, Feed, PythonContender
from telnet.events import Event


class Miniboa(PythonContender):
    name = "miniboa"
    distribution = "miniboa"
    note = "delivers lines, stripped; keeps 64 bytes of a subnegotiation; loses IAC IAC"

    def __init__(self) -> None:
        logging.getLogger("miniboa").setLevel(logging.CRITICAL)

    def translate(self, data: bytes) -> bytes:
        *lines, _ = data.decode("latin-1").split("\n")
        return "".join(line.strip() for line in lines).encode("latin-1")

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

    def fileno(self) -> int:
        return -1

    def recv(self, size: int) -> bytes:
        data = self.chunk[self.pos : self.pos + size]
        self.pos += size
        return data


class Counting(Counter, TelnetClient):
    def __init__(self) -> None:
        Counter.__init__(self)
        TelnetClient.__init__(self, Source(), ("", 0), "latin-1")

    def feed(self, chunk: bytes) -> None:
        self.sock.chunk, self.sock.pos = chunk, 0
        while self.sock.pos < len(chunk):
            self.socket_recv()
        while self.cmd_ready:
            self.data += len(self.get_command())

    def _two_byte_cmd(self, cmd: str) -> None:
        super()._two_byte_cmd(cmd)
        if cmd not in "\xf0\xfa":
            self.events += 1

    def _three_byte_cmd(self, option: str) -> None:
        self.events += 1
        self.telnet_got_iac = False
        self.telnet_got_cmd = None

    def _sb_decoder(self) -> None:
        self.events += 1


class Recording(Recorder, TelnetClient):
    telnet_got_cmd: Any

    def __init__(self) -> None:
        Recorder.__init__(self)
        TelnetClient.__init__(self, Source(), ("", 0), "latin-1")

    def feed(self, chunk: bytes) -> None:
        self.sock.chunk, self.sock.pos = chunk, 0
        while self.sock.pos < len(chunk):
            self.socket_recv()
        while self.cmd_ready:
            if line := self.get_command():
                self.on_data(line.encode("latin-1"))

    def _two_byte_cmd(self, cmd: str) -> None:
        super()._two_byte_cmd(cmd)
        if cmd not in "\xf0\xfa":
            self.on_command(cmd.encode("latin-1"))

    def _three_byte_cmd(self, option: str) -> None:
        command: str = self.telnet_got_cmd
        self.on_option(command.encode("latin-1"), option.encode("latin-1"))
        self.telnet_got_iac = False
        self.telnet_got_cmd = None

    def _sb_decoder(self) -> None:
        payload = self.telnet_sb_buffer.encode("latin-1")
        self.on_subnegotiation(payload[:1], payload[1:])
