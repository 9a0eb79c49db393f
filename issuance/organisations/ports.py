"""What organisations need of others: proof of who speaks for one, and the store."""

from datetime import datetime
from typing import Protocol

from issuance.ports import Linking, Registration
from pki.domain.records import PassHolder
from pki.domain.registration.records import RegistrationDocument


class Representation(Protocol):
    """Judges what somebody shows who says that they speak for an organisation."""

    async def verify_representative(self, certificate: bytes, at: datetime, /) -> PassHolder:
        """A Zorgverlener pass, or one on name, as `issuance.ports.PassVerifier` judges a pass.

        Raises:
            Refused: with the reason `PASS_…`.
            PassStatusUnavailable: it cannot be known whether the pass was revoked.
        """

    async def verify_document(self, octets: bytes, at: datetime, /) -> RegistrationDocument:
        """A document that was signed with an organisation's UZI server certificate.

        Raises:
            Malformed: it has not the form of one.
            Refused: DOCUMENT_NOT_TRUSTED.
            PassStatusUnavailable: it cannot be known whether the certificate was revoked.
        """


class Merging(Registration, Linking, Protocol):
    """Changing an organisation together with its operators and the cards it manages."""
