"""MSDP: variables of the game, for the client's gauges and maps (Mud Server Data Protocol)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from telnet import constants
from telnet.client import MTTS
from telnet.negotiation import Side
from telnet.options.msdp_codec import Value, check_count, encode, read, to_name, to_value
from telnet.options.option import Option, Role

__all__ = ["MSDP"]

_COMMANDS: Final = ("LIST", "REPORT", "RESET", "SEND", "UNREPORT")
_LISTS: Final = (
    "COMMANDS",
    "LISTS",
    "CONFIGURABLE_VARIABLES",
    "REPORTABLE_VARIABLES",
    "REPORTED_VARIABLES",
    "SENDABLE_VARIABLES",
)

# What every server lets a client set, by the MSDP page, and what is known by it.
_CLIENT_FACTS: Final = {"CLIENT_NAME": "name", "CLIENT_VERSION": "version"}
_PLUGIN_ID: Final = "PLUGIN_ID"

# What clients set in any game, though the page has these in an example only: switches, and the flags that they mean.
_SWITCHES: Final = {"ANSI_COLORS": MTTS.ANSI, "XTERM_256_COLORS": MTTS.COLOURS_256, "UTF_8": MTTS.UTF_8}
_CLIENT_ID: Final = "CLIENT_ID"  # the name that CLIENT_NAME once had

_TAKEN: Final = frozenset((*_SWITCHES, _CLIENT_ID))

_LONGEST_FACT: Final = 64  # characters, as of a terminal type

# Bytes of one payload, where one variable does not take more by itself: some clients have small buffers.
_LARGEST: Final = 8192


class MSDP(Option):
    """The server has variables; the client asks for them, once or whenever they change.

    Server: ``MSDP(reportable=("HEALTH", "MANA"), sendable=("SERVER_ID",), configurable=("PROMPT",))`` names variables:
    those that a client may have reported, those that it may only ask for, and those that it may set.  :meth:`set` gives
    one its value.  LIST, REPORT, UNREPORT, SEND and RESET are answered at the end of the turn; each reported variable
    that was changed leaves then too, once.  ``limits.variables`` are reported at most.

    Calls ``on_msdp(name, value)`` when the client sets a configurable variable.  The three that the protocol has need
    not be declared: PLUGIN_ID is told like any other, CLIENT_NAME and CLIENT_VERSION go to ``client.name`` and
    ``client.version`` instead.  Four more that clients set in any game are no fault: UTF_8, ANSI_COLORS and
    XTERM_256_COLORS, each ``"1"`` or ``"0"``, are flags of ``client.mtts``, and CLIENT_ID is ``client.name`` if that is
    unknown.  RESET forgets what is to be reported; the values of configurable variables are
    the program's.

    Client: :meth:`command` sends a command, or sets a variable.  Calls ``on_msdp(name, value)`` for each variable that
    the server sends.

    A value that was received is ``str``, ``list`` (an array) or ``dict`` (a table): MSDP has no numbers.  Of a message
    that is malformed the variables that are complete are taken, as :func:`~telnet.options.msdp_codec.read` returns
    them, and the first fault is reported.  One that is nested deeper than ``limits.nesting``, or has more than
    ``limits.values`` names and values, is reported and dropped whole.  What is sent is cut into subnegotiations of
    8 KiB, unless one variable alone is larger.  Text is in the encoding of the session, both ways, and is read as lines
    are; what the encoding lacks is sent as ``?``.

    Raises ``ValueError`` for a name that is empty, holds a character from 0 to 6 or is one of MSDP's own, and
    ``TypeError`` for one that is not ``str``, or for one ``str`` in the place of several.

    Source: the MSDP page.
    """

    code = constants.MSDP
    performer = Role.SERVER

    def __init__(
        self, *, reportable: Iterable[str] = (), sendable: Iterable[str] = (), configurable: Iterable[str] = ()
    ) -> None:
        self._reportable = _names("reportable", reportable)
        self._sendable = self._reportable | _names("sendable", sendable)
        self._configurable = dict.fromkeys((*_CLIENT_FACTS, _PLUGIN_ID)) | _names("configurable", configurable)

    def setup(self) -> None:
        self._values: dict[str, Value] = {}
        self._reported: dict[str, None] = {}
        self._due: dict[str, None] = {}  # variables and lists to be sent in this turn
        self._send_variables: Callable[[Mapping[str, Any]], bool] | None = None  # as JSON; None is by ourselves
        self._commands = {
            "LIST": self._list,
            "REPORT": self._report,
            "RESET": self._reset,
            "SEND": self._send,
            "UNREPORT": self._unreport,
        }

    @property
    def settling(self) -> bool:
        return False  # no first screen depends on it

    def on_disabled(self, side: Side) -> None:
        # "the client in turn should fully disable MSDP": what it had asked for it asks again
        self._reported.clear()
        self._due.clear()
        self._send_variables = None

    # The server's side

    @property
    def reported(self) -> tuple[str, ...]:
        """Server: the variables that the client wants to be told of, in the order in which it asked."""
        return tuple(self._reported)

    def set(self, name: str, value: object) -> bool:
        """Server: give a variable its value; it is kept, whether the option is on or not.

        If the client has it reported, and the value is another one than before, it is sent at the end of this turn;
        return whether that is so.  It is the value at this moment that counts: set a list anew when it has changed.

        Raises ``ValueError`` for a variable that was not declared, and what
        :func:`~telnet.options.msdp_codec.to_value` raises.
        """
        if name not in self._sendable:
            raise ValueError(f"variable {name!r} is neither reportable nor sendable: give it to MSDP(reportable=...)")
        before = self._values.get(name)
        now = self._values[name] = to_value(value, nesting=self.session.limits.nesting)
        changed = now != before and name in self._reported
        if changed:
            self._owe((name,))
            self.want_turn()
        return changed

    # The client's side

    def command(self, name: str, value: object, *more: object) -> bool:
        """Client: send a command, as in ``command("REPORT", "HEALTH", "MANA")``, or set a variable of the server.

        Return whether it was sent: the server has to have offered MSDP.  Raises what
        :func:`~telnet.options.msdp_codec.to_name` and :func:`~telnet.options.msdp_codec.to_value` raise.
        """
        payload = self._encode(name, value, *more)
        if self.remote:
            self.send(payload)
        return self.remote

    # What was received

    def on_subnegotiation(self, data: bytes) -> None:
        session = self.session
        limits = session.limits
        try:
            variables, fault = read(
                data,
                nesting=limits.nesting,
                values=limits.values,
                encoding=session.encoding,
                otherwise=session.decode,
            )
        except ValueError as exc:
            return self.report(str(exc), data)
        if fault:
            self.report(fault, data)
        self._send_variables = None
        self._receive(variables)

    def receive_variables(self, variables: Mapping[str, Any], send: Callable[[Mapping[str, Any]], bool]) -> None:
        """Take the object of a GMCP message ``MSDP``, as JSON was read: the same protocol by another way.

        ``send`` is called with an object to answer by the same way, and returns whether it was sent.  It is used until
        the peer sends something in a subnegotiation of MSDP again, so that reports go where they were asked for; where
        it does not send, they go in a subnegotiation.
        """
        limits = self.session.limits
        try:
            check_count(variables, limits.values)
            received = [(to_name(name), to_value(value, nesting=limits.nesting)) for name, value in variables.items()]
        except ValueError as exc:
            return self.report(f"by GMCP: {exc}", b"")
        self._send_variables = send
        self._receive(received)

    def _receive(self, variables: list[tuple[str, Value]]) -> None:
        if self.is_server:
            return self._obey(variables)
        for name, value in variables:
            self.emit("on_msdp", name, value)

    def _obey(self, variables: list[tuple[str, Value]]) -> None:
        """Do what the client wants; however much that is, each variable and each fault is one event."""
        configured: dict[str, Value] = {}
        unknown: list[str] = []
        for name, value in variables:
            if name in self._commands:
                self._commands[name](_arguments(value))
            elif name in self._configurable or name in _TAKEN:
                configured[name] = value
            else:
                unknown.append(name)
        for name, value in configured.items():
            self._configure(name, value)
        if self._due:
            self.want_turn()
        if unknown:
            self.report("not a command, nor a variable to be set", ", ".join(unknown).encode())
        self._bound_reports()

    def _bound_reports(self) -> None:
        most = self.session.limits.variables
        excess = list(self._reported)[most:]
        self._unreport(excess)
        if excess:
            self.report(f"more than {most} variables to be reported", ", ".join(excess).encode())

    def _configure(self, name: str, value: Value) -> None:
        if name in _CLIENT_FACTS:
            return self._learn(_CLIENT_FACTS[name], name, value)
        if name in self._configurable:
            self.emit("on_msdp", name, value)
        if name in _SWITCHES:
            self._learn_flag(_SWITCHES[name], value)
        elif name == _CLIENT_ID and not self.client.name:
            self._learn("name", name, value)

    def _learn(self, fact: str, name: str, value: Value) -> None:
        if isinstance(value, str) and 0 < len(value) <= _LONGEST_FACT and value.isprintable():
            self.client.learn(**{fact: value})
        else:
            self.report(f"{name} is not 1 to {_LONGEST_FACT} printable characters", b"")

    def _learn_flag(self, flag: MTTS, value: Value) -> None:
        if value == "1":
            self.client.learn_flags(flag)
        elif value == "0":
            self.client.learn_flags(0, flag)

    # The commands.  Names that are unknown here are no fault: clients ask for what any game might have.

    def _list(self, names: list[str]) -> None:
        self._owe(name for name in names if name in _LISTS)

    def _report(self, names: list[str]) -> None:
        reportable = [name for name in names if name in self._reportable]
        self._owe(reportable)
        for name in reportable:
            self._reported[name] = None

    def _unreport(self, names: list[str]) -> None:
        for name in names:
            self._reported.pop(name, None)

    def _send(self, names: list[str]) -> None:
        self._owe(name for name in names if name in self._sendable)

    def _reset(self, names: list[str]) -> None:
        if "REPORTABLE_VARIABLES" in names or "REPORTED_VARIABLES" in names:
            self._reported.clear()

    # What is sent

    def _owe(self, names: Iterable[str]) -> None:
        for name in names:
            self._due[name] = None

    def on_turn(self) -> None:
        due, self._due = self._due, {}
        for variables, payload in self._messages(due):
            carried = self._send_variables is not None and self._send_variables(variables)
            if not carried and self.local:
                self.send(payload)

    def _messages(self, due: Iterable[str]) -> Iterator[tuple[dict[str, Value], bytes]]:
        """Cut what is due into messages, each as an object and as a payload."""
        variables: dict[str, Value] = {}
        payload = b""
        for name, value in self._known(due):
            encoded = self._encode(name, value)
            if payload and len(payload) + len(encoded) > _LARGEST:
                yield variables, payload
                variables, payload = {}, b""
            variables[name] = value
            payload += encoded
        if payload:
            yield variables, payload

    def _encode(self, name: str, value: object, *more: object) -> bytes:
        session = self.session
        return encode(name, value, *more, nesting=session.limits.nesting, encoding=session.encoding)

    def _known(self, names: Iterable[str]) -> Iterator[tuple[str, Value]]:
        """The lists and the variables of these names that have a value."""
        lists: dict[str, Iterable[str]] = {
            "COMMANDS": _COMMANDS,
            "LISTS": _LISTS,
            "CONFIGURABLE_VARIABLES": self._configurable,
            "REPORTABLE_VARIABLES": self._reportable,
            "REPORTED_VARIABLES": self._reported,
            "SENDABLE_VARIABLES": self._sendable,
        }
        for name in names:
            if name in lists:
                yield name, list(lists[name])
            elif name in self._values:
                yield name, self._values[name]


def _names(setting: str, names: Iterable[str]) -> dict[str, None]:
    """Check the names of variables; return them as a set that keeps their order."""
    if isinstance(names, str):
        raise TypeError(f"{setting} must be several names, such as ({names!r},), not one")
    checked = dict.fromkeys(to_name(name) for name in names)
    for name in checked:
        if name in _COMMANDS or name in _LISTS:
            raise ValueError(f"{setting} variable {name!r} has the name of a command or a list of MSDP")
    return checked


def _arguments(value: Value) -> list[str]:
    """What a command is about: one text, or those in a list."""
    if isinstance(value, str):
        return [value]
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
