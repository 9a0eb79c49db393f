"""OCSP and CRLs through the listener, as programs see them that are not ours."""

import asyncio
import base64
import io
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pkilint.bin import lint_crl, lint_ocsp_response

from crl.build import CrlIssuer
from crl.http import CrlHandler
from crl.policy import CrlPolicy
from crl.service import CrlService
from fakes_status import ISSUER, FakeClock, FakeCrlStore, listening
from ocsp_bench import Bench, cert_id
from pki.der.ocsp import encode_request
from pki.domain.identifiers import SerialNumber
from pki.domain.reasons import RevocationReason
from pki.domain.status import CertificateStatus, Good, OnHold, Revoked, Unconfirmed
from pki.ports import SystemClock
from pki.trust.signatures import verify_signature
from server.status_listener import Handler
from status_pki import SERIALS, PlainSigner, PracticeCa, new_key

NOW: Final = SystemClock().now()
CA: Final = PracticeCa("Token CA", new_key("ca"), NOW - timedelta(days=1))
GOOD, HELD, REVOKED, NEW, NEVER, *_ = SERIALS
STATUSES: Final[dict[SerialNumber, CertificateStatus]] = {
    GOOD: Good(),
    HELD: OnHold(since=NOW - timedelta(minutes=5)),
    REVOKED: Revoked(at=NOW - timedelta(minutes=9), reason=RevocationReason.KEY_COMPROMISE),
    NEW: Unconfirmed(since=NOW - timedelta(minutes=1)),
}


def pem(der: bytes) -> bytes:
    return x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM)


class Status:
    """The whole status side on a free port, and files for the programs that ask it."""

    def __init__(self, folder: Path, key_kind: str) -> None:
        self.folder = folder
        self.bench = Bench(clock=FakeClock(NOW), ca=CA, key_kind=key_kind)
        self.bench.store.statuses.update(STATUSES)
        crls = FakeCrlStore(self.bench.store)
        policy = CrlPolicy()
        self.crl_service = CrlService(
            CrlIssuer.of(ISSUER, CA.certificate),
            PlainSigner(CA.key),
            crls,
            verify=verify_signature,
            clock=self.bench.clock,
            policy=policy,
        )
        self.crl_handler = CrlHandler(
            crls,
            issued={"token-ca": ISSUER},
            fixed={},
            certificates={"token-ca": CA.certificate},
            clock=self.bench.clock,
            policy=policy,
        )
        self.bench.store.listeners.append(self.crl_handler.apply)
        self.ca = self.file("ca.pem", pem(CA.certificate))
        self.cards = {
            serial: self.file(f"{serial}.pem", pem(CA.card(serial)))
            for serial in (GOOD, HELD, REVOKED, NEW, NEVER)
        }
        self.port = 0

    def file(self, name: str, content: bytes) -> Path:
        path = self.folder / name
        path.write_bytes(content)
        return path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        routes: dict[bytes, Handler] = {
            b"/ocsp": self.bench.handler,
            b"/crl/": self.crl_handler,
            b"/ca/": self.crl_handler,
        }
        async with listening(routes) as (_, self.port):
            yield

    async def openssl_ocsp(self, *arguments: str | Path) -> str:
        done = await run(
            "openssl",
            "ocsp",
            "-issuer",
            self.ca,
            "-CAfile",
            self.ca,
            "-url",
            f"{self.url}/ocsp",
            *arguments,
        )
        assert "Response verify OK" in done
        return done


async def run(*command: str | Path, status: int = 0) -> str:
    """Run a program; its output and errors in one."""
    process = await asyncio.create_subprocess_exec(
        *map(str, command),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    text = output.decode("utf-8", "replace")
    assert process.returncode == status, text
    return text


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
    assert status.bench.responder.statistics.hits == 1


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
    assert status.bench.responder.statistics.hits == 1
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


Lint = Callable[..., int]


@pytest.fixture
def lint(monkeypatch: pytest.MonkeyPatch) -> Lint:
    """How many findings pkilint has, which prints each; it reads what it is given from stdin."""

    def linted(main: Callable[[list[str]], int], der: bytes, *arguments: str) -> int:
        octets = io.BytesIO(der)
        octets.name = "what is linted"
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(octets))
        return main(["lint", "-s", "NOTICE", "--document-format", "DER", *arguments, "-"])

    return linted


async def test_pkilint_finds_nothing_in_any_answer(status: Status, lint: Lint) -> None:
    for serial in (GOOD, HELD, REVOKED, NEW, NEVER):
        body = encode_request([cert_id(serial, ca=CA)], b"n" * 32 if serial is REVOKED else None)
        assert lint(lint_ocsp_response.main, (await status.bench.post(body)).body) == 0


async def test_pkilint_finds_nothing_in_the_crl(status: Status, lint: Lint) -> None:
    crl = await status.crl_service.publish_next()
    assert lint(lint_crl.main, crl.der, "-t", "CRL", "-p", "PKIX") == 0


async def test_pkilint_would_see_a_fault(status: Status, lint: Lint) -> None:
    good = (await status.crl_service.publish_next()).der
    this_update = b"\x17\x0d" + NOW.strftime("%y%m%d%H%M%SZ").encode()
    assert good.count(this_update) == 1
    backwards = good.replace(this_update, b"\x17\x0d491231235959Z")
    assert lint(lint_crl.main, backwards, "-t", "CRL", "-p", "PKIX") > 0
