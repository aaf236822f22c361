"""A system that fails: it costs the connection that it concerns at most, and nobody else notices, on every shell.

Whatever fails, nothing is left at the end: no descriptor, no member of ``server.connections``, no handler in memory.
Each handler that had its ``on_connect`` had one ``on_close``.  What is logged has a bound, and nothing spins.
"""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from errno import errorcode
from pathlib import Path

import pytest
from fault_support import GOODBYE, HELLO, SHORT, Guest, Served
from shell_support import wait_until

from telnet import escape

pytestmark = pytest.mark.slow

TURNS = 5
BIG = 8 << 20  # more than the system takes for one connection


def name_of(error: object) -> str | None:
    return errorcode.get(error, "a byte at a time") if isinstance(error, int) else None


def each_of(*errors: int) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("error", errors, ids=name_of)


def talk(guests: list[Guest]) -> None:
    """Have all say something in turns."""
    for turn in range(TURNS):
        for number, guest in enumerate(guests):
            guest.talk(f"{turn} {number}")


def converse(guests: list[Guest]) -> None:
    """Have all who are in say something in turns, and then one say something to all."""
    talk(guests)
    guests[0].send("shout listen")
    for guest in guests:
        guest.expect(b"Somebody shouts: listen\r\n")


@contextmanager
def at_the_door(count: int) -> Iterator[list[Guest]]:
    """Guests who have not come yet."""
    with ExitStack() as stack:
        yield [stack.enter_context(Guest()) for _ in range(count)]


on_selectors = pytest.mark.parametrize("served", ["selectors"], indirect=True)


# Accepting


@each_of(errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
def test_newcomers_wait_while_the_system_has_no_room_for_them(served: Served, error: int) -> None:
    with served.guests(2) as inside, at_the_door(3) as newcomers:
        served.fault("accept", error)
        for guest in newcomers:
            guest.connect(served.ports[0])
        wait_until(lambda: served.struck("accept"))
        served.assert_idle()
        converse(inside)
        assert served.state().connections[0] == 2
        served.recover()
        for guest in newcomers:
            guest.expect(HELLO)
        converse(inside + newcomers)
        for guest in newcomers:
            guest.leave()

    served.settle(log=2, above_info=1)  # its beginning and its end


@each_of(errno.ECONNABORTED, errno.EPROTO, errno.EPERM)
def test_a_peer_that_is_gone_before_it_is_accepted_keeps_nobody_out(served: Served, error: int) -> None:
    with served.guests(2) as inside, at_the_door(4) as newcomers:
        served.fault("accept", error, count=1)
        for guest in newcomers:
            guest.knock(served.ports[0])
        taken = [guest for guest in newcomers if not guest.is_greeted()]
        assert taken == newcomers[:1]
        converse(inside + newcomers[1:])

    served.settle()


@each_of(errno.EINTR, errno.EAGAIN)
def test_an_accept_that_came_to_nothing_is_tried_again(served: Served, error: int) -> None:
    with served.guests(2) as inside:
        served.fault("accept", error, count=20, every=2)
        with served.guests(12) as newcomers:
            converse(inside + newcomers)
        assert served.struck("accept")

    served.settle()


@pytest.mark.skipif(sys.platform != "linux", reason="the limit of another process is Linux's to set")
def test_newcomers_wait_while_the_process_is_at_its_limit_of_descriptors(served: Served) -> None:
    with served.guests(2) as inside, at_the_door(5) as newcomers:
        with served.without_descriptors():
            for guest in newcomers:
                guest.connect(served.ports[0])
            inside[0].talk("is anybody at the door?")  # which is looked after in the same turns
            served.assert_idle()
            talk(inside)
        for guest in newcomers:
            guest.expect(HELLO)
        converse(inside + newcomers)
        for guest in newcomers:
            guest.leave()

    served.settle(log=2, above_info=1)


@each_of(errno.EBADF, errno.EINVAL, errno.ENOTSOCK)
def test_a_server_whose_listener_is_none_any_more_is_closed_and_no_other(served: Served, error: int) -> None:
    with at_the_door(5) as [first, second, newcomer, late, of_another]:
        for guest in (first, second):
            guest.connect(served.ports[0]).expect(HELLO)
        served.fault("accept", error)
        newcomer.knock(served.ports[0])
        assert not newcomer.is_greeted()
        assert [first.rest(), second.rest()] == [b"", b""]
        served.assert_idle()
        served.recover()
        late.knock(served.ports[0])
        assert not late.is_greeted()
        served.secure(of_another).expect(HELLO)
        of_another.talk("it is quiet")

    wait_until(lambda: not served.state().living)
    state = served.state()  # it is not settled: a server without its listener is of no use to other tests
    assert state.unbalanced == []
    assert len(state.descriptors) == len(served.before.descriptors) - 1
    assert state.logged - served.before.logged == 1, state.since(served.before)


# Receiving


@each_of(errno.EINTR, errno.EAGAIN)
def test_a_receive_that_came_to_nothing_is_tried_again(served: Served, error: int) -> None:
    with served.guests(3) as guests:
        served.fault("receive", error, every=2)
        converse(guests)
        assert served.struck("receive")
        served.assert_idle()

    served.settle()


@each_of(errno.ECONNRESET, errno.ETIMEDOUT, errno.EPIPE, errno.EHOSTUNREACH, errno.EIO)
def test_a_receive_that_fails_ends_that_connection_alone(served: Served, error: int) -> None:
    with served.guests(2) as others, served.guest() as concerned:
        served.fault("receive", error, only=[concerned])
        concerned.send("say never heard")
        assert concerned.rest() == b""
        served.recover()
        converse(others)

    served.settle(log=0 if error == errno.ECONNRESET else 1)


# Sending


@each_of(errno.EINTR, errno.EAGAIN, SHORT)
def test_what_a_send_did_not_take_follows(served: Served, error: int) -> None:
    with served.guests(3) as guests:
        served.fault("send", error, every=1 if error == SHORT else 2)
        converse(guests)
        assert served.struck("send")
        for guest in guests:
            guest.send("big 3000", "say after it")
        for guest in guests:
            guest.expect(b"x" * 3000 + b".\r\nYou say: after it\r\n")
        served.assert_idle()

    served.settle()


@each_of(errno.EPIPE, errno.ECONNRESET, errno.ENOBUFS, errno.ENOMEM, errno.ETIMEDOUT)
def test_a_send_that_fails_ends_that_connection_alone(served: Served, error: int) -> None:
    with served.guests(2) as others, served.guest() as concerned:
        served.fault("send", error, only=[concerned])
        concerned.send("say never answered")
        assert concerned.rest() == b""
        served.recover()
        converse(others)

    served.settle(log=0 if error in (errno.EPIPE, errno.ECONNRESET) else 2)


@each_of(errno.EPIPE, errno.ETIMEDOUT)
def test_a_send_that_fails_in_the_middle_of_much_ends_that_connection_alone(served: Served, error: int) -> None:
    with served.guests(2) as others, served.guest(receive_buffer=4096) as concerned:
        served.fault("send", error, count=1, every=2, only=[concerned])
        concerned.send(f"big {BIG}")
        assert len(concerned.rest()) < BIG
        assert served.struck("send") == 1
        converse(others)

    served.settle(log=0 if error == errno.EPIPE else 2)


@each_of(errno.EPIPE, errno.ECONNRESET, errno.ENOBUFS)
def test_a_goodbye_that_cannot_be_sent_is_one_end(served: Served, error: int) -> None:
    with served.guests(2) as others, served.guest() as leaving:
        served.fault("send", error, only=[leaving])
        leaving.send("quit")
        assert leaving.rest() == b""
        converse(others)

    served.settle(log=2 if error == errno.ENOBUFS else 0)


# Files, which the selectors shell sends

FILE = Path(__file__)


@on_selectors
@each_of(errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EAGAIN, errno.EINTR)
def test_a_file_arrives_although_sendfile_does_not_send_it(served: Served, error: int) -> None:
    with served.guests(1) as others, served.guest() as concerned:
        served.fault("sendfile", error, count=3)
        concerned.send(f"file {FILE}")
        concerned.expect(FILE.read_bytes() + b".\r\n")
        assert served.struck("sendfile")
        converse(others)

    served.settle()


@on_selectors
@each_of(errno.EIO, errno.ENOMEM, errno.EPIPE)
def test_a_file_that_cannot_be_sent_ends_that_connection_alone(served: Served, error: int) -> None:
    with served.guests(1) as others, served.guest() as concerned:
        served.fault("sendfile", error)
        concerned.send(f"file {FILE}")
        concerned.rest()
        assert served.struck("sendfile")
        converse(others)

    served.settle(log=0 if error == errno.EPIPE else 1)


@each_of(errno.EAGAIN, errno.EINTR, SHORT)
def test_a_file_arrives_escaped_although_the_system_takes_it_in_small_parts(
    served: Served, error: int, tmp_path: Path
) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(range(256)) * 3)
    with served.guests(1) as others, served.guest() as concerned:
        served.fault("send", error, count=30)
        concerned.send(f"download {path}")
        concerned.expect(escape(path.read_bytes()) + b".\r\n")
        assert served.struck("send")
        converse(others)

    served.settle()


@each_of(errno.EPIPE, errno.ECONNRESET)
def test_a_file_whose_receiver_is_gone_leaves_nothing_behind(served: Served, error: int, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(BIG))
    with served.guests(1) as others, served.guest(receive_buffer=4096) as concerned:
        served.fault("send", error, only=[concerned])
        concerned.send(f"download {path}")
        concerned.rest()
        assert served.struck("send")
        served.recover()
        converse(others)

    served.settle()


# Watching.  asyncio does not tell a transport that its descriptor is not watched, and libuv ends the process.


@on_selectors
@each_of(errno.EPERM, errno.ENOMEM, errno.ENOSPC)
def test_a_connection_that_cannot_be_watched_is_ended(served: Served, error: int) -> None:
    with served.guests(2) as others, at_the_door(2) as newcomers:
        served.fault("epoll_add", error, only=newcomers)
        for guest in newcomers:
            guest.knock(served.ports[0])
            assert not guest.is_greeted()
        served.recover()
        converse(others)

    served.settle(log=2)


@on_selectors
@each_of(errno.EPERM, errno.ENOMEM, errno.ENOENT)
def test_a_connection_that_cannot_be_watched_for_another_event_is_ended(served: Served, error: int) -> None:
    with served.guests(2) as others, served.guest(receive_buffer=4096) as concerned:
        served.fault("epoll_mod", error, only=[concerned])
        concerned.send(f"big {BIG}")
        wait_until(lambda: served.struck("epoll_mod"))
        assert len(concerned.rest()) < BIG
        served.recover()
        converse(others)

    served.settle(log=1)


@each_of(errno.EPERM, errno.ENOENT, errno.EBADF)
def test_a_connection_that_cannot_be_forgotten_by_the_poller_ends_as_others_do(served: Served, error: int) -> None:
    with served.guests(2) as others:
        served.fault("epoll_del", error)
        with served.guests(3) as passing:
            talk(passing)
        converse(others)

    served.settle()


# What else a server asks of the system about a newcomer


@pytest.mark.parametrize("call", ["setsockopt", "getsockname", "getpeername", "nonblock"])
@each_of(errno.EINVAL, errno.ENOTCONN, errno.ENOBUFS)
def test_a_newcomer_whose_socket_refuses_a_question_is_served_or_sent_away(
    served: Served, call: str, error: int
) -> None:
    with served.guests(2) as others, at_the_door(2) as newcomers:
        served.fault(call, error, only=newcomers)
        for guest in newcomers:
            guest.knock(served.ports[0])
            if guest.is_greeted():
                guest.talk("here I am")
                guest.leave()
        served.recover()
        with served.guests(2) as later:
            converse(others + later)

    served.settle(log=2)


@pytest.mark.parametrize("call", ["socket", "dup"])
@each_of(errno.EMFILE, errno.ENFILE, errno.ENOBUFS)
def test_serving_needs_no_further_descriptor(served: Served, call: str, error: int) -> None:
    with served.guests(2) as inside:
        served.fault(call, error)
        with served.guests(2) as newcomers:
            converse(inside + newcomers)

    served.settle()


# The end


@each_of(errno.ENOTCONN, errno.EINVAL, errno.ENOBUFS)
def test_a_direction_that_cannot_be_ended_by_itself_ends_with_the_connection(served: Served, error: int) -> None:
    with served.guests(2) as others, served.guest() as leaving:
        served.fault("shutdown", error, only=[leaving])
        leaving.send("say one last word", "quit")
        assert leaving.rest() == b"You say: one last word\r\n" + GOODBYE
        converse(others)

    served.settle()


# TLS

NOTICED_BY_NOBODY: dict[str, Callable[[Served], None]] = {
    "a receive interrupted": lambda served: served.fault("receive", errno.EINTR, every=2),
    "a receive of nothing": lambda served: served.fault("receive", errno.EAGAIN, every=2),
    "a send interrupted": lambda served: served.fault("send", errno.EINTR, every=2),
    "a send of nothing": lambda served: served.fault("send", errno.EAGAIN, every=2),
    "a send of one byte": lambda served: served.fault("send", SHORT),
}


@pytest.mark.parametrize("fault", NOTICED_BY_NOBODY.values(), ids=NOTICED_BY_NOBODY)
def test_tls_gets_through_what_plain_text_gets_through(served: Served, fault: Callable[[Served], None]) -> None:
    with served.guests(1) as others, at_the_door(2) as newcomers:
        fault(served)
        for guest in newcomers:
            served.secure(guest).expect(HELLO)
        converse(newcomers)
        converse(others)
        for guest in newcomers:
            guest.send("quit")
            guest.expect(GOODBYE)

    served.settle()


@pytest.mark.parametrize("call", ["receive", "send"])
@each_of(errno.ECONNRESET, errno.ENOBUFS)
def test_a_fault_under_tls_ends_that_connection_alone(served: Served, call: str, error: int) -> None:
    with served.guests(2) as others, at_the_door(1) as [concerned]:
        served.secure(concerned).expect(HELLO)
        served.fault(call, error, only=[concerned])
        concerned.send("say never answered")
        assert concerned.rest() == b""
        served.recover()
        converse(others)

    served.settle(log=0 if error == errno.ECONNRESET else 2)


@pytest.mark.parametrize("call", ["receive", "send"])
@each_of(errno.ECONNRESET, errno.ENOBUFS)
def test_a_fault_within_a_handshake_ends_that_connection_alone(served: Served, call: str, error: int) -> None:
    with served.guests(2) as others, at_the_door(1) as [concerned]:
        served.fault(call, error, only=[concerned])
        concerned.connect(served.port_of_tls)
        concerned.socket.sendall(b"\x16\x03\x01\x00\x05hello")  # enough to be answered with an alert
        assert concerned.rest() == b""
        served.recover()
        converse(others)

    served.settle(log=2)
