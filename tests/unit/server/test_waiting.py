"""Waiting for an event with a limit, as every task that runs until it is stopped does."""

import asyncio

import pytest

from pki.ports import happens

FOR_EVER = 3600.0


@pytest.mark.parametrize("within", [-1.0, 0.0, FOR_EVER, None])
async def test_what_happened_already_is_known_at_once(within: float | None) -> None:
    event = asyncio.Event()
    event.set()
    assert await happens(event, within)


@pytest.mark.parametrize("within", [-1.0, 0.0, 0.001])
async def test_what_does_not_happen_ends_the_wait(within: float) -> None:
    assert not await happens(asyncio.Event(), within)


async def test_what_happens_while_one_waits_ends_the_wait() -> None:
    event = asyncio.Event()
    asyncio.get_running_loop().call_soon(event.set)
    assert await happens(event, FOR_EVER)


async def test_whoever_is_cancelled_while_waiting_is_told() -> None:
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(happens(asyncio.Event(), FOR_EVER))
        await asyncio.sleep(0)
        waiting.cancel()
    assert waiting.cancelled()
