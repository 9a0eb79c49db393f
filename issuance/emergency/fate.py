"""What becomes of each serial of an order."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import assert_never

from issuance.emergency.ports import Known
from issuance.mobiel.manage import as_blocked, as_ended
from pki.domain.cards import (
    Active,
    Blocked,
    Card,
    CardPhase,
    Ended,
    Expired,
    Issued,
    Lapsed,
    Ordered,
    blocked,
    certificate_status,
    lapsed,
    revoked,
)
from pki.domain.emergency.records import (
    CertifiedSubscriber,
    RecordedSerial,
    Subscriber,
    SubscriberKind,
)
from pki.domain.events import CardBlocked, CardLapsed, CardRevoked, Event
from pki.domain.identifiers import SerialNumber
from pki.domain.mobiel.identities import revoked_at
from pki.domain.mobiel.records import MobielIdentity, MobielState
from pki.domain.reasons import BlockReason, RevokeReason
from pki.domain.status import CertificateStatus, Revoked


class Fate(Enum):
    """Only the first two change anything."""

    REVOKE = "revoke"
    """In use, or blocked: then the start of the block stays the date."""
    END = "end"
    """A card made but not confirmed: ended as never finished, revoked since its beginning."""
    UNSIGNED = "unsigned"
    """Recorded, and perhaps being signed now: give it again in a minute."""
    REVOKED = "already revoked"
    EXPIRED = "expired"
    """Its status stays what it was."""
    UNKNOWN = "unknown"
    """Neither a card nor a telephone of ours has it."""


DONE_HERE = frozenset({Fate.REVOKE, Fate.END})


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A serial, what becomes of it, and what it is on or in, where that is known.

    ``found`` is what would change, if anything does.
    """

    serial: SerialNumber
    fate: Fate
    kind: SubscriberKind | None = None
    found: CertifiedSubscriber | None = None


def judge(known: Known, serials: Sequence[SerialNumber], now: datetime) -> list[Judged]:
    """Judge some hundreds of serials by what the store says now."""
    recorded = known.recorded(serials)
    return [_judged(serial, recorded.get(serial), now) for serial in serials]


def _judged(serial: SerialNumber, recorded: RecordedSerial | None, now: datetime) -> Judged:
    if recorded is None:
        return Judged(serial=serial, fate=Fate.UNKNOWN)
    kind, found = recorded.kind, recorded.certified
    if found is None:
        # A serial that was given up is of no card; one of another telephone than the present one
        # was replaced. Both were revoked then.
        over = isinstance(recorded.status, Revoked)
        return Judged(serial=serial, fate=Fate.REVOKED if over else Fate.UNSIGNED, kind=kind)
    match found.subscriber:
        case Card(phase=phase):
            fate = _fate(phase)
        case MobielIdentity(state=MobielState.ENDED):
            fate = Fate.REVOKED
        case MobielIdentity():
            fate = Fate.EXPIRED if found.not_after < now else Fate.REVOKE
        case _:
            assert_never(found.subscriber)
    changes = found if fate in DONE_HERE else None
    return Judged(serial=serial, fate=fate, kind=kind, found=changes)


def _fate(phase: CardPhase) -> Fate:
    match phase:
        case Active() | Blocked():
            return Fate.REVOKE
        case Issued():
            return Fate.END
        case Ended() | Lapsed():
            return Fate.REVOKED
        case Expired():
            return Fate.EXPIRED
        case Ordered():
            return Fate.UNSIGNED
        case _:
            assert_never(phase)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """A card or telephone as it ends, its status, and what the journal says of it, in order."""

    after: Subscriber
    status: CertificateStatus
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Why, and from when on the key must be mistrusted, if that is known."""

    reason: RevokeReason
    compromised_since: datetime | None


def ending(found: CertifiedSubscriber, cause: Cause, at: datetime) -> Ending:
    """End one: block and revoke in one act with one date, as MAN 8.3 wants a block first.

    Raises:
        Refused: its state does not allow it.
    """
    match found.subscriber:
        case Card() as card:
            return _of_card(card, found, cause, at)
        case MobielIdentity() as identity:
            return _of_telephone(identity, found, cause, at)
        case _:
            assert_never(found.subscriber)


def _of_card(card: Card, found: CertifiedSubscriber, cause: Cause, at: datetime) -> Ending:
    issuer, serial = found.issuer, found.serial
    if isinstance(card.phase, Issued):
        begun = found.not_before
        given_up = CardLapsed(card=card.id, issuer=issuer, serial=serial, revoked_at=begun)
        return _ended(lapsed(card, not_before=begun, at=at), given_up)
    events: list[Event] = []
    if isinstance(card.phase, Active):
        why = BlockReason.SECURITY_INCIDENT
        card = blocked(card, reason=why, at=at)
        events.append(CardBlocked(card=card.id, issuer=issuer, serial=serial, reason=why))
    held_since = card.phase.at
    since = _compromised(cause.compromised_since, found.not_before, held_since)
    final = CardRevoked(
        card=card.id,
        issuer=issuer,
        serial=serial,
        reason=cause.reason,
        revoked_at=held_since,
        compromised_since=since,
    )
    ended = revoked(card, reason=cause.reason, at=at, compromised_since=since)
    return _ended(ended, *events, final)


def _ended(card: Card, *events: Event) -> Ending:
    status = certificate_status(card.phase)
    if status is None:
        raise AssertionError("a card that was certified has a status")
    return Ending(after=card, status=status, events=events)


def _of_telephone(
    identity: MobielIdentity, found: CertifiedSubscriber, cause: Cause, at: datetime
) -> Ending:
    events: list[Event] = []
    if identity.state is MobielState.REGISTERED:
        identity, event, _ = as_blocked(identity, BlockReason.SECURITY_INCIDENT, at)
        events.append(event)
    held_since = revoked_at(identity, at=at)
    since = _compromised(cause.compromised_since, found.not_before, held_since)
    after, final, status = as_ended(identity, cause.reason, at, since)
    return Ending(after=after, status=status, events=(*events, final))


def _compromised(
    since: datetime | None, not_before: datetime, held_since: datetime
) -> datetime | None:
    """One moment for many: not before this key was certified, and only if before its block.

    A key is certified when whoever has it proves that; from the block on it is revoked anyway.
    """
    if since is None or since > held_since:
        return None
    return min(max(since, not_before), held_since)
