"""The server is killed at every step of a card's life and started again.

No certificate exists that the journal does not know, no serial is used twice, and the card writer
needs nothing but to try again with the same card.
"""

import signal
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from cryptography import x509

from installed.nursery import Nursery
from installed.practice import Practice, employee
from installed.program import fetched, until
from installed.sound import check_sound
from pki.api.client import IssuanceClient
from pki.api.errors import ServiceUnreachable
from pki.api.wire import BlockRequest, CardChangedView, RevokeRequest
from pki.domain.identifiers import CardId
from pki.domain.reasons import BlockReason, RevokeReason
from server.initialise import ADMINISTRATOR
from stores.books import Ledger

pytestmark = [pytest.mark.openssl, pytest.mark.slow]

FLOW = (
    "transaction",  # a challenge
    "transaction",  # the challenge is taken
    "transaction",  # a session
    "transaction",  # the order
    "transaction",  # the intent
    "signature",
    "transaction",  # the certificate
    "transaction",  # the challenge of the confirmation is taken
    "transaction",  # the confirmation
)
POINTS = [(number, moment) for number in range(1, len(FLOW) + 1) for moment in ("before", "after")]


def check_card(practice: Practice, folder: Path) -> str:
    """The card as a relying party sees it; its serial."""
    root, issuer = (str(practice.layout.certificate(name)) for name in ("root", "token-ca-g1"))
    pem = folder / "certificates.pem"
    words = ("openssl", "verify", "-x509_strict", "-CAfile", root, "-untrusted", issuer, str(pem))
    ran = subprocess.run(words, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    certificate = x509.load_pem_x509_certificate(pem.read_bytes())
    return f"{certificate.serial_number:040x}"


async def test_the_flow_does_what_is_counted_here(
    module_practice: Practice, nursery: Nursery, tmp_path: Path
) -> None:
    record = tmp_path / "done"
    with nursery.serving(module_practice, {"record": str(record)}):
        made = await module_practice.make_card(employee(0))
    assert made.card.state == "actief"
    assert tuple(record.read_text().split()) == FLOW


@pytest.mark.parametrize(("number", "moment"), POINTS)
async def test_making_a_card_survives_it(
    module_practice: Practice, nursery: Nursery, number: int, moment: str
) -> None:
    practice = module_practice
    someone = employee(POINTS.index((number, moment)) + 1)
    uzi_pass, card = practice.make_pass(someone), practice.blank_card(someone.label)
    ledger = Ledger(practice)
    with (
        nursery.serving(practice, {"number": number, "moment": moment}),
        pytest.raises(ServiceUnreachable),
    ):
        await practice.run_desk(uzi_pass, card)
    assert nursery.code == -signal.SIGKILL

    with nursery.serving(practice):
        made = await practice.run_desk(uzi_pass, card)
        assert made.card.state == "actief"
        assert card.certificates()[0] == made.certificate
        serial = check_card(practice, card.directory)
        statuses = {
            each: practice.openssl_ocsp(each) for each in ledger.serials("certificate.intended")
        }
        await check_sound(practice)
    assert nursery.code == 0
    assert statuses.pop(serial) == "good"
    assert set(statuses.values()) <= {"revoked"}
    assert len(statuses) == (1 if unseen(number, moment) else 0)
    assert ledger.live_serials(someone.uzi_number) == [serial]
    assert ledger.certificates()[serial] == card.certificates()[0]


def unseen(number: int, moment: str) -> bool:
    """Whether the server died between the intent and the certificate, so that a serial is lost."""
    first, last = POINTS.index((5, "after")), POINTS.index((7, "before"))
    return first <= POINTS.index((number, moment)) <= last


Change = Callable[[IssuanceClient, CardId], Awaitable[CardChangedView]]


async def block(client: IssuanceClient, card: CardId) -> CardChangedView:
    return await client.block(card, BlockRequest(reason=BlockReason.LOSS))


async def unblock(client: IssuanceClient, card: CardId) -> CardChangedView:
    return await client.unblock(card)


async def revoke(client: IssuanceClient, card: CardId) -> CardChangedView:
    return await client.revoke(card, RevokeRequest(reason=RevokeReason.LOSS_OR_THEFT))


DEATHS: list[tuple[Change, str, str]] = [
    (block, "before", "good"),
    (block, "after", "hold"),
    (unblock, "before", "hold"),
    (unblock, "after", "good"),
    (block, "after", "hold"),
    (revoke, "before", "hold"),
    (revoke, "after", "revoked"),
]
"""What an administrator asks, when the server dies of it, and what OCSP must say afterwards."""


async def test_changing_a_card_survives_it(module_practice: Practice, nursery: Nursery) -> None:
    practice, ledger = module_practice, Ledger(module_practice)
    with nursery.serving(practice):
        made = await practice.make_card(employee(100))
    serial = x509.load_der_x509_certificate(made.certificate).serial_number
    expected = "good"
    for change, moment, afterwards in DEATHS:
        with nursery.serving(practice, {"number": 1, "moment": moment}):
            assert practice.openssl_ocsp(f"{serial:040x}") == expected
            async with practice.client(ADMINISTRATOR) as administrator:
                with pytest.raises(ServiceUnreachable):
                    await change(administrator, made.card.card_id)
        assert nursery.code == -signal.SIGKILL
        expected = afterwards
    with nursery.serving(practice):
        assert practice.openssl_ocsp(f"{serial:040x}") == expected
        until(lambda: serial in listed(practice), "the revoked card is on the CRL")
        await check_sound(practice)
    kinds = [entry.kind for entry in ledger.entries() if entry.position > ledger.after]
    assert [kinds.count(f"card.{each}") for each in ("blocked", "unblocked", "revoked")] == [
        2,
        1,
        1,
    ]


def listed(practice: Practice) -> set[int]:
    crl = x509.load_der_x509_crl(fetched(f"{practice.base_url}/crl/zorg-id-token-ca.crl"))
    return {entry.serial_number for entry in crl}
