"""Ports for servers that cannot be given 0."""

from __future__ import annotations

import random
import socket


def unused_port() -> int:
    """Return a port that nobody listens on, and that no kernel gives away by itself, to another test say."""
    while True:
        port = random.randrange(20_000, 30_000)
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        return port


def is_taken(port: int) -> bool:
    """Return whether somebody listens; a connection to find that out would be one too many for some programs."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
        return False
