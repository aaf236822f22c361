"""TIMING-MARK: an answer in its place, and no state."""

from __future__ import annotations

import asyncio
from types import ModuleType
from typing import Any

import pytest
from aio_support import PATIENT, Connection, Peer, Run, only, serving, until
from session_support import Pair, Recorder, deliver, every_cut, served
from shell_support import SHELLS, receive_until, start_shell
from traces import TRACES, segments

from telnet import MudHandler, aio
from telnet.constants import DO, DONT, IAC, WILL, WONT
from telnet.constants import TIMING_MARK as CODE
from telnet.encode import negotiate
from telnet.limits import Limits
from telnet.options import LOGOUT, TIMING_MARK, Role
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


# An answer that is not given at once


class Thinker(Parrot):
    """A program that processes a line when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.session = Session(self, (TIMING_MARK,))
        self.session.start(0.0)
        self.waiting: list[str | None] = []

    def on_line(self, line: str) -> None:
        self.waiting.append(line)

    def on_timing_mark_request(self) -> None:
        if self.waiting:
            self.session[TIMING_MARK].hold()
            self.waiting.append(None)

    def think(self) -> None:
        for line in self.waiting:
            self.session[TIMING_MARK].announce() if line is None else self.session.send_line(line)
        self.waiting.clear()


def test_program_that_processes_later_answers_in_that_order() -> None:
    thinker = Thinker()
    deliver(thinker.session, negotiate(DO, CODE) + b"one\r\n" + negotiate(DO, CODE) * 2 + b"two\r\n")
    assert thinker.session.take() == negotiate(WILL, CODE)

    thinker.think()

    assert thinker.session.take() == b"one\r\n" + negotiate(WILL, CODE) * 2 + b"two\r\n"


def test_hold_is_for_one_question() -> None:
    thinker = Thinker()
    deliver(thinker.session, b"one\r\n" + negotiate(DO, CODE))
    thinker.waiting.clear()

    deliver(thinker.session, negotiate(DO, CODE))

    assert thinker.session.take() == negotiate(WILL, CODE)


def test_request_is_told_to_whoever_wants_to_know() -> None:
    _, handler = served((TIMING_MARK,), negotiate(DO, CODE) + negotiate(DONT, CODE))

    assert handler.named("on_timing_mark_request") == [("on_timing_mark_request",)]


@pytest.mark.parametrize("option", [CODE, LOGOUT.code], ids=["TIMING-MARK", "LOGOUT"])
def test_question_is_answered_though_the_handler_fails_with_nobody_to_report_to(option: bytes) -> None:
    class Broken:
        def on_timing_mark_request(self) -> None:
            raise ZeroDivisionError

        on_logout = on_timing_mark_request

    session = Session(Broken(), (TIMING_MARK, LOGOUT))
    session.start(0.0)

    with pytest.raises(ZeroDivisionError):
        deliver(session, negotiate(DO, option))

    assert session.take() == negotiate(WILL if option == CODE else WONT, option)


# Under the shells

TIMING_MARKS = (TIMING_MARK,)
ASKED, ANSWERED = negotiate(DO, CODE), negotiate(WILL, CODE)


class Answering(MudHandler):
    options = TIMING_MARKS

    def on_line(self, line: str) -> None:
        self.send_line(line)


@pytest.mark.parametrize("shell", SHELLS)
def test_handler_has_processed_what_came_before(shell: str) -> None:
    running = start_shell(shell, Answering)
    try:
        with running.connect() as client:
            client.sendall(b"one\r\n" + ASKED + b"two\r\n" + ASKED)
            assert receive_until(client, b"two\r\n" + ANSWERED) == b"one\r\n" + ANSWERED + b"two\r\n" + ANSWERED
    finally:
        running.stop()


async def slow(connection: Any) -> None:
    async for line in connection:
        await asyncio.sleep(0.02)
        connection.send_line(line)


def test_coroutine_has_processed_what_came_before(run: Run) -> None:
    async def main() -> None:
        async with serving(slow, options=TIMING_MARKS) as (_, peer):
            peer.send(b"one\r\ntwo\r\n" + ASKED + b"three\r\n" + ASKED)
            expected = b"one\r\ntwo\r\n" + ANSWERED + b"three\r\n" + ANSWERED
            assert await peer.receive(len(expected)) == expected

    run(main)


def test_coroutine_that_waits_for_a_line_is_no_reason_to_wait(run: Run) -> None:
    async def main() -> None:
        async with serving(slow, options=TIMING_MARKS) as (_, peer):
            peer.send(ASKED)
            assert await peer.receive(3) == ANSWERED
            peer.send(b"one\r\n" + ASKED)
            assert await peer.receive(8) == b"one\r\n" + ANSWERED
            peer.send(ASKED)
            assert await peer.receive(3) == ANSWERED

    run(main)


def test_question_before_the_coroutine_begins_waits_for_the_line_before_it(run: Run) -> None:
    async def greet(connection: aio.MudConnection) -> None:
        await asyncio.sleep(0.05)
        connection.send_line("Welcome!")
        await slow(connection)

    async def main() -> None:
        async with serving(greet, options=TIMING_MARKS) as (_, peer):
            peer.send(ASKED + b"one\r\n" + ASKED)
            assert await peer.receive_until(ANSWERED) == ANSWERED
            assert await peer.receive_until(ANSWERED) == b"Welcome!\r\none\r\n" + ANSWERED

    run(main)


@pytest.mark.parametrize("fails", [False, True], ids=["returns", "raises"])
def test_coroutine_that_has_ended_has_processed_all(run: Run, fails: bool) -> None:
    async def once(connection: aio.MudConnection) -> None:
        connection.send_line(await connection.readline())
        await asyncio.sleep(0.05)
        if fails:
            raise ZeroDivisionError

    async def main() -> None:
        async with serving(once, options=TIMING_MARKS, limits=PATIENT) as (_, peer):
            peer.send(b"one\r\n" + ASKED + b"never read\r\n" + ASKED)
            assert await peer.receive_until(ANSWERED + ANSWERED) == b"one\r\n" + ANSWERED + ANSWERED
            assert await peer.receive_all() == b""

    run(main)


def test_peer_that_has_ended_its_input_is_answered_in_that_order(run: Run) -> None:
    async def main() -> None:
        async with serving(slow, options=TIMING_MARKS) as (_, peer):
            peer.send(b"one\r\n" + ASKED + b"two\r\n" + ASKED)
            peer.end()
            assert await peer.receive_all() == b"one\r\n" + ANSWERED + b"two\r\n" + ANSWERED

    run(main)


def test_questions_that_wait_are_bounded_as_lines_are(run: Run) -> None:
    limits = Limits(ready=0.05, close=0.2, linger=0.2, events=20)

    async def main() -> None:
        async with serving(Connection, options=TIMING_MARKS, limits=limits) as (server, peer):
            connection = await only(server)
            peer.send(b"one\r\n" + ASKED * 100 + b"two\r\n")
            await until(lambda: connection._full)
            await asyncio.sleep(0.02)
            assert (len(connection._lines), connection.session.paused) == (20, True)
            assert await connection.readline() == "one"
            assert await connection.readline() == "two"
            assert await peer.receive(300) == ANSWERED * 100

    run(main)


def test_connection_whose_lines_are_events_answers_at_once(run: Run) -> None:
    class Direct(Connection):
        options = TIMING_MARKS

        def on_line(self, line: str) -> None:
            self.send_line(line)

    async def idle(connection: aio.MudConnection) -> None:
        await connection.wait_closed()

    async def main() -> None:
        async with serving(idle, connection=Direct) as (_, peer):
            peer.send(b"one\r\n" + ASKED)
            assert await peer.receive(8) == b"one\r\n" + ANSWERED

    run(main)


def test_client_is_asked_in_the_same_order(run: Run) -> None:
    async def main() -> None:
        async def game(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            peer = Peer(reader, writer)
            peer.send(b"one\r\n" + ASKED)
            heard.append(await peer.receive(6 + 3))
            writer.close()

        heard: list[bytes] = []
        server = await asyncio.start_server(game, "127.0.0.1", 0)
        address = server.sockets[0].getsockname()
        async with server, await aio.connect(*address, options=TIMING_MARKS) as client:
            assert await client.readline() == "one"
            await asyncio.sleep(0.02)
            client.send_line("look")
            with pytest.raises(EOFError):
                await client.readline()
        assert heard == [b"look\r\n" + ANSWERED]

    run(main)


def test_are_you_there_does_not_wait_for_the_coroutine(run: Run) -> None:
    async def main() -> None:
        async with serving(slow, options=TIMING_MARKS) as (_, peer):
            peer.send(b"one\r\n" + ASKED + IAC + b"\xf6")
            assert await peer.receive(7 + 5 + 3) == b"[Yes]\r\n" + b"one\r\n" + ANSWERED

    run(main)
