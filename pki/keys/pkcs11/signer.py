"""A key in a token as a `pki.ports.Signer`."""

import asyncio
from collections.abc import Sequence
from typing import Self

from cryptography.hazmat.primitives.serialization import load_der_public_key

from pki.domain.algorithms import SignatureAlgorithm
from pki.domain.errors import ConfigurationInvalid
from pki.keys.algorithms import PublicKey, algorithm_for, fits, key_type_of
from pki.keys.pkcs11.mechanisms import choose, finished, operation
from pki.keys.pkcs11.module import Pkcs11Module, find_key
from pki.keys.pkcs11.ports import KeyName, Operation


class Pkcs11Signer:
    """Signs in the token; the public half was read once, when it was opened.

    What it returns is not verified: wrap it in `CheckedSigner`. It sets no time limit: wrap it in
    `PooledSigner`; a call that is given up before its turn is never made.
    """

    __slots__ = ("_algorithm", "_key", "_mechanism", "_module", "_public_key")

    def __init__(
        self,
        module: Pkcs11Module,
        key: KeyName,
        *,
        public_key: bytes,
        algorithm: SignatureAlgorithm,
        mechanism: str,
    ) -> None:
        self._module = module
        self._key = key
        self._public_key = public_key
        self._algorithm = algorithm
        self._mechanism = mechanism

    @classmethod
    def open(
        cls, module: Pkcs11Module, key: KeyName, algorithm: SignatureAlgorithm | None = None
    ) -> Self:
        """Find the key at a token that is logged in; see `Pkcs11Module.log_in`.

        Raises:
            ConfigurationInvalid: no such key, several, or of a kind that cannot sign so.
            SignerUnavailable, SignerBusy: the token is gone or does not answer.
        """
        found = find_key(module, key)
        public = load_der_public_key(found.public_key)
        chosen = algorithm or algorithm_for(key_type_of(public))
        if not isinstance(public, PublicKey) or not fits(chosen, public):
            raise ConfigurationInvalid(
                key="algorithm",
                message=f"key {key} cannot sign with {chosen.value}",
                next_step="choose an algorithm of the key's kind, or another key",
            )
        mechanism = choose(chosen, found.mechanisms)
        return cls(module, key, public_key=found.public_key, algorithm=chosen, mechanism=mechanism)

    @property
    def algorithm(self) -> SignatureAlgorithm:
        return self._algorithm

    @property
    def public_key(self) -> bytes:
        return self._public_key

    @property
    def module(self) -> Pkcs11Module:
        """The module it signs in, for metrics."""
        return self._module

    async def sign(self, message: bytes) -> bytes:
        return await self._ask(operation(self._algorithm, self._mechanism, message))

    async def sign_pieces(self, pieces: Sequence[bytes]) -> bytes:
        return await self._ask(
            await asyncio.to_thread(operation, self._algorithm, self._mechanism, *pieces)
        )

    async def _ask(self, asked: Operation) -> bytes:
        return finished(self._algorithm, await self._module.sign(self._key, asked))
