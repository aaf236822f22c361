"""What must hold of sessions with every option, for an input of a fuzzer that is decoded as in ``fuzzing.py``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import fuzzing
from session_support import Recorder, deliver

import telnet.options
from telnet import Limits, negotiate, subnegotiation
from telnet.constants import DO, WILL
from telnet.options import ATCP, GMCP, MSDP, MSP, MSSP, MXP, ZMP, Option, Role
from telnet.session import Session

SHORT_TURNS = Limits(events=1, payload=1)  # each event has a turn of its own

READY = ("on_ready",)  # comes at the end of a read, so where depends on the cut


def every_option() -> list[Option]:
    """One of each option that the library has."""
    classes = {getattr(telnet.options, name) for name in telnet.options.__all__ if name.isupper()}
    settled: dict[type[Option], Option] = {
        MSDP: MSDP(reportable=("HEALTH",), configurable=("PROMPT", "UTF_8")),
        MSSP: MSSP({"NAME": "Ours", "PLAYERS": 0, "UPTIME": 0}),
        MXP: MXP(default="locked"),
    }
    return sorted((settled.get(one) or one() for one in classes), key=lambda option: option.code)


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
    MSDP.code: [
        b"\1GROUP\2\5\3\1NAME\2Fred\4\3\1NAME\2Barney\4\6",
        b"\1A\2\n\5 \5x\6\t\3\1B\2caf\xe9\4y\2z\6",
        b"\1PROMPT\2x\1A\2\3\1B\5\1C\2\xc3\xa9\4\1REPORT\2HEALTH",
        b"x\0\4\1HEALTH\0021\6\1A\2\5\2x\1B\2y",
        b"\1UTF_8\0021\1XTERM_256_COLORS\0021\1PLUGIN_ID\2x\1CLIENT_ID\2y",
    ],
    MSSP.code: [b"x\0\2y\1NAME\2caf\xe9\1CRAWL_DELAY\0025\1\2z\1PORT\00223\0024000"],
    ATCP.code: [b"hello caf\xe9 1\nauth 1"],
    MSP.code: [b"!!SOUND(caf\xe9.wav)\r\n\0"],
    ZMP.code: [b"x\0caf\xe9\0\xc3\xa9\0"],
}
LINES_FROM_THE_FIELD = {
    MSSP.code: b"Name: MSSP-REPLY-START\nNAME\tcaf\xe9\n\nPORT\t23\t4000\nlook\nMSSP-REPLY-END\n",
    MXP.code: b"\x1b[1z<VERSION CLIENT=x>\n\x1b[1z<AFK 5 x>\n\x1b[4z<SUPPORT +a>\n\x1b[1z<PASSWORD x\n<afk>\n",
}


def session_seeds() -> Iterator[bytes]:
    """Inputs to begin with, besides real traffic."""
    header = bytes([255]).ljust(fuzzing.HEADER, b"\0")
    for option, payloads in FROM_THE_FIELD.items():
        agreed = negotiate(DO, option) + negotiate(WILL, option)
        yield header + agreed + b"".join(subnegotiation(option, payload) for payload in payloads)
        yield from (header + agreed + subnegotiation(option, payload) for payload in payloads)
    for option, lines in LINES_FROM_THE_FIELD.items():
        yield header + negotiate(DO, option) + negotiate(WILL, option) + lines


def one_session(data: bytes) -> None:
    """Check every property of sessions on this input; raise ``AssertionError`` if one is broken."""
    case = fuzzing.decode(data)
    for role in Role:
        whole = told(role, [case.wire])
        cut = told(role, list(fuzzing.cut(case.wire, case.sizes)))
        fuzzing.same(f"events of the {role.name.lower()} do not depend on the cut", [whole, cut])
        turns = told(role, [case.wire], SHORT_TURNS)
        fuzzing.same(f"events of the {role.name.lower()} do not depend on how much a turn takes", [whole, turns])
        edited = told(role, [case.wire], edit_lines=True)
        cut = told(role, list(fuzzing.cut(case.wire, case.sizes)), SHORT_TURNS, edit_lines=True)
        fuzzing.same(f"what keys erase for the {role.name.lower()} does not depend on the cut", [edited, cut])


def told(role: Role, chunks: list[bytes], limits: Limits | None = None, *, edit_lines: bool = False) -> list[Any]:
    """What a session tells and learns from these chunks; nothing of it may raise."""
    handler = Recorder(without=())
    session = Session(handler, OPTIONS, role=role, limits=limits, edit_lines=edit_lines)
    session.start(0.0)
    session[MSSP].request_text()  # so that a client reads what comes in plain text
    for chunk in chunks:
        deliver(session, chunk)
    assert not session.pending, "all that was received has been looked at"
    session.end()
    session.take()
    session.close()
    session.take()
    return [*(event for event in handler.events if event != READY), repr(session.client)]
