"""A card maker's proof that a key was made on the card, and cannot have left it."""

import hashlib
from dataclasses import dataclass
from typing import ClassVar, Final, Literal

from pki.domain.events import Event
from pki.domain.identifiers import CardId, IssuerId, SerialNumber

AttestationPolicy = Literal["ignore", "record", "require"]
"""What an installation does with such proofs."""

MOST_CERTIFICATES: Final = 4
"""A proof and what stands between it and its maker's root: one or two in cards there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attestation:
    """What proves it for the key of one certificate of ours: DER, that of the key first."""

    serial: SerialNumber
    chain: tuple[bytes, ...]

    @property
    def sha256(self) -> str:
        """The digest of the first certificate, hexadecimal: what tools call its fingerprint."""
        return hashlib.sha256(self.chain[0]).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class CardKeyAttested(Event):
    """The key of a certificate that was issued was made on the card, as its maker proves."""

    KIND: ClassVar[str] = "card.key_attested"
    card: CardId
    issuer: IssuerId
    serial: SerialNumber
    attestation_sha256: str


ATTESTATION_EVENTS: Final[tuple[type[Event], ...]] = (CardKeyAttested,)
