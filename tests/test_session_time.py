"""What a session does in time: it drops a subnegotiation that never ends, and sends NOP where nothing is sent."""

from __future__ import annotations

import zlib
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from session_support import Recorder, deliver

from telnet import Limits, negotiate, subnegotiation
from telnet.constants import CHARSET, DO, GA, IAC, NAWS, NOP, SB, SE, WILL
from telnet.constants import ECHO as ECHO_CODE
from telnet.constants import GMCP as GMCP_CODE
from telnet.options import ECHO, GMCP, MCCP2, MCCP3, Option, Role
from telnet.options import NAWS as NAWS_OPTION
from telnet.session import Session

OPEN = IAC + SB
CLOSE = IAC + SE
ENDLESS = "subnegotiation without an end"
QUICK = Limits(subnegotiation_time=5.0)


@pytest.fixture(autouse=True)
def parser(parser_module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("telnet.session.Parser", parser_module.Parser)


def started(
    *options: type[Option], role: Role = Role.SERVER, handler: Recorder | None = None, **settings: Any
) -> tuple[Session, Recorder]:
    """A session that is ready, its peer having agreed to all of it, and what its handler hears from now on."""
    handler = handler or Recorder(without=("on_client", "on_option_enabled", "on_option_disabled"))
    settings.setdefault("limits", QUICK)
    session = Session(handler, options, role=role, **settings)
    session.start(0.0)
    for option in options:
        deliver(session, negotiate(DO, option.code) + negotiate(WILL, option.code))
    deliver(session, IAC + GA)
    session.take()
    handler.events.clear()
    return session, handler


# A subnegotiation without an end

BEGUN = {
    "no option yet": (OPEN, b""),
    "an IAC for the option": (OPEN + IAC, b""),
    "an option": (OPEN + GMCP_CODE, GMCP_CODE),
    "a payload": (OPEN + b"\x7bsome", b"\x7bsome"),
    "an IAC in the payload": (OPEN + b"\x7bsome" + IAC, b"\x7bsome"),
    "more than is shown": (OPEN + b"\x7b" + b"x" * 500, b"\x7b" + b"x" * 63),
}


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize(("begun", "excerpt"), BEGUN.values(), ids=BEGUN)
def test_subnegotiation_is_dropped_when_its_time_is_up(begun: bytes, excerpt: bytes, role: Role) -> None:
    session, handler = started(role=role)

    session.receive(begun, 100.0)
    assert session.deadline == 105.0
    session.tick(104.9)
    assert handler.events == []
    session.tick(105.0)

    assert handler.events == [("on_protocol_error", ENDLESS, excerpt)]
    assert session.deadline is None
    assert session.take() == b""


def test_what_is_typed_after_it_is_a_line() -> None:
    session, handler = started()
    deliver(session, OPEN + CHARSET + OPEN + GMCP_CODE + b"Fred\r\n", 0.0)
    session.tick(session.deadline or 0.0)

    deliver(session, b"Fred\r\nlook\r\n", 6.0)

    assert handler.events[1:] == [
        ("on_protocol_error", ENDLESS, GMCP_CODE + b"Fred"),
        ("on_line", "Fred"),
        ("on_line", "look"),
    ]


def test_line_that_was_begun_before_it_is_whole() -> None:
    session, handler = started()
    deliver(session, b"lo" + OPEN + GMCP_CODE + b"x", 0.0)
    session.tick(5.0)

    deliver(session, b"ok\r\n", 6.0)

    assert handler.named("on_line") == [("on_line", "look")]


def test_enter_that_was_cut_in_two_by_it_is_one() -> None:
    session, handler = started()
    deliver(session, b"look\r" + OPEN + GMCP_CODE + b"x", 0.0)
    session.tick(5.0)

    deliver(session, b"\nwho\r\n", 6.0)

    assert handler.named("on_line") == [("on_line", "look"), ("on_line", "who")]


def test_command_that_an_iac_has_begun_is_one_still() -> None:
    session, handler = started()
    deliver(session, OPEN + GMCP_CODE + b"x" + IAC, 0.0)
    session.tick(5.0)

    deliver(session, SE + b"look\r\n", 6.0)

    assert handler.events[1:] == [("on_command", SE), ("on_line", "look")]


def test_time_counts_from_its_beginning_however_it_drips() -> None:
    session, handler = started()
    session.receive(OPEN + GMCP_CODE, 0.0)
    for second in range(1, 5):
        session.receive(b"x", float(second))
        session.tick(float(second))
    assert handler.events == []

    session.tick(5.0)

    assert handler.events == [("on_protocol_error", ENDLESS, GMCP_CODE + b"xxxx")]


def test_one_that_is_skipped_ends_in_time_too() -> None:
    session, handler = started(limits=Limits(subnegotiation=4, subnegotiation_time=5.0))
    deliver(session, OPEN + GMCP_CODE + b"x", 0.0)
    deliver(session, b"xxxxx", 3.0)
    assert [event[1] for event in handler.events] == ["subnegotiation longer than max_subnegotiation"]

    session.tick(5.0)
    deliver(session, b"look\r\n", 6.0)

    assert handler.events[1:] == [("on_protocol_error", ENDLESS, GMCP_CODE), ("on_line", "look")]


@pytest.mark.parametrize("end", [CLOSE, IAC + GA, IAC + WILL + NAWS], ids=["its end", "a command", "an option"])
def test_what_ends_in_time_is_left_alone(end: bytes) -> None:
    session, handler = started()
    session.receive(OPEN + NAWS + b"\0\x50\0\x18", 0.0)
    session.receive(end, 4.9)
    assert session.deadline is None
    told = list(handler.events)

    session.tick(5.0)

    assert handler.events == told
    assert ENDLESS not in {event[1] for event in told if len(event) > 1}


def test_each_has_its_own_time() -> None:
    """A peer that sends one after the other is in the middle of one at the end of each read."""
    session, handler = started(GMCP)
    session.receive(OPEN + GMCP_CODE, 0.0)
    for second in range(1, 20):
        session.receive(b"Core.Ping" + CLOSE + OPEN + GMCP_CODE, float(second))
        session.tick(float(second))

    assert handler.named("on_protocol_error") == []
    assert session.deadline == 24.0


def test_one_that_is_skipped_to_its_end_takes_no_time_of_the_next() -> None:
    session, handler = started(limits=Limits(subnegotiation=4, subnegotiation_time=5.0))
    deliver(session, OPEN + GMCP_CODE + b"xxxxx", 0.0)
    deliver(session, CLOSE + OPEN + GMCP_CODE + b"x", 4.0)

    session.tick(5.0)

    assert session.deadline == 9.0
    assert ENDLESS not in {event[1] for event in handler.events}


@pytest.mark.parametrize("cut", [IAC, IAC + WILL], ids=["IAC", "IAC WILL"])
def test_what_swallows_no_text_has_no_time(cut: bytes) -> None:
    session, _ = started()

    session.receive(cut, 0.0)

    assert session.deadline is None


def test_it_is_dropped_inside_of_a_compressed_stream() -> None:
    session, handler = started(MCCP3)
    stream = zlib.compressobj()

    def send(data: bytes, now: float) -> None:
        deliver(session, stream.compress(data) + stream.flush(zlib.Z_SYNC_FLUSH), now)

    deliver(session, subnegotiation(MCCP3.code, b""), 0.0)
    send(OPEN + GMCP_CODE + b"x", 1.0)
    session.tick(6.0)
    send(b"look\r\n", 7.0)

    assert handler.events == [("on_protocol_error", ENDLESS, GMCP_CODE + b"x"), ("on_line", "look")]


def test_its_excerpt_holds_no_secret() -> None:
    session, handler = started()
    deliver(session, OPEN + GMCP_CODE + b'Char.Login.Credentials {"password": "hunter2"', 0.0)

    session.tick(5.0)

    assert handler.events == [("on_protocol_error", ENDLESS, GMCP_CODE + b"Char.Login")]


@pytest.mark.parametrize("end", [b"", IAC + GA, b"x" * 100], ids=["no end", "a command", "too much"])
@pytest.mark.parametrize("line_end", [b"\r\n", b"\n", b"\r\0"], ids=repr)
@pytest.mark.parametrize("option", [GMCP_CODE, b"\n", b"\r"], ids=repr)
def test_line_that_was_typed_into_it_after_another_is_not_shown(option: bytes, line_end: bytes, end: bytes) -> None:
    session, handler = started(limits=Limits(subnegotiation=60, subnegotiation_time=5.0))
    deliver(session, OPEN + option + b"Fred" + line_end + b"hunter2" + line_end + end, 0.0)
    session.tick(5.0)

    shown = [event[2] for event in handler.named("on_protocol_error")]
    assert shown[0] == option + b"Fred"
    assert not any(b"hunter2" in excerpt for excerpt in shown)


def test_nothing_is_shown_of_it_while_typing_is_hidden() -> None:
    session, handler = started(ECHO)
    session[ECHO].hide()
    deliver(session, negotiate(DO, ECHO_CODE) + OPEN + GMCP_CODE + b"hunter2\r\n", 0.0)

    session.tick(5.0)

    assert handler.named("on_protocol_error") == [("on_protocol_error", ENDLESS, b"")]


def test_pause_of_the_program_takes_no_time_of_the_peer() -> None:
    session, handler = started()
    session.receive(OPEN + GMCP_CODE + b"x", 0.0)

    session.pause()
    assert session.deadline is None
    session.tick(50.0)
    session.resume()
    session.receive(b"y", 60.0)
    assert session.deadline == 65.0
    session.receive(CLOSE, 61.0)

    assert handler.events == [("on_subnegotiation", GMCP_CODE, b"xy")]


def test_what_a_pause_holds_back_has_no_time_yet() -> None:
    class Pausing(Recorder):
        session: Session

        def on_line(self, line: str) -> None:
            self.events.append(("on_line", line))
            self.session.pause()

    handler = Pausing(without=("on_client",))
    session, _ = started(handler=handler)
    handler.session = session

    session.receive(b"wait\r\n" + OPEN + GMCP_CODE + b"x", 0.0)
    assert (session.pending, session.deadline) == (True, None)
    session.tick(50.0)
    session.resume()
    session.receive(b"", 60.0)

    assert session.deadline == 65.0


def test_what_waits_for_a_turn_here_is_read_before_it_is_judged() -> None:
    session, handler = started()
    session.receive(OPEN + GMCP_CODE + b"x", 0.0)
    session.receive(b"y" * 70_000, 4.0)
    assert session.pending

    session.tick(5.0)
    assert ENDLESS not in {event[1] for event in handler.events}
    deliver(session, b"", 5.0)
    session.tick(10.0)

    assert handler.events[-1] == ("on_protocol_error", ENDLESS, GMCP_CODE)


def test_end_of_the_input_leaves_nothing_to_drop() -> None:
    session, handler = started()
    session.receive(OPEN + GMCP_CODE + b"x", 0.0)
    session.end(1.0)

    assert session.deadline is None
    session.tick(50.0)

    assert handler.events == [("on_input_end",)]


def test_closed_session_drops_nothing() -> None:
    session, handler = started()
    session.receive(OPEN + GMCP_CODE + b"x", 0.0)
    session.close()

    assert session.deadline is None
    session.tick(50.0)

    assert handler.events == []


def test_close_inside_of_a_handler_leaves_no_deadline() -> None:
    class Closing(Recorder):
        session: Session

        def on_command(self, command: bytes) -> None:
            self.session.close()

    handler = Closing(without=("on_client", "on_command"))
    session = handler.session = Session(handler, limits=QUICK)
    session.start(0.0)
    session.receive(OPEN + GMCP_CODE + b"x", 0.0)
    session.receive(IAC + GA + OPEN + GMCP_CODE, 1.0)

    assert session.deadline is None


def test_what_the_handler_raises_of_it_costs_that_event() -> None:
    class Broken(Recorder):
        def on_protocol_error(self, reason: str, data: bytes) -> None:
            raise ZeroDivisionError

    session, handler = started(handler=Broken(without=("on_client",)))
    session.receive(OPEN + GMCP_CODE + b"x", 0.0)

    with pytest.raises(ZeroDivisionError):
        session.tick(5.0)
    deliver(session, b"look\r\n", 6.0)

    assert handler.events == [("on_line", "look")]


pieces = st.one_of(
    st.sampled_from([OPEN, CLOSE, IAC, IAC + IAC, IAC + GA, IAC + WILL, OPEN + GMCP_CODE, b"look\r\n", b"lo", b"\r"]),
    st.binary(max_size=6),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # which sets the parser, once for all
@given(received=st.lists(st.tuples(pieces, st.floats(0, 3)), max_size=20), limit=st.integers(1, 20))
def test_whatever_came_a_line_can_be_typed_when_the_time_is_up(received: list[tuple[bytes, float]], limit: int) -> None:
    session, handler = started(limits=Limits(subnegotiation=limit, subnegotiation_time=5.0))
    now = 0.0
    for data, later in received:
        deliver(session, data, now)
        now += later
        session.tick(now)
    now += 5.0
    session.tick(now)

    deliver(session, b"\0\0\r\nlook\r\n", now)  # of which a command that was cut off may take two bytes

    assert handler.events[-1] == ("on_line", "look")
    assert session.deadline is None


def test_default_leaves_the_longest_message_the_time_of_a_telephone_line() -> None:
    limits = Limits()

    assert limits.subnegotiation * 8 / 56_000 < limits.subnegotiation_time <= 15


# NOP

KEEPALIVE = IAC + NOP


def idle(role: Role = Role.SERVER, interval: float | None = 60.0, **settings: Any) -> Session:
    """A session that has sent its last at 0, to a peer that speaks Telnet."""
    session, _ = started(role=role, nop_interval=interval, **settings)
    return session


def test_no_nop_is_sent_unless_the_program_wants_it() -> None:
    session, _ = started()

    assert (session.nop_interval, session.deadline) == (None, None)
    session.tick(1e9)

    assert session.take() == b""


@pytest.mark.parametrize("role", Role)
def test_nop_is_sent_when_nothing_was_for_its_interval(role: Role) -> None:
    session = idle(role)

    assert session.deadline == 60.0
    session.tick(59.9)
    assert session.take(59.9) == b""
    session.tick(60.0)
    assert session.take(60.0) == KEEPALIVE

    assert session.deadline == 120.0


def test_what_is_sent_puts_it_off() -> None:
    session = idle()
    session.receive(b"look\r\n", 50.0)
    session.send_line("A room.")
    session.take(50.0)

    session.tick(60.0)
    assert session.take(60.0) == b""
    assert session.deadline == 110.0
    session.tick(110.0)

    assert session.take(110.0) == KEEPALIVE


def test_what_a_timer_of_the_program_sends_puts_it_off() -> None:
    session = idle()
    session.send_line("Night falls.")
    assert session.take(55.0) == b"Night falls.\r\n"

    session.tick(60.0)

    assert session.take(60.0) == b""


def test_what_the_peer_sends_does_not_put_it_off() -> None:
    session = idle()
    session.receive(b"look\r\n", 59.0)
    session.take(59.0)

    session.tick(60.0)

    assert session.take(60.0) == KEEPALIVE


def test_what_waits_to_be_taken_needs_no_nop() -> None:
    session = idle()
    session.send_line("Night falls.")

    session.tick(60.0)

    assert session.take(60.0) == b"Night falls.\r\n"


def test_output_that_the_peer_does_not_take_grows_by_no_nop() -> None:
    session = idle()
    for now in (60.0, 120.0, 180.0):
        session.tick(now, output_waits=True)
        assert session.take(now) == b""

    session.tick(240.0)

    assert session.take(240.0) == KEEPALIVE


def test_nop_comes_after_ready_at_the_soonest() -> None:
    session = Session(None, (ECHO, NAWS_OPTION), limits=Limits(ready=100.0), nop_interval=60.0)
    session.start(0.0)
    session.take(0.0)

    session.tick(60.0)
    assert session.take(60.0) == b""
    session.tick(100.0)

    assert session.deadline == 60.0  # over: it is due at once
    session.tick(100.0)
    assert session.take(100.0) == KEEPALIVE


def test_client_sends_none_before_the_server_has_shown_that_it_speaks_telnet() -> None:
    session = Session(None, role=Role.CLIENT, nop_interval=60.0)
    session.start(0.0)
    session.receive(b"SSH-2.0-OpenSSH_9.2\r\n", 1.0)
    session.tick(60.0)
    assert session.take(60.0) == b""

    session.receive(IAC + GA, 61.0)
    session.tick(120.0)

    assert session.take(120.0) == KEEPALIVE


def test_server_sends_it_to_whoever_is_there() -> None:
    session = Session(None, nop_interval=60.0)
    session.start(0.0)
    session.receive(b"look\r\n", 1.0)

    session.tick(60.0)

    assert session.take(60.0) == KEEPALIVE


def test_nop_passes_the_compressor() -> None:
    session = Session(None, (MCCP2,), nop_interval=60.0)
    session.start(0.0)
    session.receive(negotiate(DO, MCCP2.code), 0.0)
    stream = session.take(0.0).partition(subnegotiation(MCCP2.code, b""))[2]

    session.tick(60.0)
    stream += session.take(60.0)

    assert zlib.decompressobj().decompress(stream) == KEEPALIVE


def test_nop_is_heard_by_nobody_at_the_other_end() -> None:
    session, handler = started()

    deliver(session, b"lo" + KEEPALIVE + b"ok\r" + KEEPALIVE + b"\n")

    assert handler.events == [("on_line", "look")]
    assert session.take() == b""


def test_closed_session_sends_none() -> None:
    session = idle()
    session.close()

    assert session.deadline is None
    session.nop_interval = 1.0
    session.tick(60.0)

    assert (session.deadline, session.take(60.0)) == (None, b"")


def test_half_closed_peer_is_kept_alive() -> None:
    session = idle()
    session.end(1.0)

    session.tick(60.0)

    assert session.take(60.0) == KEEPALIVE


def test_pause_does_not_keep_it_from_being_sent() -> None:
    session = idle()
    session.pause()

    session.tick(60.0)

    assert session.take(60.0) == KEEPALIVE


def test_interval_can_be_set_and_taken_back_at_any_time() -> None:
    told: list[float] = []
    session, _ = started()
    session.alarm = told.append
    session.tick(1.0)

    session.nop_interval = 30.0
    assert (told, session.deadline) == ([30.0], 30.0)
    session.nop_interval = None

    assert session.deadline is None
    session.tick(30.0)
    assert session.take(30.0) == b""


def test_interval_belongs_to_the_thread_of_the_shell() -> None:
    def refuse() -> None:
        raise RuntimeError("another thread")

    session, _ = started()
    session.check = refuse

    with pytest.raises(RuntimeError, match="another thread"):
        session.nop_interval = 30.0
    assert session.nop_interval is None


def test_endless_interval_is_never() -> None:
    session = idle(interval=float("inf"))

    session.tick(1e300)

    assert session.take(1e300) == b""


@pytest.mark.parametrize(
    ("wrong", "error", "says"),
    [
        ("60", TypeError, "nop_interval must be a number of seconds or None, not str"),
        (True, TypeError, "nop_interval must be a number of seconds or None, not bool"),
        (0, ValueError, "nop_interval must be above 0, not 0"),
        (-1.5, ValueError, "nop_interval must be above 0, not -1.5"),
        (float("nan"), ValueError, "nop_interval must be above 0, not nan"),
    ],
    ids=repr,
)
def test_interval_that_is_none_is_refused_at_the_call(wrong: Any, error: type[Exception], says: str) -> None:
    session = Session(None)

    with pytest.raises(error, match=f"^{says}$"):
        Session(None, nop_interval=wrong)
    with pytest.raises(error, match=f"^{says}$"):
        session.nop_interval = wrong

    assert session.nop_interval is None


# The alarm


def test_shell_is_told_when_the_deadline_has_come_nearer() -> None:
    told: list[float] = []
    session = Session(None, limits=Limits(ready=2.0, subnegotiation_time=1.0))
    session.alarm = told.append
    session.start(10.0)
    assert told == [12.0]

    session.receive(OPEN + GMCP_CODE, 10.5)

    assert told == [12.0, 11.5]


def test_ready_and_a_subnegotiation_have_their_times_side_by_side() -> None:
    handler = Recorder()
    session = Session(handler, (ECHO, GMCP), limits=Limits(ready=2.0, subnegotiation_time=5.0))
    session.start(0.0)
    session.receive(OPEN + b"\x7b", 1.0)

    assert session.deadline == 2.0
    session.tick(2.0)
    assert handler.named("on_ready") == [("on_ready",)]
    assert session.deadline == 6.0
    session.tick(6.0)

    assert handler.named("on_protocol_error") == [("on_protocol_error", ENDLESS, b"\x7b")]
