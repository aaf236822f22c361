from __future__ import annotations

import array
from collections.abc import Iterable
from types import ModuleType
from typing import Any

import pytest
from effort import FOR_PARSER
from hypothesis import given
from hypothesis import strategies as st

from telnet.constants import AYT, DO, DONT, ECHO, EXOPL, GA, GMCP, IAC, NAWS, SB, SE, WILL, WONT
from telnet.encode import command, escape, negotiate, subnegotiation
from telnet.events import Command, Data, Option, Subnegotiation, parse


def test_escape_doubles_iac(parser_module: ModuleType) -> None:
    assert parser_module.escape(b"a\xffb\xff\xff") == b"a\xff\xffb\xff\xff\xff\xff"


def test_escape_returns_plain_bytes_as_the_same_object(parser_module: ModuleType) -> None:
    data = b"no such byte in here"

    assert parser_module.escape(data) is data


@pytest.mark.parametrize("kind", [bytearray, memoryview, lambda data: array.array("B", data)])
def test_escape_takes_any_bytes_like(parser_module: ModuleType, kind: Any) -> None:
    result = parser_module.escape(kind(b"a\xff"))

    assert result == b"a\xff\xff"
    assert type(result) is bytes


def test_escape_reads_a_strided_view_in_its_own_order(parser_module: ModuleType) -> None:
    assert parser_module.escape(memoryview(b"a\xffb")[::-1]) == b"b\xff\xffa"


@pytest.mark.parametrize("places", [(), (0,), (7,), (8,), (31,), (32, 33), (0, 40, 69), range(70), range(0, 70, 2)])
@pytest.mark.parametrize("length", [*range(8), 8, 9, 24, 25, 70, 223, 224, 225, 500])
def test_escape_finds_every_iac(parser_module: ModuleType, length: int, places: Iterable[int]) -> None:
    data = bytearray(b"x" * length)
    for place in places:
        data[place : place + 1] = IAC

    assert parser_module.escape(bytes(data)) == b"".join(IAC + IAC if byte == 255 else b"x" for byte in data)


@FOR_PARSER
@given(data=st.lists(st.sampled_from([b"\xff", b"\xff" * 9, b"\xfe", b"\x7f", b"x" * 9, b"y" * 230])).map(b"".join))
def test_escape_is_the_same_in_both(parser_modules: list[ModuleType], data: bytes) -> None:
    for module in parser_modules:
        assert module.escape(data) == data.replace(b"\xff", b"\xff\xff")


@pytest.mark.parametrize("data", [b"abc", b"\xff"])
def test_escape_returns_bytes_for_a_subclass(parser_module: ModuleType, data: bytes) -> None:
    class Tagged(bytes):
        pass

    assert type(parser_module.escape(Tagged(data))) is bytes


@pytest.mark.parametrize("empty", [b"", bytearray(), memoryview(b"")])
def test_escape_of_nothing_is_nothing(parser_module: ModuleType, empty: Any) -> None:
    assert parser_module.escape(empty) == b""


def test_escape_refuses_text(parser_module: ModuleType) -> None:
    with pytest.raises(TypeError, match=r"^data must be bytes-like, not str: encode text first$"):
        parser_module.escape("text")


def test_escape_refuses_a_number(parser_module: ModuleType) -> None:
    with pytest.raises(TypeError, match=r"^data must be bytes-like, not int$"):
        parser_module.escape(3)


@pytest.mark.parametrize("verb", [WILL, WONT, DO, DONT])
def test_negotiate_is_three_bytes(verb: bytes) -> None:
    assert negotiate(verb, ECHO) == IAC + verb + ECHO


def test_negotiate_does_not_double_option_255() -> None:
    assert negotiate(WILL, EXOPL) == b"\xff\xfb\xff"


def test_negotiate_refuses_another_command() -> None:
    with pytest.raises(ValueError, match=r"^command must be WILL, WONT, DO or DONT, not GA$"):
        negotiate(GA, ECHO)


def test_negotiate_refuses_a_long_option() -> None:
    with pytest.raises(ValueError, match=r"^option must be 1 byte, not 2: b'ab'$"):
        negotiate(WILL, b"ab")


def test_negotiate_refuses_a_number_for_an_option() -> None:
    with pytest.raises(TypeError, match=r"^option must be bytes, not int$"):
        negotiate(WILL, 1)  # type: ignore[arg-type]


def test_command_is_two_bytes() -> None:
    assert command(GA) == b"\xff\xf9"


@pytest.mark.parametrize("verb", [WILL, WONT, DO, DONT])
def test_command_refuses_what_needs_an_option(verb: bytes) -> None:
    with pytest.raises(ValueError, match=r"^(WILL|WONT|DO|DONT) needs an option: use negotiate\(\)$"):
        command(verb)


def test_command_refuses_an_open_subnegotiation() -> None:
    with pytest.raises(ValueError, match=r"^SB needs an option and an end: use subnegotiation\(\)$"):
        command(SB)


def test_command_refuses_iac() -> None:
    with pytest.raises(ValueError, match=r"^IAC IAC is the data byte 255, not a command: use escape\(\)$"):
        command(IAC)


def test_command_refuses_no_byte() -> None:
    with pytest.raises(ValueError, match=r"^command must be 1 byte, not 0: b''$"):
        command(b"")


def test_subnegotiation_escapes_its_payload() -> None:
    assert subnegotiation(NAWS, b"\x00\xff\x00\x28") == IAC + SB + NAWS + b"\x00\xff\xff\x00\x28" + IAC + SE


def test_subnegotiation_may_be_empty() -> None:
    assert subnegotiation(GMCP, b"") == IAC + SB + GMCP + IAC + SE


def test_subnegotiation_refuses_two_options() -> None:
    with pytest.raises(ValueError, match=r"^option must be 1 byte, not 2: "):
        subnegotiation(GMCP + NAWS, b"")


@FOR_PARSER
@given(data=st.binary(min_size=1))
def test_escaped_data_is_read_back(data: bytes) -> None:
    assert parse(escape(data)) == [Data(data)]


@pytest.mark.parametrize("number", range(256))
def test_every_option_is_read_back(number: int) -> None:
    option = bytes([number])

    assert parse(negotiate(DO, option)) == [Option(DO, option)]


@pytest.mark.parametrize("number", range(256))
def test_every_subnegotiation_is_read_back(number: int) -> None:
    option = bytes([number])

    assert parse(subnegotiation(option, b"\xff\xf0")) == [Subnegotiation(option, b"\xff\xf0")]


def test_a_command_is_read_back() -> None:
    assert parse(command(AYT)) == [Command(AYT)]
