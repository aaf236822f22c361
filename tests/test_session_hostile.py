"""A peer that means ill: what it sends is an event, raises nothing, and leaves no more behind than the limits say."""

from __future__ import annotations

import gc
import tracemalloc
import zlib
from collections.abc import Iterable
from types import ModuleType

import pytest
from fuzzing import seeds
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from session_fuzzing import OPTIONS, one_session, session_seeds
from session_support import Recorder, deliver
from test_fuzz import mutations

from telnet import Limits, negotiate, option_name, subnegotiation
from telnet.constants import AYT, DO, DONT, GA, IAC, SB, TIMING_MARK, WILL, WONT
from telnet.options import GMCP, MCCP2, MCCP3, MSDP, NAWS, NEW_ENVIRON, TTYPE, Option, Role
from telnet.session import Session

by_option = pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option_name(option.code))
by_role = pytest.mark.parametrize("role", Role, ids=lambda role: role.name.lower())


@pytest.fixture(autouse=True)
def parser(parser_module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("telnet.session.Parser", parser_module.Parser)


def agreed(*options: Option | type[Option], role: Role = Role.SERVER, limits: Limits | None = None) -> Session:
    """A session with these options, all of which the peer has agreed to, on both sides where that can be."""
    session = Session(Recorder(), options, role=role, limits=limits or Limits(negotiations=10_000))
    session.start(0.0)
    for option in options:
        # Compression of what the peer sends would begin with the first byte behind its subnegotiation.
        deliver(session, negotiate(DO, option.code) + negotiate(WILL, option.code))
    session.take()
    recorder(session).events.clear()
    return session


def recorder(session: Session) -> Recorder:
    handler = session._handler
    assert isinstance(handler, Recorder)
    return handler


def still_works(session: Session) -> bool:
    recorder(session).events.clear()
    deliver(session, b"\r\nlook\r\n")
    return ("on_line", "look") in recorder(session).events


def told(session: Session) -> set[str]:
    return {event[0] for event in recorder(session).events}


# Every option, in both roles

SIZES = [0, 1, 2, 3, 4, 5, 255, 4096, 65536, 65537]


def fillings() -> Iterable[bytes]:
    """What a payload may be filled with: each byte that means something to some option, and text."""
    return [*(bytes([number]) for number in (*range(8), 10, 32, 34, 91, 93, 123, 125, 240, 254, 255)), b"\1A\2"]


@by_role
@by_option
def test_a_payload_of_any_length_and_filling_raises_nothing(option: Option, role: Role) -> None:
    session = agreed(option, role=role)
    for filling in fillings():
        for size in SIZES:
            if isinstance(option, MCCP2 | MCCP3):
                session = agreed(option, role=role)  # its stream may be lost now
            deliver(session, subnegotiation(option.code, (filling * size)[:size]))
            session.take()
            if not session.inflating and not session.lost:
                assert still_works(session)


@by_role
@by_option
@given(data=st.binary(max_size=64) | st.text(max_size=16).map(str.encode))
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_random_payloads_raise_nothing(option: Option, role: Role, data: bytes) -> None:
    session = agreed(option, role=role)
    for head in (b"", b"\0", b"\1", b"\2", b"\3"):
        deliver(session, subnegotiation(option.code, head + data))
        session.take()


NOISE = st.lists(
    st.one_of(
        st.binary(max_size=20),
        st.builds(negotiate, st.sampled_from([WILL, WONT, DO, DONT]), st.sampled_from([o.code for o in OPTIONS])),
        st.builds(
            subnegotiation,
            st.sampled_from([option.code for option in OPTIONS]),
            st.binary(max_size=12) | st.sampled_from([b"\1", b"\0XTERM", b"\2UTF-8", b"Core.Hello {}", b"\1REPORT\2X"]),
        ),
        st.sampled_from([zlib.compress(b"look\r\n"), IAC + GA, IAC + AYT, b"look\r\n", "héé\r\n".encode()]),
    ),
    max_size=20,
).map(b"".join)


@by_role
@given(data=NOISE)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_all_options_at_once_raise_nothing(role: Role, data: bytes) -> None:
    session = Session(Recorder(), OPTIONS, role=role)
    session.start(0.0)
    deliver(session, data)
    session.take()
    session.end()
    session.close()
    session.take()

    assert not session.pending


@by_role
@by_option
def test_answers_that_nobody_asked_for_change_nothing(option: Option, role: Role) -> None:
    session = Session(Recorder(), (option,), role=role)
    session.start(0.0)
    session.take()
    for command in (WONT, DONT):
        deliver(session, negotiate(command, option.code))
    for payload in (b"", b"\0", b"\0x", b"\1", b"\2", b"\2UTF-8", b"\3"):
        deliver(session, subnegotiation(option.code, payload))

    assert session.options[option.code].enabled is False
    assert still_works(session)


# What is known to break others


def nested_msdp(depth: int) -> bytes:
    return b"\1A\2" + b"\3\1A\2" * depth + b"x" + b"\4" * depth


CASES: dict[str, tuple[type[Option], bytes]] = {
    "MSDP: a table without an end": (MSDP, b"\1A\2\3x"),
    "MSDP: 10,000 tables in each other": (MSDP, nested_msdp(10_000)),
    "MSDP: 10,000 tables without an end": (MSDP, b"\1A\2" + b"\3\1A\2" * 10_000),
    "GMCP: 10,000 brackets": (GMCP, b"A " + b"[" * 10_000),
    "GMCP: 10,000 brackets that end": (GMCP, b"A " + b"[" * 10_000 + b"]" * 10_000),
    "GMCP: invalid UTF-8": (GMCP, b'A\xff "\xff\xfe"'),
    "GMCP: an integer without end": (GMCP, b"A " + b"9" * 60_000),
    "NAWS: nothing": (NAWS, b""),
    "NAWS: 3 bytes": (NAWS, b"\0\x50\0"),
    "NAWS: 5 bytes": (NAWS, b"\0\x50\0\x18\0"),
    "TTYPE: a name without end": (TTYPE, b"\0" + b"X" * 60_000),
    "NEW-ENVIRON: ends in ESC": (NEW_ENVIRON, b"\0\0USER\1x\2"),
}


@pytest.mark.parametrize(("option", "payload"), CASES.values(), ids=CASES)
def test_what_breaks_others_is_a_protocol_error(option: type[Option], payload: bytes) -> None:
    session = agreed(option)

    deliver(session, subnegotiation(option.code, payload))

    assert told(session) - {"on_ready", "on_terminal_types"} == {"on_protocol_error"}  # TTYPE ends with it
    assert still_works(session)


def test_a_window_of_255s_is_cut_to_what_can_be_laid_out() -> None:
    session = agreed(NAWS)

    deliver(session, subnegotiation(NAWS.code, b"\xff" * 4))

    assert ("on_window_size", 1000, 1000) in recorder(session).events


def test_terminal_types_that_never_end_are_asked_for_up_to_the_limit() -> None:
    session = agreed(TTYPE, limits=Limits(terminal_types=8))
    for number in range(100):
        deliver(session, subnegotiation(TTYPE.code, b"\0T%d" % number))

    assert session.take() == subnegotiation(TTYPE.code, b"\1") * 7
    assert len(recorder(session).named("on_terminal_types")) == 1


def test_a_storm_over_every_option_is_answered_up_to_the_limit() -> None:
    session = Session(Recorder(), OPTIONS, limits=Limits(negotiations=50, events=100_000))
    session.start(0.0)
    session.take()
    storm = b"".join(
        negotiate(command, bytes([code])) for command in (DO, WILL, DONT, WONT) for code in range(250) for _ in range(4)
    )

    deliver(session, storm * 10)

    assert len(recorder(session).named("on_negotiation_limit")) == 1
    assert still_works(session)


# Memory

PIECE = 65536
PIECES = 8


def streams() -> dict[str, bytes]:
    """What a flood may consist of, each about as long as one read."""
    names = [b"N%d" % number for number in range(5000)]
    return {
        "a line without end": b"x" * PIECE,
        "line ends": b"\r\n" * (PIECE // 2),
        "a subnegotiation without end": IAC + SB + GMCP.code + b"x" * PIECE,
        "commands": (IAC + AYT) * (PIECE // 2),
        "timing marks": negotiate(DO, TIMING_MARK) * (PIECE // 3),
        "offers": b"".join(negotiate(WILL, bytes([code])) for code in range(255)) * 80,
        "terminal types": b"".join(subnegotiation(TTYPE.code, b"\0" + name) for name in names),
        "window sizes": b"".join(subnegotiation(NAWS.code, n.to_bytes(4, "big")) for n in range(1, 7000)),
        "variables": subnegotiation(NEW_ENVIRON.code, b"\2" + b"".join(b"\0" + name + b"\1x" for name in names)),
        "names of packages": subnegotiation(
            GMCP.code, b"Core.Supports.Add [" + b",".join(b'"%s 1"' % name for name in names) + b"]"
        ),
        "reports": subnegotiation(MSDP.code, b"\1REPORT" + b"".join(b"\2" + name for name in names)),
        "lists": subnegotiation(MSDP.code, b"\1LIST\2COMMANDS") * 3000,
        "a bomb": subnegotiation(MCCP3.code, b"") + zlib.compress(bytes(PIECE * 1000)),
        "another bomb": zlib.compress(bytes(PIECE * 1000)),
    }


@pytest.mark.slow
@pytest.mark.once
@pytest.mark.parametrize("name", streams())
def test_no_flood_leaves_more_behind_than_the_limits_say(name: str) -> None:
    session = agreed(*OPTIONS)
    session._handler = object()  # which keeps nothing
    data = streams()[name]
    deliver(session, data)
    session.take()
    gc.collect()
    tracemalloc.start()
    try:
        for _ in range(PIECES):
            deliver(session, data)
            session.take()
        gc.collect()
        left, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert left < 256 * 1024
    assert peak < 16 * (1 << 20)


# Real traffic, and mutations of it


@pytest.mark.slow
def test_real_traffic_and_mutations_of_it_hold_every_property() -> None:
    for data in [*seeds(), *session_seeds(), *mutations(settings().max_examples)]:
        one_session(data)
