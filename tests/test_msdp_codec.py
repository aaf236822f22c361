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
from telnet.options.msdp_codec import Value, check_count, decode, encode, read, to_name, to_value

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
        (b"\x01A\x00B\x02x", "byte 0 where it means nothing"),
        (b"\x01A\x02x\x00", "byte 0 where it means nothing"),
        (b"\x03\x04", "a table or an array without VAR"),
        (b"\x05\x06\x01A\x02x", "a table or an array without VAR"),
        (b"\x01A\x02\x03\x04x", "text that is neither a name nor a value"),
        (b"x\x00\x02", "byte 0 where it means nothing"),
    ],
)
def test_a_malformed_payload_is_refused_with_the_reason(payload: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=f"^{reason}$"):
        decode(payload)


# What servers of the field leave out, and is no fault

LOOSE: list[tuple[bytes, list[tuple[str, Value]]]] = [
    (b"\x01G\x02\x05\x03\x01N\x02Fred\x04\x03\x01N\x02Barney\x04\x06", [("G", [{"N": "Fred"}, {"N": "Barney"}])]),
    (b"\x01A\x02\x05\x05\x02x\x06\x05\x02y\x06\x06", [("A", [["x"], ["y"]])]),
    (b"\x01A\x02\x05\x05\x05\x06\x06\x06", [("A", [[[]]])]),
    (b"\x01A\x02\x05x\x06", [("A", ["x"])]),
    (b"\x01A\x02\x05x\x02y\x06", [("A", ["x", "y"])]),
    (b"\x01A\x02\x05\x03\x01N\x02x\x04\x02y\x05z\x06\x02\x03\x04\x06", [("A", [{"N": "x"}, "y", ["z"], {}])]),
    (b"\x01A\x02\x05\x03\x04y\x06", [("A", [{}, "y"])]),
    (b"\x01A\x03\x01k\x02v\x04", [("A", {"k": "v"})]),
    (b"\x01A\x05\x02x\x06\x01B\x03\x04", [("A", ["x"]), ("B", {})]),
    (b"\x01T\x02\x03\x01k\x05x\x06\x01m\x03\x04\x04", [("T", {"k": ["x"], "m": {}})]),
    (b"\x01A\x02x\x05\x06", [("A", ["x", []])]),
    (b"\x01A\x02\x03\x04\x03\x04", [("A", [{}, {}])]),
]


@pytest.mark.parametrize(("payload", "variables"), LOOSE)
def test_a_table_and_an_array_are_values_without_val_too(payload: bytes, variables: list[tuple[str, Value]]) -> None:
    assert decode(payload) == variables


@pytest.mark.parametrize(("payload", "variables"), LOOSE)
@pytest.mark.parametrize("blank", [b" ", b"\n", b"\r\n\t"])
def test_blanks_before_and_after_tables_and_arrays_mean_nothing(
    payload: bytes, variables: list[tuple[str, Value]], blank: bytes
) -> None:
    for marker in b"\x03\x04\x05\x06":
        for before in (b"\x02", b"\x03", b"\x04", b"\x05", b"\x06"):
            payload = payload.replace(before + bytes((marker,)), before + blank + bytes((marker,)))

    assert decode(payload) == variables


@pytest.mark.parametrize("stray", [b"x", b" ", b"\n", b"\0"])
def test_a_stray_byte_before_the_first_variable_is_left_out_and_reported(stray: bytes) -> None:
    variables, fault = read(stray + b"\x01A\x021")
    assert variables == [("A", "1")]
    assert fault


def test_a_blank_value_is_kept() -> None:
    assert decode(b"\x01A\x02 \x01B\x02\x05\x02\n\x06") == [("A", " "), ("B", ["\n"])]


# What is wrong, and what can be read all the same

DAMAGED: list[tuple[bytes, list[tuple[str, Value]]]] = [
    # what is not closed is missing, and what is beside it is not
    (b"\x01A\x021\x01L\x02\x05\x02x", [("A", "1")]),
    (b"\x01L\x02\x05\x02x\x01B\x022", [("B", "2")]),
    (b"\x01A\x021\x01L\x02\x05\x02x\x01B\x022\x01C\x02\x03\x04", [("A", "1"), ("B", "2"), ("C", {})]),
    (b"\x01L\x02\x05\x02x\x02\x05\x02y\x01B\x022", [("B", "2")]),
    (b"\x01A\x021\x01T\x02\x03\x01k\x02v", [("A", "1")]),
    (b"\x01R\x02\x03\x01E\x02\x05\x02n\x01N\x02x\x04\x01B\x022", [("R", {"N": "x"}), ("B", "2")]),
    (b"\x01R\x02\x05\x02\x03\x01k\x02v\x06\x01B\x022", [("R", []), ("B", "2")]),
    (b"\x01L\x021\x02\x05\x01B\x022", [("B", "2")]),
    (b"\x01L\x05\x01M\x05\x01N\x02x\x01O\x02y", [("N", "x"), ("O", "y")]),
    # variables right inside of an array that is closed are a table
    (b"\x01A\x02\x05\x01k\x02v\x01m\x02w\x06\x01B\x022", [("A", [{"k": "v", "m": "w"}]), ("B", "2")]),
    (b"\x01A\x02\x05\x02x\x01k\x02v\x06", [("A", ["x", {"k": "v"}])]),
    (b"\x01A\x02\x05\x01k\x02\x05\x06\x06", [("A", [{"k": []}])]),
    # a variable without a name or a value
    (b"\x01A\x01B\x022\x01C", [("B", "2")]),
    (b"\x01\x021\x02\x03\x04\x01B\x022", [("B", "2")]),
    (b"\x01T\x02\x03\x02v\x01k\x01m\x02w\x04", [("T", {"m": "w"})]),
    # what means nothing
    (b"A\x021\x01B\x022", [("B", "2")]),
    (b"\x021\x01B\x022", [("B", "2")]),
    (b"\x03\x01A\x021\x04\x01B\x022", [("B", "2")]),
    (b"\x00\x01B\x022", [("B", "2")]),
    (b"\x01B\x022\x00", [("B", "2")]),
    (b"\x01\x00B\x02\x002\x003", [("B", "23")]),
    (b"\x04\x06\x01B\x022\x06\x04x\x01C\x023\x06", [("B", "2"), ("C", "3")]),
    (b"\x01T\x02\x03x\x01k\x02v\x06\x04y\x01B\x022", [("T", {"k": "v"}), ("B", "2")]),
    (b"\x01L\x02\x05\x02x\x04\x02y\x06", [("L", ["x", "y"])]),
]


@pytest.mark.parametrize(("payload", "variables"), DAMAGED)
def test_what_is_complete_is_read_beside_what_is_not(payload: bytes, variables: list[tuple[str, Value]]) -> None:
    read_variables, fault = read(payload)

    assert read_variables == variables
    assert fault
    with pytest.raises(ValueError, match=f"^{fault}$"):
        decode(payload)


def test_the_first_fault_is_told() -> None:
    assert read(b"x\x01A\x01B\x04")[1] == "text in front of the first VAR"


tokens = st.lists(
    st.sampled_from([*(bytes((marker,)) for marker in range(7)), b"a", b" ", b"\n", b"\xe9", b"\xc3\xa9"])
)


@given(tokens.map(b"".join))
def test_what_is_read_of_anything_is_well_formed(payload: bytes) -> None:
    variables, fault = read(payload)

    assert (fault == "") == (_strictly(payload) is not None)
    assert decode(b"".join(encode(name, value) for name, value in variables)) == variables


def _strictly(payload: bytes) -> list[tuple[str, Value]] | None:
    try:
        return decode(payload)
    except ValueError:
        return None


@given(st.lists(st.tuples(names, values), min_size=1), tokens.map(b"".join))
def test_complete_variables_are_read_whatever_follows_them(variables: list[tuple[str, Value]], rubbish: bytes) -> None:
    payload = b"".join(encode(name, value) for name, value in variables) + b"\x01X" + rubbish

    assert read(payload)[0][: len(variables)] == variables


# Encodings


def test_text_in_another_encoding_is_read_text_by_text() -> None:
    payload = b"\x01A\x02caf\xe9\x01B\x02caf\xc3\xa9"

    assert read(payload, encoding="latin-1")[0] == [("A", "caf\xe9"), ("B", "caf\xc3\xa9")]
    assert read(payload, otherwise=lambda data: data.decode("cp1252"))[0] == [("A", "caf\xe9"), ("B", "caf\xe9")]


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "cp437", "gbk", "big5", "shift-jis", "euc-kr", "gb18030"])
def test_what_is_written_in_an_encoding_is_read_in_it(encoding: str) -> None:
    text = "".join(each for each in "caf\xe9\xff\u263a\u4e2d\u6587\u754c\uac00" if _has(encoding, each))
    payload = encode("N" + text, {"k": [text]}, encoding=encoding)

    assert read(payload, encoding=encoding) == ([("N" + text, {"k": [text]})], "")


def _has(encoding: str, character: str) -> bool:
    try:
        return character.encode(encoding).decode(encoding) == character
    except UnicodeEncodeError:
        return False


def test_what_an_encoding_lacks_is_written_as_a_question_mark() -> None:
    assert encode("A", "\u263a\u20ac", encoding="cp437") == b"\x01A\x02??"


def test_many_texts_in_another_encoding_are_read_in_linear_time() -> None:
    calls: list[bytes] = []

    def otherwise(data: bytes) -> str:
        calls.append(data)
        return data.decode("latin-1")

    variables, _ = read(b"\x01\xe9\x02\xe9" * 2048, otherwise=otherwise)

    assert variables == [("\xe9", "\xe9")] * 2048
    assert len(calls) <= 65


@pytest.mark.parametrize(
    ("opening", "closing"), [(b"\x05", b"\x06"), (b"\x03\x01A", b"\x04"), (b"\x05\x01A\x02", b"\x06")]
)
def test_nesting_without_val_is_read_up_to_the_limit_and_not_beyond(opening: bytes, closing: bytes) -> None:
    def nested(depth: int) -> bytes:
        return b"\x01A" + opening * depth + b"\x02" + closing * depth

    assert read(nested(2), nesting=4)[0]
    with pytest.raises(ValueError, match="^tables and arrays inside each other more than 4 times$"):
        read(nested(5), nesting=4)


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
