"""The names of encodings: which of those that a peer may write mean the same."""

from __future__ import annotations

import re
from encodings.aliases import aliases
from typing import Final

from telnet.lines import lookup_encoding

__all__ = ["SPOKEN", "canonical_name", "known_encoding", "locale_encoding"]

SPOKEN: Final = frozenset(
    """utf_8 ascii latin_1
    iso8859_2 iso8859_3 iso8859_4 iso8859_5 iso8859_6 iso8859_7 iso8859_8 iso8859_9 iso8859_10 iso8859_11 iso8859_13
    iso8859_14 iso8859_15 iso8859_16
    cp1250 cp1251 cp1252 cp1253 cp1254 cp1255 cp1256 cp1257 cp1258 koi8_r koi8_u
    cp437 cp737 cp775 cp850 cp852 cp855 cp857 cp858 cp860 cp861 cp862 cp863 cp865 cp866 cp869 cp874 mac_roman tis_620
    gb2312 gbk gb18030 big5 big5hkscs cp950 euc_kr cp949 johab shift_jis cp932 euc_jp""".split()
)
"""Those in which text may go to a peer that names them, by the names of Python's modules: what terminals and clients
were made for.  Each leaves ASCII as it is."""

# Registered by IANA, or told by clients, and not among Python's aliases.
_MORE_ALIASES: Final = {
    "csutf8": "utf_8",
    "cskoi8u": "koi8_u",
    "csgbk": "gbk",
    "windows936": "gbk",
    "csgb2312": "gb2312",
    "cseuckr": "euc_kr",
    "windows949": "cp949",
    "windows31j": "cp932",
    "cswindows31j": "cp932",
    "cseucpkdfmtjapanese": "euc_jp",
    "csiso885915": "iso8859_15",
    "csiso885916": "iso8859_16",
    "csmacintosh": "mac_roman",
    "windows874": "cp874",
    "cswindows1252": "cp1252",
    # Mudlet's own tables
    "mcp437": "cp437",
    "mcp737": "cp737",
    "mcp869": "cp869",
    # TinTin++
    "fansi": "cp437",
    "gbk1": "gbk",
    "iso1": "latin_1",
    "iso2": "iso8859_2",
    "koi8": "koi8_r",
}

# TinTin++ ends so the name of what it translates, both ways, for a terminal in UTF-8.
_TRANSLATED: Final = "toutf8"

_UNSAID: Final = str.maketrans("", "", "-_ .:()")

_CODESET: Final = re.compile(r"[^.@]*\.([^.@]+)(?:@.*)?")


def _bare(name: str) -> str:
    """Return what two ways to write the same name have in common."""
    return name.translate(_UNSAID).lower()


# Python's own table of aliases, read and not asked: Python keeps each unknown name that it was asked for.
_MODULES: Final = (
    {_bare(module): module for module in SPOKEN.union(aliases.values())}
    | {_bare(alias): module for alias, module in aliases.items()}
    | _MORE_ALIASES
)


def canonical_name(name: str) -> str:
    """Return what is the same for all names of one encoding, and for no name of another.

    Names differ in case, hyphens and blanks, and have aliases: ``latin1``, ``ISO_8859-1:1987`` and ``iso-ir-100`` are
    ISO-8859-1.  Any text may be asked about, a peer's too: no codec is looked up.
    """
    bare = _bare(name).removesuffix(_TRANSLATED)
    return _MODULES.get(bare, bare)


def known_encoding(name: str) -> str | None:
    """Return Python's name of the encoding that a peer names; None if it is not one in which text may go to it."""
    module = canonical_name(name)
    return lookup_encoding(module) if module in SPOKEN else None


def locale_encoding(locale: str) -> str | None:
    """Return Python's name of the encoding in a locale such as ``de_DE.ISO-8859-1@euro``; None if there is none known.

    ``C`` and ``POSIX`` name none: whoever never chose a locale has them.
    """
    codeset = _CODESET.fullmatch(locale)
    return known_encoding(codeset[1]) if codeset else None
