"""What held at a moment: the exact edges of intervals, and what nobody can know."""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import pytest

from fakes_issuance import APOTHEEK, HUISARTS
from issuance.statement.at import Question, StatusAt, read_moment, status_at
from issuance.statement.content import described, statement
from issuance.statement.make import Statements, read_facts
from issuance.statement.ports import History
from pki.domain.errors import Conflict, Forbidden, Malformed, NotFound, Refused
from pki.domain.events import (
    CardBlocked,
    CardConfirmed,
    CardRevoked,
    CardUnblocked,
    CertificateIntended,
    Event,
    InstallationCreated,
)
from pki.domain.identifiers import CardId, IssuerId, PersonId, SerialNumber, Ura
from pki.domain.journal import (
    GENESIS,
    JournalHead,
    RawEntry,
    append,
    canonical_json,
    to_raw,
    verify_chain,
)
from pki.domain.people import SYSTEM, Operator, Role
from pki.domain.reasons import BlockReason, RevocationReason, RevokeReason
from pki.domain.records import IssuedCertificate, StatusInterval
from pki.domain.status import CertificateStatus, Good, OnHold, Revoked, Unconfirmed

T = TypeVar("T")

BEGIN = datetime(2026, 11, 1, 9, tzinfo=UTC)
TICK = timedelta(microseconds=1)
NOW = BEGIN + timedelta(days=1500)
SERIAL = SerialNumber((1 << 156) + 7)
NEVER = SerialNumber((1 << 156) + 8)
ISSUER = IssuerId("token-ca-g1")
OTHER = IssuerId("token-ca-g2")
CARD = CardId("0" * 32)


def at(**since: float) -> datetime:
    return BEGIN + timedelta(**since)


INTENDED, CONFIRMED = at(hours=1), at(hours=1, seconds=20, microseconds=7)
BLOCKED, UNBLOCKED = at(days=10), at(days=11)
BLOCKED_AGAIN, REVOKED = at(days=20), at(days=21)
NOT_AFTER = INTENDED + timedelta(days=1095)


@dataclass
class Past:
    """A store's history, made of domain values; it satisfies `History`."""

    entries: list[RawEntry] = field(default_factory=list)
    intervals: list[StatusInterval] = field(default_factory=list)
    issued: IssuedCertificate | None = None
    links: tuple[Ura, ...] = (APOTHEEK,)

    def head(self) -> JournalHead:
        if not self.entries:
            return JournalHead(position=0, digest=GENESIS)
        last = self.entries[-1]
        return JournalHead(position=last.position, digest=last.digest)

    def raw_journal(self, after: int, limit: int, /) -> Iterator[RawEntry]:
        yield from self.entries[after : after + limit]

    def history(self, serial: SerialNumber, /) -> tuple[StatusInterval, ...]:
        return tuple(each for each in self.intervals if each.serial == serial)

    def certificate(self, serial: SerialNumber, /) -> IssuedCertificate | None:
        return self.issued if serial == SERIAL else None

    def installation(self) -> tuple[str, str] | None:
        return "f" * 32, "practice"

    def links_of(self, card_id: CardId, /) -> tuple[Ura, ...]:
        return self.links if card_id == CARD else ()

    async def read(self, query: Callable[[History], T], /) -> T:
        return query(self)

    def record(self, event: Event, moment: datetime) -> int:
        entry = append(self.head(), at=moment, actor=SYSTEM, event=event)
        self.entries.append(to_raw(entry))
        return entry.position

    def become(self, status: CertificateStatus, event: Event, moment: datetime) -> None:
        if self.intervals:
            last = self.intervals.pop()
            self.intervals.append(
                StatusInterval(
                    serial=SERIAL,
                    issuer=ISSUER,
                    status=last.status,
                    since=last.since,
                    until=moment,
                    actor=SYSTEM,
                    position=last.position,
                )
            )
        self.intervals.append(
            StatusInterval(
                serial=SERIAL,
                issuer=ISSUER,
                status=status,
                since=moment,
                until=None,
                actor=SYSTEM,
                position=self.record(event, moment),
            )
        )


def started() -> Past:
    past = Past()
    past.record(InstallationCreated(kind="practice", installation="f" * 32), BEGIN)
    return past


def lived() -> Past:
    """Intended, confirmed, blocked, unblocked, blocked again and revoked."""
    past = started()
    intended = CertificateIntended(
        card=CARD, issuer=ISSUER, serial=SERIAL, tbs_sha256="00" * 32, profile="card@1"
    )
    past.become(Unconfirmed(since=INTENDED), intended, INTENDED)
    past.issued = IssuedCertificate(
        serial=SERIAL,
        issuer=ISSUER,
        card_id=CARD,
        der=b"certificate",
        not_before=INTENDED.replace(microsecond=0),
        not_after=NOT_AFTER,
        key_sha256=bytes(32),
    )
    past.become(Good(), CardConfirmed(card=CARD, issuer=ISSUER, serial=SERIAL), CONFIRMED)
    for since, until in ((BLOCKED, UNBLOCKED), (BLOCKED_AGAIN, None)):
        block = CardBlocked(card=CARD, issuer=ISSUER, serial=SERIAL, reason=BlockReason.LOSS)
        past.become(OnHold(since=since), block, since)
        if until is not None:
            lifted = CardUnblocked(card=CARD, issuer=ISSUER, serial=SERIAL)
            past.become(Good(), lifted, until)
    revoked = CardRevoked(
        card=CARD,
        issuer=ISSUER,
        serial=SERIAL,
        reason=RevokeReason.LOSS_OR_THEFT,
        revoked_at=BLOCKED_AGAIN,
    )
    final = Revoked(at=BLOCKED_AGAIN, reason=RevocationReason.KEY_COMPROMISE)
    past.become(final, revoked, REVOKED)
    return past


def asked(past: Past, moment: datetime, now: datetime = NOW, **question: object) -> StatusAt:
    asking = Question(at=moment, **({"serial": SERIAL} | question))  # type: ignore[arg-type] # of the tests below
    return status_at(asking, read_facts(past, asking), now)


def told(past: Past, moment: datetime) -> tuple[str, str, str, bool]:
    answer = described(asked(past, moment))["answer"]
    assert isinstance(answer, dict)
    return answer["status"], answer["ocsp"], answer["crl"], answer["valid"]


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (BEGIN, ("not-issued", "unknown", "absent", False)),
        (INTENDED - TICK, ("not-issued", "unknown", "absent", False)),
        (INTENDED, ("unconfirmed", "revoked", "absent", False)),
        (CONFIRMED - TICK, ("unconfirmed", "revoked", "absent", False)),
        (CONFIRMED, ("good", "good", "absent", True)),
        (BLOCKED - TICK, ("good", "good", "absent", True)),
        (BLOCKED, ("on-hold", "revoked", "listed", False)),
        (UNBLOCKED - TICK, ("on-hold", "revoked", "listed", False)),
        (UNBLOCKED, ("good", "good", "absent", True)),
        (BLOCKED_AGAIN, ("on-hold", "revoked", "listed", False)),
        (REVOKED - TICK, ("on-hold", "revoked", "listed", False)),
        (REVOKED, ("revoked", "revoked", "listed", False)),
        (NOT_AFTER + timedelta(days=100), ("revoked", "revoked", "listed", False)),
    ],
)
def test_at_the_instant_of_a_change_the_new_status_holds(
    moment: datetime, expected: tuple[str, str, str, bool]
) -> None:
    assert told(lived(), moment) == expected


def test_what_was_revoked_after_a_block_keeps_the_blocks_date() -> None:
    answer = described(asked(lived(), REVOKED + TICK))["answer"]
    assert isinstance(answer, dict)
    assert answer["revoked_at"] == "2026-11-21T09:00:00.000000Z"
    assert answer["reason"] == "keyCompromise"
    assert answer["since"] == "2026-11-22T09:00:00.000000Z"


@pytest.mark.parametrize(
    ("moment", "validity", "valid"),
    [
        (NOT_AFTER, "within", True),
        (NOT_AFTER + timedelta(milliseconds=999), "within", True),
        (NOT_AFTER + timedelta(seconds=1), "after", False),
    ],
)
def test_expiry_ends_validity_and_not_the_status(
    moment: datetime, validity: str, *, valid: bool
) -> None:
    past = lived()
    del past.intervals[2:]
    found = asked(past, moment)
    assert (found.validity, found.valid) == (validity, valid)
    assert described(found)["answer"]["status"] == "good"  # type: ignore[index] # an object


def test_before_its_own_dates_it_is_not_valid() -> None:
    past = lived()
    assert asked(past, INTENDED - TICK).validity == "before"


def test_two_changes_at_one_instant_leave_the_last() -> None:
    past = started()
    for status in (Good(), OnHold(since=INTENDED)):
        past.become(status, CardUnblocked(card=CARD, issuer=ISSUER, serial=SERIAL), INTENDED)
    assert told(past, INTENDED)[0] == "on-hold"
    assert told(past, INTENDED - TICK)[0] == "not-issued"


def test_a_serial_that_was_given_up_has_no_dates() -> None:
    past = started()
    lost = Revoked(at=INTENDED, reason=None)
    past.become(lost, CardUnblocked(card=CARD, issuer=ISSUER, serial=SERIAL), INTENDED)
    found = asked(past, CONFIRMED)
    assert (found.validity, found.valid) == (None, False)
    assert described(found)["certificate"] is None


def test_a_serial_never_issued() -> None:
    found = asked(lived(), REVOKED, serial=NEVER)
    assert (found.interval, found.validity, found.valid) == (None, None, False)
    content = described(found)
    assert content["issuer"] is None
    assert (content["history"], content["entries"]) == ([], [])


def test_another_issuer_never_issued_it() -> None:
    found = asked(lived(), REVOKED, issuer=OTHER)
    assert found.interval is None
    content = described(found)
    assert (content["issuer"], content["certificate"]) == ("token-ca-g2", None)
    assert asked(lived(), REVOKED, issuer=ISSUER).interval is not None


def test_the_future_is_not_known() -> None:
    with pytest.raises(Malformed, match="future"):
        asked(lived(), NOW + TICK)
    assert asked(lived(), NOW - timedelta(minutes=1)).interval is not None


def test_nothing_is_known_of_the_time_before_the_journal() -> None:
    with pytest.raises(NotFound, match=r"begins at 2026-11-01T09:00:00\.000000Z"):
        asked(lived(), BEGIN - TICK)
    with pytest.raises(NotFound, match="is empty"):
        asked(Past(), BEGIN)


@pytest.mark.parametrize("ago", [0, 1, 59])
def test_a_moment_that_a_commit_under_way_may_still_change_is_refused(ago: int) -> None:
    now = REVOKED + timedelta(hours=1)
    with pytest.raises(Conflict, match="recent"):
        asked(lived(), now - timedelta(seconds=ago), now)
    assert asked(lived(), now - timedelta(seconds=60), now).interval is not None


def test_a_moment_before_the_last_entry_is_settled_at_once() -> None:
    """Entries never go back in time, so nothing can be put before one that is there."""
    now = REVOKED + timedelta(seconds=1)
    assert described(asked(lived(), REVOKED - TICK, now))["answer"]["status"] == "on-hold"  # type: ignore[index] # an object
    with pytest.raises(Conflict):
        asked(lived(), REVOKED, now)


def test_a_statement_is_canonical_and_holds_the_entries_as_exported() -> None:
    past = lived()
    text = statement(asked(past, REVOKED), NOW)
    content = json.loads(text)
    assert canonical_json(content) == text
    assert content["made_at"] == "2030-12-10T09:00:00.000000Z"
    assert content["certificate"]["sha256"] == hashlib.sha256(b"certificate").hexdigest()
    assert content["journal"]["position"] == len(past.entries)
    assert [each["position"] for each in content["entries"]] == [2, 3, 4, 5, 6, 7]
    raw = tuple(map(raw_of, content["entries"]))
    assert raw == tuple(past.entries[1:])
    before = JournalHead(position=1, digest=past.entries[0].digest)
    assert verify_chain(raw, after=before) == past.head()


def raw_of(entry: dict[str, object]) -> RawEntry:
    octets = {name: bytes.fromhex(str(entry[name])) for name in ("previous", "digest")}
    return RawEntry(**(entry | octets))  # type: ignore[arg-type] # as exported


def test_intervals_follow_each_other_without_gaps() -> None:
    history = described(asked(lived(), REVOKED))["history"]
    assert isinstance(history, Sequence)
    ends = [each["until"] for each in history]
    assert ends == [*(each["since"] for each in history[1:]), None]


async def test_operators_read_the_past_of_cards_they_may_see() -> None:
    statements = Statements(reader=lived(), evidence=None, clock=FixedClock())
    question = Question(serial=SERIAL, at=REVOKED)
    for role, ura in ((Role.BEHEERDER, APOTHEEK), (Role.ZORGID_TEAM, None)):
        found = await statements.for_operator(operator(role, ura), question)
        assert found.interval is not None
    with pytest.raises(Refused):
        await statements.for_operator(operator(Role.BEHEERDER, HUISARTS), question)
    with pytest.raises(Forbidden):
        await statements.for_operator(operator(Role.STATUS_NODE, None), question)


async def test_only_the_team_learns_that_a_serial_was_never_issued() -> None:
    statements = Statements(reader=lived(), evidence=None, clock=FixedClock())
    question = Question(serial=NEVER, at=REVOKED)
    found = await statements.for_operator(operator(Role.ZORGID_TEAM, None), question)
    assert found.interval is None
    with pytest.raises(NotFound):
        await statements.for_operator(operator(Role.BEHEERDER, APOTHEEK), question)


async def test_without_an_evidence_key_nothing_is_stated() -> None:
    statements = Statements(reader=lived(), evidence=None, clock=FixedClock())
    with pytest.raises(NotFound, match="evidence key"):
        await statements.signed(asked(lived(), REVOKED))


def operator(role: Role, ura: Ura | None) -> Operator:
    return Operator(id=PersonId("11" * 16), role=role, ura=ura, certificate_sha256=bytes(32))


class FixedClock:
    def now(self) -> datetime:
        return NOW


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-01T09:00:00Z", BEGIN),
        ("2026-11-01T10:00:00+01:00", BEGIN),
        ("2026-11-01T09:00:00.000001Z", BEGIN + TICK),
    ],
)
def test_times_are_read_with_their_zone(text: str, moment: datetime) -> None:
    assert read_moment(text) == moment


@pytest.mark.parametrize(
    "text", ["", "now", "2026-11-01", "2026-11-01T09:00:00", "2026-11-01T09:00:00 01:00", "1e9"]
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        read_moment(text)
