from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest

from telnet import Limits

SIZES = [
    "subnegotiation",
    "unread",
    "unsent",
    "line",
    "inflated",
    "inflate_ratio",
    "nesting",
    "values",
    "negotiations",
    "terminal_types",
    "variables",
    "events",
    "payload",
]
TIMES = ["subnegotiation_time", "ready", "connect", "handshake", "close", "linger"]


def limits_with(name: str, value: Any) -> Limits:
    return Limits(**{name: value})


def test_every_limit_is_checked_here() -> None:
    assert [field.name for field in dataclasses.fields(Limits)] == SIZES + TIMES


def test_defaults_are_valid() -> None:
    assert limits_with("unsent", Limits().unsent) == Limits()


def test_a_limit_cannot_be_changed_under_a_connection() -> None:
    limits: Any = Limits()
    with pytest.raises(dataclasses.FrozenInstanceError):
        limits.unsent = 5


def test_one_limit_is_stated_and_the_others_keep_their_defaults() -> None:
    assert Limits(unsent=5) == dataclasses.replace(Limits(), unsent=5)


@pytest.mark.parametrize("name", SIZES + TIMES)
@pytest.mark.parametrize("value", [0, -1])
def test_a_limit_must_be_above_zero(name: str, value: int) -> None:
    with pytest.raises(ValueError, match=f"^limit {name} must be above 0, not {value}$"):
        limits_with(name, value)


@pytest.mark.parametrize("name", TIMES)
def test_a_time_must_not_be_nan(name: str) -> None:
    with pytest.raises(ValueError, match=f"^limit {name} must be above 0, not nan$"):
        limits_with(name, math.nan)


@pytest.mark.parametrize("name", SIZES)
@pytest.mark.parametrize(("value", "kind"), [(1.5, "float"), ("5", "str"), (None, "NoneType"), (True, "bool")])
def test_a_size_must_be_an_int(name: str, value: Any, kind: str) -> None:
    with pytest.raises(TypeError, match=f"^limit {name} must be int, not {kind}$"):
        limits_with(name, value)


@pytest.mark.parametrize("name", TIMES)
@pytest.mark.parametrize(("value", "kind"), [("5", "str"), (None, "NoneType"), (True, "bool")])
def test_a_time_must_be_a_number(name: str, value: Any, kind: str) -> None:
    with pytest.raises(TypeError, match=f"^limit {name} must be float, not {kind}$"):
        limits_with(name, value)


@pytest.mark.parametrize("name", TIMES)
@pytest.mark.parametrize("value", [5, 0.1, math.inf])
def test_a_time_may_be_whole_fractional_or_endless(name: str, value: float) -> None:
    assert getattr(limits_with(name, value), name) == value
