"""Every CRL that was published can be found again: by number, and by what was in force when."""

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from pki.domain.records import PublishedCrl
from pki.store.reading import ReadStore
from pki.store.writing import Store, WriteSession
from stores.samples import ISSUER, NOON, crl


async def test_by_number_and_by_time(store: Store, read_store: ReadStore) -> None:
    made = [
        replace(
            crl(number),
            this_update=NOON + timedelta(hours=number),
            next_update=NOON + timedelta(hours=number + 2),
        )
        for number in (1, 2, 3)
    ]
    for number, each in enumerate(made):
        await store.write(partial(WriteSession.put_crl, crl=each, expected_previous=number))

    async def numbers(at: datetime | None = None, limit: int = 9) -> list[int]:
        found = await read_store.read(lambda session: session.kept_crls(ISSUER, at=at, limit=limit))
        return [each.number for each in found]

    async def numbered(number: int) -> PublishedCrl | None:
        return await read_store.read(lambda session: session.crl_numbered(ISSUER, number))

    assert [await numbered(number) for number in (1, 2, 3, 4)] == [*made, None]
    assert await numbers() == [3, 2, 1]
    assert await numbers(limit=2) == [3, 2]
    assert await numbers(NOON) == []
    assert await numbers(NOON + timedelta(hours=1)) == [1]
    assert await numbers(NOON + timedelta(hours=2, minutes=59)) == [2, 1]
    assert await numbers(NOON + timedelta(hours=3)) == [3, 2]
    assert await numbers(NOON + timedelta(hours=5)) == []
