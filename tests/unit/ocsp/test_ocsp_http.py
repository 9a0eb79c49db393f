"""OCSP over HTTP: how GET may be written, what POST must be, and that no octets do harm."""

import asyncio
import base64
from email.utils import format_datetime
from typing import Final
from urllib.parse import quote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fakes.status import FakeClock
from ocsp.http_form import REMEMBERED, ChangedSeconds
from pki.der.ocsp import OcspError
from pki.domain.identifiers import SerialNumber
from pki.domain.status import Good, OnHold
from pki.ports import HttpRequest, ReadyAnswer
from status_side.bench import OCSP_TYPE, Bench, one, refusal, request_for
from status_side.small_pki import SERIALS

CARD, *_ = SERIALS


def awkward() -> bytes:
    """A request whose base64 holds ``//`` and ``+``."""
    for number in range(10_000):
        body = request_for(
            SerialNumber(int.from_bytes(b"\x7f\xff\xff\xfb\xef\xbe" + number.to_bytes(4)))
        )
        text = base64.b64encode(body)
        if b"//" in text and b"+" in text:
            return body
    raise AssertionError


AWKWARD: Final = awkward()
TEXT: Final = base64.b64encode(AWKWARD).decode()
WRITTEN: Final = {
    "raw": TEXT,
    "encoded": quote(TEXT, safe=""),
    "encoded, but for the slashes": quote(TEXT),
    "encoded twice": quote(quote(TEXT, safe=""), safe=""),
    "after a base URL with a slash": "/" + TEXT,
    "without padding": TEXT.rstrip("="),
}


@pytest.mark.parametrize("written", WRITTEN)
async def test_get_is_read_however_it_is_written(written: str) -> None:
    bench = Bench()
    path = b"/ocsp/" + WRITTEN[written].encode()
    by_post, by_get = await bench.post(AWKWARD), await bench.get(path)
    assert one(by_get) is one(by_post) is None


async def test_get_is_kept_under_its_path() -> None:
    bench = Bench()
    bench.store.statuses[CARD] = Good()
    path = b"/ocsp/" + base64.b64encode(request_for(CARD))
    answer = await bench.get(path)
    ready = bench.handler.hot(b"GET", path, {}, b"")
    assert isinstance(ready, ReadyAnswer)
    assert ready.octets == answer.head() + answer.body
    assert await bench.get(path) == answer
    assert bench.signer.signed == 1
    bench.store.change(CARD, OnHold(since=bench.clock.at))
    assert bench.handler.hot(b"GET", path, {}, b"") is None
    assert one(await bench.get(path)) == OnHold(since=bench.clock.at)


async def test_what_is_known_is_not_sent_again() -> None:
    bench = Bench()
    bench.store.statuses[CARD] = Good()
    path = b"/ocsp/" + base64.b64encode(request_for(CARD))
    answer = await bench.get(path)
    tag = (answer.header("etag") or "").encode()
    assert bench.handler.hot(b"GET", path, {b"if-none-match": tag}, b"") is None
    known = await bench.get(path, match=b'"other", ' + tag)
    assert (known.status, known.body) == (304, b"")
    assert known.header("cache-control") == answer.header("cache-control")
    bench.store.change(CARD, OnHold(since=bench.clock.at))
    assert (await bench.get(path, match=tag)).status == 200


async def test_what_was_not_modified_is_not_sent_again() -> None:
    bench = Bench()
    bench.store.statuses[CARD] = Good()
    path = b"/ocsp/" + base64.b64encode(request_for(CARD))
    date = (await bench.get(path)).header("last-modified") or ""
    bench.clock.advance(5)
    assert bench.handler.hot(b"GET", path, {b"if-modified-since": b"x"}, b"") is None
    assert (await bench.get(path, since=date)).status == 304
    assert (await bench.get(path, since=date, match=b'"other"')).status == 200
    earlier = date.replace("12:00:00", "11:59:59")
    far = "Sun, 22 Nov 99999999999999999999 12:00:00 GMT"
    for other in (
        earlier,
        far,
        "yesterday",
        "",
        "Sun, 99 Nov 2026 12:00:00 GMT",
        "\xff",
        "0" * 5000,
    ):
        assert (await bench.get(path, since=other)).status == 200
    bench.store.change(CARD, OnHold(since=bench.clock.at))
    assert one(await bench.get(path, since=date)) == OnHold(since=bench.clock.at)


async def test_a_date_that_two_answers_have_is_none_to_go_by() -> None:
    """Whoever was told `good` a moment before the block must not be told that nothing changed."""
    bench = Bench()
    bench.store.statuses[CARD] = Good()
    path = b"/ocsp/" + base64.b64encode(request_for(CARD))
    date = (await bench.get(path)).header("last-modified")
    blocked = OnHold(since=bench.clock.at)
    bench.clock.advance(0.4)
    bench.store.change(CARD, blocked)
    for _ in range(2):
        answer = await bench.get(path, since=date)
        assert answer.header("last-modified") == date
        assert one(answer) == blocked
        bench.clock.advance(1)


@pytest.mark.parametrize("set_by", [-30.0, -1.0])
async def test_a_clock_that_was_set_back_makes_no_change_look_like_none(set_by: float) -> None:
    """Answers keep the second of the last one then, so that second names no answer any more."""
    bench = Bench()
    bench.store.statuses[CARD] = Good()
    path = b"/ocsp/" + base64.b64encode(request_for(CARD))
    date = (await bench.get(path)).header("last-modified")
    bench.clock.set_by(set_by)
    blocked = OnHold(since=bench.clock.at)
    bench.store.change(CARD, blocked)
    answer = await bench.get(path, since=date)
    assert answer.header("last-modified") == date
    assert one(answer) == blocked


def test_changed_seconds_are_remembered_up_to_a_bound() -> None:
    changed, clock = ChangedSeconds(), FakeClock()
    first = format_datetime(clock.at, usegmt=True)
    for number in range(REMEMBERED + 1):
        assert (first in changed) is (number > 0)
        changed.add(clock.at)
        clock.advance(1)
    assert first not in changed


@pytest.mark.parametrize(
    "path", [b"/ocsp/", b"/ocsp/%%%", b"/ocsp/MEUw", b"/ocsp/a b", b"/ocsp/\xff?x"]
)
async def test_a_path_that_is_no_request_is_malformed(path: bytes) -> None:
    assert refusal(await Bench().get(path)) is OcspError.MALFORMED_REQUEST


@pytest.mark.parametrize(
    ("target", "content_type", "body", "status"),
    [
        (b"/ocsp", b"application/octet-stream", b"x", 415),
        (b"/ocsp", b"", b"x", 415),
        (b"/ocspx", b"application/ocsp-request", b"x", 404),
        (b"/ocsp", b"application/ocsp-request", b"x" * 16385, 413),
        (b"/ocsp/", b"Application/OCSP-Request; charset=x", b"x", 200),
    ],
)
async def test_post_must_be_an_ocsp_request(
    target: bytes, content_type: bytes, body: bytes, status: int
) -> None:
    request = HttpRequest(
        method="POST", target=target, headers={b"content-type": content_type}, body=body
    )
    assert (await Bench().handler.answer(request)).status == status


async def test_get_beside_the_path_is_not_found() -> None:
    for target in (b"/ocsp", b"/ocspx/abc"):
        assert (await Bench().get(target)).status == 404


BENCH: Final = Bench()
GOOD_REQUEST: Final = request_for(CARD, nonce=b"nonce")


@settings(max_examples=500)
@given(st.binary(max_size=300))
@example(b"")
@example(b"\x30\x80\x00\x00")
@example(b"\x30\x84\xff\xff\xff\xff")
@example(b"\x30" * 8000)
def test_random_octets_are_malformed(body: bytes) -> None:
    assert refusal(asyncio.run(BENCH.post(body))) is OcspError.MALFORMED_REQUEST


@given(st.integers(0, len(GOOD_REQUEST) - 1))
def test_a_truncated_request_is_malformed(length: int) -> None:
    answer = asyncio.run(BENCH.post(GOOD_REQUEST[:length]))
    assert refusal(answer) is OcspError.MALFORMED_REQUEST


@settings(max_examples=500)
@given(st.integers(0, len(GOOD_REQUEST) - 1), st.integers(0, 255))
def test_a_changed_octet_never_makes_a_good_answer_or_an_error_of_ours(at: int, octet: int) -> None:
    changed = bytearray(GOOD_REQUEST)
    changed[at] = octet
    answer = asyncio.run(BENCH.post(bytes(changed)))
    assert answer.status == 200
    if len(answer.body) == 5:
        assert refusal(answer) in {OcspError.MALFORMED_REQUEST, OcspError.UNAUTHORIZED}
    else:
        assert one(answer) is None


@given(st.binary(max_size=100))
def test_random_paths_are_malformed(path: bytes) -> None:
    answer = asyncio.run(BENCH.get(b"/ocsp/" + path))
    assert refusal(answer) is OcspError.MALFORMED_REQUEST


def test_only_known_octets_are_hot() -> None:
    assert BENCH.handler.hot(b"PUT", b"/ocsp", OCSP_TYPE, GOOD_REQUEST) is None
    assert BENCH.handler.hot(b"POST", b"/ocsp", {}, GOOD_REQUEST) is None
