"""What a CRL says, and that nothing wrong is published."""

from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from crl.build import CrlIssuer, Draft, imported
from crl.plan import Present, pause_after, relisted, seconds_until_due
from crl.policy import CrlPolicy
from crl.roll import gather
from crl.service import CrlService
from fakes.status import CARD as CARD_ID
from fakes.status import ISSUER, START, FakeClock, FakeCrlStore, FakeStore
from pki.der.crl import read_crl
from pki.domain.errors import (
    ConfigurationInvalid,
    Conflict,
    IntegrityBroken,
    KeyMismatch,
    LintFailed,
    Malformed,
    SignatureBroken,
    SignerBusy,
)
from pki.domain.events import (
    CardConfirmed,
    CardLapsed,
    IntentClosed,
    RestoreConfirmed,
    ServiceStarted,
)
from pki.domain.reasons import RevocationReason
from pki.domain.records import CrlPiece
from pki.domain.status import Good, OnHold, Revoked, Unconfirmed
from pki.keys.checked import CheckedSigner
from pki.ports import Signer
from pki.trust.signatures import verify_signature
from status_side.listed_rows import listed_row
from status_side.small_pki import SERIALS, PlainSigner, PracticeCa, new_key

A, B, C, D, *_ = SERIALS
CA = PracticeCa("Token CA", new_key("ca"))


class CrlBench:
    def __init__(self, policy: CrlPolicy | None = None) -> None:
        self.clock = FakeClock()
        self.store = FakeStore(self.clock)
        self.crls = FakeCrlStore(self.store)
        self.signer = PlainSigner(CA.key)
        self.issuer = CrlIssuer.of(ISSUER, CA.certificate)
        self.policy = policy or CrlPolicy()
        self.service = self.make_service()

    def make_service(self, signer: Signer | None = None) -> CrlService:
        return CrlService(
            self.issuer,
            signer or self.signer,
            self.crls,
            verify=verify_signature,
            clock=self.clock,
            policy=self.policy,
        )


@pytest.fixture
def bench() -> CrlBench:
    return CrlBench()


async def test_what_is_listed_as_another_library_reads_it(bench: CrlBench) -> None:
    bench.store.statuses = {
        A: OnHold(since=START),
        B: Revoked(at=START - timedelta(hours=1), reason=None),
        C: Revoked(at=START, reason=RevocationReason.KEY_COMPROMISE),
        D: Good(),
        SERIALS[4]: Unconfirmed(since=START),
    }
    bench.store.change(D, Good())
    crl = (await bench.service.publish_next()).whole
    read = x509.load_der_x509_crl(crl.der)
    key = CA.key.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert read.is_signature_valid(key)
    assert read.issuer == x509.load_der_x509_certificate(CA.certificate).subject
    assert (crl.number, crl.entries, crl.upto) == (1, 3, 1)
    assert read.last_update_utc == START
    assert read.next_update_utc == START + timedelta(hours=48)
    assert [entry.serial_number for entry in read] == [A.value, B.value, C.value]
    reasons = [[extension.value.reason for extension in entry.extensions] for entry in read]
    assert reasons == [[x509.ReasonFlags.certificate_hold], [], [x509.ReasonFlags.key_compromise]]
    assert read_crl(crl.der).expired_certs_on_crl == CA.start


async def test_an_empty_crl_has_no_list(bench: CrlBench) -> None:
    crl = (await bench.service.publish_next()).whole
    assert read_crl(crl.der).entries == {}


async def test_numbers_rise_by_one_also_over_a_restart(bench: CrlBench) -> None:
    numbers = [(await bench.service.publish_next()).whole.number for _ in range(2)]
    bench.service = bench.make_service()
    numbers.append((await bench.service.publish_next()).whole.number)
    assert numbers == [1, 2, 3]


async def test_a_clock_that_was_set_back_does_not_age_the_crl(bench: CrlBench) -> None:
    first = (await bench.service.publish_next()).whole
    bench.clock.advance(-86400)
    bench.store.change(A, OnHold(since=START))
    second = (await bench.service.publish_next()).whole
    assert (second.this_update, second.next_update) == (first.this_update, first.next_update)
    assert A.value in read_crl(second.der).entries


async def test_a_revocation_that_disappears_stops_publication(bench: CrlBench) -> None:
    bench.store.statuses[A] = Revoked(at=START, reason=None)
    await bench.service.publish_next()
    del bench.store.statuses[A]
    with pytest.raises(LintFailed) as refused:
        await bench.service.publish_next()
    assert [text.split(":")[0] for text in refused.value.findings] == ["lost"]
    bench.service = bench.make_service()
    with pytest.raises(LintFailed):
        await bench.service.publish_next()
    assert len(bench.crls.published) == 1


async def test_a_lifted_hold_leaves(bench: CrlBench) -> None:
    bench.store.statuses[A] = OnHold(since=START)
    await bench.service.publish_next()
    bench.store.statuses[A] = Good()
    assert read_crl((await bench.service.publish_next()).whole.der).entries == {}


class Impostor(PlainSigner):
    """Says that it has the CA's key."""

    @property
    def public_key(self) -> bytes:
        return PlainSigner(CA.key).public_key


async def test_a_signature_that_does_not_verify_is_not_published(bench: CrlBench) -> None:
    bench.signer = PlainSigner(new_key("other"))
    with pytest.raises(KeyMismatch):
        bench.make_service()
    service = bench.make_service(CheckedSigner(Impostor(new_key("other"))))
    with pytest.raises(SignatureBroken):
        await service.publish_next()
    assert not bench.crls.published


async def test_a_predecessor_that_was_tampered_with_stops_publication(bench: CrlBench) -> None:
    bench.store.statuses[A] = Revoked(at=START, reason=None)
    first = (await bench.service.publish_next()).whole
    changed = first.der.replace(A.to_bytes(), B.to_bytes())
    bench.crls.published[0] = replace(first, der=changed)
    bench.service = bench.make_service()
    with pytest.raises(SignatureBroken):
        await bench.service.publish_next()


async def test_two_builders_do_not_publish_the_same_number(bench: CrlBench) -> None:
    bench.crls.conflict = True
    with pytest.raises(Conflict):
        await bench.service.publish_next()


async def test_a_busy_signer_is_passed_on(bench: CrlBench) -> None:
    bench.signer.fail = SignerBusy(message="busy")
    with pytest.raises(SignerBusy):
        await bench.service.publish_next()


@pytest.mark.parametrize("order", [(0, 0), (1, 0)])
def test_a_store_that_lists_twice_or_out_of_order_is_not_believed(order: tuple[int, ...]) -> None:
    with pytest.raises(IntegrityBroken):
        gather(listed_row(SERIALS[index], OnHold(since=START)) for index in order)


@pytest.mark.parametrize("index", [0, 1, 2])
async def test_what_reads_back_otherwise_is_not_published(
    bench: CrlBench, monkeypatch: pytest.MonkeyPatch, index: int
) -> None:
    bench.store.statuses[A] = OnHold(since=START)
    signed = Draft.signed

    def otherwise(draft: Draft, signature: bytes) -> list[CrlPiece]:
        pieces = signed(draft, signature)
        octets = bytearray(pieces[index].octets)
        octets[-1] ^= 1
        pieces[index] = CrlPiece(sha256=sha256(octets).digest(), octets=bytes(octets))
        return pieces

    monkeypatch.setattr(Draft, "signed", otherwise)
    with pytest.raises((SignatureBroken, Malformed)):
        await bench.service.publish_next()
    assert not bench.crls.published


async def test_a_crl_made_elsewhere_is_checked_when_it_comes(bench: CrlBench) -> None:
    made = (await bench.service.publish_next()).whole
    assert imported(bench.issuer, made.der, verify_signature) == replace(made, upto=0)
    other = CrlIssuer.of(ISSUER, PracticeCa("Token CA", new_key("other")).certificate)
    with pytest.raises(SignatureBroken):
        imported(other, made.der, verify_signature)


async def test_when_the_next_one_is_due(bench: CrlBench) -> None:
    policy = bench.policy
    made = await bench.service.publish_next()
    latest = Present.of(made.crl, made.octets)
    assert seconds_until_due(None, START, None, policy) == 0
    assert seconds_until_due(latest, START, None, policy) == 3600
    assert seconds_until_due(latest, START + timedelta(hours=2), None, policy) == 0
    assert seconds_until_due(latest, START, 0.1, policy) == pytest.approx(0.2)
    assert seconds_until_due(latest, START, 5.0, policy) == 0
    late = START + timedelta(seconds=3599.9)
    assert seconds_until_due(latest, late, 0.0, policy) == pytest.approx(0.1)


def test_only_what_changes_the_list_asks_for_a_new_one() -> None:
    gone = CardLapsed(card=CARD_ID, issuer=ISSUER, serial=None, revoked_at=None)
    assert relisted(gone) is None
    assert relisted(replace(gone, serial=A, revoked_at=START)) == ISSUER
    closed = IntentClosed(card=CARD_ID, issuer=ISSUER, serial=A, revoked_at=START)
    assert relisted(closed) == ISSUER
    assert relisted(CardConfirmed(card=CARD_ID, issuer=ISSUER, serial=A)) is None
    assert relisted(ServiceStarted(roles="all", version="1")) is None


@pytest.mark.parametrize(
    "setting",
    [
        {"every": timedelta(seconds=1)},
        {"validity": timedelta(hours=1)},
        {"coalesce": 2.0},
        {"max_age": 3601},
    ],
)
def test_unsafe_settings_are_refused_by_name(setting: dict[str, object]) -> None:
    with pytest.raises(ConfigurationInvalid) as refused:
        CrlPolicy(**setting)  # type: ignore[arg-type] # each case has its own type
    assert refused.value.key == f"crl.{next(iter(setting))}"


async def test_a_restored_store_repeats_no_number(bench: CrlBench) -> None:
    await bench.service.publish_next()
    bench.crls.floor = 41
    assert (await bench.service.publish_next()).whole.number == 42
    assert (await bench.service.publish_next()).whole.number == 43
    bench.crls.floor = 7
    assert (await bench.service.publish_next()).whole.number == 44


async def test_the_first_number_is_above_the_floor(bench: CrlBench) -> None:
    bench.crls.floor = 41
    assert read_crl((await bench.service.publish_next()).whole.der).number == 42


def test_a_confirmed_restore_is_followed_by_a_crl() -> None:
    event = RestoreConfirmed(issuer=ISSUER, crl_number=4, position=9, digest="00")
    assert relisted(event) == ISSUER


def test_a_signer_that_is_back_is_used_within_ten_seconds() -> None:
    pauses = [pause_after(failures) for failures in (1, 2, 3, 4, 5, 6, 1000)]
    assert pauses == [0.5, 1.0, 2.0, 4.0, 8.0, 10.0, 10.0]
