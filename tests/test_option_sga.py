"""SGA: no GA behind what is sent."""

from __future__ import annotations

from types import ModuleType

import pytest
from session_support import Pair, served

from telnet.constants import DO, DONT, GA, IAC, WILL, WONT
from telnet.constants import SGA as CODE
from telnet.encode import negotiate
from telnet.options import SGA, Role


@pytest.fixture(autouse=True)
def parser(parser_module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("telnet.session.Parser", parser_module.Parser)


@pytest.mark.parametrize("role", Role)
def test_nobody_asks_for_it_by_itself(role: Role) -> None:
    session, _ = served((SGA,), role=role)

    assert session.take() == b""


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize(("wish", "granted"), [(WILL, DO), (DO, WILL)])
def test_the_wish_of_the_peer_is_granted(role: Role, wish: bytes, granted: bytes) -> None:
    session, _ = served((SGA,), negotiate(wish, CODE), role=role)

    assert session.take() == negotiate(granted, CODE)


def test_a_prompt_ends_in_ga_without_it() -> None:
    session, _ = served((SGA,))

    session.prompt("> ")

    assert session.take() == b"> " + IAC + GA


def test_a_prompt_ends_in_a_line_end_with_it() -> None:
    session, _ = served((SGA,), negotiate(DO, CODE))
    session.take()

    session.prompt("> ")

    assert session.take() == b"> \r\n"


def test_a_prompt_ends_in_ga_while_only_the_peer_suppresses_its_own() -> None:
    session, _ = served((SGA,), negotiate(WILL, CODE))
    session.take()

    session.prompt("> ")

    assert session.take() == b"> " + IAC + GA


def test_a_prompt_ends_in_ga_again_when_it_is_off() -> None:
    session, _ = served((SGA,), negotiate(DO, CODE), negotiate(DONT, CODE))
    session.take()

    session.prompt("> ")

    assert session.take() == b"> " + IAC + GA


def test_who_does_not_list_it_refuses_it() -> None:
    session, _ = served((), negotiate(DO, CODE), negotiate(WILL, CODE))

    assert session.take() == negotiate(WONT, CODE) + negotiate(DONT, CODE)


def test_both_directions_are_on_when_both_are_asked_for() -> None:
    pair = Pair((SGA,)).start()

    pair.server[SGA].offer()
    pair.server[SGA].request()
    pair.run()

    assert all((pair.server[SGA].local, pair.server[SGA].remote, pair.client[SGA].local, pair.client[SGA].remote))


def test_it_has_no_subnegotiation() -> None:
    _, handler = served((SGA,), negotiate(WILL, CODE), b"\xff\xfa\x03\xff\xf0")

    assert handler.events[-1] == ("on_protocol_error", "SGA: unexpected subnegotiation", b"")
