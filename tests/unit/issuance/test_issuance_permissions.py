"""Who × what × which organisation: the table, and every route held against it."""

import json
from dataclasses import dataclass

import pytest

from fakes.issuance import (
    APOTHEEK,
    HUISARTS,
    Surroundings,
    client_certificate,
    fake_request,
)
from fakes.issuance_store import ISSUER
from fakes.notices import Book, notice_desk
from issuance.http.app import api_table
from issuance.http.table.route import Caller, Route
from issuance.rules.permissions import (
    MAY,
    Action,
    Reach,
    require_for_card,
    require_for_organisation,
)
from issuing.edge import Edge
from issuing.holder import Holder
from issuing.people import people_bodies, people_for
from pki.api.fields import CERTIFICATE_REQUEST, to_pem
from pki.domain.cards import Card
from pki.domain.errors import Forbidden, Refused
from pki.domain.identifiers import AppointmentId, PersonId, Ura
from pki.domain.people import Operator, Role
from pki.domain.reasons import BlockReason, RefusalReason, RevokeReason
from pki.domain.registration.records import Appointment

WRITTEN_OUT = """
                        zorgmedewerker  vertegenwoordiger  beheerder  administrator  zorg-id-team  statusknoop  systeem
READ_CARD               -               -                  own        own            all           -            -
READ_HISTORY            -               -                  own        own            all           -            -
BLOCK_CARD              -               -                  own        own            all           -            -
UNBLOCK_CARD            -               -                  own        own            all           -            -
REVOKE_CARD             -               -                  own        own            all           -            -
LINK_CARD               -               -                  own        own            all           -            -
UNLINK_CARD             -               -                  own        own            all           -            -
REGISTER_ORGANISATION   -               -                  -          -              all           -            -
CLOSE_ORGANISATION      -               -                  -          -              all           -            -
MERGE_ORGANISATIONS     -               -                  -          -              all           -            -
REGISTER_OPERATOR       -               -                  -          -              all           -            -
READ_ORGANISATION       -               -                  there      there          all           -            -
READ_OPERATORS          -               -                  -          there          all           -            -
APPOINT_OPERATOR        -               -                  -          there          all           -            -
BLOCK_OPERATOR          -               -                  -          there          all           -            -
REMOVE_OPERATOR         -               -                  -          there          all           -            -
READ_ATTRIBUTES         -               -                  there      there          all           -            -
GIVE_ATTRIBUTE          -               -                  -          there          all           -            -
READ_NOTICES            -               -                  there      there          all           -            -
SET_CONTACT             -               -                  -          there          all           -            -
INVITE_MOBIEL           -               -                  there      there          all           -            -
MANAGE_MOBIEL           -               -                  -          there          all           -            -
CERTIFY_RESPONDER       -               -                  -          -              -             all          -
REVOKE_MANY             -               -                  -          -              all           -            -
"""  # noqa: E501 -- a table is wide
"""What may be, by hand: a change of the table is a change here."""

WORDS = {None: "-", Reach.LINKED: "own", Reach.OWN: "there", Reach.EVERYWHERE: "all"}


def by_hand() -> dict[tuple[str, str], str]:
    head, *lines = WRITTEN_OUT.strip().splitlines()
    roles = head.split()
    rows = [line.split() for line in lines]
    return {
        (action, role): word
        for action, *words in rows
        for role, word in zip(roles, words, strict=True)
    }


def test_the_table_is_what_is_written_out_here() -> None:
    table = {
        (action.name, role.value): WORDS[MAY[role].get(action)]
        for action in Action
        for role in Role
    }
    assert table == by_hand()


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("links", [(), (HUISARTS,), (APOTHEEK,), (APOTHEEK, HUISARTS)])
def test_a_card_is_reached_by_its_organisations_alone(
    role: Role, action: Action, links: tuple[Ura, ...], around: Surroundings
) -> None:
    word = by_hand()[action.name, role.value]
    if word == "there":
        return
    operator = around.operator(role, APOTHEEK)
    if word == "all" or (word == "own" and APOTHEEK in links):
        require_for_card(operator, action, links)
    elif word == "own":
        with pytest.raises(Refused) as refused:
            require_for_card(operator, action, links)
        assert refused.value.reason is RefusalReason.CARD_NOT_LINKED
    else:
        with pytest.raises(Forbidden):
            require_for_card(operator, action, links)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize(
    "action",
    [
        a
        for a in Action
        if a.name.endswith(("OPERATOR", "OPERATORS", "READ_ORGANISATION", "SET_CONTACT"))
    ],
)
@pytest.mark.parametrize("ura", [APOTHEEK, HUISARTS, None])
def test_operators_are_managed_by_their_own_organisation_alone(
    role: Role, action: Action, ura: Ura | None, around: Surroundings
) -> None:
    word = by_hand()[action.name, role.value]
    operator = around.operator(role, APOTHEEK)
    if word == "all" or (word == "there" and ura == APOTHEEK):
        require_for_organisation(operator, action, ura)
        return
    with pytest.raises(Forbidden):
        require_for_organisation(operator, action, ura)


@dataclass(frozen=True)
class Who:
    role: Role
    ura: Ura | None

    @property
    def words(self) -> str:
        return f"{self.role.value}-{self.ura}"


CALLERS = (
    Who(Role.BEHEERDER, APOTHEEK),
    Who(Role.BEHEERDER, HUISARTS),
    Who(Role.ADMINISTRATOR, APOTHEEK),
    Who(Role.ADMINISTRATOR, HUISARTS),
    Who(Role.ZORGID_TEAM, None),
    Who(Role.STATUS_NODE, None),
)
"""Every role that a client certificate can be mapped to; the card is linked to the apotheek."""


def _table() -> tuple[Route, ...]:
    around = Surroundings()
    return api_table(around.desk, lambda request: None, None, notice_desk(around, Book()))


ROUTES = [each for each in _table() if each.caller in {Caller.OPERATOR, Caller.HOLDER_OR_OPERATOR}]
OF_ONE_CARD = ("{card_id}", "{serial}", "{position}")
ORDERED_BY_HOLDER = 2
"""The entry behind that of the session, in a journal that begins with it."""


def body_for(route: Route, who: Who) -> dict[str, object] | None:
    """A body that the route takes."""
    ura = None if who.ura is not None else APOTHEEK.value
    bodies: dict[str, dict[str, object]] = {
        "searchCards": {"uzi_number": "900012345"},
        "blockCard": {"reason": BlockReason.LOSS.value},
        "unblockCard": {},
        "revokeCard": {"reason": RevokeReason.DEFECT.value},
        "linkCard": {"uzi_number": "900012345", "ura": ura},
        "unlinkCard": {"ura": ura},
        "registerOrganisation": {"ura": "11112222", "name": "Zorg"},
        "registerOperator": {
            "role": Role.ADMINISTRATOR.value,
            "ura": APOTHEEK.value,
            "certificate": to_pem(b"another"),
        },
        "prepareOrganisation": {"ura": "11112222", "name": "Zorg", "kind": "zorgaanbieder"},
        "closeOrganisation": {"ura": APOTHEEK.value},
        "mergeOrganisations": {"ura": APOTHEEK.value, "into": HUISARTS.value},
        "appointOperator": {
            "role": Role.BEHEERDER.value,
            "ura": ura,
            "person": {
                "uzi_number": "900054321",
                "surname": "Jansen",
                "given_names": "",
                "common_name": "Jansen",
            },
        },
        "searchOrganisations": {"state": "geregistreerd"},
        "blockOperator": {"reason": BlockReason.LOSS.value},
        "unblockOperator": {},
        "certifyResponder": {
            "issuer": ISSUER.value,
            "pkcs10": to_pem(fake_request(b"responder"), CERTIFICATE_REQUEST),
        },
    }
    bodies |= people_bodies(ura)
    return bodies[route.operation] if route.body is not None else None


def path_for(route: Route, card: Card, taken: Operator, around: Surroundings) -> str:
    assert card.serial is not None
    pending = Appointment(
        id=AppointmentId("ab" * 16),
        code_sha256=bytes(32),
        person_id=PersonId("cd" * 16),
        role=Role.BEHEERDER,
        ura=taken.ura or APOTHEEK,
        supplier=None,
        expires_at=around.clock.now(),
    )
    around.store.tables.appointments[pending.id] = pending
    ura = taken.ura or APOTHEEK
    values = people_for(card, ura, around) | {
        "card_id": card.id,
        "serial": card.serial,
        "operator_id": taken.id,
        "ura": APOTHEEK,
        "appointment_id": pending.id,
    }
    values |= {"position": ORDERED_BY_HOLDER, "notice_id": "ab" * 16}
    return route.path.format(**values)


def expected(route: Route, who: Who) -> str | None:
    """The reason of the refusal, or None where the permission does not stand in the way."""
    assert route.action is not None
    word = by_hand()[route.action.name, who.role.value]
    if word == "-":
        return "forbidden"
    if word == "there" and who.ura == HUISARTS and "{ura}" in route.path:
        return "forbidden"
    elsewhere = who.ura == HUISARTS and any(each in route.path for each in OF_ONE_CARD)
    return "card-not-linked" if word == "own" and elsewhere else None


@pytest.mark.parametrize("who", CALLERS, ids=lambda who: who.words)
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.operation)
async def test_every_route_asks_the_table(route: Route, who: Who, edge: Edge) -> None:
    card = await Holder(edge.around).make()
    operator = edge.around.operator(who.role, who.ura)
    edge.peer = client_certificate(who.role, who.ura)
    before = len(edge.around.store.tables.entries)
    sent = body_for(route, who)
    body = None if sent is None else json.dumps(sent)
    status, answer, _ = await edge.call(
        route.method, path_for(route, card, operator, edge.around), body
    )
    found = answer.get("reason") or str(answer.get("type")).rpartition(":")[2]
    if (refusal := expected(route, who)) is None:
        assert status not in {401, 403}, answer
        return
    assert (status, found) == (403, refusal)
    entries = edge.around.store.tables.entries[before:]
    assert {entry.event.KIND for entry in entries} <= {"request.refused"}
    assert edge.around.store.tables.cards[card.id] == card


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.operation)
async def test_without_a_certificate_nobody_is_asked_anything(route: Route, edge: Edge) -> None:
    card = await Holder(edge.around).make()
    sent = body_for(route, CALLERS[0])
    body = None if sent is None else json.dumps(sent)
    path = path_for(route, card, edge.around.team, edge.around)
    assert (await edge.call(route.method, path, body))[0] == 401
    edge.peer = b"a certificate of nobody"
    assert (await edge.call(route.method, path, body))[0] == 403
