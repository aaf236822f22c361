"""A module imports from its own floor and from those below it, and only the upper floors do I/O."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

FLOORS = {
    # 0: knows nothing
    "telnet.accepting": 0,
    "telnet.address": 0,
    "telnet.bucket": 0,
    "telnet.connections": 0,
    "telnet.constants": 0,
    "telnet.deadlines": 0,
    "telnet.exceptions": 0,
    "telnet.guard": 0,
    "telnet.keepalive": 0,
    "telnet.limits": 0,
    "telnet.log_share": 0,
    "telnet.version": 0,
    # 1: knows bytes
    "telnet._parser": 1,
    "telnet._parser_py": 1,
    "telnet.encode": 1,
    "telnet.events": 1,
    "telnet.files": 1,
    "telnet.parser": 1,
    # 2: knows Telnet
    "telnet.backlog": 2,
    "telnet.charsets": 2,
    "telnet.client": 2,
    "telnet.lines": 2,
    "telnet.mccp": 2,
    "telnet.negotiation": 2,
    "telnet.options": 2,
    # 3: composes them
    "telnet.handler": 3,
    "telnet.session": 3,
    # 4: knows I/O
    "telnet.aio": 4,
    "telnet.net": 4,
    "telnet.sockets": 4,
    # 5: knows people
    "telnet": 5,
    "telnet.__main__": 5,
    "telnet.cli": 5,
    "telnet.examples": 5,
}
PACKAGES = (
    "telnet.aio",
    "telnet.net",
    "telnet.options",
    "telnet.cli",
    "telnet.examples",
)  # every module in one is on its floor

SHELLS = ("telnet.net", "telnet.aio")
IO_MODULES = {"asyncio", "select", "selectors", "socket", "ssl", "threading", "time"}
FIRST_FLOOR_WITH_IO = 4


def module_name(path: Path) -> str:
    if path.is_relative_to(ROOT / "examples"):
        parts = ["telnet", "examples", *path.relative_to(ROOT / "examples").with_suffix("").parts]
    else:
        parts = list(path.relative_to(ROOT / "src").with_suffix("").parts)
    return ".".join(parts).removesuffix(".__init__")


TREES = (ROOT / "src", ROOT / "examples")
SOURCES = sorted(path for tree in TREES for path in tree.rglob("*.py*") if path.suffix in (".py", ".pyi", ".pyx"))
MODULES = {module_name(path) for path in SOURCES}


def floor(module: str) -> int:
    for package in PACKAGES:
        if module.startswith(f"{package}."):
            return FLOORS[package]
    return FLOORS[module]


def in_package(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


class WithoutTyping(ast.NodeTransformer):
    """Drops what only a type checker imports."""

    def visit_If(self, node: ast.If) -> ast.AST | None:
        if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            return None
        return self.generic_visit(node)


def parse(path: Path) -> ast.Module:
    source = path.read_text(encoding="utf-8")
    if path.suffix == ".pyx":  # not Python; its imports are, each on one line
        source = "\n".join(re.findall(r"^\s*((?:from [\w.]+ )?import .+)$", source, re.MULTILINE))
    return ast.parse(source)


def import_statements(tree: ast.Module) -> Iterator[ast.Import | ast.ImportFrom]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node


def imported_modules(path: Path, *, with_typing: bool = True) -> set[str]:
    """Return the full names of the modules that the file imports, those for type checkers only if *with_typing*."""
    tree = parse(path)
    if not with_typing:
        WithoutTyping().visit(tree)
    modules: set[str] = set()
    for statement in import_statements(tree):
        if isinstance(statement, ast.Import):
            modules.update(alias.name for alias in statement.names)
            continue
        module = absolute_name(statement, path)
        for alias in statement.names:
            submodule = f"{module}.{alias.name}"
            modules.add(submodule if submodule in MODULES else module)
    return modules


def absolute_name(statement: ast.ImportFrom, path: Path) -> str:
    """Return the full name of the module from which names are imported."""
    if not statement.level:
        assert statement.module is not None
        return statement.module
    # So that a copy of an example's directory does not go on to use the original.
    assert path.parent.parent == ROOT / "examples" and statement.level == 1, f"{path}: imports are absolute"
    package = module_name(path.parent / "__init__.py")
    return f"{package}.{statement.module}" if statement.module else package


def own(modules: set[str]) -> set[str]:
    return {module for module in modules if in_package(module, "telnet")}


def name_of_case(value: object) -> str:
    assert isinstance(value, Path)
    return value.relative_to(ROOT).as_posix()


every_source = pytest.mark.parametrize("path", SOURCES, ids=name_of_case)


@every_source
def test_module_has_a_floor(path: Path) -> None:
    assert floor(module_name(path)) in range(6)


def test_table_lists_no_module_that_is_gone() -> None:
    assert set(FLOORS) <= MODULES


@every_source
def test_module_imports_nothing_from_a_higher_floor(path: Path) -> None:
    here = floor(module_name(path))

    higher = {module for module in own(imported_modules(path)) if floor(module) > here}

    assert not higher


@every_source
def test_lower_floors_do_no_io(path: Path) -> None:
    roots = {module.partition(".")[0] for module in imported_modules(path)}

    io = roots & IO_MODULES

    assert not io or floor(module_name(path)) >= FIRST_FLOOR_WITH_IO


@every_source
def test_shells_do_not_import_each_other(path: Path) -> None:
    shells = {shell for shell in SHELLS if in_package(module_name(path), shell)}
    imported = {shell for shell in SHELLS for module in imported_modules(path) if in_package(module, shell)}

    assert not shells or imported <= shells


@pytest.mark.parametrize("path", sorted((ROOT / "examples").rglob("*.py")), ids=name_of_case)
def test_examples_use_only_what_the_package_exports(path: Path) -> None:
    exported = {"telnet", "telnet.aio", "telnet.constants"}
    others = {module for module in own(imported_modules(path)) if not in_package(module, "telnet.options")}

    assert others <= exported | {module_name(each) for each in path.parent.rglob("*.py")}


def test_package_without_its_shells_loads_no_sockets() -> None:
    script = "import sys; before = set(sys.modules); import telnet; print(*sorted(set(sys.modules) - before))"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}

    loaded = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)

    assert not set(loaded.stdout.split()) & IO_MODULES


def test_no_two_modules_import_each_other() -> None:
    graph = {module_name(path): own(imported_modules(path, with_typing=False)) for path in SOURCES}

    order = list(TopologicalSorter(graph).static_order())  # a CycleError names the modules

    assert set(order) >= MODULES
