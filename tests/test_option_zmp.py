"""ZMP: commands both ways, those of the core answered, and what is malformed dropped."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st
from session_support import Pair, Recorder, deliver, every_cut, served

from telnet import constants
from telnet.constants import DO, DONT, WILL
from telnet.encode import negotiate, subnegotiation
from telnet.options import ZMP, Option, Role
from telnet.options.zmp import decode_zmp, encode_zmp
from telnet.session import Session

WILL_ZMP = negotiate(WILL, constants.ZMP)
DO_ZMP = negotiate(DO, constants.ZMP)

MOMENT = datetime(2003, 7, 2, 12, 20, 34)


@pytest.fixture(autouse=True)
def every_parser(parser_module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("telnet.session.Parser", parser_module.Parser)


def agreed(role: Role, *received: bytes, option: type[Option] | Option = ZMP) -> tuple[Session, Recorder]:
    """A session with ZMP on, that has received these bytes since; what was said until then is taken."""
    session, handler = served((option,), DO_ZMP if role is Role.SERVER else WILL_ZMP, role=role)
    session.take()
    handler.events.clear()
    for data in received:
        session.receive(data, 0.0)
    return session, handler


def command(payload: bytes) -> bytes:
    return subnegotiation(constants.ZMP, payload)


# Encodings


def test_text_that_is_not_utf_8_is_read_as_lines_are() -> None:
    _, handler = agreed(Role.SERVER, command(b"x\0h\xe4\0h\xc3\xa4\0"))

    assert handler.events == [("on_zmp", "x", ["h\xe4", "h\xe4"])]


@pytest.mark.parametrize("encoding", ["latin-1", "gbk", "utf-8"])
def test_both_ends_speak_in_the_encoding_of_the_session(encoding: str) -> None:
    option = ZMP("Gr\xfcn", "1")
    name, text = ("Gr\xfcn".encode(encoding, "replace").decode(encoding), "\xe9\u2665".encode(encoding, "replace"))
    pair = Pair((option,), encoding=encoding).start()
    assert pair.at_client.named("on_zmp") == [("on_zmp", "zmp.ident", [name, "1", ""])]

    pair.clear().client[ZMP].send_command("x", "\xe9\u2665")
    pair.client[ZMP].send_command("zmp.check", "\xe9")
    pair.run()

    assert pair.at_server.events[0] == ("on_zmp", "x", [text.decode(encoding)])
    assert bytes(pair.sent_by_client).startswith(command(b"x\0" + text + b"\0"))
    assert pair.at_client.events == [("on_zmp", "zmp.no-support", ["\xe9"])]


# Payloads

PAYLOADS = [
    (b"zmp.ping\0", ("zmp.ping",)),
    (b"zmp.time\x002003-07-02 12:20:34\0", ("zmp.time", "2003-07-02 12:20:34")),
    (b"my-command\0parameter 1\0second parameter\0", ("my-command", "parameter 1", "second parameter")),
    (b"x\0\0\0", ("x", "", "")),
    ("x\0h\u00e4\0".encode(), ("x", "h\u00e4")),
]


@pytest.mark.parametrize(("payload", "strings"), PAYLOADS)
def test_every_string_is_written_with_its_nul(payload: bytes, strings: tuple[str, ...]) -> None:
    assert encode_zmp(*strings) == payload


@pytest.mark.parametrize(("payload", "strings"), PAYLOADS)
def test_a_payload_is_read_as_its_strings(payload: bytes, strings: tuple[str, ...]) -> None:
    assert decode_zmp(payload) == (strings[0], list(strings[1:]))


def test_bytes_that_are_not_utf_8_are_replaced() -> None:
    assert decode_zmp(b"x\0\xe4\0") == ("x", ["\ufffd"])


@pytest.mark.parametrize("payload", [b"", b"zmp.ping", b"x\0y", b"\xff"])
def test_a_payload_without_its_last_nul_is_no_command(payload: bytes) -> None:
    with pytest.raises(ValueError, match="^a command without its last NUL$"):
        decode_zmp(payload)


BAD_NAMES = ["", ".", ".x", "x.", "a b", "a_b", "h\u00e4", "a\n"]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_payload_with_a_bad_name_is_no_command(name: str) -> None:
    with pytest.raises(ValueError, match="^not the name of a command$"):
        decode_zmp(name.encode() + b"\0")


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_bad_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="^a command is ASCII letters, digits, - and dots between them, not "):
        encode_zmp(name)


def test_an_argument_with_a_nul_in_it_is_refused() -> None:
    with pytest.raises(ValueError, match="^an argument has no NUL in it, not "):
        encode_zmp("x", "a\0b")


def test_what_the_other_end_need_not_take_is_refused() -> None:
    assert len(encode_zmp("x", "y" * 16381)) == 16384
    with pytest.raises(ValueError, match="^a command and its arguments are at most 16384 bytes, not 16385$"):
        encode_zmp("x", "y" * 16382)


# Negotiation


def test_a_server_offers_and_the_client_agrees() -> None:
    pair = Pair((ZMP,)).start()

    assert (bytes(pair.sent_by_server), bytes(pair.sent_by_client)) == (WILL_ZMP, DO_ZMP)


def test_a_client_that_offers_is_refused() -> None:
    session, _ = served((ZMP,))
    session.take()

    session.receive(WILL_ZMP, 0.0)

    assert session.take() == negotiate(DONT, constants.ZMP)


def test_a_client_does_not_agree_to_be_asked() -> None:
    session, _ = served((ZMP,), DO_ZMP, role=Role.CLIENT)

    assert session.take() == negotiate(constants.WONT, constants.ZMP)


# The core


def test_both_sides_introduce_themselves() -> None:
    pair = Pair((ZMP("Ruins", "7", "A game"),), (ZMP("Lantern", "2.1"),)).start()

    assert pair.at_server.named("on_zmp") == [("on_zmp", "zmp.ident", ["Lantern", "2.1", ""])]
    assert pair.at_client.named("on_zmp") == [("on_zmp", "zmp.ident", ["Ruins", "7", "A game"])]
    assert (pair.server.client.name, pair.server.client.version) == ("Lantern", "2.1")


def test_an_introduction_is_not_repeated() -> None:
    session, _ = agreed(Role.CLIENT, negotiate(constants.WONT, constants.ZMP), WILL_ZMP, option=ZMP("Lantern", "2.1"))

    assert session.take() == negotiate(DONT, constants.ZMP) + DO_ZMP


def test_an_introduction_without_a_description_is_taken() -> None:
    session, _ = agreed(Role.SERVER, command(b"zmp.ident\0Lantern\x005.0.1\0"))

    assert (session.client.name, session.client.version) == ("Lantern", "5.0.1")


def test_an_introduction_without_a_version_takes_none_back() -> None:
    session, handler = agreed(Role.SERVER)
    session.client.learn(version="5.0.1")

    deliver(session, command(b"zmp.ident\0Lantern\0"))

    assert handler.named("on_zmp") == [("on_zmp", "zmp.ident", ["Lantern"])]
    assert (session.client.name, session.client.version) == ("Lantern", "5.0.1")


@pytest.mark.parametrize("payload", [b"zmp.ident\0", b"zmp.ident\0\0", b"zmp.ident\0\x001\0"])
def test_an_introduction_without_a_name_takes_none_back(payload: bytes) -> None:
    session, _ = agreed(Role.SERVER, command(b"zmp.ident\0Lantern\x005.0.1\0"), command(payload))

    assert (session.client.name, session.client.version) == ("Lantern", "5.0.1")


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize(
    "moment",
    [MOMENT, MOMENT.replace(tzinfo=timezone.utc), MOMENT.replace(hour=14, tzinfo=timezone(timedelta(hours=2)))],
)
def test_a_ping_is_answered_with_the_time_in_utc(role: Role, moment: datetime) -> None:
    session, handler = agreed(role, command(b"zmp.ping\0"), option=ZMP(clock=lambda: moment))

    assert session.take() == command(b"zmp.time\x002003-07-02 12:20:34\0")
    assert handler.events == [("on_zmp", "zmp.ping", [])]


def test_without_a_clock_a_ping_is_for_the_program() -> None:
    session, handler = agreed(Role.SERVER, command(b"zmp.ping\0"))

    assert session.take() == b""
    assert handler.events == [("on_zmp", "zmp.ping", [])]


@pytest.mark.parametrize(
    ("name", "supported"),
    [
        ("zmp.", True),
        ("zmp.check", True),
        ("zmp.ping", False),
        ("color.", True),
        ("color.define", True),
        ("color.use", False),
        ("org.example.", True),
        ("org.example.map.", True),
        ("org.example.map.room", True),
        ("org.example.map", False),
        ("col.", False),
        (".", False),
        ("", False),
        ("h\ufffd", False),
    ],
)
def test_a_check_is_answered(name: str, supported: bool) -> None:
    option = ZMP(commands=("color.define", "org.example.map.room"))
    session, handler = agreed(Role.SERVER, command(b"zmp.check\0" + name.encode() + b"\0"), option=option)

    answer = b"zmp.support\0" if supported else b"zmp.no-support\0"
    assert session.take() == command(answer + name.encode() + b"\0")
    assert handler.events == [("on_zmp", "zmp.check", [name])]


def test_a_clock_makes_ping_supported() -> None:
    session, _ = agreed(Role.SERVER, option=ZMP(clock=lambda: MOMENT))

    assert session[ZMP].supports("zmp.ping")


def test_a_check_of_nothing_is_not_answered() -> None:
    session, handler = agreed(Role.SERVER, command(b"zmp.check\0"))

    assert session.take() == b""
    assert handler.events == [("on_zmp", "zmp.check", [])]


def test_a_check_of_several_is_answered_for_the_first() -> None:
    session, handler = agreed(Role.SERVER, command(b"zmp.check\0zmp.\0b\0"))

    assert session.take() == command(b"zmp.support\0zmp.\0")
    assert handler.events == [("on_zmp", "zmp.check", ["zmp.", "b"])]


def test_a_check_of_the_longest_name_is_answered() -> None:
    session, _ = agreed(Role.SERVER, command(b"zmp.check\0" + b"x" * 60_000 + b"\0"))

    assert session.take() == command(b"zmp.no-support\0" + b"x" * 60_000 + b"\0")


# Commands


def test_commands_both_ways_between_two_sessions() -> None:
    pair = Pair((ZMP,)).start().clear()

    assert pair.server[ZMP].send_command("color.define", "1", "") is True
    assert pair.client[ZMP].send_command("zmp.input", "say a\nb") is True
    pair.run()

    assert bytes(pair.sent_by_server) == command(b"color.define\x001\0\0")
    assert pair.at_client.events == [("on_zmp", "color.define", ["1", ""])]
    assert pair.at_server.events == [("on_zmp", "zmp.input", ["say a\nb"])]


def test_a_command_keeps_its_place_among_the_text() -> None:
    pair = Pair((ZMP,)).start().clear()
    pair.server.send_line("before")
    pair.server[ZMP].send_command("x")
    pair.server.send_line("behind")

    pair.run()

    assert pair.at_client.events == [("on_line", "before"), ("on_zmp", "x", []), ("on_line", "behind")]


@pytest.mark.parametrize("cut", list(every_cut(command(b"my-command\0parameter 1\0second parameter\0"))), ids=len)
@pytest.mark.parametrize("role", Role)
def test_a_command_is_read_in_any_cut(role: Role, cut: list[bytes]) -> None:
    _, handler = agreed(role, *cut)

    assert handler.events == [("on_zmp", "my-command", ["parameter 1", "second parameter"])]


@pytest.mark.parametrize("role", Role)
def test_no_command_is_sent_while_zmp_is_off(role: Role) -> None:
    session, _ = served((ZMP,), role=role)
    session.take()

    assert session[ZMP].send_command("x") is False
    assert session.take() == b""


def test_a_bad_name_is_refused_while_zmp_is_off_too() -> None:
    session, _ = served((ZMP,))

    with pytest.raises(ValueError, match="^a command is ASCII"):
        session[ZMP].send_command("a b")


# Bad input


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("payload", [b"", b"zmp.ping", b"zmp.check\0zmp."])
def test_a_command_without_its_last_nul_is_reported(role: Role, payload: bytes) -> None:
    session, handler = agreed(role, command(payload))

    assert handler.events == [("on_protocol_error", "ZMP: a command without its last NUL", payload)]
    assert session.take() == b""


@pytest.mark.parametrize("payload", [b"\0", b"\0zmp.ping\0", b"a b\0", b"x.\0", b"\xff\0"])
def test_a_command_with_a_bad_name_is_reported(payload: bytes) -> None:
    _, handler = agreed(Role.SERVER, command(payload))

    assert handler.events == [("on_protocol_error", "ZMP: not the name of a command", payload)]


@pytest.mark.parametrize("role", Role)
def test_a_command_while_zmp_is_off_is_reported(role: Role) -> None:
    _, handler = served((ZMP,), command(b"zmp.ping\0"), role=role)

    assert [event[0] for event in handler.named("on_zmp", "on_protocol_error")] == ["on_protocol_error"]


@pytest.mark.parametrize("role", Role)
@given(payload=st.binary())
def test_no_input_raises(role: Role, payload: bytes) -> None:
    received = [payload, b"zmp.check\0" + payload + b"\0", b"zmp.ident\0" + payload + b"\0\0", b"zmp.ping\0" + payload]

    _, handler = agreed(role, *map(command, received), option=ZMP(clock=lambda: MOMENT))

    assert len(handler.named("on_zmp", "on_protocol_error")) == 4


# What a peer may cost


@pytest.mark.parametrize("role", Role)
def test_a_command_has_as_many_arguments_as_the_limits_say(role: Role) -> None:
    session, handler = agreed(role)

    deliver(session, command(b"a.b\0" + b"x\0" * 4096))
    deliver(session, command(b"a.b\0" + b"x\0" * 4097))

    assert handler.named("on_zmp") == [("on_zmp", "a.b", ["x"] * 4096)]
    assert [event[1] for event in handler.named("on_protocol_error")] == ["ZMP: more than 4096 values"]


def test_a_name_may_be_so_long_and_no_longer() -> None:
    assert decode_zmp(encode_zmp("a" * 128)) == ("a" * 128, [])
    with pytest.raises(ValueError, match="^not the name of a command$"):
        decode_zmp(b"a" * 129 + b"\0")
    with pytest.raises(ValueError, match="^a command is "):
        encode_zmp("a" * 129)


@pytest.mark.parametrize("question", [b"zmp.check\0zmp.\0", b"zmp.ping\0"])
@pytest.mark.parametrize("role", Role)
def test_a_peer_that_asks_on_and_on_is_answered_as_often_as_it_may(role: Role, question: bytes) -> None:
    session, handler = agreed(role, option=ZMP(clock=lambda: MOMENT))

    deliver(session, command(question) * 1000)

    assert 250 <= session.take().count(b"\xff\xfa") <= 256
    assert len(handler.named("on_zmp")) == 1000


def test_what_a_client_says_it_is_is_printable() -> None:
    session, _ = agreed(Role.SERVER, command(b"zmp.ident\0\x1b[2JMud\nlet\x001" + b"\x01" * 60_000 + b"\0\0"))

    assert (session.client.name, session.client.version) == ("[2JMudlet", "1")
