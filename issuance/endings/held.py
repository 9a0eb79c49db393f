"""A card that is blocked for longer than this installation allows."""

from functools import partial

from issuance.desk import Desk
from issuance.endings.each import end_each, write_revoked
from issuance.ports import CardWrites
from pki.domain.cards import Blocked, revoked
from pki.domain.identifiers import CardId
from pki.domain.reasons import RevokeReason


async def held_too_long(desk: Desk) -> int:
    """How many cards are blocked for longer than the limit; 0 where there is none.

    Raises:
        StoreUnavailable: try again later.
    """
    if desk.limits.longest_hold is None:
        return 0
    limit = desk.clock.now() - desk.limits.longest_hold
    return await desk.reader.read(
        lambda snapshot: sum(1 for _ in snapshot.cards_blocked_before(limit))
    )


async def end_held(desk: Desk) -> int:
    """Revoke them, as of the start of the block, where the limits say so; how many that were.

    Raises:
        StoreUnavailable: try again later.
    """
    if desk.limits.longest_hold is None or not desk.limits.revoke_held:
        return 0
    limit = desk.clock.now() - desk.limits.longest_hold
    cards = await desk.reader.read(lambda snapshot: list(snapshot.cards_blocked_before(limit)))
    return await end_each(desk, cards, partial(_end, desk))


def _end(desk: Desk, card_id: CardId, session: CardWrites) -> bool:
    card, longest = session.card(card_id), desk.limits.longest_hold
    if card is None or longest is None or not isinstance(card.phase, Blocked):
        return False
    if session.now <= card.phase.at + longest:
        return False
    write_revoked(session, revoked(card, reason=RevokeReason.HELD_TOO_LONG, at=session.now))
    return True
