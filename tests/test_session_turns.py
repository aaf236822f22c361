"""One turn of a session is bounded in work, whatever is inside; what is left keeps its place."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from itertools import chain, repeat
from types import ModuleType

import pytest
from session_support import Recorder, deliver

from telnet import Limits, negotiate, subnegotiation
from telnet.constants import AYT, DO, ECHO, IAC, NOP, SB, SE, WILL
from telnet.mccp import Decompressor
from telnet.options import (
    CHARSET,
    GMCP,
    LINEMODE,
    MCCP3,
    MSDP,
    MXP,
    NAWS,
    NEW_ENVIRON,
    STATUS,
    TTYPE,
    ZMP,
    Option,
    Role,
)
from telnet.session import Session

DEFAULT = Limits()
READ = 65536  # what a shell reads at once
START_MCCP3 = subnegotiation(MCCP3.code, b"")


@pytest.fixture(autouse=True)
def parser(parser_module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("telnet.session.Parser", parser_module.Parser)


def agreed(*options: type[Option], limits: Limits = DEFAULT, role: Role = Role.SERVER) -> tuple[Session, Recorder]:
    """A session whose peer has agreed to all of it, and what its handler hears from now on."""
    handler = Recorder(without=("on_client", "on_option_enabled", "on_option_disabled", "on_ready"))
    session = Session(handler, options, role=role, limits=limits)
    session.start(0.0)
    for option in options:
        deliver(session, negotiate(DO, option.code) + negotiate(WILL, option.code))
    session.take()
    handler.events.clear()
    return session, handler


def turns(session: Session, handler: Recorder, data: bytes) -> Iterator[int]:
    """Give a session what was read; yield after each turn how many events it brought."""
    for piece in chain((data,), repeat(b"")):
        before = len(handler.events)
        session.receive(piece, 0.0)
        yield len(handler.events) - before
        if not session.pending:
            return


FAULTS = {
    "no option": IAC + SB + IAC + SE,
    "interrupted": IAC + SB + b"x" + IAC + NOP,
    "too long": subnegotiation(b"x", b"yyyyy"),
    "option that is off": subnegotiation(ECHO, b"x"),
    "line that is too long": b"1234567\n",
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_faults_of_the_peer_count_as_events(fault: bytes) -> None:
    limits = Limits(subnegotiation=4, line=6, events=10)
    session, handler = agreed(limits=limits)

    counted = list(turns(session, handler, fault * 95))

    assert max(counted) <= 10
    assert len(handler.named("on_protocol_error", "on_line_overflow", "on_subnegotiation")) in (95, 190)


MESSAGES = {
    "GMCP": subnegotiation(GMCP.code, b"A.B 1"),
    "MSDP": subnegotiation(MSDP.code, b"\1SEND\2HP"),
    "NAWS": subnegotiation(NAWS.code, b"\0\x50\0\x18"),
    "an option that is not spoken": subnegotiation(b"\x7b", b"x"),
    "nothing": subnegotiation(GMCP.code, b""),
}


@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES)
def test_small_messages_of_one_turn_are_bounded_in_number(message: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    session, handler = agreed(GMCP, MSDP, NAWS)
    taken: list[int] = []
    monkeypatch.setattr(Session, "on_subnegotiation", counting(taken, Session.on_subnegotiation))
    session, handler = agreed(GMCP, MSDP, NAWS)
    counted = []
    for _ in turns(session, handler, message * (READ // len(message))):
        counted.append(len(taken))
        taken.clear()

    assert max(counted) == DEFAULT.payload // 32
    assert sum(counted) == READ // len(message)


def counting(calls: list[int], method: object) -> object:
    def counted(self: Session, option: bytes, data: bytes) -> None:
        calls.append(len(data))
        method(self, option, data)  # type: ignore[operator]

    return counted


@pytest.mark.parametrize("size", [100, 1000, 5000])
def test_payload_of_one_turn_is_bounded_in_bytes(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[int] = []
    monkeypatch.setattr(Session, "on_subnegotiation", counting(taken, Session.on_subnegotiation))
    session, handler = agreed(GMCP)
    message = subnegotiation(GMCP.code, b"A.B " + b"1" * (size - 4))
    for _ in turns(session, handler, message * (READ // size)):
        assert sum(taken) < DEFAULT.payload + size
        taken.clear()


def test_the_largest_message_is_a_turn_of_its_own() -> None:
    session, handler = agreed(limits=Limits(payload=100))
    message = subnegotiation(b"\x7b", bytes(30_000))

    assert list(turns(session, handler, message * 2 + b"look\r\n")) == [1, 1, 1]


def test_lines_that_an_option_takes_count_as_its_payload() -> None:
    session, handler = agreed(MXP)
    reply = b'\x1b[1z<VERSION CLIENT="Mudlet">\r\n'

    counted = list(turns(session, handler, reply * 1000))

    assert max(counted) <= DEFAULT.payload // 32
    assert sum(counted) == 1000


@pytest.mark.parametrize("filling", [b"x", b"x" * 15000 + b"\n", bytes(range(128, 240))], ids=["text", "lines", "junk"])
def test_one_turn_looks_at_64_kib_of_what_was_read(filling: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[int] = []
    take = Session.on_data

    def counted(self: Session, data: bytes) -> None:
        looked_at.append(len(data))
        take(self, data)

    monkeypatch.setattr(Session, "on_data", counted)
    session, handler = agreed()
    read = filling * (4 * READ // len(filling))  # as event loops read
    sums = []
    for _ in turns(session, handler, read):
        sums.append(sum(looked_at))
        looked_at.clear()

    assert max(sums) == READ
    assert sum(sums) == len(read)


def test_text_is_not_counted_as_payload() -> None:
    session, handler = agreed(limits=Limits(payload=1))

    assert list(turns(session, handler, b"look at it\r\n" * 500)) == [500]


# Through MCCP3


def compressed(data: bytes) -> bytes:
    return zlib.compress(data, 9)


def test_one_turn_inflates_one_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    pieces: list[int] = []
    inflate = Decompressor.decompress

    def counted(self: Decompressor, data: bytes = b"") -> bytes:
        plain = inflate(self, data)
        pieces.append(len(plain))
        return plain

    monkeypatch.setattr(Decompressor, "decompress", counted)
    limits = Limits(inflated=1000, inflate_ratio=2000)
    session, handler = agreed(MCCP3, limits=limits)
    wire = START_MCCP3 + compressed(b"x" * 50_000 + b"\r\n") + START_MCCP3 + compressed(b"\r\n" * 5000) + b"look\r\n"

    for _ in turns(session, handler, wire):
        assert len(pieces) <= 1 and sum(pieces) <= 1000
        pieces.clear()

    assert handler.events[-1] == ("on_line", "look")


def test_tiny_streams_one_after_the_other_are_bounded_too() -> None:
    session, handler = agreed(MCCP3)
    wire = (START_MCCP3 + compressed(b"a\r\n")) * 200 + b"look\r\n"

    counted = list(turns(session, handler, wire))

    assert max(counted) <= 2
    assert handler.named("on_line") == [("on_line", "a")] * 200 + [("on_line", "look")]


@pytest.mark.parametrize("inside", [IAC + SB + IAC + SE, b"\n", IAC + AYT, subnegotiation(GMCP.code, b"A 1")])
def test_what_is_inflated_is_bounded_as_what_is_plain(inside: bytes) -> None:
    session, handler = agreed(GMCP, MCCP3)
    wire = START_MCCP3 + compressed(inside * (READ // len(inside)))

    counted = list(turns(session, handler, wire))

    assert max(counted) <= DEFAULT.events
    assert sum(counted) >= READ // len(inside)


# Answers that a peer can ask for again and again

QUESTIONS = {
    "AYT": ((), IAC + AYT),
    "STATUS": ((STATUS,), subnegotiation(STATUS.code, b"\1")),
    "SLC": ((LINEMODE,), subnegotiation(LINEMODE.code, b"\3\0\3\0")),
    "GMCP": ((GMCP,), subnegotiation(GMCP.code, b"Core.Ping")),
    "ZMP": ((ZMP,), subnegotiation(ZMP.code, b"zmp.check\0zmp.\0")),
    "CHARSET": ((CHARSET,), subnegotiation(CHARSET.code, b"\1;KOI8-R")),
    "TTABLE": ((CHARSET,), subnegotiation(CHARSET.code, b"\4")),
}
QUESTIONS_OF_A_SERVER = {
    "TTYPE": ((TTYPE,), subnegotiation(TTYPE.code, b"\1")),
    "NEW-ENVIRON": ((NEW_ENVIRON,), subnegotiation(NEW_ENVIRON.code, b"\1")),
    "STATUS": ((STATUS,), subnegotiation(STATUS.code, b"\1")),
}


def answered(role: Role, options: tuple[type[Option], ...], question: bytes, now: float = 0.0) -> int:
    """How many bytes 10,000 questions at one moment bring."""
    session, handler = agreed(*options, role=role)
    deliver(session, question * 10_000)
    sent = len(session.take())
    assert handler.named("on_negotiation_limit") == [handler.named("on_negotiation_limit")[0]]
    deliver(session, b"\r\nlook\r\n")
    assert handler.events[-1] == ("on_line", "look")
    return sent


@pytest.mark.parametrize(("options", "question"), QUESTIONS.values(), ids=QUESTIONS)
def test_answers_to_a_client_have_a_bound(options: tuple[type[Option], ...], question: bytes) -> None:
    assert 0 < answered(Role.SERVER, options, question) <= 2 * 64 * DEFAULT.negotiations


@pytest.mark.parametrize(("options", "question"), QUESTIONS_OF_A_SERVER.values(), ids=QUESTIONS_OF_A_SERVER)
def test_answers_to_a_server_have_a_bound(options: tuple[type[Option], ...], question: bytes) -> None:
    assert 0 < answered(Role.CLIENT, options, question) <= 2 * 64 * DEFAULT.negotiations


def test_answers_come_back_with_time() -> None:
    session, handler = agreed(limits=Limits(negotiations=16))
    deliver(session, (IAC + AYT) * 100, now=0.0)
    assert session.take() == b"[Yes]\r\n" * 16
    assert handler.named("on_negotiation_limit") == [("on_negotiation_limit", AYT, b"")]

    deliver(session, (IAC + AYT) * 100, now=3.0)

    assert session.take() == b"[Yes]\r\n" * 3


def test_negotiation_and_questions_share_what_a_peer_may_have() -> None:
    session, handler = agreed(limits=Limits(negotiations=10))
    deliver(session, negotiate(DO, b"x") * 9 + (IAC + AYT) * 5 + negotiate(DO, b"y"))

    assert session.take().count(b"[Yes]") == 1
    assert len(handler.named("on_negotiation_limit")) == 1
