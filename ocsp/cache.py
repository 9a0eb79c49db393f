"""Ready answers by the very octets that were asked, and which certificates each depends on.

The cache is exact: what a journal entry touches is dropped, and an answer whose status was read
before a touching entry arrived is never kept.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from pki.domain.identifiers import IssuerId, SerialNumber

Subject = tuple[IssuerId, SerialNumber]
"""The certificate an answer speaks of."""


@dataclass(slots=True, kw_only=True)
class Entry:
    """One ready answer: the HTTP head and body that follow the Date line.

    From ``refresh_at`` a new one is made if that can be; until ``dead_at`` this one is still right
    to give. ``used`` spares it once when room is needed.
    """

    ready: bytes
    subjects: tuple[Subject, ...]
    hash_name: str
    refresh_at: datetime
    dead_at: datetime
    used: bool = False


@dataclass(slots=True)
class Reading:
    """A look into the store that is under way; ``touched`` once an entry changed what it reads."""

    touched: bool = False


@dataclass(slots=True)
class AnswerCache:
    """At most ``limit`` answers; the oldest that nobody asked for again goes first."""

    limit: int
    _entries: dict[bytes, Entry] = field(default_factory=dict)
    _asked: dict[Subject, set[bytes]] = field(default_factory=dict)
    _readings: dict[Subject, list[Reading]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, asked: bytes) -> Entry | None:
        """The answer to these octets, whatever its age."""
        return self._entries.get(asked)

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
        for reading in self._readings.get(subject, ()):
            reading.touched = True
        dropped = tuple(self._asked.get(subject, ()))
        for asked in dropped:
            self._remove(asked)
        return len(dropped)

    def _make_room(self) -> None:
        """Second chance: an answer that was used goes to the end once, unused ones leave."""
        asked, entry = next(iter(self._entries.items()))
        if entry.used:
            entry.used = False
            del self._entries[asked]
            self._entries[asked] = entry
        else:
            self._remove(asked)

    def _remove(self, asked: bytes) -> None:
        entry = self._entries.pop(asked, None)
        if entry is not None:
            for subject in frozenset(entry.subjects):
                others = self._asked[subject]
                others.discard(asked)
                if not others:
                    del self._asked[subject]
