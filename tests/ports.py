"""A port for a server that cannot be given 0."""

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
