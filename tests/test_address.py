from __future__ import annotations

import re
import socket
from pathlib import Path
from typing import Any

import pytest

from telnet import InvalidAddressFormatError
from telnet.address import display_address, naming
from telnet.net.address import Address, Endpoint, parse_address

needs_unix_sockets = pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="no UNIX sockets here")
needs_ipv6 = pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")

INET = socket.AF_INET
INET6 = socket.AF_INET6
ANY = socket.AF_UNSPEC


# Forms


@pytest.mark.parametrize(
    ("address", "endpoint"),
    [
        (4000, Endpoint(ANY, "", 4000)),
        (0, Endpoint(ANY, "", 0)),
        (65535, Endpoint(ANY, "", 65535)),
        (("", 4000), Endpoint(ANY, "", 4000)),
        (("<broadcast>", 4000), Endpoint(ANY, "", 4000)),
        (("127.0.0.1", 4000), Endpoint(ANY, "127.0.0.1", 4000)),
        (("::1", 4000), Endpoint(ANY, "::1", 4000)),
        (("mud.example", 4000), Endpoint(ANY, "mud.example", 4000)),
        (["mud.example", 4000], Endpoint(ANY, "mud.example", 4000)),
        (("", 4000, 0, 0), Endpoint(INET6, "", 4000)),
        (("<broadcast>", 4000, 0, 0), Endpoint(INET6, "", 4000)),
        (("fe80::1", 4000, 5, 2), Endpoint(INET6, "fe80::1", 4000, 5, 2)),
        (["fe80::1", 4000, 5, 2], Endpoint(INET6, "fe80::1", 4000, 5, 2)),
        (("mud.example", 4000, 0, 0), Endpoint(INET6, "mud.example", 4000)),
        (("::1", 4000, 0xFFFFF, 0xFFFFFFFF), Endpoint(INET6, "::1", 4000, 0xFFFFF, 0xFFFFFFFF)),
    ],
)
def test_form_is_understood(address: Address, endpoint: Endpoint) -> None:
    assert parse_address(address) == endpoint


@needs_unix_sockets
@pytest.mark.parametrize("path", ["/run/mud.sock", "./mud.sock", "sockets/mud", "\0mud"])
def test_string_is_the_path_of_a_unix_socket(path: str) -> None:
    endpoint = parse_address(path)
    assert endpoint == Endpoint(socket.AF_UNIX, path)
    assert endpoint.is_unix


@needs_unix_sockets
@pytest.mark.parametrize("path", ["/run/mud.sock", "mud.sock", "4000"])
def test_path_object_is_the_path_of_a_unix_socket(path: str) -> None:
    assert parse_address(Path(path)) == Endpoint(socket.AF_UNIX, path)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("localhost", 'connect(("localhost", 4000)), or connect("./localhost") for a UNIX path'),
        ("127.0.0.1", 'connect(("127.0.0.1", 4000)), or connect("./127.0.0.1") for a UNIX path'),
        ("::1", 'connect(("::1", 4000)), or connect("./::1") for a UNIX path'),
        ("mud.example:4000", 'connect(("mud.example:4000", 4000)), or connect("./mud.example:4000") for a UNIX path'),
        ("4000", 'connect(4000), or connect("./4000") for a UNIX path'),
    ],
)
def test_string_that_is_no_path_is_refused_with_the_right_call(text: str, meant: str) -> None:
    with pytest.raises(InvalidAddressFormatError, match=re.escape(f"not {text!r}: write {meant}")):
        parse_address(text, "connect")


def test_internet_address_is_not_a_unix_socket() -> None:
    assert not parse_address(4000).is_unix


@pytest.mark.parametrize(
    "address",
    [None, 4000.0, True, b"/run/mud.sock", (), ("host",), ("host", 1, 0), ("host", 1, 0, 0, 0), (4000, "host"),
     (None, 4000), (b"host", 4000), {"host": 4000}],
)  # fmt: skip
def test_what_is_no_address_is_refused_with_the_forms(address: Any) -> None:
    with pytest.raises(
        InvalidAddressFormatError, match=f"^an address is a UNIX path, .*not {re.escape(repr(address))}$"
    ):
        parse_address(address)


@pytest.mark.parametrize("address", [-1, 65536, ("", -1), ("host", 65536), ("host", 65536 + 40411, 0, 0)])
def test_port_is_range_checked(address: Any) -> None:
    with pytest.raises(InvalidAddressFormatError, match=r"^port must be between 0 and 65535, not "):
        parse_address(address)


@pytest.mark.parametrize("port", ["4000", None, 4000.0, True, b"telnet"])
def test_port_must_be_an_int(port: Any) -> None:
    with pytest.raises(InvalidAddressFormatError, match=f"^port must be an int, not {re.escape(repr(port))};"):
        parse_address(("host", port))


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ((0x100000, 0), "flowinfo must be between 0 and 1048575, not 1048576"),
        ((-1, 0), "flowinfo must be between 0 and 1048575, not -1"),
        ((0, 0x100000000), "scope_id must be between 0 and 4294967295, not 4294967296"),
        ((0, -1), "scope_id must be between 0 and 4294967295, not -1"),
        (("0", 0), "flowinfo must be an int, not '0'"),
        ((0, None), "scope_id must be an int, not None"),
    ],
)
def test_flow_and_scope_are_checked(extra: tuple[Any, Any], message: str) -> None:
    with pytest.raises(InvalidAddressFormatError, match=f"^{message}"):
        parse_address(("::1", 4000, *extra))


@needs_unix_sockets
def test_path_must_not_be_empty() -> None:
    with pytest.raises(InvalidAddressFormatError, match=r"^the path of a UNIX socket is empty$"):
        parse_address("")


def test_path_is_refused_where_there_are_no_unix_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(socket, "AF_UNIX", raising=False)
    with pytest.raises(InvalidAddressFormatError, match=r"^'/run/mud.sock' is a UNIX path, and this system has no"):
        parse_address("/run/mud.sock")


# Socket addresses


@pytest.mark.parametrize("passive", [False, True])
def test_ipv4_literal_means_itself(passive: bool) -> None:
    assert parse_address(("127.0.0.1", 4000)).resolve(passive=passive) == [(INET, ("127.0.0.1", 4000))]


@needs_ipv6
def test_ipv6_literal_means_itself() -> None:
    assert parse_address(("::1", 4000)).resolve() == [(INET6, ("::1", 4000, 0, 0))]


@needs_ipv6
def test_flow_and_scope_are_kept() -> None:
    assert parse_address(("::1", 4000, 5, 2)).resolve() == [(INET6, ("::1", 4000, 5, 2))]


def test_port_alone_is_every_address_to_listen_on() -> None:
    assert (INET, ("0.0.0.0", 4000)) in parse_address(4000).resolve(passive=True)


def test_port_alone_is_this_machine_to_connect_to() -> None:
    assert (INET, ("127.0.0.1", 4000)) in parse_address(4000).resolve()


@needs_ipv6
def test_no_host_in_a_4_tuple_is_every_ipv6_address() -> None:
    assert parse_address(("", 4000, 0, 0)).resolve(passive=True) == [(INET6, ("::", 4000, 0, 0))]


def test_host_name_is_looked_up_and_no_address_comes_twice() -> None:
    found = parse_address(("localhost", 4000)).resolve()
    assert found
    assert len(found) == len(set(found))
    assert {address[0] for _family, address in found} <= {"127.0.0.1", "::1"}


@needs_unix_sockets
def test_unix_path_needs_no_look_up() -> None:
    endpoint = parse_address("/run/mud.sock")
    assert endpoint.resolve() == endpoint.resolve_literal() == [(socket.AF_UNIX, "/run/mud.sock")]


def test_literal_needs_no_look_up() -> None:
    assert parse_address(("127.0.0.1", 4000)).resolve_literal() == [(INET, ("127.0.0.1", 4000))]


def test_this_machine_needs_no_look_up() -> None:
    endpoint = parse_address(4000)
    assert endpoint.resolve_literal() == endpoint.resolve()


@pytest.mark.parametrize("host", ["localhost", "mud.example", "x" * 64 + ".example"])
def test_host_name_is_no_literal(host: str) -> None:
    assert parse_address((host, 4000)).resolve_literal() is None


def test_ipv4_literal_in_a_4_tuple_is_an_error() -> None:
    with pytest.raises(OSError):
        parse_address(("127.0.0.1", 4000, 0, 0)).resolve()


# Errors


def test_error_names_the_address_and_stays_of_its_type() -> None:
    raised = OSError(98, "Address already in use")
    with pytest.raises(OSError) as caught, naming("listen on", ("::ffff:0.0.0.0", 4000, 0, 0)):
        raise raised
    assert caught.value is raised
    assert raised.args == (98, "cannot listen on ('0.0.0.0', 4000): Address already in use")
    assert str(raised) == "[Errno 98] cannot listen on ('0.0.0.0', 4000): Address already in use"


def test_error_of_a_look_up_names_the_host() -> None:
    with pytest.raises(socket.gaierror) as caught, naming("connect to", ("mud.example", 4000)):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    text = "cannot connect to ('mud.example', 4000): Name or service not known"
    assert caught.value.args == (socket.EAI_NONAME, text)


def test_error_without_a_number_names_the_address_too() -> None:
    with pytest.raises(OSError) as caught, naming("listen on", "/x"):
        raise OSError("AF_UNIX path too long")
    assert str(caught.value) == "cannot listen on '/x': AF_UNIX path too long"


@pytest.mark.parametrize(
    ("address", "shown"),
    [("/run/mud.sock", "/run/mud.sock"), (4000, ("", 4000)), (("a", 1), ("a", 1)), (("a", 1, 2, 3), ("a", 1, 2, 3))],
)
def test_endpoint_is_shown_as_it_is_written(address: Address, shown: Any) -> None:
    assert parse_address(address).shown == shown


# What people see


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        (("127.0.0.1", 4000), ("127.0.0.1", 4000)),
        (("::ffff:192.0.2.7", 4000, 0, 0), ("192.0.2.7", 4000)),
        (("2001:db8::7", 4000, 0, 0), ("2001:db8::7", 4000, 0, 0)),
        (("::ffff:0:192.0.2.7", 4000, 0, 0), ("::ffff:0:192.0.2.7", 4000, 0, 0)),
        (("fe80::7%eth0", 4000, 0, 2), ("fe80::7%eth0", 4000, 0, 2)),
        ("/run/mud.sock", "/run/mud.sock"),
        (b"\0mud", b"\0mud"),
        ("", ""),
        (None, None),
    ],
)
def test_ipv4_peer_of_a_dual_stack_socket_is_shown_as_ipv4(address: Any, shown: Any) -> None:
    assert display_address(address) == shown
