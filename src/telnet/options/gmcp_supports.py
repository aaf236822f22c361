"""Core.Supports of GMCP: the packages that a client has said it takes."""

from __future__ import annotations

import re
from typing import Any, Final

from telnet.options.gmcp_codec import is_package

__all__ = ["Supports"]

# Lua writes a whole number as "1.0" where it was computed.
_ENTRY: Final = re.compile(r"\s*(\S+)(?:\s+([0-9]{1,9})(?:\.0+)?)?\s*")
_LONGEST_ENTRY: Final = 256  # characters: the longest name has 128, and its version nine


class Supports:
    """The packages that a client takes, each with the version that it knows.

    One that is listed covers those below it: ``Char`` is also ``Char.Vitals``, unless that is listed itself.  A version
    of 0 takes a package out, as Aardwolf's clients do.

    :param most: how many are kept, and how many one message may list.

    Every message that it is given is used as far as it is good; the methods for them return what is wrong with the
    rest, an empty string for nothing.

    Source: the GMCP page.
    """

    declared: bool
    """Whether the client has said what it takes; until then nobody knows."""

    versions: dict[str, int]
    """What it has listed, by the names in lower case."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.declared = False
        self.versions = {}

    def version(self, package: str) -> int:
        """Return which version of a package, or of one that it belongs to, the client takes; 0 if none."""
        name = package.lower()
        while name and name not in self.versions:
            name = name.rpartition(".")[0]
        return self.versions.get(name, 0)

    def set(self, listed: Any) -> str:
        """Core.Supports.Set: these, and no others."""
        return self._take(listed, {})

    def add(self, listed: Any) -> str:
        """Core.Supports.Add: these too; the version of one that is known already replaces the one before."""
        return self._take(listed, self.versions)

    def _take(self, listed: Any, kept: dict[str, int]) -> str:
        packages, wrong = self._read(listed)
        if not packages and listed != []:  # nobody can tell what was meant, and nothing at all was not
            return wrong
        self.declared = True
        self.versions = kept
        for name, version in packages:
            if name in self.versions or len(self.versions) < self._most:
                self.versions[name] = version
            else:
                wrong = self._too_many
        return wrong

    def remove(self, listed: Any) -> str:
        """Core.Supports.Remove: not these any more.  Versions may be left out."""
        packages, wrong = self._read(listed)
        for name, _ in packages:
            self.versions.pop(name, None)
        return wrong

    def _read(self, listed: Any) -> tuple[list[tuple[str, int]], str]:
        """Return the packages of a list, as far as it is looked at, and what is wrong with the rest of it."""
        if not isinstance(listed, list):
            return [], "the packages are not in an array"
        packages = [package for package in map(_package, listed[: self._most]) if package]
        if len(listed) > self._most:
            return packages, self._too_many
        return packages, "" if len(packages) == len(listed) else "a package is listed as its name and its version"

    @property
    def _too_many(self) -> str:
        return f"more than {self._most} packages"


def _package(entry: Any) -> tuple[str, int] | None:
    """Return the name and the version of an entry, or None if it is not one.  A version that is left out is 1."""
    if not isinstance(entry, str) or len(entry) > _LONGEST_ENTRY:
        return None
    found = _ENTRY.fullmatch(entry)
    return (found[1].lower(), int(found[2] or 1)) if found and is_package(found[1]) else None
