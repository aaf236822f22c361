"""What must hold of sessions with every option, for an input of a fuzzer that is decoded as in ``fuzzing.py``."""

from __future__ import annotations

from typing import Any

import fuzzing
from session_support import Recorder, deliver

import telnet.options
from telnet import Limits
from telnet.options import MSSP, Option, Role
from telnet.session import Session

SHORT_TURNS = Limits(events=1, payload=1)  # each event has a turn of its own

READY = ("on_ready",)  # comes at the end of a read, so where depends on the cut


def every_option() -> list[Option]:
    """One of each option that the library has."""
    classes = {getattr(telnet.options, name) for name in telnet.options.__all__ if name.isupper()}
    made = [MSSP({"NAME": "Ours", "PLAYERS": 0, "UPTIME": 0}) if one is MSSP else one() for one in classes]
    return sorted(made, key=lambda option: option.code)


OPTIONS = every_option()


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
