"""CRLs and CA certificates over HTTP."""

import asyncio
from gzip import decompress as gunzip

import pytest

from crl.build import CrlIssuer, imported
from pki.domain.errors import StoreUnavailable, Unavailable
from pki.domain.identifiers import IssuerId
from pki.domain.records import PublishedCrl
from pki.trust.signatures import verify_signature
from status_side.crl_shelf import CA, PATH, ROOT, Shelf


async def test_the_newest_crl_is_served_with_its_times() -> None:
    shelf = Shelf()
    crl = await shelf.publish()
    answer = await shelf.get(PATH)
    assert (answer.status, answer.body) == (200, crl.der)
    assert answer.header("content-type") == "application/pkix-crl"
    assert answer.header("content-length") == str(len(crl.der))
    assert answer.header("last-modified") == "Sun, 22 Nov 2026 12:00:00 GMT"
    assert answer.header("expires") == "Tue, 24 Nov 2026 12:00:00 GMT"
    assert (answer.header("cache-control") or "").startswith("max-age=60, ")
    newer = await shelf.publish()
    assert (await shelf.get(PATH)).body == newer.der


async def test_a_known_crl_is_not_sent_again() -> None:
    shelf = Shelf()
    await shelf.publish()
    first = await shelf.get(PATH)
    known = await shelf.get(PATH, match=first.header("etag"))
    assert (known.status, known.body) == (304, b"")
    await shelf.publish()
    assert (await shelf.get(PATH, match=first.header("etag"))).status == 200


@pytest.mark.parametrize(("age", "kept"), [(0, 60), (3570, 30), (3700, 0), (49 * 3600, 0)])
async def test_no_cache_keeps_it_beyond_the_next_planned_one(age: int, kept: int) -> None:
    shelf = Shelf()
    await shelf.publish()
    shelf.clock.advance(age)
    control = (await shelf.get(PATH)).header("cache-control") or ""
    assert control.startswith(f"max-age={kept},")


async def test_the_store_is_read_once_a_crl() -> None:
    shelf = Shelf()
    await shelf.publish()
    await shelf.get(PATH)
    shelf.store.broken = True
    assert (await shelf.get(PATH)).status == 200


async def test_without_the_store_the_last_one_is_served() -> None:
    shelf = Shelf()
    first = await shelf.publish()
    await shelf.get(PATH)
    newer = await shelf.publish()
    shelf.store.broken = True
    assert (await shelf.get(PATH)).body == first.der
    shelf.store.broken = False
    assert (await shelf.get(PATH)).body == newer.der


async def test_what_is_forgotten_is_not_served_though_its_number_is_higher() -> None:
    shelf = Shelf()
    before = await shelf.publish()
    await shelf.publish()
    await shelf.get(PATH)
    shelf.crls.published[:] = [before]
    assert (await shelf.get(PATH)).body != before.der
    shelf.handler.forget()
    assert (await shelf.get(PATH)).body == before.der
    shelf.handler.forget()
    shelf.store.broken = True
    with pytest.raises(StoreUnavailable):
        await shelf.get(PATH)


async def test_before_the_first_there_is_nothing_to_serve() -> None:
    shelf = Shelf()
    with pytest.raises(Unavailable):
        await shelf.get(PATH)
    crl = await shelf.publish()
    assert (await shelf.get(PATH)).body == crl.der


async def test_a_store_that_is_down_from_the_start_is_said_to_be() -> None:
    shelf = Shelf()
    await shelf.publish()
    shelf.store.broken = True
    with pytest.raises(StoreUnavailable):
        await shelf.get(PATH)


async def test_a_crl_announced_while_another_is_read_is_not_missed() -> None:
    shelf = Shelf()
    await shelf.publish()
    reading, go = asyncio.Event(), asyncio.Event()
    latest = shelf.crls.latest

    async def slow(issuer: IssuerId) -> PublishedCrl | None:
        found = await latest(issuer)
        reading.set()
        await go.wait()
        return found

    shelf.crls.latest = slow  # type: ignore[method-assign] # this reader is slow
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(shelf.get(PATH))
        await reading.wait()
        shelf.crls.latest = latest  # type: ignore[method-assign] # and this one is not
        newer = await shelf.publish()
        go.set()
    assert (await shelf.get(PATH)).body == newer.der


async def test_an_announced_crl_is_looked_for_until_the_database_has_it() -> None:
    """Where several databases are named, a look may be at one that is behind the journal."""
    shelf = Shelf()
    first = await shelf.publish()
    await shelf.get(PATH)
    newer = await shelf.publish()
    shelf.crls.published.remove(newer)
    assert (await shelf.get(PATH)).body == first.der
    shelf.crls.published.append(newer)
    assert (await shelf.get(PATH)).body == newer.der
    shelf.store.broken = True
    assert (await shelf.get(PATH)).body == newer.der


async def test_many_who_ask_at_once_are_two_looks_into_the_store_at_most() -> None:
    shelf = Shelf()
    await shelf.publish()
    await shelf.get(PATH)
    newer, looks, latest = await shelf.publish(), 0, shelf.crls.latest

    async def counted(issuer: IssuerId) -> PublishedCrl | None:
        nonlocal looks
        looks += 1
        await asyncio.sleep(0)
        return await latest(issuer)

    shelf.crls.latest = counted  # type: ignore[method-assign] # this reader counts
    async with asyncio.TaskGroup() as tasks:
        answers = [tasks.create_task(shelf.get(PATH)) for _ in range(50)]
    assert {each.result().body for each in answers} == {newer.der}
    assert looks == 1
    shelf.crls.published.remove(newer)
    shelf.handler.forget()
    await shelf.get(PATH)
    await shelf.publish()
    shelf.crls.published.pop()
    looks = 0
    async with asyncio.TaskGroup() as tasks:
        for _ in range(50):
            tasks.create_task(shelf.get(PATH))
    assert looks == 2


async def test_a_crl_made_elsewhere_is_served_as_it_is() -> None:
    shelf = Shelf()
    root = IssuerId("root-g1")
    made = (await shelf.issuing(ROOT, root).publish_next()).whole
    brought_in = imported(CrlIssuer.of(root, ROOT.certificate), made.der, verify_signature)
    shelf.crls.published.append(brought_in)
    shelf.handler = shelf.handled({"root-g1": root})
    shelf.clock.advance(2 * 3600)
    answer = await shelf.get("/crl/root-g1.crl")
    assert answer.body == made.der
    assert (answer.header("cache-control") or "").startswith("max-age=60,")


async def test_a_ca_certificate_is_served() -> None:
    shelf = Shelf()
    answer = await shelf.get("/ca/token-ca-g1.cer")
    assert (answer.status, answer.body) == (200, CA.certificate)
    assert answer.header("content-type") == "application/pkix-cert"
    known = await shelf.get("/ca/token-ca-g1.cer", match=answer.header("etag"))
    assert known.status == 304


@pytest.mark.parametrize(
    "path",
    [
        "/crl/",
        "/crl/.crl",
        "/crl/other.crl",
        "/crl/token-ca-g1.cer",
        "/ca/token-ca-g1.crl",
        "/ca/../keys/token-ca-g1.pem",
        "/crl/../../etc/passwd",
        "/crl/\xff.crl",
        "/ca/%2e%2e/token-ca-g1.cer",
    ],
)
async def test_what_has_no_name_is_not_found(path: str) -> None:
    assert (await Shelf().get(path)).status == 404


async def test_a_query_changes_nothing() -> None:
    shelf = Shelf()
    await shelf.publish()
    assert (await shelf.get(PATH + "?now")).status == 200
    assert shelf.handler.hot(b"GET", PATH.encode(), {}, b"") is None


async def test_who_asks_for_gzip_gets_it_under_a_tag_of_its_own() -> None:
    shelf = Shelf()
    crl = await shelf.publish()
    plain = await shelf.get(PATH)
    answer = await shelf.get(PATH, accept_encoding="br, gzip;q=0.5")
    assert (answer.header("content-encoding"), gunzip(answer.body)) == ("gzip", crl.der)
    assert answer.header("content-length") == str(len(answer.body))
    assert answer.header("etag") != plain.header("etag")
    assert plain.header("vary") == answer.header("vary") == "Accept-Encoding"
    known = await shelf.get(PATH, match=answer.header("etag"), accept_encoding="gzip")
    assert (known.status, known.header("vary")) == (304, "Accept-Encoding")
    newer = await shelf.publish()
    assert gunzip((await shelf.get(PATH, accept_encoding="gzip")).body) == newer.der


@pytest.mark.parametrize("accepted", ["", "identity", "gzip;q=0", "gzip; q=0.000", "*", "br"])
async def test_who_does_not_ask_for_gzip_gets_the_crl_as_it_is(accepted: str) -> None:
    shelf = Shelf()
    crl = await shelf.publish()
    answer = await shelf.get(PATH, accept_encoding=accepted)
    assert (answer.header("content-encoding"), answer.body) == (None, crl.der)


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("bytes=0-9", 0, 10),
        ("bytes=5-", 5, None),
        ("bytes=-7", -7, None),
        ("bytes=3-99999", 3, None),
    ],
)
async def test_a_part_may_be_asked_for(asked: str, start: int, stop: int | None) -> None:
    shelf = Shelf()
    der = (await shelf.publish()).der
    answer = await shelf.get(PATH, range=asked)
    assert (answer.status, answer.body) == (206, der[start:stop])
    first = der.index(answer.body) if start < 0 else start
    last = first + len(answer.body) - 1
    assert answer.header("content-range") == f"bytes {first}-{last}/{len(der)}"
    assert answer.header("content-length") == str(len(answer.body))


@pytest.mark.parametrize(
    "asked", ["bytes=9-2", "bytes=0-1,4-5", "octets=0-1", "bytes=-", "bytes=a-b", "bytes=0-1 "]
)
async def test_a_range_of_another_form_is_passed_over(asked: str) -> None:
    shelf = Shelf()
    der = (await shelf.publish()).der
    assert (await shelf.get(PATH, range=asked)).body == der


async def test_a_range_that_there_is_not_is_told_with_the_size() -> None:
    shelf = Shelf()
    der = (await shelf.publish()).der
    for asked in (f"bytes={len(der)}-", "bytes=-0"):
        answer = await shelf.get(PATH, range=asked)
        assert (answer.status, answer.header("content-range")) == (416, f"bytes */{len(der)}")


async def test_a_part_of_an_older_crl_is_not_joined_to_a_newer_one() -> None:
    shelf = Shelf()
    await shelf.publish()
    old = (await shelf.get(PATH)).header("etag")
    newer = await shelf.publish()
    assert (await shelf.get(PATH, range="bytes=4-", if_range=old)).body == newer.der
    tag = (await shelf.get(PATH)).header("etag")
    assert (await shelf.get(PATH, range="bytes=4-", if_range=tag)).body == newer.der[4:]
    assert (await shelf.get(PATH, match=tag, range="bytes=4-")).status == 304
