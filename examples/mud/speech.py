"""What a player wrote, made fit for the screens of others."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

# Characters that cannot be seen, change the direction of what is around them, or mean nothing.
UNFIT = {"Cc", "Cf", "Cn", "Co", "Cs"}

# Letters, marks and symbols by their category that look like nothing at all.
BLANKS = dict.fromkeys(map(ord, "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\U00016fe4\U0001d159"))

# Persian and the languages of India are written with them, and families of emoji.
JOINERS = "\u200c\u200d"

MOST_MARKS = 4  # and joiners, on one character: hardly a word of any language has more


def clean(text: str) -> str:
    """Return a line without what would spoil the lines around it, in one form (NFC), with single blanks.

    Control characters are among it, which move the cursor of others and switch the modes of their clients.
    """
    words = " ".join(text.split())
    if words.isascii() and words.isprintable():
        return words
    # Marks are taken away before, since many on one character cost NFC much, and after, since it can make two of one.
    seen = unicodedata.normalize("NFC", "".join(with_few_marks("".join(fit(words.translate(BLANKS))))))
    return " ".join("".join(with_few_marks(seen)).split())


def fit(text: str) -> Iterator[str]:
    """Yield the characters of a text that are fit for others."""
    for before, character, after in zip(" " + text, text, text[1:] + " "):  # noqa: B905  # the first is longer
        if character in JOINERS:
            if joins(before) and joins(after):
                yield character
        elif unicodedata.category(character) not in UNFIT:
            yield character


def joins(character: str) -> bool:
    """Whether a joiner beside it may have a meaning."""
    return not character.isascii() and unicodedata.category(character)[0] in "LMS"


def with_few_marks(text: str) -> Iterator[str]:
    """Yield a text without marks and joiners that have nothing to be on, or are too many on one character."""
    marks = MOST_MARKS
    for character in text:
        is_mark = character in JOINERS or unicodedata.category(character)[0] == "M"
        marks = marks + 1 if is_mark else MOST_MARKS if character == " " else 0
        if not is_mark or marks + (character in JOINERS) <= MOST_MARKS:  # with a joiner goes what it joins
            yield character
