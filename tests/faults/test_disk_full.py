"""The disk of the store is full: what cannot be kept is refused, and what was kept stays true."""

import pytest
from cryptography import x509

from installed.practice import Practice, employee
from installed.program import readiness, until
from installed.small_disk import require_namespaces, serving_on_a_small_disk
from installed.sound import Change, Requests, check_sound
from pki.api.errors import ServiceUnavailable
from pki.domain.identifiers import CardId

pytestmark = [pytest.mark.openssl, pytest.mark.slow]
CARDS = 3


async def test_nothing_is_promised_that_was_not_written(practice: Practice) -> None:
    require_namespaces()
    requests = Requests()
    with serving_on_a_small_disk(practice) as (server, disk):
        cards: dict[str, CardId] = {}
        for number in range(CARDS):
            made = await practice.make_card(employee(200 + number))
            serial = x509.load_der_x509_certificate(made.certificate).serial_number
            cards[f"{serial:040x}"] = made.card.card_id
        disk.fill()
        blocked = {
            serial
            for serial, card in cards.items()
            if await requests.once(practice, Change.BLOCK, card)
        }
        assert len(blocked) < CARDS, "a full disk has room for a journal row or two, not for more"
        for refused in requests.refusals:
            assert isinstance(refused, ServiceUnavailable)
            assert "disk" in (refused.problem.next_step or "")
        for _ in range(2):
            assert statuses(practice, cards) == {
                serial: "hold" if serial in blocked else "good" for serial in cards
            }
        disk.free()
        for each in requests.asked:
            assert await requests.again(practice, each)
        assert set(statuses(practice, cards).values()) == {"hold"}
        await practice.make_card(employee(299))
        until(lambda: readiness(practice.metrics_port) is None, "it mends by itself")
        disk.bring_out(practice.layout.store)
        await check_sound(practice, requests)
        assert server.code is None


def statuses(practice: Practice, cards: dict[str, CardId]) -> dict[str, str]:
    return {serial: practice.openssl_ocsp(serial) for serial in cards}
