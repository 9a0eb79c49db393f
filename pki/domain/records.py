"""What the store keeps besides cards and people, as values handed from one part to another."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from pki.domain.identifiers import CardId, ChallengeId, IssuerId, SerialNumber, SessionId
from pki.domain.people import Actor, PersonName
from pki.domain.status import CertificateStatus
from pki.domain.uzi import UziName


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """Recorded before anything is signed. An intent without a certificate is never signed again.

    ``tbs`` is the whole DER TBSCertificate; ``profile`` is ``<name>@<SHA-256 of the profile>``.
    ``not_after`` is the one inside ``tbs``: a CRL lists a closed intent until then, or for ever
    when it is None.
    """

    serial: SerialNumber
    issuer: IssuerId
    card_id: CardId
    tbs: bytes
    profile: str
    key_sha256: bytes
    created_at: datetime
    lease_until: datetime
    not_after: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedCertificate:
    """A certificate that exists. ``key_sha256`` is the SHA-256 of its DER SubjectPublicKeyInfo."""

    serial: SerialNumber
    issuer: IssuerId
    card_id: CardId
    der: bytes
    not_before: datetime
    not_after: datetime
    key_sha256: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusInterval:
    """A certificate had ``status`` from ``since`` until ``until`` (None: until now).

    Only ever ended.
    """

    serial: SerialNumber
    issuer: IssuerId
    status: CertificateStatus
    since: datetime
    until: datetime | None
    actor: Actor
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedCertificate:
    """One certificate that a CRL of its issuer must list (see `status.crl_entry`)."""

    serial: SerialNumber
    status: CertificateStatus
    not_after: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedCertificate:
    """A certificate whose status changed since some moment, and what it is now.

    ``was_held``: it was on hold at some time, so that a CRL may have listed it.
    """

    serial: SerialNumber
    status: CertificateStatus
    was_held: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CrlPiece:
    """A stretch of a CRL's octets; one that stands in many CRLs is kept once."""

    sha256: bytes
    octets: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedCrl:
    """One CRL as published. ``upto`` is the journal position whose state it shows."""

    issuer: IssuerId
    number: int
    this_update: datetime
    next_update: datetime
    der: bytes
    entries: int
    upto: int


class ChallengePurpose(Enum):
    """What a signed challenge is good for; no signature serves two purposes."""

    OPEN_SESSION = "open-session"
    CONFIRM_CARD = "confirm-card"


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """Random, single use, short-lived; ``card_id`` binds a confirmation to its card."""

    id: ChallengeId
    purpose: ChallengePurpose
    nonce: bytes
    expires_at: datetime
    card_id: CardId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PassHolder:
    """What a verified UZI pass says of its holder: all that is copied to a card, once.

    ``organisation_name`` is the subject's O. ``certificate_sha256`` identifies the pass's
    authenticity certificate.
    """

    uzi_name: UziName
    name: PersonName
    organisation_name: str
    certificate_sha256: bytes
    not_after: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A short time in which one pass may order and finish one card.

    ``token_sha256``: the bearer token's digest.
    """

    id: SessionId
    token_sha256: bytes
    holder: PassHolder
    expires_at: datetime
