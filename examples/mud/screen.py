"""What a client can show, and text made for it: wrapped, coloured and linked, or none of that."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from telnet.options import MXP
from telnet.options.msp import strip_msp

Colour = tuple[int, int, int]

TITLE: Colour = (255, 215, 95)
EXIT: Colour = (95, 215, 255)
NAME: Colour = (135, 255, 135)
SPEECH: Colour = (255, 175, 255)
WARNING: Colour = (255, 135, 135)

INDENT = 2  # blanks before what does not fit into the first line of what a player wrote

# What has no letters of ASCII inside of it.
PUNCTUATION = str.maketrans("‐‑–—‘’“”•·", "----''\"\"**")


class Piece(NamedTuple):
    """Text that looks different from what is around it."""

    text: str
    colour: Colour | None = None

    command: str = ""
    """What a click on it types."""


@dataclass(frozen=True)
class Screen:
    """What one client can show at this moment."""

    width: int = 80
    """Columns."""

    colours: int = 0
    """How many of them there are: 0, 8, 256 or 16,777,216."""

    unicode: bool | None = None
    """Whether there is more than ASCII; where nobody knows, letters are sent as they are, and lines drawn in ASCII."""

    reader: bool = False
    """Whether it is heard instead of seen: then nothing is drawn, aligned or wrapped."""

    mxp: MXP | None = None
    """What makes links, and makes text harmless where there could be some."""

    def paragraph(self, *pieces: str | Piece, indent: int = 0) -> str:
        r"""Return text in lines that fit, with ``\n`` between them.

        :param indent: how many blanks each but the first begins with.  What players write has some, so that no line of
            it looks like the beginning of something else.
        """
        spans = [self._fitted(Piece(piece) if isinstance(piece, str) else piece) for piece in pieces]
        text = text_of(*spans)
        if self.reader:
            return self._painted(spans, 0, len(text))
        lines = (self._painted(spans, start, end) for start, end in wrap(text, self.width, indent))
        return f"\n{' ' * indent}".join(lines)

    def heading(self, text: str) -> str:
        """Return a line to begin with."""
        if self.reader:
            return self.paragraph(f"{text}.")
        dash = "─" if self.unicode else "-"
        rule = dash * max(self.width - columns(text) - 4, 0)
        return self.paragraph(f"{dash * 2} ", Piece(text, TITLE), f" {rule}")

    def _fitted(self, piece: Piece) -> Piece:
        """Return a piece in characters that the client has, and that it does not obey."""
        text = to_ascii(piece.text) if self.unicode is False else piece.text
        return piece._replace(text=strip_msp(text))

    def _painted(self, spans: list[Piece], start: int, end: int) -> str:
        return "".join(self._paint(piece) for piece in cut(spans, start, end))

    def _paint(self, piece: Piece) -> str:
        text = piece.text
        if self.mxp is not None and piece.command:
            text = self.mxp.element("SEND", text, href=piece.command)
        elif self.mxp is not None:
            text = self.mxp.text(text)
        if piece.colour is None or not self.colours:
            return text
        return f"\x1b[{sgr(piece.colour, self.colours)}m{text}\x1b[0m"


class Speech:
    """What many are to read, wrapped and painted once for each kind of screen among theirs."""

    def __init__(self, *pieces: str | Piece) -> None:
        self._pieces = pieces
        self._shown: dict[Screen, str] = {}
        self.text = text_of(*pieces)

    def on(self, screen: Screen) -> str:
        """Return it as one screen shows it."""
        if screen not in self._shown:
            self._shown[screen] = screen.paragraph(*self._pieces, indent=INDENT)
        return self._shown[screen]


def text_of(*pieces: str | Piece) -> str:
    """Return pieces as what they say."""
    return "".join(piece if isinstance(piece, str) else piece.text for piece in pieces)


def cut(pieces: list[Piece], start: int, end: int) -> Iterator[Piece]:
    """Yield what lies between two places of a text that is in pieces."""
    place = 0
    for piece in pieces:
        if part := piece.text[max(start - place, 0) : max(end - place, 0)]:
            yield piece._replace(text=part)
        place += len(piece.text)


def columns(text: str) -> int:
    """Return how many columns a text takes on a terminal (Unicode Standard Annex 11)."""
    return len(text) if text.isascii() else sum(map(width_of, text))


def width_of(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def wrap(text: str, width: int, indent: int) -> Iterator[tuple[int, int]]:
    """Yield where each line of a text begins and ends; blanks between two of them are in neither.

    :param indent: how many columns of each but the first are taken.
    """
    start = end = used = 0
    room = width
    for word in re.finditer(r"\S+", text):
        place, stop = word.span()
        taken, needed = used + columns(text[end:place]), columns(word[0])
        if taken + needed > room and needed <= width - indent:
            if end > start:
                yield start, end
                room = width - indent
            start, taken = place, 0
        while taken + needed > room:  # it is longer than a line
            cut_at = place + fitting(text[place:stop], room - taken)
            end = cut_at if cut_at > place else end
            if end > start:
                yield start, end
            needed -= columns(text[place:cut_at])
            start = place = cut_at
            taken, room = 0, width - indent
        end, used = stop, taken + needed
    if end > start:
        yield start, end


def fitting(text: str, room: int) -> int:
    """Return how many characters of a text fit into so many columns, together with the marks on the last of them."""
    for place, character in enumerate(text):
        room -= width_of(character)
        if room < 0:
            return place
    return len(text)


def sgr(colour: Colour, colours: int) -> str:
    """Return the parameters that select a colour, or the nearest of those that there are (ECMA-48, ISO 8613-6)."""
    red, green, blue = colour
    if colours > 256:
        return f"38;2;{red};{green};{blue}"
    if colours == 256:
        return f"38;5;{16 + 36 * _level(red) + 6 * _level(green) + _level(blue)}"
    much = max(colour) * 3 / 4
    return str(30 + (red > much) + 2 * (green > much) + 4 * (blue > much))


def _level(value: int) -> int:
    """The nearest of the six that xterm has of each primary colour: 0, 95, 135, 175, 215 and 255."""
    return 0 if value < 48 else 1 if value < 115 else (value - 35) // 40


def to_ascii(text: str) -> str:
    """Return text without accents, and with ``?`` for what is left that ASCII lacks."""
    decomposed = unicodedata.normalize("NFKD", text.translate(PUNCTUATION))
    return "".join(filter(width_of, decomposed)).encode("ascii", "replace").decode()
