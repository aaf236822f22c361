"""What must hold of sessions with every option, for an input of a fuzzer that is decoded as in ``fuzzing.py``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import fuzzing
from session_support import Recorder, deliver

import telnet.options
from telnet import Limits, negotiate, subnegotiation
from telnet.constants import DO, WILL
from telnet.options import GMCP, MSSP, Option, Role
from telnet.session import Session

SHORT_TURNS = Limits(events=1, payload=1)  # each event has a turn of its own

READY = ("on_ready",)  # comes at the end of a read, so where depends on the cut


def every_option() -> list[Option]:
    """One of each option that the library has."""
    classes = {getattr(telnet.options, name) for name in telnet.options.__all__ if name.isupper()}
    made = [MSSP({"NAME": "Ours", "PLAYERS": 0, "UPTIME": 0}) if one is MSSP else one() for one in classes]
    return sorted(made, key=lambda option: option.code)


OPTIONS = every_option()

# What no recorded client says, by the option that both ends have agreed on first.
FROM_THE_FIELD = {
    GMCP.code: [
        b"request room",
        b'Char.Vitals{"hp":1}\0',
        b'Room.Name "Caf\xe9"',
        b'\xef\xbb\xbfA {"hp":1,}',
        rb'A ["\ud800",1.5]',
        b'MSDP{"LIST":"COMMANDS"}',
        b'Core.Supports.Set ["Char.Login 2"]',
        b'Char.Login.Credentials{"account":"bob","password":"x","token_storage":"true"}',
        b'Char.Login.Credentials {"account":"bob","provider":"google","version":2}',
        b'Char.Login.Reconnect {"account":"bob","token":"x"}',
        b'Char.Login.Default {"version":"2","type":["oauth"]}',
        b'Char.Login.URL {"url":"https://example.org/"}',
        b'Char.Login.Token {"account":"bob","token":"x","secure_only":"0"}',
        b'Char.Login.Result {"success":"1"}',
        b"Char.Login bob x",
    ],
}


def session_seeds() -> Iterator[bytes]:
    """Inputs to begin with, besides real traffic."""
    header = bytes([255]).ljust(fuzzing.HEADER, b"\0")
    for option, payloads in FROM_THE_FIELD.items():
        agreed = negotiate(DO, option) + negotiate(WILL, option)
        yield header + agreed + b"".join(subnegotiation(option, payload) for payload in payloads)
        yield from (header + agreed + subnegotiation(option, payload) for payload in payloads)


def one_session(data: bytes) -> None:
    """Check every property of sessions on this input; raise ``AssertionError`` if one is broken."""
    case = fuzzing.decode(data)
    for role in Role:
        whole = told(role, [case.wire])
        cut = told(role, list(fuzzing.cut(case.wire, case.sizes)))
        fuzzing.same(f"events of the {role.name.lower()} do not depend on the cut", [whole, cut])
        turns = told(role, [case.wire], SHORT_TURNS)
        fuzzing.same(f"events of the {role.name.lower()} do not depend on how much a turn takes", [whole, turns])


def told(role: Role, chunks: list[bytes], limits: Limits | None = None) -> list[Any]:
    """What a session tells and learns from these chunks; nothing of it may raise."""
    handler = Recorder(without=())
    session = Session(handler, OPTIONS, role=role, limits=limits)
    session.start(0.0)
    for chunk in chunks:
        deliver(session, chunk)
    assert not session.pending, "all that was received has been looked at"
    session.end()
    session.take()
    session.close()
    session.take()
    return [*(event for event in handler.events if event != READY), repr(session.client)]
