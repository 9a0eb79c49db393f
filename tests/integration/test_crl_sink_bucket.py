"""CRLs in a bucket of SeaweedFS, an S3 server that is no simulator and knows conditional writes."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from crl.sinks.bucket import BucketPlace, BucketSink
from crl.sinks.bucket_client import Access, connect
from crl.sinks.ports import Paper
from pki.domain.errors import Conflict, Unavailable
from status_side.crl_sinks import FIRST, SECOND, PublishingHouse
from strangers.s3 import BUCKET, KEY_ID, REGION, SECRET, ObjectServer, object_server

pytestmark = pytest.mark.s3

NOW = datetime(2026, 11, 22, tzinfo=UTC)
PLACE = BucketPlace(bucket=BUCKET, prefix="crl/", max_age=60, archive=True)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectServer]:
    with object_server(tmp_path_factory.mktemp("s3")) as running:
        yield running


@pytest.fixture
def place(request: pytest.FixtureRequest) -> BucketPlace:
    """A prefix for each test."""
    return replace(PLACE, prefix=f"{request.node.name}/")


def access(server: ObjectServer, credentials: Path | None = None) -> Access:
    return Access(
        endpoint=server.endpoint,
        region=REGION,
        path_style=True,
        credentials_file=credentials or server.credentials,
        ca_file=None,
    )


def put(server: ObjectServer, key: str, octets: bytes) -> None:
    """As another program would: nothing is said of what it is."""
    server.client.put_object(Bucket=BUCKET, Key=key, Body=octets)


def got(server: ObjectServer, key: str) -> bytes:
    octets: bytes = server.client.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    return octets


@pytest.mark.openssl
async def test_what_relying_parties_get(
    server: ObjectServer, place: BucketPlace, tmp_path: Path
) -> None:
    house, sink = PublishingHouse(), BucketSink(connect(access(server)), place)
    crl = await house.publish()
    assert await sink.shown("a") is None
    assert await sink.show("a", crl)
    assert not await sink.show("a", crl)
    found = server.client.get_object(Bucket=BUCKET, Key=f"{place.prefix}a.crl")
    assert found["ContentType"] == "application/pkix-crl"
    assert found["CacheControl"] == "max-age=60, public, no-transform"
    octets = found["Body"].read()
    assert octets == crl.der
    assert await asyncio.to_thread(house.openssl_verifies, FIRST, octets, tmp_path)
    assert await sink.shown("a") == crl.number
    sink.close()


async def test_a_newer_one_replaces_and_nothing_else_does(
    server: ObjectServer, place: BucketPlace
) -> None:
    house, sink = PublishingHouse(), BucketSink(connect(access(server)), place)
    old, new, other = [await house.publish(each) for each in (FIRST, FIRST, SECOND)]
    await sink.show("a", old)
    assert await sink.show("a", new)
    for crl in (old, other):
        with pytest.raises(Conflict):
            await sink.show("a", crl)
    assert got(server, f"{place.prefix}a.crl") == new.der


class Overtaken:
    """The library's client; just before a write, somebody else writes."""

    def __init__(self, client: Any, first: Callable[[], None]) -> None:
        self._client = client
        self._first = first
        self.written = 0

    def head_object(self, **words: Any) -> dict[str, Any]:
        found: dict[str, Any] = self._client.head_object(**words)
        return found

    def get_object(self, **words: Any) -> dict[str, Any]:
        found: dict[str, Any] = self._client.get_object(**words)
        return found

    def put_object(self, **words: Any) -> dict[str, Any]:
        self.written += 1
        self._first()
        done: dict[str, Any] = self._client.put_object(**words)
        return done


@pytest.mark.parametrize("something_there", [True, False])
async def test_a_writer_who_was_overtaken_does_not_set_the_number_back(
    server: ObjectServer, place: BucketPlace, something_there: bool
) -> None:
    place = replace(place, prefix=f"overtaken-{something_there}/")
    house, client = PublishingHouse(), connect(access(server))
    crls = [await house.publish() for _ in range(3)]
    key = f"{place.prefix}a.crl"
    if something_there:
        put(server, key, crls[0].der)
    overtaken = Overtaken(client, lambda: put(server, key, crls[2].der))
    with pytest.raises(Conflict, match="holds CRL 3; 2 does not replace it"):
        await BucketSink(overtaken, place).show("a", crls[1])
    assert overtaken.written == 1
    assert got(server, key) == crls[2].der


async def test_one_who_is_overtaken_again_and_again_gives_up_for_now(
    server: ObjectServer, place: BucketPlace
) -> None:
    house, key = PublishingHouse(), f"{place.prefix}a.crl"
    crl = await house.publish()
    others = iter([b"one", b"two", b"three", b"four"])
    overtaken = Overtaken(connect(access(server)), lambda: put(server, key, next(others)))
    with pytest.raises(Conflict, match="another writer is always first"):
        await BucketSink(overtaken, place).show("a", crl)
    assert overtaken.written == 3


async def test_an_object_without_a_word_about_it_is_read(
    server: ObjectServer, place: BucketPlace
) -> None:
    house, sink = PublishingHouse(), BucketSink(connect(access(server)), place)
    old, new = await house.publish(), await house.publish()
    put(server, f"{place.prefix}a.crl", new.der)
    assert await sink.shown("a") == new.number
    with pytest.raises(Conflict):
        await sink.show("a", old)
    put(server, f"{place.prefix}b.crl", b"no CRL")
    assert await sink.shown("b") is None
    assert await sink.show("b", old)


async def test_the_archive_has_each_by_number_and_replaces_none(
    server: ObjectServer, place: BucketPlace
) -> None:
    house, sink = PublishingHouse(), BucketSink(connect(access(server)), place)
    assert sink.keeps_old
    crls = [await house.publish() for _ in range(2)]
    for crl in (*crls, crls[0]):
        await sink.keep("a", crl)
    keys = {f"{place.prefix}archive/a/{number}.crl" for number in (1, 2)}
    assert {each for each in server.objects() if each.startswith(place.prefix)} == keys
    put(server, f"{place.prefix}archive/a/1.crl", crls[1].der)
    with pytest.raises(Conflict):
        await sink.keep("a", crls[0])


async def test_who_may_not_write_is_told_and_no_secret_is(
    server: ObjectServer, place: BucketPlace, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    crl = await PublishingHouse().publish()
    wrong = tmp_path / "credentials"
    text = server.credentials.read_text("utf-8").replace(SECRET, f"{SECRET}-of-old")
    wrong.write_text(text, "utf-8")
    sink = BucketSink(connect(access(server, wrong)), place)
    with pytest.raises(Unavailable, match="refuses") as caught:
        await sink.show("a", crl)
    said = f"{caught.value} {caught.value.next_step} {caplog.text}"
    assert SECRET not in said
    assert KEY_ID not in said
    assert "policy" in caught.value.next_step


async def test_a_bucket_that_is_not_there_and_a_server_that_is_not(
    server: ObjectServer, place: BucketPlace
) -> None:
    crl = await PublishingHouse().publish()
    absent = BucketSink(connect(access(server)), replace(place, bucket="no-such-bucket"))
    with pytest.raises(Unavailable):
        await absent.show("a", crl)
    nobody = replace(access(server), endpoint="http://127.0.0.1:9")
    with pytest.raises(Unavailable, match="EndpointConnectionError") as caught:
        await BucketSink(connect(nobody), place).show("a", crl)
    assert "endpoint" in caught.value.next_step


async def test_without_conditions_an_older_one_is_still_refused(
    server: ObjectServer, place: BucketPlace
) -> None:
    sink = BucketSink(connect(access(server)), replace(place, conditional=False))
    house = PublishingHouse()
    old, new = await house.publish(), await house.publish()
    assert await sink.show("a", new)
    with pytest.raises(Conflict):
        await sink.show("a", old)


async def test_other_papers_stand_beside_them_and_those_that_last_are_not_replaced(
    server: ObjectServer, place: BucketPlace
) -> None:
    client = connect(access(server))
    sink = BucketSink(client, place)
    paper = Paper(
        path="journal/a.p7m", octets=b"signed", media_type="text/x-a", at=NOW, lasting=True
    )
    assert await sink.read(paper.path) is None
    assert await sink.lay(paper)
    assert not await sink.lay(paper)
    assert await sink.read(paper.path) == b"signed"
    found = server.client.get_object(Bucket=BUCKET, Key=f"{place.prefix}journal/a.p7m")
    assert found["ContentType"] == "text/x-a"
    with pytest.raises(Conflict, match="never replaced"):
        await sink.lay(replace(paper, octets=b"other"))
    listed = replace(paper, path="journal/index.json", lasting=False)
    await sink.lay(listed)
    assert await sink.lay(replace(listed, octets=b"longer list"))
    assert got(server, f"{place.prefix}journal/index.json") == b"longer list"
    key = f"{place.prefix}journal/b.p7m"
    overtaken = Overtaken(client, lambda: put(server, key, b"theirs"))
    with pytest.raises(Conflict, match="never replaced"):
        await BucketSink(overtaken, place).lay(replace(paper, path="journal/b.p7m"))
    assert got(server, key) == b"theirs"
