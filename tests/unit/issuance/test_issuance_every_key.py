"""Every change that is sent again: under its key it happens once; without, the table says why."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

import pytest

from fakes.issuance import APOTHEEK, HUISARTS, Surroundings, client_certificate
from fakes.notices import Book, notice_desk
from issuance.attributes.give import NewAttribute, give_attribute
from issuance.block_card import block_card
from issuance.http.app import api_table
from issuance.http.table.route import Again, Key, Route
from issuance.linking.link_card import link_card
from issuance.mobiel.invite import invite
from issuance.mobiel.manage import block_mobiel
from issuance.operators.appoint import appoint_operator
from issuance.operators.block import block_operator
from issuing.appointments import wanted
from issuing.edge import JSON, Edge
from issuing.holder import Holder
from issuing.people import people_bodies, telephone
from issuing.phones import person
from pki.api.fields import to_pem
from pki.domain.cards import Card
from pki.domain.identifiers import PersonId, UziNumber
from pki.domain.people import Role
from pki.domain.reasons import BlockReason, RevokeReason

LOSS = BlockReason.LOSS
NUMBER = UziNumber("900012345")
OTHER_PERSON = {
    "uzi_number": "900054321",
    "surname": "Jansen",
    "given_names": "",
    "common_name": "Jansen",
}
TYPES = {"zorgtaak": frozenset({"01.015"})}
KEY = JSON | {"Idempotency-Key": "k" * 16}


def table() -> tuple[Route, ...]:
    around = Surroundings()
    return api_table(around.desk, lambda request: None, None, notice_desk(around, Book()))


@pytest.mark.parametrize("route", table(), ids=lambda route: route.operation)
def test_every_change_takes_a_key_or_says_why_it_needs_none(route: Route) -> None:
    if route.method == "GET":
        assert (route.key, route.again) == (Key.NONE, None)
    else:
        assert (route.key is Key.NONE) is (route.again is not None)


def test_what_only_reads_is_a_search() -> None:
    reading = {each.path for each in table() if each.again is Again.NOTHING}
    assert reading == {each.path for each in table() if each.path.endswith("/search")}


@dataclass(frozen=True, kw_only=True)
class Made:
    """What there is before: a card of the first organisation, an operator, a telephone."""

    around: Surroundings
    card: Card
    operator: PersonId
    telephone: PersonId


Values = dict[str, object]
Preparing = Callable[[Made], Awaitable[Values]]


async def _nothing(made: Made) -> Values:
    return {
        "card_id": made.card.id,
        "operator_id": made.operator,
        "mobiel_id": made.telephone,
    }


async def _card_blocked(made: Made) -> Values:
    await block_card(made.around.desk, made.around.team, made.card.id, LOSS)
    return {"card_id": made.card.id}


async def _card_linked(made: Made) -> Values:
    await link_card(made.around.desk, made.around.team, NUMBER, HUISARTS)
    return {"card_id": made.card.id}


async def _operator_blocked(made: Made) -> Values:
    desk, team = made.around.desk, made.around.team
    await block_operator(desk, team, made.operator, APOTHEEK, LOSS)
    return {"operator_id": made.operator}


async def _appointed(made: Made) -> Values:
    appointed = await appoint_operator(made.around.desk, made.around.team, wanted())
    return {"appointment_id": appointed.appointment.id}


async def _attribute_given(made: Made) -> Values:
    new = NewAttribute(uzi_number=NUMBER, ura=APOTHEEK, type="zorgtaak", task_code="01.015")
    given = await give_attribute(made.around.desk, made.around.team, new)
    return {"attribute_id": given.id}


async def _invited(made: Made) -> Values:
    invited = await invite(made.around.desk, made.around.team, person("900054321"), APOTHEEK)
    return {"mobiel_id": invited.invitation.id}


async def _mobiel_blocked(made: Made) -> Values:
    values = await _nothing(made)
    identity = next(iter(made.around.store.tables.mobiel))
    await block_mobiel(made.around.desk, made.around.team, identity, LOSS)
    return values


PREPARING: dict[str, Preparing] = {
    "unblockCard": _card_blocked,
    "revokeCard": _card_blocked,
    "unlinkCard": _card_linked,
    "unblockOperator": _operator_blocked,
    "withdrawAppointment": _appointed,
    "withdrawAttribute": _attribute_given,
    "withdrawInvitation": _invited,
    "unblockMobiel": _mobiel_blocked,
    "endMobiel": _mobiel_blocked,
}
"""What must be so before these; the others need nothing more than `Made`."""

BODIES: dict[str, dict[str, object]] = {
    "blockCard": {"reason": LOSS.value},
    "unblockCard": {},
    "revokeCard": {"reason": RevokeReason.DEFECT.value},
    "linkCard": {"uzi_number": NUMBER.value, "ura": HUISARTS.value},
    "unlinkCard": {"ura": HUISARTS.value},
    "registerOrganisation": {"ura": "11112222", "name": "Zorg"},
    "prepareOrganisation": {"ura": "11112222", "name": "Zorg", "kind": "zorgaanbieder"},
    "closeOrganisation": {"ura": APOTHEEK.value},
    "mergeOrganisations": {"ura": APOTHEEK.value, "into": HUISARTS.value},
    "registerOperator": {
        "role": Role.ADMINISTRATOR.value,
        "ura": APOTHEEK.value,
        "certificate": to_pem(b"another"),
    },
    "appointOperator": {
        "role": Role.BEHEERDER.value,
        "ura": APOTHEEK.value,
        "person": OTHER_PERSON,
    },
    "blockOperator": {"reason": LOSS.value, "ura": APOTHEEK.value},
    "unblockOperator": {"ura": APOTHEEK.value},
    **people_bodies(APOTHEEK.value),
}


async def made_for(edge: Edge) -> Made:
    around = edge.around
    card = await Holder(around).make()
    beheerder = around.operator(Role.BEHEERDER, APOTHEEK)
    around.operator(Role.ADMINISTRATOR, APOTHEEK)
    phone = telephone(around, PersonId("34" * 16), APOTHEEK, b"t" * 32)
    return Made(around=around, card=card, operator=beheerder.id, telephone=phone.person_id)


KEYED = [each for each in table() if each.key is Key.MAY]


@pytest.fixture
def around() -> Surroundings:
    made = Surroundings()
    made.desk = replace(made.desk, attribute_types=TYPES)
    return made


@pytest.mark.parametrize("route", KEYED, ids=lambda route: route.operation)
async def test_under_a_key_it_happens_once(route: Route, edge: Edge) -> None:
    made = await made_for(edge)
    values = await PREPARING.get(route.operation, _nothing)(made)
    path = route.path.format(**values)
    body = None if route.body is None else json.dumps(BODIES[route.operation])
    edge.peer = client_certificate(Role.ZORGID_TEAM, None)
    before = len(edge.around.store.tables.entries)
    status, first, headers = await edge.call(route.method, path, body, KEY)
    assert (status, "Idempotent-Replayed" in headers) == (route.status, False), first
    recorded = len(edge.around.store.tables.entries)
    assert recorded > before
    status, again, headers = await edge.call(route.method, path, body, KEY)
    assert (status, again, headers["Idempotent-Replayed"]) == (route.status, first, "true")
    other = json.dumps({"ura": "33334444", "name": "Another"})
    status, problem, _ = await edge.call("POST", "/v1/organisations", other, KEY)
    assert (status, problem["type"]) == (422, "urn:zorgid:problem:idempotency-mismatch")
    assert len(edge.around.store.tables.entries) == recorded


async def test_no_code_of_an_invitation_is_kept_to_be_given_again(edge: Edge) -> None:
    body = json.dumps(BODIES["inviteMobiel"])
    edge.peer = client_certificate(Role.ZORGID_TEAM, None)
    _, first, _ = await edge.call("POST", "/v1/mobiel/invitations", body, KEY)
    code = str(first["code"])
    assert code not in repr(edge.around.store.tables)
    _, again, _ = await edge.call("POST", "/v1/mobiel/invitations", body, KEY)
    assert again["code"] == code
    later = JSON | {"Idempotency-Key": "m" * 16}
    _, another, _ = await edge.call("POST", "/v1/mobiel/invitations", body, later)
    assert another["code"] != code
