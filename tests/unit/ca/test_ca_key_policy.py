from itertools import count
from math import gcd, prod
from random import Random

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, mldsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ca.key_policy import check_key
from fixtures.signers import signer
from pki.der import codec
from pki.domain.algorithms import KeyType
from pki.domain.errors import KeyRejected

RSA_OID = "1.2.840.113549.1.1.1"
ALL = frozenset(KeyType)
SMALL_PRIMES = [n for n in range(2, 752) if all(n % d for d in range(2, n))]
SMALL_PRODUCT = prod(SMALL_PRIMES)
CHANCE = Random("key policy")


def rsa_spki(modulus: int, exponent: int = 65537, parameters: bytes = codec.NULL) -> bytes:
    bits = codec.sequence(codec.integer(modulus), codec.integer(exponent))
    return codec.sequence(codec.sequence(codec.oid(RSA_OID), parameters), codec.bit_string(bits))


def sound_modulus(bits: int) -> int:
    """An odd number of exactly so many bits without small factors: what a modulus shows."""
    while True:
        n = CHANCE.getrandbits(bits) | 1 | 1 << (bits - 1)
        if gcd(n, SMALL_PRODUCT) == 1:
            return n


def close_primes_modulus(rounds: int) -> int:
    """(a - b)(a + b), which Fermat's method takes apart in about so many rounds."""
    while True:
        a = CHANCE.getrandbits(1024) | 3 << 1022
        a &= ~1
        b = isqrt_even(2 * a * rounds) | 1
        n = (a - b) * (a + b)
        if n.bit_length() == 2048 and gcd(n, SMALL_PRODUCT) == 1:
            return n


def square_modulus() -> int:
    while (square := sound_modulus(1024) ** 2).bit_length() != 2048:
        pass
    return square


def isqrt_even(value: int) -> int:
    low, high = 0, 1 << (value.bit_length() // 2 + 1)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if middle * middle <= value else (low, middle - 1)
    return low & ~1


def roca_modulus() -> int:
    """k M + 65537^a mod M with M the product of the first 39 primes (Nemec and others, 2017)."""
    primorial = prod(p for p in SMALL_PRIMES if p < 168)
    for a in count(CHANCE.getrandbits(64)):
        k = CHANCE.getrandbits(2048 - primorial.bit_length()) | 1 << (2047 - primorial.bit_length())
        n = k * primorial + pow(65537, a, primorial)
        if n.bit_length() == 2048 and gcd(n, SMALL_PRODUCT) == 1:
            return n
    raise AssertionError


@pytest.mark.parametrize("kind", [KeyType.RSA_2048, KeyType.RSA_3072, KeyType.P256])
def test_sound_keys_pass(kind: KeyType) -> None:
    spki = signer(kind, "key policy").public_key
    assert check_key(spki, allowed=frozenset({kind})) is kind


def test_sound_modulus_alone_passes() -> None:
    assert check_key(rsa_spki(sound_modulus(2048)), allowed=ALL) is KeyType.RSA_2048


@pytest.mark.parametrize(
    ("spki", "rule"),
    [
        (rsa_spki(sound_modulus(1024)), "RSA size"),
        (rsa_spki(sound_modulus(2040)), "RSA size"),
        (rsa_spki(sound_modulus(2049)), "RSA size"),
        (rsa_spki(sound_modulus(2056)), "key type"),
        (rsa_spki(sound_modulus(2048), 3), "RSA exponent"),
        (rsa_spki(sound_modulus(2048), 65535), "RSA exponent"),
        (rsa_spki(sound_modulus(2048), (1 << 256) + 1), "RSA exponent"),
        (rsa_spki(roca_modulus()), "RSA ROCA"),
        (rsa_spki(close_primes_modulus(0)), "RSA close primes"),
        (rsa_spki(close_primes_modulus(98)), "RSA close primes"),
        (rsa_spki(square_modulus()), "RSA close primes"),
        (rsa_spki(sound_modulus(2048), parameters=b""), None),
        (rsa_spki(sound_modulus(16384)), "key size"),
        (rsa_spki(sound_modulus(2048), (1 << 60_000) + 1), "key size"),
        (b"", "key form"),
        (b"\x30\x80", "key form"),
        (rsa_spki(sound_modulus(2048))[:-1], "key form"),
    ],
)
def test_weak_and_foreign_rsa_keys_are_refused(spki: bytes, rule: str | None) -> None:
    with pytest.raises(KeyRejected) as refused:
        check_key(spki, allowed=ALL)
    assert rule is None or refused.value.rule == rule


@pytest.mark.parametrize("factor", [3, 5, 751])
def test_small_factors_are_refused(factor: int) -> None:
    bits = 2049 - factor.bit_length()
    while (modulus := factor * sound_modulus(bits)).bit_length() != 2048:
        pass
    assert modulus % factor == 0
    assert modulus % 2
    with pytest.raises(KeyRejected) as refused:
        check_key(rsa_spki(modulus), allowed=ALL)
    assert refused.value.rule == "RSA small factor"


def test_even_modulus_and_even_exponent_are_refused() -> None:
    with pytest.raises(KeyRejected):
        check_key(rsa_spki(sound_modulus(2048) + 1), allowed=ALL)
    with pytest.raises(KeyRejected):
        check_key(rsa_spki(sound_modulus(2048), 65538), allowed=ALL)


def test_primes_that_are_far_apart_are_not_taken_for_close() -> None:
    assert check_key(rsa_spki(close_primes_modulus(300)), allowed=ALL) is KeyType.RSA_2048


def test_only_the_profiles_exponent_passes() -> None:
    spki = rsa_spki(sound_modulus(2048), 65539)
    assert check_key(spki, allowed=ALL) is KeyType.RSA_2048
    with pytest.raises(KeyRejected) as refused:
        check_key(spki, allowed=ALL, exponent=65537)
    assert refused.value.rule == "RSA exponent"


def test_other_curves_and_kinds_are_refused_by_the_profile() -> None:
    for curve in (ec.SECP384R1(), ec.SECP521R1(), ec.SECP256K1(), ec.BrainpoolP256R1()):
        spki = _spki(ec.generate_private_key(curve))
        with pytest.raises(KeyRejected) as refused:
            check_key(spki, allowed=frozenset({KeyType.P256, KeyType.RSA_2048}))
        assert refused.value.rule == "key type"
    for key in (ed25519.Ed25519PrivateKey.generate(), mldsa.MLDSA65PrivateKey.generate()):
        with pytest.raises(KeyRejected) as refused:
            check_key(_spki(key), allowed=frozenset({KeyType.P256, KeyType.RSA_2048}))
        assert refused.value.rule == "key type"
    with pytest.raises(KeyRejected) as refused:
        check_key(_spki(ed448.Ed448PrivateKey.generate()), allowed=ALL)
    assert refused.value.rule == "key type"


def test_kinds_for_cas_in_practice() -> None:
    for key, kind in (
        (ed25519.Ed25519PrivateKey.generate(), KeyType.ED25519),
        (mldsa.MLDSA65PrivateKey.generate(), KeyType.ML_DSA_65),
        (ec.generate_private_key(ec.SECP384R1()), KeyType.P384),
    ):
        assert check_key(_spki(key), allowed=ALL) is kind


ORDER_8 = "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"
"""The y of a point of order 8 of edwards25519 (the curve: RFC 8032 5.1)."""


@pytest.mark.parametrize(
    "encoded",
    [
        "01" + 31 * "00",
        "ec" + 30 * "ff" + "7f",
        32 * "00",
        31 * "00" + "80",
        ORDER_8,
        "02" + 31 * "00",
        "ee" + 30 * "ff" + "7f",
    ],
    ids=["order 1", "order 2", "order 4", "order 4, sign", "order 8", "off the curve", "y >= p"],
)
def test_an_edwards_point_that_proves_nothing_is_refused(encoded: str) -> None:
    algorithm = codec.sequence(codec.oid("1.3.101.112"))
    spki = codec.sequence(algorithm, codec.bit_string(bytes.fromhex(encoded)))
    with pytest.raises(KeyRejected) as refused:
        check_key(spki, allowed=ALL)
    assert refused.value.rule == "key form"


def test_point_off_the_curve_is_refused() -> None:
    spki = bytearray(signer(KeyType.P256, "key policy").public_key)
    spki[-1] ^= 1
    with pytest.raises(KeyRejected) as refused:
        check_key(bytes(spki), allowed=ALL)
    assert refused.value.rule == "key form"


def test_compressed_point_is_another_encoding_of_a_key_and_refused() -> None:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    point = key.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    algorithm = codec.sequence(codec.oid("1.2.840.10045.2.1"), codec.oid("1.2.840.10045.3.1.7"))
    with pytest.raises(KeyRejected) as refused:
        check_key(codec.sequence(algorithm, codec.bit_string(point)), allowed=ALL)
    assert refused.value.rule == "key encoding"


def test_trailing_bytes_are_refused() -> None:
    with pytest.raises(KeyRejected):
        check_key(signer(KeyType.P256, "key policy").public_key + b"\x00", allowed=ALL)


def _spki(
    key: ec.EllipticCurvePrivateKey
    | ed25519.Ed25519PrivateKey
    | ed448.Ed448PrivateKey
    | mldsa.MLDSA65PrivateKey,
) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
