"""What every option is made of: a program writes its own, and an instance in ``options`` is a template."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
from case_names import shown
from hostile_payloads import OPTIONS
from session_support import Pair, deliver, every_cut, served

from telnet import options
from telnet.constants import DO, DONT, LOGOUT, TIMING_MARK, WILL, WONT, option_name
from telnet.encode import negotiate, subnegotiation
from telnet.limits import Limits
from telnet.negotiation import Side
from telnet.options import (
    LFLOW,
    LINEMODE,
    NAWS,
    NEW_ENVIRON,
    SNDLOC,
    STATUS,
    TSPEED,
    TTYPE,
    XDISPLOC,
    Option,
    Role,
    StatelessOption,
)
from telnet.options import option as module
from telnet.session import Session

CODE = b"\x7b"


@pytest.fixture(autouse=True)
def parser(parser_module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("telnet.session.Parser", parser_module.Parser)


class Dice(Option):
    """The example of the documentation, as a program writes it."""

    code = CODE
    performer = Role.SERVER

    def on_enabled(self, side: Side) -> None:
        if side is Side.LOCAL:
            self.send(b"6")

    def on_subnegotiation(self, data: bytes) -> None:
        if data not in (b"1", b"2", b"3", b"4", b"5", b"6"):
            return self.report("not a number of a die", data)
        self.emit("on_dice", int(data))


class Both(Option):
    """An option that both sides may perform, and that does nothing."""

    code = CODE


class OfTheClient(Both):
    performer = Role.CLIENT


class Collector(Option):
    """Keeps what was wanted, and sends it once a turn; remembers what happened to it."""

    code = CODE

    def setup(self) -> None:
        self.wanted: list[bytes] = []
        self.log: list[tuple[Any, ...]] = []

    def want(self, data: bytes) -> None:
        self.wanted.append(data)
        self.want_turn()

    def on_turn(self) -> None:
        self.send(b",".join(self.wanted))
        self.wanted.clear()

    def on_enabled(self, side: Side) -> None:
        self.log.append(("enabled", side))

    def on_disabled(self, side: Side) -> None:
        self.log.append(("disabled", side))

    def on_refused(self, side: Side) -> None:
        self.log.append(("refused", side))

    def on_line(self, line: str) -> bool:
        self.log.append(("line", line))
        return line.startswith("!")


# An option of the program's own


def test_the_example_of_the_module_is_written_out_here() -> None:
    shown = (module.__doc__ or "").partition("class Dice(Option):")[2]

    assert 'self.emit("on_dice", int(data))' in shown
    assert 'return self.report("not a number of a die", data)' in shown


def test_an_option_of_ten_lines_works_between_two_ends() -> None:
    pair = Pair((Dice,)).start()

    assert pair.at_client.named("on_dice") == [("on_dice", 6)]
    assert pair.at_server.named("on_dice") == []
    assert bytes(pair.sent_by_server) == negotiate(WILL, CODE) + subnegotiation(CODE, b"6")
    assert bytes(pair.sent_by_client) == negotiate(DO, CODE)


def test_an_option_of_ten_lines_works_in_every_cut() -> None:
    for pieces in every_cut(negotiate(WILL, CODE) + subnegotiation(CODE, b"6") + subnegotiation(CODE, b"1")):
        _, handler = served((Dice,), *pieces, role=Role.CLIENT)

        assert handler.named("on_dice") == [("on_dice", 6), ("on_dice", 1)]


@pytest.mark.parametrize("data", [b"", b"7", b"66", b"x", b"9" * 60000])
def test_what_is_no_throw_is_reported_with_an_excerpt(data: bytes) -> None:
    _, handler = served((Dice,), negotiate(WILL, CODE) + subnegotiation(CODE, data), role=Role.CLIENT)

    assert handler.named("on_dice", "on_protocol_error") == [
        ("on_protocol_error", "123: not a number of a die", data[:64])
    ]


def test_an_event_that_the_program_has_no_method_for_is_nothing() -> None:
    session = Session(object(), (Dice,), role=Role.CLIENT)
    session.start(0.0)

    deliver(session, negotiate(WILL, CODE) + subnegotiation(CODE, b"6"))

    assert session.take() == negotiate(DO, CODE)


# Templates


def test_an_instance_is_a_template_that_each_connection_copies() -> None:
    template = Collector()
    one, other = served((template,))[0], served((template,))[0]

    one[Collector].want(b"a")

    assert other[Collector].wanted == []
    assert not hasattr(template, "session")
    assert not hasattr(template, "wanted")


def test_a_class_stands_for_an_instance_without_arguments() -> None:
    one, other = served((Collector,))[0], served((Collector,))[0]

    assert one[Collector] is not other[Collector]


def test_a_copy_belongs_to_its_session() -> None:
    session, _ = served((Both,))
    option = session[Both]

    assert option.session is session
    assert option.client is session.client
    assert session.options == {CODE: option}


# Who says what


@pytest.mark.parametrize(
    ("option", "role", "said"),
    [
        (Dice, Role.SERVER, negotiate(WILL, CODE)),
        (Dice, Role.CLIENT, b""),
        (OfTheClient, Role.SERVER, negotiate(DO, CODE)),
        (OfTheClient, Role.CLIENT, b""),
        (Both, Role.SERVER, b""),
        (Both, Role.CLIENT, b""),
    ],
)
def test_a_server_opens_as_the_performer_says_and_a_client_waits(option: type[Option], role: Role, said: bytes) -> None:
    session, _ = served((option,), role=role)

    assert session.take() == said


@pytest.mark.parametrize(
    ("option", "role", "command", "answer"),
    [
        (Dice, Role.CLIENT, WILL, DO),
        (Dice, Role.CLIENT, DO, WONT),
        (OfTheClient, Role.CLIENT, WILL, DONT),
        (OfTheClient, Role.CLIENT, DO, WILL),
        (Both, Role.CLIENT, WILL, DO),
        (Both, Role.CLIENT, DO, WILL),
        (Both, Role.SERVER, WILL, DO),
        (Both, Role.SERVER, DO, WILL),
    ],
)
def test_an_option_is_accepted_where_the_performer_says(
    option: type[Option], role: Role, command: bytes, answer: bytes
) -> None:
    session, _ = served((option,), negotiate(command, CODE), role=role)

    assert session.take() == negotiate(answer, CODE)


@pytest.mark.parametrize(
    ("option", "command", "answer"), [(Dice, WILL, DONT), (OfTheClient, DO, WONT)], ids=["Dice", "OfTheClient"]
)
def test_a_server_refuses_what_the_other_end_performs(option: type[Option], command: bytes, answer: bytes) -> None:
    session, _ = served((option,))
    session.take()

    deliver(session, negotiate(command, CODE))

    assert session.take() == negotiate(answer, CODE)


def test_which_side_performs_it_is_known() -> None:
    pair = Pair((Dice,)).start()
    server, client = pair.server[Dice], pair.client[Dice]

    assert (server.local, server.remote, server.enabled, server.is_server) == (True, False, True, True)
    assert (client.local, client.remote, client.enabled, client.is_server) == (False, True, True, False)


def test_an_option_that_is_being_refused_is_not_enabled() -> None:
    pair = Pair((Dice,)).start()

    pair.server[Dice].refuse(Side.LOCAL)

    assert not pair.server[Dice].enabled


# What an option is told


def test_an_option_hears_what_becomes_of_it() -> None:
    session, _ = served((Collector,))
    session[Collector].offer()
    session[Collector].request()

    deliver(session, negotiate(DO, CODE) + negotiate(WONT, CODE) + negotiate(DONT, CODE))

    assert session[Collector].log == [("enabled", Side.LOCAL), ("refused", Side.REMOTE), ("disabled", Side.LOCAL)]


def test_an_option_without_hooks_takes_everything_quietly() -> None:
    session, handler = served((Both,))
    session[Both].offer()
    session[Both].request()

    deliver(session, negotiate(DO, CODE) + negotiate(WONT, CODE) + negotiate(DONT, CODE) + b"look\r\n")

    assert handler.named("on_line", "on_protocol_error") == [("on_line", "look")]
    assert session[Both].on_line("look") is False
    session[Both].on_turn()
    session[Both].on_stream_end("")
    session[Both].on_negotiation(DO)
    assert session.take() == negotiate(WILL, CODE) + negotiate(DO, CODE) + negotiate(WONT, CODE)


def test_a_subnegotiation_that_an_option_knows_nothing_of_is_reported() -> None:
    _, handler = served((Both,), negotiate(WILL, CODE) + subnegotiation(CODE, b"x" * 100))

    assert handler.events[-1] == ("on_protocol_error", "123: unexpected subnegotiation", b"x" * 64)


def test_a_line_that_is_meant_for_an_option_does_not_reach_the_program() -> None:
    session, handler = served((Collector,), b"look\r\n!roll\r\n")

    assert session[Collector].log == [("line", "look"), ("line", "!roll")]
    assert handler.named("on_line") == [("on_line", "look")]


# Answers, and what is reported


class Echo(Both):
    """Answers each message with as many bytes as it asks for."""

    def setup(self) -> None:
        self.answered: list[bool] = []

    def on_subnegotiation(self, data: bytes) -> None:
        self.answered.append(self.answer(b"x" * int(data)))


def answers(session: Session, *sizes: int, now: float = 0.0) -> list[bool]:
    """Ask for answers of these sizes; return which of them were given."""
    option = session[Echo]
    option.answered.clear()
    deliver(session, b"".join(subnegotiation(CODE, b"%d" % size) for size in sizes), now)
    assert session.take() == b"".join(
        subnegotiation(CODE, b"x" * size) for size, sent in zip(sizes, option.answered, strict=True) if sent
    )
    return option.answered


def echoing(negotiations: int) -> Session:
    session, _ = served((Echo,), limits=Limits(negotiations=negotiations))
    session[Echo].offer()
    deliver(session, negotiate(DO, CODE))
    session.take()
    return session


def test_an_answer_is_given_as_often_as_the_limit_says() -> None:
    session = echoing(4)

    assert answers(session, 1, 1, 1, 1, 1, 1) == [True] * 4 + [False] * 2
    assert answers(session, 1, 1, now=4.0) == [True, False]  # a sixteenth of them each second


@pytest.mark.parametrize(("size", "counted"), [(0, 1), (63, 1), (64, 2), (127, 2), (128, 3)])
def test_a_long_answer_counts_as_several(size: int, counted: int) -> None:
    session = echoing(6)

    assert answers(session, *[size] * 7) == [True] * (6 // counted) + [False] * (7 - 6 // counted)


def test_an_answer_that_is_longer_than_all_that_is_left_is_given_when_nothing_else_was() -> None:
    session = echoing(4)

    assert answers(session, 60_000, 1) == [True, False]


def test_a_question_that_crosses_our_refusal_is_not_answered() -> None:
    session = echoing(4)
    session[Echo].refuse(Side.LOCAL)
    session.take()

    assert answers(session, 1) == [False]


@pytest.mark.parametrize(
    ("option", "side", "message"),
    [
        (TTYPE, Side.REMOTE, b"\x00XTERM"),
        (TSPEED, Side.REMOTE, b"\x0038400,38400"),
        (XDISPLOC, Side.REMOTE, b"\x00ada:0"),
        (SNDLOC, Side.REMOTE, b"here"),
        (NAWS, Side.REMOTE, b"\x00\x50\x00\x18"),
        (NEW_ENVIRON, Side.REMOTE, b"\x00\x00LANG\x01C"),
        (STATUS, Side.REMOTE, b"\x00\xfb\x05"),
        (LINEMODE, Side.REMOTE, b"\x01\x07"),
        (TTYPE, Side.LOCAL, b"\x01"),
        (TSPEED, Side.LOCAL, b"\x01"),
        (XDISPLOC, Side.LOCAL, b"\x01"),
        (NEW_ENVIRON, Side.LOCAL, b"\x01"),
        (STATUS, Side.LOCAL, b"\x01"),
        (LFLOW, Side.LOCAL, b"\x00"),
        (LINEMODE, Side.LOCAL, b"\x01\x03"),
    ],
    ids=shown,
)
def test_what_crosses_our_refusal_is_no_fault_and_not_answered(
    option: type[Option], side: Side, message: bytes
) -> None:
    local = side is Side.LOCAL
    agreed = negotiate(DO if local else WILL, option.code)
    session, handler = served([option], agreed, role=Role.CLIENT if local else Role.SERVER)
    session[option].refuse(side)
    session.take()

    deliver(session, subnegotiation(option.code, message) + negotiate(DONT if local else WONT, option.code))

    assert handler.named("on_protocol_error") == []
    assert session.take() == b""


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option_name(option.code))
@pytest.mark.parametrize(
    "secret", [b"hunter2 password", b"password hunter2", b"Char.Login hunter2", b"hunter2\x02TOKEN"]
)
def test_no_report_shows_a_secret(option: Option, role: Role, secret: bytes) -> None:
    on = negotiate(DO, option.code) + negotiate(WILL, option.code)
    session, handler = served((option,), on, role=role)

    for head in (
        b"",
        b"\x00",
        b"\x01",
        b"\x02",
        b"\x03",
        b"\x04",
        b"\x00\x00",
        b"\x02\x03",
        b"A ",
        b"\x01A\x02",
        b"\xfd\x02",
    ):
        for tail in (b"", b"\x00", b"\x01", b"\x02", b"\xff", b"\x02x", b" x" * 1000, b"\x00" * 9000):
            deliver(session, subnegotiation(option.code, head + secret + tail))

    for _, reason, excerpt in handler.named("on_protocol_error"):
        assert "hunter2" not in reason
        assert b"hunter2" not in excerpt


def test_what_is_wanted_in_one_turn_is_sent_once() -> None:
    session, _ = served((Collector,))

    session[Collector].want(b"a")
    session[Collector].want(b"b")

    assert session.take() == subnegotiation(CODE, b"a,b")
    assert session.take() == b""


def test_bytes_255_of_a_subnegotiation_are_doubled() -> None:
    session, _ = served((Both,))

    session[Both].send(b"\xff")

    assert session.take() == b"\xff\xfa\x7b\xff\xff\xff\xf0"


# Settling


def test_on_ready_waits_for_what_was_asked_and_not_for_what_the_peer_asked() -> None:
    asked, _ = served((OfTheClient,))
    unasked, _ = served((Both,))

    assert (asked.ready, asked[OfTheClient].settling) == (False, True)
    assert (unasked.ready, unasked[Both].settling) == (True, False)


@pytest.mark.parametrize("command", [WILL, WONT])
def test_any_answer_settles(command: bytes) -> None:
    session, _ = served((OfTheClient,), negotiate(command, CODE))

    assert session.ready


def test_what_was_taken_back_settles_when_it_is_answered() -> None:
    session, _ = served((OfTheClient,))
    session[OfTheClient].refuse(Side.REMOTE)
    assert session[OfTheClient].settling

    deliver(session, negotiate(WONT, CODE))

    assert not session[OfTheClient].settling


# Options without a state


class Mark(StatelessOption):
    code = TIMING_MARK

    def setup(self) -> None:
        self.heard: list[bytes] = []

    def on_negotiation(self, command: bytes) -> None:
        self.heard.append(command)


def test_an_option_without_a_state_hears_each_command() -> None:
    session, _ = served((Mark,), b"".join(negotiate(command, TIMING_MARK) for command in (DO, WILL, WONT, DONT)))

    assert session[Mark].heard == [DO, WILL, WONT, DONT]
    assert session.take() == b""


def test_an_option_without_a_state_is_asked_and_announced_as_often_as_wanted() -> None:
    session, _ = served((Mark,))
    session[Mark].ask()
    session[Mark].ask()
    session[Mark].announce()

    assert session.take() == negotiate(DO, TIMING_MARK) * 2 + negotiate(WILL, TIMING_MARK)


def test_an_option_without_a_state_is_never_on_and_keeps_nobody_waiting() -> None:
    session, _ = served((Mark,), negotiate(WILL, TIMING_MARK))

    assert (session[Mark].enabled, session[Mark].settling, session.ready) == (False, False, True)


@pytest.mark.parametrize("code", [TIMING_MARK, LOGOUT])
def test_an_option_without_a_state_cannot_be_agreed_on(code: bytes) -> None:
    option = options.TIMING_MARK if code == TIMING_MARK else options.LOGOUT
    session, _ = served((option,))

    with pytest.raises(ValueError, match="has no state to agree on"):
        session[option].offer()


def test_every_option_of_the_package_is_documented_with_its_source() -> None:
    library = [getattr(options, name) for name in options.__all__ if name.isupper()]

    assert len(library) >= 12
    assert all("Source" in (option.__doc__ or "") for option in library)
