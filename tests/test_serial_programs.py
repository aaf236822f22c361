"""Programs that use serial ports over Telnet, as people install them: pyserial, kermit and ser2net."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from call_support import Run, calling
from client_support import PATIENCE, SEARCH_PATH, Client, miss, required_program
from ports import is_taken, unused_port
from shell_support import SHELLS, start_shell, wait_until

from telnet import MudHandler, escape
from telnet.options import BINARY, COM_PORT_OPTION, SGA
from telnet.options.com_port import Command, Control, DataSize, LineState, ModemState, Parity, Purge, StopSize

pytestmark = [
    pytest.mark.slow,
    pytest.mark.once,
    pytest.mark.timeout(180),
    pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning"),  # pyserial 3.5
    pytest.mark.skipif(sys.platform != "linux", reason="the programs are driven as Debian packages them"),
]

KERMIT = Client("ckermit", "kermit")
SER2NET = Client("ser2net", "ser2net")

ALL_BYTES = bytes(range(256))
READY = ModemState.CTS | ModemState.DSR | ModemState.CD


class Port(MudHandler):
    """A serial port whose plug sends everything back, and what its client did with it."""

    options = (BINARY, SGA, COM_PORT_OPTION(signature="bench 3"))

    def on_connect(self) -> None:
        self.told: list[tuple[Command, int | str]] = []
        self.faults: list[str] = []
        self.session[BINARY].offer()
        self.session[BINARY].request()
        self.session.raw = True
        self.ports.append(self)

    def on_com_port(self, command: Command, value: int | str) -> None:
        self.told.append((command, value))
        if command is Command.SET_BAUDRATE and value == 300:
            self.session[COM_PORT_OPTION].grant(command, 1200)

    def on_data(self, data: bytes) -> None:
        self.session.write(escape(data))

    def on_protocol_error(self, reason: str, data: bytes) -> None:
        self.faults.append(reason)

    def on_error(self, exc: Exception) -> None:
        self.faults.append(repr(exc))

    ports: list[Any]


class Served:
    """A shell that serves ports, the first of them, and what was told to it since this was last asked."""

    def __init__(self, shell: str, port: type[Port]) -> None:
        self.ports: list[Any] = []
        self.shell = start_shell(shell, type(port.__name__, (port,), {"ports": self.ports}))
        self.address = self.shell.address[:2]
        self._seen = 0

    @property
    def port(self) -> Any:
        wait_until(lambda: self.ports)
        return self.ports[0]

    def told(self) -> list[tuple[Command, int | str]]:
        news = self.port.told[self._seen :]
        self._seen += len(news)
        return news  # type: ignore[no-any-return]

    def call(self, function: Callable[[Any], object]) -> None:
        """Have the option of the first port called in the shell's thread."""
        self.shell.call(lambda: function(self.port.session[COM_PORT_OPTION]))


@contextmanager
def serving(shell: str, port: type[Port] = Port) -> Iterator[Served]:
    """Serve ports; at the end nothing may have been wrong with what the program sent."""
    served = Served(shell, port)
    try:
        yield served
        assert [each.faults for each in served.ports] == [[]] * len(served.ports)
    finally:
        served.shell.stop()


# pyserial, whose rfc2217:// most programs in Python use


def pyserial() -> Any:
    try:
        return import_module("serial")
    except ImportError:
        miss("pyserial", "python3-serial")


def url_of(served: Served) -> str:
    host, port = served.address
    return f"rfc2217://{host}:{port}?timeout={PATIENCE}"


@contextmanager
def opened(served: Served, **settings: Any) -> Iterator[Any]:
    """The port as pyserial has opened it; a command that is not answered raises."""
    port: Any = pyserial().serial_for_url(url_of(served), timeout=PATIENCE, **settings)
    try:
        yield port
    finally:
        port.close()


@pytest.mark.parametrize("shell", SHELLS)
def test_pyserial_opens_a_port_and_reads_its_lines(shell: str) -> None:
    with serving(shell) as served, opened(served, baudrate=115200, bytesize=7, parity="E", stopbits=2) as port:
        assert (port.cts, port.dsr, port.ri, port.cd) == (True, True, False, True)
        assert served.told() == [
            (Command.SET_BAUDRATE, 115200),
            (Command.SET_DATASIZE, DataSize.SEVEN),
            (Command.SET_PARITY, Parity.EVEN),
            (Command.SET_STOPSIZE, StopSize.TWO),
            (Command.SET_CONTROL, Control.NO_FLOW),
            (Command.SET_CONTROL, Control.DTR_ON),
            (Command.SET_CONTROL, Control.RTS_ON),
            (Command.PURGE_DATA, Purge.RECEIVED),
            (Command.PURGE_DATA, Purge.UNSENT),
        ]


SETTERS: list[tuple[str, Any, Command, int]] = [
    ("baudrate", 57600, Command.SET_BAUDRATE, 57600),
    ("baudrate", 4000000, Command.SET_BAUDRATE, 4000000),
    ("bytesize", 5, Command.SET_DATASIZE, DataSize.FIVE),
    ("parity", "O", Command.SET_PARITY, Parity.ODD),
    ("parity", "M", Command.SET_PARITY, Parity.MARK),
    ("parity", "S", Command.SET_PARITY, Parity.SPACE),
    ("stopbits", 1.5, Command.SET_STOPSIZE, StopSize.ONE_AND_A_HALF),
    ("xonxoff", True, Command.SET_CONTROL, Control.XON_XOFF_FLOW),
    ("xonxoff", False, Command.SET_CONTROL, Control.NO_FLOW),
    ("rtscts", True, Command.SET_CONTROL, Control.HARDWARE_FLOW),
    ("rtscts", False, Command.SET_CONTROL, Control.NO_FLOW),
    ("dsrdtr", True, Command.SET_CONTROL, Control.NO_FLOW),
    ("break_condition", True, Command.SET_CONTROL, Control.BREAK_ON),
    ("break_condition", False, Command.SET_CONTROL, Control.BREAK_OFF),
    ("rts", False, Command.SET_CONTROL, Control.RTS_OFF),
    ("rts", True, Command.SET_CONTROL, Control.RTS_ON),
    ("dtr", False, Command.SET_CONTROL, Control.DTR_OFF),
    ("dtr", True, Command.SET_CONTROL, Control.DTR_ON),
]


@pytest.mark.parametrize("shell", SHELLS)
def test_every_setter_of_pyserial_is_answered(shell: str) -> None:
    with serving(shell) as served, opened(served) as port:
        for name, value, command, meaning in SETTERS:
            served.told()
            setattr(port, name, value)

            assert getattr(port, name) == value
            assert (command, meaning) in served.told()

        served.told()
        port.send_break(duration=0.001)
        assert served.told() == [
            (Command.SET_CONTROL, Control.BREAK_ON),
            (Command.SET_CONTROL, Control.BREAK_OFF),
        ]


@pytest.mark.parametrize("shell", SHELLS)
def test_pyserial_gets_every_byte_back(shell: str) -> None:
    data = ALL_BYTES * 8 + b"\xff" * 9 + b"\r\n\r\0\r"
    with serving(shell) as served, opened(served) as port:
        port.write(data)

        assert port.read(len(data)) == data


class SendingPort(Port):
    """A port that sends a file to whoever writes to it."""

    file: Path

    def on_data(self, data: bytes) -> None:
        with self.file.open("rb") as file:
            self.send_file(file)


@pytest.mark.parametrize("shell", SHELLS)
def test_pyserial_gets_a_file_of_any_bytes_whole(shell: str, tmp_path: Path) -> None:
    data = (ALL_BYTES + b"\xff" * 64 + b"\r\n\r\0\r") * 512
    (tmp_path / "file").write_bytes(data)
    sending = type("SendingPort", (SendingPort,), {"file": tmp_path / "file"})
    with serving(shell, sending) as served, opened(served) as port:
        port.write(b"send")

        assert port.read(len(data)) == data


@pytest.mark.parametrize("shell", SHELLS)
def test_pyserial_empties_both_buffers(shell: str) -> None:
    with serving(shell) as served, opened(served) as port:
        port.write(ALL_BYTES)
        wait_until(lambda: port.in_waiting == len(ALL_BYTES))
        served.told()

        port.reset_input_buffer()
        port.reset_output_buffer()

        assert served.told() == [(Command.PURGE_DATA, Purge.RECEIVED), (Command.PURGE_DATA, Purge.UNSENT)]
        assert port.in_waiting == 0
        port.timeout = 0.01
        assert port.read() == b""


@pytest.mark.parametrize("shell", SHELLS)
def test_pyserial_follows_the_lines_of_the_modem(shell: str) -> None:
    with serving(shell) as served, opened(served) as port:
        served.call(lambda option: option.notify_modem(ModemState.RI | ModemState.DSR))
        wait_until(lambda: port.ri)
        assert (port.cts, port.dsr, port.cd) == (False, True, False)

        served.call(lambda option: option.notify_modem(ModemState(0)))
        wait_until(lambda: not port.ri)
        assert not (port.cts or port.dsr or port.cd)


def test_pyserial_may_ask_for_the_lines_instead() -> None:
    with serving("selectors") as served:
        with pyserial().serial_for_url(f"{url_of(served)}&poll_modem") as port:
            served.call(lambda option: option.grant(Command.NOTIFY_MODEMSTATE, ModemState.CTS))
            wait_until(lambda: not port.cd)

            assert port.cts


def test_pyserial_is_told_that_it_did_not_get_what_it_wanted() -> None:
    with serving("selectors") as served, opened(served) as port, pytest.raises(ValueError, match="rejected"):
        port.baudrate = 300


# pyserial's server, for a client of ours


class Terminal(MudHandler):
    """A client, and what it heard of the port."""

    options = (BINARY, SGA, COM_PORT_OPTION(signature="terminal"))

    def on_connect(self) -> None:
        self.told: list[tuple[Command, int | str]] = []
        self.received = b""
        self.session[BINARY].offer()
        self.session[BINARY].request()
        self.session.raw = True

    def on_com_port(self, command: Command, value: int | str) -> None:
        self.told.append((command, value))

    def on_data(self, data: bytes) -> None:
        self.received += data


class Caller:
    """A client of ours in a shell of its own."""

    def __init__(self, terminal: Any, run: Run) -> None:
        self.terminal = terminal
        self.run = run

    def ask(self, command: Command, value: int | str, answer: int | str | None = None) -> None:
        """Say a command, and wait for the answer: the same value unless another is given."""
        before = len(self.terminal.told)
        option = self.run(lambda: self.terminal.session[COM_PORT_OPTION])
        assert self.run(lambda: option.send_command(command, value))
        wait_until(lambda: (command, value if answer is None else answer) in self.terminal.told[before:])

    def hear(self, command: Command) -> None:
        """Wait for what the server says without being asked."""
        wait_until(lambda: command in dict(self.terminal.told))

    def write(self, data: bytes) -> None:
        self.run(lambda: self.terminal.session.write(escape(data)))


@contextmanager
def using(shell: str, port: int) -> Iterator[Caller]:
    """Call a server, and wait until it has agreed to the options of a port."""
    with calling(shell, Terminal, port) as (terminal, run):
        session = terminal.session
        wait_until(lambda: session[COM_PORT_OPTION].local and session[BINARY].local and session[BINARY].remote)
        yield Caller(terminal, run)


@contextmanager
def pyserial_server() -> Iterator[int]:
    """Serve a port whose plug sends everything back, as pyserial's example does; give the TCP port."""
    loop_port: Any = pyserial().serial_for_url("loop://", timeout=0)
    manager_class: Any = import_module("serial.rfc2217").PortManager

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            manager = manager_class(loop_port, Wire(connection))
            while received := connection.recv(4096):
                for byte in manager.filter(received):
                    loop_port.write(byte)
                if waiting := loop_port.in_waiting:
                    connection.sendall(b"".join(manager.escape(loop_port.read(waiting))))

    with socket.create_server(("127.0.0.1", 0)) as listener, loop_port:
        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(PATIENCE)


class Wire:
    """What pyserial's server writes to."""

    def __init__(self, connection: socket.socket) -> None:
        self.write = connection.sendall


@pytest.mark.parametrize("shell", SHELLS)
def test_client_sets_up_and_uses_a_port_of_pyserial(shell: str) -> None:
    with pyserial_server() as port, using(shell, port) as caller:
        caller.hear(Command.NOTIFY_MODEMSTATE)
        caller.ask(Command.SET_BAUDRATE, 57600)
        caller.ask(Command.SET_BAUDRATE, 0, 57600)
        caller.ask(Command.SET_DATASIZE, DataSize.SEVEN)
        caller.ask(Command.SET_PARITY, Parity.MARK)
        caller.ask(Command.SET_STOPSIZE, StopSize.ONE_AND_A_HALF)
        for control in (Control.XON_XOFF_FLOW, Control.NO_FLOW, Control.BREAK_ON, Control.BREAK_OFF, Control.DTR_OFF):
            caller.ask(Command.SET_CONTROL, control)
        caller.ask(Command.NOTIFY_LINESTATE, 0, LineState(0))
        caller.ask(Command.PURGE_DATA, Purge.BOTH)

        caller.write(ALL_BYTES)
        wait_until(lambda: caller.terminal.received == ALL_BYTES)


# ser2net, which serves a terminal of this machine


@contextmanager
def ser2net(folder: Path, connector: str) -> Iterator[int]:
    """Have ser2net serve what it is told to connect to; give its TCP port."""
    program = required_program(SER2NET)
    port = unused_port()
    configuration = folder / "ser2net.yaml"
    configuration.write_text(
        "%YAML 1.1\n---\n"
        "connection: &bench\n"
        f"  accepter: telnet(rfc2217),tcp,127.0.0.1,{port}\n"
        f"  connector: {connector}\n"
    )
    command = [program, "-n", "-u", "-c", str(configuration), "-P", str(folder / "pid")]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            wait_until(lambda: is_taken(port), PATIENCE)
            yield port
        finally:
            process.kill()


@contextmanager
def pseudo_terminal() -> Iterator[tuple[str, int]]:
    """A serial port of this machine; give its name, and the descriptor of its plug."""
    tty = import_module("tty")  # not on Windows
    plug, terminal = os.openpty()
    tty.setraw(terminal)
    try:
        yield os.ttyname(terminal), plug
    finally:
        os.close(terminal)
        os.close(plug)


def read_exactly(descriptor: int, size: int) -> bytes:
    received = b""
    while len(received) < size:
        received += os.read(descriptor, size)
    return received


@pytest.mark.parametrize("shell", SHELLS)
def test_client_sets_up_and_uses_a_port_of_ser2net(shell: str, tmp_path: Path) -> None:
    with (
        pseudo_terminal() as (name, plug),
        ser2net(tmp_path, f"serialdev,{name},9600n81,local") as port,
        using(shell, port) as caller,
    ):
        caller.hear(Command.NOTIFY_MODEMSTATE)
        caller.ask(Command.SIGNATURE, "", "ser2net")
        caller.ask(Command.SET_BAUDRATE, 0, 9600)
        caller.ask(Command.SET_BAUDRATE, 19200)
        caller.ask(Command.SET_DATASIZE, DataSize.SEVEN)
        caller.ask(Command.SET_PARITY, Parity.EVEN)
        caller.ask(Command.SET_STOPSIZE, StopSize.TWO)
        caller.ask(Command.SET_CONTROL, Control.XON_XOFF_FLOW)
        caller.ask(Command.SET_CONTROL, Control.ASK_FLOW, Control.XON_XOFF_FLOW)
        caller.ask(Command.PURGE_DATA, Purge.BOTH)
        caller.ask(Command.SET_CONTROL, Control.NO_FLOW)
        caller.ask(Command.SET_PARITY, Parity.NONE)
        caller.ask(Command.SET_DATASIZE, DataSize.EIGHT)

        caller.write(ALL_BYTES)
        assert read_exactly(plug, len(ALL_BYTES)) == ALL_BYTES
        os.write(plug, ALL_BYTES)
        wait_until(lambda: caller.terminal.received == ALL_BYTES)


@pytest.mark.parametrize("shell", SHELLS)
def test_ser2net_passes_on_to_a_port_of_ours_what_a_client_of_ours_wants(shell: str, tmp_path: Path) -> None:
    with (
        serving(shell) as served,
        ser2net(tmp_path, "telnet(rfc2217),tcp,{},{}".format(*served.address)) as port,
        using(shell, port) as caller,
    ):
        wait_until(lambda: (Command.NOTIFY_MODEMSTATE, READY) in caller.terminal.told)
        caller.ask(Command.SET_BAUDRATE, 19200)
        caller.ask(Command.SET_BAUDRATE, 300, 1200)
        caller.ask(Command.SET_DATASIZE, DataSize.FIVE)
        caller.ask(Command.SET_PARITY, Parity.SPACE)
        caller.ask(Command.SET_STOPSIZE, StopSize.TWO)
        caller.ask(Command.SET_CONTROL, Control.HARDWARE_FLOW)
        caller.ask(Command.SET_CONTROL, Control.DTR_OFF)
        caller.ask(Command.SET_CONTROL, Control.RTS_OFF)
        # Of a state it passes on what has changed, and the lines with that.
        served.call(lambda option: option.notify_modem(ModemState.CTS | ModemState.CD_CHANGED))
        wait_until(lambda: (Command.NOTIFY_MODEMSTATE, ModemState.CTS | ModemState.CD_CHANGED) in caller.terminal.told)

        caller.write(ALL_BYTES)
        wait_until(lambda: caller.terminal.received == ALL_BYTES)


# kermit


def run_kermit(folder: Path, *commands: str) -> str:
    """Run a script of kermit that ends well; return what it has shown."""
    program = required_program(KERMIT)
    script = folder / "script.ksc"
    script.write_text("\n".join((*commands, "exit 0", "")))
    environment = {"PATH": SEARCH_PATH, "HOME": str(folder), "TERM": "xterm", "LANG": "C.UTF-8"}
    ran = subprocess.run(
        [program, str(script), "-Y", "-H"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        cwd=folder,
        env=environment,
    )
    assert (ran.returncode, ran.stderr) == (0, ""), ran.stdout
    return ran.stdout


def connecting(served: Served) -> tuple[str, ...]:
    return (
        "set telopt com-port required",
        "set carrier-watch on",
        "set host {} {} /telnet".format(*served.address),
        "if fail exit 1 no connection",
    )


@pytest.mark.parametrize("shell", SHELLS)
def test_kermit_detects_the_carrier_and_sets_up_the_port(shell: str, tmp_path: Path) -> None:
    with serving(shell) as served:
        shown = run_kermit(
            tmp_path,
            *connecting(served),
            "set speed 57600",
            "set parity even",
            "set stop-bits 2",
            "set flow xon/xoff",
            "show communications",
            "set parity none",
            "lineout hello",
            "input 10 hello",
            "if fail exit 2 no echo",
        )

        lines = {tuple(part.strip() for part in line.split(":")) for line in shown.splitlines()}
        assert lines >= {("Signature", "bench 3"), ("Speed", "57600"), ("Parity", "even"), ("Stop Bits", "2")}
        assert {("CTS Signal On",), ("DSR Signal On",), ("RLSD (CD) Signal On",)} <= lines
        assert {
            (Command.SET_BAUDRATE, 57600),
            (Command.SET_PARITY, Parity.EVEN),
            (Command.SET_DATASIZE, DataSize.SEVEN),
            (Command.SET_STOPSIZE, StopSize.TWO),
            (Command.SET_CONTROL, Control.XON_XOFF_FLOW),
        } <= set(served.told())


class DeadPort(Port):
    options = (BINARY, SGA, COM_PORT_OPTION(modem=ModemState(0)))


def test_kermit_misses_a_carrier_that_is_not_there(tmp_path: Path) -> None:
    with serving("selectors", DeadPort) as served:
        shown = run_kermit(tmp_path, *connecting(served), "lineout hello", "if success exit 3 sent")

        assert "is not open or not functioning" in shown


@contextmanager
def receiving_kermit(folder: Path) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """Have a kermit wait for a file in a terminal of its own; give the other end of that, and its process."""
    command = ["setsid", "--ctty", required_program(KERMIT), "-Y", "-i", "-r"]
    environment = {"PATH": SEARCH_PATH, "HOME": str(folder), "TERM": "xterm"}
    tty = import_module("tty")  # not on Windows
    master, terminal = os.openpty()
    tty.setraw(terminal)
    with subprocess.Popen(
        command, stdin=terminal, stdout=terminal, stderr=terminal, cwd=folder, env=environment
    ) as process:
        os.close(terminal)
        try:
            yield master, process
        finally:
            process.kill()
            os.close(master)


class PlugPort(Port):
    """A port with something at its plug."""

    plug: int

    def on_data(self, data: bytes) -> None:
        os.write(self.plug, data)


def carry(plug: int, served: Served) -> None:
    """Carry what comes from the plug of the first port to the client, until the other end of the plug is gone."""
    session = served.port.session
    while data := read_or_end(plug):
        served.shell.call(lambda data=data: session.write(escape(data)))  # type: ignore[misc]


def read_or_end(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 4096)
    except OSError:  # how the end of a pseudo-terminal reads
        return b""


@pytest.mark.parametrize("shell", SHELLS)
def test_kermit_sends_a_file_of_all_bytes_to_another_at_the_plug(shell: str, tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    (here / "data.bin").write_bytes(ALL_BYTES * 32)
    with receiving_kermit(there) as (plug, receiver):
        with serving(shell, type("WiredPort", (PlugPort,), {"plug": plug})) as served:
            carrier = threading.Thread(target=carry, args=(plug, served))
            carrier.start()
            sending = ("set file type binary", "set transfer display none", "send data.bin", "if fail exit 2 not sent")
            run_kermit(here, *connecting(served), *sending)
            receiver.wait(PATIENCE)
            carrier.join(PATIENCE)

    assert (there / "data.bin").read_bytes() == ALL_BYTES * 32
