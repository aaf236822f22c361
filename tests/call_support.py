"""A client of ours that runs on any shell, in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from client_support import PATIENCE
from mud_support import running_engine
from shell_support import new_event_loop, wait_until

from telnet import MudConnection, MudHandler, aio

Run = Callable[[Callable[[], Any]], Any]


@contextmanager
def calling(shell: str, handler: type[MudHandler], port: int) -> Iterator[tuple[Any, Run]]:
    """Connect to a port of this machine; give the handler, and what calls a function in its shell's thread."""
    with (calling_on_selectors if shell == "selectors" else calling_on_a_loop)(shell, handler, port) as called:
        yield called


@contextmanager
def calling_on_selectors(_: str, handler: type[MudHandler], port: int) -> Iterator[tuple[Any, Run]]:
    connection = MudConnection.running(handler)
    with running_engine() as host:
        caller: Any = host.run(lambda: connection(engine=host.engine).connect(("127.0.0.1", port)))
        host.until(lambda: caller.connected)
        yield caller, host.run
        host.run(lambda: caller.close(flush=False))


@contextmanager
def calling_on_a_loop(shell: str, handler: type[MudHandler], port: int) -> Iterator[tuple[Any, Run]]:
    loop = new_event_loop(shell)
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def run(function: Callable[[], Any]) -> Any:
        async def call() -> Any:
            return function()

        return asyncio.run_coroutine_threadsafe(call(), loop).result(PATIENCE)

    try:
        connecting = aio.connect("127.0.0.1", port, connection=handler)
        caller: Any = asyncio.run_coroutine_threadsafe(connecting, loop).result(PATIENCE)
        yield caller, run
        run(lambda: caller.close(flush=False))
        wait_until(lambda: caller.closed)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(PATIENCE)
        loop.close()
