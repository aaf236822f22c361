"""What the whole suite shares: both implementations of the parser, and how long to search for a difference.

``--no-extension`` is for a build without the extension. Without it, an extension that cannot be imported is an error.
"""

from __future__ import annotations

import gc
import importlib
import os
from collections.abc import Iterator
from contextlib import closing
from types import ModuleType

import pytest
from aio_support import Recorder, Run, run_on
from fault_support import served, servers  # noqa: F401  # fixtures
from hypothesis import settings
from shell_support import LOOPS, new_event_loop
from tls_support import Certificates, issue_certificates

IMPLEMENTATIONS = {"cython": "telnet._parser", "python": "telnet._parser_py"}

settings.register_profile("local", max_examples=80, deadline=None)
settings.register_profile("ci", max_examples=400, deadline=None, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep what measures apart: pytest-xdist deals out in order, so the start of it stays with one process."""
    items.sort(key=lambda item: item.get_closest_marker("measures") is None)


def freeze() -> None:
    """Have later collections pass over what is alive: tests, modules and reports, of which none goes before the end."""
    gc.collect()
    if hasattr(gc, "freeze"):  # PyPy has none
        gc.freeze()


def pytest_collection_finish() -> None:
    freeze()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    if nextitem is not None and nextitem.path != item.path:
        freeze()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--no-extension", action="store_true", help="test the pure Python parser alone")


def _implementations(config: pytest.Config) -> list[str]:
    return ["python"] if config.getoption("--no-extension") else list(IMPLEMENTATIONS)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "parser_module" in metafunc.fixturenames:
        metafunc.parametrize("parser_module", _implementations(metafunc.config), indirect=True, scope="session")


@pytest.fixture(scope="session")
def parser_module(request: pytest.FixtureRequest) -> ModuleType:
    """One of the two modules that hold a ``Parser``; a test that asks for it runs once with each."""
    return importlib.import_module(IMPLEMENTATIONS[request.param])


@pytest.fixture(scope="session")
def parser_modules(request: pytest.FixtureRequest) -> list[ModuleType]:
    """Both modules, for a test that compares them."""
    return [importlib.import_module(IMPLEMENTATIONS[name]) for name in _implementations(request.config)]


@pytest.fixture
def compiled(parser_modules: list[ModuleType]) -> ModuleType:
    """The compiled one, for what it alone promises."""
    if parser_modules[0].IMPLEMENTATION != "cython":
        pytest.skip("the pure twin does not promise this")
    return parser_modules[0]


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """An authority, and what it vouches for."""
    return issue_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(params=LOOPS)
def run(request: pytest.FixtureRequest) -> Iterator[Run]:
    """What runs a coroutine function on a loop of its own; no task, transport or socket is left behind."""
    with closing(new_event_loop(request.param)) as loop:
        yield run_on(loop)
    Recorder.made.clear()
    gc.collect()  # has what was left open warn, and a warning is an error
