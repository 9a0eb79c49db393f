"""Ending cards one by one.

What is due is looked up outside the writer's transaction, and judged again inside it: something may
have happened to the card meanwhile.
"""

import logging
from collections.abc import Callable, Iterable
from functools import partial
from typing import Final

from issuance.desk import Desk
from issuance.ports import CardWrites, WholeSession
from issuance.steps.card_change import certificate_of, write_change
from pki.domain.cards import Card, Ended
from pki.domain.errors import Unavailable, ZorgidError
from pki.domain.events import CardRevoked
from pki.domain.identifiers import CardId
from pki.domain.people import SYSTEM

_log: Final = logging.getLogger(__name__)


async def end_each(
    desk: Desk, cards: Iterable[Card], end: Callable[[CardId, WholeSession], bool]
) -> int:
    """Give each card to ``end`` in a transaction of its own; how many it says have ended.

    A card that cannot end is logged and does not hold up the others.

    Raises:
        StoreUnavailable: try again later.
    """
    ended = 0
    for card in cards:
        try:
            ended += await desk.store.write(partial(end, card.id))
        except Unavailable:
            raise
        except ZorgidError as error:
            _log.exception("card could not end", extra={"card": card.id.value, "why": error.code})
    return ended


def write_revoked(session: CardWrites, card: Card) -> None:
    """Write a card that the service itself has ended.

    Raises:
        IntegrityBroken: its certificate is not in the store.
    """
    match card.phase:
        case Ended(reason=reason, revoked_at=revoked_at):
            certificate = certificate_of(session, card)
            event = CardRevoked(
                card=card.id,
                issuer=certificate.issuer,
                serial=certificate.serial,
                reason=reason,
                revoked_at=revoked_at,
            )
            write_change(session, card, certificate, event, SYSTEM)
        case _:
            raise AssertionError("a card that was ended has ended")
