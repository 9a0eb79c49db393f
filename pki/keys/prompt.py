"""An elliptic-curve key in memory that signs at once."""

from typing import Final

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

from pki.domain.algorithms import SignatureAlgorithm
from pki.keys.checked import CheckedSigner
from pki.keys.soft import SoftSigner

SPOT_CHECK: Final = 64
"""One signature of so many is verified where not all are: a key gone bad is found within that."""


class SpotCheckedSigner:
    """A `pki.ports.PromptSigner`: `sign` verifies each signature, `sign_now` one of `SPOT_CHECK`.

    Verifying takes twice as long as signing on these curves. A wrong RSA signature can give the
    private key away; one of ECDSA, with its own random number each time, cannot be used so.
    """

    __slots__ = ("_checked", "_inner", "_unverified")

    def __init__(self, key: EllipticCurvePrivateKey) -> None:
        self._inner = SoftSigner(key)
        self._checked = CheckedSigner(self._inner)
        self._unverified = SPOT_CHECK

    @property
    def algorithm(self) -> SignatureAlgorithm:
        return self._inner.algorithm

    @property
    def public_key(self) -> bytes:
        return self._inner.public_key

    async def sign(self, message: bytes) -> bytes:
        return await self._checked.sign(message)

    def sign_now(self, message: bytes) -> bytes:
        signature = self._inner.sign_now(message)
        self._unverified += 1
        if self._unverified > SPOT_CHECK:
            self._checked.verify(message, signature)
            self._unverified = 1
        return signature

    def verify(self, message: bytes, signature: bytes) -> None:
        self._checked.verify(message, signature)
