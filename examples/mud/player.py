"""A player: what a connection speaks, and who is at its end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from telnet import Limits
from telnet.options import (
    BINARY,
    CHARSET,
    ECHO,
    EOR,
    GMCP,
    MCCP2,
    MCCP3,
    MSDP,
    MSP,
    MSSP,
    MXP,
    NAWS,
    NEW_ENVIRON,
    TTYPE,
)
from telnet.options.msp import Sound

from . import panels
from .characters import Character
from .commands import obey
from .game import Game
from .keeper import Keeper
from .login import Login
from .screen import WARNING, Piece, Speech, text_of
from .speech import clean
from .terminal import Terminal
from .views import view_room
from .world import ORIGINS, Room

STEP = 4  # moves that it takes
HARM = 7  # health that it takes
REST = 2.0  # seconds, after which some of both is back
PER_LISTENER = 0.1  # lines typed, which it costs as much as to be heard by one...
A_MOUTHFUL = 200  # ...for so many characters...
OUT_OF_BREATH = 50  # ...and so many at most, which is some five seconds


class Player(Terminal):
    """A stranger first, who is asked for a name; then somebody in the game."""

    game: ClassVar[Game]
    limits = Limits(line=4096)

    name = ""
    """Empty before the login, and when the player has left."""

    character: Character
    """What is kept of the player, from the login on."""

    most = 100
    health = most
    moves = most
    _resting = False
    _listing = False

    # What the library calls; what is typed comes by way of the terminal

    def now(self) -> float:
        return self.game.clock()

    def on_ready(self) -> None:
        self.show(self.screen.heading(f"Welcome to {self.game.world.name}"))
        Login(self).begin()

    def on_gmcp_supports(self) -> None:
        if not self._listing:
            self._listing = True
            self.call_later(0.0, self._show_panels)  # once, however many messages the client needs to list its packages

    def _show_panels(self) -> None:
        self._listing = False
        if self.name:
            panels.show_all(self)

    def on_close(self) -> None:
        super().on_close()
        self._go()

    # Coming and going

    def enter(self, character: Character) -> None:
        """Begin to play."""
        self.character = character
        self.settings = character.settings
        self._keeper = Keeper(self)
        self.name = character.name
        self.game.enter(self)
        self.tell(f"Hello, {self.name}! Type help to see what you can do.")
        if character.damage:
            damaged = " and ".join(character.damage)
            self.tell(f"Some of what was kept of you cannot be read, and is as for a newcomer: {damaged}.")
        panels.show_all(self)
        self._arrive()
        self._await_command()

    def leave(self, reason: str) -> None:
        """Stop playing, and be told why."""
        self._go()
        self.session[GMCP].goodbye(reason)
        self.hang_up(reason)

    def _go(self) -> None:
        if self.name:
            self.game.leave(self)
            self.name = ""

    # Playing

    def _await_command(self) -> None:
        vitals = "" if self.screen.reader else f"{self.health}hp {self.moves}mv"
        self.ask(f"{vitals}> ", self._obey)

    def _obey(self, line: str) -> None:
        """Do what was typed, and show what came of it when the disk has that: whatever was seen survives a crash."""
        self.keep_back()
        try:
            obey(self, clean(line))
        except Exception:
            self._answer()
            raise
        self._keeper.when_saved(self._answer)

    def _answer(self) -> None:
        if not self.gone:
            self.show_all()
            self._await_command()

    @property
    def room(self) -> Room:
        """Where the player is."""
        return self.game.world.room(self.character.room)

    def look(self) -> None:
        """Show the room."""
        others = [player.name for player in self.game.present(self.room, but=self)]
        self.show(view_room(self.screen, self.game.world, self.room, others))

    def walk(self, direction: str) -> None:
        """Go to the next room, if there is one in this direction."""
        beyond = self.game.world.beyond(self.room, direction)
        if beyond is None:
            return self.tell(f"You cannot go {direction} from here.")
        if self.moves < STEP:
            return self.tell("You are out of breath. Stand still for a moment.")
        self.act(f"{self.name} goes {direction}.", room=self.room, but=self)
        self.act(f"{self.name} comes from {ORIGINS[direction]}.", room=beyond)
        self.character.room = beyond.number
        self._spend(STEP, HARM if beyond.harm else 0)
        panels.show_room(self)
        self._arrive()
        if beyond.harm:
            self.tell(Piece(beyond.harm, WARNING))

    def _arrive(self) -> None:
        self.character.seen.add(self.room.number)
        self.save()
        if self.room.sound:
            self.session[MSP].play(Sound(self.room.sound))
        self.look()

    def act(self, *pieces: str | Piece, room: Room, but: Player | None = None) -> None:
        """Be seen doing something."""
        self._spend_breath(self.game.tell(*pieces, room=room, but=but), text_of(*pieces))

    def speak(self, channel: str, listeners: Sequence[Player], *pieces: str | Piece) -> None:
        """Be heard by others.  The more there are, the more it costs."""
        speech = Speech(*pieces)
        for each in listeners:
            each.listen(channel, self.name, speech)
        self._spend_breath(sum(each is not self for each in listeners), speech.text)

    def _spend_breath(self, listeners: int, text: str) -> None:
        self.spend(min(PER_LISTENER * listeners * (1 + len(text) // A_MOUTHFUL), OUT_OF_BREATH))

    def listen(self, channel: str, talker: str, speech: Speech) -> None:
        """Be told what somebody says."""
        self.hear(speech)
        panels.show_speech(self, channel, talker, speech.text)

    def save(self) -> None:
        """Keep what has changed."""
        self._keeper.save()

    def _spend(self, moves: int, health: int) -> None:
        self.moves -= moves
        self.health = max(self.health - health, 1)
        panels.show_vitals(self)
        self._rest()

    def _rest(self) -> None:
        tired = self.moves < self.most or self.health < self.most
        if tired and not self._resting:
            self._resting = True
            self.call_later(REST, self._recover)

    def _recover(self) -> None:
        self._resting = False
        if self.name:
            self.moves = min(self.moves + 2, self.most)
            self.health = min(self.health + 1, self.most)
            panels.show_vitals(self)
            self._rest()


def players_of(this: Game) -> type[Player]:
    """Return the class of those who connect to a game: what a server is given."""

    class Connected(Player):
        game = this
        options = (
            TTYPE,
            NAWS,
            NEW_ENVIRON,
            CHARSET,
            BINARY,
            EOR,
            ECHO,
            GMCP,
            MSDP(reportable=panels.REPORTABLE),
            MSSP(this.status),
            MXP(default="locked"),  # not stated, it would be this in some clients, and open mode in others
            MSP,
            MCCP3,
            MCCP2,  # the last, so that what is offered before can be seen on the wire
        )

    return Connected
