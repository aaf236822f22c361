"""AARDWOLF: pairs of a channel and a value, of Aardwolf MUD and its clients."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from telnet import constants
from telnet.options.option import Option, Role

__all__ = ["AARDWOLF", "Channel", "PlayerState"]


class Channel(IntEnum):
    """What a pair is about: up to 99 what a client switches on and off, above that what the server tells."""

    STATMON = 1
    BIGMAP = 2
    HELP_TAGS = 3
    MAP_TAGS = 4
    CHANNEL_TAGS = 5
    TELL_TAGS = 6
    SPELLUP_TAGS = 7
    SKILL_GAINS = 8
    SAY_TAGS = 9
    SCORE_TAGS = 11
    ROOM_NAMES = 12
    EXITS = 14
    EDITOR_TAGS = 15
    EQUIPMENT_TAGS = 16
    INVENTORY_TAGS = 17
    ROOM_DESCRIPTION_TAGS = 18
    ROOM_NAME_TAGS = 19
    REPOP_TAGS = 21
    QUIET = 50
    AUTOTICK = 51
    PROMPTS = 52
    PAGING = 53
    AUTOMAP = 54
    SHORTMAP = 55
    STATE = 100
    TICK = 101


class PlayerState(IntEnum):
    """What the server says on the channel STATE."""

    LOGIN = 1
    MOTD = 2
    ACTIVE = 3
    AWAY = 4
    NOTE = 5
    EDITING = 6
    PAGING = 7


_ON: Final = 1
_OFF: Final = 2


class AARDWOLF(Option):
    """The client switches what the server sends, and the server tells states, each in two bytes.

    Both: ``on_aardwolf(channel, value)`` is called with two numbers from 0 to 255; :class:`Channel` names those that
    Aardwolf has.  A value from a client is 1 for on and 2 for off.

    Server: :meth:`tell` sends a value.  Client: :meth:`switch` switches a channel.

    Source: the help page Telopts of Aardwolf MUD.
    """

    code = constants.AARDWOLF
    performer = Role.SERVER

    def on_subnegotiation(self, data: bytes) -> None:
        if len(data) != 2 or (self.is_server and data[1] not in (_ON, _OFF)):
            return self.report("not a channel and its value", data)
        self.emit("on_aardwolf", *data)

    def tell(self, channel: int, value: int) -> bool:
        """Send a pair; return False, with nothing sent, while the option is off.

        Raises ``ValueError`` for what is not a number from 0 to 255.
        """
        for name, number in (("channel", channel), ("value", value)):
            if number not in range(256):
                raise ValueError(f"a {name} is a number from 0 to 255, not {number!r}")
        if self.enabled:
            self.send(bytes((channel, value)))
        return self.enabled

    def switch(self, channel: int, on: bool) -> bool:
        """Client: have the server send what a channel is about, or not.  Otherwise as :meth:`tell`."""
        return self.tell(channel, _ON if on else _OFF)
