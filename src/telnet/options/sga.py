"""SGA: no GA behind what is sent (RFC 858)."""

from __future__ import annotations

from telnet import constants
from telnet.options.option import Option

__all__ = ["SGA"]


class SGA(Option):
    """Suppresses GA, each direction for itself; :meth:`~telnet.session.Session.prompt` takes notice.

    ``offer()`` and ``request()`` turn it on; the peer's wish is granted.  A game of lines should not list it unless its
    prompts end in EOR: GA is what tells many clients that a line is a prompt, SGA together with ECHO is what tells them
    to send each key by itself, and PuTTY asks for it at once.

    Source: RFC 858.
    """

    code = constants.SGA
