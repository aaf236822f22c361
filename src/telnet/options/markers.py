"""The texts of a message between the bytes that mark them, as MSDP, MSSP and ZMP have them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import final

__all__ = ["Markers", "utf8"]


@final
class Markers:
    """The bytes from 0 to a last one, which are in no text.

    No encoding that a session may have uses these bytes for anything else, also not inside of a character of several
    bytes, so a message can be cut at them before it is read.

    :param last: the highest of them.
    """

    def __init__(self, last: int) -> None:
        self._in_text = re.compile(f"([\x00-{chr(last)}])")
        self._in_bytes = re.compile(b"([\x00-%c])" % last)
        self._others = bytes(range(last + 1, 256))

    def count(self, data: bytes) -> int:
        """Return how many there are."""
        return len(data.translate(None, self._others))

    def split(
        self, data: bytes, encoding: str, otherwise: Callable[[bytes], str]
    ) -> tuple[str, Iterable[tuple[str, str]]]:
        """Return the text before the first marker, and each marker with the text after it.

        :param data: the message.
        :param encoding: in which all of it is read, if that is possible.
        :param otherwise: reads the bytes of one text, if it is not.
        """
        try:
            before, *rest = self._in_text.split(data.decode(encoding))
            return before, zip(rest[::2], rest[1::2], strict=True)
        except UnicodeDecodeError:  # one text may be in another encoding than the next
            pieces = self._in_bytes.split(data)
            before, *texts = map(otherwise, pieces[::2])
            return before, zip(b"".join(pieces[1::2]).decode(), texts, strict=True)


def utf8(data: bytes) -> str:
    """Return text in UTF-8, with U+FFFD for what is not."""
    return data.decode("utf-8", "replace")
