"""What is known of the peer, whichever protocol told it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Flag, IntFlag, auto
from typing import Any, Final

from telnet.charsets import known_encoding, locale_encoding

__all__ = ["LONGEST_FACT", "LONGEST_VARIABLE", "MTTS", "Client", "Hyperlinks", "presentable"]

TRUECOLOUR = 1 << 24

LONGEST_FACT: Final = 512
"""Characters of a text that a peer says of itself.  The longest that are honest are the name of a host, 255, and a
display on it; no page or column of anybody has room for more."""

LONGEST_VARIABLE: Final = 1024
"""Characters of a variable of the environment: a search path or a list of colors, the longest, has a few hundred."""

# Terminals that show no colour at all; any other that has a name shows at least the eight of ANSI X3.64.
_COLOURLESS = frozenset(("DUMB", "UNKNOWN", "NETWORK", "GLASS", "VT52", "VT100", "VT102"))


# Of these the first that is set is in force, for text (POSIX.1 section 8.2).
_LOCALE: Final = ("LC_ALL", "LC_CTYPE", "LANG")


class MTTS(IntFlag):
    """What a client says it can do, in the third answer of TTYPE or the variable MTTS of NEW-ENVIRON.

    Source: the MTTS page (Mud Terminal Type Standard).
    """

    ANSI = 1
    VT100 = 2
    UTF_8 = 4
    COLOURS_256 = 8
    MOUSE_TRACKING = 16
    OSC_COLOUR_PALETTE = 32
    SCREEN_READER = 64
    PROXY = 128
    TRUECOLOUR = 256
    MNES = 512
    MSLP = 1024
    TLS = 2048


_ALL_FLAGS: Final = sum(MTTS)


class Hyperlinks(Flag):
    """Which links in text a client shows: OSC 8 of the terminals, and what Mudlet added to it.

    Each is named as its variable of NEW-ENVIRON is, which is set to 1: SEND as OSC_HYPERLINKS_SEND.  Source: Mudlet's
    page on supported protocols, section OSC 8.
    """

    LINKS = auto()
    """OSC_HYPERLINKS: links to pages."""

    SEND = auto()
    """Links with ``send:``, which send a command to the game."""

    PROMPT = auto()
    """Links with ``prompt:``, which put a command on the input line."""

    STYLE_BASIC = auto()
    """Colours and decorations of a link."""

    STYLE_STATES = auto()
    """The same for a link that is pointed at, pressed or visited."""

    TOOLTIP = auto()
    """Text that is shown where a link is pointed at."""

    MENU = auto()
    """A choice of commands."""

    COMPACT = auto()
    """Short forms of all these."""

    PRESETS = auto()
    """Styles that are defined once, by a name."""

    VISIBILITY = auto()
    """Links that are shown, or go, after a time."""

    SELECTION = auto()
    """Links of which one or several are chosen."""

    SPOILER = auto()
    """Text that is hidden until it is clicked on."""

    DISABLED = auto()
    """Links that cannot be clicked on."""


class Client:
    """What is known of the peer, typed, whatever protocol it came by; each change is told as ``on_client``.

    All of it is the peer's word, and fit to be shown: each text is printable, in one line, and no longer than
    ``LONGEST_FACT``.  ``tls`` alone is what we know ourselves.
    """

    name: str = ""
    """The program, such as ``Mudlet``; empty when unknown.  From TTYPE with MTTS, MNES, GMCP, MSDP, ATCP or ZMP."""

    version: str = ""
    """The program's version, as it writes it."""

    terminal: str = ""
    """The type of terminal, such as ``XTERM-256COLOR``; empty when unknown.  From TTYPE or MNES."""

    mtts: MTTS = MTTS(0)
    """What it says it can do; 0 when it did not say."""

    width: int = 80
    """Columns of its window, from NAWS."""

    height: int = 24
    """Rows of its window, from NAWS."""

    colours: int = 0
    """How many colours it shows: 0, 8, 256 or 16,777,216.  From MTTS and the name of the terminal."""

    utf8: bool | None = None
    """Whether it takes UTF-8; None when unknown.  From MTTS, MNES, CHARSET or the locale of its environment."""

    hyperlinks: Hyperlinks = Hyperlinks(0)
    """Which links in text it shows, from NEW-ENVIRON: ``Hyperlinks.SEND in client.hyperlinks``."""

    screen_reader: bool = False
    """Whether it says that its user listens instead of looking: no pictures in characters, no columns, no colour codes
    that mean something."""

    charset: str = ""
    """The name of the encoding agreed on by CHARSET, or told by MNES; empty when neither happened.  Do not look it up,
    since it may be any text: the session's ``encoding`` is what text is in."""

    environment: dict[str, str | None]
    """Its variables, from NEW-ENVIRON.  None is one that it says is undefined.  Names and values are printable, and no
    longer than ``LONGEST_VARIABLE``."""

    location: str = ""
    """Where its user is, as text, from SNDLOC."""

    display: str = ""
    """Its X display, from XDISPLOC."""

    speed: tuple[int, int] | None = None
    """Bits per second that its terminal sends and receives, from TSPEED."""

    tls: bool = False
    """Whether the connection is secured with TLS."""

    def __init__(self, on_change: Callable[[str, Any], object] | None = None) -> None:
        self._on_change = on_change
        self._flag_utf8: bool | None = None  # the flag of MTTS; None until there are flags
        self.environment = {}

    def __repr__(self) -> str:
        known = ", ".join(f"{name}={value!r}" for name, value in vars(self).items() if not name.startswith("_"))
        return f"<Client {known}>"

    @property
    def colors(self) -> int:
        """The same as ``colours``."""
        return self.colours

    def learn(self, **facts: Any) -> None:
        """Take note of facts, by the names of the attributes; what is new is told, one by one, when all are noted.

        Of a text is kept what is fit to be shown, as :func:`presentable` returns it.

        :raises ValueError: if there is no attribute for a fact.
        """
        for name in facts:
            if name not in Client.__annotations__:
                raise ValueError(f"a client has no {name!r} to learn")
        self._note({name: _clean(value) for name, value in facts.items()})

    def learn_variables(self, variables: Mapping[str, str | None]) -> None:
        """Take note of variables of the environment, and of what a locale among them says about UTF-8; others stay.

        Where a charset or flags are known, they say more about UTF-8 than a locale does.
        """
        environment = self.environment | _clean(variables)
        utf8 = self.utf8
        said, says = _locale_encoding(self.environment), _locale_encoding(environment)
        if not self.charset and self._flag_utf8 is None and said != says:
            utf8 = says == "utf-8" if says else None
        self._note({"environment": environment, "utf8": utf8})

    def learn_charset(self, charset: str) -> None:
        """Take note of the encoding that the peer says it uses, by any name."""
        self.learn(charset=charset, utf8=known_encoding(charset) == "utf-8")

    def learn_terminal(self, terminal: str) -> None:
        """Take note of the type of terminal, and of what its name says about colours."""
        terminal = presentable(terminal)
        self.learn(terminal=terminal, colours=max(self.colours, colours_of(terminal)))

    def learn_mtts(self, flags: int, *, changed: bool = False) -> None:
        """Take note of MTTS flags and of what follows from them.

        Where a charset is known, it says more about UTF-8 than a flag does.

        :param flags: a number, as it was told.
        :param changed: whether the peer tells that its flags have changed to these; otherwise those that it told before
            stay, since TinTin++ tells more of them by MNES than by TTYPE.
        """
        self._learn_flags((MTTS(0) if changed else self.mtts) | flags & _ALL_FLAGS, says_utf8=True)

    def learn_flags(self, on: int, off: int = 0) -> None:
        """Take note of MTTS flags that the peer tells one by one, as it tells UTF-8 and SCREEN_READER in variables.

        :param on: those that are set.
        :param off: those that are not.
        """
        self._learn_flags((self.mtts | on) & ~off, says_utf8=bool((on | off) & MTTS.UTF_8))

    def _learn_flags(self, mtts: MTTS, *, says_utf8: bool) -> None:
        if says_utf8:
            self._flag_utf8 = bool(mtts & MTTS.UTF_8)
        colours = 8 if mtts & MTTS.ANSI else 0
        if mtts & MTTS.COLOURS_256:
            colours = 256
        if mtts & MTTS.TRUECOLOUR:
            colours = TRUECOLOUR
        self.learn(
            mtts=mtts,
            colours=max(self.colours, colours),
            utf8=self._flag_utf8 if says_utf8 and not self.charset else self.utf8,
            screen_reader=bool(mtts & MTTS.SCREEN_READER),
        )

    def said_encoding(self, own: str, legacy: str) -> str:
        """Return in which encoding text is understood by the peer, as far as it said.

        A charset that it named says it, if that is a known one.  The flag of MTTS speaks of UTF-8 alone, and a locale
        of what the user has elsewhere, so these count only where ``own`` is UTF-8, the flag before the locale.

        :param own: the encoding that is used until the peer says anything, by Python's name.
        :param legacy: the encoding for a peer that says it has no UTF-8, and not what it has instead.
        """
        if told := known_encoding(self.charset):
            return told
        if own != "utf-8":
            return own
        if self._flag_utf8 is not None:
            return own if self._flag_utf8 else legacy
        return _locale_encoding(self.environment) or own

    def _note(self, facts: Mapping[str, Any]) -> None:
        news = {name: value for name, value in facts.items() if getattr(self, name) != value}
        vars(self).update(news)
        if self._on_change is not None:
            for name, value in news.items():
                self._on_change(name, value)


def presentable(text: str, longest: int = LONGEST_FACT) -> str:
    """Return of a text that a peer sent what is fit to be shown, in one line.

    What is not printable is left out: ESC and other control characters, line ends, what turns the direction of writing
    round, what has no width.

    :param text: any text.
    :param longest: how many characters of it are looked at, at most.
    """
    cut = text[:longest]
    return cut if cut.isprintable() else "".join(filter(str.isprintable, cut))


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return presentable(value)
    if isinstance(value, Mapping):
        return {_variable(name): None if each is None else _variable(each) for name, each in value.items()}
    return value


def _variable(text: str) -> str:
    return presentable(text, LONGEST_VARIABLE)


def _locale_encoding(environment: Mapping[str, str | None]) -> str | None:
    """Return the encoding of the locale in force; None if there is none that names a known one."""
    return locale_encoding(next(filter(None, map(environment.get, _LOCALE)), "").strip())


def colours_of(terminal: str) -> int:
    """Return how many colours a terminal shows, as far as its name says."""
    name = terminal.upper()
    if name.endswith("-TRUECOLOR"):
        return TRUECOLOUR
    if name.endswith("-256COLOR"):
        return 256
    return 0 if not name or name in _COLOURLESS else 8
