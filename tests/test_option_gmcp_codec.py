"""The messages of GMCP: what is said is understood, and what cannot be is refused, by name."""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telnet.lines import decode_text
from telnet.options.gmcp_codec import ABSENT, Unparsed, decode_message, encode_message, is_package

PACKAGES = st.from_regex(r"[A-Za-z0-9_-]{1,20}(\.[A-Za-z0-9_-]{1,20}){0,3}", fullmatch=True)
CHARACTERS = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**300), 10**300)
    | st.floats(allow_nan=False, allow_infinity=False)
    | CHARACTERS,
    lambda inner: st.lists(inner) | st.dictionaries(CHARACTERS, inner),
    max_leaves=20,
)


# What is sent


def test_message_with_a_value_has_one_space() -> None:
    assert encode_message("Room.Info", {"num": 1, "exits": {"n": 2}}) == b'Room.Info {"num":1,"exits":{"n":2}}'


def test_message_without_a_value_has_no_space() -> None:
    assert encode_message("Core.Ping") == b"Core.Ping"


def test_none_is_a_value() -> None:
    assert encode_message("Char.Target", None) == b"Char.Target null"


@pytest.mark.parametrize("value", [False, 0, "", [], {}])
def test_nothing_that_is_false_is_absent(value: Any) -> None:
    assert encode_message("A", value) != b"A"


def test_text_is_sent_in_utf_8() -> None:
    assert encode_message("Char.Name", "Zoë") == b'Char.Name "Zo\xc3\xab"'


@pytest.mark.parametrize(
    "package", ["", ".", "Char.", ".Char", "Char..Vitals", "Char Vitals", "Chär", "A\n", "A" * 129]
)
def test_name_that_is_none_is_refused(package: str) -> None:
    with pytest.raises(ValueError, match="named like 'Char.Vitals'"):
        encode_message(package)


def test_name_that_is_no_string_is_refused() -> None:
    with pytest.raises(TypeError, match="not b'Core.Ping'"):
        encode_message(b"Core.Ping")  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [float("nan"), [float("inf")], {"a": -float("inf")}, "\ud800", {"\udfff": 1}])
def test_value_that_json_has_not_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="JSON cannot say the value of Char.Vitals"):
        encode_message("Char.Vitals", value)


@pytest.mark.parametrize("value", [{1, 2}, b"bytes", object(), {(1, 2): 3}])
def test_value_of_another_type_is_refused(value: Any) -> None:
    with pytest.raises(TypeError, match="JSON cannot say the value of Char.Vitals"):
        encode_message("Char.Vitals", value)


@pytest.mark.parametrize(
    "text", ["room", "on", "39\nhttps://example.org/", '{"hp":1,}', "[1,2", "True", "Zoë \x1b[0m", "a\0b", " x"]
)
def test_text_that_is_not_json_is_sent_as_it_is(text: str) -> None:
    message = encode_message("request", Unparsed(text))

    assert message == b"request " + text.encode()
    assert decode_message(message) == ("request", text.strip())


def test_text_that_is_json_after_all_is_read_as_that() -> None:
    assert decode_message(encode_message("Char.Vitals", Unparsed('{"hp":1}'))) == ("Char.Vitals", {"hp": 1})


def test_text_inside_of_a_value_is_a_string_of_json() -> None:
    assert encode_message("Char.Vitals", [Unparsed("on")]) == b'Char.Vitals ["on"]'


@pytest.mark.parametrize("text", ["", "\udcff"], ids=ascii)
def test_text_that_no_reader_would_have_whole_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="the text of request must be one or more whole characters"):
        encode_message("request", Unparsed(text))


def test_value_that_is_in_itself_is_refused() -> None:
    endless: list[Any] = []
    endless.append(endless)

    with pytest.raises(ValueError, match="JSON cannot say the value of A"):
        encode_message("A", endless)


def test_value_that_is_too_deep_for_python_is_refused() -> None:
    deep: list[Any] = []
    for _ in range(sys.getrecursionlimit() * 10):
        deep = [deep]

    with pytest.raises(ValueError, match="JSON cannot say the value of A"):
        encode_message("A", deep)


# What is received


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"A", ABSENT),
        (b"A null", None),
        (b"A true", True),
        (b"A -1.5e3", -1500.0),
        (b'A "text"', "text"),
        (b"A [1,2]", [1, 2]),
        (b'A {"a":{}}', {"a": {}}),
        (b'A "\\ud83d\\ude00 \xe2\x98\x83"', "😀 ☃"),
        (b'A "\\\\ud800"', "\\ud800"),
    ],
)
def test_any_value_of_json_may_be_the_body(data: bytes, value: Any) -> None:
    assert decode_message(data) == ("A", value)


@pytest.mark.parametrize("data", [b"A.B ", b"A.B  \r\n", b"A.B \0", b"A.B \xef\xbb\xbf", b" A.B", b"\tA.B\n"])
def test_blanks_alone_are_no_value(data: bytes) -> None:
    assert decode_message(data) == ("A.B", ABSENT)


@pytest.mark.parametrize("data", [b"A [ 1 ] ", b"A\n[1]\n", b"A\t[1]\r\n", b"  A   [1]"])
def test_blanks_around_a_value_do_not_matter(data: bytes) -> None:
    assert decode_message(data) == ("A", [1])


def test_name_keeps_its_case() -> None:
    assert decode_message(b"cHAR.vITALS 1") == ("cHAR.vITALS", 1)


def test_control_characters_in_a_string_are_kept() -> None:
    assert decode_message(b'Comm.Channel "\x1b[1mhello\t"') == ("Comm.Channel", "\x1b[1mhello\t")


def test_last_of_two_members_with_one_name_counts() -> None:
    assert decode_message(b'A {"hp":1,"hp":2}') == ("A", {"hp": 2})


@pytest.mark.parametrize(
    "data", [b"", b"   ", b"\x00", b"\xff\xfe", b"Ch\xc3\xa4r 1", b'{"a":1}', b"A" * 129, b"A..B 1"]
)
def test_message_without_a_name_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="name of the package"):
        decode_message(data)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"1e400", "too large"),
        (b"-1e999999999", "too large"),
        (b"1" * 310, "more than 309 digits"),
        (b"1" * 65000, "more than 309 digits"),
        (b"[" * 33 + b"]" * 33, "nested more than 32 deep"),
        (b'{"a":' * 33 + b"1" + b"}" * 33, "nested more than 32 deep"),
        (b"[" * 10_000, "nested more than 32 deep"),
        (b'["]",' * 10_000, "nested more than 32 deep"),
        (b"[" * 33 + b"is no JSON", "nested more than 32 deep"),
        (b"[" + b"is no JSON," * 5000, "more than 4096 values"),
        (b"9" * 310 + b" is no JSON", "more than 309 digits"),
        (b"\xef\xbb\xbf \n" + b"[" * 33 + b"]" * 33, "nested more than 32 deep"),
        (b" \xef\xbb\xbf\t[" + b"1," * 5000 + b"1]", "more than 4096 values"),
    ],
)
def test_value_above_a_limit_is_refused_whether_it_is_json_or_not(body: bytes, reason: str) -> None:
    for data in (b"A " + body, b"A\n" + body + b"\0"):
        with pytest.raises(ValueError, match=reason):
            decode_message(data)


# What is not JSON


@pytest.mark.parametrize(
    ("data", "package", "text"),
    [
        (b"request room", "request", "room"),
        (b"rawcolor on", "rawcolor", "on"),
        (b"client mudportal.com", "client", "mudportal.com"),
        (b"Char.Vitals {", "Char.Vitals", "{"),
        (b'Char.Vitals{"hp":1', "Char.Vitals", '{"hp":1'),
        (b"A {'hp':1}", "A", "{'hp':1}"),
        (b'A {"hp":1,}', "A", '{"hp":1,}'),
        (b"A {hp:1}", "A", "{hp:1}"),
        (b"A [1,2,]", "A", "[1,2,]"),
        (b"A 1 2", "A", "1 2"),
        (b"A 01", "A", "01"),
        (b"A True", "A", "True"),
        (b"A nil", "A", "nil"),
        (b"A NaN", "A", "NaN"),
        (b"A [Infinity]", "A", "[Infinity]"),
        (b'A {"a":-Infinity}', "A", '{"a":-Infinity}'),
        (b"A 'text'", "A", "'text'"),
        (b'A "text', "A", '"text'),
        (b"Client.GUI 39\nhttp://example.org/gui.mpackage", "Client.GUI", "39\nhttp://example.org/gui.mpackage"),
        (b"A \t hello  there \r\n\0", "A", "hello  there"),
        (b"A caf\xc3\xa9 \xe2\x98\x83", "A", "café ☃"),
        (b"A \x1b[1mloud\x1b[m", "A", "\x1b[1mloud\x1b[m"),
        (b"A \0x", "A", "\0x"),
        (b"A ]]]]", "A", "]]]]"),
        (b"A \\ud800", "A", "\\ud800"),
        (b"A see [" + b"[" * 100 + b"," * 5000, "A", "see [" + "[" * 100 + "," * 5000),
    ],
)
def test_text_that_is_not_json_is_read_and_marked(data: bytes, package: str, text: str) -> None:
    read = decode_message(data)

    assert read == (package, text)
    assert isinstance(read[1], Unparsed)


@pytest.mark.parametrize("data", [b'A "on"', b'A"on"', b'A "on" \0'])
def test_string_of_json_is_not_marked(data: bytes) -> None:
    value = decode_message(data)[1]

    assert (value, type(value)) == ("on", str)


# What drivers write


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b'Char.Vitals{"hp":1}', {"hp": 1}),
        (b"Char.Vitals[1]", [1]),
        (b'Char.Vitals"text"', "text"),
        (b"Char.Vitals\t{}", {}),
        (b"Char.Vitals\r\n[]", []),
        (b"\r\nChar.Vitals 1\0", 1),
        (b'Char.Vitals {"hp":1}\0', {"hp": 1}),
        (b'Char.Vitals {"hp":1}\0\0\r\n', {"hp": 1}),
        (b"Char.Vitals\0", ABSENT),
        (b'\xef\xbb\xbfChar.Vitals "bom"', "bom"),
        (b'Char.Vitals \xef\xbb\xbf"bom"', "bom"),
        (b'\xef\xbb\xbf Char.Vitals \xef\xbb\xbf \n"bom"', "bom"),
    ],
)
def test_blank_may_be_missing_and_padding_be_there(data: bytes, value: Any) -> None:
    assert decode_message(data) == ("Char.Vitals", value)


@pytest.mark.parametrize("data", [b"Core.Ping120", b"Core.Ping-5", b"Core.Pingtrue"])
def test_digits_and_letters_after_a_name_belong_to_it(data: bytes) -> None:
    assert decode_message(data) == (data.decode(), ABSENT)


@pytest.mark.parametrize("data", [b"Char.Vitals: {}", b"Char.Vitals={}", b"Char.Vitals(1)", b"A\0 1", b"\xa0A 1"])
def test_name_with_another_mark_is_none(data: bytes) -> None:
    with pytest.raises(ValueError, match="name of the package"):
        decode_message(data)


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (rb'"\ud800"', "\ufffd"),
        (rb'"a\udfffb"', "a\ufffdb"),
        (rb'{"\uDFFF":1,"x":[1.5,null,"\ud83dA"]}', {"\ufffd": 1, "x": [1.5, None, "\ufffdA"]}),
        (rb'["\ud83d\ude00","\ud83d"]', ["😀", "\ufffd"]),
        (rb'"\\ud800"', "\\ud800"),
    ],
)
def test_half_of_a_character_is_replaced(body: bytes, value: Any) -> None:
    read = decode_message(b"A " + body)[1]

    assert (read, isinstance(read, Unparsed)) == (value, False)
    encode_message("A", read)  # so UTF-8 can say it


@pytest.mark.parametrize(
    ("body", "value"),
    [(b'"Caf\xe9"', "Café"), (b'{"\xe9":"\x93x\x94"}', {"é": "“x”"}), (b"Caf\xe9", "Café"), (b'"\xc3\xa9"', "é")],
)
def test_text_is_read_in_the_encoding_that_the_caller_finds(body: bytes, value: Any) -> None:
    assert decode_message(b"A " + body, decode=lambda data: decode_text(data, "utf-8", "cp1252"))[1] == value


def test_caller_that_finds_no_text_gets_none() -> None:
    assert decode_message(b"A \xff", decode=lambda data: "") == ("A", "")


def test_text_is_utf_8_otherwise_with_a_mark_for_what_is_not() -> None:
    assert decode_message(b'A "Caf\xe9!"')[1] == "Caf\ufffd!"


def test_limits_count_what_was_decoded() -> None:
    # In Shift JIS the second byte of a character may be a backslash or a bracket: 0x5C and 0x5B here.
    body = b'["\x83\x5c",' + b"[1]," * 5000 + b"1]"

    with pytest.raises(ValueError, match="more than 4096 values"):
        decode_message(b"A " + body, decode=lambda data: decode_text(data, "utf-8", "cp932"))
    assert decode_message(b'A ["\x83\x5c"]', decode=lambda data: decode_text(data, "utf-8", "cp932"))[1] == ["ソ"]


@pytest.mark.parametrize("body", [b"[[[]]]", b"[[[]],[[]],[]]", b'[[["[[[["]]]'])
def test_nesting_is_allowed_to_the_limit(body: bytes) -> None:
    assert decode_message(b"A " + body, max_nesting=3)[1]


def test_integer_is_allowed_to_the_limit() -> None:
    assert decode_message(b"A " + b"9" * 309) == ("A", 10**309 - 1)


def test_brackets_side_by_side_are_not_nested() -> None:
    assert decode_message(b"A [" + b"[]," * 1000 + b"{}]") == ("A", [[]] * 1000 + [{}])


def test_brackets_in_a_string_are_text() -> None:
    text = "[{" * 100 + '\\"]}'

    assert decode_message(encode_message("A", [text])) == ("A", [text])


def test_python_that_cannot_go_so_deep_is_no_recursion_error() -> None:
    with pytest.raises(ValueError, match="nested too deeply"):
        decode_message(b"A " + b"[" * 200_000, max_nesting=1_000_000, max_values=1_000_000)


@pytest.mark.parametrize(
    "body",
    [b'"' + b'\\"' * 30_000 + b"[" * 40, b"\\" * 60_000 + b"[" * 40, b'"\\' * 30_000 + b"{" * 40, b"[]" * 32_000],
    ids=["escaped quotes", "backslashes", "quotes", "brackets"],
)
def test_time_does_not_grow_with_the_square_of_a_message(body: bytes) -> None:
    before = time.process_time()

    with suppress(ValueError):
        decode_message(b"A " + body)
    with suppress(ValueError):
        decode_message(b"A [" + body)

    assert time.process_time() - before < 1


@given(PACKAGES, VALUES | st.just(ABSENT))
def test_message_is_read_as_it_was_written(package: str, value: Any) -> None:
    assert decode_message(encode_message(package, value), max_nesting=1000) == (package, value)


@given(st.binary() | st.binary().map(lambda data: b"A " + data))
def test_any_bytes_are_a_message_that_can_be_sent_on_or_a_value_error(data: bytes) -> None:
    try:
        package, value = decode_message(data)
    except ValueError:
        return
    again = decode_message(encode_message(package, value))
    assert again == (package, value) or isinstance(value, Unparsed)  # which may begin with another byte order mark


@given(st.text('[]{}":,\\u0dD81.eE-naNIfity ', max_size=60))
def test_any_text_like_json_is_a_message_or_a_value_error(text: str) -> None:
    try:
        _, value = decode_message(b"A " + text.encode(), max_nesting=4)
    except ValueError:
        return
    encode_message("A", value)  # so JSON can say it


def test_package_is_asked_for_without_raising() -> None:
    assert [is_package(name) for name in ("Char", "Char.Items.Inv", "", "Char ")] == [True, True, False, False]


# How many values there may be


@pytest.mark.parametrize(
    "body",
    [
        b"[" + b",".join([b"1"] * 9) + b"]",
        b"{" + b",".join([b'"a":1'] * 9) + b"}",
        b'[[1,2],{"a":3,"b":[4,5]},6]',
        b'[",,,,,,,,,,,[[[{{{",2,3,4,5,6,7,"\\\\",9]',
        b'["\\\\\\"[[[[[[[[[",2,3,4,5,6,7,8,9]',
    ],
)
def test_values_are_read_up_to_the_limit_and_not_beyond(body: bytes) -> None:
    assert decode_message(b"A " + body, max_values=10)[1]
    with pytest.raises(ValueError, match="^more than 9 values$"):
        decode_message(b"A " + body, max_values=9)


def test_a_message_of_a_game_has_room() -> None:
    items = [{"id": n, "name": f"an item, {n} [of many]", "attrib": "w", "icon": {}} for n in range(500)]

    assert decode_message(encode_message("Char.Items.List", items)) == ("Char.Items.List", items)


def test_brackets_and_commas_of_a_text_are_no_values() -> None:
    text = '[{,\\"' * 10_000

    assert decode_message(encode_message("A", [text] * 2), max_values=4) == ("A", [text] * 2)


@pytest.mark.parametrize("filling", [b"[],", b"{},", b"1,", b'"",', b'"\\\\",', b'{"a":1},'])
def test_too_many_values_are_refused_before_they_are_read(filling: bytes) -> None:
    with pytest.raises(ValueError, match="^more than 4096 values$"):
        decode_message(b"A [" + filling * 4096 + b"0]")


def _count(value: Any) -> int:
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + sum(map(_count, inside))


@given(VALUES)
def test_what_is_read_within_a_limit_is_within_it(value: Any) -> None:
    try:
        _, read = decode_message(encode_message("A", value), max_values=5, max_nesting=1000)
    except ValueError:
        return
    assert _count(read) <= 5
