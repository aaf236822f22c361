"""What one message may cost, counted instead of timed: calls to read it, and answers to it when it comes again."""

from __future__ import annotations

import sys
from types import FrameType, ModuleType
from typing import Any

import pytest
from hostile_payloads import LONGEST, OPTIONS, SMALL, long_payloads
from session_support import Recorder, deliver

from telnet import Limits, negotiate, option_name, subnegotiation
from telnet.constants import DO, DONT, LOGOUT, TIMING_MARK, WILL, WONT
from telnet.negotiation import Side
from telnet.options import GMCP, MSDP, MSSP, STATUS, Option, Role
from telnet.options import LOGOUT as LOGOUT_OPTION
from telnet.options import TIMING_MARK as TIMING_MARK_OPTION
from telnet.session import Session

pytestmark = pytest.mark.slow

# Ten for each of the values that a message may have.
MOST_CALLS = 10 * Limits().values

# Of a message that is counted as 32 bytes of a turn.
MOST_CALLS_OF_A_SMALL_ONE = 250

by_role = pytest.mark.parametrize("role", Role, ids=lambda role: role.name.lower())
by_option = pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option_name(option.code))


class Deaf:
    """A handler that has every method, and does nothing."""

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("on_"):
            raise AttributeError(name)
        return _nothing


def _nothing(*arguments: Any) -> None:
    pass


def agreed(option: Option, role: Role, handler: object, *, limits: Limits | None = None) -> Session:
    """A session that has the option on, and MSDP where that takes messages of GMCP."""
    variables = [other for other in OPTIONS if isinstance(other, MSDP) and isinstance(option, GMCP)]
    session = Session(handler, [option, *variables], role=role, limits=limits)
    session.start(0.0)
    for each in session.options:
        deliver(session, negotiate(DO, each) + negotiate(WILL, each))
    session.take()
    return session


def count_calls(session: Session, option: bytes, payload: bytes) -> int:
    """Return how many functions, in Python or in C, are called to take a subnegotiation and send what is due."""
    calls = 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        session.on_subnegotiation(option, payload)
        session.take()
    finally:
        sys.setprofile(before)
    return calls


@by_role
@by_option
def test_a_message_of_any_shape_is_read_in_a_bounded_number_of_calls(option: Option, role: Role) -> None:
    session = agreed(option, role, Deaf())

    for name, payload in long_payloads(option):
        assert len(payload) <= LONGEST
        assert count_calls(session, option.code, payload) <= MOST_CALLS, name


@by_role
@by_option
def test_a_small_message_is_read_in_a_few_calls(option: Option, role: Role) -> None:
    session = agreed(option, role, Deaf())

    for payload in SMALL.get(option.code, ()):
        count_calls(session, option.code, payload)  # what is kept ready from then on
        assert count_calls(session, option.code, payload) <= MOST_CALLS_OF_A_SMALL_ONE, payload


# Answers


@pytest.fixture
def both_parsers(parser_module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("telnet.session.Parser", parser_module.Parser)


in_both_parsers = pytest.mark.usefixtures("both_parsers")


def ask_on_and_on(option: Option, role: Role, payload: bytes) -> tuple[Session, int, Recorder]:
    """Send a message 10,000 times at once; return the session, how many bytes it sent, and what it told."""
    handler = Recorder()
    session = agreed(option, role, handler)
    handler.events.clear()
    deliver(session, subnegotiation(option.code, payload) * 10_000)
    return session, len(session.take()), handler


@in_both_parsers
@by_role
@by_option
def test_no_question_is_answered_again_and_again(option: Option, role: Role) -> None:
    for payload in SMALL.get(option.code, ()):
        session, sent, handler = ask_on_and_on(option, role, payload)

        # Each 64 bytes of an answer count as one more; five are around it.  MSDP answers once for all.
        assert sent <= Limits().negotiations * (64 + 5), payload
        assert len(handler.named("on_negotiation_limit")) <= 1
        deliver(session, b"\r\nlook\r\n", 1.0)
        assert ("on_line", "look") in handler.events


@in_both_parsers
@by_role
def test_what_was_refused_is_answered_when_time_has_passed(role: Role) -> None:
    option = STATUS()
    session, sent, _ = ask_on_and_on(option, role, b"\x01")
    assert sent > 200

    deliver(session, subnegotiation(option.code, b"\x01") * 100, 1.0)
    answers = session.take().count(b"\x00")

    assert 15 <= answers <= 17  # a sixteenth of them each second


@in_both_parsers
@by_role
def test_variables_are_told_once_a_turn(role: Role) -> None:
    option = MSDP(reportable=["HEALTH", "MANA"], sendable=["MAP"])
    session = agreed(option, role, Deaf())
    for name in ("HEALTH", "MANA", "MAP") if role is Role.SERVER else ():
        session[MSDP].set(name, "x" * 100)

    deliver(session, subnegotiation(option.code, b"\1REPORT\2HEALTH\2MANA\1SEND\2MAP\2HEALTH\1LIST\2LISTS") * 1000)

    assert len(session.take()) < 600


@pytest.mark.parametrize("code", [TIMING_MARK, LOGOUT], ids=option_name)
@by_role
def test_options_without_a_state_are_answered_as_often_as_the_others(role: Role, code: bytes) -> None:
    session = Session(Deaf(), [TIMING_MARK_OPTION, LOGOUT_OPTION], role=role)
    session.start(0.0)

    deliver(session, negotiate(DO, code) * 10_000)

    assert len(session.take()) == 3 * Limits().negotiations


def test_a_long_status_of_a_game_is_not_sent_again_and_again() -> None:
    option = MSSP({"NAME": "Ours", "PLAYERS": 1, "UPTIME": 1, "DESCRIPTION": "x" * 4000})
    session = agreed(option, Role.SERVER, Deaf())

    deliver(session, (negotiate(DONT, option.code) + negotiate(DO, option.code)) * 1000)

    assert session.take().count(b"NAME") <= 4


@by_role
@by_option
def test_nothing_is_answered_of_an_option_that_is_being_refused(option: Option, role: Role) -> None:
    session = agreed(option, role, Deaf())
    for side in Side:
        session.negotiator.refuse(option.code, side)
    session.take()

    for payload in SMALL.get(option.code, ()):
        deliver(session, subnegotiation(option.code, payload))
    deliver(session, negotiate(WONT, option.code) + negotiate(DONT, option.code))

    assert session.take() == b""
