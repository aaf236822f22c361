"""``python -m telnet demo``: the MUD of the examples, to connect a client to."""

from __future__ import annotations

import argparse
import importlib
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 4000  # what MUDs have used since the first DikuMUD
SHELLS = ("selectors", "asyncio")


def add_command(commands: Commands) -> None:
    """Add ``demo`` to the commands of the command line."""
    command = commands.add_parser("demo", help="run a small MUD to try a client on", description=__doc__)
    command.add_argument("--host", default=DEFAULT_HOST, help="name or address to listen on (%(default)s)")
    command.add_argument("--port", default=DEFAULT_PORT, type=port, help="TCP port, 0 for any free one (%(default)s)")
    command.add_argument(
        "--database", metavar="FILE", help="where characters are kept, ':memory:' for nowhere (a file of this user's)"
    )
    command.add_argument("--shell", choices=SHELLS, default=SHELLS[0], help="what it runs on (%(default)s)")
    command.set_defaults(run=run)


def port(text: str) -> int:
    """Return the port number in *text*."""
    try:
        number = int(text)
    except ValueError:
        number = -1
    if not 0 <= number <= 65535:
        raise argparse.ArgumentTypeError(f"port must be a number from 0 to 65535, not {text!r}")
    return number


def run(arguments: argparse.Namespace) -> int:
    """Serve until Ctrl-C, which is how a MUD ends and no failure."""
    try:
        # The examples are mapped into the package when it is built: they are not there for a reader of the source tree.
        mud = importlib.import_module("telnet.examples.mud.main")
    except ImportError as error:
        print(f"telnet: this Python lacks what the demo needs: {error}", file=sys.stderr)  # SQLite, in most cases
        return 1
    try:
        mud.serve(arguments.host, arguments.port, arguments.database, arguments.shell)
    except mud.CannotServe as error:
        print(f"telnet: {error}", file=sys.stderr)
        return 1
    return 0
