"""Which things are brought in line, which were set aside, and the comparison of everything.

Many things are under way at once, each of them once: the directory sees the changes of one entry in
their order, and waits for nobody between entries. A connection that broke says nothing of who broke
it, so what was under way then is tried alone before the rest goes on.
"""

import asyncio
import logging
from collections.abc import Iterator, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from ldap_publish.holdings import Holdings
from ldap_publish.ports import CardCertificate, Facts
from ldap_publish.publisher import InLine, Publisher, Result, TreeMissing, Unpublishable
from ldap_publish.tree import Tree
from pki.domain.errors import DirectoryUnavailable, Unavailable
from pki.domain.events import CrlPublished, Event, touched
from pki.domain.identifiers import IssuerId, SerialNumber
from pki.domain.records import PublishedCrl

T = TypeVar("T")

_PAGE: Final = 500
_WINDOW: Final = 64
"""How many targets are under way at once: more gain nothing, as a server commits one by one."""
_TURN: Final = 32
"""How many are held against what was seen before others in this process get their turn."""
_PATIENCE: Final = 3
"""A target that breaks the connection this often while the directory answers is set aside."""

_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One thing to bring in line: a certificate, or (``serial`` None) the CRL of an issuer."""

    issuer: IssuerId
    serial: SerialNumber | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """What a comparison of the whole store with the directory did."""

    examined: int
    changed: int


def target_of(event: Event) -> Target | None:
    """What an event asks of the directory."""
    if isinstance(event, CrlPublished):
        return Target(issuer=event.issuer, serial=None)
    certificate = touched(event)
    if certificate is None:
        return None
    issuer, serial = certificate
    return Target(issuer=issuer, serial=serial)


class Upkeep:
    """Brings targets in line. Methods raise DirectoryUnavailable or StoreUnavailable."""

    def __init__(self, *, facts: Facts, publisher: Publisher, tree: Tree) -> None:
        self._facts = facts
        self._publisher = publisher
        self._tree = tree
        self._broke: dict[Target, int] = {}
        self._suspects: set[Target] = set()
        self._lacking: set[Target] = set()
        self.set_aside: dict[Target, str] = {}
        self.changes = 0

    async def tree_stands(self) -> bool:
        """Whether the entries that carry others are there."""
        return await self._publisher.tree_stands()

    async def bring(self, work: MutableMapping[Target, CardCertificate | None]) -> bool:
        """Bring targets in line or set them aside; what is done leaves ``work``.

        A certificate that stands with its target is taken as it is; for others the store is asked.
        False: the tree is missing, reconcile first.
        """
        stands = True
        for target in [each for each in work if self._is_suspect(each)]:
            stands = await self._careful(target, work[target]) and stands
            self._suspects.discard(target)
            del work[target]
        return await self._together(work) and stands

    async def reconcile(self) -> Reconciled:
        """Compare every certificate and CRL with the directory and mend the differences."""
        before, examined = self.changes, 0
        made = await self._publisher.make_tree()
        if not isinstance(made, InLine):
            why = made.why if isinstance(made, Unpublishable) else "it has no parent"
            raise DirectoryUnavailable(
                message=f"the directory does not take the tree: {why}",
                next_step="load the schema of config/ldap; check the base and the writer's rights",
            )
        self.changes += made.changes
        holdings = await self._publisher.look()
        after: SerialNumber | None = None
        while page := await self._facts.card_certificates_after(after, _PAGE):
            await self._bring_page(await self._owed(page, holdings), holdings)
            after = page[-1].certificate.serial
            examined += len(page)
        await self.bring({Target(issuer=ca.issuer, serial=None): None for ca in self._tree.cas})
        changed = self.changes - before
        _log.info("directory reconciled", extra={"examined": examined, "changed": changed})
        return Reconciled(examined=examined, changed=changed)

    async def _owed(
        self, page: Sequence[CardCertificate], holdings: Holdings | None
    ) -> list[CardCertificate]:
        """Those that were not seen to be in line, and those that were set aside."""
        owed = []
        suspects = self._suspects | self.set_aside.keys()
        for number, card in enumerate(page):
            if number % _TURN == 0:
                await asyncio.sleep(0)
            agreed = holdings is not None and holdings.agrees(card)
            if not agreed or (suspects and _target(card) in suspects):
                owed.append(card)
        return owed

    async def _bring_page(self, owed: Sequence[CardCertificate], holdings: Holdings | None) -> None:
        """These cards; what was seen not to be there is made without looking again."""
        if holdings is not None:
            self._lacking = {_target(card) for card in owed if holdings.lacks(card)}
        try:
            await self.bring({_target(card): card for card in owed})
        finally:
            self._lacking = set()

    def _is_suspect(self, target: Target) -> bool:
        return target in self._suspects or target in self.set_aside

    async def _together(self, work: MutableMapping[Target, CardCertificate | None]) -> bool:
        """A window of targets at once. After a failure no more are begun, and it is raised."""
        failed: list[Unavailable] = []
        homeless: list[Target] = []
        waiting = iter(list(work.items()))

        async def serve() -> None:
            for target, card in _until(failed, waiting):
                try:
                    if not self._take(target, await self._publish(target, card)):
                        homeless.append(target)
                except Unavailable as error:
                    failed.append(error)
                    self._suspects.add(target)
                else:
                    del work[target]

        async with asyncio.TaskGroup() as group:
            for _ in range(min(_WINDOW, len(work))):
                group.create_task(serve())
        if failed:
            raise failed[0]
        return not homeless

    async def _careful(self, target: Target, card: CardCertificate | None) -> bool:
        """One target alone, so that what breaks the connection is known."""
        try:
            result = await self._publish(target, card)
        except DirectoryUnavailable as error:
            await self._publisher.reachable()
            self._broke[target] = self._broke.get(target, 0) + 1
            if self._broke[target] < _PATIENCE:
                raise
            result = Unpublishable(f"the directory fails on it and on nothing else: {error}")
        return self._take(target, result)

    async def _publish(self, target: Target, card: CardCertificate | None) -> Result:
        """As the store says it now.

        Another writer of the same store may have shown something newer between our look at the
        store and our change; what can be overtaken is looked at until the store says no more.
        """
        made, seen = 0, None
        lacking = target in self._lacking
        while True:
            fact = card or await self._fact(target)
            if fact is None or fact == seen:
                return InLine(made)
            result = await self._show(fact, lacking=lacking)
            if not isinstance(result, InLine):
                return result
            made += result.changes
            if not result.changes or (isinstance(fact, CardCertificate) and fact.is_public):
                return InLine(made)
            card, seen, lacking = None, fact, False

    async def _fact(self, target: Target) -> CardCertificate | PublishedCrl | None:
        if target.serial is None:
            return await self._facts.latest_crl(target.issuer)
        return await self._facts.card_certificate(target.serial)

    async def _show(self, fact: CardCertificate | PublishedCrl, *, lacking: bool) -> Result:
        if isinstance(fact, CardCertificate):
            return await self._publisher.card(fact, lacking=lacking)
        return await self._publisher.crl(fact)

    def _take(self, target: Target, result: Result) -> bool:
        match result:
            case TreeMissing():
                return False
            case Unpublishable(why=why):
                if self.set_aside.get(target) != why:
                    _log.error("set aside, not in the directory", extra=_fields(target, why))
                self.set_aside[target] = why
            case InLine(changes=changes):
                self.changes += changes
                if self.set_aside.pop(target, None) is not None:
                    _log.info("no longer set aside", extra=_fields(target, ""))
        self._broke.pop(target, None)
        return True


def _target(card: CardCertificate) -> Target:
    return Target(issuer=card.certificate.issuer, serial=card.certificate.serial)


def _until(failed: Sequence[object], waiting: Iterator[T]) -> Iterator[T]:
    """What waits, one by one, as long as nothing failed."""
    while not failed and (found := next(waiting, None)) is not None:
        yield found


def _fields(target: Target, why: str) -> dict[str, str]:
    serial = "" if target.serial is None else target.serial.hex
    return {"issuer": target.issuer.value, "serial": serial, "why": why}
