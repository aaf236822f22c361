"""What a failed accept() means, on every shell."""

from __future__ import annotations

import errno
import os

import pytest

from telnet.accepting import Failure, failure_of

MEANINGS = {
    Failure.NOBODY: (errno.EAGAIN, errno.EWOULDBLOCK, errno.EINTR),
    Failure.GONE: (errno.ECONNABORTED, errno.ECONNRESET, errno.EPROTO, errno.EPERM, errno.ENETUNREACH),
    Failure.EXHAUSTED: (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EIO),
    Failure.BROKEN: (errno.EBADF, errno.EINVAL, errno.ENOTSOCK),
}


@pytest.mark.parametrize(
    ("code", "meaning"),
    [(code, meaning) for meaning, codes in MEANINGS.items() for code in codes],
    ids=lambda value: errno.errorcode[value] if isinstance(value, int) else value.name,
)
def test_a_failure_means(code: int, meaning: Failure) -> None:
    assert failure_of(OSError(code, os.strerror(code))) is meaning


def test_a_failure_without_a_number_makes_accepting_pause() -> None:
    assert failure_of(OSError("no more")) is Failure.EXHAUSTED
