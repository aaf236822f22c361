"""EOR: the end of a record, or of a prompt (RFC 885)."""

from __future__ import annotations

from telnet import constants
from telnet.encode import escape
from telnet.options.option import Option

__all__ = ["EOR"]

_MARK = constants.IAC + constants.CMD_EOR


class EOR(Option):
    """IAC EOR ends a record, each direction independently; on a MUD the server's records are its prompts.

    Server: offers it. :meth:`~telnet.session.Session.prompt` uses it as soon as it is on.  Client: ``on_prompt(text)``
    is called for the mark.

    Both: ``request()`` asks the peer to end its records too, as terminals of the IBM 3270 and 5250 families do, and the
    peer's wish is granted.  ``on_command(CMD_EOR)`` is called for each mark. With
    :attr:`~telnet.session.Session.raw` set, a record is what ``on_data`` was given since the last mark.
    :meth:`send_record` sends one.

    Source: RFC 885.
    """

    code = constants.EOR

    def open(self) -> None:
        if self.is_server:
            self.offer()

    def send_record(self, data: bytes) -> bool:
        """Send a record: data, in which 255 is doubled here, and its mark. Return whether it was sent.

        It is not sent until the peer has agreed to our marks. Its bytes pass unchanged while we send BINARY.

        :param data: the record, of any length.
        """
        if self.local:
            self.session.write(escape(data) + _MARK)
        return self.local
