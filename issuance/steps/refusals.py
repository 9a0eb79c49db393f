"""A refusal leaves an entry in the journal: who was turned away is part of the record."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from issuance.ports import Store
from issuance.rules.rates import Restraint
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
async def refusals_recorded(
    store: Store, asker: Asker, restraint: Restraint
) -> AsyncIterator[None]:
    """Record a `Refused` that leaves this block, in a transaction of its own, and let it go on.

    ``restraint`` says when the journal has had enough of them; then only the log tells.

    Raises:
        StoreUnavailable: it could not be recorded; the caller hears that instead.
    """
    try:
        yield
    except (Refused, PassStatusUnavailable) as refused:
        reason = (
            refused.reason if isinstance(refused, Refused) else RefusalReason.PASS_STATUS_UNKNOWN
        )
        if not restraint.may_record(_who(asker, reason)):
            _log.warning("refusal left out of the journal", extra={"reason": reason.value})
            raise
        event = RequestRefused(reason=reason, pass_digest=asker.pass_digest, card=asker.card)
        entry = await store.write(lambda session: session.record(event, asker.actor))
        _log.info("request refused", extra={"reason": reason.value, "position": entry.position})
        raise


def _who(asker: Asker, reason: RefusalReason) -> str | None:
    """Whose refusals count together; one who proved to hold a key of no known CA is anybody."""
    if reason is RefusalReason.PASS_NOT_TRUSTED:
        return None
    return asker.pass_digest or asker.actor.id
