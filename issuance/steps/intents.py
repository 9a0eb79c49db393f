"""Giving up serials that were recorded but not seen signed."""

import logging
from datetime import UTC, datetime
from typing import Protocol

from issuance.desk import Desk
from issuance.mobiel.ports import MobielWrites
from issuance.ports import Intents, Journal, Lapsing
from pki.domain.events import IntentClosed
from pki.domain.mobiel.events import MobielIntentClosed
from pki.domain.mobiel.records import MobielIntent
from pki.domain.people import SYSTEM
from pki.domain.records import Intent
from pki.domain.status import Revoked


class _Telephones(MobielWrites, Journal, Protocol):
    """Where a telephone's intent is closed."""


_log = logging.getLogger(__name__)


def close_intent(session: Intents, intent: Intent) -> None:
    """Count the serial as revoked since it was recorded.

    It may have been signed, unseen by us: so it is revoked, never `good`, and never signed again.
    """
    event = IntentClosed(
        card=intent.card_id,
        issuer=intent.issuer,
        serial=intent.serial,
        revoked_at=intent.created_at,
    )
    entry = session.record(event, SYSTEM)
    revoked = Revoked(at=intent.created_at, reason=None)
    session.set_status(intent.issuer, intent.serial, revoked, entry)


def close_mobiel_intent(session: _Telephones, intent: MobielIntent) -> None:
    """As `close_intent`, for a telephone's."""
    event = MobielIntentClosed(
        mobiel=intent.mobiel_id,
        issuer=intent.issuer,
        serial=intent.serial,
        revoked_at=intent.created_at,
    )
    entry = session.record(event, SYSTEM)
    revoked = Revoked(at=intent.created_at, reason=None)
    session.set_status(intent.issuer, intent.serial, revoked, entry)


async def close_all_intents(desk: Desk) -> int:
    """Close every open intent, to be called once before the first request is taken.

    And only where no other process issues: then whoever recorded them is gone, and no lease needs
    to be waited for.

    Raises:
        StoreUnavailable: the store cannot be written.
    """

    def close(session: Lapsing) -> int:
        ever = datetime.max.replace(tzinfo=UTC)
        intents, telephones = tuple(session.open_intents(ever)), session.open_mobiel_intents(ever)
        for intent in intents:
            close_intent(session, intent)
        for telephone in telephones:
            close_mobiel_intent(session, telephone)
        return len(intents) + len(telephones)

    closed = await desk.store.write(close)
    if closed:
        _log.warning("serials of a former run were given up", extra={"count": closed})
    return closed
