"""TIMING-MARK: an answer when everything before the question has been processed (RFC 860)."""

from __future__ import annotations

from telnet import constants
from telnet.constants import DO, WILL, WONT
from telnet.options.option import StatelessOption

__all__ = ["TIMING_MARK"]


class TIMING_MARK(StatelessOption):
    """DO is answered by WILL, each by itself, in its place among what is sent.

    :meth:`~StatelessOption.ask` asks the peer; ``on_timing_mark(accepted)`` is called for each of its answers, and for
    a WILL that nobody asked for: everything sent before the question has been processed by then, or, where
    ``accepted`` is False, the peer does not say so.

    Source: RFC 860.
    """

    code = constants.TIMING_MARK

    def on_negotiation(self, command: bytes) -> None:
        if command == DO:
            self.announce()
        elif command in (WILL, WONT):
            self.emit("on_timing_mark", command == WILL)
