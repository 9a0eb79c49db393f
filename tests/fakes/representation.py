"""Stands in for what judges whoever says that they speak for an organisation."""

from datetime import datetime

from issuance.ports import PassVerifier
from pki.domain.errors import Refused
from pki.domain.reasons import RefusalReason
from pki.domain.records import PassHolder
from pki.domain.registration.records import RegistrationDocument


class FakeRepresentation:
    """Knows what it is told, and the passes that ``passes`` knows."""

    def __init__(self, passes: PassVerifier) -> None:
        self.passes = passes
        self.holders: dict[bytes, PassHolder] = {}
        self.documents: dict[bytes, RegistrationDocument] = {}

    async def verify_representative(self, certificate: bytes, at: datetime, /) -> PassHolder:
        known = self.holders.get(certificate)
        return known or await self.passes.verify_pass(certificate, at)

    async def verify_document(self, octets: bytes, at: datetime, /) -> RegistrationDocument:
        if octets not in self.documents:
            reason = RefusalReason.DOCUMENT_NOT_TRUSTED
            raise Refused(reason=reason, message="not signed")
        return self.documents[octets]
