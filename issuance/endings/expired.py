"""A card whose three years are over makes room for a new one."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from issuance.desk import Desk
from issuance.endings.each import end_each
from issuance.ports import CardWrites
from issuance.steps.card_change import certificate_of
from pki.domain.cards import Active, Blocked
from pki.domain.endings.by_time import expired
from pki.domain.endings.events import CardExpired
from pki.domain.identifiers import CardId
from pki.domain.people import SYSTEM

_AGAIN: Final = timedelta(days=1)
"""Of what was looked at before: a clock may have been put right since."""


@dataclass(slots=True, kw_only=True)
class Looked:
    """Up to when all that had expired has ended; None before the first look."""

    upto: datetime | None = None


async def end_expired(desk: Desk, looked: Looked | None = None) -> int:
    """Say of every card whose certificate has expired that it has; how many that were.

    With ``looked``, only what has expired since then is looked for, as long as nothing was left.

    Raises:
        StoreUnavailable: try again later.
    """
    now = desk.clock.now()
    upto = None if looked is None else looked.upto
    since = None if upto is None or upto > now else upto - _AGAIN
    cards = await desk.reader.read(lambda snapshot: list(snapshot.cards_expired_before(now, since)))
    ended = await end_each(desk, cards, _end)
    if looked is not None and ended == len(cards):
        looked.upto = now
    return ended


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
