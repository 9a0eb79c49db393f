"""Sinks against services on loopback: shown is what was read, verified and as it must be."""

import base64
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta

import aiohttp
import pytest
from aiohttp import web
from cryptography import x509
from cryptography.x509 import ocsp

from directories.material import START, TOKEN_CA, FixedClock, make_ca, published_crl
from pki.domain.errors import SignatureBroken, Unavailable
from pki.domain.identifiers import SerialNumber
from pki.domain.people import SYSTEM
from pki.domain.records import StatusInterval
from pki.domain.status import CertificateStatus, Good, OnHold
from pki.observe.receipts.sinks import CrlSink, OcspSink
from status_side.material import Answering, make_responder
from strangers.ports import free_port

CA = make_ca()
SERIAL = SerialNumber((1 << 158) + 12345)
ISSUERS = {TOKEN_CA: CA.der}
HELD = OnHold(since=START + timedelta(microseconds=7))


def change(status: CertificateStatus, position: int = 7) -> StatusInterval:
    return StatusInterval(
        serial=SERIAL,
        issuer=TOKEN_CA,
        status=status,
        since=START,
        until=None,
        actor=SYSTEM,
        position=position,
    )


def listed() -> x509.RevokedCertificate:
    reason = x509.CRLReason(x509.ReasonFlags.certificate_hold)
    builder = x509.RevokedCertificateBuilder().serial_number(SERIAL.value)
    return builder.revocation_date(START).add_extension(reason, critical=False).build()


@dataclass
class Service:
    """One OCSP responder and one CRL, which a test changes; it keeps what it answered."""

    answering: Answering
    crl: bytes
    url: str = ""
    answered: list[bytes] = field(default_factory=list)

    async def ocsp(self, request: web.Request) -> web.Response:
        asked = base64.b64decode(request.match_info["request"], validate=True)
        self.answered.append(self.answering.answer(asked))
        return web.Response(body=self.answered[-1])

    async def list(self, _: web.Request) -> web.Response:
        return web.Response(body=self.crl)

    def hold(self) -> None:
        held = x509.ReasonFlags.certificate_hold
        revoked = ocsp.OCSPCertStatus.REVOKED
        self.answering = replace(self.answering, status=revoked, reason=held)
        self.crl = published_crl(CA, 5, [listed()]).der


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    answering = Answering(ca=CA, responder=make_responder(CA))
    made = Service(answering, published_crl(CA, 4).der)
    app = web.Application()
    app.router.add_get("/ocsp/{request:.*}", made.ocsp)
    app.router.add_get("/crl", made.list)
    runner = web.AppRunner(app)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    made.url = f"http://127.0.0.1:{port}"
    yield made
    await runner.cleanup()


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def test_ocsp_shows_a_change_by_the_answer_that_was_given(
    service: Service, session: aiohttp.ClientSession
) -> None:
    sink = OcspSink(session, f"{service.url}/ocsp/", ISSUERS, FixedClock())
    assert await sink.shown([change(HELD)]) == {}
    assert await sink.shown([change(Good())]) == {7: hashlib.sha256(service.answered[-1]).digest()}
    service.hold()
    assert await sink.shown([change(Good()), change(HELD, 8)]) == {
        8: hashlib.sha256(service.answered[-1]).digest()
    }


async def test_a_crl_shows_a_change_by_its_digest(
    service: Service, session: aiohttp.ClientSession
) -> None:
    sink = CrlSink(session, lambda issuer, serial: f"{service.url}/crl", ISSUERS)
    assert await sink.shown([change(HELD)]) == {}
    assert await sink.shown([change(Good())]) == {7: hashlib.sha256(service.crl).digest()}
    service.hold()
    assert await sink.shown([change(HELD)]) == {7: hashlib.sha256(service.crl).digest()}


async def test_what_another_signed_shows_nothing(
    service: Service, session: aiohttp.ClientSession
) -> None:
    other = make_ca()
    service.answering = replace(service.answering, responder=make_responder(other))
    service.crl = published_crl(other, 6).der
    with pytest.raises(SignatureBroken):
        await OcspSink(session, f"{service.url}/ocsp", ISSUERS, FixedClock()).shown(
            [change(Good())]
        )
    lists = CrlSink(session, lambda issuer, serial: f"{service.url}/crl", ISSUERS)
    with pytest.raises(SignatureBroken):
        await lists.shown([change(Good())])


async def test_a_service_that_is_away_shows_nothing(session: aiohttp.ClientSession) -> None:
    away = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(Unavailable):
        await OcspSink(session, away, ISSUERS, FixedClock()).shown([change(Good())])
    with pytest.raises(Unavailable):
        await CrlSink(session, lambda issuer, serial: away, ISSUERS).shown([change(Good())])


async def test_one_answer_that_is_wrong_does_not_hide_the_others(
    service: Service, session: aiohttp.ClientSession
) -> None:
    service.answering = replace(service.answering, serial=SERIAL.value)
    sink = OcspSink(session, f"{service.url}/ocsp", ISSUERS, FixedClock())
    other = replace(change(Good(), 9), serial=SerialNumber(5))
    assert set(await sink.shown([other, change(Good())])) == {7}
