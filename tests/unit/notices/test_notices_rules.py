"""What is told of which event, for how long, and how long a failure waits."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from issuance.notices.rules import (
    AHEAD,
    LEASE,
    LONGEST_WAIT,
    NEWS,
    expiry_fact,
    fact_of,
    held_fact,
    notice_to,
    wait_after,
)
from pki.domain.events import CardBlocked, CardRevoked, CardUnblocked, Event
from pki.domain.identifiers import CardId, IssuerId, OrganisationId, SerialNumber, Ura
from pki.domain.journal import JournalEntry
from pki.domain.linking.events import CardUnlinked
from pki.domain.notices.records import MailState, NoticeKind
from pki.domain.people import SYSTEM
from pki.domain.reasons import BlockReason, RevokeReason

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = timedelta(days=1)
CARD, ONE, TWO = CardId("1" * 32), OrganisationId("2" * 32), OrganisationId("3" * 32)
ISSUER, SERIAL, URA = IssuerId("token-ca-g1"), SerialNumber(7), Ura("90000382")
BLOCKED = CardBlocked(card=CARD, issuer=ISSUER, serial=SERIAL, reason=BlockReason.LOSS)
REVOKED = CardRevoked(
    card=CARD,
    issuer=ISSUER,
    serial=SERIAL,
    reason=RevokeReason.DEFECT,
    revoked_at=NOON - 9 * DAY,
)
UNBLOCKED = CardUnblocked(card=CARD, issuer=ISSUER, serial=SERIAL)


def unlinked(ends_at: datetime | None) -> CardUnlinked:
    return CardUnlinked(card=CARD, organisation=ONE, ura=URA, ends_at=ends_at)


def entry(event: Event) -> JournalEntry:
    return JournalEntry(
        position=1, at=NOON, actor=SYSTEM, event=event, previous=bytes(32), digest=bytes(32)
    )


@pytest.mark.parametrize(
    ("event", "kind", "until"),
    [
        (BLOCKED, NoticeKind.BLOCKED, NOON + NEWS),
        (REVOKED, NoticeKind.REVOKED, NOON + NEWS),
        (unlinked(NOON + 61 * DAY), NoticeKind.UNLINKED, NOON + 61 * DAY),
    ],
)
def test_what_events_tell(event: Event, kind: NoticeKind, until: datetime) -> None:
    fact = fact_of(entry(event))
    assert fact is not None
    assert (fact.kind, fact.card, fact.at, fact.until) == (kind, CARD, NOON, until)


@pytest.mark.parametrize("event", [UNBLOCKED, unlinked(None)])
def test_what_is_not_told(event: Event) -> None:
    assert fact_of(entry(event)) is None


def test_the_days_before_a_card_expires_leave_no_gap_and_never_overlap() -> None:
    spans = sorted((later, ahead) for _, ahead, later in AHEAD)
    assert spans[0][0] == timedelta()
    assert all(ahead == later for (_, ahead), (later, _) in pairwise(spans))
    assert {kind.value: ahead.days for kind, ahead, _ in AHEAD} == {
        "expires-90": 90,
        "expires-30": 30,
        "expires-7": 7,
    }


def test_an_expiry_is_told_until_the_next_one_says_it_better() -> None:
    ends = {kind: expiry_fact(kind, CARD, NOON).until for kind, _, _ in AHEAD}
    assert ends == {
        NoticeKind.EXPIRES_90: NOON - 30 * DAY,
        NoticeKind.EXPIRES_30: NOON - 7 * DAY,
        NoticeKind.EXPIRES_7: NOON,
    }


def test_the_same_fact_has_the_same_id_and_another_has_another() -> None:
    fact = expiry_fact(NoticeKind.EXPIRES_90, CARD, NOON)
    others = [
        notice_to(TWO, fact, NOON),
        notice_to(ONE, expiry_fact(NoticeKind.EXPIRES_30, CARD, NOON), NOON),
        notice_to(ONE, expiry_fact(NoticeKind.EXPIRES_90, CARD, NOON + DAY), NOON),
        notice_to(ONE, held_fact(CARD, NOON, DAY), NOON),
    ]
    first = notice_to(ONE, fact, NOON)
    assert notice_to(ONE, fact, NOON + DAY).id == first.id
    assert len({first.id, *(each.id for each in others)}) == 5
    assert (first.mail, first.made_at) == (MailState.WAITING, NOON)


def test_failures_wait_longer_and_longer_up_to_a_limit() -> None:
    waits = [wait_after(tries) for tries in range(10)]
    assert waits == sorted(waits)
    assert waits[0] == timedelta(minutes=1)
    assert waits[-1] == LONGEST_WAIT
    assert 2 * waits[0] < LEASE
