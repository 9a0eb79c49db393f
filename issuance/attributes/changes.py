"""Attributes come, go, and end with what ties a person to the organisation."""

from dataclasses import replace
from typing import Protocol

from issuance.attributes.ports import AttributeWrites
from issuance.desk import ID_OCTETS
from issuance.ports import Journal
from pki.domain.attributes.events import AttributeEnded, AttributeGiven
from pki.domain.attributes.records import Attribute
from pki.domain.identifiers import AttributeId, PersonId, Ura
from pki.domain.people import Actor
from pki.ports import Entropy


class Keeping(Journal, AttributeWrites, Protocol):
    """Attributes and the journal."""


def record_given(session: Keeping, given: Attribute, by: Actor) -> None:
    """Keep it, and say so."""
    session.put_attribute(given)
    event = AttributeGiven(
        attribute=given.id,
        person=given.person_id,
        ura=given.ura,
        type=given.type,
        task_code=given.task_code,
    )
    session.record(event, by)


def end_attribute(session: Keeping, ended: Attribute, by: Actor) -> None:
    """Let nobody have it any more, and say so."""
    session.remove_attribute(ended.id)
    event = AttributeEnded(attribute=ended.id, person=ended.person_id, ura=ended.ura)
    session.record(event, by)


def end_attributes(session: Keeping, person_id: PersonId, ura: Ura, by: Actor) -> None:
    """The person leaves the organisation."""
    for each in session.attributes_of(person_id, ura):
        end_attribute(session, each, by)


def move_attributes(session: Keeping, entropy: Entropy, uras: tuple[Ura, Ura], by: Actor) -> None:
    """The first organisation goes into the second: so do its people, and what they do there."""
    former, successor = uras
    for each in session.attributes_at(former):
        end_attribute(session, each, by)
        theirs = session.attributes_of(each.person_id, successor)
        if (each.type, each.task_code) not in {(own.type, own.task_code) for own in theirs}:
            fresh = AttributeId.from_random(entropy.octets(ID_OCTETS))
            record_given(session, replace(each, id=fresh, ura=successor, since=session.now), by)
