"""What the fuzz targets check, on real traffic and mutations of it: the search itself, by coverage, is `make fuzz`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from types import ModuleType, SimpleNamespace
from typing import Any, cast

import pytest
from effort import FOR_PARSER
from fuzzing import HEADER, Case, cut, decode, one_input, seeds
from troublemaker import Action

from telnet import _parser_py

FINDINGS = Path(__file__).parent.parent / "fuzz" / "findings"
LONGEST = 400

COMMANDS_AND_MORE = (0, 240, 241, 247, 248, 250, 251, 254, 255)
TOKENS = [b"\xff" + bytes([number]) for number in COMMANDS_AND_MORE] + [b"\xff", b"\xf0", b"x" * 30]
KEYS = [b"\0", b"\b", b"\x7f", "☃".encode()]


def mutations(count: int) -> Iterator[bytes]:
    random = Random(8)
    corpus = list(seeds())
    for _ in range(count):
        data = bytearray(random.choice(corpus)[: random.randrange(HEADER, LONGEST)])
        for _ in range(random.randrange(4)):
            data[random.randrange(HEADER)] = random.choice((0, 1, 2, 4, 7, 8, random.randrange(256)))
        for _ in range(random.randrange(6)):
            start = random.randrange(HEADER, len(data) + 1)
            data[start : start + random.randrange(4)] = random.choice((b"", *TOKENS, *KEYS))
        yield bytes(data)


def test_real_traffic_and_what_once_broke_hold_every_property(parser_modules: list[ModuleType]) -> None:
    for data in [*seeds(), *(path.read_bytes() for path in FINDINGS.glob("*"))]:
        one_input(data, parser_modules)


def test_mutations_of_real_traffic_hold_every_property(parser_modules: list[ModuleType]) -> None:
    for data in mutations(FOR_PARSER.max_examples):
        one_input(data, parser_modules)


def test_an_input_is_read_as_its_header_says() -> None:
    header = bytes([5, 0b10001, 4, 0xF4, 0, 1, 2, 4, 8, 15, 7, 3, 0, 1, 0, 0])

    assert decode(header + b"abcdefgh") == Case(
        limit=5,
        absent=("on_data", "on_protocol_error"),
        kind=bytearray,
        at_data=Action.STOP,
        script=(Action(0), Action.RESET, Action.FEED, Action.STOP, Action.RAISE, Action(15)),
        reset=7,
        sizes=(3, 0, 1, 0, 0),
        wire=b"abcdefgh",
    )


@pytest.mark.parametrize(("byte", "limit"), [(0, 0), (127, 127), (128, 512), (255, 65536)])
def test_the_limit_is_small_or_large(byte: int, limit: int) -> None:
    assert decode(bytes([byte])).limit == limit


def test_what_is_missing_of_a_header_is_zeros() -> None:
    assert decode(b"") == decode(bytes(HEADER))


def test_the_chunks_are_the_wire() -> None:
    for data in mutations(200):
        case = decode(data)

        assert b"".join(chunk for part in case.parts for chunk in cut(part, case.sizes)) == case.wire


def test_a_finding_can_be_read_by_eye() -> None:
    assert str(decode(bytes([9, 1, 2, 4, 5]) + bytes(5) + bytes([4, 2]) + bytes(4) + b"abc\xff\xf1")).splitlines() == [
        "limit    9",
        "absent   on_data",
        "kind     memoryview",
        "at data  stop",
        "script   reset and stop, nothing, nothing, nothing, nothing, nothing",
        "chunks",
        "  b'ab'",
        "  b''",
        "  b''",
        "  b''",
        "  b''",
        r"  b'c\xff'",
        "  reset",
        r"  b'\xf1'",
    ]


class Faulty:
    """A parser that is right but for what a subclass spoils."""

    def __init__(self, handler: object, *, max_subnegotiation: int = 65536) -> None:
        self.parser = _parser_py.Parser(handler, max_subnegotiation=max_subnegotiation)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.parser, name)


class OneTooMany(Faulty):
    def __init__(self, handler: object, *, max_subnegotiation: int = 65536) -> None:
        super().__init__(handler, max_subnegotiation=max_subnegotiation + 1)


class ForgetsTheCut(Faulty):
    def feed(self, data: bytes) -> int:
        self.parser.reset()
        return self.parser.feed(data)


class HearsNothing(Faulty):
    def feed(self, data: bytes) -> int:
        return len(bytes(data))

    @property
    def consumed(self) -> int:
        return 1


class KeepsWhatIsReset(Faulty):
    def reset(self) -> None:
        pass


class ConsumesTooLittle(Faulty):
    def feed(self, data: bytes) -> int:
        try:
            return self.parser.feed(data)
        except Exception:
            self.consumed = self.parser.consumed - 1
            raise


class StopsTooLate(Faulty):
    def stop(self) -> None:
        pass


class FeedsInside(Faulty):
    def feed(self, data: bytes) -> int:
        try:
            return self.parser.feed(data)
        except RuntimeError:
            return 0


class RaisesByItself(Faulty):
    def feed(self, data: bytes) -> int:
        if bytes(data).endswith(b"\xff\xff\xff"):
            raise OverflowError
        return self.parser.feed(data)


def module(
    parser: type[object] = _parser_py.Parser, escape: Callable[[bytes], bytes] = _parser_py.escape
) -> ModuleType:
    return cast("ModuleType", SimpleNamespace(Parser=parser, escape=escape))


@pytest.mark.parametrize("faulty", Faulty.__subclasses__())
def test_a_fault_in_one_parser_is_found(faulty: type[Faulty]) -> None:
    with pytest.raises((AssertionError, OverflowError)):
        for data in mutations(3000):
            one_input(data, [_parser_py, module(faulty)])


def test_a_fault_in_both_parsers_is_found_by_the_model() -> None:
    with pytest.raises(AssertionError, match="what the model reports|never longer than the limit"):
        for data in mutations(3000):
            one_input(data, [module(OneTooMany)] * 2)


def test_a_fault_in_one_escape_is_found() -> None:
    with pytest.raises(AssertionError, match="escape doubles every IAC"):
        for data in mutations(3000):
            one_input(data, [_parser_py, module(escape=lambda data: bytes(data).replace(b"\xff", b"\xff\xff", 7))])
