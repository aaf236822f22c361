"""The texts of a message between the bytes that mark them, as MSDP, MSSP and ZMP have them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final, final

__all__ = ["Markers", "utf8"]

# So many texts of a message that are not in its encoding are read one by one, which takes four microseconds each.
_MOST_ALONE: Final = 64

# Behind a text, for what is cut off at its end not to take more: a character of EUC-KR may be composed of eight bytes.
_PADDING: Final = b"\0" * 8

_REPLACED: Final = "\ufffd"


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
        :param otherwise: reads the bytes of one text that is not in this encoding; beyond 64 of them, of all others
            at once, with NULs between them.
        """
        try:
            before, *rest = self._in_text.split(data.decode(encoding))
        except UnicodeDecodeError:  # one text may be in another encoding than the next
            before, *rest = self._split_mixed(data, encoding, otherwise)
        return before, zip(rest[::2], rest[1::2], strict=True)

    def _split_mixed(self, data: bytes, encoding: str, otherwise: Callable[[bytes], str]) -> list[str]:
        texts = self._in_text.split((data + _PADDING).decode(encoding, "replace"))[: -2 * len(_PADDING)]
        odd = [text for text, read in zip(self._in_bytes.split(data), texts, strict=True) if _REPLACED in read]
        others = iter([*map(otherwise, odd[:_MOST_ALONE]), *_read_together(odd[_MOST_ALONE:], otherwise)])
        return [next(others) if _REPLACED in read else read for read in texts]


def _read_together(texts: Sequence[bytes], otherwise: Callable[[bytes], str]) -> list[str]:
    """Return what is read of texts without NULs that are taken for one, so that the work is that of one."""
    return otherwise(b"\0".join((*texts, _PADDING))).split("\0", len(texts))[: len(texts)]


def utf8(data: bytes) -> str:
    """Return text in UTF-8, with U+FFFD for what is not."""
    return data.decode("utf-8", "replace")
