"""The store as each service wants to see it."""

import time
from collections.abc import Sequence

from ldap_publish.ports import CardCertificate
from pki.domain.events import CrlPublished, ServiceStarted
from pki.domain.identifiers import IssuerId, SerialNumber
from pki.domain.people import SYSTEM
from pki.domain.records import IssuedCertificate, ListedCertificate, PublishedCrl
from pki.domain.status import CertificateStatus
from pki.store.reading import ReadSession, ReadStore
from pki.store.tail import JournalTail
from pki.store.writing import Store, WriteSession


class StoreStatus:
    """Status for OCSP: read from the store, with the journal tail as proof of contact."""

    def __init__(self, store: ReadStore, tail: JournalTail) -> None:
        self._store = store
        self._tail = tail

    async def status(self, issuer: IssuerId, serial: SerialNumber) -> CertificateStatus | None:
        """The committed status; None when this issuer never had the serial."""
        return await self._store.read(lambda session: session.status(issuer, serial))

    def contact_age(self) -> float:
        """Seconds since the journal was last seen."""
        return time.monotonic() - self._tail.last_contact


class StoreFacts:
    """Certificates and CRLs for the directory."""

    def __init__(self, store: ReadStore) -> None:
        self._store = store

    async def card_certificate(self, serial: SerialNumber) -> CardCertificate | None:
        """The certificate with this serial and its card's phase."""
        return await self._store.read(lambda session: _joined(session, session.certificate(serial)))

    async def card_certificates_after(
        self, serial: SerialNumber | None, limit: int
    ) -> Sequence[CardCertificate]:
        """In the order of serials."""

        def query(session: ReadSession) -> list[CardCertificate]:
            found = session.certificates_after(serial, limit)
            joined = (_joined(session, certificate) for certificate in found)
            return [each for each in joined if each is not None]

        return await self._store.read(query)

    async def latest_crl(self, issuer: IssuerId) -> PublishedCrl | None:
        """The CRL with the highest number."""
        return await self._store.read(lambda session: session.latest_crl(issuer))


def _joined(session: ReadSession, found: IssuedCertificate | None) -> CardCertificate | None:
    if found is None:
        return None
    card = session.card(found.card_id)
    return None if card is None else CardCertificate(certificate=found, phase=card.phase)


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


async def record_start(store: Store, roles: str, version: str) -> None:
    """Write into the journal that a writing process started."""

    def work(session: WriteSession) -> None:
        session.record(ServiceStarted(roles=roles, version=version), SYSTEM)

    await store.write(work)


class StoreCrls:
    """What the CRL builder reads and where it publishes: CRL and entry in one transaction."""

    def __init__(self, reading: ReadStore, writing: Store) -> None:
        self._reading = reading
        self._writing = writing

    async def latest(self, issuer: IssuerId) -> PublishedCrl | None:
        """The CRL with the highest number."""
        return await self._reading.read(lambda session: session.latest_crl(issuer))

    async def listed(self, issuer: IssuerId) -> tuple[int, list[ListedCertificate]]:
        """What must be listed, and the journal position at which that is so."""
        return await self._reading.read(
            lambda session: (session.head().position, list(session.listed(issuer)))
        )

    async def publish(self, crl: PublishedCrl, expected_previous: int, sha256: str) -> None:
        """Compare, swap and record.

        Raises:
            Conflict: another builder was first.
        """

        def work(session: WriteSession) -> None:
            session.put_crl(crl, expected_previous=expected_previous)
            event = CrlPublished(
                issuer=crl.issuer,
                number=crl.number,
                crl_sha256=sha256,
                entries=crl.entries,
                upto=crl.upto,
            )
            session.record(event, SYSTEM)

        await self._writing.write(work)
