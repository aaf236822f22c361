"""The bytes of the Telnet protocol, by the names that its specifications give them.

Every constant is a ``bytes`` of length 1, so that a sequence is written as in the RFCs, ``IAC + WILL + ECHO``, and a
received one is compared as it comes, ``command == WILL``.

Commands are from RFC 854, those of record and line mode from RFC 885 and RFC 1184. Option numbers are from the IANA
registry "Telnet Options", those of the MUD protocols (69 and above) from the pages of these protocols.

Command 239 is named ``CMD_EOR``, since ``EOR`` is the option (25) that allows its use.
"""

from __future__ import annotations

from typing import Final

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
    "DM",
    "DO",
    "DONT",
    "EC",
    "ECHO",
    "EL",
    "ENCRYPT",
    "ENVIRON",
    "EOF",
    "EOR",
    "EXOPL",
    "GA",
    "GMCP",
    "IAC",
    "IP",
    "LFLOW",
    "LINEMODE",
    "LOGOUT",
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
    "NAWS",
    "NEW_ENVIRON",
    "NOP",
    "SB",
    "SE",
    "SGA",
    "SNDLOC",
    "START_TLS",
    "STATUS",
    "SUSP",
    "TIMING_MARK",
    "TSPEED",
    "TTYPE",
    "WILL",
    "WONT",
    "XDISPLOC",
    "ZMP",
    "command_name",
    "option_name",
]

# Commands: the byte after IAC.

EOF: Final = b"\xec"  # end of file, RFC 1184
SUSP: Final = b"\xed"  # suspend process, RFC 1184
ABORT: Final = b"\xee"  # abort process, RFC 1184
CMD_EOR: Final = b"\xef"  # end of record, RFC 885
SE: Final = b"\xf0"  # end of a subnegotiation
NOP: Final = b"\xf1"  # no operation
DM: Final = b"\xf2"  # data mark, the in-stream part of Synch
BRK: Final = b"\xf3"  # break
IP: Final = b"\xf4"  # interrupt process
AO: Final = b"\xf5"  # abort output
AYT: Final = b"\xf6"  # are you there
EC: Final = b"\xf7"  # erase character
EL: Final = b"\xf8"  # erase line
GA: Final = b"\xf9"  # go ahead; on a MUD: a prompt ends here
SB: Final = b"\xfa"  # start of a subnegotiation
WILL: Final = b"\xfb"
WONT: Final = b"\xfc"
DO: Final = b"\xfd"
DONT: Final = b"\xfe"
IAC: Final = b"\xff"  # interpret as command; doubled it is the data byte 255

# Options: the byte after WILL, WONT, DO, DONT and SB.

BINARY: Final = b"\x00"  # RFC 856
ECHO: Final = b"\x01"  # RFC 857
SGA: Final = b"\x03"  # suppress go ahead, RFC 858
STATUS: Final = b"\x05"  # RFC 859
TIMING_MARK: Final = b"\x06"  # RFC 860
LOGOUT: Final = b"\x12"  # RFC 727
SNDLOC: Final = b"\x17"  # send location, RFC 779
TTYPE: Final = b"\x18"  # terminal type, RFC 1091; carries MTTS
EOR: Final = b"\x19"  # end of record, RFC 885
NAWS: Final = b"\x1f"  # negotiate about window size, RFC 1073
TSPEED: Final = b"\x20"  # terminal speed, RFC 1079
LFLOW: Final = b"\x21"  # remote flow control, RFC 1372
LINEMODE: Final = b"\x22"  # RFC 1184
XDISPLOC: Final = b"\x23"  # X display location, RFC 1096
ENVIRON: Final = b"\x24"  # the old one, RFC 1408, RFC 1571
AUTHENTICATION: Final = b"\x25"  # RFC 2941
ENCRYPT: Final = b"\x26"  # RFC 2946
NEW_ENVIRON: Final = b"\x27"  # RFC 1572; carries MNES
CHARSET: Final = b"\x2a"  # RFC 2066
COM_PORT_OPTION: Final = b"\x2c"  # RFC 2217
START_TLS: Final = b"\x2e"  # expired draft-altman-telnet-starttls
MSDP: Final = b"\x45"  # Mud Server Data Protocol
MSSP: Final = b"\x46"  # Mud Server Status Protocol
MCCP1: Final = b"\x55"  # Mud Client Compression Protocol, version 1; dead
MCCP2: Final = b"\x56"  # ... version 2: what the server sends
MCCP3: Final = b"\x57"  # ... version 3: what the client sends
MCCPX: Final = b"\x58"  # draft of mudstandards.org
MSP: Final = b"\x5a"  # Mud Sound Protocol
MXP: Final = b"\x5b"  # Mud eXtension Protocol
ZMP: Final = b"\x5d"  # Zenith MUD Protocol
AARDWOLF: Final = b"\x66"  # Aardwolf MUD's channel 102
MPLEX: Final = b"\x70"  # Cryosphere's telopt-mplex
ATCP: Final = b"\xc8"  # Achaea Telnet Client Protocol
GMCP: Final = b"\xc9"  # Generic Mud Communication Protocol
MPCP: Final = b"\xca"  # Mud Proxy Communication Protocol, a proposal
EXOPL: Final = b"\xff"  # extended options list, RFC 861

_COMMANDS: Final = "EOF SUSP ABORT CMD_EOR SE NOP DM BRK IP AO AYT EC EL GA SB WILL WONT DO DONT IAC".split()
_COMMAND_NAMES: Final[dict[bytes, str]] = {globals()[name]: name for name in _COMMANDS}
_OPTION_NAMES: Final[dict[bytes, str]] = {
    globals()[name]: name for name in __all__ if name.isupper() and name not in _COMMANDS
}


def command_name(command: bytes) -> str:
    """Return the name of the constant for a command byte.

    A byte that is no command gives its number in decimal: ``command_name(b"\\xfb")`` is ``"WILL"``,
    ``command_name(b"M")`` is ``"77"``.

    Raises ``TypeError`` if ``command`` is not bytes and ``ValueError`` if its length is not 1.
    """
    return _name(command, _COMMAND_NAMES, "command")


def option_name(option: bytes) -> str:
    """Return the name of the constant for an option byte.

    An option without a name here gives its number in decimal: ``option_name(b"\\x1f")`` is ``"NAWS"``,
    ``option_name(b"M")`` is ``"77"``.

    Raises ``TypeError`` if ``option`` is not bytes and ``ValueError`` if its length is not 1.
    """
    return _name(option, _OPTION_NAMES, "option")


def _name(byte: bytes, names: dict[bytes, str], noun: str) -> str:
    if not isinstance(byte, bytes):
        raise TypeError(f"{noun} must be bytes, not {type(byte).__name__}")
    if len(byte) != 1:
        raise ValueError(f"{noun} must be 1 byte, not {len(byte)}: {byte!r}")
    return names.get(byte) or str(byte[0])
