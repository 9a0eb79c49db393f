"""What the demo reads out of the answers of foreign tools."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID as Access

from server.demo.proofs import crl_extract, exact_match_filter, openssl_status, san_offset
from server.demo.telling.tools import Ran
from server.demo.watching import Shown, addresses_in, get_url, in_crl, in_ocsp

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
KEY = ec.generate_private_key(ec.SECP256R1())
NAME = x509.Name.from_rfc4514_string("CN=ZORG-ID Token CA,O=Café,C=NL")


def answered(text: str) -> Ran:
    return Ran(code=0, out=text, err="Response verify OK\n")


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("card.pem: good\n\tThis Update: Nov 22\n", Shown.GOOD),
        ("card.pem: unknown\n", Shown.UNKNOWN),
        ("card.pem: revoked\n\tReason: keyCompromise\n", Shown.REVOKED),
        ("card.pem: revoked\n\tRevocation Time: Nov 22\n", Shown.REVOKED),
        ("card.pem: revoked\n\tReason: certificateHold\n", Shown.ON_HOLD),
        ("Responder Error: trylater (3)\n", None),
        ("", None),
    ],
)
def test_status_that_openssl_prints(text: str, status: Shown | None) -> None:
    assert openssl_status(answered(text)) is status


CRL_TEXT = """\
        Last Update: Nov 22 12:00:00 2026 GMT
        Next Update: Nov 24 12:00:00 2026 GMT
            X509v3 CRL Number:
                7
Revoked Certificates:
    Serial Number: 1A2B
        Revocation Date: Nov 22 11:00:00 2026 GMT
        CRL entry extensions:
            X509v3 CRL Reason Code:
                Certificate Hold
    Serial Number: 1A2B3C
        Revocation Date: Nov 22 10:00:00 2026 GMT
"""


def test_extract_of_a_crl_has_one_serial_only() -> None:
    found = crl_extract(CRL_TEXT, 0x1A2B)
    assert found[:3] == [
        "Last Update: Nov 22 12:00:00 2026 GMT",
        "Next Update: Nov 24 12:00:00 2026 GMT",
        "CRL Number: 7",
    ]
    assert found[3] == "Serial Number: 1A2B"
    assert found[-1] == "Certificate Hold"
    assert not any("1A2B3C" in line for line in found)


def test_extract_of_a_crl_without_the_serial() -> None:
    assert len(crl_extract(CRL_TEXT, 0x99)) == 3


def test_offset_of_the_subject_alt_name() -> None:
    lines = [
        "  612:d=5  hl=2 l=   3 prim:      OBJECT            :X509v3 Subject Alternative Name",
        "  617:d=5  hl=2 l= 120 prim:      OCTET STRING      [HEX DUMP]:3076",
    ]
    assert san_offset(lines) == 617
    assert san_offset([*lines[:1], "  617:d=5 BOOLEAN"]) is None
    assert san_offset([]) is None


def certificate() -> x509.Certificate:
    url = x509.UniformResourceIdentifier
    access = [
        x509.AccessDescription(Access.OCSP, url("http://h/ocsp")),
        x509.AccessDescription(Access.CA_ISSUERS, url("http://h/ca")),
    ]
    point = x509.DistributionPoint(
        full_name=[url("http://h/crl")], relative_name=None, reasons=None, crl_issuer=None
    )
    return (
        x509.CertificateBuilder()
        .serial_number(0x1A2B)
        .issuer_name(NAME)
        .subject_name(NAME)
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=1))
        .public_key(KEY.public_key())
        .add_extension(x509.AuthorityInformationAccess(access), critical=False)
        .add_extension(x509.CRLDistributionPoints([point]), critical=False)
        .sign(KEY, hashes.SHA256())
    )


def test_addresses_in_a_certificate() -> None:
    assert addresses_in(certificate()) == {
        "OCSP": "http://h/ocsp",
        "caIssuers": "http://h/ca",
        "CRL": "http://h/crl",
    }


def test_filter_for_certificate_exact_match() -> None:
    assert exact_match_filter(certificate()) == (
        "(userCertificate:certificateExactMatch:={ serialNumber 6699, "
        'issuer rdnSequence:"CN=ZORG-ID Token CA,O=Café,C=NL" })'
    )


def test_request_in_a_url_is_one_path_segment() -> None:
    assert get_url("http://h/ocsp", b"\xfb\xef\xbe\xff\xff\xff\x00") == (
        "http://h/ocsp/%2B%2B%2B%2B%2F%2F%2F%2FAA%3D%3D"
    )


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        (x509.ReasonFlags.certificate_hold, Shown.ON_HOLD),
        (x509.ReasonFlags.key_compromise, Shown.REVOKED),
        (None, Shown.REVOKED),
    ],
)
def test_what_a_crl_shows(reason: x509.ReasonFlags | None, shown: Shown) -> None:
    entry = x509.RevokedCertificateBuilder().serial_number(5).revocation_date(NOW)
    if reason is not None:
        entry = entry.add_extension(x509.CRLReason(reason), critical=False)
    crl = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(NAME)
        .last_update(NOW)
        .next_update(NOW + timedelta(days=2))
        .add_revoked_certificate(entry.build())
        .sign(KEY, hashes.SHA256())
    )
    assert in_crl(crl, 5) is shown
    assert in_crl(crl, 6) is Shown.GOOD


@pytest.mark.parametrize(
    ("status", "reason", "shown"),
    [
        (ocsp.OCSPCertStatus.GOOD, None, Shown.GOOD),
        (ocsp.OCSPCertStatus.UNKNOWN, None, Shown.UNKNOWN),
        (ocsp.OCSPCertStatus.REVOKED, None, Shown.REVOKED),
        (ocsp.OCSPCertStatus.REVOKED, x509.ReasonFlags.certificate_hold, Shown.ON_HOLD),
        (ocsp.OCSPCertStatus.REVOKED, x509.ReasonFlags.superseded, Shown.REVOKED),
    ],
)
def test_what_an_ocsp_answer_shows(
    status: ocsp.OCSPCertStatus, reason: x509.ReasonFlags | None, shown: Shown
) -> None:
    revoked = status is ocsp.OCSPCertStatus.REVOKED
    answer = (
        ocsp.OCSPResponseBuilder()
        .add_response(
            cert=certificate(),
            issuer=certificate(),
            algorithm=hashes.SHA256(),
            cert_status=status,
            this_update=NOW,
            next_update=NOW,
            revocation_time=NOW if revoked else None,
            revocation_reason=reason,
        )
        .responder_id(ocsp.OCSPResponderEncoding.HASH, certificate())
        .sign(KEY, hashes.SHA256())
    )
    assert in_ocsp(answer) is shown


def test_an_ocsp_error_is_never_good() -> None:
    late = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER)
    assert in_ocsp(late) is Shown.UNKNOWN
