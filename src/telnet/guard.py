"""Calling what a program wrote: what that raises costs it this one event, and nobody else anything."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cached_property, partial
from inspect import isasyncgenfunction, iscoroutinefunction
from typing import Any

from telnet.log_share import LogShare

__all__ = ["Guard", "check_is_called"]


class Guard:
    """Base of what has handlers that a program overrides: streams, servers, and those of a MUD.

    :raises TypeError: when a subclass is made whose ``on_...`` method is a coroutine function: nobody would await it.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name in dir(cls):
            if name.startswith("on_") and _is_async(getattr(cls, name)):
                raise TypeError(
                    f"{cls.__name__}.{name} must be an ordinary method, not a coroutine function, which nobody would "
                    "await: have it start a task, or give a coroutine function to telnet.aio.serve"
                )

    def on_error(self, exc: Exception) -> None:
        """Called when a handler raised ``exc``, which has been logged; everything goes on."""

    def _call(self, handler: Callable[..., Any], *args: Any) -> None:
        try:
            handler(*args)
        except Exception as exc:
            self._report(exc)

    def _guarded(self, function: Callable[..., Any]) -> Callable[..., None]:
        """Return what calls a function as :meth:`_call` does, for a timer.  ``TypeError`` if it is none."""
        return partial(self._call, check_is_called(function))

    def _report(self, exc: Exception) -> None:
        self._log(logging.ERROR, "exception in a handler", exc)
        try:
            self.on_error(exc)
        except Exception as again:
            self._log(logging.ERROR, "exception in on_error", again)

    # What is logged

    def _log(self, level: int, text: str, exc: BaseException | None = None) -> None:
        """Log a line that names this object and an address, as far as its share of the log goes."""
        self._log_share.log(self._time(), level, f"{self._described()}: {text}", exc, private=self._hides_text)

    def _log_end(self) -> None:
        """Log how many lines were left out, when this is over."""
        if "_log_share" in vars(self):
            self._log_share.end(self._time(), self._described())

    @cached_property
    def _log_share(self) -> LogShare:
        return LogShare(whole=self._log_share_of_server())

    def _log_share_of_server(self) -> LogShare | None:
        """The share of the log that all connections of a server have together."""
        return None

    def _described(self) -> str:
        """What this is and whose, as the log has it."""
        return type(self).__name__

    def _time(self) -> float:
        """The time in seconds, of a steady clock; a shell has one."""
        return 0.0

    @property
    def _hides_text(self) -> bool:
        """Whether what the peer sends now may be a secret, so that no text of it is to be logged."""
        return False


def check_is_called(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that is to be called later.

    :raises TypeError: if it cannot be called, or is a coroutine function, which nobody would await.
    """
    if not callable(function):
        raise TypeError(f"there has to be a function to call later, not {type(function).__name__}")
    if _is_async(function):
        name = getattr(function, "__qualname__", repr(function))
        raise TypeError(
            f"what is called later must be an ordinary function, not the coroutine function {name}, which nobody would "
            "await: start a task with it"
        )
    return function


def _is_async(function: object) -> bool:
    return iscoroutinefunction(function) or isasyncgenfunction(function)
