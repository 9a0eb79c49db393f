"""Reading cards, people, organisations, certificates, challenges and sessions."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, bindparam, select

from pki.domain.cards import Card
from pki.domain.identifiers import (
    CardId,
    CardNumber,
    ChallengeId,
    IdempotencyKey,
    OrganisationId,
    PersonId,
    SerialNumber,
    Ura,
    UziNumber,
)
from pki.domain.people import Operator, Organisation, Person, PersonName
from pki.domain.records import Challenge, Intent, IssuedCertificate, PassHolder, Session
from pki.domain.uzi import UziName
from pki.store import schema
from pki.store.columns import read_challenge, read_phase, read_record
from pki.store.crls.reading import CrlReads
from pki.store.failures import translating

_OF_CARD = schema.certificates.c.card_id.is_not(None)
_OPEN = (schema.certificates.c.der.is_(None), schema.certificates.c.status == "unconfirmed")


class RegistryReads(CrlReads):
    """Adds the facts of the registration authority. None means: no such thing."""

    def card(self, card_id: CardId) -> Card | None:
        """One card."""
        return self._card(_CARD, {"of_id": card_id})

    def card_by_order_key(self, key: IdempotencyKey) -> Card | None:
        """The card that this key ordered."""
        return self._card(select(schema.cards).where(schema.cards.c.order_key == key))

    def live_card_of(self, person_id: PersonId) -> Card | None:
        """The person's one card that is neither lapsed nor revoked."""
        table = schema.cards
        query = select(table).where(table.c.person_id == person_id, schema.LIVE_STATES)
        return self._card(query)

    def card_by_number(self, number: CardNumber) -> Card | None:
        """The card with this number: the one that uses it, else the last one that lapsed."""
        table = schema.cards
        query = select(table).where(table.c.card_number == number)
        newest = query.order_by(table.c.state == "vervallen", table.c.ordered_at.desc())
        return self._card(newest.limit(1))

    def card_by_serial(self, serial: SerialNumber) -> Card | None:
        """The card whose certificate has this serial."""
        return self._card(select(schema.cards).where(schema.cards.c.serial == serial))

    def cards_of_person(self, uzi_number: UziNumber) -> tuple[Card, ...]:
        """All cards of the person with this UZI number, newest order first."""
        table = schema.cards
        join = table.join(schema.persons, schema.persons.c.id == table.c.person_id)
        query = select(table).select_from(join).where(schema.persons.c.uzi_number == uzi_number)
        return self._cards(query.order_by(table.c.ordered_at.desc(), table.c.id))

    def cards_ordered_before(self, at: datetime) -> tuple[Card, ...]:
        """Cards that are `aangevraagd` since before ``at``, oldest first."""
        return self._in_state("aangevraagd", at)

    def cards_issued_before(self, at: datetime) -> tuple[Card, ...]:
        """Cards that are `uitgegeven` since before ``at``, oldest first."""
        return self._in_state("uitgegeven", at)

    def person(self, person_id: PersonId) -> Person | None:
        """A card holder, unless their row was erased."""
        return _person(self._row(_PERSON.where(schema.persons.c.id == person_id)))

    def person_by_uzi_number(self, uzi_number: UziNumber) -> Person | None:
        """The card holder with this UZI number."""
        return _person(self._row(_PERSON_BY_NUMBER, {"of_number": uzi_number}))

    def organisation(self, organisation_id: OrganisationId) -> Organisation | None:
        """One organisation."""
        table = schema.organisations
        return _organisation(self._row(select(table).where(table.c.id == organisation_id)))

    def organisation_by_ura(self, ura: Ura) -> Organisation | None:
        """The organisation with this URA."""
        table = schema.organisations
        return _organisation(self._row(select(table).where(table.c.ura == ura)))

    def operator_by_certificate(self, certificate_sha256: bytes) -> Operator | None:
        """Whom a client certificate belongs to."""
        table = schema.operators
        row = self._row(select(table).where(table.c.certificate_sha256 == certificate_sha256))
        return None if row is None else read_record(Operator, row)

    def certificate(self, serial: SerialNumber) -> IssuedCertificate | None:
        """A card's certificate that was signed; None while there is only an intent."""
        row = self._row(_CERTIFICATE.where(schema.certificates.c.serial == serial))
        return None if row is None else read_record(IssuedCertificate, row)

    def certificates_after(
        self, serial: SerialNumber | None, limit: int
    ) -> tuple[IssuedCertificate, ...]:
        """At most ``limit`` signed certificates with serials above ``serial``, in order."""
        column = schema.certificates.c.serial
        query = _CERTIFICATE if serial is None else _CERTIFICATE.where(column > serial)
        rows = self._rows(query.order_by(column).limit(limit))
        return tuple(read_record(IssuedCertificate, row) for row in rows)

    def intent(self, serial: SerialNumber) -> Intent | None:
        """The intent of a serial, whatever became of it."""
        row = self._row(_INTENT_OF, {"of_serial": serial})
        return None if row is None else read_record(Intent, row)

    def open_intents(self, lease_before: datetime) -> tuple[Intent, ...]:
        """Intents without a certificate, not closed, whose lease ended before ``lease_before``."""
        column = schema.certificates.c.lease_until
        query = _INTENT.where(*_OPEN, column < lease_before).order_by(column)
        return tuple(read_record(Intent, row) for row in self._rows(query))

    def open_intent_of(self, card_id: CardId) -> Intent | None:
        """The newest intent of a card that has no certificate and is not closed."""
        row = self._row(_OPEN_INTENT_OF, {"of_card": card_id})
        return None if row is None else read_record(Intent, row)

    def key_seen(self, key_sha256: bytes) -> bool:
        """Whether a public key (SHA-256 of its DER SubjectPublicKeyInfo) was ever in an intent."""
        return self._row(_KEY_SEEN, {"of_key": key_sha256}) is not None

    def key_given_up(self, key_sha256: bytes, card_id: CardId) -> bool:
        """Whether every intent with this key is of this card and was closed."""
        c = schema.certificates.c
        # A telephone's has no card, and must count as another's: so not a plain comparison.
        its = c.card_id.is_not_distinct_from(card_id)
        closed = its & c.der.is_(None) & (c.status == "revoked")
        query = select(c.serial).where(c.key_sha256 == key_sha256, ~closed)
        return self._row(query.limit(1)) is None

    def session_by_token(self, token_sha256: bytes) -> Session | None:
        """A session by its token's digest, expired or not: the caller looks at the time."""
        row = self._row(_SESSION, {"of_token": token_sha256})
        with translating():
            return None if row is None else _session(row)

    def challenge(self, challenge_id: ChallengeId) -> Challenge | None:
        """A challenge not taken yet, expired or not: the caller looks at the time."""
        table = schema.challenges
        row = self._row(select(table).where(table.c.id == challenge_id))
        return None if row is None else read_challenge(row)

    def _card(self, query: Select[Any], values: Mapping[str, object] | None = None) -> Card | None:
        cards = self._cards(query, values)
        return cards[0] if cards else None

    def _cards(
        self, query: Select[Any], values: Mapping[str, object] | None = None
    ) -> tuple[Card, ...]:
        rows = self._rows(query, values)
        with translating():
            return tuple(_card(row) for row in rows)

    def _in_state(self, state: str, before: datetime) -> tuple[Card, ...]:
        table = schema.cards
        query = select(table).where(table.c.state == state, table.c.state_at < before)
        return self._cards(query.order_by(table.c.state_at, table.c.id))


_PERSON = select(*(column for column in schema.persons.c if column.name != "sealed_birth_date"))
_CERTIFICATE = select(
    *(schema.certificates.c[name] for name in IssuedCertificate.__dataclass_fields__)
).where(_OF_CARD, schema.certificates.c.der.is_not(None))
_INTENT = select(*(schema.certificates.c[name] for name in Intent.__dataclass_fields__)).where(
    _OF_CARD
)
_INTENT_OF = _INTENT.where(schema.certificates.c.serial == bindparam("of_serial"))
_OPEN_INTENT_OF = (
    _INTENT.where(*_OPEN, schema.certificates.c.card_id == bindparam("of_card"))
    .order_by(schema.certificates.c.created_at.desc())
    .limit(1)
)
_CARD = select(schema.cards).where(schema.cards.c.id == bindparam("of_id"))
_PERSON_BY_NUMBER = _PERSON.where(schema.persons.c.uzi_number == bindparam("of_number"))
_KEY_SEEN = select(schema.keys_seen.c.at).where(
    schema.keys_seen.c.key_sha256 == bindparam("of_key")
)
_SESSION = select(schema.sessions).where(schema.sessions.c.token_sha256 == bindparam("of_token"))


def in_use(states: Sequence[str]) -> ColumnElement[bool]:
    """Cards in one of these states, judged and not looked for: nearly all of them are.

    SQLite would begin with the index of states, whatever else is asked.
    """
    return schema.cards.c.state.concat("").in_(states)


def _card(row: Row[Any]) -> Card:
    return Card(
        id=row.id,
        person_id=row.person_id,
        ura=row.ura,
        card_number=row.card_number,
        order_key=row.order_key,
        phase=read_phase(row),
    )


def _person(row: Row[Any] | None) -> Person | None:
    if row is None:
        return None
    return Person(id=row.id, uzi_number=row.uzi_number, name=_name(row))


def _name(row: Row[Any]) -> PersonName:
    return PersonName(surname=row.surname, given_names=row.given_names, common_name=row.common_name)


def _organisation(row: Row[Any] | None) -> Organisation | None:
    if row is None:
        return None
    with translating():
        return read_record(Organisation, row)


def _session(row: Row[Any]) -> Session:
    holder = PassHolder(
        uzi_name=UziName.parse(row.uzi_name),
        name=_name(row),
        organisation_name=row.organisation_name,
        certificate_sha256=row.certificate_sha256,
        not_after=row.not_after,
    )
    return Session(
        id=row.id, token_sha256=row.token_sha256, holder=holder, expires_at=row.expires_at
    )
