"""What MCCP2 and MCCP3 have in common: a compressed stream that begins behind an empty subnegotiation."""

from __future__ import annotations

from typing import ClassVar

from telnet.constants import option_name
from telnet.mccp import Compressor
from telnet.negotiation import Side
from telnet.options.option import Option, Role

__all__ = ["CompressionOption"]


class CompressionOption(Option):
    """The server offers it; one of the two compresses what it sends.

    Over TLS it is neither offered nor accepted, unless ``tls=True``: the length of what is compressed tells secrets
    (CRIME).

    :param level: how hard to look for repetitions; see :class:`telnet.mccp.Compressor` for this and the next two.
    :param window: how far back, as a power of two.
    :param mem_level: how much else is kept.
    :param tls: whether to compress a connection that is secured with TLS.

    Who inflates has ``on_compression_error(option, reason)`` called when the stream cannot be read any more; nothing
    behind that place is read.
    """

    performer = Role.SERVER

    compresses: ClassVar[Role]
    """Whose output is compressed."""

    def __init__(self, *, level: int = 6, window: int = 15, mem_level: int = 8, tls: bool = False) -> None:
        self._settings = {"level": level, "window": window, "mem_level": mem_level}
        Compressor(**self._settings)  # for its checks
        self._tls = tls

    def open(self) -> None:
        if self._tls or not self.client.tls:
            super().open()

    def accepts(self, side: Side) -> bool:
        return super().accepts(side) and (self._tls or not self.client.tls)

    def begin(self) -> None:
        """Compress from here on, if it is agreed on; otherwise it begins when the peer agrees.

        Raises ``RuntimeError`` for the end that inflates.
        """
        self._check_compresses()
        if self.enabled and not self.session.compressing:
            self.send(b"")
            self.session.start_compressing(Compressor(**self._settings))

    def end(self) -> None:
        """End the stream here; the option stays, and :meth:`begin` starts another.

        What follows is plain, as it has to be for another program that takes the connection over.  Raises
        ``RuntimeError`` for the end that inflates.
        """
        self._check_compresses()
        self.session.stop_compressing()

    def on_enabled(self, side: Side) -> None:
        if self._compresses:
            self.begin()

    def on_disabled(self, side: Side) -> None:
        if self._compresses:
            self.end()

    def on_subnegotiation(self, data: bytes) -> None:
        if self._compresses:
            return self.report("this end compresses, the peer must not", data)
        self.report_excess(data, 0)
        if not self.session.start_inflating(self, lenient=not self.is_server):
            self.report("a stream began inside of a stream", data)

    def on_stream_end(self, error: str) -> None:
        if not error:
            return
        self.refuse(Side.LOCAL if self.is_server else Side.REMOTE)
        self.report(error, b"")
        if self.session.lost:
            self.emit("on_compression_error", self.code, f"{option_name(self.code)}: {error}")

    @property
    def _compresses(self) -> bool:
        return self.compresses is self.session.role

    def _check_compresses(self) -> None:
        if not self._compresses:
            raise RuntimeError(f"{option_name(self.code)} compresses what the {self.compresses.name.lower()} sends")
