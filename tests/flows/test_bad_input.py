"""What must be refused at the API of a running server, each with its own reason."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
)

from installed.practice import Practice, employee, refused
from issuing.world import Writer, pkcs10
from pki.api.client import IssuanceClient
from pki.domain.identifiers import Ura
from pki.domain.reasons import RefusalReason
from pki.domain.uzi import PassType
from pki.ports import SystemClock
from server.demo.cards import DOCTOR, URA
from server.demo.uzi_register import OID_CA, IssuedPass, PassSubject

pytestmark = pytest.mark.slow

ZORGVERLENER = "Een Zorgverlener UZI-pas kan niet gebruikt worden. U kunt helaas niet verder."
DAY = timedelta(days=1)
YEAR = 365 * DAY


@pytest.fixture
async def client(running_practice: Practice) -> AsyncIterator[IssuanceClient]:
    async with running_practice.client() as client:
        yield client


@pytest.fixture(scope="session")
def card_keys() -> list[rsa.RSAPrivateKey]:
    return [rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2)]


def holding(client: IssuanceClient, issued: IssuedPass, key: rsa.RSAPrivateKey) -> Writer:
    return Writer(
        client=client,
        certificate=issued.certificate.public_bytes(Encoding.DER),
        pass_key=issued.key,
        card_key=key,
    )


async def test_a_challenge_counts_once(
    running_practice: Practice, client: IssuanceClient, card_keys: list[rsa.RSAPrivateKey]
) -> None:
    writer = holding(client, running_practice.register.issue(employee(4).subject), card_keys[0])
    request = writer.session_request(await client.challenge())
    await client.open_session(request)
    problem = await refused(client.open_session(request))
    assert (problem.problem_code, problem.problem.status) == ("unauthenticated", 401)


async def test_another_passs_signature_is_no_proof(
    running_practice: Practice, client: IssuanceClient, card_keys: list[rsa.RSAPrivateKey]
) -> None:
    register = running_practice.register
    other = register.issue(employee(6).subject)
    writer = holding(client, register.issue(employee(5).subject), card_keys[0])
    request = writer.session_request(await client.challenge(), other.key)
    assert (await refused(client.open_session(request))).problem_code == "unauthenticated"


async def test_keys_that_are_not_certified(
    running_practice: Practice, client: IssuanceClient, card_keys: list[rsa.RSAPrivateKey]
) -> None:
    first_key, own_key = card_keys
    first = holding(client, running_practice.register.issue(employee(7).subject), first_key)
    await first.make()
    writer = holding(client, running_practice.register.issue(employee(8).subject), own_key)
    await writer.open()
    card = (await writer.order("l" * 16, "ZC-000002")).card_id
    good = pkcs10(own_key)
    weak = pkcs10(rsa.generate_private_key(65537, 1024))  # noqa: S505 -- it must be refused
    for request, code in (
        (good[:-1] + bytes([good[-1] ^ 1]), "key-rejected"),
        (weak, "key-rejected"),
        (pkcs10(ec.generate_private_key(ec.SECP256R1())), "key-rejected"),
        (pkcs10(first_key), "key-rejected"),
        (good[:-1], "malformed"),
        (b"\x30\x00", "malformed"),
    ):
        assert (await refused(writer.certify(card, request))).problem_code == code
    certified = await writer.certify(card, good)
    assert (await writer.confirm(certified)).state == "actief"


async def test_a_confirmation_needs_the_cards_own_key(
    running_practice: Practice, client: IssuanceClient
) -> None:
    keys = [rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2)]
    writer = holding(client, running_practice.register.issue(employee(9).subject), keys[0])
    await writer.open()
    card = (await writer.order("m" * 16, "ZC-000003")).card_id
    certified = await writer.certify(card)
    for key in (keys[1], writer.pass_key):
        assert (await refused(writer.confirm(certified, key))).problem_code == "unauthenticated"
        certified = await writer.certify(card)
    assert certified.card.state == "uitgegeven"


def of_type(number: int, kind: PassType, ura: Ura = URA) -> PassSubject:
    found = employee(number).subject
    name = replace(found.name, pass_type=kind, oid_ca=OID_CA[kind], ura=ura)
    return replace(found, name=name)


async def test_passes_that_make_no_card(
    running_practice: Practice, client: IssuanceClient, card_keys: list[rsa.RSAPrivateKey]
) -> None:
    register, now = running_practice.register, SystemClock().now()
    good = register.issue(employee(20).subject)
    revoked = register.issue(employee(21).subject)
    register.revoke(revoked.certificate)
    not_on_name, server = PassType.MEDEWERKER_NIET_OP_NAAM, PassType.SERVER
    old = register.issue(employee(24).subject, not_before=now - 3 * YEAR - DAY / 24)
    early = register.issue(employee(25).subject, not_before=now + DAY)
    elsewhere = register.issue(of_type(26, PassType.MEDEWERKER_OP_NAAM, Ura("90000777")))
    forged = register.sign_without_rules(good, pass_type=PassType.ZORGVERLENER)
    reasons = RefusalReason
    for issued, reason in (
        (register.issue(DOCTOR.subject), reasons.PASS_IS_ZORGVERLENER),
        (register.issue(of_type(22, not_on_name)), reasons.PASS_NOT_ON_NAME),
        (register.issue(of_type(23, server)), reasons.PASS_IS_SERVER),
        (old, reasons.PASS_EXPIRED),
        (early, reasons.PASS_NOT_YET_VALID),
        (revoked, reasons.PASS_REVOKED),
        (elsewhere, reasons.ORGANISATION_UNKNOWN),
        (forged, reasons.PASS_NAME_INVALID),
    ):
        problem = await refused(holding(client, issued, card_keys[0]).open())
        assert problem.reason is reason
        assert problem.problem.status == 403
        assert (problem.problem.detail == ZORGVERLENER) is (reason is reasons.PASS_IS_ZORGVERLENER)
    assert (await holding(client, good, card_keys[0]).open()).eligible


async def test_a_pass_revoked_within_its_session_orders_nothing(
    running_practice: Practice, client: IssuanceClient, card_keys: list[rsa.RSAPrivateKey]
) -> None:
    issued = running_practice.register.issue(employee(27).subject)
    writer = holding(client, issued, card_keys[0])
    await writer.open()
    running_practice.register.revoke(issued.certificate)
    problem = await refused(writer.order("n" * 16, "ZC-000004"))
    assert problem.reason is RefusalReason.PASS_REVOKED


async def test_a_person_has_one_card(
    running_practice: Practice, client: IssuanceClient, card_keys: list[rsa.RSAPrivateKey]
) -> None:
    someone = employee(28)
    second = holding(client, running_practice.register.issue(someone.subject), card_keys[0])
    await second.open()
    await running_practice.make_card(someone)
    problem = await refused(second.order("o" * 16, "ZC-000005"))
    assert (problem.reason, problem.problem.status) == (RefusalReason.HOLDER_HAS_CARD, 409)


async def test_refusals_stand_in_the_journal_without_names(running_practice: Practice) -> None:
    shown = running_practice.zorgid(
        *("journal", "show", "--json", "--limit", "10000", "--config", str(running_practice.config))
    )
    for reason in ("pass-is-zorgverlener", "pass-revoked", "holder-has-card"):
        assert f'"reason": "{reason}"' in shown.stdout
    for secret in ("9000100", "Heuvel", "Chloë", "1988-02-29"):
        assert secret not in shown.stdout
