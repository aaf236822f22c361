"""A Python to build a wheel for, or to install one into."""

from __future__ import annotations

import json
from dataclasses import dataclass

from command import run

_QUESTION = """
import json, sys, sysconfig
print(json.dumps([sys.executable, sys.version_info[1], bool(sysconfig.get_config_var("Py_GIL_DISABLED"))]))
"""


@dataclass(frozen=True)
class Interpreter:
    """A CPython 3, ``minor`` being the second number of its version."""

    path: str
    minor: int
    free_threaded: bool

    @classmethod
    def ask(cls, command: str) -> Interpreter:
        """Run the command to learn what it is."""
        return cls(*json.loads(run(command, "-c", _QUESTION)))

    @property
    def abi(self) -> str:
        """The tag of the wheel that is for this Python alone: ``cp313``, ``cp314t``."""
        return f"cp3{self.minor}" + "t" * self.free_threaded

    @property
    def takes_abi3(self) -> bool:
        """Whether the wheel for the Pythons to come is for this one too."""
        return self.minor >= 12 and not self.free_threaded
