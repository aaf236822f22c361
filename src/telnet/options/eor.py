"""EOR: a mark behind each prompt (RFC 885)."""

from __future__ import annotations

from telnet import constants
from telnet.options.option import Option, Role

__all__ = ["EOR"]


class EOR(Option):
    """The server may end a record with IAC EOR; on a MUD a record is a prompt.

    Server: :meth:`~telnet.session.Session.prompt` uses it as soon as it is on.  Client: ``on_prompt(text)`` is called
    for the mark.

    Source: RFC 885.
    """

    code = constants.EOR
    performer = Role.SERVER
