"""Log-ins: a browser asks, a telephone answers, and one browser gets in, once, for a while."""

import asyncio
from dataclasses import replace

import pytest

from fakes.issuance import APOTHEEK, HUISARTS, Surroundings, client_certificate
from issuance.logins.answer import approve_login, login_to_answer, refuse_login
from issuance.logins.collect import OpenedLogin, collect_login, end_login
from issuance.mobiel.manage import block_mobiel, unblock_mobiel
from issuance.operators.block import block_operator
from issuance.operators.take_back import take_back_operator
from issuance.rules.rates import RateLimits
from issuance.steps.callers import operator_by_token
from issuing.logins import ANOTHERS, LOSS, ORIGIN, PHONE, asked, manager, of, opened, other_number
from pki.domain.errors import (
    Conflict,
    Forbidden,
    NotFound,
    RateLimited,
    Refused,
    Unauthenticated,
    ZorgidError,
)
from pki.domain.events import RequestRefused
from pki.domain.identifiers import SessionId
from pki.domain.logins.events import LOGIN_EVENTS, LoginApproved, LoginOpened, LoginRefused
from pki.domain.logins.records import Login, LoginState
from pki.domain.people import Role
from pki.domain.reasons import RefusalReason


async def test_a_browser_gets_in_as_the_operator_whose_telephone_said_yes(
    around: Surroundings,
) -> None:
    operator = manager(around)
    login = await asked(around)
    waiting = await collect_login(around.desk, of(login))
    assert isinstance(waiting, Login)
    assert waiting.state is LoginState.WAITING
    seen = await login_to_answer(around.desk, PHONE, login.code)
    assert (seen.origin, seen.asked_at) == (ORIGIN, around.clock.now())
    await approve_login(around.desk, PHONE, login.code, login.login.number)
    found = await collect_login(around.desk, of(login))
    assert isinstance(found, OpenedLogin)
    assert found.operator.id == operator.id
    assert (await operator_by_token(around.desk, found.token)).id == operator.id
    kinds = [each.event.KIND for each in around.store.tables.entries][-2:]
    assert kinds == ["login.approved", "login.opened"]
    (entry,) = around.store.events(LoginOpened)
    assert (entry.actor.id, entry.actor.role) == (operator.id.value, Role.BEHEERDER)


async def test_nothing_that_opens_a_session_is_kept(around: Surroundings) -> None:
    manager(around)
    login = await asked(around)
    await approve_login(around.desk, PHONE, login.code, login.login.number)
    kept = repr(around.store.tables)
    assert login.code not in kept
    assert login.secret not in kept
    found = await collect_login(around.desk, of(login))
    assert isinstance(found, OpenedLogin)
    assert found.token not in repr(around.store.tables)
    for told in (login, found, of(login)):
        assert login.secret not in repr(told)
        assert found.token not in repr(told)


async def test_another_number_ends_it(around: Surroundings) -> None:
    """One try: of a hundred numbers nobody guesses on."""
    manager(around)
    login = await asked(around)
    with pytest.raises(Refused) as refused:
        await approve_login(around.desk, PHONE, login.code, other_number(login))
    assert refused.value.reason is RefusalReason.LOGIN_NUMBER
    with pytest.raises(Conflict):
        await approve_login(around.desk, PHONE, login.code, login.login.number)
    found = await collect_login(around.desk, of(login))
    assert isinstance(found, Login)
    assert found.state is LoginState.REFUSED
    assert len(around.store.events(LoginRefused)) == len(around.store.events(RequestRefused)) == 1


async def test_who_says_no_is_heard_until_the_session_is_there(around: Surroundings) -> None:
    manager(around)
    login = await asked(around)
    await approve_login(around.desk, PHONE, login.code, login.login.number)
    await refuse_login(around.desk, PHONE, login.code)
    assert (await refuse_login(around.desk, PHONE, login.code)).state is LoginState.REFUSED
    found = await collect_login(around.desk, of(login))
    assert isinstance(found, Login)
    with pytest.raises(Conflict):
        await approve_login(around.desk, PHONE, login.code, login.login.number)
    assert len(around.store.events(LoginRefused)) == 1


async def test_a_yes_that_is_sent_again_is_one_yes(around: Surroundings) -> None:
    manager(around)
    manager(around, ANOTHERS)
    login = await asked(around)
    for _ in range(2):
        await approve_login(around.desk, PHONE, login.code, login.login.number)
    for answer in (
        approve_login(around.desk, ANOTHERS, login.code, login.login.number),
        refuse_login(around.desk, ANOTHERS, login.code),
    ):
        with pytest.raises(Conflict):
            await answer
    assert len(around.store.events(LoginApproved)) == 1


async def test_it_is_collected_once(around: Surroundings) -> None:
    manager(around)
    login = await asked(around)
    await approve_login(around.desk, PHONE, login.code, login.login.number)
    outcomes: list[object] = []

    async def collect() -> None:
        try:
            outcomes.append(await collect_login(around.desk, of(login)))
        except Unauthenticated as refused:
            outcomes.append(refused)

    async with asyncio.TaskGroup() as group:
        for _ in range(5):
            group.create_task(collect())
    assert sum(isinstance(each, OpenedLogin) for each in outcomes) == 1
    assert len(around.store.events(LoginOpened)) == 1
    with pytest.raises(Unauthenticated):
        await collect_login(around.desk, of(login))
    with pytest.raises(NotFound):
        await login_to_answer(around.desk, PHONE, login.code)


async def test_two_browsers_get_what_is_theirs(around: Surroundings) -> None:
    """Who saw another browser's code, or knows its log-in, gets nothing by it."""
    manager(around)
    mine, anothers = await asked(around), await asked(around)
    await approve_login(around.desk, PHONE, mine.code, mine.login.number)
    with pytest.raises(Unauthenticated):
        await collect_login(around.desk, of(mine, anothers.secret))
    waiting = await collect_login(around.desk, of(anothers))
    assert isinstance(waiting, Login)
    assert isinstance(await collect_login(around.desk, of(mine)), OpenedLogin)


async def test_five_minutes(around: Surroundings) -> None:
    manager(around)
    early, late = await asked(around), await asked(around)
    await approve_login(around.desk, PHONE, early.code, early.login.number)
    around.clock.advance(minutes=5)
    for what in (
        login_to_answer(around.desk, PHONE, late.code),
        approve_login(around.desk, PHONE, late.code, late.login.number),
        refuse_login(around.desk, PHONE, late.code),
    ):
        with pytest.raises(NotFound):
            await what
    for each in (early, late):
        with pytest.raises(Unauthenticated):
            await collect_login(around.desk, of(each))
    around.clock.advance(seconds=1)
    await asked(around)
    assert len(around.store.tables.logins) == 1


async def test_a_session_ends_by_its_time_and_by_logging_out(around: Surroundings) -> None:
    manager(around)
    first, second = await opened(around), await opened(around)
    await end_login(around.desk, first.token)
    for again in (end_login, operator_by_token):
        with pytest.raises(Unauthenticated):
            await again(around.desk, first.token)
    await operator_by_token(around.desk, second.token)
    around.clock.advance(seconds=around.desk.limits.session.total_seconds())
    with pytest.raises(Unauthenticated):
        await operator_by_token(around.desk, second.token)


async def test_who_is_blocked_in_between_gets_no_session(around: Surroundings) -> None:
    operator = manager(around)
    identity = next(iter(around.store.tables.mobiel.values()))
    login = await asked(around)
    await approve_login(around.desk, PHONE, login.code, login.login.number)
    await block_mobiel(around.desk, around.team, identity.id, LOSS)
    with pytest.raises(Forbidden):
        await collect_login(around.desk, of(login))
    await unblock_mobiel(around.desk, around.team, identity.id)
    await block_operator(around.desk, around.team, operator.id, APOTHEEK, LOSS)
    with pytest.raises(Forbidden):
        await collect_login(around.desk, of(login))
    assert not around.store.tables.login_sessions


async def test_who_is_blocked_is_shut_out_of_an_open_session(around: Surroundings) -> None:
    operator = manager(around)
    identity = next(iter(around.store.tables.mobiel.values()))
    token = (await opened(around)).token
    await block_mobiel(around.desk, around.team, identity.id, LOSS)
    with pytest.raises(Forbidden):
        await operator_by_token(around.desk, token)
    await unblock_mobiel(around.desk, around.team, identity.id)
    await operator_by_token(around.desk, token)
    await take_back_operator(around.desk, around.team, operator.id)
    with pytest.raises(Forbidden):
        await operator_by_token(around.desk, token)


async def test_only_a_telephone_of_an_operator_answers(around: Surroundings) -> None:
    """A certificate on a computer, a telephone of nobody here, a blocked one, none at all."""
    manager(around)
    around.operator(Role.ADMINISTRATOR, HUISARTS)
    identity = next(iter(around.store.tables.mobiel.values()))
    login = await asked(around)
    computer = client_certificate(Role.ADMINISTRATOR, HUISARTS)
    cases: list[tuple[bytes | None, type[ZorgidError]]] = [
        (computer, Forbidden),
        (b"MOBIEL of nobody", Forbidden),
        (None, Unauthenticated),
    ]
    for certificate, error in cases:
        for what in (
            login_to_answer(around.desk, certificate, login.code),
            approve_login(around.desk, certificate, login.code, login.login.number),
            refuse_login(around.desk, certificate, login.code),
        ):
            with pytest.raises(error):
                await what
    await block_mobiel(around.desk, around.team, identity.id, LOSS)
    with pytest.raises(Forbidden):
        await approve_login(around.desk, PHONE, login.code, login.login.number)
    assert not any(around.store.events(kind) for kind in LOGIN_EVENTS)


async def test_how_often(around: Surroundings) -> None:
    """Wrong secrets count by address; a browser that asks on and on, by its log-in."""
    around.restrain(RateLimits(peer_per_minute=2, all_per_minute=1000))
    login = await asked(around)
    for _ in range(2):
        with pytest.raises(Unauthenticated):
            await collect_login(around.desk, of(login, "x" * 43))
    with pytest.raises(RateLimited):
        await collect_login(around.desk, of(login, "x" * 43))
    unknown = replace(of(login), login_id=SessionId("ab" * 16))
    with pytest.raises(RateLimited):
        await collect_login(around.desk, unknown)
    for _ in range(60):
        await collect_login(around.desk, of(login))
    with pytest.raises(RateLimited):
        await collect_login(around.desk, of(login))
