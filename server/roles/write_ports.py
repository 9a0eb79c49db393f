"""The store as the services that write want to see it."""

import hashlib

from crl.ports import Encode, Listing
from pki.domain.events import CrlPublished, ServiceStarted
from pki.domain.identifiers import IssuerId
from pki.domain.people import SYSTEM
from pki.domain.records import PublishedCrl
from pki.store.reading import ReadSession, ReadStore
from pki.store.writing import Store, WriteSession


class StoreCursors:
    """A follower's position, kept beside the facts it follows."""

    def __init__(self, reading: ReadStore, writing: Store) -> None:
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

    def __init__(self, reading: ReadStore, writing: Store) -> None:
        self._reading = reading
        self._writing = writing

    async def collect(self, issuer: IssuerId, encode: Encode) -> Listing:
        """Encode inside the snapshot, so that entries, position and predecessor belong together."""

        def query(session: ReadSession) -> Listing:
            return Listing(
                entries=encode(session.listed(issuer)),
                upto=session.head().position,
                previous=session.latest_crl(issuer),
                floor=session.cursor(crl_floor(issuer)),
            )

        return await self._reading.read(query)

    async def latest(self, issuer: IssuerId) -> PublishedCrl | None:
        """The CRL with the highest number."""
        return await self._reading.read(lambda session: session.latest_crl(issuer))

    async def publish(self, crl: PublishedCrl, expected_previous: int) -> None:
        """Publish, if the highest number still is ``expected_previous``.

        Raises:
            Conflict: another builder was first.
        """
        await self._writing.write(lambda session: record_crl(session, crl, expected_previous))


def crl_floor(issuer: IssuerId) -> str:
    """Under which name the store keeps a number that every CRL to come must exceed."""
    return f"crl-floor/{issuer}"


def record_crl(session: WriteSession, crl: PublishedCrl, expected_previous: int) -> None:
    """Put a CRL and its entry into this transaction."""
    session.put_crl(crl, expected_previous=expected_previous)
    event = CrlPublished(
        issuer=crl.issuer,
        number=crl.number,
        crl_sha256=hashlib.sha256(crl.der).hexdigest(),
        entries=crl.entries,
        upto=crl.upto,
    )
    session.record(event, SYSTEM)


async def record_start(store: Store, roles: str, version: str) -> None:
    """Write into the journal that a writing process started."""

    def work(session: WriteSession) -> None:
        session.record(ServiceStarted(roles=roles, version=version), SYSTEM)

    await store.write(work)
