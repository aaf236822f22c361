"""Characters in an SQLite file.  All of it waits for the disk: :mod:`.accounts` calls it in a thread of its own."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from .characters import Row

TABLE = """
CREATE TABLE IF NOT EXISTS characters (
    name TEXT PRIMARY KEY,
    password TEXT NOT NULL,
    room INTEGER NOT NULL,
    seen TEXT NOT NULL,
    settings TEXT NOT NULL
)
"""
COLUMNS = "name, password, room, seen, settings"
SELECT = f"SELECT {COLUMNS} FROM characters WHERE name = ?"
INSERT = f"INSERT INTO characters ({COLUMNS}) VALUES (?, ?, ?, ?, ?)"
UPDATE = "UPDATE SET room = excluded.room, seen = excluded.seen, settings = excluded.settings"

# Seconds to wait for another program that has locked the file: a backup, or somebody with a shell. Those who only want
# to read stand in the line behind.
BUSY = 0.25


class Database:
    """One file, for one program and one thread.

    :param path: the file, which is made if it is not there; ``:memory:`` for none.
    :raises sqlite3.Error, OSError: if it cannot be opened, is something else, or another MUD has it.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = None if str(path) == ":memory:" else Path(path).resolve()
        self._lock: sqlite3.Connection | None = None
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None
        try:
            if self._path is not None:
                make_directory(self._path.parent)
                check(self._path)
                self._lock = lock(self._path)
                make(self._path)
            self._connect()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Give the file back."""
        for connection in (self._connection, self._lock):
            if connection is not None:
                connection.close()

    def find(self, name: str) -> tuple[Any, ...] | None:
        """Return the row of a name, None if there is none.  It is what the disk has: it may be damaged."""
        found: tuple[Any, ...] | None = self._connected().execute(SELECT, (name,)).fetchone()
        return found

    def add(self, row: Row) -> bool:
        """Keep a new row; return False, with nothing done, if there is one of this name."""
        return self._connected().execute(f"{INSERT} ON CONFLICT (name) DO NOTHING", row).rowcount == 1

    def save(self, rows: Iterable[Row]) -> None:
        """Write rows, all of them or none.  One that has gone from the file is there again."""
        connection = self._connected()
        try:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(f"{INSERT} ON CONFLICT (name) DO {UPDATE}", rows)
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")

    def _connected(self) -> sqlite3.Connection:
        """Return a connection to the file that is there now: SQLite would go on writing to one that was removed."""
        if self._connection is None or (self._path is not None and self._file != identity(self._path)):
            self._connect()
        assert self._connection is not None
        return self._connection

    def _connect(self) -> None:
        # A file that has gone is not made anew: whoever puts it back shall not find another one there.
        where = ":memory:" if self._path is None else f"{self._path.as_uri()}?mode=rw"
        file = None if self._path is None else identity(self._path)
        connection = sqlite3.connect(where, timeout=BUSY, isolation_level=None, uri=True)
        try:
            connection.text_factory = lambda text: text.decode(errors="replace")
            # What is committed survives any end of this program, and costs microseconds. A power cut can take the last
            # moments, but not what was before them.
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute(TABLE)
            connection.execute(f"SELECT {COLUMNS} FROM characters LIMIT 0")  # a table of another time lacks some
            if self._path is not None:
                make_private(self._path)
        except BaseException:
            connection.close()
            raise
        if self._connection is not None:
            self._connection.close()
        self._connection, self._file = connection, file


def identity(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_dev, found.st_ino


def make_directory(path: Path) -> None:
    """Make a directory and those above it, for this user alone: who may write to one may put another file in it."""
    if not path.exists():
        make_directory(path.parent)
        path.mkdir(mode=0o700, exist_ok=True)


def check(path: Path) -> None:
    """Refuse what is there if it cannot be kept for one MUD: before anything of it is changed."""
    with suppress(FileNotFoundError):
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise OSError("it must be a regular file")
        if found.st_nlink > 1:  # by another name, its lock and its write-ahead log are other files
            raise OSError("the file has more than one name (hard links), by which MUDs could share it")
        if not os.access(path, os.W_OK):
            raise OSError("the file must be one that this user can write to")


def make(path: Path) -> None:
    """Make an empty file that nobody else can read, unless there is one.

    One that is there is not opened: POSIX lets go of all locks that a program has on a file when it closes that once.
    """
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


def make_private(path: Path) -> None:
    """Let nobody else read a database, nor SQLite's files beside it.

    :raises OSError: if it belongs to somebody else who lets others read it.
    """
    for each in (path, *(path.with_name(f"{path.name}-{suffix}") for suffix in ("wal", "shm", "lock"))):
        with suppress(FileNotFoundError):
            if each.stat().st_mode & 0o077:
                each.chmod(0o600)


def lock(path: Path) -> sqlite3.Connection:
    """Keep a file from all other MUDs, as long as the connection is open that is returned.

    It is a lock of SQLite's, on a file beside it: it works on every system, and ends with the program, however that
    ends.  The file itself stays open to a backup.
    """
    beside = path.with_name(f"{path.name}-lock")
    make(beside)
    connection = sqlite3.connect(beside, timeout=0, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = MEMORY")  # no further file: nothing is ever written
        connection.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        connection.close()
        if "locked" not in str(error):
            raise
        raise OSError("another MUD keeps its characters there already") from None
    return connection
