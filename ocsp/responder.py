"""The responder: from the octets asked to the octets answered.

Identical octets meet a dictionary. What is not there is read, signed and, if it may be, kept. It
fails closed: no store, no key or no certificate means tryLater, never good.
"""

import asyncio
import logging
from collections.abc import Coroutine, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

from ocsp.answer import Asked, Composed, Found, compose, says_what_was_composed
from ocsp.cache import AnswerCache, Entry
from ocsp.credential import ResponderCredential
from ocsp.http_form import ChangedSeconds, error_answer, good_answer
from ocsp.issuers import IssuerTable
from ocsp.moment import Moments
from ocsp.policy import ResponderPolicy
from ocsp.ports import CertificateDigests, Credentials, StatusSource
from ocsp.statistics import ResponderStatistics, status_name
from pki.der.ocsp import (
    OcspError,
    OcspRequest,
    OcspResponse,
    encode_basic_response,
    encode_response_data,
    read_request,
    read_response,
)
from pki.domain.errors import (
    IntegrityBroken,
    Malformed,
    SignatureBroken,
    StoreUnavailable,
    Unavailable,
    ZorgidError,
)
from pki.domain.events import touched
from pki.domain.identifiers import IssuerId, SerialNumber
from pki.domain.journal import JournalEntry
from pki.domain.status import Good
from pki.ports import Clock, HttpAnswer

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")

LONGEST_KEPT: Final = 1024
"""Octets of a request whose answer is kept: an honest one has 70 to 250, and anyone may ask."""

ATTEMPTS: Final = 5
"""How often an answer is made anew when changes keep overtaking it."""


class OcspResponder:
    """Answers for several issuers, each with the credential that it delegated to."""

    def __init__(
        self,
        issuers: IssuerTable,
        credentials: Mapping[IssuerId, Credentials],
        source: StatusSource,
        *,
        clock: Clock,
        policy: ResponderPolicy | None = None,
        digests: CertificateDigests | None = None,
    ) -> None:
        """With ``digests`` a good answer shows that of its certificate (Common PKI's CertHash)."""
        self._issuers = issuers
        self._credentials = dict(credentials)
        self._source = source
        self._digests = digests
        self._clock = clock
        self._moments = Moments(clock)
        self._policy = policy or ResponderPolicy()
        self._cache = AnswerCache(self._policy.cache_entries)
        self._store_tried_again_at = datetime.min.replace(tzinfo=UTC)
        self.statistics = ResponderStatistics()
        self.changed = ChangedSeconds()

    @property
    def cached(self) -> int:
        """How many answers are kept."""
        return len(self._cache)

    def lookup(self, asked: bytes) -> bytes | None:
        """Head and body of the ready answer to these octets, if one may be given without a look."""
        entry = self._cache.get(asked)
        if (
            entry is None
            or self._clock.now() >= entry.refresh_at
            or self._source.contact_age() > self._policy.cut_off
        ):
            return None
        entry.used = True
        self.statistics.hits += 1
        self.statistics.by_hash[entry.hash_name] += 1
        return entry.ready

    def apply(self, entries: Sequence[JournalEntry]) -> None:
        """Drop what these entries touch; before anyone is told that they are in force."""
        for entry in entries:
            subject = touched(entry.event)
            if subject is not None:
                self.statistics.dropped += self._cache.touch(subject)
                self.changed.add(self._clock.now())

    async def answer(self, der: bytes, asked: bytes | None = None) -> HttpAnswer | bytes:
        """Answer a request; ``asked`` is what its answer may be kept under, by default ``der``.

        Returns:
            An answer in full, or the ready head and body of one that was kept. Raises nothing.
        """
        self.statistics.misses += 1
        try:
            request = read_request(der)
        except Malformed:
            return self._error(OcspError.MALFORMED_REQUEST)
        if len(request.cert_ids) > self._policy.certificates_per_request:
            return self._error(OcspError.MALFORMED_REQUEST)
        found = [(cert_id, self._issuers.find(cert_id)) for cert_id in request.cert_ids]
        speaks = next((issuer for _, issuer in found if issuer in self._credentials), None)
        if speaks is None:
            return self._error(OcspError.UNAUTHORIZED)
        things = [
            Asked(
                cert_id=cert_id,
                ours=issuer == speaks,
                subject=_subject(issuer, cert_id.serial) if issuer == speaks else None,
            )
            for cert_id, issuer in found
        ]
        return await self._answer_or_keep_on(
            request, speaks, things, der if asked is None else asked
        )

    async def _answer_or_keep_on(
        self, request: OcspRequest, speaks: IssuerId, things: Sequence[Asked], asked: bytes
    ) -> HttpAnswer | bytes:
        try:
            for _ in range(ATTEMPTS):
                answer = await self._answer_once(request, speaks, things, asked)
                if answer is not None:
                    return answer
                self.statistics.again += 1
        except Unavailable as error:
            return self._keep_on(asked, error)
        except ZorgidError as error:
            logger.exception("no OCSP answer", extra={"next_step": error.next_step})
            return self._error(OcspError.INTERNAL_ERROR)
        return self._error(OcspError.TRY_LATER)

    async def _answer_once(
        self, request: OcspRequest, speaks: IssuerId, things: Sequence[Asked], asked: bytes
    ) -> HttpAnswer | None:
        """An answer, or None when a change overtook it."""
        subjects = tuple(each.subject for each in things if each.subject is not None)
        with self._cache.reading(subjects) as reading:
            now = self._moments.now()
            credential = self._credentials[speaks].at(now, request.preferred)
            found = [await self._find(each) for each in things]
            composed = compose(
                found,
                this_update=now,
                signer_until=credential.not_after,
                nonce=request.nonce,
                policy=self._policy,
            )
            der = await _signed(credential, composed, request.nonce)
            if reading.touched:
                return None
            answer = good_answer(der, composed, self._policy.max_age)
            if composed.lasting and len(asked) <= LONGEST_KEPT:
                hash_name = things[0].cert_id.hash_name or ""
                self._cache.keep(asked, self._entry(answer, composed, things, hash_name), reading)
        for each in found:
            self.statistics.by_status[status_name(each.status)] += 1
            self.statistics.by_hash[each.asked.cert_id.hash_name or "other"] += 1
        return answer

    def _entry(
        self, answer: HttpAnswer, composed: Composed, things: Sequence[Asked], hash_name: str
    ) -> Entry:
        lifetime = composed.next_update - composed.this_update
        return Entry(
            ready=answer.head() + answer.body,
            subjects=tuple(each.subject for each in things if each.subject is not None),
            hash_name=hash_name,
            refresh_at=composed.this_update + lifetime / 2,
            dead_at=composed.next_update - timedelta(seconds=self._policy.max_age),
        )

    async def _find(self, asked: Asked) -> Found:
        if asked.subject is None:
            return Found(asked=asked, status=None)
        status = await self._read(self._source.status(*asked.subject))
        if self._digests is None or not isinstance(status, Good):
            return Found(asked=asked, status=status)
        digest = await self._read(self._digests.certificate_sha256(*asked.subject))
        if digest is None:
            raise IntegrityBroken(
                message="a certificate is good that is not in the store",
                next_step="compare the store with a backup: zorgid doctor",
            )
        return Found(asked=asked, status=status, certificate_sha256=digest)

    async def _read(self, reading: Coroutine[Any, Any, Answer]) -> Answer:
        now = self._clock.now()
        if now < self._store_tried_again_at:
            reading.close()
            raise StoreUnavailable(message="the store could not be read a moment ago")
        try:
            async with asyncio.timeout(self._policy.read_seconds):
                return await reading
        except TimeoutError as error:
            self._store_tried_again_at = now + timedelta(seconds=1)
            raise StoreUnavailable(
                message=f"the store did not answer within {self._policy.read_seconds} s",
                next_step="look at the database's load and at the connection to it",
            ) from error

    def _keep_on(self, asked: bytes, error: Unavailable) -> HttpAnswer | bytes:
        """What was kept goes on until the blindness limit or its own end; all else: try later."""
        entry = self._cache.get(asked)
        if (
            entry is not None
            and self._clock.now() < entry.dead_at
            and self._source.contact_age() <= self._policy.blindness
        ):
            self.statistics.kept_on += 1
            return entry.ready
        logger.warning("OCSP tryLater: %s", error, extra={"next_step": error.next_step})
        return self._error(OcspError.TRY_LATER)

    def _error(self, error: OcspError) -> HttpAnswer:
        self.statistics.errors[error.name.lower()] += 1
        return error_answer(error)


def _subject(issuer: IssuerId, serial: int) -> tuple[IssuerId, SerialNumber] | None:
    """None for a serial that no certificate can have: it was never issued."""
    try:
        return issuer, SerialNumber(serial)
    except Malformed:
        return None


async def _signed(
    credential: ResponderCredential, composed: Composed, nonce: bytes | None
) -> bytes:
    """The whole response, signed and read back.

    Raises:
        SignatureBroken: what was read back is not what was to be said.
    """
    data = encode_response_data(
        credential.key_hash,
        composed.this_update,
        composed.singles,
        nonce,
        extended_revoke=composed.extended_revoke,
    )
    signature = await credential.signer.sign(data)
    der = encode_basic_response(
        data, credential.signer.algorithm, signature, (credential.certificate,)
    )
    read = read_response(der)
    if (
        not isinstance(read, OcspResponse)
        or (read.tbs, read.signature) != (data, signature)
        or not says_what_was_composed(read, composed, nonce, credential.key_hash)
    ):
        raise SignatureBroken(
            message="an OCSP response did not read back as it was composed",
            next_step="this is a defect: keep the log and report it",
        )
    return der
