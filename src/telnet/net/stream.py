"""A connection of bytes: connecting, reading in pieces, writing, files, TLS, and coming to an end."""

from __future__ import annotations

import errno
import logging
import os
import socket as sockets
import ssl
import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypedDict

from telnet.exceptions import StreamBufferOverflow, StreamConnectError
from telnet.keepalive import Keepalive, check_keepalive
from telnet.limits import Limits
from telnet.net.address import Address, parse_address
from telnet.net.channel import GONE, Channel, had_peer
from telnet.net.connector import Connector
from telnet.net.delimiter import Found, ReadDelimiter, Splitter, make_splitter
from telnet.net.engine import READ, WRITE, Engine
from telnet.net.linger import Linger
from telnet.net.send_queue import HANDSHAKE, FileRegion, Handshake, Pieces, SendQueue
from telnet.net.timers import Timer
from telnet.net.tls import TLS, SSLOptions, plain_socket, tls_from_options
from telnet.sockets import handshake_failure, handshake_timeout, has_peer, prepare

if TYPE_CHECKING:
    from typing_extensions import Self, Unpack

    from telnet.log_share import LogShare
    from telnet.net.server import Server

__all__ = ["Stream", "StreamOptions"]

# In which ways a call on a connection fails whose peer is not there any more.
GONE_PLAIN = GONE | {errno.ENOTCONN}
GONE_TLS = (ssl.SSLEOFError, ssl.SSLZeroReturnError)
NOT_NOW = (BlockingIOError, InterruptedError)
FILES = (FileRegion, Pieces)
NO_SENDFILE = {errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP}


class StreamOptions(TypedDict, total=False):
    """What a stream can be made with; all are optional."""

    engine: Engine | None
    socket: sockets.socket | None
    ssl_options: SSLOptions | None
    keepalive: bool | Keepalive
    nodelay: bool


class Stream(Channel):
    """One connection, accepted by a server or made with :meth:`connect`.

    :param engine: the :class:`Engine` to join; the global one when left out.
    :param socket: a stream socket to use.  One that is connected is taken over, and ``on_connect`` follows in the
        engine's next turn; if its peer is gone by then, ``on_close``.  Any other is what :meth:`connect` will use.
    :param ssl_options: start TLS as with :meth:`startSSL`.
    :param keepalive: whether the system probes a silent peer (SO_KEEPALIVE), and when: a :class:`Keepalive`, or True
        for its defaults.
    :param nodelay: whether small writes leave at once (TCP_NODELAY).
    :raises TypeError: for an argument that is not one of these, or of the wrong type.

    Subclasses override the ``on_...`` placeholders.  Events arrive in wire order, ``on_connect`` first and
    ``on_close`` last.  An exception in one of them is logged on logger ``telnet`` and given to :meth:`on_error`.
    """

    limits: Limits = Limits()
    """The bounds of every connection of this class."""

    keepalive: bool | Keepalive = False
    """Whether the system probes the silent peers of this class (SO_KEEPALIVE), and when: a :class:`Keepalive`, or True
    for its defaults."""

    nodelay: bool = True
    """Whether TCP_NODELAY is set on connections of this class."""

    regex_search: bool = True
    """Whether a regular expression as :attr:`read_delimiter` matches anywhere (True) or only at the start of what
    waits."""

    server: Server | None = None
    """The server that accepted this connection, None on the side that connected."""

    connected: bool
    """Whether the connection is up; True until all is sent when it is being closed."""

    connecting: bool
    """Whether :meth:`connect` is under way."""

    ssl_enabled: bool
    """Whether TLS is in force."""

    def __init__(self, **kwargs: Unpack[StreamOptions]) -> None:
        if unknown := kwargs.keys() - StreamOptions.__annotations__.keys():
            known = ", ".join(StreamOptions.__annotations__)
            raise TypeError(f"unknown argument {min(unknown)!r} of {type(self).__name__}; known are {known}")
        if not isinstance(self.limits, Limits):
            raise TypeError(f"limits of {type(self).__name__} must be a Limits, not {self.limits!r}")
        self.connected = False
        self.connecting = False
        self.ssl_enabled = False
        self.keepalive = check_keepalive(kwargs.get("keepalive", self.keepalive))
        self.nodelay = kwargs.get("nodelay", self.nodelay)
        self._buffer_size = self.limits.unread
        self._max_write_buffer = self.limits.unsent
        self._delimiter: ReadDelimiter = None
        self._splitter: Splitter | None = None
        self._buffer = bytearray()
        self._unsplit = False  # whether the delimiter is still to be looked for in what waits
        self._events_left = 0  # of what one turn may deliver
        self._continuing: Timer | None = None  # the turn that goes on with what is left
        self._queue = SendQueue()
        self._connector: Connector | None = None
        self._hostname: str | None = None
        self._tls: TLS | None = None
        self._handshake_timer: Timer | None = None
        self._handshake_wants = READ
        self._close_timer: Timer | None = None
        self._closing = False
        self._reading = False  # whether handlers are to get input
        self._input_ended = False
        self._blocked = False  # whether the system takes no more output for now
        self._sending = False
        self._send_pending = False  # whether the engine will call send_queued()
        self._progress = False  # whether output left since the close timer was set
        super().__init__(engine=kwargs.get("engine"), socket=kwargs.get("socket"))
        if kwargs.get("ssl_options") is not None:
            self.startSSL(kwargs["ssl_options"])  # type: ignore[arg-type]
        if self._socket is not None and had_peer(self._socket):
            self.connecting = True
            self.engine.callback(self._begin)

    # Connecting

    def connect(self, address: Address) -> Self:
        """Begin to connect to ``address``; ``on_connect`` or ``on_connect_error`` tells how it went, from the engine.

        :param address: (host, port), a 4-tuple for IPv6, a port on this machine, or the path of a UNIX socket, a
            ``Path`` or a ``str`` with a slash.  Host names are looked up in the background, and all their addresses
            tried, within ``limits.connect`` seconds.
        :returns: the stream itself.
        :raises InvalidAddressFormatError: for anything else.
        :raises RuntimeError: when connected, connecting or closed.
        """
        self._check_not_closed("connect")
        if self.connected or self.connecting:
            raise RuntimeError(f"cannot connect: already {'connected' if self.connected else 'connecting'}")
        endpoint = parse_address(address, "connect")
        self._hostname = None if endpoint.is_unix else endpoint.host or "localhost"
        self.connecting = True
        given, self._socket = self._socket, None
        self._connector = Connector(
            self.engine, endpoint, timeout=self.limits.connect, on_done=self._connect_done, given=given
        )
        return self

    def _connect_done(self, outcome: sockets.socket | StreamConnectError) -> None:
        self._connector = None
        if isinstance(outcome, StreamConnectError):
            self.connecting = False
            try:
                self._call(self.on_connect_error, outcome)
            finally:
                if not self.connecting:  # the handler did not try elsewhere
                    self.close(flush=False)
        else:
            self._socket = outcome
            self._or_end(self._enter_service, outcome)

    def _begin(self) -> None:
        """Take the socket that was given into service, once, or end if its peer is gone."""
        if self._closed or not self.connecting or self._handshake_timer is not None:
            return
        if self._socket is None or self._socket.fileno() < 0:
            return  # whose it was has closed it, and nothing has begun
        if has_peer(self._socket):
            self._or_end(self._enter_service, self._socket)
        else:
            self.close(flush=False)

    def _or_end(self, step: Callable[..., None], *args: Any) -> None:
        """Do a step of this connection's life; what it raises ends that, and nobody else notices."""
        try:
            step(*args)
        except Exception as exc:
            self._report(exc)
            self.close(flush=False)

    def _enter_service(self, socket: sockets.socket) -> None:
        self._remember_peer()
        prepare(socket, keepalive=self.keepalive, nodelay=self.nodelay)
        self.engine.add_channel(self)
        if isinstance(socket, ssl.SSLSocket):
            self._begin_handshake()
        elif self._tls is not None:
            self._secure_socket(self._tls)
        else:
            self._established()

    def _established(self) -> None:
        self.connecting = False
        self.connected = True
        self._reading = True
        self._update_interest()
        self._join_server()
        if not self._closed:
            self._tell_connected()

    def _tell_connected(self) -> None:
        self._call(self.on_connect)

    # Reading

    @property
    def read_delimiter(self) -> ReadDelimiter:
        """What cuts the input into the pieces that :meth:`on_read` gets; it may be changed at any time, in a handler
        too.

        =========================  ===========================================================================
        value                      ``on_read`` gets
        =========================  ===========================================================================
        ``None``                   ``data`` (``bytes``) as it arrived
        ``int``                    ``data``, exactly so many bytes
        ``bytes``                  ``data`` before each occurrence, which is dropped
        ``struct.Struct``          the unpacked values, as so many arguments
        ``re.compile(rb"...")``    with :attr:`regex_search` ``data`` before each match, which is dropped; without
                                   it a match at the start of what waits, as a match object
        ``netstruct.NetStruct``    the unpacked values, as so many arguments
        =========================  ===========================================================================

        Setting one that cannot work on bytes is a :exc:`TypeError`, one that consumes nothing a :exc:`ValueError`.
        """
        return self._delimiter

    @read_delimiter.setter
    def read_delimiter(self, delimiter: ReadDelimiter) -> None:
        self.engine._check_thread()
        self._splitter = make_splitter(delimiter, lambda: self.regex_search)
        self._delimiter = delimiter
        if self._buffer:
            self._split_again()

    @property
    def buffer_size(self) -> int:
        """How many bytes (``int``, above 0) may wait for the :attr:`read_delimiter`; at first ``limits.unread``.

        A delimiter that needs more bytes than this for a single piece raises the limit to what it needs.
        """
        return self._buffer_size

    @buffer_size.setter
    def buffer_size(self, size: int) -> None:
        self._buffer_size = _size("buffer_size", size)

    @property
    def unread(self) -> bytes:
        """What waits for the :attr:`read_delimiter` (``bytes``); in ``on_close``, what the peer left unfinished."""
        return bytes(self._buffer)

    def handle_events(self, events: int) -> None:
        """The engine's part: read and send what is ready."""
        if self._handshake_timer is not None:
            self._or_end(self._shake_hands)
            return
        # TLS may need to read in order to write, and the other way round.
        if events & self.interest & READ or (self.ssl_enabled and self._wants_input):
            self._read_turn()
        if self._queue and (events & WRITE or self.ssl_enabled):
            self._send_turn()

    def _read_turn(self) -> None:
        data = self._receive()
        if data is None:
            return
        if not data:
            self._end_of_input()
        elif self._reading:
            self._process_input(data)

    def _receive(self) -> bytes | None:
        assert self._socket is not None
        try:
            count = self._socket.recv_into(self.engine.receive_buffer)
        except NOT_NOW:
            return None
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return None
        except OSError as exc:
            self._fail(exc, self.on_read_error)
            return None
        return bytes(self.engine.receive_buffer[:count])

    def _end_of_input(self) -> None:
        # Half-closed or closed, we cannot know: what has been written still goes to whoever may be reading.
        self._input_ended = True
        self.close(flush=True)
        self._update_interest()

    def _process_input(self, data: bytes) -> None:
        """Deliver as much as one turn may of what was read, and leave the rest to the next."""
        self._events_left = self.limits.events
        try:
            self._take_input(data)
        finally:
            self._go_on()

    def _take_input(self, data: bytes) -> None:
        self._deliver(data)

    @property
    def _pending(self) -> bool:
        """Whether something that was read waits for another turn, and not for the peer."""
        return self._unsplit

    def _go_on(self) -> None:
        """Have the next turn go on with what is left, if anything is, and only then read more."""
        if self._pending and self._reading and self._continuing is None:
            self._continuing = self.engine.callback(self._continue)
        self._update_interest()

    def _continue(self) -> None:
        self._continuing = None
        if self._pending and self._reading:
            # This is its turn of this poll: what comes from the peer is read in the next one at the soonest.
            self._continuing = self.engine.callback(self._continue)
            self._or_end(self._process_input, b"")
        else:
            self._update_interest()

    def _split_again(self) -> None:
        self._unsplit = True
        self._go_on()

    def _deliver(self, data: bytes) -> None:
        """Hand on what ``data`` completes, as far as this turn goes, and keep the rest."""
        waiting: bytes | bytearray = data
        if self._buffer:
            self._buffer += data
            waiting = self._buffer
        position = 0
        complete = False
        try:
            while position < len(waiting) and self._reading and self._events_left > 0:
                piece = self._split(waiting, position)
                if piece is None:
                    complete = True
                    break
                arguments, position = piece
                self._events_left -= 1
                self._call(self.on_read, *arguments)
        except Exception as exc:
            self._report(exc)
            self.close(flush=False)
        finally:
            self._keep(waiting, position)
            self._unsplit = bool(self._buffer) and not complete
        if len(self._buffer) > self._buffer_size:
            self._check_overflow()

    def _split(self, waiting: bytes | bytearray, position: int) -> Found | None:
        if self._splitter is None:
            return (bytes(waiting[position:]),), len(waiting)
        return self._splitter.split(waiting, position)

    def _keep(self, waiting: bytes | bytearray, position: int) -> None:
        if waiting is self._buffer:
            del waiting[:position]
        elif position < len(waiting) and not self._closed:
            self._buffer += waiting[position:]

    def _check_overflow(self) -> None:
        if not self._reading or self._unsplit or len(self._buffer) <= self._unread_limit:
            return
        exc = StreamBufferOverflow(
            f"{len(self._buffer)} bytes wait for read_delimiter {self._delimiter!r}; the limit is {self._unread_limit}"
        )
        self._call(self.on_overflow_error, exc)
        if not self._closed and len(self._buffer) > self._unread_limit:
            self._buffer.clear()
            self.read_delimiter = self._delimiter

    @property
    def _unread_limit(self) -> int:
        return max(self._buffer_size, self._splitter.minimum if self._splitter is not None else 0)

    @property
    def _wants_input(self) -> bool:
        # While TLS waits for its turn in the queue, what comes next from the peer is not for us to read.
        if self._input_ended or (self._tls is not None and not self.ssl_enabled):
            return False
        return self._closing or (self._reading and self._continuing is None and not self._pending)

    @property
    def _has_unread(self) -> bool:
        return bool(self._buffer)

    def _stop_reading(self) -> None:
        """Give handlers no more input, not even what was read already."""
        self._reading = False

    # Writing

    @property
    def max_write_buffer(self) -> int:
        """How many bytes (``int``, above 0) may wait to be sent, files not counted; at first ``limits.unsent``."""
        return self._max_write_buffer

    @max_write_buffer.setter
    def max_write_buffer(self, size: int) -> None:
        self._max_write_buffer = _size("max_write_buffer", size)

    def write(self, data: bytes | bytearray | memoryview, flush: bool = False) -> None:
        """Send bytes as they are; all that is written in one turn of the engine leaves together at its end.

        :param data: ``bytes``, or any contiguous bytes-like object, which is copied.
        :param flush: try to send now, this and all that waits before it.
        :raises TypeError: for anything else; text has to be encoded.
        :raises RuntimeError: when not connected (yet, or any more) or being closed, and in another thread than the one
            that runs the engine.  What is written while TLS shakes hands waits for that.
        :raises StreamBufferOverflow: when it does not fit within :attr:`max_write_buffer` and
            :meth:`on_slow_consumer` neither made room nor closed.
        """
        self._check_can_write()
        if type(data) is not bytes:
            data = to_bytes(data)
        if self._queue.size + len(data) > self._max_write_buffer and not self._make_room(len(data)):
            return
        if data:
            self._queue.append(data)
            self._send_soon()
        if flush:
            self._send_turn()

    def write_file(self, sfile: Any, nbytes: int = 0, offset: int = 0, flush: bool = False) -> None:
        """Send part of a file after all that was written before, by sendfile(2) where that can be.

        :param sfile: a regular file open in binary mode for reading.  It can be closed as soon as this returns; its own
            position is neither used nor changed.
        :param nbytes: how many bytes, 0 for all to the end; fewer are sent when the file is shorter.
        :param offset: where to begin, in bytes from the start of the file.
        :param flush: try to send now.
        :raises TypeError: for an object that is not an open binary file, or numbers that are not ``int``.
        :raises ValueError: for a file that is closed or not a regular one, and negative numbers.
        :raises RuntimeError: as :meth:`write`.
        """
        self._check_can_write()
        self._queue.append_item(FileRegion(sfile, nbytes, offset))
        self._send_soon()
        if flush:
            self._send_turn()

    def write_packed(self, *data: Any, format: str | bytes | None = None, flush: bool = False) -> None:
        """Pack values and :meth:`write` them.

        :param data: the values.
        :param format: a :mod:`struct` format; without one the :attr:`read_delimiter` packs, a Struct or NetStruct.
        :param flush: try to send now.
        :raises ValueError: when there is no format and the delimiter cannot pack.
        :raises struct.error: when the values do not fit the format.
        :raises RuntimeError: as :meth:`write`.
        """
        packer: Any = self._delimiter if format is None else struct.Struct(format)
        if not hasattr(packer, "pack"):
            raise ValueError(f"no format given, and read_delimiter {packer!r} cannot pack")
        self.write(packer.pack(*data), flush)

    def flush(self) -> None:
        """Try to send now all that waits; nothing happens when nothing does.

        :raises RuntimeError: as :meth:`write`.
        """
        self._check_can_write()
        self._send_turn()

    def send_queued(self) -> None:
        """The engine's part: send what was written in this turn."""
        self._send_pending = False
        if not self._blocked:
            self._send_turn()

    def _send_soon(self) -> None:
        if not (self._send_pending or self._blocked):
            self._send_pending = True
            self.engine.queue(self)

    def _make_room(self, length: int) -> bool:
        """Whether so many bytes more may be queued; False when the connection ended instead."""
        if not self._sending:
            self._send_waiting()
            self._update_interest()
        if not (self._closed or self._fits(length)):
            self._call(self.on_slow_consumer)
        if self._closed or self._closing:
            return False
        if self._fits(length):
            return True
        raise StreamBufferOverflow(
            f"{self._unsent} bytes wait to be sent; {length} more exceed max_write_buffer {self._max_write_buffer}"
        )

    def _fits(self, length: int) -> bool:
        return self._unsent + length <= self._max_write_buffer

    @property
    def _unsent(self) -> int:
        """How many bytes wait to be sent, files not counted."""
        return self._queue.size

    def _send_turn(self) -> None:
        if self._sending or not self._queue:
            return
        self._sending = True
        try:
            starts_tls = isinstance(self._queue.first(), Handshake)  # which is nothing that was written
            self._send_waiting()
            if not (self._queue or self._closed or starts_tls):
                self._call(self.on_write)
        finally:
            self._sending = False
            self._after_sending()

    def _after_sending(self) -> None:
        if self._closing and not self._queue:
            self._finish(linger=True)
        elif self._queue and not self._blocked and self._handshake_timer is None:
            self._send_soon()
        self._update_interest()

    def _send_waiting(self) -> None:
        file_bytes = 0
        turn_is_over = False
        while self._queue and self._socket is not None and self._handshake_timer is None:
            item = self._queue.first()
            if isinstance(item, Handshake):
                self._queue.drop_first()
                if self._tls is not None:
                    self._secure_socket(self._tls)
                return
            try:
                if isinstance(item, FILES):
                    sent = self._send_file(self._socket, item)
                    file_bytes += sent
                    turn_is_over = file_bytes >= item.turn
                else:
                    sent = self._socket.send(item)
                    self._queue.sent(sent)
            except (*NOT_NOW, ssl.SSLWantWriteError):
                self._blocked = True
                return
            except ssl.SSLWantReadError:  # pragma: no cover  # only while a TLS 1.2 peer renegotiates
                return
            except OSError as exc:
                self._fail(exc, self.on_write_error)
                return
            self._progress = True
            if turn_is_over:
                self._blocked = True  # the next writable event goes on with it
                return
        self._blocked = False

    def _send_file(self, socket: sockets.socket, region: FileRegion | Pieces) -> int:
        if isinstance(region, FileRegion) and hasattr(os, "sendfile") and not isinstance(socket, ssl.SSLSocket):
            try:
                sent = region.send_to(socket.fileno())
            except OSError as exc:
                if exc.errno not in NO_SENDFILE:
                    raise
                sent = self._copy_file(socket, region)
        else:
            sent = self._copy_file(socket, region)
        if not sent:
            self._queue.drop_first()
        return sent

    def _copy_file(self, socket: sockets.socket, region: FileRegion | Pieces) -> int:
        step = region.read()
        sent = socket.send(step) if step else 0
        region.sent(sent)
        return sent

    # TLS

    def startSSL(self, ssl_options: SSLOptions = {}) -> Self:  # noqa: B006  # documented so, and never changed
        """Secure the connection with TLS: before ``on_connect`` when not connected yet, else after what is queued.

        :param ssl_options: an :class:`ssl.SSLContext`, or a mapping with any of ``certfile``, ``keyfile``,
            ``ca_certs``,
            ``cert_reqs``, ``ciphers``, ``server_side``, ``server_hostname``.  A client verifies the server by
            default; an
            accepted connection is the server's side by default.
        :returns: the stream itself; ``on_ssl_handshake`` or ``on_ssl_handshake_error`` follows within
            ``limits.handshake`` seconds.
        :raises RuntimeError: when TLS is on or asked for already, or the stream is closed or being closed.
        :raises TypeError, ValueError, OSError: for options that are wrong.
        """
        self._check_not_closed("start TLS")
        if self._tls is not None or isinstance(self._socket, ssl.SSLSocket):
            raise RuntimeError("cannot start TLS: it is on, or asked for, already")
        self._tls = tls_from_options(ssl_options, server_side=self.server is not None)
        if self.connected:
            self._stop_reading()
            self._queue.append_item(HANDSHAKE)
            self._send_soon()
            self._update_interest()
        return self

    def _secure_socket(self, tls: TLS) -> None:
        if self._has_unread:
            # What came before TLS must not be taken for what came under its protection.
            return self._fail(ssl.SSLError("plain text followed the request to start TLS"), self.on_ssl_error)
        self._forget_unfinished()
        assert self._socket is not None
        self.engine.remove_channel(self)
        try:
            self._socket = tls.wrap(self._socket, self._hostname)
            self.engine.add_channel(self)
        except (OSError, ValueError) as exc:
            return self._fail(exc, self.on_ssl_error)
        self._begin_handshake()

    def _forget_unfinished(self) -> None:
        """Forget what would be joined to what comes under protection; a stream keeps nothing else than unread data."""

    def _begin_handshake(self) -> None:
        self._handshake_timer = self.engine.defer(self.limits.handshake, self._handshake_timed_out)
        self._shake_hands()
        self._join_server()

    def _shake_hands(self) -> None:
        assert isinstance(self._socket, ssl.SSLSocket)
        try:
            self._socket.do_handshake()
        except ssl.SSLWantReadError:
            self._handshake_wants = READ
        except ssl.SSLWantWriteError:
            self._handshake_wants = WRITE
        except OSError as exc:
            return self._fail(exc, self.on_ssl_handshake_error)
        else:
            self._handshake_done()
        self._update_interest()

    def _handshake_done(self) -> None:
        self._stop_handshake_timer()
        self.ssl_enabled = True
        try:
            self._tell_secured()
        finally:
            if not self._closed:
                self._secured()

    def _tell_secured(self) -> None:
        self._call(self.on_ssl_handshake)

    def _secured(self) -> None:
        """Go on with TLS in force."""
        if self._queue:
            self._send_soon()
        if self.connecting:
            self._established()
        else:
            self._reading = not self._closing
            self._update_interest()

    def _handshake_timed_out(self) -> None:
        self._fail(handshake_timeout(self.limits.handshake), self.on_ssl_handshake_error)

    def _stop_handshake_timer(self) -> None:
        if self._handshake_timer is not None:
            self._handshake_timer.cancel()
            self._handshake_timer = None

    # Closing

    def close(self, flush: bool = True) -> None:
        """Close; no more input is delivered from here on, and a second call changes nothing.

        :param flush: first send what is queued.  Until then the connection counts as ``connected``, but takes no
            more writes;
            a peer that takes nothing for ``limits.close`` seconds is given up.  Without it, close now,
            also when a flushing close is under way already.

        ``on_close`` follows when it is done, inside this call when nothing waits.
        """
        self.engine._check_thread()
        if self._closed:
            return
        if not (flush and self._queue and self.connected):
            self._finish(linger=flush and self.connected)
        elif not self._closing:
            self._closing = True
            self._stop_reading()
            self._leave_server()
            if self._close_timer is not None:
                self._close_timer.cancel()
            self._close_timer = self.engine.cycle(self.limits.close, self._check_progress)

    def abandon(self) -> None:
        """The engine's part: close at once."""
        self.close(flush=False)

    def _check_progress(self) -> None:
        if not self._progress:
            self.close(flush=False)
        self._progress = False

    def _join_server(self) -> None:
        if self.server is not None and self._can_write:
            self.server._connection_writable(self)

    def _log_share_of_server(self) -> LogShare | None:
        return None if self.server is None else self.server._log_share

    def _leave_server(self) -> None:
        if self.server is not None:
            self.server._connection_closing(self)

    def _finish(self, *, linger: bool) -> None:
        """Be closed, once: nothing is delivered after the ``on_close`` called here."""
        if self._closed:
            return
        self._closed = True
        self._stop_reading()
        self.connected = self.connecting = False
        self._leave_server()
        self._stop_handshake_timer()
        for timer in (self._close_timer, self._continuing):
            if timer is not None:
                timer.cancel()
        if self._connector is not None:
            self._connector.abandon()
        self.engine.remove_channel(self)
        self._queue.clear()
        self._splitter = self._delimiter = None
        try:
            self._call(self.on_close)
        finally:
            self._log_end()
            self._release(linger)

    def _release(self, linger: bool) -> None:
        self._buffer.clear()
        socket, self._socket = self._socket, None
        if self.server is not None:
            self.server._connection_closed(self)
        if socket is None:
            return
        if isinstance(socket, ssl.SSLSocket):
            socket = plain_socket(socket)
        if linger and not self._input_ended and not self.engine.closed:
            Linger(self.engine, socket, self.limits.linger)
            return
        try:
            socket.shutdown(sockets.SHUT_RDWR)
        except OSError:
            pass  # it was not connected, or the peer was first
        socket.close()

    def _fail(self, exc: Exception, handler: Callable[[Any], None]) -> None:
        """Nothing more can be done on this socket: tell, unless it is just the peer that is gone, and close."""
        gone = isinstance(exc, OSError) and exc.errno in GONE_PLAIN and not isinstance(exc, ssl.SSLError)
        try:
            if self._handshake_timer is not None or not (gone or isinstance(exc, GONE_TLS)):
                self._stop_handshake_timer()
                self._call(handler, exc)
        finally:
            self.close(flush=False)

    # What a call needs

    def _check_not_closed(self, action: str) -> None:
        self.engine._check_thread()
        if self._closed or self._closing:
            raise RuntimeError(f"cannot {action}: the stream is {'closed' if self._closed else 'being closed'}")

    @property
    def _can_write(self) -> bool:
        return (self.connected or self._handshake_timer is not None) and not self._closing

    def _check_can_write(self) -> None:
        self.engine._check_thread()
        if not self._can_write:
            self._check_not_closed("write")
            raise RuntimeError("cannot write: the stream is not connected")

    def _update_interest(self) -> None:
        try:
            if self._closed:
                return
            if self._handshake_timer is not None:
                self._watch(self._handshake_wants)
            elif self.connected:
                self._watch((READ if self._wants_input else 0) | (WRITE if self._blocked else 0))
        except OSError as exc:
            self._fail(exc, self._log_unwatchable)

    def _log_unwatchable(self, exc: OSError) -> None:
        self._log(logging.WARNING, f"the system cannot watch it: {exc}; closing")

    # Placeholders

    def on_connect(self) -> None:
        """The connection is up.  Placeholder."""

    def on_read(self, data: Any) -> None:
        """The next piece of input, as :attr:`read_delimiter` says.  Placeholder.

        :param data: ``bytes``; for a Struct or NetStruct so many values instead, as separate arguments; a match
            object for a
            regular expression that is not searched.
        """

    def on_write(self) -> None:
        """All that was queued has been handed to the system.  Placeholder."""

    def on_close(self) -> None:
        """The connection ends; addresses and :attr:`unread` are still there, writing is not possible.  Placeholder."""

    def on_ssl_handshake(self) -> None:
        """TLS is in force.  Placeholder."""

    def on_slow_consumer(self) -> None:
        """More would wait to be sent than :attr:`max_write_buffer`: the peer does not read.  By default, close.

        A handler that keeps the connection makes room by raising the limit; else the ``write`` is refused.
        """
        self._log(
            logging.WARNING,
            f"{self._unsent} bytes wait to be sent, and max_write_buffer is {self._max_write_buffer}; closing",
        )
        self.close(flush=False)

    def on_overflow_error(self, exc: StreamBufferOverflow) -> None:
        """More than :attr:`buffer_size` bytes wait for the delimiter.  By default, log and close.

        When a handler leaves the connection open, and too much waiting, what waits (:attr:`unread`) is discarded.
        """
        self._log_and_close(exc)

    def on_connect_error(self, exc: StreamConnectError) -> None:
        """The connection could not be made.  By default, log and close; a handler may :meth:`connect` elsewhere
        instead."""
        self._log_and_close(exc)

    def on_read_error(self, exc: OSError) -> None:
        """The system failed to read, for another reason than a peer that is gone.  By default, log; it is closed
        then."""
        self._log_and_close(exc)

    def on_write_error(self, exc: OSError) -> None:
        """The system failed to send, for another reason than a peer that is gone.  By default, log; it is closed
        then."""
        self._log_and_close(exc)

    def on_ssl_error(self, exc: Exception) -> None:
        """TLS could not be started.  By default, log; the connection is closed then."""
        self._log_and_close(exc)

    def on_ssl_handshake_error(self, exc: OSError) -> None:
        """The TLS handshake failed, or took too long.  By default, log; the connection is closed then.

        Scanners and plain clients do that to a server all day, so it logs them at INFO, and a client at WARNING.
        """
        level = logging.WARNING if self.server is None else logging.INFO
        self._log(level, handshake_failure(exc))
        self.close(flush=False)

    def _log_and_close(self, exc: Exception) -> None:
        self._log(logging.WARNING, f"{exc}; closing")
        self.close(flush=False)


def _size(name: str, value: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be an int, not {type(value).__name__}")
    if value < 1:
        raise ValueError(f"{name} must be at least 1, not {value}")
    return value


def to_bytes(data: Any) -> bytes:
    if isinstance(data, str):
        raise TypeError("write() takes bytes, not str; encode the text first")
    try:
        view = memoryview(data)
    except TypeError:
        raise TypeError(f"write() takes bytes, not {type(data).__name__}") from None
    if not view.contiguous:
        raise BufferError("write() takes contiguous bytes, not every so many of them")
    return view.tobytes()
