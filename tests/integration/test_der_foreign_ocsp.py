"""What OpenSSL and GnuTLS read in our OCSP messages, and we in theirs."""

import re
import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from made.der_authority import CARD, NOW, SECOND, THIRD, Authority, run, sign
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
from pki.der.spki import key_identifier
from pki.domain.identifiers import SerialNumber
from pki.domain.reasons import RevocationReason
from pki.domain.status import CertificateStatus, Good, OnHold, Revoked

STATUSES: dict[SerialNumber, CertificateStatus | None] = {
    CARD: Good(),
    SECOND: OnHold(since=NOW - timedelta(hours=1)),
    THIRD: Revoked(
        at=NOW - timedelta(hours=2),
        reason=RevocationReason.KEY_COMPROMISE,
        compromised_since=datetime(2026, 1, 5, 9, 30, tzinfo=UTC),
    ),
}


def answer(der_ca: Authority, request: bytes) -> bytes:
    asked = read_request(request)
    singles = [
        SingleResponse(
            cert_id=cert_id,
            status=STATUSES.get(SerialNumber(cert_id.serial)),
            this_update=NOW,
            next_update=NOW + timedelta(days=1),
        )
        for cert_id in asked.cert_ids
    ]
    data = encode_response_data(key_identifier(der_ca.public_key), NOW, singles, asked.nonce)
    return encode_basic_response(
        data, der_ca.algorithm, sign(der_ca.key, data), [der_ca.certificate.der]
    )


@pytest.mark.openssl
@pytest.mark.parametrize("digest", ["sha1", "sha256", "sha384", "sha512"])
def test_openssl_asks_for_several_and_verifies_our_answer(der_ca: Authority, digest: str) -> None:
    asked = [
        part
        for serial in (CARD, SECOND, THIRD, SerialNumber(99))
        for part in (f"-{digest}", "-serial", str(serial.value))
    ]
    run(
        der_ca.folder,
        "openssl", "ocsp", "-issuer", "ca.pem", *asked, "-nonce", "-reqout", "a.req",
    )  # fmt: skip
    request = (der_ca.folder / "a.req").read_bytes()
    assert {cert_id.hash_name for cert_id in read_request(request).cert_ids} == {digest}
    (der_ca.folder / "a.resp").write_bytes(answer(der_ca, request))
    text = run(
        der_ca.folder,
        "openssl", "ocsp", "-reqin", "a.req", "-respin", "a.resp", "-CAfile", "ca.pem",
        "-resp_text",
    )  # fmt: skip
    assert "Response verify OK" in text
    assert "Nonce Verify error" not in text
    assert re.findall(r"Cert Status: (\w+)", text) == ["good", "revoked", "revoked", "unknown"]
    assert re.findall(r"Revocation Reason: (\w+)", text) == ["certificateHold", "keyCompromise"]
    assert re.findall(r"Invalidity Date: *\n *(.+)", text) == ["Jan  5 09:30:00 2026 GMT"]
    assert re.findall(r"Serial Number: (\w+)", text)[:3] == [
        each.hex.upper() for each in (CARD, SECOND, THIRD)
    ]


@pytest.mark.openssl
def test_openssl_reads_our_request(der_ca: Authority) -> None:
    ids = [
        make_cert_id(der_ca.name.der, der_ca.public_key, serial.value, digest)
        for serial, digest in ((CARD, "sha1"), (SECOND, "sha256"))
    ]
    (der_ca.folder / "own.req").write_bytes(encode_request(ids, b"n" * 32))
    text = run(der_ca.folder, "openssl", "ocsp", "-reqin", "own.req", "-req_text", "-noverify")
    assert "Hash Algorithm: sha1" in text
    assert "Hash Algorithm: sha256" in text
    assert f"Serial Number: {CARD.hex.upper()}" in text
    assert "OCSP Nonce" in text


@pytest.mark.openssl
def test_openssl_reads_negative_answers(der_ca: Authority) -> None:
    for error, word in (
        (OcspError.MALFORMED_REQUEST, "malformedrequest"),
        (OcspError.TRY_LATER, "trylater"),
        (OcspError.UNAUTHORIZED, "unauthorized"),
    ):
        (der_ca.folder / "error.resp").write_bytes(encode_error(error))
        done = subprocess.run(
            ["openssl", "ocsp", "-respin", "error.resp", "-noverify"],
            cwd=der_ca.folder, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert f"Responder Error: {word}" in done.stdout + done.stderr


@pytest.mark.certtool
def test_gnutls_reads_and_verifies_our_answer(der_ca: Authority) -> None:
    request = encode_request(
        [make_cert_id(der_ca.name.der, der_ca.public_key, SECOND.value)], b"n" * 32
    )
    der = answer(der_ca, request)
    (der_ca.folder / "g.resp").write_bytes(der)
    text = run(der_ca.folder, "ocsptool", "--response-info", "--infile", "g.resp", "--inder")
    assert "Certificate Status: revoked" in text
    assert f"Serial Number: {SECOND.hex}" in text
    assert "Nonce: " + (b"n" * 32).hex() in text
    verified = run(
        der_ca.folder, "ocsptool", "--verify-response", "--load-trust", "ca.pem",
        "--infile", "g.resp", "--inder",
    )  # fmt: skip
    assert "Verifying OCSP Response: Success" in verified


@pytest.mark.openssl
def test_we_read_what_openssl_answers(der_ca: Authority) -> None:
    key_pem = der_ca.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (der_ca.folder / "ca.key").write_bytes(key_pem)
    expiry = (NOW + timedelta(days=1000)).strftime("%y%m%d%H%M%SZ")
    revoked = (NOW - timedelta(hours=2)).strftime("%y%m%d%H%M%SZ")
    (der_ca.folder / "index.txt").write_text(
        f"V\t{expiry}\t\t{CARD.hex.upper()}\tunknown\t/CN=a\n"
        f"R\t{expiry}\t{revoked},keyTime,20260105093000Z\t{THIRD.hex.upper()}\tunknown\t/CN=b\n"
    )
    serials = (CARD, THIRD, SerialNumber(99))
    ids = [make_cert_id(der_ca.name.der, der_ca.public_key, each.value) for each in serials]
    (der_ca.folder / "b.req").write_bytes(encode_request(ids, b"n" * 16))
    run(
        der_ca.folder,
        "openssl", "ocsp", "-index", "index.txt", "-CA", "ca.pem", "-rsigner", "ca.pem",
        "-rkey", "ca.key", "-reqin", "b.req", "-respout", "b.resp", "-ndays", "1", "-rmd", "sha256",
    )  # fmt: skip
    response = read_response((der_ca.folder / "b.resp").read_bytes())
    assert isinstance(response, OcspResponse)
    assert response.algorithm is der_ca.algorithm
    assert response.responder_name == der_ca.name.der
    assert response.nonce == b"n" * 16
    assert [single.cert_id.der for single in response.singles] == [each.der for each in ids]
    assert [single.status for single in response.singles] == [Good(), STATUSES[THIRD], None]
    assert response.certificates == (der_ca.certificate.der,)
