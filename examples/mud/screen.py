"""What a client can show, and text made for it: wrapped, coloured and linked, or none of that."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from textwrap import TextWrapper
from typing import NamedTuple

from telnet.options import MXP
from telnet.options.msp import strip_msp

Colour = tuple[int, int, int]

TITLE: Colour = (255, 215, 95)
EXIT: Colour = (95, 215, 255)
NAME: Colour = (135, 255, 135)
SPEECH: Colour = (255, 175, 255)
WARNING: Colour = (255, 135, 135)

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

    def paragraph(self, *pieces: str | Piece) -> str:
        r"""Return text in lines that fit, with ``\n`` between them."""
        spans = [self._fitted(Piece(piece) if isinstance(piece, str) else piece) for piece in pieces]
        text = text_of(*spans)
        if self.reader:
            return self._painted(spans, 0, len(text))
        wrapper = TextWrapper(self.width, expand_tabs=False, replace_whitespace=False, break_on_hyphens=False)
        lines = []
        end = 0
        for line in wrapper.wrap(text):
            start = text.index(line, end)  # where it was before the blanks around it were dropped
            end = start + len(line)
            lines.append(self._painted(spans, start, end))
        return "\n".join(lines)

    def heading(self, text: str) -> str:
        """Return a line to begin with."""
        if self.reader:
            return self.paragraph(f"{text}.")
        dash = "─" if self.unicode else "-"
        rule = dash * max(self.width - len(text) - 4, 0)
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
    letters = "".join(character for character in decomposed if not unicodedata.combining(character))
    return letters.encode("ascii", "replace").decode()
