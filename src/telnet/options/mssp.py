"""MSSP: what a game tells the crawlers that list it (Mud Server Status Protocol)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from telnet import constants
from telnet.negotiation import Side
from telnet.options.option import Option, Role

__all__ = ["MSSP", "decode", "encode"]

_VAR: Final = "\x01"
_VAL: Final = "\x02"
_TEXT: Final = bytes(range(3, 256))
_MARKER: Final = re.compile("([\x00-\x02])")  # NUL marks nothing, and is in no name and no value either
_FORBIDDEN: Final = re.compile("[\x00-\x02]")

_REQUIRED: Final = ("NAME", "PLAYERS", "UPTIME")

# What would end a field or a line of plain text.
_BREAKS: Final = str.maketrans("\t\r\n", "   ")


class MSSP(Option):
    """The server tells about itself as soon as it is asked.

    Server: ``MSSP({"NAME": "Ours", "PLAYERS": 3, "UPTIME": 1700000000, "PORT": [23, 4000]})``, or a function without
    arguments that returns such a mapping; it is called for each answer, so that the numbers are right.  NAME, PLAYERS
    and UPTIME, the Unix time of the start, are required.  When the function raises, or returns what :func:`encode`
    refuses, that is treated as if a handler had raised it, and nothing is sent.

    :param plain_text: whether to answer the line ``MSSP-REQUEST`` as well, for crawlers that do not negotiate.  It has
        to be the first line of the connection that is not empty; the program does not see it.

    Client: calls ``on_mssp(variables)`` with a ``dict`` of lists of ``str``.  None of them is empty, and the last text
    in each is the most important.  What is malformed anywhere, or has more than ``limits.values`` names and values, is
    reported and dropped whole.

    Raises what :func:`encode` raises for a mapping that it refuses, or that a server lacks.

    Sources: the MSSP page; for the plain text, which the page once had, what servers and crawlers do.
    """

    code = constants.MSSP
    performer = Role.SERVER

    def __init__(
        self,
        variables: Mapping[str, object] | Callable[[], Mapping[str, object]] = MappingProxyType({}),
        *,
        plain_text: bool = True,
    ) -> None:
        self._variables = variables
        self._plain_text = plain_text
        if variables and not callable(variables):
            encode(variables)  # for its checks

    def setup(self) -> None:
        self._at_first_line = self._plain_text and self.is_server
        if self.is_server and not callable(self._variables):
            encode(self._variables)  # a client needs none

    @property
    def settling(self) -> bool:
        return False  # no first screen depends on it

    def on_enabled(self, side: Side) -> None:
        if side is Side.LOCAL and (payload := self.session.call(lambda: encode(self._current()))):
            self.answer(payload)  # the option may be agreed on again and again

    def on_line(self, line: str) -> bool:
        if not self._at_first_line:
            return False
        said = line.strip()
        self._at_first_line = not said
        if said.upper() != "MSSP-REQUEST":
            return False
        if reply := self.session.call(lambda: _plain(self._current())):
            self.session.send(reply)
        return True

    def on_subnegotiation(self, data: bytes) -> None:
        if self.is_server:
            return self.report("variables from a client", data)
        try:
            variables = decode(data, values=self.session.limits.values)
        except ValueError as exc:
            return self.report(str(exc), data)
        self.emit("on_mssp", variables)

    def _current(self) -> Mapping[str, object]:
        return self._variables() if callable(self._variables) else self._variables


def encode(variables: Mapping[str, object]) -> bytes:
    """Return the payload of a subnegotiation that tells variables: text, numbers and booleans, or sequences of them.

    True is told as 1 and False as 0; of a variable with an empty sequence nothing is told.

    Raises ``ValueError`` if NAME, PLAYERS or UPTIME is missing, and for names and text with a character from 0 to 2,
    which MSSP uses for itself; ``TypeError`` for other types.
    """
    told = _texts(variables)
    return "".join(_VAR + name + "".join(_VAL + each for each in told[name]) for name in told).encode()


def decode(data: bytes, *, values: int = 4096) -> dict[str, list[str]]:
    """Return the variables in the payload of a subnegotiation, each with its values in order.

    Those of a variable that comes several times are joined; one without a value is left out.  Bytes that are not UTF-8
    are replaced (U+FFFD).  Raises ``ValueError``, which says what is wrong, for a payload that is malformed anywhere or
    has more than ``values`` names and values.
    """
    if len(data.translate(None, _TEXT)) > values:
        raise ValueError(f"more than {values} values")
    text, *rest = _MARKER.split(data.decode("utf-8", "replace"))
    if text:
        raise ValueError("text in front of the first VAR")
    variables: dict[str, list[str]] = {}
    present: list[str] | None = None
    for marker, text in zip(rest[::2], rest[1::2], strict=True):
        if marker == _VAR and text:
            present = variables.setdefault(text, [])
        elif marker == _VAL and present is not None:
            present.append(text)
        else:
            raise ValueError(
                f"byte {ord(marker)} where it means nothing"
            )  # NUL, a VAR without a name, a VAL without VAR
    return {name: texts for name, texts in variables.items() if texts}


def _plain(variables: Mapping[str, object]) -> str:
    """The same as plain text; several values stand in one line."""
    fields = ([name, *values] for name, values in _texts(variables).items())
    lines = ("\t".join(text.translate(_BREAKS) for text in line) for line in fields)
    return "\n".join(("", "MSSP-REPLY-START", *lines, "MSSP-REPLY-END", ""))


def _texts(variables: Mapping[str, object]) -> dict[str, list[str]]:
    """Check variables, and return them as text; those without a value are left out."""
    if not isinstance(variables, Mapping):
        raise TypeError(f"the variables of MSSP must be a mapping, not {type(variables).__name__}")
    told = {_to_name(name): values for name, value in variables.items() if (values := _to_texts(value))}
    if missing := [name for name in _REQUIRED if name not in told]:
        raise ValueError(f"MSSP requires the variables {', '.join(_REQUIRED)}; missing: {', '.join(missing)}")
    return told


def _to_name(name: str) -> str:
    if not isinstance(name, str):
        raise TypeError(f"a name in MSSP must be str, not {type(name).__name__}")
    if not name:
        raise ValueError("a name in MSSP must not be empty")
    return _to_text(name)


def _to_texts(value: object) -> list[str]:
    if isinstance(value, str | bytes | bytearray | memoryview) or not isinstance(value, Sequence):
        return [_to_text(value)]
    return [_to_text(each) for each in value]


def _to_text(value: object) -> str:
    if isinstance(value, int):
        return str(int(value))
    if not isinstance(value, str):
        raise TypeError(f"a value in MSSP must be str, int or bool, or a sequence, not {type(value).__name__}")
    if _FORBIDDEN.search(value):
        raise ValueError(f"names and values in MSSP hold no characters from 0 to 2, as {value[:64]!r} does")
    return value.encode("utf-8", "replace").decode()
