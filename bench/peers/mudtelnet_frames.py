"""mudtelnet's `TelnetFrame`, taken from a buffer one at a time as its documentation shows.

What its `TelnetConnection` would do with a frame is left out.
"""

from __future__ import annotations

from corpora import Corpus
from handlers import Counter, Recorder
from mudtelnet import TelnetFrame, TelnetFrameType

from peers.contender import Counts, Feed, PythonContender
from telnet.events import Event

DATA = TelnetFrameType.DATA
NEGOTIATION = TelnetFrameType.NEGOTIATION
COMMAND = TelnetFrameType.COMMAND


class Mudtelnet(PythonContender):
    name = "mudtelnet"
    distribution = "mudtelnet"

    def recorder(self, corpus: Corpus) -> tuple[Feed, list[Event]]:
        recorder = Recording()
        return recorder.feed, recorder.events

    def counter(self, corpus: Corpus) -> tuple[Feed, Counts]:
        counter = Counting()
        return counter.feed, counter


class Counting(Counter):
    def __init__(self) -> None:
        super().__init__()
        self.buffer = bytearray()

    def feed(self, chunk: bytes) -> None:
        self.buffer += chunk
        while frame := TelnetFrame.parse_consume(self.buffer):
            if frame.msg_type is not DATA:
                self.events += 1
            elif isinstance(frame.data, int):  # an escaped IAC comes as a number
                self.data += 1
            else:
                self.data += len(frame.data)


class Recording(Recorder):
    def __init__(self) -> None:
        super().__init__()
        self.buffer = bytearray()

    def feed(self, chunk: bytes) -> None:
        self.buffer += chunk
        while frame := TelnetFrame.parse_consume(self.buffer):
            if frame.msg_type is DATA:
                self.on_data(bytes([frame.data]) if isinstance(frame.data, int) else bytes(frame.data))
            elif frame.msg_type is NEGOTIATION:
                command, option = frame.data
                self.on_option(bytes([command]), bytes([option]))
            elif frame.msg_type is COMMAND:
                self.on_command(bytes([frame.data]))
            else:
                option, payload = frame.data
                self.on_subnegotiation(bytes([option]), bytes(payload))
