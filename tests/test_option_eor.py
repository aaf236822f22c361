"""EOR: a mark behind each prompt, and records in both directions."""

from __future__ import annotations

from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st
from session_support import Pair, Recorder, deliver, every_cut, served

from telnet.constants import CMD_EOR, DO, DONT, GA, IAC, WILL
from telnet.constants import EOR as CODE
from telnet.encode import negotiate
from telnet.options import BINARY, EOR, MCCP2, MCCP3, SGA, Option, Role
from telnet.session import Session


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


def test_either_end_performs_it_when_the_other_asks() -> None:
    server, _ = served((EOR,), negotiate(WILL, CODE))
    client, _ = served((EOR,), negotiate(DO, CODE), role=Role.CLIENT)

    assert server.take() == negotiate(WILL, CODE) + negotiate(DO, CODE)
    assert client.take() == negotiate(WILL, CODE)


def test_a_client_is_not_asked_for_marks_unless_the_program_does() -> None:
    session, _ = served((EOR,), negotiate(DO, CODE))
    assert session.take() == negotiate(WILL, CODE)

    session[EOR].request()

    assert session.take() == negotiate(DO, CODE)


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


# Records, as terminals of the IBM 3270 and 5250 families send them (RFC 885, RFC 1576, RFC 4777)


class Cutter(Recorder):
    """A program that cuts what comes into records."""

    def __init__(self) -> None:
        super().__init__(without=("on_client", "on_option_enabled", "on_option_disabled", "on_option_refused"))
        self.records: list[bytes] = []
        self.unfinished = b""

    def on_data(self, data: bytes) -> None:
        self.unfinished += data

    def on_command(self, command: bytes) -> None:
        if command == CMD_EOR:
            self.records.append(self.unfinished)
            self.unfinished = b""


class RecordPair(Pair):
    """Two ends that have agreed on records in both directions."""

    def __init__(self, *more: type[Option]) -> None:
        super().__init__((EOR, BINARY, *more))
        self.cutters = {Role.SERVER: Cutter(), Role.CLIENT: Cutter()}
        self.ends = {Role.SERVER: self.server, Role.CLIENT: self.client}
        for role, session in self.ends.items():
            session._handler = self.cutters[role]
            session.raw = True
        self.start()
        self.server[EOR].request()
        self.server[BINARY].offer()
        self.server[BINARY].request()
        self.run().clear()


ROLES = {Role.SERVER: Role.CLIENT, Role.CLIENT: Role.SERVER}


@pytest.mark.parametrize("sender", ROLES, ids=lambda role: role.name)
@pytest.mark.parametrize("more", [(), (MCCP2, MCCP3)], ids=["plain", "compressed"])
def test_a_record_of_any_bytes_arrives_whole_from_either_end(sender: Role, more: tuple[type[Option], ...]) -> None:
    records = [bytes(range(256)), b"", b"\xff", b"\xff\xef", b"\r\n\r\0\n", bytes(70000)]
    pair = RecordPair(*more)

    for record in records:
        assert pair.ends[sender][EOR].send_record(record)
    pair.run()

    assert pair.cutters[ROLES[sender]].records == records
    assert pair.cutters[ROLES[sender]].unfinished == b""


def test_a_record_is_its_bytes_with_255_doubled_and_the_mark() -> None:
    pair = RecordPair()

    pair.server[EOR].send_record(b"\xf5\xc3\xff\r")
    pair.client[EOR].send_record(b"\x7d\xff")
    pair.run()

    assert bytes(pair.sent_by_server) == b"\xf5\xc3\xff\xff\r\xff\xef"
    assert bytes(pair.sent_by_client) == b"\x7d\xff\xff\xff\xef"


@pytest.mark.parametrize("role", Role, ids=lambda role: role.name)
def test_records_are_the_same_in_every_cut(role: Role) -> None:
    mark = IAC + CMD_EOR
    for pieces in every_cut(negotiate(WILL, CODE) + b"\x7d\xff\xff\xef" + mark + mark + b"\xc1\r\0" + mark + b"\xc2"):
        cutter = Cutter()
        session = Session(cutter, (EOR,), role=role)
        session.raw = True
        session.start(0.0)
        for piece in pieces:
            deliver(session, piece)

        assert (cutter.records, cutter.unfinished) == ([b"\x7d\xff\xef", b"", b"\xc1\r\0"], b"\xc2")


@given(st.lists(st.binary(max_size=300)), st.lists(st.binary(max_size=300)))
def test_records_of_both_ends_cross_unharmed(upward: list[bytes], downward: list[bytes]) -> None:
    pair = RecordPair()

    for record in upward:
        pair.client[EOR].send_record(record)
    for record in downward:
        pair.server[EOR].send_record(record)
    pair.run()

    assert (pair.cutters[Role.SERVER].records, pair.cutters[Role.CLIENT].records) == (upward, downward)


@pytest.mark.parametrize("role", Role, ids=lambda role: role.name)
def test_no_record_is_sent_until_the_peer_agrees_to_the_mark(role: Role) -> None:
    session, _ = served((EOR,), role=role)
    session.take()

    assert not session[EOR].send_record(b"\xf5")
    assert session.take() == b""
    deliver(session, negotiate(DO, CODE))
    session.take()
    assert session[EOR].send_record(b"\xf5")
    assert session.take() == b"\xf5" + IAC + CMD_EOR


def test_marks_of_the_peer_alone_do_not_allow_ours() -> None:
    session, _ = served((EOR,), negotiate(WILL, CODE), role=Role.CLIENT)
    session.take()

    assert not session[EOR].send_record(b"\x7d")


def test_a_record_is_bytes() -> None:
    pair = RecordPair()

    with pytest.raises(TypeError):
        pair.server[EOR].send_record("text")  # type: ignore[arg-type]
    pair.run()

    assert bytes(pair.sent_by_server) == b""


def test_a_mark_of_the_client_neither_ends_nor_splits_a_line() -> None:
    session, handler = served((EOR,), negotiate(WILL, CODE), b"lo" + IAC + CMD_EOR + b"ok\r\n")

    assert handler.named("on_line", "on_prompt", "on_command") == [("on_command", CMD_EOR), ("on_line", "look")]
