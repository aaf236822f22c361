"""CHARSET: agreeing on an encoding, in both roles."""

from __future__ import annotations

import codecs
from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from session_support import Pair, deliver, every_cut, served
from traces import TRACES, segments

from telnet import constants
from telnet.constants import DO, DONT, IAC, SB, SE, WILL, WONT
from telnet.encode import negotiate, subnegotiation
from telnet.negotiation import Side
from telnet.options import CHARSET, Role

WILL_CHARSET = negotiate(WILL, constants.CHARSET)
WONT_CHARSET = negotiate(WONT, constants.CHARSET)
DO_CHARSET = negotiate(DO, constants.CHARSET)
DONT_CHARSET = negotiate(DONT, constants.CHARSET)

OURS = subnegotiation(constants.CHARSET, b"\x01;UTF-8;ISO-8859-1;US-ASCII")
REJECTED = subnegotiation(constants.CHARSET, b"\x03")


@pytest.fixture(autouse=True)
def both_parsers(monkeypatch: pytest.MonkeyPatch, parser_module: ModuleType) -> None:
    monkeypatch.setattr("telnet.session.Parser", parser_module.Parser)


def charset(data: bytes) -> bytes:
    return subnegotiation(constants.CHARSET, data)


def accepted(name: str) -> bytes:
    return charset(b"\x02" + name.encode())


def request(names: str) -> bytes:
    return charset(b"\x01" + names.encode())


# --- a server and a client --------------------------------------------------------------------------------------------


def test_the_server_requests_and_the_client_accepts() -> None:
    pair = Pair([CHARSET("UTF-8", "ISO-8859-1")], [CHARSET("iso_8859-1")]).start()

    assert bytes(pair.sent_by_server) == b"\xff\xfb\x2a\xff\xfa\x2a\x01;UTF-8;ISO-8859-1\xff\xf0"
    assert bytes(pair.sent_by_client) == b"\xff\xfd\x2a\xff\xfa\x2a\x02ISO-8859-1\xff\xf0"
    assert pair.at_server.named("on_charset") == [("on_charset", "iso8859-1")]
    assert pair.at_client.named("on_charset") == [("on_charset", "iso8859-1")]
    assert pair.server.encoding == pair.client.encoding == "iso8859-1"
    assert (pair.server.client.charset, pair.server.client.utf8) == ("ISO-8859-1", False)


def test_the_server_prefers_what_it_has_first() -> None:
    pair = Pair([CHARSET]).start()

    assert (pair.server.client.charset, pair.server.client.utf8, pair.server.encoding) == ("UTF-8", True, "utf-8")


def test_text_is_in_the_new_encoding_from_there_on() -> None:
    pair = Pair([CHARSET("CP437")], encoding="latin-1").start().clear()

    pair.server.send_line("\u2592")
    pair.client.send_line("\u00e9")
    pair.run()

    assert (bytes(pair.sent_by_server), bytes(pair.sent_by_client)) == (b"\xb1\r\n", b"\x82\r\n")
    assert pair.at_server.events == [("on_line", "\u00e9")]


def test_what_was_received_before_is_in_the_old_encoding() -> None:
    session, handler = served([CHARSET("CP437")], DO_CHARSET + b"\xc3\xa9" + accepted("CP437") + b"\x82\r\n")

    assert handler.named("on_line") == [("on_line", "\u00e9\u00e9")]


def test_two_that_have_nothing_in_common_stay_as_they_are() -> None:
    pair = Pair([CHARSET("KOI8-R")], [CHARSET("BIG5")]).start()

    assert bytes(pair.sent_by_client) == DO_CHARSET + REJECTED
    assert pair.server.encoding == pair.client.encoding == "utf-8"
    assert pair.at_server.named("on_charset", "on_protocol_error") == []


@pytest.mark.parametrize("received", [DO_CHARSET, WILL_CHARSET, WILL_CHARSET + DO_CHARSET])
def test_a_client_requests_nothing_by_itself(received: bytes) -> None:
    session, _ = served([CHARSET], received, role=Role.CLIENT)

    assert OURS not in session.take()


def test_a_client_may_request() -> None:
    pair = Pair([CHARSET("CP437", "UTF-8")], [CHARSET("UTF-8")]).start()
    pair.client[CHARSET].offer()
    pair.run().clear()

    assert pair.client[CHARSET].propose()
    pair.run()

    assert bytes(pair.sent_by_client) == request(";UTF-8")
    assert bytes(pair.sent_by_server) == accepted("UTF-8")
    assert pair.at_client.events == pair.at_server.events == [("on_charset", "utf-8")]


def test_a_server_answers_a_client_that_requests() -> None:
    session, handler = served([CHARSET], DONT_CHARSET + WILL_CHARSET + REJECTED + request(",utf-8"))

    assert session.take().endswith(accepted("utf-8"))
    assert handler.named("on_charset") == [("on_charset", "utf-8")]


def test_of_two_requests_that_cross_the_one_of_the_server_is_answered() -> None:
    server, client = CHARSET("UTF-8", "CP437"), CHARSET("CP437", "UTF-8")
    pair = Pair([server], [client]).start()
    pair.client[CHARSET].offer()
    pair.run().clear()

    assert pair.server[CHARSET].propose() and pair.client[CHARSET].propose()
    pair.run()

    assert bytes(pair.sent_by_server) == request(";UTF-8;CP437") + REJECTED
    assert bytes(pair.sent_by_client) == request(";CP437;UTF-8") + accepted("UTF-8")
    assert pair.server.encoding == pair.client.encoding == "utf-8"
    assert pair.at_server.named("on_protocol_error") == pair.at_client.named("on_protocol_error") == []


def test_an_encoding_may_be_agreed_on_again() -> None:
    pair = Pair([CHARSET]).start().clear()

    assert pair.server[CHARSET].propose()
    pair.run()

    assert pair.at_server.events == [("on_charset", "utf-8")]


def test_nothing_is_requested_twice_before_the_answer() -> None:
    session, _ = served([CHARSET], DO_CHARSET)
    session.take()

    assert not session[CHARSET].propose()
    assert session.take() == b""


@pytest.mark.parametrize(
    ("role", "received"),
    [(Role.SERVER, b""), (Role.SERVER, WILL_CHARSET), (Role.CLIENT, b""), (Role.CLIENT, WILL_CHARSET)],
)
def test_nothing_is_requested_without_the_right_to(role: Role, received: bytes) -> None:
    session, _ = served([CHARSET], received, role=role)

    assert not session[CHARSET].propose()
    assert OURS not in session.take()


def test_a_server_whose_offer_comes_to_be_accepted_requests_then() -> None:
    session, _ = served([CHARSET], WILL_CHARSET, DO_CHARSET)

    assert session.take() == WILL_CHARSET + DO_CHARSET + OURS


def test_a_client_that_offers_when_all_is_agreed_on_is_not_requested_again() -> None:
    session, _ = served([CHARSET], DO_CHARSET + accepted("UTF-8") + WILL_CHARSET)

    assert session.take() == WILL_CHARSET + OURS + DO_CHARSET


def test_an_answer_that_cannot_come_any_more_is_not_waited_for() -> None:
    session, _ = served([CHARSET], DO_CHARSET + DONT_CHARSET + DO_CHARSET)

    assert session.take().count(OURS) == 2


def test_an_answer_is_waited_for_while_one_side_is_on() -> None:
    session, _ = served([CHARSET], DO_CHARSET + WILL_CHARSET + DONT_CHARSET)

    assert not session[CHARSET].propose()


def test_one_template_serves_many_connections() -> None:
    template = CHARSET("UTF-8")
    served([template], DO_CHARSET + accepted("UTF-8"))

    _, handler = served([template], DO_CHARSET)

    assert handler.named("on_charset") == []


# --- the server alone -------------------------------------------------------------------------------------------------


def test_an_answer_is_the_same_however_it_is_cut() -> None:
    for pieces in every_cut(DO_CHARSET + accepted("ISO-8859-1")):
        session, handler = served([CHARSET], *pieces)

        assert handler.named("on_charset") == [("on_charset", "iso8859-1")]
        assert session.encoding == "iso8859-1"


def test_ready_waits_for_nothing() -> None:
    session, _ = served([CHARSET])

    assert session.ready


def test_a_client_that_declines_is_asked_to_offer_and_requested_all_the_same() -> None:
    session, handler = served([CHARSET], DONT_CHARSET, WILL_CHARSET, accepted("UTF-8"))  # MUSHclient

    assert session.take() == WILL_CHARSET + DO_CHARSET + OURS
    assert handler.named("on_charset") == [("on_charset", "utf-8")]


def test_a_client_that_declines_both_is_left_alone() -> None:
    session, _ = served([CHARSET], DONT_CHARSET, WONT_CHARSET)

    assert session.take() == WILL_CHARSET + DO_CHARSET


def test_a_client_refuses_nothing_by_asking_back() -> None:
    client, _ = served([CHARSET], role=Role.CLIENT)
    client[CHARSET].offer()

    client.receive(DONT_CHARSET, 0.0)

    assert client.take() == WILL_CHARSET


@pytest.mark.parametrize(
    ("own", "offered", "encoding"),
    [
        (("windows-1252",), "cp1252", "cp1252"),
        (("cp1252",), "WINDOWS-1252", "cp1252"),
        (("latin1",), "ISO-8859-1", "iso8859-1"),
        (("IBM437",), "cp437", "cp437"),
        (("GBK",), "cp936", "gbk"),
        (("Shift_JIS",), "sjis", "shift_jis"),
        (("EUC-KR",), "ks_c_5601-1987", "euc_kr"),
        (("koi8-u",), "KOI8_U", "koi8-u"),
        (("mac-cyrillic",), "maccyrillic", "mac-cyrillic"),
        (("latin1", "ISO-8859-1"), "l1", "iso8859-1"),
    ],
)
def test_any_name_of_an_encoding_that_we_speak_is_accepted(own: tuple[str, ...], offered: str, encoding: str) -> None:
    session, handler = served([CHARSET(*own)], WILL_CHARSET + request(f";x;{offered}"), role=Role.CLIENT)

    assert session.take() == DO_CHARSET + accepted(offered)
    assert handler.named("on_charset") == [("on_charset", encoding)]
    assert session.client.charset == own[0]


@pytest.mark.parametrize("name", ["latin1", "ISO_8859-1:1987", "iso-ir-100", "L1"])
def test_what_was_requested_is_accepted_by_any_of_its_names(name: str) -> None:
    session, handler = served([CHARSET], DO_CHARSET + accepted(name))

    assert handler.named("on_charset", "on_protocol_error") == [("on_charset", "iso8859-1")]
    assert session.client.charset == "ISO-8859-1"


def test_of_two_names_of_one_encoding_both_are_requested_and_each_is_rejected_by_itself() -> None:
    rejected = charset(b"\x03latin1")

    session, handler = served([CHARSET("latin1", "ISO-8859-1")], DO_CHARSET + rejected + accepted("ISO-8859-1"))

    assert session.take().endswith(request(";latin1;ISO-8859-1"))
    assert handler.named("on_charset", "on_protocol_error") == [("on_charset", "iso8859-1")]


@pytest.mark.parametrize("received", [b"\x01;CP437\0", b"\x02CP437\0"])
def test_a_name_may_have_the_end_of_a_string(received: bytes) -> None:
    session, handler = served([CHARSET("UTF-8", "CP437")], WILL_CHARSET + DO_CHARSET)
    if received[:1] == b"\x01":
        deliver(session, charset(b"\x03"))  # what we requested, so that the client may request

    deliver(session, charset(received))

    assert session.encoding == "cp437"
    assert handler.named("on_protocol_error") == []


def test_no_name_of_a_peer_is_looked_up() -> None:
    asked: list[str] = []
    remember = asked.append
    codecs.register(remember)  # called for each name that Python has not met yet
    try:
        served([CHARSET], WILL_CHARSET + request(";x-offered;latin-7;cp037"), role=Role.CLIENT)
        served([CHARSET], DO_CHARSET + accepted("x-accepted"))
    finally:
        codecs.unregister(remember)

    assert asked == []


@pytest.mark.parametrize("name", ["UTF-8", "utf8", " UTF-8", "Utf_8", ";UTF-8"])
def test_a_name_is_accepted_however_it_is_written(name: str) -> None:
    _, handler = served([CHARSET], DO_CHARSET + accepted(name))

    assert handler.named("on_charset") == [("on_charset", "utf-8")]


def test_a_client_that_rejects_each_name_by_itself_may_accept_the_next() -> None:
    answers = charset(b"\x03UTF-8") + accepted("ISO-8859-1")

    _, handler = served([CHARSET], DO_CHARSET + answers)

    assert handler.named("on_charset", "on_protocol_error") == [("on_charset", "iso8859-1")]


def test_a_client_that_accepted_one_name_may_reject_each_of_the_others_once() -> None:
    rejected = charset(b"\x03ISO-8859-1") + charset(b"\x03 US-ASCII")

    session, handler = served([CHARSET], DO_CHARSET + accepted(" UTF-8") + rejected)
    assert session.client.charset == "UTF-8"
    assert handler.named("on_charset", "on_protocol_error") == [("on_charset", "utf-8")]

    deliver(session, rejected + charset(b"\x03UTF-8"))
    assert [event[1] for event in handler.named("on_protocol_error")] == [
        "CHARSET: rejected what was not requested"
    ] * 3


def test_what_was_rejected_of_an_earlier_request_is_requested_again() -> None:
    session, handler = served([CHARSET], DO_CHARSET + accepted("UTF-8"))
    assert session[CHARSET].propose()

    deliver(session, charset(b"\x03UTF-8") + accepted("US-ASCII"))
    assert handler.named("on_charset", "on_protocol_error") == [("on_charset", "utf-8"), ("on_charset", "ascii")]


def test_a_name_that_was_rejected_cannot_be_accepted_any_more() -> None:
    _, handler = served([CHARSET], DO_CHARSET + charset(b"\x03UTF-8") + accepted("UTF-8"))

    assert handler.named("on_charset") == []
    assert len(handler.named("on_protocol_error")) == 1


@pytest.mark.parametrize("name", ["UTF-8", "utf-8", "latin1"])
def test_an_acceptance_with_the_code_of_a_request_is_one(name: str) -> None:  # BeipMU
    session, handler = served([CHARSET], DO_CHARSET + WILL_CHARSET + request(name))

    assert session.take() == WILL_CHARSET + OURS + DO_CHARSET
    assert handler.named("on_charset", "on_protocol_error") == [("on_charset", session.encoding)]
    assert session.client.charset in ("UTF-8", "ISO-8859-1")
    assert session[CHARSET].propose()


def test_a_request_that_crosses_ours_is_no_acceptance() -> None:
    session, handler = served([CHARSET], DO_CHARSET + WILL_CHARSET + request(";UTF-8"))

    assert session.take().endswith(REJECTED)
    assert handler.named("on_charset") == []


def test_after_a_rejection_the_client_may_request_itself() -> None:
    received = DO_CHARSET + WILL_CHARSET + charset(b"\x03UTF-8") + request(";US-ASCII")

    session, handler = served([CHARSET], received)

    assert session.take().endswith(accepted("US-ASCII"))
    assert handler.named("on_charset") == [("on_charset", "ascii")]


# --- requests ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("payload", "answer"),
    [
        (b";UTF-8", b"\x02UTF-8"),
        (b" utf8 x", b"\x02utf8"),
        (b"xlatin1xIso-8859-1xUTF-8", b"\x02latin1"),
        (b"xlatin-7xIso-8859-1xUTF-8", b"\x02Iso-8859-1"),
        (b"\xffUTF-8\xffUS-ASCII", b"\x02UTF-8"),
        (b";UTF-16;US-ASCII;UTF-8", b"\x02US-ASCII"),
        (b"[TTABLE]\x01;UTF-8;x", b"\x02UTF-8"),
        (b"[TTABLE ]\x01;UTF-8;x", b"\x02UTF-8"),
        (b"[TTABLE ]1 ;UTF-8", b"\x02UTF-8"),
        (b"[TTABLE ]1;UTF-8", b"\x02UTF-8"),
        (b"[TTABLE]1;x;UTF-8;", b"\x02UTF-8"),
        (b"[TTABLE ]\x02 UTF-8 x", b"\x02UTF-8"),
        (b"[TTABLE ] 1 , x,UTF-8", b"\x02UTF-8"),
        (b"[ttable ];utf-8", b"\x02utf-8"),
        (b"[TTABLE] UTF-8 x", b"\x02UTF-8"),
        (b"[TTABLE ]1 ;x", b"\x03"),
        (b"  ;UTF-8", b"\x02UTF-8"),
        (b"; UTF-8 ;x", b"\x02 UTF-8 "),
        (b";;UTF-8;", b"\x02UTF-8"),
        (b"\x00utf_8\x00", b"\x02utf_8"),
        (b";latin1", b"\x02latin1"),
        (b";ISO_8859-1:1987", b"\x02ISO_8859-1:1987"),
        (b";l1", b"\x02l1"),
        (b";iso-ir-100", b"\x02iso-ir-100"),
        (b";ISO 8859-1", b"\x02ISO 8859-1"),  # as Mudlet writes it
        (b";IBM819;UTF-8", b"\x02IBM819"),
        (b";us", b"\x02us"),
        (b";ANSI_X3.4-1968", b"\x02ANSI_X3.4-1968"),
        (b";cp65001", b"\x02cp65001"),
        (b";csUTF8", b"\x02csUTF8"),
        (b";latin2;windows-1252;ISO-8859-15;KOI8-R;\xb5\xdf", b"\x03"),
        (b"[TTABLE ]", b"\x03"),
        (b"[TTABLE ]1", b"\x03"),
        (b"[TTABLE ]1 ", b"\x03"),
        (b"[TTABLE]\x01;x;y", b"\x03"),
        (b";UTF-16;idna;rot13", b"\x03"),
        (b";", b"\x03"),
        (b";;;", b"\x03"),
        (b"", b"\x03"),
        (b"[TTABLE]", b"\x03"),
        (b"[TTABLE]\x01", b"\x03"),
        (b"UTF-8", b"\x02UTF-8"),
        (b"[TTABLE ]1latin1", b"\x02latin1"),
        (b"KLINGON", b"\x03"),
        (b";" + b"x;" * 30_000 + b"UTF-8", b"\x03"),
        (b";" + b"UTF-8" * 10_000, b"\x03"),
    ],
)
def test_a_request_is_answered_by_the_first_name_that_we_speak_as_it_was_written(payload: bytes, answer: bytes) -> None:
    session, handler = served([CHARSET], WILL_CHARSET + charset(b"\x01" + payload), role=Role.CLIENT)

    assert session.take() == DO_CHARSET + charset(answer)
    assert handler.named("on_protocol_error") == []


def test_a_request_is_the_same_however_it_is_cut() -> None:
    for pieces in every_cut(WILL_CHARSET + charset(b"\x01\xffx\xffUTF-8")):
        session, _ = served([CHARSET], *pieces, role=Role.CLIENT)

        assert session.take() == DO_CHARSET + accepted("UTF-8")


# --- wrong arguments --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["", "UTF 8", "a;b", "caf\u00e9", "a\nb", "--"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(
        ValueError, match="^the name of an encoding is printable ASCII without blanks and semicolons, not "
    ):
        CHARSET("UTF-8", name)


@pytest.mark.parametrize(("name", "error"), [("KLINGON", LookupError), ("UTF-16", ValueError)])
def test_what_python_cannot_use_is_refused(name: str, error: type[Exception]) -> None:
    with pytest.raises(error, match="^encoding must "):
        CHARSET(name)


# --- bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["", ";", "UTF-16", "KLINGON", ",UTF-8", "UTF-8;US-ASCII", "x" * 60_000])
def test_what_was_not_requested_cannot_be_accepted(name: str) -> None:
    session, handler = served([CHARSET], DO_CHARSET + accepted(name))

    reason = "CHARSET: accepted what was not requested"
    assert handler.named("on_protocol_error") == [("on_protocol_error", reason, name.encode()[:64])]
    assert (session.encoding, session.client.charset) == ("utf-8", "")


def test_the_answer_counts_also_behind_one_that_did_not() -> None:
    _, handler = served([CHARSET], DO_CHARSET + accepted("KLINGON") + accepted("UTF-8"))

    assert handler.named("on_charset") == [("on_charset", "utf-8")]


def test_an_answer_counts_once() -> None:
    _, handler = served([CHARSET], DO_CHARSET + accepted("UTF-8") + accepted("US-ASCII") + REJECTED)

    assert handler.named("on_charset") == [("on_charset", "utf-8")]
    assert [event[1] for event in handler.named("on_protocol_error")] == [
        "CHARSET: accepted what was not requested",
        "CHARSET: rejected what was not requested",
    ]


@pytest.mark.parametrize("data", [b"\x02UTF-8", b"\x03", b"\x03UTF-8"])
def test_an_answer_nobody_asked_for_is_reported(data: bytes) -> None:
    session, handler = served([CHARSET], WILL_CHARSET + charset(data), role=Role.CLIENT)

    [(_, reason, excerpt)] = handler.named("on_protocol_error")
    assert reason.endswith("ed what was not requested")
    assert excerpt == data[1:]
    assert session.client.charset == ""


def test_a_translation_table_is_declined() -> None:
    table = charset(b"\x04\x01;ISO-8859-1;\x08\x00\x01\x00")

    session, handler = served([CHARSET], WILL_CHARSET + table, role=Role.CLIENT)

    assert session.take() == DO_CHARSET + charset(b"\x05")
    assert handler.named("on_protocol_error") == []


@pytest.mark.parametrize("data", [b"", b"\x00", b"\x05", b"\x06", b"\x07", b"\x08", b"\xff"])
def test_neither_a_request_nor_an_answer_is_reported(data: bytes) -> None:
    _, handler = served([CHARSET], DO_CHARSET + charset(data))

    assert handler.named("on_protocol_error") == [
        ("on_protocol_error", "CHARSET: neither a request nor an answer", data)
    ]


def test_a_request_for_an_option_that_is_off_is_not_answered() -> None:
    session, handler = served([CHARSET], request(";US-ASCII"), role=Role.CLIENT)

    assert session.take() == b""
    assert len(handler.named("on_protocol_error")) == 1


def test_an_answer_that_breaks_off_is_dropped() -> None:
    session, _ = served([CHARSET], DO_CHARSET + IAC + SB + constants.CHARSET + b"\x02US-ASCII" + IAC + WILL + SE)

    assert session.encoding == "utf-8"


payload = st.binary(max_size=20) | st.lists(
    st.sampled_from([b"\1", b"\2", b"\3", b"\4", b";", b"UTF-8", b"[TTABLE]", b"CP437", b"\xff"])
).map(b"".join)


@pytest.mark.parametrize("role", Role)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(payloads=st.lists(payload, max_size=5))
def test_no_payload_raises(role: Role, payloads: list[bytes]) -> None:
    session, _ = served([CHARSET], WILL_CHARSET + DO_CHARSET + b"".join(map(charset, payloads)), role=role)

    assert session.encoding in ("utf-8", "iso8859-1", "ascii")


def test_a_server_that_stops_offering_keeps_the_encoding() -> None:
    pair = Pair([CHARSET("CP437")]).start()

    pair.server[CHARSET].refuse(Side.LOCAL)
    pair.run()

    assert pair.server.encoding == pair.client.encoding == "cp437"


# --- what clients really sent -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("trace", ["tt++-mud", "tt++-script-mud", "pymud-mud"])
def test_recorded_clients_accept_utf_8(trace: str) -> None:
    _, handler = served([CHARSET], b"".join(segments(TRACES / f"{trace}.jsonl", "c2s")))

    assert handler.named("on_charset") == [("on_charset", "utf-8")]
    assert handler.named("on_protocol_error") == []


def test_a_recorded_server_separates_its_names_with_blanks() -> None:
    received = b"".join(segments(TRACES / "server-telnetlib3-server-eager.jsonl", "s2c"))

    session, _ = served([CHARSET("CP437", "US-ASCII")], received, role=Role.CLIENT)

    assert accepted("CP437") in session.take()
    assert session.encoding == "cp437"


# --- what a peer may cost ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("payload", [b"\x01;X", b"\x01;UTF-8", b"\x04\x01"])
@pytest.mark.parametrize("role", Role)
def test_a_peer_that_requests_on_and_on_is_answered_as_often_as_it_may(role: Role, payload: bytes) -> None:
    session, handler = served([CHARSET], WILL_CHARSET + DO_CHARSET, role=role)
    session.take()
    if role is Role.SERVER:
        session.receive(REJECTED, 0.0)

    for _ in range(1000):
        session.receive(charset(payload), 0.0)

    assert 250 <= session.take().count(b"\xff\xfa") <= 256
    assert len(handler.named("on_charset")) < 256


def test_what_is_not_answered_does_not_change_the_encoding() -> None:
    client, handler = served([CHARSET], DO_CHARSET, role=Role.CLIENT)

    for number in range(1000):
        client.receive(request(";UTF-8" if number % 2 else ";US-ASCII"), 0.0)

    assert handler.named("on_charset")[-1] == ("on_charset", client.encoding)
    assert len(handler.named("on_charset")) == client.take().count(b"\x02")


@pytest.mark.parametrize(("hyphens", "answer"), [(60, b"\x02"), (61, b"\x03"), (60_000, b"\x03")])
def test_a_name_is_so_long_and_no_longer(hyphens: int, answer: bytes) -> None:
    client, _ = served([CHARSET], DO_CHARSET + request(";UTF" + "-" * hyphens + "8"), role=Role.CLIENT)

    assert client.take()[6:7] == answer
