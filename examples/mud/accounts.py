"""Characters, in a database that survives a restart: what is changed is written at once."""

from __future__ import annotations

import json
import os
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

from .settings import Settings

TABLE = """
CREATE TABLE IF NOT EXISTS characters (
    name TEXT PRIMARY KEY,
    password TEXT NOT NULL,
    room INTEGER NOT NULL,
    seen TEXT NOT NULL,
    settings TEXT NOT NULL
)
"""


@dataclass
class Character:
    """What is kept of a player."""

    name: str
    password: str
    room: int
    seen: set[int] = field(default_factory=set)
    settings: Settings = field(default_factory=Settings)


def default_path() -> Path:
    """Return where the database is unless somebody says otherwise: among what programs keep for this user."""
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "telnet" / "mud.sqlite3"


class Accounts:
    """All characters.

    :param path: the file, which is made if it is not there; ``:memory:`` for none.

    Raises ``sqlite3.Error`` or ``OSError`` if it cannot be opened, or is something else.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = path
        if str(path) != ":memory:":
            Path(path).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._database = sqlite3.connect(path, isolation_level=None)  # each statement is a transaction
        try:
            # A write costs microseconds so, not the milliseconds of a disk: it fits between two lines of others.
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA synchronous = NORMAL")
            self._database.execute(TABLE)
        except sqlite3.Error:
            self.close()
            raise

    def close(self) -> None:
        """Give the file back."""
        self._database.close()

    def find(self, name: str) -> Character | None:
        """Return a character by its name, None if there is none."""
        row = self._database.execute("SELECT * FROM characters WHERE name = ?", (name,)).fetchone()
        if row is None:
            return None
        name, password, room, seen, settings = row
        return Character(name, password, room, set(json.loads(seen)), Settings.from_json(settings))

    def add(self, character: Character) -> bool:
        """Keep a new character; return False, with nothing done, if there is one of this name."""
        insert = "INSERT OR IGNORE INTO characters VALUES (:name, :password, :room, :seen, :settings)"
        return self._database.execute(insert, _row(character)).rowcount == 1

    def save(self, character: Character) -> None:
        """Write what has changed."""
        update = "UPDATE characters SET room = :room, seen = :seen, settings = :settings WHERE name = :name"
        self._database.execute(update, _row(character))


def _row(character: Character) -> dict[str, str | int]:
    return {
        "name": character.name,
        "password": character.password,
        "room": character.room,
        "seen": json.dumps(sorted(character.seen)),
        "settings": character.settings.to_json(),
    }
