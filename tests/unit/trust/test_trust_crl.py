"""The register's CRL: believed only when it is the issuer's, sound and fresh; fetched once."""

import asyncio
from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from fixtures_uzi import (
    CRL_URL,
    DAY,
    HOSTS,
    NOW,
    FakeStatusHttp,
    PassPlan,
    Register,
    make_ca,
    make_register,
    with_max_age,
)
from pki.domain.algorithms import SignatureAlgorithm
from pki.domain.errors import PassStatusUnavailable, Refused
from pki.domain.reasons import RefusalReason
from pki.ports import SystemEntropy
from pki.trust.fetch import is_allowed
from pki.trust.pass_crl import CrlCache, check_crl
from pki.trust.pass_status import PassStatus
from pki.trust.path import Issuer, PathValidator
from pki.trust.settings import G3_ALGORITHMS, StatusSettings

SECOND = timedelta(seconds=1)


def issuer_in(register: Register) -> Issuer:
    return PathValidator(register.settings).issuer_of(register.issue(), NOW)


@pytest.fixture(scope="module")
def issuer(uzi_register: Register) -> Issuer:
    return issuer_in(uzi_register)


def status(
    register: Register, http: FakeStatusHttp, max_age: timedelta = timedelta(seconds=300)
) -> PassStatus:
    return PassStatus(with_max_age(register.settings, max_age), http, SystemEntropy())


async def test_a_pass_off_the_list_is_good_and_one_on_it_is_revoked(
    uzi_register: Register, issuer: Issuer
) -> None:
    good, revoked = uzi_register.issue(), uzi_register.issue()
    http = FakeStatusHttp(answers={CRL_URL: uzi_register.crl(7, revoked.serial_number)})
    asked = status(uzi_register, http)
    await asked.require_good(good, issuer, NOW)
    with pytest.raises(Refused) as caught:
        await asked.require_good(revoked, issuer, NOW)
    assert caught.value.reason is RefusalReason.PASS_REVOKED
    assert http.asked == [CRL_URL]


async def test_an_empty_crl_revokes_nobody(uzi_register: Register, issuer: Issuer) -> None:
    http = FakeStatusHttp(answers={CRL_URL: uzi_register.crl()})
    await status(uzi_register, http).require_good(uzi_register.issue(), issuer, NOW)


async def test_a_fresh_revocation_is_seen_within_the_greatest_age(
    uzi_register: Register, issuer: Issuer
) -> None:
    certificate = uzi_register.issue()
    http = FakeStatusHttp(answers={CRL_URL: uzi_register.crl(number=1)})
    asked = status(uzi_register, http)
    await asked.require_good(certificate, issuer, NOW)
    http.answers[CRL_URL] = uzi_register.crl(certificate.serial_number, number=2)
    await asked.require_good(certificate, issuer, NOW + timedelta(seconds=300))
    with pytest.raises(Refused):
        await asked.require_good(certificate, issuer, NOW + timedelta(seconds=301))
    assert len(http.asked) == 2


async def test_a_crl_is_dropped_at_its_next_update_however_young(
    uzi_register: Register, issuer: Issuer
) -> None:
    certificate = uzi_register.issue()
    end = NOW + 10 * SECOND
    http = FakeStatusHttp(answers={CRL_URL: uzi_register.crl(next_update=end)})
    asked = status(uzi_register, http)
    await asked.require_good(certificate, issuer, end - SECOND)
    with pytest.raises(PassStatusUnavailable):
        await asked.require_good(certificate, issuer, end)


async def test_a_cached_crl_is_not_trusted_past_its_age_when_the_register_is_down(
    uzi_register: Register, issuer: Issuer
) -> None:
    http = FakeStatusHttp(answers={CRL_URL: uzi_register.crl()})
    asked = status(uzi_register, http)
    certificate = uzi_register.issue()
    await asked.require_good(certificate, issuer, NOW)
    http.answers.clear()
    with pytest.raises(PassStatusUnavailable):
        await asked.require_good(certificate, issuer, NOW + timedelta(seconds=301))


async def test_a_crl_older_than_one_seen_before_is_a_replay(
    uzi_register: Register, issuer: Issuer
) -> None:
    certificate = uzi_register.issue()
    http = FakeStatusHttp(answers={CRL_URL: uzi_register.crl(number=9)})
    asked = status(uzi_register, http, timedelta(0))
    await asked.require_good(certificate, issuer, NOW)
    http.answers[CRL_URL] = uzi_register.crl(number=8)
    with pytest.raises(PassStatusUnavailable):
        await asked.require_good(certificate, issuer, NOW + SECOND)


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
    uzi_register: Register, issuer: Issuer, subtests: pytest.Subtests
) -> None:
    certificate = uzi_register.issue(PassPlan(ocsp_urls=()))
    for name, crl in bad_crls(uzi_register).items():
        asked = status(uzi_register, FakeStatusHttp(answers={CRL_URL: crl}))
        with subtests.test(name), pytest.raises(PassStatusUnavailable):
            await asked.require_good(certificate, issuer, NOW)


async def test_the_registers_clock_may_be_a_little_ahead(
    uzi_register: Register, issuer: Issuer
) -> None:
    crl = uzi_register.crl(this_update=NOW + timedelta(minutes=5))
    assert check_crl(crl, issuer, NOW, G3_ALGORITHMS).serials == frozenset()


def test_a_pss_crl_counts_where_pss_is_allowed() -> None:
    register = make_register()
    allowed = frozenset({SignatureAlgorithm.SHA512_RSA_PSS})
    crl = check_crl(register.crl(5, pss=True), issuer_in(register), NOW, allowed)
    assert crl.serials == {5}


def test_a_renewed_ca_certificate_with_the_same_key_signs_for_the_old_one(
    uzi_register: Register, issuer: Issuer
) -> None:
    renewed = make_ca("TEST UZI CA N", uzi_register.level2, key=uzi_register.n.key)
    assert check_crl(uzi_register.crl(5, by=renewed), issuer, NOW, G3_ALGORITHMS).number == 1


class SlowHttp(FakeStatusHttp):
    """Answers only once the gate is open."""

    def __init__(self, answers: dict[str, bytes]) -> None:
        super().__init__(answers=answers)
        self.gate = asyncio.Event()

    async def get(self, url: str, limit: int) -> bytes:
        await self.gate.wait()
        return await super().get(url, limit)


def cache_over(http: SlowHttp) -> CrlCache:
    return CrlCache(http, StatusSettings(hosts=HOSTS), G3_ALGORITHMS)


async def test_everybody_waits_for_the_same_fetch(uzi_register: Register, issuer: Issuer) -> None:
    http = SlowHttp({CRL_URL: uzi_register.crl(5)})
    cache = cache_over(http)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(cache.current(CRL_URL, issuer, NOW)) for _ in range(20)]
        await asyncio.sleep(0)
        http.gate.set()
    assert http.asked == [CRL_URL]
    assert {task.result().number for task in tasks} == {1}


async def test_everybody_hears_of_the_same_failure(issuer: Issuer) -> None:
    http = SlowHttp({})
    cache = cache_over(http)
    failures = 0

    async def attempt() -> None:
        nonlocal failures
        try:
            await cache.current(CRL_URL, issuer, NOW)
        except PassStatusUnavailable:
            failures += 1

    async with asyncio.TaskGroup() as group:
        for _ in range(20):
            group.create_task(attempt())
        await asyncio.sleep(0)
        http.gate.set()
    assert (failures, http.asked) == (20, [CRL_URL])


async def test_when_the_one_who_fetches_gives_up_another_takes_over(
    uzi_register: Register, issuer: Issuer
) -> None:
    http = SlowHttp({CRL_URL: uzi_register.crl(5)})
    cache = cache_over(http)
    async with asyncio.TaskGroup() as group:
        first = group.create_task(cache.current(CRL_URL, issuer, NOW))
        await asyncio.sleep(0)
        second = group.create_task(cache.current(CRL_URL, issuer, NOW))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.sleep(0)
        http.gate.set()
    assert first.cancelled()
    assert second.result().number == 1


async def test_the_cache_is_bounded(uzi_register: Register, issuer: Issuer) -> None:
    urls = [f"http://uzi.test/{number}.crl" for number in range(40)]
    http = SlowHttp(dict.fromkeys(urls, uzi_register.crl()))
    http.gate.set()
    cache = cache_over(http)
    for url in urls:
        await cache.current(url, issuer, NOW)
    assert len(cache._kept) == 32


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("http://uzi.test/cdp/n.crl", True),
        ("http://uzi.test:80/cdp/n.crl", True),
        ("http://UZI.TEST/cdp/n.crl", True),
        ("http://ocsp.uzi.test:8086", True),
        ("http://ocsp.uzi.test:8086/?a=b", True),
        ("http://ocsp.uzi.test/", False),
        ("http://uzi.test:8080/n.crl", False),
        ("https://uzi.test/n.crl", False),
        ("ldap://uzi.test/cn=x", False),
        ("file:///etc/passwd", False),
        ("http://uzi.test.evil.test/n.crl", False),
        ("http://evil.test/uzi.test", False),
        ("http://uzi.test@evil.test/n.crl", False),
        ("http://evil.test#@uzi.test/", False),
        ("http://evil.test\\@uzi.test/", False),
        ("http://uzi.test\\.evil.test/", False),
        ("http://uzi.test/n.crl\r\nHost: evil.test", False),
        ("http://uzi.test:99999999/", False),
        ("http://[::1]/n.crl", False),
        ("http://127.0.0.1/n.crl", False),
        ("http://", False),
        ("", False),
    ],
)
def test_only_listed_hosts_are_ever_asked(url: str, allowed: bool) -> None:
    assert is_allowed(url, HOSTS) is allowed


async def test_an_address_that_is_not_listed_is_not_fetched(
    uzi_register: Register, issuer: Issuer
) -> None:
    inside = "http://169.254.169.254/latest"
    certificate = uzi_register.issue(PassPlan(crl_urls=(inside,), ocsp_urls=(inside,)))
    http = FakeStatusHttp(answers={inside: uzi_register.crl()})
    with pytest.raises(PassStatusUnavailable):
        await status(uzi_register, http).require_good(certificate, issuer, NOW)
    assert http.asked == []


async def test_the_second_address_serves_when_the_first_does_not(
    uzi_register: Register, issuer: Issuer
) -> None:
    second = "http://uzi.test/second.crl"
    certificate = uzi_register.issue(PassPlan(crl_urls=(CRL_URL, second)))
    http = FakeStatusHttp(answers={CRL_URL: b"damaged", second: uzi_register.crl()})
    await status(uzi_register, http).require_good(certificate, issuer, NOW)
    assert http.asked == [CRL_URL, second]


@pytest.mark.parametrize("kind", ["reasons", "issuer"])
async def test_partial_and_indirect_distribution_points_are_passed_over(
    kind: str, uzi_register: Register, issuer: Issuer
) -> None:
    uri = [x509.UniformResourceIdentifier(CRL_URL)]
    name = [x509.DirectoryName(uzi_register.n.certificate.subject)]
    reasons = frozenset({x509.ReasonFlags.key_compromise}) if kind == "reasons" else None
    point = x509.DistributionPoint(uri, None, reasons, name if kind == "issuer" else None)
    plan = PassPlan(crl_urls=(), extra=((x509.CRLDistributionPoints([point]), False),))
    http = FakeStatusHttp(answers={CRL_URL: uzi_register.crl()})
    with pytest.raises(PassStatusUnavailable):
        await status(uzi_register, http).require_good(uzi_register.issue(plan), issuer, NOW)
    assert CRL_URL not in http.asked


async def test_a_pass_that_names_no_status_service_does_not_get_in(
    uzi_register: Register, issuer: Issuer
) -> None:
    certificate = uzi_register.issue(PassPlan(crl_urls=(), ocsp_urls=()))
    assert b"uzi.test" not in certificate.public_bytes(Encoding.DER)
    with pytest.raises(PassStatusUnavailable):
        await status(uzi_register, FakeStatusHttp()).require_good(certificate, issuer, NOW)


async def test_a_crl_over_the_size_limit_is_not_read(
    uzi_register: Register, issuer: Issuer
) -> None:
    settings = StatusSettings(hosts=HOSTS, size_limit=100)
    cache = CrlCache(FakeStatusHttp(answers={CRL_URL: uzi_register.crl()}), settings, G3_ALGORITHMS)
    with pytest.raises(PassStatusUnavailable, match="too large"):
        await cache.current(CRL_URL, issuer, NOW)


def test_ages_are_counted_from_the_fetch(uzi_register: Register, issuer: Issuer) -> None:
    at: datetime = NOW + DAY
    crl = check_crl(uzi_register.crl(), issuer, at, G3_ALGORITHMS)
    assert (crl.this_update, crl.fetched_at) == (NOW, at)
