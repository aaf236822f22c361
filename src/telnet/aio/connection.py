"""Connections on asyncio, with a session each."""

from __future__ import annotations

import asyncio
import errno
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, NoReturn, cast

from telnet.address import display_address
from telnet.exceptions import StreamBufferOverflow
from telnet.handler import MudHandler
from telnet.keepalive import Keepalive
from telnet.log_share import LogShare
from telnet.options.option import Role
from telnet.options.timing_mark import TIMING_MARK
from telnet.session import WAKE_EACH
from telnet.sockets import LOOK_EACH, is_gone, prepare

if TYPE_CHECKING:
    from typing_extensions import Self

    from telnet.aio.server import Server

__all__ = ["Guardian", "HandlerConnection", "MudConnection", "Program", "check_thread"]

Program = Callable[[Any], Awaitable[object]]
"""A coroutine function that is called with a connection."""

_ONE_ROUND: Final = 0.001  # seconds, so that a timer of uvloop has to wait for another round

# The part of ``limits.unsent`` above which ``drain`` waits: 64 KiB of a MiB, where asyncio itself would draw the line.
DRAIN_PART: Final = 16


def _length(line: str | None) -> int:
    """What counts of a line that waits: the end of it, too."""
    return 1 if line is None else len(line) + 1


def _throw(exc: BaseException) -> NoReturn:
    raise exc


class Guardian:
    """Has what is open closed when its event loop ends, as ``asyncio.run`` ends it: with all asynchronous generators.

    :param close: what closes at once, and waits for that.
    """

    def __init__(self, close: Callable[[], Awaitable[object]]) -> None:
        self._waiting = self._wait(close)

    async def arm(self) -> None:
        """Begin, in the event loop that is running."""
        await self._waiting.__anext__()

    def disarm(self) -> None:
        """End: it is closed.  Called from inside of what closes, too."""
        with suppress(StopAsyncIteration, RuntimeError):
            self._waiting.asend(None).send(None)

    @staticmethod
    async def _wait(close: Callable[[], Awaitable[object]]) -> AsyncGenerator[None, None]:
        try:
            yield
        except GeneratorExit:
            await close()


def check_thread(loop: asyncio.AbstractEventLoop, right: str) -> None:
    """Check that what belongs to an event loop is used in its thread; ``RuntimeError`` if that is another one.

    :param loop: the event loop.
    :param right: what would be right in another thread.
    """
    if asyncio._get_running_loop() is not loop and loop.is_running():
        raise RuntimeError(f"must be called in the thread of the event loop; in another one call {right}")


class MudConnection(asyncio.Protocol, MudHandler):
    """A connection with a session, on asyncio; :func:`serve` and :func:`connect` make it.

    It is a :class:`~telnet.handler.MudHandler`, where its senders and events are.  Lines wait for :meth:`readline`, or
    ``async for line in connection``, unless a subclass has an ``on_line`` of its own.  Where ``limits.unread``
    characters or ``limits.events`` lines wait, nothing more is read from the peer.

    ``async with connection:`` closes it in the end; at once, if the block raises.

    It belongs to the thread of its event loop: in another one, all that writes, closes, pauses or sets a timer raises
    :exc:`RuntimeError`, but for :meth:`call_from_thread`.
    """

    keepalive: bool | Keepalive = False
    """Whether the system probes the silent peers of this class (SO_KEEPALIVE), and when: a
    :class:`~telnet.Keepalive`, or True for its defaults."""

    nodelay: bool = True
    """Whether TCP_NODELAY is set on connections of this class."""

    remote_address: Any = None
    """The peer's address, as its socket gives it.  Can be set, for a peer behind a proxy."""

    local_address: Any = None
    """Our own address, as the socket gives it."""

    server: Server | None = None
    """The server that accepted this connection, None on the side that connected."""

    _loop: asyncio.AbstractEventLoop

    def __init__(self) -> None:
        self.max_write_buffer = self.limits.unsent
        self._program: Program | None = None
        self._task: asyncio.Task[None] | None = None
        self._lines: deque[str | None] = deque()  # None is a question whether those before it are processed
        self._unread = 0  # characters in the lines, and one for the end of each
        self._full = False  # whether that is too much
        self._held = False  # whether the program called pause()
        self._answering = False  # whether who read the latest line has not come back for another
        self._writable = True
        self._handed_over = 0  # bytes of files, and of what was written after them
        self._of_files = 0  # how many of them the transport may still have that are of files
        self._input_ended = False
        self._input_finished = False  # whether all that came was delivered, too
        self._over = False  # whether on_close has been called
        self._lost = False  # whether the transport is gone
        self._fault: Exception | None = None  # why this could not begin
        self._guardian: Guardian | None = None  # of a client; a server has one for all of its connections
        self._flushing: asyncio.Handle | None = None
        self._receiving = False  # whether the session is being given what was read
        self._due = False  # whether something is to be sent at the end of that
        self._continuing: asyncio.Handle | None = None  # the turn in which the session goes on with what it has
        self._alarm: asyncio.TimerHandle | None = None  # for what the session does in time
        self._end_timer: asyncio.TimerHandle | None = None
        self._look_timer: asyncio.TimerHandle | None = None
        self._waiters: dict[asyncio.Future[None], None] = {}

    def __repr__(self) -> str:
        state = "closed" if self._over else f"with {self.remote_address}"
        return f"<{type(self).__name__} {state} at 0x{id(self):x}>"

    @property
    def closed(self) -> bool:
        """Whether this is over for good (``bool``)."""
        return self._over

    def call_later(self, delay: float, function: Callable[..., Any], *arguments: Any) -> asyncio.TimerHandle:
        """Call a function in so many seconds; return the :class:`asyncio.TimerHandle`."""
        self._check_thread()
        return self._loop.call_later(delay, self._guarded(function), *arguments)

    def call_from_thread(self, function: Callable[..., Any], *arguments: Any) -> None:
        """Call a function soon, in the event loop's thread; any thread may call this."""
        self._loop.call_soon_threadsafe(self._guarded(function), *arguments)

    def _check_thread(self) -> None:
        if asyncio._get_running_loop() is not self._loop:  # one call less for each write
            check_thread(self._loop, "connection.call_from_thread(connection.send_line, text)")

    def _time(self) -> float:
        return self._loop.time()

    def _log_share_of_server(self) -> LogShare | None:
        return None if self.server is None else self.server._log_share

    # The beginning

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The event loop's part: the connection is up."""
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=self.limits.unsent // DRAIN_PART)
        if (connected := self._extra_info("socket")) is not None:
            prepare(connected, keepalive=self.keepalive, nodelay=self.nodelay)
        if self.remote_address is None:  # a server knows it before, and a peer that was reset has none any more
            self.remote_address = display_address(self._extra_info("peername"))
        self.local_address = display_address(self._extra_info("sockname"))
        if self._may_begin():
            self._turn(self.session.start, self._loop.time())
        else:
            self._over = True  # and has never begun
            self._leave()
            self._transport.abort()

    def _may_begin(self) -> bool:
        if self.server is not None and not self.server._join(self):
            return False
        try:
            self._transport.pause_reading()
            self._transport.resume_reading()  # which raises here if the system cannot watch one more, not unseen later
            self._make_session()
        except Exception as exc:
            if self.server is None:
                self._fault = exc  # which connect() raises
            else:
                self._report(exc)
            return False
        return True

    def _make_session(self) -> None:
        role = Role.CLIENT if self.server is None else Role.SERVER
        session = self.make_session(role, wake=self._session_wakes, report=self._report)
        session.check = self._check_thread
        session.alarm = self._set_alarm
        session.client.tls = self._transport.get_extra_info("ssl_object") is not None

    def _extra_info(self, name: str) -> Any:
        """What the transport knows, None where the system does not tell any more: uvloop asks it each time."""
        try:
            return self._transport.get_extra_info(name)
        except OSError:
            return None

    def _set_alarm(self, deadline: float) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = self._loop.call_at(deadline, self._ring, deadline)

    def _ring(self, deadline: float) -> None:
        # In another round: uvloop calls timers before anything is read, and what a peer has sent in time counts.
        self._alarm = self._loop.call_later(_ONE_ROUND, self._tick, deadline)

    def _tick(self, deadline: float) -> None:
        # It has come, even if the clock is too coarse to say so.
        output_waits = self._transport.get_write_buffer_size() > 0
        self._turn(self.session.tick, max(deadline, self._loop.time()), output_waits)

    async def ready(self) -> None:
        """Wait until ``on_ready`` has been called.

        :raises EOFError: when the connection ends before.
        """
        await self._until(lambda: self.session.ready or self.session.closed)
        if not self.session.ready:
            raise EOFError("the connection ended before it was ready")

    # The coroutine of serve()

    def _start(self, program: Program) -> None:
        self._program = None  # before a task that may begin inside the call
        self._task = self._loop.create_task(self._run(program))
        if self.server is not None:
            self.server._keep(self._task)

    async def _run(self, program: Program) -> None:
        try:
            await program(self)
        except (EOFError, ConnectionError) as exc:
            if not self._ending:  # else this is how it was told of the end
                self._report(exc)
        except Exception as exc:
            self._report(exc)
        except BaseException:
            self.close(flush=False)
            raise
        for _ in range(self._lines.count(None)):
            self.session[TIMING_MARK].announce()
        self.close()

    # Reading

    def data_received(self, data: bytes) -> None:
        """The event loop's part: the peer sent something."""
        self._receiving = True
        try:
            self._turn(self.session.receive, data, self._loop.time())
        finally:
            self._receiving = False
        if self._due:
            self._flush()

    def _turn(self, function: Callable[..., object], *arguments: Any) -> None:
        self._attempt(function, *arguments)
        self._go_on()

    def _attempt(self, function: Callable[..., object], *arguments: Any) -> None:
        """Call what may call a handler; nothing that is raised gets into the event loop's transport, which it breaks.

        So what is to end the event loop, such as KeyboardInterrupt, does that on its own, and this goes on when the
        event loop runs again.
        """
        try:
            function(*arguments)
        except Exception as exc:  # of an option, since a handler's is reported where it is called
            self._report(exc)
            self._end(flush=False)
        except BaseException as exc:
            self._loop.call_soon(_throw, exc)

    def eof_received(self) -> bool:
        """The event loop's part: the peer sends nothing more."""
        self._input_ended = True
        if self._over:
            return False
        self._await_end_of_input()
        return self._transport.can_write_eof()  # with TLS there is no half of a connection to keep

    def _await_end_of_input(self) -> None:
        if not self.session.closed:
            self._set_end_timer(self.limits.close, self._end)
            self._go_on()

    def _go_on(self) -> None:
        """Do what the session's state asks for: above all, let it go on with what it has before anything is read."""
        session = self.session
        if session.ready and self._program is not None:
            self._start(self._program)
        if not session.closed:
            if session.pending and not session.paused and self._continuing is None:
                self._continuing = self._loop.call_soon(self._continue)
            waits = session.paused or self._continuing is not None
            if not self._input_ended:
                self._transport.pause_reading() if waits else self._transport.resume_reading()
            elif not waits:
                self._finish_input()
        self._tell_waiters()

    def _continue(self) -> None:
        # What has its turn in this round is read from in the next one at the soonest.
        again = self.session.pending and not self.session.paused
        self._continuing = self._loop.call_soon(self._continue) if again else None
        self.data_received(b"")

    def _finish_input(self) -> None:
        """All that the peer sent is delivered, and no more will come.

        A client may have ended its direction alone, and still read: then it gets its answers first.
        """
        if not self._input_finished:
            self._input_finished = True
            self._set_end_timer(self.limits.close, self._end)
            self._attempt(self.session.end, self._loop.time())
        if not (self._is_half_open and self._owes_answers):
            self._end()
        elif self._look_timer is None:
            self._look_for_peer()

    @property
    def _is_half_open(self) -> bool:
        return self.server is not None and self._transport.can_write_eof()

    @property
    def _owes_answers(self) -> bool:
        return bool(self._lines or self._answering)

    def _look_for_peer(self) -> None:
        # Nothing is read any more, so the event loop would tell of a reset only when something is sent.
        connected = self._extra_info("socket")
        if connected is None or is_gone(connected):
            self._end(flush=False)
        self._look_timer = self._loop.call_later(LOOK_EACH, self._look_for_peer)

    def pause(self) -> None:
        """Read nothing from the peer, and deliver nothing behind the present event, until :meth:`resume`."""
        self._check_thread()
        self._held = True
        self.session.pause()
        self._go_on()

    def resume(self) -> None:
        """Go on after :meth:`pause`, in the event loop's next turn."""
        self._check_thread()
        self._held = False
        self._let_go()

    def _let_go(self) -> None:
        if not (self._held or self._full):
            self.session.resume()
            self._go_on()

    # Reading lines

    def on_line(self, line: str) -> None:
        """The peer sent a line of text, here without its end.  By default, it waits for :meth:`readline`."""
        self._append(line)

    def on_timing_mark_request(self) -> None:
        """Called when the peer wants to know when all before this is processed.

        By default, it is told when whoever read the last of the lines before it comes back for another, or the
        coroutine of :func:`serve` ends.
        """
        if self._owes_answers:
            self.session[TIMING_MARK].hold()
            self._append(None)

    def _append(self, line: str | None) -> None:
        self._lines.append(line)
        self._unread += _length(line)
        if self._unread >= self.limits.unread or len(self._lines) >= self.limits.events:
            self._full = True
            self.session.pause()

    def on_input_end(self) -> None:
        """Called when the peer has ended its direction.  By default, nothing: its lines are still to be read."""

    async def readline(self) -> str:
        """Return the next line of text, without its end.

        :raises EOFError: when the connection is closed, or the peer has ended it and all lines were read.  A coroutine
            of :func:`serve` need not catch it.
        """
        self._answering = False
        while True:
            if self._input_ended:
                self._go_on()
            await self._until(lambda: self._lines or self.session.closed)
            if not self._lines:
                raise EOFError("the connection has ended")
            line = self._take_line()
            if line is not None:
                self._answering = True
                return line
            self.session[TIMING_MARK].announce()

    def _take_line(self) -> str | None:
        line = self._lines.popleft()
        self._unread -= _length(line)
        if self._full and self._unread <= self.limits.unread // 2 and len(self._lines) <= self.limits.events // 2:
            self._full = False
            self._let_go()
        return line

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> str:
        try:
            return await self.readline()
        except EOFError:
            raise StopAsyncIteration from None

    # Writing

    async def drain(self) -> None:
        """Send what was written, and while much of it or a file waits for the peer to take it, wait as well.

        :raises ConnectionResetError: when the connection has ended.  A coroutine of :func:`serve` need not catch it.
        """
        self._flush()
        await self._until(lambda: (self._writable and not self.session.sending_pieces) or self._ending)
        if self._ending:
            raise ConnectionResetError(errno.ECONNRESET, "the connection has ended")

    @property
    def _ending(self) -> bool:
        return self.session.closed or self._transport.is_closing()

    def pause_writing(self) -> None:
        """The event loop's part: much waits to be sent."""
        self._writable = False

    def resume_writing(self) -> None:
        """The event loop's part: little waits to be sent."""
        self._writable = True
        self._tell_waiters()
        # The transport is still busy with what made it call this.
        if self.session.sending_pieces:
            self._flush_soon()
        elif self.session.closed:
            self._loop.call_soon(self._flush_out)

    def _session_wakes(self) -> None:
        if self.session.unsent >= WAKE_EACH:
            self._flush()
        elif self._receiving:
            self._due = True  # without a handle, for which the event loop would take another round
        else:
            self._flush_soon()

    def _flush_soon(self) -> None:
        if self._flushing is None:
            self._flushing = self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._due = False
        if self._flushing is not None:
            self._flushing.cancel()
            self._flushing = None
        if self.session.sending_pieces:
            return self._send_piece()
        data = self.session.take(self._loop.time())
        if not data or self._transport.is_closing():
            return
        if self._fits(data) or self._unsent_fits(len(data)) or self._make_room(data):
            self._transport.write(data)

    def send_file(self, sfile: Any, nbytes: int = 0, offset: int = 0, flush: bool = False) -> None:
        """Send part of a file with every byte 255 doubled, as :meth:`MudHandler.send_file
        <telnet.handler.MudHandler.send_file>` does.

        :meth:`drain` waits until it is sent.
        """
        super().send_file(sfile, nbytes, offset)
        if flush:
            self._flush()

    def _send_piece(self) -> None:
        """Send a piece of a file if the peer takes it, and leave the next one to another turn of the event loop."""
        if self._transport.is_closing() or not (self._unsent_fits() or self._make_room(b"")) or not self._writable:
            return
        written = self.session.unsent
        try:
            data = self.session.take(self._loop.time())
        except OSError as exc:
            self._report(exc)
            return self._end(flush=False)
        self._handed_over += len(data)
        self._of_files = self._files_in_transport + max(0, len(data) - (written - self.session.unsent))
        if data:
            self._transport.write(data)
        if self.session.sending_pieces:
            self._flush_soon()
        elif self.session.closed:
            self._loop.call_soon(self._flush_out)
        else:
            self._tell_waiters()

    def _make_room(self, data: bytes) -> bool:
        """Whether the data may be sent all the same; False when the connection ended instead."""
        was_open = not self.session.closed
        self._attempt(self._call, self.on_slow_consumer)
        if self._transport.is_closing() or (was_open and self.session.closed):
            return False
        if self._unsent_fits(len(data)):
            return True
        # To leave it out would leave a gap, which may lie in the middle of a compressed stream.
        waiting, limit = self._unsent, self.max_write_buffer
        self._report(
            StreamBufferOverflow(f"{waiting} bytes wait to be sent; {len(data)} more exceed max_write_buffer {limit}")
        )
        self.close(flush=False)
        return False

    def _fits(self, data: bytes) -> bool:
        return self._transport.get_write_buffer_size() + len(data) <= self.max_write_buffer

    def _unsent_fits(self, length: int = 0) -> bool:
        return self._unsent + length <= self.max_write_buffer

    @property
    def _unsent(self) -> int:
        """How many bytes wait to be sent, files not counted."""
        behind = self.session.unsent if self.session.sending_pieces else 0
        return self._transport.get_write_buffer_size() + behind - self._files_in_transport

    @property
    def _files_in_transport(self) -> int:
        return min(self._of_files, self._transport.get_write_buffer_size())

    # The end

    def close(self, flush: bool = True) -> None:
        """Close; nothing is delivered from here on, not even lines that wait, and a second call changes nothing.

        :param flush: first send what was written; a peer that takes nothing for ``limits.close`` seconds is given up.
            Without it, close now, also when a flushing close is under way already.

        ``on_close`` follows when it is done, and never from inside this call.
        """
        self._check_thread()
        self._lines.clear()
        self._end(flush)

    def _end(self, flush: bool = True) -> None:
        was_open = not self.session.closed
        self.session.close()
        if was_open:
            self._leave()
            self._tell_waiters()
            self._loop.call_soon(self._flush_out)
        if not flush:
            self._transport.abort()
        elif was_open:
            self._flush()
            if not self._input_ended:
                self._transport.resume_reading()  # so that the peer is not kept from sending, and then reading

    def _flush_out(self) -> None:
        """Finish, if all is sent; else wait for that."""
        if self._lost:
            return self._finish()
        if self._over or self._transport.is_closing():
            return  # the rest is connection_lost's
        if self.session.sending_pieces:
            self._set_end_timer(self.limits.close, self._check_progress, self._taken)
        elif self._transport.get_write_buffer_size():
            self._transport.set_write_buffer_limits(high=0)  # to have resume_writing called when nothing waits any more
            self._set_end_timer(self.limits.close, self._check_progress, self._taken)
        else:
            self._finish()
            self._linger()

    @property
    def _taken(self) -> int:
        """A number that grows with what the peer takes, while the connection is being closed."""
        return self._handed_over - self._transport.get_write_buffer_size()

    def _check_progress(self, taken: int) -> None:
        if self._taken > taken:
            self._flush_out()
        else:
            self._transport.abort()

    def _linger(self) -> None:
        """Give the peer time to read what was sent.

        A socket that is closed while input waits unread makes the kernel send a reset, and a reset lets the peer's
        kernel throw away what the peer has not read yet (RFC 1122 section 4.2.2.13).  So: end our direction, let the
        peer finish, and discard what still comes.
        """
        if self._input_ended or not self._transport.can_write_eof():
            self._transport.close()
            self._set_end_timer(self.limits.close, self._transport.abort)
            return
        self._set_end_timer(self.limits.linger, self._transport.abort)
        with suppress(OSError):  # the peer is gone already, which the next read tells
            self._transport.write_eof()

    def connection_lost(self, exc: Exception | None) -> None:
        """The event loop's part: the transport is gone."""
        self._lost = True
        self._transport.close()  # it is, but TLS of Python 3.10 warns where nobody said so
        if exc is None and not self._over and not self.session.closed:  # TLS that the peer has ended
            self._input_ended = True
            self._await_end_of_input()
        else:
            self._finish()

    def _abandon(self) -> None:
        """Nobody will get this connection.  If it was up already, uvloop would close it without a word."""
        if "_transport" in vars(self):
            self.connection_lost(ConnectionAbortedError(errno.ECONNABORTED, "the connection was abandoned"))

    def _finish(self) -> None:
        """Be closed: nothing is delivered after the ``on_close`` called here.  Once the socket is, too, be gone."""
        for handle in (self._continuing, self._alarm, self._end_timer, self._look_timer):
            if handle is not None:
                handle.cancel()
        if not self._over:
            self._over = True
            self.session.close()
            self._leave()
            self._attempt(self._call, self.on_close)
            self._log_end()
            self.session.drop_pieces()
        if self._lost and self.server is not None:
            self.server._forget(self)
        if self._lost and self._guardian is not None:
            self._guardian.disarm()
        self._tell_waiters()

    def _leave(self) -> None:
        if self.server is not None:
            self.server._leave(self)

    def _set_end_timer(self, delay: float, function: Callable[..., object], *arguments: Any) -> None:
        if self._end_timer is not None:
            self._end_timer.cancel()
        self._end_timer = self._loop.call_later(delay, function, *arguments)

    async def wait_closed(self) -> None:
        """Wait until the connection is over, and its socket closed."""
        await self._until(lambda: self._over and self._lost)

    async def _close_with_the_loop(self) -> None:
        self._end(flush=False)
        await self.wait_closed()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.close(flush=kind is None)
        await self.wait_closed()

    # Waiting

    async def _until(self, happened: Callable[[], object]) -> None:
        while not happened():
            waiter = self._loop.create_future()
            self._waiters[waiter] = None
            try:
                await waiter
            finally:
                del self._waiters[waiter]

    def _tell_waiters(self) -> None:
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)


class HandlerConnection(MudConnection):
    """What a handler without a shell runs on: nobody reads its lines, so they are its ``on_line``'s or nobody's."""

    on_line = MudHandler.on_line
    on_timing_mark_request = MudHandler.on_timing_mark_request
    on_input_end = MudHandler.on_input_end

    @property
    def _owes_answers(self) -> bool:
        return True  # of which it tells nobody: by closing, or not in time
