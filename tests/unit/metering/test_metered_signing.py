"""What is counted around signers, and of certificates that end."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast

import pytest

from ca.authority import CertificationAuthority, Generations
from pki.domain.algorithms import SignatureAlgorithm
from pki.domain.errors import LintFailed, SignatureBroken, SignerUnavailable
from pki.domain.identifiers import IssuerId
from pki.ports import PieceSigner, sign_pieces
from pki.telemetry.metrics import Metrics
from server.metering.expiring import ending_within
from server.metering.signing import CRL, Meters
from stores.samples import NOON


@dataclass
class Scripted:
    """A signer that signs, or fails as it is told."""

    failure: Exception | None = None
    algorithm: SignatureAlgorithm = SignatureAlgorithm.ECDSA_SHA256
    public_key: bytes = b"key"
    asked: list[bytes] = field(default_factory=list)

    async def sign(self, message: bytes) -> bytes:
        self.asked.append(message)
        if self.failure is not None:
            raise self.failure
        return b"signature"


def exposed(metrics: Metrics, name: str) -> list[str]:
    lines = metrics.expose().decode().splitlines()
    return [each for each in lines if each.startswith(name)]


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def meters(metrics: Metrics) -> Meters:
    made = Meters(metrics)
    metrics.add_source("signatures", made)
    return made


async def test_signatures_are_counted_by_key_and_purpose(metrics: Metrics, meters: Meters) -> None:
    signer = meters.signer(Scripted(), "g1", CRL)
    assert isinstance(signer, PieceSigner)
    assert await sign_pieces(signer, [b"a", b"b"]) == b"signature"
    assert await signer.sign(b"c") == b"signature"
    assert exposed(metrics, "zorgid_signatures_total") == [
        'zorgid_signatures_total{key="g1",purpose="crl"} 2.0'
    ]
    assert 'zorgid_sign_duration_seconds_count{key="g1"} 2.0' in exposed(metrics, "zorgid_sign")
    assert exposed(metrics, "zorgid_signatures_pending") == [
        'zorgid_signatures_pending{key="g1"} 0.0'
    ]


@pytest.mark.parametrize("failure", [SignerUnavailable, SignatureBroken])
async def test_failures_are_counted_by_their_code(
    failure: type[SignerUnavailable], metrics: Metrics, meters: Meters
) -> None:
    signer = meters.signer(Scripted(failure(message="gone")), "g1", CRL)
    with pytest.raises(failure):
        await signer.sign(b"c")
    assert exposed(metrics, "zorgid_signature_errors_total") == [
        f'zorgid_signature_errors_total{{error="{failure.code}",key="g1"}} 1.0'
    ]
    assert not exposed(metrics, "zorgid_signatures_total")
    assert exposed(metrics, "zorgid_signatures_pending")[0].endswith(" 0.0")


class Breaking:
    """A CA whose every certificate breaks two rules."""

    issuer = IssuerId("g1")
    chain = (b"der",)

    def prepare_card(self, *_: object) -> None:
        raise LintFailed(message="broken", findings=("first", "second"))

    prepare_responder = prepare_card

    async def sign(self, *_: object) -> None:
        self.prepare_card()


async def test_broken_rules_are_counted(metrics: Metrics, meters: Meters) -> None:
    inner = Generations([cast("CertificationAuthority", Breaking())], issues=set())
    authority = meters.authorities(inner).of(IssuerId("g1"))
    assert (authority.issuer, authority.chain) == (IssuerId("g1"), (b"der",))
    nobody: Any = None
    with pytest.raises(LintFailed):
        authority.prepare_card(nobody, b"", NOON)
    with pytest.raises(LintFailed):
        authority.prepare_responder(b"", NOON)
    with pytest.raises(LintFailed):
        await authority.sign(b"tbs")
    assert exposed(metrics, "zorgid_lint_findings_total") == [
        'zorgid_lint_findings_total{severity="error"} 6.0'
    ]


class Stored:
    """Certificates that end in so many days."""

    ENDS = (0, 1, 30, 31, 90, 91)

    def certificates_ending(self, after: Any, upto: Any) -> int:
        return sum(after < NOON + timedelta(days=each) <= upto for each in self.ENDS)


def test_what_ends_within_a_time_is_counted_from_now() -> None:
    assert ending_within(Stored(), NOON) == {30: 2, 90: 4}
