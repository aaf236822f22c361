"""Clients that people use, as Debian packages them, in conversation with the demo over loopback."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from client_support import CLIENTS, PATIENCE, Client, Dialogue, running

pytestmark = [
    pytest.mark.slow,
    pytest.mark.once,
    pytest.mark.timeout(180),
    pytest.mark.skipif(sys.platform != "linux", reason="the clients are driven as Debian packages them"),
]

SECRET = "open sesame"


@contextmanager
def serving(**environment: str) -> Iterator[int]:
    """Run the demo and give its port; at the end it must stop cleanly, having complained of nothing."""
    command = [sys.executable, "-m", "telnet", "demo", "--port", "0", "--database", ":memory:"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **environment}
    ) as demo:
        try:
            assert demo.stdout is not None
            announcement = demo.stdout.readline()
            assert announcement.startswith("mud listening on 127.0.0.1 port "), announcement
            yield int(announcement.split()[-1])
            demo.send_signal(signal.SIGINT)
            _, errors = demo.communicate(timeout=PATIENCE)
        finally:
            demo.kill()
    assert (demo.returncode, errors) == (0, "")


@contextmanager
def watching(port: int) -> Iterator[Dialogue]:
    """Log in to the demo with a plain socket, and watch from there."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as peer:
        watcher = Dialogue(peer.fileno(), lambda: peer.recv(65536), peer.sendall)
        log_in(watcher, "Watcher")
        yield watcher


def log_in(dialogue: Dialogue, name: str) -> None:
    dialogue.wait_for("Name: ")
    dialogue.type_line(name)
    for _ in range(2):  # to be sure of it, since this name is new here
        dialogue.wait_for("Password: ")
        dialogue.type_line(SECRET)
    dialogue.wait_for(f"Hello, {name}!")


def talk(client: Client, port: int, home: Path) -> bytes:
    """Have a client log in, talk and listen, seen by another guest; return all that the client has shown."""
    with watching(port) as watcher, running(client, port, home) as visitor:
        log_in(visitor, "Visitor")
        watcher.wait_for("Visitor joins.")
        visitor.type_line("say it is warm in here")
        visitor.wait_for("You say: it is warm in here")
        watcher.wait_for("Visitor says: it is warm in here")
        watcher.type_line("say so open a window")
        visitor.wait_for("Watcher says: so open a window")
        visitor.type_line("quit")
        watcher.wait_for("Visitor leaves.")
    return visitor.shown


@pytest.mark.parametrize("name", CLIENTS)
def test_a_client_logs_in_is_heard_and_hears(name: str, tmp_path: Path) -> None:
    with serving() as port:
        shown = talk(CLIENTS[name], port, tmp_path)

    assert SECRET.encode() not in shown  # the server has said WILL ECHO, and shows nothing


def test_a_client_is_served_by_the_parser_in_pure_python_too(tmp_path: Path) -> None:
    with serving(TELNET_PURE_PYTHON="1") as port:
        shown = talk(CLIENTS["telnet"], port, tmp_path)

    assert SECRET.encode() not in shown


# What a player of TinTin++ has to say for GMCP to be spoken, and shown.
GMCP_SCRIPT = r"""#event {IAC WILL GMCP}
{
    #send {\xFF\xFD\xC9\};
    #send {\xFF\xFA\xC9Core.Hello {"client":"TinTin++","version":"2.02"}\xFF\xF0\};
    #send {\xFF\xFA\xC9Core.Supports.Set ["Char 1","Room 1"]\xFF\xF0\}
}
#event {IAC SB GMCP} {#showme {seen %0 %1}}
"""


def test_tintin_shows_colours_and_gmcp_and_tells_of_its_window_while_all_is_compressed(tmp_path: Path) -> None:
    script = tmp_path / "gmcp.tin"
    script.write_text(GMCP_SCRIPT)
    client = CLIENTS["tt++"]._replace(command=f"tt++ -G -r {script} -e '#ses demo 127.0.0.1 {{port}}'")
    with serving() as port, running(client, port, tmp_path) as visitor:
        log_in(visitor, "Visitor")
        visitor.wait_for("100hp 100mv> ")
        visitor.type_line("client")
        visitor.wait_for("80 by 24")
        visitor.wait_for("speaks    TTYPE NAWS NEW_ENVIRON CHARSET EOR GMCP MCCP3 MCCP2")
        visitor.type_line("north")
        visitor.wait_for("100hp 96mv> ")

    assert b"seen Room.Info {num}{1}{name}{The Jetty}" in visitor.text
    assert b"seen Room.Info {num}{2}{name}{The Square}" in visitor.text
    assert b"\x1b[38;2;" in visitor.shown  # colours in all their depth, as its MTTS flags say
