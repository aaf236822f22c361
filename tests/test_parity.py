"""Both parsers and the model agree: any input, cut anywhere, with callbacks that stop, raise, reset and feed again."""

from __future__ import annotations

import inspect
import pickle
from collections.abc import Iterator
from random import Random
from types import ModuleType

import pytest
import reference
from case_names import shown
from effort import FOR_PARSER
from hypothesis import example, given
from hypothesis import strategies as st
from recording import Recorder, merged, record
from troublemaker import Action, Troublemaker

MEMBERS = (
    "consumed",
    "drop_subnegotiation",
    "feed",
    "max_subnegotiation",
    "open_subnegotiation",
    "reset",
    "stop",
)

CUTS = 4  # ways to cut each input, besides whole and byte by byte

# Bytes that mean something, sequences and fragments of them, runs of text long and short.
TOKENS = [
    *(bytes([number]) for number in (0, 1, 10, 13, 31, 65, 239, 240, 241, 249, 250, 251, 252, 253, 254, 255)),
    *(b"\xff" + bytes([number]) for number in (0, 240, 241, 249, 250, 251, 252, 253, 254, 255)),
    b"\xff\xfa\xc9",
    b"\xff\xfa\x18\x00xterm\xff\xf0",
    b"\xff\xfa\x1f\x00\xff\xff\x00\x28\xff\xf0",
    b"\xff\xfd\xff",
    b"\xff\xff" * 9,
    b"z" * 8,
    b"x" * 23,
    b"y" * 70,
]

subnegotiations = st.builds(
    lambda option, payload, end: b"\xff\xfa" + option + payload + end,
    option=st.sampled_from([b"\x18", b"\xc9", b"\xff\xff"]),
    payload=st.one_of(st.integers(0, 10), st.integers(60, 68)).map(lambda length: b"x" * length),
    end=st.sampled_from([b"\xff\xf0", b"\xff\xff\xff\xf0", b"\xff\xf9", b""]),
)
inputs = st.lists(st.one_of(st.sampled_from(TOKENS), subnegotiations, st.binary(max_size=6)), max_size=24).map(b"".join)
limits = st.one_of(st.integers(0, 9), st.integers(61, 66), st.just(65536))
seeds = st.integers(0, 2**32 - 1)
actions = st.one_of(st.just(Action.NOTHING), st.integers(0, 15).map(Action))
scripts = st.lists(actions, min_size=1, max_size=12)


def cuts(data: bytes, random: Random) -> Iterator[list[bytes]]:
    yield [data]
    yield [data[i : i + 1] for i in range(len(data))]
    for _ in range(CUTS):
        places = sorted(random.randrange(len(data) + 1) for _ in range(random.randrange(1, 6)))
        yield [data[i:j] for i, j in zip([0, *places], [*places, len(data)], strict=True)]


@example(data=b"\xff\xfa\x18ab\xff\xff", limit=2, seed=0)
@example(data=b"\xff\xfa\xff\xf0\xff\xfa\xff\xff\xff\xf0", limit=0, seed=0)
@FOR_PARSER
@given(data=inputs, limit=limits, seed=seeds)
def test_every_cut_gives_what_the_model_gives(
    parser_modules: list[ModuleType], data: bytes, limit: int, seed: int
) -> None:
    expected = reference.read(data, limit)

    for chunks in cuts(data, Random(seed)):
        for module in parser_modules:
            assert record(module, chunks, limit) == expected


@FOR_PARSER
@given(data=inputs, limit=limits, seed=seeds, script=scripts, at_data=actions)
def test_the_twins_agree_call_by_call_whatever_the_callbacks_do(
    parser_modules: list[ModuleType], data: bytes, limit: int, seed: int, script: list[Action], at_data: Action
) -> None:
    for chunks in cuts(data, Random(seed)):
        seen = [Troublemaker(script, at_data).attach(module, limit).feed_all(chunks).seen for module in parser_modules]

        assert seen == seen[:1] * len(parser_modules)


@FOR_PARSER
@given(data=inputs, limit=limits, seed=seeds, script=scripts, at_data=actions)
def test_what_callbacks_do_has_the_same_effect_in_every_cut(
    parser_modules: list[ModuleType], data: bytes, limit: int, seed: int, script: list[Action], at_data: Action
) -> None:
    logs = []
    for chunks in cuts(data, Random(seed)):
        for module in parser_modules:
            troublemaker = Troublemaker(script, at_data).attach(module, limit)
            troublemaker.feed_all(chunks)
            logs.append(merged(troublemaker.log))

    assert logs == logs[:1] * len(logs)


@FOR_PARSER
@given(before=inputs, behind=inputs, limit=limits)
def test_after_a_reset_the_parser_is_as_new(
    parser_modules: list[ModuleType], before: bytes, behind: bytes, limit: int
) -> None:
    for module in parser_modules:
        recorder = Recorder().attach(module, limit)
        recorder.feed(before)
        recorder.parser.reset()
        recorder.log.clear()
        recorder.offset = 0
        recorder.feed(behind)

        assert merged(recorder.log) == reference.read(behind, limit)


@FOR_PARSER
@given(data=inputs, limit=limits, seed=seeds)
def test_what_is_open_is_the_same_in_every_cut(
    parser_modules: list[ModuleType], data: bytes, limit: int, seed: int
) -> None:
    whole: dict[int, bool] = {}
    for chunks in cuts(data, Random(seed)):
        parsers = [module.Parser(object(), max_subnegotiation=limit) for module in parser_modules]
        fed = 0
        for chunk in chunks:
            for parser in parsers:
                parser.feed(chunk)
            fed += len(chunk)
            [number] = {parser.open_subnegotiation for parser in parsers}
            assert whole.setdefault(fed, number > 0) == (number > 0)


@FOR_PARSER
@given(data=inputs, limit=limits, seed=seeds)
def test_the_twins_drop_the_same_and_go_on_alike(
    parser_modules: list[ModuleType], data: bytes, limit: int, seed: int
) -> None:
    for chunks in cuts(data, Random(seed)):
        recorders = [Recorder().attach(module, limit) for module in parser_modules]
        for chunk in chunks:
            for recorder in recorders:
                recorder.feed(chunk)
                recorder.parser.drop_subnegotiation()
                assert not recorder.parser.open_subnegotiation
        logs = [recorder.log for recorder in recorders]
        assert logs == logs[:1] * len(logs)


@FOR_PARSER
@given(data=st.binary(max_size=200), kind=st.sampled_from([bytes, bytearray, memoryview]))
def test_no_input_raises(parser_modules: list[ModuleType], data: bytes, kind: type[bytes]) -> None:
    for module in parser_modules:
        assert module.Parser(object(), max_subnegotiation=10).feed(kind(data)) == len(data)


def message(call: object, *args: object, **kwargs: object) -> tuple[type[BaseException], str]:
    with pytest.raises(Exception) as caught:
        call(*args, **kwargs)  # type: ignore[operator]
    return caught.type, str(caught.value)


class Handler:
    """Refuses to be looked at, and has something that is no method."""

    on_data = "not callable"

    @property
    def on_command(self) -> None:
        raise LookupError("not now")


def released() -> memoryview:
    view = memoryview(b"abc")
    view.release()
    return view


@pytest.mark.parametrize(
    "value",
    ["text", "", 1, None, [1], (), object(), memoryview(b"abcd")[::2], memoryview(b"abc")[::-1], released()],
    ids=shown,
)
def test_feed_refuses_in_the_same_words(parser_modules: list[ModuleType], value: object) -> None:
    messages = [message(module.Parser(object()).feed, value) for module in parser_modules]

    assert messages == messages[:1] * len(messages)


@pytest.mark.parametrize("limit", [-1, -(10**30), True, False, 1.0, "1", None, b"1"], ids=repr)
def test_a_limit_is_refused_in_the_same_words(parser_modules: list[ModuleType], limit: object) -> None:
    messages = [message(module.Parser, object(), max_subnegotiation=limit) for module in parser_modules]

    assert messages == messages[:1] * len(messages)


def test_a_handler_is_refused_in_the_same_words(parser_modules: list[ModuleType]) -> None:
    messages = [message(module.Parser, Handler()) for module in parser_modules]

    assert messages == messages[:1] * len(messages)


def test_what_a_look_up_raises_is_passed_on(parser_modules: list[ModuleType]) -> None:
    class Shy(Handler):
        on_data = None  # type: ignore[assignment]

    messages = [message(module.Parser, Shy()) for module in parser_modules]

    assert messages == [(LookupError, "not now")] * len(messages)


def test_copies_and_subclasses_are_refused_in_the_same_words(parser_modules: list[ModuleType]) -> None:
    messages = []
    for module in parser_modules:
        refused = [
            *(message(pickle.dumps, module.Parser(object()), protocol) for protocol in range(6)),
            message(type, "Sub", (module.Parser,), {}),
        ]
        messages.append([(kind, text.replace(module.__name__, "_")) for kind, text in refused])

    assert messages == messages[:1] * len(messages)


@pytest.mark.parametrize("name", ["drop_subnegotiation", "feed", "stop", "reset"])
def test_signatures_are_the_same(parser_modules: list[ModuleType], name: str) -> None:
    shapes = [
        [(p.name, p.kind, p.default) for p in inspect.signature(getattr(module.Parser, name)).parameters.values()]
        for module in parser_modules
    ]

    assert shapes == shapes[:1] * len(shapes)


def test_public_names_are_the_same(parser_modules: list[ModuleType]) -> None:
    names = [{name for name in dir(module.Parser) if not name.startswith("_")} for module in parser_modules]

    assert names == [set(MEMBERS)] * len(names)


@pytest.mark.parametrize("name", [None, *MEMBERS])
def test_documentation_is_the_same(parser_modules: list[ModuleType], name: str | None) -> None:
    texts = [inspect.getdoc(getattr(module.Parser, name) if name else module.Parser) for module in parser_modules]

    assert texts[0]
    assert texts == texts[:1] * len(texts)
