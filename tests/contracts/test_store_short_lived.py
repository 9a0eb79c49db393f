"""Challenges and sessions: kept for a while, used once."""

from functools import partial

import pytest

from pki.store.reading import ReadSession, ReadStore
from pki.store.writing import Store, WriteSession
from store_samples import (
    SetClock,
    card,
    challenge,
    session,
)
from store_steps import put


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
    await store.write(lambda change: change.remove_session(one.id))
    await store.write(lambda change: change.remove_session(one.id))
    assert await found() == [None, two]


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
