"""TIMING-MARK: an answer when everything before the question has been processed (RFC 860)."""

from __future__ import annotations

from telnet import constants
from telnet.constants import DO, WILL, WONT
from telnet.options.option import StatelessOption

__all__ = ["TIMING_MARK"]


class TIMING_MARK(StatelessOption):
    """DO is answered by WILL, each by itself, in its place among what is sent.

    ``on_timing_mark_request()`` is called for each DO, and the answer is sent when that returns: what was received
    before has been processed, if the program's handlers do that themselves.  A program that processes it later calls
    :meth:`hold` there, and :meth:`~StatelessOption.announce` when it has, once for each.  Under asyncio the lines that
    wait for ``readline`` are waited for without that.

    :meth:`~StatelessOption.ask` asks the peer; ``on_timing_mark(accepted)`` is called for each of its answers, and for
    a WILL that nobody asked for: everything sent before the question has been processed by then, or, where
    ``accepted`` is False, the peer does not say so.

    Source: RFC 860.
    """

    code = constants.TIMING_MARK

    def setup(self) -> None:
        self._held = False

    def hold(self) -> None:
        """Leave the answer to the program, which owes an ``announce()``; from inside of ``on_timing_mark_request``."""
        self._held = True

    def on_negotiation(self, command: bytes) -> None:
        if command == DO:
            self._held = False
            try:
                self.emit("on_timing_mark_request")
            finally:
                if not self._held:
                    self.announce()
        elif command in (WILL, WONT):
            self.emit("on_timing_mark", command == WILL)
