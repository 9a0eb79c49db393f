"""The store as the services that only read it want to see it."""

import hashlib
import time

from pki.domain.identifiers import IssuerId, SerialNumber
from pki.domain.records import PublishedCrl
from pki.domain.status import CertificateStatus
from pki.store.reading import ReadStore
from pki.store.tail import JournalTail


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


class StoreDigests:
    """Digests of certificates, for whoever shows that it knows them."""

    def __init__(self, store: ReadStore) -> None:
        self._store = store

    async def certificate_sha256(self, issuer: IssuerId, serial: SerialNumber) -> bytes | None:
        """SHA-256 of the certificate; None when this issuer has none with the serial."""
        found = await self._store.read(lambda session: session.certificate(serial))
        if found is None or found.issuer != issuer:
            return None
        return hashlib.sha256(found.der).digest()


class StoreShelf:
    """Published CRLs, for whoever serves them."""

    def __init__(self, store: ReadStore) -> None:
        self._store = store

    async def latest(self, issuer: IssuerId) -> PublishedCrl | None:
        """The CRL with the highest number."""
        return await self._store.read(lambda session: session.latest_crl(issuer))
