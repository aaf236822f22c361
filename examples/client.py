"""A client: sends one line and prints what the server says for a second. ``python client.py localhost 4000 Hello``."""

from __future__ import annotations

import sys

from telnet import DO, DONT, WILL, WONT, Engine, StreamConnectError, TelnetConnection, escape, negotiate


class Client(TelnetConnection):
    """Refuses every option, as RFC 854 asks of those who know none."""

    line = b""

    def on_connect(self) -> None:
        self.write(escape(self.line) + b"\r\n")
        self.engine.defer(1.0, self.close)

    def on_option(self, command: bytes, option: bytes) -> None:
        if command in (DO, WILL):
            self.write(negotiate(WONT if command == DO else DONT, option))

    def on_read(self, data: bytes) -> None:
        print(data.decode("utf-8", "replace"), end="", flush=True)

    def on_connect_error(self, exc: StreamConnectError) -> None:
        print(f"no connection: {exc.strerror}", file=sys.stderr)

    def on_close(self) -> None:
        self.engine.stop()


def main(host: str = "localhost", port: str = "4001", line: str = "Hello") -> None:
    client = Client()
    client.line = line.encode()
    client.connect((host, int(port)))
    Engine.instance().start()


if __name__ == "__main__":
    main(*sys.argv[1:4])
