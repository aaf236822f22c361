"""Calling what a program wrote: what that raises costs it this one event, and nobody else anything."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

__all__ = ["Guard"]

logger = logging.getLogger("telnet")


class Guard:
    """Base of what has handlers that a program overrides."""

    def on_error(self, exc: Exception) -> None:
        """A handler raised ``exc``, which has been logged; everything goes on.  Placeholder."""

    def _call(self, handler: Callable[..., Any], *args: Any) -> None:
        try:
            handler(*args)
        except Exception as exc:
            self._report(exc)

    def _guarded(self, function: Callable[..., Any]) -> Callable[..., None]:
        """Return what calls a function as :meth:`_call` does, for a timer.  ``TypeError`` if it is none."""
        if not callable(function):
            raise TypeError(f"there has to be a function to call later, not {type(function).__name__}")
        return partial(self._call, function)

    def _report(self, exc: Exception) -> None:
        logger.error("exception in a handler of %r", self, exc_info=exc)
        try:
            self.on_error(exc)
        except Exception:
            logger.exception("exception in on_error of %r", self)
