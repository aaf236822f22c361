"""What is to be done at some time is done once, in order, when its time has come."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from telnet.deadlines import Deadlines


class Clock:
    """A caller of deadlines, which writes down for when its timer is set, and what is done."""

    def __init__(self) -> None:
        self.told: list[float] = []
        self.done: list[str] = []
        self.deadlines = Deadlines(self.told.append)
        self._actions: dict[str, Callable[[], object]] = {}

    def action(self, name: str) -> Callable[[], object]:
        return self._actions.setdefault(name, lambda: self.done.append(name))

    def set(self, name: str, time: float) -> None:
        self.deadlines.set(self.action(name), time)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_without_a_deadline_nothing_is_wanted(clock: Clock) -> None:
    clock.deadlines.run(1e9)

    assert (clock.deadlines.earliest, clock.told, clock.done) == (None, [], [])


def test_what_is_due_is_done_once(clock: Clock) -> None:
    clock.set("a", 2.0)

    clock.deadlines.run(1.9)
    assert clock.done == []
    clock.deadlines.run(2.0)
    clock.deadlines.run(3.0)

    assert clock.done == ["a"]
    assert clock.deadlines.earliest is None


def test_the_earliest_is_done_first(clock: Clock) -> None:
    clock.set("late", 3.0)
    clock.set("early", 1.0)
    clock.set("never", 9.0)

    clock.deadlines.run(5.0)

    assert clock.done == ["early", "late"]
    assert clock.deadlines.earliest == 9.0


def test_the_timer_is_told_of_what_is_earlier_alone(clock: Clock) -> None:
    clock.set("a", 5.0)
    clock.set("b", 7.0)
    clock.set("c", 3.0)
    clock.set("c", 9.0)

    assert clock.told == [5.0, 3.0]


def test_a_timer_that_rings_too_early_is_set_anew(clock: Clock) -> None:
    clock.set("a", 1.0)
    clock.set("a", 4.0)
    clock.told.clear()

    clock.deadlines.run(1.0)

    assert (clock.told, clock.done) == ([4.0], [])


def test_what_is_dropped_is_not_done(clock: Clock) -> None:
    clock.set("a", 1.0)
    clock.set("b", 1.0)

    clock.deadlines.drop(clock.action("a"))
    clock.deadlines.drop(clock.action("c"))
    clock.deadlines.run(1.0)

    assert clock.done == ["b"]


def test_what_is_cleared_is_not_done(clock: Clock) -> None:
    clock.set("a", 1.0)

    clock.deadlines.clear()
    clock.deadlines.run(1.0)

    assert (clock.deadlines.earliest, clock.done) == (None, [])


def test_one_may_drop_another_that_is_due_too(clock: Clock) -> None:
    clock.deadlines.set(clock.deadlines.clear, 1.0)
    clock.set("a", 2.0)

    clock.deadlines.run(2.0)

    assert clock.done == []


def test_one_may_set_itself_again(clock: Clock) -> None:
    def again() -> None:
        clock.done.append("again")
        clock.deadlines.set(again, 1.0)

    clock.deadlines.set(again, 1.0)
    clock.told.clear()

    clock.deadlines.run(1.0)

    assert (clock.done, clock.told, clock.deadlines.earliest) == (["again"], [1.0], 1.0)


def test_an_exception_leaves_the_others_for_the_next_run(clock: Clock) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    clock.deadlines.set(fail, 1.0)
    clock.set("a", 1.0)
    clock.told.clear()

    with pytest.raises(ZeroDivisionError):
        clock.deadlines.run(1.0)
    assert clock.told == [1.0]
    clock.deadlines.run(1.0)

    assert clock.done == ["a"]


def test_what_has_no_deadline_left_keeps_no_memory_for_them(clock: Clock) -> None:
    clock.set("done", 1.0)
    clock.set("dropped", 2.0)

    clock.deadlines.run(1.0)
    clock.deadlines.drop(clock.action("dropped"))

    assert sys.getsizeof(clock.deadlines._times) == sys.getsizeof({})
