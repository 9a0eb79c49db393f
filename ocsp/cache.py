"""Ready answers by the very octets that were asked, and which certificates each depends on.

The cache is exact: what a journal entry touches is dropped, and an answer whose status was read
before a touching entry arrived is never kept.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from ocsp.statistics import Kind
from pki.domain.identifiers import IssuerId, SerialNumber
from pki.domain.status import CertificateStatus
from pki.ports import ReadyAnswer

Subject = tuple[IssuerId, SerialNumber]
"""The certificate an answer speaks of."""


@dataclass(slots=True, kw_only=True)
class Entry:
    """One answer that is kept: ``ready`` until a new one is to be made if that can be.

    Until ``dead_at`` this one is still right to give. ``ready.used`` spares it once when room is
    needed. ``kind`` is for the counts.
    """

    ready: ReadyAnswer
    kind: Kind
    subjects: tuple[Subject, ...]
    dead_at: datetime
    new: bool = True


@dataclass(slots=True)
class Reading:
    """A look into the store that is under way; ``touched`` once an entry changed what it reads."""

    touched: bool = False


class Remembered:
    """The status of one certificate as it was read last; None once something changed it."""

    __slots__ = ("status",)

    def __init__(self, status: CertificateStatus | None) -> None:
        self.status = status


@dataclass(slots=True)
class AnswerCache:
    """At most ``limit`` answers, and as many statuses that were read.

    The oldest answer that nobody asked for again goes first.
    """

    limit: int
    _entries: OrderedDict[bytes, Entry] = field(default_factory=OrderedDict)
    _asked: dict[Subject, set[bytes]] = field(default_factory=dict)
    _readings: dict[Subject, list[Reading]] = field(default_factory=dict)
    _statuses: OrderedDict[Subject, Remembered] = field(default_factory=OrderedDict)

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, asked: bytes) -> Entry | None:
        """The answer to these octets, whatever its age."""
        return self._entries.get(asked)

    def learn(
        self, subject: Subject, status: CertificateStatus, reading: Reading
    ) -> Remembered | None:
        """Remember what was read, unless it was changed in between; the oldest goes first."""
        if reading.touched:
            return None
        remembered = self._statuses.get(subject)
        if remembered is None:
            remembered = self._statuses[subject] = Remembered(status)
            if len(self._statuses) > self.limit:
                self._statuses.popitem(last=False)[1].status = None
        remembered.status = status
        return remembered

    @contextmanager
    def reading(self, subjects: Iterable[Subject]) -> Iterator[Reading]:
        """Watch ``subjects`` from before their status is read until the answer is kept or not."""
        reading = Reading()
        watched = frozenset(subjects)
        for subject in watched:
            self._readings.setdefault(subject, []).append(reading)
        try:
            yield reading
        finally:
            for subject in watched:
                others = [each for each in self._readings.pop(subject) if each is not reading]
                if others:
                    self._readings[subject] = others

    def keep(self, asked: bytes, entry: Entry, reading: Reading) -> None:
        """Keep the answer, unless what it says was changed while it was made."""
        if reading.touched:
            return
        self._remove(asked)
        while len(self._entries) >= self.limit:
            self._make_room()
        self._entries[asked] = entry
        for subject in entry.subjects:
            self._asked.setdefault(subject, set()).add(asked)

    def touch(self, subject: Subject) -> int:
        """A journal entry changed this certificate: drop its answers; returns how many."""
        remembered = self._statuses.get(subject)
        if remembered is not None:
            remembered.status = None
        for reading in self._readings.get(subject, ()):
            reading.touched = True
        dropped = tuple(self._asked.get(subject, ()))
        for asked in dropped:
            self._remove(asked)
        return len(dropped)

    def clear(self) -> None:
        """Forget everything, and keep nothing that is being made now."""
        for readings in self._readings.values():
            for reading in readings:
                reading.touched = True
        for entry in self._entries.values():
            entry.ready.withdraw()
        for remembered in self._statuses.values():
            remembered.status = None
        self._entries.clear()
        self._statuses.clear()
        self._asked.clear()

    def _make_room(self) -> None:
        """Second chance: an answer that was used goes to the end once, unused ones leave."""
        asked, entry = next(iter(self._entries.items()))
        if entry.ready.used:
            entry.ready.used = False
            self._entries.move_to_end(asked)
        else:
            self._remove(asked)

    def _remove(self, asked: bytes) -> None:
        entry = self._entries.pop(asked, None)
        if entry is None:
            return
        entry.ready.withdraw()
        for subject in frozenset(entry.subjects):
            others = self._asked[subject]
            others.discard(asked)
            if not others:
                del self._asked[subject]
