"""AYT (are you there?) is answered by a server, in words that are the program's, within what a peer may ask."""

from __future__ import annotations

import asyncio
import zlib
from types import ModuleType
from typing import Any

import pytest
from aio_support import HOST, QUICK, Run, address_of, peer_of
from session_support import Recorder, deliver, served
from shell_support import SHELLS, receive_until, start_shell

from telnet import Limits, MudHandler, aio, negotiate, subnegotiation
from telnet.constants import AYT, DO, IAC, WILL
from telnet.handler import check_handler
from telnet.options import BINARY, ECHO, MCCP2, MCCP3, Role
from telnet.session import Session

ARE_YOU_THERE = IAC + AYT


@pytest.fixture(autouse=True)
def parser(parser_module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("telnet.session.Parser", parser_module.Parser)


def asked(*received: bytes, options: Any = (), role: Role = Role.SERVER, **settings: Any) -> tuple[bytes, Recorder]:
    """What a session sends that is asked whether it is there, and what its handler hears."""
    handler = Recorder()
    session = Session(handler, options, role=role, **settings)
    session.start(0.0)
    for data in received:
        deliver(session, data)
    session.take()
    deliver(session, ARE_YOU_THERE)
    return session.take(), handler


def test_server_answers_and_tells() -> None:
    sent, handler = asked()

    assert sent == b"[Yes]\r\n"
    assert handler.named("on_command") == [("on_command", AYT)]


def test_client_types_nothing_into_the_game_and_tells() -> None:
    sent, handler = asked(b"Welcome!\r\n", role=Role.CLIENT)

    assert sent == b""
    assert handler.named("on_command") == [("on_command", AYT)]


def test_client_that_does_not_answer_uses_up_no_answers() -> None:
    session, handler = served((), ARE_YOU_THERE * 1000, role=Role.CLIENT)

    assert handler.named("on_negotiation_limit") == []
    assert session.take() == b""


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize(
    ("answer", "sent"),
    [
        ("Still here.", b"Still here.\r\n"),
        ("Oui: été", "Oui: été\r\n".encode()),
        ("one\ntwo", b"one\r\ntwo\r\n"),
        ("", b""),
    ],
    ids=repr,
)
def test_words_are_those_of_the_program_at_either_end(role: Role, answer: str, sent: bytes) -> None:
    assert asked(role=role, ayt_answer=answer)[0] == sent


def test_answer_is_in_the_encoding_of_the_session() -> None:
    assert asked(encoding="latin-1", ayt_answer="été ÿ €")[0] == b"\xe9t\xe9 \xff\xff ?\r\n"


def test_answer_that_no_encoding_has_raises_nothing() -> None:
    assert asked(ayt_answer="\udcff")[0] == b"?\r\n"


def test_answer_is_a_line_in_binary_too() -> None:
    assert asked(negotiate(DO, BINARY.code), options=(BINARY,))[0] == b"[Yes]\r\n"


def test_answer_comes_while_typing_is_hidden() -> None:
    session, _ = served((ECHO,))
    session[ECHO].hide()
    deliver(session, negotiate(DO, ECHO.code))
    session.take()

    deliver(session, ARE_YOU_THERE)

    assert session.take() == b"[Yes]\r\n"


def test_answer_keeps_its_place_in_a_compressed_stream() -> None:
    session, _ = served((MCCP2,), negotiate(DO, MCCP2.code))

    session.send_line("before")
    deliver(session, ARE_YOU_THERE)
    session.send_line("after")

    stream = session.take().partition(subnegotiation(MCCP2.code, b""))[2]
    assert zlib.decompressobj().decompress(stream) == b"before\r\n[Yes]\r\nafter\r\n"


def test_question_in_a_compressed_stream_is_answered() -> None:
    session, _ = served((MCCP3,), negotiate(DO, MCCP3.code))
    session.take()

    deliver(session, subnegotiation(MCCP3.code, b"") + zlib.compress(ARE_YOU_THERE + b"look\r\n"))

    assert session.take() == b"[Yes]\r\n"


def test_question_between_the_halves_of_a_line_leaves_it_whole() -> None:
    session, handler = served((), b"lo" + ARE_YOU_THERE + b"ok\r" + ARE_YOU_THERE + b"\n")

    assert session.take() == b"[Yes]\r\n" * 2
    assert handler.named("on_line") == [("on_line", "look")]


def test_long_answer_counts_by_its_length() -> None:
    session = Session(None, limits=Limits(negotiations=8), ayt_answer="x" * 200)
    session.start(0.0)

    deliver(session, ARE_YOU_THERE * 100)

    assert session.take().count(b"\r\n") == 2


def test_program_of_bytes_is_asked_without_an_answer_in_between() -> None:
    session, handler = served(())
    session.raw, session.ayt_answer = True, ""

    deliver(session, b"\x01" + ARE_YOU_THERE + b"\x02")

    assert session.take() == b""
    assert handler.named("on_data", "on_command") == [("on_data", b"\x01"), ("on_command", AYT), ("on_data", b"\x02")]


@pytest.mark.parametrize(("role", "default"), [(Role.SERVER, "[Yes]"), (Role.CLIENT, "")])
def test_none_is_what_that_end_does_by_default(role: Role, default: str) -> None:
    session = Session(None, role=role, ayt_answer="Hm?")

    session.ayt_answer = None

    assert session.ayt_answer == default


@pytest.mark.parametrize("wrong", [b"[Yes]", 5, ["Yes"], False], ids=repr)
def test_answer_that_is_no_text_is_refused_at_the_call(wrong: Any) -> None:
    says = f"^ayt_answer must be str or None, not {type(wrong).__name__}$"
    with pytest.raises(TypeError, match=says):
        Session(None, ayt_answer=wrong)
    with pytest.raises(TypeError, match=says):
        Session(None).ayt_answer = wrong
    with pytest.raises(TypeError, match=says):
        check_handler(type("Wrong", (MudHandler,), {"ayt_answer": wrong}), Role.SERVER)


class Polite(MudHandler):
    limits = QUICK
    ayt_answer = "At your service."


@pytest.mark.parametrize("shell", SHELLS)
def test_handler_has_its_words_under_every_shell(shell: str) -> None:
    running = start_shell(shell, Polite)
    try:
        with running.connect() as client:
            client.sendall(ARE_YOU_THERE)
            assert receive_until(client, b"\r\n") == b"At your service.\r\n"
    finally:
        running.stop()


def test_serve_and_connect_take_it_as_an_argument(run: Run) -> None:
    async def read(connection: aio.MudConnection) -> None:
        async for _ in connection:
            pass

    async def main() -> None:
        async with await aio.serve(read, HOST, 0, limits=QUICK, ayt_answer="Here.") as server:
            async with peer_of(server) as peer:
                peer.send(ARE_YOU_THERE)
                assert await peer.receive_until(b"\n") == b"Here.\r\n"
            async with await aio.connect(*address_of(server), limits=QUICK, ayt_answer="There.") as client:
                assert client.session.ayt_answer == "There."

    run(main)


def test_client_leaves_the_question_of_a_real_server_unanswered(run: Run) -> None:
    heard: list[bytes] = []

    async def game(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(ARE_YOU_THERE + negotiate(WILL, b"\x7b"))  # whose answer shows that the first had none
        heard.append(await reader.readexactly(3))
        writer.close()

    async def main() -> None:
        server = await asyncio.start_server(game, HOST, 0)
        async with server, await aio.connect(*server.sockets[0].getsockname()[:2], limits=QUICK) as client:
            with pytest.raises(EOFError):
                await client.readline()

    run(main)
    assert heard == [negotiate(b"\xfe", b"\x7b")]
