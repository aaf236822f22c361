"""What players type: the first word says what to do.

The name of a function here is the word, and its docstring is the line in the help: what to type, and what it does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from telnet import option_name

from .screen import NAME, SPEECH, WARNING, Piece
from .speech import clean
from .views import view_map, view_table
from .world import DIRECTIONS

if TYPE_CHECKING:
    from .player import Player

COMMANDS: dict[str, Callable[[Player, str], None]] = {}

# What stands for a word.
SIGNS = {"'": "say", '"': "say", ":": "emote"}


def command(function: Callable[[Player, str], None]) -> Callable[[Player, str], None]:
    COMMANDS[function.__name__] = function
    return function


def obey(player: Player, line: str) -> None:
    """Do what a line says. The word may be cut short: ``n`` is ``north``."""
    if line[:1] in SIGNS:
        line = clean(f"{SIGNS[line[0]]} {line[1:]}")  # again: marks on the sign would be on nothing
    typed, _, rest = line.strip().partition(" ")
    word = typed.lower()
    if not word:
        return
    for direction in DIRECTIONS:
        if direction.startswith(word):
            return player.walk(direction)
    for name, function in COMMANDS.items():
        if name.startswith(word):
            return function(player, rest)
    player.tell("Nobody here knows how to ", Piece(word, WARNING), ". Try ", Piece("help", command="help"), ".")


@command
def look(player: Player, rest: str) -> None:
    """look: see where you are"""
    player.look()


@command
def map(player: Player, rest: str) -> None:
    """map: see where you have been"""
    player.show(view_map(player.screen, player.game.world, player.room, player.character.seen))


@command
def say(player: Player, text: str) -> None:
    """say TEXT: talk to those around you, as 'TEXT does"""
    if not text:
        return player.tell("Say what?")
    player.speak("say", [player], "You say: ", Piece(text, SPEECH))
    others = player.game.present(player.room, but=player)
    player.speak("say", others, Piece(player.name, NAME), " says: ", Piece(text, SPEECH))


@command
def tell(player: Player, rest: str) -> None:
    """tell NAME TEXT: talk to one player"""
    name, _, text = rest.partition(" ")
    other = player.game.players.get(name.capitalize())
    if not text:
        return player.tell("Tell whom what?")
    if other is None:
        return player.tell("There is nobody of that name.")
    player.speak("tell", [player], "You tell ", Piece(other.name, NAME), ": ", Piece(text, SPEECH))
    if other is not player:
        player.speak("tell", [other], Piece(player.name, NAME), " tells you: ", Piece(text, SPEECH))


@command
def chat(player: Player, text: str) -> None:
    """chat TEXT: talk to everybody"""
    if not text:
        return player.tell("Chat about what?")
    player.speak("chat", player.game.present(), "[chat] ", Piece(player.name, NAME), ": ", Piece(text, SPEECH))


@command
def emote(player: Player, text: str) -> None:
    """emote TEXT: be seen doing something, as :TEXT does"""
    if not text:
        return player.tell("Do what?")
    player.act(Piece(player.name, NAME), f" {text}", room=player.room)


@command
def who(player: Player, rest: str) -> None:
    """who: see who is on the island, and where"""
    player.show(view_table(player.screen, [(each.name, each.room.name) for each in player.game.present()]))


@command
def score(player: Player, rest: str) -> None:
    """score: see how you are"""
    rooms = len(player.game.world)
    seen = sum(room.number in player.character.seen for room in player.game.world)
    player.tell(f"You have {player.health} of {player.most} health and {player.moves} of {player.most} moves.")
    player.tell(f"You have seen {seen} of {rooms} places." if seen < rooms else "You have seen all there is to see.")


@command
def settings(player: Player, rest: str) -> None:
    """settings NAME VALUE: change how things are shown; alone, see how they are"""
    if rest:
        name, _, choice = rest.lower().partition(" ")
        try:
            player.settings.change(name, choice)
        except ValueError as error:
            return player.tell(str(error))
        player.save()
    player.show(view_table(player.screen, player.settings))


@command
def client(player: Player, rest: str) -> None:
    """client: see what your client says of itself"""
    known = player.client
    rows = {
        "program": f"{known.name} {known.version}".strip() or "unknown",
        "terminal": known.terminal or "unknown",
        "window": f"{known.width} by {known.height}",
        "colours": str(known.colours),
        "UTF-8": {True: "yes", False: "no", None: "unknown"}[known.utf8],
        "reader": "yes" if known.screen_reader else "no",
        "speaks": " ".join(option_name(option.code) for option in player.session.options.values() if option.enabled),
    }
    player.show(view_table(player.screen, rows.items()))


@command
def help(player: Player, rest: str) -> None:
    """help: see this"""
    lines = ("north, n ...: walk there", *(str(function.__doc__) for function in COMMANDS.values()))
    player.show(view_table(player.screen, (line.partition(": ")[::2] for line in lines)))


@command
def quit(player: Player, rest: str) -> None:
    """quit: leave, and find yourself here when you are back"""
    player.leave(f"Goodbye, {player.name}.")
