"""Messages are cut at their markers before they are read, in whatever encoding they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telnet.lines import lookup_encoding
from telnet.options.markers import Markers, utf8

MARKERS = Markers(6)

ENCODINGS = [
    *("utf-8", "latin-1", "cp1252", "cp437", "koi8-r", "mac-roman"),
    *(
        "gbk",
        "gb18030",
        "gb2312",
        "big5",
        "big5hkscs",
        "cp950",
        "shift-jis",
        "cp932",
        "euc-jp",
        "euc-kr",
        "cp949",
        "johab",
    ),
]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_no_character_has_a_marker_in_it(encoding: str) -> None:
    assert lookup_encoding(encoding)
    text = "".join(chr(number) for number in range(7, 0x30000) if not 0xD800 <= number < 0xE000)

    assert MARKERS.count(text.encode(encoding, "ignore")) == 0


def test_a_message_is_cut_at_its_markers() -> None:
    before, pieces = MARKERS.split(b"x\x01A\x02\x02b\x06", "utf-8", utf8)

    assert (before, list(pieces)) == ("x", [("\x01", "A"), ("\x02", ""), ("\x02", "b"), ("\x06", "")])


def test_what_is_above_the_last_marker_is_text() -> None:
    before, pieces = Markers(0).split(b"a\x01\0\x02", "utf-8", utf8)

    assert (before, list(pieces)) == ("a\x01", [("\0", "\x02")])
    assert Markers(2).count(b"\0\1\2\3\xff") == 3


def test_a_message_in_one_encoding_is_read_in_it() -> None:
    def never(data: bytes) -> str:
        raise AssertionError(data)

    before, pieces = MARKERS.split("é\x01ü".encode("gbk"), "gbk", never)

    assert (before, list(pieces)) == ("é", [("\x01", "ü")])


def test_a_message_that_is_not_is_read_text_by_text() -> None:
    before, pieces = MARKERS.split(b"\xe4\x01\xc3\xb6\x02o", "utf-8", lambda data: data.decode("latin-1"))

    assert (before, list(pieces)) == ("\xe4", [("\x01", "\xf6"), ("\x02", "o")])


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_so_many_texts_in_another_encoding_are_read_at_once(encoding: str) -> None:
    read: list[bytes] = []

    def otherwise(data: bytes) -> str:
        read.append(data)
        return data.decode("latin-1")

    # What is cut off, or belongs to nothing, and what may be the beginning of a composed character of EUC-KR.
    odd = b"\1".join([b"\x81\x30", b"\xff\x80", b"\xa4\xd4", b"\x8f\xff\xa1"] * 1000)
    before, pieces = MARKERS.split(b"a\2" + odd + b"\5\xff\xa4\xd4", encoding, otherwise)

    texts = [text for _, text in pieces]
    assert (before, len(texts)) == ("a", 4001)
    assert texts[:4] * 1000 == texts[:4000]
    assert len(read) <= 65


PIECES = [b"\xa4\xd4", b"\x81", b"\x30", b"a", b"\xff", b"\xc3\xa9"]


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "euc-kr", "cp932"])
@given(st.lists(st.lists(st.sampled_from(PIECES)).map(b"".join)))
def test_texts_that_are_read_at_once_stay_apart(encoding: str, texts: list[bytes]) -> None:
    def replaced(data: bytes) -> str:
        return data.decode(encoding, "replace")

    texts = [b"\xff\xff"] * 99 + texts
    before, pieces = MARKERS.split(b"\1".join(texts), encoding, replaced)

    # At the end of all that is read, what is cut off may take another character for its own.
    wanted = [replaced(text + b"\0" * 8).rstrip("\0") for text in texts]
    assert [before, *(text for _, text in pieces)] == wanted


@given(st.binary() | st.lists(st.sampled_from([b"\0", b"\1", b"\6", b"a", b"\xe4", b"\xc3\xa4"])).map(b"".join))
def test_both_ways_of_reading_cut_alike(data: bytes) -> None:
    whole, together = MARKERS.split(data, "latin-1", utf8)
    first, one_by_one = MARKERS.split(data, "ascii", lambda text: text.decode("latin-1"))

    assert (whole, list(together)) == (first, list(one_by_one))
