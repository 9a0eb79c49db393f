"""A directory in memory that behaves, and misbehaves, as LDAP servers do."""

from collections.abc import Sequence

from directories.material import BASE
from ldap_publish.entry import VERSION
from ldap_publish.plan import Actual, AddEntry, AddValues, Change, DeleteEntry, ReplaceValues
from ldap_publish.ports import Done, Outcome, Overtaken, Page, ParentMissing
from pki.domain.errors import DirectoryUnavailable


class FakeDirectory:
    """Satisfies `ldap_publish.ports.Directory` as an LDAP server does, in memory."""

    def __init__(self) -> None:
        self.entries: dict[str, dict[str, tuple[bytes, ...]]] = {}
        self.refuses: dict[str, Outcome] = {}
        self.breaks_on: set[str] = set()
        self.down = False
        self.breaks_after: int | None = None
        self.applied: list[Change] = []
        self.reads = 0
        self.gives_pages = True
        self.version = 0
        self.versions: dict[str, bytes] = {}

    async def page_below(
        self, dn: str, attributes: Sequence[str], after: bytes = b""
    ) -> Page | None:
        self._fail(dn)
        if not self.gives_pages:
            return None
        below = [each for each in self.entries if each.partition(",")[2] == dn]
        start = int(after or b"0")
        wanted = {each.lower() for each in attributes}
        entries = [
            (name, {key: held for key, held in self.entries[name].items() if key in wanted})
            for name in below[start : start + 3]
        ]
        more = start + 3 < len(below)
        return Page(entries=entries, after=b"%d" % (start + 3) if more else b"")

    async def read(self, dn: str, attributes: Sequence[str]) -> Actual | None:
        self._fail(dn)
        self.reads += 1
        held = self.entries.get(dn)
        if held is None:
            return None
        wanted = {each.lower() for each in attributes}
        versioned = {**held, VERSION.lower(): (self.versions[dn],)} if dn in self.versions else held
        return {name: values for name, values in versioned.items() if name in wanted}

    async def apply(self, change: Change) -> Outcome:
        self._fail(change.dn)
        if change.dn in self.refuses:
            return self.refuses[change.dn]
        version = b"" if isinstance(change, AddEntry | AddValues) else change.version
        if version and version != self.versions.get(change.dn):
            return Overtaken()
        self.applied.append(change)
        self.version += 1
        self.versions[change.dn] = b"%d" % self.version
        if isinstance(change, AddEntry):
            return self._add(change)
        if isinstance(change, DeleteEntry):
            self.entries.pop(change.dn, None)
            return Done()
        held = self.entries.get(change.dn)
        if held is None:
            return ParentMissing()
        name = change.attribute.lower()
        before = held.get(name, ())
        if isinstance(change, ReplaceValues):
            held[name] = change.values
        elif isinstance(change, AddValues):
            held[name] = before + tuple(each for each in change.values if each not in before)
        else:
            held[name] = tuple(each for each in before if each not in change.values)
        return Done()

    def _add(self, change: AddEntry) -> Outcome:
        _, _, parent = change.dn.partition(",")
        if change.dn != BASE and parent not in self.entries:
            return ParentMissing()
        held = {each.attribute.lower(): each.values for each in change.entry.attributes}
        held["objectclass"] = tuple(each.encode() for each in change.entry.object_classes)
        self.entries.setdefault(change.dn, held)
        return Done()

    def _fail(self, dn: str) -> None:
        broken = self.breaks_after is not None and len(self.entries) >= self.breaks_after
        if self.down or broken or dn in self.breaks_on:
            raise DirectoryUnavailable(message="down")
