"""Finding cards and organisations by what is known of them, a page at a time."""

from collections.abc import Iterator
from functools import partial
from typing import Any, Final

import sqlalchemy as sa

from pki.domain.cards import Card
from pki.domain.identifiers import CardId, Ura
from pki.domain.people import Organisation
from pki.domain.search.cards import CardSearch, folded
from pki.domain.search.organisations import OrganisationSearch
from pki.store import schema
from pki.store.columns import read_record
from pki.store.failures import translating
from pki.store.receipts.reading import ReceiptReads

_BEYOND_UTF8: Final = b"\xff"
_KEY_OCTETS: Final = 256
"""Of a name, so much is looked at: PostgreSQL's indexes hold no value beyond 2,704 octets."""

_ORGANISATIONS_PAGE: Final = 500
"""How many organisations are looked at in one statement when their names are."""

_ENDED: Final = sa.text("until IS NOT NULL")
INDEXES: Final = (
    sa.Index("persons_by_surname", schema.persons.c.surname_key),
    sa.Index("cards_by_order", schema.cards.c.ordered_at, schema.cards.c.id),
    sa.Index(
        "cards_by_state_order", schema.cards.c.state, schema.cards.c.ordered_at, schema.cards.c.id
    ),
    sa.Index(
        "certificates_by_end",
        *(schema.certificates.c[name] for name in ("not_after", "serial", "status")),
    ),
    sa.Index(
        "card_links_by_order",
        *(schema.card_links.c[name] for name in ("organisation_id", "ordered_at", "card_id")),
        sqlite_where=schema.CURRENT,
        postgresql_where=schema.CURRENT,
    ),
    sa.Index(
        "card_links_ended",
        *(schema.card_links.c[name] for name in ("card_id", "until")),
        sqlite_where=_ENDED,
        postgresql_where=_ENDED,
    ),
)
"""What keeps searches quick, on tables of the schema."""


_Order = tuple[sa.Column[Any], sa.Column[Any]]
_ORDER: Final[_Order] = (schema.cards.c.ordered_at, schema.cards.c.id)
_ORDER_LINKED: Final[_Order] = (schema.card_links.c.ordered_at, schema.card_links.c.card_id)
"""The same, as the index of an organisation's links has it."""


class SearchReads(ReceiptReads):
    """Adds searches."""

    def cards_found(self, search: CardSearch, after: CardId | None) -> tuple[Card, ...]:
        """The next cards behind the card ``after``: newest order first; by expiry, first to end.

        In the order of an index in either case, so that a page costs the same wherever it is and
        however many there are; what that index holds decides alone which rows are read.
        """
        cards, certificates, links = schema.cards, schema.certificates, schema.card_links
        query = sa.select(cards).where(*_conditions(search))
        if search.linked_to is not None:
            linked = query.join(links, links.c.card_id == cards.c.id)
            query = linked.where(*_managed_by(search.linked_to))
        bounds = list(_bounds(search, after))
        if bounds:
            ending = query.join(certificates, certificates.c.serial == cards.c.serial)
            query = ending.where(*bounds).order_by(certificates.c.not_after, certificates.c.serial)
            behind = _ending_behind
        else:
            order = _ORDER if search.linked_to is None else _ORDER_LINKED
            query = query.order_by(*(column.desc() for column in order))
            behind = partial(_behind, order)
        if after is not None:
            query = query.where(behind(after))
        return self._cards(query.limit(search.limit))

    def organisations_found(
        self, search: OrganisationSearch, after: Ura | None
    ) -> tuple[Organisation, ...]:
        """The next organisations in the order of URAs, behind ``after``.

        Names are compared here and one by one: there are thousands, and no index finds what stands
        inside of a name.
        """
        wanted = "" if search.name is None else folded(search.name)
        size = max(search.limit, _ORGANISATIONS_PAGE) if wanted else search.limit
        found: list[Organisation] = []
        while len(found) < search.limit:
            page = self._organisations_behind(search, after, size)
            found += [each for each in page if wanted in folded(each.name)]
            if len(page) < size:
                break
            after = page[-1].ura
        return tuple(found[: search.limit])

    def _organisations_behind(
        self, search: OrganisationSearch, after: Ura | None, size: int
    ) -> list[Organisation]:
        c = schema.organisations.c
        asked = ((c.ura, search.ura), (c.state, search.state), (c.kind, search.kind))
        conditions = [column == value for column, value in asked if value is not None]
        if after is not None:
            conditions.append(c.ura > after)
        query = sa.select(schema.organisations).where(*conditions).order_by(c.ura).limit(size)
        rows = self._rows(query)
        with translating():
            return [read_record(Organisation, row) for row in rows]


def name_key(surname: str) -> bytes:
    """A surname as it is looked for: octets, so that every database orders it alike."""
    return folded(surname).encode()[:_KEY_OCTETS]


def _behind(order: _Order, after: CardId) -> sa.ColumnElement[bool]:
    last = schema.cards.alias("last")
    at = sa.select(last.c.ordered_at).where(last.c.id == after).scalar_subquery()
    ordered_at, card_id = order
    # What both sides of an OR say is said before it: no engine begins at an index by an OR.
    return sa.and_(ordered_at <= at, sa.or_(ordered_at < at, card_id < after))


def _ending_behind(after: CardId) -> sa.ColumnElement[bool]:
    certificates, last = schema.certificates, schema.cards.alias("last")
    ends = certificates.alias("ends")
    serial = sa.select(last.c.serial).where(last.c.id == after).scalar_subquery()
    moment = sa.select(ends.c.not_after).where(ends.c.serial == serial).scalar_subquery()
    not_after = certificates.c.not_after
    further = sa.or_(not_after > moment, certificates.c.serial > serial)
    return sa.and_(not_after >= moment, further)


def _conditions(search: CardSearch) -> Iterator[sa.ColumnElement[bool]]:
    cards = schema.cards
    if search.card_number is not None:
        yield cards.c.card_number == search.card_number
    if search.state is not None:
        yield cards.c.state == search.state
    yield from _of_person(search)


def _managed_by(ura: Ura) -> Iterator[sa.ColumnElement[bool]]:
    links, organisations = schema.card_links, schema.organisations
    found = sa.select(organisations.c.id).where(organisations.c.ura == ura)
    yield links.c.organisation_id == found.scalar_subquery()
    yield links.c.until.is_(None)


def _of_person(search: CardSearch) -> Iterator[sa.ColumnElement[bool]]:
    persons = schema.persons
    known: list[sa.ColumnElement[bool]] = []
    if search.uzi_number is not None:
        known.append(persons.c.uzi_number == search.uzi_number)
    if search.surname is not None:
        key = name_key(search.surname)
        known += [persons.c.surname_key >= key, persons.c.surname_key < key + _BEYOND_UTF8]
    if known:
        yield _any(schema.cards.c.person_id, persons.c.id, known)


def _bounds(search: CardSearch, after: CardId | None) -> Iterator[sa.ColumnElement[bool]]:
    not_after = schema.certificates.c.not_after
    if search.expires_from is not None:
        # SQLite begins at one bound only: a page behind a card at that card's, not at the first.
        begin = not_after if after is None else not_after.op("+")(sa.literal_column("0"))
        yield begin >= search.expires_from
    if search.expires_before is not None:
        yield not_after < search.expires_before


def _any(
    column: sa.Column[Any], of: sa.Column[Any], conditions: list[sa.ColumnElement[bool]]
) -> sa.ColumnElement[bool]:
    return column.in_(sa.select(of).where(*conditions))
