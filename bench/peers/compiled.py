"""Two parsers in C, fed from C and calling C, to compare with: libtelnet, and the least that a parser can do.

They are shared libraries with one function each (`bench/c/bench.h`), which `make bench` builds where it can.
"""

from __future__ import annotations

import ctypes
import subprocess
from pathlib import Path

from corpora import Corpus
from handlers import Recorder

from peers.contender import Contender
from telnet.events import Event

SOURCES = Path(__file__).parent.parent / "c"

Report = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t)


class Counts(ctypes.Structure):
    _fields_ = (("data", ctypes.c_uint64), ("events", ctypes.c_uint64))


class Compiled(Contender):
    """A shared library in ``bench/c``."""

    driver: str
    install: str  # what the library needs to be built

    def __init__(self) -> None:
        self.path = SOURCES / f"{self.driver}.so"
        self.absent = "" if self.path.exists() else self.install

    def record(self, corpus: Corpus) -> list[Event]:
        recorder = Recorder()

        def report(kind: int, command: int, option: int, data: int, size: int) -> None:
            if kind == 0:
                recorder.on_data(ctypes.string_at(data, size))
            elif kind == 1:
                recorder.on_command(bytes([command]))
            elif kind == 2:
                recorder.on_option(bytes([command]), bytes([option]))
            else:
                recorder.on_subnegotiation(bytes([option]), ctypes.string_at(data, size))

        self.run(corpus.chunks, Counts(), Report(report))
        return recorder.events

    def count(self, corpus: Corpus) -> tuple[int, int]:
        counts = Counts()
        self.run(corpus.chunks, counts)
        return counts.data, counts.events

    def time(self, corpus: Corpus, chunks: tuple[bytes, ...], passes: int) -> int:
        return self.run(chunks, Counts(), passes=passes)

    def run(self, chunks: tuple[bytes, ...], counts: Counts, report: object = None, passes: int = 1) -> int:
        run = ctypes.CDLL(str(self.path)).run
        run.restype = ctypes.c_uint64
        lengths = (ctypes.c_size_t * len(chunks))(*map(len, chunks))
        feeds = ctypes.c_size_t(len(chunks))
        return int(run(b"".join(chunks), lengths, feeds, ctypes.c_size_t(passes), ctypes.byref(counts), report))


class Libtelnet(Compiled):
    name = "libtelnet (C)"
    note = "from C, in proxy mode, so that it answers nothing"
    driver = "libtelnet_driver"
    install = "needs libtelnet-dev and a C compiler"

    @property
    def version(self) -> str:
        asked = subprocess.run(["pkg-config", "--modversion", "libtelnet"], capture_output=True, text=True)
        return asked.stdout.strip() or "unknown"


class Limit(Compiled):
    name = "limit (C)"
    note = "the least that a parser in C can do, without Python"
    driver = "limit"
    install = "needs a C compiler"
    version = "here"
