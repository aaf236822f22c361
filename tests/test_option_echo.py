"""ECHO: how a server hides a password."""

from __future__ import annotations

from types import ModuleType

import pytest
from session_support import Pair, Recorder, deliver, served
from traces import TRACES, segments

from telnet.constants import DO, DONT, WILL, WONT
from telnet.constants import ECHO as CODE
from telnet.encode import negotiate
from telnet.negotiation import Side
from telnet.options import ECHO, SGA, Role
from telnet.session import Session


@pytest.fixture(autouse=True)
def parser(parser_module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("telnet.session.Parser", parser_module.Parser)


@pytest.fixture
def hidden() -> Session:
    """A session whose client hides what is typed."""
    session, _ = served((ECHO,))
    session[ECHO].hide()
    deliver(session, negotiate(DO, CODE))
    assert session.take() == negotiate(WILL, CODE)
    return session


@pytest.mark.parametrize("role", Role)
def test_nothing_is_said_until_something_is_to_be_hidden(role: Role) -> None:
    session, _ = served((ECHO,), role=role)

    assert session.take() == b""


def test_a_password_is_hidden_while_it_is_typed() -> None:
    pair = Pair((ECHO,)).start().clear()

    pair.server[ECHO].hide()
    pair.run()
    pair.client.send_line("secret")
    pair.run()
    pair.server[ECHO].show()
    pair.run()

    assert pair.at_client.named("on_echo") == [("on_echo", False), ("on_echo", True)]
    assert pair.at_server.events == [("on_line", "secret")]
    assert bytes(pair.sent_by_server) == negotiate(WILL, CODE) + b"\r\n" + negotiate(WONT, CODE)


def test_the_enter_that_was_not_shown_is_made_up_for(hidden: Session) -> None:
    hidden[ECHO].show()

    assert hidden.take() == b"\r\n" + negotiate(WONT, CODE)


def test_no_enter_is_made_up_for_at_a_client_that_showed_it() -> None:
    session, _ = served((ECHO,))
    session[ECHO].hide()
    deliver(session, negotiate(DONT, CODE))

    session[ECHO].show()

    assert session.take() == negotiate(WILL, CODE)


def test_a_client_that_has_not_answered_yet_is_told_again_that_all_is_shown() -> None:
    session, _ = served((ECHO,))
    session[ECHO].hide()
    session[ECHO].show()
    session.take()

    deliver(session, negotiate(DO, CODE))

    assert session.take() == negotiate(WONT, CODE)


def test_hiding_twice_is_said_once(hidden: Session) -> None:
    hidden[ECHO].hide()

    assert hidden.take() == b""


def test_showing_twice_is_said_once(hidden: Session) -> None:
    hidden[ECHO].show()
    hidden.take()

    hidden[ECHO].show()

    assert hidden.take() == b""


def test_a_second_password_is_hidden_as_the_first(hidden: Session) -> None:
    hidden[ECHO].show()
    deliver(hidden, negotiate(DONT, CODE))
    hidden.take()

    hidden[ECHO].hide()
    deliver(hidden, negotiate(DO, CODE))
    hidden[ECHO].show()

    assert hidden.take() == negotiate(WILL, CODE) + b"\r\n" + negotiate(WONT, CODE)


def test_showing_what_was_never_hidden_says_nothing() -> None:
    session, _ = served((ECHO,))

    session[ECHO].show()

    assert session.take() == b""


def test_an_echo_that_is_no_hiding_ends_without_a_new_line() -> None:
    session, _ = served((ECHO,))
    session[ECHO].offer()
    deliver(session, negotiate(DO, CODE))
    session.take()

    session[ECHO].show()

    assert session.take() == negotiate(WONT, CODE)


def test_server_refuses_a_client_that_offers_to_echo() -> None:
    session, _ = served((ECHO,), negotiate(WILL, CODE))

    assert session.take() == negotiate(DONT, CODE)


def test_client_refuses_to_echo() -> None:
    session, _ = served((ECHO,), negotiate(DO, CODE), role=Role.CLIENT)

    assert session.take() == negotiate(WONT, CODE)


def test_server_hides_nothing_at_the_wish_of_the_client() -> None:
    session, _ = served((ECHO,), negotiate(DO, CODE))

    assert session.take() == negotiate(WONT, CODE)


def test_recorded_putty_that_asks_at_once_goes_on_showing_what_is_typed() -> None:
    session, handler = served((ECHO,), *segments(TRACES / "plink-bare.jsonl", "c2s"))

    assert negotiate(WILL, CODE) not in session.take()
    assert ("on_line", "look") in handler.events


def test_client_is_told_when_a_server_stops_of_itself() -> None:
    session, handler = served((ECHO,), negotiate(WILL, CODE), negotiate(WONT, CODE), role=Role.CLIENT)

    assert handler.named("on_echo") == [("on_echo", False), ("on_echo", True)]
    assert session.take() == negotiate(DO, CODE) + negotiate(DONT, CODE)


def test_on_ready_waits_for_the_answer_to_what_was_hidden_at_once() -> None:
    handler = Recorder()
    session = Session(handler, (ECHO, SGA))
    session[ECHO].hide()
    session.start(0.0)
    assert not session.ready

    deliver(session, negotiate(DO, CODE))

    assert session.ready


def test_connections_share_nothing() -> None:
    template = ECHO()
    one, other = served((template,))[0], served((template,))[0]
    for session in (one, other):
        session[ECHO].offer()
        deliver(session, negotiate(DO, CODE))
    one[ECHO].hide()
    other.take()

    other[ECHO].show()

    assert other.take() == negotiate(WONT, CODE)


def test_turning_it_off_by_hand_is_told_to_the_client() -> None:
    pair = Pair((ECHO,)).start()
    pair.server[ECHO].offer()
    pair.run()

    pair.server[ECHO].refuse(Side.LOCAL)
    pair.run()

    assert pair.at_client.named("on_echo") == [("on_echo", False), ("on_echo", True)]
