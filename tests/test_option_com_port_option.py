"""COM-PORT-OPTION: a client that sets up a serial port, and the server that has it."""

from __future__ import annotations

from types import ModuleType
from typing import Any
from unittest.mock import ANY

import pytest
from hypothesis import given
from hypothesis import strategies as st
from session_support import Pair, Recorder, deliver, every_cut, served

from telnet.constants import COM_PORT_OPTION as CODE
from telnet.constants import DO, DONT, WILL, WONT
from telnet.encode import negotiate, subnegotiation
from telnet.events import Subnegotiation, parse
from telnet.negotiation import Side
from telnet.options import COM_PORT_OPTION, Option, Role
from telnet.options.com_port import Command, Control, DataSize, LineState, ModemState, Parity, Purge, StopSize
from telnet.options.option import TOO_MANY
from telnet.session import Session

READY = ModemState.CTS | ModemState.DSR | ModemState.CD
FIRST_STATE = bytes.fromhex("fffa2c 6b b0 fff0")


@pytest.fixture(autouse=True)
def parser(parser_module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("telnet.session.Parser", parser_module.Parser)


def agreed(option: type[Option] | Option = COM_PORT_OPTION, role: Role = Role.SERVER) -> tuple[Session, Recorder]:
    """A session that has the option on, with nothing written down of how that came."""
    session, handler = served((option,), negotiate(WILL if role is Role.SERVER else DO, CODE), role=role)
    session.take()
    handler.events.clear()
    return session, handler


def at_client() -> tuple[Session, Recorder]:
    return agreed(role=Role.CLIENT)


def say(session: Session, payload: str) -> str:
    """Deliver a subnegotiation; return the payload of the answer, or nothing."""
    deliver(session, subnegotiation(CODE, bytes.fromhex(payload)))
    return session.take().replace(b"\xff\xff", b"\xff")[3:-2].hex()


# Two ends


@pytest.mark.parametrize(("role", "said"), [(Role.SERVER, b""), (Role.CLIENT, negotiate(WILL, CODE))])
def test_client_offers_and_server_waits_for_that(role: Role, said: bytes) -> None:
    session, _ = served((COM_PORT_OPTION,), role=role)

    assert session.take() == said


def test_on_ready_does_not_wait_for_it() -> None:
    session = Session(Recorder(), (COM_PORT_OPTION,), role=Role.CLIENT)
    session.start(0.0)
    deliver(session, b"> ")

    assert session.ready


def test_the_offer_is_taken() -> None:
    pair = Pair((COM_PORT_OPTION,)).start()

    assert bytes(pair.sent_by_client) == negotiate(WILL, CODE)
    assert bytes(pair.sent_by_server) == negotiate(DO, CODE) + FIRST_STATE


def test_a_setting_is_told_to_the_server_and_answered_to_the_client() -> None:
    pair = Pair((COM_PORT_OPTION,)).start().clear()

    assert pair.client[COM_PORT_OPTION].send_command(Command.SET_BAUDRATE, 115200)
    pair.run()

    assert pair.at_server.events == pair.at_client.events == [("on_com_port", Command.SET_BAUDRATE, 115200)]
    assert bytes(pair.sent_by_client) == bytes.fromhex("fffa2c 01 0001c200 fff0")
    assert bytes(pair.sent_by_server) == bytes.fromhex("fffa2c 65 0001c200 fff0")


def test_a_question_is_answered_without_the_program_of_the_server() -> None:
    template = COM_PORT_OPTION(
        baudrate=300, datasize=DataSize.SEVEN, parity=Parity.EVEN, stopsize=StopSize.ONE_AND_A_HALF
    )
    pair = Pair((template,), (COM_PORT_OPTION,)).start().clear()

    for command in (Command.SET_BAUDRATE, Command.SET_DATASIZE, Command.SET_PARITY, Command.SET_STOPSIZE):
        pair.client[COM_PORT_OPTION].send_command(command)
    pair.run()

    assert pair.at_server.events == []
    assert pair.at_client.events == [
        ("on_com_port", Command.SET_BAUDRATE, 300),
        ("on_com_port", Command.SET_DATASIZE, DataSize.SEVEN),
        ("on_com_port", Command.SET_PARITY, Parity.EVEN),
        ("on_com_port", Command.SET_STOPSIZE, StopSize.ONE_AND_A_HALF),
    ]


class Port(Recorder):
    """A program whose port is never faster than 9600 bits per second."""

    session: Session

    def on_com_port(self, command: Command, value: int) -> None:
        self.events.append(("on_com_port", command, value))
        if command is Command.SET_BAUDRATE and value > 9600:
            self.session[COM_PORT_OPTION].grant(command, 9600)


def test_the_client_is_answered_what_the_program_granted() -> None:
    port = Port()
    session = port.session = Session(port, (COM_PORT_OPTION,))
    session.start(0.0)
    deliver(session, negotiate(WILL, CODE))
    session.take()

    assert say(session, "01 0001c200") == "6500002580"
    assert port.events[-1] == ("on_com_port", Command.SET_BAUDRATE, 115200)
    assert say(session, "01 00000000") == "6500002580"


def test_signatures_are_exchanged() -> None:
    pair = Pair((COM_PORT_OPTION(signature="bench"),), (COM_PORT_OPTION(signature="terminal"),)).start().clear()

    pair.client[COM_PORT_OPTION].send_command(Command.SIGNATURE)
    pair.run()
    pair.server[COM_PORT_OPTION].send_command(Command.SIGNATURE)
    pair.run()

    assert pair.at_client.events == [("on_com_port", Command.SIGNATURE, "bench")]
    assert pair.at_server.events == [("on_com_port", Command.SIGNATURE, "terminal")]


def test_either_end_suspends_the_other() -> None:
    pair = Pair((COM_PORT_OPTION,)).start().clear()

    pair.client[COM_PORT_OPTION].send_command(Command.FLOWCONTROL_SUSPEND)
    pair.server[COM_PORT_OPTION].send_command(Command.FLOWCONTROL_RESUME)
    pair.run()

    assert pair.at_server.events == [("on_com_port", Command.FLOWCONTROL_SUSPEND, 0)]
    assert pair.at_client.events == [("on_com_port", Command.FLOWCONTROL_RESUME, 0)]
    assert bytes(pair.sent_by_server) == bytes.fromhex("fffa2c 6d fff0")


def test_modem_is_told_from_the_start_and_the_line_when_the_client_wants() -> None:
    pair = Pair((COM_PORT_OPTION,)).start().clear()
    server, client = pair.server[COM_PORT_OPTION], pair.client[COM_PORT_OPTION]

    assert server.notify_modem(ModemState.CD | ModemState.CD_CHANGED)
    assert not server.notify_line(LineState.BREAK)
    client.send_command(Command.SET_LINESTATE_MASK, LineState.BREAK)
    pair.run()
    assert server.notify_line(LineState.BREAK | LineState.DATA_READY)
    pair.run()

    assert pair.at_client.named("on_com_port") == [
        ("on_com_port", Command.NOTIFY_MODEMSTATE, ModemState.CD | ModemState.CD_CHANGED),
        ("on_com_port", Command.SET_LINESTATE_MASK, LineState.BREAK),
        ("on_com_port", Command.NOTIFY_LINESTATE, LineState.BREAK),
    ]


def test_connections_share_the_settings_and_nothing_else() -> None:
    template = COM_PORT_OPTION(baudrate=300)
    one, other = agreed(template)[0], agreed(template)[0]

    say(one, "01 00002580")

    assert say(other, "01 00000000") == "650000012c"


# The server, byte by byte


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("00", "6474656c6e6574"),
        ("01 00000000", "6500002580"),
        ("02 00", "6608"),
        ("03 00", "6701"),
        ("04 00", "6801"),
        ("05 00", "6901"),
        ("05 04", "6906"),
        ("05 07", "6908"),
        ("05 0a", "690b"),
        ("05 0d", "690e"),
        ("06", "6a00"),
        ("07 55", "6bb0"),
    ],
)
def test_server_answers_how_a_port_is_that_was_just_opened(asked: str, answered: str) -> None:
    session, handler = agreed()

    assert say(session, asked) == answered
    assert handler.events == []


@pytest.mark.parametrize(
    ("told", "answered", "event"),
    [
        ("01 ffffffff", "65ffffffff", (Command.SET_BAUDRATE, 0xFFFFFFFF)),
        ("02 07", "6607", (Command.SET_DATASIZE, DataSize.SEVEN)),
        ("03 02", "6702", (Command.SET_PARITY, Parity.ODD)),
        ("04 02", "6802", (Command.SET_STOPSIZE, StopSize.TWO)),
        ("05 05", "6905", (Command.SET_CONTROL, Control.BREAK_ON)),
        ("05 12", "6912", (Command.SET_CONTROL, Control.DTR_INPUT_FLOW)),
        ("0a 1f", "6e1f", (Command.SET_LINESTATE_MASK, LineState(31))),
        ("0b 00", "6f00", (Command.SET_MODEMSTATE_MASK, ModemState(0))),
        ("0c 03", "7003", (Command.PURGE_DATA, Purge.BOTH)),
    ],
)
def test_server_tells_its_program_and_answers(told: str, answered: str, event: tuple[Command, int]) -> None:
    session, handler = agreed()

    assert say(session, told) == answered
    assert handler.events == [("on_com_port", *event)]


@pytest.mark.parametrize(
    ("told", "asked", "answered"),
    [
        ("05 03", "05 00", "6903"),
        ("05 03", "05 0d", "6910"),  # for both directions
        ("05 13", "05 0d", "690e"),  # there is none such for the input
        ("05 0f", "05 00", "6901"),
        ("05 09", "05 07", "6909"),
        ("05 09", "05 0a", "690b"),
        ("02 05", "02 00", "6605"),
    ],
)
def test_server_remembers_each_setting_by_itself(told: str, asked: str, answered: str) -> None:
    session, _ = agreed()
    say(session, told)

    assert say(session, asked) == answered


# The state of the port


def told(session: Session) -> list[str]:
    """The payloads of the notifications, and of whatever else was sent."""
    return [event.data.hex() for event in parse(session.take()) if isinstance(event, Subnegotiation)]


@pytest.mark.parametrize(
    ("modem", "state"), [(READY, "b0"), (ModemState(0), "00"), (ModemState(255), "ffff"), (ModemState.RI_ENDED, "04")]
)
def test_client_is_told_the_state_of_the_modem_as_soon_as_the_option_is_on(modem: ModemState, state: str) -> None:
    session, _ = served((COM_PORT_OPTION(modem=modem),), negotiate(WILL, CODE))

    assert session.take() == negotiate(DO, CODE) + bytes.fromhex(f"fffa2c 6b {state} fff0")


def test_client_is_told_once_where_the_server_requested_the_option() -> None:
    session, _ = served((COM_PORT_OPTION,))
    session[COM_PORT_OPTION].request()
    assert session.take() == negotiate(DO, CODE)

    deliver(session, negotiate(WILL, CODE) * 2)

    assert session.take() == FIRST_STATE


def test_the_first_state_is_what_the_program_said_before_the_option_was_on() -> None:
    session, _ = served((COM_PORT_OPTION,))

    assert not session[COM_PORT_OPTION].notify_modem(ModemState.CTS)
    deliver(session, negotiate(WILL, CODE))

    assert session.take() == negotiate(DO, CODE) + bytes.fromhex("fffa2c 6b 10 fff0")


def test_a_server_that_refuses_the_option_tells_no_state() -> None:
    class Unwilling(COM_PORT_OPTION):
        def accepts(self, side: Side) -> bool:
            return False

    session, _ = served((Unwilling,), negotiate(WILL, CODE))

    assert session.take() == negotiate(DONT, CODE)


def test_an_option_that_is_agreed_on_again_begins_with_its_state_and_masks_again() -> None:
    session, _ = agreed()
    say(session, "0b 00")
    deliver(session, negotiate(WONT, CODE) + negotiate(WILL, CODE))

    assert session.take() == negotiate(DONT, CODE) + negotiate(DO, CODE) + FIRST_STATE
    assert say(session, "0b") == "6fff"


def test_a_client_tells_no_state() -> None:
    session, handler = at_client()

    deliver(session, negotiate(DO, CODE))

    assert (session.take(), handler.events) == (b"", [])


def test_client_hears_the_first_state_as_it_hears_every_other() -> None:
    pair = Pair((COM_PORT_OPTION,)).start()

    assert pair.at_client.named("on_com_port") == [("on_com_port", Command.NOTIFY_MODEMSTATE, READY)]


def test_a_change_to_no_line_at_all_is_a_change() -> None:
    session, _ = agreed()

    assert session[COM_PORT_OPTION].notify_modem(ModemState(0))
    assert told(session) == ["6b00"]


def test_a_change_to_nothing_on_the_line_is_a_change() -> None:
    session, _ = agreed()
    say(session, "0a ff")
    option = session[COM_PORT_OPTION]

    assert option.notify_line(LineState.BREAK) and option.notify_line(LineState(0))
    assert told(session) == ["6a10", "6a00"]


def test_nothing_after_nothing_is_not_sent() -> None:
    session, _ = agreed(COM_PORT_OPTION(modem=ModemState(0)))
    say(session, "0a ff")
    option = session[COM_PORT_OPTION]

    assert not (option.notify_modem(ModemState(0)) or option.notify_line(LineState(0)))
    assert told(session) == []


def test_what_happens_twice_is_told_twice() -> None:
    session, _ = agreed()
    say(session, "0a ff")
    option = session[COM_PORT_OPTION]

    for _ in range(2):
        assert option.notify_line(LineState.BREAK)
        assert option.notify_modem(READY | ModemState.RI_ENDED)

    assert told(session) == ["6a10", "6bb4"] * 2


def test_a_change_of_what_the_client_does_not_want_to_know_is_not_told() -> None:
    session, _ = agreed()
    say(session, "0b 10")
    option = session[COM_PORT_OPTION]

    assert option.notify_modem(ModemState.CTS)
    assert option.notify_modem(ModemState(0))
    assert not option.notify_modem(ModemState.CD)
    assert told(session) == ["6b10", "6b00"]


def test_a_client_that_wants_to_know_nothing_is_not_told_of_an_end_either() -> None:
    session, _ = agreed()
    say(session, "0b 00")

    assert not session[COM_PORT_OPTION].notify_modem(ModemState(0))
    assert told(session) == []


def test_a_mask_that_shows_what_the_client_does_not_know_is_followed_by_the_state() -> None:
    session, _ = agreed()
    say(session, "0b 80")
    option = session[COM_PORT_OPTION]
    option.notify_modem(ModemState.CTS)  # the carrier is gone, which the client wants to know
    option.notify_line(LineState.DATA_READY)
    assert told(session) == ["6b00"]

    deliver(session, subnegotiation(CODE, bytes.fromhex("0b ff")) + subnegotiation(CODE, bytes.fromhex("0a 01")))

    assert told(session) == ["6fff", "6b10", "6e01", "6a01"]


@pytest.mark.parametrize("mask", ["0b ff", "0b 80", "0b 0f", "0a ff"])
def test_a_mask_that_shows_nothing_new_is_only_acknowledged(mask: str) -> None:
    session, _ = agreed()

    deliver(session, subnegotiation(CODE, bytes.fromhex(mask)))
    deliver(session, subnegotiation(CODE, bytes.fromhex(mask)))

    assert len(told(session)) == 2


def test_what_happened_and_was_not_wanted_is_told_to_a_client_that_asks_and_not_by_a_mask() -> None:
    session, _ = agreed()
    session[COM_PORT_OPTION].notify_line(LineState.BREAK)

    deliver(session, subnegotiation(CODE, bytes.fromhex("0a 10")))

    assert told(session) == ["6e10"]
    assert say(session, "06") == "6a10"


@pytest.mark.parametrize(("asked", "first", "then"), [("07", "6bbb", "6bb0"), ("06", "6aff", "6a61")])
def test_what_lasts_is_answered_each_time_and_what_happened_once(asked: str, first: str, then: str) -> None:
    session, _ = agreed()
    say(session, "0b 00")
    option = session[COM_PORT_OPTION]
    option.notify_modem(ModemState(0xBB))
    option.notify_line(LineState(255))

    assert [say(session, asked) for _ in range(3)] == [first, then, then]


def test_a_ring_that_was_notified_is_not_told_again_to_a_client_that_asks() -> None:
    session, _ = agreed()
    session[COM_PORT_OPTION].notify_modem(READY | ModemState.RI_ENDED)
    assert told(session) == ["6bb4"]

    assert say(session, "07") == "6bb0"


def test_a_client_that_asks_too_often_for_a_state_loses_nothing_that_happened() -> None:
    session, _ = agreed()
    for _ in range(300):
        say(session, "06")
    session[COM_PORT_OPTION].notify_line(LineState.BREAK)
    assert say(session, "06") == ""

    session.receive(subnegotiation(CODE, b"\x06"), now=60.0)

    assert told(session) == ["6a10"]


def test_a_state_that_was_not_told_is_told_when_the_client_asks() -> None:
    session, _ = agreed()
    say(session, "0b 00")

    assert not session[COM_PORT_OPTION].notify_modem(ModemState.CTS)
    assert say(session, "07") == "6b10"


def test_a_signature_with_text_is_told_and_not_answered() -> None:
    session, handler = agreed()

    assert say(session, "00 6869ff") == ""
    assert handler.events == [("on_com_port", Command.SIGNATURE, "hi\xff")]


def test_a_long_signature_is_passed_on_and_not_kept() -> None:
    session, handler = agreed()

    say(session, "00" + "61" * 60000)

    assert handler.events == [("on_com_port", Command.SIGNATURE, "a" * 512)]
    assert not any("a" * 9 in str(value) for value in vars(session[COM_PORT_OPTION]).values())


def test_what_is_not_printable_of_a_signature_is_left_out() -> None:
    session, handler = agreed()

    say(session, "00" + b"pi\x1b[2J\r\n\x9bnk".hex())

    assert handler.events == [("on_com_port", Command.SIGNATURE, "pi[2Jnk")]


def test_a_client_that_asks_on_and_on_is_answered_as_often_as_it_may() -> None:
    session, handler = agreed()

    answers = [say(session, "05 08") for _ in range(1000)]

    assert answers == ["6908"] * 255 + [""] * 745  # the first was for WILL
    assert len(handler.named("on_com_port")) == 1000


def test_commands_are_the_same_in_every_cut() -> None:
    data = negotiate(WILL, CODE) + b"".join(
        subnegotiation(CODE, bytes.fromhex(payload)) for payload in ("01 0000ff00", "05 08", "00", "0c 01")
    )
    for pieces in every_cut(data):
        session, handler = served((COM_PORT_OPTION,), *pieces)

        assert handler.named("on_com_port", "on_protocol_error") == [
            ("on_com_port", Command.SET_BAUDRATE, 0xFF00),
            ("on_com_port", Command.SET_CONTROL, Control.DTR_ON),
            ("on_com_port", Command.PURGE_DATA, Purge.RECEIVED),
        ]


# Recorded: pyserial 3.5, its client and its server


def test_recorded_client_is_served() -> None:
    opening = "fffd01 fffb03 fffd03 fffd2c fffb2c fffb00 fffd00"
    settings = "fffa2c010001c200fff0 fffa2c0207fff0 fffa2c0303fff0 fffa2c0402fff0"
    session, handler = served((COM_PORT_OPTION,), bytes.fromhex(opening))
    assert bytes.fromhex("fffd2c") in session.take()

    deliver(session, bytes.fromhex(settings))

    assert session.take() == bytes.fromhex("fffa2c650001c200fff0 fffa2c6607fff0 fffa2c6703fff0 fffa2c6802fff0")
    assert handler.named("on_com_port", "on_protocol_error") == [
        ("on_com_port", Command.SET_BAUDRATE, 115200),
        ("on_com_port", Command.SET_DATASIZE, DataSize.SEVEN),
        ("on_com_port", Command.SET_PARITY, Parity.EVEN),
        ("on_com_port", Command.SET_STOPSIZE, StopSize.TWO),
    ]


def test_recorded_server_is_used() -> None:
    opening = "fffb01 fffb03 fffd00 fffb2c fffd2c fffa2c6bbbfff0"
    session, handler = served((COM_PORT_OPTION,), bytes.fromhex(opening), role=Role.CLIENT)
    session.take()

    assert session[COM_PORT_OPTION].send_command(Command.SET_BAUDRATE, 9600)
    deliver(session, bytes.fromhex("fffa2c6500002580fff0"))

    assert session.take() == bytes.fromhex("fffa2c0100002580fff0")
    assert handler.named("on_com_port", "on_protocol_error") == [
        ("on_com_port", Command.NOTIFY_MODEMSTATE, ModemState(0xBB)),
        ("on_com_port", Command.SET_BAUDRATE, 9600),
    ]


# Senders


def test_nothing_is_sent_while_the_option_is_off() -> None:
    session, _ = served((COM_PORT_OPTION,))
    session.take()
    option = session[COM_PORT_OPTION]

    assert not any((option.send_command(Command.SIGNATURE), option.notify_modem(ModemState.CD)))
    assert session.take() == b""


@pytest.mark.parametrize(("command", "value"), [(Command.SET_DATASIZE, 9), (Command.FLOWCONTROL_RESUME, 1)])
def test_a_wrong_value_is_an_error_whether_the_option_is_on_or_not(command: Command, value: int) -> None:
    for session in (served((COM_PORT_OPTION,))[0], agreed()[0]):
        with pytest.raises(ValueError, match=f"^{command.name} does not take {value}$"):
            session[COM_PORT_OPTION].send_command(command, value)


def test_a_wrong_state_is_an_error() -> None:
    with pytest.raises(ValueError, match="^NOTIFY_MODEMSTATE does not take 256$"):
        agreed()[0][COM_PORT_OPTION].notify_modem(256)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("command", "value", "problem"),
    [
        (Command.SET_BAUDRATE, 0, "SET_BAUDRATE with 0 asks, and sets nothing"),
        (Command.SET_PARITY, 7, "SET_PARITY does not take 7"),
    ],
)
def test_what_is_granted_is_a_setting(command: Command, value: int, problem: str) -> None:
    with pytest.raises(ValueError, match=f"^{problem}$"):
        agreed()[0][COM_PORT_OPTION].grant(command, value)


def test_a_change_at_the_server_is_what_the_next_question_is_answered() -> None:
    session, _ = agreed()

    session[COM_PORT_OPTION].grant(Command.SET_CONTROL, Control.DTR_OFF)

    assert say(session, "05 07") == "6909"


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"signature": ""}, "a signature has one character at least: without any it would be a question"),
        ({"signature": "\u2603"}, "SIGNATURE does not take '\u2603'"),
        ({"baudrate": 0}, "SET_BAUDRATE with 0 asks, and sets nothing"),
        ({"datasize": 9}, "SET_DATASIZE does not take 9"),
        ({"parity": "even"}, "SET_PARITY does not take 'even'"),
        ({"stopsize": 0}, "SET_STOPSIZE with 0 asks, and sets nothing"),
        ({"modem": 256}, "NOTIFY_MODEMSTATE does not take 256"),
    ],
)
def test_settings_are_checked(settings: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=f"^{problem}$"):
        COM_PORT_OPTION(**settings)


# Bad input

WRONG = ["", "01", "01 002580", "02 09", "02 0800", "03 06", "04 04", "05 14", "0b", "0c 00", "0d", "3f", "ff"]


def name_of(payload: str) -> str:
    return Command(bytes.fromhex(payload)[0]).name


# RFC 2217 section 2: a command that cannot be obeyed is answered with what is in force.
NOT_OBEYED = {
    "01": "6500002580",
    "01 002580": "6500002580",
    "01 0000002581": "6500002580",
    "02": "6608",
    "02 01": "6608",
    "02 09": "6608",
    "02 ff": "6608",
    "02 0700": "6608",
    "03": "6701",
    "03 06": "6701",
    "03 0200": "6701",
    "04": "6801",
    "04 04": "6801",
    "04 0200": "6801",
    "05": "6901",
    "05 14": "6901",
    "05 ff": "6901",
    "05 0900": "6901",
    "0a": "6e00",
    "0a ffff": "6e00",
    "0b": "6fff",
    "0b 0000": "6fff",
    "0c": "7000",
    "0c 00": "7000",
    "0c 04": "7000",
    "0c 0101": "7000",
}


@pytest.mark.parametrize(("payload", "answer"), NOT_OBEYED.items())
def test_server_reports_what_it_cannot_set_and_answers_what_is_in_force(payload: str, answer: str) -> None:
    session, handler = agreed()

    assert say(session, payload) == answer
    assert handler.events == [
        ("on_protocol_error", f"COM_PORT_OPTION: {name_of(payload)} with a value that it does not take", ANY)
    ]


@pytest.mark.parametrize(
    ("told", "not_obeyed", "answer"),
    [
        ("01 0001c200", "01 00", "650001c200"),
        ("02 05", "02 09", "6605"),
        ("03 03", "03 06", "6703"),
        ("04 03", "04 04", "6803"),
        ("05 02", "05 14", "6902"),
        ("0a 10", "0a", "6e10"),
        ("0b 80", "0b", "6f80"),
        ("0c 03", "0c 04", "7000"),  # no buffer was emptied
    ],
)
def test_what_is_in_force_is_what_was_set_before(told: str, not_obeyed: str, answer: str) -> None:
    session, _ = agreed()
    say(session, told)

    assert say(session, not_obeyed) == answer


def test_what_is_in_force_is_what_the_program_granted() -> None:
    session, _ = agreed()
    session[COM_PORT_OPTION].grant(Command.SET_DATASIZE, DataSize.SEVEN)

    assert say(session, "02 09") == "6607"


def test_a_client_that_asks_for_what_there_is_not_on_and_on_is_answered_as_often_as_it_may() -> None:
    session, _ = agreed()

    answers = [say(session, "02 09") + say(session, "0c 04") for _ in range(200)]

    assert "".join(answers) == ("6608" + "7000") * 127 + "6608"  # the first was for WILL


@pytest.mark.parametrize("payload", ["", "0d", "0d 00", "3f", "63", "65 00002580", "6a 00", "70 03", "ff"])
def test_server_reports_what_has_no_answer_and_drops_it(payload: str) -> None:
    session, handler = agreed()

    assert say(session, payload) == ""
    assert [event[0] for event in handler.events] == ["on_protocol_error"]
    assert handler.events[0][1].startswith("COM_PORT_OPTION: ")


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("command", [Command.FLOWCONTROL_SUSPEND, Command.FLOWCONTROL_RESUME])
@pytest.mark.parametrize("excess", [b"\0", b"\xff\xff", b"x" * 60_000])
def test_a_peer_stops_and_starts_us_with_bytes_too_many_as_well(role: Role, command: Command, excess: bytes) -> None:
    session, handler = served((COM_PORT_OPTION,), negotiate(WILL, CODE) + negotiate(DO, CODE), role=role)
    handler.events.clear()
    code = bytes((command + 100 * (role is Role.CLIENT),))

    deliver(session, subnegotiation(CODE, code + excess))

    assert handler.events == [
        ("on_protocol_error", f"COM_PORT_OPTION: {TOO_MANY}", (code + excess)[:64]),
        ("on_com_port", command, 0),
    ]


def test_a_long_value_is_reported_by_how_it_begins() -> None:
    session, handler = agreed()

    assert say(session, "01" + "00" * 60000) == "6500002580"
    assert len(handler.events[0][2]) == 64


def test_what_cannot_be_set_is_answered_the_same_in_every_cut() -> None:
    data = negotiate(WILL, CODE) + b"".join(subnegotiation(CODE, bytes.fromhex(each)) for each in ("02 09", "0c 04"))
    for pieces in every_cut(data):
        session, _ = served((COM_PORT_OPTION,), *pieces)

        assert session.take() == negotiate(DO, CODE) + FIRST_STATE + bytes.fromhex("fffa2c6608fff0 fffa2c7000fff0")


@pytest.mark.parametrize(
    "payload",
    [
        *WRONG,
        "00",
        "01 00002580",
        "65",
        "65 002580",
        "66 09",
        "66 0800",
        "67 06",
        "68 04",
        "69 14",
        "6a",
        "6b",
        "6b b0b0",
        "70 00",
        "70 04",
        "71",
    ],
)
def test_client_reports_what_is_wrong_and_drops_it(payload: str) -> None:
    session, handler = at_client()

    assert say(session, payload) == ""
    assert [event[0] for event in handler.events] == ["on_protocol_error"]


def test_client_takes_an_answer_that_it_did_not_ask_for() -> None:
    session, handler = at_client()

    assert say(session, "65 00002580") == ""
    assert handler.events == [("on_com_port", Command.SET_BAUDRATE, 9600)]


def test_nothing_is_taken_while_the_option_is_off() -> None:
    session, handler = served((COM_PORT_OPTION,))
    session.take()

    assert say(session, "01 00000000") == ""
    assert handler.events[-1][0] == "on_protocol_error"


def test_what_crosses_our_refusal_is_not_answered() -> None:
    session, handler = agreed()
    session[COM_PORT_OPTION].refuse(Side.REMOTE)
    session.take()

    assert say(session, "02 07") == ""
    assert handler.events == [("on_com_port", Command.SET_DATASIZE, DataSize.SEVEN)]


@pytest.mark.parametrize(("role", "command"), [(Role.SERVER, DO), (Role.CLIENT, WILL)])
def test_only_the_client_performs_it(role: Role, command: bytes) -> None:
    session, _ = served((COM_PORT_OPTION,), role=role)
    session.take()

    deliver(session, negotiate(command, CODE))

    assert session.take() == negotiate(WONT if command == DO else DONT, CODE)


@given(st.sampled_from(Role), st.lists(st.binary(max_size=20)))
def test_no_payload_raises_or_makes_anything_grow(role: Role, payloads: list[bytes]) -> None:
    session, _ = agreed(role=role)

    for payload in payloads:
        assert len(say(session, payload.hex())) <= 2 * max(len(payload), len("\0telnet"))

    assert len(session[COM_PORT_OPTION]._held) <= 14  # four settings, five controls, two masks and states, PURGE-DATA


ACKNOWLEDGED = [each for each in Command if each.name.startswith("SET_") or each is Command.PURGE_DATA]


@given(st.sampled_from(ACKNOWLEDGED), st.binary(max_size=6))
def test_every_command_that_sets_or_empties_is_answered_whatever_its_value(command: Command, value: bytes) -> None:
    session, handler = agreed()

    deliver(session, subnegotiation(CODE, bytes((command,)) + value))
    answer, *state = told(session)

    assert bytes.fromhex(answer)[0] == 100 + command
    assert state == []  # a new port has nothing more to tell
    assert len(handler.events) <= 1
