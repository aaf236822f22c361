"""The shape that all options have.

An option is a small class: which byte it is, which side of the connection performs it, and what to do when it is
agreed on and when a subnegotiation comes.  A program writes its own as the library does::

    class Dice(Option):
        code = b"\\x7b"
        performer = Role.SERVER               # the server says WILL

        def on_enabled(self, side):
            if side is Side.LOCAL:            # the client said DO
                self.send(b"6")

        def on_subnegotiation(self, data):
            if data not in (b"1", b"2", b"3", b"4", b"5", b"6"):
                return self.report("not a number of a die", data)
            self.emit("on_dice", int(data))   # calls on_dice(number) of the program's handler

and lists it among the ``options`` of its connections.

An option does no I/O and has no clock; what it sends, and what it tells, goes through the session that it belongs to.
No input of the peer makes a method of an option raise: what is wrong is reported with :meth:`Option.report`.
"""

from __future__ import annotations

from copy import copy
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, ClassVar, Final, Protocol, TypeVar

from telnet.constants import DO, SB, WILL
from telnet.encode import negotiate, subnegotiation
from telnet.negotiation import Negotiator, Side, State

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Self

    from telnet.client import Client
    from telnet.limits import Limits
    from telnet.mccp import Compressor

__all__ = ["Option", "OptionHost", "Role", "StatelessOption"]

Result = TypeVar("Result")

TOO_MANY: Final = "bytes too many after a command, which is obeyed without them"

END_OF_STRING: Final = b"\0"
"""What programs in C send after a text, where its protocol has no such end."""


def check_text(noun: str, text: object) -> None:
    """Raise ``TypeError`` for what a program gives in the place of text, such as a list of texts or ``bytes``.

    :param noun: what it is to be.
    """
    if not isinstance(text, str):
        raise TypeError(f"{noun} must be str, not {type(text).__name__}")


class Role(Enum):
    """Which end of a connection somebody is."""

    SERVER = auto()
    """The game: who accepted the connection."""

    CLIENT = auto()
    """The player: who connected."""


class OptionHost(Protocol):
    """What an option needs of its session."""

    role: Role
    client: Client
    limits: Limits
    negotiator: Negotiator
    encoding: str
    """In which text is sent and read.  Never set it to a name that the peer chose: compare that with known ones."""

    @property
    def options(self) -> dict[bytes, Option]:
        """All options of this session, by their codes."""

    @property
    def compressing(self) -> bool:
        """Whether what is sent is compressed."""

    @property
    def lost(self) -> bool:
        """Whether nothing can be read any more."""

    def write(self, data: bytes) -> None:
        """Send bytes as they are."""

    def send(self, text: str) -> None:
        r"""Send text: encoded, with CR LF for ``\n``, and every byte 255 doubled."""

    def emit(self, event: str, *arguments: Any) -> None:
        """Call a method of the program's handler, if it has it."""

    def emit_secret(self, event: str, *arguments: Any) -> None:
        """Call it with a secret: what it raises is logged without its text."""

    def call(self, function: Callable[..., Result], *arguments: Any) -> Result | None:
        """Return what a function of the program returns, or None when it raised, which is reported like a handler's."""

    def report_fault(self, option: bytes, reason: str, data: bytes) -> None:
        """Tell what the peer did wrong, with an excerpt of it that holds no secret."""

    def may_answer(self, command: bytes, option: bytes, size: int = 0) -> bool:
        """Return whether to answer what the peer may ask again and again, and count it."""

    def decode(self, data: bytes, encoding: str | None = None) -> str:
        """Return the text in a message, read as lines are: in the session's encoding, or in that of the protocol."""

    def want_turn(self, option: Option) -> None:
        """Have :meth:`Option.on_turn` called once, before what was written in this turn is sent."""

    def set_binary(self, side: Side, binary: bool) -> None:
        """Say whether text is sent (``LOCAL``) or read (``REMOTE``) without the line ends of the NVT (RFC 856)."""

    def start_compressing(self, compressor: Compressor) -> None:
        """Compress what is written from now on; ``RuntimeError`` while it is already."""

    def stop_compressing(self) -> None:
        """End the stream, if there is one; what is written from now on is plain."""

    def start_inflating(self, option: Option, *, lenient: bool = False) -> bool:
        """Take what comes behind this subnegotiation for a compressed stream; False if it is one already.

        At its end :meth:`Option.on_stream_end` is called, with the reason if it was lost, else with an empty string.
        """


class Option:
    """One option of one connection; subclass it.

    The arguments of a constructor are settings, and an instance in ``options`` is a template: each connection gets a
    copy.  What belongs to one connection is therefore made in :meth:`setup`.
    """

    code: ClassVar[bytes]
    """The option: ``bytes`` of length 1."""

    performer: ClassVar[Role | None] = None
    """Who does what the option is about, that is, who says WILL; None is for one that both may do."""

    unsolicited: ClassVar[bool] = False
    """Whether a subnegotiation is taken even while the option is off (RFC 855 forbids it; the field does it)."""

    session: OptionHost
    """What it belongs to."""

    def bind(self, session: OptionHost) -> Self:
        """Return a copy of this that belongs to a session."""
        bound = copy(self)
        bound.session = session
        bound.setup()
        return bound

    # What a subclass may define

    def setup(self) -> None:
        """Make what belongs to one connection; called once, before anything else."""

    def open(self) -> None:
        """The connection is up: offer or request the option.

        By default a server does, ``offer()`` or ``request()`` as :attr:`performer` says, and a client waits to be asked
        (it may be connected to something that is not Telnet at all).  An option of both is for its class to decide.
        """
        if self.session.role is Role.SERVER and self.performer is not None:
            self.offer() if self.performer is Role.SERVER else self.request()

    def accepts(self, side: Side) -> bool:
        """Return whether to agree to the option, for our side (``LOCAL``) or the peer's (``REMOTE``).

        By default where :attr:`performer` says.
        """
        return self.performer is None or (side is Side.LOCAL) == (self.performer is self.session.role)

    @property
    def settling(self) -> bool:
        """Whether ``on_ready`` is to wait for this; by default until what we asked is answered."""
        waiting = (State.WANTYES, State.WANTYES_OPPOSITE)
        negotiator = self.session.negotiator
        return any(negotiator.state(self.code, side) in waiting for side in Side)

    def on_enabled(self, side: Side) -> None:
        """The option is on, for our side (``LOCAL``) or the peer's (``REMOTE``)."""

    def on_disabled(self, side: Side) -> None:
        """The option is off again."""

    def on_refused(self, side: Side) -> None:
        """The peer declined."""

    def on_subnegotiation(self, data: bytes) -> None:
        """The peer sent a subnegotiation: ``data`` is any bytes, possibly none."""
        self.report("unexpected subnegotiation", data)

    def on_negotiation(self, command: bytes) -> None:
        """WILL, WONT, DO or DONT of an option without a state (TIMING-MARK, LOGOUT)."""

    def on_line(self, line: str) -> bool:
        """Look at a line before the program does; return whether it was meant for this option."""
        return False

    def on_turn(self) -> None:
        """Send what was collected; called when :meth:`want_turn` was."""

    def on_stream_end(self, error: str) -> None:
        """The compressed stream that this option started has come to its end, or is lost."""

    # What a subclass may use

    @property
    def local(self) -> bool:
        """Whether we perform the option now, and may send what that allows."""
        return self.session.negotiator.state(self.code, Side.LOCAL) is State.YES

    @property
    def remote(self) -> bool:
        """Whether the peer performs the option now."""
        return self.session.negotiator.state(self.code, Side.REMOTE) is State.YES

    @property
    def enabled(self) -> bool:
        """Whether either side performs it."""
        return self.local or self.remote

    def may_come(self, side: Side) -> bool:
        """Return whether the peer may send what belongs to the option on a side.

        It may until it has answered our refusal: what it sent before has only crossed that, and is no fault.
        """
        return self.session.negotiator.enabled(self.code, side)

    @property
    def is_server(self) -> bool:
        """Whether we are the server."""
        return self.session.role is Role.SERVER

    @property
    def client(self) -> Client:
        """What is known of the peer."""
        return self.session.client

    def offer(self) -> None:
        """Say WILL, unless that was said."""
        self.session.negotiator.offer(self.code)

    def request(self) -> None:
        """Say DO, unless that was said."""
        self.session.negotiator.request(self.code)

    def refuse(self, side: Side) -> None:
        """Say WONT or DONT, unless that was said."""
        self.session.negotiator.refuse(self.code, side)

    def send(self, data: bytes) -> None:
        """Send a subnegotiation of this option; 255 is doubled here."""
        self.session.write(subnegotiation(self.code, data))

    def answer(self, data: bytes) -> bool:
        """Send a subnegotiation that the peer has asked for, and may ask for again and again; return whether it was.

        It is not when the peer has had its share of ``limits.negotiations``, and not while the option is off or being
        refused: the question has crossed our refusal then, and the answer would come too late.
        """
        allowed = self.enabled and self.session.may_answer(SB, self.code, len(data))
        if allowed:
            self.send(data)
        return allowed

    def emit(self, event: str, *arguments: Any) -> None:
        """Tell the program: call the method ``event`` of its handler, if it has it."""
        self.session.emit(event, *arguments)

    def report(self, reason: str, data: bytes) -> None:
        """Tell that the peer sent something wrong, by ``on_protocol_error``, with an excerpt that holds no secret."""
        self.session.report_fault(self.code, reason, data)

    def report_excess(self, data: bytes, size: int) -> None:
        """Report what a payload has after the command that is being obeyed.

        A peer that waits for an answer has asked clearly, and must get one, whatever else it sent.

        :param data: the payload.
        :param size: the length of the command in bytes.
        """
        if len(data) > size:
            self.report(TOO_MANY, data)

    def want_turn(self) -> None:
        """Have :meth:`on_turn` called before what was written in this turn is sent, once."""
        self.session.want_turn(self)


class StatelessOption(Option):
    """An option whose DO is a question of its own each time, and leaves nothing on or off."""

    def open(self) -> None:
        """Ask nothing."""

    def ask(self) -> None:
        """Say DO."""
        self.session.write(negotiate(DO, self.code))

    def announce(self) -> None:
        """Say WILL, as an answer or of our own accord."""
        self.session.write(negotiate(WILL, self.code))
