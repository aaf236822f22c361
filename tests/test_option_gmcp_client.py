"""Client of GMCP: sounds, music and packages."""

from __future__ import annotations

from typing import Any

import pytest
from session_support import Pair, served

from telnet.options import GMCP
from telnet.options.gmcp_client import load_media, offer_gui, offer_map, play_media, set_media_url, stop_media


@pytest.fixture
def pair() -> Pair:
    """A client that plays media, and its server, which have introduced themselves."""
    return Pair([GMCP], [GMCP("Name", "1", {"Client.Media": 1})]).start().clear()


def told(pair: Pair) -> list[tuple[Any, ...]]:
    """What the client was sent."""
    return [event[1:] for event in pair.run().at_client.named("on_gmcp")]


def test_file_is_played_with_everything_that_was_said(pair: Pair) -> None:
    sent = play_media(
        pair.server[GMCP],
        "rain.mp3",
        "https://example.org/media/",
        type="music",
        tag="weather",
        volume=100,
        fadein=0,
        fadeout=7000,
        start=1000,
        finish=20000,
        loops=-1,
        priority=1,
        continue_=False,
        key="weather",
        caption="rain",
    )

    assert sent
    assert told(pair) == [
        (
            "Client.Media.Play",
            {
                "name": "rain.mp3",
                "url": "https://example.org/media/",
                "type": "music",
                "tag": "weather",
                "volume": 100,
                "fadein": 0,
                "fadeout": 7000,
                "start": 1000,
                "finish": 20000,
                "loops": -1,
                "priority": 1,
                "continue": False,
                "key": "weather",
                "caption": "rain",
            },
        )
    ]


def test_what_was_not_said_is_not_sent(pair: Pair) -> None:
    play_media(pair.server[GMCP], "rain.mp3")
    stop_media(pair.server[GMCP])
    load_media(pair.server[GMCP], "rain.mp3")

    assert told(pair) == [
        ("Client.Media.Play", {"name": "rain.mp3"}),
        ("Client.Media.Stop", {}),
        ("Client.Media.Load", {"name": "rain.mp3"}),
    ]


def test_files_are_found_and_fetched(pair: Pair) -> None:
    set_media_url(pair.server[GMCP], "https://example.org/")
    load_media(pair.server[GMCP], "weather/rain.mp3", "https://example.net/")

    assert told(pair) == [
        ("Client.Media.Default", {"url": "https://example.org/"}),
        ("Client.Media.Load", {"name": "weather/rain.mp3", "url": "https://example.net/"}),
    ]


def test_what_plays_is_stopped_by_what_it_is(pair: Pair) -> None:
    stop_media(pair.server[GMCP], name="a.mp3", type="sound", tag="t", priority=60, key="k", fadeaway=True, fadeout=500)

    stop = {"name": "a.mp3", "type": "sound", "tag": "t", "priority": 60, "key": "k", "fadeaway": True, "fadeout": 500}
    assert told(pair) == [("Client.Media.Stop", stop)]


def test_packages_and_maps_are_offered_to_all(pair: Pair) -> None:
    assert offer_gui(pair.server[GMCP], "https://example.org/gui.mpackage", "39")
    assert offer_map(pair.server[GMCP], "https://example.org/map.xml")

    assert told(pair) == [
        ("Client.GUI", {"version": "39", "url": "https://example.org/gui.mpackage"}),
        ("Client.Map", {"url": "https://example.org/map.xml"}),
    ]


def test_media_are_not_sent_to_a_client_that_plays_none() -> None:
    pair = Pair([GMCP], [GMCP("Name", "1", {"Char": 1})]).start()

    assert not play_media(pair.server[GMCP], "rain.mp3")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"volume": 0}, "volume is 1 to 100, not 0"),
        ({"volume": 101}, "volume is 1 to 100, not 101"),
        ({"priority": 101}, "priority is 1 to 100"),
        ({"fadein": -1}, "fadein is 0 or more"),
        ({"fadeout": -1}, "fadeout is 0 or more"),
        ({"start": -1}, "start is 0 or more"),
        ({"start": 1000, "finish": 1000}, "finish is 1001 or more"),
        ({"loops": 0}, "loops, unless it is -1, is 1 or more"),
        ({"loops": -2}, "loops, unless it is -1, is 1 or more"),
        ({"type": "song"}, "'sound', 'music' or 'video', not 'song'"),
        ({"name": ""}, "name of a file is empty"),
        ({"url": "https://example.org/rain.mp3"}, "ends in '/'"),
    ],
)
def test_play_refuses_what_is_out_of_range(arguments: dict[str, Any], reason: str) -> None:
    session, _ = served([GMCP])

    with pytest.raises(ValueError, match=reason):
        play_media(session[GMCP], **{"name": "rain.mp3", **arguments})


@pytest.mark.parametrize("value", ["50", 50.0, True])
def test_numbers_are_whole_numbers(value: Any) -> None:
    session, _ = served([GMCP])

    with pytest.raises(TypeError, match="volume is a whole number"):
        play_media(session[GMCP], "rain.mp3", volume=value)


@pytest.mark.parametrize("arguments", [{"priority": 0}, {"fadeout": -1}, {"type": "song"}])
def test_stop_refuses_what_is_out_of_range(arguments: dict[str, Any]) -> None:
    session, _ = served([GMCP])

    with pytest.raises(ValueError, match="not "):
        stop_media(session[GMCP], **arguments)


def test_default_and_load_refuse_a_url_of_a_file() -> None:
    session, _ = served([GMCP])

    with pytest.raises(ValueError, match="ends in '/'"):
        set_media_url(session[GMCP], "https://example.org/rain.mp3")
    with pytest.raises(ValueError, match="ends in '/'"):
        load_media(session[GMCP], "rain.mp3", "https://example.org")
