"""Who may speak for an organisation, and what its operators may be. Pure."""

from datetime import datetime, timedelta
from typing import Final

from pki.domain.mobiel.records import MobielIdentity
from pki.domain.people import Operator, Organisation, OrganisationKind, Role
from pki.domain.reasons import RefusalReason
from pki.domain.uzi import PassType

APPOINTMENT_LASTS: Final = timedelta(days=10)
"""How long the code of an appointment may be used, as MAN has it for ZORG-ID Mobiel."""

INACTIVE_AFTER: Final = timedelta(weeks=4)
"""From when on an administrator is told that an operator is inactive (MAN)."""

SEEN_EVERY: Final = timedelta(days=1)
"""How exactly it is kept when an operator was seen: no more is needed, and each costs a write."""


def representation_refusal(
    organisation: Organisation | None, pass_type: PassType
) -> RefusalReason | None:
    """Why a pass of this type, which names the organisation, may not finish its registration.

    A Zorgverlener pass may (FAQ ZORG-ID Smartcard, REG); for a huisartsenpost, which may have
    none, an employee's pass may as well.
    """
    if organisation is None:
        return RefusalReason.ORGANISATION_UNKNOWN
    if pass_type is PassType.ZORGVERLENER:
        return None
    if organisation.kind is OrganisationKind.HUISARTSENPOST:
        return None
    return RefusalReason.REPRESENTATIVE_PASS


def supplier_refusal(role: Role, supplier: str | None) -> RefusalReason | None:
    """A supplier's people are beheerder at most: the organisation stays responsible (FAQ)."""
    if supplier is None or role is Role.BEHEERDER:
        return None
    return RefusalReason.SUPPLIER_ROLE


def is_inactive(who: Operator | MobielIdentity, now: datetime) -> bool:
    """Whether their certificate was not used for four weeks."""
    return who.seen_at is None or now - who.seen_at > INACTIVE_AFTER


def is_to_be_seen(operator: Operator, now: datetime) -> bool:
    """Whether it is time to write down again that the operator was here."""
    return operator.seen_at is None or now - operator.seen_at >= SEEN_EVERY
