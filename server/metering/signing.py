"""Signers and CAs that are counted: objects with the same interface around the real ones."""

import logging
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from ca.authority import CertificationAuthority, Generations
from ca.prepare import Prepared
from issuance.statement.ports import Evidence
from pki.domain.algorithms import SignatureAlgorithm
from pki.domain.errors import LintFailed, ZorgidError
from pki.domain.identifiers import IssuerId
from pki.domain.people import Person
from pki.domain.records import PassHolder
from pki.ports import Signer, sign_pieces
from pki.telemetry.metrics import Metrics, Reading

_log: Final = logging.getLogger(__name__)

CERTIFICATE: Final = "certificate"
CRL: Final = "crl"
EVIDENCE: Final = "evidence"


class Meters:
    """Wraps what signs; a source of metrics for what runs now."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._pending: Counter[str] = Counter()

    def signer(self, inner: Signer, key: str, purpose: str) -> Signer:
        """``inner``, counted under the name of its key."""
        return _MeteredSigner(inner, self, key, purpose)

    def authorities(self, inner: Generations) -> "MeteredGenerations":
        """``inner``, whose signatures and broken rules are counted."""
        return MeteredGenerations(inner, self)

    def evidence(self, inner: Evidence) -> Evidence:
        """``inner``, counted."""
        return _MeteredEvidence(inner, self)

    def lint(self, error: LintFailed) -> None:
        """Count rules that were broken by what was to be signed."""
        self._metrics.count(
            "zorgid_lint_findings_total", {"severity": "error"}, len(error.findings)
        )

    def readings(self) -> Iterator[Reading]:
        """What waits for each key now."""
        for key, value in self._pending.items():
            yield Reading(name="zorgid_signatures_pending", value=value, labels={"key": key})

    @contextmanager
    def signature(self, key: str, purpose: str) -> Iterator[None]:
        """Count and time one; a failure goes on and is counted by its stable code."""
        labels, began = {"key": key}, time.monotonic()
        self._pending[key] += 1
        try:
            yield
        except ZorgidError as error:
            code = {**labels, "error": error.code}
            self._metrics.count("zorgid_signature_errors_total", code)
            raise
        finally:
            self._pending[key] -= 1
        self._metrics.count("zorgid_signatures_total", {**labels, "purpose": purpose})
        took = time.monotonic() - began
        self._metrics.observe("zorgid_sign_duration_seconds", took, labels)
        said = {"signer": key, "purpose": purpose, "milliseconds": round(took * 1000, 1)}
        _log.info("signed", extra=said)


class _MeteredSigner:
    """A `Signer` that takes pieces as well, for those that do."""

    __slots__ = ("_inner", "_key", "_meters", "_purpose")

    def __init__(self, inner: Signer, meters: Meters, key: str, purpose: str) -> None:
        self._inner = inner
        self._meters = meters
        self._key = key
        self._purpose = purpose

    @property
    def algorithm(self) -> SignatureAlgorithm:
        return self._inner.algorithm

    @property
    def public_key(self) -> bytes:
        return self._inner.public_key

    async def sign(self, message: bytes) -> bytes:
        with self._meters.signature(self._key, self._purpose):
            return await self._inner.sign(message)

    async def sign_pieces(self, pieces: Sequence[bytes]) -> bytes:
        with self._meters.signature(self._key, self._purpose):
            return await sign_pieces(self._inner, pieces)


class _MeteredEvidence:
    __slots__ = ("_inner", "_meters")

    def __init__(self, inner: Evidence, meters: Meters) -> None:
        self._inner = inner
        self._meters = meters

    async def sign(self, content: bytes, signed_at: datetime, /) -> bytes:
        with self._meters.signature(EVIDENCE, EVIDENCE):
            return await self._inner.sign(content, signed_at)


class MeteredGenerations:
    """The generations, as the registration authority wants them."""

    def __init__(self, inner: Generations, meters: Meters) -> None:
        self._inner = inner
        self._meters = meters

    def issuing(self, now: datetime, /) -> "_MeteredAuthority":
        """As the one inside."""
        return _MeteredAuthority(self._inner.issuing(now), self._meters)

    def issuing_mobiel(self, now: datetime, /) -> "_MeteredAuthority":
        """As the one inside."""
        return _MeteredAuthority(self._inner.issuing_mobiel(now), self._meters)

    def of(self, issuer: IssuerId, /) -> "_MeteredAuthority":
        """As the one inside."""
        return _MeteredAuthority(self._inner.of(issuer), self._meters)


class _MeteredAuthority:
    __slots__ = ("_inner", "_meters")

    def __init__(self, inner: CertificationAuthority, meters: Meters) -> None:
        self._inner = inner
        self._meters = meters

    @property
    def issuer(self) -> IssuerId:
        return self._inner.issuer

    @property
    def chain(self) -> tuple[bytes, ...]:
        return self._inner.chain

    def check_key(self, public_key: bytes, /) -> None:
        self._inner.check_key(public_key)

    def prepare_card(self, holder: PassHolder, public_key: bytes, now: datetime, /) -> Prepared:
        with self._linting():
            return self._inner.prepare_card(holder, public_key, now)

    def prepare_mobiel(self, person: Person, public_key: bytes, now: datetime, /) -> Prepared:
        with self._linting():
            return self._inner.prepare_mobiel(person, public_key, now)

    def prepare_responder(self, public_key: bytes, now: datetime, /) -> Prepared:
        with self._linting():
            return self._inner.prepare_responder(public_key, now)

    async def sign(self, tbs: bytes, /) -> bytes:
        with self._linting(), self._meters.signature(self.issuer.value, CERTIFICATE):
            return await self._inner.sign(tbs)

    @contextmanager
    def _linting(self) -> Iterator[None]:
        try:
            yield
        except LintFailed as error:
            self._meters.lint(error)
            raise
