"""Lines of text out of bytes and back: line ends, limits, encodings.

Two promises are searched for counterexamples: no input raises, and no cut of it changes what is received.
"""

from __future__ import annotations

import codecs
import encodings
import pkgutil
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import product
from types import ModuleType
from typing import Any

import pytest
from allocations import traced
from hypothesis import given
from hypothesis import strategies as st

from telnet.constants import GA, IAC, NOP
from telnet.lines import LineDecoder, decode_text, encode_text, lookup_encoding

CR_LF, CR_NUL, LF, LF_CR, CR = LINE_ENDS = (b"\r\n", b"\r\0", b"\n", b"\n\r", b"\r")


class Received:
    """Writes down what a decoder delivers, and where a line became too long."""

    def __init__(self, **settings: Any) -> None:
        self.log: list[tuple[Any, ...]] = []
        self.decoder = LineDecoder(self, **settings)
        self.offset = 0

    def on_line(self, text: str) -> None:
        self.log.append(("line", text))

    def on_line_overflow(self, excerpt: bytes) -> None:
        assert type(excerpt) is bytes
        self.log.append(("overflow", excerpt, self.offset + self.decoder.consumed))

    def feed(self, *chunks: bytes) -> Received:
        for chunk in chunks:
            assert self.decoder.feed(chunk) == self.decoder.consumed == len(chunk)
            self.offset += len(chunk)
        return self

    @property
    def lines(self) -> list[str]:
        return [value for kind, value, *_ in self.log if kind == "line"]

    @property
    def overflows(self) -> list[bytes]:
        return [value for kind, value, *_ in self.log if kind == "overflow"]


def lines_of(*chunks: bytes, **settings: Any) -> list[str]:
    return Received(**settings).feed(*chunks).lines


def each_byte(data: bytes) -> Iterator[bytes]:
    return (data[at : at + 1] for at in range(len(data)))


def cut(data: bytes, places: Iterable[int]) -> list[bytes]:
    edges = [0, *sorted(place for place in places if place <= len(data)), len(data)]
    return [data[start:end] for start, end in zip(edges, edges[1:], strict=False)]


def usable_encodings() -> list[str]:
    found = []
    for module in pkgutil.iter_modules(encodings.__path__):
        try:
            found.append(lookup_encoding(module.name))
        except (LookupError, ValueError):
            continue
    return found


USABLE = usable_encodings()


# --- line ends --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", LINE_ENDS)
def test_one_enter_is_one_line(end: bytes) -> None:
    data = b"look" + end + end + end + b"north" + end

    assert lines_of(data) == lines_of(*each_byte(data)) == ["look", "", "", "north"]


@pytest.mark.parametrize("end", LINE_ENDS)
def test_a_line_is_delivered_at_the_first_byte_of_its_end(end: bytes) -> None:
    assert lines_of(b"look" + end[:1]) == ["look"]


@pytest.mark.parametrize("mixture", [(CR_LF, CR_NUL, LF, LF_CR), (CR_LF, CR_NUL, CR, LF_CR)])
def test_enters_of_four_kinds_may_follow_each_other_in_any_order(mixture: tuple[bytes, ...]) -> None:
    for ends in product(mixture, repeat=5):
        data = b"".join(ends)
        assert lines_of(data) == lines_of(*each_byte(data)) == [""] * len(ends), data


def test_cr_cr_lf_is_an_enter_of_cr_and_one_of_cr_lf() -> None:
    assert lines_of(b"a\r\r\nb\n") == ["a", "", "b"]


def test_lf_behind_another_byte_than_cr_is_a_line_end() -> None:
    assert lines_of(b"a\rb\nc\n\n") == ["a", "b", "c", ""]


def test_cr_nul_behind_lf_is_an_enter_of_its_own() -> None:
    assert lines_of(b"name\n", b"\r", b"\0", b"look\r\0") == ["name", "", "look"]


def test_bare_cr_right_behind_bare_lf_is_taken_for_its_partner() -> None:
    assert lines_of(b"name\n\rlook\r") == ["name", "look"]


def test_cr_before_another_byte_ends_a_line_and_the_byte_is_text() -> None:
    assert lines_of(b"a\rb\r\n") == ["a", "b"]


@pytest.mark.parametrize("end", LINE_ENDS)
def test_commands_may_stand_inside_a_line_end(end: bytes, parser_module: ModuleType) -> None:
    received = Received()

    class Handler:
        on_data = received.decoder.feed

    parser_module.Parser(Handler()).feed(b"look" + (IAC + NOP).join(each_byte(end)) + b"north" + end)

    assert received.lines == ["look", "north"]


typed = st.text(st.characters(exclude_characters="\r\n\0", codec="utf-8"), max_size=6)
places_to_cut = st.sets(st.integers(0, 60), max_size=6)


@given(lines=st.lists(typed, max_size=8), end=st.sampled_from(LINE_ENDS), places=places_to_cut)
def test_any_text_any_line_end_any_cut(lines: list[str], end: bytes, places: set[int]) -> None:
    data = b"".join(text.encode() + end for text in lines)

    assert lines_of(data) == lines_of(*each_byte(data)) == lines_of(*cut(data, places)) == lines


@given(lines=st.lists(st.tuples(typed, st.sampled_from((CR_LF, CR_NUL, LF, LF_CR))), max_size=8), places=places_to_cut)
def test_any_text_any_mixture_any_cut(lines: list[tuple[str, bytes]], places: set[int]) -> None:
    data = b"".join(text.encode() + end for text, end in lines)

    assert lines_of(*cut(data, places)) == [text for text, _ in lines]


# --- NUL --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b"a\0b\r\n", ["ab"]),
        (b"\0\0Guikild\r\n", ["Guikild"]),
        (b"look\0\r\n", ["look"]),
        (b"\0\r\n", [""]),
        (b"a\r\n\0b\n", ["a", "b"]),
        (b"a\r\0\0b\r\n", ["a", "b"]),
        (b"a\r\0\nb\n", ["a", "", "b"]),
        (b"a\n\0\0\rb\r", ["a", "b"]),  # LF CR, with nothing in between
        (b"\n\r\0\0b\n", ["", "", "b"]),
        (b"h\xc3\0\xa9llo \xe2\0\x98\0\x83\0\n", ["héllo ☃"]),
    ],
)
def test_nul_is_nothing_at_all_outside_of_binary(data: bytes, lines: list[str]) -> None:
    assert lines_of(data) == lines_of(*each_byte(data)) == lines


def test_nul_inside_of_a_character_of_two_bytes_is_nothing() -> None:
    assert lines_of(b"\xc4\0\xe3\0\n", encoding="gbk") == ["你"]


def test_a_prompt_is_flushed_without_its_nuls() -> None:
    assert Received().feed(b"\0By what\0 name? \0").decoder.flush() == "By what name? "


def test_what_came_before_a_switch_to_binary_lost_its_nuls_and_what_comes_then_keeps_them() -> None:
    received = Received().feed(b"a\0b")
    received.decoder.binary = True
    received.feed(b"\0c")
    received.decoder.binary = False

    assert received.feed(b"\0d\n").lines == ["ab\0cd"]


def test_a_handler_that_turns_binary_on_gets_the_nuls_that_follow() -> None:
    class Handler:
        lines: list[str] = []

        def on_line(self, text: str) -> None:
            self.lines.append(text)
            decoder.binary = text == "on"

    decoder = LineDecoder(Handler())

    decoder.feed(b"a\0\non\na\0\nb\0\n")

    assert Handler.lines == ["a", "on", "a\0", "b"]


def test_a_nul_after_the_last_cr_of_binary_is_nothing_and_parts_no_cr_lf() -> None:
    received = Received()
    received.decoder.binary = True
    received.feed(b"name\r")
    received.decoder.binary = False

    assert received.feed(b"\0\nlook\n").lines == ["name", "look"]


def test_nuls_do_not_count_to_the_limit() -> None:
    data = b"\0001\0002\0003\0004\0005\0\r\n"

    assert lines_of(data, max_line=5) == lines_of(*each_byte(data), max_line=5) == ["12345"]


@pytest.mark.parametrize("nuls", [b"\0", b"\0" * 7])
def test_the_byte_that_is_too_many_is_found_among_nuls(nuls: bytes) -> None:
    data = nuls + nuls.join(each_byte(b"123456")) + nuls + b"789\nlook\n"
    expected = [("overflow", b"123456", 6 * (len(nuls) + 1)), ("line", "look")]

    assert Received(max_line=5).feed(data).log == Received(max_line=5).feed(*each_byte(data)).log == expected


@pytest.mark.parametrize("before", [b"", b"a", b"a\n", b"a\r", b"a\n\r"])
def test_any_number_of_nuls_is_kept_nowhere_and_read_in_few_calls(before: bytes) -> None:
    data = before + b"\0" * 65_536

    def feed() -> LineDecoder:
        decoder = LineDecoder(object(), max_line=100)
        decoder.feed(data)
        return decoder

    held, _ = traced(feed)

    assert held < 4_000
    assert calls_made_for([data]) < 30


@pytest.mark.parametrize("piece", [b"a\0", b"a\0\n", b"\0\n\0\r", b"a\0\b"])
def test_nuls_among_text_cost_no_more_calls_than_its_lines(piece: bytes) -> None:
    once = calls_made_for([piece * 1000])

    assert calls_made_for([piece * 10_000]) < 10 * once + 10


# --- BINARY -----------------------------------------------------------------------------------------------------------


def binary(*chunks: bytes) -> list[str]:
    received = Received()
    received.decoder.binary = True
    return received.feed(*chunks).lines


@pytest.mark.parametrize("end", [CR, LF, CR_LF])
def test_one_enter_in_binary_is_one_line(end: bytes) -> None:
    data = b"look" + end + end + b"north" + end

    assert binary(data) == binary(*each_byte(data)) == ["look", "", "north"]


def test_nul_is_text_in_binary() -> None:
    assert binary(b"a\r\0b\r") == ["a", "\0b"]


def test_cr_behind_lf_is_an_enter_in_binary() -> None:
    assert binary(b"a\n\rb\r") == ["a", "", "b"]


@pytest.mark.parametrize("before", [b"name\n", b"name\n\r"])
def test_the_first_enter_in_binary_is_not_the_partner_of_an_lf(before: bytes) -> None:
    received = Received().feed(before)

    received.decoder.binary = True

    assert received.feed(b"\r").lines == ["name", ""]


def test_the_partner_of_a_cr_belongs_to_what_was_before_binary() -> None:
    received = Received().feed(b"name\r")

    received.decoder.binary = True

    assert received.feed(b"\0look\r\0\n").lines == ["name", "look", "\0"]


def test_binary_can_be_left() -> None:
    received = Received()
    assert not received.decoder.binary
    received.decoder.binary = True
    assert received.decoder.binary

    received.decoder.binary = False

    assert received.feed(b"a\r\0b\n\r").lines == ["a", "b"]


# --- erasing ----------------------------------------------------------------------------------------------------------

BS, DEL = b"\b", b"\x7f"


def erased(data: bytes, characters: int = 1, **settings: Any) -> str:
    """What is left of a line after so many characters were erased."""
    received = Received(**settings).feed(data)
    for _ in range(characters):
        received.decoder.erase_character()
    return received.decoder.flush()


def editing(*chunks: bytes, binary: bool = False, **settings: Any) -> list[str]:
    received = Received(**settings)
    received.decoder.edit_lines = True
    received.decoder.binary = binary
    return received.feed(*chunks).lines


def test_the_last_character_is_erased() -> None:
    received = Received().feed(b"hellp")

    received.decoder.erase_character()

    assert received.feed(b"o\r\n").lines == ["hello"]


@pytest.mark.parametrize(
    ("typed", "left"),
    [
        ("é".encode(), ""),
        ("say ☃".encode(), "say "),
        ("a😀".encode(), "a"),
        ("e\N{COMBINING ACUTE ACCENT}".encode(), "e"),  # one code point, as in a terminal
        ("👍\N{EMOJI MODIFIER FITZPATRICK TYPE-4}".encode(), "👍"),
        ("a☃".encode()[:-1], "a"),  # one that is cut off is one character
        ("a😀".encode()[:-1], "a"),
        (b"caf\xe9", "caf"),  # as is a byte that belongs to none
        (b"a\xc3\xa9\xa9", "aé"),
        (b"a\xc0\x80", "aÀ"),
        (b"a\xff", "a"),
        (b"\x80", ""),
        (b"", ""),
        (b"a\0", ""),
    ],
)
def test_a_character_of_utf_8_is_erased_whole(typed: bytes, left: str) -> None:
    assert erased(typed) == left
    assert editing(typed + BS + b"\n") == editing(*each_byte(typed + DEL + b"\n")) == [left]


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("latin-1", "caféÿ"),
        ("cp437", "é╬"),
        ("koi8-r", "да"),
        ("gbk", "a你b好乂"),  # the last byte of 乂 is that of an ASCII letter
        ("big5", "功許蓋a"),  # the last byte of each is a backslash
        ("shift_jis", "ソア表aｱ"),
        ("euc_kr", "한a글"),
        ("euc_jp", "日aｱ本"),
        ("gb18030", "你a😀é"),
    ],
)
def test_a_character_of_another_encoding_is_what_the_decoder_makes_of_it(encoding: str, text: str) -> None:
    data = text.encode(encoding)
    for count in range(len(text) + 2):
        assert erased(data, count, encoding=encoding, fallback=None) == text[: max(0, len(text) - count)]
        keys = data + DEL * count + b"\n"
        assert editing(keys, encoding=encoding) == editing(*each_byte(keys), encoding=encoding)
    if len(text[-1].encode(encoding)) == 2:
        assert erased(data[:-1], encoding=encoding, fallback=None) == text[:-1]  # a character that is cut off


@pytest.mark.parametrize(
    ("encoding", "typed", "left"),
    [
        ("gbk", b"a\x81", b"a"),
        ("gbk", b"\x81 ", b"\x81"),
        ("gbk", b"\x81\xff\xc4\xe3", b"\x81\xff"),
        ("gb18030", b"\x810\x81 ", b"\x810\x81"),
        ("gb18030", b"\x810\x81@", b"\x810"),
        ("gb18030", "\ufffd\ufffd".encode("gb18030"), "\ufffd".encode("gb18030")),
        ("big5hkscs", b"a\x88b", b"a"),  # two code points in one sequence
        ("ascii", b"a\xe9\xe8", b"a\xe9"),
    ],
)
def test_bytes_that_belong_to_no_character_are_erased_one_by_one(encoding: str, typed: bytes, left: bytes) -> None:
    assert erased(typed, encoding=encoding, fallback="latin-1") == erased(
        left, 0, encoding=encoding, fallback="latin-1"
    )


@given(
    text=st.text(st.characters(exclude_characters="\r\n\0"), max_size=12),
    encoding=st.sampled_from(USABLE),
    count=st.integers(0, 12),
)
def test_erasing_goes_back_over_any_text_in_any_encoding(text: str, encoding: str, count: int) -> None:
    known = [one for one in text if one.encode(encoding, "ignore").decode(encoding) == one]
    received = Received(encoding=encoding).feed("".join(known).encode(encoding))
    for _ in range(count):
        received.decoder.erase_character()
    received.feed(b".")
    received.decoder.erase_character()

    assert received.decoder.flush() == "".join(known[: max(0, len(known) - count)])


@pytest.mark.parametrize("count", range(9))
def test_each_character_is_erased_in_the_encoding_in_which_it_came(count: int) -> None:
    received = Received(encoding="latin-1").feed(b"\xc3\xa9")
    for encoding, data in [("utf-8", "é☃".encode()), ("gbk", "你好".encode("gbk")), ("cp437", b"\x82")]:
        received.decoder.encoding = encoding
        received.feed(data)
    for _ in range(count):
        received.decoder.erase_character()

    assert received.feed(b"\x82\n").lines == ["Ã©é☃你好é"[: max(0, 7 - count)] + "é"]


def test_what_is_typed_after_erasing_is_in_the_encoding_in_force() -> None:
    received = Received(encoding="latin-1").feed(b"ca\xe8\xe9")
    received.decoder.encoding = "utf-8"
    received.feed("é".encode())
    for _ in range(3):
        received.decoder.erase_character()

    received.feed("fé".encode())
    received.decoder.encoding = "gbk"

    assert received.feed("你\n".encode("gbk")).lines == ["café你"]


def test_pieces_that_are_erased_do_not_count_to_the_limit() -> None:
    received = Received(max_line=1000)
    for _ in range(100):
        for encoding in ("latin-1", "utf-8"):
            received.feed(b"x")
            received.decoder.encoding = encoding
        received.decoder.erase_character()
        received.decoder.erase_character()

    assert received.feed(b"x" * 1000 + b"\n").lines == ["x" * 1000]


def test_a_line_that_switches_once_too_often_at_its_limit_ends_where_it_ends() -> None:
    received = Received(max_line=1000).feed(b"x" * 990)
    for number in range(5):
        received.feed(b"x")
        received.decoder.encoding = ("latin-1", "utf-8")[number % 2]

    assert received.feed(b"\nlook\n").lines == ["x" * 995, "look"]


def test_erasing_in_an_empty_line_does_nothing_and_never_touches_the_one_before() -> None:
    received = Received()
    for data in (b"look\r", b"\n", b"a\n", b"\r", b"", b"\r\0", b"b"):
        received.feed(data)
        received.decoder.erase_character()
        received.decoder.erase_line()

    assert received.feed(b"c\n").lines == ["look", "a", "", "c"]


def test_the_unfinished_line_is_erased() -> None:
    received = Received(encoding="latin-1").feed(b"kill \xe9")
    received.decoder.encoding = "utf-8"
    received.feed("é\r".encode()[:-1])

    received.decoder.erase_line()

    assert received.decoder.flush() == ""
    assert received.feed("é\n".encode()).lines == ["é"]


def test_a_line_that_is_too_long_is_gone_when_it_is_erased() -> None:
    received = Received(max_line=5).feed(b"1234567")

    received.decoder.erase_line()

    assert received.feed(b"look\n").log == [("overflow", b"123456", 6), ("line", "look")]


def test_a_line_that_is_too_long_stays_so_when_a_character_of_it_is_erased() -> None:
    received = Received(max_line=5).feed(b"1234567")
    received.decoder.edit_lines = True
    for _ in range(9):
        received.decoder.erase_character()

    assert received.feed(b"12\b\b\b\nlook\n").log == [("overflow", b"123456", 6), ("line", "look")]


@pytest.mark.parametrize("nuls", [b"", b"\0"])
def test_a_line_is_too_long_at_the_byte_that_is_too_many_whatever_erases_it_then(nuls: bytes) -> None:
    def received(*chunks: bytes) -> Received:
        result = Received(max_line=5)
        result.decoder.edit_lines = True
        return result.feed(*chunks)

    data = b"123\b3" + nuls + b"456\b\b78\b\nlook\b\x7f\bi\n"

    log = [("overflow", b"123456", 8 + len(nuls)), ("line", "li")]
    assert received(data).log == received(*each_byte(data)).log == log


def test_what_was_erased_does_not_count_to_the_limit() -> None:
    assert editing(b"12345" + BS * 3 + b"345\n" + (b"x" + DEL) * 100 + b"67\n", max_line=5) == ["12345", "67"]
    assert editing(*each_byte(b"12345" + BS * 3 + b"345\n"), max_line=5) == ["12345"]


def test_keys_erase_only_where_that_is_switched_on() -> None:
    assert lines_of(b"lokk\b\x7fok\r\n") == ["lokk\b\x7fok"]
    assert editing(b"lokk\b\x7fok\r\n") == ["look"]


@pytest.mark.parametrize("end", [CR, LF, CR_LF])
def test_keys_erase_in_binary_too(end: bytes) -> None:
    data = b"\b\0lokk\x7f\bok" + end + b"\b\bnorth" + end

    assert editing(data, binary=True) == editing(*each_byte(data), binary=True) == ["\0look", "north"]


def test_a_key_after_a_line_end_begins_a_new_line() -> None:
    data = b"a\n\b\rb\r\b\n"

    assert editing(data) == editing(*each_byte(data)) == ["a", "", "b", ""]


def test_a_handler_switches_keys_on_and_off_between_two_lines() -> None:
    class Handler:
        lines: list[str] = []

        def on_line(self, text: str) -> None:
            self.lines.append(text)
            decoder.edit_lines = text == "on"
            assert decoder.edit_lines is (text == "on")

    decoder = LineDecoder(Handler())
    data = b"a\b\non\na\b\nb\b\n"

    assert decoder.feed(data) == len(data)
    assert Handler.lines == ["a\b", "on", "", "b\b"]


def test_each_key_that_erases_is_told_and_may_stop() -> None:
    class Handler:
        erased = 0
        lines: list[str] = []

        def on_line(self, text: str) -> None:
            self.lines.append(text)

        def on_erase(self, effort: int) -> None:
            Handler.erased += 1
            assert effort == 0  # in UTF-8
            decoder.stop()

    decoder = LineDecoder(Handler())
    decoder.edit_lines = True
    data = b"lokk\b\bok\n"

    while data:
        data = data[decoder.feed(data) :]

    assert (Handler.erased, Handler.lines) == (2, ["look"])


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "gbk"])
@pytest.mark.parametrize("keys", [False, True])
def test_erasing_costs_the_same_however_long_the_line_is(encoding: str, keys: bool) -> None:
    def calls(size: int) -> int:
        decoder = LineDecoder(object(), encoding=encoding, max_line=1 << 20)
        decoder.edit_lines = keys
        decoder.feed("好".encode(encoding, "replace") * size)
        calls = 0

        def count(frame: object, event: str, argument: object) -> None:
            nonlocal calls
            calls += event in ("call", "c_call")

        decoder.erase_character()  # what was received is measured once
        sys.setprofile(count)
        try:
            if keys:
                decoder.feed(BS * 1000)
            else:
                for _ in range(1000):
                    decoder.erase_character()
        finally:
            sys.setprofile(None)
        return calls

    assert calls(20_000) <= calls(2_000)


@pytest.mark.parametrize("encoding", ["latin-1", "gbk"])
def test_no_byte_is_decoded_twice_to_find_the_last_character(encoding: str) -> None:
    decoder = LineDecoder(object(), encoding=encoding)
    decoder.feed("好é".encode(encoding, "replace") * 100)
    size = len("好é".encode(encoding, "replace") * 100)

    assert [decoder.erase_character() for _ in range(3)] == [size, 0, 0]
    decoder.feed(b"ab")
    assert [decoder.erase_character() for _ in range(3)] == [2, 0, 0]


def test_an_encoding_of_the_program_is_erased_byte_by_byte() -> None:
    codec = codecs.lookup("cp437")
    plain = codecs.CodecInfo(codec.encode, codec.decode, name="ours-of-the-test")

    def search(name: str) -> codecs.CodecInfo | None:
        return plain if name in ("ours-of-the-test", "ours_of_the_test") else None

    codecs.register(search)
    try:
        assert erased(b"caf\x82\x82", encoding="ours-of-the-test") == "café"
    finally:
        codecs.unregister(search)
        lookup_encoding.cache_clear()


ERASE, ERASE_LINE = "erase", "erase line"
keys = st.lists(
    st.sampled_from([ERASE, ERASE_LINE])
    | st.binary(max_size=4)
    | st.sampled_from([b"a", b"\0", BS, DEL, b"\xe2\x98", b"\x83", "☃".encode(), b"\xc4\xe3", b"\x81", b"\x810\x810"]),
    max_size=12,
)


def left_of(keys: list[Any], encoding: str, edit: bool, binary: bool) -> str:
    """What the keys leave, byte by byte: where the last character begins is found by trying."""
    line = b""
    for byte in [part for key in keys for part in (each_byte(key) if isinstance(key, bytes) else [key])]:
        if byte == ERASE_LINE:
            line = b""
        elif byte == ERASE or (edit and byte in (BS, DEL)):
            text = line.decode(encoding, "replace")
            sizes = [size for size in (4, 3, 2, 1) if line[:-size].decode(encoding, "replace") == text[:-1]]
            line = line[: -sizes[-1]] if sizes else line[:-1]
        elif binary or byte != b"\0":
            line += byte
    return decode_text(line, encoding, "cp1252")


@given(keys=keys, edit=st.booleans(), binary=st.booleans(), places=places_to_cut)
def test_any_keys_leave_what_the_decoder_makes_of_them(
    keys: list[Any], edit: bool, binary: bool, places: set[int]
) -> None:
    def left(cutter: Callable[[bytes], Iterable[bytes]]) -> str:
        received = Received()
        received.decoder.edit_lines, received.decoder.binary = edit, binary
        for key in keys:
            if isinstance(key, bytes):
                received.feed(*cutter(key))
            elif key == ERASE:
                received.decoder.erase_character()
            else:
                received.decoder.erase_line()
        return received.decoder.flush()

    keys = [key.translate(None, b"\r\n") if isinstance(key, bytes) else key for key in keys]

    assert left(lambda key: [key]) == left(each_byte) == left(lambda key: cut(key, places))
    assert left(lambda key: [key]) == left_of(keys, "utf-8", edit, binary)


@given(
    data=st.lists(st.sampled_from([*each_byte(b"\r\n\0ax\xe2\x98\x83\b\x7f\xc4\xe3"), b"long line"]), max_size=40),
    places=places_to_cut,
    limit=st.integers(0, 12),
    raw=st.booleans(),
    encoding=st.sampled_from(["utf-8", "gbk", "latin-1"]),
)
def test_no_cut_changes_what_keys_and_nuls_do(
    data: list[bytes], places: set[int], limit: int, raw: bool, encoding: str
) -> None:
    def received(*chunks: bytes) -> Received:
        result = Received(max_line=limit, encoding=encoding)
        result.decoder.binary = raw
        result.decoder.edit_lines = True
        return result.feed(*chunks)

    keys = b"".join(data)
    whole = received(keys)

    assert received(*data).log == received(*each_byte(keys)).log == received(*cut(keys, places)).log == whole.log
    assert all(len(line) <= limit for line in whole.lines)


# --- the limit --------------------------------------------------------------------------------------------------------


def test_a_line_of_exactly_the_limit_is_delivered() -> None:
    assert lines_of(b"12345\r\n", b"123", b"45\n", max_line=5) == ["12345", "12345"]


def test_a_longer_line_is_reported_once_and_dropped_up_to_its_end() -> None:
    received = Received(max_line=5).feed(b"123456", b"789" * 100, b"0\r\nlook\r\n")

    assert received.log == [("overflow", b"123456", 6), ("line", "look")]


def test_a_line_may_be_too_long_at_once_or_byte_by_byte() -> None:
    data = b"1234567890\rlook\r" * 2

    assert Received(max_line=5).feed(data).log == Received(max_line=5).feed(*each_byte(data)).log


def test_the_excerpt_is_bounded() -> None:
    assert Received(max_line=1000).feed(b"x" * 600, b"x" * 600).overflows == [b"x" * 64]


def test_the_limit_counts_bytes_and_not_characters() -> None:
    assert Received(max_line=5).feed("ééé\n".encode()).overflows == ["ééé".encode()]


def test_a_limit_of_0_leaves_empty_lines() -> None:
    assert lines_of(b"\r\nx\r\n\r\n", max_line=0) == ["", ""]


@pytest.mark.parametrize("chunk", [1, 100, 65536])
def test_memory_is_bounded_by_the_limit(chunk: int) -> None:
    def feed() -> LineDecoder:
        decoder = LineDecoder(object(), max_line=10_000)
        for _ in range(max(1, 30_000 // chunk)):
            decoder.feed(data)
        return decoder

    data = b"x" * chunk

    _, peak = traced(feed)

    assert peak < 40_000


class CountingBytes(bytes):
    """Counts the bytes that are looked at in search of a line end."""

    searched = 0

    def find(self, *arguments: Any) -> int:
        start, end = (*arguments[1:], 0, len(self))[:2] if len(arguments) < 3 else arguments[1:]
        found = super().find(*arguments)
        CountingBytes.searched += (end if found < 0 else found + 1) - start
        return found


@pytest.mark.parametrize("size", [1, 3, 100, 10_000])
@pytest.mark.parametrize(
    "data", [b"x", b"x\n", b"x\r", b"\n", b"\r", b"\r\n", b"\r\0", b"\n\r", b"x" * 99 + b"\r\n", b"x\0", b"\0\n"]
)
@pytest.mark.parametrize("limit", [10, 16384])
def test_no_byte_is_searched_more_than_three_times(data: bytes, size: int, limit: int) -> None:
    data = data * (10_000 // len(data))
    decoder = LineDecoder(object(), max_line=limit)
    CountingBytes.searched = 0

    for start in range(0, len(data), size):
        decoder.feed(CountingBytes(data[start : start + size]))

    assert 0 < CountingBytes.searched <= 3 * len(data)


def calls_made_for(chunks: list[bytes]) -> int:
    decoder = LineDecoder(object(), max_line=1 << 20)
    calls = 0

    def count(frame: object, event: str, argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        for chunk in chunks:
            decoder.feed(chunk)
    finally:
        sys.setprofile(None)
    return calls


def test_many_small_feeds_cost_the_same_each() -> None:
    once = calls_made_for([b"x"] * 1000)

    assert calls_made_for([b"x"] * 10_000) < 10 * once + 10


@pytest.mark.parametrize(("limit", "kind"), [(1.5, "float"), ("5", "str"), (True, "bool")])
def test_max_line_must_be_an_int(limit: Any, kind: str) -> None:
    with pytest.raises(TypeError, match=f"^max_line must be an int, not {kind}$"):
        LineDecoder(object(), max_line=limit)


def test_max_line_must_not_be_negative() -> None:
    with pytest.raises(ValueError, match="^max_line must be 0 or more, not -1$"):
        LineDecoder(object(), max_line=-1)


# --- decoding ---------------------------------------------------------------------------------------------------------


def test_a_character_may_be_split_over_reads() -> None:
    assert lines_of(*each_byte("say héllo ☃ 日本\r\n".encode())) == ["say héllo ☃ 日本"]


def test_latin_1_sent_to_a_utf_8_server_is_understood() -> None:
    assert lines_of("say café\r\n".encode("latin-1"), "say café\r\n".encode()) == ["say café", "say café"]


def test_a_line_falls_back_as_a_whole() -> None:
    assert lines_of("☃".encode() + b" \xe9\n") == ["☃".encode().decode("cp1252") + " é"]


GARBLED = "\N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("日本 ☃".encode() + b" \xe9", f"日本 ☃ {GARBLED}"),
        ("у нас".encode() + b"\xff \xfe", f"у нас{GARBLED} {GARBLED}"),
        (b"\xe9\xe8" + "éèà".encode(), f"{GARBLED * 2}éèà"),
        ("日本語".encode() + "語".encode()[:2], f"日本語{GARBLED}"),  # one that is cut off is one character
        (f"é{GARBLED}".encode() + b"\xe9", f"é{GARBLED}{GARBLED}"),  # one that came as such is valid
        ("😀é".encode() + b"\xe9", f"😀é{GARBLED}"),
    ],
)
def test_a_bad_byte_in_a_line_of_utf_8_is_replaced_alone(data: bytes, text: str) -> None:
    assert lines_of(data + b"\n") == [text]


@pytest.mark.parametrize(
    "data",
    [
        b"\xe9 " + "☃".encode(),  # as many bad bytes as characters
        "日本".encode() + "語".encode()[:2],
        "éè".encode() + b"\xe0\xe8\xec",
        b"abc \xe9",
        b"\xc0\xaf" + "é".encode(),  # longer than it has to be
        "é".encode() + b"\xed\xa0\xbd\xed\xb8\xbe",  # surrogates, as in CESU-8
        "ééé".encode() + b"\xf4\x90\x80\x80",  # above U+10FFFF
        "ééé".encode() + b"\xf0\x9f\x98 ",
    ],
)
def test_a_line_with_as_many_bad_bytes_as_characters_falls_back(data: bytes) -> None:
    assert lines_of(data + b"\n", fallback="latin-1") == [data.decode("latin-1")]


@pytest.mark.parametrize("typed", ["éé\x7fé", "日本\x7f語に", "say 日本語\x7fに", "у\x7fнас"])
def test_what_a_terminal_left_of_an_erased_character_is_replaced_alone(typed: str) -> None:
    erased, _, rest = typed.partition("\x7f")
    line = erased.encode()[:-1] + rest.encode()  # Linux erases a byte where IUTF8 is off

    assert lines_of(line + b"\r\n") == [f"{erased[:-1]}{GARBLED}{rest}"]


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("gbk", "日本 ☆"),
        ("big5", "日本"),
        ("shift_jis", "日本 ｱｲｳ"),
        ("euc_kr", "나무"),
        ("gb18030", "日😀"),
        ("big5hkscs", "\u00ca\u0304日"),  # the first two are one character
        ("iso8859-7", "αβγ"),
        ("cp1255", "אב"),
    ],
)
def test_a_bad_byte_in_a_line_of_any_encoding_is_replaced_alone(encoding: str, text: str) -> None:
    line = text.encode(encoding) + b"\xff " + text.encode(encoding)

    assert lines_of(line + b"\n", encoding=encoding) == [f"{text}{GARBLED} {text}"]


@pytest.mark.parametrize("encoding", ["iso8859-7", "cp1253", "cp1255", "cp874"])
@given(data=st.binary(max_size=12))
def test_a_line_of_single_bytes_is_judged_by_how_many_are_undefined(encoding: str, data: bytes) -> None:
    characters = data.decode(encoding, "ignore")
    beyond, bad = sum(map("\x7f".__lt__, characters)), len(data) - len(characters)
    read_in = encoding if beyond > bad or not bad else "latin-1"

    assert decode_text(data, encoding, "latin-1") == data.decode(read_in, "replace")


def test_a_line_in_an_encoding_of_the_program_is_judged_too() -> None:
    codec = codecs.lookup("cp1253")
    plain = codecs.CodecInfo(codec.encode, codec.decode, name="greek-of-the-test")

    def search(name: str) -> codecs.CodecInfo | None:
        return plain if name in ("greek-of-the-test", "greek_of_the_test") else None

    codecs.register(search)
    try:
        lines = lines_of("αβγ".encode("cp1253") + b"\xff\nab\xff\n", encoding="greek-of-the-test")
    finally:
        codecs.unregister(search)
        lookup_encoding.cache_clear()

    assert lines == [f"αβγ{GARBLED}", "abÿ"]


@pytest.mark.parametrize("encoding", ["gbk", "big5", "iso8859-7", "ascii"])
def test_a_line_of_latin_1_falls_back_from_any_encoding(encoding: str) -> None:
    assert lines_of(b"caf\xff\n", encoding=encoding, fallback="latin-1") == ["caf\xff"]


def test_what_is_mostly_in_an_encoding_is_judged_in_that_encoding_only() -> None:
    line = "日本語".encode() + b"\xe9"

    assert lines_of(line + b"\n", encoding="ascii", fallback="latin-1") == [line.decode("latin-1")]
    assert decode_text(line, "ascii", "latin-1") == line.decode("latin-1")
    assert decode_text(line, "utf-8", "cp1252", "backslashreplace") == r"日本語\xe9"


def test_each_piece_of_a_line_in_several_encodings_is_judged_by_itself() -> None:
    received = Received().feed("日本".encode() + b"\xe9")
    received.decoder.encoding = "cp437"
    received.feed(b"\x82")
    received.decoder.encoding = "utf-8"

    assert received.feed(b" caf\xe9\n").lines == [f"日本{GARBLED}é café"]


def test_the_fallback_is_passed_over_where_the_peer_is_known_to_send_utf_8() -> None:
    received = Received().feed(b"caf\xe9\n")

    received.decoder.sends_utf8 = True
    received.feed(b"caf\xe9\n")
    received.decoder.encoding = "gbk"
    received.feed(b"caf\xff\n")

    assert received.lines == ["café", f"caf{GARBLED}", "cafÿ"]
    assert decode_text(b"caf\xe9", "utf-8", "cp1252", sends_utf8=True) == f"caf{GARBLED}"


def test_what_the_fallback_lacks_too_is_replaced_in_the_encoding() -> None:
    assert lines_of("日本".encode() + b"\x81\n") == ["日本\N{REPLACEMENT CHARACTER}"]


def test_without_a_fallback_the_error_handler_decides() -> None:
    data = b"caf\xe9\n"

    assert lines_of(data, fallback=None) == ["caf\N{REPLACEMENT CHARACTER}"]
    assert lines_of(data, fallback=None, errors="backslashreplace") == [r"caf\xe9"]
    assert lines_of(data, fallback=None, errors="surrogateescape") == ["caf\udce9"]


def test_the_encoding_is_switched_between_two_bytes() -> None:
    received = Received(encoding="latin-1").feed(b"caf\xe9 ")

    received.decoder.encoding = "utf-8"
    received.feed("é ".encode())
    received.decoder.encoding = "cp437"
    received.decoder.encoding = "koi8-r"
    received.feed("да\r\n".encode("koi8-r"), *each_byte("нет же\r\n".encode("koi8-r")))

    assert received.lines == ["café é да", "нет же"]
    assert received.decoder.encoding == "koi8-r"


def test_setting_the_same_encoding_splits_no_character() -> None:
    received = Received().feed(b"\xe2\x98")

    received.decoder.encoding = "UTF8"

    assert received.feed(b"\x83\n").lines == ["☃"]


def test_a_switch_inside_a_line_keeps_to_the_limit() -> None:
    received = Received(max_line=5).feed(b"1234")

    received.decoder.encoding = "latin-1"

    assert received.feed(b"56\nlook\n").log == [("overflow", b"123456", 6), ("line", "look")]


def switched_to_and_fro() -> Received:
    received = Received(max_line=16384)
    while not received.log:
        received.decoder.encoding = ("latin-1", "utf-8")[received.decoder.encoding == "iso8859-1"]
        received.feed(b"x")
    return received


def test_switching_to_and_fro_inside_a_line_counts_as_bytes_of_it() -> None:
    received = switched_to_and_fro()
    [(event, excerpt, fed)] = received.log

    assert (event, excerpt) == ("overflow", b"x" * 64)
    assert fed < 16384 // 100
    assert received.feed(b"\nlook\n").lines == ["look"]


def test_switching_to_and_fro_inside_a_line_holds_no_more_than_a_line() -> None:
    assert traced(switched_to_and_fro)[1] < 2 * 16384


@pytest.mark.parametrize("switches", [1, 2, 3, 4])
def test_a_few_switches_inside_a_line_cost_nothing_of_it(switches: int) -> None:
    received = Received(max_line=10)
    for number in range(switches):
        received.feed(b"x")
        received.decoder.encoding = ("latin-1", "utf-8")[number % 2]

    assert received.feed(b"x" * (10 - switches) + b"\n").lines == ["x" * 10]


def test_a_handler_switches_for_what_is_behind_its_line() -> None:
    class Handler:
        def __init__(self) -> None:
            self.lines: list[str] = []
            self.decoder = LineDecoder(self, encoding="latin-1")

        def on_line(self, text: str) -> None:
            self.lines.append(text)
            self.decoder.encoding = "utf-8"

    handler = Handler()

    handler.decoder.feed(b"\xc3\xa9\r\n\xc3\xa9\r\n")

    assert handler.lines == ["Ã©", "é"]


@pytest.mark.parametrize("name", ["klingon", "a\0b", "", "hex", "rot13"])
def test_an_unknown_encoding_is_a_lookup_error_that_names_good_ones(name: str) -> None:
    decoder = LineDecoder(object())

    with pytest.raises(LookupError, match=f"such as 'utf-8', 'latin-1' or 'cp1252', not {re.escape(repr(name))}$"):
        decoder.encoding = name

    assert decoder.encoding == "utf-8"


REFUSED = ["utf-16", "utf-16-le", "utf-32", "utf-7", "utf-8-sig", "cp037", "hz", "punycode", "idna", "undefined"]


@pytest.mark.parametrize("name", [*REFUSED, "unicode-escape", "raw-unicode-escape", "iso-2022-jp", "iso-2022-kr"])
def test_an_encoding_that_changes_ascii_is_a_value_error_that_says_why(name: str) -> None:
    decoder = LineDecoder(object())

    with pytest.raises(ValueError, match=f"neither IAC nor line ends could be found in it; '{name}' does not$"):
        decoder.encoding = name
    with pytest.raises(ValueError, match="must leave ASCII as it is"):
        encode_text("look", name)
    with pytest.raises(ValueError, match="must leave ASCII as it is"):
        LineDecoder(object(), fallback=name)


@pytest.mark.parametrize("name", [None, 5, b"utf-8"])
def test_an_encoding_that_is_no_text_is_a_type_error_that_says_so(name: Any) -> None:
    with pytest.raises(TypeError, match=f"^encoding must be str, not {type(name).__name__}$"):
        lookup_encoding(name)


def test_the_encodings_of_muds_are_usable() -> None:
    assert {"utf-8", "ascii", "iso8859-1", "cp1252", "cp437", "koi8-r", "gbk", "big5", "euc_kr", "cp932"} <= set(USABLE)


@given(data=st.binary(max_size=30), encoding=st.sampled_from(USABLE))
def test_no_bytes_raise_in_any_encoding(data: bytes, encoding: str) -> None:
    lines_of(data + b"\n", encoding=encoding)
    lines_of(data + b"\n", encoding=encoding, fallback=None)


wire = st.lists(st.sampled_from([*each_byte(b"\r\n\0ax\xff\xe9\xe2\x98\x83\x81"), b"long line"]), max_size=40).map(
    b"".join
)


@given(data=wire | st.binary(max_size=40), places=places_to_cut, limit=st.integers(0, 12), raw=st.booleans())
def test_no_bytes_raise_and_no_cut_changes_anything(data: bytes, places: set[int], limit: int, raw: bool) -> None:
    def received(*chunks: bytes) -> Received:
        result = Received(max_line=limit)
        result.decoder.binary = raw
        return result.feed(*chunks)

    whole = received(data)

    assert received(*each_byte(data)).log == received(*cut(data, places)).log == whole.log
    assert all(len(line) <= limit for line in whole.lines)
    assert len(whole.decoder.flush()) <= limit


def test_unknown_error_handlers_are_refused() -> None:
    with pytest.raises(LookupError, match="nonsense"):
        LineDecoder(object(), errors="nonsense")
    with pytest.raises(LookupError, match="nonsense"):
        encode_text("look", errors="nonsense")


@pytest.mark.parametrize("errors", ["strict", "xmlcharrefreplace"])
def test_error_handlers_that_raise_on_input_are_refused(errors: str) -> None:
    with pytest.raises(ValueError, match=f"replaces undecodable bytes, as 'replace' does, not '{errors}'$"):
        LineDecoder(object(), errors=errors)


@pytest.mark.parametrize("errors", ["strict", "surrogateescape"])
def test_error_handlers_that_raise_on_output_are_refused(errors: str) -> None:
    with pytest.raises(ValueError, match=f"cannot be encoded, as 'replace' does, not '{errors}'$"):
        encode_text("look", errors=errors)


# --- calls ------------------------------------------------------------------------------------------------------------


class Stopping:
    def __init__(self, **settings: Any) -> None:
        self.lines: list[str] = []
        self.decoder = LineDecoder(self, **settings)

    def on_line(self, text: str) -> None:
        self.lines.append(text)
        self.decoder.stop()

    def on_line_overflow(self, excerpt: bytes) -> None:
        self.decoder.stop()


def test_stop_gives_the_caller_what_is_behind_the_line() -> None:
    handler = Stopping()

    assert handler.decoder.feed(b"one\ntwo\n") == 4
    assert handler.lines == ["one"]
    assert handler.decoder.feed(b"two\n") == 4
    assert handler.lines == ["one", "two"]


def test_the_partner_of_a_line_end_is_swallowed_after_a_stop() -> None:
    handler = Stopping()

    assert handler.decoder.feed(b"one\r\0two\r\n") == 4
    assert handler.decoder.feed(b"\0two\r") == 5
    assert handler.decoder.feed(b"\n") == 1
    assert handler.lines == ["one", "two"]


def test_a_cr_lf_is_taken_whole_before_its_line_is_delivered() -> None:
    assert Stopping().decoder.feed(b"one\r\ntwo\r\n") == 5


def test_stop_at_a_line_that_is_too_long_leaves_its_rest() -> None:
    handler = Stopping(max_line=3)

    assert handler.decoder.feed(b"123456\nlook") == 4


def test_stop_outside_of_a_callback_does_nothing() -> None:
    handler = Stopping()

    handler.decoder.stop()

    assert handler.decoder.feed(b"one\n") == 4


def test_an_exception_of_a_handler_leaves_feed_and_the_rest_can_be_fed() -> None:
    class Handler:
        lines: list[str] = []

        def on_line(self, text: str) -> None:
            self.lines.append(text)
            if text == "one":
                raise ZeroDivisionError

    decoder = LineDecoder(Handler())
    data = b"one\r\ntwo\r\n"

    with pytest.raises(ZeroDivisionError):
        decoder.feed(data)
    assert decoder.consumed == 5
    decoder.feed(data[decoder.consumed :])

    assert Handler.lines == ["one", "two"]


def test_feed_from_inside_a_callback_is_refused() -> None:
    class Handler:
        def on_line(self, text: str) -> None:
            decoder.feed(b"more\n")

    decoder = LineDecoder(Handler())

    with pytest.raises(RuntimeError, match=r"^feed\(\) called from inside a callback of the same decoder$"):
        decoder.feed(b"look\n")


def test_a_method_that_is_absent_or_none_is_not_called() -> None:
    class Handler:
        on_line = None

    decoder = LineDecoder(Handler(), max_line=3)

    assert decoder.feed(b"one\nmuch more\n") == 14


def test_a_method_that_cannot_be_called_is_refused_by_its_name() -> None:
    class Handler:
        on_line = "look"

    with pytest.raises(TypeError, match="^on_line of the handler must be callable, not str$"):
        LineDecoder(Handler())


def test_flush_gives_what_no_line_end_ended() -> None:
    received = Received().feed(b"By what name? ")

    assert received.decoder.flush() == "By what name? "
    assert received.decoder.flush() == ""
    assert received.feed(b"look\n").lines == ["look"]


def test_flush_ends_a_line_that_was_too_long() -> None:
    received = Received(max_line=5).feed(b"1234567")

    assert received.decoder.flush() == ""
    assert received.feed(b"look\n").lines == ["look"]


# --- encoding ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("look", b"look"),
        ("a\nb\n", b"a\r\nb\r\n"),
        ("a\r\nb\r\n", b"a\r\nb\r\n"),
        ("a\n\n", b"a\r\n\r\n"),
        ("50%\r60%", b"50%\r\x0060%"),
        ("a\r\r\n", b"a\r\0\r\n"),
        ("a\n\rb", b"a\r\nb"),
        ("a\n\r", b"a\r\n"),
        ("a\n\r\n\rb", b"a\r\n\r\nb"),
        ("a\r\n\r\nb", b"a\r\n\r\nb"),
        ("a\n\r\nb", b"a\r\n\r\nb"),
        ("a\n\n\rb", b"a\r\n\r\nb"),
        ("a\n\r\r\nb", b"a\r\n\r\nb"),
        ("a\r\n\rb", b"a\r\n\r\0b"),
        ("a\n\r\r50%", b"a\r\n\r\x0050%"),
        ("a\n\r\0b", b"a\r\n\r\0b"),
        ("a\r\0b", b"a\r\0b"),
        ("a\r\0\n", b"a\r\0\r\n"),
        ("a\r", b"a\r\0"),
        ("", b""),
    ],
)
def test_line_ends_are_sent_as_rfc_854_has_them(text: str, sent: bytes) -> None:
    assert encode_text(text) == sent


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("a\n", b"a\r\n"),
        ("a\r\n", b"a\r\n"),
        ("a\n\rb", b"a\r\nb"),
        ("a\r\n\rb", b"a\r\n\rb"),
        ("a\rb", b"a\rb"),
        ("a\r\0", b"a\r\0"),
        ("a\r\r\n", b"a\r\r\n"),
    ],
)
def test_cr_is_not_padded_in_binary(text: str, sent: bytes) -> None:
    assert encode_text(text, binary=True) == sent


def test_iac_is_doubled_after_encoding() -> None:
    assert encode_text("ÿ", "latin-1") == IAC + IAC
    assert encode_text("я", "cp1251", binary=True) == IAC + IAC
    assert encode_text("ÿ") == "ÿ".encode()
    assert encode_text(GA.decode("latin-1"), "latin-1") == GA


def test_what_the_encoding_lacks_is_replaced() -> None:
    assert encode_text("☃ é", "latin-1") == b"? \xe9"
    assert encode_text("☃", "ascii", errors="xmlcharrefreplace") == b"&#9731;"
    assert encode_text("\ud800") == b"?"


# What IBM's code pages show for the bytes from 1 to 31, and for 127.
PICTURES = dict(zip("☺☻♥♦♣♠•◘○◙♂♀♪♫☼►◄↕‼¶§▬↨↑↓→←∟↔▲▼⌂", [*range(1, 32), 127], strict=True))
ACTED_ON = [*range(7, 16), 27]
CODE_PAGES = (
    "cp437 cp720 cp737 cp775 cp850 cp852 cp855 cp856 cp857 cp858 cp860 cp861 cp862 cp863 cp865 cp866 cp869 cp1125"
)


def test_pictures_of_a_code_page_are_sent_as_the_control_characters_that_it_shows_so() -> None:
    assert encode_text("☺♥►", "cp437") == b"\1\3\x10"
    assert encode_text("⌂ é♦\n", "cp850") == b"\x7f \x82\4\r\n"
    assert encode_text("→ Зал", "cp866", binary=True) == b"\x1a \x87\xa0\xab"


@pytest.mark.parametrize("encoding", CODE_PAGES.split())
@pytest.mark.parametrize("raw", [False, True])
def test_no_picture_is_sent_as_a_byte_that_a_terminal_acts_on(encoding: str, raw: bool) -> None:
    lacking = {picture: byte for picture, byte in PICTURES.items() if not picture.encode(encoding, "ignore")}
    assert len(lacking) >= 30

    for picture, byte in lacking.items():
        expected = b"?" if byte in ACTED_ON else bytes([byte])
        assert encode_text(picture, encoding, binary=raw) == expected, picture


def test_a_picture_that_a_code_page_has_as_a_character_is_sent_as_that() -> None:
    assert encode_text("§", "cp850") == encode_text("§☺", "cp850")[:1] == "§".encode("cp850") == b"\xf5"
    assert encode_text("§", "cp437") == b"\x15"


def test_what_is_neither_character_nor_picture_is_replaced_beside_pictures() -> None:
    assert encode_text("☃☺", "cp437") == b"?\1"
    assert encode_text("☃♪☺", "cp437", errors="xmlcharrefreplace") == b"&#9731;&#9834;\1"


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "koi8-r", "ascii", "mac_roman"])
def test_encodings_that_are_no_code_page_of_the_pc_have_no_pictures(encoding: str) -> None:
    assert encode_text("☺", encoding) == b"?"


def test_control_characters_that_are_received_in_a_code_page_stay_what_they_are() -> None:
    assert lines_of(b"\1\3\x7f\xe1\n", encoding="cp437") == ["\1\3\x7fß"]


@given(text=st.text(), encoding=st.sampled_from(USABLE), raw=st.booleans())
def test_no_text_raises_in_any_encoding(text: str, encoding: str, raw: bool) -> None:
    encode_text(text, encoding, binary=raw)


@given(text=st.text(st.characters(codec="utf-8") | st.sampled_from("\r\n\0")) | st.text("\r\n\0a"))
def test_what_is_sent_is_sent_the_same_when_it_is_sent_again(text: str) -> None:
    sent = encode_text(text)

    assert encode_text(sent.decode()) == sent
    assert encode_text(encode_text(text, binary=True).decode(), binary=True) == encode_text(text, binary=True)
    assert not re.search(rb"\r(?![\n\0])|(?<!\r)\n", sent)


@given(lines=st.lists(typed, max_size=8), raw=st.booleans())
def test_what_is_sent_is_received(parser_modules: list[ModuleType], lines: list[str], raw: bool) -> None:
    for module in parser_modules:
        received = Received()
        received.decoder.binary = raw

        class Handler:
            on_data = received.decoder.feed

        module.Parser(Handler()).feed(encode_text("".join(f"{line}\n" for line in lines), binary=raw))

        assert received.lines == lines
