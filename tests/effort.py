"""How long to search where it matters most: in the parser, on which all else stands."""

from __future__ import annotations

from hypothesis import settings

FOR_PARSER = settings(max_examples=10 * settings().max_examples)
