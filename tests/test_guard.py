"""What a program's handlers raise: logged, told to on_error, and nobody else's trouble."""

from __future__ import annotations

import pytest

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


def test_on_error_is_a_placeholder() -> None:
    Guard().on_error(ValueError("oops"))
