from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from session_support import Pair, Recorder, deliver, every_cut, served
from traces import TRACES, segments

from telnet import Limits
from telnet.client import MTTS
from telnet.constants import DO, DONT, WILL, WONT
from telnet.constants import MSDP as CODE
from telnet.encode import negotiate, subnegotiation
from telnet.events import Option, Subnegotiation, parse
from telnet.negotiation import Side
from telnet.options import GMCP, MSDP, Role
from telnet.options.msdp_codec import decode, encode
from telnet.session import Session

GAME = MSDP(reportable=("HEALTH", "MANA"), sendable=("SERVER_ID",), configurable=("PROMPT",))

ON = negotiate(DO, CODE)


@pytest.fixture(autouse=True, scope="module")
def both_parsers(parser_module: ModuleType) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("telnet.session.Parser", parser_module.Parser)
        yield


def game(*received: bytes, option: MSDP = GAME, limits: Limits | None = None) -> tuple[Session, Recorder]:
    """A server on which MSDP is on, after its opening and these payloads."""
    session, handler = served((option,), ON, limits=limits)
    session.take()
    for payload in received:
        deliver(session, subnegotiation(CODE, payload))
    return session, handler


def ask(name: str, *values: Any) -> bytes:
    return subnegotiation(CODE, encode(name, *values))


def said(session: Session) -> list[tuple[str, Any]]:
    """The variables in what a session sends, where that is MSDP alone."""
    variables = []
    for event in parse(session.take()):
        assert isinstance(event, Subnegotiation)
        assert event.option == CODE
        variables += decode(event.data)
    return variables


def connected() -> Pair:
    return Pair((GAME,)).start().clear()


# Agreeing


def test_the_server_offers_it_and_the_client_agrees() -> None:
    pair = Pair((GAME,)).start()

    assert pair.said_by_server == [Option(WILL, CODE)]
    assert pair.said_by_client == [Option(DO, CODE)]


def test_nobody_waits_for_it() -> None:
    _, handler = served((GAME,))

    assert handler.named("on_ready") == [("on_ready",)]


def test_a_server_refuses_a_client_that_offers_it() -> None:
    session, _ = served((GAME,), negotiate(WILL, CODE))

    assert parse(session.take()) == [Option(WILL, CODE), Option(DONT, CODE)]


# Asking and being told


def test_a_reported_variable_is_sent_at_once_and_when_it_changes() -> None:
    pair = connected()
    pair.server[MSDP].set("HEALTH", 90)
    pair.client[MSDP].command("REPORT", "HEALTH", "MANA")
    pair.run()
    pair.server[MSDP].set("HEALTH", 80)
    pair.run()
    pair.server[MSDP].set("MANA", 5)
    pair.run()

    assert pair.at_client.events == [
        ("on_msdp", "HEALTH", "90"),
        ("on_msdp", "HEALTH", "80"),
        ("on_msdp", "MANA", "5"),
    ]
    assert pair.said_by_client == [Subnegotiation(CODE, b"\x01REPORT\x02HEALTH\x02MANA")]
    assert pair.said_by_server[0] == Subnegotiation(CODE, b"\x01HEALTH\x0290")


def test_what_changes_in_one_turn_leaves_in_one_subnegotiation_with_the_last_values() -> None:
    session, _ = game(encode("REPORT", "HEALTH", "MANA"))
    for health in (3, 2, 1):
        session[MSDP].set("HEALTH", health)
    session[MSDP].set("MANA", 7)

    assert session.take() == subnegotiation(CODE, b"\x01HEALTH\x021\x01MANA\x027")
    assert session.take() == b""


def test_set_says_whether_the_client_is_told() -> None:
    session, _ = game(encode("REPORT", "HEALTH"))

    assert session[MSDP].set("HEALTH", 90) is True
    assert session[MSDP].set("HEALTH", "90") is False
    assert session[MSDP].set("MANA", 5) is False


def test_a_variable_that_is_not_reported_is_not_sent() -> None:
    session, _ = game()

    session[MSDP].set("HEALTH", 90)

    assert session.take() == b""


def test_a_variable_without_a_value_is_sent_when_it_has_one() -> None:
    session, _ = game(encode("REPORT", "HEALTH"), encode("SEND", "SERVER_ID"))
    assert session.take() == b""

    session[MSDP].set("HEALTH", 90)

    assert said(session) == [("HEALTH", "90")]


def test_a_change_inside_of_a_value_is_not_seen_until_it_is_set() -> None:
    session, _ = game(encode("REPORT", "HEALTH"))
    value = ["a"]
    session[MSDP].set("HEALTH", value)
    value.append("b")

    assert said(session) == [("HEALTH", ["a"])]
    assert session[MSDP].set("HEALTH", value)
    assert said(session) == [("HEALTH", ["a", "b"])]


def test_unreport_ends_the_reports() -> None:
    session, _ = game(encode("REPORT", "HEALTH", "MANA"), encode("UNREPORT", "HEALTH", "SERVER_ID"))

    assert session[MSDP].reported == ("MANA",)
    assert session[MSDP].set("HEALTH", 90) is False


@pytest.mark.parametrize("what", ["REPORTABLE_VARIABLES", "REPORTED_VARIABLES"])
def test_reset_forgets_all_reports(what: str) -> None:
    session, _ = game(encode("REPORT", "HEALTH", "MANA"), encode("RESET", what))

    assert session[MSDP].reported == ()


def test_reset_of_another_list_changes_nothing() -> None:
    session, handler = game(encode("REPORT", "HEALTH"), encode("RESET", "SENDABLE_VARIABLES", "CHESS_MINIGAME"))

    assert session[MSDP].reported == ("HEALTH",)
    assert handler.named("on_protocol_error") == []


def test_send_sends_once() -> None:
    session, _ = game()
    session[MSDP].set("HEALTH", 90)
    session[MSDP].set("SERVER_ID", "Ours")

    deliver(session, ask("SEND", "SERVER_ID", "HEALTH"))

    assert session.take() == subnegotiation(CODE, b"\x01SERVER_ID\x02Ours\x01HEALTH\x0290")
    assert session[MSDP].set("SERVER_ID", "Theirs") is False


def test_a_variable_that_is_only_sendable_is_not_reported() -> None:
    session, _ = game(encode("REPORT", "SERVER_ID"))

    assert session[MSDP].reported == ()


@pytest.mark.parametrize(
    ("what", "names"),
    [
        ("COMMANDS", ["LIST", "REPORT", "RESET", "SEND", "UNREPORT"]),
        (
            "LISTS",
            [
                "COMMANDS",
                "LISTS",
                "CONFIGURABLE_VARIABLES",
                "REPORTABLE_VARIABLES",
                "REPORTED_VARIABLES",
                "SENDABLE_VARIABLES",
            ],
        ),
        ("CONFIGURABLE_VARIABLES", ["CLIENT_NAME", "CLIENT_VERSION", "PLUGIN_ID", "PROMPT"]),
        ("REPORTABLE_VARIABLES", ["HEALTH", "MANA"]),
        ("REPORTED_VARIABLES", ["MANA"]),
        ("SENDABLE_VARIABLES", ["HEALTH", "MANA", "SERVER_ID"]),
    ],
)
def test_list_answers_with_an_array(what: str, names: list[str]) -> None:
    session, _ = game(encode("REPORT", "MANA"), encode("LIST", what))

    assert said(session) == [(what, names)]


def test_list_answers_with_an_array_even_of_nothing() -> None:
    session, _ = game(encode("LIST", "REPORTED_VARIABLES"))

    assert session.take() == subnegotiation(CODE, b"\x01REPORTED_VARIABLES\x02\x05\x06")


def test_names_are_taken_from_an_array_as_from_several_values() -> None:
    session, _ = game(encode("REPORT", ["HEALTH", "MANA"]))

    assert session[MSDP].reported == ("HEALTH", "MANA")


def test_names_in_a_table_are_none() -> None:
    session, _ = game(encode("REPORT", {"HEALTH": "MANA"}), encode("REPORT", "x", ["HEALTH"]))

    assert session[MSDP].reported == ()


def test_unknown_names_in_commands_are_left_out() -> None:
    session, handler = game(
        *(encode(command, "GOLD", "", "LIST") for command in ("REPORT", "SEND", "LIST", "UNREPORT"))
    )

    assert session.take() == b""
    assert handler.named("on_protocol_error") == []


def test_list_sends_lists_and_send_sends_variables() -> None:
    session, _ = game()
    session[MSDP].set("HEALTH", 90)

    deliver(session, ask("LIST", "HEALTH") + ask("SEND", "COMMANDS"))

    assert session.take() == b""


def test_several_commands_stand_in_one_subnegotiation() -> None:
    session, _ = game(encode("REPORT", "HEALTH") + encode("REPORT", "MANA") + encode("LIST", "REPORTED_VARIABLES"))

    assert said(session) == [("REPORTED_VARIABLES", ["HEALTH", "MANA"])]


# What the client sets


def test_a_configurable_variable_is_told_to_the_program() -> None:
    pair = connected()

    pair.client[MSDP].command("PROMPT", {"COLOUR": True})
    pair.run()

    assert pair.at_server.events == [("on_msdp", "PROMPT", {"COLOUR": "1"})]


def test_of_several_values_for_one_variable_in_a_message_the_last_counts() -> None:
    _, handler = game(encode("PROMPT", "a") * 1000 + encode("PROMPT", "b"))

    assert handler.named("on_msdp") == [("on_msdp", "PROMPT", "b")]


def test_client_name_and_version_are_known_of_the_client_in_any_game() -> None:
    session, handler = game(encode("CLIENT_NAME", "Mudlet") + encode("CLIENT_VERSION", "4.17"), option=MSDP())

    assert session.client.name == "Mudlet"
    assert session.client.version == "4.17"
    assert handler.named("on_msdp", "on_protocol_error") == []


def test_a_plugin_is_told_to_the_program_in_any_game() -> None:
    _, handler = game(encode("PLUGIN_ID", "gauges-7"), option=MSDP())

    assert handler.named("on_msdp", "on_protocol_error") == [("on_msdp", "PLUGIN_ID", "gauges-7")]


def test_switches_that_clients_set_in_any_game_are_known_of_the_client() -> None:
    session, handler = game(encode("ANSI_COLORS", 1), option=MSDP())
    assert session.client.colours == 8

    deliver(session, ask("XTERM_256_COLORS", 1) + ask("ANSI_COLORS", 1) + ask("UTF_8", 1))
    assert (session.client.colours, session.client.utf8) == (256, True)

    deliver(session, ask("XTERM_256_COLORS", 0) + ask("UTF_8", 0))
    assert (session.client.colours, session.client.utf8) == (256, False)
    assert handler.named("on_msdp", "on_protocol_error") == []


def test_text_follows_the_switch_of_utf_8() -> None:
    session, _ = game(encode("UTF_8", 0))
    session.send("caf\xe9")
    assert session.take() == b"caf\xe9"

    deliver(session, ask("UTF_8", 1))
    session.send("caf\xe9")
    assert session.take() == "caf\xe9".encode()


def test_switches_leave_each_other_alone() -> None:
    session, _ = game(encode("UTF_8", 1) + encode("XTERM_256_COLORS", 1), encode("XTERM_256_COLORS", 0))

    assert session.client.mtts == MTTS.UTF_8


def test_a_switch_says_less_of_utf_8_than_a_charset() -> None:
    session, _ = game()
    session.client.learn(charset="UTF-8", utf8=True)

    deliver(session, ask("UTF_8", 0))

    assert session.client.utf8 is True


@pytest.mark.parametrize("value", ["", "yes", ["1"], {"1": "1"}])
def test_a_switch_that_is_neither_on_nor_off_says_nothing(value: Any) -> None:
    session, handler = game(encode("UTF_8", value) + encode("XTERM_256_COLORS", value))

    assert (session.client.colours, session.client.utf8) == (0, None)
    assert handler.named("on_msdp", "on_protocol_error") == []


def test_a_switch_that_is_declared_is_told_to_the_program_too() -> None:
    session, handler = game(encode("UTF_8", 1), option=MSDP(configurable=("UTF_8",)))

    assert handler.named("on_msdp") == [("on_msdp", "UTF_8", "1")]
    assert session.client.utf8 is True


def test_the_old_name_of_the_name_counts_where_there_is_no_other() -> None:
    session, handler = game(encode("CLIENT_ID", "MUSHclient"), encode("CLIENT_ID", "x\n"), option=MSDP())
    assert session.client.name == "MUSHclient"

    deliver(session, ask("CLIENT_NAME", "Mudlet") + ask("CLIENT_ID", "Other"))
    assert session.client.name == "Mudlet"
    assert handler.named("on_msdp", "on_protocol_error") == []


def test_names_and_commands_are_compared_with_their_case() -> None:
    session, handler = game(encode("list", "COMMANDS"), encode("LIST", "commands"), encode("prompt", "x"))

    assert session.take() == b""
    assert [excerpt for _, _, excerpt in handler.named("on_msdp", "on_protocol_error")] == [b"list", b"prompt"]


@pytest.mark.parametrize("name", ["", "x" * 65, "a\x1b[2J", ["Mudlet"], {"a": "b"}])
def test_a_client_name_that_is_none_is_reported(name: Any) -> None:
    session, handler = game(encode("CLIENT_NAME", name))

    assert session.client.name == ""
    assert handler.named("on_protocol_error") == [
        ("on_protocol_error", "MSDP: CLIENT_NAME is not 1 to 64 printable characters", b"")
    ]


def test_a_variable_that_is_not_configurable_is_reported_once_a_message() -> None:
    _, handler = game(encode("HEALTH", 1000) + encode("GOLD", 1), encode("GOLD", 2))

    assert handler.named("on_msdp", "on_protocol_error") == [
        ("on_protocol_error", "MSDP: not a command, nor a variable to be set", b"HEALTH, GOLD"),
        ("on_protocol_error", "MSDP: not a command, nor a variable to be set", b"GOLD"),
    ]


# Declaring and setting


@pytest.mark.parametrize("setting", ["reportable", "sendable", "configurable"])
def test_names_are_checked_where_they_are_declared(setting: str) -> None:
    declare: Any = MSDP
    with pytest.raises(TypeError, match=rf"^{setting} must be several names, such as \('HEALTH',\), not one$"):
        declare(**{setting: "HEALTH"})
    with pytest.raises(TypeError, match="^a name must be str, not int$"):
        declare(**{setting: [1]})
    with pytest.raises(ValueError, match="^a name must not be empty$"):
        declare(**{setting: [""]})


@pytest.mark.parametrize("name", ["REPORT", "LISTS"])
def test_a_name_of_the_protocol_is_no_variable(name: str) -> None:
    with pytest.raises(ValueError, match=f"^reportable variable '{name}' has the name of a command or a list of MSDP$"):
        MSDP(reportable=(name,))


def test_a_variable_that_was_not_declared_has_no_value() -> None:
    session, _ = game()

    with pytest.raises(ValueError, match="^variable 'GOLD' is neither reportable nor sendable: give it to MSDP"):
        session[MSDP].set("GOLD", 1)


def test_a_value_that_cannot_be_sent_is_refused_when_it_is_set() -> None:
    session, _ = game(limits=Limits(nesting=1))

    with pytest.raises(ValueError, match="hold no characters from 0 to 6"):
        session[MSDP].set("HEALTH", "\x01")
    with pytest.raises(ValueError, match="more than 1 times"):
        session[MSDP].set("HEALTH", [[]])
    with pytest.raises(TypeError, match="not object"):
        session[MSDP].set("HEALTH", object())


def test_connections_of_one_template_share_no_values() -> None:
    first, _ = game()
    second, _ = game(encode("REPORT", "HEALTH"))

    first[MSDP].set("HEALTH", 90)

    assert second.take() == b""
    assert first[MSDP].reported == ()


# Sizes


def test_what_leaves_is_cut_into_subnegotiations_of_8_kib() -> None:
    names = [f"V{number}" for number in range(40)]
    session, _ = game(encode("REPORT", *names), option=MSDP(reportable=names))
    for name in names:
        session[MSDP].set(name, "x" * 500)

    payloads = [event.data for event in parse(session.take()) if isinstance(event, Subnegotiation)]

    assert [name for payload in payloads for name, _ in decode(payload)] == names
    assert len(payloads) == 3
    assert max(map(len, payloads)) <= 8192


def test_a_variable_that_is_larger_leaves_alone() -> None:
    session, _ = game(encode("REPORT", "HEALTH", "MANA"))
    session[MSDP].set("HEALTH", "x" * 10_000)
    session[MSDP].set("MANA", 1)

    assert [len(event.data) for event in parse(session.take()) if isinstance(event, Subnegotiation)] == [10_008, 7]


def test_a_client_asks_for_no_more_reports_than_the_limit() -> None:
    names = [f"V{number}" for number in range(5)]
    session, handler = game(encode("REPORT", *names) * 2, option=MSDP(reportable=names), limits=Limits(variables=3))

    assert session[MSDP].reported == ("V0", "V1", "V2")
    assert handler.named("on_protocol_error") == [
        ("on_protocol_error", "MSDP: more than 3 variables to be reported", b"V3, V4")
    ]


def test_a_flood_of_requests_has_one_answer_a_turn() -> None:
    session, _ = game(*[encode("LIST", "COMMANDS") * 100, encode("REPORT", *["HEALTH"] * 100)] * 10)
    session[MSDP].set("HEALTH", 90)

    assert [name for name, _ in said(session)] == ["COMMANDS", "HEALTH"]


# Off


def test_while_it_is_off_nothing_is_sent_and_values_are_kept() -> None:
    session, _ = served((GAME,))
    session.take()

    assert session[MSDP].set("HEALTH", 90) is False
    assert session.take() == b""
    deliver(session, ON + ask("SEND", "HEALTH"))
    assert said(session) == [("HEALTH", "90")]


def test_a_command_is_not_sent_to_a_server_that_did_not_offer_it() -> None:
    session, _ = served((MSDP,), role=Role.CLIENT)

    assert session[MSDP].command("LIST", "COMMANDS") is False
    assert session.take() == b""


def test_a_command_says_that_it_was_sent() -> None:
    session, _ = served((MSDP,), negotiate(WILL, CODE), role=Role.CLIENT)

    assert session[MSDP].command("LIST", "COMMANDS") is True
    assert session.take() == ON + subnegotiation(CODE, b"\x01LIST\x02COMMANDS")


@pytest.mark.parametrize("received", [b"", negotiate(WILL, CODE)])
def test_a_command_is_checked_whether_it_can_be_sent_or_not(received: bytes) -> None:
    session, _ = served((MSDP,), received, role=Role.CLIENT)

    with pytest.raises(ValueError, match="^a name must not be empty$"):
        session[MSDP].command("", "COMMANDS")


def test_a_copyover_forgets_reports_and_keeps_values() -> None:
    pair = connected()
    pair.server[MSDP].set("HEALTH", 90)
    pair.client[MSDP].command("REPORT", "HEALTH")
    pair.run().clear()

    pair.server[MSDP].refuse(Side.LOCAL)
    pair.run()
    assert pair.server[MSDP].reported == ()
    pair.server[MSDP].offer()
    pair.run()
    pair.client[MSDP].command("REPORT", "HEALTH")
    pair.run()

    assert pair.said_by_server == [
        Option(WONT, CODE),
        Option(WILL, CODE),
        Subnegotiation(CODE, b"\x01HEALTH\x0290"),
    ]
    assert pair.at_client.events == [("on_msdp", "HEALTH", "90")]


def test_what_was_due_when_it_was_turned_off_is_not_sent() -> None:
    session, _ = game(encode("LIST", "COMMANDS"))

    deliver(session, negotiate(DONT, CODE))

    assert session.take() == negotiate(WONT, CODE)


def test_what_was_due_is_forgotten_when_it_is_turned_on_again() -> None:
    session, _ = game(encode("LIST", "COMMANDS"))

    deliver(session, negotiate(DONT, CODE) + ON)

    assert session.take() == negotiate(WONT, CODE) + negotiate(WILL, CODE)


def test_what_is_asked_for_while_our_offer_is_taken_back_is_not_sent() -> None:
    session, _ = game()
    session[MSDP].refuse(Side.LOCAL)
    session.take()

    deliver(session, ask("LIST", "COMMANDS"))

    assert session.take() == b""


# By GMCP


class Carrier:
    """What GMCP does: hands over objects, and sends them."""

    def __init__(self, *, on: bool = True) -> None:
        self.sent: list[Mapping[str, Any]] = []
        self._on = on

    def send(self, variables: Mapping[str, Any]) -> bool:
        if self._on:
            self.sent.append(variables)
        return self._on


def test_what_is_asked_by_gmcp_is_answered_by_gmcp() -> None:
    session, _ = served((GAME,))
    session.take()
    carrier = Carrier()

    session[MSDP].receive_variables({"LIST": "COMMANDS", "REPORT": ["HEALTH", "MANA"]}, carrier.send)
    session[MSDP].set("HEALTH", 90)
    assert session.take() == b""
    session[MSDP].set("HEALTH", 80)
    assert session.take() == b""

    assert carrier.sent == [
        {"COMMANDS": ["LIST", "REPORT", "RESET", "SEND", "UNREPORT"], "HEALTH": "90"},
        {"HEALTH": "80"},
    ]


def test_what_is_asked_by_msdp_again_is_answered_by_msdp_again() -> None:
    session, _ = game()
    carrier = Carrier()
    session[MSDP].receive_variables({"REPORT": "HEALTH"}, carrier.send)
    session.take()

    deliver(session, ask("REPORT", "MANA"))
    session[MSDP].set("HEALTH", 90)

    assert said(session) == [("HEALTH", "90")]
    assert carrier.sent == []


def test_what_gmcp_does_not_carry_any_more_goes_by_msdp() -> None:
    pair = Pair((GAME, GMCP)).start()
    pair.client[GMCP].send_message("MSDP", {"REPORT": "HEALTH"})
    pair.run().clear()
    pair.client[GMCP].refuse(Side.REMOTE)
    pair.run()

    pair.server[MSDP].set("HEALTH", 90)
    pair.run()

    assert pair.at_client.named("on_msdp", "on_gmcp") == [("on_msdp", "HEALTH", "90")]


def test_what_neither_carries_is_not_sent() -> None:
    session, _ = served((GAME,))
    session.take()

    session[MSDP].receive_variables({"LIST": "COMMANDS"}, Carrier(on=False).send)

    assert session.take() == b""


def test_a_variable_set_by_gmcp_is_told_to_the_program_as_text() -> None:
    session, handler = game()

    session[MSDP].receive_variables({"PROMPT": {"size": 1.5, "on": True, "by": None, "all": [1, "x"]}}, Carrier().send)

    assert handler.named("on_msdp") == [("on_msdp", "PROMPT", {"size": "1.5", "on": "1", "by": "", "all": ["1", "x"]})]


def test_variables_of_the_server_by_gmcp_are_told_to_the_client() -> None:
    session, handler = served((MSDP,), role=Role.CLIENT)

    session[MSDP].receive_variables({"HEALTH": 90, "MANA": 5}, Carrier().send)

    assert handler.named("on_msdp") == [("on_msdp", "HEALTH", "90"), ("on_msdp", "MANA", "5")]


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        ({"PROMPT": "a", "X\x00": "b"}, "names and values must hold no characters from 0 to 6, not '\\x00'"),
        ({"PROMPT": "\x02"}, "names and values must hold no characters from 0 to 6, not '\\x02'"),
        ({"": "x"}, "a name must not be empty"),
        ({"PROMPT": nested(900)}, "tables and arrays inside each other more than 32 times"),
    ],
)
def test_an_object_that_msdp_cannot_hold_is_dropped_whole(variables: dict[str, Any], reason: str) -> None:
    session, handler = game()

    session[MSDP].receive_variables(variables, Carrier().send)

    assert handler.named("on_msdp", "on_protocol_error") == [("on_protocol_error", f"MSDP: by GMCP: {reason}", b"")]


def test_the_limit_of_nesting_holds_for_gmcp_too() -> None:
    session, handler = game(limits=Limits(nesting=1))

    session[MSDP].receive_variables({"PROMPT": [["x"]]}, Carrier().send)

    assert [reason for _, reason, _ in handler.named("on_msdp", "on_protocol_error")] == [
        "MSDP: by GMCP: tables and arrays inside each other more than 1 times"
    ]


json_text = st.text(st.characters())  # with surrogates, as JSON may have them
json_value = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | json_text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(json_text, inner, max_size=4),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(["LIST", "REPORT", "SEND", "PROMPT", "CLIENT_NAME"]) | json_text, json_value))
def test_any_object_is_survived(variables: dict[str, Any]) -> None:
    session, handler = game()
    carrier = Carrier()

    session[MSDP].receive_variables(variables, carrier.send)
    session[MSDP].set("HEALTH", 90)
    deliver(session, b"still here\r\n")

    assert session.take() == b""
    assert handler.events[-1] == ("on_line", "still here")


# Bad input


@pytest.mark.parametrize(
    "payload",
    [
        b"PROMPT\x02b\x01PROMPT\x02a",
        b"\x01PROMPT\x02a\x01PROMPT",
        b"\x01PROMPT\x02a\x00",
        b"\x00\x01PROMPT\x02a",
        b"\x01PROMPT\x02a\x06",
        b"\x01PROMPT\x02a\x01LIST\x02\x05\x02COMMANDS",
        b"\x01LIST\x02\x05\x02COMMANDS\x01PROMPT\x02a",
        b"\x01\x02\x00\x04\x05\x06\x01PROMPT\x02a",
    ],
)
@pytest.mark.parametrize("role", Role)
def test_what_is_complete_is_taken_and_the_fault_reported_once(role: Role, payload: bytes) -> None:
    for pieces in every_cut(subnegotiation(CODE, payload)):
        session, handler = served((GAME,), negotiate(DO if role is Role.SERVER else WILL, CODE), role=role)
        session.take()
        for data in pieces:
            deliver(session, data)

        [fault, told] = handler.named("on_msdp", "on_protocol_error")
        assert fault[1].startswith("MSDP: ")
        assert fault[2] == payload[:64]
        assert told == ("on_msdp", "PROMPT", "a")
        assert session.take() == b""


def test_the_group_of_a_game_that_leaves_out_val_is_read_in_every_cut() -> None:
    payload = b"\x01GROUP\x02\x05\x03\x01NAME\x02Fred\x04\x03\x01NAME\x02Barney\x04\x06"
    for pieces in every_cut(negotiate(WILL, CODE) + subnegotiation(CODE, payload)):
        _, handler = served((MSDP,), *pieces, role=Role.CLIENT)

        assert handler.named("on_msdp", "on_protocol_error") == [
            ("on_msdp", "GROUP", [{"NAME": "Fred"}, {"NAME": "Barney"}])
        ]


# Encodings


def test_text_that_is_not_utf_8_is_read_as_lines_are() -> None:
    _, handler = served(
        (MSDP,),
        negotiate(WILL, CODE) + subnegotiation(CODE, b"\x01A\xe9\x02caf\xe9\x01B\x02\xc3\xa9"),
        role=Role.CLIENT,
    )

    assert handler.named("on_msdp") == [("on_msdp", "A\xe9", "caf\xe9"), ("on_msdp", "B", "\xe9")]


@pytest.mark.parametrize("encoding", ["latin-1", "cp437", "gbk", "utf-8"])
def test_both_ends_speak_in_the_encoding_of_the_session(encoding: str) -> None:
    pair = Pair((MSDP(reportable=("HEALTH",), configurable=("PROMPT",)),), encoding=encoding).start().clear()
    text = "caf\xe9\xff".encode(encoding, "replace").decode(encoding)

    pair.server[MSDP].set("HEALTH", {text: [text]})
    pair.client[MSDP].command("REPORT", "HEALTH")
    pair.client[MSDP].command("PROMPT", text)
    pair.run()

    assert pair.at_client.events == [("on_msdp", "HEALTH", {text: [text]})]
    assert pair.at_server.events == [("on_msdp", "PROMPT", text)]
    assert subnegotiation(CODE, b"\x01PROMPT\x02" + text.encode(encoding)) in bytes(pair.sent_by_client)


def test_what_the_encoding_lacks_is_sent_as_a_question_mark_and_by_gmcp_as_it_is() -> None:
    session, _ = game(encode("REPORT", "HEALTH"))
    session.encoding = "latin-1"
    session[MSDP].set("HEALTH", "\u2665\xe9")
    assert session.take() == subnegotiation(CODE, b"\x01HEALTH\x02?\xe9")

    carrier = Carrier()
    session[MSDP].receive_variables({"SEND": "HEALTH"}, carrier.send)
    session.take()
    assert carrier.sent == [{"HEALTH": "\u2665\xe9"}]


@pytest.mark.parametrize(
    "payload",
    [
        b"\x01A\x02\x03x",
        b"PROMPT",
        b"\x06",
        b"\x01PROMPT" + b"\x02\x03\x01A" * 10_000,
        b"\x01PROMPT" + b"\x02\x05" * 33 + b"\x06" * 33,
    ],
)
@pytest.mark.parametrize("role", Role)
def test_a_malformed_subnegotiation_is_reported_and_dropped_whole(role: Role, payload: bytes) -> None:
    session, handler = served((GAME,), negotiate(DO if role is Role.SERVER else WILL, CODE), role=role)
    session.take()

    deliver(session, subnegotiation(CODE, payload))

    [(_, reason, excerpt)] = handler.named("on_msdp", "on_protocol_error")
    assert reason.startswith("MSDP: ")
    assert excerpt == payload[:64]
    assert session.take() == b""


@pytest.mark.parametrize("role", Role)
def test_an_empty_subnegotiation_says_nothing(role: Role) -> None:
    session, handler = served((GAME,), negotiate(DO if role is Role.SERVER else WILL, CODE), role=role)
    session.take()

    deliver(session, subnegotiation(CODE, b""))

    assert handler.named("on_msdp", "on_protocol_error") == []
    assert session.take() == b""


def test_a_subnegotiation_while_it_is_off_is_reported() -> None:
    session, handler = served((GAME,), ask("LIST", "COMMANDS"))

    assert handler.named("on_protocol_error") == [
        ("on_protocol_error", "MSDP: subnegotiation of an option that is off", b"\x01LIST\x02COMMANDS")
    ]
    assert session.take() == negotiate(WILL, CODE)


def test_a_subnegotiation_above_the_limit_is_reported_and_dropped() -> None:
    session, handler = game(encode("PROMPT", "x" * 1000), limits=Limits(subnegotiation=100))

    assert [reason for _, reason, _ in handler.named("on_msdp", "on_protocol_error")] == [
        "subnegotiation longer than max_subnegotiation"
    ]


@given(
    st.binary() | st.lists(st.sampled_from([*map(bytes, ([n] for n in range(8))), b"LIST", b"COMMANDS"])).map(b"".join)
)
def test_any_payload_is_survived_by_both_ends(payload: bytes) -> None:
    for role in Role:
        session, handler = served((GAME,), negotiate(DO if role is Role.SERVER else WILL, CODE), role=role)
        deliver(session, subnegotiation(CODE, payload) + b"still here\r\n")
        session.take()

        assert handler.events[-1] == ("on_line", "still here")


# Vectors


@pytest.mark.parametrize(
    ("payload", "events"),
    [
        (b"\x01A\x02\x05\x02x\x02y\x06", [("on_msdp", "A", ["x", "y"])]),
        (b"\x01T\x02\x03\x01k\x02v\x04", [("on_msdp", "T", {"k": "v"})]),
        (b"\x01HINT\x02THE GAME", [("on_msdp", "HINT", "THE GAME")]),
    ],
)
def test_the_vectors_are_read_alike_in_every_cut(payload: bytes, events: list[Any]) -> None:
    for pieces in every_cut(negotiate(WILL, CODE) + subnegotiation(CODE, payload)):
        _, handler = served((MSDP,), *pieces, role=Role.CLIENT)

        assert handler.named("on_msdp", "on_protocol_error") == events


def test_a_conversation_is_answered_alike_in_every_cut() -> None:
    for pieces in every_cut(ON + ask("LIST", "REPORTABLE_VARIABLES") + ask("SEND", "HEALTH", "SERVER_ID")):
        session, handler = served((GAME,))
        session.take()
        session[MSDP].set("HEALTH", 90)
        answer = b""
        for piece in pieces:
            deliver(session, piece)
            answer += session.take()

        variables = [
            pair for event in parse(answer) if isinstance(event, Subnegotiation) for pair in decode(event.data)
        ]
        assert variables == [("REPORTABLE_VARIABLES", ["HEALTH", "MANA"]), ("HEALTH", "90")]


@pytest.mark.parametrize("program", ["pymud-mud", "tt++-script-mud"])
def test_a_recorded_client_is_answered(program: str) -> None:
    session, handler = served((GAME,), *segments(TRACES / f"{program}.jsonl", "c2s"))
    answers = [event.data for event in parse(session.take()) if isinstance(event, Subnegotiation)]

    assert ("REPORTABLE_VARIABLES", ["HEALTH", "MANA"]) in [pair for payload in answers for pair in decode(payload)]
    assert [reason for _, reason, _ in handler.named("on_protocol_error") if "MSDP" in reason] == []


def test_a_recorded_server_is_understood() -> None:
    _, handler = served((MSDP,), *segments(TRACES / "tt++-script-mud.jsonl", "s2c"), role=Role.CLIENT)

    told = {name: value for _, name, value in handler.named("on_msdp")}
    assert told["ROOM"] == {"VNUM": "6008", "EXITS": {"n": "6011", "e": "6012"}}
    assert told["COMMANDS"] == ["LIST", "REPORT", "RESET", "SEND", "UNREPORT"]


# What a peer may cost


@pytest.mark.parametrize("role", Role)
def test_a_message_has_as_many_values_as_the_limits_say(role: Role) -> None:
    payload = b"\x01PROMPT" + b"\x02x" * 9
    session, handler = served((GAME,), ON + negotiate(WILL, CODE), role=role, limits=Limits(values=10))

    deliver(session, subnegotiation(CODE, payload))
    deliver(session, subnegotiation(CODE, payload + b"\x02"))

    assert handler.named("on_msdp") == [("on_msdp", "PROMPT", ["x"] * 9)]
    assert handler.named("on_protocol_error") == [
        ("on_protocol_error", "MSDP: more than 10 values", (payload + b"\x02")[:64])
    ]


@pytest.mark.parametrize("role", Role)
def test_a_message_by_gmcp_has_as_many_values_too(role: Role) -> None:
    session, handler = served((GAME,), ON + negotiate(WILL, CODE), role=role, limits=Limits(values=10))

    session[MSDP].receive_variables({"PROMPT": ["x"] * 8}, Carrier().send)
    session[MSDP].receive_variables({"PROMPT": ["x"] * 9}, Carrier().send)

    assert handler.named("on_msdp") == [("on_msdp", "PROMPT", ["x"] * 8)]
    assert handler.named("on_protocol_error") == [("on_protocol_error", "MSDP: by GMCP: more than 10 values", b"")]


def test_a_secret_is_not_told_by_what_is_unknown_beside_it() -> None:
    session, handler = game(b"\x01hunter2\x02x\x01CLIENT_NAME\x02password")

    assert handler.named("on_protocol_error") == [
        ("on_protocol_error", "MSDP: not a command, nor a variable to be set", b"")
    ]
