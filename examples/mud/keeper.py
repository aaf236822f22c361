"""Keeps what changes of a character.  The game does not wait for the disk; the player is told if that takes long."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .player import Player

SOON = 0.25  # seconds that an answer waits for the disk
OVERDUE = 1.0  # seconds after which a player is told that there is something wrong with it


class Keeper:
    """One player's, from the login on."""

    def __init__(self, player: Player) -> None:
        self._player = player
        self._saving: Future[None] | None = None  # the last, until somebody has looked at what became of it
        self._late = False

    def save(self) -> None:
        """Keep what has changed, soon."""
        looked_after = self._saving is not None
        self._saving = self._player.game.accounts.save(self._player.character)
        if not looked_after:
            self._player.call_later(OVERDUE, self._look, self._saving)

    def _look(self, saving: Future[None]) -> None:
        assert self._saving is not None
        if self._saving.done():
            self._saving, self._late = None, False
        elif self._saving is not saving:  # it has not had its time yet
            self._player.call_later(OVERDUE, self._look, self._saving)
        elif self._player.name:
            self._player.tell("Your character cannot be saved just now. You can go on: it is tried again and again.")
            self._player.when_done(saving, self._tell_of_the_end)

    def _tell_of_the_end(self) -> None:
        self._saving, self._late = None, False
        if self._player.name:
            self._player.tell("Your character is saved again.")

    def when_saved(self, then: Callable[[], None]) -> None:
        """Go on when the disk has what has changed; if that takes long, do not wait for it."""
        saving = self._saving
        if saving is None or saving.done() or self._late:
            return then()
        waiting = [then]

        def go_on() -> None:
            if waiting:
                self._late = not saving.done()
                waiting.pop()()
                self._player.read_on()

        self._player.when_done(saving, go_on)
        self._player.call_later(SOON, go_on)
