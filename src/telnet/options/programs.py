"""What a name is that a client tells as its type of terminal: a terminal, or the program itself."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

__all__ = ["Program", "is_terminal", "program_named"]

# RFC 1091 wants a terminal, and many programs for MUDs tell themselves.  The names of most say it; these do not.
_SAYS_IT: Final = re.compile(r"MUD|MUSH|MUCK|CLIENT|TINTIN|TINYFUGUE")
_PROGRAMS: Final = frozenset(
    """ATLANTIS BEIP BEIPMU BLOWTORCH CRYSTAL FADO IRE-NEXUS KBTIN LYNTIN MCL MMAPPER MUBY MUKLUK NEXUS PORTAL POTATO
    PUEBLO SAVITAR SIMPLEMU SOILED TREBUCHET TT++ WINTIN WINTIN++""".split()
)

# How the names of terminals begin: those of RFC 1010 and of terminfo that clients are seen to tell.
_TERMINALS: Final = re.compile(
    r"""(?: ALACRITTY | ANSI | ATERM | CONS | CYGWIN | DEC | DUMB | ETERM | FOOT | GLASS | GNOME | HP | IBM | ITERM
    | KITTY | KONSOLE | LINUX | MINTTY | MLTERM | NETWORK | NSTERM | PCANSI | PUTTY | RXVT | SCREEN | ST | SUN
    | SYNCTERM | TMUX | UNKNOWN | VT | WEZTERM | WY | WYSE | XTERM ) (?: [-\d .+/] .* )?""",
    re.VERBOSE | re.DOTALL,
)

_VERSIONED: Final = re.compile(r"(.+?)([ /_-])[vV]?(\d[\w.+/-]*)", re.DOTALL)


class Program(NamedTuple):
    """A program, as it names itself."""

    name: str
    version: str = ""
    """Empty where it does not say."""


def is_terminal(name: str) -> bool:
    """Return whether a name is known to be that of a terminal, such as ``VT220`` and ``xterm-256color``."""
    return _TERMINALS.fullmatch(name.upper()) is not None and not _SAYS_IT.search(name.upper())


def program_named(name: str) -> Program | None:
    """Return the program that a name is of, and its version if that is told too; None for a terminal, as far as known.

    A name that nobody knows is a terminal, which is what was asked for, unless a version follows after a blank: no name
    of a terminal has one (RFC 1010, section "Terminal Type Names").
    """
    if is_terminal(name):
        return None
    versioned = _VERSIONED.fullmatch(name)
    head, separator, version = versioned.groups() if versioned else (name, "", "")
    if _is_known(head) or separator == " ":
        return Program(head, version)
    return Program(name) if _is_known(name) else None


def _is_known(name: str) -> bool:
    return name.upper() in _PROGRAMS or _SAYS_IT.search(name.upper()) is not None
