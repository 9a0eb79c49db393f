"""Key pairs of a PIV card: what it gives of them, and what it is sent to sign (SP 800-78-4)."""

import hashlib
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)

from card_writer.card_edge import CardDiffers, CardRefused
from card_writer.piv import tlv
from card_writer.piv.apdu import unusable
from pki.domain.algorithms import KeyType, SignatureAlgorithm

_SHA256_INFO: Final = bytes.fromhex("3031300d060960864801650304020105000420")
"""DigestInfo up to the digest (RFC 8017 9.2, note 1)."""
ALGORITHMS: Final = {KeyType.RSA_2048: 0x07, KeyType.RSA_3072: 0x05, KeyType.P256: 0x11}
"""SP 800-78-4 table 6-2; RSA-3072 as in SP 800-78-5."""

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey


def algorithm_of(key_type: KeyType) -> int:
    """The identifier of a kind of key.

    Raises:
        CardRefused: PIV cards have no such keys.
    """
    if key_type not in ALGORITHMS:
        raise CardRefused(
            message=f"PIV cards make no {key_type.value} keys",
            next_step="choose rsa-2048, rsa-3072 or p-256",
        )
    return ALGORITHMS[key_type]


@dataclass(frozen=True, slots=True)
class CardKey:
    """The public half of a key on the card."""

    public: PublicKey

    @classmethod
    def made(cls, content: bytes, key_type: KeyType) -> "CardKey":
        """From the answer to GENERATE ASYMMETRIC KEY PAIR (SP 800-73-4 part 2 table 11).

        Raises:
            CardRefused: it is no key of the kind that was asked for.
        """
        fields = tlv.decode(content)
        try:
            if key_type is KeyType.P256:
                point = fields.get(0x86, b"")
                return cls(ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point))
            modulus, exponent = (int.from_bytes(fields.get(tag, b"")) for tag in (0x81, 0x82))
            made = cls(rsa.RSAPublicNumbers(exponent, modulus).public_key())
        except ValueError:
            raise unusable("a public key that is none") from None
        if KeyType(f"rsa-{modulus.bit_length()}") is not key_type:
            raise unusable("a public key of another size")
        return made

    @classmethod
    def load(cls, spki: bytes) -> "CardKey":
        """From DER SubjectPublicKeyInfo.

        Raises:
            CardRefused: not a key that PIV cards have.
        """
        try:
            key = load_der_public_key(spki)
        except ValueError:
            raise unusable("a public key that is none") from None
        if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
            raise unusable("a public key of another kind")
        return cls(key)

    @property
    def spki(self) -> bytes:
        """DER SubjectPublicKeyInfo (RFC 5280 4.1.2.7)."""
        return self.public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    @property
    def identifier(self) -> int:
        """What the card calls this kind of key."""
        if isinstance(self.public, rsa.RSAPublicKey):
            return algorithm_of(KeyType(f"rsa-{self.public.key_size}"))
        return ALGORITHMS[KeyType.P256]

    @property
    def algorithm(self) -> SignatureAlgorithm:
        """How it signs here."""
        is_rsa = isinstance(self.public, rsa.RSAPublicKey)
        return SignatureAlgorithm.SHA256_RSA if is_rsa else SignatureAlgorithm.ECDSA_SHA256

    def digest_info(self, message: bytes) -> bytes:
        """The digest, for RSA with the name of its algorithm (RFC 8017 9.2)."""
        digest = hashlib.sha256(message).digest()
        return _SHA256_INFO + digest if isinstance(self.public, rsa.RSAPublicKey) else digest

    def block(self, message: bytes) -> bytes:
        """What a PIV card is sent: the digest, for RSA padded (RFC 8017 9.2)."""
        info = self.digest_info(message)
        if not isinstance(self.public, rsa.RSAPublicKey):
            return info
        filler = b"\xff" * (self.public.key_size // 8 - len(info) - 3)
        return b"\x00\x01" + filler + b"\x00" + info

    def verify(self, signature: bytes, message: bytes) -> None:
        """Hold a signature that the card gave against its key.

        Raises:
            CardDiffers: it does not verify: the card holds another key.
        """
        try:
            if isinstance(self.public, rsa.RSAPublicKey):
                self.public.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
            else:
                self.public.verify(signature, message, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            raise CardDiffers(
                message="the card signed with another key than it gave",
                next_step="make the card blank and begin anew; if it stays so, take another",
            ) from None
