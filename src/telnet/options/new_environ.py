"""NEW-ENVIRON: variables of the client's environment (RFC 1572), and with MNES what the client is and can do."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, NamedTuple, TypeAlias

from telnet import constants
from telnet.client import LONGEST_VARIABLE, MTTS, Hyperlinks, presentable
from telnet.negotiation import Side
from telnet.options.markers import utf8
from telnet.options.option import Option, Role

__all__ = ["NEW_ENVIRON", "Variable", "decode_variables", "encode_variables"]

_IS: Final = b"\x00"
_SEND: Final = b"\x01"
_INFO: Final = b"\x02"

_VAR: Final = b"\x00"
_VALUE: Final = b"\x01"
_ESC: Final = b"\x02"
_USERVAR: Final = b"\x03"

# ESC is the first, so that what replaces the others is not replaced again.
_SPECIAL: Final = (_ESC, _VAR, _VALUE, _USERVAR)

# In Latin-1 each byte is a character, and those behind 255 are free: one in the place of what is escaped leaves only
# what marks something.
_LIFTED: Final = {(_ESC + each).decode("latin-1"): (each.decode("latin-1"), chr(256 + each[0])) for each in _SPECIAL}
_VARIABLE: Final = re.compile(r"([\x00\x03])([^\x00-\x03]*)(?:\x01([^\x00-\x03]*))?([^\x00\x03]*)")

_MNES: Final = ("CLIENT_NAME", "CLIENT_VERSION", "TERMINAL_TYPE", "MTTS", "CHARSET")
_LOCALE: Final = ("LC_ALL", "LC_CTYPE", "LANG")

# What says more about the encoding of text comes first, so that text is switched once by one message.
_NOTED: Final = ("CLIENT_NAME", "CLIENT_VERSION", "TERMINAL_TYPE", "CHARSET", "MTTS")

# Which links a client shows (Mudlet's page on supported protocols, OSC 8).
_FIRST_OF_LINKS: Final = "OSC_HYPERLINKS"
_HYPERLINKS: Final = {
    _FIRST_OF_LINKS if each is Hyperlinks.LINKS else f"{_FIRST_OF_LINKS}_{each.name}": each for each in Hyperlinks
}

# Flags of MTTS that Mudlet tells as variables too, where it is asked for them or for all.
_FLAGS: Final = {
    "ANSI": MTTS.ANSI,
    "VT100": MTTS.VT100,
    "256_COLORS": MTTS.COLOURS_256,
    "UTF-8": MTTS.UTF_8,
    "OSC_COLOR_PALETTE": MTTS.OSC_COLOUR_PALETTE,
    "SCREEN_READER": MTTS.SCREEN_READER,
    "TRUECOLOR": MTTS.TRUECOLOUR,
    "TLS": MTTS.TLS,
}

# Those that are a VAR where all of a kind are wanted (RFC 1572 section 6, the MNES page).
_WELL_KNOWN: Final = frozenset((*_MNES, "IPADDRESS", "USER", "JOB", "ACCT", "PRINTER", "SYSTEMTYPE", "DISPLAY"))

# Of a SEND: some clients have 256 bytes for a whole subnegotiation.
_QUESTION: Final = 200

_MALFORMED: Final = "a variable begins with VAR or USERVAR, and has one VALUE at most"
_CUT_OFF: Final = "cut off behind an ESC"


class Variable(NamedTuple):
    """A variable, as it goes over the wire."""

    name: str
    """In a question, an empty one stands for all of its kind."""

    value: str | None = None
    """None where it is undefined, and in a question."""

    user: bool = False
    """Whether it is a USERVAR, one of the user's own, and not a VAR that RFC 1572 or MNES gives a meaning."""


# A SEND that names nothing asks for both kinds (RFC 1572 section 2).
_ALL: Final = (Variable(""), Variable("", user=True))

# What is told, encoded, by name and kind.
_Answers: TypeAlias = dict[tuple[str, bool], bytes]


def encode_variables(variables: Iterable[Variable]) -> bytes:
    """Return the payload behind IS, SEND or INFO.

    Text is UTF-8, and bytes 0 to 3 in it are escaped; 255 is not doubled here, that is for whoever sends it.  Source:
    RFC 1572 section 2.
    """
    return b"".join(map(_encode, variables))


def _encode(variable: Variable) -> bytes:
    encoded = (_USERVAR if variable.user else _VAR) + _escape(variable.name)
    return encoded if variable.value is None else encoded + _VALUE + _escape(variable.value)


def _escape(text: str) -> bytes:
    data = text.encode("utf-8", "replace")
    for special in _SPECIAL:
        data = data.replace(special, _ESC + special)
    return data


def decode_variables(data: bytes) -> Iterator[Variable]:
    """Yield the variables of a payload behind IS, SEND or INFO; what is not UTF-8 in them is replaced.

    Raises ``ValueError`` at the first that is malformed, when all before it have been yielded.
    """
    for variable, fault in _read_variables(data, utf8):
        if variable is not None:
            yield variable
        if fault:
            raise ValueError(fault)


def _read_variables(data: bytes, text: Callable[[bytes], str]) -> Iterator[tuple[Variable | None, str]]:
    """Yield each variable with what is wrong there, or ``""``; None is what cannot be read of it.

    Bytes before the first are left out, and of several values all but the first.
    """
    lifted = _lift(data.decode("latin-1"))
    if lifted and lifted[0] not in "\x00\x03":
        yield None, _MALFORMED
    for kind, name, value, excess in map(re.Match.groups, _VARIABLE.finditer(lifted)):
        if excess == "\x02":
            yield None, _CUT_OFF
        else:
            told = None if value is None else _lower(value, text)
            yield Variable(_lower(name, text), told, kind == "\x03"), excess and _MALFORMED


def _lift(text: str) -> str:
    """Put characters that no byte has in the place of what is escaped; an ESC at the end alone is left."""
    if "\x02" not in text:
        return text
    for escaped, (_, lifted) in _LIFTED.items():
        text = text.replace(escaped, lifted)
    return text[:-1].replace("\x02", "") + text[-1:]


def _lower(lifted: str, text: Callable[[bytes], str]) -> str:
    """Return the text of a name or a value, with what was escaped in its place again."""
    if lifted.isascii():
        return lifted
    for special, stand_in in _LIFTED.values():
        lifted = lifted.replace(stand_in, special)
    return text(lifted.encode("latin-1"))


class NEW_ENVIRON(Option):
    """The client tells variables of its environment, and changes of them.

    Server: asks for the names in ``ask`` when the client agrees, by default for those of MNES, of the locale, and those
    by which a client says which links it shows.  Each is asked for as VAR and as USERVAR, since clients differ in what
    they take it for.  USER is not among them: the telnet of Microsoft Windows crashes on it.  Calls
    ``on_environment(name, value)`` for what is new, both as they are in ``client.environment``: without what is not
    printable.  None says that the variable is undefined.  ``client.environment`` has all of them, up to
    ``limits.variables``, and ``client`` has what those that are asked for mean, and the flags of MTTS that Mudlet tells
    one by one.  What is not UTF-8 is read as lines are.  Of a message that is malformed, or has a variable of more than
    1024 characters, the others are taken, and the first fault is reported.

    Client: ``NEW_ENVIRON(variables={"CLIENT_NAME": "..."})`` tells these when it is asked for them or for all; others
    are undefined.  :meth:`update` tells changes.

    Sources: RFC 1572, the MNES page (Mud New-Environ Standard).
    """

    code = constants.NEW_ENVIRON
    performer = Role.CLIENT

    def __init__(
        self,
        ask: Iterable[str] = (*_MNES, *_LOCALE, *_HYPERLINKS),
        variables: Mapping[str, str | None] | None = None,
    ) -> None:
        self._names = _checked(ask)
        self._given = _checked_values(variables or {})

    def setup(self) -> None:
        self.variables = dict(self._given)
        self._told: dict[bool, _Answers] = {}

    def on_enabled(self, side: Side) -> None:
        if side is Side.REMOTE:
            self.ask()

    def ask(self, *names: str) -> bool:
        """Server: ask for variables, without names for those of the settings; return whether that was sent.

        A client answers what it likes, possibly nothing.  Raises ``TypeError`` or ``ValueError`` for what is no name.
        """
        wanted = _checked(names) or self._names
        if not self.remote:
            return False
        for user in (False, True):
            for question in _questions(wanted, user):
                self.send(_SEND + question)
        return True

    def update(self, variables: Mapping[str, str | None]) -> bool:
        """Client: tell the server what has changed; return whether that was sent.

        None says that a variable is undefined.  While the server has not asked it is not sent, but told when the server
        does.  Raises ``TypeError`` or ``ValueError`` for what is no name or no value.
        """
        changed = _checked_values(variables)
        self.variables.update(changed)
        self._told = {}
        if not self.local:
            return False
        self.send(_INFO + encode_variables(_own(name, value) for name, value in changed.items()))
        return True

    def on_subnegotiation(self, data: bytes) -> None:
        command, payload = data[:1], data[1:]
        if command == _SEND and self.may_come(Side.LOCAL):
            self._answer(payload)
        elif command in (_IS, _INFO) and self.may_come(Side.REMOTE):
            self._learn(payload, changed=command == _INFO)
        else:
            self.report("neither a question to the client nor its answer", data)

    def _answer(self, payload: bytes) -> None:
        """Tell what is asked for, in its order; each once, so that no question makes a long answer."""
        answers: _Answers = {}
        for name, _, user in dict.fromkeys(self._read(payload) or _ALL):
            if name:
                answers[name, user] = _encode(Variable(name, self.variables.get(name), user))
            else:
                answers.update(self._all(user))
        self.answer(_IS + b"".join(answers.values()))

    def _all(self, user: bool) -> _Answers:
        """Those of a kind, which are encoded once: a server may ask for all of them again and again."""
        if user not in self._told:
            own = (_own(name, value) for name, value in self.variables.items() if value is not None)
            self._told[user] = {(each.name, user): _encode(each) for each in own if each.user is user}
        return self._told[user]

    def _learn(self, payload: bytes, *, changed: bool) -> None:
        known = self.client.environment
        environment = dict(known)
        told: dict[str, None] = {}
        for name, value in map(_clean, self._read(payload)):
            if not name:
                continue  # TinTin++ and telnetlib3 send such among the others
            if value is None and not changed and environment.get(name) is not None:
                continue  # it is defined, as the other kind
            if name not in environment and len(environment) >= self.session.limits.variables:
                self.report(f"more than {self.session.limits.variables} variables", payload)
                break
            environment[name] = value
            told[name] = None
        news = {name: environment[name] for name in told if name not in known or known[name] != environment[name]}
        for name in _NOTED:
            if value := _said(news.get(name)):
                self._take_note(name, value, changed=changed)
        self._take_flags(news)
        if news:
            self.client.learn_variables(news)
        for name, value in news.items():
            self.emit("on_environment", name, value)

    def _read(self, payload: bytes) -> list[Variable]:
        """Return the variables of a payload that have a name or stand for all, as far as limits allow.

        What is wrong beside them is left out and reported, so that a question with a byte too many is answered.
        """
        most = self.session.limits.variables
        variables: list[Variable] = []
        faults: list[str] = []
        for variable, fault in _read_variables(payload, self._text):
            if variable is not None and len(variable.name) + len(variable.value or "") > LONGEST_VARIABLE:
                variable, fault = None, f"a variable of more than {LONGEST_VARIABLE} characters"
            if variable is not None and len(variables) >= most:
                faults.append(f"more than {most} variables")
                break
            variables += [variable] if variable is not None else []
            faults += [fault] if fault else []
        if faults:
            self.report(faults[0], payload)
        return variables

    def _text(self, data: bytes) -> str:
        try:
            return data.decode()
        except UnicodeDecodeError:
            return self.session.decode(data)  # of a user whose system is older than UTF-8

    def _take_note(self, name: str, value: str, *, changed: bool) -> None:
        client = self.client
        if name == "CLIENT_NAME":
            client.learn(name=value)
        elif name == "CLIENT_VERSION":
            client.learn(version=value)
        elif name == "TERMINAL_TYPE":
            client.learn_terminal(value)
        elif name == "CHARSET":
            client.learn_charset(value)
        elif value.isdecimal():
            client.learn_mtts(int(value), changed=changed)

    def _take_flags(self, news: Mapping[str, str | None]) -> None:
        links = self.client.hyperlinks
        for name in _HYPERLINKS.keys() & news.keys():
            links = links | _HYPERLINKS[name] if _said(news[name]) == "1" else links & ~_HYPERLINKS[name]
        self.client.learn(hyperlinks=links)
        said = {name: _said(news[name]) for name in _FLAGS.keys() & news.keys()}
        on, off = (sum(_FLAGS[name] for name, value in said.items() if value == digit) for digit in "10")
        if on or off:
            self.client.learn_flags(on, off)


def _said(value: str | None) -> str:
    return (value or "").strip()


def _clean(variable: Variable) -> tuple[str, str | None]:
    """Return the name and the value of a variable as they are shown."""
    name, value, _ = variable
    return presentable(name, LONGEST_VARIABLE), None if value is None else presentable(value, LONGEST_VARIABLE)


def _own(name: str, value: str | None) -> Variable:
    return Variable(name, value, name not in _WELL_KNOWN)


def _questions(names: Iterable[str], user: bool) -> Iterator[bytes]:
    """Yield the payloads of as many SENDs as it takes.

    Those about links begin another: who has little room for an answer, for MNES too, has never heard of them.
    """
    question = b""
    for name in names:
        asked = _encode(Variable(name, None, user))
        if question and (len(question) + len(asked) > _QUESTION or name == _FIRST_OF_LINKS):
            yield question
            question = b""
        question += asked
    if question:
        yield question


def _checked(names: Iterable[str]) -> tuple[str, ...]:
    if isinstance(names, str):
        raise TypeError(f"names are a sequence of str, as [{names!r}] is, not {names!r}")
    names = tuple(names)
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"the name of a variable is str, not {name!r}")
        if not name:
            raise ValueError("the name of a variable is not empty")
    return names


def _checked_values(variables: Mapping[str, str | None]) -> dict[str, str | None]:
    _checked(variables.keys())
    for name, value in variables.items():
        if not (value is None or isinstance(value, str)):
            raise TypeError(f"the value of {name} is str, or None for an undefined one, not {value!r}")
    return dict(variables)
