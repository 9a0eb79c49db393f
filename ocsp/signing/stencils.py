"""Answers about one certificate that differ in CertID, nonce and signature only.

An answer that was made by the long way, and read back, is cut where these three stand. What is put
together from the pieces later differs from it in nothing else; so it is read back already, but for
three strings of octets that are taken over as they are.
"""

from datetime import datetime
from typing import Final

from ocsp.credential import ResponderCredential
from ocsp.http_form import unkept_answer
from ocsp.signing.whole import Signed, framed
from pki.domain.status import CertificateStatus
from pki.ports import PromptSigner

MOST: Final = 4096
"""Pieces kept of each kind: statuses at one second, and lengths of answers."""

Key = tuple[CertificateStatus, int, int]


class Stencils:
    """The pieces of one credential's answers; those of ResponseData hold for one second."""

    __slots__ = ("_data", "_frames", "_second", "credential", "prompt")

    def __init__(self, credential: ResponderCredential) -> None:
        signer = credential.signer
        self.credential = credential
        self.prompt = signer if isinstance(signer, PromptSigner) else None
        self._second: datetime | None = None
        self._data: dict[Key, tuple[bytes, bytes, bytes]] = {}
        self._frames: dict[tuple[int, int], tuple[bytes, bytes, bytes]] = {}

    def turn(self, second: datetime) -> None:
        """From now on answers are given at this second."""
        if second != self._second:
            self._second = second
            self._data.clear()

    def made(self, answer: Signed) -> bool:
        """Whether an answer is by this credential, and of this second."""
        return answer.credential is self.credential and answer.second == self._second

    def learn(self, status: CertificateStatus, cert_id: bytes, nonce: bytes, data: bytes) -> None:
        """Cut ResponseData that was read back and is of this second.

        Nothing is learnt where CertID or nonce could stand in two places.
        """
        pieces = _cut(data, cert_id, nonce)
        if pieces is not None and len(self._data) < MOST:
            self._data[status, len(cert_id), len(nonce)] = pieces

    def data(self, status: CertificateStatus, cert_id: bytes, nonce: bytes) -> bytes | None:
        """ResponseData to be signed, or None when no such was cut yet at this second."""
        pieces = self._data.get((status, len(cert_id), len(nonce)))
        if pieces is None:
            return None
        return b"%b%b%b%b%b" % (pieces[0], cert_id, pieces[1], nonce, pieces[2])

    def answer(self, data: bytes, signature: bytes) -> bytes:
        """Head and body, as they follow the Date line, of an answer that nobody may keep.

        Raises:
            SignatureBroken: an answer of this length, the first, did not read back.
        """
        pieces = self._frames.get((len(data), len(signature)))
        if pieces is None:
            return self._framed(data, signature)
        return b"%b%b%b%b%b" % (pieces[0], data, pieces[1], signature, pieces[2])

    def _framed(self, data: bytes, signature: bytes) -> bytes:
        der, _ = framed(self.credential, data, signature)
        made = unkept_answer(der)
        whole = made.head() + made.body
        pieces = _cut(whole, data, signature)
        if pieces is not None and len(self._frames) < MOST:
            self._frames[len(data), len(signature)] = pieces
        return whole


def _cut(whole: bytes, first: bytes, second: bytes) -> tuple[bytes, bytes, bytes] | None:
    """What is before, between and after two parts; None unless each stands in one place only."""
    at, then = whole.find(first), whole.find(second)
    if not -1 < at == whole.rfind(first) or not -1 < then == whole.rfind(second):
        return None
    end = at + len(first)
    return (whole[:at], whole[end:then], whole[then + len(second) :]) if end <= then else None
