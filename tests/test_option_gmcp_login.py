"""Char.Login of GMCP: a login that nobody types."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from session_support import Pair, Recorder, deliver, every_cut, served

from telnet import constants
from telnet.constants import DO, DONT, IAC, SB, SE, WILL, WONT
from telnet.encode import negotiate, subnegotiation
from telnet.events import Subnegotiation, parse
from telnet.options import GMCP, Role
from telnet.options.gmcp_login import (
    OAUTH,
    PASSWORD,
    OAuth,
    answer_login,
    offer_login,
    replay_token,
    resume_login,
    send_auth_code,
    send_credentials,
    send_login_token,
    send_login_url,
)

OPENID = "https://example.org/.well-known/openid-configuration"


@pytest.fixture(autouse=True, scope="module")
def _both_parsers(parser_module: ModuleType) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("telnet.session.Parser", parser_module.Parser)
        yield


@pytest.fixture
def pair() -> Pair:
    """A client that can log in by itself, and its server, which have introduced themselves."""
    return Pair([GMCP], [GMCP("Name", "1", {"Char": 1, "Char.Login": 1})]).start().clear()


@pytest.fixture
def newer() -> Pair:
    """The same, of version 2 and over TLS."""
    return version_2()


def version_2(*, tls: bool = True, token_storage: bool | None = None) -> Pair:
    """A client and a server that have agreed on version 2."""
    pair = Pair([GMCP], [GMCP("Name", "1", {"Char.Login": 2}, token_storage=token_storage)])
    pair.server.client.tls = pair.client.client.tls = tls
    pair.start()
    assert offer_login(pair.server[GMCP], (OAUTH, PASSWORD), version=2)
    return pair.run().clear()


def messages(stream: bytes | bytearray) -> list[str]:
    """The messages in what was sent, without the name of the package."""
    events = [event for event in parse(bytes(stream)) if isinstance(event, Subnegotiation)]
    return [event.data.decode().removeprefix("Char.Login.") for event in events]


def logins(handler: Recorder) -> list[tuple[Any, ...]]:
    """What a handler was told about logins, and of faults and messages."""
    return [event for event in handler.events if event[0].startswith(("on_login", "on_protocol", "on_gmcp"))]


def server_hears(text: str) -> Recorder:
    message = subnegotiation(constants.GMCP, text.encode())
    return served([GMCP], negotiate(DO, constants.GMCP), message)[1]


def client_hears(text: str) -> Recorder:
    message = subnegotiation(constants.GMCP, text.encode())
    return served([GMCP], negotiate(WILL, constants.GMCP), message, role=Role.CLIENT)[1]


# The bytes


def test_login_is_offered_answered_and_granted(pair: Pair) -> None:
    assert offer_login(pair.server[GMCP])
    pair.run()
    assert send_credentials(pair.client[GMCP], "ada:lady", "secret ☃")
    pair.run()
    assert answer_login(pair.server[GMCP], True)
    pair.run()

    assert pair.sent_by_server == (
        IAC + SB + b'\xc9Char.Login.Default {"type":["password-credentials"]}' + IAC + SE
        + IAC + SB + b'\xc9Char.Login.Result {"success":true}' + IAC + SE
    )  # fmt: skip
    assert pair.sent_by_client == (
        IAC + SB + b'\xc9Char.Login.Credentials {"account":"ada:lady","password":"secret \xe2\x98\x83"}' + IAC + SE
    )
    assert pair.at_client.named("on_login_offer") == [("on_login_offer", ("password-credentials",), "")]
    assert pair.at_server.named("on_login_credentials") == [("on_login_credentials", "ada:lady", "secret ☃")]
    assert pair.at_client.named("on_login_result") == [("on_login_result", True, "")]


def test_login_is_declined(pair: Pair) -> None:
    send_credentials(pair.client[GMCP])
    pair.run()

    assert pair.sent_by_client == IAC + SB + b"\xc9Char.Login.Credentials {}" + IAC + SE
    assert pair.at_server.named("on_login_declined", "on_login_credentials") == [("on_login_declined",)]


def test_login_fails_with_a_message(pair: Pair) -> None:
    answer_login(pair.server[GMCP], False, "No such account.")
    pair.run()

    assert pair.at_client.named("on_login_result") == [("on_login_result", False, "No such account.")]


def test_oauth_comes_with_its_location(pair: Pair) -> None:
    offer_login(pair.server[GMCP], ("oauth", "password-credentials"), "https://example.org/openid")
    pair.run()

    expected = ("on_login_offer", ("oauth", "password-credentials"), "https://example.org/openid")
    assert pair.at_client.named("on_login_offer") == [expected]


def test_credentials_are_read_in_every_cut() -> None:
    text = b'Char.Login.Credentials {"account":"ada","password":"\xc3\xa9"}'

    for chunks in every_cut(negotiate(DO, constants.GMCP) + subnegotiation(constants.GMCP, text)):
        _, handler = served([GMCP], *chunks)

        assert handler.named("on_login_credentials") == [("on_login_credentials", "ada", "é")]


# Senders


@pytest.mark.parametrize("supports", [{}, {"Char": 1}, {"Room": 1}])
def test_login_is_offered_only_to_a_client_that_lists_it(supports: dict[str, int]) -> None:
    pair = Pair([GMCP], [GMCP("Name", "1", supports)]).start()

    assert not offer_login(pair.server[GMCP])


def test_login_is_not_offered_while_the_option_is_off() -> None:
    session, _ = served([GMCP])

    assert not offer_login(session[GMCP])


@pytest.mark.parametrize("types", [(), "password-credentials"])
def test_offer_without_types_is_refused(pair: Pair, types: Any) -> None:
    with pytest.raises(ValueError, match="one or more in a sequence"):
        offer_login(pair.server[GMCP], types)


def test_oauth_without_a_location_is_refused(pair: Pair) -> None:
    with pytest.raises(ValueError, match="needs the location"):
        offer_login(pair.server[GMCP], ("oauth",))


def test_failure_without_a_message_is_refused(pair: Pair) -> None:
    with pytest.raises(ValueError, match="says why"):
        answer_login(pair.server[GMCP], False)


# What comes


@pytest.mark.parametrize("body", ["", "null", "[]", "{}", '{"version":2,"token_storage":true}', '{"account":null}'])
def test_credentials_without_an_account_decline(body: str) -> None:
    handler = server_hears(f"Char.Login.Credentials {body}")

    assert handler.named("on_login_declined", "on_login_credentials", "on_protocol_error") == [("on_login_declined",)]


@pytest.mark.parametrize(
    "body",
    [
        '"ada"',
        "7",
        '{"account":"ada"}',
        '{"account":1,"password":"x"}',
        '{"account":0,"password":"x"}',
        '{"account":[]}',
        '{"account":"ada",',
    ],
)
def test_credentials_that_are_none_are_reported_without_the_password(body: str) -> None:
    handler = server_hears(f" char.login.credentials {body}")

    assert not handler.named("on_login_declined", "on_login_credentials")
    [(_, reason, data)] = handler.named("on_protocol_error")
    assert (reason.startswith("GMCP: "), data) == (True, b"Char.Login")


@pytest.mark.parametrize(
    ("body", "success"),
    [("true", True), ('"true"', True), ("1", True), ('"1"', True), ("false", False), ('"false"', False), ("[]", False)],
)
def test_success_may_be_written_in_other_ways(body: str, success: bool) -> None:
    handler = client_hears(f'Char.Login.Result {{"success":{body},"message":7}}')

    assert handler.named("on_login_result") == [("on_login_result", success, "")]


@pytest.mark.parametrize("body", ["", "true", "{}", '{"message":"Welcome"}'])
def test_result_that_does_not_say_is_reported(body: str) -> None:
    handler = client_hears(f"Char.Login.Result {body}")

    assert not handler.named("on_login_result")
    assert len(handler.named("on_protocol_error")) == 1


@pytest.mark.parametrize(
    "body", ["", "[]", "{}", '{"type":"oauth"}', '{"type":[1]}', '{"type":[]}', '{"type":["",null]}']
)
def test_offer_that_does_not_say_its_types_is_reported(body: str) -> None:
    handler = client_hears(f"Char.Login.Default {body}")

    assert not handler.named("on_login_offer")
    assert len(handler.named("on_protocol_error")) == 1


@pytest.mark.parametrize(
    "location",
    [
        '"file:///etc/passwd"',
        '"javascript:alert(1)"',
        '"https://example.org/\\u001b[2J"',
        '"example.org"',
        '["https://a/"]',
        "7",
    ],
)
def test_offer_with_a_location_that_is_none_is_taken_without_it(location: str) -> None:
    session, handler = served([GMCP], negotiate(WILL, constants.GMCP), role=Role.CLIENT)
    session.client.tls = True
    offer = f'Char.Login.Default {{"version":2,"type":["password-credentials"],"location":{location},"client_id":"g"}}'
    deliver(session, subnegotiation(constants.GMCP, offer.encode()))

    assert handler.named("on_login_offer") == [("on_login_offer", ("password-credentials",), "")]
    assert session[GMCP].login.oauth is None
    assert len(handler.named("on_protocol_error")) == 1


@pytest.mark.parametrize("location", ['""', "null"])
def test_offer_with_an_empty_location_is_right(location: str) -> None:
    handler = client_hears(f'Char.Login.Default {{"type":["password-credentials"],"location":{location}}}')

    assert handler.named("on_login_offer") == [("on_login_offer", ("password-credentials",), "")]
    assert not handler.named("on_protocol_error")


def test_types_of_an_offer_are_taken_as_far_as_they_are_good() -> None:
    handler = client_hears('Char.Login.Default {"type":["oauth",null,"password-credentials","",1]}')

    assert handler.named("on_login_offer") == [("on_login_offer", ("oauth", "password-credentials"), "")]
    assert len(handler.named("on_protocol_error")) == 1


WRONG_ACCOUNTS = ["bob\\u001b[2J", "bob\\nWizard", "bob\\u0000", "\\u202ebob", "\\u2028", "x" * 513]


@pytest.mark.parametrize("account", WRONG_ACCOUNTS)
@pytest.mark.parametrize(
    "message",
    [
        'Char.Login.Credentials {"account":"%s","password":"s3cr3t"}',
        'Char.Login.Credentials {"account":"%s","provider":"google","version":2}',
        'Char.Login.Reconnect {"account":"%s","token":"s3cr3t"}',
        'Char.Login {"name":"%s","password":"s3cr3t"}',
    ],
)
def test_account_that_is_not_fit_to_be_shown_is_none(message: str, account: str) -> None:
    [(event, reason, excerpt)] = logins(server_hears(message % account))

    assert (event, excerpt) == ("on_protocol_error", b"Char.Login")
    assert "1 to 512 printable characters" in reason


@pytest.mark.parametrize("account", WRONG_ACCOUNTS)
def test_account_of_a_token_that_is_not_fit_to_be_shown_is_none(account: str) -> None:
    [(event, _, excerpt)] = logins(client_hears(f'Char.Login.Token {{"account":"{account}","token":"s3cr3t"}}'))

    assert (event, excerpt) == ("on_protocol_error", b"Char.Login")


@pytest.mark.parametrize("account", ["Zoë O'Hara:der Weiße", "ada:lady", " ", "x" * 512, "東京"])
def test_account_and_password_come_as_they_were_written(account: str) -> None:
    handler = server_hears(f'Char.Login.Credentials {{"account":"{account}","password":"\\u001b\\n "}}')

    assert logins(handler) == [("on_login_credentials", account, "\x1b\n ")]


# Version 2: the bytes


def test_offer_of_version_2_says_so_to_a_client_that_knows_it() -> None:
    pair = Pair([GMCP], [GMCP("Name", "1", {"Char.Login": 2})]).start().clear()

    assert offer_login(pair.server[GMCP], ("oauth", "password-credentials"), version=2)
    pair.run()

    assert messages(pair.sent_by_server) == ['Default {"version":2,"type":["oauth","password-credentials"]}']
    assert pair.at_client.named("on_login_offer") == [("on_login_offer", ("oauth", "password-credentials"), "")]
    assert (pair.server[GMCP].login.version, pair.client[GMCP].login.version) == (2, 2)


def test_client_of_version_1_is_offered_version_1(pair: Pair) -> None:
    assert offer_login(pair.server[GMCP], version=2)
    assert not offer_login(pair.server[GMCP], ("oauth",), version=2)
    assert offer_login(pair.server[GMCP], ("oauth", "password-credentials"), version=2)
    assert offer_login(pair.server[GMCP], ("oauth",), OPENID, version=2)
    pair.run()

    assert messages(pair.sent_by_server) == [
        *['Default {"type":["password-credentials"]}'] * 2,
        f'Default {{"type":["oauth"],"location":"{OPENID}"}}',
    ]
    assert (pair.server[GMCP].login.version, pair.client[GMCP].login.version) == (1, 1)


def test_client_of_version_3_is_offered_version_2() -> None:
    pair = Pair([GMCP], [GMCP("Name", "1", {"Char.Login": 3})]).start().clear()

    offer_login(pair.server[GMCP], version=2)

    assert pair.server[GMCP].login.version == 2


def test_server_signs_a_user_in_with_a_page_and_gives_a_token(newer: Pair) -> None:
    server, client = newer.server[GMCP], newer.client[GMCP]
    assert send_credentials(client)
    newer.run()
    assert send_login_url(server, "https://example.org/login?state=1", "google")
    assert answer_login(server, True)
    assert send_login_token(server, "ada", "s3cr3t")
    newer.run()

    assert messages(newer.sent_by_client) == ['Credentials {"version":2}']
    assert messages(newer.sent_by_server) == [
        'URL {"url":"https://example.org/login?state=1","provider":"google"}',
        'Result {"success":true}',
        'Token {"account":"ada","token":"s3cr3t"}',
    ]
    assert logins(newer.at_server) == [("on_login_declined",)]
    assert logins(newer.at_client) == [
        ("on_login_url", "https://example.org/login?state=1", "google"),
        ("on_login_result", True, ""),
        ("on_gmcp", "Char.Login.Result", {"success": True}),
        ("on_login_token", "ada", "s3cr3t", True),
    ]


def test_client_signs_in_with_a_token_or_resumes(newer: Pair) -> None:
    assert replay_token(newer.client[GMCP], "ada", "s3cr3t")
    assert resume_login(newer.client[GMCP], "ada", "google")
    assert send_credentials(newer.client[GMCP], "ada", "lovelace")
    newer.run()

    assert messages(newer.sent_by_client) == [
        'Reconnect {"account":"ada","token":"s3cr3t","version":2}',
        'Credentials {"account":"ada","provider":"google","version":2}',
        'Credentials {"account":"ada","password":"lovelace","version":2}',
    ]
    assert logins(newer.at_server) == [
        ("on_login_reconnect", "ada", "s3cr3t"),
        ("on_login_resume", "ada", "google"),
        ("on_login_credentials", "ada", "lovelace"),
    ]


def test_client_signs_in_with_the_provider_of_the_server() -> None:
    pair = Pair([GMCP], [GMCP("Name", "1", {"Char.Login": 2})])
    pair.server.client.tls = pair.client.client.tls = True
    pair.start().clear()
    offer_login(
        pair.server[GMCP], ("oauth",), OPENID, version=2, client_id="game", scopes=("openid",), nonce_required=True
    )
    pair.run()
    assert pair.client[GMCP].login.oauth == OAuth(OPENID, "game", ("openid",), True)
    assert send_auth_code(pair.client[GMCP], "c0de", "v3rifier", "http://127.0.0.1:5000/", "n0nce")
    assert send_auth_code(pair.client[GMCP], "c0de", "v3rifier", "http://127.0.0.1:5000/")
    pair.run()

    assert messages(pair.sent_by_server) == [
        f'Default {{"version":2,"type":["oauth"],"location":"{OPENID}","client_id":"game","scopes":["openid"],'
        '"nonce_required":true}'
    ]
    assert messages(pair.sent_by_client)[0] == (
        'AuthCode {"code":"c0de","code_verifier":"v3rifier","redirect_uri":"http://127.0.0.1:5000/","nonce":"n0nce",'
        '"version":2}'
    )
    assert logins(pair.at_server) == [
        ("on_login_auth_code", "c0de", "v3rifier", "http://127.0.0.1:5000/", "n0nce"),
        ("on_login_auth_code", "c0de", "v3rifier", "http://127.0.0.1:5000/", ""),
    ]


@pytest.mark.parametrize(
    ("body", "event"),
    [
        (b'Credentials {"account":"bob","provider":"google","version":2}', ("on_login_resume", "bob", "google")),
        (b'Reconnect {"account":"bob","token":"t"}', ("on_login_reconnect", "bob", "t")),
        (b'AuthCode{"code":"c","code_verifier":"v","redirect_uri":"r"}', ("on_login_auth_code", "c", "v", "r", "")),
    ],
)
def test_message_of_version_2_is_read_in_every_cut(body: bytes, event: tuple[Any, ...]) -> None:
    message = subnegotiation(constants.GMCP, b"Char.Login." + body)

    for chunks in every_cut(negotiate(DO, constants.GMCP) + message):
        assert logins(served([GMCP], *chunks)[1]) == [event]


# Version 2: TLS


def test_token_is_replayed_over_tls_alone_unless_the_server_allows_it() -> None:
    pair = version_2(tls=False)

    assert not replay_token(pair.client[GMCP], "ada", "s3cr3t")
    assert not replay_token(pair.client[GMCP], "ada", "s3cr3t", secure_only=True)
    assert replay_token(pair.client[GMCP], "ada", "s3cr3t", secure_only=False)
    pair.run()

    assert messages(pair.sent_by_client) == ['Reconnect {"account":"ada","token":"s3cr3t","version":2}']


def test_token_is_replayed_once_tls_has_started() -> None:
    pair = version_2(tls=False)
    pair.client.client.learn(tls=True)

    assert replay_token(pair.client[GMCP], "ada", "s3cr3t")


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize("secure_only", [None, False, True])
def test_token_is_for_tls_alone_as_the_server_says_or_as_it_came(tls: bool, secure_only: bool | None) -> None:
    pair = version_2(tls=tls)

    send_login_token(pair.server[GMCP], "ada", "s3cr3t", secure_only=secure_only)
    pair.run()

    expected = tls if secure_only is None else secure_only
    assert pair.at_client.named("on_login_token") == [("on_login_token", "ada", "s3cr3t", expected)]


def test_code_of_a_provider_is_neither_asked_for_nor_sent_without_tls() -> None:
    pair = version_2(tls=False)
    offer_login(pair.server[GMCP], ("oauth",), OPENID, version=2, client_id="game")
    pair.run()

    assert messages(pair.sent_by_server) == ['Default {"version":2,"type":["oauth"]}']
    assert not send_auth_code(pair.client[GMCP], "c0de", "v3rifier", "http://127.0.0.1:5000/")
    assert pair.client.take() == b""


def test_provider_that_is_told_without_tls_is_ignored() -> None:
    offer = f'Char.Login.Default {{"version":2,"type":["oauth"],"location":"{OPENID}","client_id":"game"}}'
    message = negotiate(WILL, constants.GMCP) + subnegotiation(constants.GMCP, offer.encode())

    session, handler = served([GMCP], message, role=Role.CLIENT)

    assert session[GMCP].login.oauth is None
    assert handler.named("on_login_offer") == [("on_login_offer", ("oauth",), OPENID)]


# Version 2: tokens


@pytest.mark.parametrize("storage", [None, False, True])
def test_client_says_whether_it_keeps_tokens_and_the_server_knows(storage: bool | None) -> None:
    pair = version_2(token_storage=storage)
    send_credentials(pair.client[GMCP])
    pair.run()

    said = "" if storage is None else f',"token_storage":{str(storage).lower()}'
    assert messages(pair.sent_by_client) == [f'Credentials {{"version":2{said}}}']
    assert pair.server[GMCP].login.token_storage is storage
    assert send_login_token(pair.server[GMCP], "ada", "s3cr3t") is (storage is not False)


@pytest.mark.parametrize(
    "send",
    [
        lambda gmcp: send_credentials(gmcp, "ada", "lovelace"),
        lambda gmcp: resume_login(gmcp, "ada", "google"),
        lambda gmcp: replay_token(gmcp, "ada", "s3cr3t"),
        lambda gmcp: send_auth_code(gmcp, "c0de", "v3rifier", "http://127.0.0.1/"),
    ],
    ids=["credentials", "resumption", "token", "code"],
)
def test_every_message_of_a_client_says_whether_it_keeps_tokens(send: Any) -> None:
    pair = version_2(token_storage=True)
    send(pair.client[GMCP])
    pair.client[GMCP].login.token_storage = False  # the user has had enough of it
    send(pair.client[GMCP])
    pair.run()

    [first, second] = messages(pair.sent_by_client)
    assert first.endswith(',"version":2,"token_storage":true}')
    assert second.endswith(',"version":2,"token_storage":false}')
    assert pair.server[GMCP].login.token_storage is False


def test_client_that_keeps_no_tokens_throws_one_away_that_comes_even_so() -> None:
    pair = version_2(token_storage=False)

    send_login_token(pair.server[GMCP], "ada", "s3cr3t")  # the client has not said anything yet
    pair.run()

    assert messages(pair.sent_by_server) == ['Token {"account":"ada","token":"s3cr3t"}']
    assert logins(pair.at_client) == []


@pytest.mark.parametrize(
    ("said", "known"),
    [("true", True), ('"false"', False), ("0", False), ('" TRUE "', True), ("1.0", True), ("null", None), ("2", None)],
)
def test_storage_of_tokens_may_be_written_in_other_ways(said: str, known: bool | None) -> None:
    message = subnegotiation(constants.GMCP, f'Char.Login.Credentials {{"token_storage":{said}}}'.encode())
    session, _ = served([GMCP], negotiate(DO, constants.GMCP), message)

    assert session[GMCP].login.token_storage is known


def test_message_that_says_nothing_of_tokens_leaves_what_is_known() -> None:
    pair = version_2(token_storage=True)
    send_credentials(pair.client[GMCP])
    pair.client[GMCP].login.token_storage = None
    send_credentials(pair.client[GMCP])
    pair.run()

    assert pair.server[GMCP].login.token_storage is True


def test_token_that_was_refused_is_not_sent_again_on_the_same_connection(newer: Pair) -> None:
    client = newer.client[GMCP]
    assert replay_token(client, "ada", "old")
    newer.run()
    answer_login(newer.server[GMCP], False, "That token has expired.")
    newer.run()

    assert not replay_token(client, "ada", "old")
    assert replay_token(client, "ada", "new")  # which another window of this player has stored meanwhile
    newer.run()
    answer_login(newer.server[GMCP], True)
    newer.run()
    assert replay_token(client, "ada", "new")


def test_password_that_was_refused_costs_no_token(newer: Pair) -> None:
    send_credentials(newer.client[GMCP], "ada", "byron")
    newer.run()
    answer_login(newer.server[GMCP], False, "Wrong password.")
    newer.run()

    assert replay_token(newer.client[GMCP], "ada", "s3cr3t")


def test_after_a_copyover_what_was_said_of_tokens_holds_and_the_offer_does_not(newer: Pair) -> None:
    client = newer.client[GMCP]
    client.login.token_storage = False
    deliver(newer.client, negotiate(WONT, constants.GMCP) + negotiate(WILL, constants.GMCP))

    assert (client.login.version, client.login.token_storage) == (1, False)
    assert not replay_token(client, "ada", "s3cr3t")

    deliver(newer.server, negotiate(DONT, constants.GMCP) + negotiate(DO, constants.GMCP))
    assert newer.server[GMCP].login.version == 1


def test_connections_of_one_template_share_no_login() -> None:
    template = GMCP("Name", token_storage=True)
    first, _ = served([template], role=Role.CLIENT)
    second, _ = served([template], role=Role.CLIENT)
    first[GMCP].login.token_storage = False

    assert second[GMCP].login.token_storage is True


# Version 2: who is sent what


def test_client_of_version_1_is_sent_no_page_and_no_token(pair: Pair) -> None:
    assert not send_login_url(pair.server[GMCP], "https://example.org/")
    assert not send_login_token(pair.server[GMCP], "ada", "s3cr3t")
    pair.run()

    assert pair.sent_by_server == b""


@pytest.mark.parametrize("version", ["", '"version":1,'])
def test_server_of_version_1_is_sent_what_it_knows(version: str) -> None:
    offer = f'Char.Login.Default {{{version}"type":["password-credentials"]}}'
    gmcp = GMCP("", "", {"Char.Login": 2}, token_storage=True)
    session, _ = served([gmcp], negotiate(WILL, constants.GMCP), role=Role.CLIENT)
    session.client.tls = True
    deliver(session, subnegotiation(constants.GMCP, offer.encode()))
    session.take()

    assert not replay_token(session[GMCP], "ada", "s3cr3t")
    assert not resume_login(session[GMCP], "ada", "google")
    assert not send_auth_code(session[GMCP], "c", "v", "r")
    assert send_credentials(session[GMCP]) and send_credentials(session[GMCP], "ada", "lovelace")
    assert messages(session.take()) == ["Credentials {}", 'Credentials {"account":"ada","password":"lovelace"}']


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ("2", 2),
        ('"2"', 2),
        ("2.0", 2),
        ('" 2 "', 2),
        ('"2.0"', 2),
        ('"1.5"', 1),
        ("5", 2),
        ("0", 1),
        ("-1", 1),
        ("null", 1),
        ("[]", 1),
        ('"x"', 1),
    ],
)
def test_version_of_an_offer_may_be_written_in_other_ways(said: str, version: int) -> None:
    offer = f'Char.Login.Default {{"version":{said},"type":["oauth"]}}'
    message = negotiate(WILL, constants.GMCP) + subnegotiation(constants.GMCP, offer.encode())
    session, handler = served([GMCP], message, role=Role.CLIENT)

    assert session[GMCP].login.version == version
    assert handler.named("on_login_offer") == [("on_login_offer", ("oauth",), "")]


def test_client_that_lists_version_1_speaks_it_whatever_is_offered() -> None:
    offer = subnegotiation(constants.GMCP, b'Char.Login.Default {"version":2,"type":["oauth"]}')
    gmcp = GMCP("", "", {"Char.Login": 1})
    session, _ = served([gmcp], negotiate(WILL, constants.GMCP), offer, role=Role.CLIENT)

    assert session[GMCP].login.version == 1


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ('"nonce":true', OAuth(OPENID, "game", (), True)),
        ('"nonce_required":"false","nonce":true', OAuth(OPENID, "game")),
        ('"scopes":["openid","",7]', OAuth(OPENID, "game", ("openid",))),
        ('"scopes":"openid"', OAuth(OPENID, "game")),
        ('"client_id":7', None),
        ('"location":null', None),
    ],
)
def test_provider_of_an_offer_is_read_as_far_as_it_is_good(members: str, expected: OAuth | None) -> None:
    offer = f'Char.Login.Default {{"version":2,"type":["oauth"],"location":"{OPENID}","client_id":"game",{members}}}'
    session, _ = served([GMCP], negotiate(WILL, constants.GMCP), role=Role.CLIENT)
    session.client.tls = True
    deliver(session, subnegotiation(constants.GMCP, offer.encode()))

    assert session[GMCP].login.oauth == expected


# Version 2: senders refuse what makes no sense


@pytest.mark.parametrize("version", [0, 3, "2"])
def test_offer_of_another_version_is_refused(pair: Pair, version: Any) -> None:
    with pytest.raises(ValueError, match="must be 1 or 2, not"):
        offer_login(pair.server[GMCP], version=version)


@pytest.mark.parametrize("location", ["example.org", "file:///etc/passwd", "https://a b/", "https://a/\n"])
def test_location_that_is_no_web_page_is_refused(newer: Pair, location: str) -> None:
    with pytest.raises(ValueError, match="the location must be an address of https or http"):
        offer_login(newer.server[GMCP], (OAUTH,), location, version=2)


def test_provider_without_a_location_is_refused(newer: Pair) -> None:
    with pytest.raises(ValueError, match="needs the location"):
        offer_login(newer.server[GMCP], version=2, client_id="game")


@pytest.mark.parametrize(
    "url", ["", "example.org", "file:///etc/passwd", "javascript:alert(1)", "https://a b", "http://"]
)
def test_page_that_is_no_web_page_is_refused(newer: Pair, url: str) -> None:
    with pytest.raises(ValueError, match="address of https or http"):
        send_login_url(newer.server[GMCP], url)


@pytest.mark.parametrize(
    "send",
    [
        lambda gmcp: send_login_token(gmcp, "", "t"),
        lambda gmcp: send_login_token(gmcp, "a", ""),
        lambda gmcp: replay_token(gmcp, "", "t"),
        lambda gmcp: replay_token(gmcp, "a", ""),
        lambda gmcp: resume_login(gmcp, "", "p"),
        lambda gmcp: resume_login(gmcp, "a", ""),
        lambda gmcp: send_auth_code(gmcp, "", "v", "r"),
        lambda gmcp: send_auth_code(gmcp, "c", "", "r"),
        lambda gmcp: send_auth_code(gmcp, "c", "v", ""),
    ],
    ids=range(9),
)
def test_sign_in_that_lacks_something_is_refused_on_any_connection(pair: Pair, newer: Pair, send: Any) -> None:
    for session in (pair.server, pair.client, newer.server, newer.client):
        with pytest.raises(ValueError, match="must not be empty"):
            send(session[GMCP])


@pytest.mark.parametrize("storage", [1, "true", 0])
def test_storage_that_is_no_boolean_is_refused(storage: Any) -> None:
    with pytest.raises(TypeError, match="must be True, False or None, not"):
        GMCP("Name", token_storage=storage)


# Version 2: what comes


@pytest.mark.parametrize(
    ("members", "event"),
    [
        ('"account":"bob","provider":"google"', ("on_login_resume", "bob", "google")),
        ('"account":"bob","provider":"google","password":null', ("on_login_resume", "bob", "google")),
        ('"account":"bob","provider":"google","password":""', ("on_login_resume", "bob", "google")),
        ('"account":"bob","version":"2"', ("on_login_resume", "bob", "")),
        ('"account":"bob","version":2,"provider":{}', ("on_login_resume", "bob", "")),
        ('"account":"bob","password":"x","provider":"google","version":2', ("on_login_credentials", "bob", "x")),
        ('"account":"bob","password":"x","version":2,"token_storage":true', ("on_login_credentials", "bob", "x")),
        ('"account":"bob","password":""', ("on_login_credentials", "bob", "")),
        ('"account":"","password":"","version":2', ("on_login_declined",)),
        ('"provider":"google","version":2', ("on_login_declined",)),
    ],
)
def test_credentials_without_a_password_resume(members: str, event: tuple[Any, ...]) -> None:
    assert logins(server_hears(f"Char.Login.Credentials {{{members}}}")) == [event]


@pytest.mark.parametrize(
    "text",
    [
        'Credentials {"account":["bob"],"provider":"google","version":2}',
        'Credentials {"account":"bob","password":7,"version":2}',
        'Reconnect {"account":"bob"}',
        'Reconnect {"account":"bob","token":""}',
        'Reconnect {"account":7,"token":"s3cr3t"}',
        'Reconnect "s3cr3t"',
        "Reconnect bob s3cr3t",
        'AuthCode {"code":"s3cr3t","code_verifier":"v"}',
        'AuthCode {"code":["s3cr3t"],"code_verifier":"v","redirect_uri":"r"}',
        "AuthCode s3cr3t",
        'Token {"account":"bob","token":"s3cr3t"}',
        'Unheard.Of {"key":"s3cr3t"}',
    ],
)
def test_sign_in_that_is_none_is_reported_without_the_secret(text: str) -> None:
    for name in ("Char.Login.", "char.login.", "CHAR.LOGIN."):
        [(event, _, excerpt)] = logins(server_hears(name + text))

        assert (event, excerpt) == ("on_protocol_error", b"Char.Login")


@pytest.mark.parametrize(
    "text",
    [
        'Token {"account":"bob"}',
        'Token {"token":"s3cr3t"}',
        'Token {"account":"bob","token":7}',
        "Token s3cr3t",
        'Token {"account":"bob","token":"s3cr3t",}',
        'URL {"url":"file:///s3cr3t"}',
        'URL {"url":"https://example.org/s3cr3t\\u001b[2J"}',
        'URL {"url":"https://example.org/ s3cr3t"}',
        "URL https://example.org/s3cr3t",
        'Default {"version":2}',
        "Default s3cr3t",
        "Result s3cr3t",
        'Credentials {"account":"bob","password":"s3cr3t"}',
        'Reconnect {"account":"bob","token":"s3cr3t"}',
    ],
)
def test_message_of_a_server_that_is_none_is_reported_without_the_secret(text: str) -> None:
    events = logins(client_hears(f"Char.Login.{text}"))

    assert [event for event in events if event[0] != "on_gmcp"] == [("on_protocol_error", events[0][1], b"Char.Login")]
    assert "s3cr3t" not in repr(events)


@pytest.mark.parametrize("url", ["HTTPS://example.org/é?a=b#c", "http://127.0.0.1:8080", " https://example.org "])
def test_page_to_sign_in_on_may_be_any_web_page(url: str) -> None:
    assert logins(client_hears(f'Char.Login.URL {{"url":"{url}","provider":7}}')) == [("on_login_url", url.strip(), "")]


def test_name_of_a_provider_is_fit_to_be_shown() -> None:
    provider = '"provider":"goo\\u001b]8;;\\ngle"'
    at_client = client_hears(f'Char.Login.URL {{"url":"https://example.org/",{provider}}}')
    at_server = server_hears(f'Char.Login.Credentials {{"account":"bob",{provider}}}')

    assert logins(at_client) == [("on_login_url", "https://example.org/", "goo]8;;gle")]
    assert logins(at_server) == [("on_login_resume", "bob", "goo]8;;gle")]


@pytest.mark.parametrize(
    ("said", "secure_only"), [("true", True), ('"FALSE"', False), ('"1"', True), ("0", False), ("null", False)]
)
def test_bound_of_a_token_may_be_written_in_other_ways(said: str, secure_only: bool) -> None:
    handler = client_hears(f'Char.Login.Token {{"account":"bob","token":"t","secure_only":{said}}}')

    assert logins(handler) == [("on_login_token", "bob", "t", secure_only)]


@pytest.mark.parametrize("said", ["2", '"yes"', "[]", "{}"])
@pytest.mark.parametrize("tls", [False, True])
def test_bound_of_a_token_that_is_none_is_that_of_its_connection_and_reported(said: str, tls: bool) -> None:
    session, handler = served([GMCP], negotiate(WILL, constants.GMCP), role=Role.CLIENT)
    session.client.tls = tls
    message = f'Char.Login.Token {{"account":"bob","token":"t","secure_only":{said}}}'
    deliver(session, subnegotiation(constants.GMCP, message.encode()))

    reason = "GMCP: whether a token is for TLS alone is true or false"
    assert logins(handler) == [
        ("on_login_token", "bob", "t", tls),
        ("on_protocol_error", reason, b"Char.Login"),
    ]


@pytest.mark.parametrize("said", ['" True "', '"TRUE"', "1.0"])
def test_success_may_be_written_in_more_ways(said: str) -> None:
    assert client_hears(f'Char.Login.Result {{"success":{said}}}').named("on_login_result")[0][1] is True


# What goes no further


SECRETS = [
    'Char.Login.Credentials {"account":"bob","password":"s3cr3t"}',
    'Char.Login.Credentials{"account":"bob","password":"s3cr3t"}',
    'char.login.credentials\t{"account":"bob","password":"s3cr3t"}\0',
    'Char.Login.Reconnect {"account":"bob","token":"s3cr3t"}',
    'Char.Login.AuthCode {"code":"s3cr3t","code_verifier":"s3cr3t","redirect_uri":"r"}',
    'Char.Login.Token {"account":"bob","token":"s3cr3t"}',
    'Char.Login.URL {"url":"https://example.org/s3cr3t"}',
    'Char.Login.Later {"key":"s3cr3t"}',
    'CHAR.LOGIN {"name":"bob","password":"s3cr3t"}',
    "Char.Login.Credentials bob s3cr3t",
    "Char.Login bob s3cr3t",
    "Char.Login.Default s3cr3t",
    "Char.Login.Result s3cr3t",
]


@pytest.mark.parametrize("hears", [server_hears, client_hears])
@pytest.mark.parametrize("text", SECRETS)
def test_no_secret_of_a_login_reaches_on_gmcp_or_an_excerpt(hears: Any, text: str) -> None:
    handler = hears(text)

    assert not handler.named("on_gmcp")
    assert "s3cr3t" not in repr(handler.named("on_protocol_error"))


@pytest.mark.parametrize(
    "package", ["Char.Login.Credentials", "char.login.token", "Char.Login", "Char.Login.Reconnect", "Char.Login.X"]
)
def test_no_method_of_a_program_is_given_a_secret_of_a_login(package: str) -> None:
    with pytest.raises(ValueError, match="on_login events of the handler"):
        GMCP(events={package: "on_secret"})


@pytest.mark.parametrize("package", ["Char.Login.Default", "char.login.result", "Char.LoginX", "Char"])
def test_method_of_a_program_may_have_what_is_no_secret(package: str) -> None:
    GMCP(events={package: "on_message"})


@pytest.mark.parametrize("text", SECRETS)
@pytest.mark.parametrize("role", list(Role))
def test_nothing_that_can_be_printed_holds_a_secret(role: Role, text: str) -> None:
    session, _ = served([GMCP], negotiate(DO, constants.GMCP) + negotiate(WILL, constants.GMCP), role=role)
    deliver(session, subnegotiation(constants.GMCP, text.encode()))

    gmcp = session[GMCP]
    assert "s3cr3t" not in repr((session, session.client, gmcp, gmcp.login, vars(gmcp), vars(gmcp.login)))


def test_token_that_was_sent_is_in_nothing_that_can_be_printed(newer: Pair) -> None:
    replay_token(newer.client[GMCP], "ada", "s3cr3t")
    newer.run()
    answer_login(newer.server[GMCP], False, "No.")
    newer.run()

    assert "s3cr3t" not in repr((newer.client[GMCP], newer.client[GMCP].login))


# The GMCP of Iron Realms


@pytest.mark.parametrize("name", ["Char.Login", "char.login"])
def test_login_of_iron_realms_is_one(name: str) -> None:
    assert logins(server_hears(f'{name} {{ "name": "ada", "password": "lovelace" }}')) == [
        ("on_login_credentials", "ada", "lovelace")
    ]


@pytest.mark.parametrize("body", ["", "{}", '"ada"', '{"name":"","password":"x"}', '{"name":"ada","password":1}'])
def test_login_of_iron_realms_that_is_none_is_reported(body: str) -> None:
    [(event, _, excerpt)] = logins(server_hears(f"Char.Login {body}"))

    assert (event, excerpt) == ("on_protocol_error", b"Char.Login")


# The wrong side


def test_result_and_offer_to_a_server_are_only_messages() -> None:
    for text in ('Char.Login.Result {"success":true}', 'Char.Login.Default {"type":["oauth"]}'):
        handler = server_hears(text)

        assert [event[0] for event in logins(handler)] == ["on_gmcp"]
