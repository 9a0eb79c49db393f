"""Logging in over the API, and what a session then is good for."""

from collections.abc import AsyncIterator

import pytest

from fakes_issuance import APOTHEEK, Surroundings
from issuance.block_card import block_card
from issuance.steps.callers import operator_by_token
from issuance_edge import Edge
from issuance_holder import Holder
from issuance_logins import LOSS, PHONE, asked, manager, opened
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
