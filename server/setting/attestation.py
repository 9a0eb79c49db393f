"""Whether a card's key must be proven to have been made on the card."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from pki.domain.evidence.attestation import AttestationPolicy
from pki.settings.types import ExistingFile, Section


class AttestationSettings(Section):
    """What is done with card makers' proofs; ``roots`` are the makers' CA certificates.

    ``record``: one that is sent must hold, and is kept. ``require``: no key is certified without.
    """

    policy: AttestationPolicy = "ignore"
    roots: Annotated[tuple[ExistingFile, ...], Field(max_length=50)] = ()

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.policy == "ignore") != (not self.roots):
            raise ValueError("roots go with the policies record and require, and only with those")
        return self
