"""The special characters of LINEMODE, and how two ends agree on them (RFC 1184 sections 2.4 and 5.5).

Theory of operation.  Each end has a table: for a function, the character that is typed for it, at one of four levels.
Who is sent a triplet agrees and sends it back as acknowledged, or disagrees and sends another at a lower level.  There
are three levels to go down, and what is acknowledged or in force already is not answered; so every exchange ends,
whatever the other end sends.  Where both changed the same function at once, both have acknowledged what the other
wanted: then the client follows that acknowledgement and the server does not, and both have what the client wanted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import cache, cached_property
from typing import Final, NamedTuple

__all__ = ["SLC", "Key", "KeyTable", "Level", "Triplet", "decode_triplets", "encode_triplets"]

_ACK: Final = 128
_FLUSHIN: Final = 64
_FLUSHOUT: Final = 32
_LEVEL_BITS: Final = 3
_KEY_BITS: Final = _FLUSHIN | _FLUSHOUT | _LEVEL_BITS


class SLC(IntEnum):
    """What a special character does."""

    SYNCH = 1
    BRK = 2
    IP = 3
    AO = 4
    AYT = 5
    EOR = 6
    ABORT = 7
    EOF = 8
    SUSP = 9
    EC = 10
    EL = 11
    EW = 12
    RP = 13
    LNEXT = 14
    XON = 15
    XOFF = 16
    FORW1 = 17
    FORW2 = 18
    MCL = 19
    MCR = 20
    MCWL = 21
    MCWR = 22
    MCBOL = 23
    MCEOL = 24
    INSRT = 25
    OVER = 26
    ECR = 27
    EWR = 28
    EBOL = 29
    EEOL = 30


class Level(IntEnum):
    """How far an end goes along with the other about a function, the lowest first."""

    NOSUPPORT = 0
    """It does not have the function."""

    CANTCHANGE = 1
    """It has the function on this character and no other."""

    VALUE = 2
    """It has the function on this character, and takes another."""

    DEFAULT = 3
    """It leaves the character to the other end."""


@dataclass(frozen=True)
class Key:
    """What is typed for a function.

    :param value: the character, by its code from 0 to 255.
    :param level: how far the end that says so goes along with another.
    :param flush_in: whether a Synch follows the function, so that what was typed before it is thrown away.
    :param flush_out: whether a TIMING-MARK follows it, so that output is thrown away until that is answered.
    :raises ValueError: for a value that is no byte.
    """

    value: int = 0
    level: Level = Level.VALUE
    flush_in: bool = False
    flush_out: bool = False

    def __post_init__(self) -> None:
        if self.value not in range(256):
            raise ValueError(f"a key is the code of a character, 0 to 255, not {self.value!r}")

    @cached_property
    def modifiers(self) -> int:
        """The level and the flags, as they are on the wire."""
        return self.level | _FLUSHIN * self.flush_in | _FLUSHOUT * self.flush_out


class Triplet(NamedTuple):
    """What one end says about one function."""

    function: int
    """Of :class:`SLC`, or any other byte: 0 stands for all of them, and above 30 there is none."""

    key: Key
    """What is typed for it."""

    acknowledged: bool = False
    """Whether that is what the other end wanted."""


def encode_triplets(triplets: Iterable[Triplet]) -> bytes:
    """Return the bytes that say it, without the code of the suboption."""
    return b"".join(
        bytes((function, key.modifiers | _ACK * acknowledged, key.value)) for function, key, acknowledged in triplets
    )


def decode_triplets(data: bytes) -> list[Triplet]:
    """Return the triplets in the bytes behind the code of the suboption; up to two bytes too many are left out."""
    return [
        Triplet(function, _key(value, modifiers & _KEY_BITS), modifiers >= _ACK)
        for function, modifiers, value in zip(data[::3], data[1::3], data[2::3], strict=False)
    ]


@cache  # there are 8192 of them
def _key(value: int, modifiers: int) -> Key:
    return Key(value, Level(modifiers & _LEVEL_BITS), bool(modifiers & _FLUSHIN), bool(modifiers & _FLUSHOUT))


_FUNCTIONS: Final = {int(function): function for function in SLC}
_UNSUPPORTED: Final = Key(level=Level.NOSUPPORT)
_LEFT_TO_THE_OTHER: Final = Key(level=Level.DEFAULT)
_ALL_LEFT: Final = {function: Triplet(function, _LEFT_TO_THE_OTHER) for function in SLC}


class KeyTable:
    """The special characters of one end, and its part in agreeing on them.

    :param own: what this end has by itself; a function that is not in it is left to the other end.
    :param is_client: whether the keys are at this end, which then has the last word.
    """

    keys: dict[SLC, Key]
    """What is in force; what is not supported is not in it."""

    def __init__(self, own: Mapping[SLC, Key], *, is_client: bool) -> None:
        self._own = dict(own)
        self._is_client = is_client
        self.reset()

    def reset(self) -> None:
        """Put in force what this end has by itself."""
        self.keys = {}
        for function, key in self._own.items():
            self._hold(function, key)

    def export(self) -> list[Triplet]:
        """Return a triplet for every function, in which the other end is free where this end has nothing of its own."""
        exported = dict(_ALL_LEFT)
        for function in self._own.keys() | self.keys:
            exported[function] = Triplet(function, self.keys.get(function) or self._missing(function))
        return list(exported.values())

    def change(self, function: SLC, key: Key) -> Triplet:
        """Make a key this end's own and put it in force; return what asks the other end for the same."""
        self._own[function] = key
        self._hold(function, key)
        return Triplet(function, key)

    def take(self, triplet: Triplet) -> Triplet | None:
        """Return the answer to what the other end says, or None where none is due (RFC 1184 section 5.5)."""
        code, key, acknowledged = triplet
        function = _FUNCTIONS.get(code)
        if function is None:
            return None if acknowledged or key.level is Level.NOSUPPORT else Triplet(code, _UNSUPPORTED)
        present = self.keys.get(function, _UNSUPPORTED)
        if key is present or key == present or key.level is present.level is Level.NOSUPPORT:
            return None
        answer = self._judge(function, key)
        if not acknowledged:
            self._hold(function, answer.key)
            return answer
        # Section 5.5 says it of the same level alone; ends whose levels cross would then differ for ever.
        if self._is_client and answer.acknowledged:
            self._hold(function, key)
        return None

    def _judge(self, function: SLC, wanted: Key) -> Triplet:
        own = self._own.get(function, _LEFT_TO_THE_OTHER)
        if wanted.level is Level.DEFAULT:
            return Triplet(function, _UNSUPPORTED if own.level is Level.DEFAULT else own)
        same = (wanted.level, wanted.value) == (own.level, own.value)
        if own.level >= Level.VALUE or wanted.level is Level.NOSUPPORT or same:
            return Triplet(function, wanted, acknowledged=True)
        return Triplet(function, own if own.level < wanted.level else _UNSUPPORTED)

    def _missing(self, function: SLC) -> Key:
        own = self._own.get(function, _LEFT_TO_THE_OTHER)
        return own if own.level is Level.DEFAULT else _UNSUPPORTED

    def _hold(self, function: SLC, key: Key) -> None:
        if key.level is Level.NOSUPPORT:
            self.keys.pop(function, None)
        elif key.level is not Level.DEFAULT:
            self.keys[function] = key
