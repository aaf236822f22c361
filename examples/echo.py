"""An echo server: what a client sends comes back, line by line. Run it, then ``telnet localhost 4001``."""

from __future__ import annotations

import sys

from telnet import Engine, TelnetConnection, TelnetServer, escape


class Echo(TelnetConnection):
    """Sends every line back."""

    def on_connect(self) -> None:
        self.read_delimiter = b"\r\n"

    def on_read(self, data: bytes) -> None:
        self.write(escape(data) + b"\r\n")


def main(port: int = 4001) -> None:
    server = TelnetServer(Echo).listen(("127.0.0.1", port))
    print(f"echo listening on 127.0.0.1 port {server.local_address[1]}", flush=True)
    Engine.instance().start()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
