"""What the responder needs of others."""

from typing import Protocol

from ocsp.credential import ResponderCredential
from pki.domain.identifiers import IssuerId, SerialNumber
from pki.domain.status import CertificateStatus


class StatusSource(Protocol):
    """Reads the status of certificates from the store."""

    async def status(self, issuer: IssuerId, serial: SerialNumber) -> CertificateStatus | None:
        """The status now, or None when ``issuer`` never issued this serial.

        Raises:
            StoreUnavailable: the store cannot be read, or what can be read may be behind.
        """
        ...

    def contact_age(self) -> float:
        """Seconds since the journal was last seen up to date; must be cheap, and never raises."""
        ...


class CredentialSource(Protocol):
    """Makes responder credentials: a new key pair and a certificate for it."""

    async def renew(self) -> ResponderCredential:
        """A new credential, valid now.

        Raises:
            ZorgidError: none can be had now; the old one stays in use.
        """
        ...
