"""What was begun and not finished ends by itself: orders, unconfirmed cards, serials, sessions."""

import asyncio
import logging
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from issuance.desk import Desk
from issuance.ports import Lapsing
from issuance.steps.card_change import certificate_of, write_change
from issuance.steps.intents import close_if_open
from pki.domain.cards import Card, Issued, Ordered, lapsed
from pki.domain.errors import Unavailable, ZorgidError
from pki.domain.events import CardLapsed
from pki.domain.identifiers import CardId
from pki.domain.mobiel.records import MobielIntent
from pki.domain.people import SYSTEM
from pki.domain.records import Intent

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Overdue:
    intents: tuple[Intent | MobielIntent, ...]
    cards: tuple[Card, ...]


async def lapse_overdue(desk: Desk) -> int:
    """End whatever is overdue now; the number of cards and serials that were ended.

    A card that cannot be ended is logged and does not hold up the others.

    Raises:
        StoreUnavailable: try again later.
    """
    overdue = await desk.store.write(lambda session: _overdue(desk, session))
    ended = 0
    for intent in overdue.intents:
        ended += await desk.store.write(partial(_close, intent))
    for card in overdue.cards:
        try:
            ended += await desk.store.write(partial(_lapse, desk, card.id))
        except Unavailable:
            raise
        except ZorgidError as error:
            _log.exception("card could not lapse", extra={"card": card.id.value, "why": error.code})
    return ended


def _overdue(desk: Desk, session: Lapsing) -> _Overdue:
    session.remove_expired_sessions()
    session.remove_expired_appointments()
    session.remove_expired_invitations()
    limit = session.now - desk.limits.unfinished
    return _Overdue(
        intents=(*session.open_intents(session.now), *session.open_mobiel_intents(session.now)),
        cards=(*session.cards_ordered_before(limit), *session.cards_issued_before(limit)),
    )


def _close(intent: Intent | MobielIntent, session: Lapsing) -> bool:
    return close_if_open(session, intent)


def _lapse(desk: Desk, card_id: CardId, session: Lapsing) -> bool:
    card = session.card(card_id)
    if card is None or session.open_intent_of(card_id) is not None:
        # Its signature is under way: the lease ends before the next round.
        return False
    if session.now < card.phase.at + desk.limits.unfinished:
        # It went a step further since it was found overdue, and has its time for that step.
        return False
    match card.phase:
        case Ordered():
            ended = lapsed(card, not_before=None, at=session.now)
            session.put_card(ended)
            event = CardLapsed(card=card.id, issuer=None, serial=None, revoked_at=None)
            session.record(event, SYSTEM)
        case Issued():
            _revoke_unconfirmed(session, card)
        case _:
            return False
    return True


def _revoke_unconfirmed(session: Lapsing, card: Card) -> None:
    certificate = certificate_of(session, card)
    ended = lapsed(card, not_before=certificate.not_before, at=session.now)
    event = CardLapsed(
        card=card.id,
        issuer=certificate.issuer,
        serial=certificate.serial,
        revoked_at=certificate.not_before,
    )
    write_change(session, ended, certificate, event, SYSTEM)


class LapseRunner:
    """Looks for what is overdue, again and again."""

    def __init__(self, desk: Desk, *, every: timedelta = timedelta(seconds=10)) -> None:
        self._desk = desk
        self._every = every.total_seconds()

    async def run(self) -> None:
        """Run until cancelled; an error is logged and the next round tries again."""
        while True:
            try:
                ended = await lapse_overdue(self._desk)
            except ZorgidError as error:
                _log.warning("nothing could lapse now", extra={"why": error.code})
            else:
                if ended:
                    _log.info("unfinished cards ended", extra={"count": ended})
            await asyncio.sleep(self._every)
