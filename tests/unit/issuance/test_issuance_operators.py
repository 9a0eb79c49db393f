"""What operators do to cards and to each other."""

from dataclasses import replace
from datetime import timedelta

import pytest

from fakes.issuance import (
    APOTHEEK,
    HUISARTS,
    Surroundings,
)
from issuance.block_card import block_card
from issuance.register_operator import NewOperator, register_operator
from issuance.register_organisation import NewOrganisation, register_organisation
from issuance.revoke_card import revoke_card
from issuance.search.find import search_cards
from issuance.steps.callers import operator_of
from issuance.steps.enquiries import (
    card_for_operator,
    certificate_for_operator,
)
from issuance.unblock_card import unblock_card
from issuing.holder import NAME, Holder, refusals
from pki.domain.cards import Blocked, Card, certificate_status
from pki.domain.errors import (
    Conflict,
    Forbidden,
    Malformed,
    NotFound,
    Refused,
)
from pki.domain.events import (
    CardRevoked,
    OperatorRegistered,
    OrganisationRegistered,
)
from pki.domain.identifiers import CardId, PersonId, Ura, UziNumber
from pki.domain.people import Operator, Role
from pki.domain.reasons import BlockReason, RefusalReason, RevocationReason, RevokeReason
from pki.domain.registration.records import KnownPerson
from pki.domain.search.cards import CardSearch
from pki.domain.status import Good, OnHold, Revoked


async def test_who_has_a_card_cannot_become_operator(around: Surroundings, holder: Holder) -> None:
    await holder.make()
    person = KnownPerson(uzi_number=UziNumber(holder.number), name=NAME)
    new = NewOperator(role=Role.ADMINISTRATOR, ura=APOTHEEK, certificate=b"c", person=person)
    with pytest.raises(Refused) as raised:
        await register_operator(around.desk, around.team, new)
    assert raised.value.reason is RefusalReason.HOLDER_HAS_CARD


async def test_block_unblock_block_revoke(around: Surroundings, holder: Holder) -> None:
    card = await holder.make()
    serial = card.serial
    assert serial is not None
    statuses = around.store.tables
    manager = around.operator(Role.BEHEERDER, APOTHEEK)
    around.clock.advance(minutes=1)
    change = await block_card(around.desk, manager, card.id, BlockReason.LOSS)
    assert change.entry.at == around.clock.now()
    assert around.store.tables.statuses[serial] == OnHold(since=change.entry.at)
    around.clock.advance(minutes=1)
    await unblock_card(around.desk, manager, card.id)
    assert around.store.tables.statuses[serial] == Good()
    around.clock.advance(minutes=1)
    hold = await block_card(around.desk, manager, card.id, BlockReason.SECURITY_INCIDENT)
    around.clock.advance(days=3)
    end = await revoke_card(around.desk, manager, card.id, RevokeReason.COMPROMISE)
    assert around.store.tables.statuses[serial] == Revoked(
        at=hold.entry.at, reason=RevocationReason.KEY_COMPROMISE
    )
    assert isinstance(end.entry.event, CardRevoked)
    assert end.entry.event.revoked_at == hold.entry.at
    assert end.entry.position > hold.entry.position
    for late in (
        block_card(around.desk, manager, card.id, BlockReason.LOSS),
        unblock_card(around.desk, manager, card.id),
        revoke_card(around.desk, manager, card.id, RevokeReason.DEFECT),
    ):
        with pytest.raises(Refused):
            await late
    assert statuses is not around.store.tables


async def test_since_when_a_key_is_compromised(around: Surroundings, holder: Holder) -> None:
    card = await holder.make()
    serial = card.serial
    assert serial is not None
    certificate = around.store.tables.certificates[serial]
    around.clock.advance(days=1)
    hold = await block_card(around.desk, around.team, card.id, BlockReason.LOSS)
    around.clock.advance(days=1)
    stolen, tick = RevokeReason.LOSS_OR_THEFT, timedelta(microseconds=1)
    for reason, since in (
        (stolen, certificate.not_before - tick),
        (stolen, hold.entry.at + tick),
        (stolen, around.clock.now()),
        (RevokeReason.DEFECT, certificate.not_before),
        (RevokeReason.LEFT_EMPLOYMENT, certificate.not_before),
    ):
        with pytest.raises(Refused) as raised:
            await revoke_card(around.desk, around.team, card.id, reason, since)
        assert raised.value.reason is RefusalReason.COMPROMISE_DATE
        assert around.store.tables.statuses[serial] == OnHold(since=hold.entry.at)
    since = certificate.not_before
    end = await revoke_card(around.desk, around.team, card.id, stolen, since)
    assert around.store.tables.statuses[serial] == Revoked(
        at=hold.entry.at, reason=RevocationReason.KEY_COMPROMISE, compromised_since=since
    )
    assert isinstance(end.entry.event, CardRevoked)
    assert end.entry.event.compromised_since == since
    assert (end.card.phase, certificate_status(end.card.phase)) == (
        around.store.tables.cards[card.id].phase,
        around.store.tables.statuses[serial],
    )


async def test_an_active_card_is_not_revoked_at_once(around: Surroundings, holder: Holder) -> None:
    card = await holder.make()
    with pytest.raises(Refused) as raised:
        await revoke_card(around.desk, around.team, card.id, RevokeReason.DEFECT)
    assert raised.value.reason is RefusalReason.REVOKE_NEEDS_BLOCK


async def test_another_organisation_cannot_touch_the_card(
    around: Surroundings, holder: Holder
) -> None:
    card = await holder.make()
    stranger = around.operator(Role.ADMINISTRATOR, HUISARTS)
    with pytest.raises(Refused) as raised:
        await block_card(around.desk, stranger, card.id, BlockReason.LOSS)
    assert raised.value.reason is RefusalReason.CARD_NOT_LINKED
    with pytest.raises(Refused):
        await card_for_operator(around.desk, stranger, card.id)
    assert await found(around, stranger, holder.number) == ()
    assert card.serial is not None
    with pytest.raises(Refused):
        await certificate_for_operator(around.desk, stranger, card.serial)
    assert refusals(around) == [RefusalReason.CARD_NOT_LINKED]


async def found(around: Surroundings, who: Operator, number: str) -> tuple[Card, ...]:
    search = CardSearch(uzi_number=UziNumber(number))
    return (await search_cards(around.desk, who, search)).cards


async def test_operators_read_cards_and_certificates(around: Surroundings, holder: Holder) -> None:
    card = await holder.make()
    manager = around.operator(Role.BEHEERDER, APOTHEEK)
    for who in (manager, around.team):
        assert await found(around, who, holder.number) == (card,)
    assert await found(around, manager, "999999999") == ()
    assert card.serial is not None
    state = await certificate_for_operator(around.desk, manager, card.serial)
    assert state.latest.status == Good()
    assert state.certificate.der == holder.certified.certificate
    lost = next(iter(around.store.tables.intents))
    assert lost == card.serial
    with pytest.raises(NotFound):
        await card_for_operator(around.desk, manager, CardId("0" * 32))


async def test_organisations_are_registered_once(around: Surroundings) -> None:
    new = NewOrganisation(ura=Ura("11111111"), name="Apotheek De Linde")
    made = await register_organisation(around.desk, around.team, new)
    assert await register_organisation(around.desk, around.team, new) == made
    assert len(around.store.events(OrganisationRegistered)) == 1
    with pytest.raises(Conflict):
        await register_organisation(around.desk, around.team, replace(new, name="Other"))
    manager = around.operator(Role.ADMINISTRATOR, APOTHEEK)
    with pytest.raises(Forbidden):
        await register_organisation(around.desk, manager, new)


async def test_operators_are_registered_once(around: Surroundings) -> None:
    new = NewOperator(role=Role.BEHEERDER, ura=APOTHEEK, certificate=b"client")
    made = await register_operator(around.desk, around.team, new)
    assert await register_operator(around.desk, around.team, new) == made
    assert await operator_of(around.desk, b"client") == made
    assert len(around.store.events(OperatorRegistered)) == 1
    with pytest.raises(Conflict):
        await register_operator(around.desk, around.team, replace(new, role=Role.ADMINISTRATOR))
    with pytest.raises(Forbidden):
        await register_operator(around.desk, made, replace(new, certificate=b"other"))


@pytest.mark.parametrize(
    ("role", "ura"),
    [
        (Role.BEHEERDER, None),
        (Role.ZORGID_TEAM, APOTHEEK),
        (Role.HOLDER, APOTHEEK),
        (Role.SYSTEM, None),
    ],
)
async def test_role_and_organisation_go_together(
    around: Surroundings, role: Role, ura: Ura | None
) -> None:
    new = NewOperator(role=role, ura=ura, certificate=b"client")
    with pytest.raises(Malformed):
        await register_operator(around.desk, around.team, new)


async def test_an_operators_organisation_must_be_registered(around: Surroundings) -> None:
    new = NewOperator(role=Role.BEHEERDER, ura=Ura("11111111"), certificate=b"client")
    with pytest.raises(Refused) as raised:
        await register_operator(around.desk, around.team, new)
    assert raised.value.reason is RefusalReason.ORGANISATION_UNKNOWN


async def test_a_blocked_cards_view_says_why(around: Surroundings, holder: Holder) -> None:
    card = await holder.make()
    change = await block_card(around.desk, around.team, card.id, BlockReason.BREACH_OF_TRUST)
    assert card.serial is not None
    assert change.card.phase == Blocked(
        at=change.entry.at, serial=card.serial, reason=BlockReason.BREACH_OF_TRUST
    )
    assert change.entry.actor.id == PersonId(around.team.id.value).value
