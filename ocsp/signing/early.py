"""Gives what was signed before it was asked for."""

import logging
from collections.abc import Callable, Sequence

from ocsp.answer import Asked, Composed
from ocsp.cache import AnswerCache, Entry, Reading
from ocsp.http_form import good_answer
from ocsp.policy import ResponderPolicy
from ocsp.signing.presigned import Signature, Signatures
from ocsp.statistics import Kind, kind_of
from pki.domain.errors import ZorgidError
from pki.domain.status import Good
from pki.ports import Gate, HttpAnswer, ReadyAnswer

logger = logging.getLogger(__name__)

MakeEntry = Callable[[HttpAnswer, Composed, Sequence[Asked], float, Kind], Entry]


class EarlyAnswers:
    """Answers of which only the signature is there; from the first time on they are kept ones."""

    def __init__(
        self,
        signatures: Signatures,
        cache: AnswerCache,
        policy: ResponderPolicy,
        *,
        make_entry: MakeEntry,
        gate: Gate,
    ) -> None:
        self._signatures = signatures
        self._cache = cache
        self._policy = policy
        self._make_entry = make_entry
        self._gate = gate

    def ready(self, der: bytes, asked: bytes, now: float) -> ReadyAnswer | None:
        """The answer to ``der``, kept under ``asked`` from now on, if it may be given at once."""
        signature = self._signatures.find(der)
        if signature is None or now >= self._gate.until:
            return None
        if now >= signature.batch.began + self._policy.validity.total_seconds() / 2:
            return None
        entry = self._kept(signature, asked)
        if entry is None or now >= entry.ready.until:
            return None
        entry.ready.used = True
        self._signatures.statistics.count(entry.kind, "early")
        return entry.ready

    def entry(self, der: bytes, asked: bytes) -> Entry | None:
        """The same whatever its age: for when the store cannot be asked."""
        signature = self._signatures.find(der)
        return None if signature is None else self._kept(signature, asked)

    def _kept(self, signature: Signature, asked: bytes) -> Entry | None:
        try:
            der, composed, thing = signature.answer(self._policy)
        except ZorgidError as error:
            logger.exception("an answer signed early is void", extra={"next_step": error.next_step})
            return None
        answer = good_answer(der, composed, self._policy.max_age)
        kind = kind_of(Good(), thing.cert_id.hash_name, asked)
        entry = self._make_entry(answer, composed, (thing,), signature.batch.began, kind)
        entry.new = False
        # What it says is watched by `Signatures`: nothing can have changed since.
        self._cache.keep(asked, entry, Reading())
        return entry
