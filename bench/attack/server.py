"""The server under attack: a game that speaks all there is, in a process of its own.

Where clients are attacked, the same process has them too: one of a hostile server's clients keeps the others waiting
as well.
"""

from __future__ import annotations

import asyncio
import cProfile
import gc
import io
import logging
import os
import pstats
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection

from attack.flood import PEERS, RETRY
from attack.meter import METER, meter_asyncio, meter_selectors
from telnet import Engine, MudConnection, MudHandler, MudServer, aio
from telnet import options as o

__all__ = ["SHELLS", "run"]

SHELLS = ("selectors", "asyncio", "uvloop")
STATUS = o.MSSP({"NAME": "A game", "PLAYERS": 6, "UPTIME": 0})
VARIABLES = [f"V{each}" for each in range(50)]
LINES_OF_PROFILE = 30

Order = Callable[[], None]


class Player(MudHandler):
    """One that plays, or pretends to."""

    options = (
        *(o.TTYPE, o.NAWS, o.NEW_ENVIRON, o.EOR, o.SGA, o.ECHO, o.LINEMODE, o.GMCP, o.MXP, o.MSP, o.ATCP),
        o.CHARSET("UTF-8", "ISO-8859-1", "US-ASCII", "GBK", "GB18030", "Big5"),
        *(o.STATUS, o.BINARY, o.MCCP2, o.MCCP3, o.TIMING_MARK, o.TSPEED, o.XDISPLOC, o.SNDLOC, o.AARDWOLF),
        o.COM_PORT_OPTION,
        o.MSDP(reportable=VARIABLES, configurable=["PROMPT"]),
        STATUS,
        o.ZMP("A game", "1.0"),
    )

    def on_connect(self) -> None:
        for name in VARIABLES:
            self.send_msdp(name, "a value of some length")

    def on_line(self, line: str) -> None:
        if line == "edit lines":
            self.session.edit_lines = True
        elif line == "answer AYT at length":
            self.session.ayt_answer = "Yes. " * 800
        self.send_line(f"You look at {line[:16]}.")

    def on_slow_consumer(self) -> None:
        METER.measures.slow_consumers += 1
        super().on_slow_consumer()

    def on_compression_error(self, option: bytes, reason: str) -> None:
        METER.measures.compression_errors += 1
        super().on_compression_error(option, reason)


class Visitor(MudHandler):
    """A client of a hostile server, which comes back when it has lost its connection."""

    options = (
        *(o.NAWS, o.CHARSET, o.EOR, o.SGA, o.ECHO, o.LINEMODE, o.MSDP, STATUS, o.MXP, o.MSP, o.ATCP, o.ZMP, o.STATUS),
        *(o.BINARY, o.MCCP2, o.MCCP3, o.TIMING_MARK, o.AARDWOLF, o.LFLOW),
        o.TTYPE("A client", "XTERM"),
        o.NEW_ENVIRON(variables={name: "a value of some length" for name in VARIABLES}),
        o.GMCP("A client", "1.0", {"Char": 1}),
    )

    again: Callable[[], object]
    """Connects anew."""

    def on_connect(self) -> None:
        self.session[o.MSSP].request_text()

    def on_mssp(self, variables: object) -> None:
        self.session[o.MSSP].request_text()

    def on_compression_error(self, option: bytes, reason: str) -> None:
        METER.measures.compression_errors += 1
        super().on_compression_error(option, reason)

    def on_close(self) -> None:
        self.again()


class Control:
    """Takes orders in a thread: one to begin measuring, which is confirmed, and one to tell what was measured."""

    def __init__(self, orders: Connection, visited: int, *, profiled: bool) -> None:
        self.visited = visited
        self._orders = orders
        self._profiler = cProfile.Profile() if profiled else None

    def listen(self, port: int, in_loop: Callable[[Order], object], visit: Order, stop: Order) -> None:
        """Tell the port of the server, and obey.

        :param in_loop: calls a function in the thread that serves.
        :param visit: connects a client to the hostile server.
        :param stop: ends all.
        """
        self._orders.send(port)
        self._in_loop = in_loop
        self._visit = visit
        self._stop = stop
        threading.Thread(target=self._obey, daemon=True).start()

    def _obey(self) -> None:
        self._orders.recv()
        gc.collect()  # the first full collection of a process comes early; in this thread it is on no account
        self._in_loop(self._begin)
        self._orders.recv()
        self._in_loop(self._end)

    def _begin(self) -> None:
        METER.reset()
        self._waited = waited()
        self._orders.send(None)
        if self._profiler:
            self._profiler.enable()
        for _ in range(PEERS if self.visited else 0):
            self._visit()

    def _end(self) -> None:
        measures = METER.measures
        measures.waited = waited() - self._waited
        if self._profiler:
            self._profiler.disable()
            measures.profile = listed(self._profiler)
        self._orders.send(measures)
        self._stop()


def waited() -> float:
    """How long the thread that serves has waited for its core, in seconds."""
    with open("/proc/self/schedstat", encoding="ascii") as file:
        return int(file.read().split()[1]) / 1e9


def listed(profiler: cProfile.Profile) -> str:
    text = io.StringIO()
    pstats.Stats(profiler, stream=text).sort_stats("tottime").print_stats(LINES_OF_PROFILE)
    return text.getvalue()


def run(orders: Connection, shell: str, core: int, visited: int, profiled: bool) -> None:
    """Serve on a shell until the orders say that it is enough.

    :param visited: the port of a hostile server, whose clients are to be in this process; 0 for none.
    """
    os.sched_setaffinity(0, {core})
    logging.basicConfig(stream=open(os.devnull, "w", encoding="utf-8"), level=logging.INFO)
    control = Control(orders, visited, profiled=profiled)
    if shell == "selectors":
        serve_on_selectors(control)
    elif shell == "asyncio":
        asyncio.run(serve(control))
    else:
        import uvloop

        uvloop.run(serve(control))


def serve_on_selectors(control: Control) -> None:
    meter_selectors()
    with Engine() as engine:

        class Client(Visitor, MudConnection):
            def again(self) -> None:
                if engine.running:
                    engine.defer(RETRY, visit)

        def visit() -> None:
            Client(engine=engine).connect(("127.0.0.1", control.visited))

        server = MudServer(Player, engine=engine).listen(("127.0.0.1", 0))
        control.listen(server.local_address[1], engine.call_from_thread, visit, engine.stop)
        engine.start()


async def serve(control: Control) -> None:
    meter_asyncio()
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    visits: set[asyncio.Task[object]] = set()

    class Client(Visitor):
        def again(self) -> None:
            if not over.is_set():
                loop.call_later(RETRY, visit)

    def visit() -> None:
        visits.add(loop.create_task(aio.connect("127.0.0.1", control.visited, connection=Client)))

    server = await aio.serve(Player, "127.0.0.1", 0)
    control.listen(server.sockets[0].getsockname()[1], loop.call_soon_threadsafe, visit, over.set)
    await over.wait()
    server.close(flush=False)
