"""Certificates of telephones, on every engine."""

import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest

from pki.domain.cards import Ordered
from pki.domain.errors import Conflict, KeyRejected
from pki.domain.identifiers import MobielId
from pki.domain.mobiel.events import MobielIntentClosed
from pki.domain.mobiel.records import MobielIntent
from pki.domain.people import SYSTEM
from pki.domain.status import Revoked
from pki.store.reading import ReadStore
from pki.store.write_session import WriteSession
from pki.store.writing import Store
from stores.phones import CA, completed, intend, intent, mobiel
from stores.samples import NOON, card, octets, opaque
from stores.samples import intent as card_intent


def close(session: WriteSession, wanted: MobielIntent) -> None:
    event = MobielIntentClosed(
        mobiel=wanted.mobiel_id, issuer=wanted.issuer, serial=wanted.serial, revoked_at=NOON
    )
    entry = session.record(event, SYSTEM)
    session.set_status(wanted.issuer, wanted.serial, Revoked(at=NOON, reason=None), entry)


async def test_a_telephones_certificate_is_an_intent_first(
    store: Store, read_store: ReadStore
) -> None:
    first, code = intent(1), octets(1, "code")
    await store.write(lambda session: intend(session, first))
    of = first.mobiel_id
    assert await read_store.read(lambda reads: reads.open_mobiel_intent_of(of)) == first
    assert await read_store.read(lambda reads: reads.open_mobiel_intents(NOON)) == ()
    late = NOON + timedelta(minutes=2)
    assert await read_store.read(lambda reads: reads.open_mobiel_intents(late)) == (first,)
    assert await read_store.read(lambda reads: reads.open_intents(late)) == ()
    made = completed(first)
    await store.write(lambda session: session.put_mobiel_certificate(made, code))
    for read in (
        await read_store.read(lambda reads: reads.mobiel_certificate(first.serial)),
        await read_store.read(lambda reads: reads.subscriber_certificate(first.serial)),
        await read_store.read(lambda reads: reads.mobiel_certificate_by_code(code)),
    ):
        assert read == made
    assert await read_store.read(lambda reads: reads.certificate(first.serial)) is None
    assert await read_store.read(lambda reads: reads.certificates_after(None, 9)) == ()
    assert await read_store.read(lambda reads: reads.open_mobiel_intent_of(of)) is None
    with pytest.raises(Conflict):
        await store.write(lambda session: session.put_mobiel_certificate(made, octets(2, "code")))
    with pytest.raises(Conflict):
        await store.write(lambda session: session.put_mobiel_intent(first))


async def test_an_old_certificate_still_finds_its_identity(
    store: Store, read_store: ReadStore
) -> None:
    def work(session: WriteSession) -> None:
        intend(session, intent(1))
        session.put_mobiel_certificate(completed(intent(1)), octets(1, "code"))
        session.put_mobiel(renewed)

    renewed = replace(mobiel(1), serial=intent(2).serial, certificate_sha256=octets(2, "mobiel"))
    await store.write(work)
    old = hashlib.sha256(completed(intent(1)).der).digest()
    found = await read_store.read(lambda reads: reads.mobiel_by_certificate(old))
    assert found == renewed
    assert not renewed.lets_in(old)
    assert await read_store.read(lambda reads: reads.mobiel_by_serial(intent(2).serial)) == renewed
    assert await read_store.read(lambda reads: reads.mobiel_by_serial(intent(1).serial)) is None


async def test_a_key_that_came_to_nothing_is_good_for_the_same_telephone_alone(
    store: Store,
) -> None:
    first = intent(1)
    await store.write(lambda session: intend(session, first))
    again = replace(first, serial=intent(2).serial)
    with pytest.raises(KeyRejected):
        await store.write(lambda session: session.put_mobiel_intent(again))
    await store.write(lambda session: close(session, first))
    with pytest.raises(KeyRejected):
        await store.write(
            lambda session: session.put_mobiel_intent(replace(again, mobiel_id=MobielId(opaque(9))))
        )
    for_card = replace(card_intent(3), key_sha256=first.key_sha256)
    await store.write(lambda session: session.put_card(card(3, Ordered(at=NOON))))
    with pytest.raises(KeyRejected):
        await store.write(lambda session: session.put_intent(for_card))
    await store.write(lambda session: session.put_mobiel_intent(again))


async def test_the_crl_of_its_issuer_lists_a_telephone(store: Store, read_store: ReadStore) -> None:
    await store.write(lambda session: intend(session, intent(1)))
    await store.write(lambda session: close(session, intent(1)))
    rows = await read_store.read(lambda reads: list(reads.listed_rows(CA)))
    assert [row[0] for row in rows] == [intent(1).serial.to_bytes()]
    status = await read_store.read(lambda reads: reads.status(CA, intent(1).serial))
    assert status == Revoked(at=NOON, reason=None)
