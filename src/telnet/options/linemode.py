"""LINEMODE: lines edited by the client, with the keys that both ends agree on (RFC 1184)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import IntFlag
from itertools import compress
from typing import Final

from telnet import constants
from telnet.constants import DO, DONT, WILL, WONT
from telnet.negotiation import Side
from telnet.options.option import Option, Role
from telnet.options.slc import SLC, Key, KeyTable, Level, Triplet, decode_triplets, encode_triplets

__all__ = ["LINEMODE", "Mode", "decode_forwardmask", "encode_forwardmask"]

_MODE: Final = b"\x01"
_FORWARDMASK: Final = b"\x02"
_SLC: Final = b"\x03"

_MODE_ACK: Final = 4
_LONGEST_MASK: Final = 32

# Two for each of the 30 functions, what is wanted and what is acknowledged, and some for all at once.
_MOST_TRIPLETS: Final = 64

# SLC 0: what the client asks of the server about all functions at once
_ALL: Final = 0
_UNSUPPORTED: Final = Key(level=Level.NOSUPPORT)
_ALL_DEFAULTS: Final = Triplet(_ALL, Key(level=Level.DEFAULT))


class Mode(IntFlag):
    """What the client does with the keys, by itself, before it sends anything."""

    EDIT = 1
    """It edits, and sends whole lines; otherwise each key as it is typed."""

    TRAPSIG = 2
    """It sends IP, BRK, AYT, ABORT, EOF and SUSP for their keys; otherwise the characters."""

    SOFT_TAB = 8
    """It sends blanks for a tab."""

    LIT_ECHO = 16
    """It shows a control character as it is; otherwise in any way, such as ``^A``."""


_FLAGS: Final = sum(Mode)

# The bits of each byte, the highest first.
_BITS: Final = [bytes(byte >> bit & 1 for bit in range(7, -1, -1)) for byte in range(256)]
_ASKED_OF_A_SERVER: Final = frozenset((Level.DEFAULT, Level.VALUE))
_SERVERS_CHOICE: Final = Mode.EDIT | Mode.TRAPSIG


class LINEMODE(Option):
    """The client edits lines and knows the keys, as far as the server asks it to.

    :param mode: what a server asks for when the client agrees to the option.
    :param keys: the special characters of this end, by function.  What is not listed is left to the other end.
    :param forwardmask: whether a client agrees to a FORWARDMASK.

    Server: :meth:`set_mode` asks for another mode, :meth:`set_keys` for other keys, :meth:`set_forwardmask` for
    characters at which the client is to send what it has.  A client may propose a mode: it is granted, but EDIT and
    TRAPSIG stay as the program asked for.  Calls

    * ``on_linemode(mode)`` when another :class:`Mode` is in force: the client has acknowledged or proposed it;
    * ``on_slc(keys)`` when special characters have changed, with each new :class:`~telnet.options.slc.Key` by its
      function; one of level NOSUPPORT is gone;
    * ``on_forwardmask_answer(accepted)`` for the answer to :meth:`set_forwardmask`.

    Client: does what the server asks for, and tells the program, which has the keyboard.  :meth:`set_mode` proposes,
    :meth:`set_keys` changes keys.  Without ``keys`` those of the server are asked for.  Calls ``on_linemode(mode)`` and
    ``on_slc(keys)`` as above, and

    * ``on_forwardmask(characters)`` when lines are to be sent at these characters too (``bytes``; none is the end of
      it).  Those above 127 count only while the client sends BINARY.

    ABORT, EOF and SUSP are commands, and come as ``on_command``.

    Source: RFC 1184.
    """

    code = constants.LINEMODE
    performer = Role.CLIENT
    settling = False  # no first screen depends on it

    mode: Mode
    """What is in force."""

    def __init__(
        self,
        mode: Mode = Mode.EDIT | Mode.TRAPSIG,
        *,
        keys: Mapping[SLC, Key] | None = None,
        forwardmask: bool = False,
    ) -> None:
        self._wanted = _check_mode(mode)
        self._own_keys = _check_keys(keys or {})
        self._takes_forwardmask = forwardmask

    def setup(self) -> None:
        self.mode = Mode(0)  # RFC 1184 section 3
        self._table = KeyTable(self._own_keys, is_client=not self.is_server)
        self._forward = b""
        self._masks_asked = 0

    @property
    def keys(self) -> Mapping[SLC, Key]:
        """The special characters in force, by function; a function that is not supported is not in it."""
        return self._table.keys

    def set_mode(self, mode: Mode) -> bool:
        """Ask for a mode, as the server; switch to it and propose it, as the client.  Return whether that was sent.

        A server whose client has not agreed to the option asks when it does.  Raises ``ValueError`` for what is no
        combination of :class:`Mode`.
        """
        self._wanted = _check_mode(mode)
        if self.enabled:
            self._send_mode(mode)
            if not self.is_server:
                self.mode = mode
        return self.enabled

    def set_keys(self, keys: Mapping[SLC, Key]) -> bool:
        """Put special characters in force here and ask the other end for them; return whether that was sent.

        ``on_slc`` is called if the other end has it otherwise.  Raises ``ValueError`` for a function that there is not,
        and ``TypeError`` for a key that is no :class:`~telnet.options.slc.Key`.
        """
        checked = _check_keys(keys)
        if self.enabled:
            self._send_keys([self._table.change(function, key) for function, key in checked.items()])
        return self.enabled

    def set_forwardmask(self, characters: bytes) -> bool:
        """Server: have the client send at these characters too, or no more at any if there are none.

        Return whether that was sent.
        """
        mask = encode_forwardmask(characters)
        if self.remote:
            self._masks_asked += 1
            self.send((DO if characters else DONT) + _FORWARDMASK + mask)
        return self.remote

    def on_enabled(self, side: Side) -> None:
        if self.is_server:
            self._send_mode(self._wanted)
        else:  # RFC 1184 section 5.5: the client brings its keys, or asks for the server's
            self._send_keys(self._table.export() if self._own_keys else [_ALL_DEFAULTS])

    def on_disabled(self, side: Side) -> None:
        self.setup()

    def on_subnegotiation(self, data: bytes) -> None:
        if not self.enabled:
            return  # it crossed our refusal, and an answer would come too late
        if data[:1] == _MODE:
            self._take_mode(data[1:])
        elif data[:1] == _SLC:
            self._take_keys(data[1:])
        elif data[1:2] == _FORWARDMASK and self.is_server:
            self._take_forwardmask_answer(data)
        elif data[1:2] == _FORWARDMASK:
            self._take_forwardmask(data[:1], data[2:])
        else:
            self.report("neither MODE, FORWARDMASK nor SLC", data)

    # MODE

    def _send_mode(self, mode: int) -> None:
        self.send(_MODE + bytes((mode,)))

    def _take_mode(self, data: bytes) -> None:
        """Take a mode that is asked for, proposed or acknowledged (RFC 1184 section 2.2)."""
        if not data:
            return self.report("a MODE is 1 byte", data)
        self.report_excess(data, 1)
        asked = data[0] & ~_MODE_ACK
        acknowledged = asked != data[0]
        if asked == self.mode:
            return
        if not acknowledged:
            self._answer_mode(asked)
        elif self.is_server:
            self._switch(asked)

    def _answer_mode(self, asked: int) -> None:
        granted = asked & _FLAGS
        if self.is_server:
            granted = granted & ~_SERVERS_CHOICE | self._wanted & _SERVERS_CHOICE
        if self.is_server and granted != asked:
            self.answer(_MODE + bytes((granted,)))  # what we want instead, for the client to acknowledge
        elif self.answer(_MODE + bytes((granted | _MODE_ACK,))):
            self._switch(granted)

    def _switch(self, mode: int) -> None:
        if mode & _FLAGS != self.mode:
            self.mode = Mode(mode & _FLAGS)
            self.emit("on_linemode", self.mode)

    # SLC

    def _send_keys(self, triplets: Iterable[Triplet]) -> None:
        self.send(_SLC + encode_triplets(triplets))

    def _take_keys(self, data: bytes) -> None:
        if len(data) // 3 > _MOST_TRIPLETS:
            return self.report(f"more than {_MOST_TRIPLETS} special characters", data)
        triplets = decode_triplets(data)
        if data and not triplets:
            return self.report("no list of special characters", data)
        self.report_excess(data, 3 * len(triplets))
        asked = self._questions(triplets, data)
        before = dict(self.keys)
        if Level.DEFAULT in asked:
            self._table.reset()
        answers = [self._table.take(triplet) for triplet in triplets if triplet.function != _ALL]
        if due := [answer for answer in answers if answer] + (self._table.export() if asked else []):
            self.answer(_SLC + encode_triplets(due))
        self._tell_keys(before)

    def _questions(self, triplets: Iterable[Triplet], data: bytes) -> set[Level]:
        """Return what is asked about all functions at once; what this end is not asked costs no other key."""
        asked = {triplet.key.level for triplet in triplets if triplet.function == _ALL}
        known = asked & _ASKED_OF_A_SERVER if self.is_server else set[Level]()
        if asked != known:
            self.report("a question about all special characters that this end does not answer", data)
        return known

    def _tell_keys(self, before: Mapping[SLC, Key]) -> None:
        now = self.keys
        if now == before:
            return
        changed = [function for function in SLC if before.get(function) != now.get(function)]
        self.emit("on_slc", {function: now.get(function, _UNSUPPORTED) for function in changed})

    # FORWARDMASK

    def _take_forwardmask(self, command: bytes, mask: bytes) -> None:
        if command not in (DO, DONT):
            return self.report("a FORWARDMASK is DO with up to 32 bytes, or DONT", mask)
        self.report_excess(mask, _LONGEST_MASK)
        agreed = command == DO and self._takes_forwardmask
        self.answer((WILL if agreed else WONT) + _FORWARDMASK)
        characters = decode_forwardmask(mask[:_LONGEST_MASK]) if agreed else b""
        if characters != self._forward:
            self._forward = characters
            self.emit("on_forwardmask", characters)

    def _take_forwardmask_answer(self, data: bytes) -> None:
        if data[:1] not in (WILL, WONT) or not self._masks_asked:
            return self.report("no answer to a FORWARDMASK", data)
        self.report_excess(data, 2)
        self._masks_asked -= 1
        self.emit("on_forwardmask_answer", data[:1] == WILL)


def encode_forwardmask(characters: bytes) -> bytes:
    """Return the mask that has the bits of these characters, without zeros at its end (RFC 1184 section 2.3)."""
    mask = bytearray(_LONGEST_MASK)
    for character in characters:
        mask[character >> 3] |= 0x80 >> (character & 7)
    return bytes(mask).rstrip(b"\0")


def decode_forwardmask(mask: bytes) -> bytes:
    """Return the characters whose bits are in a mask, in order; ``ValueError`` for more than 32 bytes."""
    if len(mask) > _LONGEST_MASK:
        raise ValueError(f"a FORWARDMASK has {_LONGEST_MASK} bytes at most, not {len(mask)}")
    bits = b"".join(map(_BITS.__getitem__, mask))
    return bytes(compress(range(len(bits)), bits))


def _check_mode(mode: Mode) -> Mode:
    if mode & ~_FLAGS:
        raise ValueError(f"a mode is made of EDIT, TRAPSIG, SOFT_TAB and LIT_ECHO, not {mode!r}")
    return mode


def _check_keys(keys: Mapping[SLC, Key]) -> dict[SLC, Key]:
    for function, key in keys.items():
        if not isinstance(key, Key):
            raise TypeError(f"what is typed for {SLC(function).name} is a Key, not {key!r}")
    return {SLC(function): key for function, key in keys.items()}
