"""What settings and clients' wishes change in an answer, and that they change nothing else."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from cryptography.x509 import InvalidityDate, ocsp

from ocsp.policy import ResponderPolicy
from pki.der import codec
from pki.der.ocsp import OcspError, PreferredSignature, encode_request
from pki.domain.algorithms import SignatureAlgorithm
from pki.domain.errors import ConfigurationInvalid
from pki.domain.identifiers import SerialNumber
from pki.domain.reasons import RevocationReason
from pki.domain.status import Good, OnHold, Revoked
from status_side.bench import (
    OTHER_CA,
    Bench,
    FakeDigests,
    cert_id,
    one,
    refusal,
    request_for,
    response,
)
from status_side.small_pki import SERIALS, PlainSigner, new_key

CARD, OTHER, *_ = SERIALS
NEVER = SerialNumber(CARD.value + 1000)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EC, RSA = SignatureAlgorithm.ECDSA_SHA256, SignatureAlgorithm.SHA256_RSA
EC_KEY = codec.oid("1.2.840.10045.2.1")
P256 = codec.sequence(EC_KEY, codec.oid("1.2.840.10045.3.1.7"))
P384 = codec.sequence(EC_KEY, codec.oid("1.3.132.0.34"))
RSA_KEY = codec.sequence(codec.oid("1.2.840.113549.1.1.1"))


@pytest.mark.parametrize("serial", [NEVER.value, 0, -5, 1 << 200], ids=hex)
async def test_never_issued_can_be_said_to_be_revoked(serial: int) -> None:
    bench = Bench(ResponderPolicy(extended_revoke=True))
    answer = await bench.post(encode_request([cert_id(serial)]))
    read = response(answer)
    assert one(answer) == OnHold(since=EPOCH)
    assert read.extended_revoke
    assert read.singles[0].next_update == bench.clock.at + timedelta(seconds=60)
    assert answer.header("cache-control") == "no-store"
    foreign = ocsp.load_der_ocsp_response(answer.body)
    assert foreign.revocation_time_utc == EPOCH


async def test_only_what_was_never_issued_is_said_to_be_revoked() -> None:
    bench = Bench(ResponderPolicy(extended_revoke=True))
    bench.store.statuses[CARD] = Good()
    assert one(await bench.post(request_for(CARD))) == Good()
    assert not response(await bench.post(request_for(CARD))).extended_revoke
    ids = [cert_id(CARD), cert_id(CARD, ca=OTHER_CA), cert_id(NEVER)]
    read = response(await bench.post(encode_request(ids)))
    assert [each.status for each in read.singles] == [Good(), None, OnHold(since=EPOCH)]
    foreign = encode_request([cert_id(CARD, ca=OTHER_CA)])
    assert refusal(await bench.post(foreign)) is OcspError.UNAUTHORIZED


async def test_how_long_a_status_is_told_stands_in_the_answer() -> None:
    bench = Bench(ResponderPolicy(archive_years=7))
    bench.store.statuses[CARD] = OnHold(since=bench.clock.at)
    (known, unknown) = response(await bench.post(request_for(CARD, NEVER))).singles
    assert known.archive_cutoff == bench.clock.at.replace(year=bench.clock.at.year - 7)
    assert unknown.archive_cutoff is None


def test_a_day_that_the_other_year_does_not_have() -> None:
    leap = datetime(2028, 2, 29, 12, tzinfo=UTC)
    assert ResponderPolicy(archive_years=7).archive_cutoff(leap) == datetime(
        2021, 3, 1, 12, tzinfo=UTC
    )
    assert ResponderPolicy().archive_cutoff(leap) is None
    with pytest.raises(ConfigurationInvalid, match="archive_years"):
        ResponderPolicy(archive_years=51)


async def test_what_was_revoked_stays_revoked_years_after_its_end() -> None:
    bench = Bench(ResponderPolicy(archive_years=7))
    revoked = Revoked(at=bench.clock.at, reason=RevocationReason.KEY_COMPROMISE)
    bench.store.statuses[CARD] = revoked
    bench.clock.at = bench.clock.at.replace(year=bench.clock.at.year + 9)
    bench.source.next_one = bench.credential_of(bench.signer)
    await bench.holder.tend()
    assert await bench.status(CARD) == revoked


async def test_since_when_a_key_is_compromised_stands_in_the_answer() -> None:
    bench = Bench()
    since = bench.clock.at - timedelta(days=2)
    fine = since + timedelta(microseconds=7)
    status = Revoked(at=bench.clock.at, reason=RevocationReason.KEY_COMPROMISE)
    bench.store.statuses[CARD] = replace(status, compromised_since=fine)
    answer = await bench.post(request_for(CARD))
    assert one(answer) == replace(status, compromised_since=since)
    (told,) = ocsp.load_der_ocsp_response(answer.body).single_extensions
    assert isinstance(told.value, InvalidityDate)
    assert (told.value.invalidity_date_utc, told.critical) == (since, False)


@pytest.fixture
def digests() -> Bench:
    bench = Bench(digests=FakeDigests(known={CARD: sha256(b"card").digest()}))
    bench.store.statuses[CARD] = Good()
    return bench


async def test_a_good_answer_can_show_that_the_certificate_is_known(digests: Bench) -> None:
    bench = digests
    (single,) = response(await bench.post(request_for(CARD))).singles
    assert single.certificate_sha256 == sha256(b"card").digest()
    bench.store.change(CARD, OnHold(since=bench.clock.at))
    (single, never) = response(await bench.post(request_for(CARD, NEVER))).singles
    assert single.certificate_sha256 is never.certificate_sha256 is None


async def test_good_is_not_said_when_the_certificate_cannot_be_shown(digests: Bench) -> None:
    digests.store.statuses[OTHER] = Good()
    assert refusal(await digests.post(request_for(OTHER))) is OcspError.INTERNAL_ERROR
    assert digests.digests is not None
    digests.digests.broken = True
    assert refusal(await digests.post(request_for(CARD))) is OcspError.TRY_LATER


def wish(algorithm: SignatureAlgorithm, key: bytes | None = None) -> PreferredSignature:
    return PreferredSignature(algorithm=algorithm, key=key)


@pytest.mark.parametrize(
    ("wishes", "used"),
    [
        ([], RSA),
        ([wish(EC)], EC),
        ([wish(RSA), wish(EC)], RSA),
        ([wish(EC), wish(RSA)], EC),
        ([wish(SignatureAlgorithm.ED25519), wish(EC)], EC),
        ([wish(SignatureAlgorithm.ED25519)], RSA),
        ([wish(SignatureAlgorithm.SHA512_RSA)], RSA),
        ([wish(EC, P256)], EC),
        ([wish(EC, codec.sequence(EC_KEY))], EC),
        ([wish(EC, P384)], RSA),
        ([wish(EC, P384), wish(RSA, RSA_KEY)], RSA),
    ],
)
async def test_the_first_wish_that_can_be_fulfilled_is(
    wishes: list[PreferredSignature], used: SignatureAlgorithm
) -> None:
    bench = Bench(key_kind="rsa", other_kind="ec")
    bench.store.statuses[CARD] = Good()
    for _ in range(2):
        read = response(await bench.post(encode_request([cert_id(CARD)], None, wishes)))
        assert (read.algorithm, read.singles[0].status) == (used, Good())


async def test_with_one_key_wishes_change_nothing() -> None:
    bench = Bench()
    body = encode_request([cert_id(CARD)], None, [wish(RSA)])
    assert response(await bench.post(body)).algorithm is EC


async def test_another_key_answers_when_the_usual_one_cannot() -> None:
    bench = Bench(key_kind="rsa", other_kind="ec")
    bench.clock.advance(31 * 86400)
    assert refusal(await bench.post(request_for(CARD))) is OcspError.TRY_LATER
    bench.source.next_one = bench.credential_of(PlainSigner(new_key("other")))
    await bench.other.tend()
    assert response(await bench.post(request_for(CARD))).algorithm is EC
