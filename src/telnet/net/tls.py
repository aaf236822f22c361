"""TLS for streams and servers: an :class:`ssl.SSLContext`, or the options that Pants took."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping
from typing import Any, NamedTuple

__all__ = ["SSLOptions", "TLS", "plain_socket", "tls_from_options"]

SSLOptions = ssl.SSLContext | Mapping[str, Any]

OPTIONS = (
    "ca_certs",
    "cert_reqs",
    "certfile",
    "ciphers",
    "do_handshake_on_connect",
    "keyfile",
    "server_hostname",
    "server_side",
    "suppress_ragged_eofs",
)


class TLS(NamedTuple):
    """How to start TLS on a socket."""

    context: ssl.SSLContext
    server_side: bool
    server_hostname: str | None = None

    def wrap(self, connected: socket.socket, hostname: str | None) -> ssl.SSLSocket:
        """Return the socket with TLS over it, the handshake still to be done.

        :param hostname: whom the certificate must name, unless the options named somebody.
        """
        return self.context.wrap_socket(
            connected,
            server_side=self.server_side,
            do_handshake_on_connect=False,
            server_hostname=None if self.server_side else self.server_hostname or hostname,
        )


def tls_from_options(options: SSLOptions, *, server_side: bool) -> TLS:
    """Check ``ssl_options``; the caller's mapping is left as it is.

    :param options: a context, used as it is; or a mapping of :data:`OPTIONS`, of which a client needs none: it
        verifies the
        server against the system's authorities unless ``cert_reqs`` says otherwise.
    :param server_side: which side this is when neither the context nor the mapping says so.
    :raises TypeError: for other types and unknown options.
    :raises ValueError: for options that contradict each other or are not supported.
    :raises OSError: when a certificate, key or authorities file cannot be read (:exc:`ssl.SSLError` when it is no
        such thing).
    """
    if isinstance(options, ssl.SSLContext):
        sides = {ssl.PROTOCOL_TLS_SERVER: True, ssl.PROTOCOL_TLS_CLIENT: False}
        return TLS(options, sides.get(options.protocol, server_side))
    if not isinstance(options, Mapping):
        raise TypeError(f"ssl_options must be an ssl.SSLContext or a mapping, not {type(options).__name__}")
    for name in options:
        if name not in OPTIONS:
            raise TypeError(
                f"unknown ssl option {name!r}; known are {', '.join(OPTIONS)}, the rest is an ssl.SSLContext's"
            )
    if options.get("do_handshake_on_connect"):
        raise ValueError("do_handshake_on_connect must be False: the engine does the handshake without blocking")
    if options.get("suppress_ragged_eofs") is False:
        raise ValueError("suppress_ragged_eofs must not be False: a peer that just closes is closed like any other")
    server_side = bool(options.get("server_side", server_side))
    context = _server_context(options) if server_side else _client_context(options)
    if options.get("ciphers") is not None:
        context.set_ciphers(options["ciphers"])
    return TLS(context, server_side, options.get("server_hostname"))


def _server_context(options: Mapping[str, Any]) -> ssl.SSLContext:
    if not options.get("certfile"):
        raise ValueError("a TLS server needs a certificate: give the option certfile, or an ssl.SSLContext")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=options.get("ca_certs"))
    context.load_cert_chain(options["certfile"], options.get("keyfile"))
    context.verify_mode = options.get("cert_reqs", ssl.CERT_NONE)
    return context


def _client_context(options: Mapping[str, Any]) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=options.get("ca_certs"))
    if options.get("cert_reqs", ssl.CERT_REQUIRED) == ssl.CERT_NONE:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if options.get("certfile"):
        context.load_cert_chain(options["certfile"], options.get("keyfile"))
    return context


def plain_socket(secured: ssl.SSLSocket) -> socket.socket:
    """Say the end of TLS as far as that goes without waiting, and return the connection without TLS."""
    try:
        secured.unwrap()
    except (OSError, ValueError):
        pass  # ours is said; the peer's answer would have to be waited for
    return socket.socket(secured.family, socket.SOCK_STREAM, secured.proto, fileno=secured.detach())
