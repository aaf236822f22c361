"""TLS of connections and servers: when it starts, what it refuses, and that nothing passes it by."""

from __future__ import annotations

import errno
import logging
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from net_support import PATIENCE, Recorder, accept_one, has_ipv6, receive_all, run_for, run_until
from stream_support import reset
from tls_support import Certificates

from telnet import Engine, Limits, TelnetServer
from telnet.net.tls import tls_from_options
from telnet.sockets import handshake_failure


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine() as engine:
        yield engine


class Secured(Recorder):
    """Writes down the events of TLS too."""

    limits = Limits(close=0.2, linger=0.2, handshake=PATIENCE)

    def on_ssl_handshake(self) -> None:
        self.events.append(("handshake",))

    def on_ssl_handshake_error(self, exc: OSError) -> None:
        self.events.append(("handshake_error", exc))

    def on_ssl_error(self, exc: Exception) -> None:
        self.events.append(("ssl_error", exc))

    def on_read_error(self, exc: OSError) -> None:
        self.events.append(("read_error", exc))

    @property
    def text(self) -> bytes:
        return b"".join(event[1] for event in self.events if event[0] == "read")

    @property
    def names(self) -> list[str]:
        return [event[0] for event in self.events]


class Hurried(Secured):
    limits = Limits(handshake=0.2, close=0.2, linger=0.2)


class Pair(NamedTuple):
    server: TelnetServer
    accepted: Secured
    client: Secured


def accepted_by(server: TelnetServer) -> Any:
    return next(iter(server.connections))


def pair(
    engine: Engine, server_options: Any = None, client_options: Any = None, connection_class: type[Secured] = Secured
) -> Pair:
    """A server and a client of this package, connected."""
    server = TelnetServer(connection_class, engine=engine, ssl_options=server_options).listen(("127.0.0.1", 0))
    client = connection_class(engine=engine, ssl_options=client_options).connect(server.local_address)
    run_until(engine, lambda: server.connections)
    accepted = accepted_by(server)
    run_until(engine, lambda: (client.connected and accepted.connected) or client.closed)
    return Pair(server, accepted, client)


def shaken(secured: ssl.SSLSocket) -> bool:
    """Go on with the handshake of a socket that belongs to no engine; whether it is done."""
    try:
        secured.do_handshake()
    except ssl.SSLWantReadError:
        return False
    return True


# Who talks with whom


def test_both_sides_of_tls_exchange_data(engine: Engine, certificates: Certificates) -> None:
    both = pair(engine, certificates.server, certificates.client)
    both.client.write(b"ping")
    both.accepted.write(b"pong")
    run_until(engine, lambda: both.client.text and both.accepted.text)
    assert (both.accepted.text, both.client.text) == (b"ping", b"pong")


def test_options_of_the_mapping_form_work_on_both_sides(engine: Engine, certificates: Certificates) -> None:
    both = pair(engine, {"certfile": certificates.server_file}, {"ca_certs": certificates.authority_file})
    assert (both.accepted.ssl_enabled, both.client.ssl_enabled) == (True, True)


def test_tls_before_connect_shakes_hands_before_on_connect(engine: Engine, certificates: Certificates) -> None:
    both = pair(engine, certificates.server, certificates.client)
    assert both.client.names == both.accepted.names == ["handshake", "connect"]


def test_connection_outlives_the_time_limit_of_its_handshake(engine: Engine, certificates: Certificates) -> None:
    both = pair(engine, certificates.server, certificates.client, Hurried)
    run_for(engine, 0.4)
    assert (both.client.names, both.accepted.names) == (["handshake", "connect"], ["handshake", "connect"])


def test_more_than_a_record_arrives_whole_in_both_directions(engine: Engine, certificates: Certificates) -> None:
    both = pair(engine, certificates.server, certificates.client)
    data = bytes(range(250)) * 2000
    both.client.write(data)
    both.accepted.write(data)
    run_until(engine, lambda: len(both.client.text) == len(both.accepted.text) == len(data))
    assert both.client.text == both.accepted.text == data


def test_write_file_goes_through_tls(engine: Engine, certificates: Certificates, tmp_path: Path) -> None:
    path = tmp_path / "motd"
    path.write_bytes(b"0123456789" * 20000)
    both = pair(engine, certificates.server, certificates.client)
    with path.open("rb") as file:
        both.accepted.write_file(file, nbytes=150000, offset=5)
    both.accepted.close()
    run_until(engine, lambda: both.client.closed)
    assert both.client.text == path.read_bytes()[5:150005]


def test_a_client_of_the_standard_library_is_served(engine: Engine, certificates: Certificates) -> None:
    server = TelnetServer(Secured, engine=engine, ssl_options=certificates.server).listen(("127.0.0.1", 0))
    plain = socket.create_connection(server.local_address)
    plain.setblocking(False)
    with certificates.client.wrap_socket(plain, server_hostname="localhost", do_handshake_on_connect=False) as client:
        run_until(engine, lambda: shaken(client))
        client.send(b"look")
        run_until(engine, lambda: accepted_by(server).text)
        assert accepted_by(server).text == b"look"


def test_a_secured_socket_is_taken_over_as_such(engine: Engine, certificates: Certificates) -> None:
    server = TelnetServer(Secured, engine=engine, ssl_options=certificates.server).listen(("127.0.0.1", 0))
    plain = socket.create_connection(server.local_address)
    secured = certificates.client.wrap_socket(plain, server_hostname="localhost", do_handshake_on_connect=False)
    client = Secured(engine=engine, socket=secured)
    run_until(engine, lambda: client.connected)
    assert client.names == ["handshake", "connect"]


def test_a_client_certificate_can_be_demanded(engine: Engine, certificates: Certificates) -> None:
    demanding = {
        "certfile": certificates.server_file,
        "ca_certs": certificates.authority_file,
        "cert_reqs": ssl.CERT_REQUIRED,
    }
    identified = {"ca_certs": certificates.authority_file, "certfile": certificates.client_file}
    both = pair(engine, demanding, identified)
    assert both.accepted.names == ["handshake", "connect"]


def test_a_client_without_the_demanded_certificate_is_refused(engine: Engine, certificates: Certificates) -> None:
    demanding = {
        "certfile": certificates.server_file,
        "ca_certs": certificates.authority_file,
        "cert_reqs": ssl.CERT_REQUIRED,
    }
    both = pair(engine, demanding, {"ca_certs": certificates.authority_file})
    run_until(engine, lambda: both.accepted.closed)
    assert both.accepted.names == ["handshake_error", "close"]


# After the connection is up


def upgraded(engine: Engine, certificates: Certificates) -> Pair:
    """A connection that agreed to start TLS after a line of plain text."""
    both = pair(engine)
    both.accepted.write(b"begin TLS")
    both.accepted.startSSL(certificates.server)
    run_until(engine, lambda: both.client.text)
    both.client.startSSL({"ca_certs": certificates.authority_file})
    return both


def test_plain_text_before_tls_leaves_before_the_handshake(engine: Engine, certificates: Certificates) -> None:
    both = upgraded(engine, certificates)
    run_until(engine, lambda: both.client.ssl_enabled and both.accepted.ssl_enabled)
    assert (both.client.names, both.client.text) == (["connect", "read", "handshake"], b"begin TLS")


def test_write_right_after_start_of_tls_waits_for_the_handshake_and_arrives(
    engine: Engine, certificates: Certificates
) -> None:
    # B21: it stayed queued until something else was written.
    both = upgraded(engine, certificates)
    both.accepted.write(b" early")
    run_until(engine, lambda: both.client.text == b"begin TLS early")
    assert both.client.names == ["connect", "read", "handshake", "read"]


def test_handshake_waits_for_room_when_the_system_takes_no_more_output(
    engine: Engine, certificates: Certificates
) -> None:
    _, accepted, client = accept_one(engine, Secured)
    filled = 0
    for step in (65536, 1):
        try:
            while True:
                filled += accepted._socket.send(bytes(step))
        except BlockingIOError:
            pass
    accepted.startSSL({"ca_certs": certificates.authority_file, "server_side": False, "server_hostname": "localhost"})
    run_for(engine, 0.05)
    while filled:
        filled -= len(client.recv(min(filled, 65536)))
    client.setblocking(False)
    with certificates.server.wrap_socket(client, server_side=True, do_handshake_on_connect=False) as secured:
        run_until(engine, lambda: shaken(secured) and accepted.ssl_enabled)
    assert accepted.names == ["connect", "handshake"]


def test_peer_that_never_shakes_hands_does_not_keep_a_closing_connection(
    engine: Engine, certificates: Certificates
) -> None:
    # B13: there was no limit.
    _, accepted, client = accept_one(engine, Hurried)
    with client:
        accepted.startSSL(certificates.server)
        accepted.write(b"never to be read")
        accepted.close()
        run_until(engine, lambda: accepted.closed)
    assert accepted.names[-1] == "close"


def test_close_right_after_start_of_tls_and_a_write_completes(engine: Engine, certificates: Certificates) -> None:
    # B21: it never closed.
    both = upgraded(engine, certificates)
    both.accepted.write(b" last words")
    both.accepted.close()
    run_until(engine, lambda: both.client.closed and both.accepted.closed)
    assert both.client.text == b"begin TLS last words"


def test_close_right_after_start_of_tls_completes(engine: Engine, certificates: Certificates) -> None:
    both = upgraded(engine, certificates)
    both.accepted.close()
    run_until(engine, lambda: both.client.closed and both.accepted.closed)
    assert both.accepted.names[-1] == "close"


def test_close_before_connect_completes(engine: Engine, certificates: Certificates) -> None:
    # B13: with TLS asked for, the stream stayed in between for ever.
    client = Secured(engine=engine, ssl_options=certificates.client)
    client.close()
    assert (client.closed, client.events) == (True, [("close",)])


def test_close_in_on_ssl_handshake_is_the_end(engine: Engine, certificates: Certificates) -> None:
    class Closing(Secured):
        def on_ssl_handshake(self) -> None:
            self.close()

    server = TelnetServer(Secured, engine=engine, ssl_options=certificates.server).listen(("127.0.0.1", 0))
    client = Closing(engine=engine, ssl_options=certificates.client).connect(server.local_address)
    run_until(engine, lambda: client.closed)
    run_for(engine, 0.05)
    assert client.events == [("close",)]


def test_plain_text_behind_the_request_for_tls_is_refused(engine: Engine, certificates: Certificates) -> None:
    """Somebody in the middle could have put it there (CVE-2011-0411)."""

    class Upgrading(Secured):
        def on_command(self, command: bytes) -> None:
            super().on_command(command)
            self.startSSL(certificates.server)

    server = TelnetServer(Upgrading, engine=engine).listen(("127.0.0.1", 0))
    with socket.create_connection(server.local_address) as client:
        client.sendall(b"\xff\xf6delete everything")
        run_until(engine, lambda: server.connections)
        accepted = accepted_by(server)
        run_until(engine, lambda: accepted.closed)
    assert accepted.names[:2] == ["connect", "command"]
    assert accepted.names[-2:] == ["ssl_error", "close"]
    assert accepted.text == b""


@pytest.mark.parametrize("begun", [b"\xff\xfa\x18ab", b"\xff\xfa\x18ab\xff", b"\xff\xfa", b"\xff\xfb", b"\xff"])
def test_what_was_begun_before_tls_is_not_ended_under_it(
    engine: Engine, certificates: Certificates, begun: bytes
) -> None:
    """Somebody in the middle could have begun it."""
    server = TelnetServer(Secured, engine=engine).listen(("127.0.0.1", 0))
    with socket.create_connection(server.local_address) as client:
        client.sendall(b"plain" + begun)
        run_until(engine, lambda: server.connections)
        accepted = accepted_by(server)
        run_until(engine, lambda: accepted.text == b"plain")
        run_for(engine, 0.05)
        accepted.startSSL(certificates.server)
        with certificates.client.wrap_socket(
            client, server_hostname="localhost", do_handshake_on_connect=False
        ) as secured:
            secured.setblocking(False)
            run_until(engine, lambda: shaken(secured))
            secured.sendall(b"cd\xff\xf0ef")
            run_until(engine, lambda: accepted.text.endswith(b"ef"))
    assert accepted.text == b"plaincdef"
    assert ("command", b"\xf0") in accepted.events
    assert "subnegotiation" not in accepted.names


# What is refused


def test_unverified_certificate_is_refused_by_default(engine: Engine, certificates: Certificates) -> None:
    both = pair(engine, certificates.server, {})
    assert both.client.names == ["handshake_error", "close"]
    assert isinstance(both.client.events[0][1], ssl.SSLCertVerificationError)


def test_certificate_of_another_name_is_refused(engine: Engine, certificates: Certificates) -> None:
    options = {"ca_certs": certificates.authority_file, "server_hostname": "mud.example"}
    both = pair(engine, certificates.server, options)
    assert isinstance(both.client.events[0][1], ssl.SSLCertVerificationError)


def test_any_certificate_is_taken_when_asked_for(engine: Engine, certificates: Certificates) -> None:
    both = pair(engine, certificates.server, {"cert_reqs": ssl.CERT_NONE})
    assert both.client.ssl_enabled


def test_silent_peer_in_the_handshake_is_given_up(engine: Engine, certificates: Certificates) -> None:
    # B22: there was no time limit.
    server = TelnetServer(Hurried, engine=engine, ssl_options=certificates.server).listen(("127.0.0.1", 0))
    with socket.create_connection(server.local_address):
        run_until(engine, lambda: server.connections)
        accepted = accepted_by(server)
        run_until(engine, lambda: accepted.closed)
    assert accepted.names == ["handshake_error", "close"]
    assert isinstance(accepted.events[0][1], TimeoutError)


class Probed(Recorder):
    limits = Limits(handshake=0.2, close=0.2, linger=0.2)


@pytest.mark.parametrize(
    ("probe", "reason"),
    [
        pytest.param(lambda client: client.close(), "the peer left", id="closes"),
        pytest.param(reset, "the peer left", id="resets"),
        pytest.param(lambda client: client.sendall(b"connect guest guest\r\n"), "wrong version number", id="plain"),
        pytest.param(lambda client: client.sendall(b"GET / HTTP/1.0\r\n\r\n"), "http request", id="http"),
        pytest.param(lambda client: client.sendall(b"\x16"), "no TLS handshake within 0.2 seconds", id="silent"),
    ],
)
def test_handshake_that_a_stranger_breaks_off_is_one_line_of_information(
    engine: Engine, certificates: Certificates, caplog: pytest.LogCaptureFixture, probe: Any, reason: str
) -> None:
    server = TelnetServer(Probed, engine=engine, ssl_options=certificates.server).listen(("127.0.0.1", 0))
    client = socket.create_connection(server.local_address)
    with client, caplog.at_level(logging.INFO, "telnet"):
        address = client.getsockname()
        run_until(engine, lambda: server.connections)
        probe(client)
        run_until(engine, lambda: not server.connections)
        run_for(engine, 0.02)
    [record] = caplog.records
    assert (record.levelname, record.exc_info) == ("INFO", None)
    assert record.getMessage() == f"Probed with {address!r}: no TLS: {reason}; closing"


def test_handshake_that_fails_is_a_warning_to_a_client(
    engine: Engine, certificates: Certificates, caplog: pytest.LogCaptureFixture
) -> None:
    server = TelnetServer(Secured, engine=engine, ssl_options=certificates.server).listen(("127.0.0.1", 0))
    client = Recorder(engine=engine, ssl_options={}).connect(server.local_address)
    run_until(engine, lambda: client.closed)
    [record] = caplog.records
    assert record.levelname == "WARNING"
    assert record.getMessage().startswith(
        f"Recorder with {server.local_address!r}: no TLS: certificate verify failed: "
    )


@pytest.mark.parametrize(
    ("exc", "text"),
    [
        (OSError(errno.ENOTCONN, "Transport endpoint is not connected"), "the peer left"),
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), "the peer left"),
        (ssl.SSLError(1, "odd"), "odd"),
    ],
)
def test_reason_of_a_failed_handshake_is_short(exc: OSError, text: str) -> None:
    assert handshake_failure(exc) == f"no TLS: {text}; closing"


def test_plain_client_of_a_tls_server_gets_no_plain_text(engine: Engine, certificates: Certificates) -> None:
    class Greeting(Secured):
        def on_connect(self) -> None:
            self.write(b"secret")

    server = TelnetServer(Greeting, engine=engine, ssl_options=certificates.server).listen(("127.0.0.1", 0))
    with socket.create_connection(server.local_address) as client:
        client.sendall(b"hello\r\n")
        assert b"secret" not in receive_all(engine, client)


@pytest.mark.skipif(not has_ipv6(), reason="no IPv6 here")
def test_every_family_of_a_dual_stack_server_has_tls(engine: Engine, certificates: Certificates) -> None:
    # B28: the socket for the other family was served in plain text.
    class Greeting(Secured):
        def on_connect(self) -> None:
            self.write(b"secret")

    server = TelnetServer(Greeting, engine=engine, ssl_options=certificates.server).listen(0)
    for host in ("127.0.0.1", "::1"):
        with socket.create_connection((host, server.local_address[1])) as client:
            client.sendall(b"hello\r\n")
            assert b"secret" not in receive_all(engine, client)


def test_peer_that_just_closes_is_closed_like_any_other(engine: Engine, certificates: Certificates) -> None:
    # B22: an end of input without close_notify was a read error.
    both = pair(engine, certificates.server, certificates.client)
    assert isinstance(both.client._socket, ssl.SSLSocket)
    both.client._socket.shutdown(socket.SHUT_WR)
    run_until(engine, lambda: both.accepted.closed)
    assert both.accepted.names == ["handshake", "connect", "close"]


def test_peer_that_leaves_within_the_handshake_is_a_handshake_error(engine: Engine, certificates: Certificates) -> None:
    server = TelnetServer(Secured, engine=engine, ssl_options=certificates.server).listen(("127.0.0.1", 0))
    with socket.create_connection(server.local_address):
        run_until(engine, lambda: server.connections)
        accepted = accepted_by(server)
    run_until(engine, lambda: accepted.closed)
    assert accepted.names == ["handshake_error", "close"]


def test_tls_that_cannot_start_reaches_on_ssl_error(engine: Engine, tmp_path: Path) -> None:
    # A UNIX socket has no host name that a certificate could be checked against.
    server = TelnetServer(Secured, engine=engine).listen(str(tmp_path / "mud"))
    client = Secured(engine=engine, ssl_options={}).connect(server.local_address)
    run_until(engine, lambda: client.closed)
    assert client.names == ["ssl_error", "close"]


def test_tls_that_cannot_start_is_logged_and_closes_by_default(
    engine: Engine, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server = TelnetServer(Secured, engine=engine).listen(str(tmp_path / "mud"))
    client = Recorder(engine=engine, ssl_options={}).connect(server.local_address)
    run_until(engine, lambda: client.closed)
    assert [record.levelname for record in caplog.records] == ["WARNING"]


class Unwilling(ssl.SSLContext):
    """A context that fails when it is used."""

    def wrap_socket(self, *args: Any, **kwargs: Any) -> Any:
        raise ssl.SSLError("unwilling")


def test_accepted_connection_on_which_tls_cannot_start_reaches_on_ssl_wrap_error_and_is_closed(engine: Engine) -> None:
    class Noting(TelnetServer):
        def on_ssl_wrap_error(self, sock: socket.socket, addr: Any, exc: Exception) -> None:
            self.noted = (addr, str(exc))

    server = Noting(Secured, engine=engine, ssl_options=Unwilling(ssl.PROTOCOL_TLS_SERVER)).listen(("127.0.0.1", 0))
    with socket.create_connection(server.local_address) as client:
        address = client.getsockname()
        assert receive_all(engine, client) == b""
    assert server.noted[0] == address
    assert "unwilling" in server.noted[1]
    assert not server.connections


def test_accepted_connection_on_which_tls_cannot_start_is_logged_by_default(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    server = TelnetServer(engine=engine, ssl_options=Unwilling(ssl.PROTOCOL_TLS_SERVER)).listen(("127.0.0.1", 0))
    with socket.create_connection(server.local_address) as client:
        receive_all(engine, client)
    assert "unwilling" in caplog.text


# Options


@pytest.mark.parametrize(
    ("options", "error"),
    [
        pytest.param(None, TypeError, id="no-options"),
        pytest.param("server.pem", TypeError, id="a-string"),
        pytest.param({"certificate": "server.pem"}, TypeError, id="unknown"),
        pytest.param({"ssl_version": 2}, TypeError, id="of-old-protocols"),
        pytest.param({"do_handshake_on_connect": True}, ValueError, id="blocking-handshake"),
        pytest.param({"suppress_ragged_eofs": False}, ValueError, id="ragged-ends"),
        pytest.param({"server_side": True}, ValueError, id="server-without-certificate"),
        pytest.param({"certfile": "/nowhere/server.pem"}, FileNotFoundError, id="missing-certificate"),
        pytest.param({"ca_certs": "/nowhere/authority.pem"}, FileNotFoundError, id="missing-authority"),
        pytest.param({"ciphers": "NO-SUCH-CIPHER"}, ssl.SSLError, id="unknown-cipher"),
    ],
)
def test_wrong_option_is_refused_at_the_call(engine: Engine, options: Any, error: type[Exception]) -> None:
    # B22: unknown options and missing files surfaced later, in the log of the engine.
    client = Secured(engine=engine)
    with pytest.raises(error):
        client.startSSL(options)
    client.close()


@pytest.mark.parametrize(
    ("options", "error"),
    [
        pytest.param({}, ValueError, id="no-certificate"),
        pytest.param({"certfile": "/nowhere/server.pem"}, FileNotFoundError, id="missing-certificate"),
        pytest.param({"server_side": False}, ValueError, id="client-side"),
        pytest.param(ssl.create_default_context(), ValueError, id="context-for-clients"),
    ],
)
def test_wrong_option_of_a_server_is_refused_at_the_call(engine: Engine, options: Any, error: type[Exception]) -> None:
    # B22: a missing certificate was found at each accept.
    with pytest.raises(error):
        TelnetServer(engine=engine).startSSL(options)


def test_the_old_options_with_their_only_values_are_accepted(engine: Engine, certificates: Certificates) -> None:
    options = {
        "certfile": certificates.server_file,
        "server_side": True,
        "do_handshake_on_connect": False,
        "suppress_ragged_eofs": True,
    }
    assert TelnetServer(engine=engine).startSSL(options).ssl_enabled


def test_mapping_of_the_caller_is_left_as_it_is(engine: Engine, certificates: Certificates) -> None:
    options = {"certfile": certificates.server_file}
    TelnetServer(engine=engine, ssl_options=options)
    assert options == {"certfile": certificates.server_file}


def test_ciphers_are_those_asked_for() -> None:
    context = tls_from_options({"ciphers": "ECDHE-RSA-AES256-GCM-SHA384"}, server_side=False).context
    chosen = [cipher["name"] for cipher in context.get_ciphers() if cipher["protocol"] == "TLSv1.2"]
    assert chosen == ["ECDHE-RSA-AES256-GCM-SHA384"]


def test_start_of_tls_returns_the_stream(engine: Engine) -> None:
    client = Secured(engine=engine)
    assert client.startSSL() is client
    client.close()


def test_tls_starts_only_once(engine: Engine) -> None:
    client = Secured(engine=engine, ssl_options={})
    with pytest.raises(RuntimeError):
        client.startSSL()
    client.close()


def test_tls_does_not_start_on_a_closed_stream(engine: Engine) -> None:
    client = Secured(engine=engine)
    client.close()
    with pytest.raises(RuntimeError):
        client.startSSL()


def test_tls_of_a_server_starts_only_once(engine: Engine, certificates: Certificates) -> None:
    server = TelnetServer(engine=engine, ssl_options=certificates.server)
    with pytest.raises(RuntimeError):
        server.startSSL(certificates.server)


def test_tls_does_not_start_on_a_closed_server(engine: Engine, certificates: Certificates) -> None:
    server = TelnetServer(engine=engine)
    server.close()
    with pytest.raises(RuntimeError):
        server.startSSL(certificates.server)


def test_tls_of_a_server_concerns_those_accepted_afterwards(engine: Engine, certificates: Certificates) -> None:
    both = pair(engine)
    both.server.startSSL(certificates.server)
    later = Secured(engine=engine, ssl_options=certificates.client).connect(both.server.local_address)
    run_until(engine, lambda: later.connected)
    both.client.write(b"still plain")
    run_until(engine, lambda: both.accepted.text)
    assert (both.accepted.ssl_enabled, both.accepted.text) == (False, b"still plain")
