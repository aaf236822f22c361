"""The forms an address may have, and the socket addresses behind them.

===========================  ==========================================================================
form                         meaning
===========================  ==========================================================================
``"/run/mud.sock"``          a UNIX socket; a ``str`` needs a slash, a ``Path`` does not
``"\\0name"``                an abstract UNIX socket (Linux)
``4000``                     the port on every address of this machine (to connect to: on this machine)
``("", 4000)``               the same
``("mud.example", 4000)``    a host name, or an IPv4 or IPv6 address, and a port
``("::1", 4000, 0, 0)``      the same over IPv6 alone, with flow information and scope
===========================  ==========================================================================

A list is taken for a tuple, ``"<broadcast>"`` for ``""``.
"""

from __future__ import annotations

import os
import socket
from typing import Any, NamedTuple

from telnet.exceptions import InvalidAddressFormatError

__all__ = ["Address", "Endpoint", "parse_address"]

Address = str | os.PathLike[str] | int | tuple[str, int] | tuple[str, int, int, int] | list[Any]

FORMS = "a UNIX path, a port, (host, port) or (host, port, flowinfo, scope_id)"


class Endpoint(NamedTuple):
    """An address whose form was found right."""

    family: int
    """AF_UNIX, AF_INET6 for a 4-tuple, else AF_UNSPEC."""

    host: str
    """Host name or literal, ``""`` for any; the path of a UNIX socket."""

    port: int = 0
    flowinfo: int = 0
    scope_id: int = 0

    def resolve(self, *, passive: bool = False) -> list[tuple[int, Any]]:
        """Look the host up, which blocks for a name; return (family, socket address) pairs, none twice.

        :param passive: for listening, so that no host means every address rather than this machine.
        :raises OSError: (:exc:`socket.gaierror`) when the name is not known.
        """
        if self.is_unix:
            return [(self.family, self.host)]
        return self._resolve_host(socket.AI_PASSIVE if passive else 0)

    def resolve_literal(self) -> list[tuple[int, Any]] | None:
        """As :meth:`resolve` where no look-up is needed, None for a host name."""
        if self.is_unix or not self.host:
            return self.resolve()
        try:
            return self._resolve_host(socket.AI_NUMERICHOST)
        except (OSError, ValueError):
            return None

    @property
    def shown(self) -> Any:
        """The address as people write it."""
        if self.is_unix:
            return self.host
        extra = (self.flowinfo, self.scope_id) if self.family == socket.AF_INET6 else ()
        return (self.host, self.port, *extra)

    @property
    def is_unix(self) -> bool:
        """Whether this is a UNIX socket's path (``bool``)."""
        return self.family == getattr(socket, "AF_UNIX", None)

    def _resolve_host(self, flags: int) -> list[tuple[int, Any]]:
        answers = socket.getaddrinfo(
            self.host or None, self.port, self.family, socket.SOCK_STREAM, socket.IPPROTO_TCP, flags
        )
        found: dict[tuple[int, Any], None] = {}
        for family, _type, _protocol, _name, address in answers:
            extra = (self.flowinfo, self.scope_id)
            found[family, (*address[:2], *extra) if any(extra) else address] = None
        return list(found)


def parse_address(address: Address, call: str = "listen") -> Endpoint:
    """Return the :class:`Endpoint` that ``address`` means; nothing is looked up.

    :param call: what it was given to, for the text of an error.
    :raises InvalidAddressFormatError: when it has none of the forms above, or a port is out of range.
    """
    if isinstance(address, str):
        _check_is_path(address, call)
    if isinstance(address, (str, os.PathLike)):
        return _unix(os.fspath(address))
    if isinstance(address, int) and not isinstance(address, bool):
        return Endpoint(socket.AF_UNSPEC, "", _in_range("port", address, 65535))
    if isinstance(address, (tuple, list)) and len(address) in (2, 4) and isinstance(address[0], str):
        return _internet(*address)
    raise InvalidAddressFormatError(f"an address is {FORMS}, not {address!r}")


def _check_is_path(text: str, call: str) -> None:
    # listen("localhost", 4000) would be a UNIX socket of that name in the working directory.
    if text and "/" not in text and not text.startswith("\0"):
        meant = text if text.isdecimal() else f'("{text}", 4000)'
        raise InvalidAddressFormatError(
            f'an address is {FORMS}, not {text!r}: write {call}({meant}), or {call}("./{text}") for a UNIX path'
        )


def _unix(path: str) -> Endpoint:
    if not hasattr(socket, "AF_UNIX"):
        raise InvalidAddressFormatError(f"{path!r} is a UNIX path, and this system has no UNIX sockets")
    if not path:
        raise InvalidAddressFormatError("the path of a UNIX socket is empty")
    return Endpoint(socket.AF_UNIX, path)


def _internet(host: str, port: Any, *extra: Any) -> Endpoint:
    host = "" if host == "<broadcast>" else host
    family = socket.AF_INET6 if extra else socket.AF_UNSPEC
    flowinfo, scope_id = extra or (0, 0)
    return Endpoint(
        family,
        host,
        _in_range("port", port, 65535),
        _in_range("flowinfo", flowinfo, 0xFFFFF),
        _in_range("scope_id", scope_id, 0xFFFFFFFF),
    )


def _in_range(name: str, value: Any, highest: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidAddressFormatError(f"{name} must be an int, not {value!r}; an address is {FORMS}")
    if not 0 <= value <= highest:
        raise InvalidAddressFormatError(f"{name} must be between 0 and {highest}, not {value}")
    return value
