"""Char.Login of GMCP: a client sends its user's name and password by itself, in the place of typing them.

:class:`~telnet.options.gmcp.GMCP` calls, of the program's handler:

* server: ``on_login_credentials(account, password)``, both as the client sent them; and ``on_login_declined()`` when it
  has none, so that it is to be asked as everybody else;
* client: ``on_login_offer(types, location)`` with a tuple of what the server takes, the best first, and where OAuth is
  described; and ``on_login_result(success, message)``.

The functions here send what goes the other way.  A password is as secret as the connection that it comes over: offer
this with TLS.

Sources: the Char.Login page of mudstandards.org, Mudlet's page on GMCP authentication.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from telnet.options.option import Role

if TYPE_CHECKING:
    from telnet.options.gmcp import GMCP

__all__ = ["PASSWORD", "answer_login", "offer_login", "send_credentials"]

PASSWORD: Final = "password-credentials"
"""The type of login by an account and its password."""


def is_login(name: str) -> bool:
    """Return whether a message, by its name in lower case, is one of Char.Login, known or not."""
    return name == "char.login" or name.startswith("char.login.")


def offer_login(gmcp: GMCP, types: Sequence[str] = (PASSWORD,), location: str = "") -> bool:
    """Server: say which logins are taken, to a client that has listed ``Char.Login``; return whether that was done.

    Call it from ``on_gmcp_supports``, once.  ``on_login_credentials`` or ``on_login_declined`` is owed next, but a
    client may wait for its user: prompt for a name all the same.

    :param types: ``"password-credentials"`` and ``"oauth"``, the best first.
    :param location: for ``"oauth"``, the URL of the OpenID configuration.
    :raises ValueError: for no type, and for ``"oauth"`` without a location.
    """
    if isinstance(types, str) or not types:
        raise ValueError(f"the types of login are one or more in a sequence, such as ({PASSWORD!r},), not {types!r}")
    if "oauth" in types and not location:
        raise ValueError("'oauth' needs the location of an OpenID configuration")
    if not gmcp.listed.get("char.login"):  # one that lists Char alone would never answer
        return False
    return gmcp.send_message("Char.Login.Default", _without_empty(type=list(types), location=location))


def answer_login(gmcp: GMCP, success: bool, message: str = "") -> bool:
    """Server: say whether the login succeeded; return whether that was sent.

    :param message: for the user; a ``ValueError`` if there is none for a login that failed.
    """
    if not (success or message):
        raise ValueError("a login that failed needs a message that says why")
    return gmcp.send_message("Char.Login.Result", _without_empty(success=success, message=message))


def send_credentials(gmcp: GMCP, account: str = "", password: str = "") -> bool:
    """Client: send an account, or ``account:character``, and its password; return whether that was sent.

    Without an account this says that there is none to send, and the server asks for it with text.
    """
    if not account:
        return gmcp.send_message("Char.Login.Credentials", {})
    return gmcp.send_message("Char.Login.Credentials", {"account": account, "password": password})


def _without_empty(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value != ""}


# What is received; each returns what is wrong with it.


def _on_credentials(gmcp: GMCP, value: Any) -> str:
    account, password = _members(value, "account", "password")
    if isinstance(account, str) and isinstance(password, str):
        gmcp.emit("on_login_credentials", account, password)
    elif account is None and (isinstance(value, dict) or not value):  # version 2 of the protocol has other members then
        gmcp.emit("on_login_declined")
    else:
        return "an account and its password are strings"
    return ""


def _on_offer(gmcp: GMCP, value: Any) -> str:
    types, location = _members(value, "type", "location")
    if not isinstance(types, list) or not all(isinstance(each, str) for each in types):
        return "the types of login are an array of strings"
    gmcp.emit("on_login_offer", tuple(types), location if isinstance(location, str) else "")
    return ""


def _on_result(gmcp: GMCP, value: Any) -> str:
    success, message = _members(value, "success", "message")
    if success is None:
        return "a result says whether the login succeeded"
    # A string, or a number, comes from drivers that have no booleans.
    gmcp.emit("on_login_result", success in (True, "true", "1"), message if isinstance(message, str) else "")
    return ""


def _members(value: Any, *names: str) -> list[Any]:
    """Return members of an object, None for each that it has not; and for what is no object."""
    return [value.get(name) if isinstance(value, dict) else None for name in names]


HANDLERS: Final[Mapping[Role, Mapping[str, Callable[[GMCP, Any], str]]]] = {
    Role.SERVER: {"char.login.credentials": _on_credentials},
    Role.CLIENT: {"char.login.default": _on_offer, "char.login.result": _on_result},
}
"""What is done with the messages of this package, by our role and their names in lower case."""
