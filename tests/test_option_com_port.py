"""The commands of COM-PORT-OPTION, as bytes and as what they mean."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telnet.options.com_port import (
    Command,
    Control,
    DataSize,
    LineState,
    ModemState,
    Parity,
    Purge,
    StopSize,
    decode_command,
    encode_command,
    is_question,
    question,
)

# What the client says; the server's code is 100 more.
VECTORS: list[tuple[Command, int | str, str]] = [
    (Command.SIGNATURE, "", "00"),
    (Command.SIGNATURE, "ab\xff", "00 6162ff"),
    (Command.SET_BAUDRATE, 0, "01 00000000"),
    (Command.SET_BAUDRATE, 9600, "01 00002580"),
    (Command.SET_BAUDRATE, 0xFFFFFFFF, "01 ffffffff"),
    (Command.SET_DATASIZE, DataSize.ASK, "02 00"),
    (Command.SET_DATASIZE, DataSize.EIGHT, "02 08"),
    (Command.SET_PARITY, Parity.NONE, "03 01"),
    (Command.SET_PARITY, Parity.SPACE, "03 05"),
    (Command.SET_STOPSIZE, StopSize.ONE_AND_A_HALF, "04 03"),
    (Command.SET_CONTROL, Control.ASK_FLOW, "05 00"),
    (Command.SET_CONTROL, Control.DSR_FLOW, "05 13"),
    (Command.FLOWCONTROL_SUSPEND, 0, "08"),
    (Command.FLOWCONTROL_RESUME, 0, "09"),
    (Command.SET_LINESTATE_MASK, LineState.BREAK | LineState.DATA_READY, "0a 11"),
    (Command.SET_MODEMSTATE_MASK, ModemState(255), "0b ff"),
    (Command.PURGE_DATA, Purge.BOTH, "0c 03"),
]
NOTIFICATIONS: list[tuple[Command, int | str, str]] = [
    (Command.NOTIFY_LINESTATE, LineState.TIMEOUT_ERROR, "6a 80"),
    (Command.NOTIFY_MODEMSTATE, ModemState.CD | ModemState.CTS_CHANGED, "6b 81"),
]


@pytest.mark.parametrize(("command", "value", "data"), VECTORS)
def test_command_of_a_client_is_written_and_read(command: Command, value: int | str, data: str) -> None:
    assert encode_command(command, value) == bytes.fromhex(data)
    assert decode_command(bytes.fromhex(data)) == (command, value)


@pytest.mark.parametrize(("command", "value", "data"), VECTORS)
def test_code_of_a_server_is_100_more(command: Command, value: int | str, data: str) -> None:
    payload = bytes((command + 100,)) + bytes.fromhex(data)[1:]

    assert encode_command(command, value, is_server=True) == payload
    assert decode_command(payload, from_server=True) == (command, value)


@pytest.mark.parametrize(("command", "value", "data"), NOTIFICATIONS)
def test_notification_is_written_and_read(command: Command, value: int, data: str) -> None:
    assert encode_command(command, value, is_server=True) == bytes.fromhex(data)
    assert decode_command(bytes.fromhex(data), from_server=True) == (command, value)


@pytest.mark.parametrize("command", [each for each in Command if each is not Command.PURGE_DATA])
def test_a_command_without_a_value_is_a_whole_one(command: Command) -> None:
    payload = encode_command(command)

    assert decode_command(payload) == (command, "" if command is Command.SIGNATURE else 0)


@pytest.mark.parametrize(("command", "value", "data"), VECTORS + NOTIFICATIONS)
def test_value_is_of_the_class_of_its_command(command: Command, value: int | str, data: str) -> None:
    _, decoded = decode_command(bytes.fromhex(data), from_server=data.startswith("6"))

    assert type(decoded) is type(value)


@pytest.mark.parametrize("data", [b"\x06", b"\x06\xff", b"\x07", b"\x07\x00"])
def test_client_that_asks_for_a_state_may_say_a_byte(data: bytes) -> None:
    assert decode_command(data) == (Command(data[0]), 0)


@pytest.mark.parametrize(
    ("command", "value"),
    [
        (Command.SIGNATURE, "\u2603"),
        (Command.SET_BAUDRATE, -1),
        (Command.SET_BAUDRATE, 1 << 32),
        (Command.SET_BAUDRATE, "9600"),
        (Command.SET_DATASIZE, 9),
        (Command.SET_PARITY, 6),
        (Command.SET_STOPSIZE, 4),
        (Command.SET_CONTROL, 20),
        (Command.NOTIFY_MODEMSTATE, 256),
        (Command.FLOWCONTROL_SUSPEND, 1),
        (Command.PURGE_DATA, 0),
        (Command.PURGE_DATA, None),
    ],
)
def test_a_value_that_the_command_does_not_take_is_refused(command: Command, value: Any) -> None:
    with pytest.raises(ValueError, match=f"^{command.name} does not take {value!r}$"):
        encode_command(command, value)


@pytest.mark.parametrize(
    "data",
    [
        "01",
        "01 002580",
        "01 0000002580",
        "02",
        "02 09",
        "02 0800",
        "03 06",
        "04 04",
        "05 14",
        "08 00",
        "0a",
        "0b ffff",
        "0c 00",
    ],
)
def test_bytes_that_are_no_value_are_refused(data: str) -> None:
    payload = bytes.fromhex(data)

    with pytest.raises(ValueError, match=f"^{Command(payload[0]).name} with a value that it does not take$"):
        decode_command(payload)


@pytest.mark.parametrize("data", ["6a", "6b 0000"])
def test_a_notification_is_one_byte(data: str) -> None:
    with pytest.raises(ValueError, match="with a value that it does not take$"):
        decode_command(bytes.fromhex(data), from_server=True)


@pytest.mark.parametrize("data", [b"", b"\x0d", b"\x64", b"\x65\x00\x00\x25\x80", b"\xff"])
def test_what_a_client_does_not_say_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="^no command of a client$"):
        decode_command(data)


@pytest.mark.parametrize("data", [b"", b"\x00", b"\x01\x00\x00\x25\x80", b"\x63", b"\x71", b"\xff"])
def test_what_a_server_does_not_say_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="^no command of a server$"):
        decode_command(data, from_server=True)


@pytest.mark.parametrize(
    ("asks", "sets"),
    [
        (Control.ASK_FLOW, {0, 1, 2, 3, 17, 19}),
        (Control.ASK_BREAK, {4, 5, 6}),
        (Control.ASK_DTR, {7, 8, 9}),
        (Control.ASK_RTS, {10, 11, 12}),
        (Control.ASK_INPUT_FLOW, {13, 14, 15, 16, 18}),
    ],
)
def test_each_control_is_asked_for_by_one_value(asks: Control, sets: set[int]) -> None:
    assert {value for value in Control if question(Command.SET_CONTROL, value) == asks} == sets


def test_every_other_command_asks_by_zero() -> None:
    assert question(Command.SET_BAUDRATE, 9600) == question(Command.PURGE_DATA, Purge.BOTH) == 0


@pytest.mark.parametrize(
    ("command", "value", "asks"),
    [
        (Command.SET_BAUDRATE, 0, True),
        (Command.SET_BAUDRATE, 9600, False),
        (Command.SET_CONTROL, Control.ASK_DTR, True),
        (Command.SET_CONTROL, Control.DTR_ON, False),
        (Command.SET_LINESTATE_MASK, 0, False),  # it wants to be told nothing
        (Command.SET_MODEMSTATE_MASK, 0, False),
        (Command.PURGE_DATA, Purge.BOTH, False),
    ],
)
def test_zero_asks_where_it_is_no_value(command: Command, value: int, asks: bool) -> None:
    assert is_question(command, value) == asks


@given(st.binary(), st.booleans())
def test_any_bytes_are_a_command_or_a_value_error(data: bytes, from_server: bool) -> None:
    try:
        command, value = decode_command(data, from_server=from_server)
    except ValueError:
        return
    if command not in (Command.NOTIFY_LINESTATE, Command.NOTIFY_MODEMSTATE):
        assert encode_command(command, value, is_server=from_server) == data
