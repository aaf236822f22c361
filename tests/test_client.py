"""What is known of the peer: facts of any protocol in one place."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telnet.client import LONGEST_FACT, LONGEST_VARIABLE, MTTS, TRUECOLOUR, Client, colours_of, presentable

Told = list[tuple[str, Any]]


@pytest.fixture
def told() -> Told:
    return []


@pytest.fixture
def client(told: Told) -> Client:
    return Client(lambda name, value: told.append((name, value)))


# --- facts ------------------------------------------------------------------------------------------------------------


def test_nothing_is_known_at_first() -> None:
    client = Client()

    assert (client.name, client.version, client.terminal, client.charset) == ("", "", "", "")
    assert (client.location, client.display, client.speed, client.environment) == ("", "", None, {})
    assert (client.width, client.height, client.colours) == (80, 24, 0)
    assert (client.mtts, client.utf8, client.screen_reader, client.tls) == (MTTS(0), None, False, False)


def test_news_is_told(client: Client, told: Told) -> None:
    client.learn(name="Mudlet", version="4.19")

    assert told == [("name", "Mudlet"), ("version", "4.19")]
    assert (client.name, client.version) == ("Mudlet", "4.19")


def test_what_was_known_is_no_news(client: Client, told: Told) -> None:
    client.learn(width=100, height=24)
    client.learn(width=100)

    assert told == [("width", 100)]


def test_facts_are_there_together_when_the_first_is_told() -> None:
    seen: list[tuple[int, int]] = []
    watched = Client(lambda name, value: seen.append((watched.width, watched.height)))

    watched.learn(width=132, height=43)

    assert seen == [(132, 43), (132, 43)]


def test_a_listener_that_raises_loses_no_fact() -> None:
    def fail(name: str, value: object) -> None:
        raise LookupError

    client = Client(fail)

    with pytest.raises(LookupError):
        client.learn(width=132, height=43)
    assert (client.width, client.height) == (132, 43)


def test_nobody_has_to_listen() -> None:
    client = Client()

    client.learn(name="PYMUD")

    assert client.name == "PYMUD"


@pytest.mark.parametrize("name", ["age", "_on_change", "learn", "__class__"])
def test_what_a_client_has_not_cannot_be_learnt(client: Client, told: Told, name: str) -> None:
    with pytest.raises(ValueError, match=f"^a client has no '{name}' to learn$"):
        client.learn(width=100, **{name: 1})
    assert (told, client.width) == ([], 80)


def test_one_client_is_not_another() -> None:
    first, second = Client(), Client()

    first.environment["USER"] = "root"

    assert second.environment == {}


def test_what_is_known_is_shown(client: Client) -> None:
    client.learn(name="tt++")

    assert repr(client) == "<Client environment={}, name='tt++'>"


# --- the terminal -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("terminal", "colours"),
    [
        ("", 0),
        ("dumb", 0),
        ("UNKNOWN", 0),
        ("vt100", 0),
        ("ANSI", 8),
        ("xterm", 8),
        ("XTERM-256COLOR", 256),
        ("screen-256color", 256),
        ("ANSI-TRUECOLOR", TRUECOLOUR),
    ],
)
def test_a_terminal_is_known_by_its_name(terminal: str, colours: int) -> None:
    assert colours_of(terminal) == colours


def test_a_terminal_has_the_colours_of_its_name(client: Client, told: Told) -> None:
    client.learn_terminal("xterm-256color")

    assert told == [("terminal", "xterm-256color"), ("colours", 256)]


def test_a_lesser_name_takes_no_colour_away(client: Client) -> None:
    client.learn_mtts(MTTS.ANSI | MTTS.TRUECOLOUR)
    client.learn_terminal("XTERM")

    assert client.colours == TRUECOLOUR


# --- MTTS -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flags", "colours"),
    [
        (0, 0),
        (MTTS.ANSI, 8),
        (MTTS.ANSI | MTTS.COLOURS_256, 256),
        (MTTS.COLOURS_256 | MTTS.TRUECOLOUR, TRUECOLOUR),
        (MTTS.VT100 | MTTS.UTF_8, 0),
    ],
)
def test_flags_say_how_many_colours_there_are(client: Client, flags: int, colours: int) -> None:
    client.learn_mtts(flags)

    assert client.colours == colours


def test_flags_of_a_real_client(client: Client) -> None:
    client.learn_mtts(271)  # tt++ 2.02.20

    assert client.mtts == MTTS.ANSI | MTTS.VT100 | MTTS.UTF_8 | MTTS.COLOURS_256 | MTTS.TRUECOLOUR
    assert (client.colours, client.utf8, client.screen_reader) == (TRUECOLOUR, True, False)


def test_a_screen_reader_is_known_by_its_flag(client: Client, told: Told) -> None:
    client.learn_mtts(64)

    assert ("screen_reader", True) in told


def test_flags_that_nobody_knows_are_left_out(client: Client) -> None:
    client.learn_mtts((1 << 200) + 4)

    assert client.mtts == MTTS.UTF_8


def test_without_the_flag_there_is_no_utf_8(client: Client) -> None:
    client.learn_mtts(1)

    assert client.utf8 is False


def test_a_charset_says_more_about_utf_8_than_a_flag(client: Client) -> None:
    client.learn(charset="UTF-8", utf8=True)
    client.learn_mtts(1)

    assert client.utf8 is True


def test_a_charset_is_known_by_any_of_its_names(client: Client) -> None:
    client.learn_charset("csUTF8")
    assert (client.charset, client.utf8) == ("csUTF8", True)

    client.learn_charset("latin1")
    assert (client.charset, client.utf8) == ("latin1", False)


def test_changed_flags_take_the_place_of_the_others(client: Client) -> None:
    client.learn_mtts(MTTS.ANSI | MTTS.UTF_8 | MTTS.SCREEN_READER)
    client.learn_mtts(MTTS.ANSI, changed=True)

    assert (client.mtts, client.utf8, client.screen_reader, client.colours) == (MTTS.ANSI, False, False, 8)


@pytest.mark.parametrize(
    ("variables", "utf8"),
    [
        ({"LANG": "en_US.UTF-8"}, True),
        ({"LANG": "de_DE.ISO-8859-1"}, False),
        ({"LANG": "de_DE.ISO-8859-1", "LC_CTYPE": "C.UTF-8"}, True),
        ({"LANG": "C.UTF-8", "LC_ALL": "ru_RU.KOI8-R "}, False),
        ({"LANG": "C.UTF-8", "LC_ALL": "", "LC_CTYPE": None}, True),
        ({"LANG": "C.UTF-8", "LC_ALL": "POSIX"}, None),
        ({"LANG": "C"}, None),
        ({"LANG": "x.klingon"}, None),
        ({"TERM": "xterm.utf-8"}, None),
    ],
)
def test_a_locale_may_say_whether_there_is_utf_8(
    client: Client, variables: dict[str, str | None], utf8: bool | None
) -> None:
    client.learn_variables(variables)

    assert client.utf8 is utf8


@pytest.mark.parametrize("later", [{"LANG": None}, {"LANG": ""}, {"LANG": "C"}, {"LC_ALL": "POSIX"}])
def test_a_locale_that_is_gone_says_nothing_any_more(client: Client, later: dict[str, str | None]) -> None:
    client.learn_variables({"LANG": "ru_RU.KOI8-R"})
    client.learn_variables(later)

    assert client.utf8 is None
    assert client.said_encoding("utf-8", "cp1252") == "utf-8"


def test_a_flag_says_more_about_utf_8_than_a_locale(client: Client) -> None:
    client.learn_mtts(MTTS.ANSI)
    client.learn_variables({"LANG": "en_US.UTF-8"})

    assert client.utf8 is False


# --- what a peer says of itself ---------------------------------------------------------------------------------------

DIRT = "\x1b[31m\r\n\x00\t\x7f\x9b\u200b\u202e\u2066\ufeff\u2028\ud800"
TEXTS = ["name", "version", "terminal", "charset", "location", "display"]


@pytest.mark.parametrize("fact", TEXTS)
def test_what_is_not_printable_is_left_out_of_every_text(client: Client, told: Told, fact: str) -> None:
    client.learn(**{fact: f"{DIRT}Tin\u00e9{DIRT}"})

    assert getattr(client, fact) == "[31mTin\u00e9[31m"
    assert told == [(fact, "[31mTin\u00e9[31m")]


@pytest.mark.parametrize("fact", TEXTS)
def test_every_text_is_so_long_and_no_longer(client: Client, fact: str) -> None:
    client.learn(**{fact: "x" * LONGEST_FACT})
    assert getattr(client, fact) == "x" * LONGEST_FACT

    client.learn(**{fact: "y" * 60_000})
    assert getattr(client, fact) == "y" * LONGEST_FACT


def test_what_differs_in_nothing_printable_is_no_news(client: Client, told: Told) -> None:
    client.learn(name="Mudlet")
    client.learn(name="Mud\x1blet")

    assert told == [("name", "Mudlet")]


@pytest.mark.parametrize("learn", [lambda client, each: client.learn(environment=each), Client.learn_variables])
def test_variables_are_printable_and_so_long_and_no_longer(client: Client, learn: Any) -> None:
    learn(client, {f"A{DIRT}": f"{DIRT}a", "B": "b" * 60_000, "C" * 60_000: None})

    assert client.environment == {
        "A[31m": "[31ma",
        "B": "b" * LONGEST_VARIABLE,
        "C" * LONGEST_VARIABLE: None,
    }


def test_variables_are_added_to_those_before(client: Client, told: Told) -> None:
    client.learn_variables({"A": "1", "B": "2"})
    before = client.environment
    client.learn_variables({"B": None})
    client.learn_variables({"B": None})

    assert before == {"A": "1", "B": "2"}
    assert told == [("environment", before), ("environment", {"A": "1", "B": None})]


def test_terminals_and_flags_are_learnt_by_the_same_way(client: Client) -> None:
    client.learn_terminal("\x1bxterm-256color\n")

    assert (client.terminal, client.colours) == ("xterm-256color", 256)


def test_colors_are_colours(client: Client) -> None:
    client.learn(colours=256)

    assert client.colors == client.colours == 256
    with pytest.raises(ValueError, match="^a client has no 'colors' to learn$"):
        client.learn(colors=8)


@given(st.text(), st.integers(0, 20))
def test_what_is_presentable_is_printable_and_stays_so(text: str, longest: int) -> None:
    shown = presentable(text, longest)

    assert shown.isprintable()
    assert len(shown) <= longest
    assert presentable(shown, longest) == shown
