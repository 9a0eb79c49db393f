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
    CardPhase,
    Ended,
    Expired,
    Issued,
    Lapsed,
    certificate_status,
)
from pki.domain.emergency.records import CertifiedCard
from pki.domain.errors import Forbidden
from pki.domain.events import CardBlocked, CardLapsed, CardRevoked
from pki.domain.identifiers import IssuerId, PersonId, SerialNumber, Ura
from pki.domain.people import Operator, Role
from pki.domain.reasons import BlockReason, RevocationReason, RevokeReason
from pki.domain.records import Intent
from pki.domain.status import CertificateStatus, Revoked, Unconfirmed
from store_samples import ISSUER, NOON, card, intent, serial

SERIAL = serial(1)
LATER = NOON + timedelta(days=5)
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


def certified(phase: CardPhase) -> CertifiedCard:
    return CertifiedCard(card=card(1, phase), issuer=ISSUER, not_before=NOON)


@dataclass(frozen=True)
class Known:
    card: CertifiedCard | None = None
    recorded: Intent | None = None
    now: CertificateStatus | None = None

    def certified_cards(
        self, serials: Sequence[SerialNumber], /
    ) -> dict[SerialNumber, CertifiedCard]:
        return {} if self.card is None else {SERIAL: self.card}

    def status(self, issuer: IssuerId, serial: SerialNumber, /) -> CertificateStatus | None:
        return self.now

    def intent(self, serial: SerialNumber, /) -> Intent | None:
        return self.recorded


@pytest.mark.parametrize(("phase", "fate"), PHASES)
def test_each_phase_has_its_fate(phase: CardPhase, fate: Fate) -> None:
    [found] = judge(Known(card=certified(phase)), [SERIAL])
    assert found.fate is fate
    assert (found.card is not None) == (fate in DONE_HERE)


@pytest.mark.parametrize(
    ("known", "fate"),
    [
        (Known(), Fate.UNKNOWN),
        (Known(recorded=intent(1), now=Unconfirmed(since=NOON)), Fate.UNSIGNED),
        (Known(recorded=intent(1), now=Revoked(at=NOON, reason=None)), Fate.REVOKED),
    ],
)
def test_serials_without_a_card(known: Known, fate: Fate) -> None:
    assert judge(known, [SERIAL]) == [Judged(serial=SERIAL, fate=fate)]


def test_a_card_in_use_is_blocked_and_revoked_in_one_act_with_one_date() -> None:
    end = ending(certified(Active(at=NOON, serial=SERIAL)), CAUSE, LATER)
    held, final = end.events
    assert isinstance(held, CardBlocked)
    assert isinstance(final, CardRevoked)
    assert final.revoked_at == LATER
    status = certificate_status(end.card.phase)
    assert status == Revoked(at=LATER, reason=RevocationReason.KEY_COMPROMISE)


def test_a_block_that_was_there_keeps_its_date() -> None:
    held = Blocked(at=NOON, serial=SERIAL, reason=BLOCK)
    end = ending(certified(held), CAUSE, LATER)
    assert [type(each) for each in end.events] == [CardRevoked]
    assert isinstance(end.card.phase, Ended)
    assert (end.card.phase.revoked_at, end.card.phase.at) == (NOON, LATER)


def test_a_card_that_never_was_confirmed_is_given_up_since_it_began() -> None:
    end = ending(certified(Issued(at=NOON, serial=SERIAL)), CAUSE, LATER)
    assert [type(each) for each in end.events] == [CardLapsed]
    assert isinstance(certificate_status(end.card.phase), Revoked)


@pytest.mark.parametrize(
    ("phase", "since", "recorded"),
    [
        (Active(at=NOON, serial=SERIAL), LATER - timedelta(hours=1), LATER - timedelta(hours=1)),
        (Active(at=NOON, serial=SERIAL), NOON - timedelta(days=9), NOON),
        (Active(at=NOON, serial=SERIAL), LATER, LATER),
        (Blocked(at=NOON, serial=SERIAL, reason=BLOCK), LATER, None),
    ],
    ids=["between", "before the certificate", "now", "after the block"],
)
def test_one_moment_of_compromise_fits_each_card(
    phase: CardPhase, since: datetime, recorded: datetime | None
) -> None:
    cause = replace(CAUSE, compromised_since=since)
    end = ending(certified(phase), cause, LATER)
    assert isinstance(end.card.phase, Ended)
    assert end.card.phase.compromised_since == recorded
    assert end.events[-1].compromised_since == recorded  # type: ignore[attr-defined] # CardRevoked


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
