"""What callbacks may do to parser, connection and interpreter, at each event and for each way to come to it."""

from __future__ import annotations

import gc
import sys
import weakref
from collections.abc import Callable
from contextlib import suppress
from types import ModuleType, SimpleNamespace

import pytest
import reference
from net_support import Recorder as ConnectionRecorder
from net_support import run_until
from recording import Recorder
from stream_support import stream_pair

from telnet import AYT, DO, ECHO, GA, GMCP, IAC, NOP, SB, SE, WILL, Engine
from telnet.events import Event

OPEN = IAC + SB
CLOSE = IAC + SE
CALLBACKS = ("on_data", "on_command", "on_option", "on_subnegotiation", "on_protocol_error")
LIMIT = 300
LONG = b"x" * LIMIT  # more than an idle parser keeps, so that its memory is given back before the call
REST = IAC + GA + b"te\xff\xffxt" + OPEN + GMCP + b"x" + CLOSE + IAC + WILL + ECHO + OPEN + CLOSE

# What was fed before, and the bytes that complete an event.
WAYS = {
    "a run": (b"", b"text"),
    "a run with escapes": (b"", b"te\xff\xffxt"),
    "a run behind a cut escape": (IAC, IAC + b"text"),
    "a run with escapes behind a cut escape": (IAC, IAC + b"te\xff\xffxt"),
    "a command": (b"", IAC + AYT),
    "a command cut in two": (IAC, AYT),
    "an option": (b"", IAC + DO + ECHO),
    "an option cut in two": (IAC, DO + ECHO),
    "an option cut in three": (IAC + DO, ECHO),
    "a whole subnegotiation": (b"", OPEN + GMCP + LONG + CLOSE),
    "a subnegotiation cut in two": (OPEN + GMCP + LONG, CLOSE),
    "a subnegotiation with escapes": (b"", OPEN + GMCP + b"\xff\xff" + CLOSE),
    "no option": (b"", OPEN + CLOSE),
    "an interruption before the option": (b"", OPEN + IAC + NOP),
    "an interruption": (OPEN + GMCP + LONG, IAC + NOP),
    "a payload too long by a byte": (OPEN + GMCP, LONG + b"x" + CLOSE),
    "a payload too long by an escape": (OPEN + GMCP + LONG, IAC + IAC + CLOSE),
}

every_way = pytest.mark.parametrize(("before", "event"), WAYS.values(), ids=WAYS)

Action = Callable[["Actor"], object]


class Boom(Exception):
    pass


class Actor(Recorder):
    """Acts once, at the first event."""

    action: Action | None = None

    def record(self, event: Event) -> None:
        super().record(event)
        action, self.action = self.action, None
        if action is not None:
            action(self)


def actor(module: ModuleType, before: bytes, action: Action | None = None) -> Actor:
    recorder = Actor()
    recorder.action = action
    recorder.attach(module, LIMIT)
    recorder.feed(before)
    assert not recorder.log
    return recorder


def undisturbed(module: ModuleType, before: bytes, data: bytes) -> list[tuple[Event, int]]:
    recorder = actor(module, before)
    recorder.feed(data)
    return recorder.log


# --- what makes no difference -----------------------------------------------------------------------------------------


def feed_again(recorder: Actor) -> None:
    with pytest.raises(RuntimeError, match=r"^feed\(\) called from inside a callback of the same parser$"):
        recorder.parser.feed(OPEN + GMCP)


def feed_rubbish(recorder: Actor) -> None:
    with pytest.raises(RuntimeError):
        recorder.parser.feed("text")


def initialise_again(recorder: Actor) -> None:
    with pytest.raises(RuntimeError, match=r"^__init__\(\) called a second time: make a new Parser$"):
        recorder.parser.__init__(object(), max_subnegotiation=0)


def feed_another(recorder: Actor) -> None:
    type(recorder.parser)(object()).feed(OPEN + GMCP + b"payload")


def forget_the_methods(recorder: Actor) -> None:
    for name in CALLBACKS:
        setattr(recorder, name, None)


def collect_garbage(recorder: Actor) -> None:
    gc.collect()


def change_the_tracer(recorder: Actor) -> None:
    tracer = sys.gettrace()
    sys.settrace(lambda *args: None)
    sys.settrace(tracer)


def use_what_memory_is_free(recorder: Actor) -> None:
    assert [b"!" * size for size in range(2 * LIMIT)]


@every_way
@pytest.mark.parametrize(
    "action",
    [
        feed_again,
        feed_rubbish,
        initialise_again,
        feed_another,
        forget_the_methods,
        collect_garbage,
        change_the_tracer,
        use_what_memory_is_free,
    ],
)
def test_events_do_not_change(parser_module: ModuleType, before: bytes, event: bytes, action: Action) -> None:
    recorder = actor(parser_module, before, action)

    recorder.feed(event + REST)

    assert recorder.action is None
    assert recorder.log == undisturbed(parser_module, before, event + REST)


# --- stop, raise, reset -----------------------------------------------------------------------------------------------


def stop(recorder: Actor) -> None:
    recorder.parser.stop()


def fail(recorder: Actor) -> None:
    raise Boom


def stop_and_fail(recorder: Actor) -> None:
    recorder.parser.stop()
    raise Boom


@every_way
@pytest.mark.parametrize("action", [stop, fail, stop_and_fail])
def test_feed_ends_after_the_event_and_the_rest_can_be_fed(
    parser_module: ModuleType, before: bytes, event: bytes, action: Action
) -> None:
    recorder = actor(parser_module, before, action)
    data = event + REST

    try:
        assert recorder.parser.feed(data) == recorder.parser.consumed
    except Boom:
        assert action is not stop
    assert len(recorder.log) == 1
    consumed = recorder.parser.consumed
    recorder.offset += consumed
    recorder.feed(data[consumed:])

    assert recorder.log == undisturbed(parser_module, before, data)


@every_way
def test_after_a_reset_the_rest_is_read_as_new(parser_module: ModuleType, before: bytes, event: bytes) -> None:
    recorder = actor(parser_module, before, lambda recorder: recorder.parser.reset())
    data = before + event + REST

    recorder.feed(event + REST)

    first, at = recorder.log[0]
    assert recorder.log == [(first, at), *((event, at + end) for event, end in reference.read(data[at:], LIMIT))]


# --- what the call and the parser hold --------------------------------------------------------------------------------


@every_way
def test_the_last_references_to_parser_and_handler_may_go(
    parser_module: ModuleType, before: bytes, event: bytes
) -> None:
    def note(*arguments: object) -> None:
        parsers.clear()
        gc.collect()
        seen.append(arguments)

    seen: list[object] = []
    parsers = [parser_module.Parser(SimpleNamespace(**dict.fromkeys(CALLBACKS, note)), max_subnegotiation=LIMIT)]
    parsers[0].feed(before)
    gone = weakref.ref(note)
    del note

    assert parsers[0].feed(event + REST) == len(event + REST)
    gc.collect()

    assert not parsers
    assert gone() is None
    assert seen == [tuple(event) for event, _ in undisturbed(parser_module, before, event + REST)]


@every_way
def test_a_bytearray_cannot_be_resized_while_it_is_fed(parser_module: ModuleType, before: bytes, event: bytes) -> None:
    def resize(recorder: Actor) -> None:
        for change in (buffer.clear, buffer.pop, lambda: buffer.extend(REST)):
            with pytest.raises(BufferError):
                change()

    recorder = actor(parser_module, before, resize)
    buffer = bytearray(event + REST)

    assert recorder.parser.feed(buffer) == len(buffer)
    buffer.clear()  # and is free again afterwards

    assert recorder.action is None
    assert recorder.log == undisturbed(parser_module, before, event + REST)


@every_way
@pytest.mark.parametrize("action", [stop, fail])
def test_a_bytearray_is_free_after_a_feed_that_was_cut_short(
    parser_module: ModuleType, before: bytes, event: bytes, action: Action
) -> None:
    recorder = actor(parser_module, before, action)
    buffer = bytearray(event + REST)

    with suppress(Boom):
        recorder.parser.feed(buffer)
    buffer.clear()

    assert recorder.action is None


@every_way
def test_what_a_bytearray_is_overwritten_with_is_not_seen(
    parser_module: ModuleType, before: bytes, event: bytes
) -> None:
    def overwrite(recorder: Actor) -> None:
        buffer[:] = b"!" * len(buffer)

    recorder = actor(parser_module, before, overwrite)
    buffer = bytearray(event + REST)

    recorder.parser.feed(buffer)

    assert recorder.log == undisturbed(parser_module, before, event + REST)


# --- connections ------------------------------------------------------------------------------------------------------

HANDLERS = {
    "on_read": b"text",
    "on_command": IAC + AYT,
    "on_option": IAC + DO + ECHO,
    "on_subnegotiation": OPEN + GMCP + b"x" + CLOSE,
    "on_protocol_error": OPEN + CLOSE,
}


@pytest.mark.parametrize(("name", "wire"), HANDLERS.items(), ids=HANDLERS)
def test_the_last_reference_to_a_connection_may_go(name: str, wire: bytes) -> None:
    def leave(self: ConnectionRecorder, *arguments: object) -> None:
        events.append(name)
        connections.pop().close(flush=False)
        gc.collect()

    events: list[str] = []
    leaving: type[ConnectionRecorder] = type("Leaving", (ConnectionRecorder,), {name: leave})
    with Engine() as engine:
        connection, peer = stream_pair(engine, leaving)
        connections, gone = [connection], weakref.ref(connection)
        del connection
        with peer:
            peer.sendall(wire + REST)
            run_until(engine, lambda: not connections)
        engine.poll(0)
        gc.collect()

    assert events == [name]
    assert gone() is None


@pytest.mark.parametrize(("name", "wire"), HANDLERS.items(), ids=HANDLERS)
def test_an_exception_costs_a_connection_one_event(name: str, wire: bytes) -> None:
    def raise_once(self: ConnectionRecorder, *arguments: object) -> None:
        delattr(type(self), name)
        raise Boom

    failing: type[ConnectionRecorder] = type("Failing", (ConnectionRecorder,), {name: raise_once})
    with Engine() as engine:
        connection, peer = stream_pair(engine, failing)
        with peer:
            peer.sendall(wire + REST)
            run_until(engine, lambda: connection.events[-1][0] == "protocol_error")
            connection.close()

    names = [event[0] for event in connection.events]
    assert names == ["connect", "error", "command", "read", "subnegotiation", "option", "protocol_error", "close"]
