"""The responder: from the octets asked to the octets answered.

Identical octets meet a dictionary. What is not there is read, signed and, if it may be, kept. It
fails closed: no store, no key or no certificate means tryLater, never good.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

from ocsp.answer import Asked, Composed, Question, compose
from ocsp.cache import AnswerCache, Entry
from ocsp.http_form import ChangedSeconds, error_answer, good_answer
from ocsp.issuers import IssuerTable, subject_of
from ocsp.moment import Moments
from ocsp.policy import ResponderPolicy
from ocsp.ports import CertificateDigests, Credentials, StatusSource, WorkingSet
from ocsp.signing.ahead import Ahead
from ocsp.signing.early import EarlyAnswers
from ocsp.signing.finding import Finder
from ocsp.signing.live import TurnsOfAnswers
from ocsp.signing.presigned import Signatures
from ocsp.signing.presigning import Presigning
from ocsp.signing.quick import QuickAnswers
from ocsp.signing.whole import signed
from ocsp.statistics import Kind, ResponderStatistics, kind_of, method_of
from pki.der.ocsp import OcspError, OcspRequest, read_request
from pki.domain.errors import Malformed, Unavailable, ZorgidError
from pki.domain.events import touched
from pki.domain.identifiers import IssuerId
from pki.domain.journal import JournalEntry
from pki.ports import Gate, HttpAnswer, ReadyAnswer

logger = logging.getLogger(__name__)

LONGEST_KEPT: Final = 1024
"""Octets of a request whose answer is kept: an honest one has 70 to 250, and anyone may ask."""

ATTEMPTS: Final = 5
"""How often an answer is made anew when changes keep overtaking it."""

BEAT_SECONDS: Final = 0.25
"""How often it is looked whether the journal is still followed and the clock was not set."""


class OcspResponder:
    """Answers for several issuers, each with the credential that it delegated to.

    What is ready is reckoned by the machine's own time alone, as the listener does.
    """

    def __init__(
        self,
        issuers: IssuerTable,
        credentials: Mapping[IssuerId, Credentials],
        source: StatusSource,
        *,
        moments: Moments,
        policy: ResponderPolicy | None = None,
        digests: CertificateDigests | None = None,
    ) -> None:
        """With ``digests`` a good answer shows that of its certificate (Common PKI's CertHash)."""
        self._issuers = issuers
        self._credentials = dict(credentials)
        self._source = source
        self._digests = digests
        self._moments = moments
        self._clock = moments.clock
        self._monotonic = moments.monotonic
        self._gate = Gate()
        self._policy = policy or ResponderPolicy()
        self._cache = AnswerCache(self._policy.cache_entries)
        self._finder = Finder(source, digests, self._policy, self._clock)
        self.statistics = ResponderStatistics()
        self._quick = QuickAnswers(
            self._cache,
            self._credentials,
            moments,
            self.statistics,
            gate=self._gate,
            policy=self._policy,
        )
        self._signatures = Signatures.of(issuers, self._policy, self.statistics)
        self.early = EarlyAnswers(
            self._signatures, self._cache, self._policy, make_entry=self._entry, gate=self._gate
        )
        self.live = TurnsOfAnswers(self.at_once, self._quick)
        self.ahead = Ahead(self._made, self._policy, moments, self.statistics, gate=self._gate)
        self.changed = ChangedSeconds()

    @property
    def cached(self) -> int:
        """How many answers are kept."""
        return len(self._cache)

    @property
    def signed_early(self) -> int:
        """How many signatures of answers to come are kept."""
        return len(self._signatures)

    def presigning(self, working_set: WorkingSet) -> Presigning:
        """What signs answers before they are asked for, where the policy wants that."""
        return Presigning(
            signatures=self._signatures,
            working_set=working_set,
            credentials=self._credentials,
            policy=self._policy,
            moments=self._moments,
            gate=self._gate,
        )

    async def run(self) -> None:
        """Beat for ever; without it nothing is ever ready, and every answer is made anew."""
        while True:
            self.beat()
            await asyncio.sleep(BEAT_SECONDS)

    def beat(self) -> None:
        """Let ready answers be given for as long as the journal was followed lately.

        A clock that was set makes them void: they may be of the future now, or past their end.
        """
        now = self._monotonic()
        self._gate.until = now + self._policy.cut_off - self._source.contact_age()
        if self._moments.were_set(now):
            logger.warning("the clock was set: every kept answer is made anew")
            self.forget()

    def forget(self) -> None:
        """Every answer is made anew, also one that is being made now."""
        self._cache.clear()
        self._signatures.clear()
        self.changed.add(self._moments.soonest())
        self._quick.refresh()

    def lookup(self, asked: bytes) -> ReadyAnswer | None:
        """The ready answer to these octets, if one may be given without a look."""
        entry = self._cache.get(asked)
        if entry is None:
            return None
        ready, now = entry.ready, self._monotonic()
        if now >= ready.until or now >= self._gate.until:
            return None
        ready.used = True
        ready.given[0] += 1
        return ready

    def at_once(self, der: bytes) -> ReadyAnswer | bytes | None:
        """An answer to this request that needs no waiting, or its head and body, or None."""
        return self._quick.at_once(der) or self.early.ready(der, der, self._monotonic())

    def apply(self, entries: Sequence[JournalEntry]) -> None:
        """Drop what these entries touch; before anyone is told that they are in force."""
        for entry in entries:
            subject = touched(entry.event)
            if subject is not None:
                self.statistics.dropped += self._cache.touch(subject)
                self._signatures.touch(subject)
                self.changed.add(self._moments.soonest())
                self._quick.refresh()

    async def answer(self, der: bytes, asked: bytes | None = None) -> HttpAnswer | bytes:
        """Answer a request; ``asked`` is what its answer may be kept under, by default ``der``.

        Returns:
            An answer in full, or the ready head and body of one that was kept. Raises nothing.
        """
        asked = der if asked is None else asked
        quick = await self._quick.soon(der, method_of(asked))
        if quick is not None:
            return quick
        early = self.early.ready(der, asked, self._monotonic())
        if early is not None:
            return early.octets
        return await self._made(Question(der, asked))

    async def _made(self, question: Question) -> HttpAnswer | bytes:
        try:
            request = read_request(question.der)
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
                subject=subject_of(issuer, cert_id.serial) if issuer == speaks else None,
            )
            for cert_id, issuer in found
        ]
        answer = await self._answer_or_keep_on(request, speaks, things, question)
        kept = self._cache.get(question.asked)
        if kept is not None and kept.new:
            kept.new = False
            self.ahead.note(kept.ready, question)
        return answer

    async def _answer_or_keep_on(
        self,
        request: OcspRequest,
        speaks: IssuerId,
        things: Sequence[Asked],
        question: Question,
    ) -> HttpAnswer | bytes:
        try:
            for _ in range(ATTEMPTS):
                answer = await self._answer_once(request, speaks, things, question)
                if answer is not None:
                    return answer
                self.statistics.again += 1
        except Unavailable as error:
            return self._keep_on(question, error)
        except ZorgidError as error:
            logger.exception("no OCSP answer", extra={"next_step": error.next_step})
            return self._error(OcspError.INTERNAL_ERROR)
        return self._error(OcspError.TRY_LATER)

    async def _answer_once(
        self, request: OcspRequest, speaks: IssuerId, things: Sequence[Asked], question: Question
    ) -> HttpAnswer | None:
        """An answer, or None when a change overtook it."""
        subjects = tuple(each.subject for each in things if each.subject is not None)
        with self._cache.reading(subjects) as reading:
            began, now = self._monotonic(), self._moments.now()
            credential = self._credentials[speaks].at(now, request.preferred)
            found = [await self._finder.find(each) for each in things]
            composed = compose(
                found,
                this_update=now,
                signer_until=credential.not_after,
                nonce=request.nonce,
                policy=self._policy,
            )
            der = await signed(credential, composed, request.nonce)
            self.statistics.signed += 1
            if reading.touched:
                return None
            asked = question.asked
            if self._digests is None:
                self._quick.learn(asked, request, found, reading)
            answer = good_answer(der, composed, self._policy.max_age)
            kind = kind_of(found[0].status, things[0].cert_id.hash_name, asked)
            if composed.lasting and len(asked) <= LONGEST_KEPT:
                made = self._entry(answer, composed, things, began, kind)
                self._cache.keep(asked, made, reading)
        if question.waits:
            self.statistics.count(kind, "miss")
        return answer

    def _entry(
        self,
        answer: HttpAnswer,
        composed: Composed,
        things: Sequence[Asked],
        began: float,
        kind: Kind,
    ) -> Entry:
        lifetime = composed.next_update - composed.this_update
        return Entry(
            ready=ReadyAnswer(
                answer.head() + answer.body,
                until=began + lifetime.total_seconds() / 2,
                gate=self._gate,
                given=self.statistics.given(kind),
            ),
            kind=kind,
            subjects=tuple(each.subject for each in things if each.subject is not None),
            dead_at=composed.next_update - timedelta(seconds=self._policy.max_age),
        )

    def _keep_on(self, question: Question, error: Unavailable) -> HttpAnswer | bytes:
        """What was kept goes on until the blindness limit or its own end; all else: try later."""
        now, entry = self._clock.now(), self._cache.get(question.asked)
        if entry is None or now >= entry.dead_at:
            entry = self.early.entry(question.der, question.asked)
        if (
            entry is not None
            and now < entry.dead_at
            and self._source.contact_age() <= self._policy.blindness
        ):
            self.statistics.count(entry.kind, "kept")
            return entry.ready.octets
        logger.warning("OCSP tryLater: %s", error, extra={"next_step": error.next_step})
        return self._error(OcspError.TRY_LATER)

    def _error(self, error: OcspError) -> HttpAnswer:
        self.statistics.errors[error.name.lower()] += 1
        return error_answer(error)
