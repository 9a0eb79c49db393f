"""Passes of the stand-in register, judged over its real CRL and OCSP servers on loopback."""

import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from made.uzi import der
from pki.domain.algorithms import SignatureAlgorithm
from pki.domain.errors import PassStatusUnavailable, Refused
from pki.domain.identifiers import Ura, UziNumber
from pki.domain.reasons import RefusalReason
from pki.domain.uzi import PassType, UziName
from pki.ports import SystemClock, SystemEntropy
from pki.trust.fetch import AiohttpStatusHttp
from pki.trust.pass_status import PassStatus
from pki.trust.proofs import verify_challenge
from pki.trust.settings import IssuingCa, StatusSettings, UziTrustSettings
from pki.trust.uzi_pass import UziTrust
from server.demo.uzi_certificates import POLICY_AUTHENTICITY
from server.demo.uzi_register import OID_CA, PassSubject, StandInRegister
from server.demo.uzi_status import crl_application, ocsp_application

now = SystemClock().now
HOST = "127.0.0.1"


@dataclass(kw_only=True)
class Site:
    register: StandInRegister
    crl: TestServer
    ocsp: TestServer

    @property
    def trust(self) -> UziTrust:
        register = self.register
        settings = UziTrustSettings(
            roots=(der(register.root.certificate),),
            intermediates=(der(register.level2.certificate),),
            issuers=tuple(
                IssuingCa(
                    certificates=(der(ca.certificate),),
                    pass_type=kind,
                    oid_ca=OID_CA[kind],
                    policies=frozenset({POLICY_AUTHENTICITY}),
                )
                for kind, ca in register.issuing.items()
            ),
            status=StatusSettings(hosts=frozenset({HOST}), crl_max_age=timedelta(0)),
        )
        http = AiohttpStatusHttp(timeout_seconds=30)
        return UziTrust(settings, PassStatus(settings, http, SystemEntropy()))


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    sockets = [socket.create_server((HOST, 0)) for _ in range(2)]
    ports = [each.getsockname()[1] for each in sockets]
    register = StandInRegister.create(
        crl_url=f"http://{HOST}:{ports[0]}/cdp/medewerker_op_naam.crl",
        ocsp_url=f"http://{HOST}:{ports[1]}",
        now=now,
        ca_bits=2048,
    )
    applications = crl_application(register), ocsp_application(register)
    crl, ocsp = (
        TestServer(application, host=HOST, socket_factory=lambda *_, bound=bound: bound)
        for application, bound in zip(applications, sockets, strict=True)
    )
    async with crl, ocsp:
        yield Site(register=register, crl=crl, ocsp=ocsp)


def subject(kind: PassType = PassType.MEDEWERKER_OP_NAAM) -> PassSubject:
    name = UziName(
        oid_ca=OID_CA[kind],
        uzi_number=UziNumber("900021219"),
        pass_type=kind,
        ura=Ura("90000382"),
        role="01.015" if kind is PassType.ZORGVERLENER else "00.000",
    )
    return PassSubject(
        name=name, organisation="Tést Zorginstelling 03", surname="de Test", given_names="Jan"
    )


async def test_a_pass_lives_while_the_register_says_so(site: Site) -> None:
    issued = site.register.issue(subject())
    certificate = der(issued.certificate)
    holder = await site.trust.verify_pass(certificate, now())
    assert (holder.name.surname, holder.uzi_name) == ("de Test", subject().name)

    signature = issued.key.sign(b"challenge", padding.PKCS1v15(), hashes.SHA256())
    verify_challenge(certificate, b"challenge", signature, SignatureAlgorithm.SHA256_RSA)

    site.register.revoke(issued.certificate)
    with pytest.raises(Refused) as caught:
        await site.trust.verify_pass(certificate, now())
    assert caught.value.reason is RefusalReason.PASS_REVOKED


async def test_ocsp_steps_in_for_the_crl_and_without_both_nobody_gets_in(site: Site) -> None:
    good, revoked = (site.register.issue(subject()).certificate for _ in range(2))
    site.register.revoke(revoked)
    await site.crl.close()
    assert (await site.trust.verify_pass(der(good), now())).uzi_name == subject().name
    with pytest.raises(Refused) as caught:
        await site.trust.verify_pass(der(revoked), now())
    assert caught.value.reason is RefusalReason.PASS_REVOKED

    await site.ocsp.close()
    with pytest.raises(PassStatusUnavailable):
        await site.trust.verify_pass(der(good), now())


async def test_other_passes_are_refused_as_what_they_are(site: Site) -> None:
    z_pass = site.register.issue(subject(PassType.ZORGVERLENER))
    m_pass = site.register.issue(subject(PassType.MEDEWERKER_NIET_OP_NAAM))
    n_pass = site.register.issue(subject())
    under_z = site.register.sign_without_rules(n_pass, pass_type=PassType.ZORGVERLENER)
    expected = {
        z_pass.certificate: RefusalReason.PASS_IS_ZORGVERLENER,
        m_pass.certificate: RefusalReason.PASS_NOT_ON_NAME,
        under_z.certificate: RefusalReason.PASS_NAME_INVALID,
    }
    for certificate, reason in expected.items():
        with pytest.raises(Refused) as caught:
            await site.trust.verify_pass(der(certificate), now())
        assert caught.value.reason is reason
