"""The world: rooms, and the ways between them, read from a file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).with_name("world.json")

# Where each way leads: so far east, north and up.
DIRECTIONS = {
    "north": (0, 1, 0),
    "east": (1, 0, 0),
    "south": (0, -1, 0),
    "west": (-1, 0, 0),
    "up": (0, 0, 1),
    "down": (0, 0, -1),
}

# From where somebody comes who went there.
ORIGINS = {
    "north": "the south",
    "east": "the west",
    "south": "the north",
    "west": "the east",
    "up": "below",
    "down": "above",
}


@dataclass(frozen=True)
class Room:
    """A place where players are."""

    number: int
    name: str
    text: str
    exits: Mapping[str, int]
    place: tuple[int, int, int]
    terrain: str = ""

    harm: str = ""
    """What hurts whoever comes in; empty in most rooms."""

    sound: str = ""
    """The file that a client with MSP plays for whoever comes in."""


class World:
    """All rooms.

    Raises ``ValueError`` where one of them leads nowhere.
    """

    def __init__(self, name: str, area: str, start: int, rooms: list[Room]) -> None:
        self.name = name
        self.area = area
        self._rooms = {room.number: room for room in rooms}
        self._check()
        self.start = self._rooms[start]

    @classmethod
    def load(cls, path: Path = FILE) -> World:
        """Read the world from a file of JSON."""
        data = json.loads(path.read_text(encoding="utf-8"))
        rooms = [Room(**{**entry, "place": tuple(entry["place"])}) for entry in data["rooms"]]
        return cls(data["name"], data["area"], data["start"], rooms)

    def _check(self) -> None:
        for room in self:
            for direction, number in room.exits.items():
                if direction not in DIRECTIONS or number not in self._rooms:
                    raise ValueError(f"{room.name}: no way leads {direction} to room {number!r}")

    def __iter__(self) -> Iterator[Room]:
        return iter(self._rooms.values())

    def __len__(self) -> int:
        return len(self._rooms)

    def room(self, number: int) -> Room:
        """Return the room of a number, or the first one if that is gone since somebody was there."""
        return self._rooms.get(number, self.start)

    def beyond(self, room: Room, direction: str) -> Room | None:
        """Return the room that lies in a direction; None if there is no way."""
        number = room.exits.get(direction)
        return None if number is None else self._rooms[number]
