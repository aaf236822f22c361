"""No excerpt shows what may be a secret, on any path, and no log holds it."""

from __future__ import annotations

import logging
import zlib
from types import ModuleType
from typing import Any

import pytest
from session_support import Recorder, deliver, every_cut

from telnet import Limits, MudHandler, negotiate
from telnet.constants import DO, ECHO, IAC, NOP, SB, SE, WILL
from telnet.options import ATCP, GMCP, MCCP3, MSDP, MSP, MSSP, MXP, NEW_ENVIRON, ZMP, Option, Role
from telnet.options import ECHO as Echo
from telnet.session import Session

LOGIN = b'Char.Login.Credentials {"account":"bob","password":"hunter2"}'
SECRET = "hunter2"


@pytest.fixture(autouse=True)
def parser(parser_module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("telnet.session.Parser", parser_module.Parser)


def shown(*chunks: bytes, options: tuple[type[Option], ...] = (GMCP,), limits: Limits | None = None) -> str:
    """All that the faults in these chunks show, and the names of the events."""
    handler = Recorder()
    session = Session(handler, options, limits=limits)
    session.start(0.0)
    for chunk in chunks:
        deliver(session, chunk)
    faults = handler.named("on_protocol_error", "on_line_overflow", "on_negotiation_limit")
    assert faults
    return repr(faults)


AGREED = negotiate(DO, GMCP.code)
OPEN = IAC + SB + GMCP.code
PATHS = {
    "interrupted by a command": AGREED + OPEN + LOGIN + IAC + NOP,
    "interrupted by a bare 255 in the password": AGREED + OPEN + LOGIN[:-4] + b"\xffe" + LOGIN[-4:] + IAC + SE,
    "while the option is off": OPEN + LOGIN + IAC + SE,
    "not JSON": AGREED + OPEN + LOGIN[:-1] + IAC + SE,
    "of another type": AGREED + OPEN + b'char.LOGIN.credentials ["hunter2"]' + IAC + SE,
    "blanks before the name": AGREED + OPEN + b"\r\n \t" + LOGIN[:-1] + IAC + SE,
    "NUL before the name": AGREED + OPEN + b"\0" + LOGIN + IAC + SE,
    "no blank after the name": AGREED + OPEN + LOGIN.replace(b" ", b"")[:-1] + IAC + SE,
    "a password by another name": AGREED + OPEN + b'Auth.Login: {"PASSWORD":"hunter2",' + IAC + SE,
    "a password by a shorter name": AGREED + OPEN + b'Auth.Login: {"passwd":"hunter2",' + IAC + SE,
    "a password by a word of games": AGREED + OPEN + b'Auth.User: {"name":"bob","pass":"hunter2"}' + IAC + SE,
    "a secret of a client": AGREED + OPEN + b"Auth.User: {'client_secret':'hunter2'}" + IAC + SE,
    "a login of another package": AGREED + OPEN + b'Core.Login: {"name":"bob","word":"hunter2"}' + IAC + NOP,
    "a login in words": AGREED + OPEN + b"login bob hunter2" + IAC + NOP,
    "a token": AGREED + OPEN + b'Char.Session {"token":"hunter2",' + IAC + NOP,
    "nested too deeply": AGREED + OPEN + b'Char.Login.Credentials {"password":"hunter2","x":' + b"[" * 33 + IAC + SE,
    "a byte order mark before the name": AGREED + OPEN + b"\xef\xbb\xbf" + LOGIN[:-1] + IAC + SE,
    "no JSON at all": AGREED + OPEN + b"Char.Login.Credentials bob hunter2" + IAC + SE,
    "Latin-1": AGREED + OPEN + b'Char.Login.Credentials {"account":"z\xf6","password":"hunter2"' + IAC + SE,
    "a token that is none": AGREED + OPEN + b'Char.Login.Reconnect {"token":"hunter2"}' + IAC + SE,
    "a broken token": AGREED + OPEN + b'Char.Login.Reconnect{"token":"hunter2",' + IAC + SE,
    "a code that is none": AGREED + OPEN + b'char.login.authcode {"code":"hunter2"}' + IAC + SE,
    "a login of another version": AGREED + OPEN + b'Char.Login.Key {"key":"hunter2"}' + IAC + SE,
    "the login of Iron Realms": AGREED + OPEN + b'Char.Login {"name":["bob"],"password":"hunter2"}' + IAC + SE,
    "a token to the wrong end": AGREED + OPEN + b'Char.Login.Token {"account":"bob","token":"hunter2"}' + IAC + SE,
    "an offer that is no JSON": AGREED + OPEN + b"Char.Login.Default hunter2" + IAC + SE,
}


@pytest.mark.parametrize("wire", PATHS.values(), ids=PATHS)
def test_no_path_of_gmcp_shows_a_password_at_any_cut(wire: bytes) -> None:
    for chunks in every_cut(wire):
        assert SECRET not in shown(*chunks)


def test_a_login_that_is_too_long_shows_no_password() -> None:
    assert SECRET not in shown(AGREED + OPEN + LOGIN + b"x" * 100 + IAC + SE, limits=Limits(subnegotiation=70))


BROKEN_FOR_A_CLIENT = {
    "a token that is none": b'Char.Login.Token {"token":"hunter2"}',
    "a token without a blank": b'Char.Login.Token{"token":"hunter2",',
    "a token that is no JSON": b"char.login.token bob hunter2",
    "a page that is none": b'Char.Login.URL {"url":"ftp://hunter2"}',
    "a bound that is none": b'Char.Login.Token {"account":"bob","token":"hunter2","secure_only":"hunter2"}',
    "credentials": LOGIN,
}


@pytest.mark.parametrize("message", BROKEN_FOR_A_CLIENT.values(), ids=BROKEN_FOR_A_CLIENT)
@pytest.mark.parametrize("ending", [IAC + SE, IAC + NOP], ids=["whole", "interrupted"])
@pytest.mark.parametrize("agreed", [b"", negotiate(WILL, GMCP.code)], ids=["off", "on"])
def test_no_path_of_gmcp_shows_a_token_to_a_client(message: bytes, ending: bytes, agreed: bytes) -> None:
    handler = Recorder()
    session = Session(handler, [GMCP], role=Role.CLIENT)
    session.start(0.0)
    deliver(session, agreed + OPEN + message + ending)

    assert handler.named("on_protocol_error")
    assert SECRET not in repr(handler.named("on_protocol_error", "on_gmcp"))


def test_a_login_shows_that_it_was_one() -> None:
    assert "b'Char.Login'" in shown(PATHS["not JSON"])


@pytest.mark.parametrize("option", [ATCP, MSDP, MSP, ZMP, NEW_ENVIRON])
def test_no_other_option_shows_a_password(option: type[Option]) -> None:
    wire = IAC + SB + option.code + b"password\0hunter2" + IAC + NOP
    assert SECRET not in shown(wire, options=(option,))


@pytest.mark.parametrize("option", [ATCP, MSDP, MSP, ZMP, NEW_ENVIRON])
@pytest.mark.parametrize(
    "payload", [b"\1PASS\2hunter2", b"user.login\0bob\0hunter2", b"login bob hunter2", b"pwd=hunter2"]
)
def test_no_other_option_shows_what_is_said_of_a_login(option: type[Option], payload: bytes) -> None:
    for ending in (IAC + NOP, IAC + SE):
        wire = IAC + SB + option.code + payload + ending
        assert SECRET not in shown(wire, negotiate(WILL, b"x") * 1000, options=(option,))


@pytest.mark.parametrize(
    "payload", [b"x\1PASSWORD\2hunter2", b"\1A\2\5\0\1password\2hunter2", b"\0\1A\2password hunter2"]
)
@pytest.mark.parametrize("option", [MSDP, MSSP])
def test_a_damaged_message_that_is_read_all_the_same_shows_no_password(option: type[Option], payload: bytes) -> None:
    handler = Recorder()
    session = Session(handler, (option,), role=Role.CLIENT)
    session.start(0.0)
    deliver(session, negotiate(WILL, option.code) + IAC + SB + option.code + payload + IAC + SE)

    [(_, _, excerpt)] = handler.named("on_protocol_error")
    assert excerpt == b""


def test_a_password_in_markup_that_is_too_long_is_not_shown() -> None:
    handler = Recorder()
    session = Session(handler, (MXP,), limits=Limits(line=40))
    session.start(0.0)
    deliver(session, negotiate(DO, MXP.code) + b"\x1b[1z<PASSWORD hunter2" + b"x" * 40 + b">\r\n")

    assert handler.named("on_line_overflow") == [("on_line_overflow", b"")]


def test_what_is_no_secret_is_shown() -> None:
    assert "Room.Info: {" in shown(AGREED + OPEN + b"Room.Info: {" + IAC + SE)
    assert "Room.Info {" in shown(AGREED + OPEN + b"Room.Info {" + IAC + NOP)
    assert "passage" in shown(AGREED + OPEN + b'Room.Info: {"name":"a secret pass, or passage, for logins"}' + IAC + SE)


@pytest.mark.parametrize("wire", PATHS.values(), ids=PATHS)
def test_no_path_of_gmcp_shows_a_password_in_a_compressed_stream(wire: bytes) -> None:
    begin = negotiate(DO, MCCP3.code) + IAC + SB + MCCP3.code + IAC + SE
    assert SECRET not in shown(begin + zlib.compress(wire), options=(MCCP3, GMCP))


@pytest.mark.parametrize("wire", PATHS.values(), ids=PATHS)
def test_a_login_that_does_not_end_in_time_shows_no_password(wire: bytes) -> None:
    handler = Recorder()
    session = Session(handler, (GMCP,))
    session.start(0.0)
    deliver(session, AGREED + OPEN + wire.rpartition(OPEN)[2].split(IAC)[0])
    assert session.deadline is not None
    session.tick(session.deadline + 3600)

    [(_, _, excerpt)] = handler.named("on_protocol_error")
    assert SECRET not in repr(excerpt)


# What is typed while it is hidden


def hidden(limits: Limits | None = None) -> tuple[Session, Recorder]:
    handler = Recorder()
    session = Session(handler, (Echo,), limits=limits)
    session.start(0.0)
    session[Echo].hide()
    return session, handler


@pytest.mark.parametrize("answered", [False, True])
def test_a_password_that_is_too_long_is_not_shown(answered: bool) -> None:
    session, handler = hidden(Limits(line=10))
    deliver(session, negotiate(DO, ECHO) * answered + b"hunter2hunter2\r\n")

    assert handler.named("on_line_overflow") == [("on_line_overflow", b"")]


def test_a_line_that_is_too_long_is_shown_again_when_typing_is() -> None:
    session, handler = hidden(Limits(line=10))
    deliver(session, negotiate(DO, ECHO) + b"secret\r\n")
    session[Echo].show()
    deliver(session, b"\xff\xfe\x01" + b"look at the wolf\r\n")

    assert handler.named("on_line_overflow") == [("on_line_overflow", b"look at the")]


def test_a_password_in_latin_1_that_looks_like_a_subnegotiation_is_not_shown() -> None:
    session, handler = hidden()
    deliver(session, negotiate(DO, ECHO) + b"\xff\xfahunter2\xffe\r\n")

    assert handler.named("on_protocol_error")[0][2] == b""
    assert SECRET not in repr(handler.named("on_protocol_error"))


# The log


class Careless(MudHandler):
    """A handler that raises with whatever it is given."""

    options = (Echo, GMCP, MXP)

    def on_mxp_reply(self, name: str, arguments: dict[str, str]) -> None:
        raise ValueError(arguments)

    def on_line(self, line: str) -> None:
        raise ValueError(f"no such command: {line}")

    def on_login_credentials(self, account: str, password: str) -> None:
        raise KeyError(password)

    def on_login_reconnect(self, account: str, token: str) -> None:
        raise KeyError(token)

    def on_login_auth_code(self, code: str, code_verifier: str, redirect_uri: str, nonce: str) -> None:
        raise KeyError(code)

    def on_login_token(self, account: str, token: str, secure_only: bool) -> None:
        raise KeyError(token)

    def on_login_url(self, url: str, provider: str) -> None:
        raise KeyError(url)

    def on_gmcp(self, package: str, value: Any) -> None:
        raise ValueError(value)


def logged(caplog: pytest.LogCaptureFixture, *, hide: bool, wire: bytes, role: Role = Role.SERVER) -> str:
    handler = Careless()
    session = handler.make_session(role, report=handler._report)
    session.start(0.0)
    if hide:
        handler.echo(False)
    with caplog.at_level(logging.DEBUG):
        deliver(session, wire)
    assert caplog.records
    return "\n".join(logging.Formatter().format(record) for record in caplog.records)


def test_what_a_handler_raises_about_a_hidden_line_is_logged_without_it(caplog: pytest.LogCaptureFixture) -> None:
    text = logged(caplog, hide=True, wire=b"hunter2\r\n")
    assert SECRET not in text and "ValueError" in text and "in on_line" in text


def test_what_a_handler_raises_about_a_login_is_logged_without_it(caplog: pytest.LogCaptureFixture) -> None:
    text = logged(caplog, hide=False, wire=AGREED + OPEN + LOGIN + IAC + SE)
    assert SECRET not in text and "KeyError" in text and "in on_login_credentials" in text


SIGN_INS = {
    "no blank": (Role.SERVER, LOGIN.replace(b" ", b"")),
    "lower case": (Role.SERVER, LOGIN.lower()),
    "Latin-1": (Role.SERVER, LOGIN.replace(b"bob", b"z\xf6")),
    "blanks before the name": (Role.SERVER, b" \r\n" * 1000 + LOGIN),
    "a byte order mark and blanks": (Role.SERVER, b"\xef\xbb\xbf" + b"\t" * 2000 + LOGIN),
    "the login of Iron Realms": (Role.SERVER, b'Char.Login { "name": "bob", "password": "hunter2" }'),
    "a token": (Role.SERVER, b'Char.Login.Reconnect {"account":"bob","token":"hunter2"}'),
    "a code": (Role.SERVER, b'Char.Login.AuthCode {"code":"hunter2","code_verifier":"v","redirect_uri":"r"}'),
    "a token for a client": (Role.CLIENT, b'Char.Login.Token {"account":"bob","token":"hunter2"}'),
    "a page for a client": (Role.CLIENT, b'Char.Login.URL {"url":"https://example.org/?state=hunter2"}'),
}


@pytest.mark.parametrize(("role", "message"), SIGN_INS.values(), ids=SIGN_INS)
def test_what_a_handler_raises_about_a_sign_in_is_logged_without_it(
    caplog: pytest.LogCaptureFixture, role: Role, message: bytes
) -> None:
    text = logged(caplog, hide=False, wire=AGREED + negotiate(WILL, GMCP.code) + OPEN + message + IAC + SE, role=role)
    assert SECRET not in text and "KeyError" in text and "in on_login_" in text


@pytest.mark.parametrize(
    "message", [b'Core.Login {"name":"bob","word":"hunter2"}', b'Auth.User {"name":"bob","pass":"hunter2"}']
)
def test_what_a_handler_raises_about_a_login_of_another_package_is_logged_without_it(
    caplog: pytest.LogCaptureFixture, message: bytes
) -> None:
    text = logged(caplog, hide=False, wire=AGREED + OPEN + message + IAC + SE)
    assert SECRET not in text and "ValueError" in text and "in on_gmcp" in text


def test_what_a_handler_raises_about_text_that_speaks_of_a_password_is_logged_without_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    text = logged(caplog, hide=False, wire=AGREED + OPEN + b"password hunter2" + IAC + SE)
    assert SECRET not in text and "ValueError" in text and "in on_gmcp" in text


@pytest.mark.parametrize(
    "reply", [b"\x1b[1z<PASSWORD hunter2>", b"\x1b[1z<password hunter2", b'\x1b[1z<PASSWORD "hunter2">']
)
def test_what_a_handler_raises_about_a_password_in_markup_is_logged_without_it(
    caplog: pytest.LogCaptureFixture, reply: bytes
) -> None:
    text = logged(caplog, hide=False, wire=negotiate(DO, MXP.code) + reply + b"\r\n")
    assert SECRET not in text and "ValueError" in text and "in on_mxp_reply" in text


def test_what_a_handler_raises_after_a_password_in_markup_is_logged_in_full(caplog: pytest.LogCaptureFixture) -> None:
    wire = negotiate(DO, MXP.code) + b"\x1b[1z<PASSWORD x>\r\nlook\r\n"
    assert "no such command: look" in logged(caplog, hide=False, wire=wire)


def test_what_a_handler_raises_otherwise_is_logged_in_full(caplog: pytest.LogCaptureFixture) -> None:
    assert "no such command: hunter2" in logged(caplog, hide=False, wire=b"hunter2\r\n")


def test_no_control_character_of_a_line_reaches_the_log(caplog: pytest.LogCaptureFixture) -> None:
    text = logged(caplog, hide=False, wire=b"\x1b[2J\x00\x9b\x08" + "\u202e\u2028forged".encode() + b"\r\n")
    assert all(each.isprintable() or each == "\n" for each in text)
    assert "\nforged" not in text


def test_a_peer_that_makes_a_handler_raise_fills_no_log(caplog: pytest.LogCaptureFixture) -> None:
    logged(caplog, hide=False, wire=b"x\n" * 10_000)
    assert len(caplog.records) == 10


def test_a_peer_that_negotiates_without_end_fills_no_log(caplog: pytest.LogCaptureFixture) -> None:
    logged(caplog, hide=False, wire=negotiate(WILL, b"x") * 10_000)
    assert len(caplog.records) == 1
