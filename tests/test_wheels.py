"""Which wheels a release has, what must be in them, and which tests run beside them."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from wheel_file import WheelFile
from wheels import check_extension

ROOT = Path(__file__).parent.parent

pytestmark = pytest.mark.once

PYTHONS = [*(f"cp3{minor}" for minor in range(10, 16)), "cp314t", "cp315t"]
PLATFORMS = {
    "linux": [f"{libc}_{machine}" for libc in ("manylinux", "musllinux") for machine in ("x86_64", "aarch64")],
    "macos": ["macosx_x86_64", "macosx_arm64"],
    "windows": ["win_amd64", "win_arm64"],
}

# What pytest is told to run beside a wheel: `pytest @tests/parser.txt` everywhere, the network where we know it.
LISTS = ("parser.txt", "network.txt")
NOT_BESIDE_A_WHEEL = {
    "test_adversary.py": "runs the benchmark",
    "test_clients.py": "drives the programs that .ci/run installs",
    "test_comings.py": "needs a C compiler",
    "test_delimiter.py": "needs netstruct, which has no wheel",
    "test_demo.py": "reads the sources of an example",
    "test_docs.py": "reads the documentation",
    "test_faults.py": "needs a C compiler",
    "test_floors.py": "reads the sources",
    "test_instructions.py": "counts what was compiled on this machine",
    "test_life.py": "needs trustme, as test_tls.py does",
    "test_load.py": "needs thousands of descriptors, and minutes",
    "test_login_over_tls.py": "needs trustme, as test_tls.py does",
    "test_memory.py": "takes half a minute; memory is the same in every wheel",
    "test_packaging.py": "reads the sources, but for what the list names",
    "test_record_programs.py": "drives the programs that .ci/run installs",
    "test_scans.py": "drives a program that .ci/run installs",
    "test_send_file.py": "needs trustme, as test_tls.py does",
    "test_serial_programs.py": "drives the programs that .ci/run installs",
    "test_session_clients.py": "drives the programs that .ci/run installs",
    "test_session_peers.py": "needs Twisted, whose dependencies have no wheel for every Python",
    "test_tls.py": "needs trustme, whose dependencies have no wheel for every Python",
    "test_urgent.py": "drives a program that .ci/run installs",
    "test_wheels.py": "reads pyproject.toml and tools",
}

# The same in every wheel: pure Python above the parser.  That they get on with it, test_session.py shows beside each.
ABOVE_THE_PARSER = {
    "test_accepting.py",
    "test_bucket.py",
    "test_character_mode.py",
    "test_charsets.py",
    "test_client.py",
    "test_connections.py",
    "test_deadlines.py",
    "test_errors_at_the_call.py",
    "test_guard.py",
    "test_log_share.py",
    "test_msdp_codec.py",
    "test_plain_text.py",
    "test_privacy.py",
    "test_session_encoding.py",
    "test_session_hostile.py",
    "test_session_time.py",
    "test_session_turns.py",
    "test_work.py",
    *(path.name for path in (ROOT / "tests").glob("test_option_*.py")),
}

MODULES = {"telnet/__init__.py", "telnet/_parser_py.py"}


@pytest.mark.skipif(sys.version_info < (3, 11), reason="cibuildwheel needs Python 3.11 to run")
@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_python_has_a_wheel_on_every_platform(platform: str) -> None:
    if not os.environ.get("CI"):
        pytest.importorskip("cibuildwheel", reason="cibuildwheel is not installed")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CIBW_")}
    command = [sys.executable, "-m", "cibuildwheel", "--print-build-identifiers", "--platform", platform]

    printed = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout

    assert sorted(printed.split()) == sorted(f"{python}-{where}" for python in PYTHONS for where in PLATFORMS[platform])


def test_every_test_module_is_on_a_list_or_has_a_reason() -> None:
    lines = [line for name in LISTS for line in (ROOT / "tests" / name).read_text(encoding="utf-8").splitlines()]
    listed = [line.removeprefix("tests/") for line in lines if line.startswith("tests/") and "::" not in line]

    modules = {path.name for path in (ROOT / "tests").glob("test_*.py")}

    assert sorted([*listed, *NOT_BESIDE_A_WHEEL, *ABOVE_THE_PARSER]) == sorted(modules)


def make_wheel(directory: Path, tags: str, files: set[str]) -> WheelFile:
    path = directory / f"telnet-0.1.0-{tags}.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name in sorted({*files, "telnet-0.1.0.dist-info/METADATA"}):
            archive.writestr(name, "")
    return WheelFile(path)


@pytest.mark.parametrize(
    ("tags", "extension"),
    [
        ("cp312-cp312-macosx_11_0_arm64", "_parser.cpython-312-darwin.so"),
        ("cp314-cp314t-macosx_11_0_arm64", "_parser.cpython-314t-darwin.so"),
        ("cp312-abi3-macosx_11_0_arm64", "_parser.abi3.so"),
        ("cp314-cp314t-win_arm64", "_parser.cp314t-win_arm64.pyd"),
        ("cp312-abi3-win_amd64", "_parser.pyd"),
    ],
)
def test_wheel_holds_the_extension_that_its_name_promises(tags: str, extension: str, tmp_path: Path) -> None:
    check_extension(make_wheel(tmp_path, tags, {*MODULES, f"telnet/{extension}"}), MODULES)


@pytest.mark.parametrize(
    ("tags", "extensions"),
    [
        ("cp312-cp312-win_amd64", ()),
        ("cp312-cp312-win_amd64", ("_parser.cp313-win_amd64.pyd",)),
        ("cp314-cp314t-win_amd64", ("_parser.cp314-win_amd64.pyd",)),
        ("cp312-abi3-macosx_11_0_arm64", ()),
        ("cp312-abi3-macosx_11_0_arm64", ("_parser.cpython-312-darwin.so",)),
        ("cp312-abi3-macosx_11_0_arm64", ("_parser.abi3.so", "_parser.cpython-312-darwin.so")),
        ("cp312-abi3-macosx_11_0_arm64", ("_parser.abi3.so", "_parser.c")),
    ],
)
def test_wheel_with_another_extension_or_none_is_refused(
    tags: str, extensions: tuple[str, ...], tmp_path: Path
) -> None:
    wheel = make_wheel(tmp_path, tags, MODULES | {f"telnet/{name}" for name in extensions})

    with pytest.raises(SystemExit, match="must hold one extension"):
        check_extension(wheel, MODULES)


def test_wheel_without_a_module_is_refused_by_its_name(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "cp312-abi3-win_amd64", {"telnet/__init__.py", "telnet/_parser.pyd"})

    with pytest.raises(SystemExit, match=r"lacks telnet/_parser_py\.py$"):
        check_extension(wheel, MODULES)
