"""A card and its life: the state machine every service agrees on. Pure: values in, values out.

::

    ordered ──certified──▶ issued ──confirmed──▶ active ◀──unblocked── blocked ──revoked──▶ ended
       │                     │                     └──────blocked──────▶ ┘
       └──────lapsed─────────┴──▶ lapsed      active or blocked ──its time is over──▶ expired

A card keeps one certificate. Blocking is an interval; revoking is final and keeps the date of the
block it follows (X.509 8.5.2.2, AORTA: revocation is judged at the time of signing, so the date
must never move).
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from pki.domain.errors import Refused
from pki.domain.identifiers import CardId, CardNumber, IdempotencyKey, PersonId, SerialNumber, Ura
from pki.domain.reasons import (
    REVOKE_REASON_CODES,
    BlockReason,
    RefusalReason,
    RevocationReason,
    RevokeReason,
)
from pki.domain.status import CertificateStatus, Good, OnHold, Revoked, Unconfirmed


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """`aangevraagd`: a person may make this card; nothing is signed yet."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """`uitgegeven`: certified, waiting for the holder's proof with the new key."""

    at: datetime
    serial: SerialNumber


@dataclass(frozen=True, slots=True, kw_only=True)
class Active:
    """`actief`: to be trusted."""

    at: datetime
    serial: SerialNumber


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """`geblokkeerd`: to be trusted nowhere until it is unblocked.

    ``at`` is the start of the block.
    """

    at: datetime
    serial: SerialNumber
    reason: BlockReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """`ingetrokken`: final.

    ``revoked_at`` is the date every status service gives; ``at`` when it was decided.
    ``compromised_since``: from when on the key must be mistrusted, if that is known.
    """

    at: datetime
    serial: SerialNumber
    revoked_at: datetime
    reason: RevokeReason
    compromised_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lapsed:
    """`vervallen`: never became active.

    Its certificate, if one was signed, is revoked as of its notBefore.
    """

    at: datetime
    serial: SerialNumber | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Expired:
    """`verlopen`: the certificate's time is over; its status stays what it was last.

    ``held_since`` is the start of the block it was under.
    """

    at: datetime
    serial: SerialNumber
    held_since: datetime | None


CardPhase = Ordered | Issued | Active | Blocked | Ended | Lapsed | Expired


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One ZORG-ID card.

    ``order_key`` is the writer's idempotency key: the same key is the same card.
    """

    id: CardId
    person_id: PersonId
    ura: Ura
    card_number: CardNumber
    order_key: IdempotencyKey
    phase: CardPhase

    @property
    def is_live(self) -> bool:
        """Whether it counts as the person's one card: not lapsed, revoked or expired."""
        return not isinstance(self.phase, Ended | Lapsed | Expired)

    @property
    def serial(self) -> SerialNumber | None:
        """The serial of its certificate, once there is one."""
        return None if isinstance(self.phase, Ordered) else self.phase.serial


def state_name(phase: CardPhase) -> str:
    """The Dutch state name that API, portal and store use."""
    match phase:
        case Ordered():
            return "aangevraagd"
        case Issued():
            return "uitgegeven"
        case Active():
            return "actief"
        case Blocked():
            return "geblokkeerd"
        case Ended():
            return "ingetrokken"
        case Lapsed():
            return "vervallen"
        case Expired():
            return "verlopen"
        case _:
            assert_never(phase)


def certificate_status(phase: CardPhase) -> CertificateStatus | None:
    """The status of the card's certificate; None while there is no certificate."""
    match phase:
        case Ordered() | Lapsed(serial=None):
            return None
        case Issued(at=at):
            return Unconfirmed(since=at)
        case Active():
            return Good()
        case Blocked() | Expired():
            since = phase.at if isinstance(phase, Blocked) else phase.held_since
            return Good() if since is None else OnHold(since=since)
        case Ended(revoked_at=revoked_at, reason=reason, compromised_since=compromised_since):
            return Revoked(
                at=revoked_at,
                reason=REVOKE_REASON_CODES[reason],
                compromised_since=compromised_since,
            )
        case Lapsed(revoked_at=revoked_at):
            if revoked_at is None:
                return None
            return Revoked(at=revoked_at, reason=RevocationReason.CESSATION_OF_OPERATION)
        case _:
            assert_never(phase)


def certified(card: Card, *, serial: SerialNumber, at: datetime) -> Card:
    """The card's certificate was signed.

    Raises:
        Refused: the card is not `aangevraagd`.
    """
    if not isinstance(card.phase, Ordered):
        raise _wrong_state(card, "be certified")
    return replace(card, phase=Issued(at=at, serial=serial))


def confirmed(card: Card, *, at: datetime) -> Card:
    """The new key proved itself.

    Raises:
        Refused: the card is not `uitgegeven`.
    """
    if not isinstance(card.phase, Issued):
        raise _wrong_state(card, "be confirmed")
    return replace(card, phase=Active(at=at, serial=card.phase.serial))


def blocked(card: Card, *, reason: BlockReason, at: datetime) -> Card:
    """Stop trust in the card for now.

    Raises:
        Refused: the card is not `actief`.
    """
    if not isinstance(card.phase, Active):
        raise _wrong_state(card, "be blocked")
    return replace(card, phase=Blocked(at=at, serial=card.phase.serial, reason=reason))


def unblocked(card: Card, *, at: datetime) -> Card:
    """Lift the block.

    Raises:
        Refused: the card is not `geblokkeerd`.
    """
    if not isinstance(card.phase, Blocked):
        raise _wrong_state(card, "be unblocked")
    return replace(card, phase=Active(at=at, serial=card.phase.serial))


def revoked(
    card: Card,
    *,
    reason: RevokeReason,
    at: datetime,
    compromised_since: datetime | None = None,
    needs_block: bool = True,
) -> Card:
    """End the card for ever; the block's start stays the revocation date.

    ``compromised_since`` goes with a reason that says keyCompromise, and lies before that start:
    from there on the certificate is revoked anyway. Without ``needs_block`` an active card ends as
    well, as of ``at``.

    Raises:
        Refused: the card is active (block it first, MAN 8.3), or has no live certificate;
            COMPROMISE_DATE.
    """
    if isinstance(card.phase, Active) and needs_block:
        raise Refused(
            reason=RefusalReason.REVOKE_NEEDS_BLOCK,
            message="only a blocked card can be revoked",
            next_step="block the card first, then revoke it",
        )
    if not isinstance(card.phase, Active | Blocked):
        raise _wrong_state(card, "be revoked")
    revoked_at = at if isinstance(card.phase, Active) else card.phase.at
    require_compromise(reason, compromised_since, revoked_at)
    phase = Ended(
        at=at,
        serial=card.phase.serial,
        revoked_at=revoked_at,
        reason=reason,
        compromised_since=compromised_since,
    )
    return replace(card, phase=phase)


def require_compromise(reason: RevokeReason, since: datetime | None, blocked_at: datetime) -> None:
    """Whether a key that is revoked may be mistrusted from ``since`` on; raises Refused if not."""
    if since is None:
        return
    if REVOKE_REASON_CODES[reason] is not RevocationReason.KEY_COMPROMISE:
        raise Refused(
            reason=RefusalReason.COMPROMISE_DATE,
            message=f"no key is compromised by the reason {reason.value!r}",
            next_step="leave compromised_since out, or give loss, theft or compromise as reason",
        )
    if since > blocked_at:
        raise Refused(
            reason=RefusalReason.COMPROMISE_DATE,
            message="the key is mistrusted since the block already",
            next_step="give a time before the start of the block, or leave compromised_since out",
        )


def lapsed(card: Card, *, not_before: datetime | None, at: datetime) -> Card:
    """End an order that was not finished in time; its certificate is revoked since ``not_before``.

    Raises:
        Refused: the card is neither `aangevraagd` nor `uitgegeven`.
    """
    match card.phase:
        case Ordered():
            return replace(card, phase=Lapsed(at=at, serial=None, revoked_at=None))
        case Issued(serial=serial, at=issued_at):
            revoked_at = not_before if not_before is not None else issued_at
            return replace(card, phase=Lapsed(at=at, serial=serial, revoked_at=revoked_at))
        case _:
            raise _wrong_state(card, "lapse")


def _wrong_state(card: Card, verb: str) -> Refused:
    state = state_name(card.phase)
    return Refused(reason=RefusalReason.CARD_STATE, message=f"a card that is {state} cannot {verb}")
