"""OCSP asked from outside, by POST or GET, and verified as a relying party must (RFC 6960 3.2)."""

import base64
import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import quote

import aiohttp
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from pki.der.spki import key_bits
from pki.domain.errors import Malformed, SignatureBroken, Unavailable
from pki.domain.identifiers import SerialNumber
from pki.domain.status import Good, OnHold, Revoked
from pki.observe.http import Limits, fetch
from pki.observe.reasons import revocation
from pki.observe.signatures import UNREADABLE, check, issued_by, key_of
from pki.ports import Clock, Entropy

_LIMITS: Final = Limits(octets=64 * 1024)
_NONCE_OCTETS: Final = 32
"""RFC 9654 2.1."""

_HEADERS: Final = {"Content-Type": "application/ocsp-request"}


@dataclass(frozen=True, slots=True, kw_only=True)
class OcspView:
    """A verified answer. ``status`` None: the responder says `unknown`.

    A certificate that was not confirmed yet looks like one on hold. ``has_nonce`` tells whether the
    answer repeats the nonce of the question; ``responder_sha256`` is its certificate's digest.
    """

    status: Good | OnHold | Revoked | None
    this_update: datetime
    next_update: datetime | None
    produced_at: datetime
    has_nonce: bool
    responder_sha256: bytes
    responder_not_after: datetime


class OcspObserver:
    """Asks one responder about certificates of one issuer (its certificate, DER)."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str,
        issuer: bytes,
        *,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        self._session = session
        self._url = url
        self._issuer = issuer
        self._clock = clock
        self._entropy = entropy

    async def ask(
        self, serial: SerialNumber, *, get: bool = False, with_nonce: bool = True
    ) -> OcspView:
        """Ask for one serial, by POST unless ``get``.

        Raises:
            Unavailable: no answer.
            Unavailable, Malformed, SignatureBroken: as `OcspQuestion.read`.
        """
        nonce = self._entropy.octets(_NONCE_OCTETS) if with_nonce else None
        question = OcspQuestion(issuer=self._issuer, serial=serial, nonce=nonce)
        request = question.request()
        if get:
            path = quote(base64.b64encode(request).decode(), safe="")
            answer = await fetch(self._session, f"{self._url.rstrip('/')}/{path}", _LIMITS)
        else:
            answer = await fetch(self._session, self._url, _LIMITS, body=request, headers=_HEADERS)
        return question.read(answer, self._clock.now())


@dataclass(frozen=True, slots=True, kw_only=True)
class OcspQuestion:
    """One question about one certificate, and how its answer must be read. ``issuer``: DER."""

    issuer: bytes
    serial: SerialNumber
    nonce: bytes | None

    def request(self) -> bytes:
        """The DER OCSPRequest, with a SHA-256 CertID."""
        issuer = self._ca()
        builder = ocsp.OCSPRequestBuilder().add_certificate_by_hash(
            _sha256(issuer.subject.public_bytes()),
            _sha256(_key_bits(issuer)),
            self.serial.value,
            hashes.SHA256(),
        )
        if self.nonce is not None:
            builder = builder.add_extension(x509.OCSPNonce(self.nonce), critical=False)
        return builder.build().public_bytes(serialization.Encoding.DER)

    def read(self, answer: bytes, now: datetime) -> OcspView:
        """Read and verify a DER OCSPResponse.

        Raises:
            Unavailable: an error answer (tryLater, unauthorized …).
            Malformed: an answer that cannot be read, or to another question.
            SignatureBroken: a wrong signature, a responder that may not answer, an old answer.
        """
        try:
            response = ocsp.load_der_ocsp_response(answer)
            if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
                raise Unavailable(
                    message=f"the OCSP responder answers {response.response_status.name.lower()}",
                    next_step="look at the responder's log",
                )
            return self._view(response, now)
        except UNREADABLE as error:
            raise Malformed(what="OCSP response", message="unreadable OCSP response") from error

    def _view(self, response: ocsp.OCSPResponse, now: datetime) -> OcspView:
        responder = _responder(response, self._ca(), now)
        digest = response.signature_hash_algorithm
        check(key_of(responder), response.signature, response.tbs_response_bytes, digest)
        self._fits(response, now)
        return OcspView(
            status=_status(response),
            this_update=response.this_update_utc,
            next_update=response.next_update_utc,
            produced_at=response.produced_at_utc,
            has_nonce=_repeats(response, self.nonce),
            responder_sha256=_sha256(responder.public_bytes(serialization.Encoding.DER)),
            responder_not_after=responder.not_valid_after_utc,
        )

    def _ca(self) -> x509.Certificate:
        return x509.load_der_x509_certificate(self.issuer)

    def _fits(self, response: ocsp.OCSPResponse, now: datetime) -> None:
        same_key = response.issuer_key_hash == _sha256(_key_bits(self._ca()))
        if response.serial_number != self.serial.value or not same_key:
            raise Malformed(what="OCSP response", message="the answer is to another question")
        if response.next_update_utc is not None and response.next_update_utc < now:
            raise SignatureBroken(message="the answer is past its nextUpdate")


def _responder(
    response: ocsp.OCSPResponse, issuer: x509.Certificate, now: datetime
) -> x509.Certificate:
    """The certificate that signed: the issuer's own, or one it delegated to (4.2.2.2)."""
    if _is_named(response, issuer):
        return issuer
    for certificate in response.certificates:
        if _is_named(response, certificate):
            _may_answer(certificate, issuer, now)
            return certificate
    raise SignatureBroken(message="the answer's responder is not the issuer's")


def _may_answer(certificate: x509.Certificate, issuer: x509.Certificate, now: datetime) -> None:
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise SignatureBroken(message="the OCSP responder's certificate is not valid now")
    if not issued_by(certificate, issuer):
        raise SignatureBroken(message="the OCSP responder's certificate is of another issuer")
    extensions = certificate.extensions
    try:
        usages = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        extensions.get_extension_for_class(x509.OCSPNoCheck)
    except x509.ExtensionNotFound:
        raise SignatureBroken(message="the certificate is no OCSP responder's") from None
    if ExtendedKeyUsageOID.OCSP_SIGNING not in usages:
        raise SignatureBroken(message="the certificate may not sign OCSP answers")


def _status(response: ocsp.OCSPResponse) -> Good | OnHold | Revoked | None:
    match response.certificate_status:
        case ocsp.OCSPCertStatus.GOOD:
            return Good()
        case ocsp.OCSPCertStatus.REVOKED:
            at = response.revocation_time_utc
            if at is None:
                raise Malformed(what="OCSP response", message="revoked without a time")
            return revocation(at, response.revocation_reason)
        case _:
            return None


def _repeats(response: ocsp.OCSPResponse, nonce: bytes | None) -> bool:
    try:
        repeated = response.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
    except x509.ExtensionNotFound:
        return False
    if repeated != nonce:
        raise SignatureBroken(message="the answer has another nonce: it may be a replay")
    return True


def _is_named(response: ocsp.OCSPResponse, certificate: x509.Certificate) -> bool:
    """Whether the answer's responder id (4.2.2.3) is this certificate's."""
    if response.responder_key_hash is not None:
        digest = hashlib.sha1(_key_bits(certificate), usedforsecurity=False).digest()
        return digest == response.responder_key_hash
    return response.responder_name == certificate.subject


def _key_bits(certificate: x509.Certificate) -> bytes:
    """The content of the BIT STRING subjectPublicKey, which OCSP hashes (RFC 6960 4.1.1)."""
    return key_bits(
        certificate.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )


def _sha256(octets: bytes) -> bytes:
    return hashlib.sha256(octets).digest()
