"""What one change may do: read and write, inside its own savepoint of the transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from pki.domain.cards import Card
from pki.domain.errors import NotFound
from pki.domain.events import Event
from pki.domain.identifiers import (
    CardId,
    ChallengeId,
    OrganisationId,
    PersonId,
    Ura,
)
from pki.domain.journal import JournalEntry, JournalHead, append_stored
from pki.domain.mobiel.records import MobielState
from pki.domain.people import Actor, Operator, Organisation, Person, Role
from pki.domain.records import Challenge
from pki.store import schema
from pki.store.checkpoints.writing import CheckpointWrites
from pki.store.columns import phase_columns, read_challenge, record_columns, to_ticks
from pki.store.commit.savepoint import Savepoint
from pki.store.crls.writing import CrlWrites
from pki.store.issuing.writing import IssuingWrites
from pki.store.journal_reads import entry_row
from pki.store.leases.writing import LeaseWrites
from pki.store.many.writing import ManyWrites
from pki.store.notices.writing import NoticeWrites
from pki.store.people.tables import mobiel
from pki.store.registration.writing import RegistrationWrites
from pki.store.search.reading import name_key

_CARD_ORDERED: Final = sa.insert(schema.cards)
_CHALLENGED: Final = sa.insert(schema.challenges)
_CHALLENGES_EXPIRED: Final = sa.delete(schema.challenges).where(
    schema.challenges.c.expires_at < sa.bindparam("present")
)
_LINKED: Final = sa.insert(schema.card_links).values(
    card_id=sa.bindparam("of_card"),
    ordered_at=sa.select(schema.cards.c.ordered_at)
    .where(schema.cards.c.id == sa.bindparam("of_card"))
    .scalar_subquery(),
)
"""With the order of its card, which never changes: an organisation's cards stand in that order."""

_CARD_CHANGES: Final = sa.update(schema.cards).where(schema.cards.c.id == sa.bindparam("of_id"))


class WriteSession(
    IssuingWrites,
    CrlWrites,
    ManyWrites,
    RegistrationWrites,
    CheckpointWrites,
    LeaseWrites,
    NoticeWrites,
):
    """One change to the store: what it reads stays so until it is committed or refused.

    ``now`` is its time, never before the journal's last entry. Besides what they name, methods
    raise StoreUnavailable (then nothing of the whole transaction stays), and Conflict where a
    uniqueness rule of the schema says no. After either nothing of this change stays, caught or not.
    """

    def __init__(self, savepoint: Savepoint, *, head: JournalHead, now: datetime) -> None:
        super().__init__(savepoint.connection)
        self.now = now
        self._savepoint = savepoint
        self._head = head
        self._entries: list[JournalEntry] = []

    @property
    def entries(self) -> Sequence[JournalEntry]:
        """What was recorded so far."""
        return self._entries

    def head(self) -> JournalHead:
        return self._head

    def record(self, event: Event, actor: Actor) -> JournalEntry:
        """Append to the journal, at `now`."""
        (entry,) = self.record_all((event,), actor)
        return entry

    def record_all(self, events: Sequence[Event], actor: Actor) -> tuple[JournalEntry, ...]:
        """Append many entries, in this order."""
        entries: list[JournalEntry] = []
        for event in events:
            entry, payload = append_stored(self._head, at=self.now, actor=actor, event=event)
            self._head = JournalHead(position=entry.position, digest=entry.digest)
            self._savepoint.rows.append(entry_row(entry, payload))
            entries.append(entry)
        self._entries += entries
        return tuple(entries)

    def put_installation(self, installation: str, kind: str) -> None:
        """Say once what this installation is."""
        row = {"id": 1, "installation": installation, "kind": kind}
        self._write(sa.insert(schema.installation), row)

    def put_card(self, card: Card) -> None:
        """Insert a card, or bring its phase up to date; nothing else of a card ever changes."""
        phase = phase_columns(card.phase)
        if self._write(_CARD_CHANGES, phase | {"of_id": card.id}).rowcount:
            return
        row = {
            "id": card.id,
            "person_id": card.person_id,
            "ura": card.ura,
            "card_number": card.card_number,
            "order_key": card.order_key,
            "ordered_at": card.phase.at,
        }
        self._write(_CARD_ORDERED, row | phase)

    def put_person(self, person: Person, sealed_birth_date: bytes) -> None:
        """Insert or replace a card holder; the birth date is encrypted by the caller."""
        values = {
            "uzi_number": person.uzi_number,
            "surname_key": name_key(person.name.surname),
            **asdict(person.name),
            "sealed_birth_date": sealed_birth_date,
        }
        self._put(schema.persons, {"id": person.id}, values)

    def sealed_birth_date(self, person_id: PersonId) -> bytes | None:
        """The encrypted birth date, for comparison when a person comes again."""
        table = schema.persons
        row = self._row(sa.select(table.c.sealed_birth_date).where(table.c.id == person_id))
        return None if row is None else row.sealed_birth_date

    def put_organisation(self, organisation: Organisation) -> None:
        """Insert or replace an organisation."""
        self._put(schema.organisations, {"id": organisation.id}, record_columns(organisation))

    def put_link(self, card_id: CardId, organisation_id: OrganisationId, since: datetime) -> None:
        """Link a card to an organisation.

        Raises:
            Conflict: they are linked already.
        """
        row = {"of_card": card_id, "organisation_id": organisation_id, "since": since}
        self._write(_LINKED, row)

    def end_link(self, card_id: CardId, organisation_id: OrganisationId, until: datetime) -> None:
        """End a link; what it was stays.

        Raises:
            NotFound: they are not linked.
        """
        table = schema.card_links
        current = sa.update(table).where(
            table.c.card_id == card_id,
            table.c.organisation_id == organisation_id,
            table.c.until.is_(None),
        )
        if not self._write(current, {"until": until}).rowcount:
            raise NotFound(what="link", message="the card is not linked to this organisation")

    def put_operator(self, operator: Operator) -> None:
        """Insert or replace whom a client certificate belongs to."""
        key = {"certificate_sha256": operator.certificate_sha256}
        self._put(schema.operators, key, record_columns(operator))

    def has_operator(self, role: Role, ura: Ura | None, *, besides: PersonId) -> bool:
        """Whether anybody else, not blocked, has this role at this organisation (None: ZORG-ID)."""
        table = schema.operators
        same = (table.c.role == role, table.c.ura == ura, table.c.id != besides)
        shut = sa.exists().where(
            mobiel.c.certificate_sha256 == table.c.certificate_sha256,
            mobiel.c.state != MobielState.REGISTERED,
        )
        able = sa.select(table.c.id).where(*same, table.c.blocked_at.is_(None), ~shut)
        return self._row(able.limit(1)) is not None

    def remove_mapping(self, certificate_sha256: bytes) -> None:
        """Let a client certificate belong to nobody."""
        table = schema.operators
        self._write(sa.delete(table).where(table.c.certificate_sha256 == certificate_sha256))

    def put_challenge(self, challenge: Challenge) -> None:
        """Keep a challenge until it is taken; those that expired before `now` go."""
        self._write(_CHALLENGES_EXPIRED, {"present": self.now})
        self._write(_CHALLENGED, record_columns(challenge))

    def take_challenge(self, challenge_id: ChallengeId) -> Challenge | None:
        """Take a challenge out, so that no one can use it again; None if it is gone."""
        table = schema.challenges
        taken = sa.delete(table).where(table.c.id == challenge_id).returning(*table.c)
        row = self._row(taken)
        return None if row is None else read_challenge(row)

    def set_cursor(self, name: str, position: int) -> None:
        """Remember how far a follower has come."""
        self._put(schema.cursors, {"name": name}, {"position": position})

    def confirm_history(self) -> None:
        """Somebody has confirmed that what was written once may be missing here.

        That is later than the last time, whatever the clock says.
        """
        confirmed = max(to_ticks(self.now), self.follow_start().confirmed + 1)
        self._write(sa.update(schema.journal_head), {"missing": None, "confirmed": confirmed})

    def beat(self, at: datetime) -> None:
        """Say that the writing side lives."""
        self._put(schema.heartbeat, {"id": 1}, {"at": at})

    def _before_statement(self) -> None:
        self._savepoint.before_statement()

    def _put(
        self, table: sa.Table, key: Mapping[str, object], values: Mapping[str, object]
    ) -> None:
        """Update the row with this key, or insert it."""
        same = [table.c[name] == value for name, value in key.items()]
        if not self._write(sa.update(table).where(*same), values).rowcount:
            self._write(sa.insert(table), {**key, **values})
