"""The names of encodings: which mean the same, and which are known."""

from __future__ import annotations

import codecs
from encodings.aliases import aliases

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telnet.charsets import SPOKEN, canonical_name, known_encoding, locale_encoding
from telnet.lines import lookup_encoding


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        ("UTF-8", "utf-8"),
        ("utf8", "utf-8"),
        ("csUTF8", "utf-8"),
        ("US-ASCII", "ascii"),
        ("us", "ascii"),
        ("ANSI_X3.4-1968", "ascii"),
        ("ISO_646.irv:1991", "ascii"),
        ("ASCII", "ascii"),
        ("ISO-8859-1", "iso8859-1"),
        ("ISO_8859-1:1987", "iso8859-1"),
        ("ISO 8859-1", "iso8859-1"),
        ("latin1", "iso8859-1"),
        ("Latin-1", "iso8859-1"),
        ("l1", "iso8859-1"),
        ("iso-ir-100", "iso8859-1"),
        ("IBM819", "iso8859-1"),
        ("ISO-8859-2", "iso8859-2"),
        ("ISO-8859-15", "iso8859-15"),
        ("Latin-9", "iso8859-15"),
        ("windows-1252", "cp1252"),
        ("cp1252", "cp1252"),
        ("WINDOWS-1251", "cp1251"),
        ("KOI8-R", "koi8-r"),
        ("csKOI8R", "koi8-r"),
        ("koi8-u", "koi8-u"),
        ("IBM437", "cp437"),
        ("437", "cp437"),
        ("CP850", "cp850"),
        ("M_CP437", "cp437"),
        ("FANSI", "cp437"),
        ("CP437TOUTF8", "cp437"),
        ("BIG-5", "big5"),
        ("BIG5TOUTF8", "big5"),
        ("CP1251TOUTF8", "cp1251"),
        ("CP949TOUTF8", "cp949"),
        ("GBK-1", "gbk"),
        ("GBK1TOUTF8", "gbk"),
        ("ISO-1", "iso8859-1"),
        ("ISO1TOUTF8", "iso8859-1"),
        ("ISO-2", "iso8859-2"),
        ("ISO2TOUTF8", "iso8859-2"),
        ("KOI8TOUTF8", "koi8-r"),
        ("GBK", "gbk"),
        ("CP936", "gbk"),
        ("GB2312", "gb2312"),
        ("GB18030", "gb18030"),
        ("Big5", "big5"),
        ("Big5-HKSCS", "big5hkscs"),
        ("EUC-KR", "euc_kr"),
        ("Shift_JIS", "shift_jis"),
        ("windows-31J", "cp932"),
        ("EUC-JP", "euc_jp"),
        ("macintosh", "mac-roman"),
        ("TIS-620", "tis-620"),
    ],
)
def test_an_encoding_is_known_by_its_names(name: str, encoding: str) -> None:
    assert known_encoding(name) == encoding


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "KLINGON",
        "M_MEDIEVIA",
        "UTF-16",
        "UTF-7",
        "UTF-32",
        "cp037",
        "IBM037",
        "ISO-2022-JP",
        "HZ",
        "idna",
        "punycode",
    ]
    + ["rot13", "base64", "zlib", "unicode_escape", "undefined", "mbcs", "x" * 60_000, "\N{KELVIN SIGN}OI8-R\0"],
)
def test_no_other_is(name: str) -> None:
    assert known_encoding(name) is None


def test_each_that_is_known_leaves_ascii_as_it_is_and_has_a_name_of_its_own() -> None:
    encodings = [lookup_encoding(module) for module in SPOKEN]

    assert len(set(encodings)) == len(SPOKEN)
    assert [known_encoding(encoding) for encoding in encodings] == encodings


def test_no_two_encodings_have_a_name_in_common() -> None:
    assert {alias: canonical_name(alias) for alias in aliases} == aliases


def test_what_nobody_knows_is_the_same_as_itself_alone() -> None:
    assert canonical_name("X-Foo_1") == canonical_name("x foo1") != canonical_name("x-foo-2")


@given(st.text())
def test_no_name_is_looked_up_or_raises(name: str) -> None:
    asked: list[str] = []
    remember = asked.append
    codecs.register(remember)  # called for each name that Python has not met yet
    try:
        known_encoding(name)
        locale_encoding(f"{name}.{name}")
    finally:
        codecs.unregister(remember)

    assert asked == []


@pytest.mark.parametrize(
    ("locale", "encoding"),
    [
        ("en_US.UTF-8", "utf-8"),
        ("C.UTF-8", "utf-8"),
        ("de_DE.utf8@euro", "utf-8"),
        ("de_DE.ISO-8859-1", "iso8859-1"),
        ("de_DE.ISO8859-15@euro", "iso8859-15"),
        ("ru_RU.KOI8-R", "koi8-r"),
        ("zh_TW.Big5", "big5"),
        ("C", None),
        ("POSIX", None),
        ("de_DE", None),
        ("de_DE@euro", None),
        ("", None),
        ("UTF-8", None),
        ("x.utf-8.y", None),
        ("x.klingon", None),
        ("x.", None),
        ("de_DE@euro.UTF-8", None),
    ],
)
def test_a_locale_may_name_an_encoding(locale: str, encoding: str | None) -> None:
    assert locale_encoding(locale) == encoding
