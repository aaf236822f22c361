"""The exceptions of the package, one tree.

::

    TelnetError
    ├── InvalidAddressFormatError   the caller gave an address that cannot be one (also a ValueError)
    ├── InvalidReadDelimiterError   a read delimiter turned out to consume nothing
    ├── StreamBufferOverflow        more waits, unread or unsent, than the limit allows
    └── StreamConnectError          a connection could not be made (also an OSError)

Arguments of the wrong type or value are plain :exc:`TypeError` and :exc:`ValueError`, and calls that the state of an
object does not allow are :exc:`RuntimeError`, all raised at the call.  What a *peer* does wrong never raises: it
arrives as an event.
"""

from __future__ import annotations

__all__ = [
    "InvalidAddressFormatError",
    "InvalidReadDelimiterError",
    "StreamBufferOverflow",
    "StreamConnectError",
    "TelnetError",
]


class TelnetError(Exception):
    """Base of every exception that is this package's own."""


class InvalidAddressFormatError(TelnetError, ValueError):
    """An address has none of the forms that ``connect`` and ``listen`` take."""


class InvalidReadDelimiterError(TelnetError):
    """A regular expression used as ``read_delimiter`` matched without consuming a byte; reaches ``on_error``."""


class StreamBufferOverflow(TelnetError):
    """A buffer of a stream would exceed its limit.

    Given to ``on_overflow_error`` when more than ``buffer_size`` bytes wait for a delimiter, and raised by ``write``
    when ``on_slow_consumer`` made no room for data that does not fit within ``max_write_buffer``.
    """


class StreamConnectError(TelnetError, OSError):
    """No address of the peer accepted a connection; ``args`` are ``(errno, text)`` of the last attempt."""
