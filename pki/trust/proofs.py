"""Proof of possession: signed challenges, and PKCS #10 requests."""

import hashlib
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key
from cryptography.x509 import load_der_x509_certificate

from pki.der.pkcs10 import read_pkcs10
from pki.domain.algorithms import KeyType, SignatureAlgorithm
from pki.domain.errors import KeyRejected, Malformed, Unauthenticated
from pki.trust.path import public_key_of
from pki.trust.signatures import verify_signature

_SIGNATURE_LIMIT: Final = 2048
_RSA_SIZES: Final = {
    2048: KeyType.RSA_2048,
    3072: KeyType.RSA_3072,
    4096: KeyType.RSA_4096,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedKey:
    """A public key whose holder signed the request.

    ``public_key`` is DER SubjectPublicKeyInfo, ``key_sha256`` its digest. ``key_type`` is None
    for a kind or size without a name here: whether a key may be certified is for the key policy
    to say.
    """

    public_key: bytes
    key_type: KeyType | None
    key_sha256: bytes


def verify_challenge(
    signer: bytes, message: bytes, signature: bytes, algorithm: SignatureAlgorithm
) -> None:
    """Make sure that the key of ``signer`` signed ``message``.

    ``signer`` is a certificate or a SubjectPublicKeyInfo, DER. Nothing is said about the
    certificate: verify it apart.

    Raises:
        Malformed: ``signer`` cannot be read.
        Unauthenticated: another key, another message, or a damaged signature.
    """
    public_key = _public_key(signer)
    if len(signature) > _SIGNATURE_LIMIT or not verify_signature(
        public_key, algorithm, message, signature
    ):
        raise Unauthenticated(
            message="the signature of the challenge does not verify",
            next_step="ask for a new challenge and sign that",
        )


def verify_pkcs10(der: bytes) -> VerifiedKey:
    """Read a PKCS #10 request (DER) and verify its signature with the key in it (RFC 2986 4.2).

    Raises:
        Malformed: not a request.
        KeyRejected: the key cannot be read (rule ``public key``), or it did not sign the request
            (rule ``proof of possession``).
    """
    request = read_pkcs10(der)
    try:
        holds = verify_signature(
            request.public_key, request.algorithm, request.info_der, request.signature
        )
    except Malformed:
        raise KeyRejected(
            rule="public key", message="the request's public key cannot be read"
        ) from None
    if not holds:
        raise KeyRejected(
            rule="proof of possession",
            message="the request is not signed with the key it asks a certificate for",
            next_step="make a new request with the card's own key",
        )
    return VerifiedKey(
        public_key=request.public_key,
        key_type=_key_type(request.public_key),
        key_sha256=hashlib.sha256(request.public_key).digest(),
    )


def _public_key(signer: bytes) -> bytes:
    try:
        return public_key_of(load_der_x509_certificate(signer))
    except (ValueError, UnsupportedAlgorithm):
        return signer


def _key_type(public_key: bytes) -> KeyType | None:
    match load_der_public_key(public_key):
        case RSAPublicKey(key_size=bits):
            return _RSA_SIZES.get(bits)
        case ec.EllipticCurvePublicKey(curve=ec.SECP256R1()):
            return KeyType.P256
        case ec.EllipticCurvePublicKey(curve=ec.SECP384R1()):
            return KeyType.P384
        case Ed25519PublicKey():
            return KeyType.ED25519
        case _:
            return None
