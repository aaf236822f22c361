"""What is logged about peers is bounded, counted, and safe to show."""

from __future__ import annotations

import logging

import pytest

from telnet.log_share import LogShare, describe, printable


def messages(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records]


def test_lines_beyond_the_share_are_left_out_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    share = LogShare(burst=3, rate=1.0)
    for number in range(1000):
        share.log(0.0, logging.WARNING, f"line {number}")
    share.log(1.0, logging.WARNING, "a second later")

    assert messages(caplog) == [
        "line 0",
        "line 1",
        "line 2",
        "a second later (997 lines before this one were left out)",
    ]


def test_the_end_tells_what_was_left_out(caplog: pytest.LogCaptureFixture) -> None:
    share = LogShare(burst=1, rate=1.0)
    for _ in range(5):
        share.log(0.0, logging.WARNING, "again")
    share.end(1.0, "Player")
    share.end(9.0, "Player")

    assert messages(caplog) == ["again", "Player: 4 lines were left out"]


def test_what_a_connection_leaves_untold_its_server_tells(caplog: pytest.LogCaptureFixture) -> None:
    server = LogShare(burst=3, rate=1.0)
    for _ in range(4):
        connection = LogShare(burst=2, rate=1.0, whole=server)
        for _ in range(10):
            connection.log(0.0, logging.WARNING, "again")
        connection.end(0.0, "Player")
    server.log(5.0, logging.WARNING, "later")

    assert messages(caplog) == ["again"] * 3 + ["later (37 lines before this one were left out)"]


def test_connections_have_no_more_than_their_server_in_all(caplog: pytest.LogCaptureFixture) -> None:
    server = LogShare(burst=20, rate=1.0)
    for _ in range(1000):  # a stranger that comes again and again
        LogShare(whole=server).log(0.0, logging.WARNING, "again")

    assert len(caplog.records) == 20


def test_a_level_that_nobody_wants_takes_nothing_of_the_share(caplog: pytest.LogCaptureFixture) -> None:
    share = LogShare(burst=1, rate=1.0)
    with caplog.at_level(logging.WARNING, logger="telnet"):
        share.log(0.0, logging.DEBUG, "detail")
        share.log(0.0, logging.WARNING, "news")

    assert messages(caplog) == ["news"]


def test_no_control_character_reaches_the_log(caplog: pytest.LogCaptureFixture) -> None:
    share = LogShare()
    try:
        raise ValueError("\x1b[2J\nCRITICAL forged\u202e\x9b")
    except ValueError as exc:
        share.log(0.0, logging.ERROR, "bad\r\n\x1b[31m line \u2028 \u202e", exc)

    [record] = caplog.records
    assert record.getMessage() == r"bad\r\n\x1b[31m line \u2028 \u202e"
    text = logging.Formatter().format(record)
    assert all(each.isprintable() or each == "\n" for each in text)
    assert "\nCRITICAL" not in text and "\n  CRITICAL forged" in text


def test_the_exception_itself_is_there_for_other_handlers(caplog: pytest.LogCaptureFixture) -> None:
    exc = ValueError("oops")
    LogShare().log(0.0, logging.ERROR, "exception", exc)

    [record] = caplog.records
    assert record.exc_info == (ValueError, exc, None)


def test_a_private_exception_shows_where_and_not_what(caplog: pytest.LogCaptureFixture) -> None:
    try:
        int("hunter2")
    except ValueError as exc:
        LogShare().log(0.0, logging.ERROR, "exception in a handler", exc, private=True)

    [record] = caplog.records
    text = logging.Formatter().format(record)
    assert "hunter2" not in text.replace('int("hunter2")', "")  # which is the source of this test
    assert record.exc_info is None and "ValueError" in text and "test_log_share.py" in text


def test_a_line_and_a_traceback_are_bounded(caplog: pytest.LogCaptureFixture) -> None:
    share = LogShare()
    try:
        raise ValueError("long\n" * 1_000_000)
    except ValueError as exc:
        share.log(0.0, logging.ERROR, "x" * 1_000_000, exc)

    [record] = caplog.records
    assert len(record.getMessage()) == 1000
    assert len(logging.Formatter().format(record)) < 50_000


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ☃ text", "plain ☃ text"),
        ("", ""),
        ("x" * 20, "x" * 20),
        ("x" * 21, "x" * 17 + "..."),
        ("\0\x1b\x7f\x85", r"\x00\x1b\x7f\x85"),
        ("\x1b" * 20, r"\x1b" * 5),
        ("a\ud800b", r"a\ud800b"),
    ],
)
def test_text_is_shown(text: str, shown: str) -> None:
    assert printable(text, 20) == shown


def test_a_connection_is_described_by_its_class_and_its_peer() -> None:
    class Player:
        pass

    assert describe(Player(), ("127.0.0.1", 4000)) == "Player with ('127.0.0.1', 4000)"
    assert describe(Player(), "") == "Player with an unnamed socket"
