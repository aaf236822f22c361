"""The parsers that compete: our two, those of PyPI, and two in C to compare with."""

from __future__ import annotations

from peers.compiled import Libtelnet, Limit
from peers.contender import Contender
from peers.miniboa_client import Miniboa
from peers.mudtelnet_frames import Mudtelnet
from peers.ours import Nothing, Twin
from peers.standard_telnetlib import StandardTelnetlib
from peers.telnetlib3_server import Telnetlib3
from peers.twisted_conch import TwistedConch

__all__ = ["Contender", "Nothing", "Twin", "compiled", "peers", "twins"]


def twins() -> list[Twin]:
    return [Twin("telnet._parser"), Twin("telnet._parser_py")]


def peers() -> list[Contender]:
    return [Telnetlib3(), TwistedConch(), Mudtelnet(), Miniboa(), StandardTelnetlib()]


def compiled() -> list[Contender]:
    return [Libtelnet(), Limit()]
