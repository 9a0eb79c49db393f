"""A ZORG-ID Mobiel identity, the invitation it begins with, and the certificates it has."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from pki.domain.identifiers import IssuerId, MobielId, PersonId, SerialNumber, Ura
from pki.domain.records import IssuedCertificate


class MobielState(Enum):
    """While it is not `ingetrokken`, its person has no smartcard."""

    REGISTERED = "geregistreerd"
    BLOCKED = "geblokkeerd"
    ENDED = "ingetrokken"


@dataclass(frozen=True, slots=True, kw_only=True)
class MobielIdentity:
    """A person's ZORG-ID Mobiel, with the certificate that is in their telephone now.

    ``ura`` is the organisation that invited them, whose administrators manage it. ``seen_at``: when
    the certificate was used here last, to the day. ``certificate_sha256``: of its DER.
    """

    id: MobielId
    person_id: PersonId
    ura: Ura
    issuer: IssuerId
    serial: SerialNumber
    certificate_sha256: bytes
    state: MobielState
    registered_at: datetime
    state_at: datetime
    seen_at: datetime | None = None

    def lets_in(self, certificate_sha256: bytes) -> bool:
        """Whether this certificate may be used: the present one, of one that is not blocked."""
        return self.state is MobielState.REGISTERED and (
            self.certificate_sha256 == certificate_sha256
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MobielInvitation:
    """A telephone may be certified, once, with the code whose SHA-256 this is.

    ``id`` is that of the identity: one that begins so, or one that gets a new certificate.
    """

    id: MobielId
    code_sha256: bytes
    person_id: PersonId
    ura: Ura
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MobielIntent:
    """As `pki.domain.records.Intent`, for the certificate of a telephone."""

    serial: SerialNumber
    issuer: IssuerId
    mobiel_id: MobielId
    tbs: bytes
    profile: str
    key_sha256: bytes
    created_at: datetime
    lease_until: datetime
    not_after: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MobielCertificate:
    """A certificate that a telephone has, or had. ``key_sha256``: of its SubjectPublicKeyInfo."""

    serial: SerialNumber
    issuer: IssuerId
    mobiel_id: MobielId
    der: bytes
    not_before: datetime
    not_after: datetime
    key_sha256: bytes


SubscriberCertificate = IssuedCertificate | MobielCertificate
"""On a card or in a telephone: status, receipts and statements are of either alike."""
