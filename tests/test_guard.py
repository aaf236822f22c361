"""What a program's handlers raise: logged, told to on_error, and nobody else's trouble."""

from __future__ import annotations

import functools
import logging
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from telnet import MudHandler, Server, TelnetConnection
from telnet.guard import Guard


class Guarded(Guard):
    def __init__(self, *, careless: bool = False) -> None:
        self.told: list[Exception] = []
        self.careless = careless

    def handler(self, text: str) -> None:
        raise ValueError(text)

    def on_error(self, exc: Exception) -> None:
        self.told.append(exc)
        if self.careless:
            raise RuntimeError("again")


def test_what_a_handler_raises_is_logged_with_its_traceback_and_told(caplog: pytest.LogCaptureFixture) -> None:
    guarded = Guarded()
    guarded._call(guarded.handler, "oops")
    assert [str(exc) for exc in guarded.told] == ["oops"]
    [record] = caplog.records
    assert record.name == "telnet" and record.exc_info and record.exc_info[1] is guarded.told[0]


def test_what_on_error_raises_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    guarded = Guarded(careless=True)
    guarded._call(guarded.handler, "oops")
    assert "exception in on_error" in caplog.text


def test_a_function_is_guarded_for_a_later_call() -> None:
    guarded = Guarded()
    later = guarded._guarded(guarded.handler)
    later("oops")
    assert [str(exc) for exc in guarded.told] == ["oops"]


def test_what_is_no_function_is_refused_at_once() -> None:
    with pytest.raises(TypeError, match="there has to be a function to call later, not NoneType"):
        Guarded()._guarded(None)  # type: ignore[arg-type]


def test_what_ends_the_program_is_passed_on() -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Guard()._call(interrupted)


def test_handlers_that_always_raise_fill_no_log(caplog: pytest.LogCaptureFixture) -> None:
    guarded = Guarded()
    for _ in range(1000):
        guarded._call(guarded.handler, "oops")
    guarded._log_end()
    assert len(guarded.told) == 1000
    assert len(caplog.records) == 10


def test_what_was_left_out_is_told_at_the_end(caplog: pytest.LogCaptureFixture) -> None:
    class Timed(Guarded):
        time = 0.0

        def _time(self) -> float:
            return self.time

    guarded = Timed()
    for _ in range(1000):
        guarded._call(guarded.handler, "oops")
    guarded.time = 1.0
    guarded._log_end()
    assert caplog.records[-1].getMessage() == "Timed: 990 lines were left out"
    assert (caplog.records[-1].levelno, len(caplog.records)) == (logging.WARNING, 11)


def test_the_end_of_what_never_logged_is_silent(caplog: pytest.LogCaptureFixture) -> None:
    Guarded()._log_end()
    assert caplog.records == []


async def coroutine(self: Any, *arguments: Any) -> None: ...


async def generator(self: Any, *arguments: Any) -> AsyncIterator[None]:
    yield


@pytest.mark.parametrize("base", [MudHandler, TelnetConnection, Server])
@pytest.mark.parametrize("name", ["on_line", "on_close", "on_error", "on_inventory"])
@pytest.mark.parametrize("function", [coroutine, generator, functools.partial(coroutine, 1), staticmethod(coroutine)])
def test_a_handler_that_nobody_would_await_is_refused_with_its_class(
    base: type[Guard], name: str, function: Callable[..., Any]
) -> None:
    with pytest.raises(TypeError, match=rf"^Player\.{name} must be an ordinary method, not a coroutine function"):
        type("Player", (base,), {name: function})


def test_a_coroutine_function_of_a_mixin_is_refused_too() -> None:
    mixin = type("Mixin", (), {"on_line": coroutine})
    with pytest.raises(TypeError, match=r"^Player\.on_line must be an ordinary method"):
        type("Player", (mixin, MudHandler), {})


def test_other_coroutine_functions_are_the_programs_own() -> None:
    assert type("Player", (MudHandler,), {"save": coroutine}).save is coroutine  # type: ignore[attr-defined]


def test_a_coroutine_function_is_not_called_later() -> None:
    with pytest.raises(TypeError, match="must be an ordinary function, not the coroutine function coroutine, which"):
        Guarded()._guarded(coroutine)


def test_on_error_is_a_placeholder() -> None:
    Guard().on_error(ValueError("oops"))
