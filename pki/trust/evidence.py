"""Whether signed evidence is that of an evidence key below a root that the auditor trusts."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography.x509 import load_der_x509_certificate
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from pki.der.certificate import Certificate
from pki.der.cms import SignedContent, read_signed_content
from pki.der.extensions import KeyUsage
from pki.domain.errors import Malformed, SignatureBroken
from pki.trust.path import CA_RULES, LEAF_RULES
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
    except ValueError:
        raise Malformed(what="certificate", message="a certificate cannot be read") from None
    rules = PolicyBuilder().store(anchors).time(signed.signed_at)
    rules = rules.extension_policies(ca_policy=CA_RULES, ee_policy=LEAF_RULES)
    try:
        rules.build_client_verifier().verify(leaf, between)
    except VerificationError:
        raise _broken("its certificate does not chain to a given root") from None


def _broken(why: str) -> SignatureBroken:
    return SignatureBroken(message=f"the evidence is not to be believed: {why}", next_step=_NEXT)
