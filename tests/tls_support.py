"""What the tests of TLS share: certificates of an authority of their own."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import NamedTuple

import pytest


class Certificates(NamedTuple):
    """An authority, and what it vouches for, as contexts and as files."""

    server: ssl.SSLContext
    client: ssl.SSLContext
    server_file: str
    client_file: str
    authority_file: str


def issue_certificates(folder: Path) -> Certificates:
    """Make them anew; a test is skipped where trustme cannot be installed."""
    authority = pytest.importorskip("trustme").CA()
    issued = authority.issue_cert("localhost", "127.0.0.1", "::1")
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    client = ssl.create_default_context(ssl.Purpose.SERVER_AUTH)
    issued.configure_cert(server)
    authority.configure_trust(client)
    issued.private_key_and_cert_chain_pem.write_to_path(str(folder / "server.pem"))
    authority.issue_cert("player@mud.example").private_key_and_cert_chain_pem.write_to_path(str(folder / "client.pem"))
    authority.cert_pem.write_to_path(str(folder / "authority.pem"))
    files = (str(folder / name) for name in ("server.pem", "client.pem", "authority.pem"))
    return Certificates(server, client, *files)
