"""Builds, checks and tries the distributions of a release: `make wheels`.

    python tools/wheels.py build dist python3.12 python3.13    # from the source distribution, on Linux
    python tools/wheels.py check dist                          # wherever they were built
    python tools/wheels.py try dist python3.12 python3.13      # each where no compiler is

Those for other machines come from cibuildwheel, see .github/workflows/wheels.yml.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from command import run
from interpreter import Interpreter
from wheel_file import WheelFile, wheels_in

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent  # where patchelf is, which auditwheel looks for on PATH
COMPILERS = ("cc", "gcc", "clang", "tcc", "c++", "g++", "clang++")

# The Pythons that nobody has here: what pip is told of each, and the wheel that it must choose.
ELSEWHERE = {
    "a CPython to come": (("--python-version=3.19", "--implementation=cp"), "abi3"),
    "a free-threaded one": (("--python-version=3.19", "--implementation=cp", "--abi=cp319t"), "none"),
    "PyPy": (("--python-version=3.11", "--implementation=pp"), "none"),
}

INSTALLED = """
import importlib.metadata, json, telnet
tags = importlib.metadata.distribution("telnet").read_text("WHEEL").splitlines()
print(json.dumps([telnet.IMPLEMENTATION, telnet.__file__, [line[5:] for line in tags if line.startswith("Tag: ")]]))
"""

# --- build ------------------------------------------------------------------------------------------------------------


def build(dist: Path, pythons: Sequence[Interpreter]) -> None:
    """Build the source distribution, and from it a wheel for each Python, one for those to come and a pure one."""
    shutil.rmtree(dist, ignore_errors=True)
    run(sys.executable, "-m", "build", "--sdist", "--outdir", dist, ROOT)
    [sdist] = dist.glob("*.tar.gz")
    with TemporaryDirectory() as built:
        jobs = [(python, Path(built), {"TELNET_BUILD_EXTENSION": "require"}) for python in pythons]
        for python in [python for python in pythons if python.takes_abi3][:1]:
            jobs.append((python, Path(built), {"TELNET_BUILD_EXTENSION": "require", "TELNET_ABI3": "1"}))
        jobs.append((pythons[0], dist, {"TELNET_BUILD_EXTENSION": "no"}))
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(lambda job: build_wheel(sdist, *job), jobs))
        with_patchelf = {"PATH": f"{BIN}:{os.environ['PATH']}"}
        repair = ("-m", "auditwheel", "repair", "--wheel-dir", dist)
        run(sys.executable, *repair, *Path(built).glob("*.whl"), variables=with_patchelf)


def build_wheel(sdist: Path, python: Interpreter, into: Path, variables: dict[str, str]) -> None:
    """Build in a directory that nothing else is built in: what one build leaves, the next would pack."""
    # Many a Python links extensions with a run path to its own libraries, which is nowhere on other machines.
    variables = {"LDSHARED": "cc -shared", **variables}
    run(*pip(python.path), "wheel", "--no-deps", "--wheel-dir", into, sdist, variables=variables)


def pip(python: str | Path) -> tuple[str | Path, ...]:
    """Return the start of a command of our own pip for another Python, which need not have one."""
    return (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "--python", python)


# --- check ------------------------------------------------------------------------------------------------------------


def check(dist: Path) -> None:
    """Exit with what is wrong with a distribution, if anything is."""
    run(sys.executable, "-m", "twine", "check", "--strict", *sorted(dist.iterdir()))
    pure = wheels_in(dist).get("none") or sys.exit(f"{dist} must hold the pure wheel, to compare the others with")
    for wheel in map(WheelFile, sorted(dist.glob("*.whl"))):
        run(sys.executable, "-m", "check_wheel_contents", wheel.path)
        if wheel.abi == "abi3":
            run(sys.executable, "-m", "abi3audit", "--strict", wheel.path)
        if wheel != pure:
            check_extension(wheel, pure.contents)
        print(f"good: {wheel.path.name}")


def check_extension(wheel: WheelFile, modules: set[str]) -> None:
    """Exit unless the wheel holds the modules and the one extension that its name promises, fit for any machine."""
    extensions = wheel.contents - modules
    if missing := modules - wheel.contents:
        sys.exit(f"{wheel.path.name} must hold what the pure wheel holds, but lacks {', '.join(sorted(missing))}")
    if len(extensions) != 1 or not wheel.extension.fullmatch("".join(extensions)):
        found = ", ".join(sorted(extensions)) or "nothing"
        sys.exit(f"{wheel.path.name} must hold one extension, {wheel.extension.pattern}, not {found}")
    if "linux" in wheel.path.name:
        with TemporaryDirectory() as scratch:
            shutil.unpack_archive(wheel.path, scratch, "zip")
            if run_path := run(BIN / "patchelf", "--print-rpath", Path(scratch, *extensions)).strip():
                sys.exit(f"{wheel.path.name} must not look for libraries in {run_path}")


# --- try --------------------------------------------------------------------------------------------------------------


class Trial(NamedTuple):
    """A wheel, a Python to try it on, what pip is asked to install, and the arguments of pytest."""

    wheel: WheelFile
    python: Interpreter
    asked_for: str
    tests: list[str]


def try_all(dist: Path, pythons: Sequence[Interpreter]) -> None:
    """Install each wheel into an environment of its own, without a compiler, and run the tests there."""
    for name, (told, abi) in ELSEWHERE.items():
        print(f"{name} gets {chosen(dist, told, abi)}")
    with TemporaryDirectory() as scratch, ThreadPoolExecutor(os.cpu_count()) as pool:
        [sdist] = dist.glob("*.tar.gz")
        shutil.unpack_archive(sdist, scratch)
        [tree] = Path(scratch).iterdir()
        for line in pool.map(lambda trial: try_one(dist, tree, trial), trials(dist, pythons)):
            print(line)


def chosen(dist: Path, told: tuple[str, ...], abi: str) -> str:
    """Return the wheel that pip takes for a Python that is only described; exit if it is not of the ABI."""
    if abi not in wheels_in(dist):
        return "no wheel to choose: no CPython 3.12 or later was there to build it"
    with TemporaryDirectory() as scratch:
        source = ("--no-index", "--find-links", dist, "--only-binary=:all:", "--no-deps", "--dest", scratch)
        run(sys.executable, "-m", "pip", "download", *source, *told, "telnet")
        [wheel] = wheels_in(Path(scratch)).values()
    if wheel.abi != abi:
        sys.exit(f"pip must choose the wheel of {abi}, not {wheel.path.name}, when told {' '.join(told)}")
    return wheel.path.name


def trials(dist: Path, pythons: Sequence[Interpreter]) -> Iterator[Trial]:
    """Yield every wheel with every Python that it is for; one of them has the tests of the network too."""
    wheels = wheels_in(dist)
    for python in pythons:
        tests = ["@tests/parser.txt"] + ["@tests/network.txt"] * (python == pythons[0])
        # With all on offer: pip must find the one that is meant for it.
        yield Trial(wheels[python.abi], python, "telnet", tests)
    for python in pythons:
        if python.takes_abi3:
            yield Trial(wheels["abi3"], python, str(wheels["abi3"].path), ["@tests/parser.txt"])
    yield Trial(wheels["none"], pythons[0], str(wheels["none"].path), ["@tests/parser.txt", "--no-extension"])


def try_one(dist: Path, tree: Path, trial: Trial) -> str:
    """Return a line that says what was tried and how the tests ended; exit when something did not work."""
    with TemporaryDirectory() as scratch:
        home = Path(scratch, "environment")
        run(trial.python.path, "-m", "venv", "--without-pip", home)
        python = home / "bin" / "python"
        without_compiler = {"PATH": str(python.parent)}
        if compilers := [name for name in COMPILERS if shutil.which(name, path=str(python.parent))]:
            sys.exit(f"{python.parent} must hold no compiler, but has {', '.join(compilers)}")
        group = f"{tree / 'pyproject.toml'}:test-wheel"
        offer = ("--no-index", "--find-links", dist)
        run(*pip(python), "install", *offer, trial.asked_for, variables=without_compiler)
        run(*pip(python), "install", "--only-binary=:all:", "--group", group, variables=without_compiler)

        suite = Path(scratch, "suite")  # with no sources beside it: what is imported is what was installed
        shutil.copytree(tree / "tests", suite / "tests")
        shutil.copy(tree / "pyproject.toml", suite)
        found = json.loads(run(python, "-c", INSTALLED, cwd=suite, variables=without_compiler))
        check_installed(trial, home, *found)
        tests = run(python, "-m", "pytest", "--quiet", *trial.tests, cwd=suite, variables=without_compiler)
        return f"{trial.python.abi}: {trial.wheel.path.name} ({found[0]}): {tests.splitlines()[-1]}"


def check_installed(trial: Trial, home: Path, implementation: str, file: str, tags: list[str]) -> None:
    """Exit unless it is this wheel that was installed, there, with the parser that it promises."""
    if set(tags) != {str(tag) for tag in trial.wheel.tags}:
        sys.exit(f"{trial.python.abi} must get {trial.wheel.path.name} for {trial.asked_for}, not {', '.join(tags)}")
    if not Path(file).is_relative_to(home):
        sys.exit(f"{trial.wheel.path.name} must be imported from {home}, not {file}")
    if implementation != trial.wheel.implementation:
        sys.exit(f"{trial.wheel.path.name} must have the {trial.wheel.implementation} parser, not {implementation}")


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["build", "check", "try"])
    parser.add_argument("dist", type=Path)
    parser.add_argument("pythons", nargs="*", type=Interpreter.ask, metavar="python")
    arguments = parser.parse_args()
    if arguments.what == "check":
        check(arguments.dist)
    elif arguments.what == "build":
        build(arguments.dist, arguments.pythons)
    else:
        try_all(arguments.dist, arguments.pythons)


if __name__ == "__main__":
    main()
