"""MCCP2: what the server sends is compressed."""

from __future__ import annotations

from telnet import constants
from telnet.options.compression import CompressionOption
from telnet.options.option import Role

__all__ = ["MCCP2"]


class MCCP2(CompressionOption):
    """The server compresses what it sends, from when the client agrees until it says DONT.

    A client takes gzip and raw deflate too, which some servers send.  For the arguments and the rest see
    :class:`~telnet.options.compression.CompressionOption`.  List it last: what was offered before is then seen plain.

    Source: the MCCP page.
    """

    code = constants.MCCP2
    compresses = Role.SERVER
