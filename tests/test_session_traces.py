"""What a session learns of real programs, from the bytes that they sent: see data/traces/README.md."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

import pytest
from session_support import Recorder, deliver, served
from traces import TRACES, pieces, segments, typed

from telnet.client import MTTS, TRUECOLOUR
from telnet.constants import ABORT, BRK, DO, DONT, IP, WILL, WONT
from telnet.events import Option as Negotiation
from telnet.events import Subnegotiation, parse
from telnet.negotiation import Side
from telnet.options import (
    ATCP,
    BINARY,
    CHARSET,
    COM_PORT_OPTION,
    ECHO,
    EOR,
    GMCP,
    LFLOW,
    LINEMODE,
    MCCP2,
    MCCP3,
    MSDP,
    MSP,
    MSSP,
    MXP,
    NAWS,
    NEW_ENVIRON,
    SGA,
    STATUS,
    TIMING_MARK,
    TSPEED,
    TTYPE,
    XDISPLOC,
    ZMP,
    Option,
    Role,
)
from telnet.options.linemode import Mode
from telnet.options.slc import SLC
from telnet.parser import Parser
from telnet.session import Session

Options = tuple[type[Option] | Option, ...]

# What the recording server offered, but for what nobody should speak.
SERVER: Options = (
    TTYPE,
    NAWS,
    NEW_ENVIRON,
    CHARSET("UTF-8", "ISO-8859-1", "US-ASCII"),
    TSPEED,
    XDISPLOC,
    LFLOW,
    LINEMODE,
    STATUS,
    TIMING_MARK,
    BINARY,
    ECHO,
    SGA,
    EOR,
    COM_PORT_OPTION,
    MSSP({"NAME": "Ours", "PLAYERS": 3, "UPTIME": 1700000000}),
    MSDP(reportable=("HEALTH", "MANA")),
    GMCP,
    MXP,
    MSP,
    ATCP,
    ZMP,
    MCCP3,
    MCCP2,
)
CLIENT: Options = (
    TTYPE("PROBE", "XTERM-256COLOR", "MTTS 2831"),
    NAWS(511, 255),
    NEW_ENVIRON(variables={"USER": "tester"}),
    CHARSET,
    TSPEED,
    XDISPLOC("probe:0.0"),
    LFLOW,
    LINEMODE,
    STATUS,
    TIMING_MARK,
    BINARY,
    ECHO,
    SGA,
    EOR,
    GMCP,
    MSDP,
    MSSP,
    MCCP3,
    MCCP2,
)

CONVERSATIONS = sorted(path.stem for path in TRACES.glob("*.jsonl"))
CLIENTS = [stem for stem in CONVERSATIONS if not stem.startswith("server-")]
SERVERS = [stem for stem in CONVERSATIONS if stem.startswith("server-")]

UNICODE, BYTES = "say héllo ☃ 日本".encode(), b"say \xff\xfe\xff y"  # what was typed: the second is no UTF-8


class Recording:
    """The handler of a parser that reads what the recorder sent: a session asks, offers and refuses the same."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.parser = Parser(self)

    def on_option(self, command: bytes, option: bytes) -> None:
        negotiator, spoken = self._session.negotiator, self._session.get(option)
        if spoken is None or option == TIMING_MARK.code:
            return
        if command == WILL and spoken.performer in (None, self._session.role):
            negotiator.offer(option)
        elif command == DO and spoken.performer is not self._session.role:
            negotiator.request(option)
        elif command in (WONT, DONT):
            negotiator.refuse(option, Side.LOCAL if command == WONT else Side.REMOTE)


class Replay(NamedTuple):
    """A session in the place of the recorder, what its handler was told, and what it sent."""

    session: Session
    handler: Recorder
    sent: bytes


@cache
def replay(stem: str, *, compressed: bool = True) -> Replay:
    """Have a session receive what a program sent in one conversation.

    Without ``compressed`` it is given what was inside of the stream of MCCP3.
    """
    role = Role.CLIENT if stem.startswith("server-") else Role.SERVER
    options = [option for option in (SERVER if role is Role.SERVER else CLIENT) if compressed or option is not MCCP3]
    handler = Recorder(without=("on_client",))
    session = Session(handler, options, role=role)
    recording = Recording(session)
    session.start(0.0)
    sent = session.take()
    for direction, wire, plain in pieces(TRACES / f"{stem}.jsonl"):
        if (direction == "c2s") is (role is Role.SERVER):
            deliver(session, wire if compressed else plain)
        else:
            recording.parser.feed(plain)
        sent += session.take()
    session.tick(session.limits.ready)
    session.end()
    return Replay(session, handler, sent)


def facts(session: Session) -> dict[str, Any]:
    return {name: value for name, value in vars(session.client).items() if not name.startswith("_")}


def lines(handler: Recorder) -> list[str]:
    return [line for _, line in handler.named("on_line")]


def rows(table: Mapping[str, object]) -> list[Any]:
    """The rows of a table as cases, named by their first column."""
    return [pytest.param(name, value, id=name) for name, value in table.items()]


def text(data: bytes, session: Session) -> str:
    """Read bytes as a session does whose client said that it sends UTF-8, or did not."""
    try:
        return data.decode(errors="replace" if session.client.utf8 else "strict")
    except UnicodeDecodeError:
        return data.decode("cp1252")


# What is true of all of them

# The recorder asked, or asked again, where a session of ours does not.
ANSWERS = {
    "CHARSET: accepted what was not requested",
    "CHARSET: subnegotiation of an option that is off",
    "COM_PORT_OPTION: subnegotiation of an option that is off",
    "LINEMODE: no answer to a FORWARDMASK",
    "TTYPE: a terminal type that nobody asked for",
}
FAULTS = {
    "curl-torture": {"TTYPE: subnegotiation of an option that is off"},  # it has said WONT
    "telnetlib3-client-polite": {"STATUS: subnegotiation of an option that is off"},  # and never said DO
    "telnetlib3-client-burst": {"STATUS: subnegotiation of an option that is off"},
    "server-telnetlib3-server-pushy": {  # it asks before it is told WILL
        f"{name}: subnegotiation of an option that is off"
        for name in ("LFLOW", "NEW_ENVIRON", "STATUS", "TSPEED", "XDISPLOC")
    },
}


@pytest.mark.parametrize("stem", CONVERSATIONS)
def test_no_real_program_is_reported_for_what_it_does_right(stem: str) -> None:
    session, handler, _ = replay(stem)

    reasons = {reason for _, reason, _ in handler.named("on_protocol_error")}
    assert reasons - ANSWERS == FAULTS.get(stem, set())
    assert not handler.named("on_compression_error", "on_line_overflow", "on_negotiation_limit")
    assert session.ready and not session.lost and not session.pending


@pytest.mark.parametrize("stem", CLIENTS)
def test_a_client_is_the_same_compressed_and_not(stem: str) -> None:
    session, handler, _ = replay(stem)
    plain_session, plain_handler, _ = replay(stem, compressed=False)

    assert lines(handler) == lines(plain_handler)
    assert facts(session) == facts(plain_session)


# The bytes of ☃ and 本 hold the characters that in this terminal interrupt and break.
INTERRUPTED = UNICODE.replace(b"\x83", b"").replace(b"\x9c", b"")
CHANGED_BY_THE_CLIENT = {
    "inetutils-telnet": {UNICODE: INTERRUPTED},
    "inetutils-telnet-neg": {UNICODE: INTERRUPTED},
    "pymud": {BYTES: b"say  y", b"": b"say  y"},  # an empty line repeats the last one
    "tf": {
        UNICODE: b"say h\x1bC\x1b)llo \x1b\x18\x1b\x03 \x1b%\x1b\x1c\x1b,",
        BYTES: b" y",
    },  # takes bytes for Meta keys
    "tt++": {BYTES: b"say \xfe y"},
    "tt++-script": {BYTES: b"say \xfe y"},
}
EIGHT_BIT = {f"inetutils-telnet-{profile}" for profile in ("binary", "burst", "char", "polite", "neg-polite")}


@pytest.mark.parametrize("stem", CLIENTS)
def test_every_enter_is_one_line_with_the_text_that_was_typed(stem: str) -> None:
    session, handler, _ = replay(stem)

    changed = {} if stem in EIGHT_BIT else CHANGED_BY_THE_CLIENT.get(stem.rpartition("-")[0], {})
    keys = typed(TRACES / f"{stem}.jsonl").split(b"\n")
    assert lines(handler) == [text(changed.get(line, line), session) for line in keys[:-1]]


ENTERS = {
    "inetutils-telnet-mud": b"look\r\n",
    "inetutils-telnet-char": b"look\r\0",
    "inetutils-telnet-binary": b"look\rsay",
    "inetutils-telnet-polite": b"look\nsay",  # LINEMODE
    "plink-bare": b"look\nsay",
    "plink-mud": b"look\r\0",
    "plink-binary": b"look\rsay",
    "busybox-telnet-char": b"look\r\n",
    "curl-mud": b"look\nsay",
    "libtelnet-client-mud": b"look\r\n",
    "tt++-char": b"look\r\n",
    "tf-mud": b"look\r\n",
    "tf-binary": b"look\nsay",
    "telnetlib3-client-char": b"look\rsay",
    "telnetlib3-client-linemode": b"look\nsay",
    "pymud-mud": b"look\nsay",
    "perl-net-telnet-mud": b"look\r\n",
}


@pytest.mark.parametrize(("stem", "sent"), rows(ENTERS))
def test_an_enter_is_one_line_in_whichever_form_it_comes(stem: str, sent: bytes) -> None:
    _, handler, _ = replay(stem)

    assert sent in b"".join(segments(TRACES / f"{stem}.jsonl", "c2s"))
    assert lines(handler).count("look") == 1
    assert lines(handler).index("look") + 1 == [line.startswith("say") for line in lines(handler)].index(True)


# Client by client

AGREEMENTS: dict[str, tuple[Options, Options]] = {
    "inetutils-telnet": (
        (TTYPE, NAWS, TSPEED, NEW_ENVIRON, LFLOW, LINEMODE, BINARY, SGA),
        (ECHO, SGA, STATUS, BINARY),
    ),
    "inetutils-telnet-neg": (
        (TTYPE, NAWS, TSPEED, NEW_ENVIRON, LFLOW, LINEMODE, BINARY, SGA),
        (ECHO, SGA, STATUS, BINARY),
    ),
    "plink": ((TTYPE, NAWS, TSPEED, NEW_ENVIRON, BINARY, SGA), (ECHO, SGA, BINARY)),
    "busybox-telnet": ((TTYPE, NAWS), (ECHO, SGA)),
    "curl": ((NAWS, BINARY, SGA), (ECHO, SGA, BINARY)),
    "curl-opts": ((TTYPE, XDISPLOC, NEW_ENVIRON, NAWS, BINARY, SGA), (ECHO, SGA, BINARY)),
    "curl-pty": ((NAWS, BINARY, SGA), (ECHO, SGA, BINARY)),
    "libtelnet-client": ((TTYPE,), (ECHO, MCCP2, MSSP)),
    "tt++": (
        (TTYPE, NAWS, TSPEED, NEW_ENVIRON, CHARSET, SGA),
        (ECHO, EOR, SGA, CHARSET, MCCP2, MCCP3),
    ),
    "tt++-script": (
        (TTYPE, NAWS, TSPEED, NEW_ENVIRON, CHARSET, SGA),
        (ECHO, EOR, CHARSET, MCCP2, MCCP3, GMCP, MSDP, MSSP),
    ),
    "tf": ((NAWS, BINARY), (ECHO, EOR, MCCP2, BINARY)),
    "telnetlib3-client": (
        (TTYPE, NAWS, TSPEED, NEW_ENVIRON, LFLOW, LINEMODE, BINARY, SGA, XDISPLOC, CHARSET),
        (ECHO, EOR, SGA, BINARY, CHARSET, GMCP, ZMP, MCCP2, MCCP3),
    ),
    "pymud": ((TTYPE, NAWS, NEW_ENVIRON), (SGA, CHARSET, GMCP, MSDP, MSSP)),
    "perl-net-telnet": ((), (ECHO, SGA)),
}


@pytest.mark.parametrize("client", AGREEMENTS)
def test_a_client_is_on_with_what_it_said_yes_to_in_any_of_its_conversations(client: str) -> None:
    theirs, ours = AGREEMENTS[client]
    conversations = [replay(stem).handler for stem in CLIENTS if stem.rpartition("-")[0] == client]

    on = {event[1:] for handler in conversations for event in handler.named("on_option_enabled")}
    assert on == {(option.code, Side.REMOTE) for option in theirs} | {(option.code, Side.LOCAL) for option in ours}


UNDEFINED = dict.fromkeys(
    "USER TERM SHELL CLIENT_NAME CLIENT_VERSION MTTS CHARSET TERMINAL_TYPE IPADDRESS".split()  # as it was asked
)
TINTIN = {"colours": TRUECOLOUR, "utf8": True, "terminal": "xterm-256color"}
IDENTITIES = {
    "inetutils-telnet-polite": {
        "terminal": "XTERM-256COLOR",
        "colours": 256,
        "speed": (38400, 38400),
        "environment": UNDEFINED,
    },
    "inetutils-telnet-neg-mud": {"terminal": "XTERM-256COLOR", "speed": (38400, 38400), "environment": UNDEFINED},
    "plink-mud": {"terminal": "XTERM", "colours": 8, "speed": (38400, 38400), "environment": {"USER": "root"}},
    "plink-mnes": {"environment": {"USER": "root"}},
    "busybox-telnet-mud": {"terminal": "xterm-256color", "colours": 256},
    "curl-mud": {"environment": {}},
    "curl-opts-mud": {
        "terminal": "vt100",
        "width": 255,
        "height": 40,
        "display": "host:0.0",
        "environment": {"USER": "fred"},
    },
    "libtelnet-client-mud": {"terminal": "xterm-256color", "colours": 256, "environment": {}},
    "tt++-mud": {"name": "TINTIN++", "mtts": MTTS(271), "charset": "UTF-8", "environment": {}, **TINTIN},
    "tt++-mnes": {
        "name": "TinTin++",
        "version": "2.02.20",  # which it sends with a blank behind it
        "mtts": MTTS(783),
        "charset": "UTF-8",
        "environment": {
            "CHARSET": "UTF-8",
            "CLIENT_NAME": "TinTin++",
            "CLIENT_VERSION": "2.02.20 ",
            "MTTS": "783",
            "TERMINAL_TYPE": "xterm-256color",
        },
        **TINTIN,
    },
    "tt++-script-mud": {"name": "TinTin++", "version": "2.02.20", "mtts": MTTS(271), **TINTIN},
    "tf-mud": {"environment": {}, "width": 80, "height": 20},
    "telnetlib3-client-mud": {
        "name": "telnetlib3",
        "version": "5.0.1",
        "terminal": "xterm-256color",
        "charset": "UTF-8",
        "utf8": True,
        "environment": dict.fromkeys(UNDEFINED, "")
        | {"TERM": "xterm-256color", "LINES": "24", "COLUMNS": "80", "LANG": "en_US.utf8", "COLORTERM": ""},
    },
    "telnetlib3-client-mnes": {
        "utf8": True,  # its locale
        "environment": {"TERM": "xterm-256color", "LINES": "24", "COLUMNS": "80", "LANG": "en_US.utf8", "COLORTERM": ""}
        | dict.fromkeys("USER CLIENT_NAME CLIENT_VERSION MTTS CHARSET TERMINAL_TYPE IPADDRESS FOO".split(), ""),
    },
    "pymud-mud": {
        "name": "PYMUD",
        "terminal": "XTERM",
        "mtts": MTTS(783),
        "colours": TRUECOLOUR,
        "utf8": True,
        "charset": "UTF-8",
        "environment": {},  # it says WILL, and nothing then
    },
    "perl-net-telnet-mud": {"environment": {}},
}


@pytest.mark.parametrize(("stem", "known"), rows(IDENTITIES))
def test_a_client_is_known_by_what_it_said(stem: str, known: dict[str, Any]) -> None:
    client = replay(stem).session.client

    known = {"name": "", **known}
    assert {name: getattr(client, name) for name in known} == known


NAMES = {
    "inetutils-telnet-mud": ("XTERM-256COLOR",),
    "plink-mud": ("XTERM",),
    "busybox-telnet-torture": ("xterm-256color",),  # answers SEND although the subnegotiation was broken
    "curl-opts-mud": ("vt100",),
    "tt++-mud": ("TINTIN++", "xterm-256color", "MTTS 271"),
    "telnetlib3-client-mud": ("xterm-256color",),
    "pymud-mud": ("PYMUD", "XTERM", "MTTS 783"),
}


@pytest.mark.parametrize(("stem", "names"), rows(NAMES))
def test_the_names_of_a_terminal_are_asked_for_to_their_end(stem: str, names: tuple[str, ...]) -> None:
    _, handler, _ = replay(stem)

    assert handler.named("on_terminal_types") == [("on_terminal_types", names)]


SIZES = {
    "inetutils-telnet-mud": [(255, 40), (80, 24)],  # the first is what was assumed
    "plink-mud": [(255, 40), (80, 24)],
    "busybox-telnet-mud": [],  # it does not tell of a resize
    "curl-mud": [],  # 0 by 0: it does not know
    "curl-opts-mud": [(255, 40)],
    "tt++-mud": [(255, 40), (80, 24)],
    "tf-mud": [(80, 20), (255, 36), (80, 20)],  # its input takes four rows
    "telnetlib3-client-mud": [(255, 40), (80, 24)],
    "pymud-mud": [(150, 40)],
}


@pytest.mark.parametrize(("stem", "sizes"), rows(SIZES))
def test_a_window_is_followed_with_its_doubled_byte(stem: str, sizes: list[tuple[int, int]]) -> None:
    _, handler, _ = replay(stem)

    assert [(width, height) for _, width, height in handler.named("on_window_size")] == sizes


MARKS = {
    "inetutils-telnet-polite": [True],
    "inetutils-telnet-torture": [True, True, True],  # the last one unasked
    "plink-torture": [False, False],
    "tt++-torture": [False],  # one for two questions
    "telnetlib3-client-torture": [True, True, True],
    "tf-torture": [False, False],
}


@pytest.mark.parametrize(("stem", "answers"), rows(MARKS))
def test_each_answer_to_a_timing_mark_is_told(stem: str, answers: list[bool]) -> None:
    _, handler, _ = replay(stem)

    assert [accepted for _, accepted in handler.named("on_timing_mark")] == answers


@pytest.mark.parametrize(
    "client", ["busybox-telnet", "inetutils-telnet", "plink", "pymud", "telnetlib3-client", "tt++"]
)
def test_a_client_is_answered_once_however_often_it_agrees(client: str) -> None:
    _, _, sent = replay(f"{client}-torture")

    assert parse(sent).count(Negotiation(DO, TTYPE.code)) == 1


@pytest.mark.parametrize(
    ("stem", "commands"), [("inetutils-telnet-mud", [IP, BRK]), ("inetutils-telnet-linemode", [IP, ABORT])]
)
def test_keys_that_are_commands_come_as_such_in_the_middle_of_a_line(stem: str, commands: list[bytes]) -> None:
    _, handler, sent = replay(stem)

    events = [event for event in handler.events if event[0] in ("on_command", "on_line")]
    first = events.index(("on_command", commands[0]))
    assert events[first : first + 3] == [
        *(("on_command", command) for command in commands),
        ("on_line", INTERRUPTED.decode("cp1252")),
    ]
    assert parse(sent).count(Negotiation(WILL, TIMING_MARK.code)) == len(commands)  # which the client waits for


def test_a_charset_is_agreed_on_and_text_is_read_in_it() -> None:
    for stem in ("tt++-mud", "telnetlib3-client-mud", "pymud-mud"):
        session, handler, _ = replay(stem)

        assert handler.named("on_charset") == [("on_charset", "utf-8")]
        assert session.encoding == "utf-8"


@pytest.mark.parametrize(
    ("stem", "hello", "listed"),
    [
        ("tt++-script-mud", {"client": "TinTin++", "version": "2.02.20"}, ["Char 1", "Room 1"]),
        (
            "telnetlib3-client-mud",
            {"client": "telnetlib3", "version": "5.0.1"},
            "char 1,char.vitals 1,char.items 1,room 1,room.info 1,comm 1,comm.channel 1,group 1".split(","),
        ),
    ],
)
def test_a_client_says_hello_in_gmcp_and_which_packages_it_takes(
    stem: str, hello: dict[str, str], listed: list[str]
) -> None:
    session, handler, _ = replay(stem)

    assert handler.named("on_gmcp") == [
        ("on_gmcp", "Core.Hello", hello),
        ("on_gmcp", "Core.Supports.Set", listed),
    ]
    assert session[GMCP].supports("Char.Vitals") and not session[GMCP].supports("IRE.Rift")


def test_a_client_asks_in_msdp_and_is_answered() -> None:
    _, handler, sent = replay("pymud-mud")

    answer = b"\x01REPORTABLE_VARIABLES\x02\x05\x02HEALTH\x02MANA\x06"
    assert [event for event in parse(sent) if isinstance(event, Subnegotiation) and answer in event.data]
    assert not handler.named("on_msdp")  # LIST is no variable


def test_the_special_characters_of_a_client_are_known_and_its_modes_agreed_on() -> None:
    _, handler, _ = replay("inetutils-telnet-linemode")

    [(_, keys)] = handler.named("on_slc")
    assert (keys[SLC.IP].value, keys[SLC.EC].value, keys[SLC.EL].value) == (3, 127, 21)
    assert handler.named("on_linemode") == [
        ("on_linemode", Mode.EDIT | Mode.TRAPSIG),
        ("on_linemode", Mode.EDIT | Mode.TRAPSIG | Mode.SOFT_TAB),
    ]


def test_zmp_of_a_client_is_read() -> None:
    _, handler, _ = replay("telnetlib3-client-polite")

    assert ("on_zmp", "zmp.ident", ["telnetlib3", "5.0.1"]) in handler.events


@pytest.mark.parametrize("stem", ["tt++-mud", "tt++-script-mud", "telnetlib3-client-mud"])
def test_a_client_is_read_inside_of_its_compressed_stream(stem: str) -> None:
    session, handler, _ = replay(stem)

    assert session.inflating and session.compressing
    assert lines(handler)[:3] == ["Fred", "secret", "look"]


# Server by server

SERVED: dict[str, tuple[Options, Options]] = {
    "server-inetutils-telnetd-eager": (
        (TTYPE, TSPEED, XDISPLOC, NEW_ENVIRON, LINEMODE, NAWS, LFLOW, BINARY),
        (ECHO, SGA, STATUS),
    ),
    "server-busybox-telnetd-eager": ((NAWS,), (ECHO, SGA)),
    "server-telnetlib3-server-eager": (
        (TTYPE, NAWS, CHARSET, NEW_ENVIRON, BINARY),
        (ECHO, SGA, BINARY, CHARSET),
    ),
    "server-telnetlib3-server-passive": ((TTYPE,), ()),  # it asks more only of who answers
}


@pytest.mark.parametrize("stem", SERVED)
def test_a_server_is_given_what_it_asks_for(stem: str) -> None:
    ours, theirs = SERVED[stem]
    _, handler, _ = replay(stem)

    on = {event[1:] for event in handler.named("on_option_enabled")}
    assert on == {(option.code, Side.LOCAL) for option in ours} | {(option.code, Side.REMOTE) for option in theirs}


def test_a_server_is_told_what_we_are() -> None:
    _, _, sent = replay("server-inetutils-telnetd-eager")

    told = [(event.option, event.data) for event in parse(sent) if isinstance(event, Subnegotiation)]
    assert (TSPEED.code, b"\x0038400,38400") in told
    assert (XDISPLOC.code, b"\x00probe:0.0") in told
    assert (NEW_ENVIRON.code, b"\x00\x00USER\x01tester") in told
    assert (NAWS.code, b"\x01\xff\x00\xff") in told
    assert [data for option, data in told if option == TTYPE.code] == [b"\x00PROBE", b"\x00XTERM-256COLOR"]
    assert (LINEMODE.code, b"\x01\x07") in told  # the mode, acknowledged


def test_a_server_is_told_the_variables_that_it_asks_for_by_name() -> None:
    _, _, sent = replay("server-telnetlib3-server-eager")

    told = [event for event in parse(sent) if isinstance(event, Subnegotiation) and event.option == NEW_ENVIRON.code]
    assert [event.data[:22] for event in told] == [b"\x00\x00USER\x01tester\x00LOGNAME\x00"]


@pytest.mark.parametrize("stem", ["server-telnetlib3-server-eager", "server-telnetlib3-server-torture"])
def test_the_charsets_of_a_server_are_read_with_a_blank_between_them(stem: str) -> None:
    session, handler, sent = replay(stem)

    assert handler.named("on_charset") == [("on_charset", "utf-8")]
    assert session.client.charset == "UTF-8"
    assert Subnegotiation(CHARSET.code, b"\x02UTF-8") in parse(sent)


def test_the_prompts_of_a_server_are_told_with_their_text() -> None:
    _, handler, _ = replay("server-telnetlib3-server-passive")

    assert handler.named("on_prompt") == [("on_prompt", "tel:sh> ")] * 5


def test_the_status_of_a_server_is_read() -> None:
    _, handler, _ = replay("server-inetutils-telnetd-eager")

    [(_, options, parameters)] = handler.named("on_status")
    assert (WILL, SGA.code) in options and (DO, NAWS.code) in options
    assert (LINEMODE.code, b"\x01\x03") in parameters


def test_the_keys_of_a_server_and_its_echo_are_told() -> None:
    _, handler, _ = replay("server-inetutils-telnetd-linemode-eager")

    [(_, keys)] = handler.named("on_slc")
    assert keys[SLC.IP].value == 3
    assert handler.named("on_echo", "on_flow_control", "on_flow_restart") == [
        ("on_flow_control", True),
        ("on_flow_restart", False),
        ("on_echo", False),
        ("on_echo", True),
    ]


def test_a_stray_nul_of_a_server_is_nothing() -> None:
    _, handler, _ = replay("server-inetutils-telnetd-eager")

    assert lines(handler)[0] == "TERM=xterm-256color USER= DISPLAY=probe:0.0"


LAST_LINES = {stem: "Goodbye." for stem in SERVERS} | {
    "server-inetutils-telnetd-oldenv": "",  # it waits for an answer to ENVIRON
    "server-telnetlib3-server-torture": "tel:sh> ",
}


@pytest.mark.parametrize(("stem", "last"), rows(LAST_LINES))
def test_the_text_of_a_server_is_read_to_its_end(stem: str, last: str) -> None:
    _, handler, _ = replay(stem)

    assert (lines(handler) or [""])[-1].endswith(last)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("name", ["packetlife-telnet", "pcpp-tn3270-fragment"])
def test_a_captured_conversation_is_read(name: str, role: Role) -> None:
    direction = "c2s" if role is Role.SERVER else "s2c"

    _, handler = served((), *segments(TRACES / "pcap" / f"{name}.jsonl", direction), role=role)

    assert not handler.named("on_protocol_error", "on_negotiation_limit")
    assert name != "packetlife-telnet" or handler.named("on_line")
