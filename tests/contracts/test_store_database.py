"""What a database says of itself, and a clock that is not the others'."""

from datetime import timedelta

import pytest

from pki.domain.errors import Conflict
from pki.ports import SystemClock
from pki.store.postgres.state import PostgresState
from pki.store.reading import ReadSession, ReadStore
from server.examining.database import APART, refuse_wrong_clock
from stores.samples import SetClock


async def test_only_postgresql_says_something(read_store: ReadStore, engine_name: str) -> None:
    state = await read_store.read(ReadSession.database_state)
    there = await read_store.read(ReadSession.database_time)
    if engine_name == "sqlite":
        assert (state, there) == (None, None)
        return
    assert isinstance(state, PostgresState)
    assert (state.is_replica, state.lasting, state.synchronous) == (False, True, False)
    assert state.replicas == ()
    assert there is not None
    assert abs(there - SystemClock().now()) < APART


@pytest.mark.parametrize("sign", [1, -1])
async def test_a_clock_that_is_not_the_databases_stops_the_start(
    read_store: ReadStore, engine_name: str, sign: int
) -> None:
    wrong = SetClock(SystemClock().now() + sign * (APART + timedelta(minutes=5)))
    if engine_name == "sqlite":
        await refuse_wrong_clock(read_store, wrong)
        return
    with pytest.raises(Conflict, match="differ by"):
        await refuse_wrong_clock(read_store, wrong)
    await refuse_wrong_clock(read_store, SystemClock())
