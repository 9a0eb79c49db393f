"""Several generations of the Token CA side by side, judged by openssl; roll-over, and an end."""

import asyncio
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from crl.policy import LAST_UPDATE
from installed.next_generation import add_generation, set_state
from installed.nursery import Nursery
from installed.practice import Practice, employee, tuned
from installed.program import exchanged, fetched, until
from pki.api.wire import BlockRequest, RevokeRequest
from pki.domain.identifiers import ISSUED_SERIAL_MIN, CardId
from pki.domain.reasons import BlockReason, RevokeReason
from pki.ports import SystemClock
from server.demo.telling.tools import environment
from server.initialise import ADMINISTRATOR
from server.report import FINDING, USAGE

pytestmark = [pytest.mark.openssl, pytest.mark.slow]

G1 = "token-ca-g1"
PUBLISHED = {G1: "zorg-id-token-ca"}
BLOCK = BlockRequest(reason=BlockReason.SECURITY_INCIDENT)
REVOKE = RevokeRequest(reason=RevokeReason.DEFECT)
NEVER_ISSUED = f"{ISSUED_SERIAL_MIN + 4711:040x}"


def published_as(generation: str) -> str:
    return PUBLISHED.get(generation, f"zorg-id-{generation}")


@dataclass(frozen=True)
class MadeCard:
    card: CardId
    certificate: x509.Certificate

    @property
    def serial(self) -> str:
        return f"{self.certificate.serial_number:040x}"


async def made(practice: Practice, number: int) -> MadeCard:
    found = await practice.make_card(employee(number))
    certificate = x509.load_der_x509_certificate(found.certificate)
    return MadeCard(card=found.card.card_id, certificate=certificate)


async def good_and_blocked(practice: Practice, number: int) -> tuple[MadeCard, MadeCard]:
    good, blocked = await made(practice, number), await made(practice, number + 1)
    async with practice.client(ADMINISTRATOR) as administrator:
        await administrator.block(blocked.card, BLOCK)
    return good, blocked


def crl_of(practice: Practice, generation: str) -> x509.CertificateRevocationList:
    url = f"{practice.base_url}/crl/{published_as(generation)}.crl"
    return x509.load_der_x509_crl(fetched(url))


def openssl_verify(practice: Practice, generation: str, card: MadeCard, crls: Path) -> str:
    """OK, or the number and text of what openssl finds."""
    pem = practice.layout.root / "card-under-test.pem"
    pem.write_bytes(card.certificate.public_bytes(Encoding.PEM))
    root, issuer = (str(practice.layout.certificate(name)) for name in ("root", generation))
    trust = ("-CAfile", root, "-untrusted", issuer, "-CRLfile", str(crls))
    ran = subprocess.run(
        ("openssl", "verify", *trust, "-crl_check_all", str(pem)),
        capture_output=True,
        text=True,
        check=False,
        env=environment(),
        timeout=60,
    )
    return "OK" if ran.returncode == 0 else ran.stderr


def all_crls(practice: Practice, generations: Mapping[str, object]) -> Path:
    path = practice.layout.root / "all-crls.pem"
    found = [crl_of(practice, each) for each in generations]
    found.append(x509.load_der_x509_crl(practice.layout.crl("root").read_bytes()))
    path.write_bytes(b"".join(each.public_bytes(Encoding.PEM) for each in found))
    return path


async def test_each_generation_is_judged_by_its_own_answers(
    practice: Practice, nursery: Nursery
) -> None:
    cards: dict[str, tuple[MadeCard, MadeCard]] = {}
    with nursery.serving(practice):
        cards[G1] = await good_and_blocked(practice, 1)
    same_name = await asyncio.to_thread(add_generation, practice, 2)
    with nursery.serving(practice):
        cards[same_name] = await good_and_blocked(practice, 3)
    new_name = await asyncio.to_thread(add_generation, practice, 3, name="ZORG-ID Token CA G3")
    with nursery.serving(practice):
        cards[new_name] = await good_and_blocked(practice, 5)
        await asyncio.to_thread(judge_all, practice, cards)


def judge_all(practice: Practice, cards: Mapping[str, tuple[MadeCard, MadeCard]]) -> None:
    for generation, (_, blocked) in cards.items():
        number = blocked.certificate.serial_number
        until(listing(practice, generation, number), f"the CRL of {generation} lists the block")
    crls = all_crls(practice, cards)
    for generation, (good, blocked) in cards.items():
        judge_names(practice, generation, good)
        assert openssl_verify(practice, generation, good, crls) == "OK"
        assert "error 23" in openssl_verify(practice, generation, blocked, crls)
        for serial, status in (
            (good.serial, "good"),
            (blocked.serial, "hold"),
            (NEVER_ISSUED, "unknown"),
        ):
            assert practice.openssl_ocsp(serial, issuer=generation) == status
            for other in set(cards) - {generation}:
                # The same serial asked of another generation, of the same name or not.
                assert practice.openssl_ocsp(serial, issuer=other) == "unknown"


def listing(practice: Practice, generation: str, number: int) -> Callable[[], bool]:
    return lambda: (
        crl_of(practice, generation).get_revoked_certificate_by_serial_number(number) is not None
    )


def judge_names(practice: Practice, generation: str, card: MadeCard) -> None:
    """The addresses in a card are those of its own generation, and that is what is there."""
    extensions = card.certificate.extensions
    points = extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    crl_url = f"{practice.base_url}/crl/{published_as(generation)}.crl"
    assert [name.value for point in points for name in point.full_name or ()] == [crl_url]
    access = extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    ca_url = f"{practice.base_url}/ca/{published_as(generation)}.cer"
    assert ca_url in [each.access_location.value for each in access]
    issuer = x509.load_der_x509_certificate(fetched(ca_url))
    pem = practice.layout.certificate(generation).read_bytes()
    assert issuer == x509.load_pem_x509_certificate(pem)
    card.certificate.verify_directly_issued_by(issuer)


async def test_until_its_first_day_the_one_before_issues(
    practice: Practice, nursery: Nursery
) -> None:
    tomorrow = SystemClock().now() + timedelta(days=1)
    await asyncio.to_thread(add_generation, practice, 2, since=tomorrow)
    with nursery.serving(practice):
        card = await made(practice, 1)
        pem = practice.layout.certificate(G1).read_bytes()
        card.certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(pem))
        assert practice.openssl_ocsp(card.serial) == "good"
    told = practice.zorgid("doctor", "--config", str(practice.config))
    assert "token-ca-g2 is not valid before" in told.stdout
    assert "token-ca-g1 issues" in told.stdout


async def test_a_generation_with_a_good_card_cannot_be_called_ended(
    practice: Practice, nursery: Nursery
) -> None:
    with nursery.serving(practice):
        card = await made(practice, 1)
    set_state(practice, G1, "ended")
    too_soon = practice.zorgid("serve", "--config", str(practice.config))
    assert too_soon.returncode == USAGE
    assert f"{G1} has a good card until" in too_soon.stderr
    assert "write answers until then" in too_soon.stderr
    practice.change(('state = "ended"', 'state = "answers"'))
    with nursery.serving(practice):
        assert practice.openssl_ocsp(card.serial) == "good"


async def test_an_end_is_final(practice: Practice, nursery: Nursery) -> None:
    with nursery.serving(practice):
        card = await made(practice, 1)
        async with practice.client(ADMINISTRATOR) as administrator:
            await administrator.block(card.card, BLOCK)
            await administrator.revoke(card.card, REVOKE)
    set_state(practice, G1, "ended")
    last = []
    for _ in range(2):
        with nursery.serving(practice):
            until(lambda: crl_of(practice, G1).next_update_utc == LAST_UPDATE, "the last CRL")
            last.append(crl_of(practice, G1).public_bytes(Encoding.DER))
            status, _ = exchanged(f"{practice.base_url}/ca/{published_as(G1)}.cer")
            assert status == 200
            with pytest.raises(AssertionError, match="unauthorized"):
                practice.openssl_ocsp(card.serial)
    assert last[0] == last[1]
    judge_last(practice, last[0], card)
    practice.change(('state = "ended"', 'state = "issues"'))
    again = practice.zorgid("serve", "--config", str(practice.config))
    assert again.returncode == USAGE
    assert f"{G1} made its last CRL" in again.stderr


def judge_last(practice: Practice, der: bytes, card: MadeCard) -> None:
    words = ("openssl", "crl", "-inform", "DER", "-noout", "-nextupdate", "-CAfile")
    trust = practice.layout.root / "both.pem"
    names = ("root", G1)
    trust.write_bytes(b"".join(practice.layout.certificate(name).read_bytes() for name in names))
    ran = subprocess.run(
        (*words, str(trust)), input=der, capture_output=True, check=True, env=environment()
    )
    assert b"nextUpdate=Dec 31 23:59:59 9999 GMT" in ran.stdout
    assert b"verify OK" in ran.stderr
    crl = x509.load_der_x509_crl(der)
    number = card.certificate.serial_number
    assert crl.get_revoked_certificate_by_serial_number(number) is not None


async def test_a_status_node_with_another_generations_certificate_does_not_start(
    practice: Practice,
) -> None:
    config = practice.status_config()
    other = await asyncio.to_thread(add_generation, practice, 2)
    ours, theirs = (f'certificate = "ca/{each}.pem"' for each in (G1, other))
    config.write_text(tuned(config.read_text("utf-8"), (ours, theirs)), "utf-8")
    with practice.serving("issuance"):
        ran = practice.zorgid("serve", "--config", str(config), "--role", "status")
    assert ran.returncode == FINDING, ran.stderr
    assert f"the OCSP responder certificate was not issued by {G1}" in ran.stderr
    assert "next: let the issuance role make one with the right issuer" in ran.stderr
