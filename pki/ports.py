"""The few interfaces that several services need, and the adapters of the machine itself.

Time, chance and keys are arguments: nothing else in this project reads the clock or the system's
randomness.
"""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from pki.domain.algorithms import SignatureAlgorithm


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """The present moment, with time zone UTC."""
        ...


class Entropy(Protocol):
    """Gives unpredictable octets."""

    def octets(self, count: int) -> bytes:
        """Return ``count`` octets from a cryptographically secure source."""
        ...


class Signer(Protocol):
    """Holds one private key and signs with it; the key itself never leaves."""

    @property
    def algorithm(self) -> SignatureAlgorithm:
        """What `sign` does."""
        ...

    @property
    def public_key(self) -> bytes:
        """The public key as DER SubjectPublicKeyInfo (RFC 5280 4.1.2.7)."""
        ...

    async def sign(self, message: bytes) -> bytes:
        """Hash and sign ``message``; ECDSA signatures are DER (RFC 3279 2.2.3).

        Raises:
            SignerUnavailable: the key cannot be used now.
            SignerBusy: too many signatures wait, or this one took too long; nothing was released.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer:
    """An HTTP answer of a status service.

    ``headers`` leave out Date and Connection, which the listener adds.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present moment, UTC."""
        return datetime.now(UTC)  # noqa: TID251 -- the one reader of the clock


class SystemEntropy:
    """The operating system's secure random source."""

    def octets(self, count: int) -> bytes:
        """Return ``count`` octets."""
        return secrets.token_bytes(count)
