"""GMCP between a game and its client: messages, Core, and what a client takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from session_support import Pair, Recorder, deliver, every_cut, served
from traces import TRACES, segments

from telnet import constants
from telnet.constants import DO, IAC, SB, SE, WILL, WONT
from telnet.encode import negotiate, subnegotiation
from telnet.events import Subnegotiation, parse
from telnet.limits import Limits
from telnet.negotiation import Side
from telnet.options import GMCP, Option, Role, Unparsed
from telnet.session import Session

AGREED = negotiate(DO, constants.GMCP)
OFFERED = negotiate(WILL, constants.GMCP)


@pytest.fixture(autouse=True, scope="module")
def _both_parsers(parser_module: ModuleType) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("telnet.session.Parser", parser_module.Parser)
        yield


def message(text: str | bytes) -> bytes:
    """A message on the wire."""
    return subnegotiation(constants.GMCP, text.encode() if isinstance(text, str) else text)


def messages(stream: bytes) -> list[bytes]:
    """The messages in what was sent."""
    return [
        event.data for event in parse(stream) if isinstance(event, Subnegotiation) and event.option == constants.GMCP
    ]


def client_says(*texts: str | bytes, gmcp: GMCP | None = None, limits: Limits | None = None) -> tuple[Session, Any]:
    """A server whose client has agreed to GMCP and said this."""
    return served([gmcp or GMCP()], AGREED, *map(message, texts), limits=limits)


def sent(session: Session) -> list[bytes]:
    """The messages that a session has sent since it was asked the last time."""
    return messages(session.take())


class Variables(Option):
    """The least that MSDP can be: it writes down what it is given, and answers a command."""

    code = constants.MSDP

    def setup(self) -> None:
        self.received: list[Mapping[str, Any]] = []

    def receive_variables(self, variables: Mapping[str, Any], send: Callable[[Mapping[str, Any]], object]) -> None:
        self.received.append(variables)
        if "LIST" in variables:
            send({"COMMANDS": ["LIST"]})


# The wire


def test_server_offers_and_the_client_introduces_itself() -> None:
    pair = Pair([GMCP], [GMCP("Name", "1.0", {"Char": 1, "Room": 2})]).start()

    assert pair.sent_by_server == IAC + WILL + b"\xc9"
    assert pair.sent_by_client == (
        IAC + DO + b"\xc9"
        + IAC + SB + b'\xc9Core.Hello {"client":"Name","version":"1.0"}' + IAC + SE
        + IAC + SB + b'\xc9Core.Supports.Set ["Char 1","Room 2"]' + IAC + SE
    )  # fmt: skip
    assert (pair.server.client.name, pair.server.client.version) == ("Name", "1.0")


def test_client_without_a_name_and_packages_says_nothing_of_itself() -> None:
    pair = Pair([GMCP]).start()

    assert pair.sent_by_client == AGREED


def test_message_goes_both_ways() -> None:
    pair = Pair([GMCP]).start()

    assert pair.server[GMCP].send_message("Char.Name", "Zoë")
    assert pair.client[GMCP].send_message("Char.Items.Inv")
    pair.run()

    assert pair.at_client.named("on_gmcp") == [("on_gmcp", "Char.Name", "Zoë")]
    assert pair.at_server.named("on_gmcp") == [("on_gmcp", "Char.Items.Inv", None)]
    assert pair.sent_by_server.endswith(IAC + SB + b'\xc9Char.Name "Zo\xc3\xab"' + IAC + SE)
    assert pair.sent_by_client.endswith(IAC + SB + b"\xc9Char.Items.Inv" + IAC + SE)


MUDLET = [
    'Core.Hello { "client": "Mudlet", "version": "4.19.1"}',
    'Core.Supports.Set [ "Char 1", "Char.Skills 1", "Char.Items 1", "Room 1", "IRE.Rift 1", "IRE.Composer 1"'
    ', "External.Discord 1", "Client.Media 1", "Char.Login 2"]',
    "External.Discord.Hello",
]


def test_mudlet_is_understood_in_every_cut() -> None:
    stream = AGREED + b"".join(message(text) for text in MUDLET)

    for chunks in every_cut(stream):
        session, handler = served([GMCP], *chunks)

        assert [event[1] for event in handler.named("on_gmcp")] == [text.split()[0] for text in MUDLET]
        assert handler.named("on_gmcp")[-1] == ("on_gmcp", "External.Discord.Hello", None)
        assert handler.named("on_gmcp_supports") == [("on_gmcp_supports",)]
        assert not handler.named("on_protocol_error")
        assert (session.client.name, session.client.version) == ("Mudlet", "4.19.1")
        assert session[GMCP].listed["char.login"] == 2


@pytest.mark.parametrize("order", [MUDLET[::-1], [MUDLET[1], MUDLET[2], MUDLET[0]]])
def test_client_may_speak_in_another_order(order: list[str]) -> None:
    session, _ = client_says(*order)

    assert (session.client.name, session[GMCP].supports("Room.Info")) == ("Mudlet", 1)


@pytest.mark.parametrize(
    ("trace", "name", "version", "package"),
    [
        ("tt++-script-mud", "TinTin++", "2.02.20", "Char.Vitals"),
        ("tt++-script-polite", "TinTin++", "2.02.20", "Room.Info"),
        ("telnetlib3-client-mud", "telnetlib3", "5.0.1", "Comm.Channel.Text"),
        ("telnetlib3-client-burst", "telnetlib3", "5.0.1", "Group"),
    ],
)
def test_recorded_client_is_known_by_what_it_said(trace: str, name: str, version: str, package: str) -> None:
    recorded = messages(b"".join(segments(TRACES / f"{trace}.jsonl", "c2s")))
    stream = AGREED + b"".join(map(message, recorded))

    for chunks in every_cut(stream):
        session, handler = served([GMCP], *chunks)

        assert (session.client.name, session.client.version) == (name, version)
        assert session[GMCP].supports(package) == 1
        assert not handler.named("on_protocol_error")


@pytest.mark.parametrize("trace", ["tt++-script-mud", "telnetlib3-client-mud", "pymud-mud"])
def test_recorded_server_is_read_by_a_client(trace: str) -> None:
    recorded = messages(b"".join(segments(TRACES / f"{trace}.jsonl", "s2c")))
    stream = OFFERED + b"".join(map(message, recorded))

    for chunks in every_cut(stream):
        session, handler = served([GMCP], *chunks, role=Role.CLIENT)

        told = handler.named("on_gmcp")
        assert ("on_gmcp", "Char.Vitals", {"hp": 100, "maxhp": 120, "name": "Zoë"}) in told
        assert ("on_gmcp", "Core.Ping", None) in told
        assert ("on_gmcp", "Client.GUI", {"version": "1"}) in told
        assert not handler.named("on_protocol_error")


# Sending


def test_nothing_is_sent_while_the_option_is_off() -> None:
    session, _ = served([GMCP])
    session.take()

    assert not session[GMCP].send_message("Char.Vitals", {"hp": 1})
    assert session.take() == b""


def test_nothing_is_sent_after_the_client_has_turned_it_off() -> None:
    pair = Pair([GMCP]).start()
    pair.client[GMCP].refuse(Side.REMOTE)
    pair.run()

    assert not pair.server[GMCP].send_message("Char.Vitals", {"hp": 1})


@pytest.mark.parametrize("options", [b"", AGREED], ids=["off", "on"])
def test_wrong_arguments_are_errors_whether_it_is_on_or_not(options: bytes) -> None:
    session, _ = served([GMCP], options)

    with pytest.raises(ValueError, match="named like 'Char.Vitals'"):
        session[GMCP].send_message("Char Vitals")
    with pytest.raises(ValueError, match="JSON cannot say the value of Char.Vitals"):
        session[GMCP].send_message("Char.Vitals", {"hp": float("nan")})


def test_everything_is_sent_until_the_client_has_said_what_it_takes() -> None:
    session, _ = client_says()

    assert session[GMCP].send_message("Anything.At.All", 1)
    assert sent(session) == [b"Anything.At.All 1"]


def test_only_what_the_client_takes_is_sent() -> None:
    session, _ = client_says('Core.Supports.Set ["Char 1","Room.Info 1"]')

    done = [session[GMCP].send_message(name) for name in ("char.vitals", "Room.Info", "Room.Players", "Comm.Channel")]

    assert done == [True, True, False, False]
    assert sent(session) == [b"char.vitals", b"Room.Info"]


def test_packages_that_nobody_lists_are_sent() -> None:
    session, _ = client_says("Core.Supports.Set []")
    names = ["Core.Goodbye", "MSDP", "Client.GUI", "Client.Map"]

    assert all(session[GMCP].send_message(name) for name in names)
    assert not any(session[GMCP].send_message(name) for name in ("Cores", "MSDPs", "Client.GUIs", "Client.Media.Stop"))


def test_program_may_send_what_is_not_listed() -> None:
    session, _ = client_says("Core.Supports.Set []", gmcp=GMCP(unlisted=True))

    assert session[GMCP].send_message("Char.Vitals")


def test_client_sends_what_it_likes() -> None:
    pair = Pair([GMCP], [GMCP("Name", "1", {"Char": 1})]).start()

    assert pair.client[GMCP].send_message("Anything.At.All")


@pytest.mark.parametrize("role", Role)
def test_dialect_of_aardwolf_is_spoken_at_either_end(role: Role) -> None:
    pair = Pair([GMCP]).start().clear()
    sender, hearer = (pair.server, pair.at_client) if role is Role.SERVER else (pair.client, pair.at_server)
    for package, text in [("request", "room"), ("rawcolor", "on"), ("config", "prompt"), ("group", "on")]:
        assert sender[GMCP].send_message(package, Unparsed(text))
    pair.run()

    told = hearer.named("on_gmcp")
    assert [event[1:] for event in told] == [
        ("request", "room"),
        ("rawcolor", "on"),
        ("config", "prompt"),
        ("group", "on"),
    ]
    assert all(type(event[2]) is Unparsed for event in told)


def test_goodbye_has_a_reason_or_none() -> None:
    session, _ = client_says()

    assert session[GMCP].goodbye("The world ends.") and session[GMCP].goodbye()
    assert sent(session) == [b'Core.Goodbye "The world ends."', b"Core.Goodbye"]


def test_goodbye_is_told_to_the_client() -> None:
    pair = Pair([GMCP]).start()

    pair.server[GMCP].goodbye("The world ends.")
    pair.run()

    assert pair.at_client.named("on_gmcp") == [("on_gmcp", "Core.Goodbye", "The world ends.")]


# Core.Ping


def test_ping_is_answered_once() -> None:
    pair = Pair([GMCP]).start().clear()

    assert pair.client[GMCP].ping() and pair.client[GMCP].ping(120.5)
    pair.run()

    assert messages(bytes(pair.sent_by_client)) == [b"Core.Ping", b"Core.Ping 120.5"]
    assert messages(bytes(pair.sent_by_server)) == [b"Core.Ping"] * 2
    assert pair.at_server.named("on_gmcp") == [("on_gmcp", "Core.Ping", None), ("on_gmcp", "Core.Ping", 120.5)]
    assert pair.at_client.named("on_gmcp") == [("on_gmcp", "Core.Ping", None)] * 2


def test_ping_is_answered_in_any_case_and_whatever_is_listed() -> None:
    session, _ = client_says("core.supports.set []", "CORE.PING")

    assert sent(session) == [b"Core.Ping"]


def test_client_does_not_answer_a_ping() -> None:
    session, handler = served([GMCP], OFFERED, message("Core.Ping"), role=Role.CLIENT)

    assert handler.named("on_gmcp") == [("on_gmcp", "Core.Ping", None)]
    assert sent(session) == []


def test_server_has_no_ping() -> None:
    session, _ = client_says()

    with pytest.raises(RuntimeError, match="the server answers"):
        session[GMCP].ping()


def test_keep_alive_is_a_message() -> None:
    _, handler = client_says("Core.KeepAlive")

    assert handler.named("on_gmcp", "on_protocol_error") == [("on_gmcp", "Core.KeepAlive", None)]


# Core.Hello


@pytest.mark.parametrize(
    ("body", "name", "version"),
    [
        ('{"client":"Mudlet","version":"4.1"}', "Mudlet", "4.1"),
        ('{"Client":"Nexus","Version":"3.0.1"}', "Nexus", "3.0.1"),
        ('{"client":" Blightmud ","version":5.2}', "Blightmud", "5.2"),
        ('{"client":"X"}', "X", ""),
        ('{"client":"X","version":null}', "X", ""),
        ('{"client":"X","version":"1\\u001b[2J"}', "X", ""),
        ('{"client":"X","version":"' + "1" * 65 + '"}', "X", ""),
    ],
)
def test_hello_names_the_client(body: str, name: str, version: str) -> None:
    session, handler = client_says(f"Core.Hello {body}")

    assert (session.client.name, session.client.version) == (name, version)
    assert not handler.named("on_protocol_error")


@pytest.mark.parametrize("body", ['{"client":"Mudlet"}', '{"client":"Mudlet","version":null}'])
def test_hello_without_a_version_leaves_the_one_that_is_known(body: str) -> None:
    session, _ = served([GMCP], AGREED)
    session.client.learn(name="MUDLET", version="4.17")
    deliver(session, subnegotiation(constants.GMCP, b"Core.Hello " + body.encode()))

    assert (session.client.name, session.client.version) == ("Mudlet", "4.17")


@pytest.mark.parametrize(
    "body",
    [
        "",
        "null",
        '"X"',
        "[]",
        "{}",
        '{"client":""}',
        '{"client":{}}',
        '{"client":true}',
        '{"client":"\\u001b[2J"}',
        f'{{"client":"{"x" * 65}"}}',
    ],
)
def test_hello_without_a_name_is_reported(body: str) -> None:
    session, handler = client_says(f"Core.Hello {body}".strip())

    [(_, reason, data)] = handler.named("on_protocol_error")
    assert reason == "GMCP: a client has a name of 1 to 64 printable characters"
    assert data.startswith(b"Core.Hello")
    assert session.client.name == ""
    assert len(handler.named("on_gmcp")) == 1


def test_hello_to_a_client_is_only_a_message() -> None:
    session, handler = served([GMCP], OFFERED, message('Core.Hello {"client":"X"}'), role=Role.CLIENT)

    assert (session.client.name, handler.named("on_gmcp")) == ("", [("on_gmcp", "Core.Hello", {"client": "X"})])


# Core.Supports


def test_every_change_of_the_packages_is_told() -> None:
    session, handler = client_says(
        'Core.Supports.Set ["Char 1"]', 'core.supports.add ["Room 2"]', 'CORE.SUPPORTS.REMOVE ["Char"]'
    )

    assert handler.named("on_gmcp_supports") == [("on_gmcp_supports",)] * 3
    assert session[GMCP].listed == {"room": 2}
    assert (session[GMCP].supports("Room.Info"), session[GMCP].supports("Char")) == (2, 0)


def test_packages_are_known_when_the_message_is_told() -> None:
    known = []

    class Game:
        def on_gmcp(self, package: str, value: Any) -> None:
            known.append(session[GMCP].supports("Char"))

    session = Session(Game(), [GMCP])
    session.start(0.0)
    deliver(session, AGREED + message('Core.Supports.Set ["Char 1"]'))

    assert known == [1]


@pytest.mark.parametrize("verb", ["Set", "Add", "Remove"])
@pytest.mark.parametrize("body", ["null", "{}", '"Char 1"', "[1]", '["Char one"]'])
def test_list_that_is_none_is_reported(verb: str, body: str) -> None:
    session, handler = client_says(f"Core.Supports.{verb} {body}")

    [(_, reason, data)] = handler.named("on_protocol_error")
    assert reason.startswith("GMCP: ")
    assert data == f"Core.Supports.{verb} {body}".encode()
    assert not session[GMCP].listed


def test_no_more_packages_are_kept_than_the_limit() -> None:
    entries = ",".join(f'"Package{i} 1"' for i in range(100))

    session, handler = client_says(*[f"Core.Supports.Add [{entries}]"] * 2, limits=Limits(variables=10))

    assert len(session[GMCP].listed) == 10
    assert [event[1] for event in handler.named("on_protocol_error")] == ["GMCP: more than 10 packages"] * 2


def test_after_a_copyover_the_client_says_everything_anew() -> None:
    pair = Pair([GMCP], [GMCP("Name", "1", {"Char": 1})]).start().clear()

    deliver(pair.client, negotiate(WONT, constants.GMCP) + OFFERED)

    assert messages(pair.client.take()) == [
        b'Core.Hello {"client":"Name","version":"1"}',
        b'Core.Supports.Set ["Char 1"]',
    ]


def test_what_a_client_took_is_forgotten_when_it_turns_the_option_off() -> None:
    session, _ = client_says('Core.Supports.Set ["Char 1"]')

    deliver(session, negotiate(constants.DONT, constants.GMCP) + AGREED)

    assert session[GMCP].supports("Char") == 0


def test_connections_of_one_template_share_nothing() -> None:
    template = GMCP()
    first, _ = client_says('Core.Supports.Set ["Char 1"]', gmcp=template)
    second, _ = client_says(gmcp=template)

    assert (first[GMCP].listed, second[GMCP].listed) == ({"char": 1}, {})


# A program's own messages


def test_message_calls_the_method_that_it_was_given() -> None:
    gmcp = GMCP(events={"Char.Items.Inv": "on_inventory", "External.Discord.Hello": "on_discord"})

    _, handler = client_says("char.items.inv", 'External.Discord.Hello {"private":true}', "Room.Info 1", gmcp=gmcp)

    assert handler.named("on_inventory", "on_discord", "on_gmcp") == [
        ("on_inventory", None),
        ("on_gmcp", "char.items.inv", None),
        ("on_discord", {"private": True}),
        ("on_gmcp", "External.Discord.Hello", {"private": True}),
        ("on_gmcp", "Room.Info", 1),
    ]


@pytest.mark.parametrize(
    "settings",
    [
        {"supports": {"Char": 0}},
        {"supports": {"Char": "1"}},
        {"supports": {"Char": True}},
        {"supports": {"Char 1": 1}},
        {"events": {"Char Items": "on_items"}},
        {"events": {"Char.Items": "on items"}},
        {"events": {"Char.Items": print}},
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="not "):
        GMCP(**settings)


@pytest.mark.parametrize("settings", [{"client": 1}, {"client": "Name", "version": 1.0}])
def test_client_is_named_by_strings(settings: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match="are strings, not"):
        GMCP(**settings)


# MSDP over GMCP


@pytest.mark.parametrize("role", list(Role))
def test_variables_go_to_msdp_and_its_answer_comes_back(role: Role) -> None:
    on = AGREED if role is Role.SERVER else OFFERED

    session, handler = served([GMCP, Variables], on, message('MSDP {"LIST":"COMMANDS"}'), role=role)

    assert session[Variables].received == [{"LIST": "COMMANDS"}]
    assert sent(session) == [b'MSDP {"COMMANDS":["LIST"]}']
    assert not handler.named("on_gmcp")


@pytest.mark.parametrize("name", ["msdp", "Msdp", "MSDP.X"])
def test_name_of_msdp_is_in_capitals(name: str) -> None:
    session, handler = served([GMCP, Variables], AGREED, message(f'{name} {{"LIST":"COMMANDS"}}'))

    assert session[Variables].received == []
    assert handler.named("on_gmcp") == [("on_gmcp", name, {"LIST": "COMMANDS"})]


def test_variables_without_a_blank_go_to_msdp() -> None:
    session, _ = served([GMCP, Variables], AGREED, message(b'MSDP{"NAME":"Caf\xe9"}'))

    assert session[Variables].received == [{"NAME": "Café"}]


def test_variables_are_a_message_where_msdp_is_not_spoken() -> None:
    _, handler = client_says('MSDP {"LIST":"COMMANDS"}')

    assert handler.named("on_gmcp") == [("on_gmcp", "MSDP", {"LIST": "COMMANDS"})]


@pytest.mark.parametrize("body", ["", "null", "[]", '"LIST"', "LIST COMMANDS", '{"LIST":"COMMANDS",}'])
def test_what_holds_no_variables_is_a_message(body: str) -> None:
    session, handler = served([GMCP, Variables], AGREED, message(f"MSDP {body}"))

    assert (session[Variables].received, len(handler.named("on_gmcp"))) == ([], 1)


def test_option_that_takes_no_variables_is_left_alone() -> None:
    class Other(Option):
        code = constants.MSDP

    _, handler = served([GMCP, Other], AGREED, message('MSDP {"A":1}'))

    assert handler.named("on_gmcp") == [("on_gmcp", "MSDP", {"A": 1})]


# What is not JSON


LENIENT: list[tuple[bytes, str, Any]] = [
    (b"request room", "request", Unparsed("room")),
    (b"rawcolor on", "rawcolor", Unparsed("on")),
    (b"client mudportal.com", "client", Unparsed("mudportal.com")),
    (b'Room.Name "Caf\xe9"', "Room.Name", "Café"),
    (b"Room.Name Caf\xe9", "Room.Name", Unparsed("Café")),
    (b'Room.Name "Caf\xc3\xa9"', "Room.Name", "Café"),
    (b'Room.Info {"name":"Caf\xe9 \x93x\x94"}', "Room.Info", {"name": "Café “x”"}),
    (b'Char.Vitals{"hp":1}', "Char.Vitals", {"hp": 1}),
    (b'Char.Items.Inv["a"]\0', "Char.Items.Inv", ["a"]),
    (b'Room.Name"Hall"', "Room.Name", "Hall"),
    (b'Char.Vitals {"hp":1,}', "Char.Vitals", Unparsed('{"hp":1,}')),
    (b"Char.Vitals NaN", "Char.Vitals", Unparsed("NaN")),
    (b'Char.Name "\\ud800"', "Char.Name", "\ufffd"),
    (b"Client.GUI 1\nhttp://example.org/gui.mpackage", "Client.GUI", Unparsed("1\nhttp://example.org/gui.mpackage")),
]


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize(("data", "package", "value"), LENIENT)
def test_message_that_is_not_json_is_delivered_at_every_cut(role: Role, data: bytes, package: str, value: Any) -> None:
    on = AGREED if role is Role.SERVER else OFFERED

    for chunks in every_cut(on + message(data)):
        session, handler = served([GMCP], *chunks, role=role)

        assert handler.named("on_gmcp", "on_protocol_error") == [("on_gmcp", package, value)]
        assert type(handler.named("on_gmcp")[0][2]) is type(value)
        assert sent(session) == []


def test_text_that_is_not_json_is_given_to_the_method_of_its_name() -> None:
    _, handler = client_says("Request room", gmcp=GMCP(events={"request": "on_request"}))

    assert handler.named("on_request", "on_gmcp") == [("on_request", "room"), ("on_gmcp", "Request", "room")]


def test_text_is_read_in_the_fallback_of_the_session() -> None:
    handler = Recorder()
    session = Session(handler, [GMCP], fallback="cp437")
    session.start(0.0)
    deliver(session, AGREED + message(b'Room.Name "Caf\x82"'))

    assert handler.named("on_gmcp") == [("on_gmcp", "Room.Name", "Café")]


@pytest.mark.parametrize("role", list(Role))
def test_text_that_is_not_utf_8_is_read_as_the_lines_are(role: Role) -> None:
    handler = Recorder()
    session = Session(handler, [GMCP], role=role, encoding="koi8-r")
    session.start(0.0)
    deliver(session, AGREED + OFFERED + message('Room.Name "Зал"'.encode("koi8-r")) + message('Room.Name "Зал"'))

    assert handler.named("on_gmcp") == [("on_gmcp", "Room.Name", "Зал")] * 2


def test_text_that_no_encoding_has_is_marked() -> None:
    _, handler = client_says(b'Room.Name "Caf\x81\xff"', gmcp=GMCP())

    [(_, _, name)] = handler.named("on_gmcp")
    assert name.startswith("Caf") and "\ufffd" in name


def test_text_is_utf_8_whatever_the_session_speaks() -> None:
    handler = Recorder()
    session = Session(handler, [GMCP], encoding="cp437", fallback=None)
    session.start(0.0)
    deliver(session, AGREED + message('Room.Name "Café"'))

    assert handler.named("on_gmcp") == [("on_gmcp", "Room.Name", "Café")]


@pytest.mark.parametrize(
    "text",
    [
        "Core.Hello Mudlet 4.1",
        "Core.Supports.Set [ Char 1, Room 1 ]",
        "Core.Supports.Add Char 1",
        'Core.Supports.Remove ["Char 1",]',
    ],
)
def test_message_of_the_core_that_is_not_json_is_reported_and_told(text: str) -> None:
    session, handler = client_says(text)

    [(_, reason, data)] = handler.named("on_protocol_error")
    assert (reason.startswith("GMCP: "), data) == (True, text.encode())
    assert isinstance(handler.named("on_gmcp")[0][2], Unparsed)
    assert (session.client.name, session[GMCP].listed) == ("", {})


def test_ping_is_answered_whatever_is_in_it() -> None:
    session, _ = client_says("Core.Ping 120 ms", "Core.Ping[", b"Core.Ping\0")

    assert sent(session) == [b"Core.Ping"] * 3


def test_text_is_no_way_around_the_limit_of_a_message() -> None:
    _, handler = client_says("A " + "x" * 100, "B x", limits=Limits(subnegotiation=64))

    assert handler.named("on_gmcp") == [("on_gmcp", "B", "x")]
    assert len(handler.named("on_protocol_error")) == 1


def test_text_is_no_way_around_the_limits_of_a_value() -> None:
    _, handler = client_says("A [[[1,]]]", "A [1,2,3,", "A 1,2,3,4 [[[", limits=Limits(nesting=2, values=3))

    assert handler.named("on_gmcp") == [("on_gmcp", "A", "1,2,3,4 [[[")]
    assert [event[1] for event in handler.named("on_protocol_error")] == [
        "GMCP: the value is nested more than 2 deep",
        "GMCP: more than 3 values",
    ]


# Bad input


BAD = [
    b"",
    b" ",
    b"\x00",
    b"\xff",
    b"Char..Vitals {}",
    b"Char.Vitals: {}",
    b'{"hp":1}',
    b"Char.Vitals 1e999",
    b"Char.Vitals " + b"9" * 5000,
    b"Char.Vitals " + b"[" * 10_000,
    b"Char.Vitals" + b"[" * 10_000,
    b"Char.Vitals " + b'{"a":' * 10_000,
]


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("data", BAD)
def test_bad_message_is_reported_and_dropped(role: Role, data: bytes) -> None:
    on = AGREED if role is Role.SERVER else OFFERED

    session, handler = served([GMCP], on, message(data), message("A.B 1"), role=role)

    [(_, reason, excerpt)] = handler.named("on_protocol_error")
    assert reason.startswith("GMCP: ")
    assert excerpt == data[:64]
    assert handler.named("on_gmcp") == [("on_gmcp", "A.B", 1)]
    assert sent(session) == []


def test_limit_on_nesting_is_that_of_the_session() -> None:
    _, handler = client_says("A [[]]", "A [[[]]]", limits=Limits(nesting=2))

    assert handler.named("on_gmcp") == [("on_gmcp", "A", [[]])]
    assert len(handler.named("on_protocol_error")) == 1


def test_message_that_is_too_long_is_dropped() -> None:
    _, handler = client_says('A "' + "x" * 100 + '"', "B", limits=Limits(subnegotiation=64))

    assert handler.named("on_gmcp") == [("on_gmcp", "B", None)]
    assert len(handler.named("on_protocol_error")) == 1


@pytest.mark.parametrize("role", list(Role))
def test_message_before_the_agreement_is_reported(role: Role) -> None:
    _, handler = served([GMCP], message("Core.Ping"), role=role)

    assert not handler.named("on_gmcp")
    assert len(handler.named("on_protocol_error")) == 1


def test_message_that_is_cut_short_is_not_delivered() -> None:
    _, handler = served([GMCP], AGREED, message("A 1")[:-1])

    assert not handler.named("on_gmcp", "on_protocol_error")


def test_client_that_offers_the_option_is_refused() -> None:
    session, _ = served([GMCP], negotiate(WILL, constants.GMCP))

    assert session.take() == negotiate(WILL, constants.GMCP) + negotiate(constants.DONT, constants.GMCP)


CORE = ["Core.Hello", "Core.Supports.Set", "Core.Supports.Add", "Core.Supports.Remove", "Core.Ping", "Core.KeepAlive"]
LOGIN = ["Char.Login.Default", "Char.Login.Result"]
PRIVATE_LOGIN = [
    "Char.Login",
    "Char.Login.Credentials",
    "Char.Login.URL",
    "Char.Login.Token",
    "Char.Login.Reconnect",
    "Char.Login.AuthCode",
    "Char.Login.X",
]
KEYS = ["client", "version", "Client", "type", "location", "account", "password", "success", "message", "LIST", "name"]
KEYS += ["token", "token_storage", "secure_only", "provider", "url", "code", "code_verifier", "redirect_uri", "nonce"]
KEYS += ["client_id", "scopes", "nonce_required"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS) | st.text(), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize("role", list(Role))
@given(payload=st.binary(), name=st.sampled_from(["", *CORE, *LOGIN, *PRIVATE_LOGIN, "MSDP"]))
def test_no_payload_raises(role: Role, payload: bytes, name: str) -> None:
    on = AGREED if role is Role.SERVER else OFFERED

    served([GMCP, Variables], on, message(f"{name} ".encode() + payload), message(name.encode() + payload), role=role)


@pytest.mark.parametrize("role", list(Role))
@given(value=JSON, name=st.sampled_from([*CORE, *LOGIN, *PRIVATE_LOGIN, "MSDP"]))
def test_no_value_raises(role: Role, value: Any, name: str) -> None:
    pair = Pair([GMCP, Variables]).start()
    sender, receiver = (pair.client, pair.at_server) if role is Role.SERVER else (pair.server, pair.at_client)
    try:
        sender[GMCP].send_message(name, value)
    except ValueError:  # half a character
        return

    pair.run()

    told_otherwise = name in PRIVATE_LOGIN or (name == "MSDP" and isinstance(value, dict))
    assert bool(receiver.named("on_gmcp")) is not told_otherwise


# What a peer may cost


@pytest.mark.parametrize("role", Role)
def test_a_message_has_as_many_values_as_the_limits_say(role: Role) -> None:
    received = message("A [1,2,3]") + message("A [1,2,3,4]")

    _, handler = served([GMCP], AGREED + OFFERED + received, role=role, limits=Limits(values=4))

    assert handler.named("on_gmcp") == [("on_gmcp", "A", [1, 2, 3])]
    assert handler.named("on_protocol_error") == [("on_protocol_error", "GMCP: more than 4 values", b"A [1,2,3,4]")]


def test_a_client_that_pings_on_and_on_is_answered_as_often_as_it_may() -> None:
    session, handler = client_says(*["Core.Ping"] * 1000)

    assert sent(session) == [b"Core.Ping"] * 256
    assert len(handler.named("on_gmcp")) == 1000
