"""The server is killed at every step of a card's life and started again.

No certificate exists that the journal does not know, no serial is used twice, and the card writer
needs nothing but to try again with the same card.
"""

import hashlib
import signal
import subprocess
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from nursery import Nursery
from pki.api.client import IssuanceClient
from pki.api.errors import ServiceUnreachable
from pki.api.wire import BlockRequest, CardChangedView, RevokeRequest
from pki.domain.cards import Active
from pki.domain.identifiers import CardId, UziNumber
from pki.domain.journal import RawEntry
from pki.domain.reasons import BlockReason, RevokeReason
from pki.store.reading import ReadSession, ReadStore
from practice import Practice, employee
from program import fetched, until
from server.commands.journal import verify
from server.initialise import ADMINISTRATOR

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


class Ledger:
    """The store as it is found after the crash, by reading alone."""

    def __init__(self, practice: Practice) -> None:
        self._url = f"sqlite:///{practice.layout.store}"
        self.after = self._read(lambda session: session.head().position)

    def _read(self, query: Any) -> Any:
        store = ReadStore.open(self._url, threads=1)
        try:
            return store.read_sync(query)
        finally:
            store.close_sync()

    def entries(self) -> list[RawEntry]:
        found: list[RawEntry] = self._read(lambda session: list(session.raw_journal()))
        return found

    def serials(self, kind: str, *, everything: bool = False) -> list[str]:
        after = 0 if everything else self.after
        return [
            str(entry.payload["serial"])
            for entry in self.entries()
            if entry.kind == kind and entry.position > after
        ]

    def certificates(self) -> dict[str, bytes]:
        def query(session: ReadSession) -> dict[str, bytes]:
            return {each.serial.hex: each.der for each in session.certificates_after(None, 10_000)}

        found: dict[str, bytes] = self._read(query)
        return found

    def live_serials(self, number: UziNumber) -> list[str]:
        def query(session: ReadSession) -> list[str]:
            cards = [card for card in session.cards_of_person(number) if card.is_live]
            assert all(isinstance(card.phase, Active) for card in cards)
            return [card.serial.hex for card in cards if card.serial is not None]

        found: list[str] = self._read(query)
        return found


def check_books(practice: Practice, ledger: Ledger) -> None:
    """Journal and facts agree, over the whole life of the installation."""
    verify(practice.config, None)
    intended = ledger.serials("certificate.intended", everything=True)
    issued = {
        str(entry.payload["serial"]): entry.payload["certificate_sha256"]
        for entry in ledger.entries()
        if entry.kind == "certificate.issued"
    }
    closed = ledger.serials("certificate.intent_closed", everything=True)
    certificates = ledger.certificates()
    assert max(Counter(intended).values()) == 1
    assert sorted(intended) == sorted([*issued, *closed])
    assert issued == {
        serial: hashlib.sha256(der).hexdigest() for serial, der in certificates.items()
    }
    for serial, der in certificates.items():
        assert x509.load_der_x509_certificate(der).serial_number == int(serial, 16)


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
    assert nursery.code == 0
    assert statuses.pop(serial) == "good"
    assert set(statuses.values()) <= {"revoked"}
    assert len(statuses) == (1 if unseen(number, moment) else 0)
    assert ledger.live_serials(someone.uzi_number) == [serial]
    assert ledger.certificates()[serial] == card.certificates()[0]
    check_books(practice, ledger)


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
    kinds = [entry.kind for entry in ledger.entries() if entry.position > ledger.after]
    assert [kinds.count(f"card.{each}") for each in ("blocked", "unblocked", "revoked")] == [
        2,
        1,
        1,
    ]
    check_books(practice, ledger)


def listed(practice: Practice) -> set[int]:
    crl = x509.load_der_x509_crl(fetched(f"{practice.base_url}/crl/zorg-id-token-ca.crl"))
    return {entry.serial_number for entry in crl}
