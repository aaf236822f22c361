"""Keepalive of TCP: what it can be set to, and that each end of each shell has it as it was set."""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from typing import Any, ClassVar

import pytest
from aio_support import HOST, Run, address_of, only, peer_of
from net_support import has_ipv6, run_until
from shell_support import SHELLS, dialing, start_shell, wait_until
from stream_support import StreamRecorder, stream_pair
from tls_support import Certificates

from telnet import Engine, Keepalive, Limits, MudConnection, MudHandler, MudServer, Stream, TelnetServer, aio
from telnet.sockets import prepare

needs_settings = pytest.mark.skipif(sys.platform != "linux", reason="what a system lets be set differs")
each_shell = pytest.mark.parametrize("name", SHELLS)
each_host = pytest.mark.parametrize(
    "host", [HOST, pytest.param("::1", marks=pytest.mark.skipif(not has_ipv6(), reason="no IPv6 here"))]
)

SETTINGS = {
    "on": (True, [1, 60, 15, 9]),
    "its defaults": (Keepalive(), [1, 60, 15, 9]),
    "settings of its own": (Keepalive(idle=300, interval=20, count=3), [1, 300, 20, 3]),
    "the most": (Keepalive(32767, 32767, 127), [1, 32767, 32767, 127]),
}
each_setting = pytest.mark.parametrize(("keepalive", "expected"), SETTINGS.values(), ids=SETTINGS)


def kept(connected: Any) -> list[int]:
    """Whether a socket is kept alive, and idle, interval and count."""
    names = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
    on = connected.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    return [on, *(connected.getsockopt(socket.IPPROTO_TCP, each) for each in names)]


def socket_of(handler: Any) -> Any:
    return handler._socket if isinstance(handler, Stream) else handler._transport.get_extra_info("socket")


class Seen(MudHandler):
    limits = Limits(ready=0.05, close=0.5, linger=0.1)
    seen: ClassVar[list[list[int]]] = []

    def on_connect(self) -> None:
        self.seen.append(kept(socket_of(self)))


@pytest.fixture(autouse=True)
def nothing_seen() -> None:
    Seen.seen.clear()


@needs_settings
@each_shell
@each_host
@each_setting
def test_server_has_its_connections_kept_as_their_class_says(
    name: str, host: str, keepalive: bool | Keepalive, expected: list[int]
) -> None:
    handler = type("Kept", (Seen,), {"keepalive": keepalive})
    shell = start_shell(name, handler, host=host)
    try:
        with socket.create_connection(shell.address[:2]):
            wait_until(lambda: Seen.seen == [expected])
    finally:
        shell.stop()


@needs_settings
@each_shell
@each_host
@each_setting
def test_client_has_its_connection_kept_as_it_was_told(
    name: str, host: str, keepalive: bool | Keepalive, expected: list[int]
) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as listener:
        with dialing(name, Seen, listener.getsockname()[:2], keepalive=keepalive):
            wait_until(lambda: Seen.seen == [expected])


@needs_settings
@each_shell
def test_connection_over_tls_is_kept_too(name: str, certificates: Certificates) -> None:
    handler = type("Kept", (Seen,), {"keepalive": Keepalive(idle=30)})
    shell = start_shell(name, handler, tls=certificates.server)
    try:
        with dialing(name, handler, shell.address[:2], tls=certificates.client):
            wait_until(lambda: Seen.seen == [[1, 30, 15, 9]] * 2)
    finally:
        shell.stop()


@needs_settings
def test_argument_of_serve_is_that_of_its_connections(run: Run) -> None:
    async def main() -> None:
        async with await aio.serve(Seen, HOST, 0, keepalive=Keepalive(count=2)) as server, peer_of(server):
            assert kept(socket_of(await only(server))) == [1, 60, 15, 2]

    run(main)


@needs_settings
def test_argument_of_a_stream_is_that_of_the_stream() -> None:
    with Engine() as engine:
        stream, peer = stream_pair(engine, StreamRecorder, keepalive=Keepalive(interval=1))
        with peer:
            assert kept(stream._socket) == [1, 60, 1, 9]


@needs_settings
@each_shell
def test_connection_that_is_not_kept_is_left_as_it_is(name: str) -> None:
    shell = start_shell(name, Seen)
    try:
        with socket.create_connection(shell.address) as peer:
            untouched = kept(peer)
            wait_until(lambda: Seen.seen == [untouched])
            assert not untouched[0]
    finally:
        shell.stop()


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="no UNIX sockets here")
def test_unix_socket_is_not_touched(tmp_path: Path) -> None:
    class Kept(StreamRecorder):
        keepalive = True

    with Engine() as engine, socket.socket(socket.AF_UNIX) as peer:
        server = TelnetServer(Kept, engine=engine).listen(tmp_path / "mud")
        peer.connect(str(tmp_path / "mud"))
        run_until(engine, lambda: server.connections)
        [connection] = server.connections
        assert connection._socket is not None
        assert not connection._socket.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)


def test_setting_that_the_system_lacks_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_KEEPCNT", "TCP_KEEPALIVE"):
        monkeypatch.delattr(socket, name, raising=False)
    with socket.socket() as made:
        prepare(made, keepalive=Keepalive(), nodelay=True)
        assert made.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)


def test_idle_is_set_where_macos_has_another_name_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    number = getattr(socket, "TCP_KEEPIDLE", None) or socket.TCP_KEEPALIVE  # type: ignore[attr-defined]
    monkeypatch.delattr(socket, "TCP_KEEPIDLE", raising=False)
    monkeypatch.setattr(socket, "TCP_KEEPALIVE", number, raising=False)
    with socket.socket() as made:
        prepare(made, keepalive=Keepalive(idle=77), nodelay=True)
        assert made.getsockopt(socket.IPPROTO_TCP, number) == 77


# What it cannot be


@pytest.mark.parametrize("field", ["idle", "interval", "count"])
@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (0, ValueError, "from 1 to"),
        (-1, ValueError, "from 1 to"),
        (1 << 20, ValueError, "from 1 to"),
        (1.5, TypeError, "an int, not float"),
        (True, TypeError, "an int, not bool"),
        ("60", TypeError, "an int, not str"),
        (None, TypeError, "an int, not NoneType"),
    ],
)
def test_settings_that_no_system_takes_are_refused(field: str, value: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=f"^{field} of a Keepalive must be {text}"):
        Keepalive(**{field: value})


@pytest.mark.parametrize("bad", [60, 0, 1.5, None, "yes", {"idle": 60}, Keepalive])
def test_what_is_no_keepalive_is_refused_at_the_call(run: Run, bad: Any) -> None:
    text = r"^keepalive must be True, False or a Keepalive, as in Keepalive\(idle=60\), not "
    handler = type("Wrong", (Seen,), {"keepalive": bad})
    wrong = type("Wrong", (Stream,), {"keepalive": bad})

    async def main() -> None:
        with pytest.raises(TypeError, match=text):
            await aio.serve(Seen, HOST, 0, keepalive=bad)
        with pytest.raises(TypeError, match=text):
            await aio.serve(handler, HOST, 0)
        async with await aio.serve(Seen, HOST, 0) as server:
            with pytest.raises(TypeError, match=text):
                await aio.connect(*address_of(server), keepalive=bad)

    run(main)
    with Engine() as engine:
        for call in (
            lambda: Stream(engine=engine, keepalive=bad),
            lambda: wrong(engine=engine),
            lambda: TelnetServer(wrong, engine=engine),
            lambda: MudServer(handler, engine=engine),
            lambda: MudConnection.running(handler)(engine=engine),
        ):
            with pytest.raises(TypeError, match=text):
                call()
