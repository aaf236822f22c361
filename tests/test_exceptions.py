from __future__ import annotations

import errno
import inspect
import pickle

import pytest

from telnet import exceptions
from telnet.exceptions import (
    InvalidAddressFormatError,
    InvalidReadDelimiterError,
    StreamBufferOverflow,
    StreamConnectError,
    TelnetError,
)

TREE = [
    (TelnetError, (Exception,)),
    (InvalidAddressFormatError, (TelnetError, ValueError)),
    (InvalidReadDelimiterError, (TelnetError,)),
    (StreamBufferOverflow, (TelnetError,)),
    (StreamConnectError, (TelnetError, OSError)),
]


@pytest.mark.parametrize(("exception", "bases"), TREE)
def test_exception_has_its_place_in_the_tree(exception: type[TelnetError], bases: tuple[type, ...]) -> None:
    assert exception.__bases__ == bases


def test_every_exception_is_in_the_tree() -> None:
    classes = [member for _name, member in inspect.getmembers(exceptions, inspect.isclass)]
    assert set(classes) == {exception for exception, _bases in TREE}
    assert exceptions.__all__ == sorted(exception.__name__ for exception, _bases in TREE)


def test_connect_error_carries_the_number_and_the_text() -> None:
    exc = StreamConnectError(errno.ECONNREFUSED, "Connection refused")
    assert exc.args == (errno.ECONNREFUSED, "Connection refused")
    assert (exc.errno, exc.strerror) == exc.args


@pytest.mark.parametrize(
    "exc", [*(exception("text") for exception, _bases in TREE), StreamConnectError(errno.ECONNREFUSED, "refused")]
)
def test_exception_can_be_pickled(exc: TelnetError) -> None:
    copy = pickle.loads(pickle.dumps(exc))
    assert (type(copy), copy.args) == (type(exc), exc.args)
