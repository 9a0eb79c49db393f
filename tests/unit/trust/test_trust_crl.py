"""The register's CRL: believed only when it is the issuer's, sound and fresh; fetched once."""

from datetime import datetime, timedelta

import pytest
from cryptography import x509

from fixtures.uzi import FakeStatusHttp, issuer_in, with_max_age
from made.uzi import CRL_URL, DAY, NOW, PassPlan, Register, make_ca, make_register
from pki.domain.algorithms import SignatureAlgorithm
from pki.domain.errors import PassStatusUnavailable, Refused
from pki.domain.reasons import RefusalReason
from pki.ports import SystemEntropy
from pki.trust.pass_crl import check_crl
from pki.trust.pass_status import PassStatus
from pki.trust.path import Issuer
from pki.trust.settings import G3_ALGORITHMS

SECOND = timedelta(seconds=1)


def status(
    register: Register, http: FakeStatusHttp, max_age: timedelta = timedelta(seconds=300)
) -> PassStatus:
    return PassStatus(with_max_age(register.settings, max_age), http, SystemEntropy())


async def test_a_pass_off_the_list_is_good_and_one_on_it_is_revoked(
    uzi_register: Register, n_issuer: Issuer
) -> None:
    good, revoked = uzi_register.issue(), uzi_register.issue()
    http = FakeStatusHttp(answers={CRL_URL: uzi_register.crl(7, revoked.serial_number)})
    asked = status(uzi_register, http)
    await asked.require_good(good, n_issuer, NOW)
    with pytest.raises(Refused) as caught:
        await asked.require_good(revoked, n_issuer, NOW)
    assert caught.value.reason is RefusalReason.PASS_REVOKED
    assert http.asked == [CRL_URL]


async def test_an_empty_crl_revokes_nobody(uzi_register: Register, n_issuer: Issuer) -> None:
    http = FakeStatusHttp(answers={CRL_URL: uzi_register.crl()})
    await status(uzi_register, http).require_good(uzi_register.issue(), n_issuer, NOW)


async def test_a_fresh_revocation_is_seen_within_the_greatest_age(
    uzi_register: Register, n_issuer: Issuer
) -> None:
    certificate = uzi_register.issue()
    http = FakeStatusHttp(answers={CRL_URL: uzi_register.crl(number=1)})
    asked = status(uzi_register, http)
    await asked.require_good(certificate, n_issuer, NOW)
    http.answers[CRL_URL] = uzi_register.crl(certificate.serial_number, number=2)
    await asked.require_good(certificate, n_issuer, NOW + timedelta(seconds=300))
    with pytest.raises(Refused):
        await asked.require_good(certificate, n_issuer, NOW + timedelta(seconds=301))
    assert len(http.asked) == 2


async def test_a_crl_is_dropped_at_its_next_update_however_young(
    uzi_register: Register, n_issuer: Issuer
) -> None:
    certificate = uzi_register.issue()
    end = NOW + 10 * SECOND
    http = FakeStatusHttp(answers={CRL_URL: uzi_register.crl(next_update=end)})
    asked = status(uzi_register, http)
    await asked.require_good(certificate, n_issuer, end - SECOND)
    with pytest.raises(PassStatusUnavailable):
        await asked.require_good(certificate, n_issuer, end)


async def test_a_cached_crl_is_not_trusted_past_its_age_when_the_register_is_down(
    uzi_register: Register, n_issuer: Issuer
) -> None:
    http = FakeStatusHttp(answers={CRL_URL: uzi_register.crl()})
    asked = status(uzi_register, http)
    certificate = uzi_register.issue()
    await asked.require_good(certificate, n_issuer, NOW)
    http.answers.clear()
    with pytest.raises(PassStatusUnavailable):
        await asked.require_good(certificate, n_issuer, NOW + timedelta(seconds=301))


async def test_a_crl_older_than_one_seen_before_is_a_replay(
    uzi_register: Register, n_issuer: Issuer
) -> None:
    certificate = uzi_register.issue()
    http = FakeStatusHttp(answers={CRL_URL: uzi_register.crl(number=9)})
    asked = status(uzi_register, http, timedelta(0))
    await asked.require_good(certificate, n_issuer, NOW)
    http.answers[CRL_URL] = uzi_register.crl(number=8)
    with pytest.raises(PassStatusUnavailable):
        await asked.require_good(certificate, n_issuer, NOW + SECOND)


def bad_crls(register: Register) -> dict[str, bytes]:
    impostor = make_ca("TEST UZI CA N", register.level2)
    partial = x509.IssuingDistributionPoint(None, None, False, True, None, False, False)
    delta = x509.DeltaCRLIndicator(1)
    good = register.crl(7)
    return {
        "signed by another key": register.crl(7, signed_by=impostor),
        "signed by the CA above": register.crl(7, signed_by=register.level2),
        "of another CA": register.crl(7, by=register.level2),
        "past its nextUpdate": register.crl(7, this_update=NOW - 2 * DAY, next_update=NOW),
        "from the future": register.crl(7, this_update=NOW + timedelta(minutes=6)),
        "partial": register.crl(7, extra=((partial, True),)),
        "delta": register.crl(7, extra=((delta, True),)),
        "truncated": good[:-1],
        "a bit flipped": good[:-1] + bytes([good[-1] ^ 1]),
        "PSS where it is not allowed": register.crl(7, pss=True),
        "not a CRL": b"<html>",
        "empty": b"",
    }


async def test_a_crl_that_is_not_sound_is_not_believed(
    uzi_register: Register, n_issuer: Issuer, subtests: pytest.Subtests
) -> None:
    certificate = uzi_register.issue(PassPlan(ocsp_urls=()))
    for name, crl in bad_crls(uzi_register).items():
        asked = status(uzi_register, FakeStatusHttp(answers={CRL_URL: crl}))
        with subtests.test(name), pytest.raises(PassStatusUnavailable):
            await asked.require_good(certificate, n_issuer, NOW)


async def test_the_registers_clock_may_be_a_little_ahead(
    uzi_register: Register, n_issuer: Issuer
) -> None:
    crl = uzi_register.crl(this_update=NOW + timedelta(minutes=5))
    assert check_crl(crl, n_issuer, NOW, G3_ALGORITHMS).serials == frozenset()


def test_a_pss_crl_counts_where_pss_is_allowed() -> None:
    register = make_register()
    allowed = frozenset({SignatureAlgorithm.SHA512_RSA_PSS})
    crl = check_crl(register.crl(5, pss=True), issuer_in(register), NOW, allowed)
    assert crl.serials == {5}


def test_a_renewed_ca_certificate_with_the_same_key_signs_for_the_old_one(
    uzi_register: Register, n_issuer: Issuer
) -> None:
    renewed = make_ca("TEST UZI CA N", uzi_register.level2, key=uzi_register.n.key)
    assert check_crl(uzi_register.crl(5, by=renewed), n_issuer, NOW, G3_ALGORITHMS).number == 1


def test_ages_are_counted_from_the_fetch(uzi_register: Register, n_issuer: Issuer) -> None:
    at: datetime = NOW + DAY
    crl = check_crl(uzi_register.crl(), n_issuer, at, G3_ALGORITHMS)
    assert (crl.this_update, crl.fetched_at) == (NOW, at)
