"""The event loop: waits for sockets, calls timers, and gives every connection its turn."""

from __future__ import annotations

import errno
import logging
import selectors
import socket
import weakref
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack, suppress
from threading import get_ident
from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from telnet.guard import Guard
from telnet.net.timers import Timer, Timers

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Engine"]

logger = logging.getLogger("telnet")

READ = selectors.EVENT_READ
WRITE = selectors.EVENT_WRITE

# What one connection reads in one turn.  64 KiB is what one recv() of a busy connection gets; sharing one buffer of it
# among all connections is what keeps an idle one small.
RECEIVE_SIZE = 65536


class Pollable(Protocol):
    """What the engine needs of a channel."""

    @property
    def fileno(self) -> int | None:
        """The file descriptor to watch, None when there is none."""

    @property
    def interest(self) -> int:
        """The events to watch for, READ and WRITE or'ed; 0 for none at the moment."""

    def handle_events(self, events: int) -> None:
        """React to the events, READ and WRITE or'ed, that are ready."""

    def send_queued(self) -> None:
        """Send what the handlers of this turn have queued."""

    def abandon(self) -> None:
        """Close at once, sending nothing more."""


class Engine:
    """Runs connections, servers and timers in one thread.

    :param poller: the selector to use (:class:`selectors.BaseSelector`); the best of the system when left out.  The
        engine owns it from here on.

    Everything belongs to the thread that runs the engine; from any other thread only :meth:`stop` and
    :meth:`call_from_thread` may be called, and what writes to a connection or closes it raises :exc:`RuntimeError`.
    :meth:`close` gives back the descriptors of an engine that is not needed any more; ``with Engine() as engine:`` does
    so at the end of the block.
    """

    _instance: ClassVar[Engine | None] = None

    latest_poll_time: float
    """When the latest poll began: seconds of the monotonic clock (``float``)."""

    def __init__(self, poller: selectors.BaseSelector | None = None) -> None:
        if poller is not None and not isinstance(poller, selectors.BaseSelector):
            raise TypeError(f"poller must be a selectors.BaseSelector, not {type(poller).__name__}")
        self.latest_poll_time = monotonic()
        self.receive_buffer = memoryview(bytearray(RECEIVE_SIZE))
        self._selector = selectors.DefaultSelector() if poller is None else poller
        self._wake_receiver, self._wake_sender = socket.socketpair()
        self._wake_receiver.setblocking(False)
        self._wake_sender.setblocking(False)
        self._release = weakref.finalize(self, _close_all, self._selector, self._wake_receiver, self._wake_sender)
        self._register(self._wake_receiver.fileno(), READ, None)
        self._timers = Timers()
        self._from_threads: deque[tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]] = deque()
        self._channels: dict[int, Pollable] = {}
        self._queued: list[Pollable] = []
        self._leftovers: set[Pollable] = set()
        self._running = False
        self._thread: int | None = None  # which runs the engine
        self._stopping = False
        self._polling = False

    @classmethod
    def instance(cls) -> Engine:
        """Return the engine that connections join when they are given none; made at the first call."""
        if cls._instance is None or cls._instance.closed:
            cls._instance = cls()
        return cls._instance

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    # Running

    @property
    def running(self) -> bool:
        """Whether :meth:`start` is at work (``bool``)."""
        return self._running

    @property
    def closed(self) -> bool:
        """Whether :meth:`close` was called (``bool``)."""
        return not self._release.alive

    def start(self, poll_timeout: float = 0.2) -> None:
        """Poll until :meth:`stop`.

        :param poll_timeout: the longest wait of one poll, in seconds.

        Returns at once when the engine is running already.  An :exc:`Exception` that gets out of a poll is logged and
        ends the loop; :exc:`KeyboardInterrupt` and :exc:`SystemExit` of a handler are passed on.  Either way the
        engine can be started again, and its connections are still open: closing them is the caller's part.
        """
        self._check_open()
        if self._running:
            return
        self._running = True
        self._thread = get_ident()
        self._stopping = False
        try:
            while not self._stopping:
                self.poll(poll_timeout)
        except Exception:
            logger.exception("exception in the engine, which stops")
        finally:
            self._running = False
            self._stopping = False
            try:
                self._tidy_up()
            finally:
                self._thread = None

    def stop(self) -> None:
        """Make :meth:`start` return after the turn it is in; from a handler, a timer, a signal handler or a thread.

        Does nothing when the engine is not running.
        """
        if self._running:
            self._stopping = True
            self._wake()

    def poll(self, poll_timeout: float) -> None:
        """Take one turn: timers, then the events of all connections, then what they queued to send.

        :param poll_timeout: how long to wait for something to happen, in seconds (``float``, 0 not to wait); a timer
            that is due sooner ends the wait.
        :raises RuntimeError: when called from inside a turn.
        """
        self._check_open()
        if self._polling:
            raise RuntimeError("poll() was called from inside a turn of the same engine")
        self._polling = True
        try:
            self._take_turn(poll_timeout)
        finally:
            self._polling = False

    def _take_turn(self, poll_timeout: float) -> None:
        self.latest_poll_time = monotonic()
        self._adopt_calls_from_threads()
        self._timers.run(self.latest_poll_time)
        self._send_queued()
        if self._stopping:
            return
        for key, events in self._select(self._longest_wait(poll_timeout)):
            channel: Pollable | None = key.data
            if channel is None:
                self._drain_wake_ups()
            # A handler may have closed a neighbour whose event is still in this batch, and the descriptor may
            # already belong to somebody else: the event is for the channel that was asked about, or for nobody.
            elif self._channels.get(key.fd) is channel:
                self._give_turn(channel, events)
        self._send_queued()

    def _select(self, timeout: float) -> list[tuple[selectors.SelectorKey, int]]:
        try:
            return self._selector.select(timeout)
        except (OSError, ValueError) as exc:
            # select() refuses all of them when one was closed behind the engine's back.
            closed = [(fileno, channel) for fileno, channel in self._channels.items() if channel.fileno != fileno]
            if not closed:
                raise
            for fileno, channel in closed:
                self._drop(channel, exc)
                self._forget(fileno)
            return []

    def _longest_wait(self, poll_timeout: float) -> float:
        if self._queued or self._from_threads:
            return 0.0
        return self._timers.wait(monotonic(), poll_timeout)

    def _give_turn(self, channel: Pollable, events: int) -> None:
        try:
            channel.handle_events(events)
        except Exception as exc:
            self._drop(channel, exc)

    def _send_queued(self) -> None:
        # One batch: what on_write queues again leaves in the next turn, so that it starves nobody.
        batch, self._queued = self._queued, []
        for index, channel in enumerate(batch):
            try:
                channel.send_queued()
            except Exception as exc:
                self._drop(channel, exc)
            except BaseException:
                self._queued[:0] = batch[index + 1 :]
                raise

    def _drop(self, channel: Pollable, exc: Exception) -> None:
        # A defect in a channel must not leave a ready descriptor behind: it would be reported again at every poll.
        _log_defect(channel, "exception in %s, which is closed", exc)
        try:
            channel.abandon()
        except Exception as again:
            _log_defect(channel, "exception while closing %s", again)
            self.remove_channel(channel)

    def _tidy_up(self) -> None:
        self._send_queued()
        for channel in tuple(self._leftovers):
            channel.abandon()

    def close(self) -> None:
        """Close every channel without flushing, and give back the engine's own descriptors; again does nothing.

        :raises RuntimeError: when called while the engine polls; :meth:`stop` it first.
        """
        if self._polling:
            raise RuntimeError("close() was called from inside a turn; call stop() first")
        with ExitStack() as stack:  # also when the on_close of one is interrupted
            stack.callback(self._release)
            for channel in reversed(self._channels.values()):
                stack.callback(channel.abandon)

    def _check_open(self) -> None:
        if self.closed:
            raise RuntimeError("the engine is closed")

    # Timers

    def callback(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Timer:
        """Call ``function(*args, **kwargs)`` once, in the next turn; return the :class:`Timer` to cancel it with."""
        return self._timers.callback(function, *args, **kwargs)

    def loop(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Timer:
        """Call ``function(*args, **kwargs)`` in every turn; return the :class:`Timer` to cancel it with.

        It does not shorten the wait of a poll: an idle engine takes a turn every ``poll_timeout`` seconds.
        """
        return self._timers.loop(function, *args, **kwargs)

    def defer(self, delay: float, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Timer:
        """Call ``function(*args, **kwargs)`` once, ``delay`` seconds from now; return the :class:`Timer`.

        :raises ValueError: unless ``delay`` is above 0.
        """
        return self._timers.defer(monotonic(), delay, function, *args, **kwargs)

    def cycle(self, interval: float, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Timer:
        """Call ``function(*args, **kwargs)`` every ``interval`` seconds; return the :class:`Timer` to cancel it with.

        Calls that could not be made in time are not made up for.

        :raises ValueError: unless ``interval`` is above 0.
        """
        return self._timers.cycle(monotonic(), interval, function, *args, **kwargs)

    def call_from_thread(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        """Have the engine's thread call ``function(*args, **kwargs)`` soon; from any thread, or a signal handler.

        :raises RuntimeError: when the engine is closed.
        """
        self._check_open()
        if not callable(function):
            raise TypeError(f"call_from_thread needs a function to call, not {type(function).__name__}")
        self._from_threads.append((function, args, kwargs))
        self._wake()

    def _check_thread(self) -> None:
        """Raise ``RuntimeError`` if another thread runs the engine than the one that calls this."""
        if self._thread is not None and self._thread != get_ident():
            raise RuntimeError(
                "must be called in the thread of the engine; in another one call "
                "engine.call_from_thread(connection.write, data)"
            )

    def _adopt_calls_from_threads(self) -> None:
        while self._from_threads:
            function, args, kwargs = self._from_threads.popleft()
            self._timers.callback(function, *args, **kwargs)

    def _wake(self) -> None:
        # Where it fails, wake-ups enough are under way already, or the engine was just closed.
        with suppress(OSError):
            self._wake_sender.send(b"\0")

    def _drain_wake_ups(self) -> None:
        # Once is enough: what is left is reported again.
        with suppress(BlockingIOError):
            self._wake_receiver.recv(4096)

    # Channels

    def add_channel(self, channel: Pollable) -> None:
        """Watch the descriptor of ``channel`` for its ``interest``, and keep the channel alive while it is watched.

        :raises OSError: when the system refuses; then it is not watched.
        """
        self._check_open()
        fileno = channel.fileno
        if fileno is None:
            raise ValueError(f"{channel!r} has no file descriptor to watch")
        # Who had the descriptor before has closed it without a word, and nothing of it is watched any more.
        self._forget(fileno)
        self._channels[fileno] = channel
        try:
            self.modify_channel(channel)
        except BaseException:
            self._forget(fileno)
            raise

    def modify_channel(self, channel: Pollable) -> None:
        """Take over the changed ``interest`` of a channel that was added."""
        fileno = channel.fileno
        if fileno is None or self._channels.get(fileno) is not channel:
            return
        watched = fileno in self._selector.get_map()
        if not channel.interest:
            if watched:
                self._selector.unregister(fileno)
        elif watched:
            self._selector.modify(fileno, channel.interest, channel)
        else:
            self._register(fileno, channel.interest, channel)

    def _register(self, fileno: int, interest: int, channel: Pollable | None) -> None:
        self._selector.register(fileno, interest, channel)
        if not isinstance(self._selector, selectors.SelectSelector):
            return
        try:
            self._selector.select(0)  # it takes any descriptor, and then can wait for none of them
        except OSError:
            pass  # that is another's, and the next turn's
        except ValueError as exc:
            self._selector.unregister(fileno)
            raise OSError(
                errno.EMFILE, f"select() cannot watch descriptor {fileno}, use another selector ({exc})"
            ) from exc

    def remove_channel(self, channel: Pollable) -> None:
        """Watch ``channel`` no longer; one that is not watched is left alone.  Call it before closing the socket."""
        fileno = channel.fileno
        if fileno is not None and fileno < 0:  # it was closed already
            fileno = next((each for each, known in self._channels.items() if known is channel), None)
        if fileno is not None and self._channels.get(fileno) is channel:
            self._forget(fileno)

    def _forget(self, fileno: int) -> None:
        self._channels.pop(fileno, None)
        if fileno in self._selector.get_map():
            self._selector.unregister(fileno)

    def queue(self, channel: Pollable) -> None:
        """Have ``channel.send_queued()`` called at the end of this turn, or before the next wait."""
        self._queued.append(channel)

    def leave_over(self, channel: Pollable) -> None:
        """Abandon ``channel`` when the engine stops, unless it was taken back with :meth:`take_back`."""
        self._leftovers.add(channel)

    def take_back(self, channel: Pollable) -> None:
        """Undo :meth:`leave_over`."""
        self._leftovers.discard(channel)


def _log_defect(channel: Pollable, text: str, exc: Exception) -> None:
    if isinstance(channel, Guard):
        channel._log(logging.ERROR, text % "the engine's part of it", exc)
    else:
        logger.error(text, repr(channel), exc_info=exc)


def _close_all(selector: selectors.BaseSelector, *sockets: socket.socket) -> None:
    selector.close()
    for one in sockets:
        one.close()
