"""OCSP and CRLs through the listener, as programs see them that are not ours."""

import base64
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import pytest

from pki.der.ocsp import encode_request
from pki.domain.status import Good, OnHold
from status_side.bench import cert_id
from status_side.house import CA, GOOD, HELD, NEVER, NEW, NOW, REVOKED, Status, run


@pytest.fixture(params=["ec", "rsa"])
async def status(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Status]:
    made = Status(tmp_path, request.param)
    async with made.running():
        yield made


@pytest.mark.openssl
@pytest.mark.parametrize("digest", ["-sha1", "-sha256", "-sha384", "-sha512"])
async def test_openssl_ocsp_in_every_hash_with_and_without_nonce(
    status: Status, digest: str
) -> None:
    for nonce in ("-nonce", "-no_nonce", "-no_nonce"):
        said = await status.openssl_ocsp(nonce, digest, "-cert", status.cards[GOOD])
        assert f"{status.cards[GOOD]}: good" in said
        assert "WARNING" not in said
    assert status.bench.given("hit") == 1


@pytest.mark.openssl
async def test_openssl_ocsp_sees_each_status(status: Status) -> None:
    cards = [part for card in status.cards.values() for part in ("-cert", card)]
    said = await status.openssl_ocsp(*cards)
    assert f"{status.cards[GOOD]}: good" in said
    assert f"{status.cards[NEVER]}: unknown" in said
    for card in (HELD, REVOKED, NEW):
        assert f"{status.cards[card]}: revoked" in said
    assert said.count("Reason: certificateHold") == 2
    assert said.count("Reason: keyCompromise") == 1


@pytest.mark.openssl
async def test_openssl_ocsp_sees_a_block_and_its_end_at_once(status: Status) -> None:
    asked: list[str | Path] = ["-no_nonce", "-cert", status.cards[GOOD]]
    assert ": good" in await status.openssl_ocsp(*asked)
    status.bench.store.change(GOOD, OnHold(since=NOW))
    assert "Reason: certificateHold" in await status.openssl_ocsp(*asked)
    status.bench.store.change(GOOD, Good())
    assert ": good" in await status.openssl_ocsp(*asked)


@pytest.mark.openssl
@pytest.mark.parametrize("encoded", [True, False], ids=["percent-encoded", "raw"])
async def test_curl_gets_what_openssl_verifies(status: Status, *, encoded: bool) -> None:
    text = base64.b64encode(encode_request([cert_id(GOOD, ca=CA)])).decode()
    url = f"{status.url}/ocsp/{quote(text, safe='') if encoded else text}"
    kept, head = status.folder / "answer.der", status.folder / "head"
    for _ in range(2):
        await run("curl", "-sS", "--fail", "-D", head, "-o", kept, url)
        said = await run(
            "openssl",
            "ocsp",
            "-respin",
            kept,
            "-CAfile",
            status.ca,
            "-issuer",
            status.ca,
            "-no_nonce",
            "-sha256",
            "-cert",
            status.cards[GOOD],
        )
        assert ": good" in said
    assert status.bench.given("hit") == 1
    etag = next(line for line in head.read_text().splitlines() if line.startswith("ETag: "))
    again = await run("curl", "-sS", "-i", "-H", f"If-None-Match: {etag[6:]}", url)
    assert again.startswith("HTTP/1.1 304 ")
    assert "Content-Length" in await run("curl", "-sS", "-I", url)


@pytest.mark.certtool
async def test_gnutls_asks_and_verifies(status: Status) -> None:
    for card, told in ((GOOD, "good"), (HELD, "revoked"), (NEVER, "unknown")):
        said = await run(
            "ocsptool",
            f"--ask={status.url}/ocsp",
            f"--load-cert={status.cards[card]}",
            f"--load-issuer={status.ca}",
            f"--load-trust={status.ca}",
        )
        assert "Verifying OCSP Response: Success." in said
        assert f"Certificate Status: {told}" in said


@pytest.mark.openssl
async def test_openssl_reads_and_uses_the_crl(status: Status) -> None:
    await status.crl_service.publish_next()
    crl = status.folder / "crl.der"
    await run("curl", "-sS", "--fail", "-o", crl, f"{status.url}/crl/token-ca.crl")
    shown = await run(
        "openssl", "crl", "-inform", "DER", "-in", crl, "-CAfile", status.ca, "-noout", "-text"
    )
    assert "verify OK" in shown
    assert "CRL Number" in shown
    assert shown.count("Serial Number: ") == 2
    assert "Certificate Hold" in shown
    as_pem = status.folder / "crl.pem"
    await run("openssl", "crl", "-inform", "DER", "-in", crl, "-out", as_pem)
    check: list[str | Path] = [
        "openssl",
        "verify",
        "-crl_check",
        "-CAfile",
        status.ca,
        "-CRLfile",
        as_pem,
    ]
    assert ": OK" in await run(*check, status.cards[GOOD])
    for card in (HELD, REVOKED):
        assert "certificate revoked" in await run(*check, status.cards[card], status=2)


@pytest.mark.certtool
async def test_gnutls_reads_and_verifies_the_crl(status: Status) -> None:
    await status.crl_service.publish_next()
    crl = status.folder / "crl.der"
    await run("curl", "-sS", "--fail", "-o", crl, f"{status.url}/crl/token-ca.crl")
    ca = status.file("ca.der", CA.certificate)
    shown = await run("certtool", "--crl-info", "--inder", f"--infile={crl}")
    assert "Revoked certificates (2):" in shown
    verified = await run(
        "certtool",
        "--verify-crl",
        "--inder",
        f"--infile={crl}",
        f"--load-ca-certificate={ca}",
    )
    assert "Verified" in verified


@pytest.mark.openssl
async def test_the_ca_certificate_is_the_one_that_signed(status: Status) -> None:
    made = status.folder / "ca.cer"
    await run("curl", "-sS", "--fail", "-o", made, f"{status.url}/ca/token-ca.cer")
    assert made.read_bytes() == CA.certificate
    as_pem = status.folder / "fetched.pem"
    await run("openssl", "x509", "-inform", "DER", "-in", made, "-out", as_pem)
    assert "OK" in await run("openssl", "verify", "-CAfile", as_pem, status.cards[GOOD])
