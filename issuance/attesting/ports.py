"""Who judges such proofs, and where they are kept."""

from datetime import datetime
from typing import Protocol

from pki.domain.evidence.attestation import Attestation


class AttestationJudge(Protocol):
    """Knows the makers of cards that are trusted."""

    def judge(self, chain: tuple[bytes, ...], public_key: bytes, at: datetime, /) -> None:
        """Make sure that ``chain`` (DER, the key's first) proves where ``public_key`` was made.

        Raises:
            Refused: ATTESTATION_NOT_TRUSTED.
        """


class AttestationWrites(Protocol):
    """Keeping them, inside a transaction."""

    def put_attestation(self, attestation: Attestation, /) -> None:
        """Keep it with the certificate of its serial."""
