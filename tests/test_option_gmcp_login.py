"""Char.Login of GMCP: a login that nobody types."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from session_support import Pair, Recorder, every_cut, served

from telnet import constants
from telnet.constants import DO, IAC, SB, SE, WILL
from telnet.encode import negotiate, subnegotiation
from telnet.options import GMCP, Role
from telnet.options.gmcp_login import answer_login, offer_login, send_credentials

SUPPORTS = 'Core.Supports.Set ["Char.Login 1"]'


@pytest.fixture(autouse=True, scope="module")
def _both_parsers(parser_module: ModuleType) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("telnet.session.Parser", parser_module.Parser)
        yield


@pytest.fixture
def pair() -> Pair:
    """A client that can log in by itself, and its server, which have introduced themselves."""
    return Pair([GMCP], [GMCP("Name", "1", {"Char": 1, "Char.Login": 1})]).start().clear()


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
    "body", ['"ada"', "7", '{"account":"ada"}', '{"account":1,"password":"x"}', '{"account":"ada",']
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


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"type":"oauth"}', '{"type":[1]}'])
def test_offer_that_does_not_say_its_types_is_reported(body: str) -> None:
    handler = client_hears(f"Char.Login.Default {body}")

    assert not handler.named("on_login_offer")
    assert len(handler.named("on_protocol_error")) == 1


def test_offer_with_a_location_that_is_none_is_taken() -> None:
    handler = client_hears('Char.Login.Default {"type":["password-credentials"],"location":[]}')

    assert handler.named("on_login_offer") == [("on_login_offer", ("password-credentials",), "")]


def test_message_to_the_wrong_side_is_only_a_message() -> None:
    at_server = server_hears('Char.Login.Result {"success":true}')
    at_client = client_hears('Char.Login.Credentials {"account":"a","password":"b"}')

    assert [event[0] for event in at_server.events if "login" in event[0]] == []
    assert [event[0] for event in at_client.events if "login" in event[0]] == []
    assert len(at_server.named("on_gmcp")) == len(at_client.named("on_gmcp")) == 1
