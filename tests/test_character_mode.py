"""Character mode: ECHO and SGA at the client, and bytes as they come at the program."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import pytest
from session_support import Recorder, deliver, every_cut, served
from traces import TRACES, segments

from telnet.constants import DO, DONT, ECHO, IAC, SGA, WONT
from telnet.encode import negotiate
from telnet.handler import MudHandler
from telnet.limits import Limits
from telnet.mccp import Compressor
from telnet.options import ECHO as Echo
from telnet.options import EOR, MCCP3, Option
from telnet.options import SGA as Sga
from telnet.session import Session


@pytest.fixture(autouse=True)
def parser(parser_module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("telnet.session.Parser", parser_module.Parser)


class Program(Recorder):
    """Does something about what happens, the first time that it happens."""

    def __init__(self, event: str, action: Callable[[Session], object]) -> None:
        super().__init__()
        self._trigger = event
        self._action = action

    def __getattr__(self, name: str) -> Callable[..., None]:
        method: Callable[..., None] = super().__getattr__(name)
        if name != self._trigger:
            return method

        def act(*arguments: object) -> None:
            method(*arguments)
            self._trigger = ""
            self._action(self.session)

        return act

    session: Session


def running(program: Program, *options: type[Option] | Option, limits: Limits | None = None) -> Session:
    session = program.session = Session(program, options, limits=limits)
    session.start(0.0)
    return session


def be_raw(session: Session) -> None:
    session.raw = True


def be_cut_into_lines(session: Session) -> None:
    session.raw = False


def raw() -> tuple[Session, Recorder]:
    session, handler = served(())
    session.raw = True
    return session, handler


def data_of(handler: Recorder) -> bytes:
    return b"".join(data for _, data in handler.named("on_data"))


def test_a_session_cuts_lines_unless_it_is_told_otherwise() -> None:
    session, handler = served((), b"look\r\n")

    assert session.raw is False
    assert handler.named("on_data", "on_line") == [("on_line", "look")]


def test_a_key_does_not_wait_for_an_enter() -> None:
    session, handler = raw()

    deliver(session, b"y")

    assert handler.named("on_data") == [("on_data", b"y")]


def test_bytes_are_handed_over_unchanged_without_telnet() -> None:
    session, handler = raw()

    deliver(session, b"\x1b[A\r\0\xff\xff" + negotiate(DO, SGA) + b"\xc3")

    assert data_of(handler) == b"\x1b[A\r\0\xff\xc3"


def test_bytes_are_the_same_in_every_cut() -> None:
    for pieces in every_cut(b"a\r\n\xff\xff" + IAC + b"\xf1" + b"\0\r"):
        session, handler = raw()
        for data in pieces:
            deliver(session, data)

        assert data_of(handler) == b"a\r\n\xff\0\r"


def test_bytes_have_no_longest_line() -> None:
    session, handler = raw()

    deliver(session, b"x" * 100_000)

    assert data_of(handler) == b"x" * 100_000
    assert not handler.named("on_line_overflow")


def test_what_is_behind_the_line_that_turned_it_on_is_handed_over() -> None:
    program = Program("on_line", be_raw)

    deliver(running(program), b"play\nkeys\n")

    assert program.named("on_line", "on_data") == [("on_line", "play"), ("on_data", b"keys\n")]


def test_what_comes_after_it_was_turned_off_is_cut_into_lines() -> None:
    program = Program("on_data", be_cut_into_lines)
    session = running(program)
    session.raw = True

    deliver(session, b"q")
    deliver(session, b"look\r\n")

    assert program.named("on_line", "on_data") == [("on_data", b"q"), ("on_line", "look")]


def test_an_unfinished_line_waits_until_lines_are_cut_again() -> None:
    session, handler = served((), b"lo")
    session.raw = True
    deliver(session, b"x")
    session.raw = False

    deliver(session, b"ok\r\n")

    assert handler.named("on_line", "on_data") == [("on_data", b"x"), ("on_line", "look")]


def test_the_first_bytes_make_a_session_ready() -> None:
    program = Program("on_never", be_raw)
    session = running(program, EOR)
    session.raw = True

    deliver(session, b"x")

    assert program.named("on_ready", "on_data") == [("on_ready",), ("on_data", b"x")]


def test_on_ready_may_have_the_first_bytes_cut_into_lines() -> None:
    program = Program("on_ready", be_cut_into_lines)
    session = running(program, EOR)
    session.raw = True

    deliver(session, b"look\r\n")

    assert program.named("on_line", "on_data") == [("on_line", "look")]


def test_a_pause_holds_bytes_back() -> None:
    program = Program("on_ready", Session.pause)
    session = running(program, EOR)
    session.raw = True
    deliver(session, b"x")
    assert (program.named("on_data"), session.pending) == ([], True)

    session.resume()
    deliver(session, b"")

    assert program.named("on_data") == [("on_data", b"x")]


def test_nothing_is_handed_over_behind_a_close() -> None:
    program = Program("on_data", Session.close)
    session = running(program)
    session.raw = True

    deliver(session, b"x" + negotiate(DO, SGA) + b"y")

    assert program.named("on_data") == [("on_data", b"x")]


def test_pieces_are_events_of_which_a_turn_has_so_many() -> None:
    program = Program("on_never", be_raw)
    session = running(program, limits=Limits(events=3))
    session.raw = True

    session.receive((b"x" + IAC + b"\xf1") * 10, 0.0)

    assert 0 < len(program.named("on_data")) <= 3
    assert session.pending


def test_what_fails_in_a_program_costs_it_one_piece() -> None:
    class Broken:
        def on_data(self, data: bytes) -> None:
            raise RuntimeError(data)

    failures: list[Exception] = []
    session = Session(Broken(), (), report=failures.append)
    session.start(0.0)
    session.raw = True

    deliver(session, b"x")
    deliver(session, b"y")

    assert [failure.args for failure in failures] == [(b"x",), (b"y",)]


def test_compressed_bytes_are_handed_over_inflated() -> None:
    compressor = Compressor()
    stream = compressor.compress(b"keys") + compressor.finish()
    session, handler = served((MCCP3,), negotiate(DO, b"\x57"))
    session.raw = True

    deliver(session, b"\xff\xfa\x57\xff\xf0" + stream + b"plain")

    assert data_of(handler) == b"keysplain"


# The server's side of it, as the documentation shows it


class Pager(MudHandler):
    options = (Echo, Sga)

    def __init__(self) -> None:
        self.keys = bytearray()

    def on_ready(self) -> None:
        self.session[Echo].offer()
        self.session[Sga].offer()
        self.session.raw = True

    def on_data(self, data: bytes) -> None:
        self.keys += data


def start_pager() -> tuple[Pager, Session]:
    pager = Pager()
    session = pager.make_session()
    session.start(0.0)
    return pager, session


def test_a_server_asks_for_each_key_by_itself() -> None:
    _, session = start_pager()

    assert session.take() == bytes.fromhex("fffb01 fffb03")


@pytest.mark.parametrize("client", ["inetutils-telnet", "busybox-telnet", "plink"])
def test_recorded_client_in_character_mode_sends_keys(client: str) -> None:
    pager, session = start_pager()

    for data in segments(TRACES / f"{client}-char.jsonl", "c2s"):
        deliver(session, data)

    assert session[Echo].local  # but not always SGA: busybox says DO, then DONT, and sends keys all the same
    assert pager.keys.startswith(b"look\r")


def test_the_way_back_is_said_without_a_new_line() -> None:
    _, session = start_pager()
    deliver(session, negotiate(DO, ECHO) + negotiate(DO, SGA))
    session.take()

    session[Echo].show()

    assert session.take() == negotiate(WONT, ECHO)


def test_a_client_that_declines_goes_on_sending_lines() -> None:
    pager, session = start_pager()

    deliver(session, negotiate(DONT, ECHO) + negotiate(DONT, SGA) + b"look\r\n")

    assert pager.keys == b"look\r\n"
