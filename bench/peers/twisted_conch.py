"""Twisted Conch's `Telnet` protocol.

The methods overridden are those that a subclass overrides to handle everything itself, so nothing is answered. Its
bound on a subnegotiation is an attribute for subclasses to set.
"""

from __future__ import annotations

import re

from corpora import Corpus
from handlers import Counter, Recorder
from twisted.conch.telnet import Telnet

from peers.contender import Counts, Feed, PythonContender
from telnet.events import Event


class TwistedConch(PythonContender):
    name = "Twisted"
    distribution = "Twisted"
    note = "delivers CR LF as LF and CR NUL as CR"

    def translate(self, data: bytes) -> bytes:
        return re.sub(rb"\r([\s\S])", lambda end: {b"\n": b"\n", b"\0": b"\r"}.get(end[1], end[0]), data)

    def recorder(self, corpus: Corpus) -> tuple[Feed, list[Event]]:
        protocol = Recording()
        return protocol.dataReceived, protocol.events

    def counter(self, corpus: Corpus) -> tuple[Feed, Counts]:
        protocol = Counting()
        return protocol.dataReceived, protocol


class Counting(Counter, Telnet):
    _MAX_SUBNEGOTIATION_LENGTH = 2 * 1024 * 1024

    def __init__(self) -> None:
        Telnet.__init__(self)  # type: ignore[no-untyped-call]
        Counter.__init__(self)

    applicationDataReceived = Counter.on_data

    def commandReceived(self, command: bytes, argument: bytes | None) -> None:
        self.events += 1

    def unhandledSubnegotiation(self, command: bytes, data: list[bytes]) -> None:
        self.events += 1


class Recording(Recorder, Telnet):
    _MAX_SUBNEGOTIATION_LENGTH = Counting._MAX_SUBNEGOTIATION_LENGTH

    def __init__(self) -> None:
        Telnet.__init__(self)  # type: ignore[no-untyped-call]
        Recorder.__init__(self)

    applicationDataReceived = Recorder.on_data

    def commandReceived(self, command: bytes, argument: bytes | None) -> None:
        if argument is None:
            self.on_command(command)
        else:
            self.on_option(command, argument)

    def unhandledSubnegotiation(self, command: bytes, data: list[bytes]) -> None:
        self.on_subnegotiation(command, b"".join(data))
