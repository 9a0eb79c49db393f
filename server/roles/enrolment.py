"""Responder credentials of a status node without a CA: asked of the API, over mutual TLS."""

import ssl
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp.credential import ResponderCredential
from pki.api.client import IssuanceClient
from pki.api.wire import ResponderRequest
from pki.domain.algorithms import KeyType
from pki.domain.errors import ConfigurationInvalid
from pki.keys.algorithms import generate_private_key
from pki.keys.soft import SoftSigner
from server.roles.keys import bounded, read_passphrase
from server.settings import EnrolmentSettings, LimitSettings, Settings

ResponderKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


class EnrolledCredentials:
    """Makes a key in memory and has it certified; the key never leaves this process."""

    def __init__(
        self, settings: EnrolmentSettings, *, key_type: KeyType, limits: LimitSettings
    ) -> None:
        """Read the node's client certificate.

        Raises:
            ConfigurationInvalid: its files cannot be used.
        """
        self._url = settings.api
        self._key_type = key_type
        self._limits = limits
        self._tls = _client_tls(settings)

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """From the section [enrolment].

        Raises:
            ConfigurationInvalid: there is none, or it cannot be used.
        """
        if settings.enrolment is None:
            raise ConfigurationInvalid(
                key="enrolment",
                message="a status node without the role issuance needs the section [enrolment]",
                next_step="add it, or run the roles issuance and status in one process",
            )
        return cls(
            settings.enrolment,
            key_type=KeyType(settings.status.responder_key),
            limits=settings.limits,
        )

    async def renew(self) -> ResponderCredential:
        """A new key pair and its certificate.

        Raises:
            ZorgidError: the API cannot be reached or refuses; what is in use stays in use.
        """
        key = generate_private_key(self._key_type)
        if not isinstance(key, ResponderKey):
            raise ConfigurationInvalid(
                key="status.responder_key", message="responder keys are RSA or P-256"
            )
        builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
        request = builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)
        async with IssuanceClient(self._url, tls=self._tls) as client:
            answer = await client.certify_responder(ResponderRequest(pkcs10=request))
        return ResponderCredential.of(bounded(SoftSigner(key), self._limits), answer.certificate)


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
