from __future__ import annotations

import logging
import math
from collections.abc import Callable
from typing import Any

import pytest

from telnet.net.timers import SWEEP_ABOVE, Timer, Timers

Schedule = Callable[[Timers, Callable[..., Any]], Timer]

# Each schedules a function that is due at the time 1.0.
SCHEDULES: dict[str, Schedule] = {
    "callback": lambda timers, function: timers.callback(function),
    "loop": lambda timers, function: timers.loop(function),
    "defer": lambda timers, function: timers.defer(0.0, 1.0, function),
    "cycle": lambda timers, function: timers.cycle(0.0, 1.0, function),
}

every_kind = pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)
once_kinds = pytest.mark.parametrize("schedule", [SCHEDULES["callback"], SCHEDULES["defer"]], ids=["callback", "defer"])
repeated_kinds = pytest.mark.parametrize("schedule", [SCHEDULES["loop"], SCHEDULES["cycle"]], ids=["loop", "cycle"])


def nothing() -> None:
    pass


# When functions are called


@once_kinds
def test_function_is_called_once(schedule: Schedule) -> None:
    timers, calls = Timers(), list[int]()
    schedule(timers, lambda: calls.append(1))
    for now in (1.0, 2.0, 3.0):
        timers.run(now)
    assert calls == [1]


@repeated_kinds
def test_function_is_called_again_and_again(schedule: Schedule) -> None:
    timers, calls = Timers(), list[int]()
    schedule(timers, lambda: calls.append(1))
    for now in (1.0, 2.0, 3.0):
        timers.run(now)
    assert calls == [1, 1, 1]


def test_arguments_are_passed_on() -> None:
    timers, calls = Timers(), list[tuple[Any, ...]]()

    def record(*args: Any, **kwargs: Any) -> None:
        calls.append((*args, kwargs))

    timers.callback(record, 1, a=2)
    timers.loop(record, 3, b=4)
    timers.defer(0.0, 1.0, record, 5, c=6)
    timers.cycle(0.0, 1.0, record, 7, d=8)
    timers.run(1.0)
    assert calls == [(1, {"a": 2}), (3, {"b": 4}), (5, {"c": 6}), (7, {"d": 8})]


@pytest.mark.parametrize("kind", ["defer", "cycle"])
def test_function_is_not_called_before_its_time(kind: str) -> None:
    timers, calls = Timers(), list[int]()
    SCHEDULES[kind](timers, lambda: calls.append(1))
    timers.run(math.nextafter(1.0, 0.0))
    assert calls == []


def test_timers_run_in_the_order_of_their_times() -> None:
    timers, calls = Timers(), list[str]()
    timers.defer(0.0, 3.0, calls.append, "late")
    timers.defer(0.0, 1.0, calls.append, "early")
    timers.cycle(0.0, 2.0, calls.append, "between")
    timers.run(4.0)
    assert calls == ["early", "between", "late"]


def test_equal_times_run_in_the_order_of_scheduling() -> None:
    timers, calls = Timers(), list[int]()
    for number in range(50):
        timers.defer(0.0, 1.0, calls.append, number)
    timers.run(1.0)
    assert calls == list(range(50))


def test_callbacks_run_in_the_order_of_scheduling() -> None:
    timers, calls = Timers(), list[int]()
    for number in range(5):
        timers.callback(calls.append, number)
    timers.run(0.0)
    assert calls == [0, 1, 2, 3, 4]


def test_missed_cycles_are_not_made_up_for() -> None:
    timers, calls = Timers(), list[int]()
    timers.cycle(0.0, 1.0, lambda: calls.append(1))
    timers.run(5.5)
    timers.run(6.4)
    assert calls == [1]
    timers.run(6.5)
    assert calls == [1, 1]


def test_callback_scheduled_by_a_callback_waits_for_the_next_run() -> None:
    timers, calls = Timers(), list[str]()
    timers.callback(lambda: timers.callback(calls.append, "inner"))
    timers.run(0.0)
    assert calls == []
    timers.run(0.0)
    assert calls == ["inner"]


def test_loop_started_by_a_loop_waits_for_the_next_run() -> None:
    timers, calls = Timers(), list[str]()
    outer = timers.loop(lambda: timers.loop(calls.append, "inner"))
    timers.run(0.0)
    assert calls == []
    outer.cancel()
    timers.run(0.0)
    assert calls == ["inner"]


def test_deferred_function_that_defers_itself_does_not_hold_up_the_run() -> None:
    timers, calls = Timers(), list[int]()

    def again() -> None:
        calls.append(1)
        timers.defer(0.0, 1.0, again)  # due at once, since the run is late

    again()
    timers.run(5.0)
    assert calls == [1, 1]


# Errors


@every_kind
def test_exception_is_logged_and_the_others_still_run(schedule: Schedule, caplog: pytest.LogCaptureFixture) -> None:
    timers, calls = Timers(), list[int]()
    schedule(timers, lambda: 1 // 0)
    schedule(timers, lambda: calls.append(1))
    timers.run(1.0)
    assert calls == [1]
    assert [record.name for record in caplog.records if record.levelno == logging.ERROR] == ["telnet"]
    assert "ZeroDivisionError" in caplog.text


@repeated_kinds
@pytest.mark.parametrize("exception", [ValueError, KeyboardInterrupt])
def test_exception_does_not_end_a_repeated_timer(schedule: Schedule, exception: type[BaseException]) -> None:
    timers, calls = Timers(), list[int]()

    def fail() -> None:
        calls.append(1)
        raise exception

    schedule(timers, fail)
    for now in (1.0, 2.0):
        try:
            timers.run(now)
        except KeyboardInterrupt:
            pass
    assert calls == [1, 1]


@every_kind
@pytest.mark.parametrize("exception", [KeyboardInterrupt, SystemExit])
def test_interrupt_leaves_the_run(schedule: Schedule, exception: type[BaseException]) -> None:
    timers = Timers()

    def fail() -> None:
        raise exception

    schedule(timers, fail)
    with pytest.raises(exception):
        timers.run(1.0)


@once_kinds
def test_interrupted_timer_is_spent(schedule: Schedule) -> None:
    timers = Timers()

    def fail() -> None:
        raise KeyboardInterrupt

    timer = schedule(timers, fail)
    with pytest.raises(KeyboardInterrupt):
        timers.run(1.0)
    assert not timer.active


def test_what_an_interrupt_kept_from_running_runs_next() -> None:
    timers, calls = Timers(), list[str]()

    def fail() -> None:
        raise KeyboardInterrupt

    timers.callback(fail)
    timers.callback(calls.append, "callback")
    timers.defer(0.0, 1.0, calls.append, "defer")
    with pytest.raises(KeyboardInterrupt):
        timers.run(1.0)
    timers.run(1.0)
    assert calls == ["callback", "defer"]


@pytest.mark.parametrize("seconds", [0, 0.0, -1, -0.5, math.nan, -math.inf])
def test_seconds_must_be_above_zero(seconds: float) -> None:
    timers = Timers()
    with pytest.raises(ValueError, match=r"^delay must be above 0 seconds, not "):
        timers.defer(0.0, seconds, nothing)
    with pytest.raises(ValueError, match=r"^interval must be above 0 seconds, not "):
        timers.cycle(0.0, seconds, nothing)


@pytest.mark.parametrize(("seconds", "name"), [("1", "str"), (None, "NoneType"), (True, "bool")])
def test_seconds_must_be_a_number(seconds: Any, name: str) -> None:
    timers = Timers()
    with pytest.raises(TypeError, match=f"^delay must be a number of seconds, not {name}$"):
        timers.defer(0.0, seconds, nothing)
    with pytest.raises(TypeError, match=f"^interval must be a number of seconds, not {name}$"):
        timers.cycle(0.0, seconds, nothing)


@every_kind
def test_function_must_be_callable(schedule: Schedule) -> None:
    not_a_function: Any = 5
    with pytest.raises(TypeError, match=r"^a timer needs a function to call, not int$"):
        schedule(Timers(), not_a_function)


# Cancelling


@every_kind
@pytest.mark.parametrize("cancel", [Timer.cancel, Timer.__call__], ids=["cancel", "call"])
def test_cancelled_function_is_not_called(schedule: Schedule, cancel: Callable[[Timer], None]) -> None:
    timers, calls = Timers(), list[int]()
    cancel(schedule(timers, lambda: calls.append(1)))
    timers.run(1.0)
    assert calls == []


@every_kind
def test_cancelling_takes_away_that_timer_and_no_other(schedule: Schedule) -> None:
    """B34: of timers that are due at the same time, the cancelled one goes."""
    timers, calls = Timers(), list[str]()

    def record(name: str) -> Timer:
        return schedule(timers, lambda: calls.append(name))

    _first, second, _third = record("first"), record("second"), record("third")
    second.cancel()
    timers.run(1.0)
    assert calls == ["first", "third"]


def test_cancelling_a_callback_leaves_the_loop_of_the_same_function() -> None:
    """B34: a loop and a callback are not the same timer."""
    timers, calls = Timers(), list[int]()

    def record() -> None:
        calls.append(1)

    timers.loop(record)
    timers.callback(record).cancel()
    timers.run(0.0)
    timers.run(0.0)
    assert calls == [1, 1]


@repeated_kinds
def test_timer_cancels_itself_from_its_own_function(schedule: Schedule) -> None:
    """B35: a loop or cycle ends itself."""
    timers, calls = Timers(), list[int]()

    def once() -> None:
        calls.append(1)
        timer.cancel()

    timer = schedule(timers, once)
    for now in (1.0, 2.0, 3.0):
        timers.run(now)
    assert calls == [1]


@every_kind
def test_timer_cancelled_earlier_in_the_same_run_is_not_called(schedule: Schedule) -> None:
    """B35: cancelling takes effect at once."""
    timers, calls = Timers(), list[str]()
    schedule(timers, lambda: victim.cancel())
    victim = schedule(timers, lambda: calls.append("victim"))
    timers.run(1.0)
    assert calls == []


@repeated_kinds
def test_repeated_timer_is_cancelled_midway(schedule: Schedule) -> None:
    timers, calls = Timers(), list[int]()
    timer = schedule(timers, lambda: calls.append(1))
    timers.run(1.0)
    timer.cancel()
    timers.run(2.0)
    assert calls == [1]


@every_kind
def test_cancelling_twice_does_nothing(schedule: Schedule) -> None:
    timers = Timers()
    timer = schedule(timers, nothing)
    timer.cancel()
    timer.cancel()
    timers.run(1.0)
    assert not timer.active


@once_kinds
def test_cancelling_after_the_call_does_nothing(schedule: Schedule) -> None:
    timers, calls = Timers(), list[str]()
    spent = schedule(timers, lambda: calls.append("spent"))
    timers.run(1.0)
    schedule(timers, lambda: calls.append("next"))
    spent.cancel()
    timers.run(2.0)
    assert calls == ["spent", "next"]


@every_kind
def test_timer_is_active_until_its_last_call(schedule: Schedule) -> None:
    timers = Timers()
    timer = schedule(timers, nothing)
    assert timer.active
    timers.run(1.0)
    assert timer.active is (schedule in (SCHEDULES["loop"], SCHEDULES["cycle"]))
    timer.cancel()
    assert not timer.active


def test_timeout_that_is_pushed_back_again_and_again_keeps_the_heap_small() -> None:
    timers = Timers()
    for _ in range(100 * SWEEP_ABOVE):
        timers.defer(0.0, 60.0, nothing).cancel()
    assert len(timers._heap) <= SWEEP_ABOVE


def test_sweeping_keeps_what_is_active() -> None:
    timers, calls = Timers(), list[int]()
    for number in range(SWEEP_ABOVE):
        timers.defer(0.0, 1.0 + number, calls.append, number)
        timers.defer(0.0, 1.0, nothing).cancel()
        timers.defer(0.0, 1.0, nothing).cancel()
    timers.run(1000.0)
    assert calls == list(range(SWEEP_ABOVE))


# How long nothing is to be done


def test_wait_without_timers_is_the_limit() -> None:
    assert Timers().wait(0.0, 0.2) == 0.2


def test_wait_ends_when_the_next_timer_is_due() -> None:
    timers = Timers()
    timers.defer(0.0, 3.0, nothing)
    timers.cycle(0.0, 2.0, nothing)
    assert timers.wait(0.5, 10.0) == 1.5


def test_wait_is_never_longer_than_the_limit() -> None:
    timers = Timers()
    timers.defer(0.0, 5.0, nothing)
    assert timers.wait(0.0, 0.2) == 0.2


def test_wait_for_what_is_overdue_is_zero() -> None:
    timers = Timers()
    timers.defer(0.0, 1.0, nothing)
    assert timers.wait(5.0, 0.2) == 0.0


def test_callback_ends_the_wait() -> None:
    """B37: a callback is not kept for the rest of a poll's time."""
    timers = Timers()
    timers.callback(nothing)
    assert timers.wait(0.0, 0.2) == 0.0


def test_loop_does_not_shorten_the_wait() -> None:
    timers = Timers()
    timers.loop(nothing)
    assert timers.wait(0.0, 0.2) == 0.2


def test_cancelled_timer_does_not_shorten_the_wait() -> None:
    timers = Timers()
    timers.defer(0.0, 1.0, nothing).cancel()
    timers.defer(0.0, 4.0, nothing)
    assert timers.wait(0.0, 10.0) == 4.0
