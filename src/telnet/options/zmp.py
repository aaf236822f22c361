"""ZMP: commands with any number of arguments (Zenith MUD Protocol)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

from telnet import constants
from telnet.negotiation import Side
from telnet.options.markers import Markers, utf8
from telnet.options.option import Option, Role, check_text

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["ZMP", "decode_zmp", "encode_zmp"]

# "Implementations should not attempt to send more than 16KiB of data per subnegotiation."
_ROOM: Final = 16384
_NUL: Final = Markers(0)
_NAME: Final = re.compile(r"[A-Za-z0-9-]+(?:\.+[A-Za-z0-9-]+)*")
_LONGEST_NAME: Final = 128  # a command is a package and a word or two; those of the field have up to thirty
_CORE: Final = ("zmp.check", "zmp.ident", "zmp.no-support", "zmp.support", "zmp.time")


def encode_zmp(command: str, *arguments: str, encoding: str = "utf-8") -> bytes:
    """Return the payload of a command: its name and the arguments, each with a NUL after it.

    What the encoding lacks becomes ``?``.  Raises ``ValueError`` for a name that is not up to 128 ASCII letters,
    digits, hyphens and dots between them, for an argument with a NUL in it, and for more than 16 KiB, which the other
    end need not take.
    """
    check_text("a command", command)
    if not _is_name(command):
        raise ValueError(f"a command is ASCII letters, digits, - and dots between them, not {command!r}")
    for argument in arguments:
        check_text("an argument", argument)
        if "\0" in argument:
            raise ValueError(f"an argument has no NUL in it, not {argument!r}")
    data = _packed(command, *arguments, encoding=encoding)
    if len(data) > _ROOM:
        raise ValueError(f"a command and its arguments are at most {_ROOM} bytes, not {len(data)}")
    return data


def _is_name(command: str) -> bool:
    return len(command) <= _LONGEST_NAME and _NAME.fullmatch(command) is not None


def _packed(*strings: str, encoding: str) -> bytes:
    return "".join(f"{each}\0" for each in strings).encode(encoding, "replace")


def decode_zmp(
    data: bytes, *, values: int = 4096, encoding: str = "utf-8", otherwise: Callable[[bytes], str] = utf8
) -> tuple[str, list[str]]:
    """Return the name of a command and its arguments.

    :param data: the payload.
    :param values: how many arguments there may be.
    :param encoding: in which they are.
    :param otherwise: reads the bytes of one, if they are not all in that encoding.
    :raises ValueError: if the last NUL is missing, the name is not one, or there are more than ``values`` arguments.
    """
    if data.count(b"\0") - 1 > values:
        raise ValueError(f"more than {values} values")
    if not data.endswith(b"\0"):
        raise ValueError("a command without its last NUL")
    command, arguments = _NUL.split(data[:-1], encoding, otherwise)
    if not _is_name(command):
        raise ValueError("not the name of a command")
    return command, [argument for _, argument in arguments]


class ZMP(Option):
    """Commands in both directions, in their place among the text.  Once it is on it stays on.

    Both: ``on_zmp(command, arguments)`` is called for each command, ``arguments`` being a list of ``str``, and
    :meth:`send_command` sends one.  ``zmp.check`` is answered before, and the name and version of ``zmp.ident`` are in
    ``client``.

    :param name, version, description: of this program, for ``zmp.ident``; without a name it is not sent.
    :param commands: what the program handles; the core is known, apart from ``zmp.input``.  A package is supported if a
        command in it is.
    :param clock: returns the present time, as a :class:`~datetime.datetime` with a time zone or in UTC, and lets
        ``zmp.ping`` be answered; for example ``lambda: datetime.now(timezone.utc)``.

    Text is in the encoding of the session, both ways, and is read as lines are.

    Source: the ZMP specification, draft 2009-03-18.
    """

    code = constants.ZMP
    performer = Role.SERVER

    def __init__(
        self,
        name: str = "",
        version: str = "",
        description: str = "",
        *,
        commands: Iterable[str] = (),
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        self._ident = ("zmp.ident", name, version, description) if name else None
        if self._ident is not None:
            encode_zmp(*self._ident)  # for its checks
        self._commands = frozenset((*_CORE, *commands, *(("zmp.ping",) if clock else ())))
        self._clock = clock

    def setup(self) -> None:
        self._introduced = False

    def supports(self, name: str) -> bool:
        """Return whether we know a command, or with a dot at its end a package."""
        if name.endswith("."):
            return any(command.startswith(name) for command in self._commands)
        return name in self._commands

    def on_enabled(self, side: Side) -> None:
        if self._ident is not None and not self._introduced:
            self._introduced = True  # "must not be sent more than once per ZMP session"
            self.send(self._pack(*self._ident))

    def _pack(self, *strings: str) -> bytes:
        return _packed(*strings, encoding=self.session.encoding)

    def on_subnegotiation(self, data: bytes) -> None:
        try:
            command, arguments = self._decode(data)
        except ValueError as error:
            return self.report(str(error), data)
        self._answer(command, arguments)
        self.emit("on_zmp", command, arguments)

    def _decode(self, data: bytes) -> tuple[str, list[str]]:
        session = self.session
        return decode_zmp(data, values=session.limits.values, encoding=session.encoding, otherwise=session.decode)

    def _answer(self, command: str, arguments: list[str]) -> None:
        match command, arguments:
            case "zmp.ping", _ if self._clock is not None:
                if (now := self.session.call(self._clock)) is not None:
                    self.answer(self._pack("zmp.time", _written(now)))
            case "zmp.check", [name, *_]:  # whoever asks waits, whatever stands after the name
                self.answer(self._pack("zmp.support" if self.supports(name) else "zmp.no-support", name))
            case "zmp.ident", [name, *_] if name:
                self.client.learn(**dict(zip(("name", "version"), arguments, strict=False)))

    def send_command(self, command: str, *arguments: str) -> bool:
        """Send a command; return False, with nothing sent, while ZMP is off.  Raises as :func:`encode_zmp` does."""
        data = encode_zmp(command, *arguments, encoding=self.session.encoding)
        if self.enabled:
            self.send(data)
        return self.enabled


def _written(moment: datetime) -> str:
    offset = moment.utcoffset()
    return f"{moment - offset if offset else moment:%Y-%m-%d %H:%M:%S}"
