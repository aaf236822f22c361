"""Parsers and threads: each may have its own, and one that is shared by mistake neither breaks nor makes events up."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from recording import Recorder

from telnet import ECHO, GA, GMCP, IAC, SB, SE, WILL, escape
from telnet.events import Command, Data, Event, Option, ProtocolError, Subnegotiation

THREADS = 4
FEEDS = 20_000  # by each thread, enough for them to meet

# Whole sequences, in the ways in which they are read; every chunk can follow every other.
CHUNKS: dict[bytes, Event] = {
    b"text" + IAC + IAC: Data(b"text\xff"),
    IAC + GA: Command(GA),
    IAC + WILL + ECHO: Option(WILL, ECHO),
    IAC + SB + GMCP + b"x" * 500 + IAC + SE: Subnegotiation(GMCP, b"x" * 500),
    IAC + SB + GMCP + b"y" * 500 + IAC + IAC + IAC + SE: Subnegotiation(GMCP, b"y" * 500 + IAC),
}

BUSY = "feed() called from inside a callback of the same parser"


@pytest.mark.skipif(not sysconfig.get_config_var("Py_GIL_DISABLED"), reason="this Python has a GIL")
def test_the_gil_stays_off() -> None:
    program = "import sys, telnet._parser; print(sys._is_gil_enabled())"

    result = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True)

    assert (result.stdout, result.stderr) == ("False\n", "")


def in_threads(work: Callable[[], Any]) -> list[Any]:
    """Do the work in several threads, all beginning at once; return what each returned."""

    def begin() -> Any:
        start.wait()
        return work()

    start = Barrier(THREADS)
    with ThreadPoolExecutor(THREADS) as pool:
        futures = [pool.submit(begin) for _ in range(THREADS)]
        return [future.result() for future in futures]


def noting(events: list[Event]) -> Any:
    """A handler whose every call is one append to a list, which threads may share."""
    return SimpleNamespace(
        on_data=lambda data: events.append(Data(data)),
        on_command=lambda command: events.append(Command(command)),
        on_option=lambda command, option: events.append(Option(command, option)),
        on_subnegotiation=lambda option, data: events.append(Subnegotiation(option, data)),
        on_protocol_error=lambda reason, data: pytest.fail(f"{reason}: {data!r}"),
    )


def test_a_parser_of_its_own_in_each_thread(parser_module: ModuleType) -> None:
    def work() -> list[Event]:
        events: list[Event] = []
        parser = parser_module.Parser(noting(events))
        for _ in range(FEEDS // 100):
            for chunk in CHUNKS:
                parser.feed(chunk)
        return events

    assert in_threads(work) == [[*CHUNKS.values()] * (FEEDS // 100)] * THREADS


def test_a_shared_parser_loses_nothing_and_makes_nothing_up(compiled: ModuleType) -> None:
    def work() -> Counter[bytes]:
        done: Counter[bytes] = Counter()
        for _ in range(FEEDS):
            for chunk in CHUNKS:
                try:
                    assert parser.feed(chunk) == len(chunk)
                    done[chunk] += 1
                except RuntimeError:
                    pass  # refused: another thread was in a callback
        return done

    events: list[Event] = []
    parser = compiled.Parser(noting(events))

    fed: Counter[bytes] = sum(in_threads(work), Counter())

    assert fed.total() > 0
    assert Counter(events) == Counter({event: fed[chunk] for chunk, event in CHUNKS.items()})


def test_a_shared_parser_without_callbacks_in_python_refuses_nobody(compiled: ModuleType) -> None:
    chunk = b"text" + IAC + GA + b"te\xff\xffxt"
    received: list[bytes] = []
    commands: list[bytes] = []
    parser = compiled.Parser(SimpleNamespace(on_data=received.append, on_command=commands.append))

    in_threads(lambda: [parser.feed(chunk) for _ in range(FEEDS)])

    assert Counter(received) == {b"text": THREADS * FEEDS, b"te\xffxt": THREADS * FEEDS}
    assert commands == [GA] * THREADS * FEEDS


def test_pieces_from_several_threads_become_one_stream(compiled: ModuleType) -> None:
    """In what order is left to chance, but each piece is in it whole, and no byte twice."""
    payloads: list[int] = []
    parser = compiled.Parser(
        SimpleNamespace(on_subnegotiation=lambda option, data: payloads.append(len(data))), max_subnegotiation=10**9
    )
    parser.feed(IAC + SB + GMCP)

    def work() -> int:
        return sum(parser.feed(b"x" * 7) for _ in range(FEEDS))

    assert sum(in_threads(work)) == THREADS * FEEDS * 7
    parser.feed(IAC + SE)
    assert payloads == [THREADS * FEEDS * 7]


def elsewhere(call: Callable[..., object], *args: object) -> BaseException | None:
    """Make the call in another thread, and return what it raised."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(call, *args).exception(timeout=10)


class Caller(Recorder):
    """Lets another thread use the parser inside the first callback."""

    def __init__(self, use: Callable[[Any], object]) -> None:
        super().__init__()
        self.use = use
        self.raised: list[BaseException | None] = []

    def record(self, event: Event) -> None:
        super().record(event)
        if not self.raised:
            self.raised.append(elsewhere(self.use, self.parser))


def calling(module: ModuleType, use: Callable[[Any], object]) -> Caller:
    caller = Caller(use)
    caller.attach(module)
    return caller


DATA = b"te\xff\xffxt" + IAC + GA + IAC + SB + GMCP + b"x" + IAC + SE


def test_feed_in_another_thread_is_refused_while_a_callback_runs(parser_module: ModuleType) -> None:
    caller = calling(parser_module, lambda parser: parser.feed(IAC))
    undisturbed = Recorder().attach(parser_module)
    undisturbed.feed(DATA)

    caller.feed(DATA)

    [error] = caller.raised
    assert isinstance(error, RuntimeError)
    assert str(error) == BUSY
    assert caller.log == undisturbed.log


def test_stop_in_another_thread_is_a_stop(parser_module: ModuleType) -> None:
    caller = calling(parser_module, lambda parser: parser.stop())

    assert caller.parser.feed(DATA) == caller.parser.consumed == 6
    assert caller.raised == [None]


def test_consumed_can_be_read_in_another_thread(parser_module: ModuleType) -> None:
    seen: list[int] = []
    caller = calling(parser_module, lambda parser: seen.append(parser.consumed))

    caller.feed(DATA)

    assert seen == [6]


def test_reset_in_another_thread_is_a_reset(parser_module: ModuleType) -> None:
    caller = calling(parser_module, lambda parser: parser.reset())

    caller.feed(IAC + SB + GMCP + b"x" * 500 + IAC + GA)

    assert caller.raised == [None]
    assert caller.events[1:] == [Data(GA)]


def test_drop_in_another_thread_is_a_drop(parser_module: ModuleType) -> None:
    caller = calling(parser_module, lambda parser: parser.drop_subnegotiation())

    caller.feed(IAC + SB + GMCP + b"x" * 65537)

    assert caller.raised == [None, None]
    assert caller.events[1] == ProtocolError("subnegotiation without an end", GMCP)


def test_escape_in_several_threads() -> None:
    plain, doubled = b"a\xffb" * 1000, b"a\xff\xffb" * 1000

    assert in_threads(lambda: {escape(plain) for _ in range(FEEDS // 10)}) == [{doubled}] * THREADS
