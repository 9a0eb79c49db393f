"""Organisations that close or go into another one."""

from dataclasses import replace

import pytest

from fakes.issuance import APOTHEEK, HUISARTS, Surroundings
from issuance.linking.link_card import link_card
from issuance.operators.take_up import take_up_appointment
from issuance.organisations.end import close_organisation, merge_organisations
from issuance.organisations.prepare import prepare_organisation
from issuance.register_operator import NewOperator, register_operator
from issuance.register_organisation import NewOrganisation
from issuing.holder import Holder
from issuing.organisations import NEW, OTHER, finish, prepared, zorgverlener
from pki.domain.errors import (
    Forbidden,
    Malformed,
    NotFound,
    Refused,
    Unauthenticated,
)
from pki.domain.identifiers import OrganisationId, UziNumber
from pki.domain.linking.events import CardLinked, CardUnlinked
from pki.domain.people import Organisation, OrganisationKind, OrganisationState, Role
from pki.domain.reasons import RefusalReason
from pki.domain.registration.events import (
    AppointmentWithdrawn,
    OrganisationMerged,
)


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.BEHEERDER])
async def test_only_the_team_prepares_closes_and_merges(around: Surroundings, role: Role) -> None:
    operator = around.operator(role, APOTHEEK)
    new = NewOrganisation(ura=NEW, name="Praktijk")
    for act in (
        prepare_organisation(around.desk, operator, new, OrganisationKind.CARE_PROVIDER),
        close_organisation(around.desk, operator, APOTHEEK),
        merge_organisations(around.desk, operator, (APOTHEEK, HUISARTS)),
    ):
        with pytest.raises(Forbidden):
            await act


async def test_a_closed_organisation_stays_good_for_cards(
    around: Surroundings, holder: Holder
) -> None:
    change = await close_organisation(around.desk, around.team, APOTHEEK)
    assert change.organisation.state is OrganisationState.CLOSED
    card = await holder.make()
    assert around.store.tables.links.keys() == {(card.id, change.organisation.id)}
    with pytest.raises(Refused) as raised:
        await close_organisation(around.desk, around.team, APOTHEEK)
    assert raised.value.reason is RefusalReason.ORGANISATION_STATE
    with pytest.raises(NotFound):
        await close_organisation(around.desk, around.team, NEW)


async def test_a_merger_moves_cards_and_operators_at_once(
    around: Surroundings, holder: Holder
) -> None:
    card = await holder.make()
    administrator = around.operator(Role.ADMINISTRATOR, APOTHEEK)
    before = len(around.store.tables.entries)
    change = await merge_organisations(around.desk, around.team, (APOTHEEK, HUISARTS))
    into = next(o for o in around.store.tables.organisations.values() if o.ura == HUISARTS)
    assert change.organisation.successor == into.id
    assert around.store.tables.links.keys() == {(card.id, into.id)}
    moved = around.store.tables.operators[administrator.certificate_sha256]
    assert moved == replace(administrator, ura=HUISARTS)
    kinds = [type(entry.event) for entry in around.store.tables.entries[before:]]
    assert kinds[:3] == [OrganisationMerged, CardLinked, CardUnlinked]
    (unlinked,) = around.store.events(CardUnlinked)
    assert isinstance(unlinked.event, CardUnlinked)
    assert unlinked.event.ends_at is None


async def test_a_card_linked_to_both_is_linked_once_after_the_merger(
    around: Surroundings, holder: Holder
) -> None:
    card = await holder.make()
    await link_card(around.desk, around.team, UziNumber(holder.number), HUISARTS)
    await merge_organisations(around.desk, around.team, (APOTHEEK, HUISARTS))
    into = next(o for o in around.store.tables.organisations.values() if o.ura == HUISARTS)
    assert around.store.tables.links.keys() == {(card.id, into.id)}


async def test_passes_of_a_merged_organisation_make_cards_for_its_successor(
    around: Surroundings, holder: Holder
) -> None:
    around.organisation(OTHER)
    await merge_organisations(around.desk, around.team, (APOTHEEK, HUISARTS))
    await merge_organisations(around.desk, around.team, (HUISARTS, OTHER))
    card = await holder.make()
    into = next(o for o in around.store.tables.organisations.values() if o.ura == OTHER)
    assert card.ura == APOTHEEK
    assert around.store.tables.links.keys() == {(card.id, into.id)}


async def test_what_cannot_merge(around: Surroundings) -> None:
    await prepared(around)
    await close_organisation(around.desk, around.team, HUISARTS)
    for uras in ((APOTHEEK, APOTHEEK), (APOTHEEK, HUISARTS), (APOTHEEK, NEW), (NEW, APOTHEEK)):
        with pytest.raises(Refused) as raised:
            await merge_organisations(around.desk, around.team, uras)
        assert raised.value.reason is RefusalReason.ORGANISATION_STATE
    with pytest.raises(NotFound):
        await merge_organisations(around.desk, around.team, (APOTHEEK, OTHER))
    await merge_organisations(around.desk, around.team, (HUISARTS, APOTHEEK))
    with pytest.raises(Refused):
        await merge_organisations(around.desk, around.team, (HUISARTS, APOTHEEK))
    new = NewOperator(role=Role.BEHEERDER, ura=HUISARTS, certificate=b"client")
    with pytest.raises(Refused) as raised:
        await register_operator(around.desk, around.team, new)
    assert raised.value.reason is RefusalReason.ORGANISATION_STATE


async def test_appointments_end_with_the_organisation_that_merges(around: Surroundings) -> None:
    await prepared(around)
    done = await finish(around, zorgverlener(around))
    await merge_organisations(around.desk, around.team, (NEW, APOTHEEK))
    assert len(around.store.events(AppointmentWithdrawn)) == 1
    with pytest.raises(Unauthenticated):
        await take_up_appointment(around.desk, b"certificate", done.appointed.code)


def test_a_successor_goes_with_a_merger() -> None:
    one = Organisation(
        id=OrganisationId("11" * 16), ura=NEW, name="Een", state=OrganisationState.REGISTERED
    )
    for wrong in ({"successor": one.id}, {"state": OrganisationState.MERGED}):
        with pytest.raises(Malformed):
            replace(one, **wrong)


async def test_a_block_moves_along(around: Surroundings) -> None:
    administrator = around.operator(Role.BEHEERDER, APOTHEEK)
    blocked = replace(administrator, blocked_at=around.clock.now())
    around.store.tables.operators[administrator.certificate_sha256] = blocked
    await merge_organisations(around.desk, around.team, (APOTHEEK, HUISARTS))
    moved = around.store.tables.operators[administrator.certificate_sha256]
    assert (moved.ura, moved.blocked_at) == (HUISARTS, blocked.blocked_at)
