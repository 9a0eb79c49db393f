"""A card from its order to its confirmation, as issuing writes it; the signature is left out."""

import hashlib
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from bench.growth.population import ISSUER, Population
from pki.domain.cards import Card, Ordered, certificate_status, certified, confirmed
from pki.domain.events import (
    CardConfirmed,
    CardOrdered,
    CertificateIntended,
    CertificateIssued,
    Event,
)
from pki.domain.identifiers import (
    CardId,
    CardNumber,
    IdempotencyKey,
    IssuerId,
    PersonId,
    SerialNumber,
    Ura,
    UziNumber,
)
from pki.domain.people import SYSTEM, Person, PersonName
from pki.domain.records import Intent, IssuedCertificate
from pki.domain.status import Unconfirmed
from pki.ports import SystemClock, SystemEntropy
from pki.store.writing import WriteSession

OF: Final = IssuerId(ISSUER)
_DAY: Final = timedelta(days=1)
_URA: Final = Ura("0" * 8)
"""Of the first organisation, in every store."""


@dataclass(frozen=True, slots=True, kw_only=True)
class New:
    """One that is to be made."""

    card: Card
    person: Person
    serial: SerialNumber
    key: bytes


def new_card() -> New:
    """Nobody had one like it."""
    octets = SystemEntropy().octets
    name = octets(16).hex()
    digits = int.from_bytes(octets(4), "big") % 400_000_000 + 500_000_000
    names = PersonName(surname=name, given_names="A.", common_name="A. Bench")
    person = Person(id=PersonId(octets(16).hex()), uzi_number=UziNumber(f"{digits}"), name=names)
    return New(
        card=Card(
            id=CardId(octets(16).hex()),
            person_id=person.id,
            ura=_URA,
            card_number=CardNumber(f"N-{name[:20].upper()}"),
            order_key=IdempotencyKey(name),
            phase=Ordered(at=SystemClock().now()),
        ),
        person=person,
        serial=SerialNumber.from_bytes(b"\x11" + octets(19)),
        key=octets(32),
    )


def order(new: New, session: WriteSession) -> None:
    """Order it, with what ordering looks at."""
    assert session.person_by_uzi_number(new.person.uzi_number) is None
    assert session.live_card_of(new.person.id) is None
    assert session.card_by_number(new.card.card_number) is None
    session.put_person(new.person, bytes(64))
    session.put_card(replace(new.card, phase=Ordered(at=session.now)))
    event = CardOrdered(card=new.card.id, person=new.person.id, ura=new.card.ura)
    session.record(event, SYSTEM)


def intend(new: New, session: WriteSession) -> None:
    """Say what is going to be signed."""
    assert session.card(new.card.id) is not None
    assert session.open_intent_of(new.card.id) is None
    intent = Intent(
        serial=new.serial,
        issuer=OF,
        card_id=new.card.id,
        tbs=bytes(900),
        profile="bench",
        key_sha256=new.key,
        created_at=session.now,
        lease_until=session.now + _DAY,
        not_after=session.now + 1095 * _DAY,
    )
    session.put_intent(intent)
    event = CertificateIntended(
        card=new.card.id,
        issuer=OF,
        serial=new.serial,
        tbs_sha256=hashlib.sha256(intent.tbs).hexdigest(),
        profile=intent.profile,
    )
    entry = session.record(event, SYSTEM)
    session.set_status(OF, new.serial, Unconfirmed(since=session.now), entry)


def finish(new: New, session: WriteSession) -> None:
    """Keep what was signed."""
    card = session.card(new.card.id)
    assert card is not None
    issued = IssuedCertificate(
        serial=new.serial,
        issuer=OF,
        card_id=card.id,
        der=bytes(1200),
        not_before=session.now,
        not_after=session.now + 1095 * _DAY,
        key_sha256=new.key,
    )
    session.put_certificate(issued)
    session.put_card(certified(card, serial=new.serial, at=session.now))
    digest = hashlib.sha256(issued.der).hexdigest()
    event = CertificateIssued(card=card.id, issuer=OF, serial=new.serial, certificate_sha256=digest)
    session.record(event, SYSTEM)


def confirm(population: Population, new: New, session: WriteSession) -> None:
    """The card is in use from here on."""
    card = session.card(new.card.id)
    assert card is not None
    event = CardConfirmed(card=card.id, issuer=OF, serial=new.serial)
    change(session, confirmed(card, at=session.now), event)
    session.put_link(card.id, population.organisation(0), session.now)


def change(session: WriteSession, card: Card, event: Event) -> None:
    """As an operator's change of a card is written."""
    assert card.serial is not None
    assert session.certificate(card.serial) is not None
    session.put_card(card)
    entry = session.record(event, SYSTEM)
    found = certificate_status(card.phase)
    assert found is not None
    session.set_status(OF, card.serial, found, entry)
