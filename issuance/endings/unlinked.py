"""A card that no organisation has managed for two months is revoked."""

from issuance.desk import Desk
from issuance.endings.each import end_each, write_revoked
from issuance.ports import Linking
from issuance.rules.unlinked import SHORTEST, ends_at
from pki.domain.endings.by_time import ended_unlinked
from pki.domain.identifiers import CardId


async def end_unlinked(desk: Desk) -> int:
    """Revoke every card whose two months are over; how many that were.

    Raises:
        StoreUnavailable: try again later.
    """
    limit = desk.clock.now() - SHORTEST
    cards = await desk.reader.read(lambda snapshot: list(snapshot.cards_unlinked_before(limit)))
    return await end_each(desk, cards, _end)


def _end(card_id: CardId, session: Linking) -> bool:
    card, since = session.card(card_id), session.unlinked_since(card_id)
    if card is None or since is None or session.now < ends_at(since):
        return False
    write_revoked(session, ended_unlinked(card, at=session.now))
    return True
