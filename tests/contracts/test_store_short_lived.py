"""Challenges and sessions: kept for a while, used once."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from pki.domain.identifiers import SessionId
from pki.domain.logins.records import Login, LoginSession, LoginState
from pki.store.reading import ReadSession, ReadStore
from pki.store.writing import Store, WriteSession
from stores.samples import (
    NOON,
    SetClock,
    card,
    challenge,
    octets,
    opaque,
    session,
)
from stores.steps import put


async def test_a_challenge_is_taken_once(store: Store, read_store: ReadStore) -> None:
    one, two = challenge(1), challenge(2, of_card=card(1).id)
    for each in (one, two):
        await put(store, each)
        kept = await read_store.read(partial(ReadSession.challenge, challenge_id=each.id))
        assert kept == each
    assert await store.write(lambda change: change.take_challenge(two.id)) == two
    assert await store.write(lambda change: change.take_challenge(two.id)) is None
    assert await read_store.read(lambda reads: reads.challenge(two.id)) is None
    assert await read_store.read(lambda reads: reads.challenge(one.id)) == one


async def test_a_refusal_gives_the_challenge_back(store: Store, read_store: ReadStore) -> None:
    await put(store, challenge(1))

    def take_and_fail(change: WriteSession) -> None:
        assert change.take_challenge(challenge(1).id) == challenge(1)
        raise LookupError

    with pytest.raises(LookupError):
        await store.write(take_and_fail)
    assert await read_store.read(lambda reads: reads.challenge(challenge(1).id)) == challenge(1)


async def test_a_session_is_found_by_its_token(store: Store, read_store: ReadStore) -> None:
    one, two = session(1), session(2)
    for each in (one, two):
        await put(store, each)
    tokens = [one.token_sha256, two.token_sha256]

    async def found() -> list[object]:
        return await read_store.read(
            lambda reads: [reads.session_by_token(token) for token in tokens]
        )

    assert await found() == [one, two]


async def test_expired_sessions_go_when_they_are_looked_for(
    store: Store, store_clock: SetClock, read_store: ReadStore
) -> None:
    await put(store, session(1, seconds=60))
    await put(store, session(2, seconds=600))
    store_clock.forward(61)
    await store.write(lambda change: change.remove_expired_sessions())
    gone, kept = session(1).token_sha256, session(2).token_sha256
    assert await read_store.read(lambda reads: reads.session_by_token(gone)) is None
    assert await read_store.read(lambda reads: reads.session_by_token(kept)) is not None


async def test_what_expired_goes_when_the_next_one_comes(
    store: Store, store_clock: SetClock, read_store: ReadStore
) -> None:
    await put(store, challenge(1, seconds=60))
    await put(store, session(1, seconds=60))
    store_clock.forward(61)
    assert await read_store.read(lambda reads: reads.challenge(challenge(1).id)) is not None
    await put(store, challenge(2, seconds=600))
    await put(store, session(2, seconds=600))
    assert await read_store.read(lambda reads: reads.challenge(challenge(1).id)) is None
    gone = session(1).token_sha256
    assert await read_store.read(lambda reads: reads.session_by_token(gone)) is None
    kept = session(2).token_sha256
    assert await read_store.read(lambda reads: reads.session_by_token(kept)) is not None


def login(number: int, seconds: int = 300) -> Login:
    return Login(
        id=SessionId(opaque(number)),
        code_sha256=octets(number, "code"),
        secret_sha256=octets(number, "secret"),
        number="07",
        origin=None if number % 2 else "2001:db8::1",
        asked_at=NOON,
        expires_at=NOON + timedelta(seconds=seconds),
    )


def login_session(number: int, seconds: int = 900) -> LoginSession:
    return LoginSession(
        id=SessionId(opaque(number)),
        token_sha256=octets(number, "token"),
        certificate_sha256=octets(number, "telephone"),
        expires_at=NOON + timedelta(seconds=seconds),
    )


async def test_a_login_is_found_by_id_and_code_and_answered(
    store: Store, read_store: ReadStore
) -> None:
    one, two = login(1), login(2)
    await store.write(lambda change: change.put_login(one))
    await store.write(lambda change: change.put_login(two))
    approved = replace(one, state=LoginState.APPROVED, certificate_sha256=octets(1, "telephone"))
    await store.write(lambda change: change.put_login(approved))
    assert await read_store.read(lambda reads: reads.login(one.id)) == approved
    assert await read_store.read(lambda reads: reads.login_by_code(one.code_sha256)) == approved
    assert await read_store.read(lambda reads: reads.login_by_code(two.code_sha256)) == two
    await store.write(lambda change: change.remove_login(one.id))
    assert await read_store.read(lambda reads: reads.login(one.id)) is None
    assert await read_store.read(lambda reads: reads.login(two.id)) == two


async def test_a_login_session_is_found_by_its_token_until_it_ends(
    store: Store, read_store: ReadStore
) -> None:
    one, two = login_session(1), login_session(2)
    await store.write(lambda change: change.put_login_session(one))
    await store.write(lambda change: change.put_login_session(two))
    assert await read_store.read(lambda reads: reads.login_session(one.token_sha256)) == one
    await store.write(lambda change: change.remove_login_session(one.id))
    assert await read_store.read(lambda reads: reads.login_session(one.token_sha256)) is None
    assert await read_store.read(lambda reads: reads.login_session(two.token_sha256)) == two


async def test_logins_that_expired_go_with_the_sessions(
    store: Store, store_clock: SetClock, read_store: ReadStore
) -> None:
    await store.write(lambda change: change.put_login(login(1, seconds=60)))
    await store.write(lambda change: change.put_login_session(login_session(1, seconds=60)))
    store_clock.forward(61)
    await store.write(lambda change: change.remove_expired_sessions())
    assert await read_store.read(lambda reads: reads.login(login(1).id)) is None
    gone = login_session(1).token_sha256
    assert await read_store.read(lambda reads: reads.login_session(gone)) is None


async def test_of_two_servers_one_collects(store: Store, store_url: str) -> None:
    """Each has seen that it was approved; inside its transaction the second one finds it gone."""
    await store.write(lambda change: change.put_login(login(1)))
    other = Store.open(store_url, clock=SetClock())
    collected: list[SessionId] = []

    def collect(change: WriteSession) -> Login | None:
        found = change.login(login(1).id)
        change.remove_login(login(1).id)
        return found

    async def attempt(server: Store) -> None:
        found = await server.write(collect)
        if found is not None:
            collected.append(found.id)

    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(attempt(store))
            group.create_task(attempt(other))
    finally:
        await other.close()
    assert collected == [login(1).id]
