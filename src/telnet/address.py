"""Addresses of sockets as people know them, in what is shown and in what is raised."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["display_address", "name_address", "naming"]


def display_address(address: Any) -> Any:
    """Return a socket address as people know it: an IPv4 peer of a dual-stack socket as ``(host, port)``."""
    if isinstance(address, tuple) and len(address) == 4:
        host = str(address[0])
        if host.startswith("::ffff:") and (mapped := ipaddress.IPv6Address(host).ipv4_mapped) is not None:
            return (str(mapped), address[1])
    return address


def name_address(exc: OSError, doing: str, address: Any) -> None:
    """Have an error name the address; it stays what it is, with its type and its number.

    :param exc: the error.
    :param doing: what could not be done with the address, such as "connect to".
    :param address: the address, or what was given for one.
    """
    text = f"cannot {doing} {display_address(address)!r}: {exc.strerror or str(exc) or type(exc).__name__}"
    if exc.errno is None:
        exc.args = (text,)
    else:
        exc.args = (exc.errno, text)
        exc.strerror = text


@contextmanager
def naming(doing: str, address: Any) -> Iterator[None]:
    """Have an :exc:`OSError` that is raised inside name the address, as :func:`name_address` does."""
    try:
        yield
    except OSError as exc:
        name_address(exc, doing, address)
        raise
