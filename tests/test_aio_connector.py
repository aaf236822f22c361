"""Connecting on asyncio: each address in its turn or beside the others, from an address of ours; nothing is left."""

from __future__ import annotations

import asyncio
import errno
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from typing import Any

import pytest
from aio_support import HOST, QUICK, Liner, Run, address_of, echo, until
from net_support import has_ipv6
from tls_support import Certificates

from telnet import aio
from telnet.aio.connector import connected_socket

needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="no IPv6 here")
needs_loopback_net = pytest.mark.skipif(sys.platform != "linux", reason="127.0.0.2 is this machine on Linux alone")


Names = Callable[..., None]


@pytest.fixture
def name_is(monkeypatch: pytest.MonkeyPatch) -> Names:
    """Say which addresses the name "mud" has."""
    look_up = socket.getaddrinfo

    def name_is(*hosts: str) -> None:
        def answer(host: Any, port: Any, *arguments: Any, **options: Any) -> Any:
            wanted = hosts if host == "mud" else (host,)
            return [look_up(each, port, *arguments, **options)[0] for each in wanted]

        monkeypatch.setattr(socket, "getaddrinfo", answer)

    return name_is


@pytest.fixture
def port() -> Iterator[int]:
    """A port of 127.0.0.1 on which somebody listens; nobody does on it of 127.0.0.2 and 127.0.0.3."""
    with socket.create_server((HOST, 0)) as listener:
        yield listener.getsockname()[1]


@pytest.fixture
def deaf(port: int) -> Iterator[str]:
    """An address that does not answer on that port: nobody is accepted there, and nobody else can wait."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.3", port), backlog=0))
        for _ in range(2):
            crowd = stack.enter_context(socket.socket())
            crowd.setblocking(False)
            crowd.connect_ex(listener.getsockname())
        yield "127.0.0.3"


@needs_loopback_net
@pytest.mark.parametrize("delay", [None, 5.0])
def test_next_address_is_tried_as_soon_as_one_has_failed(
    run: Run, name_is: Names, port: int, delay: float | None
) -> None:
    async def main() -> None:
        name_is("127.0.0.2", HOST, "127.0.0.2")
        began = time.monotonic()
        with await connected_socket("mud", port, happy_eyeballs_delay=delay) as connected:
            assert connected.getpeername() == (HOST, port)
        assert time.monotonic() - began < 2

    run(main)


@needs_loopback_net
def test_next_address_is_tried_beside_one_that_does_not_answer(run: Run, name_is: Names, port: int, deaf: str) -> None:
    async def main() -> None:
        name_is(deaf, HOST)
        with await connected_socket("mud", port, happy_eyeballs_delay=0.05) as connected:
            assert connected.getpeername() == (HOST, port)

    run(main)


@needs_loopback_net
def test_one_address_wins_where_several_answer_at_once(run: Run, name_is: Names, port: int) -> None:
    async def main() -> None:
        name_is(*[HOST] * 5)
        (await connected_socket("mud", port, happy_eyeballs_delay=0.0)).close()

    run(main)


@needs_ipv6
def test_addresses_of_both_families_have_turns_where_they_are_tried_beside_each_other(
    run: Run, name_is: Names, port: int
) -> None:
    async def main() -> None:
        name_is("::1", "::1", "::1", "::1", HOST)
        with await connected_socket("mud", port, happy_eyeballs_delay=10) as connected:
            assert connected.family == socket.AF_INET

    run(main)


@needs_loopback_net
def test_error_tells_of_each_address(run: Run, name_is: Names, port: int) -> None:
    async def main() -> None:
        name_is("127.0.0.2", "127.0.0.2")
        with pytest.raises(ConnectionRefusedError, match=rf"^\[Errno {errno.ECONNREFUSED}\] .*127.0.0.2"):
            await connected_socket("mud", port)
        name_is("127.0.0.2", "127.0.0.3")
        with pytest.raises(OSError, match=r"cannot connect to \('mud', .*127\.0\.0\.2.*; .*127\.0\.0\.3"):
            await aio.connect("mud", port)
        name_is()
        with pytest.raises(OSError, match="'mud' has no address"):
            await connected_socket("mud", port, happy_eyeballs_delay=1)

    run(main)


def test_name_that_is_not_known_is_an_error_that_says_so(run: Run, name_is: Names) -> None:
    async def main() -> None:
        with pytest.raises(socket.gaierror, match=r"cannot connect to \('no where', 23\): "):
            await aio.connect("no where", 23)
        await asyncio.get_running_loop().shutdown_default_executor()

    run(main)


@pytest.mark.parametrize("host", ["localhost", None])
def test_name_of_this_machine_is_looked_up(run: Run, host: str | None) -> None:
    async def main() -> None:
        async with await aio.serve(echo, None, 0, limits=QUICK) as server:
            async with await aio.connect(host, address_of(server)[1], family=socket.AF_INET) as client:
                client.send_line("Hello")
                assert await client.readline() == "You say: Hello"
            await asyncio.get_running_loop().shutdown_default_executor()

    run(main)


@needs_loopback_net
def test_connection_comes_from_the_address_that_was_asked_for(run: Run) -> None:
    async def main() -> None:
        async with await aio.serve(Liner, HOST, 0) as server:
            async with await aio.connect(*address_of(server), local_addr=("127.0.0.2", 0)) as client:
                assert client.local_address[0] == "127.0.0.2"
            with pytest.raises(OSError, match=r"cannot connect from \('192\.0\.2\.1', 0\)"):
                await aio.connect(*address_of(server), local_addr=("192.0.2.1", 0))
            with pytest.raises(OSError, match="no address to connect from is of the family"):
                await aio.connect(*address_of(server), local_addr=("::1", 0))

    run(main)


@needs_loopback_net
@pytest.mark.parametrize("delay", [None, 0.0])
def test_cancelled_attempts_leave_no_socket_open(
    run: Run, name_is: Names, port: int, deaf: str, delay: float | None
) -> None:
    async def main() -> None:
        name_is(deaf, "127.0.0.2", HOST)
        for turns in range(12):
            connecting = asyncio.create_task(connected_socket("mud", port, happy_eyeballs_delay=delay))
            for _ in range(turns):
                await asyncio.sleep(0)
            connecting.cancel()
            with suppress(asyncio.CancelledError):
                (await connecting).close()

    run(main)


@pytest.mark.parametrize("tls", [False, True])
def test_connection_that_is_closed_as_soon_as_it_begins_gives_its_descriptor_back_once(
    run: Run, certificates: Certificates, tls: bool
) -> None:
    class Hasty(Liner):
        def on_connect(self) -> None:
            self.close(flush=False)

    async def main() -> None:
        here, there = (certificates.server, certificates.client) if tls else (None, None)
        async with await aio.serve(Liner, HOST, 0, ssl=here) as server:
            client = await aio.connect(*address_of(server), connection=Hasty, ssl=there)
            await client.wait_closed()
            await until(lambda: not server.connections)

    run(main)


BAD = {
    "nothing": ({}, "there must be a port to connect to, or sock"),
    "both": ({"host": HOST, "sock": True}, "sock must be given without host, not with it"),
    "a family": ({"family": socket.AF_INET, "sock": True}, "sock must be given without family, not with it"),
    "no socket": ({"sock": 5}, "sock must be a stream socket, not 5"),
    "a name": ({"host": HOST, "port": 1, "server_hostname": "mud"}, "server_hostname must be given with ssl"),
}


@pytest.mark.parametrize(("arguments", "text"), BAD.values(), ids=BAD)
def test_what_cannot_be_connected_to_is_refused_at_the_call(run: Run, arguments: dict[str, Any], text: str) -> None:
    async def main() -> None:
        with socket.socket() as given, pytest.raises(ValueError, match=text):
            await aio.connect(**{**arguments, **({"sock": given} if arguments.get("sock") is True else {})})

    run(main)
