"""MSSP: what a game tells the crawlers that list it (Mud Server Status Protocol)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from telnet import constants
from telnet.negotiation import Side
from telnet.options.markers import Markers, utf8
from telnet.options.option import Option, Role

if TYPE_CHECKING:
    from telnet.limits import Limits

__all__ = ["MSSP", "decode", "encode", "read"]

_VAR: Final = "\x01"
_VAL: Final = "\x02"
_MARKERS: Final = Markers(2)
_FORBIDDEN: Final = re.compile("[\x00-\x02]")

_REQUIRED: Final = ("NAME", "PLAYERS", "UPTIME")

# The official names that are no identifiers, of the page and of the longer list that came before it.
_SPACED: Final = (
    "ADULT MATERIAL",
    "CRAWL DELAY",
    "EQUIPMENT SYSTEM",
    "EXTRA DESCRIPTIONS",
    "HIRING BUILDERS",
    "HIRING CODERS",
    "MINIMUM AGE",
    "NEWBIE FRIENDLY",
    "PAY FOR PERKS",
    "PAY TO PLAY",
    "PLAYER CITIES",
    "PLAYER CLANS",
    "PLAYER CRAFTING",
    "PLAYER GUILDS",
    "QUEST SYSTEM",
    "TRAINING SYSTEM",
    "UTF-8",
    "WORLD ORIGINALITY",
    "XTERM 256 COLORS",
    "XTERM TRUE COLORS",
)
_OFFICIAL: Final = {re.sub("[ -]", "_", name): name for name in _SPACED}

_REQUEST: Final = "MSSP-REQUEST"
_START: Final = "MSSP-REPLY-START"
_END: Final = "MSSP-REPLY-END"

# Lines that others may say in the middle of a reply, before it is given up: nobody is logged in where one is asked for.
_MOST_OTHER_LINES: Final = 16

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
    in each is the most important.  :meth:`request_text` asks for the same as plain text, for servers that do not
    negotiate.  Of a message that is malformed, what can be read is told, and the first fault is reported; one of more
    than ``limits.values`` names and values is reported and dropped whole.

    An official name with blanks in it may be written with underscores, as ``CRAWL_DELAY``, and is ``CRAWL DELAY`` when
    it is sent, and when it was received.  Other names stay as they are.  Text is in the encoding of the session, both
    ways, and is read as lines are; what the encoding lacks is sent as ``?``.

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
        self._requested = False
        self._reply: _Reply | None = None  # in plain text, while it comes

    @property
    def settling(self) -> bool:
        return False  # no first screen depends on it

    def on_enabled(self, side: Side) -> None:
        if side is Side.LOCAL and (payload := self.session.call(self._payload)):
            self.answer(payload)  # the option may be agreed on again and again

    def _payload(self) -> bytes:
        return encode(self._current(), encoding=self.session.encoding)

    def on_line(self, line: str) -> bool:
        return self._answer_text(line) if self.is_server else self._read_text(line)

    # The server's side of the plain text

    def _answer_text(self, line: str) -> bool:
        if not self._at_first_line:
            return False
        said = line.strip()
        self._at_first_line = not said
        if said.upper() != _REQUEST:
            return False
        if reply := self.session.call(lambda: _plain(self._current())):
            self.session.send(reply)
        return True

    # The client's side of the plain text

    def request_text(self) -> bool:
        """Client: ask for the variables with the line ``MSSP-REQUEST``; return whether it was sent, as a server never.

        It counts where the server asks for a name or a password.  The lines of the reply are not the program's; what
        was in them is told by ``on_mssp``, once.  Until it begins every line is the program's.  A reply without an end
        is given up, and reported, when it has become larger than a subnegotiation may be, or after 16 lines that are
        not of its form, which are the program's as well.
        """
        if self.is_server:
            return False
        self._requested = True
        self._reply = None
        self.session.send(_REQUEST + "\n")
        return True

    def _read_text(self, line: str) -> bool:
        if self._reply is None:
            return self._requested and self._begin_reply(line)
        if line.strip() == _END:
            variables, self._reply = self._reply.variables, None
            self.emit("on_mssp", variables)
            return True
        taken = self._reply.take(line)
        if fault := self._reply.fault(self.session.limits):
            self._reply = None
            self.report(fault, b"")
        return taken

    def _begin_reply(self, line: str) -> bool:
        before, start, after = line.rpartition(_START)
        if not start or after.strip():
            return False
        self._requested = False
        self._reply = _Reply()
        if before.strip():  # a prompt that has no end of its own
            self.emit("on_line", before)
        return True

    # The subnegotiation

    def on_subnegotiation(self, data: bytes) -> None:
        if self.is_server:
            return self.report("variables from a client", data)
        session = self.session
        try:
            variables, fault = read(
                data, values=session.limits.values, encoding=session.encoding, otherwise=session.decode
            )
        except ValueError as exc:
            return self.report(str(exc), data)
        if fault:
            self.report(fault, data)
        if variables or not fault:
            self.emit("on_mssp", variables)

    def _current(self) -> Mapping[str, object]:
        return self._variables() if callable(self._variables) else self._variables


class _Reply:
    """What has come of a reply in plain text."""

    def __init__(self) -> None:
        self.variables: dict[str, list[str]] = {}
        self._count = 0  # of names and values
        self._size = 0  # in characters
        self._others = 0  # lines that are not of its form

    def take(self, line: str) -> bool:
        """Take a name and its values, with a tab before each, or an empty line; return whether it is one of these."""
        name, *values = line.split("\t")
        name = name.strip()
        blank = not line.strip()
        if not (name and values or blank):
            self._others += 1
            return False
        self._size += len(line) + 1
        if blank:
            return True
        self._count += 1 + len(values)
        self.variables.setdefault(_official(name), []).extend(values)
        return True

    def fault(self, limits: Limits) -> str:
        """Return why it is to be given up, or ``""``."""
        if self._count > limits.values:
            return _too_many(limits.values)
        if self._size > limits.subnegotiation or self._others > _MOST_OTHER_LINES:
            return "a reply in plain text without its end"
        return ""


def encode(variables: Mapping[str, object], *, encoding: str = "utf-8") -> bytes:
    """Return the payload of a subnegotiation that tells variables: text, numbers and booleans, or sequences of them.

    True is told as 1 and False as 0; of a variable with an empty sequence nothing is told.  What the encoding lacks
    becomes ``?``.

    Raises ``ValueError`` if NAME, PLAYERS or UPTIME is missing, and for names and text with a character from 0 to 2,
    which MSSP uses for itself; ``TypeError`` for other types.
    """
    told = _texts(variables)
    text = "".join(_VAR + name + "".join(_VAL + each for each in told[name]) for name in told)
    return text.encode(encoding, "replace")


def decode(data: bytes, *, values: int = 4096) -> dict[str, list[str]]:
    """Return the variables in the payload of a subnegotiation, each with its values in order; its text is UTF-8.

    Those of a variable that comes several times are joined; one without a value is left out.  Bytes that are not UTF-8
    are replaced (U+FFFD).  Raises ``ValueError``, which says what is wrong, for a payload that is malformed anywhere or
    has more than ``values`` names and values.
    """
    variables, fault = read(data, values=values)
    if fault:
        raise ValueError(fault)
    return variables


def read(
    data: bytes, *, values: int = 4096, encoding: str = "utf-8", otherwise: Callable[[bytes], str] = utf8
) -> tuple[dict[str, list[str]], str]:
    """Return the variables of a payload, and the first thing that is wrong with it, or ``""``.

    NUL is left out, and so are text that is neither a name nor a value, and values without a name.

    :param data: the payload.
    :param values: how many names and values there may be.
    :param encoding: in which the text is.
    :param otherwise: reads the bytes of one text, if the payload is not in that encoding.
    :raises ValueError: if there are more than ``values``.
    """
    if _MARKERS.count(data) > values:
        raise ValueError(_too_many(values))
    faults: list[str] = []
    if b"\0" in data:
        faults.append(_meaningless("\0"))
        data = data.replace(b"\0", b"")
    before, pieces = _MARKERS.split(data, encoding, otherwise)
    if before:
        faults.append("text in front of the first VAR")
    present = nameless = list[str]()  # for values without a name
    variables: dict[str, list[str]] = {"": nameless}
    for marker, text in pieces:
        if marker == _VAR:
            present = variables.setdefault(_OFFICIAL.get(text, text), [])
        else:
            present.append(text)
        if present is nameless:  # a VAR without a name, or a VAL without VAR
            faults.append(_meaningless(marker))
    del variables[""]
    return {name: texts for name, texts in variables.items() if texts}, faults[0] if faults else ""


def _official(name: str) -> str:
    return _OFFICIAL.get(name, name)


def _too_many(values: int) -> str:
    return f"more than {values} values"


def _meaningless(marker: str) -> str:
    return f"byte {ord(marker)} where it means nothing"


def _plain(variables: Mapping[str, object]) -> str:
    """The same as plain text; several values stand in one line."""
    fields = ([name, *values] for name, values in _texts(variables).items())
    lines = ("\t".join(text.translate(_BREAKS) for text in line) for line in fields)
    return "\n".join(("", _START, *lines, _END, ""))


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
    return _official(_to_text(name))


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
