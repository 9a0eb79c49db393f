"""A token's key pairs: made there, and their signatures in the forms that certificates use."""

from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from card_writer.card_edge import CardRefused
from card_writer.piv.keys import CardKey
from card_writer.pkcs11.link import TokenLink
from pki.domain.algorithms import KeyType

_RSA: Final = frozenset({KeyType.RSA_2048, KeyType.RSA_3072})


def made_of(link: TokenLink, key_id: str, label: str, key_type: KeyType) -> CardKey:
    """Make a key pair that stays in the token; its public half.

    Raises:
        PinNeeded: no PIN was proven.
        CardRefused: the token makes no such keys, or gave another one.
    """
    if key_type not in _RSA | {KeyType.P256}:
        raise CardRefused(
            message=f"cards make no {key_type.value} keys",
            next_step="choose rsa-2048, rsa-3072 or p-256",
        )
    kind, parts = link.call("generate", key=key_id, label=label, kind=key_type.value)
    try:
        if kind == "rsa" and key_type in _RSA:
            modulus, exponent = map(int.from_bytes, parts)
            if modulus.bit_length() == int(key_type.value.removeprefix("rsa-")):
                return CardKey(rsa.RSAPublicNumbers(exponent, modulus).public_key())
        if kind == "p-256" and key_type is KeyType.P256:
            point = _octets(parts[0])
            return CardKey(ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point))
    except ValueError:
        pass
    raise CardRefused(
        message="the token gave no public key of the kind that was asked for",
        next_step="take another card; if it stays so, look at its middleware",
    )


def sign(link: TokenLink, key_id: str, key: CardKey, message: bytes) -> bytes:
    """Sign with the key of that id, and hold the signature against ``key``.

    Digest and padding's head are made here, so that every module can do the rest. ECDSA's two
    numbers (PKCS#11 2.40, 6.3.1) become DER (RFC 5480).

    Raises:
        PinNeeded: no PIN was proven.
        CardRefused: there is no such key.
        CardDiffers: it is another key.
    """
    is_rsa = isinstance(key.public, rsa.RSAPublicKey)
    mechanism = "RSA_PKCS" if is_rsa else "ECDSA"
    found, parts = link.call("sign", key.digest_info(message), key=key_id, mechanism=mechanism)
    if not found:
        raise CardRefused(
            message="the card has a certificate, and no key that belongs to it",
            next_step="is the PIN the right one of this card? Else take another card",
        )
    signature = parts[0] if is_rsa else _der(parts[0])
    key.verify(signature, message)
    return signature


def _octets(point: bytes) -> bytes:
    """CKA_EC_POINT is a DER OCTET STRING (PKCS#11 2.40 errata 2.3.3); some modules leave it out."""
    wrapped = point[:1] == b"\x04" and len(point) > 1 and point[1] == len(point) - 2
    return point[2:] if wrapped else point


def _der(pair: bytes) -> bytes:
    half = len(pair) // 2
    return encode_dss_signature(int.from_bytes(pair[:half]), int.from_bytes(pair[half:]))
