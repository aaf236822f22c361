"""The game that all connections share: the world, the accounts, and who is here."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from telnet import __version__

from .door import Door
from .screen import Piece, Speech

if TYPE_CHECKING:
    from .accounts import Accounts
    from .player import Player
    from .world import Room, World


class Game:
    """One for each server.

    :param clock: the time in seconds, of a steady clock.
    """

    port: int | None = None
    """Where it can be reached, once it can."""

    def __init__(self, world: World, accounts: Accounts, clock: Callable[[], float] = time.monotonic) -> None:
        self.world = world
        self.accounts = accounts
        self.players: dict[str, Player] = {}
        self.started = int(time.time())
        self.clock = clock
        self.door = Door(clock)

    def enter(self, player: Player) -> None:
        """Let somebody in who has logged in; whoever is here by this name already has to leave."""
        before = self.players.pop(player.name, None)
        self.players[player.name] = player
        if before is None:
            self.tell(f"{player.name} joins.", but=player)
        else:
            before.leave("You have logged in from elsewhere.")

    def leave(self, player: Player) -> None:
        """Let somebody go, unless somebody else of that name has come instead."""
        if self.players.get(player.name) is player:
            del self.players[player.name]
            self.tell(f"{player.name} leaves.")

    def present(self, room: Room | None = None, but: Player | None = None) -> list[Player]:
        """Return who is here, or in one room: a list of their own, since some may go while it is read."""
        players = sorted(self.players.values(), key=lambda player: player.name)
        return [player for player in players if player is not but and room in (None, player.room)]

    def tell(self, *pieces: str | Piece, room: Room | None = None, but: Player | None = None) -> int:
        """Tell everybody, or those in one room; return how many they are."""
        speech = Speech(*pieces)
        listeners = self.present(room, but)
        for player in listeners:
            player.hear(speech)
        return len(listeners)

    def status(self) -> dict[str, str | int]:
        """Return what MSSP tells those who list games."""
        status: dict[str, str | int] = {
            "NAME": self.world.name,
            "PLAYERS": len(self.players),
            "UPTIME": self.started,
            "CODEBASE": f"telnet {__version__}",
            "FAMILY": "Custom",
            "LANGUAGE": "English",
            "ROOMS": len(self.world),
            "AREAS": 1,
            "ANSI": True,
            "UTF-8": True,
            "XTERM 256 COLORS": True,
            "XTERM TRUE COLORS": True,
            "GMCP": True,
            "MCCP": True,
            "MSDP": True,
            "MSP": True,
            "MXP": True,
        }
        return status if self.port is None else {**status, "PORT": self.port}

    def close(self) -> None:
        """Say goodbye to all."""
        for player in self.present():
            player.leave("Fog comes up, and the island is gone. Come back soon.")
        self.door.close()
