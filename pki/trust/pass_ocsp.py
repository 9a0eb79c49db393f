"""OCSP of the UZI register (RFC 6960): one question about one pass, one answer that is proven."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography import x509

from pki.der import oids
from pki.der.certificate import Certificate, read_certificate
from pki.der.extensions import KeyUsage
from pki.der.ocsp import (
    CertId,
    OcspError,
    OcspResponse,
    SingleResponse,
    encode_request,
    make_cert_id,
    read_response,
)
from pki.der.spki import key_identifier
from pki.domain.algorithms import SignatureAlgorithm
from pki.domain.errors import Malformed, PassStatusUnavailable
from pki.domain.status import CertificateStatus
from pki.ports import Entropy
from pki.trust.fetch import StatusHttp
from pki.trust.pass_crl import SKEW
from pki.trust.path import Issuer
from pki.trust.settings import StatusSettings
from pki.trust.signatures import verify_signature

_NONCE_OCTETS: Final = 32
_ANSWER_LIMIT: Final = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What was asked: of whose certificate, and with which nonce."""

    cert_id: CertId
    nonce: bytes
    issuer: Issuer
    at: datetime


class OcspAsker:
    """Asks a responder of the register and believes only what it can prove."""

    __slots__ = ("_algorithms", "_entropy", "_http", "_settings")

    def __init__(
        self,
        http: StatusHttp,
        settings: StatusSettings,
        algorithms: frozenset[SignatureAlgorithm],
        entropy: Entropy,
    ) -> None:
        self._http = http
        self._settings = settings
        self._algorithms = algorithms
        self._entropy = entropy

    async def status(
        self, url: str, certificate: x509.Certificate, issuer: Issuer, at: datetime
    ) -> CertificateStatus | None:
        """What the responder at ``url`` says; None is `unknown`.

        Raises:
            PassStatusUnavailable: no answer, or one that is malformed, stale, about another pass,
                a replay, or not signed by the issuer or a responder it appointed.
        """
        name = issuer.subject.public_bytes()
        serial = certificate.serial_number
        # The register's responders know SHA-1 CertIDs for certain (CPS UZI-register 7.3).
        cert_id = make_cert_id(name, issuer.public_key, serial, "sha1")
        nonce = self._entropy.octets(_NONCE_OCTETS)
        question = Question(cert_id=cert_id, nonce=nonce, issuer=issuer, at=at)
        request = encode_request([cert_id], nonce)
        body = await self._http.post(url, request, "application/ocsp-request", _ANSWER_LIMIT)
        return self._believe(body, question)

    def _believe(self, body: bytes, question: Question) -> CertificateStatus | None:
        try:
            response = read_response(body)
            if isinstance(response, OcspError):
                raise PassStatusUnavailable(message=f"the responder answers {response.name}")
            self._require_signature(response, question)
            single = _only_single(response, question.cert_id)
        except Malformed as error:
            raise PassStatusUnavailable(message=error.message) from None
        self._require_fresh(response, single, question)
        return single.status

    def _require_signature(self, response: OcspResponse, question: Question) -> None:
        if response.algorithm not in self._algorithms:
            raise PassStatusUnavailable(
                message="the answer is signed with an algorithm that is not allowed"
            )
        for public_key in self._signers(response, question):
            if verify_signature(public_key, response.algorithm, response.tbs, response.signature):
                return
        raise PassStatusUnavailable(
            message="the answer is not signed by the issuer or a responder it appointed"
        )

    def _signers(self, response: OcspResponse, question: Question) -> list[bytes]:
        """Keys that the answer names and that may answer: the issuer's, or appointed ones."""
        issuer = question.issuer
        keys = []
        if _is_named(response, issuer.subject.public_bytes(), issuer.public_key):
            keys.append(issuer.public_key)
        for der in response.certificates:
            certificate = read_certificate(der)
            content = certificate.content
            named = _is_named(response, content.subject_der, content.public_key)
            if named and self._is_appointed(certificate, question):
                keys.append(content.public_key)
        return keys

    def _is_appointed(self, certificate: Certificate, question: Question) -> bool:
        """Whether the issuer itself appointed this responder, for now (RFC 6960 4.2.2.2).

        Without id-pkix-ocsp-nocheck the responder's own status would have to be asked as well; the
        register's responders all carry it (CPS UZI-register 7.3), so others are not believed.
        """
        content, issuer = certificate.content, question.issuer
        if content.issuer_der != issuer.subject.public_bytes():
            return False
        if content.algorithm not in self._algorithms or _has_unknown_critical(certificate):
            return False
        may_answer = (
            oids.EKU_OCSP_SIGNING in (certificate.extended_key_usage or ())
            and KeyUsage.DIGITAL_SIGNATURE in (certificate.key_usage or ())
            and certificate.extension(oids.OCSP_NO_CHECK) is not None
            and content.not_before <= question.at <= content.not_after
        )
        return may_answer and verify_signature(
            issuer.public_key, content.algorithm, certificate.tbs, certificate.signature
        )

    def _require_fresh(
        self, response: OcspResponse, single: SingleResponse, question: Question
    ) -> None:
        at = question.at
        if max(single.this_update, response.produced_at) > at + SKEW:
            raise PassStatusUnavailable(message="the answer is from the future")
        if single.next_update is not None and at >= single.next_update:
            raise PassStatusUnavailable(message="the answer is past its nextUpdate")
        if response.nonce is not None and response.nonce != question.nonce:
            raise PassStatusUnavailable(message="the answer is to another question")
        # Without our nonce it may be a replay, so it is believed no longer than a CRL.
        oldest = at - self._settings.crl_max_age - SKEW
        if response.nonce is None and single.this_update < oldest:
            raise PassStatusUnavailable(message="the answer is old and carries no nonce")


_UNDERSTOOD: Final = frozenset(
    {oids.BASIC_CONSTRAINTS, oids.KEY_USAGE, oids.EXTENDED_KEY_USAGE, oids.CERTIFICATE_POLICIES}
)


def _has_unknown_critical(certificate: Certificate) -> bool:
    extensions = certificate.content.extensions
    return any(each.critical and each.oid not in _UNDERSTOOD for each in extensions)


def _is_named(response: OcspResponse, subject: bytes, public_key: bytes) -> bool:
    if response.responder_name is not None:
        return response.responder_name == subject
    return response.responder_key_hash == key_identifier(public_key)


def _only_single(response: OcspResponse, asked: CertId) -> SingleResponse:
    def is_ours(cert_id: CertId) -> bool:
        return (
            cert_id.hash_oid == asked.hash_oid
            and cert_id.issuer_name_hash == asked.issuer_name_hash
            and cert_id.issuer_key_hash == asked.issuer_key_hash
            and cert_id.serial == asked.serial
        )

    ours = [each for each in response.singles if is_ours(each.cert_id)]
    if len(ours) != 1:
        raise PassStatusUnavailable(message="the answer is not about this certificate")
    return ours[0]
