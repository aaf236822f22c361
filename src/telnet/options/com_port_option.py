"""COM-PORT-OPTION: a serial port at the other end of the connection (RFC 2217)."""

from __future__ import annotations

from typing import Final

from telnet import constants
from telnet.client import presentable
from telnet.negotiation import Side
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

# What each end is told by them.
_FLOW_PAYLOADS: Final = {
    role: {encode_command(each, is_server=role is Role.CLIENT) for each in _FLOW_COMMANDS} for role in Role
}

# Which mask says how much of a state the client wants to be told.
_MASKS: Final = {
    Command.NOTIFY_LINESTATE: Command.SET_LINESTATE_MASK,
    Command.NOTIFY_MODEMSTATE: Command.SET_MODEMSTATE_MASK,
}
_NOTIFICATIONS: Final = {mask: notification for notification, mask in _MASKS.items()}

# What happened once, unlike what lasts: the registers of a UART, which these states are, forget it when they are read.
_MOMENTARY: Final = {
    Command.NOTIFY_LINESTATE: LineState.OVERRUN_ERROR
    | LineState.PARITY_ERROR
    | LineState.FRAMING_ERROR
    | LineState.BREAK
    | LineState.TIMEOUT_ERROR,
    Command.NOTIFY_MODEMSTATE: ModemState.CTS_CHANGED
    | ModemState.DSR_CHANGED
    | ModemState.RI_ENDED
    | ModemState.CD_CHANGED,
}

# How PURGE-DATA is answered if its value names no buffer.
_NOTHING_PURGED: Final = bytes((100 + Command.PURGE_DATA, 0))

# RFC 2217 section 3: what the client wants to be told until it says otherwise.
_INITIAL_MASKS: Final[tuple[tuple[Command, int], ...]] = (
    (Command.SET_LINESTATE_MASK, LineState(0)),
    (Command.SET_MODEMSTATE_MASK, ModemState(255)),
)

# A port that has just been opened.
_INITIAL_STATE: Final[tuple[tuple[Command, int], ...]] = (
    (Command.SET_CONTROL, Control.NO_FLOW),
    (Command.SET_CONTROL, Control.BREAK_OFF),
    (Command.SET_CONTROL, Control.DTR_ON),
    (Command.SET_CONTROL, Control.RTS_ON),
    (Command.NOTIFY_LINESTATE, LineState(0)),
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
    :param modem: which modem lines are up at the server's port at first. By default CTS, DSR and CD are up: that is a
        port with something connected to it, and without CD a client such as kermit gives up.

    Server: remembers how the port is set, and answers.  ``on_com_port(command, value)`` is called for each
    :class:`~telnet.options.com_port.Command` that sets something or empties a buffer, before it is answered: the
    program does it, and says by :meth:`grant` what is in force then if that is something else.  A command whose value
    does not exist is reported by ``on_protocol_error``, sets nothing, and is answered with what is in force.
    The client is sent the state of the modem as soon as the option is on; :meth:`notify_modem` and :meth:`notify_line`
    report changes.

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
        modem: ModemState = ModemState.CTS | ModemState.DSR | ModemState.CD,
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
            (Command.NOTIFY_MODEMSTATE, modem),
        ]
        for command, value in self._initial:
            _check_sets(command, value)

    def setup(self) -> None:
        self._held: dict[tuple[Command, int], int] = {}
        self._told: dict[Command, int] = dict.fromkeys(_MASKS, 0)
        for command, value in (*self._initial, *_INITIAL_STATE, *_INITIAL_MASKS):
            self._hold(command, value)

    def open(self) -> None:
        # Field: pyserial takes a DO that comes before its WILL for the answer, and then never says WILL.
        if not self.is_server:
            self.offer()

    def on_enabled(self, side: Side) -> None:
        # Field: without a first state pyserial's lines raise, and kermit takes the carrier to be missing.
        if self.is_server:
            for mask, value in _INITIAL_MASKS:
                self._hold(mask, value)
            self._tell(Command.NOTIFY_MODEMSTATE)

    def send_command(self, command: Command, value: int | str = 0) -> bool:
        """Say a command, as the client or the server; without a value, ask.  Return whether that was sent.

        A server has little to say by itself: SIGNATURE, FLOWCONTROL_SUSPEND and FLOWCONTROL_RESUME.  Raises
        ``ValueError`` for a value that the command does not take.
        """
        payload = encode_command(command, value, is_server=self.is_server)
        if self.enabled:
            self.send(payload)
        return self.enabled

    def _reply(self, command: Command, value: int | str) -> bool:
        return self.answer(encode_command(command, value, is_server=self.is_server))

    def grant(self, command: Command, value: int) -> None:
        """Server: say what is in force, where that is not what the client wanted, or has changed otherwise.

        From inside ``on_com_port`` this is what the client is answered.  Raises ``ValueError`` for a value
        that the command does not take, or that only asks.
        """
        _check_sets(command, value)
        self._hold(command, value)

    def notify_line(self, state: LineState) -> bool:
        """Server: report what happened on the line, as far as the client wants to know; return whether that was sent.

        At first it wants to know nothing (RFC 2217 section 3). What it wants is sent at each call; that there is
        nothing now (0) is sent after something was.

        :raises ValueError: if ``state`` is not a state of the line.
        """
        return self._notify(Command.NOTIFY_LINESTATE, state)

    def notify_modem(self, state: ModemState) -> bool:
        """Server: report the state of the modem, as far as the client wants to know; return whether that was sent.

        At first it wants to know everything (RFC 2217 section 3). What it wants is sent at each call; that there is
        nothing now (0) is sent after something was. Which lines have changed is for the program to add; most clients
        need only the lines themselves.

        :raises ValueError: if ``state`` is not a state of the modem.
        """
        return self._notify(Command.NOTIFY_MODEMSTATE, state)

    def _notify(self, command: Command, state: int) -> bool:
        encode_command(command, state)  # for its checks
        self._hold(command, state)
        return bool(self._mask(command) & (state | self._told[command])) and self._tell(command)

    def _notify_news(self, command: Command) -> None:
        """Tell what a new mask shows and the client does not know, where it lasts."""
        changed = self._held[command, 0] ^ self._told[command]
        if self._mask(command) & changed & ~_MOMENTARY[command]:
            self._tell(command)

    def _tell(self, command: Command) -> bool:
        state = self._held[command, 0] & self._mask(command)
        return self.send_command(command, state) and self._note_told(command, state)

    def _note_told(self, command: Command, state: int) -> bool:
        """Remember that the client knows a state now; what happened once is not told again."""
        self._told[command] = state
        self._held[command, 0] &= ~(_MOMENTARY[command] & state)
        return True

    def _mask(self, notification: Command) -> int:
        return self._held[_MASKS[notification], 0]

    def on_subnegotiation(self, data: bytes) -> None:
        if data[:1] in _FLOW_PAYLOADS[self.session.role]:  # a peer that cannot take more must not get it
            self.report_excess(data, 1)
            data = data[:1]
        try:
            command, value = decode_command(data, from_server=not self.is_server)
        except ValueError as wrong:
            return self._refuse_value(str(wrong), data)
        if command is Command.SIGNATURE and not value:
            self._reply(command, self._signature)
        elif isinstance(value, str):
            self.emit("on_com_port", command, presentable(value))
        elif not self.is_server or command in _FLOW_COMMANDS:
            self.emit("on_com_port", command, value)
        elif command in _MASKS:
            self._serve_state(command)
        else:
            self._serve(command, value)

    def _serve(self, command: Command, value: int) -> None:
        if not is_question(command, value):
            self._hold(command, value)
            self.emit("on_com_port", command, value)
        self._reply(command, self._held[command, question(command, value)])
        if command in _NOTIFICATIONS:
            self._notify_news(_NOTIFICATIONS[command])

    def _serve_state(self, command: Command) -> None:
        state = self._held[command, 0]
        if self._reply(command, state):
            self._note_told(command, state)

    def _refuse_value(self, reason: str, data: bytes) -> None:
        self.report(reason, data)
        code = data[0] if self.is_server and data else -1
        if code == Command.PURGE_DATA:
            self.answer(_NOTHING_PURGED)
        elif (code, 0) in self._held:
            # RFC 2217 section 2: a client that wants what the server cannot set is told what is in force.
            self._reply(Command(code), self._held[Command(code), 0])

    def _hold(self, command: Command, value: int) -> None:
        self._held[command, question(command, value)] = value
        if command is Command.SET_CONTROL and value in _INPUT_FLOW:
            self._held[command, Control.ASK_INPUT_FLOW] = _INPUT_FLOW[Control(value)]


def _check_sets(command: Command, value: int) -> None:
    encode_command(command, value)  # for its checks
    if is_question(command, value):
        raise ValueError(f"{command.name} with {value!r} asks, and sets nothing")
