"""What players write loses what would act on the screens of others, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telnet.options.plain_text import plain_text


@pytest.mark.parametrize("control", ["\x00", "\x07", "\x08", "\r", "\x0e", "\x1b", "\x7f", "\x80", "\x9b", "\x9f"])
def test_a_control_character_is_left_out(control: str) -> None:
    assert plain_text(f"a{control}b") == "ab"


@pytest.mark.parametrize("text", ["", "two\nlines", "a\ttab", " ~", "\xa0", "naïve 漢字 \U0001f469‍\U0001f467"])
def test_everything_else_stays(text: str) -> None:
    assert plain_text(text) == text


@given(st.text())
def test_twice_is_the_same_as_once(text: str) -> None:
    assert plain_text(plain_text(text)) == plain_text(text)
