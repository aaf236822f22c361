"""Char.Login of GMCP: a client signs its user in, with a password, a token or a browser, instead of typing.

The game owns its login screen, which is text, and prompts in any case; the messages here work around it.  A server
offers a login with :func:`offer_login`.  What the client answers calls one of these methods of the program's handler:

* ``on_login_credentials(account, password)``: it sent a password;
* ``on_login_declined()``: it has nothing to send, and its user is to be asked as everybody else;
* ``on_login_resume(account, provider)``: it has no token left, and asks for the browser sign-in of a provider that it
  remembers (version 2); :func:`send_login_url` is owed;
* ``on_login_reconnect(account, token)``: it sent a token that :func:`send_login_token` gave it once (version 2);
* ``on_login_auth_code(code, code_verifier, redirect_uri, nonce)``: it signed its user in with the server's own OpenID
  provider (version 2).

:func:`answer_login` says how that went.  For a client the server's messages call ``on_login_offer(types, location)``,
``on_login_url(url, provider)``, ``on_login_token(account, token, secure_only)`` and ``on_login_result(success,
message)``, and it sends the others.  :class:`Login`, ``session[GMCP].login``, holds what both have agreed on.

Neither a password nor a token reaches ``on_gmcp``, an excerpt or a log.  The library opens no browser, speaks no HTTP
and stores no token.

Sources: the Char.Login page of mudstandards.org; Mudlet's page on GMCP authentication and Mudlet itself for version 2.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from telnet.client import LONGEST_FACT, presentable
from telnet.options.gmcp_codec import Unparsed
from telnet.options.option import Role

if TYPE_CHECKING:
    from telnet.options.gmcp import GMCP

__all__ = [
    "OAUTH",
    "PASSWORD",
    "Login",
    "OAuth",
    "answer_login",
    "offer_login",
    "replay_token",
    "resume_login",
    "send_auth_code",
    "send_credentials",
    "send_login_token",
    "send_login_url",
]

PASSWORD: Final = "password-credentials"
"""The type of login by an account and its password."""

OAUTH: Final = "oauth"
"""The type of login in a browser."""

NEWEST: Final = 2
"""The newest version of the package that is spoken here."""

PACKAGE: Final = "char.login"
"""The name of the package, in lower case."""

# What of the package holds no secret, so that on_gmcp may have it.
_PUBLIC: Final = ("char.login.default", "char.login.result")

# What a browser may be given: no other scheme, and nothing that a terminal would act on.
_URL: Final = re.compile(r"https?://\S+", re.IGNORECASE)

# As drivers write them, of which some have neither booleans nor numbers in JSON.
_BOOLEANS: Final[Mapping[object, bool]] = {1: True, 0: False, "true": True, "1": True, "false": False, "0": False}

# One for all sessions: each empty set takes 216 bytes.
_NONE: Final[frozenset[str]] = frozenset()


@dataclass(frozen=True)
class OAuth:
    """How a client itself may sign its user in, with the server's own OpenID provider, over TLS alone."""

    location: str
    """The URL of the OpenID configuration."""

    client_id: str
    """The name under which the provider knows the client."""

    scopes: tuple[str, ...] = ()
    """What the client is to ask for."""

    nonce_required: bool = False
    """Whether the server wants the nonce of the request."""


class Login:
    """What the two ends of a connection have said about logging in: ``session[GMCP].login``."""

    version: int = 1
    """The version of Char.Login that both speak: 2 once an offer of version 2 was sent, or has come."""

    token_storage: bool | None = None
    """Whether the client keeps the tokens that it is given, and sends them back later; None if it has not said.

    A server reads it before it asks "shall I remember you?".  A client sets it, to what is true for this user now: that
    there is a place for tokens, that it can be written to, and that the user has not turned it off.  While it is False
    a token that comes is thrown away.
    """

    oauth: OAuth | None = None
    """Client: what the latest offer said of the server's own OpenID provider; None if nothing, and without TLS."""

    def __init__(self, token_storage: bool | None = None, newest: int = NEWEST) -> None:
        self.token_storage = token_storage
        self._newest = newest
        self._replayed = ""
        self._refused = _NONE

    def agree(self, version: int) -> None:
        """Take note of the version of an offer."""
        self.version = min(version, self._newest)

    def forget_offer(self) -> None:
        """Take note that logins are to be offered anew; what was said of tokens stays as true as it was."""
        self.version = Login.version
        self.oauth = None
        self._replayed = ""

    def may_replay(self, token: str) -> bool:
        """Return whether a token may be sent: not again on a connection on which it was refused."""
        return token not in self._refused

    def replay(self, token: str) -> None:
        """Take note that a token was sent, which the next result is about."""
        self._replayed = token

    def end(self, success: bool) -> None:
        """Take note of a result."""
        if self._replayed and not success:
            self._refused |= {self._replayed}
        self._replayed = ""


def checked_storage(token_storage: bool | None) -> bool | None:
    """Return what a client says of its storage of tokens; ``TypeError`` if it is neither a boolean nor None."""
    if not (token_storage is None or isinstance(token_storage, bool)):
        raise TypeError(f"token_storage must be True, False or None, not {token_storage!r}")
    return token_storage


def is_login(name: str) -> bool:
    """Return whether a message, by its name in lower case, is one of Char.Login, known or not."""
    return name == PACKAGE or name.startswith(PACKAGE + ".")


def is_private(name: str, value: Any = None) -> bool:
    """Return whether a message, by its name in lower case, may hold a password or a token; so may any broken one."""
    return is_login(name) and (name not in _PUBLIC or isinstance(value, Unparsed))


# What a server sends


def offer_login(
    gmcp: GMCP,
    types: Sequence[str] = (PASSWORD,),
    location: str = "",
    *,
    version: int = 1,
    client_id: str = "",
    scopes: Sequence[str] = (),
    nonce_required: bool = False,
) -> bool:
    """Server: say which logins are taken, to a client that has listed ``Char.Login``; return whether that was done.

    Call it from ``on_gmcp_supports``, once.  One of the ``on_login_...`` events is owed next, but a client may wait for
    its user: prompt for a name even so.

    A client that knows version 1 only is offered that, and no ``"oauth"`` without a location.

    :param types: ``"password-credentials"`` and ``"oauth"``, the best first.
    :param location: the URL of the OpenID configuration, for ``"oauth"`` in version 1, and for ``client_id``.
    :param version: the newest version of Char.Login that the program speaks, 1 or 2.
    :param client_id: the name under which the provider at ``location`` knows the client, which then can sign its user
        in.  It is sent in version 2 and over TLS alone.
    :param scopes: what the client is to ask that provider for.
    :param nonce_required: whether the client is to send its nonce with :func:`send_auth_code`.
    :raises ValueError: if there is no type, the version is another one, the location is no address of ``https`` or
        ``http``, or something needs a location that is missing.
    """
    _check_offer(types, location, version, client_id)
    version = min(version, gmcp.listed.get(PACKAGE, 0))  # one that lists Char alone would never answer
    types = [each for each in types if location or version > 1 or each != OAUTH]
    if not (version and types):
        return False
    gmcp.login.agree(version)
    if version < NEWEST:
        return gmcp.send_message("Char.Login.Default", _without_empty(type=types, location=location))
    own = {"location": location, "client_id": client_id, "scopes": list(scopes), "nonce_required": nonce_required}
    provider = own if client_id and gmcp.client.tls else {}  # in the clear no client makes use of it
    return gmcp.send_message("Char.Login.Default", {"version": version, "type": types} | provider)


def _check_offer(types: Sequence[str], location: str, version: int, client_id: str) -> None:
    if isinstance(types, str) or not types:
        raise ValueError(f"the types of login are one or more in a sequence, such as ({PASSWORD!r},), not {types!r}")
    if version not in range(1, NEWEST + 1):
        raise ValueError(f"the version of Char.Login must be 1 or {NEWEST}, not {version!r}")
    if not location and (client_id or (version == 1 and OAUTH in types)):
        raise ValueError(f"{OAUTH!r} needs the location of an OpenID configuration")
    if location and not _is_url(location):
        raise ValueError(f"the location must be an address of https or http, not {location!r}")


def send_login_url(gmcp: GMCP, url: str, provider: str = "") -> bool:
    """Server: have the client open a sign-in page in its user's browser; return whether that was sent.

    It is not sent to a client that has not listed ``Char.Login 2``: show the address as text too.

    :param url: the page, of ``https`` or ``http``.
    :param provider: who signs the user in, such as ``"google"``; the client shows it, and remembers it to resume.
    :raises ValueError: if ``url`` is another address.
    """
    if not _is_url(url):
        raise ValueError(
            f"the page to sign in on must be an address of https or http, not one that begins with {url[:8]!r}"
        )
    return _takes_version_2(gmcp) and gmcp.send_message(
        "Char.Login.URL", _without_empty(url=url.strip(), provider=provider)
    )


def send_login_token(gmcp: GMCP, account: str, token: str, *, secure_only: bool | None = None) -> bool:
    """Server: give the client a token that it may sign in with the next time; return whether that was sent.

    A later token replaces it.  It is not sent to a client that has not listed ``Char.Login 2``, nor to one that says it
    keeps none (``login.token_storage`` is False).  Keep a hash of it, not the token.

    :param account: whose it is; the client sends it back with the token.
    :param token: any text that nobody can guess, such as what :func:`secrets.token_urlsafe` returns.
    :param secure_only: whether the client may send it over TLS alone; left out, over TLS alone if that is how it came.
    :raises ValueError: if the account or the token is empty.
    """
    if not (account and token):
        raise ValueError("a token and the account that it is for must not be empty")
    if not _takes_version_2(gmcp) or gmcp.login.token_storage is False:
        return False
    members: dict[str, Any] = {"account": account, "token": token}
    if secure_only is not None:
        members["secure_only"] = secure_only
    return gmcp.send_message("Char.Login.Token", members)


def answer_login(gmcp: GMCP, success: bool, message: str = "") -> bool:
    """Server: say whether the login succeeded; return whether that was sent.

    :param message: for the user; a ``ValueError`` if there is none for a login that failed.
    """
    if not (success or message):
        raise ValueError("a login that failed needs a message that says why")
    return gmcp.send_message("Char.Login.Result", _without_empty(success=success, message=message))


def _takes_version_2(gmcp: GMCP) -> bool:
    return gmcp.listed.get(PACKAGE, 0) >= NEWEST


def _without_empty(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value != ""}


# What a client sends


def send_credentials(gmcp: GMCP, account: str = "", password: str = "") -> bool:
    """Client: send an account, or ``account:character``, and its password; return whether that was sent.

    Without an account this says that there is none to send, and the server asks for it with text.
    """
    members = {"account": account, "password": password} if account else {}
    return gmcp.send_message("Char.Login.Credentials", members | _common(gmcp))


def resume_login(gmcp: GMCP, account: str, provider: str) -> bool:
    """Client: ask for the browser sign-in that this account had the last time; return whether that was sent.

    It is not sent to a server of version 1.  ``on_login_url`` is owed.

    :param account: of the last ``on_login_token``.
    :param provider: of the last ``on_login_url``.
    :raises ValueError: if one of them is empty.
    """
    if not (account and provider):
        raise ValueError("an account and the provider of its sign-in must not be empty")
    members = {"account": account, "provider": provider}
    return _speaks_version_2(gmcp) and gmcp.send_message("Char.Login.Credentials", members | _common(gmcp))


def replay_token(gmcp: GMCP, account: str, token: str, secure_only: bool = True) -> bool:
    """Client: sign in with a token of an earlier connection; return whether that was sent.

    It is not sent to a server of version 1, not without TLS unless the server allowed that, and not again after the
    server has refused it on this connection.  Then use :func:`resume_login` or :func:`send_credentials`, and keep a
    token that was not sent.  ``on_login_result`` is owed.

    :param account, token, secure_only: of ``on_login_token``.
    :raises ValueError: if the account or the token is empty.
    """
    if not (account and token):
        raise ValueError("a token and the account that it is for must not be empty")
    if not (_speaks_version_2(gmcp) and (gmcp.client.tls or not secure_only) and gmcp.login.may_replay(token)):
        return False
    gmcp.login.replay(token)
    return gmcp.send_message("Char.Login.Reconnect", {"account": account, "token": token} | _common(gmcp))


def send_auth_code(gmcp: GMCP, code: str, code_verifier: str, redirect_uri: str, nonce: str = "") -> bool:
    """Client: send what the server's OpenID provider answered (``login.oauth``); return whether that was sent.

    It is not sent without TLS, nor to a server of version 1.  ``on_login_result`` is owed.

    :param code: the authorization code (RFC 6749 section 4.1.2).
    :param code_verifier: that of PKCE (RFC 7636 section 4.1).
    :param redirect_uri: the address that the code was sent to.
    :param nonce: of the request, if the server requires it.
    :raises ValueError: if the code, its verifier or the address is empty.
    """
    if not (code and code_verifier and redirect_uri):
        raise ValueError("an authorization code, its verifier and its address must not be empty")
    if not (_speaks_version_2(gmcp) and gmcp.client.tls):
        return False
    members = _without_empty(code=code, code_verifier=code_verifier, redirect_uri=redirect_uri, nonce=nonce)
    return gmcp.send_message("Char.Login.AuthCode", members | _common(gmcp))


def _speaks_version_2(gmcp: GMCP) -> bool:
    return gmcp.login.version >= NEWEST


def _common(gmcp: GMCP) -> dict[str, Any]:
    """Return what every message of a client says besides; one of version 1 has nothing of it."""
    login = gmcp.login
    if login.version < NEWEST:
        return {}
    storage = {} if login.token_storage is None else {"token_storage": login.token_storage}
    return {"version": login.version, **storage}


# What a server receives; each returns what is wrong with it.


def _on_credentials(gmcp: GMCP, value: Any) -> str:
    _note_storage(gmcp, value)
    account, password, provider, version = _members(value, "account", "password", "provider", "version")
    if account in (None, "") and (
        isinstance(value, dict) or not value
    ):  # version 2: what has no account is the hand-off
        gmcp.emit("on_login_declined")
    elif not _is_account(account):
        return _NO_CREDENTIALS
    elif password in (None, "") and (provider or _version(version) > 1):  # no password is what makes it a resumption
        gmcp.emit("on_login_resume", account, presentable(_text(provider)))
    elif isinstance(password, str):
        gmcp.emit("on_login_credentials", account, password)
    else:
        return _NO_CREDENTIALS
    return ""


# What a game compares, stores and shows must be what the client wrote: it is taken whole, or not at all.
_AN_ACCOUNT: Final = f"an account has 1 to {LONGEST_FACT} printable characters"
_NO_CREDENTIALS: Final = f"{_AN_ACCOUNT}, and its password is a string"
_NO_TOKEN: Final = f"{_AN_ACCOUNT}, and its token is a string"


def _on_login(gmcp: GMCP, value: Any) -> str:
    # The GMCP of Iron Realms, from before there was a package of this name.
    account, password = _members(value, "name", "password")
    if not (_is_account(account) and isinstance(password, str)):
        return _NO_CREDENTIALS
    gmcp.emit("on_login_credentials", account, password)
    return ""


def _on_reconnect(gmcp: GMCP, value: Any) -> str:
    _note_storage(gmcp, value)
    account, token = _members(value, "account", "token")
    if not (_is_account(account) and _is_text(token)):
        return _NO_TOKEN
    gmcp.emit("on_login_reconnect", account, token)
    return ""


def _on_auth_code(gmcp: GMCP, value: Any) -> str:
    _note_storage(gmcp, value)
    code, verifier, address, nonce = _members(value, "code", "code_verifier", "redirect_uri", "nonce")
    if not all(map(_is_text, (code, verifier, address))):
        return "an authorization code, its verifier and its address are strings"
    gmcp.emit("on_login_auth_code", code, verifier, address, _text(nonce))
    return ""


def _note_storage(gmcp: GMCP, value: Any) -> None:
    """Take note of whether the client keeps tokens; what says nothing of it leaves what is known."""
    [said] = map(_boolean, _members(value, "token_storage"))
    if said is not None:
        gmcp.login.token_storage = said


# What a client receives


def _on_offer(gmcp: GMCP, value: Any) -> str:
    types, location, version = _members(value, "type", "location", "version")
    offered = tuple(filter(_is_text, types)) if isinstance(types, list) else ()
    if not offered:  # Federation 2 sends {}, and means that the user types
        return "the types of login are strings in an array, at least one"
    page = _text(location) if _is_url(location) else ""
    gmcp.login.agree(_version(version))
    gmcp.login.oauth = _oauth(value, page) if gmcp.client.tls and _speaks_version_2(gmcp) else None
    gmcp.emit("on_login_offer", offered, page)
    if location and not page:
        return "the location of an OpenID configuration is an address of https or http"
    return "" if len(offered) == len(types) else "a type of login is a string"


def _oauth(value: Any, location: str) -> OAuth | None:
    client_id, scopes, nonce, old_nonce = _members(value, "client_id", "scopes", "nonce_required", "nonce")
    if not (location and _is_text(client_id)):
        return None
    asked = tuple(filter(_is_text, scopes)) if isinstance(scopes, list) else ()
    return OAuth(location, client_id, asked, bool(_boolean(old_nonce if nonce is None else nonce)))


def _on_url(gmcp: GMCP, value: Any) -> str:
    url, provider = _members(value, "url", "provider")
    if not _is_url(url):
        return "the page to sign in on is an address of https or http"
    gmcp.emit("on_login_url", url.strip(), presentable(_text(provider)))
    return ""


def _on_token(gmcp: GMCP, value: Any) -> str:
    account, token, secure_only = _members(value, "account", "token", "secure_only")
    if not (_is_account(account) and _is_text(token)):
        return _NO_TOKEN
    if gmcp.login.token_storage is False:
        return ""
    said = _boolean(secure_only)
    gmcp.emit("on_login_token", account, token, gmcp.client.tls if said is None else said)
    return "" if said is not None or secure_only is None else "whether a token is for TLS alone is true or false"


def _on_result(gmcp: GMCP, value: Any) -> str:
    success, message = _members(value, "success", "message")
    if success is None:
        return "a result says whether the login succeeded"
    succeeded = bool(_boolean(success))
    gmcp.login.end(succeeded)
    gmcp.emit("on_login_result", succeeded, _text(message))
    return ""


# What a member may be


def _members(value: Any, *names: str) -> list[Any]:
    """Return members of an object, None for each that it has not; and for what is no object."""
    return [value.get(name) if isinstance(value, dict) else None for name in names]


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _is_account(value: Any) -> bool:
    return _is_text(value) and value == presentable(value)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _is_url(value: Any) -> bool:
    return isinstance(value, str) and value.isprintable() and _URL.fullmatch(value.strip()) is not None


def _boolean(value: Any) -> bool | None:
    """Return a boolean, which may be written as a string or a number; None if it is not one."""
    if isinstance(value, str):
        value = value.strip().lower()
    return _BOOLEANS.get(value) if isinstance(value, str | int | float) else None


def _version(value: Any) -> int:
    """Return a version, which may be written as a string; 1 if it is none."""
    if isinstance(value, str) and re.fullmatch(r"\s*[0-9]{1,9}(\.0+)?\s*", value):
        value = float(value)
    return max(1, int(value)) if isinstance(value, int | float) else 1


HANDLERS: Final[Mapping[Role, Mapping[str, Callable[[GMCP, Any], str]]]] = {
    Role.SERVER: {
        "char.login": _on_login,
        "char.login.credentials": _on_credentials,
        "char.login.reconnect": _on_reconnect,
        "char.login.authcode": _on_auth_code,
    },
    Role.CLIENT: {
        "char.login.default": _on_offer,
        "char.login.url": _on_url,
        "char.login.token": _on_token,
        "char.login.result": _on_result,
    },
}
"""What is done with the messages of this package, by our role and their names in lower case."""
