from __future__ import annotations

import pytest

from telnet.constants import ECHO, GA, IAC, NAWS, SB, SE, WILL
from telnet.events import Command, Data, Option, ProtocolError, Subnegotiation, parse


def test_parse_gives_each_kind_of_event() -> None:
    data = b"a" + IAC + GA + IAC + WILL + ECHO + IAC + SB + NAWS + b"\x00" + IAC + SE + IAC + SB + IAC + SE

    assert parse(data) == [
        Data(b"a"),
        Command(GA),
        Option(WILL, ECHO),
        Subnegotiation(NAWS, b"\x00"),
        ProtocolError("subnegotiation without an option", b""),
    ]


def test_adjacent_data_is_one_event() -> None:
    assert parse(b"a\xff\xffb\xff\xff") == [Data(b"a\xffb\xff")]


def test_an_incomplete_sequence_at_the_end_is_not_reported() -> None:
    assert parse(b"a" + IAC + SB + NAWS + b"\x00\x50") == [Data(b"a")]


def test_events_have_named_fields() -> None:
    event = parse(IAC + WILL + ECHO)[0]

    assert isinstance(event, Option)
    assert (event.command, event.option) == (WILL, ECHO)


def test_nothing_gives_no_events() -> None:
    assert parse(b"") == []


def test_parse_takes_a_bytearray() -> None:
    assert parse(bytearray(b"ab")) == [Data(b"ab")]


def test_parse_refuses_text() -> None:
    with pytest.raises(TypeError, match=r"^data must be bytes-like, not str: encode text before feeding it$"):
        parse("ab")  # type: ignore[arg-type]
