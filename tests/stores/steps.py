"""Steps that several contract tests of the store take."""

import threading
from functools import partial

from pki.domain.cards import Card
from pki.domain.events import ServiceStarted
from pki.domain.identifiers import IssuerId
from pki.domain.people import Actor, Operator, Organisation, Person, Role
from pki.domain.records import Challenge, Session
from pki.domain.status import CertificateStatus
from pki.store.reading import ReadStore
from pki.store.writing import Store, WriteSession
from stores.samples import ISSUER, URA, card, certificate, intent, opaque, serial

EVENT = ServiceStarted(roles="x", version="1")
OPERATOR = Actor(role=Role.BEHEERDER, id=opaque(7), ura=URA)


async def offer(store: Store, *numbers: int, issuer: IssuerId = ISSUER) -> None:
    def work(session: WriteSession) -> None:
        for number in numbers:
            session.put_card(card(number))
            session.put_intent(intent(number, issuer=issuer))

    await store.write(work)


async def issue(store: Store, *numbers: int) -> None:
    await offer(store, *numbers)
    for number in numbers:
        await store.write(partial(WriteSession.put_certificate, certificate=certificate(number)))


async def change(
    store: Store, number: int, status: CertificateStatus, *, issuer: IssuerId = ISSUER
) -> int:
    def work(session: WriteSession) -> int:
        entry = session.record(EVENT, OPERATOR)
        session.set_status(issuer, serial(number), status, entry)
        return entry.position

    return await store.write(work)


async def status(reads: ReadStore, number: int, issuer: IssuerId = ISSUER) -> object:
    return await reads.read(lambda session: session.status(issuer, serial(number)))


class Gate:
    """Holds the writer's thread, so that what is queued meanwhile becomes one transaction."""

    def __init__(self, store: Store) -> None:
        self._entered, self._open = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=store.write_sync, args=(self._work,))
        self._thread.start()
        assert self._entered.wait(120)

    def _work(self, session: WriteSession) -> None:
        if session._connection.dialect.name == "postgresql":
            # Who holds the gate may be held up for longer than a server would be waited for.
            session._connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
        self._entered.set()
        assert self._open.wait(120)

    def release(self) -> None:
        self._open.set()
        self._thread.join()


Record = Card | Person | Organisation | Operator | Challenge | Session


async def put(store: Store, record: Record) -> None:
    def work(change: WriteSession) -> None:
        match record:
            case Card():
                change.put_card(record)
            case Person():
                change.put_person(record, b"sealed")
            case Organisation():
                change.put_organisation(record)
            case Operator():
                change.put_operator(record)
            case Challenge():
                change.put_challenge(record)
            case Session():
                change.put_session(record)

    await store.write(work)
