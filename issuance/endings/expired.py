"""A card whose three years are over makes room for a new one."""

from issuance.desk import Desk
from issuance.endings.each import end_each
from issuance.ports import CardWrites
from issuance.steps.card_change import certificate_of
from pki.domain.cards import Active, Blocked
from pki.domain.endings.by_time import expired
from pki.domain.endings.events import CardExpired
from pki.domain.identifiers import CardId
from pki.domain.people import SYSTEM


async def end_expired(desk: Desk) -> int:
    """Say of every card whose certificate has expired that it has; how many that were.

    Raises:
        StoreUnavailable: try again later.
    """
    now = desk.clock.now()
    cards = await desk.reader.read(lambda snapshot: list(snapshot.cards_expired_before(now)))
    return await end_each(desk, cards, _end)


def _end(card_id: CardId, session: CardWrites) -> bool:
    card = session.card(card_id)
    if card is None or not isinstance(card.phase, Active | Blocked):
        return False
    certificate = certificate_of(session, card)
    if session.now <= certificate.not_after:
        return False
    session.put_card(expired(card, at=session.now))
    event = CardExpired(card=card_id, issuer=certificate.issuer, serial=certificate.serial)
    session.record(event, SYSTEM)
    return True
