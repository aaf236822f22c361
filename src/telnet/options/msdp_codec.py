"""The values of MSDP as bytes, and back: text, arrays and tables.

MSDP knows no other types, so there are three kinds of values here (:data:`Value`): ``str``, a ``list`` of values for an
array, and a ``dict`` of values by name for a table.  Text is UTF-8.  Source: the MSDP page, from "Variables
and Values" to "Lists".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeAlias, TypeGuard

__all__ = ["Value", "check_count", "decode", "encode", "to_name", "to_value"]

Value: TypeAlias = "str | list[Value] | dict[str, Value]"

_VAR: Final = "\x01"
_VAL: Final = "\x02"
_TABLE_OPEN: Final = "\x03"
_TABLE_CLOSE: Final = "\x04"
_ARRAY_OPEN: Final = "\x05"
_ARRAY_CLOSE: Final = "\x06"

# NUL marks nothing, and is in no name and no value either.
_MARKER: Final = re.compile("([\x00-\x06])")
_TEXT: Final = bytes(range(7, 256))
_FORBIDDEN: Final = re.compile("[\x00-\x06]")


def decode(data: bytes, *, nesting: int = 32, values: int = 4096) -> list[tuple[str, Value]]:
    """Return the variables in the payload of a subnegotiation, in order.

    A variable may come several times, as commands do; its value is a list also where several VAL follow its name.  In a
    table the last of several variables with one name counts.  Bytes that are not UTF-8 are replaced (U+FFFD).

    Raises ``ValueError``, which says what is wrong, for a payload that is malformed anywhere, where tables and arrays
    are inside each other more than ``nesting`` times, and where there are more than ``values`` names, values and ends
    of tables and arrays.  The time taken is linear.
    """
    if len(data.translate(None, _TEXT)) > values:
        raise ValueError(_too_many(values))
    reader = _Reader(nesting)
    text, *rest = _MARKER.split(data.decode("utf-8", "replace"))
    if text:
        raise ValueError("text in front of the first VAR")
    for marker, text in zip(rest[::2], rest[1::2], strict=True):
        reader.take(marker, text)
    return reader.finish()


def encode(name: str, value: object, *more: object, nesting: int = 32) -> bytes:
    """Return the bytes of one variable with its value, or with several as a command has them.

    Payloads can be joined.  Raises what :func:`to_name` and :func:`to_value` raise.
    """
    values = [to_value(each, nesting=nesting) for each in (value, *more)]
    return "".join((_VAR, to_name(name), *(_VAL + _encode(each) for each in values))).encode()


def to_name(name: object) -> str:
    """Return the name of a variable as it is sent.

    Raises ``TypeError`` if it is not ``str``, and ``ValueError`` if it is empty or holds a character from 0 to 6, which
    MSDP uses for itself.
    """
    if not isinstance(name, str):
        raise TypeError(f"a name must be str, not {type(name).__name__}")
    if not name:
        raise ValueError("a name must not be empty")
    return _to_text(name)


def to_value(value: object, *, nesting: int = 32) -> Value:
    """Return a value in the types of MSDP, a copy that shares nothing with it.

    A number becomes its decimal text, True ``"1"``, False ``"0"``, None the empty text, a sequence a list and a mapping
    a dict.  Surrogates, which have no UTF-8, are replaced by ``?``.

    Raises ``ValueError`` for text that holds a character from 0 to 6, for an empty name and for more than ``nesting``
    containers inside each other; ``TypeError`` for any other type.
    """
    return _to_value(value, nesting, nesting)


def check_count(variables: Mapping[str, object], most: int) -> None:
    """Raise ``ValueError`` for more than so many names and values in all, in what JSON is read as."""
    count = 0
    waiting: list[object] = [variables]
    while waiting:
        container = waiting.pop()
        inside: Iterable[object] = ()
        if isinstance(container, dict):
            count += 2 * len(container)
            inside = container.values()
        elif isinstance(container, list):
            count += len(container)
            inside = container
        if count > most:
            raise ValueError(_too_many(most))
        waiting += [each for each in inside if isinstance(each, dict | list)]


def _to_value(value: object, left: int, nesting: int) -> Value:
    if isinstance(value, str):
        return _to_text(value)
    if value is None:
        return ""
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, float):
        return str(float(value))
    if not _is_container(value):
        raise TypeError(f"a value must be text, a number, None, a sequence or a mapping, not {type(value).__name__}")
    if left <= 0:
        raise ValueError(_too_deep(nesting))
    if isinstance(value, Mapping):
        return {to_name(name): _to_value(each, left - 1, nesting) for name, each in value.items()}
    return [_to_value(each, left - 1, nesting) for each in value]


def _is_container(value: object) -> TypeGuard[Mapping[object, object] | Sequence[object]]:
    if isinstance(value, dict | list):
        return True
    return isinstance(value, Mapping | Sequence) and not isinstance(value, bytes | bytearray | memoryview)


def _to_text(text: str) -> str:
    if found := _FORBIDDEN.search(text):
        raise ValueError(f"names and values must hold no characters from 0 to 6, not {found[0]!r}")
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _too_many(values: int) -> str:
    return f"more than {values} values"


def _too_deep(nesting: int) -> str:
    return f"tables and arrays inside each other more than {nesting} times"


def _encode(value: Value) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "".join((_ARRAY_OPEN, *(_VAL + _encode(each) for each in value), _ARRAY_CLOSE))
    return "".join((_TABLE_OPEN, *(_VAR + name + _VAL + _encode(each) for name, each in value.items()), _TABLE_CLOSE))


class _Array:
    """An array that is not closed yet."""

    closed_by = _ARRAY_CLOSE

    def __init__(self) -> None:
        self.values: list[Value] = []

    def add_name(self, name: str) -> None:
        raise ValueError("VAR in an array")

    def finish(self) -> Value:
        return self.values


class _Table:
    """A table that is not closed yet; the whole payload is read as one."""

    closed_by = _TABLE_CLOSE

    def __init__(self) -> None:
        self._variables: list[tuple[str, list[Value]]] = []

    @property
    def values(self) -> list[Value]:
        """Those of the last name."""
        if not self._variables:
            raise ValueError("VAL without VAR")
        return self._variables[-1][1]

    def add_name(self, name: str) -> None:
        if not name:
            raise ValueError("VAR without a name")
        self._variables.append((name, []))

    def variables(self) -> list[tuple[str, Value]]:
        if not all(values for _, values in self._variables):
            raise ValueError("VAR without VAL")
        return [(name, values if len(values) > 1 else values[0]) for name, values in self._variables]

    def finish(self) -> Value:
        return dict(self.variables())


class _Reader:
    """Takes markers one by one, each with the text behind it.

    There is no recursion: what is open is a list, the innermost last.  The place of a table or an array is held, until
    it is closed, by the empty text that VAL alone means.
    """

    def __init__(self, nesting: int) -> None:
        self._nesting = nesting
        self._payload = _Table()
        self._open: list[_Table | _Array] = [self._payload]
        self._at_value = False  # right behind a VAL

    def take(self, marker: str, text: str) -> None:
        at_value, self._at_value = self._at_value, marker == _VAL and not text
        if marker == _VAR:
            self._open[-1].add_name(text)
        elif marker == _VAL:
            self._open[-1].values.append(text)
        elif text:
            raise ValueError("text that is neither a name nor a value")
        elif marker in (_TABLE_OPEN, _ARRAY_OPEN):
            self._begin(_Table() if marker == _TABLE_OPEN else _Array(), at_value)
        else:
            self._end(marker)

    def _begin(self, container: _Table | _Array, at_value: bool) -> None:
        if not at_value:
            raise ValueError("a table or an array without VAL")
        if len(self._open) > self._nesting:
            raise ValueError(_too_deep(self._nesting))
        self._open.append(container)

    def _end(self, marker: str) -> None:
        container = self._open.pop()
        if marker != container.closed_by or container is self._payload:
            raise ValueError(f"byte {ord(marker)} where it means nothing")
        self._open[-1].values[-1] = container.finish()

    def finish(self) -> list[tuple[str, Value]]:
        if len(self._open) > 1:
            raise ValueError("a table or an array that is not closed")
        return self._payload.variables()
