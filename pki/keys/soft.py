"""Keys in this process's memory, from encrypted files."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from pki.domain.algorithms import KeyType, SignatureAlgorithm
from pki.domain.errors import ConfigurationInvalid, SignerUnavailable
from pki.keys.algorithms import (
    PrivateKey,
    algorithm_for,
    fits,
    generate_private_key,
    hashed_pieces,
    key_type_of,
    signing,
    spki,
)
from pki.keys.key_file import read_private_key, write_private_key


class SoftSigner:
    """A `pki.ports.Signer` over a software key.

    RSA signs in threads of its own, since it releases the interpreter for milliseconds; elliptic
    curves sign inline, where a thread gains nothing. What it returns is not verified: wrap it in
    `CheckedSigner`.
    """

    __slots__ = ("_algorithm", "_public_key", "_sign", "_sign_hashed", "_threads")

    def __init__(
        self, key: PrivateKey, algorithm: SignatureAlgorithm | None = None, *, threads: int = 2
    ) -> None:
        """Hold ``key``; ``algorithm`` defaults to `algorithm_for` its kind.

        Raises:
            ConfigurationInvalid: a kind of key not used here, or one that cannot sign with
            ``algorithm``.
        """
        public_key = key.public_key()
        self._algorithm = algorithm or algorithm_for(key_type_of(public_key))
        if not fits(self._algorithm, key):
            raise ConfigurationInvalid(
                key="algorithm",
                message=f"this key cannot sign with {self._algorithm.value}",
                next_step="choose an algorithm of the key's kind, or another key",
            )
        self._sign = signing(key, self._algorithm)
        self._sign_hashed = signing(key, self._algorithm, hashed=True)
        self._public_key = spki(public_key)
        self._threads = (
            ThreadPoolExecutor(threads, "sign") if isinstance(key, RSAPrivateKey) else None
        )

    @classmethod
    def load(
        cls, path: Path, passphrase: bytes, algorithm: SignatureAlgorithm | None = None
    ) -> Self:
        """Read the key file once; see `read_private_key` for what is refused."""
        return cls(read_private_key(path, passphrase), algorithm)

    @property
    def algorithm(self) -> SignatureAlgorithm:
        return self._algorithm

    @property
    def public_key(self) -> bytes:
        return self._public_key

    async def sign(self, message: bytes) -> bytes:
        return await self._run(self.sign_now, message)

    async def sign_pieces(self, pieces: Sequence[bytes]) -> bytes:
        message = await asyncio.to_thread(hashed_pieces, self._algorithm, pieces)
        return await self._run(self._sign_hashed, message)

    async def _run(self, sign: Callable[[bytes], bytes], message: bytes) -> bytes:
        if self._threads is None:
            return sign(message)
        loop = asyncio.get_running_loop()
        try:
            future = loop.run_in_executor(self._threads, sign, message)
        except RuntimeError:
            raise SignerUnavailable(message="the signer was closed") from None
        return await future

    def sign_now(self, message: bytes) -> bytes:
        """Sign in this very thread, whatever the kind of key."""
        return self._sign(message)

    def close(self) -> None:
        """Let the threads end; later calls raise SignerUnavailable."""
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)


def generate(key_type: KeyType, path: Path, passphrase: bytes) -> SoftSigner:
    """Make a key pair, store it (see `write_private_key`), read it back, and return its signer."""
    write_private_key(path, generate_private_key(key_type), passphrase)
    return SoftSigner.load(path, passphrase)
