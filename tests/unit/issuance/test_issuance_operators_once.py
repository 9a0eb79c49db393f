"""Appointing, blocking, unblocking and withdrawing under a key: once, and answered again."""

import json

from fakes.issuance import APOTHEEK, Surroundings, client_certificate
from issuing.edge import JSON, Edge
from pki.domain.people import Role
from pki.domain.registration.events import (
    AppointmentWithdrawn,
    OperatorAppointed,
    OperatorBlocked,
    OperatorUnblocked,
)

PERSON = {
    "uzi_number": "900054321",
    "surname": "Jansen",
    "given_names": "A.",
    "common_name": "A. Jansen",
}
Answer = tuple[int, dict[str, object], bool]


async def send(
    edge: Edge, method: str, path: str, key: str | None, body: dict[str, object] | None
) -> Answer:
    headers = JSON if key is None else JSON | {"Idempotency-Key": key * 16}
    sent = None if body is None else json.dumps(body)
    status, answer, back = await edge.call(method, path, sent, headers)
    return status, answer, "Idempotent-Replayed" in back


async def appoint(edge: Edge, key: str | None, role: str = "beheerder") -> Answer:
    edge.peer = client_certificate(Role.ZORGID_TEAM, None)
    body: dict[str, object] = {"role": role, "person": PERSON, "ura": APOTHEEK.value}
    return await send(edge, "POST", "/v1/appointments", key, body)


async def test_an_appointment_is_made_once_and_its_code_given_again(
    around: Surroundings, edge: Edge
) -> None:
    status, first, replayed = await appoint(edge, "a")
    assert (status, replayed) == (201, False)
    assert await appoint(edge, "a") == (201, first, True)
    assert (await appoint(edge, "a", "administrator"))[0] == 422
    assert len(around.store.events(OperatorAppointed)) == 1
    edge.peer = b"theirs"
    taken = await send(edge, "POST", "/v1/appointments/take-up", None, {"code": first["code"]})
    assert (taken[0], taken[1]["role"]) == (201, "beheerder")


async def test_no_code_is_kept_to_be_given_again(around: Surroundings, edge: Edge) -> None:
    _, first, _ = await appoint(edge, "a")
    kept = "".join(each.text for each in around.store.tables.answers.values())
    assert str(first["appointment_id"]) in kept
    assert str(first["code"]) not in kept


async def test_every_appointment_has_a_code_of_its_own(around: Surroundings, edge: Edge) -> None:
    codes = [(await appoint(edge, key))[1]["code"] for key in ("a", "b", None)]
    around.clock.advance(hours=25)
    codes.append((await appoint(edge, "a"))[1]["code"])
    assert len(set(codes)) == 4
    assert len(around.store.events(AppointmentWithdrawn)) == 3


async def test_a_code_is_withdrawn_once(around: Surroundings, edge: Edge) -> None:
    _, made, _ = await appoint(edge, None)
    path = f"/v1/appointments/{made['appointment_id']}"
    status, first, _ = await send(edge, "DELETE", path, "w", None)
    assert status == 200
    assert await send(edge, "DELETE", path, "w", None) == (200, first, True)
    assert (await send(edge, "DELETE", path, "v", None))[0] == 404
    assert len(around.store.events(AppointmentWithdrawn)) == 1


async def test_an_operator_is_blocked_and_unblocked_once(around: Surroundings, edge: Edge) -> None:
    beheerder = around.operator(Role.BEHEERDER, APOTHEEK)
    around.operator(Role.ADMINISTRATOR, APOTHEEK)
    edge.peer = client_certificate(Role.ADMINISTRATOR, APOTHEEK)
    path = f"/v1/operators/{beheerder.id}"
    for verb, body, kind in (
        ("block", {"reason": "verlies"}, OperatorBlocked),
        ("unblock", {}, OperatorUnblocked),
    ):
        sent: dict[str, object] = dict(body)
        status, first, replayed = await send(edge, "POST", f"{path}/{verb}", verb[0], sent)
        assert (status, replayed) == (200, False)
        again = await send(edge, "POST", f"{path}/{verb}", verb[0], sent)
        assert again == (200, first, True)
        assert len(around.store.events(kind)) == 1
    assert (await send(edge, "POST", f"{path}/block", "u", {"reason": "verlies"}))[0] == 422
