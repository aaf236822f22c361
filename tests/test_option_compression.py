"""MCCP2 and MCCP3: who offers, who compresses, when it begins and ends; every rule over both parsers."""

from __future__ import annotations

import zlib
from types import ModuleType
from typing import Any

import pytest
from session_support import Pair, served

from telnet import negotiate, subnegotiation
from telnet.constants import DO, DONT, WILL, WONT, option_name
from telnet.negotiation import Side
from telnet.options import MCCP2, MCCP3, CompressionOption, Role
from telnet.options.option import TOO_MANY


@pytest.fixture(autouse=True)
def parser(parser_module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("telnet.session.Parser", parser_module.Parser)


both = pytest.mark.parametrize("option", [MCCP2, MCCP3])


@both
def test_the_server_offers_and_the_client_agrees(option: type[CompressionOption]) -> None:
    pair = Pair((option,)).start()

    assert bytes(pair.sent_by_server[:3]) == negotiate(WILL, option.code)
    assert bytes(pair.sent_by_client[:3]) == negotiate(DO, option.code)


@both
def test_the_one_compresses_and_the_other_inflates(option: type[CompressionOption]) -> None:
    pair = Pair((option,)).start()
    sides = {Role.SERVER: pair.server, Role.CLIENT: pair.client}
    compresses = sides.pop(option.compresses)
    [inflates] = sides.values()

    assert (compresses.compressing, compresses.inflating) == (True, False)
    assert (inflates.compressing, inflates.inflating) == (False, True)


def test_both_directions_are_compressed_at_once() -> None:
    pair = Pair((MCCP3, MCCP2)).start()
    pair.server.send_line("Welcome")
    pair.client.send_line("look")
    pair.run()

    assert pair.at_client.named("on_line") == [("on_line", "Welcome")]
    assert pair.at_server.named("on_line") == [("on_line", "look")]


@both
def test_a_stream_ends_where_it_is_ended_and_begins_again(option: type[CompressionOption]) -> None:
    pair = Pair((option,)).start()
    writer = pair.server if option is MCCP2 else pair.client
    reader = pair.at_client if option is MCCP2 else pair.at_server
    sent = pair.sent_by_server if option is MCCP2 else pair.sent_by_client
    sent.clear()

    writer[option].end()
    writer.send_line("plain")
    pair.run()
    assert sent.endswith(b"plain\r\n")
    writer[option].begin()
    writer[option].begin()
    writer.send_line("compressed")
    pair.run()

    assert b"compressed" not in sent
    assert reader.named("on_line") == [("on_line", "plain"), ("on_line", "compressed")]


def test_the_server_asks_the_client_to_end_with_wont() -> None:
    pair = Pair((MCCP3,)).start()
    pair.server[MCCP3].refuse(Side.LOCAL)
    pair.run()
    pair.client.send_line("look")
    pair.run()

    assert pair.sent_by_client.endswith(b"look\r\n")
    assert pair.at_server.named("on_line", "on_protocol_error") == [("on_line", "look")]


def test_the_client_ends_what_it_receives_with_dont() -> None:
    pair = Pair((MCCP2,)).start()
    pair.client[MCCP2].refuse(Side.REMOTE)
    pair.run()
    pair.server.send_line("Welcome")
    pair.run()

    assert pair.sent_by_server.endswith(b"Welcome\r\n")
    assert pair.at_client.named("on_line", "on_protocol_error") == [("on_line", "Welcome")]


@both
def test_nothing_is_compressed_over_tls_unless_that_is_asked_for(option: type[CompressionOption]) -> None:
    for tls, offered in ((False, b""), (True, negotiate(WILL, option.code))):
        pair = Pair((option(tls=tls),))
        pair.server.client.tls = True
        pair.server.start(0.0)
        assert pair.server.take() == offered


@both
def test_an_offer_over_tls_is_declined(option: type[CompressionOption]) -> None:
    pair = Pair((option,))
    pair.client.client.tls = True
    pair.start()

    assert bytes(pair.sent_by_client) == negotiate(DONT, option.code)


def test_the_end_that_inflates_cannot_begin_or_end() -> None:
    pair = Pair((MCCP2,)).start()

    for action in (pair.client[MCCP2].begin, pair.client[MCCP2].end):
        with pytest.raises(RuntimeError, match="MCCP2 compresses what the server sends"):
            action()


def test_a_stream_that_the_inflating_end_begins_is_an_error() -> None:
    session, handler = served((MCCP2,), negotiate(DO, MCCP2.code) + subnegotiation(MCCP2.code, b"") + b"look\r\n")

    assert handler.named("on_line", "on_protocol_error") == [
        ("on_protocol_error", "MCCP2: this end compresses, the peer must not", b""),
        ("on_line", "look"),
    ]
    assert not session.inflating


@both
def test_a_start_with_bytes_too_many_is_a_start_and_they_are_reported(option: type[CompressionOption]) -> None:
    role = Role.CLIENT if option is MCCP2 else Role.SERVER
    agreed = negotiate(WILL, option.code) + negotiate(DO, option.code)

    session, handler = served(
        [option], agreed + subnegotiation(option.code, b"x") + zlib.compress(b"a line\n"), role=role
    )

    name = option_name(option.code)
    assert handler.named("on_protocol_error", "on_line") == [
        ("on_protocol_error", f"{name}: {TOO_MANY}", b"x"),
        ("on_line", "a line"),
    ]
    assert not session.inflating


def test_the_option_that_the_peer_declined_is_not_begun() -> None:
    session, _ = served((MCCP2,), negotiate(DONT, MCCP2.code))
    session.take()
    session[MCCP2].begin()

    assert not session.compressing
    assert session.take() == b""


def test_mccp1_is_refused() -> None:
    session, _ = served((MCCP2, MCCP3), negotiate(WILL, b"\x55") + negotiate(DO, b"\x55"))

    assert session.take().endswith(negotiate(DONT, b"\x55") + negotiate(WONT, b"\x55"))


@pytest.mark.parametrize("settings", [{"level": 10}, {"window": 8}, {"mem_level": 0}])
def test_settings_are_checked_where_they_are_written(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(settings))} must be"):
        MCCP2(**settings)
