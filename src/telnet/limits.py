"""How much a peer may make a connection hold, and for how long."""

from __future__ import annotations

from dataclasses import dataclass, fields

__all__ = ["Limits"]


@dataclass(frozen=True)
class Limits:
    """The bounds of one connection; a class states its own as ``limits = Limits(unsent=4 << 20)``.

    Sizes are bytes (``int``), times are seconds (``float``).  A value that is not a number is a :exc:`TypeError`, one
    that is not above zero a :exc:`ValueError`.
    """

    subnegotiation: int = 65536
    """Payload of one SB...SE.  ZMP asks for at least 16 KiB; a GMCP map or a Core.Supports list fits four times."""

    unread: int = 65536
    """What may wait for a ``read_delimiter``: about ten times the longest line that MUD servers accept in the field."""

    unsent: int = 1 << 20
    """What may wait to be sent.  A peer that is a MiB behind has stopped reading: no screenful of text is that long."""

    line: int = 16384
    """Bytes of one line of text.  MUD servers in the field accept 6,000 to 16,384 and no person types more."""

    inflated: int = 65536
    """What one step of decompression gives (MCCP): as much as is read from a socket at once."""

    inflate_ratio: int = 200
    """What one compressed byte may become on average (MCCP): text is 3 to 10, deflate itself ends at 1032."""

    nesting: int = 32
    """Tables and arrays inside each other, in MSDP and JSON.  No protocol of a MUD goes deeper than four."""

    values: int = 4096
    """Values of one message of MSDP, GMCP, MSSP or ZMP; in MSDP and MSSP names count too.  The longest lists of the
    field, inventories and skills, have a thousand; each value takes a microsecond to read."""

    negotiations: int = 256
    """Answers at once to WILL, WONT, DO and DONT, and to what else a peer may ask again and again, each 64 bytes of
    which count; a sixteenth of them again each second.  The busiest clients seen need some forty when they connect."""

    terminal_types: int = 8
    """Names asked for with TTYPE SEND.  MTTS has four; a list that has not come to its end by then never will."""

    variables: int = 64
    """What a peer may have kept or reported by name: variables of NEW-ENVIRON and MSDP, packages of GMCP.  Clients name
    some twenty."""

    events: int = 500
    """Lines, commands, subnegotiations and pieces that one turn of a connection delivers; what is left waits for the
    next turn, so that a read of 65,536 line ends keeps nobody else waiting."""

    payload: int = 4096
    """Bytes of subnegotiations that one turn of a session takes, each counted as 32 or more; what is left waits, and a
    longer one is a turn's work by itself.  Reading a byte may take a microsecond, as in a list of special characters,
    and text a hundredth of that."""

    subnegotiation_time: float = 10.0
    """For a subnegotiation to come to its end, from its beginning: the longest takes nine seconds at 56,000 bit/s.  One
    that never ends swallows what its user types, and nobody waits much longer for the answer to a line."""

    ready: float = 0.5
    """For the peer to answer what it was asked, before ``on_ready``: a few round trips.  A person sees a blank screen
    meanwhile."""

    connect: float = 30.0
    """For name resolution and all addresses of an outgoing connection; what people wait for a dial-up before giving
    up."""

    handshake: float = 10.0
    """For a TLS handshake: a few round trips, even over a satellite link; a silent peer must not hold a descriptor."""

    close: float = 30.0
    """For a closing connection to take any of the output that still waits; starts anew with every byte it takes.  And
    for a handler to answer a peer that has ended its own direction."""

    linger: float = 2.0
    """For the peer to read the last output and close after us: closing at once on unread input would destroy it."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            expected = (int,) if field.type == "int" else (int, float)
            if isinstance(value, bool) or not isinstance(value, expected):
                raise TypeError(f"limit {field.name} must be {field.type}, not {type(value).__name__}")
            if not value > 0:
                raise ValueError(f"limit {field.name} must be above 0, not {value!r}")
