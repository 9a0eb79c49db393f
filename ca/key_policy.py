"""Which public keys may be certified (BR 6.1.5, 6.1.6, 6.1.1.3; RFC 5280 4.1.2.7)."""

from collections.abc import Set as AbstractSet
from functools import cache, lru_cache
from math import gcd, isqrt, prod
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    SECP384R1,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)

from pki.domain.algorithms import KeyType
from pki.domain.errors import KeyRejected

CARD_EXPONENT: Final = 65537
_SPKI_OCTETS_MAX: Final = 2048
_RSA_BITS_MIN: Final = 2048
_EXPONENT_BITS_MAX: Final = 256
_SMALL_FACTOR_LIMIT: Final = 752
_ROCA_PRIME_LIMIT: Final = 168
_FERMAT_ROUNDS: Final = 100
_SIEVE: Final = (64, 63, 65, 11, 17, 19, 23)
_REMEMBERED: Final = 64
"""Keys whose judgement is kept: one key is judged several times on its way to a card."""

_RSA_TYPES: Final = {2048: KeyType.RSA_2048, 3072: KeyType.RSA_3072, 4096: KeyType.RSA_4096}
_CURVE_TYPES: Final = {SECP256R1.name: KeyType.P256, SECP384R1.name: KeyType.P384}

_Key = RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey | MLDSA65PublicKey
_P25519: Final = 2**255 - 19
_D25519: Final = -121665 * pow(121666, -1, _P25519) % _P25519


def check_key(
    spki: bytes, *, allowed: AbstractSet[KeyType], exponent: int | None = None
) -> KeyType:
    """The kind of this DER SubjectPublicKeyInfo, when it is sound and of an allowed kind.

    ``exponent``, if given, is the only RSA exponent that is accepted. Whether a key was seen before
    is known to the store alone; Debian's weak keys of 2008 are not looked up (they were made by a
    program, not a card).

    Raises:
        KeyRejected: names the rule that it breaks.
    """
    kind = _kind_if_sound(spki, exponent)
    if kind is None or kind not in allowed:
        names = ", ".join(sorted(each.value for each in allowed))
        raise _rejected("key type", f"this profile certifies only {names}")
    return kind


@lru_cache(maxsize=_REMEMBERED)
def _kind_if_sound(spki: bytes, exponent: int | None) -> KeyType | None:
    key = _load(spki)
    if isinstance(key, RSAPublicKey):
        _check_rsa(key, exponent)
    elif isinstance(key, Ed25519PublicKey):
        _check_edwards(key)
    return _kind(key)


def _kind(key: _Key) -> KeyType | None:
    match key:
        case RSAPublicKey():
            return _RSA_TYPES.get(key.key_size)
        case EllipticCurvePublicKey():
            return _CURVE_TYPES.get(key.curve.name)
        case Ed25519PublicKey():
            return KeyType.ED25519
        case MLDSA65PublicKey():
            return KeyType.ML_DSA_65


def _load(spki: bytes) -> _Key:
    if len(spki) > _SPKI_OCTETS_MAX:
        # Before any arithmetic: a huge exponent costs the verifier, not the sender.
        raise _rejected("key size", f"a key of more than {_SPKI_OCTETS_MAX} octets is not read")
    try:
        key = load_der_public_key(spki)
    except (ValueError, UnsupportedAlgorithm):
        # The library proves here that an EC point lies on its named curve.
        raise _rejected("key form", "not a sound public key of a known type") from None
    if not isinstance(key, _Key):
        raise _rejected("key type", "neither RSA, EC, Ed25519 nor ML-DSA-65")
    if key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) != spki:
        # One key has one encoding, so that a key seen before cannot come back in other clothes.
        raise _rejected("key encoding", "not the canonical DER of this key (RFC 3279 2.3)")
    return key


def _check_rsa(key: RSAPublicKey, exponent: int | None) -> None:
    numbers = key.public_numbers()
    modulus, public_exponent = numbers.n, numbers.e
    if key.key_size < _RSA_BITS_MIN:
        raise _rejected("RSA size", f"an RSA modulus needs at least {_RSA_BITS_MIN} bits")
    if key.key_size % 8:
        raise _rejected("RSA size", "the number of bits of an RSA modulus must divide by 8")
    _check_exponent(public_exponent, exponent)
    flaw = _flaw_of(modulus)
    if flaw is not None:
        raise _rejected(*flaw)


def _check_edwards(key: Ed25519PublicKey) -> None:
    """RFC 8032 5.1.3, which the library leaves to the first use: a point, and not of small order.

    Raises:
        KeyRejected: signatures by this key would prove nothing, or cannot be verified.
    """
    y = int.from_bytes(key.public_bytes_raw(), "little") & (1 << 255) - 1
    on_curve = y < _P25519 and pow(_edwards_x2(y), (_P25519 - 1) // 2, _P25519) in {0, 1}
    for _ in range(3):
        x2 = _edwards_x2(y)
        y = (y * y + x2) * pow(2 + x2 - y * y, -1, _P25519) % _P25519
    if not on_curve or y == 1:
        raise _rejected("key form", "not a point of edwards25519 with a large order")


def _edwards_x2(y: int) -> int:
    return (y * y - 1) * pow(_D25519 * y * y + 1, -1, _P25519) % _P25519


def _flaw_of(modulus: int) -> tuple[str, str] | None:
    """The rule that a modulus breaks, and why."""
    if _has_small_factor(modulus):
        return "RSA small factor", f"the modulus has a factor below {_SMALL_FACTOR_LIMIT}"
    if _has_roca_fingerprint(modulus):
        return "RSA ROCA", "the modulus has the fingerprint of CVE-2017-15361"
    if _is_fermat_factorable(modulus):
        return "RSA close primes", "the modulus is a product of two primes that are too close"
    return None


def _check_exponent(value: int, only: int | None) -> None:
    if value % 2 == 0 or value < CARD_EXPONENT or value.bit_length() > _EXPONENT_BITS_MAX:
        raise _rejected("RSA exponent", "must be odd and in [2^16 + 1, 2^256)")
    if only is not None and value != only:
        raise _rejected("RSA exponent", f"this profile certifies only exponent {only}")


def _has_small_factor(modulus: int) -> bool:
    """BR 6.1.6: the modulus is odd and has no factor smaller than 752."""
    return gcd(modulus, _primorial(_SMALL_FACTOR_LIMIT)) != 1


def _has_roca_fingerprint(modulus: int) -> bool:
    """Whether it is a power of 65537 modulo every small prime, as keys of CVE-2017-15361 are."""
    return all(
        modulus % prime in _powers_of_65537(prime) for prime in _primes_below(_ROCA_PRIME_LIMIT)[1:]
    )


def _is_fermat_factorable(modulus: int) -> bool:
    """BR 6.1.1.3: Fermat's method finds no factors within 100 rounds.

    Round ``i`` asks whether (root + 1 + i)^2 - modulus is a square. What is none modulo a small
    number is none: a few small numbers leave hardly a round to be looked at.
    """
    root = isqrt(modulus)
    if root * root == modulus:
        return True
    rounds = (1 << _FERMAT_ROUNDS) - 1
    for small in _SIEVE:
        rounds &= _may_be_squares(small, modulus % small) >> (root + 1) % small
    while rounds:
        each = root + rounds.bit_length()
        rest = each * each - modulus
        if isqrt(rest) ** 2 == rest:
            return True
        rounds ^= 1 << (rounds.bit_length() - 1)
    return False


@cache
def _may_be_squares(small: int, modulus: int) -> int:
    """Bit ``n`` tells whether n^2 - modulus is a square modulo ``small``, for every round."""
    squares = {n * n % small for n in range(small)}
    return sum(
        1 << n for n in range(small + _FERMAT_ROUNDS) if (n * n - modulus) % small in squares
    )


@cache
def _powers_of_65537(prime: int) -> frozenset[int]:
    powers = {1}
    power = CARD_EXPONENT % prime
    while power not in powers:
        powers.add(power)
        power = power * CARD_EXPONENT % prime
    return frozenset(powers)


@cache
def _primorial(limit: int) -> int:
    return prod(_primes_below(limit))


@cache
def _primes_below(limit: int) -> tuple[int, ...]:
    return tuple(n for n in range(2, limit) if all(n % d for d in range(2, isqrt(n) + 1)))


def _rejected(rule: str, why: str) -> KeyRejected:
    return KeyRejected(rule=rule, message=f"public key refused: {why}")
