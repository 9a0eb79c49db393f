"""What becomes of each serial of an order, and whose word it takes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest

from issuance.emergency.carrying_out import two_people
from issuance.emergency.fate import DONE_HERE, Cause, Fate, Judged, ending, judge
from pki.domain.cards import (
    Active,
    Blocked,
    Card,
    CardPhase,
    Ended,
    Expired,
    Issued,
    Lapsed,
    certificate_status,
)
from pki.domain.emergency.records import (
    CertifiedSubscriber,
    RecordedSerial,
    Subscriber,
    SubscriberKind,
)
from pki.domain.errors import Forbidden
from pki.domain.events import CardBlocked, CardLapsed, CardRevoked
from pki.domain.identifiers import PersonId, SerialNumber, Ura
from pki.domain.mobiel.events import MobielBlocked, MobielEnded
from pki.domain.mobiel.records import MobielState
from pki.domain.people import Operator, Role
from pki.domain.reasons import BlockReason, RevocationReason, RevokeReason
from pki.domain.status import CertificateStatus, Good, Revoked, Unconfirmed
from stores.phones import mobiel
from stores.samples import ISSUER, NOON, card, serial

SERIAL = serial(1)
LATER = NOON + timedelta(days=5)
YEARS = NOON + timedelta(days=365)
GOOD = Good()
BLOCK = BlockReason.LOSS
CAUSE = Cause(reason=RevokeReason.COMPROMISE, compromised_since=None)
PHASES: list[tuple[CardPhase, Fate]] = [
    (Issued(at=NOON, serial=SERIAL), Fate.END),
    (Active(at=NOON, serial=SERIAL), Fate.REVOKE),
    (Blocked(at=NOON, serial=SERIAL, reason=BLOCK), Fate.REVOKE),
    (
        Ended(at=NOON, serial=SERIAL, revoked_at=NOON, reason=RevokeReason.DEFECT),
        Fate.REVOKED,
    ),
    (Lapsed(at=NOON, serial=SERIAL, revoked_at=NOON), Fate.REVOKED),
    (Expired(at=NOON, serial=SERIAL, held_since=None), Fate.EXPIRED),
]


def certified(subscriber: Subscriber) -> CertifiedSubscriber:
    return CertifiedSubscriber(
        subscriber=subscriber, issuer=ISSUER, serial=SERIAL, not_before=NOON, not_after=YEARS
    )


@dataclass(frozen=True)
class Known:
    """One serial, as it was recorded."""

    kind: SubscriberKind = SubscriberKind.CARD
    found: CertifiedSubscriber | None = None
    status: CertificateStatus = GOOD

    def recorded(self, serials: Sequence[SerialNumber], /) -> dict[SerialNumber, RecordedSerial]:
        return {SERIAL: RecordedSerial(kind=self.kind, status=self.status, certified=self.found)}


@pytest.mark.parametrize(("phase", "fate"), PHASES)
def test_each_phase_has_its_fate(phase: CardPhase, fate: Fate) -> None:
    [found] = judge(Known(found=certified(card(1, phase))), [SERIAL], LATER)
    assert (found.fate, found.kind) == (fate, SubscriberKind.CARD)
    assert (found.found is not None) == (fate in DONE_HERE)


@pytest.mark.parametrize(
    ("state", "at", "fate"),
    [
        (MobielState.REGISTERED, LATER, Fate.REVOKE),
        (MobielState.BLOCKED, LATER, Fate.REVOKE),
        (MobielState.ENDED, LATER, Fate.REVOKED),
        (MobielState.REGISTERED, YEARS, Fate.REVOKE),
        (MobielState.REGISTERED, YEARS + timedelta(seconds=1), Fate.EXPIRED),
    ],
)
def test_each_state_of_a_telephone_has_its_fate(
    state: MobielState, at: datetime, fate: Fate
) -> None:
    phone = replace(mobiel(1), state=state)
    known = Known(SubscriberKind.TELEPHONE, certified(phone))
    [found] = judge(known, [SERIAL], at)
    assert (found.fate, found.kind) == (fate, SubscriberKind.TELEPHONE)
    assert (found.found is not None) == (fate in DONE_HERE)


@pytest.mark.parametrize("kind", SubscriberKind)
@pytest.mark.parametrize(
    ("status", "fate"),
    [
        (Unconfirmed(since=NOON), Fate.UNSIGNED),
        (Revoked(at=NOON, reason=None), Fate.REVOKED),
        (Revoked(at=NOON, reason=RevocationReason.SUPERSEDED), Fate.REVOKED),
    ],
)
def test_serials_that_nothing_has(
    kind: SubscriberKind, status: CertificateStatus, fate: Fate
) -> None:
    known = Known(kind, status=status)
    assert judge(known, [SERIAL], LATER) == [Judged(serial=SERIAL, fate=fate, kind=kind)]


def test_a_serial_of_nobody() -> None:
    assert judge(Known(), [serial(2)], LATER) == [Judged(serial=serial(2), fate=Fate.UNKNOWN)]


HELD_CARD = card(1, Blocked(at=NOON, serial=SERIAL, reason=BLOCK))
HELD_PHONE = replace(mobiel(1), state=MobielState.BLOCKED)
IN_USE = [card(1, Active(at=NOON, serial=SERIAL)), mobiel(1)]


@pytest.mark.parametrize("subscriber", IN_USE, ids=["card", "telephone"])
def test_what_is_in_use_is_blocked_and_revoked_in_one_act_with_one_date(
    subscriber: Subscriber,
) -> None:
    end = ending(certified(subscriber), CAUSE, LATER)
    held, final = end.events
    assert isinstance(held, CardBlocked | MobielBlocked)
    assert held.reason is BlockReason.SECURITY_INCIDENT
    assert isinstance(final, CardRevoked | MobielEnded)
    assert (final.revoked_at, final.reason) == (LATER, RevokeReason.COMPROMISE)
    assert end.status == Revoked(at=LATER, reason=RevocationReason.KEY_COMPROMISE)
    if isinstance(end.after, Card):
        assert certificate_status(end.after.phase) == end.status
    else:
        assert (end.after.state, end.after.state_at) == (MobielState.ENDED, LATER)


@pytest.mark.parametrize("subscriber", [HELD_CARD, HELD_PHONE], ids=["card", "telephone"])
def test_a_block_that_was_there_keeps_its_date(subscriber: Subscriber) -> None:
    end = ending(certified(subscriber), CAUSE, LATER)
    [final] = end.events
    assert isinstance(final, CardRevoked | MobielEnded)
    assert final.revoked_at == NOON
    assert end.status == Revoked(at=NOON, reason=RevocationReason.KEY_COMPROMISE)
    at = end.after.phase.at if isinstance(end.after, Card) else end.after.state_at
    assert at == LATER


def test_a_card_that_never_was_confirmed_is_given_up_since_it_began() -> None:
    end = ending(certified(card(1, Issued(at=NOON, serial=SERIAL))), CAUSE, LATER)
    assert [type(each) for each in end.events] == [CardLapsed]
    assert isinstance(end.status, Revoked)


@pytest.mark.parametrize(
    ("subscriber", "since", "recorded"),
    [
        (subscriber, since, recorded)
        for subscriber in IN_USE
        for since, recorded in (
            (LATER - timedelta(hours=1), LATER - timedelta(hours=1)),
            (NOON - timedelta(days=9), NOON),
            (LATER, LATER),
        )
    ]
    + [(HELD_CARD, LATER, None), (HELD_PHONE, LATER, None)],
)
def test_one_moment_of_compromise_fits_each(
    subscriber: Subscriber, since: datetime, recorded: datetime | None
) -> None:
    end = ending(certified(subscriber), replace(CAUSE, compromised_since=since), LATER)
    assert isinstance(end.status, Revoked)
    assert end.status.compromised_since == recorded
    final = end.events[-1]
    assert isinstance(final, CardRevoked | MobielEnded)
    assert final.compromised_since == recorded


def person(number: int, role: Role = Role.ZORGID_TEAM) -> Operator:
    return Operator(
        id=PersonId(f"{number % 10:032x}"),
        role=role,
        ura=None if role is Role.ZORGID_TEAM else Ura("90000111"),
        certificate_sha256=bytes([number]) * 32,
    )


def test_two_people_are_two_people_not_two_certificates() -> None:
    assert two_people([person(1), person(11), person(2)]) == (person(1), person(2))
    for too_few in ([], [person(1)], [person(1), person(11)]):
        with pytest.raises(Forbidden, match="fewer than two people"):
            two_people(too_few)


def test_who_is_blocked_approves_nothing() -> None:
    blocked = replace(person(3), blocked_at=NOON)
    for operators in ([person(1), person(2), blocked], [blocked, person(1)]):
        with pytest.raises(Forbidden, match="blocked"):
            two_people(operators)


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.BEHEERDER, Role.STATUS_NODE])
def test_nobody_else_may_order_it(role: Role) -> None:
    with pytest.raises(Forbidden):
        two_people([person(1), person(2), person(3, role)])
    with pytest.raises(Forbidden, match="no operator"):
        two_people([person(1), person(2), None])
