"""Telnet for high-throughput MUD servers, and for everything else that speaks it.

The parser, its events and the encoding of what is sent need nothing but bytes.  :class:`Engine`,
:class:`TelnetConnection` and :class:`TelnetServer` put them on sockets; they are imported when they are first used.
"""

# ruff: noqa: F403, F405  # the constants are many, and listed in __all__

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from telnet.constants import *
from telnet.encode import command, escape, negotiate, subnegotiation
from telnet.events import Command, Data, Event, Option, ProtocolError, Subnegotiation, parse
from telnet.exceptions import (
    InvalidAddressFormatError,
    InvalidReadDelimiterError,
    StreamBufferOverflow,
    StreamConnectError,
    TelnetError,
)
from telnet.parser import IMPLEMENTATION, Handler, Parser
from telnet.version import __version__

if TYPE_CHECKING:
    from telnet import aio as aio
    from telnet import options as options
    from telnet.handler import MudHandler
    from telnet.keepalive import Keepalive
    from telnet.limits import Limits
    from telnet.net.connection import TelnetConnection
    from telnet.net.engine import Engine
    from telnet.net.mud import MudConnection, MudServer
    from telnet.net.server import Server, TelnetServer
    from telnet.net.stream import Stream
    from telnet.net.timers import Timer
    from telnet.session import Session

# Sessions, sockets, selectors and ssl cost far more to import than the parser, and not everybody needs them.
_LAZY_MODULES = ("aio", "options")
_LAZY = {
    "Engine": "telnet.net.engine",
    "Keepalive": "telnet.keepalive",
    "Limits": "telnet.limits",
    "MudConnection": "telnet.net.mud",
    "MudHandler": "telnet.handler",
    "MudServer": "telnet.net.mud",
    "Server": "telnet.net.server",
    "Session": "telnet.session",
    "Stream": "telnet.net.stream",
    "TelnetConnection": "telnet.net.connection",
    "TelnetServer": "telnet.net.server",
    "Timer": "telnet.net.timers",
}

__all__ = [
    "AARDWOLF",
    "ABORT",
    "AO",
    "ATCP",
    "AUTHENTICATION",
    "AYT",
    "BINARY",
    "BRK",
    "CHARSET",
    "CMD_EOR",
    "COM_PORT_OPTION",
    "Command",
    "DM",
    "DO",
    "DONT",
    "Data",
    "EC",
    "ECHO",
    "EL",
    "ENCRYPT",
    "ENVIRON",
    "EOF",
    "EOR",
    "EXOPL",
    "Engine",
    "Event",
    "GA",
    "GMCP",
    "Handler",
    "IAC",
    "IMPLEMENTATION",
    "IP",
    "InvalidAddressFormatError",
    "InvalidReadDelimiterError",
    "Keepalive",
    "LFLOW",
    "LINEMODE",
    "LOGOUT",
    "Limits",
    "MCCP1",
    "MCCP2",
    "MCCP3",
    "MCCPX",
    "MPCP",
    "MPLEX",
    "MSDP",
    "MSP",
    "MSSP",
    "MXP",
    "MudConnection",
    "MudHandler",
    "MudServer",
    "NAWS",
    "NEW_ENVIRON",
    "NOP",
    "Option",
    "Parser",
    "ProtocolError",
    "SB",
    "SE",
    "SGA",
    "SNDLOC",
    "START_TLS",
    "STATUS",
    "SUSP",
    "Server",
    "Session",
    "Stream",
    "StreamBufferOverflow",
    "StreamConnectError",
    "Subnegotiation",
    "TIMING_MARK",
    "TSPEED",
    "TTYPE",
    "TelnetConnection",
    "TelnetError",
    "TelnetServer",
    "Timer",
    "WILL",
    "WONT",
    "XDISPLOC",
    "ZMP",
    "__version__",
    "command",
    "command_name",
    "escape",
    "negotiate",
    "option_name",
    "parse",
    "subnegotiation",
]


if not TYPE_CHECKING:  # to a type checker, a name that is not imported above does not exist

    def __getattr__(name: str) -> Any:
        from importlib import import_module

        if name in _LAZY_MODULES:
            return import_module(f"{__name__}.{name}")
        if name not in _LAZY:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(_LAZY[name]), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_LAZY_MODULES})
