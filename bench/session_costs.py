"""What a line of a player costs on its way to a handler, and one of the game on its way back, stage by stage."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from itertools import repeat
from random import Random
from statistics import median
from typing import Any
from unittest.mock import patch

from figures import SessionCost
from peers import Twin
from peers.contender import clock
from twisted.conch.telnet import StatefulTelnetProtocol, TelnetTransport

from telnet import session as sessions
from telnet.constants import DO
from telnet.encode import negotiate, subnegotiation
from telnet.lines import LineDecoder
from telnet.options import CHARSET, ECHO, EOR, GMCP, MCCP2, MCCP3, MSDP, NAWS, TTYPE
from telnet.session import Session

LINE = b"say hello there, how are you all today?\r\n"
REPLY = "You say 'hello there, how are you all today?'"
BATCH = 100  # lines of a read that brings many
LINES = 2000  # of one timing

MUD = (TTYPE, NAWS, CHARSET, EOR, ECHO, GMCP, MSDP, MCCP3, MCCP2)

Calls = Iterator[object]


class Player:
    """A handler that counts what it is given, by whatever name the stage calls it."""

    count = 0

    def on_line(self, line: str | bytes) -> None:
        Player.count += 1

    on_data = on_line


def parser_alone(twin: Twin) -> Calls:
    return map(twin.module.Parser(Player()).feed, repeat(LINE, LINES))


def parser_and_lines(twin: Twin) -> Calls:
    class Handler:
        on_data = LineDecoder(Player()).feed

    return map(twin.module.Parser(Handler()).feed, repeat(LINE, LINES))


def session(twin: Twin, *options: Any, received: bytes = b"") -> Session:
    """A session over one of the twins, with nothing left to say."""
    with patch.object(sessions, "Parser", twin.module.Parser):
        made = Session(Player(), options)
    made.start(0.0)
    made.receive(received or b"\r\n", 0.0)
    made.take()
    return made


def a_line_a_read(twin: Twin) -> Calls:
    return map(session(twin, *MUD).receive, repeat(LINE, LINES), repeat(0.0))


def many_lines_a_read(twin: Twin) -> Calls:
    return map(session(twin, *MUD).receive, repeat(LINE * BATCH, LINES // BATCH), repeat(0.0))


def a_compressed_line_a_read(twin: Twin) -> Calls:
    start = negotiate(DO, MCCP3.code) + subnegotiation(MCCP3.code, b"")
    compressor = zlib.compressobj()
    receiver = session(twin, *MUD, received=start + compressor.compress(b"") + compressor.flush(zlib.Z_SYNC_FLUSH))
    reads = [compressor.compress(LINE) + compressor.flush(zlib.Z_SYNC_FLUSH) for _ in range(LINES)]
    return map(receiver.receive, reads, repeat(0.0))


def sending(made: Session) -> Calls:
    def reply() -> bytes:
        made.send_line(REPLY)
        return made.take()

    return (reply() for _ in range(LINES))


def a_line_a_turn(twin: Twin) -> Calls:
    return sending(session(twin, *MUD))


def a_compressed_line_a_turn(twin: Twin) -> Calls:
    return sending(session(twin, *MUD, received=negotiate(DO, MCCP2.code)))


def a_line_a_read_of_twisted(twin: Twin) -> Calls:
    """Twisted's own classes for lines, which negotiate but do not decode; the twin does not matter."""

    class Protocol(StatefulTelnetProtocol):
        def telnet_Discard(self, line: bytes) -> None:
            Player.count += 1

    transport = TelnetTransport(Protocol)  # type: ignore[no-untyped-call]
    transport.connectionMade()  # type: ignore[no-untyped-call]
    return map(transport.dataReceived, repeat(LINE, LINES))


STAGES: dict[str, Callable[[Twin], Calls]] = {
    "received: the parser alone": parser_alone,
    "received: parser and line decoder": parser_and_lines,
    "received: a session, one line a read": a_line_a_read,
    f"received: a session, {BATCH} lines a read": many_lines_a_read,
    "received: a session with MCCP3, one line a read": a_compressed_line_a_read,
    "received: Twisted's `StatefulTelnetProtocol`, bytes, one line a read": a_line_a_read_of_twisted,
    "sent: `send_line`, one line a turn": a_line_a_turn,
    "sent: `send_line` with MCCP2, one line a turn": a_compressed_line_a_turn,
}


def cost(stage: str, twin: Twin) -> float:
    calls = STAGES[stage](twin)
    Player.count = 0
    nanoseconds = clock(calls)
    if Player.count != (LINES if stage.startswith("received") else 0):
        raise SystemExit(f"{stage}: {Player.count} lines came instead of {LINES}")
    return nanoseconds / LINES


def measure(twins: list[Twin], rounds: int, random: Random) -> list[SessionCost]:
    """Return what each stage costs over each twin, in nanoseconds a line: medians; each round has its own order."""
    cells: dict[tuple[str, str], list[float]] = {(stage, twin.name): [] for stage in STAGES for twin in twins}
    for _ in range(rounds):
        for stage in random.sample(list(STAGES), len(STAGES)):
            for twin in random.sample(twins, len(twins)):
                cells[stage, twin.name].append(cost(stage, twin))
    return [SessionCost(stage, *(median(cells[stage, twin.name]) for twin in twins)) for stage in STAGES]
