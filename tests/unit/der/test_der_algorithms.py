"""Signature algorithm identifiers, as another library writes them."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from pki.der import codec, oids
from pki.der.algorithms import algorithm_from_der, algorithm_identifier
from pki.domain.algorithms import SignatureAlgorithm
from pki.domain.errors import Malformed

EMPTY = x509.CertificateSigningRequestBuilder(x509.Name([]))
Digest = hashes.SHA256 | hashes.SHA384 | hashes.SHA512


@pytest.fixture(scope="module")
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def identifier(request: x509.CertificateSigningRequest) -> bytes:
    outer = codec.outermost(request.public_bytes(Encoding.DER), "request", 9999)
    outer.element()
    return outer.element()


@pytest.mark.parametrize(
    ("algorithm", "digest"),
    [
        (SignatureAlgorithm.SHA256_RSA, hashes.SHA256()),
        (SignatureAlgorithm.SHA384_RSA, hashes.SHA384()),
        (SignatureAlgorithm.SHA512_RSA, hashes.SHA512()),
    ],
)
def test_rsa_has_null_parameters(
    rsa_key: rsa.RSAPrivateKey, algorithm: SignatureAlgorithm, digest: Digest
) -> None:
    assert algorithm_identifier(algorithm) == identifier(EMPTY.sign(rsa_key, digest))
    assert algorithm_identifier(algorithm).endswith(codec.NULL)


@pytest.mark.parametrize(
    ("algorithm", "digest", "salt"),
    [
        (SignatureAlgorithm.SHA256_RSA_PSS, hashes.SHA256(), 32),
        (SignatureAlgorithm.SHA384_RSA_PSS, hashes.SHA384(), 48),
        (SignatureAlgorithm.SHA512_RSA_PSS, hashes.SHA512(), 64),
    ],
)
def test_pss_has_the_salt_of_its_digest(
    rsa_key: rsa.RSAPrivateKey, algorithm: SignatureAlgorithm, digest: Digest, salt: int
) -> None:
    pss = padding.PSS(padding.MGF1(digest), salt)
    theirs = identifier(EMPTY.sign(rsa_key, digest, rsa_padding=pss))
    assert algorithm_from_der(theirs) is algorithm
    assert algorithm_identifier(algorithm) == theirs


def test_ecdsa_and_ed25519_have_no_parameters() -> None:
    p256 = ec.derive_private_key(7, ec.SECP256R1())
    ed = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32))
    for algorithm, request in {
        SignatureAlgorithm.ECDSA_SHA256: EMPTY.sign(p256, hashes.SHA256()),
        SignatureAlgorithm.ECDSA_SHA384: EMPTY.sign(p256, hashes.SHA384()),
        SignatureAlgorithm.ED25519: EMPTY.sign(ed, None),
    }.items():
        assert algorithm_identifier(algorithm) == identifier(request)


@pytest.mark.parametrize("algorithm", SignatureAlgorithm)
def test_every_algorithm_comes_back(algorithm: SignatureAlgorithm) -> None:
    assert algorithm_from_der(algorithm_identifier(algorithm)) is algorithm


def test_rsa_without_parameters_is_understood() -> None:
    bare = codec.sequence(codec.oid(oids.SHA256_WITH_RSA))
    assert algorithm_from_der(bare) is SignatureAlgorithm.SHA256_RSA


@pytest.mark.parametrize(
    "der",
    [
        b"",
        codec.sequence(),
        codec.sequence(codec.oid("1.2.840.113549.1.1.5"), codec.NULL),
        codec.sequence(codec.oid(oids.ECDSA_WITH_SHA256), codec.NULL),
        codec.sequence(codec.oid(oids.RSASSA_PSS)),
    ],
    ids=["nothing", "empty", "sha1", "ecdsa with NULL", "pss with defaults"],
)
def test_other_algorithms_are_malformed(der: bytes) -> None:
    with pytest.raises(Malformed, match="not one of those in use"):
        algorithm_from_der(der)
