"""The asyncio shell: coroutines and handlers, servers and clients, back-pressure, cancellation, TLS and the end."""

from __future__ import annotations

import asyncio
import errno
import gc
import logging
import re
import socket
import ssl
import sys
import weakref
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from threading import Timer
from typing import Any

import pytest
from aio_support import (
    HOST,
    PATIENT,
    QUICK,
    TINY,
    Connection,
    Liner,
    Recorder,
    Run,
    address_of,
    echo,
    only,
    peer_of,
    serving,
    serving_slowly,
    until,
)
from net_support import PATIENCE
from shell_support import LOOPS, new_event_loop
from tls_support import Certificates

from telnet import CMD_EOR, DO, DONT, EOR, GA, IAC, NAWS, WILL, WONT, Limits, MudHandler, StreamBufferOverflow, aio
from telnet import options as spoken
from telnet.options import Role

# Coroutines


def test_coroutine_is_called_when_the_connection_is_ready(run: Run) -> None:
    async def greet(connection: aio.MudConnection) -> None:
        connection.send_line(f"Welcome to {connection.client.width} columns.")

    async def main() -> None:
        async with serving(greet, options=(spoken.NAWS,)) as (server, peer):
            assert await peer.receive(3) == IAC + DO + NAWS
            peer.send(IAC + WILL + NAWS + IAC + b"\xfa" + NAWS + bytes([0, 100, 0, 30]) + IAC + b"\xf0")
            assert await peer.receive_all() == b"Welcome to 100 columns.\r\n"

    run(main)


def test_lines_are_read_one_by_one_until_the_end(run: Run) -> None:
    read: list[str] = []

    async def reader(connection: aio.MudConnection) -> None:
        async for line in connection:
            read.append(line)
        read.append("the end")

    async def main() -> None:
        async with serving(reader) as (server, peer):
            peer.send(b"one\r\n\r\ntwo\r\nthr")
            peer.send(b"ee")
            peer.end()
            await peer.receive_all()
        assert read == ["one", "", "two", "three", "the end"]

    run(main)


def test_line_is_waited_for(run: Run) -> None:
    async def ask(connection: aio.MudConnection) -> None:
        connection.prompt("Name? ")
        name = await connection.readline()
        connection.send_line(f"Welcome, {name}!")

    async def main() -> None:
        async with serving(ask) as (server, peer):
            assert await peer.receive_until(GA) == b"Name? " + IAC + GA
            peer.send(b"Ada\r\n")
            assert await peer.receive_all() == b"Welcome, Ada!\r\n"

    run(main)


def test_coroutine_that_waits_for_a_line_of_who_is_gone_ends_quietly(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    async def ask(connection: aio.MudConnection) -> None:
        connection.send_line("Name?")
        await connection.readline()

    async def main() -> None:
        async with serving(ask) as (server, peer):
            await peer.receive_until(b"\r\n")
            connection = await only(server)
            peer.end()
            await connection.wait_closed()
            assert connection.events == ["connect", "ready", "close"]
        assert caplog.records == []

    run(main)


@pytest.mark.parametrize("pause", [0, 0.002])
def test_coroutine_that_drains_to_who_is_gone_ends_quietly(
    run: Run, caplog: pytest.LogCaptureFixture, pause: float
) -> None:
    async def chatter(connection: aio.MudConnection) -> None:
        while True:
            connection.send("x" * 10000)
            await connection.drain()
            await asyncio.sleep(pause)

    async def main() -> None:
        async with serving(chatter) as (server, peer):
            connection = await only(server)
            await peer.receive(10)
            peer.reset()
            await connection.wait_closed()
            assert connection.events == ["connect", "ready", "close"]
        assert caplog.records == []

    run(main)


@pytest.mark.parametrize("raised", [ValueError("oops"), EOFError("oops"), ConnectionResetError("oops")])
def test_what_a_coroutine_raises_is_logged_and_closes(
    run: Run, caplog: pytest.LogCaptureFixture, raised: Exception
) -> None:
    async def fail(connection: aio.MudConnection) -> None:
        connection.send_line("Oh no.")
        raise raised

    async def main() -> None:
        async with serving(fail) as (server, peer):
            assert await peer.receive_all() == b"Oh no.\r\n"
            assert Recorder.made[0].events == ["connect", "ready", raised, "close"]
        [record] = caplog.records
        assert (record.name, record.exc_info and record.exc_info[1]) == ("telnet", raised)

    run(main)


def test_cancelled_coroutine_closes_at_once(run: Run) -> None:
    async def wait(connection: aio.MudConnection) -> None:
        connection.send_line("Wait.")
        await asyncio.sleep(PATIENCE)

    async def main() -> None:
        async with serving(wait) as (server, peer):
            connection = await only(server)
            await peer.receive_until(b"\r\n")
            connection._task.cancel()
            assert await peer.receive_all() == b""
            await connection.wait_closed()
            assert connection._task.cancelled()

    run(main)


def test_line_that_is_waited_for_too_long_is_not_lost(run: Run) -> None:
    async def hurry(connection: aio.MudConnection) -> None:
        while True:
            try:
                line = await asyncio.wait_for(connection.readline(), 0.01)
            except asyncio.TimeoutError:
                continue
            connection.send_line(line)

    async def main() -> None:
        async with serving(hurry) as (server, peer):
            await asyncio.sleep(0.05)
            peer.send(b"late\r\n")
            assert await peer.receive_until(b"\n") == b"late\r\n"
            connection = await only(server)
            assert len(connection._waiters) <= 1

    run(main)


def test_two_tasks_read_a_line_each(run: Run) -> None:
    async def main() -> None:
        async with serving(Connection) as (server, peer):
            connection = await only(server)
            both = asyncio.gather(connection.readline(), connection.readline())
            await asyncio.sleep(0)
            peer.send(b"one\r\ntwo\r\n")
            assert sorted(await both) == ["one", "two"]

    run(main)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="tasks that begin at once came with Python 3.12")
@pytest.mark.parametrize("run", ["asyncio"], indirect=True)
def test_coroutine_that_begins_at_once_begins_once(run: Run) -> None:
    async def ask(connection: aio.MudConnection) -> None:
        connection.send_line("Name?")
        connection.pause()
        connection.resume()
        connection.send_line(await connection.readline())

    async def main() -> None:
        asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)  # type: ignore[attr-defined]
        async with serving(ask) as (server, peer):
            peer.send(b"Ada\r\n")
            assert await peer.receive_all() == b"Name?\r\nAda\r\n"

    run(main)


# The end of the input


def test_half_closed_peer_gets_the_answers_of_a_coroutine(run: Run) -> None:
    async def slow(connection: aio.MudConnection) -> None:
        async for line in connection:
            await asyncio.sleep(0.02)
            connection.send_line(f"You say: {line}")

    async def main() -> None:
        async with serving(slow, limits=PATIENT) as (server, peer):
            peer.send(b"one\r\ntwo\r\nthree")
            peer.end()
            assert await peer.receive_all() == b"You say: one\r\nYou say: two\r\nYou say: three\r\n"

    run(main)


def test_last_line_is_answered_though_the_peer_ends_meanwhile(run: Run) -> None:
    async def slow(connection: Any) -> None:
        async for line in connection:
            await until(lambda: connection._input_ended)
            connection.send_line(f"You say: {line}")

    async def main() -> None:
        async with serving(slow, limits=PATIENT) as (server, peer):
            connection = await only(server)
            peer.send(b"one\r\n")
            await until(lambda: connection._answering)
            peer.end()
            assert await peer.receive_all() == b"You say: one\r\n"

    run(main)


@pytest.mark.parametrize("program", [Connection, echo])
def test_peer_that_connects_and_ends_is_closed(run: Run, program: Any) -> None:
    async def main() -> None:
        async with serving(program) as (server, peer):
            connection = await only(server)
            peer.end()
            assert await peer.receive_all() == b""
            await connection.wait_closed()

    run(main)


def test_coroutine_that_reads_nothing_is_closed_in_time_when_the_peer_has_ended(run: Run) -> None:
    async def main() -> None:
        async with serving(Connection) as (server, peer):
            connection = await only(server)
            peer.send(b"never read\r\n")
            peer.end()
            began = asyncio.get_running_loop().time()
            await connection.wait_closed()
            assert asyncio.get_running_loop().time() - began >= 0.15
            assert await connection.readline() == "never read"
            with pytest.raises(EOFError, match="the connection has ended"):
                await connection.readline()

    run(main)


def test_lines_before_a_reset_are_read(run: Run) -> None:
    async def main() -> None:
        async with serving(Connection) as (server, peer):
            connection = await only(server)
            peer.send(b"one\r\ntwo\r\n")
            await until(lambda: connection._lines)
            peer.reset()
            await connection.wait_closed()
            assert [line async for line in connection] == ["one", "two"]
            assert not server.connections

    run(main)


def test_own_close_forgets_lines_that_wait(run: Run) -> None:
    async def main() -> None:
        async with serving(Connection) as (server, peer):
            connection = await only(server)
            peer.send(b"one\r\ntwo\r\n")
            await until(lambda: connection._lines)
            connection.close()
            assert [line async for line in connection] == []

    run(main)


# Half-closed connections


class Late(Liner):
    """Answers a while after it was asked."""

    limits = Limits(ready=0.05, close=3 * PATIENCE, linger=0.2)

    def on_line(self, line: str) -> None:
        self.events.append(line)
        self.call_later(0.05, self.answer, line)

    def answer(self, line: str) -> None:
        self.send_line(f"You say: {line}")
        if line == "three":
            self.close()

    def on_input_end(self) -> None:
        self.events.append(("input end", self in self.server.connections))


class LateFromThread(Late):
    def on_line(self, line: str) -> None:
        self.events.append(line)
        Timer(0.03 * len(self.events), self.call_from_thread, (self.answer, line)).start()


@pytest.mark.parametrize("handler", [Late, LateFromThread])
@pytest.mark.parametrize("limits", [Late.limits, Limits(events=1, ready=0.05, close=3 * PATIENCE, linger=0.2)])
def test_answers_of_a_handler_after_the_end_of_the_input_arrive(run: Run, handler: Any, limits: Limits) -> None:
    async def main() -> None:
        async with serving(handler, limits=limits) as (server, peer):
            connection = await only(server)
            peer.send(b"one\r\ntwo\r\nthree")
            peer.end()
            await until(lambda: ("input end", True) in connection.events)
            assert list(server.connections) == [connection]
            assert await peer.receive_all() == b"You say: one\r\nYou say: two\r\nYou say: three\r\n"
            assert not server.connections
            await connection.wait_closed()
            assert connection.events == ["connect", "ready", "one", "two", "three", ("input end", True), "close"]

    run(main)


def test_handler_that_never_closes_is_closed_in_time_with_what_it_wrote(run: Run) -> None:
    class Chatty(Late):
        def on_input_end(self) -> None:
            super().on_input_end()
            self.call_later(0.1, self.send_line, "Still there?")

    async def main() -> None:
        async with serving(Chatty, limits=QUICK) as (server, peer):
            connection = await only(server)
            began = asyncio.get_running_loop().time()
            peer.end()
            assert await peer.receive_all() == b"Still there?\r\n"
            await connection.wait_closed()
            assert 0.15 < asyncio.get_running_loop().time() - began
            assert connection.events[-2:] == [("input end", True), "close"]

    run(main)


def test_handler_may_close_as_the_input_ends(run: Run) -> None:
    class Brief(Late):
        def on_input_end(self) -> None:
            super().on_input_end()
            self.send_line("Goodbye.")
            self.close()

    async def main() -> None:
        async with serving(Brief) as (server, peer):
            connection = await only(server)
            peer.end()
            assert await peer.receive_all() == b"Goodbye.\r\n"
            await connection.wait_closed()
            assert connection.events == ["connect", "ready", ("input end", True), "close"]

    run(main)


def test_end_of_the_input_waits_for_the_end_of_a_pause(run: Run) -> None:
    class Pausing(Late):
        def on_line(self, line: str) -> None:
            self.pause()
            self.call_later(0.05, self.resume)
            super().on_line(line)

    async def main() -> None:
        async with serving(Pausing) as (server, peer):
            connection = await only(server)
            peer.send(b"one\r\nthree")
            peer.end()
            assert await peer.receive_all() == b"You say: one\r\nYou say: three\r\n"
            assert connection.events[2:4] == ["one", "three"]

    run(main)


@pytest.mark.parametrize("program", [Late, Connection])
def test_reset_of_a_half_closed_connection_ends_it_at_once(run: Run, program: Any) -> None:
    async def main() -> None:
        async with serving(program, limits=PATIENT) as (server, peer):
            connection = await only(server)
            peer.send(b"one\r\n")
            peer.end()
            await until(lambda: connection._input_finished)
            began = asyncio.get_running_loop().time()
            peer.reset()
            await connection.wait_closed()
            assert asyncio.get_running_loop().time() - began < PATIENCE / 4
            assert (connection.events[-1], connection.events.count("close")) == ("close", 1)
            assert not server.connections

    run(main)


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="no UNIX sockets here")
def test_half_closed_unix_socket_is_answered_until_its_peer_is_gone(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(tmp_path / "mud.sock"))
        async with await aio.serve(Late, sock=listener) as server:
            reader, writer = await asyncio.open_unix_connection(listener.getsockname())
            connection = await only(server)
            writer.write(b"one\r\n")
            writer.write_eof()
            assert await reader.readline() == b"You say: one\r\n"
            writer.close()
            await connection.wait_closed()
            assert connection.events == ["connect", "ready", "one", ("input end", True), "close"]

    run(main)


def test_coroutine_is_told_of_the_end_of_the_input_too(run: Run) -> None:
    class Told(Connection):
        def on_input_end(self) -> None:
            self.events.append("input end")

    async def main() -> None:
        async with serving(echo, connection=Told, limits=PATIENT) as (server, peer):
            connection = await only(server)
            peer.send(b"one\r\ntwo")
            peer.end()
            assert await peer.receive_all() == b"You say: one\r\nYou say: two\r\n"
            await connection.wait_closed()
            assert connection.events == ["connect", "ready", "input end", "close"]

    run(main)


def test_client_closes_after_it_was_told_of_the_end_of_the_input(run: Run) -> None:
    async def goodbye(connection: aio.MudConnection) -> None:
        connection.send_line("Goodbye.")

    class Bot(Liner):
        def on_input_end(self) -> None:
            self.events.append("input end")

    async def main() -> None:
        async with await aio.serve(goodbye, HOST, 0) as server:
            client: Any = await aio.connect(*address_of(server), connection=Bot, limits=PATIENT)
            await client.wait_closed()
            assert client.events[-3:] == ["Goodbye.", "input end", "close"]

    run(main)


def test_answers_inside_the_events_leave_before_the_end_of_tls(run: Run, certificates: Certificates) -> None:
    async def main() -> None:
        async with await aio.serve(Late, HOST, 0, ssl=certificates.server, limits=QUICK) as server:
            async with peer_of(server, ssl=certificates.client) as peer:
                connection = await only(server)
                peer.send(b"one\r\ntwo")
                peer.writer.close()
                await connection.wait_closed()
                assert connection.events[:4] == ["connect", "ready", "one", "two"]
                assert connection.events[4][0] == "input end"
                assert connection.events[5:] == ["close"]

    run(main)


# Back-pressure: what is received


@pytest.mark.parametrize(
    "limits, waiting", [(TINY, 10), (Limits(ready=0.05, close=0.2, linger=0.2, events=7), 7)], ids=["unread", "events"]
)
def test_lines_that_nobody_reads_are_bounded_and_not_lost(run: Run, limits: Limits, waiting: int) -> None:
    numbers = [str(number % 10) for number in range(20_000)]

    async def main() -> None:
        async with serving(Connection, limits=limits) as (server, peer):
            connection = await only(server)
            peer.send("".join(f"{number}\r\n" for number in numbers).encode())
            await until(lambda: connection._full)
            await asyncio.sleep(0.02)
            assert len(connection._lines) == waiting
            assert not connection._transport.is_reading()
            assert [await connection.readline() for _ in numbers] == numbers

    run(main)


def test_pause_of_the_program_outlasts_that_of_the_lines(run: Run) -> None:
    async def main() -> None:
        async with serving(Connection, limits=TINY) as (server, peer):
            connection = await only(server)
            peer.send(b"1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n")
            await until(lambda: connection._full)
            connection.pause()
            while connection._lines:
                await connection.readline()
            await asyncio.sleep(0.02)
            assert (len(connection._lines), connection.session.paused) == (0, True)
            connection.resume()
            assert await connection.readline() == "11"

    run(main)


def test_resume_waits_for_room_among_the_lines(run: Run) -> None:
    async def main() -> None:
        async with serving(Connection, limits=TINY) as (server, peer):
            connection = await only(server)
            peer.send(b"1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n")
            await until(lambda: connection._full)
            connection.pause()
            connection.resume()
            await asyncio.sleep(0.02)
            assert len(connection._lines) == 10

    run(main)


def test_pause_in_the_turn_that_would_go_on_holds(run: Run) -> None:
    class Few(Liner):
        limits = Limits(events=1, ready=0.05, close=0.2, linger=0.2)

        def on_line(self, line: str) -> None:
            super().on_line(line)
            asyncio.get_running_loop().call_soon(self.pause)

    async def main() -> None:
        async with serving(Few) as (server, peer):
            connection = await only(server)
            peer.send(b"one\r\ntwo\r\n")
            await until(lambda: connection.session.paused)
            await asyncio.sleep(0.02)
            assert connection.events == ["connect", "ready", "one"]

    run(main)


# Back-pressure: what is sent


def test_drain_waits_for_a_peer_that_does_not_read(run: Run) -> None:
    async def main() -> None:
        async with serving_slowly(Connection) as (connection, peer):
            sent = 0
            with suppress(asyncio.TimeoutError):
                while sent < 100 << 20:
                    connection.send("x" * 10000)
                    sent += 10000
                    await asyncio.wait_for(connection.drain(), 0.1)
            assert connection._transport.get_write_buffer_size() < 1 << 20
            draining = asyncio.create_task(connection.drain())
            while not draining.done():
                sent -= len(await peer.receive(65536))
            await draining
            connection.close()
            assert len(await peer.receive_all()) == sent

    run(main)


def test_coroutine_that_drains_never_has_too_much_waiting(run: Run) -> None:
    class Small(Connection):
        limits = Limits(unsent=40_000, ready=0.05, close=0.2, linger=0.2)

    async def main() -> None:
        async with serving_slowly(Small) as (connection, peer):
            with suppress(asyncio.TimeoutError):
                for _ in range(10_000):
                    connection.send("x" * 2000)
                    await asyncio.wait_for(connection.drain(), 0.1)
            assert not connection._writable
            assert connection.events == ["connect", "ready"]

    run(main)


def test_drain_sends_what_was_written(run: Run) -> None:
    async def main() -> None:
        async with serving(Connection) as (server, peer):
            connection = await only(server)
            connection.send("x")
            await connection.drain()
            assert connection.session.unsent == 0
            assert await peer.receive(1) == b"x"

    run(main)


def test_drain_of_a_closed_connection_raises(run: Run) -> None:
    async def main() -> None:
        async with serving(Connection) as (server, peer):
            connection = await only(server)
            connection.close()
            with pytest.raises(ConnectionResetError, match="the connection has ended"):
                await connection.drain()

    run(main)


def test_drain_raises_when_the_connection_ends_meanwhile(run: Run) -> None:
    async def main() -> None:
        async with serving_slowly(Connection) as (connection, peer):
            connection.send("x" * 900_000)
            draining = asyncio.create_task(connection.drain())
            await asyncio.sleep(0.02)
            assert not draining.done()
            connection.close(flush=False)
            with pytest.raises(ConnectionResetError):
                await draining

    run(main)


def test_much_is_sent_while_it_is_written(run: Run) -> None:
    async def main() -> None:
        async with serving(Connection) as (server, peer):
            connection = await only(server)
            connection.send("x" * 70000)
            assert connection.session.unsent == 0
            assert len(await peer.receive(70000)) == 70000

    run(main)


class Spilling(Connection):
    limits = Limits(ready=0.05, close=0.2, linger=0.2, unsent=200_000)


async def spill(connection: Any) -> None:
    """Write until too much waits."""
    while "slow consumer" not in connection.events:
        connection.send("x" * 65536)


def test_peer_that_does_not_read_is_closed(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        async with serving_slowly(Spilling) as (connection, peer):
            await spill(connection)
            await connection.wait_closed()
            assert connection.events == ["connect", "ready", "slow consumer", "close"]
        assert "more than 200000 bytes would wait to be sent; closing" in caplog.text

    run(main)


def test_handler_that_raises_the_limit_keeps_the_peer(run: Run) -> None:
    class Patient(Spilling):
        def on_slow_consumer(self) -> None:
            self.events.append("slow consumer")
            self.max_write_buffer *= 2

    async def main() -> None:
        async with serving_slowly(Patient) as (connection, peer):
            await spill(connection)
            connection.send("the end")
            connection.close()
            assert (await peer.receive_all()).endswith(b"xthe end")

    run(main)


def test_handler_that_makes_no_room_loses_the_peer(run: Run) -> None:
    class Stubborn(Spilling):
        def on_slow_consumer(self) -> None:
            self.events.append("slow consumer")

    async def main() -> None:
        async with serving_slowly(Stubborn) as (connection, peer):
            await spill(connection)
            await connection.wait_closed()
            assert connection.events[-3::2] == ["slow consumer", "close"]
            assert isinstance(connection.events[-2], StreamBufferOverflow)
            assert "65536 more exceed max_write_buffer 200000" in str(connection.events[-2])

    run(main)


def test_handler_that_closes_lets_what_waits_leave(run: Run) -> None:
    class Polite(Spilling):
        def on_slow_consumer(self) -> None:
            self.events.append("slow consumer")
            self.close()

    async def main() -> None:
        async with serving_slowly(Polite) as (connection, peer):
            await spill(connection)
            waits = connection._transport.get_write_buffer_size()
            assert 0 < waits <= 200_000
            assert len(await peer.receive_all()) >= waits
            assert connection.events[-2:] == ["slow consumer", "close"]

    run(main)


# Closing


def test_close_is_never_told_from_inside_the_call(run: Run) -> None:
    async def main() -> None:
        async with serving(Connection) as (server, peer):
            connection = await only(server)
            connection.close()
            assert (connection.closed, repr(server)) == (False, f"<Server with 0 connections at 0x{id(server):x}>")
            await until(lambda: connection.closed)
            assert repr(connection) == f"<Connection closed at 0x{id(connection):x}>"

    run(main)


def test_peer_that_takes_nothing_is_given_up(run: Run) -> None:
    async def main() -> None:
        async with serving_slowly(Connection) as (connection, peer):
            connection.send("x" * 900_000)
            connection.close()
            await connection.wait_closed()
            assert connection.events == ["connect", "ready", "close"]

    run(main)


def test_peer_that_takes_a_little_is_waited_for(run: Run) -> None:
    async def main() -> None:
        async with serving_slowly(Connection) as (connection, peer):
            connection.send("x" * 900_000)
            connection.close()
            received = 0
            while not connection.closed:
                received += len(await peer.receive(100_000))
                await asyncio.sleep(0.01)
            assert received + len(await peer.receive_all()) == 900_000

    run(main)


def test_close_is_over_when_the_output_has_left(run: Run) -> None:
    async def main() -> None:
        async with serving_slowly(Connection, limits=PATIENT) as (connection, peer):
            connection.send("x" * 900_000)
            connection.close()
            received = 0
            while not connection.closed:
                received += len(await peer.receive(65536))
            assert 0 < received <= 900_000

    run(main)


def test_reader_hears_of_a_close_before_the_output_has_left(run: Run) -> None:
    async def main() -> None:
        async with serving_slowly(Connection, limits=PATIENT) as (connection, peer):
            reading = asyncio.create_task(connection.readline())
            await asyncio.sleep(0.01)
            connection.send("x" * 900_000)
            connection.close()
            with pytest.raises(EOFError):
                await reading
            assert not connection.closed
            connection.close(flush=False)

    run(main)


def test_close_without_flush_cuts_a_flushing_one_short(run: Run) -> None:
    async def main() -> None:
        async with serving_slowly(Connection, limits=Limits(close=PATIENCE)) as (connection, peer):
            connection.send("x" * 900_000)
            connection.close()
            await asyncio.sleep(0.02)
            assert not connection.closed
            connection.close(flush=False)
            await connection.wait_closed()

    run(main)


def test_peer_that_never_closes_is_waited_for_a_moment(run: Run) -> None:
    async def main() -> None:
        async with serving(Connection) as (server, peer):
            connection = await only(server)
            connection.close()
            await until(lambda: connection.closed)
            peer.send(b"still here\r\n")
            assert not connection._lost
            await connection.wait_closed()

    run(main)


def test_peer_that_is_gone_unnoticed_does_not_keep_a_closing_connection(run: Run) -> None:
    async def main() -> None:
        async with serving(Connection, limits=Limits(ready=0.05, linger=PATIENCE)) as (server, peer):
            connection = await only(server)
            connection.pause()
            peer.reset()
            await asyncio.sleep(0.02)
            connection.close()
            await connection.wait_closed()
            assert connection.events == ["connect", "ready", "close"]

    run(main)


def test_input_behind_the_close_is_thrown_away(run: Run) -> None:
    async def main() -> None:
        async with serving(Liner, limits=PATIENT) as (server, peer):
            connection = await only(server)
            connection.pause()
            connection.close()
            peer.send(b"x" * 1_000_000)
            peer.end()
            assert await peer.receive_all() == b""
            await connection.wait_closed()
            assert connection.events == ["connect", "ready", "close"]

    run(main)


def test_end_of_input_while_the_output_waits_lets_that_leave(run: Run) -> None:
    async def main() -> None:
        async with serving_slowly(Connection) as (connection, peer):
            connection.send("x" * 900_000)
            connection.close()
            await asyncio.sleep(0.02)
            peer.socket.shutdown(socket.SHUT_WR)
            await asyncio.sleep(0.02)
            assert len(await peer.receive_all()) == 900_000

    run(main)


def test_connection_may_close_as_it_begins(run: Run) -> None:
    class Full(Recorder):
        def on_connect(self) -> None:
            super().on_connect()
            self.send_line("Full.")
            self.close()

    async def main() -> None:
        async with serving(Full) as (server, peer):
            assert await peer.receive_all() == b"Full.\r\n"

    run(main)


def test_block_with_a_connection_closes_it(run: Run) -> None:
    async def main() -> None:
        async with await aio.serve(echo, HOST, 0) as server:
            async with await aio.connect(*address_of(server)) as connection:
                connection.send_line("Hello")
                assert await connection.readline() == "You say: Hello"
            assert connection.closed

    run(main)


def test_block_that_raises_closes_at_once(run: Run) -> None:
    async def main() -> None:
        async with serving_slowly(Connection, limits=PATIENT) as (connection, peer):
            with pytest.raises(ValueError, match="oops"):
                async with connection:
                    connection.send("x" * 900_000)
                    raise ValueError("oops")
            assert connection.closed

    run(main)


def test_closed_connection_leaves_nothing_in_the_event_loop(run: Run) -> None:
    async def main() -> None:
        limits = Limits(ready=3 * PATIENCE, close=3 * PATIENCE, linger=3 * PATIENCE)
        async with serving(aio.MudConnection, limits=limits) as (server, peer):
            connection = weakref.ref(await only(server))
            peer.end()
            assert await peer.receive_all() == b""
            await until(lambda: gc.collect() + 1 and connection() is None)

    run(main)


# Handlers


def test_handler_runs_on_connections_of_this_shell(run: Run) -> None:
    async def main() -> None:
        async with serving(Liner) as (server, peer):
            connection = await only(server)
            peer.send(b"Hello\r\n")
            assert await peer.receive_until(b"\n") == b"You say: Hello\r\n"
            assert isinstance(connection, Liner) and isinstance(connection, aio.MudConnection)
            assert connection.events == ["connect", "ready", "Hello"]
            assert (connection.session.role, connection.server) == (Role.SERVER, server)
            assert (connection.remote_address, connection.local_address) == (
                peer.socket.getsockname(),
                peer.socket.getpeername(),
            )
            assert repr(connection) == f"<Liner with {connection.remote_address} at 0x{id(connection):x}>"

    run(main)


def test_lines_of_a_handler_that_wants_none_are_dropped(run: Run) -> None:
    async def main() -> None:
        async with serving(Recorder, limits=TINY) as (server, peer):
            connection = await only(server)
            peer.send(b"nobody reads this\r\n" * 100 + IAC + b"\xf6")
            assert await peer.receive_until(b"\n") == b"[Yes]\r\n"
            assert not connection._lines

    run(main)


def test_connection_of_this_shell_serves_as_it_is(run: Run) -> None:
    class Own(Connection):
        def on_ready(self) -> None:
            self.reading = asyncio.get_running_loop().create_task(self.read())

        async def read(self) -> None:
            self.send_line(f"You say: {await self.readline()}")

    async def main() -> None:
        async with serving(Own) as (server, peer):
            peer.send(b"Hello\r\n")
            assert await peer.receive_until(b"\n") == b"You say: Hello\r\n"
            connection = await only(server)
            assert type(connection) is Own

    run(main)


def test_functions_are_called_later(run: Run) -> None:
    async def main() -> None:
        async with serving(Liner) as (server, peer):
            connection = await only(server)
            connection.call_later(0.02, connection.on_line, "later")
            connection.call_later(0, connection.on_line, "soon")
            connection.call_later(0, [].pop)
            connection.call_later(0.01, connection.on_line, "never").cancel()
            await until(lambda: "later" in connection.events)
            assert connection.events[2] == "soon" and isinstance(connection.events[3], IndexError)
            with pytest.raises(TypeError, match="there has to be a function to call later, not NoneType"):
                connection.call_later(1, None)

    run(main)


def test_thread_comes_back_with_what_it_has_done(run: Run) -> None:
    async def main() -> None:
        async with serving(Liner) as (server, peer):
            connection = await only(server)
            await asyncio.to_thread(connection.call_from_thread, connection.on_line, "done")
            await until(lambda: connection.events[-1] == "done")
            with pytest.raises(TypeError, match="there has to be a function to call later, not NoneType"):
                connection.call_from_thread(None)
            await asyncio.get_running_loop().shutdown_default_executor()

    run(main)


USES: list[tuple[str, Callable[[Any], object]]] = [
    ("send", lambda connection: connection.send_line("never")),
    ("prompt", lambda connection: connection.prompt("never")),
    ("gmcp", lambda connection: connection.send_gmcp("Room.Info", {"num": 1})),
    ("msdp", lambda connection: connection.send_msdp("HEALTH", 1)),
    ("negotiate", lambda connection: connection.session[spoken.ECHO].hide()),
    ("close", lambda connection: connection.close()),
    ("pause", lambda connection: connection.pause()),
    ("resume", lambda connection: connection.resume()),
    ("timer", lambda connection: connection.call_later(0, print)),
    ("server", lambda connection: connection.server.close()),
]


@pytest.mark.parametrize(("name", "use"), USES, ids=[name for name, _ in USES])
@pytest.mark.parametrize("busy", [False, True])
def test_what_another_thread_does_to_a_connection_raises_there(run: Run, name: str, use: Any, busy: bool) -> None:
    class Speaking(Liner):
        options = (spoken.GMCP, spoken.MSDP(reportable=("HEALTH",)), spoken.ECHO)

    agreed = IAC + DO + spoken.GMCP.code + IAC + DO + spoken.MSDP.code

    async def main() -> None:
        async with serving(Speaking) as (server, peer):
            connection = await only(server)
            peer.send(agreed + IAC + b"\xfa" + spoken.MSDP.code + b"\x01REPORT\x02HEALTH" + IAC + b"\xf0")
            await until(lambda: connection.session[spoken.GMCP].local)
            await asyncio.sleep(0.02)
            await peer.reader.read(1000)
            if busy:
                connection.send("first ")  # so that a turn's end is under way
            with pytest.raises(RuntimeError, match="thread of the event loop; in another one call (connection|loop)"):
                await asyncio.to_thread(use, connection)
            connection.send_line("last")
            assert await peer.receive_until(b"\n") == (b"first last\r\n" if busy else b"last\r\n")
            await asyncio.get_running_loop().shutdown_default_executor()

    run(main)


@pytest.fixture(params=LOOPS)
def made(request: pytest.FixtureRequest) -> Iterator[asyncio.AbstractEventLoop]:
    """An event loop that the test runs by itself."""
    with closing(new_event_loop(request.param)) as loop:
        yield loop
    Recorder.made.clear()


def test_connection_may_be_used_while_its_event_loop_does_not_run(made: asyncio.AbstractEventLoop) -> None:
    async def begin() -> Any:
        server = await aio.serve(Liner, HOST, 0)
        reader, writer = await asyncio.open_connection(*address_of(server))
        return server, await only(server), reader, writer

    async def finish(server: aio.Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        async with server:
            line = await reader.readline()
            writer.close()
            await writer.wait_closed()
        return line

    server, connection, reader, writer = made.run_until_complete(begin())
    connection.send_line("between")
    assert made.run_until_complete(finish(server, reader, writer)) == b"between\r\n"


# The end of the event loop


@pytest.mark.parametrize("tls", [False, True])
def test_what_is_open_when_the_event_loop_ends_is_closed(
    made: asyncio.AbstractEventLoop, tls: bool, certificates: Certificates, caplog: pytest.LogCaptureFixture
) -> None:
    here, there = (certificates.server, certificates.client) if tls else (None, None)

    async def main() -> None:
        server = await aio.serve(Liner, HOST, 0, ssl=here, limits=PATIENT)
        await aio.connect(*address_of(server), connection=Liner, ssl=there, limits=PATIENT)
        await until(lambda: len(Recorder.made) == 2 and all(len(each.events) == 2 for each in Recorder.made))

    made.run_until_complete(main())
    made.run_until_complete(asyncio.wait_for(made.shutdown_asyncgens(), PATIENCE))

    assert [each.events for each in Recorder.made] == [["connect", "ready", "close"]] * 2
    assert caplog.records == []


def test_what_is_closed_has_nothing_to_do_when_the_event_loop_ends(made: asyncio.AbstractEventLoop) -> None:
    async def main() -> None:
        async with await aio.serve(Liner, HOST, 0, limits=QUICK) as server:
            async with await aio.connect(*address_of(server), connection=Liner, limits=QUICK):
                pass
        del server
        gc.collect()  # which would have the event loop close what waits for its end
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    made.run_until_complete(main())


# What leaves the event loop


def run_through(loop: asyncio.AbstractEventLoop, coroutine: Any) -> Any:
    """Run a coroutine to its end, however often the event loop is left meanwhile."""
    task = loop.create_task(coroutine)
    late = loop.call_later(PATIENCE, task.cancel)
    while not task.done():
        # uvloop stops once more for a task that was done when it was left.
        with suppress(KeyboardInterrupt, SystemExit, RuntimeError):
            loop.run_until_complete(task)
    late.cancel()
    return task.result()


@pytest.mark.parametrize("raised", [KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize("where", ["connect", "ready", "line", "input end"])
def test_what_was_read_is_not_lost_where_a_handler_ends_the_event_loop(
    made: asyncio.AbstractEventLoop, raised: type[BaseException], where: str, tls: bool, certificates: Certificates
) -> None:
    class Interrupted(Liner):
        interrupts = 1

        def check(self, event: str) -> None:
            if event == where and Interrupted.interrupts:
                Interrupted.interrupts -= 1
                raise raised

        def on_connect(self) -> None:
            super().on_connect()
            self.check("connect")

        def on_ready(self) -> None:
            super().on_ready()
            self.check("ready")

        def on_line(self, line: str) -> None:
            super().on_line(line)
            self.check("line")

        def on_input_end(self) -> None:
            self.events.append("input end")
            self.check("input end")

    here, there = (certificates.server, certificates.client) if tls else (None, None)

    async def begin() -> Any:
        server = await aio.serve(Interrupted, HOST, 0, ssl=here)
        return server, *await asyncio.open_connection(*address_of(server), ssl=there)

    async def go_on(writer: asyncio.StreamWriter) -> None:
        writer.write(b"one\r\ntwo\r\nthree\r\nfour\r\n")
        await until(lambda: "four" in Recorder.made[0].events)
        writer.close() if tls else writer.write_eof()
        await until(lambda: "input end" in Recorder.made[0].events)
        await asyncio.sleep(0.02)

    async def finish(server: aio.Server, writer: asyncio.StreamWriter) -> None:
        async with server:
            server.close(flush=False)
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    server, reader, writer = run_through(made, begin())
    run_through(made, go_on(writer))
    run_through(made, finish(server, writer))
    assert Interrupted.interrupts == 0
    assert Recorder.made[0].events == ["connect", "ready", "one", "two", "three", "four", "input end", "close"]


def test_option_that_fails_costs_its_connection_alone(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    class Faulty(spoken.Option):
        code = b"\x63"

        def open(self) -> None:
            raise ValueError("oops")

    async def main() -> None:
        async with serving(Liner, options=(Faulty,)) as (server, peer):
            with suppress(ConnectionResetError):
                assert await peer.receive_all() == b""
            await until(lambda: not server._present)
            assert [str(event) for event in Recorder.made[0].events] == ["oops", "close"]
        assert [record.name for record in caplog.records] == ["telnet"]

    run(main)


def test_server_forgets_a_connection_whose_end_ends_the_event_loop(made: asyncio.AbstractEventLoop) -> None:
    class Interrupting(Liner):
        def on_close(self) -> None:
            super().on_close()
            raise KeyboardInterrupt

    async def begin() -> aio.Server:
        server = await aio.serve(Interrupting, HOST, 0, limits=QUICK)
        async with peer_of(server):
            await only(server)
        return server

    async def finish(server: aio.Server) -> None:
        await until(lambda: not server._present)
        async with server:
            pass

    run_through(made, finish(run_through(made, begin())))
    assert Recorder.made[0].events[-1] == "close"


def test_answer_leaves_in_the_turn_of_its_question(run: Run) -> None:
    class Prompt(Liner):
        def on_line(self, line: str) -> None:
            self.send_line(f"You say: {line}")

    async def main() -> None:
        async with serving(Prompt) as (server, peer):
            connection = await only(server)
            connection.data_received(b"one\r\n")
            assert connection.session.unsent == 0
            assert await peer.reader.readline() == b"You say: one\r\n"

    run(main)


def test_one_turn_is_one_send(run: Run) -> None:
    async def main() -> None:
        async with serving(Connection) as (server, peer):
            connection = await only(server)
            connection.send("one")
            connection.send("two")
            assert connection.session.unsent == 6
            await asyncio.sleep(0.01)
            assert connection.session.unsent == 0
            assert await peer.reader.read(100) == b"onetwo"

    run(main)


def test_settings_of_the_server_are_those_of_its_connections(run: Run) -> None:
    async def main() -> None:
        limits = Limits(ready=0.05, linger=0.1, line=10)
        settings: dict[str, Any] = {"options": (spoken.EOR,), "encoding": "latin-1", "fallback": None}
        settings |= {"legacy_encoding": None, "edit_lines": True}
        async with serving(Liner, limits=limits, keepalive=True, nodelay=False, **settings) as (server, peer):
            connection = await only(server)
            assert list(connection.session.options) == [EOR]
            assert connection.session.encoding == "iso8859-1"
            assert connection.session.edit_lines
            assert connection.limits is limits
            sock = connection._transport.get_extra_info("socket")
            assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            assert not sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            assert (type(connection).__name__, type(connection).__module__) == ("Liner", Liner.__module__)
        assert Liner.options == ()

    run(main)


def test_nodelay_is_on_and_keepalive_off_by_default(run: Run) -> None:
    async def main() -> None:
        async with serving(Connection) as (server, peer):
            connection = await only(server)
            sock = connection._transport.get_extra_info("socket")
            assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            assert not sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)

    run(main)


# Servers


@pytest.mark.parametrize("bad", [object, "player", None, spoken.EOR])
def test_what_is_no_handler_is_refused(run: Run, bad: Any) -> None:
    async def main() -> None:
        with pytest.raises(TypeError, match="handler must be a subclass of MudHandler or a coroutine function, not"):
            await aio.serve(bad, HOST, 0)

    run(main)


class Programs:
    """Coroutine functions of every kind, and what is mistaken for them."""

    async def two(self, reader: Any, writer: Any) -> None: ...

    def plain_two(self, reader: Any, writer: Any) -> None: ...

    async def none(self) -> None: ...

    async def named(self, *, connection: Any) -> None: ...

    def plain(self, connection: Any) -> None: ...

    async def generator(self, connection: Any) -> Any:
        yield

    async def right(self, connection: aio.MudConnection, greeting: str = "Hello!") -> None:
        connection.send_line(greeting)

    async def __call__(self, connection: aio.MudConnection) -> None:
        await self.right(connection)


RIGHT = r"async def \w+\(connection\), which reads with await connection.readline\(\)$"


@pytest.mark.parametrize(
    ("bad", "text"),
    [
        (Programs().two, r"two must take one argument, the connection, not \(reader: .*, writer: .*\) -> .*: "),
        (Programs().plain_two, "plain_two must take one argument, the connection, not "),
        (Programs.right, "right must take one argument, the connection, not "),  # no object, of which this is a method
        (partial(Programs.two, Programs()), "two must take one argument, the connection, not "),
        (partial(partial(Programs.two), 1, 2, 3), "two must take one argument, the connection, not "),
        (Programs().none, r"none must take one argument, the connection, not \(\)"),
        (Programs().named, "named must take one argument, the connection, not "),
        (Programs().plain, "plain must be a coroutine function, not <bound method "),
        (partial(Programs().plain), "plain must be a coroutine function, not functools.partial"),
        (Programs().generator, "generator must be a coroutine function, not "),
        (lambda connection: None, "<lambda> must be a coroutine function, not <function "),
        (lambda reader, writer: None, "<lambda> must take one argument, "),
        (print, "print must be a coroutine function, not <built-in function print>"),
        (max, "max must be a coroutine function, not <built-in function max>"),
    ],
)
def test_program_that_cannot_be_called_with_a_connection_is_refused(run: Run, bad: Any, text: str) -> None:
    async def main() -> None:
        with pytest.raises(TypeError, match=text) as raised:
            await aio.serve(bad, HOST, 0)
        assert re.search(RIGHT, str(raised.value))

    run(main)


@pytest.mark.parametrize(
    "program",
    [Programs().right, Programs(), partial(Programs.right, Programs()), partial(Programs().right, greeting="Hello!")],
)
def test_program_of_any_kind_is_called_with_a_connection(run: Run, program: Any) -> None:
    async def main() -> None:
        async with serving(program) as (server, peer):
            assert await peer.receive_all() == b"Hello!\r\n"

    run(main)


@pytest.mark.parametrize(
    "arguments, error, text",
    [
        ({"optons": ()}, TypeError, "unknown argument 'optons' of serve; known are options, limits, "),
        ({"options": ("NAWS",)}, TypeError, "options must be classes or instances of Option, not 'NAWS'"),
        ({"options": (spoken.EOR, spoken.EOR)}, ValueError, "option EOR is given twice"),
        ({"encoding": "utf-16"}, ValueError, "utf-16"),
        ({"limits": 5}, TypeError, "limits of MudConnection must be a Limits, not 5"),
        ({"backlog": "many"}, TypeError, "backlog must be an int, not str"),
        ({"connection": MudHandler}, TypeError, "connection must be a subclass of aio.MudConnection, not <class"),
        ({"connection": "mud"}, TypeError, "connection must be a subclass of aio.MudConnection, not 'mud'"),
    ],
)
def test_arguments_that_are_wrong_raise_at_the_call(
    run: Run, arguments: Any, error: type[Exception], text: str
) -> None:
    async def main() -> None:
        with pytest.raises(error, match=text):
            await aio.serve(echo, HOST, 0, **arguments)

    run(main)


def test_port_that_is_taken_raises(run: Run) -> None:
    async def main() -> None:
        with socket.create_server((HOST, 0)) as taken, pytest.raises(OSError) as raised:
            await aio.serve(echo, HOST, taken.getsockname()[1])
        assert raised.value.errno == errno.EADDRINUSE

    run(main)


def test_server_closes_its_connections_and_waits_for_them(run: Run) -> None:
    async def main() -> None:
        async with serving(Liner) as (server, peer):
            connection = await only(server)
            connection.send_line("Goodbye.")
            server.close()
            assert len(server.connections) == 0
            assert await peer.receive_all() == b"Goodbye.\r\n"
            peer.writer.close()
            await server.wait_closed()
            assert connection.events == ["connect", "ready", "close"]
            assert server.sockets == ()
            assert repr(server) == f"<Server closed at 0x{id(server):x}>"

    run(main)


def test_server_that_closes_without_flush_drops_what_waits(run: Run) -> None:
    async def main() -> None:
        async with serving(Liner, limits=Limits(close=PATIENCE, linger=PATIENCE)) as (server, peer):
            connection = await only(server)
            server.close()
            await until(lambda: connection.closed)
            server.close(flush=False)
            await server.wait_closed()

    run(main)


def test_closed_server_is_waited_for_before_it_is_closed(run: Run) -> None:
    async def main() -> None:
        async with await aio.serve(echo, HOST, 0) as server:
            waiting = asyncio.create_task(server.wait_closed())
            serving = asyncio.create_task(server.serve_forever())
            await asyncio.sleep(0.01)
            assert not (waiting.done() or serving.done())
            server.close()
            await asyncio.gather(waiting, serving)

    run(main)


def test_cancelled_server_leaves_nothing_behind(run: Run) -> None:
    ended: list[str] = []

    async def reader(connection: aio.MudConnection) -> None:
        connection.send_line("Hello.")
        async for _ in connection:
            pass
        ended.append("in order")

    async def main() -> None:
        server = await aio.serve(reader, HOST, 0, limits=QUICK)
        forever = asyncio.create_task(server.serve_forever())
        async with peer_of(server) as peer:
            await peer.receive_until(b"\n")
            forever.cancel()
            assert await peer.receive_all() == b""
            peer.writer.close()
            with pytest.raises(asyncio.CancelledError):
                await forever
        assert ended == ["in order"]
        assert not (server._present or server._tasks)

    run(main)


def test_coroutine_that_does_not_notice_the_end_is_cancelled_with_its_server(run: Run) -> None:
    ended: list[str] = []

    async def deaf(connection: aio.MudConnection) -> None:
        try:
            connection.send_line("Hello.")
            await asyncio.sleep(PATIENCE)
        finally:
            ended.append("cancelled")

    async def main() -> None:
        async with serving(deaf) as (server, peer):
            await peer.receive_until(b"\n")
            peer.writer.close()
        assert ended == ["cancelled"]

    run(main)


def test_coroutine_may_wait_for_the_end_of_its_server(run: Run) -> None:
    ended: list[str] = []

    async def shutdown(connection: Any) -> None:
        connection.server.close()
        await connection.server.wait_closed()
        ended.append("in order")

    async def main() -> None:
        async with serving(shutdown) as (server, peer):
            assert await peer.receive_all() == b""
            peer.writer.close()
        assert ended == ["in order"]

    run(main)


# Clients


def test_client_waits_until_it_is_ready(run: Run) -> None:
    async def main() -> None:
        async with await aio.serve(Connection, HOST, 0) as server:
            async with await aio.connect(*address_of(server), limits=QUICK) as client:
                assert not client.session.ready
                await client.ready()
                assert client.session.ready
                assert (client.session.role, client.server) == (Role.CLIENT, None)

    run(main)


def test_client_that_is_closed_before_it_is_ready_is_told(run: Run) -> None:
    async def main() -> None:
        async with await aio.serve(Connection, HOST, 0) as server:
            async with await aio.connect(*address_of(server)) as client:
                client.close()
                with pytest.raises(EOFError, match="the connection ended before it was ready"):
                    await client.ready()

    run(main)


def test_client_of_a_class_of_its_own(run: Run) -> None:
    class Bot(Connection):
        options = (spoken.EOR,)

        def on_prompt(self, text: str) -> None:
            self.events.append(text)

    async def ask(connection: aio.MudConnection) -> None:
        connection.prompt("Name? ")
        await echo(connection)

    async def main() -> None:
        async with await aio.serve(ask, HOST, 0, options=(spoken.EOR,), limits=QUICK) as server:
            async with await aio.connect(*address_of(server), connection=Bot) as bot:
                await until(lambda: "Name? " in bot.events)

    run(main)


def test_handler_is_a_client_on_this_shell(run: Run) -> None:
    async def main() -> None:
        async with await aio.serve(echo, HOST, 0, limits=QUICK) as server:
            async with await aio.connect(*address_of(server), connection=Liner) as client:
                client.send_line("Hello")
                await until(lambda: "You say: Hello" in client.events)  # type: ignore[attr-defined]

    run(main)


@pytest.mark.parametrize("bad", [object, "player"])
def test_what_is_no_connection_is_refused(run: Run, bad: Any) -> None:
    async def main() -> None:
        with pytest.raises(TypeError, match="a handler is a subclass of MudHandler, not"):
            await aio.connect(HOST, 1, connection=bad)
        with pytest.raises(TypeError, match="unknown argument 'backlog' of connect"):
            await aio.connect(HOST, 1, backlog=1)  # type: ignore[call-overload]

    run(main)


def test_options_of_a_client_are_checked_as_those_of_a_client(run: Run) -> None:
    async def main() -> None:
        with pytest.raises(ValueError, match="MSSP requires the variables"):
            await aio.serve(echo, HOST, 0, options=(spoken.MSSP,))
        async with await aio.serve(echo, HOST, 0, limits=QUICK) as server:
            async with await aio.connect(*address_of(server), options=(spoken.MSSP,)):
                pass

    run(main)


def test_nobody_there_raises(run: Run) -> None:
    async def main() -> None:
        with socket.socket() as nobody:
            nobody.bind((HOST, 0))  # bound, and not listening
            with pytest.raises(ConnectionRefusedError):
                await aio.connect(*nobody.getsockname())

    run(main)


def test_connecting_takes_no_longer_than_the_limit(run: Run) -> None:
    async def main() -> None:
        with (
            socket.create_server((HOST, 0), backlog=0) as listener,
            socket.socket() as first,
            socket.socket() as second,
        ):
            for crowd in (first, second):  # whom nobody accepts, so that there is no room for more
                crowd.setblocking(False)
                crowd.connect_ex(listener.getsockname())
            with pytest.raises(TimeoutError, match="no connection in time; limits.connect is 0.1 seconds") as raised:
                await aio.connect(*listener.getsockname(), limits=Limits(connect=0.1))
            assert raised.value.errno == errno.ETIMEDOUT

    run(main)


def test_client_is_closed_with_its_server_and_keeps_the_lines(run: Run) -> None:
    async def greet(connection: aio.MudConnection) -> None:
        connection.send_line("one")
        connection.send_line("two")

    async def main() -> None:
        async with await aio.serve(greet, HOST, 0) as server:
            client = await aio.connect(*address_of(server), limits=Limits(close=PATIENCE))
            assert await client.readline() == "one"
            await client.wait_closed()
            assert [line async for line in client] == ["two"]

    run(main)


@pytest.mark.parametrize("tls", [False, True])
def test_cancelled_connect_leaves_nothing_behind(run: Run, certificates: Certificates, tls: bool) -> None:
    async def main() -> None:
        here, there = (certificates.server, certificates.client) if tls else (None, None)
        async with await aio.serve(Connection, HOST, 0, ssl=here) as server:
            for turns in range(40):
                making = aio.connect(*address_of(server), connection=Connection, ssl=there)
                connecting = asyncio.create_task(making)
                for _ in range(turns):
                    await asyncio.sleep(0)
                connecting.cancel()
                with suppress(asyncio.CancelledError):
                    async with await connecting:
                        pass
            await until(lambda: not server._present)
            await until(lambda: all(each._lost for each in Recorder.made if each.events))

    run(main)


def test_cancelled_reader_leaves_the_connection_to_who_has_it(run: Run) -> None:
    async def main() -> None:
        async with await aio.serve(echo, HOST, 0, limits=QUICK) as server:
            async with await aio.connect(*address_of(server)) as client:
                reading = asyncio.create_task(client.readline())
                await asyncio.sleep(0.01)
                reading.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await reading
                client.send_line("Hello")
                assert await client.readline() == "You say: Hello"

    run(main)


# TLS


def test_connection_is_secured_from_the_start(run: Run, certificates: Certificates) -> None:
    async def main() -> None:
        async with await aio.serve(echo, HOST, 0, ssl=certificates.server, limits=QUICK) as server:
            async with await aio.connect(*address_of(server), ssl=certificates.client) as client:
                connection = await only(server)
                assert (client.client.tls, connection.client.tls) == (True, True)
                client.send_line("Hello")
                assert await client.readline() == "You say: Hello"

    run(main)


def test_server_that_is_not_trusted_is_refused(run: Run, certificates: Certificates) -> None:
    async def main() -> None:
        async with await aio.serve(echo, HOST, 0, ssl=certificates.server) as server:
            with pytest.raises(ssl.SSLCertVerificationError):
                await aio.connect(*address_of(server), ssl=True)

    run(main)


def test_peer_that_never_shakes_hands_is_given_up(run: Run, certificates: Certificates) -> None:
    async def main() -> None:
        limits = Limits(handshake=0.1)
        async with serving(echo, ssl=certificates.server, limits=limits) as (server, peer):
            with suppress(ConnectionResetError):
                assert await peer.receive_all() == b""
            assert not server.connections

    run(main)


def test_last_output_leaves_over_tls(run: Run, certificates: Certificates) -> None:
    async def big(connection: aio.MudConnection) -> None:
        connection.send("x" * 900_000)

    async def main() -> None:
        async with await aio.serve(big, HOST, 0, ssl=certificates.server) as server:
            async with peer_of(server, ssl=certificates.client) as peer:
                await asyncio.sleep(0.05)
                assert len(await peer.receive_all()) == 900_000

    run(main)


def test_tls_peer_that_takes_nothing_is_given_up(run: Run, certificates: Certificates) -> None:
    async def main() -> None:
        async with await aio.serve(Connection, HOST, 0, ssl=certificates.server) as server:
            async with peer_of(server, ssl=certificates.client) as peer:
                connection = await only(server)
                peer.writer.transport.pause_reading()
                for _ in range(14):
                    connection.send("x" * 65536)
                connection.close()
                await connection.wait_closed()
                assert connection.events == ["connect", "ready", "close"]
                peer.writer.transport.abort()

    run(main)


@pytest.mark.parametrize("events", [1, 1000])
def test_lines_before_the_end_of_tls_are_all_answered_or_read(
    run: Run, certificates: Certificates, events: int
) -> None:
    class Few(Liner):
        limits = Limits(events=events, ready=0.05, close=0.2, linger=0.2)

    async def main() -> None:
        async with await aio.serve(Few, HOST, 0, ssl=certificates.server) as server:
            async with peer_of(server, ssl=certificates.client) as peer:
                connection = await only(server)
                peer.send(b"one\r\ntwo\r\nthree")
                peer.writer.close()
                await connection.wait_closed()
                assert connection.events[:5] == ["connect", "ready", "one", "two", "three"]
                assert connection.events[-1] == "close"

    run(main)


def test_lines_that_wait_do_not_keep_a_tls_connection_that_has_ended(run: Run, certificates: Certificates) -> None:
    async def main() -> None:
        async with await aio.serve(Connection, HOST, 0, ssl=certificates.server, limits=PATIENT) as server:
            async with peer_of(server, ssl=certificates.client) as peer:
                connection = await only(server)
                peer.send(b"one\r\ntwo\r\n")
                peer.writer.close()
                await connection.wait_closed()
                assert [line async for line in connection] == ["one", "two"]

    run(main)


def test_end_without_the_end_of_tls_is_one_too(run: Run, certificates: Certificates) -> None:
    async def main() -> None:
        async with await aio.serve(Liner, HOST, 0, ssl=certificates.server) as server:
            loop = asyncio.get_running_loop()
            client = socket.create_connection(address_of(server), timeout=PATIENCE)
            secured = certificates.client.wrap_socket(
                client, server_hostname="localhost", do_handshake_on_connect=False
            )
            await loop.run_in_executor(None, secured.do_handshake)
            await loop.run_in_executor(None, secured.sendall, b"one\r\ntwo")
            connection = await only(server)
            assert await loop.run_in_executor(None, secured.recv, 100) == b"You say: one\r\n"
            secured.close()
            await connection.wait_closed()
            assert connection.events == ["connect", "ready", "one", "two", "close"]
            await loop.shutdown_default_executor()

    run(main)


def test_lines_before_the_end_of_tls_wait_for_who_reads_them(run: Run, certificates: Certificates) -> None:
    read: list[str] = []

    async def slow(connection: aio.MudConnection) -> None:
        await asyncio.sleep(0.05)
        async for line in connection:
            read.append(line)

    async def main() -> None:
        limits = Limits(events=2, ready=0.05, close=PATIENCE, linger=0.2)
        async with await aio.serve(slow, HOST, 0, ssl=certificates.server, limits=limits) as server:
            async with peer_of(server, ssl=certificates.client) as peer:
                connection = await only(server)
                peer.send(b"one\r\ntwo\r\nthree\r\nfour\r\nfive")
                peer.writer.close()
                await connection.wait_closed()
                await until(lambda: not server._tasks)
                assert read == ["one", "two", "three", "four", "five"]

    run(main)


def test_lines_before_the_end_of_tls_do_not_wait_for_ever(run: Run, certificates: Certificates) -> None:
    async def main() -> None:
        limits = Limits(events=1, ready=0.05, close=0.2, linger=0.2)
        async with await aio.serve(Connection, HOST, 0, ssl=certificates.server, limits=limits) as server:
            async with peer_of(server, ssl=certificates.client) as peer:
                connection = await only(server)
                peer.send(b"one\r\ntwo\r\nthree")
                peer.writer.close()
                await connection.wait_closed()
                assert await connection.readline() == "one"

    run(main)


def test_who_shakes_hands_while_the_server_closes_is_turned_away(run: Run, certificates: Certificates) -> None:
    async def main() -> None:
        limits = Limits(handshake=3 * PATIENCE)
        async with await aio.serve(Connection, HOST, 0, ssl=certificates.server, limits=limits) as server:
            async with peer_of(server) as peer:
                await until(lambda: Recorder.made)
                server.close()
                await server.wait_closed()
                with suppress(ConnectionResetError):
                    assert await peer.receive_all() == b""
        assert Recorder.made[0].events == []

    run(main)


# Options


def test_options_are_agreed_on_over_the_wire(run: Run) -> None:
    async def ask(connection: aio.MudConnection) -> None:
        connection.prompt("? ")

    async def main() -> None:
        async with serving(ask, options=(spoken.EOR,)) as (server, peer):
            assert await peer.receive(3) == IAC + WILL + EOR
            peer.send(IAC + DO + EOR + IAC + DO + NAWS + IAC + DONT + NAWS)
            assert await peer.receive_all() in (
                b"? " + IAC + CMD_EOR + IAC + WONT + NAWS,
                IAC + WONT + NAWS + b"? " + IAC + CMD_EOR,
            )

    run(main)


def test_program_that_is_ended_closes_its_connections(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    """As asyncio.run does when its main coroutine has returned."""

    async def main() -> None:
        server = await aio.serve(echo, HOST, 0, limits=QUICK)
        async with peer_of(server) as peer:
            peer.send(b"Hello\r\n")
            await peer.receive_until(b"\n")
            [task] = server._tasks
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert not server._present
        server.close()
        await server.wait_closed()

    with caplog.at_level(logging.WARNING):
        run(main)
    assert caplog.records == []
