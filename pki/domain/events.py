"""What the journal records: one class per kind of change, with opaque ids and no personal data.

An event that changes what a status service must answer names ``issuer`` and ``serial``; `touched`
gives them. How events become text and back is in `pki.domain.event_codec`.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final

from pki.domain.identifiers import (
    CardId,
    IssuerId,
    OrganisationId,
    PersonId,
    SerialNumber,
    SessionId,
    Ura,
)
from pki.domain.reasons import BlockReason, RefusalReason, RevokeReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Base of all events."""

    KIND: ClassVar[str] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusEvent(Event):
    """After it an answer about ``serial`` of ``issuer`` may differ from the one before."""

    issuer: IssuerId | None
    serial: SerialNumber | None


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallationCreated(Event):
    """The first entry of every journal. ``kind`` is practice, acceptance or production."""

    KIND: ClassVar[str] = "installation.created"
    kind: str
    installation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyCeremonyDone(Event):
    """A CA or evidence key was made and certified. Digests are SHA-256, hexadecimal."""

    KIND: ClassVar[str] = "key_ceremony.done"
    issuer: IssuerId
    certificate_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponderIntended(Event):
    """An OCSP responder certificate is about to be signed over these TBS bytes."""

    KIND: ClassVar[str] = "responder.intended"
    issuer: IssuerId
    serial: SerialNumber
    tbs_sha256: str
    profile: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponderCertified(Event):
    """An OCSP responder certificate was issued."""

    KIND: ClassVar[str] = "responder.certified"
    issuer: IssuerId
    serial: SerialNumber
    certificate_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationRegistered(Event):
    """An organisation may have cards made with its passes."""

    KIND: ClassVar[str] = "organisation.registered"
    organisation: OrganisationId
    ura: Ura


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorRegistered(Event):
    """A client certificate was mapped to a person and a role."""

    KIND: ClassVar[str] = "operator.registered"
    operator: PersonId
    role: str
    ura: Ura | None
    certificate_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorRemoved(Event):
    """A client certificate is mapped to nobody any more."""

    KIND: ClassVar[str] = "operator.removed"
    operator: PersonId
    role: str
    ura: Ura | None
    certificate_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionOpened(Event):
    """A UZI pass answered a challenge and was accepted."""

    KIND: ClassVar[str] = "session.opened"
    session: SessionId
    pass_digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRefused(Event):
    """A rule said no. ``pass_digest`` is a salted digest; it names nobody."""

    KIND: ClassVar[str] = "request.refused"
    reason: RefusalReason
    pass_digest: str | None
    card: CardId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CardOrdered(Event):
    """A person may make a card."""

    KIND: ClassVar[str] = "card.ordered"
    card: CardId
    person: PersonId
    ura: Ura


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateIntended(StatusEvent):
    """A certificate is about to be signed: from here on its serial is known."""

    KIND: ClassVar[str] = "certificate.intended"
    card: CardId
    issuer: IssuerId
    serial: SerialNumber
    tbs_sha256: str
    profile: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateIssued(StatusEvent):
    """A certificate was signed, read back and stored; it is on hold until it is confirmed."""

    KIND: ClassVar[str] = "certificate.issued"
    card: CardId
    issuer: IssuerId
    serial: SerialNumber
    certificate_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IntentClosed(StatusEvent):
    """An intent without a certificate ran out: its serial is revoked since ``revoked_at``."""

    KIND: ClassVar[str] = "certificate.intent_closed"
    card: CardId
    issuer: IssuerId
    serial: SerialNumber
    revoked_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CardConfirmed(StatusEvent):
    """The new key proved itself: the certificate is good."""

    KIND: ClassVar[str] = "card.confirmed"
    card: CardId
    issuer: IssuerId
    serial: SerialNumber


@dataclass(frozen=True, slots=True, kw_only=True)
class CardBlocked(StatusEvent):
    """Certificate on hold from the entry's time on."""

    KIND: ClassVar[str] = "card.blocked"
    card: CardId
    issuer: IssuerId
    serial: SerialNumber
    reason: BlockReason


@dataclass(frozen=True, slots=True, kw_only=True)
class CardUnblocked(StatusEvent):
    """Hold lifted."""

    KIND: ClassVar[str] = "card.unblocked"
    card: CardId
    issuer: IssuerId
    serial: SerialNumber


@dataclass(frozen=True, slots=True, kw_only=True)
class CardRevoked(StatusEvent):
    """Revoked for ever, as of ``revoked_at``; the key mistrusted from ``compromised_since`` on."""

    KIND: ClassVar[str] = "card.revoked"
    card: CardId
    issuer: IssuerId
    serial: SerialNumber
    reason: RevokeReason
    revoked_at: datetime
    compromised_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CardLapsed(StatusEvent):
    """An order ended without becoming active.

    ``issuer`` and ``serial`` are its certificate's, if one was signed.
    """

    KIND: ClassVar[str] = "card.lapsed"
    card: CardId
    issuer: IssuerId | None
    serial: SerialNumber | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CrlPublished(Event):
    """A CRL was built, verified against its predecessor and stored.

    ``upto`` is the journal position it shows.
    """

    KIND: ClassVar[str] = "crl.published"
    issuer: IssuerId
    number: int
    crl_sha256: str
    entries: int
    upto: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreConfirmed(Event):
    """The store was put back to its entry at ``position``; what followed that entry is lost.

    ``crl_number`` is the highest that ``issuer`` had published: the next one is above it.
    """

    KIND: ClassVar[str] = "restore.confirmed"
    issuer: IssuerId
    crl_number: int
    position: int
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceStarted(Event):
    """A process with write access started."""

    KIND: ClassVar[str] = "service.started"
    roles: str
    version: str


ALL_EVENTS: Final[tuple[type[Event], ...]] = (
    CertificateIntended,
    CertificateIssued,
    IntentClosed,
    CardConfirmed,
    CardBlocked,
    CardUnblocked,
    CardRevoked,
    CardLapsed,
    InstallationCreated,
    KeyCeremonyDone,
    ResponderIntended,
    ResponderCertified,
    OrganisationRegistered,
    OperatorRegistered,
    OperatorRemoved,
    SessionOpened,
    RequestRefused,
    CardOrdered,
    CrlPublished,
    RestoreConfirmed,
    ServiceStarted,
)


def touched(event: Event) -> tuple[IssuerId, SerialNumber] | None:
    """Which certificate's status this event changes, if any."""
    if not isinstance(event, StatusEvent) or event.issuer is None or event.serial is None:
        return None
    return event.issuer, event.serial
