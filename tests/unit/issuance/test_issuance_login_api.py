"""Logging in over the API, and what a session then is good for."""

import json
import re
from collections.abc import AsyncIterator

import pytest

from fakes.issuance import APOTHEEK, Surroundings, client_certificate
from fakes.notices import Book, notice_desk
from issuance.block_card import block_card
from issuance.http.app import api_table
from issuance.http.table.route import Caller, Route
from issuance.mobiel.manage import block_mobiel
from issuance.steps.callers import operator_by_token
from issuing.edge import JSON, Edge
from issuing.holder import Holder
from issuing.logins import LOSS, PHONE, asked, manager, opened
from pki.api.client import IssuanceClient
from pki.api.errors import ProblemAnswered
from pki.domain.cards import Blocked
from pki.domain.events import CardBlocked
from pki.domain.logins.records import LoginState
from pki.domain.people import Role


async def test_the_telephone_is_not_told_the_number(around: Surroundings, edge: Edge) -> None:
    """Else nobody would have to look at the browser, and any log-in would be approved by habit."""
    manager(around)
    login = await asked(around)
    edge.peer = PHONE
    status, seen, _ = await edge.call("GET", f"/v1/logins/{login.code}")
    assert status == 200
    assert set(seen) == {"service", "asked_at", "expires_at", "origin", "state"}


@pytest.fixture
async def browser(edge: Edge) -> AsyncIterator[IssuanceClient]:
    async with IssuanceClient(edge.url) as made:
        yield made


async def test_over_the_api(around: Surroundings, edge: Edge, browser: IssuanceClient) -> None:
    operator = manager(around)
    card = await Holder(around).make()
    login = await browser.ask_login()
    assert login.qr == f"ZORGID:LOGIN:1:{login.code}"
    assert login.number not in login.qr
    assert (await browser.collect_login(login)).session is None
    async with IssuanceClient(edge.url) as telephone:
        edge.peer = PHONE
        asked_for = await telephone.login(login.code.lower())
        assert (asked_for.service, asked_for.origin) == ("127.0.0.1", "127.0.0.1")
        approved = await telephone.approve_login(login.code, login.number)
        assert approved.state is LoginState.APPROVED
    edge.peer = None
    session = (await browser.collect_login(login)).session
    assert session is not None
    assert (session.operator_id, session.role) == (operator.id, Role.BEHEERDER)
    with pytest.raises(ProblemAnswered) as again:
        await browser.collect_login(login)
    assert again.value.problem_code == "unauthenticated"
    async with IssuanceClient(edge.url, login=session.token) as logged_in:
        assert (await logged_in.card(card.id)).card_id == card.id
        with pytest.raises(ProblemAnswered):
            await logged_in.operators(APOTHEEK)
        refusing = await browser.ask_login()
        with pytest.raises(ProblemAnswered) as without:
            await logged_in.approve_login(refusing.code, refusing.number)
        assert without.value.problem_code == "unauthenticated", "a session lets in no other one"
        await logged_in.end_login(session.token)
        with pytest.raises(ProblemAnswered):
            await logged_in.card(card.id)
    edge.peer = PHONE
    assert (await browser.refuse_login(refusing.code)).state is LoginState.REFUSED
    assert (await browser.collect_login(refusing)).state is LoginState.REFUSED


async def test_a_change_under_a_log_in_is_the_operators(around: Surroundings, edge: Edge) -> None:
    operator = manager(around)
    card = await Holder(around).make()
    token = (await opened(around)).token
    async with IssuanceClient(edge.url, login=token) as client:
        found = await client.card(card.id)
    by_token = await operator_by_token(around.desk, token)
    change = await block_card(around.desk, by_token, found.card_id, LOSS)
    assert isinstance(change.card.phase, Blocked)
    (entry,) = around.store.events(CardBlocked)
    assert entry.actor.id == operator.id.value


async def test_codes_of_another_form_are_bad_input(edge: Edge) -> None:
    for code in ("A" * 25, "A" * 27, "1" * 26, "%41" * 5):
        status, _, _ = await edge.call("GET", f"/v1/logins/{code}")
        assert status == 400, code


def _routes(*callers: Caller) -> list[Route]:
    around = Surroundings()
    table = api_table(around.desk, lambda request: None, None, notice_desk(around, Book()))
    return [each for each in table if each.caller in callers]


def _somewhere(route: Route) -> str:
    """A path of the route; what it names need not be there."""
    named = dict.fromkeys(re.findall(r"\{([a-z_]+)\}", route.path), "ab" * 16)
    return route.path.format(**named | {"ura": APOTHEEK.value, "position": "1", "serial": "1" * 40})


@pytest.mark.parametrize(
    "route",
    _routes(Caller.OPERATOR, Caller.HOLDER_OR_OPERATOR),
    ids=lambda route: route.operation,
)
async def test_every_route_of_an_operator_takes_a_log_in(route: Route, edge: Edge) -> None:
    """And a token that is no good is not made up for by a certificate."""
    manager(edge.around)
    token = (await opened(edge.around)).token
    body = None if route.body is None else "{}"
    for edge.peer in (None, client_certificate(Role.ZORGID_TEAM, None)):
        for shown, known in ((token, True), (token + "x", False), ("login.", False)):
            headers = JSON | {"Authorization": f"Bearer {shown}"}
            status, _, _ = await edge.call(route.method, _somewhere(route), body, headers)
            assert (status != 401) is known
    identity = next(iter(edge.around.store.tables.mobiel))
    await block_mobiel(edge.around.desk, edge.around.team, identity, LOSS)
    headers = JSON | {"Authorization": f"Bearer {token}"}
    assert (await edge.call(route.method, _somewhere(route), body, headers))[0] == 403


@pytest.mark.parametrize(
    "route", _routes(Caller.HOLDER, Caller.TELEPHONE), ids=lambda route: route.operation
)
async def test_a_log_in_makes_no_card_and_lets_in_nobody(route: Route, edge: Edge) -> None:
    manager(edge.around)
    headers = JSON | {"Authorization": f"Bearer {(await opened(edge.around)).token}"}
    path = _somewhere(route).replace("ab" * 16, "A" * 26 if "logins" in route.path else "ab" * 16)
    body = {"number": "11"} if route.operation == "approveLogin" else {}
    status, _, _ = await edge.call(
        route.method, path, None if route.body is None else json.dumps(body), headers
    )
    assert status == 401
