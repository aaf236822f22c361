"""The values of MSDP as bytes, and back: text, arrays and tables.

MSDP knows no other types, so there are three kinds of values here (:data:`Value`): ``str``, a ``list`` of values for an
array, and a ``dict`` of values by name for a table.  Source: the MSDP page, from "Variables and Values" to "Lists".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, TypeAlias, TypeGuard

from telnet.options.markers import Markers, utf8

__all__ = ["Value", "check_count", "decode", "encode", "read", "to_name", "to_value"]

Value: TypeAlias = "str | list[Value] | dict[str, Value]"

_VAR: Final = "\x01"
_VAL: Final = "\x02"
_TABLE_OPEN: Final = "\x03"
_TABLE_CLOSE: Final = "\x04"
_ARRAY_OPEN: Final = "\x05"
_ARRAY_CLOSE: Final = "\x06"

_MARKERS: Final = Markers(6)
_FORBIDDEN: Final = re.compile("[\x00-\x06]")


def decode(data: bytes, *, nesting: int = 32, values: int = 4096) -> list[tuple[str, Value]]:
    """Return the variables in the payload of a subnegotiation, in order; its text is UTF-8.

    A variable may come several times, as commands do; its value is a list also where several VAL follow its name.  In a
    table the last of several variables with one name counts.  Bytes that are not UTF-8 are replaced (U+FFFD).  What
    servers of the field leave out may be missing: VAL before a table or an array, and before the first element of an
    array.  Blanks and line ends between a table or an array and the next byte of the protocol mean nothing.

    Raises ``ValueError``, which says what is wrong, for a payload that is malformed anywhere, and as :func:`read` does.
    """
    variables, fault = read(data, nesting=nesting, values=values)
    if fault:
        raise ValueError(fault)
    return variables


def read(
    data: bytes,
    *,
    nesting: int = 32,
    values: int = 4096,
    encoding: str = "utf-8",
    otherwise: Callable[[bytes], str] = utf8,
) -> tuple[list[tuple[str, Value]], str]:
    """Return the variables of a payload that are complete, and the first thing that is wrong with it, or ``""``.

    What means nothing where it stands is left out: NUL, text that is neither a name nor a value, a value without a
    name, the end of what was not begun.  A variable without a value, or whose table or array is not closed, is missing;
    those beside it are there.  Variables right inside of an array are a table if the array is closed.  If it is not,
    they are those that follow it.

    :param data: the payload.
    :param nesting: how many tables and arrays may be inside each other.
    :param values: how many names, values and ends of tables and arrays there may be.
    :param encoding: in which the text is.
    :param otherwise: reads the bytes of one text, if the payload is not in that encoding.
    :raises ValueError: if there are more than ``nesting`` or ``values``.

    The time taken is linear.
    """
    if _MARKERS.count(data) > values:
        raise ValueError(_too_many(values))
    reader = _Reader(nesting)
    if b"\0" in data:
        reader.blame(_meaningless("\0"))
        data = data.replace(b"\0", b"")
    before, pieces = _MARKERS.split(data, encoding, otherwise)
    if before:
        reader.blame("text in front of the first VAR")
    for marker, text in pieces:
        reader.take(marker, text)
    return reader.finish(), reader.fault


def encode(name: str, value: object, *more: object, nesting: int = 32, encoding: str = "utf-8") -> bytes:
    """Return the bytes of one variable with its value, or with several as a command has them.

    Payloads can be joined.  What the encoding lacks becomes ``?``.  Raises what :func:`to_name` and :func:`to_value`
    raise.
    """
    values = [to_value(each, nesting=nesting) for each in (value, *more)]
    text = "".join((_VAR, to_name(name), *(_VAL + _encode(each) for each in values)))
    return text.encode(encoding, "replace")


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


def _meaningless(marker: str) -> str:
    return f"byte {ord(marker)} where it means nothing"


class _Array:
    """An array that is not closed yet."""

    __slots__ = ("named", "values")

    closed_by = _ARRAY_CLOSE

    def __init__(self) -> None:
        self.named = True  # a value may be added
        self.values: list[Value] = []

    def drop(self) -> None:
        """Leave out the last value, which is damaged."""
        self.values.pop()

    def finish(self) -> Value:
        return self.values


class _Table:
    """A table that is not closed yet; the whole payload is read as one.

    What comes before its first name is kept for a name that is empty, and left out in the end.  The values of all names
    are in one list: a list for each name would have the garbage collector look at everything, again and again.
    """

    __slots__ = ("_names", "_starts", "named", "start", "values")

    closed_by = _TABLE_CLOSE

    def __init__(self) -> None:
        self.named = False
        self.values: list[Value] = []
        self.start = 0  # where those of the last name begin
        self._names = [""]
        self._starts = [0]

    def add_name(self, name: str) -> None:
        self.named = name != ""
        self.start = len(self.values)
        self._names += (name,)
        self._starts += (self.start,)

    def drop(self) -> None:
        """Leave out the last variable, which is damaged."""
        del self.values[self.start :]

    def adopt(self, variables: list[tuple[str, Value]]) -> None:
        """Add variables that turn out to be of this table."""
        for name, value in variables:
            self.add_name(name)
            self.values.append(value)

    def variables(self) -> list[tuple[str, Value]]:
        values, starts = self.values, self._starts
        ends = (*starts[1:], len(values))
        return [
            (name, values[start] if end == start + 1 else values[start:end])
            for name, start, end in zip(self._names, starts, ends, strict=True)
            if name and end > start
        ]

    def finish(self) -> Value:
        return dict(self.variables())


class _Variables(_Table):
    """The variables right inside of an array, which the end of the array closes."""

    __slots__ = ()

    closed_by = "the end of the array"


class _Payload(_Table):
    """All variables of a message."""

    __slots__ = ()

    closed_by = "the end of the message"


_OPENED: Final[Mapping[str, type[_Table | _Array]]] = {_TABLE_OPEN: _Table, _ARRAY_OPEN: _Array}


class _Reader:
    """Takes markers one by one, each with the text behind it.

    There is no recursion: what is open is a list, the innermost last.  The place of a table or an array is held, until
    it is closed, by an empty text, or by that of the VAL before it.
    """

    def __init__(self, nesting: int) -> None:
        self.fault = ""
        self._nesting = nesting
        self._payload = _Payload()
        self._open: list[_Table | _Array] = [self._payload]
        self._closable = {_TABLE_CLOSE: 0, _ARRAY_CLOSE: 0, _Variables.closed_by: 0}
        self._at_value = False  # right behind a VAL

    def blame(self, fault: str) -> None:
        """Note what is wrong; the first fault is the cause of others."""
        self.fault = self.fault or fault

    def take(self, marker: str, text: str) -> None:
        at_value, self._at_value = self._at_value, False
        if marker == _VAL:
            self._at_value = not text or text.isspace()
            self._add_value(text)
        elif marker == _VAR:
            self._begin_variable(text)
        else:
            if marker in _OPENED:
                self._begin(_OPENED[marker](), at_value=at_value)
            else:
                self._end(marker)
            if text and not text.isspace():
                self._add_text(text)

    def _begin_variable(self, name: str) -> None:
        table = self._open[-1]
        if isinstance(table, _Array):
            self.blame("VAR in an array")
            table = _Variables()
            self._begin(table, at_value=False)
        self._check_value(table)
        if not name:
            self.blame("VAR without a name")
        table.add_name(name)

    def _check_value(self, table: _Table) -> None:
        if table.named and not table.values[table.start :]:
            self.blame("VAR without VAL")

    def _add_value(self, text: str) -> None:
        container = self._open[-1]
        if not container.named:
            self.blame("VAL without VAR")
        container.values.append(text)

    def _add_text(self, text: str) -> None:
        if isinstance(self._open[-1], _Array):
            self._open[-1].values.append(text)
        else:
            self.blame("text that is neither a name nor a value")

    def _begin(self, container: _Table | _Array, *, at_value: bool) -> None:
        if len(self._open) > self._nesting:
            raise ValueError(_too_deep(self._nesting))
        outer = self._open[-1]
        if not outer.named:
            self.blame("a table or an array without VAR")
        if not at_value:
            outer.values.append("")
        self._open.append(container)
        self._closable[container.closed_by] += 1

    def _end(self, marker: str) -> None:
        if not self._closable[marker]:
            return self.blame(_meaningless(marker))
        if marker == _ARRAY_CLOSE and isinstance(self._open[-1], _Variables):
            self._close()
        if self._open[-1].closed_by != marker:
            self._give_up(marker)
        self._close()

    def _close(self) -> None:
        container = self._pop()
        if isinstance(container, _Table):
            self._check_value(container)
        self._open[-1].values[-1] = container.finish()

    def _pop(self) -> _Table | _Array:
        container = self._open.pop()
        self._closable[container.closed_by] -= 1
        return container

    def _give_up(self, marker: str) -> None:
        """Leave out what is not closed, up to what this marker closes."""
        followers: list[tuple[str, Value]] = []
        while self._open[-1].closed_by != marker:
            self.blame("a table or an array that is not closed")
            container = self._pop()
            self._open[-1].drop()
            if isinstance(container, _Variables):
                followers = container.variables() + followers
        outer = self._open[-1]
        if isinstance(outer, _Table):  # the end of an array would have closed the array that they are in
            outer.adopt(followers)

    def finish(self) -> list[tuple[str, Value]]:
        self._give_up(_Payload.closed_by)
        self._check_value(self._payload)
        return self._payload.variables()
