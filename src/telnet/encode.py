"""Telnet sequences to send, as bytes. What is built here is read back by the parser as the same event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from telnet.constants import DO, DONT, IAC, SB, SE, WILL, WONT, command_name
from telnet.parser import escape

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

__all__ = ["command", "escape", "negotiate", "subnegotiation"]

_NEGOTIATION: Final = frozenset((WILL, WONT, DO, DONT))


def negotiate(command: bytes, option: bytes) -> bytes:
    """Return IAC, WILL, WONT, DO or DONT, and the option (RFC 854); ``negotiate(WILL, ECHO)``.

    An option byte 255 (EXOPL, RFC 861) is not doubled here: the parser reads exactly one byte in this place.

    Raises ``ValueError`` if ``command`` is none of the four or a length is not 1, ``TypeError`` if one is not bytes.
    """
    _check_byte("command", command)
    _check_byte("option", option)
    if command not in _NEGOTIATION:
        raise ValueError(f"command must be WILL, WONT, DO or DONT, not {command_name(command)}")
    return IAC + command + option


def command(command: bytes) -> bytes:
    """Return IAC and the command (RFC 854); ``command(GA)``.

    Raises ``TypeError`` if ``command`` is not bytes and ``ValueError`` if its length is not 1, or if it is not complete
    by itself: WILL, WONT, DO and DONT (see :func:`negotiate`), SB (see :func:`subnegotiation`) and IAC (see
    :func:`escape`).
    """
    _check_byte("command", command)
    if command in _NEGOTIATION:
        raise ValueError(f"{command_name(command)} needs an option: use negotiate()")
    if command == SB:
        raise ValueError("SB needs an option and an end: use subnegotiation()")
    if command == IAC:
        raise ValueError("IAC IAC is the data byte 255, not a command: use escape()")
    return IAC + command


def subnegotiation(option: bytes, data: ReadableBuffer) -> bytes:
    """Return IAC SB, the option, ``data`` with every byte 255 doubled, IAC SE (RFC 855).

    The option 255 (EXOPL, RFC 861) is doubled as well.

    Raises ``TypeError`` if ``option`` is not bytes or ``data`` not bytes-like, ``ValueError`` if the length of
    ``option`` is not 1.
    """
    _check_byte("option", option)
    return b"".join((IAC, SB, escape(option), escape(data), IAC, SE))


def _check_byte(noun: str, byte: bytes) -> None:
    if not isinstance(byte, bytes):
        raise TypeError(f"{noun} must be bytes, not {type(byte).__name__}")
    if len(byte) != 1:
        raise ValueError(f"{noun} must be 1 byte, not {len(byte)}: {byte!r}")
