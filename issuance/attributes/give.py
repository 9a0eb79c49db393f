"""An administrator says what somebody's task at their organisation is, or that it no longer is."""

from dataclasses import dataclass
from typing import Protocol

from issuance.attributes.changes import end_attribute, record_given
from issuance.desk import ID_OCTETS, Desk
from issuance.operators.ports import OperatorReads
from issuance.ports import Enquiry, Linking
from issuance.rules.attributes import attribute_refusal
from issuance.rules.permissions import Action, actor, require_for_organisation
from issuance.steps.once import Once, write_once
from issuance.steps.refusals import Asker, refusals_recorded
from issuance.steps.standing import refuse
from pki.domain.attributes.records import Attribute
from pki.domain.errors import NotFound
from pki.domain.identifiers import AttributeId, PersonId, Ura, UziNumber
from pki.domain.people import Operator


class Giving(Linking, OperatorReads, Protocol):
    """What tells who belongs to an organisation, and keeps their attributes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAttribute:
    """Whose task, where, and which."""

    uzi_number: UziNumber
    ura: Ura
    type: str
    task_code: str


async def give_attribute(
    desk: Desk, operator: Operator, new: NewAttribute, once: Once[Attribute] | None = None
) -> Attribute:
    """Give a person of the organisation an attribute; what they have already stays as it is.

    Raises:
        Forbidden: the one who asks is no administrator of this organisation, nor of the team.
        Refused: ATTRIBUTE_UNKNOWN: this installation names no such type or code.
        NotFound: nobody of this organisation has this UZI number.
        AnsweredBefore, IdempotencyMismatch: the key was used before.
        StoreUnavailable: nothing was changed.
    """
    require_for_organisation(operator, Action.GIVE_ATTRIBUTE, new.ura)

    def change(session: Giving) -> Attribute:
        refuse(attribute_refusal(desk.attribute_types, new.type, new.task_code))
        person_id = _member(session, new)
        wanted = (new.type, new.task_code)
        for each in session.attributes_of(person_id, new.ura):
            if (each.type, each.task_code) == wanted:
                return each
        given = Attribute(
            id=AttributeId.from_random(desk.entropy.octets(ID_OCTETS)),
            person_id=person_id,
            ura=new.ura,
            type=new.type,
            task_code=new.task_code,
            since=session.now,
        )
        record_given(session, given, actor(operator))
        return given

    async with refusals_recorded(desk.store, Asker(actor=actor(operator)), desk.restraint):
        return await write_once(desk, change, once)


async def withdraw_attribute(
    desk: Desk,
    operator: Operator,
    attribute_id: AttributeId,
    once: Once[Attribute] | None = None,
) -> Attribute:
    """Take an attribute back.

    Raises:
        NotFound: nobody has it.
        Forbidden: the one who asks is no administrator of its organisation, nor of the team.
        AnsweredBefore, IdempotencyMismatch: the key was used before.
        StoreUnavailable: nothing was changed.
    """

    def change(session: Giving) -> Attribute:
        found = session.attribute(attribute_id)
        if found is None:
            raise NotFound(what="attribute", message=f"no attribute {attribute_id}")
        require_for_organisation(operator, Action.GIVE_ATTRIBUTE, found.ura)
        end_attribute(session, found, actor(operator))
        return found

    return await write_once(desk, change, once)


async def attributes_for(
    desk: Desk, operator: Operator, uzi_number: UziNumber, ura: Ura
) -> list[Attribute]:
    """What a person has at an organisation; nothing, where nobody there has this number.

    Raises:
        Forbidden: the one who asks manages no cards for this organisation, nor is of the team.
    """
    require_for_organisation(operator, Action.READ_ATTRIBUTES, ura)

    def look(snapshot: Enquiry) -> list[Attribute]:
        person = snapshot.person_by_uzi_number(uzi_number)
        return [] if person is None else list(snapshot.attributes_of(person.id, ura))

    return await desk.reader.read(look)


def _member(session: Giving, new: NewAttribute) -> PersonId:
    """Whoever has the number; not a word on people of other organisations.

    Raises:
        NotFound: nobody of this organisation has it.
    """
    person = session.person_by_uzi_number(new.uzi_number)
    if person is None or not _belongs(session, person.id, new.ura):
        raise NotFound(
            what="person",
            message="nobody of this organisation has this UZI number",
            next_step="check the number, and link the person's card to the organisation first",
        )
    return person.id


def _belongs(session: Giving, person_id: PersonId, ura: Ura) -> bool:
    card = session.live_card_of(person_id)
    if card is not None and ura in session.links_of(card.id):
        return True
    return any(each.ura == ura for each in session.mappings_of(person_id))
