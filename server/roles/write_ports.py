"""The store as the services that write want to see it."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial
from itertools import accumulate
from typing import Final, TypeVar

from crl.ports import Publication, Snapshot
from pki.domain.events import CrlPublished, ServiceStarted
from pki.domain.identifiers import IssuerId
from pki.domain.people import SYSTEM
from pki.domain.records import (
    ChangedCertificate,
    CrlList,
    CrlPiece,
    KeptCrl,
    ListedRow,
    PublishedCrl,
)
from pki.ports import Clock
from pki.store.history.guard import Witness
from pki.store.reading import ReadSession, ReadStore
from pki.store.writing import Store, WriteSession
from server.leases.once import Writes
from server.settings import Settings

T = TypeVar("T")

AT_ONCE: Final = 4 << 20
"""Octets of a CRL in one transaction: written within a small part of a second."""


class StoreCursors:
    """A follower's position, kept beside the facts it follows."""

    def __init__(self, reading: ReadStore, writing: Writes) -> None:
        self._reading = reading
        self._writing = writing

    async def load(self, name: str) -> int:
        """The position last saved; 0 when there is none."""
        return await self._reading.read(lambda session: session.cursor(name))

    async def save(self, name: str, position: int) -> None:
        """Keep it."""
        await self._writing.write(lambda session: session.set_cursor(name, position))


class StoreCrls:
    """The shelf of CRLs, and publishing: a CRL and its journal entry in one transaction."""

    def __init__(self, reading: ReadStore, writing: Writes) -> None:
        self._reading = reading
        self._writing = writing

    async def look(self, crl_list: CrlList, query: Callable[[Snapshot], T]) -> T:
        """Run ``query`` inside one snapshot."""
        return await self._reading.read(lambda session: query(StoreSnapshot(session, crl_list)))

    async def latest(self, issuer: IssuerId) -> PublishedCrl | None:
        """The CRL with the highest number."""
        return await self._reading.read(lambda session: session.latest_crl(issuer))

    async def publish(self, publications: Sequence[Publication], expected_previous: int) -> None:
        """Publish all in one transaction, if the first list still ends at ``expected_previous``.

        Raises:
            Conflict: another builder was first.
        """
        for each in publications:
            await self._keep_ahead(each.pieces)

        def work(session: WriteSession) -> None:
            whole, *deltas = publications
            _put(session, whole, expected_previous)
            for each in deltas:
                # Deltas have no builder of their own that could race.
                _put(session, each, session.latest_crl_number(each.crl.issuer))

        await self._writing.write(work)

    async def _keep_ahead(self, pieces: Sequence[CrlPiece]) -> None:
        """Write most of what is new by and by: other changes wait for a little of it at a time."""
        digests = [each.sha256 for each in pieces]
        kept = await self._reading.read(lambda session: session.pieces_kept(digests))
        new: Sequence[CrlPiece] = [each for each in pieces if each.sha256 not in kept]
        while sum(len(each.octets) for each in new) > AT_ONCE:
            ahead, new = _first_octets(new, AT_ONCE)
            await self._writing.write(partial(WriteSession.keep_pieces, pieces=ahead))


def _first_octets(
    pieces: Sequence[CrlPiece], limit: int
) -> tuple[Sequence[CrlPiece], Sequence[CrlPiece]]:
    """Split before the piece with which they are longer than ``limit``, but after the first."""
    sizes = accumulate(len(each.octets) for each in pieces)
    count = max(1, sum(size <= limit for size in sizes))
    return pieces[:count], pieces[count:]


class StoreSnapshot:
    """What one list of one CA sees of the store."""

    def __init__(self, session: ReadSession, crl_list: CrlList) -> None:
        self._session = session
        self._list = crl_list

    def position(self) -> int:
        """Where the journal ends."""
        return self._session.head().position

    def floor(self) -> int:
        """What a restore says was published, of this list or of the whole."""
        names = {crl_floor(self._list.id), crl_floor(self._list.issuer)}
        return max(self._session.cursor(name) for name in names)

    def previous_number(self) -> int:
        """The highest number published."""
        return self._session.latest_crl_number(self._list.id)

    def previous(self) -> PublishedCrl | None:
        """The CRL with that number."""
        return self._session.latest_crl(self._list.id)

    def base(self, at: datetime) -> tuple[int, int] | None:
        """Number and position of the newest CRL of that time."""
        return self._session.crl_base(self._list.id, at)

    def listed_rows(self) -> Iterator[ListedRow]:
        """What the CA's CRLs list."""
        return self._session.listed_rows(self._list.issuer)

    def changed(self, after: int) -> Iterator[ChangedCertificate]:
        """What changed since a journal position."""
        return self._session.changed(self._list.issuer, after)


def crl_floor(issuer: IssuerId) -> str:
    """Under which name the store keeps a number that every CRL to come must exceed."""
    return f"crl-floor/{issuer}"


def record_crl(session: WriteSession, crl: PublishedCrl, expected_previous: int) -> None:
    """Put a CRL and its entry into this transaction."""
    session.put_crl(crl, expected_previous=expected_previous)
    session.record(_published(crl, hashlib.sha256(crl.der).digest()), SYSTEM)


def _put(session: WriteSession, publication: Publication, expected_previous: int) -> None:
    crl = publication.crl
    session.put_crl_pieces(crl, publication.pieces, expected_previous=expected_previous)
    session.record(_published(crl, publication.sha256), SYSTEM)


def _published(crl: KeptCrl, sha256: bytes) -> CrlPublished:
    return CrlPublished(
        issuer=crl.issuer,
        number=crl.number,
        crl_sha256=sha256.hex(),
        entries=crl.entries,
        upto=crl.upto,
    )


def open_store(settings: Settings, roles: str, clock: Clock) -> Store:
    """For a server that writes: it notices when it is given an older store than the last one.

    Raises:
        ConfigurationInvalid, SchemaMismatch, StoreUnavailable: as `Store.open`.
    """
    known = settings.locks / f"{roles}.seen"
    return Store.open(settings.store.url, clock=clock, guard=Witness(known))


async def record_start(store: Store, roles: str, version: str) -> None:
    """Write into the journal that a writing process started."""

    def work(session: WriteSession) -> None:
        session.record(ServiceStarted(roles=roles, version=version), SYSTEM)

    await store.write(work)
