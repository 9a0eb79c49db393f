"""What the journal says of ZORG-ID Mobiel identities."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final

from pki.domain.events import Event
from pki.domain.identifiers import MobielId, PersonId, Ura
from pki.domain.reasons import BlockReason


@dataclass(frozen=True, slots=True, kw_only=True)
class MobielInvited(Event):
    """Whoever shows the invitation's code until ``expires_at`` registers a ZORG-ID Mobiel."""

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
class MobielRegistered(Event):
    """The person has a ZORG-ID Mobiel, and no smartcard beside it."""

    KIND: ClassVar[str] = "mobiel.registered"
    mobiel: MobielId
    person: PersonId
    ura: Ura
    certificate_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MobielBlocked(Event):
    """It lets nobody in until it is unblocked."""

    KIND: ClassVar[str] = "mobiel.blocked"
    mobiel: MobielId
    person: PersonId
    ura: Ura
    reason: BlockReason


@dataclass(frozen=True, slots=True, kw_only=True)
class MobielUnblocked(Event):
    """It lets its person in again."""

    KIND: ClassVar[str] = "mobiel.unblocked"
    mobiel: MobielId
    person: PersonId
    ura: Ura


@dataclass(frozen=True, slots=True, kw_only=True)
class MobielEnded(Event):
    """It is over for ever; the person may have a smartcard, or register another one."""

    KIND: ClassVar[str] = "mobiel.ended"
    mobiel: MobielId
    person: PersonId
    ura: Ura


@dataclass(frozen=True, slots=True, kw_only=True)
class MobielMoved(Event):
    """The organisation that managed it went into this one."""

    KIND: ClassVar[str] = "mobiel.moved"
    mobiel: MobielId
    person: PersonId
    ura: Ura


MOBIEL_EVENTS: Final[tuple[type[Event], ...]] = (
    MobielInvited,
    MobielInvitationWithdrawn,
    MobielRegistered,
    MobielBlocked,
    MobielUnblocked,
    MobielEnded,
    MobielMoved,
)
