"""What an installation does with a card maker's proof that a key was made on the card."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from issuance.attesting.ports import AttestationJudge
from pki.domain.errors import Refused
from pki.domain.evidence.attestation import AttestationPolicy
from pki.domain.reasons import RefusalReason


@dataclass(frozen=True, slots=True, kw_only=True)
class AttestationRule:
    """Without ``judge`` none is looked at; ``needed``: no key is certified without one."""

    judge: AttestationJudge | None = None
    needed: bool = False

    @property
    def policy(self) -> AttestationPolicy:
        """What a card writer is told before it asks the card."""
        if self.judge is None:
            return "ignore"
        return "require" if self.needed else "record"

    def kept_of(
        self, chain: tuple[bytes, ...], public_key: bytes, at: datetime
    ) -> tuple[bytes, ...]:
        """What is to be kept of a proof that was sent; empty when there is nothing to keep.

        One that does not hold is refused, also where none is needed: who sends it meant it.

        Raises:
            Refused: KEY_NOT_ATTESTED or ATTESTATION_NOT_TRUSTED.
        """
        if self.judge is None:
            return ()
        if chain:
            self.judge.judge(chain, public_key, at)
        elif self.needed:
            raise Refused(
                reason=RefusalReason.KEY_NOT_ATTESTED,
                message="there is no proof that the key was made on the card",
                next_step="set vendor_extensions in the card writer, or take another kind of card",
            )
        return chain


NO_RULE: Final = AttestationRule()
