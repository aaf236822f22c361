"""The streams of MCCP, over the zlib of the standard library and over zlib-ng."""

from __future__ import annotations

import gzip
import importlib.util
import json
import random
import sys
import zlib
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from allocations import traced
from hypothesis import given
from hypothesis import strategies as st
from traces import TRACES, segments

from telnet.constants import IAC, MCCP2, MCCP3, SB, SE
from telnet.encode import subnegotiation
from telnet.parser import Parser

START = subnegotiation(MCCP2, b"")
TEXT = b"You see a grey wolf.\r\nA grey wolf sees you.\xff\xf9" + bytes(range(250)) + b"a wolf" * 50
STREAM = zlib.compress(TEXT)


@pytest.fixture(scope="session", params=["zlib", "zlib-ng"])
def mccp(request: pytest.FixtureRequest) -> ModuleType:
    """The module as it is imported without zlib-ng, and with it."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "zlib":
            patch.setitem(sys.modules, "zlib_ng", None)
        else:
            pytest.importorskip("zlib_ng", reason="zlib-ng has no wheel for this Python, or is not installed")
        spec = importlib.util.find_spec("telnet.mccp")
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    assert module.IMPLEMENTATION == request.param
    return module


def drain(stream: Any, data: bytes) -> bytes:
    """Return all that one chunk gives."""
    plain = bytearray(stream.decompress(data))
    while stream.pending:
        plain += stream.decompress()
    return bytes(plain)


def read(stream: Any, chunks: Iterable[bytes]) -> tuple[bytes, bytes]:
    """Return what is inside the stream, and what is behind it, in these chunks."""
    plain, behind = b"", b""
    for chunk in chunks:
        if stream.eof:
            behind += chunk
        elif not stream.error:
            plain += drain(stream, chunk)
            behind += stream.unused_data
    return plain, behind


def cut(data: bytes, points: Iterable[int]) -> list[bytes]:
    edges = [0, *sorted(min(point, len(data)) for point in points), len(data)]
    return [data[start:end] for start, end in zip(edges, edges[1:], strict=False)]


def bytewise(data: bytes) -> list[bytes]:
    return [data[i : i + 1] for i in range(len(data))]


def raw(plain: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-15)
    return stream.compress(plain) + stream.flush()


class Reader:
    """Drives a parser as the docstring of the module says; stops after each event when it is told to be slow."""

    def __init__(self, mccp: ModuleType, *, slow: bool = False, max_output: int = 65536) -> None:
        self.parser = Parser(self)
        self.stream: Any = None
        self.plain = b""
        self.text = b""
        self.slow = slow
        self.max_output = max_output
        self.mccp = mccp

    def receive(self, data: bytes) -> None:
        while data or self.plain or (self.stream and self.stream.pending):
            if self.plain:
                self.plain = self.plain[self.parser.feed(self.plain) :]
            elif self.stream is None:
                data = data[self.parser.feed(data) :]
            else:
                self.plain = self.stream.decompress(data)
                data = b""
                if self.stream.eof:
                    data, self.stream = self.stream.unused_data, None

    def on_data(self, data: bytes) -> None:
        self.text += data
        if self.slow:
            self.parser.stop()

    def on_command(self, command: bytes) -> None:
        self.text += b"<" + command + b">"
        if self.slow:
            self.parser.stop()

    def on_subnegotiation(self, option: bytes, data: bytes) -> None:
        if option == MCCP2:
            self.stream = self.mccp.Decompressor(max_output=self.max_output)
            self.parser.stop()


# --- reading ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tail", [b"", b"x", b"plain again\xff\xf9", STREAM])
def test_stream_and_tail_are_told_apart_at_each_two_part_cut(mccp: ModuleType, tail: bytes) -> None:
    wire = STREAM + tail
    for at in range(len(wire) + 1):
        stream = mccp.Decompressor()
        assert read(stream, [wire[:at], wire[at:]]) == (TEXT, tail)
        assert stream.eof and not stream.pending and not stream.error


def test_stream_is_read_byte_by_byte(mccp: ModuleType) -> None:
    assert read(mccp.Decompressor(), bytewise(STREAM + b"tail")) == (TEXT, b"tail")


def test_empty_stream_ends_at_once(mccp: ModuleType) -> None:
    assert read(mccp.Decompressor(), [b"", mccp.Compressor().finish() + b"tail"]) == (b"", b"tail")


@pytest.mark.parametrize("max_output", [1, 2, 7, 258, len(TEXT) - 1, len(TEXT), len(TEXT) + 1])
def test_one_call_gives_no_more_than_max_output_and_the_next_ones_the_rest(mccp: ModuleType, max_output: int) -> None:
    stream = mccp.Decompressor(max_output=max_output)
    pieces = [stream.decompress(STREAM + b"tail")]
    while stream.pending:
        pieces.append(stream.decompress())

    assert b"".join(pieces) == TEXT
    assert max(map(len, pieces)) <= max_output
    assert (stream.eof, stream.unused_data) == (True, b"tail")


def test_any_bytes_like_object_is_taken(mccp: ModuleType) -> None:
    for kind in (bytes, bytearray, memoryview):
        assert mccp.Decompressor().decompress(kind(STREAM)) == TEXT
        assert mccp.Compressor().compress(kind(TEXT)) in STREAM


def test_text_is_not_bytes(mccp: ModuleType) -> None:
    with pytest.raises(TypeError, match="bytes-like"):
        mccp.Decompressor().decompress("text")


def test_data_while_some_is_pending_is_refused_and_nothing_is_lost(mccp: ModuleType) -> None:
    stream = mccp.Decompressor(max_output=1)
    plain = stream.decompress(STREAM)
    with pytest.raises(RuntimeError, match=r"not used up: call decompress\(\) without data while pending$"):
        stream.decompress(b"more")

    assert plain + drain(stream, b"") == TEXT


@pytest.mark.parametrize(("wire", "why"), [(STREAM, "eof"), (b"junk", "no compressed stream: it begins with 6a 75")])
def test_a_stream_that_is_over_reads_nothing_more(mccp: ModuleType, wire: bytes, why: str) -> None:
    stream = mccp.Decompressor()
    drain(stream, wire)
    with pytest.raises(RuntimeError, match=rf"^the stream is over \({why}\); what starts again is a new Decompressor$"):
        stream.decompress()


@given(
    pieces=st.lists(st.tuples(st.binary(max_size=300), st.integers(1, 40), st.booleans())),
    tail=st.binary(max_size=50),
    points=st.lists(st.integers(0, 3000)),
    max_output=st.integers(1, 2000),
    level=st.integers(0, 9),
    window=st.integers(9, 15),
    mem_level=st.integers(1, 9),
)
def test_whatever_is_compressed_comes_out_the_same_and_the_tail_is_exact(
    mccp: ModuleType,
    pieces: list[tuple[bytes, int, bool]],
    tail: bytes,
    points: list[int],
    max_output: int,
    level: int,
    window: int,
    mem_level: int,
) -> None:
    writer = mccp.Compressor(level=level, window=window, mem_level=mem_level)
    wire = b""
    for piece, times, flushed in pieces:
        wire += writer.compress(piece * times) + (writer.flush() if flushed else b"")
    wire += writer.finish()
    plain = b"".join(piece * times for piece, times, _ in pieces)

    stream = mccp.Decompressor(max_output=max_output, max_ratio=1100)

    assert read(stream, cut(wire + tail, points)) == (plain, tail)
    assert stream.eof
    assert zlib.decompress(wire) == plain


def test_nothing_that_has_come_waits_inside_zlib_for_more_input(mccp: ModuleType) -> None:
    for end in range(len(STREAM)):
        whole = mccp.Decompressor().decompress(STREAM[:end])
        assert drain(mccp.Decompressor(max_output=1), STREAM[:end]) == whole


# --- what goes wrong --------------------------------------------------------------------------------------------------


def test_a_truncated_stream_is_no_error_and_gives_what_has_come(mccp: ModuleType) -> None:
    for end in range(len(STREAM)):
        stream = mccp.Decompressor()
        plain, behind = read(stream, [STREAM[:end]])
        assert TEXT.startswith(plain)
        assert (stream.eof, stream.error, behind) == (False, "", b"")


def test_a_byte_that_is_wrong_anywhere_is_told_and_never_raised_however_it_is_cut(mccp: ModuleType) -> None:
    for at in range(len(STREAM)):
        for flip in (0x01, 0x80, 0xFF):
            wire = STREAM[:at] + bytes((STREAM[at] ^ flip,)) + STREAM[at + 1 :]
            whole, parted, slow = mccp.Decompressor(), mccp.Decompressor(), mccp.Decompressor()

            plain = read(whole, [wire])[0]

            assert not whole.eof or plain == TEXT  # the bits that fill up the last byte say nothing
            assert plain == read(parted, [wire[:at], wire[at:]])[0] == read(slow, bytewise(wire))[0]
            assert whole.error == parted.error == slow.error


def test_a_wrong_checksum_costs_none_of_the_text(mccp: ModuleType) -> None:
    stream = mccp.Decompressor()

    assert drain(stream, STREAM[:-1] + bytes((STREAM[-1] ^ 1,))) == TEXT
    assert stream.error == "corrupt compressed data: incorrect data check"
    assert (stream.eof, stream.pending, stream.unused_data) == (False, False, b"")


def good_byte_by_byte(stream: Any, data: bytes) -> bytes:
    """What can be read before an error, found in the plainest way."""
    good = b""
    try:
        for byte in data:
            piece = stream.decompress(bytes((byte,)), 1)
            while piece:
                good += piece
                piece = stream.decompress(stream.unconsumed_tail, 1)
    except zlib.error:
        pass
    return good


@given(seed=st.integers(0, 1 << 32), length=st.integers(0, 3000))
def test_all_before_a_corrupt_byte_is_read(mccp: ModuleType, seed: int, length: int) -> None:
    dice = random.Random(seed)
    writer = zlib.compressobj(dice.randrange(10))
    text = b"".join(dice.choice((b"x" * dice.randrange(300), TEXT, dice.randbytes(9))) for _ in range(length // 100))
    wire = bytearray(writer.compress(text) + writer.flush(zlib.Z_SYNC_FLUSH) + b"\xff\xff")
    wire[dice.randrange(2, len(wire))] ^= 1 << dice.randrange(8)
    stream = mccp.Decompressor(max_output=1 << 20, max_ratio=2000)

    assert drain(stream, bytes(wire)) == good_byte_by_byte(zlib.decompressobj(), bytes(wire))


def test_a_character_that_ends_in_the_byte_in_error_is_read(mccp: ModuleType) -> None:
    wire = bytes.fromhex("78da2d8c810d00400c0167c5fe3bfcd14f1a548ba2c0")
    before = zlib.decompressobj().decompress(wire[:-1])
    stream = mccp.Decompressor()

    assert drain(stream, wire) == before + b"c" == good_byte_by_byte(zlib.decompressobj(), wire)
    assert stream.error


@pytest.mark.parametrize("text", [b"a" * 60_000, random.Random(8).randbytes(60_000)], ids=["runs", "noise"])
def test_what_is_corrupt_costs_little_more_than_what_is_not(mccp: ModuleType, text: bytes) -> None:
    writer = zlib.compressobj(9)
    wire = writer.compress(text) + writer.flush(zlib.Z_SYNC_FLUSH) + b"\xff" * 20
    stream = mccp.Decompressor(max_ratio=2000)
    calls = 0

    def count(frame: object, event: str, argument: object) -> None:
        nonlocal calls
        calls += event == "c_call"

    sys.setprofile(count)
    plain = stream.decompress(wire)
    sys.setprofile(None)

    assert (plain, bool(stream.error)) == (text, True)
    assert calls < 200


def test_text_in_front_of_plain_telnet_that_never_ended_the_stream_is_read(mccp: ModuleType) -> None:
    writer = mccp.Compressor()
    burst = writer.compress(TEXT) + writer.flush()
    stream = mccp.Decompressor()

    assert drain(stream, burst + b"\xff\xf9 plain") == TEXT
    assert stream.error


def test_a_stream_that_wants_a_dictionary_is_an_error(mccp: ModuleType) -> None:
    writer = zlib.compressobj(zdict=b"grey wolf")
    stream = mccp.Decompressor()

    assert drain(stream, writer.compress(TEXT) + writer.flush()) == b""
    assert stream.error.startswith("corrupt compressed data: ")


@given(data=st.binary(max_size=400), points=st.lists(st.integers(0, 400)), lenient=st.booleans())
def test_no_input_makes_it_raise(mccp: ModuleType, data: bytes, points: list[int], lenient: bool) -> None:
    for wire in (data, b"\x78\x9c" + data, STREAM[:40] + data):
        stream = mccp.Decompressor(lenient=lenient)
        read(stream, cut(wire, points))


def test_a_bomb_ends_in_an_error_with_memory_held_below_a_bound(mccp: ModuleType) -> None:
    bomb = zlib.compress(bytes(64 << 20), 9)
    stream, given_out = mccp.Decompressor(), 0

    def inflate() -> None:
        nonlocal stream, given_out
        stream, given_out = mccp.Decompressor(), 0
        for chunk in cut(bomb, range(0, len(bomb), 16384)):
            if stream.error:
                break
            given_out += len(stream.decompress(chunk))
            while stream.pending:
                given_out += len(stream.decompress())

    _, peak = traced(inflate)

    assert "more than 200 to 1 and more than 65536" in stream.error
    assert (stream.eof, stream.pending, stream.unused_data) == (False, False, b"")
    assert given_out <= 200 * 16384 + 65536
    assert peak < 1 << 20


def test_the_ratio_counts_only_above_the_grace(mccp: ModuleType) -> None:
    blanks = zlib.compress(bytes(50_000), 9)
    assert 50_000 / len(blanks) > 500

    kept, ended = mccp.Decompressor(grace=50_000), mccp.Decompressor(grace=49_999)

    assert drain(kept, blanks) == drain(ended, blanks) == bytes(50_000)
    assert (kept.eof, kept.error) == (True, "")
    assert ended.error == f"{len(blanks)} bytes of compressed data became 50000, more than 200 to 1 and more than 49999"


def test_what_is_behind_the_stream_does_not_count_as_input(mccp: ModuleType) -> None:
    stream = mccp.Decompressor(grace=0)
    drain(stream, zlib.compress(bytes(50_000), 9) + bytes(1000))

    assert stream.error.endswith("more than 200 to 1 and more than 0")


def test_a_screen_of_blanks_drawn_again_and_again_is_no_bomb(mccp: ModuleType) -> None:
    writer, stream = mccp.Compressor(level=9), mccp.Decompressor()
    for _ in range(500):
        screen = b"\x1b[H" + (b" " * 80 + b"\r\n") * 24
        assert drain(stream, writer.compress(screen) + writer.flush()) == screen


# --- other formats ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wire", [STREAM, gzip.compress(TEXT), raw(TEXT)], ids=["zlib", "gzip", "raw"])
def test_a_lenient_reader_takes_three_formats_in_any_cut(mccp: ModuleType, wire: bytes) -> None:
    assert read(mccp.Decompressor(lenient=True), bytewise(wire + b"tail")) == (TEXT, b"tail")
    for at in range(len(wire)):
        assert read(mccp.Decompressor(lenient=True), [wire[:at], wire[at:] + b"tail"]) == (TEXT, b"tail")


@given(plain=st.binary(max_size=300), level=st.integers(0, 9), wbits=st.integers(9, 15), strategy=st.integers(0, 4))
def test_no_encoder_writes_raw_deflate_that_looks_like_another_format(
    mccp: ModuleType, plain: bytes, level: int, wbits: int, strategy: int
) -> None:
    for bits in (-wbits, wbits, 16 + wbits):
        writer = zlib.compressobj(level, zlib.DEFLATED, bits, 8, strategy)
        wire = writer.compress(plain) + writer.flush()
        assert read(mccp.Decompressor(lenient=True, max_ratio=1100), [wire + b"tail"]) == (plain, b"tail")


@pytest.mark.parametrize("wire", [gzip.compress(TEXT), raw(TEXT)], ids=["gzip", "raw"])
def test_a_strict_reader_takes_zlib_alone(mccp: ModuleType, wire: bytes) -> None:
    stream = mccp.Decompressor()

    assert drain(stream, wire) == b""
    assert stream.error == f"no compressed stream: it begins with {wire[:2].hex(' ')}"
    assert stream.unused_data == wire


@pytest.mark.parametrize("plain", [b"look\r\n", IAC + b"\xfd\x56", b"\x78\x79\r\n"], ids=["text", "telnet", "almost"])
def test_what_never_was_a_stream_is_given_back_however_it_was_cut(mccp: ModuleType, plain: bytes) -> None:
    for chunks in ([plain], [plain[:1], plain[1:]]):
        stream = mccp.Decompressor()
        for chunk in chunks:
            assert stream.decompress(chunk) == b""

        assert stream.error == f"no compressed stream: it begins with {plain[:2].hex(' ')}"
        assert stream.unused_data == plain


def test_one_byte_does_not_tell_a_format(mccp: ModuleType) -> None:
    stream = mccp.Decompressor()

    assert stream.decompress(STREAM[:1]) == b""
    assert (stream.error, stream.pending, stream.unused_data) == ("", False, b"")
    assert read(stream, [STREAM[1:]]) == (TEXT, b"")


def test_a_lenient_reader_takes_the_reserved_block_type_for_no_stream(mccp: ModuleType) -> None:
    stream = mccp.Decompressor(lenient=True)

    assert stream.decompress(b"\x1f\x1f plain") == b""
    assert stream.unused_data == b"\x1f\x1f plain"


# --- writing ----------------------------------------------------------------------------------------------------------


def test_what_was_flushed_can_be_read_at_once(mccp: ModuleType) -> None:
    writer, stream = mccp.Compressor(), mccp.Decompressor()
    for burst in (b"Name? \xff\xef", b"a", TEXT):
        assert drain(stream, writer.compress(burst) + writer.flush()) == burst
    assert not writer.finished


def test_a_flush_with_nothing_to_send_sends_nothing(mccp: ModuleType) -> None:
    writer = mccp.Compressor()
    writer.compress(TEXT)

    assert writer.flush()
    assert writer.flush() == b""


def test_nothing_is_compressed_after_the_end(mccp: ModuleType) -> None:
    writer = mccp.Compressor()
    assert zlib.decompress(writer.finish()) == b""
    assert writer.finished
    for call in (lambda: writer.compress(b"x"), writer.flush, writer.finish):
        with pytest.raises(RuntimeError, match="^the stream is finished: send plain bytes, or start a new Compressor$"):
            call()


@pytest.mark.parametrize(
    ("noun", "name", "value", "expected"),
    [
        ("Compressor", "level", -1, "0 to 9"),
        ("Compressor", "level", 10, "0 to 9"),
        ("Compressor", "window", 8, "9 to 15"),
        ("Compressor", "window", 16, "9 to 15"),
        ("Compressor", "mem_level", 0, "1 to 9"),
        ("Compressor", "mem_level", 10, "1 to 9"),
        ("Decompressor", "max_output", 0, "1 or more"),
        ("Decompressor", "max_ratio", 0, "1 or more"),
        ("Decompressor", "grace", -1, "0 or more"),
    ],
)
def test_a_setting_is_checked(mccp: ModuleType, noun: str, name: str, value: int, expected: str) -> None:
    with pytest.raises(ValueError, match=f"^{name} must be {expected}, not {value}$"):
        getattr(mccp, noun)(**{name: value})
    for wrong in (True, 1.5, None):
        with pytest.raises(TypeError, match=f"^{name} must be int, not {type(wrong).__name__}$"):
            getattr(mccp, noun)(**{name: wrong})


# --- with a parser ----------------------------------------------------------------------------------------------------


def conversation(mccp: ModuleType) -> tuple[bytes, bytes]:
    """Return streams and the plain text around them in one segment, and what a reader makes of it."""

    def stream(plain: bytes) -> bytes:
        writer = mccp.Compressor()
        burst: bytes = writer.compress(plain) + writer.flush() + writer.finish()
        return START + burst

    # A command may begin in a stream and end behind it.
    wire = b"one" + IAC + b"\xf9" + stream(b"two" + IAC + IAC) + b" plain" + stream(b"three" + IAC) + b"\xf9 plain"
    return wire + stream(b"") + b"end", b"one<\xf9>two\xff plainthree<\xf9> plainend"


def test_two_streams_and_plain_text_in_one_segment_are_read_at_each_two_part_cut(mccp: ModuleType) -> None:
    wire, expected = conversation(mccp)
    for at in range(len(wire) + 1):
        reader = Reader(mccp)
        for chunk in (wire[:at], wire[at:]):
            reader.receive(chunk)
        assert reader.text == expected and reader.stream is None


@pytest.mark.parametrize("max_output", [1, 3, 65536])
def test_a_parser_that_stops_inside_a_piece_loses_nothing(mccp: ModuleType, max_output: int) -> None:
    wire, expected = conversation(mccp)
    for chunks in ([wire], bytewise(wire)):
        reader = Reader(mccp, slow=True, max_output=max_output)
        for chunk in chunks:
            reader.receive(chunk)
        assert reader.text == expected and reader.plain == b""


def test_random_text_survives_a_small_max_output(mccp: ModuleType) -> None:
    chosen = random.Random(5)
    text = bytes(chosen.choices(b"abcdefgh \r\n", k=50_000))
    reader = Reader(mccp, max_output=100)
    reader.receive(START + zlib.compress(text) + b"!")

    assert reader.text == text + b"!"


# --- real programs ----------------------------------------------------------------------------------------------------

COMPRESSED = sorted(path for path in TRACES.glob("*.jsonl") if '"plain"' in path.read_text(encoding="utf-8"))


def on_the_wire(path: Path, direction: str) -> bytes:
    entries = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return b"".join(bytes.fromhex(entry["x"]) for entry in entries if entry.get("d") == direction)


def inflated(mccp: ModuleType, wire: bytes, chunks: Any) -> tuple[bytes, int]:
    """Return a recorded direction without its compression, and how many streams there were."""
    plain, start, wire = wire.partition(START)
    streams = 0
    while start:
        stream = mccp.Decompressor()
        inside, behind = read(stream, chunks(wire))
        assert not stream.error
        between, again, wire = behind.partition(START)
        plain += start + inside + between
        start = again
        streams += 1
    return plain, streams


@pytest.mark.parametrize("path", COMPRESSED, ids=lambda path: path.stem)
def test_recorded_mccp2_streams_give_what_their_program_read(mccp: ModuleType, path: Path) -> None:
    wire = on_the_wire(path, "s2c")
    for chunks in (lambda wire: [wire], bytewise):
        plain, streams = inflated(mccp, wire, chunks)
        assert plain == b"".join(segments(path, "s2c"))
        assert streams == wire.count(START)


@pytest.mark.parametrize("name", ["tt++-mud", "tt++-script-mud"])
def test_a_recorded_mccp3_stream_gives_what_its_program_wrote(mccp: ModuleType, name: str) -> None:
    path = TRACES / f"{name}.jsonl"
    before, start, wire = on_the_wire(path, "c2s").partition(IAC + SB + MCCP3 + IAC + SE)

    for chunks in ([wire], bytewise(wire)):
        stream = mccp.Decompressor()
        assert before + start + read(stream, chunks)[0] == b"".join(segments(path, "c2s"))
        assert not stream.error


def test_a_client_that_starts_mccp3_and_sends_plain_telnet_is_told_at_once(mccp: ModuleType) -> None:
    path = TRACES / "telnetlib3-client-mud.jsonl"
    wire = on_the_wire(path, "c2s").partition(IAC + SB + MCCP3 + IAC + SE)[2]
    stream = mccp.Decompressor()

    assert stream.decompress(wire) == b""
    assert stream.error == "no compressed stream: it begins with ff fd"
    assert stream.unused_data == wire
