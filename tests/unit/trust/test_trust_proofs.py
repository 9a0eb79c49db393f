"""Challenges and PKCS #10: only the holder of the key gets past."""

import hashlib

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from made.uzi import Register, der
from pki.domain.algorithms import KeyType, SignatureAlgorithm
from pki.domain.errors import KeyRejected, Malformed, Unauthenticated
from pki.trust.proofs import verify_challenge, verify_pkcs10
from pki.trust.signatures import verify_signature

Key = (
    rsa.RSAPrivateKey
    | ec.EllipticCurvePrivateKey
    | ed25519.Ed25519PrivateKey
    | mldsa.MLDSA65PrivateKey
)

MESSAGE = b"a challenge"
RSA = rsa.generate_private_key(65537, 2048)
P256 = ec.generate_private_key(ec.SECP256R1())
P384 = ec.generate_private_key(ec.SECP384R1())
ED = ed25519.Ed25519PrivateKey.generate()
ML_DSA = mldsa.MLDSA65PrivateKey.generate()
EMPTY = x509.Name([])


def spki(key: Key) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def pss(digest: hashes.HashAlgorithm, salt: int) -> bytes:
    return RSA.sign(MESSAGE, padding.PSS(padding.MGF1(digest), salt), digest)


SIGNED: dict[SignatureAlgorithm, tuple[Key, bytes]] = {
    SignatureAlgorithm.SHA256_RSA: (
        RSA,
        RSA.sign(MESSAGE, padding.PKCS1v15(), hashes.SHA256()),
    ),
    SignatureAlgorithm.SHA384_RSA: (
        RSA,
        RSA.sign(MESSAGE, padding.PKCS1v15(), hashes.SHA384()),
    ),
    SignatureAlgorithm.SHA512_RSA: (
        RSA,
        RSA.sign(MESSAGE, padding.PKCS1v15(), hashes.SHA512()),
    ),
    SignatureAlgorithm.SHA256_RSA_PSS: (RSA, pss(hashes.SHA256(), 32)),
    SignatureAlgorithm.SHA384_RSA_PSS: (RSA, pss(hashes.SHA384(), 48)),
    SignatureAlgorithm.SHA512_RSA_PSS: (RSA, pss(hashes.SHA512(), 64)),
    SignatureAlgorithm.ECDSA_SHA256: (P256, P256.sign(MESSAGE, ec.ECDSA(hashes.SHA256()))),
    SignatureAlgorithm.ECDSA_SHA384: (P384, P384.sign(MESSAGE, ec.ECDSA(hashes.SHA384()))),
    SignatureAlgorithm.ED25519: (ED, ED.sign(MESSAGE)),
    SignatureAlgorithm.ML_DSA_65: (ML_DSA, ML_DSA.sign(MESSAGE)),
}


@pytest.mark.parametrize("algorithm", SignatureAlgorithm)
def test_each_algorithm_verifies_its_own_signature_and_no_other(
    algorithm: SignatureAlgorithm,
) -> None:
    key, signature = SIGNED[algorithm]
    verifying = [
        each for each in SignatureAlgorithm
        if verify_signature(spki(key), each, MESSAGE, signature)
    ]  # fmt: skip
    assert verifying == [algorithm]
    assert not verify_signature(spki(key), algorithm, MESSAGE + b"!", signature)


def test_a_pss_salt_of_another_length_is_refused() -> None:
    signature = pss(hashes.SHA512(), 20)
    assert not verify_signature(spki(RSA), SignatureAlgorithm.SHA512_RSA_PSS, MESSAGE, signature)


@pytest.mark.parametrize("octets", [b"", b"no key", b"\x30\x00"])
def test_an_unreadable_key_is_malformed(octets: bytes) -> None:
    with pytest.raises(Malformed):
        verify_signature(octets, SignatureAlgorithm.SHA256_RSA, MESSAGE, b"")
    with pytest.raises(Malformed):
        verify_challenge(octets, MESSAGE, b"", SignatureAlgorithm.SHA256_RSA)


def test_a_challenge_is_verified_by_certificate_or_key(uzi_register: Register) -> None:
    certificate = der(uzi_register.issue())
    key = uzi_register.pass_key
    signature = key.sign(MESSAGE, padding.PKCS1v15(), hashes.SHA256())
    verify_challenge(certificate, MESSAGE, signature, SignatureAlgorithm.SHA256_RSA)
    verify_challenge(spki(key), MESSAGE, signature, SignatureAlgorithm.SHA256_RSA)


def test_a_challenge_signed_by_another_or_for_another_is_refused(uzi_register: Register) -> None:
    certificate = der(uzi_register.issue())
    key = uzi_register.pass_key
    signature = key.sign(MESSAGE, padding.PKCS1v15(), hashes.SHA256())
    foreign = RSA.sign(MESSAGE, padding.PKCS1v15(), hashes.SHA256())
    attempts = [
        (b"another challenge", signature, SignatureAlgorithm.SHA256_RSA),
        (MESSAGE, foreign, SignatureAlgorithm.SHA256_RSA),
        (MESSAGE, signature, SignatureAlgorithm.SHA512_RSA),
        (MESSAGE, signature, SignatureAlgorithm.ECDSA_SHA256),
        (MESSAGE, b"", SignatureAlgorithm.SHA256_RSA),
        (MESSAGE, signature + b"\0", SignatureAlgorithm.SHA256_RSA),
        (MESSAGE, signature * 20, SignatureAlgorithm.SHA256_RSA),
    ]
    for message, octets, algorithm in attempts:
        with pytest.raises(Unauthenticated):
            verify_challenge(certificate, message, octets, algorithm)


def request(key: Key) -> bytes:
    digest = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    builder = x509.CertificateSigningRequestBuilder(EMPTY)
    return builder.sign(key, digest).public_bytes(Encoding.DER)


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        (RSA, KeyType.RSA_2048),
        (P256, KeyType.P256),
        (P384, KeyType.P384),
        (ED, KeyType.ED25519),
        (rsa.generate_private_key(65537, 3072), KeyType.RSA_3072),
        (rsa.generate_private_key(65537, 1024), None),  # noqa: S505 -- for the key policy to refuse
    ],
    ids=["rsa-2048", "p-256", "p-384", "ed25519", "rsa-3072", "rsa-1024"],
)
def test_a_request_signed_with_its_own_key_gives_that_key(key: Key, kind: KeyType | None) -> None:
    verified = verify_pkcs10(request(key))
    assert verified.public_key == spki(key)
    assert verified.key_type is kind
    assert verified.key_sha256 == hashlib.sha256(spki(key)).digest()


def test_a_request_signed_with_another_key_is_refused() -> None:
    own, other = request(P256), request(ec.generate_private_key(ec.SECP256R1()))
    mine = x509.load_der_x509_csr(own)
    theirs = x509.load_der_x509_csr(other)
    swapped = own.replace(
        mine.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        theirs.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
    )
    assert swapped != own
    with pytest.raises(KeyRejected) as caught:
        verify_pkcs10(swapped)
    assert caught.value.rule == "proof of possession"


def test_a_request_with_an_unreadable_key_is_refused_by_that_rule() -> None:
    octets = request(P256)
    point = x509.load_der_x509_csr(octets).public_key()
    raw = point.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    off_curve = raw[:-1] + bytes([raw[-1] ^ 1])
    with pytest.raises(KeyRejected) as caught:
        verify_pkcs10(octets.replace(raw, off_curve))
    assert caught.value.rule == "public key"


@pytest.mark.parametrize("octets", [b"", b"no request", b"\x30\x00", bytes(20_000)])
def test_what_is_no_request_is_malformed(octets: bytes) -> None:
    with pytest.raises(Malformed):
        verify_pkcs10(octets)


WHOLE = request(P256)


@given(position=st.integers(0, len(WHOLE) - 1), mask=st.integers(1, 255))
def test_a_damaged_request_is_refused(position: int, mask: int) -> None:
    octets = bytearray(WHOLE)
    octets[position] ^= mask
    with pytest.raises((Malformed, KeyRejected)):
        verify_pkcs10(bytes(octets))
