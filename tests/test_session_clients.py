"""Clients that people use, as Debian packages them: what a session learns of each, and what each shows of it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import ClassVar

import pytest
from client_support import CLIENTS, PATIENCE, SEARCH_PATH, Client, Dialogue, miss, required_program, running
from mud_support import Host, Player, hosting
from shell_support import SHELLS, start_shell, wait_until

from telnet import Limits, MudHandler
from telnet.client import MTTS, TRUECOLOUR
from telnet.constants import EC, EL, IP
from telnet.negotiation import Side
from telnet.options import (
    BINARY,
    CHARSET,
    ECHO,
    EOR,
    GMCP,
    LINEMODE,
    MCCP2,
    MCCP3,
    MSDP,
    MSSP,
    NAWS,
    NEW_ENVIRON,
    SGA,
    TSPEED,
    TTYPE,
    XDISPLOC,
    Option,
)
from telnet.options.linemode import Mode
from telnet.options.slc import SLC

pytestmark = [
    pytest.mark.slow,
    pytest.mark.once,
    pytest.mark.timeout(180),
    pytest.mark.skipif(sys.platform != "linux", reason="the clients are driven as Debian packages them"),
]

SECRET = "sesame"

TINTIN = CLIENTS["tt++"]
SCRIPTED_TINTIN = Client("tintin++", "tt++ -G -r script.tin -e '#ses demo 127.0.0.1 {port}'", terminal=True)
TELNET = CLIENTS["telnet-in-a-terminal"]
TF = Client("tf", "tf -f -q 127.0.0.1 {port}", terminal=True)  # in its visual mode, with an input of its own
PLINK = Client("putty-tools", "plink -telnet -P {port} 127.0.0.1", terminal=True)
CURL = Client(
    "curl",
    "curl -sN -T . -t TTYPE=vt100 -t XDISPLOC=host:0.0 -t NEW_ENV=USER,fred -t WS=100x30 telnet://127.0.0.1:{port}",
)
BUSYBOX = Client("busybox", "busybox telnet 127.0.0.1 {port}", terminal=True)
LIBTELNET = Client("libtelnet-utils", "telnet-client 127.0.0.1 {port}")
NCAT = Client("ncat", "ncat -t 127.0.0.1 {port}")
PERL = Client("libnet-telnet-perl", "perl script.pl {port}")

# Without such a script it refuses GMCP, MSDP and MSSP.
TINTIN_SCRIPT = r"""#event {IAC WILL GMCP}
{
    #send {\xFF\xFD\xC9\};
    #send {\xFF\xFA\xC9Core.Supports.Set ["Char 1"]\xFF\xF0\}
}
#event {IAC SB GMCP Char.Vitals IAC SE} {#showme GMCP %1}
#event {IAC WILL MSDP}
{
    #send {\xFF\xFD\x45\};
    #send {\xFF\xFA\x45\x01REPORT\x02HEALTH\xFF\xF0\}
}
#event {IAC SB MSDP} {#showme MSDP %0=%1}
#event {IAC WILL MSSP} {#send {\xFF\xFD\x46\}}
#event {IAC SB MSSP} {#showme MSSP %0=%1}
#event {RECEIVED PROMPT} {#showme PROMPT <%1>}
"""

PERL_SCRIPT = r"""use Net::Telnet;
$| = 1;
my $telnet = Net::Telnet->new(Host => "127.0.0.1", Port => $ARGV[0], Timeout => 20, Prompt => "/> \$/");
$telnet->waitfor("/> \$/");
print $telnet->cmd("look");
$telnet->print("login");
$telnet->waitfor("/Secret: \$/");
print $telnet->cmd("sesame");
$telnet->print("quit");
print $telnet->getlines;
"""


class Visitor(Player):
    limits = Limits(ready=PATIENCE)  # a client that has not answered by then fails, however busy the machine
    options = (
        TTYPE,
        NAWS,
        NEW_ENVIRON(ask=("USER", "LANG", "CLIENT_NAME", "CLIENT_VERSION", "MTTS", "CHARSET")),
        CHARSET,
        TSPEED,
        XDISPLOC,
        LINEMODE,
        EOR,
        ECHO,
        GMCP,
        MSDP(reportable=("HEALTH",)),
        MSSP({"NAME": "Ours", "PLAYERS": 3, "UPTIME": 1700000000}),
        MCCP3,
        MCCP2,
    )


@contextmanager
def visiting(client: Client, home: Path, **files: str) -> Iterator[tuple[Host, Visitor, Dialogue]]:
    """Have a client visit, with these files in its home; give the host, who came, and the one who types."""
    for name, text in files.items():
        (home / name).write_text(text, encoding="utf-8")
    with hosting(Visitor) as (host, port), running(client, port, home) as user:
        user.wait_for("Welcome!")
        yield host, host.first(), user


def scripted_tintin(home: Path) -> Client:
    script = home / "script.tin"
    script.write_text(TINTIN_SCRIPT, encoding="ascii")
    return SCRIPTED_TINTIN._replace(command=SCRIPTED_TINTIN.command.replace("script.tin", str(script)))


def look(user: Dialogue) -> None:
    user.type_line("look")
    user.wait_for("You said: look")


def log_in(host: Host, visitor: Visitor, user: Dialogue) -> None:
    user.type_line("login")
    user.wait_for("Secret: ")
    host.until(lambda: visitor.session[ECHO].local)
    user.type_line(SECRET)
    user.wait_for("Thank you.")


# Every one of them

EVERYONE = {
    "tt++": TINTIN,
    "tf": TF,
    "telnet": TELNET,
    "plink": PLINK,
    "busybox": BUSYBOX,
    "libtelnet": LIBTELNET._replace(terminal=True),
}


@pytest.mark.parametrize("name", EVERYONE)
def test_a_secret_is_heard_and_not_shown(name: str, tmp_path: Path) -> None:
    with visiting(EVERYONE[name], tmp_path) as (host, visitor, user):
        look(user)
        log_in(host, visitor, user)
        look(user)
        user.type_line("quit")
        user.wait_for("Goodbye.")
        host.until(lambda: ("on_close",) in visitor.events)

        assert visitor.lines == ["look", "login", SECRET, "look", "quit"]
        assert SECRET.encode() not in user.shown
        assert not visitor.named("on_protocol_error", "on_negotiation_limit")


@pytest.mark.parametrize("name", EVERYONE)
def test_a_client_has_answered_before_it_is_greeted(name: str, tmp_path: Path) -> None:
    with visiting(EVERYONE[name], tmp_path) as (_, visitor, _):
        before = visitor.events[: visitor.events.index(("on_ready",))]

        assert [event[0] for event in before if event[0] == "on_option_enabled"]
        assert name == "tf" or "on_terminal_types" in [event[0] for event in before]


# What is typed

TYPED = ["say héllo ☃ 日本", "у нас", "”", "ÿ", "", "look"]


class Typist(Player):
    limits = Limits(ready=PATIENCE)
    options: ClassVar[Sequence[type[Option]]] = (BINARY, ECHO)


class LinemodeTypist(Typist):
    options = (BINARY, ECHO, LINEMODE)


class KeyTypist(Typist):
    options = (BINARY, ECHO, SGA)

    def on_connect(self) -> None:
        super().on_connect()
        self.session[ECHO].offer()
        self.session[SGA].offer()


@pytest.mark.parametrize("player", [Typist, LinemodeTypist, KeyTypist])
@pytest.mark.parametrize("name", ["tt++", "telnet", "plink", "busybox", "libtelnet", "ncat", "curl"])
def test_what_is_typed_arrives_with_all_its_bits_and_each_enter_is_a_line(
    name: str, player: type[Typist], tmp_path: Path
) -> None:
    client = (EVERYONE | {"ncat": NCAT, "curl": CURL})[name]
    with hosting(player) as (host, port), running(client, port, tmp_path) as user:
        user.wait_for("Welcome!")
        visitor = host.first()
        for number, line in enumerate(TYPED, 1):
            user.type_line(line)
            host.until(lambda: len(visitor.lines) >= number)  # noqa: B023 - it is called before the next

        assert visitor.lines == TYPED
        assert not visitor.named("on_command", "on_protocol_error")
        assert visitor.session[BINARY].remote is (name in ("telnet", "plink", "curl"))


@pytest.mark.parametrize("player", [Typist, KeyTypist])
def test_tf_sends_a_line_for_each_enter_in_binary(player: type[Typist], tmp_path: Path) -> None:
    with hosting(player) as (host, port), running(TF, port, tmp_path) as user:
        user.wait_for("Welcome!")
        visitor = host.first()
        for line in ("look", "", "say it"):
            user.type_line(line)
        host.until(lambda: "say it" in visitor.lines)

        assert visitor.lines == ["look", "", "say it"]
        assert visitor.session[BINARY].remote


@pytest.mark.parametrize("name", ["telnet", "plink"])
def test_what_is_typed_in_latin_1_arrives_with_its_byte_255(name: str, tmp_path: Path) -> None:
    with hosting(Typist) as (host, port), running(EVERYONE[name], port, tmp_path) as user:
        user.wait_for("Welcome!")
        visitor = host.first()
        user.press("say café ÿ\n".encode("latin-1"))
        host.until(lambda: visitor.lines)

        assert visitor.lines == ["say café ÿ"]


@pytest.mark.parametrize("player", [Typist, LinemodeTypist])
def test_what_a_terminal_leaves_of_an_erased_character_spoils_no_other(player: type[Typist], tmp_path: Path) -> None:
    with hosting(player) as (host, port), running(TELNET, port, tmp_path) as user:
        user.wait_for("Welcome!")
        visitor = host.first()
        user.press("say 日本\x7f語に\n".encode())  # which erases one byte, since it does not know of UTF-8 (IUTF8)
        host.until(lambda: visitor.lines)

        assert visitor.lines == ["say 日\N{REPLACEMENT CHARACTER}語に"]


class Editor(KeyTypist):
    edit_lines = True


@pytest.mark.parametrize("name", ["telnet", "plink", "busybox"])
def test_the_erase_key_of_a_client_that_sends_keys_erases(name: str, tmp_path: Path) -> None:
    with hosting(Editor) as (host, port), running(EVERYONE[name], port, tmp_path) as user:
        user.wait_for("Welcome!")
        look(user)  # by then it sends each key
        visitor = host.first()
        user.press("lo☃\x7fokk\x7f\n".encode())
        host.until(lambda: len(visitor.lines) > 1)

        assert visitor.lines == ["look", "look"]


def test_the_commands_of_inetutils_erase_what_is_typed(tmp_path: Path) -> None:
    def command(keys: bytes, name: str, told: bytes) -> None:
        user.press(keys + b"\x1d")
        user.wait_for("telnet> ")
        user.type_line(name)
        host.until(lambda: ("on_command", told) in visitor.events)

    with hosting(KeyTypist) as (host, port), running(TELNET, port, tmp_path) as user:
        user.wait_for("Welcome!")
        look(user)
        visitor = host.first()
        command("kill bo☃".encode(), "send ec", EC)
        user.type_line("b")
        command(b"kill bob", "send el", EL)
        user.type_line("look")
        host.until(lambda: len(visitor.lines) > 2)

        assert visitor.lines == ["look", "kill bob", "look"]


class Scribe(MudHandler):
    options = (BINARY,)
    lines: ClassVar[list[str]] = []

    def on_ready(self) -> None:
        self.send_line("Welcome!")

    def on_line(self, line: str) -> None:
        self.lines.append(line)


@pytest.mark.parametrize("shell", SHELLS)
def test_what_is_typed_arrives_with_all_its_bits_under_every_shell(shell: str, tmp_path: Path) -> None:
    Scribe.lines.clear()
    server = start_shell(shell, Scribe)
    try:
        with running(TELNET, server.address[1], tmp_path) as user:
            user.wait_for("Welcome!")
            for line in TYPED:
                user.type_line(line)
            wait_until(lambda: len(Scribe.lines) >= len(TYPED), PATIENCE)
    finally:
        server.stop()

    assert Scribe.lines == TYPED


# TinTin++


def test_tintin_says_what_it_is_and_can_do(
    parser_module: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("telnet.session.Parser", parser_module.Parser)
    with visiting(TINTIN, tmp_path) as (_, visitor, _):
        client = visitor.client

        assert (client.name, client.version, client.terminal) == ("TinTin++", "2.02.20", "xterm")
        assert MTTS.ANSI | MTTS.UTF_8 | MTTS.COLOURS_256 | MTTS.TRUECOLOUR in client.mtts
        assert (client.colours, client.utf8, client.screen_reader) == (TRUECOLOUR, True, False)
        assert client.environment["CLIENT_NAME"] == "TinTin++"
        assert (client.speed, client.width, client.height) == ((38400, 38400), 80, 24)


def test_tintin_tells_of_a_resize(tmp_path: Path) -> None:
    with visiting(TINTIN, tmp_path) as (host, visitor, user):
        user.resize(255, 40)

        host.until(lambda: (visitor.client.width, visitor.client.height) == (255, 40))
        assert visitor.named("on_window_size")[-1] == ("on_window_size", 255, 40)


def test_tintin_speaks_utf8_by_agreement(tmp_path: Path) -> None:
    with visiting(TINTIN, tmp_path) as (host, visitor, user):
        host.until(lambda: visitor.named("on_charset"))
        user.type_line("say héllo ☃ 日本")
        user.wait_for("You said: say héllo ☃ 日本")

        assert visitor.client.charset == "UTF-8"
        assert visitor.lines == ["say héllo ☃ 日本"]


@pytest.mark.parametrize(
    ("name", "encoding", "text"),
    [
        ("FANSI", "cp437", "Ω"),
        ("BIG5TOUTF8", "big5", "日本"),
        ("CP1251TOUTF8", "cp1251", "у нас"),
        ("GBK1TOUTF8", "gbk", "日本"),
        ("ISO2TOUTF8", "iso8859-2", "łódź"),
        ("KOI8TOUTF8", "koi8-r", "у нас"),
    ],
)
def test_tintin_is_sent_what_it_translates(name: str, encoding: str, text: str, tmp_path: Path) -> None:
    client = TINTIN._replace(command=f"tt++ -G -e '#config charset {name};#ses demo 127.0.0.1 {{port}}'")
    with visiting(client, tmp_path) as (host, visitor, user):
        host.until(lambda: visitor.session.encoding == encoding)
        host.run(lambda: visitor.send_line(f"Now in {text}."))
        user.wait_for(f"Now in {text}.")


def test_tintin_reads_and_sends_a_compressed_stream_with_an_end_and_another_start(tmp_path: Path) -> None:
    with visiting(TINTIN, tmp_path) as (host, visitor, user):
        session = visitor.session
        look(user)
        assert host.run(lambda: (session.compressing, session.inflating)) == (True, True)

        host.run(session[MCCP2].end)
        look(user)
        assert host.run(lambda: session.compressing) is False

        host.run(session[MCCP2].begin)
        look(user)
        assert host.run(lambda: session.compressing) is True


def test_tintin_takes_what_ends_in_eor_for_a_prompt(tmp_path: Path) -> None:
    with visiting(scripted_tintin(tmp_path), tmp_path) as (host, visitor, user):
        user.wait_for("PROMPT <> >")
        user.type_line("login")
        user.wait_for("PROMPT <Secret: >")

        assert host.run(lambda: visitor.session[EOR].local)


def test_tintin_shows_what_came_in_gmcp(tmp_path: Path) -> None:
    with visiting(scripted_tintin(tmp_path), tmp_path) as (host, visitor, user):
        host.until(lambda: visitor.session[GMCP].supports("Char.Vitals"))
        assert host.run(lambda: visitor.session[GMCP].send_message("Char.Vitals", {"hp": 100, "name": "Zoë"}))
        user.wait_for('GMCP Char.Vitals {"hp":100,"name":"Zoë"}')
        assert not host.run(lambda: visitor.session[GMCP].send_message("Room.Info", {}))

        assert visitor.named("on_gmcp") == [("on_gmcp", "Core.Supports.Set", ["Char 1"])]


def test_tintin_is_reported_a_variable_of_msdp_whenever_it_changes(tmp_path: Path) -> None:
    with visiting(scripted_tintin(tmp_path), tmp_path) as (host, visitor, user):
        host.until(lambda: "HEALTH" in visitor.session[MSDP].reported)
        for health in (90, 80):
            host.run(lambda: visitor.session[MSDP].set("HEALTH", health))  # noqa: B023
            user.wait_for(f"MSDP HEALTH={health}")


def test_tintin_is_told_the_status_of_the_server(tmp_path: Path) -> None:
    with visiting(scripted_tintin(tmp_path), tmp_path) as (_, _, user):
        assert b"MSSP NAME=Ours" in user.shown and b"MSSP PLAYERS=3" in user.shown


# TinyFugue


def test_tinyfugue_tells_the_size_that_is_left_for_text(tmp_path: Path) -> None:
    with visiting(TF, tmp_path) as (host, visitor, user):
        host.until(lambda: (visitor.client.width, visitor.client.height) == (80, 20))
        user.resize(255, 40)

        host.until(lambda: (visitor.client.width, visitor.client.height) == (255, 36))


def test_tinyfugue_has_prompts_by_eor_inside_of_a_compressed_stream(tmp_path: Path) -> None:
    with visiting(TF, tmp_path) as (host, visitor, user):
        user.type_line("login")
        user.wait_for("Secret: ")

        session = visitor.session
        assert host.run(lambda: (session[EOR].local, session.compressing)) == (True, True)


# inetutils telnet


def test_telnet_edits_lines_and_tells_its_keys(tmp_path: Path) -> None:
    with visiting(TELNET, tmp_path) as (host, visitor, user):
        look(user)

        assert visitor.named("on_linemode") == [("on_linemode", Mode.EDIT | Mode.TRAPSIG)]
        [(_, keys)] = visitor.named("on_slc")
        assert keys[SLC.IP].value == 3
        assert (visitor.client.terminal, visitor.client.speed) == ("XTERM", (38400, 38400))


def test_telnet_sends_an_interrupt_as_a_command(tmp_path: Path) -> None:
    with visiting(TELNET, tmp_path) as (host, visitor, user):
        host.until(lambda: visitor.named("on_linemode"))
        user.press(b"\x03")

        host.until(lambda: ("on_command", IP) in visitor.events)
        look(user)


def test_telnet_tells_of_a_resize(tmp_path: Path) -> None:
    with visiting(TELNET, tmp_path) as (host, visitor, user):
        user.resize(255, 40)

        host.until(lambda: (visitor.client.width, visitor.client.height) == (255, 40))


def test_telnet_tells_the_variables_that_its_user_exports(tmp_path: Path) -> None:
    settings = "127.0.0.1\n\tenviron define USER fred\n\tenviron export USER\n"
    with visiting(TELNET, tmp_path, **{".telnetrc": settings}) as (_, visitor, _):
        assert visitor.client.environment["USER"] == "fred"
        assert visitor.client.environment["CLIENT_NAME"] is None


# The others


def test_plink_says_who_its_user_is(tmp_path: Path) -> None:
    with visiting(PLINK, tmp_path) as (host, visitor, user):
        look(user)
        user.resize(132, 43)
        host.until(lambda: (visitor.client.width, visitor.client.height) == (132, 43))

        assert list(visitor.client.environment) == ["USER"]
        assert (visitor.client.terminal, visitor.client.colours) == ("XTERM", 8)
        assert visitor.client.speed == (38400, 38400)


def test_curl_says_what_its_options_tell_it_to(tmp_path: Path) -> None:
    with visiting(CURL, tmp_path) as (_, visitor, user):
        look(user)

        assert (visitor.client.terminal, visitor.client.display) == ("vt100", "host:0.0")
        assert visitor.client.environment == {"USER": "fred"}
        assert visitor.named("on_window_size") == [("on_window_size", 100, 30)]


def test_busybox_tells_its_terminal_and_no_longer_edits_while_a_secret_is_typed(tmp_path: Path) -> None:
    with visiting(BUSYBOX, tmp_path) as (host, visitor, user):
        look(user)
        user.type_line("login")
        user.wait_for("Entering character mode")
        user.wait_for("Secret: ")
        user.type_line(SECRET)
        user.wait_for("Entering line mode")

        assert visitor.client.terminal == "xterm"


def test_libtelnet_reads_a_compressed_stream(tmp_path: Path) -> None:
    with visiting(LIBTELNET, tmp_path) as (host, visitor, user):
        look(user)

        session = visitor.session
        assert host.run(lambda: (session.compressing, session[MSSP].local)) == (True, True)


def test_a_client_that_refuses_everything_is_greeted_at_once(tmp_path: Path) -> None:
    with visiting(NCAT, tmp_path) as (_, visitor, user):
        look(user)

        assert not visitor.named("on_option_enabled", "on_protocol_error")
        assert visitor.lines == ["look"]


def test_a_script_in_perl_reads_to_the_prompt(tmp_path: Path) -> None:
    perl = required_program(PERL)
    if subprocess.run([perl, "-MNet::Telnet", "-e", "1"], capture_output=True).returncode:
        miss("Net::Telnet", PERL.package)
    script = tmp_path / "script.pl"
    script.write_text(PERL_SCRIPT, encoding="ascii")
    with hosting(Visitor) as (host, port):
        command = [perl, str(script), str(port)]
        result = subprocess.run(command, capture_output=True, text=True, timeout=60, env={"PATH": SEARCH_PATH})

        assert result.stderr == ""
        assert result.stdout.split("\n") == ["You said: look", "", "Thank you.", "Goodbye.", ""]
        assert host.peers[0].lines == ["look", "login", SECRET, "quit"]
        assert ("on_option_enabled", ECHO.code, Side.LOCAL) in host.peers[0].events
