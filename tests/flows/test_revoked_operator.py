"""An operator whose client certificate a ceremony revoked is nobody at the API."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from installed.practice import Practice, refused
from pki.domain.identifiers import UziNumber
from pki.ports import SystemClock
from pki.store.writing import Store
from server.initialise import ADMINISTRATOR, TEAM
from server.roles.ceremony_crls import CeremonyCrls
from server.settings import load

pytestmark = pytest.mark.slow

NOBODY = UziNumber("900000101")


def revoke(practice: Practice, name: str) -> None:
    """Put a ceremony's next CRL of the Services CA in place."""
    layout = practice.layout
    key = load_pem_private_key(
        layout.key("services-ca-g1").read_bytes(),
        layout.secret("passphrase").read_bytes().strip(),
    )
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    ca = x509.load_pem_x509_certificate(layout.certificate("services-ca-g1").read_bytes())
    revoked = x509.load_pem_x509_certificate(layout.operator(name)[0].read_bytes())
    former = x509.load_der_x509_crl(layout.crl("services-ca-g1").read_bytes())
    now = SystemClock().now()
    made = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(ca.subject)
        .last_update(now)
        .next_update(now + timedelta(days=90))
        .add_revoked_certificate(
            x509.RevokedCertificateBuilder()
            .serial_number(revoked.serial_number)
            .revocation_date(now)
            .build()
        )
    )
    for extension in former.extensions:
        known = isinstance(extension.value, x509.CRLNumber)
        value = x509.CRLNumber(2) if known else extension.value
        made = made.add_extension(value, critical=extension.critical)
    crl = made.sign(key, hashes.SHA256())
    path = layout.crl("services-ca-g1")
    draft = path.with_suffix(".new")
    draft.write_bytes(crl.public_bytes(Encoding.DER))
    draft.replace(path)


async def test_a_lost_operator_key_is_shut_out(practice: Practice) -> None:
    with practice.serving():
        async with practice.client(TEAM) as team:
            await team.cards_of(NOBODY)
    revoke(practice, TEAM)
    with practice.serving():
        async with practice.client(TEAM) as team:
            problem = await refused(team.cards_of(NOBODY))
            assert (problem.problem_code, problem.problem.status) == ("forbidden", 403)
        async with practice.client(ADMINISTRATOR) as other:
            await other.cards_of(NOBODY)


async def eventually(happened: Callable[[], bool]) -> None:
    for _ in range(3000):
        if happened():
            return
        await asyncio.sleep(0.02)
    pytest.fail("it did not happen")


async def test_a_running_server_sees_the_next_ceremonys_crl(
    practice: Practice, caplog: pytest.LogCaptureFixture
) -> None:
    settings = load(practice.layout.config)
    services, path = settings.services_ca, practice.layout.crl("services-ca-g1")
    store = Store.open(settings.store.url, clock=SystemClock())
    crls = CeremonyCrls((*settings.root, services), store, look_seconds=0.02)
    try:
        await crls.bring_in()
        assert crls.latest.keys() == {"root", services.id}
        assert not crls.revoked(services.id)
        async with asyncio.TaskGroup() as tasks:
            looking = tasks.create_task(crls.run())
            first = path.read_bytes()
            revoke(practice, TEAM)
            await eventually(lambda: bool(crls.revoked(services.id)))
            path.write_bytes(first)
            await eventually(lambda: "published already" in caplog.text)
            path.write_bytes(practice.layout.crl("root").read_bytes())
            await eventually(lambda: "is not signed by the CA" in caplog.text)
            path.write_bytes(b"no CRL")
            await eventually(lambda: "is not a CRL" in caplog.text)
            looking.cancel()
        assert crls.latest[services.id].number == 2
        assert crls.revoked(services.id)
    finally:
        await store.close()
