"""The live set of a server's connections: what may be done with it while it changes."""

from __future__ import annotations

from telnet.connections import Connections


def connections_of(*members: str) -> Connections[str]:
    connections: Connections[str] = Connections()
    connections._members = dict.fromkeys(members)
    return connections


def test_it_has_the_members_and_the_size_of_this_moment() -> None:
    connections = connections_of("Ada")
    assert ("Ada" in connections, "Bob" in connections, len(connections)) == (True, False, 1)
    assert repr(connections) == "<1 connections>"


def test_who_leaves_while_it_is_iterated_is_skipped() -> None:
    connections = connections_of("Ada", "Bob", "Cid")
    seen = []
    for connection in connections:
        seen.append(connection)
        connections._members.pop("Bob", None)
    assert seen == ["Ada", "Cid"]


def test_who_joins_while_it_is_iterated_is_left_out() -> None:
    connections = connections_of("Ada")
    seen = []
    for connection in connections:
        seen.append(connection)
        connections._members["Bob"] = None
    assert seen == ["Ada"]


def test_operators_return_a_set_that_changes_no_more() -> None:
    connections = connections_of("Ada", "Bob")
    others = connections - {"Ada"}
    connections._members.clear()
    assert others == frozenset({"Bob"})


def test_its_values_are_itself() -> None:
    connections = connections_of("Ada")
    assert connections.values() is connections
