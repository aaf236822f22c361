"""Agreeing on options: RFC 1143's Q method, which neither loops nor forgets, for both sides of a connection.

Theory of operation. An option is agreed on for each side by itself: what we do ourselves (``Side.LOCAL``, our WILL and
WONT against the peer's DO and DONT), and what the peer does (``Side.REMOTE``, our DO and DONT against its WILL and
WONT). The two are mirror images, so there is one table for both. In it a positive command is WILL or DO, a negative one
WONT or DONT; a column is a command received, or what the program asks for; a cell is the next state, with + or - where
we send a positive or negative command:

    state             positive          negative       enable            disable
    NO                + YES, or - NO    NO             + WANTYES         NO
    YES               YES               - NO           YES               - WANTNO
    WANTNO            NO (1)            NO             WANTNO_OPPOSITE   WANTNO
    WANTNO_OPPOSITE   YES (1)           + WANTYES      WANTNO_OPPOSITE   WANTNO
    WANTYES           YES               NO             WANTYES           WANTYES_OPPOSITE
    WANTYES_OPPOSITE  - WANTNO          NO             WANTYES           WANTYES_OPPOSITE

WANTNO and WANTYES wait for an answer; OPPOSITE is the queue bit: the program changed its mind meanwhile. It keeps a
program that flips an option, and two peers that flip it against each other, from sending for ever. The cell with a
choice asks the handler. At (1) the peer answered our refusal with a positive command, which it must not; the state goes
where RFC 1143 section 7 sends it.

Two things are added. An option counts as on when its state has been YES, until it is NO or asked for anew, and only a
change of that is announced: a request that was taken back before it was answered is never seen. And what makes us
answer is counted: a peer that loops runs out of answers.

TIMING-MARK and LOGOUT use the same commands for something without a state (RFC 860, RFC 727). They do not belong here.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, Final, Protocol

from telnet.bucket import TokenBucket
from telnet.constants import DO, DONT, LOGOUT, TIMING_MARK, WILL, WONT, command_name, option_name
from telnet.encode import negotiate

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Handler", "Negotiator", "Side", "State"]


class Side(Enum):
    """Whose option it is."""

    __hash__ = object.__hash__  # that of Enum is Python, and each command needs three

    LOCAL = auto()
    """Ours: we say WILL and WONT."""

    REMOTE = auto()
    """The peer's: we say DO and DONT."""


class State(Enum):
    """Where the agreement on an option of one side stands (RFC 1143 section 7)."""

    __hash__ = object.__hash__

    NO = auto()
    YES = auto()
    WANTNO = auto()
    WANTNO_OPPOSITE = auto()
    WANTYES = auto()
    WANTYES_OPPOSITE = auto()


class _Input(Enum):
    __hash__ = object.__hash__

    POSITIVE = auto()
    NEGATIVE = auto()
    ENABLE = auto()
    DISABLE = auto()


class Handler(Protocol):
    """What a :class:`Negotiator` asks and tells; every method must be there."""

    def accepts_option(self, option: bytes, side: Side) -> bool:
        """Return whether to agree when the peer offers an option (``REMOTE``) or requests it of us (``LOCAL``)."""

    def on_option_enabled(self, option: bytes, side: Side) -> None:
        """Learn that an option is on from now on. Our part of the agreement has been sent already."""

    def on_option_disabled(self, option: bytes, side: Side) -> None:
        """Learn that an option is no longer on."""

    def on_option_refused(self, option: bytes, side: Side) -> None:
        """Learn that the peer declined what we had requested or offered."""

    def on_negotiation_limit(self, command: bytes, option: bytes) -> None:
        """Learn that the peer has negotiated too much. This command and what follows is ignored until answers are left
        again; once for each time that they run out. A peer that does this loops, or is up to no good: close.
        """


# The table above: the next state, and whether we send a positive command, a negative one or none. In the state NO a
# positive command is looked up after the handler has agreed; where it has not, we send a negative one and stay.
_TABLE: Final[dict[tuple[State, _Input], tuple[State, bool | None]]] = {
    (State.NO, _Input.POSITIVE): (State.YES, True),
    (State.NO, _Input.NEGATIVE): (State.NO, None),
    (State.NO, _Input.ENABLE): (State.WANTYES, True),
    (State.NO, _Input.DISABLE): (State.NO, None),
    (State.YES, _Input.POSITIVE): (State.YES, None),
    (State.YES, _Input.NEGATIVE): (State.NO, False),
    (State.YES, _Input.ENABLE): (State.YES, None),
    (State.YES, _Input.DISABLE): (State.WANTNO, False),
    (State.WANTNO, _Input.POSITIVE): (State.NO, None),
    (State.WANTNO, _Input.NEGATIVE): (State.NO, None),
    (State.WANTNO, _Input.ENABLE): (State.WANTNO_OPPOSITE, None),
    (State.WANTNO, _Input.DISABLE): (State.WANTNO, None),
    (State.WANTNO_OPPOSITE, _Input.POSITIVE): (State.YES, None),
    (State.WANTNO_OPPOSITE, _Input.NEGATIVE): (State.WANTYES, True),
    (State.WANTNO_OPPOSITE, _Input.ENABLE): (State.WANTNO_OPPOSITE, None),
    (State.WANTNO_OPPOSITE, _Input.DISABLE): (State.WANTNO, None),
    (State.WANTYES, _Input.POSITIVE): (State.YES, None),
    (State.WANTYES, _Input.NEGATIVE): (State.NO, None),
    (State.WANTYES, _Input.ENABLE): (State.WANTYES, None),
    (State.WANTYES, _Input.DISABLE): (State.WANTYES_OPPOSITE, None),
    (State.WANTYES_OPPOSITE, _Input.POSITIVE): (State.WANTNO, False),
    (State.WANTYES_OPPOSITE, _Input.NEGATIVE): (State.NO, None),
    (State.WANTYES_OPPOSITE, _Input.ENABLE): (State.WANTYES, None),
    (State.WANTYES_OPPOSITE, _Input.DISABLE): (State.WANTYES_OPPOSITE, None),
}

# What the peer sends is about the other side than what we send with the same word.
_RECEIVED: Final = {
    WILL: (Side.REMOTE, _Input.POSITIVE),
    WONT: (Side.REMOTE, _Input.NEGATIVE),
    DO: (Side.LOCAL, _Input.POSITIVE),
    DONT: (Side.LOCAL, _Input.NEGATIVE),
}
_SENT: Final = {
    (Side.LOCAL, True): WILL,
    (Side.LOCAL, False): WONT,
    (Side.REMOTE, True): DO,
    (Side.REMOTE, False): DONT,
}

_STATELESS: Final = frozenset((TIMING_MARK, LOGOUT))
_UNANSWERED: Final = frozenset((State.WANTNO, State.WANTNO_OPPOSITE, State.WANTYES, State.WANTYES_OPPOSITE))


class Negotiator:
    """Agrees with the peer on options, for one connection.

    ``handler`` is asked and told as :class:`Handler` describes; ``send`` is called with the bytes that are to go to the
    peer, in order. Neither I/O nor a clock is used: the time in seconds, of any steady clock, comes with what was
    received.

    The peer has ``burst`` answers at once and ``rate`` more of them a second. The busiest clients seen offer or accept
    some forty options when they connect, and a handful at a time later.

    Sources: RFC 855, RFC 1143.
    """

    def __init__(
        self, handler: Handler, send: Callable[[bytes], object], *, burst: int = 256, rate: float = 16.0
    ) -> None:
        self._handler = handler
        self._send = send
        self._answers = TokenBucket(burst, rate)
        self._exhausted = False
        self._states: dict[tuple[bytes, Side], State] = {}
        self._on: set[tuple[bytes, Side]] = set()

    def state(self, option: bytes, side: Side) -> State:
        """Return where the agreement on an option (``bytes`` of length 1) stands, for one side."""
        return self._states.get((option, side), State.NO)

    def enabled(self, option: bytes, side: Side) -> bool:
        """Return whether an option is on. While a refusal of ours is not answered yet, it still is."""
        return (option, side) in self._on

    def options_on(self) -> list[tuple[bytes, Side]]:
        """Return the options that are on, each with its side, in order."""
        return sorted(self._on, key=lambda each: (each[0], each[1].value))

    @property
    def settled(self) -> bool:
        """Whether the peer has answered everything that it was asked."""
        return _UNANSWERED.isdisjoint(self._states.values())

    def request(self, option: bytes) -> None:
        """Ask the peer to do an option (DO). The answer is an event; what is on or asked for already is not sent again.

        Raises ``ValueError`` if the option has no state (TIMING-MARK, LOGOUT) or is not 1 byte, and ``TypeError`` if it
        is not bytes.
        """
        self._want(option, Side.REMOTE, _Input.ENABLE)

    def offer(self, option: bytes) -> None:
        """Offer to do an option ourselves (WILL). Otherwise as :meth:`request`."""
        self._want(option, Side.LOCAL, _Input.ENABLE)

    def refuse(self, option: bytes, side: Side) -> None:
        """Turn an option off (WONT for ``LOCAL``, DONT for ``REMOTE``), or take back that it was asked for.

        The peer cannot decline this (RFC 854). Raises as :meth:`request` does.
        """
        self._want(option, side, _Input.DISABLE)

    def receive(self, command: bytes, option: bytes, now: float) -> bool:
        """Take a WILL, WONT, DO or DONT of the peer; return whether it was about an option with a state.

        ``now`` is the time in seconds. Where False is returned nothing was done: TIMING-MARK and LOGOUT are the
        caller's. What a method of the handler raises is passed on, and the negotiator goes on from there.
        """
        if option in _STATELESS:
            return False
        side, received = _RECEIVED[command]
        state = self.state(option, side)
        if not self._is_answered(state, received):
            self._move(option, side, received)
        elif self.allow(command, option, now):
            if state is State.NO and not self._handler.accepts_option(option, side):
                self._send(negotiate(_SENT[side, False], option))
            else:
                self._move(option, side, received)
        return True

    def allow(self, command: bytes, option: bytes, now: float, answers: int = 1) -> bool:
        """Return whether an answer is left for the peer, and use it.

        For what is answered elsewhere: TIMING-MARK, LOGOUT, and subnegotiations that ask for something.  The handler is
        told when none is left.

        :param answers: as how many answers this one counts.
        """
        if self._answers.take(now, answers):
            self._exhausted = False
            return True
        if not self._exhausted:
            self._exhausted = True
            self._handler.on_negotiation_limit(command, option)
        return False

    def _want(self, option: bytes, side: Side, wanted: _Input) -> None:
        if option in _STATELESS:
            raise ValueError(f"{option_name(option)} has no state to agree on: send it as {command_name(DO)} by itself")
        negotiate(DO, option)  # for its checks of the option
        self._move(option, side, wanted)

    def _move(self, option: bytes, side: Side, cause: _Input) -> None:
        before = self.state(option, side)
        after, positive = _TABLE[before, cause]
        self._states[option, side] = after
        if positive is not None:
            try:
                self._send(negotiate(_SENT[side, positive], option))
            except Exception:
                self._states[option, side] = before  # it was not said
                raise
        self._announce(option, side, before, after)

    def _announce(self, option: bytes, side: Side, before: State, after: State) -> None:
        if after is State.YES and (option, side) not in self._on:
            self._on.add((option, side))
            self._handler.on_option_enabled(option, side)
        elif after in (State.NO, State.WANTYES) and (option, side) in self._on:
            self._on.discard((option, side))
            self._handler.on_option_disabled(option, side)
        elif before is State.WANTYES and after is State.NO:
            self._handler.on_option_refused(option, side)

    def _is_answered(self, state: State, received: _Input) -> bool:
        return _TABLE[state, received][1] is not None
