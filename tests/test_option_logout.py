"""LOGOUT: asking to be logged out."""

from __future__ import annotations

from types import ModuleType

import pytest
from session_support import Pair, Recorder, deliver, served

from telnet.constants import DO, DONT, WILL, WONT
from telnet.constants import LOGOUT as CODE
from telnet.encode import negotiate
from telnet.options import LOGOUT, Role
from telnet.session import Session


@pytest.fixture(autouse=True)
def parser(parser_module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("telnet.session.Parser", parser_module.Parser)


class Player(Recorder):
    """A program that logs out whoever asks for it, except the first time."""

    session: Session
    asked = 0

    def on_logout(self) -> None:
        self.asked += 1
        if self.asked > 1:
            self.session[LOGOUT].announce()
            self.session.close()


def player() -> Session:
    program = Player()
    session = program.session = Session(program, (LOGOUT,))
    session.start(0.0)
    return session


@pytest.mark.parametrize("role", Role)
def test_nobody_asks_by_itself(role: Role) -> None:
    session, _ = served((LOGOUT,), role=role)

    assert session.take() == b""


def test_a_program_that_does_nothing_about_it_declines() -> None:
    pair = Pair((LOGOUT,)).start().clear()

    pair.client[LOGOUT].ask()
    pair.run()

    assert pair.at_server.events == [("on_logout",)]
    assert pair.at_client.named("on_logout_answer") == [("on_logout_answer", False)]
    assert bytes(pair.sent_by_server) == negotiate(WONT, CODE)


def test_a_program_that_declines_by_itself_does_so_once() -> None:
    class Stubborn:
        session: Session

        def on_logout(self) -> None:
            self.session[LOGOUT].decline()

    program = Stubborn()
    session = program.session = Session(program, (LOGOUT,))
    session.start(0.0)

    deliver(session, negotiate(DO, CODE))

    assert session.take() == negotiate(WONT, CODE)


def test_a_program_without_the_handler_declines() -> None:
    session = Session(object(), (LOGOUT,))
    session.start(0.0)

    deliver(session, negotiate(DO, CODE))

    assert session.take() == negotiate(WONT, CODE)


def test_a_program_whose_handler_fails_declines() -> None:
    class Broken:
        def on_logout(self) -> None:
            raise RuntimeError

    failures: list[Exception] = []
    session = Session(Broken(), (LOGOUT,), report=failures.append)
    session.start(0.0)

    deliver(session, negotiate(DO, CODE))

    assert (session.take(), len(failures)) == (negotiate(WONT, CODE), 1)


def test_a_program_announces_it_and_closes() -> None:
    session = player()

    deliver(session, negotiate(DO, CODE) * 2)

    assert session.take() == negotiate(WONT, CODE) + negotiate(WILL, CODE)
    assert session.closed


def test_server_announces_it_of_its_own_accord() -> None:
    pair = Pair((LOGOUT,)).start().clear()

    pair.server[LOGOUT].announce()
    pair.run()

    assert pair.at_client.named("on_logout_answer") == [("on_logout_answer", True)]
    assert bytes(pair.sent_by_client) == b""


def test_an_announcement_of_before_answers_no_later_question() -> None:
    session, _ = served((LOGOUT,))
    session[LOGOUT].announce()
    session.take()

    deliver(session, negotiate(DO, CODE))

    assert session.take() == negotiate(WONT, CODE)


@pytest.mark.parametrize(("command", "accepted"), [(WILL, True), (WONT, False)])
def test_an_answer_is_told_and_not_answered(command: bytes, accepted: bool) -> None:
    session, handler = served((LOGOUT,), negotiate(command, CODE), role=Role.CLIENT)

    assert handler.named("on_logout", "on_logout_answer") == [("on_logout_answer", accepted)]
    assert session.take() == b""


def test_dont_asks_nothing() -> None:
    session, handler = served((LOGOUT,), negotiate(DONT, CODE))

    assert (session.take(), handler.named("on_logout", "on_logout_answer")) == (b"", [])


def test_who_does_not_list_it_declines() -> None:
    session, _ = served((), negotiate(DO, CODE))

    assert session.take() == negotiate(WONT, CODE)
