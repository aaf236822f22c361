"""All characters.  The game never waits for the disk they are on: a thread does."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from time import monotonic, sleep
from typing import Any, TypeVar

from .characters import Character, Row
from .database import Database
from .log import Log

RETRY = 1.0  # seconds between two attempts to write
LAST_ATTEMPTS = 3.0  # seconds for what is not written at the end
MOST_UNSAVED = 10_000  # characters; beyond that, nobody comes in whose own could not be kept

Result = TypeVar("Result")


class Unavailable(Exception):
    """The disk does not give or take characters just now.  It is in the log."""


@dataclass
class Unsaved:
    row: Row
    saved: Future[None]


def default_path() -> Path:
    """Return where the database is unless somebody says otherwise: among what programs keep for this user."""
    state = Path(os.environ.get("XDG_STATE_HOME", ""))
    if not state.is_absolute():  # the XDG Base Directory Specification: such a one is to be ignored
        state = Path.home() / ".local" / "state"
    return state / "telnet" / "mud.sqlite3"


class Accounts:
    """Answers with a future, from a thread; what has failed is an :class:`Unavailable`.

    A change is written at once, and if that fails, again and again.  Only the latest state of a character waits, and
    whoever asks for it gets that.

    :param path: the file, which is made if it is not there; ``:memory:`` for none.
    :raises sqlite3.Error, OSError: if it cannot be opened, is something else, or another MUD has it.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = path
        self._work: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._lock = Lock()
        self._unsaved: dict[str, Unsaved] = {}
        self._retry_at: float | None = None
        self._give_up_at = 0.0
        self._log = Log(burst=10, rate=1)
        self._reported: set[str] = set()
        opened: Future[None] = Future()
        # A daemon: if the disk hangs for ever, the program ends even so.
        self._thread = Thread(target=self._run, args=(opened,), name="mud-accounts", daemon=True)
        self._thread.start()
        opened.result()

    # For the game

    def find(self, name: str) -> Future[Character | None]:
        """Return a character by its name, None if there is none."""
        return self._submit(self._find, name)

    def add(self, character: Character) -> Future[bool]:
        """Keep a new character; return False, with nothing done, if there is one of this name."""
        return self._submit(self._add, character.to_row())

    def save(self, character: Character) -> Future[None]:
        """Write what has changed.  The future has no failure: it is done when the latest state is written."""
        row = character.to_row()
        with self._lock:
            idle = not self._unsaved
            unsaved = self._unsaved.setdefault(character.name, Unsaved(row, Future()))
            unsaved.row = row
        if idle:
            self._work.put(self._write)
        return unsaved.saved

    def close(self) -> None:
        """Write what is not written yet, if that can be done in a few seconds, and give the file back."""
        self._give_up_at = monotonic() + LAST_ATTEMPTS
        self._work.put(None)
        self._thread.join(LAST_ATTEMPTS + RETRY)
        if self._unsaved:
            self._report("at the end, these were not saved", ", ".join(sorted(self._unsaved)))

    # In the thread

    def _submit(self, function: Callable[..., Result], *arguments: Any) -> Future[Result]:
        future: Future[Result] = Future()
        self._work.put(lambda: _resolve(future, function, *arguments))
        return future

    def _run(self, opened: Future[None]) -> None:
        try:
            self._database = Database(self.path)
        except BaseException as error:
            return opened.set_exception(error)
        opened.set_result(None)
        with closing(self._database):
            while (work := self._next()) is not None:
                work()
            self._write_the_last()

    def _next(self) -> Callable[[], None] | None:
        if self._retry_at is None:
            return self._work.get()
        try:
            return self._work.get(timeout=self._retry_at - monotonic())
        except (Empty, ValueError):  # it is time, or has been for a while
            return self._write

    def _find(self, name: str) -> Character | None:
        with self._lock:
            unsaved = self._unsaved.get(name)
            crowded = len(self._unsaved) >= MOST_UNSAVED
        if unsaved is not None:
            return Character.from_row(unsaved.row)
        if crowded:
            raise Unavailable
        row = self._attempt("read", self._database.find, name)
        if row is None:
            return None
        character = Character.from_row(row)
        if character.damage:
            self._report(f"of {name}, this cannot be read", ", ".join(character.damage))
        return character

    def _add(self, row: Row) -> bool:
        return self._attempt("write", self._database.add, row)

    def _write(self) -> None:
        with self._lock:
            written = {name: unsaved.row for name, unsaved in self._unsaved.items()}
        try:
            self._attempt("write", self._database.save, written.values())
        except Unavailable:
            self._retry_at = monotonic() + RETRY
            return
        self._retry_at = None
        for saved in self._forget(written):
            saved.set_result(None)

    def _forget(self, written: dict[str, Row]) -> list[Future[None]]:
        with self._lock:
            done = [name for name, row in written.items() if self._unsaved[name].row is row]
            saved = [self._unsaved.pop(name).saved for name in done]
            if self._unsaved:  # changed meanwhile
                self._work.put(self._write)
        return saved

    def _write_the_last(self) -> None:
        while self._unsaved and monotonic() < self._give_up_at:
            self._write()
            if self._unsaved:
                sleep(0.1)

    def _attempt(self, doing: str, function: Callable[..., Result], *arguments: Any) -> Result:
        try:
            result = function(*arguments)
        except Exception as error:  # whatever it is, the next one needs this thread
            self._report(f"cannot {doing} characters", str(error))
            raise Unavailable from error
        if doing == "write" and self._retry_at is not None:
            self._reported.clear()
            self._log.write(logging.WARNING, f"{self.path}: characters are written again")
        return result

    def _report(self, what: str, why: str) -> None:
        """Log what is wrong, once until it is put right."""
        text = f"{what}: {why}"
        if text not in self._reported:
            self._reported.add(text)
            self._log.write(logging.ERROR, f"{self.path}: {text}")


def _resolve(future: Future[Result], function: Callable[..., Result], *arguments: Any) -> None:
    try:
        result = function(*arguments)
    except BaseException as error:
        future.set_exception(error)
    else:
        future.set_result(result)
