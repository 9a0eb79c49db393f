"""A CA, whatever it certifies, which keeps nothing; and what becomes of its certificates."""

from datetime import datetime
from typing import Protocol

from pki.domain.identifiers import IssuerId, SerialNumber
from pki.domain.journal import JournalEntry
from pki.domain.status import CertificateStatus


class Prepared(Protocol):
    """A certificate's TBS bytes, linted and ready to sign."""

    @property
    def serial(self) -> SerialNumber: ...
    @property
    def tbs(self) -> bytes: ...
    @property
    def profile(self) -> str:
        """``<name>@<SHA-256 of the profile>``."""

    @property
    def not_before(self) -> datetime: ...
    @property
    def not_after(self) -> datetime: ...


class Authority(Protocol):
    """One generation of a CA, without what it is asked to prepare."""

    @property
    def issuer(self) -> IssuerId: ...
    @property
    def chain(self) -> tuple[bytes, ...]:
        """DER certificates from the issuing CA up to and including the root."""

    def check_key(self, public_key: bytes, /) -> None:
        """Judge a DER SubjectPublicKeyInfo.

        Raises:
            KeyRejected: weak, or of a type that the profile does not allow.
        """

    async def sign(self, tbs: bytes, /) -> bytes:
        """Sign prepared bytes; the result was read back and compared.

        Raises:
            SignerUnavailable, SignerBusy: the key cannot be used now; nothing was released.
            SignatureBroken: what came back is not what must be.
        """


class Statuses(Protocol):
    """The statuses of certificates, inside a transaction."""

    def set_status(
        self,
        issuer: IssuerId,
        serial: SerialNumber,
        status: CertificateStatus,
        entry: JournalEntry,
        /,
    ) -> None:
        """Change what a certificate's status is.

        Raises:
            IntegrityBroken: the status was Revoked, which is final.
        """
