"""MXP: text with links and markup in it (MUD eXtension Protocol)."""

from __future__ import annotations

import re
from collections.abc import Container
from enum import IntEnum
from html import escape
from typing import Final

from telnet import constants
from telnet.negotiation import Side
from telnet.options.option import Option, Role, check_text
from telnet.options.plain_text import plain_text

__all__ = ["MXP", "LineMode", "element", "escape_mxp", "parse_reply", "tag"]


class LineMode(IntEnum):
    """What markup is obeyed from a line tag on; 0 to 2 until the line ends, 5 to 7 for good."""

    OPEN = 0
    """What does no harm: bold, colours."""

    SECURE = 1
    """All: links, images, sounds, definitions."""

    LOCKED = 2
    """None; text is shown as it is."""

    RESET = 3
    """Close what is open, and go back to OPEN."""

    TEMP_SECURE = 4
    """All, for the one tag that follows at once."""

    LOCK_OPEN = 5
    LOCK_SECURE = 6
    LOCK_LOCKED = 7


def tag(number: int) -> str:
    """Return a line tag: ``tag(LineMode.SECURE)``, 10 to 19 for what a mapper reads, 20 to 99 for a game's own.

    Raises ``ValueError`` for a number that is not 0 to 99.
    """
    if number not in range(100):
        raise ValueError(f"a line tag is a number from 0 to 99, not {number!r}")
    return f"\x1b[{number:d}z"


def escape_mxp(text: str) -> str:
    """Return what a player wrote so that it is shown and not obeyed: ``&``, ``<`` and ``>`` as entities.

    Control characters are left out (:func:`~telnet.options.plain_text.plain_text`): a line tag begins with one.
    """
    return escape(plain_text(text), quote=False)


def element(name: str, text: str, /, **attributes: str | bool) -> str:
    """Return ``text`` inside of an element: ``element("SEND", "north", href="go north", hint="Walk north")``.

    Both tags are sent in the mode TEMP_SECURE, so it can stand anywhere in a line.  Text and values are escaped.  An
    attribute that is True is a word alone, as PROMPT of SEND; one that is False is left out.

    Raises ``ValueError`` for a name that is not ASCII letters, digits and ``_-.``, or does not begin with a letter, and
    ``TypeError`` for a value that is neither ``str`` nor ``bool``.
    """
    return _element(name, escape_mxp(text), attributes)


def _element(name: str, shown: str, attributes: dict[str, str | bool]) -> str:
    words = [_checked(name), *(_attribute(*each) for each in attributes.items() if each[1] is not False)]
    secure = tag(LineMode.TEMP_SECURE)
    return f"{secure}<{' '.join(words)}>{shown}{secure}</{name}>"


def _attribute(name: str, value: str | bool) -> str:
    if value is True:
        return _checked(name)
    if not isinstance(value, str):
        raise TypeError(f"an attribute is a str or a bool, not {type(value).__name__}: {name}={value!r}")
    quoted = escape_mxp(value).replace('"', "&quot;").replace("\n", " ")
    return f'{_checked(name)}="{quoted}"'


_NAME: Final = re.compile("[A-Za-z][A-Za-z0-9_.-]*")


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"a name in MXP is ASCII letters, digits and _-. and begins with a letter, not {name!r}")
    return name


# What a client answers, by the tag that asks for it.  AFK and OPTION are of MUSHclient.
_ANSWERS: Final = {
    "AFK": "AFK",
    "OPTION": "OPTIONS",
    "PASSWORD": "PASSWORD",
    "SUPPORT": "SUPPORTS",
    "USER": "USER",
    "USERNAME": "USER",
    "VERSION": "VERSION",
}

_SECURE: Final = r"(?P<secure>\x1b\[[146]z)?"
_REPLY: Final = re.compile(
    _SECURE + r"<(?P<name>VERSION|SUPPORTS?|AFK|OPTIONS?)(?=[\s>])(?P<rest>[^<>]*)>(?:\x1b\[\d{1,2}z)?\s*",
    re.IGNORECASE | re.ASCII,
)
_LOGIN: Final = re.compile(_SECURE + r"<(?P<name>USER(?:NAME)?|PASSWORD)(?=[\s>])", re.IGNORECASE | re.ASCII)
_LOGIN_END: Final = re.compile(r">(?:\x1b\[\d{1,2}z)?\s*\Z", re.ASCII)
_DIGITS: Final = "0123456789"

# MXP has some forty tags, with three attributes each.
_MOST_ARGUMENTS: Final = 256
_PAIR: Final = re.compile(r"""(?<!\S)(?P<name>\w+)=(?P<value>"[^"]*"|'[^']*'|[^\s"']*)""")
_ARGUMENT: Final = {"VERSION": _PAIR, "OPTIONS": _PAIR, "SUPPORTS": re.compile(r"(?P<value>[+-])(?P<name>\S+)")}


def parse_reply(line: str, asked: Container[str] = ()) -> tuple[str, dict[str, str]] | None:
    """Return the name and the arguments of a client's answer, or None if the line is not one.

    * ``"VERSION"``, with arguments such as ``{"mxp": "1.0", "client": "Mudlet", "version": "4.17.2"}``;
    * ``"SUPPORTS"``, also where a client writes SUPPORT, with ``{"send": "+", "image": "-"}``;
    * ``"AFK"``, with ``{"seconds": "120", "challenge": "word"}``, each if it is there;
    * ``"OPTIONS"``, with ``{"utf_8": "1"}``;
    * ``"USER"`` with ``{"user": "bob"}``, and ``"PASSWORD"`` with ``{"password": "hunter2"}``, which is a secret.

    An answer is a line in secure mode, which nobody types (MXP, "Version Control"), of 256 words at most.  What begins
    as PASSWORD or USER in secure mode is one in any form, so that no password becomes a line.

    :param line: the line, without its end.
    :param asked: the names of answers that are taken without secure mode as well.
    """
    if login := _LOGIN.match(line):
        return _parse_login(line, login, asked)
    reply = _REPLY.fullmatch(line)
    if reply is None:
        return None
    name, rest = _answer_name(reply["name"]), reply["rest"]
    if not (reply["secure"] or name in asked) or len(rest.split(None, _MOST_ARGUMENTS)) > _MOST_ARGUMENTS:
        return None
    arguments = _afk(rest) if name == "AFK" else _arguments(_ARGUMENT[name], rest)
    return None if arguments is None else (name, arguments)


def _answer_name(written: str) -> str:
    name = written.upper()
    return _ANSWERS.get(name, name)


def _parse_login(line: str, login: re.Match[str], asked: Container[str]) -> tuple[str, dict[str, str]] | None:
    name = _answer_name(login["name"])
    end = _LOGIN_END.search(line, max(login.end(), line.rfind(">")))
    if not (login["secure"] or (name in asked and end)):
        return None
    return name, {name.lower(): _unquoted(line[login.end() : end.start() if end else len(line)].strip())}


def _afk(rest: str) -> dict[str, str]:
    text = rest.strip()
    challenge = text.lstrip(_DIGITS)
    words = {"seconds": text[: len(text) - len(challenge)], "challenge": _unquoted(challenge.strip())}
    return {name: word for name, word in words.items() if word}


def _arguments(argument: re.Pattern[str], rest: str) -> dict[str, str] | None:
    if argument.sub("", rest).strip():
        return None
    return {each["name"].lower(): each["value"].strip("\"'") for each in argument.finditer(rest)}


def _unquoted(text: str) -> str:
    quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "\"'"
    return text[1:-1] if quoted else text


_LOCKS: Final = {
    LineMode.OPEN: LineMode.LOCK_OPEN,
    LineMode.SECURE: LineMode.LOCK_SECURE,
    LineMode.LOCKED: LineMode.LOCK_LOCKED,
}


def _default_mode(default: LineMode | str) -> LineMode:
    mode = LineMode.__members__.get(default.upper()) if isinstance(default, str) else default
    if not isinstance(mode, LineMode) or (locked := _LOCKS.get(mode, mode)) not in _LOCKS.values():
        raise ValueError(f"the default mode must be 'open', 'secure' or 'locked', not {default!r}")
    return locked


class MXP(Option):
    """The server may send markup, which a client shows as links, colours, gauges and the like.

    Server: what players wrote goes through :meth:`text`, and what can be clicked is made by :meth:`element`; both give
    plain text while MXP is off.  ``send_tag("VERSION")`` asks for the client's name and version, which go to
    ``client``, and ``send_tag("SUPPORT send image")`` for what it can do.  ``on_mxp_reply(name, arguments)`` is called
    for the answers, as :func:`parse_reply` returns them; any other line is the player's.  An answer is a line in secure
    mode, or any that :meth:`send_tag` has asked for.  What a handler raises about a PASSWORD is logged without text.

    Client: calls ``on_mxp()`` when MXP is on, once, whether the server then sends the start or not, and leaves the
    markup in the lines.  Its answers are ``send_tag('VERSION MXP="1.0" CLIENT="Lantern" VERSION="2.1"')`` and
    ``send_tag("SUPPORTS +send -image")``.

    :param default: the mode of the text that follows no line tag: ``"locked"`` for a game whose text is not written for
        MXP, so that ``<`` and ``&`` in it are shown; ``"open"``, ``"secure"``, or the :class:`LineMode` of each.  None
        leaves it to the client: the specification has ``"open"``, for which :meth:`text` escapes, but Mudlet takes
        ``"locked"`` and shows the escapes.  State one.
    :raises ValueError: if it is not one of these.

    Source: the MXP specification, version 1.0.
    """

    code = constants.MXP
    performer = Role.SERVER

    def __init__(self, *, default: LineMode | str | None = None) -> None:
        self._default = None if default is None else _default_mode(default)

    def setup(self) -> None:
        self._asked: set[str] = set()  # answers that are awaited
        self._begun = False

    @property
    def default(self) -> LineMode | None:
        """The lock mode that is sent at the start, or None."""
        return self._default

    def accepts(self, side: Side) -> bool:
        return True  # LPMuds say DO where others say WILL

    def on_enabled(self, side: Side) -> None:
        if not self.is_server:
            self._begin()
        elif not (self.local and self.remote):
            self.send(b"")
            if self._default is not None:
                self.session.send(tag(self._default))

    def _begin(self) -> None:
        # Servers of the field send no start, and Mudlet waits for none
        if not self._begun:
            self._begun = True
            self.emit("on_mxp")

    def on_disabled(self, side: Side) -> None:
        if not self.enabled:
            self._begun = False
            self._asked.clear()

    def on_subnegotiation(self, data: bytes) -> None:
        if self.is_server:
            return self.report("the start is empty, from the server", data)
        self.report_excess(data, 0)
        self._begin()

    def on_line(self, line: str) -> bool:
        if not (line.startswith(("\x1b", "<")) and self.is_server and self.enabled):
            return False
        reply = parse_reply(line, self._asked)
        if reply is None:
            return False
        name, arguments = reply
        self._asked.discard(name)
        if name == "VERSION":
            known = {"name": arguments.get("client"), "version": arguments.get("version")}
            self.client.learn(**{fact: value for fact, value in known.items() if value})
        emit = self.session.emit_secret if name == "PASSWORD" else self.emit
        emit("on_mxp_reply", name, arguments)
        return True

    def _shown(self, text: str) -> str:
        """What a player wrote, as it is sent while MXP is on."""
        return plain_text(text) if self._default is LineMode.LOCK_LOCKED else escape_mxp(text)

    def text(self, text: str) -> str:
        """Server: return what a player wrote as it is safe to send in the default mode.

        That is by :func:`escape_mxp` if MXP is on, and without control characters if it is not, or the default mode is
        ``"locked"``.  In a line to which you give another mode, use :func:`escape_mxp`.
        """
        return self._shown(text) if self.enabled else plain_text(text)

    def element(self, name: str, text: str, /, **attributes: str | bool) -> str:
        """Server: return an :func:`element`, or its text alone while MXP is off.  Raises as that does.

        In the default mode ``"locked"`` the text is not escaped, since it is between the tags and in that mode.
        """
        markup = _element(name, self._shown(text), attributes)
        return markup if self.enabled else plain_text(text)

    def send_tag(self, markup: str) -> bool:
        """Send a tag, given without its brackets, that the peer obeys; return False, with nothing sent, while off.

        A server's is sent where it is in the line, a client's as a line of its own.  Raises ``ValueError`` for markup
        that is empty or has a control character or line end in it.
        """
        check_text("a tag", markup)
        if not markup or not markup.isprintable():
            raise ValueError(f"a tag is printable and in one line, not {markup!r}")
        if self.enabled and self.is_server:
            self._expect(markup)
            self.session.send(f"{tag(LineMode.TEMP_SECURE)}<{markup}>")
        elif self.enabled:
            self.session.send(f"{tag(LineMode.SECURE)}<{markup}>\n")
        return self.enabled

    def _expect(self, markup: str) -> None:
        answer = _ANSWERS.get(markup.upper().partition(" ")[0])
        if answer is not None:
            self._asked.add(answer)
