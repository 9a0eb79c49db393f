"""Leases: one holder, a token that only grows, and a store that refuses whoever has lost his."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from pki.domain.errors import LeaseLost
from pki.domain.events import ServiceStarted
from pki.domain.leases.records import LONGEST_LEASE, Claim, Lease
from pki.domain.people import SYSTEM
from pki.store.engine import write_engine
from pki.store.leases.tables import leases
from pki.store.reading import ReadSession, ReadStore
from pki.store.writing import Store, WriteSession
from stores.samples import SetClock

LENGTH = LONGEST_LEASE
"""A test takes less, on any machine."""

STARTED = ServiceStarted(roles="issuance", version="1.0")


async def take(store: Store, holder: str, *, restarted: bool = False) -> Claim | None:
    return await store.write(
        lambda session: session.take_lease("crl", holder, LENGTH, restarted=restarted)
    )


async def taken(store: Store, holder: str, *, restarted: bool = False) -> Claim:
    claim = await take(store, holder, restarted=restarted)
    assert claim is not None
    return claim


async def renewed(store: Store, claim: Claim) -> bool:
    return await store.write(lambda session: session.renew_lease(claim, LENGTH))


async def record(store: Store, claim: Claim) -> int:
    """A write of the task, and where the journal then ends."""

    def work(session: WriteSession) -> int:
        session.require_lease(claim)
        return session.record(STARTED, SYSTEM).position

    return await store.write(work)


def move(url: str, by: timedelta) -> None:
    """What the database's clock would do to a lease if it were set the other way."""
    engine = write_engine(url)
    with engine.begin() as connection:
        until = leases.c.until + by // timedelta(microseconds=1)
        connection.execute(sa.update(leases).values(until=until))
    engine.dispose()


async def only(read_store: ReadStore) -> Lease:
    (found,) = await read_store.read(ReadSession.leases)
    return found


async def test_one_has_it_and_renews_it(store: Store, read_store: ReadStore) -> None:
    assert await read_store.read(ReadSession.leases) == ()
    claim = await taken(store, "a")
    assert await take(store, "b") is None
    assert await take(store, "a") is None
    assert await renewed(store, claim)
    found = await only(read_store)
    assert (found.name, found.holder, found.token) == ("crl", "a", claim.token)
    assert found.held
    assert timedelta(0) < found.left <= LENGTH


async def test_what_ran_out_is_taken_over_and_its_former_holder_refused(
    store: Store, read_store: ReadStore, store_url: str
) -> None:
    first = await taken(store, "a")
    assert await record(store, first) == 1
    move(store_url, -LENGTH)
    # Nobody has taken over: nothing that it writes can cross another's.
    assert await record(store, first) == 2
    second = await taken(store, "b")
    assert second.token > first.token
    with pytest.raises(LeaseLost):
        await record(store, first)
    assert not await renewed(store, first)
    assert await record(store, second) == 3
    assert (await only(read_store)).holder == "b"


async def test_a_process_that_was_started_again_does_not_wait_for_itself(store: Store) -> None:
    first = await taken(store, "a")
    second = await taken(store, "a", restarted=True)
    assert second.token == first.token + 1
    assert await take(store, "b", restarted=True) is None
    with pytest.raises(LeaseLost):
        await record(store, first)


async def test_what_was_given_back_is_free_and_its_token_never_returns(store: Store) -> None:
    first = await taken(store, "a")
    await store.write(lambda session: session.give_back_lease(first))
    second = await taken(store, "b")
    assert second.token == first.token + 1
    await store.write(lambda session: session.give_back_lease(first))
    assert await take(store, "a") is None


async def test_the_clock_of_a_node_does_not_matter(store: Store, store_clock: SetClock) -> None:
    claim = await taken(store, "a")
    for seconds in (86_400, -2 * 86_400):
        store_clock.forward(seconds)
        assert await take(store, "b") is None
        assert await renewed(store, claim)


async def test_a_lease_of_the_future_is_over(store: Store, store_url: str) -> None:
    await taken(store, "a")
    move(store_url, timedelta(days=1))
    assert (await taken(store, "b")).token == 2


async def test_nothing_of_a_refused_change_stays(store: Store, read_store: ReadStore) -> None:
    first = await taken(store, "a")
    await taken(store, "a", restarted=True)

    def work(session: WriteSession) -> None:
        session.record(STARTED, SYSTEM)
        session.require_lease(first)

    with pytest.raises(LeaseLost):
        await store.write(work)
    assert (await read_store.read(ReadSession.head)).position == 0
