"""Core.Supports of GMCP: which packages a client takes."""

from __future__ import annotations

from typing import Any

import pytest

from telnet.options.gmcp_supports import Supports


@pytest.fixture
def supports() -> Supports:
    return Supports(4)


def test_nothing_is_known_before_a_client_has_spoken(supports: Supports) -> None:
    assert (supports.declared, supports.versions, supports.version("Char")) == (False, {}, 0)


def test_set_replaces_what_was_there(supports: Supports) -> None:
    supports.set(["Char 1", "Room 2"])

    assert supports.set(["Comm 3"]) == ""
    assert supports.versions == {"comm": 3}


def test_set_of_nothing_takes_nothing(supports: Supports) -> None:
    supports.set([])

    assert (supports.declared, supports.version("Char")) == (True, 0)


def test_add_without_a_set_is_a_beginning(supports: Supports) -> None:
    supports.add(["Char 1"])
    supports.add(["Room 1"])

    assert (supports.declared, supports.versions) == (True, {"char": 1, "room": 1})


def test_add_replaces_a_version_by_a_lower_one(supports: Supports) -> None:
    supports.set(["Char 3"])

    supports.add(["char 2"])

    assert supports.versions == {"char": 2}


@pytest.mark.parametrize("listed", [["Char"], ["CHAR 1"], ["char", "Room"]])
def test_remove_ignores_case_versions_and_what_is_not_there(supports: Supports, listed: list[str]) -> None:
    supports.set(["Char 1", "Comm 1"])

    assert supports.remove(listed) == ""
    assert supports.versions == {"comm": 1}


def test_remove_alone_says_nothing_of_the_rest(supports: Supports) -> None:
    supports.remove(["Char"])

    assert not supports.declared


def test_version_that_is_left_out_is_1(supports: Supports) -> None:
    supports.set(["room.info"])

    assert supports.version("Room.Info") == 1


@pytest.mark.parametrize(("entry", "version"), [("Char 1.0", 1), ("Char 2.00 ", 2), ("Char 0.0", 0)])
def test_version_may_be_written_as_lua_writes_a_number(supports: Supports, entry: str, version: int) -> None:
    assert supports.set([entry]) == ""
    assert supports.versions == {"char": version}


@pytest.mark.parametrize(
    ("package", "version"),
    [("Char", 1), ("char.vitals", 1), ("Char.Items.List", 2), ("Char.Skills.Get", 0), ("Charm", 0), ("Ch", 0), ("", 0)],
)
def test_package_covers_those_below_it_that_are_not_listed(supports: Supports, package: str, version: int) -> None:
    supports.set(["Char 1", "Char.Items 2", "Char.Skills 0"])

    assert supports.version(package) == version


def test_package_does_not_cover_that_above_it(supports: Supports) -> None:
    supports.set(["Char.Vitals 1"])

    assert supports.version("Char") == 0


@pytest.mark.parametrize("listed", [None, "Char 1", {"Char": 1}, 7, True])
def test_what_is_no_array_changes_nothing(supports: Supports, listed: Any) -> None:
    supports.set(["Char 1"])

    wrong = [supports.set(listed), supports.add(listed), supports.remove(listed)]

    assert wrong == ["the packages are not in an array"] * 3
    assert supports.versions == {"char": 1}


@pytest.mark.parametrize("listed", [[["Char 1", "Room 1"]], [{"name": "Char", "version": 1}], [1], [None], ["Char:1"]])
def test_array_in_which_nothing_can_be_read_changes_nothing(supports: Supports, listed: Any) -> None:
    wrong = [supports.set(listed), supports.add(listed)]
    assert not supports.declared  # so everything is sent

    supports.set(["Char 1"])
    wrong += [supports.set(listed), supports.add(listed), supports.remove(listed)]

    assert wrong == ["a package is listed as its name and its version"] * 5
    assert supports.versions == {"char": 1}


def test_empty_array_takes_all_packages_out(supports: Supports) -> None:
    supports.set(["Char 1"])

    assert supports.set([]) == ""
    assert (supports.declared, supports.versions) == (True, {})


def test_what_is_no_array_declares_nothing(supports: Supports) -> None:
    supports.set("Char 1")

    assert not supports.declared


@pytest.mark.parametrize(
    "entry", [None, 1, [], "", " ", "Char x", "Char 1 2", "Char -1", "Char 1.5", "Char 1.", "Chär 1", "Char 1234567890"]
)
def test_entry_that_is_none_is_left_out(supports: Supports, entry: Any) -> None:
    wrong = supports.set(["Room 1", entry, "Comm 1"])

    assert wrong == "a package is listed as its name and its version"
    assert supports.versions == {"room": 1, "comm": 1}


def test_packages_are_kept_up_to_the_limit(supports: Supports) -> None:
    wrong = supports.add([f"Package{i} 1" for i in range(10_000)])

    assert (wrong, len(supports.versions)) == ("more than 4 packages", 4)


def test_package_that_is_kept_can_change_at_the_limit(supports: Supports) -> None:
    supports.set(["A 1", "B 1", "C 1", "D 1"])

    assert supports.add(["a 2"]) == ""
    assert supports.version("A") == 2


@pytest.mark.parametrize("change", [Supports.set, Supports.add, Supports.remove])
def test_a_message_is_looked_at_as_far_as_there_is_room(change: Any, supports: Supports) -> None:
    supports.add(["E 1"])

    wrong = change(supports, ["A 1", "B 1", "C 1", "D 1", "E 2", *["F 1"] * 5000])

    assert wrong == "more than 4 packages"
    assert supports.versions.get("e") != 2
    assert len(supports.versions) <= 4


def test_a_message_that_just_has_room_is_no_fault(supports: Supports) -> None:
    assert supports.set(["A 1", "B 1", "C 1", "D 1"]) == ""


@pytest.mark.parametrize("entry", ["A" + " " * 254 + "1", "A" * 128 + " 1"])
def test_an_entry_may_be_long(entry: str, supports: Supports) -> None:
    assert supports.add([entry]) == ""


@pytest.mark.parametrize("entry", ["A" + " " * 255 + "1", "A" * 65_000, " " * 65_000])
def test_an_entry_that_is_longer_is_not_looked_at(entry: str, supports: Supports) -> None:
    assert supports.add([entry]) == "a package is listed as its name and its version"
    assert supports.versions == {}
