"""No signature leaves before the public key has verified it."""

import asyncio
import logging
from collections.abc import Sequence

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_der_public_key
from cryptography.x509 import load_der_x509_certificate

from pki.domain.algorithms import SignatureAlgorithm
from pki.domain.errors import ConfigurationInvalid, KeyMismatch, SignatureBroken
from pki.keys.algorithms import PublicKey, fits, hashed_pieces, spki, verifies
from pki.ports import Signer, sign_pieces

_LOG = logging.getLogger(__name__)


class CheckedSigner:
    """A `Signer` around another one: a signature that does not verify raises SignatureBroken.

    A fault in memory or in an HSM that lets a wrong RSA signature out can give the private key
    away.
    """

    __slots__ = ("_inner", "_public_key", "_spki")

    def __init__(self, inner: Signer) -> None:
        """Read the signer's public key once.

        Raises:
            ConfigurationInvalid: it is unreadable, or its kind does not fit the signer's algorithm.
        """
        self._inner = inner
        self._spki = inner.public_key
        self._public_key = _read(self._spki)
        if not fits(inner.algorithm, self._public_key):
            raise ConfigurationInvalid(
                key="algorithm", message="the signer's algorithm does not fit its public key"
            )

    @property
    def algorithm(self) -> SignatureAlgorithm:
        return self._inner.algorithm

    @property
    def public_key(self) -> bytes:
        return self._spki

    async def sign(self, message: bytes) -> bytes:
        signature = await self._inner.sign(message)
        self.verify(message, signature)
        return signature

    async def sign_pieces(self, pieces: Sequence[bytes]) -> bytes:
        # Hashed a second time, beside the signer's doing so, and not on the event loop.
        hashing = asyncio.get_running_loop().run_in_executor(
            None, hashed_pieces, self.algorithm, pieces
        )
        signature = await sign_pieces(self._inner, pieces)
        self._verify(await hashing, signature, hashed=True)
        return signature

    def verify(self, message: bytes, signature: bytes) -> None:
        """Let a signature through that is right.

        Raises:
            SignatureBroken: it is not one of this message by this key.
        """
        self._verify(message, signature, hashed=False)

    def _verify(self, message: bytes, signature: bytes, *, hashed: bool) -> None:
        algorithm = self._inner.algorithm
        if not verifies(self._public_key, algorithm, message, signature, hashed=hashed):
            _LOG.critical("a signer returned a signature that does not verify; it was withheld")
            raise SignatureBroken(
                message="the signer returned a signature that does not verify",
                next_step="stop using this key store and examine it",
            )


def require_same_key(signer: Signer, certificate: bytes) -> None:
    """Make sure that ``certificate`` (DER) certifies the signer's key.

    Raises:
        KeyMismatch: it certifies another key, or cannot be read.
    """
    try:
        public_key = load_der_x509_certificate(certificate).public_key()
    except (ValueError, UnsupportedAlgorithm):
        raise KeyMismatch(message="the certificate beside a key cannot be read") from None
    if not isinstance(public_key, PublicKey) or spki(public_key) != signer.public_key:
        raise KeyMismatch(
            message="a private key and its certificate do not belong together",
            next_step="put the key and the certificate of one ceremony side by side",
        )


def _read(public_key: bytes) -> PublicKey:
    try:
        key = load_der_public_key(public_key)
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, PublicKey):
        raise ConfigurationInvalid(key="public key", message="a signer's public key is unreadable")
    return key
