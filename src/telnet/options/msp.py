"""MSP: sounds and music (MUD Sound Protocol)."""

from __future__ import annotations

import re
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Any, Final

from telnet import constants
from telnet.options.option import Option, Role
from telnet.options.plain_text import plain_text

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["MSP", "Sound", "strip_msp"]

# The parameters of a trigger, and the fields that they are.
_SOUND: Final = {"V": "volume", "L": "loops", "P": "priority", "T": "kind", "U": "url"}
_MUSIC: Final = {"V": "volume", "L": "loops", "C": "continues", "T": "kind", "U": "url"}

# Of a trigger: a path of a system, a URL, and the parameters of both kinds of sound with some of a game's own.
_LONGEST: Final = 4096
_MOST_PARAMETERS: Final = 16
_LONGEST_NUMBER: Final = len(str(-(1 << 31)))

# What some servers put around a trigger that is a message: the end of a line, or that of a string of C.
_AROUND: Final = " \t\r\n\0"

_TRIGGER: Final = re.compile(r"!!(SOUND|MUSIC)\(([^()]*)\)\s*")
_WORD: Final = re.compile(r"[^\s()]+")


@dataclass(frozen=True)
class Sound:
    """A sound or a piece of music that a client is to play; ``str()`` of it is the trigger, as it is sent.

    ``Sound("Off")`` stops all sounds, ``Sound("Off", music=True)`` the music; ``Sound("Off", url=...)`` says where the
    files are from now on.

    Raises ``ValueError`` for what a field cannot be.  Source: the MSP specification, version 0.3.
    """

    file: str
    """A path below the client's folder of sounds, with ``/``; ``*`` and ``?`` in it stand for any of several files."""

    _: KW_ONLY

    music: bool = False
    """Whether it is music, of which one piece is played at a time."""

    volume: int = 100
    """0 to 100."""

    loops: int = 1
    """How often it is played; -1 is without end."""

    priority: int = 50
    """0 to 100: a sound stops one of lower priority.  Not for music."""

    continues: bool = True
    """Whether music that is being played goes on; otherwise it starts again.  Only for music."""

    kind: str = ""
    """What sort of sound it is, such as ``combat``."""

    url: str = ""
    """Where a client that lacks the file gets it: the file's path is appended."""

    def __post_init__(self) -> None:
        priorities = range(50, 51) if self.music else range(101)
        self._check("file", _is_path(self.file), "a relative path with / and without spaces, brackets, colons and ..")
        self._check("volume", self.volume in range(101), "0 to 100")
        self._check("loops", self.loops in range(-1, 1 << 31) and self.loops != 0, "-1, or 1 and more")
        self._check("priority", self.priority in priorities, "0 to 100, and 50 for music")
        self._check("continues", self.continues or self.music, "True, or False for music")
        self._check("kind", self.kind == "" or _is_word(self.kind), "a word without brackets")
        self._check("url", self.url == "" or _is_word(self.url), "without spaces and brackets")

    def _check(self, field: str, good: bool, expected: str) -> None:
        if not good:
            raise ValueError(f"{field} of a sound must be {expected}, not {getattr(self, field)!r}")

    def __str__(self) -> str:
        words = [self.file]
        for letter, field in (_MUSIC if self.music else _SOUND).items():
            value = getattr(self, field)
            if value != getattr(Sound, field):
                words.append(f"{letter}={value if isinstance(value, str) else int(value)}")
        return f"!!{'MUSIC' if self.music else 'SOUND'}({' '.join(words)})"

    @property
    def off(self) -> bool:
        """Whether it is no sound, but stops what is being played or says where the files are."""
        return self.file.upper() == "OFF"

    @classmethod
    def parse(cls, trigger: str) -> Self:
        """Return the sound that a trigger asks for; what it says with a letter that is unknown is left out.

        Raises ``ValueError`` for text that is not one trigger and nothing else, asks for what a field cannot be, has
        more than 4096 characters or more than 16 parameters.
        """
        found = _TRIGGER.fullmatch(trigger) if len(trigger) <= _LONGEST else None
        if found is None:
            raise ValueError(f"a trigger is !!SOUND(...) or !!MUSIC(...), not {trigger[:64]!r}")
        music = found[1] == "MUSIC"
        known = _MUSIC if music else _SOUND
        file, *parameters = found[2].split(None, _MOST_PARAMETERS + 1) or [""]
        if len(parameters) > _MOST_PARAMETERS:
            raise ValueError(f"a trigger has at most {_MOST_PARAMETERS} parameters")
        fields: dict[str, Any] = {}
        for letter, equals, value in (parameter.partition("=") for parameter in parameters):
            if not equals:
                raise ValueError(f"a parameter of a trigger is a letter, = and a value, not {letter[:64]!r}")
            if (field := known.get(letter.upper())) is not None:
                default = getattr(cls, field)
                fields[field] = value if isinstance(default, str) else type(default)(_number(value))
        return cls(file, music=music, **fields)


def _number(text: str) -> int:
    if len(text) > _LONGEST_NUMBER:
        raise ValueError(f"a number of a trigger has at most {_LONGEST_NUMBER} characters")
    return int(text)


def _is_word(text: str) -> bool:
    return text.isprintable() and _WORD.fullmatch(text) is not None


def _is_path(text: str) -> bool:
    """Whether it leads to something below a folder, on any system."""
    return _is_word(text) and text[0] != "/" and not {"\\", ":"} & set(text) and ".." not in text.split("/")


# The lookbehind keeps a long run of ! from being searched from each of them.
_SPOKEN: Final = re.compile(r"(?<!!)!!+(?=(?:SOUND|MUSIC)\()", re.IGNORECASE)


def strip_msp(text: str) -> str:
    """Return what a player wrote so that no client takes it for a trigger: without the ``!!`` of one.

    That is done wherever it is in the line, since some clients do not look at its start only.  Control characters are
    left out (:func:`~telnet.options.plain_text.plain_text`): who does that later would join what they separate.
    """
    return _SPOKEN.sub("", plain_text(text))


class MSP(Option):
    """The server may send triggers, for which a client plays sounds.

    Server: :meth:`play` sends one.  What players write goes through :func:`strip_msp` before others get it.

    Client: calls ``on_msp(sound)`` for a :class:`Sound` that is a line of its own, which is not a line for the program
    then, or comes as a subnegotiation.  What is no good trigger stays a line.

    Source: the MSP specification, version 0.3.
    """

    code = constants.MSP
    performer = Role.SERVER

    def play(self, sound: Sound, *, out_of_band: bool = False) -> bool:
        """Server: have the client play a sound; return False, with nothing sent, while MSP is off.

        It is sent as a line, and counts at the start of one only: end what was sent before.  With ``out_of_band`` it is
        sent as a subnegotiation, as Mudlet takes it.

        :raises TypeError: if it is not a :class:`Sound`.
        """
        if not isinstance(sound, Sound):
            raise TypeError(f"a sound must be a Sound, not {type(sound).__name__}")
        if not self.local:
            return False
        if out_of_band:
            self.send(str(sound).encode(self.session.encoding, "replace"))
        else:
            self.session.send(f"{sound}\n")
        return True

    def on_subnegotiation(self, data: bytes) -> None:
        if self.is_server or not self._tell(self.session.decode(data).strip(_AROUND)):
            self.report("not a trigger from the server", data)

    def on_line(self, line: str) -> bool:
        return line.startswith("!!") and self.remote and self._tell(line)

    def _tell(self, trigger: str) -> bool:
        try:
            sound = Sound.parse(trigger)
        except ValueError:
            return False
        self.emit("on_msp", sound)
        return True
