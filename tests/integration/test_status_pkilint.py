"""OCSP answers and CRLs as pkilint judges them."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from pkilint.bin import lint_crl, lint_ocsp_response

from ocsp_bench import cert_id
from pki.der.ocsp import encode_request
from status_house import CA, GOOD, HELD, NEVER, NEW, REVOKED, Status


@pytest.fixture(params=["ec", "rsa"])
def status(request: pytest.FixtureRequest, tmp_path: Path) -> Status:
    return Status(tmp_path, request.param)


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
    this_update = b"\x17\x0d" + status.bench.clock.now().strftime("%y%m%d%H%M%SZ").encode()
    assert good.count(this_update) == 1
    backwards = good.replace(this_update, b"\x17\x0d491231235959Z")
    assert lint(lint_crl.main, backwards, "-t", "CRL", "-p", "PKIX") > 0
