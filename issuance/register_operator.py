"""The ZORG-ID team maps a client certificate to a person's role at an organisation."""

import hashlib
from dataclasses import dataclass
from typing import Final

from issuance.desk import ID_OCTETS, Desk
from issuance.ports import Registration
from issuance.rules.permissions import (
    CARDLESS_ROLES,
    OPERATOR_ROLES,
    ROLES_WITHOUT_ORGANISATION,
    Action,
    actor,
    require,
)
from issuance.steps.once import Once, write_once
from issuance.steps.refusals import Asker, refusals_recorded
from issuance.steps.standing import refuse
from pki.domain.errors import Conflict, Malformed
from pki.domain.events import OperatorRegistered
from pki.domain.identifiers import PersonId, Ura, UziNumber
from pki.domain.people import Actor, Operator, Person, PersonName, Role
from pki.domain.reasons import RefusalReason
from pki.ports import Entropy

NO_BIRTH_DATE: Final = b""
"""What is kept for a person whose birth date nobody asked: operators have no card."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPerson:
    """An operator who has a UZI number."""

    uzi_number: UziNumber
    name: PersonName


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOperator:
    """A client certificate (DER) and its bearer's role; ``ura`` is None for the team alone."""

    role: Role
    ura: Ura | None
    certificate: bytes
    person: KnownPerson | None = None


async def register_operator(
    desk: Desk, operator: Operator, new: NewOperator, once: Once[Operator] | None = None
) -> Operator:
    """Register an operator; doing so twice alike changes nothing.

    Raises:
        Forbidden: the one who asks is not of the ZORG-ID team.
        Malformed: role and organisation do not go together.
        Refused: the organisation is not registered, or the person has a card (rule of ZORG-ID:
            whoever manages cards uses ZORG-ID Mobiel, and nobody uses both).
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
    _check_role(session, new)
    digest = hashlib.sha256(new.certificate).digest()
    known = session.operator_by_certificate(digest)
    if known is not None:
        if (known.role, known.ura) != (new.role, new.ura):
            raise Conflict(message="the certificate is mapped to another role or organisation")
        return known
    operator = Operator(
        id=_person_of(session, entropy, new),
        role=new.role,
        ura=new.ura,
        certificate_sha256=digest,
    )
    session.put_operator(operator)
    event = OperatorRegistered(
        operator=operator.id,
        role=new.role.value,
        ura=new.ura,
        certificate_sha256=digest.hex(),
    )
    session.record(event, by)
    return operator


def _check_role(session: Registration, new: NewOperator) -> None:
    if new.role not in OPERATOR_ROLES:
        raise Malformed(what="role", message=f"{new.role.value} is not a role of operators")
    if (new.ura is None) is not (new.role in ROLES_WITHOUT_ORGANISATION):
        raise Malformed(
            what="URA", message="administrators and beheerders have one URA, others none"
        )
    if new.ura is not None and session.organisation_by_ura(new.ura) is None:
        refuse(RefusalReason.ORGANISATION_UNKNOWN)


def _person_of(session: Registration, entropy: Entropy, new: NewOperator) -> PersonId:
    fresh = PersonId.from_random(entropy.octets(ID_OCTETS))
    if new.person is None:
        return fresh
    known = session.person_by_uzi_number(new.person.uzi_number)
    if known is None:
        person = Person(id=fresh, uzi_number=new.person.uzi_number, name=new.person.name)
        session.put_person(person, NO_BIRTH_DATE)
        return fresh
    if new.role in CARDLESS_ROLES and session.live_card_of(known.id) is not None:
        refuse(RefusalReason.HOLDER_HAS_CARD)
    return known.id
