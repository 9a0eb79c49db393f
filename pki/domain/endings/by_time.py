"""Transitions of a card that nobody asks for: they come when a time is over.

An order that is not finished lapses: `pki.domain.cards.lapsed`.
"""

from dataclasses import replace
from datetime import datetime

from pki.domain.cards import Active, Blocked, Card, Ended, Expired, state_name
from pki.domain.errors import Refused
from pki.domain.reasons import RefusalReason, RevokeReason


def ended_unlinked(card: Card, *, at: datetime) -> Card:
    """End a card that no organisation manages any more; a block's start stays the date.

    Raises:
        Refused: the card is neither `actief` nor `geblokkeerd`.
    """
    match card.phase:
        case Active(serial=serial):
            revoked_at = at
        case Blocked(serial=serial, at=blocked_at):
            revoked_at = blocked_at
        case _:
            raise _not_in_use(card)
    phase = Ended(at=at, serial=serial, revoked_at=revoked_at, reason=RevokeReason.UNLINKED)
    return replace(card, phase=phase)


def expired(card: Card, *, at: datetime) -> Card:
    """End a card whose certificate's time is over; its status does not change.

    Raises:
        Refused: the card is neither `actief` nor `geblokkeerd`.
    """
    if not isinstance(card.phase, Active | Blocked):
        raise _not_in_use(card)
    held_since = card.phase.at if isinstance(card.phase, Blocked) else None
    return replace(card, phase=Expired(at=at, serial=card.phase.serial, held_since=held_since))


def _not_in_use(card: Card) -> Refused:
    state = state_name(card.phase)
    return Refused(
        reason=RefusalReason.CARD_STATE, message=f"a card that is {state} does not end by time"
    )
