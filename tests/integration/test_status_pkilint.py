"""OCSP answers and CRLs as pkilint judges them."""

import io
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from pkilint.bin import lint_crl, lint_ocsp_response

from crl.build import CrlIssuer
from crl.policy import CrlPolicy
from crl.service import CrlService
from fakes.status import ISSUER, FakeCrlStore
from ocsp.issuers import HASHES
from pki.der.ocsp import OcspError, encode_error, encode_request
from pki.domain.identifiers import SerialNumber
from pki.domain.reasons import RevocationReason
from pki.domain.records import CrlList
from pki.domain.status import (
    CertificateStatus,
    Good,
    OnHold,
    Revoked,
    Unconfirmed,
    crl_entry,
)
from pki.trust.signatures import verify_signature
from status_side.bench import OTHER_CA, cert_id, response
from status_side.house import CA, GOOD, HELD, NEVER, NEW, NOW, REVOKED, Status
from status_side.small_pki import SERIALS, PlainSigner


@pytest.fixture(params=["ec", "rsa"])
def status(request: pytest.FixtureRequest, tmp_path: Path) -> Status:
    return Status(tmp_path, request.param)


Lint = Callable[..., int]
URL = "http://status.example.com/crl/token-ca"


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


@pytest.mark.parametrize("hash_name", HASHES)
async def test_pkilint_finds_nothing_in_an_answer_to_several(
    status: Status, lint: Lint, hash_name: str
) -> None:
    """Of every status at once, with one of another CA between them."""
    asked = [cert_id(serial, hash_name, CA) for serial in (GOOD, HELD, REVOKED, NEW, NEVER)]
    asked.insert(2, cert_id(GOOD, hash_name, OTHER_CA))
    answer = await status.bench.post(encode_request(asked, None))
    assert len(response(answer).singles) == len(asked)
    assert lint(lint_ocsp_response.main, answer.body) == 0


@pytest.mark.parametrize("size", [1, 128])
async def test_pkilint_finds_nothing_in_the_longest_and_shortest_nonce(
    status: Status, lint: Lint, size: int
) -> None:
    body = encode_request([cert_id(GOOD, ca=CA)], b"n" * size)
    answer = await status.bench.post(body)
    assert response(answer).nonce == b"n" * size
    assert lint(lint_ocsp_response.main, answer.body) == 0


@pytest.mark.parametrize("error", OcspError)
def test_pkilint_finds_nothing_in_a_refusal(lint: Lint, error: OcspError) -> None:
    assert lint(lint_ocsp_response.main, encode_error(error)) == 0


EARLIER = NOW - timedelta(days=3)
LISTED: Mapping[str, Mapping[SerialNumber, CertificateStatus]] = {
    "nothing": {GOOD: Good(), NEW: Unconfirmed(since=NOW)},
    "a hold": {HELD: OnHold(since=NOW)},
    "no reason": {REVOKED: Revoked(at=NOW, reason=None)},
    "a date of compromise": {
        REVOKED: Revoked(at=NOW, reason=RevocationReason.KEY_COMPROMISE, compromised_since=EARLIER)
    },
    "every reason": {
        SerialNumber((1 << 157) + reason): Revoked(at=NOW, reason=reason)
        for reason in set(RevocationReason) - {RevocationReason.CERTIFICATE_HOLD}
    },
}


@pytest.mark.parametrize("listed", LISTED)
async def test_pkilint_finds_nothing_in_a_crl(status: Status, lint: Lint, listed: str) -> None:
    """The first one, and one that follows it."""
    status.bench.store.statuses.clear()
    status.bench.store.statuses.update(LISTED[listed])
    expected = sum(crl_entry(each) is not None for each in LISTED[listed].values())
    for last in (False, False, True):
        crl = (await status.crl_service.publish_next(last=last)).whole
        assert crl.entries == expected
        assert lint(lint_crl.main, crl.der, "-t", "CRL", "-p", "PKIX") == 0


@pytest.mark.parametrize("part", [None, 0, 1])
async def test_pkilint_finds_nothing_in_a_part_and_its_delta(
    status: Status, lint: Lint, part: int | None
) -> None:
    """Also where the delta takes a lifted hold off the list."""
    where = {} if part is None else {"parts": 2, "part": part, "point": f"{URL}.crl"}
    own = CrlList(issuer=ISSUER, delta=f"{URL}-delta.crl", **where)  # type: ignore[arg-type] # just above
    store = FakeCrlStore(status.bench.store)
    service = CrlService(
        CrlIssuer.of(ISSUER, CA.certificate, own),
        PlainSigner(CA.key),
        store,
        verify=verify_signature,
        clock=status.bench.clock,
        policy=CrlPolicy(),
    )
    for serial in SERIALS:
        status.bench.store.change(serial, OnHold(since=NOW))
    await service.publish_next()
    for serial in SERIALS[:4]:
        status.bench.store.change(serial, Good())
    status.bench.clock.advance(60)
    await service.publish_next()
    deltas = [each for each in store.published if each.issuer == own.delta_id]
    assert deltas[-1].entries > 0
    for crl in store.published:
        assert lint(lint_crl.main, crl.der, "-t", "CRL", "-p", "PKIX") == 0


async def test_pkilint_would_see_a_fault(status: Status, lint: Lint) -> None:
    good = (await status.crl_service.publish_next()).whole.der
    this_update = b"\x17\x0d" + status.bench.clock.now().strftime("%y%m%d%H%M%SZ").encode()
    assert good.count(this_update) == 1
    backwards = good.replace(this_update, b"\x17\x0d491231235959Z")
    assert lint(lint_crl.main, backwards, "-t", "CRL", "-p", "PKIX") > 0
