"""A wheel in a directory, and what its name promises."""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

from packaging.tags import Tag
from packaging.utils import parse_wheel_filename


@dataclass(frozen=True)
class WheelFile:
    """A wheel of the package."""

    path: Path

    @property
    def tags(self) -> frozenset[Tag]:
        """What it is for: Python, ABI and platform."""
        return parse_wheel_filename(self.path.name)[3]

    @property
    def abi(self) -> str:
        """``cp313``, ``cp314t``, ``abi3`` or ``none``."""
        [abi] = {tag.abi for tag in self.tags}
        return abi

    @property
    def implementation(self) -> str:
        """The parser that it installs."""
        return "python" if self.abi == "none" else "cython"

    @property
    def contents(self) -> set[str]:
        """The files that it installs, without the metadata."""
        with zipfile.ZipFile(self.path) as archive:
            return {name for name in archive.namelist() if ".dist-info/" not in name and not name.endswith("/")}

    @property
    def extension(self) -> re.Pattern[str]:
        """The only name by which the Pythons of this wheel, and no others, import its extension."""
        if self.abi == "abi3":
            return re.compile(r"telnet/_parser\.(abi3\.so|pyd)")
        return re.compile(rf"telnet/_parser\.(cpython-{self.abi[2:]}-[\w-]+\.so|{self.abi}-win_\w+\.pyd)")


def wheels_in(directory: Path) -> dict[str, WheelFile]:
    """Return the wheels in the directory by ABI; those for other platforms too, the last of each."""
    return {wheel.abi: wheel for wheel in map(WheelFile, sorted(directory.glob("*.whl")))}
