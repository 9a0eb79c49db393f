"""Holds the views against the store: what changed lately, and some that did not, at random."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from pki.domain.errors import ZorgidError
from pki.domain.identifiers import SerialNumber
from pki.observe.views.expected import Disagreement, Expected, Unseen, View, said
from pki.ports import Clock

SETTLE_SECONDS: Final = 2.0
"""Between the first look and the one that counts."""


class Facts(Protocol):
    """The first view: the store. Methods may raise StoreUnavailable."""

    async def sample(self) -> Sequence[Expected]:
        """What changed lately, some certificates at random, and a serial that nobody has."""

    async def still(self, expected: Sequence[Expected]) -> Sequence[Expected]:
        """Those of which the store says the same now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """One round: how many certificates, in which views, and what was found."""

    examined: int
    views: tuple[str, ...]
    disagreements: tuple[Disagreement, ...]
    unseen: tuple[Unseen, ...]

    def count(self, view: str) -> int:
        """Disagreements of one view."""
        return sum(each.view == view for each in self.disagreements)


class Verifier:
    """Compares; what seems wrong is looked at again, unless it changed in the meantime."""

    def __init__(
        self,
        facts: Facts,
        views: Sequence[View],
        *,
        clock: Clock,
        settle_seconds: float = SETTLE_SECONDS,
    ) -> None:
        self._facts = facts
        self._views = tuple(views)
        self._clock = clock
        self._settle_seconds = settle_seconds

    async def round(self) -> Verified:
        """Look at everything once, and at what seems wrong twice.

        Raises:
            StoreUnavailable: there is nothing to compare with.
        """
        sample = await self._facts.sample()
        disagreements: list[Disagreement] = []
        unseen: list[Unseen] = []
        for view in self._views:
            try:
                disagreements += await self._compare(view, sample)
            except ZorgidError as error:
                unseen.append(Unseen(view=view.name, why=error.message))
        return Verified(
            examined=len(sample),
            views=tuple(view.name for view in self._views),
            disagreements=tuple(disagreements),
            unseen=tuple(unseen),
        )

    async def _compare(self, view: View, sample: Sequence[Expected]) -> list[Disagreement]:
        due = [each for each in sample if each.since + view.lag <= self._clock.now()]
        first = await view.wrong(due)
        if not first:
            return []
        await asyncio.sleep(self._settle_seconds)
        suspects = [each for each in due if each.serial in first]
        second = await view.wrong(suspects)
        same = {each.serial for each in await self._facts.still(suspects)}
        return [
            Disagreement(
                view=view.name,
                issuer=each.issuer,
                serial=each.serial,
                expected=_expected(view, each),
                seen=second[each.serial],
            )
            for each in suspects
            if each.serial in second and each.serial in same
        ]


def _expected(view: View, expected: Expected) -> str:
    if view.name.startswith("ldap"):
        return "not shown" if expected.public is None else "its certificate"
    return said(expected.status)


def stranger(octets: bytes) -> SerialNumber:
    """A serial of the length of ours that no CA has, but by a chance of 1 in 2^100."""
    return SerialNumber((1 << 156) + int.from_bytes(octets[:16], "big"))
