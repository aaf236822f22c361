"""GMCP: messages of the game and the client besides the text, each a name and a value in JSON."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol, runtime_checkable

from telnet import constants
from telnet.negotiation import Side
from telnet.options import gmcp_login
from telnet.options.gmcp_codec import ABSENT, Unparsed, decode_message, encode_message
from telnet.options.gmcp_supports import Supports
from telnet.options.option import Option, Role

__all__ = ["GMCP", "ReceivesVariables"]

# The first two belong to GMCP itself, and Mudlet acts on the others without listing them.
_NEVER_LISTED: Final = re.compile(r"core(\..*)?|msdp|client\.(gui|map)")

_LONGEST_NAME: Final = 64


@runtime_checkable
class ReceivesVariables(Protocol):
    """What MSDP is, for MSDP over GMCP."""

    def receive_variables(self, variables: Mapping[str, Any], send: Callable[[Mapping[str, Any]], bool]) -> None:
        """Take variables, or commands, that came as a JSON object; ``send`` is how the answers go back."""


class GMCP(Option):
    """Messages that the user does not see: the game's data to the client, and what a client asks for.

    Both: :meth:`send_message` sends one.  Each that comes is told as ``on_gmcp(package, value)``, with its name as the
    peer wrote it, in whatever case, and the value read from JSON; None stands for ``null`` and for no value at all, and
    text that is not JSON comes as :class:`~telnet.options.gmcp_codec.Unparsed`.  A message named exactly ``MSDP`` goes
    to the option MSDP instead, if that is spoken and the value is an object.  Messages of Char.Login that may hold a
    password or a token have events of their own, and reach nothing else.

    Server: what the client is goes to ``client.name`` and ``client.version`` (Core.Hello), Core.Ping is answered, and
    ``on_gmcp_supports()`` is called each time the client has said which packages it takes: :meth:`supports` tells, and
    :meth:`send_message` sends no others.

    Client: ``GMCP("Name", "1.0", {"Char": 1, "Room": 1})`` says so at once when the option is on.

    For logins and their events see :mod:`telnet.options.gmcp_login`, for sounds and what clients install
    :mod:`telnet.options.gmcp_client`.

    :param client: the name of a client; without one it does not say what it is.
    :param version: its version.
    :param supports: the packages that a client takes, each with the version that it knows; without them it does not
        say, and is sent everything by many games.
    :param events: names of messages, in any case, and methods of the program's handler that are called with the value
        of such a message, before ``on_gmcp``: ``{"Char.Items.Inv": "on_inventory"}``.
    :param unlisted: whether a server sends also what the client has not listed.
    :param token_storage: for a client, whether it keeps the login tokens that it is given, as :attr:`login` has it from
        the start.
    :raises ValueError: for names that are none, versions below 1, and an event for a message that has one of its own;
        ``TypeError`` for a client that is no string.

    Sources: the GMCP page, the pages on GMCP of mudstandards.org.
    """

    code = constants.GMCP
    performer = Role.SERVER

    login: gmcp_login.Login
    """What both ends have said about logging in: the version, and whether the client keeps tokens."""

    def __init__(
        self,
        client: str = "",
        version: str = "",
        supports: Mapping[str, int] | None = None,
        *,
        events: Mapping[str, str] | None = None,
        unlisted: bool = False,
        token_storage: bool | None = None,
    ) -> None:
        if not (isinstance(client, str) and isinstance(version, str)):
            raise TypeError(f"the name of a client and its version are strings, not {client!r} and {version!r}")
        self._hello = {"client": client, "version": version} if client else None
        self._own = [_entry(package, number) for package, number in (supports or {}).items()]
        self._events = {_may_tell(package): _method(event) for package, event in (events or {}).items()}
        self._unlisted = unlisted
        self._token_storage = gmcp_login.checked_storage(token_storage)
        listed = {package.lower(): number for package, number in (supports or {}).items()}
        self._login_version = min(gmcp_login.NEWEST, listed.get(gmcp_login.PACKAGE, gmcp_login.NEWEST))

    def setup(self) -> None:
        self._supports = Supports(self.session.limits.variables)
        self.login = gmcp_login.Login(self._token_storage, self._login_version)

    def on_enabled(self, side: Side) -> None:
        if side is Side.LOCAL:
            return
        if self._hello:
            self.send_message("Core.Hello", self._hello)
        if self._own:
            self.send_message("Core.Supports.Set", self._own)

    def on_disabled(self, side: Side) -> None:
        # After a copyover the client is asked, and says, everything anew.
        self._supports = Supports(self.session.limits.variables)
        self.login.forget_offer()

    # Sending

    def send_message(self, package: str, value: Any = ABSENT) -> bool:
        """Send a message; return whether that was done: not while the option is off, nor what the client does not take.

        Until a client has said what it takes, everything is sent, and so it is with ``unlisted``.

        :param package: the name of the message with that of its package before it, such as ``Char.Vitals``.
        :param value: anything that JSON can say; None is ``null``, and left out, the message is its name alone.
            :class:`~telnet.options.gmcp_codec.Unparsed` text is sent as it is, and need not be JSON.
        :raises TypeError, ValueError: for another name, and for a value that JSON cannot say.
        """
        message = encode_message(package, value)
        if not (self.enabled and self._may_send(package.lower())):
            return False
        self.send(message)
        return True

    def _may_send(self, name: str) -> bool:
        if not self.is_server or self._unlisted or not self._supports.declared:
            return True
        return _NEVER_LISTED.fullmatch(name) is not None or self._supports.version(name) > 0

    def ping(self, milliseconds: float | None = None) -> bool:
        """Client: ask for a Core.Ping, which comes as ``on_gmcp``; return whether that was sent.

        :param milliseconds: how long the answers took to come until now, if that is known.
        :raises RuntimeError: for a server, which answers and does not ask.
        """
        if self.is_server:
            raise RuntimeError("the client asks for a Core.Ping, the server answers")
        return self.send_message("Core.Ping", ABSENT if milliseconds is None else milliseconds)

    def goodbye(self, reason: str = "") -> bool:
        """Server: say that the connection will be closed, and perhaps why; return whether that was sent."""
        return self.send_message("Core.Goodbye", reason or ABSENT)

    # What the client takes

    def supports(self, package: str) -> int:
        """Server: return which version of a package the client takes; 0 if it does not, or has not said.

        One that is listed covers those below it: a client with ``Char 1`` takes ``Char.Vitals``, in version 1.
        """
        return self._supports.version(package)

    @property
    def listed(self) -> Mapping[str, int]:
        """Server: exactly what the client has listed: the packages, in lower case, and their versions."""
        return self._supports.versions

    # Receiving

    def on_subnegotiation(self, data: bytes) -> None:
        limits = self.session.limits
        try:
            package, value = decode_message(
                data, max_nesting=limits.nesting, max_values=limits.values, decode=self._decode
            )
        except ValueError as exc:
            return self.report(str(exc), data)
        if value is ABSENT:
            value = None
        if package == "MSDP" and self._passed_to_msdp(value):  # as its page has it, "case sensitive"
            return
        name = package.lower()
        if wrong := self._take_note(name, value):
            self.report(wrong, data)
        if not gmcp_login.is_private(name, value):
            self._tell(package, value)

    def _decode(self, data: bytes) -> str:
        try:
            return data.decode()  # RFC 8259 section 8.1
        except UnicodeDecodeError:
            return self.session.decode(data)  # as the text of a game or a client that is older than UTF-8

    def _take_note(self, name: str, value: Any) -> str:
        """Do what is to be done about a message, by its name in lower case; return what is wrong with it."""
        if isinstance(value, Unparsed) and gmcp_login.is_login(name):
            return "the value is not JSON"
        if handler := _HANDLERS[self.session.role].get(name):
            return handler(self, value)
        return "a message of Char.Login that is not for this end" if gmcp_login.is_private(name, value) else ""

    def _tell(self, package: str, value: Any) -> None:
        if event := self._events.get(package.lower()):
            self.emit(event, value)
        self.emit("on_gmcp", package, value)

    def _passed_to_msdp(self, value: Any) -> bool:
        msdp = self.session.options.get(constants.MSDP)
        if not (isinstance(msdp, ReceivesVariables) and isinstance(value, dict)):
            return False
        msdp.receive_variables(value, lambda variables: self.send_message("MSDP", variables))
        return True

    def _on_hello(self, value: Any) -> str:
        # Some write "Client" and "Version", as an example of mudstandards.org does.
        told = {key.lower(): each for key, each in value.items()} if isinstance(value, dict) else {}
        name = _short_text(told.get("client"))
        if not name:
            return f"a client has a name of 1 to {_LONGEST_NAME} printable characters"
        self.client.learn(name=name, version=_short_text(told.get("version")) or self.client.version)
        return ""

    def _on_supports(self, change: Callable[[Supports, Any], str], value: Any) -> str:
        wrong = change(self._supports, value)
        self.emit("on_gmcp_supports")
        return wrong

    def _on_ping(self, value: Any) -> str:
        self.answer(encode_message("Core.Ping"))
        return ""


def _short_text(value: Any) -> str:
    """Return what a client says of itself; empty if that is not fit to be shown."""
    text = str(value).strip() if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
    return text if text.isprintable() and len(text) <= _LONGEST_NAME else ""


def _checked(package: str) -> str:
    encode_message(package)  # for its checks
    return package


def _may_tell(package: str) -> str:
    """Return the name, in lower case, of a message that may be given an event."""
    name = _checked(package).lower()
    if gmcp_login.is_private(name):
        raise ValueError(
            f"{package} may hold a secret and must be told by the on_login events of the handler, not by an event of "
            "its own"
        )
    return name


def _entry(package: str, version: int) -> str:
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise ValueError(f"the version of package {package!r} is a whole number above 0, not {version!r}")
    return f"{_checked(package)} {version}"


def _method(event: str) -> str:
    if not (isinstance(event, str) and event.isidentifier()):
        raise ValueError(f"an event is the name of a method, such as 'on_inventory', not {event!r}")
    return event


_HANDLERS: Final[Mapping[Role, Mapping[str, Callable[[GMCP, Any], str]]]] = {
    Role.SERVER: {
        "core.hello": GMCP._on_hello,
        "core.supports.set": lambda gmcp, value: gmcp._on_supports(Supports.set, value),
        "core.supports.add": lambda gmcp, value: gmcp._on_supports(Supports.add, value),
        "core.supports.remove": lambda gmcp, value: gmcp._on_supports(Supports.remove, value),
        "core.ping": GMCP._on_ping,
        **gmcp_login.HANDLERS[Role.SERVER],
    },
    Role.CLIENT: gmcp_login.HANDLERS[Role.CLIENT],
}
