"""Which things are brought in line, which were set aside, and the comparison of everything."""

import logging
from dataclasses import dataclass
from typing import Final

from ldap_publish.ports import CardCertificate, Facts
from ldap_publish.publisher import InLine, Publisher, Result, TreeMissing, Unpublishable
from ldap_publish.tree import Tree
from pki.domain.errors import DirectoryUnavailable
from pki.domain.events import CrlPublished, Event, touched
from pki.domain.identifiers import IssuerId, SerialNumber

_PAGE: Final = 500
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
        self.set_aside: dict[Target, str] = {}
        self.changes = 0

    async def tree_stands(self) -> bool:
        """Whether the entries that carry others are there."""
        return await self._publisher.tree_stands()

    async def bring(self, target: Target) -> bool:
        """Bring one target in line or set it aside. False: the tree is missing, reconcile first."""
        if target.serial is None:
            return await self._careful(target, None)
        card = await self._facts.card_certificate(target.serial)
        return card is None or await self._careful(target, card)

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
        after: SerialNumber | None = None
        while page := await self._facts.card_certificates_after(after, _PAGE):
            for card in page:
                issuer, serial = card.certificate.issuer, card.certificate.serial
                await self._careful(Target(issuer=issuer, serial=serial), card)
            after = page[-1].certificate.serial
            examined += len(page)
        for ca in self._tree.cas:
            await self.bring(Target(issuer=ca.issuer, serial=None))
        changed = self.changes - before
        _log.info("directory reconciled", extra={"examined": examined, "changed": changed})
        return Reconciled(examined=examined, changed=changed)

    async def _careful(self, target: Target, card: CardCertificate | None) -> bool:
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
        if card is not None:
            return await self._publisher.card(card)
        crl = await self._facts.latest_crl(target.issuer)
        return InLine(0) if crl is None else await self._publisher.crl(crl)

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


def _fields(target: Target, why: str) -> dict[str, str]:
    serial = "" if target.serial is None else target.serial.hex
    return {"issuer": target.issuer.value, "serial": serial, "why": why}
