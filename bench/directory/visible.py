"""How long after its commit a single change shows in a directory that holds many entries.

The journal is a real one, in SQLite, looked at five times a second as by a publisher in a process
of its own; the directory is asked as relying parties do, anonymously and over a new connection.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bench.directory.data import BASE, Cards
from ldap_publish.directory import LdapDirectory
from ldap_publish.follower import LdapFollower
from ldap_publish.ports import CardCertificate
from ldap_publish.publisher import Publisher
from ldap_publish.upkeep import Upkeep
from pki.domain.cards import Issued
from pki.domain.events import CardConfirmed
from pki.domain.identifiers import IssuerId, SerialNumber, UziNumber
from pki.domain.people import SYSTEM
from pki.domain.records import PublishedCrl
from pki.observe.ldap import LdapObserver
from pki.ports import SystemClock
from pki.store.migrate import migrate
from pki.store.reading import ReadStore
from pki.store.tail import JournalTail
from pki.store.writing import Store

_LOOK_SECONDS = 0.005


class Confirming:
    """The same cards, but some are not confirmed yet; satisfies `ldap_publish.ports.Facts`."""

    def __init__(self, cards: Cards, waiting: Sequence[CardCertificate]) -> None:
        self._cards = cards
        self.waiting = {each.certificate.serial for each in waiting}

    async def card_certificate(self, serial: SerialNumber) -> CardCertificate | None:
        """As it is now."""
        found = await self._cards.card_certificate(serial)
        return None if found is None else self._now(found)

    async def card_certificates_after(
        self, serial: SerialNumber | None, limit: int
    ) -> Sequence[CardCertificate]:
        """The next ones, as they are now."""
        return [
            self._now(each) for each in await self._cards.card_certificates_after(serial, limit)
        ]

    async def latest_crl(self, issuer: IssuerId) -> PublishedCrl | None:
        """None was made."""
        return await self._cards.latest_crl(issuer)

    def _now(self, card: CardCertificate) -> CardCertificate:
        serial = card.certificate.serial
        if serial not in self.waiting:
            return card
        return replace(card, phase=Issued(at=card.phase.at, serial=serial))


class _Cursors:
    """In the same store as the journal, each saved durably."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[str, int] = {}

    async def load(self, name: str) -> int:
        """Nothing was saved before."""
        return self._known.get(name, 0)

    async def save(self, name: str, position: int) -> None:
        """Keep it."""
        await self._store.write(lambda session: session.set_cursor(name, position))
        self._known[name] = position


async def until_shown(
    folder: Path, directory: LdapDirectory, url: str, cards: Cards, changes: int
) -> list[float]:
    """Seconds from each of so many commits until the certificate shows, one after the other."""
    chosen = cards.cards[:: max(1, len(cards.cards) // changes)][:changes]
    facts = Confirming(cards, chosen)
    upkeep = Upkeep(facts=facts, publisher=Publisher(directory, cards.tree), tree=cards.tree)
    await upkeep.reconcile()
    address = f"sqlite:///{folder}/journal.sqlite3"
    migrate(address)
    clock = SystemClock()
    store, reader = Store.open(address, clock=clock), ReadStore.open(address)
    follower = LdapFollower(
        journal=JournalTail(reader), cursors=_Cursors(store), upkeep=upkeep, clock=clock
    )
    shown: list[float] = []
    try:
        async with asyncio.TaskGroup() as tasks:
            following = tasks.create_task(follower.run())
            for card in chosen:
                facts.waiting.discard(card.certificate.serial)
                shown.append(await _shown(store, LdapObserver(url=url, base=BASE), card))
            following.cancel()
    finally:
        await reader.close()
        await store.close()
    return shown


async def _shown(store: Store, observer: LdapObserver, card: CardCertificate) -> float:
    certificate = card.certificate
    event = CardConfirmed(
        card=certificate.card_id, issuer=certificate.issuer, serial=certificate.serial
    )
    await store.write(lambda session: session.record(event, SYSTEM))
    began = time.monotonic()
    number = UziNumber(Cards.uzi_number(certificate.serial))
    while not await observer.by_uzi_number(number):  # noqa: ASYNC110 -- the directory is another process
        await asyncio.sleep(_LOOK_SECONDS)
    return time.monotonic() - began
