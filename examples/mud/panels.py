"""What clients show beside the text: gauges, a map, a window for what is said.

GMCP and MSDP tell the same here, each to the clients that speak it: what is sent while an option is off goes nowhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from telnet.options.msp import strip_msp

if TYPE_CHECKING:
    from .player import Player

# What MSDP can report of what is below.
REPORTABLE = (
    "CHARACTER_NAME",
    "HEALTH",
    "HEALTH_MAX",
    "MOVEMENT",
    "MOVEMENT_MAX",
    "ROOM",
    "ROOM_VNUM",
    "ROOM_NAME",
    "ROOM_EXITS",
    "AREA_NAME",
)

CHANNELS = ("say", "tell", "chat")  # each has the name of the command that speaks there


def show_all(player: Player) -> None:
    player.send_gmcp("Char.Name", {"name": player.name, "fullname": player.name})
    player.send_gmcp("Comm.Channel.List", [{"name": each, "caption": each, "command": each} for each in CHANNELS])
    player.send_msdp("CHARACTER_NAME", player.name)
    show_vitals(player)
    show_room(player)


def show_vitals(player: Player) -> None:
    vitals = {"hp": player.health, "maxhp": player.most, "mv": player.moves, "maxmv": player.most}
    player.send_gmcp("Char.Vitals", vitals)
    player.send_msdp("HEALTH", player.health)
    player.send_msdp("HEALTH_MAX", player.most)
    player.send_msdp("MOVEMENT", player.moves)
    player.send_msdp("MOVEMENT_MAX", player.most)


def show_room(player: Player) -> None:
    room, area = player.room, player.game.world.area
    exits = {direction[0]: number for direction, number in room.exits.items()}
    gmcp = {"num": room.number, "name": room.name, "area": area, "environment": room.terrain, "exits": exits}
    msdp = {"VNUM": room.number, "NAME": room.name, "AREA": area, "TERRAIN": room.terrain, "EXITS": exits}
    player.send_gmcp("Room.Info", gmcp)
    player.send_msdp("ROOM", msdp)
    player.send_msdp("ROOM_VNUM", room.number)
    player.send_msdp("ROOM_NAME", room.name)
    player.send_msdp("ROOM_EXITS", exits)
    player.send_msdp("AREA_NAME", area)


def show_speech(player: Player, channel: str, talker: str, text: str) -> None:
    # A client may show it like any text, and take a trigger of MSP in it for the game's.
    player.send_gmcp("Comm.Channel.Text", {"channel": channel, "talker": talker, "text": strip_msp(text)})
