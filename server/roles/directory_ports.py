"""The store as the publisher reads it; apart, so that a status node loads nothing of LDAP."""

from collections.abc import Sequence

from ldap_publish.ports import CardCertificate
from pki.domain.identifiers import IssuerId, SerialNumber
from pki.domain.records import IssuedCertificate, PublishedCrl
from pki.store.reading import ReadSession, ReadStore


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
