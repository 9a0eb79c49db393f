"""Signatures as an outsider checks them: with cryptography alone."""

from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from pki.domain.errors import SignatureBroken

UNREADABLE: Final = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
"""What the library raises of what it cannot read; the last three are no ValueError."""

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey


def key_of(certificate: x509.Certificate) -> PublicKey:
    """Its public key.

    Raises:
        SignatureBroken: a kind of key that signs nothing here.
    """
    key = certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        raise SignatureBroken(message="the signer's key is neither RSA nor of an elliptic curve")
    return key


def check(
    key: PublicKey, signature: bytes, message: bytes, digest: hashes.HashAlgorithm | None
) -> None:
    """Verify PKCS #1 v1.5 or ECDSA.

    Raises:
        SignatureBroken: it does not verify.
    """
    if digest is None:
        raise SignatureBroken(message="the signature's algorithm names no digest")
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, message, padding.PKCS1v15(), digest)
        else:
            key.verify(signature, message, ec.ECDSA(digest))
    except InvalidSignature:
        raise SignatureBroken(message="the signature does not verify") from None


def issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether the issuer's name and key made this certificate."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True
