"""The card administration key (SP 800-73-4 part 1 table 4b, key reference 9B)."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from card_writer.secret import Secret
from pki.domain.identifiers import CardNumber

MASTER_OCTETS_MIN: Final = 32
_INFO: Final = b"ZORG-ID card administration key\0"
_PARITY: Final = 0xFE


class Algorithm(IntEnum):
    """Symmetric algorithms by their identifiers (SP 800-78-4 table 6-2)."""

    TRIPLE_DES = 0x03
    AES_128 = 0x08
    AES_192 = 0x0A
    AES_256 = 0x0C

    @property
    def key_octets(self) -> int:
        """How long a key is."""
        return {0x03: 24, 0x08: 16, 0x0A: 24, 0x0C: 32}[self.value]

    @property
    def block_octets(self) -> int:
        """How long witness and challenge are."""
        return 8 if self is Algorithm.TRIPLE_DES else 16


@dataclass(frozen=True, slots=True)
class AdminKey:
    """A key and what it is for."""

    algorithm: Algorithm
    key: Secret

    def encrypt(self, block: bytes) -> bytes:
        """One block, as the card does it."""
        return self._cipher().encryptor().update(block)

    def decrypt(self, block: bytes) -> bytes:
        """One block."""
        return self._cipher().decryptor().update(block)

    def _cipher(self) -> Cipher[modes.ECB]:
        octets = bytes(self.key.reveal())
        triple = self.algorithm is Algorithm.TRIPLE_DES
        cipher = TripleDES(octets) if triple else algorithms.AES(octets)
        return Cipher(cipher, modes.ECB())  # noqa: S305 -- one block of challenge and response


def transport_key(algorithm: Algorithm = Algorithm.TRIPLE_DES) -> AdminKey:
    """The key that PIV cards are delivered with by custom: 01 02 … 08, three times."""
    return AdminKey(algorithm, Secret((bytes(range(1, 9)) * 4)[: algorithm.key_octets]))


def diversified(master: Secret, number: CardNumber, algorithm: Algorithm) -> AdminKey:
    """This card's own key: HKDF with SHA-256 (RFC 5869) over the master, bound to the number.

    One card that is taken apart says nothing of the keys of the others.

    Raises:
        ValueError: the master has fewer than 32 octets.
    """
    if len(master) < MASTER_OCTETS_MIN:
        raise ValueError("a master key has at least 32 octets")
    info = _INFO + bytes([algorithm.value]) + number.value.encode("ascii")
    kdf = HKDF(algorithm=hashes.SHA256(), length=algorithm.key_octets, salt=None, info=info)
    made = bytearray(kdf.derive(bytes(master.reveal())))
    if algorithm is Algorithm.TRIPLE_DES:
        made[:] = bytes(map(_odd_parity, made))
    return AdminKey(algorithm, Secret(made))


def _odd_parity(octet: int) -> int:
    """Cards may insist on DES's parity bits (FIPS 46-3)."""
    bare = octet & _PARITY
    return bare | (bare.bit_count() + 1) % 2
