"""What is packed, how it is built, and which implementation a user gets."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

import telnet

ROOT = Path(__file__).parent.parent
PACKED = ("pyproject.toml", "setup.py", "MANIFEST.in", "README.md", "CHANGELOG.md", "LICENSE", "Makefile")
PACKED_TREES = ("src", "examples", "tests", "tools", "bench", "docs", ".github")


def run(*command: str, cwd: Path | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "TELNET_PURE_PYTHON": "", **variables}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True)


def build(kind: str, tree: Path, into: Path, **variables: str) -> Path:
    """Build with the installed setuptools and Cython, as an isolated build would, and return the file."""
    script = f"import sys; from setuptools.build_meta import build_{kind} as build; build(sys.argv[1])"
    shutil.rmtree(tree / "build", ignore_errors=True)
    into.mkdir(parents=True)
    built = run(sys.executable, "-c", script, str(into), cwd=tree, **variables)
    if built.returncode:
        raise RuntimeError(built.stderr)
    [result] = into.iterdir()
    return result


def names_in(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def python_with(wheel: Path, directory: Path, *arguments: str) -> str:
    """Return what a Python prints that has the wheel, and nothing else of the package, installed."""
    installed = directory / "site-packages"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(installed)
    return run(sys.executable, *arguments, cwd=directory, PYTHONPATH=str(installed)).stdout.strip()


@pytest.fixture(scope="session")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tree = tmp_path_factory.mktemp("checkout")
    for name in PACKED:
        shutil.copy(ROOT / name, tree)
    for name in PACKED_TREES:
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__", "_build"))
    (tree / "src/telnet/_parser.c").write_text("/* left by an earlier build */")
    return build("sdist", tree, tmp_path_factory.mktemp("sdist") / "dist")


@pytest.fixture
def unpacked(sdist: Path, tmp_path: Path) -> Path:
    with tarfile.open(sdist) as archive:
        if hasattr(tarfile, "data_filter"):
            archive.extractall(tmp_path, filter="data")
        else:
            archive.extractall(tmp_path)
    [tree] = tmp_path.iterdir()
    return tree


@pytest.fixture
def compiler(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--no-extension"):
        pytest.skip("the suite was asked to do without the extension")


# --- the installed package --------------------------------------------------------------------------------------------


def test_extension_is_used_when_it_was_built(compiler: None) -> None:
    printed = run(sys.executable, "-c", "import telnet; print(telnet.IMPLEMENTATION)", TELNET_PURE_PYTHON="")

    assert printed.stdout == "cython\n"


def test_environment_selects_the_pure_twin() -> None:
    printed = run(sys.executable, "-c", "import telnet; print(telnet.IMPLEMENTATION)", TELNET_PURE_PYTHON="1")

    assert printed.stdout == "python\n"


def test_environment_with_0_selects_nothing(compiler: None) -> None:
    printed = run(sys.executable, "-c", "import telnet; print(telnet.IMPLEMENTATION)", TELNET_PURE_PYTHON="0")

    assert printed.stdout == "cython\n"


def test_version_of_the_package_is_that_of_the_distribution() -> None:
    assert telnet.__version__ == importlib.metadata.version("telnet")


def test_distribution_has_no_console_scripts() -> None:
    assert not importlib.metadata.distribution("telnet").entry_points


def test_distribution_requires_nothing_at_run_time() -> None:
    requirements = importlib.metadata.requires("telnet") or []

    assert [requirement for requirement in requirements if "extra ==" not in requirement] == []


# --- what is packed ---------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.once
def test_sdist_holds_the_sources_and_nothing_generated(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        files = {name.partition("/")[2] for name in archive.getnames()}

    assert {*PACKED, "src/telnet/_parser.pyx", "examples/mud/world.json", "docs/index.md", "tests/parser.txt"} <= files
    assert not [name for name in files if name.endswith((".so", ".pyc"))]
    sources = {"bench/c/limit.c", "bench/c/libtelnet_driver.c", "tests/fault_shim.c"}
    assert {name for name in files if name.endswith(".c")} == sources


@pytest.mark.slow
@pytest.mark.once
def test_wheel_holds_every_module_and_its_types_but_no_sources_of_the_extension(unpacked: Path, tmp_path: Path) -> None:
    modules = {path.relative_to(ROOT / "src").as_posix() for path in (ROOT / "src").rglob("*.py*")}
    modules |= {f"telnet/{path.relative_to(ROOT).as_posix()}" for path in (ROOT / "examples").rglob("*.py")}
    expected = {name for name in modules if name.endswith((".py", ".pyi"))}
    expected |= {"telnet/py.typed", "telnet/examples/mud/world.json"}

    wheel = build("wheel", unpacked, tmp_path / "dist", TELNET_BUILD_EXTENSION="no")

    assert {name for name in names_in(wheel) if ".dist-info/" not in name} == expected


@pytest.mark.slow
@pytest.mark.once
def test_wheel_without_the_extension_is_for_every_python(unpacked: Path, tmp_path: Path) -> None:
    wheel = build("wheel", unpacked, tmp_path / "dist", TELNET_BUILD_EXTENSION="no")

    assert wheel.name.endswith("-py3-none-any.whl")
    assert python_with(wheel, tmp_path, "-c", "import telnet; print(telnet.IMPLEMENTATION)") == "python"


@pytest.mark.slow
def test_extension_builds_from_the_sdist_without_a_warning(unpacked: Path, tmp_path: Path, compiler: None) -> None:
    flags = {"TELNET_BUILD_EXTENSION": "require", "TELNET_CFLAGS": "-Werror -O1"}

    wheel = build("wheel", unpacked, tmp_path / "dist", **flags)

    assert [name for name in names_in(wheel) if name.startswith("telnet/_parser.") and name.endswith(".so")]
    assert python_with(wheel, tmp_path, "-c", "import telnet; print(telnet.IMPLEMENTATION)") == "cython"


@pytest.mark.slow
@pytest.mark.skipif(sys.version_info < (3, 12), reason="it is the limited API of 3.12")
@pytest.mark.skipif(bool(sysconfig.get_config_var("Py_GIL_DISABLED")), reason="a free-threaded Python has none")
def test_extension_builds_for_the_limited_api(unpacked: Path, tmp_path: Path, compiler: None) -> None:
    flags = {"TELNET_BUILD_EXTENSION": "require", "TELNET_CFLAGS": "-Werror -O1", "TELNET_ABI3": "1"}

    wheel = build("wheel", unpacked, tmp_path / "dist", **flags)

    assert "-cp312-abi3-" in wheel.name
    assert python_with(wheel, tmp_path, "-c", "import telnet; print(telnet.IMPLEMENTATION)") == "cython"


# --- a machine without a compiler -------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.once
def test_build_without_a_compiler_gives_a_working_pure_package(unpacked: Path, tmp_path: Path) -> None:
    wheel = build("wheel", unpacked, tmp_path / "dist", TELNET_BUILD_EXTENSION="auto", CC="/bin/false")

    assert python_with(wheel, tmp_path, "-m", "telnet", "--version").startswith(f"telnet {telnet.__version__} (python)")


@pytest.mark.slow
@pytest.mark.once
def test_build_that_requires_the_extension_fails_without_a_compiler(unpacked: Path, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="/bin/false"):
        build("wheel", unpacked, tmp_path / "dist", TELNET_BUILD_EXTENSION="require", CC="/bin/false")


def test_unknown_build_mode_is_refused_by_name() -> None:
    built = run(sys.executable, "setup.py", "--version", cwd=ROOT, TELNET_BUILD_EXTENSION="yes")

    assert (built.returncode, built.stderr.strip()) == (
        1,
        "TELNET_BUILD_EXTENSION must be auto, require or no, not 'yes'",
    )
