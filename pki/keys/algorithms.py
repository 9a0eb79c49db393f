"""What each kind of key signs with, and how cryptography is told so."""

import hashlib
from collections.abc import Callable, Iterable
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey, MLDSA65PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import load_der_x509_certificate

from pki.domain.algorithms import KeyType, SignatureAlgorithm
from pki.domain.errors import ConfigurationInvalid

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | Ed25519PrivateKey | MLDSA65PrivateKey
PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | Ed25519PublicKey | MLDSA65PublicKey

_PUBLIC_EXPONENT: Final = 65537

_DEFAULTS: Final[dict[KeyType, SignatureAlgorithm]] = {
    KeyType.RSA_2048: SignatureAlgorithm.SHA256_RSA,
    KeyType.RSA_3072: SignatureAlgorithm.SHA256_RSA,
    KeyType.RSA_4096: SignatureAlgorithm.SHA256_RSA,
    KeyType.P256: SignatureAlgorithm.ECDSA_SHA256,
    KeyType.P384: SignatureAlgorithm.ECDSA_SHA384,
    KeyType.ED25519: SignatureAlgorithm.ED25519,
    KeyType.ML_DSA_65: SignatureAlgorithm.ML_DSA_65,
}
_RSA_SIZES: Final[dict[int, KeyType]] = {
    2048: KeyType.RSA_2048,
    3072: KeyType.RSA_3072,
    4096: KeyType.RSA_4096,
}
_HASHES: Final[dict[SignatureAlgorithm, type[hashes.HashAlgorithm]]] = {
    SignatureAlgorithm.SHA256_RSA: hashes.SHA256,
    SignatureAlgorithm.SHA384_RSA: hashes.SHA384,
    SignatureAlgorithm.SHA512_RSA: hashes.SHA512,
    SignatureAlgorithm.SHA256_RSA_PSS: hashes.SHA256,
    SignatureAlgorithm.SHA384_RSA_PSS: hashes.SHA384,
    SignatureAlgorithm.SHA512_RSA_PSS: hashes.SHA512,
    SignatureAlgorithm.ECDSA_SHA256: hashes.SHA256,
    SignatureAlgorithm.ECDSA_SHA384: hashes.SHA384,
}
_PSS: Final = frozenset(
    (
        SignatureAlgorithm.SHA256_RSA_PSS,
        SignatureAlgorithm.SHA384_RSA_PSS,
        SignatureAlgorithm.SHA512_RSA_PSS,
    )
)
_RSA: Final = _PSS | {
    SignatureAlgorithm.SHA256_RSA,
    SignatureAlgorithm.SHA384_RSA,
    SignatureAlgorithm.SHA512_RSA,
}
_ECDSA: Final = frozenset((SignatureAlgorithm.ECDSA_SHA256, SignatureAlgorithm.ECDSA_SHA384))


def algorithm_for(key_type: KeyType) -> SignatureAlgorithm:
    """What a key of this type signs with unless told otherwise.

    RSA is PKCS#1 v1.5 with SHA-256, since some relying parties read no other (CPS UZI-register
    7.1).
    """
    return _DEFAULTS[key_type]


def generate_private_key(key_type: KeyType) -> PrivateKey:
    """Make a key pair with the randomness of OpenSSL's generator; RSA exponents are 65537."""
    match key_type:
        case KeyType.RSA_2048 | KeyType.RSA_3072 | KeyType.RSA_4096:
            size = next(bits for bits, each in _RSA_SIZES.items() if each is key_type)
            return rsa.generate_private_key(_PUBLIC_EXPONENT, size)
        case KeyType.P256:
            return ec.generate_private_key(ec.SECP256R1())
        case KeyType.P384:
            return ec.generate_private_key(ec.SECP384R1())
        case KeyType.ED25519:
            return Ed25519PrivateKey.generate()
        case KeyType.ML_DSA_65:
            return MLDSA65PrivateKey.generate()


def key_type_of(public_key: object) -> KeyType:
    """Name the kind of a public key.

    Raises:
        ConfigurationInvalid: a kind that this system does not sign with.
    """
    match public_key:
        case rsa.RSAPublicKey(key_size=bits) if bits in _RSA_SIZES:
            return _RSA_SIZES[bits]
        case ec.EllipticCurvePublicKey(curve=ec.SECP256R1()):
            return KeyType.P256
        case ec.EllipticCurvePublicKey(curve=ec.SECP384R1()):
            return KeyType.P384
        case Ed25519PublicKey():
            return KeyType.ED25519
        case MLDSA65PublicKey():
            return KeyType.ML_DSA_65
        case _:
            raise ConfigurationInvalid(
                key="key type",
                message="the key is of a kind or size this system does not sign with",
                next_step="use RSA of 2048, 3072 or 4096 bits, P-256, P-384, Ed25519 or ML-DSA-65",
            )


def fits(algorithm: SignatureAlgorithm, key: PrivateKey | PublicKey) -> bool:
    """Whether a key of this kind can sign, or verify, with ``algorithm``."""
    match key:
        case rsa.RSAPrivateKey() | rsa.RSAPublicKey():
            return algorithm in _RSA
        case ec.EllipticCurvePrivateKey() | ec.EllipticCurvePublicKey():
            return algorithm in _ECDSA
        case Ed25519PrivateKey() | Ed25519PublicKey():
            return algorithm is SignatureAlgorithm.ED25519
        case MLDSA65PrivateKey() | MLDSA65PublicKey():
            return algorithm is SignatureAlgorithm.ML_DSA_65


def first_that_fits(
    algorithms: Iterable[SignatureAlgorithm], certificate: bytes
) -> SignatureAlgorithm | None:
    """What the key of a DER certificate shall sign with: the first that it can.

    Raises:
        ValueError, UnsupportedAlgorithm: the certificate or its key cannot be read.
    """
    key = load_der_x509_certificate(certificate).public_key()
    if not isinstance(key, PublicKey):
        return None
    return next((each for each in algorithms if fits(each, key)), None)


def sign(key: PrivateKey, algorithm: SignatureAlgorithm, message: bytes) -> bytes:
    """Hash and sign; the caller has seen to it that ``algorithm`` `fits` the key."""
    return signing(key, algorithm)(message)


def signing(
    key: PrivateKey, algorithm: SignatureAlgorithm, *, hashed: bool = False
) -> Callable[[bytes], bytes]:
    """What signs with this key: all that does not depend on the message is done now.

    ``hashed``: it is given the message's digest (see `hashed_pieces`).
    """
    match key:
        case rsa.RSAPrivateKey():
            padding_, digest = _padding(algorithm), _hash(algorithm, hashed=hashed)
            return lambda message: key.sign(message, padding_, digest)
        case ec.EllipticCurvePrivateKey():
            ecdsa = ec.ECDSA(_hash(algorithm, hashed=hashed))
            return lambda message: key.sign(message, ecdsa)
        case Ed25519PrivateKey() | MLDSA65PrivateKey():
            return key.sign


def hashed_pieces(algorithm: SignatureAlgorithm, pieces: Iterable[bytes]) -> bytes:
    """What is signed of pieces that are a message: its digest, or the message where none is made.

    Other threads run meanwhile where pieces are large.
    """
    if algorithm.digest is None:
        return b"".join(pieces)
    digest = hashlib.new(algorithm.digest)
    for each in pieces:
        digest.update(each)
    return digest.digest()


def verifies(
    key: PublicKey,
    algorithm: SignatureAlgorithm,
    message: bytes,
    signature: bytes,
    *,
    hashed: bool = False,
) -> bool:
    """Whether ``signature`` is one of ``message``, or of its digest if ``hashed``, by this key."""
    try:
        match key:
            case rsa.RSAPublicKey():
                digest = _hash(algorithm, hashed=hashed)
                key.verify(signature, message, _padding(algorithm), digest)
            case ec.EllipticCurvePublicKey():
                key.verify(signature, message, ec.ECDSA(_hash(algorithm, hashed=hashed)))
            case Ed25519PublicKey() | MLDSA65PublicKey():
                key.verify(signature, message)
    except InvalidSignature:
        return False
    return True


def spki(key: PublicKey) -> bytes:
    """The key as DER SubjectPublicKeyInfo."""
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _hash(algorithm: SignatureAlgorithm, *, hashed: bool) -> hashes.HashAlgorithm | utils.Prehashed:
    digest = _HASHES[algorithm]()
    return utils.Prehashed(digest) if hashed else digest


def _padding(algorithm: SignatureAlgorithm) -> padding.PKCS1v15 | padding.PSS:
    """PSS salts are as long as the digest (RFC 4055 3.1)."""
    if algorithm not in _PSS:
        return padding.PKCS1v15()
    digest = _HASHES[algorithm]()
    return padding.PSS(padding.MGF1(digest), digest.digest_size)
