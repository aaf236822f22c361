"""A Telnet connection: a stream whose commands, options and subnegotiations arrive as events of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from telnet.files import EscapedFile
from telnet.net.send_queue import Pieces
from telnet.net.stream import Stream, StreamOptions
from telnet.parser import Parser

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from telnet.net.timers import Timer

__all__ = ["TelnetConnection"]


class TelnetConnection(Stream):
    """A connection that speaks Telnet (RFC 854); the arguments are those of :class:`Stream`.

    Input is parsed before :attr:`read_delimiter` sees it: what :meth:`on_read` gets is free of Telnet sequences, with
    ``IAC IAC`` undone.  Nothing is answered automatically and no option state is kept.  Everything arrives in wire
    order; a piece that a delimiter ends arrives with its end, so after a command in the middle of it.
    """

    def __init__(self, **kwargs: Unpack[StreamOptions]) -> None:
        self._prepare_input()
        super().__init__(**kwargs)

    def _prepare_input(self) -> None:
        self._events = ParserEvents(self)
        self._parser = Parser(self._events, max_subnegotiation=self.limits.subnegotiation)
        self._wire = b""  # read, and not parsed yet
        self._watched = 0  # the open subnegotiation of the parser that has a timer
        self._timer_of_watched: Timer | None = None

    def _take_input(self, data: bytes) -> None:
        self._wire = self._wire + data if self._wire else data
        while self._reading and self._events_left > 0:
            if self._unsplit:
                self._deliver(b"")
            elif self._wire:
                self._parse()
            else:
                return

    def _parse(self) -> None:
        try:
            self._parser.feed(self._wire)
        except Exception as exc:
            self._report(exc)
        finally:
            self._wire = self._wire[self._parser.consumed :]
        if self._parser.open_subnegotiation != self._watched:
            self._watch_subnegotiation()

    def _watch_subnegotiation(self) -> None:
        """Give the subnegotiation that has begun its time, and forget the one that had it before."""
        if self._timer_of_watched is not None:
            self._timer_of_watched.cancel()
        self._watched = self._parser.open_subnegotiation if self.connected else 0
        if self._watched:
            self._timer_of_watched = self.engine.defer(self.limits.subnegotiation_time, self._time_is_up)

    def _time_is_up(self) -> None:
        # In the next turn: timers are called before anything is read, and what a peer has sent in time counts.
        self._timer_of_watched = self.engine.callback(self._give_up_subnegotiation)

    def _give_up_subnegotiation(self) -> None:
        if self._pending or not self._reading:  # its end may be among what waits
            return self._watch_subnegotiation()
        self._watched = 0
        self._call(self._parser.drop_subnegotiation)

    def _forget_unfinished(self) -> None:
        self._parser.reset()
        self._watch_subnegotiation()

    @property
    def _pending(self) -> bool:
        return self._unsplit or bool(self._wire)

    @property
    def _has_unread(self) -> bool:
        # What follows a request for TLS in the same read was never protected.
        return bool(self._buffer or self._wire)

    def _split_again(self) -> None:
        super()._split_again()
        self._parser.stop()  # what waits comes before what follows

    def _count_event(self) -> None:
        self._events_left -= 1
        if self._events_left <= 0:
            self._parser.stop()

    def _stop_reading(self) -> None:
        super()._stop_reading()
        self._parser.stop()

    # Writing

    def send_file(self, sfile: Any, nbytes: int = 0, offset: int = 0, flush: bool = False) -> None:
        """Send part of a file after all that was written before, with every byte 255 doubled (RFC 854).

        The other bytes are sent as they are.  Outside of BINARY (RFC 856) a receiver may change them: it drops the NUL
        of CR NUL, and CR without it.  For what is no text BINARY must be on in our direction.

        :param sfile: a regular file open in binary mode for reading.  It can be closed as soon as this returns; its own
            position is neither used nor changed.  It is read in pieces as they are sent.
        :param nbytes: how many bytes of the file, 0 for all to the end; fewer are sent when the file is shorter.
        :param offset: where to begin, in bytes from the start of the file.
        :param flush: try to send now.
        :raises TypeError: for an object that is not an open binary file, or numbers that are not ``int``.
        :raises ValueError: for a file that is closed, not a regular one or not open for reading, and negative numbers.
        :raises RuntimeError: as :meth:`write`.
        """
        self._check_can_write()
        self._queue.append_item(Pieces(EscapedFile(sfile, nbytes, offset)))
        self._send_soon()
        if flush:
            self._send_turn()

    def _release(self, linger: bool) -> None:
        if self._timer_of_watched is not None:
            self._timer_of_watched.cancel()
        super()._release(linger)
        self._wire = b""
        # Parser and connection know each other; parted, both go as soon as nobody else holds them.
        del self._events.connection

    # Placeholders

    def on_command(self, command: bytes) -> None:
        """IAC and a command that takes no option.  Placeholder.

        :param command: one byte (``bytes``), such as ``AYT`` or ``GA``; one that no RFC defines, or a stray ``SE``,
            too.
        """

    def on_option(self, command: bytes, option: bytes) -> None:
        """The peer negotiates (RFC 855).  Placeholder.

        :param command: ``WILL``, ``WONT``, ``DO`` or ``DONT`` (``bytes``).
        :param option: the option, one byte of any value (``bytes``).
        """

    def on_subnegotiation(self, option: bytes, data: bytes) -> None:
        """A complete IAC SB ... IAC SE (RFC 855).  Placeholder.

        :param option: the option, one byte of any value (``bytes``).
        :param data: what it holds (``bytes``), ``IAC IAC`` undone; may be empty.
        """

    def on_protocol_error(self, reason: str, data: bytes) -> None:
        """The peer broke the rules of framing; what it sent was dropped, and parsing goes on.  Placeholder.

        :param reason: what was wrong (``str``).
        :param data: an excerpt of what was dropped (``bytes``), of bounded length.
        """


class ParserEvents:
    """What the parser calls: looks each handler up when it is needed, so that one set later counts too."""

    __slots__ = ("connection",)

    def __init__(self, connection: TelnetConnection) -> None:
        self.connection = connection

    def on_data(self, data: bytes) -> None:
        connection = self.connection
        connection._deliver(data)
        if connection._unsplit or connection._events_left <= 0:
            connection._parser.stop()

    def on_command(self, command: bytes) -> None:
        self.connection._count_event()
        self.connection.on_command(command)

    def on_option(self, command: bytes, option: bytes) -> None:
        self.connection._count_event()
        self.connection.on_option(command, option)

    def on_subnegotiation(self, option: bytes, data: bytes) -> None:
        self.connection._count_event()
        self.connection.on_subnegotiation(option, data)

    def on_protocol_error(self, reason: str, data: bytes) -> None:
        self.connection._count_event()
        self.connection.on_protocol_error(reason, data)
