"""The client certificate of a connection, as TLS verified it."""

import ssl
from collections.abc import Callable

from aiohttp import web

PeerCertificate = Callable[[web.Request], bytes | None]


def peer_certificate(request: web.Request) -> bytes | None:
    """The DER client certificate, or None when none was given or nobody verified it.

    A certificate that fails verification ends the handshake, so it never gets here. Without
    verification Python hands out any certificate at all: that counts as none.
    """
    transport = request.transport
    connection = None if transport is None else transport.get_extra_info("ssl_object")
    if not isinstance(connection, ssl.SSLObject):
        return None
    if connection.context.verify_mode is ssl.CERT_NONE:
        return None
    return connection.getpeercert(binary_form=True)
