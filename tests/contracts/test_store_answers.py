"""Answers under idempotency keys: kept with their change, for a while."""

from dataclasses import replace
from datetime import timedelta

import pytest

from pki.domain.errors import Conflict
from pki.domain.identifiers import IdempotencyKey, PersonId
from pki.domain.records import GivenAnswer
from pki.store.writing import Store, WriteSession
from stores.samples import SetClock, opaque

KEY = IdempotencyKey("k" * 16)


def answer(clock: SetClock, seconds: float = 60) -> GivenAnswer:
    return GivenAnswer(
        asker=PersonId(opaque(1)),
        key=KEY,
        request_sha256=bytes(range(32)),
        text='{"naam": "Huisartsencoöperatie"}',
        expires_at=clock.now() + timedelta(seconds=seconds),
    )


async def found(store: Store, given: GivenAnswer) -> GivenAnswer | None:
    return await store.write(lambda change: change.given_answer(given.asker, given.key))


async def test_an_answer_is_found_by_caller_and_key(store: Store, store_clock: SetClock) -> None:
    given = answer(store_clock)
    await store.write(lambda change: change.put_answer(given))
    assert await found(store, given) == given
    assert await found(store, replace(given, asker=PersonId(opaque(2)))) is None
    assert await found(store, replace(given, key=IdempotencyKey("l" * 16))) is None
    with pytest.raises(Conflict):
        await store.write(lambda change: change.put_answer(given))


async def test_an_answer_goes_with_its_change(store: Store, store_clock: SetClock) -> None:
    given = answer(store_clock)

    def keep_and_fail(change: WriteSession) -> None:
        change.put_answer(given)
        raise LookupError

    with pytest.raises(LookupError):
        await store.write(keep_and_fail)
    assert await found(store, given) is None


async def test_an_answer_expires(store: Store, store_clock: SetClock) -> None:
    given = answer(store_clock, seconds=60)
    await store.write(lambda change: change.put_answer(given))
    store_clock.forward(59)
    assert await found(store, given) == given
    store_clock.forward(1)
    assert await found(store, given) is None
    again = answer(store_clock)
    await store.write(lambda change: change.put_answer(again))
    assert await found(store, again) == again
