from __future__ import annotations

import re
from pathlib import Path

import pytest

from telnet import constants
from telnet.constants import command_name, option_name

COMMANDS = {
    "EOF": 236, "SUSP": 237, "ABORT": 238, "CMD_EOR": 239, "SE": 240, "NOP": 241, "DM": 242, "BRK": 243, "IP": 244,
    "AO": 245, "AYT": 246, "EC": 247, "EL": 248, "GA": 249, "SB": 250, "WILL": 251, "WONT": 252, "DO": 253, "DONT": 254,
    "IAC": 255,
}  # fmt: skip

OPTIONS = {
    "BINARY": 0, "ECHO": 1, "SGA": 3, "STATUS": 5, "TIMING_MARK": 6, "LOGOUT": 18, "SNDLOC": 23, "TTYPE": 24, "EOR": 25,
    "NAWS": 31, "TSPEED": 32, "LFLOW": 33, "LINEMODE": 34, "XDISPLOC": 35, "ENVIRON": 36, "AUTHENTICATION": 37,
    "ENCRYPT": 38, "NEW_ENVIRON": 39, "CHARSET": 42, "COM_PORT_OPTION": 44, "START_TLS": 46, "MSDP": 69, "MSSP": 70,
    "MCCP1": 85, "MCCP2": 86, "MCCP3": 87, "MCCPX": 88, "MSP": 90, "MXP": 91, "ZMP": 93, "AARDWOLF": 102, "MPLEX": 112,
    "ATCP": 200, "GMCP": 201, "MPCP": 202, "EXOPL": 255,
}  # fmt: skip


@pytest.mark.parametrize(("name", "number"), [*COMMANDS.items(), *OPTIONS.items()])
def test_constant_is_one_byte_of_its_number(name: str, number: int) -> None:
    assert getattr(constants, name) == bytes([number])


def test_every_constant_is_checked_here() -> None:
    assert {name for name in constants.__all__ if name.isupper()} == {*COMMANDS, *OPTIONS}


def test_exports_are_sorted() -> None:
    assert constants.__all__ == sorted(constants.__all__)


def test_constants_read_as_in_the_rfcs() -> None:
    assert constants.IAC + constants.WILL + constants.ECHO == b"\xff\xfb\x01"


@pytest.mark.parametrize(("name", "number"), COMMANDS.items())
def test_command_name_is_the_constant(name: str, number: int) -> None:
    assert command_name(bytes([number])) == name


@pytest.mark.parametrize(("name", "number"), OPTIONS.items())
def test_option_name_is_the_constant(name: str, number: int) -> None:
    assert option_name(bytes([number])) == name


def test_unknown_command_is_its_number() -> None:
    assert command_name(b"M") == "77"


def test_unknown_option_is_its_number() -> None:
    assert option_name(b"M") == "77"


@pytest.mark.parametrize(("function", "noun"), [(command_name, "command"), (option_name, "option")])
def test_name_needs_exactly_one_byte(function: type[str], noun: str) -> None:
    with pytest.raises(ValueError, match=rf"^{noun} must be 1 byte, not 2: b'ab'$"):
        function(b"ab")


@pytest.mark.parametrize(("function", "noun"), [(command_name, "command"), (option_name, "option")])
@pytest.mark.parametrize("value", [251, "\xfb", bytearray(b"\xfb"), None])
def test_name_needs_bytes(function: type[str], noun: str, value: object) -> None:
    with pytest.raises(TypeError, match=rf"^{noun} must be bytes, not {type(value).__name__}$"):
        function(value)


def test_the_compiled_parser_has_the_same_numbers() -> None:
    source = Path(__file__).parent.parent / "src" / "telnet" / "_parser.pyx"
    numbers = dict(re.findall(r"^    ([A-Z]+) = (\d+)", source.read_text(encoding="utf-8"), re.MULTILINE))
    for name in ("IAC", "WILL", "SB", "SE"):
        assert int(numbers[name]) == COMMANDS[name]
