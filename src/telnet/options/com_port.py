"""The commands of COM-PORT-OPTION, between their bytes and what they mean (RFC 2217)."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum, IntFlag
from operator import index
from typing import Final

__all__ = [
    "Command",
    "Control",
    "DataSize",
    "LineState",
    "ModemState",
    "Parity",
    "Purge",
    "StopSize",
    "decode_command",
    "encode_command",
    "is_question",
    "question",
]

_SERVER_OFFSET: Final = 100


class Command(IntEnum):
    """What a client says, by its code; the server's answer has the code and 100."""

    SIGNATURE = 0
    SET_BAUDRATE = 1
    SET_DATASIZE = 2
    SET_PARITY = 3
    SET_STOPSIZE = 4
    SET_CONTROL = 5
    NOTIFY_LINESTATE = 6
    NOTIFY_MODEMSTATE = 7
    FLOWCONTROL_SUSPEND = 8
    FLOWCONTROL_RESUME = 9
    SET_LINESTATE_MASK = 10
    SET_MODEMSTATE_MASK = 11
    PURGE_DATA = 12


class DataSize(IntEnum):
    """Bits of a character, or the question."""

    ASK = 0
    FIVE = 5
    SIX = 6
    SEVEN = 7
    EIGHT = 8


class Parity(IntEnum):
    """The parity bit, or the question."""

    ASK = 0
    NONE = 1
    ODD = 2
    EVEN = 3
    MARK = 4
    SPACE = 5


class StopSize(IntEnum):
    """Stop bits, or the question."""

    ASK = 0
    ONE = 1
    TWO = 2
    ONE_AND_A_HALF = 3


class Control(IntEnum):
    """Flow control and the lines of the port: five settings, each with its question.

    ``FLOW`` is that of what the port sends, and of both directions as long as ``INPUT_FLOW`` is not set by itself.
    """

    ASK_FLOW = 0
    NO_FLOW = 1
    XON_XOFF_FLOW = 2
    HARDWARE_FLOW = 3
    ASK_BREAK = 4
    BREAK_ON = 5
    BREAK_OFF = 6
    ASK_DTR = 7
    DTR_ON = 8
    DTR_OFF = 9
    ASK_RTS = 10
    RTS_ON = 11
    RTS_OFF = 12
    ASK_INPUT_FLOW = 13
    NO_INPUT_FLOW = 14
    XON_XOFF_INPUT_FLOW = 15
    HARDWARE_INPUT_FLOW = 16
    DCD_FLOW = 17
    DTR_INPUT_FLOW = 18
    DSR_FLOW = 19


class LineState(IntFlag):
    """What happened on the line."""

    DATA_READY = 1
    OVERRUN_ERROR = 2
    PARITY_ERROR = 4
    FRAMING_ERROR = 8
    BREAK = 16
    HOLDING_REGISTER_EMPTY = 32
    SHIFT_REGISTER_EMPTY = 64
    TIMEOUT_ERROR = 128


class ModemState(IntFlag):
    """The lines of the modem, and which of them have changed."""

    CTS_CHANGED = 1
    DSR_CHANGED = 2
    RI_ENDED = 4
    CD_CHANGED = 8
    CTS = 16
    DSR = 32
    RI = 64
    CD = 128


class Purge(IntEnum):
    """Which buffer of the server is to be emptied: that of what the port received, is to send, or both."""

    RECEIVED = 1
    UNSENT = 2
    BOTH = 3


# What the bytes of a value mean, as a number; for the commands that are not here, the number itself.
_MEANINGS: Final[dict[Command, Callable[[int], int]]] = {
    Command.SET_DATASIZE: DataSize,
    Command.SET_PARITY: Parity,
    Command.SET_STOPSIZE: StopSize,
    Command.SET_CONTROL: Control,
    Command.NOTIFY_LINESTATE: LineState,
    Command.NOTIFY_MODEMSTATE: ModemState,
    Command.SET_LINESTATE_MASK: LineState,
    Command.SET_MODEMSTATE_MASK: ModemState,
    Command.PURGE_DATA: Purge,
}

# How many bytes a value has, where it is not one.
_SIZES: Final = {Command.SET_BAUDRATE: 4, Command.FLOWCONTROL_SUSPEND: 0, Command.FLOWCONTROL_RESUME: 0}

_COMMANDS: Final = frozenset(Command)
_NOTIFICATIONS: Final = frozenset((Command.NOTIFY_LINESTATE, Command.NOTIFY_MODEMSTATE))
_ASKABLE: Final = frozenset(
    (Command.SET_BAUDRATE, Command.SET_DATASIZE, Command.SET_PARITY, Command.SET_STOPSIZE, Command.SET_CONTROL)
)
_CONTROL_QUESTIONS: Final = (
    Control.ASK_FLOW,
    Control.ASK_BREAK,
    Control.ASK_DTR,
    Control.ASK_RTS,
    Control.ASK_INPUT_FLOW,
)


def question(command: Command, value: int) -> int:
    """Return the value that asks for what a command with this value sets: 0, or one of five for SET_CONTROL."""
    if command is not Command.SET_CONTROL or value in (Control.DCD_FLOW, Control.DSR_FLOW):
        return 0
    return max(each for each in _CONTROL_QUESTIONS if each <= value)


def is_question(command: Command, value: int) -> bool:
    """Return whether a command with this value asks, and sets nothing."""
    return command in _ASKABLE and value == question(command, value)


def encode_command(command: Command, value: int | str = 0, *, is_server: bool = False) -> bytes:
    """Return the payload of a subnegotiation.

    :param value: text for SIGNATURE, bits per second for SET_BAUDRATE, nothing for the two of flow control, and else a
        member of the class of its name; 0 asks.
    :param is_server: whether the server says it.
    :raises ValueError: for a value that the command does not take.
    """
    code = bytes((command + _SERVER_OFFSET * is_server,))
    try:
        if command is Command.SIGNATURE:
            return code + (b"" if value == 0 else value.encode("latin-1"))  # type: ignore[union-attr]
        return code + _MEANINGS.get(command, index)(value).to_bytes(_SIZES.get(command, 1), "big")  # type: ignore[arg-type]
    except (AttributeError, TypeError, ValueError, OverflowError):
        raise ValueError(f"{command.name} does not take {value!r}") from None


def decode_command(data: bytes, *, from_server: bool = False) -> tuple[Command, int | str]:
    """Return a command and its value, as :func:`encode_command` takes them, from the payload of a subnegotiation.

    The text of a SIGNATURE may be any bytes; it is read as Latin-1.  Raises ``ValueError``, which says what is wrong,
    for what that side does not say.
    """
    code = (data[0] if data else -1) - _SERVER_OFFSET * from_server
    if code not in _COMMANDS:
        raise ValueError(f"no command of a {'server' if from_server else 'client'}")
    command, value = Command(code), data[1:]
    if command is Command.SIGNATURE:
        return command, value.decode("latin-1")
    if command in _NOTIFICATIONS and not from_server:
        return command, 0  # a client has none to give: some ask so, with or without a byte
    try:
        if len(value) == _SIZES.get(command, 1):
            return command, _MEANINGS.get(command, index)(int.from_bytes(value, "big"))
    except ValueError:
        pass
    raise ValueError(f"{command.name} with a value that it does not take")
