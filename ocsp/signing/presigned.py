"""Signatures of answers that nobody asked for yet, in about 200 octets each.

What is kept is the signature and a mark that says by whom and when; all else follows from the
request. The answer is composed, read back and its signature verified when it is first given.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple, Self

from ocsp.answer import Asked, Composed, Found, compose
from ocsp.cache import Subject
from ocsp.credential import ResponderCredential
from ocsp.issuers import IssuerStatus, IssuerTable
from ocsp.policy import ResponderPolicy
from ocsp.signing.whole import read_back, response_data
from ocsp.statistics import ResponderStatistics
from pki.der.ocsp import encode_request, make_cert_id, read_request
from pki.domain.identifiers import ISSUED_SERIAL_MIN, SERIAL_OCTETS, IssuerId, SerialNumber
from pki.domain.status import Good
from pki.ports import PromptSigner

_MARK: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """How certificates of one issuer are asked for with one digest: nothing but one CertID.

    ``before`` is all of the request but the serial number, which is its end.
    """

    issuer: IssuerId
    before: bytes

    @classmethod
    def of(cls, issuer: IssuerStatus, hash_name: str) -> Self:
        """As common clients encode it: the digest's parameters are NULL."""
        cert_id = make_cert_id(issuer.name_der, issuer.public_key, ISSUED_SERIAL_MIN, hash_name)
        return cls(issuer=issuer.issuer, before=encode_request([cert_id])[:-SERIAL_OCTETS])

    def asked(self, serial: bytes) -> Asked:
        """What the request for this serial number asks, as the strict parser reads it."""
        (cert_id,) = read_request(self.before + serial).cert_ids
        return Asked(
            cert_id=cert_id, ours=True, subject=(self.issuer, SerialNumber(cert_id.serial))
        )


class Batch(NamedTuple):
    """Signatures of one second by one key; ``began`` is that second by the monotonic clock."""

    mark: bytes
    credential: ResponderCredential
    second: datetime
    began: float

    def composed(self, asked: Asked, policy: ResponderPolicy) -> Composed:
        """What they say of a certificate."""
        return compose(
            [Found(asked=asked, status=Good())],
            this_update=self.second,
            signer_until=self.credential.not_after,
            nonce=None,
            policy=policy,
        )


class Signature(NamedTuple):
    """One that was found, and what it is part of."""

    form: Form
    serial: bytes
    batch: Batch
    octets: bytes

    def answer(self, policy: ResponderPolicy) -> tuple[bytes, Composed, Asked]:
        """The whole response, which was read back and whose signature was verified.

        Raises:
            SignatureBroken: it does not say that this certificate is good, by this key.
        """
        asked, credential = self.form.asked(self.serial), self.batch.credential
        composed = self.batch.composed(asked, policy)
        data = response_data(credential, composed, None)
        if isinstance(credential.signer, PromptSigner):
            credential.signer.verify(data, self.octets)
        return read_back(credential, composed, None, (data, self.octets)), composed, asked


@dataclass(slots=True)
class Watch:
    """What changed while statuses were read and answers about them signed; all, if ``void``."""

    serials: set[bytes] = field(default_factory=set)
    void: bool = False

    def touched(self, serial: bytes) -> bool:
        """Whether what was read of this one may not be said."""
        return self.void or serial in self.serials


class Signatures:
    """At most ``limit`` signatures, by form and serial number."""

    def __init__(
        self, forms: Iterable[Form], limit: int, statistics: ResponderStatistics | None = None
    ) -> None:
        self.forms = tuple(forms)
        self.limit = limit
        self.statistics = statistics or ResponderStatistics()
        self._kept: dict[bytes, dict[bytes, bytes]] = {form.before: {} for form in self.forms}
        self._found = {form.before: form for form in self.forms}
        self._batches: dict[bytes, Batch] = {}
        self._marks = 0
        self._watch: Watch | None = None

    @classmethod
    def of(
        cls,
        issuers: IssuerTable,
        policy: ResponderPolicy,
        statistics: ResponderStatistics | None = None,
    ) -> Self:
        """For the digests of ``policy.presign`` and all issuers."""
        digests = dict.fromkeys(policy.presign)
        forms = (Form.of(each, digest) for digest in digests for each in issuers.issuers)
        return cls(forms, policy.cache_entries, statistics)

    def __len__(self) -> int:
        return sum(map(len, self._kept.values()))

    def find(self, der: bytes) -> Signature | None:
        """The signature of the answer to these octets."""
        before, serial = der[:-SERIAL_OCTETS], der[-SERIAL_OCTETS:]
        kept = self._kept.get(before)
        if not kept or (marked := kept.get(serial)) is None:
            return None
        batch = self._batches.get(marked[:_MARK])
        if batch is None:
            return None
        return Signature(self._found[before], serial, batch, marked[_MARK:])

    def begin(self, credential: ResponderCredential, second: datetime, began: float) -> Batch:
        """A batch for what is signed now."""
        self._marks = (self._marks + 1) % (1 << 8 * _MARK)
        mark = self._marks.to_bytes(_MARK, "big")
        batch = self._batches[mark] = Batch(mark, credential, second, began)
        return batch

    def forget(self, before: float) -> None:
        """Batches that began before this moment are over."""
        self._batches = {
            mark: batch for mark, batch in self._batches.items() if batch.began >= before
        }

    def put(self, form: Form, serial: bytes, batch: Batch, signature: bytes) -> bool:
        """Keep it in place of an older one; False when there is no room."""
        kept = self._kept[form.before]
        if serial not in kept and len(self) >= self.limit:
            return False
        kept[serial] = batch.mark + signature
        return True

    def sweep(self) -> Iterator[None]:
        """Let go of what is of no batch any more, looking at one signature each step."""
        for kept in self._kept.values():
            for serial in tuple(kept):
                if kept.get(serial, b"")[:_MARK] not in self._batches:
                    kept.pop(serial, None)
                yield

    def touch(self, subject: Subject) -> None:
        """A journal entry changed this certificate."""
        issuer, number = subject
        serial = number.to_bytes()
        if self._watch is not None:
            self._watch.serials.add(serial)
        for form in self.forms:
            if form.issuer == issuer:
                self._kept[form.before].pop(serial, None)

    def clear(self) -> None:
        """Every signature is void, and those being made."""
        if self._watch is not None:
            self._watch.void = True
        self._batches.clear()
        for kept in self._kept.values():
            kept.clear()

    @contextmanager
    def watching(self) -> Iterator[Watch]:
        """From before statuses are read until what they say is signed and kept."""
        self._watch = watch = Watch()
        try:
            yield watch
        finally:
            self._watch = None
