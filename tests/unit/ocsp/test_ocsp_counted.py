"""Each answer that says a status is counted once: by status, digest, method and where it was."""

import base64
from datetime import timedelta

import pytest

from ocsp.statistics import Kind, Source
from pki.domain.status import CertificateStatus, Good, OnHold, Revoked, Unconfirmed
from status_side.bench import Bench, request_for
from status_side.small_pki import SERIALS

CARD, OTHER, *_ = SERIALS
NONCE = bytes(range(32))
STATUSES: dict[str, CertificateStatus | None] = {
    "good": Good(),
    "onhold": OnHold(since=Bench().clock.at),
    "revoked": Revoked(at=Bench().clock.at, reason=None),
    "unconfirmed": Unconfirmed(since=Bench().clock.at),
    "unknown": None,
}


def counted(bench: Bench) -> dict[tuple[Kind, Source], int]:
    return {key: count for key, count in bench.responder.statistics.answers().items() if count}


@pytest.fixture
def bench() -> Bench:
    made = Bench()
    made.store.statuses |= {CARD: Good(), OTHER: Good()}
    return made


@pytest.mark.parametrize("name", STATUSES)
async def test_by_what_it_says(bench: Bench, name: str) -> None:
    status = STATUSES[name]
    if status is None:
        del bench.store.statuses[CARD]
    else:
        bench.store.statuses[CARD] = status
    for _ in range(2):
        await bench.post(request_for(CARD, OTHER, hash_name="sha1"))
    kind = Kind(name, "sha1", "POST")
    cached = {(kind, "miss"): 1, (kind, "hit"): 1}
    lasts = name in {"good", "onhold", "revoked"}
    assert counted(bench) == (cached if lasts else {(kind, "miss"): 2})


async def test_by_how_it_was_asked(bench: Bench) -> None:
    path = b"/ocsp/" + base64.b64encode(request_for(CARD))
    for _ in range(3):
        await bench.get(path)
    await bench.post(request_for(CARD))
    assert bench.hot(request_for(CARD)) is not None
    get, post = Kind("good", "sha256", "GET"), Kind("good", "sha256", "POST")
    wanted = {(get, "miss"): 1, (get, "hit"): 2, (post, "miss"): 1, (post, "hit"): 1}
    assert counted(bench) == wanted


async def test_with_a_nonce_by_the_short_way_too(bench: Bench) -> None:
    await bench.post(request_for(CARD, nonce=NONCE))
    await bench.get(b"/ocsp/" + base64.b64encode(request_for(CARD, nonce=NONCE[::-1])))
    assert counted(bench) == {
        (Kind("good", "sha256", "POST"), "miss"): 1,
        (Kind("good", "sha256", "GET"), "miss"): 1,
    }


async def test_what_goes_on_without_the_store(bench: Bench) -> None:
    body = request_for(CARD)
    await bench.post(body)
    bench.store.broken = True
    bench.store.age = 10
    bench.clock.advance(10)
    await bench.post(body)
    kind = Kind("good", "sha256", "POST")
    assert counted(bench) == {(kind, "miss"): 1, (kind, "kept"): 1}


async def test_what_is_made_before_anyone_waits_is_no_answer(bench: Bench) -> None:
    body = request_for(CARD)
    await bench.post(body)
    await bench.post(body)
    before = counted(bench)
    bench.clock.advance((bench.policy.validity / 2 - timedelta(seconds=1)).total_seconds())
    bench.responder.beat()
    assert await bench.responder.ahead.once()
    assert bench.responder.statistics.ahead == 1
    assert counted(bench) == before


async def test_an_error_is_counted_as_one(bench: Bench) -> None:
    await bench.post(b"nonsense")
    assert counted(bench) == {}
    assert bench.responder.statistics.errors == {"malformed_request": 1}
