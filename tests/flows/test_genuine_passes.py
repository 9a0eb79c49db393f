"""Genuine certificates of the UZI register, presented to the API as passes.

Nobody here holds their keys: so first they are refused for want of a proof, by the server as it is;
then for what they are, by the same API that believes any signature.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from installed.practice import Practice, refused
from issuance.http.app import create_app, serving
from pki.api.client import IssuanceClient
from pki.api.wire import SessionRequest
from pki.domain.algorithms import SignatureAlgorithm
from pki.domain.reasons import RefusalReason
from pki.ports import SystemClock, SystemEntropy
from pki.store.reading import ReadStore
from pki.store.writing import Store
from pki.trust import proofs
from server.generation.authorities import open_generations
from server.roles.issuance_desk import open_desk
from server.settings import load

FOLDER = Path(__file__).parents[2].parent / "shared" / "uzi-certs"
TEST, PRODUCTION = FOLDER / "test-register", FOLDER / "prod-ca"
Z_PASS = TEST / "ee_Z_authenticiteit_900030757_2024.pem"
MOCKS = sorted((FOLDER / "mock").glob("*.cert"))
CAS = sorted([*TEST.glob("ca_*.pem"), *PRODUCTION.glob("*.pem")])
ZORGVERLENER = "Een Zorgverlener UZI-pas kan niet gebruikt worden. U kunt helaas niet verder."

pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason=f"the genuine certificates are not at {FOLDER}"
)


def register_of_tests() -> str:
    """The section [uzi] for the register's own test environment."""

    def issuer(pass_type: str, oid: str, *names: str) -> str:
        files = ", ".join(f'"{TEST / name}"' for name in names)
        return f"""
[[uzi.issuers]]
certificates = [{files}]
pass_type = "{pass_type}"
oid_ca = "2.16.528.1.1007.99.{oid}"
authenticity_policies = ["2.16.528.1.1007.99.211"]
"""

    zorgverlener = [f"ca_test_uzi_zorgverlener_ca_g3_{year}.pem" for year in (2017, 2019)]
    return f"""[uzi]
roots = ["{TEST / "ca_test_zorg_csp_root_ca_g3.pem"}"]
intermediates = ["{TEST / "ca_test_zorg_csp_level_2_persoon_ca_g3.pem"}"]
status_hosts = ["www.uzi-register-test.nl"]
{issuer("Z", "217", *zorgverlener)}
{issuer("N", "218", "ca_test_uzi_medewerker_op_naam_ca_g3_2017.pem")}
"""


@asynccontextmanager
async def api(practice: Practice, *, believing: bool) -> AsyncIterator[IssuanceClient]:
    """The API of this installation in this process; plain, since no key is behind a proof."""
    settings, entropy = load(practice.config), SystemEntropy()
    store = Store.open(settings.store.url, clock=SystemClock())
    reader = ReadStore.open(settings.store.url)
    try:
        desk = open_desk(
            settings,
            stores=(store, reader),
            authorities=open_generations(settings, entropy),
            clock=SystemClock(),
            entropy=entropy,
        )
        if believing:
            any_proof = SimpleNamespace(
                verify_challenge=lambda *_: None, verify_pkcs10=proofs.verify_pkcs10
            )
            desk = replace(desk, proofs=any_proof)
        app = create_app(desk)
        async with (
            serving(app, host="127.0.0.1", port=0, tls=None) as port,
            IssuanceClient(f"http://127.0.0.1:{port}") as client,
        ):
            yield client
    finally:
        await store.close()
        await reader.close()


def der(path: Path) -> bytes:
    return x509.load_pem_x509_certificate(path.read_bytes()).public_bytes(Encoding.DER)


async def presented(client: IssuanceClient, certificate: bytes) -> SessionRequest:
    challenge = await client.challenge()
    return SessionRequest(
        challenge_id=challenge.challenge_id,
        certificate=certificate,
        signature=b"s" * 256,
        algorithm=SignatureAlgorithm.SHA256_RSA,
    )


async def test_without_their_key_they_prove_nothing(practice: Practice) -> None:
    assert (len(MOCKS), len(CAS)) == (4, 11)
    async with api(practice, believing=False) as client:
        for path in (Z_PASS, *MOCKS, *CAS):
            problem = await refused(client.open_session(await presented(client, der(path))))
            assert problem.problem_code == "unauthenticated", path.name


async def test_the_stand_in_register_vouches_for_none_of_them(practice: Practice) -> None:
    async with api(practice, believing=True) as client:
        for path in (Z_PASS, *MOCKS, *CAS):
            problem = await refused(client.open_session(await presented(client, der(path))))
            assert problem.reason is RefusalReason.PASS_NOT_TRUSTED, path.name


async def test_their_own_register_refuses_each_for_what_it_is(practice: Practice) -> None:
    text = practice.config.read_text("utf-8")
    practice.config.write_text(text[: text.index("[uzi]")] + register_of_tests(), "utf-8")
    async with api(practice, believing=True) as client:
        zorgverlener = await refused(client.open_session(await presented(client, der(Z_PASS))))
        assert zorgverlener.reason is RefusalReason.PASS_IS_ZORGVERLENER
        assert zorgverlener.problem.detail == ZORGVERLENER
        for path in (*MOCKS, *CAS):
            problem = await refused(client.open_session(await presented(client, der(path))))
            assert problem.reason is RefusalReason.PASS_NOT_TRUSTED, path.name
