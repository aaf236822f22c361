"""The questions before the game: a name, and its password or, for a new name, the one that it shall have."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from telnet.options import ECHO

from .accounts import Character
from .passwords import SHORTEST, hash_password, is_password

if TYPE_CHECKING:
    from .player import Player

NAME = re.compile("[A-Za-z]{2,16}")
NOT_NAMES = {"All", "Everybody", "Help", "Me", "Nobody", "Quit", "Self", "Somebody", "You"}

ATTEMPTS = 3
PATIENCE = 180.0  # seconds for all of it


class Login:
    """Brings one player into the game, or closes the connection."""

    def __init__(self, player: Player) -> None:
        self._player = player
        self._game = player.game
        self._attempts = ATTEMPTS

    def begin(self) -> None:
        self._player.call_later(PATIENCE, self._give_up)
        self._ask_name()

    def _give_up(self) -> None:
        if not (self._player.name or self._player.gone):
            self._player.leave("You have not said who you are. Goodbye.")

    def _ask_name(self) -> None:
        self._player.ask("Name: ", self._on_name)

    def _on_name(self, line: str) -> None:
        name = line.strip().capitalize()
        if not NAME.fullmatch(name) or name in NOT_NAMES:
            self._player.tell("A name is 2 to 16 letters, A to Z, and no word that means somebody else.")
            return self._ask_name()
        character = self._game.accounts.find(name)
        if character is not None:
            return self._ask_password(character)
        self._player.tell(f"{name} is new here. Choose a password of at least {SHORTEST} characters.")
        self._ask_new_password(name)

    # Passwords are not shown: the server promises to echo what is typed, and does not (RFC 857).

    def _ask_hidden(self, question: str, reader: Callable[[str], None]) -> None:
        self._player.echo(False)
        self._player.ask(question, reader)

    def _tell_hidden(self, text: str) -> None:
        """Tell something before the next hidden question, below the last: its Enter was not shown either."""
        if self._player.session[ECHO].local:
            self._player.send_line()
        self._player.tell(text)

    def _ask_password(self, character: Character) -> None:
        self._ask_hidden("Password: ", lambda line: self._on_password(character, line))

    def _on_password(self, character: Character, line: str) -> None:
        check = self._game.thread.submit(is_password, line, character.password)
        self._player.wait_for(check, lambda right: self._on_checked(character, right))

    def _on_checked(self, character: Character, right: bool) -> None:
        if right:
            return self._let_in(character)
        self._attempts -= 1
        if self._attempts:
            self._tell_hidden("That is not the password.")
            return self._ask_password(character)
        self._player.echo(True)
        self._player.leave("That is not the password. Goodbye.")

    def _ask_new_password(self, name: str) -> None:
        self._ask_hidden("Password: ", lambda line: self._on_new_password(name, line))

    def _on_new_password(self, name: str, password: str) -> None:
        if len(password) < SHORTEST:
            self._tell_hidden(f"It has to have at least {SHORTEST} characters.")
            return self._ask_new_password(name)
        self._tell_hidden("And again, to be sure.")
        self._ask_hidden("Password: ", lambda line: self._on_repeated(name, password, line))

    def _on_repeated(self, name: str, password: str, repeated: str) -> None:
        if repeated != password:
            self._tell_hidden("These were two passwords. Choose one.")
            return self._ask_new_password(name)
        hashing = self._game.thread.submit(hash_password, password)
        self._player.wait_for(hashing, lambda kept: self._on_hashed(name, kept))

    def _on_hashed(self, name: str, kept: str) -> None:
        character = Character(name, kept, self._game.world.start.number)
        if self._game.accounts.add(character):
            return self._let_in(character)
        self._player.echo(True)
        self._player.tell(f"Somebody else has just become {name}.")
        self._ask_name()

    def _let_in(self, character: Character) -> None:
        self._player.echo(True)
        self._player.enter(character)
