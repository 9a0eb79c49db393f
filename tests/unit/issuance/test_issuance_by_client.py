"""Organisations and operators as the typed client asks for them, answered by the API itself."""

from collections.abc import AsyncIterator

import pytest

from fakes.issuance import RSA, Surroundings, client_certificate, fake_signature
from issuing.edge import Edge
from pki.api.client import IssuanceClient
from pki.api.errors import ProblemAnswered
from pki.api.registration import (
    AppointmentRequest,
    BlockOperatorRequest,
    CloseRequest,
    FinishByPassRequest,
    FinishedByPassView,
    PreparationRequest,
    TakeUpRequest,
)
from pki.api.wire import OperatorPerson, OrganisationRequest
from pki.domain.identifiers import IdempotencyKey, Ura, UziNumber
from pki.domain.people import OrganisationKind, OrganisationState, Role
from pki.domain.reasons import BlockReason, RefusalReason
from pki.domain.records import ChallengePurpose

TEAM = client_certificate(Role.ZORGID_TEAM, None)
URA = Ura("11112222")
KEY, OTHER_KEY = IdempotencyKey("k" * 16), IdempotencyKey("o" * 16)
PERSON = OperatorPerson(
    uzi_number=UziNumber("900054321"),
    surname="Jansen",
    given_names="A.",
    common_name="A. Jansen",
)


@pytest.fixture
async def client(edge: Edge) -> AsyncIterator[IssuanceClient]:
    async with IssuanceClient(edge.url) as made:
        yield made


async def finished(around: Surroundings, edge: Edge, client: IssuanceClient) -> FinishedByPassView:
    """Prepared by the team, finished with a pass, taken up with a certificate."""
    edge.peer = TEAM
    asked = PreparationRequest(ura=URA, name="HAP", kind=OrganisationKind.HUISARTSENPOST)
    prepared = await client.prepare_organisation(asked, KEY)
    assert prepared == await client.prepare_organisation(asked, KEY)
    edge.peer, certificate = None, around.uzi_pass("900012345", URA)
    challenge = await client.challenge(ChallengePurpose.FINISH_REGISTRATION)
    done = await client.finish_by_pass(
        FinishByPassRequest(
            challenge_id=challenge.challenge_id,
            certificate=certificate,
            signature=fake_signature(certificate, client.message_to_sign(challenge)),
            algorithm=RSA,
        )
    )
    edge.peer = b"administrator"
    taken = await client.take_up(TakeUpRequest(code=done.appointment.code.lower()))
    assert (taken.role, taken.operator_id) == (Role.ADMINISTRATOR, done.appointment.operator_id)
    return done


async def test_from_preparation_to_an_operator_who_is_taken_back(
    around: Surroundings, edge: Edge, client: IssuanceClient
) -> None:
    done = await finished(around, edge, client)
    asked = AppointmentRequest(role=Role.BEHEERDER, person=PERSON)
    withdrawn = await client.withdraw((await client.appoint(asked)).appointment_id)
    appointed = await client.appoint(asked)
    assert withdrawn.appointment_id != appointed.appointment_id
    (pending,) = (await client.operators()).appointments
    assert pending.appointment_id == appointed.appointment_id
    edge.peer = b"beheerder"
    beheerder = (await client.take_up(TakeUpRequest(code=appointed.code))).operator_id
    edge.peer = b"administrator"
    block = BlockOperatorRequest(reason=BlockReason.LOSS)
    blocked = await client.block_operator(beheerder, block)
    assert blocked.operator.blocked_at == blocked.change.at
    with pytest.raises(ProblemAnswered) as again:
        await client.block_operator(beheerder, block)
    assert again.value.reason is RefusalReason.OPERATOR_STATE
    edge.peer = TEAM
    assert (await client.unblock_operator(beheerder, URA)).operator.blocked_at is None
    assert (await client.take_back_operator(beheerder, OTHER_KEY)).certificates == 1
    (left,) = (await client.operators(URA)).operators
    assert left.operator.operator_id == done.appointment.operator_id


async def test_an_organisation_is_closed_once(edge: Edge, client: IssuanceClient) -> None:
    edge.peer = TEAM
    await client.register_organisation(OrganisationRequest(ura=URA, name="n"))
    request = CloseRequest(ura=URA)
    closed = await client.close_organisation(request, KEY)
    assert closed.organisation.state is OrganisationState.CLOSED
    assert await client.close_organisation(request, KEY) == closed
    with pytest.raises(ProblemAnswered) as again:
        await client.close_organisation(request)
    assert again.value.reason is RefusalReason.ORGANISATION_STATE


async def test_the_document_of_the_api_reaches_the_client_whole(
    edge: Edge, client: IssuanceClient
) -> None:
    _, served, _ = await edge.call("GET", "/v1/openapi.json")
    assert await client.openapi() == served
