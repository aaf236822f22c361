"""BINARY: all eight bits, each direction for itself, without the line ends of the NVT."""

from __future__ import annotations

from types import ModuleType

import pytest
from session_support import Pair, deliver, served

from telnet.constants import BINARY as CODE
from telnet.constants import DO, DONT, WILL, WONT
from telnet.encode import negotiate
from telnet.negotiation import Side
from telnet.options import BINARY, Role


@pytest.fixture(autouse=True)
def parser(parser_module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("telnet.session.Parser", parser_module.Parser)


@pytest.mark.parametrize(("role", "said"), [(Role.SERVER, negotiate(DO, CODE)), (Role.CLIENT, b"")])
def test_a_server_asks_for_what_its_client_sends_and_a_client_waits(role: Role, said: bytes) -> None:
    session, _ = served((BINARY,), role=role)

    assert session.take() == said


def test_a_server_that_does_not_list_it_refuses_it() -> None:
    session, _ = served((), negotiate(WILL, CODE), negotiate(DO, CODE))

    assert session.take() == negotiate(DONT, CODE) + negotiate(WONT, CODE)


@pytest.mark.parametrize("answer", [negotiate(WILL, CODE), negotiate(WONT, CODE)])
def test_a_client_that_answers_is_greeted_then(answer: bytes) -> None:
    session, handler = served((BINARY,))
    assert not session.ready

    deliver(session, answer)

    assert handler.named("on_ready") == [("on_ready",)]
    assert session.take() == negotiate(DO, CODE)


def test_a_client_that_never_answers_is_greeted_when_it_sends_a_line_or_the_time_is_over() -> None:
    waiting, _ = served((BINARY,))
    waiting.tick(waiting.limits.ready)
    typing, handler = served((BINARY,), b"look\r\n")

    assert waiting.ready
    assert handler.named("on_ready", "on_line") == [("on_ready",), ("on_line", "look")]


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize(("wish", "granted"), [(WILL, DO), (DO, WILL)])
def test_the_wish_of_the_peer_is_granted_once(role: Role, wish: bytes, granted: bytes) -> None:
    session, _ = served((BINARY,), negotiate(wish, CODE), role=role)

    asked = negotiate(DO, CODE) if role is Role.SERVER else b""
    assert session.take() == (asked if granted in asked else asked + negotiate(granted, CODE))


def test_each_direction_is_agreed_on_by_itself() -> None:
    pair = Pair((BINARY,)).start()
    assert (pair.server[BINARY].local, pair.server[BINARY].remote) == (False, True)
    assert (pair.client[BINARY].local, pair.client[BINARY].remote) == (True, False)

    pair.server[BINARY].offer()
    pair.client[BINARY].refuse(Side.LOCAL)
    pair.run()

    assert (pair.server[BINARY].local, pair.server[BINARY].remote) == (True, False)
    assert (pair.client[BINARY].local, pair.client[BINARY].remote) == (False, True)


def test_text_of_eight_bits_arrives_before_and_after_it_is_agreed_on() -> None:
    line = "say héllo ☃ 日本 ”\r\n".encode()

    _, handler = served((BINARY,), line, negotiate(WILL, CODE), line, b"caf\xe9\xff\xff\r")

    assert handler.named("on_line") == [("on_line", "say héllo ☃ 日本 ”")] * 2 + [("on_line", "caféÿ")]


def test_a_carriage_return_that_we_send_stays_alone() -> None:
    session, _ = served((BINARY,), negotiate(DO, CODE))
    session.take()

    session.send("50%\r100%\n")

    assert session.take() == b"50%\r100%\r\n"


def test_what_we_send_is_unchanged_while_only_the_peer_sends_binary() -> None:
    session, _ = served((BINARY,), negotiate(WILL, CODE))
    session.take()

    session.send("\r")

    assert session.take() == b"\r\0"


def test_a_nul_behind_a_carriage_return_is_text_while_the_peer_sends_binary() -> None:
    _, handler = served((BINARY,), negotiate(WILL, CODE), b"one\r\0two\r\n")

    assert handler.named("on_line") == [("on_line", "one"), ("on_line", "\0two")]


def test_bytes_255_are_doubled_all_the_same() -> None:
    session, handler = served((BINARY,), negotiate(DO, CODE), negotiate(WILL, CODE))
    session.encoding = "latin-1"
    session.take()

    session.send("\xff")
    deliver(session, b"\xff\xff\n")

    assert (session.take(), handler.named("on_line")) == (b"\xff\xff", [("on_line", "\xff")])


def test_the_nvt_is_back_when_we_stop() -> None:
    session, _ = served((BINARY,), negotiate(DO, CODE), negotiate(DONT, CODE))
    session.take()

    session.send("\r")

    assert session.take() == b"\r\0"


def test_the_nvt_is_back_when_the_peer_stops() -> None:
    _, handler = served((BINARY,), negotiate(WILL, CODE), negotiate(WONT, CODE), b"one\r\0two\r\n")

    assert handler.named("on_line") == [("on_line", "one"), ("on_line", "two")]


def test_it_has_no_subnegotiation() -> None:
    _, handler = served((BINARY,), negotiate(WILL, CODE), b"\xff\xfa\x00x\xff\xf0")

    assert handler.events[-1] == ("on_protocol_error", "BINARY: unexpected subnegotiation", b"x")


def test_turning_it_off_ends_in_one_answer() -> None:
    pair = Pair((BINARY,)).start().clear()

    pair.client[BINARY].refuse(Side.LOCAL)
    pair.run()

    assert bytes(pair.sent_by_client) == negotiate(WONT, CODE)
    assert bytes(pair.sent_by_server) == negotiate(DONT, CODE)
