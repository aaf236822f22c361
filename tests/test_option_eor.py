"""EOR: a mark behind each prompt."""

from __future__ import annotations

from types import ModuleType

import pytest
from session_support import Pair, deliver, every_cut, served

from telnet.constants import CMD_EOR, DO, DONT, GA, IAC, WILL, WONT
from telnet.constants import EOR as CODE
from telnet.encode import negotiate
from telnet.options import EOR, SGA, Role


@pytest.fixture(autouse=True)
def parser(parser_module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("telnet.session.Parser", parser_module.Parser)


def test_server_offers_it() -> None:
    session, _ = served((EOR,))

    assert session.take() == negotiate(WILL, CODE)


def test_client_waits_for_the_offer() -> None:
    session, _ = served((EOR,), role=Role.CLIENT)

    assert session.take() == b""


def test_a_prompt_ends_in_the_mark_and_the_client_is_told() -> None:
    pair = Pair((EOR,)).start().clear()

    pair.server.send_line("A room.")
    pair.server.prompt("> ")
    pair.run()

    assert bytes(pair.sent_by_server) == b"A room.\r\n> " + IAC + CMD_EOR
    assert pair.at_client.named("on_line", "on_prompt") == [("on_line", "A room."), ("on_prompt", "> ")]


def test_the_mark_comes_before_ga_and_before_a_line_end() -> None:
    pair = Pair((EOR, SGA)).start()
    pair.server[SGA].offer()
    pair.run().clear()

    pair.server.prompt("> ")
    pair.run()

    assert bytes(pair.sent_by_server) == b"> " + IAC + CMD_EOR


def test_a_prompt_ends_in_ga_until_the_client_has_agreed() -> None:
    session, _ = served((EOR,))
    session.take()

    session.prompt("> ")
    deliver(session, negotiate(DO, CODE))
    session.prompt("> ")

    assert session.take() == b"> " + IAC + GA + b"> " + IAC + CMD_EOR


@pytest.mark.parametrize("received", [[negotiate(DONT, CODE)], [negotiate(DO, CODE), negotiate(DONT, CODE)]])
def test_a_prompt_ends_in_ga_where_the_client_declines(received: list[bytes]) -> None:
    session, _ = served((EOR,), *received)
    session.take()

    session.prompt("> ")

    assert session.take() == b"> " + IAC + GA


def test_only_the_server_performs_it() -> None:
    server, _ = served((EOR,), negotiate(WILL, CODE))
    client, _ = served((EOR,), negotiate(DO, CODE), role=Role.CLIENT)

    assert server.take() == negotiate(WILL, CODE) + negotiate(DONT, CODE)
    assert client.take() == negotiate(WONT, CODE)


def test_prompts_of_a_server_are_the_same_in_every_cut() -> None:
    data = negotiate(WILL, CODE) + b"A room.\r\n> " + IAC + CMD_EOR + b"HP 9" + IAC + CMD_EOR
    for pieces in every_cut(data):
        _, handler = served((EOR,), *pieces, role=Role.CLIENT)

        assert handler.named("on_line", "on_prompt") == [
            ("on_line", "A room."),
            ("on_prompt", "> "),
            ("on_prompt", "HP 9"),
        ]


def test_on_ready_waits_for_the_answer() -> None:
    session, _ = served((EOR,))
    assert not session.ready

    deliver(session, negotiate(DONT, CODE))

    assert session.ready
