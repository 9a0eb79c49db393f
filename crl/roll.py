"""The entries of one list, kept encoded and in order, so that a change touches few of them.

They lie in buckets by the first octet of the serial number: what a bucket holds follows from its
entries alone, and most buckets are the same in one CRL and the next.
"""

import hashlib
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate, groupby
from typing import Final, Self

from pki.der.crl import encode_entry, encode_listed
from pki.domain.errors import Malformed
from pki.domain.identifiers import SERIAL_OCTETS, SerialNumber
from pki.domain.records import ChangedCertificate, CrlPiece, ListedRow
from pki.domain.status import CertificateStatus, Revoked, crl_entry

_SEQUENCE: Final = 0x30
_INTEGER: Final = 0x02
_SHORT: Final = 0x80

Covers = Callable[[SerialNumber], bool]
Changes = Mapping[bytes, bytes | None]
"""By serial number of 20 octets: the encoded entry, or None when it is not listed any more."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """Encoded entries in order, where each ends, and the digest of them all."""

    octets: bytes
    ends: "array[int]"
    sha256: bytes

    @classmethod
    def of(cls, entries: list[bytes]) -> Self:
        """Of encoded entries that are in order."""
        octets = b"".join(entries)
        ends = array("I", accumulate(map(len, entries)))
        return cls(octets, ends, hashlib.sha256(octets).digest())

    @property
    def entries(self) -> int:
        """How many there are."""
        return len(self.ends)

    def start(self, index: int) -> int:
        """Where the entry with this index begins; the end of all for the one after the last."""
        return self.ends[index - 1] if index else 0

    def serial(self, index: int) -> bytes:
        """The serial number, of 20 octets, of an entry.

        Raises:
            Malformed: as `walk`.
        """
        serial, _ = next(walk(self.octets, self.start(index), self.ends[index]))
        return serial

    def revised(self, changes: Iterable[tuple[bytes, bytes | None]]) -> "Bucket | None":
        """The bucket after these changes, in the order of their serials; None when it is empty."""
        entries: list[bytes] = []
        done = 0
        for serial, entry in changes:
            at = bisect_left(range(self.entries), serial, lo=done, key=self.serial)
            entries.extend(self._between(done, at))
            done = at + (at < self.entries and self.serial(at) == serial)
            entries.extend(() if entry is None else (entry,))
        entries.extend(self._between(done, self.entries))
        return Bucket.of(entries) if entries else None

    def _between(self, first: int, last: int) -> Iterator[bytes]:
        begins = self.start(first)
        for ends in self.ends[first:last]:
            yield self.octets[begins:ends]
            begins = ends


def difference(before: Bucket, after: Bucket) -> tuple[bytes, bytes]:
    """The entries of both between those that they begin with alike and those that they end with."""
    old, new = before.octets, after.octets
    first = bisect_left(
        range(before.entries),
        1,
        key=lambda index: not new.startswith(old[: before.ends[index]]),
    )
    begins = before.start(first)
    most = len(new) - begins
    last = bisect_left(
        range(before.entries),
        1,
        lo=first,
        key=lambda index: (
            len(old) - before.start(index) <= most and new.endswith(old[before.start(index) :])
        ),
    )
    alike = len(old) - before.start(last)
    # Octets that are alike may begin within an entry of the other; then they are not passed over.
    ends = len(new) - alike
    at = bisect_left(after.ends, ends)
    if ends != begins and (at == after.entries or after.ends[at] != ends):
        alike = 0
    return old[begins : len(old) - alike], new[begins : len(new) - alike]


@dataclass(frozen=True, slots=True)
class Roll:
    """Every entry of a list; never changed, only followed by another roll."""

    buckets: Mapping[int, Bucket]

    @property
    def entries(self) -> int:
        """How many certificates are listed."""
        return sum(each.entries for each in self.buckets.values())

    @property
    def octets(self) -> int:
        """How long all entries are together."""
        return sum(len(each.octets) for each in self.buckets.values())

    def pieces(self) -> Iterator[CrlPiece]:
        """The entries in their order, as they stand in a CRL."""
        for key in sorted(self.buckets):
            bucket = self.buckets[key]
            yield CrlPiece(sha256=bucket.sha256, octets=bucket.octets)

    def revised(self, changes: Changes) -> "Roll":
        """The roll after these changes; buckets without any are taken over.

        Raises:
            Malformed: a bucket does not hold entries.
        """
        buckets = dict(self.buckets)
        for key, serials in groupby(sorted(changes), key=lambda serial: serial[0]):
            held = buckets.pop(key, None) or Bucket.of([])
            bucket = held.revised((serial, changes[serial]) for serial in serials)
            if bucket is not None:
                buckets[key] = bucket
        return Roll(buckets)


def walk(octets: bytes, start: int = 0, end: int | None = None) -> Iterator[tuple[bytes, bytes]]:
    """Serial number (20 octets) and encoding of each entry from ``start`` to ``end``.

    Raises:
        Malformed: not entries as this program writes them, or not in rising order.
    """
    position, last = start, b""
    end = len(octets) if end is None else end
    while position < end:
        head = octets[position : position + 4]
        well_formed = len(head) == 4 and head[0] == _SEQUENCE and head[2] == _INTEGER  # noqa: PLR2004 -- two tags, two lengths
        if not well_formed or head[1] >= _SHORT or not 0 < head[3] <= SERIAL_OCTETS:
            raise Malformed(what="CRL", message="an entry has a form that is never written here")
        stop = position + 2 + head[1]
        serial = octets[position + 4 : position + 4 + head[3]].rjust(SERIAL_OCTETS, b"\0")
        if serial <= last or stop > end:
            raise Malformed(what="CRL", message="entries are cut off or out of order")
        yield serial, octets[position:stop]
        position, last = stop, serial


def roll_of(octets: bytes, place: slice | None = None, near: Roll | None = None) -> Roll:
    """The roll of a CRL that was read, whose entries lie at ``place``: everywhere, if None.

    What equals a bucket of ``near``, octet for octet, is that bucket: most of it, as a rule. It is
    neither read entry by entry nor kept twice.

    Raises:
        Malformed: as `walk`.
    """
    known = {} if near is None else near.buckets
    position, end, _ = (place or slice(None)).indices(len(octets))
    buckets: dict[int, Bucket] = {}
    while position < end:
        key = _first_octet(octets, position, end)
        bucket = known.get(key)
        if bucket is None or not _stands_at(octets, position, end, bucket):
            bucket = _bucket_at(octets, position, end)
        if buckets and key <= max(buckets):
            raise Malformed(what="CRL", message="entries are out of order")
        buckets[key] = bucket
        position += len(bucket.octets)
    return Roll(buckets)


def _first_octet(octets: bytes, position: int, end: int) -> int:
    serial, _ = next(walk(octets, position, end))
    return serial[0]


def _stands_at(octets: bytes, position: int, end: int, bucket: Bucket) -> bool:
    """Whether all entries there that belong into one bucket are those of this one."""
    stop = position + len(bucket.octets)
    if not octets.startswith(bucket.octets, position, end):
        return False
    return stop == end or _first_octet(octets, stop, end) != _first_octet(octets, position, end)


def _bucket_at(octets: bytes, position: int, end: int) -> Bucket:
    _, pairs = next(groupby(walk(octets, position, end), key=lambda pair: pair[0][0]))
    return Bucket.of([entry for _, entry in pairs])


def gather(rows: Iterable[ListedRow], held: Roll | None = None) -> Roll:
    """The roll of what the store lists. Buckets equal to those ``held`` are not kept twice.

    Raises:
        IntegrityBroken: the serials do not rise, or a row that no certificate can have.
    """
    known = {} if held is None else held.buckets
    buckets: dict[int, Bucket] = {}
    for key, entries in encode_listed(rows):
        bucket, former = Bucket.of(entries), known.get(key)
        buckets[key] = bucket if former is None or former != bucket else former
    return Roll(buckets)


def changes_of(changed: Iterable[ChangedCertificate], covers: Covers) -> Changes:
    """What these changes mean for a list."""
    return {
        each.serial.to_bytes(): encoded(each.serial, each.status)
        for each in changed
        if covers(each.serial)
    }


def encoded(serial: SerialNumber, status: CertificateStatus) -> bytes | None:
    """The entry of a certificate with this status; None when it has none."""
    entry = crl_entry(status)
    since = status.compromised_since if isinstance(status, Revoked) else None
    return None if entry is None else encode_entry(serial, *entry, since)
