"""What the journal says of ZORG-ID Mobiel identities."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final

from pki.domain.events import Event, StatusEvent
from pki.domain.identifiers import IssuerId, MobielId, PersonId, SerialNumber, Ura
from pki.domain.reasons import BlockReason, RevokeReason


@dataclass(frozen=True, slots=True, kw_only=True)
class MobielInvited(Event):
    """Whoever shows the invitation's code until ``expires_at`` gets the certificate."""

    KIND: ClassVar[str] = "mobiel.invited"
    mobiel: MobielId
    person: PersonId
    ura: Ura
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MobielInvitationWithdrawn(Event):
    """The code is good for nothing any more."""

    KIND: ClassVar[str] = "mobiel.invitation_withdrawn"
    mobiel: MobielId
    person: PersonId
    ura: Ura


@dataclass(frozen=True, slots=True, kw_only=True)
class MobielIntended(StatusEvent):
    """A telephone's certificate is about to be signed: from here on its serial is known."""

    KIND: ClassVar[str] = "mobiel.intended"
    mobiel: MobielId
    issuer: IssuerId
    serial: SerialNumber
    tbs_sha256: str
    profile: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MobielIntentClosed(StatusEvent):
    """An intent without a certificate was given up: revoked since ``revoked_at``."""

    KIND: ClassVar[str] = "mobiel.intent_closed"
    mobiel: MobielId
    issuer: IssuerId
    serial: SerialNumber
    revoked_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MobielRegistered(StatusEvent):
    """The person has a ZORG-ID Mobiel, and no smartcard beside it; its certificate is good."""

    KIND: ClassVar[str] = "mobiel.registered"
    mobiel: MobielId
    person: PersonId
    ura: Ura
    issuer: IssuerId
    serial: SerialNumber
    certificate_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MobielRenewed(StatusEvent):
    """The identity has another certificate, which is good, and is registered again if blocked."""

    KIND: ClassVar[str] = "mobiel.renewed"
    mobiel: MobielId
    person: PersonId
    ura: Ura
    issuer: IssuerId
    serial: SerialNumber
    certificate_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MobielSuperseded(StatusEvent):
    """The certificate that it had before is revoked, since a block if there was one."""

    KIND: ClassVar[str] = "mobiel.superseded"
    mobiel: MobielId
    issuer: IssuerId
    serial: SerialNumber
    revoked_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MobielBlocked(StatusEvent):
    """It lets nobody in until it is unblocked; its certificate is on hold."""

    KIND: ClassVar[str] = "mobiel.blocked"
    mobiel: MobielId
    person: PersonId
    ura: Ura
    issuer: IssuerId
    serial: SerialNumber
    reason: BlockReason


@dataclass(frozen=True, slots=True, kw_only=True)
class MobielUnblocked(StatusEvent):
    """It lets its person in again; the hold is lifted."""

    KIND: ClassVar[str] = "mobiel.unblocked"
    mobiel: MobielId
    person: PersonId
    ura: Ura
    issuer: IssuerId
    serial: SerialNumber


@dataclass(frozen=True, slots=True, kw_only=True)
class MobielEnded(StatusEvent):
    """It is over for ever, its certificate revoked as of ``revoked_at``.

    The person may have a smartcard, or another telephone.
    """

    KIND: ClassVar[str] = "mobiel.ended"
    mobiel: MobielId
    person: PersonId
    ura: Ura
    issuer: IssuerId
    serial: SerialNumber
    reason: RevokeReason
    revoked_at: datetime
    compromised_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MobielMoved(Event):
    """The organisation that managed it went into this one."""

    KIND: ClassVar[str] = "mobiel.moved"
    mobiel: MobielId
    person: PersonId
    ura: Ura


MOBIEL_LISTING_EVENTS: Final[tuple[type[StatusEvent], ...]] = (
    MobielIntentClosed,
    MobielSuperseded,
    MobielBlocked,
    MobielUnblocked,
    MobielEnded,
)
"""Events after which the CRL lists other certificates than before."""

MOBIEL_EVENTS: Final[tuple[type[Event], ...]] = (
    *MOBIEL_LISTING_EVENTS,
    MobielInvited,
    MobielInvitationWithdrawn,
    MobielIntended,
    MobielRegistered,
    MobielRenewed,
    MobielMoved,
)
