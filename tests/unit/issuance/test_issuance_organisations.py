"""Organisations: prepared, finished by their representative, closed, merged."""

import asyncio
import hashlib
from dataclasses import replace

import pytest

from fakes.issuance import APOTHEEK, Surroundings
from issuance.linking.link_card import link_card
from issuance.open_session import PassProof
from issuance.operators.take_up import take_up_appointment
from issuance.organisations.finish import FinishedByPass, finish_by_document, finish_by_pass
from issuance.organisations.prepare import prepare_organisation
from issuance.register_operator import NewOperator, register_operator
from issuance.register_organisation import NewOrganisation
from issuance.steps.callers import operator_of
from issuing.holder import NAME, Holder, refusals
from issuing.organisations import DOCUMENT, NEW, finish, prepared, proof, refusal_of, zorgverlener
from pki.domain.errors import (
    Conflict,
    PassStatusUnavailable,
    Refused,
    Unauthenticated,
)
from pki.domain.identifiers import UziNumber
from pki.domain.people import OrganisationKind, OrganisationState, Role
from pki.domain.reasons import RefusalReason
from pki.domain.records import ChallengePurpose
from pki.domain.registration.events import (
    OperatorAppointed,
    OrganisationFinished,
    OrganisationPrepared,
)
from pki.domain.registration.records import KnownPerson, RegistrationDocument


async def test_nobody_makes_a_card_before_the_registration_is_finished(
    around: Surroundings,
) -> None:
    await prepared(around)
    with pytest.raises(Refused) as raised:
        await around.session(around.uzi_pass("900012345", NEW))
    assert raised.value.reason is RefusalReason.ORGANISATION_UNKNOWN
    new = NewOperator(role=Role.BEHEERDER, ura=NEW, certificate=b"client")
    with pytest.raises(Refused) as raised:
        await register_operator(around.desk, around.team, new)
    assert raised.value.reason is RefusalReason.ORGANISATION_UNKNOWN
    with pytest.raises(Refused) as raised:
        await link_card(around.desk, around.team, UziNumber("900012345"), NEW)
    assert raised.value.reason is RefusalReason.ORGANISATION_UNKNOWN


async def test_a_zorgverlener_pass_finishes_it_and_its_holder_becomes_administrator(
    around: Surroundings,
) -> None:
    organisation = await prepared(around)
    done = await finish(around, zorgverlener(around))
    assert done.organisation == replace(organisation, state=OrganisationState.REGISTERED)
    appointment = done.appointed.appointment
    assert (appointment.role, appointment.ura) == (Role.ADMINISTRATOR, NEW)
    operator = await take_up_appointment(around.desk, b"their certificate", done.appointed.code)
    assert await operator_of(around.desk, b"their certificate") == operator
    assert (operator.role, operator.ura) == (Role.ADMINISTRATOR, NEW)
    await around.session(around.uzi_pass("900012345", NEW))
    kinds = [type(entry.event) for entry in around.store.tables.entries]
    expected = [OrganisationPrepared, OrganisationFinished, OperatorAppointed]
    assert [kind for kind in kinds if kind in expected] == expected


async def test_an_employee_finishes_a_huisartsenpost_and_nothing_else(
    around: Surroundings,
) -> None:
    await prepared(around)
    employee = around.uzi_pass("900012345", NEW)
    assert await refusal_of(around, employee) is RefusalReason.REPRESENTATIVE_PASS
    post = replace(next(o for o in around.store.tables.organisations.values() if o.ura == NEW))
    post = replace(post, kind=OrganisationKind.HUISARTSENPOST)
    around.store.tables.organisations[post.id] = post
    await finish(around, employee)
    with pytest.raises(Refused) as raised:
        await around.session(employee)
    assert raised.value.reason is RefusalReason.HOLDER_USES_MOBIEL


async def test_who_has_a_card_represents_no_huisartsenpost(
    around: Surroundings, holder: Holder
) -> None:
    await holder.make()
    await prepared(around, OrganisationKind.HUISARTSENPOST)
    certificate = around.uzi_pass(holder.number, NEW)
    assert await refusal_of(around, certificate) is RefusalReason.HOLDER_HAS_CARD
    assert not around.store.events(OrganisationFinished)


async def test_what_is_not_prepared_is_not_finished(around: Surroundings) -> None:
    unknown = zorgverlener(around)
    assert await refusal_of(around, unknown) is RefusalReason.ORGANISATION_UNKNOWN
    known = zorgverlener(around, APOTHEEK)
    assert await refusal_of(around, known) is RefusalReason.ORGANISATION_STATE
    await prepared(around)
    await finish(around, unknown)
    assert await refusal_of(around, unknown) is RefusalReason.ORGANISATION_STATE


async def test_a_challenge_serves_its_purpose_alone(around: Surroundings) -> None:
    await prepared(around)
    certificate = zorgverlener(around)
    other = await proof(around, certificate, ChallengePurpose.OPEN_SESSION)
    with pytest.raises(Unauthenticated):
        await finish_by_pass(around.desk, other)
    good = await proof(around, certificate)
    await finish_by_pass(around.desk, good)
    with pytest.raises(Unauthenticated):
        await finish_by_pass(around.desk, good)


async def test_two_representatives_at_once_finish_it_once(around: Surroundings) -> None:
    await prepared(around)
    proofs = [await proof(around, zorgverlener(around)) for _ in range(2)]
    answers: list[FinishedByPass | RefusalReason] = []

    async def attempt(each: PassProof) -> None:
        try:
            answers.append(await finish_by_pass(around.desk, each))
        except Refused as refused:
            answers.append(refused.reason)

    async with asyncio.TaskGroup() as tasks:
        for each in proofs:
            tasks.create_task(attempt(each))
    assert answers.count(RefusalReason.ORGANISATION_STATE) == 1
    assert len(around.store.events(OrganisationFinished)) == 1


async def test_a_pass_whose_status_is_unknown_finishes_nothing(around: Surroundings) -> None:
    await prepared(around)
    certificate = around.uzi_pass("900012345", NEW)
    around.passes.refusals[certificate] = PassStatusUnavailable(message="away")
    with pytest.raises(PassStatusUnavailable):
        await finish(around, certificate)
    assert refusals(around) == [RefusalReason.PASS_STATUS_UNKNOWN]


def document(number: str = "900054321", certificate: bytes = b"theirs") -> RegistrationDocument:
    return RegistrationDocument(
        ura=NEW,
        administrator=certificate,
        person=KnownPerson(uzi_number=UziNumber(number), name=NAME),
        sha256=hashlib.sha256(DOCUMENT).digest(),
    )


async def test_a_signed_document_finishes_it_and_names_the_administrator(
    around: Surroundings,
) -> None:
    await prepared(around)
    with pytest.raises(Refused) as raised:
        await finish_by_document(around.desk, DOCUMENT)
    assert raised.value.reason is RefusalReason.DOCUMENT_NOT_TRUSTED
    around.representation.documents[DOCUMENT] = document()
    done = await finish_by_document(around.desk, DOCUMENT)
    assert done.organisation.state is OrganisationState.REGISTERED
    assert await operator_of(around.desk, b"theirs") == done.administrator
    assert done.administrator.role is Role.ADMINISTRATOR
    with pytest.raises(Refused) as raised:
        await finish_by_document(around.desk, DOCUMENT)
    assert raised.value.reason is RefusalReason.ORGANISATION_STATE


async def test_a_document_that_names_a_card_holder_changes_nothing(
    around: Surroundings, holder: Holder
) -> None:
    await holder.make()
    await prepared(around)
    around.representation.documents[DOCUMENT] = document(holder.number)
    with pytest.raises(Refused) as raised:
        await finish_by_document(around.desk, DOCUMENT)
    assert raised.value.reason is RefusalReason.HOLDER_HAS_CARD
    assert not around.store.events(OrganisationFinished)


async def test_a_document_for_nothing_prepared(around: Surroundings) -> None:
    around.representation.documents[DOCUMENT] = document()
    with pytest.raises(Refused) as raised:
        await finish_by_document(around.desk, DOCUMENT)
    assert raised.value.reason is RefusalReason.ORGANISATION_UNKNOWN


async def test_preparing_twice_alike_changes_nothing(around: Surroundings) -> None:
    assert await prepared(around) == await prepared(around)
    assert len(around.store.events(OrganisationPrepared)) == 1
    with pytest.raises(Conflict):
        await prepared(around, OrganisationKind.HUISARTSENPOST)
    new = NewOrganisation(ura=APOTHEEK, name=f"Organisatie {APOTHEEK}")
    with pytest.raises(Conflict):
        await prepare_organisation(around.desk, around.team, new, OrganisationKind.CARE_PROVIDER)
