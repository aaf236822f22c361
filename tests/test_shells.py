"""One handler, unchanged, does the same on the engine, on asyncio and on uvloop."""

from __future__ import annotations

import asyncio
import socket
import time
import zlib
from collections.abc import Iterator
from contextlib import suppress
from threading import Thread
from typing import Any, ClassVar

import pytest
from shell_support import SHELLS, Shell, dialing, receive_all, receive_until, start_shell, wait_until

from telnet import (
    CMD_EOR,
    DO,
    DONT,
    GA,
    IAC,
    SB,
    SE,
    WILL,
    WONT,
    Engine,
    Limits,
    MudConnection,
    MudHandler,
    MudServer,
    aio,
)
from telnet.encode import subnegotiation
from telnet.options import ECHO, EOR, MCCP2, MSDP, MSSP, MXP, NAWS, TTYPE

OFFERED = IAC + DO + NAWS.code + IAC + WILL + EOR.code + IAC + WILL + MCCP2.code
REFUSED = IAC + WONT + NAWS.code + IAC + DONT + EOR.code + IAC + DONT + MCCP2.code
GREETING = b"Welcome!\r\n> " + IAC + GA
BIG = 600_000


class Player(MudHandler):
    """Does what its lines say, and writes down what happens."""

    options = (NAWS, ECHO, EOR, MCCP2)
    limits = Limits(ready=0.2, close=2.0, linger=0.5)
    met: ClassVar[list[Player]] = []

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.events: list[Any] = []
        self.count = 0

    def on_connect(self) -> None:
        self.met.append(self)
        self.events.append("connect")

    def on_ready(self) -> None:
        self.events.append("ready")
        self.send_line("Welcome!")
        self.prompt("> ")

    def on_line(self, line: str) -> None:
        verb, _, rest = line.partition(" ")
        getattr(self, f"do_{verb}")(rest)

    def on_window_size(self, width: int, height: int) -> None:
        self.events.append(("window size", width, height))

    def on_slow_consumer(self) -> None:
        self.events.append("slow consumer")
        super().on_slow_consumer()

    def on_error(self, exc: Exception) -> None:
        self.events.append(("error", str(exc)))

    def on_close(self) -> None:
        self.events.append("close")

    def do_say(self, text: str) -> None:
        self.events.append(text)
        self.send_line(f"You say: {text}")

    def do_count(self, _: str) -> None:
        self.count += 1

    def do_compare(self, _: str) -> None:
        self.events.append(sum(player.count for player in self.met))
        self.send_line("Compared.")

    def do_login(self, _: str) -> None:
        self.echo(False)
        self.prompt("Password: ")

    def do_secret(self, _: str) -> None:
        self.echo(True)
        self.send_line("Right.")

    def do_quit(self, _: str) -> None:
        before = self in self.server.connections
        self.send_line("Goodbye.")
        self.close()
        self.events.append((before, self in self.server.connections))

    def do_leave(self, _: str) -> None:
        self.send_line("last")
        self.close()
        self.send_line("never")
        self.prompt("never")
        self.session.write(b"never")
        self.close()

    def do_vanish(self, _: str) -> None:
        self.close(flush=False)

    def do_big(self, _: str) -> None:
        self.send("x" * BIG)
        self.close()

    def do_spill(self, _: str) -> None:
        for _piece in range(400):
            self.send("x" * 65536)

    def do_crash(self, text: str) -> None:
        raise ValueError(text)

    def do_later(self, _: str) -> None:
        self.call_later(0.02, self.send_line, "later")
        self.call_later(0, self.send_line, "soon")
        self.call_later(0, self.do_crash, "in a timer")
        self.call_later(0.01, self.send_line, "never").cancel()

    def do_thread(self, text: str) -> None:
        Thread(target=self.call_from_thread, args=(self.send_line, f"{text} from a thread")).start()

    def do_wait(self, _: str) -> None:
        self.pause()
        self.call_later(0.1, self.do_go_on)

    def do_go_on(self) -> None:
        self.events.append("go on")
        self.resume()


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> Iterator[Shell]:
    Player.met.clear()
    shell = start_shell(request.param, Player)
    yield shell
    shell.stop()


class Guest(MudHandler):
    """Is greeted in the encoding that the client says it understands."""

    options = (TTYPE,)
    legacy_encoding = "cp437"

    def on_ready(self) -> None:
        self.send_line("caf\u00e9")

    def on_line(self, line: str) -> None:
        self.send_line(f"{self.session.encoding}: {line}")


@pytest.mark.parametrize("name", SHELLS)
@pytest.mark.parametrize(
    ("flags", "text"), [(b"MTTS 9", b"caf\x82\r\ncp437: \x9b\r\n"), (b"MTTS 13", b"caf\xc3\xa9\r\nutf-8: \xc2\xa2\r\n")]
)
def test_text_is_in_the_encoding_that_the_client_says_it_understands(name: str, flags: bytes, text: bytes) -> None:
    shell = start_shell(name, Guest)
    try:
        with shell.connect() as client:
            client.sendall(IAC + WILL + TTYPE.code)
            for told in (b"ZMUD", b"ANSI", flags):
                receive_until(client, subnegotiation(TTYPE.code, b"\x01"))
                client.sendall(subnegotiation(TTYPE.code, b"\x00" + told))
            client.sendall(b"\x9b\r\n" if flags == b"MTTS 9" else b"\xc2\xa2\r\n")
            assert receive_until(client, text) == text
    finally:
        shell.stop()


def enter(shell: Shell, answers: bytes = REFUSED, greeting: bytes = GREETING, **options: Any) -> Any:
    """A client that has been greeted, and the player that it is to the server."""
    client = shell.connect(**options)
    receive_until(client, OFFERED)
    client.sendall(answers)
    receive_until(client, greeting)
    return client, Player.met[-1]


def say(client: socket.socket, line: bytes, answer: bytes) -> None:
    client.sendall(line + b"\r\n")
    assert receive_until(client, answer) == answer


# The beginning


def test_greeting_follows_the_negotiation(shell: Shell) -> None:
    with shell.connect() as client:
        assert receive_until(client, OFFERED) == OFFERED
        size = IAC + SB + NAWS.code + bytes([0, 100, 0, 30]) + IAC + SE
        client.sendall(IAC + WILL + NAWS.code + size + IAC + DO + EOR.code + IAC + DONT + MCCP2.code)
        assert receive_until(client, IAC + CMD_EOR) == b"Welcome!\r\n> " + IAC + CMD_EOR
        assert Player.met[0].events == ["connect", ("window size", 100, 30), "ready"]


def test_silent_client_is_greeted_in_time(shell: Shell) -> None:
    with shell.connect() as client:
        began = time.monotonic()
        assert receive_until(client, GREETING) == OFFERED + GREETING
        assert time.monotonic() - began >= 0.15
        assert Player.met[0].events == ["connect", "ready"]


def test_first_line_brings_the_greeting_forward(shell: Shell) -> None:
    with shell.connect() as client:
        client.sendall(b"say hello\r\n")
        assert receive_until(client, b"hello\r\n") == OFFERED + GREETING + b"You say: hello\r\n"


def test_handler_stays_what_it_is(shell: Shell) -> None:
    client, player = enter(shell)
    with client:
        assert isinstance(player, Player)
        assert (type(player).__name__, type(player).__module__) == ("Player", __name__)
        assert player.remote_address == client.getsockname()
        assert list(shell.server.connections) == [player]


# Lines and prompts


def test_line_is_answered(shell: Shell) -> None:
    client, _ = enter(shell)
    with client:
        say(client, b"say hello", b"You say: hello\r\n")


def test_line_arrives_byte_by_byte(shell: Shell) -> None:
    client, _ = enter(shell)
    with client:
        for byte in b"say \xc3\xa9\r\n":
            client.sendall(bytes([byte]))
        assert receive_until(client, b"\r\n") == "You say: é\r\n".encode()


def test_many_lines_arrive_in_order(shell: Shell) -> None:
    client, _ = enter(shell)
    with client:
        client.sendall(b"".join(b"say %d\n" % number for number in range(3000)))
        expected = b"".join(b"You say: %d\r\n" % number for number in range(3000))
        assert receive_until(client, b" 2999\r\n") == expected


def test_password_is_hidden_and_shown_again(shell: Shell) -> None:
    client, _ = enter(shell)
    with client:
        say(client, b"login", IAC + WILL + ECHO.code + b"Password: " + IAC + GA)
        client.sendall(IAC + DO + ECHO.code)
        say(client, b"secret", b"\r\n" + IAC + WONT + ECHO.code + b"Right.\r\n")


def test_compressed_stream_is_whole_to_its_end(shell: Shell) -> None:
    client = shell.connect()
    with client:
        receive_until(client, OFFERED)
        client.sendall(IAC + DO + MCCP2.code + b"say hello\r\nquit\r\n")
        received = receive_all(client)
        plain, mark, rest = received.partition(IAC + SB + MCCP2.code + IAC + SE)
        stream = zlib.decompressobj()
        assert (plain, bool(mark)) == (b"", True)
        assert stream.decompress(rest) == GREETING + b"You say: hello\r\nGoodbye.\r\n"
        assert (stream.eof, stream.unused_data) == (True, b"")


# Handlers


def test_exception_costs_one_event_and_not_the_connection(shell: Shell, caplog: pytest.LogCaptureFixture) -> None:
    client, player = enter(shell)
    with client:
        client.sendall(b"crash oops\r\n")
        say(client, b"say hello", b"You say: hello\r\n")
        assert player.events[-2:] == [("error", "oops"), "hello"]
        assert [record.name for record in caplog.records] == ["telnet"]


def test_functions_are_called_later(shell: Shell) -> None:
    client, player = enter(shell)
    with client:
        say(client, b"later", b"soon\r\nlater\r\n")
        assert player.events[-1] == ("error", "in a timer")


def test_thread_comes_back(shell: Shell) -> None:
    client, _ = enter(shell)
    with client:
        say(client, b"thread back", b"back from a thread\r\n")


def test_pause_holds_what_comes_behind_it(shell: Shell) -> None:
    client, player = enter(shell)
    with client:
        say(client, b"wait\r\nsay one\r\nsay two", b"You say: one\r\nYou say: two\r\n")
        assert player.events[-3:] == ["go on", "one", "two"]


def test_flooding_client_keeps_nobody_waiting(shell: Shell) -> None:
    flooder, _ = enter(shell)
    client, player = enter(shell)
    flooder.setblocking(False)

    def send_both() -> None:
        assert flooder.send(b"count\n" * 100_000) > 60_000
        client.sendall(b"compare\n")

    with client, flooder:
        shell.call(send_both)  # between two turns, so that it finds both in the next
        receive_until(client, b"Compared.\r\n")
        assert player.events[-1] <= 3 * player.limits.events


# A peer that does not read


def test_slow_consumer_is_closed(shell: Shell, caplog: pytest.LogCaptureFixture) -> None:
    client, player = enter(shell, receive_buffer=16384)
    with client:
        client.sendall(b"spill\r\n")
        wait_until(lambda: "close" in player.events)
        assert player.events[2:] == ["slow consumer", "close"]
        assert [record.name for record in caplog.records] == ["telnet"]


# The end


def test_close_lets_the_last_output_leave(shell: Shell) -> None:
    client, player = enter(shell, receive_buffer=16384)
    with client:
        client.sendall(b"big\r\n")
        time.sleep(0.05)
        assert len(receive_all(client)) == BIG
        wait_until(lambda: player.events[-1] == "close")


def test_unread_input_does_not_destroy_the_last_output(shell: Shell) -> None:
    client, _ = enter(shell)
    with client:
        client.setblocking(False)
        client.sendall(b"quit\r\n")
        with suppress(BlockingIOError):
            for _ in range(20):
                client.send(bytes(65536))
                time.sleep(0.002)
        client.settimeout(10)
        assert receive_all(client) == b"Goodbye.\r\n"


def test_writing_while_closing_does_nothing(shell: Shell) -> None:
    client, player = enter(shell)
    with client:
        client.sendall(b"leave\r\nsay never\r\n")
        assert receive_all(client) == b"last\r\n"
        wait_until(lambda: player.events[-1] == "close")
        assert player.events == ["connect", "ready", "close"]


def test_who_is_closing_has_left_the_connections(shell: Shell) -> None:
    client, player = enter(shell)
    with client:
        client.sendall(b"quit\r\n")
        receive_all(client)
        assert (True, False) in player.events


def test_close_without_flush_is_the_end_at_once(shell: Shell) -> None:
    client, player = enter(shell)
    with client:
        client.sendall(b"vanish\r\nsay never\r\n")
        with suppress(ConnectionResetError):
            assert receive_all(client) == b""
        wait_until(lambda: player.events[-1] == "close")
        assert player.events == ["connect", "ready", "close"]


def test_half_closed_client_gets_its_answers(shell: Shell) -> None:
    client, player = enter(shell)
    with client:
        client.sendall(b"say one\r\nsay two")
        client.shutdown(socket.SHUT_WR)
        assert receive_all(client) == b"You say: one\r\nYou say: two\r\n"
        wait_until(lambda: player.events[-1] == "close")


def test_half_closed_client_gets_an_answer_that_comes_later(shell: Shell) -> None:
    client, _ = enter(shell)
    with client:
        client.sendall(b"later")
        client.shutdown(socket.SHUT_WR)
        assert receive_until(client, b"soon\r\nlater\r\n")


def test_visitors_that_say_nothing_and_leave_hold_nothing(shell: Shell) -> None:
    for _ in range(50):
        enter(shell)[0].close()
    wait_until(lambda: all("close" in player.events for player in Player.met), patience=3)
    assert len(shell.server.connections) == 0


def test_client_that_goes_closes_its_player_once(shell: Shell) -> None:
    client, player = enter(shell)
    client.close()
    wait_until(lambda: "close" in player.events)
    time.sleep(0.05)
    assert player.events == ["connect", "ready", "close"]
    assert len(shell.server.connections) == 0


def test_closing_the_server_says_goodbye_to_all(shell: Shell) -> None:
    clients = [enter(shell)[0] for _ in range(3)]

    def shut_down() -> None:
        for player in shell.server.connections:
            player.send_line("Shutting down.")
        shell.server.close()

    shell.call(shut_down)
    for client in clients:
        with client:
            assert receive_all(client) == b"Shutting down.\r\n"
    wait_until(lambda: all(player.events[-1] == "close" for player in Player.met))


# What options tell


class Reader(MudHandler):
    """Raises with whatever it is told, and answers when it is told a line."""

    options = (MXP(default="locked"), MSDP(configurable=("PROMPT",)))
    limits = Limits(ready=0.2)
    told: ClassVar[list[Any]] = []

    def on_mxp_reply(self, name: str, arguments: dict[str, str]) -> None:
        self.told.append((name, arguments))
        raise ValueError(arguments)

    def on_msdp(self, name: str, value: Any) -> None:
        self.told.append((name, value))

    def on_line(self, line: str) -> None:
        self.told.append(line)
        self.send_line(self.session[MXP].text("<done>"))


@pytest.mark.parametrize("name", SHELLS)
def test_a_password_in_markup_is_no_line_and_in_no_log(name: str, caplog: pytest.LogCaptureFixture) -> None:
    Reader.told.clear()
    shell = start_shell(name, Reader)
    try:
        with shell.connect() as client, caplog.at_level("DEBUG"):
            offered = IAC + WILL + MXP.code + IAC + WILL + MSDP.code
            receive_until(client, offered)
            client.sendall(IAC + DO + MXP.code + IAC + DO + MSDP.code)
            receive_until(client, IAC + SB + MXP.code + IAC + SE + b"\x1b[7z")
            client.sendall(IAC + SB + MSDP.code + b"x\x01PROMPT\x02\x05\x03\x01A\x02caf\xe9\x04\x06" + IAC + SE)
            client.sendall(b"\x1b[1z<PASSWORD hunter2>\r\n<b>look\r\n")
            receive_until(client, b"<done>\r\n")
    finally:
        shell.stop()

    assert Reader.told == [("PROMPT", [{"A": "caf\xe9"}]), ("PASSWORD", {"password": "hunter2"}), "<b>look"]
    assert "ValueError" in caplog.text and "hunter2" not in caplog.text


# What a class says is checked in the role of its end


WRONG = {
    "options": ({"options": ("x",)}, TypeError, "options must be classes or instances of Option"),
    "the same option twice": ({"options": (NAWS, NAWS())}, ValueError, "option NAWS is given twice"),
    "limits": ({"limits": 5}, TypeError, "limits of Wrong must be a Limits"),
    "an encoding": ({"encoding": "utf-16"}, ValueError, "utf-16"),
    "keepalive": ({"keepalive": 60}, TypeError, "keepalive must be True, False or a Keepalive"),
}


@pytest.mark.parametrize("name", SHELLS)
@pytest.mark.parametrize("option", [MSSP, MSSP()], ids=["the class", "an instance"])
def test_option_without_what_a_server_needs_is_right_for_a_client_and_wrong_for_a_server(
    name: str, option: Any
) -> None:
    class Crawler(Player):
        options: ClassVar[Any] = (option,)

        def on_mssp(self, variables: dict[str, list[str]]) -> None:
            self.events.append(variables)

    class Told(Player):
        options: ClassVar[Any] = (MSSP({"NAME": "A", "PLAYERS": 1, "UPTIME": 2}),)

    for serve in (MudServer, aio_serve):
        with pytest.raises(ValueError, match="MSSP requires the variables NAME, PLAYERS, UPTIME"):
            serve(Crawler)
    Player.met.clear()
    shell = start_shell(name, Told)
    try:
        with dialing(name, Crawler, shell.address):
            wait_until(lambda: any({"NAME": ["A"]}.items() <= each.items() for each in told()))
    finally:
        shell.stop()


def told() -> list[dict[str, Any]]:
    return [event for player in Player.met for event in player.events if isinstance(event, dict)]


def aio_serve(handler: Any, **settings: Any) -> None:
    async def main() -> None:
        await aio.serve(handler, "127.0.0.1", 0, **settings)

    asyncio.run(main())


def aio_connect(handler: Any) -> None:
    async def main() -> None:
        await aio.connect("127.0.0.1", 1, connection=handler)

    asyncio.run(main())


@pytest.mark.parametrize(("members", "error", "text"), WRONG.values(), ids=WRONG)
def test_what_no_connection_can_begin_with_is_an_error_at_the_call_in_both_roles(
    members: dict[str, Any], error: type[Exception], text: str
) -> None:
    handler: Any = type("Wrong", (MudHandler,), members)
    with Engine() as engine:
        for call in (
            lambda: MudServer(handler, engine=engine),
            lambda: MudConnection.running(handler)(engine=engine).connect(("127.0.0.1", 1)),
            lambda: aio_serve(handler),
            lambda: aio_connect(handler),
        ):
            with pytest.raises(error, match=text):
                call()
