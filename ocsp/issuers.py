"""Which issuer a CertID means: the hashes of our issuers, made once."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Self

from pki.der.certificate import read_certificate
from pki.der.ocsp import CertId
from pki.der.spki import key_bits
from pki.domain.errors import Malformed
from pki.domain.identifiers import IssuerId, SerialNumber

HASHES: Final = ("sha1", "sha256", "sha384", "sha512")
"""RFC 9919 asks for SHA-256; Windows and older clients still ask with SHA-1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerStatus:
    """One issuer that is answered for, with the hashes it is named by (RFC 6960 4.1.1)."""

    issuer: IssuerId
    name_der: bytes
    public_key: bytes
    name_hashes: Mapping[str, bytes]
    key_hashes: Mapping[str, bytes]

    @classmethod
    def of(cls, issuer: IssuerId, certificate: bytes) -> Self:
        """From the issuer's DER certificate.

        Raises:
            Malformed: not a certificate.
        """
        content = read_certificate(certificate).content
        return cls(
            issuer=issuer,
            name_der=content.subject_der,
            public_key=content.public_key,
            name_hashes=_hashes(content.subject_der),
            key_hashes=_hashes(key_bits(content.public_key)),
        )


def _hashes(octets: bytes) -> Mapping[str, bytes]:
    return {name: hashlib.new(name, octets, usedforsecurity=False).digest() for name in HASHES}


class IssuerTable:
    """Finds the issuer of a CertID; name hash and key hash must both be its own."""

    def __init__(self, issuers: Iterable[IssuerStatus]) -> None:
        self.issuers = tuple(issuers)
        self._found = {
            (name, each.name_hashes[name], each.key_hashes[name]): each.issuer
            for each in self.issuers
            for name in HASHES
        }

    def find(self, cert_id: CertId) -> IssuerId | None:
        """The issuer, or None when it is not one of ours."""
        if cert_id.hash_name is None:
            return None
        return self._found.get(
            (cert_id.hash_name, cert_id.issuer_name_hash, cert_id.issuer_key_hash)
        )


def subject_of(issuer: IssuerId, serial: int) -> tuple[IssuerId, SerialNumber] | None:
    """None for a serial that no certificate can have: it was never issued."""
    try:
        return issuer, SerialNumber(serial)
    except Malformed:
        return None
