"""What a player wrote, made fit for the screens of others."""

from __future__ import annotations

from typing import Final

__all__ = ["plain_text"]

# C0, DEL and C1 (ECMA-48): U+009B is a CSI as good as ESC and a bracket.
_CONTROLS: Final = dict.fromkeys({*range(0x20), *range(0x7F, 0xA0)} - {ord("\t"), ord("\n")})


def plain_text(text: str) -> str:
    """Return ``text`` without control characters; tabs and ``\\n`` stay.

    With them a player moves the cursor of others, colours their screens, and switches the modes of MXP.

    :raises TypeError: if it is not ``str``.
    """
    if not isinstance(text, str):
        raise TypeError(f"text must be str, not {type(text).__name__}")
    return text.translate(_CONTROLS)
