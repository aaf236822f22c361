"""Runs the fuzz targets one after another, from real traffic on, and says how to reproduce what they find.

What it needs and leaves is in ``.fuzz/``: the seeds, for each target a corpus that grows from run to run and a log of
the latest one, and in ``found/`` the inputs that broke something.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import sysconfig
import time
from hashlib import sha1
from pathlib import Path
from typing import NamedTuple

import atheris
from fuzzing import decode, seeds
from session_fuzzing import session_seeds

ROOT = Path(__file__).parent.parent
TESTS = ROOT / "tests"
WORK = ROOT / ".fuzz"
FOUND = WORK / "found"
FINDINGS = ROOT / "fuzz" / "findings"


class Target(NamedTuple):
    """A program that libFuzzer drives, the longest input that is worth its time, and what its process needs."""

    name: str
    command: list[str]
    max_len: int
    environment: dict[str, str]


IN_PYTHON = {
    "PYTHONPATH": str(TESTS),
    "LD_PRELOAD": str(Path(atheris.path()) / "asan_with_fuzzer.so"),
}

TARGETS = [
    Target(
        "twins",
        [sys.executable, str(ROOT / "fuzz" / "twins.py")],
        max_len=512,
        environment=IN_PYTHON,
    ),
    Target(
        "sessions",
        [sys.executable, str(ROOT / "fuzz" / "sessions.py")],
        max_len=1024,
        environment=IN_PYTHON,
    ),
    Target(
        "cuts",
        [str(Path(sys.prefix) / "cuts")],
        max_len=4096,
        environment={
            "PYTHONPATH": sysconfig.get_path("platlib"),
            "PYTHONMALLOC": "malloc",  # Python's own allocator hides from the sanitizer where a block ends
            "LD_LIBRARY_PATH": sysconfig.get_config_var("LIBDIR"),
        },
    ),
]

# The quarantine of freed blocks is kept small: at its default size it costs half of the speed.
SANITIZERS = {
    "ASAN_OPTIONS": "detect_leaks=0:quarantine_size_mb=8:malloc_context_size=4",
    "UBSAN_OPTIONS": "print_stacktrace=1",
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=60, help="for all targets together (default: 60)")
    parser.add_argument("--input", type=Path, help="show this input and run each target on it, once")
    arguments = parser.parse_args()
    if arguments.input:
        return show(arguments.input)
    write_seeds(WORK / "seeds")
    FOUND.mkdir(exist_ok=True)
    share = max(1, arguments.seconds // len(TARGETS))
    return max([fuzz(target, share) for target in TARGETS])


def write_seeds(directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    for seed in (*seeds(), *session_seeds()):
        (directory / sha1(seed).hexdigest()).write_bytes(seed)


def fuzz(target: Target, seconds: int) -> int:
    """Return 1 if the target broke, and 0 if the time was over first."""
    corpus = WORK / "corpus" / target.name
    corpus.mkdir(parents=True, exist_ok=True)
    log = WORK / f"{target.name}.log"
    options = [
        f"-max_total_time={seconds}",
        f"-max_len={target.max_len}",
        f"-dict={ROOT / 'fuzz' / 'telnet.dict'}",
        f"-artifact_prefix={FOUND}/",
        "-timeout=10",
        "-print_final_stats=1",
    ]
    print(f"{target.name}: {seconds} s", flush=True)
    started = time.time()
    with log.open("w") as output:
        ended = run(target, [*options, str(corpus), str(WORK / "seeds"), str(FINDINGS)], output.fileno())
    print(f"{target.name}: {summary(log)}", flush=True)
    if ended:
        report(target, log, started)
    return 1 if ended else 0


def run(target: Target, arguments: list[str], output: int | None = None) -> int:
    environment = {**os.environ, **SANITIZERS, **target.environment}
    ended = subprocess.run([*target.command, *arguments], env=environment, stdout=output, stderr=output, check=False)
    return ended.returncode


def summary(log: Path) -> str:
    """Return what libFuzzer said last of its progress."""
    states = re.findall(r"^#(\d+)\s.*\bcov: (\d+) ft: (\d+) corp: (\d+)", log.read_text(errors="replace"), re.MULTILINE)
    if not states:
        return "no input was run"
    return "{} inputs, {} edges, {} features, {} kept in the corpus".format(*states[-1])


def report(target: Target, log: Path, started: float) -> None:
    lines = [line for line in log.read_text(errors="replace").splitlines() if not re.match(r"#\d|\s*NEW_FUNC", line)]
    print("", *lines[-60:], sep="\n")
    for found in [path for path in FOUND.iterdir() if path.stat().st_mtime >= started - 1]:
        print(f"\n{target.name} broke on {found.relative_to(ROOT)}:\n\n{decode(found.read_bytes())}\n")
        print(f"again: make fuzz-input FILE={found.relative_to(ROOT)}")
    print(f"all of its output: {log.relative_to(ROOT)}")


def show(path: Path) -> int:
    print(decode(path.read_bytes()), flush=True)
    return max([min(1, abs(run(target, [str(path)]))) for target in TARGETS])


if __name__ == "__main__":
    sys.exit(main())
