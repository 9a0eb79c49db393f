"""A directory that is read and never changed: what would be done is kept in a list instead."""

from collections.abc import Callable, Sequence

from ldap_publish.entry import OBJECT_CLASS
from ldap_publish.plan import (
    Actual,
    AddEntry,
    AddValues,
    Change,
    DeleteEntry,
    ReplaceValues,
)
from ldap_publish.ports import Directory, Done, Outcome, Page


class Rehearsal:
    """Satisfies `ports.Directory`. ``told`` gets every change; the entry is then read as changed.

    Only the next reading sees it, so that nothing is kept of entries that are done.
    """

    def __init__(self, directory: Directory, told: Callable[[Change], None]) -> None:
        self._directory = directory
        self._told = told
        self._changes: dict[str, list[Change]] = {}

    async def read(self, dn: str, attributes: Sequence[str]) -> Actual | None:
        actual = await self._directory.read(dn, attributes)
        for change in self._changes.pop(dn, ()):
            actual = _after(change, actual)
        return actual

    async def page_below(
        self, dn: str, attributes: Sequence[str], after: bytes = b""
    ) -> Page | None:
        """As the directory is, before any change."""
        return await self._directory.page_below(dn, attributes, after)

    async def apply(self, change: Change) -> Outcome:
        self._told(change)
        self._changes.setdefault(change.dn, []).append(change)
        return Done()


def _after(change: Change, before: Actual | None) -> Actual | None:
    if isinstance(change, DeleteEntry):
        return None
    if isinstance(change, AddEntry):
        classes = tuple(each.encode() for each in change.entry.object_classes)
        values = {each.attribute.lower(): each.values for each in change.entry.attributes}
        return {OBJECT_CLASS.lower(): classes, **values}
    name = change.attribute.lower()
    held = (before or {}).get(name, ())
    if isinstance(change, ReplaceValues):
        left = change.values
    elif isinstance(change, AddValues):
        left = (*held, *(each for each in change.values if each not in held))
    else:
        left = tuple(each for each in held if each not in change.values)
    return {**(before or {}), name: left}
