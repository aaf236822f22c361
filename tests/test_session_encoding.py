"""The encoding of text: it follows what a client says of itself, until CHARSET or the program says otherwise."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
from session_support import Pair, Recorder, deliver, every_cut
from traces import TRACES, pieces

from telnet import MudHandler, constants
from telnet.constants import DO, WILL
from telnet.encode import negotiate, subnegotiation
from telnet.negotiation import Side
from telnet.options import BINARY, CHARSET, MCCP2, NEW_ENVIRON, TTYPE, Option, Role
from telnet.options.new_environ import Variable, encode_variables
from telnet.session import Session

WILL_TTYPE = negotiate(WILL, constants.TTYPE)
WILL_ENVIRON = negotiate(WILL, constants.NEW_ENVIRON)
DO_CHARSET = negotiate(DO, constants.CHARSET)

NO_UTF_8 = "MTTS 9"
UTF_8 = "MTTS 13"


@pytest.fixture(autouse=True)
def both_parsers(monkeypatch: pytest.MonkeyPatch, parser_module: ModuleType) -> None:
    monkeypatch.setattr("telnet.session.Parser", parser_module.Parser)


def types(*names: str) -> bytes:
    """What a client tells by TTYPE."""
    return WILL_TTYPE + b"".join(subnegotiation(constants.TTYPE, b"\x00" + name.encode()) for name in names)


def told(*variables: tuple[str, str | None], command: bytes = b"\x00", user: bool = False) -> bytes:
    """What a client tells by NEW-ENVIRON."""
    encoded = encode_variables(Variable(name, value, user) for name, value in variables)
    return WILL_ENVIRON + subnegotiation(constants.NEW_ENVIRON, command + encoded)


def changed(*variables: tuple[str, str | None]) -> bytes:
    """What a client tells of a change, by INFO."""
    return told(*variables, command=b"\x02")


def accepted(name: str) -> bytes:
    return DO_CHARSET + subnegotiation(constants.CHARSET, b"\x02" + name.encode())


def opened(
    *received: bytes,
    options: tuple[type[Option] | Option, ...] = (TTYPE, NEW_ENVIRON, CHARSET, BINARY),
    **settings: Any,
) -> tuple[Session, Recorder]:
    """A started session that has received these bytes, and its handler."""
    handler = Recorder()
    session = Session(handler, options, **settings)
    session.start(0.0)
    for data in received:
        deliver(session, data)
    session.take()
    return session, handler


# --- flags ------------------------------------------------------------------------------------------------------------


def test_a_client_without_utf_8_has_text_in_the_legacy_encoding_both_ways() -> None:
    session, handler = opened(types("ZMUD", "ANSI", NO_UTF_8))

    session.send("caf\u00e9 \u20ac \u2603")
    assert session.take() == b"caf\xe9 \x80 ?"
    deliver(session, b"na\xefve \x80\r\n")
    assert handler.named("on_charset", "on_line") == [("on_charset", "cp1252"), ("on_line", "na\u00efve \u20ac")]
    assert (session.encoding, session.client.utf8, session.client.charset) == ("cp1252", False, "")


def test_the_legacy_encoding_is_that_of_the_program() -> None:
    session, handler = opened(types("ZMUD", "ANSI", NO_UTF_8), legacy_encoding="cp437")

    session.send("\u2592")
    assert session.take() == b"\xb1"
    assert handler.named("on_charset") == [("on_charset", "cp437")]


@pytest.mark.parametrize(
    "received",
    [
        types("TINTIN++", "XTERM", UTF_8),
        types("XTERM", "XTERM"),
        types("TINYFUGUE", "TINYFUGUE"),
        told(("CLIENT_NAME", "x"), ("MTTS", "x"), ("CHARSET", "")),
        told(("MTTS", "4")),
        told(("CHARSET", "UTF-8")),
        told(("CHARSET", "KLINGON")),
        told(("LANG", "C"), ("LC_ALL", "POSIX")),
    ],
)
def test_a_client_that_has_utf_8_or_says_nothing_about_it_has_text_as_it_was(received: bytes) -> None:
    session, handler = opened(received)

    assert session.encoding == "utf-8"
    assert handler.named("on_charset") == []


def test_flags_are_the_same_by_ttype_and_by_mnes_and_however_they_are_cut() -> None:
    for received in (types("ZMUD", "ANSI", NO_UTF_8), types("ZMUD", NO_UTF_8), told(("MTTS", "9"))):
        for cut in every_cut(received + b"\xe9\r\n"):
            session, handler = opened(*cut)

            assert handler.named("on_charset", "on_line") == [("on_charset", "cp1252"), ("on_line", "\u00e9")]


def test_later_flags_with_utf_8_bring_the_encoding_of_the_program_back() -> None:
    session, handler = opened(types("TINTIN++", "ANSI", NO_UTF_8), told(("MTTS", "525")))

    assert session.encoding == "utf-8"
    assert handler.named("on_charset") == [("on_charset", "cp1252"), ("on_charset", "utf-8")]


def test_fewer_flags_of_the_other_protocol_take_no_utf_8_away_and_a_change_of_them_does() -> None:
    session, handler = opened(told(("MTTS", "13")), types("TINTIN++", "ANSI", NO_UTF_8))
    assert (session.encoding, session.client.utf8) == ("utf-8", True)

    deliver(session, changed(("MTTS", "9")))
    assert (session.encoding, session.client.utf8, int(session.client.mtts)) == ("cp1252", False, 9)

    deliver(session, changed(("MTTS", "13")))
    assert (session.encoding, session.client.utf8) == ("utf-8", True)


@pytest.mark.parametrize("own", ["latin-1", "gbk", "cp437"])
@pytest.mark.parametrize("flags", ["9", "13"])
def test_where_the_program_has_no_utf_8_flags_and_locales_say_nothing(own: str, flags: str) -> None:
    received = told(("MTTS", flags)), changed(("LANG", "en_US.UTF-8")), changed(("LC_ALL", "ru_RU.KOI8-R"))

    session, handler = opened(*received, encoding=own)

    assert handler.named("on_charset") == []


# --- a charset --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("charset", "encoding"),
    [
        ("ISO-8859-1", "iso8859-1"),
        ("ISO 8859-1", "iso8859-1"),  # Mudlet
        ("GBK-1", "gbk"),  # TinTin++
        ("FANSI", "cp437"),
        ("CP437TOUTF8", "cp437"),
        ("KOI8TOUTF8", "koi8-r"),
        ("latin1", "iso8859-1"),
        ("ASCII", "ascii"),
        ("KOI8-R", "koi8-r"),
        ("WINDOWS-1251", "cp1251"),
        ("GBK", "gbk"),
    ],
)
@pytest.mark.parametrize("user", [False, True])
def test_a_client_that_names_its_encoding_has_text_in_it(charset: str, encoding: str, user: bool) -> None:
    session, handler = opened(told(("CHARSET", charset), user=user))

    assert (session.encoding, session.client.charset, session.client.utf8) == (encoding, charset, False)
    assert handler.named("on_charset") == [("on_charset", encoding)]


def test_a_client_may_change_its_encoding() -> None:
    session, handler = opened(
        told(("CHARSET", "UTF-8")),
        b"\xc3\xa9",
        changed(("CHARSET", "ISO 8859-15")),
        b"\xa4\r\n",
        changed(("CHARSET", "UTF-8")),
    )

    assert handler.named("on_charset", "on_line") == [
        ("on_charset", "iso8859-15"),
        ("on_line", "\u00e9\u20ac"),
        ("on_charset", "utf-8"),
    ]


def test_a_named_encoding_counts_also_where_the_program_has_no_utf_8() -> None:
    session, handler = opened(told(("CHARSET", "UTF-8")), encoding="latin-1")

    assert handler.named("on_charset") == [("on_charset", "utf-8")]


@pytest.mark.parametrize("name", ["KLINGON", "UTF-16", "UTF-7", "idna", "cp037", "x" * 500])
@pytest.mark.parametrize(("flags", "encoding"), [("13", "utf-8"), ("9", "cp1252")])
def test_an_encoding_that_nobody_knows_leaves_it_to_the_flags(name: str, flags: str, encoding: str) -> None:
    session, _ = opened(told(("CHARSET", name), ("MTTS", flags)))

    assert (session.encoding, session.client.utf8) == (encoding, False)


@pytest.mark.parametrize(
    ("variables", "encoding"),
    [
        ([("MTTS", "9"), ("CHARSET", "UTF-8")], None),
        ([("MTTS", "13"), ("CHARSET", "KOI8-R")], "koi8-r"),
        ([("LANG", "ru_RU.KOI8-R"), ("MTTS", "13")], None),
        ([("LANG", "ru_RU.KOI8-R"), ("MTTS", "9")], "cp1252"),
        ([("LANG", "en_US.UTF-8"), ("MTTS", "0")], "cp1252"),
        ([("LANG", "ru_RU.KOI8-R"), ("CHARSET", "UTF-8"), ("MTTS", "9")], None),
        ([("LANG", "en_US.UTF-8"), ("LC_CTYPE", "ru_RU.KOI8-R"), ("LC_ALL", "")], "koi8-r"),
        ([("LANG", "ru_RU.KOI8-R"), ("LC_ALL", "en_US.UTF-8")], None),
        ([("LANG", "ru_RU.KOI8-R"), ("LC_ALL", "C")], None),
        ([("LANG", "de_DE.ISO-8859-15@euro")], "iso8859-15"),
    ],
)
def test_a_charset_says_more_than_a_flag_and_a_flag_more_than_a_locale(
    variables: list[tuple[str, str]], encoding: str | None
) -> None:
    for order in (variables, variables[::-1]):
        session, handler = opened(told(*order))

        assert session.encoding == encoding or (encoding is None and session.encoding == "utf-8")
        assert handler.named("on_charset") == ([("on_charset", encoding)] if encoding else [])
        assert session.client.utf8 in (None, session.encoding == "utf-8")


def test_what_says_more_counts_whenever_it_comes() -> None:
    session, _ = opened(told(("CHARSET", "KOI8-R")))

    for weaker in (types("TINTIN++", "ANSI", UTF_8), changed(("MTTS", "13")), changed(("LANG", "en_US.UTF-8"))):
        deliver(session, weaker)
        assert session.encoding == "koi8-r"


def test_another_locale_is_followed_too() -> None:
    session, handler = opened(told(("LANG", "ru_RU.KOI8-R")), changed(("LANG", "el_GR.ISO-8859-7")))

    assert handler.named("on_charset") == [("on_charset", "koi8-r"), ("on_charset", "iso8859-7")]


# --- CHARSET, and the program -----------------------------------------------------------------------------------------


LATER = (types("ZMUD", "ANSI", NO_UTF_8), told(("MTTS", "9")), told(("CHARSET", "KOI8-R")), told(("LANG", "x.KOI8-R")))


@pytest.mark.parametrize("later", LATER, ids=["ttype", "mtts", "charset", "locale"])
@pytest.mark.parametrize(("name", "encoding"), [("UTF-8", "utf-8"), ("ISO-8859-1", "iso8859-1")])
def test_what_charset_agrees_on_counts_whatever_the_client_says_before_or_after(
    later: bytes, name: str, encoding: str
) -> None:
    session, handler = opened(accepted(name), later)
    assert (session.encoding, handler.named("on_charset")) == (encoding, [("on_charset", encoding)])

    session, handler = opened(later, accepted(name))
    assert (session.encoding, handler.named("on_charset")[-1]) == (encoding, ("on_charset", encoding))


@pytest.mark.parametrize("later", LATER, ids=["ttype", "mtts", "charset", "locale"])
@pytest.mark.parametrize("encoding", ["utf-8", "cp437"])
def test_what_the_program_sets_counts_whatever_the_client_says_then(later: bytes, encoding: str) -> None:
    session, handler = opened(told(("CHARSET", "KOI8-U")))
    session.encoding = encoding

    deliver(session, later)
    assert session.encoding == encoding

    deliver(session, accepted("ISO-8859-1"))
    assert session.encoding == "iso8859-1"
    assert handler.named("on_charset") == [("on_charset", "koi8-u"), ("on_charset", "iso8859-1")]


def test_a_program_may_insist_when_it_is_told() -> None:
    class Insisting(MudHandler):
        options = (TTYPE, NEW_ENVIRON)

        def on_connect(self) -> None:
            self.told: list[str] = []

        def on_charset(self, encoding: str) -> None:
            self.told.append(encoding)
            self.session.encoding = "utf-8"

    player = Insisting()
    session = player.make_session()
    session.start(0.0)
    deliver(session, b"".join(LATER))

    assert (session.encoding, player.told) == ("utf-8", ["cp1252"])


@pytest.mark.parametrize("later", LATER, ids=["ttype", "mtts", "charset", "locale"])
def test_nothing_is_followed_without_a_legacy_encoding(later: bytes) -> None:
    session, handler = opened(later, legacy_encoding=None)

    assert session.encoding == "utf-8"
    assert handler.named("on_charset") == []
    assert session.client.utf8 is False


def test_a_client_follows_nothing() -> None:
    pair = Pair(
        [TTYPE, NEW_ENVIRON], [TTYPE("ZMUD", "ANSI", NO_UTF_8), NEW_ENVIRON(variables={"CHARSET": "KOI8-R"})]
    ).start()
    pair.client.client.learn_mtts(9)

    assert (pair.server.encoding, pair.client.encoding) == ("koi8-r", "utf-8")
    assert pair.at_client.named("on_charset") == []


def test_a_handler_says_which_encoding_it_is() -> None:
    class Player(MudHandler):
        options = (TTYPE,)
        legacy_encoding = "latin-1"

        def on_client(self, name: str, value: Any) -> None:
            if name == "utf8":  # text is in the other encoding by then
                self.send("\u00e9")

    player = Player()
    session = player.make_session()
    session.start(0.0)
    session.receive(types("ZMUD", "ANSI", NO_UTF_8), 0.0)

    assert session.encoding == "iso8859-1"
    assert session.take().endswith(b"\xe9")


def test_a_handler_may_turn_it_off() -> None:
    class Player(MudHandler):
        options = (TTYPE,)
        legacy_encoding = None

    session = Player().make_session()
    session.start(0.0)
    session.receive(types("ZMUD", "ANSI", NO_UTF_8), 0.0)

    assert session.encoding == "utf-8"


def test_it_is_the_same_in_binary_and_in_a_compressed_stream() -> None:
    pair = Pair([TTYPE, BINARY, MCCP2], [TTYPE("ZMUD", "ANSI", NO_UTF_8), BINARY, MCCP2])
    pair.start()
    for side in (pair.server, pair.client):
        side[BINARY].request()
        side[BINARY].offer()
    pair.run()
    pair.client.encoding = "cp1252"

    pair.server.send_line("caf\u00e9")
    pair.client.send_line("na\u00efve")
    pair.run()

    assert pair.server.compressing
    assert pair.server.negotiator.enabled(BINARY.code, Side.LOCAL)
    assert pair.at_client.named("on_line") == [("on_line", "caf\u00e9")]
    assert pair.at_server.named("on_line") == [("on_line", "na\u00efve")]


def test_a_client_that_goes_to_and_fro_is_bounded() -> None:
    session, handler = opened(told(("CHARSET", "UTF-8")))

    for number in range(2000):
        deliver(session, b"x" + changed(("CHARSET", f"ISO-8859-{number % 2 + 1}")))

    assert session.flush_line().count("x") <= session.limits.line / 100
    assert len(handler.named("on_line_overflow")) >= 1


@pytest.mark.parametrize("stem", sorted(path.stem for path in TRACES.glob("*.jsonl") if "server-" not in path.name))
def test_no_recorded_client_has_its_text_in_another_encoding(stem: str) -> None:
    received = b"".join(plain for direction, _, plain in pieces(TRACES / f"{stem}.jsonl") if direction == "c2s")

    session, handler = opened(received, options=(TTYPE, NEW_ENVIRON))

    assert (session.encoding, handler.named("on_charset")) == ("utf-8", [])


@pytest.mark.parametrize("role", Role)
def test_a_legacy_encoding_that_cannot_be_used_is_refused(role: Role) -> None:
    with pytest.raises(LookupError, match="^encoding must be one that Python knows"):
        Session(None, role=role, legacy_encoding="klingon")
    with pytest.raises(ValueError, match="^encoding must leave ASCII as it is"):
        Session(None, role=role, legacy_encoding="utf-16")
