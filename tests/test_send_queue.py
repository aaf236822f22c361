from __future__ import annotations

import io
import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from telnet.net.send_queue import HANDSHAKE, STEP, FileRegion, SendQueue

CONTENT = b"0123456789"


@pytest.fixture
def file(tmp_path: Path) -> Iterator[io.BufferedReader]:
    path = tmp_path / "motd"
    path.write_bytes(CONTENT)
    with path.open("rb") as opened:
        yield opened


def read_all(region: FileRegion) -> bytes:
    pieces = []
    while piece := region.read():
        region.sent(len(piece))
        pieces.append(piece)
    region.close()
    return b"".join(pieces)


def send_all(region: FileRegion) -> bytes:
    sender, receiver = socket.socketpair()
    with sender, receiver:
        while region.send_to(sender.fileno()):
            pass
        region.close()
        sender.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: receiver.recv(4096), b""))


REGIONS = [
    (0, 0, b"0123456789"),
    (4, 0, b"0123"),
    (0, 4, b"456789"),
    (3, 4, b"456"),
    (10, 0, b"0123456789"),
    (99, 8, b"89"),
    (0, 10, b""),
    (5, 99, b""),
]


# Files


@pytest.mark.parametrize(("nbytes", "offset", "expected"), REGIONS)
def test_region_is_read(file: io.BufferedReader, nbytes: int, offset: int, expected: bytes) -> None:
    assert read_all(FileRegion(file, nbytes, offset)) == expected


@pytest.mark.skipif(not hasattr(os, "sendfile"), reason="no sendfile here")
@pytest.mark.parametrize(("nbytes", "offset", "expected"), REGIONS)
def test_region_is_sent_by_the_system(file: io.BufferedReader, nbytes: int, offset: int, expected: bytes) -> None:
    assert send_all(FileRegion(file, nbytes, offset)) == expected


@pytest.mark.parametrize(("nbytes", "offset", "expected"), REGIONS)
def test_region_is_read_where_there_is_no_pread(
    file: io.BufferedReader, nbytes: int, offset: int, expected: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "pread", raising=False)
    assert read_all(FileRegion(file, nbytes, offset)) == expected


def test_what_was_read_but_not_sent_is_read_again(file: io.BufferedReader) -> None:
    region = FileRegion(file, 0, 0)
    assert region.read() == CONTENT
    region.sent(4)
    assert read_all(region) == CONTENT[4:]


def test_a_step_is_bounded() -> None:
    with tempfile.TemporaryFile() as large:
        large.truncate(STEP + 5)
        region = FileRegion(large, 0, 0)
        first = len(region.read())
        region.sent(first)
        assert (first, len(read_all(region))) == (STEP, 5)


def test_position_of_the_file_is_neither_used_nor_changed(file: io.BufferedReader) -> None:
    file.seek(7)
    assert read_all(FileRegion(file, 0, 0)) == CONTENT
    assert file.tell() == 7


def test_file_may_be_closed_as_soon_as_it_is_queued(file: io.BufferedReader) -> None:
    region = FileRegion(file, 0, 0)
    file.close()
    assert read_all(region) == CONTENT


def test_unbuffered_file_is_accepted(file: io.BufferedReader) -> None:
    with open(file.name, "rb", buffering=0) as unbuffered:
        assert read_all(FileRegion(unbuffered, 0, 0)) == CONTENT


def test_closed_region_holds_no_descriptor_and_closing_twice_does_nothing(file: io.BufferedReader) -> None:
    region = FileRegion(file, 0, 0)
    region.close()
    region.close()
    with pytest.raises(OSError):
        region.read()


@pytest.mark.parametrize("name", ["nbytes", "offset"])
@pytest.mark.parametrize(("value", "kind"), [(1.0, "float"), ("1", "str"), (None, "NoneType"), (True, "bool")])
def test_size_and_offset_must_be_ints(file: io.BufferedReader, name: str, value: Any, kind: str) -> None:
    arguments: dict[str, Any] = {"nbytes": 0, "offset": 0, name: value}
    with pytest.raises(TypeError, match=f"^{name} must be an int, not {kind}$"):
        FileRegion(file, **arguments)


@pytest.mark.parametrize("name", ["nbytes", "offset"])
def test_size_and_offset_must_not_be_negative(file: io.BufferedReader, name: str) -> None:
    arguments = {"nbytes": 0, "offset": 0, name: -1}
    with pytest.raises(ValueError, match=f"^{name} must not be negative, not -1$"):
        FileRegion(file, **arguments)


def test_text_file_is_refused(file: io.BufferedReader) -> None:
    with open(file.name, encoding="ascii") as text:
        with pytest.raises(TypeError, match=r"^the file must be open in binary mode, not "):
            FileRegion(text, 0, 0)


@pytest.mark.parametrize("sfile", [io.BytesIO(b"x"), b"x", None, 5], ids=lambda sfile: type(sfile).__name__)
def test_what_the_system_has_not_open_is_refused(sfile: Any) -> None:
    message = f"^only a file that the system has open can be sent, not {type(sfile).__name__}; write\\(\\) its bytes$"
    with pytest.raises(TypeError, match=message):
        FileRegion(sfile, 0, 0)


def test_descriptor_must_be_an_int() -> None:
    class Odd:
        def fileno(self) -> str:
            return "3"

    with pytest.raises(TypeError, match=r"^fileno\(\) of Odd must return an int, not '3'$"):
        FileRegion(Odd(), 0, 0)


def test_closed_file_is_refused(file: io.BufferedReader) -> None:
    """B17: at the call, not inside the engine."""
    file.close()
    with pytest.raises(ValueError, match="closed file"):
        FileRegion(file, 0, 0)


def test_pipe_is_refused_and_its_duplicate_closed() -> None:
    receiving, sending = os.pipe()
    with open(receiving, "rb") as receiver:
        with open(sending, "wb", buffering=0) as sender:
            with pytest.raises(ValueError, match=r"^only a regular file can be sent, not "):
                FileRegion(sender, 0, 0)
        assert receiver.read() == b""  # at its end only when no duplicate of the sender is left


# The queue


def queue_of(*pieces: bytes) -> SendQueue:
    queue = SendQueue()
    for piece in pieces:
        queue.append(piece)
    return queue


def first_bytes(queue: SendQueue) -> bytes:
    first = queue.first()
    assert isinstance(first, (bytes, memoryview))
    return bytes(first)


def test_new_queue_is_empty() -> None:
    queue = SendQueue()
    assert not queue
    assert queue.size == 0


def test_size_counts_the_bytes_that_wait() -> None:
    queue = queue_of(b"abc", b"de")
    assert queue.first() == b"abcde"
    queue.sent(4)
    assert queue.size == 1


def test_adjacent_bytes_are_joined() -> None:
    assert queue_of(b"ab", b"cd", b"ef").first() == b"abcdef"


def test_one_piece_is_not_copied() -> None:
    data = b"abc"
    assert queue_of(data).first() is data


def test_pieces_are_joined_up_to_a_step() -> None:
    queue = queue_of(*[bytes(STEP // 2)] * 5)
    assert len(first_bytes(queue)) == STEP
    queue.sent(STEP)
    assert len(first_bytes(queue)) == STEP
    queue.sent(STEP)
    assert len(first_bytes(queue)) == STEP // 2


def test_piece_as_long_as_a_step_is_not_joined() -> None:
    data = bytes(STEP)
    assert queue_of(data, b"x").first() is data


def test_rest_of_a_piece_stays_first() -> None:
    queue = queue_of(b"abcdef")
    queue.sent(2)
    assert first_bytes(queue) == b"cdef"


def test_rest_of_a_piece_is_joined_with_what_follows() -> None:
    queue = queue_of(b"abcdef")
    queue.sent(2)
    queue.append(b"gh")
    assert first_bytes(queue) == b"cdefgh"
    assert queue.size == 6
    queue.sent(6)
    assert not queue


def test_queue_is_empty_when_all_was_sent() -> None:
    queue = queue_of(b"ab", b"cd")
    queue.first()
    queue.sent(4)
    assert not queue
    assert queue.size == 0


def test_order_of_bytes_files_and_handshake_is_kept(file: io.BufferedReader) -> None:
    queue = queue_of(b"a")
    region = FileRegion(file, 0, 0)
    queue.append_item(region)
    queue.append(b"b")
    queue.append_item(HANDSHAKE)
    queue.append(b"c")
    queue.append(b"d")
    assert queue.first() == b"a"
    queue.sent(1)
    assert queue.first() is region
    queue.drop_first()
    assert queue.first() == b"b"
    queue.sent(1)
    assert queue.first() is HANDSHAKE
    queue.drop_first()
    assert queue.first() == b"cd"


def test_join_stops_at_a_file(file: io.BufferedReader) -> None:
    queue = queue_of(b"a", b"b")
    queue.append_item(FileRegion(file, 0, 0))
    queue.append(b"c")
    assert queue.first() == b"ab"
    queue.clear()


def test_dropped_file_is_closed(file: io.BufferedReader) -> None:
    queue, region = SendQueue(), FileRegion(file, 0, 0)
    queue.append_item(region)
    queue.drop_first()
    with pytest.raises(OSError):
        region.read()


def test_clear_forgets_everything_and_closes_files(file: io.BufferedReader) -> None:
    queue, region = queue_of(b"abc"), FileRegion(file, 0, 0)
    queue.append_item(region)
    queue.append_item(HANDSHAKE)
    queue.sent(1)
    queue.clear()
    assert (bool(queue), queue.size) == (False, 0)
    with pytest.raises(OSError):
        region.read()


def test_cleared_queue_starts_afresh() -> None:
    queue = queue_of(b"abc")
    queue.sent(1)
    queue.clear()
    queue.append(b"def")
    assert queue.first() == b"def"
