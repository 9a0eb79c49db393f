"""The status service behind a real nginx, as the shipped configuration places it."""

import asyncio
import base64
import email.message
import http.client
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Final
from urllib.parse import quote

import pytest

from fakes.listener import FakeHandler, exchange, listening
from ocsp.policy import ResponderPolicy
from pki.der.ocsp import OcspResponse, encode_request, read_request, read_response
from pki.domain.identifiers import SerialNumber
from pki.domain.status import OnHold
from status_side.bench import cert_id
from status_side.house import CA, GOOD, NOW, STATUSES, Status, run
from status_side.small_pki import SERIALS
from strangers.http_hostile import REQUESTS
from strangers.nginx import nginx_before

pytestmark = pytest.mark.nginx
MAX_AGE: Final = 2


@pytest.fixture
def status(tmp_path: Path) -> Status:
    return Status(tmp_path, "ec", policy=replace(ResponderPolicy(), max_age=MAX_AGE))


@asynccontextmanager
async def behind_nginx(status: Status) -> AsyncIterator[int]:
    async with status.running(), nginx_before(status.port, status.folder) as port:
        yield port


async def fetched(port: int, target: str) -> tuple[int, email.message.Message, bytes]:
    """GET exactly these octets."""

    def ask() -> tuple[int, email.message.Message, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            connection.request("GET", target)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    return await asyncio.to_thread(ask)


def asked(
    serial: SerialNumber | int = GOOD, nonce: bytes | None = None, name: str = "sha256"
) -> str:
    return base64.b64encode(encode_request([cert_id(serial, name, ca=CA)], nonce)).decode()


async def test_every_form_of_get_reaches_the_node_as_it_was_asked(status: Status) -> None:
    """Base64 holds / and +, also //: two of three proxies found in the field destroy that."""
    chance = random.Random(20)
    forms = (str, lambda text: quote(text, safe=""), lambda text: quote(quote(text, safe="")))
    seen = set()
    async with behind_nginx(status) as port:
        for number in range(120):
            text = asked(chance.getrandbits(158), chance.randbytes(chance.randrange(1, 129)))
            seen |= {mark for mark in ("//", "+", "=", "/") if mark in text}
            code, headers, body = await fetched(port, "/ocsp/" + forms[number % 3](text))
            assert code == 200
            assert headers["Cache-Control"] == "no-store"
            read = read_response(body)
            assert isinstance(read, OcspResponse)
            assert read.singles[0].cert_id == read_request(base64.b64decode(text)).cert_ids[0]
    assert seen == {"//", "+", "=", "/"}


@pytest.mark.openssl
async def test_openssl_verifies_what_came_through_nginx(status: Status) -> None:
    async with behind_nginx(status) as port:
        status.port = port
        for serial in STATUSES:
            said = await status.openssl_ocsp("-cert", status.cards[serial])
            assert "WARNING" not in said
        listed = status.file("got.crl", b"")
        await run("curl", "-sf", "-o", listed, f"{status.url}/ca/token-ca.cer")
        assert listed.read_bytes() == CA.certificate


async def test_a_kept_answer_tells_its_age_and_a_block_is_seen_within_max_age(
    status: Status,
) -> None:
    """Nginx 1.22 would keep it until Expires, a quarter of an hour, were it not told otherwise."""
    target = "/ocsp/" + quote(asked(), safe="")
    async with behind_nginx(status) as port:
        _, first, good = await fetched(port, target)
        assert first["X-Cache"] == "MISS"
        async with asyncio.timeout(60):
            # A second later it is the kept one, unless a busy machine took longer than max-age.
            while True:
                await asyncio.sleep(1.1)
                _, again, same = await fetched(port, target)
                # The Date is the node's own, so that whoever keeps it further on counts from there.
                if (again["X-Cache"], again["Date"], same) == ("HIT", first["Date"], good):
                    break
                _, first, good = await fetched(port, target)
        assert again["Cache-Control"].startswith(f"max-age={MAX_AGE},")
        status.bench.store.change(GOOD, OnHold(since=NOW))
        async with asyncio.timeout(60):
            while (await fetched(port, target))[2] == good:  # noqa: ASYNC110 -- what is waited for is in another process
                await asyncio.sleep(0.1)
        read = read_response((await fetched(port, target))[2])
        assert isinstance(read, OcspResponse)
        assert isinstance(read.singles[0].status, OnHold)


async def test_a_node_that_is_gone_is_not_replaced_by_an_old_answer(status: Status) -> None:
    target = "/ocsp/" + quote(asked(), safe="")
    async with status.running():
        async with nginx_before(status.port, status.folder) as port:
            code, _, _ = await fetched(port, target)
            assert code == 200
        gone = status.port
    async with nginx_before(gone, status.folder) as port:
        assert list((status.folder / "cache").rglob("*")), "what was kept is still there"
        async with asyncio.timeout(60):
            while (await fetched(port, target))[0] == 200:  # noqa: ASYNC110 -- as above
                await asyncio.sleep(0.2)
        assert (await fetched(port, target))[0] == 502


async def test_post_and_what_must_not_be_kept_are_never_kept(status: Status) -> None:
    async with behind_nginx(status) as port:
        for text in (asked(nonce=b"n" * 16), asked(SERIALS[4]), "bm9uc2Vuc2U="):
            for _ in range(2):
                _, headers, _ = await fetched(port, "/ocsp/" + quote(text, safe=""))
                assert headers["X-Cache"] in {"MISS", "EXPIRED"}, text
                assert headers["Cache-Control"] == "no-store"


async def test_nothing_hostile_becomes_two_requests(tmp_path: Path) -> None:
    """Nginx and the node agree where a request ends: nothing hidden in one is ever answered."""
    handler = FakeHandler()
    async with listening(handler) as (_, node), nginx_before(node, tmp_path) as port:
        async with asyncio.TaskGroup() as tasks:
            for name in REQUESTS.keys() - TWO_IN_THE_OPEN:
                tasks.create_task(sent(port, REQUESTS[name]))
        assert not [each for each in handler.asked if each.target.endswith(b"/smuggled")]
        assert len(handler.asked) > 100, "what is not hostile, such as the hundred at once, came"
        code, _, _ = await fetched(port, "/ocsp/after")
        assert code == 200
        assert handler.asked[-1].target == b"/ocsp/after"


TWO_IN_THE_OPEN: Final = {
    "a length too small",
    "a trailer that is a length",
    "a coding behind a line feed",
    "a length behind a line feed",
    "a chunk's name that ends in a line feed",
    "a chunk's size that ends in a line feed",
}
"""Their senders ended the first request before the second: that is pipelining. nginx takes a lone
line feed for the end of a line (RFC 9112 2.2), and passes on what it read in words of its own."""


async def sent(port: int, octets: bytes) -> None:
    try:
        await exchange(port, octets, seconds=3)
    except (TimeoutError, ConnectionError):
        return


def test_the_lifetimes_leave_room(status: Status) -> None:
    """The test's own policy differs from the default in max-age alone."""
    assert status.bench.policy.validity == timedelta(minutes=15)
