"""The options of Telnet and of the MUD protocols, each a class: list those that a connection speaks."""

from __future__ import annotations

from telnet.options.aardwolf import AARDWOLF
from telnet.options.atcp import ATCP
from telnet.options.binary import BINARY
from telnet.options.charset import CHARSET
from telnet.options.com_port_option import COM_PORT_OPTION
from telnet.options.compression import CompressionOption
from telnet.options.echo import ECHO
from telnet.options.eor import EOR
from telnet.options.gmcp import GMCP
from telnet.options.gmcp_codec import Unparsed
from telnet.options.lflow import LFLOW
from telnet.options.linemode import LINEMODE
from telnet.options.logout import LOGOUT
from telnet.options.mccp2 import MCCP2
from telnet.options.mccp3 import MCCP3
from telnet.options.msdp import MSDP
from telnet.options.msp import MSP
from telnet.options.mssp import MSSP
from telnet.options.mxp import MXP
from telnet.options.naws import NAWS
from telnet.options.new_environ import NEW_ENVIRON
from telnet.options.option import Option, Role, StatelessOption
from telnet.options.sga import SGA
from telnet.options.sndloc import SNDLOC
from telnet.options.status import STATUS
from telnet.options.timing_mark import TIMING_MARK
from telnet.options.tspeed import TSPEED
from telnet.options.ttype import TTYPE
from telnet.options.xdisploc import XDISPLOC
from telnet.options.zmp import ZMP

__all__ = [
    "AARDWOLF",
    "ATCP",
    "BINARY",
    "CHARSET",
    "COM_PORT_OPTION",
    "ECHO",
    "EOR",
    "GMCP",
    "LFLOW",
    "LINEMODE",
    "LOGOUT",
    "MCCP2",
    "MCCP3",
    "MSP",
    "MXP",
    "MSDP",
    "MSSP",
    "NAWS",
    "NEW_ENVIRON",
    "SGA",
    "SNDLOC",
    "STATUS",
    "TIMING_MARK",
    "TSPEED",
    "TTYPE",
    "XDISPLOC",
    "CompressionOption",
    "ZMP",
    "Option",
    "Role",
    "StatelessOption",
    "Unparsed",
]
