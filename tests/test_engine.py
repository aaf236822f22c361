"""The engine: turns, stopping, timers on a real clock, threads, and what it survives."""

from __future__ import annotations

import selectors
import signal
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from net_support import Recorder, accept_one, run_for, run_until

from telnet import Engine, TelnetServer
from telnet.net.engine import READ


def test_the_global_engine_is_one_and_a_closed_one_is_replaced() -> None:
    engine = Engine.instance()

    assert Engine.instance() is engine
    engine.close()
    assert Engine.instance() is not engine
    Engine.instance().close()


def test_a_poller_must_be_a_selector() -> None:
    with pytest.raises(TypeError, match="must be a selectors.BaseSelector, not object"):
        Engine(object())  # type: ignore[arg-type]


def test_a_selector_of_the_callers_is_used() -> None:
    with Engine(selectors.SelectSelector()) as engine:
        _server, connection, client = accept_one(engine)
        client.sendall(b"hello")
        run_until(engine, lambda: ("read", b"hello") in connection.events)
        client.close()


def test_stop_from_a_timer_ends_start() -> None:
    with Engine() as engine:
        engine.defer(0.01, engine.stop)
        engine.start()

        assert not engine.running


def test_stop_from_a_thread_ends_start() -> None:
    with Engine() as engine:
        threading.Timer(0.05, engine.stop).start()
        engine.start(poll_timeout=60)


def test_stop_from_a_signal_handler_ends_start() -> None:
    with Engine() as engine:
        before = signal.signal(signal.SIGUSR1, lambda *_: engine.stop())
        threading.Timer(0.05, lambda: signal.raise_signal(signal.SIGUSR1)).start()
        engine.defer(0.1, signal.raise_signal, signal.SIGUSR1)
        engine.start(poll_timeout=60)
        signal.signal(signal.SIGUSR1, before)


def test_stop_before_start_does_nothing() -> None:
    with Engine() as engine:
        ran: list[int] = []
        engine.stop()
        engine.callback(ran.append, 1)
        engine.callback(engine.stop)
        engine.start()

        assert ran == [1]


def test_start_inside_start_returns_at_once() -> None:
    with Engine() as engine:
        engine.callback(engine.start)
        engine.callback(engine.stop)
        engine.start()


def test_poll_inside_a_turn_is_refused() -> None:
    with Engine() as engine:
        caught: list[str] = []

        def nested() -> None:
            try:
                engine.poll(0)
            except RuntimeError as exc:
                caught.append(str(exc))

        engine.callback(nested)
        engine.poll(0)

        assert "inside a turn" in caught[0]


def test_close_inside_a_turn_is_refused() -> None:
    with Engine() as engine:
        caught: list[str] = []

        def nested() -> None:
            try:
                engine.close()
            except RuntimeError as exc:
                caught.append(str(exc))

        engine.callback(nested)
        engine.poll(0)

        assert "call stop() first" in caught[0]


def test_a_closed_engine_refuses_work() -> None:
    engine = Engine()
    engine.close()
    engine.close()

    calls: list[Callable[[], object]] = [lambda: engine.poll(0), engine.start, lambda: engine.call_from_thread(print)]
    for call in calls:
        with pytest.raises(RuntimeError, match="engine is closed"):
            call()
    engine._running = True
    engine.stop()


def test_closing_the_engine_closes_its_channels() -> None:
    engine = Engine()
    _server, connection, client = accept_one(engine)
    engine.close()

    assert connection.events[-1] == ("close",)
    client.close()


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_leaves_start_and_the_engine_can_go_on(interrupt: type[BaseException]) -> None:
    def raising() -> None:
        raise interrupt

    with Engine() as engine:
        engine.callback(raising)
        with pytest.raises(interrupt):
            engine.start()
        engine.callback(engine.stop)
        engine.start()


def test_an_error_of_the_selector_is_logged_and_ends_start(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(selectors.SelectSelector):
        def select(self, timeout: float | None = None) -> Any:
            raise OSError("broken")

    with Engine(Broken()) as engine:
        engine.start()

    assert "exception in the engine" in caplog.text


def test_an_exception_in_a_timer_is_logged_and_harms_nobody(caplog: pytest.LogCaptureFixture) -> None:
    with Engine() as engine:
        ran: list[int] = []
        engine.callback(lambda: 1 / 0)
        engine.callback(ran.append, 1)
        engine.poll(0)

    assert ran == [1]
    assert "ZeroDivisionError" in caplog.text


def test_loops_and_cycles_run_until_cancelled() -> None:
    with Engine() as engine:
        loops: list[int] = []
        cycles: list[int] = []
        loop = engine.loop(loops.append, 1)
        cycle = engine.cycle(0.005, cycles.append, 1)
        run_until(engine, lambda: len(loops) > 3 and len(cycles) > 3)
        loop.cancel()
        cycle()
        seen = len(loops), len(cycles)
        run_for(engine, 0.03)

        assert (len(loops), len(cycles)) == seen


def test_a_delay_counts_from_the_call() -> None:
    """B36: not from the last poll."""
    with Engine() as engine:
        engine.poll(0)
        time.sleep(0.1)
        ran: list[float] = []
        start = time.monotonic()
        engine.defer(0.1, lambda: ran.append(time.monotonic() - start))
        run_until(engine, lambda: ran)

        assert ran[0] >= 0.1


def test_a_callback_of_a_callback_does_not_wait_for_the_poll() -> None:
    """B37: the second one runs in the next turn, without the wait in between."""
    with Engine() as engine:
        ran: list[int] = []
        engine.callback(engine.callback, ran.append, 1)
        engine.poll(60)
        engine.poll(0)

        assert ran == [1]


def test_a_handler_may_close_its_neighbours() -> None:
    """B33: their events of the same turn are for nobody."""

    class Bully(Recorder):
        def on_read(self, *data: Any) -> None:
            assert self.server is not None
            self.server.close(flush=False)

    with Engine() as engine:
        server = TelnetServer(Bully, engine=engine).listen(("127.0.0.1", 0))
        clients = [socket.create_connection(server.local_address) for _ in range(3)]
        run_until(engine, lambda: len(server.connections) == 3)
        everybody: list[Any] = list(server.connections)
        for client in clients:
            client.sendall(b"x")
        time.sleep(0.05)
        engine.poll(0)

        assert [connection.events for connection in everybody] == [[("connect",), ("close",)]] * 3
        for client in clients:
            client.close()


def test_calls_from_threads_run_in_the_engines_thread() -> None:
    with Engine() as engine:
        ran: list[int] = []
        thread = threading.Thread(
            target=lambda: engine.call_from_thread(lambda: ran.append(threading.get_ident())), daemon=True
        )
        thread.start()
        run_until(engine, lambda: ran)
        thread.join()

        assert ran == [threading.get_ident()]
        with pytest.raises(TypeError, match="needs a function"):
            engine.call_from_thread(5)  # type: ignore[arg-type]


def test_any_number_of_wake_ups_is_absorbed() -> None:
    with Engine() as engine:
        ran: list[int] = []
        for number in range(100_000):
            engine.call_from_thread(ran.append, number)
        run_until(engine, lambda: len(ran) == 100_000)

        assert ran == list(range(100_000))


class Defective:
    """A channel whose code fails, on a socket that is always ready."""

    interest = READ

    def __init__(self, on_send: Callable[[], object] = lambda: 1 / 0, on_abandon: Callable[[], object] = print) -> None:
        self.near, self.far = socket.socketpair()
        self.far.send(b"x")
        self.on_send = on_send
        self.on_abandon = on_abandon

    @property
    def fileno(self) -> int | None:
        return self.near.fileno() if self.near.fileno() >= 0 else None

    def handle_events(self, events: int) -> None:
        raise ZeroDivisionError

    def send_queued(self) -> None:
        self.on_send()

    def abandon(self) -> None:
        self.on_abandon()

    def close(self) -> None:
        self.near.close()
        self.far.close()


def test_a_defective_channel_is_dropped_and_does_not_spin(caplog: pytest.LogCaptureFixture) -> None:
    """B17: an exception inside the engine must not be met again at every poll."""
    channel = Defective(on_abandon=lambda: 1 / 0)
    with Engine() as engine:
        engine.add_channel(channel)
        engine.poll(0)
        engine.poll(0)

    assert caplog.text.count("which is closed") == 1
    channel.close()


def test_a_defect_while_sending_is_dropped_too(caplog: pytest.LogCaptureFixture) -> None:
    channel = Defective()
    with Engine() as engine:
        engine.queue(channel)
        engine.poll(0)

    assert caplog.text.count("which is closed") == 1
    channel.close()


@pytest.mark.parametrize("method", ["handle_events", "send_queued", "_take_input"])
def test_a_defect_in_a_connection_closes_it_and_names_its_peer(method: str, caplog: pytest.LogCaptureFixture) -> None:
    def defective(self: object, *_: object) -> None:
        raise ZeroDivisionError

    with Engine() as engine:
        _server, connection, client = accept_one(engine, type("Defective", (Recorder,), {method: defective}))
        with client:
            connection.write(b"x")
            client.sendall(b"x")
            run_until(engine, lambda: connection.closed)
            [record] = caplog.records
            assert record.getMessage().startswith(f"Defective with {client.getsockname()!r}: exception in ")
            assert record.exc_info is not None


def test_an_interrupt_while_sending_keeps_the_others_queued() -> None:
    channel = Defective(on_send=_interrupt)
    sent: list[int] = []
    other = Defective(on_send=lambda: sent.append(1))
    with Engine() as engine:
        engine.queue(channel)
        engine.queue(other)
        with pytest.raises(KeyboardInterrupt):
            engine.poll(0)
        engine.poll(0)

    assert sent == [1]
    channel.close()
    other.close()


def _interrupt() -> None:
    raise KeyboardInterrupt


def test_a_channel_without_a_descriptor_cannot_be_watched() -> None:
    channel = Defective()
    channel.close()
    with Engine() as engine:
        with pytest.raises(ValueError, match="no file descriptor"):
            engine.add_channel(channel)
        engine.modify_channel(channel)
        engine.remove_channel(channel)
