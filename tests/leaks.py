"""A plugin for a Python that runs with LeakSanitizer: memory that the extension lost fails the session.

It is searched for while the interpreter is alive, since at exit there is always some that Python never gives back. Even
so LeakSanitizer takes a few things of the interpreter's own for lost, so only what the extension allocated counts.
"""

from __future__ import annotations

import ctypes
import gc
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

EXTENSION = "telnet/_parser"
NOTES = "tracemalloc_add_trace"  # what tracemalloc writes down while the extension allocates


def lost() -> list[str]:
    """Return where each piece of memory was allocated that nothing refers to any more."""
    runtime = ctypes.CDLL(None)
    gc.collect()
    with TemporaryDirectory() as directory:
        runtime.__sanitizer_set_report_path(f"{directory}/leaks".encode())
        runtime.__lsan_do_recoverable_leak_check()
        runtime.__sanitizer_set_report_path(b"stderr")
        report = "".join(path.read_text() for path in Path(directory).iterdir())
    return [leak for leak in report.split("\n\n") if " leak of " in leak]


def pytest_sessionfinish(session: pytest.Session) -> None:
    ours = [leak for leak in lost() if EXTENSION in leak and NOTES not in leak]
    if ours:
        sys.stderr.write("\n\n".join(["", *ours, ""]))
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
