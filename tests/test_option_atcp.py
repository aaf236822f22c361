"""ATCP: agreed on from either side's word, messages both ways, and a hello that tells the client."""

from __future__ import annotations

from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st
from session_support import Pair, Recorder, every_cut, served

from telnet import constants
from telnet.constants import DO, WILL
from telnet.encode import negotiate, subnegotiation
from telnet.options import ATCP, Role
from telnet.options.atcp import decode_atcp, encode_atcp
from telnet.session import Session

WILL_ATCP = negotiate(WILL, constants.ATCP)
DO_ATCP = negotiate(DO, constants.ATCP)

HELLO = b"hello Mudlet 4.17.2\nauth 1\ncomposer 1\nchar_name 1\n"
ROOM = b"Room.Num 1234"


@pytest.fixture(autouse=True)
def every_parser(parser_module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("telnet.session.Parser", parser_module.Parser)


def agreed(role: Role, *received: bytes) -> tuple[Session, Recorder]:
    """A session with ATCP on, that has received these bytes since; what was said until then is taken."""
    session, handler = served((ATCP,), DO_ATCP if role is Role.SERVER else WILL_ATCP, role=role)
    session.take()
    handler.events.clear()
    for data in received:
        session.receive(data, 0.0)
    return session, handler


def message(payload: bytes) -> bytes:
    return subnegotiation(constants.ATCP, payload)


# Encodings


def test_text_that_is_not_utf_8_is_read_as_lines_are() -> None:
    _, handler = agreed(Role.SERVER, message(b"say h\xe4\nl\xe4"))

    assert handler.events == [("on_atcp", "say", "h\xe4", "l\xe4")]


@pytest.mark.parametrize("encoding", ["latin-1", "gbk", "utf-8"])
def test_both_ends_speak_in_the_encoding_of_the_session(encoding: str) -> None:
    text = "h\xe4\u2665".encode(encoding, "replace")
    pair = Pair((ATCP,), (ATCP("Lamp h\xe4\u2665"),), encoding=encoding).start()
    pair.server[ATCP].send_message("say", "h\xe4\u2665", "h\xe4\u2665")
    pair.run()

    assert pair.at_server.named("on_atcp") == [("on_atcp", "hello", "Lamp " + text.decode(encoding), "")]
    assert pair.at_client.named("on_atcp") == [("on_atcp", "say", text.decode(encoding), text.decode(encoding))]
    assert message(b"say " + text + b"\n" + text) in bytes(pair.sent_by_server)


# Payloads

PAYLOADS = [
    (ROOM, ("Room.Num", "1234", "")),
    (b"Char.Vitals H:10/10 M:5/5 NL:0/100", ("Char.Vitals", "H:10/10 M:5/5 NL:0/100", "")),
    (b"Client.Compose Note\nline 1\nline 2", ("Client.Compose", "Note", "line 1\nline 2")),
    (b"Auth.Request", ("Auth.Request", "", "")),
    (b"keepalive\nbody", ("keepalive", "", "body")),
    ("say h\u00e4".encode(), ("say", "h\u00e4", "")),
]


@pytest.mark.parametrize(("payload", "parts"), PAYLOADS)
def test_a_message_is_written_as_its_payload(payload: bytes, parts: tuple[str, str, str]) -> None:
    assert encode_atcp(*parts) == payload


@pytest.mark.parametrize(("payload", "parts"), PAYLOADS)
def test_a_payload_is_read_as_its_message(payload: bytes, parts: tuple[str, str, str]) -> None:
    assert decode_atcp(payload) == parts


@pytest.mark.parametrize("payload", [b"Room.Num 1234\0", b"Room.Num 1234\0\0"])
def test_a_message_may_have_the_end_of_a_string(payload: bytes) -> None:
    assert decode_atcp(payload) == ("Room.Num", "1234", "")
    assert decode_atcp(b"hello\nauth 1\0") == ("hello", "", "auth 1")


def test_a_first_line_may_end_in_cr_lf() -> None:
    assert decode_atcp(b"a b\r\nc\r\n") == ("a", "b", "c\r\n")


def test_bytes_that_are_not_utf_8_are_replaced() -> None:
    assert decode_atcp(b"a \xe4") == ("a", "\ufffd", "")


@pytest.mark.parametrize("payload", [b"", b"\n", b" a", b"\r\nbody"])
def test_a_payload_without_a_name_is_no_message(payload: bytes) -> None:
    with pytest.raises(ValueError, match="^a message without a name$"):
        decode_atcp(payload)


@pytest.mark.parametrize("name", ["", " ", "two words", "a\n"])
def test_a_name_that_is_not_one_word_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="^the name of a message is one word, not "):
        encode_atcp(name)


def test_an_argument_of_several_lines_is_refused() -> None:
    with pytest.raises(ValueError, match="^the argument of a message is one line, not 'a.nb'; "):
        encode_atcp("x", "a\nb")


# Negotiation


def test_a_server_offers_and_the_client_agrees() -> None:
    pair = Pair((ATCP,)).start()

    assert (bytes(pair.sent_by_server), bytes(pair.sent_by_client)) == (WILL_ATCP, DO_ATCP)


def test_a_client_agrees_to_be_asked_as_the_documentation_has_it() -> None:
    session, _ = served((ATCP,), DO_ATCP, role=Role.CLIENT)

    assert session.take() == WILL_ATCP


def test_a_server_agrees_to_a_client_that_offers() -> None:
    session, _ = served((ATCP,), WILL_ATCP)

    assert session.take() == WILL_ATCP + DO_ATCP


@pytest.mark.parametrize("asked", [WILL_ATCP, DO_ATCP])
def test_a_client_says_hello_when_it_has_agreed(asked: bytes) -> None:
    session, _ = served((ATCP("Lantern 2.1", "auth 1", "composer 1"),), asked, role=Role.CLIENT)

    assert session.take()[3:] == message(b"hello Lantern 2.1\nauth 1\ncomposer 1")


def test_a_client_says_hello_once_when_both_sides_said_will() -> None:
    session, _ = served((ATCP("Lantern 2.1"),), WILL_ATCP, DO_ATCP, role=Role.CLIENT)

    assert session.take().count(b"hello") == 1


def test_a_server_says_no_hello() -> None:
    session, _ = served((ATCP("Lantern 2.1"),), DO_ATCP)

    assert session.take() == WILL_ATCP


def test_a_hello_that_is_too_long_is_refused() -> None:
    with pytest.raises(ValueError, match="^a message to a server is under 2048 bytes, not 2056: b'hello Lantern"):
        ATCP("Lantern 2.1", "x" * 2038)


# What a hello tells


@pytest.mark.parametrize("cut", list(every_cut(message(HELLO))), ids=len)
def test_a_server_learns_the_client_from_its_hello_in_any_cut(cut: list[bytes]) -> None:
    session, handler = agreed(Role.SERVER, *cut)

    assert handler.events == [("on_atcp", "hello", "Mudlet 4.17.2", "auth 1\ncomposer 1\nchar_name 1\n")]
    assert (session.client.name, session.client.version) == ("Mudlet", "4.17.2")


@pytest.mark.parametrize(
    ("program", "name", "version"),
    [(b"The Lantern 2.1 ", "The Lantern", "2.1"), (b"Lantern", "Lantern", ""), (b"", "", ""), (b"  ", "", "")],
)
def test_the_last_word_of_a_hello_is_the_version(program: bytes, name: str, version: str) -> None:
    session, _ = agreed(Role.SERVER, message(b"hello " + program))

    assert (session.client.name, session.client.version) == (name, version)


@pytest.mark.parametrize("name", [b"Hello", b"HELLO"])
def test_a_hello_is_one_in_any_case(name: bytes) -> None:
    session, handler = agreed(Role.SERVER, message(name + b" Lantern 2.1"))

    assert (session.client.name, session.client.version) == ("Lantern", "2.1")
    assert handler.named("on_atcp") == [("on_atcp", name.decode(), "Lantern 2.1", "")]


def test_a_hello_without_a_version_takes_none_back() -> None:
    session, _ = agreed(Role.SERVER, message(b"hello Lantern 2.1"), message(b"hello Lantern"))

    assert session.client.version == "2.1"


def test_a_client_learns_nothing_from_a_hello() -> None:
    session, handler = agreed(Role.CLIENT, message(b"hello Mudlet 4"))

    assert handler.events == [("on_atcp", "hello", "Mudlet 4", "")]
    assert session.client.name == ""


# Messages


def test_messages_both_ways_between_two_sessions() -> None:
    pair = Pair((ATCP,)).start().clear()

    assert pair.server[ATCP].send_message("Room.Num", "1234") is True
    assert pair.client[ATCP].send_message("olesetbuf", body="a\nb") is True
    pair.run()

    assert bytes(pair.sent_by_server) == message(ROOM)
    assert pair.at_client.events == [("on_atcp", "Room.Num", "1234", "")]
    assert pair.at_server.events == [("on_atcp", "olesetbuf", "", "a\nb")]


@pytest.mark.parametrize("role", Role)
def test_no_message_is_sent_while_atcp_is_off(role: Role) -> None:
    session, _ = served((ATCP,), role=role)
    session.take()

    assert session[ATCP].send_message("x") is False
    assert session.take() == b""


def test_a_wrong_name_is_refused_while_atcp_is_off_too() -> None:
    session, _ = served((ATCP,))

    with pytest.raises(ValueError, match="^the name of a message"):
        session[ATCP].send_message("a b")


def test_a_client_sends_2047_bytes_at_most() -> None:
    session, _ = agreed(Role.CLIENT)

    assert session[ATCP].send_message("x", "y" * 2045) is True
    with pytest.raises(ValueError, match="^a message to a server is under 2048 bytes, not 2048: b'x yyyy"):
        session[ATCP].send_message("x", "y" * 2046)


def test_a_server_sends_more_than_a_client_may() -> None:
    session, _ = agreed(Role.SERVER)

    assert session[ATCP].send_message("x", "y" * 2046) is True


def test_a_server_takes_more_than_a_client_may_send() -> None:
    _, handler = agreed(Role.SERVER, message(b"x " + b"y" * 10_000))

    assert handler.events == [("on_atcp", "x", "y" * 10_000, "")]


# Bad input


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("payload", [b"", b"\n", b" x", b"\nhello Mudlet"])
def test_a_message_without_a_name_is_reported(role: Role, payload: bytes) -> None:
    _, handler = agreed(role, message(payload))

    assert handler.events == [("on_protocol_error", "ATCP: a message without a name", payload)]


@pytest.mark.parametrize("role", Role)
def test_a_message_while_atcp_is_off_is_reported(role: Role) -> None:
    session, handler = served((ATCP,), message(HELLO), role=role)

    assert [event[0] for event in handler.named("on_atcp", "on_protocol_error")] == ["on_protocol_error"]
    assert session.client.name == ""


@pytest.mark.parametrize("role", Role)
@given(payload=st.binary())
def test_no_input_raises(role: Role, payload: bytes) -> None:
    _, handler = agreed(role, message(payload), message(b"hello " + payload))

    assert len(handler.named("on_atcp", "on_protocol_error")) == 2
