"""When the next CRL is due: pure."""

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

from crl.ending import is_last
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
from pki.domain.mobiel.events import MOBIEL_LISTING_EVENTS
from pki.domain.records import CrlList, KeptCrl

FIRST_PAUSE: Final = 0.5
LONGEST_PAUSE: Final = 10.0

LISTING_EVENTS = (
    CardBlocked,
    CardLapsed,
    CardRevoked,
    CardUnblocked,
    IntentClosed,
    *MOBIEL_LISTING_EVENTS,
)
"""Events after which a CRL lists other certificates than before; unconfirmed ones are on none."""


def relisted(event: Event) -> IssuerId | None:
    """The issuer whose CRL this event changes, if any; after a restore, its number does."""
    if isinstance(event, RestoreConfirmed):
        return event.issuer
    subject = touched(event)
    return subject[0] if subject is not None and isinstance(event, LISTING_EVENTS) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """What is known of the CRL published last, without its octets."""

    number: int
    this_update: datetime
    next_update: datetime
    upto: int
    entries: int
    octets: int

    @classmethod
    def of(cls, crl: KeptCrl, octets: int) -> Self:
        """Of a CRL that is so long."""
        return cls(
            number=crl.number,
            this_update=crl.this_update,
            next_update=crl.next_update,
            upto=crl.upto,
            entries=crl.entries,
            octets=octets,
        )


def concerned(event: Event, crl_list: CrlList) -> bool:
    """Whether this event changes that list; after a restore, its number does."""
    if relisted(event) != crl_list.issuer:
        return False
    subject = touched(event)
    return subject is None or crl_list.covers(subject[1])


def pause_after(failures: int) -> float:
    """Seconds to wait after so many failures in a row, at most `LONGEST_PAUSE`.

    Most failures are a signer or store that is busy or restarts: gone within a second or two, so
    the first tries come fast. A block must be on a CRL within a minute, so the pause never grows to
    more than a sixth of that: an HSM that is back is used within ten seconds, and one that is gone
    for a day is asked no more often than it can bear.
    """
    return min(FIRST_PAUSE * float(2 ** min(failures - 1, 16)), LONGEST_PAUSE)


def seconds_until_due(
    latest: Present | None, now: datetime, changed_for: float | None, policy: CrlPolicy
) -> float:
    """How long the next CRL may wait; 0 when there is none yet or it is late, ever after the last.

    ``changed_for`` is how many seconds ago the first change that it does not show was seen, by a
    clock that is never set.
    """
    if latest is None:
        return 0.0
    if is_last(latest.next_update):
        return math.inf
    wait = (latest.this_update + policy.every - policy.phase - now).total_seconds()
    if changed_for is not None:
        wait = min(wait, policy.coalesce - changed_for)
    return max(wait, 0.0)
