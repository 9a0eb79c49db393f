"""Fetching the register's CRL: once for all who wait, and from listed hosts only."""

import asyncio
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from fixtures.uzi import FakeStatusHttp, with_max_age
from made.uzi import CRL_URL, HOSTS, NOW, PassPlan, Register
from pki.domain.errors import PassStatusUnavailable
from pki.ports import SystemEntropy
from pki.trust.fetch import is_allowed
from pki.trust.pass_crl import CrlCache
from pki.trust.pass_status import PassStatus
from pki.trust.path import Issuer
from pki.trust.settings import G3_ALGORITHMS, StatusSettings


def status(
    register: Register, http: FakeStatusHttp, max_age: timedelta = timedelta(seconds=300)
) -> PassStatus:
    return PassStatus(with_max_age(register.settings, max_age), http, SystemEntropy())


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


async def test_everybody_waits_for_the_same_fetch(uzi_register: Register, n_issuer: Issuer) -> None:
    http = SlowHttp({CRL_URL: uzi_register.crl(5)})
    cache = cache_over(http)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(cache.current(CRL_URL, n_issuer, NOW)) for _ in range(20)]
        await asyncio.sleep(0)
        http.gate.set()
    assert http.asked == [CRL_URL]
    assert {task.result().number for task in tasks} == {1}


async def test_everybody_hears_of_the_same_failure(n_issuer: Issuer) -> None:
    http = SlowHttp({})
    cache = cache_over(http)
    failures = 0

    async def attempt() -> None:
        nonlocal failures
        try:
            await cache.current(CRL_URL, n_issuer, NOW)
        except PassStatusUnavailable:
            failures += 1

    async with asyncio.TaskGroup() as group:
        for _ in range(20):
            group.create_task(attempt())
        await asyncio.sleep(0)
        http.gate.set()
    assert (failures, http.asked) == (20, [CRL_URL])


async def test_when_the_one_who_fetches_gives_up_another_takes_over(
    uzi_register: Register, n_issuer: Issuer
) -> None:
    http = SlowHttp({CRL_URL: uzi_register.crl(5)})
    cache = cache_over(http)
    async with asyncio.TaskGroup() as group:
        first = group.create_task(cache.current(CRL_URL, n_issuer, NOW))
        await asyncio.sleep(0)
        second = group.create_task(cache.current(CRL_URL, n_issuer, NOW))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.sleep(0)
        http.gate.set()
    assert first.cancelled()
    assert second.result().number == 1


async def test_the_cache_is_bounded(uzi_register: Register, n_issuer: Issuer) -> None:
    urls = [f"http://uzi.test/{number}.crl" for number in range(40)]
    http = SlowHttp(dict.fromkeys(urls, uzi_register.crl()))
    http.gate.set()
    cache = cache_over(http)
    for url in urls:
        await cache.current(url, n_issuer, NOW)
    assert len(cache._kept) == 32


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("http://uzi.test/cdp/n.crl", True),
        ("http://uzi.test:80/cdp/n.crl", True),
        ("http://UZI.TEST/cdp/n.crl", True),
        ("http://ocsp.uzi.test:8086", True),
        ("http://ocsp.uzi.test:8086/?a=b", True),
        ("http://uzi.test:8080/n.crl", True),
        ("http://ocsp.uzi.test/", False),
        ("http://ocsp.uzi.test:8087/", False),
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
    uzi_register: Register, n_issuer: Issuer
) -> None:
    inside = "http://169.254.169.254/latest"
    certificate = uzi_register.issue(PassPlan(crl_urls=(inside,), ocsp_urls=(inside,)))
    http = FakeStatusHttp(answers={inside: uzi_register.crl()})
    with pytest.raises(PassStatusUnavailable):
        await status(uzi_register, http).require_good(certificate, n_issuer, NOW)
    assert http.asked == []


async def test_the_second_address_serves_when_the_first_does_not(
    uzi_register: Register, n_issuer: Issuer
) -> None:
    second = "http://uzi.test/second.crl"
    certificate = uzi_register.issue(PassPlan(crl_urls=(CRL_URL, second)))
    http = FakeStatusHttp(answers={CRL_URL: b"damaged", second: uzi_register.crl()})
    await status(uzi_register, http).require_good(certificate, n_issuer, NOW)
    assert http.asked == [CRL_URL, second]


@pytest.mark.parametrize("kind", ["reasons", "issuer"])
async def test_partial_and_indirect_distribution_points_are_passed_over(
    kind: str, uzi_register: Register, n_issuer: Issuer
) -> None:
    uri = [x509.UniformResourceIdentifier(CRL_URL)]
    name = [x509.DirectoryName(uzi_register.n.certificate.subject)]
    reasons = frozenset({x509.ReasonFlags.key_compromise}) if kind == "reasons" else None
    point = x509.DistributionPoint(uri, None, reasons, name if kind == "issuer" else None)
    plan = PassPlan(crl_urls=(), extra=((x509.CRLDistributionPoints([point]), False),))
    http = FakeStatusHttp(answers={CRL_URL: uzi_register.crl()})
    with pytest.raises(PassStatusUnavailable):
        await status(uzi_register, http).require_good(uzi_register.issue(plan), n_issuer, NOW)
    assert CRL_URL not in http.asked


async def test_a_pass_that_names_no_status_service_does_not_get_in(
    uzi_register: Register, n_issuer: Issuer
) -> None:
    certificate = uzi_register.issue(PassPlan(crl_urls=(), ocsp_urls=()))
    assert b"uzi.test" not in certificate.public_bytes(Encoding.DER)
    with pytest.raises(PassStatusUnavailable):
        await status(uzi_register, FakeStatusHttp()).require_good(certificate, n_issuer, NOW)


async def test_a_crl_over_the_size_limit_is_not_read(
    uzi_register: Register, n_issuer: Issuer
) -> None:
    settings = StatusSettings(hosts=HOSTS, size_limit=100)
    cache = CrlCache(FakeStatusHttp(answers={CRL_URL: uzi_register.crl()}), settings, G3_ALGORITHMS)
    with pytest.raises(PassStatusUnavailable, match="too large"):
        await cache.current(CRL_URL, n_issuer, NOW)
