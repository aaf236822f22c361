"""What may cut the input, and how each form cuts it."""

from __future__ import annotations

import re
import struct
from typing import Any

import netstruct
import pytest
from case_names import shown

from telnet import InvalidReadDelimiterError
from telnet.net.delimiter import ReadDelimiter, make_splitter


def pieces(delimiter: ReadDelimiter, data: bytes, *, searching: bool = True) -> tuple[list[Any], bytes]:
    """Split data that arrives byte by byte; return the pieces and what is left."""
    splitter = make_splitter(delimiter, lambda: searching)
    assert splitter is not None
    buffer, found = bytearray(), []
    for number in data:
        buffer.append(number)
        while buffer and (piece := splitter.split(buffer, 0)) is not None:
            found.append(piece[0])
            del buffer[: piece[1]]
    return found, bytes(buffer)


def test_none_has_no_splitter() -> None:
    assert make_splitter(None, lambda: True) is None


def test_an_int_delivers_so_many_bytes_at_a_time() -> None:
    assert pieces(4, b"abcdefghij") == ([(b"abcd",), (b"efgh",)], b"ij")


def test_bytes_end_each_piece_and_are_dropped() -> None:
    assert pieces(b"\r\n", b"one\r\n\r\ntwo\rthree\r\nrest") == ([(b"one",), (b"",), (b"two\rthree",)], b"rest")


def test_several_pieces_come_out_of_one_buffer() -> None:
    splitter = make_splitter(b";", lambda: True)
    assert splitter is not None

    assert splitter.split(b"a;bc;d", 0) == ((b"a",), 2)
    assert splitter.split(b"a;bc;d", 2) == ((b"bc",), 5)
    assert splitter.split(b"a;bc;d", 5) is None


def test_a_growing_line_is_searched_once() -> None:
    """B9: a partial line is not searched again from its beginning."""
    searched: list[int] = []

    class Watched(bytearray):
        def find(self, *arguments: Any) -> int:
            searched.append(len(self) - arguments[1])
            return super().find(*arguments)

    splitter = make_splitter(b"\r\n", lambda: True)
    assert splitter is not None
    buffer = Watched()
    for _ in range(1000):
        buffer += b"x"
        assert splitter.split(buffer, 0) is None

    assert max(searched) <= 2


def test_a_struct_delivers_its_values() -> None:
    assert pieces(struct.Struct("!2H"), b"\0\1\0\2\0\3") == ([(1, 2)], b"\0\3")


def test_a_searched_regex_ends_each_piece_wherever_it_matches() -> None:
    splitter = make_splitter(re.compile(rb"\s\s+"), lambda: True)
    assert splitter is not None

    assert splitter.split(b"one  two", 0) == ((b"one",), 5)
    assert splitter.split(b"one  two", 5) is None


def test_a_matched_regex_delivers_the_match_at_the_start() -> None:
    splitter = make_splitter(re.compile(rb"(\w+);"), lambda: False)
    assert splitter is not None

    found = splitter.split(bytearray(b"ab;cd;"), 3)

    assert found is not None
    assert (found[0][0].group(1), found[1]) == (b"cd", 6)


def test_a_matched_regex_waits_while_something_else_stands_in_front() -> None:
    assert pieces(re.compile(rb"\w;"), b"-a;", searching=False) == ([], b"-a;")


def test_netstruct_delivers_values_with_strings_of_any_length() -> None:
    data = b"\0\0\0\1\0\3abc\1\2\3\4\5" + b"\0\0\0\2\0\0\5\4\3\2\1" + b"\0"

    assert pieces(netstruct.NetStruct(b"ih$5b"), data) == (
        [(1, b"abc", 1, 2, 3, 4, 5), (2, b"", 5, 4, 3, 2, 1)],
        b"\0",
    )


@pytest.mark.parametrize(
    "delimiter",
    [0, -1, b"", struct.Struct(""), re.compile(rb"\s*"), re.compile(rb"x*"), netstruct.NetStruct(b"")],
    ids=shown,
)
def test_a_delimiter_that_consumes_nothing_is_a_value_error(delimiter: ReadDelimiter) -> None:
    """B12: it would be found for ever."""
    with pytest.raises(ValueError, match="for ever"):
        make_splitter(delimiter, lambda: True)


@pytest.mark.parametrize(
    "delimiter", [True, False, "\r\n", 1.5, [b"\n"], bytearray(b"\n"), object(), re.compile("\n")], ids=shown
)
def test_a_delimiter_that_cannot_work_on_bytes_is_a_type_error(delimiter: ReadDelimiter) -> None:
    with pytest.raises(TypeError, match="read_delimiter must be"):
        make_splitter(delimiter, lambda: True)


def test_a_regex_that_turns_out_to_consume_nothing_is_reported() -> None:
    """B12: only the data can show it."""
    splitter = make_splitter(re.compile(rb"(?=x)"), lambda: True)
    assert splitter is not None

    with pytest.raises(InvalidReadDelimiterError, match="without consuming a byte"):
        splitter.split(b"x", 0)
