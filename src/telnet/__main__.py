"""Entry point of ``python -m telnet``."""

from telnet.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
