"""The disk of the store is full: what cannot be kept is refused, and what was kept stays true."""

import pytest
from cryptography import x509

from pki.api.errors import ServiceUnavailable
from pki.api.wire import BlockRequest
from pki.domain.identifiers import CardId, IdempotencyKey
from pki.domain.reasons import BlockReason
from practice import Practice, employee
from program import readiness, until
from server.initialise import ADMINISTRATOR
from small_disk import SmallDisk, require_namespaces, serving_on_a_small_disk

pytestmark = [pytest.mark.openssl, pytest.mark.slow]
CARDS = 3


async def test_nothing_is_promised_that_was_not_written(practice: Practice) -> None:
    require_namespaces()
    with serving_on_a_small_disk(practice) as (server, disk):
        cards: dict[str, CardId] = {}
        for number in range(CARDS):
            made = await practice.make_card(employee(200 + number))
            serial = x509.load_der_x509_certificate(made.certificate).serial_number
            cards[f"{serial:040x}"] = made.card.card_id
        disk.fill()
        blocked = {serial for serial, card in cards.items() if await block(practice, card)}
        assert len(blocked) < CARDS, "a full disk has room for a journal row or two, not for more"
        for _ in range(2):
            assert statuses(practice, cards) == {
                serial: "hold" if serial in blocked else "good" for serial in cards
            }
        # The same requests again, with the same keys: those that were kept are not done twice.
        disk.free()
        assert [await block(practice, card) for card in cards.values()] == [True] * CARDS
        assert set(statuses(practice, cards).values()) == {"hold"}
        await practice.make_card(employee(299))
        until(lambda: readiness(practice.metrics_port) is None, "it mends by itself")
        assert counted(disk) == CARDS
        assert server.code is None


async def block(practice: Practice, card: CardId) -> bool:
    """Whether the block was acknowledged."""
    async with practice.client(ADMINISTRATOR) as administrator:
        try:
            await administrator.block(
                card,
                BlockRequest(reason=BlockReason.LOSS),
                IdempotencyKey(f"block-{card}"),
            )
        except ServiceUnavailable as answered:
            if "disk" not in (answered.problem.next_step or ""):
                raise
            return False
    return True


def statuses(practice: Practice, cards: dict[str, CardId]) -> dict[str, str]:
    return {serial: practice.openssl_ocsp(serial) for serial in cards}


def counted(disk: SmallDisk) -> int:
    """Blocks in the journal, which must verify."""
    configuration = str(disk.path.parent / "zorgid.toml").partition("/root/")[2]
    verified = disk.zorgid("journal", "verify", "--config", f"/{configuration}")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    shown = disk.zorgid("journal", "show", "--config", f"/{configuration}", "--limit", "1000")
    return shown.stdout.count("card.blocked")
