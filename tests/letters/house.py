"""Three cards in use, two organisations, and a carrier of messages that does as it is told."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from issuance.notices.outbox import Outbox
from issuance.notices.plan import Planner
from pki.domain import cards
from pki.domain.errors import StoreUnavailable
from pki.domain.events import CardBlocked, CardRevoked, Event
from pki.domain.journal import JournalEntry
from pki.domain.notices.addresses import EmailAddress
from pki.domain.notices.events import NoticesMailed
from pki.domain.notices.mail import Handed, Taken
from pki.domain.notices.records import Contact, Letter, MailState, ShownNotice
from pki.domain.people import SYSTEM
from pki.domain.reasons import BlockReason, RevokeReason
from pki.ports import SystemEntropy
from pki.store.reading import ReadStore
from pki.store.writing import Store, WriteSession
from server.notices.carrying import LetterCarrier
from stores.samples import ISSUER, NOON, SetClock, card, organisation, serial
from stores.steps import issue, put

ONE, TWO = organisation(1), organisation(2)
ADDRESS = EmailAddress("beheer@praktijk.example")
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
NOT_AFTER = NOON + timedelta(days=1095)
Go = Callable[[], Awaitable[bool]]


@dataclass
class Scripted:
    """A carrier that does as it is told; what it took is in ``got``."""

    answers: list[Handed] = field(default_factory=list)
    got: list[Letter] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    dies_before_go: bool = False
    dies_after_go: bool = False

    async def carry(self, letter: Letter, go: Go) -> Handed:
        if self.dies_before_go:
            raise StoreUnavailable(message="this process is gone")
        if not await go():
            return Handed(taken=Taken.NOT_NOW, why="taken over")
        self.got.append(letter)
        self.arrived.set()
        if self.dies_after_go:
            raise StoreUnavailable(message="this process is gone")
        return self.answers.pop(0) if self.answers else Handed(taken=Taken.ACCEPTED)


@dataclass(kw_only=True)
class House:
    store: Store
    reader: ReadStore
    clock: SetClock
    carrier: Scripted = field(default_factory=Scripted)
    counted: Counter[str] = field(default_factory=Counter)

    @property
    def planner(self) -> Planner:
        return Planner(
            store=self.store, reader=self.reader, clock=self.clock, longest_hold=30 * DAY
        )

    def outbox(self, carrier: Scripted | LetterCarrier | None = None) -> Outbox:
        return Outbox(
            store=self.store,
            reader=self.reader,
            carrier=carrier or self.carrier,
            clock=self.clock,
            entropy=SystemEntropy(),
            count=lambda outcome: self.counted.update([outcome]),
        )

    async def happen(self, *events: Event) -> list[JournalEntry]:
        return await self.store.write(
            lambda session: [session.record(each, SYSTEM) for each in events]
        )

    async def tell(self, *events: Event) -> int:
        return await self.planner.take_up(await self.happen(*events))

    async def shown(self) -> tuple[ShownNotice, ...]:
        return await self.reader.read(lambda session: session.notices_of(None, None, 1000))

    async def mails(self) -> Counter[MailState]:
        return Counter(each.notice.mail for each in await self.shown())

    async def outcomes(self) -> list[tuple[int, str]]:
        entries = await self.reader.read(lambda session: session.journal_after(0, 1000))
        mailed = [each.event for each in entries if isinstance(each.event, NoticesMailed)]
        return [(each.notices, each.outcome) for each in mailed]


@asynccontextmanager
async def house_of_three(url: str) -> AsyncIterator[House]:
    """Three cards in use; the first two managed by ONE, the third by TWO; ONE has an address."""
    clock = SetClock()
    made = House(store=Store.open(url, clock=clock), reader=ReadStore.open(url), clock=clock)
    for each in (ONE, TWO):
        await put(made.store, each)
    await issue(made.store, 1, 2, 3)
    for number, to in ((1, ONE), (2, ONE), (3, TWO)):
        issued = cards.certified(card(number), serial=serial(number), at=NOON)
        await put(made.store, cards.confirmed(issued, at=NOON))
        link = partial(
            WriteSession.put_link,
            card_id=card(number).id,
            organisation_id=to.id,
            since=NOON,
        )
        await made.store.write(link)
    contact = Contact(organisation=ONE.id, email=ADDRESS)
    await made.store.write(lambda session: session.put_contact(contact))
    clock.at = NOON + 1 * DAY
    yield made
    await made.reader.close()
    await made.store.close()


def blocked(number: int) -> CardBlocked:
    return CardBlocked(
        card=card(number).id, issuer=ISSUER, serial=serial(number), reason=BlockReason.LOSS
    )


def revoked(number: int, at: datetime = NOON) -> CardRevoked:
    return CardRevoked(
        card=card(number).id,
        issuer=ISSUER,
        serial=serial(number),
        reason=RevokeReason.DEFECT,
        revoked_at=at,
    )
