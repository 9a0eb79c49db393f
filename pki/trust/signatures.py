"""Whether a signature is one: by a public key, an algorithm's name, and nothing else."""

from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from pki.domain.algorithms import SignatureAlgorithm
from pki.domain.errors import Malformed

_PKCS1: Final[dict[SignatureAlgorithm, hashes.HashAlgorithm]] = {
    SignatureAlgorithm.SHA256_RSA: hashes.SHA256(),
    SignatureAlgorithm.SHA384_RSA: hashes.SHA384(),
    SignatureAlgorithm.SHA512_RSA: hashes.SHA512(),
}
_PSS: Final[dict[SignatureAlgorithm, hashes.HashAlgorithm]] = {
    SignatureAlgorithm.SHA256_RSA_PSS: hashes.SHA256(),
    SignatureAlgorithm.SHA384_RSA_PSS: hashes.SHA384(),
    SignatureAlgorithm.SHA512_RSA_PSS: hashes.SHA512(),
}
_ECDSA: Final[dict[SignatureAlgorithm, hashes.HashAlgorithm]] = {
    SignatureAlgorithm.ECDSA_SHA256: hashes.SHA256(),
    SignatureAlgorithm.ECDSA_SHA384: hashes.SHA384(),
}


def verify_signature(
    public_key: bytes, algorithm: SignatureAlgorithm, message: bytes, signature: bytes
) -> bool:
    """Whether ``signature`` is one of ``message`` by ``public_key`` (DER SubjectPublicKeyInfo).

    An algorithm of another kind than the key's is False, not an error. PSS salts have the digest's
    length (RFC 4055 3.1).

    Raises:
        Malformed: the key cannot be read.
    """
    try:
        key = load_der_public_key(public_key)
    except (ValueError, UnsupportedAlgorithm):
        raise Malformed(what="public key", message="public key cannot be read") from None
    try:
        match key:
            case RSAPublicKey():
                return _verify_rsa(key, algorithm, message, signature)
            case ec.EllipticCurvePublicKey() if algorithm in _ECDSA:
                key.verify(signature, message, ec.ECDSA(_ECDSA[algorithm]))
            case Ed25519PublicKey() if algorithm is SignatureAlgorithm.ED25519:
                key.verify(signature, message)
            case MLDSA65PublicKey() if algorithm is SignatureAlgorithm.ML_DSA_65:
                key.verify(signature, message)
            case _:
                return False
    except InvalidSignature:
        return False
    return True


def _verify_rsa(
    key: RSAPublicKey, algorithm: SignatureAlgorithm, message: bytes, signature: bytes
) -> bool:
    if algorithm in _PKCS1:
        key.verify(signature, message, padding.PKCS1v15(), _PKCS1[algorithm])
        return True
    if algorithm in _PSS:
        digest = _PSS[algorithm]
        pss = padding.PSS(padding.MGF1(digest), digest.digest_size)
        key.verify(signature, message, pss, digest)
        return True
    return False
