"""STATUS: what a side believes to be agreed on (RFC 859)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from telnet import constants
from telnet.constants import DO, SB, SE, WILL
from telnet.negotiation import Side
from telnet.options.option import Option

__all__ = ["STATUS", "decode_status", "encode_status"]

_IS: Final = b"\x00"
_SEND: Final = b"\x01"

_Pairs = tuple[tuple[bytes, bytes], ...]

# Of each option both sides say one of two commands, and it may have parameters: nothing more is left to list.
_MOST_ENTRIES: Final = 256 * 3

# A command and its option, or SB, an option, its parameters and one SE.  An SE that is data is doubled.
_ENTRY: Final = re.compile(
    rb"([\xfb-\xfe])(\xf0\xf0|.) | \xfa(\xf0\xf0|.)([^\xf0]*(?:\xf0\xf0[^\xf0]*)*)\xf0",
    re.DOTALL | re.VERBOSE,
)


def encode_status(options: Iterable[tuple[bytes, bytes]], parameters: Iterable[tuple[bytes, bytes]] = ()) -> bytes:
    """Return the payload of IS: a command, such as WILL, with each option, and the parameters of those that have some.

    255 is not doubled here; that is for whoever sends it.  Source: RFC 859 section 5.
    """
    entries = [command + _double(option) for command, option in options]
    entries += [SB + _double(option) + _double(data) + SE for option, data in parameters]
    return _IS + b"".join(entries)


def decode_status(data: bytes) -> tuple[_Pairs, _Pairs]:
    """Return what a payload of IS says: a command with each option, and options with their parameters.

    Raises ``ValueError`` for a payload that is not IS, has something else in its list, or lists more than 256 options
    on two sides and their parameters.
    """
    if data[:1] != _IS:
        raise ValueError("a status begins with IS")
    options, parameters, fault = _read_status(data)
    if fault:
        raise ValueError(fault)
    return options, parameters


def _read_status(data: bytes) -> tuple[_Pairs, _Pairs, str]:
    """Return what a list says up to its first fault, and that, or ``""``."""
    options: list[tuple[bytes, bytes]] = []
    parameters: list[tuple[bytes, bytes]] = []
    fault = ""
    position = 1
    while position < len(data) and not fault:
        entry = _ENTRY.match(data, position)
        if len(options) + len(parameters) >= _MOST_ENTRIES:
            fault = f"a status lists at most {_MOST_ENTRIES} options and parameters"
        elif entry is None:
            fault = "a status lists WILL, WONT, DO, DONT and SB ... SE"
        else:
            command, option, parametrized, given = entry.groups()
            if command:
                options.append((command, _single(option)))
            else:
                parameters.append((_single(parametrized), _single(given)))
            position = entry.end()
    return tuple(options), tuple(parameters), fault


def _double(data: bytes) -> bytes:
    return data.replace(SE, SE + SE)


def _single(data: bytes) -> bytes:
    return data.replace(SE + SE, SE)


class STATUS(Option):
    """Each side may let the other see which options it takes to be on.

    :meth:`ask` asks the peer; ``on_status(options, parameters)`` is called for what it tells: pairs of a command (WILL,
    WONT, DO or DONT, as the peer would say it) and an option, and pairs of an option and what was agreed on about it.
    Of a list that is malformed, what stands before the fault is told, and the fault is reported.

    What we tell are the options that are on.

    Source: RFC 859.
    """

    code = constants.STATUS
    settling = False  # it is for those who look for a fault

    def setup(self) -> None:
        self._wanted = False

    def ask(self) -> bool:
        """Ask the peer for its view; return whether that was sent.

        If it was not, the peer is asked to perform the option first, and for its view when it agrees.
        """
        self._wanted = not self.remote
        if self._wanted:
            self.request()
        else:
            self.send(_SEND)
        return not self._wanted

    def on_enabled(self, side: Side) -> None:
        if side is Side.REMOTE and self._wanted:
            self.ask()

    def on_subnegotiation(self, data: bytes) -> None:
        if data[:1] == _SEND and self.may_come(Side.LOCAL):
            self.report_excess(data, len(_SEND))
            self.answer(encode_status(self._view()))
        elif data[:1] == _IS and self.may_come(Side.REMOTE):
            self._learn(data)
        else:
            self.report("neither a question to who said WILL nor its answer", data)

    def _view(self) -> Iterable[tuple[bytes, bytes]]:
        on = self.session.negotiator.options_on()
        return [(WILL if side is Side.LOCAL else DO, option) for option, side in on]

    def _learn(self, data: bytes) -> None:
        options, parameters, fault = _read_status(data)
        if fault:
            self.report(fault, data)
        if options or parameters or not fault:
            self.emit("on_status", options, parameters)
