"""Servers: where they listen, whom they accept, whom they count as connected, and how they stop."""

from __future__ import annotations

import errno
import logging
import os
import resource
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from net_support import PATIENCE, Recorder, accept_one, has_ipv6, receive_all, run_for, run_until

from telnet import Engine, InvalidAddressFormatError, Limits, TelnetConnection, TelnetServer
from telnet import sockets as sockets_module

LOOPBACK = ("127.0.0.1", 0)

needs_dual_stack = pytest.mark.skipif(not has_ipv6(), reason="no IPv6 here")


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine() as engine:
        yield engine


class Brief(Recorder):
    limits = Limits(close=0.2, linger=0.2)


def connect(server: TelnetServer, host: str = "127.0.0.1") -> socket.socket:
    return socket.create_connection((host, server.local_address[1]), timeout=PATIENCE)


def join(engine: Engine, server: TelnetServer) -> tuple[Any, socket.socket]:
    """One more connection of the server, and its client."""
    before = set(server.connections)
    client = connect(server)
    run_until(engine, lambda: set(server.connections) - before)
    (joined,) = set(server.connections) - before
    return joined, client


# Where it listens


def test_listen_returns_the_server_and_calls_on_listen_when_it_listens(engine: Engine) -> None:
    class Noting(TelnetServer):
        def on_listen(self) -> None:
            self.noted = (self.listening, self.local_address)

    server = Noting(engine=engine)
    assert server.listen(LOOPBACK) is server
    assert server.noted == (True, server.local_address)


def test_port_0_is_a_free_port_to_be_read_from_local_address(engine: Engine) -> None:
    server = TelnetServer(engine=engine).listen(LOOPBACK)
    assert server.local_address[0] == "127.0.0.1"
    assert server.local_address[1] > 0


def test_a_server_has_no_remote_address(engine: Engine) -> None:
    assert TelnetServer(engine=engine).listen(LOOPBACK).remote_address is None


@needs_dual_stack
@pytest.mark.parametrize("address", [0, ("", 0), ("<broadcast>", 0), ("", 0, 0, 0)])
def test_every_address_of_the_machine_is_listened_on_with_one_port(engine: Engine, address: Any) -> None:
    # B31: port 0 gave IPv4 and IPv6 a port each.
    server = TelnetServer(engine=engine).listen(address)
    with connect(server, "127.0.0.1"), connect(server, "::1"):
        run_until(engine, lambda: len(server.connections) == 2)
        hosts = {connection.remote_address[0] for connection in server.connections}
    assert hosts == {"127.0.0.1", "::1"}


def test_without_slave_an_unspecific_address_is_that_of_ipv4_alone(engine: Engine) -> None:
    server = TelnetServer(engine=engine).listen(0, slave=False)
    assert server.local_address[0] == "0.0.0.0"
    with connect(server):
        run_until(engine, lambda: server.connections)


@needs_dual_stack
def test_a_literal_address_of_ipv6_is_that_alone(engine: Engine) -> None:
    server = TelnetServer(engine=engine).listen(("::1", 0))
    with pytest.raises(ConnectionRefusedError):
        connect(server, "127.0.0.1")


def test_a_host_name_is_looked_up(engine: Engine) -> None:
    server = TelnetServer(engine=engine).listen(("localhost", 0))
    with socket.create_connection(("localhost", server.local_address[1])):
        run_until(engine, lambda: server.connections)
    assert server.listening


def test_an_unknown_host_name_is_an_error_of_the_call(engine: Engine) -> None:
    with pytest.raises(OSError, match=r"cannot listen on \('no-such-host.invalid', 0\): "):
        TelnetServer(engine=engine).listen(("no-such-host.invalid", 0))


def answer(monkeypatch: pytest.MonkeyPatch, *hosts: str) -> None:
    """Have every host name resolve to these, as a name server may say."""

    def getaddrinfo(host: str, port: int, *args: Any) -> list[Any]:
        kinds = [(socket.AF_INET6, (one, port, 0, 0)) if ":" in one else (socket.AF_INET, (one, port)) for one in hosts]
        return [(family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", address) for family, address in kinds]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


@needs_dual_stack
def test_all_addresses_of_a_host_name_are_listened_on_with_one_port(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        answer(patched, "127.0.0.1", "::1")
        server = TelnetServer(engine=engine).listen(("mud.example", 0))
    with connect(server, "127.0.0.1"), connect(server, "::1"):
        run_until(engine, lambda: len(server.connections) == 2)
        assert all(connection.server is server for connection in server.connections)


@needs_dual_stack
def test_close_ends_listening_on_all_addresses(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        answer(patched, "127.0.0.1", "::1")
        server = TelnetServer(engine=engine).listen(("mud.example", 0))
    port = server.local_address[1]
    server.close()
    for host in ("127.0.0.1", "::1"):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((host, port))


@needs_dual_stack
def test_without_slave_only_the_first_address_is_listened_on(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        answer(patched, "127.0.0.1", "::1")
        server = TelnetServer(engine=engine).listen(("mud.example", 0), slave=False)
    with pytest.raises(ConnectionRefusedError):
        connect(server, "::1")


def taken(times: int) -> Callable[..., socket.socket]:
    """Make a socket as the server does, but find the second address's port taken so many times."""
    bind = sockets_module._bound_socket
    left = times

    def bound_socket(family: int, address: Any, *options: Any) -> socket.socket:
        nonlocal left
        if address[1] and left:
            left -= 1
            raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
        return bind(family, address, *options)

    return bound_socket


def test_another_free_port_is_tried_when_one_is_taken_on_a_further_address(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(monkeypatch, "127.0.0.1", "127.0.0.2")
    monkeypatch.setattr(sockets_module, "_bound_socket", taken(3))
    server = TelnetServer(engine=engine).listen(("mud.example", 0))
    assert server.listening


def test_the_search_for_a_free_port_comes_to_an_end(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    answer(monkeypatch, "127.0.0.1", "127.0.0.2")
    monkeypatch.setattr(sockets_module, "_bound_socket", taken(1000))
    with pytest.raises(OSError, match="in use"):
        TelnetServer(engine=engine).listen(("mud.example", 0))


def test_an_address_of_ipv6_that_is_not_ours_is_left_out_beside_another(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(monkeypatch, "2001:db8::1", "127.0.0.1")
    server = TelnetServer(engine=engine).listen(("mud.example", 0))
    assert server.local_address[0] == "127.0.0.1"


def test_a_port_is_not_shared_unless_asked_for(engine: Engine) -> None:
    # B30: SO_REUSEPORT was always set, and two servers got each other's clients.
    first = TelnetServer(engine=engine).listen(LOOPBACK)
    with pytest.raises(OSError) as caught:
        TelnetServer(engine=engine).listen(first.local_address)
    assert caught.value.args == (errno.EADDRINUSE, f"cannot listen on {first.local_address!r}: Address already in use")


@needs_dual_stack
def test_a_port_that_is_taken_on_every_address_is_named_so(engine: Engine) -> None:
    port = TelnetServer(engine=engine).listen(0).local_address[1]
    with pytest.raises(OSError, match=rf"cannot listen on \('::', {port}, 0, 0\): Address already in use"):
        TelnetServer(engine=engine).listen(port)
    with pytest.raises(OSError, match=rf"cannot listen on \('0.0.0.0', {port}\): Address already in use"):
        TelnetServer(engine=engine).listen(port, slave=False)
    text = rf"cannot listen on \('', {port}\): Address already in use"
    with socket.socket() as given, pytest.raises(OSError, match=text):
        TelnetServer(engine=engine, socket=given).listen(port)


def test_a_path_that_is_too_long_is_named(engine: Engine) -> None:
    with pytest.raises(OSError, match="cannot listen on '/x+': AF_UNIX path too long"):
        TelnetServer(engine=engine).listen("/" + "x" * 200)


def test_a_server_that_could_not_listen_can_try_elsewhere(engine: Engine) -> None:
    first = TelnetServer(engine=engine).listen(LOOPBACK)
    second = TelnetServer(engine=engine)
    with pytest.raises(OSError):
        second.listen(first.local_address)
    assert second.listen(LOOPBACK).listening


def test_a_server_whose_backlog_no_system_takes_can_try_again(engine: Engine) -> None:
    server = TelnetServer(engine=engine)
    with pytest.raises(OverflowError):
        server.listen(LOOPBACK, backlog=1 << 40)
    assert server.listen(LOOPBACK).listening


def test_reuse_port_shares_a_port(engine: Engine) -> None:
    first = TelnetServer(engine=engine).listen(LOOPBACK, reuse_port=True)
    second = TelnetServer(engine=engine).listen(first.local_address, reuse_port=True)
    assert first.local_address == second.local_address


# A socket of the caller


def test_an_unbound_socket_is_bound_to_the_address(engine: Engine) -> None:
    # B24: a socket given was good for nothing.
    given = socket.socket()
    server = TelnetServer(engine=engine, socket=given).listen(LOOPBACK)
    assert server.fileno == given.fileno()
    with connect(server):
        run_until(engine, lambda: server.connections)


def test_a_bound_socket_stays_where_it_is(engine: Engine) -> None:
    given = socket.socket()
    given.bind(LOOPBACK)
    server = TelnetServer(engine=engine, socket=given).listen(given.getsockname())
    with connect(server):
        run_until(engine, lambda: server.connections)


def test_a_socket_of_another_family_than_the_address_is_an_error(engine: Engine, tmp_path: Path) -> None:
    server = TelnetServer(engine=engine, socket=socket.socket(socket.AF_UNIX))
    with pytest.raises(OSError) as caught:
        server.listen(LOOPBACK)
    assert caught.value.errno == errno.EAFNOSUPPORT
    server.close()


def test_a_connected_socket_cannot_listen_and_is_closed(engine: Engine) -> None:
    holder = TelnetServer(engine=engine).listen(LOOPBACK)
    given = connect(holder)
    server = TelnetServer(engine=engine, socket=given)
    with pytest.raises(OSError):
        server.listen(LOOPBACK)
    assert (given.fileno(), server.fileno, server.listening) == (-1, None, False)


# UNIX sockets


def test_unix_socket_is_listened_on_and_its_path_removed_by_close(engine: Engine, tmp_path: Path) -> None:
    # B30, B31: listening on a path failed, or left the path behind.
    path = tmp_path / "mud"
    server = TelnetServer(Brief, engine=engine).listen(str(path))
    client = Brief(engine=engine).connect(str(path))
    run_until(engine, lambda: client.connected and server.connections)
    assert server.local_address == str(path)
    server.close()
    assert not path.exists()


def test_path_may_be_a_path_object(engine: Engine, tmp_path: Path) -> None:
    server = TelnetServer(engine=engine).listen(tmp_path / "mud")
    assert server.local_address == str(tmp_path / "mud")


def test_relative_path_is_removed_wherever_the_program_has_gone(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    server = TelnetServer(engine=engine).listen("./mud")
    monkeypatch.chdir("/")
    server.close()
    assert not (tmp_path / "mud").exists()


def test_stale_path_is_replaced(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "mud"
    with socket.socket(socket.AF_UNIX) as crashed:
        crashed.bind(str(path))
    assert TelnetServer(engine=engine).listen(str(path)).listening


def test_path_on_which_somebody_listens_is_left_alone(engine: Engine, tmp_path: Path) -> None:
    path = str(tmp_path / "mud")
    first = TelnetServer(engine=engine).listen(path)
    with pytest.raises(OSError) as caught:
        TelnetServer(engine=engine).listen(path)
    assert caught.value.errno == errno.EADDRINUSE
    assert first.listening


def test_path_that_cannot_be_listened_on_is_named(engine: Engine) -> None:
    with pytest.raises(OSError, match="cannot listen on '/': "):
        TelnetServer(engine=engine).listen("/")


def test_path_of_a_file_that_is_no_socket_is_left_alone(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "players.db"
    path.write_text("precious")
    with pytest.raises(OSError):
        TelnetServer(engine=engine).listen(str(path))
    assert path.read_text() == "precious"


def test_path_that_another_server_took_over_is_left_to_it(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "mud"
    first = TelnetServer(engine=engine).listen(str(path))
    path.rename(tmp_path / "old")
    TelnetServer(engine=engine).listen(str(path))
    first.close()
    assert path.exists()


def test_path_that_is_gone_already_does_not_hinder_close(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "mud"
    server = TelnetServer(engine=engine).listen(str(path))
    path.unlink()
    server.close()
    assert server.closed


@pytest.mark.skipif(not os.path.exists("/proc/self"), reason="abstract names are Linux's")
def test_abstract_name_is_listened_on(engine: Engine) -> None:
    name = f"\0telnet-test-{os.getpid()}"
    server = TelnetServer(Brief, engine=engine).listen(name)
    client = Brief(engine=engine).connect(name)
    run_until(engine, lambda: client.connected and server.connections)
    assert server.listening


# Whom it accepts


def test_accepted_connection_knows_its_server_and_engine_in_on_connect(engine: Engine) -> None:
    class Noting(Brief):
        def on_connect(self) -> None:
            self.noted = (self.server, self.engine, self in self.server.connections if self.server else False)

    server, accepted, client = accept_one(engine, Noting)
    with client:
        assert accepted.noted == (server, engine, True)


def test_class_of_the_connections_is_that_of_the_constructor_before_that_of_the_class(engine: Engine) -> None:
    class Hall(TelnetServer):
        ConnectionClass = Recorder

    assert Hall(engine=engine).ConnectionClass is Recorder
    assert Hall(Brief, engine=engine).ConnectionClass is Brief
    assert TelnetServer(engine=engine).ConnectionClass is TelnetConnection


def test_on_accept_can_turn_people_away(engine: Engine) -> None:
    class Picky(TelnetServer):
        def on_accept(self, socket: socket.socket, addr: Any) -> None:
            self.noted = addr
            socket.close()

    server = Picky(engine=engine).listen(LOOPBACK)
    with connect(server) as client:
        address = client.getsockname()
        assert receive_all(engine, client) == b""
    assert (server.noted, len(server.connections)) == (address, 0)


def test_exception_of_a_constructor_costs_that_connection_alone(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    # B32: the half-built connection stayed in the engine, and even got on_connect.
    built: list[Any] = []

    class Failing(Brief):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            built.append(self)
            if len(built) == 1:
                raise LookupError("no such player")

    server = TelnetServer(Failing, engine=engine).listen(LOOPBACK)
    with connect(server) as first:
        assert receive_all(engine, first) == b""
    with connect(server):
        run_until(engine, lambda: server.connections)
    assert [one.events for one in built] == [[], [("connect",)]]
    assert "no such player" in caplog.text


def test_exception_of_a_constructor_reaches_on_error_of_the_server(engine: Engine) -> None:
    class Failing(Brief):
        def __init__(self, **kwargs: Any) -> None:
            raise LookupError("no such player")

    class Noting(TelnetServer):
        noted: Exception | None = None

        def on_error(self, exc: Exception) -> None:
            self.noted = exc

    server = Noting(Failing, engine=engine).listen(LOOPBACK)
    with connect(server) as client:
        receive_all(engine, client)
    assert isinstance(server.noted, LookupError)


def test_connection_that_its_constructor_closed_is_not_counted(engine: Engine) -> None:
    class Banned(Brief):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.close()

    server = TelnetServer(Banned, engine=engine).listen(LOOPBACK)
    with connect(server) as client:
        assert receive_all(engine, client) == b""
    assert len(server.connections) == 0


def test_a_crowd_is_accepted_over_several_turns(engine: Engine) -> None:
    class Narrow(TelnetServer):
        accept_limit = 2

    server = Narrow(Brief, engine=engine).listen(LOOPBACK)
    clients = [connect(server) for _ in range(5)]
    engine.poll(1)
    assert len(server.connections) == 2
    run_until(engine, lambda: len(server.connections) == 5)
    for client in clients:
        client.close()


def test_close_in_on_accept_ends_accepting(engine: Engine) -> None:
    class Exclusive(TelnetServer):
        def on_accept(self, socket: socket.socket, addr: Any) -> None:
            super().on_accept(socket, addr)
            self.close()

    accepted: list[Any] = []

    class Noting(Brief):
        def on_connect(self) -> None:
            accepted.append(self)

    server = Exclusive(Noting, engine=engine).listen(LOOPBACK)
    with connect(server), connect(server):
        run_until(engine, lambda: server.closed)
    assert len(accepted) == 1


def test_close_in_on_read_with_more_input_waiting_is_quiet(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    # B20: an AttributeError was logged when more than 64 KiB waited.
    class Closing(Brief):
        def on_read(self, *data: Any) -> None:
            super().on_read(*data)
            self.close()

    _, accepted, client = accept_one(engine, Closing)
    with client:
        client.setblocking(False)
        client.send(bytes(200000))
        run_until(engine, lambda: accepted.closed)
        run_for(engine, 0.05)
    assert [event[0] for event in accepted.events] == ["connect", "read", "close"]
    assert not caplog.records


def test_a_listener_that_was_shut_down_closes_the_server_with_an_error(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    class Noting(TelnetServer):
        closes = 0

        def on_close(self) -> None:
            self.closes += 1
            super().on_close()

    server = Noting(Brief, engine=engine).listen(LOOPBACK)
    address = server.local_address
    accepted, client = join(engine, server)
    with client:
        assert server._socket is not None
        server._socket.shutdown(socket.SHUT_RDWR)
        run_until(engine, lambda: server.closed)
        assert receive_all(engine, client) == b""
    assert (server.closes, accepted.closed, server.listening) == (1, True, False)
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("ERROR", f"Noting on {address!r}: cannot accept any more (Invalid argument); closing")
    ]


@needs_dual_stack
def test_one_listener_of_several_that_was_shut_down_closes_the_server(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        answer(patched, "127.0.0.1", "::1")
        server = TelnetServer(engine=engine).listen(("mud.example", 0))
    further = server._slaves[0]._socket
    assert further is not None
    further.shutdown(socket.SHUT_RDWR)
    run_until(engine, lambda: server.closed)


def accepting(monkeypatch: pytest.MonkeyPatch, *failures: int) -> None:
    """Have accept() fail with these numbers before it goes on as always."""
    left = list(failures)
    accept = socket.socket.accept

    def failing(self: socket.socket) -> Any:
        if left:
            number = left.pop(0)
            raise OSError(number, os.strerror(number))
        return accept(self)

    monkeypatch.setattr(socket.socket, "accept", failing)


@pytest.mark.parametrize("number", [errno.ECONNABORTED, errno.EPROTO, errno.ENETDOWN, errno.EPERM])
def test_an_accept_that_fails_for_who_is_gone_leaves_the_others_be(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, number: int
) -> None:
    server = TelnetServer(engine=engine).listen(LOOPBACK)
    accepting(monkeypatch, number)
    with connect(server):
        run_until(engine, lambda: server.connections)
    assert not caplog.records


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EIO])
def test_an_accept_that_fails_for_want_of_something_is_tried_again(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, number: int
) -> None:
    server = TelnetServer(engine=engine).listen(LOOPBACK)
    accepting(monkeypatch, number, number, number)
    with caplog.at_level(logging.INFO, "telnet"), connect(server):
        run_until(engine, lambda: server.connections)
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    assert f"cannot accept ({os.strerror(number)}); trying again every 0.25 seconds" in caplog.text
    assert "accepting again after" in caplog.text


# When descriptors run out


@pytest.fixture
def leave_descriptors() -> Iterator[Callable[[int], None]]:
    """A function that leaves the process so many descriptors, until the end of the test."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)

    def leave(count: int) -> None:
        if count < 0:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            return
        free = [os.open(os.devnull, os.O_RDONLY) for _ in range(count + 1)]
        for one in free:
            os.close(one)
        resource.setrlimit(resource.RLIMIT_NOFILE, (free[-1], hard))

    yield leave
    leave(-1)


def test_accepting_pauses_without_descriptors_and_resumes(
    engine: Engine, leave_descriptors: Callable[[int], None], caplog: pytest.LogCaptureFixture
) -> None:
    # B29: the engine turned without rest.
    server = TelnetServer(Brief, engine=engine).listen(LOOPBACK)
    with connect(server):
        leave_descriptors(0)
        run_for(engine, 0.1)
        warnings = len(caplog.records)
        accepted = len(server.connections)
        leave_descriptors(-1)
        run_until(engine, lambda: server.connections)
    assert (warnings, accepted) == (1, 0)


def test_who_was_accepted_before_descriptors_ran_out_stays(
    engine: Engine, leave_descriptors: Callable[[int], None], caplog: pytest.LogCaptureFixture
) -> None:
    # B29: the socket of the one accepted just before was closed.
    server = TelnetServer(Brief, engine=engine).listen(LOOPBACK)
    with connect(server) as first, connect(server):
        leave_descriptors(1)
        run_until(engine, lambda: caplog.records)
        leave_descriptors(-1)
        accepted: Any = next(iter(server.connections))
        first.sendall(b"look")
        run_until(engine, lambda: ("read", b"look") in accepted.events)
        run_until(engine, lambda: len(server.connections) == 2)


def test_a_lack_of_descriptors_is_one_episode_in_which_those_inside_are_served(
    engine: Engine, leave_descriptors: Callable[[int], None], caplog: pytest.LogCaptureFixture
) -> None:
    server = TelnetServer(Brief, engine=engine).listen(LOOPBACK)
    accepted, client = join(engine, server)
    with client, connect(server), connect(server), caplog.at_level(logging.INFO, "telnet"):
        leave_descriptors(0)
        run_for(engine, 0.6)
        client.sendall(b"look")
        run_until(engine, lambda: ("read", b"look") in accepted.events)
        assert [record.levelname for record in caplog.records] == ["WARNING"]
        leave_descriptors(-1)
        run_until(engine, lambda: len(server.connections) == 3)
        assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


def test_a_system_that_cannot_watch_the_listener_again_is_asked_again(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    server = TelnetServer(engine=engine).listen(LOOPBACK)
    accepting(monkeypatch, errno.EMFILE)
    with connect(server):
        run_until(engine, lambda: server.interest == 0)
        with monkeypatch.context() as patched:

            def refuse(*_: object) -> None:
                raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))

            patched.setattr(engine, "modify_channel", refuse)
            run_for(engine, 0.4)
        run_until(engine, lambda: server.connections)
    assert len(caplog.records) == 1


def test_close_during_the_pause_is_the_end(engine: Engine, leave_descriptors: Callable[[int], None]) -> None:
    server = TelnetServer(Brief, engine=engine).listen(LOOPBACK)
    with connect(server):
        leave_descriptors(0)
        engine.poll(1)
        leave_descriptors(-1)
        server.close()
        run_for(engine, 0.3)
    assert len(server.connections) == 0


@needs_dual_stack
def test_the_pause_is_one_for_all_addresses(
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
    leave_descriptors: Callable[[int], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    with monkeypatch.context() as patched:
        answer(patched, "127.0.0.1", "::1")
        server = TelnetServer(Brief, engine=engine).listen(("mud.example", 0))
    with connect(server, "127.0.0.1"), connect(server, "::1"):
        leave_descriptors(0)
        run_for(engine, 0.1)
        warnings = len(caplog.records)
        leave_descriptors(-1)
        run_until(engine, lambda: len(server.connections) == 2)
    assert warnings == 1


# Whom it counts as connected


def test_connections_are_those_that_are_up(engine: Engine) -> None:
    server = TelnetServer(Brief, engine=engine).listen(LOOPBACK)
    first, first_client = join(engine, server)
    second, second_client = join(engine, server)
    with first_client, second_client:
        assert (len(server.connections), set(server.connections)) == (2, {first, second})
        first.close()
        assert (first in server.connections, second in server.connections) == (False, True)


def test_connections_is_one_live_object(engine: Engine) -> None:
    server = TelnetServer(Brief, engine=engine).listen(LOOPBACK)
    connections = server.connections
    joined, client = join(engine, server)
    with client:
        assert list(connections) == [joined]


def test_channels_and_its_values_are_the_connections(engine: Engine) -> None:
    server = TelnetServer(engine=engine)
    assert server.channels is server.connections
    assert server.channels.values() is server.connections


def test_repr_of_connections_counts_them(engine: Engine) -> None:
    assert repr(TelnetServer(engine=engine).connections) == "<0 connections>"


def test_connection_whose_peer_left_is_not_counted(engine: Engine) -> None:
    server, _, client = accept_one(engine, Brief)
    client.close()
    run_until(engine, lambda: not server.connections)


def test_connection_that_is_being_flushed_is_not_counted_but_up(engine: Engine) -> None:
    server, accepted, client = accept_one(engine, Brief)
    with client:
        accepted.write(b"bye")
        accepted.close()
        assert (accepted.connected, accepted in server.connections) == (True, False)


def test_connection_is_not_counted_in_its_on_close(engine: Engine) -> None:
    class Noting(Brief):
        def on_close(self) -> None:
            assert self.server is not None
            self.noted = self in self.server.connections

    _, accepted, client = accept_one(engine, Noting)
    with client:
        accepted.close()
    assert accepted.noted is False


def test_who_leaves_before_its_turn_in_an_iteration_is_skipped(engine: Engine) -> None:
    server = TelnetServer(Brief, engine=engine).listen(LOOPBACK)
    first, first_client = join(engine, server)
    second, second_client = join(engine, server)
    seen = []
    with first_client, second_client:
        for connection in server.connections:
            seen.append(connection)
            second.close()
    assert seen == [first]


def test_who_joins_during_an_iteration_is_left_out_of_it(engine: Engine) -> None:
    server = TelnetServer(Brief, engine=engine).listen(LOOPBACK)
    first, first_client = join(engine, server)
    seen = []
    clients = [first_client]
    for connection in server.connections:
        seen.append(connection)
        clients.append(join(engine, server)[1])
    for client in clients:
        client.close()
    assert (seen, len(clients)) == ([first], 2)


def test_operators_of_a_set_return_those_of_this_moment(engine: Engine) -> None:
    server = TelnetServer(Brief, engine=engine).listen(LOOPBACK)
    speaker, speaker_client = join(engine, server)
    listener, listener_client = join(engine, server)
    with speaker_client, listener_client:
        others = server.connections - {speaker}
        listener.close()
        assert others == {listener}


def test_broadcast_reaches_everybody(engine: Engine) -> None:
    server = TelnetServer(Brief, engine=engine).listen(LOOPBACK)
    clients = [join(engine, server)[1] for _ in range(3)]
    for connection in server.connections:
        connection.write(b"The sun rises.")
        connection.close()
    received = []
    for client in clients:
        received.append(receive_all(engine, client))
        client.close()
    assert received == [b"The sun rises."] * 3


# How it stops


def test_close_stops_listening_and_calls_on_close_once(engine: Engine) -> None:
    class Noting(TelnetServer):
        closes = 0

        def on_close(self) -> None:
            self.closes += 1

    server = Noting(engine=engine).listen(LOOPBACK)
    port = server.local_address[1]
    server.close()
    server.close()
    assert (server.listening, server.closed, server.closes, server.fileno) == (False, True, 1, None)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


def test_addresses_are_still_there_in_on_close(engine: Engine) -> None:
    class Noting(TelnetServer):
        def on_close(self) -> None:
            self.noted = self.local_address

    server = Noting(engine=engine).listen(LOOPBACK)
    address = server.local_address
    server.close()
    assert (server.noted, server.local_address) == (address, None)


def test_close_of_a_server_that_never_listened_is_fine(engine: Engine) -> None:
    server = TelnetServer(engine=engine)
    server.close()
    assert server.closed


def test_close_lets_what_is_queued_leave(engine: Engine) -> None:
    server, accepted, client = accept_one(engine, Brief)
    with client:
        accepted.write(b"x" * 900000)
        server.close()
        assert receive_all(engine, client) == b"x" * 900000


def test_close_without_flush_closes_the_connections_now(engine: Engine) -> None:
    server, accepted, client = accept_one(engine, Brief)
    with client:
        accepted.write(b"x" * 900000)
        server.close(flush=False)
        assert accepted.events[-1] == ("close",)
        assert len(receive_all(engine, client)) < 900000


def test_close_without_flush_cuts_a_flushing_close_short(engine: Engine) -> None:
    server, accepted, client = accept_one(engine, Brief)
    with client:
        accepted.write(b"x" * 900000)
        server.close()
        closed_at_once = accepted.closed
        server.close(flush=False)
    assert (closed_at_once, accepted.closed) == (False, True)


def test_close_without_flush_closes_those_that_were_leaving_before(engine: Engine) -> None:
    server, accepted, client = accept_one(engine, Brief)
    with client:
        accepted.write(b"x" * 900000)
        accepted.close()
        server.close(flush=False)
    assert accepted.closed


def test_on_close_that_does_not_call_the_default_leaves_the_connections_open(engine: Engine) -> None:
    class Handover(TelnetServer):
        def on_close(self) -> None:
            pass

    server = Handover(Brief, engine=engine).listen(LOOPBACK)
    joined, client = join(engine, server)
    with client:
        server.close()
        client.sendall(b"still here")
        run_until(engine, lambda: ("read", b"still here") in joined.events)


def test_exception_in_on_close_does_not_keep_the_server_open(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    class Failing(TelnetServer):
        def on_close(self) -> None:
            raise LookupError("where is the map")

    server = Failing(engine=engine).listen(LOOPBACK)
    server.close()
    assert server.fileno is None
    assert "where is the map" in caplog.text


def test_close_of_the_engine_closes_the_server(tmp_path: Path) -> None:
    with Engine() as engine:
        server = TelnetServer(engine=engine).listen(str(tmp_path / "mud"))
    assert server.closed
    assert not (tmp_path / "mud").exists()


# Wrong calls


def test_listening_twice_is_an_error(engine: Engine) -> None:
    server = TelnetServer(engine=engine).listen(LOOPBACK)
    with pytest.raises(RuntimeError, match="listening already"):
        server.listen(LOOPBACK)


def test_listening_after_close_is_an_error(engine: Engine) -> None:
    server = TelnetServer(engine=engine)
    server.close()
    with pytest.raises(RuntimeError, match="closed"):
        server.listen(LOOPBACK)


@pytest.mark.parametrize("address", [None, 65536, -1, ("127.0.0.1",), ("127.0.0.1", "23"), (23, 23), ""])
def test_address_of_no_known_form_is_an_error(engine: Engine, address: Any) -> None:
    server = TelnetServer(engine=engine)
    with pytest.raises(InvalidAddressFormatError):
        server.listen(address)
    assert not server.listening


def test_a_host_without_its_parentheses_is_an_error(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidAddressFormatError, match=r'write listen\(\("localhost", 4000\)\)'):
        TelnetServer(engine=engine).listen("localhost", 4000)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("backlog", [None, "5", True, 1.5])
def test_backlog_is_an_int(engine: Engine, backlog: Any) -> None:
    with pytest.raises(TypeError, match="backlog"):
        TelnetServer(engine=engine).listen(LOOPBACK, backlog)


@pytest.mark.parametrize("wrong", [dict, Recorder.__init__, "Recorder", 5])
def test_class_of_the_connections_is_a_class_of_streams(engine: Engine, wrong: Any) -> None:
    with pytest.raises(TypeError, match="ConnectionClass"):
        TelnetServer(wrong, engine=engine)


def test_limits_of_the_connections_are_limits(engine: Engine) -> None:
    with pytest.raises(TypeError, match="limits of Wrong must be a Limits"):
        TelnetServer(type("Wrong", (TelnetConnection,), {"limits": 5}), engine=engine)


def test_unknown_argument_is_named(engine: Engine) -> None:
    options: dict[str, Any] = {"engine": engine, "sockets": None}
    with pytest.raises(TypeError, match="unknown argument 'sockets' of TelnetServer; known are engine, socket"):
        TelnetServer(**options)


def test_engine_is_an_engine() -> None:
    options: dict[str, Any] = {"engine": "epoll"}
    with pytest.raises(TypeError, match="engine must be an Engine, not str"):
        TelnetServer(**options)


def test_socket_is_a_stream_socket(engine: Engine) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as given, pytest.raises(TypeError, match="stream socket"):
        TelnetServer(engine=engine, socket=given)
