"""MXP: text with links and markup in it (MUD eXtension Protocol)."""

from __future__ import annotations

import re
from enum import IntEnum
from html import escape
from typing import Final

from telnet import constants
from telnet.negotiation import Side
from telnet.options.option import Option, Role
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
    words = [_checked(name), *(_attribute(*each) for each in attributes.items() if each[1] is not False)]
    secure = tag(LineMode.TEMP_SECURE)
    return f"{secure}<{' '.join(words)}>{escape_mxp(text)}{secure}</{name}>"


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


_REPLY: Final = re.compile(r"\x1b\[1z<(VERSION|SUPPORTS)\b([^<>]*)>\s*", re.IGNORECASE | re.ASCII)
# MXP has some forty tags, with three attributes each.
_MOST_ARGUMENTS: Final = 256
_ARGUMENT: Final = {
    "VERSION": re.compile(r"""(?<!\S)(?P<name>\w+)=(?P<value>"[^"]*"|'[^']*'|[^\s"']+)"""),
    "SUPPORTS": re.compile(r"(?P<value>[+-])(?P<name>\S+)"),
}


def parse_reply(line: str) -> tuple[str, dict[str, str]] | None:
    """Return the name and the arguments of a client's answer, or None if the line is not one.

    The name is ``"VERSION"``, with arguments such as ``{"mxp": "1.0", "client": "Mudlet", "version": "4.17.2"}``, or
    ``"SUPPORTS"``, with ``{"send": "+", "image": "-"}``.  An answer is a line in secure mode, which nobody types (MXP,
    "Version Control"), of 256 words at most.
    """
    reply = _REPLY.fullmatch(line)
    if reply is None or len(reply[2].split(None, _MOST_ARGUMENTS)) > _MOST_ARGUMENTS:
        return None
    name, rest = reply[1].upper(), reply[2]
    argument = _ARGUMENT[name]
    if argument.sub("", rest).strip():
        return None
    return name, {each["name"].lower(): each["value"].strip("\"'") for each in argument.finditer(rest)}


class MXP(Option):
    """The server may send markup, which a client shows as links, colours, gauges and the like.

    Server: what players wrote goes through :meth:`text`, and what can be clicked is made by :meth:`element`; both give
    plain text while MXP is off.  ``send_tag("VERSION")`` asks for the client's name and version, which go to
    ``client``, and ``send_tag("SUPPORT send image")`` for what it can do.  ``on_mxp_reply(name, arguments)`` is called
    for the answers, as :func:`parse_reply` returns them; any other line is the player's.

    Client: calls ``on_mxp()`` when the markup begins, and leaves it in the lines.  Its answers are
    ``send_tag('VERSION MXP="1.0" CLIENT="Lantern" VERSION="2.1"')`` and ``send_tag("SUPPORTS +send -image")``.

    Source: the MXP specification, version 1.0.
    """

    code = constants.MXP
    performer = Role.SERVER

    def accepts(self, side: Side) -> bool:
        return True  # LPMuds say DO where others say WILL

    def on_enabled(self, side: Side) -> None:
        if self.is_server and not (self.local and self.remote):
            self.send(b"")

    def on_subnegotiation(self, data: bytes) -> None:
        if data or self.is_server:
            return self.report("the start is empty, from the server", data)
        self.emit("on_mxp")

    def on_line(self, line: str) -> bool:
        if not (line.startswith("\x1b") and self.is_server and self.enabled):
            return False
        reply = parse_reply(line)
        if reply is None:
            return False
        name, arguments = reply
        if name == "VERSION":
            known = {"name": arguments.get("client"), "version": arguments.get("version")}
            self.client.learn(**{fact: value for fact, value in known.items() if value})
        self.emit("on_mxp_reply", name, arguments)
        return True

    def text(self, text: str) -> str:
        """Server: return what a player wrote as it is safe to send, by :func:`escape_mxp` if MXP is on."""
        return escape_mxp(text) if self.enabled else plain_text(text)

    def element(self, name: str, text: str, /, **attributes: str | bool) -> str:
        """Server: return an :func:`element`, or its text alone while MXP is off.  Raises as that does."""
        markup = element(name, text, **attributes)
        return markup if self.enabled else plain_text(text)

    def send_tag(self, markup: str) -> bool:
        """Send a tag, given without its brackets, that the peer obeys; return False, with nothing sent, while off.

        A server's is sent where it is in the line, a client's as a line of its own.  Raises ``ValueError`` for markup
        that is empty or has a control character or line end in it.
        """
        if not markup or not markup.isprintable():
            raise ValueError(f"a tag is printable and in one line, not {markup!r}")
        if self.enabled and self.is_server:
            self.session.send(f"{tag(LineMode.TEMP_SECURE)}<{markup}>")
        elif self.enabled:
            self.session.send(f"{tag(LineMode.SECURE)}<{markup}>\n")
        return self.enabled
