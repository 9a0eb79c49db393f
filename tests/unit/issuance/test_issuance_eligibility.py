"""The rules, each alone and in their order."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from fakes.issuance_store import START
from issuance.rules.eligibility import Applicant, Order, order_refusal, session_refusal
from pki.domain.cards import Active, Blocked, Card, CardPhase, Ended, Issued, Lapsed, Ordered
from pki.domain.identifiers import (
    CardId,
    CardNumber,
    IdempotencyKey,
    OrganisationId,
    PersonId,
    SerialNumber,
    Ura,
)
from pki.domain.people import BirthDate, Organisation, OrganisationState
from pki.domain.reasons import BlockReason, RefusalReason, RevokeReason

SERIAL = SerialNumber(1 << 156)
ME, OTHER = PersonId("11" * 16), PersonId("22" * 16)
KEY, OTHER_KEY = IdempotencyKey("k" * 16), IdempotencyKey("o" * 16)
ORGANISATION = Organisation(
    id=OrganisationId("33" * 16),
    ura=Ura("12345678"),
    name="Apotheek",
    state=OrganisationState.REGISTERED,
)
GOOD = Applicant(
    organisation=ORGANISATION, uses_mobiel=False, live_card=None, resumable_since=START
)
LAPSED = Lapsed(at=START, serial=None, revoked_at=None)
ENDED = Ended(at=START, serial=SERIAL, revoked_at=START, reason=RevokeReason.DEFECT)
BLOCKED = Blocked(at=START, serial=SERIAL, reason=BlockReason.LOSS)


def card(phase: CardPhase, *, person: PersonId = ME, key: IdempotencyKey = OTHER_KEY) -> Card:
    return Card(
        id=CardId("44" * 16),
        person_id=person,
        ura=ORGANISATION.ura,
        card_number=CardNumber("ZC-000001"),
        order_key=key,
        phase=phase,
    )


ORDER = Order(
    applicant=GOOD,
    person_id=ME,
    key=KEY,
    birth_date=BirthDate(date(1980, 2, 29)),
    same_number=None,
    today=START.date(),
)


def test_who_meets_every_rule_may_go_on() -> None:
    assert session_refusal(GOOD) is None
    assert order_refusal(ORDER) is None


def test_a_closed_organisation_stays_good() -> None:
    closed = replace(ORGANISATION, state=OrganisationState.CLOSED)
    assert session_refusal(replace(GOOD, organisation=closed)) is None


@pytest.mark.parametrize(
    ("applicant", "reason"),
    [
        (replace(GOOD, organisation=None), RefusalReason.ORGANISATION_UNKNOWN),
        (replace(GOOD, uses_mobiel=True), RefusalReason.HOLDER_USES_MOBIEL),
    ],
)
def test_standing_bars_session_and_order(applicant: Applicant, reason: RefusalReason) -> None:
    assert session_refusal(applicant) is reason
    assert order_refusal(replace(ORDER, applicant=applicant)) is reason


@pytest.mark.parametrize("phase", [Active(at=START, serial=SERIAL), BLOCKED])
def test_a_finished_card_bars_a_session(phase: CardPhase) -> None:
    later = START + timedelta(seconds=1)
    applicant = replace(GOOD, live_card=card(phase), resumable_since=later)
    assert session_refusal(applicant) is RefusalReason.HOLDER_HAS_CARD


def test_a_card_of_a_moment_ago_may_be_one_whose_answer_was_lost() -> None:
    fresh = Active(at=START, serial=SERIAL)
    applicant = replace(GOOD, live_card=card(fresh, key=KEY), resumable_since=START)
    assert session_refusal(applicant) is None
    assert order_refusal(replace(ORDER, applicant=applicant)) is None
    other = replace(GOOD, live_card=card(fresh), resumable_since=START)
    assert order_refusal(replace(ORDER, applicant=other)) is RefusalReason.HOLDER_HAS_CARD
    blocked = replace(GOOD, live_card=card(BLOCKED), resumable_since=START)
    assert session_refusal(blocked) is RefusalReason.HOLDER_HAS_CARD


@pytest.mark.parametrize("phase", [Ordered(at=START), Issued(at=START, serial=SERIAL)])
def test_an_unfinished_card_bars_another_order_but_no_session(phase: CardPhase) -> None:
    applicant = replace(GOOD, live_card=card(phase))
    assert session_refusal(applicant) is None
    assert order_refusal(replace(ORDER, applicant=applicant)) is RefusalReason.HOLDER_HAS_CARD
    same = replace(GOOD, live_card=card(phase, key=KEY))
    assert order_refusal(replace(ORDER, applicant=same)) is None


@pytest.mark.parametrize(
    ("born", "plausible"),
    [
        (date(1899, 12, 31), False),
        (date(1900, 1, 1), True),
        (START.date(), True),
        (date(2026, 11, 23), False),
    ],
)
def test_birth_dates(born: date, plausible: bool) -> None:
    verdict = order_refusal(replace(ORDER, birth_date=BirthDate(born)))
    assert verdict is (None if plausible else RefusalReason.BIRTH_DATE_INVALID)


@pytest.mark.parametrize(
    ("former", "free"),
    [
        (card(LAPSED), True),
        (card(LAPSED, person=OTHER), False),
        (card(ENDED), False),
        (card(BLOCKED, person=OTHER), False),
        (card(Ordered(at=START), key=KEY), True),
    ],
)
def test_a_card_is_used_by_one_holder_once(former: Card, free: bool) -> None:
    verdict = order_refusal(replace(ORDER, same_number=former))
    assert verdict is (None if free else RefusalReason.CARD_NUMBER_IN_USE)


def test_the_rules_speak_in_order() -> None:
    live = card(BLOCKED)
    everything_wrong = replace(
        ORDER,
        applicant=replace(GOOD, organisation=None, uses_mobiel=True, live_card=live),
        birth_date=BirthDate(date(1800, 1, 1)),
        same_number=live,
    )
    mended: list[RefusalReason | None] = []
    for repair in (
        {},
        {"applicant": replace(GOOD, uses_mobiel=True, live_card=live)},
        {"applicant": replace(GOOD, live_card=live)},
        {"applicant": GOOD},
        {"birth_date": ORDER.birth_date},
        {"same_number": None},
    ):
        everything_wrong = replace(everything_wrong, **repair)
        mended.append(order_refusal(everything_wrong))
    assert mended == [
        RefusalReason.ORGANISATION_UNKNOWN,
        RefusalReason.HOLDER_USES_MOBIEL,
        RefusalReason.HOLDER_HAS_CARD,
        RefusalReason.BIRTH_DATE_INVALID,
        RefusalReason.CARD_NUMBER_IN_USE,
        None,
    ]
