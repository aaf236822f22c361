"""Telnet over a real connection: events, their order, and what a hostile peer cannot do (RFC 854, RFC 855)."""

from __future__ import annotations

import gc
import socket
import weakref
from typing import Any

import pytest
from net_support import Recorder, run_for, run_until
from stream_support import stream_pair

from telnet import AYT, DO, ECHO, GA, IAC, NAWS, SB, SE, SGA, TTYPE, WILL, WONT, Engine, Limits, TelnetConnection

TTYPE_IS = IAC + SB + TTYPE + b"\x00xterm" + IAC + SE
TTYPE_EVENT = ("subnegotiation", TTYPE, b"\x00xterm")


def events_of(*pieces: bytes, cls: type[Recorder] = Recorder, delimiter: Any = None) -> list[tuple[Any, ...]]:
    """Send the pieces, each in a read of its own, then end; return what came between connect and close."""
    with Engine() as engine:
        connection, peer = stream_pair(engine, cls)
        connection.read_delimiter = delimiter
        with peer:
            for piece in pieces:
                peer.sendall(piece)
                engine.poll(1.0)
            peer.shutdown(socket.SHUT_WR)
            run_until(engine, lambda: connection.closed)
    assert connection.events[0] == ("connect",)
    assert connection.events[-1] == ("close",)
    return connection.events[1:-1]


def test_the_option_of_a_subnegotiation_is_one_byte_and_the_data_stops_at_its_end() -> None:
    """B1: the option was all the rest of the buffer."""
    assert events_of(TTYPE_IS) == [TTYPE_EVENT]


def test_what_follows_a_subnegotiation_is_data() -> None:
    """B2: two bytes of it were eaten and one reported as a command."""
    assert events_of(TTYPE_IS + b"hello") == [TTYPE_EVENT, ("read", b"hello")]


def test_a_subnegotiation_arrives_once_however_little_follows_it() -> None:
    """B3: with fewer than two bytes behind it, it was delivered again with each of the next bytes."""
    assert events_of(TTYPE_IS, b"A", b"B") == [TTYPE_EVENT, ("read", b"A"), ("read", b"B")]


def test_an_iac_at_the_end_of_a_read_inside_a_subnegotiation_waits_for_its_second_byte() -> None:
    """B4: it raised out of the read handler."""
    assert events_of(TTYPE_IS[:-1], TTYPE_IS[-1:]) == [TTYPE_EVENT]


def test_a_peer_that_ends_inside_a_subnegotiation_is_closed() -> None:
    """B4: its end was never acted on, and the engine spun at full speed."""
    assert events_of(IAC + SB + TTYPE + b"\x00xt" + IAC) == []


def test_an_escaped_iac_at_the_end_of_a_read_does_not_end_a_subnegotiation() -> None:
    """B5: the event fired early, and again when the rest had come."""
    whole = IAC + SB + TTYPE + b"ab" + IAC + IAC + b"cd" + IAC + SE
    assert events_of(whole[:7], whole[7:]) == [("subnegotiation", TTYPE, b"ab\xffcd")]


def test_a_command_inside_a_subnegotiation_ends_it() -> None:
    """B6: a missing SE swallowed what came later as payload."""
    events = events_of(IAC + SB + TTYPE + b"ab" + IAC + AYT + b"north")
    assert [event[0] for event in events] == ["protocol_error", "command", "read"]
    assert events[1:] == [("command", AYT), ("read", b"north")]


def test_a_subnegotiation_in_as_many_reads_as_bytes_arrives_once() -> None:
    """B7: an unfinished one was parsed from its start with every read."""
    size = IAC + SB + NAWS + b"\x00" + IAC + IAC + b"\x00\x18" + IAC + SE
    assert events_of(*(size[index : index + 1] for index in range(len(size)))) == [
        ("subnegotiation", NAWS, b"\x00\xff\x00\x18")
    ]


def test_data_that_waits_for_a_delimiter_is_bounded() -> None:
    """B8: text without a line's end was kept without limit."""

    class Bounded(Recorder):
        limits = Limits(unread=100)

        def on_overflow_error(self, exc: Exception) -> None:
            self.events.append(("overflow", len(self.unread)))
            super().on_overflow_error(exc)  # type: ignore[arg-type]

    assert events_of(b"x" * 100, b"x", cls=Bounded, delimiter=b"\n") == [("overflow", 101)]


def test_a_subnegotiation_above_its_limit_is_dropped_even_when_it_comes_in_one_read() -> None:
    """B8: a whole one of any size passed when a single read brought it."""

    class Bounded(Recorder):
        limits = Limits(subnegotiation=100)

    events = events_of(IAC + SB + TTYPE + b"x" * 101 + IAC + SE + b"north", cls=Bounded)
    assert [event[0] for event in events] == ["protocol_error", "read"]


def test_a_subnegotiation_of_exactly_its_limit_arrives() -> None:
    class Bounded(Recorder):
        limits = Limits(subnegotiation=100)

    assert events_of(IAC + SB + TTYPE + b"x" * 100 + IAC + SE, cls=Bounded) == [("subnegotiation", TTYPE, b"x" * 100)]


@pytest.mark.parametrize("flush", [True, False])
@pytest.mark.parametrize("kind", ["on_option", "on_command", "on_subnegotiation", "on_read", "on_protocol_error"])
def test_nothing_arrives_after_close_in_a_handler(kind: str, flush: bool) -> None:
    """B10: what the same read had brought arrived after on_close."""
    first = {
        "on_option": IAC + WILL + ECHO,
        "on_command": IAC + AYT,
        "on_subnegotiation": TTYPE_IS,
        "on_read": b"quit",
        "on_protocol_error": IAC + SB + IAC + SE,
    }[kind]

    def closing(self: Recorder, *args: Any) -> None:
        self.events.append((kind,))
        self.close(flush)

    cls = type("Closing", (Recorder,), {kind: closing})
    rest = IAC + WILL + SGA + TTYPE_IS + b"hello" + IAC + AYT + IAC + SB + IAC + SE
    assert events_of(first + rest, cls=cls) == [(kind,)]


def test_no_input_is_delivered_while_a_close_waits_for_output() -> None:
    """B10: the same, when close() has something to flush first."""

    class Leaving(Recorder):
        def on_command(self, command: bytes) -> None:
            super().on_command(command)
            self.write(b"goodbye")
            self.close()

    assert events_of(IAC + AYT + b"hello", cls=Leaving) == [("command", AYT), ("write",)]


@pytest.mark.parametrize(
    ("wire", "event"),
    [
        (IAC + GA, ("command", GA)),
        (IAC + WILL + ECHO, ("option", WILL, ECHO)),
        (IAC + DO + b"\xff", ("option", DO, b"\xff")),
        (IAC + b"\x01", ("command", b"\x01")),
    ],
)
def test_many_commands_in_one_read_arrive_one_by_one(wire: bytes, event: tuple[Any, ...]) -> None:
    """B11: commands were parsed by copying all the rest each time."""
    assert events_of(wire * 2000) == [event] * 2000


def test_many_escaped_iacs_in_one_read_are_as_many_bytes() -> None:
    """B11: the same."""
    assert b"".join(event[1] for event in events_of(IAC + IAC * 3999)) == IAC * 2000


def test_data_and_commands_arrive_in_wire_order() -> None:
    assert events_of(b"one" + IAC + GA + b"two" + IAC + WONT + ECHO + TTYPE_IS + b"three") == [
        ("read", b"one"),
        ("command", GA),
        ("read", b"two"),
        ("option", WONT, ECHO),
        TTYPE_EVENT,
        ("read", b"three"),
    ]


def test_a_command_inside_a_line_arrives_before_the_line() -> None:
    assert events_of(b"hel" + IAC + WILL + ECHO + b"lo\r\n" + IAC + AYT, delimiter=b"\r\n") == [
        ("option", WILL, ECHO),
        ("read", b"hello"),
        ("command", AYT),
    ]


def test_a_delimiter_never_sees_what_belongs_to_telnet() -> None:
    wire = b"a" + IAC + SB + TTYPE + b"\n" + IAC + SE + b"b\nc\n"
    assert events_of(wire, delimiter=b"\n") == [("subnegotiation", TTYPE, b"\n"), ("read", b"ab"), ("read", b"c")]


def test_a_conversation_one_byte_at_a_time_has_the_same_events() -> None:
    wire = b"north\r\n" + IAC + WILL + NAWS + TTYPE_IS + b"so" + IAC + IAC + b"uth\r\n" + IAC + AYT
    in_pieces = events_of(*(wire[index : index + 1] for index in range(len(wire))), delimiter=b"\r\n")
    assert in_pieces == events_of(wire, delimiter=b"\r\n")
    assert [event[0] for event in in_pieces] == ["read", "option", "subnegotiation", "read", "command"]


def test_a_handler_that_is_set_later_on_the_object_is_called() -> None:
    commands: list[bytes] = []

    def note(command: bytes) -> None:
        commands.append(command)

    with Engine() as engine:
        connection, peer = stream_pair(engine, TelnetConnection)
        with peer:
            connection.on_command = note  # type: ignore[method-assign]
            peer.sendall(IAC + AYT)
            run_until(engine, lambda: commands)
    assert commands == [AYT]


def test_all_handlers_are_placeholders(caplog: pytest.LogCaptureFixture) -> None:
    with Engine() as engine:
        connection, peer = stream_pair(engine, TelnetConnection)
        with peer:
            peer.sendall(b"x" + IAC + AYT + IAC + WILL + ECHO + TTYPE_IS + IAC + SB + IAC + SE)
            engine.poll(1.0)
            connection.write(b"x")
            run_until(engine, lambda: not connection._queue)
            assert connection.connected
            connection.close()
    assert not caplog.records


def test_nothing_is_answered_automatically() -> None:
    with Engine() as engine:
        connection, peer = stream_pair(engine, Recorder)
        with peer:
            peer.sendall(IAC + DO + ECHO + IAC + WILL + TTYPE + IAC + AYT)
            run_until(engine, lambda: len(connection.events) == 4)
            connection.close()
            assert peer.recv(100) == b""


def test_writing_does_not_escape() -> None:
    with Engine() as engine:
        connection, peer = stream_pair(engine, Recorder)
        with peer:
            connection.write(b"> " + IAC + GA, flush=True)
            assert peer.recv(100) == b"> " + IAC + GA


def test_a_closed_connection_goes_without_the_garbage_collector() -> None:
    gc.collect()
    gc.disable()
    try:
        with Engine() as engine:
            connection, peer = stream_pair(engine, TelnetConnection)
            with peer:
                gone = weakref.ref(connection)
                connection.close(flush=False)
                del connection
                run_for(engine, 0.03)
                assert gone() is None
    finally:
        gc.enable()
