"""Every example that a reader may copy runs."""

from __future__ import annotations

import doctest
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ports import unused_port

import telnet
import telnet.constants

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
PAGES = sorted((ROOT / "docs").glob("*.md"))

PATIENCE = 20.0  # seconds, for a Python to start on a busy machine


def page_name(value: object) -> str:
    assert isinstance(value, Path)
    return value.name


def fences(page: Path) -> list[tuple[str, str]]:
    """Return the language and the text of each fenced block."""
    return re.findall(r"^```(\S*).*\n((?:.*\n)*?)```$", page.read_text(encoding="utf-8"), re.MULTILINE)


def doctests(page: Path) -> doctest.DocTest:
    """Return all examples of a page as one session, as a reader would type them."""
    text = re.sub(r"^```.*$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return doctest.DocTestParser().get_doctest(text, {"__name__": "__main__"}, page.name, str(page), 0)


@pytest.mark.parametrize("page", [README, *PAGES], ids=page_name)
def test_examples_give_what_the_page_says(page: Path) -> None:
    report: list[str] = []

    result = doctest.DocTestRunner(verbose=False).run(doctests(page), out=report.append)

    assert not result.failed, "".join(report)


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_python_is_shown_as_examples_that_run(page: Path) -> None:
    languages = {language for language, _ in fences(page)}

    assert languages <= {"{doctest}", "{eval-rst}", "{include}", "{literalinclude}", "{toctree}", "sh", "text"}


def test_reference_describes_every_exported_name() -> None:
    reference = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    described = set(re.findall(r"^\.\. \w+:: (\w+)", reference, re.MULTILINE))

    assert set(telnet.__all__) - set(telnet.constants.__all__) <= described


def test_server_of_the_readme_answers() -> None:
    [program] = [text for language, text in fences(README) if language == "python"]
    port = unused_port()
    assert "4000" in program
    command = [sys.executable, "-c", program.replace("4000", str(port))]

    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server, connect(port) as client:
        client.sendall(b"Ada\r\n")
        received = receive_until(client, b"Ada")
        server.send_signal(signal.SIGTERM)

    assert b"Ada" in received


@pytest.mark.parametrize("shell", ["selectors", "asyncio"])
def test_example_of_the_shells_runs_under_both(shell: str) -> None:
    command = [sys.executable, str(ROOT / "examples" / "shells.py"), "--shell", shell, "--port", "0"]

    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        port = int(server.stdout.readline().rpartition(" ")[2])
        with connect(port) as client:
            client.sendall(b"Ada\r\nHello\r\nquit\r\n")
            received = receive_until(client, b"Goodbye.")
        server.send_signal(signal.SIGTERM)

    assert b"Ada joins." in received and b"Ada says: Hello" in received


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


def receive_until(client: socket.socket, expected: bytes) -> bytes:
    received = b""
    while expected not in received:
        chunk = client.recv(4096)
        if not chunk:
            break
        received += chunk
    return received
