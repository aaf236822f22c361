"""The messages of GMCP: the name of a package, and perhaps a value in JSON.

Sources: the GMCP page, RFC 8259.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from enum import Enum, auto
from math import isinf
from typing import Any, Final

__all__ = ["ABSENT", "Absent", "Unparsed", "decode_message", "encode_message", "is_package"]


class Absent(Enum):
    """The type of :data:`ABSENT`."""

    ABSENT = auto()


ABSENT: Final = Absent.ABSENT
"""In the place of the value of a message that has none.  ``None`` is a value, ``null``."""


class Unparsed(str):
    """The text of a message that is not JSON, as it was written: ``on`` of ``rawcolor on``.

    It is a ``str`` like any other.  ``isinstance(value, Unparsed)`` tells it from a string of JSON.  As the whole value
    of a message that is sent, it is sent as it is, instead of as a string of JSON: ``Unparsed("room")`` for the
    ``request room`` that Aardwolf understands.
    """

    __slots__ = ()


_PACKAGE: Final = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")

# The name and what stands around it: some drivers leave the blank out, and RFC 8259 section 8.1 lets a reader ignore a
# byte order mark.
_NAME: Final = re.compile(rb'(?:\xef\xbb\xbf)?\s*([^\s\[{"]*)\s*(?:\xef\xbb\xbf\s*)?')
_PADDING: Final = b"\0 \t\r\n\v\f"  # the NUL that ends a string of C is sent by some

# The longest of the field, `mudstd.char.resources.definitions`, has 36.
_LONGEST_NAME: Final = 128

# As many as the largest double has.  RFC 8259 section 6: nobody needs to understand more.
_MOST_DIGITS: Final = 309

# What begins a value of an array or an object, or ends one of these; and all else.
_OPENINGS: Final = b"[{"
_CLOSINGS: Final = b"]}"
_COMMA: Final = b","
_NO_MARKS: Final = bytes(set(range(256)) - set(_OPENINGS + _CLOSINGS + _COMMA))

_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")
_HALF: Final = re.compile("[\ud800-\udfff]")


def is_package(name: str) -> bool:
    """Return whether this is how a package or a message is named: ``Char.Vitals``, ``Core.Supports.Set``."""
    return len(name) <= _LONGEST_NAME and _PACKAGE.fullmatch(name) is not None


def encode_message(package: str, value: Any = ABSENT) -> bytes:
    """Return a message as it goes into a subnegotiation.

    :param package: its name, such as ``Char.Vitals``.
    :param value: anything that JSON can say; left out, the message is the name alone.  :class:`Unparsed` text is sent
        as it is.
    :raises TypeError, ValueError: for another name, and for a value that JSON cannot say: NaN, half a character, an
        object of a class of its own, a list that is in itself; and for :class:`Unparsed` text that is empty, or has
        half a character.
    """
    if not isinstance(package, str):
        raise TypeError(f"the name of a GMCP package is a str such as 'Char.Vitals', not {package!r}")
    if not is_package(package):
        raise ValueError(
            f"a GMCP package is named like 'Char.Vitals', with letters, digits, '_' and '-' between its dots,"
            f" {_LONGEST_NAME} at most; not {package!r}"
        )
    if value is ABSENT:
        return package.encode("ascii")
    if isinstance(value, Unparsed):
        return _encode_text(package, value)
    try:
        return f"{package} {_ENCODER.encode(value)}".encode()
    except TypeError as exc:
        raise TypeError(f"JSON cannot say the value of {package}: {exc}") from exc
    except (ValueError, RecursionError) as exc:
        raise ValueError(f"JSON cannot say the value of {package}: {exc}") from exc


def _encode_text(package: str, text: Unparsed) -> bytes:
    if not text or _HALF.search(text):
        raise ValueError(f"the text of {package} must be one or more whole characters")
    return f"{package} {text}".encode()


def decode_message(
    data: bytes,
    *,
    max_nesting: int = 32,
    max_values: int = 4096,
    decode: Callable[[bytes], str] = lambda data: data.decode("utf-8", "replace"),
) -> tuple[str, Any]:
    """Return the name and the value of a message, as they were written; the value is :data:`ABSENT` if there is none.

    What is not JSON is returned as :class:`Unparsed`, without the blanks around it.  Control characters inside of
    strings are kept, since games send colours so.  If two members of an object have the same name, the last counts, as
    it does for other readers of JSON.  Half of a character, as in ``"\\ud800"``, is replaced by U+FFFD.

    :param max_nesting: how many arrays and objects may be inside each other.
    :param max_values: how many values there may be in all; a member of an object is one, with its name.
    :param decode: returns the text of any bytes, in which ASCII is ASCII.
    :raises ValueError: if the name is not that of a package, or the value has more of something than these limits
        allow, or than a number may have.  No data makes this raise another exception.
    """
    _, name, body = _NAME.split(data.rstrip(_PADDING), maxsplit=1)  # it always matches at the beginning
    package = name.decode("ascii", "replace")
    if not is_package(package):
        raise ValueError("the name of the package is not one")
    return package, _decode_value(decode(body), max_nesting, max_values) if body else ABSENT


def _decode_value(text: str, max_nesting: int, max_values: int) -> Any:
    if text[:1] in ("[", "{"):  # nothing else has values inside
        _check_size(text.encode(), max_nesting, max_values)
    try:
        value = _DECODER.decode(text)
        return _without_halves(value) if _SURROGATE.search(text) else value
    except json.JSONDecodeError:
        return Unparsed(text)
    except RecursionError as exc:  # with a max_nesting that Python has not
        raise ValueError("the value is nested too deeply") from exc


def _without_halves(value: Any) -> Any:
    """Return a value with U+FFFD in the place of each half of a character, which no encoding can say."""
    text = json.dumps(value, ensure_ascii=False)
    whole, halves = _HALF.subn("\ufffd", text)
    return json.loads(whole) if halves else value


def _check_size(body: bytes, max_nesting: int, max_values: int) -> None:
    """Raise ``ValueError`` if :mod:`json` would make more values, or call itself more often, than this.

    It stops at what is not JSON, so up to where it reads the marks here are the marks there.
    """
    openings = sum(map(body.count, (b"[", b"{")))
    if openings <= max_nesting and openings + body.count(_COMMA) < max_values:
        return
    marks = _outside_of_strings(body).translate(None, _NO_MARKS)
    _check_nesting(marks.translate(None, _COMMA)[: 2 * max_values], max_nesting)
    if len(marks.translate(None, _CLOSINGS)) >= max_values:
        raise ValueError(f"more than {max_values} values")


def _outside_of_strings(body: bytes) -> bytes:
    """Return the text without its strings, with or without their ends."""
    quotes = body.replace(b"\\\\", b"").replace(b'\\"', b"")  # outside of strings there are no backslashes
    return b"".join(quotes.split(b'"')[::2])


def _check_nesting(brackets: bytes, most: int) -> None:
    depth = 0
    for bracket in brackets:
        depth += 1 if bracket in _OPENINGS else -1
        if depth > most:
            raise ValueError(f"the value is nested more than {most} deep")
        if depth <= 0:
            return  # nothing that belongs to the value follows


def _read_integer(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise ValueError(f"an integer of more than {_MOST_DIGITS} digits")
    return int(digits)


def _read_float(digits: str) -> float:
    number = float(digits)
    if isinf(number):
        raise ValueError("a number that is too large")
    return number


def _refuse_constant(name: str) -> None:
    raise json.JSONDecodeError("not a value of JSON", name, 0)  # RFC 8259 section 6


_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
_DECODER: Final = json.JSONDecoder(
    parse_int=_read_integer, parse_float=_read_float, parse_constant=_refuse_constant, strict=False
)
