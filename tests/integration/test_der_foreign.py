"""What OpenSSL and GnuTLS read in the bytes that we join."""

import re
import subprocess
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from pki.der import extensions, oids
from pki.der.certificate import (
    Certificate,
    CertificateContent,
    encode_tbs_certificate,
    read_certificate,
)
from pki.der.crl import CrlContent, encode_entry, encode_tbs_crl
from pki.der.extensions import AuthorityInfo, BasicConstraints, Extension, KeyUsage, Policy
from pki.der.names import Attribute, DistinguishedName
from pki.der.ocsp import (
    OcspError,
    OcspResponse,
    SingleResponse,
    encode_basic_response,
    encode_error,
    encode_request,
    encode_response_data,
    make_cert_id,
    read_request,
    read_response,
)
from pki.der.signed import assemble
from pki.der.spki import key_identifier
from pki.der.uzi_names import encode_subject_alt_name
from pki.domain.algorithms import SignatureAlgorithm
from pki.domain.identifiers import SerialNumber, Ura, UziNumber
from pki.domain.reasons import RevocationReason
from pki.domain.status import CertificateStatus, Good, OnHold, Revoked
from pki.domain.uzi import PassType, UziName
from pki.ports import SystemClock

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
NOW = SystemClock().now().replace(microsecond=0)
CARD, SECOND, THIRD = (SerialNumber((1 << 158) + number) for number in (1, 2, 3))


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """A CA with files that other programs read."""

    key: Key
    algorithm: SignatureAlgorithm
    name: DistinguishedName
    folder: Path
    certificate: Certificate
    card: Certificate

    @property
    def public_key(self) -> bytes:
        return spki(self.key)


def spki(key: Key) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def sign(key: Key, message: bytes) -> bytes:
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(message, padding.PKCS1v15(), hashes.SHA256())
    return key.sign(message, ec.ECDSA(hashes.SHA256()))


def utf8(oid: str, text: str) -> Attribute:
    return Attribute(oid=oid, text=text)


COUNTRY = Attribute(oid=oids.COUNTRY, text="NL", printable=True)
CA_NAME = DistinguishedName.of(
    COUNTRY, utf8(oids.ORGANISATION, "Oefen"), utf8(oids.COMMON_NAME, "CA")
)
CARD_NAME = DistinguishedName.of(
    COUNTRY,
    utf8(oids.ORGANISATION, "Tést Zorginstelling 03"),
    utf8(oids.SURNAME, "van 't Voorbeeld"),
    utf8(oids.GIVEN_NAME, "Zoë"),
    Attribute(oid=oids.SERIAL_NUMBER, text="900021219", printable=True),
    utf8(oids.COMMON_NAME, "Zoë van 't Voorbeeld"),
)
UZI = UziName(
    oid_ca="2.16.528.1.1007.99.218",
    uzi_number=UziNumber("900021219"),
    pass_type=PassType.MEDEWERKER_OP_NAAM,
    ura=Ura("90000382"),
)


def extension(oid: str, value: bytes, *, critical: bool = False) -> Extension:
    return Extension(oid=oid, critical=critical, value=value)


def ca_extensions(key: Key) -> tuple[Extension, ...]:
    constraints = extensions.basic_constraints(BasicConstraints(ca=True, path_length=0))
    usage = extensions.key_usage([KeyUsage.KEY_CERT_SIGN, KeyUsage.CRL_SIGN])
    return (
        extension(oids.BASIC_CONSTRAINTS, constraints, critical=True),
        extension(oids.KEY_USAGE, usage, critical=True),
        extension(oids.SUBJECT_KEY_ID, extensions.subject_key_id(key_identifier(spki(key)))),
    )


def card_extensions(ca: Key, key: Key) -> tuple[Extension, ...]:
    policy = Policy(oid="1.3.6.1.4.1.99999.1", cps_uri="http://cps.example/", notice="Oefening")
    info = AuthorityInfo(ocsp=("http://o.example/ocsp",), ca_issuers=("http://i.example/ca.cer",))
    usages = [oids.EKU_CLIENT_AUTH, oids.EKU_DOCUMENT_SIGNING]
    return (
        extension(
            oids.BASIC_CONSTRAINTS,
            extensions.basic_constraints(BasicConstraints(ca=False)),
            critical=True,
        ),
        extension(
            oids.KEY_USAGE, extensions.key_usage([KeyUsage.DIGITAL_SIGNATURE]), critical=True
        ),
        extension(oids.EXTENDED_KEY_USAGE, extensions.extended_key_usage(usages)),
        extension(oids.SUBJECT_ALT_NAME, encode_subject_alt_name(UZI)),
        extension(oids.CERTIFICATE_POLICIES, extensions.certificate_policies([policy])),
        extension(oids.AUTHORITY_INFO_ACCESS, extensions.authority_info_access(info)),
        extension(
            oids.CRL_DISTRIBUTION_POINTS,
            extensions.crl_distribution_points(["http://c.example/ca.crl"]),
        ),
        extension(oids.AUTHORITY_KEY_ID, extensions.authority_key_id(key_identifier(spki(ca)))),
        extension(oids.SUBJECT_KEY_ID, extensions.subject_key_id(key_identifier(spki(key)))),
    )


def certify(
    ca: Key, key: Key, serial: SerialNumber, subject: DistinguishedName, until: datetime
) -> Certificate:
    is_rsa = isinstance(ca, rsa.RSAPrivateKey)
    algorithm = SignatureAlgorithm.SHA256_RSA if is_rsa else SignatureAlgorithm.ECDSA_SHA256
    content = CertificateContent(
        serial=serial,
        issuer_der=CA_NAME.der,
        subject_der=subject.der,
        not_before=NOW - timedelta(days=1),
        not_after=until,
        public_key=spki(key),
        algorithm=algorithm,
        extensions=ca_extensions(ca) if key is ca else card_extensions(ca, key),
    )
    tbs = encode_tbs_certificate(content)
    return read_certificate(assemble(tbs, algorithm, sign(ca, tbs)))


@pytest.fixture(scope="module", params=["rsa-2048", "p-256"])
def authority(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Authority:
    key: Key = ec.generate_private_key(ec.SECP256R1())
    if request.param == "rsa-2048":
        key = rsa.generate_private_key(65537, 2048)
    card_key = ec.generate_private_key(ec.SECP256R1())
    folder = tmp_path_factory.mktemp("foreign")
    certificate = certify(
        key, key, SerialNumber(1), CA_NAME, datetime(2051, 1, 1, tzinfo=NOW.tzinfo)
    )
    card = certify(key, card_key, CARD, CARD_NAME, NOW + timedelta(days=1000))
    (folder / "ca.der").write_bytes(certificate.der)
    (folder / "card.der").write_bytes(card.der)
    for name in ("ca", "card"):
        run(folder, "openssl", "x509", "-in", f"{name}.der", "-out", f"{name}.pem")
    return Authority(
        key=key,
        algorithm=certificate.content.algorithm,
        name=CA_NAME,
        folder=folder,
        certificate=certificate,
        card=card,
    )


def run(folder: Path, *command: str) -> str:
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.openssl
def test_openssl_reads_and_verifies_a_card(authority: Authority) -> None:
    text = run(
        authority.folder, "openssl", "x509", "-in", "card.pem", "-noout", "-text",
        "-nameopt", "RFC2253,utf8,-esc_msb",
    )  # fmt: skip
    for expected in (
        "Subject: CN=Zoë van 't Voorbeeld,serialNumber=900021219,GN=Zoë,SN=van 't Voorbeeld,O=Tést",
        f"othername: UPN::900021219@90000382, othername: 2.5.5.5::{UZI.text}",
        "X509v3 Basic Constraints: critical\n                CA:FALSE",
        "X509v3 Key Usage: critical\n                Digital Signature\n",
        "TLS Web Client Authentication, 1.3.6.1.4.1.311.10.3.12",
        "Policy: 1.3.6.1.4.1.99999.1\n                  CPS: http://cps.example/",
        "Explicit Text: Oefening",
        "OCSP - URI:http://o.example/ocsp",
        "CA Issuers - URI:http://i.example/ca.cer",
        "URI:http://c.example/ca.crl",
    ):
        assert expected in text
    verified = run(
        authority.folder, "openssl", "verify", "-x509_strict", "-CAfile", "ca.pem", "card.pem"
    )
    assert verified == "card.pem: OK\n"


@pytest.mark.openssl
def test_openssl_writes_the_certificate_as_we_do(authority: Authority) -> None:
    run(authority.folder, "openssl", "x509", "-in", "card.pem", "-outform", "DER", "-out", "b.der")
    assert (authority.folder / "b.der").read_bytes() == authority.card.der
    tree = run(authority.folder, "openssl", "asn1parse", "-inform", "DER", "-in", "card.der", "-i")
    assert "UTF8STRING        :Tést Zorginstelling 03" in tree
    assert "PRINTABLESTRING   :900021219" in tree
    assert tree.count("NULL") == (0 if isinstance(authority.key, ec.EllipticCurvePrivateKey) else 2)


@pytest.mark.certtool
def test_gnutls_reads_and_verifies_a_card(authority: Authority) -> None:
    text = run(authority.folder, "certtool", "--certificate-info", "--infile", "card.pem")
    assert "Subject: CN=Zoë van 't Voorbeeld,serialNumber=900021219" in text
    assert "Key Usage (critical):\n\t\t\tDigital signature." in text
    assert "Certificate Authority (CA): FALSE" in text
    assert "1.3.6.1.4.1.311.20.2.3" in text or "900021219@90000382" in text
    verified = run(
        authority.folder,
        "certtool", "--verify", "--load-ca-certificate", "ca.pem", "--infile", "card.pem",
    )  # fmt: skip
    assert "Chain verification output: Verified. The certificate is trusted." in verified


def make_crl(authority: Authority, count: int) -> bytes:
    reasons = [None, *RevocationReason]
    tbs = encode_tbs_crl(
        CrlContent(
            issuer_der=authority.name.der,
            algorithm=authority.algorithm,
            this_update=NOW,
            next_update=NOW + timedelta(hours=48),
            number=(1 << 158) + 5,
            authority_key_id=key_identifier(authority.public_key),
            entries=[
                encode_entry(SerialNumber((1 << 158) + number), NOW, reasons[number % len(reasons)])
                for number in range(count)
            ],
            expired_certs_on_crl=NOW - timedelta(days=9),
        )
    )
    return assemble(tbs, authority.algorithm, sign(authority.key, tbs))


@pytest.mark.openssl
@pytest.mark.parametrize("count", [0, 1, 1000])
def test_openssl_reads_and_verifies_a_crl(authority: Authority, count: int) -> None:
    der = make_crl(authority, count)
    (authority.folder / "a.crl").write_bytes(der)
    text = run(
        authority.folder, "openssl", "crl", "-in", "a.crl", "-inform", "DER", "-CAfile", "ca.pem",
        "-text", "-outform", "DER", "-out", "b.crl",
    )  # fmt: skip
    assert "verify OK" in text
    assert (authority.folder / "b.crl").read_bytes()[-len(der) :] == der
    shown = run(authority.folder, "openssl", "crl", "-in", "a.crl", "-noout", "-text")
    assert shown.count("Serial Number:") == count
    assert ("No Revoked Certificates." in shown) == (count == 0)
    assert ("Certificate Hold" in shown) == (count > len(RevocationReason))


@pytest.mark.certtool
def test_gnutls_reads_and_verifies_a_crl(authority: Authority) -> None:
    (authority.folder / "g.crl").write_bytes(make_crl(authority, 20))
    run(authority.folder, "openssl", "crl", "-in", "g.crl", "-inform", "DER", "-out", "g.pem")
    text = run(
        authority.folder,
        "certtool", "--verify-crl", "--load-ca-certificate", "ca.pem", "--infile", "g.pem",
    )  # fmt: skip
    assert "Verification output: Verified." in text
    assert "Revoked certificates (20):" in text


STATUSES: dict[SerialNumber, CertificateStatus | None] = {
    CARD: Good(),
    SECOND: OnHold(since=NOW - timedelta(hours=1)),
    THIRD: Revoked(at=NOW - timedelta(hours=2), reason=RevocationReason.KEY_COMPROMISE),
}


def answer(authority: Authority, request: bytes) -> bytes:
    asked = read_request(request)
    singles = [
        SingleResponse(
            cert_id=cert_id,
            status=STATUSES.get(SerialNumber(cert_id.serial)),
            this_update=NOW,
            next_update=NOW + timedelta(minutes=15),
        )
        for cert_id in asked.cert_ids
    ]
    data = encode_response_data(key_identifier(authority.public_key), NOW, singles, asked.nonce)
    return encode_basic_response(
        data, authority.algorithm, sign(authority.key, data), [authority.certificate.der]
    )


@pytest.mark.openssl
@pytest.mark.parametrize("digest", ["sha1", "sha256", "sha384", "sha512"])
def test_openssl_asks_for_several_and_verifies_our_answer(
    authority: Authority, digest: str
) -> None:
    asked = [
        part
        for serial in (CARD, SECOND, THIRD, SerialNumber(99))
        for part in (f"-{digest}", "-serial", str(serial.value))
    ]
    run(
        authority.folder,
        "openssl", "ocsp", "-issuer", "ca.pem", *asked, "-nonce", "-reqout", "a.req",
    )  # fmt: skip
    request = (authority.folder / "a.req").read_bytes()
    assert {cert_id.hash_name for cert_id in read_request(request).cert_ids} == {digest}
    (authority.folder / "a.resp").write_bytes(answer(authority, request))
    text = run(
        authority.folder,
        "openssl", "ocsp", "-reqin", "a.req", "-respin", "a.resp", "-CAfile", "ca.pem",
        "-resp_text",
    )  # fmt: skip
    assert "Response verify OK" in text
    assert "Nonce Verify error" not in text
    assert re.findall(r"Cert Status: (\w+)", text) == ["good", "revoked", "revoked", "unknown"]
    assert re.findall(r"Revocation Reason: (\w+)", text) == ["certificateHold", "keyCompromise"]
    assert re.findall(r"Serial Number: (\w+)", text)[:3] == [
        each.hex.upper() for each in (CARD, SECOND, THIRD)
    ]


@pytest.mark.openssl
def test_openssl_reads_our_request(authority: Authority) -> None:
    ids = [
        make_cert_id(authority.name.der, authority.public_key, serial.value, digest)
        for serial, digest in ((CARD, "sha1"), (SECOND, "sha256"))
    ]
    (authority.folder / "own.req").write_bytes(encode_request(ids, b"n" * 32))
    text = run(authority.folder, "openssl", "ocsp", "-reqin", "own.req", "-req_text", "-noverify")
    assert "Hash Algorithm: sha1" in text
    assert "Hash Algorithm: sha256" in text
    assert f"Serial Number: {CARD.hex.upper()}" in text
    assert "OCSP Nonce" in text


@pytest.mark.openssl
def test_openssl_reads_negative_answers(authority: Authority) -> None:
    for error, word in (
        (OcspError.MALFORMED_REQUEST, "malformedrequest"),
        (OcspError.TRY_LATER, "trylater"),
        (OcspError.UNAUTHORIZED, "unauthorized"),
    ):
        (authority.folder / "error.resp").write_bytes(encode_error(error))
        done = subprocess.run(
            ["openssl", "ocsp", "-respin", "error.resp", "-noverify"],
            cwd=authority.folder, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert f"Responder Error: {word}" in done.stdout + done.stderr


@pytest.mark.certtool
def test_gnutls_reads_and_verifies_our_answer(authority: Authority) -> None:
    request = encode_request(
        [make_cert_id(authority.name.der, authority.public_key, SECOND.value)], b"n" * 32
    )
    der = answer(authority, request)
    (authority.folder / "g.resp").write_bytes(der)
    text = run(authority.folder, "ocsptool", "--response-info", "--infile", "g.resp", "--inder")
    assert "Certificate Status: revoked" in text
    assert f"Serial Number: {SECOND.hex}" in text
    assert "Nonce: " + (b"n" * 32).hex() in text
    verified = run(
        authority.folder, "ocsptool", "--verify-response", "--load-trust", "ca.pem",
        "--infile", "g.resp", "--inder",
    )  # fmt: skip
    assert "Verifying OCSP Response: Success" in verified


@pytest.mark.openssl
def test_we_read_what_openssl_answers(authority: Authority) -> None:
    key_pem = authority.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (authority.folder / "ca.key").write_bytes(key_pem)
    expiry = (NOW + timedelta(days=1000)).strftime("%y%m%d%H%M%SZ")
    revoked = (NOW - timedelta(hours=2)).strftime("%y%m%d%H%M%SZ")
    (authority.folder / "index.txt").write_text(
        f"V\t{expiry}\t\t{CARD.hex.upper()}\tunknown\t/CN=a\n"
        f"R\t{expiry}\t{revoked},keyCompromise\t{THIRD.hex.upper()}\tunknown\t/CN=b\n"
    )
    serials = (CARD, THIRD, SerialNumber(99))
    ids = [make_cert_id(authority.name.der, authority.public_key, each.value) for each in serials]
    (authority.folder / "b.req").write_bytes(encode_request(ids, b"n" * 16))
    run(
        authority.folder,
        "openssl", "ocsp", "-index", "index.txt", "-CA", "ca.pem", "-rsigner", "ca.pem",
        "-rkey", "ca.key", "-reqin", "b.req", "-respout", "b.resp", "-ndays", "1", "-rmd", "sha256",
    )  # fmt: skip
    response = read_response((authority.folder / "b.resp").read_bytes())
    assert isinstance(response, OcspResponse)
    assert response.algorithm is authority.algorithm
    assert response.responder_name == authority.name.der
    assert response.nonce == b"n" * 16
    assert [single.cert_id.der for single in response.singles] == [each.der for each in ids]
    assert [single.status for single in response.singles] == [Good(), STATUSES[THIRD], None]
    assert response.certificates == (authority.certificate.der,)
