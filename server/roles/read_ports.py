"""The store as the services that only read it want to see it."""

import hashlib

from pki.domain.identifiers import IssuerId, SerialNumber
from pki.domain.records import PublishedCrl
from pki.store.reading import ReadStore


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
