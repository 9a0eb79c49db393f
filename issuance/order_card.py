"""The holder orders a card: the rules decide, one transaction records it."""

import hashlib
from dataclasses import dataclass

from issuance.desk import ID_OCTETS, Desk
from issuance.ports import Orders
from issuance.rules.eligibility import Order, order_refusal
from issuance.steps.callers import holder_actor
from issuance.steps.refusals import Asker, refusals_recorded
from issuance.steps.standing import applicant_of, refuse
from pki.domain.cards import Card, Ordered
from pki.domain.errors import IdempotencyMismatch, Unauthenticated
from pki.domain.events import CardOrdered
from pki.domain.identifiers import CardId, CardNumber, IdempotencyKey, PersonId
from pki.domain.people import BirthDate, Person
from pki.domain.records import PassHolder, Session


@dataclass(frozen=True, slots=True, kw_only=True)
class CardOrder:
    """What is asked; ``key`` makes a repeat the same order, ``certificate`` is the pass's."""

    key: IdempotencyKey
    birth_date: BirthDate
    card_number: CardNumber
    certificate: bytes


async def order_card(desk: Desk, holder: Session, order: CardOrder) -> Card:
    """Order a card, or return the card that this key ordered before.

    The pass is verified again, revocation included: it may have been reported lost since.

    Raises:
        Unauthenticated: the certificate is not the one that opened the session.
        Refused: a rule says no.
        IdempotencyMismatch: the key ordered something else.
        PassStatusUnavailable, StoreUnavailable: try again later.
    """
    if hashlib.sha256(order.certificate).digest() != holder.holder.certificate_sha256:
        raise Unauthenticated(
            message="another pass opened this session", next_step="open a session with this pass"
        )
    digest = desk.pass_digest(order.certificate)
    asker = Asker(actor=holder_actor(holder), pass_digest=digest)
    async with refusals_recorded(desk.store, asker, desk.restraint):
        verified = await desk.passes.verify_pass(order.certificate, desk.clock.now())
        return await desk.store.write(
            lambda session: _order(desk, session, holder, verified, order)
        )


def _order(
    desk: Desk, session: Orders, holder: Session, verified: PassHolder, order: CardOrder
) -> Card:
    name = verified.uzi_name
    known, applicant = applicant_of(session, name, session.now - desk.limits.unfinished)
    former = session.card_by_order_key(order.key)
    if former is not None:
        _refuse_other_order(former, known, verified, order)
        _refuse_other_birth_date(desk, session, former.person_id, order.birth_date)
        return former
    person = Person(
        id=known.id if known else PersonId.from_random(desk.entropy.octets(ID_OCTETS)),
        uzi_number=name.uzi_number,
        name=verified.name,
    )
    facts = Order(
        applicant=applicant,
        person_id=person.id,
        key=order.key,
        birth_date=order.birth_date,
        same_number=session.card_by_number(order.card_number),
        today=session.now.date(),
    )
    refuse(order_refusal(facts))
    card = Card(
        id=CardId.from_random(desk.entropy.octets(ID_OCTETS)),
        person_id=person.id,
        ura=name.ura,
        card_number=order.card_number,
        order_key=order.key,
        phase=Ordered(at=session.now),
    )
    session.put_person(person, desk.sealer.seal(person.id, order.birth_date))
    session.put_card(card)
    event = CardOrdered(card=card.id, person=person.id, ura=card.ura)
    session.record(event, holder_actor(holder, person.id))
    return card


def _refuse_other_order(
    former: Card, person: Person | None, verified: PassHolder, order: CardOrder
) -> None:
    asked = (None if person is None else person.id, verified.uzi_name.ura, order.card_number)
    if asked != (former.person_id, former.ura, former.card_number):
        raise _other_order()


def _refuse_other_birth_date(
    desk: Desk, session: Orders, person_id: PersonId, birth_date: BirthDate
) -> None:
    sealed = session.sealed_birth_date(person_id)
    if sealed is None or not desk.sealer.holds(person_id, sealed, birth_date):
        raise _other_order()


def _other_order() -> IdempotencyMismatch:
    return IdempotencyMismatch(
        message="the idempotency key was used for another order",
        next_step="choose a new key for a new order",
    )
