"""How each signature algorithm is asked of a token, and what is made of its answer."""

from typing import Final

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from pki.domain.algorithms import SignatureAlgorithm
from pki.domain.errors import ConfigurationInvalid, SignatureBroken
from pki.keys.algorithms import hashed_pieces
from pki.keys.pkcs11.ports import Operation

_RSA: Final = {
    SignatureAlgorithm.SHA256_RSA: "sha256",
    SignatureAlgorithm.SHA384_RSA: "sha384",
    SignatureAlgorithm.SHA512_RSA: "sha512",
}
_PSS: Final = {
    SignatureAlgorithm.SHA256_RSA_PSS: "sha256",
    SignatureAlgorithm.SHA384_RSA_PSS: "sha384",
    SignatureAlgorithm.SHA512_RSA_PSS: "sha512",
}
_ECDSA: Final = {
    SignatureAlgorithm.ECDSA_SHA256: "sha256",
    SignatureAlgorithm.ECDSA_SHA384: "sha384",
}
_DIGEST_INFO: Final = {
    "sha256": bytes.fromhex("3031300d060960864801650304020105000420"),
    "sha384": bytes.fromhex("3041300d060960864801650304020205000430"),
    "sha512": bytes.fromhex("3051300d060960864801650304020305000440"),
}
"""DER DigestInfo up to the digest (RFC 8017 9.2, note 1)."""


def wanted(algorithm: SignatureAlgorithm) -> tuple[str, ...]:
    """The mechanisms that will do, the preferred first.

    The digest is made here where a mechanism without one exists: not every token hashes (SoftHSM
    2.6 has no ECDSA_SHA256), and less passes through the one thread.
    """
    if algorithm in _RSA:
        return "RSA_PKCS", f"{_RSA[algorithm].upper()}_RSA_PKCS"
    if algorithm in _PSS:
        return ("RSA_PKCS_PSS",)
    if algorithm in _ECDSA:
        return ("ECDSA",)
    return ("EDDSA",) if algorithm is SignatureAlgorithm.ED25519 else ("ML_DSA",)


def choose(algorithm: SignatureAlgorithm, available: frozenset[str]) -> str:
    """The mechanism that a token shall sign with.

    Raises:
        ConfigurationInvalid: the token has none for this algorithm.
    """
    for name in wanted(algorithm):
        if name in available:
            return name
    raise ConfigurationInvalid(
        key="key",
        message=f"the token cannot sign with {algorithm.value}",
        next_step=f"it lacks the mechanism CKM_{wanted(algorithm)[0]}: use another kind of key",
    )


def operation(algorithm: SignatureAlgorithm, mechanism: str, *message: bytes) -> Operation:
    """What the token is given to sign ``message``, which may come in pieces."""
    if mechanism == "RSA_PKCS":
        digest = _RSA[algorithm]
        data = _DIGEST_INFO[digest] + hashed_pieces(algorithm, message)
        return Operation(mechanism=mechanism, data=data)
    if algorithm in _PSS:
        data = hashed_pieces(algorithm, message)
        return Operation(mechanism=mechanism, data=data, digest=_PSS[algorithm])
    if algorithm in _ECDSA:
        return Operation(mechanism=mechanism, data=hashed_pieces(algorithm, message))
    return Operation(mechanism=mechanism, data=b"".join(message))


def finished(algorithm: SignatureAlgorithm, raw: bytes) -> bytes:
    """The token's answer as X.509 wants it: ECDSA's r and s as DER (RFC 3279 2.2.3).

    Raises:
        SignatureBroken: r and s are not of one length.
    """
    if algorithm not in _ECDSA:
        return raw
    half, odd = divmod(len(raw), 2)
    if odd or not half:
        raise SignatureBroken(
            message="the token returned an ECDSA signature of impossible length",
            next_step="stop using this token and examine it",
        )
    return encode_dss_signature(int.from_bytes(raw[:half]), int.from_bytes(raw[half:]))
