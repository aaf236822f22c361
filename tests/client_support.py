"""Clients that people use, as Debian packages them: how they are started, and how to talk with their users."""

from __future__ import annotations

import os
import re
import select
import shlex
import shutil
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, NoReturn

import pytest

PATIENCE = 30.0  # seconds, for a program to start and answer on a busy machine
SEARCH_PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/games", "/usr/sbin"])
COLOURS = re.compile(rb"\x1b\[[0-9;]*m")


class Client(NamedTuple):
    """How a client is started, and which Debian package has it."""

    package: str
    command: str
    terminal: bool = False


CLIENTS = {
    "curl": Client("curl", "curl -sN -T . telnet://127.0.0.1:{port}"),  # without -T it waits for its input
    "telnet": Client("inetutils-telnet", "telnet 127.0.0.1 {port}"),
    "telnet-in-a-terminal": Client("inetutils-telnet", "telnet 127.0.0.1 {port}", terminal=True),
    "plink": Client("putty-tools", "plink -telnet -P {port} 127.0.0.1"),
    # Without "-T ." it waits for input of its own before it shows what came.
    "tf": Client("tf", "tf -f -q -v 127.0.0.1 {port}"),
    # It needs a terminal that has a size, and crashes without.
    "tt++": Client("tintin++", "tt++ -G -e '#ses demo 127.0.0.1 {port}'", terminal=True),
}


class Dialogue:
    """One side of a conversation: what has been shown on it so far, and a way to type."""

    def __init__(self, descriptor: int, receive: Callable[[], bytes], send: Callable[[bytes], object]) -> None:
        self.shown = b""
        self._descriptor = descriptor
        self._receive = receive
        self._send = send
        self._seen = 0

    def type_line(self, line: str) -> None:
        self.press(line.encode() + b"\n")

    def press(self, keys: bytes) -> None:
        """Type keys, without an Enter behind them."""
        self._send(keys)

    def resize(self, columns: int, rows: int) -> None:
        """Give the window of a client in a terminal another size."""
        set_size(self._descriptor, columns, rows)

    @property
    def text(self) -> bytes:
        """What has been shown, without colours."""
        return COLOURS.sub(b"", self.shown)

    def wait_for(self, text: str) -> None:
        """Return when ``text``, in whatever colours, has appeared behind what was last waited for; else fail."""
        expected = text.encode()
        deadline = time.monotonic() + PATIENCE
        while (found := self.text.find(expected, self._seen)) < 0:
            ready, _, _ = select.select([self._descriptor], [], [], max(0.0, deadline - time.monotonic()))
            assert ready, f"no {text!r} within {PATIENCE:g} seconds in {self.text[self._seen :]!r}"
            received = self._receive()
            assert received, f"the end came before {text!r}, after {self.shown!r}"
            self.shown += received
        self._seen = found + len(expected)


def required_program(client: Client) -> str:
    """Return the path of a client; without it fail where the build must have it, and skip elsewhere."""
    name = shlex.split(client.command)[0]
    return shutil.which(name, path=SEARCH_PATH) or miss(name, client.package)


def miss(name: str, package: str) -> NoReturn:
    """Fail for a program that is not here where the build must have it, and skip elsewhere."""
    reason = f"NO {name} HERE, nothing was tested with it: apt-get install {package}"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@contextmanager
def running(client: Client, port: int, home: Path) -> Iterator[Dialogue]:
    """Run a client on a pipe, or in a terminal of its own, with no settings of anybody's."""
    command = [required_program(client), *shlex.split(client.command.format(port=port))[1:]]
    environment = {"PATH": SEARCH_PATH, "HOME": str(home), "TERM": "xterm", "LANG": "C.UTF-8"}
    with in_terminal(command, environment) if client.terminal else on_pipe(command, environment) as dialogue:
        yield dialogue


@contextmanager
def on_pipe(command: list[str], environment: dict[str, str]) -> Iterator[Dialogue]:
    with subprocess.Popen(
        command, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        output = process.stdout.fileno()
        try:
            yield Dialogue(output, lambda: os.read(output, 65536), process.stdin.write)
        finally:
            process.kill()


@contextmanager
def in_terminal(command: list[str], environment: dict[str, str]) -> Iterator[Dialogue]:
    master, terminal = os.openpty()
    set_size(terminal, 80, 24)
    command = ["setsid", "--ctty", *command]
    try:
        with subprocess.Popen(command, stdin=terminal, stdout=terminal, stderr=terminal, env=environment) as process:
            try:
                yield Dialogue(
                    master, lambda: os.read(master, 65536), lambda data: os.write(master, data.replace(b"\n", b"\r"))
                )
            finally:
                process.kill()
    finally:
        os.close(terminal)
        os.close(master)


def set_size(terminal: int, columns: int, rows: int) -> None:
    import fcntl  # not on Windows
    import termios

    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
