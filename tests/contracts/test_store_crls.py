"""CRLs as the store keeps them, and what they are made of."""

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256

from pki.domain.identifiers import IssuerId
from pki.domain.records import ChangedCertificate, CrlPiece
from pki.domain.status import Good, OnHold, Revoked
from pki.store.reading import ReadStore
from pki.store.writing import Store, WriteSession
from stores.samples import ISSUER, NOON, crl, serial
from stores.steps import change, issue, offer

OTHER = IssuerId("token-ca-g2")


async def test_what_two_crls_share_is_kept_once(store: Store, read_store: ReadStore) -> None:
    def piece(octets: bytes) -> CrlPiece:
        return CrlPiece(sha256=sha256(octets).digest(), octets=octets)

    head, same, other = piece(b"head"), piece(b"same" * 9), piece(b"other")
    contents = ([head, same, same], [other, same, same])
    for number, pieces in enumerate(contents, start=1):
        der = b"".join(each.octets for each in pieces)
        published = replace(crl(number), der=der)
        await store.write(
            partial(
                WriteSession.put_crl_pieces,
                crl=published,
                pieces=pieces,
                expected_previous=number - 1,
            )
        )
        assert await read_store.read(lambda session: session.latest_crl(ISSUER)) == published
    digests = [each.sha256 for each in (head, same, other, piece(b"never"))]
    kept = await read_store.read(lambda session: session.pieces_kept(digests))
    assert kept == set(digests[:3])


async def test_the_base_is_the_newest_of_its_time_else_the_oldest(
    store: Store, read_store: ReadStore
) -> None:
    async def base(at: datetime) -> tuple[int, int] | None:
        return await read_store.read(lambda session: session.crl_base(ISSUER, at))

    assert await base(NOON) is None
    for number in (1, 2, 3):
        made = replace(crl(number), this_update=NOON + timedelta(hours=number), upto=number * 10)
        await store.write(partial(WriteSession.put_crl, crl=made, expected_previous=number - 1))
    assert await base(NOON) == (1, 10)
    assert await base(NOON + timedelta(hours=2)) == (2, 20)
    assert await base(NOON + timedelta(days=1)) == (3, 30)


async def test_what_changed_since_is_told_once_with_its_status_of_now(
    store: Store, read_store: ReadStore
) -> None:
    hold, revoked = OnHold(since=NOON), Revoked(at=NOON, reason=None)
    await issue(store, 1, 2, 3)
    await offer(store, 90, issuer=OTHER)
    await change(store, 3, hold)
    start = await change(store, 3, Good())
    await change(store, 2, hold)
    await change(store, 1, revoked)
    middle = await change(store, 2, Good())
    await change(store, 90, revoked, issuer=OTHER)

    async def changed(after: int) -> list[ChangedCertificate]:
        return await read_store.read(lambda session: list(session.changed(ISSUER, after)))

    first = ChangedCertificate(serial=serial(1), status=revoked, was_held=False)
    second = ChangedCertificate(serial=serial(2), status=Good(), was_held=True)
    third = ChangedCertificate(serial=serial(3), status=Good(), was_held=True)
    assert await changed(start) == [first, second]
    assert await changed(start - 1) == [first, second, third]
    assert await changed(middle) == []


async def test_the_last_end_of_what_an_issuer_certified(
    store: Store, read_store: ReadStore
) -> None:
    async def ends(issuer: IssuerId = ISSUER) -> tuple[datetime | None, datetime | None]:
        return await read_store.read(lambda session: session.last_ends(issuer))

    assert await ends() == (None, None)
    end = NOON + timedelta(days=1095)
    await issue(store, 1, 2)
    assert await ends() == (end, end)
    await change(store, 1, Revoked(at=NOON, reason=None))
    assert await ends() == (end, end)
    await change(store, 2, Revoked(at=NOON, reason=None))
    assert await ends() == (end, None)
    assert await ends(OTHER) == (None, None)
