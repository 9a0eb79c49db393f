"""Intents and certificates: recorded before they are signed, completed once."""

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from pki.domain.errors import Conflict, IntegrityBroken, KeyRejected, NotFound
from pki.domain.identifiers import CardId, IssuerId
from pki.domain.status import Revoked, Unconfirmed
from pki.store.reading import ReadStore
from pki.store.writing import Store, WriteSession
from status_side.listed_rows import listed_row
from stores.samples import (
    ISSUER,
    NOON,
    card,
    certificate,
    intent,
    opaque,
    serial,
)
from stores.steps import EVENT, OPERATOR, change, issue, offer, status

OTHER = IssuerId("token-ca-g2")
END = NOON + timedelta(days=1095)


async def test_an_intent_alone_is_unconfirmed_and_listed_nowhere(
    store: Store, read_store: ReadStore
) -> None:
    await offer(store, 1)
    assert await status(read_store, 1) == Unconfirmed(since=NOON)
    assert await read_store.read(lambda session: session.certificate(serial(1))) is None
    assert await read_store.read(lambda session: session.intent(serial(1))) == intent(1)
    assert await read_store.read(lambda session: list(session.listed_rows(ISSUER))) == []


async def test_a_closed_intent_is_revoked_listed_and_never_completed(
    store: Store, read_store: ReadStore
) -> None:
    await offer(store, 1)
    closed = Revoked(at=NOON, reason=None)
    await change(store, 1, closed)
    assert await status(read_store, 1) == closed
    listed = await read_store.read(lambda session: list(session.listed_rows(ISSUER)))
    assert listed == [listed_row(serial(1), closed)]
    with pytest.raises(Conflict):
        await store.write(lambda session: session.put_certificate(certificate(1)))
    assert await read_store.read(lambda session: session.certificate(serial(1))) is None


async def test_a_serial_is_used_once(store: Store) -> None:
    await offer(store, 1)
    await store.write(lambda session: session.put_card(card(2)))
    again = intent(1, card_number=2)
    with pytest.raises(Conflict, match="serial"):
        await store.write(lambda session: session.put_intent(again))


async def test_a_key_seen_before_is_rejected(store: Store, read_store: ReadStore) -> None:
    await offer(store, 1)
    await store.write(lambda session: session.put_card(card(2)))
    base = intent(2)
    copied = replace(base, key_sha256=intent(1).key_sha256)
    with pytest.raises(KeyRejected) as rejected:
        await store.write(lambda session: session.put_intent(copied))
    assert rejected.value.rule == "key seen before"
    seen = [intent(1).key_sha256, intent(2).key_sha256]
    assert await read_store.read(lambda session: [session.key_seen(key) for key in seen]) == [
        True,
        False,
    ]
    await store.write(lambda session: session.put_intent(base))


async def test_a_certificate_completes_its_own_intent_once(
    store: Store, read_store: ReadStore
) -> None:
    await offer(store, 1, 2)
    with pytest.raises(NotFound):
        await store.write(lambda session: session.put_certificate(certificate(3)))
    right = certificate(1)
    for wrong in (
        replace(right, issuer=OTHER),
        replace(right, card_id=CardId(opaque(2))),
        replace(right, key_sha256=certificate(2).key_sha256),
    ):
        with pytest.raises(IntegrityBroken):
            await store.write(partial(WriteSession.put_certificate, certificate=wrong))
    await store.write(lambda session: session.put_certificate(right))
    with pytest.raises(Conflict):
        await store.write(lambda session: session.put_certificate(right))
    assert await read_store.read(lambda session: session.certificate(serial(1))) == right
    assert await status(read_store, 1) == Unconfirmed(since=NOON)


async def test_open_intents_are_those_that_came_to_nothing_yet(
    store: Store, read_store: ReadStore
) -> None:
    await offer(store, 1, 2, 3)
    await store.write(lambda session: session.put_certificate(certificate(2)))
    await change(store, 3, Revoked(at=NOON, reason=None))
    end = intent(1).lease_until
    late = end + timedelta(microseconds=1)
    assert await read_store.read(lambda session: session.open_intents(end)) == ()
    assert await read_store.read(lambda session: session.open_intents(late)) == (intent(1),)
    of_cards = await read_store.read(
        lambda session: [session.open_intent_of(card(number).id) for number in (1, 2, 3)]
    )
    assert of_cards == [intent(1), None, None]


async def test_certificates_are_walked_by_serial(store: Store, read_store: ReadStore) -> None:
    await issue(store, 300, 2, 70_000)
    await offer(store, 5)
    found = await read_store.read(lambda session: session.certificates_after(None, 10))
    assert found == (certificate(2), certificate(300), certificate(70_000))
    page = await read_store.read(lambda session: session.certificates_after(serial(2), 1))
    assert page == (certificate(300),)


async def test_a_key_that_came_to_nothing_is_free_for_its_own_card(
    store: Store, read_store: ReadStore
) -> None:
    await offer(store, 1, 2)
    again = replace(intent(3, card_number=1), key_sha256=intent(1).key_sha256)
    stolen = replace(intent(4, card_number=2), key_sha256=intent(1).key_sha256)
    for wrong in (again, stolen):
        with pytest.raises(KeyRejected):
            await store.write(partial(WriteSession.put_intent, intent=wrong))
    await change(store, 1, Revoked(at=NOON, reason=None))
    with pytest.raises(KeyRejected):
        await store.write(partial(WriteSession.put_intent, intent=stolen))
    await store.write(partial(WriteSession.put_intent, intent=again))
    assert await read_store.read(lambda session: session.intent(serial(3))) == again
    another = replace(again, serial=serial(5))
    with pytest.raises(KeyRejected):
        await store.write(partial(WriteSession.put_intent, intent=another))


async def test_the_status_may_change_in_the_very_change_that_intends(
    store: Store, read_store: ReadStore
) -> None:
    first = Unconfirmed(since=intent(1).created_at)
    last = Revoked(at=NOON, reason=None)

    def at_once(session: WriteSession) -> None:
        session.put_card(card(1))
        session.put_intent(intent(1))
        for status_now in (first, last):
            session.set_status(ISSUER, serial(1), status_now, session.record(EVENT, OPERATOR))

    await store.write(at_once)
    assert await status(read_store, 1) == last
    history = await read_store.read(lambda session: session.history(serial(1)))
    assert [(each.status, each.until is None) for each in history] == [(first, False), (last, True)]


async def test_an_intents_first_status_need_not_be_its_own(
    store: Store, read_store: ReadStore
) -> None:
    closed = Revoked(at=NOON, reason=None)

    def at_once(session: WriteSession) -> None:
        session.put_card(card(1))
        session.put_intent(intent(1))
        with pytest.raises(NotFound):
            session.set_status(OTHER, serial(1), closed, session.record(EVENT, OPERATOR))
        session.set_status(ISSUER, serial(1), closed, session.record(EVENT, OPERATOR))

    await store.write(at_once)
    assert await status(read_store, 1) == closed
    with pytest.raises(IntegrityBroken):
        await change(store, 1, Unconfirmed(since=NOON))
