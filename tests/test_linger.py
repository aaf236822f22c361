"""The end of a connection whose last output is still on its way (RFC 1122 section 4.2.2.13)."""

from __future__ import annotations

import socket

from net_support import receive_all, run_until
from stream_support import reset, tcp_pair

from telnet import Engine
from telnet.net.linger import Linger


def lingering(engine: Engine, seconds: float = 10.0) -> tuple[Linger, socket.socket]:
    ours, peer = tcp_pair()
    ours.setblocking(False)
    return Linger(engine, ours, seconds), peer


def test_the_peer_gets_the_end_of_input_at_once() -> None:
    with Engine() as engine:
        _, peer = lingering(engine)
        with peer:
            assert peer.recv(1) == b""


def test_output_survives_input_that_nobody_read() -> None:
    with Engine() as engine:
        ours, peer = tcp_pair()
        with peer:
            peer.sendall(b"unread" * 1000)
            ours.sendall(b"goodbye")
            ours.setblocking(False)
            Linger(engine, ours, 10.0)
            assert receive_all(engine, peer) == b"goodbye"


def test_it_ends_when_the_peer_closes() -> None:
    with Engine() as engine:
        linger, peer = lingering(engine)
        peer.close()
        run_until(engine, lambda: linger.fileno is None)


def test_it_ends_when_the_peer_resets() -> None:
    with Engine() as engine:
        linger, peer = lingering(engine)
        reset(peer)
        run_until(engine, lambda: linger.fileno is None)


def test_it_ends_when_its_time_is_over() -> None:
    with Engine() as engine:
        linger, peer = lingering(engine, 0.02)
        with peer:
            run_until(engine, lambda: linger.fileno is None)


def test_it_ends_although_the_peer_goes_on_sending() -> None:
    with Engine() as engine:
        linger, peer = lingering(engine, 0.05)
        with peer:
            peer.setblocking(False)

            def ended() -> bool:
                try:
                    peer.send(b"more")
                except OSError:
                    pass
                return linger.fileno is None

            run_until(engine, ended)


def test_input_is_discarded_while_it_waits() -> None:
    with Engine() as engine:
        linger, peer = lingering(engine)
        with peer:
            peer.sendall(b"anybody there?")
            engine.poll(1.0)
            assert linger.fileno is not None


def test_a_connection_that_is_gone_already_is_closed_at_once() -> None:
    with Engine() as engine:
        ours, peer = tcp_pair()
        reset(peer)
        ours.setblocking(False)
        ours.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        linger = Linger(engine, ours, 10.0)
        assert linger.fileno is None


def test_it_is_closed_when_the_engine_stops() -> None:
    with Engine() as engine:
        linger, peer = lingering(engine)
        with peer:
            engine.callback(engine.stop)
            engine.start()
            assert linger.fileno is None


def test_it_is_closed_with_the_engine() -> None:
    with Engine() as engine:
        linger, peer = lingering(engine)
    with peer:
        assert linger.fileno is None


def test_it_has_nothing_to_send() -> None:
    with Engine() as engine:
        linger, peer = lingering(engine)
        with peer:
            linger.send_queued()
            assert peer.recv(1) == b""
