"""ATCP: messages of a name, an argument and a body (Achaea Telnet Client Protocol)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from telnet import constants
from telnet.negotiation import Side
from telnet.options.markers import utf8
from telnet.options.option import END_OF_STRING, Option, Role, check_text

__all__ = ["ATCP", "decode_atcp", "encode_atcp"]

# "under 2048 bytes": what servers have room for.
_ROOM: Final = 2048


def encode_atcp(name: str, argument: str = "", body: str = "", *, encoding: str = "utf-8") -> bytes:
    """Return the payload of a message: ``name argument``, and on the lines after it the body.

    What the encoding lacks becomes ``?``.  Raises ``ValueError`` for a name that is not one word, or an argument of
    more than one line.
    """
    for noun, text in (("the name", name), ("the argument", argument), ("the body", body)):
        check_text(f"{noun} of a message", text)
    if name.split() != [name]:
        raise ValueError(f"the name of a message is one word, not {name!r}")
    if "\n" in argument:
        raise ValueError(f"the argument of a message is one line, not {argument!r}; the body may have several")
    first = f"{name} {argument}" if argument else name
    return (f"{first}\n{body}" if body else first).encode(encoding, "replace")


def decode_atcp(data: bytes, *, text: Callable[[bytes], str] = utf8) -> tuple[str, str, str]:
    """Return the name, the argument and the body of a message.

    :param data: the payload.
    :param text: reads the bytes; UTF-8 without it, where those that are not are replaced.
    :raises ValueError: if it has no name.

    The NUL that programs in C send after a text is left out.
    """
    first, _, body = text(data.rstrip(END_OF_STRING)).partition("\n")
    name, _, argument = first.removesuffix("\r").partition(" ")
    if not name:
        raise ValueError("a message without a name")
    return name, argument, body


class ATCP(Option):
    """Messages in both directions; GMCP has taken its place.

    Both: ``on_atcp(name, argument, body)`` is called for each message, :meth:`send_message` sends one.

    Server: the name and version in the client's ``hello`` are in ``client`` too; its body says line by line what it can
    do.

    Client: ``ATCP("Lantern 2.1", "auth 1", "composer 1")`` says hello with this, ``ATCP()`` does not.

    Text is in the encoding of the session, both ways, and is read as lines are.

    Raises ``ValueError`` for a hello that is too long.  Source: the ATCP documentation of Iron Realms.
    """

    code = constants.ATCP
    performer = Role.SERVER

    def __init__(self, program: str = "", *abilities: str) -> None:
        self._hello = ("hello", program, "\n".join(abilities)) if program else None
        if self._hello is not None:
            _checked(encode_atcp(*self._hello))

    def accepts(self, side: Side) -> bool:
        return True  # the documentation has the server say DO, most say WILL

    def on_enabled(self, side: Side) -> None:
        if self._hello is not None and not self.is_server and not (self.local and self.remote):
            self.send(encode_atcp(*self._hello, encoding=self.session.encoding))

    def on_subnegotiation(self, data: bytes) -> None:
        try:
            name, argument, body = decode_atcp(data, text=self.session.decode)
        except ValueError as error:
            return self.report(str(error), data)
        if self.is_server and name.lower() == "hello":
            self._learn(argument)
        self.emit("on_atcp", name, argument, body)

    def _learn(self, program: str) -> None:
        name, _, version = program.strip().rpartition(" ")
        if name:
            self.client.learn(name=name, version=version)
        elif version:
            self.client.learn(name=version)

    def send_message(self, name: str, argument: str = "", body: str = "") -> bool:
        r"""Send a message; return False, with nothing sent, while ATCP is off.  Lines of the body end with ``\n``.

        Raises ``ValueError`` for what :func:`encode_atcp` does, and for 2048 bytes or more to a server.
        """
        data = encode_atcp(name, argument, body, encoding=self.session.encoding)
        if not self.is_server:
            _checked(data)
        if self.enabled:
            self.send(data)
        return self.enabled


def _checked(data: bytes) -> bytes:
    if len(data) >= _ROOM:
        raise ValueError(f"a message to a server is under {_ROOM} bytes, not {len(data)}: {data[:32]!r}...")
    return data
