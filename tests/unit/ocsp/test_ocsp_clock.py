"""A clock that was wrong: what was signed under it is not given under the right one."""

from fakes.status import START
from pki.der.ocsp import OcspError
from pki.domain.identifiers import SerialNumber
from pki.domain.status import Good
from status_side.bench import Bench, one, refusal, request_for, response

CARD = SerialNumber(0x1234)


async def test_an_answer_of_the_future_is_not_given_when_the_clock_is_set_right() -> None:
    bench = Bench()
    bench.store.statuses[CARD] = Good()
    body = request_for(CARD)
    bench.clock.set_by(3600)
    ahead = response(await bench.post(body))
    assert ahead.produced_at > START
    assert bench.hot(body) is not None
    bench.clock.set_by(-3600)
    bench.responder.beat()
    assert bench.hot(body) is None
    bench.store.broken = True
    # Neither from memory: the worker that said it must go before another may say an earlier time.
    assert refusal(await bench.post(body)) is OcspError.TRY_LATER
    fresh = Bench()
    fresh.store.statuses[CARD] = Good()
    assert one(await fresh.post(body)) == Good()
