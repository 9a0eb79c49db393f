"""Which of the roots a CA stands under, and the chain above it."""

from pki.der.certificate import read_certificate
from pki.trust.signatures import verify_signature
from server.roles.keys import read_certificate_file
from server.setting.issuers import RootSettings
from server.settings import Settings


def signed_by(certificate: bytes, issuer: bytes) -> bool:
    """Whether the key in ``issuer`` signed ``certificate`` under its name (both DER).

    Raises:
        Malformed: one is not a certificate.
    """
    signed, above = read_certificate(certificate), read_certificate(issuer).content
    return signed.content.issuer_der == above.subject_der and verify_signature(
        above.public_key, signed.content.algorithm, signed.tbs, signed.signature
    )


def root_of(settings: Settings, certificate: bytes) -> RootSettings:
    """The root that signed this CA; the first where none did, and opening the CA refuses that.

    Raises:
        ConfigurationInvalid: the certificate file of a root cannot be used.
    """
    under = (
        root
        for root in settings.root
        if signed_by(certificate, read_certificate_file(root.certificate))
    )
    return next(under, settings.root[0])
