"""A terminal of the IBM 3270 family and a mainframe, as Debian packages their emulators, and their records."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from call_support import calling
from client_support import PATIENCE, SEARCH_PATH, Client, Dialogue, on_pipe, required_program
from ports import is_taken, unused_port
from shell_support import SHELLS, start_shell, wait_until

from telnet import CMD_EOR, MudHandler
from telnet.options import BINARY, EOR, TTYPE

pytestmark = [
    pytest.mark.slow,
    pytest.mark.once,
    pytest.mark.timeout(180),
    pytest.mark.skipif(sys.platform != "linux", reason="the programs are driven as Debian packages them"),
]

S3270 = Client("s3270", "s3270")
HERCULES = Client("hercules", "hercules")

ERASE_WRITE, UNLOCK = b"\xf5", b"\xc3"
START_FIELD, SET_ADDRESS, INSERT_CURSOR = b"\x1d", b"\x11", b"\x13"
PROTECTED, FREE = b"\xf0", b"\x40"
ENTER = b"\x7d"


class Mainframe(MudHandler):
    """Asks for a name on a screen, and greets whoever entered it on the next."""

    options = (TTYPE, BINARY, EOR)

    def on_connect(self) -> None:
        self.entered = b""
        self.records: list[bytes] = []
        self.faults: list[str] = []
        self.session[EOR].request()
        self.session[BINARY].offer()
        self.session[BINARY].request()
        self.session.raw = True
        self.visitors.append(self)

    def on_ready(self) -> None:
        self.show("WHO ARE YOU?", START_FIELD + FREE + INSERT_CURSOR)

    def on_data(self, data: bytes) -> None:
        self.entered += data

    def on_command(self, command: bytes) -> None:
        if command == CMD_EOR:
            record, self.entered = self.entered, b""
            self.records.append(record)
            self.show(f"WELCOME {record[6:].decode('cp037')} é", START_FIELD + FREE + INSERT_CURSOR)

    def show(self, text: str, field: bytes) -> None:
        record = ERASE_WRITE + UNLOCK + START_FIELD + PROTECTED + text.encode("cp037") + field
        assert self.session[EOR].send_record(record)

    def on_protocol_error(self, reason: str, data: bytes) -> None:
        self.faults.append(reason)

    def on_error(self, exc: Exception) -> None:
        self.faults.append(repr(exc))

    visitors: list[Any]


@contextmanager
def visited(shell: str, folder: Path) -> Iterator[tuple[list[Any], Dialogue]]:
    """Have an emulator visit; give who came, and the one who types its actions."""
    visitors: list[Any] = []
    serving = start_shell(shell, type("Mainframe", (Mainframe,), {"visitors": visitors}))
    command = [required_program(S3270), "-model", "3278-2"]
    try:
        with on_pipe(command, {"PATH": SEARCH_PATH, "HOME": str(folder), "LANG": "C.UTF-8"}) as user:
            act(user, "Connect({}:{})".format(*serving.address[:2]))
            yield visitors, user
        assert [visitor.faults for visitor in visitors] == [[]]
    finally:
        serving.stop()


def act(user: Dialogue, action: str) -> None:
    user.type_line(action)
    user.wait_for("ok\n")


@pytest.mark.parametrize("shell", SHELLS)
def test_a_terminal_shows_a_screen_and_sends_back_what_its_user_entered(shell: str, tmp_path: Path) -> None:
    with visited(shell, tmp_path) as (visitors, user):
        act(user, "Wait(20,InputField)")
        user.type_line("Ascii()")
        user.wait_for("WHO ARE YOU?")

        act(user, 'String("ADA")')
        act(user, "Enter()")
        wait_until(lambda: visitors[0].records)
        act(user, "Wait(20,Unlock)")
        user.type_line("Ascii()")
        user.wait_for("WELCOME ADA é")

        [record] = visitors[0].records
        assert record[:1] == ENTER
        assert record[3:4] == SET_ADDRESS
        assert visitors[0].client.terminal == "IBM-3278-2-E"
        session = visitors[0].session
        assert (session[EOR].local, session[EOR].remote) == (True, True)


# A mainframe, for a client of ours


class Display(MudHandler):
    """A terminal that keeps the records that it was sent."""

    options = (TTYPE("IBM-3278-2"), BINARY, EOR)

    def on_connect(self) -> None:
        self.shown = b""
        self.records: list[bytes] = []
        self.faults: list[str] = []
        self.session.raw = True

    def on_data(self, data: bytes) -> None:
        self.shown += data

    def on_command(self, command: bytes) -> None:
        if command == CMD_EOR:
            self.records.append(self.shown)
            self.shown = b""

    def on_protocol_error(self, reason: str, data: bytes) -> None:
        self.faults.append(reason)


@contextmanager
def mainframe(folder: Path) -> Iterator[int]:
    """Switch on a mainframe without an operating system; give the port of its terminals."""
    port = unused_port()
    configuration = folder / "hercules.cnf"
    configuration.write_text(f"MAINSIZE 2\nNUMCPU 1\nARCHMODE S/370\nCNSLPORT {port}\n0700 3270\n")
    command = [required_program(HERCULES), "-d", "-f", str(configuration)]
    with on_pipe(command, {"PATH": SEARCH_PATH, "HOME": str(folder), "HERCULES_RC": "/dev/null"}):
        wait_until(lambda: is_taken(port), PATIENCE)
        yield port


@pytest.mark.parametrize("shell", SHELLS)
def test_a_mainframe_takes_a_client_of_ours_for_a_terminal_and_sends_it_a_record(shell: str, tmp_path: Path) -> None:
    with mainframe(tmp_path) as port, calling(shell, Display, port) as (display, run):
        wait_until(lambda: display.records, PATIENCE)

        [record] = display.records
        assert record[:1] == ERASE_WRITE
        assert "Hercules Version" in record.decode("cp037")
        assert run(lambda: display.session[EOR].send_record(ENTER + b"\x40\x40"))
        assert display.faults == []
