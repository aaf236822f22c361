"""Peers who come and go in every way there is, by the thousand: they leave nothing behind, on any shell.

CHAOS_SECONDS, which ``make chaos`` sets, is how long they come among faults of the machine at random.  The seed of
these is printed; CHAOS_SEED repeats them.
"""

from __future__ import annotations

import errno
import os
import random
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress

import pytest
from fault_support import GOODBYE, HELLO, SHORT, Guest, Served
from shell_support import SHELLS, wait_until

SECONDS = float(os.environ.get("CHAOS_SECONDS", 0))
SEED = int(os.environ.get("CHAOS_SEED", 0)) or random.SystemRandom().randrange(1, 1 << 32)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.once,
    pytest.mark.timeout(180 + 2 * SECONDS),
    pytest.mark.skipif(sys.platform != "linux", reason="what a process holds is asked of Linux"),
]

CROWD = 20  # who come at the same time
COMINGS = 500  # of all kinds together
LONG = 10_000  # the same, where there is time


def talk_and_leave(served: Served, guests: list[Guest]) -> None:
    for guest in guests:
        guest.connect(served.ports[0]).send("say it is warm", "quit")
    for guest in guests:
        guest.expect(HELLO + b"You say: it is warm\r\n" + GOODBYE)
        assert guest.socket.recv(1) == b""


def reset_before_they_are_accepted(served: Served, guests: list[Guest]) -> None:
    os.kill(served.process.pid, signal.SIGSTOP)
    try:
        for guest in guests:
            guest.connect(served.ports[0]).reset()
    finally:
        os.kill(served.process.pid, signal.SIGCONT)


def reset_in_the_middle_of_a_line(served: Served, guests: list[Guest]) -> None:
    for guest in guests:
        guest.connect(served.ports[0]).expect(HELLO)
        guest.socket.sendall(b"say someth")
    for guest in guests:
        guest.reset()


def end_their_direction_and_wait_for_the_answers(served: Served, guests: list[Guest]) -> None:
    for guest in guests:
        guest.connect(served.ports[0]).send("say it is warm", "later it is cold")
        guest.socket.shutdown(socket.SHUT_WR)
    for guest in guests:
        assert guest.rest() == HELLO + b"You say: it is warm\r\nLater: it is cold\r\n"


def say_nothing_and_leave(served: Served, guests: list[Guest]) -> None:
    for number, guest in enumerate(guests):
        guest.connect(served.ports[0])
        if number % 2:
            guest.expect(HELLO)


def probe_tls(served: Served, guests: list[Guest]) -> None:
    for number, guest in enumerate(guests):
        guest.connect(served.port_of_tls)
        if number % 3 == 1:
            guest.socket.sendall(b"GET / HTTP/1.0\r\n\r\n")
            guest.rest()
        elif number % 3 == 2:
            guest.socket.sendall(b"\x16\x03\x01")
            guest.reset()


KINDS: tuple[Callable[[Served, list[Guest]], None], ...] = (
    talk_and_leave,
    reset_before_they_are_accepted,
    reset_in_the_middle_of_a_line,
    end_their_direction_and_wait_for_the_answers,
    say_nothing_and_leave,
    probe_tls,
)


def visit(served: Served, kind: Callable[[Served, list[Guest]], None], count: int = CROWD) -> None:
    with ExitStack() as stack:
        kind(served, [stack.enter_context(Guest()) for _ in range(count)])


def wait_for_rest(served: Served) -> None:
    with suppress(AssertionError):  # settle() says it better
        wait_until(lambda: served.state().at_rest(served.before))


@pytest.mark.parametrize("kind", KINDS)
def test_comings_and_goings_leave_nothing_behind(served: Served, kind: Callable[[Served, list[Guest]], None]) -> None:
    with served.guests(1) as [resident]:
        for _ in range(2):
            visit(served, kind)
        resident.talk("it is quiet")
    wait_for_rest(served)
    before = served.memory()

    with served.guests(1) as [resident]:
        for _ in range(COMINGS // CROWD // len(KINDS)):
            visit(served, kind)
            resident.talk("it is loud")

    served.settle(log=LOGGED[kind] * COMINGS)
    served.memory().assert_no_more_than(before)


# A probe of TLS may be worth a line, within the share of the server; anybody else is not.
LOGGED = {**dict.fromkeys(KINDS, 0), probe_tls: 1}


# With faults of the machine among them, for long

FAULTS: dict[str, tuple[int, ...]] = {
    "accept": (errno.EMFILE, errno.ENFILE, errno.ECONNABORTED, errno.ENOBUFS, errno.ENOMEM, errno.EPERM, errno.EPROTO),
    "receive": (errno.EINTR, errno.EAGAIN, errno.ECONNRESET, errno.ETIMEDOUT),
    "send": (errno.EINTR, errno.EAGAIN, SHORT, errno.EPIPE, errno.ENOBUFS, errno.ENOMEM),
    "shutdown": (errno.ENOTCONN, errno.ENOBUFS),
    "getpeername": (errno.ENOTCONN, errno.ENOBUFS),
    "setsockopt": (errno.EINVAL, errno.ENOBUFS),
}


def visit_through_faults(served: Served, dice: random.Random) -> None:
    """Have a crowd come while something fails now and then: what they get of it does not matter, if it is an end."""
    name = dice.choice(list(FAULTS))
    error = dice.choice(FAULTS[name])
    served.fault(name, error, count=dice.randint(1, 5), every=dice.randint(1, 5))
    try:
        visit(served, dice.choice(KINDS))
    except (AssertionError, ConnectionError):
        pass
    except OSError as exc:
        if exc.errno != errno.ENOTCONN:  # which is another way to have been reset, whereas a guest who waits is a fault
            raise
    served.recover()


@pytest.mark.skipif(not SECONDS, reason="make chaos runs it")
def test_comings_and_goings_among_faults_leave_nothing_behind(served: Served) -> None:
    sys.stdout.write(f"CHAOS_SEED={SEED}\n")
    dice = random.Random(SEED)
    for kind in KINDS:
        visit(served, kind)
    wait_for_rest(served)
    before = served.memory()
    deadline = time.monotonic() + SECONDS / len(SHELLS)
    came = 0
    while time.monotonic() < deadline or came < LONG:
        visit_through_faults(served, dice)
        with served.guests(2) as residents:
            for kind in KINDS * 3:
                visit(served, kind)
            for resident in residents:
                resident.talk("it is loud")
        came += CROWD * (1 + 3 * len(KINDS))
    served.settle(log=came // 10)
    after = served.memory()
    sys.stdout.write(f"{served.shell}: {came} came and went; {before} -> {after}\n")
    after.assert_no_more_than(before)
