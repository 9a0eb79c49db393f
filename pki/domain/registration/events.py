"""What the journal says of organisations and of those who manage cards for them."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final

from pki.domain.events import Event
from pki.domain.identifiers import AppointmentId, OrganisationId, PersonId, Ura
from pki.domain.reasons import BlockReason


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationPrepared(Event):
    """A representative may finish the registration; no cards are made yet."""

    KIND: ClassVar[str] = "organisation.prepared"
    organisation: OrganisationId
    ura: Ura


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationFinished(Event):
    """Its passes may be used to make cards.

    ``proof`` is what its representative showed, ``digest`` which: of a pass salted, of a document
    its SHA-256.
    """

    KIND: ClassVar[str] = "organisation.finished"
    organisation: OrganisationId
    ura: Ura
    proof: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationClosed(Event):
    """It no longer exists."""

    KIND: ClassVar[str] = "organisation.closed"
    organisation: OrganisationId
    ura: Ura


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationMerged(Event):
    """It went into another, which manages its cards from now on: entries of its own say which."""

    KIND: ClassVar[str] = "organisation.merged"
    organisation: OrganisationId
    ura: Ura
    successor: OrganisationId
    successor_ura: Ura


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorAppointed(Event):
    """Whoever shows the appointment's code until ``expires_at`` becomes operator."""

    KIND: ClassVar[str] = "operator.appointed"
    appointment: AppointmentId
    operator: PersonId
    role: str
    ura: Ura
    supplier: str | None
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AppointmentWithdrawn(Event):
    """The code is good for nothing any more."""

    KIND: ClassVar[str] = "operator.appointment_withdrawn"
    appointment: AppointmentId
    operator: PersonId
    ura: Ura


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorBlocked(Event):
    """They may do nothing for this organisation until they are unblocked."""

    KIND: ClassVar[str] = "operator.blocked"
    operator: PersonId
    ura: Ura | None
    reason: BlockReason


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorUnblocked(Event):
    """They may do again what their role allows."""

    KIND: ClassVar[str] = "operator.unblocked"
    operator: PersonId
    ura: Ura | None


REGISTRATION_EVENTS: Final[tuple[type[Event], ...]] = (
    OrganisationPrepared,
    OrganisationFinished,
    OrganisationClosed,
    OrganisationMerged,
    OperatorAppointed,
    AppointmentWithdrawn,
    OperatorBlocked,
    OperatorUnblocked,
)
