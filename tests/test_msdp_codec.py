from __future__ import annotations

import collections
import enum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from traces import STREAMS, segments

from telnet.constants import MSDP
from telnet.events import Subnegotiation, parse
from telnet.options.msdp_codec import Value, check_count, decode, encode, to_name, to_value

texts = st.text(st.characters(min_codepoint=7, exclude_categories=["Cs"]))
names = st.text(st.characters(min_codepoint=7, exclude_categories=["Cs"]), min_size=1)
values = st.recursive(
    texts, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4), max_leaves=10
)


class Level(enum.IntEnum):
    ONE = 1


# Reading

VECTORS: list[tuple[bytes, list[tuple[str, Value]]]] = [
    (b"", []),
    (b"\x01HEALTH\x0290", [("HEALTH", "90")]),
    (b"\x01HEALTH\x02", [("HEALTH", "")]),
    (b"\x01A\x021\x01B\x022", [("A", "1"), ("B", "2")]),
    (b"\x01REPORT\x02A\x01REPORT\x02B", [("REPORT", "A"), ("REPORT", "B")]),
    (b"\x01REPORT\x02A\x02B", [("REPORT", ["A", "B"])]),
    (b"\x01A\x02\x05\x02x\x02y\x06", [("A", ["x", "y"])]),
    (b"\x01A\x02\x05\x06", [("A", [])]),
    (b"\x01A\x02\x05\x02\x02\x06", [("A", ["", ""])]),
    (b"\x01T\x02\x03\x01k\x02v\x04", [("T", {"k": "v"})]),
    (b"\x01T\x02\x03\x04\x01B\x022", [("T", {}), ("B", "2")]),
    (b"\x01T\x02\x03\x01k\x02v\x02w\x04", [("T", {"k": ["v", "w"]})]),
    (b"\x01T\x02\x03\x01k\x02v\x01k\x02w\x04", [("T", {"k": "w"})]),
    (b"\x01A\x02\x05\x02\x03\x01k\x02v\x04\x02\x05\x02x\x06\x06", [("A", [{"k": "v"}, ["x"]])]),
    (b"\x01A\x02\x05\x02x\x06\x02y", [("A", [["x"], "y"])]),
    (b"\x01N\x02caf\xc3\xa9 \xff\xe9", [("N", "caf\xe9 \ufffd\ufffd")]),
]


@pytest.mark.parametrize(("payload", "variables"), VECTORS)
def test_a_payload_is_read_as_the_page_says(payload: bytes, variables: list[tuple[str, Value]]) -> None:
    assert decode(payload) == variables


def test_the_room_of_the_page_is_a_table_in_a_table() -> None:
    payload = encode("ROOM", {"VNUM": 6008, "NAME": "The forest clearing", "EXITS": {"n": 6011, "e": 6007}})

    assert payload == (
        b"\x01ROOM\x02\x03\x01VNUM\x026008\x01NAME\x02The forest clearing"
        b"\x01EXITS\x02\x03\x01n\x026011\x01e\x026007\x04\x04"
    )
    assert decode(payload) == [
        ("ROOM", {"VNUM": "6008", "NAME": "The forest clearing", "EXITS": {"n": "6011", "e": "6007"}})
    ]


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"A\x021", "text in front of the first VAR"),
        (b"\x021", "VAL without VAR"),
        (b"\x01\x021", "VAR without a name"),
        (b"\x01A", "VAR without VAL"),
        (b"\x01A\x01B\x022", "VAR without VAL"),
        (b"\x01A\x02\x03x", "text that is neither a name nor a value"),
        (b"\x01A\x02\x05x\x06", "text that is neither a name nor a value"),
        (b"\x01A\x02\x05\x02x\x06y", "text that is neither a name nor a value"),
        (b"\x01A\x02\x03\x01k\x02v", "a table or an array that is not closed"),
        (b"\x01A\x02\x05", "a table or an array that is not closed"),
        (b"\x01A\x02\x05\x01k\x02v\x06", "VAR in an array"),
        (b"\x01A\x02\x03\x02v\x04", "VAL without VAR"),
        (b"\x01A\x02\x03\x01k\x04", "VAR without VAL"),
        (b"\x01A\x02\x03\x06", "byte 6 where it means nothing"),
        (b"\x01A\x02\x05\x04", "byte 4 where it means nothing"),
        (b"\x01A\x02x\x04", "byte 4 where it means nothing"),
        (b"\x01A\x02x\x06", "byte 6 where it means nothing"),
        (b"\x01A\x00B\x02x", "text that is neither a name nor a value"),
        (b"\x01A\x02x\x00", "byte 0 where it means nothing"),
        (b"\x03\x04", "a table or an array without VAL"),
        (b"\x01A\x03\x01k\x02v\x04", "a table or an array without VAL"),
        (b"\x01A\x02x\x05\x06", "a table or an array without VAL"),
        (b"\x01A\x02\x03\x04\x03\x04", "a table or an array without VAL"),
    ],
)
def test_a_malformed_payload_is_refused_with_the_reason(payload: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=f"^{reason}$"):
        decode(payload)


@pytest.mark.parametrize(("opening", "closing"), [(b"\x02\x05", b"\x06"), (b"\x02\x03\x01A", b"\x04")])
def test_nesting_is_read_up_to_the_limit_and_not_beyond(opening: bytes, closing: bytes) -> None:
    def nested(depth: int) -> bytes:
        return b"\x01A" + opening * depth + b"\x02" + closing * depth

    assert decode(nested(4), nesting=4)
    with pytest.raises(ValueError, match="^tables and arrays inside each other more than 4 times$"):
        decode(nested(5), nesting=4)


def test_ten_thousand_tables_are_refused() -> None:
    with pytest.raises(ValueError, match="more than 32 times"):
        decode(b"\x01A" + b"\x02\x03\x01A" * 10_000, values=100_000)


def test_reading_does_not_recurse() -> None:
    payload = b"\x01A" + b"\x02\x05" * 10_000 + b"\x06" * 10_000

    value: Any = dict(decode(payload, nesting=10_000, values=100_000))["A"]

    depth = 1
    while value:
        [value] = value
        depth += 1
    assert depth == 10_000


@given(st.binary() | st.text(st.characters(max_codepoint=8)).map(str.encode))
def test_any_payload_is_read_or_refused_with_a_reason(payload: bytes) -> None:
    try:
        variables = decode(payload)
    except ValueError as exc:
        assert str(exc)
    else:
        assert decode(b"".join(encode(name, value) for name, value in variables)) == variables


def sent(direction: str) -> list[bytes]:
    """What real programs sent each other, without repetitions."""
    streams = (b"".join(segments(path, each)) for path, each in STREAMS if each == direction)
    events = (event for stream in streams for event in parse(stream))
    return list(dict.fromkeys(e.data for e in events if isinstance(e, Subnegotiation) and e.option == MSDP))


def test_what_real_clients_send_is_read() -> None:
    assert [decode(payload) for payload in sent("c2s")] == [
        [("LIST", "LISTS")],
        [("LIST", "REPORTABLE_VARIABLES")],
        [("LIST", "COMMANDS")],
    ]


def test_what_was_sent_to_real_clients_is_read_and_written_alike() -> None:
    payloads = sent("s2c")

    variables = [variable for payload in payloads for variable in decode(payload)]

    assert ("ROOM", {"VNUM": "6008", "EXITS": {"n": "6011", "e": "6012"}}) in variables
    assert ("REPORTABLE_VARIABLES", ["HEALTH", "MANA"]) in variables
    assert [encode(name, value) for name, value in variables] == payloads


# Writing


@pytest.mark.parametrize(
    ("value", "payload"),
    [
        ("90", b"90"),
        ("", b""),
        (None, b""),
        (90, b"90"),
        (-1, b"-1"),
        (0.5, b"0.5"),
        (True, b"1"),
        (False, b"0"),
        (Level.ONE, b"1"),
        ("caf\xe9", b"caf\xc3\xa9"),
        ("\xff", b"\xc3\xbf"),
        ("\ud800", b"?"),
        ([], b"\x05\x06"),
        (("a", 1), b"\x05\x02a\x021\x06"),
        (range(2), b"\x05\x020\x021\x06"),
        ({}, b"\x03\x04"),
        (collections.ChainMap({"k": [1]}), b"\x03\x01k\x02\x05\x021\x06\x04"),
    ],
)
def test_a_value_of_the_program_is_written_as_text(value: Any, payload: bytes) -> None:
    assert encode("A", value) == b"\x01A\x02" + payload


def test_the_arguments_of_a_command_each_have_their_val() -> None:
    assert encode("REPORT", "HEALTH", "MANA") == b"\x01REPORT\x02HEALTH\x02MANA"


@given(st.lists(st.tuples(names, values)))
def test_what_is_written_is_read_as_it_was(variables: list[tuple[str, Value]]) -> None:
    assert decode(b"".join(encode(name, value) for name, value in variables)) == variables


def test_a_value_is_copied() -> None:
    inner = ["a"]
    value = to_value({"k": inner})
    inner.append("b")

    assert value == {"k": ["a"]}


@pytest.mark.parametrize("character", "\0\1\2\3\4\5\6")
def test_characters_of_the_protocol_are_in_no_name_and_no_value(character: str) -> None:
    with pytest.raises(ValueError, match="^names and values must hold no characters from 0 to 6, not '[^']{4}'$"):
        to_name(f"A{character}")
    with pytest.raises(ValueError, match="^names and values must hold no characters from 0 to 6, not '[^']{4}'$"):
        to_value({"A": [f"x{character}"]})


def test_a_name_is_text() -> None:
    with pytest.raises(TypeError, match="^a name must be str, not bytes$"):
        to_name(b"A")
    with pytest.raises(TypeError, match="^a name must be str, not int$"):
        to_value({1: "a"})


def test_a_name_is_not_empty() -> None:
    with pytest.raises(ValueError, match="^a name must not be empty$"):
        to_name("")


@pytest.mark.parametrize("value", [b"a", bytearray(b"a"), memoryview(b"a"), object(), {"a"}, iter("a")])
def test_a_value_of_another_type_is_refused(value: Any) -> None:
    with pytest.raises(TypeError, match="^a value must be text, a number, None, a sequence or a mapping, not "):
        to_value(value)


def test_nesting_is_written_up_to_the_limit_and_not_beyond() -> None:
    assert to_value([[{"A": ""}]], nesting=3) == [[{"A": ""}]]
    with pytest.raises(ValueError, match="^tables and arrays inside each other more than 3 times$"):
        to_value([[{"A": []}]], nesting=3)


def test_a_value_that_holds_itself_is_refused() -> None:
    value: list[Any] = []
    value.append(value)

    with pytest.raises(ValueError, match="more than 32 times"):
        to_value(value)


@pytest.mark.parametrize("filling", [b"\x02", b"\x02x", b"\x02\x05\x06\x02\x05\x06"])
def test_values_are_read_up_to_the_limit_and_not_beyond(filling: bytes) -> None:
    most = sum(byte < 7 for byte in filling) * 10 + 1

    assert decode(b"\x01A" + filling * 10, values=most)
    with pytest.raises(ValueError, match=f"^more than {most - 1} values$"):
        decode(b"\x01A" + filling * 10, values=most - 1)


@pytest.mark.parametrize("marker", range(7))
def test_markers_alone_are_too_many_values(marker: int) -> None:
    with pytest.raises(ValueError, match="^more than 4096 values$"):
        decode(bytes((marker,)) * 65536)


@pytest.mark.parametrize(
    ("variables", "count"),
    [
        ({}, 0),
        ({"A": "a", "B": 1}, 4),
        ({"A": ["a", "b"]}, 4),
        ({"A": [[], {}, {"B": None}]}, 7),
        ({"A": {"B": {"C": [[["x"]]]}}}, 9),
    ],
)
def test_names_and_values_of_an_object_are_counted(variables: dict[str, Any], count: int) -> None:
    check_count(variables, count)
    with pytest.raises(ValueError, match=f"^more than {count - 1} values$"):
        check_count(variables, count - 1)


def test_counting_an_object_stops_when_there_are_too_many() -> None:
    endless: list[Any] = ["x"]
    endless.append(endless)

    with pytest.raises(ValueError, match="^more than 10 values$"):
        check_count({"A": endless}, 10)


@given(st.binary() | st.text(st.characters(max_codepoint=8) | st.just("\u20ac")).map(str.encode))
def test_what_is_not_utf_8_is_replaced_text_by_text(data: bytes) -> None:
    for cut in (b"\xe2", b"\xe2\x82", b"\xf0\x9f\x98", b"\xff"):
        text = data.translate(None, bytes(range(7))) + cut
        variables = decode(b"\x01A" + text + b"\x02" + text)

        shown = text.decode("utf-8", "replace")
        assert variables == [(f"A{shown}", shown)]
