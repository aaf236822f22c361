"""What `telnet` exports: complete, sorted, documented."""

from __future__ import annotations

import importlib
import inspect
import pkgutil

import pytest

import telnet

# The modules whose every public name belongs to users; the rest is reached by its own name or not at all.
RE_EXPORTED = (
    "telnet.constants",
    "telnet.encode",
    "telnet.events",
    "telnet.exceptions",
    "telnet.limits",
    "telnet.net",
    "telnet.parser",
    "telnet.version",
)


def public_modules() -> list[str]:
    """Return the importable modules of the package without a leading underscore, examples aside."""
    names = [module.name for module in pkgutil.walk_packages(telnet.__path__, "telnet.")]
    return ["telnet", *(name for name in names if "._" not in name and not name.startswith("telnet.examples"))]


def exported(module: str) -> list[str]:
    names: list[str] = getattr(importlib.import_module(module), "__all__", [])
    return names


def test_all_is_sorted_and_names_nothing_twice() -> None:
    assert telnet.__all__ == sorted(set(telnet.__all__))


@pytest.mark.parametrize("module", public_modules())
def test_every_name_in_all_resolves(module: str) -> None:
    missing = [name for name in exported(module) if not hasattr(importlib.import_module(module), name)]

    assert not missing


@pytest.mark.parametrize("module", public_modules())
def test_every_module_is_documented(module: str) -> None:
    assert (importlib.import_module(module).__doc__ or "").strip()


@pytest.mark.parametrize("name", [name for name in telnet.__all__ if callable(getattr(telnet, name))])
def test_everything_exported_is_documented(name: str) -> None:
    member = getattr(telnet, name)

    documentation = (inspect.getdoc(member) or "").strip()

    # A NamedTuple or a dataclass without a docstring is given its signature for one.
    assert documentation and not documentation.startswith(f"{name}(")


@pytest.mark.parametrize("module", RE_EXPORTED)
def test_public_names_of_the_modules_are_those_of_the_package(module: str) -> None:
    hidden = [
        name
        for name in exported(module)
        if getattr(telnet, name, None) is not getattr(importlib.import_module(module), name)
    ]

    assert not hidden


@pytest.mark.parametrize("module", RE_EXPORTED)
def test_public_names_of_the_modules_are_in_the_list_of_the_package(module: str) -> None:
    assert set(exported(module)) <= set(telnet.__all__)


def test_constants_of_the_seed_api_are_length_1_bytes() -> None:
    names = ("IAC", "DONT", "DO", "WONT", "WILL", "SB", "SE")

    values = b"".join(getattr(telnet, name) for name in names)

    assert values == bytes([255, 254, 253, 252, 251, 250, 240])


def test_dir_shows_what_is_imported_only_when_it_is_used() -> None:
    assert set(telnet.__all__) <= set(dir(telnet))
