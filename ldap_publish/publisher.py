"""Brings single entries in line: read, plan, apply, read back. Doing it again changes nothing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from ldap_publish.entry import (
    CERTIFICATE,
    OBJECT_CLASS,
    VERSION,
    Entry,
    ca_dn,
    card_dn,
    card_entry,
    crl_values,
)
from ldap_publish.holdings import Holdings, look
from ldap_publish.plan import (
    Actual,
    AddEntry,
    Change,
    plan_absence,
    plan_again,
    plan_presence,
    plan_rewrite,
    plan_values,
)
from ldap_publish.ports import (
    CardCertificate,
    Directory,
    Done,
    NotAccepted,
    Overtaken,
    ParentMissing,
)
from ldap_publish.tree import Tree, base_entry, tree_entries
from pki.domain.errors import DirectoryUnavailable, Malformed
from pki.domain.records import PublishedCrl

_ROUNDS: Final = 3
"""How often a plan is made anew when somebody else writes the same entry at the same moment."""


@dataclass(frozen=True, slots=True)
class InLine:
    """The directory shows what it must; ``changes`` were needed for that."""

    changes: int


@dataclass(frozen=True, slots=True)
class TreeMissing:
    """The tree above is gone: the directory is new, or was emptied."""


@dataclass(frozen=True, slots=True)
class Unpublishable:
    """This one can never be published as it is; the others can."""

    why: str


Result = InLine | TreeMissing | Unpublishable


class Publisher:
    """Publishes cards and CRLs under one tree. Each method raises DirectoryUnavailable.

    With ``rewrite`` every entry of a card or CA and every CRL is written once even when it reads
    right, for a directory whose indexes are not trusted.
    """

    def __init__(self, directory: Directory, tree: Tree, *, rewrite: bool = False) -> None:
        self._directory = directory
        self._tree = tree
        self._rewrite = rewrite

    async def tree_stands(self) -> bool:
        """Whether every entry that carries others is there and holds what it must."""
        for entry in tree_entries(self._tree):
            actual = await self._directory.read(entry.dn, _attributes(entry))
            if plan_presence(entry, actual):
                return False
        return True

    async def look(self) -> Holdings | None:
        """What the directory holds now; None to write it again, or when it gives no pages."""
        return None if self._rewrite else await look(self._directory, self._tree)

    async def make_tree(self) -> Result:
        """Make what is missing of the tree, parents first."""
        done = 0
        for entry in tree_entries(self._tree):
            result = await self._present(entry)
            if not isinstance(result, InLine):
                return result
            done += result.changes
        return InLine(done)

    async def reachable(self) -> None:
        """Ask for the base, no matter whether it is there."""
        await self._directory.read(base_entry(self._tree.base).dn, (OBJECT_CLASS,))

    async def card(self, card: CardCertificate, *, lacking: bool = False) -> Result:
        """Show a card's certificate, or see to it that it does not show.

        ``lacking``: no entry of it was seen, so it need not be read before it is made; whatever
        stands there all the same is left as it is, and found when it is read back.
        """
        certificate = card.certificate
        if self._tree.ca(certificate.issuer) is None:
            return InLine(0)
        if card.is_public:
            try:
                entry = card_entry(certificate, self._tree.base)
            except Malformed as error:
                return Unpublishable(f"its certificate names nobody that can be shown: {error}")
            if lacking:
                return await self._made(entry)
            return await self._present(entry)
        dn = card_dn(certificate, self._tree.base)
        return await self._settle(
            dn, (CERTIFICATE,), lambda actual: plan_absence(dn, certificate.der, actual)
        )

    async def crl(self, crl: PublishedCrl) -> Result:
        """Show a CRL, unless a newer one shows."""
        ca = self._tree.ca(crl.issuer)
        if ca is None:
            return InLine(0)
        dn = ca_dn(crl.issuer, self._tree.base)
        values = crl_values(crl, is_root=ca.is_root)
        rewrite = self._rewrite

        def plan(actual: Actual | None) -> Sequence[Change] | None:
            nonlocal rewrite
            if actual is None:
                return None
            planned = (plan_again if rewrite else plan_values)(dn, values, actual)
            rewrite = False
            return () if planned is None else (planned,)

        return await self._settle(dn, (values.attribute,), plan)

    async def _made(self, entry: Entry) -> Result:
        result = await self._applied((AddEntry(entry=entry),))
        if not isinstance(result, InLine):
            return result
        settled = await self._present(entry)
        if isinstance(settled, InLine):
            return InLine(result.changes + settled.changes)
        return settled

    async def _present(self, entry: Entry) -> Result:
        rewrite = self._rewrite

        def plan(actual: Actual | None) -> Sequence[Change]:
            nonlocal rewrite
            planned = plan_rewrite(entry, actual) if rewrite else plan_presence(entry, actual)
            rewrite = False
            return planned

        return await self._settle(entry.dn, _attributes(entry), plan)

    async def _settle(
        self,
        dn: str,
        attributes: Sequence[str],
        plan: Callable[[Actual | None], Sequence[Change] | None],
    ) -> Result:
        """Read, plan and apply until nothing is left to change: the last read is the read-back."""
        applied, done = 0, 0
        for _ in range(_ROUNDS):
            changes = plan(await self._directory.read(dn, (*attributes, VERSION)))
            if changes is None:
                return TreeMissing()
            if not changes:
                return InLine(applied)
            result = await self._applied(changes)
            if not isinstance(result, InLine):
                return result
            done = result.changes
            applied += done
        if not done:
            raise DirectoryUnavailable(
                message="others write the same entry of the directory at the same moment",
                next_step="let nobody else keep these entries; it is tried again",
            )
        return Unpublishable("the directory does not keep what it is given")

    async def _applied(self, changes: Sequence[Change]) -> Result:
        """Each of them, one after the other, until one is not done; overtaken: those before it."""
        for done, change in enumerate(changes):
            match await self._directory.apply(change):
                case Done():
                    continue
                case Overtaken():
                    return InLine(done)
                case ParentMissing():
                    return TreeMissing()
                case NotAccepted(code=code, why=why):
                    return Unpublishable(f"the directory refuses it: {why} ({code})")
        return InLine(len(changes))


def _attributes(entry: Entry) -> tuple[str, ...]:
    return (OBJECT_CLASS, *(each.attribute for each in entry.attributes))
