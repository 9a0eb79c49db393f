"""Giving up serials that were recorded but not seen signed."""

import logging
from datetime import UTC, datetime
from typing import Protocol

from issuance.certifying.ports import Statuses
from issuance.desk import Desk
from issuance.ports import Journal, Lapsing, Store
from pki.domain.errors import StoreUnavailable, Unavailable
from pki.domain.events import Event, IntentClosed
from pki.domain.mobiel.events import MobielIntentClosed
from pki.domain.mobiel.records import MobielIntent
from pki.domain.people import SYSTEM
from pki.domain.records import Intent
from pki.domain.status import Revoked


class _Closing(Statuses, Journal, Protocol):
    """Where an intent is closed."""


_log = logging.getLogger(__name__)


def close_intent(session: _Closing, intent: Intent | MobielIntent) -> None:
    """Count the serial as revoked since it was recorded.

    It may have been signed, unseen by us: so it is revoked, never `good`, and never signed again.
    """
    issuer, serial, at = intent.issuer, intent.serial, intent.created_at
    event: Event
    match intent:
        case Intent(card_id=card):
            event = IntentClosed(card=card, issuer=issuer, serial=serial, revoked_at=at)
        case MobielIntent(mobiel_id=mobiel):
            event = MobielIntentClosed(mobiel=mobiel, issuer=issuer, serial=serial, revoked_at=at)
    entry = session.record(event, SYSTEM)
    session.set_status(issuer, serial, Revoked(at=at, reason=None), entry)


def clear_former(session: _Closing, former: Intent | MobielIntent | None) -> None:
    """Make room for another intent of the same card or telephone.

    Raises:
        Unavailable: the lease of the one before has not ended.
    """
    if former is None:
        return
    if session.now < former.lease_until:
        whose = "card" if isinstance(former, Intent) else "telephone"
        raise Unavailable(
            message=f"an earlier signature for this {whose} is not settled yet",
            next_step="repeat the request in a minute",
        )
    close_intent(session, former)


def close_if_open(session: Lapsing, intent: Intent | MobielIntent) -> bool:
    """Close an intent, unless it was closed or completed meanwhile."""
    still_open: Intent | MobielIntent | None
    match intent:
        case Intent():
            still_open = session.open_intent_of(intent.card_id)
        case MobielIntent():
            still_open = session.open_mobiel_intent_of(intent.mobiel_id)
    if still_open is None or still_open.serial != intent.serial:
        return False
    close_intent(session, still_open)
    return True


async def give_up(store: Store, intent: Intent | MobielIntent) -> None:
    """Close an intent at once, so that the next try need not wait for its lease."""
    try:
        await store.write(lambda session: close_if_open(session, intent))
    except StoreUnavailable:
        _log.warning("serial left open until its lease ends", extra={"serial": intent.serial.hex})


async def close_all_intents(desk: Desk) -> int:
    """Close every open intent, to be called once before the first request is taken.

    And only where no other process issues: then whoever recorded them is gone, and no lease needs
    to be waited for.

    Raises:
        StoreUnavailable: the store cannot be written.
    """

    def close(session: Lapsing) -> int:
        ever = datetime.max.replace(tzinfo=UTC)
        intents: list[Intent | MobielIntent] = [*session.open_intents(ever)]
        intents += session.open_mobiel_intents(ever)
        for intent in intents:
            close_intent(session, intent)
        return len(intents)

    closed = await desk.store.write(close)
    if closed:
        _log.warning("serials of a former run were given up", extra={"count": closed})
    return closed
