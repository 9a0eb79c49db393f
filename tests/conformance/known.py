"""Certificates that were made elsewhere, written down as if they had been issued here."""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pki.domain.cards import Active, Card
from pki.domain.events import CardConfirmed, CardRevoked
from pki.domain.identifiers import (
    CardId,
    CardNumber,
    IdempotencyKey,
    IssuerId,
    PersonId,
    SerialNumber,
)
from pki.domain.people import SYSTEM
from pki.domain.reasons import RevocationReason, RevokeReason
from pki.domain.records import Intent, IssuedCertificate
from pki.domain.status import Good, Revoked
from pki.store.writing import WriteSession
from server.demo.cards import URA

DAY: Final = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Known:
    """A card that the store is told of, as if it had been issued and confirmed."""

    certificate: x509.Certificate
    number: int
    issuer: IssuerId

    @property
    def serial(self) -> SerialNumber:
        return SerialNumber(self.certificate.serial_number)

    @property
    def card(self) -> Card:
        return Card(
            id=CardId(f"{self.number:032x}"),
            person_id=PersonId(f"{self.number:032x}"),
            ura=URA,
            card_number=CardNumber(f"OLD-{self.number:04d}"),
            order_key=IdempotencyKey(f"old-order-{self.number:08d}"),
            phase=Active(at=self.certificate.not_valid_before_utc, serial=self.serial),
        )

    @property
    def key_sha256(self) -> bytes:
        """Told apart, since all have the key of the one they are made like."""
        key = self.certificate.public_key()
        spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return hashlib.sha256(spki + bytes([self.number])).digest()

    def record(self, session: WriteSession) -> None:
        """Intent, certificate, confirmation."""
        begin, end = self.certificate.not_valid_before_utc, self.certificate.not_valid_after_utc
        session.put_card(self.card)
        intent = Intent(
            serial=self.serial,
            issuer=self.issuer,
            card_id=self.card.id,
            tbs=self.certificate.tbs_certificate_bytes,
            profile=f"card-rsa2048@{'0' * 64}",
            key_sha256=self.key_sha256,
            created_at=begin,
            lease_until=begin + DAY,
            not_after=end,
        )
        session.put_intent(intent)
        issued = IssuedCertificate(
            serial=self.serial,
            issuer=self.issuer,
            card_id=self.card.id,
            der=self.certificate.public_bytes(Encoding.DER),
            not_before=begin,
            not_after=end,
            key_sha256=self.key_sha256,
        )
        session.put_certificate(issued)
        event = CardConfirmed(card=self.card.id, issuer=self.issuer, serial=self.serial)
        session.set_status(self.issuer, self.serial, Good(), session.record(event, SYSTEM))

    def revoke(self, session: WriteSession) -> None:
        """As of its first moment."""
        at = self.certificate.not_valid_before_utc
        event = CardRevoked(
            card=self.card.id,
            issuer=self.issuer,
            serial=self.serial,
            reason=RevokeReason.LEFT_EMPLOYMENT,
            revoked_at=at,
        )
        status = Revoked(at=at, reason=RevocationReason.CESSATION_OF_OPERATION)
        session.set_status(self.issuer, self.serial, status, session.record(event, SYSTEM))
