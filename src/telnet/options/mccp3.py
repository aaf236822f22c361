"""MCCP3: what the client sends is compressed."""

from __future__ import annotations

from telnet import constants
from telnet.options.compression import CompressionOption
from telnet.options.option import Role

__all__ = ["MCCP3"]


class MCCP3(CompressionOption):
    """The client compresses what it sends, from when it agrees until the server says WONT.

    A client that announces a stream and goes on in plain text, as some do, is read as plain text, and the option is
    refused then; commands may stand in front of the stream.  For the arguments and the rest see
    :class:`~telnet.options.compression.CompressionOption`.

    Source: the MCCP page.
    """

    code = constants.MCCP3
    compresses = Role.CLIENT
