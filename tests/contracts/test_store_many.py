"""Many certificates at once leave what one by one leaves."""

from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from pki.domain.cards import Active, Card, Ended
from pki.domain.emergency.records import (
    CertifiedSubscriber,
    RecordedSerial,
    SubscriberAfter,
    SubscriberKind,
)
from pki.domain.errors import IntegrityBroken
from pki.domain.events import CardRevoked
from pki.domain.identifiers import IssuerId
from pki.domain.journal import JournalEntry, verify_chain
from pki.domain.mobiel.events import MobielEnded
from pki.domain.mobiel.records import MobielIntent, MobielState
from pki.domain.reasons import RevocationReason, RevokeReason
from pki.domain.records import StatusInterval
from pki.domain.status import CertificateStatus, Revoked
from pki.store.reading import ReadSession, ReadStore
from pki.store.writing import Store, WriteSession
from stores.phones import CA, completed, intend, mobiel
from stores.phones import intent as telephone
from stores.samples import ISSUER, NOON, SetClock, card, certificate, serial
from stores.steps import OPERATOR, issue

COUNT = 5
SERIALS = [serial(number) for number in range(COUNT)]
REASON = RevokeReason.COMPROMISE
SINCE = NOON - timedelta(hours=1)


async def activated(store: Store, *numbers: int) -> None:
    await issue(store, *numbers)

    def work(session: WriteSession) -> None:
        for number in numbers:
            session.put_card(card(number, Active(at=NOON, serial=serial(number))))

    await store.write(work)


def revoked(number: int) -> tuple[Card, CardRevoked, CertificateStatus]:
    ended = Ended(
        at=NOON,
        serial=serial(number),
        revoked_at=NOON,
        reason=REASON,
        compromised_since=SINCE if number % 2 else None,
    )
    event = CardRevoked(
        card=card(number).id, issuer=ISSUER, serial=serial(number), reason=REASON, revoked_at=NOON
    )
    since = ended.compromised_since
    code = RevocationReason.KEY_COMPROMISE
    return card(number, ended), event, Revoked(at=NOON, reason=code, compromised_since=since)


def after(number: int, entry: JournalEntry, issuer: IssuerId = ISSUER) -> SubscriberAfter:
    ended, _, status = revoked(number)
    return SubscriberAfter(
        subscriber=ended, issuer=issuer, serial=serial(number), status=status, entry=entry
    )


def end(session: WriteSession, *numbers: int) -> None:
    entries = session.record_all([revoked(number)[1] for number in numbers], OPERATOR)
    session.put_subscribers_after(
        [after(number, entry) for number, entry in zip(numbers, entries, strict=True)]
    )


def end_one_by_one(session: WriteSession, *numbers: int) -> None:
    for number in numbers:
        ended, event, status = revoked(number)
        entry = session.record(event, OPERATOR)
        session.put_card(ended)
        session.set_status(ISSUER, serial(number), status, entry)


@dataclass(frozen=True)
class Told:
    phase: Ended
    status: CertificateStatus | None
    history: list[StatusInterval]


def told(session: ReadSession, number: int) -> Told:
    """What the store says of one card, as if it were card 0."""
    found = session.card(card(number).id)
    assert found is not None
    assert isinstance(found.phase, Ended)
    history = session.history(serial(number))
    return Told(
        phase=replace(found.phase, serial=serial(0)),
        status=session.status(ISSUER, serial(number)),
        history=[replace(each, serial=serial(0), position=0) for each in history],
    )


async def test_many_at_once_leave_what_one_by_one_leaves(
    store: Store, store_clock: SetClock, read_store: ReadStore
) -> None:
    await activated(store, *range(4))
    store_clock.forward(60)
    await store.write(lambda session: end(session, 0, 1))
    await store.write(lambda session: end_one_by_one(session, 2, 3))

    def compared(session: ReadSession) -> None:
        assert told(session, 0) == told(session, 2)
        assert told(session, 1) == told(session, 3)
        assert verify_chain(session.raw_journal()) == session.head()
        listed = {row[0] for row in session.listed_rows(ISSUER)}
        assert listed == {serial(number).to_bytes() for number in range(4)}

    await read_store.read(compared)


async def test_none_is_done_where_one_is_revoked_or_of_another_issuer(
    store: Store, read_store: ReadStore
) -> None:
    await activated(store, 0, 1)
    await store.write(lambda session: end(session, 1))
    head = await read_store.read(lambda session: session.head())

    def of_another(session: WriteSession) -> None:
        [entry] = session.record_all([revoked(0)[1]], OPERATOR)
        session.put_subscribers_after([after(0, entry, IssuerId("token-ca-g2"))])

    for work in (
        lambda session: end(session, 0, 1),
        lambda session: end(session, 0, 4),
        of_another,
    ):
        with pytest.raises(IntegrityBroken):
            await store.write(work)
    assert await read_store.read(lambda session: session.head()) == head
    left = await read_store.read(lambda session: session.card(card(0).id))
    assert left is not None
    assert isinstance(left.phase, Active)


async def test_what_has_these_serials_is_found(store: Store, read_store: ReadStore) -> None:
    await activated(store, 0, 1)
    await store.write(two_telephones)
    wanted = [*SERIALS, *(phone(number).serial for number in (21, 22, 23))]
    found = await read_store.read(lambda session: session.recorded(wanted))
    cards = {
        serial(number): RecordedSerial(
            kind=SubscriberKind.CARD,
            status=found[serial(number)].status,
            certified=CertifiedSubscriber(
                subscriber=card(number, Active(at=NOON, serial=serial(number))),
                issuer=ISSUER,
                serial=serial(number),
                not_before=NOON,
                not_after=certificate(number).not_after,
            ),
        )
        for number in (0, 1)
    }
    now, former = phone(21).serial, phone(22).serial
    assert {each: found[each] for each in cards} == cards
    assert set(found) == {*cards, now, former}
    assert {found[each].kind for each in (now, former)} == {SubscriberKind.TELEPHONE}
    assert found[former].certified is None
    of_now = found[now].certified
    assert of_now is not None
    assert (of_now.subscriber, of_now.issuer) == (THEIRS, CA)
    assert of_now.not_after == completed(phone(21)).not_after


def phone(number: int) -> MobielIntent:
    return telephone(number, mobiel=1, key=f"key {number}")


THEIRS = replace(mobiel(1), serial=phone(21).serial)


def two_telephones(session: WriteSession) -> None:
    """One identity that had another certificate before."""
    for wanted in (phone(22), phone(21)):
        intend(session, wanted)
        session.put_mobiel_certificate(completed(wanted), wanted.serial.to_bytes())
    session.put_mobiel(THEIRS)


async def test_a_telephone_ends_beside_a_card(store: Store, read_store: ReadStore) -> None:
    await activated(store, 0)
    await store.write(two_telephones)
    gone = replace(THEIRS, state=MobielState.ENDED, state_at=NOON)
    final = Revoked(at=NOON, reason=RevocationReason.KEY_COMPROMISE)

    def work(session: WriteSession) -> None:
        ended = MobielEnded(
            mobiel=gone.id,
            person=gone.person_id,
            ura=gone.ura,
            issuer=CA,
            serial=gone.serial,
            reason=REASON,
            revoked_at=NOON,
        )
        first, second = session.record_all([revoked(0)[1], ended], OPERATOR)
        telephone = SubscriberAfter(
            subscriber=gone, issuer=CA, serial=gone.serial, status=final, entry=second
        )
        session.put_subscribers_after([after(0, first), telephone])

    await store.write(work)

    def seen(session: ReadSession) -> None:
        assert session.mobiel(gone.id) == gone
        assert session.status(CA, gone.serial) == final
        assert [each.status for each in session.history(gone.serial)][1:] == [final]
        assert {row[0] for row in session.listed_rows(CA)} == {gone.serial.to_bytes()}
        assert told(session, 0).status == revoked(0)[2]

    await read_store.read(seen)


async def test_serials_are_listed_in_order(store: Store, read_store: ReadStore) -> None:
    await activated(store, 0, 1)
    await store.write(two_telephones)
    cards, telephones = (serial(0), serial(1)), tuple(sorted((phone(21).serial, phone(22).serial)))
    every = tuple(sorted((*cards, *telephones)))

    def listed(session: ReadSession) -> None:
        assert session.serials_of(ISSUER, None, 9) == cards
        assert session.serials_of(CA, None, 1) == telephones[:1]
        assert session.serials_of(CA, telephones[0], 9) == telephones[1:]
        assert session.serials_of(None, None, 9) == every
        assert session.serials_of(None, every[1], 1) == every[2:3]

    await read_store.read(listed)


async def test_nothing_is_something_too(store: Store, read_store: ReadStore) -> None:
    def work(session: WriteSession) -> None:
        assert session.record_all((), OPERATOR) == ()
        session.put_subscribers_after(())

    head = await read_store.read(lambda session: session.head())
    await store.write(work)
    assert await read_store.read(lambda session: session.head()) == head
    assert await read_store.read(lambda session: session.recorded(())) == {}
