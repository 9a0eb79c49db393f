"""Proofs that a key was made on the card: looked at, needed, kept and recorded by the rule."""

from dataclasses import replace
from datetime import datetime

import pytest

from fakes.issuance import Surroundings
from issuance.attesting.rule import AttestationRule
from issuing.holder import KEY, Holder, refusals
from pki.domain.errors import Refused
from pki.domain.events import CertificateIssued
from pki.domain.evidence.attestation import Attestation, CardKeyAttested
from pki.domain.reasons import RefusalReason

PROOF = (b"proof of " + KEY, b"its maker")


class FakeJudge:
    """Believes a proof that names the key."""

    def judge(self, chain: tuple[bytes, ...], public_key: bytes, at: datetime, /) -> None:
        del at
        if chain[0] != b"proof of " + public_key:
            raise Refused(reason=RefusalReason.ATTESTATION_NOT_TRUSTED, message="another key")


@pytest.fixture
def around(request: pytest.FixtureRequest) -> Surroundings:
    made = Surroundings()
    rule = getattr(request, "param", AttestationRule(judge=FakeJudge()))
    made.desk = replace(made.desk, attestation=rule)
    return made


@pytest.fixture
async def holder(around: Surroundings) -> Holder:
    made = Holder(around)
    await made.begin()
    await made.order()
    return made


NEEDED = AttestationRule(judge=FakeJudge(), needed=True)
any_rule = pytest.mark.parametrize(
    "around", [AttestationRule(judge=FakeJudge()), NEEDED], indirect=True, ids=["record", "require"]
)


@any_rule
async def test_a_proof_that_holds_is_kept_and_recorded(
    around: Surroundings, holder: Holder
) -> None:
    certified = await holder.certify(attestation=PROOF)
    serial = certified.card.serial
    assert serial is not None
    proof = Attestation(serial=serial, chain=PROOF)
    assert around.store.tables.attestations == {serial: proof}
    (entry,) = around.store.events(CardKeyAttested)
    (issued,) = around.store.events(CertificateIssued)
    assert isinstance(entry.event, CardKeyAttested)
    assert isinstance(issued.event, CertificateIssued)
    assert (entry.event.serial, entry.event.card) == (issued.event.serial, certified.card.id)
    assert entry.event.attestation_sha256 == proof.sha256
    assert entry.at == issued.at


@any_rule
async def test_a_proof_that_does_not_hold_is_refused_before_anything_is_signed(
    around: Surroundings, holder: Holder
) -> None:
    with pytest.raises(Refused):
        await holder.certify(attestation=(b"proof of another key",))
    assert refusals(around) == [RefusalReason.ATTESTATION_NOT_TRUSTED]
    assert not around.store.tables.intents
    assert not around.authority.signed


async def test_none_is_needed_unless_the_rule_says_so(around: Surroundings, holder: Holder) -> None:
    await holder.certify()
    assert not around.store.tables.attestations
    assert not around.store.events(CardKeyAttested)


@pytest.mark.parametrize("around", [NEEDED], indirect=True)
async def test_a_key_without_a_needed_proof_is_refused(
    around: Surroundings, holder: Holder
) -> None:
    with pytest.raises(Refused):
        await holder.certify()
    assert refusals(around) == [RefusalReason.KEY_NOT_ATTESTED]
    assert not around.store.tables.intents
    await holder.certify(attestation=PROOF)


@pytest.mark.parametrize("around", [AttestationRule()], indirect=True)
async def test_without_a_judge_a_proof_is_neither_judged_nor_kept(
    around: Surroundings, holder: Holder
) -> None:
    await holder.certify(attestation=(b"anything",))
    assert not around.store.tables.attestations


async def test_repeating_the_request_keeps_the_first_proof(
    around: Surroundings, holder: Holder
) -> None:
    first = await holder.certify(attestation=PROOF)
    again = await holder.certify(attestation=(PROOF[0], b"another maker"))
    assert again.certificate == first.certificate
    (kept,) = around.store.tables.attestations.values()
    assert kept.chain == PROOF
    assert len(around.store.events(CardKeyAttested)) == 1


def test_a_writer_is_told_what_is_done_with_proofs() -> None:
    assert AttestationRule().policy == "ignore"
    assert AttestationRule(judge=FakeJudge()).policy == "record"
    assert NEEDED.policy == "require"
