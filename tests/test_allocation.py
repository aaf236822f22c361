"""When memory runs out, ``feed`` raises MemoryError and loses nothing; the parser goes on when there is some again."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import count
from types import ModuleType
from typing import Any

import pytest
from recording import merged

from telnet.constants import DO, ECHO, GA, GMCP, IAC, NAWS, NOP, SB, SE
from telnet.events import Command, Data, Event, Option, ProtocolError, Subnegotiation

OPEN = IAC + SB
CLOSE = IAC + SE
LIMIT = 600
LONG = b"x" * 300  # longer than what a parser allocates at first, so that the payload moves

# Every way to a piece of memory, as the chunks that lead there.
INPUTS = {
    "a run before a command": [b"text" + IAC + GA],
    "a run behind an option": [IAC + DO + ECHO + b"text"],
    "a run with escapes": [b"te\xff\xffxt" + IAC + GA + LONG + b"\xff\xff" + LONG],
    "a run behind a cut escape": [IAC, IAC + b"text" + IAC + GA],
    "a run with escapes behind a cut escape": [b"text" + IAC, IAC + b"te\xff\xffxt"],
    "a whole subnegotiation": [b"text" + OPEN + GMCP + LONG + CLOSE + OPEN + GMCP + b"x" + CLOSE],
    "a subnegotiation in pieces": [OPEN + GMCP + b"a", LONG, b"b" + IAC, SE + b"text"],
    "a subnegotiation with escapes": [OPEN + NAWS + b"\0\xff\xff\0\xff\xff" + CLOSE + b"text" + IAC, IAC + b"text"],
    "a subnegotiation that is too long": [OPEN + GMCP + b"a", LONG + LONG + b"b" + CLOSE + b"text"],
    "a subnegotiation too long by one byte": [OPEN + GMCP + LONG, LONG + b"y" + CLOSE + IAC + GA],
    "a subnegotiation too long by an escape": [OPEN + GMCP + LONG, LONG + IAC, IAC + b"b" + CLOSE + IAC + GA],
    "a subnegotiation that is interrupted": [OPEN + GMCP + LONG + IAC, NOP + b"text"],
    "a subnegotiation of no known length": [OPEN + GMCP + IAC + NOP + OPEN + CLOSE + b"text"],
}


class Ledger:
    """A handler that writes events down, in a list with room for them: no callback allocates, so none fails."""

    def __init__(self) -> None:
        self.entries: list[Any] = [None] * 200
        del self.entries[101:]  # a list gives room back when it is less than half full
        self.start = len(self.entries)

    def on_data(self, data: bytes) -> None:
        self.entries.append(Data)
        self.entries.append(data)

    def on_command(self, command: bytes) -> None:
        self.entries.append(Command)
        self.entries.append(command)

    def on_option(self, command: bytes, option: bytes) -> None:
        self.entries.append(Option)
        self.entries.append(command)
        self.entries.append(option)

    def on_subnegotiation(self, option: bytes, data: bytes) -> None:
        self.entries.append(Subnegotiation)
        self.entries.append(option)
        self.entries.append(data)

    def on_protocol_error(self, reason: str, data: bytes) -> None:
        self.entries.append(ProtocolError)
        self.entries.append(reason)
        self.entries.append(data)

    @property
    def events(self) -> list[Event]:
        """What was written down, adjacent data joined."""
        entries = iter(self.entries[self.start :])
        log = [(kind(*(next(entries) for _ in kind._fields)), 0) for kind in entries]
        return [event for event, _ in merged(log)]


def feed_without_memory(parser: Any, chunk: Any, first: int, last: int) -> bool:
    """Feed with the allocations ``first`` to ``last`` failing, 0 being for ever; return whether ``feed`` failed."""
    testcapi = pytest.importorskip("_testcapi", reason="this Python cannot be told to run out of memory")
    set_nomemory, remove_mem_hooks, feed = testcapi.set_nomemory, testcapi.remove_mem_hooks, parser.feed
    tracer = sys.gettrace()  # what measures coverage needs memory too
    sys.settrace(None)
    set_nomemory(first - 1, last)
    try:
        feed(chunk)
    except MemoryError:
        return True
    finally:
        remove_mem_hooks()
        sys.settrace(tracer)
    return False


def failing_feeds(module: ModuleType, chunks: list[Any], *, for_ever: bool) -> Iterator[tuple[Any, Ledger, list[Any]]]:
    """Yield parser, handler and what is left to feed after each way to fail at one of the chunks."""
    for index, chunk in enumerate(chunks):
        for number in count(1):
            ledger = Ledger()
            parser = module.Parser(ledger, max_subnegotiation=LIMIT)
            for complete in chunks[:index]:
                parser.feed(complete)
            if not feed_without_memory(parser, chunk, number, 0 if for_ever else number):
                break
            yield parser, ledger, [chunk[parser.consumed :], *chunks[index + 1 :]]


@pytest.mark.parametrize("for_ever", [False, True], ids=["once", "for ever"])
@pytest.mark.parametrize("kind", [bytes, bytearray])
@pytest.mark.parametrize("chunks", INPUTS.values(), ids=INPUTS)
def test_what_could_not_be_allocated_is_delivered_by_the_next_feed(
    compiled: ModuleType, chunks: list[bytes], kind: type[bytes], for_ever: bool
) -> None:
    whole = Ledger()
    compiled.Parser(whole, max_subnegotiation=LIMIT).feed(b"".join(chunks))
    failures = 0

    for parser, ledger, rest in failing_feeds(compiled, [kind(chunk) for chunk in chunks], for_ever=for_ever):
        failures += 1
        assert [parser.feed(chunk) for chunk in rest] == [len(chunk) for chunk in rest]
        assert ledger.events == whole.events

    assert failures


# Once, for in the end the interpreter itself needs memory to leave a `try` of the pure twin.
@pytest.mark.parametrize("chunks", INPUTS.values(), ids=INPUTS)
def test_a_parser_that_ran_out_of_memory_is_usable(parser_module: ModuleType, chunks: list[bytes]) -> None:
    for parser, ledger, rest in failing_feeds(parser_module, chunks, for_ever=False):
        for chunk in rest:
            assert parser.feed(chunk) == len(chunk)
        parser.reset()
        ledger.start = len(ledger.entries)
        parser.feed(b"text" + OPEN + GMCP + b"x" + CLOSE)
        assert ledger.events == [Data(b"text"), Subnegotiation(GMCP, b"x")]
