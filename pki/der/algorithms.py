"""AlgorithmIdentifiers of signatures and digests."""

from typing import Final

from pki.der import codec, oids
from pki.domain.algorithms import SignatureAlgorithm
from pki.domain.errors import Malformed


def _pss(digest: str, salt_length: int, digest_parameters: bytes) -> bytes:
    """RSASSA-PSS with MGF1 over the same digest; trailerField is its default (RFC 4055 3.1)."""
    hashed = codec.sequence(codec.oid(digest), digest_parameters)
    return codec.sequence(
        codec.oid(oids.RSASSA_PSS),
        codec.sequence(
            codec.explicit(0, hashed),
            codec.explicit(1, codec.sequence(codec.oid(oids.MGF1), hashed)),
            codec.explicit(2, codec.integer(salt_length)),
        ),
    )


_RSA: Final = {
    SignatureAlgorithm.SHA256_RSA: oids.SHA256_WITH_RSA,
    SignatureAlgorithm.SHA384_RSA: oids.SHA384_WITH_RSA,
    SignatureAlgorithm.SHA512_RSA: oids.SHA512_WITH_RSA,
}
_PSS: Final = {
    SignatureAlgorithm.SHA256_RSA_PSS: (oids.SHA256, 32),
    SignatureAlgorithm.SHA384_RSA_PSS: (oids.SHA384, 48),
    SignatureAlgorithm.SHA512_RSA_PSS: (oids.SHA512, 64),
}
_BARE: Final = {
    SignatureAlgorithm.ECDSA_SHA256: oids.ECDSA_WITH_SHA256,
    SignatureAlgorithm.ECDSA_SHA384: oids.ECDSA_WITH_SHA384,
    SignatureAlgorithm.ED25519: oids.ED25519,
    SignatureAlgorithm.ML_DSA_65: oids.ML_DSA_65,
}

_WRITTEN: Final[dict[SignatureAlgorithm, bytes]] = {
    **{name: codec.sequence(codec.oid(dotted), codec.NULL) for name, dotted in _RSA.items()},
    **{name: _pss(digest, salt, codec.NULL) for name, (digest, salt) in _PSS.items()},
    **{name: codec.sequence(codec.oid(dotted)) for name, dotted in _BARE.items()},
}
# RFC 4055 2.1 and 5: NULL parameters are written, absent ones must be understood as well.
_READ: Final[dict[bytes, SignatureAlgorithm]] = {
    **{der: name for name, der in _WRITTEN.items()},
    **{codec.sequence(codec.oid(dotted)): name for name, dotted in _RSA.items()},
    **{_pss(digest, salt, b""): name for name, (digest, salt) in _PSS.items()},
}


def algorithm_identifier(algorithm: SignatureAlgorithm) -> bytes:
    """DER AlgorithmIdentifier: NULL parameters for PKCS #1 v1.5, none for the others."""
    return _WRITTEN[algorithm]


def algorithm_from_der(der: bytes) -> SignatureAlgorithm:
    """Which signature algorithm this AlgorithmIdentifier names.

    Raises:
        Malformed: one that this system does not use, or with other parameters.
    """
    try:
        return _READ[der]
    except KeyError:
        raise Malformed(
            what="signature algorithm", message="signature algorithm is not one of those in use"
        ) from None
