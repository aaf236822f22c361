"""The end of a connection where somebody sits: lines that are typed, one at a time, and a screen.

It knows nothing of a game, and nothing of sockets: it runs on selectors and on asyncio alike.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from telnet import MudHandler
from telnet.options import MXP

from .screen import Piece, Screen, Speech
from .settings import Settings

AT_ONCE = 10  # lines that are read within a second; more of them wait
MOST_WAITING = 100  # lines; nobody types so many, and they take memory

Result = TypeVar("Result")


class Terminal(MudHandler):
    """Asks a question, hands the next line to whoever wants the answer, and shows text at any time in between."""

    settings: Settings

    _reader: Callable[[str], None] | None
    """Who wants the next line."""

    # Showing

    @property
    def screen(self) -> Screen:
        """What the client can show, as it says itself unless its user has decided otherwise."""
        client, settings = self.client, self.settings
        reader = settings.reader if settings.reader is not None else client.screen_reader
        colours = 0 if reader else client.colours
        return Screen(
            width=settings.width or max(client.width - 1, 20),  # many clients break a line that fills the last column
            colours=settings.colours if settings.colours is not None else colours,
            unicode=settings.unicode if settings.unicode is not None else client.utf8,
            reader=reader,
            mxp=self._mxp,
        )

    @property
    def _mxp(self) -> MXP | None:
        """What makes links, and makes text harmless; None while the client does not speak it."""
        mxp = self.session.get(MXP)
        return mxp if mxp and mxp.enabled else None

    def tell(self, *pieces: str | Piece) -> None:
        """Show a paragraph."""
        self.show(self.screen.paragraph(*pieces))

    def show(self, view: str) -> None:
        """Show what was made for this screen; a question that is not answered yet is asked again below it."""
        if not self._asking:
            return self.send_line(view)
        self.send_line(f"\n{view}")
        self._prompt()

    def ask(self, question: str, reader: Callable[[str], None]) -> None:
        """Ask for a line, and give it to a function."""
        self._question = question
        self._reader = reader
        self._asking = True
        self._prompt()

    def _prompt(self) -> None:
        self.prompt(self._mxp.text(self._question) if self._mxp else self._question)

    def hear(self, speech: Speech) -> None:
        """Show what somebody says to many."""
        self.show(speech.on(self.screen))

    def hang_up(self, reason: str) -> None:
        """Say why, and close."""
        if self._asking:
            self.send_line()
        self._asking = False
        self.tell(reason)
        self.close()

    # Reading

    def on_connect(self) -> None:
        self.settings = Settings()
        self._question = ""
        self._asking = False
        self._reader = None
        self._typed: deque[str] = deque()
        self._left = AT_ONCE
        self._gone = False

    def on_line(self, line: str) -> None:
        self._asking = False
        if len(self._typed) >= MOST_WAITING:
            return self.hang_up("Nobody types as fast as that. Goodbye.")
        self._typed.append(line)
        self._read()

    def on_line_overflow(self, excerpt: bytes) -> None:
        self.tell("That line was too long.")

    def on_close(self) -> None:
        self._gone = True

    @property
    def gone(self) -> bool:
        """Whether nobody is there any more, or will not be in a moment."""
        return self._gone or self.session.closed

    def _read(self) -> None:
        """Hand out what was typed, as far as somebody waits for it, and not too much of it at once."""
        while self._typed and self._left and self._reader and not self.gone:
            if self._left == AT_ONCE:
                self.call_later(1.0, self._rested)
            self._left -= 1
            reader, self._reader = self._reader, None
            reader(self._typed.popleft())

    def _rested(self) -> None:
        self._left = AT_ONCE
        self._read()

    def wait_for(self, work: Future[Result], then: Callable[[Result], None]) -> None:
        """Go on with the result when a thread has it; lines wait until then."""
        work.add_done_callback(lambda done: self.call_from_thread(self._take_result, done, then))

    def _take_result(self, work: Future[Result], then: Callable[[Result], None]) -> None:
        if not self.gone:
            then(work.result())
            self._read()
