"""What the parser should do, byte by byte: a model for the tests, written to be read and checked by eye.

It has the whole input at hand, so there are no states and no chunks, and an input that ends inside a sequence is an
``IndexError``. It shares nothing with the parser but the names of the events.
"""

from __future__ import annotations

from collections.abc import Callable

from telnet.events import Command, Data, Event, Option, ProtocolError, Subnegotiation

SE, SB, WILL, DONT, IAC = 240, 250, 251, 254, 255

NO_OPTION = "subnegotiation without an option"
INTERRUPTED = "subnegotiation interrupted by a command"
TOO_LONG = "subnegotiation longer than max_subnegotiation"


def read(data: bytes, limit: int = 65536) -> list[tuple[Event, int]]:
    """Return the events in ``data``, each with the number of bytes that are consumed when it is reported."""
    log: list[tuple[Event, int]] = []
    try:
        _Reader(data, limit, lambda event, consumed: log.append((event, consumed))).read()
    except IndexError:
        pass
    return log


class _Reader:
    def __init__(self, data: bytes, limit: int, report: Callable[[Event, int], None]) -> None:
        self.data = data
        self.limit = limit
        self.report = report
        self.pos = 0

    def at(self, offset: int) -> int:
        return self.data[self.pos + offset]

    def byte(self, offset: int) -> bytes:
        return bytes([self.at(offset)])

    def read(self) -> None:
        while self.pos < len(self.data):
            self.read_data()
            self.read_sequence()

    def read_data(self) -> None:
        run = b""
        try:
            while self.at(0) != IAC or self.at(1) == IAC:
                run += self.byte(0)
                self.pos += 2 if self.at(0) == IAC else 1
        except IndexError:
            pass  # the end, or a lone IAC there: the run before it is reported all the same
        if run:
            self.report(Data(run), self.pos)

    def read_sequence(self) -> None:
        """IAC, and what is behind it, is next."""
        if WILL <= self.at(1) <= DONT:
            self.pos += 3
            self.report(Option(self.byte(-2), self.byte(-1)), self.pos)
        elif self.at(1) == SB:
            self.pos += 2
            self.read_subnegotiation()
        else:
            self.pos += 2
            self.report(Command(self.byte(-1)), self.pos)

    def read_subnegotiation(self) -> None:
        """The option is next."""
        if self.at(0) == IAC and self.at(1) == SE:
            self.pos += 2
            self.report(ProtocolError(NO_OPTION, b""), self.pos)
        elif self.at(0) == IAC and self.at(1) != IAC:
            self.interrupt(b"", reported=False)
        else:
            option = self.byte(0)
            self.pos += 2 if self.at(0) == IAC else 1
            self.read_payload(option)

    def read_payload(self, option: bytes) -> None:
        payload = b""
        too_long = False
        while self.at(0) != IAC or self.at(1) == IAC:
            byte = self.byte(0)
            self.pos += 2 if self.at(0) == IAC else 1
            if len(payload) < self.limit:
                payload += byte
            elif not too_long:
                too_long = True
                self.report(ProtocolError(TOO_LONG, (option + payload)[:64]), self.pos)
        if self.at(1) != SE:
            self.interrupt((option + payload)[:64], reported=too_long)
            return
        self.pos += 2
        if not too_long:
            self.report(Subnegotiation(option, payload), self.pos)

    def interrupt(self, excerpt: bytes, *, reported: bool) -> None:
        """IAC x is next: the error comes with the IAC consumed and x not, then the two are a sequence of their own."""
        if not reported:
            self.report(ProtocolError(INTERRUPTED, excerpt), self.pos + 1)
        self.read_sequence()
