"""The command line: ``python -m telnet``.

There is no console script, and there will be none called ``telnet``: that name belongs to the client that every
system has.
"""

from __future__ import annotations

import argparse
import platform
import shlex
import sys
from collections.abc import Sequence

from telnet.cli import demo
from telnet.parser import IMPLEMENTATION
from telnet.version import __version__

__all__ = ["main"]

COMMANDS = ("demo",)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    :param argv: arguments without the program's name; those of the process when None
    :returns: the exit status: 0 on success, 1 when the command failed (one line on standard error says why),
        2 when no command was named
    :raises SystemExit: for ``--help`` and ``--version`` (status 0) and for arguments that make no sense (status 2)
    """
    parser = build_parser()
    _check_command(parser, sys.argv[1:] if argv is None else argv)
    arguments = parser.parse_args(argv)
    if arguments.run is None:
        parser.print_help(sys.stderr)
        return 2
    status: int = arguments.run(arguments)
    return status


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line; each command adds itself to it."""
    parser = argparse.ArgumentParser(prog="python -m telnet", description="Telnet for high-throughput MUD servers.")
    parser.add_argument("--version", action="version", version=describe_version())
    parser.set_defaults(run=None)
    commands = parser.add_subparsers(title="commands", metavar="command")
    demo.add_command(commands)
    return parser


def _check_command(parser: argparse.ArgumentParser, argv: Sequence[str]) -> None:
    """End with an error that helps who takes this for a Telnet client: ``python -m telnet localhost 23``."""
    first = next(iter(argv), "-")
    if not first.startswith("-") and first not in COMMANDS:
        parser.error(
            f"there is no command {first!r}, only {', '.join(COMMANDS)}; this is not a Telnet client: to connect, use "
            f"your system's, as in `telnet {shlex.join(argv)}`"
        )


def describe_version() -> str:
    """Return one line that belongs into every bug report, such as ``telnet 0.1.0 (cython) on CPython 3.11.7``."""
    return f"telnet {__version__} ({IMPLEMENTATION}) on {platform.python_implementation()} {platform.python_version()}"
