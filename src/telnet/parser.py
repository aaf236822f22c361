"""The Telnet parser, in the implementation that fits the interpreter.

:class:`Parser` and :func:`escape`, which writes what it reads, are the compiled ones where the extension
``telnet._parser`` can be imported, and their twins in pure Python elsewhere. The two implementations behave alike to
the last byte; ``IMPLEMENTATION`` (``"cython"`` or ``"python"``) says which one this is. The environment variable
``TELNET_PURE_PYTHON`` selects the twins, unless it is empty or ``0``.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING or os.environ.get("TELNET_PURE_PYTHON", "") not in ("", "0"):
    from telnet._parser_py import IMPLEMENTATION, Parser, escape
else:
    try:
        from telnet._parser import IMPLEMENTATION, Parser, escape
    except ImportError:
        from telnet._parser_py import IMPLEMENTATION, Parser, escape

__all__ = ["IMPLEMENTATION", "Handler", "Parser", "escape"]


class Handler(Protocol):
    """The calls that a :class:`Parser` makes.

    This is their description, not a base class: every method is optional, which a protocol cannot express, so
    ``Parser(handler)`` takes any object. Leave out what you do not need. An absent method costs nothing, while an
    inherited one that does nothing would be called.

    A parser keeps the methods it found when it was made. Whatever one of them raises leaves :meth:`Parser.feed`.
    """

    def on_data(self, data: bytes) -> None:
        """Receive application bytes: never empty, ``IAC IAC`` already undone.

        One call may cover a whole run with escapes in it, and where a run is cut depends on the chunks. Line ends and
        CR NUL are left as they are.
        """

    def on_command(self, command: bytes) -> None:
        """Receive the byte after an IAC (GA, AYT, IP ...) that opens none of the sequences below.

        Undefined bytes (0 to 235) and an SE outside a subnegotiation come here too. RFC 854.
        """

    def on_option(self, command: bytes, option: bytes) -> None:
        """Receive WILL, WONT, DO or DONT, and the option: any byte, 255 (RFC 861) included."""

    def on_subnegotiation(self, option: bytes, data: bytes) -> None:
        """Receive a complete IAC SB option data IAC SE, escapes undone; ``data`` may be empty. RFC 855."""

    def on_protocol_error(self, reason: str, data: bytes) -> None:
        """Learn what the peer did wrong; parsing goes on.

        ``reason`` is one of four texts; ``data`` is the option and the first bytes of the payload, 64 in all at most:

        * ``"subnegotiation without an option"``: IAC SB IAC SE; ``data`` is empty;
        * ``"subnegotiation interrupted by a command"``: an IAC inside a subnegotiation, before another byte than IAC
          and SE. That byte is not consumed yet: it will be read as a command of its own;
        * ``"subnegotiation longer than max_subnegotiation"``: what follows is skipped up to its end;
        * ``"subnegotiation without an end"``: it was dropped by :meth:`Parser.drop_subnegotiation`.
        """
