"""What a failed accept means, and what is logged about it."""

from __future__ import annotations

import errno

import pytest

from telnet.accepting import Failure, Shortage, failure_of

FULL = OSError(errno.EMFILE, "Too many open files")
FIRST = "cannot accept (Too many open files); trying again every 0.25 seconds"


@pytest.mark.parametrize(
    ("number", "failure"),
    [
        (errno.EAGAIN, Failure.NOBODY),
        (errno.EWOULDBLOCK, Failure.NOBODY),
        (errno.EINTR, Failure.NOBODY),
        (errno.ECONNABORTED, Failure.GONE),
        (errno.ECONNRESET, Failure.GONE),
        (errno.EPERM, Failure.GONE),
        (errno.EMFILE, Failure.EXHAUSTED),
        (errno.ENFILE, Failure.EXHAUSTED),
        (errno.ENOMEM, Failure.EXHAUSTED),
        (errno.EIO, Failure.EXHAUSTED),
        (errno.EBADF, Failure.BROKEN),
        (errno.EINVAL, Failure.BROKEN),
        (errno.ENOTSOCK, Failure.BROKEN),
    ],
)
def test_errno_tells_what_a_failed_accept_means(number: int, failure: Failure) -> None:
    assert failure_of(OSError(number, "?")) is failure


def test_a_failure_without_a_number_makes_accepting_pause() -> None:
    assert failure_of(OSError("no more")) is Failure.EXHAUSTED


def test_shortage_is_logged_once_an_episode() -> None:
    shortage = Shortage()

    lines = [shortage.failed(now / 4, FULL) for now in range(200)]

    assert lines == [FIRST, *[""] * 199]
    assert shortage.ended(50.0) == "accepting again after 50.0 seconds"
    assert shortage.ended(51.0) == ""


def test_shortage_that_lasts_is_logged_once_a_minute_with_a_count() -> None:
    shortage = Shortage()

    lines = [line for now in range(4 * 150) if (line := shortage.failed(now / 4, FULL))]

    assert lines == [FIRST, *[f"{FIRST}; 240 failures since the last such line"] * 2]


def test_shortage_that_comes_and_goes_is_not_logged_more_often() -> None:
    shortage = Shortage()
    shortage.failed(0.0, FULL)
    assert shortage.ended(1.0)

    quiet = [shortage.failed(now, FULL) + shortage.ended(now + 0.5) for now in range(1, 60)]

    assert not any(quiet)
    assert shortage.failed(60.0, FULL) == f"{FIRST}; 60 failures since the last such line"
    assert shortage.ended(61.0) == "accepting again after 1.0 seconds"


def test_shortage_without_a_text_of_the_system_is_described() -> None:
    assert Shortage().failed(0.0, OSError("full")).startswith("cannot accept (full);")
