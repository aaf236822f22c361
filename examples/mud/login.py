"""The questions before the game: a name, and its password or, for a new name, the one that it shall have."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, TypeVar

from .accounts import Unavailable
from .characters import Character
from .door import TurnedAway
from .passwords import SHORTEST

if TYPE_CHECKING:
    from .player import Player

NAME = re.compile("[A-Za-z]{2,16}")
NOT_NAMES = {"All", "Everybody", "Help", "Me", "Nobody", "Quit", "Self", "Somebody", "You"}
# With these as a name, what somebody does could read like what the game says: "Your character is saved again."
NOT_NAMES |= {"Fog", "It", "Some", "Something", "That", "The", "There", "These", "This", "Your"}

ATTEMPTS = 3
PATIENCE = 180.0  # seconds for all of it

Result = TypeVar("Result")


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
        self._find(name, lambda found: self._on_found(name, found))

    def _on_found(self, name: str, character: Character | None) -> None:
        if character is None:
            self._player.tell(f"{name} is new here. Choose a password of at least {SHORTEST} characters.")
            return self._ask_new_password(name)
        if "password" in character.damage:
            self._player.tell(f"The password of {name} cannot be read. Please tell whoever runs this game.")
            return self._ask_name()
        self._ask_password(character)

    def _find(self, name: str, then: Callable[[Character | None], None]) -> None:
        """Go on with a character as somebody plays it at this moment, or as it was kept."""
        player = self._game.players.get(name)
        if player is not None:
            return then(player.character)
        self._wait_for(self._game.accounts.find(name), then)

    # Threads read and write characters, and hash passwords

    def _wait_for(self, work: Future[Result], then: Callable[[Result], None]) -> None:
        self._player.wait_for(work, then, self._on_failure)

    def _on_failure(self, error: BaseException) -> None:
        self._player.echo(True)
        if isinstance(error, TurnedAway):
            return self._player.leave(str(error))
        self._player.tell("Your character cannot be loaded or saved just now. Please try again in a moment.")
        self._ask_name()
        if not isinstance(error, Unavailable):
            raise error

    # Passwords are not shown: the server promises to echo what is typed, and does not (RFC 857).

    def _ask_hidden(self, question: str, reader: Callable[[str], None]) -> None:
        self._player.echo(False)
        self._player.ask(question, reader)

    def _ask_password(self, character: Character) -> None:
        self._ask_hidden("Password: ", lambda line: self._on_password(character, line))

    def _on_password(self, character: Character, line: str) -> None:
        door = self._game.door
        if door.wait(self._player, character.name) > 0.5:
            self._player.tell_below("There were too many passwords of late. Please wait.")
        check = door.check(self._player, character.name, line, character.password)
        self._wait_for(check, lambda right: self._on_checked(character, right))

    def _on_checked(self, character: Character, right: bool) -> None:
        if right:  # and since it was read to have that checked, somebody may have played on
            return self._find(character.name, lambda now: self._let_in(now or character))
        self._attempts -= 1
        if self._attempts:
            self._player.tell_below("That is not the password.")
            return self._ask_password(character)
        self._player.echo(True)
        self._player.leave("That is not the password. Goodbye.")

    def _ask_new_password(self, name: str) -> None:
        self._ask_hidden("Password: ", lambda line: self._on_new_password(name, line))

    def _on_new_password(self, name: str, password: str) -> None:
        if len(password) < SHORTEST:
            self._player.tell_below(f"It has to have at least {SHORTEST} characters.")
            return self._ask_new_password(name)
        self._player.tell_below("And again, to be sure.")
        self._ask_hidden("Password: ", lambda line: self._on_repeated(name, password, line))

    def _on_repeated(self, name: str, password: str, repeated: str) -> None:
        if repeated != password:
            self._player.tell_below("These were two passwords. Choose one.")
            return self._ask_new_password(name)
        self._wait_for(self._game.door.hash(self._player, password), lambda kept: self._on_hashed(name, kept))

    def _on_hashed(self, name: str, kept: str) -> None:
        character = Character(name, kept, self._game.world.start.number)
        self._wait_for(self._game.accounts.add(character), lambda added: self._on_added(character, added))

    def _on_added(self, character: Character, added: bool) -> None:
        if added:
            return self._let_in(character)
        self._player.echo(True)
        self._player.tell(f"Somebody else has just become {character.name}.")
        self._ask_name()

    def _let_in(self, character: Character) -> None:
        before = self._game.players.get(character.name)
        self._player.echo(True)
        self._player.enter(character if before is None else before.character)
