"""What the store keeps besides cards and people, as values handed from one part to another."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Final

from pki.domain.identifiers import (
    CardId,
    ChallengeId,
    IdempotencyKey,
    IssuerId,
    PersonId,
    SerialNumber,
    SessionId,
)
from pki.domain.people import Actor, PersonName
from pki.domain.status import CertificateStatus
from pki.domain.uzi import UziName

MOST_PARTS: Final = 64
"""More lists than this cost more in signatures than they save in transfer."""


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


def part_of(serial: SerialNumber, parts: int) -> int:
    """The part that lists a certificate: serials are random, so that parts come out alike.

    It follows from the serial and the number of parts, which stays for the life of a CA generation:
    the certificate's distribution point names it for good (RFC 5280 4.2.1.13).
    """
    return serial.value % parts


def part_name(name: str, part: int) -> str:
    """What a part is called, after the name of the whole."""
    return f"{name}-part-{part}"


def delta_name(name: str) -> str:
    """What the delta of a list is called."""
    return f"{name}-delta"


ListedRow = tuple[bytes, str, int, int | None, int | None]
"""One certificate that a CRL lists, as a store keeps it: there are millions.

Serial (20 octets, big-endian), ``hold`` or ``revoked``, since when, reason code, compromised since
when. Times are microseconds since 1970.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class CrlList:
    """One list of one CA: all its certificates, or with ``parts`` those of one ``part``.

    ``point``: the address in the distribution point of the certificates it lists; needed for a
    part, which repeats it (RFC 5280 5.2.5). ``delta``: the address of its delta CRLs, if it has
    any.
    """

    issuer: IssuerId
    parts: int = 0
    part: int = 0
    point: str | None = None
    delta: str | None = None

    @property
    def id(self) -> IssuerId:
        """Under which name the store keeps it; numbers grow for each name by itself."""
        if not self.parts:
            return self.issuer
        return IssuerId(part_name(self.issuer.value, self.part))

    @property
    def delta_id(self) -> IssuerId:
        """Under which name the store keeps its delta CRLs."""
        return IssuerId(delta_name(self.id.value))

    def covers(self, serial: SerialNumber) -> bool:
        """Whether it speaks for this certificate."""
        return not self.parts or part_of(serial, self.parts) == self.part

    def covered(self, rows: Iterable[ListedRow]) -> Iterable[ListedRow]:
        """Those of the certificates that it speaks for."""
        if not self.parts:
            return rows
        return (row for row in rows if self.covers(SerialNumber.from_bytes(row[0])))


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
class KeptCrl:
    """A CRL without its octets. ``upto`` is the journal position whose state it shows."""

    issuer: IssuerId
    number: int
    this_update: datetime
    next_update: datetime
    entries: int
    upto: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedCrl(KeptCrl):
    """One CRL as published."""

    der: bytes


class ChallengePurpose(Enum):
    """What a signed challenge is good for; no signature serves two purposes."""

    OPEN_SESSION = "open-session"
    CONFIRM_CARD = "confirm-card"
    FINISH_REGISTRATION = "finish-registration"


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """Random, single use, short-lived; ``card_id`` binds a confirmation to its card."""

    id: ChallengeId
    purpose: ChallengePurpose
    nonce: bytes
    expires_at: datetime
    card_id: CardId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenAnswer:
    """What a caller's change was answered with under its key, until ``expires_at``.

    ``request_sha256`` tells what was asked; ``text`` is the answer, without personal data.
    """

    asker: PersonId
    key: IdempotencyKey
    request_sha256: bytes
    text: str
    expires_at: datetime


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
