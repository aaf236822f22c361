"""The special characters of LINEMODE: their bytes, and the agreement on them."""

from __future__ import annotations

from collections import deque
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telnet.options.slc import SLC, Key, KeyTable, Level, Triplet, decode_triplets, encode_triplets

NOSUPPORT = Key(level=Level.NOSUPPORT)
DEFAULT = Key(level=Level.DEFAULT)
FIXED = Key(8, Level.CANTCHANGE)

keys = st.builds(Key, st.integers(0, 255), st.sampled_from(Level), st.booleans(), st.booleans())
triplets = st.builds(Triplet, st.integers(0, 255), keys, st.booleans())
tables = st.dictionaries(st.sampled_from(SLC), keys)


def server(**own: Key) -> KeyTable:
    return KeyTable({SLC[name]: key for name, key in own.items()}, is_client=False)


def client(**own: Key) -> KeyTable:
    return KeyTable({SLC[name]: key for name, key in own.items()}, is_client=True)


# What inetutils telnet 2.4 sent, and what it means.
VECTORS = [
    ("010000", Triplet(SLC.SYNCH, NOSUPPORT)),
    ("036203", Triplet(SLC.IP, Key(3, Level.VALUE, flush_in=True, flush_out=True))),
    ("04020f", Triplet(SLC.AO, Key(15))),
    ("09421a", Triplet(SLC.SUSP, Key(26, flush_in=True))),
    ("04220f", Triplet(SLC.AO, Key(15, flush_out=True))),
    ("0a827f", Triplet(SLC.EC, Key(127), acknowledged=True)),
    ("000300", Triplet(0, DEFAULT)),
    ("1e0108", Triplet(SLC.EEOL, FIXED)),
]


@pytest.mark.parametrize(("data", "triplet"), VECTORS)
def test_a_triplet_is_read_from_its_bytes(data: str, triplet: Triplet) -> None:
    assert decode_triplets(bytes.fromhex(data)) == [triplet]


@pytest.mark.parametrize(("data", "triplet"), VECTORS)
def test_a_triplet_is_written_as_its_bytes(data: str, triplet: Triplet) -> None:
    assert encode_triplets([triplet]) == bytes.fromhex(data)


@given(st.lists(triplets))
def test_what_was_written_is_read_again(written: list[Triplet]) -> None:
    assert decode_triplets(encode_triplets(written)) == written


def test_bits_that_mean_nothing_are_not_looked_at() -> None:
    assert decode_triplets(b"\x0a\x1e\x7f") == [Triplet(SLC.EC, Key(127))]


@pytest.mark.parametrize("data", [b"", b"\x0a", b"\x0a\x02"])
def test_what_is_no_whole_triplet_is_left_out(data: bytes) -> None:
    assert decode_triplets(b"\x0a\x02\x7f" + data) == [Triplet(SLC.EC, Key(127))]


@pytest.mark.parametrize("value", [-1, 256, "a"])
def test_a_key_is_a_byte(value: Any) -> None:
    with pytest.raises(ValueError, match=f"^a key is the code of a character, 0 to 255, not {value!r}$"):
        Key(value)


# The rules of RFC 1184 section 5.5, and its table of answers in section 5.9.


@pytest.mark.parametrize(
    ("own", "received", "answer"),
    [
        # it asks for our default
        (Key(3), DEFAULT, Triplet(SLC.IP, Key(3))),
        (FIXED, DEFAULT, Triplet(SLC.IP, FIXED)),
        (NOSUPPORT, DEFAULT, Triplet(SLC.IP, NOSUPPORT)),
        (DEFAULT, DEFAULT, Triplet(SLC.IP, NOSUPPORT)),
        # it has a character
        (Key(3), Key(9), Triplet(SLC.IP, Key(9), acknowledged=True)),
        (DEFAULT, Key(9), Triplet(SLC.IP, Key(9), acknowledged=True)),
        (FIXED, Key(9), Triplet(SLC.IP, FIXED)),
        (FIXED, Key(8), Triplet(SLC.IP, FIXED)),
        (NOSUPPORT, Key(9), Triplet(SLC.IP, NOSUPPORT)),
        # it has a character that it cannot change
        (Key(3), Key(9, Level.CANTCHANGE), Triplet(SLC.IP, Key(9, Level.CANTCHANGE), acknowledged=True)),
        (FIXED, Key(9, Level.CANTCHANGE), Triplet(SLC.IP, NOSUPPORT)),
        (
            FIXED,
            Key(8, Level.CANTCHANGE, flush_in=True),
            Triplet(SLC.IP, Key(8, Level.CANTCHANGE, flush_in=True), acknowledged=True),
        ),
        (NOSUPPORT, Key(9, Level.CANTCHANGE), Triplet(SLC.IP, NOSUPPORT)),
        # it does not have the function
        (Key(3), NOSUPPORT, Triplet(SLC.IP, NOSUPPORT, acknowledged=True)),
        (FIXED, NOSUPPORT, Triplet(SLC.IP, NOSUPPORT, acknowledged=True)),
        # it says what is in force
        (Key(3), Key(3), None),
        (FIXED, FIXED, None),
        (NOSUPPORT, NOSUPPORT, None),
        (NOSUPPORT, Key(15, Level.NOSUPPORT), None),
        (DEFAULT, NOSUPPORT, None),
    ],
)
def test_the_answer_is_an_acknowledgement_or_a_lower_level(own: Key, received: Key, answer: Triplet | None) -> None:
    assert server(IP=own).take(Triplet(SLC.IP, received)) == answer


def test_what_was_agreed_on_is_in_force() -> None:
    table = server()

    table.take(Triplet(SLC.IP, Key(9)))

    assert table.keys == {SLC.IP: Key(9)}


def test_what_is_not_supported_is_gone() -> None:
    table = server(IP=Key(3))

    table.take(Triplet(SLC.IP, NOSUPPORT))

    assert table.keys == {}


def test_an_acknowledgement_moves_the_client() -> None:
    table = client(IP=Key(3))

    assert table.take(Triplet(SLC.IP, Key(9), acknowledged=True)) is None
    assert table.keys == {SLC.IP: Key(9)}


def test_an_acknowledgement_does_not_move_the_server() -> None:
    table = server(IP=Key(3))

    assert table.take(Triplet(SLC.IP, Key(9), acknowledged=True)) is None
    assert table.keys == {SLC.IP: Key(3)}


def test_an_acknowledgement_does_not_move_what_the_client_cannot_change() -> None:
    table = client(IP=FIXED)

    assert table.take(Triplet(SLC.IP, Key(9), acknowledged=True)) is None
    assert table.keys == {SLC.IP: FIXED}


@pytest.mark.parametrize("function", [31, 255])
@pytest.mark.parametrize("level", [Level.CANTCHANGE, Level.VALUE, Level.DEFAULT])
def test_a_function_that_there_is_not_is_not_supported(function: int, level: Level) -> None:
    table = server()

    assert table.take(Triplet(function, Key(9, level))) == Triplet(function, NOSUPPORT)
    assert table.keys == {}


@pytest.mark.parametrize("received", [Triplet(31, NOSUPPORT), Triplet(31, Key(9), acknowledged=True)])
def test_a_function_that_neither_has_is_not_talked_about(received: Triplet) -> None:
    assert server().take(received) is None


def test_a_change_is_in_force_and_asks_for_the_same() -> None:
    table = server(IP=Key(3))

    assert table.change(SLC.IP, Key(9)) == Triplet(SLC.IP, Key(9))
    assert table.keys == {SLC.IP: Key(9)}


def test_a_change_to_the_default_of_the_other_end_leaves_what_is_in_force_until_it_answers() -> None:
    table = client(IP=Key(3))

    assert table.change(SLC.IP, DEFAULT) == Triplet(SLC.IP, DEFAULT)
    assert table.keys == {SLC.IP: Key(3)}
    assert table.take(Triplet(SLC.IP, Key(9))) == Triplet(SLC.IP, Key(9), acknowledged=True)


def test_a_reset_goes_back_to_what_this_end_wants_by_itself() -> None:
    table = server(IP=Key(3))
    table.take(Triplet(SLC.IP, Key(9)))
    table.take(Triplet(SLC.EC, Key(127)))

    table.reset()

    assert table.keys == {SLC.IP: Key(3)}


def test_an_export_has_every_function_once() -> None:
    table = server(IP=Key(3), EC=NOSUPPORT, EL=DEFAULT)

    exported = {SLC(triplet.function): triplet.key for triplet in table.export()}

    assert list(exported) == list(SLC)
    assert (exported[SLC.IP], exported[SLC.EC], exported[SLC.EL], exported[SLC.AO]) == (
        Key(3),
        NOSUPPORT,
        DEFAULT,
        DEFAULT,
    )


def test_an_export_does_not_bring_back_what_the_other_end_does_not_have() -> None:
    table = server(IP=Key(3))
    table.take(Triplet(SLC.IP, NOSUPPORT))

    assert table.export()[SLC.IP - 1] == Triplet(SLC.IP, NOSUPPORT)


def test_a_table_does_not_change_the_settings_it_was_made_of() -> None:
    own = {SLC.IP: Key(3)}

    KeyTable(own, is_client=True).change(SLC.IP, Key(9))

    assert own == {SLC.IP: Key(3)}


@given(tables, st.booleans(), st.lists(triplets))
def test_no_peer_makes_the_table_grow(own: dict[SLC, Key], is_client: bool, received: list[Triplet]) -> None:
    table = KeyTable(own, is_client=is_client)

    for triplet in received:
        table.take(triplet)

    assert set(table.keys) <= set(SLC)


@given(tables, st.booleans(), st.lists(triplets))
def test_no_acknowledgement_is_ever_answered(own: dict[SLC, Key], is_client: bool, received: list[Triplet]) -> None:
    table = KeyTable(own, is_client=is_client)

    for triplet in received:
        answer = table.take(triplet)
        assert answer is None or not triplet.acknowledged


@given(tables, st.booleans(), st.lists(triplets))
def test_a_disagreement_is_always_at_a_lower_level(
    own: dict[SLC, Key], is_client: bool, received: list[Triplet]
) -> None:
    table = KeyTable(own, is_client=is_client)

    for triplet in received:
        answer = table.take(triplet)
        if answer is not None and not answer.acknowledged:
            assert answer.key.level < triplet.key.level


@given(
    st.dictionaries(st.just(SLC.EC), keys),
    st.dictionaries(st.just(SLC.EC), keys),
    st.lists(st.tuples(st.booleans(), keys), max_size=4),
    st.data(),
)
def test_two_ends_that_change_a_key_at_any_time_settle_on_the_same(
    own_server: dict[SLC, Key], own_client: dict[SLC, Key], changes: list[tuple[bool, Key]], data: st.DataObject
) -> None:
    ends = (KeyTable(own_server, is_client=False), KeyTable(own_client, is_client=True))
    wires: tuple[deque[Triplet], deque[Triplet]] = (deque([ends[1].export()[SLC.EC - 1]]), deque())  # to each end
    answers = 0

    while changes or wires[0] or wires[1]:
        at = data.draw(st.sampled_from([n for n in (0, 1) if wires[n]] + [2] * bool(changes)))
        if at == 2:
            by_client, key = changes.pop()
            wires[not by_client].append(ends[by_client].change(SLC.EC, key))
        elif answer := ends[at].take(wires[at].popleft()):
            wires[1 - at].append(answer)
            answers += 1

    assert ends[0].keys == ends[1].keys
    assert answers <= 15  # three levels down for the export and for each change
