"""TIMING-MARK: an answer in its place, and no state."""

from __future__ import annotations

from types import ModuleType

import pytest
from session_support import Pair, Recorder, deliver, every_cut, served
from traces import TRACES, segments

from telnet.constants import DO, DONT, WILL, WONT
from telnet.constants import TIMING_MARK as CODE
from telnet.encode import negotiate
from telnet.limits import Limits
from telnet.options import TIMING_MARK, Role
from telnet.session import Session


@pytest.fixture(autouse=True)
def parser(parser_module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("telnet.session.Parser", parser_module.Parser)


@pytest.mark.parametrize("role", Role)
def test_nobody_asks_by_itself(role: Role) -> None:
    session, _ = served((TIMING_MARK,), role=role)

    assert session.take() == b""


@pytest.mark.parametrize("asks", ["server", "client"])
def test_either_end_asks_and_is_answered(asks: str) -> None:
    pair = Pair((TIMING_MARK,)).start().clear()

    getattr(pair, asks)[TIMING_MARK].ask()
    pair.run()

    assert getattr(pair, f"at_{asks}").named("on_timing_mark") == [("on_timing_mark", True)]
    assert {bytes(pair.sent_by_server), bytes(pair.sent_by_client)} == {negotiate(DO, CODE), negotiate(WILL, CODE)}


def test_each_question_has_an_answer_of_its_own() -> None:
    session, _ = served((TIMING_MARK,), negotiate(DO, CODE) * 3)

    assert session.take() == negotiate(WILL, CODE) * 3


class Parrot(Recorder):
    """A program that answers each line."""

    session: Session

    def on_line(self, line: str) -> None:
        self.session.send_line(line)


def test_the_answer_stands_behind_what_came_of_all_that_was_received_before() -> None:
    for pieces in every_cut(b"one\r\n" + negotiate(DO, CODE) + b"two\r\n"):
        parrot = Parrot()
        session = parrot.session = Session(parrot, (TIMING_MARK,))
        session.start(0.0)
        for data in pieces:
            deliver(session, data)

        assert session.take() == b"one\r\n" + negotiate(WILL, CODE) + b"two\r\n"


@pytest.mark.parametrize(("command", "accepted"), [(WILL, True), (WONT, False)])
def test_an_answer_is_told_and_not_answered(command: bytes, accepted: bool) -> None:
    session, handler = served((TIMING_MARK,), negotiate(command, CODE))

    assert handler.named("on_timing_mark") == [("on_timing_mark", accepted)]
    assert session.take() == b""


def test_dont_asks_nothing() -> None:
    session, handler = served((TIMING_MARK,), negotiate(DONT, CODE))

    assert (session.take(), handler.named("on_timing_mark")) == (b"", [])


def test_a_question_is_no_option_that_is_on() -> None:
    session, handler = served((TIMING_MARK,), negotiate(DO, CODE) + b"\xff\xfa\x06\xff\xf0")

    assert not session[TIMING_MARK].enabled
    assert handler.events[-1][0] == "on_protocol_error"


def test_who_does_not_list_it_declines() -> None:
    session, _ = served((), negotiate(DO, CODE))

    assert session.take() == negotiate(WONT, CODE)


def test_answers_run_out_where_a_peer_asks_without_end() -> None:
    session, handler = served((TIMING_MARK,), negotiate(DO, CODE) * 1000, limits=Limits(negotiations=8))

    assert session.take() == negotiate(WILL, CODE) * 8
    assert handler.named("on_negotiation_limit") == [("on_negotiation_limit", DO, CODE)]


def test_recorded_telnet_is_answered_for_each_key_that_became_a_command() -> None:
    recorded = segments(TRACES / "inetutils-telnet-linemode.jsonl", "c2s")

    session, _ = served((TIMING_MARK,), *recorded)

    assert session.take().count(negotiate(WILL, CODE)) == b"".join(recorded).count(negotiate(DO, CODE)) == 2
