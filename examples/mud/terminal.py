"""The end of a connection where somebody sits: lines that are typed, one at a time, and a screen.

It knows nothing of a game, and nothing of sockets: it runs on selectors and on asyncio alike.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from time import monotonic
from typing import Any, TypeVar

from telnet import MudHandler
from telnet.options import ECHO, MXP

from .allowance import Allowance
from .screen import Piece, Screen, Speech
from .settings import Settings

AT_ONCE = 10  # lines that are read at once, and again each second
LONG = 5.0  # seconds for a thread to do something

Result = TypeVar("Result")


class Terminal(MudHandler):
    """Asks a question, hands the next line to whoever wants the answer, and shows text at any time in between."""

    settings: Settings

    _reader: Callable[[str], None] | None
    """Who wants the next line."""

    _kept_back: list[str] | None
    """What is to be shown later; None while all is shown at once."""

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

    def tell_below(self, text: str) -> None:
        """Show a paragraph below what was typed last.  Where that was hidden, its Enter was not shown either."""
        if self.session[ECHO].local:
            self.send_line()
        self.tell(text)

    def show(self, view: str) -> None:
        """Show what was made for this screen; a question that is not answered yet is asked again below it."""
        if self._kept_back is not None:
            self._kept_back.append(view)
        elif self._asking:
            self.send_line(f"\n{view}")
            self._prompt()
        else:
            self.send_line(view)

    def keep_back(self) -> None:
        """Show nothing until :meth:`show_all`."""
        self._kept_back = []

    def show_all(self) -> None:
        """Show what was kept back."""
        views, self._kept_back = self._kept_back, None
        for view in views or ():
            self.show(view)

    def ask(self, question: str, reader: Callable[[str], None]) -> None:
        """Ask for a line, and give it to a function."""
        self._question = question
        self._reader = reader
        self._asking = True
        self._prompt()
        if self._says_no_more:
            self.call_later(0.0, self.read_on)

    def _prompt(self) -> None:
        self.prompt(self._mxp.text(self._question) if self._mxp else self._question)

    def hear(self, speech: Speech) -> None:
        """Show what somebody says to many."""
        self.show(speech.on(self.screen))

    def hang_up(self, reason: str) -> None:
        """Say why, and close."""
        self.show_all()
        if self._asking:
            self.send_line()
        self._asking = False
        self.tell(reason)
        self.close()

    # Reading

    def now(self) -> float:
        """The time in seconds, of a steady clock."""
        return monotonic()

    def on_connect(self) -> None:
        self.settings = Settings()
        self._question = ""
        self._asking = False
        self._kept_back = None
        self._reader = None
        self._typed: deque[str] = deque()  # one line, as a rule: no more is read until somebody wants it
        self._allowance = Allowance(AT_ONCE, AT_ONCE)
        self._held_back = False
        self._told_off = False
        self._says_no_more = False
        self._gone = False

    def on_line(self, line: str) -> None:
        self._asking = False
        self._typed.append(line)
        self.read_on()

    def on_line_overflow(self, excerpt: bytes) -> None:
        self.tell("That line was too long.")
        self.spend()
        self._hold_back_if_too_fast()
        self.read_on()

    def on_input_end(self) -> None:
        """A client that has said all may still wait for the answer: it is closed when it has that."""
        self._says_no_more = True
        self.read_on()

    def on_close(self) -> None:
        self._gone = True

    @property
    def gone(self) -> bool:
        """Whether nobody is there any more, or will not be in a moment."""
        return self._gone or self.session.closed

    def spend(self, lines: float = 1.0) -> None:
        """Count what has cost the others as much as so many lines."""
        self._allowance.spend(self.now(), lines)

    def read_on(self) -> None:
        """Hand out what was typed, when somebody wants it and the allowance has it; until then, read nothing more.

        So TCP slows the client down.  What was typed is not lost, and does not pile up here.
        """
        while self._typed and self._reader and not self.gone:
            self._hold_back_if_too_fast()
            if self._held_back:
                break
            self._hand_out(self._reader)
        if not self.gone:
            self._take_more()

    def _hand_out(self, reader: Callable[[str], None]) -> None:
        self._told_off = self._told_off and self._allowance.spent(self.now()) > AT_ONCE / 2
        self.spend()
        self._reader = None
        self._asking = False
        self._carry_on(reader, self._typed.popleft())

    def _take_more(self) -> None:
        if self._typed or self._held_back:
            self.pause()
        elif self.session.paused:
            self.resume()
        elif self._says_no_more and self._reader:
            self.close()

    def _hold_back_if_too_fast(self) -> None:
        wait = self._allowance.wait(self.now())
        if not wait or self._held_back:
            return
        self._held_back = True
        self.call_later(wait, self._let_go_on)
        if not self._told_off:
            self._told_off = True
            self.tell_below("You are talking too fast. What else you have typed is read in a moment.")

    def _let_go_on(self) -> None:
        self._held_back = False
        if not self.gone:
            self.read_on()

    def _carry_on(self, function: Callable[..., None], *arguments: Any) -> None:
        """Call what asks the next question.  If it fails before that, nobody would ever be heard again."""
        try:
            function(*arguments)
        except Exception:
            if self._reader is None:
                self.hang_up("Something has gone wrong here. Please come again.")
            raise

    # Waiting for threads

    def wait_for(
        self, work: Future[Result], then: Callable[[Result], None], otherwise: Callable[[BaseException], None]
    ) -> None:
        """Go on with the result when a thread has it, or with what went wrong; lines wait until then."""
        self.when_done(work, lambda: self._take_result(work, then, otherwise))
        self.call_later(LONG, self._ask_for_patience, work)

    def _ask_for_patience(self, work: Future[Any]) -> None:
        if not (work.done() or self.gone):
            self.tell_below("This takes longer than it should. Please wait.")

    def when_done(self, work: Future[Any], function: Callable[[], None]) -> None:
        """Call a function in the thread of the game when something is done."""

        def come_back(_: object) -> None:
            with suppress(RuntimeError):  # the game is over
                self.call_from_thread(function)

        work.add_done_callback(come_back)

    def _take_result(
        self, work: Future[Result], then: Callable[[Result], None], otherwise: Callable[[BaseException], None]
    ) -> None:
        if self.gone:
            return
        error = work.exception()
        try:
            self._carry_on(then, work.result()) if error is None else self._carry_on(otherwise, error)
        finally:
            self.read_on()
