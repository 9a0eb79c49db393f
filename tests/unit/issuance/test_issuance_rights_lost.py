"""A right that was taken away before a change had its turn is no right to make it."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import pytest

from fakes.issuance import APOTHEEK, HUISARTS, Surroundings, client_certificate, fake_request
from issuance.ports import WholeSession
from issuing.edge import Edge
from pki.api.fields import CERTIFICATE_REQUEST, to_pem
from pki.domain.people import Operator, Role

T = TypeVar("T")

SOME = "0" * 32
URA: dict[str, object] = {"ura": APOTHEEK.value}
PERSON: dict[str, object] = {
    "uzi_number": "900054321",
    "surname": "Jansen",
    "given_names": "A.",
    "common_name": "A. Jansen",
}
CHANGES: list[tuple[str, str, dict[str, object] | None]] = [
    ("POST", f"/v1/cards/{SOME}/block", {"reason": "verlies"}),
    ("POST", f"/v1/cards/{SOME}/unblock", {}),
    ("POST", f"/v1/cards/{SOME}/revoke", {"reason": "verlies of diefstal"}),
    ("POST", f"/v1/cards/{SOME}/unlink", URA),
    ("POST", "/v1/cards/link", URA | {"uzi_number": "900054321"}),
    ("POST", "/v1/organisations", URA | {"name": "Apotheek"}),
    ("POST", "/v1/registrations", URA | {"name": "Apotheek", "kind": "zorgaanbieder"}),
    ("POST", "/v1/organisations/close", URA),
    ("POST", "/v1/organisations/merge", URA | {"into": HUISARTS.value}),
    ("POST", "/v1/appointments", URA | {"role": "administrator", "person": PERSON}),
    ("DELETE", f"/v1/appointments/{SOME}", None),
    ("POST", f"/v1/operators/{SOME}/block", URA | {"reason": "verlies"}),
    ("POST", f"/v1/operators/{SOME}/unblock", URA),
    ("POST", "/v1/mobiel/invitations", URA | {"person": PERSON}),
    ("POST", f"/v1/mobiel/{SOME}/invitations", {}),
    ("DELETE", f"/v1/mobiel/invitations/{SOME}", None),
    ("POST", f"/v1/mobiel/{SOME}/block", {"reason": "verlies"}),
    ("POST", f"/v1/mobiel/{SOME}/unblock", {}),
    ("DELETE", f"/v1/attributes/{SOME}", None),
    ("PUT", f"/v1/organisations/{APOTHEEK}/contact", {"email": "info@example.nl"}),
    ("POST", f"/v1/organisations/{APOTHEEK}/calendar", {}),
    ("DELETE", f"/v1/organisations/{APOTHEEK}/calendar", None),
    ("POST", f"/v1/notices/{SOME}/acknowledge", {}),
]


def blocked(operator: Operator) -> Operator:
    return replace(operator, blocked_at=operator.seen_at)


def removed(_: Operator) -> None:
    return None


def moved(operator: Operator) -> Operator:
    return replace(operator, role=Role.BEHEERDER, ura=HUISARTS)


def overtaken(
    around: Surroundings, operator: Operator, by: Callable[[Operator], Operator | None]
) -> None:
    """Whatever this operator asks for next has its turn after somebody changed what they are."""
    store, key = around.store, operator.certificate_sha256
    write = store.write

    async def later(work: Callable[[WholeSession], T], /) -> T:
        after = by(store.tables.operators.pop(key, operator))
        if after is not None:
            store.tables.operators[key] = after
        return await write(work)

    store.write = later  # type: ignore[method-assign] # what is asked for next comes later


async def asked(
    edge: Edge, method: str, path: str, body: dict[str, object] | None
) -> tuple[int, str]:
    status, answer, _ = await edge.call(method, path, None if body is None else json.dumps(body))
    return status, str(answer.get("type", ""))


@pytest.mark.parametrize(("method", "path", "body"), CHANGES)
async def test_who_was_blocked_meanwhile_changes_nothing(
    around: Surroundings, edge: Edge, method: str, path: str, body: dict[str, object] | None
) -> None:
    edge.peer = client_certificate(Role.ZORGID_TEAM, None)
    overtaken(around, around.operator(Role.ZORGID_TEAM, None), blocked)
    entries = len(around.store.tables.entries)
    status, problem = await asked(edge, method, path, body)
    assert (status, problem) == (403, "urn:zorgid:problem:forbidden")
    assert len(around.store.tables.entries) == entries


@pytest.mark.parametrize("by", [removed, moved])
async def test_who_is_somebody_else_meanwhile_changes_nothing(
    around: Surroundings, edge: Edge, by: Callable[[Operator], Operator | None]
) -> None:
    edge.peer = client_certificate(Role.ZORGID_TEAM, None)
    overtaken(around, around.operator(Role.ZORGID_TEAM, None), by)
    assert (await asked(edge, *CHANGES[5]))[0] == 403


async def test_a_status_node_that_was_removed_meanwhile_gets_no_certificate(
    around: Surroundings, edge: Edge
) -> None:
    edge.peer = client_certificate(Role.STATUS_NODE, None)
    overtaken(around, around.operator(Role.STATUS_NODE, None), removed)
    request = to_pem(fake_request(b"RSA node"), CERTIFICATE_REQUEST)
    body: dict[str, object] = {"issuer": "token-ca-g1", "pkcs10": request}
    assert (await asked(edge, "POST", "/v1/responder-certificates", body))[0] == 403
