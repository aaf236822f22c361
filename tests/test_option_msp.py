"""MSP: triggers are built within their ranges, read where they count, and taken out of what players write."""

from __future__ import annotations

import re
import time
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from session_support import Pair, Recorder, every_cut, served

from telnet import constants
from telnet.constants import DO, WILL
from telnet.encode import negotiate, subnegotiation
from telnet.options import MSP, Role
from telnet.options.msp import Sound, strip_msp
from telnet.options.mxp import escape_mxp
from telnet.session import Session

TRIGGER = "!!SOUND(weather/thunder.wav V=50 L=2 P=80 T=weather U=http://example.org/)"
THUNDER = Sound("weather/thunder.wav", volume=50, loops=2, priority=80, kind="weather", url="http://example.org/")


@pytest.fixture(autouse=True)
def every_parser(parser_module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("telnet.session.Parser", parser_module.Parser)


def agreed(role: Role, *received: bytes) -> tuple[Session, Recorder]:
    """A session with MSP on, that has received these bytes since; what was said until then is taken."""
    session, handler = served((MSP,), negotiate(DO if role is Role.SERVER else WILL, constants.MSP), role=role)
    session.take()
    handler.events.clear()
    for data in received:
        session.receive(data, 0.0)
    return session, handler


# Triggers

TRIGGERS = [
    (Sound("door.wav"), "!!SOUND(door.wav)"),
    (THUNDER, TRIGGER),
    (Sound("rain*.wav", loops=-1, volume=0, priority=0), "!!SOUND(rain*.wav V=0 L=-1 P=0)"),
    (Sound("theme.mid", music=True, continues=False), "!!MUSIC(theme.mid C=0)"),
    (Sound("theme.mid", music=True, volume=70, kind="town"), "!!MUSIC(theme.mid V=70 T=town)"),
    (Sound("Off"), "!!SOUND(Off)"),
    (Sound("Off", music=True), "!!MUSIC(Off)"),
    (Sound("Off", url="http://example.org/sounds/"), "!!SOUND(Off U=http://example.org/sounds/)"),
]


@pytest.mark.parametrize(("sound", "trigger"), TRIGGERS)
def test_a_sound_is_written_as_its_trigger(sound: Sound, trigger: str) -> None:
    assert str(sound) == trigger


@pytest.mark.parametrize(("sound", "trigger"), TRIGGERS)
def test_a_trigger_is_read_as_its_sound(sound: Sound, trigger: str) -> None:
    assert Sound.parse(trigger) == sound


@pytest.mark.parametrize(
    ("trigger", "sound"),
    [
        ("!!SOUND(a.wav V=100 L=1 P=50 T= U=)", Sound("a.wav")),
        ("!!MUSIC( a.mid  v=5  C=1 )  ", Sound("a.mid", music=True, volume=5)),
        ("!!SOUND(a.wav X=1 CAPTION=bang)", Sound("a.wav")),
        ("!!MUSIC(a.mid P=99)", Sound("a.mid", music=True)),
        ("!!SOUND(a.wav C=0)", Sound("a.wav")),
        ("!!SOUND(a.wav V=1 V=2)", Sound("a.wav", volume=2)),
    ],
)
def test_a_trigger_may_say_more_than_is_known(trigger: str, sound: Sound) -> None:
    assert Sound.parse(trigger) == sound


BAD_TRIGGERS = [
    "",
    "SOUND(a.wav)",
    "!!SOUND",
    "!!SOUND(a.wav",
    "!!SOUND a.wav)",
    "!!sound(a.wav)",
    "!!NOISE(a.wav)",
    " !!SOUND(a.wav)",
    "!!SOUND(a.wav) You hear a door.",
    "!!SOUND(a.wav)!!SOUND(b.wav)",
    "!!SOUND(a(b).wav)",
    "!!SOUND()",
    "!!SOUND( )",
    "!!SOUND(a.wav loud)",
    "!!SOUND(a.wav V=)",
    "!!SOUND(a.wav V=101)",
    "!!SOUND(a.wav V=-1)",
    "!!SOUND(a.wav V=loud)",
    "!!SOUND(a.wav V=1.5)",
    "!!SOUND(a.wav P=101)",
    "!!SOUND(a.wav L=0)",
    "!!SOUND(a.wav L=-2)",
    "!!SOUND(a.wav L=" + "9" * 5000 + ")",
    "!!MUSIC(a.mid C=no)",
    "!!SOUND(/etc/hosts)",
    "!!SOUND(../../secret.wav)",
    "!!SOUND(a/../../b.wav)",
    "!!SOUND(C:a.wav)",
    "!!SOUND(..\\a.wav)",
    "!!SOUND(a\x00.wav)",
    "!!SOUND(a.wav U=\x07)",
]


@pytest.mark.parametrize("trigger", BAD_TRIGGERS)
def test_a_bad_trigger_is_no_sound(trigger: str) -> None:
    with pytest.raises(ValueError):
        Sound.parse(trigger)


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("volume", 101, "0 to 100"),
        ("volume", -1, "0 to 100"),
        ("volume", "50", "0 to 100"),
        ("loops", 0, "-1, or 1 and more"),
        ("loops", -2, "-1, or 1 and more"),
        ("priority", 101, "0 to 100, and 50 for music"),
        ("continues", False, "True, or False for music"),
        ("kind", "two words", "a word without brackets"),
        ("kind", "a)", "a word without brackets"),
        ("url", "http://example.org/a b", "without spaces and brackets"),
        ("url", "http://example.org/\x1b", "without spaces and brackets"),
    ],
)
def test_a_field_outside_of_its_range_is_refused(field: str, value: Any, expected: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"{field} of a sound must be {expected}, not {value!r}")):
        Sound("a.wav", **{field: value})


@pytest.mark.parametrize("file", ["", "a b.wav", "a(1).wav", "/a.wav", "../a.wav", "a\\b.wav", "c:a.wav", "a\n.wav"])
def test_a_file_outside_of_the_sounds_is_refused(file: str) -> None:
    with pytest.raises(ValueError, match="^file of a sound must be a relative path with / and without spaces"):
        Sound(file)


def test_music_has_no_priority() -> None:
    with pytest.raises(ValueError, match="^priority of a sound must be 0 to 100, and 50 for music, not 80$"):
        Sound("a.mid", music=True, priority=80)


def test_off_is_no_sound() -> None:
    assert [Sound("Off").off, Sound("OFF", music=True).off, Sound("off.wav").off] == [True, True, False]


# Player text


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("!!SOUND(a.wav)", "SOUND(a.wav)"),
        ("Bob says !!MUSIC(a.mid)", "Bob says MUSIC(a.mid)"),
        ("!!sound(a.wav)", "sound(a.wav)"),
        ("!!!!SOUND(a", "SOUND(a"),
        ("!!SO!!SOUND(UND(a", "!!SOSOUND(UND(a"),
        ("!!SO\x07UND(a", "SOUND(a"),
        ("!\x1b!SOUND(a", "SOUND(a"),
        ("a\n!!SOUND(a", "a\nSOUND(a"),
        ("wow!!", "wow!!"),
        ("!!SOUND", "!!SOUND"),
        ("!SOUND(a)", "!SOUND(a)"),
    ],
)
def test_player_text_has_no_trigger_in_it(written: str, sent: str) -> None:
    assert strip_msp(written) == sent


PIECES = st.lists(st.sampled_from(["!", "!!", "SOUND", "MUSIC(", "(", "so", "UND(", "\x00", "\x1b", "<", "a", "\n"]))


@given(PIECES)
def test_nothing_makes_a_trigger_of_what_was_stripped(pieces: list[str]) -> None:
    stripped = strip_msp("".join(pieces))

    assert strip_msp(stripped) == stripped
    assert not any(trigger in escape_mxp(stripped).upper() for trigger in ("!!SOUND(", "!!MUSIC("))


def test_a_long_run_of_marks_is_stripped_in_linear_time() -> None:
    before = time.process_time()

    strip_msp("!" * 50_000)

    assert time.process_time() - before < 0.5  # a millisecond; seconds if each is searched from


# Sending


def test_a_server_sends_a_trigger_as_a_line() -> None:
    session, _ = agreed(Role.SERVER)

    assert session[MSP].play(THUNDER) is True
    assert session.take() == TRIGGER.encode() + b"\r\n"


def test_a_server_sends_a_trigger_as_a_subnegotiation() -> None:
    session, _ = agreed(Role.SERVER)

    assert session[MSP].play(THUNDER, out_of_band=True) is True
    assert session.take() == subnegotiation(constants.MSP, TRIGGER.encode())


@pytest.mark.parametrize("role", Role)
def test_no_trigger_is_sent_while_msp_is_off(role: Role) -> None:
    session, _ = served((MSP,), role=role)
    session.take()

    assert session[MSP].play(THUNDER) is False
    assert session.take() == b""


def test_a_client_sends_no_triggers() -> None:
    session, _ = agreed(Role.CLIENT)

    assert session[MSP].play(THUNDER) is False


# Between two sessions


def test_a_server_offers_and_the_client_agrees() -> None:
    pair = Pair((MSP,)).start()

    assert bytes(pair.sent_by_server) == negotiate(WILL, constants.MSP)
    assert bytes(pair.sent_by_client) == negotiate(DO, constants.MSP)


@pytest.mark.parametrize("out_of_band", [False, True])
def test_a_client_gets_the_sound_that_the_server_plays(out_of_band: bool) -> None:
    pair = Pair((MSP,)).start().clear()
    pair.server[MSP].play(THUNDER, out_of_band=out_of_band)

    pair.run()

    assert pair.at_client.events == [("on_msp", THUNDER)]


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8"])
@pytest.mark.parametrize("out_of_band", [False, True])
def test_the_name_of_a_file_is_in_the_encoding_of_the_session(out_of_band: bool, encoding: str) -> None:
    sound = Sound("t\xfcr.wav")
    pair = Pair((MSP,), encoding=encoding).start().clear()
    pair.server[MSP].play(sound, out_of_band=out_of_band)

    pair.run()

    assert pair.at_client.events == [("on_msp", sound)]
    assert "t\xfcr.wav".encode(encoding) in bytes(pair.sent_by_server)


# Receiving


def test_a_trigger_that_is_not_utf_8_is_read_as_lines_are() -> None:
    trigger = b"!!SOUND(t\xfcr.wav)"
    _, handler = agreed(Role.CLIENT, subnegotiation(constants.MSP, trigger), trigger + b"\r\n")

    assert handler.events == [("on_msp", Sound("t\xfcr.wav"))] * 2


@pytest.mark.parametrize("around", [b"\0", b"\r\n", b"\n\0", b" "])
def test_the_end_of_a_line_or_a_string_is_no_part_of_a_trigger(around: bytes) -> None:
    _, handler = agreed(Role.CLIENT, subnegotiation(constants.MSP, around + TRIGGER.encode() + around))

    assert handler.events == [("on_msp", THUNDER)]


@pytest.mark.parametrize("cut", list(every_cut(TRIGGER.encode() + b"\r\n")), ids=len)
def test_a_trigger_in_a_line_is_read_in_any_cut(cut: list[bytes]) -> None:
    _, handler = agreed(Role.CLIENT, *cut)

    assert handler.events == [("on_msp", THUNDER)]


@pytest.mark.parametrize("cut", list(every_cut(subnegotiation(constants.MSP, TRIGGER.encode()))), ids=len)
def test_a_trigger_in_a_subnegotiation_is_read_in_any_cut(cut: list[bytes]) -> None:
    _, handler = agreed(Role.CLIENT, *cut)

    assert handler.events == [("on_msp", THUNDER)]


def test_a_trigger_counts_at_the_start_of_a_line_only() -> None:
    _, handler = agreed(Role.CLIENT, b"Bob says !!SOUND(a.wav)\r\n")

    assert handler.events == [("on_line", "Bob says !!SOUND(a.wav)")]


def test_a_bad_trigger_stays_a_line() -> None:
    _, handler = agreed(Role.CLIENT, b"!!SOUND(../a.wav)\r\n")

    assert handler.events == [("on_line", "!!SOUND(../a.wav)")]


def test_while_msp_is_off_a_trigger_is_a_line() -> None:
    _, handler = served((MSP,), TRIGGER.encode() + b"\r\n", role=Role.CLIENT)

    assert handler.named("on_line", "on_msp") == [("on_line", TRIGGER)]


def test_a_trigger_from_a_client_is_a_line() -> None:
    _, handler = agreed(Role.SERVER, TRIGGER.encode() + b"\r\n")

    assert handler.events == [("on_line", TRIGGER)]


# Bad input


@pytest.mark.parametrize("trigger", [*BAD_TRIGGERS[:7], *BAD_TRIGGERS[8:], "\udcff"])
def test_a_bad_trigger_in_a_subnegotiation_is_reported(trigger: str) -> None:
    payload = trigger.encode("utf-8", "surrogateescape")
    _, handler = agreed(Role.CLIENT, subnegotiation(constants.MSP, payload))

    assert handler.events == [("on_protocol_error", "MSP: not a trigger from the server", payload[:64])]


def test_a_subnegotiation_from_a_client_is_reported() -> None:
    _, handler = agreed(Role.SERVER, subnegotiation(constants.MSP, b"!!SOUND(a.wav)"))

    assert handler.events == [("on_protocol_error", "MSP: not a trigger from the server", b"!!SOUND(a.wav)")]


@pytest.mark.parametrize("role", Role)
def test_a_subnegotiation_while_msp_is_off_is_reported(role: Role) -> None:
    _, handler = served((MSP,), subnegotiation(constants.MSP, b"!!SOUND(a.wav)"), role=role)

    assert [event[0] for event in handler.named("on_msp", "on_protocol_error")] == ["on_protocol_error"]


def test_a_client_that_offers_is_refused() -> None:
    session, _ = served((MSP,))
    session.take()

    session.receive(negotiate(WILL, constants.MSP), 0.0)

    assert session.take() == negotiate(constants.DONT, constants.MSP)


@pytest.mark.parametrize("role", Role)
@given(payload=st.binary())
def test_no_input_raises(role: Role, payload: bytes) -> None:
    _, handler = agreed(
        role,
        subnegotiation(constants.MSP, payload),
        subnegotiation(constants.MSP, b"!!SOUND(" + payload + b")"),
        b"!!MUSIC(" + payload + b")\r\n",
    )

    assert handler.events


@pytest.mark.parametrize("count", [16, 17, 2000])
def test_a_trigger_has_so_many_parameters_and_no_more(count: int) -> None:
    trigger = f"!!SOUND(a{' V=5' * count})"

    if count <= 16:
        assert Sound.parse(trigger) == Sound("a", volume=5)
    else:
        with pytest.raises(ValueError, match=r"^a trigger (has at most 16 parameters|is !!SOUND)"):
            Sound.parse(trigger)


def test_a_trigger_is_so_long_and_no_longer() -> None:
    assert Sound.parse("!!SOUND(" + "a" * 4087 + ")").file == "a" * 4087
    with pytest.raises(ValueError, match="^a trigger is !!SOUND"):
        Sound.parse("!!SOUND(" + "a" * 4088 + ")")


@pytest.mark.parametrize("digits", [12, 4000])
def test_a_number_of_a_trigger_is_not_read_on_and_on(digits: int) -> None:
    with pytest.raises(ValueError, match="^a number of a trigger has at most 11 characters$"):
        Sound.parse(f"!!SOUND(a V={'0' * digits})")


def test_a_number_of_a_trigger_may_have_a_few_zeros() -> None:
    assert Sound.parse("!!SOUND(a V=00000000005)").volume == 5
