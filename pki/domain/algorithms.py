"""Signature algorithms by the names of their standards; DER forms are in `pki.der`."""

import re
from enum import Enum
from typing import Final

_DIGEST: Final = re.compile("(?i)sha-?(256|384|512)")


class SignatureAlgorithm(Enum):
    """What a `Signer` does with a message: hash it and sign it.

    PSS means MGF1 with the same digest and a salt of the digest's length (RFC 4055 3.1). ML-DSA is
    the pure variant with an empty context (FIPS 204 5.2; RFC 9881 3).
    """

    SHA256_RSA = "sha256WithRSAEncryption"
    SHA384_RSA = "sha384WithRSAEncryption"
    SHA512_RSA = "sha512WithRSAEncryption"
    SHA256_RSA_PSS = "id-RSASSA-PSS with SHA-256"
    SHA384_RSA_PSS = "id-RSASSA-PSS with SHA-384"
    SHA512_RSA_PSS = "id-RSASSA-PSS with SHA-512"
    ECDSA_SHA256 = "ecdsa-with-SHA256"
    ECDSA_SHA384 = "ecdsa-with-SHA384"
    ED25519 = "id-Ed25519"
    ML_DSA_65 = "id-ml-dsa-65"

    @property
    def digest(self) -> str | None:
        """What it hashes a message with, by hashlib's name; None: the message goes in whole."""
        found = _DIGEST.search(self.value)
        return None if found is None else f"sha{found[1]}"


class KeyType(Enum):
    """Kinds of key pair that profiles and ceremonies name."""

    RSA_2048 = "rsa-2048"
    RSA_3072 = "rsa-3072"
    RSA_4096 = "rsa-4096"
    P256 = "p-256"
    P384 = "p-384"
    ED25519 = "ed25519"
    ML_DSA_65 = "ml-dsa-65"
