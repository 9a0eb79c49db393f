"""The short way: a request with a nonce about a certificate whose status is in memory.

It is one look for the octets before the nonce, one for the status, one signature, and joining. What
it does not know at once takes the long way, and is learnt from there.
"""

import logging
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, NamedTuple

from ocsp.answer import Asked, Found, lasts
from ocsp.cache import AnswerCache, Reading, Remembered, Subject
from ocsp.moment import Moments
from ocsp.policy import ResponderPolicy
from ocsp.ports import Credentials
from ocsp.signing.stencils import Pieces, Stencils
from ocsp.statistics import Kind, Method, ResponderStatistics, status_name
from pki.der.ocsp import OcspRequest, read_request
from pki.domain.errors import Malformed, Unavailable, ZorgidError
from pki.domain.identifiers import IssuerId
from pki.domain.status import CertificateStatus
from pki.ports import Gate, Receiver

logger = logging.getLogger(__name__)

LONGER: Final = 32
SHORTER: Final = 16
NONCES: Final = (LONGER, SHORTER)
"""Octets of the nonces that clients send: RFC 9654 2.1 recommends 32, OpenSSL sends 16."""

TURN_SECONDS: Final = 0.25
"""For how long the second and the credential of answers are not looked at again."""


@dataclass(slots=True)
class _Turn:
    """What answers of one issuer are made with until ``until``."""

    issuer: IssuerId
    until: float = 0.0
    stencils: Stencils | None = None


@dataclass(slots=True, kw_only=True)
class Known:
    """What the octets of a request before its nonce ask for, and the pieces used for it last.

    The pieces are those of ``status`` and of the second that ``turned`` stands for.
    """

    asked: Asked
    subjects: tuple[Subject]
    turn: _Turn
    cert_id: bytes
    hash_name: str
    remembered: Remembered
    status: CertificateStatus | None = None
    turned: object = None
    pieces: Pieces = (b"", b"", b"")


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
        policy: ResponderPolicy,
    ) -> None:
        self._policy = policy
        self._monotonic = moments.monotonic
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
        try:
            draft = self._draft(der)
            if draft is None or (signer := draft.stencils.prompt) is None:
                return None
            answer = draft.stencils.answer(draft.data, signer.sign_now(draft.data))
        except ZorgidError as error:
            logger.exception("no OCSP answer at once", extra={"next_step": error.next_step})
            return None
        self._count(draft)
        return answer

    def queue(self, der: bytes, receiver: Receiver) -> bool:
        """Let the same be signed by a key that many wait for together; False if it cannot be.

        ``receiver`` is given None when a change overtook it.
        """
        try:
            draft = self._draft(der)
        except ZorgidError as error:
            logger.exception("no OCSP answer to wait for", extra={"next_step": error.next_step})
            return False
        if draft is None or (signer := draft.stencils.queued) is None:
            return False
        began = self._monotonic()
        return signer.sign_soon(draft.data, partial(self._signed, draft, receiver, began))

    def _signed(
        self, draft: Draft, receiver: Receiver, began: float, signature: bytes | None
    ) -> None:
        receiver.give(None if signature is None else self._still(draft, signature))
        self._statistics.measure(self._monotonic() - began)

    def _still(self, draft: Draft, signature: bytes) -> bytes | None:
        """The answer around this signature, if what it says is so still."""
        if draft.known.remembered.status is not draft.status:
            return None
        if self._monotonic() >= self._gate.until:
            return None
        try:
            answer = draft.stencils.answer(draft.data, signature)
        except ZorgidError as error:
            logger.exception("no OCSP answer soon", extra={"next_step": error.next_step})
            return None
        self._count(draft)
        return answer

    async def soon(self, der: bytes, method: Method) -> bytes | None:
        """The same by a key that is to be waited for; None also when a change overtook it."""
        try:
            draft = self._draft(der)
            if draft is None:
                return None
            with self._cache.reading(draft.known.subjects) as reading:
                signature = await draft.stencils.credential.signer.sign(draft.data)
                answer = draft.stencils.answer(draft.data, signature)
        except ZorgidError as error:
            logger.warning("no OCSP answer soon: %s", error)
            return None
        if reading.touched:
            return None
        self._count(draft, method)
        return answer

    def measured(self, began: float | None = None) -> float:
        """The machine's own time; with ``began``, what something took since then is told."""
        now = self._monotonic()
        if began is not None:
            self._statistics.measure(now - began)
        return now

    def _count(self, draft: Draft, method: Method = "POST") -> None:
        kind = Kind(status_name(draft.status), draft.known.hash_name, method)
        self._statistics.signed += 1
        self._statistics.count(kind, "miss")

    def _draft(self, der: bytes) -> Draft | None:
        now = self._monotonic()
        if now >= self._gate.until:
            return None
        nonce = der[-LONGER:]
        known = self._known.get(der[:-LONGER])
        if known is None:
            nonce = der[-SHORTER:]
            known = self._known.get(der[:-SHORTER])
            if known is None:
                return None
        status = known.remembered.status
        if status is None:
            return None
        turn = known.turn
        stencils = turn.stencils if now < turn.until else self._turned(turn, now)
        if stencils is None:
            return None
        if known.turned is not stencils.turned or known.status is not status:
            pieces = stencils.data(known.asked, status, nonce)
            if pieces is None:
                return None
            known.pieces, known.status, known.turned = pieces, status, stencils.turned
        before, between, after = known.pieces
        data = b"".join((before, known.cert_id, between, nonce, after))
        return Draft(known, status, data, stencils)

    def learn(
        self, asked: bytes, request: OcspRequest, found: Sequence[Found], reading: Reading
    ) -> None:
        """Learn from an answer that was made by the long way, while its `Reading` goes on."""
        remembered = None
        for each in found:
            if each.asked.subject is not None and each.status is not None and lasts(each.status):
                remembered = self._cache.learn(each.asked.subject, each.status, reading)
        nonce, first = request.nonce, found[0].asked
        if nonce is None or remembered is None or first.subject is None:
            return
        if not _plain(asked, request):
            return
        issuer = first.subject[0]
        self._known[asked[: -len(nonce)]] = Known(
            asked=first,
            subjects=(first.subject,),
            turn=self._turns.setdefault(issuer, _Turn(issuer)),
            cert_id=first.cert_id.der,
            hash_name=first.cert_id.hash_name or "other",
            remembered=remembered,
        )
        if len(self._known) > self._cache.limit:
            self._known.popitem(last=False)

    def refresh(self) -> None:
        """Look at clock and credentials anew: what is said next may not seem to be from before."""
        for turn in self._turns.values():
            turn.until = 0.0

    def _turned(self, turn: _Turn, now: float) -> Stencils | None:
        """The stencils of this moment; None when nothing can be signed."""
        try:
            second = self._moments.now()
            credential = self._credentials[turn.issuer].at(second)
        except Unavailable:
            return None
        stencils = turn.stencils
        if stencils is None or stencils.credential is not credential:
            stencils = turn.stencils = Stencils(credential, self._policy)
        stencils.turn(second)
        turn.until = now + TURN_SECONDS
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
