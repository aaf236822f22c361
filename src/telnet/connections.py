"""The connections of a server, as a set that is always up to date."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from typing import Any, TypeVar

__all__ = ["Connections"]

Connection = TypeVar("Connection")


class Connections(Set[Connection]):
    """The connections of a server that are up and not being closed: a live set.

    Iterating is safe whatever happens meanwhile: who joins is left out until the next time, and who leaves before its
    turn is skipped.  So a broadcast is ``for connection in server.connections: connection.write(data)``; the operators
    of a set, as in ``server.connections - {speaker}``, return a :class:`frozenset` of those of this moment.
    """

    def __init__(self) -> None:
        self._members: dict[Connection, None] = {}

    def __contains__(self, connection: object) -> bool:
        return connection in self._members

    def __len__(self) -> int:
        return len(self._members)

    def __iter__(self) -> Iterator[Connection]:
        for connection in tuple(self._members):
            if connection in self._members:
                yield connection

    def __repr__(self) -> str:
        return f"<{len(self)} connections>"

    @classmethod
    def _from_iterable(cls, it: Iterable[Any]) -> Set[Any]:
        # What the operators of a set return: those of this moment.
        return frozenset(it)

    def values(self) -> Connections[Connection]:
        """Return the set itself, for code that knew it as a dictionary."""
        return self
