"""What the benchmarks feed to a parser, and what has to come out of it.

Each corpus is made from a seed, together with its truth: a `Script` writes the bytes and notes the events side by side,
so that the truth comes from no parser. Corpora are compared by the digest of their events.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from random import Random

from telnet import CMD_EOR, DO, DONT, GA, GMCP, IAC, SB, SE, WILL, WONT
from telnet.events import Command, Data, Event, Option, Subnegotiation

SEED = 20
KIB = 1024
FEED = 64 * KIB
SIZE = 8 * FEED - KIB  # of most corpora: the last feed is nearly full too

WORDS = (
    "a the of in you is stands here north south east west door sword golden dark old tower bridge river guard says "
    "hello leaves arrives hits misses hard quickly torch forest path stone wall light shadow dragon merchant inn"
).split()
SGR = (b"0", b"1", b"31", b"32", b"1;33", b"34", b"1;36", b"37", b"38;5;208", b"48;5;17", b"38;2;90;140;200")


@dataclass(frozen=True)
class Corpus:
    """One feed for each chunk, and the events that they hold, adjacent data merged."""

    name: str
    what: str
    chunks: tuple[bytes, ...]
    events: tuple[Event, ...]
    unit: str = "byte"  # what a cost is given for: where feeds are small, one feed

    @property
    def size(self) -> int:
        return sum(map(len, self.chunks))

    @property
    def limit(self) -> int:
        """The longest payload, which a parser has to be told to accept."""
        return max((len(event.data) for event in self.events if isinstance(event, Subnegotiation)), default=0)


class Script:
    """Writes a stream, and next to it what a parser has to make of it."""

    def __init__(self) -> None:
        self.wire = bytearray()
        self.events: list[Event] = []

    def data(self, data: bytes) -> None:
        self.wire += data.replace(IAC, IAC + IAC)
        self.events.append(Data(data))

    def command(self, command: bytes) -> None:
        self.wire += IAC + command
        self.events.append(Command(command))

    def option(self, command: bytes, option: bytes) -> None:
        self.wire += IAC + command + option
        self.events.append(Option(command, option))

    def subnegotiation(self, option: bytes, payload: bytes) -> None:
        self.wire += IAC + SB + option + payload.replace(IAC, IAC + IAC) + IAC + SE
        self.events.append(Subnegotiation(option, payload))

    def corpus(self, name: str, what: str, feed: int = FEED, unit: str = "byte") -> Corpus:
        return Corpus(name, what, cut(bytes(self.wire), feed), merged(self.events), unit)


def cut(wire: bytes, size: int) -> tuple[bytes, ...]:
    return tuple(wire[start : start + size] for start in range(0, len(wire), size))


def merged(events: Iterable[Event]) -> tuple[Event, ...]:
    """Return the events with adjacent data made one: where a run is cut is an accident of the chunks."""
    result: list[Event] = []
    for is_data, group in groupby(events, lambda event: isinstance(event, Data)):
        run = list(group)
        result += [Data(b"".join(event.data for event in run if isinstance(event, Data)))] if is_data else run
    return tuple(result)


def digest(events: Iterable[Event], translate: Callable[[bytes], bytes] = bytes) -> str:
    """Return what identifies these events, in their order; ``translate`` is applied to each run of data."""
    state = hashlib.blake2b(digest_size=16)
    for event in merged(events):
        fields = (translate(event.data),) if isinstance(event, Data) else event
        state.update(type(event).__name__.encode())
        for field in fields:
            state.update(b"%d:" % len(field))
            state.update(field.encode() if isinstance(field, str) else field)
    return state.hexdigest()


# --- text -------------------------------------------------------------------------------------------------------------


def words(random: Random, length: int) -> bytes:
    """Return a text of exactly this length."""
    text = " ".join(random.choices(WORDS, k=length // 2 + 1))[:length]
    return text.encode()


def coloured_line(random: Random) -> bytes:
    colour, again = random.choices(SGR, k=2)
    start, end = words(random, random.randint(4, 40)), words(random, random.randint(0, 40))
    return b"\x1b[%bm%b\x1b[%bm%b\x1b[0m\r\n" % (colour, start, again, end)


# --- a generator for each corpus --------------------------------------------------------------------------------------


def plain(size: int = SIZE) -> Corpus:
    random, script = Random(SEED), Script()
    while len(script.wire) < size:
        script.data(coloured_line(random))
    return script.corpus("plain", "coloured MUD output, no IAC")


def chat(feeds: int = 8000) -> Corpus:
    random, script, chunks = Random(SEED), Script(), []
    for _ in range(feeds):
        chunks.append(words(random, random.randint(5, 80) - 2) + b"\r\n")
        script.data(chunks[-1])
    return Corpus("chat", "one 5-80 byte line a feed", tuple(chunks), merged(script.events), unit="feed")


def mixed_script(size: int) -> Script:
    random, script = Random(SEED), Script()
    while len(script.wire) < size:
        text = b"".join(coloured_line(random) for _ in range(4))
        script.data(text[: random.randint(150, 250)])
        script.command(random.choice((GA, CMD_EOR)))
    return script


def mixed(size: int = SIZE) -> Corpus:
    return mixed_script(size).corpus("mixed", "a GA or EOR every 200 bytes")


def nego(size: int = SIZE // 2) -> Corpus:
    """Dense negotiation over every option but 255, which some peers take for an IAC."""
    random, script = Random(SEED), Script()
    while len(script.wire) < size:
        script.option(random.choice((WILL, WONT, DO, DONT)), bytes([random.randrange(255)]))
    return script.corpus("nego", "dense WILL, WONT, DO, DONT")


def gmcp(size: int = SIZE, large: int = 40) -> Corpus:
    """GMCP packages of 20 to 400 bytes; one in ``large`` has 20 KiB."""
    random, script = Random(SEED), Script()
    while len(script.wire) < size:
        script.subnegotiation(GMCP, gmcp_package(random, 20 * KIB if not random.randrange(large) else 0))
    return script.corpus("gmcp", "20-400 byte packages, some of 20 KiB")


def gmcp_package(random: Random, length: int) -> bytes:
    length = length or random.randint(20, 400)
    name = random.choice(("Char.Vitals", "Room.Info", "Comm.Chat"))
    empty = f"{name} {json.dumps({'text': ''})}"
    return f"{name} {json.dumps({'text': words(random, max(0, length - len(empty))).decode()})}".encode()


def esc256(size: int = SIZE) -> Corpus:
    script = Script()
    script.data(Random(SEED).randbytes(size))
    return script.corpus("esc256", "random bytes, escaped")


def eschalf(size: int = SIZE // 2) -> Corpus:
    script = Script()
    script.data(half_iac(size))
    return script.corpus("eschalf", "half of all bytes doubled")


def half_iac(size: int) -> bytes:
    """Return bytes of which each is 255 with probability 1/2, and any other byte otherwise."""
    random = Random(SEED)
    return bytes(255 if random.getrandbits(1) else random.randrange(255) for _ in range(size))


def frag(feed: int, size: int) -> Corpus:
    what = f"mixed in {feed} byte feeds"
    return mixed_script(size).corpus(f"frag{feed}", what, feed=feed, unit="feed")


def bigsb(size: int, feed: int) -> Corpus:
    """One subnegotiation with a payload of ``size`` bytes."""
    script = Script()
    script.subnegotiation(GMCP, words(Random(SEED), size))
    return script.corpus(f"bigsb {size // KIB}/{feed}", f"{size // KIB} KiB payload, {feed} byte feeds", feed=feed)


@cache
def corpora() -> dict[str, Corpus]:
    """Return the corpora that all implementations compete on."""
    every = (plain(), chat(), mixed(), nego(), gmcp(), esc256(), eschalf(), frag(1, 64 * KIB), frag(7, SIZE // 2))
    return {corpus.name: corpus for corpus in every}


@cache
def growth() -> dict[int, tuple[Corpus, Corpus]]:
    """Return, for each size of feed, a payload of 64 KiB and one of 1 MiB: the cost of a byte must be the same."""
    return {feed: (bigsb(64 * KIB, feed), bigsb(1024 * KIB, feed)) for feed in (1, 64)}


@cache
def to_escape() -> dict[str, bytes]:
    """Return what to give to ``escape``: nothing to double, and half of it to double."""
    return {"nothing": plain(FEED).chunks[0], "half": half_iac(FEED)}
