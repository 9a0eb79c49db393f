"""Every kind of CRL, as openssl, gnutls and pkilint judge it."""

import asyncio
import io
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pkilint.bin import lint_crl

from crl.build import CrlIssuer
from crl.policy import CrlPolicy
from crl.service import CrlService
from fakes.status import ISSUER, FakeClock, FakeCrlStore, FakeStore
from pki.domain.reasons import RevocationReason
from pki.domain.records import CrlList, PublishedCrl, part_of
from pki.domain.status import Good, OnHold, Revoked
from pki.ports import SystemClock
from pki.trust.signatures import verify_signature
from status_side.house import CA, NOW, pem, run
from status_side.small_pki import SERIALS, PlainSigner

HELD, LIFTED, REVOKED, GOOD, *_ = SERIALS
URL = "http://127.0.0.1:9/crl/token-ca"
WHOLE = CrlList(issuer=ISSUER, delta=f"{URL}-delta.crl")
PART = CrlList(issuer=ISSUER, parts=2, part=part_of(REVOKED, 2), point=f"{URL}-part.crl")
KINDS = {"whole": WHOLE.id, "delta": WHOLE.delta_id, "part": PART.id}


async def published() -> dict[str, PublishedCrl]:
    """A complete CRL with its delta, and a part; a hold was lifted since the delta's base."""
    clock = FakeClock(SystemClock().now() - timedelta(seconds=5))
    store = FakeStore(clock)
    crls = FakeCrlStore(store)
    store.change(LIFTED, OnHold(since=NOW - timedelta(minutes=5)))
    for turn in range(2):
        for crl_list in (WHOLE, PART):
            await CrlService(
                CrlIssuer.of(ISSUER, CA.certificate, crl_list),
                PlainSigner(CA.key),
                crls,
                verify=verify_signature,
                clock=clock,
                policy=CrlPolicy(),
            ).publish_next()
        if not turn:
            store.change(LIFTED, Good())
            store.change(HELD, OnHold(since=NOW - timedelta(minutes=4)))
            store.change(
                REVOKED,
                Revoked(
                    at=NOW - timedelta(minutes=3),
                    reason=RevocationReason.KEY_COMPROMISE,
                    compromised_since=datetime(2026, 1, 5, 9, 30, 7, 8, tzinfo=UTC),
                ),
            )
    return {
        kind: [crl for crl in crls.published if crl.issuer == name][-1]
        for kind, name in KINDS.items()
    }


@pytest.fixture(scope="module")
def crls() -> dict[str, PublishedCrl]:
    return asyncio.run(published())


@pytest.mark.parametrize("kind", KINDS)
def test_pkilint_finds_nothing(
    kind: str, crls: dict[str, PublishedCrl], monkeypatch: pytest.MonkeyPatch
) -> None:
    octets = io.BytesIO(crls[kind].der)
    octets.name = kind
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(octets))
    main: Callable[[list[str]], int] = lint_crl.main
    command = ["lint", "-s", "NOTICE", "--document-format", "DER", "-t", "CRL", "-p", "PKIX", "-"]
    assert main(command) == 0


@pytest.mark.parametrize("kind", KINDS)
async def test_openssl_and_gnutls_verify_and_read_it(
    kind: str, crls: dict[str, PublishedCrl], tmp_path: Path
) -> None:
    ca, crl, text = tmp_path / "ca.pem", tmp_path / "a.crl", tmp_path / "crl.pem"
    ca.write_bytes(pem(CA.certificate))
    crl.write_bytes(crls[kind].der)
    told = await run(
        "openssl", "crl", "-inform", "DER", "-in", crl, "-CAfile", ca, "-text", "-out", text
    )
    told += text.read_text()
    assert "verify OK" in told
    assert ("Delta CRL Indicator: critical" in told) == (kind == "delta")
    assert ("Issuing Distribution Point: critical" in told) == (kind == "part")
    assert ("Freshest CRL" in told) == (kind == "whole")
    assert ("Remove From CRL" in told) == (kind == "delta")
    assert re.findall(r"Invalidity Date: *\n *(.+)", told) == ["Jan  5 09:30:07 2026 GMT"]
    asked = ("certtool", "--verify-crl", "--load-ca-certificate", ca, "--infile", text)
    assert "Verified" in await run(*asked)


async def test_openssl_judges_cards_by_a_complete_crl_and_its_delta(
    crls: dict[str, PublishedCrl], tmp_path: Path
) -> None:
    ca = tmp_path / "ca.pem"
    ca.write_bytes(pem(CA.certificate))
    for kind, crl in crls.items():
        der = tmp_path / f"{kind}.der"
        der.write_bytes(crl.der)
        await run("openssl", "crl", "-inform", "DER", "-in", der, "-out", tmp_path / f"{kind}.pem")
    both = tmp_path / "both.pem"
    both.write_text((tmp_path / "whole.pem").read_text() + (tmp_path / "delta.pem").read_text())
    for serial, revoked in ((GOOD, False), (LIFTED, False), (HELD, True), (REVOKED, True)):
        card = tmp_path / "card.pem"
        card.write_bytes(pem(CA.card(serial)))
        for name, more in ((tmp_path / "whole.pem", ()), (both, ("-use_deltas", "-extended_crl"))):
            command = ("openssl", "verify", "-crl_check", *more, "-CAfile", ca, "-CRLfile", name)
            told = await run(*command, card, status=2 if revoked else 0)
            assert ("certificate revoked" in told) == revoked
