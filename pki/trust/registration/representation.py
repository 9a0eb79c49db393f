"""Who may speak for an organisation: UZI passes and UZI server certificates, verified."""

from dataclasses import dataclass
from datetime import datetime

from pki.domain.records import PassHolder
from pki.domain.registration.records import RegistrationDocument
from pki.trust.path import PathValidator
from pki.trust.registration.document import RegistrationDocuments
from pki.trust.registration.server_certificate import ServerTrust, StatusCheck
from pki.trust.settings import UziTrustSettings
from pki.trust.uzi_pass import UziTrust


@dataclass(frozen=True, slots=True, kw_only=True)
class UziRepresentation:
    """Passes and documents, judged against the same UZI register."""

    passes: UziTrust
    documents: RegistrationDocuments

    @classmethod
    def of(
        cls, settings: UziTrustSettings, passes: UziTrust, status: StatusCheck
    ) -> "UziRepresentation":
        """From the section [uzi].

        Raises:
            ConfigurationInvalid: a certificate in it cannot be used.
        """
        servers = ServerTrust(PathValidator(settings), status)
        return cls(passes=passes, documents=RegistrationDocuments(servers))

    async def verify_representative(self, certificate: bytes, at: datetime, /) -> PassHolder:
        """See `UziTrust.verify_representative`."""
        return await self.passes.verify_representative(certificate, at)

    async def verify_document(self, octets: bytes, at: datetime, /) -> RegistrationDocument:
        """See `RegistrationDocuments.verify_document`."""
        return await self.documents.verify_document(octets, at)
