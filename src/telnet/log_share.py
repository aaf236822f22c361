"""What is logged about peers: bounded, and without anything that a peer could act on a terminal with."""

from __future__ import annotations

import logging
import traceback
from typing import Any, Final

from telnet.bucket import TokenBucket

__all__ = ["LINES_OF_A_SERVER", "LogShare", "describe", "printable"]

logger = logging.getLogger("telnet")

LINES_OF_A_SERVER: Final = (100, 10.0)
"""How many lines all connections of a server may have at once together, and each second."""

_LONGEST_LINE: Final = 1000  # characters
_LONGEST_TRACEBACK: Final = 16000


class LogShare:
    """How much may be logged about one connection, or about all of a server together; the rest is counted.

    :param burst: how many lines at once.
    :param rate: how many more each second.
    :param whole: the share of the server, of which each line of its connections is taken too: a stranger that comes
        again and again has a new connection each time.
    """

    def __init__(self, burst: int = 10, rate: float = 1.0, whole: LogShare | None = None) -> None:
        self._bucket = TokenBucket(burst, rate)
        self._whole = whole
        self._left_out = 0

    def log(
        self, now: float, level: int, text: str, exc: BaseException | None = None, *, private: bool = False
    ) -> None:
        """Log a line, or count it where the share is used up.

        :param now: the time in seconds, of any steady clock.
        :param level: of :mod:`logging`.
        :param text: the line; what is not printable in it is escaped.
        :param exc: an exception whose traceback belongs to it.
        :param private: whether the text of the exception may hold a secret: then its type alone is shown.
        """
        if not logger.isEnabledFor(level):
            return
        if not self._take(now):
            self._left_out += 1
            return
        if self._left_out:
            text += f" ({self._left_out} lines before this one were left out)"
            self._left_out = 0
        _write(level, text, exc, private)

    def end(self, now: float, who: str) -> None:
        """Log how many lines were left out at the end of what has this share, or leave that to the server's."""
        if self._left_out and self._take(now):
            _write(logging.WARNING, f"{who}: {self._left_out} lines were left out", None, False)
        elif self._whole is not None:
            self._whole._left_out += self._left_out
        self._left_out = 0

    def _take(self, now: float) -> bool:
        return self._bucket.take(now) and (self._whole is None or self._whole._bucket.take(now))


def describe(connection: object, address: Any) -> str:
    """Return what a line of the log calls a connection: its class and the address of its peer."""
    return f"{type(connection).__name__} with {'an unnamed socket' if address == '' else repr(address)}"


def printable(text: str, longest: int) -> str:
    r"""Return text that is safe to show: what is not printable is written as ``\x1b`` is, and the rest is cut off.

    :param text: any text.
    :param longest: how many characters are returned at most.
    """
    cut = text if len(text) <= longest else f"{text[: longest - 3]}..."
    if cut.isprintable():
        return cut
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in cut)[:longest]


def _write(level: int, text: str, exc: BaseException | None, private: bool) -> None:
    if private and exc is not None:
        text += f": {type(exc).__qualname__}, whose text is left out, since it may hold a secret of the peer"
    shown = None if private else exc
    exc_info = None if shown is None else (type(shown), shown, shown.__traceback__)
    path, line, function, _ = logger.findCaller(stacklevel=4)
    record = logger.makeRecord(logger.name, level, path, line, printable(text, _LONGEST_LINE), (), exc_info, function)
    if exc is not None:
        # What a formatter would write itself, made safe: no line of it begins where one of the log does.
        lines = traceback.format_exception(*exc_info) if exc_info else traceback.format_tb(exc.__traceback__)
        record.exc_text = _safe("".join(lines))
    logger.handle(record)


def _safe(text: str) -> str:
    return "\n".join(f"  {printable(line, _LONGEST_LINE)}" for line in text[-_LONGEST_TRACEBACK:].splitlines())
