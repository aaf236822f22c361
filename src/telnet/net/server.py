"""Listening: accepting connections, keeping the set of those that are up, and stopping."""

from __future__ import annotations

import errno
import logging
import os
import socket as sockets
import stat
from contextlib import ExitStack
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, TypedDict

from telnet.accepting import ACCEPTS_PER_TURN, PAUSE, Failure, Shortage, end_of, failure_of
from telnet.address import display_address, naming
from telnet.connections import Connections
from telnet.keepalive import check_keepalive
from telnet.limits import Limits
from telnet.log_share import LINES_OF_A_SERVER, LogShare
from telnet.net.address import Address, Endpoint, parse_address
from telnet.net.channel import GONE, Channel
from telnet.net.connection import TelnetConnection
from telnet.net.engine import READ, Engine
from telnet.net.stream import Stream
from telnet.net.timers import Timer
from telnet.net.tls import TLS, SSLOptions, tls_from_options
from telnet.sockets import BoundTo, bind, can_be_served, every_address, start_listening

if TYPE_CHECKING:
    from typing_extensions import Self, Unpack

__all__ = ["Server", "ServerOptions", "TelnetServer"]


class ServerOptions(TypedDict, total=False):
    """What a server can be made with; all are optional."""

    engine: Engine | None
    socket: sockets.socket | None
    ssl_options: SSLOptions | None


class Server(Channel):
    """Accepts connections and makes an object of :attr:`ConnectionClass` of each.

    :param ConnectionClass: the class of the connections; the class attribute when left out.
    :param engine: the :class:`Engine` to join, which its connections join too; the global one when left out.
    :param socket: a stream socket to listen on, instead of a new one.  One that is bound already stays where it is,
        whatever address :meth:`listen` is given.
    :param ssl_options: secure all connections with TLS, as with :meth:`startSSL`.
    :raises TypeError: for an argument that is not one of these, or of the wrong type.
    """

    ConnectionClass: type[Stream] = Stream

    accept_limit: ClassVar[int] = ACCEPTS_PER_TURN

    listening: bool
    """Whether new connections are accepted."""

    ssl_enabled: bool
    """Whether new connections are secured with TLS."""

    connections: Connections[Stream]
    """The connections that can be written to, a live set; over TLS also those that are still shaking hands."""

    def __init__(self, ConnectionClass: type[Stream] | None = None, **kwargs: Unpack[ServerOptions]) -> None:
        if unknown := kwargs.keys() - ServerOptions.__annotations__.keys():
            known = ", ".join(ServerOptions.__annotations__)
            raise TypeError(f"unknown argument {min(unknown)!r} of {type(self).__name__}; known are {known}")
        if ConnectionClass is not None:
            self.ConnectionClass = ConnectionClass
        if not (isinstance(self.ConnectionClass, type) and issubclass(self.ConnectionClass, Stream)):
            raise TypeError(f"ConnectionClass must be a subclass of Stream, not {self.ConnectionClass!r}")
        if not isinstance(self.ConnectionClass.limits, Limits):
            raise TypeError(f"limits of {self.ConnectionClass.__name__} must be a Limits")
        check_keepalive(self.ConnectionClass.keepalive)
        self.listening = False
        self.ssl_enabled = False
        self.connections = Connections()
        self._leaving: dict[Stream, None] = {}
        self._slaves: list[Slave] = []
        self._tls: TLS | None = None
        self._paused: Timer | None = None
        self._shortage = Shortage()
        self._unix_path: tuple[str, int] | None = None
        self._flush_on_close = True
        super().__init__(engine=kwargs.get("engine"), socket=kwargs.get("socket"))
        if kwargs.get("ssl_options") is not None:
            self.startSSL(kwargs["ssl_options"])  # type: ignore[arg-type]

    @property
    def channels(self) -> Connections[Stream]:
        """The same as :attr:`connections`, by the name it used to have."""
        return self.connections

    # Listening

    def listen(self, address: Address, backlog: int = 1024, slave: bool = True, *, reuse_port: bool = False) -> Self:
        """Listen on ``address``; ``on_listen`` is called before this returns.

        :param address: a port or ("", port) for every address of this machine, IPv6 and IPv4 on one port; (host,
            port) for all addresses of a host name, which is looked up here and now; the path of a UNIX socket, a
            ``Path`` or a ``str`` with a slash, which is removed again by :meth:`close`.  Port 0 takes a free one, to be
            read from :attr:`local_address`.
        :param backlog: how many connections may wait to be accepted (``int``).
        :param slave: whether further addresses are listened on as well; without it an unspecific address is IPv4's
            alone.
        :param reuse_port: whether other processes may share the port (SO_REUSEPORT), each getting a share of the
            connections.
        :returns: the server itself.
        :raises InvalidAddressFormatError: for an address that has none of these forms.
        :raises RuntimeError: when listening already, or closed.
        :raises OSError: when the system refuses, for example because the port is taken; its text names the address, and
            the server can try again.
        """
        self.engine._check_thread()
        if self._closed or self.listening:
            raise RuntimeError(f"cannot listen: the server is {'closed' if self._closed else 'listening already'}")
        endpoint = parse_address(address)
        if isinstance(backlog, bool) or not isinstance(backlog, int):
            raise TypeError(f"backlog must be an int, not {type(backlog).__name__}")
        if self._socket is None:
            bound = bind(_addresses(endpoint, slave=slave), dual=endpoint.host == "", reuse_port=reuse_port)
        else:
            bound = [_bind_given(self._socket, endpoint)]
        try:
            start_listening(bound, backlog)
        except BaseException:
            self._socket = None
            raise
        self._start_listening(bound)
        return self

    def _start_listening(self, bound: list[sockets.socket]) -> None:
        if self._socket is None:
            self._adopt_socket(bound[0])
        self._remember_unix_path()
        self._slaves = [Slave(self, socket) for socket in bound[1:]]
        try:
            for channel in (self, *self._slaves):
                self.engine.add_channel(channel)
                channel._watch(READ)
        except OSError:
            self._stop_accepting()
            self._give_up_address()
            raise
        self.listening = True
        self._call(self.on_listen)

    def _stop_accepting(self) -> None:
        self.listening = False
        if self._paused is not None:
            self._paused.cancel()
        for slave in self._slaves:
            slave.abandon()
        self._slaves = []
        self.engine.remove_channel(self)

    def _give_up_address(self) -> None:
        self._remove_unix_path()
        self._close_socket()
        self.interest = 0

    def _remember_unix_path(self) -> None:
        assert self._socket is not None
        path = self._socket.getsockname()
        if isinstance(path, str) and path:
            self._unix_path = (os.path.abspath(path), os.stat(path).st_ino)

    def _remove_unix_path(self) -> None:
        if self._unix_path is None:
            return
        (path, inode), self._unix_path = self._unix_path, None
        try:
            # Somebody else may listen there by now.
            if os.stat(path).st_ino == inode:
                os.unlink(path)
        except OSError:
            pass  # somebody removed it

    def startSSL(self, ssl_options: SSLOptions = {}) -> Self:  # noqa: B006  # documented so, and never changed
        """Secure every connection that is accepted from now on with TLS.

        :param ssl_options: an :class:`ssl.SSLContext` for servers, or a mapping with ``certfile`` and any of
            ``keyfile``,
            ``ca_certs``, ``cert_reqs``, ``ciphers``.
        :returns: the server itself.
        :raises RuntimeError: when TLS is on already, or the server closed.
        :raises TypeError, ValueError, OSError: for options that are wrong.
        """
        if self._closed or self.ssl_enabled:
            raise RuntimeError(f"cannot start TLS: {'the server is closed' if self._closed else 'it is on already'}")
        tls = tls_from_options(ssl_options, server_side=True)
        if not tls.server_side:
            raise ValueError("a server is the server's side of TLS; give server_side=True or a context for servers")
        self._tls = tls
        self.ssl_enabled = True
        return self

    # Accepting

    def handle_events(self, events: int) -> None:
        """The engine's part: accept who waits."""
        assert self._socket is not None
        self._accept_from(self._socket)

    def _accept_from(self, listener: sockets.socket) -> None:
        for _ in range(self.accept_limit):
            if not self.listening:
                return
            try:
                accepted, address = listener.accept()
            except OSError as exc:
                failure = failure_of(exc)
                if failure is not Failure.GONE:
                    return self._stop_for(failure, exc)
            else:
                self._log_room()
                self._accept(accepted, address)

    def _stop_for(self, failure: Failure, exc: OSError) -> None:
        if failure is Failure.NOBODY:
            self._log_room()
        elif failure is Failure.EXHAUSTED:
            self._pause(exc)
        else:
            self._log(logging.ERROR, end_of(exc))
            self.close()

    def _log_room(self) -> None:
        if text := self._shortage.ended(self._time()):
            self._log(logging.INFO, text)

    def _accept(self, accepted: sockets.socket, address: Any) -> None:
        if not can_be_served(accepted, address, self._log):
            return
        if self._tls is not None:
            try:
                accepted = self._tls.wrap(accepted, None)
            except Exception as exc:
                if not (isinstance(exc, OSError) and exc.errno in GONE):  # not reset just now
                    self._call(self.on_ssl_wrap_error, accepted, display_address(address), exc)
                accepted.close()
                return
        self._call(self.on_accept, accepted, display_address(address))

    def _pause(self, exc: OSError) -> None:
        if self._paused is not None:
            return
        if text := self._shortage.failed(self._time(), exc):
            self._log(logging.WARNING, text)
        for channel in (self, *self._slaves):
            channel._watch(0)
        self._paused = self.engine.defer(PAUSE, self._resume)

    def _resume(self) -> None:
        self._paused = None
        try:
            for channel in (self, *self._slaves):
                channel._watch(READ)
        except OSError as exc:
            self._pause(exc)

    def _connection_writable(self, connection: Stream) -> None:
        self.connections._members[connection] = None

    @cached_property
    def _log_share(self) -> LogShare:
        return LogShare(*LINES_OF_A_SERVER)

    def _described(self) -> str:
        return f"{type(self).__name__} on {self.local_address!r}"

    def _connection_closing(self, connection: Stream) -> None:
        if connection in self.connections:
            del self.connections._members[connection]
            self._leaving[connection] = None

    def _connection_closed(self, connection: Stream) -> None:
        self._leaving.pop(connection, None)

    # Closing

    def close(self, flush: bool = True) -> None:
        """Stop listening, and by default close all connections.

        :param flush: let what each connection has queued leave first; the engine has to go on running for that.
            Without it, close them now, also those that are still being flushed.

        A second call does nothing but, without ``flush``, cut that short.
        """
        self.engine._check_thread()
        if self._closed:
            if not flush:
                self._close_connections(flush=False)
            return
        self._closed = True
        self._flush_on_close = flush
        self._stop_accepting()
        try:
            self._call(self.on_close)
        finally:
            self._give_up_address()

    def abandon(self) -> None:
        """The engine's part: close at once."""
        self.close(flush=False)

    def _close_connections(self, *, flush: bool) -> None:
        with ExitStack() as stack:  # also when the on_close of one is interrupted
            for connection in reversed((*self.connections, *self._leaving)):
                stack.callback(connection.close, flush)

    # Placeholders

    def on_listen(self) -> None:
        """The server listens.  Placeholder."""

    def on_accept(self, socket: sockets.socket, addr: Any) -> None:
        """Somebody connected; makes the connection object.  Override it to turn people away, and close the socket then.

        :param socket: the connection, an :class:`ssl.SSLSocket` whose handshake is still to come where TLS is on.
        :param addr: the peer's address, in the forms of ``remote_address``.
        """
        try:
            connection = self.ConnectionClass(engine=self.engine, socket=socket)
        except BaseException:
            socket.close()  # without it, what was built of the connection never begins
            raise
        if connection.closed:
            return  # its constructor turned the peer away
        connection.server = self
        connection._peer = addr
        if self._closed:
            return connection.close(flush=False)  # its constructor closed the server
        connection._begin()

    def on_close(self) -> None:
        """The server stops.  By default, close all its connections; an override that does not call this leaves them
        open."""
        self._close_connections(flush=self._flush_on_close)

    def on_ssl_wrap_error(self, sock: sockets.socket, addr: Any, exc: Exception) -> None:
        """TLS could not be started on an accepted connection, which is closed then.  By default, log."""
        self._log(logging.WARNING, f"TLS with {addr!r} failed: {exc}")


class TelnetServer(Server):
    """A server whose connections speak Telnet; the arguments are those of :class:`Server`.

    ::

        class Echo(TelnetConnection):
            def on_read(self, data):
                self.write(data)

        TelnetServer(Echo).listen(4000)
        Engine.instance().start()
    """

    ConnectionClass: type[Stream] = TelnetConnection

    def __init__(self, ConnectionClass: type[Stream] | None = None, **kwargs: Unpack[ServerOptions]) -> None:
        super().__init__(ConnectionClass, **kwargs)


class Slave(Channel):
    """A further socket of a server, for a further address."""

    def __init__(self, master: Server, socket: sockets.socket) -> None:
        super().__init__(engine=master.engine, socket=socket)
        self._master = master

    def handle_events(self, events: int) -> None:
        assert self._socket is not None
        self._master._accept_from(self._socket)

    def abandon(self) -> None:
        self._closed = True
        self._close_socket()


def _addresses(endpoint: Endpoint, *, slave: bool) -> list[BoundTo]:
    """Return where an endpoint is listened on; the path of a UNIX socket is free then, if nobody listens there."""
    if not endpoint.host and endpoint.family == sockets.AF_UNSPEC:
        return every_address(endpoint.port, sockets.AF_UNSPEC if slave else sockets.AF_INET)
    with naming("listen on", endpoint.shown):
        if endpoint.is_unix:
            _remove_stale_path(endpoint.host)
        found = endpoint.resolve(passive=True)
    return found if slave else found[:1]


def _bind_given(given: sockets.socket, endpoint: Endpoint) -> sockets.socket:
    if not _is_bound(given):
        with naming("listen on", endpoint.shown):
            given.bind(_bind_address(endpoint, given.family))
    return given


def _is_bound(socket: sockets.socket) -> bool:
    try:
        name = socket.getsockname()
    except OSError:  # pragma: no cover  # what Windows says of a socket that is not
        return False
    return bool(name[1] if isinstance(name, tuple) else name)


def _bind_address(endpoint: Endpoint, family: int) -> Any:
    for found, address in endpoint.resolve(passive=True):
        if found == family:
            return address
    raise OSError(errno.EAFNOSUPPORT, "no address of the given socket's family")


def _remove_stale_path(path: str) -> None:
    """Remove the path of a UNIX socket on which nobody listens any more."""
    if path.startswith("\0"):
        return
    try:
        if not stat.S_ISSOCK(os.stat(path).st_mode):
            return  # bind() will say that it is taken
    except OSError:
        return
    with sockets.socket(sockets.AF_UNIX, sockets.SOCK_STREAM) as probe:
        probe.setblocking(False)
        if probe.connect_ex(path) == errno.ECONNREFUSED:
            os.unlink(path)
