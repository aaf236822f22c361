"""Memory stays flat, however long a parser works."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import repeat
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from telnet.constants import DO, ECHO, GA, GMCP, IAC, SB, SE

OPEN = IAC + SB
CLOSE = IAC + SE
pytestmark = [pytest.mark.slow, pytest.mark.once, pytest.mark.measures]

CALLBACKS = ("on_data", "on_command", "on_option", "on_subnegotiation", "on_protocol_error")

FEEDS = {"cython": 1_000_000, "python": 100_000}  # of each kind
# Without the GIL, a lock that a thread takes a second time costs it some system calls (CPython 3.13).
FEEDS_WITH_LOCKS = FEEDS if getattr(sys, "_is_gil_enabled", lambda: True)() else dict.fromkeys(FEEDS, 10_000)
WARM = 1000  # feeds before memory is measured: the interpreter fills its free lists

STATM = Path("/proc/self/statm")  # Linux tells there how much memory a process has


class Boom(Exception):
    pass


@contextmanager
def untraced() -> Iterator[None]:
    """What measures coverage needs time and memory of its own."""
    tracer = sys.gettrace()
    sys.settrace(None)
    try:
        yield
    finally:
        sys.settrace(tracer)


LIMIT = 600
LONG = b"x" * 300  # more than an idle parser keeps

CHUNKS = {
    "data": [b"text"],
    "data in a bytearray": [bytearray(b"text")],
    "data in a memoryview": [memoryview(b"text")],
    "escapes": [b"te\xff\xffxt"],
    "escapes cut in two": [b"te" + IAC, IAC + b"xt"],
    "a command": [IAC + GA],
    "a command in data": [b"text" + IAC + GA + b"text"],
    "a command cut in two": [IAC, GA],
    "an option": [IAC + DO + ECHO],
    "an option cut in two": [IAC + DO, ECHO],
    "a whole subnegotiation": [OPEN + GMCP + LONG + CLOSE],
    "a short subnegotiation cut in two": [OPEN + GMCP + b"pay", b"load" + CLOSE],
    "a long subnegotiation in pieces": [OPEN + GMCP + b"x", LONG, b"x" + IAC, SE],
    "a subnegotiation with escapes": [OPEN + GMCP + b"pay\xff\xffload" + CLOSE],
    "a subnegotiation that is too long": [OPEN + GMCP + LONG, LONG + b"x", CLOSE],
    "a subnegotiation too long by an escape": [OPEN + GMCP + LONG + LONG + IAC, IAC + CLOSE],
    "a subnegotiation that is interrupted": [OPEN + GMCP + b"payload" + IAC + GA],
    "a subnegotiation without an option": [OPEN + CLOSE],
}

# One event, and the same from a sequence that was cut off; what the latter leaves behind is shorter.
EVENTS = {
    "data": [b"text"],
    "data before a command": [b"text" + IAC + GA],
    "escapes": [b"te\xff\xffxt"],
    "a command": [IAC + GA],
    "an option": [IAC + DO + ECHO],
    "a whole subnegotiation": [OPEN + GMCP + LONG + CLOSE],
    "a subnegotiation in pieces": [OPEN + GMCP + LONG, CLOSE],
    "a protocol error": [OPEN + GMCP + LONG, IAC + GA],
}


def ignore(*args: object) -> None:
    pass


def fail(*args: object) -> None:
    raise Boom


def handler_calling(callback: Callable[..., object] | None) -> SimpleNamespace:
    return SimpleNamespace(**dict.fromkeys(CALLBACKS, callback))


def handed_out(module: ModuleType, chunks: list[Any]) -> list[object]:
    """Return what a handler is given: the constant objects among it are kept by the module."""
    given: list[object] = []
    parser = module.Parser(handler_calling(lambda *args: given.extend(args)), max_subnegotiation=LIMIT)
    for chunk in chunks:
        parser.feed(chunk)
    return given


def assert_flat(turn: Callable[[], object], turns: int, *objects: object) -> None:
    """Take so many turns: neither memory nor the references to the objects may grow."""
    with untraced():
        for _ in repeat(None, WARM):
            turn()
        before = measure(objects)
        for _ in repeat(None, turns):
            turn()
        after = measure(objects)

    blocks, references, resident = (now - then for now, then in zip(after, before, strict=True))
    assert blocks < 100
    assert references < 100
    assert resident < 4 << 20


def measure(objects: Iterable[object]) -> tuple[int, int, int]:
    """Count the interpreter's small blocks, the references to the objects, and the resident bytes of the process."""
    gc.collect()
    references = sum(map(sys.getrefcount, (None, True, False, *objects)))
    resident = int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGESIZE") if STATM.exists() else 0
    return sys.getallocatedblocks(), references, resident


@pytest.mark.parametrize("callback", [ignore, None], ids=["handled", "ignored"])
@pytest.mark.parametrize("chunks", CHUNKS.values(), ids=CHUNKS)
def test_feeds_leave_nothing_behind(parser_module: ModuleType, chunks: list[Any], callback: Any) -> None:
    parser = parser_module.Parser(handler_calling(callback), max_subnegotiation=LIMIT)
    feeds = FEEDS if isinstance(chunks[0], bytes) else FEEDS_WITH_LOCKS  # on what may change or move meanwhile

    def turn() -> None:
        for chunk in chunks:
            parser.feed(chunk)

    assert_flat(
        turn,
        feeds[parser_module.IMPLEMENTATION] // len(chunks),
        parser,
        callback,
        *chunks,
        *handed_out(parser_module, chunks),
    )


@pytest.mark.parametrize("chunks", EVENTS.values(), ids=EVENTS)
def test_callbacks_that_raise_leave_nothing_behind(parser_module: ModuleType, chunks: list[bytes]) -> None:
    parser = parser_module.Parser(handler_calling(fail), max_subnegotiation=LIMIT)

    def turn() -> None:
        for chunk in chunks:
            try:
                parser.feed(chunk)
            except Boom:
                pass

    assert_flat(
        turn,
        FEEDS[parser_module.IMPLEMENTATION] // len(chunks),
        parser,
        fail,
        *chunks,
        *handed_out(parser_module, chunks),
    )


@pytest.mark.parametrize("chunks", EVENTS.values(), ids=EVENTS)
def test_callbacks_that_stop_and_reset_leave_nothing_behind(parser_module: ModuleType, chunks: list[bytes]) -> None:
    def stop(*args: object) -> None:
        parser.stop()
        parser.reset()

    def turn() -> None:
        for chunk in chunks:
            parser.feed(chunk)

    parser = parser_module.Parser(handler_calling(stop), max_subnegotiation=LIMIT)

    assert_flat(
        turn,
        FEEDS_WITH_LOCKS[parser_module.IMPLEMENTATION] // len(chunks),
        parser,
        stop,
        *chunks,
        *handed_out(parser_module, chunks),
    )


@pytest.mark.parametrize("refused", ["text", 5, memoryview(b"text")[::2]], ids=["str", "int", "gaps"])
def test_refused_feeds_leave_nothing_behind(parser_module: ModuleType, refused: Any) -> None:
    parser = parser_module.Parser(object())

    def turn() -> None:
        try:
            parser.feed(refused)
        except (TypeError, BufferError):
            pass

    assert_flat(turn, FEEDS[parser_module.IMPLEMENTATION], parser, refused)


@pytest.mark.parametrize("begun", [IAC, OPEN + GMCP + b"x", OPEN + GMCP + LONG, OPEN + GMCP + LONG + IAC], ids=len)
def test_a_parser_dropped_or_reset_inside_a_sequence_leaves_nothing_behind(
    parser_module: ModuleType, begun: bytes
) -> None:
    handler = handler_calling(ignore)
    kept = parser_module.Parser(handler)

    def turn() -> None:
        parser_module.Parser(handler).feed(begun)
        kept.feed(begun)
        kept.reset()
        kept.feed(begun)
        kept.drop_subnegotiation()
        kept.reset()

    assert_flat(turn, FEEDS[parser_module.IMPLEMENTATION] // 2, kept, handler, ignore, begun)
