"""What the next CRL of a list is made of, read in one snapshot of the store."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from crl.build import Predecessor
from crl.ports import Snapshot
from crl.roll import Roll, changes_of, encoded, gather
from crl.succession import Shown
from pki.der.crl import encode_removal
from pki.domain.records import CrlList, PublishedCrl

logger = logging.getLogger(__name__)

Read = Callable[[PublishedCrl], Predecessor]


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A complete CRL that this process published itself, and the position that it showed."""

    shown: Shown
    upto: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Delta:
    """What changed since the complete CRL ``base``: encoded entries, in order."""

    base: int
    entries: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """One moment: what is listed, at which journal position, after which CRL.

    ``previous`` is the CRL with the highest number, if any was published; ``number`` the highest
    one used, which may be higher after a restore.
    """

    roll: Roll
    upto: int
    previous: Shown | None
    number: int
    delta: Delta | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Collector:
    """Reads what a list needs. ``read`` verifies and reads the list's CRL that is published.

    ``span``: how far back a delta should reach.
    """

    crl_list: CrlList
    read: Read
    span: timedelta

    def collect(
        self, snapshot: Snapshot, held: Held | None, *, now: datetime, from_rows: bool
    ) -> Collected:
        """What is listed now; from what is ``held`` and the changes after it where that will do.

        Raises:
            StoreUnavailable: the store cannot be read.
            IntegrityBroken: what it lists is out of order.
            Malformed, SignatureBroken: the predecessor cannot be read, or is not the issuer's.
        """
        number = snapshot.previous_number()
        if held is None or held.shown.number != number:
            roll, previous = self._compared(snapshot)
        else:
            roll, previous = self._revised(snapshot, held, from_rows=from_rows), held.shown
        return Collected(
            roll=roll,
            upto=snapshot.position(),
            previous=previous,
            number=max(number, snapshot.floor()),
            delta=self._delta(snapshot, now),
        )

    def _compared(self, snapshot: Snapshot) -> tuple[Roll, Shown | None]:
        """All rows, beside what the published CRL showed.

        That one is verified first: at no time is more in memory than two copies of a CRL.
        """
        crl = snapshot.previous()
        predecessor = None if crl is None else self.read(crl)
        roll = self._gathered(snapshot, None)
        return roll, None if predecessor is None else predecessor.shown(roll)

    def _revised(self, snapshot: Snapshot, held: Held, *, from_rows: bool) -> Roll:
        """Rows are the truth: what was kept beside them is held against them now and then."""
        changes = changes_of(snapshot.changed(held.upto), self.crl_list.covers)
        kept = held.shown.roll.revised(changes)
        if not from_rows:
            return kept
        roll = self._gathered(snapshot, kept)
        if roll != kept:
            logger.error(
                "the entries kept for a CRL differ from the store's; the store's are used",
                extra={
                    "issuer": self.crl_list.id.value,
                    "next_step": "this is a defect: keep the log and report it",
                },
            )
        return roll

    def _gathered(self, snapshot: Snapshot, near: Roll | None) -> Roll:
        return gather(self.crl_list.covered(snapshot.listed_rows()), near)

    def _delta(self, snapshot: Snapshot, now: datetime) -> Delta | None:
        """Whoever holds any complete CRL from the base on is brought up to date by it.

        Also what was held and lifted in between is taken away, since a CRL after the base may have
        listed it (RFC 5280 5.2.4).
        """
        base = None if self.crl_list.delta is None else snapshot.base(now - self.span)
        if base is None:
            return None
        number, upto = base
        entries = []
        for each in snapshot.changed(upto):
            if not self.crl_list.covers(each.serial):
                continue
            entry = encoded(each.serial, each.status)
            if entry is None and each.was_held:
                entry = encode_removal(each.serial, now)
            if entry is not None:
                entries.append(entry)
        return Delta(base=number, entries=tuple(entries))
