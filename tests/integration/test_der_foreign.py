"""What OpenSSL and GnuTLS read in the certificates and CRLs that we join."""

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from made.der_authority import NOW, UZI, Authority, run, sign
from pki.der.crl import CrlContent, encode_entry, encode_tbs_crl
from pki.der.signed import assemble
from pki.der.spki import key_identifier
from pki.domain.identifiers import SerialNumber
from pki.domain.reasons import RevocationReason


@pytest.mark.openssl
def test_openssl_reads_and_verifies_a_card(der_ca: Authority) -> None:
    text = run(
        der_ca.folder, "openssl", "x509", "-in", "card.pem", "-noout", "-text",
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
        der_ca.folder, "openssl", "verify", "-x509_strict", "-CAfile", "ca.pem", "card.pem"
    )
    assert verified == "card.pem: OK\n"


@pytest.mark.openssl
def test_openssl_writes_the_certificate_as_we_do(der_ca: Authority) -> None:
    run(der_ca.folder, "openssl", "x509", "-in", "card.pem", "-outform", "DER", "-out", "b.der")
    assert (der_ca.folder / "b.der").read_bytes() == der_ca.card.der
    tree = run(der_ca.folder, "openssl", "asn1parse", "-inform", "DER", "-in", "card.der", "-i")
    assert "UTF8STRING        :Tést Zorginstelling 03" in tree
    assert "PRINTABLESTRING   :900021219" in tree
    assert tree.count("NULL") == (0 if isinstance(der_ca.key, ec.EllipticCurvePrivateKey) else 2)


@pytest.mark.certtool
def test_gnutls_reads_and_verifies_a_card(der_ca: Authority) -> None:
    text = run(der_ca.folder, "certtool", "--certificate-info", "--infile", "card.pem")
    assert "Subject: CN=Zoë van 't Voorbeeld,serialNumber=900021219" in text
    assert "Key Usage (critical):\n\t\t\tDigital signature." in text
    assert "Certificate Authority (CA): FALSE" in text
    assert "1.3.6.1.4.1.311.20.2.3" in text or "900021219@90000382" in text
    verified = run(
        der_ca.folder,
        "certtool", "--verify", "--load-ca-certificate", "ca.pem", "--infile", "card.pem",
    )  # fmt: skip
    assert "Chain verification output: Verified. The certificate is trusted." in verified


def make_crl(der_ca: Authority, count: int) -> bytes:
    reasons = [None, *RevocationReason]
    tbs = encode_tbs_crl(
        CrlContent(
            issuer_der=der_ca.name.der,
            algorithm=der_ca.algorithm,
            this_update=NOW,
            next_update=NOW + timedelta(hours=48),
            number=(1 << 158) + 5,
            authority_key_id=key_identifier(der_ca.public_key),
            entries=[
                encode_entry(SerialNumber((1 << 158) + number), NOW, reasons[number % len(reasons)])
                for number in range(count)
            ],
            expired_certs_on_crl=NOW - timedelta(days=9),
        )
    )
    return assemble(tbs, der_ca.algorithm, sign(der_ca.key, tbs))


@pytest.mark.openssl
@pytest.mark.parametrize("count", [0, 1, 1000])
def test_openssl_reads_and_verifies_a_crl(der_ca: Authority, count: int) -> None:
    der = make_crl(der_ca, count)
    (der_ca.folder / "a.crl").write_bytes(der)
    text = run(
        der_ca.folder, "openssl", "crl", "-in", "a.crl", "-inform", "DER", "-CAfile", "ca.pem",
        "-text", "-outform", "DER", "-out", "b.crl",
    )  # fmt: skip
    assert "verify OK" in text
    assert (der_ca.folder / "b.crl").read_bytes()[-len(der) :] == der
    shown = run(der_ca.folder, "openssl", "crl", "-in", "a.crl", "-noout", "-text")
    assert shown.count("Serial Number:") == count
    assert ("No Revoked Certificates." in shown) == (count == 0)
    assert ("Certificate Hold" in shown) == (count > len(RevocationReason))


@pytest.mark.certtool
def test_gnutls_reads_and_verifies_a_crl(der_ca: Authority) -> None:
    (der_ca.folder / "g.crl").write_bytes(make_crl(der_ca, 20))
    run(der_ca.folder, "openssl", "crl", "-in", "g.crl", "-inform", "DER", "-out", "g.pem")
    text = run(
        der_ca.folder,
        "certtool", "--verify-crl", "--load-ca-certificate", "ca.pem", "--infile", "g.pem",
    )  # fmt: skip
    assert "Verification output: Verified." in text
    assert "Revoked certificates (20):" in text
