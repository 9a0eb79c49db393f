"""What is asked for is signed anew before anyone has to wait for it, and nothing else is."""

import asyncio
import base64

import pytest

from fakes.status import START
from ocsp.policy import ResponderPolicy
from pki.domain.errors import ConfigurationInvalid
from pki.domain.status import Good, OnHold
from status_side.bench import Bench, one, request_for, response
from status_side.small_pki import SERIALS

CARD, OTHER, *_ = SERIALS
BODY = request_for(CARD)
HALF = 450.0
DUE = HALF - 60.0


@pytest.fixture
def bench() -> Bench:
    made = Bench()
    made.store.statuses[CARD] = made.store.statuses[OTHER] = Good()
    return made


async def asked(bench: Bench, body: bytes = BODY) -> None:
    """Asked for twice: made, and given again."""
    await bench.post(body)
    assert bench.hot(body) is not None


async def all_due(bench: Bench) -> int:
    """Do what is due now; how many answers were signed for it."""
    bench.responder.beat()
    before = bench.signer.signed
    while await bench.responder.ahead.once():
        pass
    return bench.signer.signed - before


async def test_an_answer_that_is_asked_for_never_has_to_be_waited_for(bench: Bench) -> None:
    await asked(bench)
    began = bench.clock.at
    for _ in range(3):
        bench.clock.advance(DUE - 1)
        assert await all_due(bench) == 0
        bench.clock.advance(1)
        assert await all_due(bench) == 1
        assert bench.hot(BODY) is not None
    assert (bench.clock.at - began).total_seconds() > 2 * HALF
    assert response(await bench.post(BODY)).produced_at == bench.clock.at
    assert (bench.given("miss"), bench.responder.statistics.ahead) == (1, 3)


async def test_an_answer_that_nobody_asks_for_again_is_not_made_anew(bench: Bench) -> None:
    await bench.post(BODY)
    await asked(bench, request_for(OTHER))
    bench.clock.advance(DUE)
    assert await all_due(bench) == 1
    bench.clock.advance(DUE)
    assert await all_due(bench) == 0
    bench.clock.advance(60)
    assert bench.hot(BODY) is bench.hot(request_for(OTHER)) is None


async def test_an_answer_to_a_get_is_made_anew_under_its_path(bench: Bench) -> None:
    path = b"/ocsp/" + base64.b64encode(BODY)
    await bench.get(path)
    await bench.get(path)
    bench.clock.advance(DUE)
    assert await all_due(bench) == 1
    bench.clock.advance(60)
    assert (await bench.get(path)).header("last-modified") == "Sun, 22 Nov 2026 12:06:30 GMT"
    assert bench.given("miss") == 1


async def test_what_was_changed_is_left_to_who_asks(bench: Bench) -> None:
    await asked(bench)
    bench.store.change(CARD, OnHold(since=bench.clock.at))
    bench.clock.advance(DUE)
    assert await all_due(bench) == 0
    assert one(await bench.post(BODY)) == OnHold(since=START)


async def test_nothing_is_made_while_the_journal_is_not_followed(bench: Bench) -> None:
    await asked(bench)
    bench.clock.advance(DUE)
    bench.store.age = 3
    assert await all_due(bench) == 0
    bench.store.age = 0
    assert await all_due(bench) == 1


async def test_a_short_life_leaves_three_quarters_of_half_of_it() -> None:
    bench = Bench(ResponderPolicy(validity=ResponderPolicy().brief, blindness=30))
    bench.store.statuses[CARD] = Good()
    await asked(bench)
    bench.clock.advance(14)
    assert await all_due(bench) == 0
    bench.clock.advance(1)
    assert await all_due(bench) == 1


async def test_it_can_be_switched_off() -> None:
    bench = Bench(ResponderPolicy(ahead=0))
    bench.store.statuses[CARD] = Good()
    await asked(bench)
    bench.clock.advance(DUE + 59)
    assert await all_due(bench) == 0
    with pytest.raises(ConfigurationInvalid):
        ResponderPolicy(ahead=-1)


async def test_what_is_noted_is_bounded() -> None:
    bench = Bench(ResponderPolicy(cache_entries=2))
    for serial in SERIALS[:4]:
        bench.store.statuses[serial] = Good()
        await asked(bench, request_for(serial))
    bench.clock.advance(DUE)
    assert await all_due(bench) == 2


async def test_it_runs_beside_the_others(bench: Bench) -> None:
    await asked(bench)
    bench.clock.advance(DUE)
    bench.responder.beat()
    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        bench.store.gate = asyncio.Event()
        running = tasks.create_task(bench.responder.ahead.run())
        await bench.store.held.wait()
        running.cancel()
    assert bench.responder.statistics.ahead == 1
