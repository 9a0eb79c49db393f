"""The short way: a request with a nonce about a certificate whose status is in memory.

It is one look for the octets before the nonce, one for the status, one signature, and joining. What
it does not know at once takes the long way, and is learnt from there.
"""

import logging
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from ocsp.answer import Found, lasts
from ocsp.cache import AnswerCache, Reading, Subject
from ocsp.moment import Moments
from ocsp.ports import Credentials
from ocsp.signing.stencils import Stencils
from ocsp.signing.whole import Signed
from ocsp.statistics import ResponderStatistics, status_name
from pki.der.ocsp import OcspRequest, read_request
from pki.domain.errors import Malformed, Unavailable, ZorgidError
from pki.domain.identifiers import IssuerId
from pki.domain.status import CertificateStatus
from pki.ports import Gate

logger = logging.getLogger(__name__)

NONCES: Final = (32, 16)
"""Octets of the nonces that clients send: RFC 9654 2.1 recommends 32, OpenSSL sends 16."""

TURN_SECONDS: Final = 0.25
"""For how long the second and the credential of answers are not looked at again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the octets of a request before its nonce ask for."""

    subject: Subject
    cert_id: bytes
    hash_name: str


@dataclass(slots=True)
class _Turn:
    """What answers of one issuer are made with until ``until``."""

    until: float
    stencils: Stencils


class Draft(NamedTuple):
    """What is to be signed, and what it answers."""

    known: Known
    status: CertificateStatus
    data: bytes
    stencils: Stencils


class QuickAnswers:
    """Answers to what is known, while ``gate`` is open: what is remembered is up to date then.

    Requests are remembered by what is before the nonce, as many as the cache may hold answers.
    """

    def __init__(
        self,
        cache: AnswerCache,
        credentials: Mapping[IssuerId, Credentials],
        moments: Moments,
        statistics: ResponderStatistics,
        *,
        gate: Gate,
    ) -> None:
        self._cache = cache
        self._credentials = credentials
        self._moments = moments
        self._statistics = statistics
        self._gate = gate
        self._known: OrderedDict[bytes, Known] = OrderedDict()
        self._turns: dict[IssuerId, _Turn] = {}

    def at_once(self, der: bytes) -> bytes | None:
        """Head and body of an answer that is signed without waiting, or None; raises nothing.

        The status is what the cache knows: nothing else happens between that look and the answer.
        """
        draft = self._draft(der)
        if draft is None or (signer := draft.stencils.prompt) is None:
            return None
        try:
            answer = draft.stencils.answer(draft.data, signer.sign_now(draft.data))
        except ZorgidError as error:
            logger.exception("no OCSP answer at once", extra={"next_step": error.next_step})
            return None
        self._count(draft)
        return answer

    async def soon(self, der: bytes) -> bytes | None:
        """The same by a key that is to be waited for; None also when a change overtook it."""
        draft = self._draft(der)
        if draft is None:
            return None
        with self._cache.reading((draft.known.subject,)) as reading:
            try:
                signature = await draft.stencils.credential.signer.sign(draft.data)
                answer = draft.stencils.answer(draft.data, signature)
            except ZorgidError as error:
                logger.warning("no OCSP answer soon: %s", error)
                return None
            if reading.touched:
                return None
        self._count(draft)
        return answer

    def _count(self, draft: Draft) -> None:
        self._statistics.misses += 1
        self._statistics.by_status[status_name(draft.status)] += 1
        self._statistics.made_by_hash[draft.known.hash_name] += 1

    def _draft(self, der: bytes) -> Draft | None:
        if self._moments.monotonic() >= self._gate.until:
            return None
        for size in NONCES:
            known = self._known.get(der[:-size])
            if known is not None:
                break
        else:
            return None
        status = self._cache.status(known.subject)
        stencils = self._stencils(known.subject[0])
        if status is None or stencils is None:
            return None
        data = stencils.data(status, known.cert_id, der[-size:])
        if data is None:
            return None
        return Draft(known, status, data, stencils)

    def learn(
        self,
        asked: bytes,
        request: OcspRequest,
        found: Sequence[Found],
        made: Signed,
        reading: Reading,
    ) -> None:
        """Learn from an answer that was made by the long way, while its `Reading` goes on."""
        for each in found:
            if each.asked.subject is not None and each.status is not None and lasts(each.status):
                self._cache.learn(each.asked.subject, each.status, reading)
        first, nonce = found[0], request.nonce
        subject, status, cert_id = first.asked.subject, first.status, first.asked.cert_id
        if nonce is None or subject is None or not lasts(status) or not _plain(asked, request):
            return
        self._known[asked[: -len(nonce)]] = Known(
            subject=subject, cert_id=cert_id.der, hash_name=cert_id.hash_name or "other"
        )
        if len(self._known) > self._cache.limit:
            self._known.popitem(last=False)
        stencils = self._stencils(subject[0])
        if stencils is not None and status is not None and stencils.made(made):
            stencils.learn(status, cert_id.der, nonce, made.data)

    def refresh(self) -> None:
        """Look at clock and credentials anew: what is said next may not seem to be from before."""
        for turn in self._turns.values():
            turn.until = 0.0

    def _stencils(self, issuer: IssuerId) -> Stencils | None:
        """The stencils of this moment; None when nothing can be signed."""
        now = self._moments.monotonic()
        turn = self._turns.get(issuer)
        if turn is not None and now < turn.until:
            return turn.stencils
        try:
            second = self._moments.now()
            credential = self._credentials[issuer].at(second)
        except Unavailable:
            return None
        stencils = Stencils(credential) if turn is None else turn.stencils
        if stencils.credential is not credential:
            stencils = Stencils(credential)
        stencils.turn(second)
        self._turns[issuer] = _Turn(now + TURN_SECONDS, stencils)
        return stencils


def _plain(asked: bytes, request: OcspRequest) -> bool:
    """Whether it asks for one certificate, and other octets at its end are but another nonce.

    Held against the strict parser itself: with every octet of the nonce turned over, the request
    must still ask the same, with that as its nonce. So a path, whatever it encodes, is not plain.
    """
    nonce = request.nonce or b""
    if len(nonce) not in NONCES or len(request.cert_ids) != 1 or request.preferred:
        return False
    other = bytes(octet ^ 0xFF for octet in nonce)
    try:
        return read_request(asked[: -len(nonce)] + other) == replace(request, nonce=other)
    except Malformed:
        return False
