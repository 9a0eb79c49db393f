"""Receipts in the store: awaited, shown once, or overtaken by a later change."""

from datetime import timedelta

from pki.domain.evidence.receipts import Receipt
from pki.domain.identifiers import IssuerId
from pki.domain.status import Good, OnHold, Unconfirmed
from pki.store.reading import ReadStore
from pki.store.writing import Store, WriteSession
from stores.samples import ISSUER, NOON, octets, serial
from stores.steps import change, issue

SINKS = {"crl": {ISSUER}, "ldap": {IssuerId("another")}, "ocsp": {ISSUER}}
SHOWING = ("crl", "ocsp")
LATER = NOON + timedelta(seconds=1)
HELD = OnHold(since=NOON)


async def take_up(store: Store, after: int, upto: int, most: int = 100) -> list[int]:
    def work(session: WriteSession) -> list[int]:
        found = session.status_changes(after, upto, most)
        session.await_showing(found, SINKS)
        return [each.position for each in found]

    return await store.write(work)


async def show(store: Store, position: int, sink: str, sha256: bytes) -> None:
    receipt = Receipt(position=position, sink=sink, shown_at=LATER, sha256=sha256)
    await store.write(lambda session: session.put_showings([receipt]))


async def receipts(reads: ReadStore, position: int) -> tuple[Receipt, ...]:
    return await reads.read(lambda session: session.receipts_of(position))


async def awaited(reads: ReadStore) -> list[tuple[str, int, object]]:
    found = await reads.read(lambda session: session.awaited())
    return [(sink, each.position, each.serial) for sink, each in found]


async def test_what_is_awaited_and_then_shown(store: Store, read_store: ReadStore) -> None:
    await issue(store, 1, 2)
    first = await change(store, 1, Good())
    second = await change(store, 2, Good())
    assert await take_up(store, 0, second) == [first, second]
    expected = [
        (sink, position, serial(number))
        for number, position in ((1, first), (2, second))
        for sink in SHOWING
    ]
    assert await awaited(read_store) == expected
    await show(store, first, "crl", octets(1, "crl"))
    assert await awaited(read_store) == expected[1:]
    assert await receipts(read_store, first) == (
        Receipt(position=first, sink="crl", shown_at=LATER, sha256=octets(1, "crl")),
        Receipt(position=first, sink="ocsp"),
    )


async def test_the_first_showing_stays(store: Store, read_store: ReadStore) -> None:
    await issue(store, 1)
    position = await change(store, 1, Good())
    await take_up(store, 0, position)
    await show(store, position, "crl", octets(1, "crl"))
    await show(store, position, "crl", octets(2, "crl"))
    await take_up(store, 0, position)
    assert (await receipts(read_store, position))[0].sha256 == octets(1, "crl")


async def test_a_later_change_overtakes(store: Store, read_store: ReadStore) -> None:
    await issue(store, 1, 2)
    first = await change(store, 1, Good())
    other = await change(store, 2, Good())
    await take_up(store, 0, other)
    await show(store, first, "ocsp", octets(1, "ocsp"))
    second = await change(store, 1, HELD)
    assert await take_up(store, other, second) == [second]
    crl, ocsp = await receipts(read_store, first)
    assert (crl.superseded_by, ocsp.superseded_by) == (second, None)
    assert {position for _, position, _ in await awaited(read_store)} == {other, second}
    await show(store, first, "crl", octets(1, "crl"))
    assert (await receipts(read_store, first))[0].shown_at is None, "it is too late for that"


async def test_no_more_than_the_limit_and_nothing_unconfirmed(
    store: Store, read_store: ReadStore
) -> None:
    await issue(store, 1, 2, 3)
    await change(store, 1, Unconfirmed(since=NOON))
    positions = [await change(store, number, Good()) for number in (1, 2, 3)]
    assert await take_up(store, 0, positions[-1], most=2) == positions[:2]
    assert await take_up(store, positions[0], positions[1]) == positions[1:2]
    assert await receipts(read_store, positions[2]) == ()
