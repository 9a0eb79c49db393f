"""What became of a change, for those who may see its card."""

from datetime import timedelta

import pytest

from fakes.issuance import APOTHEEK, HUISARTS, client_certificate
from issuance.block_card import block_card
from issuance.mobiel.manage import block_mobiel
from issuing.edge import Edge
from issuing.holder import Holder
from issuing.phones import invited, registered, with_mobiel_ca
from pki.domain.evidence.receipts import Receipt
from pki.domain.mobiel.events import MobielInvited, MobielRegistered
from pki.domain.people import Role
from pki.domain.reasons import BlockReason


async def blocked(edge: Edge) -> tuple[int, dict[str, object]]:
    """A block, of which one sink shows something, and what is expected of it."""
    around = edge.around
    card = await Holder(around).make()
    change = await block_card(around.desk, around.team, card.id, BlockReason.LOSS)
    entry = change.entry
    shown_at = entry.at + timedelta(milliseconds=250)
    around.store.tables.receipts += [
        Receipt(position=entry.position, sink="crl", superseded_by=entry.position + 1),
        Receipt(position=entry.position, sink="ocsp", shown_at=shown_at, sha256=b"\xab" * 32),
        Receipt(position=entry.position - 1, sink="ocsp"),
    ]
    at = entry.at.isoformat().replace("+00:00", "Z")
    nothing = {"shown_at": None, "seconds": None, "sha256": None}
    seen = {"shown_at": shown_at.isoformat().replace("+00:00", "Z"), "seconds": 0.25}
    return entry.position, {
        "change": {"position": entry.position, "at": at},
        "kind": "card.blocked",
        "card_id": card.id.value,
        "mobiel_id": None,
        "serial": card.serial.hex if card.serial else None,
        "shown": [
            {"sink": "crl", "superseded_by": entry.position + 1, **nothing},
            {"sink": "ocsp", "superseded_by": None, "sha256": "ab" * 32, **seen},
        ],
    }


@pytest.mark.parametrize(
    ("role", "ura"), [(Role.ZORGID_TEAM, None), (Role.BEHEERDER, APOTHEEK)], ids=str
)
async def test_who_may_see_the_card_is_told(edge: Edge, role: Role, ura: object) -> None:
    position, expected = await blocked(edge)
    edge.around.operator(role, ura)  # type: ignore[arg-type] # a URA or none
    edge.peer = client_certificate(role, ura)  # type: ignore[arg-type] # as above
    status, found, _ = await edge.call("GET", f"/v1/changes/{position}")
    assert (status, found) == (200, expected)


async def test_others_are_not(edge: Edge) -> None:
    position, _ = await blocked(edge)
    edge.around.operator(Role.BEHEERDER, HUISARTS)
    edge.peer = client_certificate(Role.BEHEERDER, HUISARTS)
    status, problem, _ = await edge.call("GET", f"/v1/changes/{position}")
    assert (status, problem["reason"]) == (403, "card-not-linked")


async def test_what_is_of_no_card_is_for_the_team(edge: Edge) -> None:
    await blocked(edge)
    assert edge.around.store.tables.entries[0].event.KIND == "session.opened"
    edge.around.operator(Role.ADMINISTRATOR, APOTHEEK)
    edge.peer = client_certificate(Role.ADMINISTRATOR, APOTHEEK)
    assert (await edge.call("GET", "/v1/changes/1"))[0] == 404
    edge.peer = client_certificate(Role.ZORGID_TEAM, None)
    status, found, _ = await edge.call("GET", "/v1/changes/1")
    assert (status, found["card_id"], found["shown"]) == (200, None, [])


async def test_of_a_telephone_those_are_told_who_manage_it(edge: Edge) -> None:
    around = edge.around
    with_mobiel_ca(around)
    made = await registered(around)
    positions = [each.position for each in around.store.events(MobielRegistered)]
    held = await block_mobiel(around.desk, around.team, made.id, BlockReason.LOSS)
    around.store.tables.receipts += [Receipt(position=held.entry.position, sink="ocsp")]
    of_it = {"card_id": None, "mobiel_id": made.id.value, "serial": made.serial.hex}
    for role, ura in ((Role.ZORGID_TEAM, None), (Role.ADMINISTRATOR, APOTHEEK)):
        edge.peer = client_certificate(role, ura)
        around.operator(role, ura)
        for position, kind in zip(
            [*positions, held.entry.position], ["mobiel.registered", "mobiel.blocked"], strict=True
        ):
            status, found, _ = await edge.call("GET", f"/v1/changes/{position}")
            assert (status, found["kind"]) == (200, kind)
            assert {name: found[name] for name in of_it} == of_it
            assert len(found["shown"]) == (kind == "mobiel.blocked")  # type: ignore[arg-type] # JSON
        status, found, _ = await edge.call("GET", f"/v1/certificates/{made.serial.hex}")
        assert (status, found["status"]) == (200, "on-hold")
        assert (found["card_id"], found["mobiel_id"]) == (None, made.id.value)
    for role, ura in ((Role.BEHEERDER, APOTHEEK), (Role.ADMINISTRATOR, HUISARTS)):
        edge.peer = client_certificate(role, ura)
        around.operator(role, ura)
        for path in (f"/v1/changes/{positions[0]}", f"/v1/certificates/{made.serial.hex}"):
            assert (await edge.call("GET", path))[0] == 403


async def test_a_telephone_that_never_was_is_the_teams(edge: Edge) -> None:
    around = edge.around
    with_mobiel_ca(around)
    await invited(around)
    [entry] = around.store.events(MobielInvited)
    path = f"/v1/changes/{entry.position}"
    edge.peer = client_certificate(Role.ZORGID_TEAM, None)
    status, found, _ = await edge.call("GET", path)
    assert (status, found["kind"], found["serial"]) == (200, "mobiel.invited", None)
    around.operator(Role.ADMINISTRATOR, APOTHEEK)
    edge.peer = client_certificate(Role.ADMINISTRATOR, APOTHEEK)
    assert (await edge.call("GET", path))[0] == 403


@pytest.mark.parametrize(
    ("position", "status"),
    [("0", 400), ("-1", 400), ("x", 400), ("1" * 19, 400), ("٣", 400), ("999", 404), ("01", 400)],
)
async def test_what_is_no_change(edge: Edge, position: str, status: int) -> None:
    edge.peer = client_certificate(Role.ZORGID_TEAM, None)
    assert (await edge.call("GET", f"/v1/changes/{position}"))[0] == status
