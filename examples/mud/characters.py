"""What is kept of a player, and how it is written down."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .passwords import check_kept
from .settings import Settings

Row = tuple[str, str, int, str, str]
"""A character as it is written down: name, password, room, seen and settings.  It does not change any more."""


@dataclass
class Character:
    """One player's."""

    name: str
    password: str = ""
    room: int = 0
    seen: set[int] = field(default_factory=set)
    settings: Settings = field(default_factory=Settings)

    damage: tuple[str, ...] = ()
    """What could not be read, and is as a newcomer has it."""

    def to_row(self) -> Row:
        return self.name, self.password, self.room, json.dumps(sorted(self.seen)), self.settings.to_json()

    @classmethod
    def from_row(cls, row: tuple[Any, ...]) -> Character:
        """Return the character of a row, whatever has happened to that on the disk."""
        character = cls(row[0])
        for (name, read), kept in zip(READERS.items(), row[1:], strict=True):
            try:
                setattr(character, name, read(kept))
            except (TypeError, ValueError, RecursionError):
                character.damage += (name,)
        return character


def read_number(kept: Any) -> int:
    if type(kept) is not int:  # True is none either
        raise TypeError(f"there is a number, not {type(kept).__name__}")
    return kept


def read_numbers(kept: Any) -> set[int]:
    numbers = json.loads(kept)
    if not isinstance(numbers, list):
        raise TypeError(f"there is a list, not {type(numbers).__name__}")
    return {read_number(each) for each in numbers}


READERS: Mapping[str, Callable[[Any], object]] = {
    "password": check_kept,
    "room": read_number,
    "seen": read_numbers,
    "settings": Settings.from_json,
}
