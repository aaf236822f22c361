"""The command line: what it prints, and how it ends."""

from __future__ import annotations

import os
import platform
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from ports import unused_port

import telnet
from telnet.cli import main

PATIENCE = 20.0  # seconds, for a Python to start on a busy machine


@pytest.fixture
def occupied_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        yield taken.getsockname()[1]


@pytest.fixture
def free_port() -> int:
    return unused_port()


def connect(port: int) -> socket.socket:
    """Return a connection to a server that is still starting."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), PATIENCE)
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def test_version_names_package_implementation_and_python(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["--version"])

    python = f"{platform.python_implementation()} {platform.python_version()}"
    assert exit_.value.code == 0
    assert capsys.readouterr().out == f"telnet {telnet.__version__} ({telnet.IMPLEMENTATION}) on {python}\n"


def test_no_command_prints_the_help_and_fails(capsys: pytest.CaptureFixture[str]) -> None:
    status = main([])

    assert status == 2
    assert "demo" in capsys.readouterr().err


@pytest.mark.parametrize("port", ["65536", "-1", "telnet", ""])
def test_port_out_of_range_is_refused_by_name(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["demo", f"--port={port}"])

    assert exit_.value.code == 2
    assert f"port must be a number from 0 to 65535, not {port!r}" in capsys.readouterr().err


def test_port_in_use_is_one_line_that_says_so(occupied_port: int, capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["demo", "--port", str(occupied_port), "--database", ":memory:"])

    expected = rf"telnet: cannot listen on \('127\.0\.0\.1', {occupied_port}\): .*in use.*\n"
    assert status == 1
    assert re.fullmatch(expected, capsys.readouterr().err)


def test_database_that_is_none_is_one_line_that_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear sir, we have not received\n" * 100)

    status = main(["demo", "--database", str(letter)])

    assert (status, capsys.readouterr().err) == (
        1,
        f"telnet: cannot keep characters in {letter}: file is not a database\n",
    )


def test_python_without_sqlite_is_one_line_that_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for module in [name for name in sys.modules if name.startswith("telnet.examples.mud")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "sqlite3", None)

    status = main(["demo"])

    assert status == 1
    assert re.fullmatch("telnet: this Python lacks what the demo needs: .*sqlite3.*\n", capsys.readouterr().err)


def test_shell_that_is_none_is_refused_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["demo", "--shell=bash"])

    assert exit_.value.code == 2
    assert "'bash'" in capsys.readouterr().err


def test_demo_serves_until_interrupted(free_port: int, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "telnet", "demo", "--port", str(free_port)]
    environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment) as demo:
        with connect(free_port) as client:
            greeting = client.recv(1)
            demo.send_signal(signal.SIGINT)
            output, errors = demo.communicate(timeout=PATIENCE)

    assert greeting
    assert (demo.returncode, errors) == (0, "")
    assert output == (
        f"mud listening on 127.0.0.1 port {free_port}\ncharacters are kept in {tmp_path / 'telnet' / 'mud.sqlite3'}\n"
    )
