"""Payloads that are made to cost much: for each option those that its reader has most to do with, and any filling."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from telnet import constants
from telnet.options import (
    AARDWOLF,
    ATCP,
    CHARSET,
    COM_PORT_OPTION,
    ECHO,
    GMCP,
    LFLOW,
    LINEMODE,
    MSDP,
    MSP,
    MSSP,
    MXP,
    NAWS,
    NEW_ENVIRON,
    SNDLOC,
    STATUS,
    TSPEED,
    TTYPE,
    XDISPLOC,
    ZMP,
    Option,
)
from telnet.options.slc import SLC, Key

LONGEST: Final = 65536

NAMES: Final = [f"VARIABLE_{number}" for number in range(50)]

OPTIONS: Final[tuple[Option, ...]] = (
    AARDWOLF(),
    ATCP("Lantern 2.1", "auth 1"),
    CHARSET(),
    COM_PORT_OPTION(),
    ECHO(),
    GMCP("Lantern", "2.1", {"Char": 1}),
    LFLOW(),
    LINEMODE(keys={SLC.IP: Key(3), SLC.EC: Key(127)}, forwardmask=True),
    MSDP(reportable=NAMES, sendable=["SERVER_ID"], configurable=["PROMPT"]),
    MSP(),
    MSSP({"NAME": "Ours", "PLAYERS": 1, "UPTIME": 1}),
    MXP(),
    NAWS(),
    NEW_ENVIRON(variables={name: "of the user" for name in NAMES}),
    SNDLOC("Room 5"),
    STATUS(),
    TSPEED(),
    TTYPE("LANTERN", "XTERM"),
    XDISPLOC("host:0.0"),
    ZMP("Lantern", "2.1"),
)

_EVERY_BYTE: Final = bytes(range(256))


def _counted(template: bytes, separator: bytes = b"") -> bytes:
    """A template with a number in it, again and again: names that differ."""
    return separator.join(template % number for number in range(LONGEST // (len(template) + len(separator) - 1)))


# What each option has most to do with, before it is cut to the longest payload.
_LONG: Final[Mapping[bytes, Mapping[str, bytes]]] = {
    constants.ATCP: {
        "a hello of words": b"hello " + b"a " * LONGEST,
        "a hello of a long name": b"hello " + b"\x1b" * LONGEST,
        "lines": b"auth\n" * LONGEST,
    },
    constants.CHARSET: {
        "names": b"\x01;" + b"A;" * LONGEST,
        "names of hyphens": b"\x01;U" + b"-" * (LONGEST - 6) + b"TF8",
        "empty names": b"\x01" + b";" * LONGEST,
        "an accepted name": b"\x02" + b"-" * LONGEST,
        "a rejected name": b"\x03" + b"-" * LONGEST,
        "a table": b"\x04" + b"\x01" * LONGEST,
    },
    constants.COM_PORT_OPTION: {
        "a signature": b"\x00" + _EVERY_BYTE * LONGEST,
        "a signature of the server": b"\x64" + _EVERY_BYTE * LONGEST,
    },
    constants.GMCP: {
        "empty arrays": b"A [" + b"[]," * LONGEST,
        "empty objects": b"A [" + b"{}," * LONGEST,
        "numbers": b"A [" + b"1," * LONGEST,
        "zeros without commas": b"A " + b"0" * LONGEST,
        "digits": b"A " + b"9" * LONGEST,
        "digits of a fraction": b"A 1." + b"9" * LONGEST,
        "digits of an exponent": b"A 1e-" + b"9" * LONGEST,
        "short numbers that are floats": b"A [" + b"1e9," * LONGEST,
        "a number with all its digits, again": b"A [" + (b"9" * 309 + b",") * LONGEST,
        "members": b"A {" + b'"":0,' * LONGEST,
        "members that differ": b"A {" + _counted(b'"%d":0', b",") + b"}",
        "members that differ up to the limit": b"A {" + b",".join(b'"%d":0' % n for n in range(4096)) + b"}",
        "nested up to the limit": b"A [" + (b"[" * 31 + b"]" * 31 + b",") * LONGEST,
        "nested above the limit": b"A " + b"[" * LONGEST,
        "strings of brackets": b"A " + b'["[[["],' * LONGEST,
        "closing brackets": b"A " + b"]" * LONGEST,
        "openings and then closings": b"A " + b"[" * 30000 + b"]" * 30000,
        "quotes": b"A " + b'"' * LONGEST,
        "empty strings": b"A [" + b'"",' * LONGEST,
        "strings": b"A [" + b'"a",' * LONGEST,
        "strings that end in a backslash": b"A [" + rb'"\\",' * LONGEST,
        "strings of commas": b"A [" + b'",,,",' * LONGEST,
        "one string of commas": b'A "' + b"," * (LONGEST - 4) + b'"',
        "one string of brackets": b'A "' + b"[{" * (LONGEST // 2 - 2) + b'"',
        "a string without an end": b'A "' + b"," * LONGEST,
        "backslashes": b"A " + b"\\" * LONGEST,
        "a string of backslashes": b'A "' + b"\\\\" * (LONGEST // 2 - 2) + b'"',
        "a string of quotes": b'A "' + b'\\"' * (LONGEST // 2 - 2) + b'"',
        "a string of quotes and brackets": b'A "' + b'\\"[' * (LONGEST // 3 - 2) + b'"',
        "a string of line ends": b'A "' + b"\\n" * (LONGEST // 2 - 2) + b'"',
        "escapes": b'A "' + b"\\u0041" * (LONGEST // 6 - 1) + b'"',
        "surrogates": b'A "' + b"\\ud83d\\ude00" * (LONGEST // 12 - 1) + b'"',
        "half surrogates": b'A "' + b"\\ud83d" * (LONGEST // 6 - 1) + b'"',
        "characters of four bytes": b'A "' + "\U0001f600".encode() * (LONGEST // 4 - 1) + b'"',
        "bytes that are not UTF-8": b'A "' + b"\xff" * LONGEST,
        "Latin-1": b'A "' + b"\xe9" * (LONGEST - 4) + b'"',
        "bytes that no encoding has": b'A "' + b"\x81\xc3" * LONGEST,
        "text": b"A " + b"hello, " * LONGEST,
        "text of brackets": b"A x" + b"[{" * LONGEST,
        "text of commas": b"A x" + b"," * LONGEST,
        "text of NULs": b"A x" + b"\0" * LONGEST,
        "text that begins like a number": b"A 1" + b" " * (LONGEST - 4) + b"x",
        "no blank": b"A[" + b"[]," * LONGEST,
        "no blank and a string": b'A"' + b"," * LONGEST,
        "values and then text": b"A [" + b"1," * 4000 + b"x",
        "values beside half a surrogate": b'A ["\\ud83d"' + b",1" * 4000 + b"]",
        "members beside half a surrogate": b'A {"\\ud83d":1' + b"".join(b',"%d":1.5' % n for n in range(4000)) + b"}",
        "nested beside half a surrogate": b'A ["\\ud83d"' + (b"," + b"[" * 31 + b"]" * 31) * 120 + b"]",
        "a byte order mark and blanks": b"\xef\xbb\xbf" + b" " * (LONGEST - 4) + b"A",
        "a login": b'Char.Login.Credentials {"account":"' + b"a" * LONGEST,
        "colons": b"A " + b":" * LONGEST,
        "blanks": b"A " + b" " * LONGEST,
        "blanks and a value": b"A" + b" " * (LONGEST - 2) + b"1",
        "blanks in a value": b"A [" + b" " * (LONGEST - 4) + b"]",
        "line ends in a value": b"A [" + b"\n" * (LONGEST - 4) + b"x",
        "a name": b"A" * LONGEST,
        "a name of dots": b"A." * LONGEST,
        "packages": b"Core.Supports.Set [" + b'"A 1",' * LONGEST,
        "packages up to the limit": b"Core.Supports.Set ["
        + b",".join([b'"Ab.Cd.%d 1"' % n for n in range(4096)])
        + b"]",
        "packages that are removed": b"Core.Supports.Remove [" + b",".join([b'"A%d"' % n for n in range(4096)]) + b"]",
        "packages of blanks": b"Core.Supports.Add [" + b",".join([b'"' + b" " * 900 + b'"'] * 70) + b"]",
        "a package of blanks": b'Core.Supports.Add ["A' + b" " * (LONGEST - 30) + b'"]',
        "a hello": b'Core.Hello {"client":"' + b"\x1b" * (LONGEST - 30) + b'"}',
        "a hello of members": b"Core.Hello {" + b",".join([b'"M%d":0' % n for n in range(4096)]) + b"}",
        "logins": b'Char.Login.Default {"type":[' + b",".join([b'"a"'] * 4090) + b"]}",
        "variables": b"MSDP {" + b",".join([b'"VARIABLE_%d":"x"' % n for n in range(3000)]) + b"}",
        "variables up to the limit": b"MSDP {" + b",".join([b'"V%d":"x"' % n for n in range(2048)]) + b"}",
        "an array of a variable": b'MSDP {"REPORT":[' + b",".join([b'"VARIABLE_1"'] * 4090) + b"]}",
        "tables of a variable": b'MSDP {"PROMPT":[' + b",".join([b'{"A":"x"}'] * 1360) + b"]}",
        "a text of a variable": b'MSDP {"PROMPT":"' + b"x" * (LONGEST - 20) + b'"}',
    },
    constants.LINEMODE: {
        "special characters": b"\x03" + b"".join(bytes((n % 30 + 1, 2, n % 251)) for n in range(LONGEST // 3)),
        "special characters up to the limit": b"\x03" + b"".join(bytes((n % 30 + 1, 2, n % 251)) for n in range(64)),
        "special characters that there are not": b"\x03" + b"\x1f\x02\x07" * (LONGEST // 3),
        "questions for all": b"\x03" + b"\x00\x03\x00" * (LONGEST // 3),
        "questions for all up to the limit": b"\x03" + b"\x00\x03\x00" * 64,
        "a mask": b"\xfd\x02" + b"\xff" * LONGEST,
        "a mask up to the limit": b"\xfd\x02" + b"\xff" * 32,
        "a mode": b"\x01" * LONGEST,
    },
    constants.MSDP: {
        "tables": b"\1A\2" + b"\3\1A\2x\4\1A\2" * LONGEST,
        "tables side by side": b"\1A" + b"\2\3\4" * LONGEST,
        "arrays side by side": b"\1A" + b"\2\5\6" * LONGEST,
        "nested up to the limit": b"\1A" + (b"\2\5" * 31 + b"\6" * 31) * LONGEST,
        "nested above the limit": b"\1A" + b"\2\5" * LONGEST,
        "values": b"\1A" + b"\2" * LONGEST,
        "values up to the limit": b"\1A" + b"\2" * 4095,
        "variables": b"\1A\2" * LONGEST,
        "variables up to the limit": b"\1A\2" * 2048,
        "variables that differ": b"".join(b"\1N%d\2x" % number for number in range(2048)),
        "tables up to the limit": b"\1PROMPT\2\5" + b"\2\3\1A\2x\4" * 818 + b"\6",
        "arrays up to the limit": b"\1PROMPT\2\5" + b"\2\5\6" * 1364 + b"\6",
        "reports": b"\1REPORT" + _counted(b"\2N%d"),
        "reports up to the limit": b"\1REPORT" + b"".join(b"\2VARIABLE_%d" % (n % 99) for n in range(4095)),
        "reports that are taken back": b"\1UNREPORT" + b"".join(b"\2VARIABLE_%d" % (n % 99) for n in range(4095)),
        "commands": b"\1REPORT\2VARIABLE_1" * LONGEST,
        "commands up to the limit": b"\1REPORT\2VARIABLE_1" * 2048,
        "lists": b"\1LIST\2COMMANDS" * LONGEST,
        "a text": b"\1PROMPT\2" + b"x" * LONGEST,
        "a text that is not UTF-8": b"\1PROMPT\2" + b"\xff" * LONGEST,
        "a name": b"\1" + b"x" * LONGEST,
        "a client": b"\1CLIENT_NAME\2" + b"\x1b" * LONGEST,
    },
    constants.MSP: {
        "parameters": b"!!SOUND(a " + b"X=1 " * (LONGEST // 4 - 5) + b")",
        "parameters that are known": b"!!SOUND(a " + b"V=1 " * (LONGEST // 4 - 5) + b")",
        "words": b"!!SOUND(" + b"a " * (LONGEST // 2 - 5) + b")",
        "a number": b"!!SOUND(a L=" + b"1" * (LONGEST - 20) + b")",
        "a number that Python reads": b"!!SOUND(a L=" + b"1" * 4300 + b")",
        "a path": b"!!SOUND(" + b"a/" * (LONGEST // 2 - 6) + b"a)",
        "a path of one name": b"!!SOUND(" + b"a" * (LONGEST - 10) + b")",
        "blanks behind it": b"!!SOUND(a)" + b" " * LONGEST + b"x",
        "brackets": b"!!SOUND(" + b"(" * LONGEST,
    },
    constants.MSSP: {
        "values": b"\1A" + b"\2" * LONGEST,
        "variables": b"\1A\2" * LONGEST,
        "values up to the limit": b"\1A" + b"\2x" * 4095,
        "variables up to the limit": b"".join(b"\1N%d\2x" % number for number in range(2048)),
        "names up to the limit": b"".join(b"\1N%d" % number for number in range(4096)),
        "a text": b"\1A\2" + b"\xff" * LONGEST,
    },
    constants.NEW_ENVIRON: {
        "escapes in a name": b"\x00\x00" + b"\x02\x01" * LONGEST,
        "escapes in a value": b"\x00\x00A\x01" + b"\x02\x02" * LONGEST,
        "escapes of letters": b"\x02\x03A\x01" + b"\x02A" * LONGEST,
        "escapes in a question": b"\x01\x00" + b"\x02\x01" * LONGEST,
        "escapes in as many variables as are kept": b"\x02"
        + b"".join(b"\x00N%d\x01" % number + b"\x02\x02" * 500 for number in range(64)),
        "values in as many variables as are kept": b"\x02"
        + b"".join(b"\x00N%d\x01" % number + b"\x1b" * 1000 for number in range(64)),
        "names": b"\x00" + b"\x00A\x01x" * LONGEST,
        "names that differ": b"\x02" + _counted(b"\x00N%d\x01x"),
        "questions": b"\x01" + b"\x00A" * LONGEST,
        "questions that differ": b"\x01" + _counted(b"\x00N%d"),
        "questions for all": b"\x01" + b"\x00\x03" * LONGEST,
        "empty names": b"\x00" + b"\x00\x01" * LONGEST,
        "a name": b"\x00\x00" + b"A" * LONGEST,
        "a value": b"\x00\x00A\x01" + b"A" * LONGEST,
        "a value that is not UTF-8": b"\x00\x00A\x01" + b"\xff" * LONGEST,
        "flags": b"\x00\x00MTTS\x01" + b"9" * 1000,
        "a locale": b"\x00\x00LANG\x01" + b"a.utf" * 200,
    },
    constants.SNDLOC: {"blanks": b" " * LONGEST, "not ASCII": b"\xff" * LONGEST},
    constants.STATUS: {
        "options": b"\x00" + b"\xfb\x01" * LONGEST,
        "options that are doubled": b"\x00" + b"\xfb\xf0\xf0" * LONGEST,
        "parameters": b"\x00" + b"\xfa\x01\xf0" * LONGEST,
        "parameters that are doubled": b"\x00\xfa\x01" + b"\xf0\xf0" * (LONGEST // 2 - 2) + b"\xf0",
        "parameters without an end": b"\x00\xfa\x01" + b"\xf0\xf0" * LONGEST,
        "long parameters": b"\x00\xfa\x01" + b"x" * (LONGEST - 4) + b"\xf0",
        "options up to the limit": b"\x00" + b"\xfb\x01" * 768,
    },
    constants.TSPEED: {"digits": b"\x00" + b"9" * LONGEST, "commas": b"\x00" + b"9," * LONGEST},
    constants.TTYPE: {"a name": b"\x00" + b"\x1b" * LONGEST, "flags": b"\x00MTTS " + b"9" * 59},
    constants.XDISPLOC: {"a display": b"\x00" + b"\x1b" * LONGEST},
    constants.ZMP: {
        "arguments": b"a.b\x00" + b"\x00" * LONGEST,
        "arguments up to the limit": b"a.b\x00" + b"x\x00" * 4096,
        "a name": b"a" * (LONGEST - 1) + b"\x00",
        "a name of dots": b"a." * (LONGEST // 2 - 1) + b"a\x00",
        "a name of many dots": b"a" + b"." * (LONGEST - 2) + b"\x00",
        "a question": b"zmp.check\x00" + b"a" * (LONGEST - 12) + b"\x00",
        "a question for a package": b"zmp.check\x00" + b"." * (LONGEST - 12) + b"\x00",
        "an introduction": b"zmp.ident\x00" + b"\x1b" * 30000 + b"\x00" + b"\n" * 30000 + b"\x00\x00",
        "not UTF-8": b"a.b\x00" + b"\xff" * (LONGEST - 5) + b"\x00",
    },
}

# What each option reads in one go, many of which fit into a turn.
SMALL: Final[Mapping[bytes, Iterable[bytes]]] = {
    constants.AARDWOLF: [b"\x01\x01"],
    constants.ATCP: [b"hello Lantern 2.1\nauth 1", b"a"],
    constants.CHARSET: [b"\x01;UTF-8", b"\x01 UTF-8 ISO-8859-1", b"\x01;X", b"\x02UTF-8", b"\x03", b"\x04\x01"],
    constants.COM_PORT_OPTION: [
        b"\x00",
        b"\x01\x00\x00\x25\x80",
        b"\x05\x00",
        b"\x05\x08",
        b"\x07",
        b"\x00abc",
        b"\x02\x09",
    ],
    constants.GMCP: [
        b"Core.Ping",
        b'Core.Hello {"client":"A","version":"1"}',
        b'Core.Supports.Set ["A 1"]',
        b"A []",
        b"A x",
        b'A "\xe9"',
        b'A "\\ud800"',
    ],
    constants.LFLOW: [b"\x00", b"\x02"],
    constants.LINEMODE: [
        b"\x03\x00\x03\x00",
        b"\x03\x03\x02\x09",
        b"\x03\x03\x02\x0a",
        b"\x01\x03",
        b"\x01\x00",
        b"\xfd\x02",
        b"\x03\x1f\x02\x07",
    ],
    constants.MSDP: [
        b"\1LIST\2COMMANDS",
        b"\1REPORT\2VARIABLE_1",
        b"\1SEND\2SERVER_ID",
        b"\1X\2",
        b"\1PROMPT\2x",
        b"\1CLIENT_NAME\2A",
    ],
    constants.MSP: [b"!!SOUND(a)", b"!!MUSIC(Off)", b"x"],
    constants.MSSP: [b"\1NAME\2A", b"\1"],
    constants.MXP: [b"", b"x"],
    constants.NAWS: [b"\x00\x50\x00\x18", b"\x00\x51\x00\x18"],
    constants.NEW_ENVIRON: [
        b"\x01",
        b"\x01\x00",
        b"\x01\x00VARIABLE_1",
        b"\x02\x00A\x01x",
        b"\x02\x00A\x01y",
        b"\x00\x00MTTS\x0115",
    ],
    constants.SNDLOC: [b"a", b"b"],
    constants.STATUS: [b"\x01", b"\x00\xfb\x01"],
    constants.TSPEED: [b"\x01", b"\x009600,9600"],
    constants.TTYPE: [b"\x01", b"\x00XTERM"],
    constants.XDISPLOC: [b"\x01", b"\x00host:0"],
    constants.ZMP: [b"zmp.check\x00zmp.\x00", b"zmp.check\x00a.b\x00", b"zmp.ident\x00A\x001\x00\x00", b"a.b\x00"],
}


def fillings() -> Iterator[tuple[str, bytes]]:
    """Payloads of one byte that means something to some option, alone and behind each command."""
    for number in (*range(9), 10, 32, 34, 44, 91, 92, 93, 123, 125, 240, 250, 253, 254, 255):
        for head in (b"", b"\x00", b"\x01", b"\x02", b"\x03", b"A ", b"\xfd\x02"):
            yield f"{head!r} and bytes {number}", head + bytes((number,)) * LONGEST


def long_payloads(option: Option) -> Iterator[tuple[str, bytes]]:
    """Payloads up to the longest that a session takes, each with what it is."""
    for name, payload in (*_LONG.get(option.code, {}).items(), *fillings()):
        yield name, payload[:LONGEST]
