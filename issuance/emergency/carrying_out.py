"""Carrying out an order: in batches, which others may come between, and again after a kill."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

from issuance.emergency.fate import Cause, Ending, Fate, Judged, ending, judge
from issuance.emergency.order import RevocationOrder
from issuance.emergency.ports import Orders, OrderStore
from issuance.mobiel.manage import withdraw_open
from issuance.rules.permissions import Action, actor, require
from pki.domain.emergency.events import RevocationOrdered
from pki.domain.emergency.records import CertifiedSubscriber, SubscriberAfter
from pki.domain.errors import Forbidden
from pki.domain.identifiers import IssuerId, PersonId, SerialNumber
from pki.domain.journal import JournalEntry
from pki.domain.mobiel.records import MobielIdentity
from pki.domain.people import Actor, Operator

BATCH: Final = 200
"""Certificates in one transaction: all others who write wait as long as it takes, some 0.2 s."""

Say = Callable[[int], None]


@dataclass(slots=True, kw_only=True)
class CarriedOut:
    """What became of the serials so far, and of each CA the last journal entry of this run."""

    fates: dict[Fate, list[Judged]] = field(default_factory=lambda: {each: [] for each in Fate})
    positions: dict[IssuerId, int] = field(default_factory=dict)

    def add(self, other: "CarriedOut") -> None:
        """Take in what a batch did."""
        for judged in other.fates.values():
            self.take(judged)
        self.positions |= other.positions

    def take(self, judged: Sequence[Judged]) -> None:
        """Take in these, without what was found: there may be very many."""
        for each in judged:
            self.fates[each.fate].append(replace(each, found=None))

    @property
    def examined(self) -> int:
        """Serials that were judged."""
        return sum(map(len, self.fates.values()))


def two_people(operators: Sequence[Operator | None]) -> tuple[Operator, Operator]:
    """The first two who are different people; each must be one who may order this.

    Raises:
        Forbidden: a certificate of nobody here, of another role, of somebody who is blocked, or
            fewer than two people.
    """
    people: dict[PersonId, Operator] = {}
    for each in operators:
        if each is None:
            raise Forbidden(
                message="an approval is signed with a certificate that is mapped to no operator",
                next_step="have somebody else of the ZORG-ID team sign the order",
            )
        if each.blocked_at is not None:
            raise Forbidden(
                message="an approval is signed by an operator who is blocked",
                next_step="have somebody else of the ZORG-ID team sign the order",
            )
        require(each, Action.REVOKE_MANY)
        people.setdefault(each.id, each)
    match tuple(people.values()):
        case (first, second, *_):
            return first, second
        case _:
            raise Forbidden(
                message="the order was approved by fewer than two people",
                next_step="have another person of the ZORG-ID team sign it, with their own key",
            )


def was_begun(session: Orders, order: RevocationOrder) -> bool:
    """Whether the journal has this order already."""
    return session.cursor(_name(order)) > 0


def begin(session: Orders, order: RevocationOrder, signers: Sequence[bytes]) -> Actor:
    """Record the order, once; who it was in whose name they are revoked.

    ``signers`` are the SHA-256 digests of the certificates that approved it.

    Raises:
        Forbidden: as `two_people`.
    """
    first, second = two_people([session.operator_by_certificate(each) for each in signers])
    if not was_begun(session, order):
        event = RevocationOrdered(
            order_sha256=order.sha256,
            second=second.id,
            certificates=len(order.serials),
            reason=order.revoke_reason,
            compromised_since=order.compromised_since,
        )
        session.set_cursor(_name(order), session.record(event, actor(first)).position)
    return actor(first)


async def carry_out(
    store: OrderStore, order: RevocationOrder, by: Actor, said: Say, *, pace: float = 1.0
) -> CarriedOut:
    """Revoke what is not revoked yet. ``said`` is told how many serials were judged.

    After each batch it rests ``pace`` times as long as others had to wait for that, so that cards
    and telephones are blocked and made meanwhile. Cancelled or killed, it has done whole batches;
    carried out again, it goes on.

    Raises:
        StoreUnavailable: the last batch was not recorded.
    """
    cause = Cause(reason=order.revoke_reason, compromised_since=order.compromised_since)
    done = CarriedOut()
    for start in range(0, len(order.serials), BATCH):
        batch = order.serials[start : start + BATCH]
        some, began = await store.write(partial(_batch, batch, cause, by))
        done.add(some)
        said(done.examined)
        await asyncio.sleep(pace * (time.monotonic() - began))
    return done


def _batch(
    serials: Sequence[SerialNumber], cause: Cause, by: Actor, session: Orders
) -> tuple[CarriedOut, float]:
    """What it did, and since when it held up all others (seconds of the monotonic clock)."""
    done, began = CarriedOut(), time.monotonic()
    judged = judge(session, serials, session.now)
    found = [each.found for each in judged if each.found is not None]
    changing = [(each, ending(each, cause, session.now)) for each in found]
    for each in found:
        if isinstance(each.subscriber, MobielIdentity):
            withdraw_open(session, each.subscriber, by)
    entries = iter(session.record_all([event for _, end in changing for event in end.events], by))
    changes = [_after(each, end, [next(entries) for _ in end.events]) for each, end in changing]
    session.put_subscribers_after(changes)
    done.take(judged)
    done.positions = {each.issuer: each.entry.position for each in changes}
    return done, began


def _after(
    found: CertifiedSubscriber, end: Ending, entries: Sequence[JournalEntry]
) -> SubscriberAfter:
    """As the last entry leaves it: the hold that stands before it lasted no time."""
    return SubscriberAfter(
        subscriber=end.after,
        issuer=found.issuer,
        serial=found.serial,
        status=end.status,
        entry=entries[-1],
    )


def _name(order: RevocationOrder) -> str:
    """Under which name the store keeps the entry that recorded it."""
    return f"revocation-order/{order.sha256}"
