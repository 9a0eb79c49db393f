"""Organisations are read and found; they are ended only as the caller saw them."""

import json

import pytest

from fakes.issuance import APOTHEEK, HUISARTS, Surroundings, client_certificate
from issuing.edge import JSON, Edge
from pki.domain.identifiers import Ura
from pki.domain.people import OrganisationState, Role

SEARCH = "/v1/organisations/search"
URAS = [Ura(f"3000000{number}") for number in range(5)]


@pytest.fixture(autouse=True)
def team(edge: Edge) -> None:
    edge.peer = client_certificate(Role.ZORGID_TEAM, None)


def become(edge: Edge, role: Role, ura: Ura) -> None:
    edge.around.operator(role, ura)
    edge.peer = client_certificate(role, ura)


async def search(edge: Edge, **asked: object) -> tuple[list[str], str | None]:
    status, found, _ = await edge.call("POST", SEARCH, json.dumps(asked))
    assert status == 200, found
    organisations, cursor = found["organisations"], found["next_cursor"]
    assert isinstance(organisations, list)
    assert cursor is None or isinstance(cursor, str)
    return [each["ura"] for each in organisations], cursor


async def end(
    edge: Edge, verb: str, tag: str | None, into: Ura = HUISARTS
) -> tuple[int, dict[str, object]]:
    body = {"ura": APOTHEEK.value} | ({"into": into.value} if verb == "merge" else {})
    headers = JSON if tag is None else JSON | {"If-Match": tag}
    path = f"/v1/organisations/{verb}"
    status, answer, _ = await edge.call("POST", path, json.dumps(body), headers)
    return status, answer


async def test_an_organisation_is_read_with_its_version(edge: Edge) -> None:
    status, found, headers = await edge.call("GET", f"/v1/organisations/{APOTHEEK}")
    assert status == 200
    assert (found["ura"], found["state"], found["successor"]) == (
        APOTHEEK.value,
        "geregistreerd",
        None,
    )
    assert headers["ETag"] == f'"{found["version"]}"'
    assert (await edge.call("GET", "/v1/organisations/99999999"))[0] == 404
    assert (await edge.call("GET", "/v1/organisations/x"))[0] == 400


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.BEHEERDER])
async def test_each_reads_and_finds_their_own_alone(edge: Edge, role: Role) -> None:
    become(edge, role, APOTHEEK)
    assert (await edge.call("GET", f"/v1/organisations/{APOTHEEK}"))[0] == 200
    for other in (HUISARTS, Ura("99999999")):
        status, problem, _ = await edge.call("GET", f"/v1/organisations/{other}")
        assert (status, problem["type"]) == (403, "urn:zorgid:problem:forbidden")
    assert await search(edge) == ([APOTHEEK.value], None)
    assert await search(edge, state="afgesloten") == ([], None)


async def test_pages_hold_every_organisation_once(edge: Edge, around: Surroundings) -> None:
    for ura in reversed(URAS):
        around.organisation(ura)
    every = sorted(each.value for each in (*URAS, APOTHEEK, HUISARTS))
    found, cursor = await search(edge, limit=3)
    while cursor is not None:
        page, cursor = await search(edge, limit=2, cursor=cursor)
        found += page
    assert found == every


async def test_found_is_what_all_members_hold_for(edge: Edge, around: Surroundings) -> None:
    around.organisation(URAS[0], OrganisationState.CLOSED)
    around.organisation(URAS[1], OrganisationState.PREPARED)
    assert await search(edge, state="afgesloten") == ([URAS[0].value], None)
    assert await search(edge, name="ISATIE 3000") == ([each.value for each in URAS[:2]], None)
    assert await search(edge, name="isatie 3000", state="voorbereid") == ([URAS[1].value], None)
    assert await search(edge, kind="huisartsenpost") == ([], None)


async def test_a_cursor_is_of_no_use_to_others_nor_for_other_questions(edge: Edge) -> None:
    _, cursor = await search(edge, limit=1)
    assert cursor is not None
    for path, asked in (
        (SEARCH, {"cursor": cursor, "state": "geregistreerd"}),
        ("/v1/cards/search", {"cursor": cursor}),
    ):
        assert (await edge.call("POST", path, json.dumps(asked)))[0] == 400
    become(edge, Role.ADMINISTRATOR, APOTHEEK)
    assert (await edge.call("POST", SEARCH, json.dumps({"cursor": cursor})))[0] == 400


@pytest.mark.parametrize("verb", ["close", "merge"])
async def test_it_is_ended_only_as_it_was_seen(edge: Edge, verb: str) -> None:
    _, _, headers = await edge.call("GET", f"/v1/organisations/{APOTHEEK}")
    status, problem = await end(edge, verb, '"another"')
    assert (status, problem["type"]) == (412, "urn:zorgid:problem:precondition-failed")
    status, _ = await end(edge, verb, headers["ETag"])
    assert status == 200
    status, _ = await end(edge, verb, headers["ETag"])
    assert status == 412
    _, found, after = await edge.call("GET", f"/v1/organisations/{APOTHEEK}")
    assert after["ETag"] != headers["ETag"]
    assert found["successor"] == (HUISARTS.value if verb == "merge" else None)


async def test_the_version_is_in_the_answer_to_a_change(edge: Edge) -> None:
    _, answer = await end(edge, "close", "*")
    view = answer["organisation"]
    assert isinstance(view, dict)
    assert (await end(edge, "merge", f'"{view["version"]}"'))[0] == 200
