"""Sealing birth dates: AES-256-GCM (NIST SP 800-38D), bound to the person they belong to."""

import os
from datetime import date
from pathlib import Path
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from pki.domain.errors import ConfigurationInvalid, IntegrityBroken
from pki.domain.identifiers import PersonId
from pki.domain.people import BirthDate
from pki.ports import Entropy

KEY_OCTETS: Final = 32
_NONCE_OCTETS: Final = 12
_CONTEXT: Final = b"birth date of "


class BirthDateSealer:
    """Seals with a random nonce (12 octets, in front) and the person's id as associated data."""

    def __init__(self, key: bytes, entropy: Entropy) -> None:
        self._cipher = AESGCM(key)
        self._entropy = entropy

    @classmethod
    def load(cls, path: Path, entropy: Entropy) -> Self:
        """Read a key file of exactly 32 octets that only its owner may read.

        Raises:
            ConfigurationInvalid: no such file, another size, or readable by others.
        """
        try:
            mode, key = path.stat().st_mode, path.read_bytes()
        except OSError as error:
            raise _invalid(path, f"cannot be read ({error.strerror})") from None
        if mode & 0o077:
            raise _invalid(path, "may be read by others than its owner")
        if len(key) != KEY_OCTETS:
            raise _invalid(path, f"must hold {KEY_OCTETS} octets")
        return cls(key, entropy)

    def seal(self, person_id: PersonId, birth_date: BirthDate) -> bytes:
        """The sealed form; two seals of one date differ."""
        nonce = self._entropy.octets(_NONCE_OCTETS)
        text = birth_date.value.isoformat().encode()
        return nonce + self._cipher.encrypt(nonce, text, _context(person_id))

    def unseal(self, person_id: PersonId, sealed: bytes) -> BirthDate:
        """The date again.

        Raises:
            IntegrityBroken: changed, of another person, or sealed under another key.
        """
        nonce, box = sealed[:_NONCE_OCTETS], sealed[_NONCE_OCTETS:]
        try:
            text = self._cipher.decrypt(nonce, box, _context(person_id))
        except (InvalidTag, ValueError):
            raise IntegrityBroken(
                message="a sealed birth date does not open",
                next_step="restore the sealing key that belongs to this store",
            ) from None
        return BirthDate(date.fromisoformat(text.decode()))

    def holds(self, person_id: PersonId, sealed: bytes, birth_date: BirthDate) -> bool:
        """Whether this is the date that was sealed.

        Raises:
            IntegrityBroken: as `unseal`.
        """
        return self.unseal(person_id, sealed) == birth_date


def write_sealing_key(path: Path, entropy: Entropy) -> None:
    """Make a new key file, mode 0600; an existing one is never replaced."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(entropy.octets(KEY_OCTETS))
        file.flush()
        os.fsync(file.fileno())


def _context(person_id: PersonId) -> bytes:
    return _CONTEXT + person_id.value.encode()


def _invalid(path: Path, why: str) -> ConfigurationInvalid:
    return ConfigurationInvalid(
        key=str(path),
        message=f"sealing key {path.name} {why}",
        next_step="restore the file from the backup that belongs to this store, chmod 600",
    )
