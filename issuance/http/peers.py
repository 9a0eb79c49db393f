"""Who asks: the client certificate of a connection, as TLS verified it, or a log-in's token."""

import ssl
from collections.abc import Callable
from dataclasses import replace

from aiohttp import web

from issuance.desk import Desk
from issuance.http.bodies import bearer_of
from issuance.steps.callers import WhileAble, operator_by_token, operator_of
from pki.domain.people import Operator

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


class AskedByOperators:
    """Routes for operators, each of whom is known by the token they bring, else by certificate."""

    def __init__(self, desk: Desk, peer_certificate: PeerCertificate) -> None:
        self._desk = desk
        self._peer_certificate = peer_certificate

    async def _operator_of(self, request: web.Request) -> Operator:
        """Who asks.

        Raises:
            Unauthenticated: neither token nor certificate, or the token is of no open log-in.
            Forbidden: nobody here, or somebody who may do nothing.
        """
        token = bearer_of(request)
        if token is not None:
            return await operator_by_token(self._desk, token)
        return await operator_of(self._desk, self._peer_certificate(request))

    def _desk_of(self, operator: Operator) -> Desk:
        """Where this operator changes something, if they still may when its turn comes."""
        return replace(self._desk, store=WhileAble(self._desk.store, operator))
