"""Answers about one certificate that differ in CertID, nonce and signature only.

One of each kind is composed in full, read back, and cut where these three stand. What is put
together from the pieces later differs from it in nothing else; so it is read back already, but for
three strings of octets that are taken over as they are.
"""

from datetime import datetime
from typing import Final

from ocsp.answer import Asked, Found, compose
from ocsp.credential import ResponderCredential
from ocsp.http_form import unkept_answer
from ocsp.policy import ResponderPolicy
from ocsp.signing.whole import framed, read_back, response_data
from pki.domain.status import CertificateStatus
from pki.ports import PromptSigner, QueueSigner

MOST: Final = 4096
"""Pieces kept of each kind: statuses at one second, and lengths of answers."""

Pieces = tuple[bytes, bytes, bytes]

_UNSIGNED: Final = bytes(72)
"""In place of a signature where only what is to be signed is read back."""


class Stencils:
    """The pieces of one credential's answers; those of ResponseData hold for one second.

    ``turned`` is another object at each second, so that pieces can be remembered beside it.
    """

    __slots__ = (
        "_data",
        "_frames",
        "_policy",
        "_second",
        "credential",
        "prompt",
        "queued",
        "turned",
    )

    def __init__(self, credential: ResponderCredential, policy: ResponderPolicy) -> None:
        signer = credential.signer
        self.credential = credential
        self.prompt = signer if isinstance(signer, PromptSigner) else None
        self.queued = signer if isinstance(signer, QueueSigner) else None
        self.turned = object()
        self._policy = policy
        self._second: datetime | None = None
        self._data: dict[tuple[CertificateStatus, int, int], Pieces] = {}
        self._frames: dict[tuple[int, int], Pieces] = {}

    def turn(self, second: datetime) -> None:
        """From now on answers are given at this second."""
        if second != self._second:
            self._second = second
            self.turned = object()
            self._data.clear()

    def data(self, asked: Asked, status: CertificateStatus, nonce: bytes) -> Pieces | None:
        """What is before, between and after CertID and nonce in the ResponseData to be signed.

        None where CertID or nonce could stand in two places.

        Raises:
            SignatureBroken: what was composed, the first of its kind, did not read back.
        """
        key = status, len(asked.cert_id.der), len(nonce)
        pieces, second = self._data.get(key), self._second
        if pieces is None and second is not None:
            data = self._composed(second, Found(asked=asked, status=status), nonce)
            pieces = _cut(data, asked.cert_id.der, nonce)
            if pieces is not None and len(self._data) < MOST:
                self._data[key] = pieces
        return pieces

    def _composed(self, second: datetime, found: Found, nonce: bytes) -> bytes:
        """ResponseData, composed and read back in full, around no signature yet."""
        credential = self.credential
        composed = compose(
            [found],
            this_update=second,
            signer_until=credential.not_after,
            nonce=nonce,
            policy=self._policy,
        )
        data = response_data(credential, composed, nonce)
        read_back(credential, composed, nonce, (data, _UNSIGNED))
        return data

    def answer(self, data: bytes, signature: bytes) -> bytes:
        """Head and body, as they follow the Date line, of an answer that nobody may keep.

        Raises:
            SignatureBroken: an answer of this length, the first, did not read back.
        """
        pieces = self._frames.get((len(data), len(signature)))
        if pieces is None:
            return self._framed(data, signature)
        before, between, after = pieces
        return b"".join((before, data, between, signature, after))

    def _framed(self, data: bytes, signature: bytes) -> bytes:
        der, _ = framed(self.credential, data, signature)
        made = unkept_answer(der)
        whole = made.head() + made.body
        pieces = _cut(whole, data, signature)
        if pieces is not None and len(self._frames) < MOST:
            self._frames[len(data), len(signature)] = pieces
        return whole


def _cut(whole: bytes, first: bytes, second: bytes) -> Pieces | None:
    """What is before, between and after two parts; None unless each stands in one place only."""
    at, then = whole.find(first), whole.find(second)
    if not -1 < at == whole.rfind(first) or not -1 < then == whole.rfind(second):
        return None
    end = at + len(first)
    return (whole[:at], whole[end:then], whole[then + len(second) :]) if end <= then else None
