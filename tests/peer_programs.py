"""Programs of other libraries.  Each runs in a process of its own, talks with a session of ours, and prints what it
learnt as JSON; a server first prints its port."""

from __future__ import annotations

import asyncio
import json
import sys
from importlib import import_module
from typing import Any

from telnetlib3 import create_server, open_connection
from twisted.conch.telnet import TelnetProtocol

HOST = "127.0.0.1"
PATIENCE = 30.0  # seconds

IS, SEND = b"\x00", b"\x01"
BINARY, ECHO, SGA, TTYPE, NAWS, GMCP = (bytes((number,)) for number in (0, 1, 3, 24, 31, 201))


def say(value: object) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


# telnetlib3


async def telnetlib3_client(port: int) -> dict[str, Any]:
    reader: Any
    writer: Any
    reader, writer = await open_connection(HOST, port, term="xterm-256color", cols=100, rows=30)
    messages: list[Any] = []
    writer.set_ext_callback(GMCP, lambda package, value: messages.append([package, value]))
    shown = await read_to(reader, "> ")
    writer.write("vitals\r\n")
    shown += await read_to(reader, "> ")
    writer.write("say héllo ☃\r\n")
    shown += await read_to(reader, "> ")
    writer.write("login\r\n")
    shown += await read_to(reader, "Secret: ")
    hidden = writer.will_echo
    writer.write("sesame\r\n")
    shown += await read_to(reader, "> ")
    echoing = [hidden, writer.will_echo]
    writer.write("quit\r\n")
    shown += await read_to(reader, "Goodbye.")
    return {"shown": shown, "hidden": echoing, "messages": messages, **telnetlib3_options(writer)}


async def telnetlib3_server(_: int) -> dict[str, Any]:
    served: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()

    async def shell(reader: Any, writer: Any) -> None:
        writer.write("Welcome!\r\n")
        line = await read_to(reader, "\n")
        writer.write(f"You said: {line}")
        await writer.drain()
        told = {name: writer.get_extra_info(name) for name in ("TERM", "cols", "rows", "charset", "LANG", "USER")}
        served.set_result({"line": line, **told, **telnetlib3_options(writer)})
        writer.close()

    server: Any = await create_server(HOST, 0, shell=shell, compression=True, connect_maxwait=1.0)
    say(server.sockets[0].getsockname()[1])
    result = await served
    server.close()
    return result


async def read_to(reader: Any, end: str) -> str:
    text = ""
    while end not in text:
        received = await reader.read(1024)
        assert received, f"the end came before {end!r}, after {text!r}"
        text += received
    return text


def telnetlib3_options(writer: Any) -> dict[str, Any]:
    return {
        "ours": sorted(option[0] for option, on in writer.local_option.items() if on),
        "theirs": sorted(option[0] for option, on in writer.remote_option.items() if on),
        "compressed": writer.mccp2_active,
    }


# Twisted's conch


class TwistedClient(TelnetProtocol):
    transport: Any

    def __init__(self) -> None:
        self.shown = b""
        self.hidden: list[bool] = []
        self.to_say = [b"say h\xc3\xa9llo \xe2\x98\x83\n", b"login\n", b"sesame\n", b"quit\n"]

    def connectionMade(self) -> None:
        self.transport.negotiationMap[TTYPE] = self.tell_terminal

    def enableLocal(self, option: bytes) -> bool:
        if option == NAWS:
            self.transport.requestNegotiation(NAWS, b"\x00\x64\x00\x1e")
        return option in (BINARY, SGA, TTYPE, NAWS)

    def enableRemote(self, option: bytes) -> bool:
        if option == ECHO:
            self.hidden.append(True)
        return option in (BINARY, ECHO, SGA)

    def disableRemote(self, option: bytes) -> None:
        if option == ECHO:
            self.hidden.append(False)

    def tell_terminal(self, data: list[bytes]) -> None:
        assert b"".join(data) == SEND
        self.transport.requestNegotiation(TTYPE, IS + b"XTERM-256COLOR")

    def dataReceived(self, data: bytes) -> None:
        self.shown += data
        if self.shown.endswith((b"> ", b"Secret: ")):
            self.transport.write(self.to_say.pop(0))

    def connectionLost(self, reason: Any = None) -> None:
        say({"shown": self.shown.decode(), "hidden": self.hidden, **twisted_options(self.transport)})


class TwistedServer(TelnetProtocol):
    transport: Any

    def __init__(self) -> None:
        self.heard = b""
        self.told: dict[str, str] = {}

    def connectionMade(self) -> None:
        transport = self.transport
        transport.negotiationMap.update({NAWS: self.learn_size, TTYPE: self.learn_terminal})
        for option in (ECHO, SGA):
            transport.will(option)
        transport.will(BINARY).addCallback(lambda _: transport.do(BINARY))  # both at once is AlreadyNegotiating
        transport.do(NAWS)
        transport.do(TTYPE).addCallback(lambda _: transport.requestNegotiation(TTYPE, SEND))
        transport.write(b"Welcome!\n")

    def enableLocal(self, option: bytes) -> bool:
        return option in (BINARY, ECHO, SGA)

    def enableRemote(self, option: bytes) -> bool:
        return option in (BINARY, NAWS, TTYPE)

    def learn_size(self, data: list[bytes]) -> None:
        self.told["size"] = b"".join(data).hex()

    def learn_terminal(self, data: list[bytes]) -> None:
        self.told["terminal"] = b"".join(data).decode()

    def dataReceived(self, data: bytes) -> None:
        self.heard += data
        if self.heard.endswith(b"\n"):
            self.transport.write(b"You said: " + self.heard)
            self.transport.loseConnection()

    def connectionLost(self, reason: Any = None) -> None:
        say({"heard": self.heard.decode(), **self.told, **twisted_options(self.transport)})


def twisted_options(transport: Any) -> dict[str, Any]:
    options = transport.options.items()
    return {
        "ours": sorted(option[0] for option, state in options if state.us.state == "yes"),
        "theirs": sorted(option[0] for option, state in options if state.him.state == "yes"),
    }


def twisted_client(port: int) -> None:
    endpoints: Any = import_module("twisted.internet.endpoints")
    run_twisted(TwistedClient, lambda reactor: endpoints.TCP4ClientEndpoint(reactor, HOST, port).connect)


def twisted_server(_: int) -> None:
    endpoints: Any = import_module("twisted.internet.endpoints")

    def listen(reactor: Any) -> Any:
        return lambda factory: (
            endpoints.TCP4ServerEndpoint(reactor, 0, interface=HOST)
            .listen(factory)
            .addCallback(lambda port: say(port.getHost().port))
        )

    run_twisted(TwistedServer, listen)


def run_twisted(program: type[TelnetProtocol], connect: Any) -> None:
    """Run the reactor until the one connection of a program is over."""
    reactor: Any = import_module("twisted.internet.reactor")
    telnet: Any = import_module("twisted.conch.telnet")
    protocol: Any = import_module("twisted.internet.protocol")

    class Transport(telnet.TelnetTransport):  # type: ignore[misc]
        def connectionLost(self, reason: Any) -> None:
            super().connectionLost(reason)
            reactor.stop()

    factory = protocol.Factory()
    factory.protocol = lambda: Transport(program)
    connect(reactor)(factory)
    reactor.callLater(PATIENCE, reactor.stop)
    reactor.run()


PROGRAMS = {program.__name__: program for program in (twisted_client, twisted_server)}
COROUTINES = {program.__name__: program for program in (telnetlib3_client, telnetlib3_server)}

if __name__ == "__main__":
    name, port = sys.argv[1], int(sys.argv[2])
    if name in PROGRAMS:
        PROGRAMS[name](port)
    else:
        say(asyncio.run(asyncio.wait_for(COROUTINES[name](port), PATIENCE)))
