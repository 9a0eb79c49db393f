"""Which certificates are good now: what answers are signed about before anyone asks."""

from datetime import datetime, timedelta

from pki.domain.identifiers import IssuerId
from pki.domain.status import CertificateStatus, Good, OnHold, Revoked, Unconfirmed
from pki.store.reading import ReadStore
from pki.store.writing import Store
from stores.samples import ISSUER, NOON, certificate, serial
from stores.steps import change, issue


async def found(
    reads: ReadStore,
    after: bytes = b"",
    limit: int = 100,
    at: datetime = NOON,
    issuer: IssuerId = ISSUER,
) -> list[bytes]:
    return list(await reads.read(lambda session: session.good_serials(issuer, after, limit, at)))


async def test_what_is_good_is_found_in_order_a_page_at_a_time(
    store: Store, read_store: ReadStore
) -> None:
    statuses: dict[int, CertificateStatus] = {
        1: Good(),
        2: OnHold(since=NOON),
        3: Good(),
        4: Revoked(at=NOON, reason=None),
        5: Unconfirmed(since=NOON),
        6: Good(),
    }
    await issue(store, *statuses)
    for number, status in statuses.items():
        if not isinstance(status, Unconfirmed):
            await change(store, number, Good())
            await change(store, number, status)
    good = [serial(number).to_bytes() for number in (1, 3, 6)]
    assert await found(read_store) == good
    assert await found(read_store, limit=2) == good[:2]
    assert await found(read_store, after=good[1], limit=2) == good[2:]
    assert await found(read_store, issuer=IssuerId("token-ca-g2")) == []


async def test_what_has_expired_is_not_found(store: Store, read_store: ReadStore) -> None:
    await issue(store, 1)
    await change(store, 1, Good())
    end = certificate(1).not_after
    assert len(await found(read_store, at=end - timedelta(seconds=1))) == 1
    assert await found(read_store, at=end) == []
