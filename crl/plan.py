"""When the next CRL is due: pure."""

from datetime import datetime

from crl.policy import CrlPolicy
from pki.domain.events import (
    CardBlocked,
    CardLapsed,
    CardRevoked,
    CardUnblocked,
    Event,
    IntentClosed,
    RestoreConfirmed,
    touched,
)
from pki.domain.identifiers import IssuerId
from pki.domain.records import PublishedCrl

LISTING_EVENTS = (CardBlocked, CardLapsed, CardRevoked, CardUnblocked, IntentClosed)
"""Events after which a CRL lists other certificates than before; unconfirmed ones are on none."""


def relisted(event: Event) -> IssuerId | None:
    """The issuer whose CRL this event changes, if any; after a restore, its number does."""
    if isinstance(event, RestoreConfirmed):
        return event.issuer
    subject = touched(event)
    return subject[0] if subject is not None and isinstance(event, LISTING_EVENTS) else None


def seconds_until_due(
    latest: PublishedCrl | None, now: datetime, changed_for: float | None, policy: CrlPolicy
) -> float:
    """How long the next CRL may wait; 0 when there is none yet or it is late.

    ``changed_for`` is how many seconds ago the first change that it does not show was seen, by a
    clock that is never set.
    """
    if latest is None:
        return 0.0
    wait = (latest.this_update + policy.every - now).total_seconds()
    if changed_for is not None:
        wait = min(wait, policy.coalesce - changed_for)
    return max(wait, 0.0)
