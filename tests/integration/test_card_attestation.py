"""Cards whose maker proves where their key was made, and a server that wants to know."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from card_writer.piv.rights import PivSettings
from desks.desk import SETTINGS, TestDesk
from desks.house import House, assert_made
from issuance.attesting.rule import AttestationRule
from pki.api.errors import ProblemAnswered
from pki.domain.evidence.attestation import Attestation, CardKeyAttested
from pki.domain.identifiers import SerialNumber
from pki.domain.reasons import RefusalReason
from pki.store.reading import ReadStore
from pki.trust.attestation.chain import AttestationTrust
from virtual_card.maker import CardMaker, usual_maker
from virtual_card.piv import PivCard as VirtualCard

TRUSTED = AttestationTrust([usual_maker().root])
RECORDED = AttestationRule(judge=TRUSTED)
NEEDED = AttestationRule(judge=TRUSTED, needed=True)
PLAIN = PivSettings(pin_characters=SETTINGS.pin_characters)
ATTEST = 0xF9


@asynccontextmanager
async def desk_before(house: House, rule: AttestationRule) -> AsyncIterator[TestDesk]:
    """A desk before a server with this rule."""
    house.world.attestation = rule
    async with house.world.serve() as server:
        again = House(world=house.world, server=server, numbers=house.numbers)
        async with again.desk() as desk:
            yield desk


def kept(house: House, serial: SerialNumber) -> tuple[Attestation | None, list[str]]:
    """What the store has of a certificate's proof, and what the journal says of it."""
    store = ReadStore.open(house.world.url, threads=1)
    try:
        proof = store.read_sync(lambda session: session.attestation_of(serial))
        entries = store.read_sync(lambda session: list(session.journal_after(0, 1000)))
    finally:
        store.close_sync()
    events = (entry.event for entry in entries)
    return proof, [each.attestation_sha256 for each in events if isinstance(each, CardKeyAttested)]


def asked_for_a_proof(desk: TestDesk) -> bool:
    return any(head[1] == ATTEST for head in desk.cards.heads)


async def refusal(desk: TestDesk) -> RefusalReason | None:
    with pytest.raises(ProblemAnswered) as caught:
        await desk.make()
    assert caught.value.problem.status == 422
    assert not desk.cards.open(None).certificates()
    return caught.value.reason


@pytest.mark.parametrize("rule", [RECORDED, NEEDED], ids=["record", "require"])
async def test_a_proof_is_passed_on_kept_and_told(card_house: House, rule: AttestationRule) -> None:
    async with desk_before(card_house, rule) as desk:
        made = await desk.make()
        assert len(desk.cards.heads) <= 68
        assert_made(card_house, desk, made)
    assert made.card.serial is not None
    proof, told = kept(card_house, made.card.serial)
    assert proof is not None
    assert proof.chain[1:] == (usual_maker().of_card,)
    assert told == [proof.sha256]


async def test_a_card_is_not_asked_where_the_server_does_not_want_to_know(
    card_house: House,
) -> None:
    async with card_house.desk() as desk:
        made = await desk.make()
        assert not asked_for_a_proof(desk)
    assert made.card.serial is not None
    assert kept(card_house, made.card.serial) == (None, [])


async def test_a_card_of_another_maker_is_refused(card_house: House) -> None:
    for rule in (RECORDED, NEEDED):
        async with desk_before(card_house, rule) as desk:
            desk.cards.chip.maker = CardMaker("Another maker")
            assert await refusal(desk) is RefusalReason.ATTESTATION_NOT_TRUSTED


async def test_a_card_that_proves_nothing_is_made_unless_a_proof_is_needed(
    card_house: House,
) -> None:
    async with desk_before(card_house, RECORDED) as desk:
        desk.cards.chip = VirtualCard(vendor=True, maker=None)
        assert_made(card_house, desk, await desk.make())
    async with desk_before(card_house, NEEDED) as desk:
        desk.cards.chip = VirtualCard(vendor=True, maker=None)
        assert await refusal(desk) is RefusalReason.KEY_NOT_ATTESTED


async def test_vendor_extensions_are_not_used_unless_the_desk_says_so(card_house: House) -> None:
    async with desk_before(card_house, NEEDED) as desk:
        desk.cards.settings = PLAIN
        assert await refusal(desk) is RefusalReason.KEY_NOT_ATTESTED
        assert not asked_for_a_proof(desk)
