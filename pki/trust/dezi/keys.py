"""The keys that statements of Dezi are verified with; none comes from a statement itself."""

from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    SECP384R1,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
)
from joserfc.jwk import ECKey, RSAKey

from pki.domain.errors import ConfigurationInvalid

SigningKey = RSAKey | ECKey

_RSA_BITS_MIN: Final = 2048
_RSA: Final = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
_EC: Final = {SECP256R1.name: frozenset({"ES256"}), SECP384R1.name: frozenset({"ES384"})}

ALGORITHMS: Final = _RSA.union(*_EC.values())
"""Every JWS algorithm that can be allowed (RFC 7518 3.3 to 3.5): asymmetric ones alone."""


def read_key(pem: bytes) -> tuple[SigningKey, frozenset[str]]:
    """A public key, or that of a certificate, and the algorithms that it can be used with.

    A certificate is a key in another envelope here: neither its dates nor its issuer are looked at.

    Raises:
        ConfigurationInvalid: it cannot be read, or is too weak or of another type.
    """
    key = _public_key(pem)
    spki = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    if isinstance(key, RSAPublicKey):
        if key.key_size < _RSA_BITS_MIN:
            raise unusable("keys", f"an RSA key has fewer than {_RSA_BITS_MIN} bits")
        return RSAKey.import_key(spki), _RSA
    if key.curve.name not in _EC:
        raise unusable("keys", f"the curve {key.curve.name} has no algorithm here")
    return ECKey.import_key(spki), _EC[key.curve.name]


def unusable(setting: str, why: str) -> ConfigurationInvalid:
    """The error that names a setting of the section [dezi]."""
    return ConfigurationInvalid(
        key=f"dezi.{setting}",
        message=f"setting dezi.{setting}: {why}",
        next_step=f"correct dezi.{setting} in the configuration, or leave [dezi] out",
    )


def _public_key(pem: bytes) -> RSAPublicKey | EllipticCurvePublicKey:
    certified = b"BEGIN CERTIFICATE" in pem
    try:
        key = _certified(pem) if certified else load_pem_public_key(pem)
    except ValueError:
        raise unusable("keys", "one is neither a public key nor a certificate in PEM") from None
    if not isinstance(key, RSAPublicKey | EllipticCurvePublicKey):
        raise unusable("keys", "one is neither an RSA nor an EC key")
    return key


def _certified(pem: bytes) -> PublicKeyTypes:
    certificates = x509.load_pem_x509_certificates(pem)
    if len(certificates) != 1:
        raise unusable("keys", "a file holds more than one certificate")
    return certificates[0].public_key()
