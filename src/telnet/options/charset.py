"""CHARSET: agreeing on the encoding of text (RFC 2066)."""

from __future__ import annotations

import re
from typing import Final

from telnet import constants
from telnet.charsets import canonical_name
from telnet.lines import lookup_encoding
from telnet.negotiation import Side, State
from telnet.options.option import END_OF_STRING, Option, check_text

__all__ = ["CHARSET"]

_REQUEST: Final = b"\x01"
_ACCEPTED: Final = b"\x02"
_REJECTED: Final = b"\x03"
_TTABLE_IS: Final = b"\x04"
_TTABLE_REJECTED: Final = b"\x05"

_SEPARATOR: Final = b";"

# "[TTABLE ]" and the version, an octet (RFC 2066 section 2); Mudlet knows the first without its blank, and a digit.
_TTABLE: Final = re.compile(rb"\[TTABLE *\](?: *[\x00-\x1f0-9])?", re.IGNORECASE)

# Names of a request that are looked at; clients and servers offer up to twenty.
_MOST: Final = 100
_LONGEST_NAME: Final = 64  # bytes; of those that IANA has registered, the longest has 45

# One for all sessions: each empty set takes 216 bytes.
_NONE: Final[frozenset[bytes]] = frozenset()


class CHARSET(Option):
    """The two agree on an encoding: one requests some, the best first, and the other accepts one of them or none.

    ``CHARSET("UTF-8", "ISO-8859-1")`` are those that we speak, by the names that go over the wire, which Python has to
    know.  A name of the peer is only ever compared with these and with their aliases (``latin1``, ``ISO_8859-1:1987``
    for ISO-8859-1), without regard to case, hyphens and blanks.

    Either role: calls ``on_charset(encoding)`` when an encoding is agreed on, with Python's name for it; the session
    uses it from here on.  ``client.charset`` is the name in our list, ``client.utf8`` whether it is UTF-8.

    A server offers the option, and requests its encodings when the client agrees.  A client that declines is asked to
    offer it itself: MUSHclient agrees to nothing else, and wants to be requested all the same.  A client requests
    nothing by itself; :meth:`propose` requests, or requests again.  Nothing ever waits for any of this, since the
    answer may not come at all.

    Source: RFC 2066.  Translation tables are declined.
    """

    code = constants.CHARSET
    settling = False  # some clients say DO and then nothing

    def __init__(self, *encodings: str) -> None:
        names = encodings or ("UTF-8", "ISO-8859-1", "US-ASCII")
        self._encodings = {_bare(_checked(name)): (name, lookup_encoding(name)) for name in names}
        self._aliased: dict[str, bytes] = {}
        for bare, own in self._encodings.items():
            for name in map(canonical_name, own):
                self._aliased.setdefault(name, bare)

    def setup(self) -> None:
        self._waiting = False
        self._proposed = _NONE
        self._passed_over = _NONE  # when another one was accepted

    def open(self) -> None:
        if self.is_server:
            self.offer()

    def on_refused(self, side: Side) -> None:
        if self.is_server and side is Side.LOCAL:
            self.request()

    def on_enabled(self, side: Side) -> None:
        if self.is_server and (side is Side.LOCAL or not self.local):
            self.propose()

    def on_disabled(self, side: Side) -> None:
        if not self.enabled:
            self._waiting = False

    @property
    def _may_request(self) -> bool:
        """Whether we said WILL (RFC 2066 section 2), or as a server were declined, and the client said it instead."""
        declined = self.session.negotiator.state(self.code, Side.LOCAL) is State.NO
        return self.local or (self.is_server and self.remote and declined)

    def propose(self) -> bool:
        """Request one of our encodings; return whether that was sent.

        It is not while the option is off, while a request is not answered yet, or where only the peer may request.
        """
        if self._waiting or not self._may_request:
            return False
        self._waiting = True
        self._proposed = frozenset(self._encodings)
        self._passed_over = _NONE
        names = (name.encode("ascii") for name, _ in self._encodings.values())
        self.send(_REQUEST + _SEPARATOR + _SEPARATOR.join(names))
        return True

    def on_subnegotiation(self, data: bytes) -> None:
        command, payload = data[:1], data[1:].rstrip(END_OF_STRING)
        if command == _REQUEST:
            self._answer(payload)
        elif command == _ACCEPTED:
            self._be_accepted(payload)
        elif command == _REJECTED:
            self._be_rejected(payload)
        elif command == _TTABLE_IS:
            self.answer(_TTABLE_REJECTED)
        else:
            self.report("neither a request nor an answer", data)

    def _answer(self, payload: bytes) -> None:
        if self._waiting and self._find(payload) in self._proposed:
            return self._be_accepted(payload)  # BeipMU accepts with the code of a request, and no separator
        if self._waiting and self.is_server:  # both requested: the server's is answered (RFC 2066 section 2)
            self.answer(_REJECTED)
            return
        for name in _names(payload):
            if own := self._find(name):
                return self._accept(name, own)
        self.answer(_REJECTED)

    def _find(self, name: bytes) -> bytes:
        """Return which of ours a name of the peer is; empty if it is none of them."""
        if len(name) > _LONGEST_NAME:
            return b""
        bare = _bare(name)
        return bare if bare in self._encodings else self._aliased.get(canonical_name(name.decode("latin-1")), b"")

    def _accept(self, name: bytes, own: bytes) -> None:
        if self.answer(_ACCEPTED + name):
            self._switch(own)

    def _be_accepted(self, payload: bytes) -> None:
        accepted = self._find(payload.lstrip(_SEPARATOR))  # which a Mudlet of 2020 sends back
        self._waiting = False
        if accepted not in self._proposed:
            return self.report("accepted what was not requested", payload)
        self._passed_over = self._proposed - {accepted}
        self._proposed = _NONE
        self._switch(accepted)

    def _be_rejected(self, payload: bytes) -> None:
        """Learn that the peer speaks none of them, or not the one it names: TinTin++ answers name by name."""
        rejected = self._find(payload)
        if rejected in self._passed_over:
            self._passed_over -= {rejected}
        elif not self._proposed:
            self.report("rejected what was not requested", payload)
        else:
            self._waiting = False
            self._proposed = self._proposed - {rejected} if payload else _NONE

    def _switch(self, own: bytes) -> None:
        name, encoding = self._encodings[own]
        self.session.encoding = encoding
        self.client.learn(charset=name, utf8=encoding == "utf-8")
        self.emit("on_charset", encoding)


def _names(payload: bytes) -> list[bytes]:
    """Return the names of a request: those after the separator, the mark of translation tables left out."""
    if table := _TTABLE.match(payload):
        payload = payload[table.end() :]
    marked = payload.lstrip(b" ")
    if not marked[:1].isalnum():  # blanks, and then the separator; otherwise a blank is the separator itself
        payload = marked
    if not payload:
        return []
    names = payload[1:].split(payload[:1], _MOST)[:_MOST]
    return [*names, payload]  # which may be one name without a separator


def _bare(name: bytes) -> bytes:
    """Return what two ways to write the same name have in common."""
    return name.translate(None, b"-_ ").upper()


def _checked(name: str) -> bytes:
    check_text("the name of an encoding", name)
    encoded = name.encode("ascii", "replace")
    if not (name.isascii() and name.isprintable() and _bare(encoded)) or _SEPARATOR in encoded or b" " in encoded:
        raise ValueError(f"the name of an encoding is printable ASCII without blanks and semicolons, not {name!r}")
    return encoded
