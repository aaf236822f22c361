"""The messages of GMCP: the name of a package, and perhaps a value in JSON.

Sources: the GMCP page, RFC 8259.
"""

from __future__ import annotations

import json
import re
from enum import Enum, auto
from math import isinf
from typing import Any, Final

__all__ = ["ABSENT", "Absent", "decode_message", "encode_message", "is_package"]


class Absent(Enum):
    """The type of :data:`ABSENT`."""

    ABSENT = auto()


ABSENT: Final = Absent.ABSENT
"""In the place of the value of a message that has none.  ``None`` is a value, ``null``."""

_PACKAGE: Final = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")

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


def is_package(name: str) -> bool:
    """Return whether this is how a package or a message is named: ``Char.Vitals``, ``Core.Supports.Set``."""
    return len(name) <= _LONGEST_NAME and _PACKAGE.fullmatch(name) is not None


def encode_message(package: str, value: Any = ABSENT) -> bytes:
    """Return a message as it goes into a subnegotiation.

    :param package: its name, such as ``Char.Vitals``.
    :param value: anything that JSON can say; left out, the message is the name alone.
    :raises TypeError, ValueError: for another name, and for a value that JSON cannot say: NaN, half a character, an
        object of a class of its own, a list that is in itself.
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
    try:
        return f"{package} {_ENCODER.encode(value)}".encode()
    except TypeError as exc:
        raise TypeError(f"JSON cannot say the value of {package}: {exc}") from exc
    except (ValueError, RecursionError) as exc:
        raise ValueError(f"JSON cannot say the value of {package}: {exc}") from exc


def decode_message(data: bytes, *, max_nesting: int = 32, max_values: int = 4096) -> tuple[str, Any]:
    """Return the name and the value of a message, as they were written; the value is :data:`ABSENT` if there is none.

    Control characters inside of strings are taken as they are, since games send colours so, and of two members of an
    object with the same name the last counts, as it does for other readers of JSON.

    :param max_nesting: how many arrays and objects may be inside each other.
    :param max_values: how many values there may be in all; a member of an object is one, with its name.
    :raises ValueError: says what is wrong with anything else.  No data makes this raise another exception.
    """
    name, body = (*data.split(None, 1), b"", b"")[:2]
    package = name.decode("ascii", "replace")
    if not is_package(package):
        raise ValueError("the name of the package is not one")
    return package, _decode_value(body, max_nesting, max_values) if body else ABSENT


def _decode_value(body: bytes, max_nesting: int, max_values: int) -> Any:
    try:
        text = body.decode()
        _check_size(body, max_nesting, max_values)
        value = _DECODER.decode(text)
        if _SURROGATE.search(text):
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeDecodeError as exc:
        raise ValueError("the value is not UTF-8") from exc
    except UnicodeEncodeError as exc:
        raise ValueError("half of a character, a lone surrogate, is in the value") from exc
    except json.JSONDecodeError as exc:
        raise ValueError(f"the value is not JSON: {exc}") from exc
    except RecursionError as exc:  # with a max_nesting that Python has not
        raise ValueError("the value is nested too deeply") from exc
    return value


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
    raise ValueError(f"{name} is not JSON")  # RFC 8259 section 6


_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
_DECODER: Final = json.JSONDecoder(
    parse_int=_read_integer, parse_float=_read_float, parse_constant=_refuse_constant, strict=False
)
