"""Keys of the virtual PIV card: key pairs, and the lock that its administrator opens."""

import secrets
from dataclasses import dataclass

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from virtual_card.apdu import NOT_ALLOWED, WRONG_DATA, Status, tlv

TRIPLE_DES, AES_128, AES_192, AES_256 = 0x03, 0x08, 0x0A, 0x0C
KEY_OCTETS = {TRIPLE_DES: 24, AES_128: 16, AES_192: 24, AES_256: 32}
TRANSPORT_KEY = bytes(range(1, 9)) * 3
RSA_BITS = {0x07: 2048, 0x05: 3072}
P256 = 0x11


@dataclass(frozen=True, slots=True)
class Key:
    algorithm: int
    private: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def make_key(asked: bytes) -> Key:
    algorithm = asked[0] if asked else 0
    if algorithm == P256:
        return Key(algorithm, ec.generate_private_key(ec.SECP256R1()))
    if algorithm in RSA_BITS:
        return Key(algorithm, rsa.generate_private_key(65537, RSA_BITS[algorithm]))
    raise Status(WRONG_DATA)


def public_part(key: Key) -> bytes:
    public = key.private.public_key()
    if isinstance(public, ec.EllipticCurvePublicKey):
        return tlv(0x86, public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))
    modulus = public.public_numbers().n.to_bytes(public.key_size // 8, "big")
    return tlv(0x81, modulus) + tlv(0x82, b"\x01\x00\x01")


def sign_raw(key: Key, block: bytes) -> bytes:
    """What the host padded or hashed, through the key."""
    if isinstance(key.private, ec.EllipticCurvePrivateKey):
        if len(block) != 32:
            raise Status(WRONG_DATA)
        return key.private.sign(block, ec.ECDSA(Prehashed(hashes.SHA256())))
    numbers = key.private.private_numbers()
    modulus = numbers.public_numbers.n
    size = key.private.key_size // 8
    value = int.from_bytes(block, "big")
    if len(block) != size or value >= modulus:
        raise Status(WRONG_DATA)
    return pow(value, numbers.d, modulus).to_bytes(size, "big")


@dataclass(slots=True)
class AdminLock:
    """GENERAL AUTHENTICATE with the card administration key, both ways (SP 800-73-4 A.1)."""

    algorithm: int = TRIPLE_DES
    key: bytes = TRANSPORT_KEY
    open: bool = False
    _witness: bytes = b""
    _challenge: bytes = b""

    @property
    def is_transport(self) -> bool:
        return self.key == TRANSPORT_KEY

    def close(self) -> None:
        self.open = False
        self._witness = self._challenge = b""

    def require_open(self) -> None:
        if not self.open:
            raise Status(NOT_ALLOWED)

    def replace(self, data: bytes) -> None:
        self.require_open()
        if len(data) < 3 or data[1] != 0x9B or KEY_OCTETS.get(data[0]) != data[2]:
            raise Status(WRONG_DATA)
        if len(data) != 3 + data[2]:
            raise Status(WRONG_DATA)
        self.algorithm, self.key = data[0], data[3:]

    def authenticate(self, algorithm: int, asked: dict[int, bytes]) -> bytes:
        if algorithm not in {self.algorithm, 0}:
            raise Status(WRONG_DATA)
        match asked:
            case {0x80: b""}:
                self._witness = secrets.token_bytes(self._block)
                return tlv(0x7C, tlv(0x80, self._encrypt(self._witness)))
            case {0x80: witness, 0x81: challenge}:
                self._open(self._witness, witness)
                return tlv(0x7C, tlv(0x82, self._encrypt(challenge)))
            case {0x81: b""}:
                self._challenge = secrets.token_bytes(self._block)
                return tlv(0x7C, tlv(0x81, self._challenge))
            case {0x82: response}:
                self._open(self._encrypt(self._challenge), response)
                return b""
            case _:
                raise Status(WRONG_DATA)

    def _open(self, expected: bytes, got: bytes) -> None:
        asked = self._witness or self._challenge
        self.close()
        if not asked or not secrets.compare_digest(expected, got):
            raise Status(NOT_ALLOWED)
        self.open = True

    @property
    def _block(self) -> int:
        return 8 if self.algorithm == TRIPLE_DES else 16

    def _encrypt(self, block: bytes) -> bytes:
        if len(block) != self._block:
            raise Status(WRONG_DATA)
        triple = self.algorithm == TRIPLE_DES
        cipher = TripleDES(self.key) if triple else algorithms.AES(self.key)
        return Cipher(cipher, modes.ECB()).encryptor().update(block)  # noqa: S305 -- the standard's
