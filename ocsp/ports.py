"""What the responder needs of others."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from ocsp.credential import ResponderCredential
from pki.der.ocsp import PreferredSignature
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


class WorkingSet(Protocol):
    """Knows which certificates are good, by the thousand."""

    async def good(self, issuer: IssuerId, after: bytes, limit: int) -> Sequence[bytes]:
        """Serials (20 octets) above ``after``, in order, of what is good now and not expired.

        Raises:
            StoreUnavailable: as `StatusSource.status`.
        """
        ...


class CertificateDigests(Protocol):
    """Knows the certificates themselves; asked only when answers are to show their digests."""

    async def certificate_sha256(self, issuer: IssuerId, serial: SerialNumber) -> bytes | None:
        """SHA-256 of the DER certificate, or None when there is none.

        Raises:
            StoreUnavailable: the store cannot be read.
        """
        ...


class Credentials(Protocol):
    """The credentials of one issuer."""

    def at(
        self, now: datetime, preferred: Sequence[PreferredSignature] = ()
    ) -> ResponderCredential:
        """The credential that signs at this moment, if it can be one that the client prefers.

        Raises:
            SignerUnavailable: there is none, or none that is valid now.
        """
        ...


class CredentialSource(Protocol):
    """Makes responder credentials: a new key pair and a certificate for it."""

    async def renew(self) -> ResponderCredential:
        """A new credential, valid now.

        Raises:
            ZorgidError: none can be had now; the old one stays in use.
        """
        ...
