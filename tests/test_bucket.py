"""So much at once, and so much again each second."""

from __future__ import annotations

from telnet.bucket import TokenBucket


def granted(bucket: TokenBucket, now: float, attempts: int = 100) -> int:
    return sum(bucket.take(now) for _ in range(attempts))


def test_a_full_bucket_grants_its_burst_and_no_more() -> None:
    assert granted(TokenBucket(5, 1.0), 0.0) == 5


def test_tokens_come_back_with_time() -> None:
    bucket = TokenBucket(5, 2.0)
    granted(bucket, 10.0)

    assert [granted(bucket, 10.4), granted(bucket, 10.5), granted(bucket, 12.0)] == [0, 1, 3]


def test_no_more_come_back_than_there_were_at_first() -> None:
    bucket = TokenBucket(5, 2.0)
    granted(bucket, 0.0)

    assert granted(bucket, 1e6) == 5


def test_a_clock_that_goes_back_takes_nothing_and_gives_nothing() -> None:
    bucket = TokenBucket(5, 1.0)
    granted(bucket, 10.0)

    assert granted(bucket, 5.0) == 0
    assert granted(bucket, 6.0) == 1


def test_what_was_refused_takes_no_token() -> None:
    bucket = TokenBucket(5, 1.0)

    assert bucket.take(0.0, 4)
    assert not bucket.take(0.0, 2)
    assert bucket.take(0.0, 1)


def test_what_needs_more_than_the_burst_needs_all_of_it() -> None:
    bucket = TokenBucket(5, 1.0)

    assert bucket.take(0.0, 1000)
    assert granted(bucket, 0.0) == 0
    assert not bucket.take(4.5, 1000)
    assert bucket.take(5.0, 1000)
