"""The adversary of ``make adversary`` attacks as it says, and names what is above its bound."""

from __future__ import annotations

import sys
import zlib

import pytest

if sys.platform != "linux":
    pytest.skip("processes are kept on their cores as Linux does it", allow_module_level=True)

from attack.cells import ANSWER, LEAST, TURN, Arena, Cell
from attack.inputs import INPUTS, Flood, find
from attack.meter import Measures
from attack.player import PATIENCE, Answers
from attack.report import Conditions, markdown

from telnet import MCCP3, Data, ProtocolError, parse, subnegotiation


def cell(*times: float, turn: float = 0.001) -> Cell:
    return Cell(find("AYT"), "selectors", Answers(list(times)), Measures(turn=turn, received=1 << 20), 0)


def inflated(flood: Flood) -> bytes:
    """What a server reads in a connection whose peer sends two rounds."""
    stream = flood.beginning.partition(subnegotiation(MCCP3, b""))[2] + flood.round * 2
    return zlib.decompressobj().decompress(stream)


@pytest.mark.parametrize("name", [name for name in INPUTS if name.endswith("+MCCP3")])
def test_an_input_through_mccp3_is_the_plain_one_compressed_no_better_than_a_server_takes(name: str) -> None:
    plain = find(name.removesuffix(" +MCCP3")).make()
    compressed = find(name).make()

    assert inflated(compressed) == plain.beginning + plain.round * 2
    assert len(plain.round) < 200 * len(compressed.round)


@pytest.mark.parametrize("name", [name for name in INPUTS if name.startswith(("SLC", "MSDP", "GMCP", "STATUS", "ZMP"))])
def test_rounds_are_whole_messages(name: str) -> None:
    if not name.endswith("+MCCP3"):
        assert not any(isinstance(event, Data | ProtocolError) for event in parse(find(name).make().round * 2))


def test_what_is_above_its_bound_is_named() -> None:
    assert cell(0.001, ANSWER).excesses == []
    assert cell(0.001, 0.06).excesses == ["answer 60 ms"]
    assert cell(0.001, 0.06, turn=0.009).excesses == ["answer 60 ms", "turn 9 ms"]


def test_an_attack_of_which_nothing_came_is_no_success() -> None:
    idle = Cell(find("AYT"), "selectors", Answers([0.001]), Measures(), 0)

    assert idle.excesses == ["no attack, for nothing came"]


def test_a_report_begins_with_the_cells_that_are_furthest_above_their_bounds() -> None:
    cells = [cell(0.06), cell(0.001), cell(0.001, turn=TURN * 3)]

    _, _, told = markdown(cells, Conditions(0.3, 1, apart=True)).partition("2 of 3 cells are above a bound:\n\n")

    assert told.startswith("* AYT on selectors: turn 24 ms.\n* AYT on selectors: answer 60 ms.\n\n")


@pytest.mark.once
@pytest.mark.slow
@pytest.mark.parametrize("shell", ["selectors", "asyncio"])
@pytest.mark.parametrize("name", ["AYT", "client: prompts"])
def test_a_player_is_answered_beside_hostile_peers(name: str, shell: str) -> None:
    with Arena(0.6) as arena:
        measured = arena.measure(find(name), shell)

    assert len(measured.answers.times) >= 2
    assert measured.answers.worst < PATIENCE
    assert measured.measures.received > LEAST
    assert 0 < measured.measures.turn <= measured.measures.poll
