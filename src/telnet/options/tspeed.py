"""TSPEED: how fast the client's terminal is (RFC 1079)."""

from __future__ import annotations

import re
from typing import Final

from telnet import constants
from telnet.options.inquiry import InquiryOption

__all__ = ["TSPEED"]

_FASTEST: Final = 10**10 - 1
_SPEEDS: Final = re.compile(rb"([0-9]{1,10}),([0-9]{1,10})")


class TSPEED(InquiryOption):
    """The client tells how many bits a second its terminal sends and receives.

    Server: calls ``on_terminal_speed(transmit, receive)``; both are in ``client.speed`` too.  Nowadays it says little:
    most clients answer 38400 for any connection.

    Client: ``TSPEED(transmit, receive)`` is what it tells.

    Source: RFC 1079.
    """

    code = constants.TSPEED

    def __init__(self, transmit: int = 38400, receive: int = 38400) -> None:
        for speed in (transmit, receive):
            if not (isinstance(speed, int) and 0 <= speed <= _FASTEST):
                raise ValueError(f"a speed is a whole number of bits a second up to {_FASTEST}, not {speed!r}")
        self.transmit = transmit
        self.receive = receive

    def _answer(self) -> bytes:
        return f"{self.transmit:d},{self.receive:d}".encode("ascii")

    def _learn(self, told: bytes) -> None:
        speeds = _SPEEDS.fullmatch(told)
        if speeds is None:
            return self.report("a speed is two numbers of up to ten digits, as 38400,38400 is", told)
        transmit, receive = map(int, speeds.groups())
        self.client.learn(speed=(transmit, receive))
        self.emit("on_terminal_speed", transmit, receive)
