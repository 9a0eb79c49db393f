"""Whether what was signed is to be believed: evidence by an auditor, an approval by us."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography.x509 import load_der_x509_certificate
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from pki.der.certificate import Certificate, read_certificate
from pki.der.cms import SignedContent, read_signed_content
from pki.der.extensions import KeyUsage
from pki.domain.errors import Malformed, SignatureBroken
from pki.trust.path import CA_RULES, LEAF_RULES, UNREADABLE
from pki.trust.signatures import verify_signature

_USAGE: Final = frozenset((KeyUsage.DIGITAL_SIGNATURE, KeyUsage.NON_REPUDIATION))
_NEXT: Final = "do not rely on it; have a new one made, and name the root it should chain to"


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedEvidence:
    """Content whose signature and chain hold. ``signed_at`` is what the signer says."""

    content: bytes
    signed_at: datetime
    signer: Certificate


def verify_evidence(der: bytes, roots: tuple[bytes, ...]) -> VerifiedEvidence:
    """Verify the signature, and the path to one of ``roots`` at the time of signing.

    The signer must be an evidence key: nonRepudiation beside digitalSignature and no extended key
    usage, which no certificate of a card, server, operator or responder has. Whether it was
    revoked since is not looked at.

    Raises:
        Malformed: not what an evidence key of this project makes.
        SignatureBroken: the signature does not verify, or the signer is not trusted for it.
    """
    signed = read_signed_content(der)
    certificate = signed.signer
    if not verify_signature(
        certificate.content.public_key, signed.algorithm, signed.attributes, signed.signature
    ):
        raise _broken("the signature does not verify")
    if certificate.key_usage != _USAGE or certificate.extended_key_usage is not None:
        raise _broken("it was not signed by an evidence key")
    _require_path(signed, roots)
    return VerifiedEvidence(content=signed.content, signed_at=signed.signed_at, signer=certificate)


def _require_path(signed: SignedContent, roots: tuple[bytes, ...]) -> None:
    try:
        anchors = Store([load_der_x509_certificate(each) for each in roots])
        between = [load_der_x509_certificate(each) for each in signed.others]
        leaf = load_der_x509_certificate(signed.signer.der)
    except UNREADABLE:
        raise Malformed(what="certificate", message="a certificate cannot be read") from None
    rules = PolicyBuilder().store(anchors).time(signed.signed_at)
    rules = rules.extension_policies(ca_policy=CA_RULES, ee_policy=LEAF_RULES)
    try:
        rules.build_client_verifier().verify(leaf, between)
    except VerificationError:
        raise _broken("its certificate does not chain to a given root") from None


def _broken(why: str) -> SignatureBroken:
    return SignatureBroken(message=f"the evidence is not to be believed: {why}", next_step=_NEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """Who: the SHA-256 of the signer's certificate (DER), and its serial; when they say they did.

    ``not_after`` is the end of that certificate.
    """

    certificate_sha256: bytes
    serial: int
    signed_at: datetime
    not_before: datetime
    not_after: datetime


def verify_approval(der: bytes, content: bytes, issuer: bytes) -> Approval:
    """Verify a signature over ``content`` by a certificate that ``issuer`` (DER) signed.

    Whether that certificate is valid now, was revoked, and whose it is, is for the caller to say.

    Raises:
        Malformed: not SignedData as `read_signed_content` takes it.
        SignatureBroken: of other content, a wrong signature, or a certificate of somebody else.
    """
    signed = read_signed_content(der)
    if not hmac.compare_digest(signed.content, content):
        raise _no_approval(
            "it is of another list, reason or time", "sign the order that --order writes, unchanged"
        )
    certificate, above = signed.signer, read_certificate(issuer).content
    if certificate.content.issuer_der != above.subject_der or not verify_signature(
        above.public_key,
        certificate.content.algorithm,
        certificate.tbs,
        certificate.signature,
    ):
        raise _no_approval(
            "its certificate is not of our Services CA", "sign with an operator's key"
        )
    if not verify_signature(
        certificate.content.public_key, signed.algorithm, signed.attributes, signed.signature
    ):
        raise _no_approval("the signature does not verify", "have it signed again")
    return Approval(
        certificate_sha256=hashlib.sha256(certificate.der).digest(),
        serial=certificate.content.serial.value,
        signed_at=signed.signed_at,
        not_before=certificate.content.not_before,
        not_after=certificate.content.not_after,
    )


def _no_approval(why: str, next_step: str) -> SignatureBroken:
    return SignatureBroken(message=f"an approval does not count: {why}", next_step=next_step)
