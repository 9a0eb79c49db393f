"""Responder credentials of a status node without a CA: asked of the API, over mutual TLS."""

import hashlib
import logging
import ssl
import time
from typing import Final, Self

from ocsp.credential import ResponderCredential
from pki.api.client import IssuanceClient
from pki.api.wire import ResponderRequest
from pki.der.names import DistinguishedName
from pki.der.pkcs10 import encode_pkcs10_info
from pki.der.signed import assemble
from pki.domain.errors import ConfigurationInvalid
from pki.domain.identifiers import IssuerId
from pki.ports import Signer
from pki.telemetry.logs import bound_request
from pki.telemetry.trace_context import Trace
from server.roles.keys import (
    ResponderKeys,
    all_responder_keys,
    read_passphrase,
    responder_keys_of,
)
from server.settings import EnrolmentSettings, Settings

_log: Final = logging.getLogger(__name__)

_NO_NAME: Final = DistinguishedName.of().der
"""The CA takes nothing but the key out of a request."""


class EnrolledCredentials:
    """Has this node's responder key certified; the key leaves neither process nor token."""

    def __init__(self, settings: EnrolmentSettings, issuer: IssuerId, keys: ResponderKeys) -> None:
        """Read the node's client certificate.

        Raises:
            ConfigurationInvalid: its files cannot be used.
        """
        self._url = settings.api
        self._issuer = issuer
        self._keys = keys
        self._tls = _client_tls(settings)

    @classmethod
    def of(cls, settings: Settings, issuer: IssuerId) -> tuple[Self, ...]:
        """From the section [enrolment], for one generation of a CA; the usual key's first.

        Raises:
            ConfigurationInvalid: there is none, or it cannot be used, or the key in a token cannot.
            SignerUnavailable, SignerBusy: the token is gone or does not answer.
        """
        if settings.enrolment is None:
            raise ConfigurationInvalid(
                key="enrolment",
                message="a status node without the role issuance needs the section [enrolment]",
                next_step="add it, or run the roles issuance and status in one process",
            )
        usual = all_responder_keys(settings.status, settings.limits)
        keys = responder_keys_of(settings, issuer, usual)
        return tuple(cls(settings.enrolment, issuer, each) for each in keys)

    async def renew(self) -> ResponderCredential:
        """A new certificate; over a new key pair if none is in a token.

        Raises:
            ZorgidError: the API cannot be reached or refuses; what is in use stays in use.
        """
        signer = await self._keys.next()
        request = await _request(signer)
        asked = ResponderRequest(issuer=self._issuer, pkcs10=request)
        # A request holds a new signature, so its digest names this one asking.
        asking = hashlib.sha256(request).hexdigest()[:16]
        trace, began = Trace.of(asking).traceparent, time.monotonic()
        with bound_request(asking):
            async with IssuanceClient(self._url, tls=self._tls, traceparent=trace) as client:
                answer = await client.certify_responder(asked)
            took = round((time.monotonic() - began) * 1000, 1)
            fields = {"issuer": self._issuer.value, "milliseconds": took}
            _log.info("a responder certificate was given", extra=fields)
        return ResponderCredential.of(signer, answer.certificate)


async def _request(signer: Signer) -> bytes:
    info = encode_pkcs10_info(_NO_NAME, signer.public_key)
    return assemble(info, signer.algorithm, await signer.sign(info))


def _client_tls(settings: EnrolmentSettings) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=settings.ca)
    try:
        passphrase = read_passphrase(settings.key)
        context.load_cert_chain(settings.certificate, settings.key.file, password=passphrase)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationInvalid(
            key="enrolment",
            message=f"the node's certificate and key cannot be used: {type(error).__name__}",
            next_step="check enrolment.certificate and enrolment.key",
        ) from error
    return context
