"""What a program writes: the methods that are called for one peer, and those that send to it, under any shell."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from telnet.files import EscapedFile
from telnet.guard import Guard
from telnet.keepalive import check_keepalive
from telnet.limits import Limits
from telnet.log_share import describe
from telnet.negotiation import Side
from telnet.options.echo import ECHO
from telnet.options.gmcp import GMCP
from telnet.options.gmcp_codec import ABSENT
from telnet.options.logout import LOGOUT
from telnet.options.msdp import MSDP
from telnet.options.option import Option, Role
from telnet.session import Session

if TYPE_CHECKING:
    from telnet.client import Client
    from telnet.options.com_port import Command
    from telnet.options.linemode import Mode
    from telnet.options.msp import Sound
    from telnet.options.slc import SLC, Key

__all__ = ["MudHandler"]


class NoSessionError(RuntimeError, AttributeError):
    """A handler was used before its connection was up; an ``AttributeError`` too, so that ``hasattr`` answers."""


class NotUpYet:
    """What a handler has in the place of its session until its connection is up."""

    def __get__(self, handler: MudHandler | None, kind: type[MudHandler]) -> NotUpYet:
        if handler is None:
            return self
        raise NoSessionError(
            f"{kind.__name__} has no session yet, and nothing can be sent: its connection must be up, which it is from "
            "on_connect on"
        )


class MudHandler(Guard):
    """One peer of a MUD: subclass it, say what it speaks in :attr:`options`, and override the ``on_...`` placeholders.

    A subclass runs under either shell as it is: ``MudServer(Player)`` on selectors, ``telnet.aio.serve(Player, ...)``
    on asyncio.

    The senders below raise ``RuntimeError`` before the connection is up, and do nothing once it is being closed.  Names
    that begin with an underscore belong to the shells: name your own attributes without.
    """

    options: ClassVar[Sequence[type[Option] | Option]] = ()
    """What is spoken: classes or instances.  Any other option is refused."""

    limits: Limits = Limits()
    """The bounds of every connection of this class."""

    encoding: ClassVar[str] = "utf-8"
    """In which text is sent and read until another is agreed on."""

    fallback: ClassVar[str | None] = "cp1252"
    """In which a line is read that is not in :attr:`encoding`; None replaces what cannot be read."""

    legacy_encoding: ClassVar[str | None] = "cp1252"
    """In which text is sent and read where :attr:`encoding` is UTF-8 and the client says that it does not understand
    that; a client that names its encoding has text in that one.  With None text stays in :attr:`encoding`, whatever a
    client says, until CHARSET agrees on another."""

    ayt_answer: ClassVar[str | None] = None
    """The line with which AYT (are you there?) is answered, empty for none; None is ``[Yes]`` for a server and none for
    a client.  :attr:`Session.ayt_answer <telnet.session.Session.ayt_answer>` is that of one connection."""

    nop_interval: ClassVar[float | None] = None
    """After how many seconds in which nothing was sent IAC NOP is, to keep the connection alive; None for never.
    :attr:`Session.nop_interval <telnet.session.Session.nop_interval>` is that of one connection."""

    edit_lines: ClassVar[bool] = False
    """Whether BS and DEL edit what the peer types, as :attr:`Session.edit_lines <telnet.session.Session.edit_lines>`
    says; ``IAC EC`` and ``IAC EL`` always do."""

    if TYPE_CHECKING:
        session: Session
    else:
        session = NotUpYet()
    """The session of this peer, from ``on_connect`` on; ``session[GMCP]`` is its object of an option.

    :raises RuntimeError: if the connection is not up yet.
    """

    server: Any = None
    """The server that accepted the connection, whose ``connections`` are all that are up; None on the side that
    connected."""

    max_write_buffer: int = Limits().unsent
    """How many bytes may wait to be sent; at first ``limits.unsent``."""

    def make_session(
        self,
        role: Role = Role.SERVER,
        *,
        wake: Callable[[], object] | None = None,
        report: Callable[[Exception], object] | None = None,
    ) -> Session:
        """Make :attr:`session` and return it: the shell's part, or a test's that needs no shell.

        The arguments are those of :class:`~telnet.session.Session`.
        """
        self.session = Session(
            self,
            self.options,
            role=role,
            limits=self.limits,
            encoding=self.encoding,
            fallback=self.fallback,
            legacy_encoding=self.legacy_encoding,
            ayt_answer=self.ayt_answer,
            nop_interval=self.nop_interval,
            edit_lines=self.edit_lines,
            wake=wake,
            report=report,
        )
        return self.session

    @property
    def client(self) -> Client:
        """What is known of the peer, whichever protocol told it."""
        return self.session.client

    def _described(self) -> str:
        return describe(self, self.remote_address)

    @property
    def _hides_text(self) -> bool:
        return "session" in vars(self) and self.session.hides_text

    # What the shell brings; without one

    @property
    def remote_address(self) -> Any:
        """The peer's address; None without a shell."""
        return None

    def close(self, flush: bool = True) -> None:
        """Close, after what was written has left, or at once without ``flush``.  ``on_close`` follows.

        Without a shell the session alone is closed.
        """
        self.session.close()

    def call_later(self, delay: float, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call a function in so many seconds, 0 for the next turn; return an object whose ``cancel()`` prevents it.

        What the function raises is treated as what a handler raises, and what is no function is a ``TypeError``.
        Raises ``RuntimeError`` without a shell, which has the clock.
        """
        raise RuntimeError(f"{type(self).__name__} has no clock: run it on a shell, such as MudServer")

    def call_from_thread(self, function: Callable[..., Any], *arguments: Any) -> None:
        """Call a function soon, in the thread of the shell; the one method here that any thread may call.

        For what takes long and must not keep everybody waiting, such as hashing a password: have a thread do it, and
        come back with the result by this.  What the function raises is treated as what a handler raises.  Raises
        ``RuntimeError`` without a shell, or when that has ended.
        """
        raise RuntimeError(f"{type(self).__name__} has no thread to come back to: run it on a shell, such as MudServer")

    def pause(self) -> None:
        """Read nothing from the peer, and deliver nothing behind the present event, until :meth:`resume`."""
        self.session.pause()

    def resume(self) -> None:
        """Go on after :meth:`pause`, in the next turn."""
        self.session.resume()

    # Senders

    def send(self, text: str) -> None:
        r"""Send text; ``\n`` becomes CR LF, and what the encoding lacks is replaced.

        :raises TypeError: if ``text`` is not ``str``, as with the other senders of text.
        """
        self.session.send(text)

    def send_line(self, text: str = "") -> None:
        """Send text and a line end."""
        self.session.send_line(text)

    def prompt(self, text: str = "") -> None:
        """Send text, and the mark that it is a prompt: EOR, else GA, else a line end."""
        self.session.prompt(text)

    def echo(self, shown: bool) -> None:
        """Let the client show what is typed, or hide it, as before a password; ECHO must be in :attr:`options`.

        Raises ``KeyError`` if it is not.
        """
        echo = self.session[ECHO]
        echo.show() if shown else echo.hide()

    def send_gmcp(self, package: str, value: Any = ABSENT) -> bool:
        """Send a GMCP message, as :meth:`GMCP.send_message <telnet.options.GMCP.send_message>` does.

        Return whether that was done: not to a peer that does not speak GMCP, or does not take this package.  Raises
        what that raises, and ``KeyError`` if GMCP is not in :attr:`options`.
        """
        return self.session[GMCP].send_message(package, value)

    def send_msdp(self, name: str, value: object) -> bool:
        """Give an MSDP variable its value, as :meth:`MSDP.set <telnet.options.MSDP.set>` does.

        Return whether it is sent, at the end of this turn: not to a peer that has not asked for it, or has it already.
        Raises what that raises, and ``KeyError`` if MSDP is not in :attr:`options`.
        """
        return self.session[MSDP].set(name, value)

    def send_file(self, sfile: Any, nbytes: int = 0, offset: int = 0, flush: bool = False) -> None:
        """Send part of a file after all that was written before, with every byte 255 doubled (RFC 854).

        It is read piece by piece as it is sent, so that its size does not matter; what is written meanwhile comes after
        it, and counts in :attr:`max_write_buffer`.  A file that cannot be read any more is given to ``on_error``, or to
        ``on_write_error`` where the shell has that, and the connection is closed.

        The other bytes are sent as they are.  Outside of BINARY (RFC 856) a receiver may change them: it drops the NUL
        of CR NUL, and CR without it.  For what is no text :class:`~telnet.options.BINARY` must be on in our direction.

        :param sfile: a regular file open in binary mode for reading.  It can be closed as soon as this returns; its own
            position is neither used nor changed.
        :param nbytes: how many bytes of the file, 0 for all to the end; fewer are sent if the file is shorter.
        :param offset: where to begin, in bytes from the start of the file.
        :param flush: whether to try to send now.
        :raises TypeError: if it is not an open binary file, or a number is not ``int``.
        :raises ValueError: if the file is closed, not a regular one or not open for reading, or a number is negative.
        """
        self.session.send_pieces(EscapedFile(sfile, nbytes, offset))

    # Placeholders: the connection

    def on_connect(self) -> None:
        """The connection is up, and what we offer is on its way; nothing is known of the peer yet.  Placeholder."""

    def on_ready(self) -> None:
        """The peer has answered, or ``limits.ready`` seconds are over, or it has sent a line: greet it.  Placeholder.

        Answers that come later are events all the same.
        """

    def on_input_end(self) -> None:
        """Called when the peer has ended its direction: it sends nothing more, and may still read.

        What is written until the handler closes is sent, for ``limits.close`` seconds at most; then the connection is
        closed.  A peer that is gone altogether looks the same until something is sent to it.  A client is closed after
        this call: a server ends both directions.

        By default, close unless an answer may still be awaited (:attr:`Session.awaits_answer
        <telnet.session.Session.awaits_answer>`), so that who leaves without a word holds nothing.
        """
        if not self.session.awaits_answer:
            self.close()

    def on_close(self) -> None:
        """The connection ends; nothing can be sent any more, and nothing follows.  Placeholder."""

    def on_slow_consumer(self) -> None:
        """More would wait to be sent than :attr:`max_write_buffer`: the peer does not read.  By default, log and close.

        A handler that keeps the connection makes room by raising the limit.  One that does neither loses it all the
        same: what would be left out may lie in the middle of a compressed stream.
        """
        self._log(logging.WARNING, f"more than {self.max_write_buffer} bytes would wait to be sent; closing")
        self.close(flush=False)

    # Placeholders: text

    def on_line(self, line: str) -> None:
        """The peer sent a line of text, here without its end.  Placeholder.

        It may hold any control character: leave those out before others see it.
        """

    def on_line_overflow(self, excerpt: bytes) -> None:
        """A line longer than ``limits.line`` was dropped; ``excerpt`` is how it began.  Placeholder."""

    def on_prompt(self, text: str) -> None:
        """Client: the server marked a prompt, with GA or EOR.  Placeholder.

        :param text: what came since the last line end.
        """

    def on_client(self, name: str, value: Any) -> None:
        """Something is known of the peer that was not before.  Placeholder.

        :param name: the attribute of :attr:`client`.
        :param value: its new value, which is there as well.
        """

    def on_data(self, data: bytes) -> None:
        """Bytes came, while ``session.raw`` is set: keys as they are typed, or what is no text.  Placeholder."""

    # Placeholders: Telnet

    def on_command(self, command: bytes) -> None:
        """IAC and a command without an option, such as ``IP`` or ``AYT``, but not NOP.  Placeholder.

        AYT has been answered with :attr:`ayt_answer`, if there is one; EC and EL have erased what they should.
        """

    def on_option_enabled(self, option: bytes, side: Side) -> None:
        """An option is on, for our side (``Side.LOCAL``) or the peer's (``Side.REMOTE``).  Placeholder."""

    def on_option_disabled(self, option: bytes, side: Side) -> None:
        """An option is off again.  Placeholder."""

    def on_option_refused(self, option: bytes, side: Side) -> None:
        """The peer declined an option.  Placeholder."""

    def on_subnegotiation(self, option: bytes, data: bytes) -> None:
        """A subnegotiation of an option that is not in :attr:`options`.  Placeholder."""

    def on_protocol_error(self, reason: str, data: bytes) -> None:
        """The peer broke a rule; what it sent was dropped, and the connection goes on.  Placeholder.

        :param reason: what was wrong.
        :param data: an excerpt of what was dropped; empty, or ``b"Char.Login"`` alone, where it may hold a secret.
        """

    def on_negotiation_limit(self, command: bytes, option: bytes) -> None:
        """The peer negotiates without end, or asks again and again, and is not answered for a while.  By default, log.

        :param command: WILL, WONT, DO or DONT; AYT; SB for a subnegotiation that asks for something.
        :param option: which option; empty for AYT.
        """
        self._log(logging.WARNING, f"more than {self.limits.negotiations} negotiations; not answering")

    # Placeholders: the options

    def on_echo(self, shown: bool) -> None:
        """ECHO, client: what is typed is to be hidden (``shown`` is False), or shown again.  Placeholder."""

    def on_timing_mark_request(self) -> None:
        """TIMING-MARK: the peer wants to know when all before this is processed; it is told when this returns.

        To tell it later, call ``self.session[TIMING_MARK].hold()`` here, and ``announce()`` then.  Placeholder.
        """

    def on_timing_mark(self, accepted: bool) -> None:
        """TIMING-MARK: the peer answered, or announced by itself, that all before this is processed.  Placeholder.

        :param accepted: False when it does not say so.
        """

    def on_logout(self) -> None:
        """LOGOUT, server: the client asks to be logged out.  By default, decline.

        To comply, call ``self.session[LOGOUT].announce()`` and close.
        """
        self.session[LOGOUT].decline()

    def on_logout_answer(self, accepted: bool) -> None:
        """LOGOUT, client: whether the server logs us out.  Placeholder."""

    def on_terminal_types(self, names: tuple[str, ...]) -> None:
        """TTYPE: the client has told all names; :attr:`client` has what they mean.  Placeholder."""

    def on_window_size(self, width: int, height: int) -> None:
        """NAWS: the window has another size, in columns and rows.  Placeholder."""

    def on_environment(self, name: str, value: str | None) -> None:
        """NEW-ENVIRON, server: a variable of the client is new, or has another value.  Placeholder.

        :param value: None if the client says that it is undefined.
        """

    def on_linemode(self, mode: Mode) -> None:
        """LINEMODE: another mode is in force; for a client, the server has asked for it.  Placeholder."""

    def on_slc(self, keys: dict[SLC, Key]) -> None:
        """LINEMODE: these special characters have changed, each by its function.  Placeholder.

        :param keys: of level NOSUPPORT is one that is gone; ``session[LINEMODE].keys`` has all that there are.
        """

    def on_forwardmask(self, characters: bytes) -> None:
        """LINEMODE, client: send what was typed at these characters too; at none if it is empty.  Placeholder."""

    def on_forwardmask_answer(self, accepted: bool) -> None:
        """LINEMODE, server: whether the client sends at the characters that it was asked for.  Placeholder."""

    def on_com_port(self, command: Command, value: int | str) -> None:
        """COM-PORT-OPTION, server: the client sets this, and is told so unless ``grant`` is called.  Placeholder.

        For a client, what is in force at the server's port, or what has happened to it.

        :param value: of the class that is named like the command; text for SIGNATURE.
        """

    def on_charset(self, encoding: str) -> None:
        """Called when text is in another encoding from here on: agreed on by CHARSET, or said by the client.

        What CHARSET agrees on is told even if text is in it already.

        :param encoding: Python's name for it.
        """

    def on_terminal_speed(self, transmit: int, receive: int) -> None:
        """TSPEED, server: the bits a second that the client's terminal sends and receives.  Placeholder."""

    def on_display(self, display: str) -> None:
        """XDISPLOC, server: the client's X display; empty if it has none.  Placeholder."""

    def on_location(self, location: str) -> None:
        """SNDLOC, server: where the client's user is, as text for people.  Placeholder."""

    def on_flow_control(self, enabled: bool) -> None:
        """LFLOW, client: whether XOFF and XON (^S and ^Q) stop and start the output, or are keys.  Placeholder."""

    def on_flow_restart(self, any_key: bool) -> None:
        """LFLOW, client: whether any key starts the output again, or XON alone.  Placeholder."""

    def on_status(self, options: tuple[tuple[bytes, bytes], ...], parameters: tuple[tuple[bytes, bytes], ...]) -> None:
        """STATUS: what the peer takes to be on.  Placeholder.

        :param options: WILL, WONT, DO or DONT, as the peer would say it, and the option.
        :param parameters: an option, and what was agreed on about it.
        """

    def on_gmcp(self, package: str, value: Any) -> None:
        """GMCP: a message came.  Placeholder.

        :param package: its name, as the peer wrote it, in whatever case.
        :param value: what was in it, of any type that JSON has; None for ``null`` and for nothing, and
            ``telnet.options.Unparsed``, which is a ``str``, for text that is not JSON.
        """

    def on_gmcp_supports(self) -> None:
        """GMCP, server: the client has said which packages it takes: ``session[GMCP].supports(...)``.  Placeholder."""

    def on_login_credentials(self, account: str, password: str) -> None:
        """GMCP, server: the client logs in by itself; ``answer_login`` is owed.  Placeholder."""

    def on_login_declined(self) -> None:
        """GMCP, server: the client has no password to send: ask its user with text.  Placeholder."""

    def on_login_resume(self, account: str, provider: str) -> None:
        """Called when a client asks for the browser sign-in that it had the last time: ``send_login_url`` is owed.

        :param account: of the last ``send_login_token``.
        :param provider: of the last ``send_login_url``, such as ``"google"``; empty if the client does not know it.
        """

    def on_login_reconnect(self, account: str, token: str) -> None:
        """Called when a client signs in with a token of ``send_login_token``: ``answer_login`` is owed."""

    def on_login_auth_code(self, code: str, code_verifier: str, redirect_uri: str, nonce: str) -> None:
        """Called when a client has signed its user in with the server's OpenID provider: ``answer_login`` is owed.

        :param code: the authorization code, to exchange for a token at the provider.
        :param code_verifier: that of PKCE (RFC 7636).
        :param redirect_uri: the address that the code was sent to.
        :param nonce: which the ID token must hold; empty if the client sent none.
        """

    def on_login_offer(self, types: tuple[str, ...], location: str) -> None:
        """GMCP, client: the server takes logins; ``send_credentials`` is owed.  Placeholder.

        :param types: which, the best first.
        :param location: the URL of the OpenID configuration, for ``"oauth"``, of ``https`` or ``http``; empty without.
        """

    def on_login_url(self, url: str, provider: str) -> None:
        """Called when a server wants its user to sign in on a page: ask the user before a browser opens it.

        :param url: an address of ``https`` or ``http``.
        :param provider: who signs the user in, such as ``"google"``, for ``resume_login``; empty if that was not said.
        """

    def on_login_token(self, account: str, token: str, secure_only: bool) -> None:
        """Called when a server gives a token to sign in with the next time, by ``replay_token``; it replaces any other.

        :param account: whose it is.
        :param token: as secret as a password.
        :param secure_only: whether it may be sent over TLS alone: store that with it.
        """

    def on_login_result(self, success: bool, message: str) -> None:
        """GMCP, client: the login succeeded, or did not, and why.  Placeholder."""

    def on_msdp(self, name: str, value: str | list[Any] | dict[str, Any]) -> None:
        """MSDP: the client set a configurable variable; for a client, the server sent a variable.  Placeholder.

        :param value: text, a list (an array) or a dict (a table); there are no numbers.
        """

    def on_mssp(self, variables: dict[str, list[str]]) -> None:
        """MSSP, client: the server told about itself, by the option or as plain text.  Placeholder.

        :param variables: the values of each, at least one; the last is the most important.  An official name has its
            blanks: ``variables["CRAWL DELAY"]``.
        """

    def on_msp(self, sound: Sound) -> None:
        """MSP, client: play a sound, or stop (``sound.off``).  Placeholder."""

    def on_mxp(self) -> None:
        """MXP, client: it is on, and from here on there may be markup in the lines.  Placeholder."""

    def on_mxp_reply(self, name: str, arguments: dict[str, str]) -> None:
        """MXP, server: the client answered a tag that asks.  Placeholder.

        :param name: ``"VERSION"``, ``"SUPPORTS"``, ``"AFK"``, ``"OPTIONS"``, ``"USER"`` or ``"PASSWORD"``.
        :param arguments: such as ``{"client": "Mudlet"}``, or what it supports, ``{"send": "+", "image": "-"}``;
            :func:`~telnet.options.mxp.parse_reply` lists them.  ``{"password": ...}`` is a secret.
        """

    def on_atcp(self, name: str, argument: str, body: str) -> None:
        """ATCP: the peer sent a message.  Placeholder.

        What the ``hello`` of a client says of its name is in :attr:`client`.
        """

    def on_zmp(self, command: str, arguments: list[str]) -> None:
        """ZMP: the peer sent a command.  Placeholder.

        ``zmp.check`` has been answered, ``zmp.ping`` if there is a clock.
        """

    def on_aardwolf(self, channel: int, value: int) -> None:
        """AARDWOLF: a client switched a channel (1 on, 2 off), or the server told its value.  Placeholder."""

    def on_compression_error(self, option: bytes, reason: str) -> None:
        """MCCP: what the peer sends cannot be read any more.  By default, log and close.

        :param option: MCCP2 or MCCP3.
        :param reason: corrupt data, or more of it than ``limits`` allow.
        """
        self._log(logging.WARNING, f"{reason}; closing")
        self.close()


AnyShell = TypeVar("AnyShell", bound=MudHandler)


def combine(handler: type[Any], shell: type[AnyShell]) -> type[AnyShell]:
    """Return a class that is both: what the handler does, on the connections of a shell.

    A handler that is of that shell already is returned unchanged, and for :class:`MudHandler` itself the shell.

    :raises TypeError: if it is not a subclass of :class:`MudHandler`, if it is of another shell, or if it has names
        that would take the place of the shell's own.
    """
    if not (isinstance(handler, type) and issubclass(handler, MudHandler)):
        raise TypeError(f"a handler is a subclass of MudHandler, not {handler!r}")
    if issubclass(handler, shell):
        return handler
    if issubclass(shell, handler):
        return shell
    if handler.call_later is not MudHandler.call_later:  # who has a clock has a shell
        raise TypeError(f"{handler.__name__} has a shell already, and it is not {shell.__name__}")
    if clashes := _private_names(handler) & set(dir(shell)):
        raise TypeError(f"{handler.__name__} has names of its shell: {', '.join(sorted(clashes))}; choose others")
    members = {"__module__": handler.__module__, "__qualname__": handler.__qualname__, "__doc__": handler.__doc__}
    return type(handler.__name__, (handler, shell), members)


def check_handler(handler: type[MudHandler] | MudHandler, role: Role) -> None:
    """Check what a class says of its connections, so that a mistake is found before the first peer comes.

    :param handler: the class of the connections, or the one connection that is to be made.
    :param role: which end they are.
    :raises TypeError: if ``limits`` is not a :class:`~telnet.limits.Limits`, ``keepalive`` not what
        :func:`~telnet.keepalive.check_keepalive` takes, or ``options`` are not what :class:`~telnet.session.Session`
        takes, again and again.
    :raises ValueError, LookupError: if :class:`~telnet.session.Session` refuses an option or an encoding.
    """
    name = (handler if isinstance(handler, type) else type(handler)).__name__
    if not isinstance(handler.limits, Limits):
        raise TypeError(f"limits of {name} must be a Limits, not {handler.limits!r}")
    check_keepalive(getattr(handler, "keepalive", False))  # which a shell brings
    if isinstance(handler.options, Iterator):
        raise TypeError(f"options of {name} must be a sequence, not {handler.options!r}, which lasts once")
    Session(
        None,
        handler.options,
        role=role,
        limits=handler.limits,
        encoding=handler.encoding,
        fallback=handler.fallback,
        legacy_encoding=handler.legacy_encoding,
        ayt_answer=handler.ayt_answer,
        nop_interval=handler.nop_interval,
    )


def _private_names(handler: type[Any]) -> set[str]:
    """The names with one underscore that a handler and its bases define, up to :class:`MudHandler`."""
    own = (vars(base) for base in handler.__mro__ if base is not MudHandler and not issubclass(MudHandler, base))
    return {name for names in own for name in names if name.startswith("_") and not name.startswith("__")}
