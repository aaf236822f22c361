"""What players decide themselves; the rest is as their clients say."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass

SWITCH = {"auto": None, "on": True, "off": False}

# What may be typed for each setting, and its value; None is as the client says.
CHOICES: Mapping[str, Mapping[str, int | None]] = {
    "colours": {"auto": None, "none": 0, "8": 8, "256": 256, "all": 1 << 24},
    "reader": SWITCH,
    "unicode": SWITCH,
    "width": {"auto": None, **{str(columns): columns for columns in range(20, 201)}},
}


@dataclass
class Settings:
    """Those of one player."""

    colours: int | None = None
    """How many colours are shown."""

    reader: bool | None = None
    """Whether text is for a screen reader."""

    unicode: bool | None = None
    """Whether characters beside those of ASCII are shown."""

    width: int | None = None
    """The column after which lines are wrapped."""

    @classmethod
    def from_json(cls, text: str) -> Settings:
        """Return what :meth:`to_json` gave, be it of a time when there were other settings.

        :raises TypeError, ValueError: if it is something else.
        """
        kept = json.loads(text)
        if not isinstance(kept, dict):
            raise TypeError(f"settings are a dict, not {type(kept).__name__}")
        known = {name: value for name, value in kept.items() if name in CHOICES}
        for name, value in known.items():
            if not any(type(value) is type(choice) and value == choice for choice in CHOICES[name].values()):
                raise ValueError(f"{name} cannot be {value!r}")
        return cls(**known)

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    def change(self, name: str, choice: str) -> None:
        """Set one to what was typed; a ``ValueError`` says what can be."""
        if name not in CHOICES:
            raise ValueError(f"There are these settings: {', '.join(CHOICES)}.")
        if choice not in CHOICES[name]:
            known = list(CHOICES[name])
            known = known if len(known) < 10 else [known[0], f"{known[1]} to {known[-1]}"]
            raise ValueError(f"{name} can be {', '.join(known)}.")
        setattr(self, name, CHOICES[name][choice])

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """Yield each name, and the value as it is typed."""
        for name, choices in CHOICES.items():
            yield name, next(typed for typed, value in choices.items() if value == getattr(self, name))
