"""The few interfaces that several services need, and the adapters of the machine itself.

Time, chance and keys are arguments: nothing else in this project reads the clock or the system's
randomness.
"""

import asyncio
import math
import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, Protocol, runtime_checkable

from pki.domain.algorithms import SignatureAlgorithm

OK: Final = 200
NOT_MODIFIED: Final = 304
KEPT_WHEN_NOT_MODIFIED: Final = frozenset(
    {"cache-control", "etag", "expires", "last-modified", "vary"}
)
"""RFC 9110 15.4.5: what a cache needs to bring its copy up to date."""


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


@runtime_checkable
class PieceSigner(Signer, Protocol):
    """A signer of messages of many megabytes, which are not copied to be signed."""

    async def sign_pieces(self, pieces: Sequence[bytes]) -> bytes:
        """As `sign`, of the pieces joined."""
        ...


async def sign_pieces(signer: Signer, pieces: Sequence[bytes]) -> bytes:
    """Have ``signer`` sign the pieces joined; they are joined only if it cannot do without.

    Raises:
        SignerUnavailable, SignerBusy: as `Signer.sign`.
    """
    if isinstance(signer, PieceSigner):
        return await signer.sign_pieces(pieces)
    return await signer.sign(await asyncio.to_thread(b"".join, pieces))


@runtime_checkable
class PromptSigner(Signer, Protocol):
    """A signer that is done before anyone could wait for it: an elliptic curve in memory."""

    def sign_now(self, message: bytes) -> bytes:
        """As `sign`, but without waiting, and not every signature is verified.

        Only for an answer that one client gets, who verifies it: a wrong one says nothing. Any
        other is to `verify` first.

        Raises:
            SignerUnavailable: the key cannot be used now.
            SignatureBroken: a signature that was verified is wrong.
        """
        ...

    def verify(self, message: bytes, signature: bytes) -> None:
        """Let one that `sign_now` made pass before it is given to more than one client.

        Raises:
            SignatureBroken: it is not one of this message by this key.
        """
        ...


@runtime_checkable
class QueueSigner(Signer, Protocol):
    """A signer with threads of its own, which take what waits in one turn: RSA in memory."""

    def sign_soon(self, message: bytes, done: Callable[[bytes | None], None]) -> bool:
        """Let ``message`` wait with the others; False when too many do.

        ``done`` is called once, from the event loop and not within this call: with a signature that
        was verified, or with None if there is none; why not, the log says.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """A whole request to a status service: header names lower case, ``target`` as it was sent."""

    method: str
    target: bytes
    headers: Mapping[bytes, bytes]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer:
    """An HTTP answer of a status service.

    ``headers`` leave out Date and Connection, which the listener adds.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        """The value of a header, by its lower-case name."""
        return next((value for key, value in self.headers if key.lower() == name), None)

    def head(self) -> bytes:
        """The header lines and the empty line that ends them, as they follow the Date line."""
        lines = "".join(f"{name}: {value}\r\n" for name, value in self.headers)
        return lines.encode("latin-1") + b"\r\n"

    def unless_known(
        self, if_none_match: bytes | None, if_modified_since: bytes | None = None
    ) -> "HttpAnswer":
        """This answer, or 304 when the client has it already (RFC 9110 13.2.2, 15.4.5).

        If-None-Match goes before If-Modified-Since. A date names an answer less well than a tag
        does: hand it over only when no two answers can have the same Last-Modified.
        """
        if self.status != OK:
            return self
        if if_none_match is not None:
            known = self._has_tag(if_none_match)
        else:
            known = if_modified_since is not None and self._is_not_after(if_modified_since)
        if not known:
            return self
        kept = tuple(pair for pair in self.headers if pair[0].lower() in KEPT_WHEN_NOT_MODIFIED)
        return HttpAnswer(status=NOT_MODIFIED, headers=kept, body=b"")

    def _has_tag(self, if_none_match: bytes) -> bool:
        tag = self.header("etag")
        asked = [part.strip().removeprefix(b"W/") for part in if_none_match.split(b",")]
        return tag is not None and (tag.encode("latin-1") in asked or b"*" in asked)

    def _is_not_after(self, if_modified_since: bytes) -> bool:
        """What is no HTTP date is as if it had not been sent (RFC 9110 13.1.3)."""
        modified = self.header("last-modified")
        if modified is None:
            return False
        try:
            since = parsedate_to_datetime(if_modified_since.decode("ascii"))
        except (ValueError, OverflowError):
            return False
        return since.tzinfo is not None and parsedate_to_datetime(modified) <= since


class Gate:
    """Closes many ready answers at once: they count while `time.monotonic` is below ``until``."""

    __slots__ = ("until",)

    def __init__(self) -> None:
        self.until = -math.inf


class ReadyAnswer:
    """A 200 answer that may be given again, as it is, to whoever sends the same octets.

    ``octets`` are head and body as they follow the Date line. It counts while `time.monotonic` is
    below both ``until`` and ``gate.until``; `withdraw` ends it for everyone who holds it. Whoever
    gives it sets ``used``, and counts in ``given``, a list of one number.
    """

    __slots__ = ("gate", "given", "octets", "until", "used")

    def __init__(self, octets: bytes, *, until: float, gate: Gate, given: list[int]) -> None:
        self.octets = octets
        self.until = until
        self.gate = gate
        self.given = given
        self.used = False

    def withdraw(self) -> None:
        """From now on it is not given; its octets are let go."""
        self.until = -math.inf
        self.octets = b""


class Receiver(Protocol):
    """Waits for one answer."""

    def give(self, octets: bytes | None) -> None:
        """Take head and body as they follow the Date line; None: it is to be answered in full."""
        ...


class LiveAnswers(Protocol):
    """Makes answers that are given once: many in one turn, after those that are ready."""

    def take(self, asked: bytes, receiver: Receiver) -> None:
        """Let the body of a request wait for its turn.

        ``receiver`` is given its answer once, from the event loop and not within this call.
        """
        ...


async def happens(event: asyncio.Event, within: float | None) -> bool:
    """Wait for ``event``, for so many seconds at the most; whether it is set by then."""
    with suppress(TimeoutError):
        async with asyncio.timeout(within):
            await event.wait()
    return event.is_set()


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
