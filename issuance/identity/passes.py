"""The UZI pass as a source of identity: the verification that a session rests on."""

from datetime import datetime

from issuance.ports import PassVerifier
from pki.domain.identity.record import Identity, identity_of


class PassSource:
    """Says of a pass's authenticity certificate whose it is, as `PassVerifier` judges it."""

    __slots__ = ("_passes",)

    def __init__(self, passes: PassVerifier) -> None:
        self._passes = passes

    async def identify(self, evidence: bytes, at: datetime, /) -> Identity:
        """The holder of a valid pass on name; ``evidence`` is its certificate in DER."""
        return identity_of(await self._passes.verify_pass(evidence, at))
