"""A history of one certificate, made of domain values, and questions about it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from fakes.issuance import APOTHEEK
from issuance.statement.at import Question, StatusAt, status_at
from issuance.statement.content import described
from issuance.statement.make import read_facts
from issuance.statement.ports import History
from pki.domain.errors import StoreUnavailable
from pki.domain.events import (
    CardBlocked,
    CardConfirmed,
    CardRevoked,
    CardUnblocked,
    CertificateIntended,
    Event,
    InstallationCreated,
)
from pki.domain.identifiers import CardId, IssuerId, MobielId, SerialNumber, Ura
from pki.domain.journal import (
    GENESIS,
    JournalHead,
    RawEntry,
    append,
    to_raw,
)
from pki.domain.mobiel.records import MobielIdentity, SubscriberCertificate
from pki.domain.people import SYSTEM
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
COMPROMISED = at(days=15)
NOT_AFTER = INTENDED + timedelta(days=1095)


@dataclass
class Past:
    """A store's history, made of domain values; it satisfies `History`."""

    entries: list[RawEntry] = field(default_factory=list)
    intervals: list[StatusInterval] = field(default_factory=list)
    issued: SubscriberCertificate | None = None
    telephone: MobielIdentity | None = None
    links: tuple[Ura, ...] = (APOTHEEK,)
    behind: bool = False

    def require_abreast(self, now: datetime, /) -> None:
        del now
        if self.behind:
            raise StoreUnavailable(message="the replica is behind")

    def head(self) -> JournalHead:
        if not self.entries:
            return JournalHead(position=0, digest=GENESIS)
        last = self.entries[-1]
        return JournalHead(position=last.position, digest=last.digest)

    def raw_journal(self, after: int, limit: int, /) -> Iterator[RawEntry]:
        yield from self.entries[after : after + limit]

    def history(self, serial: SerialNumber, /) -> tuple[StatusInterval, ...]:
        return tuple(each for each in self.intervals if each.serial == serial)

    def subscriber_certificate(self, serial: SerialNumber, /) -> SubscriberCertificate | None:
        return self.issued if serial == SERIAL else None

    def installation(self) -> tuple[str, str] | None:
        return "f" * 32, "practice"

    def links_of(self, card_id: CardId, /) -> tuple[Ura, ...]:
        return self.links if card_id == CARD else ()

    def mobiel(self, mobiel_id: MobielId, /) -> MobielIdentity | None:
        return self.telephone if self.telephone and self.telephone.id == mobiel_id else None

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
        compromised_since=COMPROMISED,
    )
    final = Revoked(
        at=BLOCKED_AGAIN,
        reason=RevocationReason.KEY_COMPROMISE,
        compromised_since=COMPROMISED,
    )
    past.become(final, revoked, REVOKED)
    return past


def asked(past: Past, moment: datetime, now: datetime = NOW, **question: object) -> StatusAt:
    asking = Question(at=moment, **({"serial": SERIAL} | question))  # type: ignore[arg-type] # of the tests below
    return status_at(asking, read_facts(past, asking, now), now)


def told(past: Past, moment: datetime) -> tuple[str, str, str, bool]:
    answer = described(asked(past, moment))["answer"]
    assert isinstance(answer, dict)
    return answer["status"], answer["ocsp"], answer["crl"], answer["valid"]
