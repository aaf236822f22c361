"""The Q method, cell by cell, and what two negotiators do to each other."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telnet.constants import DO, DONT, ECHO, GMCP, LOGOUT, NAWS, SGA, TIMING_MARK, WILL, WONT
from telnet.encode import negotiate
from telnet.events import Option, parse
from telnet.negotiation import Negotiator, Side, State

SIDES = [Side.LOCAL, Side.REMOTE]

# For each side: what the peer sends (positive, negative) and what we send (positive, negative).
RECEIVED = {Side.LOCAL: (DO, DONT), Side.REMOTE: (WILL, WONT)}
SENT = {Side.LOCAL: (WILL, WONT), Side.REMOTE: (DO, DONT)}


class Peer:
    """A negotiator, and all that it sent and told."""

    def __init__(self, *accepted: bytes, **limits: Any) -> None:
        self.accepted = set(accepted)
        self.log: list[tuple[object, ...]] = []
        self.sent: list[bytes] = []
        self.negotiator = Negotiator(self, self.sent.append, **limits)

    def accepts_option(self, option: bytes, side: Side) -> bool:
        return option in self.accepted

    def on_option_enabled(self, option: bytes, side: Side) -> None:
        self.log.append(("enabled", option, side))

    def on_option_disabled(self, option: bytes, side: Side) -> None:
        self.log.append(("disabled", option, side))

    def on_option_refused(self, option: bytes, side: Side) -> None:
        self.log.append(("refused", option, side))

    def on_negotiation_limit(self, command: bytes, option: bytes) -> None:
        self.log.append(("limit", command, option))

    def receive(self, command: bytes, option: bytes, now: float = 0.0) -> bool:
        return self.negotiator.receive(command, option, now)

    def take(self) -> list[bytes]:
        taken, self.sent[:] = self.sent[:], []
        return taken


def positive(peer: Peer, side: Side) -> None:
    peer.receive(RECEIVED[side][0], ECHO)


def negative(peer: Peer, side: Side) -> None:
    peer.receive(RECEIVED[side][1], ECHO)


def enable(peer: Peer, side: Side) -> None:
    (peer.negotiator.offer if side is Side.LOCAL else peer.negotiator.request)(ECHO)


def disable(peer: Peer, side: Side) -> None:
    peer.negotiator.refuse(ECHO, side)


Cause = Callable[[Peer, Side], None]

# How to get into each state from nothing.
WAYS: dict[State, list[Cause]] = {
    State.NO: [],
    State.YES: [enable, positive],
    State.WANTNO: [enable, positive, disable],
    State.WANTNO_OPPOSITE: [enable, positive, disable, enable],
    State.WANTYES: [enable],
    State.WANTYES_OPPOSITE: [enable, disable],
}

# RFC 1143 section 7: the next state; what we send, 0 the positive and 1 the negative command; what is told.
CELLS: list[tuple[State, Cause, State, int | None, str | None]] = [
    (State.NO, positive, State.YES, 0, "enabled"),
    (State.NO, negative, State.NO, None, None),
    (State.NO, enable, State.WANTYES, 0, None),
    (State.NO, disable, State.NO, None, None),
    (State.YES, positive, State.YES, None, None),
    (State.YES, negative, State.NO, 1, "disabled"),
    (State.YES, enable, State.YES, None, None),
    (State.YES, disable, State.WANTNO, 1, None),
    (State.WANTNO, positive, State.NO, None, "disabled"),
    (State.WANTNO, negative, State.NO, None, "disabled"),
    (State.WANTNO, enable, State.WANTNO_OPPOSITE, None, None),
    (State.WANTNO, disable, State.WANTNO, None, None),
    (State.WANTNO_OPPOSITE, positive, State.YES, None, None),
    (State.WANTNO_OPPOSITE, negative, State.WANTYES, 0, "disabled"),
    (State.WANTNO_OPPOSITE, enable, State.WANTNO_OPPOSITE, None, None),
    (State.WANTNO_OPPOSITE, disable, State.WANTNO, None, None),
    (State.WANTYES, positive, State.YES, None, "enabled"),
    (State.WANTYES, negative, State.NO, None, "refused"),
    (State.WANTYES, enable, State.WANTYES, None, None),
    (State.WANTYES, disable, State.WANTYES_OPPOSITE, None, None),
    (State.WANTYES_OPPOSITE, positive, State.WANTNO, 1, None),
    (State.WANTYES_OPPOSITE, negative, State.NO, None, None),
    (State.WANTYES_OPPOSITE, enable, State.WANTYES, None, None),
    (State.WANTYES_OPPOSITE, disable, State.WANTYES_OPPOSITE, None, None),
]


def in_state(state: State, side: Side, **limits: Any) -> Peer:
    peer = Peer(ECHO, **limits)
    for cause in WAYS[state]:
        cause(peer, side)
    assert peer.negotiator.state(ECHO, side) is state
    peer.sent.clear()
    peer.log.clear()
    return peer


def test_every_cell_is_here() -> None:
    assert len({(state, cause) for state, cause, *_ in CELLS}) == len(CELLS) == len(State) * 4


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize(("state", "cause", "after", "sent", "told"), CELLS)
def test_cell(state: State, cause: Cause, after: State, sent: int | None, told: str | None, side: Side) -> None:
    peer = in_state(state, side)

    cause(peer, side)

    assert peer.negotiator.state(ECHO, side) is after
    assert peer.sent == ([] if sent is None else [negotiate(SENT[side][sent], ECHO)])
    assert peer.log == ([] if told is None else [(told, ECHO, side)])


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("state", State)
def test_the_other_side_is_left_alone(state: State, side: Side) -> None:
    peer = in_state(state, side)
    [other] = {*SIDES} - {side}

    assert peer.negotiator.state(ECHO, other) is State.NO
    assert not peer.negotiator.enabled(ECHO, other)


# --- what is agreed to ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", SIDES)
def test_what_is_not_accepted_is_refused_once_for_each_request(side: Side) -> None:
    peer = Peer()

    for _ in range(3):
        peer.receive(RECEIVED[side][0], NAWS)

    assert peer.take() == [negotiate(SENT[side][1], NAWS)] * 3
    assert peer.log == []


@pytest.mark.parametrize("side", SIDES)
def test_what_could_not_be_said_was_not_asked_for(side: Side) -> None:
    def refuse(data: bytes) -> None:
        raise RuntimeError("another thread")

    peer = Peer()
    negotiator = Negotiator(peer, refuse)
    with pytest.raises(RuntimeError, match="another thread"):
        negotiator.offer(ECHO) if side is Side.LOCAL else negotiator.request(ECHO)
    assert (negotiator.state(ECHO, side), peer.log) == (State.NO, [])


def test_our_answer_is_on_its_way_before_the_handler_hears_of_it() -> None:
    class Eager(Peer):
        def on_option_enabled(self, option: bytes, side: Side) -> None:
            self.sent.append(b"SB")

    peer = Eager(GMCP)
    peer.receive(DO, GMCP)

    assert peer.sent == [negotiate(WILL, GMCP), b"SB"]


def test_handler_may_turn_an_option_off_when_it_is_told_that_it_is_on() -> None:
    class Fickle(Peer):
        def on_option_enabled(self, option: bytes, side: Side) -> None:
            super().on_option_enabled(option, side)
            self.negotiator.refuse(option, side)

    peer = Fickle(SGA)
    peer.receive(DO, SGA)
    peer.receive(DONT, SGA)

    assert peer.sent == [negotiate(WILL, SGA), negotiate(WONT, SGA)]
    assert peer.log == [("enabled", SGA, Side.LOCAL), ("disabled", SGA, Side.LOCAL)]


def test_an_exception_of_the_handler_leaves_the_state_untouched() -> None:
    class Broken(Peer):
        def accepts_option(self, option: bytes, side: Side) -> bool:
            raise LookupError

    peer = Broken()

    with pytest.raises(LookupError):
        peer.receive(WILL, NAWS)
    assert (peer.negotiator.state(NAWS, Side.REMOTE), peer.sent) == (State.NO, [])


def test_an_option_is_on_until_its_refusal_is_answered() -> None:
    peer = in_state(State.WANTNO, Side.REMOTE)
    assert peer.negotiator.enabled(ECHO, Side.REMOTE)

    peer.receive(WONT, ECHO)
    assert not peer.negotiator.enabled(ECHO, Side.REMOTE)


@pytest.mark.parametrize("side", SIDES)
def test_a_request_that_was_taken_back_is_never_announced(side: Side) -> None:
    peer = in_state(State.WANTYES_OPPOSITE, side)

    positive(peer, side)
    negative(peer, side)

    assert peer.log == []
    assert peer.negotiator.state(ECHO, side) is State.NO


@pytest.mark.parametrize(("state", "settled"), [(state, state in (State.NO, State.YES)) for state in State])
def test_settled_is_when_every_question_is_answered(state: State, settled: bool) -> None:
    assert in_state(state, Side.LOCAL).negotiator.settled is settled


# --- what has no state, and what is no option -------------------------------------------------------------------------


@pytest.mark.parametrize("option", [TIMING_MARK, LOGOUT])
@pytest.mark.parametrize("command", [WILL, WONT, DO, DONT])
def test_what_has_no_state_is_left_to_the_caller(command: bytes, option: bytes) -> None:
    peer = Peer(option)

    assert not peer.receive(command, option)
    assert (peer.sent, peer.log) == ([], [])


def test_what_has_no_state_cannot_be_asked_for() -> None:
    with pytest.raises(ValueError, match="^TIMING_MARK has no state to agree on: send it as DO by itself$"):
        Peer().negotiator.request(TIMING_MARK)


@pytest.mark.parametrize(("option", "error"), [(b"", ValueError), (b"ab", ValueError), (1, TypeError)])
def test_what_is_no_option_is_refused_and_nothing_is_sent(option: Any, error: type[Exception]) -> None:
    peer = Peer()

    with pytest.raises(error):
        peer.negotiator.offer(option)
    assert peer.sent == []


# --- the limit --------------------------------------------------------------------------------------------------------


def test_a_peer_that_loops_runs_out_of_answers_and_is_told_of_once() -> None:
    peer = Peer(burst=5)

    for _ in range(1000):
        peer.receive(WILL, NAWS)

    assert len(peer.sent) == 5
    assert peer.log == [("limit", WILL, NAWS)]


def test_answers_come_back_with_time() -> None:
    peer = Peer(burst=5, rate=2.0)
    for _ in range(10):
        peer.receive(WILL, NAWS, now=100.0)
    peer.sent.clear()

    for _ in range(10):
        peer.receive(WILL, NAWS, now=101.5)

    assert len(peer.sent) == 3
    assert peer.log == [("limit", WILL, NAWS)] * 2


def test_no_more_answers_are_saved_than_the_burst() -> None:
    peer = Peer(burst=5)
    peer.receive(WILL, NAWS, now=0.0)

    for _ in range(10):
        peer.receive(WILL, NAWS, now=1e9)

    assert len(peer.sent) == 1 + 5


def test_a_clock_that_goes_back_gives_nothing() -> None:
    peer = Peer(burst=1)

    peer.receive(WILL, NAWS, now=1e9)
    peer.receive(WILL, NAWS, now=0.0)

    assert len(peer.sent) == 1


def test_commands_that_need_no_answer_cost_none() -> None:
    peer = in_state(State.YES, Side.REMOTE, burst=1)

    for _ in range(1000):
        peer.receive(WILL, ECHO)
        peer.receive(WONT, NAWS)

    assert (peer.sent, peer.log) == ([], [])


def test_two_peers_that_flip_an_option_against_each_other_come_to_rest() -> None:
    """A server that says WILL and WONT in turns without waiting makes simple negotiators loop for ever."""
    ours, theirs = Peer(ECHO), Peer(ECHO)
    for _ in range(50):
        ours.negotiator.offer(ECHO)
        ours.negotiator.refuse(ECHO, Side.LOCAL)
        theirs.negotiator.request(ECHO)
        theirs.negotiator.refuse(ECHO, Side.REMOTE)

    assert exchange(Wire(ours, theirs)) < 10


# --- two of them on a wire --------------------------------------------------------------------------------------------


class Wire:
    """Two negotiators, and what is under way between them."""

    def __init__(self, *peers: Peer) -> None:
        self.peers = peers
        self.under_way: tuple[deque[Option], ...] = (deque(), deque())
        self.count = 0

    def collect(self) -> None:
        for peer, way in zip(self.peers, self.under_way, strict=True):
            for event in parse(b"".join(peer.take())):
                assert isinstance(event, Option)
                self.count += 1
                way.append(event)

    def deliver(self, sender: int) -> None:
        """Let the oldest command of a sender arrive, if one is under way."""
        if self.under_way[sender]:
            self.peers[1 - sender].receive(*self.under_way[sender].popleft())
            self.collect()


def exchange(wire: Wire) -> int:
    """Let everything arrive; return how many commands it took."""
    wire.collect()
    while any(wire.under_way):
        for sender in (0, 1):
            wire.deliver(sender)
        assert wire.count < 10_000, "they never settle"
    return wire.count


OPTIONS = [ECHO, SGA, NAWS]
STEPS = ["offer", "request", "no", "dont", "arrive"]
steps = st.lists(
    st.tuples(
        st.integers(0, 1), st.sampled_from(["offer", "request", "no", "dont", "arrive"]), st.sampled_from(OPTIONS)
    ),
    max_size=60,
)
accepted = st.tuples(st.sets(st.sampled_from(OPTIONS)), st.sets(st.sampled_from(OPTIONS)))


@given(steps=steps, accepted=accepted)
def test_whatever_two_programs_ask_and_however_late_it_comes_they_agree_in_the_end(
    steps: list[tuple[int, str, bytes]], accepted: tuple[set[bytes], set[bytes]]
) -> None:
    wire = Wire(*(Peer(*options) for options in accepted))
    asked = 0
    for index, step, option in steps:
        negotiator = wire.peers[index].negotiator
        if step == "arrive":
            wire.deliver(index)
            continue
        asked += 1
        if step in ("offer", "request"):
            getattr(negotiator, step)(option)
        else:
            negotiator.refuse(option, Side.LOCAL if step == "no" else Side.REMOTE)
        wire.collect()

    sent = exchange(wire)

    assert sent <= 2 * asked  # each question has one answer at the most
    for option in OPTIONS:
        for side, other in (SIDES, SIDES[::-1]):
            ours, theirs = (peer.negotiator for peer in wire.peers)
            assert ours.state(option, side) is theirs.state(option, other)
            assert ours.state(option, side) in (State.NO, State.YES)
            assert (
                ours.enabled(option, side) is theirs.enabled(option, other) is (ours.state(option, side) is State.YES)
            )
    for peer in wire.peers:
        check_told(peer.log)


def check_told(log: list[tuple[object, ...]]) -> None:
    """An option is enabled and disabled in turns, beginning with enabled."""
    for key in {entry[1:] for entry in log}:
        told = [entry[0] for entry in log if entry[1:] == key and entry[0] != "refused"]
        assert told == [("enabled", "disabled")[number % 2] for number in range(len(told))]
