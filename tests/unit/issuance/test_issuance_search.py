"""Searching over the API: who finds what, and a cursor that is of use to nobody else."""

import json

import pytest

from fakes.issuance import APOTHEEK, HUISARTS, client_certificate
from issuing.edge import Edge
from issuing.holder import Holder
from pki.domain.people import Role

SEARCH = "/v1/cards/search"


async def cards_made(edge: Edge, count: int = 5) -> list[str]:
    made = []
    for number in range(count):
        holder = Holder(edge.around, number=f"90001234{number}")
        await holder.begin()
        card = await holder.order(key=f"key-of-card-{number:05d}", number=f"ZC-00000{number}")
        await holder.certify(f"key {number}".encode())
        await holder.confirm()
        made.append(card.id.value)
        edge.around.clock.advance(seconds=1)
    return made[::-1]


def become(edge: Edge, role: Role, ura: object) -> None:
    edge.around.operator(role, ura)  # type: ignore[arg-type] # a URA or none
    edge.peer = client_certificate(role, ura)  # type: ignore[arg-type] # as above


async def search(edge: Edge, **asked: object) -> tuple[list[str], str | None]:
    status, found, _ = await edge.call("POST", SEARCH, json.dumps(asked))
    assert status == 200, found
    cards, cursor = found["cards"], found["next_cursor"]
    assert isinstance(cards, list)
    assert cursor is None or isinstance(cursor, str)
    return [card["card_id"] for card in cards], cursor


async def test_pages_hold_every_card_once(edge: Edge) -> None:
    made = await cards_made(edge)
    become(edge, Role.ZORGID_TEAM, None)
    found, cursor = await search(edge, limit=2)
    while cursor is not None:
        page, cursor = await search(edge, limit=2, cursor=cursor)
        found += page
    assert found == made
    assert await search(edge, limit=5) == (made, None)


async def test_an_organisation_finds_its_own_cards_only(edge: Edge) -> None:
    made = await cards_made(edge, 2)
    become(edge, Role.BEHEERDER, HUISARTS)
    assert await search(edge) == ([], None)
    assert await search(edge, uzi_number="900012340") == ([], None)
    become(edge, Role.BEHEERDER, APOTHEEK)
    assert await search(edge) == (made, None)
    assert await search(edge, surname="jans", state="actief") == (made, None)
    assert await search(edge, card_number="ZC-000000") == (made[1:], None)


async def test_a_cursor_is_of_no_use_to_others_nor_for_other_questions(edge: Edge) -> None:
    made = await cards_made(edge, 3)
    become(edge, Role.BEHEERDER, HUISARTS)
    become(edge, Role.BEHEERDER, APOTHEEK)
    _, cursor = await search(edge, limit=1)
    assert cursor is not None
    assert (await search(edge, limit=2, cursor=cursor))[0] == made[1:]
    changed = ("A" if cursor[0] != "A" else "B") + cursor[1:]
    for asked in (
        {"cursor": cursor, "state": "actief"},
        {"cursor": cursor, "uzi_number": "900012340"},
        {"cursor": changed},
        {"cursor": "A" * 43},
    ):
        status, problem, _ = await edge.call("POST", SEARCH, json.dumps(asked))
        assert (status, problem["type"]) == (400, "urn:zorgid:problem:malformed")
    edge.peer = client_certificate(Role.BEHEERDER, HUISARTS)
    assert (await edge.call("POST", SEARCH, json.dumps({"cursor": cursor})))[0] == 400
    edge.peer = client_certificate(Role.ZORGID_TEAM, None)
    assert (await edge.call("POST", SEARCH, json.dumps({"cursor": cursor})))[0] == 400


@pytest.mark.parametrize(
    "asked",
    [
        {"limit": 0},
        {"limit": 101},
        {"limit": "5"},
        {"surname": ""},
        {"surname": "a\x00"},
        {"surname": "a" * 201},
        {"state": "weg"},
        {"expires_before": "2026-11-22T12:00:00"},
        {"cursor": "short"},
        {"cursor": "=" * 43},
        {"uzi_number": "1"},
        {"name": "Jansen"},
    ],
    ids=str,
)
async def test_a_question_of_another_form_is_refused(asked: object, edge: Edge) -> None:
    become(edge, Role.ZORGID_TEAM, None)
    assert (await edge.call("POST", SEARCH, json.dumps(asked)))[0] == 400
