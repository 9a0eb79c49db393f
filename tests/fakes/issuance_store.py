"""A store in memory: transactions that are kept whole or not at all."""

import asyncio
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from fakes.issuance_links import FakeLinks
from fakes.issuance_logins import FakeLogins
from fakes.issuance_operators import FakeRegistrations
from fakes.issuance_people import FakePeople, Telephone
from fakes.issuance_search import FakeSearch
from issuance.ports import Enquiry, WholeSession
from pki.domain.attributes.records import Attribute
from pki.domain.cards import Card, Issued, Lapsed, Ordered
from pki.domain.errors import Conflict, IntegrityBroken, KeyRejected, NotFound
from pki.domain.events import Event
from pki.domain.evidence.attestation import Attestation
from pki.domain.evidence.receipts import Receipt
from pki.domain.identifiers import (
    AppointmentId,
    AttributeId,
    CardId,
    CardNumber,
    ChallengeId,
    IdempotencyKey,
    IssuerId,
    MobielId,
    OrganisationId,
    PersonId,
    SerialNumber,
    SessionId,
    Ura,
    UziNumber,
)
from pki.domain.journal import GENESIS, JournalEntry, JournalHead, append
from pki.domain.logins.records import Login, LoginSession
from pki.domain.mobiel.records import MobielIdentity, MobielInvitation
from pki.domain.people import Actor, Operator, Organisation, Person
from pki.domain.records import (
    Challenge,
    GivenAnswer,
    Intent,
    IssuedCertificate,
    Session,
    StatusInterval,
)
from pki.domain.registration.records import Appointment
from pki.domain.status import CertificateStatus, Revoked, Unconfirmed

T = TypeVar("T")

START = datetime(2026, 11, 22, 12, tzinfo=UTC)
ISSUER = IssuerId("token-ca-g1")


class FakeClock:
    def __init__(self) -> None:
        self.at = START

    def now(self) -> datetime:
        return self.at

    def advance(self, **kwargs: float) -> None:
        self.at += timedelta(**kwargs)


@dataclass
class Tables:
    head: JournalHead = field(default_factory=lambda: JournalHead(position=0, digest=GENESIS))
    last: datetime = START
    entries: list[JournalEntry] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)
    cards: dict[CardId, Card] = field(default_factory=dict)
    persons: dict[PersonId, Person] = field(default_factory=dict)
    birth_dates: dict[PersonId, bytes] = field(default_factory=dict)
    organisations: dict[OrganisationId, Organisation] = field(default_factory=dict)
    operators: dict[bytes, Operator] = field(default_factory=dict)
    appointments: dict[AppointmentId, Appointment] = field(default_factory=dict)
    attributes: dict[AttributeId, Attribute] = field(default_factory=dict)
    mobiel: dict[MobielId, MobielIdentity] = field(default_factory=dict)
    invitations: dict[MobielId, MobielInvitation] = field(default_factory=dict)
    telephones: dict[SerialNumber, Telephone] = field(default_factory=dict)
    links: dict[tuple[CardId, OrganisationId], datetime] = field(default_factory=dict)
    unlinked: dict[CardId, datetime] = field(default_factory=dict)
    challenges: dict[ChallengeId, Challenge] = field(default_factory=dict)
    sessions: dict[bytes, Session] = field(default_factory=dict)
    logins: dict[SessionId, Login] = field(default_factory=dict)
    login_sessions: dict[bytes, LoginSession] = field(default_factory=dict)
    answers: dict[tuple[PersonId, IdempotencyKey], GivenAnswer] = field(default_factory=dict)
    intents: dict[SerialNumber, Intent] = field(default_factory=dict)
    certificates: dict[SerialNumber, IssuedCertificate] = field(default_factory=dict)
    attestations: dict[SerialNumber, Attestation] = field(default_factory=dict)
    statuses: dict[SerialNumber, CertificateStatus] = field(default_factory=dict)
    intervals: list[StatusInterval] = field(default_factory=list)

    def fork(self) -> "Tables":
        return Tables(**{name: copy(value) for name, value in vars(self).items()})


class FakeSession(FakeLinks, FakeLogins, FakeRegistrations, FakePeople, FakeSearch):
    """One transaction on a fork of the tables."""

    def __init__(self, tables: Tables, now: datetime) -> None:
        self.tables = tables
        self.now = max(now, tables.last)

    def record(self, event: Event, actor: Actor, /) -> JournalEntry:
        entry = append(self.tables.head, at=self.now, actor=actor, event=event)
        self.tables.head = JournalHead(position=entry.position, digest=entry.digest)
        self.tables.last = self.now
        self.tables.entries.append(entry)
        return entry

    def journal_after(self, position: int, limit: int, /) -> list[JournalEntry]:
        return [each for each in self.tables.entries if each.position > position][:limit]

    def receipts_of(self, position: int, /) -> list[Receipt]:
        return [each for each in self.tables.receipts if each.position == position]

    def card(self, card_id: CardId, /) -> Card | None:
        return self.tables.cards.get(card_id)

    def _cards(self, wanted: Callable[[Card], bool]) -> list[Card]:
        return [card for card in self.tables.cards.values() if wanted(card)]

    def _one(self, wanted: Callable[[Card], bool]) -> Card | None:
        return next(iter(self._cards(wanted)), None)

    def card_by_order_key(self, key: IdempotencyKey, /) -> Card | None:
        return self._one(lambda card: card.order_key == key)

    def card_by_number(self, number: CardNumber, /) -> Card | None:
        same = self._cards(lambda card: card.card_number == number)
        return min(same, key=lambda card: isinstance(card.phase, Lapsed), default=None)

    def live_card_of(self, person_id: PersonId, /) -> Card | None:
        return self._one(lambda card: card.person_id == person_id and card.is_live)

    def cards_of_person(self, uzi_number: UziNumber, /) -> tuple[Card, ...]:
        person = self.person_by_uzi_number(uzi_number)
        if person is None:
            return ()
        return tuple(reversed(self._cards(lambda card: card.person_id == person.id)))

    def cards_ordered_before(self, at: datetime, /) -> list[Card]:
        return self._cards(lambda card: isinstance(card.phase, Ordered) and card.phase.at < at)

    def cards_issued_before(self, at: datetime, /) -> list[Card]:
        return self._cards(lambda card: isinstance(card.phase, Issued) and card.phase.at < at)

    def put_card(self, card: Card, /) -> None:
        other = self.live_card_of(card.person_id)
        if card.is_live and other is not None and other.id != card.id:
            raise Conflict(message="a person has one live card")
        if card.id not in self.tables.cards and self.mobiel_of(card.person_id) is not None:
            raise Conflict(message="a person has a card or ZORG-ID Mobiel")
        self.tables.cards[card.id] = card

    def person_by_uzi_number(self, uzi_number: UziNumber, /) -> Person | None:
        persons = self.tables.persons.values()
        return next((each for each in persons if each.uzi_number == uzi_number), None)

    def put_person(self, person: Person, sealed_birth_date: bytes, /) -> None:
        self.tables.persons[person.id] = person
        self.tables.birth_dates[person.id] = sealed_birth_date

    def sealed_birth_date(self, person_id: PersonId, /) -> bytes | None:
        return self.tables.birth_dates.get(person_id)

    def organisation_by_ura(self, ura: Ura, /) -> Organisation | None:
        return next((o for o in self.tables.organisations.values() if o.ura == ura), None)

    def organisation(self, organisation_id: OrganisationId, /) -> Organisation | None:
        return self.tables.organisations.get(organisation_id)

    def put_organisation(self, organisation: Organisation, /) -> None:
        self.tables.organisations[organisation.id] = organisation

    def put_challenge(self, challenge: Challenge, /) -> None:
        self.tables.challenges[challenge.id] = challenge

    def take_challenge(self, challenge_id: ChallengeId, /) -> Challenge | None:
        return self.tables.challenges.pop(challenge_id, None)

    def given_answer(self, asker: PersonId, key: IdempotencyKey, /) -> GivenAnswer | None:
        found = self.tables.answers.get((asker, key))
        return found if found is not None and found.expires_at > self.now else None

    def put_answer(self, answer: GivenAnswer, /) -> None:
        if self.given_answer(answer.asker, answer.key) is not None:
            raise Conflict(message="answered before")
        self.tables.answers[answer.asker, answer.key] = answer

    def put_session(self, session: Session, /) -> None:
        self.tables.sessions[session.token_sha256] = session

    def remove_expired_sessions(self) -> None:
        kept = {t: s for t, s in self.tables.sessions.items() if s.expires_at >= self.now}
        self.tables.sessions = kept

    def session_by_token(self, token_sha256: bytes, /) -> Session | None:
        return self.tables.sessions.get(token_sha256)

    def certificate(self, serial: SerialNumber, /) -> IssuedCertificate | None:
        return self.tables.certificates.get(serial)

    def status(self, issuer: IssuerId, serial: SerialNumber, /) -> CertificateStatus | None:
        intent, telephone = self.tables.intents.get(serial), self.tables.telephones.get(serial)
        is_of = telephone.intent.issuer if telephone else intent.issuer if intent else ISSUER
        return self.tables.statuses.get(serial) if issuer == is_of else None

    def set_status(
        self,
        issuer: IssuerId,
        serial: SerialNumber,
        status: CertificateStatus,
        entry: JournalEntry,
        /,
    ) -> None:
        former = self.status(issuer, serial)
        if former is None:
            raise NotFound(what="certificate", message="no such serial")
        if isinstance(former, Revoked):
            raise IntegrityBroken(message="revoked is final")
        assert entry in self.tables.entries
        self.tables.statuses[serial] = status
        self._end_interval(issuer, serial, status, entry)

    def intent(self, serial: SerialNumber, /) -> Intent | None:
        return self.tables.intents.get(serial)

    def _is_open(self, intent: Intent) -> bool:
        closed = isinstance(self.tables.statuses[intent.serial], Revoked)
        return intent.serial not in self.tables.certificates and not closed

    def open_intents(self, lease_before: datetime, /) -> list[Intent]:
        intents = self.tables.intents.values()
        return [each for each in intents if self._is_open(each) and each.lease_until < lease_before]

    def open_intent_of(self, card_id: CardId, /) -> Intent | None:
        intents = self.tables.intents.values()
        return next((i for i in intents if i.card_id == card_id and self._is_open(i)), None)

    def put_intent(self, intent: Intent, /) -> None:
        if intent.serial in self.tables.intents:
            raise Conflict(message="this serial number was used before")
        for other in self.tables.intents.values():
            given_up = other.serial not in self.tables.certificates and not self._is_open(other)
            if other.key_sha256 == intent.key_sha256 and not (
                given_up and other.card_id == intent.card_id
            ):
                raise KeyRejected(rule="key seen before", message="seen before")
        self.tables.intents[intent.serial] = intent
        self.tables.statuses[intent.serial] = Unconfirmed(since=intent.created_at)

    def put_certificate(self, certificate: IssuedCertificate, /) -> None:
        if not self._is_open(self.tables.intents[certificate.serial]):
            raise Conflict(message="completed or closed before")
        self.tables.certificates[certificate.serial] = certificate

    def put_attestation(self, attestation: Attestation, /) -> None:
        assert attestation.serial in self.tables.certificates
        self.tables.attestations[attestation.serial] = attestation


class FakeStore:
    """Store and reader in one.

    ``before_commit`` and ``after_commit`` are called on each write; what they raise stops it there.
    """

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.tables = Tables()
        self.before_commit: Callable[[], None] = lambda: None
        self.after_commit: Callable[[], None] = lambda: None

    async def write(self, work: Callable[[WholeSession], T], /) -> T:
        await asyncio.sleep(0)
        session = FakeSession(self.tables.fork(), self.clock.now())
        result = work(session)
        self.before_commit()
        self.tables = session.tables
        self.after_commit()
        return result

    async def read(self, query: Callable[[Enquiry], T], /) -> T:
        await asyncio.sleep(0)
        return query(FakeSession(self.tables.fork(), self.clock.now()))

    def events(self, kind: type[Event]) -> list[JournalEntry]:
        return [entry for entry in self.tables.entries if isinstance(entry.event, kind)]
