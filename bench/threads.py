"""Measure whether parsers in two threads run in parallel, as they do where no GIL is: ``python bench/threads.py``.

The same work is done by one thread, by two, and by two processes, which say what two of anything can get on a machine
that is busy with other things as well. Threads that take much longer than processes share something that they should
not.
"""

from __future__ import annotations

import os
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from statistics import median
from time import perf_counter

from handlers import Counter

from telnet import GA, GMCP, IAC, WILL, Parser, subnegotiation

ROUNDS = 7
FEEDS = 100_000
CHUNK = (b"You are standing in an open field west\r\n" * 10 + IAC + GA + IAC + WILL + GMCP) * 4 + subnegotiation(
    GMCP, b'Char.Vitals {"hp": 3000, "maxhp": 3200}'
)


def work(core: int) -> None:
    os.sched_setaffinity(0, {core})  # the thread's own; left alone, a scheduler may keep both on the core they began on
    counter = Counter()
    chunk = bytes(bytearray(CHUNK))  # of this thread's own: a count of references that threads share is slow
    feed = Parser(counter).feed
    for _ in range(FEEDS):
        feed(chunk)
    assert (counter.data, counter.events) == (1600 * FEEDS, 9 * FEEDS)


def seconds(pool: Executor, tasks: int) -> float:
    start = perf_counter()
    for future in [pool.submit(work, core) for core in sorted(os.sched_getaffinity(0))[:tasks]]:
        future.result()
    return perf_counter() - start


def main() -> None:
    one, two, apart = [], [], []
    with ThreadPoolExecutor(2) as threads, ProcessPoolExecutor(2) as processes:
        seconds(threads, 2), seconds(processes, 2)  # what starts up does it now
        for _ in range(ROUNDS):
            one.append(seconds(threads, 1))
            two.append(seconds(threads, 2))
            apart.append(seconds(processes, 2))
    print(f"one thread {median(one):.3f} s; the same work twice, in as many times that (median of {ROUNDS} rounds):")
    print(f"two threads   {ratio(two, one):5.2f}")
    print(f"two processes {ratio(apart, one):5.2f}")


def ratio(times: list[float], others: list[float]) -> float:
    return median(time / other for time, other in zip(times, others, strict=True))


if __name__ == "__main__":
    main()
