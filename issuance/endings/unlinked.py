"""A card that no organisation has managed for two months is revoked."""

from functools import partial

from issuance.desk import Desk
from issuance.endings.each import end_each, write_revoked
from issuance.ports import Linking
from issuance.rules.unlinked import ends_at, shortest
from pki.domain.endings.by_time import ended_unlinked
from pki.domain.identifiers import CardId


async def end_unlinked(desk: Desk) -> int:
    """Revoke every card whose two months are over, where the choices say so; how many that were.

    Raises:
        StoreUnavailable: try again later.
    """
    if not desk.choices.unlinked_end:
        return 0
    limit = desk.clock.now() - shortest(desk.choices.months_unlinked)
    cards = await desk.reader.read(lambda snapshot: list(snapshot.cards_unlinked_before(limit)))
    return await end_each(desk, cards, partial(_end, desk))


def _end(desk: Desk, card_id: CardId, session: Linking) -> bool:
    card, since = session.card(card_id), session.unlinked_since(card_id)
    if card is None or since is None or session.now < ends_at(since, desk.choices.months_unlinked):
        return False
    write_revoked(session, ended_unlinked(card, at=session.now))
    return True
