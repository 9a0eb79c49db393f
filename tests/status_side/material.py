"""OCSP answers made with cryptography, right and wrong, for the tests of observers."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from directories.material import START, TestCa

DER = serialization.Encoding.DER


@dataclass(frozen=True)
class Responder:
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate


def make_responder(
    ca: TestCa,
    *,
    usage: x509.ObjectIdentifier = ExtendedKeyUsageOID.OCSP_SIGNING,
    no_check: bool = True,
    start: datetime = START,
) -> Responder:
    key = ec.generate_private_key(ec.SECP256R1())
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "OCSP responder")]))
        .issuer_name(ca.certificate.subject)
        .public_key(key.public_key())
        .serial_number(77)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=30))
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    )
    if no_check:
        builder = builder.add_extension(x509.OCSPNoCheck(), critical=False)
    return Responder(key, builder.sign(ca.key, hashes.SHA256()))


@dataclass(frozen=True, kw_only=True)
class Answering:
    """How an answer is made; each field can be set wrong."""

    ca: TestCa
    responder: Responder
    status: ocsp.OCSPCertStatus = ocsp.OCSPCertStatus.GOOD
    reason: x509.ReasonFlags | None = None
    serial: int | None = None
    minutes: int = 15
    nonce: bytes | None = None
    by_name: bool = False
    certificates: list[x509.Certificate] = field(default_factory=list)

    def answer(self, request: bytes) -> bytes:
        asked = ocsp.load_der_ocsp_request(request)
        revoked = self.status is ocsp.OCSPCertStatus.REVOKED
        encoding = ocsp.OCSPResponderEncoding
        builder = (
            ocsp.OCSPResponseBuilder()
            .add_response_by_hash(
                asked.issuer_name_hash,
                asked.issuer_key_hash,
                self.serial or asked.serial_number,
                asked.hash_algorithm,
                self.status,
                START,
                START + timedelta(minutes=self.minutes),
                START if revoked else None,
                self.reason,
            )
            .responder_id(
                encoding.NAME if self.by_name else encoding.HASH, self.responder.certificate
            )
            .certificates(self.certificates or [self.responder.certificate])
        )
        try:
            asked_nonce = asked.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
            builder = builder.add_extension(x509.OCSPNonce(self.nonce or asked_nonce), False)
        except x509.ExtensionNotFound:
            pass
        return builder.sign(self.responder.key, hashes.SHA256()).public_bytes(DER)


def error_answer(status: ocsp.OCSPResponseStatus) -> bytes:
    return ocsp.OCSPResponseBuilder.build_unsuccessful(status).public_bytes(DER)
