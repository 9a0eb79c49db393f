"""What must be so after every fault: in the store, in what callers were told, and from outside."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum

import aiohttp

from installed.practice import Practice
from installed.program import START_SECONDS
from pki.api.client import IssuanceClient
from pki.api.errors import ServiceUnavailable, ServiceUnreachable
from pki.api.wire import BlockRequest, CardChangedView, RevokeRequest
from pki.domain.identifiers import CardId, IdempotencyKey, SerialNumber
from pki.domain.reasons import BlockReason, RevokeReason
from pki.observe.views.expected import Expected, View
from pki.observe.views.verifier import Verified, Verifier
from pki.ports import SystemClock, SystemEntropy
from pki.store.reading import ReadStore
from server.initialise import ADMINISTRATOR
from server.settings import load
from server.views.comparing import StoreFacts, views_of
from stores.books import Ledger, check_books


class Change(Enum):
    """What an administrator asks, by the name that the journal has for it."""

    BLOCK = "card.blocked"
    UNBLOCK = "card.unblocked"
    REVOKE = "card.revoked"

    async def ask(
        self, client: IssuanceClient, card: CardId, key: IdempotencyKey
    ) -> CardChangedView:
        match self:
            case Change.BLOCK:
                return await client.block(card, BlockRequest(reason=BlockReason.LOSS), key)
            case Change.UNBLOCK:
                return await client.unblock(card, key)
            case Change.REVOKE:
                return await client.revoke(
                    card, RevokeRequest(reason=RevokeReason.LOSS_OR_THEFT), key
                )


@dataclass(kw_only=True)
class Asked:
    """One request, and what it was answered; None: nobody knows what became of it."""

    change: Change
    card: CardId
    key: IdempotencyKey
    answer: CardChangedView | None = None


@dataclass(kw_only=True)
class Requests:
    """Changes of cards, each under a key of its own. No card is changed but through this.

    ``series`` keeps the keys of one apart from those of another about the same cards.
    """

    series: str = "0"
    asked: list[Asked] = field(default_factory=list)
    refusals: list[ServiceUnavailable | ServiceUnreachable] = field(default_factory=list)
    refused: asyncio.Event = field(default_factory=asyncio.Event)

    async def once(self, at: Practice, change: Change, card: CardId) -> bool:
        """Ask; whether it was acknowledged."""
        key = IdempotencyKey(f"{card.value}-{self.series}-{len(self.asked)}")
        asked = Asked(change=change, card=card, key=key)
        self.asked.append(asked)
        return await self.again(at, asked)

    async def insist(self, at: Practice, change: Change, card: CardId) -> None:
        """Ask under one key until it is acknowledged."""
        done = await self.once(at, change, card)
        asked = next(each for each in reversed(self.asked) if each.card == card)
        while not done:
            await asyncio.sleep(0.05)
            done = await self.again(at, asked)

    async def again(self, at: Practice, asked: Asked) -> bool:
        """The same request under the same key: it must be answered as before, if it ever was."""
        async with at.client(ADMINISTRATOR) as client:
            try:
                answer = await asked.change.ask(client, asked.card, asked.key)
            except (ServiceUnavailable, ServiceUnreachable) as refused:
                self.refusals.append(refused)
                self.refused.set()
                return False
        assert asked.answer in {None, answer}
        asked.answer = answer
        return True

    def by_card(self) -> Mapping[str, Sequence[Asked]]:
        """In the order in which they were asked."""
        cards: dict[str, list[Asked]] = {}
        for each in self.asked:
            cards.setdefault(each.card.value, []).append(each)
        return cards


class _AtOnce:
    """A view that is given no time after a change."""

    lag = timedelta()

    def __init__(self, inner: View) -> None:
        self.name = inner.name
        self._inner = inner

    async def wrong(self, expected: Sequence[Expected]) -> Mapping[SerialNumber, str]:
        return await self._inner.wrong(expected)


async def look(practice: Practice) -> Verified:
    """Hold OCSP by GET and with a nonce, CRLs, and a directory if one is kept, against the store.

    No view is given time: whoever waits looks again.
    """
    settings, clock, entropy = load(practice.config), SystemClock(), SystemEntropy()
    store = ReadStore.open(settings.store.url, threads=1)
    try:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as session:
            views = [_AtOnce(each) for each in views_of(settings, session, clock, entropy)]
            facts = StoreFacts(store, settings, entropy, clock)
            return await Verifier(facts, views, clock=clock, settle_seconds=0.1).round()
    finally:
        await store.close()


async def views_agree(practice: Practice) -> Verified:
    """Wait until every view says what the store says."""
    async with asyncio.timeout(START_SECONDS):
        while True:
            found = await look(practice)
            if not found.disagreements and not found.unseen:
                return found
            await asyncio.sleep(0.2)


async def check_sound(
    practice: Practice, requests: Requests | None = None, *, since: int = 0
) -> None:
    """Nothing was lost, nothing invented; a server of the installation must be running.

    What was not acknowledged is repeated and done once, what was is answered again as before and
    not done again; journal and facts agree, no serial and no CRL number came twice; and whoever
    looks from outside sees what the store says. ``requests`` are all since that journal position.
    """
    ledger = Ledger(practice)
    requests = requests or Requests()
    for each in requests.asked:
        assert await requests.again(practice, each), requests.refusals[-1]
    for card, changes in requests.by_card().items():
        assert ledger.changes(card, since) == [each.change.value for each in changes]
    check_books(practice, ledger)
    found = await views_agree(practice)
    assert found.examined
