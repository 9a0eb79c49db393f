"""Libraries of relying parties, asked as `conformance.programs` asks programs."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from asn1crypto import pem as asn1_pem
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import ExpiredError, PathError, RevokedError, ValidationError
from pyhanko_certvalidator.fetchers.aiohttp_fetchers import AIOHttpFetcherBackend
from pyhanko_certvalidator.policy_decl import (
    CertRevTrustPolicy,
    RevocationCheckingPolicy,
    RevocationCheckingRule,
)

from conformance.house import Asked, House
from conformance.java_judge import judged
from conformance.programs import Client, Words, first
from installed.program import exchanged, fetched
from pki.ports import SystemClock


class Java:
    """`CertPathValidator` with a `PKIXRevocationChecker`, OCSP or CRL and nothing else."""

    words: Words = (
        ("^valid", "good"),
        ("^refused REVOKED.*CERTIFICATE_HOLD", "on hold"),
        ("^refused REVOKED", "revoked"),
        ("^refused EXPIRED", "expired"),
        ("^refused UNDETERMINED.* status is unknown", "unknown"),
    )

    def __init__(self, way: str) -> None:
        self._way = way
        self.name = f"Java, {way.upper()}"
        self.how = f"`CertPathValidator`, {way.upper()} alone, from where the certificate says"

    def told(self, house: House) -> Mapping[str, str]:
        questions, now = [], int(SystemClock().now().timestamp())
        for name, asked in house.cards.items():
            _der(house, "root", house.root)
            _der(house, name, asked.certificate)
            _der(house, f"ca-{name}", asked.issuer)
            chain = f"{name}.der,ca-{name}.der"
            questions.append(f"status {self._way} {now} root.der {chain}")
        answers = judged(questions, house.folder)
        said = zip(house.cards, answers, strict=True)
        return {name: first(self.words, answer) for name, answer in said}


def _der(house: House, name: str, path: Path) -> None:
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    house.file(f"{name}.der", certificate.public_bytes(Encoding.DER))


class Pyhanko:
    """`pyhanko-certvalidator`, which fetches what it needs."""

    def __init__(self, way: str, rule: RevocationCheckingRule) -> None:
        self.name = f"pyhanko-certvalidator, {way}"
        self.how = f"`CertificateValidator`, rule `{rule.name}`"
        self._rule = rule

    def told(self, house: House) -> Mapping[str, str]:
        return {
            name: asyncio.run(self._validate(house, asked)) for name, asked in house.cards.items()
        }

    async def _validate(self, house: House, asked: Asked) -> str:
        leaf, issuer, root = (
            asn1_x509.Certificate.load(asn1_pem.unarmor(path.read_bytes())[2])
            for path in (asked.certificate, asked.issuer, house.root)
        )
        rules = RevocationCheckingPolicy(
            ee_certificate_rule=self._rule,
            intermediate_ca_cert_rule=RevocationCheckingRule.NO_CHECK,
        )
        async with AIOHttpFetcherBackend() as fetchers:
            context = ValidationContext(
                trust_roots=[root],
                allow_fetching=True,
                fetchers=fetchers,
                revinfo_policy=CertRevTrustPolicy(rules),
            )
            validator = CertificateValidator(leaf, [issuer], validation_context=context)
            try:
                await validator.async_validate_usage({"digital_signature"})  # type: ignore[no-untyped-call] # the library has no annotations
            except (RevokedError, ExpiredError, PathError, ValidationError) as error:
                words: Words = (
                    ("hold", "on hold"),
                    ("revoked at", "revoked"),
                    ("expired", "expired"),
                )
                return first(words, str(error))
        return "good"


class CryptographyOcsp:
    """Builds a request, fetches, verifies the responder and the answer by hand."""

    name = "cryptography, OCSP"
    how = "`OCSPRequestBuilder`, `load_der_ocsp_response`; the responder verified by hand"

    def told(self, house: House) -> Mapping[str, str]:
        return {name: self._ask(asked) for name, asked in house.cards.items()}

    def _ask(self, asked: Asked) -> str:
        leaf, issuer = _pair(asked)
        request = ocsp.OCSPRequestBuilder().add_certificate(leaf, issuer, hashes.SHA256()).build()
        access = leaf.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
        url = next(
            each.access_location.value
            for each in access
            if each.access_method == AuthorityInformationAccessOID.OCSP
        )
        body = request.public_bytes(Encoding.DER)
        answer = ocsp.load_der_ocsp_response(exchanged(url, body, "application/ocsp-request")[1])
        if answer.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            return "refused"
        if not _signed_by_delegate(answer, issuer):
            return "refused"
        match answer.certificate_status:
            case ocsp.OCSPCertStatus.GOOD:
                return "good"
            case ocsp.OCSPCertStatus.REVOKED:
                hold = answer.revocation_reason is x509.ReasonFlags.certificate_hold
                return "on hold" if hold else "revoked"
            case _:
                return "unknown"


class CryptographyCrl:
    """Fetches the CRL that the certificate names and verifies it."""

    name = "cryptography, CRL"
    how = "`load_der_x509_crl`, `is_signature_valid`, from where the certificate says"

    def told(self, house: House) -> Mapping[str, str]:
        return {name: self._ask(asked) for name, asked in house.cards.items()}

    def _ask(self, asked: Asked) -> str:
        leaf, issuer = _pair(asked)
        points = leaf.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
        [where] = points[0].full_name or []
        crl = x509.load_der_x509_crl(fetched(where.value))
        key = issuer.public_key()
        assert isinstance(key, rsa.RSAPublicKey)
        if not crl.is_signature_valid(key):
            return "refused"
        entry = crl.get_revoked_certificate_by_serial_number(leaf.serial_number)
        if entry is None:
            return "good"
        reason = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
        return "on hold" if reason is x509.ReasonFlags.certificate_hold else "revoked"


def _pair(asked: Asked) -> tuple[x509.Certificate, x509.Certificate]:
    leaf, issuer = (
        x509.load_pem_x509_certificate(path.read_bytes())
        for path in (asked.certificate, asked.issuer)
    )
    return leaf, issuer


def _signed_by_delegate(answer: ocsp.OCSPResponse, issuer: x509.Certificate) -> bool:
    """RFC 6960 4.2.2.2: by a certificate of the same issuer, for OCSP signing."""
    delegate = answer.certificates[0]
    usage = delegate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    key, digest = delegate.public_key(), answer.signature_hash_algorithm
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert digest is not None
    try:
        delegate.verify_directly_issued_by(issuer)
        key.verify(answer.signature, answer.tbs_response_bytes, ec.ECDSA(digest))
    except (InvalidSignature, ValueError):
        return False
    return ExtendedKeyUsageOID.OCSP_SIGNING in usage


LIBRARIES_BY_OCSP: Final[Sequence[Client]] = (
    Java("ocsp"),
    Pyhanko("OCSP", RevocationCheckingRule.OCSP_REQUIRED),
    CryptographyOcsp(),
)
LIBRARIES_BY_CRL: Final[Sequence[Client]] = (
    Java("crl"),
    Pyhanko("CRL", RevocationCheckingRule.CRL_REQUIRED),
    CryptographyCrl(),
)
