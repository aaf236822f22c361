"""Sockets: one port for all addresses, IPv6 that takes IPv4, errors that name the address, and peers that are gone."""

from __future__ import annotations

import errno
import logging
import select
import socket
import ssl
import struct
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from net_support import has_ipv6
from tls_support import Certificates

from telnet.address import name_address
from telnet.sockets import (
    bind,
    can_be_served,
    every_address,
    handshake_failure,
    has_peer,
    is_gone,
    start_listening,
)

LOOPBACK = (socket.AF_INET, ("127.0.0.1", 0))
LOOPBACK6 = (socket.AF_INET6, ("::1", 0, 0, 0))
NOT_OURS = (socket.AF_INET6, ("2001:db8::1", 0, 0, 0))

needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="no IPv6 here")
needs_dual_stack = pytest.mark.skipif(not (has_ipv6() and socket.has_dualstack_ipv6()), reason="no dual stack here")


@pytest.fixture
def taken() -> Iterator[tuple[str, int]]:
    """An address on which somebody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()


def closing_all(bound: list[socket.socket]) -> Any:
    class All:
        def close(self) -> None:
            for each in bound:
                each.close()

    return closing(All())


@needs_ipv6
def test_free_port_is_one_for_all_addresses() -> None:
    bound = bind([LOOPBACK, LOOPBACK6])
    with closing_all(bound):
        assert len({each.getsockname()[1] for each in bound}) == 1
        assert [bool(each.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR)) for each in bound] == [True, True]


class Unlucky(socket.socket):
    """Finds the first ports that are free on the first address taken on the next."""

    taken = 0

    def bind(self, address: Any) -> None:
        if address[1] and Unlucky.taken:
            Unlucky.taken -= 1
            raise OSError(errno.EADDRINUSE, "taken")
        super().bind(address)


def test_port_that_is_free_on_the_first_address_alone_is_given_up_for_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "socket", Unlucky)
    monkeypatch.setattr(Unlucky, "taken", 15)
    other = (socket.AF_INET, ("127.0.0.2", 0))

    bound = bind([LOOPBACK, other])

    with closing_all(bound):
        assert [each.getsockname()[0] for each in bound] == ["127.0.0.1", "127.0.0.2"]
    monkeypatch.setattr(Unlucky, "taken", 16)
    with pytest.raises(OSError, match="cannot listen on .'127.0.0.2'"):
        bind([LOOPBACK, other])


@needs_dual_stack
def test_every_address_is_one_socket_for_both_families() -> None:
    [bound] = bind(every_address(0), dual=True)
    with bound:
        start_listening([bound], 10)
        port = bound.getsockname()[1]
        for host in ("127.0.0.1", "::1"):
            socket.create_connection((host, port)).close()


def test_every_address_is_that_of_ipv4_where_there_is_no_ipv6(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "has_dualstack_ipv6", lambda: False)

    assert every_address(4000) == [(socket.AF_INET, ("0.0.0.0", 4000))]


@pytest.mark.parametrize(
    ("family", "address"), [(socket.AF_INET, ("0.0.0.0", 4000)), (socket.AF_INET6, ("::", 4000, 0, 0))]
)
def test_every_address_of_a_family_is_of_that_family(family: int, address: Any) -> None:
    assert every_address(4000, family) == [(family, address)]


@needs_ipv6
def test_ipv6_socket_that_is_not_dual_takes_ipv6_alone() -> None:
    [bound] = bind([LOOPBACK6])
    with bound:
        assert bound.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)


def test_address_of_ipv6_that_is_not_ours_is_left_out_beside_another() -> None:
    [bound] = bind([NOT_OURS, LOOPBACK])
    with bound:
        assert bound.family == socket.AF_INET


@pytest.mark.parametrize(
    "addresses", [[NOT_OURS], [NOT_OURS, NOT_OURS], [LOOPBACK, (socket.AF_INET, ("192.0.2.1", 0))]]
)
def test_addresses_that_are_not_ours_are_an_error_that_names_them(addresses: Any) -> None:
    with pytest.raises(OSError, match=r"cannot listen on \('(2001:db8::1|192.0.2.1)'"):
        bind(addresses)


def test_port_that_is_taken_is_an_error_that_names_the_address(taken: tuple[str, int]) -> None:
    with pytest.raises(OSError) as raised:
        bind([(socket.AF_INET, taken)])

    assert str(raised.value).startswith(f"[Errno {errno.EADDRINUSE}] cannot listen on {taken!r}: ")


@pytest.mark.skipif(not hasattr(socket, "SO_REUSEPORT"), reason="no SO_REUSEPORT here")
def test_port_is_shared_where_both_ask_for_it() -> None:
    [first] = bind([LOOPBACK], reuse_port=True)
    with first:
        [second] = bind([(socket.AF_INET, first.getsockname())], reuse_port=True)
        with second:
            start_listening([first, second], 1)


def test_sockets_are_closed_where_one_cannot_be_listened_on() -> None:
    bound = bind([LOOPBACK])
    with socket.create_server(("127.0.0.1", 0)) as other, socket.create_connection(other.getsockname()) as connected:
        with pytest.raises(OSError, match=r"cannot listen on \('127.0.0.1'") as raised:
            start_listening([*bound, connected], 1)
        assert raised.value.errno == errno.EINVAL
        assert [each.fileno() for each in (*bound, connected)] == [-1, -1]


def test_sockets_are_closed_where_no_system_takes_the_backlog() -> None:
    [bound] = bind([LOOPBACK])

    with pytest.raises(OverflowError):
        start_listening([bound], 1 << 40)

    assert bound.fileno() == -1


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="no UNIX sockets here")
def test_path_of_a_unix_socket_is_an_address_too(tmp_path: Path) -> None:
    path = str(tmp_path / "mud")
    [bound] = bind([(socket.AF_UNIX, path)])
    with bound:
        assert bound.getsockname() == path
        with pytest.raises(OSError, match=f"cannot listen on '{path}': ") as raised:
            bind([(socket.AF_UNIX, path)])
        assert raised.value.errno == errno.EADDRINUSE


def test_what_is_no_address_leaves_no_socket_open() -> None:
    with pytest.raises(TypeError):
        bind([LOOPBACK, (socket.AF_INET, ("127.0.0.1", "port"))])


@pytest.mark.parametrize(
    ("exc", "text"),
    [
        (ConnectionRefusedError(111, "refused"), "[Errno 111] cannot connect to ('mud', 23): refused"),
        (socket.gaierror(-2, "unknown"), "[Errno -2] cannot connect to ('mud', 23): unknown"),
        (OSError("many"), "cannot connect to ('mud', 23): many"),
        (ConnectionResetError(), "cannot connect to ('mud', 23): ConnectionResetError"),
    ],
)
def test_error_names_the_address_and_stays_what_it_is(exc: OSError, text: str) -> None:
    kind, number = type(exc), exc.errno

    name_address(exc, "connect to", ("mud", 23))

    assert (str(exc), type(exc), exc.errno) == (text, kind, number)


# Whether the peer is still there


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """A connection: our end, and the peer's."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        with socket.create_connection(listener.getsockname()) as peer, listener.accept()[0] as ours:
            yield ours, peer


def reset(peer: socket.socket) -> None:
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()


def no_line(level: int, line: str) -> None:
    pytest.fail(line)


def test_socket_that_was_accepted_can_be_served_without_blocking(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, peer = pair

    assert can_be_served(ours, peer.getsockname(), no_line)

    assert (ours.getblocking(), ours.fileno() >= 0) == (False, True)


def test_socket_that_was_reset_before_it_was_accepted_is_closed_without_a_line(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    ours, peer = pair
    reset(peer)

    assert not can_be_served(ours, ("127.0.0.1", 23), no_line)

    assert ours.fileno() == -1


class Blocking(socket.socket):
    """Blocks whatever it is told."""

    def setblocking(self, flag: bool) -> None:
        raise OSError(errno.ENOBUFS, "no room")


def test_socket_that_cannot_be_kept_from_blocking_is_closed_with_a_warning(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    lines: list[tuple[int, str]] = []
    ours = Blocking(fileno=pair[0].detach())

    assert not can_be_served(ours, ("::ffff:192.0.2.7", 23, 0, 0), lambda *line: lines.append(line))

    assert lines == [(logging.WARNING, "('192.0.2.7', 23) cannot be served: no room")]
    assert ours.fileno() == -1


@pytest.mark.parametrize("polls", [True, False])
def test_peer_that_was_reset_is_gone(
    pair: tuple[socket.socket, socket.socket], polls: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, peer = pair
    if not polls:
        monkeypatch.delattr(select, "poll", raising=False)
    assert (has_peer(ours), is_gone(ours)) == (True, False)

    peer.shutdown(socket.SHUT_WR)

    assert (has_peer(ours), is_gone(ours)) == (True, False)

    reset(peer)

    assert (has_peer(ours), is_gone(ours)) == (False, True)


@pytest.mark.parametrize(
    ("exc", "reason"),
    [
        (ConnectionResetError(), "the peer left"),
        (ssl.SSLEOFError(8, "EOF"), "the peer left"),
        (OSError(errno.ENOTCONN, "not connected"), "the peer left"),
        (OSError(errno.ENOBUFS, "no room"), "no room"),
        (OSError("odd"), "odd"),
    ],
)
def test_reason_of_a_failed_handshake_is_a_few_words(exc: OSError, reason: str) -> None:
    assert handshake_failure(exc) == f"no TLS: {reason}; closing"


def test_reason_of_a_failed_handshake_is_that_of_the_library(certificates: Certificates) -> None:
    here, there = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = certificates.server.wrap_bio(here, there, server_side=True)
    here.write(b"GET / HTTP/1.0\r\n\r\n")
    with pytest.raises(ssl.SSLError) as raised:
        server.do_handshake()
    assert handshake_failure(raised.value) == "no TLS: http request; closing"


def test_certificate_that_is_not_trusted_is_named(certificates: Certificates) -> None:
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = certificates.server.wrap_bio(to_server, to_client, server_side=True)
    client = ssl.create_default_context().wrap_bio(to_client, to_server, server_hostname="localhost")
    for side in (client, server):
        with suppress(ssl.SSLWantReadError):
            side.do_handshake()
    with pytest.raises(ssl.SSLCertVerificationError) as raised:
        client.do_handshake()
    assert handshake_failure(raised.value).startswith("no TLS: certificate verify failed: ")


@pytest.mark.skipif(not hasattr(select, "poll"), reason="the system tells nobody here")
def test_peer_is_gone_where_both_directions_have_ended() -> None:
    ours, peer = socket.socketpair()
    with ours:
        peer.close()

        assert is_gone(ours)
