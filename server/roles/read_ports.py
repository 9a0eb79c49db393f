"""The store as the services that only read it want to see it."""

import time
from collections.abc import Sequence

from ldap_publish.ports import CardCertificate
from pki.domain.identifiers import IssuerId, SerialNumber
from pki.domain.records import IssuedCertificate, PublishedCrl
from pki.domain.status import CertificateStatus
from pki.store.reading import ReadSession, ReadStore
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


class StoreShelf:
    """Published CRLs, for whoever serves them."""

    def __init__(self, store: ReadStore) -> None:
        self._store = store

    async def latest(self, issuer: IssuerId) -> PublishedCrl | None:
        """The CRL with the highest number."""
        return await self._store.read(lambda session: session.latest_crl(issuer))


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
