"""A card is changed only as its operator saw it, when they say so."""

import json

import pytest

from fakes.issuance import APOTHEEK, HUISARTS, client_certificate
from issuing.edge import JSON, Edge
from issuing.holder import Holder
from pki.domain.cards import Card
from pki.domain.people import Role
from pki.domain.reasons import BlockReason

LOSS = json.dumps({"reason": BlockReason.LOSS.value})


async def ready(edge: Edge) -> Card:
    card = await Holder(edge.around).make()
    edge.around.operator(Role.BEHEERDER, APOTHEEK)
    edge.peer = client_certificate(Role.BEHEERDER, APOTHEEK)
    return card


async def tag_of(edge: Edge, card: Card) -> str:
    status, body, headers = await edge.call("GET", f"/v1/cards/{card.id}")
    assert status == 200
    assert headers["ETag"] == f'"{body["version"]}"'
    return headers["ETag"]


async def change(
    edge: Edge, card: Card, verb: str, tag: str, key: str | None = None
) -> tuple[int, dict[str, object]]:
    headers = JSON | {"If-Match": tag} | ({"Idempotency-Key": key} if key else {})
    body = LOSS if verb == "block" else "{}"
    status, answer, _ = await edge.call("POST", f"/v1/cards/{card.id}/{verb}", body, headers)
    return status, answer


async def test_the_second_of_two_who_saw_the_same_changes_nothing(edge: Edge) -> None:
    card = await ready(edge)
    tag = await tag_of(edge, card)
    assert (await change(edge, card, "block", tag))[0] == 200
    status, problem = await change(edge, card, "unblock", tag)
    assert (status, problem["type"]) == (412, "urn:zorgid:problem:precondition-failed")
    blocked = await tag_of(edge, card)
    assert blocked != tag
    assert (await change(edge, card, "unblock", blocked))[0] == 200


async def test_a_version_never_comes_back(edge: Edge) -> None:
    card = await ready(edge)
    seen = {await tag_of(edge, card)}
    for verb in ("block", "unblock", "block", "unblock"):
        edge.around.clock.advance(microseconds=1)
        assert (await change(edge, card, verb, "*"))[0] == 200
        tag = await tag_of(edge, card)
        assert tag not in seen
        seen.add(tag)


async def test_the_version_is_in_the_answer_to_a_change(edge: Edge) -> None:
    card = await ready(edge)
    _, answer = await change(edge, card, "block", "*")
    view = answer["card"]
    assert isinstance(view, dict)
    assert (await change(edge, card, "unblock", f'"{view["version"]}"'))[0] == 200


async def test_any_of_several_versions_will_do_but_no_weak_one(edge: Edge) -> None:
    card = await ready(edge)
    tag = await tag_of(edge, card)
    assert (await change(edge, card, "block", f"W/{tag}"))[0] == 412
    assert (await change(edge, card, "block", f'"x", W/"y", {tag}'))[0] == 200


@pytest.mark.parametrize("tag", ["", "x", '"x', '"x" "y"', "W/*", '"x",', '"' + "x" * 1100 + '"'])
async def test_a_field_of_another_form_is_refused(edge: Edge, tag: str) -> None:
    card = await ready(edge)
    assert (await change(edge, card, "block", tag))[0] == 400


async def test_a_repeat_under_a_key_is_answered_though_the_version_went_on(edge: Edge) -> None:
    card = await ready(edge)
    tag = await tag_of(edge, card)
    first = await change(edge, card, "block", tag, "k" * 16)
    assert first == await change(edge, card, "block", tag, "k" * 16)
    assert first[0] == 200


async def test_what_is_not_for_the_operator_is_said_before_the_version(edge: Edge) -> None:
    card = await ready(edge)
    edge.around.operator(Role.STATUS_NODE, None)
    edge.peer = client_certificate(Role.STATUS_NODE, None)
    assert (await change(edge, card, "block", '"x"'))[0] == 403


async def test_a_link_under_a_key_is_made_and_ended_once(edge: Edge) -> None:
    card = await Holder(edge.around).make()
    edge.around.operator(Role.BEHEERDER, HUISARTS)
    edge.peer = client_certificate(Role.BEHEERDER, HUISARTS)
    body = json.dumps({"uzi_number": "900012345"})

    async def post(path: str, sent: str, key: str) -> tuple[int, dict[str, object], str | None]:
        status, answer, headers = await edge.call(
            "POST", path, sent, JSON | {"Idempotency-Key": key * 16}
        )
        return status, answer, headers.get("Idempotent-Replayed")

    first = await post("/v1/cards/link", body, "l")
    assert first[0] == 200
    assert await post("/v1/cards/link", body, "l") == (*first[:2], "true")
    other = json.dumps({"uzi_number": "900012346"})
    assert (await post("/v1/cards/link", other, "l"))[0] == 422
    ended = await post(f"/v1/cards/{card.id}/unlink", "{}", "u")
    assert ended[0] == 200
    assert await post(f"/v1/cards/{card.id}/unlink", "{}", "u") == (*ended[:2], "true")
    assert (await post(f"/v1/cards/{card.id}/unlink", "{}", "v"))[0] == 403
