"""What becomes of each serial of an order."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import assert_never

from issuance.emergency.ports import Known
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
    lapsed,
    revoked,
)
from pki.domain.emergency.records import CertifiedCard
from pki.domain.events import CardBlocked, CardLapsed, CardRevoked, Event
from pki.domain.identifiers import SerialNumber
from pki.domain.reasons import BlockReason, RevokeReason
from pki.domain.status import Revoked


class Fate(Enum):
    """Only the first two change anything."""

    REVOKE = "revoke"
    """In use, or blocked: then the start of the block stays the date."""
    END = "end"
    """Made but not confirmed: ended as one that was never finished, revoked since its beginning."""
    UNSIGNED = "unsigned"
    """Recorded, and perhaps being signed now: give it again in a minute."""
    REVOKED = "already revoked"
    EXPIRED = "expired"
    """Its status stays what it was."""
    UNKNOWN = "unknown"
    """No card of ours has it."""


DONE_HERE = frozenset({Fate.REVOKE, Fate.END})


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A serial, what becomes of it, and the card that would change, if any does."""

    serial: SerialNumber
    fate: Fate
    card: CertifiedCard | None = None


def judge(known: Known, serials: Sequence[SerialNumber]) -> list[Judged]:
    """Judge some hundreds of serials by what the store says now."""
    cards = known.certified_cards(serials)
    return [_judged(known, serial, cards.get(serial)) for serial in serials]


def _judged(known: Known, serial: SerialNumber, found: CertifiedCard | None) -> Judged:
    if found is None:
        return Judged(serial=serial, fate=_without_card(known, serial))
    fate = _fate(found.card.phase)
    return Judged(serial=serial, fate=fate, card=found if fate in DONE_HERE else None)


def _without_card(known: Known, serial: SerialNumber) -> Fate:
    intent = known.intent(serial)
    if intent is None:
        return Fate.UNKNOWN
    # A serial that was given up stands on no card; it was revoked then.
    given_up = isinstance(known.status(intent.issuer, serial), Revoked)
    return Fate.REVOKED if given_up else Fate.UNSIGNED


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
    """A card as it ends, and what the journal says of it, in order."""

    card: Card
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Why, and from when on the key must be mistrusted, if that is known."""

    reason: RevokeReason
    compromised_since: datetime | None


def ending(found: CertifiedCard, cause: Cause, at: datetime) -> Ending:
    """End one card: block and revoke in one act with one date, as MAN 8.3 wants a block first.

    Raises:
        Refused: its state does not allow it.
    """
    card, issuer = found.card, found.issuer
    if isinstance(card.phase, Issued):
        serial, begun = card.phase.serial, found.not_before
        given_up = CardLapsed(card=card.id, issuer=issuer, serial=serial, revoked_at=begun)
        return Ending(card=lapsed(card, not_before=begun, at=at), events=(given_up,))
    events: list[Event] = []
    if isinstance(card.phase, Active):
        serial, why = card.phase.serial, BlockReason.SECURITY_INCIDENT
        card = blocked(card, reason=why, at=at)
        events.append(CardBlocked(card=card.id, issuer=issuer, serial=serial, reason=why))
    held_since = card.phase.at
    since = _compromised(cause.compromised_since, found.not_before, held_since)
    ended = revoked(card, reason=cause.reason, at=at, compromised_since=since)
    final = CardRevoked(
        card=card.id,
        issuer=issuer,
        serial=_serial(ended),
        reason=cause.reason,
        revoked_at=held_since,
        compromised_since=since,
    )
    return Ending(card=ended, events=(*events, final))


def _serial(card: Card) -> SerialNumber:
    if card.serial is None:
        raise AssertionError("a revoked card has a certificate")
    return card.serial


def _compromised(
    since: datetime | None, not_before: datetime, held_since: datetime
) -> datetime | None:
    """One moment for many cards: not before this key was certified, and only if before its block.

    A key is certified when its card proves that it has it; from the block on it is revoked anyway.
    """
    if since is None or since > held_since:
        return None
    return min(max(since, not_before), held_since)
