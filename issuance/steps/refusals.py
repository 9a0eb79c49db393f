"""A refusal leaves an entry in the journal: who was turned away is part of the record."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from issuance.ports import Store
from pki.domain.errors import PassStatusUnavailable, Refused
from pki.domain.events import RequestRefused
from pki.domain.identifiers import CardId
from pki.domain.people import Actor
from pki.domain.reasons import RefusalReason

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Who asked, as the journal may know it. ``pass_digest`` is salted and names nobody."""

    actor: Actor
    pass_digest: str | None = None
    card: CardId | None = None


@asynccontextmanager
async def refusals_recorded(store: Store, asker: Asker) -> AsyncIterator[None]:
    """Record a `Refused` that leaves this block, in a transaction of its own, and let it go on.

    Raises:
        StoreUnavailable: it could not be recorded; the caller hears that instead.
    """
    try:
        yield
    except (Refused, PassStatusUnavailable) as refused:
        reason = (
            refused.reason if isinstance(refused, Refused) else RefusalReason.PASS_STATUS_UNKNOWN
        )
        event = RequestRefused(reason=reason, pass_digest=asker.pass_digest, card=asker.card)
        entry = await store.write(lambda session: session.record(event, asker.actor))
        _log.info("request refused", extra={"reason": reason.value, "position": entry.position})
        raise
