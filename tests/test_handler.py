"""What a program writes: its senders, its placeholders, and how it gets a shell."""

from __future__ import annotations

import inspect
import logging
import re
from pathlib import Path
from typing import Any

import pytest

import telnet.options
from telnet import Limits, MudConnection, MudHandler, escape, negotiate, subnegotiation
from telnet.constants import DO, GA, IAC, WILL, WONT
from telnet.handler import check_handler, combine
from telnet.options import ECHO, GMCP, LOGOUT, MCCP3, MSDP, MSSP, NAWS, Role

SOURCES = Path(inspect.getfile(telnet.options)).parent


class Player(MudHandler):
    """Somebody."""

    options = (ECHO, NAWS, GMCP, MSDP(reportable=("HEALTH",)))


class Shell(MudHandler):
    options = (LOGOUT,)


def started(handler: MudHandler) -> MudHandler:
    handler.make_session().start(0.0)
    handler.session.take()
    return handler


def test_text_is_sent_by_the_session() -> None:
    player = started(Player())

    player.send("a\n")
    player.send_line("ÿ")
    player.prompt("> ")

    assert player.session.take() == b"a\r\n" + escape("ÿ".encode()) + b"\r\n> " + IAC + GA


def test_echo_is_hidden_and_shown() -> None:
    player = started(Player())

    player.echo(False)
    player.session.receive(negotiate(DO, ECHO.code), 0.0)
    assert player.session.take() == negotiate(WILL, ECHO.code)
    player.echo(True)

    assert player.session.take() == b"\r\n" + IAC + b"\xfc" + ECHO.code


def test_echo_without_its_option_says_what_to_do() -> None:
    with pytest.raises(KeyError, match="ECHO is not spoken on this connection: list it in its options"):
        started(MudHandler()).echo(False)


def test_a_message_of_gmcp_goes_to_who_speaks_it() -> None:
    player = started(Player())
    assert not player.send_gmcp("Room.Info", {"num": 1})

    player.session.receive(negotiate(DO, GMCP.code), 0.0)

    assert player.send_gmcp("Room.Info", {"num": 1})
    assert player.session.take() == subnegotiation(GMCP.code, b'Room.Info {"num":1}')


def test_a_variable_of_msdp_goes_to_who_has_asked_for_it() -> None:
    player = started(Player())
    assert not player.send_msdp("HEALTH", 100)

    report = subnegotiation(MSDP.code, b"\1REPORT\2HEALTH")
    player.session.receive(negotiate(DO, MSDP.code) + report, 0.0)
    player.session.take()

    assert player.send_msdp("HEALTH", 90)
    assert player.session.take() == subnegotiation(MSDP.code, b"\1HEALTH\x0290")


def test_a_handler_knows_its_client() -> None:
    player = started(Player())
    player.session.client.learn(width=100)

    assert player.client.width == 100


def test_settings_of_the_class_are_those_of_the_session() -> None:
    class Old(MudHandler):
        encoding = "latin-1"
        limits = telnet.Limits(line=5)
        edit_lines = True

    session = Old().make_session(Role.CLIENT)

    assert (session.encoding, session.limits.line, session.role) == ("iso8859-1", 5, Role.CLIENT)
    assert session.edit_lines and not MudHandler().make_session().edit_lines


def placeholders() -> list[str]:
    return [name for name in vars(MudHandler) if name.startswith("on_")]


def test_every_event_of_a_session_and_its_options_has_a_placeholder() -> None:
    emitted = set()
    for source in [*SOURCES.glob("*.py"), SOURCES.parent / "session.py"]:
        emitted |= set(re.findall(r'\bemit\(\s*"(on_\w+)"', source.read_text(encoding="utf-8")))

    assert emitted - {"on_dice"} <= set(placeholders())  # which the example in the text of an option has


LOGGED = ("on_compression_error", "on_negotiation_limit", "on_slow_consumer")


@pytest.mark.parametrize("name", placeholders())
def test_a_placeholder_does_nothing_or_closes(name: str, caplog: pytest.LogCaptureFixture) -> None:
    handler = started(Shell())
    placeholder = getattr(handler, name)

    with caplog.at_level(logging.WARNING, "telnet"):
        placeholder(*[b""] * len(inspect.signature(placeholder).parameters))

    closes = name in ("on_compression_error", "on_slow_consumer", "on_input_end")
    assert handler.session.closed == closes
    assert bool(caplog.records) == (name in LOGGED)
    assert handler.session.take() == (negotiate(WONT, LOGOUT.code) if name == "on_logout" else b"")


def test_without_a_shell_there_is_a_session_and_no_clock() -> None:
    handler = started(MudHandler())

    handler.close()

    assert handler.session.closed
    assert handler.remote_address is None
    with pytest.raises(RuntimeError, match="MudHandler has no clock: run it on a shell, such as MudServer"):
        handler.call_later(1.0, print)
    with pytest.raises(RuntimeError, match="MudHandler has no thread to come back to: run it on a shell"):
        handler.call_from_thread(print)


def test_a_pause_without_a_shell_is_that_of_the_session() -> None:
    handler = started(MudHandler())

    handler.pause()
    paused = handler.session.paused
    handler.resume()

    assert (paused, handler.session.paused) == (True, False)


def test_a_handler_gets_a_shell_and_stays_what_it_is() -> None:
    combined = combine(Player, Shell)

    assert issubclass(combined, Player) and issubclass(combined, Shell)
    assert (combined.__name__, combined.__module__, combined.__doc__) == ("Player", __name__, "Somebody.")


def test_a_handler_of_that_shell_is_left_alone() -> None:
    assert combine(Shell, Shell) is Shell


def test_the_handler_itself_is_the_shell() -> None:
    assert combine(MudHandler, Shell) is Shell


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize(
    ("name", "value", "error", "text"),
    [
        ("options", ("x",), TypeError, "options must be classes or instances of Option, not 'x'"),
        ("options", 5, TypeError, "not iterable"),
        ("options", iter([MCCP3]), TypeError, "options of Wrong must be a sequence, not .*, which lasts once"),
        ("options", (MCCP3, MCCP3), ValueError, "given twice"),
        ("encoding", "klingon", LookupError, "encoding must be one that Python knows"),
        ("encoding", "utf-16", ValueError, "encoding must leave ASCII as it is"),
        ("fallback", "klingon", LookupError, "encoding must be one that Python knows"),
        ("legacy_encoding", "klingon", LookupError, "encoding must be one that Python knows"),
        ("legacy_encoding", "utf-16", ValueError, "encoding must leave ASCII as it is"),
        ("ayt_answer", b"Yes", TypeError, "ayt_answer must be str or None, not bytes"),
        ("nop_interval", "60", TypeError, "nop_interval must be a number of seconds or None, not str"),
        ("nop_interval", 0, ValueError, "nop_interval must be above 0, not 0"),
        ("limits", {"line": 5}, TypeError, "limits of Wrong must be a Limits, not {'line': 5}"),
        ("limits", Limits, TypeError, "limits of Wrong must be a Limits, not <class"),
    ],
)
def test_what_a_connection_would_refuse_is_refused_before_there_is_one(
    role: Role, name: str, value: Any, error: type[Exception], text: str
) -> None:
    wrong = type("Wrong", (MudHandler,), {name: value})
    with pytest.raises(error, match=text):
        check_handler(wrong, role)


def test_what_a_server_lacks_is_nothing_that_a_client_needs() -> None:
    class Asking(MudHandler):
        options = (MSSP,)

    check_handler(Asking, Role.CLIENT)
    with pytest.raises(ValueError, match="MSSP requires the variables NAME, PLAYERS, UPTIME"):
        check_handler(Asking, Role.SERVER)


@pytest.mark.parametrize("bad", [object, "Player", MCCP3])
def test_what_is_no_handler_is_refused(bad: Any) -> None:
    with pytest.raises(TypeError, match="a handler is a subclass of MudHandler, not"):
        combine(bad, Shell)


def test_a_handler_of_another_shell_is_refused() -> None:
    with pytest.raises(TypeError, match="MudConnection has a shell already, and it is not Shell"):
        combine(telnet.MudConnection, Shell)


def test_a_name_that_belongs_to_the_shell_is_refused() -> None:
    class Mixin:
        _queue = 1

    class Busy(Mixin, MudHandler):
        def _go_on(self) -> None:
            pass

    with pytest.raises(TypeError, match="^Busy has names of its shell: _go_on; choose others$"):
        combine(Busy, MudConnection)
