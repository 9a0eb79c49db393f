"""Observers against services on loopback."""

import base64
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from directories.material import (
    BASE,
    TOKEN_CA,
    FixedClock,
    Holder,
    card_certificate,
    make_ca,
    published_crl,
)
from directories.slapd import Bench, following, hanging_server, running_slapd, server_of
from pki.domain.errors import DirectoryUnavailable, Unavailable
from pki.domain.identifiers import IssuerId, SerialNumber, UziNumber
from pki.domain.status import Good
from pki.observe.crl import fetch_crl
from pki.observe.http import Limits, fetch
from pki.observe.ldap import LdapObserver
from pki.observe.ocsp import OcspObserver
from pki.ports import SystemEntropy
from status_side.material import Answering, make_responder
from strangers.ports import free_port

CA = make_ca()
SERIAL = SerialNumber((1 << 158) + 12345)


@pytest.fixture
async def url() -> AsyncIterator[str]:
    """OCSP by GET and POST, a CRL, and a page that is too long."""
    answering = Answering(ca=CA, responder=make_responder(CA))

    async def post(request: web.Request) -> web.Response:
        return web.Response(body=answering.answer(await request.read()))

    async def get(request: web.Request) -> web.Response:
        encoded = request.match_info["request"]
        return web.Response(body=answering.answer(base64.b64decode(encoded, validate=True)))

    async def crl(_: web.Request) -> web.Response:
        return web.Response(body=published_crl(CA, 4).der)

    async def moved(_: web.Request) -> web.Response:
        raise web.HTTPFound("/crl")

    app = web.Application()
    app.router.add_post("/ocsp", post)
    app.router.add_get("/ocsp/{request:.*}", get)
    app.router.add_get("/crl", crl)
    app.router.add_get("/moved", moved)
    runner = web.AppRunner(app)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    yield f"http://127.0.0.1:{port}"
    await runner.cleanup()


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.mark.parametrize("get", [False, True])
@pytest.mark.parametrize("with_nonce", [False, True])
async def test_ocsp_is_asked_both_ways(
    url: str, session: aiohttp.ClientSession, get: bool, with_nonce: bool
) -> None:
    observer = OcspObserver(
        session, f"{url}/ocsp", CA.der, clock=FixedClock(), entropy=SystemEntropy()
    )
    view = await observer.ask(SERIAL, get=get, with_nonce=with_nonce)
    assert (view.status, view.has_nonce) == (Good(), with_nonce)


async def test_a_crl_is_fetched_and_verified(url: str, session: aiohttp.ClientSession) -> None:
    assert (await fetch_crl(session, f"{url}/crl", CA.der)).number == 4


@pytest.mark.parametrize("path", ["/none", "/moved", "/crl"])
async def test_what_is_not_there_or_too_long_is_unavailable(
    url: str, session: aiohttp.ClientSession, path: str
) -> None:
    with pytest.raises(Unavailable):
        await fetch(session, url + path, Limits(octets=100))


async def test_a_silent_service_costs_its_time_limit(session: aiohttp.ClientSession) -> None:
    async with hanging_server() as port:
        with pytest.raises(Unavailable):
            await fetch(session, f"http://127.0.0.1:{port}/", Limits(seconds=0.2))
    with pytest.raises(Unavailable):
        await fetch(session, f"http://127.0.0.1:{free_port()}/", Limits())


@pytest.mark.slapd
async def test_the_directory_is_asked_as_relying_parties_do(tmp_path: Path) -> None:
    async with (
        running_slapd(tmp_path / "ldap") as slapd,
        following(Bench(server_of(slapd))) as bench,
    ):
        first = card_certificate(bench.ca, 1)
        bench.facts.put(first)
        bench.facts.put(card_certificate(bench.ca, 2, Holder(uzi_number="900000002")))
        crl = published_crl(bench.ca, 1)
        await bench.reached(bench.facts.publish(crl))
        observer = LdapObserver(url=slapd.url, base=BASE, seconds=60)
        (found,) = await observer.by_issuer_and_serial(bench.ca.der, first.serial)
        assert found.certificates == (first.der,)
        assert await observer.by_issuer_and_serial(bench.ca.der, SERIAL) == ()
        assert await observer.by_issuer_and_serial(bench.root.der, first.serial) == ()
        assert await observer.by_uzi_number(UziNumber("900021219")) == (found,)
        assert await observer.by_uzi_number(UziNumber("999999999")) == ()
        entry = await observer.ca(TOKEN_CA)
        assert entry is not None
        assert (entry.certificates, entry.crls) == ((bench.ca.der,), (crl.der,))
        assert await observer.ca(IssuerId("nobody")) is None
        with pytest.raises(DirectoryUnavailable, match="adminLimitExceeded"):
            await observer._certificates("(serialNumber=9*)")


async def test_a_directory_that_hangs_or_is_away_is_unavailable() -> None:
    async with hanging_server() as port:
        observer = LdapObserver(url=f"ldap://127.0.0.1:{port}", base=BASE, seconds=1)
        with pytest.raises(DirectoryUnavailable):
            await observer.ca(TOKEN_CA)
    observer = LdapObserver(url=f"ldap://127.0.0.1:{free_port()}", base=BASE, seconds=1)
    with pytest.raises(DirectoryUnavailable):
        await observer.by_uzi_number(UziNumber("900021219"))
