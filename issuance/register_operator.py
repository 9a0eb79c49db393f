"""The ZORG-ID team maps a client certificate to a person's role at an organisation."""

import hashlib
from dataclasses import dataclass
from typing import Final

from issuance.desk import ID_OCTETS, Desk
from issuance.operators.mappings import add_mapping
from issuance.ports import Registration
from issuance.rules.permissions import (
    CARDLESS_ROLES,
    OPERATOR_ROLES,
    ROLES_WITHOUT_ORGANISATION,
    Action,
    actor,
    require,
)
from issuance.rules.representation import supplier_refusal
from issuance.steps.once import Once, write_once
from issuance.steps.refusals import Asker, refusals_recorded
from issuance.steps.standing import refuse
from pki.domain.errors import Conflict, Malformed
from pki.domain.identifiers import PersonId, Ura
from pki.domain.people import Actor, Operator, OrganisationState, Person, Role
from pki.domain.reasons import RefusalReason
from pki.domain.registration.records import KnownPerson
from pki.ports import Entropy

NO_BIRTH_DATE: Final = b""
"""What is kept for a person whose birth date nobody asked: operators have no card."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOperator:
    """A client certificate (DER) and its bearer's role; ``ura`` is None for the team alone.

    ``supplier`` is the leverancier that the bearer works for.
    """

    role: Role
    ura: Ura | None
    certificate: bytes
    person: KnownPerson | None = None
    supplier: str | None = None


async def register_operator(
    desk: Desk, operator: Operator, new: NewOperator, once: Once[Operator] | None = None
) -> Operator:
    """Register an operator; doing so twice alike changes nothing.

    Raises:
        Forbidden: the one who asks is not of the ZORG-ID team.
        Malformed: role and organisation do not go together.
        Refused: the organisation is not registered; the person has a card (rule of ZORG-ID:
            whoever manages cards uses ZORG-ID Mobiel, and nobody uses both), is blocked there, or
            works for a supplier and would be more than beheerder.
        Conflict: the certificate is mapped to something else.
        StoreUnavailable: nothing was changed.
    """
    require(operator, Action.REGISTER_OPERATOR)
    asker = Asker(actor=actor(operator))
    async with refusals_recorded(desk.store, asker, desk.restraint):
        return await write_once(
            desk,
            lambda session: record_operator(session, desk.entropy, new, actor(operator)),
            once,
        )


def record_operator(
    session: Registration, entropy: Entropy, new: NewOperator, by: Actor
) -> Operator:
    """As `register_operator`, inside a transaction and without asking who it is."""
    check_role(session, new.role, new.ura, new.supplier)
    digest = hashlib.sha256(new.certificate).digest()
    known = session.operator_by_certificate(digest)
    if known is not None:
        if (known.role, known.ura) != (new.role, new.ura):
            raise Conflict(message="the certificate is mapped to another role or organisation")
        return known
    fresh = PersonId.from_random(entropy.octets(ID_OCTETS))
    who = fresh if new.person is None else person_of(session, fresh, new.role, new.person)
    operator = Operator(
        id=who,
        role=new.role,
        ura=new.ura,
        certificate_sha256=digest,
        supplier=new.supplier,
        seen_at=session.now,
    )
    record_mapping(session, operator, by)
    return operator


def record_mapping(session: Registration, operator: Operator, by: Actor) -> None:
    """Let a client certificate make somebody an operator.

    Raises:
        Refused: OPERATOR_STATE: they are blocked at this organisation; MOBIEL_STATE: it is, or was,
            that of a ZORG-ID Mobiel which lets nobody in.
    """
    mobiel = session.mobiel_by_certificate(operator.certificate_sha256)
    if mobiel is not None and not mobiel.lets_in(operator.certificate_sha256):
        refuse(RefusalReason.MOBIEL_STATE)
    require_unblocked(session, operator.id, operator.ura)
    add_mapping(session, operator, by)


def require_unblocked(session: Registration, person_id: PersonId, ura: Ura | None) -> None:
    """A block is lifted, not gone around with another certificate.

    Raises:
        Refused: OPERATOR_STATE.
    """
    theirs = session.mappings_of(person_id)
    if any(each.ura == ura and each.blocked_at is not None for each in theirs):
        refuse(RefusalReason.OPERATOR_STATE)


def check_role(session: Registration, role: Role, ura: Ura | None, supplier: str | None) -> None:
    """Role, organisation and supplier go together.

    Raises:
        Malformed: not a role of operators, or an organisation too many or too few.
        Refused: the organisation is not registered or has merged; the role is not a supplier's.
    """
    if role not in OPERATOR_ROLES:
        raise Malformed(what="role", message=f"{role.value} is not a role of operators")
    if (ura is None) is not (role in ROLES_WITHOUT_ORGANISATION):
        raise Malformed(
            what="URA", message="administrators and beheerders have one URA, others none"
        )
    refuse(supplier_refusal(role, supplier))
    if ura is None:
        return
    organisation = session.organisation_by_ura(ura)
    if organisation is None or not organisation.makes_cards:
        refuse(RefusalReason.ORGANISATION_UNKNOWN)
    elif organisation.state is OrganisationState.MERGED:
        refuse(RefusalReason.ORGANISATION_STATE)


def person_of(session: Registration, fresh: PersonId, role: Role, known: KnownPerson) -> PersonId:
    """The person with this UZI number, put down under the id ``fresh`` if they are new.

    Raises:
        Refused: HOLDER_HAS_CARD: they have a smartcard, and the role rests on ZORG-ID Mobiel.
    """
    person = session.person_by_uzi_number(known.uzi_number)
    if person is None:
        made = Person(id=fresh, uzi_number=known.uzi_number, name=known.name)
        session.put_person(made, NO_BIRTH_DATE)
        return fresh
    if role in CARDLESS_ROLES and session.live_card_of(person.id) is not None:
        refuse(RefusalReason.HOLDER_HAS_CARD)
    return person.id
