"""One directory, every entry, beside the store."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from ldap_publish.directory import LdapDirectory
from ldap_publish.entry import ca_dn
from ldap_publish.plan import (
    AddEntry,
    AddValues,
    Change,
    DeleteEntry,
    DeleteValues,
    ReplaceValues,
)
from ldap_publish.ports import CardCertificate, Directory, Facts
from ldap_publish.publisher import Publisher
from ldap_publish.rehearsal import Rehearsal
from ldap_publish.tree import Tree
from ldap_publish.upkeep import Upkeep
from pki.domain.errors import DirectoryUnavailable
from pki.domain.identifiers import SerialNumber

_ATTEMPTS: Final = 6
"""An entry that breaks the connection is set aside after some of them."""
_SAY_SECONDS: Final = 2.0
_SETTLE_SECONDS: Final = 3.0
"""Longer than a publisher at work needs to show what the store says."""

_KINDS: Final[dict[type[Change], str]] = {
    AddEntry: "missing",
    AddValues: "lacks values",
    ReplaceValues: "differs",
    DeleteValues: "must not show",
    DeleteEntry: "must not show",
}


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Difference:
    """What is not as the store says; ``attribute`` is empty for whole entries."""

    kind: str
    dn: str
    attribute: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """``changed``: how many changes were made; ``refused``: serials (or CAs) and why."""

    examined: int
    changed: int
    differences: tuple[Difference, ...]
    refused: tuple[tuple[str, str], ...]


class _Watched:
    """The store, but it says how far the comparison is, and remembers what must show."""

    def __init__(self, facts: Facts, say: Callable[[str], None]) -> None:
        self._facts = facts
        self._say = say
        self._said = time.monotonic()
        self.card_certificate = facts.card_certificate
        self.latest_crl = facts.latest_crl
        self.begin()

    def begin(self) -> None:
        """Count from the first certificate."""
        self.examined = 0
        self.shown: set[str] = set()

    async def card_certificates_after(
        self, serial: SerialNumber | None, limit: int
    ) -> Sequence[CardCertificate]:
        """As the store gives them."""
        found = await self._facts.card_certificates_after(serial, limit)
        self.examined += len(found)
        self.shown |= {each.certificate.serial.decimal for each in found if each.is_public}
        if time.monotonic() - self._said > _SAY_SECONDS:
            self._said = time.monotonic()
            self._say(f"{self.examined} certificates compared")
        return found


class Comparison:
    """Compares one directory with the store. Methods raise DirectoryUnavailable."""

    def __init__(
        self, directory: LdapDirectory, tree: Tree, facts: Facts, say: Callable[[str], None]
    ) -> None:
        self._directory = directory
        self._tree = tree
        self._facts = facts
        self._say = say

    async def look(self) -> Compared:
        """What would be changed; nothing is. Entries that the store does not know are told too."""
        planned: list[Change] = []
        directory = Rehearsal(self._directory, planned.append)
        upkeep, facts = await self._reconciled(directory, rewrite=False)
        differences = {_difference(each) for each in planned}
        differences |= await self._strays(facts.shown)
        return _compared(upkeep, facts, 0, sorted(differences))

    async def look_twice(self) -> Compared:
        """As `look`; but what a publisher at work mends in the meantime is left out."""
        first = await self.look()
        if not first.differences:
            return first
        await asyncio.sleep(_SETTLE_SECONDS)
        second = await self.look()
        both = sorted(set(first.differences) & set(second.differences))
        return Compared(
            examined=second.examined, changed=0, differences=tuple(both), refused=second.refused
        )

    async def repair(self, *, rewrite: bool) -> Compared:
        """Make it as it must be; with ``rewrite`` every entry is written again."""
        upkeep, facts = await self._reconciled(self._directory, rewrite=rewrite)
        return _compared(upkeep, facts, upkeep.changes, ())

    async def _reconciled(self, directory: Directory, *, rewrite: bool) -> tuple[Upkeep, _Watched]:
        facts = _Watched(self._facts, self._say)
        publisher = Publisher(directory, self._tree, rewrite=rewrite)
        upkeep = Upkeep(facts=facts, publisher=publisher, tree=self._tree)
        for left in reversed(range(_ATTEMPTS)):
            facts.begin()
            try:
                await upkeep.reconcile()
                break
            except DirectoryUnavailable:
                if not left:
                    raise
                await publisher.reachable()
        return upkeep, facts

    async def _strays(self, shown: set[str]) -> set[Difference]:
        """Cards that the store does not know, or that never were confirmed; never taken away."""
        found = set()
        for ca in self._tree.cas:
            async for dn in self._names_below(ca_dn(ca.issuer, self._tree.base)):
                attribute, _, value = dn.partition(",")[0].partition("=")
                if attribute.lower() == "uid" and value not in shown:
                    found.add(Difference(kind="unknown", dn=dn))
        return found

    async def _names_below(self, dn: str) -> AsyncIterator[str]:
        after = b""
        while True:
            page = await self._directory.page_below(dn, (), after)
            if page is None:
                self._say("the directory lists no names: entries that are unknown are not told")
                return
            for name, _ in page.entries:
                yield name
            if not page.after:
                return
            after = page.after


def _difference(change: Change) -> Difference:
    attribute = "" if isinstance(change, AddEntry | DeleteEntry) else change.attribute
    return Difference(kind=_KINDS[type(change)], dn=change.dn, attribute=attribute)


def _compared(
    upkeep: Upkeep, facts: _Watched, changed: int, differences: Sequence[Difference]
) -> Compared:
    refused = tuple(
        (target.issuer.value if target.serial is None else target.serial.hex, why)
        for target, why in upkeep.set_aside.items()
    )
    return Compared(
        examined=facts.examined, changed=changed, differences=tuple(differences), refused=refused
    )
