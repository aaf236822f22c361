"""The MUD of the examples: played on a wire of its own, and once over real sockets."""

from __future__ import annotations

import logging
import os
import re
import shutil
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import time
import unicodedata
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from heapq import heappop, heappush
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import pytest
from case_names import shown
from hypothesis import given, settings
from hypothesis import strategies as st

import telnet
from telnet import DO, DONT, WONT, negotiate, subnegotiation
from telnet.handler import MudHandler, combine
from telnet.options import CHARSET, ECHO, EOR, GMCP, MCCP2, MCCP3, MSDP, MSP, MSSP, MXP, NAWS, TTYPE, Option, Role
from telnet.options.msp import Sound, strip_msp
from telnet.options.mxp import LineMode, tag

# The examples are mapped into the package when it is built: a type checker sees where they are in the source tree.
if TYPE_CHECKING:
    from examples.mud import accounts as accounts_module
    from examples.mud import database as database_module
    from examples.mud.accounts import Accounts, Unavailable, default_path
    from examples.mud.allowance import Allowance, Allowances
    from examples.mud.characters import Character
    from examples.mud.commands import COMMANDS
    from examples.mud.door import MOST_WAITING, NEW_CHARACTERS, OF_A_NAME_FROM_A_NETWORK, network_of
    from examples.mud.game import Game
    from examples.mud.keeper import OVERDUE
    from examples.mud.login import ATTEMPTS, PATIENCE
    from examples.mud.main import CannotServe, open_accounts, serve
    from examples.mud.passwords import COST, hash_password, is_password
    from examples.mud.player import HARM, REST, STEP, players_of
    from examples.mud.screen import TITLE, Piece, Screen, Speech, columns, sgr, to_ascii
    from examples.mud.settings import Settings
    from examples.mud.speech import MOST_MARKS, UNFIT, clean
    from examples.mud.terminal import AT_ONCE, LONG
    from examples.mud.world import DIRECTIONS, Room, World
else:
    from telnet.examples.mud import accounts as accounts_module
    from telnet.examples.mud import database as database_module
    from telnet.examples.mud.accounts import Accounts, Unavailable, default_path
    from telnet.examples.mud.allowance import Allowance, Allowances
    from telnet.examples.mud.characters import Character
    from telnet.examples.mud.commands import COMMANDS
    from telnet.examples.mud.door import MOST_WAITING, NEW_CHARACTERS, OF_A_NAME_FROM_A_NETWORK, network_of
    from telnet.examples.mud.game import Game
    from telnet.examples.mud.keeper import OVERDUE
    from telnet.examples.mud.login import ATTEMPTS, PATIENCE
    from telnet.examples.mud.main import CannotServe, open_accounts, serve
    from telnet.examples.mud.passwords import COST, hash_password, is_password
    from telnet.examples.mud.player import HARM, REST, STEP, players_of
    from telnet.examples.mud.screen import TITLE, Piece, Screen, Speech, columns, sgr, to_ascii
    from telnet.examples.mud.settings import Settings
    from telnet.examples.mud.speech import MOST_MARKS, UNFIT, clean
    from telnet.examples.mud.terminal import AT_ONCE, LONG
    from telnet.examples.mud.world import DIRECTIONS, Room, World

ROOT = Path(__file__).parent.parent
SECONDS = 20.0  # for a Python to start on a busy machine
SHELLS = ("selectors", "asyncio")
SHELLS_AND_UVLOOP = (*SHELLS, *(["uvloop"] if find_spec("uvloop") else []))
HURRIED = """if True:
    import sys
    from telnet.cli import main
    from telnet.examples.mud import accounts, keeper
    accounts.RETRY, keeper.OVERDUE = 0.25, 0.4
"""
ON_UVLOOP = f"""{HURRIED}
    from contextlib import closing
    import uvloop
    from telnet.examples.mud.game import Game
    from telnet.examples.mud.main import open_accounts, serve_on_asyncio
    from telnet.examples.mud.world import World
    with closing(open_accounts(sys.argv[1])) as accounts:
        uvloop.run(serve_on_asyncio(Game(World.load(), accounts), "127.0.0.1", 0))
"""
PASSWORD = "open sesame"
KEPT = (  # the same in every process, since names of tests have it
    "scrypt$2$8$1$00112233445566778899aabbccddeeff"
    "$f10561b5483203f14e09dd039c40f5126f36d3f43cd17aab3bceb6b552d470cbb9bcfd4599e60716ec1ad87c16c35f2365f9696ec4f6cf1d0de9938fd1b83142"
)
few = settings(max_examples=200)  # a program to copy from, not the core
JETTY, SQUARE, CAFE, OFFICE, CLIFF = 1, 2, 3, 4, 5

# --- a wire -----------------------------------------------------------------------------------------------------------


class Shell(MudHandler):
    """The server's end of a wire: no sockets, and the time is what the island says."""

    island: Island
    address: Any = None

    @property
    def remote_address(self) -> Any:
        return self.address

    def call_later(self, delay: float, function: Callable[..., Any], *arguments: Any) -> None:
        self.island.call_later(delay, function, *arguments)

    def call_from_thread(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.island.from_threads.put((function, arguments))

    def close(self, flush: bool = True) -> None:
        if not self.session.closed:
            self.session.close()
            self.on_close()


class Visitor(MudHandler):
    """The client's end: what its user has seen, and what its panels were told."""

    def __init__(self, island: Island, *options: type[Option] | Option, address: Any = None) -> None:
        self.address = address
        self.options = options  # type: ignore[misc]  # each visitor has its own
        self.shown = ""
        self.gmcp: list[tuple[str, Any]] = []
        self.msdp: dict[str, Any] = {}
        self.mssp: dict[str, list[str]] = {}
        self.sounds: list[Sound] = []
        self.hidden = False
        self.make_session(Role.CLIENT)
        self.player = island.connect(self)

    def on_line(self, line: str) -> None:
        self.shown += f"{line}\n"

    def on_prompt(self, text: str) -> None:
        self.shown += text

    def on_echo(self, shown: bool) -> None:
        self.hidden = not shown

    def on_gmcp(self, package: str, value: Any) -> None:
        self.gmcp.append((package, value))

    def on_msdp(self, name: str, value: Any) -> None:
        self.msdp[name] = value

    def on_mssp(self, variables: dict[str, list[str]]) -> None:
        self.mssp = variables

    def on_msp(self, sound: Sound) -> None:
        self.sounds.append(sound)

    def told(self, package: str) -> list[Any]:
        """The values of all messages of a package of GMCP."""
        return [value for name, value in self.gmcp if name == package]

    def type(self, *lines: str) -> str:
        """Type lines, and return what is shown then."""
        self.shown = ""
        for line in lines:
            self.send_line(line)
        self.player.island.run()
        return self.shown

    def log_in(self, name: str) -> Visitor:
        self.type(name, PASSWORD)
        return self


class Island:
    """A game without a shell: visitors on wires, and a clock that stands still unless it is told."""

    def __init__(self, path: str | Path = ":memory:") -> None:
        self.accounts = Accounts(path)
        self.game = Game(World.load(), self.accounts, lambda: self.now)
        self.now = 0.0
        self.patient = True
        self.from_threads: SimpleQueue[tuple[Callable[..., Any], tuple[Any, ...]]] = SimpleQueue()
        self.errors: list[Exception] = []
        self._timers: list[tuple[float, int, Callable[..., Any], tuple[Any, ...]]] = []
        self._order = count()
        self._visitors: list[Visitor] = []

    def close(self) -> None:
        self.game.close()
        self.accounts.close()

    def add(self, name: str, **kept: Any) -> None:
        """Make a character whose password takes no time to check."""
        character = Character(name, hash_password(PASSWORD, cost=2), **{"room": JETTY, **kept})
        assert self.accounts.add(character).result()

    def find(self, name: str) -> Character | None:
        """Return what is kept of a character at this moment."""
        return self.accounts.find(name).result()

    def visitor(self, name: str, *options: type[Option] | Option, **kept: Any) -> Visitor:
        """Return somebody who has logged in."""
        self.add(name, **kept)
        return Visitor(self, *options).log_in(name)

    def connect(self, visitor: Visitor) -> Any:
        player = combine(players_of(self.game), Shell)()
        player.island = self
        player.address = visitor.address
        player.make_session(report=self.errors.append)
        visitor.player = player
        self._visitors.append(visitor)
        player.session.start(self.now)
        visitor.session.start(self.now)
        self.run()
        return player

    def run(self, seconds: float = 0.0) -> None:
        """Carry what is on the wires, and let time pass."""
        self._carry()
        self._come_back()
        end = self.now + seconds
        while self._timers and self._timers[0][0] <= end:
            self.now, _, function, arguments = heappop(self._timers)
            self._call(function, *arguments)
            self._carry()
            self._come_back()
        self.now = max(self.now, end)

    def _come_back(self) -> None:
        """Wait for what threads do, if patient, and go on with what they have done."""
        while self.patient:
            self.accounts.find("").exception()  # after all that the one thread had to do before
            if self.from_threads.empty() and not self.game.door.busy:
                return
            function, arguments = self.from_threads.get(timeout=SECONDS)
            self._call(function, *arguments)
            self._carry()

    def _call(self, function: Callable[..., Any], *arguments: Any) -> None:
        try:
            function(*arguments)
        except Exception as error:  # as a shell does
            self.errors.append(error)

    def call_later(self, delay: float, function: Callable[..., Any], *arguments: Any) -> None:
        heappush(self._timers, (self.now + delay, next(self._order), function, arguments))

    def _carry(self) -> None:
        moved = True
        while moved:
            moved = False
            for visitor in self._visitors:
                to_client, to_server = visitor.player.session.take(), visitor.session.take()
                visitor.session.receive(to_client, self.now)
                visitor.player.session.receive(to_server, self.now)
                moved = moved or bool(to_client or to_server)


@pytest.fixture
def island() -> Iterator[Island]:
    island = Island()
    yield island
    island.close()
    assert not island.errors


# --- the world --------------------------------------------------------------------------------------------------------


def test_every_way_leads_where_it_says_and_back() -> None:
    world = World.load()

    for room in world:
        for direction, number in room.exits.items():
            beyond = world.room(number)
            step = tuple(there - here for here, there in zip(room.place, beyond.place, strict=True))
            assert step == DIRECTIONS[direction]
            assert room.number in beyond.exits.values()


@pytest.mark.parametrize("way", [{"north": 2}, {"sideways": 1}])
def test_a_way_that_leads_nowhere_is_refused_by_name(way: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="Cell: no way leads"):
        World("", "", 1, [Room(1, "Cell", "", way, (0, 0, 0))])


def test_a_room_that_is_gone_is_the_first_one() -> None:
    world = World.load()

    assert world.room(999) is world.room(JETTY)


# --- accounts ---------------------------------------------------------------------------------------------------------


def test_a_password_is_kept_with_its_parameters_and_another_salt_each_time() -> None:
    kept = [hash_password(PASSWORD, cost=2) for _ in range(2)]

    assert all(re.fullmatch(r"scrypt\$2\$8\$1\$[0-9a-f]{32}\$[0-9a-f]{128}", each) for each in kept)
    assert kept[0] != kept[1]


def test_a_password_is_right_or_it_is_not() -> None:
    kept = hash_password("pässwörd", cost=2)

    assert is_password("pässwörd", kept)
    assert not is_password("passwort", kept)


def test_a_guess_takes_16_mib() -> None:
    assert 128 * 8 * COST == 16 << 20  # RFC 7914: 128 * r * N bytes


def test_a_character_survives_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "state" / "mud.sqlite3"
    accounts = Accounts(path)
    ada = Character("Ada", KEPT, SQUARE, {JETTY, SQUARE}, Settings(reader=True))
    accounts.add(ada)
    ada.room = CAFE
    ada.settings.change("width", "40")
    accounts.save(ada)
    accounts.close()

    again = Accounts(path)

    assert again.find("Ada").result() == Character("Ada", KEPT, CAFE, {JETTY, SQUARE}, Settings(reader=True, width=40))
    again.close()


def test_a_name_is_given_once() -> None:
    accounts = Accounts(":memory:")

    assert accounts.add(Character("Ada", KEPT, JETTY)).result()
    assert not accounts.add(Character("Ada", KEPT, SQUARE)).result()
    assert accounts.find("Ada").result() == Character("Ada", KEPT, JETTY)
    assert accounts.find("Bob").result() is None
    accounts.close()


def test_characters_are_kept_with_the_state_of_this_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert default_path() == tmp_path / "telnet" / "mud.sqlite3"

    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    for not_absolute in ("state", ""):
        monkeypatch.setenv("XDG_STATE_HOME", not_absolute)
        assert default_path() == tmp_path / ".local" / "state" / "telnet" / "mud.sqlite3"
    monkeypatch.delenv("XDG_STATE_HOME")
    assert default_path() == tmp_path / ".local" / "state" / "telnet" / "mud.sqlite3"


def test_settings_of_another_time_are_read_as_far_as_they_are_known() -> None:
    assert Settings.from_json('{"width": 60, "font": "Courier"}') == Settings(width=60)


# --- the disk ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with Ada in it.  Who waits for it does not wait long, and tries again soon."""
    monkeypatch.setattr(database_module, "BUSY", 0.05)
    monkeypatch.setattr(accounts_module, "RETRY", 0.1)
    path = tmp_path / "mud.sqlite3"
    accounts = Accounts(path)
    accounts.add(Character("Ada", KEPT, SQUARE, {JETTY, SQUARE}, Settings(width=40))).result()
    accounts.close()
    return path


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """What another program does that is in the middle of a change."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.close()


def kept_room(path: Path, name: str = "Ada") -> int:
    other = sqlite3.connect(path)
    (room,) = other.execute("SELECT room FROM characters WHERE name = ?", (name,)).fetchone()
    other.close()
    return int(room)


def damage(path: Path, column: str, value: object) -> None:
    """Change a row as no program of ours would, in a table that allows it."""
    other = sqlite3.connect(path, isolation_level=None)
    (row,) = other.execute("SELECT name, password, room, seen, settings FROM characters").fetchall()
    other.execute("DROP TABLE characters")
    other.execute("CREATE TABLE characters (name PRIMARY KEY, password, room, seen, settings)")
    other.execute("INSERT INTO characters VALUES (?, ?, ?, ?, ?)", row)
    other.execute(f"UPDATE characters SET {column} = ?", (value,))
    other.close()


NEWCOMER = Character("Ada")


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("room", "the attic"),
        ("room", None),
        ("room", 2.5),
        ("seen", "[1, 2"),
        ("seen", '{"1": 2}'),
        ("seen", '["1"]'),
        pytest.param("seen", "[" * 100_000, id="seen, nested"),
        ("seen", b"\xff\xfe"),
        ("seen", None),
        ("settings", "[]"),
        ("settings", '{"width": 5}'),
        ("settings", '{"colours": []}'),
        ("settings", '{"reader": 1}'),
        ("settings", None),
        ("password", None),
        ("password", 7),
        ("password", ""),
        ("password", KEPT.replace("$2$", "$3$")),
        ("password", KEPT.replace("$2$8$", "$1048576$8$")),
        ("password", f"{KEPT}0"),
    ],
    ids=shown,
)
def test_what_cannot_be_read_of_a_character_is_a_newcomers(database: Path, column: str, value: object) -> None:
    damage(database, column, value)
    accounts = Accounts(database)

    ada = accounts.find("Ada").result()

    assert ada is not None
    assert ada.damage == (column,)
    assert getattr(ada, column) == getattr(NEWCOMER, column)
    whole = Character("Ada", KEPT, SQUARE, {JETTY, SQUARE}, Settings(width=40))
    assert all(getattr(ada, each) == getattr(whole, each) for each in ("password", "room", "seen") if each != column)
    accounts.close()


def test_whoever_has_lost_something_is_told_and_plays_on(database: Path, caplog: pytest.LogCaptureFixture) -> None:
    damage(database, "seen", "[1, 2")
    island = Island(database)

    shown = Visitor(island).type("Ada", PASSWORD, "look")

    assert "cannot be read, and is as for a newcomer: seen." in " ".join(shown.split())
    assert "The Square" in shown and shown.endswith("100hp 100mv> ")
    assert [record.message for record in caplog.records] == [f"{database}: of Ada, this cannot be read: seen"]
    island.close()


def test_whose_password_cannot_be_read_is_told_before_it_is_asked(database: Path) -> None:
    damage(database, "password", "secret")
    island = Island(database)

    shown = Visitor(island).type("Ada")

    assert "The password of Ada cannot be read." in shown
    assert shown.endswith("Name: ")
    island.close()


def test_a_table_that_lacks_a_column_is_refused_by_name(database: Path) -> None:
    other = sqlite3.connect(database)
    other.execute("ALTER TABLE characters RENAME COLUMN seen TO visited")
    other.close()

    with pytest.raises(sqlite3.Error, match="seen"):
        Accounts(database)


def test_only_the_latest_state_waits_and_whoever_asks_gets_it(database: Path) -> None:
    accounts = Accounts(database)
    ada = accounts.find("Ada").result()
    assert ada is not None
    with locked(database):
        futures = set()
        for ada.room in (JETTY, SQUARE, CAFE):
            futures.add(accounts.save(ada))
        again = accounts.find("Ada").result()

        assert again is not None and again.room == CAFE
        assert not any(future.done() for future in futures)
    assert len(futures) == 1
    futures.pop().result(SECONDS)

    assert kept_room(database) == CAFE
    accounts.close()


def test_a_new_name_that_cannot_be_kept_is_a_failure(database: Path) -> None:
    accounts = Accounts(database)

    with locked(database), pytest.raises(Unavailable):
        accounts.add(Character("Bob", KEPT)).result()

    assert accounts.add(Character("Bob", KEPT)).result()
    accounts.close()


def test_what_is_wrong_with_the_disk_is_logged_once_until_it_is_right(
    database: Path, caplog: pytest.LogCaptureFixture
) -> None:
    accounts = Accounts(database)
    ada = accounts.find("Ada").result()
    assert ada is not None
    with locked(database):
        saved = accounts.save(ada)
        for name in ("Bob", "Cyd"):
            assert isinstance(accounts.add(Character(name, KEPT)).exception(), Unavailable)
    saved.result(SECONDS)

    assert [record.message for record in caplog.records] == [
        f"{database}: cannot write characters: database is locked",
        f"{database}: characters are written again",
    ]
    accounts.close()


def test_a_character_is_written_again_when_its_row_has_gone(database: Path) -> None:
    accounts = Accounts(database)
    ada = accounts.find("Ada").result()
    assert ada is not None
    other = sqlite3.connect(database, isolation_level=None)
    other.execute("DELETE FROM characters")
    other.close()

    accounts.save(ada).result(SECONDS)

    assert accounts.find("Ada").result() == ada
    accounts.close()


def test_a_file_that_has_gone_is_not_made_anew_and_found_when_it_is_back(database: Path) -> None:
    accounts = Accounts(database)
    ada = accounts.find("Ada").result()
    assert ada is not None
    away = database.with_name("away")
    shutil.copy(database, away)
    database.unlink()
    ada.room = CAFE

    saved = accounts.save(ada)
    with pytest.raises(Unavailable):
        accounts.find("Bob").result()
    assert not database.exists()
    away.rename(database)
    saved.result(SECONDS)

    assert kept_room(database) == CAFE
    accounts.close()


def test_at_the_end_what_waits_is_written(database: Path) -> None:
    accounts = Accounts(database)
    ada = accounts.find("Ada").result()
    assert ada is not None
    ada.room = CAFE

    with locked(database):
        accounts.save(ada)
        time.sleep(0.5)  # the first attempt fails
    accounts.close()

    assert kept_room(database) == CAFE


@pytest.mark.once
@pytest.mark.slow
def test_the_end_comes_even_if_the_disk_does_not(
    database: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts_module, "LAST_ATTEMPTS", 0.5)
    accounts = Accounts(database)
    ada = accounts.find("Ada").result()
    assert ada is not None

    with locked(database):
        accounts.save(ada)
        began = time.monotonic()
        accounts.close()

    assert 0.5 < time.monotonic() - began < 2.5
    assert caplog.records[-1].message == f"{database}: at the end, these were not saved: Ada"


def test_whoever_cannot_be_saved_is_told_once_and_when_it_is_well_again(database: Path) -> None:
    island = Island(database)
    ada = Visitor(island).log_in("Ada")
    with locked(database):
        island.patient = False
        shown = ada.type("west")
        island.run(OVERDUE)
        shown += ada.shown
        shown += ada.type("east")
        island.run(OVERDUE)
        shown += ada.shown
    island.patient = True

    assert shown.count("Your character cannot be saved just now.") == 1
    assert "The Square" in shown
    deadline = time.monotonic() + SECONDS
    while "Your character is saved again." not in ada.shown and time.monotonic() < deadline:
        island.run()
        time.sleep(0.05)
    assert "Your character is saved again." in ada.shown
    assert kept_room(database) == SQUARE
    island.close()


def test_whoever_cannot_be_loaded_is_told_and_asked_again(database: Path) -> None:
    island = Island(database)
    away = database.rename(database.with_name("away"))

    shown = Visitor(island).type("Ada")
    assert "Your character cannot be loaded or saved just now. Please try again in a\nmoment." in shown
    assert shown.endswith("Name: ")

    away.rename(database)
    assert "Password: " in Visitor(island).type("Ada")
    island.close()


def test_who_logs_in_again_goes_on_from_where_they_are_without_the_disk(database: Path) -> None:
    island = Island(database)
    ada = Visitor(island).log_in("Ada")
    ada.type("west")
    away = database.rename(database.with_name("away"))

    shown = Visitor(island).type("Ada", PASSWORD)

    assert "Café Morse" in shown or "Cafe Morse" in shown
    away.rename(database)
    island.close()


def test_a_command_is_answered_when_the_disk_has_what_it_changed(database: Path) -> None:
    island = Island(database)
    ada = Visitor(island).log_in("Ada")
    island.patient = False

    assert "Morse" not in ada.type("west")
    assert kept_room_soon(database, CAFE)
    island.patient = True
    assert "Morse" in ada.type()
    island.close()


def kept_room_soon(path: Path, room: int) -> bool:
    deadline = time.monotonic() + SECONDS
    while kept_room(path) != room and time.monotonic() < deadline:
        time.sleep(0.01)
    return kept_room(path) == room


@pytest.mark.skipif(os.name != "posix", reason="there are rights of another kind")
def test_nobody_else_can_read_the_passwords(tmp_path: Path) -> None:
    path = tmp_path / "mud.sqlite3"
    before = os.umask(0)
    try:
        accounts = Accounts(path)
        accounts.add(Character("Ada", KEPT)).result()
        modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in tmp_path.iterdir()}
        accounts.close()
    finally:
        os.umask(before)

    assert modes == dict.fromkeys((path.name, *(f"{path.name}-{each}" for each in ("wal", "shm", "lock"))), 0o600)


@pytest.mark.skipif(os.name != "posix", reason="there are rights of another kind")
def test_a_file_that_others_could_read_is_closed_to_them(database: Path) -> None:
    database.chmod(0o666)

    Accounts(database).close()

    assert stat.S_IMODE(database.stat().st_mode) == 0o600


@pytest.mark.skipif(os.name != "posix", reason="there are rights of another kind")
def test_directories_that_are_made_are_closed_to_others_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        Accounts(tmp_path / "state" / "mud" / "mud.sqlite3").close()
    finally:
        os.umask(before)

    for made in (tmp_path / "state", tmp_path / "state" / "mud"):
        assert stat.S_IMODE(made.stat().st_mode) == 0o700


@pytest.mark.skipif(os.name != "posix", reason="there are rights of another kind")
def test_a_file_that_was_put_in_its_place_is_closed_to_others_too(database: Path) -> None:
    accounts = Accounts(database)
    backup = Path(shutil.copy(database, database.with_name("backup")))
    backup.chmod(0o644)
    backup.replace(database)

    assert accounts.find("Ada").result() is not None
    assert stat.S_IMODE(database.stat().st_mode) == 0o600
    accounts.close()


@pytest.mark.parametrize("other_name", ["mud.sqlite3", "link", "../{}/mud.sqlite3"])
def test_two_muds_never_share_a_file(database: Path, other_name: str) -> None:
    database.with_name("link").symlink_to(database)
    accounts = Accounts(database)

    with pytest.raises(OSError, match="another MUD keeps its characters there already"):
        Accounts(database.parent / other_name.format(database.parent.name))

    accounts.close()
    Accounts(database).close()


def test_a_file_with_two_names_is_refused(database: Path) -> None:
    os.link(database, database.with_name("link"))

    with pytest.raises(OSError, match="more than one name"):
        Accounts(database.with_name("link"))


def test_a_second_mud_in_this_program_does_not_take_the_lock_of_the_first(database: Path) -> None:
    accounts = Accounts(database)
    with pytest.raises(OSError, match="another MUD"):
        Accounts(database)

    command = [sys.executable, "-m", "telnet", "demo", "--port=0", f"--database={database}"]
    elsewhere = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    accounts.close()

    assert "another MUD keeps its characters there already" in elsewhere.stderr


@pytest.mark.skipif(os.name != "posix", reason="there are rights and files of another kind")
@pytest.mark.parametrize("kind", ["directory", "pipe", "text", "link to itself"])
def test_what_is_no_database_is_refused_as_it_is(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "mud.sqlite3"
    if kind == "directory":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "text":
        path.write_text("Dear sir, we have not received\n" * 100)
        path.chmod(0o644)
    else:
        path.symlink_to(path)
    before = path.lstat().st_mode

    with pytest.raises(CannotServe, match="cannot keep characters in "):
        open_accounts(path)

    assert path.lstat().st_mode == before


@pytest.mark.skipif(os.name != "posix", reason="there are rights of another kind")
def test_a_file_that_cannot_be_written_to_is_refused(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)  # whoever runs this may be allowed anything

    with pytest.raises(OSError, match="one that this user can write to"):
        Accounts(database)


def test_somebody_without_a_home_is_told_that_a_file_has_to_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", home)

    with pytest.raises(CannotServe, match="in a file of this user: Could not determine home directory"):
        open_accounts(None)


# --- screens ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("colours", "painted"),
    [
        (0, "gold"),
        (8, "\x1b[33mgold\x1b[0m"),
        (256, "\x1b[38;5;221mgold\x1b[0m"),
        (1 << 24, "\x1b[38;2;255;215;95mgold\x1b[0m"),
    ],
)
def test_a_colour_is_the_nearest_that_the_client_has(colours: int, painted: str) -> None:
    assert Screen(colours=colours).paragraph(Piece("gold", TITLE)) == painted


@pytest.mark.parametrize(("colour", "index"), [((0, 0, 0), 16), ((255, 255, 255), 231), ((100, 140, 180), 67)])
def test_a_colour_of_256_is_in_the_cube_of_xterm(colour: tuple[int, int, int], index: int) -> None:
    assert sgr(colour, 256) == f"38;5;{index}"


def test_lines_are_wrapped_at_the_width_of_what_is_seen() -> None:
    screen = Screen(width=20, colours=8)

    lines = screen.paragraph("a road leads ", Piece("north to the gate", TITLE), ", and on.").split("\n")

    assert lines == ["a road leads \x1b[33mnorth\x1b[0m", "\x1b[33mto the gate\x1b[0m, and on."]


def test_a_word_that_does_not_fit_is_cut() -> None:
    assert Screen(width=20).paragraph("x" * 50) == f"{'x' * 20}\n{'x' * 20}\n{'x' * 10}"


def test_for_a_screen_reader_nothing_is_wrapped_or_drawn() -> None:
    screen = Screen(width=20, unicode=True, reader=True)

    assert screen.heading("The Jetty") == "The Jetty."
    assert screen.paragraph("word " * 30) == "word " * 30


@pytest.mark.parametrize(
    ("unicode", "heading", "text"),
    [
        (True, "── Ü ────────────────", "“é”"),
        (None, "-- Ü ----------------", "“é”"),
        (False, "-- U ----------------", '"e"'),
    ],
)
def test_a_client_gets_the_characters_that_it_has(unicode: bool | None, heading: str, text: str) -> None:
    screen = Screen(width=21, unicode=unicode)

    assert screen.heading("Ü") == heading
    assert screen.paragraph("“é”") == text


def test_what_ascii_lacks_is_a_question_mark() -> None:
    assert to_ascii("naïve – 猫") == "naive - ?"


def test_what_cannot_be_seen_is_not_even_a_question_mark_in_ascii() -> None:
    assert to_ascii("\u2764\ufe0f \U0001f469\u200d\U0001f680 \u0915\u094d") == "? ?? ?"


@pytest.mark.parametrize("written", ["!!SOUND(a.wav)", "！！ＳＯＵＮＤ（a.wav）"])
def test_no_text_is_a_sound_not_even_in_ascii(written: str) -> None:
    assert Screen(unicode=False).paragraph(written) == "SOUND(a.wav)"


@few
@given(st.text(), st.integers(20, 60), st.sampled_from((True, None)))
def test_any_text_fits_and_is_whole(text: str, width: int, unicode: bool | None) -> None:
    typed = clean(text)

    lines = Screen(width, unicode=unicode).paragraph(typed, indent=2).split("\n")

    assert max(map(columns, lines)) <= width
    assert all(line[:2] == "  " and line[2] != " " for line in lines[1:])
    assert "".join("".join(lines).split()) == "".join(strip_msp(typed).split())


@few
@given(st.text())
def test_any_text_is_in_ascii_for_who_has_nothing_else(text: str) -> None:
    assert Screen(unicode=False).paragraph(text).isascii()


# --- login ------------------------------------------------------------------------------------------------------------


def test_a_new_name_chooses_a_password_twice(island: Island) -> None:
    ada = Visitor(island, ECHO)

    assert "Ada is new here" in ada.type("ada")
    assert "at least 8" in ada.type("short")
    assert "And again" in ada.type(PASSWORD)
    assert "These were two" in ada.type("something else")
    assert "And again" in ada.type(PASSWORD)
    assert "Hello, Ada!" in ada.type(PASSWORD)

    kept = island.find("Ada")
    assert kept is not None and is_password(PASSWORD, kept.password)


def test_a_password_is_hidden_while_it_is_typed(island: Island) -> None:
    island.add("Ada")
    ada = Visitor(island, ECHO)
    hidden = [ada.hidden]
    for line in ("Ada", "not the password", PASSWORD):
        ada.type(line)
        hidden.append(ada.hidden)

    assert hidden == [False, True, True, False]


def test_a_password_is_never_sent_back(island: Island) -> None:
    island.add("Ada")
    ada = Visitor(island)

    shown = ada.type("Ada", PASSWORD, "look")

    assert "The Jetty" in shown
    assert PASSWORD not in shown


def test_three_wrong_passwords_end_the_connection(island: Island) -> None:
    island.add("Ada")
    ada = Visitor(island)
    ada.type("Ada")

    answers = [ada.type("not the password") for _ in range(ATTEMPTS)]

    assert ["Password: " in answer for answer in answers] == [True, True, False]
    assert ada.player.session.closed
    assert not island.game.players


@pytest.mark.parametrize("name", ["", "x", "x" * 17, "Ada2", "Ada Byron", "Åda", "me", "your", "\x1b[31mAda"])
def test_a_name_is_letters_and_nobody_else(island: Island, name: str) -> None:
    shown = Visitor(island).type(name)

    assert "2 to 16 letters" in shown
    assert shown.endswith("Name: ")


def test_a_name_that_two_choose_at_once_goes_to_the_first(island: Island) -> None:
    first, second = Visitor(island), Visitor(island)
    second.type("Ada", PASSWORD)
    first.type("Ada", PASSWORD, PASSWORD)

    shown = second.type("another password")
    shown = second.type(PASSWORD, PASSWORD)

    assert "Somebody else has just become Ada." in shown
    assert list(island.game.players.values()) == [first.player]


def test_who_logs_in_again_takes_over(island: Island) -> None:
    old, bob = island.visitor("Ada"), island.visitor("Bob")
    bob.type("say hi")
    bob.shown = ""

    new = Visitor(island).log_in("Ada")

    assert old.shown.endswith("100hp 100mv> \nYou have logged in from elsewhere.\n")
    assert old.player.session.closed
    assert island.game.players["Ada"] is new.player
    assert "Ada" not in bob.shown


def test_who_does_not_log_in_is_not_waited_for(island: Island) -> None:
    stranger, ada = Visitor(island), island.visitor("Ada")

    island.run(PATIENCE + 1)

    assert "Goodbye" in stranger.shown
    assert stranger.player.session.closed
    assert not ada.player.session.closed


def test_others_play_while_a_password_is_checked(island: Island) -> None:
    ada = island.visitor("Ada")
    island.add("Bob")
    bob = Visitor(island)
    island.patient = False

    assert "Hello" not in bob.type("Bob", PASSWORD, "say I waited")
    assert "You say: still here" in ada.type("say still here")

    island.patient = True
    assert "Hello, Bob!" in bob.type()
    assert "Bob says: I waited" in ada.shown


def test_who_goes_while_a_password_is_checked_does_not_come_in(island: Island) -> None:
    island.add("Ada")
    ada = Visitor(island)
    island.patient = False
    ada.type("Ada", PASSWORD)

    ada.player.close()
    island.patient = True
    island.run()

    assert not island.game.players


# --- the door ---------------------------------------------------------------------------------------------------------

HERE, ELSEWHERE = ("192.0.2.1", 4711), ("198.51.100.7", 4711)
FREE = OF_A_NAME_FROM_A_NETWORK[0]


def guess(island: Island, name: str, address: Any, times: int) -> None:
    """Give a wrong password so many times, on ever new connections."""
    for _ in range(times):
        guesser = Visitor(island, address=address)
        guesser.type(name, "not the password")
        guesser.player.close()


def wrong_ones(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records if "wrong password" in record.message]


def test_an_allowance_comes_back_and_what_is_spent_beyond_it_is_owed() -> None:
    allowance = Allowance(2, 0.5)

    assert allowance.wait(now=0.0) == 0.0
    allowance.spend(0.0, 4)
    assert allowance.wait(0.0) == 6.0
    assert allowance.wait(4.0) == 2.0
    assert allowance.wait(6.0) == 0.0
    assert allowance.spent(100.0) == 0.0


def test_allowances_are_bounded_and_forget_those_not_used_for_longest() -> None:
    allowances = Allowances(1, 1.0, most=2)
    for key in ("first", "second"):
        allowances[key].spend(0.0)

    assert allowances["first"].spent(0.0) == 1.0
    assert allowances["third"].spent(0.0) == 0.0
    assert len(allowances) == 2
    assert allowances["second"].spent(0.0) == 0.0  # as if it had never been


@pytest.mark.parametrize(
    ("address", "network"),
    [
        (("192.0.2.1", 4711), "192.0.2.1"),
        (("::ffff:192.0.2.1", 4711, 0, 0), "192.0.2.1"),
        (("2001:db8:1:2:3:4:5:6", 4711, 0, 0), "2001:db8:1:2::/64"),
        (("2001:db8:1:2::", 4711, 0, 0), "2001:db8:1:2::/64"),
        (("fe80::1%eth0", 4711, 0, 2), "fe80::/64"),
        ("/run/mud", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_a_network_is_what_one_person_has(address: Any, network: str) -> None:
    assert network_of(address) == network


def test_wrong_passwords_are_free_until_they_are_many_and_then_each_waits(
    island: Island, caplog: pytest.LogCaptureFixture
) -> None:
    island.add("Ada")
    guess(island, "Ada", HERE, FREE)
    guesser = Visitor(island, address=HERE)

    shown = guesser.type("Ada", "not the password")
    assert "too many passwords of late" in shown
    assert len(wrong_ones(caplog)) == FREE

    island.run(1 / OF_A_NAME_FROM_A_NETWORK[1])
    assert "That is not the password." in guesser.shown
    assert len(wrong_ones(caplog)) == FREE + 1


def test_a_wrong_password_is_logged_without_it(island: Island, caplog: pytest.LogCaptureFixture) -> None:
    island.add("Ada")

    guess(island, "Ada", ("2001:db8:1:2:3:4:5:6", 1, 0, 0), 1)

    assert [record.message for record in caplog.records] == ["wrong password for Ada from 2001:db8:1:2::/64"]
    assert caplog.records[0].levelno == logging.WARNING


def test_the_log_of_wrong_passwords_is_bounded(island: Island, caplog: pytest.LogCaptureFixture) -> None:
    for number, letter in enumerate("abcdefghijklmnopqrstuvwxyz"):
        island.add(f"Ada{letter}")
        guess(island, f"Ada{letter}", (f"192.0.2.{number}", 1), 1)

    assert len(wrong_ones(caplog)) == 10

    island.run(10.0)
    guess(island, "Adaa", HERE, 1)
    assert wrong_ones(caplog)[10:] == [
        "wrong password for Adaa from 192.0.2.1 (16 lines before this one were left out)"
    ]


def test_another_name_from_the_network_of_a_guesser_is_not_kept_waiting(island: Island) -> None:
    island.add("Ada")
    island.add("Bob")
    guess(island, "Ada", HERE, FREE)
    Visitor(island, address=HERE).type("Ada", "not the password")

    assert "Hello, Bob!" in Visitor(island, address=HERE).type("Bob", PASSWORD)


def test_the_same_name_from_another_network_is_not_kept_waiting(island: Island) -> None:
    island.add("Ada")
    guess(island, "Ada", HERE, FREE)
    Visitor(island, address=HERE).type("Ada", "not the password")

    assert "Hello, Ada!" in Visitor(island, address=ELSEWHERE).type("Ada", PASSWORD)


def test_whoever_was_in_from_a_network_is_not_kept_waiting_by_guessers_elsewhere(island: Island) -> None:
    island.add("Ada")
    Visitor(island, address=ELSEWHERE).type("Ada", PASSWORD, "quit")
    for number in range(20):
        guess(island, "Ada", (f"192.0.2.{number}", 1), 3)
    late = Visitor(island, address=("203.0.113.1", 1))

    assert "too many passwords" in late.type("Ada", "not the password")
    assert "Hello, Ada!" in Visitor(island, address=ELSEWHERE).type("Ada", PASSWORD)


def test_whoever_tries_many_names_from_a_network_is_kept_waiting_too(island: Island) -> None:
    names = [f"Ada{letter}" for letter in "abcdefghijklmnopqrstu"]
    for name in names:
        island.add(name)
        guess(island, name, HERE, 1)

    assert "too many passwords" in Visitor(island, address=HERE).type(names[0], "not the password")


def test_of_those_who_wait_whoever_has_failed_least_goes_first_and_then_the_newest(island: Island) -> None:
    for name in ("Ada", "Bob"):
        island.add(name)
    guess(island, "Ada", HERE, 2)
    door, player = island.game.door, Visitor(island, address=HERE).player
    names = ["Ada", "Ada", "Ada", "Bob"]
    waiting = {door.check(player, name, "not the password", KEPT): place for place, name in enumerate(names)}

    order: list[int] = []
    while waiting:
        function, arguments = island.from_threads.get(timeout=SECONDS)
        function(*arguments)
        order += [waiting.pop(answer) for answer in tuple(waiting) if answer.done()]

    assert order == [0, 3, 2, 1]  # the first was let in before the others came


def test_a_right_password_again_and_again_is_kept_waiting_too(island: Island) -> None:
    island.add("Ada")
    shown = ""
    for _ in range(100):
        visitor = Visitor(island, address=HERE)
        shown = visitor.type("Ada", PASSWORD)
        visitor.type("quit")
        if "too many passwords" in shown:
            break

    assert "too many passwords" in shown


def test_when_too_many_wait_the_last_in_the_order_is_turned_away(island: Island) -> None:
    island.add("Ada")
    door = island.game.door
    guess(island, "Ada", HERE, FREE)
    player = Visitor(island, address=HERE).player
    others = [door.check(player, "Ada", "not the password", KEPT) for _ in range(MOST_WAITING)]

    last = door.check(player, "Ada", PASSWORD, KEPT)

    assert "Too many are at the door." in str(others[0].exception(0))
    assert not last.done() and not any(other.done() for other in others[1:])


def test_whoever_is_turned_away_is_told_why(island: Island) -> None:
    address = ("2001:db8::1", 1, 0, 0)
    newcomers = island.game.door._newcomers[network_of(address)]
    newcomers.spend(island.now, NEW_CHARACTERS[0])

    ada = Visitor(island, address=address)

    assert "Too many characters have come from your network" in ada.type("Ada", PASSWORD, PASSWORD)
    assert ada.player.session.closed
    assert "Hello, Ada!" in Visitor(island, address=HERE).type("Ada", PASSWORD, PASSWORD)


def test_whoever_waits_for_long_is_asked_for_patience(island: Island) -> None:
    island.add("Ada")
    ada = Visitor(island)
    ada.type("Ada")
    island.patient = False
    ada.type(PASSWORD)
    guess_again = Visitor(island)
    guess_again.type("Ada")

    island.run(LONG)
    assert "This takes longer than it should. Please wait." in guess_again.shown

    island.patient = True
    island.run()
    assert "Password: " in guess_again.shown


def test_a_login_that_fails_by_a_fault_of_ours_asks_again(island: Island, monkeypatch: pytest.MonkeyPatch) -> None:
    island.add("Ada")
    monkeypatch.setattr(island.game.door, "check", lambda *_: _failed(MemoryError()))

    shown = Visitor(island, ECHO).type("Ada", PASSWORD)

    assert "cannot be loaded or saved just now" in shown and shown.endswith("Name: ")
    assert [type(error) for error in island.errors] == [MemoryError]
    island.errors.clear()


def test_nobody_is_left_without_a_word_by_a_fault_of_ours(island: Island, monkeypatch: pytest.MonkeyPatch) -> None:
    island.add("Ada")
    ada = Visitor(island)
    monkeypatch.setattr(ada.player, "enter", lambda _: 1 / 0)

    assert "Something has gone wrong here." in ada.type("Ada", PASSWORD)
    assert ada.player.session.closed
    assert [type(error) for error in island.errors] == [ZeroDivisionError]
    island.errors.clear()


def _failed(error: Exception) -> Future[Any]:
    future: Future[Any] = Future()
    future.set_exception(error)
    return future


# --- playing ----------------------------------------------------------------------------------------------------------


def test_a_room_is_shown_with_its_exits_and_who_is_there(island: Island) -> None:
    ada, _, _ = (island.visitor(name) for name in ("Ada", "Bob", "Cyd"))

    lines = ada.type("look").splitlines()

    assert lines[0].startswith("-- The Jetty ---") and len(lines[0]) == 79
    assert lines[-3:] == ["Exits: north east", "Bob and Cyd are here.", "100hp 100mv> "]


def test_who_walks_is_seen_going_and_coming(island: Island) -> None:
    ada, bob, cyd = island.visitor("Ada"), island.visitor("Bob"), island.visitor("Cyd", room=SQUARE)
    bob.shown = cyd.shown = ""

    shown = ada.type("n")

    assert "The Square" in shown and "Cyd is here." in shown
    assert "Ada goes north." in bob.shown
    assert "Ada comes from the south." in cyd.shown


def test_there_is_not_always_a_way(island: Island) -> None:
    assert "You cannot go down from here." in island.visitor("Ada").type("down")


def test_walking_takes_breath_which_comes_back(island: Island) -> None:
    ada = island.visitor("Ada")
    ada.player.moves = STEP

    assert "The Square" in ada.type("north")
    assert "out of breath" in ada.type("north")
    island.run(2 * REST)
    assert "The Cliff Path" in ada.type("north")

    island.run(1000.0)
    assert (ada.player.moves, ada.player.health) == (100, 100)


def test_brambles_scratch_and_never_kill(island: Island) -> None:
    ada = island.visitor("Ada", room=SQUARE)

    assert "The brambles scratch you." in ada.type("north")
    assert ada.player.health == 100 - HARM
    ada.player.health = 1
    ada.type("south", "north")
    assert ada.player.health == 1

    ada.type("quit")
    assert "scratch" not in Visitor(island).type("Ada", PASSWORD)


def test_what_is_seen_and_where_somebody_is_are_kept_at_once(island: Island) -> None:
    ada = island.visitor("Ada")

    ada.type("north", "west")

    kept = island.find("Ada")
    assert kept is not None
    assert (kept.room, kept.seen) == (CAFE, {JETTY, SQUARE, CAFE})


def test_who_comes_back_is_where_they_were(island: Island) -> None:
    ada = island.visitor("Ada")
    ada.type("north", "quit")

    again = Visitor(island)

    assert "The Square" in again.type("Ada", PASSWORD)


def test_two_players_hear_each_other(island: Island) -> None:
    ada, bob, cyd = island.visitor("Ada"), island.visitor("Bob"), island.visitor("Cyd", room=SQUARE)
    cyd.shown = ""

    for typed, ada_sees, bob_sees in (
        ("say hello", "You say: hello", "Ada says: hello"),
        ("'hello", "You say: hello", "Ada says: hello"),
        ("emote waves", "Ada waves", "Ada waves"),
        (":waves", "Ada waves", "Ada waves"),
        ("tell bob hello", "You tell Bob: hello", "Ada tells you: hello"),
    ):
        bob.shown = ""
        assert ada_sees in ada.type(typed)
        assert bob_sees in bob.shown
        assert not cyd.shown

    assert "[chat] Ada: hello" in ada.type("chat hello")
    assert "[chat] Ada: hello" in bob.shown
    assert "[chat] Ada: hello" in cyd.shown


def test_a_prompt_that_somebody_talked_over_is_shown_again(island: Island) -> None:
    ada, bob = island.visitor("Ada"), island.visitor("Bob")
    bob.shown = ""

    ada.type("say hello")

    assert bob.shown == "\nAda says: hello\n100hp 100mv> "


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("say", "Say what?"),
        ("chat", "Chat about what?"),
        ("emote", "Do what?"),
        ("tell", "Tell whom what?"),
        ("tell bob", "Tell whom what?"),
        ("tell bob hello", "There is nobody of that name."),
        ("tell ada hello", "You tell Ada: hello"),
        ("dance wildly", "Nobody here knows how to dance. Try help."),
        ("sc", "You have 100 of 100 health and 100 of 100 moves."),
        ("score", "You have seen 1 of 9 places."),
        ("who", "Ada  The Jetty"),
        ("settings font big", "There are these settings: colours, reader, unicode, width."),
        ("settings reader maybe", "reader can be auto, on, off."),
        ("settings width 10", "width can be auto, 20 to 200."),
        ("settings width 50", "width    50"),
        ("quit", "Goodbye, Ada."),
    ],
)
def test_a_command_is_answered(island: Island, typed: str, answer: str) -> None:
    assert answer in island.visitor("Ada").type(typed)


def test_who_has_been_everywhere_is_told_so(island: Island) -> None:
    assert "You have seen all there is to see." in island.visitor("Ada", seen=set(range(1, 10))).type("score")


def test_an_empty_line_is_a_prompt(island: Island) -> None:
    assert island.visitor("Ada").type("", "   ") == "100hp 100mv> " * 2


def test_help_has_each_command(island: Island) -> None:
    shown = island.visitor("Ada").type("help")

    assert all(re.search(f"^{name}\\b", shown, re.MULTILINE) for name in COMMANDS)


def test_the_map_shows_where_somebody_has_been(island: Island) -> None:
    ada = island.visitor("Ada", room=CLIFF, seen={JETTY, SQUARE, CAFE, CLIFF, 7, 8})

    assert ada.type("map").splitlines()[:-1] == [
        "       |",
        "      [@]",
        "       |",
        "[ ]---[ ]---",
        "       |",
        "      [ ]---[v]",
    ]


def test_a_handler_that_fails_costs_its_player_one_command(island: Island, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = island.visitor("Ada")
    monkeypatch.setattr(ada.player, "look", lambda: 1 / 0)

    assert ada.type("look") == "100hp 100mv> "
    assert [type(error) for error in island.errors] == [ZeroDivisionError]
    island.errors.clear()


# --- what players may not do ------------------------------------------------------------------------------------------


def test_control_characters_reach_nobody_else(island: Island) -> None:
    ada, bob = island.visitor("Ada"), island.visitor("Bob", GMCP("Test"))

    ada.type("say \x1b[2J\x07red\x9b31m\talert \x7f!!SOUND(a.wav)")

    assert "Ada says: [2Jred31m alert SOUND(a.wav)" in bob.shown
    assert bob.told("Comm.Channel.Text")[-1]["text"].startswith("Ada says: [2Jred31m alert ")


@pytest.mark.parametrize(("typed", "answer"), [("'", "Say what?"), (":", "Do what?"), ("say ", "Say what?")])
def test_marks_on_nothing_are_nothing_to_say(island: Island, typed: str, answer: str) -> None:
    assert answer in island.visitor("Ada").type(f"{typed}\u0301\u0302\u200d\u2800")


def test_what_players_say_is_no_markup(island: Island) -> None:
    ada, bob = island.visitor("Ada"), island.visitor("Bob", MXP)

    ada.type("say <b>&lt;")

    assert "Ada says: <b>&lt;" in bob.shown  # which is text in locked mode


def test_text_is_in_locked_mode_where_there_is_markup(island: Island) -> None:
    shown = Visitor(island, MXP).shown

    assert shown.startswith(tag(LineMode.LOCK_LOCKED))  # before anything that could be taken for markup
    assert shown.count("\x1b[") == 1


@pytest.mark.parametrize(
    ("written", "heard"),
    [
        ("plain text, 'quoted'", "plain text, 'quoted'"),
        ("  single \t blanks \u3000 between\u00a0words\u2028only ", "single blanks between words only"),
        ("e\u0301", "\u00e9"),
        ("\u202eevil\u202c \u2066x\u2069 \u200fy\u061c", "evil x y"),
        ("z\u200be\u2060r\ufeffo\u00ad", "zero"),
        ("\U000e0041\U000e0042tags\U000e007f", "tags"),
        ("private \ue000\U000f0000 and unassigned \u0378\uffff", "private and unassigned"),
        ("\x1b[2J\x07\x9b31m", "[2J31m"),
        ("Z" + "\u0336" * 300 + "algo", "Z" + "\u0336" * MOST_MARKS + "algo"),
        ("\u0336\u0336 on nothing", "on nothing"),
        ("Z" + "\u0336\u0337\u200d" * 100 + "algo", "Z\u0336\u0337\u200d\u0336algo"),
        ("Z\u0336\u200d\u0337" + "\u034f\u2060\u0336" * 100, "Z\u0336\u200d\u0337\u0336"),
        ("blank\u3164\u115f\u1160\uffa0\u2800\U0001d159", "blank"),
        ("\u2800\u3164 \u200d", ""),
        ("no\u200djoiners in\u200c ASCII \u200d", "nojoiners in ASCII"),
        ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"),
        ("\U0001f469\u200d\U0001f680 \u2764\ufe0f", "\U0001f469\u200d\U0001f680 \u2764\ufe0f"),
        ("Ti\u1ebfng Vi\u1ec7t \u05e9\u05b8\u05c1\u05dc\u05d5\u05b9\u05dd", None),
        ("", ""),
    ],
    ids=shown,
)
def test_what_players_write_is_made_fit_for_others(written: str, heard: str | None) -> None:
    assert clean(written) == (unicodedata.normalize("NFC", written) if heard is None else heard)


ODD = "Ae \u0301\u0316\u0344\u200c\u200d\u2060\u2800\u3164\ufe0f\u1b05\u1b35\u1100\u1161\u06cc\U0001f469\x9b"


@few
@given(st.text() | st.text(ODD))
def test_any_text_is_fit_for_others_when_it_is_cleaned(text: str) -> None:
    cleaned = clean(text)

    assert clean(cleaned) == cleaned
    assert not re.search(f"[\u0301\u0316\u0344\ufe0f\u200c\u200d]{{{MOST_MARKS + 1}}}", cleaned)
    assert not any(unicodedata.category(each) in UNFIT for each in cleaned if each not in "\u200c\u200d")
    assert unicodedata.is_normalized("NFC", cleaned)
    assert not cleaned.startswith(" ") and "  " not in cleaned


def test_no_line_of_speech_can_look_like_another_message(island: Island) -> None:
    ada, bob = island.visitor("Ada"), island.visitor("Bob", NAWS(40, 24))
    for command in ("say", "tell bob", "chat", "emote"):
        for padding in range(40):
            bob.shown = ""
            ada.type(f"{command} {'x' * padding} Cyd tells you: give me your sword")
            island.run(1.0)
            heard = bob.shown.strip("\n").splitlines()[:-1]

            assert heard[0].lstrip("[chat] ").startswith("Ada")
            assert all(line.startswith("  ") for line in heard[1:])


def test_text_of_wide_characters_fits(island: Island) -> None:
    ada, bob = island.visitor("Ada"), island.visitor("Bob", NAWS(40, 24))
    bob.shown = ""
    han = "\u6f22" * 50

    ada.type(f"say {han}")

    lines = bob.shown.splitlines()[1:-1]
    assert [columns(line) for line in lines] == [38, 38, 38]
    assert "".join(line.strip() for line in lines) == f"Ada says: {han}"


def test_no_text_of_a_player_is_a_sound_in_a_panel(island: Island) -> None:
    ada, bob = island.visitor("Ada"), island.visitor("Bob", GMCP("Test"))

    ada.type("say !!SOUND(a.wav)")

    assert bob.told("Comm.Channel.Text")[-1]["text"] == "Ada says: SOUND(a.wav)"


def test_what_many_are_to_read_is_made_once_for_each_kind_of_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Screen] = []
    paragraph = Screen.paragraph

    def make(screen: Screen, *pieces: str | Piece, indent: int = 0) -> str:
        made.append(screen)
        return paragraph(screen, *pieces, indent=indent)

    monkeypatch.setattr(Screen, "paragraph", make)
    speech = Speech("Hello, ", Piece("world", TITLE))

    shown = [speech.on(Screen(width=width)) for width in (80, 40, 80, 80, 40)]

    assert shown == ["Hello, world"] * 5
    assert made == [Screen(width=80), Screen(width=40)]


def test_lines_beyond_ten_a_second_wait(island: Island) -> None:
    ada = island.visitor("Ada")
    island.run(1.0)

    shown = ada.type(*(f"say {number}" for number in range(AT_ONCE + 5)))
    assert f"You say: {AT_ONCE - 1}\n" in shown and f"You say: {AT_ONCE}\n" not in shown

    island.run(1.0)
    assert f"You say: {AT_ONCE + 4}\n" in ada.shown


def test_whoever_talks_too_fast_is_told_once_and_nothing_is_lost(island: Island) -> None:
    ada = island.visitor("Ada")
    island.run(1.0)

    shown = ada.type(*(f"say {number}" for number in range(300)), "quit")
    assert ada.player.session.paused
    island.run(60.0)
    shown = ada.shown

    assert shown.count("You are talking too fast.") == 1
    assert [int(number) for number in re.findall("You say: ([0-9]+)", shown)] == list(range(300))
    assert shown.endswith("Goodbye, Ada.\n")


def test_whoever_has_been_slow_for_a_while_is_told_again(island: Island) -> None:
    ada = island.visitor("Ada")
    for _ in range(2):
        island.run(10.0)
        assert "You are talking too fast." in ada.type(*["look"] * (AT_ONCE + 2))
        island.run(10.0)


def test_to_be_heard_by_many_costs_more(island: Island) -> None:
    ada, *_ = [island.visitor(f"Ada{letter}") for letter in "abcdefghijklmnopqrstuvwxyz"]

    # 1 for the line and 0.1 for each of 25 listeners, of 10 at once and 10 each second.
    assert heard_in(island, ada, 2.0, 40) in range(7, 10)


def test_what_is_long_costs_more(island: Island) -> None:
    ada, _ = island.visitor("Ada"), island.visitor("Bob")
    island.run(10.0)

    assert heard_in(island, ada, 10.0, 100, "x" * 4000) in range(30, 45)


def heard_in(island: Island, player: Visitor, seconds: float, lines: int, text: str = "x") -> int:
    """Return how many lines others hear of somebody who chats without end."""
    island.run(30.0)
    player.shown = ""
    for _ in range(lines):
        player.send_line(f"chat {text}")
    island.run(seconds)
    return player.shown.count("[chat]")


def test_lines_that_are_too_long_cost_as_much_as_others(island: Island) -> None:
    ada = island.visitor("Ada")
    island.run(1.0)

    shown = ada.type(*["x" * 5000] * 50)
    assert shown.count("That line was too long.") == AT_ONCE
    island.run(10.0)
    assert ada.shown.count("That line was too long.") == 50


def test_a_line_that_is_too_long_is_said_to_be(island: Island) -> None:
    assert "That line was too long." in island.visitor("Ada").type("x" * 5000)


@pytest.mark.once
@pytest.mark.slow
@few
@given(st.lists(st.text(max_size=100) | st.sampled_from(("n", "s", "map", "who", "settings reader on")), max_size=9))
def test_nothing_that_is_typed_breaks_anything(lines: list[str]) -> None:
    island = Island()
    ada = island.visitor("Ada", TTYPE("TEST", "XTERM", "MTTS 13"), MXP)
    island.visitor("Bob")

    ada.type(*lines)

    island.close()
    assert not island.errors


# --- what clients can do ----------------------------------------------------------------------------------------------


def test_text_is_made_for_the_window(island: Island) -> None:
    ada = island.visitor("Ada", NAWS(40, 24))

    lines = ada.type("look").splitlines()

    assert len(lines[0]) == 39
    assert all(len(line) <= 39 for line in lines)


@pytest.mark.parametrize(
    ("flags", "heading"),
    [
        (0, "-- The Jetty ---"),
        (1, "-- \x1b[33mThe Jetty\x1b[0m ---"),
        (4, "── The Jetty ───"),
        (1 + 4 + 8, "── \x1b[38;5;221mThe Jetty\x1b[0m ───"),
        (1 + 256, "-- \x1b[38;2;255;215;95mThe Jetty\x1b[0m ---"),
        (1 + 4 + 8 + 64, "The Jetty.\n"),
    ],
)
def test_text_is_made_for_what_the_client_says_of_itself(island: Island, flags: int, heading: str) -> None:
    ada = island.visitor("Ada", TTYPE("TEST", "DUMB", f"MTTS {flags}"))

    assert ada.type("look").startswith(heading)


def test_a_client_without_utf_8_gets_ascii(island: Island) -> None:
    ada = island.visitor("Ada", CHARSET("ISO-8859-1"), room=CAFE)

    assert "-- Cafe Morse --" in ada.type("look")


@pytest.mark.parametrize(
    ("setting", "heading"),
    [
        ("colours 8", "── \x1b[33mThe Jetty\x1b[0m ───"),
        ("colours none", "── The Jetty ───"),
        ("unicode off", "-- \x1b[38;5;221mThe Jetty\x1b[0m ---"),
        ("reader on", "The Jetty.\n"),
    ],
)
def test_a_setting_overrules_what_the_client_says(island: Island, setting: str, heading: str) -> None:
    ada = island.visitor("Ada", TTYPE("TEST", "XTERM", "MTTS 13"))

    ada.type(f"settings {setting}")

    assert ada.type("look").startswith(heading)


def test_settings_are_kept(island: Island) -> None:
    ada = island.visitor("Ada")
    ada.type("settings width 50", "quit")

    again = Visitor(island).log_in("Ada")

    assert "width    50" in again.type("settings")
    assert "width    auto" in again.type("settings width auto")


def test_a_screen_reader_hears_sentences(island: Island) -> None:
    ada, bob = island.visitor("Ada", TTYPE("TEST", "DUMB", "MTTS 64"), seen={SQUARE}), island.visitor("Bob")

    assert ada.type("look").splitlines()[2:] == [
        "You can go north to The Square and east to The Beach.",
        "Bob is here.",
        "> ",
    ]
    assert ada.type("map").splitlines() == [
        "The Jetty: You can go north to The Square and east to The Beach.",
        "The Square: You can go north to The Cliff Path, east to The Telegraph Office, south to The Jetty "
        "and west to Cafe Morse.",
        "> ",
    ]
    assert ada.type("who").splitlines() == ["Ada: The Jetty", "Bob: The Jetty", "> "]
    bob.type("quit")


def test_a_client_sees_what_it_has_told(island: Island) -> None:
    ada = island.visitor("Ada", TTYPE("TEST", "XTERM", "MTTS 13"), NAWS(100, 40), GMCP("Test", "1.0"), EOR)

    shown = re.sub(r"\x1b\[.*?m", "", ada.type("client"))

    assert [line.split(None, 1) for line in shown.splitlines()[:-1]] == [
        ["program", "Test 1.0"],
        ["terminal", "XTERM"],
        ["window", "100 by 40"],
        ["colours", "256"],
        ["UTF-8", "yes"],
        ["reader", "no"],
        ["speaks", "TTYPE NAWS EOR GMCP"],
    ]


def test_a_silent_client_is_unknown(island: Island) -> None:
    shown = island.visitor("Ada").type("client")

    assert re.findall(r"(\w+) +unknown", shown) == ["program", "terminal", "8"]


# --- panels -----------------------------------------------------------------------------------------------------------


def test_gmcp_tells_who_and_where_somebody_is(island: Island) -> None:
    ada = island.visitor("Ada", GMCP("Test", "1.0", {"Char": 1, "Room": 1, "Comm.Channel": 1}))

    assert ada.told("Char.Name") == [{"name": "Ada", "fullname": "Ada"}]
    assert ada.told("Char.Vitals") == [{"hp": 100, "maxhp": 100, "mv": 100, "maxmv": 100}]
    assert ada.told("Room.Info") == [
        {
            "num": JETTY,
            "name": "The Jetty",
            "area": "The Island",
            "environment": "shore",
            "exits": {"n": SQUARE, "e": 8},
        }
    ]
    assert [channel["name"] for channel in ada.told("Comm.Channel.List")[0]] == ["say", "tell", "chat"]


def test_gmcp_tells_what_changes(island: Island) -> None:
    ada = island.visitor("Ada", GMCP("Test", "1.0", {"Char": 1, "Room": 1}), room=SQUARE)
    ada.gmcp.clear()

    ada.type("north")
    assert ada.told("Char.Vitals") == [{"hp": 100 - HARM, "maxhp": 100, "mv": 100 - STEP, "maxmv": 100}]
    assert [room["num"] for room in ada.told("Room.Info")] == [CLIFF]

    island.run(REST)
    assert ada.told("Char.Vitals")[1:] == [{"hp": 101 - HARM, "maxhp": 100, "mv": 102 - STEP, "maxmv": 100}]


def test_gmcp_tells_what_is_said(island: Island) -> None:
    ada, bob = (island.visitor(name, GMCP("Test", "1.0", {"Comm.Channel": 1})) for name in ("Ada", "Bob"))

    ada.type("say one", "tell bob two", "chat three")

    assert bob.told("Comm.Channel.Text") == [
        {"channel": "say", "talker": "Ada", "text": "Ada says: one"},
        {"channel": "tell", "talker": "Ada", "text": "Ada tells you: two"},
        {"channel": "chat", "talker": "Ada", "text": "[chat] Ada: three"},
    ]
    assert [said["text"] for said in ada.told("Comm.Channel.Text")][:2] == ["You say: one", "You tell Bob: two"]


def test_gmcp_tells_no_more_than_the_client_takes(island: Island) -> None:
    ada = island.visitor("Ada", GMCP("Test", "1.0", {"Room": 1}))

    assert {package for package, _ in ada.gmcp} == {"Room.Info"}


def test_a_client_that_lists_its_packages_late_is_told_all(island: Island) -> None:
    ada = island.visitor("Ada", GMCP("Test"))
    ada.gmcp.clear()

    ada.send_gmcp("Core.Supports.Set", ["Char 1"])
    island.run()

    assert [package for package, _ in ada.gmcp] == ["Char.Name", "Char.Vitals"]


def test_a_client_that_lists_its_packages_one_by_one_is_told_all_once(island: Island) -> None:
    ada = island.visitor("Ada", GMCP("Test"))
    ada.gmcp.clear()

    for _ in range(2):
        for package in ("Char 1", "Room 1"):
            ada.send_gmcp("Core.Supports.Add", [package])
        ada.send_gmcp("Core.Supports.Remove", ["Room"])
        island.run()

    assert [package for package, _ in ada.gmcp] == 2 * ["Char.Name", "Char.Vitals"]


def test_packages_that_are_listed_before_the_login_wait_for_it(island: Island) -> None:
    stranger = Visitor(island, GMCP("Test", "1.0", {"Char": 1}))

    assert not stranger.gmcp


def test_gmcp_says_goodbye(island: Island) -> None:
    ada = island.visitor("Ada", GMCP("Test"))

    ada.type("quit")

    assert ada.told("Core.Goodbye") == ["Goodbye, Ada."]


def test_msdp_reports_what_was_asked_for(island: Island) -> None:
    ada = island.visitor("Ada", MSDP)
    assert not ada.msdp

    ada.session[MSDP].command("REPORT", "HEALTH", "ROOM_NAME", "ROOM_EXITS", "ROOM")
    ada.session[MSDP].command("SEND", "CHARACTER_NAME", "MOVEMENT_MAX", "AREA_NAME")
    island.run()
    assert ada.msdp == {
        "CHARACTER_NAME": "Ada",
        "HEALTH": "100",
        "MOVEMENT_MAX": "100",
        "AREA_NAME": "The Island",
        "ROOM_NAME": "The Jetty",
        "ROOM_EXITS": {"n": "2", "e": "8"},
        "ROOM": {
            "VNUM": "1",
            "NAME": "The Jetty",
            "AREA": "The Island",
            "TERRAIN": "shore",
            "EXITS": {"n": "2", "e": "8"},
        },
    }

    ada.msdp.clear()
    ada.type("north", "north")
    assert (ada.msdp["HEALTH"], ada.msdp["ROOM_NAME"]) == (str(100 - HARM), "The Cliff Path")
    assert "CHARACTER_NAME" not in ada.msdp


def test_mssp_counts_the_players(island: Island) -> None:
    island.visitor("Ada")
    island.game.port = 4000

    crawler = Visitor(island, MSSP)

    assert crawler.mssp["NAME"] == ["Signal Island"]
    assert crawler.mssp["PLAYERS"] == ["1"]
    assert crawler.mssp["PORT"] == ["4000"]
    assert 0 <= time.time() - int(crawler.mssp["UPTIME"][0]) < 100


def test_mssp_is_told_as_plain_text_too(island: Island) -> None:
    assert "PLAYERS\t0\n" in Visitor(island).type("MSSP-REQUEST")


def test_exits_are_links_where_there_are_any(island: Island) -> None:
    shown = island.visitor("Ada", MXP).type("look")

    assert shown.endswith("100hp 100mv> ")
    assert 'Exits: \x1b[4z<SEND href="north">north\x1b[4z</SEND> ' in shown


def test_a_room_has_a_sound(island: Island) -> None:
    ada = island.visitor("Ada", MSP)

    ada.type("north", "west")

    assert ada.sounds == [Sound("bell.wav")]


def test_all_of_it_goes_through_compression(island: Island) -> None:
    ada = island.visitor("Ada", TTYPE("TEST", "XTERM", "MTTS 13"), NAWS(100, 40), EOR, GMCP("Test"), MCCP3, MCCP2)

    assert "The Square" in ada.type("north")
    assert ada.told("Room.Info")[-1]["num"] == SQUARE
    assert ada.session.inflating and ada.session.compressing
    assert ada.player.session.inflating and ada.player.session.compressing


def test_the_end_of_the_game_is_told_to_all(island: Island) -> None:
    ada = island.visitor("Ada", MCCP2, GMCP("Test"))

    island.game.close()
    island.run()

    assert ada.shown.endswith("100hp 100mv> \nFog comes up, and the island is gone. Come back soon.\n")
    assert ada.told("Core.Goodbye")
    assert not (ada.session.inflating or ada.session.lost)


# --- the documentation ------------------------------------------------------------------------------------------------


def test_the_session_of_the_documentation_is_what_is_shown(island: Island) -> None:
    page = (ROOT / "docs" / "demo.md").read_text(encoding="utf-8")
    documented = re.findall(r"^```text\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)[0]
    bob, ada = island.visitor("Bob"), Visitor(island, ECHO)
    seen = ada.shown

    for question, typed in re.findall(r"^(Name: |Password:|(?:\d+hp \d+mv)?>) ?(.*)$", documented, re.MULTILINE):
        if question == "Password:":
            seen += ada.type(PASSWORD)
        elif typed:
            seen += f"{typed}\n{ada.type(typed)}"
        else:  # somebody else talks
            ada.shown = ""
            bob.type("say Welcome, Ada! Have you been to the lighthouse?")
            seen += ada.shown

    assert [line.rstrip() for line in seen.splitlines()] == documented.splitlines()


# --- over sockets -----------------------------------------------------------------------------------------------------


@contextmanager
def serving(database: Path, shell: str) -> Iterator[tuple[subprocess.Popen[str], socket.socket]]:
    """Run the demo, impatient with the disk, and give it with a connection to it."""
    arguments = ["demo", "--port=0", f"--database={database}", f"--shell={shell}"]
    command = [sys.executable, "-c", f"{HURRIED}    sys.exit(main())", *arguments]
    if shell == "uvloop":  # which the demo does not offer, but whoever copies it may use
        command = [sys.executable, "-c", ON_UVLOOP, str(database)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as demo:
        try:
            assert demo.stdout is not None
            port = int(demo.stdout.readline().split()[-1])
            with connected(("127.0.0.1", port)) as client:
                yield demo, client
        finally:
            demo.kill()


OFFERED = (
    *(telnet.TTYPE, telnet.NAWS, telnet.NEW_ENVIRON, telnet.CHARSET, telnet.BINARY, telnet.EOR, telnet.GMCP),
    *(telnet.MSDP, telnet.MSSP, telnet.MXP, telnet.MSP, telnet.MCCP3, telnet.MCCP2),
)


def connected(address: Any) -> socket.socket:
    """Connect as a client that refuses all that is offered at once: what it says of itself is not waited for."""
    client = socket.create_connection(address, SECONDS)
    client.sendall(b"".join(negotiate(command, option) for option in OFFERED for command in (DONT, WONT)))
    return client


def talk(client: socket.socket, *dialogue: str) -> None:
    """Wait for a text, type a line, wait for a text, and so on."""
    for place, text in enumerate(dialogue):
        if place % 2:
            client.sendall(f"{text}\r\n".encode())
        else:
            read_until(client, text.encode())


def read_until(client: socket.socket, expected: bytes) -> bytes:
    """Return what came, up to the end of what was expected; nothing more has been sent by then."""
    received = b""
    while expected not in received:
        chunk = client.recv(65536)
        assert chunk, f"the end came before {expected!r}, after {received!r}"
        received += chunk
    return received


def read_all(client: socket.socket) -> bytes:
    return b"".join(iter(lambda: client.recv(65536), b""))


@pytest.mark.slow
def test_a_copy_of_it_runs_as_it_is(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples" / "mud", tmp_path / "mud")
    script = """if True:
        import sys
        from mud.main import serve
        assert "telnet.examples" not in sys.modules
        serve(port=0, database=":memory:")
    """

    with subprocess.Popen([sys.executable, "-c", script], cwd=tmp_path, stdout=subprocess.PIPE, text=True) as copy:
        assert copy.stdout is not None
        announcement = copy.stdout.readline()
        copy.send_signal(signal.SIGINT)
        copy.communicate(timeout=SECONDS)

    assert announcement.startswith("mud listening on 127.0.0.1 port ")
    assert copy.returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize("shell", SHELLS)
def test_everything_survives_a_crash(tmp_path: Path, shell: str) -> None:
    database = tmp_path / "mud.sqlite3"
    with serving(database, shell) as (demo, client):
        talk(client, "Name: ", "Ada", "Password: ", PASSWORD, "again", PASSWORD, "100mv> ", "north", "96mv> ")
        talk(client, "", "settings width 50", "width    50")
        demo.kill()

    with serving(database, shell) as (demo, client):
        talk(client, "Name: ", "Ada", "Password: ", PASSWORD, "The Square", "settings", "width    50")


@pytest.mark.slow
@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_a_goodbye(tmp_path: Path, shell: str, number: signal.Signals) -> None:
    with serving(tmp_path / "mud.sqlite3", shell) as (demo, client):
        talk(client, "Name: ", "Ada", "Password: ", PASSWORD, "again", PASSWORD, "100mv> ")

        demo.send_signal(number)
        assert b"Come back soon.\r\n" in read_all(client)
        client.close()
        _, errors = demo.communicate(timeout=SECONDS)

        assert (demo.returncode, errors) == (0, "")


@pytest.mark.slow
@pytest.mark.parametrize("shell", SHELLS)
def test_the_end_is_the_end_of_what_is_compressed(tmp_path: Path, shell: str) -> None:
    with (
        serving(tmp_path / "mud.sqlite3", shell) as (demo, other),
        socket.create_connection(other.getpeername(), SECONDS) as client,
    ):
        other.close()
        client.sendall(negotiate(DO, telnet.MCCP2))
        start = subnegotiation(telnet.MCCP2, b"")
        _, _, compressed = read_until(client, start).partition(start)
        inflater = zlib.decompressobj()
        while b"Name: " not in inflater.decompress(compressed):
            compressed = client.recv(65536)

        demo.send_signal(signal.SIGINT)

        assert inflater.decompress(read_all(client)) == b"" and inflater.eof
        client.close()
        assert demo.wait(SECONDS) == 0


def come_in(client: socket.socket, name: str) -> None:
    talk(client, "Name: ", name, "Password: ", PASSWORD, "again", PASSWORD, "100mv> ")


def another(client: socket.socket) -> socket.socket:
    """Connect to where somebody is connected to already."""
    return connected(client.getpeername())


def answered_within(client: socket.socket, seconds: float) -> bool:
    began = time.monotonic()
    talk(client, "", "score", "You have seen")
    return time.monotonic() - began < seconds


@pytest.mark.once
@pytest.mark.slow
@pytest.mark.parametrize("shell", SHELLS_AND_UVLOOP)
def test_the_world_never_waits_for_the_disk(tmp_path: Path, shell: str) -> None:
    database = tmp_path / "mud.sqlite3"
    with serving(database, shell) as (demo, ada), another(ada) as bob, another(ada) as cyd:
        come_in(ada, "Ada")
        come_in(bob, "Bob")
        with locked(database):
            ada.sendall(b"north\r\nwest\r\n")
            assert all(answered_within(bob, 2.0) for _ in range(5))
            talk(cyd, "Name: ", "Cyd", "Password: ", PASSWORD, "again", PASSWORD, "cannot be loaded or saved just now")
            talk(ada, "cannot be saved just now", "east", "The Square", "", "100hp 88mv> ")
        talk(ada, "is saved again")
        demo.kill()

    assert kept_room(database) == SQUARE


@pytest.mark.once
@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="another process is given limits, by Linux alone")
@pytest.mark.parametrize("shell", SHELLS)
def test_a_full_disk_is_told_and_waited_for(tmp_path: Path, shell: str) -> None:
    import resource

    database = tmp_path / "mud.sqlite3"
    with serving(database, shell) as (demo, ada), another(ada) as bob:
        come_in(ada, "Ada")
        _, hard = resource.prlimit(demo.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(demo.pid, resource.RLIMIT_FSIZE, (database.stat().st_size, hard))

        talk(bob, "Name: ", "Bob", "Password: ", PASSWORD, "again", PASSWORD, "cannot be loaded or saved just now")
        talk(ada, "", "north", "The Square", "", "cannot be saved just now")
        resource.prlimit(demo.pid, resource.RLIMIT_FSIZE, (hard, hard))
        talk(ada, "is saved again")
        demo.kill()

    assert kept_room(database) == SQUARE


@pytest.mark.once
@pytest.mark.slow
@pytest.mark.parametrize("shell", SHELLS)
def test_what_waits_for_the_disk_is_written_at_the_end(tmp_path: Path, shell: str) -> None:
    database = tmp_path / "mud.sqlite3"
    with serving(database, shell) as (demo, ada):
        come_in(ada, "Ada")
        with locked(database):
            talk(ada, "", "north", "cannot be saved just now")
            demo.send_signal(signal.SIGTERM)
            read_until(ada, b"Come back soon.")
        ada.close()
        assert demo.wait(SECONDS) == 0

    assert kept_room(database) == SQUARE


@pytest.mark.once
@pytest.mark.slow
@pytest.mark.parametrize("shell", SHELLS_AND_UVLOOP)
def test_a_second_signal_does_not_keep_what_waits_from_being_written(tmp_path: Path, shell: str) -> None:
    database = tmp_path / "mud.sqlite3"
    with serving(database, shell) as (demo, ada):
        come_in(ada, "Ada")
        with locked(database):
            talk(ada, "", "north", "cannot be saved just now")
            demo.send_signal(signal.SIGINT)
            read_all(ada)
            ada.close()
            time.sleep(0.3)  # by now, nothing but the disk is waited for
            demo.send_signal(signal.SIGINT)
            demo.send_signal(signal.SIGTERM)
        _, errors = demo.communicate(timeout=SECONDS)

    assert demo.returncode == 0 and "Traceback" not in errors
    assert kept_room(database) == SQUARE


@pytest.mark.parametrize("shell", SHELLS)
def test_a_host_that_cannot_be_listened_on_is_refused(shell: str) -> None:
    for host in ("a" * 64, "192.0.2.1"):
        with pytest.raises(CannotServe, match="cannot listen"):
            serve(host, 0, ":memory:", shell)


@pytest.mark.once
@pytest.mark.slow
@pytest.mark.parametrize("shell", SHELLS)
def test_a_second_demo_on_one_file_is_refused_until_the_first_has_gone(tmp_path: Path, shell: str) -> None:
    database = tmp_path / "mud.sqlite3"
    command = [sys.executable, "-m", "telnet", "demo", "--port=0", f"--database={database}", f"--shell={shell}"]
    with serving(database, shell) as (demo, ada):
        second = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
        come_in(ada, "Ada")
        demo.kill()
        demo.wait(SECONDS)

        assert (second.returncode, second.stdout) == (1, "")
        assert second.stderr == (
            f"telnet: cannot keep characters in {database}: another MUD keeps its characters there already\n"
        )
    with serving(database, shell) as (_, ada):
        talk(ada, "Name: ", "Ada", "Password: ", PASSWORD, "100mv> ")


@pytest.mark.once
@pytest.mark.slow
@pytest.mark.parametrize("shell", SHELLS_AND_UVLOOP)
def test_an_honest_login_goes_before_guessers(tmp_path: Path, shell: str) -> None:
    with serving(tmp_path / "mud.sqlite3", shell) as (demo, ada), another(ada) as bob:
        come_in(ada, "Ada")
        come_in(bob, "Bob")
        guessers = [another(ada) for _ in range(60)]
        for guesser in guessers:
            guesser.sendall(b"Ada\r\n" + 3 * b"not the password\r\n")
        time.sleep(1.0)
        began = time.monotonic()
        with another(ada) as honest:
            talk(honest, "Name: ", "Bob", "Password: ", PASSWORD, "Hello, Bob!")
        took = time.monotonic() - began
        for client in (ada, bob, *guessers):
            client.close()
        demo.terminate()
        _, errors = demo.communicate(timeout=SECONDS)

    assert took < 2.5
    assert 5 <= errors.count("wrong password for Ada from 127.0.0.1") <= 10
    assert "not the password" not in errors


@pytest.mark.slow
@pytest.mark.parametrize("shell", SHELLS_AND_UVLOOP)
def test_a_client_that_has_said_all_gets_its_answers(tmp_path: Path, shell: str) -> None:
    with serving(tmp_path / "mud.sqlite3", shell) as (_, client):
        client.sendall("\r\n".join(["Ada", PASSWORD, PASSWORD, "north", *["score"] * 15, "say done", ""]).encode())
        client.shutdown(socket.SHUT_WR)
        began = time.monotonic()
        received = read_all(client)

    assert b"The Square" in received
    assert received.count(b"You have seen 2 of 9 places.") == 15
    assert b"You say: done" in received
    assert time.monotonic() - began < 10.0


@pytest.mark.once
@pytest.mark.slow
@pytest.mark.parametrize("shell", SHELLS_AND_UVLOOP)
def test_a_client_that_leaves_without_a_word_is_let_go_at_once(tmp_path: Path, shell: str) -> None:
    with serving(tmp_path / "mud.sqlite3", shell) as (_, client):
        client.shutdown(socket.SHUT_WR)
        began = time.monotonic()
        read_all(client)

    assert time.monotonic() - began < 3.0


@pytest.mark.once
@pytest.mark.slow
@pytest.mark.parametrize("shell", SHELLS_AND_UVLOOP)
def test_whoever_floods_is_slowed_down_and_stays(tmp_path: Path, shell: str) -> None:
    with serving(tmp_path / "mud.sqlite3", shell) as (_, ada), another(ada) as bob:
        come_in(ada, "Ada")
        come_in(bob, "Bob")
        ada.sendall(b"".join(b"chat %d\r\n" % number for number in range(25)) + b"quit\r\n")
        assert answered_within(bob, 3.0)
        heard = read_until(bob, b"[chat] Ada: 24")
        seen = read_all(ada)

    assert seen.count(b"You are talking too fast.") == 1
    assert b"Goodbye, Ada." in seen
    assert heard.count(b"[chat]") in range(12, 26)  # the rest was read with the answer
