"""Addresses of sockets as people know them."""

from __future__ import annotations

import ipaddress
from typing import Any

__all__ = ["display_address"]


def display_address(address: Any) -> Any:
    """Return a socket address as people know it: an IPv4 peer of a dual-stack socket as ``(host, port)``."""
    if isinstance(address, tuple) and len(address) == 4:
        host = str(address[0])
        if host.startswith("::ffff:") and (mapped := ipaddress.IPv6Address(host).ipv4_mapped) is not None:
            return (str(mapped), address[1])
    return address
