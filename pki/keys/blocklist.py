"""Keys whose private halves are known: looked up in a file that an operator keeps up to date."""

import hashlib
import mmap
from pathlib import Path
from typing import Final, Self

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)

from pki.domain.errors import ConfigurationInvalid

_RECORD: Final = 16
_HASH: Final = 15


class KeyBlocklist:
    """A sorted list in the format of badkeys (`blocklist.dat`), mapped, not read into memory.

    Each record of 16 octets is the first 15 of a SHA-256 and the number of the list it is from. The
    hash is of the RSA modulus, of an EC point's x, big-endian without leading zeros, or of the raw
    key of other kinds. 15 octets are enough: a sound key is listed by chance once in 2^98 times.
    """

    __slots__ = ("_records", "entries", "sha256")

    def __init__(self, records: mmap.mmap) -> None:
        """Use `open`."""
        self._records = records
        self.entries = len(records) // _RECORD
        self.sha256 = hashlib.sha256(records).hexdigest()

    @classmethod
    def open(cls, path: Path) -> Self:
        """Map the file and see that it is sorted, since an unsorted one finds nothing.

        The file must be replaced by another one of the same name, not written into.

        Raises:
            ConfigurationInvalid: it cannot be read, is empty, or is no such list.
        """
        try:
            with path.open("rb") as file:
                records = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:
            raise _unusable(path, f"cannot be read: {error}") from None
        if len(records) % _RECORD:
            raise _unusable(path, "is no whole number of records of 16 octets")
        made = cls(records)
        last = b""
        for index in range(made.entries):
            here = made._hash_at(index)
            if here < last:
                raise _unusable(path, f"is not sorted at record {index}")
            last = here
        return made

    def lists(self, public_key: bytes, /) -> bool:
        """Whether this key (DER SubjectPublicKeyInfo) is in the list.

        Raises:
            ValueError, UnsupportedAlgorithm: the key cannot be read.
        """
        wanted = hashlib.sha256(_hashed(public_key)).digest()[:_HASH]
        low, high = 0, self.entries
        while low < high:
            middle = (low + high) // 2
            if self._hash_at(middle) < wanted:
                low = middle + 1
            else:
                high = middle
        return low < self.entries and self._hash_at(low) == wanted

    def _hash_at(self, index: int) -> bytes:
        start = index * _RECORD
        return self._records[start : start + _HASH]


def _hashed(public_key: bytes) -> bytes:
    key = load_der_public_key(public_key)
    if isinstance(key, RSAPublicKey):
        return _octets(key.public_numbers().n)
    if isinstance(key, EllipticCurvePublicKey):
        return _octets(key.public_numbers().x)
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw).lstrip(b"\x00")


def _octets(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8)


def _unusable(path: Path, why: str) -> ConfigurationInvalid:
    return ConfigurationInvalid(
        key="key_blocklist",
        message=f"key_blocklist {path} {why}",
        next_step="put a current list there (docs/profiles.md), or leave key_blocklist out",
    )
