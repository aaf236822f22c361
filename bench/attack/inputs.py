"""What hostile peers send: each input is made beforehand, and sent over and over for as long as the peer is let.

An input has a beginning, sent once in each connection, and a round, sent again and again after it.  Through MCCP3 both
are inside of one compressed stream.
"""

from __future__ import annotations

import json
import random
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import cycle

from telnet import constants as c
from telnet.constants import DO, DONT, IAC, SB, SE, WILL, WONT
from telnet.encode import escape, negotiate, subnegotiation

__all__ = ["INPUTS", "Flood", "Input", "find"]

LONGEST = 65536  # bytes of a payload, as Limits has them
LEAST = 1 << 18  # bytes of a round: more than a read of any shell
DEEPEST = 31  # one less than Limits has
PIECE = 16384  # bytes that are compressed at a time
RATIO = 190  # just below what Limits has
EMPTY = b"\0\0\0\xff\xff"  # a stored block of deflate without anything in it

AGREED = b"".join(
    (
        *(negotiate(WILL, each) for each in (c.TTYPE, c.NAWS, c.NEW_ENVIRON, c.LINEMODE, c.STATUS, c.CHARSET)),
        *(negotiate(WILL, each) for each in (c.TSPEED, c.XDISPLOC, c.SNDLOC)),
        *(negotiate(DO, each) for each in (c.GMCP, c.MSDP, c.MSSP, c.MXP, c.ATCP, c.ZMP, c.STATUS, c.AARDWOLF, c.EOR)),
    )
)
AGREED_BY_SERVER = b"".join(
    (
        *(negotiate(DO, each) for each in (c.TTYPE, c.NAWS, c.NEW_ENVIRON, c.LINEMODE, c.STATUS, c.CHARSET)),
        *(
            negotiate(WILL, each)
            for each in (c.GMCP, c.MSDP, c.MSSP, c.MXP, c.ATCP, c.ZMP, c.STATUS, c.AARDWOLF, c.EOR)
        ),
    )
)
MCCP2_BEGINS = negotiate(WILL, c.MCCP2) + subnegotiation(c.MCCP2, b"")
MCCP3_BEGINS = negotiate(DO, c.MCCP3) + subnegotiation(c.MCCP3, b"")


@dataclass(frozen=True)
class Flood:
    """The bytes of one peer: what it begins each connection with, and what it sends without end after that."""

    beginning: bytes
    round: bytes


@dataclass(frozen=True)
class Input:
    name: str
    what: str
    make: Callable[[], Flood]
    share: float = 1.0
    """Of the time that a cell has."""

    on_clients: bool = False
    """Whether it is a server that sends it."""

    @property
    def deflated(self) -> Input:
        """The same through MCCP3."""
        return Input(f"{self.name} +MCCP3", f"{self.what}, compressed", lambda: _deflated(self.make(), MCCP3_BEGINS))


def find(name: str) -> Input:
    return INPUTS[name]


# --- how messages become a flood --------------------------------------------------------------------------------------


def repeated(*messages: bytes) -> Flood:
    """All options agreed on, and then these messages in turn until they fill a round."""
    once = b"".join(messages)
    return Flood(AGREED, once * (1 + LEAST // len(once)))


def messages(option: bytes, *payloads: bytes) -> Flood:
    return repeated(*(subnegotiation(option, payload) for payload in payloads))


def filled(head: bytes, parts: Iterable[bytes], tail: bytes = b"") -> bytes:
    """Return a payload as long as one may be: the head, as many of the parts, again and again, as fit, and the tail."""
    payload = bytearray(head)
    for part in cycle(parts):
        if len(payload) + len(part) + len(tail) > LONGEST:
            return bytes(payload + tail)
        payload += part
    raise ValueError("there must be a part to fill a payload with")


def _deflated(plain: Flood, begins: bytes) -> Flood:
    compressor = zlib.compressobj(9, zlib.DEFLATED, 15, 9)
    begun = compressor.compress(plain.beginning) + compressor.flush(zlib.Z_FULL_FLUSH)
    pieces = [plain.round[start : start + PIECE] for start in range(0, len(plain.round), PIECE)]
    ends = [zlib.Z_SYNC_FLUSH] * (len(pieces) - 1) + [zlib.Z_FULL_FLUSH]  # a round refers to nothing before it
    compressed = (compressor.compress(each) + compressor.flush(end) for each, end in zip(pieces, ends, strict=True))
    return Flood(begins + begun, b"".join(map(_padded, compressed, pieces)))


def _padded(compressed: bytes, plain: bytes) -> bytes:
    """Return a compressed piece in no better a ratio than a server takes."""
    missing = len(plain) // RATIO + 1 - len(compressed)
    return EMPTY * max(0, -(-missing // len(EMPTY))) + compressed


# --- LINEMODE ---------------------------------------------------------------------------------------------------------


def triplets(count: int, *, turn: int = 0) -> bytes:
    """Special characters that are to be changed, each time to another character."""
    return b"".join(bytes((1 + each % 30, 2, (each // 30 + turn) % 256)) for each in range(count))


def slc_long() -> Flood:
    return messages(c.LINEMODE, b"\x03" + triplets((LONGEST - 1) // 3))


def slc_30() -> Flood:
    return messages(c.LINEMODE, *(b"\x03" + triplets(30, turn=turn) for turn in range(256)))


def slc_one() -> Flood:
    return messages(c.LINEMODE, *(bytes((3, 1 + each % 30, 2, each % 251)) for each in range(7530)))


def slc_defaults() -> Flood:
    return messages(c.LINEMODE, b"\x03\x00\x03\x00")


def linemode_modes() -> Flood:
    return messages(c.LINEMODE, *(bytes((1, mode)) for mode in (3, 11, 19, 27)))


# --- MSDP -------------------------------------------------------------------------------------------------------------


def msdp_nested() -> Flood:
    return messages(c.MSDP, filled(b"", [b"\x01PROMPT" + b"\x02\x03\x01a" * DEEPEST + b"\x02b" + b"\x04" * DEEPEST]))


def msdp_flat() -> Flood:
    names = [b"\x01" + b"%x" % each + b"\x02b" for each in range(65536)]
    return messages(c.MSDP, filled(b"\x01PROMPT\x02\x03", names, b"\x04"))


def msdp_array() -> Flood:
    return messages(c.MSDP, filled(b"\x01PROMPT\x02\x05", [b"\x02"], b"\x06"))


def msdp_values() -> Flood:
    return messages(c.MSDP, filled(b"\x01PROMPT", [b"\x02"]))


def msdp_small() -> Flood:
    return messages(c.MSDP, *(b"\x01PROMPT\x02%d" % each for each in range(100)))


def msdp_report() -> Flood:
    return messages(c.MSDP, filled(b"\x01REPORT", [b"\x02V%d" % each for each in range(50)]))


def msdp_unknown() -> Flood:
    return messages(c.MSDP, filled(b"\x01REPORT", [b"\x02%d" % each for each in range(65536)]))


def msdp_send() -> Flood:
    asked = b"\x01SEND" + b"".join(b"\x02V%d" % each for each in range(50))
    return messages(c.MSDP, asked, b"\x01LIST\x02REPORTABLE_VARIABLES\x02COMMANDS\x02LISTS")


# --- GMCP -------------------------------------------------------------------------------------------------------------


def gmcp_nested() -> Flood:
    deep = b"[" * (DEEPEST - 1) + b"]" * (DEEPEST - 1)
    return messages(c.GMCP, filled(b"A [", [deep + b","], deep + b"]"))


def gmcp_objects() -> Flood:
    deep = b'{"a":' * (DEEPEST - 1) + b"1" + b"}" * (DEEPEST - 1)
    return messages(c.GMCP, filled(b"A [", [deep + b","], deep + b"]"))


def gmcp_lists() -> Flood:
    return messages(c.GMCP, filled(b"A [", [b"[],"], b"[]]"))


def gmcp_numbers() -> Flood:
    return messages(c.GMCP, filled(b"A [", [b"1,"], b"1]"))


def gmcp_digits() -> Flood:
    return messages(c.GMCP, filled(b"A [", [b"9" * 300 + b","], b"1]"))


def gmcp_members() -> Flood:
    return messages(c.GMCP, filled(b"A {", [b'"%x":1,' % each for each in range(65536)], b'"a":1}'))


def gmcp_supports() -> Flood:
    return messages(c.GMCP, filled(b"Core.Supports.Set [", [b'"A%x 1",' % each for each in range(65536)], b'"A 1"]'))


def gmcp_supports_small() -> Flood:
    return messages(c.GMCP, b'Core.Supports.Add ["A 1"]', b'Core.Supports.Remove ["A"]')


def gmcp_small() -> Flood:
    return messages(c.GMCP, *(b"A %d" % each for each in range(10)))


def gmcp_pings() -> Flood:
    return messages(c.GMCP, b"Core.Ping")


def gmcp_strings() -> Flood:
    return messages(c.GMCP, filled(b'A "', [rb"\"\\"], b'"'))


def gmcp_quotes() -> Flood:
    return messages(c.GMCP, filled(b"A [", [b'"[",'], b'""]'))


def gmcp_open_string() -> Flood:
    return messages(c.GMCP, filled(b"A " + b"[" * 33, [rb"\""]), filled(b'A {"', [b"\\\\"]))


def gmcp_broken() -> Flood:
    return messages(c.GMCP, filled(b"A ", [b"{"]), filled(b"A ", [b"["]), filled(b"", [b"A"]))


def gmcp_surrogates() -> Flood:
    return messages(c.GMCP, filled(b'A "', [rb"\ud800"], b'"'))


def gmcp_as_msdp() -> Flood:
    names = json.dumps([f"V{each}" for each in range(50)])
    return messages(c.GMCP, f'MSDP {{"REPORT": {names}, "SEND": {names}, "LIST": "COMMANDS"}}'.encode())


# --- NEW-ENVIRON, STATUS, ZMP and the other options -------------------------------------------------------------------


def environ_escapes() -> Flood:
    return messages(c.NEW_ENVIRON, filled(b"\x00\x00A\x01", [b"\x02\x02"]), filled(b"\x02\x03", [b"\x02x"]))


def environ_variables() -> Flood:
    return messages(c.NEW_ENVIRON, filled(b"\x00", [b"\x00%x\x01b" % each for each in range(65536)]))


def environ_small() -> Flood:
    return messages(c.NEW_ENVIRON, *(b"\x02\x00LANG\x01%d" % each for each in range(100)))


def environ_empty() -> Flood:
    return messages(c.NEW_ENVIRON, filled(b"\x00", [b"\x00"]))


def environ_send() -> Flood:
    return messages(c.NEW_ENVIRON, b"\x01", b"\x01\x00\x03")


def status_is() -> Flood:
    return messages(c.STATUS, filled(b"\x00", [WILL + bytes((each,)) for each in range(64)]))


def status_parameters() -> Flood:
    return messages(c.STATUS, filled(b"\x00", [SB + c.NAWS + (SE + SE) * 4 + SE]), filled(b"\x00" + SB, [SE + SE]))


def status_send() -> Flood:
    return messages(c.STATUS, b"\x01")


def zmp_arguments() -> Flood:
    return messages(c.ZMP, filled(b"a", [b"\0"]))


def zmp_checks() -> Flood:
    return messages(c.ZMP, b"zmp.check\0zmp.ping\0", b"zmp.ping\0", b"zmp.ident\0A\x001\0\0", b"zmp.ident\0B\x001\0\0")


def zmp_name() -> Flood:
    return messages(c.ZMP, filled(b"a", [b".a"], b"!\0"))


def charset_in_a_line() -> Flood:
    requests = [subnegotiation(c.CHARSET, b"\x01;" + name) for name in (b"UTF-8", b"ISO-8859-1")]
    return repeated(b"".join(b"a" + each for each in requests) * 4096, b"\r\n")


def charset_names() -> Flood:
    return messages(c.CHARSET, filled(b"\x01", [b";%x" % each for each in range(65536)]), filled(b"\x01;", [b"- "]))


def charset_requests() -> Flood:
    return messages(c.CHARSET, b"\x01;UTF-8", b"\x01;ISO-8859-1")


def small_ones() -> Flood:
    """Short messages of all options that are told something."""
    told = (
        (c.TTYPE, b"\x00XTERM-%d"),
        (c.NAWS, b"\x00%c\x00\x18"),
        (c.TSPEED, b"\x00%d,9600"),
        (c.XDISPLOC, b"\x00host:%d"),
        (c.SNDLOC, b"room %d"),
        (c.AARDWOLF, b"\x01%c"),
        (c.ATCP, b"hello Client 1.%d"),
        (c.MSSP, b"\x01NAME\x02%d"),
        (c.EXOPL, b"%d"),
    )
    return repeated(*(subnegotiation(option, said % turn) for turn in range(1, 100) for option, said in told))


def atcp_bodies() -> Flood:
    return messages(c.ATCP, filled(b"A b\n", [b"\xff\xc3"]))


def long_ones() -> Flood:
    """Messages as long as they may be, of options whose messages are short."""
    options = (c.TTYPE, c.NAWS, c.TSPEED, c.XDISPLOC, c.SNDLOC, c.AARDWOLF, c.MSSP, c.LINEMODE, c.CHARSET, c.EXOPL)
    return messages_of(options, filled(b"\x00", [b"\x03\x1b\xe9", b"a"]))


def messages_of(options: Iterable[bytes], payload: bytes) -> Flood:
    return repeated(*(subnegotiation(option, payload) for option in options))


# --- the parser, negotiation ------------------------------------------------------------------------------------------


def errors_empty() -> Flood:
    return repeated(IAC + SB + IAC + SE)


def errors_interrupted() -> Flood:
    return repeated(IAC + SB + c.GMCP + b"a" + IAC + c.NOP, IAC + SB + IAC + c.NOP)


def errors_long() -> Flood:
    return repeated(IAC + SB + c.GMCP + b"a" * 70000 + IAC + SE)


def errors_off() -> Flood:
    return messages(c.ECHO, b"a")


def are_you_there() -> Flood:
    return repeated(IAC + c.AYT)


def commands() -> Flood:
    return repeated(IAC + c.IP, IAC + c.NOP, IAC + c.GA, IAC + b"\x01")


def negotiations() -> Flood:
    every = [bytes((each,)) for each in range(256)]
    return repeated(*(negotiate(command, option) for option in every for command in (WILL, WONT, DO, DONT)))


def toggles() -> Flood:
    """Options that say much each time they are agreed on, switched to and fro."""
    theirs = b"".join(
        negotiate(word, option) for option in (c.NEW_ENVIRON, c.TTYPE, c.LINEMODE) for word in (WONT, WILL)
    )
    ours = b"".join(negotiate(word, option) for option in (c.MSSP, c.GMCP, c.MSDP, c.CHARSET) for word in (DONT, DO))
    return repeated(theirs + ours)


def compressor_toggles() -> Flood:
    return repeated(negotiate(DO, c.MCCP2) + negotiate(DONT, c.MCCP2))


def timing_marks() -> Flood:
    return repeated(negotiate(DO, c.TIMING_MARK))


# --- text -------------------------------------------------------------------------------------------------------------


def lines_empty() -> Flood:
    return repeated(b"\n")


def lines_short() -> Flood:
    return repeated(b"a\r\n")


def lines_long() -> Flood:
    return repeated(b"a" * 16384 + b"\r\n")


def line_endless() -> Flood:
    return repeated(b"a")


def lines_too_long() -> Flood:
    return repeated(b"a" * 16385 + b"\r\n")


def lines_latin() -> Flood:
    return repeated(b"d\xe9j\xe0 vu\r\n")


def lines_undecodable() -> Flood:
    return repeated(b"\x81\xe9" * 8192 + b"\r\n")


def lines_escaped() -> Flood:
    return repeated(escape(b"\xff" * 100 + b"\r\n"))


def lines_of_bits() -> Flood:
    """One line that comes in single bytes, with a command after each."""
    return repeated((b"a" + IAC + c.NOP) * 16000 + b"\r\n")


def mxp_replies() -> Flood:
    given = b"".join(b" +a%d=b" % each for each in range(1000))
    return repeated(b"\x1b[1z<SUPPORTS" + given + b">\r\n", b"\x1b[1z<VERSION MXP=1 CLIENT=a" + b" " * 8000 + b"\r\n")


def noise() -> Flood:
    return Flood(b"", random.Random(0).randbytes(LEAST))


def noise_of_commands() -> Flood:
    dice = random.Random(1)
    return Flood(b"", bytes(dice.choices((255, 240, 250, 251, 252, 253, 254, 0, 10, 13, 31, 39, 65, 201), k=LEAST)))


# --- line editing, text in other encodings ----------------------------------------------------------------------------

EDITED = b"edit lines\r\n"
"""The line after which the server under attack edits lines."""

LONG_ANSWER = b"answer AYT at length\r\n"
"""The line after which it answers AYT with a long line."""

FULL = 16384  # bytes of a line


def in_charset(name: bytes, flood: Flood) -> Flood:
    """The same after the session's encoding has been agreed on."""
    return replace(flood, beginning=flood.beginning + subnegotiation(c.CHARSET, b"\x01;" + name))


def edited(flood: Flood) -> Flood:
    return replace(flood, beginning=flood.beginning + EDITED)


def erased_characters() -> Flood:
    return repeated(b"\xc3\xa9" * (FULL // 2) + (IAC + c.EC) * (FULL // 2) + b"\r\n")


def erased_characters_gbk() -> Flood:
    return in_charset(b"GBK", repeated(b"\xc4\xe3" * (FULL // 2) + (IAC + c.EC) * (FULL // 2) + b"\r\n"))


def erased_once_gbk() -> Flood:
    return in_charset(b"GBK", repeated(b"\xc4\xe3" * (FULL // 2) + IAC + c.EC + b"\r\n"))


def erased_halves_gb18030() -> Flood:
    return in_charset(b"GB18030", repeated((b"\x81\x30" * (FULL // 2 - 4) + IAC + c.EC) + b"\r\n"))


def erased_in_spans() -> Flood:
    """An encoding that changes while a line is edited."""
    requests = [subnegotiation(c.CHARSET, b"\x01;" + name) for name in (b"GBK", b"Big5")]
    return repeated(*(b"\xc4\xe3" * 2000 + each + b"\xc4" + IAC + c.EC for each in requests), IAC + c.EC, b"\r\n")


def erased_lines() -> Flood:
    return repeated(b"a" * FULL + (IAC + c.EL) * 1000, b"a" + IAC + c.EL)


def keys_that_erase() -> Flood:
    return edited(repeated(b"a" * FULL + b"\x08" * FULL + b"\r\n", b"a\x7f" * FULL + b"\r\n"))


def keys_that_erase_gbk() -> Flood:
    return in_charset(b"GBK", edited(repeated(b"\xc4\xe3" * (FULL // 2) + b"\x08" * FULL + b"\r\n")))


def keys_that_erase_nothing() -> Flood:
    return edited(repeated(b"\x08\x7f"))


def nuls() -> Flood:
    return repeated(b"\0" * 65536, b"a\0" * 60000 + b"\r\n")


def nuls_after_line_ends() -> Flood:
    return repeated(b"\r\0", b"\n\0\r\0", b"\n\r" + b"\0" * 9)


def nuls_in_lines() -> Flood:
    return repeated(b"a" * FULL + b"\0" * FULL + b"\r\n", (b"a\0" * 100 + b"\r\n") * 100)


def nuls_in_binary() -> Flood:
    nuls = repeated(b"\0" * 16000 + b"\r\n")
    return replace(nuls, beginning=nuls.beginning + negotiate(WILL, c.BINARY))


def lines_nearly_utf8() -> Flood:
    return repeated((b"\xc3\xa9" * 5 + b"\xe9") * 1489 + b"\r\n", b"\xe2\x98" * 8192 + b"\r\n")


def lines_nearly_gbk() -> Flood:
    return in_charset(b"GBK", repeated(b"\x81\xff\xff" * 5461 + b"\r\n", b"\xff\xff\x80" * 5461 + b"\r\n"))


# --- messages that are hardly right -----------------------------------------------------------------------------------


def gmcp_text() -> Flood:
    return messages(c.GMCP, filled(b"A x", [b"\xe9"]), filled(b"A[", [b"[],"]), filled(b"A 1", [b" ", b"x"]), b"A x")


def gmcp_logins() -> Flood:
    return messages(
        c.GMCP,
        filled(b'Char.Login.Credentials {"account":"', [b"a"], b'"}'),
        b'Char.Login.Reconnect {"account":"a","token":"b"}',
        b"Char.Login.Credentials {",
    )


def msdp_latin() -> Flood:
    """As many variables as a message may have, none of which is UTF-8."""
    told = b"".join(b"\1N%d\xe9\2\xe9" % each for each in range(2048))
    return messages(c.MSDP, told, b"\1PROMPT\2" + b"\xe9" * 60000)


def msdp_loose() -> Flood:
    return messages(
        c.MSDP,
        b"\1PROMPT\2\5" + b"\3\1A\2x\4" * 1023 + b"\6",
        b"\1PROMPT\2x" + b"\1A\5\3\1B\2x\6" * 680,
        b"\1A" + (b"\2\5" * 15 + b"\2\3\1B" * 15 + b"\6" * 15) * 60,
        b"\1PROMPT\2x" + b"\4\6" * 2047,
        b"\1PROMPT\2x" + b"\0" * 60000,
    )


def terminal_types() -> Flood:
    """A list of eight long names, begun again and again."""
    names = (b"\0%c" % each + b"\x1b" * 63 for each in range(65, 73))
    again = negotiate(WONT, c.TTYPE) + negotiate(WILL, c.TTYPE)
    return repeated(*(subnegotiation(c.TTYPE, each) for each in names), again)


def environ_charsets() -> Flood:
    told = (b"\x02\x03CHARSET\x01" + name for name in (b"ISO-8859-1", b"UTF-8", b"CP437", b"GBK"))
    return repeated(*(b"a" * 99 + subnegotiation(c.NEW_ENVIRON, each) for each in told), b"\r\n")


def port_commands() -> Flood:
    """Commands to a serial port with values that there are not."""
    wrong = (b"\x01\0\0\0\7", b"\x02\x09", b"\x03\x06", b"\x04\x04", b"\x05\x14", b"\x05\x63", b"\x0c\xff", b"\x0d")
    flood = messages(c.COM_PORT_OPTION, *wrong)
    return replace(flood, beginning=flood.beginning + negotiate(WILL, c.COM_PORT_OPTION))


def long_answers() -> Flood:
    flood = repeated(IAC + c.AYT)
    return replace(flood, beginning=flood.beginning + LONG_ANSWER)


# --- streams ----------------------------------------------------------------------------------------------------------


def inflating(size: int) -> bytes:
    """The good beginning of a stream, which becomes so many blanks."""
    compressor = zlib.compressobj(9)
    return compressor.compress(b" " * size) + compressor.flush(zlib.Z_SYNC_FLUSH)


BROKEN = b"\x07" * 64  # no deflate: a block of the reserved type


def stream_bomb() -> Flood:
    compressor = zlib.compressobj(9)
    begun = compressor.compress(b"") + compressor.flush(zlib.Z_FULL_FLUSH)
    return Flood(
        AGREED + MCCP3_BEGINS + begun, compressor.compress(b"\n" * (1 << 24)) + compressor.flush(zlib.Z_FULL_FLUSH)
    )


def stream_corrupt_early() -> Flood:
    return Flood(AGREED + MCCP3_BEGINS + inflating(60000) + BROKEN, b"\0" * LEAST)


def stream_corrupt_late() -> Flood:
    noise = random.Random(2).randbytes(61440).replace(IAC, b"a")
    compressor = zlib.compressobj(1)
    good = compressor.compress(noise) + compressor.flush(zlib.Z_SYNC_FLUSH)
    return Flood(AGREED + MCCP3_BEGINS + good + BROKEN, b"\0" * LEAST)


def stream_corrupt_dense() -> Flood:
    """As many bytes as one read has, each of which becomes 190, and then no stream any more."""
    good = _deflated(Flood(b"", b" " * (60000 * RATIO)), MCCP3_BEGINS)
    return Flood(AGREED + good.beginning + good.round + BROKEN, b"\0" * LEAST)


def streams_anew() -> Flood:
    return repeated(*(MCCP3_BEGINS + zlib.compress(text) for text in (b"", b"a\r\n")))


def streams_that_are_none() -> Flood:
    return repeated(MCCP3_BEGINS + b"no stream\r\n" + negotiate(DONT, c.MCCP3))


def stream_without_output() -> Flood:
    return Flood(AGREED + MCCP3_BEGINS + zlib.compressobj().flush(zlib.Z_SYNC_FLUSH), EMPTY * (LEAST // len(EMPTY)))


def stream_in_a_stream() -> Flood:
    return _deflated(repeated(subnegotiation(c.MCCP3, b"")), MCCP3_BEGINS)


# --- what servers send to clients -------------------------------------------------------------------------------------


def by_server(flood: Flood) -> Flood:
    """The same from a server, once its client has agreed to all."""
    return Flood(AGREED_BY_SERVER, flood.round)


def environ_asked() -> Flood:
    return by_server(messages(c.NEW_ENVIRON, b"\x01"))


def environ_asked_in_detail() -> Flood:
    return by_server(messages(c.NEW_ENVIRON, filled(b"\x01", [b"\x00%x" % each for each in range(65536)])))


def questions() -> Flood:
    """Short questions of all options that a client answers."""
    asked = ((c.TTYPE, b"\x01"), (c.STATUS, b"\x01"), (c.CHARSET, b"\x01;UTF-8"), (c.LINEMODE, b"\x01\x03"))
    again = b"".join(negotiate(word, c.NAWS) for word in (DONT, DO))
    return by_server(repeated(*(subnegotiation(*each) for each in asked), again, IAC + c.AYT))


def slc_by_server() -> Flood:
    return by_server(slc_long())


def variables_by_server() -> Flood:
    """A table of MSDP, variables of MSSP and the keys of a mask."""
    table = filled(b"\x01A\x02\x03", [b"\x01%x\x02b" % each for each in range(65536)], b"\x04")
    status = filled(b"", [b"\x01%x\x02b" % each for each in range(65536)])
    return by_server(repeated(subnegotiation(c.MSDP, table), subnegotiation(c.MSSP, status)))


def forward_masks() -> Flood:
    masks = (DO + b"\x02" + b"\xaa" * 31, DO + b"\x02" + b"\x55" * 31)
    return by_server(messages(c.LINEMODE, *masks))


def prompts() -> Flood:
    return by_server(repeated(b"> " + IAC + c.GA, IAC + c.CMD_EOR))


def sounds() -> Flood:
    return by_server(repeated(b"!!SOUND(" + b"a=b " * 4000 + b")\r\n", b"!!SOUND(a.wav V=50 U=http://a/)\r\n"))


def status_as_text() -> Flood:
    """Replies of MSSP in plain text, of many variables and without an end."""
    begins = b"\r\nMSSP-REPLY-START\r\n"
    many = b"".join(b"N%d\t1\t2\r\n" % each for each in range(1300))
    return by_server(repeated(begins + many + b"MSSP-REPLY-END\r\n", begins + b"A" + b"\t1" * 4000 + b"\r\n"))


def slc_by_server_compressed() -> Flood:
    return _deflated(slc_by_server(), MCCP2_BEGINS)


# --- all of them ------------------------------------------------------------------------------------------------------

# These are sent as they are, and through MCCP3.
_BOTH = (
    Input("SLC, long", "LINEMODE: 21,845 special characters in each message", slc_long),
    Input("SLC, 30", "LINEMODE: 30 special characters in each message", slc_30),
    Input("SLC, defaults", "LINEMODE: all defaults are asked for, in 3 bytes", slc_defaults),
    Input("MSDP, nested", "tables 31 deep, 64 KiB of them in each message", msdp_nested),
    Input("MSDP, flat", "a table of 64 KiB with short names", msdp_flat),
    Input("MSDP, array", "an array of 65,000 empty values", msdp_array),
    Input("MSDP, small", "messages of one variable", msdp_small),
    Input("MSDP, REPORT", "REPORT of the same variables, 64 KiB of names in each message", msdp_report),
    Input("GMCP, nested", "arrays 31 deep, 64 KiB of them in each message", gmcp_nested),
    Input("GMCP, lists", "`[[],[],...` of 64 KiB", gmcp_lists),
    Input("GMCP, supports", "Core.Supports.Set with 64 KiB of packages", gmcp_supports),
    Input("GMCP, small", "messages of one digit", gmcp_small),
    Input("GMCP, strings", "a string of 64 KiB of escaped quotes and backslashes", gmcp_strings),
    Input("ENVIRON, ESC", "NEW-ENVIRON: a value of 64 KiB with an ESC before each byte", environ_escapes),
    Input("ENVIRON, small", "NEW-ENVIRON: one variable that changes", environ_small),
    Input("STATUS, IS", "64 KiB of what is on", status_is),
    Input("STATUS, SEND", "asks for what is on", status_send),
    Input("ZMP, arguments", "a command with 65,000 empty arguments", zmp_arguments),
    Input("errors, empty", "IAC SB IAC SE", errors_empty),
    Input("errors, interrupted", "subnegotiations that another command interrupts", errors_interrupted),
    Input("errors, long", "subnegotiations above 64 KiB", errors_long),
    Input("AYT", "IAC AYT", are_you_there),
    Input("CHARSET in a line", "another encoding after each byte of a line", charset_in_a_line),
    Input("small ones", "TTYPE, NAWS, TSPEED, SNDLOC and others, some bytes each", small_ones),
    Input("negotiation", "WILL, WONT, DO and DONT of all 256 options", negotiations),
    Input("lines, empty", "line ends alone", lines_empty),
    Input("line, endless", "text without a line end", line_endless),
    Input("lines, Latin-1", "short lines that are not UTF-8", lines_latin),
    Input("EC", "IAC EC for each character of lines of 16 KiB in UTF-8", erased_characters),
    Input("EC, GBK", "the same in GBK", erased_characters_gbk),
    Input("EC, GBK, once", "one IAC EC in each line of 16 KiB", erased_once_gbk),
    Input("MSDP, Latin-1", "2,048 variables that are not UTF-8", msdp_latin),
    Input("MSDP, loose", "tables and arrays that are not closed, or begun", msdp_loose),
    Input("noise", "random bytes", noise),
)

# Their siblings.
_PLAIN = (
    Input("SLC, one", "LINEMODE: one special character in each message", slc_one),
    Input("LINEMODE, MODE", "another mode in each message", linemode_modes),
    Input("MSDP, values", "a variable with 65,000 empty values", msdp_values),
    Input("MSDP, unknown", "REPORT of 64 KiB of names that there are not", msdp_unknown),
    Input("MSDP, SEND", "SEND and LIST, which are answered", msdp_send),
    Input("GMCP, objects", "objects 31 deep, 64 KiB of them in each message", gmcp_objects),
    Input("GMCP, numbers", "an array of 32,000 digits", gmcp_numbers),
    Input("GMCP, digits", "integers of 300 digits", gmcp_digits),
    Input("GMCP, members", "an object of 64 KiB with short names", gmcp_members),
    Input("GMCP, supports, small", "Core.Supports.Add and Remove of one package", gmcp_supports_small),
    Input("GMCP, Core.Ping", "Core.Ping, which is answered", gmcp_pings),
    Input("GMCP, quotes", "brackets in strings, 64 KiB of them", gmcp_quotes),
    Input("GMCP, open string", "64 KiB of escapes in a string without an end", gmcp_open_string),
    Input("GMCP, broken", "64 KiB that are not JSON, or have no name", gmcp_broken),
    Input("GMCP, surrogates", "64 KiB of halves of characters", gmcp_surrogates),
    Input("GMCP, MSDP", "REPORT, SEND and LIST of MSDP in GMCP", gmcp_as_msdp),
    Input("ENVIRON, variables", "NEW-ENVIRON: 64 KiB of short variables", environ_variables),
    Input("ENVIRON, no names", "NEW-ENVIRON: 65,000 variables without a name", environ_empty),
    Input("ENVIRON, SEND", "NEW-ENVIRON: a server is asked for its variables", environ_send),
    Input("STATUS, SB", "64 KiB of parameters with doubled SEs", status_parameters),
    Input("ZMP, core", "zmp.check, zmp.ping and zmp.ident", zmp_checks),
    Input("ZMP, name", "a name of 64 KiB with a fault at its end", zmp_name),
    Input("CHARSET, names", "64 KiB of names of encodings", charset_names),
    Input("CHARSET, requests", "one encoding, and another", charset_requests),
    Input("ATCP, bodies", "64 KiB of text that is not UTF-8", atcp_bodies),
    Input("long ones", "64 KiB for options whose messages are short", long_ones),
    Input("errors, off", "subnegotiations of an option that is off", errors_off),
    Input("commands", "IP, NOP, GA and an undefined one", commands),
    Input("toggles", "options that say much when they are agreed on, off and on", toggles),
    Input("MCCP2, toggles", "compression of the answers, off and on", compressor_toggles),
    Input("TIMING-MARK", "DO TIMING-MARK", timing_marks),
    Input("lines, short", "lines of one letter", lines_short),
    Input("lines, long", "lines of 16 KiB", lines_long),
    Input("lines, too long", "lines of one byte more than that", lines_too_long),
    Input("lines, undecodable", "lines of 16 KiB that are in no encoding", lines_undecodable),
    Input("lines, IAC IAC", "lines of bytes 255", lines_escaped),
    Input("lines, NOP", "a command after each byte of a line", lines_of_bits),
    Input("MXP, replies", "VERSION and SUPPORTS with a thousand arguments, one without an end", mxp_replies),
    Input("EC, GB18030", "one IAC EC in each line of 16 KiB whose characters are cut off", erased_halves_gb18030),
    Input("EC, encodings", "IAC EC in lines whose encoding changes", erased_in_spans),
    Input("EL", "IAC EL on lines of 16 KiB", erased_lines),
    Input("BS and DEL", "keys that erase lines of 16 KiB", keys_that_erase),
    Input("BS, GBK", "the same in GBK", keys_that_erase_gbk),
    Input("BS and DEL, alone", "keys with nothing to erase", keys_that_erase_nothing),
    Input("NUL", "NULs in lines and between them", nuls),
    Input("NUL, line ends", "NULs after CR and LF", nuls_after_line_ends),
    Input("NUL, lines", "lines of which half are NULs", nuls_in_lines),
    Input("NUL, BINARY", "lines of NULs, which are text", nuls_in_binary),
    Input("lines, nearly UTF-8", "lines of 16 KiB with some bytes that are no UTF-8", lines_nearly_utf8),
    Input("lines, nearly GBK", "lines of 16 KiB with bytes that are no GBK", lines_nearly_gbk),
    Input("GMCP, text", "64 KiB of text in the place of JSON", gmcp_text),
    Input("GMCP, logins", "Char.Login, long and short", gmcp_logins),
    Input("TTYPE, eight", "eight names of 64 bytes, again and again", terminal_types),
    Input("ENVIRON, CHARSET", "another encoding in each message, inside of a line", environ_charsets),
    Input("COM-PORT", "values that there are not", port_commands),
    Input("AYT, long", "IAC AYT, where the answer has 4,000 characters", long_answers),
    Input("noise, commands", "random bytes, most of which mean something", noise_of_commands),
    Input("MCCP3, bomb", "a stream that becomes 1,000 times as much", stream_bomb),
    Input("MCCP3, corrupt early", "70 bytes that become 60,000, and then no stream any more", stream_corrupt_early),
    Input("MCCP3, corrupt late", "60 KiB of a stream, and then none any more", stream_corrupt_late),
    Input(
        "MCCP3, corrupt dense", "60,000 bytes that become 190 times as much, and then no stream", stream_corrupt_dense
    ),
    Input("MCCP3, anew", "streams that end and begin again", streams_anew),
    Input("MCCP3, none", "streams that are none, begun again", streams_that_are_none),
    Input("MCCP3, nothing", "a stream of empty blocks", stream_without_output),
    Input("MCCP3, inside", "streams that begin inside of a stream", stream_in_a_stream),
)

_ON_CLIENTS = tuple(
    Input(f"client: {name}", what, make, on_clients=True)
    for name, what, make in (
        ("ENVIRON, SEND", "NEW-ENVIRON: all variables are asked for, of which there are 50", environ_asked),
        ("ENVIRON, names", "NEW-ENVIRON: 64 KiB of names are asked for", environ_asked_in_detail),
        ("questions", "TTYPE, STATUS, CHARSET, NAWS and AYT, which are answered", questions),
        ("SLC, long", "LINEMODE: 21,845 special characters in each message", slc_by_server),
        ("SLC, long +MCCP2", "LINEMODE: 21,845 special characters, compressed", slc_by_server_compressed),
        ("variables", "MSDP and MSSP: 64 KiB of short variables", variables_by_server),
        ("masks", "LINEMODE: another FORWARDMASK in each message", forward_masks),
        ("prompts", "marks of prompts, GA and EOR", prompts),
        ("MSSP, text", "replies of MSSP in plain text", status_as_text),
        ("sounds", "MSP: triggers with 4,000 arguments, and short ones", sounds),
    )
)


def _all() -> Iterator[Input]:
    for each in _BOTH:
        yield from (each, each.deflated)
    for each in (*_PLAIN, *_ON_CLIENTS):
        yield replace(each, share=0.4)


INPUTS = {each.name: each for each in _all()}
