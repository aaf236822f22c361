"""A talker, where people meet and talk: run ``python -m telnet demo``, then ``telnet localhost 4000`` twice."""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import signal
import textwrap
from collections.abc import Callable, Iterator

from telnet import Engine, TelnetConnection, TelnetServer, escape, negotiate
from telnet.constants import AYT, CMD_EOR, DO, ECHO, EOR, GA, IAC, NAWS, SGA, WILL, WONT

HELP = "Type to talk. /who lists people, /tell NAME TEXT whispers, /quit leaves."
secrets: dict[str, tuple[bytes, bytes]] = {}  # salt and hash of each name's secret word


def hashed(word: str, salt: bytes) -> bytes:
    return hashlib.scrypt(word.encode(), salt=salt, n=1 << 12, r=8, p=1)


def printable(line: bytes) -> str:
    """What was typed, as text: no control characters, so that nobody can disturb another's screen."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f]", "", line.decode("utf-8", "replace")).strip()


class Guest(TelnetConnection):
    """One person: first asked for a name, then for its secret word, then in the talker."""

    name = ""
    width = 80
    prompts_by_eor = False
    state: Callable[[str], None]

    def on_connect(self) -> None:
        self.read_delimiter = re.compile(rb"\r\n|\r\x00|\n|\r(?=[^\n\x00])")
        self.write(negotiate(DO, NAWS) + negotiate(WILL, EOR))
        self.say("Welcome to the talker!")
        self.ask("Name: ", self.on_name)

    def on_read(self, data: bytes) -> None:
        self.state(printable(data))

    def on_command(self, command: bytes) -> None:
        if command == AYT:
            self.say("[Yes]")

    def on_option(self, command: bytes, option: bytes) -> None:
        if option == EOR and command == DO:
            self.prompts_by_eor = True
        elif command == DO and option not in (ECHO, EOR, SGA):
            self.write(negotiate(WONT, option))

    def on_subnegotiation(self, option: bytes, data: bytes) -> None:
        if option == NAWS and len(data) == 4:
            self.width = int.from_bytes(data[:2], "big") or 80

    def on_close(self) -> None:
        if self.name:
            self.tell_others(f"{self.name} leaves.")

    def say(self, text: str) -> None:
        for line in textwrap.wrap(text, max(self.width, 20)):
            self.write(escape(line.encode()) + b"\r\n")

    def ask(self, prompt: str, state: Callable[[str], None]) -> None:
        self.state = state
        self.write(prompt.encode() + IAC + (CMD_EOR if self.prompts_by_eor else GA))

    def tell_others(self, text: str) -> None:
        for guest in self.present():
            if guest is not self:
                guest.say(text)

    def present(self) -> Iterator[Guest]:
        assert self.server is not None
        return (guest for guest in self.server.connections if isinstance(guest, Guest) and guest.name)

    def on_name(self, name: str) -> None:
        if not re.fullmatch("[A-Za-z]{2,16}", name):
            self.say("A name is 2 to 16 letters.")
            return self.ask("Name: ", self.on_name)
        self.write(negotiate(WILL, ECHO))  # so the client shows nothing of the secret
        self.ask("Secret word: ", lambda word: self.on_secret(name.capitalize(), word))

    def on_secret(self, name: str, word: str) -> None:
        self.write(negotiate(WONT, ECHO) + b"\r\n")
        salt, secret = secrets.get(name) or (os.urandom(16), b"")
        if secret and hashed(word, salt) != secret:
            self.say("That is not the word this name was first used with.")
        elif any(guest.name == name for guest in self.present()):
            self.say(f"{name} is here already.")
        else:
            secrets[name] = salt, hashed(word, salt)
            if len(secrets) > 10_000:
                del secrets[next(iter(secrets))]
            self.name = name
            self.say(f"Hello, {name}! {HELP}")
            self.tell_others(f"{name} joins.")
            return self.ask("> ", self.on_talk)
        self.ask("Name: ", self.on_name)

    def on_talk(self, line: str) -> None:
        verb, _, rest = line.partition(" ")
        if verb == "/quit":
            self.say("Goodbye.")
            return self.close()
        if verb == "/who":
            self.say("Here: " + ", ".join(sorted(guest.name for guest in self.present())))
        elif verb == "/tell":
            self.whisper(*rest.partition(" ")[::2])
        elif verb.startswith("/"):
            self.say(HELP)
        elif line:
            self.say(f"You say: {line}")
            self.tell_others(f"{self.name} says: {line}")
        self.ask("> ", self.on_talk)

    def whisper(self, name: str, text: str) -> None:
        for guest in self.present():
            if guest.name == name.capitalize() and text:
                guest.say(f"{self.name} tells you: {text}")
                return self.say(f"You tell {guest.name}: {text}")
        self.say("Nobody of that name is here." if text else HELP)


def main(argv: list[str] | None = None) -> None:
    arguments = argparse.ArgumentParser(prog="telnet demo", description="a small talker")
    arguments.add_argument("--host", default="127.0.0.1")
    arguments.add_argument("--port", type=int, default=4000)
    options = arguments.parse_args(argv)
    engine = Engine.instance()
    server = TelnetServer(Guest).listen((options.host, options.port))

    def stop() -> None:
        server.close()
        engine.stop()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: engine.call_from_thread(stop))
    print(f"talker listening on {options.host} port {server.local_address[1]}", flush=True)
    engine.start()


if __name__ == "__main__":
    main()
