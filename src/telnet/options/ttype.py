"""TTYPE: the type of the client's terminal (RFC 1091), and with MTTS what the client is and can do."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import filterfalse
from typing import Final

from telnet import constants
from telnet.client import presentable
from telnet.negotiation import Side
from telnet.options.option import Option, Role, check_text
from telnet.options.programs import Program, is_terminal, program_named

__all__ = ["TTYPE"]

_IS: Final = b"\x00"
_SEND: Final = b"\x01"

# RFC 1091 has no bound; RFC 1010 section "Terminal Type Names" has 40 characters.
_LONGEST: Final = 64

# Every program for MUDs shows those of ANSI X3.64; that is all that its name says.
_LEAST_COLOURS: Final = 8

_MTTS: Final = re.compile(r"MTTS\b.*", re.IGNORECASE)
_FLAGS: Final = re.compile(r"MTTS +([0-9]+)", re.IGNORECASE)


class TTYPE(Option):
    """The client tells names, one for each question, and the last one twice.

    Server: asks until a name comes again, ``limits.terminal_types`` times at most.  By MTTS the first is the client's
    name, the second its type of terminal, the third ``MTTS`` and its flags, and nothing follows; the flags are read at
    whichever place they come.  Without them all are types of terminal, the best first (RFC 1091), but for the names of
    programs, which some clients send even so: those are the client's name.  ``client`` has what was learnt, and
    ``on_terminal_types(names)`` is called with all of them at the end.

    Of a name, what is not printable ASCII is left out.  One of more than 64 characters is reported, and the next asked
    for.

    Client: ``TTYPE("NAME", "XTERM-256COLOR", "MTTS 271")`` are the names, in this order.

    Sources: RFC 1091, the MTTS page.
    """

    code = constants.TTYPE
    performer = Role.CLIENT

    def __init__(self, *names: str) -> None:
        for name in names:
            check_text("a terminal type", name)
            if not (name.isascii() and name.isprintable() and 0 < len(name) <= _LONGEST):
                raise ValueError(f"a terminal type is 1 to {_LONGEST} characters of ASCII, not {name!r}")
        self._own: Sequence[str] = names or ("UNKNOWN",)

    def setup(self) -> None:
        self.names: list[str] = []
        self._complete = False
        self._mtts = False
        self._asked = False
        self._answers = 0
        self._next = 0

    @property
    def settling(self) -> bool:
        return super().settling or (self.is_server and self.remote and not self._complete)

    def on_enabled(self, side: Side) -> None:
        if side is Side.REMOTE:
            self.setup()
            self._ask()

    def on_disabled(self, side: Side) -> None:
        # "the client resets to the top of its list": the MTTS page, for a copyover
        self._next = 0
        self._complete = True

    def _ask(self) -> None:
        self._asked = True
        self.send(_SEND)

    def on_subnegotiation(self, data: bytes) -> None:
        if data[:1] == _SEND and self.may_come(Side.LOCAL):
            self.report_excess(data, len(_SEND))
            self._answer()
        elif data[:1] == _IS and self.may_come(Side.REMOTE):
            self._learn(data[1:])
        else:
            self.report("neither a question to the client nor its answer", data)

    def _answer(self) -> None:
        """Tell the next name; the last a second time, and then the first again (RFC 1091)."""
        if not self.answer(_IS + self._own[min(self._next, len(self._own) - 1)].encode("ascii")):
            return
        self._next = (self._next + 1) % (len(self._own) + 1)

    def _learn(self, told: bytes) -> None:
        if not self._asked:
            return self.report("a terminal type that nobody asked for", told)
        self._asked = False
        self._answers += 1
        name = presentable(told.decode("ascii", "ignore")).strip()
        if not name or len(told) > _LONGEST:
            self.report(f"a terminal type is 1 to {_LONGEST} printable characters", told)
        if self._is_last(name, told) or self._answers >= self.session.limits.terminal_types:
            self._finish()
        elif self.remote:  # and not being turned off
            self._ask()

    def _is_last(self, name: str, told: bytes) -> bool:
        """Take note of a name, and return whether no other follows it."""
        if not name:
            return True
        if len(told) > _LONGEST:  # which says nothing of those that follow
            return False
        if name.upper() in map(str.upper, self.names):  # names have no case (RFC 1091)
            return True
        self.names.append(name)
        self._take_note(name)
        # Nothing new comes after the flags of MTTS, and some clients answer no more.  Where they come first, the client
        # was asked by another process before, and goes on in its list.
        return _FLAGS.fullmatch(name) is not None and len(self.names) > 1

    def _take_note(self, name: str) -> None:
        if flags := _FLAGS.fullmatch(name):
            self._mtts = True
            self._identify()
            self.client.learn_mtts(int(flags[1]))
        elif len(self.names) == 1 and not _MTTS.fullmatch(name):
            self._guess(name)

    def _guess(self, name: str) -> None:
        """Learn what the first name looks like, before the others come."""
        if program := program_named(name):
            self._learn_program(program)
        else:
            self.client.learn(terminal=name)

    def _finish(self) -> None:
        self._complete = True
        self._identify()
        if not self._mtts and any(map(program_named, self.names)):
            self.client.learn(colours=max(self.client.colours, _LEAST_COLOURS))
        self.emit("on_terminal_types", tuple(self.names))

    def _identify(self) -> None:
        """Learn which program and which terminal the client has, as far as the names are there."""
        names = [name for name in self.names if not _MTTS.fullmatch(name)]
        if self._mtts and (len(names) > 1 or not any(map(is_terminal, names))):
            program, terminal = (*names, "", "")[:2]
        else:
            program = next(filter(program_named, names), "")
            terminal = next(filterfalse(program_named, names), "")
        if program:
            self._learn_program(program_named(program) or Program(program))
        if terminal:
            self.client.learn_terminal(terminal)
        elif program == self.client.terminal:  # which it was taken for
            self.client.learn(terminal="")

    def _learn_program(self, program: Program) -> None:
        if not self.client.name:
            self.client.learn(name=program.name, version=program.version or self.client.version)
