"""COM-PORT-OPTION: a serial port at the other end of the connection (RFC 2217)."""

from __future__ import annotations

from typing import Final

from telnet import constants
from telnet.client import presentable
from telnet.options.com_port import (
    Command,
    Control,
    DataSize,
    LineState,
    ModemState,
    Parity,
    StopSize,
    decode_command,
    encode_command,
    is_question,
    question,
)
from telnet.options.option import Option, Role

__all__ = ["COM_PORT_OPTION"]

_FLOW_COMMANDS: Final = frozenset((Command.FLOWCONTROL_SUSPEND, Command.FLOWCONTROL_RESUME))
_NOTIFICATIONS: Final = frozenset((Command.NOTIFY_LINESTATE, Command.NOTIFY_MODEMSTATE))

# RFC 2217 section 3 has the masks; the rest is a port that has just been opened.
_INITIAL_STATE: Final[tuple[tuple[Command, int], ...]] = (
    (Command.SET_CONTROL, Control.NO_FLOW),
    (Command.SET_CONTROL, Control.BREAK_OFF),
    (Command.SET_CONTROL, Control.DTR_ON),
    (Command.SET_CONTROL, Control.RTS_ON),
    (Command.SET_LINESTATE_MASK, LineState(0)),
    (Command.SET_MODEMSTATE_MASK, ModemState(255)),
    (Command.NOTIFY_LINESTATE, LineState(0)),
    (Command.NOTIFY_MODEMSTATE, ModemState(0)),
)

# What is set for the output is meant for the input too.
_INPUT_FLOW: Final = {
    Control.NO_FLOW: Control.NO_INPUT_FLOW,
    Control.XON_XOFF_FLOW: Control.XON_XOFF_INPUT_FLOW,
    Control.HARDWARE_FLOW: Control.HARDWARE_INPUT_FLOW,
}


class COM_PORT_OPTION(Option):
    """The client sets up and watches a serial port that the server has.

    :param signature: what this end says that it is, in Latin-1.
    :param baudrate, datasize, parity, stopsize: how the server's port is set at first.

    Server: remembers how the port is set, and answers.  ``on_com_port(command, value)`` is called for each
    :class:`~telnet.options.com_port.Command` that sets something or empties a buffer, before it is answered: the
    program does it, and says by :meth:`grant` what is in force then if that is something else.  :meth:`notify_line` and
    :meth:`notify_modem` tell the state of the port.

    Client: :meth:`send_command` sets, asks and empties.  ``on_com_port(command, value)`` is called for every answer,
    with what is in force, and every notification.

    Both: ``on_com_port`` is called for a SIGNATURE, with what is printable of its text, up to 512 characters, and for
    FLOWCONTROL_SUSPEND and FLOWCONTROL_RESUME, with 0; between these two nothing should be sent.  Other values are of
    the class that is named like the command, or ``int``.

    The bytes of the port are data.  They pass unchanged while both sides send BINARY.

    Source: RFC 2217.
    """

    code = constants.COM_PORT_OPTION
    performer = Role.CLIENT
    settling = False  # no first screen depends on it

    def __init__(
        self,
        *,
        signature: str = "telnet",
        baudrate: int = 9600,
        datasize: DataSize = DataSize.EIGHT,
        parity: Parity = Parity.NONE,
        stopsize: StopSize = StopSize.ONE,
    ) -> None:
        if not signature:
            raise ValueError("a signature has one character at least: without any it would be a question")
        encode_command(Command.SIGNATURE, signature)  # for its checks
        self._signature = signature
        self._initial: list[tuple[Command, int]] = [
            (Command.SET_BAUDRATE, baudrate),
            (Command.SET_DATASIZE, datasize),
            (Command.SET_PARITY, parity),
            (Command.SET_STOPSIZE, stopsize),
        ]
        for command, value in self._initial:
            _check_sets(command, value)

    def setup(self) -> None:
        self._held: dict[tuple[Command, int], int] = {}
        for command, value in (*self._initial, *_INITIAL_STATE):
            self._hold(command, value)

    def open(self) -> None:
        # Field: pyserial takes a DO that comes before its WILL for the answer, and then never says WILL.
        if not self.is_server:
            self.offer()

    def send_command(self, command: Command, value: int | str = 0) -> bool:
        """Say a command, as the client or the server; without a value, ask.  Return whether that was sent.

        A server has little to say by itself: SIGNATURE, FLOWCONTROL_SUSPEND and FLOWCONTROL_RESUME.  Raises
        ``ValueError`` for a value that the command does not take.
        """
        payload = encode_command(command, value, is_server=self.is_server)
        if self.enabled:
            self.send(payload)
        return self.enabled

    def _reply(self, command: Command, value: int | str) -> None:
        self.answer(encode_command(command, value, is_server=self.is_server))

    def grant(self, command: Command, value: int) -> None:
        """Server: say what is in force, where that is not what the client wanted, or has changed otherwise.

        From inside ``on_com_port`` this is what the client is answered.  Raises ``ValueError`` for a value
        that the command does not take, or that only asks.
        """
        _check_sets(command, value)
        self._hold(command, value)

    def notify_line(self, state: LineState) -> bool:
        """Server: tell what happened on the line, as far as the client wants to know; return whether that was sent.

        At first it wants to know nothing (RFC 2217 section 3).
        """
        return self._notify(Command.NOTIFY_LINESTATE, Command.SET_LINESTATE_MASK, state)

    def notify_modem(self, state: ModemState) -> bool:
        """Server: tell the state of the modem, as far as the client wants to know it; return whether that was sent.

        At first it wants to know all (RFC 2217 section 3).
        """
        return self._notify(Command.NOTIFY_MODEMSTATE, Command.SET_MODEMSTATE_MASK, state)

    def _notify(self, command: Command, mask: Command, state: int) -> bool:
        encode_command(command, state)  # for its checks
        self._hold(command, state)
        wanted = state & self._held[mask, 0]
        return bool(wanted) and self.send_command(command, wanted)

    def on_subnegotiation(self, data: bytes) -> None:
        try:
            command, value = decode_command(data, from_server=not self.is_server)
        except ValueError as wrong:
            return self.report(str(wrong), data)
        if command is Command.SIGNATURE and not value:
            self._reply(command, self._signature)
        elif isinstance(value, str):
            self.emit("on_com_port", command, presentable(value))
        elif self.is_server and command not in _FLOW_COMMANDS:
            self._serve(command, value)
        else:
            self.emit("on_com_port", command, value)

    def _serve(self, command: Command, value: int) -> None:
        if command not in _NOTIFICATIONS and not is_question(command, value):
            self._hold(command, value)
            self.emit("on_com_port", command, value)
        self._reply(command, self._held[command, question(command, value)])

    def _hold(self, command: Command, value: int) -> None:
        self._held[command, question(command, value)] = value
        if command is Command.SET_CONTROL and value in _INPUT_FLOW:
            self._held[command, Control.ASK_INPUT_FLOW] = _INPUT_FLOW[Control(value)]


def _check_sets(command: Command, value: int) -> None:
    encode_command(command, value)  # for its checks
    if is_question(command, value):
        raise ValueError(f"{command.name} with {value!r} asks, and sets nothing")
