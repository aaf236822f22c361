"""A command that must succeed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

# What would choose another compiler or parser, or make hypothesis search for as long as it does in CI.
FOREIGN = ("CC", "CFLAGS", "CI", "LDFLAGS", "PYTHONPATH", "TELNET_ABI3", "TELNET_CFLAGS", "TELNET_PURE_PYTHON")


def run(*command: str | Path, cwd: Path | None = None, variables: Mapping[str, str] | None = None) -> str:
    """Return what the command prints; exit with that, and the command, when it fails."""
    environment = {name: value for name, value in os.environ.items() if name not in FOREIGN} | dict(variables or {})
    done = subprocess.run(
        command, cwd=cwd, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if done.returncode:
        sys.exit(f"{done.stdout}\nexit status {done.returncode}: {' '.join(map(str, command))}")
    return done.stdout
