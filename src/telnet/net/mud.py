"""Sessions on the engine: a connection that negotiates, and a server of such."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from telnet.exceptions import StreamBufferOverflow
from telnet.files import PlainFile
from telnet.handler import MudHandler, check_handler, combine
from telnet.net.connection import TelnetConnection
from telnet.net.send_queue import Pieces
from telnet.net.server import ServerOptions, TelnetServer
from telnet.net.stream import Stream, to_bytes
from telnet.options.option import Role
from telnet.session import WAKE_EACH
from telnet.sockets import LOOK_EACH, is_gone

if TYPE_CHECKING:
    import socket as sockets

    from typing_extensions import Self, Unpack

    from telnet.net.address import Address
    from telnet.net.timers import Timer
    from telnet.net.tls import SSLOptions

__all__ = ["MudConnection", "MudServer"]

_AT_ONCE: Final = 1e-6  # seconds, since a timer must have some


class MudConnection(TelnetConnection, MudHandler):
    """A connection with a session: subclass it, and see :class:`~telnet.handler.MudHandler` for what to write.

    The arguments are those of :class:`~telnet.net.stream.Stream`.  It is the client's end when it was made with
    :meth:`connect`, the server's when a server accepted it.

    :meth:`write` and :meth:`write_file` send bytes as they are, in their place among what else is sent, and compressed
    like it; :meth:`send_file` doubles each byte 255.  Input arrives as the session's events, so ``on_read`` is not
    called and ``read_delimiter`` has no effect.
    """

    def _prepare_input(self) -> None:
        self._alarm: Timer | None = None  # for what the session does in time
        self._gone_timer: Timer | None = None
        self._pieces: SessionPieces | None = None  # what takes the session's output, while a file is under way
        self._held = False  # whether the program has paused it

    @classmethod
    def running(cls, handler: type[MudHandler]) -> type[Self]:
        """Return a class of connections that a handler without a shell runs on: ``MudConnection.running(Player)``."""
        return combine(handler, cls)

    def call_later(self, delay: float, function: Callable[..., Any], *arguments: Any) -> Timer:
        """Call a function in so many seconds, from the engine; return the :class:`~telnet.net.timers.Timer`."""
        self.engine._check_thread()
        guarded = self._guarded(function)
        if delay <= 0:
            return self.engine.callback(guarded, *arguments)
        return self.engine.defer(delay, guarded, *arguments)

    def call_from_thread(self, function: Callable[..., Any], *arguments: Any) -> None:
        """Call a function soon, in the engine's thread; any thread may call this."""
        self.engine.call_from_thread(self._guarded(function), *arguments)

    # The beginning

    def connect(self, address: Address) -> Self:
        """Begin to connect, as :meth:`Stream.connect <telnet.net.stream.Stream.connect>` does.

        :raises TypeError, ValueError, LookupError: if the options, limits or encodings are not what a client needs.
        """
        check_handler(self, Role.CLIENT)
        return super().connect(address)

    def _enter_service(self, socket: sockets.socket) -> None:
        if "session" not in vars(self):
            role = Role.CLIENT if self.server is None else Role.SERVER
            self.make_session(role, wake=self._session_wakes, report=self._report)
        self.session.check = self.engine._check_thread
        self.session.alarm = self._set_alarm
        super()._enter_service(socket)

    def _tell_connected(self) -> None:
        self.session.client.tls = self.ssl_enabled
        try:
            self.session.start(monotonic())
        finally:
            self._go_on()

    def _set_alarm(self, deadline: float) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = self.engine.defer(max(deadline - monotonic(), _AT_ONCE), self._ring, deadline)

    def _ring(self, deadline: float) -> None:
        # In the next turn: timers are called before anything is read, and what a peer has sent in time counts.
        self._alarm = self.engine.callback(self._tick, deadline)

    def _tick(self, deadline: float) -> None:
        # It has come, even if the clock is too coarse to say so.
        self.session.tick(max(deadline, monotonic()), bool(self._queue))
        self._go_on()

    # Reading

    def pause(self) -> None:
        """Read nothing from the peer, and deliver nothing behind the present event, until :meth:`resume`."""
        self.engine._check_thread()
        self._held = True
        self.session.pause()
        self._update_interest()

    def resume(self) -> None:
        """Go on after :meth:`pause`, in the engine's next turn."""
        self.engine._check_thread()
        self._held = False
        self._let_go()

    def _let_go(self) -> None:
        starts_tls = self.connected and self._tls is not None and not self.ssl_enabled
        if not (self._held or starts_tls):
            self.session.resume()
            self._go_on()

    @property
    def _wants_input(self) -> bool:
        return super()._wants_input and (self._closing or not self.session.paused)

    @property
    def _pending(self) -> bool:
        return self.session.pending and not self.session.paused

    @property
    def _has_unread(self) -> bool:
        return self.session.pending

    def _take_input(self, data: bytes) -> None:
        self.session.receive(data, monotonic())

    def _end_of_input(self) -> None:
        self._input_ended = True
        try:
            self.session.end(monotonic())
        finally:
            if self.session.role is Role.CLIENT:
                super()._end_of_input()
            else:
                self._stay_half_closed()

    def _stay_half_closed(self) -> None:
        """Leave the handler time to answer what a client asked before it ended its direction."""
        if self.connected and not self._closing:
            self._close_timer = self.engine.defer(self.limits.close, self.close)
            self._gone_timer = self.engine.cycle(LOOK_EACH, self._look_for_peer)
            self._look_for_peer()
        self._update_interest()

    def _look_for_peer(self) -> None:
        # With nothing to read or to write, the engine watches for nothing.
        if self._socket is not None and is_gone(self._socket):
            self.close(flush=False)

    def _stop_reading(self) -> None:
        Stream._stop_reading(self)
        if self.connected:
            self.session.pause()

    # Writing

    def write(self, data: bytes | bytearray | memoryview, flush: bool = False) -> None:
        """Send bytes as they are, as :meth:`Stream.write <telnet.net.stream.Stream.write>` does."""
        self._check_can_write()
        self.session.write(data if type(data) is bytes else to_bytes(data))
        if flush:
            self._flush_output()

    def write_file(self, sfile: Any, nbytes: int = 0, offset: int = 0, flush: bool = False) -> None:
        """Send part of a file as it is, as :meth:`Stream.write_file <telnet.net.stream.Stream.write_file>` does.

        While what is sent is compressed, the file is read piece by piece, and compressed like the rest.
        """
        self._check_can_write()
        if self.session.compressing or self.session.sending_pieces:
            self.session.send_pieces(PlainFile(sfile, nbytes, offset))
        else:
            self._take_output()
            super().write_file(sfile, nbytes, offset)
        if flush:
            self._flush_output()

    def send_file(self, sfile: Any, nbytes: int = 0, offset: int = 0, flush: bool = False) -> None:
        """Send part of a file with every byte 255 doubled, as :meth:`MudHandler.send_file
        <telnet.handler.MudHandler.send_file>` does."""
        MudHandler.send_file(self, sfile, nbytes, offset)
        if flush and self._can_write:
            self._flush_output()

    def flush(self) -> None:
        """Try to send now all that waits."""
        self._check_can_write()
        self._flush_output()

    def _flush_output(self) -> None:
        self._take_output()  # which may be the end of a slow consumer
        self._send_turn()

    def send_queued(self) -> None:
        """The engine's part: send what was written in this turn."""
        try:
            self._take_output()
        finally:
            super().send_queued()

    def _session_wakes(self) -> None:
        if self.session.unsent >= WAKE_EACH:
            self._take_output()
        elif not self._send_pending:
            self._send_pending = True
            self.engine.queue(self)

    def _take_output(self) -> None:
        session = self.session
        if self._pieces is not None or session.sending_pieces:
            return self._take_pieces()
        data = session.take(monotonic())
        if not (data and self._can_write):
            return
        # To leave it out would leave a gap, which may lie in the middle of a compressed stream.
        try:
            super().write(data)
        except StreamBufferOverflow as exc:
            self._report(exc)
            self.close(flush=False)
        except BaseException:  # a handler was interrupted before it could make room
            self._queue.append(data)
            raise

    def _take_pieces(self) -> None:
        """Have the session's output taken when what is queued has been sent; until then it waits in the session."""
        if self._pieces is None:
            self._queue_pieces()
        if not self._fits(0):
            try:
                self._make_room(0)
            except StreamBufferOverflow as exc:
                self._report(exc)
                self.close(flush=False)

    def _queue_pieces(self) -> None:
        self._pieces = SessionPieces(self)
        self._queue.append_item(Pieces(self._pieces))
        self._send_soon()

    @property
    def _unsent(self) -> int:
        return self._queue.size + (0 if self._pieces is None else self.session.unsent)

    # TLS

    def startSSL(self, ssl_options: SSLOptions = {}) -> Self:  # noqa: B006  # documented so, and never changed
        """Secure the connection with TLS, as :meth:`Stream.startSSL <telnet.net.stream.Stream.startSSL>` does."""
        if self.connected:
            self._take_output()
        secured = super().startSSL(ssl_options)
        if self._pieces is not None:  # which would take what is written after this, too
            self.session.break_pieces()
            self._queue_pieces()
        return secured

    def _tell_secured(self) -> None:
        if self.connected:
            self.session.client.learn(tls=True)
        else:  # what on_connect finds is no news
            self.session.client.tls = True
        super()._tell_secured()

    def _forget_unfinished(self) -> None:
        if self.connected:
            self.session.forget_unfinished()

    def _secured(self) -> None:
        in_the_middle = self.connected
        super()._secured()
        if in_the_middle and self._reading:
            self._let_go()

    # The end

    def close(self, flush: bool = True) -> None:
        """Finish what is compressed, and close as :meth:`Stream.close <telnet.net.stream.Stream.close>` does."""
        self.engine._check_thread()
        if self.connected and not self._closing:
            self.session.close()
            if flush:
                self._take_output()
        super().close(flush)

    def _release(self, linger: bool) -> None:
        for timer in (self._alarm, self._gone_timer):
            if timer is not None:
                timer.cancel()
        if "session" in vars(self):
            self.session.drop_pieces()
        Stream._release(self, linger)


class SessionPieces:
    """A source of what the session has to send, as long as it has something."""

    def __init__(self, connection: MudConnection) -> None:
        self._connection = connection

    def read(self) -> bytes:
        """Return what is to be sent next."""
        return self._connection.session.take(monotonic())

    def close(self) -> None:
        """Leave what the session has to send to the connection again, or to those that come after this."""
        if self._connection._pieces is self:
            self._connection._pieces = None


class MudServer(TelnetServer):
    """A server of :class:`MudConnection`; the arguments are those of :class:`~telnet.net.server.Server`.

    :param ConnectionClass: a subclass of :class:`MudConnection`, or of :class:`~telnet.handler.MudHandler`, which then
        runs on the engine; the class attribute when left out.
    :raises TypeError, ValueError, LookupError: if the options, limits or encodings of that class are not what a
        connection needs, and what :class:`~telnet.net.server.Server` raises.

    ::

        class Player(MudHandler):
            options = (TTYPE, NAWS, EOR, GMCP)

            def on_ready(self):
                self.prompt("What is your name? ")

            def on_line(self, line):
                self.send_line(f"Welcome, {line}!")
                self.close()

        MudServer(Player).listen(4000)
        Engine.instance().start()
    """

    ConnectionClass: type[Stream] = MudConnection

    def __init__(
        self, ConnectionClass: type[Stream | MudHandler] | None = None, **kwargs: Unpack[ServerOptions]
    ) -> None:
        wanted = self.ConnectionClass if ConnectionClass is None else ConnectionClass
        if isinstance(wanted, type) and not issubclass(wanted, Stream):
            wanted = combine(wanted, MudConnection)
        super().__init__(wanted, **kwargs)
        if issubclass(self.ConnectionClass, MudHandler):
            check_handler(self.ConnectionClass, Role.SERVER)
