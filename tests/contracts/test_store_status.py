"""Status, history and CRLs: what relying parties will be told."""

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import pytest
import sqlalchemy as sa

from pki.domain.errors import Conflict, IntegrityBroken, NotFound
from pki.domain.identifiers import IssuerId
from pki.domain.people import SYSTEM
from pki.domain.reasons import RevocationReason
from pki.domain.records import StatusInterval
from pki.domain.status import CertificateStatus, Good, OnHold, Revoked, Unconfirmed
from pki.store.reading import ReadStore
from pki.store.writing import Store, WriteSession
from status_side.listed_rows import listed_row
from stores.samples import (
    ISSUER,
    NOON,
    SetClock,
    crl,
    serial,
)
from stores.steps import EVENT, OPERATOR, change, issue, offer, status

OTHER = IssuerId("token-ca-g2")


END = NOON + timedelta(days=1095)


async def test_a_serial_nobody_recorded_has_no_status(store: Store, read_store: ReadStore) -> None:
    await issue(store, 1)
    assert await status(read_store, 2) is None
    assert await status(read_store, 1, OTHER) is None


async def test_history_holds_every_status_without_a_gap(
    store: Store, store_clock: SetClock, read_store: ReadStore
) -> None:
    await issue(store, 1)
    steps: list[CertificateStatus] = [
        Unconfirmed(since=NOON),
        Good(),
        OnHold(since=NOON + timedelta(seconds=20)),
        Good(),
        OnHold(since=NOON + timedelta(seconds=40)),
        Revoked(
            at=NOON + timedelta(seconds=40),
            reason=RevocationReason.KEY_COMPROMISE,
            compromised_since=NOON + timedelta(seconds=5, microseconds=1),
        ),
    ]
    positions: list[int] = []
    times: list[datetime] = []
    for step in steps:
        store_clock.forward(10)
        times.append(store_clock.now())
        positions.append(await change(store, 1, step))
        assert await status(read_store, 1) == step
    expected = tuple(
        StatusInterval(
            serial=serial(1),
            issuer=ISSUER,
            status=step,
            since=times[index],
            until=times[index + 1] if index + 1 < len(steps) else None,
            actor=OPERATOR,
            position=positions[index],
        )
        for index, step in enumerate(steps)
    )
    assert await read_store.read(lambda session: session.history(serial(1))) == expected
    assert await read_store.read(lambda session: session.history(serial(2))) == ()


@pytest.mark.parametrize(
    "step", [Good(), OnHold(since=NOON), Unconfirmed(since=NOON), Revoked(at=NOON, reason=None)]
)
async def test_revoked_is_final(
    store: Store, read_store: ReadStore, step: CertificateStatus
) -> None:
    await issue(store, 1)
    final = Revoked(at=NOON, reason=RevocationReason.SUPERSEDED)
    await change(store, 1, final)
    before = await read_store.read(lambda session: (session.head(), session.history(serial(1))))
    with pytest.raises(IntegrityBroken, match="for ever"):
        await change(store, 1, step)
    assert await status(read_store, 1) == final
    after = await read_store.read(lambda session: (session.head(), session.history(serial(1))))
    assert after == before


async def test_a_status_needs_a_serial_of_that_issuer(store: Store) -> None:
    await issue(store, 1)
    with pytest.raises(NotFound):
        await change(store, 2, Good())
    with pytest.raises(NotFound):
        await change(store, 1, Good(), issuer=OTHER)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM status_intervals",
        "UPDATE status_intervals SET status = 'good'",
        "UPDATE status_intervals SET since = since + 1 WHERE until IS NOT NULL",
        "UPDATE status_intervals SET until = until + 1 WHERE until IS NOT NULL",
        "UPDATE status_intervals SET until = NULL WHERE until IS NOT NULL",
        "UPDATE status_intervals SET until = 5, status = 'revoked' WHERE until IS NULL",
        "UPDATE status_intervals SET until = 5, actor = 'x:y' WHERE until IS NULL",
        "UPDATE status_intervals SET until = 5, status_reason = 1 WHERE until IS NULL",
    ],
)
async def test_the_database_refuses_to_rewrite_history(
    store: Store, read_store: ReadStore, statement: str
) -> None:
    await issue(store, 1)
    await change(store, 1, Good())
    await change(store, 1, OnHold(since=NOON))
    before = await read_store.read(lambda session: session.history(serial(1)))
    with (
        pytest.raises(sa.exc.DBAPIError, match="append-only"),
        store._engine.begin() as connection,
    ):
        connection.execute(sa.text(statement))
    assert await read_store.read(lambda session: session.history(serial(1))) == before


async def test_a_crl_lists_holds_and_revocations_by_serial(
    store: Store, read_store: ReadStore
) -> None:
    numbers = [30, 4, 17, 200, 65_536, 255, 1]
    await issue(store, *numbers)
    await offer(store, 90, issuer=OTHER)
    await change(store, 90, Revoked(at=NOON, reason=None), issuer=OTHER)
    hold, revoked = OnHold(since=NOON), Revoked(at=NOON, reason=RevocationReason.SUPERSEDED)
    stolen = replace(revoked, compromised_since=NOON - timedelta(days=1))
    await change(store, 200, hold)
    await change(store, 4, revoked)
    await change(store, 17, hold)
    await change(store, 17, Good())
    await change(store, 65_536, stolen)
    await change(store, 255, hold)
    listed = await read_store.read(lambda session: list(session.listed_rows(ISSUER)))
    expected: dict[int, OnHold | Revoked] = {4: revoked, 200: hold, 255: hold, 65_536: stolen}
    assert listed == [listed_row(serial(number), status) for number, status in expected.items()]


async def test_listing_reads_an_index_and_no_certificate(
    store: Store, read_store: ReadStore, engine_name: str
) -> None:
    await issue(store, *range(1, 300))
    for number in range(1, 4):
        await change(store, number, OnHold(since=NOON))
    seen: list[str] = []

    def spy(*arguments: object) -> None:
        seen.append(str(arguments[2]))

    engine = read_store._engine
    sa.event.listen(engine, "before_cursor_execute", spy)
    await read_store.read(lambda session: list(session.listed_rows(ISSUER)))
    sa.event.remove(engine, "before_cursor_execute", spy)
    query = seen[-1]
    with engine.connect() as connection:
        if engine_name == "sqlite":
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", (ISSUER.value,))
        else:
            connection.exec_driver_sql("SET enable_seqscan = off")
            plan = connection.exec_driver_sql(f"EXPLAIN {query}", {"issuer_1": ISSUER.value})
        text = "\n".join(str(row) for row in plan)
    assert "certificates_listed" in text
    assert "SCAN certificates" not in text
    assert "TEMP B-TREE" not in text
    assert "Sort" not in text


async def test_crls_follow_each_other(store: Store, read_store: ReadStore) -> None:
    async def publish(number: int, previous: int, issuer: IssuerId = ISSUER) -> None:
        await store.write(
            lambda session: session.put_crl(crl(number, issuer), expected_previous=previous)
        )

    assert await read_store.read(lambda session: session.latest_crl(ISSUER)) is None
    await publish(1, 0)
    await publish(7, 1)
    for number, previous in [(8, 1), (7, 7), (6, 7), (8, 0), (8, 8)]:
        with pytest.raises(Conflict):
            await publish(number, previous)
    await publish(1, 0, OTHER)
    await publish(8, 7)
    assert await read_store.read(lambda session: session.latest_crl(ISSUER)) == crl(8)
    assert await read_store.read(lambda session: session.latest_crl(OTHER)) == crl(1, OTHER)


async def test_two_publishers_of_one_number_have_one_winner(store: Store) -> None:
    results: list[object] = []

    def publish(session: WriteSession) -> None:
        session.record(EVENT, SYSTEM)
        session.put_crl(crl(1), expected_previous=0)

    for _ in range(2):
        try:
            await store.write(publish)
            results.append("published")
        except Conflict as error:
            results.append(error.code)
    assert results == ["published", "conflict"]


async def test_cursor_and_heartbeat_are_remembered(store: Store, read_store: ReadStore) -> None:
    assert await read_store.read(lambda session: session.cursor("ldap")) == 0
    assert await read_store.read(lambda session: session.heartbeat()) is None
    for position in (5, 9):
        await store.write(partial(WriteSession.set_cursor, name="ldap", position=position))
        await store.write(partial(WriteSession.beat, at=NOON + timedelta(seconds=position)))
    assert await read_store.read(lambda session: session.cursor("ldap")) == 9
    assert await read_store.read(lambda session: session.cursor("crl")) == 0
    beat = await read_store.read(lambda session: session.heartbeat())
    assert beat == NOON + timedelta(seconds=9)
