"""Who may have a card: the rules in the order in which they are checked.

The order decides which message a person sees. The pass itself (genuine, type N, valid, not revoked)
is judged before, by whoever verifies passes; what is left are the rules that only the registration
knows.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from pki.domain.cards import Active, Card, Issued, Lapsed, Ordered
from pki.domain.identifiers import IdempotencyKey, PersonId
from pki.domain.people import BirthDate, Organisation
from pki.domain.reasons import RefusalReason

EARLIEST_BIRTH: Final = date(1900, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Applicant:
    """What is known when somebody shows a pass.

    ``resumable_since``: a card that became active after it may be one whose writer only lost the
    answer, and has yet to learn so.
    """

    organisation: Organisation | None
    uses_mobiel: bool
    live_card: Card | None
    resumable_since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is known when they order a card. ``same_number`` has the number already."""

    applicant: Applicant
    person_id: PersonId
    key: IdempotencyKey
    birth_date: BirthDate
    same_number: Card | None
    today: date


def _organisation_registered(who: Applicant) -> RefusalReason | None:
    # One that closed or merged stays good: passes that it handed out still name it.
    known = who.organisation is not None and who.organisation.makes_cards
    return None if known else RefusalReason.ORGANISATION_UNKNOWN


def _not_mobiel(who: Applicant) -> RefusalReason | None:
    return RefusalReason.HOLDER_USES_MOBIEL if who.uses_mobiel else None


def _no_finished_card(who: Applicant) -> RefusalReason | None:
    # What may be continued does not bar a session: the order decides, by its key.
    match None if who.live_card is None else who.live_card.phase:
        case None | Ordered() | Issued():
            return None
        case Active(at=at) if at >= who.resumable_since:
            return None
        case _:
            return RefusalReason.HOLDER_HAS_CARD


def _no_other_card(order: Order) -> RefusalReason | None:
    live = order.applicant.live_card
    if live is None or live.order_key == order.key:
        return None
    return RefusalReason.HOLDER_HAS_CARD


def _birth_date_plausible(order: Order) -> RefusalReason | None:
    plausible = EARLIEST_BIRTH <= order.birth_date.value <= order.today
    return None if plausible else RefusalReason.BIRTH_DATE_INVALID


def _card_unused(order: Order) -> RefusalReason | None:
    # A card whose order lapsed was never trusted: the same person may try again with it.
    used = order.same_number
    if used is None or used.order_key == order.key:
        return None
    if isinstance(used.phase, Lapsed) and used.person_id == order.person_id:
        return None
    return RefusalReason.CARD_NUMBER_IN_USE


APPLICANT_RULES: Final[tuple[Callable[[Applicant], RefusalReason | None], ...]] = (
    _organisation_registered,
    _not_mobiel,
)
ORDER_RULES: Final[tuple[Callable[[Order], RefusalReason | None], ...]] = (
    _no_other_card,
    _birth_date_plausible,
    _card_unused,
)


def session_refusal(applicant: Applicant) -> RefusalReason | None:
    """The first rule that bars this person from opening a session, if any."""
    verdicts = (rule(applicant) for rule in (*APPLICANT_RULES, _no_finished_card))
    return next(filter(None, verdicts), None)


def order_refusal(order: Order) -> RefusalReason | None:
    """The first rule that bars this order, if any."""
    standing = (rule(order.applicant) for rule in APPLICANT_RULES)
    refusal = next(filter(None, standing), None)
    return refusal or next(filter(None, (rule(order) for rule in ORDER_RULES)), None)
