"""Asking again over HTTP: too often, and the same change under its key."""

import asyncio
import base64
import json

import pytest

from fakes.issuance import APOTHEEK, RSA, Surroundings, client_certificate
from issuance.rules.rates import RateLimits
from issuing.edge import JSON, Edge, at_the_edge
from issuing.holder import Holder
from issuing.world import Server, Writer
from pki.api.errors import ProblemAnswered, ServiceUnavailable
from pki.api.fields import to_pem
from pki.api.wire import BlockRequest, OrganisationRequest, RevokeRequest
from pki.domain.events import CardBlocked
from pki.domain.identifiers import IdempotencyKey, Ura
from pki.domain.people import Role
from pki.domain.reasons import BlockReason, RevokeReason

CHALLENGE = '{"purpose":"open-session"}'
KEY = {"Idempotency-Key": "k" * 16} | JSON
BLOCK = '{"reason":"verlies"}'


async def test_too_many_challenges_are_answered_with_a_time(around: Surroundings) -> None:
    around.restrain(RateLimits(peer_per_minute=2))
    async with at_the_edge(around) as edge:
        for _ in range(2):
            assert (await edge.call("POST", "/v1/challenges", CHALLENGE))[0] == 201
        status, problem, headers = await edge.call("POST", "/v1/challenges", CHALLENGE)
        assert (status, problem["type"]) == (429, "urn:zorgid:problem:rate-limited")
        assert headers["Retry-After"] == "30"
        assert len(around.store.tables.challenges) == 2
        # What is not for strangers goes on.
        edge.peer = client_certificate(Role.ZORGID_TEAM, None)
        assert (await edge.call("POST", "/v1/cards/search", '{"uzi_number":"900012345"}'))[0] == 200


async def test_too_many_sessions_are_answered_with_a_time(around: Surroundings) -> None:
    around.restrain(RateLimits(pass_per_hour=1))
    certificate = around.uzi_pass("900012345")
    async with at_the_edge(around) as edge:
        for expected, wait in ((201, None), (429, "3600")):
            proof = await around.proof(certificate)
            body = {
                "challenge_id": proof.challenge_id.value,
                "certificate": to_pem(certificate),
                "signature": base64.b64encode(proof.signature).decode(),
                "algorithm": RSA.value,
            }
            status, _, headers = await edge.call("POST", "/v1/sessions", json.dumps(body))
            assert (status, headers.get("Retry-After")) == (expected, wait)


async def test_the_client_knows_when_to_come_back(server: Server, desk_writer: Writer) -> None:
    async def ask() -> None:
        for _ in range(200):
            await desk_writer.client.challenge()

    with pytest.raises(ServiceUnavailable) as raised:
        await ask()
    assert raised.value.problem.status == 429
    assert 0 < raised.value.retry_after <= 60


async def test_a_block_under_a_key_is_answered_again(edge: Edge) -> None:
    card = await Holder(edge.around).make()
    edge.peer = client_certificate(Role.ZORGID_TEAM, None)
    path = f"/v1/cards/{card.id}/block"
    status, first, headers = await edge.call("POST", path, BLOCK, KEY)
    assert (status, headers.get("Idempotent-Replayed")) == (200, None)
    for body in (BLOCK, ' { "reason" : "verlies" } '):
        status, again, headers = await edge.call("POST", path, body, KEY)
        assert (status, again, headers["Idempotent-Replayed"]) == (200, first, "true")
    assert (await edge.call("POST", path, BLOCK))[0] == 409
    assert len(edge.around.store.events(CardBlocked)) == 1


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("block", '{"reason":"beveiligingsincident"}'),
        ("revoke", '{"reason":"defect"}'),
        ("unblock", "{}"),
    ],
)
async def test_another_request_under_a_key_is_refused(edge: Edge, path: str, body: str) -> None:
    card = await Holder(edge.around).make()
    edge.peer = client_certificate(Role.ZORGID_TEAM, None)
    assert (await edge.call("POST", f"/v1/cards/{card.id}/block", BLOCK, KEY))[0] == 200
    status, problem, _ = await edge.call("POST", f"/v1/cards/{card.id}/{path}", body, KEY)
    assert (status, problem["type"]) == (422, "urn:zorgid:problem:idempotency-mismatch")


async def test_a_key_of_another_form_changes_nothing(edge: Edge) -> None:
    card = await Holder(edge.around).make()
    edge.peer = client_certificate(Role.ZORGID_TEAM, None)
    headers = JSON | {"Idempotency-Key": "short"}
    status, problem, _ = await edge.call("POST", f"/v1/cards/{card.id}/block", BLOCK, headers)
    assert (status, problem["type"]) == (400, "urn:zorgid:problem:malformed")
    assert not edge.around.store.events(CardBlocked)


async def test_whoever_may_not_gets_no_answer_by_another_ones_key(edge: Edge) -> None:
    card = await Holder(edge.around).make()
    edge.peer = client_certificate(Role.ZORGID_TEAM, None)
    path = f"/v1/cards/{card.id}/block"
    assert (await edge.call("POST", path, BLOCK, KEY))[0] == 200
    edge.around.operator(Role.STATUS_NODE, None)
    edge.peer = client_certificate(Role.STATUS_NODE, None)
    assert (await edge.call("POST", path, BLOCK, KEY))[0] == 403
    edge.peer = client_certificate(Role.BEHEERDER, APOTHEEK)
    assert (await edge.call("POST", path, BLOCK, KEY))[0] == 403


async def test_many_at_once_under_one_key_are_one_change(
    server: Server, desk_writer: Writer
) -> None:
    """Over TLS with the real store: every caller gets the one answer."""
    certified = await desk_writer.make()
    card_id, key = certified.card.card_id, IdempotencyKey("k" * 16)
    async with server.client("team") as team:
        request = BlockRequest(reason=BlockReason.LOSS)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(team.block(card_id, request, key)) for _ in range(8)]
        (answer,) = {task.result().model_dump_json() for task in tasks}
        with pytest.raises(ProblemAnswered) as raised:
            await team.block(card_id, request)
        assert raised.value.problem.status == 409
        revoke = RevokeRequest(reason=RevokeReason.DEFECT)
        ended = await team.revoke(card_id, revoke, IdempotencyKey("r" * 16))
        assert await team.revoke(card_id, revoke, IdempotencyKey("r" * 16)) == ended
        assert (await team.block(card_id, request, key)).model_dump_json() == answer
        new = OrganisationRequest(ura=Ura("90000999"), name="Apotheek De Linde")
        made = await team.register_organisation(new, IdempotencyKey("o" * 16))
        assert await team.register_organisation(new, IdempotencyKey("o" * 16)) == made
