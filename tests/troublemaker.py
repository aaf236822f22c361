"""A recorder whose callbacks do to their parser what callbacks may do, for the tests that compare parsers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Flag
from itertools import cycle
from types import ModuleType, SimpleNamespace

from recording import Recorder

from telnet.events import Data, Event

Chunk = bytes | bytearray | memoryview

METHODS = ("on_data", "on_command", "on_option", "on_subnegotiation", "on_protocol_error")


class Action(Flag):
    """What a callback does, one after the other."""

    NOTHING = 0
    RESET = 1
    FEED = 2
    STOP = 4
    RAISE = 8


class Boom(Exception):
    """What a callback raises."""


class Troublemaker(Recorder):
    """Acts by a script, one action for each event, from its start again behind its end.

    At data it always does the same, since a run of data may come in any number of pieces. Methods that are ``absent``
    are kept from the parser.
    """

    def __init__(
        self,
        script: Sequence[Action] = (Action.NOTHING,),
        at_data: Action = Action.NOTHING,
        absent: Sequence[str] = (),
    ) -> None:
        super().__init__()
        self.script = cycle(script)
        self.at_data = at_data
        self.absent = absent
        self.returned: list[int | str] = []
        self.opened: list[int] = []  # which subnegotiation was open after each feed
        self.left = False  # whether feed is to return now, after a stop or an exception

    def attach(self, module: ModuleType, limit: int = 65536) -> Troublemaker:
        heard = {name: getattr(self, name) for name in METHODS if name not in self.absent}
        self.parser = module.Parser(SimpleNamespace(**heard), max_subnegotiation=limit)
        self.offset = 0
        return self

    def record(self, event: Event) -> None:
        assert not self.left, "a callback was called behind one that stopped or raised"
        super().record(event)
        action = self.at_data if isinstance(event, Data) else next(self.script)
        if Action.RESET in action:
            self.parser.reset()
        if Action.FEED in action:
            self.returned.append(self.refusal())
        if Action.STOP in action:
            self.parser.stop()
        self.left = Action.STOP in action or Action.RAISE in action
        if Action.RAISE in action:
            raise Boom

    def refusal(self) -> str:
        try:
            self.parser.feed(b"\xff\xfa")
        except RuntimeError as error:
            return str(error)
        raise AssertionError("feed() from inside a callback was not refused")

    def feed(self, chunk: Chunk) -> None:
        """Feed the chunk, and again what is left of it after a stop or an exception."""
        consumed = -1
        while chunk or consumed < 0:
            before, consumed = consumed, self.feed_once(chunk)
            assert 0 <= consumed <= len(chunk), f"{consumed} of {len(chunk)} bytes consumed"
            assert before or consumed, "two feeds in a row have consumed nothing"
            self.offset += consumed
            chunk = chunk[consumed:]

    def feed_once(self, chunk: Chunk) -> int:
        self.left = False
        try:
            self.returned.append(self.parser.feed(chunk))
        except Boom:
            self.returned.append("Boom")
        else:
            assert self.returned[-1] == self.parser.consumed, f"feed() returned {self.returned[-1]}, not consumed"
        self.opened.append(self.parser.open_subnegotiation)
        return int(self.parser.consumed)

    def feed_all(self, chunks: Iterable[Chunk]) -> Troublemaker:
        for chunk in chunks:
            self.feed(chunk)
        return self

    @property
    def seen(self) -> list[object]:
        """What the calls returned, what was open after each, and what the handler was told."""
        return [self.returned, self.opened, self.log]
