"""A port scanner at work on a server, while a player goes on talking: on every shell, it leaves nothing behind."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest
from fault_support import HOST, Guest, Served
from shell_support import SHELLS

SECONDS = max(10.0, float(os.environ.get("CHAOS_SECONDS", 0)) / len(SHELLS))  # for a scan, which then is given up
LINES = 20  # of the log: what it sends to TLS may be worth one each

pytestmark = [
    pytest.mark.slow,
    pytest.mark.once,
    pytest.mark.timeout(120 + SECONDS),
    # In CI a missing program is a failure.
    pytest.mark.skipif(not (shutil.which("nmap") or os.environ.get("CI")), reason="nmap is not installed"),
]


def scan(served: Served, player: Guest, *options: str) -> str:
    """Run the scanner on both ports; it does not end before the player has said something, again and again."""
    ports = ",".join(map(str, served.ports))
    command = ["nmap", "-Pn", "-n", "--host-timeout", f"{SECONDS:.0f}s", *options, "-p", ports, HOST]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as nmap:
        said = 0
        while nmap.poll() is None or not said:
            player.talk(f"turn {said}")
            said += 1
            try:
                nmap.wait(0.05)
            except subprocess.TimeoutExpired:
                pass
        assert nmap.stdout is not None
        return nmap.stdout.read()


def test_a_scan_for_open_ports_leaves_nothing_behind(served: Served) -> None:
    with served.guests(2) as [player, other]:
        found = scan(served, player, "-sT")
        for port in served.ports:
            assert f"{port}/tcp open" in found, found
        other.talk("was that a scanner?")

    served.settle(log=1, above_info=0)


def test_a_scan_for_versions_leaves_nothing_behind(served: Served) -> None:
    with served.guests(2) as [player, other]:
        scan(served, player, "-sV", "--version-intensity", "1")
        other.talk("was that a scanner?")

    served.settle(log=LINES)
    began = served.state().begun - served.before.begun
    assert began > 2, "the scanner has not come"
