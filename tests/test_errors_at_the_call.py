"""A call that cannot be meant says at once what was wrong, and what would be right."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

import telnet
from telnet import MudHandler, Session
from telnet.cli import main
from telnet.options import (
    ATCP,
    CHARSET,
    ECHO,
    GMCP,
    MSP,
    MXP,
    SGA,
    SNDLOC,
    TTYPE,
    XDISPLOC,
    ZMP,
    Option,
)
from telnet.options.com_port import Command, encode_command
from telnet.options.mxp import element


class Player(MudHandler):
    options = (ECHO, GMCP)


def session(*options: type[Option]) -> Session:
    made = Session(None, options)
    made.start(0.0)
    made.take()
    return made


SENDERS: dict[str, Callable[[Any, Any], object]] = {
    "send": lambda to, text: to.send(text),
    "send_line": lambda to, text: to.send_line(text),
    "prompt": lambda to, text: to.prompt(text),
}
NO_TEXTS = {
    "bytes": (b"x", "not bytes; decode it, or send bytes unchanged with write()"),
    "bytearray": (bytearray(b"x"), "not bytearray; decode it, or send bytes unchanged with write()"),
    "None": (None, "not NoneType"),
    "a number": (5, "not int"),
    "a list": (["x"], "not list"),
}


@pytest.mark.parametrize(("text", "says"), NO_TEXTS.values(), ids=NO_TEXTS)
@pytest.mark.parametrize("sender", SENDERS.values(), ids=SENDERS)
def test_what_is_no_text_is_refused_and_nothing_is_sent(sender: Callable[..., object], text: Any, says: str) -> None:
    for sending in (session(), session(SGA)):
        with pytest.raises(TypeError) as error:
            sender(sending, text)
        assert str(error.value) == f"text to send must be str, {says}"
        assert sending.take() == b""


@pytest.mark.parametrize("sender", SENDERS.values(), ids=SENDERS)
def test_a_subclass_of_str_is_text(sender: Callable[..., object]) -> None:
    sending = session()
    sender(sending, type("Text", (str,), {})("x"))
    assert sending.take().startswith(b"x")


@pytest.mark.parametrize(
    ("data", "says"), [("x", "not str; send text with send()"), (None, "not NoneType"), (5, "not int")]
)
def test_what_is_no_bytes_is_not_written(data: Any, says: str) -> None:
    sending = session()
    with pytest.raises(TypeError) as error:
        sending.write(data)
    assert str(error.value) == f"write() takes bytes, {says}"
    assert sending.take() == b""


def test_what_is_written_is_kept_as_it_was() -> None:
    sending, data = session(), bytearray(b"x")
    sending.write(data)  # type: ignore[arg-type]
    sending.write(memoryview(b"y"))  # type: ignore[arg-type]
    data[:] = b"z"
    assert sending.take() == b"xy"


EARLY: dict[str, Callable[[Player], object]] = {
    "send": lambda player: player.send("x"),
    "send_line": lambda player: player.send_line(),
    "prompt": lambda player: player.prompt(),
    "echo": lambda player: player.echo(False),
    "send_gmcp": lambda player: player.send_gmcp("A.B"),
    "send_msdp": lambda player: player.send_msdp("A", 1),
    "client": lambda player: player.client,
    "pause": lambda player: player.pause(),
    "session": lambda player: player.session,
}


@pytest.mark.parametrize("call", EARLY.values(), ids=EARLY)
def test_a_sender_before_the_connection_is_up_says_when_it_will_be(call: Callable[[Player], object]) -> None:
    with pytest.raises(RuntimeError, match=r"^Player has no session yet.*must be up, which it is from on_connect on$"):
        call(Player())


def test_whether_there_is_a_session_can_be_asked() -> None:
    player = Player()
    assert hasattr(Player, "session")
    assert not hasattr(player, "session")
    player.make_session()
    assert hasattr(player, "session")


def test_a_session_of_one_handler_is_none_of_another() -> None:
    first, second = Player(), Player()
    first.make_session()
    assert first.client.name == ""
    with pytest.raises(RuntimeError, match="Player has no session yet"):
        second.client  # noqa: B018


@pytest.mark.parametrize("option", ["GMCP", 201, None, 1.5, object()])
@pytest.mark.parametrize("ask", [Session.get, Session.__getitem__])
def test_an_option_is_asked_for_by_class_or_byte(ask: Callable[..., object], option: Any) -> None:
    with pytest.raises(TypeError) as error:
        ask(session(GMCP), option)
    expected = (
        rf"an option must be given as its class or its byte, as in session[GMCP] or session[b'\xc9'], not {option!r}"
    )
    assert str(error.value) == expected


def test_an_option_that_is_not_spoken_is_named() -> None:
    for option in (GMCP, GMCP.code):
        with pytest.raises(KeyError, match="GMCP is not spoken on this connection: list it in its options"):
            session()[option]


NO_TEXT_OF_AN_OPTION: dict[str, tuple[Callable[[Any], object], str]] = {
    "TTYPE": (TTYPE, "a terminal type must be str"),
    "SNDLOC": (SNDLOC, "a location must be str"),
    "SNDLOC.move": (lambda text: session(SNDLOC)[SNDLOC].move(text), "a location must be str"),
    "XDISPLOC": (XDISPLOC, "a display must be str"),
    "CHARSET": (CHARSET, "the name of an encoding must be str"),
    "ATCP": (ATCP, "the argument of a message must be str"),
    "ATCP.send_message": (lambda text: session(ATCP)[ATCP].send_message(text), "the name of a message must be str"),
    "ZMP": (ZMP, "an argument must be str"),
    "ZMP.send_command": (lambda text: session(ZMP)[ZMP].send_command(text), "a command must be str"),
    "MXP.text": (lambda text: session(MXP)[MXP].text(text), "text must be str"),
    "MXP.send_tag": (lambda text: session(MXP)[MXP].send_tag(text), "a tag must be str"),
    "MXP element": (lambda text: element("SEND", text), "text must be str"),
    "MSP.play": (lambda sound: session(MSP)[MSP].play(sound), "a sound must be a Sound"),
}


@pytest.mark.parametrize("given", [b"x", ["x"], 5], ids=["bytes", "a list", "a number"])
@pytest.mark.parametrize("call", NO_TEXT_OF_AN_OPTION)
def test_what_is_no_text_of_an_option_is_refused(call: str, given: Any) -> None:
    function, says = NO_TEXT_OF_AN_OPTION[call]

    with pytest.raises(TypeError, match=f"^{says}, not {type(given).__name__}$"):
        function(given)


def test_a_sound_is_no_text() -> None:
    with pytest.raises(TypeError, match="^a sound must be a Sound, not str$"):
        session(MSP)[MSP].play("door.wav")  # type: ignore[arg-type]


@pytest.mark.parametrize("signature", [b"x", ["x"], 5, None])
def test_a_signature_is_text(signature: Any) -> None:
    with pytest.raises(ValueError, match="^SIGNATURE does not take "):
        encode_command(Command.SIGNATURE, signature)


@pytest.mark.parametrize("name", ["aio", "options"])
def test_a_submodule_is_there_when_it_is_named(name: str) -> None:
    program = f"import telnet; assert telnet.{name}.__name__ == 'telnet.{name}'; print('{name}' in dir(telnet))"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout == "True\n"


def test_a_module_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'telnet' has no attribute 'server'"):
        telnet.server  # type: ignore[attr-defined]  # noqa: B018


@pytest.mark.parametrize("argv", [["localhost", "23"], ["mud.example", "4000"], ["connect"], ["127.0.0.1"]])
def test_who_looks_for_a_client_is_told_where_it_is(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(argv)

    assert exit_.value.code == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.endswith(f"use your system's, as in `telnet {' '.join(argv)}`")
    assert f"there is no command '{argv[0]}', only demo" in last
