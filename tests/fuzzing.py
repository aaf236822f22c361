"""One input of a fuzzer: what it is decoded into, and what must hold for it.

An input is a header of 16 bytes and the bytes on the wire. Each field takes any value, so that every input is a case;
one that is shorter than the header is filled up with zeros.

    offset  field     meaning
    0       limit     max_subnegotiation: up to 127 as it is, 128 to 255 are 512 to 65536 in steps of 512
    1       absent    bits 0 to 4: methods that the handler has not
    2       kind      modulo 3: the chunks are bytes, bytearray or memoryview
    3       at_data   low 4 bits: what on_data does, always
    4-9     script    low 4 bits each: what the other callbacks do, in turns
    10      reset     the place in the wire, if not 0, where the parser is reset between two chunks
    11-15   sizes     of the chunks, in turns; 0 is an empty chunk, five of them are no cut at all
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import cycle
from random import Random
from types import ModuleType
from typing import NamedTuple

import reference
from recording import merged, record
from traces import STREAMS, segments
from troublemaker import METHODS, Action, Chunk, Troublemaker

from telnet import encode
from telnet.constants import DO, DONT, IAC, WILL, WONT
from telnet.events import Command, Data, Event, Option, ProtocolError, Subnegotiation

HEADER = 16
KINDS: tuple[Callable[[bytes], Chunk], ...] = (bytes, bytearray, memoryview)
NEGOTIATION = (WILL, WONT, DO, DONT)
COMMANDS = [bytes([number]) for number in range(250)]  # SB and what is behind it need more than themselves
EXCERPT = 64
REPORTED = dict(zip(METHODS, (Data, Command, Option, Subnegotiation, ProtocolError), strict=True))


class Case(NamedTuple):
    """What an input is decoded into."""

    limit: int
    absent: tuple[str, ...]
    kind: Callable[[bytes], Chunk]
    at_data: Action
    script: tuple[Action, ...]
    reset: int
    sizes: tuple[int, ...]
    wire: bytes

    @property
    def parts(self) -> list[bytes]:
        """The wire, parted where the parser is reset."""
        return [self.wire[: self.reset], self.wire[self.reset :]] if self.reset else [self.wire]

    @property
    def idle(self) -> bool:
        """Whether no callback does anything."""
        return not any((self.at_data, *self.script))

    def __str__(self) -> str:
        lines = [
            f"limit    {self.limit}",
            f"absent   {', '.join(self.absent) or 'no method'}",
            f"kind     {self.kind.__name__}",
            f"at data  {words(self.at_data)}",
            f"script   {', '.join(map(words, self.script))}",
            "chunks",
        ]
        for number, part in enumerate(self.parts):
            lines += ["  reset"] * bool(number) + [f"  {chunk!r}" for chunk in cut(part, self.sizes)]
        return "\n".join(lines)


def decode(data: bytes) -> Case:
    head = data[:HEADER].ljust(HEADER, b"\0")
    return Case(
        limit=head[0] if head[0] < 128 else (head[0] - 127) * 512,
        absent=tuple(name for bit, name in enumerate(METHODS) if head[1] >> bit & 1),
        kind=KINDS[head[2] % len(KINDS)],
        at_data=Action(head[3] & 15),
        script=tuple(Action(byte & 15) for byte in head[4:10]),
        reset=head[10],
        sizes=tuple(head[11:16]),
        wire=data[HEADER:],
    )


def words(action: Action) -> str:
    return " and ".join(part.name.lower() for part in Action if part and part in action and part.name) or "nothing"


def cut(data: bytes, sizes: Sequence[int]) -> Iterator[bytes]:
    start = 0
    for size in cycle(sizes) if any(sizes) else [len(data)]:
        yield data[start : start + size]
        start += size
        if start >= len(data):
            return


def one_input(data: bytes, modules: Sequence[ModuleType]) -> None:
    """Check every property of the parsers in ``modules`` on this input; raise ``AssertionError`` if one is broken."""
    case = decode(data)
    check_parsing(case, modules)
    check_escaping(case, modules)
    check_encoding(case, modules)


def check_parsing(case: Case, modules: Sequence[ModuleType]) -> None:
    seen = [run(case, module, case.sizes) for module in modules]
    whole = [run(case, module, ()) for module in modules]
    same("the twins make the same calls and return the same, call by call", [trouble.seen for trouble in seen])
    same("the twins make the same calls and return the same, uncut", [trouble.seen for trouble in whole])
    logs = [merged(trouble.log) for trouble in (*seen, *whole)]
    same("events do not depend on the cut, whatever the callbacks do", logs)
    if case.idle:
        same("the parser reports what the model reports", [logs[0], merged(model(case))])
    for event, _ in logs[0]:
        check_bounds(event, case.limit)


def run(case: Case, module: ModuleType, sizes: Sequence[int]) -> Troublemaker:
    troublemaker = Troublemaker(case.script, case.at_data, case.absent).attach(module, case.limit)
    for number, part in enumerate(case.parts):
        if number:
            troublemaker.parser.reset()
        troublemaker.feed_all(map(case.kind, cut(part, sizes)))
    return troublemaker


def model(case: Case) -> Iterator[tuple[Event, int]]:
    heard = [REPORTED[name] for name in METHODS if name not in case.absent]
    start = 0
    for part in case.parts:
        for event, consumed in reference.read(part, case.limit):
            if type(event) in heard:
                yield event, start + consumed
        start += len(part)


def check_bounds(event: Event, limit: int) -> None:
    if isinstance(event, Subnegotiation) and len(event.data) > limit:
        raise AssertionError(f"a payload is never longer than the limit: {len(event.data)} > {limit}")
    if isinstance(event, ProtocolError) and len(event.data) > EXCERPT:
        raise AssertionError(f"an excerpt is never longer than {EXCERPT} bytes: {len(event.data)}")


def check_escaping(case: Case, modules: Sequence[ModuleType]) -> None:
    for module in modules:
        escaped = module.escape(case.kind(case.wire))
        same("escape doubles every IAC", [escaped, case.wire.replace(IAC, IAC + IAC)])
        assert type(escaped) is bytes, f"escape returns bytes, not {type(escaped).__name__}"
        plain = IAC not in case.wire
        assert not plain or module.escape(case.wire) is case.wire, "escape returns bytes without an IAC as they are"


def check_encoding(case: Case, modules: Sequence[ModuleType]) -> None:
    byte = case.wire[:1] or b"\0"
    option = Option(NEGOTIATION[byte[0] % len(NEGOTIATION)], byte)
    command = Command(COMMANDS[byte[0] % len(COMMANDS)])
    built = encode.negotiate(*option) + encode.command(*command) + encode.subnegotiation(byte, case.wire)
    sent = built + encode.escape(case.wire)
    expected = [option, command, Subnegotiation(byte, case.wire), *([Data(case.wire)] if case.wire else [])]
    for module in modules:
        log = record(module, cut(sent, case.sizes), limit=len(case.wire))
        same("what was built is parsed as the same events", [[event for event, _ in log], expected])


def same(rule: str, results: Sequence[object]) -> None:
    for other in results[1:]:
        if other != results[0]:
            raise AssertionError(f"{rule}:\n  {results[0]!r}\n  {other!r}")


def seeds() -> Iterator[bytes]:
    """Every recorded stream as an input: whole, as it was received, and with everything else chosen by lot."""
    random = Random(854)
    for path, direction in STREAMS:
        recorded = segments(path, direction)
        wire = b"".join(recorded)
        sizes = bytes(min(len(segment), 255) for segment in recorded[:5]).ljust(5, b"\0")
        yield bytes([255]) + bytes(15) + wire
        yield bytes([255]) + bytes(10) + sizes + wire
        yield bytes([random.randrange(80), 0]) + random.randbytes(HEADER - 2) + wire
